//! Graphs and agents for all tests here.

use std::num::NonZeroU32;

use althing::contract_net::Capabilities;
use althing::coordination::dag::{Edge, Task, TaskGraph};
use althing::coordination::schedule::{Agent, TimeTable};
use proptest::prelude::*;

pub(crate) fn edge(from: usize, to: usize, delay: u64) -> Edge {
    Edge { from, to, delay }
}

/// Of these times and edges, without needs and delays.
pub(crate) fn graph(times: &[u64], edges: &[(usize, usize)]) -> TaskGraph {
    let tasks = times.iter().map(|time| Task { time: *time, ..Task::default() }).collect();
    let edges: Vec<_> = edges.iter().map(|(from, to)| edge(*from, *to, 0)).collect();
    TaskGraph::new(tasks, &edges).expect("a graph")
}

pub(crate) fn agent(capabilities: u64, speed: u32) -> Agent {
    let speed = NonZeroU32::new(speed).expect("not zero");
    Agent { capabilities: Capabilities::from_bits(capabilities), speed }
}

/// A graph of 1 to so many tasks, as [`graphs_of`].
pub(crate) fn graphs(most: usize, delays: u64) -> impl Strategy<Value = TaskGraph> {
    (1..=most).prop_flat_map(move |tasks| graphs_of(tasks, delays))
}

/// A graph of so many tasks, whose edges agree with a random order. Needs are subsets of 2 bits, times
/// below 10, delays below `delays`.
pub(crate) fn graphs_of(tasks: usize, delays: u64) -> impl Strategy<Value = TaskGraph> {
    let task = (0..10_u64, 0..8_u64).prop_map(|(time, needs)| {
        // Most tasks need nothing.
        Task { time, needs: Capabilities::from_bits(if needs < 4 { needs } else { 0 }) }
    });
    let order = Just((0..tasks).collect::<Vec<_>>()).prop_shuffle();
    let edges = prop::collection::vec((0..tasks, 0..tasks, 0..delays.max(1)), 0..2 * tasks);
    (prop::collection::vec(task, tasks), order, edges).prop_map(|(tasks, order, edges)| {
        let forward = edges.into_iter().filter(|(one, other, _)| one != other);
        let edges: Vec<_> = forward
            .map(|(one, other, delay)| edge(order[one.min(other)], order[one.max(other)], delay))
            .collect();
        TaskGraph::new(tasks, &edges).expect("edges agree with the order")
    })
}

/// The same graph of which no task needs anything.
pub(crate) fn needing_nothing(graph: &TaskGraph) -> TaskGraph {
    let tasks = graph.tasks().iter().map(|task| Task { time: task.time, ..Task::default() }).collect();
    TaskGraph::new(tasks, &edges(graph)).expect("it was one")
}

pub(crate) fn edges(graph: &TaskGraph) -> Vec<Edge> {
    let tasks = 0..graph.tasks().len();
    tasks.flat_map(|from| graph.successors(from).map(move |(to, delay)| edge(from, to, delay))).collect()
}

/// 1 to so many agents, as [`agents_of`].
pub(crate) fn agents(most: usize) -> impl Strategy<Value = Vec<Agent>> {
    (1..=most).prop_flat_map(agents_of)
}

/// So many agents of different speeds; the first can do everything that is ever needed.
pub(crate) fn agents_of(count: usize) -> impl Strategy<Value = Vec<Agent>> {
    let others = prop::collection::vec((0..8_u64, 1..4_u32), count - 1);
    (1..4_u32, others).prop_map(|(speed, others)| {
        let others = others.into_iter().map(|(capabilities, speed)| agent(capabilities, speed));
        [agent(0b111, speed)].into_iter().chain(others).collect()
    })
}

/// Times in no relation, for so many tasks and 1 to so many agents; somebody can do each task.
pub(crate) fn tables(tasks: usize, most: usize) -> impl Strategy<Value = TimeTable> {
    (1..=most).prop_flat_map(move |agents| tables_of(tasks, agents))
}

/// The same for so many agents.
pub(crate) fn tables_of(tasks: usize, agents: usize) -> impl Strategy<Value = TimeTable> {
    let row = (0..10_u64, prop::collection::vec(prop::option::weighted(0.8, 0..10_u64), agents - 1));
    prop::collection::vec(row, tasks).prop_map(move |rows| {
        let times = rows.into_iter().enumerate().map(|(task, (sure, mut row))| {
            row.insert(task % agents, Some(sure));
            row
        });
        TimeTable { agents, times: times.collect() }
    })
}

/// Topcuoglu, Hariri and Wu 2002, figure 2: ten tasks, with delays.
pub(crate) fn ten_tasks() -> (TaskGraph, TimeTable) {
    const TIMES: [[u64; 3]; 10] = [
        [14, 16, 9],
        [13, 19, 18],
        [11, 13, 19],
        [13, 8, 17],
        [12, 13, 10],
        [13, 16, 9],
        [7, 15, 11],
        [5, 11, 14],
        [18, 12, 20],
        [21, 7, 16],
    ];
    const EDGES: [(usize, usize, u64); 15] = [
        (1, 2, 18),
        (1, 3, 12),
        (1, 4, 9),
        (1, 5, 11),
        (1, 6, 14),
        (2, 8, 19),
        (2, 9, 16),
        (3, 7, 23),
        (4, 8, 27),
        (4, 9, 23),
        (5, 9, 13),
        (6, 8, 15),
        (7, 10, 17),
        (8, 10, 11),
        (9, 10, 13),
    ];
    let edges = EDGES.map(|(from, to, delay)| edge(from - 1, to - 1, delay));
    let graph = TaskGraph::new(vec![Task::default(); 10], &edges).expect("a graph");
    (graph, TimeTable { agents: 3, times: TIMES.iter().map(|row| row.map(Some).to_vec()).collect() })
}
