//! The kit against an oracle: Spin finds as many states of an election that was written by hand,
//! in Promela, as the kit finds of the machine that ships.
//!
//! Equal numbers do not prove that the states are the same, and say nothing of the steps between
//! them; but a rule that is missing on one side nearly always shows.
//!
//! `cargo test --release -p althing-models --test oracle -- --ignored --nocapture` prints a line
//! for each of the bounds.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use althing_models::Limits;
use althing_models::bounds::Bounds;
use althing_models::election::{self, KEYS, RaftElection};
use althing_models::subject::Subject;

#[path = "oracle/spin.rs"]
mod spin;

use spin::{Mutant, Verifier};

/// Each of the text's settings alone and with others. Those with `reduce=0` come first. They see
/// what the others do not: with dead messages forgotten, as many states are reached without leader
/// stickiness as with it, since a lease may expire at any time.
const BOUNDS: [&str; 29] = [
    "nodes=2,terms=1,reduce=0",
    "nodes=2,terms=1,reduce=0,crashes=1",
    "nodes=2,terms=1,reduce=0,pre_vote=1",
    "nodes=2,terms=2,reduce=0,check_quorum=1",
    "nodes=2,terms=2,reduce=0,check_quorum=1,crashes=1",
    "nodes=2,terms=2,reduce=0,pre_vote=1",
    "nodes=2,terms=3,reduce=0,crashes=2",
    "nodes=3,terms=1,reduce=0",
    "nodes=3,terms=1,reduce=0,crashes=2",
    "nodes=3,terms=1,reduce=0,check_quorum=1,crashes=1",
    "nodes=4,terms=1,reduce=0",
    "nodes=4,terms=1,reduce=0,crashes=1",
    "nodes=2,terms=2,reduce=0,pre_vote=1,check_quorum=1",
    "nodes=2,terms=4,crashes=2",
    "nodes=2,terms=4,check_quorum=1,crashes=1",
    "nodes=2,terms=3,pre_vote=1,crashes=2",
    "nodes=2,terms=2,pre_vote=1,check_quorum=1,crashes=3",
    "nodes=3,terms=2",
    "nodes=3,terms=2,crashes=3",
    "nodes=3,terms=2,check_quorum=1",
    "nodes=3,terms=1,pre_vote=1",
    "nodes=3,terms=1,pre_vote=1,check_quorum=1,crashes=1",
    "nodes=3,terms=3,crashes=1",
    "nodes=4,terms=1,check_quorum=1,crashes=1",
    "nodes=4,terms=1,pre_vote=1",
    "nodes=4,terms=2",
    "nodes=5,terms=1",
    "nodes=5,terms=1,crashes=1",
    "nodes=3,terms=2,pre_vote=1",
];

/// Those of the model's quick profiles that the text can say. Left out are one server alone,
/// credentials, counted faults, and `five-servers`, which without symmetry has some 25 million
/// states.
const PROFILES: [&str; 7] = [
    "two-servers",
    "three-terms",
    "faults",
    "faults-pre-vote",
    "faults-check-quorum",
    "four-servers",
    "five-servers-check-quorum",
];

/// The same, that take minutes without symmetry.
const LARGE_PROFILES: [&str; 4] =
    ["three-terms-check-quorum", "faults-both", "four-servers-both", "four-servers-two-terms"];

#[test]
#[ignore = "needs Spin: Debian's package spin, and cc"]
fn the_kit_finds_as_many_states_as_spin() {
    for text in BOUNDS {
        compare(text, &Bounds::new(&KEYS).parse(text).expect("bounds of the model"));
    }
}

#[test]
#[ignore = "needs Spin: Debian's package spin, and cc"]
fn the_kit_finds_as_many_states_as_spin_within_its_own_profiles() {
    PROFILES.into_iter().for_each(|name| compare(name, &profile(name)));
}

#[test]
#[ignore = "needs Spin: Debian's package spin, and cc; and some minutes"]
fn the_kit_finds_as_many_states_as_spin_within_its_own_large_profiles() {
    LARGE_PROFILES.into_iter().for_each(|name| compare(name, &profile(name)));
}

/// The oracle's own witness that its assertion says something.
#[test]
#[ignore = "needs Spin: Debian's package spin, and cc"]
fn spin_finds_election_safety_violated_without_a_rule_and_with_it_not() {
    let bounds = Bounds::new(&KEYS).with(&[("nodes", 3), ("terms", 1), ("crashes", 1)]);
    for mutant in [Mutant::OneVoteATerm, Mutant::VotesOutliveARestart] {
        assert!(Verifier::compile(&bounds, mutant).run().violated, "{mutant:?}");
    }
    assert!(!spin::explore(&bounds).violated);
}

/// A profile of the model, without symmetry.
fn profile(name: &str) -> Bounds {
    let profiles = RaftElection.quick();
    let (_, bounds) = profiles.into_iter().find(|(known, _)| *known == name).expect("a quick profile");
    bounds.with(&[("symmetry", 0)])
}

/// One exploration at a time, so that the times that are printed say something.
static ALONE: Mutex<()> = Mutex::new(());

fn compare(name: &str, bounds: &Bounds) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let found = spin::explore(bounds);
    assert!(!found.violated, "{name}");
    let start = Instant::now();
    let report = election::model(bounds).expect("bounds of the model").check(&Limits::default());
    let elapsed = start.elapsed();
    assert!(report.is_ok(), "{name}\n{report}");
    assert_eq!(report.progress.unique_states, found.states, "{name}");
    println!(
        "{:>9} states: {} with the kit, {} with Spin; {name}",
        found.states,
        speed(found.states, elapsed),
        speed(found.states, found.elapsed)
    );
}

fn speed(states: usize, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    format!("{seconds:>6.2} s, {:>4.0} k/s", states as f64 / seconds / 1e3)
}
