//! Shortest and smallest counterexamples.
//!
//! stateright's breadth-first search may report a violation that is not the nearest. So the way
//! to a violation is looked for anew, one level after another.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use stateright::Model;

/// The actions that lead in the fewest steps from an initial state to one where `wanted` is
/// true. `None` if there is none among the `most` states nearest to the initial ones, or if
/// `go_on` ends the search before.
pub fn shortest<T: Model<State: Clone + Eq + Hash, Action: Clone>>(
    model: &T,
    most: usize,
    go_on: impl Fn() -> bool,
    wanted: impl Fn(&T::State) -> bool,
) -> Option<Vec<T::Action>> {
    // Each state met, and for each how it was first reached: from which, by what.
    let mut met: HashMap<T::State, usize> = HashMap::new();
    let mut reached: Vec<(T::State, Option<(usize, T::Action)>)> = Vec::new();
    for state in model.init_states() {
        met.insert(state.clone(), reached.len());
        reached.push((state, None));
    }
    let mut next = 0;
    let mut actions = Vec::new();
    while next < reached.len() && reached.len() < most && go_on() {
        let state = reached[next].0.clone();
        if wanted(&state) {
            return Some(way_to(&reached, next));
        }
        model.actions(&state, &mut actions);
        for action in actions.drain(..) {
            if let Some(successor) = model.next_state(&state, action.clone())
                && let Entry::Vacant(entry) = met.entry(successor.clone())
            {
                entry.insert(reached.len());
                reached.push((successor, Some((next, action))));
            }
        }
        next += 1;
    }
    None
}

fn way_to<S, A: Clone>(reached: &[(S, Option<(usize, A)>)], mut at: usize) -> Vec<A> {
    let mut way = Vec::new();
    while let Some((before, action)) = &reached[at].1 {
        way.push(action.clone());
        at = *before;
    }
    way.reverse();
    way
}

/// Fewer of these actions that still lead to a state where `wanted` is true: none of them can
/// be left out. `step` is the state after an action, and the action itself, or another that takes
/// its place where it is not possible; if there is none, the action is left out.
///
/// If the actions do not lead to such a state, they are returned as they are.
pub fn shrink<S: Clone, A: Clone>(
    initial: &S,
    mut actions: Vec<A>,
    step: impl Fn(&S, &A) -> Option<(A, S)>,
    wanted: impl Fn(&S) -> bool,
) -> Vec<A> {
    let mut chunk = actions.len().next_power_of_two();
    while chunk > 0 {
        let (mut start, before) = (0, actions.len());
        while start < actions.len() {
            let rest = [&actions[..start], &actions[(start + chunk).min(actions.len())..]].concat();
            match follow(initial.clone(), rest, &step, &wanted) {
                Some(fewer) => actions = fewer,
                None => start += chunk,
            }
        }
        // At single steps, go round until nothing more can be left out.
        if chunk > 1 || actions.len() == before {
            chunk /= 2;
        }
    }
    actions
}

/// Those of the actions that are possible one after another, up to the first state where
/// `wanted` is true. `None` if there is none.
fn follow<S, A>(
    mut state: S,
    actions: Vec<A>,
    step: &impl Fn(&S, &A) -> Option<(A, S)>,
    wanted: &impl Fn(&S) -> bool,
) -> Option<Vec<A>> {
    let mut taken = Vec::new();
    for action in actions {
        if wanted(&state) {
            break;
        }
        if let Some((action, next)) = step(&state, &action) {
            state = next;
            taken.push(action);
        }
    }
    wanted(&state).then_some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts up to 20 by steps of 1 or 5; a step of 7 is possible from 10 only.
    struct Counter;

    impl Model for Counter {
        type State = u32;
        type Action = u32;

        fn init_states(&self) -> Vec<u32> {
            vec![0]
        }

        fn actions(&self, state: &u32, actions: &mut Vec<u32>) {
            actions.extend([1, 5]);
            if *state == 10 {
                actions.push(7);
            }
        }

        fn next_state(&self, state: &u32, action: u32) -> Option<u32> {
            (state + action <= 20).then_some(state + action)
        }
    }

    #[test]
    fn the_shortest_way_has_the_fewest_steps() {
        assert_eq!(shortest(&Counter, 100, || true, |n| *n == 17), Some(vec![5, 5, 7]));
        assert_eq!(shortest(&Counter, 100, || true, |n| *n == 0), Some(vec![]));
        assert_eq!(shortest(&Counter, 100, || true, |n| *n == 21), None);
        assert_eq!(shortest(&Counter, 100, || false, |n| *n == 17), None);
        assert_eq!(shortest(&Counter, 3, || true, |n| *n == 17), None);
    }

    #[test]
    fn nothing_can_be_left_out_of_what_was_shrunk() {
        let step = |state: &u32, action: &u32| {
            let mut possible = Vec::new();
            Counter.actions(state, &mut possible);
            let next = possible.contains(action).then(|| Counter.next_state(state, *action)).flatten();
            next.map(|next| (*action, next))
        };
        let long = vec![1, 1, 1, 5, 1, 1, 7, 1, 1, 1];
        let short = shrink(&0, long.clone(), step, |n| *n >= 17);
        assert_eq!(short, [1, 1, 1, 5, 1, 1, 7]);
        // Without the goal nothing is left out.
        assert_eq!(shrink(&0, long.clone(), step, |n| *n > 20), long);
    }
}
