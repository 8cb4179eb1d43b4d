//! The ledger: every task and agent, and who was awarded what. One pure, deterministic value.
//!
//! A ledger changes by [commands](Command) alone. Each is a compare-and-set: it says of which round,
//! epoch and agent it speaks, and if that is not so any more, nothing changes and [`Refused`] says
//! which guard failed. So a command may come late, or twice, or from a manager that is not the only
//! one: what it was meant for is over, and it does no harm.
//!
//! The commands that were made are the ledger's history: the same, in the same order, rebuild it.
//! A [`Manager`](crate::contract_net::Manager) writes them to its disk, and a replicated one would
//! put them into its log.
//!
//! | file | what |
//! |---|---|
//! | [`command`] | commands and events |
//! | [`refused`] | why a command is refused |
//! | `decide` | the guards, in the order of the state table |
//! | `fold` | what a command changes |
//! | `index` | tasks and agents by capabilities |

pub mod command;
mod decide;
mod fold;
mod index;
pub mod refused;

pub use command::{Cause, Command, Event, Reason, Why};
#[cfg(feature = "serde")]
pub use fold::ImageError;
pub use refused::Refused;

use alloc::collections::BTreeMap;
use core::fmt;
use core::num::NonZeroU32;

use crate::contract_net::capabilities::Capabilities;
use crate::contract_net::ids::{AgentId, BidId, Digest, Epoch, Money, Round, TaskId, Tenure};
use crate::contract_net::rules::{Published, Rules};
use crate::contract_net::terms::Terms;
use crate::node::{Relabel, Renaming};
use index::Index;

/// Every task and agent. See the [module](self).
///
/// Two ledgers with the same history are equal and hash alike.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "fold::Image", rename_all = "snake_case")
)]
pub struct Ledger {
    /// None is ever removed, so no number is used twice and no epoch comes again.
    tasks: BTreeMap<TaskId, Task>,
    /// Those that left are kept, with what they earned.
    agents: BTreeMap<AgentId, Agent>,
    /// Says nothing that `tasks` and `agents` do not say.
    #[cfg_attr(feature = "serde", serde(skip_serializing))]
    index: Index,
}

/// What is known of a task.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Task {
    /// What it is.
    pub terms: Terms,
    /// Where it stands.
    pub phase: Phase,
    /// The round that it is in, or was in when its bids ended: `1 <= round <= terms.rounds`.
    pub round: Round,
    /// The most that is paid in this round: `reserve >= terms.reserve`.
    pub reserve: Money,
    /// The epoch of the latest award: 0 if and only if `award` is `None`.
    pub epoch: Epoch,
    /// The latest award. It is in force while the phase is [`Phase::Awarded`].
    pub award: Option<Award>,
    /// What the result is known by: `Some` if and only if the phase is [`Phase::Done`].
    pub result: Option<Digest>,
}

/// Where a task stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Phase {
    /// It is to come after other tasks, of which so many, more than 0, are not done.
    Waiting {
        /// How many.
        on: u32,
    },
    /// It is announced, and open for bids.
    Bidding,
    /// It was awarded.
    Awarded,
    /// Its result was accepted.
    Done,
    /// It was cancelled.
    Cancelled,
    /// It was given up.
    Unallocated(Reason),
}

/// An award, but for its epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Award {
    /// To whom.
    pub agent: AgentId,
    /// The round of the bid.
    pub round: Round,
    /// The bid.
    pub bid: BidId,
    /// What is paid for the result.
    pub price: Money,
    /// All bids of the round, as one number.
    pub bids: Digest,
}

/// What is known of an agent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Agent {
    /// What it can do.
    pub capabilities: Capabilities,
    /// How many tasks it can work on at one time.
    pub capacity: NonZeroU32,
    /// Whether it takes part.
    pub is_member: bool,
    /// How many awards it has that are in force.
    pub load: u32,
    /// How many of its results were accepted.
    pub done: u64,
    /// What it was paid for them: the sum of their prices.
    pub earned: u128,
}

impl Ledger {
    /// Makes a change, if it is about things as they are.
    ///
    /// # Errors
    /// [`Refused`] says which guard failed; the ledger is as it was.
    pub fn apply(&mut self, command: Command) -> Result<Event, Refused> {
        self.apply_by(Published, &command)
    }

    /// The same by other rules, to show what a rule is good for.
    ///
    /// # Errors
    /// [`Refused`] says which guard failed; the ledger is as it was.
    pub fn apply_by<R: Rules>(&mut self, rules: R, command: &Command) -> Result<Event, Refused> {
        let event = self.decide(rules, command)?;
        self.make(command);
        Ok(event)
    }

    /// What is known of a task.
    pub fn task(&self, task: TaskId) -> Option<&Task> {
        self.tasks.get(&task)
    }

    /// All tasks that there ever were, ascending.
    pub fn tasks(&self) -> impl Iterator<Item = (TaskId, &Task)> {
        self.tasks.iter().map(|(id, task)| (*id, task))
    }

    /// What is known of an agent, also of one that left.
    pub fn agent(&self, agent: AgentId) -> Option<&Agent> {
        self.agents.get(&agent)
    }

    /// All agents that there ever were, ascending.
    pub fn agents(&self) -> impl Iterator<Item = (AgentId, &Agent)> {
        self.agents.iter().map(|(id, agent)| (*id, agent))
    }

    /// The tasks that are open for bids and need no more than this, by what they need.
    ///
    /// Takes constant time for each of them, and for each set of capabilities that tasks need.
    pub fn open_to(&self, capabilities: Capabilities) -> impl Iterator<Item = TaskId> {
        self.index.open_to(capabilities)
    }

    /// The agents that take part and can do all of this, by what they can do.
    ///
    /// Takes constant time for each of them, and for each set of capabilities that agents have.
    pub fn able(&self, needs: Capabilities) -> impl Iterator<Item = AgentId> {
        self.index.able(needs)
    }

    /// The tasks that are to come after this one, whatever became of them.
    pub fn dependents(&self, task: TaskId) -> impl Iterator<Item = TaskId> {
        self.index.dependents(task)
    }
}

impl Task {
    /// The latest award, in force or not.
    pub fn tenure(&self) -> Option<Tenure> {
        self.award.map(|award| Tenure { epoch: self.epoch, agent: award.agent })
    }

    /// The last round that the task can be in.
    pub fn last_round(&self) -> Round {
        Round::new(self.terms.rounds.get())
    }
}

impl Agent {
    /// Whether the agent can be awarded another task.
    pub fn has_room(&self) -> bool {
        self.load < self.capacity.get()
    }
}

impl Phase {
    /// Whether nothing will change any more.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Waiting { .. } | Self::Bidding | Self::Awarded => false,
            Self::Done | Self::Cancelled | Self::Unallocated(_) => true,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { on: 1 } => f.write_str("waiting for another task"),
            Self::Waiting { on } => write!(f, "waiting for {on} other tasks"),
            Self::Bidding => f.write_str("open for bids"),
            Self::Awarded => f.write_str("awarded"),
            Self::Done => f.write_str("done"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Unallocated(reason) => write!(f, "unallocated: {reason}"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NobodyCapable => f.write_str("no agent can do it"),
            Self::NoBid => f.write_str("nobody bid"),
            Self::NoRoom => f.write_str("nobody who would do it had room"),
            Self::ReserveTooLow { lowest } => write!(f, "the lowest bid, {lowest}, was above the reserve"),
            Self::Released(Cause::Declined) => f.write_str("its last award was declined"),
            Self::Released(Cause::Failed) => f.write_str("its last award failed"),
            Self::Released(Cause::Expired) => f.write_str("the lease of its last award ran out"),
            Self::Dependency(task) => write!(f, "task {task} ended without a result"),
        }
    }
}

impl Relabel for Award {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self { agent: self.agent.relabel(renaming), ..*self }
    }
}

impl Relabel for Task {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self { award: self.award.relabel(renaming), ..self.clone() }
    }
}

impl Relabel for Ledger {
    fn relabel(&self, renaming: &Renaming) -> Self {
        let tasks = self.tasks.iter().map(|(id, task)| (*id, task.relabel(renaming))).collect();
        let agents = self.agents.iter().map(|(id, agent)| (id.relabel(renaming), *agent)).collect();
        Self::of(tasks, agents)
    }
}
