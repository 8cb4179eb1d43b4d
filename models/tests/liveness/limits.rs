//! What ends a check of liveness before it is complete.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use althing_models::Limits;
use althing_models::bounds::Bounds;
use althing_models::check::Status;
use althing_models::election::{KEYS, RaftElection};
use althing_models::limits::Cut;
use althing_models::subject::{LivenessSummary, Subject};

fn check(bounds: &[(&str, u64)], limits: &Limits) -> LivenessSummary {
    let bounds = Bounds::new(&KEYS).with(bounds);
    RaftElection.check_liveness(&bounds, None, limits).expect("the bounds agree")
}

/// Many states with faults.
const EXPLORED: [(&str, u64); 4] = [("nodes", 3), ("terms", 3), ("pre_vote", 1), ("check_quorum", 1)];
/// Few with faults, and many after them.
const AFTERWARDS: [(&str, u64); 4] = [("nodes", 5), ("terms", 1), ("check_quorum", 1), ("symmetry", 1)];

/// Whenever a limit ends it, nothing is known.
#[test]
fn a_limit_ends_it_and_no_goal_is_said_to_be_reached() {
    let time = |millis| Limits { time: Some(Duration::from_millis(millis)), ..Limits::default() };
    let full = Limits { memory: Some(1), ..Limits::default() };
    let interrupted = Limits { interrupt: Some(Arc::new(AtomicBool::new(true))), ..Limits::default() };
    for bounds in [&EXPLORED, &AFTERWARDS] {
        for (limits, cut) in [
            (time(0), Cut::Time),
            (time(1), Cut::Time),
            (time(300), Cut::Time),
            (full.clone(), Cut::Memory),
            (interrupted.clone(), Cut::Interrupt),
        ] {
            let summary = check(bounds, &limits);
            assert_eq!((summary.cut, summary.ok), (Some(cut), false));
            assert_eq!((summary.states, summary.steps), (0, 0));
            assert_eq!(summary.goals.len(), 2);
            for goal in summary.goals {
                assert_eq!((goal.status, goal.missing), (Status::Unknown, 0), "{}", goal.name);
            }
        }
    }
}

#[test]
fn the_second_part_ends_too() {
    let summary = check(&AFTERWARDS, &Limits { time: Some(Duration::from_secs(1)), ..Limits::default() });
    assert!(summary.ends > 100, "everything was explored with faults: {}", summary.ends);
    assert_eq!(summary.cut, Some(Cut::Time));
    assert!(summary.elapsed < Duration::from_secs(5), "{:?}", summary.elapsed);
}
