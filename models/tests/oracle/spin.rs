//! Spin on `models/oracle/election.pml`: what it finds within the bounds of `raft-election`.
//!
//! For tests that compare what is found and benches that compare how fast: a [`Verifier`] is
//! compiled once and run as often as you like. Needs Spin (Debian's package `spin`) and a C
//! compiler.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use althing_models::bounds::Bounds;

const TEXT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/oracle/election.pml");

/// How `pan.c` is compiled: every state is kept as it is, no part of the search is left out, and
/// at most so many mebibytes are used.
const CFLAGS: [&str; 6] = ["-O2", "-w", "-DSAFETY", "-DNOREDUCE", "-DNOFAIR", "-DMEMLIM=4096"];

/// How the verifier runs: a path longer than this is an error, and the hash table has 2 to this
/// many slots. Messages only accumulate, so the longest path has a few hundred steps.
const OPTIONS: [&str; 3] = ["-b", "-m10000", "-w22"];

/// A bound of `raft-election`, what the text calls it, and the values that the text knows.
const MACROS: [(&str, &str, std::ops::RangeInclusive<u64>); 6] = [
    ("nodes", "N", 2..=5),
    ("terms", "TERMS", 1..=4),
    ("crashes", "CRASHES", 0..=254),
    ("reduce", "REDUCE", 0..=1),
    ("pre_vote", "PRE_VOTE", 0..=1),
    ("check_quorum", "CHECK_QUORUM", 0..=1),
];

/// Bounds of `raft-election` that the text does not know, and the value that it stands for.
const FIXED: [(&str, u64); 6] =
    [("credentials", 1), ("symmetry", 0), ("in_flight", 0), ("losses", 0), ("duplicates", 0), ("cuts", 0)];

/// The rule that the text leaves out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mutant {
    Nothing = 0,
    OneVoteATerm = 1,
    VotesOutliveARestart = 2,
}

/// How many verifiers this process has compiled.
static COMPILED: AtomicUsize = AtomicUsize::new(0);

/// A compiled verifier, until it is dropped.
#[derive(Debug)]
pub(crate) struct Verifier {
    folder: PathBuf,
}

/// What a verifier found.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Found {
    /// Distinct states: all there are, unless the search ended at a violation.
    pub(crate) states: usize,
    /// Steps out of these states.
    pub(crate) transitions: usize,
    /// Whether the assertion of Election Safety was violated, where the search ended.
    pub(crate) violated: bool,
    /// From the start of the process to its end.
    pub(crate) elapsed: Duration,
}

/// Everything there is within these bounds.
pub(crate) fn explore(bounds: &Bounds) -> Found {
    Verifier::compile(bounds, Mutant::Nothing).run()
}

impl Verifier {
    /// Lets Spin write the verifier, and compiles it, in a folder of its own.
    ///
    /// # Panics
    /// If the text does not know these bounds, or `spin` or `cc` is missing or fails.
    pub(crate) fn compile(bounds: &Bounds, mutant: Mutant) -> Self {
        for (bound, value) in FIXED {
            assert_eq!(bounds.get(bound), value, "the text knows no other `{bound}`");
        }
        let mut macros = vec![format!("-DMUTANT={}", mutant as u8)];
        for (bound, name, known) in MACROS {
            let value = bounds.get(bound);
            assert!(known.contains(&value), "the text does not know {bound}={value}");
            macros.push(format!("-D{name}={value}"));
        }
        let number = COMPILED.fetch_add(1, Ordering::Relaxed);
        let folder = format!("oracle-{}-{number}", process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
        fs::create_dir_all(&folder).expect("a folder for the verifier");
        output(Command::new("spin").arg("-a").args(macros).arg(TEXT).current_dir(&folder));
        output(Command::new("cc").args(CFLAGS).args(["-o", "pan", "pan.c"]).current_dir(&folder));
        Self { folder }
    }

    /// Explores everything, with one thread.
    ///
    /// # Panics
    /// If anything was left out, except after a violation.
    pub(crate) fn run(&self) -> Found {
        let start = Instant::now();
        // Not `./pan`, which would be looked for where this process is.
        let report = output(Command::new(self.folder.join("pan")).args(OPTIONS).current_dir(&self.folder));
        let elapsed = start.elapsed();
        let violated = report.contains("assertion violated");
        let complete = report.contains("errors: 0")
            && !report.contains("Search not completed")
            && !report.contains("max search depth too small");
        assert!(violated || complete, "the search left something out:\n{report}");
        Found {
            states: number_before(&report, "states, stored"),
            transitions: number_before(&report, "transitions"),
            violated,
            elapsed,
        }
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        // What cannot be removed stays among Cargo's temporary files, where it harms nobody.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{command:?} failed:\n{text}");
    text
}

/// The number of a line such as `    14610 states, stored`.
fn number_before(report: &str, what: &str) -> usize {
    let line = report.lines().find(|line| line.contains(what));
    let number = line.and_then(|line| line.split_whitespace().next()).and_then(|word| word.parse().ok());
    number.unwrap_or_else(|| panic!("no number of {what}:\n{report}"))
}
