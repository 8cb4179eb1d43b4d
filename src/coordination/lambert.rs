//! Lambert's W: the `w` with `w e^w = x`, and the two intervals that follow from it (Corless, Gonnet,
//! Hare, Jeffrey and Knuth, "On the Lambert W function", 1996).

use core::f64::consts::E;

/// `1/e` is the first less the second.
const INV_E: (f64, f64) = (0.367_879_441_171_442_33, 1.242_875_367_278_836_3e-17);

/// Nearer than this to the branch point, both branches are taken from their common series.
///
/// The distance is the `z` with `x = -e^(-1 - z^2/2)`. There the series leaves out less than
/// `1e-9 z^14`, which is less than a double resolves. Further away a double knows `x` well enough: of
/// its last digit, `w` loses `1/z` and what is left of `1 + w` loses `1/z^2`.
pub const SERIES_UP_TO: f64 = 0.3;

/// From here `e^(-1-d)` is so small that `W-1` is no longer taken of it.
const TINY_FROM: f64 = 500.0;

/// The principal branch, for `x >= -1/e`: at least -1. `None` below, and for a NaN or infinity.
pub fn w0(x: f64) -> Option<f64> {
    if !(-INV_E.0..=f64::MAX).contains(&x) {
        return None;
    }
    let z = distance(x);
    if z < SERIES_UP_TO {
        return Some(near_branch(z) - 1.0);
    }
    // x/W(x) must be a number.
    if x == 0.0 {
        return Some(x);
    }
    Some(refined(x, libm::log1p(x)))
}

/// The other real branch, `W-1`, for `x` from `-1/e` to the last below 0 that has all its digits,
/// `-f64::MIN_POSITIVE`: at most -1. `None` elsewhere.
pub fn wm1(x: f64) -> Option<f64> {
    if !(-INV_E.0..=-f64::MIN_POSITIVE).contains(&x) {
        return None;
    }
    let z = distance(x);
    if z < SERIES_UP_TO {
        return Some(near_branch(-z) - 1.0);
    }
    Some(refined(x, -2.0))
}

/// `1 + W0(-e^(-1-d))`, from 0 to 1: the `u` with `-ln(1-u) - u = d`. It is about `sqrt(2d)` for small
/// `d`, where the sum would cancel and its series is taken. What is not a number above 0 is taken for 0.
pub fn one_plus_w0(d: f64) -> f64 {
    let d = d.max(0.0);
    let z = libm::sqrt(2.0 * d);
    if z < SERIES_UP_TO {
        return near_branch(z);
    }
    // The argument is between -1/e and 0.
    1.0 + w0(-libm::exp(-1.0 - d)).unwrap_or(0.0)
}

/// `-1 - d - W-1(-e^(-1-d))`, at least 0: the `t` with `e^t - 1 - t = d`. It is about `sqrt(2d)` for
/// small `d`, where the sum would cancel and its series is taken, and `ln d` for large. What is not a
/// number above 0 is taken for 0, and infinity for the greatest number.
pub fn exponential_excess(d: f64) -> f64 {
    let d = d.max(0.0);
    let z = libm::sqrt(2.0 * d);
    if z < SERIES_UP_TO {
        return -near_branch(-z) - d;
    }
    match wm1(-libm::exp(-1.0 - d)) {
        Some(w) if d < TINY_FROM => -1.0 - d - w,
        // Each turn leaves less than 1/d of the error.
        _ => {
            let d = d.min(f64::MAX);
            (0..8).fold(libm::log(d), |t, _| libm::log(1.0 + d + t))
        }
    }
}

/// `1 + W(-e^(-1 - z^2/2))`: of the principal branch for positive `z`, of the other for negative. The
/// coefficients follow from `y y' = z (1 - y)`.
fn near_branch(z: f64) -> f64 {
    const COEFFICIENTS: [f64; 13] = [
        1.0,
        -1.0 / 3.0,
        1.0 / 36.0,
        1.0 / 270.0,
        1.0 / 4_320.0,
        -1.0 / 17_010.0,
        -139.0 / 5_443_200.0,
        -1.0 / 204_120.0,
        -571.0 / 2_351_462_400.0,
        281.0 / 1_515_591_000.0,
        163_879.0 / 2_172_751_257_600.0,
        5_221.0 / 354_648_294_000.0,
        5_246_819.0 / 10_168_475_885_568_000.0,
    ];
    z * COEFFICIENTS.iter().rev().fold(0.0, |sum, coefficient| sum * z + coefficient)
}

/// The `z` with `x = -e^(-1 - z^2/2)`. There is none, and it is a NaN, if `x` is above 0.
fn distance(x: f64) -> f64 {
    libm::sqrt(-2.0 * libm::log1p(-above_branch(x)))
}

/// `1 + e x`, at least 0. Near the branch point the subtraction is exact.
fn above_branch(x: f64) -> f64 {
    (E * ((x + INV_E.0) - INV_E.1)).max(0.0)
}

/// Fritsch, Shafer and Crowley 1973 (CACM algorithm 443): each turn takes the error to about its fourth
/// power. With logarithms for a measure, even the starts that are farthest off, near 0 and for the
/// largest numbers, are right to the last digits after three.
fn refined(x: f64, start: f64) -> f64 {
    (0..3).fold(start, |w, _| {
        let z = libm::log(x / w) - w;
        let q = 2.0 * (1.0 + w) * (1.0 + w + 2.0 / 3.0 * z);
        w * (1.0 + z / (1.0 + w) * (q - z) / (q - 2.0 * z))
    })
}
