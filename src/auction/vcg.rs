//! Payments by which nobody gains from asking for anything but its cost.
//!
//! Agent `i` is paid `C(without i) - (C - c_i)`: what the others would cost more if it were not there.
//!
//! **Theorem** (Vickrey 1961, Clarke 1971, Groves 1973). To ask for its true costs is dominant for each
//! agent, whatever the others ask. Each is paid at least what it asks and at most the reserve of its
//! task; who has no task is paid nothing.
//!
//! **Conditions.** Each agent does at most one task and cares for its payment less its cost alone; costs
//! are known to it; ties are broken by numbers, not by what is asked.
//!
//! **Not promised.** Two agents who agree on what to ask can gain together; so can one who plays under two
//! names, or who loses now to learn something for later. Payments may be far above costs; no budget is
//! kept. An agent whom nobody can replace, on a task without a reserve, has no finite payment.
//!
//! **Cost.** One pass of Dijkstra's method from outside against the arcs gives every payment (Leonard
//! 1983: they are the extreme dual prices): `O((tasks + arcs) log arcs)` at most, as its
//! heap keeps what it has outdone. Of long rows it takes the
//! solver's lists, and adds only arcs shorter than the path that is known, in the worst case all.

use alloc::collections::BinaryHeap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::auction::book::Book;
use crate::auction::certificate::Assignment;
use crate::auction::problem::{Problem, Row};
use crate::auction::shortest_path::{Infeasible, assignment};
use crate::auction::solve;

/// An optimal assignment, and what each agent is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Who does what.
    pub assignment: Assignment,
    /// Of each agent what it is paid; 0 if it has no task. `None` if it is indispensable: without it
    /// there is no assignment, so nothing bounds what it may ask. A reserve on each task excludes that.
    pub payments: Vec<Option<i64>>,
}

/// An optimal assignment, and the payments of Vickrey, Clarke and Groves for it.
///
/// # Errors
/// [`Infeasible`] if there is none.
pub fn solve(problem: &Problem) -> Result<Outcome, Infeasible> {
    let mut book = solve::book(problem)?;
    let payments = payments(&mut book);
    Ok(Outcome { assignment: assignment(book), payments })
}

/// The payments in a book whose prices are exact.
///
/// An agent is paid the price of its task, and the length of the shortest path from there to outside:
/// that is what placing the task elsewhere would cost.
pub(super) fn payments(book: &mut Book<'_>) -> Vec<Option<i64>> {
    let mut arcs = listed(book);
    let mut distances = distances(book, &arcs);
    if complete(book, &distances, &mut arcs) {
        distances = self::distances(book, &arcs);
    }
    let paid = |(task, price): (Option<u32>, i64)| match task {
        Some(task) => Some(distances[task as usize]).filter(|d| *d < i64::MAX).map(|d| price + d),
        None => Some(0),
    };
    let prices = book.task_of.iter().map(|task| (*task, task.map_or(0, |task| book.prices[task as usize])));
    prices.map(paid).collect()
}

/// A task could go to this agent, at this reduced cost.
type Arc = (u32, u32, i64);

fn reduced(book: &Book<'_>, task: u32, agent: u32, cost: u32) -> Option<Arc> {
    let length = i64::from(cost) + book.rents[agent as usize] - book.prices[task as usize];
    let other = cost <= Problem::MAX_COST && book.agent_of[task as usize] != Some(agent);
    other.then_some((task, agent, length))
}

fn listed(book: &Book<'_>) -> Vec<Arc> {
    let tasks = 0..book.prices.len() as u32;
    let arcs = tasks.flat_map(|task| {
        let arcs = book.lists.arcs(&book.problem, task as usize).iter();
        arcs.filter_map(move |(agent, cost)| reduced(book, task, *agent, *cost))
    });
    arcs.collect()
}

/// Adds the arcs that are not listed and shorter than what is known to be a way for their task: no
/// other can be on a shorter one. Whether there are such tasks.
fn complete(book: &mut Book<'_>, known: &[i64], arcs: &mut Vec<Arc>) -> bool {
    let mut any = false;
    for (task, &known) in known.iter().enumerate() {
        let price = book.prices[task];
        if book.lists.floor(task).saturating_sub(price) >= known {
            continue;
        }
        let Row::Dense(row) = book.problem.row(task) else { continue };
        any = true;
        book.lists.scan(row, task);
        let direct = row.iter().zip(&book.task_of).zip(&book.rents);
        let direct = direct.filter(|((cost, task), _)| **cost <= Problem::MAX_COST && task.is_none());
        let direct = direct.map(|((cost, _), rent)| i64::from(*cost) + rent).min();
        let limit = direct.unwrap_or(i64::MAX).min(known.saturating_add(price));
        book.lists.collect(row, limit.min(i64::from(i32::MAX)) as i32);
        let found = book.lists.found().iter();
        arcs.extend(found.filter_map(|(_, agent, cost)| reduced(book, task as u32, *agent, *cost)));
    }
    any
}

/// Of each task the length of its shortest path to outside, over these arcs; [`i64::MAX`] if there is
/// none. Dijkstra's method, from outside, against the arcs.
fn distances(book: &Book<'_>, arcs: &[Arc]) -> Vec<i64> {
    let tasks = book.prices.len();
    let gap = |task: usize| book.reserve(task).map_or(i64::MAX, |reserve| reserve - book.prices[task]);
    let mut distances: Vec<_> = (0..tasks).map(gap).collect();
    let mut starts = vec![0_usize; tasks + 2];
    for (task, agent, length) in arcs {
        match book.task_of[*agent as usize] {
            None => distances[*task as usize] = distances[*task as usize].min(*length),
            Some(other) => starts[other as usize + 2] += 1,
        }
    }
    (2..starts.len()).for_each(|place| starts[place] += starts[place - 1]);
    let mut into = vec![(0, 0); starts.last().copied().unwrap_or(0)];
    for (task, agent, length) in arcs {
        if let Some(other) = book.task_of[*agent as usize] {
            into[starts[other as usize + 1]] = (*task, *length);
            starts[other as usize + 1] += 1;
        }
    }
    let known = distances.iter().zip(0..).filter(|(distance, _)| **distance < i64::MAX);
    let mut heap: BinaryHeap<_> = known.map(|(distance, task)| Reverse((*distance, task))).collect();
    while let Some(Reverse((now, to))) = heap.pop() {
        if now > distances[to as usize] {
            continue;
        }
        for (task, length) in &into[starts[to as usize]..starts[to as usize + 1]] {
            if now + length < distances[*task as usize] {
                distances[*task as usize] = now + length;
                heap.push(Reverse((now + length, *task)));
            }
        }
    }
    distances
}
