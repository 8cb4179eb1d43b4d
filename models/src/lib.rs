//! The checking kit of althing.
#![forbid(unsafe_code)]

pub mod cell;
pub mod cluster;
pub mod election;
mod intern;
pub mod model;
pub mod property;
pub mod recover;
mod symmetry;
mod tables;
mod transition;
