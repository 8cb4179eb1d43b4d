//! What coordination costs: every formula against its bounds, against values from elsewhere, and against
//! a simulation.
// Values from elsewhere stand here with the seventeen digits that they were given with.
#![allow(clippy::excessive_precision)]

mod advisor;
mod intervals;
mod lambert;
mod laws;
mod numbers;
mod ooda;
mod regimes;
mod simulator;
mod support;
mod sync_cost;
mod use_when;
