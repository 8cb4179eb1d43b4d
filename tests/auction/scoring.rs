//! Scores on a fixed scale make true costs dominant; a scale that depends on the bids does not (Che 1993).

use althing::auction::{Sale, Scale, Tender, second_score};
use proptest::prelude::*;

use crate::random::Random;

const SCALE: Scale = Scale { per_match: 7, per_time: 3 };

fn choose(bids: &[Tender], scale: Scale, reserve: u64) -> Option<Sale<usize>> {
    second_score(bids.iter().copied().enumerate(), scale, reserve)
}

fn fixed(_: &[Tender]) -> Scale {
    SCALE
}

/// Of the same weight for each: cost, match and time divided by the greatest of the round, and all
/// multiplied by the greatest cost.
fn normalised(bids: &[Tender]) -> Scale {
    let most = |of: fn(&Tender) -> u64| bids.iter().map(of).max().unwrap_or(0).max(1);
    let cost = most(|bid| bid.cost);
    let per = |most| u32::try_from(cost / most).expect("the bids of this test are small");
    Scale {
        per_match: per(most(|bid| bid.capability_match.into())),
        per_time: per(most(|bid| bid.time_estimate)),
    }
}

/// What a bidder gains whose cost is this.
fn utility(scale: fn(&[Tender]) -> Scale, me: usize, cost: u64, bids: &[Tender], reserve: u64) -> i128 {
    match choose(bids, scale(bids), reserve) {
        Some(sale) if sale.seller == me => i128::from(sale.price) - i128::from(cost),
        Some(_) | None => 0,
    }
}

fn tender(random: &mut Random) -> Tender {
    let (cost, capability_match) = (random.below(100), random.below(20) as u32);
    Tender { cost, capability_match, time_estimate: random.below(20) }
}

/// In how many of 12,000 trials a lie pays: about the cost, or with `about_match` about the match.
fn profitable_lies(scale: fn(&[Tender]) -> Scale, about_match: bool) -> u32 {
    let mut random = Random::new(2);
    let mut lies = 0;
    for _ in 0..12_000 {
        let mut bids: Vec<_> = (0..2 + random.below(4)).map(|_| tender(&mut random)).collect();
        let (me, reserve) = (random.below(bids.len() as u64) as usize, 20 + random.below(100));
        let cost = bids[me].cost;
        let honest = utility(scale, me, cost, &bids, reserve);
        let lie = tender(&mut random);
        if about_match {
            bids[me].capability_match = lie.capability_match;
        } else {
            bids[me].cost = lie.cost;
        }
        lies += u32::from(utility(scale, me, cost, &bids, reserve) > honest);
    }
    lies
}

#[test]
fn quality_is_what_match_and_time_are_worth() {
    let tender = Tender { cost: 100, capability_match: 5, time_estimate: 4 };
    assert_eq!(SCALE.quality(&tender), 7 * 5 - 3 * 4);
    let (per_match, per_time) = (u32::MAX, u32::MAX);
    let worst = Tender { cost: 0, capability_match: 0, time_estimate: u64::MAX };
    let expected = -i128::from(u32::MAX) * i128::from(u64::MAX);
    assert_eq!(Scale { per_match, per_time }.quality(&worst), expected);
}

#[test]
fn on_a_fixed_scale_no_lie_about_the_cost_pays() {
    assert_eq!(profitable_lies(fixed, false), 0);
}

#[test]
fn normalised_by_the_bids_of_the_round_lies_about_the_cost_pay() {
    let lies = profitable_lies(normalised, false);
    assert!(lies >= 30, "only {lies}");
}

/// What is not promised: a match must be known to be true.
#[test]
fn lies_about_the_match_pay_on_any_scale() {
    let lies = profitable_lies(fixed, true);
    assert!(lies >= 1_000, "only {lies}");
}

#[test]
fn on_a_fixed_scale_no_lie_about_the_cost_pays_on_the_whole_grid() {
    const GRID: u64 = 5;
    let scale = Scale { per_match: 1, per_time: 1 };
    for code in 0..GRID.pow(7) {
        let [cost, bid, other, reserve, mine, theirs, time] =
            [0, 1, 2, 3, 4, 5, 6].map(|digit| code / GRID.pow(digit) % GRID);
        let of =
            |cost, suits: u64, time_estimate| Tender { cost, capability_match: suits as u32, time_estimate };
        for me in 0..2 {
            let gain = |asked| {
                let mut bids = [of(asked, mine, 2), of(other, theirs, time)];
                if me == 1 {
                    bids.reverse();
                }
                match choose(&bids, scale, reserve) {
                    Some(sale) if sale.seller == me => i128::from(sale.price) - i128::from(cost),
                    Some(_) | None => 0,
                }
            };
            assert!(gain(cost) >= gain(bid) && gain(cost) >= 0);
        }
    }
}

fn any_tender() -> impl Strategy<Value = Tender> {
    let amount = || prop_oneof![4 => 0..30_u64, 1 => any::<u64>()];
    let suits = prop_oneof![4 => 0..30_u32, 1 => any::<u32>()];
    (amount(), suits, amount()).prop_map(|(cost, capability_match, time_estimate)| Tender {
        cost,
        capability_match,
        time_estimate,
    })
}

proptest! {
    /// The price is the threshold: the winner would still have won with any cost below it, and with none
    /// above it. Whatever is bid and whatever the scale, nothing overflows.
    #[test]
    fn the_price_is_the_greatest_cost_that_wins(
        mut bids in prop::collection::vec(any_tender(), 1..6),
        (per_match, per_time) in prop_oneof![4 => (0..5_u32, 0..5_u32), 1 => any::<(u32, u32)>()],
        reserve in prop_oneof![4 => 0..60_u64, 1 => any::<u64>()],
    ) {
        let scale = Scale { per_match, per_time };
        let Some(sale) = choose(&bids, scale, reserve) else {
            prop_assert!(bids.iter().all(|bid| bid.cost > reserve));
            return Ok(());
        };
        prop_assert!(bids[sale.seller].cost <= sale.price && sale.price <= reserve);
        let score = |bid: &Tender| scale.quality(bid) - i128::from(bid.cost);
        let within = bids.iter().enumerate().filter(|(_, bid)| bid.cost <= reserve);
        let best = within.max_by_key(|(bidder, bid)| (score(bid), core::cmp::Reverse(*bidder)));
        prop_assert_eq!(best.map(|(bidder, _)| bidder), Some(sale.seller));
        let price = sale.price;
        for asked in [Some(0), price.checked_sub(1), price.checked_add(1), Some(u64::MAX)].into_iter().flatten() {
            bids[sale.seller].cost = asked;
            let again = choose(&bids, scale, reserve);
            let wins = again.is_some_and(|again| again.seller == sale.seller);
            if asked < price {
                prop_assert_eq!(again, Some(sale), "no cost below the price changes anything");
            } else if asked > price {
                prop_assert!(!wins, "asked for {} at a price of {}", asked, price);
            }
        }
    }
}
