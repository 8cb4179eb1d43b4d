//! The engine against other searches: stateright's, naive ones, and what others published.

mod clusters;
mod estimate;
mod graphs;
mod published;

use std::collections::HashSet;
use std::hash::Hash;

use stateright::Model;

/// A property that there is not: to wait for it is to explore everything, whatever is violated.
const NEVER: Option<&str> = Some("no property has this name");

/// The states of a model by their distance from its initial ones, of which all are within its
/// boundary. As plain as can be, for comparison.
fn levels<M: Model>(model: &M) -> Vec<HashSet<M::State>>
where
    M::State: Clone + Eq + Hash,
{
    let within = |state: &M::State| model.within_boundary(state);
    let mut seen: HashSet<_> = model.init_states().into_iter().filter(within).collect();
    let mut levels = Vec::new();
    let mut level = seen.clone();
    while !level.is_empty() {
        let next = level.iter().flat_map(|state| model.next_states(state));
        let next = next.filter(|state| within(state) && seen.insert(state.clone())).collect();
        levels.push(level);
        level = next;
    }
    levels
}

/// The state that these actions lead to from the only initial one.
fn follow<M: Model>(model: &M, actions: &[M::Action]) -> Option<M::State>
where
    M::Action: Clone + PartialEq,
{
    let mut state = model.init_states().pop()?;
    for action in actions {
        let mut possible = Vec::new();
        model.actions(&state, &mut possible);
        state = model.next_state(&state, possible.into_iter().find(|other| other == action)?)?;
    }
    Some(state)
}
