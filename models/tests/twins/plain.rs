//! The election as a [`stateright::Model`] of the collections of `std`: the naive twin.

use std::collections::BTreeSet;

use althing::machine::{Durable, Event, Machine};
use althing::node::NodeId;
use althing::observe::{Cause, History, Step};
use althing::outbox::{Op, Outbox};
use althing::raft::election::invariants::{self, Elections};
use althing::raft::election::{Ballot, Message, Timer};
use althing_models::election::Server;
use stateright::{Model, Property};

use super::{Bounds, STEP_CHECKS};

/// The election within these bounds.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    bounds: Bounds,
    /// Whether messages leave the network once they are [dead](super::is_dead).
    forgets: bool,
}

impl Plain {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, forgets: false }
    }

    /// The twin of [`super::ours_without_dead`].
    pub(crate) fn without_dead(bounds: Bounds) -> Self {
        Self { bounds, forgets: true }
    }
}

/// A message with its sender and its receiver.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Envelope {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) message: Message<u8>,
}

/// Everything there is, spelled out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct State {
    pub(crate) servers: Vec<Server>,
    pub(crate) disks: Vec<Ballot>,
    pub(crate) timers: BTreeSet<(NodeId, Timer)>,
    pub(crate) network: BTreeSet<Envelope>,
    pub(crate) history: Elections,
    /// Bit `i`: the last step failed the `i`th of the [`STEP_CHECKS`].
    pub(crate) failed: u8,
}

/// What may happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    Deliver(Envelope),
    Expire(NodeId, Timer),
}

impl State {
    fn perform(&mut self, node: NodeId, ops: &[Op<Server>]) {
        for op in ops {
            match op {
                Op::Write(write) => self.disks[node.index()].apply(write),
                Op::Send { to, message } => {
                    self.network.insert(Envelope { from: node, to: *to, message: *message });
                }
                Op::Arm(timer) => {
                    self.timers.insert((node, *timer));
                }
                Op::Disarm(timer) => {
                    self.timers.remove(&(node, *timer));
                }
                Op::Sync | Op::Output(_) => {}
            }
        }
    }
}

impl Model for Plain {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut state = State::default();
        for node in self.bounds.nodes() {
            let mut out = Outbox::new();
            state.servers.push(Server::restart(self.bounds.config(node), Ballot::default(), &mut out));
            state.disks.push(Ballot::default());
            state.perform(node, &out.drain().collect::<Vec<_>>());
        }
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let expire = state.timers.iter().filter(|(node, timer)| {
            let server = &state.servers[node.index()];
            self.bounds.allows(server, *timer)
        });
        actions.extend(expire.map(|(node, timer)| Action::Expire(*node, *timer)));
        actions.extend(state.network.iter().cloned().map(Action::Deliver));
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        let (node, event) = match action {
            Action::Deliver(Envelope { from, to, message }) => (to, Event::Message { from, message }),
            Action::Expire(node, timer) => {
                next.timers.remove(&(node, timer));
                (node, Event::Timer(timer))
            }
        };
        let (performed, failed) = super::step(&mut next.servers[node.index()], event.clone());
        next.failed = failed;
        next.history.observe(&Step {
            node,
            cause: Cause::Event(&event),
            before: &state.servers[node.index()],
            disk: &state.disks[node.index()],
            performed: &performed,
            after: &next.servers[node.index()],
        });
        next.perform(node, &performed);
        if self.forgets {
            let State { servers, network, .. } = &mut next;
            network.retain(|e| !super::is_dead(&e.message, e.from, &servers[e.to.index()]));
        }
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("ElectionSafety", |_, s: &State| invariants::election_safety(&s.history)),
            Property::always("LeaderCompleteness", |_, s: &State| {
                invariants::leader_completeness(s.servers.iter())
            }),
            Property::always("LeaderIsElected", |_, s: &State| {
                invariants::leader_is_elected(s.servers.iter(), &s.history)
            }),
            Property::always("PreVoteEarned", |_, s: &State| invariants::pre_vote_earned(&s.history)),
            Property::sometimes("a leader", |_, s: &State| s.servers.iter().any(Server::is_leader)),
            Property::always(STEP_CHECKS[0].0, passes::<0>),
            Property::always(STEP_CHECKS[1].0, passes::<1>),
            Property::always(STEP_CHECKS[2].0, passes::<2>),
            Property::always(STEP_CHECKS[3].0, passes::<3>),
            Property::always(STEP_CHECKS[4].0, passes::<4>),
            Property::always(STEP_CHECKS[5].0, passes::<5>),
        ]
    }
}

fn passes<const I: usize>(_: &Plain, state: &State) -> bool {
    state.failed & 1 << I == 0
}
