//! The assignment solvers: every answer beside brute force, another crate, and its certificate.

mod capacity;
mod certificates;
mod epsilon;
mod instances;
mod optimal;
mod validation;
mod vcg;
mod warm;
