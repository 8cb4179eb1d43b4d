//! `althing liveness`.

use std::io::{Write, stdout};
use std::sync::atomic::Ordering;
use std::time::Instant;

use comfy_table::{Cell, CellAlignment};
use serde_json::{Value, json};

use super::check::{make_folder, save, tell, watched};
use super::{LivenessArgs, Refused, Verdict, grouped, interrupt, limits, subjects, table};
use crate::bounds::Bounds;
use crate::check::Status;
use crate::subject::{GoalSummary, LivenessSummary, MutantInfo, Subject};

/// The shipped machine within some bounds, or a mutant of it.
struct Case {
    subject: &'static dyn Subject,
    name: &'static str,
    bounds: Bounds,
    mutant: Option<MutantInfo>,
}

pub(super) fn run(args: &LivenessArgs) -> Result<Verdict, Refused> {
    let plan = plan(args)?;
    if let Some(folder) = &args.output.trace_out {
        make_folder(folder)?;
    }
    let (start, interrupt) = (Instant::now(), interrupt());
    let mut table = table([
        "model",
        "profile or mutant",
        "faults end in",
        "states",
        "steps",
        "seconds",
        "goals",
        "verdict",
    ]);
    let (mut worst, mut stories) = (Verdict::Good, Vec::new());
    for case in &plan {
        let limits = limits(&args.limits, start, &interrupt);
        let Case { subject, name, bounds, mutant } = case;
        let summary =
            watched((*name).into(), limits, |limits| subject.check_liveness(bounds, mutant.as_ref(), limits));
        let summary = summary.map_err(|reason| Refused::Bounds { model: subject.name(), reason })?;
        let verdict = verdict(case, &summary);
        worst = worst.max(verdict);
        if args.output.json {
            writeln!(stdout(), "{}", to_json(case, &summary, verdict))?;
        }
        for goal in &summary.goals {
            let Some(trace) = &goal.trace else { continue };
            if let Some(folder) = &args.output.trace_out {
                save(folder, &format!("{}-{name}-{}", subject.name(), goal.name), trace)?;
            }
            if mutant.is_none() || args.mutant.is_some() {
                stories.push((format!("{name} ({bounds})"), goal.name, trace.clone()));
            }
        }
        table.add_row(row(case, &summary, verdict));
        if interrupt.load(Ordering::Relaxed) {
            worst = worst.max(Verdict::Incomplete);
            break;
        }
    }
    if !args.output.json {
        writeln!(stdout(), "{table}")?;
        for (title, goal, trace) in &stories {
            tell(title, goal, trace, args.output.trace_out.as_deref())?;
        }
    }
    Ok(worst)
}

/// The shipped machines, then the mutants; or the mutant that is named.
fn plan(args: &LivenessArgs) -> Result<Vec<Case>, Refused> {
    let subjects = subjects(&args.models)?;
    let mut plan = Vec::new();
    for subject in subjects.iter().copied() {
        let shipped = subject.liveness_profiles().into_iter();
        plan.extend(shipped.map(|(name, bounds)| Case { subject, name, bounds, mutant: None }));
        let mutants = subject.liveness_mutants().into_iter();
        plan.extend(mutants.map(|mutant| Case {
            subject,
            name: mutant.name,
            bounds: mutant.bounds.clone(),
            mutant: Some(mutant),
        }));
    }
    let Some(name) = &args.mutant else { return Ok(plan) };
    let (named, others): (Vec<_>, Vec<_>) =
        plan.into_iter().filter(|case| case.mutant.is_some()).partition(|case| case.name == name);
    if named.is_empty() {
        let model = subjects.iter().map(|subject| subject.name()).collect::<Vec<_>>().join(", ");
        let known = others.iter().map(|case| case.name).collect();
        return Err(Refused::Mutant { model, name: name.clone(), known });
    }
    Ok(named)
}

/// A goal that is missed is, whatever ended the check before it was complete.
fn verdict(case: &Case, summary: &LivenessSummary) -> Verdict {
    let mut missed = summary.goals.iter().filter(|goal| goal.status == Status::Violated);
    match &case.mutant {
        None if summary.ok => Verdict::Good,
        None if missed.next().is_some() => Verdict::Bad,
        Some(mutant) if missed.any(|goal| goal.name == mutant.expected) => Verdict::Good,
        None | Some(_) if summary.cut.is_some() => Verdict::Incomplete,
        None | Some(_) => Verdict::Bad,
    }
}

fn row(case: &Case, summary: &LivenessSummary, verdict: Verdict) -> [Cell; 8] {
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let goals = summary.goals.iter().map(|goal| match (goal.status, &goal.trace) {
        (Status::Violated, None) => format!("{} missed", goal.name),
        (Status::Violated, Some(trace)) => match trace.cycle {
            Some(cycle) => {
                format!("{} missed: {cycle} steps, then {} for ever", goal.name, trace.steps - cycle)
            }
            None => format!("{} missed: nothing happens any more", goal.name),
        },
        (status, _) => format!("{} {}", goal.name, status.name()),
    });
    [
        Cell::new(case.subject.name()),
        Cell::new(case.name),
        right(grouped(summary.ends)),
        right(grouped(summary.states)),
        right(grouped(summary.steps)),
        right(format!("{:.2}", summary.elapsed.as_secs_f64())),
        Cell::new(goals.collect::<Vec<_>>().join("\n")),
        Cell::new(match (verdict, &case.mutant) {
            (Verdict::Good, None) => "COMPLETE",
            (Verdict::Good, Some(_)) => "caught",
            (Verdict::Bad, None) => "VIOLATED",
            (Verdict::Bad, Some(_)) => "NOT CAUGHT",
            (Verdict::Incomplete, _) => "INCOMPLETE",
        }),
    ]
}

fn to_json(case: &Case, summary: &LivenessSummary, verdict: Verdict) -> Value {
    let goal = |goal: &GoalSummary| {
        let mut value = json!({
            "name": goal.name, "status": goal.status.name(), "states_without": goal.missing,
        });
        if let Some(trace) = &goal.trace {
            value["steps"] = trace.steps.into();
            value["cycle"] = trace.cycle.into();
            let lines = trace.file.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            value["trace"] = lines.collect();
        }
        value
    };
    json!({
        "model": case.subject.name(),
        "profile": case.mutant.is_none().then_some(case.name),
        "mutant": case.mutant.as_ref().map(|mutant| mutant.name),
        "expected": case.mutant.as_ref().map(|mutant| mutant.expected),
        "bounds": case.bounds.to_string(),
        "explored": summary.explored.unique_states,
        "faults_end_in": summary.ends,
        "unique_states": summary.states,
        "steps": summary.steps,
        "seconds": summary.elapsed.as_secs_f64(),
        "complete": summary.cut.is_none(),
        "incomplete": summary.cut.map(|cut| cut.to_string()),
        "goals": summary.goals.iter().map(goal).collect::<Value>(),
        "ok": verdict == Verdict::Good,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limits::{Cut, Progress};
    use crate::subject::SUBJECTS;

    fn verdict_on(mutant: Option<MutantInfo>, status: Status, cut: Option<Cut>) -> Verdict {
        let subject = SUBJECTS[0];
        let (name, bounds) = subject.liveness_profiles().swap_remove(0);
        let goal = GoalSummary { name: "LeaderEmerges", status, missing: 1, trace: None };
        let (states, elapsed) = (1, Duration::ZERO);
        let explored = Progress { states, unique_states: states, queue: 0, depth: 0, elapsed, memory: None };
        let ok = status == Status::Holds && cut.is_none();
        let summary =
            LivenessSummary { explored, ends: 1, states, steps: 1, cut, elapsed, goals: vec![goal], ok };
        verdict(&Case { subject, name, bounds, mutant }, &summary)
    }

    #[test]
    fn a_goal_that_is_missed_is_so_also_if_a_limit_ended_the_check() {
        for cut in [None, Some(Cut::Bounds), Some(Cut::Time)] {
            assert_eq!(verdict_on(None, Status::Violated, cut), Verdict::Bad);
            for mutant in SUBJECTS[0].liveness_mutants() {
                let is_caught = mutant.expected == "LeaderEmerges";
                let otherwise = if cut.is_some() { Verdict::Incomplete } else { Verdict::Bad };
                let expected = if is_caught { Verdict::Good } else { otherwise };
                assert_eq!(verdict_on(Some(mutant), Status::Violated, cut), expected);
            }
        }
        assert_eq!(verdict_on(None, Status::Unknown, Some(Cut::Bounds)), Verdict::Incomplete);
        assert_eq!(verdict_on(None, Status::Holds, None), Verdict::Good);
    }
}
