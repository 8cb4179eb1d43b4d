//! Random walks of large clusters: every invariant after every step, under every fault.

mod election;
mod raft;

use std::collections::{BTreeMap, BTreeSet};

use althing::machine::{Event, Machine};
use althing::node::NodeId;
use althing::observe::{Cause, History, Step};
use althing::outbox::Outbox;
use althing_models::cell::Cell;
use althing_models::cluster::{Action, Cluster, State};
use althing_models::walk::{Kind, Violation, Walk, Weights, choices};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

/// Walks through the phases, one after another, and ends with a recovery: every message is lost,
/// faults are over, and the cluster must reach its goal within the rounds of the model's recovery.
fn walk<'a, M: Machine, H: History<M>>(
    cluster: &'a Cluster<M, H>,
    seed: u64,
    phases: &[(Weights, usize)],
) -> Walk<'a, M, H> {
    let mut walk = Walk::new(cluster);
    let mut choices = choices(seed);
    let result = phases.iter().try_for_each(|(weights, steps)| {
        walk.set_weights(*weights);
        choices.by_ref().take(*steps).try_for_each(|choice| walk.step(choice).map(drop))
    });
    if let Err(violation) = result.and_then(|()| walk.end()) {
        panic!("{}", violation.story(cluster));
    }
    walk
}

fn weights() -> impl Strategy<Value = Weights> {
    prop_oneof![
        Just(Weights::mixed()),
        Just(Weights::calm()),
        Just(Weights::stormy()),
        any::<[u8; Kind::COUNT]>().prop_map(Weights::new),
    ]
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        // A violation is shrunk to the steps that matter, which tells more than a smaller seed.
        max_shrink_iters: 0,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

/// Which transition of a machine a step is.
type Name<M> = fn(&Step<'_, M>) -> &'static str;

/// What happened on some walks.
#[derive(Default)]
struct Happened {
    transitions: BTreeMap<&'static str, usize>,
    kinds: BTreeMap<&'static str, usize>,
    latest_term: u64,
}

impl Happened {
    fn on<M: Machine, H: History<M>>(
        &mut self,
        cluster: &Cluster<M, H>,
        walk: &Walk<'_, M, H>,
        name: Name<M>,
        term: impl Fn(&M) -> u64,
    ) {
        for (name, kind) in [
            ("a message arrives", Kind::Message),
            ("a timer expires", Kind::Timer),
            ("a message arrives twice", Kind::Duplicate),
            ("a message is lost", Kind::Lose),
            ("a crash between two effects", Kind::Crash),
            ("a crash between two steps", Kind::Restart),
            ("a cut", Kind::Cut),
            ("the end of a cut", Kind::Heal),
        ] {
            *self.kinds.entry(name).or_default() += walk.taken(kind);
        }
        self.latest_term = cluster.view(walk.state()).machines().map(term).fold(self.latest_term, u64::max);
        let mut state = cluster.initial();
        for action in walk.actions() {
            if let Some(name) = transition(cluster, &state, *action, name) {
                *self.transitions.entry(name).or_default() += 1;
            }
            state = cluster.apply(&state, *action).expect("it was walked");
        }
    }

    /// Everything that had to happen did.
    fn check(&self, expected: &[&'static str]) {
        let untaken = expected.iter().filter(|transition| !self.transitions.contains_key(*transition));
        let untaken: BTreeSet<_> = untaken.collect();
        assert!(untaken.is_empty(), "no walk took {untaken:?}");
        for (kind, times) in &self.kinds {
            assert!(*times >= 100, "{kind} {times} times");
        }
        let latest = self.latest_term;
        assert!(latest >= 100, "no walk came further than term {latest}");
    }
}

/// Which transition of the machine the action is, if it is a whole one.
fn transition<M: Machine, H: History<M>>(
    cluster: &Cluster<M, H>,
    state: &State,
    action: Action,
    name: Name<M>,
) -> Option<&'static str> {
    let cell = |node: NodeId| cluster.view(state).cells().nth(node.index()).cloned();
    match action {
        Action::Step(_) | Action::Duplicate(_) => {
            let stimulus = cluster.stimulus(action)?;
            Some(name_of(&cell(stimulus.node)?, &stimulus.event, name))
        }
        Action::StepThenCrash(..) | Action::Restart(..) => Some("restart"),
        Action::Lose(_) | Action::Cut(_) | Action::Heal | Action::Tick => None,
    }
}

fn name_of<M: Machine>(cell: &Cell<M>, event: &Event<M>, name: Name<M>) -> &'static str {
    let (mut after, mut out) = (cell.machine.clone(), Outbox::new());
    after.step(event.clone(), &mut out);
    let performed: Vec<_> = out.drain().collect();
    name(&Step {
        node: cell.node,
        cause: Cause::Event(event),
        before: &cell.machine,
        disk: &cell.disk,
        performed: &performed,
        after: &after,
    })
}

/// Walks of the clusters of these seeds, until one finds what is wrong with them. What a mutant needs
/// to go wrong is often one fault alone, in the right place: every fourth walk has the next weights.
fn hunt<M: Machine, H: History<M>, T>(
    seeds: u64,
    steps: usize,
    weights: &[Weights],
    cluster: impl Fn(u64) -> Cluster<M, H>,
    mut found: impl FnMut(&Cluster<M, H>, &State, Option<Violation>) -> Option<T>,
) -> Option<T> {
    (0..seeds).find_map(|seed| {
        let cluster = cluster(seed);
        let mut walk = Walk::new(&cluster);
        walk.set_weights(weights[seed as usize / 4 % weights.len()]);
        choices(seed).take(steps).find_map(|choice| {
            let violation = walk.step(choice).err();
            found(&cluster, walk.state(), violation)
        })
    })
}

/// Little but messages that arrive twice, or nodes that crash in the middle of a step.
const DUPLICATING: Weights = Weights::new([100, 8, 4, 60, 0, 0, 0, 0, 0]);
const CRASHING: Weights = Weights::new([100, 25, 4, 0, 0, 60, 0, 0, 0]);
