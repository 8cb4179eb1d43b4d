//! Clusters of up to nine servers in virtual time: a storm of every fault, and then a calm.
//!
//! Each seed is a run, and the same run at each call. `SEEDS=1000..2000 cargo test --test
//! simulation` makes these; a run that fails says how to see it again.

mod counts;
mod host;
mod profile;
mod random;
mod run;
#[allow(dead_code, reason = "the stories need more of it")]
#[path = "../support/safety.rs"]
mod safety;
mod world;

use counts::{Counts, What};

/// The seeds of a test that is run with all the others.
const QUICK: std::ops::Range<u64> = 0..300;

fn seeds() -> std::ops::Range<u64> {
    let Ok(range) = std::env::var("SEEDS") else { return QUICK };
    let (from, to) = range.split_once("..").expect("SEEDS is like 0..100");
    from.parse().expect("SEEDS begins with a number")..to.parse().expect("SEEDS ends with a number")
}

fn explain(seed: u64) -> String {
    let Err(failure) = run::run(seed, true) else { return "but not when it was run again".into() };
    let told = failure.story.iter().rev().take(80).rev().cloned().collect::<Vec<_>>().join("\n");
    format!("{told}\n\nseed {seed}: {}\nSEEDS={seed}..{} cargo test --test simulation", failure.why, seed + 1)
}

#[test]
fn after_any_storm_all_is_safe_and_comes_right() {
    let mut counts = Counts::default();
    for seed in seeds() {
        match run::run(seed, false) {
            Ok(of_run) => counts.merge(&of_run),
            Err(_) => panic!("{}", explain(seed)),
        }
    }
    for what in What::ALL {
        println!("{:>10}  {what:?}", counts.of(what));
        let vacuous = seeds() == QUICK && counts.of(what) == 0;
        assert!(!vacuous, "in no run were there any {what:?}");
    }
}

#[test]
fn a_seed_is_a_run() {
    for seed in 0..3 {
        let run = |told| run::run(seed, told).map_err(|failure| failure.why);
        assert_eq!(run(false), run(true));
    }
}
