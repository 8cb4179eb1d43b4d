//! A cluster as a [`stateright::Model`], for every checker that takes one.

use althing::machine::Machine;
use althing::observe::History;
use stateright::{Model, Property};

use crate::cluster::{Action, Cluster, State};
use crate::property::Condition;

/// The most properties that a cluster can have.
pub const MAX_PROPERTIES: usize = 32;

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
        assert!(self.properties.len() <= MAX_PROPERTIES, "at most {MAX_PROPERTIES} properties");
        let conditions = conditions();
        let named = self.properties.iter().zip(conditions);
        named
            .map(|(property, condition)| match property.condition {
                Condition::Sometimes(_) => Property::sometimes(property.name, condition),
                Condition::Contract
                | Condition::DeadIsDead
                | Condition::Step(_)
                | Condition::Always(_)
                | Condition::Recoverable(..) => Property::always(property.name, condition),
            })
            .collect()
    }
}

type Holds<M, H> = fn(&Cluster<M, H>, &State) -> bool;

/// stateright takes function pointers, which cannot know a property's place in the list; so
/// there is one function for each place.
fn conditions<M: Machine, H: History<M>>() -> [Holds<M, H>; MAX_PROPERTIES] {
    fn condition<M: Machine, H: History<M>, const I: usize>(cluster: &Cluster<M, H>, state: &State) -> bool {
        cluster.is_true(I, state)
    }
    macro_rules! table {
        ($($i:literal)*) => { [$(condition::<M, H, $i>),*] };
    }
    table!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31)
}
