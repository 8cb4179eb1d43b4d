//! Of each row the few arcs that may be its cheapest, so that hardly anyone looks at a whole row.

use alloc::vec;
use alloc::vec::Vec;
use core::hint::black_box;

use crate::auction::problem::{Problem, Row};

/// How many arcs of a dense row are listed.
const WIDTH: usize = 16;
/// Columns of which a scan keeps the least value alone.
const BLOCK: usize = 32;

/// Lists for the rows of a problem under rents that others keep and that rise, as a rule.
///
/// The *level* of an arc is its cost times `scale`, plus the rent of its agent. An arc of task `t`
/// that is not listed has a level of at least `floor(t)`, whatever rents have risen since the row was
/// scanned. Sparse rows are their own lists.
///
/// A scan takes `cost + low`, in 32 bits, for each column; it is all that takes time in a dense
/// problem, and baseline SIMD does four at once.
#[derive(Clone, Debug)]
pub(super) struct Shortlists {
    scale: i64,
    dense: bool,
    /// `WIDTH` places a task, of which the first `lengths[t]` are used.
    listed: Vec<(u32, u32)>,
    lengths: Vec<u8>,
    floors: Vec<i64>,
    /// Of each agent the rent over `scale`, rounded down, and at most [`Problem::MAX_COST`].
    low: Vec<i32>,
    /// Of the row scanned last, the least value of each block.
    blocks: Vec<i32>,
    found: Vec<(i32, u32, u32)>,
    /// How many arcs have been looked at.
    pub(super) scanned: u64,
}

/// The cheapest agent for a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quote {
    pub(super) agent: u32,
    pub(super) level: i64,
    /// The level of the next cheapest, [`i64::MAX`] if there is none.
    pub(super) next: i64,
}

impl Shortlists {
    pub(super) fn new(problem: &Problem, scale: i64, rents: &[i64]) -> Self {
        let dense = matches!(problem.row(0), Row::Dense(_));
        let rows = if dense { problem.tasks() } else { 0 };
        let mut lists = Self {
            scale,
            dense,
            listed: vec![(0, 0); rows * WIDTH],
            lengths: vec![0; rows],
            floors: vec![i64::MIN; rows],
            low: vec![0; if dense { problem.agents() } else { 0 }],
            blocks: Vec::new(),
            found: Vec::new(),
            scanned: 0,
        };
        rents.iter().enumerate().for_each(|(agent, rent)| lists.rent_is(agent, *rent));
        lists
    }

    pub(super) fn scale(&self) -> i64 {
        self.scale
    }

    pub(super) fn is_dense(&self) -> bool {
        self.dense
    }

    /// The rent of the agent has become this. If it has fallen, [`Self::lower`] must be told, too.
    pub(super) fn rent_is(&mut self, agent: usize, rent: i64) {
        if let Some(low) = self.low.get_mut(agent) {
            let whole = if self.scale == 1 { rent } else { rent / self.scale };
            *low = whole.min(i64::from(Problem::MAX_COST)) as i32;
        }
    }

    /// Some rents have fallen, by no more than this.
    pub(super) fn lower(&mut self, by: i64) {
        // Where everything is listed it stays so.
        let floors = self.floors.iter_mut().filter(|floor| **floor != i64::MAX);
        floors.for_each(|floor| *floor = floor.saturating_sub(by));
    }

    /// Rents are whole from here on: each has been divided by the scale, and rounded down or to the nearest.
    pub(super) fn in_units(&mut self) {
        let scale = core::mem::replace(&mut self.scale, 1);
        let divide = |floor: &mut i64| {
            if *floor != i64::MAX {
                *floor = floor.div_euclid(scale);
            }
        };
        self.floors.iter_mut().for_each(divide);
    }

    /// Costs of the task have changed: its list is empty, and its next user scans the row.
    pub(super) fn forget(&mut self, task: usize) {
        if self.dense {
            (self.lengths[task], self.floors[task]) = (0, i64::MIN);
        }
    }

    /// The arcs that are listed: agents, and what they ask.
    #[inline(always)]
    pub(super) fn arcs<'a>(&'a self, problem: &'a Problem, task: usize) -> &'a [(u32, u32)] {
        match problem.row(task) {
            Row::Sparse(arcs) => arcs,
            Row::Dense(_) => &self.listed[task * WIDTH..][..usize::from(self.lengths[task])],
        }
    }

    /// Brings the arcs of these tasks that are listed into the cache, for whoever needs them soon. They are
    /// loaded side by side; one after the other, each would be waited for.
    pub(super) fn touch(&self, problem: &Problem, tasks: &[u32]) {
        let mut sum = 0;
        for task in tasks {
            let arcs = self.arcs(problem, *task as usize);
            if let (Some(first), Some(last)) = (arcs.first(), arcs.last()) {
                sum ^= first.0 ^ last.0;
            }
        }
        black_box(sum);
    }

    /// No arc that is not listed has a level below this.
    pub(super) fn floor(&self, task: usize) -> i64 {
        if self.dense { self.floors[task] } else { i64::MAX }
    }

    /// The cheapest agent for the task. `None` if nobody can do it.
    #[inline]
    pub(super) fn quote(&mut self, problem: &Problem, task: usize, rents: &[i64]) -> Option<Quote> {
        if let Some(quote) = self.listed(problem, task, rents) {
            return Some(quote);
        }
        let Row::Dense(row) = problem.row(task) else { return None };
        self.scan(row, task);
        self.listed(problem, task, rents).or_else(|| {
            // The next cheapest differs from what is not listed by less than rounding.
            self.scanned += row.len() as u64;
            least_two((0..).zip(row.iter().copied()), self.scale, rents)
        })
    }

    /// The cheapest agent for the task, if the list says which it is, and which is the next.
    #[inline]
    fn listed(&mut self, problem: &Problem, task: usize, rents: &[i64]) -> Option<Quote> {
        let arcs = self.arcs(problem, task);
        let quote = least_two(arcs.iter().copied(), self.scale, rents);
        self.scanned += arcs.len() as u64;
        let floor = self.floor(task);
        quote.filter(|quote| quote.next <= floor || floor == i64::MAX)
    }

    /// Scans the row and lists its cheapest arcs anew.
    pub(super) fn scan(&mut self, row: &[u32], task: usize) {
        self.scanned += row.len() as u64;
        let least = |costs: &[u32], low: &[i32]| {
            costs
                .iter()
                .zip(low)
                .fold(i32::MAX, |least, (cost, low)| least.min(cost.cast_signed().wrapping_add(*low)))
        };
        let ((costs, last_costs), (lows, last_lows)) =
            (row.as_chunks::<BLOCK>(), self.low.as_chunks::<BLOCK>());
        self.blocks.clear();
        self.blocks.extend(costs.iter().zip(lows).map(|(costs, lows)| least(costs, lows)));
        if !last_costs.is_empty() {
            self.blocks.push(least(last_costs, last_lows));
        }
        // At least `WIDTH` values, each the least of another block, are not above this.
        let mut limit = i32::MAX;
        if self.blocks.len() > WIDTH {
            self.found.clear();
            self.found.extend(self.blocks.iter().map(|least| (*least, 0, 0)));
            limit = self.found.select_nth_unstable(WIDTH - 1).1.0;
        }
        self.collect(row, limit);
        let mut floor = if limit == i32::MAX { i64::MAX } else { (i64::from(limit) + 1) * self.scale };
        if self.found.len() > WIDTH {
            floor = i64::from(self.found.select_nth_unstable(WIDTH).1.0) * self.scale;
            self.found.truncate(WIDTH);
        }
        for (place, found) in self.listed[task * WIDTH..].iter_mut().zip(&self.found) {
            *place = (found.1, found.2);
        }
        (self.lengths[task], self.floors[task]) = (self.found.len() as u8, floor);
    }

    /// What [`Self::collect`] has found last: lower bounds of levels, agents, costs.
    pub(super) fn found(&self) -> &[(i32, u32, u32)] {
        &self.found
    }

    /// Finds those arcs of the row scanned last whose `cost + low` is at most this.
    pub(super) fn collect(&mut self, row: &[u32], limit: i32) {
        self.found.clear();
        let blocks = row.chunks(BLOCK).zip(self.low.chunks(BLOCK)).zip((0..).step_by(BLOCK));
        for (((costs, low), first), _) in blocks.zip(&self.blocks).filter(|(_, least)| **least <= limit) {
            for ((cost, low), agent) in costs.iter().zip(low).zip(first..) {
                let value = cost.cast_signed().wrapping_add(*low);
                if value <= limit && *cost <= Problem::MAX_COST {
                    self.found.push((value, agent, *cost));
                }
            }
        }
    }
}

/// Without branches: which arc is the cheapest is anybody's guess.
#[inline(always)]
fn least_two(arcs: impl Iterator<Item = (u32, u32)>, scale: i64, rents: &[i64]) -> Option<Quote> {
    let mut quote = Quote { agent: u32::MAX, level: i64::MAX, next: i64::MAX };
    for (agent, cost) in arcs {
        let level = i64::from(cost) * scale + rents[agent as usize];
        let level = if cost <= Problem::MAX_COST { level } else { i64::MAX };
        let best = level < quote.level;
        quote.next = quote.next.min(if best { quote.level } else { level });
        quote.agent = if best { agent } else { quote.agent };
        quote.level = if best { level } else { quote.level };
    }
    (quote.level < i64::MAX).then_some(quote)
}
