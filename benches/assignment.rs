//! How long assignment takes, beside other crates, in one run, with one thread:
//!
//! `cargo bench -p althing --bench assignment`
//!
//! Instances (`assignment_instances.rs`): dense, n tasks and n agents, of three classes; sparse, 100,000
//! of each with 10 arcs a task, and with a tenth more agents; and, for the payments, dense with more agents than tasks. Every answer is
//! checked: ours by its certificate, the others' by its cost.
//!
//! criterion measures, and the table shows its samples' medians. What takes more than two seconds is run
//! once or twice; what would take minutes is left out. Memory is what the solver allocates at its peak,
//! on top of the instance. The instances and our figures are left in `target/assignment` for
//! `peers.py`, which puts Python's solvers beside them.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use althing::auction::{Problem, epsilon, shortest_path, solve, vcg};
use criterion::{Criterion, SamplingMode};

#[allow(dead_code, reason = "shared with the other bench")]
#[path = "assignment_instances.rs"]
mod instances;

use instances::Class;

/// What is run once takes at least this long.
const SLOW: Duration = Duration::from_secs(2);
/// What would take longer is left out.
const TOO_SLOW: f64 = 40.0;

fn main() {
    let mut bench = Bench { criterion: Criterion::default().configure_from_args(), lines: Vec::new() };
    for class in Class::ALL {
        for side in [2_000, 5_000] {
            dense(&mut bench, class, side);
        }
    }
    for agents in [100_000, 110_000] {
        for class in [Class::Uni, Class::Prod] {
            sparse(&mut bench, class, agents);
        }
    }
    for class in Class::ALL {
        payments(&mut bench, class);
    }
    bench.criterion.final_summary();
    bench.print();
}

fn dense(bench: &mut Bench, class: Class, side: usize) {
    let instance = format!("{} {side}", class.name());
    let costs = instances::dense(class, side, side);
    write(&instance, &[0, side, side, side * side], costs.iter().copied());
    let problem = Problem::dense(side, side, costs).expect("costs are in range");
    let cost = ours(bench, &instance, &problem);
    let row = |task| match problem.row(task) {
        althing::auction::problem::Row::Dense(costs) => costs,
        althing::auction::problem::Row::Sparse(_) => &[],
    };
    let all = || (0..side).flat_map(row);
    if bench.is_quick(class, side, "lapjv") {
        let floats: Vec<f32> = all().map(|cost| *cost as f32).collect();
        let matrix = lapjv::Matrix::from_shape_vec((side, side), floats).expect("a matrix");
        bench.line(&instance, "lapjv (f32)", || {
            let (agents, _) = lapjv::lapjv(black_box(&matrix)).expect("it is square");
            let found: i128 =
                agents.iter().enumerate().map(|(task, agent)| i128::from(row(task)[*agent])).sum();
            // Its sums are rounded to 24 bits.
            assert!(found >= cost && found <= cost + cost / 1_000, "{found} for {cost}");
            found
        });
    }
    if bench.is_quick(class, side, "pathfinding") {
        let weights = all().map(|cost| i64::from(*cost)).collect();
        let matrix = pathfinding::matrix::Matrix::from_vec(side, side, weights).expect("a matrix");
        bench.line(&instance, "pathfinding", || {
            let (found, _) = pathfinding::kuhn_munkres::kuhn_munkres_min(black_box(&matrix));
            assert_eq!(i128::from(found), cost);
            cost
        });
    }
}

fn sparse(bench: &mut Bench, class: Class, agents: usize) {
    const TASKS: usize = 100_000;
    let sides = if agents == TASKS { format!("{TASKS}") } else { format!("{TASKS}x{agents}") };
    let instance = format!("sparse {} {sides}", class.name());
    let (starts, arcs) = instances::sparse(class, TASKS, agents, 10);
    let words = starts.iter().map(|start| *start as u32).chain(arcs.iter().flat_map(|arc| [arc.0, arc.1]));
    write(&instance, &[1, TASKS, agents, arcs.len()], words);
    let problem = Problem::sparse(agents, starts, arcs).expect("costs are in range");
    ours(bench, &instance, &problem);
}

/// Payments are for whom somebody could replace, so there are more agents than tasks.
fn payments(bench: &mut Bench, class: Class) {
    let instance = format!("payments {} 5000x5500", class.name());
    let problem = instances::dense_problem(class, 5_000, 5_500);
    let cost = bench.line(&instance, "solve", || solve::solve(black_box(&problem)).expect("feasible").cost);
    bench.line(&instance, "vcg", || {
        let outcome = vcg::solve(black_box(&problem)).expect("feasible");
        assert_eq!(Some(outcome.assignment.cost), cost);
        outcome.assignment.cost
    });
}

fn perform(cost: i128) {
    black_box(cost);
}

fn ours(bench: &mut Bench, instance: &str, problem: &Problem) -> i128 {
    let first = solve::solve(problem).expect("feasible");
    assert_eq!(first.verify(problem), Ok(()));
    let cost = first.cost;
    let mut line = |name: &str, solver: &dyn Fn(&Problem) -> i128| {
        bench.line(instance, name, || {
            assert_eq!(solver(black_box(problem)), cost);
            cost
        });
    };
    line("solve", &|problem| solve::solve(problem).expect("feasible").cost);
    line("epsilon", &|problem| epsilon::solve(problem).expect("feasible").cost);
    if !instance.contains("prod") && !instance.contains("sparse") {
        line("shortest_path", &|problem| shortest_path::solve(problem).expect("feasible").cost);
    }
    cost
}

/// The format of `target/assignment/*.bin`: 32-bit words, little-endian: 0 for dense or 1 for sparse,
/// tasks, agents, arcs; then the costs, task by task; or the starts of the tasks' arcs, one more than
/// there are tasks, and for each arc its agent and its cost.
fn write(instance: &str, header: &[usize; 4], words: impl Iterator<Item = u32>) {
    let header = header.iter().map(|word| *word as u32);
    let bytes: Vec<u8> = header.chain(words).flat_map(u32::to_le_bytes).collect();
    fs::create_dir_all(folder()).expect("it can be made");
    fs::write(Path::new(folder()).join(format!("{}.bin", instance.replace(' ', "-"))), bytes)
        .expect("written");
}

fn folder() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/target/assignment")
}

struct Bench {
    criterion: Criterion,
    lines: Vec<Line>,
}

struct Line {
    instance: String,
    solver: String,
    cost: i128,
    seconds: f64,
    peak: u64,
}

impl Bench {
    /// Measures, if criterion's filter does not leave it out.
    fn line(&mut self, instance: &str, solver: &str, run: impl Fn() -> i128) -> Option<i128> {
        let samples = RefCell::new(Vec::new());
        let mut group = self.criterion.benchmark_group(instance);
        group.sample_size(10).sampling_mode(SamplingMode::Flat);
        group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(2));
        let (mut cost, mut peak) = (None, 0);
        group.bench_function(solver, |bencher| {
            bencher.iter_custom(|times| {
                let slow = samples.borrow().first().copied().filter(|first| *first > SLOW);
                if let Some(first) = slow {
                    return first * times as u32;
                }
                if cost.is_none() {
                    peak = measure(|| cost = Some(run())).bytes_max;
                }
                let start = Instant::now();
                (0..times).for_each(|_| perform(run()));
                let took = start.elapsed();
                samples.borrow_mut().push(took / times as u32);
                took
            });
        });
        group.finish();
        let mut samples = samples.into_inner();
        samples.sort_unstable();
        let seconds = samples.get(samples.len() / 2)?.as_secs_f64();
        let cost = cost?;
        let (instance, solver) = (instance.to_string(), solver.to_string());
        self.lines.push(Line { instance, solver, cost, seconds, peak });
        Some(cost)
    }

    /// Whether the solver will come to an end, as far as its smaller instance of the class tells.
    fn is_quick(&self, class: Class, side: usize, solver: &str) -> bool {
        let smaller = |line: &&Line| {
            line.instance == format!("{} 2000", class.name()) && line.solver.starts_with(solver)
        };
        let growth = (side as f64 / 2_000.0).powi(3);
        self.lines.iter().find(smaller).is_none_or(|line| line.seconds * growth < TOO_SLOW)
    }

    fn print(&self) {
        if self.lines.is_empty() {
            return;
        }
        let mut csv = String::from("instance,solver,cost,seconds,peak_bytes\n");
        println!("\nMedians; times as long as `solve`; what the solver allocates at its peak.\n");
        println!("| instance | solver | seconds | ratio | MB |\n|---|---|---|---|---|");
        for line in &self.lines {
            let Line { instance, solver, cost, seconds, peak } = line;
            let own = self.lines.iter().find(|own| own.instance == *instance && own.solver == "solve");
            let ratio = own.map_or(f64::NAN, |own| seconds / own.seconds);
            println!("| {instance} | {solver} | {seconds:.4} | {ratio:.2} | {:.1} |", *peak as f64 / 1e6);
            writeln!(csv, "{},{solver},{cost},{seconds},{peak}", instance.replace(' ', "-"))
                .expect("a string");
        }
        fs::write(Path::new(folder()).join("althing.csv"), csv).expect("it can be written");
    }
}
