//! How often what a fit says is true, of many with random errors.

use althing::coordination::usl::{Interval, Model, ThroughputLaw, fit};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::{agents, coefficients, law};

fn normal(random: &mut ChaCha8Rng) -> f64 {
    let mut uniform = || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    (-2.0 * (1.0 - uniform()).ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()
}

/// Measurements with independent errors of one standard deviation: 3% of the peak.
fn measured(law: &ThroughputLaw, random: &mut ChaCha8Rng) -> Vec<(f64, f64)> {
    let ks = [1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0, 40.0, 48.0, 64.0, 80.0];
    let error = 0.03 * law.peak().expect("a peak").throughput;
    ks.map(|k| (k, (law.throughput(agents(k)) + error * normal(random)).max(0.0))).to_vec()
}

fn holds(interval: Interval, value: f64) -> bool {
    interval.low <= value && value <= interval.high
}

#[track_caller]
fn is_95_percent(hits: u32, runs: u32) {
    let part = f64::from(hits) / f64::from(runs);
    assert!((0.94..=0.96).contains(&part), "{part}");
}

#[test]
fn intervals_hold_as_often_as_they_say() {
    const RUNS: u32 = 10_000;
    let law = law(50.0, 0.03, 5e-4);
    let random = &mut ChaCha8Rng::seed_from_u64(1);
    let (mut of_each, mut confidence, mut prediction) = ([0; 3], 0, 0);
    for _ in 0..RUNS {
        let fit = fit(&measured(&law, random)).expect("a fit");
        let truth = coefficients(&law);
        for ((hits, it), truth) in of_each.iter_mut().zip([fit.lambda, fit.sigma, fit.kappa]).zip(truth) {
            *hits += u32::from(it.estimate.is_some_and(|it| holds(it.interval, truth)));
        }
        let band = fit.predict(agents(30.0));
        let truth = law.throughput(agents(30.0));
        let error = 0.03 * law.peak().expect("a peak").throughput;
        confidence += u32::from(holds(band.confidence, truth));
        prediction += u32::from(holds(band.prediction, truth + error * normal(random)));
    }
    of_each.into_iter().chain([confidence, prediction]).for_each(|hits| is_95_percent(hits, RUNS));
}

#[test]
fn the_interval_of_the_peak_holds_as_often_as_it_says() {
    const RUNS: u32 = 2_000;
    let law = law(50.0, 0.03, 5e-4);
    let (random, peak) = (&mut ChaCha8Rng::seed_from_u64(2), law.peak().expect("a peak"));
    let hits = (0..RUNS).filter(|_| {
        let fit = fit(&measured(&law, random)).expect("a fit");
        let it = fit.peak_interval().expect("it converges").expect("a peak");
        it.low <= peak.k && it.high.is_none_or(|high| peak.k <= high)
    });
    is_95_percent(hits.count() as u32, RUNS);
}

/// Without coherency at most 5 of 100 fits may say that there is some.
#[test]
fn amdahl_is_seldom_taken_for_usl() {
    const RUNS: u32 = 10_000;
    let (random, law) = (&mut ChaCha8Rng::seed_from_u64(3), law(50.0, 0.05, 0.0));
    let ks = [1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0, 40.0, 48.0];
    let wrong = (0..RUNS).filter(|_| {
        let points = ks.map(|k| (k, law.throughput(agents(k)) + 10.0 * normal(random)));
        fit(&points).expect("a fit").choice.model == Model::Usl
    });
    let part = wrong.count() as f64 / f64::from(RUNS);
    // As kappa cannot be less than zero, it is half of what it may be.
    assert!((0.02..0.03).contains(&part), "{part}");
}
