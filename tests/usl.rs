//! The law of scalability: published fits, and how often its intervals hold.

use althing::coordination::usl::{Field, Fit, FitError, Interval, Model, Usl, fit};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

const SPECSDM91: &str = include_str!("../models/data/specsdm91.csv");
const RAYTRACER: &str = include_str!("../models/data/raytracer.csv");
const SYNTHETIC: [(f64, f64); 6] =
    [(1.0, 1.0), (2.0, 1.8868), (4.0, 3.0769), (6.0, 3.5294), (8.0, 3.5398), (10.0, 3.3557)];

fn read(csv: &str) -> Vec<(f64, f64)> {
    let row = |line: &str| {
        let (k, throughput) = line.split_once(',').expect("two fields");
        (k.parse().expect("a number"), throughput.parse().expect("a number"))
    };
    csv.lines().skip(1).map(row).collect()
}

#[track_caller]
fn close(value: f64, expected: f64, relative: f64) {
    assert!((value - expected).abs() <= relative * expected.abs(), "{value} is not {expected}");
}

/// The part of a t with `d` degrees of freedom that is more than `t` from zero on either side, by
/// Simpson's rule: with `x = sqrt(d) tan(angle)` its density is a power of a cosine.
fn tails(t: f64, d: usize) -> f64 {
    let integral = |from: f64| {
        const STEPS: usize = 20_000;
        let step = (std::f64::consts::FRAC_PI_2 - from) / STEPS as f64;
        let weight = |i| if i == 0 || i == STEPS { 1.0 } else { 2.0 + 2.0 * (i % 2) as f64 };
        let value = |i| (from + i as f64 * step).cos().max(0.0).powi(d as i32 - 1);
        (0..=STEPS).map(|i| weight(i) * value(i)).sum::<f64>() * step
    };
    integral((t / (d as f64).sqrt()).atan()) / integral(0.0)
}

#[test]
fn specsdm91_as_published() {
    let fit = fit(&read(SPECSDM91)).expect("a fit");
    close(fit.sigma.value, 0.027_728_41, 1e-4);
    close(fit.kappa.value, 1.043_658e-4, 1e-4);
    close(fit.lambda.value, 89.995_18, 1e-4);
    close(fit.ssr, 27_453.719_6, 1e-6);
    assert_eq!(
        (fit.usl.sigma(), fit.usl.kappa(), fit.usl.lambda()),
        (fit.sigma.value, fit.kappa.value, fit.lambda.value)
    );
    let [sigma, kappa, lambda] =
        [fit.sigma, fit.kappa, fit.lambda].map(|it| it.estimate.expect("at no bound"));
    close(sigma.standard_error, 0.009_121_7, 1e-4);
    close(kappa.standard_error, 0.000_019_9, 3e-3);
    close(lambda.standard_error, 14.213_490_6, 1e-4);
    close(sigma.interval.low, 0.002_402, 1e-3);
    close(sigma.interval.high, 0.053_054, 1e-4);
    close(tails((sigma.interval.high - fit.sigma.value) / sigma.standard_error, 4), 0.05, 1e-6);
    close(lambda.interval.high - fit.lambda.value, fit.lambda.value - lambda.interval.low, 1e-9);
    let peak = fit.usl.peak().expect("a peak");
    close(peak.k, 96.52, 1e-4);
    close(peak.throughput, 1_884.0, 1e-3);
    assert_eq!((fit.degrees_of_freedom, fit.choice.model, fit.usl.limit()), (4, Model::Usl, None));
}

#[test]
fn raytracer_as_published() {
    let fit = fit(&read(RAYTRACER)).expect("a fit");
    close(fit.sigma.value, 0.057_770_78, 1e-4);
    close(fit.lambda.value, 21.848_843, 1e-4);
    close(fit.ssr, 697.237_8, 1e-6);
    assert_eq!((fit.kappa.value, fit.kappa.estimate, fit.usl.peak()), (0.0, None, None));
    assert_eq!(fit.peak_interval(), Ok(None));
    close(fit.usl.limit().expect("a limit"), 378.0, 1e-3);
    assert_eq!(fit.degrees_of_freedom, 9);
    let lambda = fit.lambda.estimate.expect("at no bound");
    close(tails((lambda.interval.high - fit.lambda.value) / lambda.standard_error, 9), 0.05, 1e-6);
    let choice = fit.choice;
    assert_eq!((choice.model, choice.f, choice.p), (Model::Amdahl, Some(0.0), 1.0));
    assert_eq!((choice.amdahl_ssr, choice.amdahl_aicc), (fit.ssr, fit.aicc));
}

#[test]
fn synthetic_measurements_give_back_their_law() {
    let fit = fit(&SYNTHETIC).expect("a fit");
    close(fit.sigma.value, 0.02, 1e-2);
    close(fit.kappa.value, 0.02, 1e-2);
    close(fit.lambda.value, 1.0, 1e-4);
    let exact = Usl::new(1.0, 0.02, 0.02).expect("a law");
    let points = SYNTHETIC.map(|(k, _)| (k, exact.throughput(k).expect("from one")));
    let fit = self::fit(&points).expect("a fit");
    close(fit.sigma.value, 0.02, 1e-8);
    close(fit.kappa.value, 0.02, 1e-8);
    close(fit.lambda.value, 1.0, 1e-8);
    assert!(fit.ssr < 1e-20 && fit.r_squared.is_some_and(|it| it > 1.0 - 1e-12));
    assert_eq!(fit.choice.model, Model::Usl);
}

/// Each number by its definition.
#[test]
fn how_well_it_fits() {
    let points = read(SPECSDM91);
    let fit = fit(&points).expect("a fit");
    let law = |k| fit.usl.throughput(k).expect("from one");
    for (residual, (k, throughput)) in fit.residuals.iter().zip(&points) {
        close(law(*k) + residual, *throughput, 1e-12);
    }
    close(fit.residuals.iter().map(|it| it * it).sum(), fit.ssr, 1e-12);
    let mean = points.iter().map(|(_, x)| x).sum::<f64>() / 7.0;
    let total: f64 = points.iter().map(|(_, x)| (x - mean).powi(2)).sum();
    close(fit.r_squared.expect("they differ"), 1.0 - fit.ssr / total, 1e-12);
    // Four parameters with the variance: 2 * 4 * 5 / (7 - 5) for the correction.
    close(fit.aicc.expect("enough rows"), 7.0 * (fit.ssr / 7.0).ln() + 8.0 + 20.0, 1e-12);
    let choice = fit.choice;
    close(choice.amdahl_aicc.expect("enough"), 7.0 * (choice.amdahl_ssr / 7.0).ln() + 6.0 + 8.0, 1e-12);
    let f = choice.f.expect("something is left");
    close(f, (choice.amdahl_ssr - fit.ssr) / (fit.ssr / 4.0), 1e-9);
    close(choice.p, tails(f.sqrt(), 4), 1e-6);
    assert!(choice.p < 0.05);
    assert_eq!(self::fit(&points[..5]).expect("a fit").aicc, None, "too few rows for it");
}

/// Amdahl's law is what is left if kappa is zero: found by looking at each sigma.
#[test]
fn the_model_without_coherency() {
    let points = read(SPECSDM91);
    let ssr = |sigma: f64| {
        let speed_up = |k: f64| k / (1.0 + sigma * (k - 1.0));
        let (both, one) = points.iter().fold((0.0, 0.0), |(both, one), (k, x)| {
            (both + x * speed_up(*k), one + speed_up(*k) * speed_up(*k))
        });
        points.iter().map(|(k, x)| (x - both / one * speed_up(*k)).powi(2)).sum::<f64>()
    };
    let least = (0..=100_000).map(|it| ssr(f64::from(it) * 1e-5)).fold(f64::MAX, f64::min);
    let found = fit(&points).expect("a fit").choice.amdahl_ssr;
    assert!(found <= least && found > least * (1.0 - 1e-6), "{found} {least}");
}

fn ssr(points: &[(f64, f64)], [lambda, sigma, kappa]: [f64; 3]) -> f64 {
    let law = |k: f64| lambda * k / (1.0 + sigma * (k - 1.0) + kappa * k * (k - 1.0));
    points.iter().map(|(k, x)| (x - law(*k)).powi(2)).sum()
}

fn measurements() -> impl Strategy<Value = Vec<(f64, f64)>> {
    let law = (0.1..1_000.0_f64, 0.0..0.5_f64, 0.0..0.02_f64);
    (law, prop::collection::vec((1.0..64.0_f64, 0.7..1.3_f64), 3..20)).prop_map(
        |((lambda, sigma, kappa), rows)| {
            let law = |k: f64| lambda * k / (1.0 + sigma * (k - 1.0) + kappa * k * (k - 1.0));
            // Without a lone agent there may be no best lambda: see below.
            rows.into_iter().chain([(1.0, 1.0)]).map(|(k, error)| (k, law(k) * error)).collect()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Nothing near fits better, within the bounds.
    #[test]
    fn a_fit_is_the_best_near_it(points in measurements()) {
        let fit = fit(&points).expect("a fit");
        let best = [fit.usl.lambda(), fit.usl.sigma(), fit.usl.kappa()];
        prop_assert!((ssr(&points, best) - fit.ssr).abs() <= 1e-9 * fit.ssr);
        for place in 0..3 {
            for part in [1e-3, -1e-3, 1e-2, -1e-2, 0.1, -0.1] {
                let mut near = best;
                near[place] += part * best[place].max(1e-2);
                let inside = near[1] >= 0.0 && near[1] <= 1.0 && near[2] >= 0.0;
                prop_assert!(!inside || ssr(&points, near) >= fit.ssr * (1.0 - 1e-9), "{near:?} {best:?}");
            }
        }
        for (coefficient, at_bound) in [
            (fit.lambda, false),
            (fit.sigma, best[1] <= 0.0 || best[1] >= 1.0),
            (fit.kappa, best[2] <= 0.0),
        ] {
            prop_assert_eq!(coefficient.estimate.is_none(), at_bound);
        }
        let free = [fit.lambda, fit.sigma, fit.kappa].iter().filter(|it| it.estimate.is_some()).count();
        prop_assert_eq!(fit.degrees_of_freedom, points.len() - free);
        prop_assert!(fit.choice.amdahl_ssr >= fit.ssr * (1.0 - 1e-12));
    }

    /// The unit of throughput and the order of rows say nothing.
    #[test]
    fn a_fit_is_the_same_in_any_unit(points in measurements(), power in -60..60_i32) {
        let unit = 2.0_f64.powi(power);
        let other: Vec<_> = points.iter().map(|(k, x)| (*k, x * unit)).collect();
        let (one, other) = (fit(&points).expect("a fit"), fit(&other).expect("a fit"));
        prop_assert_eq!((one.sigma, one.kappa), (other.sigma, other.kappa));
        prop_assert_eq!(one.lambda.value * unit, other.lambda.value);
        prop_assert_eq!(one.lambda.estimate.map(|it| it.standard_error * unit), other.lambda.estimate.map(|it| it.standard_error));
    }

    /// Little's law, and inverses that are inverses.
    #[test]
    fn what_follows_from_the_law(
        lambda in 0.01..100.0_f64, sigma in 0.0..=1.0_f64, kappa in 0.0..2.0_f64, k in 1.0..200.0_f64,
        flat in any::<(bool, bool)>(),
    ) {
        let (sigma, kappa) = (if flat.0 { 0.0 } else { sigma }, if flat.1 { 0.0 } else { kappa });
        let law = Usl::new(lambda, sigma, kappa).expect("a law");
        let (x, r) = (law.throughput(k).expect("from one"), law.latency(k).expect("from one"));
        close(x, lambda * k / (1.0 + sigma * (k - 1.0) + kappa * k * (k - 1.0)), 1e-12);
        close(x * r, k, 1e-12);
        match law.agents_at_latency(r).expect("positive") {
            Some(found) => {
                close(found, k, 1e-6);
                close(law.throughput_at_latency(r).expect("positive").expect("also"), x, 1e-6);
            }
            None => prop_assert!(sigma == 0.0 && kappa == 0.0 || k < 1.0 + 1e-9),
        }
        let peak = law.peak();
        let before_peak = peak.is_none_or(|peak| k < peak.k);
        let found = law.agents_at_throughput(x).expect("positive");
        if before_peak && sigma < 0.99 && x > lambda * (1.0 + 1e-9) && peak.is_none_or(|it| x < 0.999 * it.throughput) {
            close(found.expect("before the peak"), k, 1e-6);
        }
        if let Some(peak) = peak {
            prop_assert!(x <= peak.throughput * (1.0 + 1e-12));
            let beyond = law.agents_at_throughput(peak.throughput * 1.001).expect("positive");
            prop_assert_eq!(beyond, None);
            let inside = 1.0 / (sigma - kappa + 2.0 * (kappa * (1.0 - sigma)).sqrt());
            if peak.k > 1.0 {
                close(peak.k, ((1.0 - sigma) / kappa).sqrt(), 1e-12);
                close(peak.throughput, lambda * inside, 1e-9);
                close(law.agents_at_throughput(peak.throughput).expect("positive").expect("the peak"), peak.k, 1e-3);
            }
            prop_assert_eq!(law.limit(), None);
        } else {
            prop_assert_eq!(law.limit(), (sigma > 0.0).then(|| lambda / sigma));
        }
    }
}

fn normal(random: &mut ChaCha8Rng) -> f64 {
    let mut uniform = || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    (-2.0 * (1.0 - uniform()).ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()
}

/// Measurements with independent errors of one standard deviation: 3% of the peak.
fn measured(law: &Usl, random: &mut ChaCha8Rng) -> Vec<(f64, f64)> {
    let ks = [1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0, 40.0, 48.0, 64.0, 80.0];
    let error = 0.03 * law.peak().expect("a peak").throughput;
    ks.map(|k| (k, (law.throughput(k).expect("from one") + error * normal(random)).max(0.0))).to_vec()
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
    let law = Usl::new(50.0, 0.03, 5e-4).expect("a law");
    let random = &mut ChaCha8Rng::seed_from_u64(1);
    let (mut coefficients, mut confidence, mut prediction) = ([0; 3], 0, 0);
    for _ in 0..RUNS {
        let fit = fit(&measured(&law, random)).expect("a fit");
        let truth = [law.lambda(), law.sigma(), law.kappa()];
        for ((hits, it), truth) in coefficients.iter_mut().zip([fit.lambda, fit.sigma, fit.kappa]).zip(truth)
        {
            *hits += u32::from(it.estimate.is_some_and(|it| holds(it.interval, truth)));
        }
        let band = fit.predict(30.0).expect("from one");
        let truth = law.throughput(30.0).expect("from one");
        let error = 0.03 * law.peak().expect("a peak").throughput;
        confidence += u32::from(holds(band.confidence, truth));
        prediction += u32::from(holds(band.prediction, truth + error * normal(random)));
    }
    coefficients.into_iter().chain([confidence, prediction]).for_each(|hits| is_95_percent(hits, RUNS));
}

#[test]
fn the_interval_of_the_peak_holds_as_often_as_it_says() {
    const RUNS: u32 = 2_000;
    let law = Usl::new(50.0, 0.03, 5e-4).expect("a law");
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
    let (random, law) = (&mut ChaCha8Rng::seed_from_u64(3), Usl::new(50.0, 0.05, 0.0).expect("a law"));
    let ks = [1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0, 40.0, 48.0];
    let wrong = (0..RUNS).filter(|_| {
        let points = ks.map(|k| (k, law.throughput(k).expect("from one") + 10.0 * normal(random)));
        fit(&points).expect("a fit").choice.model == Model::Usl
    });
    let part = wrong.count() as f64 / f64::from(RUNS);
    // As kappa cannot be less than zero, it is half of what it may be.
    assert!((0.02..0.03).contains(&part), "{part}");
}

/// At the ends of the interval the best law that peaks there is as much worse as it may be.
#[test]
fn the_interval_of_the_peak_ends_where_the_fit_is_too_bad() {
    let points = read(SPECSDM91);
    let fit = fit(&points).expect("a fit");
    let interval = fit.peak_interval().expect("it converges").expect("a peak");
    let best = |peak: f64| {
        let of = |sigma: f64| {
            let kappa = (1.0 - sigma) / peak / peak;
            let speed_up = |k: f64| k / (1.0 + sigma * (k - 1.0) + kappa * k * (k - 1.0));
            let (both, one) = points.iter().fold((0.0, 0.0), |(both, one), (k, x)| {
                (both + x * speed_up(*k), one + speed_up(*k) * speed_up(*k))
            });
            ssr(&points, [both / one, sigma, kappa])
        };
        (0..=100_000).map(|it| of(f64::from(it) * 1e-6)).fold(f64::MAX, f64::min)
    };
    for end in [interval.low, interval.high.expect("they tell")] {
        let f = (best(end) - fit.ssr) / (fit.ssr / 4.0);
        close(tails(f.sqrt(), 4), 0.05, 1e-3);
    }
    assert!(interval.low < 96.52 && interval.high.is_some_and(|high| high > 96.52));
}

fn check_band(fit: &Fit, points: &[(f64, f64)], k: f64) {
    // The inverse of J'J by Cramer's rule, with differences for derivatives.
    let best = [fit.usl.lambda(), fit.usl.sigma(), fit.usl.kappa()];
    let law = |[lambda, sigma, kappa]: [f64; 3], k: f64| {
        lambda * k / (1.0 + sigma * (k - 1.0) + kappa * k * (k - 1.0))
    };
    let gradient = |k: f64| {
        [0, 1, 2].map(|place: usize| {
            let step = 1e-5 * best[place];
            let (mut more, mut less) = (best, best);
            more[place] += step;
            less[place] -= step;
            (law(more, k) - law(less, k)) / (2.0 * step)
        })
    };
    let mut m = [[0.0; 3]; 3];
    for (k, _) in points {
        let g = gradient(*k);
        (0..3).for_each(|i| (0..3).for_each(|j| m[i][j] += g[i] * g[j]));
    }
    let minor = |i: usize, j: usize| {
        let (a, b, c, d) = ((i + 1) % 3, (i + 2) % 3, (j + 1) % 3, (j + 2) % 3);
        m[a][c] * m[b][d] - m[a][d] * m[b][c]
    };
    let determinant: f64 = (0..3).map(|j| m[0][j] * minor(0, j)).sum();
    let g = gradient(k);
    let of_law: f64 =
        (0..3).map(|i| (0..3).map(|j| g[i] * g[j] * minor(i, j) / determinant).sum::<f64>()).sum();
    let variance = fit.ssr / fit.degrees_of_freedom as f64;
    let band = fit.predict(k).expect("from one");
    let sigma = fit.sigma.estimate.expect("at no bound");
    let quantile = (sigma.interval.high - fit.sigma.value) / sigma.standard_error;
    close(band.throughput, law(best, k), 1e-12);
    close(band.confidence.high - band.throughput, quantile * (variance * of_law).sqrt(), 1e-4);
    close(band.prediction.high - band.throughput, quantile * (variance * (of_law + 1.0)).sqrt(), 1e-4);
    for it in [band.confidence, band.prediction] {
        close(it.low, (2.0 * band.throughput - it.high).max(0.0), 1e-9);
    }
}

#[test]
fn bands_are_those_of_the_delta_method() {
    let points = read(SPECSDM91);
    let fit = fit(&points).expect("a fit");
    [1.0, 20.0, 96.5, 300.0].into_iter().for_each(|k| check_band(&fit, &points, k));
    assert_eq!(fit.predict(1.0).expect("from one").prediction.low, 0.0, "64.9 and 190 more or less");
    let error = fit.predict(0.5).expect_err("less than one").to_string();
    assert_eq!(error, "k is 0.5, but must be finite, and 1 or more");
}

/// k may be real, and no lone agent need be among them, if the others tell what one does.
#[test]
fn a_lone_agent_need_not_be_measured() {
    let law = Usl::new(50.0, 0.03, 5e-4).expect("a law");
    let points = [1.5, 2.25, 7.0, 19.5, 60.0].map(|k| (k, law.throughput(k).expect("from one")));
    let fit = fit(&points).expect("a fit");
    close(fit.lambda.value, 50.0, 1e-8);
    close(fit.sigma.value, 0.03, 1e-8);
    close(fit.kappa.value, 5e-4, 1e-8);
    // Here throughput falls with the square of k, as under no law: the more one agent does, the better.
    let falls = [10.0, 20.0, 30.0, 40.0].map(|k| (k, 1e3 / (k * k)));
    assert_eq!(self::fit(&falls), Err(FitError::NoConvergence));
}

#[test]
fn measurements_that_cannot_be_are_refused() {
    let refused = |points: &[(f64, f64)]| fit(points).expect_err("refused").to_string();
    let good = SYNTHETIC;
    let with = |place: usize, row| {
        let mut points = good;
        points[place] = row;
        refused(&points)
    };
    assert_eq!(refused(&good[..3]), "3 rows are too few: there must be 4 at least");
    assert_eq!(refused(&[]), "0 rows are too few: there must be 4 at least");
    assert_eq!(with(2, (0.5, 1.0)), "row 3: k is 0.5, but must be finite, and 1 or more");
    assert_eq!(with(0, (f64::NAN, 1.0)), "row 1: k is NaN, but must be finite, and 1 or more");
    assert_eq!(with(5, (f64::INFINITY, 1.0)), "row 6: k is inf, but must be finite, and 1 or more");
    assert_eq!(with(1, (2.0, -0.1)), "row 2: throughput is -0.1, but must be finite, and 0 or more");
    assert_eq!(with(1, (2.0, f64::NAN)), "row 2: throughput is NaN, but must be finite, and 0 or more");
    let value = FitError::Value { row: 1, field: Field::K, value: 0.0 };
    assert_eq!(fit(&[(0.0, f64::NAN)]), Err(value), "before the number of rows");
    let all = |k: fn(usize) -> f64| (0..5).map(|row| (k(row), 1.0)).collect::<Vec<_>>();
    assert_eq!(refused(&all(|_| 4.0)), "there is only one k in all rows: there must be 3 at least");
    let two = "there are only two different k in all rows: there must be 3 at least";
    assert_eq!(refused(&all(|row| (1 + row % 2) as f64)), two);
    assert_eq!(fit(&good.map(|(k, _)| (k, 0.0))), Err(FitError::NoThroughput));
}

#[test]
fn whatever_is_measured_nothing_endless_is_said() {
    let ks = [1.0, 2.0, 3.0, 1e3, 1e9, 1e18, 1e80, 1e160, 1e300, f64::MAX];
    let xs = [0.0, f64::MIN_POSITIVE, 1e-200, 1.0, 1e9, 1e160, f64::MAX];
    let random = &mut ChaCha8Rng::seed_from_u64(4);
    let mut fits = 0;
    for _ in 0..3_000 {
        let mut any = |of: &[f64]| of[random.next_u32() as usize % of.len()];
        let points: Vec<_> = (0..6).map(|_| (any(&ks), any(&xs))).collect();
        let Ok(fit) = fit(&points) else { continue };
        fits += 1;
        let text = format!("{fit:?} {:?} {:?} {:?}", fit.predict(7.0), fit.usl.peak(), fit.usl.limit());
        assert!(!text.contains("NaN") && !text.contains("inf"), "{points:?}\n{text}");
        for k in [1.0, 1e9, f64::MAX] {
            let text = format!("{:?} {:?} {:?}", fit.usl.throughput(k), fit.usl.latency(k), fit.predict(k));
            assert!(!text.contains("NaN") && !text.contains("inf"), "{points:?}\n{text}");
        }
        let text = format!("{:?}", fit.peak_interval());
        assert!(!text.contains("NaN") && !text.contains("inf"), "{points:?}\n{text}");
    }
    assert!(fits > 30, "{fits}");
}

#[test]
fn coefficients_that_cannot_be_are_refused() {
    let refused = |lambda, sigma, kappa| Usl::new(lambda, sigma, kappa).expect_err("refused").to_string();
    assert_eq!(refused(0.0, 0.1, 0.1), "lambda is 0, but must be finite, and more than 0");
    assert_eq!(refused(f64::INFINITY, 0.1, 0.1), "lambda is inf, but must be finite, and more than 0");
    assert_eq!(refused(1.0, -0.1, 0.1), "sigma is -0.1, but must be from 0 to 1");
    assert_eq!(refused(1.0, 1.1, 0.1), "sigma is 1.1, but must be from 0 to 1");
    assert_eq!(refused(1.0, 0.1, -0.1), "kappa is -0.1, but must be finite, and 0 or more");
    assert_eq!(refused(1.0, 0.1, f64::NAN), "kappa is NaN, but must be finite, and 0 or more");
    let law = Usl::new(2.0, 0.0, 0.0).expect("no contention, no coherency");
    assert_eq!((law.throughput(8.0), law.peak(), law.limit()), (Ok(16.0), None, None));
    assert_eq!((law.agents_at_latency(0.5), law.agents_at_latency(0.6)), (Ok(None), Ok(None)));
    assert_eq!(law.agents_at_latency(0.4), Ok(None), "less than a lone agent takes");
    assert_eq!((law.agents_at_throughput(16.0), law.agents_at_throughput(1.0)), (Ok(Some(8.0)), Ok(None)));
    for it in [law.latency(0.9), law.throughput(f64::INFINITY)] {
        it.expect_err("not from one");
    }
    assert!(law.agents_at_latency(0.0).is_err() && law.agents_at_throughput(-1.0).is_err());
    assert!(law.throughput_at_latency(f64::NAN).is_err());
    // With coherency above all a second agent only disturbs.
    let alone = Usl::new(3.0, 0.5, 2.0).expect("a law").peak().expect("a peak");
    assert_eq!((alone.k, alone.throughput), (1.0, 3.0));
}
