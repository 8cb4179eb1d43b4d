//! A host: its server, its disk, its timers and its state machine.

use std::collections::BTreeMap;

use althing::Durable;
use althing::raft::{Config, Disk, Index, Lease, Position, Raft, Timer, Write};

use crate::lease::{self, Missing};
use crate::random::Random;

pub(crate) type Server = Raft<u64, Missing>;

/// The state machine: how many commands it has seen, and which, in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct State {
    pub(crate) count: u64,
    pub(crate) digest: u64,
}

impl State {
    pub(crate) fn apply(&mut self, command: u64) {
        self.count += 1;
        self.digest = (self.digest ^ command).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23);
    }
}

pub(crate) struct Host {
    pub(crate) config: Config<Missing>,
    /// `None` while it is down.
    pub(crate) server: Option<Server>,
    /// It never comes back.
    pub(crate) gone: bool,
    /// How often it was started.
    pub(crate) start: u64,
    /// What a crash leaves for certain.
    pub(crate) disk: Disk<u64>,
    /// What was written since the last `Sync`, in order: a crash leaves a part of it.
    pub(crate) unsynced: Vec<Write<u64>>,
    /// The last entry that a write added which the server was not told to be durable.
    pub(crate) untold: Option<Position>,
    /// The timers that run, each with the number of its last `Arm`.
    pub(crate) timers: BTreeMap<Timer, u64>,
    /// How long its millisecond is, in thousandths of one.
    pub(crate) rate: u64,
    /// What it knows of its lease, in memory.
    pub(crate) lease: Lease,
    pub(crate) applied: Index,
    pub(crate) state: State,
    /// The snapshots on its disk.
    pub(crate) saved: BTreeMap<Index, State>,
}

impl Host {
    pub(crate) fn new(config: Config<Missing>, rate: u64) -> Self {
        Self {
            config,
            server: None,
            gone: false,
            start: 0,
            disk: Disk::default(),
            unsynced: Vec::new(),
            untold: None,
            timers: BTreeMap::new(),
            rate,
            lease: lease::none(),
            applied: Index::default(),
            state: State::default(),
            saved: BTreeMap::from([(Index::default(), State::default())]),
        }
    }

    /// Every write so far reaches the disk. A journal that is read again must accept each.
    pub(crate) fn sync(&mut self) -> Result<(), String> {
        for write in self.unsynced.drain(..) {
            let replayed = self.disk.replay(&write);
            replayed
                .map_err(|error| format!("{}: the journal refuses {write:?}: {error}", self.config.id()))?;
            self.untold = write.last().or(self.untold);
        }
        Ok(())
    }

    /// The disk once every write has reached it.
    pub(crate) fn whole_disk(&self) -> Disk<u64> {
        let mut disk = self.disk.clone();
        self.unsynced.iter().for_each(|write| disk.apply(write));
        disk
    }

    /// Memory is lost, and of what was not synced a beginning is kept; the record after that may be
    /// torn. Returns how many writes are lost.
    pub(crate) fn crash(&mut self, random: &mut Random) -> Result<usize, String> {
        let kept = random.within(0, self.unsynced.len() as u64 + 1) as usize;
        let lost = self.unsynced.split_off(kept);
        if let Some(torn) = lost.first() {
            tear(torn, random)?;
        }
        self.sync()?;
        (self.server, self.untold, self.lease) = (None, None, lease::none());
        self.timers.clear();
        Ok(lost.len())
    }
}

/// A record that ends too early is no record: reading stops before it.
#[cfg(feature = "serde")]
fn tear(write: &Write<u64>, random: &mut Random) -> Result<(), String> {
    let record = serde_json::to_vec(write).map_err(|error| error.to_string())?;
    let end = random.within(0, record.len() as u64) as usize;
    match serde_json::from_slice::<Write<u64>>(&record[..end]) {
        Err(_) => Ok(()),
        Ok(read) => Err(format!("a torn record of {write:?} is read as {read:?}")),
    }
}

#[cfg(not(feature = "serde"))]
fn tear(_: &Write<u64>, _: &mut Random) -> Result<(), String> {
    Ok(())
}
