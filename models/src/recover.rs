//! Recoverability: liveness as an invariant.
//!
//! From a state, every message in flight is lost and no fault happens any more; then one fixed,
//! fair schedule runs. If the cluster does not reach its goal within so many rounds, something
//! in that state keeps it from ever doing so, or makes it needlessly slow.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use althing::machine::{Event, Machine};
use althing::node::{NodeId, NodeSet};
use althing::outbox::Op;

use crate::cell::{Cell, Tamper};

/// More deliveries than any sound protocol needs between two timers: beyond, nodes only keep
/// each other busy.
const DELIVERIES: usize = 10_000;

/// What a cluster must be able to do once faults end.
pub struct Recovery<M: Machine> {
    /// How many rounds it may take.
    pub rounds: usize,
    /// The timers that expire in a round, one after another: which one, and at which nodes if
    /// it is armed there. After each, messages travel until none is left.
    pub schedule: fn(round: usize, nodes: NodeSet) -> Vec<(M::Timer, NodeSet)>,
    /// When the cluster has recovered.
    pub goal: fn(&[&M]) -> bool,
}

impl<M: Machine> Recovery<M> {
    /// Whether these nodes reach the goal. A panic on the way is none.
    pub fn succeeds(&self, cells: Vec<Cell<M>>, tamper: &Tamper<M>) -> bool {
        catch_unwind(AssertUnwindSafe(|| self.run(cells, tamper))).unwrap_or(false)
    }

    fn run(&self, mut cells: Vec<Cell<M>>, tamper: &Tamper<M>) -> bool {
        let nodes = NodeSet::first(cells.len() as u8);
        (0..self.rounds).any(|round| {
            for (timer, at) in (self.schedule)(round, nodes) {
                if !expire(&mut cells, timer, at, tamper) {
                    return false;
                }
            }
            (self.goal)(&cells.iter().map(|cell| &cell.machine).collect::<Vec<_>>())
        })
    }
}

/// The timer expires where it is armed, and everything sent arrives. `false` if there is no end
/// to the messages.
fn expire<M: Machine>(cells: &mut [Cell<M>], timer: M::Timer, at: NodeSet, tamper: &Tamper<M>) -> bool {
    let mut flight = VecDeque::new();
    for node in at {
        if cells[node.index()].timers.contains(&timer) {
            handle(cells, node, Event::Timer(timer), tamper, &mut flight);
        }
    }
    for _ in 0..DELIVERIES {
        let Some((to, event)) = flight.pop_front() else { return true };
        handle(cells, to, event, tamper, &mut flight);
    }
    false
}

fn handle<M: Machine>(
    cells: &mut [Cell<M>],
    node: NodeId,
    event: Event<M>,
    tamper: &Tamper<M>,
    flight: &mut VecDeque<(NodeId, Event<M>)>,
) {
    let Some(cell) = cells.get_mut(node.index()) else { return };
    for op in cell.step(event, tamper) {
        cell.perform(&op);
        if let Op::Send { to, message } = op {
            flight.push_back((to, Event::Message { from: node, message }));
        }
    }
}
