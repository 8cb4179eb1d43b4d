//! Assignment by whichever method suits the costs.

use alloc::borrow::Cow;
use alloc::vec;

use crate::auction::book::Book;
use crate::auction::certificate::Assignment;
use crate::auction::epsilon::{Auction, FIRST};
use crate::auction::problem::{Problem, Row};
use crate::auction::shortest_path::{self, Infeasible, Progress};

/// How many arcs shortest paths may look at, for each arc that there is, before the auction takes over.
const PASSES: u64 = 2;
/// The auction leaves differences of less than the greatest cost over this to shortest paths.
const LAST: i64 = 10_000;
/// With unequal sides or reserves there is one phase, from no rents, at the greatest cost over this: then
/// whoever is idle in the end has no rent, and no reverse auction is needed.
const ONLY: i64 = 1_000;

/// An optimal assignment, in most cases faster than by either method alone.
///
/// A sparse problem goes to the [auction](super::epsilon). A dense one goes to
/// [shortest paths](super::shortest_path), which need little more than one pass over the matrix where
/// costs are independent, and a hundred and more where rows are alike; after two passes the auction goes
/// on, with their prices if sides are equal and there are no reserves. How much work that is is counted in arcs, so the same problem is always solved
/// the same way. The auction stops at an epsilon of a ten-thousandth of the greatest cost, and shortest
/// paths make its prices exact, so every number fits 64 bits whatever the costs.
///
/// Time: that of the auction, at most. Memory: about 200 bytes a task and 40 an agent, besides the problem.
///
/// # Errors
/// [`Infeasible`] if there is none.
pub fn solve(problem: &Problem) -> Result<Assignment, Infeasible> {
    Ok(shortest_path::assignment(book(problem)?))
}

pub(super) fn book(problem: &Problem) -> Result<Book<'_>, Infeasible> {
    let new = || Book::new(Cow::Borrowed(problem), 1, vec![0; problem.agents()]);
    let auction = |book| {
        let equal = problem.tasks() == problem.agents() && !problem.has_reserves();
        let auction = Auction::resume(if equal { book } else { new() });
        let cost = auction.epsilon();
        let (first, last) = if equal { (cost / FIRST, cost / LAST) } else { (cost / ONLY, cost / ONLY) };
        auction.scaled(first.max(1), last.max(1))
    };
    let Row::Dense(row) = problem.row(0) else { return auction(new()) };
    let mut book = shortest_path::begin(problem);
    let open = (0..problem.tasks() as u32).collect();
    let budget = PASSES.saturating_mul(problem.tasks() as u64).saturating_mul(row.len() as u64);
    match shortest_path::finish(&mut book, open, budget)? {
        Progress::Done => Ok(book),
        Progress::Exhausted => auction(book),
    }
}
