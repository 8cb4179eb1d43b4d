//! An assignment that follows changes is the one that solving anew finds, and costs one augmentation.

use althing::auction::warm::{Standing, Unchanged};
use althing::auction::{InvalidProblem, Problem, solve, vcg};
use proptest::prelude::*;

use crate::instances::{CLASSES, Class, Plain, plain, seeded};

#[derive(Clone, Debug)]
enum Change {
    Task(usize, Vec<Option<u32>>, Option<u32>),
    Agent(usize, Vec<Option<u32>>),
}

fn change() -> impl Strategy<Value = Change> {
    let cost =
        prop_oneof![3 => (0..40_u32).prop_map(Some), 1 => Just(Some(Problem::MAX_COST)), 1 => Just(None)];
    let costs = prop::collection::vec(cost, 6);
    let task = (0..6_usize, costs.clone(), prop::option::of(0..40_u32));
    prop_oneof![
        task.prop_map(|(task, costs, reserve)| Change::Task(task, costs, reserve)),
        (0..6_usize, costs).prop_map(|(agent, costs)| Change::Agent(agent, costs)),
    ]
}

/// Makes the change, in the open and in the standing assignment; whether that says that it is feasible.
fn make(plain: &mut Plain, standing: &mut Standing, change: Change) -> Option<bool> {
    let written = |cost: &Option<u32>| cost.unwrap_or(Problem::FORBIDDEN);
    let result = match change {
        Change::Task(task, costs, reserve) if task < plain.rows.len() => {
            plain.rows[task] = costs[..plain.agents].to_vec();
            plain.reserves[task] = reserve;
            let costs: Vec<_> = plain.rows[task].iter().map(written).collect();
            standing.set_task(task, &costs, reserve)
        }
        Change::Agent(agent, costs) if agent < plain.agents => {
            plain.rows.iter_mut().zip(&costs).for_each(|(row, cost)| row[agent] = *cost);
            let costs: Vec<_> = plain.rows.iter().map(|row| written(&row[agent])).enumerate().collect();
            standing.set_agent(agent, &costs)
        }
        Change::Task(..) | Change::Agent(..) => return None,
    };
    match result {
        Ok(()) => Some(true),
        Err(Unchanged::Infeasible(_)) => Some(false),
        Err(other) => panic!("{other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_change_leads_to_what_solving_anew_finds(
        mut plain in plain(),
        changes in prop::collection::vec(change(), 1..12),
    ) {
        let Ok(mut standing) = Standing::new(plain.dense()) else { return Ok(()) };
        let mut infeasible_before = false;
        for change in changes {
            let before = standing.augmentations();
            let Some(feasible) = make(&mut plain, &mut standing, change) else { continue };
            let least = plain.least();
            prop_assert_eq!(feasible, least.is_some());
            if feasible {
                let found = standing.assignment();
                prop_assert_eq!(Some(found.cost), least);
                prop_assert_eq!(found.verify(&plain.dense()), Ok(()));
                let anew = vcg::solve(&plain.dense()).expect("it is feasible");
                if anew.assignment.agent_of == found.agent_of {
                    prop_assert_eq!(standing.payments(), anew.payments);
                }
                if !infeasible_before {
                    prop_assert!(standing.augmentations() - before <= 1, "one augmentation");
                }
            }
            infeasible_before = !feasible;
        }
    }
}

/// What a change costs beside solving anew, in arcs.
#[test]
fn a_change_looks_at_a_small_part_of_the_arcs() {
    for (class, seed) in CLASSES.into_iter().zip(0..).filter(|(class, _)| !matches!(class, Class::Ties)) {
        let mut plain = seeded(class, 600, 600, 100, seed);
        let fresh = seeded(class, 600, 600, 100, seed + 100);
        let mut standing = Standing::new(plain.dense()).expect("all arcs are there");
        let mut scanned = 0;
        for turn in 0..40 {
            let (at, before) = (turn * 13 % 600, standing.scanned());
            let augmentations = standing.augmentations();
            let change = if turn % 2 == 0 {
                Change::Task(at, fresh.rows[at].clone(), None)
            } else {
                Change::Agent(at, fresh.rows.iter().map(|row| row[at]).collect())
            };
            assert_eq!(make(&mut plain, &mut standing, change), Some(true));
            assert!(standing.augmentations() - augmentations <= 1);
            scanned += standing.scanned() - before;
            let found = standing.assignment();
            assert_eq!(found.verify(&plain.dense()), Ok(()));
        }
        let anew = solve::solve(&plain.dense()).expect("all arcs are there").scanned;
        assert!(scanned / 40 < anew, "{class:?}: {} a change, {anew} anew", scanned / 40);
    }
}

#[test]
fn an_agent_that_leaves_and_returns_leaves_no_trace() {
    let plain = seeded(Class::Uniform, 30, 40, 100, 5);
    let mut standing = Standing::new(plain.dense()).expect("all arcs are there");
    let least = standing.assignment().cost;
    let leaver = standing.assignment().agent_of[0].expect("it is placed") as usize;
    let none: Vec<_> = (0..30).map(|task| (task, Problem::FORBIDDEN)).collect();
    standing.set_agent(leaver, &none).expect("there are others");
    assert!(!standing.assignment().agent_of.contains(&Some(leaver as u32)));
    assert!(standing.assignment().cost > least);
    let all: Vec<_> = plain.rows.iter().map(|row| row[leaver].expect("it is there")).enumerate().collect();
    standing.set_agent(leaver, &all).expect("it was there before");
    assert_eq!((standing.assignment().cost, standing.augmentations()), (least, 2));
}

#[test]
fn changes_that_are_none_change_nothing() {
    let problem = Problem::sparse(2, vec![0, 1, 2], vec![(0, 3), (1, 4)]).expect("in range");
    let mut standing = Standing::new(problem.clone()).expect("there is one");
    let before = standing.assignment();
    let refused = [
        standing.set_task(0, &[1, 2], None),
        standing.set_task(2, &[1], None),
        standing.set_task(0, &[u32::MAX], None),
        standing.set_task(0, &[7], Some(u32::MAX)),
        standing.set_agent(0, &[(0, 7), (1, 7)]),
        standing.set_agent(0, &[(0, u32::MAX)]),
        standing.set_agent(5, &[(0, 1)]),
        standing.set_agent(5, &[]),
    ];
    assert!(refused.iter().all(|result| matches!(result, Err(Unchanged::Invalid(_)))), "{refused:?}");
    let no_arc = Unchanged::Invalid(InvalidProblem::NoSuchArc { task: 1, agent: 0 });
    assert_eq!(refused[4], Err(no_arc));
    let texts = [1, 6].map(|place| refused[place].as_ref().expect_err("refused").to_string());
    assert_eq!(texts, ["there is no task 2: there are 2", "there is no agent 5: there are 2"]);
    assert_eq!((standing.problem(), standing.assignment()), (&problem, before));
}
