//! One election explored in three ways, for tests that compare what is found and benches that
//! compare how fast.
//!
//! All three drive the same [`Election::step`], within the same [`Bounds`], over the same network
//! (whatever was sent may arrive at any time and any number of times), without crashes, and check
//! the same invariants:
//!
//! - [`ours`] and its variants, the kit's [`Cluster`];
//! - [`actors`], the machine as an `Actor` of stateright's own `ActorModel`;
//! - [`plain`], a `stateright::Model` as one writes it at first, from the collections of `std`.
//!
//! Checked in all of them: in each state, `ElectionSafety`, `LeaderCompleteness`,
//! `LeaderIsElected` and `PreVoteEarned`; of each step, the [`STEP_CHECKS`]; and the witness that
//! somebody is elected, which also keeps a checker from stopping early.

use althing::machine::{Event, Machine};
use althing::node::{NodeId, NodeSet, Relabel};
use althing::observe::{Cause, History, Step};
use althing::outbox::{Op, Outbox};
use althing::raft::election::invariants::{self, Elections};
use althing::raft::election::{Config, Message, Published, Timer};
use althing_models::cluster::Cluster;
use althing_models::election::{self, Server};

pub(crate) mod actors;
pub(crate) mod plain;

/// What bounds an exploration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bounds {
    pub(crate) servers: u8,
    /// No election timer expires in this term or a later one.
    pub(crate) terms: u64,
    pub(crate) pre_vote: bool,
    pub(crate) check_quorum: bool,
}

impl Bounds {
    pub(crate) const fn new(servers: u8, terms: u64) -> Self {
        Self { servers, terms, pre_vote: false, check_quorum: false }
    }

    pub(crate) const fn with_pre_vote(self) -> Self {
        Self { pre_vote: true, ..self }
    }

    pub(crate) const fn with_check_quorum(self) -> Self {
        Self { check_quorum: true, ..self }
    }

    pub(crate) fn nodes(&self) -> NodeSet {
        NodeSet::first(self.servers)
    }

    pub(crate) fn config(&self, id: NodeId) -> Config<u8> {
        Config::new(id, self.nodes())
            .expect("every node is a voter")
            .with_credential(0)
            .with_pre_vote(self.pre_vote)
            .with_check_quorum(self.check_quorum)
    }

    /// Whether the timer may expire at this server.
    pub(crate) fn allows(&self, server: &Server, timer: Timer) -> bool {
        match timer {
            Timer::Election => server.term().get() < self.terms,
            Timer::Lease | Timer::Heartbeat | Timer::Quorum => true,
        }
    }
}

type StepCheck = fn(&Step<'_, Server>) -> bool;

/// The invariants of single steps.
pub(crate) const STEP_CHECKS: [(&str, StepCheck); 6] = [
    ("VoteOnce", invariants::vote_once),
    ("Monotonic", invariants::monotonic),
    ("PersistBeforeSend", invariants::persist_before_send),
    ("NoSurprise", invariants::no_surprise),
    ("LeaderStickiness", invariants::leader_stickiness),
    ("CheckQuorum", invariants::check_quorum),
];

/// The cluster that ships, in all but `Recoverability`, which the kit remembers by the tuple of
/// node states and a twin would have to compute anew in every state.
pub(crate) fn ours(bounds: Bounds) -> Cluster<Server, Elections> {
    nothing_checked::<Elections>(bounds)
        .always("ElectionSafety", |view| invariants::election_safety(view.history()))
        .always("LeaderCompleteness", |view| invariants::leader_completeness(view.machines()))
        .always("LeaderIsElected", |view| invariants::leader_is_elected(view.machines(), view.history()))
        .always("PreVoteEarned", |view| invariants::pre_vote_earned(view.history()))
        .sometimes("a leader", |view| view.machines().any(Server::is_leader))
        .checking_steps()
}

/// [`ours`] less the messages that are dead.
pub(crate) fn ours_without_dead(bounds: Bounds) -> Cluster<Server, Elections> {
    ours(bounds).dead(is_dead)
}

/// The cluster without an observer, and so without properties of the past.
pub(crate) fn ours_without_history(bounds: Bounds) -> Cluster<Server> {
    nothing_checked::<()>(bounds)
}

fn nothing_checked<H: History<Server> + Relabel>(bounds: Bounds) -> Cluster<Server, H> {
    Cluster::new(bounds.nodes().iter().map(|id| bounds.config(id))).environment(
        move |server: &Server, event| match event {
            Event::Timer(timer) => bounds.allows(server, *timer),
            Event::Message { .. } | Event::Input(_) => true,
        },
    )
}

trait CheckingSteps {
    fn checking_steps(self) -> Self;
}

impl<H: History<Server>> CheckingSteps for Cluster<Server, H> {
    fn checking_steps(self) -> Self {
        STEP_CHECKS.into_iter().fold(self, |cluster, (name, holds)| cluster.each_step(name, holds))
    }
}

/// The predicate of the model `raft-election`.
pub(crate) fn is_dead(message: &Message<u8>, from: NodeId, receiver: &Server) -> bool {
    election::is_dead::<u8, Published>(message, from, receiver)
}

/// One step of a server whose disk holds all that it wrote: what it asked for, and which of the
/// [`STEP_CHECKS`] it fails, as bits.
pub(crate) fn step(server: &mut Server, event: Event<Server>) -> (Vec<Op<Server>>, u8) {
    let before = *server;
    let mut out = Outbox::new();
    server.step(event.clone(), &mut out);
    let performed: Vec<_> = out.drain().collect();
    let step = Step {
        node: before.id(),
        cause: Cause::Event(&event),
        before: &before,
        disk: &before.durable(),
        performed: &performed,
        after: server,
    };
    let failed = STEP_CHECKS.iter().enumerate().filter(|(_, (_, holds))| !holds(&step));
    let failed = failed.fold(0, |bits, (i, _)| bits | 1 << i);
    (performed, failed)
}
