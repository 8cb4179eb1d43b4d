//! One schedule, each implementation: the same proposals, lost links, crashes and timeouts must
//! lead to the same committed commands.
//!
//! Servers of different implementations do not send the same messages, so no single message can
//! be lost in all of them. A schedule cuts links instead. After each of its steps the servers take
//! turns until all are at rest, and whoever leads sends heartbeats, so that the commands that
//! a server has are decided by the schedule and not by when an implementation sends again.

mod schedule;

use althing_peers::althing::{Althing, Beside, InLog, Keeper};
use althing_peers::cluster::Server;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::schedule::{Outcome, Step, run, schedules};

const SERVERS: usize = 3;

/// What each implementation is to be called in a failure, and what it makes of a schedule.
type Side = (&'static str, fn(usize, &[Step]) -> Outcome);

fn sides() -> Vec<Side> {
    vec![
        ("althing", |servers, steps| run(althing::<InLog>(servers, true), steps)),
        ("althing, no prompt commit", |servers, steps| run(althing::<InLog>(servers, false), steps)),
        ("althing, host keeps commands", |servers, steps| run(althing::<Beside>(servers, true), steps)),
        #[cfg(any(feature = "prost-codec", feature = "protobuf-codec"))]
        ("tikv", |servers, steps| run(tikv(servers, false), steps)),
        #[cfg(any(feature = "prost-codec", feature = "protobuf-codec"))]
        ("tikv, skip_bcast_commit, batch_append", |servers, steps| run(tikv(servers, true), steps)),
    ]
}

fn althing<K: Keeper>(servers: usize, prompt_commit: bool) -> impl Iterator<Item = Althing<K>> {
    (0..servers).map(move |number| Althing::new(number, servers, prompt_commit))
}

#[cfg(any(feature = "prost-codec", feature = "protobuf-codec"))]
fn tikv(servers: usize, lazy: bool) -> impl Iterator<Item = impl Server> {
    use althing_peers::tikv::{Moving, Options, Proposing, Tikv};

    let options = Options { proposing: Proposing::Calls, batch_append: lazy, skip_bcast_commit: lazy };
    (0..servers).map(move |number| Tikv::<Moving>::new(number, servers, options))
}

/// All implementations commit the same, and say yes to the same proposals.
fn agree(servers: usize, steps: &[Step]) -> Outcome {
    let mut outcomes = sides().into_iter().map(|(name, run)| (name, run(servers, steps)));
    let (first, outcome) = outcomes.next().expect("there is an implementation");
    for (name, other) in outcomes {
        assert_eq!(outcome, other, "{first} and {name}");
    }
    outcome
}

#[test]
fn commands_of_a_leader_are_committed_in_order() {
    let steps = [Step::TimeOut(0), Step::Propose(0, 3), Step::Propose(0, 64)];
    let outcome = agree(SERVERS, &steps);
    assert_eq!(outcome.committed, (0..67).collect::<Vec<_>>());
}

#[test]
fn a_leader_cut_off_commits_nothing_and_what_it_took_is_overwritten() {
    let steps = [
        Step::TimeOut(0),
        Step::Propose(0, 2),
        Step::Isolate(0),
        Step::Propose(0, 3),
        Step::TimeOut(1),
        Step::TimeOut(2),
        Step::Propose(2, 1),
        Step::Heal,
        Step::Propose(2, 1),
    ];
    let outcome = agree(SERVERS, &steps);
    assert_eq!(outcome.taken, (0..7).collect::<Vec<_>>());
    assert_eq!(outcome.committed, [0, 1, 5, 6]);
}

#[test]
fn a_follower_that_was_away_catches_up_and_can_lead() {
    let steps = [
        Step::TimeOut(0),
        Step::Isolate(2),
        Step::Propose(0, 10),
        Step::Heal,
        Step::Restart(0),
        Step::TimeOut(2),
        Step::Propose(2, 1),
    ];
    let outcome = agree(SERVERS, &steps);
    assert_eq!(outcome.committed, (0..11).collect::<Vec<_>>());
}

#[test]
fn what_was_committed_survives_crashes_of_all() {
    let steps = [Step::TimeOut(1), Step::Propose(1, 5), Step::Restart(0), Step::Restart(1), Step::Restart(2)];
    let outcome = agree(SERVERS, &steps);
    assert_eq!(outcome.committed, [0, 1, 2, 3, 4]);
}

/// What random schedules are worth: in most of them commands are committed, in many a leader took
/// commands that are lost, and in many the leadership moves more than twice.
#[test]
fn random_schedules_are_eventful() {
    let (mut runner, schedules) = (TestRunner::deterministic(), schedules(SERVERS));
    let mut outcome = || agree(SERVERS, &schedules.new_tree(&mut runner).expect("a schedule").current());
    let outcomes: Vec<_> = (0..100).map(|_| outcome()).collect();
    let count = |is: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| is(outcome)).count();
    assert!(count(|outcome| outcome.committed.len() < outcome.taken.len()) > 20, "commands are lost");
    assert!(count(|outcome| !outcome.committed.is_empty()) > 60, "commands are committed");
    assert!(count(|outcome| outcome.terms() > 3) > 20, "leaders change");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn three_servers_agree(steps in schedules(3)) {
        agree(3, &steps);
    }

    #[test]
    fn four_servers_agree(steps in schedules(4)) {
        agree(4, &steps);
    }

    #[test]
    fn five_servers_agree(steps in schedules(5)) {
        agree(5, &steps);
    }
}
