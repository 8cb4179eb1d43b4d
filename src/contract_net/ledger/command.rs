//! What can be asked of a ledger, and what comes of it.

use core::num::NonZeroU32;

use crate::contract_net::capabilities::Capabilities;
use crate::contract_net::ids::{AgentId, BidId, Digest, Epoch, Money, Round, TaskId, Tenure};
use crate::contract_net::terms::Terms;
use crate::node::{Relabel, Renaming};

/// A change of a ledger. It is compared first, and then made whole or not at all: whatever it says
/// of rounds, epochs and agents must be so.
///
/// Those that were made are the history of the ledger, and its disk.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Command {
    /// A task is to be done.
    Create {
        /// The task: a number that none has had.
        task: TaskId,
        /// What it is.
        terms: Terms,
    },
    /// An agent takes part, or takes part again.
    Join {
        /// The agent.
        agent: AgentId,
        /// What it can do.
        capabilities: Capabilities,
        /// How many tasks it can work on at one time.
        capacity: NonZeroU32,
    },
    /// An agent takes part no longer. What it was awarded is its own until it is released.
    Leave {
        /// The agent.
        agent: AgentId,
    },
    /// Nobody bid what could be accepted, or the bids are lost: the next round begins.
    Reannounce {
        /// The task.
        task: TaskId,
        /// The round that is over.
        round: Round,
        /// Why it is.
        why: Why,
    },
    /// The task is an agent's.
    Award {
        /// The task.
        task: TaskId,
        /// The round of the bid.
        round: Round,
        /// The epoch of the award: the one after the latest.
        epoch: Epoch,
        /// The agent.
        agent: AgentId,
        /// Its bid.
        bid: BidId,
        /// What it will be paid.
        price: Money,
        /// All bids of the round, as one number.
        bids: Digest,
    },
    /// The award is over, without a result.
    Release {
        /// The task.
        task: TaskId,
        /// The award.
        tenure: Tenure,
        /// Why it is over.
        cause: Cause,
    },
    /// The result is there.
    Accept {
        /// The task.
        task: TaskId,
        /// The award under which it came about.
        tenure: Tenure,
        /// What it is known by.
        result: Digest,
    },
    /// Nobody wants the task done any more.
    Cancel {
        /// The task.
        task: TaskId,
    },
    /// The last round is over, and nobody bid what could be accepted.
    GiveUp {
        /// The task.
        task: TaskId,
        /// The round that is over.
        round: Round,
        /// Why it ended without an award.
        why: Why,
        /// The lowest cost that was bid, if that was above the reserve.
        lowest: Option<Money>,
    },
}

/// Why a round ended without an award.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Why {
    /// Nobody bid what could be accepted: the reserve is raised.
    NoBid,
    /// Somebody would have done it, and had no room: the reserve stays.
    NoRoom,
    /// The manager restarted, and its bids are lost: the reserve stays.
    Restart,
}

/// Why an award was released.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Cause {
    /// The agent declined it.
    Declined,
    /// The agent reported that it failed.
    Failed,
    /// The manager's lease ran out.
    Expired,
}

/// Why a task ended without a result, other than that it was cancelled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Reason {
    /// No agent that took part at the end could do it.
    NobodyCapable,
    /// Nobody bid.
    NoBid,
    /// Whoever would have done it had no room.
    NoRoom,
    /// The lowest bid was above the reserve.
    ReserveTooLow {
        /// That bid.
        lowest: Money,
    },
    /// In the last round it was awarded, and released again.
    Released(Cause),
    /// This task ended without a result, and this one was to come after it.
    Dependency(TaskId),
}

/// What a command did.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Event {
    /// There is a new task.
    Created {
        /// The task.
        task: TaskId,
        /// How many tasks it waits for. At 0 its first round begins.
        waits: u32,
    },
    /// The agent takes part.
    Joined {
        /// The agent.
        agent: AgentId,
    },
    /// The agent takes part no longer.
    Left {
        /// The agent.
        agent: AgentId,
    },
    /// A round begins.
    Reannounced {
        /// The task.
        task: TaskId,
        /// The round.
        round: Round,
        /// The reserve in it.
        reserve: Money,
    },
    /// The task is an agent's.
    Awarded {
        /// The task.
        task: TaskId,
        /// The award.
        tenure: Tenure,
        /// What the agent will be paid.
        price: Money,
    },
    /// The task is nobody's.
    Released {
        /// The task.
        task: TaskId,
        /// The award that is over.
        tenure: Tenure,
        /// Why.
        cause: Cause,
        /// The round that begins; `None` if that was the last, and the task is given up.
        next: Option<Round>,
    },
    /// The task is done: this is the one payment for it.
    Accepted {
        /// The task.
        task: TaskId,
        /// The award.
        tenure: Tenure,
        /// What the result is known by.
        result: Digest,
        /// What the agent is paid.
        paid: Money,
    },
    /// The task will not be done.
    Cancelled {
        /// The task.
        task: TaskId,
        /// The award that is over with it, if there was one.
        tenure: Option<Tenure>,
    },
    /// The task is given up.
    Unallocated {
        /// The task.
        task: TaskId,
        /// Why.
        reason: Reason,
    },
}

impl Relabel for Command {
    fn relabel(&self, renaming: &Renaming) -> Self {
        let mut renamed = self.clone();
        match &mut renamed {
            Self::Join { agent, .. } | Self::Leave { agent } | Self::Award { agent, .. } => {
                *agent = agent.relabel(renaming);
            }
            Self::Release { tenure, .. } | Self::Accept { tenure, .. } => *tenure = tenure.relabel(renaming),
            Self::Create { .. } | Self::Reannounce { .. } | Self::Cancel { .. } | Self::GiveUp { .. } => {}
        }
        renamed
    }
}
