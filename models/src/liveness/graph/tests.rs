//! Fair runs in graphs that are small enough to see it, in random ones, and in a long one.

use std::iter::once;

use proptest::prelude::*;

use super::*;

/// For each state, by what it leads where.
type Edges<'a> = &'a [&'a [(char, u32)]];

fn graph(edges: Edges<'_>, starts: &[u32]) -> Graph<u32, char> {
    let successors = |state: &u32, next: &mut Vec<_>| next.extend_from_slice(edges[*state as usize]);
    Graph::explore(starts.iter().copied(), successors, |_| true).expect("nothing ends it")
}

/// A fair run through one of these states again and again, from state 0: its beginning, and what
/// repeats.
fn fair(edges: Edges<'_>, through: &[u32]) -> Option<(String, String)> {
    let graph = graph(edges, &[0]);
    let lasso = graph.lasso(|_| true, |state| through.contains(graph.state(state)), |_| true)?;
    Some((lasso.before.iter().collect(), lasso.cycle.iter().collect()))
}

fn told(before: &str, cycle: &str) -> Option<(String, String)> {
    Some((before.into(), cycle.into()))
}

#[test]
fn a_state_that_leads_to_itself_is_a_cycle() {
    assert_eq!(fair(&[&[('a', 1)], &[('b', 1)]], &[1]), told("a", "b"));
    assert_eq!(fair(&[&[('a', 1)], &[('b', 1)]], &[0]), None, "it is left at once, for ever");
}

#[test]
fn two_states_that_lead_to_each_other_are_a_cycle() {
    assert_eq!(fair(&[&[('a', 1)], &[('b', 0)]], &[1]), told("", "ab"));
}

#[test]
fn a_cycle_that_can_be_left_by_the_same_event_everywhere_is_not_fair() {
    let edges: Edges<'_> = &[&[('a', 1), ('x', 2)], &[('b', 0), ('x', 2)], &[]];
    assert_eq!(fair(edges, &[0, 1]), None);
    assert_eq!(fair(edges, &[2]), told("x", ""));
}

#[test]
fn a_cycle_where_the_event_that_leaves_is_not_always_possible_is_fair() {
    assert_eq!(fair(&[&[('a', 1), ('x', 2)], &[('b', 0)], &[]], &[1]), told("", "ab"));
    // By one event here and by another there, it can be left from everywhere.
    assert_eq!(fair(&[&[('a', 1), ('x', 2)], &[('b', 0), ('y', 2)], &[]], &[1]), told("", "ab"));
}

#[test]
fn to_go_round_without_an_event_takes_a_cycle_without_it() {
    let without_t = |edges| graph(edges, &[0]).goes_round_without('t');
    assert!(!without_t(&[&[('a', 1)], &[('t', 0), ('b', 2)], &[]]));
    assert!(without_t(&[&[('a', 1)], &[('t', 0), ('b', 0)]]));
    assert!(without_t(&[&[('a', 1)], &[('t', 0), ('b', 1)]]), "from a state to itself, too");
    assert!(!without_t(&[&[('t', 0)]]));
}

#[test]
fn an_event_that_is_always_possible_is_taken_in_the_cycle() {
    let edges: Edges<'_> = &[&[('a', 1), ('c', 2)], &[('b', 0), ('c', 1)], &[('d', 0), ('c', 2)]];
    let (_, cycle) = fair(edges, &[1]).expect("all of it");
    assert!(cycle.contains('c') && cycle.contains('a'), "{cycle}");
}

/// The shortest cycle is not fair, as `x` is always possible there; but it is not elsewhere.
#[test]
fn a_cycle_goes_where_an_event_is_not_possible() {
    let edges: Edges<'_> = &[&[('a', 1), ('x', 3)], &[('b', 0), ('x', 3), ('c', 2)], &[('d', 0)], &[]];
    assert_eq!(fair(edges, &[0]), told("", "acd"));
}

/// An event need not always lead to the same state: it is taken if it is by one of its edges.
#[test]
fn an_event_that_may_stay_is_no_reason_to_leave() {
    assert_eq!(fair(&[&[('x', 0), ('x', 1)], &[]], &[0]), told("", "x"));
    assert_eq!(fair(&[&[('x', 1), ('x', 0)], &[('b', 1)]], &[0]), told("", "x"));
}

#[test]
fn nothing_happens_any_more_only_where_runs_end() {
    let graph = graph(&[&[('a', 1)], &[]], &[0]);
    let lasso = |is_end: bool| graph.lasso(|_| true, |_| true, |_| is_end);
    assert_eq!(lasso(true), Some(Lasso { start: 0, before: vec!['a'], cycle: vec![] }));
    assert_eq!(lasso(false), None, "it was not followed further");
}

#[test]
fn a_cycle_goes_through_what_it_must() {
    // State 2 is off the shortest cycle, and state 3 on none.
    let edges: Edges<'_> = &[&[('a', 1), ('e', 3)], &[('b', 0), ('c', 2)], &[('d', 1)], &[('f', 0)]];
    assert_eq!(fair(edges, &[2]), told("", "acdb"));
    assert_eq!(fair(edges, &[3]), told("", "ef"));
    let edges: Edges<'_> = &[&[('e', 1)], &[('a', 2)], &[('b', 1)]];
    assert_eq!(fair(edges, &[0]), None);
}

#[test]
fn a_run_may_come_from_outside_but_stays_within() {
    let graph = graph(&[&[('a', 1)], &[('b', 2), ('c', 0)], &[('d', 1)]], &[0]);
    let within = |allowed: &'static [u32]| graph.lasso(|s| allowed.contains(&s), |_| true, |_| true);
    assert_eq!(within(&[1, 2]), Some(Lasso { start: 0, before: vec!['a'], cycle: vec!['b', 'd'] }));
    assert_eq!(within(&[0, 2]), None);
    assert_eq!(within(&[]), None);
}

#[test]
fn the_run_from_the_earliest_start_is_told() {
    let edges: Edges<'_> = &[&[('a', 1)], &[('b', 4)], &[('c', 3)], &[('d', 3)], &[('x', 2), ('y', 1)]];
    let lasso = |starts: &[u32], through: &[u32]| {
        let graph = graph(edges, starts);
        let lasso = graph.lasso(|_| true, |state| through.contains(graph.state(state)), |_| true);
        lasso.map(|lasso| (*graph.state(lasso.start), lasso.before.iter().collect::<String>()))
    };
    assert_eq!(lasso(&[0, 2], &[3]), Some((0, "abxc".into())));
    assert_eq!(lasso(&[2, 0], &[3]), Some((2, "c".into())));
    // The nearest of two.
    assert_eq!(lasso(&[0, 2], &[1, 3]), Some((0, "a".into())));
    assert_eq!(lasso(&[3, 2, 0], &[4]), Some((0, "a".into())));
}

#[test]
fn an_exploration_can_be_ended() {
    let successors = |state: &u32, next: &mut Vec<_>| next.push(('a', state + 1));
    assert!(Graph::explore([0], successors, |expanded| expanded < 100).is_none());
}

/// One state after another, too many for a search that calls itself, and the cycle at their end.
#[test]
fn a_long_way_does_not_overflow_the_stack() {
    const LENGTH: u32 = 2_000_000;
    let successors = |state: &u32, next: &mut Vec<_>| next.push(('a', (state + 1).min(LENGTH)));
    let graph = Graph::explore([0], successors, |_| true).expect("nothing ends it");
    let lasso = graph.lasso(|_| true, |_| true, |_| true).expect("the last state leads to itself");
    assert_eq!((lasso.before.len(), lasso.cycle.len()), (LENGTH as usize, 1));
    // And all of them in one component.
    let successors = |state: &u32, next: &mut Vec<_>| next.push(('a', (state + 1) % LENGTH));
    let graph = Graph::explore([0], successors, |_| true).expect("nothing ends it");
    let lasso = graph.lasso(|_| true, |_| true, |_| true).expect("all of it is a cycle");
    assert_eq!((lasso.before.len(), lasso.cycle.len()), (0, LENGTH as usize));
}

/// A small graph, and what is asked of it.
#[derive(Clone, Debug)]
struct Question {
    starts: Vec<u32>,
    states: Vec<Asked>,
}

#[derive(Clone, Debug)]
struct Asked {
    /// Where each event leads, if it is possible: always to the same state.
    edges: Vec<Option<u32>>,
    is_within: bool,
    is_through: bool,
    is_end: bool,
}

fn question() -> impl Strategy<Value = Question> {
    (1..=5_u32).prop_flat_map(|size| {
        let edges = prop::collection::vec(prop::option::weighted(0.45, 0..size), 4);
        let state = (edges, prop::bool::weighted(0.85), any::<bool>(), any::<bool>());
        let state = state.prop_map(|(edges, is_within, is_through, is_end)| Asked {
            edges,
            is_within,
            is_through,
            is_end,
        });
        let states = prop::collection::vec(state, size as usize);
        (prop::collection::vec(0..size, 1..3), states)
            .prop_map(|(starts, states)| Question { starts, states })
    })
}

impl Question {
    fn asked(&self, state: u32) -> &Asked {
        &self.states[state as usize]
    }

    fn explored(&self) -> Graph<u32, usize> {
        let successors = |state: &u32, next: &mut Vec<_>| {
            let edges = self.asked(*state).edges.iter().enumerate();
            next.extend(edges.filter_map(|(event, to)| Some((event, (*to)?))));
        };
        Graph::explore(self.starts.iter().copied(), successors, |_| true).expect("nothing ends it")
    }

    /// The states that can be reached from this one by edges that do not leave these, as bits.
    fn reach(&self, from: u32, inside: u32) -> u32 {
        let mut reached = 1 << from;
        for _ in &self.states {
            for (number, state) in self.states.iter().enumerate() {
                if reached >> number & 1 == 1 {
                    state.edges.iter().flatten().for_each(|to| reached |= (1 << to) & inside);
                }
            }
        }
        reached
    }

    /// Whether to visit exactly these states again and again, and by every edge between them, is a
    /// fair run.
    fn is_fair(&self, set: u32) -> bool {
        let states: Vec<u32> = (0..self.states.len() as u32).filter(|state| set >> state & 1 == 1).collect();
        let is_inside = |to: &Option<u32>| to.is_some_and(|to| set >> to & 1 == 1);
        let stays = states.iter().flat_map(|s| &self.asked(*s).edges).any(is_inside);
        if !stays {
            let only = self.asked(states[0]);
            return states.len() == 1 && only.is_end && only.edges.iter().all(Option::is_none);
        }
        let is_connected = states.iter().all(|state| self.reach(*state, set) & set == set);
        let by = |event: usize| states.iter().map(move |state| self.asked(*state).edges[event]);
        let is_neglected =
            |event: usize| by(event).all(|to| to.is_some()) && !by(event).any(|to| is_inside(&to));
        is_connected && !(0..4).any(is_neglected)
    }

    /// Whether there is a fair run from this state. All that a run visits again and again is some
    /// set of states, so each set is tried.
    fn has_fair_run(&self, start: u32) -> bool {
        let reached = self.reach(start, u32::MAX);
        let states = || 0..self.states.len() as u32;
        let bits =
            |of: fn(&Asked) -> bool| states().filter(|s| of(self.asked(*s))).fold(0, |bits, s| bits | 1 << s);
        let (within, through) = (bits(|state| state.is_within), bits(|state| state.is_through));
        let mut sets = 1..1_u32 << self.states.len();
        sets.any(|set| set & reached & within == set && set & through != 0 && self.is_fair(set))
    }

    /// The states on the way, with the first, by these events.
    fn follow(&self, start: u32, events: &[usize]) -> Option<Vec<u32>> {
        let states = events.iter().scan(Some(start), |state, event| {
            *state = state.and_then(|state| self.asked(state).edges[*event]);
            Some(*state)
        });
        once(Some(start)).chain(states).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

    #[test]
    fn a_fair_run_is_found_if_there_is_one(question in question()) {
        let graph = question.explored();
        let lasso = graph.lasso(
            |state| question.asked(*graph.state(state)).is_within,
            |state| question.asked(*graph.state(state)).is_through,
            |state| question.asked(*graph.state(state)).is_end,
        );
        let start = question.starts.iter().find(|start| question.has_fair_run(**start));
        prop_assert_eq!(lasso.as_ref().map(|lasso| graph.state(lasso.start)), start);
        let Some(Lasso { before, cycle, .. }) = lasso else { return Ok(()) };
        let way = question.follow(*start.expect("it has one"), &before).expect("a real way");
        let entry = way[way.len() - 1];
        let round = question.follow(entry, &cycle).expect("a real way");
        prop_assert_eq!(round[round.len() - 1], entry, "it closes");
        prop_assert!(round.iter().all(|state| question.asked(*state).is_within));
        prop_assert!(round.iter().any(|state| question.asked(*state).is_through));
        if cycle.is_empty() {
            prop_assert!(question.is_fair(1 << entry));
        }
        for event in 0..4 {
            let is_always_possible = round.iter().all(|state| question.asked(*state).edges[event].is_some());
            prop_assert!(!is_always_possible || cycle.contains(&event), "{} in {:?}", event, cycle);
        }
    }

    #[test]
    fn components_are_those_who_reach_each_other(question in question()) {
        let graph = question.explored();
        let is_within = |state: u32| question.asked(*graph.state(state)).is_within;
        let within = (0..graph.len() as u32).filter(|state| is_within(*state));
        let inside = within.clone().fold(0, |bits, state| bits | 1 << graph.state(state));
        let reaches = |from: u32, to: u32| question.reach(*graph.state(from), inside) >> graph.state(to) & 1 == 1;
        let expected = within.clone().map(|state| {
            within.clone().filter(|other| reaches(state, *other) && reaches(*other, state)).collect::<Vec<_>>()
        });
        let mut expected: Vec<_> = expected.collect();
        expected.sort();
        expected.dedup();
        let mut found = graph.components(&is_within);
        found.sort();
        prop_assert_eq!(found, expected);
    }
}
