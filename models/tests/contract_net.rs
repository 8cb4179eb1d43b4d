//! The model `contract-net`: each mutant's story can be run again, and without a mutant there is none.

use althing_models::Limits;
use althing_models::bounds::{Bounds, BoundsError};
use althing_models::check::{Searcher, Status};
use althing_models::contract_net::{ContractNet, KEYS, model};
use althing_models::subject::{MutantInfo, Subject, Summary};
use althing_models::trace::read_header;

fn limits() -> Limits {
    Limits { threads: 2, ..Limits::default() }
}

fn check(bounds: &Bounds) -> Summary {
    ContractNet.check(bounds, Searcher::Althing, &limits()).expect("the bounds agree")
}

#[test]
fn the_invariant_named_for_a_mutant_catches_it_and_its_story_runs_again() {
    for mutant in ContractNet.mutants() {
        let MutantInfo { name, expected, .. } = mutant;
        let summary = ContractNet.check_mutant(&mutant, &limits()).expect("the bounds agree");
        let caught = summary.properties.iter().find(|property| property.name == expected);
        let caught = caught.filter(|property| property.status == Status::Violated);
        let trace = caught.and_then(|property| property.trace.as_ref());
        let trace = trace.unwrap_or_else(|| panic!("{name} survives"));
        let mut file = trace.file.as_bytes();
        let header = read_header(&mut file).expect("a header");
        let replay = ContractNet.replay(&header, &mut file).expect("it conforms");
        let (step, violated) = replay.violation.expect("it is violated again");
        // Another invariant may notice on the way, and there it stops.
        assert!(step <= trace.steps as u64, "{name}: {}", trace.story);
        assert!(step < trace.steps as u64 || violated.contains(&expected), "{name}: {violated:?}");
    }
}

/// It is the rule that is missing, and not the bounds: those with one contractor are few states.
#[test]
fn what_ships_violates_nothing_where_the_mutants_do() {
    for mutant in ContractNet.mutants().iter().filter(|mutant| mutant.bounds.get("contractors") == 1) {
        let summary = check(&mutant.bounds.clone().with(&[("reduce", 1)]));
        assert!(summary.ok, "{}: {:?}", mutant.name, summary.transitions_uncovered);
    }
}

/// Dead messages are no part of what can happen: without them as with them the same is witnessed, and
/// the same transitions are taken.
#[test]
fn what_is_forgotten_changes_nothing() {
    let bounds = Bounds::new(&KEYS).with(&[("contractors", 1), ("rounds", 2), ("contractor_crashes", 1)]);
    let [reduced, whole] = [1, 0].map(|reduce| check(&bounds.clone().with(&[("reduce", reduce)])));
    assert!(reduced.ok && whole.ok);
    assert!(reduced.progress.unique_states < whole.progress.unique_states);
}

/// The crashes of the manager and those of the contractors are counted by themselves.
#[test]
fn crashes_are_counted_by_whose_they_are() {
    let states = |manager: u64, contractor: u64| {
        let crashes = [("manager_crashes", manager), ("contractor_crashes", contractor)];
        let bounds = Bounds::new(&KEYS).with(&[("contractors", 1), ("rounds", 1)]).with(&crashes);
        let summary = check(&bounds);
        assert!(summary.ok, "{:?}", summary.transitions_uncovered);
        summary.progress.unique_states
    };
    let (none, manager, contractor, both) = (states(0, 0), states(1, 0), states(0, 1), states(1, 1));
    assert!(none < manager && none < contractor && manager != contractor);
    assert!(both > manager.max(contractor));
}

#[test]
fn bounds_that_contradict_each_other_are_refused() {
    let refused = |values: &[(&str, u64)]| {
        let refused = model(&Bounds::new(&KEYS).with(values)).err();
        matches!(refused, Some(BoundsError::Contradiction(_)))
    };
    assert!(refused(&[("losses", 1)]));
    assert!(refused(&[("rounds", 1), ("other_rounds", 2)]));
    assert!(!refused(&[("rounds", 2), ("other_rounds", 2)]));
}
