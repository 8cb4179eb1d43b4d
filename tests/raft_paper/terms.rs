//! Paper 5.1 and the "all servers" rules of Figure 2: terms.

use althing::Op;
use althing::raft::election::{Message, Role, Term, Timer};

use crate::subject::*;

/// Paper, Figure 2: the first term is 0, and nobody was voted for in it.
#[test]
fn a_disk_that_was_never_written_is_term_0_without_a_vote() {
    assert_eq!(Subject::new(plain(3)).disk(), ballot(0, None));
}

/// Paper 5.2: servers come up as followers, and wait before they do anything.
#[test]
fn a_server_starts_as_a_follower_that_waits() {
    let subject = Subject::new(plain(3));
    assert_eq!(subject.role(), Role::Follower { leader: None });
    assert_eq!(subject.ops, [Op::Arm(Timer::Election)]);
}

/// Paper 5.1: servers exchange their terms whenever they communicate.
#[test]
fn every_message_carries_its_senders_term() {
    let mut kinds = Vec::new();
    for seen in 0..=4 {
        for message in each_kind(seen) {
            for mut subject in each_role(careful(3)) {
                subject.hear(2, message);
                kinds.extend(subject.sent());
                assert!(subject.sent().iter().all(|(_, sent)| sent.term() == subject.server.term()));
            }
        }
    }
    for mut subject in each_role(careful(3)) {
        subject.expire(Timer::Election);
        kinds.extend(subject.sent());
        assert!(subject.sent().iter().all(|(_, sent)| sent.term() == subject.server.term()));
    }
    for sample in each_kind(0) {
        let kind = std::mem::discriminant(&sample);
        assert!(kinds.iter().any(|(_, sent)| std::mem::discriminant(sent) == kind), "{sample:?} was sent");
    }
}

/// Each message of a newer term to a server in each role, but for the question of a
/// pre-candidate to a server that has a leader: thesis 9.6 has that disregarded, term and all.
fn each_sight_of_a_newer_term(newer: u64) -> impl Iterator<Item = (Message<u8>, Subject)> {
    let content = |subject: &Subject| subject.server.leader().is_some();
    each_kind(newer)
        .into_iter()
        .flat_map(|message| each_role(plain(3)).into_iter().map(move |subject| (message, subject)))
        .filter(move |(message, subject)| *message != pre_vote(newer, OWN) || !content(subject))
}

/// Paper 5.1: whoever finds its term behind another's takes the larger, from whatever message.
#[test]
fn a_newer_term_is_adopted_from_every_message_in_every_role() {
    for (message, mut subject) in each_sight_of_a_newer_term(7) {
        subject.hear(2, message);
        assert_eq!(subject.term(), 7, "{message:?}");
    }
}

/// Paper 5.1: a candidate or a leader that learns of a newer term goes back to follower at once.
#[test]
fn a_newer_term_makes_a_follower_of_every_role() {
    for (message, mut subject) in each_sight_of_a_newer_term(7) {
        subject.hear(2, message);
        let leader = (message == heartbeat(7)).then_some(node(2));
        assert_eq!(subject.role(), Role::Follower { leader }, "{message:?}");
    }
}

/// Paper, Figure 2: the vote belongs to the current term, so a newer one begins without.
#[test]
fn a_newer_term_begins_without_a_vote() {
    for mut subject in each_role(plain(3)) {
        subject.hear(2, heartbeat(4));
        assert_eq!(subject.disk(), ballot(4, None));
    }
}

/// Paper, Figure 2: the term is on stable storage before anything is said in it.
#[test]
fn a_newer_term_is_durable_before_it_is_acknowledged() {
    let mut subject = Subject::new(plain(3));
    subject.hear(1, heartbeat(4));
    let answer = Op::Send { to: node(1), message: heartbeat_reply(4) };
    assert_eq!(subject.ops[..2], [Op::Write(ballot(4, None)), Op::Sync]);
    assert!(subject.ops[2..].contains(&answer));
}

/// Paper 5.1: a request out of an older term is turned down; the refusal names the newer term.
#[test]
fn a_stale_request_is_refused_with_the_newer_term() {
    for mut subject in each_role(plain(3)) {
        subject.hear(2, request_vote(2, u8::MAX));
        assert_eq!(subject.sent(), [(2, vote_reply(3, false))]);
        subject.hear(2, pre_vote(2, u8::MAX));
        assert_eq!(subject.sent(), [(2, pre_vote_reply(3, false))]);
        subject.hear(2, heartbeat(2));
        assert_eq!(subject.sent(), [(2, heartbeat_reply(3))]);
    }
}

/// Paper 5.1: terms only grow, and what comes out of an older one has no effect.
#[test]
fn a_stale_message_changes_nothing() {
    for message in each_kind(2) {
        for mut subject in each_role(careful(3)) {
            let before = subject.server;
            subject.hear(2, message);
            assert_eq!(subject.server, before, "{message:?}");
            assert_eq!(subject.ops.len(), subject.sent().len(), "{message:?} is answered at most");
        }
    }
}

/// Paper 5.1: a message of one's own term is no news.
#[test]
fn a_message_of_the_same_term_deposes_nobody() {
    let mut leader = Subject::leader(plain(5));
    for message in each_kind(1).into_iter().filter(|message| *message != heartbeat(1)) {
        leader.hear(4, message);
        assert!(leader.server.is_leader() && leader.term() == 1, "{message:?}");
    }
}

/// Paper, Figure 4: a leader that is deposed stops its heartbeats and waits like any follower.
#[test]
fn a_deposed_leader_changes_its_timers() {
    let mut leader = Subject::leader(careful(3));
    leader.hear(2, heartbeat_reply(2));
    assert!(leader.disarmed(Timer::Heartbeat) && leader.disarmed(Timer::Quorum));
    assert!(leader.armed(Timer::Election));
    let mut leader = Subject::leader(plain(3));
    leader.hear(2, heartbeat_reply(2));
    assert!(leader.disarmed(Timer::Heartbeat) && !leader.disarmed(Timer::Quorum));
    assert!(leader.armed(Timer::Election));
}

/// Paper 5.1: a term is a number that only a message can push to its end. There, servers go on
/// answering, and nobody is elected any more.
#[test]
fn the_last_term_neither_panics_nor_elects() {
    assert_eq!(Term::new(u64::MAX).next(), None);
    for config in [plain(1), careful(1), plain(3), careful(3)] {
        let mut subject = Subject::restart(config, ballot(u64::MAX - 1, None));
        if config.voters().len() > 1 {
            subject.hear(1, heartbeat(u64::MAX));
            subject.expire(Timer::Lease);
        } else {
            subject.expire(Timer::Election);
            assert!(subject.server.is_leader(), "the last term is a term like others");
            subject = subject.crash();
        }
        for _ in 0..3 {
            subject.expire(Timer::Election);
            assert!(subject.armed(Timer::Election));
            for message in each_kind(u64::MAX) {
                subject.hear(2, message);
                assert_eq!(subject.term(), u64::MAX);
                assert!(!subject.server.is_leader(), "{message:?}");
            }
        }
    }
}
