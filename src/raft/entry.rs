//! What the log is a log of.

use smallvec::SmallVec;

use crate::machine::Value;
use crate::node::{Relabel, Renaming};
use crate::raft::membership::Membership;

/// What the application replicates: a handle that is cheap to clone, such as an `Arc<[u8]>`, or
/// `()` if the host keeps the commands itself, by their index.
pub trait Command: Value {
    /// How much it counts towards the limits on bytes.
    fn bytes(&self) -> u64 {
        size_of::<Self>() as u64
    }
}

impl Command for () {}
impl Command for u8 {}
impl Command for u64 {}

impl Command for alloc::sync::Arc<[u8]> {
    fn bytes(&self) -> u64 {
        self.len() as u64
    }
}

impl Command for alloc::string::String {
    fn bytes(&self) -> u64 {
        self.len() as u64
    }
}

impl Command for alloc::vec::Vec<u8> {
    fn bytes(&self) -> u64 {
        self.len() as u64
    }
}

/// Some commands, of which one needs no memory of its own.
pub type Commands<T> = SmallVec<[T; 1]>;

/// Entries that one leader created one after another, all of one kind.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", bound(deserialize = "T: serde::Deserialize<'de>"))
)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Batch<T> {
    /// The entry with which a leader begins its term (thesis 6.4): it asks for nothing.
    Noop,
    /// The entry with which the membership changes.
    Change(Membership),
    /// An entry for each of these.
    Commands(Commands<T>),
}

impl<T> Batch<T> {
    /// How many entries it is.
    pub fn len(&self) -> u64 {
        match self {
            Self::Noop | Self::Change(_) => 1,
            Self::Commands(commands) => commands.len() as u64,
        }
    }

    /// Whether it is no entry at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a server could have created it: who takes part, it says if it speaks of that.
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::Noop | Self::Commands(_) => true,
            Self::Change(membership) => membership.is_sound(),
        }
    }

    /// The same without its first entries.
    #[must_use]
    pub(crate) fn without_first(self, count: u64) -> Self {
        match self {
            Self::Noop => Self::Noop,
            Self::Change(membership) => Self::Change(membership),
            Self::Commands(mut commands) => {
                let count = usize::try_from(count).unwrap_or(usize::MAX).min(commands.len());
                commands.drain(..count);
                Self::Commands(commands)
            }
        }
    }
}

impl<T: Clone> Relabel for Batch<T> {
    /// Commands are the application's, and name no server of the cluster.
    fn relabel(&self, renaming: &Renaming) -> Self {
        match self {
            Self::Change(membership) => Self::Change(membership.relabel(renaming)),
            Self::Noop | Self::Commands(_) => self.clone(),
        }
    }
}
