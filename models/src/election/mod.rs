//! The model `raft-election`: [`althing::raft::election::Election`] as it ships.

pub mod liveness;
pub mod mutants;
mod subject;
pub mod transitions;

pub use subject::RaftElection;

use althing::machine::Event;
use althing::node::{NodeId, NodeSet};
use althing::raft::election::invariants::{self, Elections};
use althing::raft::election::{Config, Credential, Election, Input, Message, Published, Role, Rules, Timer};

use crate::bounds::{Bounds, BoundsError, Key};
use crate::cell::{Stimulus, Tamper};
use crate::cluster::{Cluster, MAX_NODES};
use crate::keys::{self, ENDLESS_TERMS};
use crate::property::Scene;
use crate::recover::Recovery;

/// The machine under check. Its credential is a level, so that some servers are less up-to-date
/// than others.
pub type Server<R = Published> = Election<u8, R>;

/// What bounds the model.
pub static KEYS: [Key; 12] = [
    Key::new("nodes", "servers, all of them voters", 1, MAX_NODES as u64, 3),
    Key::new("terms", "terms: in the last no election timeout comes", 0, ENDLESS_TERMS, 2),
    keys::CRASHES,
    Key::new("pre_vote", "1: pre-vote is on", 0, 1, 0),
    Key::new("check_quorum", "1: check-quorum and leader stickiness are on", 0, 1, 0),
    Key::new("credentials", "levels of up-to-dateness: the first servers have one less each", 1, 4, 1),
    keys::SYMMETRY,
    keys::REDUCE,
    keys::IN_FLIGHT,
    keys::LOSSES,
    keys::DUPLICATES,
    keys::CUTS,
];

/// Bounds for long walks of this many servers: no term is the last, and no fault the last of its
/// kind. The other bounds as given.
///
/// # Panics
/// If a bound is out of its range.
pub fn endless(nodes: u64, others: &[(&str, u64)]) -> Bounds {
    Bounds::new(&KEYS)
        .with(&[("nodes", nodes), ("terms", ENDLESS_TERMS)])
        .with(&keys::ENDLESS_FAULTS)
        .with(others)
}

/// The model with these bounds, run by an honest host after the published rules.
///
/// # Errors
/// [`BoundsError`] if the bounds contradict each other.
pub fn model(bounds: &Bounds) -> Result<Cluster<Server, Elections>, BoundsError> {
    cluster(bounds, Published, Tamper::default())
}

/// The model with these bounds, rules and host.
///
/// # Errors
/// [`BoundsError`] if the bounds contradict each other.
pub fn cluster<R: Rules>(
    bounds: &Bounds,
    rules: R,
    tamper: Tamper<Server<R>>,
) -> Result<Cluster<Server<R>, Elections>, BoundsError> {
    keys::validate(bounds)?;
    let terms = bounds.get("terms");
    let mut cluster = Cluster::new(configs(bounds, rules))
        .tamper(tamper)
        .environment(move |server: &Server<R>, event| match event {
            Event::Timer(Timer::Election) => server.term().get() < terms,
            Event::Timer(_) | Event::Input(_) | Event::Message { .. } => true,
        })
        .live(liveness::liveness(terms))
        .transitions(transitions::expected(bounds), transitions::name)
        .describe(describe);
    if bounds.get("credentials") > 1 {
        cluster = cluster.inputs([Input::Advance(bounds.small("credentials") - 1)]);
    }
    cluster = witnesses(invariants(cluster), bounds);
    if bounds.is_on("reduce") {
        cluster = cluster.dead(is_dead);
    }
    Ok(keys::bounded(cluster, bounds))
}

fn configs<R: Rules>(bounds: &Bounds, rules: R) -> Vec<Config<u8, R>> {
    let voters = NodeSet::first(bounds.small("nodes"));
    let config = |id: NodeId| {
        Config::new(id, voters)
            .expect("every server is a voter")
            .with_credential(id.get().min(bounds.small("credentials") - 1))
            .with_rules(rules)
            .with_pre_vote(bounds.is_on("pre_vote"))
            .with_check_quorum(bounds.is_on("check_quorum"))
    };
    voters.iter().map(config).collect()
}

fn invariants<R: Rules>(cluster: Cluster<Server<R>, Elections>) -> Cluster<Server<R>, Elections> {
    cluster
        .always("ElectionSafety", |view| invariants::election_safety(view.history()))
        .always("LeaderCompleteness", |view| invariants::leader_completeness(view.machines()))
        .always("LeaderIsElected", |view| invariants::leader_is_elected(view.machines(), view.history()))
        .each_step("VoteOnce", invariants::vote_once)
        .each_step("Monotonic", invariants::monotonic)
        .each_step("PersistBeforeSend", invariants::persist_before_send)
        .each_step("NoSurprise", invariants::no_surprise)
        .always("PreVoteEarned", |view| invariants::pre_vote_earned(view.history()))
        .each_step("LeaderStickiness", invariants::leader_stickiness)
        .each_step("CheckQuorum", invariants::check_quorum)
        .recoverable("Recoverability", recovery())
}

/// For each invariant, that what it speaks of happens, where the bounds allow it.
fn witnesses<R: Rules>(
    mut cluster: Cluster<Server<R>, Elections>,
    bounds: &Bounds,
) -> Cluster<Server<R>, Elections> {
    let (nodes, terms) = (bounds.get("nodes"), bounds.get("terms"));
    if terms == 0 {
        return cluster;
    }
    cluster = cluster.sometimes("a leader", |view| view.machines().any(Election::is_leader));
    if terms > 1 && nodes > 1 {
        cluster = cluster.sometimes("leaders in two terms", |view| view.history().terms_led() > 1);
    }
    if terms > 1 && nodes > 2 {
        cluster = cluster
            .sometimes("two leaders at once", |view| view.machines().filter(|s| s.is_leader()).count() > 1);
    }
    if nodes > 1 {
        cluster = cluster
            .sometimes("a follower of a leader", |view| {
                view.machines().any(|s| !s.is_leader() && s.leader().is_some())
            })
            .sometimes("a vote under way", |view| {
                sent(view).any(|message| matches!(message, Message::VoteReply { granted: true, .. }))
            });
    }
    if nodes > 1 && bounds.get("credentials") > 1 {
        cluster = cluster.sometimes("a leader ahead of another server", |view| {
            let leader = view.machines().find(|s| s.is_leader());
            leader.is_some_and(|leader| view.machines().any(|s| s.credential() < leader.credential()))
        });
    }
    if nodes > 1 && bounds.is_on("pre_vote") {
        cluster = cluster
            .sometimes("a pre-vote under way", |view| {
                sent(view).any(|message| matches!(message, Message::PreVoteReply { granted: true, .. }))
            })
            .sometimes("a pre-vote asked of who has a leader", |view| asked_while_led(view));
    }
    if nodes > 1 && bounds.is_on("check_quorum") {
        cluster = cluster.sometimes("a leader heard by others", |view| {
            view.machines().any(|s| matches!(s.role(), Role::Leader { active } if active.len() > 1))
        });
    }
    cluster
}

fn sent<'a, R: Rules>(view: &Scene<'a, Server<R>, Elections>) -> impl Iterator<Item = &'a Message<u8>> {
    view.network().filter_map(|stimulus| match &stimulus.event {
        Event::Message { message, .. } => Some(message),
        Event::Timer(_) | Event::Input(_) => None,
    })
}

fn asked_while_led<R: Rules>(view: &Scene<'_, Server<R>, Elections>) -> bool {
    view.network().any(|Stimulus { node, event }| {
        let asked = matches!(event, Event::Message { message: Message::PreVote { .. }, .. });
        asked && view.nodes().any(|(id, server)| id == *node && server.leader().is_some())
    })
}

/// Once faults end, one server after another times out first, until all follow one leader.
pub fn recovery<C: Credential, R: Rules>() -> Recovery<Election<C, R>> {
    Recovery {
        // The first candidate may be outdated, and the second may first have to learn the term
        // of a third; each gets two turns.
        rounds: 2 * MAX_NODES,
        schedule: |round, nodes| {
            let turn = round % usize::from(nodes.len());
            let first = nodes.iter().nth(turn).map_or(NodeSet::EMPTY, NodeSet::only);
            vec![
                (Timer::Lease, nodes),
                (Timer::Election, first),
                (Timer::Heartbeat, nodes),
                (Timer::Quorum, nodes),
            ]
        },
        answers: |_| None,
        goal: liveness::is_led,
    }
}

/// Messages that change nothing any more. A request is never one of them, however stale: the
/// answer tells its sender the receiver's term.
pub fn is_dead<C: Credential, R: Rules>(
    message: &Message<C>,
    from: NodeId,
    receiver: &Election<C, R>,
) -> bool {
    let (term, current) = (message.term(), receiver.term());
    match message {
        Message::PreVote { .. } | Message::RequestVote { .. } | Message::Heartbeat { .. } => false,
        // The receiver may ask around again in the same term.
        Message::PreVoteReply { granted: true, .. } => term < current,
        Message::PreVoteReply { granted: false, .. } | Message::VoteReply { granted: false, .. } => {
            term <= current
        }
        // The receiver stands but once in a term, and leads but once.
        Message::VoteReply { granted: true, .. } => {
            let counts = matches!(receiver.role(), Role::Candidate { votes } if !votes.contains(from));
            term < current || term == current && !counts
        }
        // A candidate may yet lead in its term, and then counts the answer, though that was to an
        // earlier heartbeat of its own.
        Message::HeartbeatReply { .. } => {
            let counts = matches!(receiver.role(), Role::Candidate { .. } | Role::Leader { .. });
            term < current || term == current && !(counts && receiver.config().check_quorum())
        }
    }
}

fn describe<C: Credential, R: Rules>(server: &Election<C, R>) -> String {
    let vote = server.vote().map_or_else(|| "no vote".into(), |node| format!("vote for {node}"));
    format!("term {}, {vote}, {}", server.term(), server.role())
}
