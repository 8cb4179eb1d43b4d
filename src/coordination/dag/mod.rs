//! Task graphs: how long tasks take, what they need, and which come after which.
//!
//! Times are whole ticks, `u64`, so that every schedule and every bound is exact; what a tick is, is
//! the caller's choice. A graph is checked once, when it is made: its tasks and delays together last
//! at most `u64::MAX` ticks, so nothing that is computed of it overflows.
//!
//! | what | file |
//! |---|---|
//! | critical path, earliest starts, parallelism | `analysis` |
//! | width: Dilworth 1950 | `width` |
//! | graphs whose best schedule is known | [`planted`] |
//! | Standard Task Graph files | [`stg`] |
//! | graphs in JSON | [`json`] |

mod analysis;
#[cfg(feature = "serde")]
pub mod json;
mod links;
pub mod planted;
pub mod stg;
mod width;

use alloc::vec::Vec;
use core::fmt;

use crate::contract_net::Capabilities;
use crate::coordination::dag::links::Links;

pub use analysis::Step;
pub use width::WidthError;

/// A task.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Task {
    /// How long it takes an agent of speed 1, in ticks; zero is allowed.
    pub time: u64,
    /// What an agent must be able to do.
    pub needs: Capabilities,
}

/// A task that comes after another. Where two edges have both ends in common, the longer delay holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Edge {
    /// The place of the earlier task.
    pub from: usize,
    /// The place of the later one.
    pub to: usize,
    /// How long the result travels to another agent, in ticks; to the same agent it does not.
    pub delay: u64,
}

/// Tasks and the order between them, without a cycle. A task is called by its place, from 0.
///
/// The edges are stored twice, as compressed sparse rows: by their beginnings and by their ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TaskGraph {
    tasks: Vec<Task>,
    successors: Links,
    predecessors: Links,
    /// The tasks, each before its successors.
    order: Vec<u32>,
    /// The times of all tasks, and the delays of all edges: their sum is within `u64`.
    work: u64,
    delays: u64,
}

/// Why tasks and edges are no graph.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GraphError {
    /// An edge begins or ends at a task that there is not.
    #[error("edge {from} -> {to}: there is no task {task}, only {tasks} from 0 on")]
    UnknownTask {
        /// Where the edge begins.
        from: usize,
        /// Where it ends.
        to: usize,
        /// The one of the two that there is not.
        task: usize,
        /// How many tasks there are.
        tasks: usize,
    },
    /// Tasks that wait for each other.
    #[error("tasks wait for each other: {0}")]
    Cycle(Cycle),
    /// The times and delays add up to more than can be counted.
    #[error("all times and delays together are more than {} ticks", u64::MAX)]
    TooLong,
    /// There are more tasks or edges than can be numbered.
    #[error("{count} {what} are too many: there can be {}", u32::MAX)]
    TooMany {
        /// `tasks` or `edges`.
        what: &'static str,
        /// How many there are.
        count: usize,
    },
}

/// The tasks of a cycle: each comes before the next, and the last before the first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cycle(pub Vec<usize>);

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|task| write!(f, "{task} -> "))?;
        self.0.first().map_or(Ok(()), |first| write!(f, "{first}"))
    }
}

impl TaskGraph {
    /// The graph of these tasks and edges. O(n + e).
    ///
    /// # Errors
    /// [`GraphError`] names the edge, the cycle, or the limit.
    pub fn new(tasks: Vec<Task>, edges: &[Edge]) -> Result<Self, GraphError> {
        for (what, count) in [("tasks", tasks.len()), ("edges", edges.len())] {
            if u32::try_from(count).is_err() {
                return Err(GraphError::TooMany { what, count });
            }
        }
        for &Edge { from, to, .. } in edges {
            if let Some(task) = [from, to].into_iter().find(|task| *task >= tasks.len()) {
                return Err(GraphError::UnknownTask { from, to, task, tasks: tasks.len() });
            }
        }
        let work = sum(tasks.iter().map(|task| task.time)).ok_or(GraphError::TooLong)?;
        let delays = sum(edges.iter().map(|edge| edge.delay)).ok_or(GraphError::TooLong)?;
        work.checked_add(delays).ok_or(GraphError::TooLong)?;
        let successors = Links::new(tasks.len(), edges.iter().map(|it| (it.from, it.to, it.delay)));
        let predecessors = Links::new(tasks.len(), edges.iter().map(|it| (it.to, it.from, it.delay)));
        let order = in_order(&successors, &predecessors)?;
        Ok(Self { tasks, successors, predecessors, order, work, delays })
    }

    /// The tasks, by their places.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// How many edges there are.
    pub const fn edges(&self) -> usize {
        self.successors.len()
    }

    /// The tasks that come right after this one, and the delays; none for a task that there is not.
    pub fn successors(&self, task: usize) -> impl ExactSizeIterator<Item = (usize, u64)> {
        self.successors.of(task)
    }

    /// The tasks that come right before this one, and the delays; none for a task that there is not.
    pub fn predecessors(&self, task: usize) -> impl ExactSizeIterator<Item = (usize, u64)> {
        self.predecessors.of(task)
    }

    /// All tasks, each before its successors.
    pub fn in_order(&self) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator {
        self.order.iter().map(|task| *task as usize)
    }

    /// How long all tasks take one agent of speed 1, in ticks: `W`.
    pub const fn work(&self) -> u64 {
        self.work
    }

    /// All delays together, in ticks.
    pub const fn delays(&self) -> u64 {
        self.delays
    }

    /// The places of the tasks right after this one, as they are stored.
    pub(crate) fn next(&self, task: usize) -> &[u32] {
        self.successors.ends(task)
    }
}

pub(crate) fn sum(mut times: impl Iterator<Item = u64>) -> Option<u64> {
    times.try_fold(0_u64, u64::checked_add)
}

/// Kahn, "Topological sorting of large networks", 1962: first in, first out.
fn in_order(successors: &Links, predecessors: &Links) -> Result<Vec<u32>, GraphError> {
    let tasks = predecessors.rows();
    let mut waiting: Vec<_> = (0..tasks).map(|task| predecessors.ends(task).len()).collect();
    let mut order = Vec::with_capacity(tasks);
    order.extend((0_u32..).zip(&waiting).filter(|(_, on)| **on == 0).map(|(task, _)| task));
    let mut done = 0;
    while let Some(task) = order.get(done).copied() {
        done += 1;
        for next in successors.ends(task as usize) {
            waiting[*next as usize] -= 1;
            if waiting[*next as usize] == 0 {
                order.push(*next);
            }
        }
    }
    match waiting.iter().position(|on| *on > 0) {
        None => Ok(order),
        Some(stuck) => Err(GraphError::Cycle(cycle(stuck, predecessors, &waiting))),
    }
}

/// Each task that waits has a predecessor that waits, so the way back from one ends in a circle.
fn cycle(stuck: usize, predecessors: &Links, waiting: &[usize]) -> Cycle {
    let mut seen = alloc::vec![None; waiting.len()];
    let (mut way, mut at) = (Vec::new(), stuck);
    while seen[at].is_none() {
        seen[at] = Some(way.len());
        way.push(at);
        let before = predecessors.ends(at).iter().map(|task| *task as usize);
        at = before.into_iter().find(|task| waiting[*task] > 0).unwrap_or(at);
    }
    let mut cycle = way.split_off(seen[at].unwrap_or_default());
    cycle.reverse();
    Cycle(cycle)
}
