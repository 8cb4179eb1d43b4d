//! A breadth-first search of any [`stateright::Model`], level by level.
//!
//! | it is | because |
//! |---|---|
//! | complete | nothing is cut off by depth; a run that a limit ended says so |
//! | deterministic | all threads finish a level before the next begins: neither the states nor the level at which something is found depend on their number |
//! | shortest | a state is first met on one of the shortest ways to it |
//! | symmetric | [`Engine::symmetry`] puts one state in the place of all that are alike; what is explored are those, so the count does not depend on the order either |
//! | compact | a state that was explored leaves 8 bytes of fingerprint, in a table that is four fifths full at most, and 8 bytes that tell how it was reached |
//!
//! The way to a state is found backwards through the states that came before, and told forwards
//! by running the model again. So a model's actions have to come in the same order whenever the
//! same state is asked.

mod level;
mod table;
mod ways;

use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;

use stateright::{Expectation, Model, Property};

use crate::limits::{Cut, LOOK, Limits, Progress};
use level::Level;
pub(crate) use table::{Fingerprint, Table};
use ways::{Place, Ways};

/// Why a model cannot be explored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unsupported {
    /// What happens in the end cannot be told from states one by one.
    #[error("`{0}` is an `eventually` property, which a search of states cannot decide")]
    Eventually(&'static str),
    /// The properties of a state are the bits of a word.
    #[error("{0} properties, where there can be 64 at most")]
    TooManyProperties(usize),
}

/// What came of a search.
#[derive(Clone, Debug)]
pub struct Exploration<A> {
    /// How far it went. The depth is that of the last level with a new state.
    pub progress: Progress,
    /// Why it ended before it was complete, if it did.
    pub cut: Option<Cut>,
    /// For each property of the model, the actions on a shortest way to a state that violates it,
    /// or, if it is a `sometimes`, that is a witness. `None` if there is no such state among those
    /// explored.
    pub found: Vec<Option<Vec<A>>>,
    /// Bytes of the tables that remember states: fingerprints and how they were reached.
    pub table_bytes: u64,
}

/// A search that is about to begin.
pub struct Engine<'a, T: Model> {
    model: &'a T,
    properties: Vec<Property<T>>,
    symmetry: Option<fn(&T::State) -> T::State>,
    judge: Option<Judge<'a, T::State>>,
}

/// Of these properties, as bits, those that this state decides.
type Judge<'a, S> = Box<dyn Fn(&S, u64) -> u64 + Sync + 'a>;

impl<'a, T: Model> Engine<'a, T> {
    /// A search of all states within the model's boundary.
    ///
    /// # Errors
    /// [`Unsupported`] if the model has properties that cannot be decided so.
    pub fn new(model: &'a T) -> Result<Self, Unsupported> {
        let properties = model.properties();
        if let Some(eventually) = properties.iter().find(|p| p.expectation == Expectation::Eventually) {
            return Err(Unsupported::Eventually(eventually.name));
        }
        if properties.len() > u64::BITS as usize {
            return Err(Unsupported::TooManyProperties(properties.len()));
        }
        Ok(Self { model, properties, symmetry: None, judge: None })
    }

    /// Explores in place of each state the one that represents it and all that are alike.
    ///
    /// The representative must itself be reachable up to symmetry, and properties must be the
    /// same for all that are alike. If all that are alike have one representative, as few states
    /// as possible are explored; if they have several, more are, but the same in each run.
    #[must_use]
    pub fn symmetry(self, representative: fn(&T::State) -> T::State) -> Self {
        Self { symmetry: Some(representative), ..self }
    }

    /// Decides several properties of a state at once, for models that can do that faster than one
    /// by one: of those asked for, as bits in the order of [`Model::properties`], the `always`
    /// that are false of it and the `sometimes` that are true.
    #[must_use]
    pub fn judge(self, judge: impl Fn(&T::State, u64) -> u64 + Sync + 'a) -> Self {
        Self { judge: Some(Box::new(judge)), ..self }
    }
}

impl<T> Engine<'_, T>
where
    T: Model<State: Clone + std::hash::Hash + Eq + Send + Sync> + Sync,
{
    /// Explores until everything is, or a limit ends it, or the property that
    /// [`Limits::until`] names is decided, or, if it names none, an `always` is violated. The
    /// level in which that happens is explored to its end.
    ///
    /// # Panics
    /// If the model panics, or does not do the same when it is asked the same again.
    pub fn run(&self, limits: &Limits) -> Exploration<T::Action> {
        let start = Instant::now();
        let (table, mut ways) = (Table::new(), Ways::default());
        let level = Level::new(self, &table, limits.threads());
        let (found, limit) = thread::scope(|scope| {
            // The sender is dropped when the search ends, which the watcher hears at once.
            let (searching, ended) = channel::<()>();
            let level = &level;
            let watcher = scope.spawn(move || {
                while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                    if let Some(cut) = limits.look(&level.progress(start)) {
                        level.stop();
                        return Some(cut);
                    }
                }
                None
            });
            let found = self.levels(level, &mut ways, limits);
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
        let tell = |place: Option<Place>| place.map(|place| self.way(&ways, place));
        Exploration {
            progress,
            cut,
            found: level.found().into_iter().map(tell).collect(),
            table_bytes: (table.bytes() + ways.bytes()) as u64,
        }
    }

    /// One level after another. Whether what the limits wait for was found.
    fn levels(&self, level: &Level<'_, T>, ways: &mut Ways, limits: &Limits) -> bool {
        let mut frontier = level.first(ways);
        loop {
            if self.is_enough(&level.found(), limits) {
                return true;
            }
            if frontier.is_empty() || level.is_stopped() {
                return false;
            }
            frontier = level.next(frontier, ways);
        }
    }

    fn is_enough(&self, found: &[Option<Place>], limits: &Limits) -> bool {
        let mut found = self.properties.iter().zip(found).filter(|(_, place)| place.is_some());
        found.any(|(property, _)| match limits.until {
            Some(name) => property.name == name,
            None => property.expectation == Expectation::Always,
        })
    }

    /// Of the properties that are asked for, as bits, those that the state decides.
    fn decided(&self, state: &T::State, asked: u64) -> u64 {
        if let Some(judge) = &self.judge {
            return judge(state, asked);
        }
        let asked = self.properties.iter().enumerate().filter(|(i, _)| asked >> i & 1 == 1);
        asked.fold(0, |decided, (i, property)| {
            let wanted = property.expectation == Expectation::Sometimes;
            decided | u64::from((property.condition)(self.model, state) == wanted) << i
        })
    }

    /// The states to start from, each by its number among the model's own.
    fn initial(&self) -> impl Iterator<Item = (u32, T::State)> {
        let states = (0..).zip(self.model.init_states());
        states
            .filter(|(_, state)| self.model.within_boundary(state))
            .map(|(i, state)| (i, self.represent(state)))
    }

    /// The successor by an action, within the boundary.
    #[inline]
    fn successor(&self, state: &T::State, action: T::Action) -> Option<T::State> {
        let next = self.model.next_state(state, action)?;
        self.model.within_boundary(&next).then(|| self.represent(next))
    }

    #[inline]
    fn represent(&self, state: T::State) -> T::State {
        match self.symmetry {
            Some(representative) => representative(&state),
            None => state,
        }
    }

    /// The actions that led to this place.
    fn way(&self, ways: &Ways, place: Place) -> Vec<T::Action> {
        let (first, choices) = ways.to(place);
        let steady = "the model does the same when it is asked the same again";
        let mut state = self.initial().find(|(i, _)| *i == first).expect(steady).1;
        let mut way = Vec::new();
        for choice in choices {
            let actions = || {
                let mut actions = Vec::new();
                self.model.actions(&state, &mut actions);
                actions.into_iter().nth(choice as usize).expect(steady)
            };
            // An action need not be one that can be cloned, so it is asked for twice.
            let next = self.successor(&state, actions()).expect(steady);
            way.push(actions());
            state = next;
        }
        way
    }
}
