//! What is believed of costs: the normal update, with and without drift, and the winner's curse.

use althing::auction::cost_model::winners_curse::cheapest;
use althing::auction::cost_model::{Dynamics, Finite, Normal, Unusable};
use proptest::prelude::*;

use crate::random::{Mean, Random};

fn finite(number: f64) -> Finite {
    Finite::new(number).expect("finite")
}

fn normal(mean: f64, variance: f64) -> Normal {
    Normal::new(finite(mean), finite(variance)).expect("a variance")
}

fn dynamics(drift: f64, noise: f64) -> Dynamics {
    Dynamics::new(finite(drift), finite(noise)).expect("variances")
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs()))
}

proptest! {
    /// All at once: precisions add up, and means by their precisions.
    #[test]
    fn without_drift_batch_and_sequence_are_the_same(
        (mean, variance, noise) in (-100.0..100.0, 0.01..100.0, 0.01..100.0),
        reports in prop::collection::vec(-100.0..100.0, 0..30),
    ) {
        let still = dynamics(0.0, noise);
        let one_by_one = |reports: &mut dyn Iterator<Item = f64>| {
            let start = normal(mean, variance);
            reports.fold(start, |belief, report| still.observe(belief, finite(report)).expect("finite"))
        };
        let belief = one_by_one(&mut reports.iter().copied());
        let backwards = one_by_one(&mut reports.iter().rev().copied());
        let precision = 1.0 / variance + reports.len() as f64 / noise;
        let sum = mean / variance + reports.iter().sum::<f64>() / noise;
        for it in [belief, backwards] {
            prop_assert!(near(it.mean().get(), sum / precision));
            prop_assert!(near(it.variance().get(), 1.0 / precision));
        }
    }

    #[test]
    fn the_gain_tends_to_the_steady_one_from_any_prior(
        (drift, noise) in (0.001..100.0, 0.001..100.0), variance in 0.0..1e6,
    ) {
        let (moving, q) = (dynamics(drift, noise), drift / noise);
        let mut belief = normal(0.0, variance);
        for _ in 0..20_000 {
            belief = moving.observe(belief, Finite::ZERO).expect("finite");
        }
        let gain = moving.observe(belief, finite(1.0)).expect("finite").mean().get() - belief.mean().get();
        let expected = q / 2.0 * ((1.0 + 4.0 / q).sqrt() - 1.0);
        prop_assert!((gain - expected).abs() < 1e-9, "{} for {}", gain, expected);
        prop_assert!((moving.steady_gain() - expected).abs() < 1e-9);
    }

    /// Whatever finite numbers come, the belief stays finite, and its variance is not below 0.
    #[test]
    fn nothing_that_is_not_finite_comes_out(numbers in prop::collection::vec(any::<f64>(), 4)) {
        let numbers: Vec<_> = numbers.into_iter().filter_map(|number| Finite::new(number).ok()).collect();
        let [mean, variance, report, noise] = numbers[..] else { return Ok(()) };
        if let Ok(belief) = Normal::new(mean, variance).and_then(|belief| belief.given(report, noise)) {
            prop_assert!(belief.mean().get().is_finite() && belief.variance() >= Finite::ZERO);
        }
    }
}

#[test]
fn without_drift_no_report_counts_in_the_end_and_with_much_only_the_last_does() {
    assert_eq!(dynamics(0.0, 1.0).steady_gain(), 0.0);
    assert!(near(dynamics(1e300, 1e-300).steady_gain(), 1.0));
}

#[test]
fn variances_that_are_none_are_refused() {
    let minus = finite(-1.0);
    assert_eq!(Normal::new(Finite::ZERO, minus), Err(Unusable::Negative(minus)));
    assert_eq!(Dynamics::new(minus, Finite::ONE), Err(Unusable::Negative(minus)));
    assert_eq!(Dynamics::new(Finite::ONE, Finite::ZERO), Err(Unusable::NotPositive(Finite::ZERO)));
    assert_eq!(normal(0.0, 1.0).given(Finite::ONE, Finite::ZERO), Err(Unusable::NotPositive(Finite::ZERO)));
    assert_eq!(normal(0.0, 1e308).drifted(finite(1e308)), Err(Unusable::NotFinite));
    assert_eq!(normal(0.0, 1e308).given(Finite::ONE, finite(1e308)), Err(Unusable::NotFinite));
}

/// The steady gain has the least square error: more weight on each report is worse, and less is too.
#[test]
fn no_other_gain_follows_a_drift_better() {
    let (drift, noise) = (1.0_f64, 9.0_f64);
    let moving = dynamics(drift, noise);
    let gains = [0.6, 1.0, 1.6].map(|factor| factor * moving.steady_gain());
    let mut random = Random::new(3);
    let (mut truth, mut estimates, mut belief) = (0.0, [0.0; 3], normal(0.0, 1.0));
    let mut squares = Vec::new();
    for _ in 0..100_000 {
        truth += drift.sqrt() * random.normal();
        let report = truth + noise.sqrt() * random.normal();
        for (estimate, gain) in estimates.iter_mut().zip(gains) {
            *estimate += gain * (report - *estimate);
        }
        belief = moving.observe(belief, finite(report)).expect("finite");
        let square = |estimate: f64| (estimate - truth) * (estimate - truth);
        squares.push((estimates.map(square), square(belief.mean().get())));
    }
    // Errors that follow each other are alike: means of 100 of them are nearly independent.
    let mean = |of: &dyn Fn(&([f64; 3], f64)) -> f64| {
        Mean::of(squares.chunks(100).map(|some| some.iter().map(of).sum::<f64>() / 100.0))
    };
    assert!(mean(&|(others, filter)| others[0] - filter).is_above(0.0));
    assert!(mean(&|(others, filter)| others[2] - filter).is_above(0.0));
    assert!(mean(&|(_, filter)| *filter).is(belief.variance().get()), "its variance is its square error");
}

/// Eight agents, of costs around 100, are estimated; one is chosen. By how much it costs more than was
/// thought, and what it costs.
fn chosen(random: &mut Random, noises: [f64; 8], on_the_posterior: bool) -> (f64, f64) {
    let prior = normal(100.0, 15.0 * 15.0);
    let costs = noises.map(|_| 100.0 + 15.0 * random.normal());
    let estimates = costs.iter().zip(noises).zip(0..).map(|((cost, noise), agent)| {
        let estimate = cost + noise * random.normal();
        let variance = finite(noise * noise);
        let posterior = prior.given(finite(estimate), variance).expect("finite");
        let raw = normal(estimate, noise * noise);
        (agent, if on_the_posterior { posterior } else { raw })
    });
    let (agent, belief) = cheapest(estimates).expect("there are eight");
    let agent: usize = agent;
    (costs[agent] - belief.mean().get(), costs[agent])
}

#[test]
fn whoever_is_chosen_by_raw_estimates_costs_more_and_by_posterior_means_as_much_as_was_thought() {
    let curse = |on_the_posterior| {
        let mut random = Random::new(4);
        Mean::of((0..50_000).map(|_| chosen(&mut random, [20.0; 8], on_the_posterior).0))
    };
    let (raw, posterior) = (curse(false), curse(true));
    // Noise variance over the deviation of the estimates, times the mean of the greatest of eight normals.
    let expected = 400.0 / 25.0 * 1.423_600;
    assert!(raw.is(expected), "{raw:?}");
    assert!(posterior.is(0.0), "{posterior:?}");
    assert!(posterior.error < 0.1, "the margin says something");
}

#[test]
fn with_unequal_noise_the_lowest_posterior_mean_costs_less_than_the_lowest_estimate() {
    let noises = [2.0, 5.0, 10.0, 20.0, 30.0, 40.0, 40.0, 40.0];
    let (mut one, mut other) = (Random::new(5), Random::new(5));
    let saved = (0..20_000).map(|_| chosen(&mut one, noises, false).1 - chosen(&mut other, noises, true).1);
    let saved = Mean::of(saved);
    assert!(saved.is_above(1.0), "{saved:?}");
}

#[test]
fn of_equal_means_the_least_bidder_is_chosen() {
    let same = normal(1.0, 1.0);
    assert_eq!(cheapest([(2, same), (1, same), (3, normal(2.0, 0.0))]), Some((1, same)));
    assert_eq!(cheapest::<u8>([]), None);
}
