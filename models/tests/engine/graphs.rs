//! The engine on random graphs, where a naive search says what is true, and on endless ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use althing_models::Limits;
use althing_models::engine::{Engine, Exploration, MAX_PROPERTIES, Unsupported};
use althing_models::limits::{Cut, Progress};
use proptest::prelude::*;
use stateright::{Model, Property};

use crate::{NEVER, follow, levels};

/// States are numbers, with up to as many edges as there are actions.
#[derive(Clone, Debug)]
struct Graph {
    initial: Vec<usize>,
    nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
struct Node {
    /// Where each action leads, if it can be taken.
    edges: Vec<Option<usize>>,
    is_outside: bool,
    is_bad: bool,
    is_goal: bool,
}

impl Model for Graph {
    type State = usize;
    type Action = usize;

    fn init_states(&self) -> Vec<usize> {
        self.initial.clone()
    }

    fn actions(&self, state: &usize, actions: &mut Vec<usize>) {
        actions.extend(0..self.nodes[*state].edges.len());
    }

    fn next_state(&self, state: &usize, action: usize) -> Option<usize> {
        self.nodes[*state].edges[action]
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("good", |graph: &Self, state: &usize| !graph.nodes[*state].is_bad),
            Property::sometimes("goal", |graph: &Self, state: &usize| graph.nodes[*state].is_goal),
        ]
    }

    fn within_boundary(&self, state: &usize) -> bool {
        !self.nodes[*state].is_outside
    }
}

/// Small graphs of any shape, and large ones whose levels are wide enough for several threads.
fn graph() -> impl Strategy<Value = Graph> {
    prop_oneof![2..40_usize, 3_000..6_000_usize].prop_flat_map(|size| {
        let edges = prop::collection::vec(prop::option::weighted(0.8, 0..size), 0..5);
        // About so many of a kind that the nearest is not always near.
        let rare = || prop::bool::weighted(2.0 / size as f64);
        let node = (edges, prop::bool::weighted(0.1), rare(), rare());
        let node =
            node.prop_map(|(edges, is_outside, is_bad, is_goal)| Node { edges, is_outside, is_bad, is_goal });
        let nodes = prop::collection::vec(node, size);
        let initial = prop::collection::vec(0..size, 0..3);
        (initial, nodes).prop_map(|(initial, nodes)| Graph { initial, nodes })
    })
}

/// The state that these actions lead to from one of the initial ones, without leaving the
/// boundary, if it is as wanted.
fn leads_to(graph: &Graph, actions: &[usize], wanted: impl Fn(&Node) -> bool) -> bool {
    graph.initial.iter().any(|initial| {
        let mut states = actions.iter().scan(Some(*initial), |state, action| {
            let before = state.filter(|state| !graph.nodes[*state].is_outside)?;
            *state = *graph.nodes[before].edges.get(*action)?;
            Some(*state)
        });
        let last = if actions.is_empty() { Some(*initial) } else { states.nth(actions.len() - 1).flatten() };
        last.is_some_and(|state| !graph.nodes[state].is_outside && wanted(&graph.nodes[state]))
    })
}

fn run(graph: &Graph, threads: usize, until: Option<&'static str>) -> Exploration<usize> {
    let engine = Engine::new(graph).expect("it has properties of states");
    engine.run(&Limits { threads, until, ..Limits::default() })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn it_finds_what_a_naive_search_finds(graph in graph()) {
        let levels = levels(&graph);
        let distance = |wanted: fn(&Node) -> bool| {
            levels.iter().position(|level| level.iter().any(|state| wanted(&graph.nodes[*state])))
        };
        let nearest = [distance(|node| node.is_bad), distance(|node| node.is_goal)];
        // What is explored if the states of so many levels have been.
        let figures = |levels_expanded: usize| {
            let within = |state: &&usize| !graph.nodes[**state].is_outside;
            let edges = |state: &usize| graph.nodes[*state].edges.iter().flatten().filter(within).count();
            let expanded = levels.iter().take(levels_expanded).flatten().map(edges).sum::<usize>();
            let unique = levels.iter().take(levels_expanded + 1).map(|level| level.len()).sum::<usize>();
            let initial = graph.initial.iter().filter(within).count();
            let depth = levels_expanded.min(levels.len().saturating_sub(1));
            (initial + expanded, unique, depth)
        };
        for (until, stop) in [(NEVER, None), (None, nearest[0]), (Some("good"), nearest[0]), (Some("goal"), nearest[1])] {
            for threads in [1, 2, 3, 8] {
                let Exploration { progress, cut, found, .. } = run(&graph, threads, until);
                let Progress { states, unique_states, depth, queue, .. } = progress;
                prop_assert_eq!(cut, stop.map(|_| Cut::Found));
                prop_assert_eq!((states, unique_states, depth), figures(stop.unwrap_or(levels.len())));
                let open = stop.and_then(|stop| levels.get(stop)).map_or(0, |level| level.len());
                prop_assert_eq!(queue, open);
                // What is not nearer than where the search ended is found nevertheless in its last level.
                let expected = nearest.map(|distance| distance.filter(|d| stop.is_none_or(|stop| *d <= stop)));
                let lengths: Vec<_> = found.iter().map(|way| way.as_ref().map(Vec::len)).collect();
                prop_assert_eq!(&lengths[..], &expected[..]);
                let wanted: [fn(&Node) -> bool; 2] = [|node| node.is_bad, |node| node.is_goal];
                for (way, wanted) in found.iter().zip(wanted) {
                    prop_assert!(way.as_ref().is_none_or(|way| leads_to(&graph, way, wanted)));
                }
                if threads == 1 {
                    prop_assert_eq!(run(&graph, 1, until).found, found, "one thread does the same again");
                }
            }
        }
    }
}

/// The root has 64 children, each has 64 too, and each of these has one, slowly made, so that all
/// threads have a share of the last level.
struct Wide;

impl Model for Wide {
    type State = u32;
    type Action = u32;

    fn init_states(&self) -> Vec<u32> {
        vec![1]
    }

    fn actions(&self, state: &u32, actions: &mut Vec<u32>) {
        match state {
            ..4096 => actions.extend(0..64),
            4096..8192 => actions.push(4096),
            _ => {}
        }
    }

    fn next_state(&self, state: &u32, action: u32) -> Option<u32> {
        if *state < 4096 {
            return Some(state * 64 + action);
        }
        let start = Instant::now();
        while start.elapsed() < Duration::from_micros(10) {
            std::hint::spin_loop();
        }
        Some(state + action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::sometimes("one", is::<0>),
            Property::sometimes("two", is::<1>),
            Property::sometimes("three", is::<2>),
            Property::sometimes("four", is::<3>),
            Property::sometimes("five", is::<4>),
            Property::sometimes("six", is::<5>),
        ]
    }
}

/// One of some states that are spread over the last level.
fn is<const I: u32>(_: &Wide, state: &u32) -> bool {
    *state == 8192 + 100 + I * 750
}

#[test]
fn whichever_thread_finds_something_the_way_leads_there() {
    for threads in [1, 2, 3, 8] {
        let engine = Engine::new(&Wide).expect("it has properties of states");
        let Exploration { progress, cut, found, .. } = engine.run(&Limits { threads, ..Limits::default() });
        assert_eq!((cut, progress.unique_states, progress.depth), (None, 1 + 64 + 2 * 4096, 3));
        let states = found.iter().map(|way| follow(&Wide, way.as_ref()?));
        let expected = (0..6).map(|i| Some(8192 + 100 + i * 750));
        assert!(states.eq(expected), "{threads} threads: {found:?}");
    }
}

/// A tree without end, or a way without end if it has one branch.
struct Endless {
    branches: u64,
    properties: fn() -> Vec<Property<Endless>>,
}

impl Model for Endless {
    type State = u64;
    type Action = u64;

    fn init_states(&self) -> Vec<u64> {
        vec![0]
    }

    fn actions(&self, _: &u64, actions: &mut Vec<u64>) {
        actions.extend(1..=self.branches);
    }

    fn next_state(&self, state: &u64, action: u64) -> Option<u64> {
        Some(state.wrapping_mul(self.branches).wrapping_add(action))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        (self.properties)()
    }
}

#[test]
fn a_model_that_does_not_end_is_ended_by_each_limit_and_says_so() {
    let properties =
        || vec![Property::always("holds", |_, _| true), Property::sometimes("happens", |_, _| false)];
    let interrupted = || Some(Arc::new(AtomicBool::new(true)));
    for branches in [1, 2] {
        let endless = Endless { branches, properties };
        for threads in [1, 2] {
            let limits = Limits { threads, ..Limits::default() };
            for (limits, expected) in [
                (Limits { time: Some(Duration::from_millis(60)), ..limits.clone() }, Cut::Time),
                (Limits { memory: Some(1), ..limits.clone() }, Cut::Memory),
                (Limits { interrupt: interrupted(), ..limits.clone() }, Cut::Interrupt),
            ] {
                if expected == Cut::Memory && !cfg!(target_os = "linux") {
                    continue;
                }
                let start = Instant::now();
                let engine = Engine::new(&endless).expect("it has properties of states");
                let Exploration { progress, cut, found, table_bytes } = engine.run(&limits);
                assert_eq!(cut, Some(expected));
                assert_eq!(found, [None, None], "neither is known");
                assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
                let Progress { states, unique_states, queue, depth, .. } = progress;
                assert!(states >= unique_states && unique_states > queue && queue > 0, "{progress:?}");
                assert!(depth > 0 && (branches > 1 || unique_states == depth + 1), "{progress:?}");
                assert!(table_bytes >= 16 * unique_states as u64, "{table_bytes} bytes: {progress:?}");
            }
        }
    }
}

#[test]
fn who_watches_an_endless_model_can_interrupt_it() {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    let watch = Arc::new(move |progress: &Progress| {
        assert!(progress.unique_states > 0);
        set.store(true, Ordering::Relaxed);
    });
    let limits = Limits { interrupt: Some(flag), watch: Some(watch), ..Limits::default() };
    let endless = Endless { branches: 2, properties: Vec::new };
    let exploration = Engine::new(&endless).expect("it has no properties").run(&limits);
    assert_eq!(exploration.cut, Some(Cut::Interrupt));
}

#[test]
fn properties_that_it_cannot_decide_are_refused() {
    fn refused(properties: fn() -> Vec<Property<Endless>>) -> Option<Unsupported> {
        Engine::new(&Endless { branches: 1, properties }).err()
    }
    let eventually = || vec![Property::always("a", |_, _| true), Property::eventually("b", |_, _| true)];
    assert_eq!(refused(eventually), Some(Unsupported::Eventually("b")));
    let too_many = || (0..=MAX_PROPERTIES).map(|_| Property::always("a", |_, _| true)).collect();
    assert_eq!(refused(too_many), Some(Unsupported::TooManyProperties(65)));
}

/// Each of the most properties that there can be is decided where it first can be.
#[test]
fn as_many_properties_as_there_are_bits_are_decided() {
    const MOST: usize = MAX_PROPERTIES;
    struct Chain;
    impl Model for Chain {
        type State = usize;
        type Action = ();
        fn init_states(&self) -> Vec<usize> {
            vec![0]
        }
        fn actions(&self, state: &usize, actions: &mut Vec<()>) {
            actions.extend((*state < MOST).then_some(()));
        }
        fn next_state(&self, state: &usize, (): ()) -> Option<usize> {
            Some(state + 1)
        }
        fn properties(&self) -> Vec<Property<Self>> {
            let mut properties = vec![Property::sometimes("last", |_, state| *state == MOST)];
            properties.resize_with(MOST, || Property::sometimes("third", |_, state| *state == 3));
            properties
        }
    }
    let exploration = Engine::new(&Chain).expect("they fit").run(&Limits::default());
    let lengths: Vec<_> = exploration.found.iter().flatten().map(Vec::len).collect();
    assert_eq!(lengths[0], MOST);
    assert_eq!(lengths[1..], [3; MOST - 1]);
}
