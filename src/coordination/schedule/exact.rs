//! The shortest schedule of a small graph, by branch and bound.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use crate::coordination::dag::TaskGraph;
use crate::coordination::schedule::bounds::{Range, ranges};
use crate::coordination::schedule::{Bounds, Durations, Placement, Schedule, ScheduleError, heft};

/// Of how many tasks the best schedule is looked for.
pub const MOST_TASKS: usize = 12;

/// The shortest schedule there is, with delays and any times: both its bounds are its makespan.
///
/// A beginning of a schedule is continued by each task that could be next, on each agent, as early as
/// it can be, but no earlier than what came before. In the order of their beginnings any schedule in
/// which no task could be moved to an earlier time is found so, and among these is a best one. No
/// beginning is continued that cannot become better than the best so far, or that is like another.
/// Time and memory are exponential; after `most_nodes` beginnings it gives up.
///
/// # Errors
/// [`ScheduleError`], if there are more than [`MOST_TASKS`], if it gives up, or as [`heft`](heft()) has it.
pub fn exact(
    graph: &TaskGraph,
    durations: &(impl Durations + ?Sized),
    most_nodes: u64,
) -> Result<Schedule, ScheduleError> {
    let (tasks, agents) = (graph.tasks().len(), durations.agents());
    if tasks > MOST_TASKS {
        return Err(ScheduleError::TooManyTasks { tasks });
    }
    let best = heft(graph, durations)?;
    let ranges = ranges(graph, durations)?;
    let time = |agent| move |task| durations.duration(graph, task, agent);
    let columns: Vec<Vec<_>> = (0..agents).map(|agent| (0..tasks).map(time(agent)).collect()).collect();
    let kind = |column| columns.iter().position(|other| other == column).unwrap_or_default() as u64;
    let mut search = Search {
        graph,
        kinds: columns.iter().map(kind).collect(),
        levels: graph.levels(|task| ranges[task].least),
        ranges,
        times: columns,
        seen: BTreeSet::new(),
        best,
        nodes: most_nodes,
    };
    let start = Beginning { placements: vec![None; tasks], free: vec![0; agents], last: 0 };
    search.go_on(&start).ok_or(ScheduleError::TooHard { nodes: most_nodes })?;
    let Schedule { placements, makespan, .. } = search.best;
    Ok(Schedule { agents, placements, makespan, bounds: Bounds { lower: makespan, upper: makespan } })
}

struct Search<'a> {
    graph: &'a TaskGraph,
    /// For each agent and task.
    times: Vec<Vec<Option<u64>>>,
    ranges: Vec<Range>,
    /// Bottom levels with the shortest times, without delays.
    levels: Vec<u64>,
    /// For each agent, the first that is like it.
    kinds: Vec<u64>,
    seen: BTreeSet<Vec<u64>>,
    best: Schedule,
    /// How many more beginnings may be looked at.
    nodes: u64,
}

#[derive(Clone)]
struct Beginning {
    placements: Vec<Option<Placement>>,
    /// For each agent, when it is done.
    free: Vec<u64>,
    /// When the last task began.
    last: u64,
}

impl Search<'_> {
    /// `None` if it gave up.
    fn go_on(&mut self, from: &Beginning) -> Option<()> {
        self.nodes = self.nodes.checked_sub(1)?;
        if self.bound(from) >= self.best.makespan || !self.seen.insert(self.essence(from)) {
            return Some(());
        }
        let next: Vec<_> = (0..self.ranges.len()).filter(|task| self.could_be_next(*task, from)).collect();
        if next.is_empty() {
            self.best.makespan = from.free.iter().copied().max().unwrap_or_default();
            self.best.placements = from.placements.iter().map(|it| it.unwrap_or_default()).collect();
            return Some(());
        }
        let mut options: Vec<_> = next.into_iter().flat_map(|task| self.options(task, from)).collect();
        options
            .sort_unstable_by_key(|(task, it)| (it.finish, core::cmp::Reverse(self.levels[*task]), it.agent));
        options.into_iter().try_for_each(|(task, placement)| {
            let mut then = from.clone();
            then.placements[task] = Some(placement);
            then.free[placement.agent] = placement.finish;
            then.last = placement.start;
            self.go_on(&then)
        })
    }

    fn could_be_next(&self, task: usize, from: &Beginning) -> bool {
        let mut before = self.graph.predecessors(task);
        from.placements[task].is_none() && before.all(|(task, _)| from.placements[task].is_some())
    }

    /// On each agent that can do it, as early as can be after what came before.
    fn options(&self, task: usize, from: &Beginning) -> Vec<(usize, Placement)> {
        let option = |(agent, times): (usize, &Vec<Option<u64>>)| {
            let start = self.arrival(task, Some(agent), from).max(from.free[agent]);
            Some((task, Placement { agent, start, finish: start + times[task]? }))
        };
        let all = self.times.iter().enumerate().filter_map(option);
        all.filter(|(_, it)| it.start >= from.last).collect()
    }

    /// When all is there that the task comes after, as far as that is known.
    fn arrival(&self, task: usize, agent: Option<usize>, from: &Beginning) -> u64 {
        let arrivals = self.graph.predecessors(task).filter_map(|(before, delay)| {
            let before = from.placements[before]?;
            Some(before.finish + if agent.is_none_or(|agent| agent == before.agent) { 0 } else { delay })
        });
        arrivals.max().unwrap_or_default()
    }

    /// What no schedule that begins so can beat.
    fn bound(&self, from: &Beginning) -> u64 {
        let left = || (0..self.ranges.len()).filter(|task| from.placements[*task].is_none());
        let path = left().map(|task| self.arrival(task, None, from).max(from.last) + self.levels[task]).max();
        let work = left().map(|task| self.ranges[task].least).sum::<u64>();
        // Nothing begins before what began last. No sum of these times is over `u64`, but for this one.
        let taken: u128 = from.free.iter().map(|free| u128::from(*free.max(&from.last))).sum();
        let mean = (taken + u128::from(work)).div_ceil(from.free.len().max(1) as u128);
        let share = u64::try_from(mean).unwrap_or(u64::MAX);
        let until = from.free.iter().copied().max().unwrap_or_default();
        until.max(path.unwrap_or_default()).max(share)
    }

    /// What matters for how it goes on. Nothing begins before what began last, so what ended earlier
    /// might as well have ended then; only a result that is still needed, and would travel, lies at an
    /// agent; and of agents that are alike it does not matter which is which.
    fn essence(&self, from: &Beginning) -> Vec<u64> {
        let needed = |task: usize| {
            let left = self.graph.successors(task).filter(|(next, _)| from.placements[*next].is_none());
            left.map(|(_, delay)| delay).max()
        };
        let (mut done, mut lies_at, mut arrivals) = (0, vec![0; from.free.len()], Vec::new());
        for (task, placement) in from.placements.iter().enumerate() {
            let Some(placement) = placement else { continue };
            done |= 1 << task;
            if let Some(longest) = needed(task) {
                let travels = longest > 0;
                arrivals.push(if travels { placement.finish } else { placement.finish.max(from.last) });
                lies_at[placement.agent] |= u64::from(travels) << task;
            }
        }
        let agent = |agent: usize| [self.kinds[agent], from.free[agent].max(from.last), lies_at[agent]];
        let mut agents: Vec<_> = (0..from.free.len()).map(agent).collect();
        agents.sort_unstable();
        [done, from.last].into_iter().chain(agents.into_iter().flatten()).chain(arrivals).collect()
    }
}
