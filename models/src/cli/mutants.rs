//! `althing mutants`.

use std::io::{Write, stdout};
use std::sync::atomic::Ordering;
use std::time::Instant;

use comfy_table::{Cell, CellAlignment};
use serde_json::json;

use super::check::{make_folder, save, tell, watched};
use super::{MutantsArgs, Refused, Verdict, grouped, interrupt, limits, subjects, table};
use crate::check::Status;
use crate::subject::{Counterexample, MutantInfo, Subject, Summary};

pub(super) fn run(args: &MutantsArgs) -> Result<Verdict, Refused> {
    let plan = plan(args)?;
    if let Some(folder) = &args.output.trace_out {
        make_folder(folder)?;
    }
    let (start, interrupt) = (Instant::now(), interrupt());
    let are_several = plan.iter().any(|(subject, _)| subject.name() != plan[0].0.name());
    let header = ["mutant", "rule", "must violate", "caught", "steps", "states", "seconds"];
    let mut table = table(are_several.then_some("model").into_iter().chain(header));
    let (mut caught, mut worst) = (0, Verdict::Good);
    for (subject, mutant) in &plan {
        let limits = limits(&args.limits, start, &interrupt);
        let summary = watched(mutant.name.into(), limits, |limits| subject.check_mutant(mutant, limits));
        let summary = summary.map_err(|reason| Refused::Bounds { model: subject.name(), reason })?;
        let trace = trace(&summary, mutant);
        match trace {
            Some(_) => caught += 1,
            None if summary.cut.is_some() => worst = worst.max(Verdict::Incomplete),
            None => worst = Verdict::Bad,
        }
        if args.output.json {
            writeln!(stdout(), "{}", to_json(*subject, mutant, &summary))?;
        }
        if let (Some(folder), Some(trace)) = (&args.output.trace_out, trace) {
            save(folder, &format!("{}-{}", subject.name(), mutant.name), trace)?;
        }
        let model = are_several.then(|| Cell::new(subject.name()));
        table.add_row(model.into_iter().chain(row(mutant, &summary)));
        if let (Some(trace), Some(_), false) = (trace, &args.mutant, args.output.json) {
            let title = format!("{} ({})", mutant.name, mutant.bounds);
            tell(&title, mutant.expected, trace, args.output.trace_out.as_deref())?;
        }
        if interrupt.load(Ordering::Relaxed) {
            worst = worst.max(Verdict::Incomplete);
            break;
        }
    }
    if !args.output.json {
        writeln!(
            stdout(),
            "{table}\n{caught} of {} mutants caught, each by the property named for it",
            plan.len()
        )?;
    }
    Ok(worst)
}

fn plan(args: &MutantsArgs) -> Result<Vec<(&'static dyn Subject, MutantInfo)>, Refused> {
    let subjects = subjects(&args.models)?;
    let all =
        subjects.iter().flat_map(|subject| subject.mutants().into_iter().map(|mutant| (*subject, mutant)));
    let all: Vec<_> = all.collect();
    let Some(name) = &args.mutant else { return Ok(all) };
    let known = all.iter().map(|(_, mutant)| mutant.name).collect();
    let named: Vec<_> = all.into_iter().filter(|(_, mutant)| mutant.name == name).collect();
    if named.is_empty() {
        let model = subjects.iter().map(|subject| subject.name()).collect::<Vec<_>>().join(", ");
        return Err(Refused::Mutant { model, name: name.clone(), known });
    }
    Ok(named)
}

/// How the property that must catch the mutant is violated, if it is.
fn trace<'a>(summary: &'a Summary, mutant: &MutantInfo) -> Option<&'a Counterexample> {
    summary.properties.iter().find(|property| property.name == mutant.expected)?.trace.as_ref()
}

fn row(mutant: &MutantInfo, summary: &Summary) -> [Cell; 7] {
    let trace = trace(summary, mutant);
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    [
        Cell::new(mutant.name),
        Cell::new(mutant.rule),
        Cell::new(mutant.expected),
        Cell::new(match (trace, summary.cut) {
            (Some(_), _) => "yes",
            (None, Some(_)) => "unknown",
            (None, None) => "NO",
        }),
        right(trace.map_or_else(String::new, |trace| trace.steps.to_string())),
        right(grouped(summary.progress.unique_states)),
        right(format!("{:.2}", summary.progress.elapsed.as_secs_f64())),
    ]
}

fn to_json(subject: &dyn Subject, mutant: &MutantInfo, summary: &Summary) -> serde_json::Value {
    let trace = trace(summary, mutant);
    let others = summary.properties.iter().find(|p| p.status == Status::Violated).map(|p| p.name);
    json!({
        "mutant": mutant.name,
        "model": subject.name(),
        "bounds": mutant.bounds.to_string(),
        "rule": mutant.rule,
        "expected": mutant.expected,
        "caught_by": trace.map(|_| mutant.expected).or(others),
        "depth": trace.map(|trace| trace.steps),
        "unique_states": summary.progress.unique_states,
        "seconds": summary.progress.elapsed.as_secs_f64(),
        "caught": trace.is_some(),
    })
}
