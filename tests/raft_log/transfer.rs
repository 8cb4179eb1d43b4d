//! Thesis 3.10: a leader hands over.

use althing::observe::{Cause, Step};
use althing::raft::invariants::hands_over_all;
use althing::raft::{Config, Input, Message, Options, Output, Refusal, Refused, Term, Timer};
use althing::{Event, Op};

use crate::cluster::Cluster;
use crate::subject::*;

fn now(term: u64) -> Message<u8> {
    Message::TimeoutNow { term: Term::new(term) }
}

/// Leads term 1 with an entry that the others do not have yet.
fn leader_ahead() -> Subject {
    let mut leader = Subject::leader(plain(3));
    leader.ask(propose(&[7]));
    leader
}

/// Thesis 3.10 (1): meanwhile the leader takes on no proposals.
#[test]
fn nothing_is_taken_on_while_the_leadership_is_handed_over() {
    let mut leader = leader_ahead();
    leader.ask(Input::Transfer(node(1)));
    assert_eq!(leader.server.leading().expect("it leads").transfer(), Some(node(1)));
    leader.ask(propose(&[8]));
    leader.refused(Refused::Proposal, Refusal::Transferring { to: node(1) });
    leader.hear(2, Message::Propose { term: Term::new(1), commands: [9].into_iter().collect() });
    leader.refused(Refused::Forwarded(node(2)), Refusal::Transferring { to: node(1) });
    leader.ask(Input::Transfer(node(2)));
    leader.refused(Refused::Transfer(node(2)), Refusal::Transferring { to: node(1) });
}

/// Thesis 3.10 (2, 3): the target gets the whole log first, and is told to stand then.
#[test]
fn the_target_is_told_once_it_has_everything() {
    let mut leader = leader_ahead();
    leader.ask(Input::Transfer(node(1)));
    assert_eq!(leader.sent(), []);
    leader.hear(2, reply(1, matches(2)));
    assert!(!leader.sent().contains(&(1, now(1))) && !leader.sent().contains(&(2, now(1))));
    leader.hear(1, reply(1, matches(1)));
    assert_eq!(leader.sent(), []);
    leader.hear(1, reply(1, matches(2)));
    assert!(leader.sent().contains(&(1, now(1))));
    let mut leader = Subject::leader(plain(3));
    leader.ask(Input::Transfer(node(1)));
    assert_eq!(leader.sent(), [(1, now(1))], "at once if it has it already");
    assert!(leader.server.is_leader(), "until another is elected");
}

/// Thesis 3.10 (3): the target stands at once, without asking around, and says why.
#[test]
fn the_target_stands_at_once() {
    for pre_vote in [false, true] {
        let options = Options { pre_vote, check_quorum: true, ..PLAIN };
        let mut target = Subject::restart(plain(3).with_options(options), disk(3, &[1]));
        target.hear(1, append(3, at(1, 1), 3, &[], 0));
        target.hear(1, now(3));
        let request = request_vote(4, at(1, 1), true);
        assert_eq!(target.sent(), [(1, request.clone()), (2, request)]);
        assert_eq!(target.disk.ballot(), ballot(4, Some(0)));
    }
}

/// Paper 5.1, thesis 3.10: who is told by a leader of an older term stays where it is.
#[test]
fn a_leader_of_an_older_term_hands_nothing_over() {
    let mut target = Subject::restart(plain(3), disk(3, &[1]));
    let before = target.server.clone();
    target.hear(1, now(2));
    assert_eq!((target.server, target.ops), (before, vec![]));
}

/// Thesis 3.10, 4.2.1: only a voter is handed the leadership, and only a voter takes it.
#[test]
fn only_another_voter_can_take_over() {
    let config = Config::new(node(0), members(&[0, 1, 2], &[3])).with_options(PLAIN);
    let mut leader = Subject::leader(config);
    for to in [0, 3, 9] {
        leader.ask(Input::Transfer(node(to)));
        leader.refused(Refused::Transfer(node(to)), Refusal::NotAVoter(node(to)));
    }
    let config = Config::new(node(0), members(&[1, 2], &[0])).with_options(PLAIN);
    let mut learner = Subject::restart(config, disk(3, &[1]));
    learner.hear(1, now(3));
    assert_eq!((learner.term(), learner.sent()), (3, vec![]));
}

/// Thesis 3.10: if it takes longer than an election timeout the leader goes back to work, and says
/// so.
#[test]
fn a_transfer_that_takes_too_long_is_given_up() {
    for check_quorum in [false, true] {
        let mut leader = Subject::leader(plain(3).with_options(Options { check_quorum, ..PLAIN }));
        leader.ask(propose(&[7]));
        leader.ask(Input::Transfer(node(1)));
        assert!(leader.ops.contains(&Op::Arm(Timer::Quorum)));
        leader.hear(2, reply(1, matches(2)));
        leader.expire(Timer::Quorum);
        assert_eq!(leader.told(), [Output::Refused(Refused::Transfer(node(1)), Refusal::TimedOut)]);
        assert_eq!(leader.server.leading().expect("it leads").transfer(), None);
        leader.ask(propose(&[8]));
        assert_eq!(leader.last(), at(1, 3));
        leader.hear(1, reply(1, matches(3)));
        assert!(!leader.sent().contains(&(1, now(1))));
    }
}

/// Thesis 3.10, 4.2.2: a leader that is removed while it hands over does both in one step, and the
/// target has the whole log all the same.
#[test]
fn a_leader_that_is_removed_meanwhile_hands_over_as_it_goes() {
    let mut leader = Subject::leader(plain(2));
    leader.ask(Input::Change(members(&[1], &[])));
    leader.hear(1, reply(1, matches(2)));
    leader.ask(Input::Transfer(node(1)));
    let (before, disk) = (leader.server.clone(), leader.disk.clone());
    let [all, less] = [3, 2].map(|last| Event::Message { from: node(1), message: reply(1, matches(last)) });
    leader.hear(1, reply(1, matches(3)));
    assert!(leader.sent().contains(&(1, now(1))) && !leader.server.is_leader());
    let step = |event| Step {
        node: node(0),
        cause: Cause::Event(event),
        before: &before,
        disk: &disk,
        performed: &leader.ops,
        after: &leader.server,
    };
    assert!(hands_over_all(&step(&all)));
    assert!(!hands_over_all(&step(&less)), "it would lack the last entry");
}

/// Thesis 3.10: afterwards the target leads, with everything that the leader had.
#[test]
fn the_target_leads_afterwards() {
    let options = Options { pre_vote: true, check_quorum: true, ..PLAIN };
    let config = |id| Config::new(id, members(&[0, 1, 2], &[])).with_options(options);
    let mut cluster = Cluster::new(3, config);
    cluster.lead(0);
    cluster.cut = nodes(&[1]);
    cluster.ask(0, propose(&[7, 8]));
    cluster.ask(0, Input::Transfer(node(1)));
    assert!(cluster.server(0).is_leader());
    cluster.cut = nodes(&[]);
    cluster.expire(0, Timer::Heartbeat);
    assert!(cluster.server(1).is_leader() && !cluster.server(0).is_leader());
    cluster.agree(&[0, 1, 2], 4);
}
