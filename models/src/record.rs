//! Actions of a cluster, as lines of a trace.

use althing::machine::Machine;
use althing::node::{NodeId, NodeSet};
use althing::observe::History;

use crate::cell::Stimulus;
use crate::cluster::{Action, Cluster, State};
use crate::trace::{Happening, Line, Trace};

impl<M: Machine, H: History<M>> Cluster<M, H> {
    /// These actions from the initial state, as a trace.
    pub fn trace(&self, actions: &[Action], property: &str) -> Trace<M> {
        let mut state = self.initial();
        let initial = self.view(&state).machines().map(|machine| (self.describe)(machine)).collect();
        let mut lines = Vec::new();
        for (step, action) in (1..).zip(actions) {
            let Some(next) = self.apply(&state, *action) else { break };
            let mut line = self.line(step, &state, *action);
            line.state = match action {
                Action::Lose(_) | Action::Cut(_) | Action::Heal | Action::Tick => String::new(),
                Action::Step(_) | Action::Duplicate(_) | Action::StepThenCrash(..) | Action::Restart(..) => {
                    (self.describe)(&self.tables.cells.get(self.cell(&next, line.node)).machine)
                }
            };
            lines.push(line);
            state = next;
        }
        Trace { property: property.to_owned(), nodes: self.nodes(), initial, lines, cycle: None }
    }

    /// A lasso: these actions from the initial state, and then those of the cycle for ever, as a
    /// trace.
    ///
    /// # Panics
    /// If there is no action in the cycle.
    pub fn lasso(&self, before: &[Action], cycle: &[Action], property: &str) -> Trace<M> {
        assert!(!cycle.is_empty(), "something must repeat");
        Trace { cycle: Some(before.len()), ..self.trace(&[before, cycle].concat(), property) }
    }

    /// An action in a state, as a line of a trace, without the state after it.
    pub(crate) fn line(&self, step: u64, state: &State, action: Action) -> Line<M> {
        let stimulus = |id: u32| self.tables.stimuli.get(id);
        let performed = |id: u32| self.tables.outcome(id).performed.clone();
        let network = NodeId::default();
        let (node, input, effects) = match action {
            Action::Step(id) => {
                let Stimulus { node, event } = stimulus(id);
                (*node, Happening::Event(event.clone()), performed(self.step(state, id)))
            }
            Action::Duplicate(id) => {
                let Stimulus { node, event } = stimulus(id);
                (*node, Happening::Duplicate(event.clone()), performed(self.step(state, id)))
            }
            Action::StepThenCrash(id, point) => {
                let Stimulus { node, event } = stimulus(id);
                let crashes = &self.tables.outcome(self.step(state, id)).crashes;
                let effects = crashes.get(usize::from(point)).map(|crash| performed(*crash));
                (*node, Happening::Crash(event.clone()), effects.unwrap_or_default())
            }
            Action::Restart(number, kept) => {
                let node = NodeId::new(number).unwrap_or_default();
                let outcome = self.restart(self.cell(state, node), kept);
                (node, Happening::Restart, outcome.map_or_else(Vec::new, performed))
            }
            Action::Lose(id) => {
                let Stimulus { node, event } = stimulus(id);
                (*node, Happening::Lose(event.clone()), Vec::new())
            }
            Action::Cut(side) => (network, Happening::Cut(NodeSet::from_bits(side.into())), Vec::new()),
            Action::Heal => (network, Happening::Heal, Vec::new()),
            Action::Tick => (network, Happening::Tick, Vec::new()),
        };
        Line { step, node, input, effects, state: String::new() }
    }

    /// Actions between representatives of symmetric states, as actions from the initial state
    /// with the nodes' own names.
    pub(crate) fn concrete(&self, actions: &[Action]) -> Vec<Action> {
        let mut state = self.initial();
        let mut concrete = Vec::new();
        for action in actions {
            let action = match self.representative(&state).1 {
                Some(renaming) => self.rename_action(*action, &renaming.inverse()),
                None => *action,
            };
            let Some(next) = self.apply(&state, action) else { break };
            concrete.push(action);
            state = next;
        }
        concrete
    }
}
