use althing_models::{bounds::*, check::*, election::KEYS, subject::*};
use std::sync::Arc;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let s = SUBJECTS[0];
    if a[1] == "mutants" {
        for m in s.mutants() {
            let r = s
                .check_mutant(
                    &m,
                    &Limits { time: Some(std::time::Duration::from_secs(60)), ..Default::default() },
                )
                .unwrap();
            let p = r.properties.iter().find(|p| p.name == m.expected).unwrap();
            println!(
                "{:28} {:18} {:?} steps {:?} unique {} {:?} others {:?}",
                m.name,
                m.expected,
                p.status,
                p.trace.as_ref().map(|t| t.steps),
                r.progress.unique_states,
                r.progress.elapsed,
                r.properties
                    .iter()
                    .filter(|p| p.status == Status::Violated)
                    .map(|p| p.name)
                    .collect::<Vec<_>>()
            );
            if a.len() > 2 && a[2] == m.name {
                println!("{}\n{}", p.trace.as_ref().unwrap().story, p.trace.as_ref().unwrap().mermaid);
            }
        }
        return;
    }
    for b in &a[1..] {
        let b = Bounds::new(&KEYS).parse(b).unwrap();
        let r = s
            .check(
                &b,
                &Limits {
                    watch: None,
                    time: Some(std::time::Duration::from_secs(100)),
                    ..Default::default()
                },
            )
            .unwrap();
        println!(
            "{b}\n  {} states {} unique depth {} {:?} cut {:?} mem {:?}M ok {} bad {:?} uncovered {:?}",
            r.progress.states,
            r.progress.unique_states,
            r.progress.depth,
            r.progress.elapsed,
            r.cut,
            r.progress.memory.map(|m| m >> 20),
            r.ok,
            r.properties
                .iter()
                .filter(|p| !matches!(p.status, Status::Holds | Status::Witnessed))
                .map(|p| (p.name, p.status.name()))
                .collect::<Vec<_>>(),
            r.transitions_uncovered
        );
        for p in r.properties {
            if let Some(t) = p.trace {
                println!("{}: \n{}", p.name, t.story);
            }
        }
    }
}
