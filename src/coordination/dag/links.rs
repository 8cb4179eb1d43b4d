//! Edges as compressed sparse rows: those of a task lie side by side.

use alloc::vec;
use alloc::vec::Vec;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Links {
    /// Row `i` begins here and ends where the next one begins.
    begins: Vec<u32>,
    ends: Vec<u32>,
    /// As long as `ends`, or empty if all are zero.
    delays: Vec<u64>,
}

impl Links {
    /// All ends are below `rows`, and there are at most `u32::MAX` of either.
    pub(super) fn new(rows: usize, edges: impl Iterator<Item = (usize, usize, u64)> + Clone) -> Self {
        let mut begins = vec![0_u32; rows + 1];
        for (row, ..) in edges.clone() {
            begins[row + 1] += 1;
        }
        for row in 0..rows {
            begins[row + 1] += begins[row];
        }
        let (mut next, count) = (begins.clone(), begins[rows] as usize);
        let delayed = edges.clone().any(|(.., delay)| delay > 0);
        let (mut ends, mut delays) = (vec![0; count], vec![0; if delayed { count } else { 0 }]);
        for (row, end, delay) in edges {
            let place = next[row] as usize;
            next[row] += 1;
            // There are at most `u32::MAX` rows.
            ends[place] = end as u32;
            if delayed {
                delays[place] = delay;
            }
        }
        Self { begins, ends, delays }
    }

    pub(super) const fn rows(&self) -> usize {
        self.begins.len() - 1
    }

    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn ends(&self, row: usize) -> &[u32] {
        &self.ends[self.range(row)]
    }

    pub(super) fn of(&self, row: usize) -> impl ExactSizeIterator<Item = (usize, u64)> {
        let delay = |place| self.delays.get(place).copied().unwrap_or_default();
        self.range(row).map(move |place| (self.ends[place] as usize, delay(place)))
    }

    fn range(&self, row: usize) -> core::ops::Range<usize> {
        match self.begins.get(row..) {
            Some([begin, end, ..]) => *begin as usize..*end as usize,
            Some(_) | None => 0..0,
        }
    }
}
