//! Everything that an exploration has seen so far, each thing once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use althing::machine::Machine;
use althing::observe::History;
use althing::outbox::Op;

use crate::cell::{Cell, Stimulus};
use crate::intern::{Interner, Memo};

/// What one step of one node does, whatever the rest of the cluster is like.
pub(crate) struct Outcome<M: Machine> {
    /// The node's cell before.
    pub(crate) before: u32,
    /// What happened to it; `None` is a restart.
    pub(crate) stimulus: Option<u32>,
    /// The node's cell afterwards.
    pub(crate) after: u32,
    /// What was performed: the beginning of what the step asked for, if the node crashed.
    pub(crate) performed: Vec<Op<M>>,
    /// If it crashed, the machine that was lost and what the restart asked for.
    pub(crate) crashed: Option<(M, Vec<Op<M>>)>,
    /// The messages that were sent, as stimuli of their receivers.
    pub(crate) sends: Vec<u32>,
    /// Bit `i`: property `i`, which speaks of single steps, is violated.
    pub(crate) violated: u32,
    /// The outcomes if the node crashes before it has performed everything.
    pub(crate) crashes: Vec<u32>,
}

impl<M: Machine> Outcome<M> {
    /// Whether nothing came of it.
    pub(crate) fn is_quiet(&self) -> bool {
        self.before == self.after && self.performed.is_empty() && self.crashed.is_none() && self.violated == 0
    }
}

/// How a step changes the network.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Delivery {
    /// The message that was handled has left the network.
    pub(crate) used: bool,
    /// Bit `i`: the `i`th message that was sent can still change its receiver.
    pub(crate) live: u32,
}

/// What follows from a cell alone.
#[derive(Default)]
pub(crate) struct OfCell {
    /// Its timers and inputs, as stimuli, as far as the environment allows them.
    pub(crate) offers: OnceLock<Vec<u32>>,
    /// The outcome of a crash between two steps.
    pub(crate) restart: OnceLock<u32>,
    /// The name-free key of the cell, for symmetry.
    pub(crate) key: OnceLock<u32>,
    /// The cell under each renaming.
    pub(crate) renamed: OnceLock<Vec<OnceLock<u32>>>,
}

pub(crate) struct Tables<M: Machine, H> {
    pub(crate) cells: Interner<Cell<M>, OfCell>,
    pub(crate) stimuli: Interner<Stimulus<M>>,
    pub(crate) histories: Interner<H>,
    /// The messages of a network, as stimuli, ascending.
    pub(crate) networks: Interner<Vec<u32>>,
    pub(crate) outcomes: boxcar::Vec<Outcome<M>>,
    /// Cell and stimulus to outcome.
    pub(crate) steps: Memo<(u32, u32)>,
    /// Network, outcome and the bits of [`Delivery`] to network.
    pub(crate) delivered: Memo<(u32, u32, Delivery)>,
    /// History and outcome to history.
    pub(crate) observed: Memo<(u32, u32)>,
    /// Stimulus and cell of its receiver to 1 if it is dead, 2 if it should be and is not.
    pub(crate) deaths: Memo<(u32, u32)>,
    /// Bit `i`: transition `i` was taken.
    pub(crate) covered: AtomicU64,
    /// States whose successors were asked for.
    pub(crate) expanded: AtomicU64,
}

impl<M: Machine, H: History<M>> Tables<M, H> {
    pub(crate) fn new() -> Self {
        Self {
            cells: Interner::new(),
            stimuli: Interner::new(),
            histories: Interner::new(),
            networks: Interner::new(),
            outcomes: boxcar::Vec::new(),
            steps: Memo::new(),
            delivered: Memo::new(),
            observed: Memo::new(),
            deaths: Memo::new(),
            covered: AtomicU64::new(0),
            expanded: AtomicU64::new(0),
        }
    }

    pub(crate) fn outcome(&self, id: u32) -> &Outcome<M> {
        &self.outcomes[id as usize]
    }

    pub(crate) fn add_outcome(&self, outcome: Outcome<M>) -> u32 {
        u32::try_from(self.outcomes.push(outcome)).expect("fewer than 2^32 outcomes")
    }

    pub(crate) fn cover(&self, transition: usize) {
        self.covered.fetch_or(1 << transition, Ordering::Relaxed);
    }
}
