//! `althing check --list`.

use std::io::{Write, stdout};

use serde_json::{Value, json};

use super::Refused;
use crate::bounds::Bounds;
use crate::subject::{MutantInfo, Subject};

/// Everything that can be named.
pub(super) fn print(subjects: &[&'static dyn Subject], as_json: bool) -> Result<(), Refused> {
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
        for (set, profiles) in
            [("quick", subject.quick()), ("full", subject.full()), ("liveness", subject.liveness_profiles())]
        {
            writeln!(out, "  profiles, {set}:")?;
            for (name, bounds) in profiles {
                writeln!(out, "    {name:<26} {bounds}")?;
            }
        }
        for (set, mutants, must) in [
            ("mutants", subject.mutants(), "violate"),
            ("mutants, liveness", subject.liveness_mutants(), "miss"),
        ] {
            writeln!(out, "  {set}:")?;
            for mutant in mutants {
                writeln!(out, "    {:<27} {}; must {must} {}", mutant.name, mutant.rule, mutant.expected)?;
            }
        }
    }
    Ok(())
}

fn list_json(subject: &dyn Subject) -> Value {
    let profiles = |profiles: Vec<(&'static str, Bounds)>| -> Value {
        profiles.iter().map(|(name, bounds)| json!({ "name": name, "bounds": bounds.to_string() })).collect()
    };
    let keys = subject.keys().iter();
    let mutants = |mutants: Vec<MutantInfo>| -> Value {
        let mutants = mutants.iter().map(|mutant| json!({
            "mutant": mutant.name, "rule": mutant.rule, "expected": mutant.expected, "bounds": mutant.bounds.to_string(),
        }));
        mutants.collect()
    };
    json!({
        "model": subject.name(),
        "about": subject.about(),
        "bounds": keys.map(|key| json!({
            "key": key.name, "min": key.min, "max": key.max, "default": key.default, "about": key.about,
        })).collect::<Value>(),
        "quick": profiles(subject.quick()),
        "full": profiles(subject.full()),
        "mutants": mutants(subject.mutants()),
        "liveness": profiles(subject.liveness_profiles()),
        "liveness_mutants": mutants(subject.liveness_mutants()),
    })
}
