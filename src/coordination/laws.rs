//! The laws of speed-up: what more agents can do at best, and what a schedule takes at most.
//!
//! A speed-up has no unit: it is the time of one agent over that of `k`. Every function is total on
//! its arguments, and O(1) unless it says otherwise.

use crate::coordination::numbers::{Agents, Count, Fraction, NonNegative, OutOfDomain, Positive};

/// Amdahl 1967: the speed-up of `k` agents of work of which the fraction `p` can be shared out,
/// `1/((1-p) + p/k)`. It lies between 1 and `min(k, 1/(1-p))`, and increases in `k` and `p`.
pub fn amdahl(p: Fraction, k: Agents) -> f64 {
    1.0 / ((1.0 - p.get()) + p.get() / k.get())
}

/// Amdahl 1967: what the speed-up tends to, `1/(1-p)`. `None` if nothing is serial: then there is no
/// limit.
pub fn amdahl_limit(p: Fraction) -> Option<f64> {
    (p.get() < 1.0).then(|| 1.0 / (1.0 - p.get()))
}

/// Amdahl 1967: the number of agents, a real number that may be less than 1, at which half of the limit
/// is reached, `p/(1-p)`. `None` if there is no limit.
pub fn amdahl_half(p: Fraction) -> Option<f64> {
    (p.get() < 1.0).then(|| p.get() / (1.0 - p.get()))
}

/// Gustafson 1988: the speed-up of `k` agents whose work grows with their number, `k - s(k-1)`. The
/// fraction `s` is serial as measured on the `k` agents.
pub fn gustafson(s: Fraction, k: Agents) -> f64 {
    k.get() - s.get() * (k.get() - 1.0)
}

/// The serial fraction of the same work as one agent would measure it, `s/(s + (1-s)k)`: with it Amdahl
/// says of `k` agents what [`gustafson`] says (Shi, "Reevaluating Amdahl's law and Gustafson's law", 1996).
/// From 0 to 1, without unit.
pub fn serial_on_one(s: Fraction, k: Agents) -> f64 {
    s.get() / (s.get() + (1.0 - s.get()) * k.get())
}

/// Karp and Flatt 1990: the serial fraction that a measured speed-up tells of,
/// `(1/S - 1/k)/(1 - 1/k)`. Of Amdahl's law it is `1-p` whatever `k` is; of the universal law it is
/// `sigma + kappa k`. It is negative where the speed-up is more than `k`.
///
/// # Errors
/// [`OutOfDomain`] if `k` is 1: one agent tells nothing.
pub fn karp_flatt(speedup: Positive, k: Agents) -> Result<f64, OutOfDomain> {
    if k.get() == 1.0 {
        let domain = "more than 1 to tell a serial fraction";
        return Err(OutOfDomain { what: "the number of agents", value: 1.0, domain });
    }
    Ok((1.0 / speedup.get() - 1.0 / k.get()) / (1.0 - 1.0 / k.get()))
}

/// Gunther's universal scalability law (Gunther, "Guerrilla Capacity Planning", 2007): contention as in
/// Amdahl's law, and besides it a cost of every pair that must agree.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Usl {
    /// Contention, sigma: Amdahl's serial fraction.
    pub sigma: Fraction,
    /// Coherency, kappa: what a pair of agents costs, as a part of the work.
    pub kappa: NonNegative,
}

/// Where a speed-up is greatest.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Peak {
    /// The number of agents, a real number of at least 1.
    pub agents: f64,
    /// The speed-up there.
    pub speedup: f64,
}

impl Usl {
    /// `k/(1 + sigma(k-1) + kappa k(k-1))`. It rises to its peak and falls from there, but is not concave.
    /// Without kappa it is Amdahl's law with `p = 1 - sigma`.
    pub fn speedup(&self, k: Agents) -> f64 {
        let (sigma, kappa, k) = (self.sigma.get(), self.kappa.get(), k.get());
        k / (1.0 + sigma * (k - 1.0) + kappa * k * (k - 1.0))
    }

    /// The speed-up over the agents that it takes: 1 where they lose nothing.
    pub fn efficiency(&self, k: Agents) -> f64 {
        self.speedup(k) / k.get()
    }

    /// At `k* = sqrt((1-sigma)/kappa)` the speed-up is `1/(sigma - kappa + 2 sqrt(kappa(1-sigma)))`;
    /// `S(k) = S(k*^2/k)`. If `k*` is less than 1, one agent is best. `None` if kappa is 0: then there
    /// is no peak.
    pub fn peak(&self) -> Option<Peak> {
        let (sigma, kappa) = (self.sigma.get(), self.kappa.get());
        if kappa == 0.0 {
            return None;
        }
        if kappa >= 1.0 - sigma {
            return Some(Peak { agents: 1.0, speedup: 1.0 });
        }
        let agents = libm::sqrt((1.0 - sigma) / kappa);
        let speedup = 1.0 / (sigma - kappa + 2.0 * libm::sqrt(kappa * (1.0 - sigma)));
        Some(Peak { agents, speedup })
    }

    /// What the speed-up tends to, `1/sigma`; 0 where there is a peak, for there it falls again. `None`
    /// if it has no limit: neither sigma nor kappa.
    pub fn limit(&self) -> Option<f64> {
        if self.kappa.get() > 0.0 {
            return Some(0.0);
        }
        (self.sigma.get() > 0.0).then(|| 1.0 / self.sigma.get())
    }
}

/// Work and its longest path, in one unit of time: what one agent takes, and what any number takes.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Parts"))]
pub struct Load {
    work: f64,
    span: f64,
}

/// A load before it is checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Parts {
    work: Positive,
    span: Positive,
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for Load {
    type Error = OutOfDomain;

    fn try_from(parts: Parts) -> Result<Self, OutOfDomain> {
        Self::new(parts.work, parts.span)
    }
}

impl Load {
    /// How much more than the work a span may seem to be, as a part: two sums of the same numbers in
    /// another order.
    const ROUNDING: f64 = 1e-9;

    /// Work `W` and span `L`, also called critical path. Both from 1e-60 to 1e60, in one unit.
    ///
    /// # Errors
    /// [`OutOfDomain`] if the span is more than the work, of which it is a part.
    pub fn new(work: Positive, span: Positive) -> Result<Self, OutOfDomain> {
        if span.get() > work.get() * (1.0 + Self::ROUNDING) {
            return Err(OutOfDomain { what: "the span", value: span.get(), domain: "at most the work" });
        }
        Ok(Self { work: work.get(), span: span.get().min(work.get()) })
    }

    /// `W`: what one agent takes.
    pub fn work(&self) -> f64 {
        self.work
    }

    /// `L`: what it takes whatever the number of agents is.
    pub fn span(&self) -> f64 {
        self.span
    }

    /// `W/L`, at least 1, without unit: how many agents can be kept at work, in the mean (Brent 1974).
    pub fn parallelism(&self) -> f64 {
        self.work / self.span
    }

    /// How many agents can be of use, `W/L` rounded up: more save nothing. A quotient that is whole but for
    /// its last digits is whole.
    pub fn useful(&self) -> Count {
        Count::ceil(self.parallelism() * (1.0 - 1e-12))
    }

    /// `max(L, W/k)`: no schedule of `k` agents takes less (the work and span laws; Brent 1974). As a
    /// longest task lies on some path, none takes less than that either.
    pub fn at_least(&self, k: Agents) -> f64 {
        self.span.max(self.work / k.get())
    }

    /// `(W-L)/k + L`: no greedy schedule of `k` agents takes more, if nothing is lost between tasks
    /// (Graham 1969, Brent 1974). Greedy: no agent idles while a task is ready. It is at most
    /// `(2 - 1/k) max(L, W/k)`.
    pub fn at_most(&self, k: Agents) -> f64 {
        (self.work - self.span) / k.get() + self.span
    }

    /// Cilkview's range of speed-ups on `k` processors (He, Leiserson and Leiserson, "The Cilkview
    /// Scalability Analyzer", 2010): from `W/(W/k + 1.7 (1 - 1/k) B)` to `min(k, W/L)`. The burdened span
    /// `B`, in the unit of the work, is the span with the cost of every steal on it.
    ///
    /// # Errors
    /// [`OutOfDomain`] if the burdened span is less than the span.
    pub fn burdened(&self, burdened_span: Positive, k: Agents) -> Result<SpeedupRange, OutOfDomain> {
        const STEALS: f64 = 1.7;
        let (burdened, k) = (burdened_span.get(), k.get());
        if burdened < self.span {
            let domain = "at least the span";
            return Err(OutOfDomain { what: "the burdened span", value: burdened, domain });
        }
        let slowest = self.work / k + STEALS * (1.0 - 1.0 / k) * burdened;
        Ok(SpeedupRange { lower: self.work / slowest, upper: self.parallelism().min(k) })
    }
}

/// Between which two a speed-up lies.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SpeedupRange {
    /// At least.
    pub lower: f64,
    /// At most.
    pub upper: f64,
}

/// Graham 1969: how many times the least time a list schedule takes at most, `2 - 1/k`.
pub fn greedy_ratio(k: Agents) -> f64 {
    2.0 - 1.0 / k.get()
}

/// Graham 1969: how many times the least time independent tasks take at most if the longest comes
/// first, `4/3 - 1/(3k)`.
pub fn longest_first_ratio(k: Agents) -> f64 {
    4.0 / 3.0 - 1.0 / (3.0 * k.get())
}

/// `H_k = 1 + 1/2 + .. + 1/k`: how many mean times a barrier waits in the mean for the last of `k`
/// agents whose steps take independent exponential times (Renyi 1953).
pub fn harmonic(k: Count) -> f64 {
    const EULER: f64 = 0.577_215_664_901_532_9;
    if k.get() <= SUMMED {
        // From the least, so that little is lost.
        return (1..=k.get()).rev().map(|i| 1.0 / f64::from(i)).sum();
    }
    // Euler and Maclaurin: what is left out is less than 1/(252 k^6).
    let (k, square) = (k.real(), k.real() * k.real());
    libm::log(k) + EULER + 1.0 / (2.0 * k) - 1.0 / (12.0 * square) + 1.0 / (120.0 * square * square)
}

/// Up to here [`harmonic`] is a sum; further on the error of its series is below 1e-17.
const SUMMED: u32 = 255;

/// The part of their time that `k` agents work between two such barriers, `1/H_k`, above 0 to 1: it follows
/// from [`harmonic`].
pub fn barrier_efficiency(k: Count) -> f64 {
    1.0 / harmonic(k)
}
