//! The same cells with criterion, for the contestants of this build: what a batch costs, from
//! its proposal until everyone is at rest.
//!
//! Time is that of the thread on a processor, since a machine has other things to do.

use std::time::Duration;

use althing_peers::contestants;
use althing_peers::measure::{Cell, Client, thread_time};
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// The time of the thread, shown as any time.
struct ThreadTime;

impl Measurement for ThreadTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        thread_time()
    }

    fn end(&self, start: Duration) -> Duration {
        thread_time() - start
    }

    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

fn cells(c: &mut Criterion<ThreadTime>) {
    for cell in Cell::all() {
        let Cell { servers, size, batch } = cell;
        let mut group = c.benchmark_group(format!("{servers} servers, {size} B, batch {batch}"));
        group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(2));
        group.sample_size(20).throughput(Throughput::Elements(batch as u64));
        for contestant in contestants::all().iter().filter(|contestant| contestant.takes_part(cell)) {
            let mut cluster = contestant.start(servers);
            let mut client = Client::new(cell);
            cluster.elect();
            group.bench_function(BenchmarkId::from_parameter(&contestant.name), |b| {
                b.iter(|| client.batch(&mut *cluster));
            });
            client.check(&mut *cluster);
        }
        group.finish();
    }
}

fn thread_clock() -> Criterion<ThreadTime> {
    Criterion::default().with_measurement(ThreadTime)
}

criterion_group! { name = benches; config = thread_clock(); targets = cells }
criterion_main!(benches);
