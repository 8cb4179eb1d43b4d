//! The messages of a server (paper, Figure 2 and 13; thesis 3.10, 6.4).

use crate::node::{Relabel, Renaming};
use crate::raft::ballot::Term;
use crate::raft::election;
use crate::raft::entry::{Batch, Commands};
use crate::raft::log::Snapshot;
use crate::raft::position::{Index, Position};

/// Entries of one term and kind, as they travel.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(bound(deserialize = "T: serde::Deserialize<'de>"))
)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Entries<T> {
    /// Their term.
    pub term: Term,
    /// What they are.
    pub batch: Batch<T>,
}

/// What a follower says to an `Append` or a `Snapshot`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Answer {
    /// Its log is the leader's up to here, and durable.
    Matches(Index),
    /// It has no such entry as the one that `prev` named.
    Lacks {
        /// The place of that entry.
        prev: Index,
        /// The last entry of its own that may be the leader's: the leader looks from here on
        /// (paper 5.3, on backing off by terms).
        hint: Position,
    },
    /// It does not listen: its term is later.
    Stale,
}

/// What servers tell each other. Every message carries its sender's current term.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", bound(deserialize = "T: serde::Deserialize<'de>"))
)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Message<T> {
    /// A message of the election. Heartbeats are none of them: every `Append` is one.
    Election(election::Message<Position>),
    /// A leader asserts itself, and replicates (Figure 2, AppendEntries RPC).
    Append {
        /// The leader's term.
        term: Term,
        /// The entry before those that follow.
        prev: Position,
        /// What follows, if anything.
        entries: Option<Entries<T>>,
        /// Up to where the leader has committed.
        commit: Index,
        /// The leader's round of reads; the answer repeats it (thesis 6.4).
        round: u64,
    },
    /// Answers `Append` and `Snapshot`.
    AppendReply {
        /// The follower's current term.
        term: Term,
        /// What became of it.
        answer: Answer,
        /// The round of what is answered.
        round: u64,
    },
    /// A leader tells a follower that it has sent everything to what is committed of it. Nobody
    /// answers, and it is no heartbeat: if it is lost, the next `Append` says it again.
    Committed {
        /// The leader's term.
        term: Term,
        /// The last entry that is committed and was sent.
        last: Position,
    },
    /// A leader offers the snapshot that replaces entries that it no longer has (Figure 13,
    /// InstallSnapshot RPC). The state itself is the hosts' to transfer: the sender's host starts
    /// to when it is asked to send this, unless it does so already, and the receiver's host hands
    /// this over once it has the whole.
    Snapshot {
        /// The leader's term.
        term: Term,
        /// What the snapshot replaces.
        snapshot: Snapshot,
        /// The leader's round of reads.
        round: u64,
    },
    /// A leader asks a follower that has its whole log to stand for election at once (thesis
    /// 3.10).
    TimeoutNow {
        /// The leader's term.
        term: Term,
    },
    /// A follower passes commands on to the leader.
    Propose {
        /// The follower's term.
        term: Term,
        /// The commands.
        commands: Commands<T>,
    },
}

impl<T> Message<T> {
    /// The sender's current term.
    pub const fn term(&self) -> Term {
        match self {
            Self::Election(message) => message.term(),
            Self::Append { term, .. }
            | Self::AppendReply { term, .. }
            | Self::Committed { term, .. }
            | Self::Snapshot { term, .. }
            | Self::TimeoutNow { term }
            | Self::Propose { term, .. } => *term,
        }
    }
}

impl<T: Clone> Relabel for Entries<T> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self { term: self.term, batch: self.batch.relabel(renaming) }
    }
}

impl<T: Clone> Relabel for Message<T> {
    /// Of what a message says, only a membership names servers.
    fn relabel(&self, renaming: &Renaming) -> Self {
        match self {
            Self::Append { term, prev, entries, commit, round } => Self::Append {
                term: *term,
                prev: *prev,
                entries: entries.relabel(renaming),
                commit: *commit,
                round: *round,
            },
            Self::Snapshot { term, snapshot, round } => {
                Self::Snapshot { term: *term, snapshot: snapshot.relabel(renaming), round: *round }
            }
            Self::Election(_)
            | Self::AppendReply { .. }
            | Self::Committed { .. }
            | Self::TimeoutNow { .. }
            | Self::Propose { .. } => self.clone(),
        }
    }
}
