//! How many tasks can be independent of each other.

use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;

use crate::coordination::dag::TaskGraph;

/// A graph of which the width is not computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the width of {tasks} tasks is not computed: of {} at most", TaskGraph::WIDTH_LIMIT)]
pub struct WidthError {
    /// How many tasks there are.
    pub tasks: usize,
}

impl TaskGraph {
    /// Of how many tasks the width is computed.
    pub const WIDTH_LIMIT: usize = 4_096;

    /// The width: the most tasks of which none comes after another, not even by way of others. More
    /// agents than that are never all at work.
    ///
    /// Dilworth, "A decomposition theorem for partially ordered sets", 1950: that many chains cover
    /// all tasks, and no fewer. Fulkerson 1956: that is the number of tasks less the largest matching
    /// of tasks with tasks that come after them. O(n^3 / 64), and n^2 / 8 bytes.
    ///
    /// # Errors
    /// [`WidthError`] if there are more tasks than [`WIDTH_LIMIT`](Self::WIDTH_LIMIT).
    pub fn width(&self) -> Result<usize, WidthError> {
        let tasks = self.tasks().len();
        if tasks > Self::WIDTH_LIMIT {
            return Err(WidthError { tasks });
        }
        let closure = self.closure();
        let mut matching = Matching { after: vec![None; tasks], before: vec![None; tasks] };
        let matched = (0..tasks).filter(|task| matching.augment(*task, &closure)).count();
        Ok(tasks - matched)
    }

    /// For each task the set of those that come after it, directly or by way of others.
    fn closure(&self) -> Vec<Vec<u64>> {
        let tasks = self.tasks().len();
        let mut after = vec![vec![0_u64; tasks.div_ceil(64)]; tasks];
        for task in self.in_order().rev() {
            let mut row = core::mem::take(&mut after[task]);
            for next in self.next(task).iter().map(|next| *next as usize) {
                row[next / 64] |= 1 << (next % 64);
                row.iter_mut().zip(&after[next]).for_each(|(word, more)| *word |= more);
            }
            after[task] = row;
        }
        after
    }
}

/// Who is matched with whom: each task with one after it, and the other way round.
struct Matching {
    after: Vec<Option<usize>>,
    before: Vec<Option<usize>>,
}

impl Matching {
    /// Finds a partner for the task, and others for those that lose theirs. Breadth first, so that no
    /// graph is too deep.
    fn augment(&mut self, task: usize, closure: &[Vec<u64>]) -> bool {
        let mut seen = vec![0_u64; closure.len().div_ceil(64)];
        let mut reached_from = vec![task; closure.len()];
        let mut queue = VecDeque::from([task]);
        while let Some(at) = queue.pop_front() {
            for (word, all) in closure[at].iter().enumerate() {
                let mut fresh = all & !seen[word];
                seen[word] |= fresh;
                while fresh != 0 {
                    let next = word * 64 + fresh.trailing_zeros() as usize;
                    fresh &= fresh - 1;
                    reached_from[next] = at;
                    match self.before[next] {
                        Some(partner) => queue.push_back(partner),
                        None => {
                            self.pass_on(next, &reached_from);
                            return true;
                        }
                    }
                }
            }
        }
        false
    }

    /// The last one on the way is free: each takes what the next one had, and the first had none.
    fn pass_on(&mut self, free: usize, reached_from: &[usize]) {
        let mut next = Some(free);
        while let Some(partner) = next {
            let task = reached_from[partner];
            self.before[partner] = Some(task);
            next = self.after[task].replace(partner);
        }
    }
}
