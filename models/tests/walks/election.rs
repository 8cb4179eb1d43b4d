//! Walks of the model `raft-election`.

use std::collections::BTreeMap;

use althing::raft::election::invariants::Elections;
use althing_models::Limits;
use althing_models::cluster::{Cluster, State};
use althing_models::election::mutants::{Broken, MUTANTS, Mutant};
use althing_models::election::{self, Server, endless, model, transitions};
use althing_models::walk::{Violation, Weights};
use proptest::prelude::*;

use crate::{CRASHING, DUPLICATING, Happened, config, walk, weights};

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn no_walk_violates_an_invariant_and_every_walk_recovers(
        nodes in 1..=9_u64,
        credentials in 1..=4_u64,
        [pre_vote, check_quorum, reduce] in any::<[bool; 3]>(),
        phases in prop::collection::vec((weights(), 200..800_usize), 5..10),
        seed in any::<u64>(),
    ) {
        let bounds = endless(nodes, &[
            ("credentials", credentials),
            ("pre_vote", pre_vote.into()),
            ("check_quorum", check_quorum.into()),
            ("reduce", reduce.into()),
        ]);
        walk(&model(&bounds).expect("the bounds agree"), seed, &phases);
    }
}

#[test]
fn walks_take_every_transition_and_meet_every_fault() {
    let phases = [Weights::calm(), Weights::mixed(), Weights::stormy()].map(|weights| (weights, 500));
    let mut happened = Happened::default();
    let (mut expected, mut most_leaders) = (Vec::new(), BTreeMap::<u64, usize>::new());
    for nodes in 1..=9 {
        for (seed, flags) in (100 * nodes..).zip([[0, 0], [0, 1], [1, 0], [1, 1]]) {
            let [pre_vote, check_quorum] = flags;
            let bounds = endless(
                nodes,
                &[("pre_vote", pre_vote), ("check_quorum", check_quorum), ("credentials", 1 + nodes % 3)],
            );
            expected.extend(transitions::expected(&bounds));
            let cluster = model(&bounds).expect("the bounds agree");
            let walk = walk(&cluster, seed, &phases.repeat(2));
            happened.on(&cluster, &walk, transitions::name, |server| server.term().get());
            let most = most_leaders.entry(nodes).or_default();
            *most = (*most).max(cluster.view(walk.state()).history().terms_led());
        }
    }
    happened.check(&expected);
    for (nodes, terms) in most_leaders {
        assert!(terms >= 5, "with {nodes} servers, just {terms} terms had a leader");
    }
}

#[test]
fn the_same_choices_are_the_same_walk() {
    let run = || {
        let cluster = model(&endless(5, &[("pre_vote", 1)])).expect("the bounds agree");
        let walk = walk(&cluster, 5, &[(Weights::stormy(), 500), (Weights::calm(), 500)]);
        cluster.trace(walk.actions(), "")
    };
    assert_eq!(run(), run());
}

/// Walks of a mutant of 2 to 5 servers, until one finds what is wrong with it.
fn hunt<T>(
    mutant: &Mutant,
    walks: u64,
    found: impl FnMut(&Cluster<Server<Broken>, Elections>, &State, Option<Violation>) -> Option<T>,
) -> Option<T> {
    let flags = mutant.bounds.iter().copied();
    let flags: Vec<_> = flags.filter(|(key, _)| !["nodes", "terms", "crashes"].contains(key)).collect();
    let cluster = |seed| {
        let bounds = endless(2 + seed % 4, &flags);
        election::cluster(&bounds, mutant.rules, (mutant.tamper)()).expect("the bounds agree")
    };
    let weights = [Weights::calm(), Weights::mixed(), DUPLICATING, CRASHING];
    crate::hunt(walks, 1000, &weights, cluster, found)
}

#[test]
fn walks_find_every_mutant() {
    for mutant in &MUTANTS {
        let found = hunt(mutant, 200, |_, _, violation| violation);
        assert!(found.is_some(), "no walk found that `{}` is broken", mutant.name);
    }
}

#[test]
fn walks_find_every_mutant_by_the_invariant_named_for_it() {
    for mutant in &MUTANTS {
        // What other invariants say is passed over.
        let violated = |cluster: &Cluster<Server<Broken>, _>, state: &State, _| {
            cluster.violates(state, mutant.expected).then_some(())
        };
        let found = hunt(mutant, 2000, violated);
        assert!(found.is_some(), "no walk of `{}` violates {}", mutant.name, mutant.expected);
    }
}

#[test]
fn a_violation_is_told_with_the_steps_that_matter() {
    let mutant = MUTANTS.iter().find(|mutant| mutant.name == "old-vote").expect("there is one");
    let story = hunt(mutant, 100, |cluster, _, violation| Some(violation?.story(cluster)));
    let story = story.expect("walks find it");
    println!("{story}");
    assert!(story.starts_with("ElectionSafety is violated after "), "{story}");
    assert!(story.lines().count() <= 50, "{story}");
}

#[test]
fn any_number_of_crashes_is_explored_to_the_end() {
    let bounds = endless(2, &[("terms", 1), ("in_flight", 0), ("losses", 0), ("duplicates", 0), ("cuts", 0)]);
    let report = model(&bounds).expect("the bounds agree").check(&Limits::default());
    assert!(report.is_complete() && !report.is_violated(), "{:?}", report.properties);
}
