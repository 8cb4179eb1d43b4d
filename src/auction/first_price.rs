//! One task, paid as bid: the article's rule, and that of Smith 1980.
//!
//! **Theorem** (Vickrey 1961; Krishna, "Auction Theory", 2.3, turned to buying). Among `n` bidders with
//! independent costs, uniform on `[0, 1]`, and a reserve of 1, it is an equilibrium to ask
//! `b(c) = c + (1 - c) / n`. The lowest cost wins, and the expected payment is `2 / (n + 1)`, as much
//! as [at the second price](mod@crate::auction::second_price): nothing is gained by paying less than
//! that, because bidders ask for more.
//!
//! **Conditions.** Bidders know how many they are and how costs are distributed, are indifferent to
//! risk, and bid once and in secret.
//!
//! **Not promised.** Truth: whoever asks for its cost earns nothing. Outside that model neither that
//! the lowest cost wins, nor anything about bidders that collude or meet again.

/// What is bought.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Sale<B> {
    /// Who does the task.
    pub seller: B,
    /// What it is paid: at least the cost that it bid, at most the reserve.
    pub price: u64,
}

/// The lowest cost that is within the reserve, and that as the price; `None` if there is none.
///
/// Costs and reserve have one unit, the host's. Of equal costs the least bidder wins: `B` is a number,
/// or starts with whatever else ties are to be broken by.
///
/// O(n), without memory.
pub fn first_price<B: Ord>(bids: impl IntoIterator<Item = (B, u64)>, reserve: u64) -> Option<Sale<B>> {
    let within = bids.into_iter().filter(|(_, cost)| *cost <= reserve);
    let (seller, price) = within.min_by(|(a, of_a), (b, of_b)| (of_a, a).cmp(&(of_b, b)))?;
    Some(Sale { seller, price })
}
