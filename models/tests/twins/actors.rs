//! The election as a [`stateright::actor::Actor`]: what a user of stateright would write.
//!
//! `ActorModel` differs from the other twins in three ways, which the tests spell out.
//!
//! - Its network that repeats messages also holds the message that was delivered last, so that
//!   states are told apart by it. [`Stripped`] is the same model without.
//! - Its observer sees messages and not steps, so it cannot be [`Elections`]. [`Sent`] serves the
//!   same invariants, and follows from the network: it divides no states.
//! - What is saved is on the disk in the same step; there is no disk apart from the server.
//!
//! [`Elections`]: althing::raft::election::invariants::Elections

use std::borrow::Cow;
use std::collections::BTreeSet;

use althing::machine::{Event, Machine};
use althing::node::NodeId;
use althing::outbox::{Op, Outbox};
use althing::raft::election::invariants;
use althing::raft::election::{Ballot, Message, Role, Term, Timer};
use althing_models::election::Server;
use stateright::actor::{
    Actor, ActorModel, ActorModelAction, ActorModelState, Envelope, Id, Network, Out, model_timeout,
};
use stateright::{Expectation, Model, Property};

use super::{Bounds, STEP_CHECKS};

/// A server as an actor.
#[derive(Clone, Debug)]
pub(crate) struct ServerActor(Bounds);

/// An actor's state: the server, and which of the [`STEP_CHECKS`] its last step failed, as bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Checked {
    pub(crate) server: Server,
    failed: u8,
}

/// What an observer of messages remembers of an election.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct Sent {
    /// Who sent heartbeats in a term.
    leaders: BTreeSet<(Term, NodeId)>,
    /// Pre-votes: term, pre-candidate, voter.
    pre_votes: BTreeSet<(Term, NodeId, NodeId)>,
    /// The elections that began without the pre-votes of a majority.
    unearned: BTreeSet<(Term, NodeId)>,
}

pub(crate) type Actors = ActorModel<ServerActor, Bounds, Sent>;
pub(crate) type State = ActorModelState<ServerActor, Sent>;
type Action = ActorModelAction<Message<u8>, Timer, ()>;

fn id(node: NodeId) -> Id {
    Id::from(node.index())
}

pub(crate) fn node(id: Id) -> NodeId {
    u8::try_from(usize::from(id)).ok().and_then(|id| NodeId::new(id).ok()).expect("actors are few")
}

impl ServerActor {
    fn handle(&self, state: &mut Cow<'_, Checked>, event: Event<Server>, out: &mut Out<Self>) {
        let mut server = state.server;
        let (ops, failed) = super::step(&mut server, event);
        let after = Checked { server, failed };
        // Touching an equal state would tell the model that something changed.
        if after != **state {
            *state.to_mut() = after;
        }
        ops.into_iter().for_each(|op| perform(op, out));
    }
}

fn perform(op: Op<Server>, out: &mut Out<ServerActor>) {
    match op {
        Op::Write(ballot) => out.save(ballot),
        Op::Send { to, message } => out.send(id(to), message),
        Op::Arm(timer) => out.set_timer(timer, model_timeout()),
        Op::Disarm(timer) => out.cancel_timer(timer),
        Op::Sync | Op::Output(_) => {}
    }
}

impl Actor for ServerActor {
    type Msg = Message<u8>;
    type Timer = Timer;
    type State = Checked;
    type Storage = Ballot;
    type Random = ();

    fn on_start(&self, id: Id, storage: &Option<Ballot>, out: &mut Out<Self>) -> Checked {
        let mut effects = Outbox::new();
        let server = Server::restart(self.0.config(node(id)), storage.unwrap_or_default(), &mut effects);
        effects.drain().for_each(|op| perform(op, out));
        Checked { server, failed: 0 }
    }

    fn on_msg(&self, _: Id, state: &mut Cow<'_, Checked>, src: Id, msg: Message<u8>, out: &mut Out<Self>) {
        self.handle(state, Event::Message { from: node(src), message: msg }, out);
    }

    fn on_timeout(&self, _: Id, state: &mut Cow<'_, Checked>, timer: &Timer, out: &mut Out<Self>) {
        if self.0.allows(&state.server, *timer) {
            self.handle(state, Event::Timer(*timer), out);
        } else {
            // Nothing but the same timer again: the model takes it that nothing happened.
            out.set_timer(*timer, model_timeout());
        }
    }
}

/// Takes notice of a message that is sent.
fn record(bounds: &Bounds, sent: &Sent, envelope: Envelope<&Message<u8>>) -> Option<Sent> {
    let (from, to) = (node(envelope.src), node(envelope.dst));
    let mut next = sent.clone();
    let news = match *envelope.msg {
        Message::Heartbeat { term } => next.leaders.insert((term, from)),
        Message::PreVoteReply { term, granted: true } => next.pre_votes.insert((term, to, from)),
        Message::RequestVote { term, .. } if bounds.pre_vote => {
            let counts =
                |(t, candidate, _): &&(Term, NodeId, NodeId)| t.next() == Some(term) && *candidate == from;
            let votes = 1 + sent.pre_votes.iter().filter(counts).count();
            2 * votes <= usize::from(bounds.servers) && next.unearned.insert((term, from))
        }
        Message::RequestVote { .. } | Message::PreVote { .. } | Message::HeartbeatReply { .. } => false,
        Message::PreVoteReply { granted: false, .. } | Message::VoteReply { .. } => false,
    };
    news.then_some(next)
}

impl Sent {
    fn is_safe(&self) -> bool {
        let mut terms = self.leaders.iter().map(|(term, _)| term);
        terms.by_ref().zip(self.leaders.iter().skip(1)).all(|(term, (next, _))| term != next)
    }
}

fn servers(state: &State) -> impl Iterator<Item = &Server> + Clone {
    state.actor_states.iter().map(|state| &state.server)
}

fn leader_is_elected(state: &State) -> bool {
    servers(state).all(|server| match server.role() {
        Role::Follower { leader: Some(leader) } => state.history.leaders.contains(&(server.term(), leader)),
        Role::Follower { leader: None } | Role::PreCandidate { .. } => true,
        Role::Candidate { .. } | Role::Leader { .. } => true,
    })
}

fn passes<const I: usize>(_: &Actors, state: &State) -> bool {
    state.actor_states.iter().all(|state| state.failed & 1 << I == 0)
}

/// The election within these bounds as stateright has it.
pub(crate) fn actors(bounds: Bounds) -> Actors {
    use Expectation::{Always, Sometimes};
    ActorModel::new(bounds, Sent::default())
        .actors(bounds.nodes().iter().map(|_| ServerActor(bounds)))
        .init_network(Network::new_unordered_duplicating([]))
        .record_msg_out(record)
        .property(Always, "ElectionSafety", |_, state| state.history.is_safe())
        .property(Always, "LeaderCompleteness", |_, state| invariants::leader_completeness(servers(state)))
        .property(Always, "LeaderIsElected", |_, state| leader_is_elected(state))
        .property(Always, "PreVoteEarned", |_, state| state.history.unearned.is_empty())
        .property(Sometimes, "a leader", |_, state| servers(state).any(Server::is_leader))
        .property(Always, STEP_CHECKS[0].0, passes::<0>)
        .property(Always, STEP_CHECKS[1].0, passes::<1>)
        .property(Always, STEP_CHECKS[2].0, passes::<2>)
        .property(Always, STEP_CHECKS[3].0, passes::<3>)
        .property(Always, STEP_CHECKS[4].0, passes::<4>)
        .property(Always, STEP_CHECKS[5].0, passes::<5>)
}

/// The same, but a state does not hold which message was delivered last.
pub(crate) struct Stripped(pub(crate) Actors);

impl Stripped {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self(actors(bounds))
    }
}

impl Model for Stripped {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        self.0.init_states()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.0.actions(state, actions);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = self.0.next_state(state, action)?;
        if let Network::UnorderedDuplicating(_, last) = &mut next.network {
            *last = None;
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        macro_rules! of_actors {
            ($($i:literal)*) => { [$({
                fn condition(model: &Stripped, state: &State) -> bool {
                    (model.0.properties[$i].condition)(&model.0, state)
                }
                condition as fn(&Stripped, &State) -> bool
            }),*] };
        }
        let conditions = of_actors!(0 1 2 3 4 5 6 7 8 9 10);
        assert_eq!(conditions.len(), self.0.properties.len());
        let named = self.0.properties.iter().zip(conditions);
        named
            .map(|(property, condition)| Property {
                expectation: property.expectation.clone(),
                name: property.name,
                condition,
            })
            .collect()
    }
}
