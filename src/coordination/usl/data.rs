//! Which measurements are refused.

use alloc::vec::Vec;

use crate::coordination::numbers::{Agents, NonNegative, OutOfDomain};

/// Why measurements cannot be fitted.
#[derive(Clone, Copy, PartialEq, Debug, thiserror::Error)]
pub enum FitError {
    /// There are fewer measurements than needed for three coefficients and what is left over.
    #[error("{rows} rows are too few: there must be {} at least", FitError::LEAST_ROWS)]
    TooFewRows {
        /// How many there are.
        rows: usize,
    },
    /// A number cannot be.
    #[error("row {row}: {field} is {value}: it must be {domain}")]
    Value {
        /// Which measurement, counted from 1.
        row: usize,
        /// Which of its two numbers.
        field: Field,
        /// What it is.
        value: f64,
        /// What it must be.
        domain: &'static str,
    },
    /// There are measurements of fewer numbers of agents than there are coefficients.
    #[error("{} k in all rows: there must be {} at least", how_many(*.distinct), FitError::LEAST_DISTINCT)]
    TooFewDistinct {
        /// How many different numbers of agents there are.
        distinct: usize,
    },
    /// No measurement has a throughput.
    #[error("the throughput is 0 in all rows")]
    NoThroughput,
    /// No law is found that fits, or it cannot be said in finite numbers.
    #[error("the fit does not converge: no law is nearest to the rows, or its numbers are too large")]
    NoConvergence,
}

/// A number of a measurement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    /// How many agents there were.
    K,
    /// What they did in a unit of time.
    Throughput,
}

impl core::fmt::Display for Field {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::K => "k",
            Self::Throughput => "throughput",
        })
    }
}

fn how_many(count: usize) -> &'static str {
    if count == 1 { "there is only one" } else { "there are only two different" }
}

impl FitError {
    /// How many measurements there must be.
    pub const LEAST_ROWS: usize = 4;
    /// Of how many different numbers of agents.
    pub const LEAST_DISTINCT: usize = 3;
}

pub(super) fn check(points: &[(f64, f64)]) -> Result<(), FitError> {
    for (&(k, throughput), row) in points.iter().zip(1..) {
        let refused =
            |field, OutOfDomain { value, domain, .. }| FitError::Value { row, field, value, domain };
        Agents::new(k).map_err(|error| refused(Field::K, error))?;
        NonNegative::new(throughput).map_err(|error| refused(Field::Throughput, error))?;
    }
    if points.len() < FitError::LEAST_ROWS {
        return Err(FitError::TooFewRows { rows: points.len() });
    }
    let mut all: Vec<_> = points.iter().map(|(k, _)| *k).collect();
    all.sort_unstable_by(f64::total_cmp);
    all.dedup();
    if all.len() < FitError::LEAST_DISTINCT {
        return Err(FitError::TooFewDistinct { distinct: all.len() });
    }
    if points.iter().all(|(_, throughput)| *throughput == 0.0) {
        return Err(FitError::NoThroughput);
    }
    Ok(())
}
