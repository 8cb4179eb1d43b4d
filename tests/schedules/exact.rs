//! Branch and bound beside a search that leaves nothing out.

use althing::coordination::dag::{Task, TaskGraph};
use althing::coordination::schedule::{Agent, Durations, Priority, TimeTable, exact, heft, list, verify};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use crate::world::{
    agents, agents_of, edges, graph, graphs, graphs_of, needing_nothing, tables, tables_of, ten_tasks,
};

/// Each order of the tasks that agrees with the edges, each with each choice of agents, as early as
/// can be: no memory, and no bound but that a beginning which already lasts as long as the best found
/// gets no shorter.
fn brute_force(graph: &TaskGraph, durations: &(impl Durations + ?Sized)) -> u64 {
    let (mut best, tasks) = (u64::MAX, graph.tasks().len());
    go_on(graph, durations, &mut vec![None; tasks], &mut vec![0; durations.agents()], &mut best);
    best
}

fn go_on(
    graph: &TaskGraph,
    durations: &(impl Durations + ?Sized),
    placed: &mut Vec<Option<(usize, u64)>>,
    free: &mut Vec<u64>,
    best: &mut u64,
) {
    let lasts = free.iter().copied().max().unwrap_or(0);
    if lasts >= *best {
        return;
    }
    if placed.iter().all(Option::is_some) {
        *best = lasts;
        return;
    }
    for task in 0..placed.len() {
        if placed[task].is_some() || graph.predecessors(task).any(|(before, _)| placed[before].is_none()) {
            continue;
        }
        for agent in 0..durations.agents() {
            let Some(time) = durations.duration(graph, task, agent) else { continue };
            let mut start = free[agent];
            for (before, delay) in graph.predecessors(task) {
                let (at, finish) = placed[before].expect("it is placed");
                start = start.max(if at == agent { finish } else { finish + delay });
            }
            let was = std::mem::replace(&mut free[agent], start + time);
            placed[task] = Some((agent, start + time));
            go_on(graph, durations, placed, free, best);
            placed[task] = None;
            free[agent] = was;
        }
    }
}

/// Whether HEFT falls short of it.
fn check(graph: &TaskGraph, durations: &(impl Durations + ?Sized)) -> Result<bool, TestCaseError> {
    let best = exact(graph, durations, 10_000_000).expect("found");
    prop_assert_eq!(verify(&best, graph, durations), Ok(()));
    prop_assert_eq!(best.makespan, brute_force(graph, durations));
    let heft = heft(graph, durations).expect("a schedule");
    prop_assert!(heft.bounds.lower <= best.makespan && best.makespan <= heft.makespan);
    Ok(best.makespan < heft.makespan)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn it_is_the_best_of_all_with_delays(
        (graph, times) in (graphs(5, 12), tables(5, 3)),
    ) {
        check(&graph, &times)?;
    }

    #[test]
    fn it_is_the_best_of_all_of_unlike_agents(graph in graphs(5, 12), agents in agents(3)) {
        check(&graph, &agents[..])?;
    }

    #[test]
    fn it_is_the_best_of_all_of_agents_that_are_alike(graph in graphs(6, 6), k in 1..4_usize) {
        check(&graph, &Agent::alike(k)[..])?;
    }
}

/// The same of exactly seven and eight tasks, of a fixed seed: 12 of each, with and without delays, on
/// two and three agents of each kind.
#[test]
fn it_is_the_best_of_all_of_seven_and_eight_tasks() {
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), seed);
    let (mut delayed, mut short) = (0, 0);
    for (tasks, agents, delays) in (0..24).map(|case| (7 + case % 2, 2 + case / 2 % 2, case / 4 % 2 * 9)) {
        let all = (graphs_of(tasks, delays as u64), agents_of(agents), tables_of(tasks, agents));
        let (graph, unlike, times) = all.new_tree(&mut runner).expect("a case").current();
        assert_eq!((graph.tasks().len(), unlike.len(), times.agents), (tasks, agents, agents));
        delayed += usize::from(edges(&graph).iter().any(|edge| edge.delay > 0));
        let of_each =
            [check(&graph, &Agent::alike(agents)[..]), check(&graph, &unlike[..]), check(&graph, &times)];
        short += of_each.into_iter().filter(|it| it.clone().expect("the best")).count();
    }
    // There was something to find.
    assert!(delayed >= 10 && short >= 10, "{delayed} graphs with delays, {short} of 72 not found by HEFT");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Graham 1969, both theorems, beside the best there is.
    #[test]
    fn no_list_schedule_is_longer_than_its_theorem_says(graph in graphs(9, 0), k in 1..5_usize) {
        let (graph, agents, wide) = (needing_nothing(&graph), Agent::alike(k), k as u64);
        let best = exact(&graph, &agents[..], 10_000_000).expect("found").makespan;
        for priority in [Priority::BottomLevel, Priority::LongestTask] {
            let schedule = list(&graph, &agents, priority).expect("a schedule");
            prop_assert!(schedule.bounds.lower <= best);
            prop_assert!(wide * schedule.makespan <= (2 * wide - 1) * best);
            if graph.edges() == 0 && priority == Priority::LongestTask {
                prop_assert!(3 * wide * schedule.makespan <= (4 * wide - 1) * best);
            }
        }
    }

    #[test]
    fn lpt_keeps_its_theorem(times in prop::collection::vec(1..30_u64, 1..=10), k in 1..5_usize) {
        let (graph, agents, wide) = (graph(&times, &[]), Agent::alike(k), k as u64);
        let best = exact(&graph, &agents[..], 10_000_000).expect("found").makespan;
        let schedule = list(&graph, &agents, Priority::LongestTask).expect("a schedule");
        prop_assert!(3 * wide * schedule.makespan <= (4 * wide - 1) * best);
    }
}

/// Which beginnings are not continued is seen by how many are looked at: with one less it gives up.
#[test]
fn no_more_is_looked_at_than_needed() {
    let least = |graph: &TaskGraph, durations: &dyn Durations| {
        let (mut enough, mut few) = (1_u64 << 30, 0);
        while enough - few > 1 {
            let nodes = few + (enough - few) / 2;
            *(if exact(graph, durations, nodes).is_ok() { &mut enough } else { &mut few }) = nodes;
        }
        enough
    };
    let (ten, times) = ten_tasks();
    let lpt = graph(&[5, 5, 4, 4, 3, 3, 3], &[]);
    let (delayed, alike) = (TaskGraph::new(ten_times(&times), &edges(&ten)).expect("a graph"), Alike(3));
    let at_once: Vec<_> = edges(&ten).iter().map(|it| (it.from, it.to)).collect();
    let at_once = graph(&[14, 13, 11, 13, 12, 13, 7, 5, 18, 21], &at_once);
    let found =
        [least(&ten, &times), least(&lpt, &alike), least(&delayed, &alike), least(&at_once, &Alike(2))];
    assert_eq!(found, [58_244, 745, 13_982, 1_079]);
}

fn ten_times(times: &TimeTable) -> Vec<Task> {
    let first = |row: &Vec<Option<u64>>| Task { time: row[0].expect("all can"), ..Task::default() };
    times.times.iter().map(first).collect()
}

/// So many agents of speed 1 that can do everything.
struct Alike(usize);

impl Durations for Alike {
    fn agents(&self) -> usize {
        self.0
    }

    fn duration(&self, graph: &TaskGraph, task: usize, agent: usize) -> Option<u64> {
        graph.tasks().get(task).filter(|_| agent < self.0).map(|task| task.time)
    }
}
