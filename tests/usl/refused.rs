//! Measurements that cannot be, and those that lead nowhere.

use althing::coordination::usl::{Field, FitError, fit};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::{SYNTHETIC, agents};

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
    assert_eq!(with(2, (0.5, 1.0)), "row 3: k is 0.5: it must be from 1 to 4294967295");
    assert_eq!(with(0, (f64::NAN, 1.0)), "row 1: k is NaN: it must be from 1 to 4294967295");
    assert_eq!(with(5, (f64::INFINITY, 1.0)), "row 6: k is inf: it must be from 1 to 4294967295");
    assert_eq!(with(1, (2.0, -0.1)), "row 2: throughput is -0.1: it must be 0 or from 1e-60 to 1e60");
    assert_eq!(with(1, (2.0, f64::NAN)), "row 2: throughput is NaN: it must be 0 or from 1e-60 to 1e60");
    let value = FitError::Value { row: 1, field: Field::K, value: 0.0, domain: "from 1 to 4294967295" };
    assert_eq!(fit(&[(0.0, f64::NAN)]), Err(value), "before the number of rows");
    let all = |k: fn(usize) -> f64| (0..5).map(|row| (k(row), 1.0)).collect::<Vec<_>>();
    assert_eq!(refused(&all(|_| 4.0)), "there is only one k in all rows: there must be 3 at least");
    assert!(fit(&[1.0, 2.0, 3.0, 3.0].map(|k: f64| (k, k.sqrt()))).is_ok(), "four rows of three k");
    let two = "there are only two different k in all rows: there must be 3 at least";
    assert_eq!(refused(&all(|row| (1 + row % 2) as f64)), two);
    assert_eq!(fit(&good.map(|(k, _)| (k, 0.0))), Err(FitError::NoThroughput));
}

#[test]
fn whatever_is_measured_nothing_endless_is_said() {
    let ks = [1.0, 1.5, 2.0, 3.0, 1e3, 1e6, 4_294_967_295.0];
    let xs = [0.0, 1e-60, 1e-20, 1.0, 1e9, 1e60];
    let random = &mut ChaCha8Rng::seed_from_u64(4);
    let mut fits = 0;
    for _ in 0..3_000 {
        let mut any = |of: &[f64]| of[random.next_u32() as usize % of.len()];
        let points: Vec<_> = (0..6).map(|_| (any(&ks), any(&xs))).collect();
        let Ok(fit) = fit(&points) else { continue };
        fits += 1;
        let text =
            format!("{fit:?} {:?} {:?} {:?}", fit.predict(agents(7.0)), fit.usl.peak(), fit.usl.limit());
        assert!(!text.contains("NaN") && !text.contains("inf"), "{points:?}\n{text}");
        for k in [1.0, 1e9, 4_294_967_295.0].map(agents) {
            let text = format!("{:?} {:?} {:?}", fit.usl.throughput(k), fit.usl.latency(k), fit.predict(k));
            assert!(!text.contains("NaN") && !text.contains("inf"), "{points:?}\n{text}");
        }
        let text = format!("{:?}", fit.peak_interval());
        assert!(!text.contains("NaN") && !text.contains("inf"), "{points:?}\n{text}");
    }
    assert!(fits > 30, "{fits}");
}
