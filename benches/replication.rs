//! What a committed entry costs three servers, however long their logs are, and how much memory an
//! entry takes. Beside other implementations: `benches/peers`.
//!
//! The servers are told all that has arrived in turns, messages are moved, the disk is the memory
//! that the log is in anyway. The logs are kept as long as they are at the start, by compaction, which
//! is part of the cost.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use althing::raft::{Batch, Term, Timer};
use althing::raft::{Command, Commands, Config, Disk, Index, Input, Log, LogWrite, Membership, Message};
use althing::{Durable, Event, Machine, NodeId, NodeSet, Op, Outbox, raft::Raft};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const SERVERS: u8 = 3;
/// Each so many committed entries the logs are compacted.
const COMPACT_EVERY: u64 = 4_096;

/// A cluster that server 0 leads.
struct Cluster {
    servers: Vec<Raft<u64>>,
    in_flight: VecDeque<(NodeId, usize, Message<u64>)>,
    out: Outbox<Raft<u64>>,
    /// How many entries the logs keep.
    length: u64,
    compacted: u64,
}

impl Cluster {
    fn new(length: u64) -> Self {
        let members = Membership::new(NodeSet::first(SERVERS), NodeSet::EMPTY).expect("voters");
        let mut out = Outbox::new();
        let start = |id| Raft::restart(Config::new(id, members), Disk::default(), &mut out);
        let servers = NodeSet::first(SERVERS).iter().map(start).collect();
        out.drain().for_each(drop);
        let mut cluster = Self { servers, in_flight: VecDeque::new(), out, length, compacted: 0 };
        cluster.step(0, Event::Timer(Timer::Election));
        cluster.deliver();
        while cluster.servers[0].commit().get() < length {
            cluster.commit(1_024);
        }
        cluster
    }

    fn step(&mut self, id: usize, event: Event<Raft<u64>>) {
        self.servers[id].step(event, &mut self.out);
        let from = self.servers[id].id();
        for op in self.out.drain() {
            if let Op::Send { to, message } = op {
                self.in_flight.push_back((from, to.index(), message));
            } else {
                black_box(op);
            }
        }
    }

    fn deliver(&mut self) {
        while let Some((from, to, message)) = self.in_flight.pop_front() {
            self.step(to, Event::Message { from, message });
        }
    }

    /// Commits so many commands, proposed together.
    fn commit(&mut self, count: u64) {
        let commands: Commands<u64> = (0..count).collect();
        self.step(0, Event::Input(Input::Propose(commands)));
        self.deliver();
        let commit = self.servers[0].commit();
        assert_eq!(commit, self.servers[0].log().last().index, "not committed");
        let upto = commit.get().saturating_sub(self.length);
        if upto >= self.compacted + COMPACT_EVERY {
            self.compacted = upto;
            for id in 0..self.servers.len() {
                self.step(id, Event::Input(Input::Compact(Index::new(upto))));
            }
        }
    }
}

fn lengths(c: &mut Criterion) {
    let mut group = c.benchmark_group("commit");
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    for length in [1_000, 100_000, 10_000_000] {
        let mut cluster = Cluster::new(length);
        for batch in [1, 64] {
            group.throughput(Throughput::Elements(batch));
            let id = BenchmarkId::new(format!("{batch} at once"), format!("{length} in the log"));
            group.bench_function(id, |b| b.iter(|| cluster.commit(batch)));
        }
    }
    group.finish();
}

/// Not a time: prints what an entry takes in a log of a million, and what it took at most as it grew.
fn memory(_: &mut Criterion) {
    fn of<T: Command>(name: &str, command: impl Fn() -> T) {
        const COUNT: u64 = 1 << 20;
        let commands: Vec<T> = (0..COUNT).map(|_| command()).collect();
        let mut log = Log::default();
        let grown = measure(|| {
            for (command, after) in commands.iter().zip(0..) {
                let batch = Batch::Commands([command.clone()].into_iter().collect());
                log.apply(&LogWrite::Append { after: Index::new(after), term: Term::new(1), batch });
            }
        });
        let each = |bytes: i64| bytes as f64 / COUNT as f64;
        let (kept, most) = (each(grown.bytes_current), each(grown.bytes_max as i64));
        println!("memory: an entry of {name} takes {kept:.1} bytes of the log, {most:.1} while it grew");
    }
    of("()", || ());
    of("u64", || 7_u64);
    of("Arc<[u8]>, without the command itself", || Arc::<[u8]>::from([7_u8; 16]));
}

criterion_group!(benches, lengths, memory);
criterion_main!(benches);
