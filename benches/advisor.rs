//! How long an advice takes, and the scan of a whole surface beside it.

use std::hint::black_box;

use althing::coordination::advisor::{Problem, advise};
use althing::coordination::laws::Load;
use althing::coordination::regimes::Job;
use althing::coordination::sync_cost::{Shape, SyncCost};
use althing::coordination::{Count, NonNegative, OutOfDomain, Positive};
use criterion::{Criterion, criterion_group, criterion_main};

/// A hundred thousand tasks of one hour for a thousand agents, at the article's shape.
fn problem() -> Result<Problem, OutOfDomain> {
    let load = Load::new(Positive::new(1e5)?, Positive::new(30.0)?)?;
    let sync = SyncCost { price: NonNegative::new(1e-4)?, shape: Shape::Article };
    let problem = Problem::new(Job::new(load, Count::new(100_000)?)?, Count::new(1_000)?, sync);
    Ok(Problem { rework: NonNegative::new(1e-5)?, ..problem })
}

fn advice(c: &mut Criterion) {
    let problem = problem().expect("in their domains");
    c.bench_function("advise", |b| b.iter(|| advise(black_box(&problem))));
    let surface = problem.surface();
    c.bench_function("scan of the surface", |b| b.iter(|| surface.regimes(black_box(problem.k_max))));
}

criterion_group!(benches, advice);
criterion_main!(benches);
