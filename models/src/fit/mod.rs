//! Measurements in a file, and what a fit of them says: for `althing fit`.
//!
//! | file | what |
//! |---|---|
//! | `mod.rs` | a fit of the rows of a file, and what they cannot support |
//! | [`data`] | the rows of a file |
//! | [`plot`] | measurements, law, and where it predicts more of them |

pub mod data;
pub mod plot;

use althing::coordination::usl::{self, Fit, FitError, Model, PeakInterval};

pub use data::{Data, DataError};

/// A fit, with where its peak is.
#[derive(Clone, PartialEq, Debug)]
pub struct Fitted {
    /// The fit.
    pub fit: Fit,
    /// At 95%, also where the law has no peak. `None` if none can be, or the search for it did not end.
    pub peak_interval: Option<PeakInterval>,
    /// What the measurements cannot support, each in a sentence.
    pub warnings: Vec<String>,
}

/// The fit of measurements.
///
/// # Errors
/// [`DataError::Fit`] names the line.
pub fn fit(data: &Data) -> Result<Fitted, DataError> {
    let fit = usl::fit(&data.points).map_err(|error| DataError::Fit(in_lines(error, data)))?;
    let peak_interval = fit.peak_interval().ok().flatten();
    let warnings = warnings(&fit, peak_interval, data);
    Ok(Fitted { fit, peak_interval, warnings })
}

/// With the line of the file in place of the number of the measurement.
fn in_lines(mut error: FitError, data: &Data) -> FitError {
    if let FitError::Value { row, .. } = &mut error {
        *row = data.lines.get(row.saturating_sub(1)).copied().unwrap_or(*row);
    }
    error
}

fn warnings(fit: &Fit, interval: Option<PeakInterval>, data: &Data) -> Vec<String> {
    let mut warnings = Vec::new();
    let Some(peak) = fit.usl.peak() else {
        let from = interval.map_or_else(String::new, |it| {
            format!("; if there is one, it is from k = {:.1} on (95%)", it.low)
        });
        warnings.push(format!(
            "no peak: kappa is at its bound, 0, so more agents never do less by this law{from}"
        ));
        return warnings;
    };
    let most = data.most();
    if fit.choice.model == Model::Amdahl {
        warnings.push(format!(
            "the data do not support a peak: without kappa they fit about as well (p = {:.3})",
            fit.choice.p
        ));
    }
    match interval {
        Some(PeakInterval { high: None, .. }) => {
            warnings.push("the peak has no upper limit at 95%: there may be none".into());
        }
        None => warnings.push("the interval of the peak is not known: the search for it did not end".into()),
        Some(_) => {}
    }
    if peak.k > most {
        warnings.push(format!(
            "the peak, at k = {:.1}, lies beyond the largest k that was measured, {most}",
            peak.k
        ));
    }
    warnings
}
