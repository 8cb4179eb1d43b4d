//! Assignment by shortest augmenting paths.
//!
//! Tasks are placed one after the other. Each takes the shortest path, over reduced costs, to an agent
//! that is idle or a task that can be left at its reserve; all tasks on it move on by one agent.
//!
//! **Theorem** (Jonker and Volgenant 1987, "A shortest augmenting path algorithm for dense and sparse
//! linear assignment problems"; Tomizawa 1971). After every path what is placed is placed at the least
//! cost for these tasks. If there is no path, the tasks that were reached have one agent too few (Hall
//! 1935), whoever else is placed how.
//!
//! **Conditions.** None on the costs: with 30 bits each, sums along a path fit 64. Column reduction is
//! used where every agent will have a task; elsewhere whoever is idle must have no rent, so rents begin
//! at 0.
//!
//! **Not promised.** That it is fast where rows are alike: there hardly anything is placed by the row
//! reduction and each path leads through most of the matrix. [`solve`](mod@super::solve) goes on with the
//! auction then.
//!
//! **Cost.** `O(tasks * (tasks + agents + arcs) log arcs)`; on independent costs little more than one look at
//! each arc.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use crate::auction::book::{Bid, Book, Open};
use crate::auction::certificate::{Assignment, Certificate, cost};
use crate::auction::paths::{Node, Paths, Stuck};
use crate::auction::problem::{Problem, Row};

/// Not every task that must be placed can be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tasks {tasks:?} must all be placed, and only {} agents can do any of them", tasks.len().saturating_sub(1))]
pub struct Infeasible {
    /// In order. Hall's theorem: that one task more than there are agents for them is a proof.
    pub tasks: Vec<usize>,
}

/// An optimal assignment.
///
/// # Errors
/// [`Infeasible`] if there is none.
pub fn solve(problem: &Problem) -> Result<Assignment, Infeasible> {
    let mut book = begin(problem);
    let open = (0..problem.tasks() as u32).collect();
    finish(&mut book, open, u64::MAX)?;
    Ok(assignment(book))
}

/// Where this method begins.
pub(super) fn begin(problem: &Problem) -> Book<'_> {
    Book::new(Cow::Borrowed(problem), 1, initial_rents(problem))
}

/// Whether a solver has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// All tasks are placed or unplaced, no agent is vacant, and prices are exact.
    Done,
    /// As many arcs have been looked at as were allowed; some tasks are still open.
    Exhausted,
}

/// Places all open tasks, and lets all vacant agents go, but stops once `budget` arcs have been looked
/// at.
pub(super) fn finish(book: &mut Book<'_>, open: Vec<u32>, budget: u64) -> Result<Progress, Infeasible> {
    let open = reduce(book, open, budget);
    let count = |book: &Book<'_>| (0..book.rents.len()).filter(|agent| book.is_vacant(*agent)).count();
    let mut vacant = count(book);
    let mut paths = Paths::new(book.rents.len());
    for task in open {
        if book.lists.scanned > budget {
            return Ok(Progress::Exhausted);
        }
        let fell = paths.augment(book, Node::Task(task), vacant > 0).map_err(infeasible)?;
        vacant = if fell { count(book) } else { vacant.saturating_sub(1) };
    }
    for agent in 0..book.rents.len() {
        // Each path frees or uses the nearest, which need not be this one.
        while book.is_vacant(agent) {
            paths.augment(book, Node::Outside, true).map_err(infeasible)?;
        }
    }
    Ok(Progress::Done)
}

pub(super) fn infeasible(Stuck(tasks): Stuck) -> Infeasible {
    let mut tasks: Vec<_> = tasks.into_iter().map(|task| task as usize).collect();
    tasks.sort_unstable();
    Infeasible { tasks }
}

/// Column reduction (Jonker and Volgenant 1987), if every agent will have a task: then only differences
/// of rents count. Otherwise whoever is left over must end at rent 0, so all begin there.
fn initial_rents(problem: &Problem) -> Vec<i64> {
    let mut least = vec![Problem::MAX_COST; problem.agents()];
    if problem.may_leave_some() {
        return vec![0; problem.agents()];
    }
    for task in 0..problem.tasks() {
        match problem.row(task) {
            Row::Dense(costs) => least.iter_mut().zip(costs).for_each(|(l, c)| *l = (*l).min(*c)),
            row @ Row::Sparse(..) => {
                row.arcs().for_each(|(agent, cost)| least[agent] = least[agent].min(cost))
            }
        }
    }
    let most = least.iter().copied().max().unwrap_or(0);
    // All vacant, none idle: any may be where a path ends.
    least.into_iter().map(|least| i64::from(most - least) + 1).collect()
}

/// Augmenting row reduction (Jonker and Volgenant 1987): open tasks bid, without an epsilon, as long as
/// that helps. What is still open then is returned.
fn reduce(book: &mut Book<'_>, mut left: Vec<u32>, budget: u64) -> Vec<u32> {
    let mut open = Open::default();
    for _ in 0..2 {
        let mut bids = 4 * left.len();
        left.drain(..).rev().for_each(|task| open.push(task));
        while let Some(task) = open.pop(book) {
            let before = bids;
            bids = bids.saturating_sub(1);
            let quote = book.lists.quote(&book.problem, task as usize, &book.rents);
            let tie = quote.is_some_and(|q| q.next == q.level && book.task_of[q.agent as usize].is_some());
            if before == 0 || tie || book.lists.scanned > budget {
                left.push(task);
                continue;
            }
            match book.bid(task as usize, i64::MAX, 0) {
                Bid::Displaced(other) => open.push(other),
                Bid::Hopeless => left.push(task),
                Bid::Placed | Bid::Unplaced => {}
            }
        }
    }
    left
}

pub(super) fn assignment(book: Book<'_>) -> Assignment {
    let cost = cost(&book.problem, &book.agent_of).unwrap_or(0);
    let certificate = Certificate { prices: book.prices, rents: book.rents };
    Assignment { agent_of: book.agent_of, cost, certificate, scanned: book.lists.scanned }
}
