//! The checking kit of althing: explores a cluster of any [`Machine`](althing::Machine)
//! exhaustively, as it ships.
//!
//! Start with [`Cluster`]; `examples/two_phase_commit.rs` is a protocol written and checked from
//! nothing in one file.
#![forbid(unsafe_code)]

pub mod bounds;
pub mod budget;
pub mod cell;
mod chart;
pub mod check;
pub mod cli;
pub mod cluster;
pub mod contract_net;
pub mod contract_net_timed;
mod coverage;
mod draw;
pub mod election;
pub mod engine;
mod expand;
pub mod explore;
pub mod fit;
pub mod fuzz;
pub mod goal;
mod host;
mod intern;
pub mod json;
pub mod keys;
pub mod limits;
pub mod liveness;
pub mod market;
mod messages;
pub mod model;
mod outcome;
pub mod plan;
pub mod property;
pub mod protocol;
pub mod raft;
mod record;
pub mod recover;
mod reference;
mod shrink;
pub mod subject;
mod symmetry;
mod tables;
pub mod text;
pub mod time;
pub mod trace;
mod transition;
pub mod walk;

pub use budget::Budgets;
pub use chart::ChartError;
pub use check::Report;
pub use cluster::{Cluster, Faults, Network};
pub use goal::{Goal, How, Liveness};
pub use limits::Limits;
pub use recover::Recovery;
