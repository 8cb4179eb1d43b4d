//! The checking kit of althing.
#![forbid(unsafe_code)]

pub mod bounds;
pub mod cell;
pub mod check;
pub mod cli;
pub mod cluster;
pub mod election;
pub mod explore;
mod intern;
pub mod model;
pub mod property;
pub mod recover;
pub mod search;
pub mod subject;
mod symmetry;
mod tables;
pub mod trace;
mod transition;
