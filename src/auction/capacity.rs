//! Many tasks at once to agents that have room for several, and what they are to be paid.
//!
//! An agent with room for `k` tasks is `k` agents with room for one that ask the same: the transportation
//! problem as an assignment (Bertsekas and Castañon, "The auction algorithm for the transportation
//! problem", 1989). Of an agent no more places are laid out than turn out to be of use.
//!
//! **Theorem.** With the payments of Vickrey, Clarke and Groves no agent gains by asking for anything but
//! its costs, whatever the others ask, and none that asks for its costs loses.
//!
//! **Conditions.** What an agent does costs the sum of what its tasks cost, up to its capacity: costs are
//! additive. Its capacity is known, or at least not overstated. It can misstate each of its costs and
//! leave out tasks. It is paid for all that it does, and not task by task:
//! `C(N without it) - (C(N) - its own costs)`, which is more than what the single places are worth, since
//! all of them go when it does.
//!
//! **Not promised.** Nothing of agents that collude, of one that appears under several names, of
//! budgets, or of auctions that follow each other. Costs that depend on what else is done, set-up costs or
//! discounts, are another problem, and a hard one.

use alloc::vec;
use alloc::vec::Vec;

use crate::auction::certificate::{self, Certificate};
use crate::auction::problem::{InvalidProblem, Problem, Row};
use crate::auction::shortest_path::Infeasible;
use crate::auction::solve;

/// The most arcs that are laid out, each place of an agent with its own: 1 GB if dense, 2 GB if sparse.
pub const MOST_ARCS: usize = 1 << 28;

/// Who does what, within all capacities, what it costs, and why it cannot cost less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Of each task, who does it; `None` if it stays unplaced.
    pub agent_of: Vec<Option<u32>>,
    /// What the agents ask for what they do, and the reserves of what stays unplaced.
    pub cost: i128,
    /// The prices of the tasks, and of each agent the rent of one place: what one more would save at
    /// least, so that of an agent with a place to spare it is 0.
    pub certificate: Certificate,
}

/// An optimal placement, and what each agent is paid for all that it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Who does what.
    pub placement: Placement,
    /// Of each agent what it is paid, at least its costs and at most the reserves of its tasks; 0 if it
    /// has none. `None` if it is indispensable: without it not every task that must be placed can be.
    pub payments: Vec<Option<i128>>,
}

/// Why there is no placement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsolved {
    /// There is not one capacity for each agent, or too many places.
    #[error(transparent)]
    Invalid(#[from] InvalidProblem),
    /// With a place for each task that an agent may do, the problem is too large.
    #[error("with all places of the agents there are {arcs} arcs: at most {MOST_ARCS} can be computed with")]
    TooLarge {
        /// How many there would be.
        arcs: usize,
    },
    /// Not every task that must be placed can be. Hall's theorem: that one task more than there are places
    /// for them is a proof.
    #[error("the tasks {tasks:?} must all be placed, and there is only room for {} of them", tasks.len().saturating_sub(1))]
    Infeasible {
        /// In order.
        tasks: Vec<usize>,
    },
}

/// Why a placement is none, or its certificate does not prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unproven {
    /// An agent does more than it has room for.
    #[error("agent {agent} does {load} tasks, and has room for {capacity}")]
    Overloaded {
        /// Which agent.
        agent: usize,
        /// How many tasks it does.
        load: u32,
        /// How many it has room for.
        capacity: u32,
    },
    /// As of an assignment.
    #[error(transparent)]
    Other(#[from] certificate::Unproven),
}

/// An optimal placement: each agent does at most as many tasks as its capacity says.
///
/// Time: that of [`solve`](fn@solve::solve) with a column for each place, and as often again as places
/// must be doubled: at most the logarithm of the greatest capacity for each agent, in most cases not at
/// all. Memory: that of the problem with a column for each place: about one a task and one an agent, if
/// agents share the tasks evenly.
///
/// # Errors
/// [`Unsolved`].
pub fn solve(problem: &Problem, capacities: &[u32]) -> Result<Placement, Unsolved> {
    let mut places = places(problem, capacities)?;
    place(problem, capacities, &mut places)
}

/// An optimal placement, and the payments of Vickrey, Clarke and Groves for it.
///
/// Time: that of [`solve`](solve()), for all agents and then without each that has a task.
///
/// # Errors
/// [`Unsolved`].
pub fn vcg(problem: &Problem, capacities: &[u32]) -> Result<Outcome, Unsolved> {
    let mut places = places(problem, capacities)?;
    let placement = place(problem, capacities, &mut places)?;
    let mut own = vec![(false, 0_i128); problem.agents()];
    for (task, agent) in placement.agent_of.iter().enumerate() {
        if let Some(agent) = agent.map(|agent| agent as usize) {
            own[agent].0 = true;
            own[agent].1 += problem.cost(task, agent).map_or(0, i128::from);
        }
    }
    let mut payments = Vec::with_capacity(own.len());
    for (agent, (has_task, own)) in own.into_iter().enumerate() {
        payments.push(if has_task {
            let (mut capacities, mut places) = (capacities.to_vec(), places.clone());
            (capacities[agent], places[agent]) = (0, 0);
            match place(problem, &capacities, &mut places) {
                Ok(without) => Some(without.cost - (placement.cost - own)),
                Err(Unsolved::Infeasible { .. }) => None,
                Err(other) => return Err(other),
            }
        } else {
            Some(0)
        });
    }
    Ok(Outcome { placement, payments })
}

/// How many places of each agent to begin with: enough, if all do about as much.
fn places(problem: &Problem, capacities: &[u32]) -> Result<Vec<u32>, InvalidProblem> {
    let (expected, found) = (problem.agents(), capacities.len());
    if expected != found {
        return Err(InvalidProblem::WrongLength { what: "capacities", expected, found });
    }
    let share = problem.tasks().div_ceil(expected.max(1)).max(1);
    Ok(capacities.iter().map(|capacity| useful(*capacity, share)).collect())
}

/// No agent can do more tasks than there are.
fn useful(capacity: u32, tasks: usize) -> u32 {
    capacity.min(u32::try_from(tasks).unwrap_or(u32::MAX))
}

/// An optimal placement in these places is one in all that there are, once no agent whose places are not
/// all laid out has a rent: then its certificate holds for all.
fn place(problem: &Problem, capacities: &[u32], places: &mut [u32]) -> Result<Placement, Unsolved> {
    loop {
        let (wanted, found) = match solve::solve(&laid_out(problem, places)?) {
            Ok(assignment) => {
                let placement = folded(assignment, places);
                let wanted = placement.certificate.rents.iter().map(|rent| *rent > 0).collect();
                (wanted, Ok(placement))
            }
            Err(Infeasible { tasks }) => {
                let mut wanted = vec![false; places.len()];
                for (agent, cost) in tasks.iter().flat_map(|task| problem.row(*task).arcs()) {
                    wanted[agent] |= cost <= Problem::MAX_COST;
                }
                (wanted, Err(Unsolved::Infeasible { tasks }))
            }
        };
        if !grow(wanted, capacities, places, problem.tasks()) {
            return found;
        }
    }
}

/// Twice as many places for those who could use them. Whether there is one.
fn grow(wanted: Vec<bool>, capacities: &[u32], places: &mut [u32], tasks: usize) -> bool {
    let mut any = false;
    for ((wanted, capacity), places) in wanted.into_iter().zip(capacities).zip(places) {
        let most = useful(*capacity, tasks);
        if wanted && *places < most {
            *places = places.saturating_mul(2).min(most);
            any = true;
        }
    }
    any
}

/// The problem with a column for each of these places, those of an agent beside each other.
fn laid_out(problem: &Problem, places: &[u32]) -> Result<Problem, Unsolved> {
    let all: usize = places.iter().map(|places| *places as usize).sum();
    let rows = || (0..problem.tasks()).map(|task| problem.row(task));
    let is_dense = rows().all(|row| matches!(row, Row::Dense(_)));
    let of_row = |row: Row<'_>| row.arcs().map(|(agent, _)| places[agent] as usize).sum::<usize>();
    let arcs = if is_dense { all.saturating_mul(problem.tasks()) } else { rows().map(of_row).sum() };
    if arcs > MOST_ARCS {
        return Err(Unsolved::TooLarge { arcs });
    }
    let wide = if is_dense {
        let mut costs = Vec::with_capacity(arcs);
        for (agent, cost) in rows().flat_map(Row::arcs) {
            costs.resize(costs.len() + places[agent] as usize, cost);
        }
        Problem::dense(problem.tasks(), all, costs)?
    } else {
        let mut first = vec![0_u32; places.len()];
        (1..places.len()).for_each(|agent| first[agent] = first[agent - 1].saturating_add(places[agent - 1]));
        let (mut starts, mut wide) = (vec![0], Vec::with_capacity(arcs));
        for row in rows() {
            for (agent, cost) in row.arcs() {
                wide.extend((0..places[agent]).map(|place| (first[agent] + place, cost)));
            }
            starts.push(wide.len());
        }
        Problem::sparse(all, starts, wide)?
    };
    Ok(wide.with_reserves((0..problem.tasks()).map(|task| problem.reserve(task)).collect())?)
}

/// The places of an agent are alike, so their rents are equal: one that is lower would be taken in the
/// place of one that is higher.
fn folded(assignment: certificate::Assignment, places: &[u32]) -> Placement {
    let agents = || places.iter().zip(0_u32..);
    let owner: Vec<_> = agents().flat_map(|(places, agent)| (0..*places).map(move |_| agent)).collect();
    let of = |place: u32| owner.get(place as usize).copied();
    let mut rents = vec![0; places.len()];
    for (agent, rent) in owner.iter().zip(&assignment.certificate.rents) {
        rents[*agent as usize] = *rent;
    }
    let certificate = Certificate { prices: assignment.certificate.prices, rents };
    let agent_of = assignment.agent_of.into_iter().map(|place| place.and_then(of)).collect();
    Placement { agent_of, cost: assignment.cost, certificate }
}

impl Placement {
    /// Checks that this is a placement of the problem within the capacities, that it costs what it says,
    /// and that its certificate proves that none costs less: every placement costs at least the prices,
    /// less the rent of each place (weak duality).
    ///
    /// This shares nothing with the solver but the problem. Time: linear in tasks, agents and arcs.
    ///
    /// # Errors
    /// [`Unproven`], with the first inequality that fails.
    pub fn verify(&self, problem: &Problem, capacities: &[u32]) -> Result<(), Unproven> {
        use certificate::Unproven::{Gap, WrongCost, WrongLength};
        let Certificate { prices, rents } = &self.certificate;
        for (what, expected, found) in [
            ("agents of tasks", problem.tasks(), self.agent_of.len()),
            ("prices", problem.tasks(), prices.len()),
            ("rents", problem.agents(), rents.len()),
            ("capacities", problem.agents(), capacities.len()),
        ] {
            if found != expected {
                return Err(WrongLength { what, expected, found }.into());
            }
        }
        let cost = self.cost_of(problem, capacities)?;
        if cost != self.cost {
            return Err(WrongCost { stated: self.cost, found: cost }.into());
        }
        self.check_prices(problem, capacities)?;
        let useful = |capacity: &u32| i128::from(useful(*capacity, problem.tasks()));
        let rents: i128 =
            rents.iter().zip(capacities).map(|(rent, capacity)| i128::from(*rent) * useful(capacity)).sum();
        let bound = prices.iter().copied().map(i128::from).sum::<i128>() - rents;
        if bound == cost { Ok(()) } else { Err(Gap { cost, bound }.into()) }
    }

    fn cost_of(&self, problem: &Problem, capacities: &[u32]) -> Result<i128, Unproven> {
        use certificate::Unproven::{NoSuchArc, Unplaced};
        let (mut loads, mut sum) = (vec![0_u32; capacities.len()], 0);
        for (task, agent) in self.agent_of.iter().enumerate() {
            sum += i128::from(match *agent {
                None => problem.reserve(task).ok_or(Unplaced { task })?,
                Some(agent) => {
                    let cost = problem.cost(task, agent as usize).ok_or(NoSuchArc { task, agent })?;
                    loads[agent as usize] += 1;
                    cost
                }
            });
        }
        let mut loads = loads.into_iter().zip(capacities).enumerate();
        match loads.find(|(_, (load, capacity))| load > capacity) {
            Some((agent, (load, capacity))) => Err(Unproven::Overloaded { agent, load, capacity: *capacity }),
            None => Ok(sum),
        }
    }

    /// Whether the prices are feasible. Who has no room undercuts nobody.
    fn check_prices(&self, problem: &Problem, capacities: &[u32]) -> Result<(), certificate::Unproven> {
        use certificate::Unproven::{AboveReserve, NegativeRent, Undercut};
        let Certificate { prices, rents } = &self.certificate;
        if let Some((agent, &rent)) = rents.iter().enumerate().find(|(_, rent)| **rent < 0) {
            return Err(NegativeRent { agent, rent });
        }
        for (task, &price) in prices.iter().enumerate() {
            if let Some(reserve) = problem.reserve(task).filter(|reserve| price > i64::from(*reserve)) {
                return Err(AboveReserve { task, price, reserve });
            }
            // A sum that does not fit is above any price.
            let undercuts = |agent: usize, cost: u32| {
                let has_room = capacities[agent] > 0 && cost <= Problem::MAX_COST;
                has_room && i64::from(cost).saturating_add(rents[agent]) < price
            };
            let mut arcs = problem.row(task).arcs();
            if let Some((agent, cost)) = arcs.find(|(agent, cost)| undercuts(*agent, *cost)) {
                return Err(Undercut { task, agent, cost, rent: rents[agent], price });
            }
        }
        Ok(())
    }
}
