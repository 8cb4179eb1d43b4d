//! Walks of the models `raft` and `raft-membership`.

use althing_models::raft::{endless, model};
use proptest::prelude::*;

use crate::{config, walk, weights};

/// The servers that these bits of a number name, of so many.
fn some(bits: u64, nodes: u64) -> u64 {
    bits & ((1 << nodes) - 1)
}

proptest! {
    #![proptest_config(config(16))]

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
