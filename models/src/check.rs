//! Exploring a cluster to the end, or to a limit, and saying honestly which it was.

use std::collections::BTreeSet;
use std::fmt;
use std::mem::discriminant;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use althing::machine::{Event, Machine};
use althing::observe::History;
use stateright::{Checker, HasDiscoveries, Model};

use crate::cluster::{Action, Cluster, State};
use crate::trace::Trace;

/// How often a running exploration is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// The most states in which a shortest counterexample is looked for; beyond, the one at hand is
/// shrunk instead.
const SHORTEST_WITHIN: usize = 3_000_000;

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
    /// Whether somebody interrupted an exploration that began then, or its time is up.
    fn is_over(&self, start: Instant) -> bool {
        let interrupted = self.interrupt.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed));
        interrupted || self.time.is_some_and(|limit| start.elapsed() >= limit)
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
    /// Bytes of memory that the process holds, where the system says.
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
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Found => "found what it looked for",
            Self::Time => "time limit",
            Self::Memory => "memory limit",
            Self::Interrupt => "interrupted",
        })
    }
}

/// Whether a property holds, as far as the exploration went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// An invariant of every reachable state.
    Holds,
    /// A witness was found.
    Witnessed,
    /// An invariant that is false in some reachable state.
    Violated,
    /// No witness exists: what the property speaks of cannot happen.
    Unwitnessed,
    /// The exploration ended too early to tell.
    Unknown,
}

impl Status {
    /// The name in JSON and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Witnessed => "witnessed",
            Self::Violated => "violated",
            Self::Unwitnessed => "unwitnessed",
            Self::Unknown => "unknown",
        }
    }
}

/// What came out for one property.
#[derive(Clone, Debug)]
pub struct PropertyReport<M: Machine> {
    /// Its name.
    pub name: &'static str,
    /// Whether it is a witness (`sometimes`) or an invariant (`always`).
    pub is_witness: bool,
    /// Whether it holds.
    pub status: Status,
    /// How to violate it, if it is violated.
    pub trace: Option<Trace<M>>,
}

/// What came out of an exploration.
#[derive(Clone, Debug)]
pub struct Report<M: Machine> {
    /// How far it went.
    pub progress: Progress,
    /// Why it ended before it was complete, if it did.
    pub cut: Option<Cut>,
    /// Whether states that differ in the names of nodes counted as one.
    pub symmetry: bool,
    /// The properties, in the order in which they were given.
    pub properties: Vec<PropertyReport<M>>,
    /// The transitions of the machine that were never taken.
    pub transitions_uncovered: Vec<&'static str>,
}

impl<M: Machine> Report<M> {
    /// Whether every reachable state was explored.
    pub fn is_complete(&self) -> bool {
        self.cut.is_none()
    }

    /// Whether an invariant is violated.
    pub fn is_violated(&self) -> bool {
        self.properties.iter().any(|property| property.status == Status::Violated)
    }

    /// Whether the exploration was complete, every invariant holds, everything that must be
    /// possible is, and every transition was taken.
    pub fn is_ok(&self) -> bool {
        let good = |status| matches!(status, Status::Holds | Status::Witnessed);
        self.is_complete()
            && self.properties.iter().all(|property| good(property.status))
            && self.transitions_uncovered.is_empty()
    }

    /// The chance that two states were taken for one, at most: stateright tells states apart by
    /// 64 bits.
    pub fn collision_bound(&self) -> f64 {
        let n = self.progress.unique_states as f64;
        n * n / 2_f64.powi(65)
    }
}

impl<M: Machine> fmt::Display for Report<M> {
    /// How far the exploration went, what came out for each property, and how those that are
    /// violated come about. Without a line break at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Progress { states, unique_states, depth, elapsed, .. } = self.progress;
        write!(
            f,
            "{unique_states} distinct states of {states}, depth {depth}, {:.2} s: ",
            elapsed.as_secs_f64()
        )?;
        match self.cut {
            None => write!(f, "complete")?,
            Some(_) if self.is_violated() => write!(f, "violated")?,
            Some(cut) => write!(f, "incomplete ({cut})")?,
        }
        let width = self.properties.iter().map(|property| property.name.len()).max().unwrap_or(0);
        for PropertyReport { name, is_witness, status, .. } in &self.properties {
            let kind = if *is_witness { "sometimes" } else { "always" };
            write!(f, "\n  {kind:<9}  {name:<width$}  {}", status.name())?;
        }
        if self.is_complete() && !self.transitions_uncovered.is_empty() {
            write!(f, "\nnever taken: {}", self.transitions_uncovered.join("; "))?;
        }
        for property in &self.properties {
            if let Some(trace) = &property.trace {
                let steps = trace.lines.len();
                let plural = if steps == 1 { "" } else { "s" };
                let story = trace.story();
                write!(f, "\n\n{} is violated after {steps} step{plural}:", property.name)?;
                write!(f, "\n\n{}", story.trim_end())?;
            }
        }
        Ok(())
    }
}

impl<M: Machine, H: History<M>> Cluster<M, H> {
    /// Explores every state within the bounds, and reports.
    pub fn check(self, limits: &Limits) -> Report<M> {
        let (stop, symmetry) = (self.stop_flag(), self.symmetry.is_some());
        let finish = match limits.until {
            Some(name) => HasDiscoveries::AnyOf(BTreeSet::from([name])),
            None => HasDiscoveries::AnyFailures,
        };
        let threads = match limits.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let start = Instant::now();
        let checker = self.checker().threads(threads).finish_when(finish.clone()).spawn_bfs();
        let stopped = watch(&checker, limits, &stop, start);
        let checker = checker.join();
        let progress = progress(&checker, start);
        // Counterexamples are looked for on the same cluster, which must move again.
        stop.store(false, Ordering::Relaxed);
        let found = checker.discoveries();
        let names = found.keys().copied().collect();
        let cluster = checker.model();
        let cut = stopped.or_else(|| finish.matches(&names, &cluster.properties()).then_some(Cut::Found));
        let properties = cluster.properties.iter().enumerate().map(|(index, property)| {
            let is_witness = property.is_witness();
            let path = found.get(property.name);
            let status = match (path.is_some(), is_witness) {
                (true, true) => Status::Witnessed,
                (true, false) => Status::Violated,
                (false, _) if cut.is_some() => Status::Unknown,
                (false, true) => Status::Unwitnessed,
                (false, false) => Status::Holds,
            };
            let actions = || path.map(|path| path.clone().into_actions());
            let trace = if is_witness { None } else { actions() };
            let go_on = || !limits.is_over(start);
            let trace = trace.map(|actions| cluster.counterexample(index, actions, go_on));
            PropertyReport { name: property.name, is_witness, status, trace }
        });
        let properties = properties.collect();
        Report { progress, cut, symmetry, properties, transitions_uncovered: cluster.uncovered() }
    }

    /// The shortest way to violate a property, or else one in which no step can be left out.
    fn counterexample(&self, property: usize, actions: Vec<Action>, go_on: impl Fn() -> bool) -> Trace<M> {
        let violates = |state: &State| !self.is_true(property, state);
        let actions = match crate::search::shortest(self, SHORTEST_WITHIN, go_on, violates) {
            Some(actions) => self.concrete(&actions),
            None => self.shrink(self.concrete(&actions), violates),
        };
        self.trace(&actions, self.properties[property].name)
    }

    /// Those of the actions from the initial state that are needed to get to a wanted state.
    ///
    /// An action that is not possible any more without one that was left out is replaced by its
    /// like. So the same story is told of term 2 that happened in term 30, once the elections in
    /// between are gone.
    pub fn shrink(&self, actions: Vec<Action>, wanted: impl Fn(&State) -> bool) -> Vec<Action> {
        let step = |state: &State, action: &Action| {
            let action = self.possible_like(state, *action)?;
            Some((action, self.apply(state, action)?))
        };
        crate::search::shrink(&self.initial(), actions, step, wanted)
    }

    /// The action, if it is possible in this state, or else the last that is and is its like.
    fn possible_like(&self, state: &State, action: Action) -> Option<Action> {
        let mut possible = Vec::new();
        self.enabled(state, &mut possible);
        if possible.contains(&action) {
            return Some(action);
        }
        possible.into_iter().rev().find(|other| self.are_alike(*other, action))
    }

    /// Whether the same happens to the same node, but for what a message says.
    fn are_alike(&self, a: Action, b: Action) -> bool {
        let points = match (a, b) {
            (Action::StepThenCrash(_, p), Action::StepThenCrash(_, q)) => p == q,
            _ => discriminant(&a) == discriminant(&b),
        };
        let (Some(a), Some(b)) = (self.stimulus(a), self.stimulus(b)) else { return false };
        let events = match (&a.event, &b.event) {
            (Event::Message { from: a, message: m }, Event::Message { from: b, message: n }) => {
                a == b && discriminant(m) == discriminant(n)
            }
            (Event::Message { .. } | Event::Timer(_) | Event::Input(_), _) => false,
        };
        points && a.node == b.node && events
    }

    /// The transitions that no step took so far.
    fn uncovered(&self) -> Vec<&'static str> {
        let covered = self.tables.covered.load(Ordering::Relaxed);
        let names = self.transitions.iter().enumerate();
        names.filter(|(i, _)| covered >> i & 1 == 0).map(|(_, name)| *name).collect()
    }
}

/// Waits for the exploration to end, and ends it at a limit.
fn watch<M: Machine, H: History<M>>(
    checker: &impl Checker<Cluster<M, H>>,
    limits: &Limits,
    stop: &AtomicBool,
    start: Instant,
) -> Option<Cut> {
    let mut wait = Duration::from_millis(1);
    while !checker.is_done() {
        std::thread::sleep(wait);
        wait = (wait * 2).min(LOOK);
        let progress = progress(checker, start);
        if let Some(watch) = &limits.watch {
            watch(&progress);
        }
        let interrupted = limits.interrupt.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed));
        let cut = if interrupted {
            Cut::Interrupt
        } else if limits.time.is_some_and(|limit| progress.elapsed >= limit) {
            Cut::Time
        } else if limits.memory.zip(progress.memory).is_some_and(|(limit, held)| held >= limit) {
            Cut::Memory
        } else {
            continue;
        };
        if progress.queue > 0 {
            stop.store(true, Ordering::Relaxed);
            return Some(cut);
        }
    }
    None
}

fn progress<M: Machine, H: History<M>>(checker: &impl Checker<Cluster<M, H>>, start: Instant) -> Progress {
    let unique_states = checker.unique_state_count();
    let expanded = checker.model().tables.expanded.load(Ordering::Relaxed) as usize;
    Progress {
        states: checker.state_count(),
        unique_states,
        queue: unique_states.saturating_sub(expanded),
        depth: checker.max_depth(),
        elapsed: start.elapsed(),
        memory: memory_held(),
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
