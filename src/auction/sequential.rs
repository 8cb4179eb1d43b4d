//! Many tasks, one at a time: at each step the task that gains most is sold to whoever asks least for
//! it and has room.
//!
//! **Theorem.** Its welfare, the sum of value less cost, is at least half of the optimum, and no better
//! factor holds (greedy matching: Jenkyns 1976, Korte and Hausmann 1978; for any submodular valuations
//! Lehmann, Lehmann and Nisan, "Combinatorial auctions with decreasing marginal utilities", 2006). Of
//! cost there is no bound at all: with costs `[[0, 1], [1, M]]`, and values of `M` or more, it costs
//! `M`, where 2 would do.
//!
//! **Conditions.** An agent's cost for a task does not depend on what else it does, up to its capacity.
//! The steps go by gain. Tasks that are sold in the order in which they come, each to the cheapest, have
//! no such bound: a task that gains nothing may take the only room from one that gains much.
//!
//! **Not promised.** Truth: the price is what was bid, and what an agent asks for one task decides which
//! others it is offered. Nothing of bidders that collude or meet again.

use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::auction::first_price::Sale;

/// What an agent asks for a task. Pairs that are not offered are not sold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Offer {
    /// Which agent, from 0.
    pub agent: u32,
    /// Which task, from 0.
    pub task: u32,
    /// What it asks for.
    pub cost: u64,
}

/// An offer of an agent or for a task that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// Agents are numbered from 0, as their capacities are.
    #[error("an offer of agent {agent}: there are {agents}")]
    Agent {
        /// The agent of the offer.
        agent: u32,
        /// How many there are.
        agents: usize,
    },
    /// Tasks are numbered from 0, as their values are.
    #[error("an offer for task {task}: there are {tasks}")]
    Task {
        /// The task of the offer.
        task: u32,
        /// How many there are.
        tasks: usize,
    },
}

/// Who does each task, and for how much; `None` for a task that nobody with room offers to do for its
/// value or less.
///
/// `values[task]` is what the task is worth and the most that is paid for it, `capacities[agent]` how
/// many tasks the agent can take. Of equal gains the lower task is sold first, and to the lower agent.
///
/// O(e log e) time and O(e) memory for e offers.
///
/// # Errors
/// [`Unknown`] for the first offer that names an agent or a task that is not there.
pub fn sequential(
    values: &[u64],
    capacities: &[u32],
    offers: impl IntoIterator<Item = Offer>,
) -> Result<Vec<Option<Sale<u32>>>, Unknown> {
    let mut gains = Vec::new();
    for Offer { agent, task, cost } in offers {
        if capacities.get(agent as usize).is_none() {
            return Err(Unknown::Agent { agent, agents: capacities.len() });
        }
        let value = values.get(task as usize).ok_or(Unknown::Task { task, tasks: values.len() })?;
        gains.extend(value.checked_sub(cost).map(|gain| (Reverse(gain), task, agent, cost)));
    }
    gains.sort_unstable();
    let mut room = capacities.to_vec();
    let mut sales = vec![None; values.len()];
    for (_, task, agent, cost) in gains {
        if let (Some(sale @ None), Some(room @ 1..)) =
            (sales.get_mut(task as usize), room.get_mut(agent as usize))
        {
            *sale = Some(Sale { seller: agent, price: cost });
            *room -= 1;
        }
    }
    Ok(sales)
}
