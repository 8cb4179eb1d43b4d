//! The model `raft-election`.

use althing::machine::Event;
use althing::node::{NodeId, NodeSet};
use althing::raft::invariants::{self, Elections};
use althing::raft::{Config, Credential, Election, Message, Published, Role, Rules, Timer};

use crate::cluster::Cluster;
use crate::recover::Recovery;

/// Credentials in the model.
pub type Server<R = Published> = Election<u8, R>;

/// tmp
pub fn cluster<R: Rules>(
    n: u8,
    terms: u64,
    pv: bool,
    cq: bool,
    rules: R,
    dead: bool,
) -> Cluster<Server<R>, Elections> {
    let configs = NodeSet::first(n).iter().map(|id| {
        Config::new(id, NodeSet::first(n))
            .expect("ok")
            .with_credential(0_u8)
            .with_rules(rules)
            .with_pre_vote(pv)
            .with_check_quorum(cq)
    });
    let c = Cluster::new(configs.collect::<Vec<_>>())
        .environment(move |server: &Server<R>, event| match event {
            Event::Timer(Timer::Election) => server.term().get() < terms,
            Event::Timer(_) | Event::Input(_) | Event::Message { .. } => true,
        })
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
        .sometimes("a leader", |view| view.machines().any(Election::is_leader));
    if dead { c.dead(is_dead) } else { c }
}

fn recovery<C: Credential, R: Rules>() -> Recovery<Election<C, R>> {
    Recovery {
        rounds: 20,
        schedule: |round, nodes| {
            let first =
                nodes.iter().nth(round % usize::from(nodes.len())).map_or(NodeSet::EMPTY, NodeSet::only);
            vec![
                (Timer::Lease, nodes),
                (Timer::Election, first),
                (Timer::Heartbeat, nodes),
                (Timer::Quorum, nodes),
            ]
        },
        goal: |servers| {
            let leaders: Vec<_> = servers.iter().filter(|s| s.is_leader()).collect();
            let [leader] = leaders[..] else { return false };
            servers.iter().all(|s| s.leader() == Some(leader.id()) && s.term() == leader.term())
        },
    }
}

/// Messages that change nothing any more. Requests never die: a stale one still tells its
/// sender the receiver's term.
fn is_dead<C: Credential, R: Rules>(message: &Message<C>, from: NodeId, receiver: &Election<C, R>) -> bool {
    let (term, current) = (message.term(), receiver.term());
    match message {
        Message::PreVote { .. } | Message::RequestVote { .. } | Message::Heartbeat { .. } => false,
        Message::PreVoteReply { granted: true, .. } => term < current,
        Message::PreVoteReply { granted: false, .. } | Message::VoteReply { granted: false, .. } => {
            term <= current
        }
        Message::VoteReply { granted: true, .. } => {
            let counts = matches!(receiver.role(), Role::Candidate { votes } if !votes.contains(from));
            term < current || term == current && !counts
        }
        Message::HeartbeatReply { .. } => {
            term < current || term == current && !(receiver.is_leader() && receiver.config().check_quorum())
        }
    }
}
