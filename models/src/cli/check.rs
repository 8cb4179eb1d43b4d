//! `althing check`.

use std::io::{Write, stdout};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytesize::ByteSize;
use comfy_table::{Attribute, Cell, CellAlignment, Color};
use serde_json::{Value, json};

use super::progress::Watch;
use super::{
    CheckArgs, LimitArgs, Refused, Verdict, grouped, interrupt, limits, memory_limit, profiles, subjects,
    table,
};
use crate::bounds::Bounds;
use crate::check::Status;
use crate::limits::Limits;
use crate::subject::{Counterexample, PropertySummary, Subject, Summary};

/// Bytes that an exploration holds for each state, about: stateright's table and queue, and
/// what the kit remembers.
const BYTES_A_STATE: f64 = 250.0;

/// One exploration and what came of it.
struct Run {
    model: &'static str,
    profile: String,
    bounds: Bounds,
    summary: Summary,
}

pub(super) fn run(args: &CheckArgs) -> Result<Verdict, Refused> {
    let chosen = subjects(&args.models)?;
    if args.list {
        return list(&chosen, args.output.json).map(|()| Verdict::Good);
    }
    let mut plan = Vec::new();
    for subject in chosen {
        for (profile, bounds) in profiles(subject, &args.bounds)? {
            refuse_too_large(subject, &bounds, &args.limits)?;
            plan.push((subject, profile, bounds));
        }
    }
    if let Some(folder) = &args.output.trace_out {
        make_folder(folder)?;
    }
    let (start, interrupt) = (Instant::now(), interrupt());
    let mut runs = Vec::new();
    for (subject, profile, bounds) in plan {
        let title = if profile == "custom" { subject.name().to_owned() } else { profile.clone() };
        let limits = limits(&args.limits, start, &interrupt);
        let summary = watched(title, limits, |limits| subject.check(&bounds, limits));
        let summary = summary.map_err(|reason| Refused::Bounds { model: subject.name(), reason })?;
        let run = Run { model: subject.name(), profile, bounds, summary };
        if args.output.json {
            writeln!(stdout(), "{}", to_json(&run))?;
        }
        if let Some(folder) = &args.output.trace_out {
            let traces = run.summary.properties.iter().filter_map(|p| Some((p.name, p.trace.as_ref()?)));
            for (property, trace) in traces {
                save(folder, &format!("{}-{}-{property}", run.model, run.profile), trace)?;
            }
        }
        runs.push(run);
        if interrupt.load(Ordering::Relaxed) {
            break;
        }
    }
    if !args.output.json {
        report(&runs, args.output.trace_out.as_deref())?;
    }
    Ok(runs.iter().map(|run| verdict(&run.summary)).max().unwrap_or(Verdict::Good))
}

/// Runs an exploration with its progress shown.
pub(super) fn watched<T>(title: String, limits: Limits, explore: impl FnOnce(&Limits) -> T) -> T {
    let watch = Watch::new(title);
    let shown = Arc::clone(&watch);
    let outcome = explore(&Limits { watch: Some(Arc::new(move |progress| shown.show(progress))), ..limits });
    watch.clear();
    outcome
}

fn verdict(summary: &Summary) -> Verdict {
    let found = |status| summary.properties.iter().any(|property| property.status == status);
    if found(Status::Violated) || found(Status::Unwitnessed) {
        Verdict::Bad
    } else if summary.cut.is_some() {
        Verdict::Incomplete
    } else if summary.ok {
        Verdict::Good
    } else {
        Verdict::Bad
    }
}

/// Refuses bounds that would fill the memory, before hours go into them.
fn refuse_too_large(subject: &dyn Subject, bounds: &Bounds, args: &LimitArgs) -> Result<(), Refused> {
    let Some(limit) = memory_limit(args) else { return Ok(()) };
    let states = subject.estimate(bounds);
    let needed = states * BYTES_A_STATE;
    if needed <= limit as f64 {
        return Ok(());
    }
    Err(Refused::TooLarge {
        model: subject.name(),
        bounds: bounds.clone(),
        states,
        needed: if needed < 1e18 { ByteSize(needed as u64).to_string() } else { "over 1 EB".into() },
        limit: ByteSize(limit),
        advice: subject.advice(bounds, limit as f64 / BYTES_A_STATE),
    })
}

fn to_json(run: &Run) -> Value {
    let Run { model, profile, bounds, summary } = run;
    let properties: Vec<_> = summary.properties.iter().map(property_json).collect();
    json!({
        "model": model,
        "profile": profile,
        "bounds": bounds.to_string(),
        "states": summary.progress.states,
        "unique_states": summary.progress.unique_states,
        "max_depth": summary.progress.depth,
        "seconds": summary.progress.elapsed.as_secs_f64(),
        "memory": summary.progress.memory,
        "complete": summary.cut.is_none(),
        "incomplete": summary.cut.map(|cut| cut.to_string()),
        "symmetry": summary.symmetry,
        "collision_bound": summary.collision_bound,
        "properties": properties,
        "transitions_uncovered": summary.transitions_uncovered,
        "ok": summary.ok,
    })
}

fn property_json(property: &PropertySummary) -> Value {
    let kind = if property.is_witness { "sometimes" } else { "always" };
    let mut value = json!({ "name": property.name, "kind": kind, "status": property.status.name() });
    if let Some(trace) = &property.trace {
        let lines = trace.file.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        value["trace"] = lines.collect();
    }
    value
}

/// A table for people, then what is wrong, if anything is.
fn report(runs: &[Run], folder: Option<&Path>) -> Result<(), Refused> {
    let mut table =
        table(["model", "profile", "states", "depth", "seconds", "invariants", "witnesses", "verdict"]);
    for run in runs {
        let count = |is_witness, good| {
            let of_kind = run.summary.properties.iter().filter(|p| p.is_witness == is_witness);
            let (mut all, mut fine) = (0, 0);
            for property in of_kind {
                all += 1;
                fine += usize::from(property.status == good);
            }
            if all == fine {
                format!("{all} {}", good.name())
            } else {
                format!("{fine} of {all} {}", good.name())
            }
        };
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        table.add_row([
            Cell::new(run.model),
            Cell::new(&run.profile),
            right(grouped(run.summary.progress.unique_states)),
            right(run.summary.progress.depth.to_string()),
            right(format!("{:.2}", run.summary.progress.elapsed.as_secs_f64())),
            Cell::new(count(false, Status::Holds)),
            Cell::new(count(true, Status::Witnessed)),
            verdict_cell(&run.summary),
        ]);
    }
    let mut out = stdout();
    writeln!(out, "{table}")?;
    for run in runs {
        explain(run, folder)?;
    }
    let seconds: f64 = runs.iter().map(|run| run.summary.progress.elapsed.as_secs_f64()).sum();
    let complete = runs.iter().filter(|run| run.summary.ok).count();
    writeln!(
        out,
        "{complete} of {} explored completely, with every property true, in {seconds:.1} s. What the profiles cover: althing check --list",
        runs.len()
    )?;
    Ok(())
}

fn what_is_bad(summary: &Summary) -> &'static str {
    let found = |status| summary.properties.iter().any(|property| property.status == status);
    if found(Status::Violated) {
        "VIOLATED"
    } else if found(Status::Unwitnessed) {
        "UNWITNESSED"
    } else {
        "NOT COVERED"
    }
}

fn verdict_cell(summary: &Summary) -> Cell {
    let (text, color) = match verdict(summary) {
        Verdict::Good => ("COMPLETE".into(), Color::Green),
        Verdict::Bad => (what_is_bad(summary).into(), Color::Red),
        Verdict::Incomplete => {
            (summary.cut.map_or_else(String::new, |cut| format!("INCOMPLETE ({cut})")), Color::Yellow)
        }
    };
    Cell::new(text).fg(color).add_attribute(Attribute::Bold)
}

/// What is wrong with a run, and how it comes about.
fn explain(run: &Run, folder: Option<&Path>) -> Result<(), Refused> {
    let mut out = stdout();
    let title = format!("{} {} ({})", run.model, run.profile, run.bounds);
    for property in &run.summary.properties {
        if property.status == Status::Unwitnessed {
            writeln!(out, "{title}: there is never {}", property.name)?;
        }
        if let Some(trace) = &property.trace {
            tell(&title, property.name, trace, folder)?;
        }
    }
    if run.summary.cut.is_none() && !run.summary.transitions_uncovered.is_empty() {
        writeln!(out, "{title}: never taken: {}", run.summary.transitions_uncovered.join("; "))?;
    }
    Ok(())
}

/// A counterexample for people.
pub(super) fn tell(
    title: &str,
    property: &str,
    trace: &Counterexample,
    folder: Option<&Path>,
) -> Result<(), Refused> {
    let mut out = stdout();
    let when = match trace.cycle {
        None => format!("after {} steps", trace.steps),
        Some(cycle) => format!("by {} steps that repeat for ever after {cycle}", trace.steps - cycle),
    };
    writeln!(out, "\n{title}: {property} is violated {when}:\n\n{}", trace.story)?;
    match folder {
        Some(folder) => writeln!(out, "To run again, and as diagrams: see {}", folder.display())?,
        None => writeln!(out, "{}", trace.mermaid)?,
    }
    Ok(())
}

pub(super) fn make_folder(folder: &Path) -> Result<(), Refused> {
    let refused = |error: std::io::Error| Refused::File {
        path: folder.display().to_string(),
        reason: error.to_string(),
    };
    std::fs::create_dir_all(folder).map_err(refused)
}

/// Writes a counterexample in every form.
pub(super) fn save(folder: &Path, name: &str, trace: &Counterexample) -> Result<(), Refused> {
    for (ending, text) in trace.files() {
        let path = folder.join(format!("{name}.{ending}"));
        let refused = |error: std::io::Error| Refused::File {
            path: path.display().to_string(),
            reason: error.to_string(),
        };
        std::fs::write(&path, text).map_err(refused)?;
    }
    Ok(())
}

/// `--list`: everything that can be named.
fn list(subjects: &[&'static dyn Subject], as_json: bool) -> Result<(), Refused> {
    let mut out = stdout();
    for subject in subjects {
        if as_json {
            writeln!(out, "{}", list_json(*subject))?;
            continue;
        }
        writeln!(out, "{}: {}", subject.name(), subject.about())?;
        writeln!(out, "  bounds:")?;
        for key in subject.keys() {
            writeln!(
                out,
                "    {:<14} {}..{}, {} by default: {}",
                key.name, key.min, key.max, key.default, key.about
            )?;
        }
        for (set, profiles) in [("quick", subject.quick()), ("full", subject.full())] {
            writeln!(out, "  profiles, {set}:")?;
            for (name, bounds) in profiles {
                writeln!(out, "    {name:<22} {bounds}")?;
            }
        }
        writeln!(out, "  mutants:")?;
        for mutant in subject.mutants() {
            writeln!(out, "    {:<26} {}; must violate {}", mutant.name, mutant.rule, mutant.expected)?;
        }
    }
    Ok(())
}

fn list_json(subject: &dyn Subject) -> Value {
    let profiles = |profiles: Vec<(&'static str, Bounds)>| -> Value {
        profiles.iter().map(|(name, bounds)| json!({ "name": name, "bounds": bounds.to_string() })).collect()
    };
    let keys = subject.keys().iter();
    let mutants = subject.mutants();
    json!({
        "model": subject.name(),
        "about": subject.about(),
        "bounds": keys.map(|key| json!({
            "key": key.name, "min": key.min, "max": key.max, "default": key.default, "about": key.about,
        })).collect::<Value>(),
        "quick": profiles(subject.quick()),
        "full": profiles(subject.full()),
        "mutants": mutants.iter().map(|mutant| json!({
            "mutant": mutant.name, "rule": mutant.rule, "expected": mutant.expected, "bounds": mutant.bounds.to_string(),
        })).collect::<Value>(),
    })
}
