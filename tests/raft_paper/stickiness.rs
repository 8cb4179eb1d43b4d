//! Thesis 4.2.3: servers that hear a leader do not help to depose it.

use althing::Op;
use althing::raft::election::{Message, Role, Term, Timer};

use crate::subject::*;

/// A follower that just heard from leader 1 in term 1.
fn follower(pre_vote: bool, check_quorum: bool) -> Subject {
    let config = careful(3).with_pre_vote(pre_vote).with_check_quorum(check_quorum);
    let mut subject = Subject::new(config);
    subject.hear(1, heartbeat(1));
    subject
}

/// Thesis 4.2.3: a request for votes within the minimum election timeout of hearing from a
/// leader neither gets the vote nor raises the term.
#[test]
fn a_follower_that_hears_its_leader_disregards_candidates() {
    let mut subject = follower(true, true);
    let before = subject.server;
    subject.hear(2, request_vote(9, u8::MAX));
    assert_eq!(subject.server, before);
    assert_eq!(subject.ops, [Op::Send { to: node(2), message: vote_reply(1, false) }]);
}

/// Thesis 4.2.3, 9.6: nor does a pre-vote.
#[test]
fn a_follower_that_hears_its_leader_disregards_pre_candidates() {
    for check_quorum in [false, true] {
        let mut subject = follower(true, check_quorum);
        let before = subject.server;
        subject.hear(2, pre_vote(9, u8::MAX));
        assert_eq!(subject.server, before);
        assert_eq!(subject.ops, [Op::Send { to: node(2), message: pre_vote_reply(1, false) }]);
    }
}

/// Thesis 4.2.3: a leader hears itself.
#[test]
fn a_leader_disregards_candidates_and_pre_candidates() {
    let mut leader = Subject::leader(careful(3));
    let before = leader.server;
    leader.hear(2, request_vote(9, u8::MAX));
    assert_eq!(leader.sent(), [(2, vote_reply(1, false))]);
    leader.hear(2, pre_vote(9, u8::MAX));
    assert_eq!(leader.sent(), [(2, pre_vote_reply(1, false))]);
    assert_eq!(leader.server, before);
}

/// Thesis 4.2.3: once the leader has been silent for the minimum election timeout, candidates
/// and pre-candidates are heard again.
#[test]
fn after_the_lease_candidates_are_heard() {
    let mut subject = follower(true, true);
    subject.expire(Timer::Lease);
    assert_eq!(subject.role(), Role::Follower { leader: None });
    assert_eq!(subject.told(), [changed(1, None)]);
    subject.hear(2, pre_vote(1, OWN));
    assert_eq!(subject.sent(), [(2, pre_vote_reply(1, true))]);
    subject.hear(2, request_vote(2, OWN));
    assert_eq!(subject.sent(), [(2, vote_reply(2, true))]);
}

/// Thesis 4.2.3: the lease starts afresh whenever the leader is heard.
#[test]
fn each_heartbeat_renews_the_lease() {
    for (pre_vote, check_quorum) in [(true, false), (false, true), (true, true)] {
        let mut subject = follower(pre_vote, check_quorum);
        assert!(subject.armed(Timer::Lease));
        subject.hear(1, heartbeat(1));
        assert!(subject.armed(Timer::Lease) && subject.told().is_empty());
    }
}

/// Thesis 4.2.3: a server of a newer term that has no leader yet has no lease.
#[test]
fn a_newer_term_ends_the_lease() {
    let mut subject = follower(true, true);
    subject.hear(2, Message::RequestVote { term: Term::new(2), credential: OWN, transfer: true });
    assert!(subject.disarmed(Timer::Lease) && !subject.armed(Timer::Lease));
    assert_eq!(subject.role(), Role::Follower { leader: None });
}

/// Thesis 4.2.3: who hears a leader helps nobody to depose it. An answer to what it asked before it
/// heard the leader may come late, and from a candidate of a newer term: if it took that term over, it
/// would forget the leader, and vote for the candidate when that asks again.
#[test]
fn a_late_answer_does_not_make_a_follower_forget_its_leader() {
    for pre_vote in [false, true] {
        let mut subject = follower(pre_vote, true);
        let before = subject.server;
        for answer in [pre_vote_reply(2, false), vote_reply(2, false), heartbeat_reply(2)] {
            subject.hear(2, answer);
            assert_eq!((subject.server, &subject.ops), (before, &vec![]));
        }
        subject.hear(2, request_vote(2, OWN));
        assert_eq!(subject.sent(), [(2, vote_reply(1, false))]);
        subject.expire(Timer::Lease);
        subject.hear(2, vote_reply(2, false));
        assert_eq!(subject.term(), 2);
        let mut hasty = follower(pre_vote, false);
        hasty.hear(2, vote_reply(2, false));
        assert_eq!((hasty.term(), hasty.role()), (2, Role::Follower { leader: None }));
    }
}

/// Thesis 4.2.3: a server that itself gave its leader up has no lease.
#[test]
fn standing_for_election_ends_the_lease() {
    for pre_vote in [false, true] {
        let mut subject = follower(pre_vote, true);
        subject.expire(Timer::Election);
        assert!(subject.disarmed(Timer::Lease));
        assert_eq!(subject.told(), [changed(subject.term(), None)]);
    }
}

/// Paper 5.2: without check-quorum a candidate of a newer term is heard at any time, and
/// without either addition there is no lease to keep.
#[test]
fn without_check_quorum_candidates_are_heard_at_any_time() {
    for pre_vote in [false, true] {
        let mut subject = follower(pre_vote, false);
        subject.hear(2, request_vote(2, OWN));
        assert_eq!(subject.sent(), [(2, vote_reply(2, true))]);
        assert_eq!(subject.disk(), ballot(2, Some(2)));
    }
    let mut subject = follower(false, false);
    assert!(!subject.armed(Timer::Lease));
    subject.hear(2, heartbeat(2));
    assert!(!subject.armed(Timer::Lease) && !subject.disarmed(Timer::Lease));
    subject.expire(Timer::Election);
    assert!(!subject.disarmed(Timer::Lease));
    let mut leader = Subject::leader(plain(3));
    leader.hear(2, request_vote(2, OWN));
    assert_eq!(leader.disk(), ballot(2, Some(2)));
    assert!(!leader.disarmed(Timer::Lease));
}

/// Thesis 4.2.3: a leader of a newer term was elected by a majority, so it is heard by everyone; and a
/// leader is told of newer terms by the answers to its heartbeats, or nobody would depose it.
#[test]
fn a_newer_term_is_heard_from_its_leader_and_by_a_leader_from_answers() {
    for message in each_kind(2) {
        let request = [pre_vote(2, OWN), request_vote(2, OWN)].contains(&message);
        for mut subject in [follower(true, true), Subject::leader(careful(3))] {
            let heard = message == heartbeat(2) || subject.server.is_leader() && !request;
            subject.hear(2, message);
            assert_eq!(subject.term(), if heard { 2 } else { 1 }, "{message:?}");
        }
    }
}
