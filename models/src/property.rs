//! What must hold, and what a property can look at.

use std::ops::Deref;

use althing::machine::Machine;
use althing::node::NodeId;
use althing::observe::{History, Step};

use crate::cell::{Cell, Stimulus};
use crate::cluster::{Cluster, State};
use crate::goal::{Goal, How};
use crate::recover::Recovery;
use crate::tables::{Nodes, Tables};

/// A named property.
pub(crate) struct Property<M: Machine, H: History<M>> {
    pub(crate) name: &'static str,
    pub(crate) condition: Condition<M, H>,
}

pub(crate) enum Condition<M: Machine, H: History<M>> {
    /// The kit's own: see [`Cluster::new`].
    Contract,
    /// The kit's own: a message that was dropped as dead changes nothing when it arrives.
    DeadIsDead,
    Step(Box<dyn Fn(&Step<'_, M>) -> bool + Send + Sync>),
    Always(Box<dyn Fn(&View<'_, M, H>) -> bool + Send + Sync>),
    Recoverable(Recovery<M>),
    Sometimes(Box<dyn Fn(&Scene<'_, M, H>) -> bool + Send + Sync>),
}

impl<M: Machine, H: History<M>> Property<M, H> {
    /// The property with bit 0 of [`State::violated`].
    pub(crate) fn contract() -> Self {
        Self { name: "Contract", condition: Condition::Contract }
    }

    pub(crate) fn dead_is_dead() -> Self {
        Self { name: "DeadIsDead", condition: Condition::DeadIsDead }
    }

    pub(crate) fn is_witness(&self) -> bool {
        matches!(self.condition, Condition::Sometimes(_))
    }

    pub(crate) fn is_liveness(&self) -> bool {
        matches!(self.condition, Condition::Recoverable(_))
    }

    /// Whether it is about the kit, and not about the machines.
    pub(crate) fn is_of_kit(&self) -> bool {
        matches!(self.condition, Condition::Contract | Condition::DeadIsDead)
    }

    /// Whether it looks at the nodes and at what the observer remembers, and at nothing else.
    pub(crate) fn is_of_nodes(&self) -> bool {
        matches!(self.condition, Condition::Always(_) | Condition::Recoverable(_))
    }
}

impl<M: Machine, H: History<M>> Cluster<M, H> {
    /// Whether property `index` is true of this state: for a witness, whether this is one.
    pub(crate) fn is_true(&self, index: usize, state: &State) -> bool {
        match &self.properties[index].condition {
            Condition::Contract | Condition::DeadIsDead | Condition::Step(_) => {
                state.violated & (1 << index) == 0
            }
            Condition::Always(holds) => holds(&self.view(state)),
            Condition::Sometimes(happens) => happens(&self.view(state)),
            Condition::Recoverable(recovery) => {
                recovery.succeeds(self.view(state).cells().cloned().collect(), &self.host)
            }
        }
    }

    /// Of the properties asked for, as bits, the invariants that are false of this state and the
    /// witnesses that it is.
    pub(crate) fn judge(&self, state: &State, asked: u64) -> u64 {
        let mut decided = (state.violated | self.nodes_violate(state)) & asked;
        let mut witnesses = self.witnesses & asked;
        while witnesses != 0 {
            let i = witnesses.trailing_zeros() as usize;
            decided |= u64::from(self.is_true(i, state)) << i;
            witnesses &= witnesses - 1;
        }
        decided
    }

    /// The invariants of nodes that are violated in this state, as bits. They are asked once for
    /// all states that differ in nothing but their networks.
    pub(crate) fn nodes_violate(&self, state: &State) -> u64 {
        *self.tables.nodes.derived(state.nodes).violated.get_or_init(|| {
            let of_nodes = self.properties.iter().enumerate().filter(|(_, p)| p.is_of_nodes());
            of_nodes.fold(0, |violated, (i, _)| violated | u64::from(!self.is_true(i, state)) << i)
        })
    }

    /// The names of the properties that are invariants and violated in this state.
    pub fn violated(&self, state: &State) -> Vec<&'static str> {
        self.broken(state, |property| !property.is_witness())
    }

    /// The same without recoverability, which takes a run of many rounds to tell: for walks so
    /// long that it cannot be asked of every state.
    pub fn violated_safety(&self, state: &State) -> Vec<&'static str> {
        self.broken(state, |property| !property.is_witness() && !property.is_liveness())
    }

    /// Whether this state violates the invariant of this name. Asks no other property.
    pub fn violates(&self, state: &State, name: &str) -> bool {
        !self.broken(state, |property| property.name == name && !property.is_witness()).is_empty()
    }

    fn broken(&self, state: &State, asked: impl Fn(&Property<M, H>) -> bool) -> Vec<&'static str> {
        let properties = self.properties.iter().enumerate();
        let broken = properties.filter(|(index, property)| asked(property) && !self.is_true(*index, state));
        broken.map(|(_, property)| property.name).collect()
    }

    /// The goal of this name.
    fn goal(&self, name: &str) -> Option<&Goal<M>> {
        self.liveness.iter().flat_map(|liveness| &liveness.goals).find(|goal| goal.name == name)
    }

    /// Whether there is a goal of this name.
    pub(crate) fn is_goal(&self, name: &str) -> bool {
        self.goal(name).is_some()
    }

    /// Whether to go through these states for ever misses the goal of this name.
    pub(crate) fn misses(&self, name: &str, states: &[State]) -> bool {
        let reached =
            |goal: &Goal<M>, state| (goal.reached)(&self.view(state).machines().collect::<Vec<_>>());
        self.goal(name).is_some_and(|goal| match goal.how {
            How::Eventually => !states.iter().any(|state| reached(goal, state)),
            How::AtLast => !states.iter().all(|state| reached(goal, state)),
        })
    }

    /// Whether no timer is armed, so that nothing happens once all messages have arrived.
    pub(crate) fn stands_still(&self, state: &State) -> bool {
        self.view(state).cells().all(|cell| cell.timers.is_empty())
    }

    /// A state with everything that its numbers stand for.
    pub fn view<'a>(&'a self, state: &'a State) -> Scene<'a, M, H> {
        let Nodes { cells, history } = self.tables.nodes.get(state.nodes);
        let view = View { tables: &self.tables, cells: &cells[..self.configs.len()], history: *history };
        Scene { view, state }
    }
}

/// The nodes and what happened to them, to be looked at.
pub struct View<'a, M: Machine, H: History<M>> {
    tables: &'a Tables<M, H>,
    cells: &'a [u32],
    history: u32,
}

impl<'a, M: Machine, H: History<M>> View<'a, M, H> {
    /// The nodes with the hosts' part of their states.
    pub fn cells(&self) -> impl Iterator<Item = &'a Cell<M>> + Clone + use<'a, M, H> {
        let tables = self.tables;
        self.cells.iter().map(|cell| tables.cells.get(*cell))
    }

    /// The machines, with the names of their nodes.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &'a M)> + Clone + use<'a, M, H> {
        self.cells().map(|cell| (cell.node, &cell.machine))
    }

    /// The machines, in the order of the nodes.
    pub fn machines(&self) -> impl Iterator<Item = &'a M> + Clone + use<'a, M, H> {
        self.cells().map(|cell| &cell.machine)
    }

    /// What the observer remembers.
    pub fn history(&self) -> &'a H {
        self.tables.histories.get(self.history)
    }
}

/// A [`View`] and the network.
///
/// Only a witness may look at the network. What is in it depends on how it is modelled: a message
/// that can change nothing any more is forgotten, and one that was lost may still be there. So an
/// invariant of messages is one of the steps that send them, or of what the observer remembers.
pub struct Scene<'a, M: Machine, H: History<M>> {
    view: View<'a, M, H>,
    state: &'a State,
}

impl<'a, M: Machine, H: History<M>> Scene<'a, M, H> {
    /// The messages in the network, each as the event of its arrival.
    pub fn network(&self) -> impl Iterator<Item = &'a Stimulus<M>> + use<'a, M, H> {
        let tables = self.view.tables;
        self.state.network.iter().map(|message| tables.stimuli.get(message))
    }
}

impl<'a, M: Machine, H: History<M>> Deref for Scene<'a, M, H> {
    type Target = View<'a, M, H>;

    fn deref(&self) -> &View<'a, M, H> {
        &self.view
    }
}
