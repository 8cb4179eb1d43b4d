//! What an observer sees of a machine: the ground on which invariants stand.
//!
//! The checker, the property tests, the fuzzer and the trace validator all report what happened
//! as [`Step`]s, and the invariants of a protocol are functions of a step, or of a [`History`]
//! that was told every step.

use crate::machine::{Durable, Event, Machine, Value};
use crate::node::NodeId;
use crate::outbox::Op;

/// Why a participant changed.
#[derive(Debug)]
pub enum Cause<'a, M: Machine> {
    /// It handled this event.
    Event(&'a Event<M>),
    /// It crashed, and came back with what was on its disk.
    Restart,
}

/// One change of one participant.
#[derive(Debug)]
pub struct Step<'a, M: Machine> {
    /// Whose change.
    pub node: NodeId,
    /// Why it changed.
    pub cause: Cause<'a, M>,
    /// The participant before.
    pub before: &'a M,
    /// Its disk before, with each write that was performed earlier.
    pub disk: &'a M::Durable,
    /// What the host performed, in order. If the participant crashed meanwhile, that is the
    /// beginning of what it asked for.
    pub performed: &'a [Op<M>],
    /// The participant afterwards, in memory: what a crash at this point forgets.
    pub after: &'a M,
}

impl<M: Machine> Step<'_, M> {
    /// Each message that was sent, with its receiver and the sender's disk at that moment.
    pub fn sends(&self) -> impl Iterator<Item = (M::Durable, NodeId, &M::Message)> {
        let mut disk = self.disk.clone();
        self.performed.iter().filter_map(move |op| match op {
            Op::Write(write) => {
                disk.apply(write);
                None
            }
            Op::Send { to, message } => Some((disk.clone(), *to, message)),
            Op::Sync | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => None,
        })
    }

    /// The disk after what was performed.
    pub fn disk_after(&self) -> M::Durable {
        let mut disk = self.disk.clone();
        for op in self.performed {
            if let Op::Write(write) = op {
                disk.apply(write);
            }
        }
        disk
    }
}

/// Facts about the past that an invariant needs and no participant keeps.
pub trait History<M: Machine>: Value + Default {
    /// Takes notice of one step. Steps of which nothing comes, no change and no effect, may be
    /// kept from it.
    fn observe(&mut self, step: &Step<'_, M>);
}

/// No memory: for protocols whose invariants speak of the present only.
impl<M: Machine> History<M> for () {
    fn observe(&mut self, _: &Step<'_, M>) {}
}
