//! Paper, Figure 2, persistent state: term and vote outlive a crash, and are on stable storage
//! before anybody hears of them. The order is looked at in the operations that a host performs.

use althing::Op;
use althing::raft::election::{Role, Timer};

use crate::subject::*;

/// Paper, Figure 2: a vote is on stable storage before it leaves.
#[test]
fn a_vote_is_durable_before_it_is_given() {
    let mut subject = Subject::restart(plain(3), ballot(1, None));
    subject.hear(2, request_vote(1, OWN));
    let expected = [
        Op::Write(ballot(1, Some(2))),
        Op::Sync,
        Op::Arm(Timer::Election),
        Op::Send { to: node(2), message: vote_reply(1, true) },
    ];
    assert_eq!(subject.ops, expected);
}

/// Paper 5.2, Figure 2: a candidate's term and its own vote are on stable storage before it
/// asks. Otherwise it could come back after a crash and vote for another.
#[test]
fn a_candidacy_is_durable_before_it_is_announced() {
    let subject = Subject::candidate(3);
    assert_eq!(subject.ops[..2], [Op::Write(ballot(1, Some(0))), Op::Sync]);
    assert_eq!(subject.written().len(), 1, "term and vote are one write, which no crash can tear");
}

/// Paper, Figure 2: the application learns of a term and of a leadership that are durable.
#[test]
fn a_lonely_leader_is_durable_before_the_application_hears_of_it() {
    let mut subject = Subject::new(plain(1));
    subject.expire(Timer::Election);
    assert_eq!(subject.ops[..2], [Op::Write(ballot(1, Some(0))), Op::Sync]);
    assert_eq!(subject.ops.last(), Some(&Op::Output(changed(1, Some(0)))));
}

/// Paper, Figure 2: only the persistent state persists. The role and the votes are volatile.
#[test]
fn a_restart_keeps_term_and_vote_and_forgets_the_role() {
    for subject in each_role(careful(3)) {
        let disk = subject.disk();
        let subject = subject.crash();
        assert_eq!(subject.disk(), disk);
        assert_eq!(subject.role(), Role::Follower { leader: None });
        assert_eq!(subject.ops, [Op::Arm(Timer::Election)]);
    }
}

/// Paper 5.2, Figure 2: a crash does not give a server a second vote in the same term.
#[test]
fn a_restarted_voter_stands_by_its_vote() {
    let mut subject = Subject::new(plain(3));
    subject.hear(2, request_vote(1, OWN));
    let mut subject = subject.crash();
    subject.hear(1, request_vote(1, u8::MAX));
    assert_eq!(subject.sent(), [(1, vote_reply(1, false))]);
    subject.hear(2, request_vote(1, OWN));
    assert_eq!(subject.sent(), [(2, vote_reply(1, true))]);
}

/// Paper 5.2, Figure 2: nor does a crash give a candidate's own vote away, or let answers to
/// its earlier self count.
#[test]
fn a_restarted_candidate_stands_by_its_vote_for_itself() {
    let mut subject = Subject::candidate(3).crash();
    subject.hear(2, vote_reply(1, true));
    assert_eq!(subject.role(), Role::Follower { leader: None });
    subject.hear(1, request_vote(1, u8::MAX));
    assert_eq!(subject.sent(), [(1, vote_reply(1, false))]);
}

/// Paper, Figure 2: state that is on the disk already is not written again.
#[test]
fn what_is_durable_is_not_written_again() {
    let mut leader = Subject::leader(careful(3));
    leader.expire(Timer::Heartbeat);
    assert!(leader.written().is_empty());
    let mut follower = Subject::restart(careful(3), ballot(1, Some(1)));
    for _ in 0..2 {
        follower.hear(1, heartbeat(1));
        assert!(follower.written().is_empty());
    }
}
