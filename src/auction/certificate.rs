//! Why an assignment is optimal, for whoever does not trust the solver.

use alloc::vec;
use alloc::vec::Vec;

use crate::auction::problem::{Problem, Row};

/// Who does what, what it costs, and why it cannot cost less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Of each task, who does it; `None` if it stays unplaced.
    pub agent_of: Vec<Option<u32>>,
    /// What the agents ask for what they do, and the reserves of what stays unplaced.
    pub cost: i128,
    /// The prices that prove it.
    pub certificate: Certificate,
    /// How many arcs the solver has looked at.
    pub scanned: u64,
}

/// Prices at which nobody wants anything else: a solution of the dual problem.
///
/// They are feasible if `prices[t] - rents[a] <= cost(t, a)` for every arc, `rents[a] >= 0`, and
/// `prices[t] <= reserve(t)`. Then every assignment costs at least `sum prices - sum rents` (weak
/// duality): each placed task pays for its own price but for its agent's rent. An assignment that costs
/// just this is optimal (Kuhn 1955).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Of each task what it is worth that it is done: where the market would clear.
    pub prices: Vec<i64>,
    /// Of each agent what it is worth that it is there, beyond its cost.
    pub rents: Vec<i64>,
}

/// Why an assignment is none, or a certificate does not prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unproven {
    /// There is not one entry for each task or agent.
    #[error("{found} {what} were given where {expected} belong")]
    WrongLength {
        /// Of what.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A task that must be placed is not.
    #[error("task {task} must be placed, and is not")]
    Unplaced {
        /// Which task.
        task: usize,
    },
    /// A task is done by somebody who cannot do it.
    #[error("agent {agent} cannot do task {task}")]
    NoSuchArc {
        /// The row.
        task: usize,
        /// The column.
        agent: u32,
    },
    /// An agent does two tasks.
    #[error("agent {agent} does task {task} and another")]
    Twice {
        /// The later of the two.
        task: usize,
        /// Who does both.
        agent: u32,
    },
    /// A rent is below 0.
    #[error("the rent of agent {agent} is {rent}")]
    NegativeRent {
        /// Whose.
        agent: usize,
        /// What it is.
        rent: i64,
    },
    /// A price is above the reserve.
    #[error("the price of task {task} is {price}, above its reserve {reserve}")]
    AboveReserve {
        /// Of which task.
        task: usize,
        /// Its price.
        price: i64,
        /// Its reserve.
        reserve: u32,
    },
    /// Somebody else would do a task for less than its price.
    #[error("agent {agent} would do task {task} for {cost} and its rent {rent}, below the price {price}")]
    Undercut {
        /// The row.
        task: usize,
        /// The column.
        agent: usize,
        /// What the agent asks.
        cost: u32,
        /// The agent's rent.
        rent: i64,
        /// The task's price.
        price: i64,
    },
    /// The cost that was stated is not that of the assignment.
    #[error("the assignment costs {found}, not {stated}")]
    WrongCost {
        /// What was stated.
        stated: i128,
        /// What it is.
        found: i128,
    },
    /// Prices less rents are not what the assignment costs, so it may not be optimal.
    #[error("the assignment costs {cost}, and is only proved to cost at least {bound}")]
    Gap {
        /// What it costs.
        cost: i128,
        /// Prices less rents.
        bound: i128,
    },
}

impl Assignment {
    /// Checks that this is an assignment of the problem, that it costs what it says, and that its
    /// certificate proves that none costs less.
    ///
    /// This shares nothing with the solvers but the problem. Sums have 128 bits. Time: linear in tasks,
    /// agents and arcs; in the dense case, one pass over the matrix.
    ///
    /// # Errors
    /// [`Unproven`], with the first inequality that fails.
    pub fn verify(&self, problem: &Problem) -> Result<(), Unproven> {
        let Certificate { prices, rents } = &self.certificate;
        for (what, expected, found) in [
            ("agents of tasks", problem.tasks(), self.agent_of.len()),
            ("prices", problem.tasks(), prices.len()),
            ("rents", problem.agents(), rents.len()),
        ] {
            if found != expected {
                return Err(Unproven::WrongLength { what, expected, found });
            }
        }
        let cost = cost(problem, &self.agent_of)?;
        if cost != self.cost {
            return Err(Unproven::WrongCost { stated: self.cost, found: cost });
        }
        let bound = self.certificate.bound(problem)?;
        if bound != cost { Err(Unproven::Gap { cost, bound }) } else { Ok(()) }
    }
}

impl Certificate {
    /// What every assignment costs at least: prices less rents.
    fn bound(&self, problem: &Problem) -> Result<i128, Unproven> {
        let negative = self.rents.iter().enumerate().find(|(_, rent)| **rent < 0);
        if let Some((agent, &rent)) = negative {
            return Err(Unproven::NegativeRent { agent, rent });
        }
        for (task, &price) in self.prices.iter().enumerate() {
            if let Some(reserve) = problem.reserve(task).filter(|reserve| price > i64::from(*reserve)) {
                return Err(Unproven::AboveReserve { task, price, reserve });
            }
            self.check_row(problem.row(task), task, price)?;
        }
        let sum = |prices: &[i64]| prices.iter().copied().map(i128::from).sum::<i128>();
        Ok(sum(&self.prices) - sum(&self.rents))
    }

    fn check_row(&self, row: Row<'_>, task: usize, price: i64) -> Result<(), Unproven> {
        // Rents are not below 0. A sum that does not fit is above any price.
        let undercuts =
            |cost: u32, rent: i64| cost <= Problem::MAX_COST && i64::from(cost).saturating_add(rent) < price;
        let sound = match row {
            Row::Dense(costs) => costs
                .iter()
                .zip(&self.rents)
                .fold(true, |sound, (&cost, &rent)| sound & !undercuts(cost, rent)),
            Row::Sparse(..) => row.arcs().all(|(agent, cost)| !undercuts(cost, self.rents[agent])),
        };
        let mut arcs = row.arcs().filter(|_| !sound);
        match arcs.find(|&(agent, cost)| undercuts(cost, self.rents[agent])) {
            Some((agent, cost)) => {
                Err(Unproven::Undercut { task, agent, cost, rent: self.rents[agent], price })
            }
            None => Ok(()),
        }
    }
}

/// What an assignment costs, if it is one.
pub(super) fn cost(problem: &Problem, agent_of: &[Option<u32>]) -> Result<i128, Unproven> {
    let mut busy = vec![false; problem.agents()];
    let mut sum = 0;
    for (task, agent) in agent_of.iter().enumerate() {
        let cost = match *agent {
            None => problem.reserve(task).ok_or(Unproven::Unplaced { task })?,
            Some(agent) => {
                let cost = problem.cost(task, agent as usize).ok_or(Unproven::NoSuchArc { task, agent })?;
                if core::mem::replace(&mut busy[agent as usize], true) {
                    return Err(Unproven::Twice { task, agent });
                }
                cost
            }
        };
        sum += i128::from(cost);
    }
    Ok(sum)
}
