//! Whatever comes from outside, a server refuses it with the reason or lets it be, its state
//! unchanged; it never panics.

use althing::NodeSet;
use althing::raft::{
    Batch, Config, Disk, Index, Input, Limits, Membership, MembershipError, Message, Options, Output,
    Position, Refusal, Refused, Term, Timer,
};

#[path = "raft_log/subject.rs"]
#[expect(dead_code, reason = "the tests of the papers use the rest of it")]
mod subject;

use subject::*;

/// A leader of term 1 and a follower in term 3, both with entries that are committed.
fn each_role() -> [Subject; 2] {
    let mut leader = Subject::leader(plain(3));
    leader.ask(propose(&[7, 8]));
    leader.hear(1, reply(1, matches(2)));
    let mut follower = Subject::restart(plain(3), disk(3, &[1, 2, 3]));
    follower.hear(1, append(3, at(3, 3), 3, &[], 2));
    [leader, follower]
}

/// The message changes nothing, and the answer is no more than this refusal.
#[track_caller]
fn refuses(subject: &mut Subject, message: Message<u8>, why: Refusal) {
    let before = subject.server.clone();
    subject.hear(1, message);
    assert!(subject.told().contains(&Output::Refused(Refused::Message(node(1)), why)), "{:?}", subject.ops);
    assert_eq!((subject.server.log(), subject.commit()), (before.log(), before.commit().get()));
    assert_eq!((subject.written(), subject.sent()), (vec![], vec![]));
    assert_eq!(subject.server, before);
}

#[test]
fn a_message_from_a_stranger_counts_for_nothing() {
    for mut subject in each_role() {
        let (before, term) = (subject.server.clone(), subject.term());
        for answer in [matches(3), lacks(1, at(0, 0)), lacks(9, at(9, 9)), althing::raft::Answer::Stale] {
            for stranger in [3, 63] {
                subject.hear(stranger, reply_in(term, answer, 9));
                assert_eq!((&subject.server, &subject.ops), (&before, &vec![]));
                subject.hear(stranger, vote_reply(term));
                assert_eq!((&subject.server, &subject.ops), (&before, &vec![]));
            }
        }
    }
}

#[test]
fn a_message_from_the_server_itself_is_refused() {
    for mut subject in each_role() {
        let before = subject.server.clone();
        for message in [append(9, at(0, 0), 9, &[7], 9), reply(9, matches(2)), vote_reply(9)] {
            subject.hear(0, message);
            subject.refused(Refused::Message(node(0)), Refusal::OwnMessage);
            assert_eq!(subject.server, before);
        }
    }
}

#[test]
fn a_bare_heartbeat_is_refused() {
    use althing::raft::election::Message::{Heartbeat, HeartbeatReply};
    for mut subject in each_role() {
        let term = Term::new(9);
        refuses(&mut subject, Message::Election(Heartbeat { term }), Refusal::BareHeartbeat);
        refuses(&mut subject, Message::Election(HeartbeatReply { term }), Refusal::BareHeartbeat);
    }
}

#[test]
fn an_index_beyond_the_greatest_is_refused() {
    let [_, mut follower] = each_role();
    for far in [Index::LIMIT.get() + 1, u64::MAX - 1, u64::MAX] {
        refuses(&mut follower, append(3, at(3, far), 3, &[], 0), Refusal::Malformed);
        refuses(&mut follower, append(3, at(3, far), 3, &[1, 2], u64::MAX), Refusal::Malformed);
        refuses(&mut follower, offer(3, snapshot(at(3, far), members(&[0], &[]))), Refusal::Malformed);
    }
    refuses(&mut follower, append(3, at(3, Index::LIMIT.get()), 3, &[1], 0), Refusal::Malformed);
}

#[test]
fn an_index_beyond_the_log_is_only_lacked() {
    let [_, mut follower] = each_role();
    let before = follower.server.clone();
    follower.hear(1, append(3, at(3, Index::LIMIT.get()), 3, &[], u64::MAX));
    assert_eq!(follower.sent(), [(1, reply(3, lacks(Index::LIMIT.get(), at(3, 3))))]);
    assert_eq!(follower.server, before);
    follower.hear(1, append(3, at(3, 3), 3, &[], u64::MAX));
    assert_eq!(follower.commit(), 3, "a commit index beyond the log is that of the log");
}

#[test]
fn an_answer_beyond_the_log_is_refused() {
    let [mut leader, _] = each_role();
    for far in [4, Index::LIMIT.get(), u64::MAX] {
        refuses(&mut leader, reply(1, matches(far)), Refusal::Contradiction);
    }
    for round in [1, u64::MAX] {
        refuses(&mut leader, reply_in(1, matches(2), round), Refusal::Contradiction);
    }
    for (prev, hint) in [(u64::MAX, at(u64::MAX, u64::MAX)), (4, at(9, u64::MAX)), (u64::MAX, at(0, 0))] {
        leader.hear(2, reply(1, lacks(prev, hint)));
        assert!(leader.progress(2).next <= index(4));
    }
    assert!(leader.server.is_leader());
}

#[test]
fn terms_that_contradict_each_other_are_refused() {
    let [_, mut follower] = each_role();
    for (prev, of) in [
        (at(4, 3), 4), // An entry of a later term than its sender's.
        (at(3, 3), 4),
        (at(3, 3), 2), // A term that goes back.
        (at(1, 0), 3), // A term before the first entry.
    ] {
        refuses(&mut follower, append(3, prev, of, &[7], 0), Refusal::Malformed);
    }
    let taken = snapshot(at(4, 9), members(&[0], &[]));
    refuses(&mut follower, offer(3, taken), Refusal::Malformed);
}

#[test]
fn a_term_that_overflows_is_the_last() {
    let last = u64::MAX;
    for message in [
        append(last, at(0, 0), last, &[7], 0),
        reply(last, matches(u64::MAX)),
        vote_reply(last),
        request_vote(last, at(last, last), true),
        Message::Committed { term: Term::new(last), last: at(last, last) },
        Message::TimeoutNow { term: Term::new(last) },
        offer(last, snapshot(at(last, 9), members(&[0], &[]))),
    ] {
        for mut subject in each_role() {
            subject.hear(1, message.clone());
            assert_eq!(subject.term(), last, "{message:?}");
            for timer in [Timer::Lease, Timer::Election, Timer::Heartbeat, Timer::Quorum] {
                subject.expire(timer);
            }
            assert!(subject.term() == last && !subject.server.is_leader());
        }
    }
}

#[test]
fn a_snapshot_older_than_the_log_changes_nothing() {
    let [_, mut follower] = each_role();
    follower.ask(Input::Compact(index(2)));
    let before = follower.server.clone();
    for last in [at(0, 0), at(1, 1), at(3, 1), at(2, 2), at(3, 2)] {
        follower.hear(1, offer(3, snapshot(last, members(&[0, 5], &[]))));
        assert_eq!((&follower.server, follower.written()), (&before, vec![]));
    }
}

#[test]
fn a_configuration_without_voters_is_refused() {
    assert_eq!(Membership::new(NodeSet::EMPTY, nodes(&[1])), Err(MembershipError::NoVoters));
    let [mut leader, mut follower] = each_role();
    leader.ask(Input::Change(Membership::UNKNOWN));
    leader.refused(Refused::Change, Refusal::Unsound);
    let nobody = Batch::Change(Membership::UNKNOWN);
    refuses(&mut follower, append_batch(3, at(3, 3), nobody, 0), Refusal::Malformed);
    refuses(&mut follower, offer(3, snapshot(at(3, 9), Membership::UNKNOWN)), Refusal::Malformed);
}

#[test]
fn a_configuration_with_a_server_twice_is_refused() {
    let both = MembershipError::VotersAndLearners(nodes(&[1]));
    assert_eq!(Membership::new(nodes(&[0, 1]), nodes(&[1, 2])), Err(both));
}

#[test]
fn a_restart_from_a_disk_that_breaks_an_invariant_is_refused() {
    let log = disk(3, &[1, 3]).log().clone();
    let why = Disk::new(ballot(2, None), log).expect_err("an entry of a term that the server has not seen");
    assert_eq!(why.to_string(), "an entry is of term 3, but the server's term is 2");
}

#[test]
fn an_input_that_does_not_fit_is_refused() {
    for mut subject in each_role() {
        let before = subject.server.clone();
        for far in [9, u64::MAX] {
            subject.ask(Input::Compact(index(far)));
            assert!(matches!(
                subject.told()[..],
                [Output::Refused(Refused::Compaction(_), Refusal::NotCommitted { .. })]
            ));
            subject.ask(Input::Persisted(at(far, far)));
            subject.ask(Input::Unreachable(node(63)));
        }
        subject.ask(propose(&[]));
        assert_eq!(subject.server, before);
    }
}

/// A server that was told no members, and whose log has not told it yet, would write a snapshot
/// without members, from which nobody could start.
#[test]
fn a_log_that_does_not_say_who_takes_part_is_not_compacted() {
    let mut joining = Subject::new(Config::new(node(5), Membership::UNKNOWN).with_options(PLAIN));
    joining.hear(1, append(1, at(0, 0), 1, &[7, 8], 2));
    let before = joining.server.clone();
    joining.ask(Input::Compact(index(2)));
    joining.refused(Refused::Compaction(index(2)), Refusal::UnknownMembership);
    assert_eq!(joining.server, before);
    joining.hear(1, append_batch(1, at(1, 2), Batch::Change(members(&[1], &[5])), 3));
    joining.ask(Input::Compact(index(3)));
    assert_eq!(joining.server.log().snapshot().membership, members(&[1], &[5]));
}

/// A log that is full takes on nothing, not even what a leader adds by itself.
#[test]
fn a_full_log_stays_as_it_is() {
    for alone in [true, false] {
        let voters = if alone { members(&[0], &[]) } else { members(&[0, 1, 2], &[]) };
        let mut subject = Subject::new(plain(3));
        let full = Position::new(Term::new(1), Index::LIMIT);
        subject.hear(1, offer(1, snapshot(full, voters)));
        assert_eq!(subject.last(), full);
        subject.expire(Timer::Election);
        subject.hear(1, vote_reply(2));
        assert!(subject.server.is_leader());
        assert_eq!(subject.last(), full);
        subject.ask(propose(&[7]));
        subject.refused(Refused::Proposal, Refusal::LogFull);
        subject.ask(Input::Change(members(&[0, 1], &[])));
        assert_eq!(subject.last(), full);
        subject.expire(Timer::Heartbeat);
        assert!(subject.server.is_leader());
    }
}

/// Limits of nothing are limits of one.
#[test]
fn limits_of_nothing_do_not_stop_a_leader() {
    let limits = Limits {
        message_entries: 0,
        message_bytes: 0,
        in_flight_entries: 0,
        in_flight_bytes: 0,
        uncommitted_bytes: 0,
    };
    let mut leader = Subject::leader(plain(3).with_limits(limits));
    for command in 1..4 {
        leader.ask(propose(&[command]));
        leader.hear(1, reply(1, matches(u64::from(command) + 1)));
        assert_eq!(leader.commit(), u64::from(command) + 1);
    }
    assert_eq!(leader.progress(2).next, index(3), "one entry is under way to the other");
}

/// A server that is its only voter is elected as soon as it stands: also if it led until the same
/// message. It begins the new term like any other.
#[test]
fn a_leader_that_is_told_to_stand_begins_its_new_term() {
    let mut leader = Subject::leader(Config::new(node(0), members(&[0], &[1])).with_options(PLAIN));
    leader.ask(Input::Read(5));
    leader.hear(1, Message::TimeoutNow { term: Term::new(7) });
    assert!(leader.server.is_leader());
    assert_eq!((leader.term(), leader.last()), (8, at(8, 2)));
    assert!(leader.ops.contains(&althing::Op::Arm(Timer::Heartbeat)));
    assert_eq!(leader.commit(), 2);
}

/// Whoever is left when the others have gone needs no answers to a read any more.
#[test]
fn a_read_is_answered_when_nobody_else_is_left_to_ask() {
    let options = Options { write_behind: true, ..PLAIN };
    let mut leader = Subject::leader(plain(2).with_options(options));
    leader.ask(Input::Persisted(at(1, 1)));
    leader.ask(Input::Change(members(&[0], &[])));
    leader.ask(Input::Read(5));
    leader.hear(1, reply(1, matches(2))); // It answers what came before the read.
    assert!(leader.server.membership().is_joint());
    leader.ask(Input::Persisted(at(1, 2)));
    assert_eq!(leader.server.membership(), members(&[0], &[]));
    assert!(leader.told().contains(&Output::Read { token: 5, index: index(1) }), "{:?}", leader.ops);
}
