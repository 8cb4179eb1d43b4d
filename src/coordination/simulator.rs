//! A deterministic simulator of events: what the formulas are held against.
//!
//! The time is simulated, in the unit of the caller's. The same events in the same order give the same
//! run; chance comes from the caller, as random bits.

use alloc::collections::{BTreeSet, BinaryHeap};
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::coordination::numbers::{Count, NonNegative, Positive};

/// Events that are to come, each at its time; of those at one time, the one that was set first.
#[derive(Clone, Debug)]
pub struct Queue<E> {
    heap: BinaryHeap<Timed<E>>,
    set: u64,
    now: f64,
}

#[derive(Clone, Debug)]
struct Timed<E> {
    at: f64,
    number: u64,
    event: E,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), set: 0, now: 0.0 }
    }
}

impl<E> Queue<E> {
    /// Sets an event to come `after` from now. O(log n).
    pub fn set(&mut self, after: NonNegative, event: E) {
        self.heap.push(Timed { at: self.now + after.get(), number: self.set, event });
        self.set += 1;
    }

    /// The next event; it is now the time of it. O(log n).
    pub fn pop(&mut self) -> Option<E> {
        let Timed { at, event, .. } = self.heap.pop()?;
        self.now = at;
        Some(event)
    }

    /// The time of the next event.
    pub fn upcoming(&self) -> Option<f64> {
        self.heap.peek().map(|timed| timed.at)
    }

    /// The time: 0 before the first event.
    pub fn now(&self) -> f64 {
        self.now
    }
}

/// The heap's greatest is what comes first.
impl<E> Ord for Timed<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.total_cmp(&self.at).then(other.number.cmp(&self.number))
    }
}

impl<E> PartialOrd for Timed<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> PartialEq for Timed<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<E> Eq for Timed<E> {}

/// A task of a simulated run.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Task {
    /// How long one agent works on it.
    pub time: Positive,
    /// The tasks, by their place in the list, that must have ended before.
    pub after: Vec<usize>,
}

/// When a team stops to agree.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Syncs {
    /// How many tasks end between two of them; the last may be of fewer.
    pub every: Count,
    /// How long each of them stops everyone.
    pub pause: NonNegative,
}

/// What a run took.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Run {
    /// When all had ended, pauses included.
    pub makespan: f64,
    /// How long the team stopped to agree, in all.
    pub paused: f64,
    /// When each task began, pauses not included.
    pub begun: Vec<f64>,
}

/// Why there is no run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Stuck {
    /// A task is to come after one that there is not.
    #[error("task {task} is to come after task {after}, which there is not")]
    Unknown {
        /// The task.
        task: usize,
        /// The one that there is not.
        after: usize,
    },
    /// Some tasks wait for each other.
    #[error("{0} of the tasks wait for each other")]
    Cycle(usize),
}

/// `k` equal agents work through the tasks, greedily: an agent that is free takes the earliest task in
/// the list whose predecessors have ended. O((n + e) log n).
///
/// A sync stops all of them, so that whatever is under way ends later by its pause.
///
/// # Errors
/// [`Stuck`] if the tasks cannot all be done.
pub fn run(tasks: &[Task], k: Count, syncs: Syncs) -> Result<Run, Stuck> {
    let mut waits = Vec::with_capacity(tasks.len());
    let mut dependents = vec![Vec::new(); tasks.len()];
    for (task, Task { after, .. }) in tasks.iter().enumerate() {
        for &after in after {
            dependents.get_mut(after).ok_or(Stuck::Unknown { task, after })?.push(task);
        }
        waits.push(after.len());
    }
    let mut ready: BTreeSet<usize> = (0..tasks.len()).filter(|task| waits[*task] == 0).collect();
    let (mut free, mut ended, mut begun) = (k.get(), 0, vec![0.0; tasks.len()]);
    let mut ends = Queue::default();
    loop {
        while free > 0
            && let Some(task) = ready.pop_first()
        {
            begun[task] = ends.now();
            ends.set(tasks[task].time.into(), task);
            free -= 1;
        }
        // All that ends at one time has ended before anyone chooses.
        let Some(at) = ends.upcoming() else { break };
        while ends.upcoming() == Some(at)
            && let Some(task) = ends.pop()
        {
            free += 1;
            ended += 1;
            for &dependent in &dependents[task] {
                waits[dependent] -= 1;
                if waits[dependent] == 0 {
                    ready.insert(dependent);
                }
            }
        }
    }
    if ended < tasks.len() {
        return Err(Stuck::Cycle(tasks.len() - ended));
    }
    let stops = tasks.len().div_ceil(syncs.every.get() as usize);
    let paused = stops as f64 * syncs.pause.get();
    Ok(Run { makespan: ends.now() + paused, paused, begun })
}

/// An exponential time of this mean rate, from 64 random bits.
pub fn exponential(rate: Positive, bits: u64) -> NonNegative {
    NonNegative::nearest(-libm::log(1.0 - unit(bits)) / rate.get())
}

/// A place below `count`, each as likely as the next, from 64 random bits.
pub fn place(count: Count, bits: u64) -> u32 {
    // The upper half of the product is below `count`.
    ((u128::from(bits) * u128::from(count.get())) >> 64) as u32
}

/// From 0 to just below 1, from the upper 53 of the bits.
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
