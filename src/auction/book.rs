//! Who has which task, at which prices: what every solver here changes, step by step.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use crate::auction::problem::Problem;
use crate::auction::shortlist::Shortlists;

/// Tasks, agents, and prices for both.
///
/// A price belongs to each task, a rent to each agent, `rent >= 0`, both times `lists.scale()`. The
/// *level* of an arc is its cost times that, plus the rent of its agent.
///
/// - An agent without a task is *idle* at rent 0, and *vacant* above that. At an optimum none is
///   vacant.
/// - A task is placed, unplaced at its reserve, or still *open*.
/// - No price is above the level of an arc of its task, or above its reserve, by more than the epsilon
///   of whoever made it; and those of a placed task are equal.
#[derive(Clone, Debug)]
pub(super) struct Book<'a> {
    pub(super) problem: Cow<'a, Problem>,
    pub(super) lists: Shortlists,
    pub(super) rents: Vec<i64>,
    pub(super) prices: Vec<i64>,
    pub(super) agent_of: Vec<Option<u32>>,
    pub(super) task_of: Vec<Option<u32>>,
    /// Which tasks are unplaced at their reserve. All others without an agent are open.
    pub(super) unplaced: Vec<bool>,
}

/// Open tasks: those that have become open last bid first.
///
/// In a great sparse problem nothing takes as long as waiting for memory. The row of one task that bids is
/// waited for; those of several are waited for together.
#[derive(Clone, Debug, Default)]
pub(super) struct Open {
    tasks: Vec<u32>,
    /// Taken from there, with their rows in the cache.
    next: Vec<u32>,
}

/// How many tasks are taken at once. Of a dense problem one, as its lists are short, and costly to be made
/// anew: they last longer the fewer other rents rise in between.
const TOGETHER: usize = 16;

impl Open {
    pub(super) fn push(&mut self, task: u32) {
        self.tasks.push(task);
    }

    pub(super) fn pop(&mut self, book: &Book<'_>) -> Option<u32> {
        if self.next.is_empty() {
            let count = if book.lists.is_dense() { 1 } else { TOGETHER };
            let left = self.tasks.len().saturating_sub(count);
            self.next.extend(self.tasks.drain(left..));
            book.lists.touch(&book.problem, &self.next);
        }
        self.next.pop()
    }

    pub(super) fn clear(&mut self) {
        self.tasks.clear();
        self.next.clear();
    }
}

/// What became of a bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bid {
    /// The agent was free.
    Placed,
    /// The agent has left this task, which is open now.
    Displaced(u32),
    /// Nobody is below the reserve.
    Unplaced,
    /// Nobody can do it, and it must be placed.
    Hopeless,
}

impl<'a> Book<'a> {
    /// All tasks are open. Rents are times `scale`.
    pub(super) fn new(problem: Cow<'a, Problem>, scale: i64, rents: Vec<i64>) -> Self {
        let lists = Shortlists::new(&problem, scale, &rents);
        let (tasks, agents) = (problem.tasks(), problem.agents());
        let (agent_of, task_of) = (vec![None; tasks], vec![None; agents]);
        let (prices, unplaced) = (vec![0; tasks], vec![false; tasks]);
        Self { problem, lists, rents, prices, agent_of, task_of, unplaced }
    }

    /// The reserve, times the scale.
    pub(super) fn reserve(&self, task: usize) -> Option<i64> {
        self.problem.reserve(task).map(|reserve| i64::from(reserve) * self.lists.scale())
    }

    pub(super) fn is_vacant(&self, agent: usize) -> bool {
        self.task_of[agent].is_none() && self.rents[agent] > 0
    }

    pub(super) fn set_rent(&mut self, agent: usize, rent: i64) {
        self.rents[agent] = rent;
        self.lists.rent_is(agent, rent);
    }

    /// The open task bids for its cheapest agent: it raises the rent until that agent is dearer than
    /// the next cheapest, or than `cap`, by epsilon. Bertsekas 1979.
    #[inline]
    pub(super) fn bid(&mut self, task: usize, cap: i64, epsilon: i64) -> Bid {
        let reserve = self.reserve(task);
        let cap = reserve.unwrap_or(cap);
        let quote = self.lists.quote(&self.problem, task, &self.rents);
        let Some(quote) = quote.filter(|quote| quote.level < cap) else {
            self.prices[task] = cap;
            self.unplaced[task] = reserve.is_some();
            return if reserve.is_some() { Bid::Unplaced } else { Bid::Hopeless };
        };
        let next = quote.next.min(cap);
        let price = if next == i64::MAX { quote.level } else { next + epsilon };
        let agent = quote.agent as usize;
        self.set_rent(agent, self.rents[agent] + (price - quote.level));
        self.prices[task] = price;
        self.place(task, agent)
    }

    /// The agent takes the open task, and leaves the one that it has.
    #[inline]
    pub(super) fn place(&mut self, task: usize, agent: usize) -> Bid {
        self.agent_of[task] = Some(agent as u32);
        match self.task_of[agent].replace(task as u32) {
            Some(other) => {
                self.agent_of[other as usize] = None;
                Bid::Displaced(other)
            }
            None => Bid::Placed,
        }
    }

    /// The task is open again; its agent keeps its rent.
    pub(super) fn release(&mut self, task: usize) {
        if let Some(agent) = self.agent_of[task].take() {
            self.task_of[agent as usize] = None;
        }
    }

    /// The price at which the task would be placed now: the least level of its arcs, or its reserve.
    pub(super) fn level(&mut self, task: usize) -> i64 {
        let quote = self.lists.quote(&self.problem, task, &self.rents);
        let level = quote.map_or(i64::MAX, |quote| quote.level);
        level.min(self.reserve(task).unwrap_or(i64::MAX))
    }

    /// The level of the arc on which the task is placed.
    pub(super) fn own_level(&self, task: usize, agent: usize) -> i64 {
        let cost = self.problem.cost(task, agent).unwrap_or(Problem::FORBIDDEN);
        i64::from(cost) * self.lists.scale() + self.rents[agent]
    }

    /// Prices and rents in units of money from here on, rounded to the nearest: what a rent is off by is the
    /// epsilons of the bids that led to it, and those of the reverse auction count downwards.
    pub(super) fn in_units(&mut self) {
        let scale = self.lists.scale();
        self.rents.iter_mut().for_each(|rent| *rent = (*rent + scale / 2) / scale);
        self.lists.in_units();
    }

    /// The same without its problem.
    pub(super) fn detached(self) -> Book<'static> {
        let Self { lists, rents, prices, agent_of, task_of, unplaced, .. } = self;
        Book { problem: Cow::Owned(Problem::empty()), lists, rents, prices, agent_of, task_of, unplaced }
    }
}
