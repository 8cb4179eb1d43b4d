//! The universal scalability law, fitted to measurements: what throughput `k` agents reach (Gunther,
//! "A general theory of computational scalability based on rational functions", 2008).
//!
//! | what | file |
//! |---|---|
//! | the law, its peak, and Little's law | `law` |
//! | which measurements are refused | `data` |
//! | bounded least squares | `solve` |
//! | intervals, the choice of a model, bands, the interval of the peak | `infer` |
//!
//! With `n` measurements and `p` coefficients that are not at a bound, all intervals are those of
//! Student's t with `n - p` degrees of freedom, two-sided, at 95%: of many fits of measurements with
//! independent normal errors of equal variance, 95% contain what they estimate, as nearly as the law
//! is linear within them.
//!
//! That holds where measurements tell the coefficients from their bounds. A coefficient at a bound has no
//! interval, and those of the others are as if it were known to be there, which is too sure: with
//! `kappa = 1e-4`, 8 rows up to 32 agents and errors of 3%, kappa has none in four fits of ten, and that of
//! sigma holds in 91 of 100 (`tests/usl/chance.rs`). The interval of the peak holds there, too: it may have
//! no end.

mod data;
mod infer;
mod law;
mod solve;

use alloc::vec::Vec;

use crate::coordination::laws::Usl;
use crate::coordination::numbers::OutOfDomain;
use crate::coordination::usl::solve::{Known, Solution};

pub use data::{Field, FitError};
pub use infer::{Band, Choice, Model, PeakInterval};
pub use law::{Peak, ThroughputLaw};

/// What a fit says. Throughputs are in the unit of the measurements.
#[derive(Clone, PartialEq, Debug)]
pub struct Fit {
    /// The law that fits best.
    pub usl: ThroughputLaw,
    /// Throughput of one agent.
    pub lambda: Coefficient,
    /// Contention.
    pub sigma: Coefficient,
    /// Coherency.
    pub kappa: Coefficient,
    /// For each measurement, in their order, the throughput that was measured less that of the law.
    pub residuals: Vec<f64>,
    /// The sum of their squares.
    pub ssr: f64,
    /// How many measurements there are beyond the coefficients that are not at a bound: 1 at least.
    pub degrees_of_freedom: usize,
    /// The part of the variance that the law explains; `None` if all throughputs are equal.
    pub r_squared: Option<f64>,
    /// Akaike's criterion, corrected (Hurvich and Tsai 1989); `None` if there are too few measurements
    /// for it, or they fit without any residue.
    pub aicc: Option<f64>,
    /// Whether the measurements need the third coefficient.
    pub choice: Choice,
    points: Vec<(f64, f64)>,
    covariance: [[f64; 3]; 3],
    /// Half the width of an interval, in standard errors.
    quantile: f64,
}

/// A coefficient of a fit.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Coefficient {
    /// Its value.
    pub value: f64,
    /// How certain it is, if the others that are at a bound are there in truth; `None` if it is itself at
    /// one, where it was kept.
    pub estimate: Option<Estimate>,
}

/// How certain a coefficient is.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Estimate {
    /// Its standard error.
    pub standard_error: f64,
    /// Its interval at 95%, without what is out of its bounds.
    pub interval: Interval,
}

/// From one number to another.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Fits the law to measurements `(k, throughput)`, by least squares with `lambda > 0`,
/// `0 <= sigma <= 1` and `kappa >= 0`. Where a bound is active the others are fitted again with it.
/// `k` may be any number of [`Agents`](super::Agents), and 1 need not be among them; a throughput may be
/// any [magnitude](super::NonNegative).
///
/// Levenberg and Marquardt's method within bounds, from two beginnings, and again at each of the bounds 0:
/// O(n) for each of about ten steps. That no law is better is not proved; of 100,000 sets of 4 to 20 rows with
/// errors of up to 30% a fine net of coefficients had a better one for none (`tests/usl/fits.rs`).
///
/// # Errors
/// [`FitError`] names the row, counted from 1, and the field.
pub fn fit(points: &[(f64, f64)]) -> Result<Fit, FitError> {
    data::check(points)?;
    let best = solve::usl(points, Known::Nothing)?;
    // At a bound there may be a deeper valley than the one that the search has come to.
    let other = solve::usl(points, Known::NoContention).ok();
    let best = other.filter(|other| other.ssr < best.ssr).unwrap_or(best);
    let amdahl = solve::usl(points, Known::NoCoherency)?;
    let best = if amdahl.ssr <= best.ssr { amdahl.clone() } else { best };
    let amdahl = if best.free[2] { amdahl } else { best.clone() };
    Fit::new(points, best, &amdahl)
}

impl Fit {
    fn new(points: &[(f64, f64)], full: Solution, amdahl: &Solution) -> Result<Self, FitError> {
        let degrees_of_freedom = points.len() - full.free_count();
        let quantile = infer::quantile(degrees_of_freedom).ok_or(FitError::NoConvergence)?;
        let variance = full.ssr / degrees_of_freedom as f64;
        let covariance = full.covariance.map(|row| row.map(|entry| entry * variance));
        let coefficient = |place: usize, low: f64, high: f64| {
            let (value, standard_error) = (full.values[place], covariance[place][place].sqrt());
            let half = quantile * standard_error;
            let interval = Interval { low: (value - half).max(low), high: (value + half).min(high) };
            Coefficient { value, estimate: full.free[place].then_some(Estimate { standard_error, interval }) }
        };
        let fit = Self {
            usl: law(full.values).map_err(|_| FitError::NoConvergence)?,
            lambda: coefficient(0, 0.0, f64::MAX),
            sigma: coefficient(1, 0.0, 1.0),
            kappa: coefficient(2, 0.0, f64::MAX),
            ssr: full.ssr,
            degrees_of_freedom,
            r_squared: infer::r_squared(points, full.ssr),
            aicc: infer::aicc(points.len(), full.free_count(), full.ssr),
            choice: infer::choose(points.len(), &full, amdahl),
            residuals: full.residuals,
            points: points.to_vec(),
            covariance,
            quantile,
        };
        let known = |it: &Coefficient| it.estimate.is_none_or(|it| it.standard_error.is_finite());
        let all_known = [fit.lambda, fit.sigma, fit.kappa].iter().all(known);
        if all_known { Ok(fit) } else { Err(FitError::NoConvergence) }
    }
}

fn law([lambda, sigma, kappa]: [f64; 3]) -> Result<ThroughputLaw, OutOfDomain> {
    let speedup = Usl { sigma: sigma.try_into()?, kappa: kappa.try_into()? };
    Ok(ThroughputLaw { lambda: lambda.try_into()?, speedup })
}
