//! An optimal assignment that follows changes.
//!
//! **Theorem.** If one row or one column changes, prices that were exact stay so everywhere else. What is
//! left over is one open task, one vacant agent, or one of each, and a single shortest path in the
//! residual network repairs it: from the open task to the vacant agent, by way of outside if that is
//! shorter; or between the one and outside (Kuhn 1955; Ahuja, Magnanti and Orlin 1993, chapter 9: one
//! augmentation restores the optimum after one supply has changed).
//!
//! **Cost.** One search, `O((tasks + agents + arcs) log arcs)` at most, and mostly far less. If the agent of a
//! dense problem changes, the lists of all rows are made anew when they are next used.
//!
//! **Not promised.** After a change without a solution its task stays open, and the next one may have more
//! than one path to look for.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::auction::book::Book;
use crate::auction::certificate::Assignment;
use crate::auction::paths::{Node, Paths};
use crate::auction::problem::{InvalidProblem, Problem};
use crate::auction::shortest_path::{Infeasible, assignment, infeasible};
use crate::auction::{solve, vcg};

/// A problem that changes, one task or one agent at a time, and its optimal assignment.
#[derive(Clone, Debug)]
pub struct Standing {
    book: Book<'static>,
    paths: Paths,
    /// Tasks that could not be placed so far.
    open: Vec<u32>,
    /// Agents that may be vacant.
    vacant: Vec<u32>,
    augmentations: u64,
}

/// Why a change has no optimal assignment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unchanged {
    /// The change is none; nothing was done.
    #[error(transparent)]
    Invalid(#[from] InvalidProblem),
    /// There is none with it. The change was made, and a later one may help.
    #[error(transparent)]
    Infeasible(#[from] Infeasible),
}

impl Standing {
    /// Solves the problem, and keeps it.
    ///
    /// # Errors
    /// [`Infeasible`] if there is no assignment.
    pub fn new(problem: Problem) -> Result<Self, Infeasible> {
        let book = solve::book(&problem)?.detached();
        Ok(Self {
            paths: Paths::new(problem.agents()),
            book: Book { problem: Cow::Owned(problem), ..book },
            open: Vec::new(),
            vacant: Vec::new(),
            augmentations: 0,
        })
    }

    /// The problem as it is now.
    pub fn problem(&self) -> &Problem {
        &self.book.problem
    }

    /// The optimal assignment. After a change that was [`Unchanged::Infeasible`] it is none: a task that must
    /// be placed is not, and it does not verify. Time: `O(tasks + agents)`, and of a sparse problem the arcs of the rows.
    pub fn assignment(&self) -> Assignment {
        assignment(self.book.clone())
    }

    /// The payments of Vickrey, Clarke and Groves, as in [`vcg::Outcome::payments`].
    pub fn payments(&mut self) -> Vec<Option<i64>> {
        vcg::payments(&mut self.book)
    }

    /// How many paths have been looked for.
    pub fn augmentations(&self) -> u64 {
        self.augmentations
    }

    /// How many arcs have been looked at, since the beginning.
    pub fn scanned(&self) -> u64 {
        self.book.lists.scanned
    }

    /// Agents ask this for the task from now on, in the order of [`Problem::row`], and this is its
    /// reserve. A task whose costs are all [`Problem::FORBIDDEN`] and whose reserve is 0 has left.
    ///
    /// One augmentation.
    ///
    /// # Errors
    /// [`Unchanged`].
    pub fn set_task(&mut self, task: usize, costs: &[u32], reserve: Option<u32>) -> Result<(), Unchanged> {
        let problem = self.book.problem.to_mut();
        problem.check_task(task)?;
        let row: Vec<_> = problem.row(task).arcs().map(|(agent, _)| agent).collect();
        if row.len() != costs.len() {
            let (expected, found) = (row.len(), costs.len());
            return Err(InvalidProblem::WrongLength { what: "costs", expected, found }.into());
        }
        for (agent, cost) in row.iter().zip(costs) {
            problem.check_cost(task, *agent, *cost)?;
        }
        problem.set_reserve(task, reserve)?;
        for (agent, cost) in row.iter().zip(costs) {
            problem.set_cost(task, *agent, *cost)?;
        }
        self.book.lists.forget(task);
        self.reopen(task);
        Ok(self.repair()?)
    }

    /// The agent asks this for these tasks from now on, and what it asked before for the others. An
    /// agent for whom all is [`Problem::FORBIDDEN`] has left.
    ///
    /// One augmentation, if there is any need of one.
    ///
    /// # Errors
    /// [`Unchanged`].
    pub fn set_agent(&mut self, agent: usize, costs: &[(usize, u32)]) -> Result<(), Unchanged> {
        let problem = self.book.problem.to_mut();
        problem.check_agent(agent)?;
        for &(task, cost) in costs {
            problem.check_cost(task, agent, cost)?;
        }
        let mut rent = self.book.rents[agent];
        for &(task, cost) in costs {
            problem.set_cost(task, agent, cost)?;
            self.book.lists.forget(task);
            if cost <= Problem::MAX_COST && !self.open.contains(&(task as u32)) {
                rent = rent.max(self.book.prices[task] - i64::from(cost));
            }
        }
        if costs.is_empty() {
            return Ok(self.repair()?);
        }
        self.book.set_rent(agent, rent);
        self.vacant.push(agent as u32);
        if let Some(task) = self.book.task_of[agent].map(|task| task as usize) {
            let dearer = self.book.own_level(task, agent) > self.book.prices[task];
            if dearer {
                self.reopen(task);
            }
        }
        Ok(self.repair()?)
    }

    fn reopen(&mut self, task: usize) {
        self.vacant.extend(self.book.agent_of[task]);
        self.book.release(task);
        self.book.unplaced[task] = false;
        if !self.open.contains(&(task as u32)) {
            self.open.push(task as u32);
        }
    }

    fn repair(&mut self) -> Result<(), Infeasible> {
        let mut stuck = Ok(());
        for task in core::mem::take(&mut self.open) {
            self.vacant.retain(|agent| self.book.is_vacant(*agent as usize));
            self.augmentations += 1;
            if let Err(found) = self.paths.augment(&mut self.book, Node::Task(task), !self.vacant.is_empty())
            {
                self.open.push(task);
                stuck = Err(infeasible(found));
            }
        }
        while let Some(agent) = self.vacant.last() {
            if self.book.is_vacant(*agent as usize) {
                self.augmentations += 1;
                self.paths.augment(&mut self.book, Node::Outside, true).map_err(infeasible)?;
            } else {
                self.vacant.pop();
            }
        }
        stuck
    }
}
