//! The targets of the model `raft-election`.

use althing::machine::{Event, Machine};
use althing::node::{NodeId, NodeSet};
use althing::observe::{Cause, Step};
use althing::outbox::{Op, Outbox};
use althing::raft::election::{Ballot, Config, Role, invariants};
use arbitrary::{Arbitrary, Result, Unstructured};

use super::walk;
use crate::cluster::MAX_NODES;
use crate::election::{RaftElection, Server, endless, model};
use crate::subject::Subject;
use crate::trace::{Happening, read_header, read_lines};

/// The bytes as a cluster and a walk of it: a byte for the servers, a byte for the bounds, a byte
/// for each weight, and then two bytes a step.
///
/// # Panics
/// If an invariant is violated.
pub fn election_walk(bytes: &[u8]) {
    let Some(([nodes, flags], rest)) = bytes.split_first_chunk() else { return };
    let flag = |bit: u8| u64::from(flags >> bit & 1);
    let bounds = endless(
        u64::from(*nodes) % MAX_NODES as u64 + 1,
        &[
            ("pre_vote", flag(0)),
            ("check_quorum", flag(1)),
            ("reduce", flag(2)),
            ("credentials", 1 + flag(3) + 2 * flag(4)),
        ],
    );
    let cluster = model(&bounds).expect("the bounds do not contradict each other");
    walk(&bounds, &cluster, rest);
}

/// The bytes as a trace file if they begin like one, or else as a server in any state, reachable
/// or not, and any events that it is given.
///
/// # Panics
/// If the server breaks its contract.
pub fn election_decode(bytes: &[u8]) {
    if bytes.starts_with(b"{") {
        decode_trace(bytes);
    } else {
        // Bytes that end too early are no server.
        let _ = any_server(&mut Unstructured::new(bytes));
    }
}

/// What a host reads from a file or from its peers: whatever it holds, nothing panics.
fn decode_trace(mut file: &[u8]) {
    let Ok(header) = read_header(&mut file) else { return };
    let _ = RaftElection.replay(&header, &mut &*file);
    let Ok(lines) = read_lines::<Server>(&header, file) else { return };
    let config = Config::new(NodeId::default(), NodeSet::first(3)).expect("the server is a voter");
    let mut server = Server::restart(config.with_credential(1), Ballot::default(), &mut Outbox::new());
    for line in lines {
        match line.input {
            Happening::Event(event) | Happening::Duplicate(event) => handle(&mut server, &event),
            Happening::Crash(_) | Happening::Restart => restart(&mut server),
            Happening::Lose(_) | Happening::Cut(_) | Happening::Heal | Happening::Tick => {}
        }
    }
}

fn any_server(u: &mut Unstructured<'_>) -> Result<()> {
    let id = u.arbitrary()?;
    let voters = NodeSet::arbitrary(u)?.with(id);
    let config = Config::new(id, voters)
        .expect("the server is a voter")
        .with_credential(u.arbitrary()?)
        .with_pre_vote(u.arbitrary()?)
        .with_check_quorum(u.arbitrary()?);
    let mut server = Server::from_parts(config, u.arbitrary()?, config.credential(), u.arbitrary()?);
    while !u.is_empty() {
        match u.arbitrary::<Option<Event<Server>>>()? {
            Some(event) => handle(&mut server, &event),
            None => restart(&mut server),
        }
    }
    Ok(())
}

/// One step, with all that must be true of it in whatever state the server is.
fn handle(server: &mut Server, event: &Event<Server>) {
    let text = serde_json::to_string(event).expect("plain data");
    assert_eq!(serde_json::from_str::<Event<Server>>(&text).ok().as_ref(), Some(event), "{text}");

    let before = *server;
    let performed = ops(server, event);
    let mut twin = before;
    assert_eq!(ops(&mut twin, event), performed, "{before:?} has two answers to {event:?}");
    assert_eq!(twin, *server, "{before:?} has two futures after {event:?}");

    let cause = Cause::Event(event);
    let disk = before.durable();
    let step =
        Step { node: before.id(), cause, before: &before, disk: &disk, performed: &performed, after: server };
    assert_eq!(step.disk_after(), server.durable(), "the disk is not a fold of the writes: {step:?}");
    assert!(waits_for_the_disk(&performed), "an effect overtakes a write: {step:?}");
    assert!(invariants::monotonic(&step), "Monotonic: {step:?}");
    assert!(invariants::vote_once(&step), "VoteOnce: {step:?}");
    assert!(invariants::no_surprise(&step), "NoSurprise: {step:?}");
    assert!(invariants::leader_stickiness(&step), "LeaderStickiness: {step:?}");
    assert!(invariants::check_quorum(&step), "CheckQuorum: {step:?}");
    if voted_for_itself(&before) {
        assert!(invariants::persist_before_send(&step), "PersistBeforeSend: {step:?}");
        assert!(voted_for_itself(server), "a candidate without its own vote: {step:?}");
    }
}

fn ops(server: &mut Server, event: &Event<Server>) -> Vec<Op<Server>> {
    let mut out = Outbox::new();
    server.step(event.clone(), &mut out);
    out.drain().collect()
}

fn restart(server: &mut Server) {
    let mut out = Outbox::new();
    let restarted = Server::restart(*server.config(), server.durable(), &mut out);
    assert_eq!(restarted.durable(), server.durable(), "a restart changes the disk");
    let acts = |op| matches!(op, Op::Write(_) | Op::Send { .. } | Op::Output(_));
    assert!(!out.drain().any(acts), "a restart acts by itself: {restarted:?}");
    *server = restarted;
}

fn waits_for_the_disk(ops: &[Op<Server>]) -> bool {
    let mut unsynced = false;
    let kept = ops.iter().all(|op| match op {
        Op::Write(_) => {
            unsynced = true;
            true
        }
        Op::Sync => {
            unsynced = false;
            true
        }
        Op::Send { .. } | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => !unsynced,
    });
    kept && !unsynced
}

/// Of all states, those in which whoever stands for election or leads gave itself its vote.
fn voted_for_itself(server: &Server) -> bool {
    match server.role() {
        Role::Candidate { .. } | Role::Leader { .. } => server.vote() == Some(server.id()),
        Role::Follower { .. } | Role::PreCandidate { .. } => true,
    }
}
