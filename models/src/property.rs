//! What must hold, and what a property can look at.

use althing::machine::Machine;
use althing::node::NodeId;
use althing::observe::{History, Step};

use crate::cell::{Cell, Stimulus};
use crate::cluster::{Cluster, MAX_NODES, State};
use crate::intern::Memo;
use crate::recover::Recovery;

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
    /// With the answers known so far, by the cells.
    Recoverable(Recovery<M>, Memo<[u32; MAX_NODES]>),
    Sometimes(Box<dyn Fn(&View<'_, M, H>) -> bool + Send + Sync>),
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
        matches!(self.condition, Condition::Recoverable(..))
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
            Condition::Recoverable(recovery, known) => {
                let cells = || self.view(state).cells().cloned().collect();
                known.answer(state.cells, |_| u32::from(recovery.succeeds(cells(), &self.tamper))) == 1
            }
        }
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

    /// A state with everything that its numbers stand for.
    pub fn view<'a>(&'a self, state: &'a State) -> View<'a, M, H> {
        View { cluster: self, state }
    }
}

/// A state of the cluster, to be looked at.
pub struct View<'a, M: Machine, H: History<M>> {
    cluster: &'a Cluster<M, H>,
    state: &'a State,
}

impl<'a, M: Machine, H: History<M>> View<'a, M, H> {
    /// The nodes with the hosts' part of their states.
    pub fn cells(&self) -> impl Iterator<Item = &'a Cell<M>> + Clone + use<'a, M, H> {
        let (tables, nodes) = (&self.cluster.tables, self.cluster.configs.len());
        self.state.cells[..nodes].iter().map(|cell| tables.cells.get(*cell))
    }

    /// The machines, with the names of their nodes.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &'a M)> + Clone + use<'a, M, H> {
        self.cells().map(|cell| (cell.node, &cell.machine))
    }

    /// The machines, in the order of the nodes.
    pub fn machines(&self) -> impl Iterator<Item = &'a M> + Clone + use<'a, M, H> {
        self.cells().map(|cell| &cell.machine)
    }

    /// The messages in the network, each as the event of its arrival.
    pub fn network(&self) -> impl Iterator<Item = &'a Stimulus<M>> + use<'a, M, H> {
        let tables = &self.cluster.tables;
        self.state.network.iter().map(|message| tables.stimuli.get(message))
    }

    /// What the observer remembers.
    pub fn history(&self) -> &'a H {
        self.cluster.tables.histories.get(self.state.history)
    }
}
