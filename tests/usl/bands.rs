//! Where the law may be, beside other ways to find it.

use althing::coordination::usl::{Fit, fit};

use crate::{SPECSDM91, agents, close, coefficients, read, ssr, tails};

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
    let best = coefficients(&fit.usl);
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
    let band = fit.predict(agents(k));
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
    assert_eq!(fit.predict(agents(1.0)).prediction.low, 0.0, "64.9 and 190 more or less");
}
