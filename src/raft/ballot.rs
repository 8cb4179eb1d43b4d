//! Terms, and what a server keeps on its disk about them.

use core::fmt;

use crate::machine::Durable;
use crate::node::{NodeId, Relabel, Renaming};

/// A term: Raft's logical clock (paper, 5.1). The first is 0, in which nobody is elected.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Term(u64);

impl Term {
    /// The term with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The term's number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The next term, or `None` after the last, which only a corrupt message can bring near.
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(next) => Some(Self(next)),
            None => None,
        }
    }
}

impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{}", self.0)
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// `currentTerm` and `votedFor` of Figure 2: the persistent state of an election.
///
/// They are one record, so that the disk never holds the term of one write with the vote of
/// another. For the same reason a record without one of them is refused on decoding: a vote
/// that is not there is `null`, not absent, lest a damaged record be read as a forgotten vote.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Ballot {
    /// The latest term that the server has seen.
    pub term: Term,
    /// Whom the server voted for in `term`, if anyone.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "serde::Deserialize::deserialize"))]
    pub vote: Option<NodeId>,
}

impl Durable for Ballot {
    type Write = Self;

    fn apply(&mut self, write: &Self) {
        *self = *write;
    }
}

impl Relabel for Ballot {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self { term: self.term, vote: self.vote.relabel(renaming) }
    }
}
