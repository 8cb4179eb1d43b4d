//! Least squares within bounds, by the crate `rmpfit`: Moré's implementation of Levenberg and
//! Marquardt's method (MINPACK), with Markwardt's limits.

use alloc::vec::Vec;

use rmpfit::{MPConfig, MPFitter, MPPar, MPResult, MPSide, MPSuccess};

use crate::coordination::usl::FitError;

/// Coefficients in the order lambda, sigma, kappa.
#[derive(Clone, Debug)]
pub(super) struct Solution {
    pub(super) values: [f64; 3],
    /// Which are at no bound.
    pub(super) free: [bool; 3],
    /// The inverse of J'J of the free ones, and zero for the others.
    pub(super) covariance: [[f64; 3]; 3],
    pub(super) residuals: Vec<f64>,
    pub(super) ssr: f64,
}

impl Solution {
    pub(super) fn free_count(&self) -> usize {
        self.free.iter().filter(|free| **free).count()
    }
}

/// What is known before.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Known {
    Nothing,
    /// There is no contention: `sigma = 0`.
    NoContention,
    /// There is no coherency: `kappa = 0`.
    NoCoherency,
    /// The peak is at this number of agents: kappa is (1 - sigma) over its square.
    Peak(f64),
}

/// Where the search begins, in the unit of the largest throughput. A lone agent does as much, or hardly
/// anything: where throughput scatters there may be a valley on either side.
const BEGINNINGS: [[f64; 3]; 2] = [[1.0, 0.5, 0.0], [0.01, 0.0, 0.0]];

/// The law of measurements that were checked.
pub(super) fn usl(points: &[(f64, f64)], known: Known) -> Result<Solution, FitError> {
    // With less that is free there are fewer valleys.
    let beginnings = if known == Known::Nothing { 2 } else { 1 };
    let found = BEGINNINGS.into_iter().take(beginnings);
    let found = found.filter_map(|beginning| from(beginning, points, known).ok());
    found.min_by(|one, other| one.ssr.total_cmp(&other.ssr)).ok_or(FitError::NoConvergence)
}

fn from(beginning: [f64; 3], points: &[(f64, f64)], known: Known) -> Result<Solution, FitError> {
    // Of the size of 1, whatever the unit.
    let unit = points.iter().map(|(_, throughput)| *throughput).fold(0.0, f64::max);
    let [lambda, sigma, kappa] = beginning;
    let sigma = if known == Known::NoContention { 0.0 } else { sigma };
    let (mut fitter, mut values) = (Fitter::new(points, known, unit), [lambda, sigma, kappa]);
    loop {
        let status = fitter.mpfit(&mut values).map_err(|_| FitError::NoConvergence)?;
        if status.success == MPSuccess::NotDone {
            return Err(FitError::NoConvergence);
        }
        if !fitter.fix_at_bounds(&values) {
            return fitter.solution(values, &status.covar, unit);
        }
    }
}

struct Fitter {
    rows: Vec<Row>,
    parameters: [MPPar; 3],
}

/// A throughput `y`, and a law `lambda k / (fixed + sigma by_sigma + kappa by_kappa)`.
struct Row {
    k: f64,
    y: f64,
    fixed: f64,
    by_sigma: f64,
    by_kappa: f64,
}

impl Fitter {
    fn new(points: &[(f64, f64)], known: Known, unit: f64) -> Self {
        let row = |&(k, throughput): &(f64, f64)| {
            let (one, pairs) = (k - 1.0, k * (k - 1.0));
            let (fixed, by_sigma) = match known {
                Known::Nothing | Known::NoContention | Known::NoCoherency => (1.0, one),
                Known::Peak(peak) => (1.0 + pairs / peak / peak, one - pairs / peak / peak),
            };
            Row { k, y: throughput / unit, fixed, by_sigma, by_kappa: pairs }
        };
        let free = || MPPar { side: MPSide::User, ..MPPar::new() };
        let at_least_zero = || MPPar { limited_low: true, ..free() };
        let parameters = [
            // What is best is more than zero anyway, as some throughput is and none is less.
            free(),
            MPPar { limited_up: true, limit_up: 1.0, fixed: known == Known::NoContention, ..at_least_zero() },
            MPPar { fixed: matches!(known, Known::NoCoherency | Known::Peak(_)), ..at_least_zero() },
        ];
        Self { rows: points.iter().map(row).collect(), parameters }
    }

    /// Whether there is one more at a bound: there it stays.
    fn fix_at_bounds(&mut self, values: &[f64; 3]) -> bool {
        let mut more = false;
        for (parameter, value) in self.parameters.iter_mut().zip(values) {
            let at_low = parameter.limited_low && *value <= parameter.limit_low;
            let at_up = parameter.limited_up && *value >= parameter.limit_up;
            if !parameter.fixed && (at_low || at_up) {
                parameter.fixed = true;
                more = true;
            }
        }
        more
    }

    /// In the unit of the measurements.
    fn solution(&self, values: [f64; 3], inverse: &[f64], unit: f64) -> Result<Solution, FitError> {
        let [lambda, sigma, kappa] = values;
        let residual = |row: &Row| (row.y - lambda * row.k / row.divisor(sigma, kappa)) * unit;
        let residuals: Vec<_> = self.rows.iter().map(residual).collect();
        let ssr = residuals.iter().map(|residual| residual * residual).sum::<f64>();
        let scale = [1.0, 1.0 / unit, 1.0 / unit];
        let entry = |row: usize, column: usize| {
            inverse.get(3 * row + column).copied().unwrap_or_default() * scale[row] * scale[column]
        };
        let covariance = [0, 1, 2].map(|row| [0, 1, 2].map(|column| entry(row, column)));
        let free = [0, 1, 2].map(|place: usize| !self.parameters[place].fixed);
        let certain = (0..3).all(|place| !free[place] || covariance[place][place] > 0.0);
        let values = [lambda * unit, sigma, kappa];
        let solution = Solution { values, free, covariance, residuals, ssr };
        if certain { Ok(solution) } else { Err(FitError::NoConvergence) }
    }
}

impl Row {
    fn divisor(&self, sigma: f64, kappa: f64) -> f64 {
        self.fixed + sigma * self.by_sigma + kappa * self.by_kappa
    }
}

/// What is less than the rounding of a sum of squares cannot be told apart.
const CONFIG: MPConfig = MPConfig { ftol: 1e-15, gtol: 1e-15, ..MPConfig::new() };

impl MPFitter for Fitter {
    fn number_of_points(&self) -> usize {
        self.rows.len()
    }

    fn config(&self) -> &MPConfig {
        &CONFIG
    }

    fn parameters(&self) -> &[MPPar] {
        &self.parameters
    }

    fn eval(&mut self, values: &[f64], deviates: &mut [f64]) -> MPResult<()> {
        for (row, deviate) in self.rows.iter().zip(deviates) {
            *deviate = row.y - values[0] * row.k / row.divisor(values[1], values[2]);
        }
        Ok(())
    }

    fn jacobian(
        &mut self,
        values: &[f64],
        deviates: &mut [f64],
        derivatives: &mut [Option<Vec<f64>>],
    ) -> MPResult<()> {
        self.eval(values, deviates)?;
        for (place, row) in self.rows.iter().enumerate() {
            let divisor = row.divisor(values[1], values[2]);
            let speed_up = row.k / divisor;
            let by_divisor = values[0] * speed_up / divisor;
            let all = [-speed_up, by_divisor * row.by_sigma, by_divisor * row.by_kappa];
            for (column, derivative) in derivatives.iter_mut().zip(all) {
                if let Some(column) = column {
                    column[place] = derivative;
                }
            }
        }
        Ok(())
    }
}
