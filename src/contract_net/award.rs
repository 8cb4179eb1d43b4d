//! Whom a task is awarded, and what is paid for it: the mechanisms of [`auction`](crate::auction) for
//! one task, each with its theorem there.

use core::cmp::Reverse;

use crate::auction::{Sale, Scale, Tender, first_price, second_price, second_score};
use crate::contract_net::ids::{AgentId, BidId, Digest, Money};
use crate::contract_net::message::Bid;
use crate::machine::Value;

/// A mechanism: from the bids of a round to an award.
///
/// It must be a function of what it is given, total and deterministic: of equal bids it takes one,
/// and always the same.
pub trait AwardRule: Value + Copy {
    /// Which of these bids wins, and its price: at least its cost, at most the reserve. `None` if no
    /// cost is within the reserve. No agent has two bids.
    fn choose<'a>(
        &self,
        bids: impl Iterator<Item = (AgentId, &'a Bid)> + Clone,
        reserve: Money,
    ) -> Option<Choice>;

    /// What bidders are told about it.
    fn pricing(&self) -> Pricing;
}

/// The bid that wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Choice {
    /// Whose it is.
    pub agent: AgentId,
    /// Which it is.
    pub bid: BidId,
    /// What will be paid.
    pub price: Money,
}

/// How the price follows from the bids.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Pricing {
    /// The winner is paid what it bid.
    AsBid,
    /// The winner is paid what the next one bid, or the reserve.
    SecondPrice,
    /// The winner is paid what would have brought its score on this scale down to the next one's, or
    /// the reserve.
    SecondScore(Scale),
}

/// The article's rule, and that of Smith 1980: the lowest cost among the capable wins, and is paid
/// what it bid. Of equal costs the better match wins, of those the shorter time, of those the lower
/// number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct LowestCost;

impl AwardRule for LowestCost {
    fn choose<'a>(
        &self,
        bids: impl Iterator<Item = (AgentId, &'a Bid)> + Clone,
        reserve: Money,
    ) -> Option<Choice> {
        let bids = bids.map(|(agent, bid)| {
            let suits = (Reverse(bid.capability_match), bid.time_estimate);
            ((suits, agent, bid.id), bid.cost.get())
        });
        let Sale { seller: (_, agent, bid), price } = first_price(bids, reserve.get())?;
        Some(Choice { agent, bid, price: Money::new(price) })
    }

    fn pricing(&self) -> Pricing {
        Pricing::AsBid
    }
}

/// Vickrey 1961, for buying: the lowest cost wins, and is paid the second lowest, or the reserve if
/// that is lower or nobody else bid. Then nobody gains by bidding anything but its cost. For that
/// ties must not be broken by anything that is bid: of equal costs the lower number wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SecondPrice;

impl AwardRule for SecondPrice {
    fn choose<'a>(
        &self,
        bids: impl Iterator<Item = (AgentId, &'a Bid)> + Clone,
        reserve: Money,
    ) -> Option<Choice> {
        let bids = bids.map(|(agent, bid)| ((agent, bid.id), bid.cost.get()));
        let Sale { seller: (agent, bid), price } = second_price(bids, reserve.get())?;
        Some(Choice { agent, bid, price: Money::new(price) })
    }

    fn pricing(&self) -> Pricing {
        Pricing::SecondPrice
    }
}

/// Che 1993: cost, match and time count, on a scale that the announcement states. The winner is paid
/// the cost at which it would have been no better than the second, so nobody gains by bidding anything
/// but its cost. It may by stating a better match or a shorter time than it has: that is for agents
/// whose matches and times are known or enforced. Of equal scores the lower number wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SecondScore(pub Scale);

impl AwardRule for SecondScore {
    fn choose<'a>(
        &self,
        bids: impl Iterator<Item = (AgentId, &'a Bid)> + Clone,
        reserve: Money,
    ) -> Option<Choice> {
        let bids = bids.map(|(agent, &Bid { id, cost, capability_match, time_estimate })| {
            ((agent, id), Tender { cost: cost.get(), capability_match, time_estimate })
        });
        let Sale { seller: (agent, bid), price } = second_score(bids, self.0, reserve.get())?;
        Some(Choice { agent, bid, price: Money::new(price) })
    }

    fn pricing(&self) -> Pricing {
        Pricing::SecondScore(self.0)
    }
}

/// All bids as one number: equal bids in the same order have equal ones. It is for finding out that a manager's books
/// and somebody's records of the bids differ, and no defence against whoever wants them to agree.
pub fn digest<'a>(bids: impl Iterator<Item = (AgentId, &'a Bid)>) -> Digest {
    // Odd, and of no pattern. The words of a bid are weighed apart, so that they need not wait for each other.
    const WEIGHTS: [u64; 4] =
        [0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb, 0xff51_afd7_ed55_8ccd];
    Digest::new(bids.fold(0xcbf2_9ce4_8422_2325, |sum, (agent, bid)| {
        let who = u64::from(agent.get()) << 32 | u64::from(bid.capability_match);
        let words = [who, bid.id.get(), bid.cost.get(), bid.time_estimate].into_iter().zip(WEIGHTS);
        let own = words.fold(0, |own: u64, (word, weight)| own.wrapping_add(word.wrapping_mul(weight)));
        (sum ^ own).wrapping_mul(WEIGHTS[0]).rotate_left(29)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn bid(cost: u64, capability_match: u32, time_estimate: u64) -> Bid {
        Bid { id: BidId::new(cost), cost: Money::new(cost), capability_match, time_estimate }
    }

    fn choose(rule: impl AwardRule, bids: &[Bid], reserve: u64) -> Option<(u32, u64)> {
        let bids = bids.iter().zip(0..).map(|(bid, agent)| (AgentId::new(agent), bid));
        let choice = rule.choose(bids, Money::new(reserve))?;
        Some((choice.agent.get(), choice.price.get()))
    }

    #[test]
    fn the_lowest_cost_wins_and_ties_are_broken_in_order() {
        let bids = [bid(5, 9, 1), bid(4, 1, 9), bid(4, 2, 9), bid(4, 2, 8), bid(4, 2, 8)];
        assert_eq!(choose(LowestCost, &bids, 9), Some((3, 4)));
        assert_eq!(choose(LowestCost, &bids, 3), None, "above the reserve");
        assert_eq!(choose(LowestCost, &[], 3), None);
    }

    #[test]
    fn the_second_price_is_the_next_cost_or_the_reserve() {
        assert_eq!(choose(SecondPrice, &[bid(5, 0, 0), bid(3, 0, 0), bid(9, 0, 0)], 8), Some((1, 5)));
        assert_eq!(choose(SecondPrice, &[bid(5, 0, 0), bid(3, 0, 0)], 4), Some((1, 4)));
        assert_eq!(
            choose(SecondPrice, &[bid(3, 0, 0), bid(3, 9, 0)], 4),
            Some((0, 3)),
            "a match decides no tie"
        );
        assert_eq!(choose(SecondPrice, &[bid(5, 0, 0)], 4), None);
    }

    #[test]
    fn the_best_score_is_paid_down_to_the_second() {
        let rule = SecondScore(Scale { per_match: 2, per_time: 1 });
        // Scores -3, 1 and 0: agent 1 would have been as good as agent 2 at a cost of 6.
        let bids = [bid(2, 0, 1), bid(5, 5, 4), bid(4, 5, 6)];
        assert_eq!(choose(rule, &bids, 9), Some((1, 6)));
        assert_eq!(choose(rule, &bids, 5), Some((1, 5)), "no more than the reserve");
        assert_eq!(choose(rule, &bids, 2), Some((0, 2)), "the others are above the reserve");
        assert_eq!(choose(rule, &bids, 1), None);
        assert_eq!(choose(rule, &[bid(3, 1, 4), bid(3, 1, 4)], 9), Some((0, 3)), "a tie");
        assert_eq!(rule.pricing(), Pricing::SecondScore(rule.0));
    }

    #[test]
    fn a_digest_tells_bids_apart() {
        let of = |bids: &[Bid]| digest(bids.iter().zip(0..).map(|(bid, agent)| (AgentId::new(agent), bid)));
        let all = [bid(1, 0, 0), bid(0, 1, 0), bid(0, 0, 1), bid(0, 0, 0)];
        let digests: Vec<_> = all.iter().map(|bid| of(&[*bid])).collect();
        assert!((0..4).all(|i| (0..i).all(|j| digests[i] != digests[j])));
        assert_ne!(of(&[all[0], all[1]]), of(&[all[1], all[0]]));
    }
}
