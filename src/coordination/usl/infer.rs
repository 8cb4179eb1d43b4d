//! What a fit says beyond its coefficients, and how certain it is.

use statrs::distribution::{ContinuousCDF, FisherSnedecor, StudentsT};

use crate::coordination::numbers::Agents;
use crate::coordination::usl::solve::{self, Kappa, Solution};
use crate::coordination::usl::{Fit, FitError, Interval};

/// How often an interval may miss.
const MISS: f64 = 0.05;

/// What is expected of `k` agents.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Band {
    /// The throughput of the law.
    pub throughput: f64,
    /// Where the law is, at 95%: no less than 0.
    pub confidence: Interval,
    /// Where one more measurement will be, at 95%: no less than 0.
    pub prediction: Interval,
}

/// Whether coherency is needed: the law of Amdahl, `kappa = 0`, is within that of Gunther.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Choice {
    /// USL if `p < 0.05`.
    pub model: Model,
    /// By how much the sum of squares is less with coherency, over the variance that is left: an F
    /// with 1 and `n - p` degrees of freedom. `None` if nothing is left, so that it has no limit.
    pub f: Option<f64>,
    /// How likely so large an F is without coherency, at most: it can be half as likely only, as
    /// `kappa` cannot be less than zero.
    pub p: f64,
    /// The sum of squares without coherency.
    pub amdahl_ssr: f64,
    /// Akaike's criterion without coherency: of two the model with the lower one is to be preferred.
    pub amdahl_aicc: Option<f64>,
}

/// A law of how agents scale.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum Model {
    /// Contention only: no peak.
    Amdahl,
    /// Contention and coherency.
    Usl,
}

/// Where the peak is, at 95%.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PeakInterval {
    /// With so many agents at least: 1 or more.
    pub low: f64,
    /// With so many at most. `None` if the measurements do not tell whether there is a peak.
    pub high: Option<f64>,
}

impl Fit {
    /// What is expected of `k` agents: the law, where it may be, and where a measurement may be, with
    /// the covariance of the coefficients that are at no bound (the delta method).
    pub fn predict(&self, k: Agents) -> Band {
        let (throughput, of_one, k) = (self.usl.throughput(k), self.usl.speedup.speedup(k), k.get());
        let slope = -throughput * of_one / k;
        let gradient = [of_one, slope * (k - 1.0), slope * k * (k - 1.0)];
        let along = |row: &[f64; 3]| row.iter().zip(gradient).map(|(entry, it)| entry * it).sum::<f64>();
        let variance: f64 = self.covariance.iter().zip(gradient).map(|(row, it)| along(row) * it).sum();
        let left = self.ssr / self.degrees_of_freedom as f64;
        let around = |variance: f64| {
            // What cannot be counted is no number either.
            let counted = variance.is_finite();
            let half = if counted { self.quantile * libm::sqrt(variance.max(0.0)) } else { f64::MAX };
            Interval { low: (throughput - half).max(0.0), high: (throughput + half).min(f64::MAX) }
        };
        Band { throughput, confidence: around(variance), prediction: around(variance + left) }
    }

    /// Where the peak is: all numbers of agents with which a law that peaks there fits the measurements
    /// about as well as the best law (the profile likelihood: Bates and Watts, "Nonlinear regression
    /// analysis and its applications", 1988, section 6.1). `None` if the best law has no peak. It takes
    /// about a hundred fits of two coefficients.
    ///
    /// # Errors
    /// [`FitError::NoConvergence`], if one of these fits does not converge.
    pub fn peak_interval(&self) -> Result<Option<PeakInterval>, FitError> {
        let Some(peak) = self.usl.peak() else { return Ok(None) };
        let limit = self.ssr * (1.0 + self.quantile * self.quantile / self.degrees_of_freedom as f64);
        let fits = |k: f64| Ok(solve::usl(&self.points, Kappa::Peak(k))?.ssr <= limit);
        let low = if fits(1.0)? { 1.0 } else { last_that_fits(peak.k, 0.5, &fits)? };
        let endless = self.choice.amdahl_ssr <= limit;
        let high = if endless { None } else { Some(last_that_fits(peak.k, 2.0, &fits)?) };
        Ok(Some(PeakInterval { low, high }))
    }
}

/// From what fits, in steps of this factor, until it does not; and then by halves.
fn last_that_fits(
    from: f64,
    factor: f64,
    fits: &dyn Fn(f64) -> Result<bool, FitError>,
) -> Result<f64, FitError> {
    let next = |k: f64| (k * factor).max(1.0);
    let (mut inside, mut outside) = (from, next(from));
    while fits(outside)? {
        (inside, outside) = (outside, next(outside));
    }
    for _ in 0..40 {
        let middle = libm::sqrt(inside) * libm::sqrt(outside);
        *(if fits(middle)? { &mut inside } else { &mut outside }) = middle;
    }
    Ok(inside)
}

/// Half the width of a two-sided interval, in standard errors.
pub(super) fn quantile(degrees_of_freedom: usize) -> Option<f64> {
    let t = StudentsT::new(0.0, 1.0, degrees_of_freedom as f64).ok()?;
    Some(t.inverse_cdf(1.0 - MISS / 2.0)).filter(|quantile| quantile.is_finite())
}

pub(super) fn choose(rows: usize, full: &Solution, amdahl: &Solution) -> Choice {
    let (degrees_of_freedom, gain) = ((rows - full.free_count()) as f64, amdahl.ssr - full.ssr);
    let f = (gain.max(0.0) / (full.ssr / degrees_of_freedom)).min(f64::MAX);
    let f = if gain > 0.0 { Some(f).filter(|_| full.ssr > 0.0) } else { Some(0.0) };
    let tail = |f| Some(FisherSnedecor::new(1.0, degrees_of_freedom).ok()?.sf(f));
    let p = f.map_or(Some(0.0), tail).unwrap_or(1.0);
    let model = if p < MISS { Model::Usl } else { Model::Amdahl };
    let amdahl_aicc = aicc(rows, amdahl.free_count(), amdahl.ssr);
    Choice { model, f, p, amdahl_ssr: amdahl.ssr, amdahl_aicc }
}

/// With the variance as one more coefficient.
pub(super) fn aicc(rows: usize, coefficients: usize, ssr: f64) -> Option<f64> {
    let (n, parameters) = (rows as f64, (coefficients + 1) as f64);
    let spare = n - parameters - 1.0;
    if spare <= 0.0 || ssr <= 0.0 {
        return None;
    }
    Some(n * libm::log(ssr / n) + 2.0 * parameters + 2.0 * parameters * (parameters + 1.0) / spare)
}

pub(super) fn r_squared(points: &[(f64, f64)], ssr: f64) -> Option<f64> {
    let mean = points.iter().map(|(_, throughput)| throughput / points.len() as f64).sum::<f64>();
    let from_mean = points.iter().map(|(_, throughput)| throughput - mean);
    let total: f64 = from_mean.map(|it| it * it).sum();
    Some(1.0 - ssr / total).filter(|_| total > 0.0 && total.is_finite())
}
