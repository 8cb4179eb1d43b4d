use althing::coordination::ooda::*;
use althing::coordination::{Count, Positive};
use proptest::prelude::*;

use crate::support::*;

fn loop_of(k: u32, mu: f64, r: u32, delta: f64) -> Loop {
    Loop { agents: count(k), rate: positive(mu), resources: count(r), delay: positive(delta) }
}

prop_compose! {
    fn any_loop()(k in 2..100_u32, mu in 0.001..100.0_f64, r in 1..10_000_u32, delta in 1e-6..100.0_f64) -> Loop {
        loop_of(k, mu, r, delta)
    }
}

fn best(it: Loop) -> BestInterval {
    it.best_interval().expect("there are several agents")
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn the_best_interval_has_the_greatest_goodput(it in any_loop(), other in 0.2..5.0_f64) {
        let BestInterval { interval, goodput } = best(it);
        prop_assert!(near(it.goodput(positive(interval)), goodput, 1e-12));
        prop_assert!(it.goodput(positive(interval * other)) <= goodput * (1.0 + 1e-12));
    }

    /// It falls in k and mu, and rises in R and delta.
    #[test]
    fn the_best_interval_moves_as_it_should(it in any_loop(), more in 1.01..3.0_f64, some in 1..50_u32) {
        let interval = best(it).interval;
        let crowded = Loop { agents: count(it.agents.get() + some), ..it };
        let hasty = Loop { rate: positive(it.rate.get() * more), ..it };
        let wide = Loop { resources: count(it.resources.get() + some), ..it };
        let slow = Loop { delay: positive(it.delay.get() * more), ..it };
        prop_assert!(best(crowded).interval < interval && best(hasty).interval < interval);
        prop_assert!(best(wide).interval > interval && best(slow).interval > interval);
    }

    /// Its expansion is `sqrt(2 delta/lambda) (1 - z/6 + ..)`, with `z = sqrt(2 lambda delta)`.
    #[test]
    fn for_cheap_syncs_it_is_a_square_root(k in 2..10_u32, mu in 0.1..10.0_f64, r in 10..1_000_u32, log in -30.0..-9.0_f64) {
        let lambda = loop_of(k, mu, r, 1.0).conflict_rate();
        let it = loop_of(k, mu, r, log.exp() / lambda);
        let (root, z) = ((2.0 * it.delay.get() / lambda).sqrt(), (2.0 * log.exp()).sqrt());
        prop_assert!((best(it).interval / root - (1.0 - z / 6.0)).abs() < z * z / 30.0 + 1e-14);
    }

    #[test]
    fn conflict_is_a_probability_that_grows(it in any_loop(), tau in 1e-6..1e4_f64, more in 1.01..3.0_f64) {
        let conflict = it.conflict(positive(tau));
        prop_assert!(conflict > 0.0 && conflict < 1.0);
        prop_assert!(it.conflict(positive(tau * more)) > conflict);
        prop_assert!(conflict <= it.conflict_rate() * tau / 2.0);
        // Of all actions, those that are not wasted: one formula, told twice.
        let acted = it.agents.real() * it.rate.get() * tau / (tau + it.delay.get());
        prop_assert!((it.goodput(positive(tau)) - acted * (1.0 - conflict)).abs() <= 1e-14 * acted);
    }
}

/// Of each: tau*, U*, and at tau = 1.5 the conflict probability and the goodput (mpmath).
const CHECKED: [(Loop4, [f64; 4]); 3] = [
    (
        (5, 1.0, 20, 0.5),
        [2.081_105_807_125_11, 3.297_671_953_938_925_7, 0.136_060_735_605_726_22, 3.239_772_241_478_527],
    ),
    (
        (8, 2.0, 50, 0.2),
        [1.132_118_231_134_007_8, 11.653_372_435_028_958, 0.183_444_809_083_468_53, 11.527_837_989_409_856],
    ),
    (
        (3, 1.0, 6, 1.0),
        [2.156_867_520_333_022_6, 1.461_782_305_738_680_1, 0.213_061_319_425_266_85, 1.416_489_625_034_519_7],
    ),
];
type Loop4 = (u32, f64, u32, f64);

#[test]
fn the_three_loops_are_as_computed_elsewhere() {
    for ((k, mu, r, delta), [tau, goodput, conflict, at]) in CHECKED {
        let it = loop_of(k, mu, r, delta);
        assert_near(best(it).interval, tau, 1e-14);
        assert_near(best(it).goodput, goodput, 1e-14);
        assert_near(it.conflict(positive(1.5)), conflict, 1e-14);
        assert_near(it.goodput(positive(1.5)), at, 1e-14);
        assert_eq!(it.staleness(positive(1.5)), 0.75);
    }
    assert_near(loop_of(8, 2.0, 50, 0.2).conflict_rate(), 0.28, 1e-15);
}

#[test]
fn one_agent_need_never_sync() {
    let it = loop_of(1, 2.0, 5, 0.5);
    assert_eq!((it.conflict_rate(), it.best_interval(), it.conflict(positive(9.0))), (0.0, None, 0.0));
    assert_eq!(it.goodput(positive(1.5)), 1.5);
}

/// From mpmath, on both sides of the switch, and far below it, where the difference would be noise.
#[test]
fn the_conflict_series_ends_where_the_difference_takes_over() {
    // lambda = 1.
    let it = loop_of(2, 1.0, 1, 1.0);
    for (tau, conflict) in [
        (1e-10, 4.999_999_999_833_333e-11),
        (0.001, 0.000_499_833_374_991_668_06),
        (0.3, 0.136_060_735_605_726_22),
        (0.499_9, 0.213_025_236_670_052_16),
        (0.5, 0.213_061_319_425_266_85),
        (0.500_1, 0.213_097_399_878_453_06),
        (5.0, 0.801_347_589_399_817_1),
    ] {
        assert_near(
            it.conflict(positive(tau)),
            conflict,
            if tau < CONFLICT_SERIES_UP_TO { 3e-16 } else { 2e-15 },
        );
    }
}

/// A million actions of each: within one in a hundred, with these seeds.
#[test]
fn a_simulation_agrees_within_a_hundredth() {
    for (index, ((k, mu, r, delta), _)) in CHECKED.into_iter().enumerate() {
        let it = loop_of(k, mu, r, delta);
        for tau in [best(it).interval, 1.5, 0.4] {
            let syncs = 1e6 / (f64::from(k) * mu * tau);
            let seen = simulate(&it, positive(tau), count(syncs as u32), bits(index as u64));
            assert!(seen.actions() > 900_000);
            assert_near(seen.time(), f64::from(syncs as u32) * (tau + delta), 1e-9);
            assert_near(seen.goodput(), it.goodput(positive(tau)), 0.01);
            assert_near(seen.conflict(), it.conflict(positive(tau)), 0.01);
        }
    }
}

#[test]
fn a_simulation_is_a_function_of_its_bits() {
    let it = loop_of(4, 1.0, 3, 0.5);
    let run = |seed| simulate(&it, positive(2.0), count(50), bits(seed));
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    let lone = simulate(&loop_of(1, 1.0, 3, 0.5), positive(2.0), count(50), bits(1));
    assert!(lone.actions() > 50 && lone.conflict() == 0.0);
    let idle = simulate(&loop_of(1, 1e-60, 3, 0.5), positive(2.0), Count::ONE, bits(1));
    assert_eq!((idle.actions(), idle.conflict(), idle.goodput(), idle.time()), (0, 0.0, 0.0, 2.5));
}

#[test]
fn nothing_is_infinite_at_the_ends_of_the_domains() {
    let ends = [1e-60, 1.0, 1e60];
    for (k, r) in [(1, 1), (2, u32::MAX), (u32::MAX, 1), (u32::MAX, u32::MAX)] {
        for (mu, delta) in ends.iter().flat_map(|mu| ends.iter().map(move |delta| (*mu, *delta))) {
            let it = loop_of(k, mu, r, delta);
            let best = it.best_interval();
            assert_eq!(best.is_none(), k == 1);
            assert!(
                best.is_none_or(|best| best.interval > 0.0 && (best.interval + best.goodput).is_finite())
            );
            for tau in ends.map(|tau| Positive::new(tau).expect("in its domain")) {
                assert!(it.goodput(tau).is_finite() && (0.0..=1.0).contains(&it.conflict(tau)));
            }
        }
    }
}
