//! Loops of observation and action that sync now and then (Boyd's OODA): how often?
//!
//! `k` agents act, each at the rate `mu`, on one of `R` resources, each as likely as the next. After each
//! interval `tau` they sync, which takes `delta`, and nobody acts meanwhile. An action is wasted if another
//! agent has touched its resource since the last sync: it was decided upon what is no longer so. So what
//! an agent knows of a resource is spoiled at the rate `lambda = (k-1) mu/R`.
//!
//! Source: the loop is Boyd's and the article's, section 4. The formulas are our own derivation: each
//! resource is touched by the others as a Poisson process of the rate `lambda`, so that an action at the
//! time `t` after a sync is of use with the probability `e^(-lambda t)`; that, in the mean over an
//! interval, is `1 - p`; and the goodput is greatest where its derivative is 0, which Lambert's W solves
//! (Corless et al. 1996). [`simulate`] plays the loop itself and agrees within 1% in the tests.

use alloc::collections::BTreeMap;

use crate::coordination::lambert;
use crate::coordination::numbers::{Count, Positive};
use crate::coordination::simulator::{self, Queue};

/// A loop. The rate is one over the unit of the times.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Loop {
    /// `k`.
    pub agents: Count,
    /// `mu`, at which each of them acts.
    pub rate: Positive,
    /// `R`.
    pub resources: Count,
    /// `delta`, what a sync takes.
    pub delay: Positive,
}

/// How often to sync.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BestInterval {
    /// `tau*`, a time.
    pub interval: f64,
    /// `U*`, a rate: how many actions are of use.
    pub goodput: f64,
}

impl Loop {
    /// `lambda = (k-1) mu/R`, a rate: how often others touch a resource. 0 for one agent.
    pub fn conflict_rate(&self) -> f64 {
        (self.agents.real() - 1.0) * self.rate.get() / self.resources.real()
    }

    /// `tau/2`, a time: how old what an agent knows is, in the mean.
    pub fn staleness(&self, interval: Positive) -> f64 {
        interval.get() / 2.0
    }

    /// The part of the actions that is wasted, `1 - (1 - e^(-lambda tau))/(lambda tau)`: from 0 to 1.
    pub fn conflict(&self, interval: Positive) -> f64 {
        wasted(self.conflict_rate() * interval.get())
    }

    /// The actions of use in a unit of time, `U(tau) = k mu (1 - e^(-lambda tau))/(lambda (tau + delta))`.
    pub fn goodput(&self, interval: Positive) -> f64 {
        let (lambda, tau) = (self.conflict_rate(), interval.get());
        // How long an agent acts before its resource is spoiled.
        let fresh = if lambda == 0.0 { tau } else { -libm::expm1(-lambda * tau) / lambda };
        self.agents.real() * self.rate.get() * fresh / (tau + self.delay.get())
    }

    /// The interval with the greatest goodput,
    /// `tau* = (-1 - lambda delta - W-1(-e^(-1 - lambda delta)))/lambda`, about `sqrt(2 delta/lambda)`;
    /// and `U* = k mu e^(-lambda tau*)`. `None` for one agent: it need never sync.
    ///
    /// It falls in `k` and `mu`, and rises in `R` and `delta`. For small `lambda delta` it is a series,
    /// see [`lambert::SERIES_UP_TO`].
    pub fn best_interval(&self) -> Option<BestInterval> {
        let lambda = self.conflict_rate();
        if lambda == 0.0 {
            return None;
        }
        let tau = lambert::exponential_excess(lambda * self.delay.get()) / lambda;
        let goodput = self.agents.real() * self.rate.get() * libm::exp(-lambda * tau);
        Some(BestInterval { interval: tau, goodput })
    }
}

/// Below this `lambda tau` the conflict probability is a series: the difference would lose, of the last
/// digit, `2/(lambda tau)`.
pub const CONFLICT_SERIES_UP_TO: f64 = 0.5;

/// `1 - (1 - e^(-x))/x`, which is `x/2! - x^2/3! + ..`. The series has fourteen terms: the next is below
/// `1e-16` of the sum.
fn wasted(x: f64) -> f64 {
    if x >= CONFLICT_SERIES_UP_TO {
        return 1.0 + libm::expm1(-x) / x;
    }
    // x/2 (1 - x/3 (1 - x/4 (1 - ..
    (3..=15).rev().fold(1.0, |inner, i| 1.0 - x / f64::from(i) * inner) * x / 2.0
}

/// What a simulated loop did.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Observed {
    /// Actions, wasted ones included.
    actions: u64,
    /// Actions of use: at most all.
    useful: u64,
    /// How long it ran.
    time: f64,
}

impl Observed {
    /// Actions, wasted ones included.
    pub fn actions(&self) -> u64 {
        self.actions
    }

    /// How long it ran, syncs included.
    pub fn time(&self) -> f64 {
        self.time
    }

    /// Actions of use in a unit of time.
    pub fn goodput(&self) -> f64 {
        self.useful as f64 / self.time
    }

    /// The part of the actions that was wasted; 0 of none.
    pub fn conflict(&self) -> f64 {
        (self.actions - self.useful) as f64 / self.actions.max(1) as f64
    }
}

enum Event {
    Act(u32),
    Sync,
}

/// Runs the loop through so many syncs, with random bits of the caller's. O(k + a log a) for each, if `a`
/// is the number of actions between two of them.
pub fn simulate(it: &Loop, interval: Positive, syncs: Count, mut bits: impl FnMut() -> u64) -> Observed {
    let mut seen = Observed { actions: 0, useful: 0, time: 0.0 };
    for _ in 0..syncs.get() {
        // Of each resource that was touched, by whom: `None` of several.
        let mut touched: BTreeMap<u32, Option<u32>> = BTreeMap::new();
        let mut events = Queue::default();
        events.set(interval.into(), Event::Sync);
        for agent in 0..it.agents.get() {
            events.set(simulator::exponential(it.rate, bits()), Event::Act(agent));
        }
        // Whatever is set for later than the sync does not come: an exponential time has no memory.
        while let Some(Event::Act(agent)) = events.pop() {
            let by = touched.entry(simulator::place(it.resources, bits())).or_insert(Some(agent));
            let mine = *by == Some(agent);
            if !mine {
                *by = None;
            }
            seen.actions += 1;
            seen.useful += u64::from(mine);
            events.set(simulator::exponential(it.rate, bits()), Event::Act(agent));
        }
        seen.time += interval.get() + it.delay.get();
    }
    seen
}
