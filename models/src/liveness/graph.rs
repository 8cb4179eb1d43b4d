//! Which runs for ever are fair, in a finite graph of states.
//!
//! A run for ever goes round some cycle in the end. All states that lie on cycles together are a
//! strongly connected component, and a run can visit all of it again and again. Under weak
//! fairness an event that could happen at any time has to happen: so a component in which some
//! event is possible in every state, and never taken, cannot hold a run for ever; nor can any part
//! of it. All other components can.

use std::collections::VecDeque;
use std::hash::Hash;

use crate::intern::Interner;

/// From one state to another, by an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Edge<E> {
    pub(super) event: E,
    pub(super) to: u32,
}

/// The states that can be reached, by number, with their edges: what a state is, 12 bytes more for
/// it and about as many to find it by, and 8 for each edge if its event has 4.
pub(super) struct Graph<S, E> {
    states: Interner<S>,
    /// Where the edges of each state begin; of one more than there are.
    first: Vec<usize>,
    edges: Vec<Edge<E>>,
    /// From which state each was first reached; itself if the search began with it.
    from: Vec<u32>,
}

/// A run for ever: through these edges once, and then through those again and again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Lasso<E> {
    /// The number of the state where it begins: one that the search began with.
    pub(super) start: u32,
    pub(super) before: Vec<E>,
    /// Empty if nothing can happen any more.
    pub(super) cycle: Vec<E>,
}

impl<S: Hash + Eq + Clone, E: Copy + Eq> Graph<S, E> {
    /// Everything that can be reached from these states, one after another: what can be reached
    /// from an earlier one is not counted for a later one. `None` if `go_on` ends it before.
    pub(super) fn explore(
        starts: impl IntoIterator<Item = S>,
        successors: impl Fn(&S, &mut Vec<(E, S)>),
        mut go_on: impl FnMut(usize) -> bool,
    ) -> Option<Self> {
        let states = Interner::new();
        let (mut first, mut edges, mut from) = (vec![0], Vec::new(), Vec::new());
        let mut next = Vec::new();
        for start in starts {
            let number = states.intern(start);
            if number as usize == from.len() {
                from.push(number);
            }
            while first.len() <= from.len() {
                let state = first.len() - 1;
                if !go_on(state) {
                    return None;
                }
                successors(states.get(state as u32), &mut next);
                for (event, successor) in next.drain(..) {
                    let to = states.intern(successor);
                    if to as usize == from.len() {
                        from.push(state as u32);
                    }
                    edges.push(Edge { event, to });
                }
                first.push(edges.len());
            }
        }
        Some(Self { states, first, edges, from })
    }

    pub(super) fn len(&self) -> usize {
        self.from.len()
    }

    pub(super) fn edge_count(&self) -> usize {
        self.edges.len()
    }

    pub(super) fn states(&self) -> impl Iterator<Item = &S> {
        self.states.iter()
    }

    pub(super) fn state(&self, number: u32) -> &S {
        self.states.get(number)
    }

    fn edges(&self, state: u32) -> &[Edge<E>] {
        &self.edges[self.first[state as usize]..self.first[state as usize + 1]]
    }

    /// A fair run for ever within the states that `within` allows, and through one that `through`
    /// allows again and again: that of the component which is reached from the earliest start.
    ///
    /// A state without edges is one where nothing happens any more if it `is_end`; else it is one
    /// that was not followed.
    pub(super) fn lasso(
        &self,
        within: impl Fn(u32) -> bool,
        through: impl Fn(u32) -> bool,
        is_end: impl Fn(u32) -> bool,
    ) -> Option<Lasso<E>> {
        // States are numbered as they were reached, so the least of a component is the nearest.
        let components = self.components(&within);
        let bad =
            components.into_iter().filter(|c| c.iter().any(|s| through(*s)) && self.is_fair(c, &is_end));
        let component = bad.min_by_key(|component| component[0])?;
        let entry = component[0];
        let (start, before) = self.way_to(entry);
        Some(Lasso { start, before, cycle: self.cycle(&component, through) })
    }

    /// Whether it is possible to go on for ever without this event.
    pub(super) fn goes_round_without(&self, event: E) -> bool {
        let other = |edge: &&Edge<E>| edge.event != event;
        // How many ways into each state are left; those into which none is are taken out.
        let mut ways = vec![0_usize; self.len()];
        self.edges.iter().filter(other).for_each(|edge| ways[edge.to as usize] += 1);
        let mut open: Vec<u32> = (0..self.len() as u32).filter(|s| ways[*s as usize] == 0).collect();
        let mut taken = 0;
        while let Some(state) = open.pop() {
            taken += 1;
            for edge in self.edges(state).iter().filter(other) {
                ways[edge.to as usize] -= 1;
                if ways[edge.to as usize] == 0 {
                    open.push(edge.to);
                }
            }
        }
        taken < self.len()
    }

    /// The strongly connected components of the states that are allowed, each ascending (Tarjan,
    /// 1972, with a stack of its own: a path may be longer than the program's).
    fn components(&self, within: &impl Fn(u32) -> bool) -> Vec<Vec<u32>> {
        const UNSEEN: u32 = u32::MAX;
        let mut components = Vec::new();
        // The order in which a state was met, and the least order that can be reached from it.
        let (mut order, mut least) = (vec![UNSEEN; self.len()], vec![UNSEEN; self.len()]);
        let mut is_open = vec![false; self.len()];
        let (mut open, mut path, mut met) = (Vec::new(), Vec::new(), 0);
        for root in (0..self.len() as u32).filter(|s| within(*s)) {
            if order[root as usize] != UNSEEN {
                continue;
            }
            path.push((root, self.first[root as usize]));
            while let Some((state, edge)) = path.last_mut() {
                let at = *state as usize;
                if order[at] == UNSEEN {
                    (order[at], least[at], is_open[at]) = (met, met, true);
                    open.push(*state);
                    met += 1;
                }
                if *edge < self.first[at + 1] {
                    let to = self.edges[*edge].to;
                    *edge += 1;
                    if !within(to) {
                        continue;
                    }
                    if order[to as usize] == UNSEEN {
                        path.push((to, self.first[to as usize]));
                    } else if is_open[to as usize] {
                        least[at] = least[at].min(order[to as usize]);
                    }
                    continue;
                }
                path.pop();
                if let Some((before, _)) = path.last() {
                    least[*before as usize] = least[*before as usize].min(least[at]);
                }
                if least[at] == order[at] {
                    let place = open.iter().rposition(|s| *s as usize == at).unwrap_or_default();
                    let mut component = open.split_off(place);
                    component.iter().for_each(|s| is_open[*s as usize] = false);
                    component.sort_unstable();
                    components.push(component);
                }
            }
        }
        components
    }

    /// Whether a run can stay in this component for ever and be fair: nothing can happen at all,
    /// or each event that is possible everywhere is taken.
    fn is_fair(&self, component: &[u32], is_end: &impl Fn(u32) -> bool) -> bool {
        let inside = |to: u32| component.binary_search(&to).is_ok();
        if let [only] = component
            && self.edges(*only).iter().all(|edge| edge.to != *only)
        {
            return self.edges(*only).is_empty() && is_end(*only);
        }
        // The events that are possible in each state so far, and always lead outside.
        let mut everywhere: Vec<E> = self.edges(component[0]).iter().map(|edge| edge.event).collect();
        for state in component {
            let edges = self.edges(*state);
            everywhere.retain(|event| {
                let mut by = edges.iter().filter(|edge| edge.event == *event).peekable();
                by.peek().is_some() && by.all(|edge| !inside(edge.to))
            });
            if everywhere.is_empty() {
                return true;
            }
        }
        false
    }

    /// The events that lead to a state, and the number of the state that the search began with.
    fn way_to(&self, mut state: u32) -> (u32, Vec<E>) {
        let mut way = Vec::new();
        while self.from[state as usize] != state {
            let before = self.from[state as usize];
            let edge = self.edges(before).iter().find(|edge| edge.to == state);
            way.extend(edge.map(|edge| edge.event));
            state = before;
        }
        way.reverse();
        (state, way)
    }

    /// A way round a fair component, from its first state: through one that `through` allows, and
    /// for each event that is possible in the first state either by it or through a state where it
    /// is not possible.
    fn cycle(&self, component: &[u32], through: impl Fn(u32) -> bool) -> Vec<E> {
        let entry = component[0];
        let inside = |to: u32| component.binary_search(&to).is_ok();
        if !self.edges(entry).iter().any(|edge| inside(edge.to)) {
            return Vec::new();
        }
        let mut walk = Walk { at: entry, visited: vec![entry], taken: Vec::new() };
        if !through(entry) {
            self.go(&mut walk, &inside, |edge| through(edge.to));
        }
        for Edge { event, .. } in self.edges(entry) {
            let lacks = |state: u32| self.edges(state).iter().all(|edge| edge.event != *event);
            let is_given = walk.taken.contains(event) || walk.visited.iter().any(|state| lacks(*state));
            if !is_given {
                self.go(&mut walk, &inside, |edge| edge.event == *event || lacks(edge.to));
            }
        }
        if walk.at != entry || walk.taken.is_empty() {
            self.go(&mut walk, &inside, |edge| edge.to == entry);
        }
        walk.taken
    }

    /// Goes on by the fewest edges inside to one that is wanted, and through it. Nowhere if there
    /// is none.
    fn go(&self, walk: &mut Walk<E>, inside: &impl Fn(u32) -> bool, wanted: impl Fn(&Edge<E>) -> bool) {
        let mut met = vec![(walk.at, None)];
        let mut seen = std::collections::BTreeSet::from([walk.at]);
        let mut queue = VecDeque::from([0]);
        while let Some(place) = queue.pop_front() {
            for edge in self.edges(met[place].0).iter().filter(|edge| inside(edge.to)) {
                let is_wanted = wanted(edge);
                if is_wanted || seen.insert(edge.to) {
                    met.push((edge.to, Some((place, edge.event))));
                    queue.push_back(met.len() - 1);
                }
                if is_wanted {
                    return walk.extend(&met);
                }
            }
        }
    }
}

/// Where a walk through a component is, and has been.
struct Walk<E> {
    at: u32,
    visited: Vec<u32>,
    taken: Vec<E>,
}

impl<E: Copy> Walk<E> {
    /// Goes the way that leads to the last of these, each with the place of the one before it.
    fn extend(&mut self, met: &[(u32, Option<(usize, E)>)]) {
        let (mut states, mut events) = (Vec::new(), Vec::new());
        let mut place = met.len() - 1;
        self.at = met[place].0;
        while let (state, Some((before, event))) = met[place] {
            states.push(state);
            events.push(event);
            place = before;
        }
        self.visited.extend(states.into_iter().rev());
        self.taken.extend(events.into_iter().rev());
    }
}

#[cfg(test)]
mod tests;
