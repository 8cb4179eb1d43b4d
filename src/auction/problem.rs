//! Which tasks there are, which agents, and what each asks for each.

use alloc::vec;
use alloc::vec::Vec;

/// Tasks to be bought, each from at most one agent; an agent does at most one. A task that stays
/// unplaced costs its reserve; one without a reserve must be placed.
///
/// Costs are in the smallest unit of money, at most [`Problem::MAX_COST`], or
/// [`Problem::FORBIDDEN`]. Tasks and agents are numbered from 0, and neither side need be the longer.
///
/// Dense: `4 * tasks * agents` bytes. Sparse: 8 bytes an arc and 8 a task. Reserves: 8 bytes a task,
/// if there are any.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    tasks: usize,
    agents: usize,
    costs: Costs,
    /// None at all, or one place a task.
    reserves: Vec<Option<u32>>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Costs {
    /// One row a task, one column an agent.
    Dense(Vec<u32>),
    /// Compressed sparse rows: the arcs of task `t` are those from `starts[t]` to `starts[t + 1]`.
    Sparse { starts: Vec<usize>, arcs: Vec<(u32, u32)> },
}

/// What the agents ask for one task.
#[derive(Clone, Copy, Debug)]
pub enum Row<'a> {
    /// What each agent asks, in order.
    Dense(&'a [u32]),
    /// Some agents, and what each of them asks.
    Sparse(&'a [(u32, u32)]),
}

/// Why numbers make no problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidProblem {
    /// A list is too short or too long.
    #[error("{found} {what} were given where {expected} belong")]
    WrongLength {
        /// Of what.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Tasks and agents have numbers of 31 bits.
    #[error("{found} {what} are too many: at most {} can be told apart", Problem::MAX_SIDE)]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: usize,
    },
    /// A cost that sums of 32 bits have no room for.
    #[error("agent {agent} asks {cost} for task {task}: at most {} can be computed with", Problem::MAX_COST)]
    CostTooLarge {
        /// The row.
        task: usize,
        /// The column.
        agent: usize,
        /// What is asked.
        cost: u32,
    },
    /// A reserve that sums of 32 bits have no room for.
    #[error("the reserve {reserve} of task {task} is above {}", Problem::MAX_COST)]
    ReserveTooLarge {
        /// Of which task.
        task: usize,
        /// What was given.
        reserve: u32,
    },
    /// The rows do not lie one after the other.
    #[error("the arcs of task {task} end before they begin, or beyond the last")]
    DisorderedRow {
        /// Which row.
        task: usize,
    },
    /// There is no such agent.
    #[error("task {task} names agent {agent}, and there are {agents}")]
    UnknownAgent {
        /// The row.
        task: usize,
        /// The column that is none.
        agent: u32,
        /// How many columns there are.
        agents: usize,
    },
    /// There is no task, or no agent, of which something is to be changed.
    #[error("there is no {what} {number}: there are {count}")]
    NoSuch {
        /// `task` or `agent`.
        what: &'static str,
        /// The number that none has.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// There is no arc to be changed.
    #[error("agent {agent} asks nothing for task {task}, and a sparse problem keeps the arcs that it has")]
    NoSuchArc {
        /// The row.
        task: usize,
        /// The column.
        agent: usize,
    },
    /// An agent asks twice for a task.
    #[error("task {task} names agent {agent} twice")]
    DuplicateAgent {
        /// The row.
        task: usize,
        /// The column.
        agent: u32,
    },
}

impl Problem {
    /// The greatest cost and the greatest reserve: the sum of two fits 31 bits.
    pub const MAX_COST: u32 = (1 << 30) - 1;
    /// In place of a cost: this agent cannot do this task.
    pub const FORBIDDEN: u32 = Self::MAX_COST + 1;
    /// The most tasks, and the most agents.
    pub const MAX_SIDE: usize = (1 << 31) - 1;

    /// A cost for every task and agent: a row of `agents` costs for the first task, then the second.
    /// Nothing is copied.
    ///
    /// # Errors
    /// [`InvalidProblem`], with the first number that is wrong. Time: `O(tasks * agents)`.
    pub fn dense(tasks: usize, agents: usize, costs: Vec<u32>) -> Result<Self, InvalidProblem> {
        within("tasks", tasks)?;
        within("agents", agents)?;
        let expected = tasks.saturating_mul(agents);
        if costs.len() != expected {
            return Err(InvalidProblem::WrongLength { what: "costs", expected, found: costs.len() });
        }
        let problem = Self { tasks, agents, costs: Costs::Dense(costs), reserves: Vec::new() };
        problem.check_costs()?;
        Ok(problem)
    }

    /// A cost for some tasks and agents, in compressed sparse rows: who can do task `t`, and what each
    /// asks, is in `arcs[starts[t]..starts[t + 1]]`. `starts` has one number more than there are tasks,
    /// and begins with 0. Nothing is copied.
    ///
    /// # Errors
    /// [`InvalidProblem`], with the first number that is wrong. Time: `O(tasks + agents + arcs)`.
    pub fn sparse(agents: usize, starts: Vec<usize>, arcs: Vec<(u32, u32)>) -> Result<Self, InvalidProblem> {
        let Some(tasks) = starts.len().checked_sub(1) else {
            return Err(InvalidProblem::WrongLength { what: "starts", expected: 1, found: 0 });
        };
        within("tasks", tasks)?;
        within("agents", agents)?;
        if starts[0] != 0 || starts[tasks] != arcs.len() {
            return Err(InvalidProblem::DisorderedRow {
                task: if starts[0] == 0 { tasks.saturating_sub(1) } else { 0 },
            });
        }
        let mut named_by = vec![u32::MAX; agents];
        for task in 0..tasks {
            let row = arcs.get(starts[task]..starts[task + 1]);
            for &(agent, _) in row.ok_or(InvalidProblem::DisorderedRow { task })? {
                let Some(last) = named_by.get_mut(agent as usize) else {
                    return Err(InvalidProblem::UnknownAgent { task, agent, agents });
                };
                if core::mem::replace(last, task as u32) == task as u32 {
                    return Err(InvalidProblem::DuplicateAgent { task, agent });
                }
            }
        }
        let problem = Self { tasks, agents, costs: Costs::Sparse { starts, arcs }, reserves: Vec::new() };
        problem.check_costs()?;
        Ok(problem)
    }

    /// The same with a reserve for each task, or `None` for one that must be placed.
    ///
    /// # Errors
    /// [`InvalidProblem`] if there is not one for each, or one is above [`Problem::MAX_COST`].
    pub fn with_reserves(self, reserves: Vec<Option<u32>>) -> Result<Self, InvalidProblem> {
        if reserves.len() != self.tasks {
            let (expected, found) = (self.tasks, reserves.len());
            return Err(InvalidProblem::WrongLength { what: "reserves", expected, found });
        }
        for (task, reserve) in reserves.iter().enumerate() {
            if let Some(reserve) = reserve.filter(|reserve| *reserve > Self::MAX_COST) {
                return Err(InvalidProblem::ReserveTooLarge { task, reserve });
            }
        }
        let any = reserves.iter().any(Option::is_some);
        Ok(Self { reserves: if any { reserves } else { Vec::new() }, ..self })
    }

    pub(super) const fn empty() -> Self {
        Self { tasks: 0, agents: 0, costs: Costs::Dense(Vec::new()), reserves: Vec::new() }
    }

    /// How many tasks there are.
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// How many agents there are.
    pub fn agents(&self) -> usize {
        self.agents
    }

    /// What is paid at most for the task, which may stay unplaced then. `None` if it must be placed,
    /// or there is no such task.
    pub fn reserve(&self, task: usize) -> Option<u32> {
        self.reserves.get(task).copied().flatten()
    }

    /// Whether some task may stay unplaced.
    pub fn has_reserves(&self) -> bool {
        !self.reserves.is_empty()
    }

    /// Whether agents may stay idle or tasks unplaced, so that rents count, and not their differences alone.
    pub(super) fn may_leave_some(&self) -> bool {
        self.tasks != self.agents || self.has_reserves()
    }

    /// What the agents ask for the task, forbidden arcs included. Nothing if there is no such task.
    #[inline(always)]
    pub fn row(&self, task: usize) -> Row<'_> {
        if task >= self.tasks {
            return Row::Sparse(&[]);
        }
        match &self.costs {
            Costs::Dense(costs) => Row::Dense(&costs[task * self.agents..][..self.agents]),
            Costs::Sparse { starts, arcs } => Row::Sparse(&arcs[starts[task]..starts[task + 1]]),
        }
    }

    /// What the agent asks for the task. `None` if it cannot do it, or one of the two does not exist.
    pub fn cost(&self, task: usize, agent: usize) -> Option<u32> {
        let cost = match self.row(task) {
            Row::Dense(costs) => costs.get(agent).copied(),
            Row::Sparse(arcs) => {
                arcs.iter().find(|(other, _)| *other as usize == agent).map(|(_, cost)| *cost)
            }
        };
        cost.filter(|cost| *cost <= Self::MAX_COST)
    }

    /// Replaces a cost, or says why not. Of a sparse problem the arc must be one that it was made with.
    pub(super) fn set_cost(&mut self, task: usize, agent: usize, cost: u32) -> Result<(), InvalidProblem> {
        self.check_cost(task, agent, cost)?;
        let place = match &mut self.costs {
            Costs::Dense(costs) => costs.get_mut(task * self.agents + agent),
            Costs::Sparse { starts, arcs } => {
                let mut row = arcs[starts[task]..starts[task + 1]].iter_mut();
                row.find(|(other, _)| *other as usize == agent).map(|(_, cost)| cost)
            }
        };
        *place.ok_or(InvalidProblem::NoSuchArc { task, agent })? = cost;
        Ok(())
    }

    /// Whether there is such a task.
    pub(super) fn check_task(&self, number: usize) -> Result<(), InvalidProblem> {
        below(self.tasks, "task", number)
    }

    /// Whether there is such an agent.
    pub(super) fn check_agent(&self, number: usize) -> Result<(), InvalidProblem> {
        below(self.agents, "agent", number)
    }

    /// Whether this can be the cost of that arc.
    pub(super) fn check_cost(&self, task: usize, agent: usize, cost: u32) -> Result<(), InvalidProblem> {
        self.check_task(task)?;
        self.check_agent(agent)?;
        let exists = match self.row(task) {
            Row::Dense(costs) => agent < costs.len(),
            Row::Sparse(arcs) => arcs.iter().any(|(other, _)| *other as usize == agent),
        };
        match cost {
            _ if !exists => Err(InvalidProblem::NoSuchArc { task, agent }),
            0..=Self::FORBIDDEN => Ok(()),
            _ => Err(InvalidProblem::CostTooLarge { task, agent, cost }),
        }
    }

    pub(super) fn set_reserve(&mut self, task: usize, reserve: Option<u32>) -> Result<(), InvalidProblem> {
        if let Some(reserve) = reserve.filter(|reserve| *reserve > Self::MAX_COST) {
            return Err(InvalidProblem::ReserveTooLarge { task, reserve });
        }
        if self.reserves.is_empty() && reserve.is_some() {
            self.reserves = vec![None; self.tasks];
        }
        if let Some(place) = self.reserves.get_mut(task) {
            *place = reserve;
        }
        if self.reserves.iter().all(Option::is_none) {
            self.reserves.clear(); // Equal problems are equal, whatever they were before.
        }
        Ok(())
    }

    fn check_costs(&self) -> Result<(), InvalidProblem> {
        let rows = (0..self.tasks).map(|task| (task, self.row(task)));
        // Without the place, the loop is vectorised.
        let Some((task, row)) = rows.into_iter().find(|(_, row)| row.greatest() > Self::FORBIDDEN) else {
            return Ok(());
        };
        let wrong = row.arcs().find(|(_, cost)| *cost > Self::FORBIDDEN);
        wrong.map_or(Ok(()), |(agent, cost)| Err(InvalidProblem::CostTooLarge { task, agent, cost }))
    }
}

impl<'a> Row<'a> {
    /// The agents and what they ask, forbidden arcs included.
    pub fn arcs(self) -> impl Iterator<Item = (usize, u32)> + 'a {
        let (dense, sparse): (&[u32], &[(u32, u32)]) = match self {
            Self::Dense(costs) => (costs, &[]),
            Self::Sparse(arcs) => (&[], arcs),
        };
        let sparse = sparse.iter().map(|(agent, cost)| (*agent as usize, *cost));
        dense.iter().copied().enumerate().chain(sparse)
    }

    /// How many there are.
    pub fn len(self) -> usize {
        match self {
            Self::Dense(costs) => costs.len(),
            Self::Sparse(arcs) => arcs.len(),
        }
    }

    /// Whether nobody asks anything.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    fn greatest(self) -> u32 {
        match self {
            Self::Dense(costs) => costs.iter().fold(0, |most, cost| most.max(*cost)),
            Self::Sparse(arcs) => arcs.iter().fold(0, |most, (_, cost)| most.max(*cost)),
        }
    }

    /// The greatest cost that is one; 0 if there is none.
    pub(super) fn dearest(self) -> u32 {
        let allowed = |cost: u32| if cost <= Problem::MAX_COST { cost } else { 0 };
        match self {
            Self::Dense(costs) => costs.iter().fold(0, |most, cost| most.max(allowed(*cost))),
            Self::Sparse(arcs) => arcs.iter().fold(0, |most, (_, cost)| most.max(allowed(*cost))),
        }
    }
}

fn below(count: usize, what: &'static str, number: usize) -> Result<(), InvalidProblem> {
    if number < count { Ok(()) } else { Err(InvalidProblem::NoSuch { what, number, count }) }
}

fn within(what: &'static str, found: usize) -> Result<(), InvalidProblem> {
    if found > Problem::MAX_SIDE { Err(InvalidProblem::TooMany { what, found }) } else { Ok(()) }
}
