//! Any [`stateright::Model`] as something to search.

use std::hash::Hash;

use stateright::{Expectation, Model, Property};

use super::{Claim, Exploration, MAX_PROPERTIES, Space, search};
use crate::limits::Limits;

/// Why a model cannot be explored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unsupported {
    /// What happens in the end cannot be told from states one by one.
    #[error("`{0}` is an `eventually` property, which a search of states cannot decide")]
    Eventually(&'static str),
    /// The properties of a state are the bits of a word.
    #[error("{0} properties, where there can be {MAX_PROPERTIES} at most")]
    TooManyProperties(usize),
}

/// The search of a model that is about to begin.
///
/// ```
/// # use stateright::{Model, Property};
/// # use althing_models::{Limits, engine::Engine};
/// struct Counter;
/// impl Model for Counter {
///     type State = u8;
///     type Action = u8;
///     fn init_states(&self) -> Vec<u8> {
///         vec![0]
///     }
///     fn actions(&self, _: &u8, actions: &mut Vec<u8>) {
///         actions.extend([1, 5]);
///     }
///     fn next_state(&self, state: &u8, action: u8) -> Option<u8> {
///         state.checked_add(action)
///     }
///     fn properties(&self) -> Vec<Property<Self>> {
///         vec![Property::always("small", |_, state| *state < 12)]
///     }
/// }
/// let exploration = Engine::new(&Counter)?.run(&Limits::default());
/// assert_eq!(exploration.found[0].as_ref().map(Vec::len), Some(3)); // 5, 5, 5
/// # Ok::<(), althing_models::engine::Unsupported>(())
/// ```
pub struct Engine<'a, T: Model> {
    model: &'a T,
    properties: Vec<Property<T>>,
    representative: Option<fn(&T::State) -> T::State>,
}

impl<'a, T: Model> Engine<'a, T>
where
    T: Model<State: Clone + Hash + Eq + Send + Sync> + Sync,
{
    /// A search of all states within the model's boundary.
    ///
    /// # Errors
    /// [`Unsupported`] if the model has properties that cannot be decided so.
    pub fn new(model: &'a T) -> Result<Self, Unsupported> {
        let properties = model.properties();
        if let Some(eventually) = properties.iter().find(|p| p.expectation == Expectation::Eventually) {
            return Err(Unsupported::Eventually(eventually.name));
        }
        if properties.len() > MAX_PROPERTIES {
            return Err(Unsupported::TooManyProperties(properties.len()));
        }
        Ok(Self { model, properties, representative: None })
    }

    /// Explores in place of each state the one that represents it and all that are alike.
    ///
    /// A representative is alike to what it represents: it has the same properties, and the same
    /// successors up to representatives. If all that are alike have one representative, as few
    /// states as possible are explored; if they have several, more are, but always as many.
    #[must_use]
    pub fn symmetry(self, representative: fn(&T::State) -> T::State) -> Self {
        Self { representative: Some(representative), ..self }
    }

    /// Explores until everything is, or a limit ends it, or the property that
    /// [`Limits::until`] names is decided, or, if it names none, an `always` is violated. The
    /// level in which that happens is explored to its end.
    ///
    /// # Panics
    /// If the model panics, or does not do the same when it is asked the same again.
    pub fn run(&self, limits: &Limits) -> Exploration<T::Action> {
        search(self, limits)
    }
}

impl<T> Space for Engine<'_, T>
where
    T: Model<State: Clone + Hash + Eq + Send + Sync> + Sync,
{
    type State = T::State;
    type Action = T::Action;

    fn initial(&self) -> Vec<T::State> {
        let states = self.model.init_states().into_iter();
        states.filter(|state| self.model.within_boundary(state)).collect()
    }

    fn expand(&self, states: &[T::State], visit: &mut impl FnMut(usize, u32, T::State)) {
        let mut actions = Vec::new();
        for (from, state) in states.iter().enumerate() {
            self.model.actions(state, &mut actions);
            for (number, action) in (0..).zip(actions.drain(..)) {
                if let Some(next) = self.model.next_state(state, action)
                    && self.model.within_boundary(&next)
                {
                    visit(from, number, next);
                }
            }
        }
    }

    fn action(&self, state: &T::State, number: u32) -> Option<T::Action> {
        let mut actions = Vec::new();
        self.model.actions(state, &mut actions);
        actions.into_iter().nth(number as usize)
    }

    fn represent(&self, state: &T::State) -> Option<T::State> {
        self.representative.map(|representative| representative(state))
    }

    fn claims(&self) -> Vec<Claim> {
        let claim = |property: &Property<T>| Claim {
            name: property.name,
            is_witness: property.expectation == Expectation::Sometimes,
        };
        self.properties.iter().map(claim).collect()
    }

    fn decide(&self, state: &T::State, asked: u64) -> u64 {
        let asked = self.properties.iter().enumerate().filter(|(i, _)| asked >> i & 1 == 1);
        asked.fold(0, |decided, (i, property)| {
            let wanted = property.expectation == Expectation::Sometimes;
            decided | u64::from((property.condition)(self.model, state) == wanted) << i
        })
    }
}
