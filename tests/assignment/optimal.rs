//! Every solver finds what costs least, proves it, and says when there is nothing.

use althing::auction::shortest_path::Infeasible;
use althing::auction::{Assignment, Problem, epsilon, shortest_path, solve};
use pathfinding::kuhn_munkres::kuhn_munkres_min;
use pathfinding::matrix::Matrix;
use proptest::prelude::*;

use crate::instances::{CLASSES, Class, Plain, plain, seeded};

type Solver = fn(&Problem) -> Result<Assignment, Infeasible>;

pub(crate) const SOLVERS: [(&str, Solver); 3] =
    [("shortest_path", shortest_path::solve), ("epsilon", by_epsilon), ("solve", solve::solve)];

fn by_epsilon(problem: &Problem) -> Result<Assignment, Infeasible> {
    epsilon::solve(problem).map_err(|unsolved| match unsolved {
        epsilon::Unsolved::Infeasible(infeasible) => infeasible,
        other => panic!("{other}"),
    })
}

/// The tasks that are named have too few agents between them, and no reserve.
fn is_violator(plain: &Plain, tasks: &[usize]) -> bool {
    let can = |agent: &usize| tasks.iter().any(|task| plain.rows[*task][*agent].is_some());
    let distinct = tasks.windows(2).all(|pair| pair[0] < pair[1]);
    let bound = tasks.iter().all(|task| plain.reserves[*task].is_none());
    distinct && bound && (0..plain.agents).filter(can).count() + 1 == tasks.len()
}

fn agree(plain: &Plain, least: Option<i128>) {
    for (shape, problem) in [("dense", plain.dense()), ("sparse", plain.sparse())] {
        for (name, solver) in SOLVERS {
            match (solver(&problem), least) {
                (Ok(found), Some(least)) => {
                    assert_eq!(found.cost, least, "{name}, {shape}");
                    assert_eq!(found.verify(&problem), Ok(()), "{name}, {shape}");
                }
                (Err(Infeasible { tasks }), None) => {
                    assert!(is_violator(plain, &tasks), "{name}, {shape}: {tasks:?}");
                }
                (found, least) => panic!("{name}, {shape}: {found:?}, where {least:?} is right"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_costs_less(plain in plain()) {
        agree(&plain, plain.least());
    }
}

/// All rows alike, and longer than a list: whatever is listed, as much that is not is as cheap.
#[test]
fn columns_that_are_all_alike_are_told_apart() {
    let row: Vec<_> = [(5, 25), (1, 50), (5, 50)].iter().flat_map(|&(cost, n)| vec![Some(cost); n]).collect();
    let plain = Plain { rows: vec![row; 100], agents: 125, reserves: vec![None; 100] };
    agree(&plain, Some(50 + 50 * 5));
}

/// Rows that are longer than a list, so that lists are cut off, and go stale.
#[test]
fn long_rows_are_solved_as_another_crate_solves_them() {
    for (class, seed) in CLASSES.into_iter().zip(0..) {
        for (tasks, agents) in [(40, 600), (150, 700), (90, 90)] {
            let plain = seeded(class, tasks, agents, 100, seed);
            let costs = plain.rows.iter().flatten().map(|cost| i64::from(cost.expect("all are there")));
            let oracle = Matrix::from_vec(tasks, agents, costs.collect()).expect("a matrix");
            agree(&plain, Some(i128::from(kuhn_munkres_min(&oracle).0)));
        }
    }
}

/// The certificate is the oracle.
#[test]
fn square_and_sparse_problems_of_every_class_are_proved_optimal() {
    for (class, seed) in CLASSES.into_iter().zip(0..) {
        for (side, percent) in [(600, 100), (600, 97), (400, 5)] {
            let plain = seeded(class, side, side, percent, seed);
            let costs = [plain.dense(), plain.sparse()].map(|problem| {
                SOLVERS.map(|(name, solver)| {
                    let found = solver(&problem).expect("random graphs of that degree have an assignment");
                    assert_eq!(found.verify(&problem), Ok(()), "{name}, {class:?}");
                    found.cost
                })
            });
            assert!(costs.iter().flatten().all(|cost| *cost == costs[0][0]));
        }
    }
}

/// Where rows are alike, all tasks want the same agents, and rents rise far above costs' differences. With
/// scaling this takes not many more bids where some agents are spare than where all are needed.
#[test]
fn spare_agents_are_no_burden_where_rows_are_alike() {
    let [_, by_auction @ ..] = SOLVERS;
    let work = |agents: usize| {
        let problem = seeded(Class::Product, 300, agents, 100, 1).dense();
        let found = by_auction.map(|(_, solver)| solver(&problem).expect("all arcs are there"));
        found.iter().for_each(|found| assert_eq!(found.verify(&problem), Ok(()), "{agents} agents"));
        found.map(|found| found.scanned / agents as u64)
    };
    let equal = work(300);
    for agents in [303, 500] {
        let work = work(agents);
        let few = work.iter().zip(equal).all(|(work, equal)| *work < 2 * equal);
        assert!(few, "rows looked at with {agents} agents: {work:?}, with 300: {equal:?}");
    }
}

#[test]
fn reserves_leave_tasks_unplaced_in_long_rows() {
    for (class, seed) in CLASSES.into_iter().zip(0..) {
        let mut plain = seeded(class, 560, 530, 100, seed);
        let dearest = plain.rows.iter().flatten().flatten().max().copied().expect("there are costs");
        plain.reserves =
            (0..560_u32).map(|task| (task % 3 > 0).then_some(dearest / (task % 5 + 1))).collect();
        let problem = plain.dense();
        let costs = SOLVERS.map(|(name, solver)| {
            let found = solver(&problem).expect("two of three tasks may stay unplaced");
            assert!(found.agent_of.iter().filter(|agent| agent.is_none()).count() >= 30);
            assert_eq!(found.verify(&problem), Ok(()), "{name}, {class:?}");
            found.cost
        });
        assert!(costs.iter().all(|cost| *cost == costs[0]));
    }
}

#[test]
fn tasks_without_a_place_are_named_among_many() {
    let mut plain = seeded(Class::Uniform, 540, 600, 100, 1);
    for (task, row) in plain.rows.iter_mut().enumerate().filter(|(task, _)| task % 100 == 7) {
        row.iter_mut().enumerate().filter(|(agent, _)| agent % 200 != 3).for_each(|(_, cost)| *cost = None);
        assert_eq!(row.iter().flatten().count(), 3, "of task {task}");
    }
    let stuck: Vec<_> = (0..540).filter(|task| task % 100 == 7).collect();
    for (name, solver) in SOLVERS {
        for problem in [plain.dense(), plain.sparse()] {
            let Infeasible { tasks } = solver(&problem).expect_err("six tasks for three agents");
            assert!(is_violator(&plain, &tasks) && tasks.iter().all(|task| stuck.contains(task)), "{name}");
        }
    }
}

#[test]
fn the_message_names_the_tasks() {
    let problem = Problem::dense(2, 1, vec![3, 4]).expect("in range");
    let infeasible = solve::solve(&problem).expect_err("one agent");
    let text = "the tasks [0, 1] must all be placed, and only 1 agents can do any of them";
    assert_eq!(infeasible.to_string(), text);
}

/// Theorem: at an optimum nobody can be better off unless somebody is worse off, since the sum is least.
#[test]
fn no_other_assignment_suits_everybody_better() {
    for seed in 0..60 {
        let class = CLASSES[seed as usize % 3];
        let side = 2 + seed as usize % 5;
        let plain = seeded(class, side, side, 100, seed);
        let found = solve::solve(&plain.dense()).expect("all arcs are there");
        let cost = |task: usize, agent: u32| plain.rows[task][agent as usize].expect("all arcs are there");
        let mut order: Vec<u32> = (0..side as u32).collect();
        permutations(&mut order, 0, &mut |other| {
            let own = found.agent_of.iter().map(|agent| agent.expect("all are placed"));
            let changes =
                own.zip(other).enumerate().map(|(task, (own, other))| (cost(task, own), cost(task, *other)));
            let (mut worse, mut better) = (false, false);
            changes.for_each(|(own, other)| {
                worse |= other > own;
                better |= other < own;
            });
            assert!(worse || !better);
        });
    }
}

fn permutations(order: &mut Vec<u32>, from: usize, visit: &mut impl FnMut(&[u32])) {
    if from == order.len() {
        return visit(order);
    }
    for place in from..order.len() {
        order.swap(from, place);
        permutations(order, from + 1, visit);
        order.swap(from, place);
    }
}

/// Sequential greedy is no substitute: its cost ratio is unbounded.
#[test]
fn the_least_cost_is_found_where_greed_pays_anything() {
    let problem = Problem::dense(2, 2, vec![0, 1, 1, Problem::MAX_COST]).expect("in range");
    for (name, solver) in SOLVERS {
        assert_eq!(solver(&problem).map(|found| found.cost), Ok(2), "{name}");
    }
}
