//! Random walks of large clusters: every invariant after every step, under every fault.

use std::collections::BTreeMap;

use althing::machine::{Event, Machine};
use althing::node::NodeId;
use althing::observe::{Cause, Step};
use althing::outbox::Outbox;
use althing::raft::election::invariants::Elections;
use althing_models::Limits;
use althing_models::cell::Cell;
use althing_models::cluster::{Action, Cluster, State};
use althing_models::election::mutants::{Broken, MUTANTS, Mutant};
use althing_models::election::{self, Server, endless, model, transitions};
use althing_models::walk::{Kind, Violation, Walk, Weights, choices};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

type Election = Cluster<Server, Elections>;

/// Walks through the phases, one after another, and ends with a recovery: every message is lost,
/// faults are over, and a leader must emerge within the rounds of [`election::recovery`].
fn walk<'a>(cluster: &'a Election, seed: u64, phases: &[(Weights, usize)]) -> Walk<'a, Server, Elections> {
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

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        // A violation is shrunk to the steps that matter, which tells more than a smaller seed.
        max_shrink_iters: 0,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_walk_violates_an_invariant_and_every_walk_recovers(
        nodes in 1..=9_u64,
        credentials in 1..=4_u64,
        [pre_vote, check_quorum, reduce] in any::<[bool; 3]>(),
        phases in prop::collection::vec((weights(), 200..800_usize), 5..10),
        seed in any::<u64>(),
    ) {
        let bounds = endless(nodes, &[
            ("credentials", credentials),
            ("pre_vote", pre_vote.into()),
            ("check_quorum", check_quorum.into()),
            ("reduce", reduce.into()),
        ]);
        walk(&model(&bounds).expect("the bounds agree"), seed, &phases);
    }
}

/// What happened on some walks.
#[derive(Default)]
struct Happened {
    transitions: BTreeMap<&'static str, usize>,
    kinds: BTreeMap<&'static str, usize>,
    /// The most terms with a leader on a walk, and the latest term reached, by servers.
    most_leaders: BTreeMap<u64, usize>,
    latest_term: u64,
}

impl Happened {
    fn on(&mut self, nodes: u64, cluster: &Election, walk: &Walk<'_, Server, Elections>) {
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
        let view = cluster.view(walk.state());
        let most = self.most_leaders.entry(nodes).or_default();
        *most = (*most).max(view.history().terms_led());
        self.latest_term = view.machines().map(|server| server.term().get()).fold(self.latest_term, u64::max);
        let mut state = cluster.initial();
        for action in walk.actions() {
            if let Some(name) = transition(cluster, &state, *action) {
                *self.transitions.entry(name).or_default() += 1;
            }
            state = cluster.apply(&state, *action).expect("it was walked");
        }
    }
}

/// Which transition of the machine the action is, if it is a whole one.
fn transition(cluster: &Election, state: &State, action: Action) -> Option<&'static str> {
    let cell = |node: NodeId| cluster.view(state).cells().nth(node.index()).cloned();
    match action {
        Action::Step(_) | Action::Duplicate(_) => {
            let stimulus = cluster.stimulus(action)?;
            Some(name(&cell(stimulus.node)?, &stimulus.event))
        }
        Action::StepThenCrash(..) | Action::Restart(..) => Some("restart"),
        Action::Lose(_) | Action::Cut(_) | Action::Heal => None,
    }
}

fn name(cell: &Cell<Server>, event: &Event<Server>) -> &'static str {
    let (mut after, mut out) = (cell.machine, Outbox::new());
    after.step(event.clone(), &mut out);
    let performed: Vec<_> = out.drain().collect();
    transitions::name(&Step {
        node: cell.node,
        cause: Cause::Event(event),
        before: &cell.machine,
        disk: &cell.disk,
        performed: &performed,
        after: &after,
    })
}

#[test]
fn walks_take_every_transition_and_meet_every_fault() {
    let phases = [Weights::calm(), Weights::mixed(), Weights::stormy()].map(|weights| (weights, 500));
    let mut happened = Happened::default();
    let mut expected = Vec::new();
    for nodes in 1..=9 {
        for (seed, flags) in (100 * nodes..).zip([[0, 0], [0, 1], [1, 0], [1, 1]]) {
            let [pre_vote, check_quorum] = flags;
            let bounds = endless(
                nodes,
                &[("pre_vote", pre_vote), ("check_quorum", check_quorum), ("credentials", 1 + nodes % 3)],
            );
            expected.extend(transitions::expected(&bounds));
            let cluster = model(&bounds).expect("the bounds agree");
            happened.on(nodes, &cluster, &walk(&cluster, seed, &phases.repeat(2)));
        }
    }
    let Happened { transitions, kinds, most_leaders, latest_term } = happened;
    for transition in expected {
        assert!(transitions.contains_key(transition), "no walk took `{transition}`");
    }
    for (kind, times) in kinds {
        assert!(times >= 100, "{kind} {times} times");
    }
    for (nodes, terms) in most_leaders {
        assert!(terms >= 5, "with {nodes} servers, just {terms} terms had a leader");
    }
    assert!(latest_term >= 100, "no walk came further than term {latest_term}");
}

#[test]
fn the_same_choices_are_the_same_walk() {
    let run = || {
        let cluster = model(&endless(5, &[("pre_vote", 1)])).expect("the bounds agree");
        let walk = walk(&cluster, 5, &[(Weights::stormy(), 500), (Weights::calm(), 500)]);
        cluster.trace(walk.actions(), "")
    };
    assert_eq!(run(), run());
}

/// The walks that shall find what is wrong with a mutant, until one does.
fn hunt<T>(
    mutant: &Mutant,
    walks: u64,
    mut found: impl FnMut(&Cluster<Server<Broken>, Elections>, &State, Option<Violation>) -> Option<T>,
) -> Option<T> {
    // What a mutant needs to go wrong is often one fault alone, in the right place.
    let duplicating = Weights::new([100, 8, 4, 60, 0, 0, 0, 0, 0]);
    let crashing = Weights::new([100, 25, 4, 0, 0, 60, 0, 0, 0]);
    let weights = [Weights::calm(), Weights::mixed(), duplicating, crashing];
    let flags = mutant.bounds.iter().copied();
    let flags: Vec<_> = flags.filter(|(key, _)| !["nodes", "terms", "crashes"].contains(key)).collect();
    (0..walks).find_map(|seed| {
        let bounds = endless(2 + seed % 4, &flags);
        let cluster = election::cluster(&bounds, mutant.rules, (mutant.tamper)()).expect("the bounds agree");
        let mut walk = Walk::new(&cluster);
        walk.set_weights(weights[seed as usize / 4 % weights.len()]);
        choices(seed).take(1000).find_map(|choice| {
            let violation = walk.step(choice).err();
            found(&cluster, walk.state(), violation)
        })
    })
}

#[test]
fn walks_find_every_mutant() {
    for mutant in &MUTANTS {
        let found = hunt(mutant, 20, |_, _, violation| violation);
        assert!(found.is_some(), "no walk found that `{}` is broken", mutant.name);
    }
}

#[test]
fn walks_find_every_mutant_by_the_invariant_named_for_it() {
    for mutant in &MUTANTS {
        // What other invariants say is passed over.
        let violated = |cluster: &Cluster<Server<Broken>, _>, state: &State, _| {
            cluster.violates(state, mutant.expected).then_some(())
        };
        let found = hunt(mutant, 2000, violated);
        assert!(found.is_some(), "no walk of `{}` violates {}", mutant.name, mutant.expected);
    }
}

#[test]
fn a_violation_is_told_with_the_steps_that_matter() {
    let mutant = MUTANTS.iter().find(|mutant| mutant.name == "old-vote").expect("there is one");
    let story = hunt(mutant, 100, |cluster, _, violation| Some(violation?.story(cluster)));
    let story = story.expect("walks find it");
    println!("{story}");
    assert!(story.starts_with("ElectionSafety is violated after "), "{story}");
    assert!(story.lines().count() <= 50, "{story}");
}

#[test]
fn any_number_of_crashes_is_explored_to_the_end() {
    let bounds = endless(2, &[("terms", 1), ("in_flight", 0), ("losses", 0), ("duplicates", 0), ("cuts", 0)]);
    let report = model(&bounds).expect("the bounds agree").check(&Limits::default());
    assert!(report.is_complete() && !report.is_violated(), "{:?}", report.properties);
}
