//! What coordination costs: every formula against its bounds, against values from elsewhere, and against
//! a simulation.

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
