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
    let fitter = Fitter::new(points, known);
    let beginning = fitter.beginning();
    fitter.search(beginning)
}

/// The same from coefficients that are known to be good.
pub(super) fn usl_from(
    points: &[(f64, f64)],
    [lambda, sigma, kappa]: [f64; 3],
) -> Result<Solution, FitError> {
    let fitter = Fitter::new(points, Known::Nothing);
    let beginning = [lambda / fitter.unit, sigma, kappa];
    fitter.search(beginning)
}

struct Fitter {
    rows: Vec<Row>,
    /// The greatest throughput: that of the rows is of the size of 1, whatever the unit.
    unit: f64,
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
    fn new(points: &[(f64, f64)], known: Known) -> Self {
        let unit = points.iter().map(|(_, throughput)| *throughput).fold(0.0, f64::max);
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
        Self { rows: points.iter().map(row).collect(), unit, parameters }
    }

    fn search(mut self, mut values: [f64; 3]) -> Result<Solution, FitError> {
        loop {
            let status = self.mpfit(&mut values).map_err(|_| FitError::NoConvergence)?;
            if status.success == MPSuccess::NotDone {
                return Err(FitError::NoConvergence);
            }
            if !self.fix_at_bounds(&values) {
                return self.solution(values, &status.covar);
            }
        }
    }

    /// The best of a few, which are within the bounds. A peak may be well within the measurements, or
    /// beyond them.
    fn beginning(&self) -> [f64; 3] {
        let most = self.rows.iter().map(|row| row.k).fold(1.0, f64::max);
        let kappas = |sigma: f64| {
            [0.1, 0.3, 1.0, 10.0]
                .map(|part| (1.0 - sigma) / (part * most) / (part * most))
                .into_iter()
                .chain([0.0])
        };
        let sigmas = [0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 0.6, 0.9];
        let all = sigmas.into_iter().flat_map(|sigma| kappas(sigma).map(move |kappa| (sigma, kappa)));
        let [_, no_sigma, no_kappa] = &self.parameters;
        let may = all.filter(|it| (!no_sigma.fixed || it.0 == 0.0) && (!no_kappa.fixed || it.1 == 0.0));
        let fitted = may.map(|(sigma, kappa)| self.with_best_lambda(sigma, kappa));
        fitted.min_by(|(one, _), (other, _)| one.total_cmp(other)).map_or([1.0, 0.0, 0.0], |(_, it)| it)
    }

    /// By how much the sum of squares is less than without a law, with the lambda for which that is most, as a
    /// number below zero; and the coefficients.
    fn with_best_lambda(&self, sigma: f64, kappa: f64) -> (f64, [f64; 3]) {
        let (of_both, of_one) = self.rows.iter().fold((0.0, 0.0), |(of_both, of_one), row| {
            let speed_up = row.k / row.divisor(sigma, kappa);
            (of_both + row.y * speed_up, of_one + speed_up * speed_up)
        });
        let lambda = of_both / of_one;
        (-lambda * of_both, [lambda, sigma, kappa])
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
    fn solution(&self, values: [f64; 3], inverse: &[f64]) -> Result<Solution, FitError> {
        let unit = self.unit;
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
