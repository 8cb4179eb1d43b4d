//! stateright's breadth-first search of a cluster: the reference that our own engine is compared
//! with.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use althing::machine::Machine;
use althing::observe::History;
use stateright::{Checker, HasDiscoveries, Model, Property};

use crate::cluster::{Action, Cluster, State};
use crate::engine::Exploration;
use crate::limits::{Cut, LOOK, Limits, Progress, memory_held};
use crate::model::{Judge, properties};

/// Explores a cluster, and tells of it what came out. Its ways need not be the shortest.
pub(crate) fn explore<M: Machine, H: History<M>, R>(
    cluster: Cluster<M, H>,
    limits: &Limits,
    tell: impl FnOnce(&Cluster<M, H>, Exploration<Action>) -> R,
) -> R {
    let finish = match limits.until {
        Some(name) => HasDiscoveries::AnyOf(BTreeSet::from([name])),
        None => HasDiscoveries::AnyFailures,
    };
    let start = Instant::now();
    let watched = Watched { cluster, expanded: AtomicUsize::new(0), stop: AtomicBool::new(false) };
    let checker = watched.checker().threads(limits.threads()).finish_when(finish.clone()).spawn_bfs();
    let stopped = watch(&checker, limits, start);
    let checker = checker.join();
    // The ways to what was found are made now, by the same actions as then.
    checker.model().stop.store(false, Ordering::Relaxed);
    let mut discoveries = checker.discoveries();
    let names = discoveries.keys().copied().collect();
    let found = finish.matches(&names, &checker.model().properties());
    let properties = checker.model().cluster.properties.iter();
    let exploration = Exploration {
        progress: progress(&checker, start),
        cut: stopped.or_else(|| found.then_some(Cut::Found)),
        found: properties.map(|p| discoveries.remove(p.name).map(|path| path.into_actions())).collect(),
        table_bytes: 0,
    };
    tell(&checker.model().cluster, exploration)
}

/// A cluster whose exploration can be ended from outside: stateright's own limits do not end it
/// in every case.
struct Watched<M: Machine, H: History<M>> {
    cluster: Cluster<M, H>,
    /// States whose successors were asked for.
    expanded: AtomicUsize,
    stop: AtomicBool,
}

impl<M: Machine, H: History<M>> Model for Watched<M, H> {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        self.cluster.init_states()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.expanded.fetch_add(1, Ordering::Relaxed);
        if !self.stop.load(Ordering::Relaxed) {
            self.cluster.actions(state, actions);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        self.cluster.next_state(state, action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties(&self.cluster.properties)
    }
}

impl<M: Machine, H: History<M>> Judge for Watched<M, H> {
    fn passes(&self, index: usize, state: &State) -> bool {
        if self.cluster.properties[index].is_of_nodes() {
            self.cluster.nodes_violate(state) >> index & 1 == 0
        } else {
            self.cluster.is_true(index, state)
        }
    }
}

/// Waits for the exploration to end, and ends it at a limit.
fn watch<M: Machine, H: History<M>>(
    checker: &impl Checker<Watched<M, H>>,
    limits: &Limits,
    start: Instant,
) -> Option<Cut> {
    let mut wait = Duration::from_millis(1);
    while !checker.is_done() {
        std::thread::sleep(wait);
        wait = (wait * 2).min(LOOK);
        let progress = progress(checker, start);
        if let Some(cut) = limits.look(&progress)
            && progress.queue > 0
        {
            checker.model().stop.store(true, Ordering::Relaxed);
            return Some(cut);
        }
    }
    None
}

fn progress<M: Machine, H: History<M>>(checker: &impl Checker<Watched<M, H>>, start: Instant) -> Progress {
    let unique_states = checker.unique_state_count();
    Progress {
        states: checker.state_count(),
        unique_states,
        queue: unique_states.saturating_sub(checker.model().expanded.load(Ordering::Relaxed)),
        depth: checker.max_depth(),
        elapsed: start.elapsed(),
        memory: memory_held(),
    }
}
