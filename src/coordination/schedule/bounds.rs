//! What no schedule can beat, and what those of each scheduler never exceed.

use alloc::vec::Vec;

use crate::coordination::dag::{TaskGraph, sum};
use crate::coordination::schedule::{Durations, ScheduleError};

/// No schedule takes less than the one, and the one at hand takes no more than the other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Bounds {
    /// In ticks: `max(L, W / k)`, or what is known of it where agents differ.
    pub lower: u64,
    /// In ticks: what the scheduler promises before it begins.
    pub upper: u64,
}

/// How long a task takes whoever can do it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Range {
    /// The fastest, in ticks.
    pub(super) least: u64,
    /// The slowest.
    pub(super) most: u64,
}

/// Those of each task. O(n k).
pub(super) fn ranges(
    graph: &TaskGraph,
    durations: &(impl Durations + ?Sized),
) -> Result<Vec<Range>, ScheduleError> {
    let agents = durations.agents();
    let of = |task| {
        let times = (0..agents).filter_map(move |agent| durations.duration(graph, task, agent));
        let range = |so_far: Option<Range>, time| {
            let it = so_far.unwrap_or(Range { least: time, most: time });
            Some(Range { least: it.least.min(time), most: it.most.max(time) })
        };
        times.fold(None, range).ok_or(ScheduleError::NoAgent { task, agents })
    };
    (0..graph.tasks().len()).map(of).collect()
}

/// Work and span with the shortest times, and with the longest.
pub(super) struct Extremes {
    least: Totals,
    most: Totals,
    agents: u64,
}

#[derive(Clone, Copy)]
struct Totals {
    work: u64,
    span: u64,
}

impl Totals {
    fn new(graph: &TaskGraph, time: impl Fn(usize) -> u64) -> Result<Self, ScheduleError> {
        let work = sum((0..graph.tasks().len()).map(&time)).ok_or(ScheduleError::TooLong)?;
        work.checked_add(graph.delays()).ok_or(ScheduleError::TooLong)?;
        Ok(Self { work, span: graph.levels(time).into_iter().max().unwrap_or_default() })
    }
}

impl Extremes {
    /// Of agents of this number, and tasks of these ranges. O(n + e).
    pub(super) fn new(
        graph: &TaskGraph,
        agents: usize,
        range: impl Fn(usize) -> Range,
    ) -> Result<Self, ScheduleError> {
        let least = Totals::new(graph, |task| range(task).least)?;
        let all_alike = (0..graph.tasks().len()).all(|task| range(task).least == range(task).most);
        let most = if all_alike { least } else { Totals::new(graph, |task| range(task).most)? };
        Ok(Self { least, most, agents: agents.max(1) as u64 })
    }

    /// `max(L, W / k)` with the shortest times: a path is done one task after the other, and no tick
    /// has room for more than `k` ticks of work.
    pub(super) fn lower(&self) -> u64 {
        self.least.span.max(self.least.work.div_ceil(self.agents))
    }

    /// Graham, "Bounds on multiprocessing timing anomalies", 1969, and Brent, "The parallel evaluation
    /// of general arithmetic expressions", 1974, for a list schedule: `(W - L) / m + L`, where `m` is
    /// how many agents can do each task at least, `fewest`, and all times are the longest.
    ///
    /// Go back from the end along the tasks that were waited for. While one of these runs, somebody is
    /// at work, and that is `L` ticks at most. While none does, the next one could begin, so all who
    /// can do it are at work, at least `m`. So `m` times the rest, and the `L`, are within `W`. If all
    /// agents are alike and can do everything, `m` is `k`.
    pub(super) const fn list_upper(&self, fewest: u64) -> u64 {
        let Totals { work, span } = self.most;
        (work - span) / fewest + span
    }

    /// Of a schedule that puts each task, in an order of the graph, where it ends first: one after the
    /// other, each on its fastest agent, after the longest of the delays before it.
    pub(super) fn serial_upper(&self, graph: &TaskGraph) -> u64 {
        let delay = |task| graph.predecessors(task).map(|(_, delay)| delay).max().unwrap_or_default();
        self.least.work + (0..graph.tasks().len()).map(delay).sum::<u64>()
    }
}
