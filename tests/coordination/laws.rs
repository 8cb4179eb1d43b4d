use althing::coordination::laws::*;
use althing::coordination::{Count, Fraction};
use proptest::prelude::*;

use crate::support::*;

/// Times with all the digits of a double, over six orders of magnitude.
fn times() -> impl Strategy<Value = f64> {
    (-3.0..3.0_f64).prop_map(|log| 10_f64.powf(log))
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn amdahl_lies_between_one_and_the_lesser_of_k_and_its_limit(p in 0.0..=1.0_f64, k in 1.0..1e6_f64) {
        let speedup = amdahl(fraction(p), agents(k));
        prop_assert!(speedup >= 1.0 - 1e-12 && speedup <= k * (1.0 + 1e-12));
        let limit = amdahl_limit(fraction(p));
        prop_assert_eq!(limit.is_none(), p == 1.0);
        prop_assert!(limit.is_none_or(|limit| speedup <= limit * (1.0 + 1e-12)));
    }

    #[test]
    fn amdahl_increases_in_k_and_in_p(p in 0.01..0.99_f64, k in 1.1..1e3_f64, more in 1.01..2.0_f64) {
        let speedup = amdahl(fraction(p), agents(k));
        prop_assert!(amdahl(fraction(p), agents(k * more)) > speedup);
        prop_assert!(amdahl(fraction(p + (1.0 - p) * (1.0 - 1.0 / more)), agents(k)) > speedup);
    }

    #[test]
    fn half_of_the_limit_is_reached_where_amdahl_says(p in 0.5..0.9999_f64) {
        let half = amdahl_half(fraction(p)).expect("there is a limit");
        let limit = amdahl_limit(fraction(p)).expect("there is a limit");
        prop_assert!(near(2.0 * amdahl(fraction(p), agents(half)), limit, 1e-12));
    }

    #[test]
    fn gustafson_is_amdahl_with_the_fraction_as_one_agent_measures_it(s in 0.0..=1.0_f64, k in 1.0..1e4_f64) {
        let serial = serial_on_one(fraction(s), agents(k));
        let same = amdahl(fraction(1.0 - serial), agents(k));
        // What 1 - (1 - serial) loses counts k times.
        prop_assert!(near(gustafson(fraction(s), agents(k)), same, 1e-15 * (10.0 + k)));
    }

    #[test]
    fn karp_flatt_finds_amdahls_fraction_whatever_k_is(p in 0.0..=1.0_f64, k in 1.5..1e3_f64) {
        let told = karp_flatt(positive(amdahl(fraction(p), agents(k))), agents(k)).expect("k > 1");
        prop_assert!((told - (1.0 - p)).abs() < 1e-12);
    }

    #[test]
    fn karp_flatt_grows_with_k_by_the_coherency(sigma in 0.0..1.0_f64, kappa in 0.0..0.1_f64, k in 1.5..1e3_f64) {
        let speedup = usl(sigma, kappa).speedup(agents(k));
        let told = karp_flatt(positive(speedup), agents(k)).expect("k > 1");
        prop_assert!(near(told, sigma + kappa * k, 1e-9) || (told - sigma - kappa * k).abs() < 1e-12);
    }

    #[test]
    fn the_universal_law_without_coherency_is_amdahls(sigma in 0.0..=1.0_f64, k in 1.0..1e6_f64) {
        let same = amdahl(fraction(1.0 - sigma), agents(k));
        prop_assert!(near(usl(sigma, 0.0).speedup(agents(k)), same, 1e-9));
        prop_assert_eq!(usl(sigma, 0.0).peak(), None);
    }

    #[test]
    fn the_universal_law_is_the_same_on_both_sides_of_its_peak(
        sigma in 0.0..0.9_f64, kappa in 1e-6..0.05_f64, part in 0.0..1.0_f64
    ) {
        let law = usl(sigma, kappa);
        let peak = law.peak().expect("kappa is not 0");
        prop_assert!(near(law.speedup(agents(peak.agents)), peak.speedup, 1e-12));
        let (k, below) = (1.0 + part * (peak.agents - 1.0), law.speedup(agents(1.0 + part * (peak.agents - 1.0))));
        prop_assert!(near(below, law.speedup(agents(peak.agents * peak.agents / k)), 1e-11));
        prop_assert!(below <= peak.speedup * (1.0 + 1e-12));
        // Unimodal: it rises to the peak, and falls from there.
        let step = 1.0 + (peak.agents / k - 1.0) / 2.0;
        prop_assert!(law.speedup(agents(k * step)) >= below * (1.0 - 1e-12));
        let beyond = peak.agents * (2.0 - part);
        prop_assert!(law.speedup(agents(beyond * 1.1)) < law.speedup(agents(beyond)));
    }

    #[test]
    fn the_bounds_of_greedy_schedules_are_ordered(w in times(), part in 0.0001..=1.0_f64, k in 1.0..1e4_f64) {
        let load = load(w, w * part);
        let (least, most) = (load.at_least(agents(k)), load.at_most(agents(k)));
        prop_assert!(least >= load.span() && least >= load.work() / k);
        prop_assert!(least <= most * (1.0 + 1e-12));
        prop_assert!(most <= greedy_ratio(agents(k)) * least * (1.0 + 1e-12));
        prop_assert!(near(load.parallelism() * load.span(), load.work(), 1e-12));
    }

    #[test]
    fn a_burdened_range_has_two_ends(w in times(), part in 0.001..=1.0_f64, burden in 1.0..100.0_f64, k in 1.0..1e4_f64) {
        let range = load(w, w * part).burdened(positive(w * part * burden), agents(k)).expect("burdened");
        prop_assert!(range.lower <= range.upper * (1.0 + 1e-12) && range.lower > 0.0);
    }
}

fn usl(sigma: f64, kappa: f64) -> Usl {
    Usl { sigma: fraction(sigma), kappa: magnitude(kappa) }
}

#[test]
fn the_laws_are_their_formulas() {
    assert_near(amdahl(fraction(0.9), agents(8.0)), 4.705_882_352_941_177, 1e-15);
    assert_near(amdahl_limit(fraction(0.9)).expect("a limit"), 10.0, 1e-15);
    assert_near(amdahl_half(fraction(0.9)).expect("a limit"), 9.0, 1e-15);
    assert_eq!((amdahl_limit(fraction(1.0)), amdahl_half(fraction(1.0))), (None, None));
    assert_eq!(amdahl(fraction(1.0), agents(7.0)), 7.0);
    assert_near(gustafson(fraction(0.2), agents(10.0)), 8.2, 1e-15);
    assert_near(serial_on_one(fraction(0.2), agents(10.0)), 0.024_390_243_902_439_024, 1e-15);
    assert_near(karp_flatt(positive(4.5), agents(8.0)).expect("k > 1"), 1.0 / 9.0, 1e-14);
    assert_near(karp_flatt(positive(12.0), agents(8.0)).expect("k > 1"), -1.0 / 21.0, 1e-14);
    let lone = karp_flatt(positive(1.0), agents(1.0)).expect_err("one agent");
    assert_eq!(
        lone.to_string(),
        "the number of agents is 1: it must be more than 1 to tell a serial fraction"
    );
}

/// The coefficients that are published for specsdm91.
#[test]
fn the_universal_law_is_its_formula() {
    let law = usl(0.027_728_41, 1.043_658e-4);
    assert_near(law.speedup(agents(96.0)), 20.933_206_506_536_18, 1e-14);
    assert_near(law.efficiency(agents(96.0)), 20.933_206_506_536_18 / 96.0, 1e-14);
    let peak = law.peak().expect("kappa is not 0");
    assert_near(peak.agents, 96.519_418_029_921_37, 1e-14);
    assert_near(peak.speedup, 20.933_335_033_780_71, 1e-14);
    assert_eq!((law.limit(), usl(0.0, 0.0).limit()), (Some(0.0), None));
    assert_eq!(usl(0.25, 0.0).limit(), Some(4.0));
    // Where every further agent is a loss: the formula's peak would be below one agent.
    for (sigma, kappa) in [(0.5, 0.6), (1.0, 0.1), (0.5, 0.5)] {
        let peak = usl(sigma, kappa).peak().expect("kappa is not 0");
        assert_eq!((peak.agents, peak.speedup), (1.0, 1.0));
        assert!(usl(sigma, kappa).speedup(agents(1.01)) <= 1.0);
    }
    // Not concave: beyond its peak it is first below, then above, a line through two of its points.
    let law = usl(0.0, 0.01);
    let bend =
        |k: f64| law.speedup(agents(k - 1.0)) + law.speedup(agents(k + 1.0)) - 2.0 * law.speedup(agents(k));
    assert!(bend(10.0) < 0.0 && bend(40.0) > 0.0);
}

#[test]
fn work_and_span_are_their_formulas() {
    let twelve = load(12.0, 1.0);
    assert_eq!((twelve.at_least(agents(5.0)), twelve.at_least(agents(24.0))), (2.4, 1.0));
    assert_near(twelve.at_most(agents(5.0)), 3.2, 1e-15);
    assert_near(load(12.0, 3.0).at_most(agents(5.0)), 4.8, 1e-15);
    assert_eq!(load(12.0, 3.0).parallelism(), 4.0);
    let useful = [
        (12.0, 3.0),
        (12.0, 5.0),
        (16.646_987_183_574_623, 5.548_995_727_858_207),
        (3.000_000_1, 1.0),
        (5.0, 5.0),
    ];
    assert_eq!(useful.map(|(work, span)| load(work, span).useful().get()), [4, 3, 3, 4, 1]);
    assert_near(greedy_ratio(agents(5.0)), 1.8, 1e-15);
    assert_near(longest_first_ratio(agents(5.0)), 19.0 / 15.0, 1e-15);
    assert_near(longest_first_ratio(agents(1.0)), 1.0, 1e-15);
}

#[test]
fn a_span_is_a_part_of_the_work() {
    let error = Load::new(positive(12.0), positive(12.1)).expect_err("longer than the work");
    assert_eq!(error.to_string(), "the span is 12.1: it must be at most the work");
    // Of the same sum in another order.
    let rounded = Load::new(positive(12.0), positive(12.0 * (1.0 + 1e-12))).expect("nearly the work");
    assert_eq!((rounded.work(), rounded.span()), (12.0, 12.0));
    assert!(Load::new(positive(12.0), positive(12.0 * (1.0 + 1e-8))).is_err());
}

/// Cilkview's example: a lower and an upper speed-up of 2, 4, .. 256 processors.
#[test]
fn the_burdened_range_is_cilkviews() {
    let load = load(307_502_918.0, 5_866_402.0);
    let published = [
        (1.72, 2.0),
        (2.69, 4.0),
        (3.74, 8.0),
        (4.65, 16.0),
        (5.30, 32.0),
        (5.70, 52.42),
        (5.92, 52.42),
        (6.03, 52.42),
    ];
    let mut processors = 1.0;
    for (lower, upper) in published {
        processors *= 2.0;
        let range = load.burdened(positive(29_393_897.0), agents(processors)).expect("burdened");
        assert!((range.lower - lower).abs() < 0.005_1, "{} of {processors}", range.lower);
        assert!((range.upper - upper).abs() < 0.005_1, "{} of {processors}", range.upper);
    }
    let error = load.burdened(positive(5_866_401.0), agents(2.0)).expect_err("less than the span");
    assert_eq!(error.to_string(), "the burdened span is 5866401: it must be at least the span");
    assert!(load.burdened(positive(5_866_402.0), agents(2.0)).is_ok());
}

#[test]
fn harmonic_numbers_are_sums_and_a_series() {
    assert_near(harmonic(Count::ONE), 1.0, 0.0);
    for (k, exact) in [
        (5, 2.283_333_333_333_333_3),
        (100, 5.187_377_517_639_620),
        (255, 6.120_438_712_817_280),
        (256, 6.124_344_962_817_280),
        (1_000, 7.485_470_860_550_345),
        (1_000_000, 14.392_726_722_865_724),
        (u32::MAX, 22.757_925_442_703_367),
    ] {
        assert_near(harmonic(count(k)), exact, 4e-16);
        assert_near(barrier_efficiency(count(k)), 1.0 / exact, 5e-16);
    }
    // Both sides of the switch: each adds its last part.
    for k in 250..260_u32 {
        let step = harmonic(count(k)) - harmonic(count(k - 1));
        assert!((step - 1.0 / f64::from(k)).abs() < 4e-15, "{k}");
    }
}

/// All assignments of up to ten tasks to two or three agents: longest first is within its ratio of the
/// best of them, and reaches it for the worst instance that is known.
#[test]
fn longest_first_is_within_its_ratio_of_the_best() {
    let mut bits = bits(7);
    let mut worst: f64 = 1.0;
    for round in 0..300 {
        let (k, n) = (2 + round % 2, 1 + (round / 2) % 10);
        let mut tasks: Vec<u64> = (0..n).map(|_| 1 + bits() % 20).collect();
        if round == 0 {
            // Graham's instance for two agents: 7 in place of 6.
            tasks = vec![3, 3, 2, 2, 2];
        }
        tasks.sort_unstable_by(|a, b| b.cmp(a));
        let mut ends = vec![0; k];
        for task in &tasks {
            *ends.iter_mut().min().expect("k agents") += task;
        }
        let ratio = *ends.iter().max().expect("k agents") as f64 / shortest(&tasks, &mut vec![0; k]) as f64;
        assert!(ratio <= longest_first_ratio(agents(k as f64)) + 1e-12, "{tasks:?}");
        worst = worst.max(ratio);
    }
    assert_near(worst, 7.0 / 6.0, 1e-12);
    assert_near(longest_first_ratio(agents(2.0)), 7.0 / 6.0, 1e-15);
}

fn shortest(tasks: &[u64], ends: &mut Vec<u64>) -> u64 {
    let Some((first, others)) = tasks.split_first() else { return *ends.iter().max().expect("k agents") };
    let each = (0..ends.len()).map(|agent| {
        ends[agent] += first;
        let makespan = shortest(others, ends);
        ends[agent] -= first;
        makespan
    });
    each.collect::<Vec<_>>().into_iter().min().expect("k agents")
}

#[test]
fn nothing_is_infinite_at_the_ends_of_the_domains() {
    let fractions = [0.0, 1e-60, 0.5, 1.0 - f64::EPSILON / 2.0, 1.0].map(fraction);
    let magnitudes = [1e-60, 1.0, 1e60];
    let all = [1.0, 1.0 + f64::EPSILON, 2.0, 4_294_967_295.0].map(agents);
    let finite = |value: f64| assert!(value.is_finite());
    for k in all {
        for p in fractions {
            finite(amdahl(p, k));
            amdahl_limit(p).into_iter().chain(amdahl_half(p)).for_each(finite);
            finite(gustafson(p, k));
            finite(serial_on_one(p, k));
            kappas(p, &magnitudes).for_each(|law| {
                finite(law.speedup(k));
                law.limit()
                    .into_iter()
                    .chain(law.peak().map(|peak| peak.agents * peak.speedup))
                    .for_each(finite);
            });
        }
        for magnitude in magnitudes {
            karp_flatt(positive(magnitude), k).into_iter().for_each(finite);
            let load = load(1e60, magnitude);
            finite(load.at_most(k) + load.at_least(k) + load.parallelism());
            let range = load.burdened(positive(1e60), k).expect("burdened");
            finite(range.lower + range.upper);
        }
    }
}

fn kappas(sigma: Fraction, magnitudes: &[f64]) -> impl Iterator<Item = Usl> {
    let kappas: Vec<_> = magnitudes.iter().copied().chain([0.0]).collect();
    kappas.into_iter().map(move |kappa| Usl { sigma, kappa: magnitude(kappa) })
}
