//! An escalating reserve places each task within `ceil(log_gamma(c_max / r0))` further rounds.

use std::num::NonZeroU32;

use althing::auction::second_price;
use althing::contract_net::ledger::{Command, Event, Why};
use althing::contract_net::{Ledger, Money, Ratio, TaskId, Terms};
use proptest::prelude::*;

/// How often a ledger announces the task again until somebody's cost is within its reserve.
fn raises(reserve: u64, ratio: Ratio, costs: &[u64]) -> u32 {
    let task = TaskId::new(1);
    let terms = Terms::new(Money::new(u64::MAX)).offered(Money::new(reserve), ratio, NonZeroU32::MAX);
    let mut ledger = Ledger::default();
    ledger.apply(Command::Create { task, terms }).expect("a new task");
    let (mut reserve, mut raises) = (reserve, 0);
    while second_price(costs.iter().copied().enumerate(), reserve).is_none() {
        let round = ledger.task(task).expect("it was created").round;
        let again = ledger.apply(Command::Reannounce { task, round, why: Why::NoBid });
        let Ok(Event::Reannounced { reserve: raised, .. }) = again else { panic!("{again:?}") };
        (reserve, raises) = (raised.get(), raises + 1);
    }
    raises
}

#[test]
fn powers_are_reached_exactly() {
    let twice = Ratio::new(2, 1).expect("above one");
    for power in 0..63 {
        assert_eq!(raises(1, twice, &[1 << power]), power);
        assert_eq!(raises(1, twice, &[(1 << power) + 1]), power + 1);
    }
}

proptest! {
    #[test]
    fn a_task_is_placed_within_the_bound(
        reserve in 1..1_000_u64,
        (more, denominator) in (1..30_u32, 1..30_u32),
        costs in prop::collection::vec(0..1_000_000_u64, 1..5),
    ) {
        let ratio = Ratio::new(denominator + more, denominator).expect("above one");
        let greatest = *costs.iter().max().expect("not empty");
        let gamma = f64::from(denominator + more) / f64::from(denominator);
        let rounds = (greatest.max(reserve) as f64 / reserve as f64).ln() / gamma.ln();
        // More than a logarithm is off by. Where it is whole, powers test the bound exactly.
        let bound = (rounds + 1e-9).ceil() as u32;
        let took = raises(reserve, ratio, &costs);
        prop_assert!(took <= bound, "{} raises, the bound is {}", took, bound);
    }
}
