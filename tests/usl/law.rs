//! The law, its inverses, and its peak.

use althing::coordination::usl::Usl;
use proptest::prelude::*;

use crate::close;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

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
