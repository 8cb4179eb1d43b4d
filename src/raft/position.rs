//! Places in the log.

use core::fmt;

use crate::node::{Relabel, Renaming};
use crate::raft::ballot::Term;

/// A place in the log. The first entry is at 1; 0 is the place before it (paper, Figure 2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Index(u64);

impl Index {
    /// The greatest index that a log accepts, so that arithmetic within it cannot overflow. What
    /// names a greater one is foreign or corrupt, and refused.
    pub const LIMIT: Self = Self(1 << 62);

    /// The place with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place `count` entries further on, at most the greatest number.
    #[must_use]
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }

    /// The next place.
    #[must_use]
    pub const fn next(self) -> Self {
        self.plus(1)
    }

    /// The place before, or 0.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// How many places this one is beyond the other; 0 if it is not.
    pub const fn beyond(self, other: Self) -> u64 {
        self.0.saturating_sub(other.0)
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// An entry by its place and the term in which a leader created it. By Log Matching (Figure 3)
/// that is its name: entries with equal positions are equal, and so are all before them.
///
/// The order is that of section 5.4.1: the later term is more up-to-date, and in one term the
/// longer log. So a position is what a candidate shows for itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Position {
    /// The term of the entry; 0 before the first.
    pub term: Term,
    /// The place of the entry.
    pub index: Index,
}

impl Position {
    /// The position of this term and index.
    pub const fn new(term: Term, index: Index) -> Self {
        Self { term, index }
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}{:?}", self.index, self.term)
    }
}

impl Relabel for Position {
    fn relabel(&self, _: &Renaming) -> Self {
        *self
    }
}
