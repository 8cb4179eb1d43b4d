//! Why a server does not do what its host asks: none of that is dropped in silence. What was begun
//! and not done when a leader is deposed, is over with [`Output::Leader`](crate::raft::Output::Leader);
//! reads are refused then.

use crate::node::NodeId;
use crate::raft::position::Index;

/// What is refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Refused {
    /// Commands, all that came together.
    Proposal,
    /// Commands that this follower passed on.
    Forwarded(NodeId),
    /// The read with this number.
    Read(u64),
    /// A change of the membership.
    Change,
    /// A transfer of the leadership to this server.
    Transfer(NodeId),
    /// A compaction up to here.
    Compaction(Index),
    /// A message from this server.
    Message(NodeId),
}

/// Why.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Refusal {
    /// Only a leader can; this one leads, as far as is known.
    #[error("this server does not lead{}", .leader.map_or(Lead(None), |leader| Lead(Some(leader))))]
    NotLeader {
        /// The leader of the term.
        leader: Option<NodeId>,
    },
    /// The leader has not yet committed an entry of its term.
    #[error("the leader has just been elected and has not committed anything yet")]
    NotReady,
    /// The leadership is being handed over.
    #[error("the leadership is being handed over to {to}")]
    Transferring {
        /// To whom.
        to: NodeId,
    },
    /// The transfer was not done within an election timeout.
    #[error("the server did not take the leadership over in time")]
    TimedOut,
    /// So much is waiting to be committed that no more is taken on.
    #[error("{bytes} bytes are waiting to be committed")]
    TooMuchUncommitted {
        /// How much.
        bytes: u64,
    },
    /// There is nothing to replicate.
    #[error("there are no commands in the proposal")]
    NoCommands,
    /// The log cannot grow any further.
    #[error("the log is full")]
    LogFull,
    /// A membership is not in force yet.
    #[error("the change of the membership at {0} is not done")]
    ChangeUnderWay(Index),
    /// It is the membership in force.
    #[error("the membership is this one already")]
    NoChange,
    /// It cannot be a membership to change to.
    #[error("there must be voters, none of them a learner, and no change under way in it")]
    Unsound,
    /// A server that has no vote, or leads already, is not to lead.
    #[error("{0} is not another voter")]
    NotAVoter(NodeId),
    /// The entries are not committed, so nobody can have applied them.
    #[error("only {commit} entries are committed")]
    NotCommitted {
        /// Up to where.
        commit: Index,
    },
    /// The entries are gone already.
    #[error("the entries up to {0} are compacted already")]
    Compacted(Index),
    /// A server that joined cannot say who took part before.
    #[error("who takes part up to there is not known yet")]
    UnknownMembership,
    /// No server writes to itself.
    #[error("a message from the server itself")]
    OwnMessage,
    /// Heartbeats are part of `Append`.
    #[error("a heartbeat of an election without a log")]
    BareHeartbeat,
    /// Indexes beyond what a log can hold, or a term that goes back, or is later than its sender's.
    #[error("the message contradicts itself")]
    Malformed,
    /// It contradicts entries that are committed, or what its sender can know.
    #[error("the message contradicts what is committed")]
    Contradiction,
}

struct Lead(Option<NodeId>);

impl core::fmt::Display for Lead {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            Some(leader) => write!(f, "; {leader} does"),
            None => Ok(()),
        }
    }
}
