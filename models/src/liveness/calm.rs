//! A cluster after its faults have ended.
//!
//! Nothing crashes and nothing is lost any more; messages are faster than clocks, and clocks run
//! alike (partial synchrony after the global stabilisation time: Dwork, Lynch and Stockmeyer,
//! 1988). So time goes in ticks: it waits for every message to arrive and for every timer that is
//! due to expire, in whichever order they do. So are disks faster than clocks: time waits for every
//! acknowledgement of a write.
//!
//! # What this leaves out
//!
//! | it is assumed that | so this is not seen |
//! |---|---|
//! | when faults end, every timer has just been armed | a timer that had been armed long before |
//! | durations are whole ticks | two timers that are due at nearly the same time; but if they are due at the same, either is first |
//! | one node is first from then on, and all others are equally slow | another node that is first later |
//! | equal messages to a node under way are one | a message that arrives twice |
//! | messages come to rest | what timers do while nodes go on answering each other: then nothing is said to be reached |
//! | the application asks for nothing | inputs |
//!
//! What the [environment](Cluster::environment) forbids does happen: it bounds the faults.

use althing::machine::{Event, Machine};
use althing::node::NodeId;
use althing::observe::History;
use althing::outbox::Op;
use smallvec::SmallVec;

use super::Liveness;
use crate::cell::Stimulus;
use crate::cluster::{Cluster, MAX_NODES};

/// A state of the cluster.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Calm {
    /// The cells, by number.
    pub(super) cells: [u32; MAX_NODES],
    /// For how many ticks each timer that is armed has been: node by node, in their order there.
    ages: SmallVec<[u8; 16]>,
    /// The messages under way, by number, ascending.
    flight: SmallVec<[u32; 6]>,
    /// The node whose turn is first.
    first: NodeId,
}

/// What happens: the number of a stimulus, or [`TICK`].
pub(super) type Happens = u32;

/// Time goes on.
pub(super) const TICK: Happens = u32::MAX;

impl<M: Machine, H: History<M>> Cluster<M, H> {
    /// The states in which faults can end at these nodes: all that was under way is lost, every
    /// timer has just been armed, and any of the nodes that may be is the first.
    pub(super) fn calm<'a>(
        &'a self,
        cells: [u32; MAX_NODES],
        liveness: &'a Liveness<M>,
    ) -> impl Iterator<Item = Calm> + 'a {
        let ages = cells[..self.configs.len()].iter().flat_map(|cell| &self.tables.cells.get(*cell).timers);
        let ages: SmallVec<_> = ages.map(|_| 0).collect();
        let machines = self.machines(cells);
        let nodes = self.nodes().iter().filter(move |node| (liveness.may_be_first)(&machines, *node));
        nodes.map(move |first| Calm { cells, ages: ages.clone(), flight: SmallVec::new(), first })
    }

    pub(super) fn machines(&self, cells: [u32; MAX_NODES]) -> Vec<&M> {
        cells[..self.configs.len()].iter().map(|cell| &self.tables.cells.get(*cell).machine).collect()
    }

    /// Whether a run that has come to this state is not followed any further.
    pub(super) fn is_beyond(&self, state: &Calm, liveness: &Liveness<M>) -> bool {
        let mut cells = state.cells[..self.configs.len()].iter();
        cells.any(|cell| !(liveness.within)(&self.tables.cells.get(*cell).machine))
    }

    /// What may happen next, and the state after it: nothing, if it is beyond what is followed.
    pub(super) fn go_on(&self, state: &Calm, liveness: &Liveness<M>, next: &mut Vec<(Happens, Calm)>) {
        if self.is_beyond(state, liveness) {
            return;
        }
        for (place, message) in state.flight.iter().enumerate() {
            let mut rest = state.clone();
            rest.flight.remove(place);
            next.push((*message, self.after(rest, *message)));
        }
        for cell in &state.cells[..self.configs.len()] {
            let cell = self.tables.cells.get(*cell);
            if let Some(input) = self.host.due(cell) {
                let stimulus = Stimulus { node: cell.node, event: Event::Input(input) };
                let stimulus = self.tables.stimuli.intern(stimulus);
                next.push((stimulus, self.after(state.clone(), stimulus)));
            }
        }
        let mut ages = state.ages.iter();
        for cell in &state.cells[..self.configs.len()] {
            let cell = self.tables.cells.get(*cell);
            for (timer, age) in cell.timers.iter().zip(&mut ages) {
                if *age >= (liveness.expires)(*timer, cell.node == state.first) {
                    let stimulus = Stimulus { node: cell.node, event: Event::Timer(*timer) };
                    let stimulus = self.tables.stimuli.intern(stimulus);
                    next.push((stimulus, self.after(state.clone(), stimulus)));
                }
            }
        }
        if next.is_empty() && !state.ages.is_empty() {
            let ages = state.ages.iter().map(|age| age.saturating_add(1)).collect();
            next.push((TICK, Calm { ages, ..state.clone() }));
        }
    }

    /// The state after a stimulus, which has left the network.
    fn after(&self, mut state: Calm, stimulus: u32) -> Calm {
        let node = self.tables.stimuli.get(stimulus).node;
        let before = state.cells[node.index()];
        let outcome = self.tables.outcome(self.step_of(before, stimulus));
        let timers = |cell: u32| &self.tables.cells.get(cell).timers[..];
        let start: usize = state.cells[..node.index()].iter().map(|cell| timers(*cell).len()).sum();
        let (old, new) = (timers(before), timers(outcome.after));
        let armed = |timer: &M::Timer| outcome.performed.contains(&Op::Arm(*timer));
        let ages: SmallVec<[u8; 4]> = new
            .iter()
            .map(|timer| match old.iter().position(|other| other == timer) {
                Some(place) if !armed(timer) => state.ages[start + place],
                Some(_) | None => 0,
            })
            .collect();
        let mut others: SmallVec<[u8; 16]> = SmallVec::from_slice(&state.ages[..start]);
        others.extend_from_slice(&ages);
        others.extend_from_slice(&state.ages[start + old.len()..]);
        state.ages = others;
        state.cells[node.index()] = outcome.after;
        for sent in outcome.sends.iter() {
            if let Err(place) = state.flight.binary_search(&sent) {
                state.flight.insert(place, sent);
            }
        }
        state
    }
}
