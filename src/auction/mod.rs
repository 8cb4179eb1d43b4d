//! Auctions and assignments.

mod book;
pub mod certificate;
pub mod epsilon;
mod paths;
pub mod problem;
pub mod shortest_path;
mod shortlist;
pub mod solve;
pub mod vcg;
pub mod warm;

pub use certificate::{Assignment, Certificate, Unproven};
pub use problem::{InvalidProblem, Problem};
