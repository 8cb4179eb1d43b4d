//! What a sync of `k` agents costs, and how many agents it leaves worth having.
//!
//! The cost is `c g(k)`: a price `c`, which is a time, and a shape `g` without unit. A lone agent pays
//! nothing, `g(1) = 0`, and more agents never pay less. A team takes `T(k) = max(L, W/k) + c g(k)`.
//!
//! | shape | source |
//! |---|---|
//! | `k - 1` | Gunther 2007: the universal scalability law without contention |
//! | `ln k` | Karp, Sahay, Santos and Schauser, "Optimal broadcast and summation in the LogP model", 1993 |
//! | `k ln k` | Karp, Schindelhauer, Shenker and Vocking, "Randomized rumor spreading", 2000: by pushing it |
//! | `k(k-1)/2` | Brooks, "The Mythical Man-Month", 1975: every part with every other |
//! | `k ln(k+1)` | the article, section 3 |
//! | `1`, `k^a - 1`, a table | models of ours, without a source |
//!
//! Each `k*` is our own derivation, the root of the derivative of `W/k + c g(k)`; that of `k ln k` is
//! through Lambert's W (Corless et al. 1996). So are break-even and the optimum of equal tasks. A test
//! holds each against a scan.

use alloc::vec::Vec;
use core::f64::consts::E;

use crate::coordination::lambert;
use crate::coordination::laws::Load;
use crate::coordination::numbers::{Agents, Count, Exponent, GREATEST, LEAST, NonNegative, Positive};

/// How the cost of a sync grows with the agents. `k*`, where there is one, is where `W/k + c g(k)` is
/// least over the real numbers.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Shape {
    /// `1`, as soon as there are two: a broadcast. It pays for `k` agents iff `c < W(1 - 1/k)`.
    Constant,
    /// `k - 1`: one speaks with every other in turn. `k* = sqrt(W/c)`, and there `T = 2 sqrt(Wc) - c`.
    /// It is the universal scalability law with `sigma = 0` and `kappa = c/W`.
    Linear,
    /// `ln k`: a tree, see [`FAN_OUT`]. `k* = W/c`.
    Tree,
    /// `k ln k`. `k* = exp(W0(2 e^2 W/c)/2 - 1)`.
    KLogK,
    /// `k^a - 1`. `k* = (W/(ac))^(1/(1+a))`.
    Power(Exponent),
    /// `k(k-1)/2`: every pair. `k*` is the root of `k^3 - k^2/2 = W/c`.
    AllToAll,
    /// `k ln(k+1)`, as soon as there are two: the article's demonstration. `k*` is the root of
    /// `k^2 (ln(k+1) + k/(k+1)) = W/c`.
    Article,
    /// As measured, or as the caller has it.
    Measured(Table),
}

/// The best fan-out of a tree, by our own derivation (`f/ln f` is least at `e`): of the whole numbers, `f ln k / ln f`, the messages on the way through
/// `log_f k` levels, is least for 3.
pub const FAN_OUT: u32 = 3;

impl Shape {
    /// `g(k)`: without unit, 0 for one agent, never falling. A [`Table`] is read along straight lines.
    pub fn at(&self, k: impl Into<Agents>) -> f64 {
        let k = k.into().get();
        if k == 1.0 {
            return 0.0;
        }
        match self {
            Self::Constant => 1.0,
            Self::Linear => k - 1.0,
            Self::Tree => libm::log(k),
            Self::KLogK => k * libm::log(k),
            // `k^a - 1` would cancel for small exponents.
            Self::Power(a) => libm::expm1(a.get() * libm::log(k)),
            Self::AllToAll => k * (k - 1.0) / 2.0,
            Self::Article => k * libm::log1p(k),
            Self::Measured(table) => table.at(k),
        }
    }

    /// Where `m/k + g(k)` is least over the real numbers, at least 1: `m` is `W/c`. `None` where the most
    /// agents are best or only a scan tells.
    fn least(&self, m: f64) -> Option<f64> {
        let k = match self {
            Self::Constant | Self::Measured(_) => return None,
            Self::Linear => libm::sqrt(m),
            Self::Tree => m,
            Self::KLogK => libm::exp(lambert::w0(2.0 * E * E * m)? / 2.0 - 1.0),
            Self::Power(a) => libm::pow(m / a.get(), 1.0 / (1.0 + a.get())),
            Self::AllToAll => root_of_pairs(m),
            Self::Article => root_of_article(m),
        };
        Some(k.max(1.0))
    }
}

/// The root of `k^3 - k^2/2 = m`, after Cardano. With `k = 1/6 + u + 1/(36 u)` nothing cancels.
fn root_of_pairs(m: f64) -> f64 {
    let half = m / 2.0;
    let u = libm::cbrt(1.0 / 216.0 + half + libm::sqrt(half) * libm::sqrt(half + 1.0 / 108.0));
    1.0 / 6.0 + u + 1.0 / (36.0 * u)
}

/// The root of `k^2 (ln(k+1) + k/(k+1)) = m`, or 1 if it is less: halved until two doubles are next to
/// each other. The left side is more than `k^2` from 1 on, and increasing.
fn root_of_article(m: f64) -> f64 {
    let (mut low, mut high) = (1.0, libm::sqrt(m).max(1.0));
    loop {
        let k = low + (high - low) / 2.0;
        if k <= low || k >= high {
            return low;
        }
        if k * k * (libm::log1p(k) + k / (k + 1.0)) <= m {
            low = k;
        } else {
            high = k;
        }
    }
}

/// A shape that the caller has: `g(1), g(2), ..`.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Vec<f64>"))]
pub struct Table(Vec<f64>);

/// What is wrong with a shape.
#[derive(Clone, Copy, PartialEq, Debug, thiserror::Error)]
pub enum NotAShape {
    /// There is no value.
    #[error("a shape has at least its value for one agent")]
    Empty,
    /// A lone agent pays nothing.
    #[error("g(1) is {0}: a lone agent pays nothing")]
    Lone(f64),
    /// A value that is no magnitude.
    #[error("g({agents}) is {value}: it must be 0 or from 1e-60 to 1e60")]
    Magnitude {
        /// Of how many agents.
        agents: usize,
        /// The value.
        value: f64,
    },
    /// More agents seem to pay less.
    #[error("g({agents}) is {value}, less than the {before} of one agent fewer")]
    Falls {
        /// Of how many agents.
        agents: usize,
        /// The value.
        value: f64,
        /// The one before it.
        before: f64,
    },
}

impl TryFrom<Vec<f64>> for Table {
    type Error = NotAShape;

    fn try_from(values: Vec<f64>) -> Result<Self, NotAShape> {
        Self::new(values)
    }
}

impl Table {
    /// The values for 1, 2, .. agents. O(n).
    ///
    /// # Errors
    /// [`NotAShape`] for the first of them that is not 0 for one agent, no magnitude, or less than the
    /// one before.
    pub fn new(values: Vec<f64>) -> Result<Self, NotAShape> {
        let first = *values.first().ok_or(NotAShape::Empty)?;
        if first != 0.0 {
            return Err(NotAShape::Lone(first));
        }
        let mut before = 0.0;
        for (index, &value) in values.iter().enumerate() {
            let agents = index + 1;
            if value != 0.0 && !(LEAST..=GREATEST).contains(&value) {
                return Err(NotAShape::Magnitude { agents, value });
            }
            if value < before {
                return Err(NotAShape::Falls { agents, value, before });
            }
            before = value;
        }
        Ok(Self(values))
    }

    /// The values of a function, for 1 to `k_max` agents. O(k_max).
    ///
    /// # Errors
    /// As [`Table::new`].
    pub fn of(g: impl FnMut(u32) -> f64, k_max: Count) -> Result<Self, NotAShape> {
        Self::new((1..=k_max.get()).map(g).collect())
    }

    /// Along a straight line between two values; beyond the last, that.
    fn at(&self, k: f64) -> f64 {
        let (below, part) = (libm::floor(k), k - libm::floor(k));
        let value = |k: f64| self.0.get(k as usize - 1).or(self.0.last()).copied().unwrap_or(0.0);
        let (from, to) = (value(below), value(below + 1.0));
        from + part * (to - from)
    }
}

/// The cost of a sync: a price and its shape.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct SyncCost {
    /// `c`, a time.
    pub price: NonNegative,
    /// `g`.
    pub shape: Shape,
}

/// The best number of agents.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Optimum {
    /// How many: of equally good numbers, the least.
    pub agents: Count,
    /// The time that they take.
    pub time: f64,
}

/// For how many agents a team is faster than a lone one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BreakEven {
    /// The fewest.
    pub fewest: Count,
    /// The most.
    pub most: Count,
}

impl SyncCost {
    /// `c g(k)`, a time.
    pub fn at(&self, k: impl Into<Agents>) -> f64 {
        self.price.get() * self.shape.at(k)
    }

    /// `T(k) = max(L, W/k) + c g(k)`: at least what `k` agents take.
    pub fn time(&self, load: &Load, k: impl Into<Agents>) -> f64 {
        let k = k.into();
        load.at_least(k) + self.at(k)
    }

    /// `k*`, the real number of agents, at least 1, at which `W/k + c g(k)` is least; with a span it is
    /// `W/L` if that is less. `None` if every further agent would help (without a span: no price, or a
    /// constant shape), or if only a scan of a [`Table`] tells.
    ///
    /// A constant shape and the article's jump at 1: whether they pay at all, [`SyncCost::optimum`] tells.
    pub fn real_optimum(&self, load: &Load) -> Option<f64> {
        let price = self.price.get();
        let least = if price == 0.0 { None } else { self.shape.least(load.work() / price) };
        least.map(|k| k.min(load.parallelism()))
    }

    /// The whole number of agents, at most `k_max`, at which [`SyncCost::time`] is least. O(1); for a
    /// [`Table`] O(its length), and no more agents than it tells of.
    pub fn optimum(&self, load: &Load, k_max: Count) -> Optimum {
        let lone = Optimum { agents: Count::ONE, time: load.work() };
        self.team_optimum(load, Count::ONE, k_max).filter(|team| team.time < lone.time).unwrap_or(lone)
    }

    /// The same of at least `fewest` agents, and at least two. `None` if `most` are fewer, or if a
    /// [`Table`] tells of fewer.
    pub fn team_optimum(&self, load: &Load, fewest: Count, most: Count) -> Option<Optimum> {
        let (fewest, most) = (fewest.get().max(2), most.min(self.known()).get());
        if most < fewest {
            return None;
        }
        // Without a price for more of them, as many as can be of use. Otherwise, from 2 on, T falls and
        // then rises, so that the best is beside the real optimum.
        let useful = load.useful().get();
        let (from, to) = match (&self.shape, self.real_optimum(load)) {
            (Shape::Measured(_), _) => (fewest, most),
            (_, Some(k)) => (Count::floor(k).get(), Count::ceil(k).get().min(useful)),
            (_, None) => (useful, useful),
        };
        let candidates = (from.clamp(fewest, most)..=to.clamp(fewest, most)).map(Count::nearest);
        let each = candidates.map(|agents| Optimum { agents, time: self.time(load, agents) });
        each.reduce(|best, next| if next.time < best.time { next } else { best })
    }

    /// Up to how many agents the shape is known: the length of a [`Table`], and of any other shape as many
    /// as can be counted.
    pub fn known(&self) -> Count {
        match &self.shape {
            Shape::Measured(Table(values)) => Count::nearest(u32::try_from(values.len()).unwrap_or(u32::MAX)),
            _ => Count::nearest(u32::MAX),
        }
    }

    /// For which numbers of agents, from 2 to `k_max`, [`SyncCost::time`] is less than that of one. They
    /// are all that lie between two numbers, but for a [`Table`], of which these are the first and the
    /// last. `None` if there are none. O(log k_max), for a table O(its length).
    pub fn break_even(&self, load: &Load, k_max: Count) -> Option<BreakEven> {
        let pays = |k: u32| self.time(load, Count::nearest(k)) < load.work();
        if let Shape::Measured(_) = &self.shape {
            let last = k_max.min(self.known()).get();
            let fewest = (2..=last).find(|k| pays(*k))?;
            let most = (2..=last).rev().find(|k| pays(*k))?;
            return Some(BreakEven { fewest: Count::nearest(fewest), most: Count::nearest(most) });
        }
        let best = self.optimum(load, k_max).agents.get();
        if best == 1 {
            return None;
        }
        // Nobody at 1, everybody at the best.
        let fewest = turn(1, best, |k| !pays(k)) + 1;
        let most = if pays(k_max.get()) { k_max.get() } else { turn(best, k_max.get(), pays) };
        Some(BreakEven { fewest: Count::nearest(fewest), most: Count::nearest(most) })
    }

    /// The best number of agents, at most `k_max`, for `n` equal tasks without order, each of which
    /// takes `each`: `T(k) = ceil(n/k) each + c g(k)`. That is a staircase, with an optimum at the
    /// foot of some step: the fewest agents that do it in so many rounds. O(sqrt n).
    pub fn optimum_of_equal_tasks(&self, n: Count, each: Positive, k_max: Count) -> Optimum {
        let most = k_max.min(self.known()).get();
        let of = |agents| Optimum { agents, time: equal_tasks(n, each, agents) + self.at(agents) };
        let mut best = of(Count::ONE);
        let mut rounds = n.get();
        while rounds > 1 {
            // The fewest agents that save a round; they may save more.
            let k = n.get().div_ceil(rounds - 1);
            if k > most {
                break;
            }
            let next = of(Count::nearest(k));
            if next.time < best.time {
                best = next;
            }
            rounds = n.get().div_ceil(k);
        }
        best
    }
}

/// What `k` agents take for `n` equal tasks without order: `ceil(n/k)` rounds, each of the time `each`, in
/// its unit. That is the best there is, as some agent must do so many tasks.
pub fn equal_tasks(n: Count, each: Positive, k: Count) -> f64 {
    f64::from(n.get().div_ceil(k.get())) * each.get()
}

/// The last number, from `low` on, of which `holds` is true: it is of `low`, and is not of `high`, and
/// turns once between them.
fn turn(mut low: u32, mut high: u32, holds: impl Fn(u32) -> bool) -> u32 {
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(middle) { low = middle } else { high = middle }
    }
    low
}
