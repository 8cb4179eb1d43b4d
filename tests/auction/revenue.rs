//! The equilibrium of the first price, and that both prices cost the buyer the same (Vickrey 1961).

use althing::auction::{first_price, second_price};

use crate::random::{Mean, Random};

/// A cost of 1.
const ONE: f64 = 1e9;
const ROUNDS: usize = 200_000;

fn amount(cost: f64) -> u64 {
    (cost * ONE).round() as u64
}

/// `b(c) = c + (1 - c) / n`.
fn equilibrium(cost: f64, bidders: u64) -> f64 {
    cost + (1.0 - cost) / bidders as f64
}

#[test]
fn both_prices_cost_the_buyer_as_much() {
    for bidders in [2, 3, 5, 10] {
        let mut random = Random::new(bidders);
        let mut paid = || {
            let costs: Vec<_> = (0..bidders).map(|_| random.unit()).collect();
            let asked = costs.iter().map(|cost| amount(equilibrium(*cost, bidders))).enumerate();
            let first = first_price(asked, amount(1.0)).expect("nobody asks for more");
            let second = second_price(costs.iter().map(|cost| amount(*cost)).enumerate(), amount(1.0));
            let second = second.expect("nobody asks for more");
            assert_eq!(first.seller, second.seller, "the lowest cost wins either way");
            [first.price, second.price].map(|price| price as f64 / ONE)
        };
        let rounds: Vec<_> = (0..ROUNDS).map(|_| paid()).collect();
        let expected = 2.0 / (bidders as f64 + 1.0);
        let [first, second] = [0, 1].map(|rule| Mean::of(rounds.iter().map(|paid| paid[rule])));
        assert!(first.is(expected) && second.is(expected), "{bidders}: {first:?} {second:?} {expected}");
        assert!(Mean::of(rounds.iter().map(|[first, second]| first - second)).is(0.0));
        assert!(first.error < 0.001 && second.error < 0.001, "the margin says something");
    }
}

/// While the others ask for what they do in equilibrium, whoever asks for a tenth more or less earns less.
#[test]
fn nobody_gains_by_leaving_the_equilibrium() {
    for bidders in [2, 3, 5] {
        let mut random = Random::new(100 + bidders);
        let lowest_other: Vec<_> = (0..ROUNDS)
            .map(|_| {
                let costs = (1..bidders).map(|_| random.unit());
                costs.map(|cost| amount(equilibrium(cost, bidders))).min().expect("another")
            })
            .collect();
        for cost in [0.1, 0.5, 0.8] {
            let gain = |asked: f64, other: u64| {
                let sale = first_price([(0, amount(asked)), (1, other)], amount(1.0));
                let mine = sale.filter(|sale| sale.seller == 0);
                mine.map_or(0.0, |sale| sale.price as f64 / ONE - cost)
            };
            let best = equilibrium(cost, bidders);
            for asked in [best - 0.1, best + 0.1] {
                let lost = lowest_other.iter().map(|&other| gain(best, other) - gain(asked, other));
                let lost = Mean::of(lost);
                assert!(lost.is_above(0.0), "{bidders} bidders, cost {cost}, asked {asked}: {lost:?}");
            }
        }
    }
}
