//! `althing fit`.

use std::io::{Write, stdout};

use althing::coordination::usl::{Coefficient, Fit, Model};
use serde_json::json;

use super::{FitArgs, Refused, Verdict, align, files, table};
use crate::fit::{Data, Fitted, fit, plot};
use crate::json::LONGEST;
use crate::text::{figure, one_line};

pub(super) const HELP: &str = "\
The law: X(k) = lambda k / (1 + sigma (k - 1) + kappa k (k - 1)), with lambda > 0, 0 <= sigma <= 1 and kappa >= 0.
lambda is the throughput of one agent, sigma the part that is done by one at a time (contention), kappa what each
pair of agents costs (coherency). Throughput is highest at k = sqrt((1 - sigma) / kappa).

Measurements:
  # lines that begin with # and empty lines are skipped
  k,throughput
  1,64.9
  18,995.9
  36,1652.4
  72.5,1853.2

The header may be missing. Fields are separated by commas, tabs, semicolons or blanks, and may be quoted. k is any
real number from 1 on. There must be 4 rows at least, with 3 different k; k = 1 need not be among them. Throughputs
are in any unit; 0 is one.

Where a coefficient is at a bound, the others are fitted again with it. Intervals are two-sided, at 95%, by Student's
t; that of the peak is of the profile likelihood. The choice between Amdahl's law (kappa = 0) and the whole law is by
an F test at 5%. A warning says what the measurements cannot support.

Two sets ship: models/data/specsdm91.csv, which has a peak, and models/data/raytracer.csv, which has none.

Exit codes: 0 there is a fit, with warnings or without; 2 wrong usage or input.";

pub(super) fn run(args: &FitArgs) -> Result<Verdict, Refused> {
    let refused = |reason| files::refused(&args.data, reason);
    let data = Data::read(&files::read(&args.data, LONGEST)?).map_err(refused)?;
    let fitted = fit(&data).map_err(refused)?;
    if let Some(file) = &args.plot {
        let svg = plot::svg(&data, &fitted).map_err(|error| files::refused(file, error))?;
        files::write_plot(file, &svg)?;
    }
    if args.json {
        print_json(args, &data, &fitted)?;
    } else {
        print(args, &data, &fitted)?;
    }
    Ok(Verdict::Good)
}

const fn name(model: Model) -> &'static str {
    match model {
        Model::Amdahl => "amdahl",
        Model::Usl => "usl",
    }
}

fn print_json(args: &FitArgs, data: &Data, fitted: &Fitted) -> Result<(), Refused> {
    let fit = &fitted.fit;
    let coefficient = |it: &Coefficient| {
        let (error, interval) = it.estimate.map(|it| (it.standard_error, it.interval)).unzip();
        let interval = interval.map(|it| [it.low, it.high]);
        json!({"value": it.value, "standard_error": error, "interval": interval, "at_bound": it.estimate.is_none()})
    };
    let peak = fit.usl.peak().map(|peak| json!({"k": peak.k, "throughput": peak.throughput}));
    let peak_interval = fitted.peak_interval.map(|it| (it.low, it.high));
    let choice = &fit.choice;
    let line = json!({
        "kind": "fit", "data": args.data.display().to_string(), "rows": data.points.len(),
        "lambda": coefficient(&fit.lambda), "sigma": coefficient(&fit.sigma), "kappa": coefficient(&fit.kappa),
        "peak": peak, "peak_interval": peak_interval, "limit": fit.usl.limit(),
        "ssr": fit.ssr, "degrees_of_freedom": fit.degrees_of_freedom, "r_squared": fit.r_squared, "aicc": fit.aicc,
        "residuals": fit.residuals,
        "choice": {
            "model": name(choice.model), "f": choice.f, "p": choice.p,
            "amdahl_ssr": choice.amdahl_ssr, "amdahl_aicc": choice.amdahl_aicc,
        },
        "warnings": fitted.warnings,
    });
    writeln!(stdout(), "{line}")?;
    Ok(())
}

fn print(args: &FitArgs, data: &Data, fitted: &Fitted) -> Result<(), Refused> {
    let (fit, mut out) = (&fitted.fit, stdout());
    let least = data.points.iter().map(|(k, _)| *k).fold(f64::INFINITY, f64::min);
    let path = one_line(&args.data.display().to_string());
    writeln!(out, "{path}: {} measurements, k from {least} to {}\n", data.points.len(), data.most())?;
    let mut coefficients = table(["coefficient", "value", "standard error", "95% from", "to", "what it is"]);
    for (name, it, what) in [
        ("lambda", &fit.lambda, "throughput of one agent"),
        ("sigma", &fit.sigma, "contention: the part that is done by one at a time"),
        ("kappa", &fit.kappa, "coherency: what each pair of agents costs"),
    ] {
        let [error, low, high] = match it.estimate {
            Some(it) => [it.standard_error, it.interval.low, it.interval.high].map(|it| figure(it, 5)),
            None => ["at its bound", "-", "-"].map(str::to_owned),
        };
        coefficients.add_row([name.into(), figure(it.value, 7), error, low, high, what.into()]);
    }
    align(&mut coefficients, 1..5);
    writeln!(out, "{coefficients}\n")?;
    writeln!(out, "peak: {}", peak(fitted))?;
    writeln!(out, "choice: {}", choice(fit))?;
    let [least, first, median, third, most] = quartiles(&fit.residuals).map(|it| figure(it, 4));
    writeln!(out, "residuals: from {least} to {most}, quartiles {first}, {median}, {third}")?;
    let deviation = figure((fit.ssr / fit.degrees_of_freedom as f64).sqrt(), 5);
    let or_none = |value: Option<f64>, digits| value.map_or_else(|| "-".into(), |it| figure(it, digits));
    let (r_squared, aicc): (String, String) = (or_none(fit.r_squared, 6), or_none(fit.aicc, 5));
    let (ssr, freedom) = (figure(fit.ssr, 9), fit.degrees_of_freedom);
    writeln!(
        out,
        "SSR {ssr}, {freedom} degrees of freedom, residual standard error {deviation}; R2 {r_squared}; AICc {aicc}"
    )?;
    for warning in &fitted.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    Ok(())
}

fn peak(fitted: &Fitted) -> String {
    let Some(peak) = fitted.fit.usl.peak() else {
        let limit = fitted.fit.usl.limit().map(|limit| figure(limit, 5));
        return limit
            .map_or_else(|| "none, and no limit".into(), |limit| format!("none; the limit is {limit}"));
    };
    let interval = match fitted.peak_interval {
        None => "unknown".into(),
        Some(it) => match it.high {
            Some(high) => format!("from {} to {}", figure(it.low, 4), figure(high, 4)),
            None => format!("from {} on", figure(it.low, 4)),
        },
    };
    format!("k = {}, throughput {} (95%: {interval})", figure(peak.k, 4), figure(peak.throughput, 5))
}

fn choice(fit: &Fit) -> String {
    let choice = &fit.choice;
    if fit.kappa.estimate.is_none() {
        return "Amdahl's law: kappa is at its bound".into();
    }
    let f = choice.f.map_or_else(
        || "F has no limit".into(),
        |f| format!("F(1, {}) = {}", fit.degrees_of_freedom, figure(f, 4)),
    );
    let why = match choice.model {
        Model::Usl => "the whole law: kappa is needed",
        Model::Amdahl => "Amdahl's law: kappa is not needed",
    };
    let (p, ssr) = (figure(choice.p, 3), figure(choice.amdahl_ssr, 6));
    let mut said = format!("{why}, {f}, p = {p}; without it SSR {ssr}");
    if let (Some(aicc), Some(without)) = (fit.aicc, choice.amdahl_aicc) {
        said += &format!(", AICc {}", figure(without, 5));
        let prefers = if aicc < without { Model::Usl } else { Model::Amdahl };
        if prefers != choice.model {
            said += ", by which the other law would be chosen";
        }
    }
    said
}

/// The least, the quartiles between, and the most, along straight lines between two.
fn quartiles(values: &[f64]) -> [f64; 5] {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    [0.0, 0.25, 0.5, 0.75, 1.0].map(|part| {
        let place = part * (sorted.len().saturating_sub(1)) as f64;
        let [below, above] =
            [place.floor(), place.ceil()].map(|at| sorted.get(at as usize).copied().unwrap_or(0.0));
        below + (above - below) * place.fract()
    })
}
