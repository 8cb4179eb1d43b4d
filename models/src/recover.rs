//! Recoverability: liveness as an invariant.
//!
//! From a state, every message in flight is lost and no fault happens any more, and writes are
//! durable, and acknowledged, at once; then one fixed, fair schedule runs. If the cluster does not reach its goal within so many rounds, something
//! in that state keeps it from ever doing so, or makes it needlessly slow.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use althing::machine::{Event, Machine};
use althing::node::{NodeId, NodeSet};
use althing::outbox::Op;

use crate::cell::Cell;
use crate::host::Host;

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
    /// What the application of a node in this state says, whenever no message is under way: an answer,
    /// after which it has nothing more to say, or there is no end to it.
    pub answers: fn(&M) -> Option<M::Input>,
    /// When the cluster has recovered.
    pub goal: fn(&[&M]) -> bool,
}

impl<M: Machine> Recovery<M> {
    /// Whether these nodes reach the goal. A panic on the way is none.
    pub(crate) fn succeeds(&self, cells: Vec<Cell<M>>, host: &Host<M>) -> bool {
        let run = Run { cells, host, answers: self.answers, flight: VecDeque::new() };
        catch_unwind(AssertUnwindSafe(|| run.reaches(self))).unwrap_or(false)
    }
}

/// Some nodes without faults.
struct Run<'a, M: Machine> {
    cells: Vec<Cell<M>>,
    host: &'a Host<M>,
    answers: fn(&M) -> Option<M::Input>,
    /// What is to happen next, and to whom.
    flight: VecDeque<(NodeId, Event<M>)>,
}

impl<M: Machine> Run<'_, M> {
    fn reaches(mut self, recovery: &Recovery<M>) -> bool {
        let nodes = NodeSet::first(self.cells.len() as u8);
        // What was written before faults ended is durable now.
        nodes.iter().for_each(|node| self.acknowledge(node));
        self.deliver()
            && (0..recovery.rounds).any(|round| {
                let mut timers = (recovery.schedule)(round, nodes).into_iter();
                timers.all(|(timer, at)| self.expire(timer, at))
                    && (recovery.goal)(&self.cells.iter().map(|cell| &cell.machine).collect::<Vec<_>>())
            })
    }

    /// The timer expires where it is armed, and everything sent arrives. `false` if there is no end
    /// to the messages.
    fn expire(&mut self, timer: M::Timer, at: NodeSet) -> bool {
        for node in at {
            if self.cells[node.index()].timers.contains(&timer) {
                self.handle(node, Event::Timer(timer));
            }
        }
        self.deliver()
    }

    fn deliver(&mut self) -> bool {
        for _ in 0..DELIVERIES {
            let Some((to, event)) = self.flight.pop_front().or_else(|| self.answer()) else { return true };
            self.handle(to, event);
        }
        false
    }

    fn answer(&self) -> Option<(NodeId, Event<M>)> {
        let input = |cell: &Cell<M>| Some((cell.node, Event::Input((self.answers)(&cell.machine)?)));
        self.cells.iter().find_map(input)
    }

    fn handle(&mut self, node: NodeId, event: Event<M>) {
        let Some(cell) = self.cells.get_mut(node.index()) else { return };
        self.host.acknowledge(cell, &event);
        let ops = self.host.step(cell, event);
        self.host.perform(cell, &ops);
        for op in ops {
            if let Op::Send { to, message } = op {
                self.flight.push_back((to, Event::Message { from: node, message }));
            }
        }
        self.acknowledge(node);
    }

    /// The host is told of its writes before anything else happens.
    fn acknowledge(&mut self, node: NodeId) {
        if let Some(input) = self.host.due(&self.cells[node.index()]) {
            self.flight.push_front((node, Event::Input(input)));
        }
    }
}
