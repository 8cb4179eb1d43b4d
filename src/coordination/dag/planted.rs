//! Task graphs of any size whose best schedule is known.

use alloc::vec::Vec;

use rand_core::RngCore;

use crate::coordination::dag::{Edge, Task, TaskGraph};
use crate::coordination::schedule::{Bounds, Placement, Schedule};

/// What a graph is to look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    /// How many agents are always at work in the best schedule: at least 1.
    pub agents: usize,
    /// How many tasks there are: at least as many as agents.
    pub tasks: usize,
    /// How many edges lead to each task that can have any; of equal ones each counts.
    pub edges: usize,
    /// How long the best schedule takes, in ticks: at least as many as an agent has tasks.
    pub length: u64,
}

/// A graph and its best schedule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Planted {
    /// The graph: no task needs any capability, no edge has a delay.
    pub graph: TaskGraph,
    /// The schedule that it was cut from. Its makespan is the optimum: no agent is ever idle.
    pub schedule: Schedule,
}

/// Why there is no such graph.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ShapeError {
    /// Nobody would work.
    #[error("agents: there must be 1 at least")]
    NoAgents,
    /// An agent would have nothing to do.
    #[error("tasks: {tasks} are too few for {agents} agents")]
    TooFewTasks {
        /// How many tasks there are to be.
        tasks: usize,
        /// How many agents.
        agents: usize,
    },
    /// A task would take no time, or there are more ticks or edges than can be counted.
    #[error("length: {length} ticks, {agents} agents, {tasks} tasks, and {edges} edges each cannot be")]
    Length {
        /// How long the schedule is to take.
        length: u64,
        /// How many agents there are to be.
        agents: usize,
        /// How many tasks.
        tasks: usize,
        /// How many edges each.
        edges: usize,
    },
}

/// Cuts a full timeline for each agent into tasks at random, and adds edges only from tasks that are
/// over to tasks that begin later. So the cut timelines are a schedule, and as all agents are always
/// at work no other is shorter: the optimum is `length`. The tasks are numbered at random. Of equal
/// random numbers the graphs are equal. O((n + e) log n).
///
/// # Errors
/// [`ShapeError`] names the field.
pub fn planted(shape: Shape, random: &mut impl RngCore) -> Result<Planted, ShapeError> {
    let Shape { agents, tasks, edges, length } = shape;
    if agents == 0 {
        return Err(ShapeError::NoAgents);
    }
    if tasks < agents {
        return Err(ShapeError::TooFewTasks { tasks, agents });
    }
    let refused = ShapeError::Length { length, agents, tasks, edges };
    let most = (tasks / agents + usize::from(tasks % agents > 0)) as u64;
    let countable = tasks.checked_mul(edges).is_some_and(|edges| u32::try_from(edges.max(tasks)).is_ok());
    if length < most || !countable || length.checked_mul(agents as u64).is_none() {
        return Err(refused);
    }
    let mut placements: Vec<_> = (0..agents)
        .flat_map(|agent| cut(agent, tasks / agents + usize::from(agent < tasks % agents), length, random))
        .collect();
    shuffle(&mut placements, random);
    let mut by_finish: Vec<_> = (0..tasks).collect();
    by_finish.sort_unstable_by_key(|task| placements[*task].finish);
    let mut all = Vec::with_capacity(tasks * edges);
    for (to, placement) in placements.iter().enumerate() {
        let over = by_finish.partition_point(|task| placements[*task].finish <= placement.start);
        let from =
            (0..if over > 0 { edges } else { 0 }).map(|_| by_finish[below(over as u64, random) as usize]);
        all.extend(from.map(|from| Edge { from, to, delay: 0 }));
    }
    let of = |it: &Placement| Task { time: it.finish - it.start, ..Task::default() };
    let graph = TaskGraph::new(placements.iter().map(of).collect(), &all).map_err(|_| refused)?;
    let bounds = Bounds { lower: length, upper: length };
    Ok(Planted { graph, schedule: Schedule { agents, placements, makespan: length, bounds } })
}

/// A timeline in so many parts, each of one tick at least.
fn cut(agent: usize, parts: usize, length: u64, random: &mut impl RngCore) -> Vec<Placement> {
    let spare = length - parts as u64;
    let mut cuts: Vec<_> = (1..parts).map(|_| below(spare + 1, random)).collect();
    cuts.sort_unstable();
    let ends = cuts.into_iter().zip(1..).map(|(spare, before)| spare + before).chain([length]);
    let mut start = 0;
    ends.map(|finish| Placement { agent, start: core::mem::replace(&mut start, finish), finish }).collect()
}

/// Fisher and Yates, as Durstenfeld 1964 has it.
fn shuffle<T>(items: &mut [T], random: &mut impl RngCore) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(last as u64 + 1, random) as usize);
    }
}

/// A number below this one, each as likely as the others but for less than one in 2^32 parts.
fn below(limit: u64, random: &mut impl RngCore) -> u64 {
    ((u128::from(random.next_u64()) * u128::from(limit)) >> 64) as u64
}
