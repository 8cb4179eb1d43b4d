//! Its disks: the one that comes with it, and one that does less.

use std::collections::VecDeque;

use raft::eraftpb::{ConfState, Entry, HardState, Snapshot};
use raft::storage::MemStorage;
use raft::{Error, GetEntriesContext, RaftState, Result, Storage, StorageError, util};

/// A disk, in memory. A copy of it is what a crash leaves.
pub trait Store: Storage + Clone {
    /// The empty disk of a member of a cluster of so many servers.
    fn create(servers: usize) -> Self;
    /// Adds entries, in place of those that it has from the first of them on.
    fn append(&mut self, entries: Vec<Entry>);
    /// Sets term, vote and commit index.
    fn set_hard_state(&mut self, state: HardState);
    /// Sets the commit index.
    fn set_commit(&mut self, commit: u64);
    /// Discards the entries up to and with this one.
    fn discard_through(&mut self, index: u64);
}

fn members(servers: usize) -> ConfState {
    ConfState { voters: (1..=servers as u64).collect(), ..ConfState::default() }
}

/// What comes with the crate: it copies the entries that it is given, behind a lock.
impl Store for MemStorage {
    fn create(servers: usize) -> Self {
        Self::new_with_conf_state(members(servers))
    }

    fn append(&mut self, entries: Vec<Entry>) {
        self.wl().append(&entries).expect("the log has no gap");
    }

    fn set_hard_state(&mut self, state: HardState) {
        self.wl().set_hardstate(state);
    }

    fn set_commit(&mut self, commit: u64) {
        self.wl().mut_hard_state().commit = commit;
    }

    fn discard_through(&mut self, index: u64) {
        self.wl().compact(index + 1).expect("the log reaches so far");
    }
}

/// The least that a disk in memory has to do: entries are moved into it, there is no lock, and
/// compaction moves nothing.
#[derive(Clone, Default)]
pub struct Moving {
    state: RaftState,
    /// The index and the term of the entry before the first.
    before: (u64, u64),
    entries: VecDeque<Entry>,
}

impl Moving {
    fn last(&self) -> u64 {
        self.before.0 + self.entries.len() as u64
    }
}

impl Store for Moving {
    fn create(servers: usize) -> Self {
        Self { state: RaftState::new(HardState::default(), members(servers)), ..Self::default() }
    }

    fn append(&mut self, entries: Vec<Entry>) {
        let first = entries.first().map_or(self.last() + 1, |entry| entry.index);
        assert!(self.before.0 < first && first <= self.last() + 1, "a gap in the log");
        self.entries.truncate((first - self.before.0) as usize - 1);
        self.entries.extend(entries);
    }

    fn set_hard_state(&mut self, state: HardState) {
        self.state.hard_state = state;
    }

    fn set_commit(&mut self, commit: u64) {
        self.state.hard_state.commit = commit;
    }

    fn discard_through(&mut self, index: u64) {
        let term = self.term(index).expect("the log reaches so far");
        self.entries.drain(..(index - self.before.0) as usize);
        self.before = (index, term);
    }
}

impl Storage for Moving {
    fn initial_state(&self) -> Result<RaftState> {
        Ok(self.state.clone())
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        limit: impl Into<Option<u64>>,
        _: GetEntriesContext,
    ) -> Result<Vec<Entry>> {
        if low <= self.before.0 {
            return Err(Error::Store(StorageError::Compacted));
        }
        let [low, high] = [low, high].map(|index| (index - self.before.0) as usize - 1);
        let mut entries = self.entries.range(low..high).cloned().collect();
        util::limit_size(&mut entries, limit.into());
        Ok(entries)
    }

    fn term(&self, index: u64) -> Result<u64> {
        if index == self.before.0 {
            return Ok(self.before.1);
        }
        let place = index.checked_sub(self.before.0 + 1).ok_or(Error::Store(StorageError::Compacted))?;
        let entry = self.entries.get(place as usize);
        entry.map(|entry| entry.term).ok_or(Error::Store(StorageError::Unavailable))
    }

    fn first_index(&self) -> Result<u64> {
        Ok(self.before.0 + 1)
    }

    fn last_index(&self) -> Result<u64> {
        Ok(self.last())
    }

    fn snapshot(&self, _: u64, _: u64) -> Result<Snapshot> {
        Err(Error::Store(StorageError::SnapshotTemporarilyUnavailable))
    }
}
