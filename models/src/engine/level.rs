//! From the states of one level to those of the next, with several threads.

use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use parking_lot::Mutex;
use stateright::Model;

use super::ways::{Place, Reached, Ways};
use super::{Engine, Fingerprint, Table};
use crate::limits::{Progress, memory_held};

/// A thread takes so many states at a time.
const CHUNK: usize = 64;

/// What all threads share.
pub(crate) struct Level<'a, T: Model> {
    engine: &'a Engine<'a, T>,
    table: &'a Table,
    threads: usize,
    /// Where each property was decided, the nearest state first.
    found: Mutex<Vec<Option<Place>>>,
    /// The properties that no state has decided so far, as bits.
    undecided: AtomicU64,
    stop: AtomicBool,
    generated: AtomicUsize,
    unique: AtomicUsize,
    expanded: AtomicUsize,
    depth: AtomicUsize,
}

/// What one thread found: states of the next level, and the properties that they decide.
struct Share<S> {
    states: Vec<S>,
    reached: Vec<Reached>,
    /// Property, and number of the state in this share.
    decided: Vec<(usize, usize)>,
}

impl<'a, T> Level<'a, T>
where
    T: Model<State: Clone + Hash + Eq + Send + Sync> + Sync,
{
    pub(crate) fn new(engine: &'a Engine<'a, T>, table: &'a Table, threads: usize) -> Self {
        let properties = engine.properties.len();
        let undecided = if properties == 0 { 0 } else { u64::MAX >> (u64::BITS as usize - properties) };
        Self {
            engine,
            table,
            threads,
            found: Mutex::new(vec![None; properties]),
            undecided: AtomicU64::new(undecided),
            stop: AtomicBool::new(false),
            generated: AtomicUsize::new(0),
            unique: AtomicUsize::new(0),
            expanded: AtomicUsize::new(0),
            depth: AtomicUsize::new(0),
        }
    }

    /// The initial states.
    pub(crate) fn first(&self, ways: &mut Ways) -> Vec<T::State> {
        let mut share = Share::default();
        let mut generated = 0;
        for (choice, state) in self.engine.initial() {
            generated += 1;
            self.meet(state, Reached { from: 0, choice }, &mut share);
        }
        self.generated.store(generated, Ordering::Relaxed);
        self.unite(0, vec![share], ways)
    }

    /// The states that are met for the first time one step from these.
    pub(crate) fn next(&self, frontier: Vec<T::State>, ways: &mut Ways) -> Vec<T::State> {
        let cursor = AtomicUsize::new(0);
        let work = || self.work(&frontier, &cursor);
        let threads = self.threads.min(frontier.len().div_ceil(CHUNK));
        let shares = if threads == 1 {
            vec![work()]
        } else {
            thread::scope(|scope| {
                let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
                let join = |thread: thread::ScopedJoinHandle<'_, _>| thread.join();
                threads
                    .into_iter()
                    .map(join)
                    .map(|share| share.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                    .collect()
            })
        };
        self.unite(self.depth.load(Ordering::Relaxed) + 1, shares, ways)
    }

    /// Takes states and meets their successors until none is left.
    fn work(&self, frontier: &[T::State], cursor: &AtomicUsize) -> Share<T::State> {
        let mut share = Share::default();
        let mut actions = Vec::new();
        while !self.is_stopped() {
            let start = cursor.fetch_add(CHUNK, Ordering::Relaxed);
            if start >= frontier.len() {
                break;
            }
            let end = frontier.len().min(start + CHUNK);
            let (mut generated, before) = (0, share.states.len());
            for (from, state) in (start as u32..).zip(&frontier[start..end]) {
                self.engine.model.actions(state, &mut actions);
                for (choice, action) in (0..).zip(actions.drain(..)) {
                    if let Some(next) = self.engine.successor(state, action) {
                        generated += 1;
                        self.meet(next, Reached { from, choice }, &mut share);
                    }
                }
            }
            self.generated.fetch_add(generated, Ordering::Relaxed);
            self.unique.fetch_add(share.states.len() - before, Ordering::Relaxed);
            self.expanded.fetch_add(end - start, Ordering::Relaxed);
        }
        share
    }

    /// Keeps a state that was not met before, and asks what it decides.
    #[inline]
    fn meet(&self, state: T::State, reached: Reached, share: &mut Share<T::State>) {
        if !self.table.insert(Fingerprint::of(&state)) {
            return;
        }
        let mut decided = self.engine.decided(&state, self.undecided.load(Ordering::Relaxed));
        while decided != 0 {
            share.decided.push((decided.trailing_zeros() as usize, share.states.len()));
            decided &= decided - 1;
        }
        share.states.push(state);
        share.reached.push(reached);
    }

    /// The level that consists of these shares.
    fn unite(&self, level: usize, shares: Vec<Share<T::State>>, ways: &mut Ways) -> Vec<T::State> {
        let (mut states, mut reached) = (Vec::new(), Vec::new());
        let mut found = self.found.lock();
        for mut share in shares {
            for (property, number) in share.decided {
                let number = (states.len() + number) as u32;
                found[property].get_or_insert(Place { level: level as u32, number });
                self.undecided.fetch_and(!(1 << property), Ordering::Relaxed);
            }
            if states.is_empty() {
                (states, reached) = (share.states, share.reached);
            } else {
                states.append(&mut share.states);
                reached.append(&mut share.reached);
            }
        }
        assert!(u32::try_from(states.len()).is_ok(), "a level has fewer than 2^32 states");
        if level == 0 {
            self.unique.store(states.len(), Ordering::Relaxed);
        }
        if !states.is_empty() {
            self.depth.store(level, Ordering::Relaxed);
        }
        ways.push(reached);
        states
    }

    /// Ends the search before its time.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Where each property was decided.
    pub(crate) fn found(&self) -> Vec<Option<Place>> {
        self.found.lock().clone()
    }

    /// How far a search is that began then.
    pub(crate) fn progress(&self, start: Instant) -> Progress {
        let [states, unique_states, expanded, depth] =
            [&self.generated, &self.unique, &self.expanded, &self.depth].map(|n| n.load(Ordering::Relaxed));
        let queue = unique_states.saturating_sub(expanded);
        Progress { states, unique_states, queue, depth, elapsed: start.elapsed(), memory: memory_held() }
    }
}

impl<S> Default for Share<S> {
    fn default() -> Self {
        Self { states: Vec::new(), reached: Vec::new(), decided: Vec::new() }
    }
}
