//! How fast one election is explored, side by side, as a table for each of some bounds:
//!
//! `cargo bench -p althing-models --bench checker`
//!
//! | explored | by | checked |
//! |---|---|---|
//! | `ActorModel` | stateright | the invariants of `twins`: four of states, six of steps, one witness |
//! | `ActorModel`, stripped | stateright | the same |
//! | plain model | stateright, the kit's engine | the same |
//! | cluster | stateright, the kit | the same, and that no step breaks its contract |
//! | cluster as shipped | the kit | all that `althing check` does: two invariants more, among them `Recoverability`, and more witnesses |
//! | Promela | Spin | one assertion, that of Election Safety |
//!
//! Within the same bounds all of them have the same states: tests assert that the first five reach
//! the same ones and that Spin finds as many, and each run here asserts their number. Only
//! `ActorModel` as it comes has more, told apart by the message that was delivered last; stripped
//! of that, it has the same. It cannot forget dead messages, so the bounds that it is measured in
//! are those where the others do not either.
//!
//! A measurement is a whole run: the model is built, explored, and freed, so what the kit
//! remembers between states it has to learn anew each time. Spin's begins with the start of its
//! process; its verifier is compiled before. criterion measures, and the tables show its medians.
//!
//! The ratios say something where nothing else runs: a second thread that has to wait for a core
//! makes a level take longer, since all threads wait for the last.

use std::cell::{Cell, OnceCell};
use std::env;
use std::fs;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use althing::raft::election::invariants::Elections;
use althing_models::election::{self, Server};
use althing_models::engine::Engine;
use althing_models::{Cluster, Limits, bounds};
use comfy_table::{CellAlignment, Table, presets};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput};
use stateright::{Checker, Model};

#[allow(dead_code, reason = "shared with the tests")]
#[path = "../models/tests/oracle/spin.rs"]
mod spin;
#[allow(dead_code, reason = "shared with the tests")]
#[path = "../models/tests/twins/mod.rs"]
mod twins;

use spin::{Mutant, Verifier};
use twins::actors::{Stripped, actors};
use twins::plain::Plain;
use twins::{Bounds, ours, ours_without_dead};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let spin = has_spin();
    if !spin {
        eprintln!("Spin is left out: spin or cc is missing; install Debian's packages spin and gcc");
    }
    let comparisons = [
        // The only one where `ActorModel` as it comes, with so many states more, takes seconds.
        Case { as_it_comes: Some(87_700), ..Case::new(Bounds::new(2, 2).with_pre_vote(), 21_841) },
        Case::new(Bounds::new(4, 1).with_check_quorum(), 118_153),
        Case { all: false, ..Case::new(Bounds::new(3, 2), 1_279_461) },
        Case { all: false, forgets: true, ..Case::new(Bounds::new(3, 3), 179_836) },
    ]
    .map(|case| compare(&mut criterion, &case, spin));
    criterion.final_summary();
    let measured: Vec<_> = comparisons.iter().filter(|comparison| comparison.is_measured()).collect();
    if !measured.is_empty() {
        println!(
            "\nMedians. Times as long as the kit takes for the cluster with 2 threads; tables in bytes a state."
        );
    }
    measured.into_iter().for_each(Comparison::print);
}

/// Something to explore in each of the ways.
struct Case {
    bounds: Bounds,
    /// Whether dead messages leave the network.
    forgets: bool,
    states: usize,
    /// How many states `ActorModel` has, if that is to be measured as it comes.
    as_it_comes: Option<usize>,
    /// Whether the slow ones are to be measured too: the twins, and stateright with one thread.
    all: bool,
}

impl Case {
    fn new(bounds: Bounds, states: usize) -> Self {
        Self { bounds, forgets: false, states, as_it_comes: None, all: true }
    }

    fn name(&self) -> String {
        let Bounds { servers, terms, pre_vote, check_quorum } = self.bounds;
        let with = |on: bool, what| if on { what } else { "" };
        let options = [
            with(terms > 1, "s"),
            with(pre_vote, ", pre-vote"),
            with(check_quorum, ", check-quorum"),
            with(self.forgets, ", less dead messages"),
        ];
        format!("{servers} servers, {terms} term{}", options.concat())
    }

    /// The cluster that does what the twins do.
    fn cluster(&self) -> Cluster<Server, Elections> {
        if self.forgets { ours_without_dead(self.bounds) } else { ours(self.bounds) }
    }

    fn plain(&self) -> Plain {
        if self.forgets { Plain::without_dead(self.bounds) } else { Plain::new(self.bounds) }
    }

    /// The same bounds for the model `raft-election`.
    fn of_model(&self) -> bounds::Bounds {
        let Bounds { servers, terms, pre_vote, check_quorum } = self.bounds;
        bounds::Bounds::new(&election::KEYS)
            .with(&[("nodes", servers.into()), ("terms", terms), ("reduce", self.forgets.into())])
            .with(&[("pre_vote", pre_vote.into()), ("check_quorum", check_quorum.into())])
    }
}

fn compare(criterion: &mut Criterion, case: &Case, spin: bool) -> Comparison {
    let Case { bounds, states, .. } = *case;
    let mut lines = Lines::new(criterion, case.name());
    let threads: &[usize] = if case.all { &[1, 2] } else { &[2] };
    if let Some(states) = case.as_it_comes {
        lines.by_stateright("ActorModel", threads, states, || actors(bounds));
    }
    if case.all {
        lines.by_stateright("ActorModel, stripped", threads, states, || Stripped::new(bounds));
        lines.by_stateright("plain model", threads, states, || case.plain());
        for threads in [1, 2] {
            lines.by("plain model", KIT, threads, states, || explore_by_engine(&case.plain(), threads));
        }
    }
    lines.by_stateright(CLUSTER, threads, states, || case.cluster());
    for threads in [1, 2] {
        lines.by(CLUSTER, KIT, threads, states, || explore_by_kit(case.cluster(), threads));
    }
    for threads in [1, 2] {
        let model = || election::model(&case.of_model()).expect("bounds of the model");
        lines.by("cluster as shipped", KIT, threads, states, || explore_by_kit(model(), threads));
    }
    if spin {
        let verifier = || Verifier::compile(&case.of_model(), Mutant::Nothing);
        lines.by_prepared("Promela", SPIN, 1, states, verifier, explore_by_spin);
    } else {
        lines.missing("Promela", SPIN);
    }
    lines.finish()
}

// ---- Checkers ------------------------------------------------------------------------------

const CLUSTER: &str = "cluster";
const KIT: &str = "althing";
const SPIN: &str = "Spin";

/// What a run found, and what it needed to remember it, where the checker says.
struct Run {
    states: usize,
    table_bytes: Option<u64>,
}

fn explore_by_kit(cluster: Cluster<Server, Elections>, threads: usize) -> Run {
    let report = cluster.check(&Limits { threads, ..Limits::default() });
    assert!(report.is_complete() && !report.is_violated(), "{report}");
    Run { states: report.progress.unique_states, table_bytes: Some(report.table_bytes) }
}

fn explore_by_engine(model: &Plain, threads: usize) -> Run {
    let engine = Engine::new(model).expect("no property of the end");
    let exploration = engine.run(&Limits { threads, ..Limits::default() });
    assert_eq!(exploration.cut, None);
    Run { states: exploration.progress.unique_states, table_bytes: Some(exploration.table_bytes) }
}

fn explore_by_spin(verifier: &Verifier) -> Run {
    let found = verifier.run();
    assert!(!found.violated);
    Run { states: found.states, table_bytes: None }
}

fn has_spin() -> bool {
    let runs = |program, version| Command::new(program).arg(version).output().is_ok();
    runs("spin", "-V") && runs("cc", "--version")
}

// ---- Measuring -----------------------------------------------------------------------------

/// The lines of a comparison, while they are measured.
struct Lines<'a> {
    name: String,
    group: BenchmarkGroup<'a, WallTime>,
    lines: Vec<Line>,
    begun: SystemTime,
}

/// A line of a table.
struct Line {
    model: &'static str,
    checker: &'static str,
    threads: usize,
    states: usize,
    table_bytes: Option<u64>,
    /// Seconds; none if it could not be measured.
    median: Option<f64>,
}

impl<'a> Lines<'a> {
    fn new(criterion: &'a mut Criterion, name: String) -> Self {
        let mut group = criterion.benchmark_group(&name);
        group.sample_size(10).sampling_mode(SamplingMode::Flat);
        group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_secs(1));
        Self { name, group, lines: Vec::new(), begun: SystemTime::now() }
    }

    fn by_stateright<M>(
        &mut self,
        model: &'static str,
        threads: &[usize],
        states: usize,
        build: impl Fn() -> M,
    ) where
        M: Model + Send + Sync + 'static,
        M::State: Clone + PartialEq + Hash + Send + Sync + 'static,
        M::Action: Clone + PartialEq,
    {
        let run = |states| Run { states, table_bytes: None };
        for &threads in threads {
            self.by(model, "stateright breadth-first", threads, states, || {
                run(build().checker().threads(threads).spawn_bfs().join().unique_state_count())
            });
        }
        for &threads in threads {
            self.by(model, "stateright depth-first", threads, states, || {
                run(build().checker().threads(threads).spawn_dfs().join().unique_state_count())
            });
        }
    }

    fn by(
        &mut self,
        model: &'static str,
        checker: &'static str,
        threads: usize,
        states: usize,
        run: impl Fn() -> Run,
    ) {
        self.by_prepared(model, checker, threads, states, || (), |()| run());
    }

    /// What is prepared is not measured.
    fn by_prepared<T>(
        &mut self,
        model: &'static str,
        checker: &'static str,
        threads: usize,
        states: usize,
        prepare: impl Fn() -> T,
        run: impl Fn(&T) -> Run,
    ) {
        let plural = if threads == 1 { "" } else { "s" };
        let name = format!("{model}, {checker}, {threads} thread{plural}");
        let (prepared, table_bytes) = (OnceCell::new(), Cell::new(None));
        self.group.throughput(Throughput::Elements(states as u64));
        self.group.bench_function(&name, |b| {
            let prepared = prepared.get_or_init(&prepare);
            b.iter(|| {
                let found = run(prepared);
                assert_eq!(found.states, states, "{name}");
                table_bytes.set(found.table_bytes);
            });
        });
        let median = median(&[&self.name, &name], self.begun);
        if median.is_some() {
            self.lines.push(Line { model, checker, threads, states, table_bytes: table_bytes.get(), median });
        }
    }

    fn missing(&mut self, model: &'static str, checker: &'static str) {
        self.lines.push(Line { model, checker, threads: 1, states: 0, table_bytes: None, median: None });
    }

    fn finish(self) -> Comparison {
        self.group.finish();
        Comparison { name: self.name, lines: self.lines }
    }
}

/// The median, in seconds, that criterion has written since then: it has not if the benchmark was
/// filtered out, listed, or run but once as a test.
fn median(names: &[&str], since: SystemTime) -> Option<f64> {
    let file = names.iter().fold(criterion_home(), |folder, name| folder.join(name));
    let file = file.join("new").join("estimates.json");
    if fs::metadata(&file).ok()?.modified().ok()? < since {
        return None;
    }
    let estimates: serde_json::Value = serde_json::from_slice(&fs::read(&file).ok()?).ok()?;
    Some(estimates["median"]["point_estimate"].as_f64()? / 1e9)
}

/// Where criterion writes.
fn criterion_home() -> PathBuf {
    let beside_temporary = || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("criterion");
    env::var_os("CRITERION_HOME").map_or_else(beside_temporary, PathBuf::from)
}

// ---- The tables ----------------------------------------------------------------------------

/// A comparison that was measured.
struct Comparison {
    name: String,
    lines: Vec<Line>,
}

impl Comparison {
    fn is_measured(&self) -> bool {
        self.lines.iter().any(|line| line.median.is_some())
    }

    fn print(&self) {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header([
            "model",
            "checker",
            "threads",
            "states",
            "time",
            "states/s",
            "times as long",
            "table",
        ]);
        table.column_iter_mut().skip(2).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
        let base = self.lines.iter().find(|l| (l.model, l.checker, l.threads) == (CLUSTER, KIT, 2));
        let base = base.and_then(|line| line.median);
        self.lines.iter().for_each(|line| {
            table.add_row(line.cells(base));
        });
        println!("\n{}\n\n{table}", self.name);
    }
}

impl Line {
    /// The base is what times are compared with.
    fn cells(&self, base: Option<f64>) -> [String; 8] {
        let [model, checker] = [self.model, self.checker].map(str::to_owned);
        let Some(median) = self.median else {
            let [threads, states, speed, ratio, table] = Default::default();
            return [model, checker, threads, states, "not installed".into(), speed, ratio, table];
        };
        let states = self.states as f64;
        [
            model,
            checker,
            self.threads.to_string(),
            grouped(self.states),
            format!("{:.1} ms", median * 1e3),
            format!("{:.0} k", states / median / 1e3),
            base.map_or_else(String::new, |base| format!("{:.2}", median / base)),
            self.table_bytes.map_or_else(String::new, |bytes| format!("{:.1} B", bytes as f64 / states)),
        ]
    }
}

/// With commas between thousands.
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
