//! T1 as a checked boundary: with the manager's lease as long as the formula says no two agents work
//! on a task at one moment, and with one unit less two do.

use althing::contract_net::lease::{Drift, manager_minimum};
use althing_models::bounds::Bounds;
use althing_models::check::Status;
use althing_models::contract_net_timed::mutants::{Broken, MUTANTS};
use althing_models::contract_net_timed::{Agent, ContractNetTimed, KEYS, model};
use althing_models::subject::Subject;
use althing_models::trace::Trace;
use althing_models::{Cluster, Limits, Report};

const T1: &str = "ExclusiveExecution";

fn bounds(values: &[(&str, u64)]) -> Bounds {
    Bounds::new(&KEYS).with(&[("claims", 1)]).with(values)
}

fn cluster(values: &[(&str, u64)]) -> Cluster<Agent> {
    model(&bounds(values)).expect("the bounds agree")
}

fn check(values: &[(&str, u64)]) -> Report<Agent> {
    cluster(values).check(&Limits::default())
}

/// Explored completely, with every property true.
fn holds(values: &[(&str, u64)]) {
    let report = check(values);
    assert!(report.is_ok(), "{values:?}: {report}");
}

/// T1 is violated, and nothing else; and the machines do what the counterexample says.
fn two_work(values: &[(&str, u64)]) -> Trace<Agent> {
    let report = check(values);
    let violated = report.properties.into_iter().filter(|property| property.status == Status::Violated);
    let mut violated: Vec<_> = violated.collect();
    let names: Vec<_> = violated.iter().map(|property| property.name).collect();
    assert_eq!(names, [T1], "{values:?}");
    let trace = violated.remove(0).trace.expect("a counterexample");
    let header = ContractNetTimed.header(&bounds(values), None);
    let replay = cluster(values).replay(&header, &trace.lines).expect("it conforms");
    assert_eq!(replay.violation, Some((trace.lines.len() as u64, vec![T1])), "{values:?}");
    trace
}

/// With a lease of the manager of this many units, the least; and with one less.
fn is_the_boundary(lease: u64, slack: u64, (drift, drift_of): (u64, u64), least: u64) {
    let rho = Drift::new(drift as u32, drift_of as u32).expect("less than one");
    assert_eq!(manager_minimum(lease, slack, rho), Ok(least));
    let values = [
        ("contractor_lease", lease),
        ("slack", slack),
        ("drift", drift),
        ("drift_of", drift_of),
        ("short", 0),
    ];
    holds(&values);
    let mut short = values;
    short[4].1 = 1;
    two_work(&short);
}

#[test]
fn exact_clocks_need_no_margin_but_the_slack() {
    is_the_boundary(1, 0, (0, 1), 1);
    is_the_boundary(2, 0, (0, 1), 2);
    is_the_boundary(2, 1, (0, 1), 3);
    is_the_boundary(1, 3, (0, 1), 4);
}

#[test]
fn clocks_that_differ_need_a_margin() {
    is_the_boundary(1, 0, (1, 5), 2); // 3/2
    is_the_boundary(2, 0, (1, 5), 3); // 3 : not rounded
    is_the_boundary(2, 0, (1, 3), 4);
    is_the_boundary(1, 0, (1, 2), 3);
}

#[test]
fn clocks_that_differ_and_hosts_that_are_late_need_both() {
    is_the_boundary(1, 1, (1, 5), 3);
    is_the_boundary(1, 1, (1, 3), 4);
    is_the_boundary(1, 2, (1, 5), 5); // 9/2
    is_the_boundary(2, 1, (1, 7), 4); // 3 * 4/3 : not rounded
}

/// What any rates may do, one that is always the fastest and one that is always the slowest do too.
#[test]
fn the_worst_clocks_are_the_fastest_for_the_manager_and_the_slowest_for_the_others() {
    let clocks = |manager, contractor, short| {
        [("manager_clock", manager), ("contractor_clock", contractor), ("short", short)]
    };
    // 2 units of 3 ticks, and 3 units of 2: the boundary as for any clocks.
    holds(&clocks(2, 1, 0));
    two_work(&clocks(2, 1, 1));
    // Two clocks alike, however slow: that of exact clocks, which is one unit less.
    holds(&clocks(1, 1, 1));
    two_work(&clocks(1, 1, 2));
    // 2 units of 2 ticks, and 2 units of 3; even 1 unit of 3 ticks is less than 4.
    holds(&clocks(1, 2, 1));
    two_work(&clocks(1, 2, 2));
}

/// The boundary is not one of whole ticks: with more of them it is where it was.
#[test]
fn finer_time_does_not_move_the_boundary() {
    for grain in 2..4 {
        holds(&[("contractor_lease", 1), ("drift_of", 3), ("grain", grain)]);
        two_work(&[("contractor_lease", 1), ("drift_of", 3), ("grain", grain), ("short", 1)]);
    }
}

#[test]
fn a_lease_that_is_renewed_has_the_same_boundary() {
    let renewed = [("contractor_lease", 1), ("drift", 0), ("claims", 2)];
    holds(&renewed);
    two_work(&[&renewed[..], &[("short", 1)]].concat());
}

#[test]
fn a_story_says_when() {
    let story = two_work(&[("contractor_lease", 2), ("drift", 0), ("short", 1)]).story();
    for words in ["a tick of time passes: 1 so far", "timer Manager(Lease(task1, e1, ", "WORKS, epoch 2"] {
        assert!(story.contains(words), "{words}: {story}");
    }
}

/// Each mutant is caught by what is named for it; and what is missing is what it is caught for: with
/// the same bounds, the published rules and an honest host hold. (Unoptimised, those with crashes take
/// too long.)
#[test]
fn mutants_are_caught_and_what_they_lack_is_why() {
    for mutant in ContractNetTimed.mutants() {
        let summary = ContractNetTimed.check_mutant(&mutant, &Limits::default()).expect("the bounds agree");
        let caught = summary.properties.iter().find(|property| property.name == mutant.expected);
        assert!(caught.is_some_and(|property| property.trace.is_some()), "{}", mutant.name);
        if cfg!(debug_assertions) && mutant.bounds.get("crashes") > 0 {
            continue;
        }
        let honest = model(&mutant.bounds).expect("the bounds agree").check(&Limits::default());
        assert!(honest.is_ok(), "{}: {honest}", mutant.name);
    }
}

#[test]
fn every_rule_of_the_leases_has_a_mutant() {
    for rule in [Broken::ManagerLease, Broken::LeaseBegins, Broken::Starts, Broken::GoCounts] {
        assert!(MUTANTS.iter().any(|mutant| mutant.rules == rule), "{rule:?}");
    }
}
