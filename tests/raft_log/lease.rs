//! Thesis 6.4.1: reads by the leader's lease.

use althing::raft::lease::{Drift, Lease, NoLease, Unmeasurable};
use althing::raft::{Config, Input, Message, Options, Refusal, Refused, Term, Timer};

use crate::subject::*;

/// The paper, and followers that stick to their leader.
const STICKY: Options = Options { check_quorum: true, ..PLAIN };

fn sticky(size: u8) -> Config {
    plain(size).with_options(STICKY)
}

/// A lease lasts for 800 after the question.
fn lease() -> Lease {
    Lease::new(1_000, Drift { parts: 1, of: 9 }).expect("a lease")
}

/// Asks for a lease at this time, in one step, which is a round if it is not refused.
fn ask(leader: &mut Subject, lease: &mut Lease, now: u64) {
    let question = lease.ask(&leader.server, 5, now);
    leader.ask(question);
}

/// A leader of three, of term 1 with one entry, whom follower 1 has answered what it asked at 100.
fn leaseholder() -> (Subject, Lease) {
    let (mut leader, mut lease) = (Subject::leader(sticky(3)), lease());
    ask(&mut leader, &mut lease, 100);
    leader.hear(1, reply_in(1, matches(1), 1));
    (leader, lease)
}

/// Thesis 6.4.1: the lease is the election timeout, as the fastest clock measures it, by the slowest.
#[test]
fn a_lease_is_shorter_than_the_timeout_by_the_drift() {
    let length = |timeout, parts, of| Lease::new(timeout, Drift { parts, of }).map(|lease| lease.length());
    assert_eq!(length(1_000, 0, 1), Ok(1_000));
    assert_eq!(length(1_000, 1, 9), Ok(800));
    assert_eq!(length(1_000, 1, 1_000), Ok(998), "of 998.002, rounded down");
    assert_eq!(length(u64::MAX, 1, 3), Ok(u64::MAX / 2));
    assert_eq!(length(u64::MAX, 0, u64::MAX), Ok(u64::MAX));
    for (parts, of) in [(0, 0), (1, 1), (2, 1), (1, 0), (u64::MAX, u64::MAX)] {
        assert_eq!(length(1_000, parts, of), Err(Unmeasurable::Drift(Drift { parts, of })));
    }
    assert_eq!(length(0, 0, 1), Err(Unmeasurable::Timeout { timeout: 0 }));
    assert_eq!(length(2, 1, 3), Ok(1));
    assert_eq!(length(1, 1, 3), Err(Unmeasurable::Timeout { timeout: 1 }), "half a unit");
}

/// Thesis 6.4.1: a leader that a majority has answered reads without a message until its lease ends,
/// and not at the moment at which it ends.
#[test]
fn a_lease_ends_on_time() {
    let (leader, lease) = leaseholder();
    assert_eq!(lease.read(&leader.server, 100), Ok(index(1)));
    assert_eq!(lease.read(&leader.server, 899), Ok(index(1)));
    for late in [900, 901, u64::MAX] {
        assert_eq!(lease.read(&leader.server, late), Err(NoLease::Expired { end: 900 }));
    }
    let (mut leader, mut last) = (Subject::leader(sticky(3)), self::lease());
    ask(&mut leader, &mut last, u64::MAX - 1);
    leader.hear(1, reply_in(1, matches(1), 1));
    assert_eq!(last.read(&leader.server, u64::MAX - 1), Ok(index(1)));
    assert_eq!(last.read(&leader.server, u64::MAX), Err(NoLease::Expired { end: u64::MAX }));
}

/// Thesis 6.4.1: it counts from the question, however late the answer, and a later question that is not
/// answered changes nothing.
#[test]
fn a_lease_counts_from_the_question() {
    let (mut leader, mut lease) = leaseholder();
    ask(&mut leader, &mut lease, 300);
    ask(&mut leader, &mut lease, 500);
    ask(&mut leader, &mut lease, 700);
    assert_eq!(lease.read(&leader.server, 900), Err(NoLease::Expired { end: 900 }));
    leader.hear(2, reply_in(1, matches(1), 3));
    assert_eq!(lease.read(&leader.server, 1_299), Ok(index(1)));
    assert_eq!(lease.read(&leader.server, 1_300), Err(NoLease::Expired { end: 1_300 }));
    leader.hear(1, reply_in(1, matches(1), 2));
    assert_eq!(lease.read(&leader.server, 1_299), Ok(index(1)), "an earlier answer takes nothing away");
    ask(&mut leader, &mut lease, 1_400);
    leader.hear(1, reply_in(1, matches(1), 4));
    assert_eq!(lease.read(&leader.server, 1_499), Ok(index(1)));
    assert_eq!(lease.read(&leader.server, 1_500), Err(NoLease::Expired { end: 1_500 }), "asked at 700");
    leader.hear(1, reply_in(1, matches(1), 5));
    assert_eq!(lease.read(&leader.server, 2_199), Ok(index(1)));
}

/// Thesis 6.4.1: what is read is all that the leader knows to be committed.
#[test]
fn a_lease_shows_what_is_committed_now() {
    let (mut leader, lease) = leaseholder();
    leader.ask(propose(&[7]));
    assert_eq!(lease.read(&leader.server, 200), Ok(index(1)));
    leader.hear(2, reply(1, matches(2)));
    assert_eq!(lease.read(&leader.server, 200), Ok(index(2)));
}

/// Thesis 6.4.1: no lease without the answers of a majority, to what was sent after it was asked for.
#[test]
fn a_lease_needs_a_majority() {
    for size in 2..=6_u8 {
        let (mut leader, mut lease) = (Subject::leader(sticky(size)), lease());
        leader.ask(Input::Read(5));
        ask(&mut leader, &mut lease, 100);
        for follower in 1..size {
            leader.hear(follower, reply_in(1, matches(1), 1));
            assert_eq!(lease.read(&leader.server, 100), Err(NoLease::Unanswered));
        }
        for follower in 1..size {
            leader.hear(follower, reply_in(1, matches(1), 2));
            let expected = if 2 * (follower + 1) > size { Ok(index(1)) } else { Err(NoLease::Unanswered) };
            assert_eq!(lease.read(&leader.server, 100), expected, "{follower} of {size}");
        }
    }
}

/// Thesis 6.4.1, 4.3: while the membership changes, of both majorities.
#[test]
fn a_lease_needs_both_majorities() {
    let (mut leader, mut lease) = leaseholder();
    leader.ask(Input::Change(members(&[2, 3, 4], &[])));
    assert_eq!(lease.read(&leader.server, 200), Err(NoLease::Unanswered), "the new voters were not asked");
    ask(&mut leader, &mut lease, 200);
    for from in [1, 3] {
        leader.hear(from, reply_in(1, matches(0), 2));
        assert_eq!(lease.read(&leader.server, 200), Err(NoLease::Unanswered));
    }
    leader.hear(4, reply_in(1, matches(0), 2));
    assert_eq!(lease.read(&leader.server, 200), Ok(index(1)));
}

/// Thesis 6.4.1: a question counts from when it was noted, though it was never handed in, or was
/// refused, and the next read of anyone takes its place.
#[test]
fn a_question_that_was_not_asked_counts_as_the_next() {
    let (mut leader, mut lease) = (Subject::leader(sticky(3)), lease());
    let _forgotten = lease.ask(&leader.server, 5, 100);
    leader.hear(1, reply_in(1, matches(1), 0));
    assert_eq!(lease.read(&leader.server, 100), Err(NoLease::Unanswered));
    leader.ask(Input::Read(5));
    leader.hear(1, reply_in(1, matches(1), 1));
    assert_eq!(lease.read(&leader.server, 900), Err(NoLease::Expired { end: 900 }));
    let _forgotten = lease.ask(&leader.server, 5, 1_000);
    ask(&mut leader, &mut lease, 1_200);
    leader.hear(1, reply_in(1, matches(1), 2));
    assert_eq!(lease.read(&leader.server, 1_999), Ok(index(1)));
    assert_eq!(lease.read(&leader.server, 2_000), Err(NoLease::Expired { end: 2_000 }));
}

/// Thesis 6.4.1: the host's numbers name nothing, so one that is used again confirms nothing (R3).
#[test]
fn a_number_that_is_used_again_gives_no_lease() {
    let (mut leader, mut lease) = (Subject::leader(sticky(3)), lease());
    leader.ask(Input::Read(5));
    ask(&mut leader, &mut lease, 700);
    leader.hear(1, reply_in(1, matches(1), 1));
    assert_eq!(lease.read(&leader.server, 700), Err(NoLease::Unanswered), "that was the first");
    leader.hear(1, reply_in(1, matches(1), 2));
    assert_eq!(lease.read(&leader.server, 700), Ok(index(1)));
}

/// Thesis 6.4.1: only a leader has a lease.
#[test]
fn a_deposed_leader_has_no_lease() {
    let (mut leader, mut lease) = leaseholder();
    leader.hear(2, append(2, at(0, 0), 2, &[], 0));
    assert_eq!(lease.read(&leader.server, 101), Err(NoLease::NotLeader { leader: Some(node(2)) }));
    let before = leader.server.clone();
    ask(&mut leader, &mut lease, 102);
    leader.refused(Refused::Read(5), Refusal::NotLeader { leader: Some(node(2)) });
    assert_eq!((lease.read(&leader.server, 103).is_err(), leader.server), (true, before));
}

/// Thesis 6.4.1: a lease belongs to a term.
#[test]
fn a_lease_does_not_outlive_its_term() {
    let (mut leader, mut lease) = leaseholder();
    leader.expire(Timer::Quorum);
    leader.expire(Timer::Quorum);
    leader.expire(Timer::Election);
    leader.hear(1, vote_reply(2));
    leader.hear(1, reply(2, matches(2)));
    assert!(leader.server.is_leader() && leader.commit() == 2);
    leader.hear(1, reply_in(1, matches(1), 1));
    assert_eq!(lease.read(&leader.server, 101), Err(NoLease::Unanswered));
    ask(&mut leader, &mut lease, 102);
    leader.hear(1, reply_in(2, matches(2), 1));
    assert_eq!(lease.read(&leader.server, 901), Ok(index(2)));
}

/// Thesis 6.4, 6.4.1: a leader does not know what is committed before it has committed an entry of its
/// own term.
#[test]
fn a_lease_waits_for_an_entry_of_the_term() {
    let config = plain(3).with_options(STICKY);
    let (mut leader, mut lease) = (Subject::elected(config, disk(3, &[1, 2])), lease());
    ask(&mut leader, &mut lease, 100);
    leader.refused(Refused::Read(5), Refusal::NotReady);
    leader.hear(1, reply(4, matches(2)));
    assert_eq!(lease.read(&leader.server, 101), Err(NoLease::NotReady));
    leader.hear(1, reply(4, matches(3)));
    assert_eq!(lease.read(&leader.server, 101), Err(NoLease::Unanswered));
    ask(&mut leader, &mut lease, 101);
    leader.hear(1, reply_in(4, matches(3), 1));
    assert_eq!(lease.read(&leader.server, 900), Ok(index(3)));
}

/// Thesis 6.4.1, 4.2.3: servers that do not stick to their leader promise nothing.
#[test]
fn a_lease_rests_on_stickiness() {
    let (mut leader, mut lease) = (Subject::leader(plain(3)), lease());
    ask(&mut leader, &mut lease, 100);
    leader.hear(1, reply_in(1, matches(1), 1));
    assert_eq!(lease.read(&leader.server, 101), Err(NoLease::NoStickiness));
}

/// Thesis 6.4.1, 3.10: a server that was told to stand is elected by those who hear the leader. It may
/// come to hear of it after the transfer was given up, so the leader has no lease any more (R4).
#[test]
fn a_leader_that_handed_over_has_no_lease() {
    let (mut leader, mut lease) = leaseholder();
    leader.ask(propose(&[7]));
    leader.ask(Input::Transfer(node(1)));
    assert_eq!(lease.read(&leader.server, 200), Ok(index(1)), "nobody was told to stand yet");
    leader.hear(1, reply(1, matches(2)));
    assert!(leader.sent().contains(&(1, Message::TimeoutNow { term: Term::new(1) })));
    assert_eq!(lease.read(&leader.server, 200), Err(NoLease::HandedOver));
    leader.expire(Timer::Quorum);
    let leading = leader.server.leading().expect("it leads");
    assert_eq!((leading.transfer(), leading.handed_over()), (None, true));
    ask(&mut leader, &mut lease, 300);
    leader.hear(1, reply_in(1, matches(2), 2));
    leader.hear(2, reply_in(1, matches(2), 2));
    assert_eq!(lease.read(&leader.server, 301), Err(NoLease::HandedOver));
    leader.hear(1, reply(2, althing::raft::Answer::Stale));
    leader.expire(Timer::Election);
    leader.hear(1, vote_reply(3));
    leader.hear(1, reply(3, matches(3)));
    ask(&mut leader, &mut lease, 400);
    leader.hear(1, reply_in(3, matches(3), 1));
    assert_eq!(lease.read(&leader.server, 401), Ok(index(3)), "in another term it has");
}
