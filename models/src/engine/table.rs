//! A set of fingerprints that many threads add to.

use std::hash::{BuildHasher, Hash};
use std::mem::replace;
use std::num::NonZeroU64;

use foldhash::quality::FixedState;
use parking_lot::Mutex;

/// Parts of the set, each with a lock of its own, named by the first bits of a fingerprint.
const SHARDS: usize = 1 << SHARD_BITS;
const SHARD_BITS: u32 = 6;

/// A shard has room for so many to start with.
const ROOM: usize = 16;

/// 64 bits that stand for a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fingerprint(NonZeroU64);

impl Fingerprint {
    /// Equal values have equal fingerprints, in every run. Of n distinct values two have the
    /// same with a chance of at most n²/2⁶⁵.
    pub(crate) fn of(value: &impl Hash) -> Self {
        let hash = FixedState::default().hash_one(value);
        Self(NonZeroU64::new(hash).unwrap_or(NonZeroU64::MIN))
    }
}

/// A set of [`Fingerprint`]s: 10 to 14 bytes for each, once there are some thousands.
pub(crate) struct Table {
    shards: Vec<Mutex<Shard>>,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    /// Adds one; whether it was not there before.
    pub(crate) fn insert(&self, fingerprint: Fingerprint) -> bool {
        let bits = fingerprint.0.get();
        self.shards[(bits >> (u64::BITS - SHARD_BITS)) as usize].lock().insert(bits)
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().slots.len() * size_of::<u64>()).sum()
    }
}

/// Open addressing with linear probing. The place of a fingerprint is in proportion to its bits,
/// so the slots are nearly sorted, and a shard grows by any factor in one pass through memory.
#[derive(Default)]
struct Shard {
    /// 0 is an empty slot.
    slots: Vec<u64>,
    used: usize,
}

impl Shard {
    fn insert(&mut self, bits: u64) -> bool {
        // At most four fifths full: beyond, probing gets long.
        if self.used * 5 >= self.slots.len() * 4 {
            self.grow();
        }
        let slot = Self::find(&self.slots, bits);
        let is_new = self.slots[slot] == 0;
        self.slots[slot] = bits;
        self.used += usize::from(is_new);
        is_new
    }

    /// The slot with these bits, or the empty one where they belong.
    #[inline]
    fn find(slots: &[u64], bits: u64) -> usize {
        let within = u128::from(bits << SHARD_BITS);
        let mut slot = ((within * slots.len() as u128) >> u64::BITS) as usize;
        while slots[slot] != 0 && slots[slot] != bits {
            slot += 1;
            if slot == slots.len() {
                slot = 0;
            }
        }
        slot
    }

    /// By two fifths: doubling would leave more than half of the memory empty.
    #[cold]
    fn grow(&mut self) {
        let mut slots = vec![0; ROOM.max(self.slots.len() / 5 * 7)];
        for bits in self.slots.iter().filter(|bits| **bits != 0) {
            let slot = Self::find(&slots, *bits);
            slots[slot] = *bits;
        }
        self.slots = slots;
    }
}

/// Some of the fingerprints that one thread met lately. Most states are met again soon after, by
/// the same steps in another order; to see that here saves the way to the table.
pub(crate) struct Recent {
    slots: Vec<u64>,
}

impl Recent {
    /// 256 KiB, which a core has close to itself.
    const MOST: usize = 1 << 15;

    /// For the successors of so many states.
    pub(crate) fn new(states: usize) -> Self {
        Self { slots: vec![0; states.saturating_mul(8).next_power_of_two().min(Self::MOST)] }
    }

    /// Adds one, in the place of another; whether it was not there.
    #[inline]
    pub(crate) fn insert(&mut self, fingerprint: Fingerprint) -> bool {
        let bits = fingerprint.0.get();
        let slot = bits as usize & (self.slots.len() - 1);
        replace(&mut self.slots[slot], bits) != bits
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Against a set of the standard library, with fingerprints that crowd at the ends.
    #[test]
    fn it_holds_what_was_added_and_nothing_else() {
        let (table, mut naive) = (Table::new(), HashSet::new());
        for i in 1..200_000_u64 {
            let bits = match i % 3 {
                0 => i % 1_000 + 1,
                1 => u64::MAX - i % 5_000,
                _ => (i % 40_000).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            };
            let Some(bits) = NonZeroU64::new(bits) else { continue };
            assert_eq!(table.insert(Fingerprint(bits)), naive.insert(bits), "{i}");
        }
        assert_eq!(table.shards.iter().map(|shard| shard.lock().used).sum::<usize>(), naive.len());
    }

    #[test]
    fn it_takes_at_most_14_bytes_for_each() {
        let table = Table::new();
        for n in 1..500_000_usize {
            assert!(table.insert(Fingerprint::of(&n)));
            let (slots, fits) = (table.bytes(), 14 * n);
            assert!(n < 20_000 || slots <= fits + fits / 100, "{slots} bytes for {n}");
        }
    }

    /// What two threads add at the same time is new to exactly one of them.
    #[test]
    fn threads_share_it() {
        let table = Table::new();
        let add = || (0..100_000).filter(|n| table.insert(Fingerprint::of(n))).count();
        let new = std::thread::scope(|scope| {
            let threads = [scope.spawn(add), scope.spawn(add), scope.spawn(add)];
            threads.map(|thread| thread.join().expect("it does not panic")).iter().sum::<usize>()
        });
        assert_eq!(new, 100_000);
    }
}
