//! Bids of badly calibrated bidders become comparable.

use althing::auction::cost_model::{Calibration, Finite, Unusable};
use proptest::prelude::*;

use crate::random::{Mean, Random};

fn finite(number: f64) -> Finite {
    Finite::new(number).expect("finite")
}

fn unknown() -> Calibration {
    Calibration::new(finite(1.0), finite(100.0)).expect("above 0")
}

fn learnt(start: Calibration, reports: impl IntoIterator<Item = (f64, f64)>) -> Calibration {
    let observe = |known: Calibration, (bid, cost)| known.observe(finite(bid), finite(cost)).expect("finite");
    reports.into_iter().fold(start, observe)
}

fn expected(known: &Calibration, bid: f64) -> f64 {
    known.expected(finite(bid)).expect("finite").get()
}

proptest! {
    /// The normal equations of the penalised sum of squares, solved in integers and divided once.
    #[test]
    fn it_is_the_line_of_least_squares_with_the_prior(
        (bias, scale) in (1..5_i128, 1..500_i128),
        reports in prop::collection::vec((0..100_i128, 0..200_i128), 0..20),
        bid in 0..100_i128,
    ) {
        let start = Calibration::new(finite(bias as f64), finite(scale as f64)).expect("above 0");
        let known = learnt(start, reports.iter().map(|&(bid, cost)| (bid as f64, cost as f64)));
        let sum = |of: fn(i128, i128) -> i128| reports.iter().map(|&(x, y)| of(x, y - x)).sum::<i128>();
        let (n, x, xx) = (bias + sum(|_, _| 1), sum(|x, _| x), scale + sum(|x, _| x * x));
        let (d, xd) = (sum(|_, d| d), sum(|x, d| x * d));
        let determinant = n * xx - x * x;
        let (intercept, slope) = (xx * d - x * xd, n * xd - x * d);
        let naive = if determinant + slope >= 0 {
            bid as f64 + (intercept + slope * bid) as f64 / determinant as f64
        } else {
            // A scale of 0: the mean of the costs, the prior among them.
            (x + d) as f64 / n as f64
        };
        let found = expected(&known, bid as f64);
        prop_assert!((found - naive).abs() < 1e-8 * (1.0 + naive.abs()), "{} for {}", found, naive);
    }

    /// So what is compared is in the order of the bids, for one bidder.
    #[test]
    fn a_higher_bid_never_promises_a_lower_cost(
        reports in prop::collection::vec((0.0..100.0, 0.0..100.0), 0..20), (low, more) in (0.0..100.0, 0.0..100.0),
    ) {
        let known = learnt(unknown(), reports);
        prop_assert!(expected(&known, low) <= expected(&known, low + more));
    }
}

#[test]
fn an_unknown_bidder_is_taken_at_its_word() {
    assert_eq!(expected(&unknown(), 12.5), 12.5);
    assert_eq!(unknown().scale(), Ok(Finite::ONE));
}

#[test]
fn bias_and_scale_are_found() {
    let found = |seed| {
        let mut random = Random::new(seed);
        let report = |_| {
            let bid = 50.0 * random.unit();
            (bid, 5.0 + 1.8 * bid + 4.0 * random.normal())
        };
        learnt(unknown(), (0..500).map(report))
    };
    let known: Vec<_> = (0..200).map(found).collect();
    let mean = |bid| Mean::of(known.iter().map(|known| expected(known, bid)));
    // 500 reports outweigh the prior by 500 to 1 and, in squares of bids, by 100,000 to 100: the mean is off
    // by a thousandth of what the prior had wrong.
    for bid in [0.0, 25.0, 50.0] {
        let (mean, truth) = (mean(bid), 5.0 + 1.8 * bid);
        assert!((mean.value - truth).abs() < 4.0 * mean.error + 0.1, "{bid}: {mean:?} for {truth}");
        assert!(mean.error < 0.05);
    }
}

/// One bids half of what its work costs, the other all of it. By raw bids the former is chosen nearly
/// always, by calibrated ones when it is cheaper.
#[test]
fn whoever_bids_half_its_cost_is_not_chosen_for_it() {
    let mut random = Random::new(7);
    let (mut boaster, mut honest) = (unknown(), unknown());
    let mut paid = Vec::new();
    for round in 0..5_000 {
        let costs = [0, 1].map(|_| 20.0 + 60.0 * random.unit());
        let bids = [costs[0] / 2.0, costs[1]];
        let calibrated = [expected(&boaster, bids[0]), expected(&honest, bids[1])];
        let choice = |of: [f64; 2]| usize::from(of[1] < of[0]);
        if round >= 100 {
            paid.push((costs[choice(bids)], costs[choice(calibrated)], costs[choice(costs)]));
        }
        boaster = learnt(boaster, [(bids[0], costs[0])]);
        honest = learnt(honest, [(bids[1], costs[1])]);
    }
    // What the boaster costs more, over the cases in which its bid is the lower and its cost is not.
    assert!(Mean::of(paid.iter().map(|(raw, _, best)| raw - best)).is(50.0 / 9.0));
    let lost = Mean::of(paid.iter().map(|(_, calibrated, best)| calibrated - best));
    assert!(lost.value < 0.1, "{lost:?}");
}

/// A scale below 0 is taken for 0: what is expected is the mean.
#[test]
fn bids_that_say_the_contrary_say_nothing() {
    let known = learnt(unknown(), (0..1_000).map(|n| (f64::from(n % 10), 10.0 - 3.0 * f64::from(n % 10))));
    assert_eq!(known.scale(), Ok(Finite::ZERO));
    assert_eq!(expected(&known, 0.0), expected(&known, 9.0));
}

#[test]
fn what_nothing_can_be_learnt_from_is_refused() {
    assert_eq!(Calibration::new(Finite::ZERO, Finite::ONE), Err(Unusable::NotPositive(Finite::ZERO)));
    assert_eq!(Calibration::new(Finite::ONE, finite(-1.0)), Err(Unusable::NotPositive(finite(-1.0))));
    assert_eq!(unknown().observe(finite(1e308), finite(-1e308)), Err(Unusable::NotFinite));
    assert_eq!(unknown().observe(finite(1e200), finite(1.0)), Err(Unusable::NotFinite));
}
