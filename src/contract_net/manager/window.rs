//! The bids of a window, cleared together.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::contract_net::award::AwardRule;
use crate::contract_net::ids::{AgentId, TaskId};
use crate::contract_net::manager::{Manager, Out, Output};
use crate::contract_net::refusal::Refusal;
use crate::contract_net::rules::Rules;
use crate::contract_net::window::{self, Lot};

impl<A: AwardRule, R: Rules> Manager<A, R> {
    /// Clear: state table, close, for all of these that are open for bids; each award is a command of
    /// its own, with the same guards. Then what is left closes as if its time were up.
    pub(super) fn clear(&mut self, tasks: &BTreeSet<TaskId>, out: &mut impl Out) {
        let lots: Vec<_> = tasks.iter().filter_map(|task| self.lot(*task)).collect();
        let room = |agent: AgentId| {
            self.ledger.agent(agent).map_or(0, |agent| agent.capacity.get().saturating_sub(agent.load))
        };
        match window::clear(&lots, room, self.config.award.pricing()) {
            Err(unclear) => out.output(Output::Refused(Refusal::Window(unclear))),
            Ok(choices) => {
                let chosen = lots.iter().zip(&choices).filter_map(|(lot, choice)| Some((lot, (*choice)?)));
                for (lot, choice) in chosen {
                    self.settle(lot.task, choice, out);
                }
                let left = lots.iter().zip(&choices).filter(|(_, choice)| choice.is_none());
                left.for_each(|(lot, _)| self.close(lot.task, out));
            }
        }
    }

    /// The task, if it is open for bids, and those of agents that are still there and have room.
    fn lot(&self, task: TaskId) -> Option<Lot> {
        let (auction, known) = (self.auctions.get(&task)?, self.ledger.task(task)?);
        let bids = auction.by_agents().map(|(agent, bid)| (agent, *bid));
        let serves = |agent| self.ledger.may_serve(self.rules(), task, known, agent).is_ok();
        Some(Lot { task, reserve: known.reserve, bids: bids.filter(|(agent, _)| serves(*agent)).collect() })
    }
}
