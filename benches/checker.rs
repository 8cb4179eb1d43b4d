//! How fast one election is explored, side by side: the kit, stateright's `ActorModel`, and a
//! `stateright::Model` of ordinary collections, all with stateright's breadth-first checker and
//! all with the same bounds, network and invariants (see `twins`). Tests assert that they reach
//! exactly the same states, so the throughput is in unique states a second.
//!
//! A measurement is a whole run: the model is built, explored, and freed, so what the kit
//! remembers between states it has to learn anew each time.
//!
//! In `same network` nothing is ever removed from the network. In `less dead messages` the kit and
//! the plain model drop the same ones; `ActorModel` cannot.
//!
//! `ActorModel` as it is has more states, told apart by the message that was delivered last;
//! stripped of that, it has the same. Each name says how many.

use std::hash::Hash;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use stateright::{Checker, Model};

#[allow(dead_code, reason = "shared with the tests")]
#[path = "../models/tests/twins/mod.rs"]
mod twins;

use twins::actors::{Stripped, actors};
use twins::plain::Plain;
use twins::{Bounds, ours, ours_without_dead};

/// Explores everything; how many states there are.
fn explore<M>(model: M, threads: usize) -> usize
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + PartialEq + Hash + Send + Sync + 'static,
    M::Action: Clone + PartialEq,
{
    model.checker().threads(threads).spawn_bfs().join().unique_state_count()
}

fn measure<M>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, threads: usize, model: impl Fn() -> M)
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + PartialEq + Hash + Send + Sync + 'static,
    M::Action: Clone + PartialEq,
{
    let states = explore(model(), threads);
    let unit = if threads == 1 { "thread" } else { "threads" };
    group.throughput(Throughput::Elements(states as u64));
    group.bench_function(format!("{name}, {threads} {unit}, {states} states"), |b| {
        b.iter(|| assert_eq!(explore(model(), threads), states));
    });
}

fn group<'a>(c: &'a mut Criterion, name: &str, bounds: &Bounds) -> BenchmarkGroup<'a, WallTime> {
    let Bounds { servers, terms, pre_vote, check_quorum } = bounds;
    let with = |on: &bool, what| if *on { what } else { "" };
    let options = [with(pre_vote, ", pre-vote"), with(check_quorum, ", check-quorum")].concat();
    let mut group = c.benchmark_group(format!("{name}, {servers} servers, up to term {terms}{options}"));
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    group
}

fn same_network(c: &mut Criterion) {
    for bounds in [Bounds::new(2, 2).with_pre_vote(), Bounds::new(4, 1)] {
        let mut group = group(c, "same network", &bounds);
        for threads in [1, 2] {
            measure(&mut group, "kit", threads, || ours(bounds));
            measure(&mut group, "ActorModel, stripped", threads, || Stripped::new(bounds));
            measure(&mut group, "plain model", threads, || Plain::new(bounds));
        }
        measure(&mut group, "ActorModel", 1, || actors(bounds));
        group.finish();
    }
}

fn less_dead_messages(c: &mut Criterion) {
    let bounds = Bounds::new(3, 2).with_check_quorum();
    let mut group = group(c, "less dead messages", &bounds);
    for threads in [1, 2] {
        measure(&mut group, "kit", threads, || ours_without_dead(bounds));
        measure(&mut group, "plain model", threads, || Plain::without_dead(bounds));
    }
    group.finish();
}

criterion_group!(benches, same_network, less_dead_messages);
criterion_main!(benches);
