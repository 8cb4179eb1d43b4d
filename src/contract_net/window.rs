//! A window of bids, cleared together: which tasks go to whom, so that all of them together cost least.
//!
//! Task by task, the first to close takes the best agent, whoever might need it more; together they are
//! placed by the optimal [`capacity`] assignment, each within its reserve and each agent within its room.
//! A task stays unplaced only if whoever could do it for its reserve is of more use elsewhere.
//!
//! What is paid is what bidders were told when the tasks were announced, [`Pricing`]. As bid: what was bid.
//! Second price: the payments of Vickrey, Clarke and Groves, of which that of one task is the second price.
//! An agent that takes several tasks has one payment for them, shared out over them: each has its cost at
//! least and its reserve at most. By score: a window has no common scale of value, so it is refused.
//!
//! **Theorem.** With second prices nobody gains in a window by bidding anything but its costs: see
//! [`capacity`].
//!
//! **Conditions.** Those there; and the agent finishes what it takes, since it is paid by task. **Not
//! promised.** Anything from one window to the next: whoever expects a better price there may wait for it.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::auction::capacity::{self, Placement};
use crate::auction::problem::Problem;
use crate::contract_net::award::{Choice, Pricing};
use crate::contract_net::ids::{AgentId, Money, TaskId};
use crate::contract_net::message::Bid;

/// A task of a window, and the bids for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lot {
    /// The task.
    pub task: TaskId,
    /// The most that is paid for it: what it is worth to the manager that it is placed.
    pub reserve: Money,
    /// The bids. Of two of one agent that of the lower cost counts; above the reserve none does.
    pub bids: Vec<(AgentId, Bid)>,
}

/// Why a window is not cleared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Unclear {
    /// Bidders were told that a score decides.
    #[error("tasks that are awarded by score cannot be cleared together")]
    Scored,
    /// From the lowest bid to the reserve it is too far for the solver.
    #[error(
        "the reserve of task {task} is {spread} above its lowest bid: at most {} can be computed with",
        Problem::MAX_COST
    )]
    TooFarApart {
        /// The task.
        task: TaskId,
        /// The reserve less the lowest bid.
        spread: Money,
    },
    /// There are too many tasks and bids for one window.
    #[error("the window is too large to be cleared together")]
    TooLarge,
}

/// Of each lot who is awarded it, and for how much; `None` if it stays unplaced. `room` says how many more
/// tasks an agent can take. Each choice is a bid for that lot, at a price of at least its cost and at most
/// the reserve. Equal windows have equal awards.
///
/// Only differences from the lowest bid of a task count, so amounts may be of any size.
///
/// Time: that of [`capacity::solve`], or of [`capacity::vcg`] for second prices.
///
/// # Errors
/// [`Unclear`].
pub fn clear(
    lots: &[Lot],
    room: impl Fn(AgentId) -> u32,
    pricing: Pricing,
) -> Result<Vec<Option<Choice>>, Unclear> {
    let window = Window::of(lots, room)?;
    let unclear = |_: capacity::Unsolved| Unclear::TooLarge; // All tasks have reserves, all agents rooms.
    match pricing {
        Pricing::AsBid => {
            let placement = capacity::solve(&window.problem, &window.rooms).map_err(unclear)?;
            Ok(window.choices(lots, &placement, None))
        }
        Pricing::SecondPrice => {
            let outcome = capacity::vcg(&window.problem, &window.rooms).map_err(unclear)?;
            Ok(window.choices(lots, &outcome.placement, Some(&outcome.payments)))
        }
        Pricing::SecondScore(_) => Err(Unclear::Scored),
    }
}

/// The window as an assignment, in which each task is as much cheaper as its lowest bid.
struct Window {
    problem: Problem,
    agents: Vec<AgentId>,
    rooms: Vec<u32>,
    /// Of each lot the bids by the number of their agent: ascending, one each, within the reserve.
    rows: Vec<Vec<(u32, Bid)>>,
}

impl Window {
    fn of(lots: &[Lot], room: impl Fn(AgentId) -> u32) -> Result<Self, Unclear> {
        let bidders = lots.iter().flat_map(|lot| &lot.bids).map(|(agent, _)| (*agent, 0));
        let mut numbers: BTreeMap<AgentId, u32> = bidders.collect();
        numbers.values_mut().zip(0..).for_each(|(number, place)| *number = place);
        let (mut rows, mut starts, mut arcs) = (Vec::new(), alloc::vec![0], Vec::new());
        let mut reserves = Vec::new();
        for Lot { task, reserve, bids } in lots {
            let affordable = bids.iter().filter(|(_, bid)| bid.cost <= *reserve);
            let numbered = affordable.filter_map(|(agent, bid)| Some((*numbers.get(agent)?, *bid)));
            let mut row: Vec<_> = numbered.collect();
            row.sort_unstable_by_key(|(agent, bid)| (*agent, bid.cost, bid.id));
            row.dedup_by_key(|(agent, _)| *agent);
            let least = row.iter().map(|(_, bid)| bid.cost.get()).min().unwrap_or(reserve.get());
            let above = |amount: Money| amount.get() - least;
            let spread = above(*reserve);
            let most = u32::try_from(spread).ok().filter(|spread| *spread <= Problem::MAX_COST);
            let most = most.ok_or(Unclear::TooFarApart { task: *task, spread: Money::new(spread) })?;
            // No bid is further from the lowest than the reserve.
            arcs.extend(row.iter().map(|(agent, bid)| (*agent, above(bid.cost) as u32)));
            starts.push(arcs.len());
            reserves.push(Some(most));
            rows.push(row);
        }
        let agents: Vec<_> = numbers.into_keys().collect();
        let rooms = agents.iter().map(|agent| room(*agent)).collect();
        let problem = Problem::sparse(agents.len(), starts, arcs).and_then(|it| it.with_reserves(reserves));
        Ok(Self { problem: problem.map_err(|_| Unclear::TooLarge)?, agents, rooms, rows })
    }

    /// What each agent is paid beyond its costs goes to its first tasks, up to their reserves.
    fn choices(
        &self,
        lots: &[Lot],
        placement: &Placement,
        payments: Option<&[Option<i128>]>,
    ) -> Vec<Option<Choice>> {
        let mut beyond: Vec<i128> = match payments {
            Some(payments) => payments.iter().map(|payment| payment.unwrap_or(0)).collect(),
            None => alloc::vec![0; self.agents.len()],
        };
        if payments.is_some() {
            for (task, agent) in placement.agent_of.iter().enumerate() {
                let Some(agent) = agent.map(|agent| agent as usize) else { continue };
                beyond[agent] -= self.problem.cost(task, agent).map_or(0, i128::from);
            }
        }
        let choice = |((agent, lot), row): ((&Option<u32>, &Lot), &Vec<(u32, Bid)>)| {
            let agent = (*agent)?;
            let place = row.binary_search_by_key(&agent, |(bidder, _)| *bidder).ok()?;
            let Bid { id, cost, .. } = row[place].1;
            let left = &mut beyond[agent as usize];
            let most = lot.reserve.get().saturating_sub(cost.get());
            let share = u64::try_from(*left).map_or(if *left > 0 { most } else { 0 }, |left| left.min(most));
            *left -= i128::from(share);
            let price = Money::new(cost.get() + share);
            Some(Choice { agent: self.agents[agent as usize], bid: id, price })
        };
        placement.agent_of.iter().zip(lots).zip(&self.rows).map(choice).collect()
    }
}
