use althing::coordination::intervals::*;
use proptest::prelude::*;

use crate::support::*;

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn the_economic_batch_is_the_cheapest(h in 0.001..1e3_f64, q in 0.001..1e3_f64, other in 0.1..10.0_f64) {
        let cost = |b: f64| h / b + q * b / 2.0;
        let best = economic_batch(positive(h), positive(q));
        prop_assert!(cost(best) <= cost(best * other) * (1.0 + 1e-12));
        prop_assert!(near(cost(best), (2.0 * h * q).sqrt(), 1e-12));
    }

    #[test]
    fn the_exact_interval_is_the_cheapest(m in 0.1..1e4_f64, part in 1e-4..3.0_f64, other in 0.3..3.0_f64) {
        let delta = m * part;
        let cost = |tau: f64| m * ((tau + delta) / m).exp_m1() / tau;
        let best = exponential_interval(positive(delta), positive(m));
        prop_assert!(cost(best) <= cost(best * other) * (1.0 + 1e-12));
        prop_assert!(best < m && best < young(positive(delta), positive(m)));
    }

    #[test]
    fn youngs_interval_is_the_exact_one_for_cheap_checkpoints(m in 0.1..1e4_f64, part in 1e-12..1e-6_f64) {
        let (delta, m) = (positive(m * part), positive(m));
        // The next term of the series is -z/3.
        let z = (2.0 * part).sqrt();
        let relative = exponential_interval(delta, m) / young(delta, m) - 1.0;
        prop_assert!((relative + z / 3.0).abs() < z * z);
    }
}

#[test]
fn the_intervals_are_their_formulas() {
    assert_near(economic_batch(positive(9.0), positive(0.5)), 6.0, 1e-15);
    assert_near(young(positive(2.0), positive(300.0)), 34.641_016_151_377_55, 1e-15);
    assert_near(exponential_interval(positive(2.0), positive(300.0)), 33.320_711_736_497_606, 1e-14);
    assert_near(exponential_interval(positive(20.0), positive(30.0)), 22.795_738_129_646_862, 1e-14);
    for (delta, m) in [(1e-60, 1e60), (1e60, 1e-60), (1e-60, 1e-60), (1e60, 1e60)] {
        let (delta, m) = (positive(delta), positive(m));
        let all = [economic_batch(delta, m), young(delta, m), exponential_interval(delta, m)];
        assert!(all.iter().all(|it| it.is_finite() && *it > 0.0), "{all:?}");
    }
}
