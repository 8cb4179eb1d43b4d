//! How many states a model is said to have, and how many it has.

use althing_models::Limits;
use althing_models::check::Searcher;
use althing_models::election::RaftElection;
use althing_models::subject::Subject;

/// The states of each profile that was explored.
const STATES: [(&str, usize); 19] = [
    ("one-server", 12),
    ("two-servers", 33_866),
    ("three-terms", 179_836),
    ("three-terms-check-quorum", 597_526),
    ("faults", 14_610),
    ("faults-pre-vote", 211_372),
    ("faults-check-quorum", 16_214),
    ("faults-both", 818_069),
    ("counted-faults", 104_250),
    ("outdated", 34_573),
    ("outdated-pre-vote", 69_504),
    ("four-servers", 472),
    ("four-servers-both", 51_686),
    ("four-servers-two-terms", 171_994),
    ("five-servers", 215_414),
    ("five-servers-check-quorum", 1_847),
    ("four-terms", 19_304_752),
    ("counted-faults-two-terms", 6_711_040),
    ("five-servers-crash", 931_619),
];

/// By what an estimate may be off.
const FACTOR: f64 = 3.5;

/// Without optimisation, more states than these take too long to count again.
const COUNTED: usize = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };

#[test]
fn an_estimate_is_about_right() {
    let profiles: Vec<_> = RaftElection.quick().into_iter().chain(RaftElection.full()).collect();
    for (name, states) in STATES {
        let (_, bounds) = profiles.iter().find(|(other, _)| *other == name).expect("a profile");
        let estimate = RaftElection.estimate(bounds);
        let factor = states as f64 / estimate;
        assert!((1.0 / FACTOR..FACTOR).contains(&factor), "{name}: {estimate:.0}, not {states}");
        if states <= COUNTED {
            let summary = RaftElection.check(bounds, Searcher::Althing, &Limits::default());
            assert_eq!(summary.expect("the bounds agree").progress.unique_states, states, "{name}");
        }
    }
    for (name, _) in RaftElection.quick() {
        assert!(STATES.iter().any(|(other, _)| *other == name), "{name}: how many states has it?");
    }
}
