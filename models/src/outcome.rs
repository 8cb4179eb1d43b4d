//! What one step of one node does, whatever the rest of the cluster is like.

use std::panic::{AssertUnwindSafe, catch_unwind};

use althing::machine::{Event, Machine};
use althing::node::NodeId;
use althing::observe::{Cause, History, Step};
use althing::outbox::Op;

use crate::cell::{Cell, Stimulus};
use crate::cluster::{Cluster, Network, State};
use crate::messages::{Messages, split};
use crate::property::Condition;
use crate::tables::Outcome;

/// The bit of the property `Contract`.
const CONTRACT: u64 = 1;

impl<M: Machine, H: History<M>> Cluster<M, H> {
    /// The outcome of a stimulus in a state.
    pub(crate) fn step(&self, state: &State, stimulus: u32) -> u32 {
        let (word, _) = split(stimulus);
        self.step_of(self.cells(state)[word % self.configs.len()], stimulus)
    }

    /// The outcome of a stimulus for its node, in this cell.
    pub(crate) fn step_of(&self, cell: u32, stimulus: u32) -> u32 {
        let (word, _) = split(stimulus);
        let known = self.tables.cells.derived(cell).known.at(word / self.configs.len());
        known.steps.of(stimulus, || self.compute_step(cell, stimulus))
    }

    fn compute_step(&self, before: u32, stimulus: u32) -> u32 {
        let cell = self.tables.cells.get(before);
        let event = &self.tables.stimuli.get(stimulus).event;
        let step = || {
            let mut after = cell.clone();
            let durable = self.host.acknowledge(&mut after, event);
            let ops = self.host.step(&mut after, event.clone());
            (after, durable, ops)
        };
        // Twice, since a step whose answer is kept must give the same again.
        let (Ok(once), Ok(twice)) =
            (catch_unwind(AssertUnwindSafe(step)), catch_unwind(AssertUnwindSafe(step)))
        else {
            return self.breach(before, Some(stimulus));
        };
        if once != twice {
            return self.breach(before, Some(stimulus));
        }
        let (mut after, durable, ops) = once;
        let durable: Vec<_> = durable.into_iter().map(Op::Write).collect();
        let crashes = match self.faults.crashes {
            0 => Vec::new(),
            _ => {
                let crash = |(k, kept): (usize, usize)| {
                    self.crash(before, Some(stimulus), &after, &durable, &ops[..k], kept)
                };
                self.crash_points(&after, &ops).into_iter().map(crash).collect()
            }
        };
        let seen = self.host.perform(&mut after, &ops);
        let seen = match durable.is_empty() {
            true => seen,
            false => Some([durable, seen.unwrap_or_else(|| ops.clone())].concat()),
        };
        let violated = self.broken_contract(&after, &ops);
        self.add_outcome(Outcome {
            node: cell.node,
            before,
            stimulus: Some(stimulus),
            sends: self.sent_by(cell.node, &ops).map(|m| self.tables.stimuli.intern(m)).collect(),
            after: self.tables.cells.intern(after),
            performed: ops,
            is_silent: false,
            seen,
            crashed: None,
            violated,
            crashes,
        })
    }

    /// Before which operations a crash makes a difference. A crash before the first is one
    /// before the step. What was not written yet differs from write to write; what was not sent
    /// yet is no different from what was sent and lost, unless losses are counted. With each, how
    /// many of the writes behind survive it.
    fn crash_points(&self, cell: &Cell<M>, ops: &[Op<M>]) -> Vec<(usize, usize)> {
        let counted = self.network == Network::InFlight;
        let points = (1..ops.len()).filter(|k| counted || matches!(ops[*k], Op::Write(_)));
        let survivors = |k| self.host.survivors(cell, &ops[..k]).into_iter().map(move |kept| (k, kept));
        let points: Vec<_> = points.flat_map(survivors).collect();
        assert!(points.len() <= 256, "a step can crash at 256 points at most");
        points
    }

    /// The outcome of a crash between two steps that keeps so many of the writes behind.
    pub(crate) fn restart(&self, before: u32, kept: u8) -> Option<u32> {
        let restarts = self.tables.cells.derived(before).restarts.get_or_init(|| {
            let cell = self.tables.cells.get(before);
            (0..=cell.unsynced()).map(|kept| self.crash(before, None, cell, &[], &[], kept)).collect()
        });
        restarts.get(usize::from(kept)).copied()
    }

    /// How many of the writes behind a crash of this cell can keep.
    pub(crate) fn most_kept(&self, cell: u32) -> u8 {
        match self.host.acknowledges {
            Some(_) => u8::try_from(self.tables.cells.get(cell).unsynced()).unwrap_or(u8::MAX),
            None => 0,
        }
    }

    /// The node, in which the step was made, performs this much of it, so many of the writes behind
    /// reach its disk, and it loses its memory and starts anew.
    fn crash(
        &self,
        before: u32,
        stimulus: Option<u32>,
        stepped: &Cell<M>,
        durable: &[Op<M>],
        ops: &[Op<M>],
        kept: usize,
    ) -> u32 {
        let outcome = AssertUnwindSafe(|| self.compute_crash(before, stimulus, stepped, durable, ops, kept));
        catch_unwind(outcome).unwrap_or_else(|_| self.breach(before, stimulus))
    }

    fn compute_crash(
        &self,
        before: u32,
        stimulus: Option<u32>,
        stepped: &Cell<M>,
        durable: &[Op<M>],
        ops: &[Op<M>],
        kept: usize,
    ) -> u32 {
        let mut cell = stepped.clone();
        let mut performed = durable.to_vec();
        performed.extend(self.host.perform(&mut cell, ops).unwrap_or_else(|| ops.to_vec()));
        performed.extend(cell.keep(kept).into_iter().map(Op::Write));
        let (after, restart) = self.host.start(cell.node, cell.config, cell.disk);
        let sends = self.sent_by(cell.node, &performed).chain(self.sent_by(cell.node, &restart));
        let violated = self.broken_contract(&after, &restart);
        self.add_outcome(Outcome {
            node: cell.node,
            before,
            stimulus,
            sends: sends.map(|m| self.tables.stimuli.intern(m)).collect(),
            after: self.tables.cells.intern(after),
            performed,
            is_silent: false,
            seen: None,
            crashed: Some((cell.machine, restart)),
            violated,
            crashes: Vec::new(),
        })
    }

    /// The step panicked, or does not do the same twice: nothing happens but the breach of
    /// contract.
    fn breach(&self, before: u32, stimulus: Option<u32>) -> u32 {
        self.tables.add_outcome(Outcome {
            node: self.tables.cells.get(before).node,
            before,
            stimulus,
            sends: Messages::default(),
            after: before,
            performed: Vec::new(),
            is_silent: false,
            seen: None,
            crashed: None,
            violated: CONTRACT,
            crashes: Vec::new(),
        })
    }

    fn add_outcome(&self, outcome: Outcome<M>) -> u32 {
        let mut violated = outcome.violated;
        self.each_step_of(&outcome, |step| {
            for (i, property) in self.properties.iter().enumerate() {
                // A property may step the machine further, and that may panic.
                if let Condition::Step(holds) = &property.condition
                    && !catch_unwind(AssertUnwindSafe(|| holds(step))).unwrap_or(false)
                {
                    violated |= 1 << i;
                }
            }
            let taken = (self.label)(step);
            if let Some(transition) = self.transitions.iter().position(|name| *name == taken) {
                self.tables.cover(transition);
            }
        });
        let is_silent = outcome.performed.iter().all(|op| match op {
            Op::Output(output) => (self.is_note)(output),
            Op::Write(_) | Op::Sync | Op::Send { .. } | Op::Arm(_) | Op::Disarm(_) => false,
        });
        self.tables.add_outcome(Outcome { violated, is_silent, ..outcome })
    }

    /// What an observer sees of an outcome: the step, and the restart if it crashed.
    pub(crate) fn each_step_of(&self, outcome: &Outcome<M>, mut see: impl FnMut(&Step<'_, M>)) {
        let before = self.tables.cells.get(outcome.before);
        let after = self.tables.cells.get(outcome.after);
        let step = Step {
            node: before.node,
            cause: Cause::Restart,
            before: &before.machine,
            disk: &before.disk,
            performed: outcome.seen.as_ref().unwrap_or(&outcome.performed),
            after: outcome.crashed.as_ref().map_or(&after.machine, |(memory, _)| memory),
        };
        let disk = step.disk_after();
        if let Some(stimulus) = outcome.stimulus {
            see(&Step { cause: Cause::Event(&self.tables.stimuli.get(stimulus).event), ..step });
        }
        if let Some((memory, restart)) = &outcome.crashed {
            let (before, performed) = (memory, restart);
            see(&Step { before, disk: &disk, performed, after: &after.machine, ..step });
        }
    }

    /// See [`Cluster::new`].
    fn broken_contract(&self, after: &Cell<M>, ops: &[Op<M>]) -> u64 {
        let foreign = ops.iter().any(|op| match op {
            Op::Send { to, .. } => *to == after.node || !self.nodes().contains(*to),
            Op::Write(_) | Op::Sync | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => false,
        });
        if foreign || after.machine.durable() != after.disk_at_last() { CONTRACT } else { 0 }
    }

    /// The messages among these operations of a node, as stimuli of their receivers.
    pub(crate) fn sent_by(&self, from: NodeId, ops: &[Op<M>]) -> impl Iterator<Item = Stimulus<M>> {
        ops.iter().filter_map(move |op| match op {
            Op::Send { to, message } if self.nodes().contains(*to) => {
                Some(Stimulus { node: *to, event: Event::Message { from, message: message.clone() } })
            }
            Op::Send { .. } | Op::Write(_) | Op::Sync | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => None,
        })
    }
}
