//! Schedules: which agent does which task when.
//!
//! | what | file |
//! |---|---|
//! | Graham 1969: no able agent is idle while a task could begin | [`list`](mod@list) |
//! | Topcuoglu, Hariri and Wu 2002: HEFT, with delays and any times | [`heft`](mod@heft) |
//! | the best there is, of a small graph | [`exact`](mod@exact) |
//! | what no schedule can beat, and what none of these exceeds | `bounds` |
//! | whether a schedule is one | [`verify`](mod@verify) |
//! | a picture | [`gantt`] |
//!
//! All times are whole ticks, so a schedule is exact, and so is what is said of it.

mod bounds;
pub mod exact;
pub mod gantt;
pub mod heft;
pub mod list;
mod marks;
pub mod verify;

use alloc::vec;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::contract_net::Capabilities;
use crate::coordination::dag::TaskGraph;

pub use bounds::Bounds;
pub use exact::exact;
pub use heft::heft;
pub use list::{Priority, list};
pub use verify::{Violation, verify};

/// Who does each task, and when. It is plain data that anybody can make: [`verify`](verify()) tells whether it
/// is a schedule.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Schedule {
    /// How many agents there are.
    pub agents: usize,
    /// For each task, by its place in the graph.
    pub placements: Vec<Placement>,
    /// When the last task ends, in ticks.
    pub makespan: u64,
    /// What is known of the makespan without looking at the schedule.
    pub bounds: Bounds,
}

/// Who does a task, and when.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Placement {
    /// The place of the agent.
    pub agent: usize,
    /// When it begins, in ticks.
    pub start: u64,
    /// When it ends.
    pub finish: u64,
}

/// How long each task takes each agent.
pub trait Durations {
    /// How many agents there are.
    fn agents(&self) -> usize;

    /// How long this task of the graph takes this agent, in ticks; `None` if it cannot do it, or if
    /// there is no such task or agent. Always the same of the same.
    fn duration(&self, graph: &TaskGraph, task: usize, agent: usize) -> Option<u64>;
}

/// An agent that does all work at one speed. A slice of them is the [`Durations`] of a task's time
/// divided by the speed, rounded up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Agent {
    /// What it can do.
    pub capabilities: Capabilities,
    /// How much of a task's time it does in a tick.
    pub speed: NonZeroU32,
}

impl Agent {
    /// One of speed 1 that can do everything.
    pub const ABLE: Self = Self { capabilities: Capabilities::from_bits(u64::MAX), speed: NonZeroU32::MIN };

    /// So many of speed 1 that can do everything.
    pub fn alike(agents: usize) -> Vec<Self> {
        vec![Self::ABLE; agents]
    }
}

impl Durations for [Agent] {
    fn agents(&self) -> usize {
        self.len()
    }

    fn duration(&self, graph: &TaskGraph, task: usize, agent: usize) -> Option<u64> {
        let (task, agent) = (graph.tasks().get(task)?, self.get(agent)?);
        agent.capabilities.covers(task.needs).then(|| task.time.div_ceil(u64::from(agent.speed.get())))
    }
}

/// How long each task takes each agent, in any relation: it says nothing of the times and needs that
/// the graph has.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TimeTable {
    /// How many agents there are: no row is longer.
    pub agents: usize,
    /// For each task, by its place in the graph, a time for each agent in ticks, or `None` if it cannot
    /// do it. What is missing is `None`.
    pub times: Vec<Vec<Option<u64>>>,
}

impl Durations for TimeTable {
    fn agents(&self) -> usize {
        self.agents
    }

    fn duration(&self, _: &TaskGraph, task: usize, agent: usize) -> Option<u64> {
        let row = self.times.get(task)?;
        *row.get(agent).filter(|_| agent < self.agents)?
    }
}

/// Why there is no schedule.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScheduleError {
    /// Nobody can do a task.
    #[error("task {task}: none of {agents} agents can do it")]
    NoAgent {
        /// The task.
        task: usize,
        /// How many agents there are.
        agents: usize,
    },
    /// The times of all tasks and the delays add up to more than can be counted.
    #[error("all tasks and delays together last more than {} ticks", u64::MAX)]
    TooLong,
    /// There are more agents than can be numbered.
    #[error("{agents} agents are too many: there can be {}", u32::MAX)]
    TooManyAgents {
        /// How many there are.
        agents: usize,
    },
    /// A list schedule takes no account of delays.
    #[error("edge {from} -> {to} has a delay: HEFT takes account of it, a list schedule does not")]
    Delay {
        /// Where the edge begins.
        from: usize,
        /// Where it ends.
        to: usize,
    },
    /// There is not a priority for each task.
    #[error("there are {priorities} priorities for {tasks} tasks")]
    Priorities {
        /// How many priorities there are.
        priorities: usize,
        /// How many tasks.
        tasks: usize,
    },
    /// The graph is too large to be searched through.
    #[error("{tasks} tasks are too many: of {} at most the best schedule is looked for", exact::MOST_TASKS)]
    TooManyTasks {
        /// How many there are.
        tasks: usize,
    },
    /// The search did not end within its limit.
    #[error("the best schedule is not among {nodes} beginnings")]
    TooHard {
        /// How many beginnings of schedules were looked at.
        nodes: u64,
    },
}
