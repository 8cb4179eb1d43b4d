//! From the announcement of a task to its award (Smith 1980, 3; state table, Bidding).

use alloc::vec::Vec;

use crate::contract_net::award::{self, AwardRule, Choice};
use crate::contract_net::capabilities::Capabilities;
use crate::contract_net::ids::{AgentId, Claim, Money, Round, TaskId};
use crate::contract_net::ledger::{Command, Event, Refused, Task, Why};
use crate::contract_net::manager::{Manager, Out, Output, Timer};
use crate::contract_net::message::{Bid, Message, Offer};
use crate::contract_net::refusal::Refusal;
use crate::contract_net::rules::Rules;
use crate::node::{NodeId, NodeSet, Relabel, Renaming};

/// The bids for a task in one round.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Auction {
    round: Round,
    /// Who was asked.
    invited: NodeSet,
    /// Who bid or refused: `answered` is within `invited`.
    answered: NodeSet,
    /// Whether somebody refused for lack of room.
    busy: bool,
    /// At most one for each that answered; ascending.
    bids: Vec<(NodeId, Bid)>,
}

impl Auction {
    /// The round.
    pub fn round(&self) -> Round {
        self.round
    }

    /// Who was asked.
    pub fn invited(&self) -> NodeSet {
        self.invited
    }

    /// Who bid or refused.
    pub fn answered(&self) -> NodeSet {
        self.answered
    }

    /// The bids, by bidder.
    pub fn bids(&self) -> impl Iterator<Item = (NodeId, &Bid)> + Clone {
        self.bids.iter().map(|(node, bid)| (*node, bid))
    }

    pub(super) fn by_agents(&self) -> impl Iterator<Item = (AgentId, &Bid)> + Clone {
        self.bids().map(|(node, bid)| (AgentId::from(node), bid))
    }

    fn new(round: Round, invited: NodeSet, bids: Vec<(NodeId, Bid)>) -> Self {
        Self { round, invited, answered: NodeSet::EMPTY, busy: false, bids }
    }

    /// A contractor answers. Of two bids the one with the greater number stands, in whatever order
    /// they come. Says whether everyone has answered.
    fn answer(&mut self, node: NodeId, answer: Answer) -> bool {
        self.answered = self.answered.with(node);
        match answer {
            Answer::Bid(bid) => self.store(node, bid),
            Answer::Refuse { busy } => self.busy |= busy,
        }
        self.answered == self.invited
    }

    /// Whether this is what the agent bid, at a price that is neither below that nor above the reserve.
    fn is_bid(&self, choice: &Choice, reserve: Money) -> bool {
        let own = choice.agent.node().and_then(|node| self.own(node).ok());
        own.map(|place| self.bids[place].1)
            .is_some_and(|bid| bid.id == choice.bid && bid.cost <= choice.price && choice.price <= reserve)
    }

    /// Where the node's bid is, or would be.
    fn own(&self, node: NodeId) -> Result<usize, usize> {
        self.bids.binary_search_by_key(&node, |(bidder, _)| *bidder)
    }

    fn store(&mut self, node: NodeId, bid: Bid) {
        let is_last = self.bids.last().is_none_or(|(last, _)| *last < node);
        let place = if is_last { Err(self.bids.len()) } else { self.own(node) };
        match place {
            Ok(place) if self.bids[place].1.id < bid.id => self.bids[place].1 = bid,
            Ok(_) => {}
            Err(place) => {
                if self.bids.is_empty() {
                    self.bids.reserve_exact(usize::from(self.invited.len()));
                }
                self.bids.insert(place, (node, bid));
            }
        }
    }
}

/// What a contractor says to an announcement.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    Bid(Bid),
    Refuse { busy: bool },
}

impl<A: AwardRule, R: Rules> Manager<A, R> {
    /// Asks everyone who can do the task. State table, Bidding.
    pub(super) fn announce(&mut self, task: TaskId, out: &mut impl Out) {
        let Some(known) = self.ledger.task(task) else { return };
        let (round, announcement) = (known.round, announcement(task, known, &self.config.award));
        let invited = self.able(known.terms.needs);
        invited.iter().for_each(|node| out.send(node, announcement));
        out.arm(Timer::Bids(task));
        let mut bids = self.auctions.remove(&task).map_or(Vec::new(), |earlier| earlier.bids);
        bids.clear();
        self.auctions.insert(task, Auction::new(round, invited, bids));
    }

    /// Not itself, whatever its disk may say.
    fn able(&self, needs: Capabilities) -> NodeSet {
        let able: NodeSet = self.ledger.able(needs).filter_map(AgentId::node).collect();
        able.without(self.config.id)
    }

    /// A contractor joins while tasks are open.
    pub(super) fn invite(&mut self, node: NodeId, capabilities: Capabilities, out: &mut impl Out) {
        for task in self.ledger.open_to(capabilities) {
            if let (Some(known), Some(auction)) = (self.ledger.task(task), self.auctions.get_mut(&task)) {
                auction.invited = auction.invited.with(node);
                out.send(node, announcement(task, known, &self.config.award));
            }
        }
    }

    /// A contractor leaves, and its bids with it.
    pub(super) fn leave(&mut self, node: NodeId, out: &mut impl Out) {
        let agent = AgentId::from(node);
        if self.commit(Command::Leave { agent }, out).is_none() {
            return;
        }
        let capabilities = self.ledger.agent(agent).map_or(Capabilities::NONE, |it| it.capabilities);
        for task in self.ledger.open_to(capabilities) {
            if let Some(auction) = self.auctions.get_mut(&task) {
                auction.invited = auction.invited.without(node);
                auction.answered = auction.answered.without(node);
                auction.bids.retain(|(bidder, _)| *bidder != node);
            }
        }
    }

    /// Bid or refusal, if round = r, eligible. Once everyone has answered there is nothing to wait for,
    /// unless there is nothing to award either: then the time that is left is a pause. In a window it is
    /// the other tasks that are waited for.
    pub(super) fn collect(
        &mut self,
        from: NodeId,
        task: TaskId,
        round: Round,
        answer: Answer,
        out: &mut impl Out,
    ) {
        let rules = self.rules();
        let Some(auction) = self.auctions.get_mut(&task) else {
            return match self.admit(task) {
                Ok(()) => self.collect(from, task, round, answer, out),
                Err(refusal) => out.output(Output::Refused(refusal)),
            };
        };
        if !rules.is_of_round(round, auction.round) {
            let refusal = Refusal::Round { task, said: round, current: auction.round };
            return out.output(Output::Refused(refusal));
        }
        if !auction.invited.contains(from) {
            return out.output(Output::Refused(Refusal::NotInvited { task, agent: from }));
        }
        if auction.answer(from, answer) && !self.config.windows {
            self.conclude(task, out);
        }
    }

    /// Whether the task is open for bids although there is no auction of it: by the published rules
    /// there is one of each that is, so it is not.
    fn admit(&mut self, task: TaskId) -> Result<(), Refusal> {
        let known = self.ledger.task(task).ok_or(Refused::UnknownTask(task))?;
        if !self.rules().is_open(known.phase) {
            return Err(Refused::WrongPhase { task, phase: known.phase }.into());
        }
        let (round, invited) = (known.round, self.able(known.terms.needs));
        self.auctions.insert(task, Auction::new(round, invited, Vec::new()));
        Ok(())
    }

    /// Close: the time for bids is over. State table: `Awarded`, `Round` or `Unallocated`.
    pub(super) fn close(&mut self, task: TaskId, out: &mut impl Out) {
        if self.conclude(task, out) {
            return;
        }
        let Some(auction) = self.auctions.get(&task) else { return }; // A stale expiry.
        let (round, (why, lowest)) = (auction.round, self.shortfall(task, auction));
        let reannounce = Command::Reannounce { task, round, why };
        if self.ledger.decide(self.rules(), &reannounce).is_ok() {
            self.commit(reannounce, out);
            return self.announce(task, out);
        }
        if self.commit(Command::GiveUp { task, round, why, lowest }, out).is_some() {
            self.dismiss(task, None, out);
            self.fall_out(task, out);
        }
    }

    /// Why there is no award, and the lowest bid if that was above the reserve. That somebody has no
    /// room says nothing of the price.
    fn shortfall(&self, task: TaskId, auction: &Auction) -> (Why, Option<Money>) {
        let affordable = |cost: Money| {
            self.ledger.task(task).is_some_and(|known| self.rules().is_affordable(cost, known.reserve))
        };
        match auction.bids().map(|(_, bid)| bid.cost).min() {
            Some(lowest) if affordable(lowest) => (Why::NoRoom, None),
            Some(_) | None if auction.busy => (Why::NoRoom, None),
            lowest => (Why::NoBid, lowest),
        }
    }

    /// Awards the task to the best bid, if there is one. Says whether there is.
    fn conclude(&mut self, task: TaskId, out: &mut impl Out) -> bool {
        let (Some(auction), Some(known)) = (self.auctions.get(&task), self.ledger.task(task)) else {
            return false;
        };
        let Some(choice) = self.choose(task, auction, known) else { return false };
        self.settle(task, choice, out)
    }

    /// Awards the task by this choice, if it keeps to the bids. Says whether bidding is over, or can have
    /// no end.
    pub(super) fn settle(&mut self, task: TaskId, choice: Choice, out: &mut impl Out) -> bool {
        let (Some(auction), Some(known)) = (self.auctions.get(&task), self.ledger.task(task)) else {
            return false;
        };
        let Choice { agent, bid, price } = choice;
        if !auction.is_bid(&choice, known.reserve) {
            out.output(Output::Refused(Refusal::Mechanism { task, agent }));
            return false;
        }
        let Some(epoch) = known.next_epoch(self.rules()) else {
            out.arm(Timer::Bids(task));
            out.output(Output::Refused(Refusal::NoEpochs(task)));
            return true;
        };
        let (round, bids) = (known.round, award::digest(auction.by_agents()));
        self.award(Command::Award { task, round, epoch, agent, bid, price, bids }, task, out)
    }

    /// The best bid of an agent that is still there and has room.
    fn choose(&self, task: TaskId, auction: &Auction, known: &Task) -> Option<Choice> {
        let mut passed_over = NodeSet::EMPTY;
        loop {
            let left = auction.bids().filter(|(node, _)| !passed_over.contains(*node));
            let left = left.map(|(node, bid)| (AgentId::from(node), bid));
            let choice = self.config.award.choose(left, known.reserve)?;
            if self.ledger.may_serve(self.rules(), task, known, choice.agent).is_ok() {
                return Some(choice);
            }
            let node = choice.agent.node().filter(|node| !passed_over.contains(*node))?;
            passed_over = passed_over.with(node);
        }
    }

    /// The award, first on the disk and then in the post (G8). Says whether it was made.
    fn award(&mut self, award: Command, task: TaskId, out: &mut impl Out) -> bool {
        let Some(Event::Awarded { tenure, .. }) = self.commit(award, out) else { return false };
        let holder = self.send_award(task, out);
        self.begin_lease(task, tenure.epoch, Claim::default(), out);
        self.dismiss(task, holder, out);
        true
    }

    /// Bidding is over: whoever bid and does not hold the task hears of it.
    pub(super) fn dismiss(&mut self, task: TaskId, holder: Option<NodeId>, out: &mut impl Out) {
        let Some(auction) = self.auctions.remove(&task) else { return };
        out.disarm(Timer::Bids(task));
        for (bidder, _) in auction.bids().filter(|(bidder, _)| Some(*bidder) != holder) {
            out.send(bidder, Message::Reject { task, round: auction.round });
        }
    }
}

fn announcement(task: TaskId, known: &Task, award: &impl AwardRule) -> Message {
    let (reserve, pricing) = (known.reserve, award.pricing());
    let offer = Offer { needs: known.terms.needs, reserve, pricing, idempotent: known.terms.idempotent };
    Message::Announce { task, round: known.round, offer }
}

impl Relabel for Auction {
    fn relabel(&self, renaming: &Renaming) -> Self {
        let mut bids: Vec<_> = self.bids().map(|(node, bid)| (node.relabel(renaming), *bid)).collect();
        bids.sort_unstable();
        let (invited, answered) = (self.invited.relabel(renaming), self.answered.relabel(renaming));
        Self { round: self.round, invited, answered, busy: self.busy, bids }
    }
}
