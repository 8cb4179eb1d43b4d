//! `althing check`.

use std::io::{Write, stdout};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytesize::ByteSize;
use comfy_table::{Attribute, Cell, CellAlignment, Color};
use serde_json::{Value, json};

use super::agreement::{Agreement, Difference, compare};
use super::progress::Watch;
use super::{
    CheckArgs, OutputArgs, Refused, Verdict, grouped, interrupt, limits, list, memory_limit, plan, subjects,
    table,
};
use crate::bounds::Bounds;
use crate::check::{Searcher, Status};
use crate::limits::Limits;
use crate::subject::{Counterexample, PropertySummary, Subject, Summary};

/// Bounds, explored by one search, or by two that are compared.
struct Explored {
    model: &'static str,
    profile: String,
    bounds: Bounds,
    runs: Vec<Run>,
    agreement: Option<Agreement>,
}

/// One exploration and what came of it.
struct Run {
    searcher: Searcher,
    summary: Summary,
}

pub(super) fn run(args: &CheckArgs) -> Result<Verdict, Refused> {
    let chosen = subjects(&args.models)?;
    if args.list {
        return list::print(&chosen, args.output.json).map(|()| Verdict::Good);
    }
    let plan = plan(&chosen, !args.models.is_empty(), &args.bounds)?;
    if !args.force {
        plan.iter().try_for_each(|(subject, _, bounds)| refuse_too_large(*subject, bounds, args))?;
    }
    if let Some(folder) = &args.output.trace_out {
        make_folder(folder)?;
    }
    let (start, interrupt) = (Instant::now(), interrupt());
    let (mut all, planned) = (Vec::new(), plan.len());
    for (subject, profile, bounds) in plan {
        let mut runs = Vec::new();
        for &searcher in args.engine.searchers() {
            let name = if profile == "custom" { subject.name() } else { &profile };
            let title = format!("{name} by {}", searcher.name());
            let limits = limits(&args.limits, start, &interrupt);
            let summary = watched(title, limits, |limits| subject.check(&bounds, searcher, limits));
            let summary = summary.map_err(|reason| Refused::Bounds { model: subject.name(), reason })?;
            runs.push(Run { searcher, summary });
        }
        let agreement = match &runs[..] {
            [althing, stateright] => Some(compare(&althing.summary, &stateright.summary)),
            _ => None,
        };
        let explored = Explored { model: subject.name(), profile, bounds, runs, agreement };
        publish(&explored, &args.output)?;
        all.push(explored);
        if interrupt.load(Ordering::Relaxed) {
            break;
        }
    }
    if !args.output.json {
        report(&all, planned, args.output.trace_out.as_deref())?;
    }
    // What was not even begun is not known to be good.
    let least = if all.len() < planned { Verdict::Incomplete } else { Verdict::Good };
    Ok(all.iter().map(Explored::verdict).fold(least, Verdict::max))
}

impl Explored {
    fn verdict(&self) -> Verdict {
        let differ = self.agreement.as_ref().is_some_and(|agreement| agreement.agrees == Some(false));
        let worst = self.runs.iter().map(|run| verdict(&run.summary)).max();
        if differ { Verdict::Bad } else { worst.unwrap_or(Verdict::Good) }
    }

    fn title(&self) -> String {
        format!("{} {} ({})", self.model, self.profile, self.bounds)
    }
}

/// What is known as soon as these bounds are explored: lines of JSON, and files of traces.
fn publish(explored: &Explored, output: &OutputArgs) -> Result<(), Refused> {
    for run in &explored.runs {
        if output.json {
            writeln!(stdout(), "{}", to_json(explored, run))?;
        }
        let Some(folder) = &output.trace_out else { continue };
        let by = match run.searcher {
            Searcher::Althing => "",
            Searcher::Stateright => "-stateright",
        };
        let traces = run.summary.properties.iter().filter_map(|p| Some((p.name, p.trace.as_ref()?)));
        for (property, trace) in traces {
            save(folder, &format!("{}-{}-{property}{by}", explored.model, explored.profile), trace)?;
        }
    }
    Ok(())
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

/// Bytes that an exploration holds for each state at its largest, about: tables, queue, and what the
/// kit remembers of machines and messages.
///
/// Rounded up from the peak of the process (`ru_maxrss`) with two threads, divided by the states
/// of `three-terms-check-quorum` (0.6 M), `faults-both` (0.8 M), `five-servers-crash` (0.9 M) and
/// `counted-faults-two-terms` (6.7 M): by althing 68, 67, 70 and 56, and 46 of `four-terms`
/// (19.3 M); by stateright 128, 118, 117 and 122.
fn bytes_a_state(searcher: Searcher) -> f64 {
    match searcher {
        Searcher::Althing => 80.0,
        Searcher::Stateright => 150.0,
    }
}

/// Refuses bounds that would fill the memory, before hours go into them.
fn refuse_too_large(subject: &dyn Subject, bounds: &Bounds, args: &CheckArgs) -> Result<(), Refused> {
    let Some(limit) = memory_limit(&args.limits) else { return Ok(()) };
    let states = subject.estimate(bounds);
    let bytes = args.engine.searchers().iter().map(|s| bytes_a_state(*s)).fold(0.0, f64::max);
    let needed = states * bytes;
    if needed <= limit as f64 {
        return Ok(());
    }
    Err(Refused::TooLarge {
        model: subject.name(),
        bounds: bounds.clone(),
        states,
        needed: if needed < 1e18 { ByteSize(needed as u64).to_string() } else { "over 1 EB".into() },
        limit: ByteSize(limit),
        advice: subject.advice(bounds, limit as f64 / bytes),
    })
}

fn to_json(explored: &Explored, Run { searcher, summary }: &Run) -> Value {
    let properties: Vec<_> = summary.properties.iter().map(property_json).collect();
    let mut line = json!({
        "model": explored.model,
        "profile": explored.profile,
        "bounds": explored.bounds.to_string(),
        "engine": searcher.name(),
        "states": summary.progress.states,
        "unique_states": summary.progress.unique_states,
        "max_depth": summary.progress.depth,
        "seconds": summary.progress.elapsed.as_secs_f64(),
        "memory": summary.progress.memory,
        "table_bytes": summary.table_bytes,
        "complete": summary.cut.is_none(),
        "incomplete": summary.cut.map(|cut| cut.to_string()),
        "symmetry": summary.symmetry,
        "collision_bound": summary.collision_bound,
        "properties": properties,
        "transitions_uncovered": summary.transitions_uncovered,
        "ok": summary.ok,
    });
    if let Some(Agreement { agrees, differences }) = &explored.agreement {
        line["agrees"] = json!(agrees);
        let difference =
            |d: &Difference| json!({ "figure": d.figure, "althing": d.althing, "stateright": d.stateright });
        line["differences"] = differences.iter().map(difference).collect();
    }
    line
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
fn report(all: &[Explored], planned: usize, folder: Option<&Path>) -> Result<(), Refused> {
    let is_compared = all.iter().any(|explored| explored.agreement.is_some());
    let mut header =
        vec!["model", "profile", "states", "depth", "seconds", "invariants", "witnesses", "verdict"];
    if is_compared {
        header.insert(2, "engine");
    }
    let mut table = table(header);
    for (explored, run) in
        all.iter().flat_map(|explored| explored.runs.iter().map(move |run| (explored, run)))
    {
        let mut row = row(explored, run);
        if is_compared {
            row.insert(2, Cell::new(run.searcher.name()));
        }
        table.add_row(row);
    }
    let mut out = stdout();
    writeln!(out, "{table}")?;
    for explored in all {
        explain(explored, folder)?;
    }
    let runs = || all.iter().flat_map(|explored| &explored.runs);
    let seconds: f64 = runs().map(|run| run.summary.progress.elapsed.as_secs_f64()).sum();
    let is_ok = |explored: &&Explored| explored.runs.iter().all(|run| run.summary.ok);
    let complete = all.iter().filter(is_ok).count();
    writeln!(
        out,
        "{complete} of {planned} explored completely, with every property true, in {seconds:.1} s. What the profiles cover: althing check --list"
    )?;
    if is_compared {
        let agree = all.iter().filter_map(|explored| explored.agreement.as_ref()?.agrees);
        let agree = agree.filter(|agrees| *agrees).count();
        writeln!(out, "The engines agree on {agree} of {planned}.")?;
    }
    Ok(())
}

fn row(explored: &Explored, Run { summary, .. }: &Run) -> Vec<Cell> {
    let count = |is_witness, good: Status| {
        let of_kind = summary.properties.iter().filter(|p| p.is_witness == is_witness);
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
    vec![
        Cell::new(explored.model),
        Cell::new(&explored.profile),
        right(grouped(summary.progress.unique_states)),
        right(summary.progress.depth.to_string()),
        right(format!("{:.2}", summary.progress.elapsed.as_secs_f64())),
        Cell::new(count(false, Status::Holds)),
        Cell::new(count(true, Status::Witnessed)),
        verdict_cell(summary),
    ]
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

/// What is wrong, and how it comes about.
fn explain(explored: &Explored, folder: Option<&Path>) -> Result<(), Refused> {
    let mut out = stdout();
    let title = explored.title();
    for Run { searcher, summary } in &explored.runs {
        let title = match explored.agreement {
            Some(_) => format!("{title} by {}", searcher.name()),
            None => title.clone(),
        };
        for property in &summary.properties {
            if property.status == Status::Unwitnessed {
                writeln!(out, "{title}: there is never {}", property.name)?;
            }
            if let Some(trace) = &property.trace {
                tell(&title, property.name, trace, folder)?;
            }
        }
        if summary.cut.is_none() && !summary.transitions_uncovered.is_empty() {
            writeln!(out, "{title}: never taken: {}", summary.transitions_uncovered.join("; "))?;
        }
    }
    for difference in explored.agreement.iter().flat_map(|agreement| &agreement.differences) {
        writeln!(out, "{title}: the engines differ in {difference}")?;
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
