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
}

impl<M: Machine> Default for Tamper<M> {
    /// The honest host.
    fn default() -> Self {
        Self { ignores: |_, _| false, performs: |ops| ops, reads: |disk| disk }
    }
}

impl<M: Machine> Cell<M> {
    /// Performs what concerns the node's own host, a write at once; messages and outputs go elsewhere.
    pub(crate) fn perform(&mut self, op: &Op<M>) {
        match op {
            Op::Write(write) => self.disk.apply(write),
            Op::Arm(timer) => {
                if let Err(place) = self.timers.binary_search(timer) {
                    self.timers.insert(place, *timer);
                }
            }
            Op::Disarm(timer) => self.timers.retain(|armed| armed != timer),
            Op::Sync | Op::Send { .. } | Op::Output(_) => {}
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
        let mut timers = self.timers.relabel(renaming);
        timers.sort_unstable();
        Self {
            node: self.node.relabel(renaming),
            config: self.config.relabel(renaming),
            machine: self.machine.relabel(renaming),
            disk: self.disk.relabel(renaming),
            behind: self.behind.relabel(renaming),
            synced: self.synced,
            timers,
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
