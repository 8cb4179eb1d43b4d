//! Whether a schedule is one: a check that knows nothing of how it was made.

use alloc::vec::Vec;

use crate::coordination::dag::TaskGraph;
use crate::coordination::schedule::{Durations, Placement, Schedule};

/// What is wrong with a schedule.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Violation {
    /// Not each task is done once.
    #[error("{placements} tasks are scheduled, but there are {tasks}")]
    Tasks {
        /// How many tasks are scheduled.
        placements: usize,
        /// How many there are.
        tasks: usize,
    },
    /// There are not as many agents.
    #[error("the schedule has {scheduled} agents, but there are {agents}")]
    Agents {
        /// How many the schedule has.
        scheduled: usize,
        /// How many there are.
        agents: usize,
    },
    /// There is no such agent, or it cannot do the task.
    #[error("task {task}: agent {agent} cannot do it")]
    Unable {
        /// The task.
        task: usize,
        /// The agent.
        agent: usize,
    },
    /// A task takes another time.
    #[error("task {task}: it takes {duration} ticks, but is scheduled from {start} to {finish}")]
    Duration {
        /// The task.
        task: usize,
        /// How long it takes.
        duration: u64,
        /// When it begins.
        start: u64,
        /// When it ends.
        finish: u64,
    },
    /// A task begins before what it comes after is there.
    #[error("task {to} begins at {start}, but what it needs of task {from} is there at {arrival}")]
    Order {
        /// The earlier task.
        from: usize,
        /// The later one.
        to: usize,
        /// When the result of the earlier one is there; `u64::MAX` if that is later.
        arrival: u64,
        /// When the later one begins.
        start: u64,
    },
    /// An agent does two tasks at once.
    #[error("agent {agent} does tasks {one} and {other} at once")]
    Overlap {
        /// The agent.
        agent: usize,
        /// The one that begins first.
        one: usize,
        /// The other.
        other: usize,
    },
    /// The last task ends at another time.
    #[error("the makespan is {makespan}, but the last task ends at {finish}")]
    Makespan {
        /// What is said.
        makespan: u64,
        /// When the last task ends.
        finish: u64,
    },
    /// The makespan is not within its bounds.
    #[error("the makespan {makespan} is not within {lower} and {upper}")]
    Bounds {
        /// What is said.
        makespan: u64,
        /// The lower bound.
        lower: u64,
        /// The upper bound.
        upper: u64,
    },
}

/// Checks that each task is done once, by an agent that can do it, in the time that it takes, after
/// all that it comes after and their delays; that no agent does two at once; and that the makespan is
/// the end of the last one, and within its bounds. O(n log n + e).
///
/// # Errors
/// [`Violation`]: the first that is found.
pub fn verify(
    schedule: &Schedule,
    graph: &TaskGraph,
    durations: &(impl Durations + ?Sized),
) -> Result<(), Violation> {
    let (placements, tasks, agents) =
        (schedule.placements.as_slice(), graph.tasks().len(), durations.agents());
    if placements.len() != tasks {
        return Err(Violation::Tasks { placements: placements.len(), tasks });
    }
    if schedule.agents != agents {
        return Err(Violation::Agents { scheduled: schedule.agents, agents });
    }
    for (task, &Placement { agent, start, finish }) in placements.iter().enumerate() {
        let duration = durations.duration(graph, task, agent).ok_or(Violation::Unable { task, agent })?;
        if start.checked_add(duration) != Some(finish) {
            return Err(Violation::Duration { task, duration, start, finish });
        }
        in_order(task, placements, graph)?;
    }
    no_overlap(placements)?;
    let finish = placements.iter().map(|it| it.finish).max().unwrap_or_default();
    let (makespan, bounds) = (schedule.makespan, schedule.bounds);
    if makespan != finish {
        return Err(Violation::Makespan { makespan, finish });
    }
    if makespan < bounds.lower || makespan > bounds.upper {
        return Err(Violation::Bounds { makespan, lower: bounds.lower, upper: bounds.upper });
    }
    Ok(())
}

fn in_order(to: usize, placements: &[Placement], graph: &TaskGraph) -> Result<(), Violation> {
    let Placement { agent, start, .. } = placements[to];
    for (from, delay) in graph.predecessors(to) {
        let before = placements[from];
        let delay = if before.agent == agent { 0 } else { delay };
        let arrival = before.finish.saturating_add(delay);
        if start < arrival {
            return Err(Violation::Order { from, to, arrival, start });
        }
    }
    Ok(())
}

/// A task of no time is within another only if it is neither at its beginning nor at its end.
fn no_overlap(placements: &[Placement]) -> Result<(), Violation> {
    let mut by_agent: Vec<_> = placements.iter().enumerate().map(|(task, it)| (*it, task)).collect();
    // By agent, then by start, then by finish.
    by_agent.sort_unstable();
    for pair in by_agent.windows(2) {
        if let [(one, first), (other, second)] = pair
            && one.agent == other.agent
            && other.start < one.finish
        {
            return Err(Violation::Overlap { agent: one.agent, one: *first, other: *second });
        }
    }
    Ok(())
}
