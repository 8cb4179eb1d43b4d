//! Assignment by Bertsekas's auction: tasks bid for agents.
//!
//! An open task bids for its cheapest agent, and raises that agent's rent until its own cost there is
//! above that of the next cheapest by epsilon; whoever had the agent is open again.
//!
//! **Theorem** (Bertsekas 1988, "The auction algorithm"). After every bid no placed task has a cheaper
//! place by more than epsilon. So once no task is open, and whoever is idle has no rent, the assignment
//! costs at most `tasks * epsilon` above the optimum; with integer costs and an epsilon below
//! `1 / tasks` it is optimal.
//!
//! **Conditions.** *Scaling* runs the auction with a large epsilon first and keeps the rents. With as many
//! agents as tasks and no reserves that is all. Otherwise an agent may end up idle at a rent from an
//! earlier phase, and the theorem no longer applies: so each phase ends with a *reverse* auction
//! (Bertsekas and Castañon 1992, "A forward/reverse auction algorithm for asymmetric assignment
//! problems"), in which such agents lower their rents until a task takes them or the rent is 0. Without a
//! reserve the plain auction never ends if a task cannot be placed; here it ends at a price that no task
//! reaches which can be.
//!
//! **Not promised.** It is a way to compute, not a mechanism: bids are the solver's, and nothing is said
//! about agents who misstate their costs; for that see [`vcg`](super::vcg).
//!
//! **Cost.** `O(tasks * arcs * log(tasks * greatest cost))` with scaling and equal sides (Bertsekas and
//! Eckstein 1988); in a great sparse problem most of it is waiting for memory, so the rows of sixteen open
//! tasks are fetched together. The reverse auction looks at whole columns, which in a dense problem lie far apart.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use crate::auction::book::{Bid, Book, Open};
use crate::auction::certificate::Assignment;
use crate::auction::problem::{Problem, Row};
use crate::auction::shortest_path::{self, Infeasible};

/// An optimal assignment, by auctions whose epsilon falls from a twentieth of the greatest cost to less than
/// one over the number of tasks.
///
/// # Errors
/// [`Unsolved`], if there is none or prices would not fit 64 bits.
pub fn solve(problem: &Problem) -> Result<Assignment, Unsolved> {
    let scale = u32::try_from(problem.tasks() + 1).unwrap_or(u32::MAX);
    let auction = Auction::new(problem, scale)?;
    let first = auction.epsilon / FIRST;
    Ok(shortest_path::assignment(auction.scaled(first, 1)?))
}

/// The first epsilon is the greatest cost over this.
pub(super) const FIRST: i64 = 20;
/// Each is the one before over this.
const RATIO: i64 = 8;
/// Where some agents stay idle, rents fall by so many epsilons between phases. A coarse phase leaves them
/// too high by about that. Differences are kept, and hardly any agent stays vacant for whom the reverse
/// auction would look for a task.
const EXCESS: i64 = 3;

/// An auction that goes on bid by bid, whose epsilon the caller chooses.
#[derive(Clone, Debug)]
pub struct Auction<'a> {
    book: Book<'a>,
    open: Open,
    columns: Option<Columns>,
    /// Agents that may be vacant once no task is open.
    vacant: Vec<u32>,
    epsilon: i64,
    /// In a phase that begins without rents, no task that can be placed at all gets so dear: a shortest
    /// path from it to an idle agent has at most one arc a task, each of at most the greatest cost and
    /// an epsilon.
    bound: i64,
    /// The same for this phase, which has begun with rents.
    cap: i64,
    /// Whether rents have fallen, so that the lists must be made anew.
    fell: bool,
}

/// What [`Auction::step`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A task has bid, or an agent; or an agent was found to have a task.
    Bid,
    /// Every task is placed or at its reserve, and every agent is busy or at rent 0.
    Done,
    /// This task is dearer than any can be that can be placed.
    Hopeless(usize),
}

/// Prices could become too great for 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{tasks} tasks at a cost of up to {cost} need prices of more than 64 bits")]
pub struct Overflow {
    /// How many tasks there are.
    pub tasks: usize,
    /// The greatest cost.
    pub cost: u32,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsolved {
    /// There is no assignment.
    #[error(transparent)]
    Infeasible(#[from] Infeasible),
    /// Numbers are too great.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

impl<'a> Auction<'a> {
    /// No rents, all tasks open, and an epsilon of the greatest cost, until [`Auction::begin`] sets another.
    /// Every cost counts `scale` times, so that an epsilon of 1 is a fraction of the unit of money; a scale
    /// of 0 is taken for 1.
    ///
    /// # Errors
    /// [`Overflow`] if prices could need more than 63 bits.
    pub fn new(problem: &'a Problem, scale: u32) -> Result<Self, Overflow> {
        let (tasks, cost, scale) = (problem.tasks(), greatest(problem), scale.max(1));
        let side = tasks.min(problem.agents()) as i128 + 2;
        let bound = i64::try_from(side * 2 * (i128::from(cost) + 1) * i128::from(scale));
        let bound = bound.ok().filter(|bound| *bound < i64::MAX / 4).ok_or(Overflow { tasks, cost })?;
        let book = Book::new(Cow::Borrowed(problem), i64::from(scale), vec![0; problem.agents()]);
        let epsilon = (i64::from(cost) * i64::from(scale)).max(1);
        let mut open = Open::default();
        (0..tasks as u32).rev().for_each(|task| open.push(task));
        Ok(Self { book, open, columns: None, vacant: Vec::new(), epsilon, bound, cap: bound, fell: false })
    }

    /// Goes on from prices of another solver.
    pub(super) fn resume(book: Book<'a>) -> Self {
        let side = book.prices.len().min(book.rents.len()) as i64 + 2;
        let epsilon = i64::from(greatest(&book.problem)) * book.lists.scale();
        let bound = side.saturating_mul(2).saturating_mul(epsilon + 1).min(i64::MAX / 4);
        Self {
            book,
            open: Open::default(),
            columns: None,
            vacant: Vec::new(),
            epsilon,
            bound,
            cap: bound,
            fell: false,
        }
    }

    /// The greatest epsilon that there may be from here on.
    pub(super) fn epsilon(&self) -> i64 {
        self.epsilon
    }

    /// Begins a phase: rents are kept, and tasks whose arcs keep to this epsilon keep their agents.
    /// An epsilon below 1 is taken for 1, one above the greatest cost for that.
    pub fn begin(&mut self, epsilon: i64) {
        self.epsilon = epsilon.clamp(1, self.epsilon.max(1));
        let rent = self.book.rents.iter().copied().max().unwrap_or(0);
        self.cap = rent.saturating_add(self.bound).min(i64::MAX / 2);
        if core::mem::take(&mut self.fell) {
            (0..self.book.prices.len()).for_each(|task| self.book.lists.forget(task));
        }
        self.open.clear();
        for task in (0..self.book.prices.len()).rev() {
            let level = self.book.level(task);
            let price = match self.book.agent_of[task] {
                Some(agent) => self.book.own_level(task, agent as usize),
                None if self.book.unplaced[task] => self.book.prices[task],
                None => i64::MAX,
            };
            if price <= level.saturating_add(self.epsilon) && price < i64::MAX {
                self.book.prices[task] = price;
            } else {
                self.book.release(task);
                self.book.unplaced[task] = false;
                self.open.push(task as u32);
            }
        }
        self.vacant = (0..self.book.rents.len() as u32).collect();
    }

    /// The next open task bids; if there is none, the next vacant agent does.
    pub fn step(&mut self) -> Step {
        if let Some(task) = self.open.pop(&self.book) {
            match self.book.bid(task as usize, self.cap, self.epsilon) {
                Bid::Placed | Bid::Unplaced => {}
                Bid::Displaced(other) => self.open.push(other),
                Bid::Hopeless => {
                    self.open.push(task);
                    return Step::Hopeless(task as usize);
                }
            }
            return Step::Bid;
        }
        let Some(agent) = self.vacant.pop() else { return Step::Done };
        if self.book.is_vacant(agent as usize) {
            self.reverse(agent);
        }
        Step::Bid
    }

    /// The vacant agent bids for the task that pays it best: it lowers its rent until the next best
    /// pays more by epsilon, or to 0. No rent rises, no price rises, no task loses its agent without
    /// getting another. Bertsekas and Castañon 1992.
    fn reverse(&mut self, agent: u32) {
        self.fell = true;
        let problem = &self.book.problem;
        let columns = self.columns.get_or_insert_with(|| Columns::new(problem));
        let (scale, prices) = (self.book.lists.scale(), &self.book.prices);
        let (mut best, mut pays, mut next) = (None, self.epsilon, i64::MIN);
        let mut arcs = 0;
        columns.each(problem, agent, |task, cost| {
            arcs += 1;
            let offer = prices[task as usize] - i64::from(cost) * scale;
            if offer > pays {
                next = if best.is_some() { pays } else { next };
                (best, pays) = (Some((task, cost)), offer);
            } else {
                next = next.max(offer);
            }
        });
        self.book.lists.scanned += arcs;
        let Some((task, cost)) = best else { return self.book.set_rent(agent as usize, 0) };
        let rent = next.saturating_sub(self.epsilon).max(0);
        self.book.set_rent(agent as usize, rent);
        self.book.prices[task as usize] = i64::from(cost) * scale + rent;
        let other = self.book.agent_of[task as usize];
        self.book.release(task as usize);
        self.book.unplaced[task as usize] = false;
        self.book.place(task as usize, agent as usize);
        self.vacant.extend(other);
    }

    /// Phases from one epsilon to the other, and what is left to do.
    pub(super) fn scaled(mut self, first: i64, last: i64) -> Result<Book<'a>, Infeasible> {
        let problem = &self.book.problem;
        let some_idle = problem.may_leave_some();
        let mut epsilon = first.max(last);
        loop {
            self.begin(epsilon);
            // A task that is hopeless here is hopeless, or the paths find out that it is not.
            if matches!(self.run(u64::MAX), Step::Hopeless(_)) || epsilon <= last {
                return self.exact();
            }
            if some_idle {
                self.lower(EXCESS * epsilon);
            }
            epsilon = (epsilon / RATIO).max(last);
        }
    }

    /// All rents fall by this, but not below 0.
    fn lower(&mut self, by: i64) {
        for agent in 0..self.book.rents.len() {
            self.book.set_rent(agent, (self.book.rents[agent] - by).max(0));
        }
        self.book.lists.lower(by);
    }

    /// Steps until the phase is over, or so many arcs have been looked at in all.
    pub fn run(&mut self, budget: u64) -> Step {
        loop {
            match self.step() {
                Step::Bid if self.book.lists.scanned < budget => {}
                step => return step,
            }
        }
    }

    /// Of each task its agent; `None` if it is open or unplaced.
    pub fn agent_of(&self) -> &[Option<u32>] {
        &self.book.agent_of
    }

    /// Whether the task is unplaced at its reserve; of what is neither placed nor unplaced, it is open.
    /// `false` if there is no such task.
    pub fn is_unplaced(&self, task: usize) -> bool {
        self.book.unplaced.get(task).copied().unwrap_or(false)
    }

    /// Of each agent its rent, times the scale.
    pub fn rents(&self) -> &[i64] {
        &self.book.rents
    }

    /// How many arcs have been looked at.
    pub fn scanned(&self) -> u64 {
        self.book.lists.scanned
    }

    /// An optimal assignment: what is left to do is done by shortest paths, from these rents.
    ///
    /// # Errors
    /// [`Infeasible`] if there is none.
    pub fn finish(self) -> Result<Assignment, Infeasible> {
        Ok(shortest_path::assignment(self.exact()?))
    }

    fn exact(self) -> Result<Book<'a>, Infeasible> {
        drop((self.columns, self.open, self.vacant)); // Paths need room.
        let mut book = self.book;
        if self.fell {
            (0..book.prices.len()).for_each(|task| book.lists.forget(task));
        }
        book.in_units();
        let mut open = Vec::new();
        for task in 0..book.prices.len() {
            let level = book.level(task);
            let price = match book.agent_of[task] {
                Some(agent) => book.own_level(task, agent as usize),
                None => book.reserve(task).filter(|_| book.unplaced[task]).unwrap_or(i64::MAX),
            };
            book.prices[task] = price;
            if price > level || price == i64::MAX {
                book.release(task);
                book.unplaced[task] = false;
                open.push(task as u32);
            }
        }
        shortest_path::finish(&mut book, open, u64::MAX)?;
        Ok(book)
    }
}

/// How often a unit of money should count, so that an epsilon of 1 is less than one over the number of
/// tasks; or, if prices could not fit then, how often it can.
pub(super) fn finest(problem: &Problem) -> i64 {
    let side = problem.tasks().min(problem.agents()) as i64 + 2;
    let room = i64::MAX / 64 / (2 * side * (i64::from(greatest(problem)) + 1));
    (problem.tasks() as i64 + 1).min(room).max(1)
}

/// The greatest cost or reserve.
fn greatest(problem: &Problem) -> u32 {
    let of = |task| problem.row(task).dearest().max(problem.reserve(task).unwrap_or(0));
    (0..problem.tasks()).fold(0, |most, task| most.max(of(task)))
}

/// The arcs of each agent.
#[derive(Clone, Debug)]
struct Columns {
    /// Empty in a dense problem.
    starts: Vec<usize>,
    arcs: Vec<(u32, u32)>,
}

impl Columns {
    fn new(problem: &Problem) -> Self {
        let mut columns = Self { starts: Vec::new(), arcs: Vec::new() };
        if matches!(problem.row(0), Row::Dense(_)) {
            return columns;
        }
        columns.starts = vec![0; problem.agents() + 2];
        let arcs = |task: usize| problem.row(task).arcs();
        (0..problem.tasks()).flat_map(arcs).for_each(|(agent, _)| columns.starts[agent + 2] += 1);
        for agent in 2..columns.starts.len() {
            columns.starts[agent] += columns.starts[agent - 1];
        }
        columns.arcs = vec![(0, 0); columns.starts.last().copied().unwrap_or(0)];
        for task in 0..problem.tasks() {
            for (agent, cost) in arcs(task) {
                columns.arcs[columns.starts[agent + 1]] = (task as u32, cost);
                columns.starts[agent + 1] += 1;
            }
        }
        columns
    }

    fn each(&self, problem: &Problem, agent: u32, mut visit: impl FnMut(u32, u32)) {
        let agent = agent as usize;
        let mut allowed = |task: u32, cost: u32| {
            if cost <= Problem::MAX_COST {
                visit(task, cost)
            }
        };
        if self.starts.is_empty() {
            for task in 0..problem.tasks() {
                if let Row::Dense(costs) = problem.row(task) {
                    allowed(task as u32, costs[agent]);
                }
            }
        } else {
            let arcs = &self.arcs[self.starts[agent]..self.starts[agent + 1]];
            arcs.iter().for_each(|(task, cost)| allowed(*task, *cost));
        }
    }
}
