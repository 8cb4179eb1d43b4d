//! Assignment by whichever method suits the costs.

use crate::auction::book::Book;
use crate::auction::certificate::Assignment;
use crate::auction::epsilon::{Auction, FIRST};
use crate::auction::problem::Problem;
use crate::auction::shortest_path::{self, Infeasible, Progress};

/// How many arcs shortest paths may look at, for each arc that there is, before the auction takes over.
const PASSES: u64 = 4;
/// The auction leaves differences of less than the greatest cost over this to shortest paths.
const LAST: i64 = 10_000;

/// An optimal assignment.
///
/// # Errors
/// [`Infeasible`] if there is none.
pub fn solve(problem: &Problem) -> Result<Assignment, Infeasible> {
    Ok(shortest_path::assignment(book(problem)?))
}

pub(super) fn book(problem: &Problem) -> Result<Book<'_>, Infeasible> {
    let mut book = shortest_path::begin(problem);
    let open = (0..problem.tasks() as u32).collect();
    let arcs: u64 = (0..problem.tasks()).map(|task| problem.row(task).len() as u64).sum();
    let Progress::Exhausted = shortest_path::finish(&mut book, open, PASSES.saturating_mul(arcs))? else {
        return Ok(book);
    };
    let auction = Auction::resume(book);
    let cost = auction.epsilon();
    auction.scaled((cost / FIRST).max(1), (cost / LAST).max(1))
}
