//! What coordination costs: when more agents help, how many, and how they should work together.
//!
//! Units: every time is in one unit of the caller's, and every price is a time. Agents are counted, or
//! real where a law is read between two whole numbers.

pub mod lambert;
pub mod laws;
pub mod numbers;
pub mod simulator;
pub mod sync_cost;

pub use numbers::{Agents, Count, Exponent, Fraction, NonNegative, OutOfDomain, Positive};
