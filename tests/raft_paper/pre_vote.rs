//! Thesis 9.6: a server asks around before it disturbs the others with a new term.

use althing::Op;
use althing::raft::election::{Role, Timer};

use crate::subject::*;

/// A server that asks around in term 1.
fn asking(size: u8) -> Subject {
    let mut subject = Subject::restart(careful(size), ballot(1, Some(2)));
    subject.expire(Timer::Election);
    subject
}

/// Thesis 9.6: the term is raised only after the others have said that they would vote. Until
/// then nothing is written.
#[test]
fn asking_around_changes_neither_term_nor_vote() {
    let subject = asking(5);
    assert_eq!(subject.role(), Role::PreCandidate { votes: nodes(&[0]) });
    assert_eq!(subject.disk(), ballot(1, Some(2)));
    assert!(subject.written().is_empty());
}

/// Thesis 9.6: all others are asked, in the term that the server has, with its credential.
#[test]
fn a_pre_candidate_asks_all_others_at_once() {
    let subject = asking(3);
    assert_eq!(subject.sent(), [(1, pre_vote(1, OWN)), (2, pre_vote(1, OWN))]);
    assert!(subject.armed(Timer::Election) && subject.disarmed(Timer::Lease));
}

/// Thesis 9.6: a majority of pre-votes begins a real election, and fewer do not.
#[test]
fn a_majority_of_pre_votes_begins_the_election_and_fewer_do_not() {
    for (size, votes_of_others) in [(2, 1), (3, 1), (4, 2), (5, 2)] {
        let mut subject = asking(size);
        for voter in 1..=votes_of_others {
            assert_eq!(subject.term(), 1, "{voter} of {size} pre-votes");
            subject.hear(voter, pre_vote_reply(1, true));
        }
        assert_eq!(subject.role(), Role::Candidate { votes: nodes(&[0]) });
        assert_eq!(subject.disk(), ballot(2, Some(0)));
        assert_eq!(subject.sent()[0], (1, request_vote(2, OWN)));
    }
}

/// Thesis 9.6: a refusal does not count, nor does the same pre-vote twice.
#[test]
fn refused_and_repeated_pre_votes_do_not_count() {
    let mut subject = asking(5);
    subject.hear(1, pre_vote_reply(1, true));
    subject.hear(1, pre_vote_reply(1, true));
    subject.hear(2, pre_vote_reply(1, false));
    subject.hear(3, pre_vote_reply(1, false));
    assert_eq!(subject.role(), Role::PreCandidate { votes: nodes(&[0, 1]) });
    assert_eq!(subject.term(), 1);
}

/// Thesis 9.6, paper 5.2: what was promised for an earlier term is not promised for this one.
#[test]
fn a_pre_vote_of_an_earlier_term_does_not_count() {
    let mut subject = asking(3);
    subject.hear(1, pre_vote_reply(0, true));
    assert_eq!(subject.role(), Role::PreCandidate { votes: nodes(&[0]) });
}

/// Thesis 9.6: a pre-vote helps nobody but a pre-candidate.
#[test]
fn pre_votes_begin_no_election_that_nobody_asked_for() {
    for mut subject in each_role(careful(3)) {
        let (before, asking) = (subject.server, matches!(subject.role(), Role::PreCandidate { .. }));
        subject.hear(1, pre_vote_reply(3, true));
        assert_eq!(subject.server != before, asking);
    }
}

/// Thesis 9.6: after another timeout the server asks anew, still in its old term.
#[test]
fn a_pre_candidate_without_answers_asks_again_in_the_same_term() {
    let mut subject = asking(5);
    for _ in 0..3 {
        subject.hear(1, pre_vote_reply(1, true));
        subject.expire(Timer::Election);
        assert_eq!(subject.role(), Role::PreCandidate { votes: nodes(&[0]) });
        assert_eq!(subject.disk(), ballot(1, Some(2)));
        assert_eq!(subject.sent().len(), 4);
        assert!(subject.armed(Timer::Election));
    }
}

/// Thesis 9.6, paper 5.2: an election without a winner is followed by asking around, not by yet
/// another term.
#[test]
fn a_candidate_that_times_out_asks_around_first() {
    let mut subject = asking(3);
    subject.hear(1, pre_vote_reply(1, true));
    subject.expire(Timer::Election);
    assert_eq!(subject.role(), Role::PreCandidate { votes: nodes(&[0]) });
    assert_eq!(subject.disk(), ballot(2, Some(0)));
    assert_eq!(subject.sent()[0], (1, pre_vote(2, OWN)));
}

/// Thesis 9.6, paper 5.2: a pre-candidate gives way to a leader of its term.
#[test]
fn a_pre_candidate_gives_way_to_a_leader() {
    let mut subject = asking(3);
    subject.hear(2, heartbeat(1));
    assert_eq!(subject.role(), Role::Follower { leader: Some(node(2)) });
    assert_eq!(subject.disk(), ballot(1, Some(2)));
}

/// Thesis 9.6: a pre-vote is neither a vote nor a sign of a leader. It binds nobody, is given
/// to everyone who would do, and puts no election off.
#[test]
fn a_pre_vote_binds_nobody() {
    let mut subject = Subject::restart(careful(3), ballot(1, Some(2)));
    let before = subject.server;
    for pre_candidate in [1, 2, 1] {
        subject.hear(pre_candidate, pre_vote(1, OWN));
        let granted = Op::Send { to: node(pre_candidate), message: pre_vote_reply(1, true) };
        assert_eq!(subject.ops, [granted]);
        assert_eq!(subject.server, before);
    }
}

/// Thesis 9.6, paper 5.1: a pre-vote of a newer term is granted in that term.
#[test]
fn a_pre_vote_of_a_newer_term_is_granted_in_that_term() {
    let mut subject = Subject::restart(careful(3), ballot(1, Some(2)));
    subject.hear(1, pre_vote(4, OWN));
    assert_eq!(subject.sent(), [(1, pre_vote_reply(4, true))]);
    assert_eq!(subject.disk(), ballot(4, None));
    assert!(!subject.armed(Timer::Election), "it puts no election off");
}

/// Thesis 9.6: a server that was cut off does not depose the leader when it comes back: its
/// question is refused by all who hear the leader, and it learns the term that it missed.
#[test]
fn a_server_that_was_cut_off_comes_back_without_disturbance() {
    let mut returning = asking(3);
    let mut voter = Subject::restart(careful(3), ballot(4, None));
    voter.hear(1, heartbeat(4));
    voter.hear(2, returning.sent()[0].1);
    assert_eq!((voter.term(), voter.server.leader()), (4, Some(node(1))));
    assert_eq!(voter.sent(), [(2, pre_vote_reply(4, false))]);
    returning.hear(1, voter.sent()[0].1);
    assert_eq!(returning.role(), Role::Follower { leader: None });
    assert_eq!(returning.term(), 4);
}
