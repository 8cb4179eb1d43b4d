//! What is believed of a number that is reported with noise, and may drift: the normal update
//! (DeGroot, "Optimal Statistical Decisions", 1970, 9.5) and the scalar filter of Kalman 1960.
//!
//! **Theorem.** If the number is normal by the prior, and each report is the number plus independent
//! normal noise of known variance, then the posterior is normal, with the mean and variance that
//! [`Normal::given`] gives, and no estimate has a smaller expected square error. Without drift it is
//! the same whether the reports come one by one, in any order, or all at once. If the number takes a
//! normal step between reports, the weight of each new report tends to [`Dynamics::steady_gain`],
//! whatever the prior.
//!
//! **Conditions.** The variances are known. Reports are not chosen: of several estimates the one that
//! was best is no fair report of itself (see [`winners_curse`](crate::auction::cost_model::winners_curse)).
//!
//! **Not promised.** Robustness: an agent that reports falsely is believed.

use crate::auction::cost_model::finite::{Finite, Unusable};

/// A normal distribution.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "(Finite, Finite)", into = "(Finite, Finite)")
)]
pub struct Normal {
    mean: Finite,
    /// At least 0.
    variance: Finite,
}

impl Normal {
    /// With this mean and this variance, which is the square of the standard deviation; 0 if the number
    /// is known.
    ///
    /// # Errors
    /// [`Unusable::Negative`] for a variance below 0.
    pub fn new(mean: Finite, variance: Finite) -> Result<Self, Unusable> {
        Ok(Self { mean, variance: variance.at_least_zero()? })
    }

    /// What is to be expected.
    pub const fn mean(&self) -> Finite {
        self.mean
    }

    /// The expected square error of that.
    pub const fn variance(&self) -> Finite {
        self.variance
    }

    /// The belief after a report of the number with a noise of this variance. O(1).
    ///
    /// # Errors
    /// [`Unusable::NotPositive`] for a noise that is not above 0; [`Unusable::NotFinite`] if the result
    /// is beyond what numbers hold.
    pub fn given(&self, report: Finite, noise: Finite) -> Result<Self, Unusable> {
        let (prior, noise) = (self.variance.get(), noise.above_zero()?.get());
        let gain = prior / Finite::new(prior + noise)?.get();
        let mean = self.mean.get() + gain * (report.get() - self.mean.get());
        // Not by the greater of the two, of which the ratio may be 0.
        let variance = if prior < noise { prior * (noise / (prior + noise)) } else { gain * noise };
        Self::new(Finite::new(mean)?, Finite::new(variance)?)
    }

    /// The belief after the number took a step of this variance. O(1).
    ///
    /// # Errors
    /// [`Unusable::Negative`] for a variance below 0; [`Unusable::NotFinite`] if the result is beyond
    /// what numbers hold.
    pub fn drifted(&self, variance: Finite) -> Result<Self, Unusable> {
        let sum = self.variance.get() + variance.at_least_zero()?.get();
        Self::new(self.mean, Finite::new(sum)?)
    }
}

/// How a number moves, and how badly it is seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "(Finite, Finite)", into = "(Finite, Finite)")
)]
pub struct Dynamics {
    /// At least 0.
    drift: Finite,
    /// Above 0.
    noise: Finite,
}

impl Dynamics {
    /// A number that takes a step of variance `drift` before each report, whose noise has variance
    /// `noise`.
    ///
    /// # Errors
    /// [`Unusable::Negative`] for a drift below 0, [`Unusable::NotPositive`] for a noise that is not
    /// above 0.
    pub fn new(drift: Finite, noise: Finite) -> Result<Self, Unusable> {
        Ok(Self { drift: drift.at_least_zero()?, noise: noise.above_zero()? })
    }

    /// The belief after one more report. O(1).
    ///
    /// # Errors
    /// [`Unusable::NotFinite`] if the result is beyond what numbers hold.
    pub fn observe(&self, belief: Normal, report: Finite) -> Result<Normal, Unusable> {
        belief.drifted(self.drift)?.given(report, self.noise)
    }

    /// The weight that a report has after many: `(q / 2) (sqrt(1 + 4 / q) - 1)`, where `q` is the drift
    /// in units of the noise. 0 without drift, 1 if reports are all that counts.
    pub fn steady_gain(&self) -> f64 {
        // The same without a difference of numbers that are nearly equal.
        2.0 / (1.0 + libm::sqrt(1.0 + 4.0 * (self.noise.get() / self.drift.get())))
    }
}

impl TryFrom<(Finite, Finite)> for Normal {
    type Error = Unusable;

    fn try_from((mean, variance): (Finite, Finite)) -> Result<Self, Unusable> {
        Self::new(mean, variance)
    }
}

impl From<Normal> for (Finite, Finite) {
    fn from(it: Normal) -> Self {
        (it.mean, it.variance)
    }
}

impl TryFrom<(Finite, Finite)> for Dynamics {
    type Error = Unusable;

    fn try_from((drift, noise): (Finite, Finite)) -> Result<Self, Unusable> {
        Self::new(drift, noise)
    }
}

impl From<Dynamics> for (Finite, Finite) {
    fn from(it: Dynamics) -> Self {
        (it.drift, it.noise)
    }
}
