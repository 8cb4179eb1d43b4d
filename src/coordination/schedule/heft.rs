//! HEFT: heterogeneous earliest finish time (Topcuoglu, Hariri and Wu, "Performance-effective and
//! low-complexity task scheduling for heterogeneous computing", 2002).

use alloc::vec;
use alloc::vec::Vec;

use crate::coordination::dag::TaskGraph;
use crate::coordination::schedule::bounds::{Extremes, ranges};
use crate::coordination::schedule::{Bounds, Durations, Placement, Schedule, ScheduleError};

/// The schedule of HEFT: the tasks in the order of their [upward ranks](upward_ranks), each where it
/// ends first, if need be between two that are there already. Of equal ranks the task goes first that
/// is first [in the order of the graph](TaskGraph::in_order), of equal ends the agent of the lower
/// number. The upper bound is that of doing one task after the other. O(k (n^2 + e)).
///
/// # Errors
/// [`ScheduleError`], if nobody can do a task, or all together take too long to be counted.
pub fn heft(graph: &TaskGraph, durations: &(impl Durations + ?Sized)) -> Result<Schedule, ScheduleError> {
    let agents = durations.agents();
    let ranges = ranges(graph, durations)?;
    let extremes = Extremes::new(graph, agents, |task| ranges[task])?;
    let bounds = Bounds { lower: extremes.lower(), upper: extremes.serial_upper(graph) };
    let mut placements = vec![Placement::default(); graph.tasks().len()];
    let mut timelines: Vec<Vec<(u64, u64)>> = vec![Vec::new(); agents];
    for task in by_rank(graph, &upward_ranks(graph, durations)?) {
        let options = (0..agents).filter_map(|agent| {
            let duration = durations.duration(graph, task, agent)?;
            let arrivals = graph.predecessors(task).map(|(from, delay)| {
                let before = placements[from];
                before.finish + if before.agent == agent { 0 } else { delay }
            });
            let start = earliest(&timelines[agent], arrivals.max().unwrap_or_default(), duration);
            Some(Placement { agent, start, finish: start + duration })
        });
        let best = options.min_by_key(|it| (it.finish, it.agent));
        let best = best.ok_or(ScheduleError::NoAgent { task, agents })?;
        let (timeline, span) = (&mut timelines[best.agent], (best.start, best.finish));
        let place = timeline.binary_search(&span).unwrap_or_else(|place| place);
        timeline.insert(place, span);
        placements[task] = best;
    }
    let makespan = placements.iter().map(|it| it.finish).max().unwrap_or_default();
    Ok(Schedule { agents, placements, makespan, bounds })
}

/// The upward rank of each task, in ticks: its mean time over all who can do it, and then the longest,
/// over its successors, of the delay and their upward rank (Topcuoglu, Hariri and Wu 2002, section 4.1).
/// O(n k + e).
///
/// # Errors
/// [`ScheduleError::NoAgent`], if nobody can do a task.
pub fn upward_ranks(
    graph: &TaskGraph,
    durations: &(impl Durations + ?Sized),
) -> Result<Vec<f64>, ScheduleError> {
    let agents = durations.agents();
    let mut ranks = vec![0.0_f64; graph.tasks().len()];
    for task in graph.in_order().rev() {
        let times = (0..agents).filter_map(|agent| durations.duration(graph, task, agent));
        let (able, total) =
            times.fold((0_u32, 0_u128), |(able, total), time| (able + 1, total + u128::from(time)));
        if able == 0 {
            return Err(ScheduleError::NoAgent { task, agents });
        }
        let after = graph.successors(task).map(|(next, delay)| delay as f64 + ranks[next]);
        ranks[task] = total as f64 / f64::from(able) + after.fold(0.0, f64::max);
    }
    Ok(ranks)
}

/// No rank is less than that of a successor, however it is rounded, so with the order of the graph
/// where they are equal each task comes after its predecessors.
fn by_rank(graph: &TaskGraph, ranks: &[f64]) -> Vec<usize> {
    let mut order: Vec<_> = graph.in_order().collect();
    order.sort_by(|one, other| ranks[*other].total_cmp(&ranks[*one]));
    order
}

/// When a task of this duration can begin, not before `ready`: in the first gap that is long enough.
/// None of the tasks on a timeline begins before another has ended, so their ends are in order, too.
fn earliest(timeline: &[(u64, u64)], ready: u64, duration: u64) -> u64 {
    let mut start = ready;
    let over = timeline.partition_point(|(_, end)| *end <= ready);
    for (begin, end) in &timeline[over..] {
        if start + duration <= *begin {
            return start;
        }
        start = start.max(*end);
    }
    start
}
