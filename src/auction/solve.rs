//! Assignment by whichever method suits the costs.

use alloc::borrow::Cow;
use alloc::vec;

use crate::auction::book::Book;
use crate::auction::certificate::Assignment;
use crate::auction::epsilon::{Auction, FIRST, finest};
use crate::auction::problem::{Problem, Row};
use crate::auction::shortest_path::{self, Infeasible, Progress};

/// How many arcs shortest paths may look at, for each arc that there is, before the auction takes over.
const PASSES: u64 = 2;
/// The auction leaves differences of less than the greatest cost over this to shortest paths.
const LAST: i64 = 10_000;

/// An optimal assignment, in most cases faster than by either method alone.
///
/// A sparse problem goes to the [auction](super::epsilon). A dense one goes to
/// [shortest paths](super::shortest_path), which need little more than one pass over the matrix where
/// costs are independent, and a hundred and more where rows are alike; after two passes the auction goes
/// on from their prices. How much work that is is counted in arcs, so the same problem is always solved
/// the same way. The auction stops at an epsilon of a ten-thousandth of the greatest cost, and shortest
/// paths make its prices exact, so every number fits 64 bits whatever the costs. In a sparse problem in
/// which some will be idle the auction goes on to an epsilon of one over the number of tasks, if that
/// fits: a path by way of those who are idle may lead anywhere, and hardly any is left to be looked for.
///
/// Time: that of the auction, at most. Memory besides the problem: `O(tasks + agents)`, and of a sparse
/// problem with unequal sides or reserves its arcs once more; `benches/assignment.rs` prints what it is.
///
/// # Errors
/// [`Infeasible`] if there is none.
pub fn solve(problem: &Problem) -> Result<Assignment, Infeasible> {
    Ok(shortest_path::assignment(book(problem)?))
}

pub(super) fn book(problem: &Problem) -> Result<Book<'_>, Infeasible> {
    let auction = |book, last: i64| {
        let auction = Auction::resume(book);
        let cost = auction.epsilon();
        auction.scaled((cost / FIRST).max(1), (cost / last).max(1))
    };
    let Row::Dense(row) = problem.row(0) else {
        let (scale, last) = if problem.may_leave_some() { (finest(problem), i64::MAX) } else { (1, LAST) };
        return auction(Book::new(Cow::Borrowed(problem), scale, vec![0; problem.agents()]), last);
    };
    let mut book = shortest_path::begin(problem);
    let open = (0..problem.tasks() as u32).collect();
    let budget = PASSES.saturating_mul(problem.tasks() as u64).saturating_mul(row.len() as u64);
    match shortest_path::finish(&mut book, open, budget)? {
        Progress::Done => Ok(book),
        Progress::Exhausted => auction(book, LAST),
    }
}
