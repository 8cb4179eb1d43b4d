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

/// The law of measurements that were checked.
pub(super) fn usl(points: &[(f64, f64)], known: Known) -> Result<Solution, FitError> {
    // Of the size of 1, whatever the unit.
    let unit = points.iter().map(|(_, throughput)| *throughput).fold(0.0, f64::max);
    let mut fitter = Fitter::new(points, known, unit);
    let mut values = fitter.beginning();
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
                Known::Peak(peak) => (1.0 + pairs / peak / peak, one - pairs / peak / peak),
                Known::Nothing | Known::NoContention | Known::NoCoherency => (1.0, one),
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

    /// The best of a few, which are within the bounds. A peak may be well within the measurements, or
    /// beyond them.
    fn beginning(&self) -> [f64; 3] {
        let most = self.rows.iter().map(|row| row.k).fold(1.0, f64::max);
        let kappas =
            |sigma: f64| [0.1, 0.3, 1.0, 10.0].map(|part| (1.0 - sigma) / (part * most) / (part * most));
        let all =
            [0.003, 0.03, 0.3, 0.9].into_iter().flat_map(|sigma| kappas(sigma).map(|kappa| (sigma, kappa)));
        let known = |place: usize, value| if self.parameters[place].fixed { 0.0 } else { value };
        let fitted = all.map(|(sigma, kappa)| self.with_best_lambda(known(1, sigma), known(2, kappa)));
        fitted.min_by(|(one, _), (other, _)| one.total_cmp(other)).map_or([1.0, 0.0, 0.0], |(_, it)| it)
    }

    /// The sum of squares with the lambda for which it is least, and the coefficients.
    fn with_best_lambda(&self, sigma: f64, kappa: f64) -> (f64, [f64; 3]) {
        let speed_up = |row: &Row| row.k / row.divisor(sigma, kappa);
        let sums = self.rows.iter().fold((0.0, 0.0), |(of_both, of_one), row| {
            let it = speed_up(row);
            (of_both + row.y * it, of_one + it * it)
        });
        let lambda = sums.0 / sums.1;
        let square = |row: &Row| (row.y - lambda * speed_up(row)) * (row.y - lambda * speed_up(row));
        (self.rows.iter().map(square).sum(), [lambda, sigma, kappa])
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
        let finite = values.into_iter().chain(covariance.into_iter().flatten()).all(f64::is_finite);
        if !certain || !finite || !ssr.is_finite() {
            return Err(FitError::NoConvergence);
        }
        Ok(Solution { values, free, covariance, residuals, ssr })
    }
}

impl Row {
    fn divisor(&self, sigma: f64, kappa: f64) -> f64 {
        self.fixed + sigma * self.by_sigma + kappa * self.by_kappa
    }
}

/// What is less than the rounding of a sum of squares cannot be told apart.
const CONFIG: MPConfig = MPConfig { ftol: 1e-15, xtol: 1e-13, gtol: 1e-15, ..MPConfig::new() };

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
        for (place, (row, deviate)) in self.rows.iter().zip(deviates).enumerate() {
            let divisor = row.divisor(values[1], values[2]);
            let speed_up = row.k / divisor;
            *deviate = row.y - values[0] * speed_up;
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
