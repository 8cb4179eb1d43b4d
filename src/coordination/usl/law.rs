//! The law of throughput, and what follows from it with Little's law (Little, "A proof for the queuing
//! formula L = lambda W", 1961): `k` agents at throughput `X` take `R = k / X` for each thing.

use crate::coordination::laws::Usl;
use crate::coordination::numbers::{Agents, Positive};

/// `X(k) = lambda S(k)`: the throughput of one agent times the speed-up of `k`.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ThroughputLaw {
    /// The throughput of one agent, in things a unit of time.
    pub lambda: Positive,
    /// The speed-up `S(k)`.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub speedup: Usl,
}

/// Where throughput is highest.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Peak {
    /// With so many agents, a real number of at least 1.
    pub k: f64,
    /// What it is.
    pub throughput: f64,
}

impl ThroughputLaw {
    /// What `k` agents do in a unit of time.
    pub fn throughput(&self, k: Agents) -> f64 {
        self.lambda.get() * self.speedup.speedup(k)
    }

    /// How long one thing takes when `k` agents are at work: `k / X(k)`, by Little's law.
    pub fn latency(&self, k: Agents) -> f64 {
        k.get() / self.throughput(k)
    }

    /// How many agents there are if one thing takes so long: the inverse of [`latency`](Self::latency), a
    /// real number of at least 1. `None` if it never takes that with any number of agents, or with each.
    pub fn agents_at_latency(&self, latency: Positive) -> Option<f64> {
        let (sigma, kappa) = (self.speedup.sigma.get(), self.speedup.kappa.get());
        let stretch = self.lambda.get() * latency.get();
        if stretch < 1.0 {
            return None;
        }
        // kappa k^2 + linear k = constant, for the root that is not negative.
        let (linear, constant) = (sigma - kappa, stretch - 1.0 + sigma);
        let root = libm::sqrt(linear * linear + 4.0 * kappa * constant);
        let k = if linear > 0.0 {
            2.0 * constant / (linear + root)
        } else {
            // There is no cancellation.
            (root - linear) / (2.0 * kappa)
        };
        Some(k).filter(|k| k.is_finite()).map(|k| k.max(1.0))
    }

    /// The throughput when one thing takes so long: `k / R`, by Little's law.
    pub fn throughput_at_latency(&self, latency: Positive) -> Option<f64> {
        self.agents_at_latency(latency).map(|k| k / latency.get())
    }

    /// How few agents reach this throughput: the inverse of [`throughput`](Self::throughput) from 1 to
    /// the [`peak`](Self::peak). `None` if it is less than that of one, or more than that of any.
    pub fn agents_at_throughput(&self, throughput: Positive) -> Option<f64> {
        let (sigma, kappa) = (self.speedup.sigma.get(), self.speedup.kappa.get());
        let speed_up = throughput.get() / self.lambda.get();
        if speed_up <= 1.0 {
            return (speed_up == 1.0).then_some(1.0);
        }
        if self.peak().is_some_and(|peak| throughput.get() > peak.throughput) {
            return None;
        }
        // kappa k^2 - linear k + (1 - sigma) = 0, for the smaller root. At the peak both are one, and
        // the square is zero, but for what was rounded off.
        let (linear, constant) = (1.0 / speed_up - sigma + kappa, 1.0 - sigma);
        let square = linear * linear - 4.0 * kappa * constant;
        let k = 2.0 * constant / (linear + libm::sqrt(square.max(0.0)));
        // Without coherency the limit may be less than that.
        Some(k).filter(|k| k.is_finite()).map(|k| k.max(1.0))
    }

    /// Where throughput is highest: at `sqrt((1 - sigma) / kappa)` agents, or with one, if that is
    /// less. `None` if there is no coherency, so that more agents never do less.
    pub fn peak(&self) -> Option<Peak> {
        let peak = self.speedup.peak()?;
        Some(Peak { k: peak.agents, throughput: self.lambda.get() * peak.speedup })
    }

    /// What throughput comes near to with ever more agents, if there is no peak: `lambda / sigma`.
    /// `None` if there is a peak, or no limit.
    pub fn limit(&self) -> Option<f64> {
        let limit = self.speedup.limit().filter(|limit| *limit > 0.0)?;
        Some(self.lambda.get() * limit)
    }
}
