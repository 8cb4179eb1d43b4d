//! What an election must come to once faults have ended, and what would keep it from that.

use althing::machine::Event;
use althing::outbox::Op;
use althing::raft::election::{Credential, Election, Message, Rules, Timer};

use super::Server;
use super::mutants::{Broken, Mutant, leader_ignores};
use crate::cell::Tamper;
use crate::goal::{Goal, How, Liveness};

/// The minimum election timeout, in ticks; a heartbeat is one tick.
const TIMEOUT: u8 = 3;

/// How many terms the shipped election never needs once faults have ended.
const MORE_TERMS: u64 = 4;

/// Durations as the election's documentation has them. One of the servers that can win times out
/// first: at random durations that happens sooner or later. Each of them is tried.
///
/// They may need some terms more than there were before: beyond those, runs are not followed.
pub fn liveness<C: Credential, R: Rules>(terms: u64) -> Liveness<Election<C, R>> {
    Liveness {
        expires: |timer, is_first| match timer {
            Timer::Heartbeat => 1,
            Timer::Lease | Timer::Quorum => TIMEOUT,
            Timer::Election if is_first => TIMEOUT,
            Timer::Election => 2 * TIMEOUT - 1,
        },
        may_be_first: |servers, node| {
            let own = servers[node.index()].credential();
            servers.iter().all(|server| server.credential() <= own)
        },
        within: Box::new(move |server| server.term().get() <= terms.saturating_add(MORE_TERMS)),
        goals: vec![
            Goal { name: "LeaderEmerges", how: How::Eventually, reached: is_led },
            Goal { name: "LeaderStays", how: How::AtLast, reached: is_led },
        ],
    }
}

/// Whether there is one leader, and all follow it in its term.
pub(super) fn is_led<C: Credential, R: Rules>(servers: &[&Election<C, R>]) -> bool {
    let mut leaders = servers.iter().filter(|server| server.is_leader());
    let (Some(leader), None) = (leaders.next(), leaders.next()) else { return false };
    servers.iter().all(|s| s.leader() == Some(leader.id()) && s.term() == leader.term())
}

/// Mutants that no invariant of states can notice, as nothing bad happens: nothing happens.
pub static MUTANTS: [Mutant; 5] = [
    Mutant::of_host(
        "stale-leader-not-told",
        "a heartbeat of an older term is not answered, with pre-vote and check-quorum (5.1)",
        || Tamper { ignores: ignores_stale_heartbeat, ..Tamper::default() },
        "LeaderEmerges",
        &[("nodes", 3), ("terms", 2), ("pre_vote", 1), ("check_quorum", 1), ("symmetry", 1)],
    ),
    Mutant::of_host(
        "leader-does-not-step-down",
        "a leader ignores newer terms, with pre-vote (5.1)",
        || Tamper { ignores: leader_ignores, ..Tamper::default() },
        "LeaderEmerges",
        &[("nodes", 3), ("terms", 2), ("pre_vote", 1), ("symmetry", 1)],
    ),
    Mutant::of_rules(
        "pre-vote-never-won",
        "wins, with pre-vote (9.6)",
        Broken::WinsNever,
        "LeaderEmerges",
        &[("nodes", 3), ("terms", 1), ("pre_vote", 1), ("symmetry", 1)],
    ),
    Mutant::of_host(
        "nobody-times-out",
        "election timeouts are not acted on (5.2)",
        || Tamper { ignores: |_, event| matches!(event, Event::Timer(Timer::Election)), ..Tamper::default() },
        "LeaderEmerges",
        &[("nodes", 3), ("terms", 1), ("symmetry", 1)],
    ),
    Mutant::of_host(
        "heartbeat-does-not-reassure",
        "a follower's election timeout goes on when it hears its leader, with pre-vote (5.2)",
        || Tamper { performs: without_rearming, ..Tamper::default() },
        "LeaderStays",
        &[("nodes", 2), ("terms", 1), ("pre_vote", 1)],
    ),
];

fn ignores_stale_heartbeat(server: &Server<Broken>, event: &Event<Server<Broken>>) -> bool {
    match event {
        Event::Message { message: Message::Heartbeat { term }, .. } => *term < server.term(),
        Event::Message { .. } | Event::Timer(_) | Event::Input(_) => false,
    }
}

fn without_rearming(mut ops: Vec<Op<Server<Broken>>>) -> Vec<Op<Server<Broken>>> {
    let answers = ops.iter().any(|op| matches!(op, Op::Send { message: Message::HeartbeatReply { .. }, .. }));
    if answers {
        ops.retain(|op| !matches!(op, Op::Arm(Timer::Election)));
    }
    ops
}
