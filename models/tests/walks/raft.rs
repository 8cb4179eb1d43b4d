//! Walks of the models `raft` and `raft-membership`.

use std::slice::from_ref;

use althing::raft::invariants::Chronicle;
use althing_models::cluster::{Cluster, State};
use althing_models::raft::mutants::{Broken, MEMBERSHIP_MUTANTS, MUTANTS, Mutant};
use althing_models::raft::{self, Server, endless, model, transitions};
use althing_models::walk::{Violation, Weights};
use proptest::prelude::*;

use crate::{CRASHING, DUPLICATING, Happened, config, walk, weights};

/// The servers that these bits of a number name, of so many.
fn some(bits: u64, nodes: u64) -> u64 {
    bits & ((1 << nodes) - 1)
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn no_walk_of_a_log_violates_an_invariant_and_every_walk_recovers(
        nodes in 1..=9_u64,
        options in any::<[bool; 5]>(),
        [compactions, transfers, unreachable, again] in any::<[bool; 4]>(),
        (log, reads) in (0..24_u64, prop_oneof![Just(0), 1..20_u64]),
        (message, flight) in (1..5_u64, 1..8_u64),
        (voters, change, learners, second) in (0..=9_u64, 0..512_u64, 0..512_u64, 0..512_u64),
        phases in prop::collection::vec((weights(), 50..200_usize), 3..7),
        seed in any::<u64>(),
    ) {
        let [pre_vote, check_quorum, prompt_commit, write_behind, reduce] = options;
        let change = some(change, nodes);
        let bounds = endless(nodes, &[
            ("pre_vote", pre_vote.into()),
            ("check_quorum", check_quorum.into()),
            ("prompt_commit", prompt_commit.into()),
            ("write_behind", write_behind.into()),
            ("reduce", reduce.into()),
            ("compactions", compactions.into()),
            ("transfers", transfers.into()),
            ("unreachable", unreachable.into()),
            ("again", again.into()),
            ("log", log),
            ("reads", reads),
            ("message", message),
            ("flight", flight),
            ("voters", voters.min(nodes)),
            ("change", change),
            ("learners", if change == 0 { 0 } else { some(learners, nodes) & !change }),
            ("second", some(second, nodes)),
        ]);
        walk(&model(&bounds).expect("the bounds agree"), seed, &phases);
    }
}

#[test]
fn walks_of_a_log_take_every_transition_and_meet_every_fault() {
    let weights = [Weights::calm(), Weights::mixed(), Weights::stormy(), CUTTING];
    let phases = weights.map(|weights| (weights, 200));
    let mut happened = Happened::default();
    let mut expected = Vec::new();
    for nodes in [1_u64, 2, 3, 4, 5, 9] {
        let all = (1 << nodes) - 1;
        let few: &[(&str, u64)] = &[("change", 1), ("second", all)];
        let more: &[(&str, u64)] = &[("voters", nodes.div_ceil(2)), ("change", all), ("second", 1)];
        let options: [&[(&str, u64)]; 4] = [
            &[("compactions", 1), ("unreachable", 1)],
            &[("pre_vote", 1), ("check_quorum", 1), ("transfers", 1)],
            &[("write_behind", 1), ("prompt_commit", 1), ("compactions", 1)],
            &[("reads", 100)],
        ];
        for (seed, options) in (100 * nodes..).zip(options) {
            for members in [&[], few, more] {
                let bounds = endless(nodes, &[&[("log", 20)], options, members].concat());
                expected.extend(transitions::expected(&bounds));
                let cluster = model(&bounds).expect("the bounds agree");
                let walk = walk(&cluster, seed, &phases);
                happened.on(&cluster, &walk, transitions::name, |server| server.term().get());
            }
        }
    }
    // See `TOO_SPECIAL`.
    expected.retain(|transition| *transition != "snapshot: log goes further");
    happened.check(&expected);
}

/// The network is cut, or nothing goes wrong, while leaders are asked for more or less.
const CUTTING: Weights = Weights::new([100, 15, 15, 0, 0, 0, 0, 10, 3]);
const CUTTING_ASKING: Weights = Weights::new([100, 15, 60, 0, 0, 0, 0, 10, 3]);
const ASKING: Weights = Weights::new([100, 10, 40, 0, 0, 0, 0, 0, 0]);

/// What walks must be like to find these mutants within seconds. All others they find whatever they
/// are like.
static HINTS: [(&str, Weights, &[(&str, u64)]); 8] = [
    // The longer log, of the older term, grows on the other side of a cut.
    ("index-before-term", CUTTING, &[]),
    ("old-vote", CUTTING_ASKING, &[]),
    ("old-ack", CUTTING_ASKING, &[]),
    // Who has entries that nobody else has must need a snapshot.
    ("follower-commits-all", CUTTING_ASKING, &[]),
    ("ack-all", CUTTING_ASKING, &[]),
    // The leader's disk has to fall behind for longer than it leads.
    ("late-report-of-disk", ASKING, &[]),
    // A leader has to be deposed without knowing, and to be asked then.
    ("read-unconfirmed", CUTTING, &[]),
    ("read-confirmed-late", CUTTING, &[]),
];

/// What random walks do not find. Each is found by exploration, as the others are.
static TOO_SPECIAL: [&str; 1] = [
    // Every answer of a follower has to be late until what it answered for is committed by others and
    // compacted; then the leader must think it unreachable, offer the snapshot, and hear the late
    // answers after that.
    "snapshot-drops-suffix",
];

/// Walks of a mutant, until one finds what is wrong with it.
fn hunt<T>(
    mutant: &Mutant,
    walks: u64,
    found: impl FnMut(&Cluster<Server<Broken>, Chronicle>, &State, Option<Violation>) -> Option<T>,
) -> Option<T> {
    // What bounds an exploration, and what makes it small.
    const DROPPED: [&str; 9] =
        ["nodes", "terms", "candidates", "crashes", "symmetry", "heartbeats", "reduce", "log", "reads"];
    let given = |key| mutant.bounds.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    let flags: Vec<_> = mutant.bounds.iter().copied().filter(|(key, _)| !DROPPED.contains(key)).collect();
    let reads = given("reads").map_or(0, |_| 100);
    let hint = HINTS.iter().find(|(name, ..)| *name == mutant.name);
    let every = [Weights::calm(), Weights::mixed(), CUTTING_ASKING, ASKING, DUPLICATING, CRASHING];
    let (weights, more) = hint.map_or((&every[..], &[][..]), |(_, weights, more)| (from_ref(weights), *more));
    let cluster = |_| {
        let others = [&flags[..], &[("log", 12), ("reads", reads)], more].concat();
        let bounds = endless(given("nodes").unwrap_or(3), &others);
        raft::cluster(&bounds, mutant.rules, (mutant.tamper)()).expect("the bounds agree")
    };
    crate::hunt(walks, 500, weights, cluster, found)
}

/// By whatever invariant it is, and within whatever bounds.
#[test]
fn walks_find_every_mutant_of_the_log() {
    let mut found = Vec::new();
    for mutant in MUTANTS.iter().chain(&MEMBERSHIP_MUTANTS) {
        if TOO_SPECIAL.contains(&mutant.name) {
            continue;
        }
        // A walk itself asks seldom whether the cluster would recover.
        let recovers = mutant.expected == "Recoverability";
        let violated = hunt(mutant, 150, |cluster, state, violation| {
            let stuck = || (recovers && cluster.violates(state, mutant.expected)).then_some(mutant.expected);
            violation.map(|violation| violation.property).or_else(stuck)
        });
        assert!(violated.is_some(), "no walk found that `{}` is broken", mutant.name);
        found.push(mutant.name);
    }
    for name in HINTS.map(|(name, ..)| name) {
        assert!(found.contains(&name), "there is no mutant `{name}` any more");
    }
    assert_eq!(found.len() + TOO_SPECIAL.len(), MUTANTS.len() + MEMBERSHIP_MUTANTS.len());
}
