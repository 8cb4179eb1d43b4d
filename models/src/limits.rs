//! When an exploration ends before it is complete, and who hears of it meanwhile.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often a running exploration is looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(50);

/// When an exploration ends before it is complete, and who hears of it meanwhile.
#[derive(Clone, Default)]
pub struct Limits {
    /// Threads to explore with; 0 is as many as the machine has.
    pub threads: usize,
    /// After this time.
    pub time: Option<Duration>,
    /// When the process holds this many bytes of memory.
    pub memory: Option<u64>,
    /// When this flag is set, by Ctrl-C for instance.
    pub interrupt: Option<Arc<AtomicBool>>,
    /// When this property is violated, or witnessed. Without it, when any invariant is violated.
    pub until: Option<&'static str>,
    /// Told of the progress, now and then.
    pub watch: Option<Arc<dyn Fn(&Progress) + Send + Sync>>,
}

impl Limits {
    /// The number of threads to explore with.
    pub(crate) fn threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        }
    }

    /// Tells who watches how far the exploration is; which limit it has reached, if any.
    pub(crate) fn look(&self, progress: &Progress) -> Option<Cut> {
        if let Some(watch) = &self.watch {
            watch(progress);
        }
        if self.interrupt.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            Some(Cut::Interrupt)
        } else if self.time.is_some_and(|limit| progress.elapsed >= limit) {
            Some(Cut::Time)
        } else if self.memory.zip(progress.memory).is_some_and(|(limit, held)| held >= limit) {
            Some(Cut::Memory)
        } else {
            None
        }
    }
}

/// How far an exploration is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// States generated so far, the same state each time that it was.
    pub states: usize,
    /// Distinct states so far.
    pub unique_states: usize,
    /// Distinct states whose successors are still to be explored.
    pub queue: usize,
    /// Steps from the initial state.
    pub depth: usize,
    /// Since the start.
    pub elapsed: Duration,
    /// The most bytes of memory that the process was seen to hold, where the system says.
    pub memory: Option<u64>,
}

/// Why an exploration ended before it was complete.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    /// A property was violated, or the one waited for was found.
    Found,
    /// The time was up.
    Time,
    /// The memory was full.
    Memory,
    /// Somebody interrupted it.
    Interrupt,
    /// What it explored goes beyond what it may.
    Bounds,
    /// Messages lead to messages for ever, and time stands still.
    Restless,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Found => "found what it looked for",
            Self::Time => "time limit",
            Self::Memory => "memory limit",
            Self::Interrupt => "interrupted",
            Self::Bounds => "beyond the bounds",
            Self::Restless => "messages without end",
        })
    }
}

/// Bytes of memory that this process holds, where the system tells (Linux).
pub fn memory_held() -> Option<u64> {
    memory_line("/proc/self/status", "VmRSS:")
}

/// Bytes of memory that the system could still give, where it tells (Linux).
pub fn memory_available() -> Option<u64> {
    memory_line("/proc/meminfo", "MemAvailable:")
}

fn memory_line(file: &str, key: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}
