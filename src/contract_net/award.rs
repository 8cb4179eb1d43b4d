//! Whom a task is awarded, and what is paid for it.

use core::cmp::Reverse;

use crate::contract_net::ids::{AgentId, BidId, Digest, Money};
use crate::contract_net::message::Bid;
use crate::machine::Value;

/// A mechanism: from the bids of a round to an award.
///
/// It must be a function of what it is given, total and deterministic: of equal bids it takes one,
/// and always the same.
pub trait AwardRule: Value + Copy {
    /// Which of these bids wins, and its price: at least its cost, at most the reserve. `None` if no
    /// cost is within the reserve.
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
        let preference = |(agent, bid): &(AgentId, &Bid)| {
            (bid.cost, Reverse(bid.capability_match), bid.time_estimate, *agent)
        };
        let (agent, bid) = bids.filter(|(_, bid)| bid.cost <= reserve).min_by_key(preference)?;
        Some(Choice { agent, bid: bid.id, price: bid.cost })
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
        let within = bids.filter(|(_, bid)| bid.cost <= reserve);
        let (agent, bid) = within.clone().min_by_key(|(agent, bid)| (bid.cost, *agent))?;
        let others = within.filter(|(other, _)| *other != agent);
        let second = others.map(|(_, bid)| bid.cost).min();
        Some(Choice { agent, bid: bid.id, price: second.unwrap_or(reserve) })
    }

    fn pricing(&self) -> Pricing {
        Pricing::SecondPrice
    }
}

/// All bids as one number: equal bids have equal ones. It is for finding out that a manager's books
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

    /// Truth is dominant: whatever the others bid, no bid but the own cost pays more.
    #[test]
    fn nobody_gains_by_bidding_anything_but_its_cost() {
        let utility = |cost: u64, asked: u64, others: [u64; 2]| {
            let bids = [bid(asked, 0, 0), bid(others[0], 0, 0), bid(others[1], 0, 0)];
            match choose(SecondPrice, &bids, 5) {
                Some((0, price)) => i128::from(price) - i128::from(cost),
                Some(_) | None => 0,
            }
        };
        let grid = || 0..7_u64;
        for (cost, asked) in grid().flat_map(|cost| grid().map(move |asked| (cost, asked))) {
            for others in grid().flat_map(|one| grid().map(move |other| [one, other])) {
                assert!(utility(cost, cost, others) >= utility(cost, asked, others));
            }
        }
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
