//! A certificate proves what it says, and nothing else passes for one.

use althing::auction::{Assignment, Problem, Unproven, solve};
use proptest::prelude::*;

use crate::instances::plain;

fn solved() -> (Problem, Assignment) {
    let problem = Problem::dense(3, 3, vec![1, 9, 9, 9, 2, 9, 9, 9, 5]).expect("in range");
    let problem = problem.with_reserves(vec![None, Some(8), Some(4)]).expect("one for each");
    let found = solve::solve(&problem).expect("there is one");
    assert_eq!((found.cost, &found.agent_of[..]), (7, &[Some(0), Some(1), None][..]));
    assert_eq!(found.verify(&problem), Ok(()));
    (problem, found)
}

#[test]
fn an_agent_that_undercuts_is_found_in_dense_and_sparse_rows() {
    let arcs = vec![(0, 1), (1, 2), (0, 2), (1, 9)];
    let sparse = Problem::sparse(2, vec![0, 2, 4], arcs).expect("in range");
    let dense = Problem::dense(2, 2, vec![1, 2, 2, 9]).expect("in range");
    for problem in [dense, sparse] {
        let right = solve::solve(&problem).expect("there is one");
        assert_eq!((right.cost, right.verify(&problem)), (4, Ok(())));
        // As dear, and proved by sums alone.
        let certificate = althing::auction::Certificate { prices: vec![1, 9], rents: vec![0, 0] };
        let wrong = Assignment { agent_of: vec![Some(0), Some(1)], cost: 10, certificate, scanned: 0 };
        let undercut = Unproven::Undercut { task: 1, agent: 0, cost: 2, rent: 0, price: 9 };
        assert_eq!(wrong.verify(&problem), Err(undercut));
    }
}

/// No costs at all, and a scale of none: an auction that nobody has told to begin ends, too.
#[test]
fn an_auction_of_nothing_ends() {
    let problem = Problem::dense(3, 3, vec![0; 9]).expect("in range");
    for scale in [0, 1, 4] {
        let mut auction = althing::auction::epsilon::Auction::new(&problem, scale).expect("it fits");
        assert_eq!(auction.run(1_000), althing::auction::epsilon::Step::Done);
        assert_eq!(auction.finish().map(|found| found.cost), Ok(0));
    }
}

#[test]
fn each_inequality_is_checked_and_named() {
    let (problem, right) = solved();
    let after = |change: &dyn Fn(&mut Assignment)| {
        let mut wrong = right.clone();
        change(&mut wrong);
        wrong.verify(&problem).expect_err("it was changed")
    };
    let length = |what| Unproven::WrongLength { what, expected: 3, found: 2 };
    assert_eq!(after(&|wrong| wrong.agent_of.truncate(2)), length("agents of tasks"));
    assert_eq!(after(&|wrong| wrong.certificate.prices.truncate(2)), length("prices"));
    assert_eq!(after(&|wrong| wrong.certificate.rents.truncate(2)), length("rents"));
    assert_eq!(after(&|wrong| wrong.agent_of[0] = None), Unproven::Unplaced { task: 0 });
    assert_eq!(after(&|wrong| wrong.agent_of[0] = Some(7)), Unproven::NoSuchArc { task: 0, agent: 7 });
    assert_eq!(after(&|wrong| wrong.agent_of[1] = Some(0)), Unproven::Twice { task: 1, agent: 0 });
    assert_eq!(after(&|wrong| wrong.cost = 6), Unproven::WrongCost { stated: 6, found: 7 });
    let rent = Unproven::NegativeRent { agent: 2, rent: -1 };
    assert_eq!(after(&|wrong| wrong.certificate.rents[2] = -1), rent);
    let above = Unproven::AboveReserve { task: 2, price: 5, reserve: 4 };
    assert_eq!(after(&|wrong| wrong.certificate.prices[2] = 5), above);
    assert!(matches!(after(&|wrong| wrong.certificate.prices[0] = 10), Unproven::Undercut { task: 0, .. }));
    let gap = Unproven::Gap { cost: 7, bound: 6 };
    assert_eq!(after(&|wrong| wrong.certificate.prices[2] -= 1), gap);
    let other = Assignment { agent_of: vec![Some(0), None, None], cost: 13, ..right.clone() };
    assert_eq!(other.verify(&problem), Err(Unproven::Gap { cost: 13, bound: 7 }));
}

proptest! {
    /// Weak duality: whatever feasible prices are made up, no assignment costs less than they say. So a
    /// wrong price never proves anything wrong.
    #[test]
    fn no_prices_prove_too_much(plain in plain(), shift in -3_i64..4, at in 0..12_usize) {
        let problem = plain.dense();
        if let Ok(mut found) = solve::solve(&problem) {
            let Assignment { certificate, .. } = &mut found;
            if let Some(price) = certificate.prices.iter_mut().chain(&mut certificate.rents).nth(at) {
                *price += shift;
                if shift != 0 {
                    prop_assert!(found.verify(&problem).is_err());
                }
            }
        }
    }

    /// The same for prices and rents that are moved against each other, so that their sums stay: whatever
    /// is proved is so, of dense and of sparse problems.
    #[test]
    fn prices_that_are_moved_prove_nothing_wrong(
        plain in plain(),
        shifts in prop::collection::vec((-3_i64..4, 0..12_usize, 0..12_usize), 1..4),
        a in 0..6_usize,
        b in 0..6_usize,
    ) {
        let least = plain.least();
        for problem in [plain.dense(), plain.sparse()] {
            let Ok(mut found) = solve::solve(&problem) else { continue };
            let (prices, rents) = (&mut found.certificate.prices, &mut found.certificate.rents);
            for (shift, price, rent) in &shifts {
                if let (Some(price), Some(rent)) = (prices.get_mut(*price), rents.get_mut(*rent)) {
                    *price += shift;
                    *rent += shift;
                }
            }
            if a < found.agent_of.len() && b < found.agent_of.len() {
                found.agent_of.swap(a, b);
                found.cost = plain.cost(&found.agent_of).unwrap_or(found.cost);
            }
            if found.verify(&problem).is_ok() {
                prop_assert_eq!(Some(found.cost), least);
            }
        }
    }

    #[test]
    fn another_assignment_is_not_proved_by_these_prices(plain in plain(), a in 0..6_usize, b in 0..6_usize) {
        let problem = plain.dense();
        if let Ok(mut found) = solve::solve(&problem) {
            let least = found.cost;
            if a < found.agent_of.len() && b < found.agent_of.len() {
                found.agent_of.swap(a, b);
                if let Some(cost) = plain.cost(&found.agent_of) {
                    found.cost = cost;
                    prop_assert_eq!(found.verify(&problem).is_ok(), found.cost == least);
                }
            }
        }
    }

    /// Nothing that is put in makes it panic.
    #[test]
    fn verification_is_total(
        plain in plain(),
        agent_of in prop::collection::vec(prop::option::of(any::<u32>()), 0..6),
        prices in prop::collection::vec(any::<i64>(), 0..6),
        rents in prop::collection::vec(any::<i64>(), 0..6),
    ) {
        let certificate = althing::auction::Certificate { prices, rents };
        let made_up = Assignment { agent_of, cost: 0, certificate, scanned: 0 };
        if made_up.verify(&plain.sparse()).is_ok() {
            prop_assert_eq!(plain.least(), Some(0));
        }
    }
}
