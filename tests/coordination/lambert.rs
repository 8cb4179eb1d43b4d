use althing::coordination::lambert::*;
use proptest::prelude::*;

use crate::support::*;

const INV_E: f64 = 0.367_879_441_171_442_33;

/// How far `w e^w` is from `x`, in the last digits that `w` has: a last digit of `w` is `|1 + w|` of `x`.
fn off(w: f64, x: f64) -> f64 {
    (w * w.exp() / x - 1.0).abs() / f64::EPSILON / (1.0 + w.abs())
}

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn the_principal_branch_is_an_inverse(log in -40.0..700.0_f64, x in -INV_E..0.0) {
        for x in [log.exp(), x] {
            let w = w0(x).expect("in its domain");
            prop_assert!(w >= -1.0 && off(w, x) <= 3.0, "W({x}) = {w} is off by {}", off(w, x));
        }
    }

    #[test]
    fn the_other_branch_is_an_inverse(x in -INV_E..0.0, log in -708.0..-1.1_f64) {
        for x in [x, -log.exp()] {
            let w = wm1(x).expect("in its domain");
            prop_assert!(w <= -1.0 && off(w, x) <= 3.0, "W({x}) = {w} is off by {}", off(w, x));
        }
    }

    /// Corless et al. 1996, 4.22: `-1 + p - p^2/3 + 11/72 p^3 - 43/540 p^4 + ..`, p = sqrt(2(1 + e x)).
    #[test]
    fn near_the_branch_point_both_follow_another_series(p in 1e-4..0.02_f64) {
        let series = |p: f64| -1.0 + p - p * p / 3.0 + 11.0 / 72.0 * p.powi(3) - 43.0 / 540.0 * p.powi(4)
            + 769.0 / 17_280.0 * p.powi(5);
        let x = (p * p / 2.0 - 1.0) / std::f64::consts::E;
        // The rounding of x moves w by up to its part over p.
        let allowed = 2e-16 / p + p.powi(6);
        prop_assert!((w0(x).expect("in its domain") - series(p)).abs() <= allowed);
        prop_assert!((wm1(x).expect("in its domain") - series(-p)).abs() <= allowed);
    }

    #[test]
    fn both_intervals_solve_their_equations(log in -60.0..5.5_f64) {
        let d = log.exp();
        let (u, t) = (one_plus_w0(d), exponential_excess(d));
        prop_assert!(u > 0.0 && u <= 1.0 && t > 0.0);
        // Within two parts of themselves in 1e13, these turn from less than d to more.
        let (less, more) = (1.0 - 2e-13, 1.0 + 2e-13);
        prop_assert!(excess(t * less) < d && d < excess(t * more), "{t} of {d}");
        prop_assert!(u > 0.999 || deficit(u * less) < d && d < deficit(u * more), "{u} of {d}");
    }
}

/// `e^t - 1 - t`, by its series where that cancels.
fn excess(t: f64) -> f64 {
    if t > 1.0 {
        return t.exp_m1() - t;
    }
    (3..=20).rev().fold(1.0, |inner, i| 1.0 + t / f64::from(i) * inner) * t * t / 2.0
}

/// `-ln(1-u) - u`, by its series where that cancels.
fn deficit(u: f64) -> f64 {
    if u > 0.2 {
        return -(-u).ln_1p() - u;
    }
    (2..=30).rev().fold(0.0, |sum, i| sum * u + 1.0 / f64::from(i)) * u * u
}

#[test]
fn the_branches_end_where_they_should() {
    assert_eq!((w0(-INV_E), wm1(-INV_E)), (Some(-1.0), Some(-1.0)));
    let below = -INV_E - f64::EPSILON / 4.0;
    for none in [below, -1.0, f64::NEG_INFINITY, f64::INFINITY, f64::NAN] {
        assert_eq!((w0(none), wm1(none)), (None, None), "{none}");
    }
    assert_eq!((w0(0.0), wm1(0.0), wm1(0.1)), (Some(0.0), None, None));
    assert_eq!((wm1(-f64::MIN_POSITIVE / 2.0), wm1(-5e-324)), (None, None), "they have lost their digits");
    assert!(w0(f64::MAX).is_some_and(|w| near(w, 703.227_033_104_770_2, 1e-14)));
    assert!(wm1(-f64::MIN_POSITIVE).is_some_and(|w| near(w, -714.968_657_237_966_5, 1e-14)));
    for small in [5e-324, 1e-300, -1e-300, -1e-20] {
        assert_eq!(w0(small), Some(small));
    }
    assert_eq!((one_plus_w0(0.0), exponential_excess(0.0)), (0.0, 0.0));
    assert_eq!((one_plus_w0(-1.0), exponential_excess(-1.0)), (0.0, 0.0));
    assert_eq!((one_plus_w0(f64::NAN), exponential_excess(f64::NAN)), (0.0, 0.0));
    assert_eq!(one_plus_w0(f64::INFINITY), 1.0);
    assert_near(exponential_excess(f64::INFINITY), 709.782_712_893_384, 1e-14);
}

/// From mpmath, with forty digits, at these doubles.
#[test]
fn the_branches_are_what_others_compute() {
    for (x, principal, other) in [
        (-0.36, -0.806_084_315_970_817_6, -1.222_770_133_978_506_2),
        (-0.367_879_4, -0.999_526_966_607_700_5, -1.000_473_182_613_085_4),
        (-0.35, -0.716_638_816_456_073_7, -1.349_717_252_192_249),
        (-0.3517, -0.729_282_137_375_807_1, -1.330_626_996_859_856_3),
        (-0.2, -0.259_171_101_819_073_76, -2.542_641_357_773_526_5),
        (-0.05, -0.052_705_983_551_546_35, -4.499_755_288_523_487),
        (-1e-5, -1.000_010_000_150_002_7e-5, -14.163_600_815_810_183),
    ] {
        assert_near(w0(x).expect("in its domain"), principal, 2e-15);
        assert_near(wm1(x).expect("in its domain"), other, 1e-15);
    }
    for (x, principal) in [
        (1e-30, 1e-30),
        (0.1, 0.091_276_527_160_862_26),
        (1.0, 0.567_143_290_409_783_9),
        (2.5, 0.958_586_356_728_702_9),
        (10.0, 1.745_528_002_740_699_4),
        (1e3, 5.249_602_852_401_596),
        (1e10, 20.028_685_413_304_95),
        (1e300, 684.247_208_629_760_8),
    ] {
        assert_near(w0(x).expect("in its domain"), principal, 1e-15);
    }
}

#[test]
fn the_intervals_are_what_others_compute() {
    for (d, t, u) in [
        (1e-30, 1.414_213_562_373_094_7e-15, 1.414_213_562_373_094_4e-15),
        (1e-6, 0.001_413_880_307_592_368_3, 0.001_413_546_974_288_664_6),
        (0.01, 0.138_165_122_379_394_74, 0.134_834_751_066_834_7),
        (0.044, 0.282_678_297_701_455_99, 0.268_068_913_286_088_3),
    ] {
        assert_near(exponential_excess(d), t, 4e-16);
        assert_near(one_plus_w0(d), u, 4e-16);
    }
    for (d, t, u) in [
        (0.1, 0.416_221_161_425_022_14, 0.383_183_168_208_294_84),
        (1.0, 1.146_193_220_620_582_6, 0.841_405_660_436_960_6),
        (10.0, 2.610_868_638_149_876, 0.999_983_298_020_255_9),
        (499.0, 6.226_985_155_967_035, 1.0),
        (501.0, 6.230_935_942_592_163, 1.0),
        (1e10, 23.025_850_932_343_04, 1.0),
        (1e200, 460.517_018_598_809_1, 1.0),
    ] {
        // Of d = 499, nearly all digits of W-1 are those of d.
        assert_near(exponential_excess(d), t, if d == 499.0 { 5e-14 } else { 5e-15 });
        assert_near(one_plus_w0(d), u, 5e-15);
    }
}

/// The switch between the series and the branches: both sides are right, and no step is to be seen.
#[test]
fn the_series_ends_where_the_branches_take_over() {
    let switch = SERIES_UP_TO * SERIES_UP_TO / 2.0;
    let (below, above) = (switch * (1.0 - 1e-6), switch * (1.0 + 1e-6));
    for function in [exponential_excess, one_plus_w0] {
        let (left, right) = (function(below), function(above));
        assert!(right > left && near(left, right, 2e-6));
    }
    assert_near(exponential_excess(0.044_999_9), 0.285_720_297_717_780_84, 4e-16);
    assert_near(exponential_excess(0.045_000_1), 0.285_720_902_457_854_32, 1e-14);
    assert_near(one_plus_w0(0.044_999_9), 0.270_780_244_430_087_25, 4e-16);
    assert_near(one_plus_w0(0.045_000_1), 0.270_780_783_035_673_16, 1e-14);
    // Without the series the sums have lost eight digits there.
    let d = 1e-8_f64;
    let lost = -1.0 - d - wm1(-(-1.0 - d).exp()).expect("in its domain");
    assert!(!near(lost, exponential_excess(d), 1e-10) && near(lost, exponential_excess(d), 1e-4));
}
