//! Counterexamples from which nothing can be left out.

use std::mem::discriminant;

use althing::machine::{Event, Machine};
use althing::observe::History;

use crate::cluster::{Action, Cluster, State};

impl<M: Machine, H: History<M>> Cluster<M, H> {
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
        shrink(&self.initial(), actions, step, wanted)
    }

    /// The action, if it is possible in this state, or else the last that is and is its like.
    fn possible_like(&self, state: &State, action: Action) -> Option<Action> {
        let mut possible = Vec::new();
        self.enabled(state, &mut possible);
        if possible.contains(&action) {
            return Some(action);
        }
        possible.into_iter().rev().find(|other| self.are_alike(state, *other, action))
    }

    /// Whether the same happens to the same node, but for what a message or an acknowledgement says,
    /// or how many of the writes behind a crash keeps. The first of the actions is possible.
    fn are_alike(&self, state: &State, a: Action, b: Action) -> bool {
        if let (Action::Restart(a, _), Action::Restart(b, _)) = (a, b) {
            return a == b;
        }
        let is_acknowledgement = self.acknowledges_in(state, a);
        let points = match (a, b) {
            (Action::StepThenCrash(_, p), Action::StepThenCrash(_, q)) => p == q,
            _ => discriminant(&a) == discriminant(&b),
        };
        let (Some(a), Some(b)) = (self.stimulus(a), self.stimulus(b)) else { return false };
        let events = match (&a.event, &b.event) {
            (Event::Message { from: a, message: m }, Event::Message { from: b, message: n }) => {
                a == b && discriminant(m) == discriminant(n)
            }
            (Event::Input(m), Event::Input(n)) => is_acknowledgement && discriminant(m) == discriminant(n),
            (Event::Message { .. } | Event::Timer(_) | Event::Input(_), _) => false,
        };
        points && a.node == b.node && events
    }
}

/// Fewer of these actions that still lead to a state where `wanted` is true: none of them can
/// be left out. `step` is the state after an action, and the action itself, or another that takes
/// its place where it is not possible; if there is none, the action is left out.
///
/// If the actions do not lead to such a state, they are returned as they are.
fn shrink<S: Clone, A: Clone>(
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
    use stateright::Model;

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
