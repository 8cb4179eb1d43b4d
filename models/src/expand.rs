//! A cluster as the engine searches it: the successors of many states at once.
//!
//! Most states differ in nothing but their networks. So those whose nodes are the same are taken
//! together: what can happen to the nodes, and what it does to any network, is looked up once
//! for all of them, and what is left to do for each is a few operations on words of bits.

use althing::machine::Machine;
use althing::observe::History;

use crate::cluster::{Action, Cluster, Network, State};
use crate::engine::{Claim, Space};
use crate::messages::split;
use crate::property::Property;
use crate::transition::Effect;

impl<M: Machine, H: History<M>> Space for Cluster<M, H> {
    type State = State;
    type Action = Action;

    fn initial(&self) -> Vec<State> {
        vec![Cluster::initial(self)]
    }

    fn expand(&self, states: &[State], visit: &mut impl FnMut(usize, u32, State)) {
        // Those that are alike come to stand together; if others stand between, no harm is done.
        let key = |state: &State| u64::from(state.nodes ^ state.left.mixed() ^ state.budgets.mixed()) << 32;
        let mut order: Vec<u64> = (0..).zip(states).map(|(i, state)| key(state) | i).collect();
        order.sort_unstable();
        let order: Vec<usize> = order.into_iter().map(|key| key as u32 as usize).collect();
        for group in order.chunk_by(|a, b| states[*a].is_like(&states[*b])) {
            if self.network == Network::Monotone && states[group[0]].violated == 0 {
                self.expand_together(states, group, visit);
            } else {
                self.expand_singly(states, group, visit);
            }
        }
    }

    fn action(&self, state: &State, number: u32) -> Option<Action> {
        let mut actions = Vec::new();
        self.enabled(state, &mut actions);
        actions.get(number as usize).copied()
    }

    fn represent(&self, state: &State) -> Option<State> {
        (!self.is_representative(state)).then(|| self.representative(state).0)
    }

    fn claims(&self) -> Vec<Claim> {
        let claim =
            |property: &Property<M, H>| Claim { name: property.name, is_witness: property.is_witness() };
        self.properties.iter().map(claim).collect()
    }

    fn decide(&self, state: &State, asked: u64) -> u64 {
        self.judge(state, asked)
    }
}

/// Something that can happen to the nodes of a group of states.
struct Move {
    /// The message that has to be in the network, as a word and a bit there.
    needs: Option<(usize, u64)>,
    /// What comes of it, if anything does.
    effect: Option<Effect>,
}

impl<M: Machine, H: History<M>> Cluster<M, H> {
    /// States that differ in their networks alone.
    fn expand_together(&self, states: &[State], group: &[usize], visit: &mut impl FnMut(usize, u32, State)) {
        // With every message that one of them has: each can do some of what this one can.
        let mut all = states[group[0]].clone();
        for i in &group[1..] {
            states[*i].network.words().for_each(|(word, bits)| all.network.add(word, bits));
        }
        let mut actions = Vec::new();
        self.enabled(&all, &mut actions);
        let moves: Vec<_> = actions.iter().map(|action| self.planned(&all, *action)).collect();
        for i in group {
            let state = &states[*i];
            let possible = moves
                .iter()
                .filter(|m| m.needs.is_none_or(|(word, bit)| state.network.word(word) & bit != 0));
            for (number, Move { effect, .. }) in (0..).zip(possible) {
                let Some(effect) = effect else { continue };
                if effect.changes(state) {
                    visit(*i, number, effect.on(state));
                }
            }
        }
    }

    fn planned(&self, state: &State, action: Action) -> Move {
        let needs = match action {
            Action::Step(stimulus) | Action::StepThenCrash(stimulus, _) => {
                state.network.contains(stimulus).then(|| split(stimulus))
            }
            Action::Duplicate(_) | Action::Lose(_) | Action::Cut(_) | Action::Heal => None,
            Action::Restart(..) | Action::Tick => None,
        };
        Move { needs, effect: self.effect(state, action) }
    }

    fn expand_singly(&self, states: &[State], group: &[usize], visit: &mut impl FnMut(usize, u32, State)) {
        let mut actions = Vec::new();
        for i in group {
            let state = &states[*i];
            self.enabled(state, &mut actions);
            for (number, action) in (0..).zip(actions.drain(..)) {
                if let Some(next) = self.apply(state, action)
                    && next != *state
                {
                    visit(*i, number, next);
                }
            }
        }
    }
}
