//! Bertsekas's auction, bid by bid.

use althing::auction::Problem;
use althing::auction::epsilon::{self, Auction, Step};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::instances::{Class, Plain, plain, seeded};

/// Epsilon-complementary slackness: no task has a cheaper place than its own, by more than epsilon, and
/// rents are not below 0.
fn slack(plain: &Plain, auction: &Auction<'_>, scale: i64, epsilon: i64) {
    for (task, row) in plain.rows.iter().enumerate() {
        let level = |agent: usize| row[agent].map(|cost| i64::from(cost) * scale + auction.rents()[agent]);
        let reserve = plain.reserves[task].map(|reserve| i64::from(reserve) * scale);
        let least = (0..plain.agents).filter_map(level).chain(reserve).min();
        let own = match auction.agent_of()[task] {
            Some(agent) => level(agent as usize),
            None => reserve.filter(|_| auction.is_unplaced(task)),
        };
        if let Some(own) = own {
            assert!(own <= least.expect("its own") + epsilon, "task {task}");
        }
    }
    assert!(auction.rents().iter().all(|rent| *rent >= 0));
}

/// What the assignment costs, times the scale, if it is complete.
fn cost(plain: &Plain, auction: &Auction<'_>) -> i128 {
    plain.cost(auction.agent_of()).expect("each is placed where it can be, or may be unplaced")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Bertsekas 1988, proposition 1, for every phase, with rents carried, for any sides.
    #[test]
    fn slackness_holds_after_every_bid_and_bounds_the_cost(
        plain in plain(),
        scale in 1..9_u32,
        divisors in prop::collection::vec(1..50_i64, 1..4),
    ) {
        let problem = plain.sparse();
        let mut auction = Auction::new(&problem, scale).expect("it fits");
        let scale = i64::from(scale);
        let dearest = plain.rows.iter().flatten().flatten().max().copied().unwrap_or(0);
        let mut epsilon = i64::from(dearest) * scale;
        for divisor in divisors {
            epsilon = (epsilon / divisor).max(1);
            auction.begin(epsilon);
            slack(&plain, &auction, scale, epsilon);
            // Small epsilons after great costs are what scaling is for, and take long without it.
            let mut steps = 0;
            let end = loop {
                let step = auction.step();
                slack(&plain, &auction, scale, epsilon);
                steps += 1;
                if step != Step::Bid || steps > 3_000 {
                    break step;
                }
            };
            match end {
                Step::Done => {
                    let least = plain.least().expect("there is one");
                    let most = least * i128::from(scale) + i128::from(epsilon) * plain.rows.len() as i128;
                    prop_assert!(cost(&plain, &auction) * i128::from(scale) <= most);
                    let idle = (0..plain.agents).filter(|a| !auction.agent_of().contains(&Some(*a as u32)));
                    prop_assert!(idle.into_iter().all(|agent| auction.rents()[agent] == 0));
                }
                Step::Hopeless(_) => {
                    prop_assert_eq!(plain.least(), None);
                    return Ok(());
                }
                Step::Bid => return Ok(()),
            }
        }
    }
}

fn scaled(auction: &mut Auction<'_>, first: i64) -> Step {
    let mut epsilon = first;
    loop {
        auction.begin(epsilon);
        let step = auction.run(u64::MAX);
        if epsilon == 1 || step != Step::Done {
            return step;
        }
        epsilon = (epsilon / 4).max(1);
    }
}

/// Epsilon below one over the number of tasks, integer costs: the auction itself is optimal, whatever
/// the sides, with rents carried from phase to phase.
#[test]
fn less_than_one_over_the_tasks_is_optimal() {
    for seed in 0..300 {
        let class = [Class::Uniform, Class::Product, Class::Ties][seed as usize % 3];
        let mut plain = seeded(class, 3 + seed as usize % 3, 3 + seed as usize % 4, 100, seed);
        if seed % 2 == 0 {
            let dearest = plain.rows.iter().flatten().flatten().max().copied();
            plain.reserves.iter_mut().step_by(2).for_each(|reserve| *reserve = dearest.map(|cost| cost / 3));
        }
        for problem in [plain.dense(), plain.sparse()] {
            let mut auction = Auction::new(&problem, plain.rows.len() as u32 + 1).expect("it fits");
            match scaled(&mut auction, 1_000_000) {
                Step::Done => assert_eq!(Some(cost(&plain, &auction)), plain.least(), "seed {seed}"),
                step => assert_eq!(plain.least(), None, "{step:?}"),
            }
        }
    }
}

/// The auction of the textbooks: forward alone, and rents are carried from phase to phase.
fn forward_alone(costs: &[Vec<i64>], agents: usize) -> i64 {
    let scale = costs.len() as i64 + 1;
    let (mut rents, mut task_of) = (vec![0; agents], vec![None; agents]);
    for epsilon in [2_000, 200, 20, 1] {
        task_of = vec![None; agents];
        let mut open: Vec<_> = (0..costs.len()).collect();
        while let Some(task) = open.pop() {
            let mut levels: Vec<_> = (0..agents).map(|a| (costs[task][a] * scale + rents[a], a)).collect();
            levels.sort_unstable();
            let (level, agent) = levels[0];
            rents[agent] += levels[1].0 - level + epsilon;
            open.extend(task_of[agent].replace(task));
        }
    }
    task_of.iter().zip(0..).filter_map(|(task, agent)| Some(costs[(*task)?][agent])).sum()
}

/// An agent whose rent has risen in a coarse phase, and who is not wanted at that, is idle at a rent.
#[test]
fn carried_rents_without_a_reverse_auction_are_wrong_for_unequal_sides() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut wrong, mut wrong_if_equal) = (0, 0);
    for _ in 0..300 {
        for (agents, wrong) in [(9, &mut wrong), (6, &mut wrong_if_equal)] {
            let costs = (0..6).map(|_| (0..agents).map(|_| i64::from(rng.next_u32() % 1_000)).collect());
            let costs: Vec<Vec<i64>> = costs.collect();
            let flat = costs.iter().flatten().map(|cost| *cost as u32).collect();
            let problem = Problem::dense(6, agents, flat).expect("in range");
            let right = epsilon::solve(&problem).expect("there is one");
            assert_eq!(right.verify(&problem), Ok(()));
            *wrong += u32::from(i128::from(forward_alone(&costs, agents)) > right.cost);
        }
    }
    assert_eq!(wrong_if_equal, 0, "with equal sides they are right");
    assert!(wrong > 100, "only {wrong} of 300 are wrong");
}

#[test]
fn prices_that_may_not_fit_are_refused_beforehand() {
    let problem = Problem::dense(1, 1, vec![Problem::MAX_COST]).expect("in range");
    assert!(Auction::new(&problem, 1_000_000).is_ok() && Auction::new(&problem, u32::MAX).is_err());
    let rows = 3_000_000;
    let (starts, arcs) = ((0..=rows).collect(), (0..rows as u32).map(|a| (a, Problem::MAX_COST)).collect());
    let problem = Problem::sparse(rows, starts, arcs).expect("in range");
    let refused = epsilon::solve(&problem).expect_err("3e6 tasks times 3e6 times 1e9");
    let text = "3000000 tasks at a cost of up to 1073741823 need prices of more than 64 bits";
    assert_eq!(refused.to_string(), text);
}
