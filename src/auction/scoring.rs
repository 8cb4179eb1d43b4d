//! One task, by cost, match and time: the second-score auction (Che, "Design Competition through
//! Multidimensional Auctions", 1993, turned from first score to second).
//!
//! The score of a tender is what its match and its time are worth on a fixed [`Scale`], less its cost.
//! The highest score wins, and is paid what would have brought its score down to the second highest.
//!
//! **Theorem.** It is dominant to bid the own cost, whatever the others bid, and the winner is paid at
//! least its cost: with quality `q` the price is the greatest cost at which it would still have won,
//! which is the second price of `cost - q`.
//!
//! **Conditions.** The score is linear in the cost, and the scale was fixed and told before bids were
//! opened. A scale that depends on the bids, such as one that normalises by the highest cost of the
//! round, lets a bidder move the others' scores: then lies pay. The reserve does not depend on the
//! bids, nor does who wins among equal scores: here it is the least bidder.
//!
//! **Not promised.** That match and time are true. They must be measured by the buyer, or enforced:
//! whoever may state a better match than it has wins more, at a higher price. Nothing of bidders that
//! collude or meet again.

use crate::auction::first_price::Sale;

/// What a bidder offers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tender {
    /// What it asks for.
    pub cost: u64,
    /// How well the task suits it: the more the better.
    pub capability_match: u32,
    /// How long it will take: the less the better.
    pub time_estimate: u64,
}

/// What a unit of match, and of time, is worth in units of cost.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Scale {
    /// What the buyer would pay for one more unit of match.
    pub per_match: u32,
    /// What the buyer would pay for one unit of time less.
    pub per_time: u32,
}

impl Scale {
    /// What the tender is worth beside its cost: from `-2^96` to `2^64`, so no sum of it overflows.
    pub fn quality(self, tender: &Tender) -> i128 {
        let gained = i128::from(self.per_match) * i128::from(tender.capability_match);
        let lost = i128::from(self.per_time) * i128::from(tender.time_estimate);
        gained - lost
    }
}

/// The highest score among those whose cost is within the reserve, and as its price the cost at which
/// it would have had the second highest, or the reserve if that is lower or there is no second;
/// `None` if no cost is within the reserve.
///
/// No bidder may bid twice. Of equal scores the least bidder wins.
///
/// O(n), without memory.
pub fn second_score<B: Ord>(
    bids: impl IntoIterator<Item = (B, Tender)>,
    scale: Scale,
    reserve: u64,
) -> Option<Sale<B>> {
    let within = bids.into_iter().filter(|(_, tender)| tender.cost <= reserve);
    // A score below 0 is a net cost.
    let mut net = within.map(|(bidder, tender)| {
        let quality = scale.quality(&tender);
        (i128::from(tender.cost) - quality, bidder, quality)
    });
    let (mut lowest, mut seller, mut worth) = net.next()?;
    let mut second = i128::MAX;
    for (cost, bidder, quality) in net {
        if (cost, &bidder) < (lowest, &seller) {
            (second, lowest, seller, worth) = (lowest, cost, bidder, quality);
        } else {
            second = second.min(cost);
        }
    }
    // At least the cost that was bid, because `lowest <= second`.
    let price = u64::try_from(second.saturating_add(worth)).map_or(reserve, |price| price.min(reserve));
    Some(Sale { seller, price })
}
