//! One task, paid the second price (Vickrey, "Counterspeculation, Auctions, and Competitive Sealed
//! Tenders", 1961, turned to buying).
//!
//! **Theorem.** Truth is dominant: whatever the others bid, no bid earns a bidder more than its own
//! cost does. So the lowest cost wins, and whoever wins is paid at least its cost.
//!
//! **Conditions.** A bidder knows its own cost, and is paid on delivery alone. The reserve does not
//! depend on the bids, nor does who wins among equal ones: here it is the least bidder.
//!
//! **Not promised.** Bidders that agree to bid high are paid the reserve. If bidders meet again, a bid
//! tells the others a cost, and a buyer that knows past bids may set its reserve by them: then truth
//! need not be the best over all rounds. The payment is not the least possible: it is the second cost.

use crate::auction::first_price::Sale;

/// The lowest cost that is within the reserve, and as its price the second lowest, or the reserve if
/// nobody else is within it; `None` if nobody is.
///
/// No bidder may bid twice: its own second bid would be its price. Of equal costs the least bidder wins.
///
/// O(n), without memory.
pub fn second_price<B: Ord>(bids: impl IntoIterator<Item = (B, u64)>, reserve: u64) -> Option<Sale<B>> {
    let mut within = bids.into_iter().filter(|(_, cost)| *cost <= reserve);
    let (mut seller, mut lowest) = within.next()?;
    let mut price = reserve;
    for (bidder, cost) in within {
        if (cost, &bidder) < (lowest, &seller) {
            (seller, price, lowest) = (bidder, lowest, cost);
        } else {
            price = price.min(cost);
        }
    }
    Some(Sale { seller, price })
}
