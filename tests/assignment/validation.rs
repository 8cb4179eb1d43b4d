//! What is no problem is refused, with its place.

use althing::auction::{InvalidProblem, Problem, solve, vcg};
use proptest::prelude::*;

#[test]
fn dense_costs_are_checked() {
    let length = InvalidProblem::WrongLength { what: "costs", expected: 6, found: 5 };
    assert_eq!(Problem::dense(2, 3, vec![0; 5]), Err(length));
    assert_eq!(length.to_string(), "5 costs were given where 6 belong");
    let cost = Problem::FORBIDDEN + 1;
    let large = InvalidProblem::CostTooLarge { task: 1, agent: 2, cost };
    assert_eq!(Problem::dense(2, 3, vec![0, 0, 0, 0, 0, cost]), Err(large));
    assert!(large.to_string().starts_with("agent 2 asks 1073741825 for task 1"));
    let huge = Problem::MAX_SIDE + 1;
    assert_eq!(Problem::dense(huge, 0, vec![]), Err(InvalidProblem::TooMany { what: "tasks", found: huge }));
    assert_eq!(Problem::dense(0, huge, vec![]), Err(InvalidProblem::TooMany { what: "agents", found: huge }));
}

#[test]
fn sparse_rows_are_checked() {
    let sparse = |starts: &[usize], arcs: &[(u32, u32)]| Problem::sparse(3, starts.to_vec(), arcs.to_vec());
    let arcs = [(0, 1), (2, 1), (1, 1)];
    assert!(sparse(&[0, 2, 2, 3], &arcs).is_ok());
    assert!(matches!(sparse(&[], &[]), Err(InvalidProblem::WrongLength { what: "starts", .. })));
    assert_eq!(sparse(&[1, 3], &arcs), Err(InvalidProblem::DisorderedRow { task: 0 }));
    assert_eq!(sparse(&[0, 2, 1, 3], &arcs), Err(InvalidProblem::DisorderedRow { task: 1 }));
    assert_eq!(sparse(&[0, 9, 3], &arcs), Err(InvalidProblem::DisorderedRow { task: 0 }));
    assert_eq!(sparse(&[0, 2], &arcs), Err(InvalidProblem::DisorderedRow { task: 0 }));
    let unknown = InvalidProblem::UnknownAgent { task: 1, agent: 3, agents: 3 };
    assert_eq!(sparse(&[0, 1, 3], &[(0, 1), (1, 1), (3, 1)]), Err(unknown));
    let twice = InvalidProblem::DuplicateAgent { task: 1, agent: 1 };
    assert_eq!(sparse(&[0, 1, 3], &[(1, 1), (1, 1), (1, 2)]), Err(twice));
    let large = InvalidProblem::CostTooLarge { task: 1, agent: 2, cost: u32::MAX };
    assert_eq!(sparse(&[0, 1, 3], &[(1, 1), (1, 1), (2, u32::MAX)]), Err(large));
}

#[test]
fn reserves_are_checked() {
    let problem = Problem::dense(2, 1, vec![1, 2]).expect("in range");
    let length = InvalidProblem::WrongLength { what: "reserves", expected: 2, found: 1 };
    assert_eq!(problem.clone().with_reserves(vec![None]), Err(length));
    let reserve = Problem::FORBIDDEN;
    let large = InvalidProblem::ReserveTooLarge { task: 1, reserve };
    assert_eq!(problem.with_reserves(vec![None, Some(reserve)]), Err(large));
}

#[test]
fn empty_problems_cost_nothing() {
    for (tasks, agents) in [(0, 0), (0, 3)] {
        let dense = Problem::dense(tasks, agents, vec![]).expect("empty");
        let sparse = Problem::sparse(agents, vec![0; tasks + 1], vec![]).expect("empty");
        for problem in [dense, sparse] {
            let found = vcg::solve(&problem).expect("nothing to do");
            assert_eq!((found.assignment.cost, found.payments), (0, vec![Some(0); agents]));
            assert_eq!(found.assignment.verify(&problem), Ok(()));
        }
    }
    let problem = Problem::dense(2, 0, vec![]).expect("empty");
    assert_eq!(solve::solve(&problem).map_err(|e| e.tasks), Err(vec![0]));
    let problem = problem.with_reserves(vec![Some(3), Some(4)]).expect("one for each");
    assert_eq!(solve::solve(&problem).map(|found| found.cost), Ok(7));
}

proptest! {
    /// No input makes it panic, and what is accepted is solved or infeasible.
    #[test]
    fn any_rows_are_refused_or_solved(
        agents in 0..5_usize,
        starts in prop::collection::vec(0..6_usize, 0..5),
        arcs in prop::collection::vec((0..5_u32, prop_oneof![0..9_u32, any::<u32>()]), 0..6),
    ) {
        if let Ok(problem) = Problem::sparse(agents, starts, arcs)
            && let Ok(found) = solve::solve(&problem)
        {
            prop_assert_eq!(found.verify(&problem), Ok(()));
        }
    }
}
