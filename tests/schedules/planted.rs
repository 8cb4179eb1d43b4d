//! Graphs whose best schedule is known.

use std::collections::BTreeSet;

use althing::coordination::dag::planted::{Planted, Shape, ShapeError, planted};
use althing::coordination::schedule::{Agent, Bounds, Priority, heft, list, verify};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// One of many shapes, up to 300 tasks.
fn any(seed: u64) -> (Shape, Planted) {
    let random = &mut ChaCha8Rng::seed_from_u64(seed);
    let agents = 1 + random.next_u32() as usize % 20;
    let tasks = agents + random.next_u32() as usize % (300 - agents);
    let length = tasks.div_ceil(agents) as u64 + u64::from(random.next_u32() % 500);
    let shape = Shape { agents, tasks, edges: random.next_u32() as usize % 8, length };
    (shape, planted(shape, random).expect("a graph"))
}

#[test]
fn every_list_schedule_is_within_its_bounds() {
    let (mut longer, mut best, mut related) = (0, 0, 0);
    for seed in 0..1_000 {
        let (Shape { agents, tasks, length, .. }, Planted { graph, schedule }) = any(seed);
        let (team, wide) = (Agent::alike(agents), agents as u64);
        assert_eq!((graph.tasks().len(), graph.work()), (tasks, wide * length));
        assert_eq!(schedule.bounds, Bounds { lower: length, upper: length });
        verify(&schedule, &graph, &team[..]).expect("it is a schedule");
        assert!(graph.span() <= length);
        related += graph.edges();
        let random: Vec<_> = (0..tasks as u64).map(|task| task.wrapping_mul(0x9e37_79b9) % 97).collect();
        for priority in [Priority::BottomLevel, Priority::LongestTask, Priority::Given(&random)] {
            let schedule = list(&graph, &team, priority).expect("a schedule");
            verify(&schedule, &graph, &team[..]).expect("it is a schedule");
            let (made, span) = (schedule.makespan, graph.span());
            assert_eq!(schedule.bounds.lower, length, "as all agents are always at work");
            assert_eq!(schedule.bounds.upper, (graph.work() - span) / wide + span);
            assert!(made >= length && wide * made <= (2 * wide - 1) * length);
            *if made > length { &mut longer } else { &mut best } += 1;
        }
        let schedule = heft(&graph, &team[..]).expect("a schedule");
        verify(&schedule, &graph, &team[..]).expect("it is a schedule");
    }
    assert!(longer > 1_000 && best > 100 && related > 100_000, "{longer} {best} {related}");
}

#[test]
fn each_task_has_the_edges_that_it_can_have() {
    for seed in 0..50 {
        let (shape, Planted { graph, schedule }) = any(seed);
        for task in 0..shape.tasks {
            let start = schedule.placements[task].start;
            let can = schedule.placements.iter().any(|it| it.finish <= start);
            assert_eq!(graph.predecessors(task).len(), if can { shape.edges } else { 0 });
        }
        let of = |agent| schedule.placements.iter().filter(|it| it.agent == agent).count();
        let (most, least) = (shape.tasks.div_ceil(shape.agents), shape.tasks / shape.agents);
        assert!((0..shape.agents).all(|agent| (least..=most).contains(&of(agent))));
        assert!(graph.tasks().iter().all(|task| task.time > 0));
    }
}

/// Three tasks of an agent have one tick to spare: each may have it, and each of their six orders comes up.
#[test]
fn every_cut_and_every_order_of_the_tasks_comes_up() {
    let shape = Shape { agents: 1, tasks: 3, edges: 0, length: 4 };
    let of = |seed| {
        let made = planted(shape, &mut ChaCha8Rng::seed_from_u64(seed)).expect("a graph");
        let mut order: Vec<_> = made.schedule.placements.iter().zip(0..3).collect();
        order.sort_unstable();
        order.into_iter().map(|(it, task)| (it.finish - it.start, task)).unzip()
    };
    let (cuts, orders): (BTreeSet<Vec<u64>>, BTreeSet<Vec<usize>>) = (0..200).map(of).unzip();
    assert_eq!(cuts, BTreeSet::from([vec![1, 1, 2], vec![1, 2, 1], vec![2, 1, 1]]));
    assert_eq!(orders.len(), 6);
}

#[test]
fn equal_numbers_make_equal_graphs_and_others_do_not() {
    assert_eq!(any(7), any(7));
    assert_ne!(any(7).1, any(8).1);
}

/// Tasks of one tick each, as many as there is room for.
#[test]
fn the_shortest_length_is_one_tick_a_task() {
    let shape = Shape { agents: 3, tasks: 12, edges: 2, length: 4 };
    let Planted { graph, .. } = planted(shape, &mut ChaCha8Rng::seed_from_u64(0)).expect("a graph");
    assert!(graph.tasks().iter().all(|task| task.time == 1));
    let refused = |shape| planted(shape, &mut ChaCha8Rng::seed_from_u64(0)).expect_err("no graph");
    assert_eq!(refused(Shape { agents: 0, ..shape }), ShapeError::NoAgents);
    assert_eq!(refused(Shape { tasks: 2, ..shape }), ShapeError::TooFewTasks { tasks: 2, agents: 3 });
    let length = |shape| {
        let Shape { agents, tasks, edges, length } = shape;
        assert_eq!(refused(shape), ShapeError::Length { length, agents, tasks, edges });
    };
    length(Shape { length: 3, ..shape });
    length(Shape { tasks: 13, ..shape });
    length(Shape { length: u64::MAX / 2, ..shape });
    length(Shape { edges: usize::MAX / 2, ..shape });
    length(Shape { edges: 1 << 30, ..shape });
}
