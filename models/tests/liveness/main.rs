//! Liveness: that goals are reached once faults end, and that it is told how if they are not.

mod cli;
mod clocks;
mod election;
mod limits;
mod own;
