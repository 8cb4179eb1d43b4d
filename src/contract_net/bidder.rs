//! A bidder for hosts that have no better one: how much to ask for a task, as a pure function of an
//! agent's costs, of how well the task suits it, and of its speed.

use core::num::NonZeroU32;

use crate::contract_net::capabilities::Capabilities;
use crate::contract_net::ids::{BidId, Money};
use crate::contract_net::message::{Bid, Offer};

/// What an agent's work costs, and how fast it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct CostModel {
    /// What the agent can do.
    pub capabilities: Capabilities,
    /// What any task costs it.
    pub fixed: Money,
    /// What a unit of work costs it.
    pub per_unit: Money,
    /// How many units of work it does in a unit of time.
    pub speed: NonZeroU32,
}

/// What the agent bids for a task of `work` units; `None` if it cannot do it, or not for the reserve.
///
/// The match is, in thousandths, the part of the agent's capabilities that the task needs: a
/// specialist is left to what it is for.
pub fn bid(model: &CostModel, offer: &Offer, work: u64, id: BidId) -> Option<Bid> {
    if !model.capabilities.covers(offer.needs) {
        return None;
    }
    let cost = model.per_unit.get().checked_mul(work)?.checked_add(model.fixed.get())?;
    let (used, has) = (u32::from(offer.needs.len()), u32::from(model.capabilities.len()));
    let bid = Bid {
        id,
        cost: Money::new(cost),
        capability_match: (1_000 * used).checked_div(has).unwrap_or(1_000),
        time_estimate: work.div_ceil(u64::from(model.speed.get())),
    };
    (bid.cost <= offer.reserve).then_some(bid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract_net::award::Pricing;

    const MODEL: CostModel = CostModel {
        capabilities: Capabilities::from_bits(0b111),
        fixed: Money::new(2),
        per_unit: Money::new(3),
        speed: NonZeroU32::new(4).expect("not 0"),
    };

    fn offer(needs: u64, reserve: u64) -> Offer {
        let (needs, reserve) = (Capabilities::from_bits(needs), Money::new(reserve));
        Offer { needs, reserve, pricing: Pricing::AsBid, idempotent: false }
    }

    #[test]
    fn a_bid_follows_from_cost_match_and_speed() {
        let expected =
            Bid { id: BidId::new(1), cost: Money::new(17), capability_match: 666, time_estimate: 2 };
        assert_eq!(bid(&MODEL, &offer(0b110, 17), 5, BidId::new(1)), Some(expected));
        assert_eq!(bid(&MODEL, &offer(0b110, 16), 5, BidId::new(1)), None, "above the reserve");
        assert_eq!(bid(&MODEL, &offer(0b1110, 17), 5, BidId::new(1)), None, "not capable");
        assert_eq!(bid(&MODEL, &offer(0, u64::MAX), u64::MAX, BidId::new(1)), None, "no such cost");
    }
}
