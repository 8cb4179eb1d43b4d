//! Serial, parallel, hybrid: three regions of one surface of cost.
//!
//! `n` tasks are worked through by `k` agents who sync after every `b` tasks:
//!
//! ```text
//! T(k, b) = max(L, W/k) + (n/b) c g(k) + n q(k) (b - 1)/2
//! ```
//!
//! The last term is what a task costs that was done while others were not in sync: rework, or the staleness
//! of what it was told. It is `q(k)` for each task that the task's batch has before it. Without it a larger
//! batch would always be better, and there would be no hybrid regime but one sync at the end. A lone agent
//! pays for neither.
//!
//! What a sync costs is time of the whole team: nobody works meanwhile, and the rework, one task after the
//! other, is a part of it. So neither term is divided by `k`. If each agent could do its own rework beside
//! the others', up to `k` times less of it would be seen; if tasks ran on during a sync, a part of the sync
//! would be hidden behind them. Then `T` may be more than a run takes.
//!
//! `max(L, W/k)` is a lower bound of any schedule, and so `T` is one of what a team takes, not the time
//! itself. A [simulated run](super::simulator::run) with tasks that are [held](super::simulator::Running::Held)
//! has `ceil(n/b)` syncs, where `T` has `n/b`, a real number: the last batch may be of only `m = n mod b`
//! tasks. With `O(k, b)`, the last two terms,
//!
//! ```text
//! max(L, W/k) + P <= run <= (W - L)/k + L + P,  P = ((n - m) O(k, b) + m O(k, m))/n
//! ```
//!
//! - If `b` divides `n`, `P` is `O(k, b)`, so that `T(k, b) <= run`.
//! - `P` is a mean of points of the surface, so no run of any batch takes less than the best point; and if
//!   `k*` is the best number of agents and `m = n mod b*` is not 0, a run at that point takes at most
//!   `(1 - 1/k*) L + (1 - m/b*) c g(k*)` more than `T(k*, b*)`.
//! - For equal tasks without order, if `k` divides `n`, a run takes `max(L, W/k) + P`: if `b` does, too,
//!   `T(k, b)` to the last digits.
//!
//! Source: Graham 1969 for the two bounds, the economic order quantity (Harris 1913) for the batch. The rest
//! is a derivation of ours, and is held against the simulator in the tests.

use crate::coordination::laws::Load;
use crate::coordination::numbers::{Count, OutOfDomain, Positive};
use crate::coordination::sync_cost::SyncCost;

/// How a team works.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Regime {
    /// One agent.
    Serial,
    /// Several, in sync after each task.
    Parallel,
    /// Several, in sync after each batch of tasks.
    Hybrid,
}

/// A load that is divided into tasks.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Parts"))]
pub struct Job {
    load: Load,
    tasks: Count,
}

/// A job before it is checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Parts {
    load: Load,
    tasks: Count,
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for Job {
    type Error = OutOfDomain;

    fn try_from(parts: Parts) -> Result<Self, OutOfDomain> {
        Self::new(parts.load, parts.tasks)
    }
}

impl Job {
    /// `n` tasks that make up the load.
    ///
    /// # Errors
    /// [`OutOfDomain`] if the span is less than the mean task, `W/n`: some task is at least that long.
    pub fn new(load: Load, tasks: Count) -> Result<Self, OutOfDomain> {
        // The same sums in another order may differ in their last digits.
        if load.span() * tasks.real() < load.work() * (1.0 - 1e-9) {
            let domain = "at least the mean time of a task";
            return Err(OutOfDomain { what: "the span", value: load.span(), domain });
        }
        Ok(Self { load, tasks })
    }

    /// Its work and span.
    pub fn load(&self) -> &Load {
        &self.load
    }

    /// `n`.
    pub fn tasks(&self) -> Count {
        self.tasks
    }
}

/// The surface `T(k, b)`.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Surface {
    /// `W`, `L` and `n`.
    pub job: Job,
    /// `c g(k)`, what a sync costs.
    pub sync: SyncCost,
    /// `q(k)`, what it costs a task that one more of its batch was done before it.
    pub staleness: SyncCost,
    /// The largest batch. One of more tasks than there are is one of all of them.
    pub batch_limit: Count,
}

/// A place on the surface.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Point {
    /// `k`.
    pub agents: Count,
    /// `b`; 1 if there is but one agent.
    pub batch: Count,
    /// `T(k, b)`.
    pub time: f64,
    /// What of it is neither work nor span.
    pub overhead: f64,
}

/// The best of each regime that there is.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Regimes {
    /// Of one agent.
    pub serial: Point,
    /// Of two or more, if there may be, each task in sync.
    pub parallel: Option<Point>,
    /// Of two or more, if there may be, in batches of two or more, if there may be.
    pub hybrid: Option<Point>,
}

impl Regimes {
    /// The fastest. Of equally fast regimes the one with the fewest agents, then the smaller batch.
    pub fn best(&self) -> (Regime, Point) {
        let others = [(Regime::Parallel, self.parallel), (Regime::Hybrid, self.hybrid)];
        let others = others.into_iter().filter_map(|(regime, point)| Some((regime, point?)));
        others.fold(
            (Regime::Serial, self.serial),
            |best, next| if next.1.time < best.1.time { next } else { best },
        )
    }
}

/// The prices of a sync at which another regime of `k` agents becomes the best.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Crossovers {
    /// Above this price batches are better than to sync after each task: `c g = q`. It says nothing if the
    /// largest batch is 1: then there are no batches at any price.
    pub hybrid_above: f64,
    /// Above this price the team, whatever its batches, is slower than one agent.
    pub serial_above: f64,
}

impl Surface {
    /// `T(k, b)`, with its overhead: times, in the unit of the load. `b` is at most the limit, and at
    /// most `n`.
    pub fn at(&self, k: Count, b: Count) -> Point {
        let batch = if k == Count::ONE { Count::ONE } else { b.min(self.largest_batch()) };
        let (n, b) = (self.job.tasks.real(), batch.real());
        let overhead = n / b * self.sync.at(k) + n * self.staleness.at(k) * (b - 1.0) / 2.0;
        Point { agents: k, batch, time: self.job.load.at_least(k.into()) + overhead, overhead }
    }

    /// The batch at which `k` agents take least, a real number of tasks and at least 1: `b* = sqrt(2 c g/q)`,
    /// the economic order quantity (Harris 1913). `None` if staleness costs nothing: then no batch is too large.
    pub fn real_batch(&self, k: Count) -> Option<f64> {
        let (sync, staleness) = (self.sync.at(k), self.staleness.at(k));
        (staleness > 0.0).then(|| (libm::sqrt(2.0 * sync) / libm::sqrt(staleness)).max(1.0))
    }

    /// The best whole batch of `k` agents; of equally good ones the smallest. O(1).
    pub fn best_batch(&self, k: Count) -> Point {
        self.best_batch_from(k, Count::ONE)
    }

    /// The best of each regime with at most `k_max` agents. O(min(k_max, W/L)), which is at most O(n):
    /// more agents than `W/L` save nothing.
    pub fn regimes(&self, k_max: Count) -> Regimes {
        let two = Count::nearest(2);
        let batches = self.largest_batch() >= two;
        Regimes {
            serial: self.at(Count::ONE, Count::ONE),
            parallel: self.fastest(k_max, |k| self.at(k, Count::ONE)),
            hybrid: self.fastest(k_max, |k| self.best_batch_from(k, two)).filter(|_| batches),
        }
    }

    /// The least `T(k, b)` with at most `k_max` agents: `(k*, b*)`, whole. O(min(k_max, W/L)).
    pub fn optimum(&self, k_max: Count) -> Point {
        self.regimes(k_max).best().1
    }

    /// The crossover prices of `k` agents, in the unit of the price of a sync. `None` if they never pay for
    /// a sync: there is one, or the shape says that it is free.
    pub fn crossovers(&self, k: Count) -> Option<Crossovers> {
        let (n, g, q) = (self.job.tasks.real(), self.sync.shape.at(k), self.staleness.at(k));
        if g == 0.0 {
            return None;
        }
        let gain = self.job.load.work() - self.job.load.at_least(k.into());
        let (largest, half) = (self.largest_batch(), n * q / 2.0);
        // With batches of b the team is as slow as one agent at this price: a parabola in b, of which the
        // whole number that is nearest to the vertex is the best; without staleness, the largest.
        let price = |b: Count| (gain - half * (b.real() - 1.0)) * b.real() / (n * g);
        let best = Count::floor(gain / (2.0 * half) + 1.0).min(largest);
        Some(Crossovers { hybrid_above: q / g, serial_above: price(best) })
    }

    /// The price of a sync, `c`, a time, above which no team of at most `k_max` agents is faster than one.
    /// `None` if that is so at no price, because some shape of a sync is free. O(min(k_max, W/L)).
    pub fn serial_above(&self, k_max: Count) -> Option<f64> {
        let mut prices = self.teams(k_max).map(|k| Some(self.crossovers(k)?.serial_above));
        prices.try_fold(0.0, |most, price| Some(f64::max(most, price?)))
    }

    fn best_batch_from(&self, k: Count, least: Count) -> Point {
        let largest = self.largest_batch();
        let candidates = match self.real_batch(k) {
            Some(b) => [Count::floor(b), Count::ceil(b)],
            None => [least, largest],
        };
        let [first, second] = candidates.map(|b| self.at(k, b.clamp(least.min(largest), largest)));
        // Not by the time, in which a small difference of what is paid may be lost.
        if second.overhead < first.overhead { second } else { first }
    }

    fn fastest(&self, k_max: Count, of: impl Fn(Count) -> Point) -> Option<Point> {
        self.teams(k_max).map(of).reduce(|best, next| if next.time < best.time { next } else { best })
    }

    /// The numbers of agents from 2 on that can be the best.
    fn teams(&self, k_max: Count) -> impl Iterator<Item = Count> + use<> {
        let useful = self.job.load.useful().get().max(2);
        (2..=useful.min(k_max.get())).map(Count::nearest)
    }

    fn largest_batch(&self) -> Count {
        self.batch_limit.min(self.job.tasks)
    }
}

/// The time of a team between what is proved about it.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sandwich {
    /// No schedule takes less: `max(L, W/k) + c g(k)`.
    pub lower: f64,
    /// What a schedule took, or a simulation of one, with `c g(k)`.
    pub simulated: f64,
    /// No greedy schedule takes more: `(W-L)/k + L + c g(k)`.
    pub upper: f64,
}

impl Sandwich {
    /// Of `k` agents who sync once, and of a makespan without that sync, in the unit of the load.
    pub fn new(load: &Load, k: Count, makespan: Positive, sync: &SyncCost) -> Self {
        let cost = sync.at(k);
        Self {
            lower: load.at_least(k.into()) + cost,
            simulated: makespan.get() + cost,
            upper: load.at_most(k.into()) + cost,
        }
    }

    /// Whether `lower <= simulated <= upper`, up to `tolerance`, a part such as 1e-12: sums of times in
    /// another order differ in their last digits.
    pub fn is_ordered(&self, tolerance: f64) -> bool {
        self.lower <= self.simulated * (1.0 + tolerance) && self.simulated <= self.upper * (1.0 + tolerance)
    }
}
