//! Everything that an exploration has seen so far, each thing once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use althing::machine::Machine;
use althing::node::NodeId;
use althing::observe::History;
use althing::outbox::Op;

use crate::cell::Cell;
use crate::cluster::MAX_NODES;
use crate::intern::{Interner, Memo, Numbers, Places, Row};
use crate::messages::{Answers, Messages, Stimuli};

/// What one step of one node does, whatever the rest of the cluster is like.
pub(crate) struct Outcome<M: Machine> {
    /// Which node.
    pub(crate) node: NodeId,
    /// The node's cell before.
    pub(crate) before: u32,
    /// What happened to it; `None` is a restart.
    pub(crate) stimulus: Option<u32>,
    /// The node's cell afterwards.
    pub(crate) after: u32,
    /// What was performed: what the step asked for, or, if the node crashed, what it came to.
    pub(crate) performed: Vec<Op<M>>,
    /// What an observer sees of it, if that is something else: each write as it reaches the disk.
    pub(crate) seen: Option<Vec<Op<M>>>,
    /// Whether nothing was performed but notes.
    pub(crate) is_silent: bool,
    /// If it crashed, the machine that was lost and what the restart asked for.
    pub(crate) crashed: Option<(M, Vec<Op<M>>)>,
    /// The messages that were sent, as stimuli of their receivers.
    pub(crate) sends: Messages,
    /// Bit `i`: property `i`, which speaks of single steps, is violated.
    pub(crate) violated: u64,
    /// The outcomes if the node crashes before it has performed everything.
    pub(crate) crashes: Vec<u32>,
}

impl<M: Machine> Outcome<M> {
    /// Whether nothing came of it.
    pub(crate) fn is_quiet(&self) -> bool {
        self.before == self.after && self.is_silent && self.crashed.is_none() && self.violated == 0
    }
}

/// What follows from a cell alone.
#[derive(Default)]
pub(crate) struct OfCell {
    pub(crate) offers: OnceLock<Offers>,
    /// The outcomes of a crash between two steps, by how many of the writes behind it keeps.
    pub(crate) restarts: OnceLock<Box<[u32]>>,
    /// The cell one tick later.
    pub(crate) ticked: OnceLock<u32>,
    /// What is known of it and each 64 stimuli of its node.
    pub(crate) known: Places<Known>,
}

/// What may happen to a cell, whatever is in the network, as stimuli.
#[derive(Default)]
pub(crate) struct Offers {
    /// Its timers and inputs, as far as the environment allows them.
    pub(crate) events: Vec<u32>,
    /// The acknowledgement that comes next.
    pub(crate) due: Option<u32>,
    /// The timers that must expire before anything else happens.
    pub(crate) overdue: Vec<u32>,
}

/// What follows from a cell and the stimuli of one word.
#[derive(Default)]
pub(crate) struct Known {
    /// Their outcomes.
    pub(crate) steps: Row,
    /// Whether nothing comes of the step.
    pub(crate) quiet: Answers,
    /// Whether the message is dead.
    pub(crate) dead: Answers,
    /// The messages that should be dead and are not.
    pub(crate) undead: AtomicU64,
}

/// All nodes of a state, and what the observer remembers of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Nodes {
    /// Their [`Cell`]s, in the order of the nodes; unused places are 0.
    pub(crate) cells: [u32; MAX_NODES],
    pub(crate) history: u32,
}

/// What follows from the nodes alone. Many states differ in nothing but their networks.
#[derive(Default)]
pub(crate) struct OfNodes {
    /// Bit `i`: property `i`, which speaks of nodes, is violated.
    pub(crate) violated: OnceLock<u64>,
    /// The nodes in their place under symmetry, and the renamings that lead there.
    pub(crate) representative: OnceLock<(u32, Box<[u16]>)>,
}

pub(crate) struct Tables<M: Machine, H> {
    pub(crate) nodes: Interner<Nodes, OfNodes>,
    pub(crate) cells: Interner<Cell<M>, OfCell>,
    pub(crate) stimuli: Stimuli<M>,
    /// Stimulus to the budget that it spends.
    pub(crate) spends: Numbers,
    /// Each with the outcomes that do not change it.
    pub(crate) histories: Interner<H, Places<Answers>>,
    pub(crate) outcomes: boxcar::Vec<Outcome<M>>,
    /// History and outcome to history, where it changes.
    pub(crate) observed: Memo<(u32, u32)>,
    /// Bit `i`: transition `i` was taken.
    covered: AtomicU64,
}

impl<M: Machine, H: History<M>> Tables<M, H> {
    pub(crate) fn new(nodes: usize) -> Self {
        Self {
            nodes: Interner::new(),
            cells: Interner::new(),
            stimuli: Stimuli::new(nodes),
            spends: Numbers::default(),
            histories: Interner::new(),
            outcomes: boxcar::Vec::new(),
            observed: Memo::new(),
            covered: AtomicU64::new(0),
        }
    }

    pub(crate) fn outcome(&self, id: u32) -> &Outcome<M> {
        &self.outcomes[id as usize]
    }

    pub(crate) fn add_outcome(&self, outcome: Outcome<M>) -> u32 {
        u32::try_from(self.outcomes.push(outcome)).expect("fewer than 2^32 outcomes")
    }

    pub(crate) fn covered(&self) -> u64 {
        self.covered.load(Ordering::Relaxed)
    }

    pub(crate) fn cover(&self, transition: usize) {
        self.covered.fetch_or(1 << transition, Ordering::Relaxed);
    }
}
