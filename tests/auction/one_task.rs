//! The second price makes truth dominant; the first does not (Vickrey 1961).

use althing::auction::{Sale, first_price, second_price};
use proptest::prelude::*;

use crate::random::Random;

type Rule = fn(&[u64], u64) -> Option<Sale<usize>>;

fn first(bids: &[u64], reserve: u64) -> Option<Sale<usize>> {
    first_price(bids.iter().copied().enumerate(), reserve)
}

fn second(bids: &[u64], reserve: u64) -> Option<Sale<usize>> {
    second_price(bids.iter().copied().enumerate(), reserve)
}

/// What bidder `me` gains.
fn utility(rule: Rule, me: usize, cost: u64, bids: &[u64], reserve: u64) -> i128 {
    match rule(bids, reserve) {
        Some(sale) if sale.seller == me => i128::from(sale.price) - i128::from(cost),
        Some(_) | None => 0,
    }
}

/// How often in all cases with these bounds a bid earns more than the own cost does. Every bidder is
/// tried, so ties are broken in its favour and against it.
fn profitable_lies(rule: Rule) -> (u32, u32) {
    const GRID: u64 = 6;
    let (mut lies, mut cases) = (0, 0);
    for code in 0..GRID.pow(5) {
        let [cost, bid, one, other, reserve] = [0, 1, 2, 3, 4].map(|digit| code / GRID.pow(digit) % GRID);
        for me in 0..3 {
            let with = |mine| match me {
                0 => [mine, one, other],
                1 => [one, mine, other],
                _ => [one, other, mine],
            };
            let [honest, lie] = [cost, bid].map(|mine| utility(rule, me, cost, &with(mine), reserve));
            lies += u32::from(lie > honest);
            cases += 1;
        }
    }
    (lies, cases)
}

#[test]
fn with_the_second_price_no_lie_pays_on_the_whole_grid() {
    assert_eq!(profitable_lies(second), (0, 23_328));
}

/// The same test finds the lies that pay where truth is not dominant.
#[test]
fn with_the_first_price_lies_pay() {
    assert_eq!(profitable_lies(first), (833, 23_328));
}

#[test]
fn with_the_second_price_no_lie_pays_at_random() {
    let mut random = Random::new(1);
    let mut won = 0;
    for _ in 0..20_000 {
        let scale = [10, 1_000, u64::MAX][random.below(3) as usize];
        let mut bids: Vec<_> = (0..1 + random.below(8)).map(|_| random.below(scale)).collect();
        let (me, reserve) = (random.below(bids.len() as u64) as usize, random.below(scale));
        let cost = bids[me];
        let honest = utility(second, me, cost, &bids, reserve);
        assert!(honest >= 0, "individually rational");
        for _ in 0..5 {
            bids[me] = random.below(scale);
            assert!(honest >= utility(second, me, cost, &bids, reserve));
        }
        won += u32::from(honest > 0);
    }
    assert!(won > 1_000, "somebody must gain by truth: {won}");
}

proptest! {
    /// By sorting.
    #[test]
    fn both_do_as_their_naive_twins(bids in prop::collection::vec(0..8_u64, 0..6), reserve in 0..8_u64) {
        let mut sorted: Vec<_> = bids.iter().zip(0..).map(|(&bid, bidder)| (bid, bidder)).collect();
        sorted.retain(|(bid, _)| *bid <= reserve);
        sorted.sort_unstable();
        let winner = sorted.first().map(|&(price, seller)| Sale { seller, price });
        prop_assert_eq!(first(&bids, reserve), winner);
        let next = sorted.get(1).map_or(reserve, |(bid, _)| *bid);
        prop_assert_eq!(second(&bids, reserve), winner.map(|winner| Sale { price: next, ..winner }));
    }

    /// In which order bids are looked at does not matter.
    #[test]
    fn the_order_of_the_bids_does_not_matter(bids in prop::collection::vec(0..5_u64, 0..6), reserve in 0..5_u64) {
        let backwards = || bids.iter().copied().enumerate().rev();
        prop_assert_eq!(first_price(backwards(), reserve), first(&bids, reserve));
        prop_assert_eq!(second_price(backwards(), reserve), second(&bids, reserve));
    }
}
