//! Published fits, and what is true of each.

use althing::coordination::usl::{FitError, Model, fit};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::{RAYTRACER, SPECSDM91, SYNTHETIC, agents, close, coefficients, law, read, ssr, tails};

#[test]
fn specsdm91_as_published() {
    let fit = fit(&read(SPECSDM91)).expect("a fit");
    close(fit.sigma.value, 0.027_728_41, 1e-4);
    close(fit.kappa.value, 1.043_658e-4, 1e-4);
    close(fit.lambda.value, 89.995_18, 1e-4);
    close(fit.ssr, 27_453.719_6, 1e-6);
    assert_eq!(coefficients(&fit.usl), [fit.lambda.value, fit.sigma.value, fit.kappa.value]);
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
    // There may be one, beyond so many agents.
    let interval = fit.peak_interval().expect("it converges").expect("far away");
    close(interval.low, 89.785_735, 1e-6);
    assert_eq!(interval.high, None);
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
    let exact = law(1.0, 0.02, 0.02);
    let points = SYNTHETIC.map(|(k, _)| (k, exact.throughput(agents(k))));
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
    let law = |k| fit.usl.throughput(agents(k));
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

/// Where throughput scatters there may be two valleys: of these laws the better one is found, whether a
/// lone agent does much in it or little. Beside a scan of sigma and kappa.
#[test]
fn of_two_valleys_the_deeper_one_is_found() {
    for points in [
        vec![(1.0, 270.0), (1_047.0, 18_800.0), (6.5, 3_500.0), (1_133.0, 36_000.0), (909.0, 20_300.0)],
        vec![(1.0, 100.0), (906.0, 717.0), (3_702.0, 420.0), (3_871.0, 1_323.0)],
        vec![(1.0, 396.0), (186.0, 2_742.0), (1.3, 505.0), (258.0, 3_291.0), (743.0, 2_585.0)],
        vec![(1.0, 857.0), (681.0, 7_250.0), (1_116.0, 5_052.0), (864.0, 7_667.0)],
    ] {
        let most = points.iter().map(|(k, _)| *k).fold(1.0, f64::max);
        let parts = |from: i32| (from..=0).map(|tenths| 10.0_f64.powf(f64::from(tenths) / 10.0)).chain([0.0]);
        let kappas = || parts(-60).map(|part| 100.0 * part / most);
        let of = |sigma: f64, kappa: f64| {
            let speed_up = |k: f64| k / (1.0 + sigma * (k - 1.0) + kappa * k * (k - 1.0));
            let (both, one) = points.iter().fold((0.0, 0.0), |(both, one), (k, x)| {
                (both + x * speed_up(*k), one + speed_up(*k) * speed_up(*k))
            });
            ssr(&points, [both / one, sigma, kappa])
        };
        let least = parts(-60).flat_map(|sigma| kappas().map(move |kappa| (sigma, kappa)));
        let least = least.map(|(sigma, kappa)| of(sigma, kappa)).fold(f64::MAX, f64::min);
        let found = fit(&points).expect("a fit").ssr;
        assert!(found <= least * (1.0 + 1e-9), "{found} {least}: {points:?}");
    }
}

/// Four rows are enough, and these are met without any residue: what F would be has no limit, unless
/// there was nothing to gain from coherency.
#[test]
fn measurements_without_residue() {
    let exact = law(1.0, 1.0 / 32.0, 9.0 / 256.0);
    let points = [1.0, 2.0, 4.0, 8.0].map(|k| (k, exact.throughput(agents(k))));
    let fit = fit(&points).expect("a fit");
    assert_eq!((fit.ssr, fit.degrees_of_freedom, fit.aicc), (0.0, 1, None));
    assert_eq!((fit.choice.model, fit.choice.f, fit.choice.p), (Model::Usl, None, 0.0));
    for [one, more] in [[1.0, 1.0], [1.0, 2.0]] {
        let points = [1.0, 2.0, 3.0, 4.0].map(|k| (k, one + (more - one) * (k - 1.0)));
        let fit = self::fit(&points).expect("a fit");
        assert_eq!((fit.ssr, fit.choice.amdahl_ssr), (0.0, 0.0));
        assert_eq!((fit.choice.model, fit.choice.f, fit.choice.p), (Model::Amdahl, Some(0.0), 1.0));
    }
}

/// k may be real, and no lone agent need be among them, if the others tell what one does.
#[test]
fn a_lone_agent_need_not_be_measured() {
    let law = law(50.0, 0.03, 5e-4);
    let points = [1.5, 2.25, 7.0, 19.5, 60.0].map(|k| (k, law.throughput(agents(k))));
    let fit = fit(&points).expect("a fit");
    close(fit.lambda.value, 50.0, 1e-8);
    close(fit.sigma.value, 0.03, 1e-8);
    close(fit.kappa.value, 5e-4, 1e-8);
    // Here throughput falls with the square of k, as under no law: the more one agent does, the better.
    let falls = [10.0, 20.0, 30.0, 40.0].map(|k| (k, 1e3 / (k * k)));
    assert_eq!(self::fit(&falls), Err(FitError::NoConvergence));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Nothing near fits better, within the bounds.
    #[test]
    fn a_fit_is_the_best_near_it(points in measurements()) {
        let fit = fit(&points).expect("a fit");
        let best = coefficients(&fit.usl);
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
        // Of symmetric intervals only what is within the bounds.
        for (it, high) in [(fit.lambda, f64::MAX), (fit.sigma, 1.0), (fit.kappa, f64::MAX)] {
            let Some(estimate) = it.estimate else { continue };
            prop_assert!(0.0 <= estimate.interval.low && estimate.interval.low <= it.value);
            prop_assert!(it.value <= estimate.interval.high && estimate.interval.high <= high);
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
}

/// Nothing fits better anywhere: of each sigma and kappa of a fine net, with the best lambda for them. Where
/// few rows have errors of up to 30% there may be two valleys.
#[test]
fn no_law_of_a_net_fits_better() {
    const RUNS: u32 = 5_000; // And once 100,000.
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut uniform =
        |low: f64, high: f64| low + (high - low) * f64::from(random.next_u32()) / 4_294_967_296.0;
    let sizes = |least: i32, most: i32| (4 * least..=4 * most).map(|it| 10.0_f64.powf(f64::from(it) / 4.0));
    let [sigmas, kappas] = [(-4, 0), (-7, 1)]
        .map(|(least, most)| std::iter::once(0.0).chain(sizes(least, most)).collect::<Vec<_>>());
    let mut missed = 0;
    for _ in 0..RUNS {
        let law = law(1.0, uniform(0.0, 0.5), uniform(0.0, 0.02));
        let rows = 3 + uniform(0.0, 17.0) as usize;
        let ks: Vec<_> = std::iter::once(1.0).chain((0..rows).map(|_| uniform(1.0, 64.0))).collect();
        let points: Vec<_> =
            ks.into_iter().map(|k| (k, law.throughput(agents(k)) * uniform(0.7, 1.3))).collect();
        let fit = fit(&points).expect("a fit");
        let net = sigmas.iter().flat_map(|sigma| kappas.iter().map(move |kappa| (*sigma, *kappa)));
        let least = net.map(|(sigma, kappa)| best_ssr(&points, sigma, kappa)).fold(f64::MAX, f64::min);
        missed += u32::from(least < fit.ssr * (1.0 - 1e-9));
    }
    assert_eq!(missed, 0);
}

/// The least sum of squares with these two.
fn best_ssr(points: &[(f64, f64)], sigma: f64, kappa: f64) -> f64 {
    let speed_up = |k: f64| k / (1.0 + sigma * (k - 1.0) + kappa * k * (k - 1.0));
    let (both, one) = points
        .iter()
        .fold((0.0, 0.0), |(both, one), (k, x)| (both + x * speed_up(*k), one + speed_up(*k) * speed_up(*k)));
    ssr(points, [both / one, sigma, kappa])
}

/// The way down leads to `kappa = 0`, where it would end; without contention it fits better.
#[test]
fn at_a_bound_another_is_tried() {
    let points = [(1.0, 1.0388), (44.0, 8.0586), (50.0, 11.2266), (63.0, 10.5669)];
    let fit = fit(&points).expect("a fit");
    assert_eq!((fit.sigma.value, fit.sigma.estimate, fit.degrees_of_freedom), (0.0, None, 2));
    close(fit.kappa.value, 1.193e-4, 1e-3);
    close(fit.ssr, best_ssr(&points, 0.0, fit.kappa.value), 1e-9);
    assert!(fit.ssr < 3.8162 && fit.choice.amdahl_ssr > 3.837);
}

/// From both beginnings the way down leads into a valley with contention; the one without is deeper.
#[test]
fn the_valley_without_contention_is_looked_into() {
    let points = [
        (1.0, 0.920_066_660_456_356_4),
        (55.773_804_463_911_8, 0.634_381_259_691_156_2),
        (33.267_138_051_334_77, 1.577_102_379_332_768_5),
        (52.171_376_219_019_294, 0.691_150_261_521_135_2),
        (37.185_818_905_942_14, 1.137_409_375_382_549_6),
        (36.578_495_939_029_38, 0.977_611_401_543_451_7),
        (13.143_559_834_687_04, 2.744_573_222_056_876),
        (8.152_689_716_313_034, 1.863_483_756_236_375_3),
    ];
    let fit = fit(&points).expect("a fit");
    assert_eq!((fit.sigma.value, fit.sigma.estimate), (0.0, None));
    close(fit.ssr, best_ssr(&points, 0.0, fit.kappa.value), 1e-9);
    assert!(fit.ssr < 0.8225, "{}", fit.ssr);
}
