//! A set of small numbers that gives back the smallest.

use alloc::vec;
use alloc::vec::Vec;

/// Numbers below a limit. Bit `i` of a level says whether word `i` of the level below is not zero, and
/// the bits of the lowest level are the numbers. So each operation looks at a word a level, of which
/// there are at most 6 for any numbers below 2^36.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    /// From the lowest to the highest, which is one word.
    levels: Vec<Vec<u64>>,
}

impl Marks {
    pub(super) fn new(limit: usize) -> Self {
        let mut levels = vec![vec![0; limit.div_ceil(64).max(1)]];
        while let Some(words) = levels.last().map(Vec::len).filter(|words| *words > 1) {
            levels.push(vec![0; words.div_ceil(64)]);
        }
        Self { levels }
    }

    /// `number` is below the limit.
    pub(super) fn insert(&mut self, number: usize) {
        let mut number = number;
        for level in &mut self.levels {
            level[number / 64] |= 1 << (number % 64);
            number /= 64;
        }
    }

    pub(super) fn first(&self) -> Option<usize> {
        self.levels.iter().rev().try_fold(0, |place, level| {
            let word = level[place];
            (word != 0).then(|| place * 64 + word.trailing_zeros() as usize)
        })
    }

    /// `number` is below the limit.
    pub(super) fn remove(&mut self, number: usize) {
        let mut number = number;
        for level in &mut self.levels {
            let word = &mut level[number / 64];
            *word &= !(1 << (number % 64));
            if *word != 0 {
                return;
            }
            number /= 64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn they_are_a_set(limit in 1..300_000_usize, steps in prop::collection::vec(any::<(bool, u32)>(), 0..200)) {
            let (mut marks, mut set) = (Marks::new(limit), BTreeSet::new());
            for (insert, number) in steps {
                let number = number as usize % limit;
                if insert {
                    marks.insert(number);
                    set.insert(number);
                } else if let Some(first) = marks.first() {
                    marks.remove(first);
                    set.remove(&first);
                }
                prop_assert_eq!(marks.first(), set.first().copied());
            }
        }
    }
}
