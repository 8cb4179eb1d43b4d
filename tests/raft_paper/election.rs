//! Paper 5.2: how a leader is elected, and how it stays.

use althing::Op;
use althing::raft::election::{Role, Timer};

use crate::subject::*;

/// Paper 5.2: a follower that hears nothing for an election timeout begins an election: it
/// raises its term and stands, with its own vote.
#[test]
fn a_silent_leader_is_stood_against() {
    let mut subject = Subject::restart(plain(3), ballot(4, Some(2)));
    subject.hear(2, heartbeat(4));
    subject.expire(Timer::Election);
    assert_eq!(subject.role(), Role::Candidate { votes: nodes(&[0]) });
    assert_eq!(subject.disk(), ballot(5, Some(0)));
}

/// Paper 5.2: a candidate asks all other servers at once, and not itself.
#[test]
fn a_candidate_asks_all_others_at_once() {
    let mut subject = Subject::new(plain(5));
    subject.expire(Timer::Election);
    let request = request_vote(1, OWN);
    assert_eq!(subject.sent(), [(1, request), (2, request), (3, request), (4, request)]);
}

/// Paper, Figure 2, candidates: the election timer starts afresh with the election.
#[test]
fn a_candidate_restarts_its_election_timer() {
    assert!(Subject::candidate(3).armed(Timer::Election));
}

/// Paper 5.2, first outcome: the votes of a majority of the whole cluster win, and fewer do not.
#[test]
fn a_majority_of_the_cluster_wins_and_fewer_do_not() {
    for (size, votes_of_others) in [(2, 1), (3, 1), (4, 2), (5, 2), (6, 3), (7, 3)] {
        let mut subject = Subject::candidate(size);
        for voter in 1..=votes_of_others {
            assert!(!subject.server.is_leader(), "{voter} of {size} votes");
            subject.hear(voter, vote_reply(1, true));
        }
        assert!(subject.server.is_leader(), "{} of {size} votes", votes_of_others + 1);
        assert_eq!(subject.disk(), ballot(1, Some(0)), "winning takes no write");
    }
}

/// Paper 5.2: a vote counts in the term for which it was cast, and in no other.
#[test]
fn a_vote_of_an_earlier_term_does_not_count() {
    let mut subject = Subject::candidate(3);
    subject.expire(Timer::Election);
    subject.hear(1, vote_reply(1, true));
    assert_eq!(subject.role(), Role::Candidate { votes: nodes(&[0]) });
    subject.hear(1, vote_reply(2, true));
    assert!(subject.server.is_leader());
}

/// Paper 5.2: a refusal is not a vote. The candidate goes on standing.
#[test]
fn a_refusal_does_not_count_and_does_not_end_the_candidacy() {
    let mut subject = Subject::candidate(3);
    subject.hear(1, vote_reply(1, false));
    subject.hear(2, vote_reply(1, false));
    assert_eq!(subject.role(), Role::Candidate { votes: nodes(&[0]) });
    assert!(subject.ops.is_empty());
}

/// Paper 5.2: each server has one vote, however often its answer arrives.
#[test]
fn the_same_vote_counts_once() {
    let mut subject = Subject::candidate(5);
    for _ in 0..5 {
        subject.hear(1, vote_reply(1, true));
        assert_eq!(subject.role(), Role::Candidate { votes: nodes(&[0, 1]) });
    }
}

/// Paper 5.2: votes are for candidates. A server that asks for none gets nowhere with them.
#[test]
fn votes_make_a_leader_of_a_candidate_only() {
    for mut subject in each_role(careful(3)) {
        let (before, standing) = (subject.server, matches!(subject.role(), Role::Candidate { .. }));
        subject.hear(1, vote_reply(3, true));
        subject.hear(2, vote_reply(3, true));
        assert_eq!(subject.server != before, standing);
    }
}

/// Paper 5.2: the winner tells all others at once, so that no other election begins.
#[test]
fn the_winner_asserts_itself_to_all_others_at_once() {
    let mut subject = Subject::candidate(3);
    subject.hear(2, vote_reply(1, true));
    assert_eq!(subject.sent(), [(1, heartbeat(1)), (2, heartbeat(1))]);
    assert!(subject.armed(Timer::Heartbeat));
    assert!(subject.disarmed(Timer::Election) && !subject.armed(Timer::Election));
}

/// Paper 5.2 and Figure 2, leaders: heartbeats are repeated for as long as the server leads.
#[test]
fn a_leader_repeats_its_heartbeats() {
    let mut leader = Subject::leader(plain(3));
    for _ in 0..3 {
        leader.expire(Timer::Heartbeat);
        assert_eq!(leader.sent(), [(1, heartbeat(1)), (2, heartbeat(1))]);
        assert!(leader.armed(Timer::Heartbeat));
    }
}

/// Paper 5.2: one vote a term, for the first who asks.
#[test]
fn the_first_who_asks_receives_the_only_vote_of_the_term() {
    let mut subject = Subject::new(plain(5));
    subject.hear(3, request_vote(1, OWN));
    assert_eq!(subject.sent(), [(3, vote_reply(1, true))]);
    for late in [1, 2, 4] {
        subject.hear(late, request_vote(1, u8::MAX));
        assert_eq!(subject.sent(), [(late, vote_reply(1, false))]);
        assert_eq!(subject.disk(), ballot(1, Some(3)));
    }
}

/// Paper, Figure 2, RequestVote 2: the vote is given again to whoever has it already, for the
/// first answer may be lost.
#[test]
fn the_same_candidate_is_granted_its_vote_again() {
    let mut subject = Subject::new(plain(3));
    subject.hear(2, request_vote(1, OWN));
    subject.hear(2, request_vote(1, OWN));
    assert_eq!(subject.sent(), [(2, vote_reply(1, true))]);
    assert!(subject.written().is_empty());
}

/// Paper 5.2: a candidate has spent its vote on itself.
#[test]
fn a_candidate_votes_for_nobody_else_in_its_term() {
    let mut subject = Subject::candidate(3);
    subject.hear(1, request_vote(1, u8::MAX));
    assert_eq!(subject.sent(), [(1, vote_reply(1, false))]);
    assert_eq!(subject.role(), Role::Candidate { votes: nodes(&[0]) });
}

/// Paper 5.2, second outcome: a leader at least as new as the candidate is acknowledged.
#[test]
fn a_candidate_gives_way_to_a_leader_of_its_term_or_a_newer_one() {
    for (term, disk) in [(1, ballot(1, Some(0))), (2, ballot(2, None))] {
        let mut subject = Subject::candidate(3);
        subject.hear(2, heartbeat(term));
        assert_eq!(subject.role(), Role::Follower { leader: Some(node(2)) });
        assert_eq!(subject.disk(), disk);
        assert_eq!(subject.sent(), [(2, heartbeat_reply(term))]);
    }
}

/// Paper 5.2: a leader of an older term is rejected, and the candidate goes on standing.
#[test]
fn a_candidate_rejects_a_leader_of_an_older_term() {
    let mut subject = Subject::candidate(3);
    subject.expire(Timer::Election);
    subject.hear(2, heartbeat(1));
    assert_eq!(subject.role(), Role::Candidate { votes: nodes(&[0]) });
    assert_eq!(subject.ops, [Op::Send { to: node(2), message: heartbeat_reply(2) }]);
}

/// Paper 5.2, third outcome: nobody wins, so the candidate times out and stands in a new term.
#[test]
fn a_split_vote_is_followed_by_a_new_term() {
    let mut subject = Subject::candidate(4);
    subject.hear(1, vote_reply(1, true));
    subject.expire(Timer::Election);
    assert_eq!(subject.role(), Role::Candidate { votes: nodes(&[0]) }, "earlier votes are void");
    assert_eq!(subject.disk(), ballot(2, Some(0)));
    let request = request_vote(2, OWN);
    assert_eq!(subject.sent(), [(1, request), (2, request), (3, request)]);
    assert!(subject.armed(Timer::Election));
}

/// Paper, Figure 2: the vote is of the term, not of the role. Who stops standing or leading
/// within a term has still voted in it.
#[test]
fn stepping_down_within_a_term_keeps_the_vote() {
    let mut candidate = Subject::candidate(3);
    candidate.hear(2, heartbeat(1));
    let mut leader = Subject::leader(careful(3));
    leader.expire(Timer::Quorum);
    for mut subject in [candidate, leader] {
        subject.expire(Timer::Lease);
        assert_eq!(subject.role(), Role::Follower { leader: None });
        subject.hear(1, request_vote(1, u8::MAX));
        assert_eq!(subject.sent(), [(1, vote_reply(1, false))]);
        assert_eq!(subject.disk(), ballot(1, Some(0)));
    }
}

/// Paper 5.2 and Figure 2, followers: whoever gives its vote grants the time to win with it.
#[test]
fn granting_a_vote_restarts_the_election_timer() {
    let mut subject = Subject::new(plain(3));
    subject.hear(2, request_vote(1, OWN));
    assert!(subject.armed(Timer::Election));
    subject.hear(2, request_vote(1, OWN));
    assert!(subject.armed(Timer::Election));
}

/// Paper, Figure 2, followers: hearing from the current leader puts the next election off.
#[test]
fn a_heartbeat_restarts_the_election_timer() {
    let mut subject = Subject::new(plain(3));
    for term in [0, 4, 4] {
        subject.hear(2, heartbeat(term));
        assert!(subject.armed(Timer::Election), "in term {term}");
    }
}

/// Paper, Figure 2, followers: nothing but a granted vote and the current leader puts the next
/// election off. In particular a candidate that cannot win, however new its terms, does not keep
/// those waiting who can.
#[test]
fn refusing_does_not_restart_the_election_timer() {
    let refused = [
        (2, request_vote(2, OWN), vote_reply(3, false)),
        (2, request_vote(3, OWN), vote_reply(3, false)),
        (2, heartbeat(2), heartbeat_reply(3)),
        (1, request_vote(3, OWN - 1), vote_reply(3, false)),
        (2, request_vote(4, OWN - 1), vote_reply(4, false)),
    ];
    for (from, request, answer) in refused {
        let mut subject = Subject::restart(plain(3), ballot(3, Some(1)));
        subject.hear(from, request);
        assert_eq!(subject.sent(), [(from, answer)]);
        assert!(!subject.armed(Timer::Election), "{request:?}");
    }
}

/// Paper 5.2: a leader does not stand against itself, nor does it follow its followers' answers.
#[test]
fn a_leader_leads_until_it_hears_of_a_newer_term() {
    let mut leader = Subject::leader(plain(3));
    let before = leader.server;
    leader.expire(Timer::Election);
    leader.hear(1, heartbeat_reply(1));
    leader.hear(2, vote_reply(1, true));
    leader.hear(2, request_vote(1, u8::MAX));
    assert_eq!(leader.server, before);
}

/// Paper 5.1, 5.2: a follower answers its leader with its term, and says whom it follows.
#[test]
fn a_follower_acknowledges_its_leader() {
    let mut subject = Subject::new(plain(3));
    subject.hear(2, heartbeat(1));
    assert_eq!(subject.sent(), [(2, heartbeat_reply(1))]);
    assert_eq!(subject.server.leader(), Some(node(2)));
    assert_eq!(subject.told(), [changed(1, Some(2))]);
}
