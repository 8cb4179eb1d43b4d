//! What coordination costs.

pub mod dag;
pub mod schedule;
#[cfg(feature = "coordination")]
pub mod usl;
