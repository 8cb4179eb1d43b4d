//! Each theorem that the mechanisms of `althing::auction` state, as a test.
//!
//! What is exact is tested exactly, on grids and at random. What is a mean is tested with fixed seeds,
//! and holds within four standard errors of it, if nothing else is said: a right program fails such a
//! test for one seed in 16,000.

mod bandits;
mod calibration;
mod conformal;
mod escalation;
mod linucb;
mod normal;
mod one_task;
mod random;
mod records;
mod revenue;
mod scoring;
mod sequential;
mod welfare;
