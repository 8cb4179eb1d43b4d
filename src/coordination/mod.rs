//! What coordination costs: when more agents help, how many, and how they should work together.
//!
//! `T(k) = W/k + c g(k)`: `k` agents share the work and pay for being in sync. Whether that is worth it is a
//! matter of arithmetic, and each formula here is held against its bounds and against a simulation.
//!
//! | source | what | file |
//! |---|---|---|
//! | Amdahl 1967, Gustafson 1988, Karp and Flatt 1990, Gunther 2007, Graham 1969, Brent 1974 | how much faster `k` agents can be | [`laws`] |
//! | | what it costs them to sync, and how many are worth it | [`sync_cost`] |
//! | | serial, parallel, hybrid: one surface | [`regimes`] |
//! | Graham 1969, Dilworth 1950 | task graphs: span, width, profile | [`dag`] |
//! | Graham 1969, Topcuoglu 2002 | schedules, their bounds and their check | [`schedule`] |
//! | Gunther 2007 | fits of measurements, with intervals (feature `coordination`) | `usl` |
//! | the article, section 3 | its demonstration, as it computes | [`article`] |
//! | Young 1974, Daly 2006 | how often to do what costs something | [`intervals`] |
//! | Boyd; the article, section 4 | how often agents that act should sync | [`ooda`] |
//! | the article, Practical recommendations | which pattern, and why | [`advisor`], [`criteria`] |
//! | Corless et al. 1996 | Lambert's W | [`lambert`] |
//! | | events in order, against which the formulas are held | [`simulator`] |
//! | | numbers that were checked | [`numbers`] |
//!
//! Units: every time is in one unit of the caller's, and so is every price; rates are one over it. Agents
//! are counted, or are a real number where a law is read between two whole ones.

pub mod advisor;
pub mod article;
pub mod criteria;
pub mod dag;
pub mod intervals;
pub mod lambert;
pub mod laws;
pub mod numbers;
pub mod ooda;
pub mod regimes;
pub mod schedule;
pub mod simulator;
pub mod sync_cost;
#[cfg(feature = "coordination")]
pub mod usl;

pub use numbers::{Agents, Count, Exponent, Fraction, NonNegative, OutOfDomain, Positive};
