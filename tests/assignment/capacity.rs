//! Agents with room for several tasks: every answer beside brute force.

use althing::auction::capacity::{self, Outcome, Placement, Unproven, Unsolved};
use althing::auction::{InvalidProblem, Problem, certificate};
use proptest::prelude::*;

use crate::instances::{CLASSES, Plain, plain, seeded};

/// The least cost of all placements, by trying everything.
fn least(plain: &Plain, rooms: &mut [u32], task: usize) -> Option<i128> {
    let Some(row) = plain.rows.get(task) else { return Some(0) };
    let unplaced = plain.reserves[task];
    let mut best = unplaced.and_then(|reserve| Some(i128::from(reserve) + least(plain, rooms, task + 1)?));
    for (agent, cost) in row.iter().enumerate() {
        if let (Some(cost), 1..) = (cost, rooms[agent]) {
            rooms[agent] -= 1;
            let with = least(plain, rooms, task + 1).map(|rest| rest + i128::from(*cost));
            rooms[agent] += 1;
            best = best.into_iter().chain(with).min();
        }
    }
    best
}

fn cost_of(plain: &Plain, placement: &Placement, agent: usize) -> i128 {
    let tasks = placement.agent_of.iter().enumerate().filter(|(_, other)| **other == Some(agent as u32));
    tasks.map(|(task, _)| i128::from(plain.rows[task][agent].expect("it can"))).sum()
}

/// By definition: what the others cost less without the agent than with it.
fn naive(plain: &Plain, rooms: &[u32], placement: &Placement) -> Vec<Option<i128>> {
    let payment = |agent: usize| {
        if !placement.agent_of.contains(&Some(agent as u32)) {
            return Some(0);
        }
        let mut rooms = rooms.to_vec();
        rooms[agent] = 0;
        Some(least(plain, &mut rooms, 0)? - (placement.cost - cost_of(plain, placement, agent)))
    };
    (0..plain.agents).map(payment).collect()
}

fn with_rooms() -> impl Strategy<Value = (Plain, Vec<u32>)> {
    let room = prop_oneof![8 => 0..4_u32, 1 => Just(u32::MAX)];
    (plain(), prop::collection::vec(room, 6)).prop_map(|(plain, mut rooms)| {
        rooms.truncate(plain.agents);
        (plain, rooms)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_placement_is_optimal_and_its_certificate_proves_it((plain, rooms) in with_rooms()) {
        let best = least(&plain, &mut rooms.clone(), 0);
        for problem in [plain.dense(), plain.sparse()] {
            match capacity::solve(&problem, &rooms) {
                Ok(placement) => {
                    prop_assert_eq!(Some(placement.cost), best);
                    prop_assert_eq!(placement.verify(&problem, &rooms), Ok(()));
                }
                Err(Unsolved::Infeasible { tasks }) => {
                    prop_assert_eq!(best, None);
                    let room: u64 = (0..plain.agents)
                        .filter(|agent| tasks.iter().any(|task| plain.rows[*task][*agent].is_some()))
                        .map(|agent| u64::from(rooms[agent]))
                        .sum();
                    prop_assert!(tasks.iter().all(|task| plain.reserves[*task].is_none()));
                    prop_assert_eq!(tasks.len() as u64, room + 1, "Hall's theorem");
                }
                Err(other) => panic!("{other}"),
            }
        }
    }

    #[test]
    fn payments_are_those_of_solving_anew_without_each_agent((plain, rooms) in with_rooms()) {
        for problem in [plain.dense(), plain.sparse()] {
            let Ok(Outcome { placement, payments }) = capacity::vcg(&problem, &rooms) else { continue };
            prop_assert_eq!(&payments, &naive(&plain, &rooms, &placement));
            for (agent, paid) in payments.into_iter().enumerate() {
                let tasks = (0..plain.rows.len())
                    .filter(|task| placement.agent_of[*task] == Some(agent as u32));
                let reserves = tasks.map(|task| plain.reserves[task].map(i128::from)).sum::<Option<i128>>();
                match paid {
                    Some(paid) => {
                        prop_assert!(cost_of(&plain, &placement, agent) <= paid, "individually rational");
                        prop_assert!(reserves.is_none_or(|most| paid <= most), "capped by the reserves");
                    }
                    None => prop_assert_eq!(reserves, None, "a reserve caps it"),
                }
            }
        }
    }

    /// Truth is dominant, whatever an agent asks instead, leaves out, or says of its room, if that is less
    /// than it has.
    #[test]
    fn no_deviation_pays(
        (mut plain, rooms) in with_rooms(),
        agent in 0..6_usize,
        room in 0..4_u32,
        asked in prop::collection::vec(prop_oneof![4 => (0..40_u32).prop_map(Some), 1 => Just(None)], 6),
    ) {
        plain.reserves.iter_mut().for_each(|reserve| *reserve = reserve.or(Some(30)));
        if agent < plain.agents {
            let (truth, mut fewer) = (plain.clone(), rooms.clone());
            fewer[agent] = room.min(rooms[agent]);
            for (row, asked) in plain.rows.iter_mut().zip(asked) {
                row[agent] = asked.filter(|_| row[agent].is_some());
            }
            let honest = utility(&truth, &truth, &rooms, agent);
            prop_assert!(honest >= 0);
            prop_assert!(honest >= utility(&truth, &plain, &fewer, agent));
        }
    }
}

/// Payment less true cost.
fn utility(truth: &Plain, asked: &Plain, rooms: &[u32], agent: usize) -> i128 {
    let Outcome { placement, payments } = capacity::vcg(&asked.dense(), rooms).expect("all have reserves");
    payments[agent].expect("all have reserves") - cost_of(truth, &placement, agent)
}

fn two_of_two(own: (u32, u32), other: (u32, u32)) -> Plain {
    Plain {
        agents: 2,
        rows: vec![vec![Some(own.0), Some(other.0)], vec![Some(own.1), Some(other.1)]],
        reserves: vec![Some(3), Some(2)],
    }
}

fn grid() -> impl Iterator<Item = (u32, u32)> {
    (0..5_u32).flat_map(|a| (0..5_u32).map(move |b| (a, b)))
}

#[test]
fn no_deviation_pays_on_a_whole_grid() {
    for (own, other) in grid().flat_map(|own| grid().map(move |other| (own, other))) {
        let truth = two_of_two(own, other);
        for rooms in [[2, 1], [2, 2]] {
            let honest = utility(&truth, &truth, &rooms, 0);
            assert!(grid().all(|asked| utility(&truth, &two_of_two(asked, other), &rooms, 0) <= honest));
        }
    }
}

/// The failing variant: each place paid as if it were an agent of its own. If one goes, another place of
/// the same agent takes over, so an agent would compete with itself, and gain by asking for more.
#[test]
fn places_that_are_paid_one_by_one_make_lying_pay() {
    let split = |truth: &Plain, asked: &Plain| {
        let costs = asked.rows.iter().flat_map(|row| [row[0], row[0], row[1]]);
        let costs = costs.map(|cost| cost.expect("all ask")).collect();
        let wide = Problem::dense(2, 3, costs).expect("in range").with_reserves(asked.reserves.clone());
        let outcome = althing::auction::vcg::solve(&wide.expect("one each")).expect("all have reserves");
        let own = outcome.assignment.agent_of.iter().zip(&truth.rows);
        let own = own.filter_map(|(place, row)| Some((place.filter(|place| *place < 2)?, row[0]?)));
        own.map(|(place, cost)| outcome.payments[place as usize].expect("capped") - i64::from(cost))
            .sum::<i64>()
    };
    let profitable = grid().flat_map(|own| grid().map(move |other| (own, other))).filter(|(own, other)| {
        let truth = two_of_two(*own, *other);
        let honest = split(&truth, &truth);
        grid().any(|asked| split(&truth, &two_of_two(asked, *other)) > honest)
    });
    assert!(profitable.count() > 10);
}

/// Whoever is cheapest for all does all, though it begins with a few places.
#[test]
fn places_grow_to_what_is_of_use() {
    let costs: Vec<_> = (0..100).flat_map(|_| [5, 1, 5, 5]).collect();
    let problem = Problem::dense(100, 4, costs).expect("in range");
    for (room, cost) in [(u32::MAX, 100), (100, 100), (99, 104), (7, 7 + 93 * 5), (0, 500)] {
        let rooms = [u32::MAX, room, 200, 50];
        let placement = capacity::solve(&problem, &rooms).expect("there is room");
        assert_eq!((placement.cost, placement.verify(&problem, &rooms)), (cost, Ok(())));
    }
}

#[test]
fn greater_problems_are_proved() {
    for (class, seed) in CLASSES.into_iter().zip(0..) {
        let plain = seeded(class, 120, 40, 60, seed);
        let rooms: Vec<_> = (0..40).map(|agent| 1 + agent % 6).collect();
        for problem in [plain.dense(), plain.sparse()] {
            let placement = capacity::solve(&problem, &rooms).expect("there is room");
            assert_eq!(placement.verify(&problem, &rooms), Ok(()), "{class:?}");
        }
    }
}

#[test]
fn what_is_no_placement_or_not_proved_is_refused() {
    let problem = Problem::dense(2, 2, vec![1, 3, 1, 4]).expect("in range");
    let right = capacity::solve(&problem, &[2, 1]).expect("there is one");
    assert_eq!((right.agent_of.clone(), right.cost), (vec![Some(0), Some(0)], 2));
    let verify = |change: fn(&mut Placement), rooms: &[u32]| {
        let mut wrong = right.clone();
        change(&mut wrong);
        wrong.verify(&problem, rooms)
    };
    let other = |other: certificate::Unproven| Err(Unproven::Other(other));
    use certificate::Unproven::*;
    assert_eq!(verify(|_| {}, &[2, 1]), Ok(()));
    assert_eq!(verify(|_| {}, &[1, 1]), Err(Unproven::Overloaded { agent: 0, load: 2, capacity: 1 }));
    assert_eq!(verify(|it| it.cost = 3, &[2, 1]), other(WrongCost { stated: 3, found: 2 }));
    assert_eq!(verify(|it| it.agent_of[1] = None, &[2, 1]), other(Unplaced { task: 1 }));
    assert_eq!(
        verify(|it| it.certificate.rents[1] = -1, &[2, 1]),
        other(NegativeRent { agent: 1, rent: -1 })
    );
    let worse = |it: &mut Placement| (it.agent_of[1], it.cost) = (Some(1), 5);
    assert!(matches!(verify(worse, &[2, 1]), Err(Unproven::Other(Gap { cost: 5, .. }))));
    let dear = |it: &mut Placement| it.certificate.prices[0] += 10;
    assert!(matches!(verify(dear, &[2, 1]), Err(Unproven::Other(Undercut { task: 0, agent: 0, .. }))));
    let short = InvalidProblem::WrongLength { what: "capacities", expected: 2, found: 1 };
    assert_eq!(capacity::solve(&problem, &[1]), Err(Unsolved::Invalid(short)));
    let infeasible = capacity::solve(&problem, &[1, 0]).expect_err("one place for two");
    let text = "the tasks [0, 1] must all be placed, and there is only room for 1 of them";
    assert_eq!(infeasible.to_string(), text);
}

/// One that would need more memory than can be had is refused before that is asked for.
#[test]
fn too_many_places_are_refused() {
    let tasks = 20_000;
    let problem = Problem::dense(tasks, 1, vec![1; tasks]).expect("in range");
    assert_eq!(capacity::solve(&problem, &[u32::MAX]), Err(Unsolved::TooLarge { arcs: tasks * tasks }));
}
