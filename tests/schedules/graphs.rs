//! What is said of graphs, beside petgraph and beside plain looking.

use althing::coordination::dag::{Cycle, Edge, GraphError, Step, Task, TaskGraph, WidthError};
use petgraph::algo::{maximum_matching, toposort};
use petgraph::graph::{DiGraph, UnGraph};
use proptest::prelude::*;

use crate::world::{edge, edges, graph, graphs, ten_tasks};

/// Whether the second comes after the first, directly or by way of others.
fn comes_after(graph: &TaskGraph, first: usize, second: usize) -> bool {
    graph.successors(first).any(|(next, _)| next == second || comes_after(graph, next, second))
}

/// Each set of tasks is looked at.
fn widest(graph: &TaskGraph) -> usize {
    let tasks = graph.tasks().len();
    let related: Vec<u32> = (0..tasks)
        .map(|one| (0..tasks).filter(|other| comes_after(graph, one, *other)).map(|it| 1 << it).sum())
        .collect();
    let independent = |set: &u32| (0..tasks).all(|task| set & 1 << task == 0 || set & related[task] == 0);
    (0..1_u32 << tasks).filter(independent).map(|set| set.count_ones() as usize).max().unwrap_or(0)
}

/// The longest way that ends with this task, but without it.
fn longest_before(graph: &TaskGraph, task: usize) -> u64 {
    let until = |before: usize| longest_before(graph, before) + graph.tasks()[before].time;
    graph.predecessors(task).map(|(before, _)| until(before)).max().unwrap_or(0)
}

proptest! {
    #[test]
    fn paths_and_profiles(graph in graphs(9, 3)) {
        let tasks = graph.tasks();
        let starts: Vec<_> = (0..tasks.len()).map(|task| longest_before(&graph, task)).collect();
        prop_assert_eq!(&graph.earliest_starts(), &starts);
        let ends = || starts.iter().zip(tasks).map(|(start, task)| start + task.time);
        prop_assert_eq!(graph.span(), ends().max().expect("one at least"));
        prop_assert_eq!(graph.work(), tasks.iter().map(|task| task.time).sum::<u64>());

        let path = graph.critical_path();
        prop_assert_eq!(path.iter().map(|task| tasks[*task].time).sum::<u64>(), graph.span());
        for pair in path.windows(2) {
            prop_assert!(graph.successors(pair[0]).any(|(next, _)| next == pair[1]));
        }
        prop_assert!(path.last().is_none_or(|last| graph.successors(*last).len() == 0));

        let steps = graph.profile();
        let at = |time| steps.iter().rev().find(|step| step.time <= time).map_or(0, |step| step.running);
        for time in 0..=graph.span() {
            let running = starts.iter().zip(ends()).filter(|(start, end)| (**start..*end).contains(&time));
            prop_assert_eq!(at(time), running.count());
        }
        prop_assert!(steps.windows(2).all(|it| it[0].time < it[1].time && it[0].running != it[1].running));
        prop_assert!(steps.iter().all(|step| step.running <= graph.width().expect("small")));
    }

    #[test]
    fn the_width_is_the_largest_of_all_independent_sets(graph in graphs(9, 0)) {
        prop_assert_eq!(graph.width(), Ok(widest(&graph)));
    }

    /// The matching of petgraph, on a closure of words: more than 64 tasks.
    #[test]
    fn the_width_is_that_of_petgraph(graph in graphs(150, 0)) {
        let tasks = graph.tasks().len();
        let mut after = vec![vec![false; tasks]; tasks];
        for task in graph.in_order().collect::<Vec<_>>().into_iter().rev() {
            for (next, _) in graph.successors(task) {
                let row = after[next].clone();
                after[task].iter_mut().zip(row).for_each(|(to, it)| *to |= it);
                after[task][next] = true;
            }
        }
        let pairs = (0..tasks).flat_map(|one| (0..tasks).map(move |other| (one, other)));
        let related = pairs.filter(|(one, other)| after[*one][*other]);
        let both = related.map(|(one, other)| (one as u32, (tasks + other) as u32));
        let sides = UnGraph::<(), ()>::from_edges(both);
        prop_assert_eq!(graph.width(), Ok(tasks - maximum_matching(&sides).len()));
    }

    /// A graph is refused when petgraph finds a cycle, and what is named is one.
    #[test]
    fn a_cycle_is_found_and_named(
        tasks in 1..12_usize,
        ends in prop::collection::vec((0..12_usize, 0..12_usize), 0..14),
    ) {
        let edges: Vec<_> = ends.iter().map(|(from, to)| edge(from % tasks, to % tasks, 0)).collect();
        let mut twin = DiGraph::<(), ()>::new();
        let nodes: Vec<_> = (0..tasks).map(|_| twin.add_node(())).collect();
        edges.iter().for_each(|it| { twin.add_edge(nodes[it.from], nodes[it.to], ()); });
        let result = TaskGraph::new(vec![Task::default(); tasks], &edges);
        prop_assert_eq!(result.is_ok(), toposort(&twin, None).is_ok());
        match result {
            Ok(graph) => {
                let mut place = vec![usize::MAX; tasks];
                graph.in_order().enumerate().for_each(|(at, task)| place[task] = at);
                prop_assert!(place.iter().all(|at| *at < tasks));
                prop_assert!(edges.iter().all(|it| place[it.from] < place[it.to]));
            }
            Err(GraphError::Cycle(Cycle(cycle))) => {
                let next = cycle.iter().cycle().skip(1);
                for (from, to) in cycle.iter().zip(next) {
                    prop_assert!(edges.contains(&edge(*from, *to, 0)), "{} -> {}", from, to);
                }
                let mut distinct = cycle.clone();
                distinct.sort_unstable();
                distinct.dedup();
                prop_assert!(!cycle.is_empty() && distinct.len() == cycle.len());
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn edges_are_what_they_were(graph in graphs(20, 5)) {
        let all = edges(&graph);
        prop_assert_eq!(all.len(), graph.edges());
        prop_assert_eq!(all.iter().map(|it| it.delay).sum::<u64>(), graph.delays());
        let back = |to| graph.predecessors(to).map(move |(from, delay)| Edge { from, to, delay });
        let mut by_end: Vec<_> = (0..graph.tasks().len()).flat_map(back).collect();
        let mut by_begin = all.clone();
        by_end.sort_unstable();
        by_begin.sort_unstable();
        prop_assert_eq!(by_begin, by_end);
        prop_assert_eq!(TaskGraph::new(graph.tasks().to_vec(), &all).expect("it was one").bottom_levels(), graph.bottom_levels());
    }
}

#[test]
fn a_bottom_level_is_the_way_to_the_end() {
    let graph = graph(&[3, 1, 4, 1, 5], &[(0, 1), (1, 2), (0, 3), (3, 4)]);
    assert_eq!(graph.bottom_levels(), [9, 5, 4, 6, 5]);
    assert_eq!((graph.span(), graph.work(), graph.critical_path()), (9, 14, vec![0, 3, 4]));
    let step = |time, running| Step { time, running };
    assert_eq!(graph.profile(), [step(0, 1), step(3, 2), step(8, 1), step(9, 0)]);
    assert_eq!(graph.width(), Ok(2));
}

/// Of two longest ways the one of lower numbers is taken.
#[test]
fn a_critical_path_is_always_the_same() {
    let graph = graph(&[2, 2, 3, 3], &[(1, 3), (1, 2), (0, 3)]);
    assert_eq!(graph.critical_path(), [0, 3]);
    assert_eq!(self::graph(&[], &[]).critical_path(), [0_usize; 0]);
    assert_eq!((self::graph(&[], &[]).width(), self::graph(&[], &[]).profile()), (Ok(0), vec![]));
}

#[test]
fn what_is_no_graph_is_refused() {
    let tasks = |times: &[u64]| times.iter().map(|time| Task { time: *time, ..Task::default() }).collect();
    let refused = |times: &[u64], edges: &[Edge]| {
        TaskGraph::new(tasks(times), edges).expect_err("no graph").to_string()
    };
    let unknown = "edge 0 -> 2: there is no task 2, only 2 from 0 on";
    assert_eq!(refused(&[1, 1], &[edge(0, 2, 0)]), unknown);
    let unknown = "edge 7 -> 9: there is no task 7, only 2 from 0 on";
    assert_eq!(refused(&[1, 1], &[edge(0, 1, 0), edge(7, 9, 0)]), unknown);
    assert_eq!(refused(&[1], &[edge(0, 0, 0)]), "tasks wait for each other: 0 -> 0");
    let circle = [edge(0, 1, 0), edge(1, 2, 0), edge(2, 3, 0), edge(3, 1, 0), edge(3, 4, 0)];
    let named = refused(&[1; 5], &circle);
    assert!(
        ["1 -> 2 -> 3 -> 1", "2 -> 3 -> 1 -> 2", "3 -> 1 -> 2 -> 3"].iter().any(|it| named.ends_with(it)),
        "{named}"
    );
    let long = "all times and delays together are more than 18446744073709551615 ticks";
    assert_eq!(refused(&[u64::MAX, 1], &[]), long);
    assert_eq!(refused(&[1, 0, 1], &[edge(0, 1, u64::MAX), edge(1, 2, 1)]), long);
    assert_eq!(refused(&[1, 0], &[edge(0, 1, u64::MAX)]), long);
    let longest = TaskGraph::new(tasks(&[1, 0]), &[edge(0, 1, u64::MAX - 1)]).expect("just countable");
    assert_eq!((longest.work(), longest.delays()), (1, u64::MAX - 1));
}

#[test]
fn what_is_not_there_has_no_neighbours() {
    let (graph, _) = ten_tasks();
    assert_eq!(graph.successors(0).collect::<Vec<_>>(), [(1, 18), (2, 12), (3, 9), (4, 11), (5, 14)]);
    assert_eq!(graph.predecessors(9).collect::<Vec<_>>(), [(6, 17), (7, 11), (8, 13)]);
    for task in [10, 11, usize::MAX] {
        assert_eq!((graph.successors(task).len(), graph.predecessors(task).len()), (0, 0));
    }
}

#[test]
fn the_width_of_a_large_graph_is_not_computed() {
    let limit = TaskGraph::WIDTH_LIMIT;
    assert_eq!(graph(&vec![1; limit], &[]).width(), Ok(limit));
    let refused = graph(&vec![1; limit + 1], &[]).width().expect_err("too large");
    assert_eq!(refused, WidthError { tasks: limit + 1 });
    assert_eq!(refused.to_string(), "the width of 4097 tasks is not computed: of 4096 at most");
}
