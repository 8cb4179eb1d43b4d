//! `althing replay`.

use std::fs::File;
use std::io::{BufReader, Write, stdout};

use serde_json::json;

use super::{Refused, ReplayArgs, Verdict, subject};
use crate::subject::ReplayError;
use crate::trace::{Header, Replay, read_header};

pub(super) fn run(args: &ReplayArgs) -> Result<Verdict, Refused> {
    let path = args.trace.display().to_string();
    let refused = |reason: String| Refused::File { path: path.clone(), reason };
    let mut file = BufReader::new(File::open(&args.trace).map_err(|error| refused(error.to_string()))?);
    let header = read_header(&mut file).map_err(|error| refused(error.to_string()))?;
    let subject = subject(&header.model)?;
    let (done, wrong) = match subject.replay(&header, &mut file) {
        Ok(replay) => {
            let wrong = what_is_wrong(&header, &replay);
            (Some(replay), wrong)
        }
        Err(ReplayError::Nonconformance(reason)) => (None, Some(format!("does not conform: {reason}"))),
        Err(error) => return Err(refused(error.to_string())),
    };
    let (conforms, ok) = (done.is_some(), wrong.is_none());
    if args.json {
        let line = json!({
            "trace": path, "model": header.model, "bounds": header.bounds, "mutant": header.mutant,
            "steps": done.as_ref().map(|replay| replay.steps),
            "cycle": done.as_ref().and_then(|replay| replay.cycle),
            "conforms": conforms, "reason": wrong, "ok": ok,
        });
        writeln!(stdout(), "{line}")?;
    } else {
        let done = done.map_or_else(String::new, |replay| what_was_done(&replay));
        writeln!(stdout(), "{path}: {done}{}", wrong.as_deref().unwrap_or("no invariant is violated"))?;
    }
    Ok(if ok { Verdict::Good } else { Verdict::Bad })
}

fn what_is_wrong(header: &Header, replay: &Replay) -> Option<String> {
    match (&replay.violation, &header.property) {
        (_, Some(property)) if replay.misses_goal => Some(format!("{property} violated")),
        (Some((step, names)), _) => Some(format!("{} violated after step {step}", names.join(", "))),
        // A trace that says that it violates something must.
        (None, Some(property)) => Some(format!("it says that {property} is violated, but it is not")),
        (None, None) => None,
    }
}

fn what_was_done(replay: &Replay) -> String {
    let steps = replay.steps;
    let mut text = format!("{steps} steps conform; ");
    if let Some(start) = replay.cycle {
        text += &match start {
            0 => format!("after step {steps} the state is the initial one: all repeat for ever; "),
            _ => format!(
                "after step {steps} the state is that after step {start}: the last {} repeat for ever; ",
                steps - start as u64
            ),
        };
    } else if replay.misses_goal {
        text += "nothing can happen any more; ";
    }
    text
}
