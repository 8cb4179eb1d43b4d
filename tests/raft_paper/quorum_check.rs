//! Thesis 6.2: a leader that no majority hears makes room.

use althing::raft::election::{Role, Timer};

use crate::subject::*;

/// Thesis 6.2: without answers of a majority for an election timeout the leader steps down, in
/// its term, with its vote, and waits like any follower.
#[test]
fn a_leader_that_is_not_answered_steps_down() {
    let mut leader = Subject::leader(careful(3));
    leader.expire(Timer::Quorum);
    assert_eq!(leader.role(), Role::Follower { leader: None });
    assert_eq!(leader.disk(), ballot(1, Some(0)));
    assert_eq!(leader.told(), [changed(1, None)]);
    assert!(leader.written().is_empty() && leader.sent().is_empty());
    assert!(leader.disarmed(Timer::Heartbeat) && leader.armed(Timer::Election));
}

/// Thesis 6.2: the answers of a majority, the leader among them, are enough, and fewer are not.
#[test]
fn a_leader_that_a_majority_answers_goes_on() {
    for (size, answers) in [(2, 1), (3, 1), (4, 2), (5, 2), (6, 3), (7, 3)] {
        let mut leader = Subject::leader(careful(size));
        for follower in 1..=answers {
            leader.hear(follower, heartbeat_reply(1));
        }
        leader.expire(Timer::Quorum);
        assert_eq!(leader.role(), Role::Leader { active: nodes(&[0]) }, "{answers} of {size}");
        assert!(leader.armed(Timer::Quorum) && leader.told().is_empty());
        for follower in 1..answers {
            leader.hear(follower, heartbeat_reply(1));
        }
        leader.expire(Timer::Quorum);
        assert!(!leader.server.is_leader(), "{} of {size}", answers - 1);
    }
}

/// Thesis 6.2: what counts is who answered since the timer expired last.
#[test]
fn answers_of_an_earlier_period_do_not_count() {
    let mut leader = Subject::leader(careful(3));
    leader.hear(1, heartbeat_reply(1));
    leader.expire(Timer::Quorum);
    assert!(leader.server.is_leader());
    leader.expire(Timer::Quorum);
    assert!(!leader.server.is_leader());
}

/// Thesis 6.2: the votes that elected the leader are no answers to its heartbeats.
#[test]
fn votes_do_not_count_as_answers() {
    let mut leader = Subject::leader(careful(3));
    leader.hear(1, vote_reply(1, true));
    leader.hear(2, vote_reply(1, true));
    leader.expire(Timer::Quorum);
    assert!(!leader.server.is_leader());
}

/// Thesis 6.2, paper 5.2: one follower that answers often is still one.
#[test]
fn repeated_answers_count_once() {
    let mut leader = Subject::leader(careful(5));
    for _ in 0..5 {
        leader.hear(1, heartbeat_reply(1));
    }
    leader.expire(Timer::Quorum);
    assert!(!leader.server.is_leader());
}

/// Thesis 6.2, paper 5.1: an answer to a leader of an earlier term says nothing about this one.
#[test]
fn an_answer_of_an_earlier_term_does_not_count() {
    let mut leader = Subject::leader(careful(3));
    leader.hear(1, heartbeat_reply(0));
    leader.expire(Timer::Quorum);
    assert!(!leader.server.is_leader());
}

/// Thesis 6.2: the check begins with the leadership.
#[test]
fn the_winner_starts_the_check() {
    assert!(Subject::leader(careful(3)).armed(Timer::Quorum));
    assert!(!Subject::leader(plain(3)).armed(Timer::Quorum));
}

/// Paper 5.2: without check-quorum nobody counts the answers.
#[test]
fn without_check_quorum_answers_are_not_counted() {
    let mut leader = Subject::leader(plain(3));
    leader.hear(1, heartbeat_reply(1));
    assert_eq!(leader.role(), Role::Leader { active: nodes(&[0]) });
}

/// Thesis 4.2.3, 6.2: a leader that stepped down helps the others to elect another.
#[test]
fn a_leader_that_stepped_down_votes_for_another() {
    let mut leader = Subject::leader(careful(3));
    leader.expire(Timer::Quorum);
    leader.hear(2, pre_vote(1, OWN));
    assert_eq!(leader.sent(), [(2, pre_vote_reply(1, true))]);
    leader.hear(2, request_vote(2, OWN));
    assert_eq!(leader.sent(), [(2, vote_reply(2, true))]);
}

/// Thesis 4.2.3, 6.2: a leader of an older term than some server's is told so by the answer to
/// its heartbeat, for that server's requests it disregards.
#[test]
fn a_server_of_a_newer_term_is_not_locked_out() {
    let mut ahead = Subject::restart(careful(3), ballot(5, None));
    ahead.hear(1, heartbeat(1));
    let mut leader = Subject::leader(careful(3));
    leader.hear(2, ahead.sent()[0].1);
    assert_eq!(leader.role(), Role::Follower { leader: None });
    assert_eq!(leader.term(), 5);
}
