//! A cluster of machines, their network and their faults, as one model to explore.
//!
//! Say what there is, what may go wrong and what must hold, and explore it:
//!
//! ```no_run
//! # use althing::{NodeId, NodeSet, raft::election::{Config, Election}};
//! # use althing_models::{Limits, cluster::Cluster};
//! # let configs = [0, 1, 2].map(|i| Config::new(NodeId::new(i).unwrap(), NodeSet::first(3)).unwrap());
//! let report = Cluster::<Election>::new(configs)
//!     .crashes(1)
//!     .environment(|node, _| node.term().get() < 2)
//!     .always("OneLeader", |view| view.nodes().filter(|(_, node)| node.is_leader()).count() <= 1)
//!     .check(&Limits::default());
//! ```
//!
//! # What can happen
//!
//! In each state, any armed timer may expire, any input may be given (both as far as the
//! [environment](Cluster::environment) allows), any message in the [network](Network) may arrive,
//! and as far as their [budgets](Faults) last, a node may crash, also between any two effects of
//! a step, and the network may lose and repeat messages and be cut in two. Where it matters how long a
//! timer takes, the cluster has [time](crate::time), which passes in ticks.

use althing::machine::{Event, Machine, WriteOf};
use althing::node::{NodeId, NodeSet, Relabel};
use althing::observe::{History, Step};

use crate::budget::Budgets;
use crate::cell::{Symmetric, Tamper};
use crate::goal::Liveness;
use crate::host::Host;
use crate::messages::Messages;
use crate::property::{Condition, Property, Scene, View};
use crate::recover::Recovery;
use crate::symmetry::Symmetry;
use crate::tables::Tables;

/// The most nodes that a cluster under check can have.
pub const MAX_NODES: usize = 9;

/// The most properties that a cluster can have, `Contract` and `DeadIsDead` among them.
pub const MAX_PROPERTIES: usize = u64::BITS as usize;

/// The most transitions that can be told apart.
const MAX_TRANSITIONS: usize = u64::BITS as usize;

/// How messages travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Network {
    /// Whatever was sent may arrive, at any time, in any order, any number of times, or never:
    /// loss, repetition, delay, reordering and partitions without bound. Messages only
    /// accumulate, so there are few networks; those that are [dead](Cluster::dead) are removed.
    #[default]
    Monotone,
    /// A message is in flight until it arrives, or is lost; loss, repetition and cuts have
    /// budgets. A message that is sent while an equal one is in flight joins it. This is the
    /// unreduced twin of `Monotone`: it has far more states for fewer behaviours, and shows that
    /// the reductions hide nothing.
    InFlight,
}

/// How often each fault may still happen; [`Faults::ENDLESS`] is as often as you like.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Faults {
    /// Crashes of any node, each followed by a restart from the disk.
    pub crashes: u8,
    /// Messages lost; with [`Network::Monotone`] loss has no bound.
    pub losses: u8,
    /// Messages that arrive and stay in flight; with [`Network::Monotone`] without bound.
    pub duplicates: u8,
    /// Times the network is cut in two; with [`Network::Monotone`] a message that does not
    /// arrive is as good as cut off.
    pub cuts: u8,
}

impl Faults {
    /// A budget that is never used up. It does not count down, so states that differ only in how
    /// many faults led to them are one: with bounded terms there are finitely many.
    pub const ENDLESS: u8 = u8::MAX;

    /// All four in one number: different budgets rarely have the same.
    pub(crate) fn mixed(self) -> u32 {
        let Self { crashes, losses, duplicates, cuts } = self;
        u32::from_le_bytes([crashes, losses, duplicates, cuts]).wrapping_mul(0x9e37_79b1)
    }

    /// What is left of a budget after one fault; `None` if nothing was left before.
    pub(crate) fn spend(left: u8) -> Option<u8> {
        if left == Self::ENDLESS { Some(left) } else { left.checked_sub(1) }
    }
}

/// A state of the whole cluster: a small number in place of its nodes, and bits in place of its
/// messages.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct State {
    /// The [`Nodes`](crate::tables::Nodes), by number.
    pub(crate) nodes: u32,
    pub(crate) network: Messages,
    /// Bit `i`: the last change violated property `i`, which speaks of single steps.
    pub(crate) violated: u64,
    pub(crate) left: Faults,
    pub(crate) budgets: Budgets,
    /// One side of the cut, as bits of nodes; 0 if the network is whole.
    pub(crate) cut: u16,
}

impl State {
    /// The same with nothing in the network.
    #[inline]
    pub(crate) fn but_network(&self) -> Self {
        Self { network: Messages::default(), ..*self }
    }

    /// Whether it differs from the other in nothing but the network.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let rest = |state: &Self| (state.nodes, state.violated, state.left, state.budgets, state.cut);
        rest(self) == rest(other)
    }
}

/// What may happen next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// A message arrives, a timer expires or an input is given, by number.
    Step(u32),
    /// A message arrives and stays in flight.
    Duplicate(u32),
    /// The step is made, and its node crashes before the next of its writes, or, unreduced,
    /// before its next effect: which one, from 0.
    StepThenCrash(u32, u8),
    /// A node crashes and restarts, between steps. Of the writes behind that were not on its disk,
    /// so many, from the first, are when it starts again.
    Restart(u8, u8),
    /// A message in flight is lost.
    Lose(u32),
    /// The network is cut between these nodes, as bits, and the others.
    Cut(u16),
    /// The network is whole again.
    Heal,
    /// Time goes on.
    Tick,
}

/// Some machines of one kind, what may happen to them, and what must hold. See the
/// [module](self).
pub struct Cluster<M: Machine, H: History<M> = ()> {
    pub(crate) configs: Vec<M::Config>,
    pub(crate) network: Network,
    pub(crate) faults: Faults,
    pub(crate) inputs: Vec<M::Input>,
    /// What happens first, before anything else can.
    pub(crate) first: Vec<(NodeId, M::Input)>,
    pub(crate) budgets: Budgets,
    /// Which budget an event spends; `None` if there are none.
    pub(crate) spends: Option<Box<Spends<M>>>,
    /// Which budget a crash of a node spends.
    pub(crate) crash_spends: fn(NodeId) -> Option<usize>,
    pub(crate) environment: Box<dyn Fn(&M, &Event<M>) -> bool + Send + Sync>,
    pub(crate) dead: Option<Box<Dead<M>>>,
    /// Which outputs are but notes.
    pub(crate) is_note: fn(&M::Output) -> bool,
    pub(crate) transitions: Vec<&'static str>,
    pub(crate) label: Box<dyn Fn(&Step<'_, M>) -> &'static str + Send + Sync>,
    pub(crate) describe: Box<dyn Fn(&M) -> String + Send + Sync>,
    pub(crate) host: Host<M>,
    pub(crate) properties: Vec<Property<M, H>>,
    /// Bit `i`: property `i` is a witness.
    pub(crate) witnesses: u64,
    pub(crate) liveness: Option<Liveness<M>>,
    pub(crate) symmetry: Option<Symmetry<M, H>>,
    pub(crate) tables: Tables<M, H>,
}

/// Which budget an event spends, if any.
type Spends<M> = dyn Fn(&Event<M>) -> Option<usize> + Send + Sync;

/// Whether a message can no longer change its receiver, who is in this state.
type Dead<M> = dyn Fn(&<M as Machine>::Message, NodeId, &M) -> bool + Send + Sync;

impl<M: Machine, H: History<M>> Cluster<M, H> {
    /// A cluster of machines started with these configurations: the first is that of node 0,
    /// and so on.
    ///
    /// Whatever the machine, one property is always checked: `Contract`, that no step panics,
    /// that a step made twice does the same twice, that nobody writes to itself or to a node that
    /// does not exist, and that what the machine says is on its disk has been written there.
    ///
    /// # Panics
    /// With no configuration, or more than [`MAX_NODES`].
    pub fn new(configs: impl IntoIterator<Item = M::Config>) -> Self {
        let configs: Vec<_> = configs.into_iter().collect();
        assert!((1..=MAX_NODES).contains(&configs.len()), "a cluster has 1 to {MAX_NODES} nodes");
        let tables = Tables::new(configs.len());
        Self {
            configs,
            network: Network::default(),
            faults: Faults::default(),
            inputs: Vec::new(),
            first: Vec::new(),
            budgets: Budgets::default(),
            spends: None,
            crash_spends: |_| None,
            environment: Box::new(|_, _| true),
            dead: None,
            is_note: |_| false,
            transitions: Vec::new(),
            label: Box::new(|_| ""),
            describe: Box::new(|machine| format!("{machine:?}")),
            host: Host::default(),
            properties: vec![Property::contract()],
            witnesses: 0,
            liveness: None,
            symmetry: None,
            tables,
        }
    }

    /// How messages travel; [`Network::Monotone`] unless said otherwise.
    #[must_use]
    pub fn network(self, network: Network) -> Self {
        Self { network, ..self }
    }

    /// How often each fault may happen; never unless said otherwise.
    #[must_use]
    pub fn faults(self, faults: Faults) -> Self {
        Self { faults, ..self }
    }

    /// How many crashes may happen, each at any moment, also between two effects of a step.
    ///
    /// With [`Network::Monotone`] a crash between a write and a message that follows it is not
    /// tried by itself: it differs from a crash after the message by that message alone, which
    /// may as well never arrive.
    /// So a [`History`] sees the effects after the last write either all or not at
    /// all: what it concludes from one of them must not depend on another that follows. The
    /// effects of a start are performed as a whole.
    ///
    /// When it is explored, a step with more than 256 points to crash at is a panic.
    #[must_use]
    pub fn crashes(mut self, crashes: u8) -> Self {
        self.faults.crashes = crashes;
        self
    }

    /// What the application may ask for: each of these, of any node, at any time.
    #[must_use]
    pub fn inputs(self, inputs: impl IntoIterator<Item = M::Input>) -> Self {
        Self { inputs: inputs.into_iter().collect(), ..self }
    }

    /// What these nodes are asked first, one after another, before anything else can happen: what
    /// they send meanwhile is in the network of the initial state. The environment and the budgets
    /// have no say in it.
    #[must_use]
    pub fn first(self, inputs: impl IntoIterator<Item = (NodeId, M::Input)>) -> Self {
        Self { first: inputs.into_iter().collect(), ..self }
    }

    /// How often timers and inputs of some kinds may happen in the whole run, whichever the node: up
    /// to four budgets, and which of them a timer or an input spends, if any. What cannot be paid
    /// for does not happen. [`Budgets::ENDLESS`] is as often as you like, and does not count down.
    ///
    /// An event spends its budget whatever comes of it; where nothing does, the
    /// [environment](Self::environment) should forbid it, or there are states that differ in
    /// nothing else. Messages and acknowledgements spend nothing. Once faults have ended, timers
    /// expire whatever is left, as they do whatever the environment allows.
    ///
    /// # Panics
    /// With more than four budgets.
    #[must_use]
    pub fn budgets(
        self,
        budgets: impl IntoIterator<Item = u8>,
        spends: impl Fn(&Event<M>) -> Option<usize> + Send + Sync + 'static,
    ) -> Self {
        Self { budgets: Budgets::new(budgets), spends: Some(Box::new(spends)), ..self }
    }

    /// Which of the [budgets](Self::budgets) a crash of this node spends, if any, besides that of all
    /// [crashes](Self::crashes): for nodes that are not alike.
    #[must_use]
    pub fn crashes_spend(self, crash_spends: fn(NodeId) -> Option<usize>) -> Self {
        Self { crash_spends, ..self }
    }

    /// Says how the host acknowledges writes that no sync follows, those of
    /// [`Persistent::record_behind`](althing::outbox::Persistent::record_behind): by which input of
    /// the node it says that this write, and every one before it, is durable. `None` if it says
    /// nothing about it. Without this all writes are durable at once.
    ///
    /// The acknowledgement of the first write behind can come at any time, whatever the
    /// [environment](Self::environment) allows; before it, or before the next sync, the write is on
    /// no disk. A crash leaves the first few of the writes behind on the disk, each number of them
    /// that is possible. A sync makes all of them durable, but their acknowledgements are still to
    /// come; of the writes of its own drain the machine is not told.
    ///
    /// Observers see a write when it reaches the disk: in the step of its acknowledgement, before a
    /// sync, or in the crash that it survives. So [`Step::disk`](althing::observe::Step::disk),
    /// [`Step::sends`](althing::observe::Step::sends) and [`Cell::disk`](crate::cell::Cell::disk)
    /// show what is durable.
    #[must_use]
    pub fn acknowledges(
        mut self,
        by: impl Fn(&WriteOf<M>) -> Option<M::Input> + Send + Sync + 'static,
    ) -> Self {
        self.host.acknowledges = Some(Box::new(by));
        self
    }

    /// Which timers may expire and which inputs may be given, by the state of the node. This is
    /// where an exploration is bounded: a bound on what the environment does loses no behaviour
    /// within the bound, while a bound on the depth of the search would.
    #[must_use]
    pub fn environment(self, allows: impl Fn(&M, &Event<M>) -> bool + Send + Sync + 'static) -> Self {
        Self { environment: Box::new(allows), ..self }
    }

    /// Which messages can be forgotten, given their sender and the present state of their
    /// receiver: those that change nothing on arrival, and never will. The kit checks the
    /// first half on every message that it drops, as the property `DeadIsDead`.
    #[must_use]
    pub fn dead(mut self, dead: impl Fn(&M::Message, NodeId, &M) -> bool + Send + Sync + 'static) -> Self {
        self.dead = Some(Box::new(dead));
        self.add(Property::dead_is_dead())
    }

    /// Which outputs are but notes to whoever reads the host's log, such as that something was refused:
    /// a step that changes nothing and does nothing else is one of which nothing comes. Observers may
    /// not see it, so what they conclude must not depend on notes.
    #[must_use]
    pub fn notes(self, is_note: fn(&M::Output) -> bool) -> Self {
        Self { is_note, ..self }
    }

    /// The names of all transitions of the machine, and which of them a step is. An exploration
    /// reports those that it never saw.
    ///
    /// # Panics
    /// With more than 64 transitions.
    #[must_use]
    pub fn transitions(
        self,
        names: Vec<&'static str>,
        label: impl Fn(&Step<'_, M>) -> &'static str + Send + Sync + 'static,
    ) -> Self {
        assert!(names.len() <= MAX_TRANSITIONS, "at most {MAX_TRANSITIONS} transitions");
        Self { transitions: names, label: Box::new(label), ..self }
    }

    /// How to print a machine in a story; with `Debug` unless said otherwise.
    #[must_use]
    pub fn describe(self, describe: impl Fn(&M) -> String + Send + Sync + 'static) -> Self {
        Self { describe: Box::new(describe), ..self }
    }

    /// Lets a dishonest host run the machines, for mutants.
    #[must_use]
    pub fn tamper(mut self, tamper: Tamper<M>) -> Self {
        self.host.tamper = tamper;
        self
    }

    /// An invariant of all states.
    ///
    /// # Panics
    /// Like the other methods that add a property, with more than [`MAX_PROPERTIES`].
    #[must_use]
    pub fn always(
        self,
        name: &'static str,
        holds: impl Fn(&View<'_, M, H>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.property(name, Condition::Always(Box::new(holds)))
    }

    /// An invariant of all steps of single nodes, restarts included.
    #[must_use]
    pub fn each_step(
        self,
        name: &'static str,
        holds: impl Fn(&Step<'_, M>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.property(name, Condition::Step(Box::new(holds)))
    }

    /// Something that must be possible: the witness that an invariant speaks of anything.
    #[must_use]
    pub fn sometimes(
        self,
        name: &'static str,
        happens: impl Fn(&Scene<'_, M, H>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.property(name, Condition::Sometimes(Box::new(happens)))
    }

    /// Liveness as an invariant: from every state the cluster recovers once faults end.
    #[must_use]
    pub fn recoverable(self, name: &'static str, recovery: Recovery<M>) -> Self {
        self.property(name, Condition::Recoverable(recovery))
    }

    /// What must be reached once faults end, by every fair run: see
    /// [`check_liveness`](Self::check_liveness).
    #[must_use]
    pub fn live(self, liveness: Liveness<M>) -> Self {
        Self { liveness: Some(liveness), ..self }
    }

    /// Treats states that differ only in the names of the nodes as one. Sound if the properties
    /// and the environment do not speak of particular nodes.
    ///
    /// # Panics
    /// With more than six nodes, whose permutations are too many; when it is explored with
    /// another network than [`Network::Monotone`], or with cuts.
    #[must_use]
    pub fn symmetric(self) -> Self
    where
        M: Symmetric,
        H: Relabel,
    {
        let symmetry = Some(Symmetry::new(self.configs.len()));
        Self { symmetry, ..self }
    }

    /// The nodes.
    pub fn nodes(&self) -> NodeSet {
        NodeSet::first(self.configs.len() as u8)
    }

    /// Forgets all that was seen so far. States and actions from before mean nothing any more.
    pub(crate) fn forget(&mut self) {
        self.tables = Tables::new(self.configs.len());
        if let Some(symmetry) = &mut self.symmetry {
            symmetry.forget();
        }
    }

    /// The same with no property but this one, and those of the kit itself: asking the others
    /// takes time.
    #[must_use]
    pub(crate) fn only(mut self, name: &str) -> Self {
        let properties = std::mem::take(&mut self.properties);
        self.witnesses = 0;
        let kept = properties.into_iter().filter(|property| property.name == name || property.is_of_kit());
        kept.fold(self, Self::add)
    }

    fn property(self, name: &'static str, condition: Condition<M, H>) -> Self {
        self.add(Property { name, condition })
    }

    /// The properties of a state are the bits of a number.
    fn add(mut self, property: Property<M, H>) -> Self {
        assert!(self.properties.len() < MAX_PROPERTIES, "a cluster has at most {MAX_PROPERTIES} properties");
        self.witnesses |= u64::from(property.is_witness()) << self.properties.len();
        self.properties.push(property);
        self
    }
}
