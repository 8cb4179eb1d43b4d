//! What coordination costs.

pub mod dag;
pub mod schedule;
