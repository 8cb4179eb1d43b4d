//! Payments of Vickrey, Clarke and Groves.

use althing::auction::{Problem, vcg};
use proptest::prelude::*;

use crate::instances::{CLASSES, Plain, plain, seeded};

/// By definition: what the others cost less without the agent than with it.
fn naive(plain: &Plain, outcome: &vcg::Outcome) -> Vec<Option<i64>> {
    let cost_of = |agent: usize| {
        let task = outcome.assignment.agent_of.iter().position(|other| *other == Some(agent as u32))?;
        plain.rows[task][agent]
    };
    let payment = |agent: usize| match cost_of(agent) {
        None => Some(0),
        Some(cost) => {
            let without = plain.without(agent).least()?;
            Some(i64::try_from(without - (outcome.assignment.cost - i128::from(cost))).expect("small"))
        }
    };
    (0..plain.agents).map(payment).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn one_pass_pays_what_solving_anew_without_each_agent_does(plain in plain()) {
        for problem in [plain.dense(), plain.sparse()] {
            let Ok(outcome) = vcg::solve(&problem) else { continue };
            prop_assert_eq!(&outcome.payments, &naive(&plain, &outcome));
            for (task, agent) in outcome.assignment.agent_of.iter().enumerate() {
                let Some(agent) = agent.map(|agent| agent as usize) else { continue };
                let cost = plain.rows[task][agent].map(i64::from);
                if let Some(paid) = outcome.payments[agent] {
                    prop_assert!(cost <= Some(paid), "individually rational");
                    prop_assert!(plain.reserves[task].is_none_or(|reserve| paid <= i64::from(reserve)));
                } else {
                    prop_assert_eq!(plain.reserves[task], None, "a reserve caps it");
                }
            }
        }
    }

    /// Truth is dominant: whatever an agent with these costs asks instead, and whatever the others ask.
    #[test]
    fn no_deviation_pays(
        mut plain in plain(),
        agent in 0..6_usize,
        asked in prop::collection::vec(prop_oneof![4 => (0..40_u32).prop_map(Some), 1 => Just(None)], 6),
    ) {
        // With reserves for all, nobody is indispensable.
        plain.reserves.iter_mut().for_each(|reserve| *reserve = reserve.or(Some(30)));
        if agent < plain.agents {
            let truth = plain.clone();
            for (row, asked) in plain.rows.iter_mut().zip(asked) {
                row[agent] = asked.filter(|_| row[agent].is_some());
            }
            prop_assert!(utility(&truth, &truth, agent) >= utility(&truth, &plain, agent));
        }
    }
}

/// Payment less true cost.
fn utility(truth: &Plain, asked: &Plain, agent: usize) -> i64 {
    let outcome = vcg::solve(&asked.dense()).expect("all have reserves");
    let task = outcome.assignment.agent_of.iter().position(|other| *other == Some(agent as u32));
    let paid = outcome.payments[agent].expect("all have reserves");
    paid - task.map_or(0, |task| i64::from(truth.rows[task][agent].expect("it asked")))
}

#[test]
fn no_deviation_pays_on_a_whole_grid() {
    let grid = || (0..4_u32).flat_map(|a| (0..4_u32).map(move |b| (a, b)));
    let plain = |own: (u32, u32), other: (u32, u32)| Plain {
        agents: 2,
        rows: vec![vec![Some(own.0), Some(other.0)], vec![Some(own.1), Some(other.1)]],
        reserves: vec![Some(3), Some(2)],
    };
    for (own, other) in grid().flat_map(|own| grid().map(move |other| (own, other))) {
        let truth = plain(own, other);
        let honest = utility(&truth, &truth, 0);
        assert!(grid().all(|asked| utility(&truth, &plain(asked, other), 0) <= honest));
    }
}

/// The failing variant: if winners are paid the dual price of the solver, truth is not dominant. So the
/// pass over the paths is needed.
#[test]
fn the_prices_of_the_certificate_are_no_payments() {
    let differ = (0..50).filter(|seed| {
        let plain = seeded(CLASSES[0], 5, 8, 100, *seed);
        let outcome = vcg::solve(&plain.dense()).expect("all arcs are there");
        let prices = &outcome.assignment.certificate.prices;
        let mut placed = outcome.assignment.agent_of.iter().zip(prices);
        placed.any(|(agent, price)| outcome.payments[agent.expect("placed") as usize] != Some(*price))
    });
    assert!(differ.count() > 10);
}

/// Long rows: lists are cut off, and the payments need arcs that are not listed.
#[test]
fn payments_of_long_rows_are_those_of_solving_anew() {
    for (class, seed) in CLASSES.into_iter().zip(0..) {
        let plain = seeded(class, 60, 640, 100, seed);
        let mut plain = Plain { reserves: vec![Some(Problem::MAX_COST); 60], ..plain };
        for (agents, reserves) in [(640, true), (640, false)] {
            plain.agents = agents;
            if !reserves {
                plain.reserves = vec![None; 60];
            }
            let outcome = vcg::solve(&plain.dense()).expect("there is one");
            for agent in outcome.assignment.agent_of.iter().flatten().step_by(7) {
                let agent = *agent as usize;
                let without = althing::auction::solve::solve(&plain.without(agent).dense()).expect("others");
                let task = outcome.assignment.agent_of.iter().position(|other| *other == Some(agent as u32));
                let cost = plain.rows[task.expect("placed")][agent].expect("it can");
                let paid = without.cost - (outcome.assignment.cost - i128::from(cost));
                assert_eq!(outcome.payments[agent].map(i128::from), Some(paid));
            }
        }
    }
}

#[test]
fn payments_where_hardly_anyone_is_idle_need_long_paths() {
    for (class, seed) in CLASSES.into_iter().zip(0..) {
        let plain = seeded(class, 599, 600, 100, seed);
        let outcome = vcg::solve(&plain.dense()).expect("there is one");
        for agent in outcome.assignment.agent_of.iter().flatten().step_by(97) {
            let agent = *agent as usize;
            let without = althing::auction::solve::solve(&plain.without(agent).dense()).expect("one other");
            let task = outcome.assignment.agent_of.iter().position(|other| *other == Some(agent as u32));
            let cost = plain.rows[task.expect("placed")][agent].expect("it can");
            let paid = without.cost - (outcome.assignment.cost - i128::from(cost));
            assert_eq!(outcome.payments[agent].map(i128::from), Some(paid), "{class:?}");
        }
    }
}

#[test]
fn an_indispensable_agent_has_no_payment_unless_a_reserve_caps_it() {
    let problem = Problem::dense(1, 1, vec![5]).expect("in range");
    assert_eq!(vcg::solve(&problem).map(|outcome| outcome.payments), Ok(vec![None]));
    let problem = problem.with_reserves(vec![Some(9)]).expect("one");
    assert_eq!(vcg::solve(&problem).map(|outcome| outcome.payments), Ok(vec![Some(9)]));
}
