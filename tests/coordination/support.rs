//! Short names for checked numbers, and what every test here needs.

use althing::coordination::laws::Load;
use althing::coordination::regimes::Job;
use althing::coordination::sync_cost::{Shape, SyncCost};
use althing::coordination::{Agents, Count, Exponent, Fraction, NonNegative, Positive};
use proptest::prelude::*;

pub(crate) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, cases, ..ProptestConfig::default() }
}

pub(crate) fn fraction(value: f64) -> Fraction {
    Fraction::new(value).expect("from 0 to 1")
}

pub(crate) fn positive(value: f64) -> Positive {
    Positive::new(value).expect("above 0")
}

pub(crate) fn magnitude(value: f64) -> NonNegative {
    NonNegative::new(value).expect("at least 0")
}

pub(crate) fn agents(value: f64) -> Agents {
    Agents::new(value).expect("at least 1")
}

pub(crate) fn count(value: u32) -> Count {
    Count::new(value).expect("at least 1")
}

pub(crate) fn load(work: f64, span: f64) -> Load {
    Load::new(positive(work), positive(span)).expect("the span is a part of the work")
}

pub(crate) fn job(work: f64, span: f64, tasks: u32) -> Job {
    Job::new(load(work, span), count(tasks)).expect("the span is at least the mean task")
}

pub(crate) fn sync(price: f64, shape: Shape) -> SyncCost {
    SyncCost { price: magnitude(price), shape }
}

/// Every shape in closed form.
pub(crate) fn shapes() -> Vec<Shape> {
    let power = |a| Shape::Power(Exponent::new(a).expect("an exponent"));
    vec![
        Shape::Constant,
        Shape::Linear,
        Shape::Tree,
        Shape::KLogK,
        power(0.25),
        power(1.5),
        Shape::AllToAll,
        Shape::Article,
    ]
}

/// Whether two numbers are the same but for this part of them.
pub(crate) fn near(left: f64, right: f64, part: f64) -> bool {
    (left - right).abs() <= part * left.abs().max(right.abs())
}

#[track_caller]
pub(crate) fn assert_near(left: f64, right: f64, part: f64) {
    assert!(near(left, right, part), "{left} is not {right} within {part}");
}

/// Random bits of a seed: SplitMix64 (Steele, Lea and Flood 2014).
pub(crate) fn bits(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}
