//! One node of a cluster under check, and what may happen to it.

use althing::machine::{Durable, Event, Machine, WriteOf};
use althing::node::{NodeId, Relabel, Renaming};
use althing::outbox::Op;

/// A node: the machine, and what its host keeps for it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Cell<M: Machine> {
    /// The node.
    pub node: NodeId,
    /// What it is told at each start.
    pub config: M::Config,
    /// Its memory.
    pub machine: M,
    /// Its disk: every write that is durable.
    pub disk: M::Durable,
    /// Writes behind: those that no sync followed in their drain and that the machine has not been
    /// told of yet, in order. None, unless the cluster [acknowledges](crate::Cluster::acknowledges).
    pub behind: Vec<WriteOf<M>>,
    /// How many of those, from the first, are on the disk, by a later sync.
    pub synced: usize,
    /// Its armed timers, ascending.
    pub timers: Vec<M::Timer>,
    /// In a cluster with [time](crate::time), for each of these timers a clock, in ticks: how long it
    /// is until its deadline, or, if it has none, until it can expire. Without time, none.
    pub clocks: Vec<u16>,
}

/// A host that does not do what it is told, to show that the invariants notice.
///
/// The machines that are checked are those that ship; all that is wrong is how they are hosted.
#[derive(Clone, Copy, Debug)]
pub struct Tamper<M: Machine> {
    /// Which events it keeps from the machine.
    pub ignores: fn(&M, &Event<M>) -> bool,
    /// What it performs of a step's operations, and in which order.
    pub performs: fn(Vec<Op<M>>) -> Vec<Op<M>>,
    /// What it reads from a disk with these contents at a restart.
    pub reads: fn(M::Durable) -> M::Durable,
    /// How many ticks it lets a timer expire after its deadline, in a cluster with
    /// [time](crate::time).
    pub tardy: fn(&M::Timer) -> u16,
}

impl<M: Machine> Default for Tamper<M> {
    /// The honest host.
    fn default() -> Self {
        Self { ignores: |_, _| false, performs: |ops| ops, reads: |disk| disk, tardy: |_| 0 }
    }
}

impl<M: Machine> Cell<M> {
    /// The timer runs from now on. With time, that is what its clock shows.
    pub(crate) fn arm(&mut self, timer: M::Timer, clock: Option<u16>) {
        let found = self.timers.binary_search(&timer);
        let place = found.unwrap_or_else(|place| place);
        if found.is_err() {
            self.timers.insert(place, timer);
        }
        match clock {
            Some(clock) if found.is_err() => self.clocks.insert(place, clock),
            Some(clock) => self.clocks[place] = clock,
            None => {}
        }
    }

    /// The timer runs no longer.
    pub(crate) fn disarm(&mut self, timer: &M::Timer) {
        let Ok(place) = self.timers.binary_search(timer) else { return };
        self.timers.remove(place);
        if !self.clocks.is_empty() {
            self.clocks.remove(place);
        }
    }
}

/// An event and the node that it is for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Stimulus<M: Machine> {
    /// Whom it concerns.
    pub node: NodeId,
    /// What happens.
    pub event: Event<M>,
}

/// A machine of which every part can be told new names for the nodes.
pub trait Symmetric:
    Machine<
        Config: Relabel,
        Durable: Durable<Write: Relabel> + Relabel,
        Input: Relabel,
        Message: Relabel,
        Timer: Relabel,
    > + Relabel
{
}

impl<M> Symmetric for M where
    M: Machine<
            Config: Relabel,
            Durable: Durable<Write: Relabel> + Relabel,
            Input: Relabel,
            Message: Relabel,
            Timer: Relabel,
        > + Relabel
{
}

impl<M: Symmetric> Relabel for Cell<M> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        let mut order: Vec<_> = self.timers.relabel(renaming).into_iter().zip(0..).collect();
        order.sort_unstable();
        let clocks = |(_, place): &(_, usize)| self.clocks.get(*place).copied();
        Self {
            node: self.node.relabel(renaming),
            config: self.config.relabel(renaming),
            machine: self.machine.relabel(renaming),
            disk: self.disk.relabel(renaming),
            behind: self.behind.relabel(renaming),
            synced: self.synced,
            clocks: order.iter().filter_map(clocks).collect(),
            timers: order.into_iter().map(|(timer, _)| timer).collect(),
        }
    }
}

impl<M: Symmetric> Relabel for Stimulus<M> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        let event = match &self.event {
            Event::Message { from, message } => {
                Event::Message { from: from.relabel(renaming), message: message.relabel(renaming) }
            }
            Event::Timer(timer) => Event::Timer(timer.relabel(renaming)),
            Event::Input(input) => Event::Input(input.relabel(renaming)),
        };
        Self { node: self.node.relabel(renaming), event }
    }
}
