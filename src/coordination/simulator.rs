//! A deterministic simulator of events: what the formulas are held against.
//!
//! The time is simulated, in the unit of the caller's. The same events in the same order give the same
//! run; chance comes from the caller, as random bits.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use crate::coordination::numbers::{Count, NonNegative, Positive};

/// Events that are to come, each at its time; of those at one time, the one that was set first.
#[derive(Clone, Debug)]
pub struct Queue<E> {
    /// By time, then by the order in which they were set. As no time is below 0, times are in the order of
    /// their bits.
    events: BTreeMap<(u64, u64), E>,
    set: u64,
    now: f64,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Self { events: BTreeMap::new(), set: 0, now: 0.0 }
    }
}

impl<E> Queue<E> {
    /// Sets an event to come `after` from now, in the unit of all times of the queue. O(log n).
    pub fn set(&mut self, after: NonNegative, event: E) {
        self.events.insert(((self.now + after.get()).to_bits(), self.set), event);
        self.set += 1;
    }

    /// The next event; it is now the time of it. O(log n).
    pub fn pop(&mut self) -> Option<E> {
        let ((at, _), event) = self.events.pop_first()?;
        self.now = f64::from_bits(at);
        Some(event)
    }

    /// The time of the next event. O(log n).
    pub fn upcoming(&self) -> Option<f64> {
        self.events.first_key_value().map(|((at, _), _)| f64::from_bits(*at))
    }

    /// All that is to come comes so much later. O(n log n).
    pub fn put_off(&mut self, by: NonNegative) {
        let later = |at| (f64::from_bits(at) + by.get()).to_bits();
        let events = core::mem::take(&mut self.events).into_iter();
        self.events = events.map(|((at, number), event)| ((later(at), number), event)).collect();
    }

    /// The time: 0 before the first event.
    pub fn now(&self) -> f64 {
        self.now
    }
}

/// A task of a simulated run.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Task {
    /// How long one agent works on it.
    pub time: Positive,
    /// The tasks, by their place in the list, that must have ended before.
    pub after: Vec<usize>,
}

/// When a team syncs, and what that takes. All times are in the unit of the tasks'.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Syncs {
    /// `b`, how many tasks end between two of them. A last batch of fewer is synced too: what it did is
    /// known to all no sooner.
    pub every: Count,
    /// `c g(k)`, how long each of them lasts without the rework.
    pub pause: NonNegative,
    /// `q(k)`: by so much a sync is longer for each task of its batch and each that ended before that one
    /// in the batch. What the tasks made is put together one after the other, while the team waits.
    pub rework: NonNegative,
    /// What becomes meanwhile of the tasks under way.
    pub running: Running,
}

/// What becomes, while a team syncs, of the tasks that are under way. None begins in either case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Running {
    /// They are held: whoever works on them takes part.
    Held,
    /// They run on. Those that end meanwhile are of a later batch, whose sync waits for this one.
    RunsOn,
}

/// What a run took.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Run {
    /// When the last sync was over: 0 of no tasks.
    pub makespan: f64,
    /// How long the syncs lasted, in all, rework included.
    pub paused: f64,
    /// When each task began.
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

enum Event {
    Ended(usize),
    Synced,
}

/// `k` equal agents work through the tasks, greedily: an agent that is free takes the earliest task in
/// the list whose predecessors have ended, unless the team syncs. O((n + e) log n), and O(k) for each sync.
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
    let mut team = Team::new(syncs);
    loop {
        while free > 0
            && team.underway == 0
            && let Some(task) = ready.pop_first()
        {
            begun[task] = team.events.now();
            team.events.set(tasks[task].time.into(), Event::Ended(task));
            free -= 1;
        }
        // All that ends at one time has ended before anyone chooses.
        let Some(at) = team.events.upcoming() else { break };
        while team.events.upcoming() == Some(at)
            && let Some(event) = team.events.pop()
        {
            let Event::Ended(task) = event else {
                team.underway -= 1;
                continue;
            };
            free += 1;
            ended += 1;
            for &dependent in &dependents[task] {
                waits[dependent] -= 1;
                if waits[dependent] == 0 {
                    ready.insert(dependent);
                }
            }
            team.count(ended == tasks.len());
        }
    }
    if ended < tasks.len() {
        return Err(Stuck::Cycle(tasks.len() - ended));
    }
    Ok(Run { makespan: team.events.now(), paused: team.paused, begun })
}

struct Team {
    syncs: Syncs,
    events: Queue<Event>,
    /// How many tasks ended since the last sync was set.
    batch: u32,
    /// What their rework takes.
    rework: f64,
    /// How many syncs are set and not over.
    underway: u32,
    /// When the last of them is over.
    until: f64,
    /// How long all of them last.
    paused: f64,
}

impl Team {
    fn new(syncs: Syncs) -> Self {
        Self { syncs, events: Queue::default(), batch: 0, rework: 0.0, underway: 0, until: 0.0, paused: 0.0 }
    }

    /// A task has ended, perhaps the last of all. If its batch is full, the team syncs.
    fn count(&mut self, last: bool) {
        let Syncs { every, pause, rework, running } = self.syncs;
        self.rework += f64::from(self.batch) * rework.get();
        self.batch += 1;
        if self.batch < every.get() && !last {
            return;
        }
        let length = NonNegative::nearest(pause.get() + self.rework);
        if running == Running::Held {
            self.events.put_off(length);
        }
        // One sync after the other.
        let now = self.events.now();
        let over = NonNegative::nearest((self.until - now).max(0.0) + length.get());
        self.events.set(over, Event::Synced);
        self.underway += 1;
        self.until = now + over.get();
        self.paused += length.get();
        (self.batch, self.rework) = (0, 0.0);
    }
}

/// An exponential time of this mean rate, in the unit that the rate is one over, from 64 random bits: the
/// inverse of its distribution at a uniform number (Devroye, "Non-Uniform Random Variate Generation", 1986).
pub fn exponential(rate: Positive, bits: u64) -> NonNegative {
    NonNegative::nearest(-libm::log(1.0 - unit(bits)) / rate.get())
}

/// A place below `count`, from 64 random bits: each as likely as the next, but for one in 2^32 (Lemire,
/// "Fast random integer generation in an interval", 2019).
pub fn place(count: Count, bits: u64) -> u32 {
    // The upper half of the product is below `count`.
    ((u128::from(bits) * u128::from(count.get())) >> 64) as u32
}

/// From 0 to just below 1, from the upper 53 of the bits.
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
