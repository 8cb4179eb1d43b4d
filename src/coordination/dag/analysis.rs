//! What a graph says of any schedule: its critical path and how much could run at one time.

use alloc::vec;
use alloc::vec::Vec;

use crate::coordination::dag::TaskGraph;

/// From a time on, so many tasks run, until the next step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Step {
    /// In ticks.
    pub time: u64,
    /// How many tasks run.
    pub running: usize,
}

impl TaskGraph {
    /// The bottom level of each task, in ticks: the longest way from its beginning to the end of
    /// everything, without delays (Topcuoglu, Hariri and Wu 2002, call it the static b-level). O(n + e).
    pub fn bottom_levels(&self) -> Vec<u64> {
        self.levels(|task| self.tasks()[task].time)
    }

    /// The length of the critical path, in ticks: `L`, the least time with any number of agents of
    /// speed 1 and without delays. O(n + e).
    pub fn span(&self) -> u64 {
        self.bottom_levels().into_iter().max().unwrap_or_default()
    }

    /// The tasks of a critical path, in order; of several, the one of the lowest numbers from its
    /// beginning on. O(n + e).
    pub fn critical_path(&self) -> Vec<usize> {
        let levels = self.bottom_levels();
        let longest = |tasks: &mut dyn Iterator<Item = usize>| {
            tasks.min_by_key(|task| (core::cmp::Reverse(levels[*task]), *task))
        };
        let mut path = Vec::new();
        let mut next = longest(&mut (0..levels.len()));
        while let Some(task) = next {
            path.push(task);
            next = longest(&mut self.successors(task).map(|(next, _)| next));
        }
        path
    }

    /// When each task can begin, in ticks, if there are agents of speed 1 enough and no delays: the forward
    /// pass of the critical path method (Kelley and Walker 1959). O(n + e).
    pub fn earliest_starts(&self) -> Vec<u64> {
        let mut starts = vec![0; self.tasks().len()];
        for task in self.in_order() {
            let finish = starts[task] + self.tasks()[task].time;
            for next in self.next(task) {
                let start = &mut starts[*next as usize];
                *start = finish.max(*start);
            }
        }
        starts
    }

    /// The parallelism profile: how many tasks run when each begins as early as it can, from time 0
    /// until none does. Tasks of no time are not in it. The most that run are at most the
    /// [width](Self::width); the mean over the [span](Self::span) is `W / L`. O(n log n + e).
    pub fn profile(&self) -> Vec<Step> {
        let starts = self.earliest_starts();
        let timed = || starts.iter().zip(self.tasks()).filter(|(_, task)| task.time > 0);
        // Of equal times ends come first, so that the count never is too high.
        let ends = timed().map(|(start, task)| (start + task.time, false));
        let mut events: Vec<_> = timed().map(|(start, _)| (*start, true)).chain(ends).collect();
        events.sort_unstable();
        let (mut steps, mut running): (Vec<Step>, usize) = (Vec::new(), 0);
        for (time, begins) in events {
            running = if begins { running + 1 } else { running - 1 };
            match steps.last_mut() {
                Some(step) if step.time == time => step.running = running,
                Some(_) | None => steps.push(Step { time, running }),
            }
        }
        steps.dedup_by_key(|step| step.running);
        steps
    }

    /// Bottom levels where a task takes what this says. All together they are within `u64`.
    pub(crate) fn levels(&self, time: impl Fn(usize) -> u64) -> Vec<u64> {
        let mut levels = vec![0_u64; self.tasks().len()];
        for task in self.in_order().rev() {
            let after = self.next(task).iter().map(|next| levels[*next as usize]).max();
            levels[task] = time(task) + after.unwrap_or_default();
        }
        levels
    }
}
