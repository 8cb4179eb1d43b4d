//! Messages by number, and sets of them as bits.
//!
//! Nearly each state of a cluster has a network of its own, so it does not pay to keep networks
//! once and refer to them. But the messages are few, so a network is some words of bits: to send
//! is to set bits, to remove what is dead is to clear bits, and equal sets are equal words. The
//! numbers go round the nodes, 64 for each in turn, so that a word holds messages to one node.

use std::sync::atomic::{AtomicU64, Ordering};

use althing::machine::Machine;
use smallvec::SmallVec;

use crate::cell::Stimulus;
use crate::intern::Interner;

/// So many words need no memory of their own.
const INLINE: usize = 6;

/// How many numbers a word of bits stands for.
const BITS: u32 = u64::BITS;

/// Everything that can happen to a node, by number.
pub(crate) struct Stimuli<M: Machine> {
    /// By the node that they are for.
    of_node: Vec<Interner<Stimulus<M>>>,
}

impl<M: Machine> Stimuli<M> {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { of_node: (0..nodes).map(|_| Interner::new()).collect() }
    }

    /// The stimulus's number.
    ///
    /// # Panics
    /// If it is for a node that does not exist.
    pub(crate) fn intern(&self, stimulus: Stimulus<M>) -> u32 {
        let (node, nodes) = (u32::from(stimulus.node.get()), self.of_node.len() as u32);
        let local = self.of_node[stimulus.node.index()].intern(stimulus);
        (local / BITS * nodes + node) * BITS + local % BITS
    }

    /// The stimulus with this number.
    pub(crate) fn get(&self, number: u32) -> &Stimulus<M> {
        let (node, local) = self.place(number);
        self.of_node[node].get(local)
    }

    fn place(&self, number: u32) -> (usize, u32) {
        let (word, nodes) = (number / BITS, self.of_node.len() as u32);
        ((word % nodes) as usize, word / nodes * BITS + number % BITS)
    }
}

/// A set of messages, by number. Its last word is never 0.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct Messages(SmallVec<[u64; INLINE]>);

impl Clone for Messages {
    /// At once, where a derived one would go word by word.
    fn clone(&self) -> Self {
        Self(SmallVec::from_slice(&self.0))
    }
}

impl Messages {
    /// The words, each with its place.
    pub(crate) fn words(&self) -> impl Iterator<Item = (usize, u64)> {
        self.0.iter().copied().enumerate().filter(|(_, bits)| *bits != 0)
    }

    /// The messages, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.words().flat_map(|(word, bits)| numbers(word, bits))
    }

    /// Adds the messages that these bits of a word stand for.
    #[inline]
    pub(crate) fn add(&mut self, word: usize, bits: u64) {
        if let Some(present) = self.0.get_mut(word) {
            *present |= bits;
        } else if bits != 0 {
            self.grow(word, bits);
        }
    }

    #[cold]
    fn grow(&mut self, word: usize, bits: u64) {
        self.0.resize(word, 0);
        self.0.push(bits);
    }

    /// The bits of a word.
    #[inline]
    pub(crate) fn word(&self, word: usize) -> u64 {
        self.0.get(word).copied().unwrap_or(0)
    }

    /// The set of what these messages become: `of_word` says it for each word.
    pub(crate) fn map<F: Fn(u32) -> u32>(&self, of_word: impl Fn(usize) -> F) -> Self {
        let mut mapped = Self(SmallVec::from_elem(0, self.0.len()));
        for (word, bits) in self.words() {
            let becomes = of_word(word);
            numbers(word, bits).for_each(|message| mapped.insert(becomes(message)));
        }
        mapped.trim();
        mapped
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    /// The set after a change.
    #[inline]
    pub(crate) fn after(&self, change: &Change) -> Self {
        let (old, change) = (&self.0[..], &change.0[..]);
        let len = old.len().max(change.len());
        if len > INLINE {
            return self.after_in_heap(change);
        }
        let mut words = [0; INLINE];
        words[..old.len()].copy_from_slice(old);
        for (word, (removed, added)) in words.iter_mut().zip(change) {
            *word = *word & !removed | added;
        }
        let len = words[..len].iter().rposition(|word| *word != 0).map_or(0, |last| last + 1);
        Self(SmallVec::from_buf_and_len(words, len))
    }

    #[cold]
    fn after_in_heap(&self, change: &[(u64, u64)]) -> Self {
        let mut after = self.clone();
        after.0.resize(self.0.len().max(change.len()), 0);
        for (word, (removed, added)) in after.0.iter_mut().zip(change) {
            *word = *word & !removed | added;
        }
        after.trim();
        after
    }

    #[inline]
    pub(crate) fn insert(&mut self, message: u32) {
        let (word, bit) = split(message);
        self.add(word, bit);
    }

    pub(crate) fn contains(&self, message: u32) -> bool {
        let (word, bit) = split(message);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }
}

impl FromIterator<u32> for Messages {
    fn from_iter<I: IntoIterator<Item = u32>>(messages: I) -> Self {
        let mut set = Self::default();
        messages.into_iter().for_each(|message| set.insert(message));
        set
    }
}

/// Messages to remove from a set, and then messages to add to it, by word.
#[derive(Default)]
pub(crate) struct Change(SmallVec<[(u64, u64); INLINE]>);

impl Change {
    pub(crate) fn remove(&mut self, word: usize, bits: u64) {
        if bits != 0 {
            self.at(word).0 |= bits;
        }
    }

    pub(crate) fn add(&mut self, word: usize, bits: u64) {
        if bits != 0 {
            self.at(word).1 |= bits;
        }
    }

    /// Whether the set after this change is another.
    #[inline]
    pub(crate) fn changes(&self, messages: &Messages) -> bool {
        let mut words = self.0.iter().enumerate();
        words.any(|(word, (removed, added))| {
            let present = messages.word(word);
            (present & !removed | added) != present
        })
    }

    fn at(&mut self, word: usize) -> &mut (u64, u64) {
        if word >= self.0.len() {
            self.0.resize(word + 1, (0, 0));
        }
        &mut self.0[word]
    }
}

/// The numbers that these bits of a word stand for.
pub(crate) fn numbers(word: usize, mut bits: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let lowest = (bits != 0).then(|| bits.trailing_zeros())?;
        bits &= bits - 1;
        Some(word as u32 * BITS + lowest)
    })
}

/// The word of a number, and its bit there.
pub(crate) fn split(number: u32) -> (usize, u64) {
    ((number / BITS) as usize, 1 << (number % BITS))
}

/// A question about each number of a word, answered once.
#[derive(Default)]
pub(crate) struct Answers {
    asked: AtomicU64,
    yes: AtomicU64,
}

impl Answers {
    /// Those of the numbers for which the answer is yes.
    pub(crate) fn yes(&self, word: usize, bits: u64, ask: impl Fn(u32) -> bool) -> u64 {
        let unknown = bits & !self.asked.load(Ordering::Acquire);
        if unknown != 0 {
            let yes = numbers(word, unknown).filter(|number| ask(*number));
            let yes = yes.fold(0, |yes, number| yes | split(number).1);
            self.yes.fetch_or(yes, Ordering::Relaxed);
            self.asked.fetch_or(unknown, Ordering::Release);
        }
        bits & self.yes.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Against a tree of numbers, with enough of them to spill to the heap and back.
    #[test]
    fn a_set_of_messages_is_a_set() {
        let (mut set, mut tree) = (Messages::default(), BTreeSet::new());
        let without = |set: &Messages, message: u32| {
            let (mut change, (word, bit)) = (Change::default(), split(message));
            change.remove(word, bit);
            set.after(&change)
        };
        for i in 0..4_000_u32 {
            let message = i * i * 7 % 499;
            if i < 2_000 && i % 3 > 0 {
                set.insert(message);
                tree.insert(message);
            } else {
                set = without(&set, message);
                tree.remove(&message);
            }
            assert!(set.iter().eq(tree.iter().copied()));
            assert_eq!(set, tree.iter().copied().collect(), "equal sets are equal words");
        }
        assert_eq!(set, Messages::default());
    }
}
