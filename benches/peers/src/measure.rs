//! The closed loop, and what is measured of it.
//!
//! One batch is outstanding: the next is proposed when the last is committed and everyone is at
//! rest. Nothing is measured before the logs have been compacted once, so that memory has grown
//! as far as it grows, and so many entries are measured that they are compacted as often in every
//! measurement. The time is that of the thread on a processor, which does not depend on who else
//! wants it; the caches do.

use std::time::{Duration, Instant};

use clap::Args;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::cluster::{Applied, COMPACT_EVERY, Cluster, Commands};

/// What is measured: so many servers, commands of so many bytes, so many at once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Args, Serialize, Deserialize)]
pub struct Cell {
    /// How many servers there are.
    #[arg(long, default_value_t = 3)]
    pub servers: usize,
    /// How many bytes a command has, at least 8.
    #[arg(long, default_value_t = 16)]
    pub size: usize,
    /// How many commands are proposed at once.
    #[arg(long, default_value_t = 1)]
    pub batch: usize,
}

impl Cell {
    /// All that are compared.
    pub fn all() -> impl Iterator<Item = Self> {
        let servers = |batch| [3, 5].into_iter().map(move |servers| (batch, servers));
        let sizes = |(batch, servers)| [16, 1024].map(|size| Self { servers, size, batch });
        [1, 64].into_iter().flat_map(servers).flat_map(sizes)
    }

    /// Of how many entries the figures are taken: whole periods of compaction.
    pub const fn entries(&self) -> u64 {
        COMPACT_EVERY * if self.batch == 1 { 1 } else { 4 }
    }
}

/// What was measured.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// Of so many entries.
    pub entries: u64,
    /// The thread was on a processor for so many seconds.
    pub cpu: f64,
    /// So many seconds went by.
    pub wall: f64,
    /// So many messages were sent.
    pub messages: u64,
    /// So many allocations were made, if they were counted.
    pub allocations: Option<u64>,
}

/// How long the thread has been on a processor.
pub fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = Duration::from_secs(time.tv_sec.unsigned_abs());
    seconds + Duration::from_nanos(time.tv_nsec.unsigned_abs())
}

/// A client: it numbers its commands.
#[derive(Debug)]
pub struct Client {
    cell: Cell,
    buffer: Vec<u8>,
    proposed: u64,
}

impl Client {
    /// A client of a cluster that has not been asked for anything.
    pub fn new(cell: Cell) -> Self {
        assert!(cell.size >= 8, "no room for a number");
        Self { cell, buffer: vec![0xa5; cell.size * cell.batch], proposed: 0 }
    }

    /// The next batch, until it is committed.
    pub fn batch(&mut self, cluster: &mut dyn Cluster) {
        for command in self.buffer.chunks_exact_mut(self.cell.size) {
            command[..8].copy_from_slice(&self.proposed.to_le_bytes());
            self.proposed += 1;
        }
        cluster.propose(&Commands::new(&self.buffer, self.cell.size));
        cluster.pump();
        assert_eq!(cluster.committed(), self.proposed, "the leader did not commit");
    }

    /// Batches, one after another, until so many more entries are committed.
    pub fn run(&mut self, cluster: &mut dyn Cluster, entries: u64) {
        let last = self.proposed + entries;
        while self.proposed < last {
            self.batch(cluster);
        }
    }

    /// Whether everyone has applied everything.
    pub fn check(&self, cluster: &mut dyn Cluster) {
        cluster.beat();
        cluster.pump();
        let all = Applied { commands: self.proposed, bytes: self.proposed * self.cell.size as u64 };
        for applied in cluster.applied() {
            assert_eq!(applied, all, "a server has not applied what was proposed");
        }
    }
}

/// Measures one cell with a new cluster.
pub fn measure(cell: Cell, cluster: &mut dyn Cluster, entries: u64) -> Figures {
    cluster.elect();
    let mut client = Client::new(cell);
    client.run(cluster, COMPACT_EVERY + COMPACT_EVERY / 8);
    let (sent, cpu, wall) = (cluster.messages(), thread_time(), Instant::now());
    let allocations = measured(&mut client, cluster, entries);
    let (cpu, wall) = ((thread_time() - cpu).as_secs_f64(), wall.elapsed().as_secs_f64());
    let messages = cluster.messages() - sent;
    client.check(cluster);
    Figures { entries, cpu, wall, messages, allocations }
}

/// The part that is measured, as callgrind finds it by its name.
#[inline(never)]
fn measured(client: &mut Client, cluster: &mut dyn Cluster, entries: u64) -> Option<u64> {
    #[cfg(feature = "count-allocations")]
    {
        let counted = allocation_counter::measure(|| client.run(cluster, entries));
        Some(counted.count_total)
    }
    #[cfg(not(feature = "count-allocations"))]
    {
        client.run(cluster, entries);
        None
    }
}
