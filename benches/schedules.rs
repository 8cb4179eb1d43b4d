//! What a schedule costs, and a fit.
//!
//! The graphs are planted: each agent is always at work in the best schedule, and five edges lead to
//! each task that can have any. The tasks are numbered at random.
//!
//! - **list**: the list schedule by bottom levels, with its priorities and its bounds.
//! - **naive**: the same schedule, without bounds, by a twin that looks at all agents for each task.
//! - **fit**: the law of scalability from 1,000 measurements, with all that a fit says.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::time::Duration;

use althing::coordination::dag::TaskGraph;
use althing::coordination::dag::planted::{Planted, Shape, planted};
use althing::coordination::schedule::{Agent, Placement, Priority, heft, list};
use althing::coordination::usl::fit;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

fn random() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(0)
}

fn graph(tasks: usize, agents: usize) -> TaskGraph {
    let shape = Shape { agents, tasks, edges: 5, length: 100 * tasks.div_ceil(agents) as u64 };
    let Planted { graph, .. } = planted(shape, &mut random()).expect("a graph");
    graph
}

/// All agents are looked at for each that begins, and for each that ends.
fn naive(graph: &TaskGraph, agents: usize) -> Vec<Placement> {
    let (tasks, levels) = (graph.tasks(), graph.bottom_levels());
    let mut waiting: Vec<_> = (0..tasks.len()).map(|task| graph.predecessors(task).len()).collect();
    let mut ready: BinaryHeap<_> = (0..tasks.len())
        .filter(|task| waiting[*task] == 0)
        .map(|task| (levels[task], Reverse(task)))
        .collect();
    let mut does: Vec<Option<(usize, u64)>> = vec![None; agents];
    let (mut placements, mut now, mut left) = (vec![Placement::default(); tasks.len()], 0, tasks.len());
    while left > 0 {
        while let Some(agent) = does.iter().position(Option::is_none) {
            let Some((_, Reverse(task))) = ready.pop() else { break };
            let finish = now + tasks[task].time;
            placements[task] = Placement { agent, start: now, finish };
            does[agent] = Some((task, finish));
        }
        now = does.iter().flatten().map(|(_, finish)| *finish).min().expect("somebody is at work");
        for it in &mut does {
            let Some((task, _)) = it.take_if(|(_, finish)| *finish == now) else { continue };
            left -= 1;
            for (next, _) in graph.successors(task) {
                waiting[next] -= 1;
                if waiting[next] == 0 {
                    ready.push((levels[next], Reverse(next)));
                }
            }
        }
    }
    placements
}

fn lists(c: &mut Criterion) {
    let mut group = c.benchmark_group("tasks");
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    for tasks in [1_000, 10_000, 100_000, 1_000_000] {
        for agents in [1, 10, 100, 1_000] {
            let (graph, team) = (graph(tasks, agents), Agent::alike(agents));
            let run = || list(&graph, &team, Priority::BottomLevel).expect("a schedule");
            group.throughput(Throughput::Elements(tasks as u64));
            let of = format!("{tasks} on {agents}");
            group.bench_function(BenchmarkId::new("list", &of), |b| {
                b.iter_batched(|| (), |()| run(), BatchSize::PerIteration);
            });
            // With more it would take seconds each time, and tell nothing more.
            if tasks <= 100_000 {
                assert_eq!(run().placements, naive(&graph, agents));
                group.bench_function(BenchmarkId::new("naive", &of), |b| {
                    b.iter_batched(|| (), |()| naive(&graph, agents), BatchSize::PerIteration);
                });
            }
        }
    }
    let (graph, team) = (graph(1_000, 10), Agent::alike(10));
    group.throughput(Throughput::Elements(1_000));
    group.bench_function(BenchmarkId::new("HEFT", "1000 on 10"), |b| {
        b.iter(|| heft(black_box(&graph), &team[..]).expect("a schedule"));
    });
    group.finish();
}

fn fits(c: &mut Criterion) {
    let law = |k: f64| 50.0 * k / (1.0 + 0.03 * (k - 1.0) + 5e-4 * k * (k - 1.0));
    let mut random = random();
    let mut error = || 0.95 + 0.1 * f64::from(random.next_u32()) / f64::from(u32::MAX);
    let measured = (0..1_000_u32).map(|row| {
        let k = f64::from(1 + row % 100);
        (k, law(k) * error())
    });
    let points: Vec<_> = measured.collect();
    let fitted = fit(&points).expect("a fit");
    assert!((fitted.sigma.value - 0.03).abs() < 0.003);
    let mut group = c.benchmark_group("USL");
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    group.bench_function("fit of 1000", |b| b.iter(|| fit(black_box(&points)).expect("a fit")));
    group.sample_size(10);
    group.bench_function("peak interval of 1000", |b| {
        b.iter(|| fitted.peak_interval().expect("it converges"))
    });
    group.finish();
}

criterion_group!(benches, lists, fits);
criterion_main!(benches);
