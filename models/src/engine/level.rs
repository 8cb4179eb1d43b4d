//! From the states of one level to those of the next, with several threads.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use parking_lot::Mutex;

use super::table::Recent;
use super::ways::{Place, Reached, Ways};
use super::{Fingerprint, Space, Table};
use crate::limits::{Progress, memory_held};

/// A thread takes so many states at a time, at most.
const CHUNK: usize = 4096;

/// It does not pay to start a thread for fewer.
const WORTH_A_THREAD: usize = 64;

/// With fewer new states in a level, its memory is not worth a look.
const WORTH_A_LOOK: usize = 4096;

/// What all threads share.
pub(super) struct Level<'a, S: Space> {
    space: &'a S,
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
    /// The most memory that was seen, in bytes; 0 if the system does not say.
    memory: AtomicU64,
}

/// The states of a level, each numbered by its place in all of the parts.
pub(super) struct Frontier<T> {
    /// One for each thread: to join them would take memory for some of them twice.
    parts: Vec<Vec<T>>,
}

impl<T> Frontier<T> {
    fn len(&self) -> usize {
        self.parts.iter().map(Vec::len).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All states, at most so many together, each time with the number of the first.
    fn chunks(&self, most: usize) -> Vec<(usize, &[T])> {
        let (mut chunks, mut start) = (Vec::new(), 0);
        for chunk in self.parts.iter().flat_map(|part| part.chunks(most)) {
            chunks.push((start, chunk));
            start += chunk.len();
        }
        chunks
    }
}

/// What one thread found: states of the next level, and the properties that they decide.
struct Share<T> {
    states: Vec<T>,
    reached: Vec<Reached>,
    /// Property, and number of the state in this share.
    decided: Vec<(usize, usize)>,
}

impl<'a, S: Space> Level<'a, S> {
    pub(super) fn new(space: &'a S, table: &'a Table, threads: usize) -> Self {
        let properties = space.claims().len() as u32;
        Self {
            space,
            table,
            threads,
            found: Mutex::new(vec![None; properties as usize]),
            undecided: AtomicU64::new(!u64::MAX.checked_shl(properties).unwrap_or(0)),
            stop: AtomicBool::new(false),
            generated: AtomicUsize::new(0),
            unique: AtomicUsize::new(0),
            expanded: AtomicUsize::new(0),
            depth: AtomicUsize::new(0),
            memory: AtomicU64::new(0),
        }
    }

    /// The initial states.
    pub(super) fn first(&self, ways: &mut Ways) -> Frontier<S::State> {
        let (mut share, mut recent) = (Share::default(), Recent::new(0));
        let initial = self.space.initial();
        self.generated.store(initial.len(), Ordering::Relaxed);
        for (number, state) in (0..).zip(initial) {
            self.meet(state, Reached { from: 0, by: number }, &mut share, &mut recent);
        }
        self.unique.store(share.states.len(), Ordering::Relaxed);
        self.unite(0, vec![share], ways)
    }

    /// The states that are met for the first time one step from these.
    pub(super) fn next(&self, frontier: &Frontier<S::State>, ways: &mut Ways) -> Frontier<S::State> {
        // Small enough that all threads have something to do until the end.
        let chunk = (frontier.len() / (4 * self.threads)).clamp(1, CHUNK);
        let threads = self.threads.min(frontier.len().div_ceil(WORTH_A_THREAD));
        let (chunks, cursor) = (frontier.chunks(chunk), AtomicUsize::new(0));
        let work = || self.work(&chunks, &cursor);
        let shares = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let own = work();
            let others = others.into_iter().map(thread::ScopedJoinHandle::join);
            let others = others.map(|share| share.unwrap_or_else(|panic| resume_unwind(panic)));
            [own].into_iter().chain(others).collect()
        });
        self.unite(self.depth.load(Ordering::Relaxed) + 1, shares, ways)
    }

    /// Takes states and meets their successors until none is left.
    fn work(&self, chunks: &[(usize, &[S::State])], cursor: &AtomicUsize) -> Share<S::State> {
        let states = chunks.iter().map(|(_, states)| states.len()).sum();
        let (mut share, mut recent) = (Share::default(), Recent::new(states));
        while !self.is_stopped() {
            let Some((start, states)) = chunks.get(cursor.fetch_add(1, Ordering::Relaxed)) else { break };
            let (mut generated, before) = (0, share.states.len());
            self.space.expand(states, &mut |from, by, next| {
                generated += 1;
                self.meet(next, Reached { from: (start + from) as u32, by }, &mut share, &mut recent);
            });
            self.generated.fetch_add(generated, Ordering::Relaxed);
            self.unique.fetch_add(share.states.len() - before, Ordering::Relaxed);
            self.expanded.fetch_add(states.len(), Ordering::Relaxed);
        }
        share
    }

    /// Keeps a state that was not met before, and asks what it decides.
    #[inline]
    fn meet(&self, state: S::State, reached: Reached, share: &mut Share<S::State>, recent: &mut Recent) {
        let fingerprint = Fingerprint::of(&state);
        if !recent.insert(fingerprint) {
            return;
        }
        let (state, fingerprint) = match self.space.represent(&state) {
            Some(representative) => {
                let fingerprint = Fingerprint::of(&representative);
                (representative, fingerprint)
            }
            None => (state, fingerprint),
        };
        if !self.table.insert(fingerprint) {
            return;
        }
        let mut decided = self.space.decide(&state, self.undecided.load(Ordering::Relaxed));
        while decided != 0 {
            share.decided.push((decided.trailing_zeros() as usize, share.states.len()));
            decided &= decided - 1;
        }
        share.states.push(state);
        share.reached.push(reached);
    }

    /// The level that consists of these shares.
    fn unite(&self, level: usize, shares: Vec<Share<S::State>>, ways: &mut Ways) -> Frontier<S::State> {
        let (mut frontier, mut reached) = (Frontier { parts: Vec::new() }, Vec::new());
        let mut found = self.found.lock();
        for share in shares {
            for (property, number) in share.decided {
                let number = (frontier.len() + number) as u32;
                found[property].get_or_insert(Place { level: level as u32, number });
                self.undecided.fetch_and(!(1 << property), Ordering::Relaxed);
            }
            frontier.parts.push(share.states);
            reached.push(share.reached);
        }
        assert!(u32::try_from(frontier.len()).is_ok(), "a level has fewer than 2^32 states");
        if !frontier.is_empty() {
            self.depth.store(level, Ordering::Relaxed);
            ways.push(reached);
        }
        if frontier.len() >= WORTH_A_LOOK {
            self.memory.fetch_max(memory_held().unwrap_or(0), Ordering::Relaxed);
        }
        frontier
    }

    /// Ends the search before its time.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Where each property was decided.
    pub(super) fn found(&self) -> Vec<Option<Place>> {
        self.found.lock().clone()
    }

    /// How far a search is that began then.
    pub(super) fn progress(&self, start: Instant) -> Progress {
        let [states, unique_states, expanded, depth] =
            [&self.generated, &self.unique, &self.expanded, &self.depth].map(|n| n.load(Ordering::Relaxed));
        let queue = unique_states.saturating_sub(expanded);
        let memory = memory_held().map(|held| held.max(self.memory.fetch_max(held, Ordering::Relaxed)));
        Progress { states, unique_states, queue, depth, elapsed: start.elapsed(), memory }
    }
}

impl<T> Default for Share<T> {
    fn default() -> Self {
        Self { states: Vec::new(), reached: Vec::new(), decided: Vec::new() }
    }
}
