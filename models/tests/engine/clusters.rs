//! Clusters by both searches, and counterexamples that do not depend on threads.

use std::collections::HashSet;
use std::time::Duration;

use althing::raft::election::invariants::Elections;
use althing_models::bounds::Bounds;
use althing_models::check::{Searcher, Status};
use althing_models::cluster::{Cluster, Faults, MAX_PROPERTIES, State};
use althing_models::election::mutants::{Broken, MUTANTS};
use althing_models::election::{self, RaftElection, Server};
use althing_models::limits::Cut;
use althing_models::subject::{MutantInfo, SUBJECTS, Subject, Summary};
use althing_models::{Limits, Report};

/// Without optimisation, profiles of more states than this take too long, as estimated.
const MOST_STATES: f64 = if cfg!(debug_assertions) { 90_000.0 } else { f64::INFINITY };

#[test]
fn both_searches_come_to_the_same() {
    for subject in SUBJECTS {
        let quick = subject.quick();
        let small = quick.iter().filter(|(_, bounds)| match subject.estimate(bounds) {
            // There is no saying.
            0.0 if cfg!(debug_assertions) => are_few(subject.name(), bounds),
            states => states <= MOST_STATES,
        });
        let mut compared = 0;
        for (profile, bounds) in small {
            let by = |searcher| {
                let summary = subject.check(bounds, searcher, &Limits::default());
                figures(&summary.expect("the bounds of a profile agree"))
            };
            assert_eq!(by(Searcher::Althing), by(Searcher::Stateright), "{} {profile}", subject.name());
            compared += 1;
        }
        let estimated = subject.estimate(&quick[0].1) > 0.0;
        let enough = if estimated { quick.len() / 2 } else { 1 };
        assert!(compared > enough, "{}: {compared} profiles", subject.name());
    }
}

/// Whether these bounds of a model that does not say so have few states.
fn are_few(model: &str, bounds: &Bounds) -> bool {
    match model {
        "contract-net-timed" => {
            bounds.get("drift") == 0
                && bounds.get("claims") == 1
                && !bounds.is_on("expiry")
                && bounds.get("crashes") == 0
        }
        "contract-net" => bounds.get("contractors") == 3 || bounds.is_on("chain") || bounds.is_on("leaves"),
        // Two servers without pre-votes.
        _ => bounds.get("nodes") <= 2 && !bounds.is_on("pre_vote"),
    }
}

type Figures = (usize, usize, Vec<(&'static str, Status)>, Vec<&'static str>);

/// All that does not depend on the order in which states are met.
fn figures(summary: &Summary) -> Figures {
    assert_eq!(summary.cut, None);
    assert!(summary.ok);
    let properties = summary.properties.iter().map(|property| (property.name, property.status));
    let progress = summary.progress;
    let uncovered = summary.transitions_uncovered.clone();
    (progress.unique_states, progress.states, properties.collect(), uncovered)
}

#[test]
fn a_check_that_a_limit_ends_says_of_no_property_that_it_holds() {
    let bounds = Bounds::new(&election::KEYS).with(&[("terms", 4), ("pre_vote", 1), ("symmetry", 1)]);
    let limits = Limits { time: Some(Duration::from_millis(200)), ..Limits::default() };
    for searcher in [Searcher::Althing, Searcher::Stateright] {
        let cluster = election::model(&bounds).expect("the bounds agree");
        let report: Report<_> = cluster.check_by(searcher, &limits);
        assert_eq!(report.cut, Some(Cut::Time));
        assert!(!report.is_complete() && !report.is_ok() && !report.is_violated());
        for property in report.properties {
            let known = if property.is_witness { Status::Witnessed } else { Status::Unknown };
            assert!([known, Status::Unknown].contains(&property.status), "{}", property.name);
        }
    }
}

#[test]
fn a_counterexample_is_the_same_for_any_number_of_threads() {
    for mutant in RaftElection.mutants() {
        let by = |threads| caught(&mutant, threads).1;
        let alone = by(1);
        for threads in [1, 2, 4] {
            assert_eq!(by(threads), alone, "{} with {threads} threads", mutant.name);
        }
    }
}

#[test]
fn a_counterexample_is_as_short_as_can_be() {
    for (mutant, info) in MUTANTS.iter().zip(RaftElection.mutants()) {
        let cluster = election::cluster(&info.bounds, mutant.rules, (mutant.tamper)());
        let distance = distance(&cluster.expect("the bounds agree"), mutant.expected);
        assert_eq!(caught(&info, 2).0, distance, "{}", mutant.name);
    }
}

/// How many steps the counterexample has, and its files.
fn caught(mutant: &MutantInfo, threads: usize) -> (usize, Vec<(&'static str, String)>) {
    let summary = RaftElection.check_mutant(mutant, &Limits { threads, ..Limits::default() });
    let properties = summary.expect("the bounds agree").properties;
    let caught = properties.into_iter().find(|property| property.name == mutant.expected);
    let trace = caught.and_then(|property| property.trace).expect("it is caught");
    (trace.steps, trace.files().map(|(ending, text)| (ending, text.to_owned())).to_vec())
}

/// Steps from the initial state to the nearest one that violates the property. As plain as can
/// be.
fn distance(cluster: &Cluster<Server<Broken>, Elections>, property: &str) -> usize {
    let mut level = vec![cluster.initial()];
    let mut seen: HashSet<State> = level.iter().cloned().collect();
    let mut actions = Vec::new();
    for distance in 0.. {
        assert!(!level.is_empty(), "it is never violated");
        if level.iter().any(|state| cluster.violates(state, property)) {
            return distance;
        }
        let mut next = Vec::new();
        for state in &level {
            cluster.enabled(state, &mut actions);
            let states = actions.drain(..).filter_map(|action| cluster.apply(state, action));
            next.extend(states.filter(|state| seen.insert(state.clone())));
        }
        level = next;
    }
    unreachable!("there is no end of numbers")
}

fn small() -> Cluster<Server, Elections> {
    let bounds = Bounds::new(&election::KEYS).with(&[("nodes", 2), ("terms", 1)]);
    election::model(&bounds).expect("the bounds agree")
}

/// The last of as many properties as there can be is judged like any other.
#[test]
fn as_many_properties_as_there_are_bits() {
    let with = |count: usize| {
        let has = small().check(&Limits::default()).properties.len();
        (has..count).fold(small(), |cluster, _| cluster.each_step("Never", |_| false))
    };
    let report = with(MAX_PROPERTIES).check(&Limits::default());
    let last = report.properties.last().expect("the last");
    assert_eq!((report.properties.len(), last.name), (MAX_PROPERTIES, "Never"));
    assert_eq!(last.status, Status::Violated);
    assert_eq!(report.properties[0].status, Status::Unknown, "that of another bit is not");
    assert!(std::panic::catch_unwind(|| with(MAX_PROPERTIES + 1)).is_err(), "one more is refused");
}

#[test]
#[should_panic(expected = "symmetry is for Network::Monotone without cuts")]
fn a_network_that_is_not_the_same_for_all_has_no_symmetry() {
    let cut = Faults { cuts: 1, ..Faults::default() };
    small().faults(cut).symmetric().check(&Limits::default());
}
