//! The numbers of a contract net, each of its own type, so that none is taken for another.

use core::fmt;

use crate::node::{NodeId, Relabel, Renaming};

/// A number with a meaning.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty), $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
        #[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
        pub struct $name($inner);

        impl $name {
            /// The one with this number.
            pub const fn new(number: $inner) -> Self {
                Self(number)
            }

            /// Its number.
            pub const fn get(self) -> $inner {
                self.0
            }

            /// The one after it, or `None` after the last.
            pub const fn next(self) -> Option<Self> {
                match self.0.checked_add(1) {
                    Some(next) => Some(Self(next)),
                    None => None,
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{}"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

number! {
    /// A task. The host chooses the numbers, and uses none twice.
    TaskId(u64), "task"
}

number! {
    /// An agent, as the ledger knows it. Those that a [`Manager`](crate::contract_net::Manager)
    /// speaks with are [nodes](NodeId), and have their numbers.
    AgentId(u32), "a"
}

number! {
    /// How often a task was announced: which announcement a bid answers. The first is 1.
    Round(u32), "r"
}

number! {
    /// How often a task was awarded: a fencing token (Gray and Cheriton 1989; Kleppmann 2016). An
    /// award of a later epoch is another award, even to the same agent. Before the first it is 0.
    Epoch(u64), "e"
}

number! {
    /// A bid, among those of its bidder.
    BidId(u64), "b"
}

number! {
    /// What a result is known by, such as a hash of it. It means nothing to the protocol.
    Digest(u64), "#"
}

number! {
    /// An amount: of cost, price or value. The unit is the host's. None is negative.
    Money(u64), "$"
}

/// Which of a contractor's claims: the name of a lease (see [`lease`](crate::contract_net::lease)).
///
/// No two claims of an award have the same, before a crash and after it: otherwise the answer to a
/// claim from before would be taken for one to a claim that was made later, and the lease would
/// begin too late.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Claim {
    /// How often the contractor had restarted with this award; durable.
    pub start: u32,
    /// Which claim since then.
    pub number: u32,
}

impl Claim {
    /// The next one since the same start, or `None` after the last.
    pub const fn next(self) -> Option<Self> {
        match self.number.checked_add(1) {
            Some(number) => Some(Self { start: self.start, number }),
            None => None,
        }
    }
}

/// An award of a task, told from every other one of that task.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Tenure {
    /// The epoch of the award.
    pub epoch: Epoch,
    /// Who was awarded the task.
    pub agent: AgentId,
}

impl Relabel for Tenure {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self { epoch: self.epoch, agent: self.agent.relabel(renaming) }
    }
}

impl AgentId {
    /// The node with the agent's number, if there is one.
    pub fn node(self) -> Option<NodeId> {
        u8::try_from(self.0).ok().and_then(|number| NodeId::new(number).ok())
    }
}

impl From<NodeId> for AgentId {
    fn from(node: NodeId) -> Self {
        Self(u32::from(node.get()))
    }
}

impl Relabel for AgentId {
    fn relabel(&self, renaming: &Renaming) -> Self {
        self.node().map_or(*self, |node| Self::from(renaming.apply(node)))
    }
}
