//! Keeping each distinct value once, and each answer once.
//!
//! A node state of a protocol occurs in millions of model states, but there are few distinct
//! ones. So a model state holds small numbers in place of values, and a step is computed once
//! for each (node state, event). Numbers are never reused, and reading needs no lock.

use std::hash::{BuildHasher, Hash};
use std::sync::OnceLock;

use hashbrown::{HashMap, HashTable};
use parking_lot::RwLock;
use rustc_hash::FxBuildHasher;

const SHARDS: usize = 64;

/// Distinct values, each with a number that stays its own, and with what was derived from it.
pub(crate) struct Interner<T, D = ()> {
    values: boxcar::Vec<(T, D)>,
    index: Vec<RwLock<HashTable<u32>>>,
}

impl<T: Hash + Eq, D: Default> Interner<T, D> {
    pub(crate) fn new() -> Self {
        Self { values: boxcar::Vec::new(), index: (0..SHARDS).map(|_| RwLock::default()).collect() }
    }

    /// The value's number.
    ///
    /// # Panics
    /// After 2^32 distinct values, long after memory is exhausted.
    pub(crate) fn intern(&self, value: T) -> u32 {
        let hash = FxBuildHasher.hash_one(&value);
        let shard = &self.index[shard(hash)];
        let same = |id: &u32| *self.get(*id) == value;
        if let Some(id) = shard.read().find(hash, same) {
            return *id;
        }
        let mut table = shard.write();
        if let Some(id) = table.find(hash, same) {
            return *id;
        }
        let id = u32::try_from(self.values.push((value, D::default()))).expect("fewer than 2^32 values");
        table.insert_unique(hash, id, |id| FxBuildHasher.hash_one(self.get(*id)));
        id
    }

    /// All values, in the order of their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.values.iter().map(|(_, (value, _))| value)
    }

    /// The value with this number.
    ///
    /// # Panics
    /// If the number was not given out by [`Self::intern`].
    pub(crate) fn get(&self, id: u32) -> &T {
        &self.values[id as usize].0
    }

    /// What was derived from the value with this number.
    pub(crate) fn derived(&self, id: u32) -> &D {
        &self.values[id as usize].1
    }
}

/// Answers that were computed before.
pub(crate) struct Memo<K> {
    answers: Vec<RwLock<HashMap<K, u32, FxBuildHasher>>>,
}

impl<K: Hash + Eq> Memo<K> {
    pub(crate) fn new() -> Self {
        Self { answers: (0..SHARDS).map(|_| RwLock::default()).collect() }
    }

    /// The answer to this question, from memory or computed. Two threads may both compute it,
    /// but they keep and return one answer.
    pub(crate) fn answer(&self, question: K, compute: impl FnOnce(&K) -> u32) -> u32 {
        let shard = &self.answers[shard(FxBuildHasher.hash_one(&question))];
        if let Some(answer) = shard.read().get(&question) {
            return *answer;
        }
        let answer = compute(&question);
        *shard.write().entry(question).or_insert(answer)
    }
}

/// Places numbered from 0, each made when it is first used. Reading needs no lock.
pub(crate) struct Places<T> {
    /// Twice as many in each as in the one before, from 1.
    blocks: [OnceLock<Box<[T]>>; 24],
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self { blocks: Default::default() }
    }
}

impl<T: Default> Places<T> {
    /// The place with this number.
    ///
    /// # Panics
    /// If it is 2^24 or more.
    pub(crate) fn at(&self, number: usize) -> &T {
        let block = (number + 1).ilog2();
        let places = || (0..1 << block).map(|_| T::default()).collect();
        &self.blocks[block as usize].get_or_init(places)[number + 1 - (1 << block)]
    }
}

const ROW: usize = 64;

/// From numbers to numbers, each computed once.
#[derive(Default)]
pub(crate) struct Numbers(Places<Row>);

impl Numbers {
    /// The number that belongs to this one.
    pub(crate) fn of(&self, number: u32, compute: impl FnOnce() -> u32) -> u32 {
        self.row(number as usize / ROW).of(number, compute)
    }

    /// The numbers that belong to those of a row.
    pub(crate) fn row(&self, row: usize) -> &Row {
        self.0.at(row)
    }
}

/// 64 of [`Numbers`]: as many as a word has bits.
pub(crate) struct Row([OnceLock<u32>; ROW]);

impl Row {
    /// The number that belongs to this one of the row.
    pub(crate) fn of(&self, number: u32, compute: impl FnOnce() -> u32) -> u32 {
        *self.0[number as usize % ROW].get_or_init(compute)
    }
}

impl Default for Row {
    fn default() -> Self {
        Self([const { OnceLock::new() }; ROW])
    }
}

/// Which shard; the tables themselves use the lowest and the highest bits.
fn shard(hash: u64) -> usize {
    (hash >> 40) as usize % SHARDS
}
