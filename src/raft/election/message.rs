//! The messages of an election (paper, Figure 2; thesis 9.6).

use crate::node::{Relabel, Renaming};
use crate::raft::ballot::Term;

/// What servers tell each other. `C` is the candidate's credential: the position of its last
/// log entry in Raft, `()` where only a leader is wanted.
///
/// Every message carries its sender's current term, without exception. A pre-vote therefore
/// asks "would you vote for me in the term after this one?", and the rule of section 5.1 for
/// newer terms holds for it as for any other message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Message<C> {
    /// Asks for a promise to vote in the next term (thesis 9.6).
    PreVote {
        /// The pre-candidate's current term, which asking does not change.
        term: Term,
        /// The pre-candidate's credential.
        credential: C,
    },
    /// Answers `PreVote`.
    PreVoteReply {
        /// The voter's current term; the term of the question if `granted`.
        term: Term,
        /// Whether the voter would vote for the pre-candidate.
        granted: bool,
    },
    /// Asks for a vote (paper, Figure 2, RequestVote RPC).
    RequestVote {
        /// The candidate's term, in which it asks to be elected.
        term: Term,
        /// The candidate's credential.
        credential: C,
        /// Whether the leader itself asked the candidate to stand (thesis 3.10), which overrides
        /// leader stickiness (4.2.3).
        #[cfg_attr(feature = "serde", serde(default))]
        transfer: bool,
    },
    /// Answers `RequestVote`.
    VoteReply {
        /// The voter's current term; the candidate's if `granted`.
        term: Term,
        /// Whether the candidate received the vote.
        granted: bool,
    },
    /// A leader asserts itself (paper, Figure 2, AppendEntries RPC without entries).
    Heartbeat {
        /// The leader's term.
        term: Term,
    },
    /// Answers `Heartbeat`.
    HeartbeatReply {
        /// The follower's current term.
        term: Term,
    },
}

impl<C> Message<C> {
    /// The sender's current term.
    pub const fn term(&self) -> Term {
        match self {
            Self::PreVote { term, .. }
            | Self::PreVoteReply { term, .. }
            | Self::RequestVote { term, .. }
            | Self::VoteReply { term, .. }
            | Self::Heartbeat { term }
            | Self::HeartbeatReply { term } => *term,
        }
    }
}

impl<C: Clone> Relabel for Message<C> {
    /// Messages name nobody: who sent them and to whom is the network's knowledge.
    fn relabel(&self, _: &Renaming) -> Self {
        self.clone()
    }
}
