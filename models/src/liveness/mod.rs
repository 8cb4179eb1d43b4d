//! Liveness: what must happen in the end, once faults have ended.
//!
//! 1. The cluster is explored with all its faults, as for safety.
//! 2. In every combination of nodes that was met, faults end: what is under way is lost, and from
//!    then on messages are faster than clocks, and clocks run alike (see `calm.rs`). All that can
//!    happen then, in every order, is a finite graph.
//! 3. In it no fair run for ever may miss its goal (see `graph.rs`). One that does is a lasso: a
//!    way there, and then a cycle.
//!
//! Had an old message arrived later, faults would have ended later: what is assumed is that some
//! day the last of them is gone, and that what was sent just before then is gone with it.

mod calm;
mod graph;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use althing::machine::Machine;
use althing::observe::History;
use rustc_hash::FxBuildHasher;

use crate::check::Status;
use crate::cluster::{Action, Cluster, MAX_NODES, State};
use crate::engine::{Claim, Space, search};
use crate::goal::{Goal, How, Liveness};
use crate::limits::{Cut, LOOK, Limits, Progress, memory_held};
use crate::trace::Trace;
use calm::{Calm, Happens, TICK};
use graph::{Graph, Lasso};

/// How often a cycle may be gone round before the cluster has settled into it: until what only
/// grows, such as the messages that were ever sent, does not grow any more.
const ROUNDS: usize = 8;

/// What came of it.
#[derive(Clone, Debug)]
pub struct LivenessReport<M: Machine> {
    /// How far the exploration with faults went.
    pub explored: Progress,
    /// Combinations of nodes in which faults ended.
    pub ends: usize,
    /// States after faults have ended, and steps between them.
    pub states: usize,
    /// See `states`.
    pub steps: usize,
    /// Why it ended before it was complete, if it did.
    pub cut: Option<Cut>,
    /// Since the start.
    pub elapsed: Duration,
    /// The goals.
    pub goals: Vec<GoalReport<M>>,
}

/// What came out for one goal.
#[derive(Clone, Debug)]
pub struct GoalReport<M: Machine> {
    /// Its name.
    pub name: &'static str,
    /// Whether it is reached.
    pub status: Status,
    /// In how many of the states it is not reached yet: if there are none, nothing was shown.
    pub missing: usize,
    /// A run that misses it: a lasso, or one after which nothing happens any more. `None` also if
    /// it is missed, but a limit was reached before it could be told.
    pub trace: Option<Trace<M>>,
}

impl<M: Machine> LivenessReport<M> {
    /// Whether everything was explored, and every goal is reached, though not from the beginning.
    pub fn is_ok(&self) -> bool {
        let good = |goal: &GoalReport<M>| goal.status == Status::Holds && goal.missing > 0;
        self.cut.is_none() && self.goals.iter().all(good)
    }
}

impl<M: Machine, H: History<M>> Cluster<M, H> {
    /// Explores every state within the bounds, lets faults end in each, and reports which of the
    /// goals of [`Cluster::live`] are reached from then on by every fair run. Without any, there
    /// is nothing to report.
    ///
    /// One thread does it, however many the limits allow. Once faults have ended timers expire
    /// also where the environment does not allow it: a run that misses a goal is one of the
    /// cluster whose environment allows that.
    ///
    /// # Panics
    /// If the environment or a goal panics.
    pub fn check_liveness(mut self, limits: &Limits) -> LivenessReport<M> {
        let start = Instant::now();
        let none = || Liveness {
            expires: |_, _| 0,
            may_be_first: |_, _| false,
            within: Box::new(|_| true),
            goals: Vec::new(),
        };
        let liveness = &self.liveness.take().unwrap_or_else(none);
        // That an invariant is violated is no reason to stop here. One thread explores: with
        // several, the numbers of what is kept depend on which is first, and on the numbers
        // depends which lasso is told, and where faults end of all that are alike.
        let alone = Limits { until: Some(""), threads: 1, ..limits.clone() };
        let exploration = search(&self, &alone);
        let mut report = LivenessReport {
            explored: exploration.progress,
            ends: 0,
            states: 0,
            steps: 0,
            cut: exploration.cut,
            elapsed: Duration::ZERO,
            goals: Vec::new(),
        };
        let ends = self.ends();
        report.ends = ends.len();
        let graph = match report.cut {
            None => self.calm_graph(ends.iter().copied(), liveness, limits, start),
            cut => Err(cut.unwrap_or(Cut::Interrupt)),
        };
        match &graph {
            Ok(graph) => {
                (report.states, report.steps) = (graph.len(), graph.edge_count());
                if graph.states().any(|state| self.is_beyond(state, liveness)) {
                    report.cut = Some(Cut::Bounds);
                } else if graph.goes_round_without(TICK) {
                    // What timers would have done is not known.
                    report.cut = Some(Cut::Restless);
                }
            }
            Err(cut) => report.cut = Some(*cut),
        }
        for goal in &liveness.goals {
            let graph = graph.as_ref().ok();
            let reached: Option<Vec<bool>> = graph.map(|graph| self.reached(graph, goal));
            let missing = reached.iter().flatten().filter(|reached| !**reached).count();
            let missed = |(graph, reached): (_, Vec<bool>)| self.missed(graph, liveness, goal, &reached);
            let lasso = graph.zip(reached).and_then(missed);
            let trace = graph.zip(lasso.as_ref()).map(|(graph, lasso)| {
                self.told(graph.state(lasso.start).cells, liveness, goal, limits, start)
            });
            let status = match lasso {
                Some(_) => Status::Violated,
                None if report.cut.is_some() => Status::Unknown,
                None => Status::Holds,
            };
            report.goals.push(GoalReport { name: goal.name, status, missing, trace: trace.flatten() });
        }
        report.elapsed = start.elapsed();
        report
    }

    /// The combinations of cells that were met, in the order in which they were; under symmetry
    /// one for all that are alike.
    fn ends(&self) -> Vec<[u32; MAX_NODES]> {
        let mut met = HashSet::with_hasher(FxBuildHasher);
        let all: Vec<_> = self.tables.nodes.iter().map(|nodes| nodes.cells).collect();
        let all = all.into_iter().map(|cells| self.cells_represented(cells));
        all.filter(|cells| met.insert(*cells)).collect()
    }

    fn calm_graph(
        &self,
        ends: impl Iterator<Item = [u32; MAX_NODES]>,
        liveness: &Liveness<M>,
        limits: &Limits,
        start: Instant,
    ) -> Result<Graph<Calm, Happens>, Cut> {
        let (mut cut, mut looked) = (None, Instant::now());
        let go_on = |expanded| {
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                let (elapsed, memory) = (start.elapsed(), memory_held());
                let (states, unique_states) = (expanded, expanded);
                cut = limits.look(&Progress { states, unique_states, queue: 0, depth: 0, elapsed, memory });
            }
            cut.is_none()
        };
        let starts = ends.flat_map(|cells| self.calm(cells, liveness));
        let successors = |state: &Calm, next: &mut Vec<_>| self.go_on(state, liveness, next);
        Graph::explore(starts, successors, go_on).ok_or(cut.unwrap_or(Cut::Interrupt))
    }

    /// Which of the states have reached a goal.
    fn reached(&self, graph: &Graph<Calm, Happens>, goal: &Goal<M>) -> Vec<bool> {
        let states = 0..graph.len() as u32;
        states.map(|state| (goal.reached)(&self.machines(graph.state(state).cells))).collect()
    }

    /// A run that misses a goal, if there is one.
    fn missed(
        &self,
        graph: &Graph<Calm, Happens>,
        liveness: &Liveness<M>,
        goal: &Goal<M>,
        reached: &[bool],
    ) -> Option<Lasso<Happens>> {
        let missing = |state: u32| !reached[state as usize];
        let is_end = |state: u32| !self.is_beyond(graph.state(state), liveness);
        match goal.how {
            How::Eventually => graph.lasso(missing, |_| true, is_end),
            How::AtLast => graph.lasso(|_| true, missing, is_end),
        }
    }

    /// A run that misses a goal, where faults end at these nodes under some names. `None` if a
    /// limit is reached first.
    fn told(
        &self,
        cells: [u32; MAX_NODES],
        liveness: &Liveness<M>,
        goal: &Goal<M>,
        limits: &Limits,
        start: Instant,
    ) -> Option<Trace<M>> {
        let left = limits.time.map(|limit| limit.saturating_sub(start.elapsed()));
        let mut before = self.way_to_nodes(cells, &Limits { time: left, ..limits.clone() })?;
        let mut state = self.state_after(&before);
        // Under the nodes' own names.
        let cells = self.tables.nodes.get(state.nodes).cells;
        let graph = self.calm_graph([cells].into_iter(), liveness, limits, start).ok()?;
        let lasso = self.missed(&graph, liveness, goal, &self.reached(&graph, goal))?;
        before.extend(self.told_from(&mut state, &lasso.before));
        // Until what timers spend is spent, too.
        for _ in 0..ROUNDS + self.budgets.finite() {
            let start = state.clone();
            let cycle = self.told_from(&mut state, &lasso.cycle);
            if state == start && !cycle.is_empty() {
                return Some(self.lasso(&before, &cycle, goal.name));
            }
            before.extend(cycle);
        }
        Some(self.trace(&before, goal.name))
    }

    fn state_after(&self, actions: &[Action]) -> State {
        let apply = |state, action: &Action| self.apply(&state, *action).unwrap_or(state);
        actions.iter().fold(Cluster::initial(self), apply)
    }

    /// The actions for what happens in this state, which then is the one after it. What changes
    /// nothing is not told: time, and messages that may have been forgotten for that.
    fn told_from(&self, state: &mut State, happens: &[Happens]) -> Vec<Action> {
        let mut actions = Vec::new();
        for stimulus in happens.iter().filter(|happens| **happens != TICK) {
            let action = Action::Step(*stimulus);
            if !self.tables.outcome(self.step(state, *stimulus)).is_quiet()
                && let Some(next) = self.apply(state, action)
            {
                *state = next;
                actions.push(action);
            }
        }
        actions
    }

    /// The actions from the initial state to the nearest state with these cells, under some names.
    fn way_to_nodes(&self, cells: [u32; MAX_NODES], limits: &Limits) -> Option<Vec<Action>> {
        let towards = Towards { cluster: self, cells: self.cells_represented(cells) };
        let limits = Limits { until: Some(TOWARDS), watch: None, threads: 1, ..limits.clone() };
        let way = search(&towards, &limits).found.pop().flatten()?;
        Some(self.concrete(&way))
    }
}

const TOWARDS: &str = "faults end";

/// A cluster on the way to certain cells.
struct Towards<'a, M: Machine, H: History<M>> {
    cluster: &'a Cluster<M, H>,
    cells: [u32; MAX_NODES],
}

impl<M: Machine, H: History<M>> Space for Towards<'_, M, H> {
    type State = State;
    type Action = Action;

    fn initial(&self) -> Vec<State> {
        Space::initial(self.cluster)
    }

    fn expand(&self, states: &[State], visit: &mut impl FnMut(usize, u32, State)) {
        self.cluster.expand(states, visit);
    }

    fn action(&self, state: &State, number: u32) -> Option<Action> {
        self.cluster.action(state, number)
    }

    fn represent(&self, state: &State) -> Option<State> {
        self.cluster.represent(state)
    }

    fn claims(&self) -> Vec<Claim> {
        vec![Claim { name: TOWARDS, is_witness: true }]
    }

    fn decide(&self, state: &State, asked: u64) -> u64 {
        let cells = self.cluster.tables.nodes.get(state.nodes).cells;
        asked & u64::from(self.cluster.cells_represented(cells) == self.cells)
    }
}
