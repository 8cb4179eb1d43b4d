//! `althing replay`.

use std::fs::File;
use std::io::{BufReader, Write, stdout};

use serde_json::json;

use super::{Refused, ReplayArgs, Verdict, subject};
use crate::subject::ReplayError;
use crate::trace::{Replay, read_header};

pub(super) fn run(args: &ReplayArgs) -> Result<Verdict, Refused> {
    let path = args.trace.display().to_string();
    let refused = |reason: String| Refused::File { path: path.clone(), reason };
    let mut file = BufReader::new(File::open(&args.trace).map_err(|error| refused(error.to_string()))?);
    let header = read_header(&mut file).map_err(|error| refused(error.to_string()))?;
    let subject = subject(&header.model)?;
    let (steps, wrong) = match subject.replay(&header, &mut file) {
        Ok(Replay { steps, violation: None }) => {
            // A trace that says that it violates something must.
            let missed =
                header.property.as_ref().map(|p| format!("it says that {p} is violated, but it is not"));
            (Some(steps), missed)
        }
        Ok(Replay { steps, violation: Some((step, names)) }) => {
            (Some(steps), Some(format!("{} violated after step {step}", names.join(", "))))
        }
        Err(ReplayError::Nonconformance(reason)) => (None, Some(format!("does not conform: {reason}"))),
        Err(error) => return Err(refused(error.to_string())),
    };
    let (conforms, ok) = (steps.is_some(), wrong.is_none());
    if args.json {
        let line = json!({
            "trace": path, "model": header.model, "bounds": header.bounds, "mutant": header.mutant,
            "steps": steps, "conforms": conforms, "reason": wrong, "ok": ok,
        });
        writeln!(stdout(), "{line}")?;
    } else {
        let done = steps.map_or_else(String::new, |steps| format!("{steps} steps conform; "));
        writeln!(stdout(), "{path}: {done}{}", wrong.as_deref().unwrap_or("no invariant is violated"))?;
    }
    Ok(if ok { Verdict::Good } else { Verdict::Bad })
}
