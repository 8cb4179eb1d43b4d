//! A breadth-first search, level by level.
//!
//! | it is | because |
//! |---|---|
//! | complete | nothing is cut off by depth; a run that a limit ended says so |
//! | deterministic | all threads finish a level before the next begins: neither the states nor the level at which something is found depend on their number |
//! | shortest | a state is first met on one of the shortest ways to it |
//! | symmetric | one state is explored in the place of all that are alike; the representatives alone are explored, so their number does not depend on the order either |
//! | compact | a state that was explored leaves 8 bytes of fingerprint, in a table that is at most four fifths full, and 8 bytes that tell how it was reached |
//!
//! [`Engine`] searches any [`stateright::Model`]; a [`Cluster`](crate::Cluster) is searched by the
//! same code, and knows how to make successors of many states at once.

mod level;
mod model;
mod table;
mod ways;

use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;

use crate::limits::{Cut, LOOK, Limits, Progress};
use level::Level;
pub use model::{Engine, Unsupported};
use table::{Fingerprint, Table};
use ways::{Place, Ways};

/// The most properties that can be decided in one search.
pub const MAX_PROPERTIES: usize = u64::BITS as usize;

/// What came of a search.
#[derive(Clone, Debug)]
pub struct Exploration<A> {
    /// How far it went. The depth is that of the last level with a new state.
    pub progress: Progress,
    /// Why it ended before it was complete, if it did.
    pub cut: Option<Cut>,
    /// For each property, the actions on a shortest way to a state that violates it, or, if it is
    /// to happen sometimes, that is a witness. `None` if there is no such state among those
    /// explored.
    pub found: Vec<Option<Vec<A>>>,
    /// Bytes of the tables that remember states: fingerprints and how they were reached.
    pub table_bytes: u64,
}

/// What can be searched.
pub(crate) trait Space: Sync {
    type State: Hash + Send + Sync;
    type Action;

    /// The states to start from.
    fn initial(&self) -> Vec<Self::State>;

    /// Makes the successors of these states, before symmetry. `visit` is told of each: which
    /// state it follows on, by which of its actions, and what it is.
    ///
    /// A state's actions are numbered in the same way whenever it is asked.
    fn expand(&self, states: &[Self::State], visit: &mut impl FnMut(usize, u32, Self::State));

    /// The action of a state with this number.
    fn action(&self, state: &Self::State, number: u32) -> Option<Self::Action>;

    /// The state that is explored in the place of this one, if that is another.
    fn represent(&self, state: &Self::State) -> Option<Self::State>;

    /// The properties, at most [`MAX_PROPERTIES`].
    fn claims(&self) -> Vec<Claim>;

    /// Of the properties asked for, as bits in their order, the invariants that are false of this
    /// state and the witnesses that it is.
    fn decide(&self, state: &Self::State, asked: u64) -> u64;
}

/// A property by name.
pub(crate) struct Claim {
    pub(crate) name: &'static str,
    /// Whether it is to happen sometimes, rather than to hold always.
    pub(crate) is_witness: bool,
}

/// Explores until everything is, or a limit ends it, or the property that [`Limits::until`] names
/// is decided, or, if it names none, an invariant is violated. The level in which that happens is
/// explored to its end.
///
/// # Panics
/// If the space panics, or does not do the same when it is asked the same again.
pub(crate) fn search<S: Space>(space: &S, limits: &Limits) -> Exploration<S::Action> {
    let start = Instant::now();
    let (table, mut ways) = (Table::new(), Ways::default());
    let level = &Level::new(space, &table, limits.threads());
    let (found, limit) = thread::scope(|scope| {
        // The sender is dropped when the search ends, which the watcher hears at once.
        let (searching, ended) = channel::<()>();
        let watcher = scope.spawn(move || {
            while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                // Whoever watches may panic: then nobody would see a limit any more.
                let look = AssertUnwindSafe(|| limits.look(&level.progress(start)));
                let seen = catch_unwind(look).unwrap_or_else(|panic| {
                    level.stop();
                    resume_unwind(panic)
                });
                if let Some(cut) = seen {
                    level.stop();
                    return Some(cut);
                }
            }
            None
        });
        let found = levels(level, &mut ways, &space.claims(), limits.until);
        drop(searching);
        (found, watcher.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    let progress = level.progress(start);
    let cut = match limit {
        _ if found => Some(Cut::Found),
        // A limit that was reached when everything was explored ended nothing.
        _ if progress.queue == 0 => None,
        limit => limit,
    };
    let tell = |place: Option<Place>| place.map(|place| way(space, &ways, place));
    Exploration {
        progress,
        cut,
        found: level.found().into_iter().map(tell).collect(),
        table_bytes: (table.bytes() + ways.bytes()) as u64,
    }
}

/// One level after another. Whether what is waited for was found.
fn levels<S: Space>(
    level: &Level<'_, S>,
    ways: &mut Ways,
    claims: &[Claim],
    until: Option<&'static str>,
) -> bool {
    let is_enough = |found: &[Option<Place>]| {
        let mut found = claims.iter().zip(found).filter(|(_, place)| place.is_some());
        found.any(|(claim, _)| until.map_or(!claim.is_witness, |name| name == claim.name))
    };
    let mut frontier = level.first(ways);
    loop {
        if is_enough(&level.found()) {
            return true;
        }
        if frontier.is_empty() || level.is_stopped() {
            return false;
        }
        frontier = level.next(&frontier, ways);
    }
}

/// The actions that lead to a place, found backwards through the states before it and told
/// forwards.
fn way<S: Space>(space: &S, ways: &Ways, place: Place) -> Vec<S::Action> {
    let (first, numbers) = ways.to(place);
    let represent = |state: S::State| space.represent(&state).unwrap_or(state);
    let steady = "the model does the same when it is asked the same again";
    let mut state = represent(space.initial().into_iter().nth(first as usize).expect(steady));
    let mut way = Vec::new();
    for number in numbers {
        way.push(space.action(&state, number).expect(steady));
        let mut next = None;
        space.expand(std::slice::from_ref(&state), &mut |_, other, successor| {
            if other == number {
                next = Some(successor);
            }
        });
        state = represent(next.expect(steady));
    }
    way
}
