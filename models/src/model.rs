//! A cluster as a [`stateright::Model`], for every checker that takes one.

use althing::machine::Machine;
use althing::observe::History;
use stateright::{Model, Property};

use crate::cluster::{Action, Cluster, MAX_PROPERTIES, State};

impl<M: Machine, H: History<M>> Model for Cluster<M, H> {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.representative(&self.initial()).0]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.enabled(state, actions);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let next = self.apply(state, action)?;
        (next != *state).then(|| self.representative(&next).0)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties(&self.properties)
    }
}

impl<M: Machine, H: History<M>> Judge for Cluster<M, H> {
    fn passes(&self, index: usize, state: &State) -> bool {
        self.is_true(index, state)
    }
}

/// A model that can tell which of a cluster's properties are true.
pub(crate) trait Judge: Model {
    /// Whether property `index` is true of the state.
    fn passes(&self, index: usize, state: &Self::State) -> bool;
}

/// A cluster's properties, as stateright takes them: as function pointers, which cannot know a
/// property's place in the list. So there is one function for each place.
pub(crate) fn properties<T: Judge, M: Machine, H: History<M>>(
    properties: &[crate::property::Property<M, H>],
) -> Vec<Property<T>> {
    fn condition<T: Judge, const I: usize>(model: &T, state: &T::State) -> bool {
        model.passes(I, state)
    }
    macro_rules! conditions {
        ($($i:literal)*) => { [$(condition::<T, $i>),*] };
    }
    let conditions: [fn(&T, &T::State) -> bool; MAX_PROPERTIES] = conditions!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63);
    let named = properties.iter().zip(conditions);
    named
        .map(|(property, condition)| {
            if property.is_witness() {
                Property::sometimes(property.name, condition)
            } else {
                Property::always(property.name, condition)
            }
        })
        .collect()
}
