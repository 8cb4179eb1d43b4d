//! The kit against its twins: that it finds all there is, and that its reductions hide nothing.
//!
//! "Node states" are the servers with their disks and timers: all that an invariant of states
//! looks at besides the observer.

use std::collections::{BTreeSet, HashSet};
use std::hash::Hash;

use althing::NodeId;
use althing::machine::Event;
use althing::node::{NodeSet, Relabel, Renaming};
use althing::observe::History;
use althing::raft::election::invariants::Elections;
use althing_models::cell::{Cell, Stimulus};
use althing_models::cluster::{self, Cluster, Faults, Network};
use althing_models::election::Server;
use althing_models::property::Scene;
use stateright::{Checker, Model};

#[allow(dead_code, reason = "shared with the benches")]
#[path = "twins/mod.rs"]
mod twins;

use twins::actors::{Stripped, actors, node};
use twins::plain::{Action, Envelope, Plain, State as Everything};
use twins::{Bounds, is_dead, ours, ours_without_dead, ours_without_history};

/// Bounds whose unreduced state space takes a moment, with crashes and faults too.
fn small() -> Vec<Bounds> {
    let none = [Bounds::new(2, 1), Bounds::new(2, 2), Bounds::new(3, 1)];
    let mut all: Vec<_> = none.into_iter().flat_map(|b| [b, b.with_check_quorum()]).collect();
    let pre_vote = Bounds::new(2, 1).with_pre_vote();
    all.extend([pre_vote, pre_vote.with_check_quorum()]);
    all
}

/// Bounds whose unreduced state space takes a moment without faults; more of a moment in an
/// optimised build.
fn medium() -> Vec<Bounds> {
    let mut all = small();
    if cfg!(not(debug_assertions)) {
        all.extend([Bounds::new(2, 2).with_pre_vote(), Bounds::new(2, 3), Bounds::new(4, 1)]);
    }
    all
}

/// Bounds that are small without dead messages.
fn small_without_dead() -> Vec<Bounds> {
    let mut all = small();
    all.extend([Bounds::new(2, 2).with_pre_vote().with_check_quorum(), Bounds::new(3, 2)]);
    if cfg!(not(debug_assertions)) {
        let pre_vote = Bounds::new(3, 1).with_pre_vote();
        all.extend([pre_vote, pre_vote.with_check_quorum(), Bounds::new(3, 2).with_check_quorum()]);
    }
    all
}

/// Every state of a model that can be reached.
fn reach<M: Model>(model: &M) -> HashSet<M::State>
where
    M::State: Clone + Eq + Hash,
{
    let enabled = |state: &M::State, actions: &mut Vec<_>| model.actions(state, actions);
    closure(model.init_states(), enabled, |state, action| model.next_state(state, action))
}

/// Every state of a cluster that can be reached, without symmetry whether it is on or not.
fn reach_unreduced<H: History<Server>>(cluster: &Cluster<Server, H>) -> HashSet<cluster::State> {
    let enabled = |state: &cluster::State, actions: &mut Vec<_>| cluster.enabled(state, actions);
    closure(vec![cluster.initial()], enabled, |state, action| cluster.apply(state, action))
}

/// Every state that can be reached from these.
fn closure<S: Clone + Eq + Hash, A>(
    mut open: Vec<S>,
    enabled: impl Fn(&S, &mut Vec<A>),
    next: impl Fn(&S, A) -> Option<S>,
) -> HashSet<S> {
    let mut seen: HashSet<_> = open.iter().cloned().collect();
    let mut actions = Vec::new();
    while let Some(state) = open.pop() {
        enabled(&state, &mut actions);
        for action in actions.drain(..) {
            if let Some(next) = next(&state, action)
                && seen.insert(next.clone())
            {
                open.push(next);
            }
        }
    }
    seen
}

fn unique<M>(model: M) -> usize
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + PartialEq + Hash + Send + Sync + 'static,
    M::Action: Clone + PartialEq,
{
    let checker = model.checker().spawn_bfs().join();
    checker.unique_state_count()
}

fn network<H: History<Server>>(view: &Scene<'_, Server, H>) -> BTreeSet<Envelope> {
    view.network().map(envelope).collect()
}

fn envelope(Stimulus { node, event }: &Stimulus<Server>) -> Envelope {
    match event {
        Event::Message { from, message } => Envelope { from: *from, to: *node, message: *message },
        Event::Timer(_) | Event::Input(_) => unreachable!("a network holds messages"),
    }
}

/// What the numbers of a state stand for.
fn everything(view: &Scene<'_, Server, Elections>) -> Everything {
    Everything {
        servers: view.machines().copied().collect(),
        disks: view.cells().map(|cell| cell.disk).collect(),
        timers: view.cells().flat_map(|c| c.timers.iter().map(|timer| (c.node, *timer))).collect(),
        network: network(view),
        history: view.history().clone(),
        failed: 0,
    }
}

/// The same less the observer, which a cluster without history does not have.
fn unobserved(view: &Scene<'_, Server, ()>) -> Everything {
    Everything {
        servers: view.machines().copied().collect(),
        disks: view.cells().map(|cell| cell.disk).collect(),
        timers: view.cells().flat_map(|c| c.timers.iter().map(|timer| (c.node, *timer))).collect(),
        network: network(view),
        ..Everything::default()
    }
}

/// An actor model's state in the same words, less its observer.
fn of_actors(state: &twins::actors::State) -> Everything {
    let timers = NodeSet::first(state.timers_set.len() as u8).iter().zip(&state.timers_set);
    let messages = state.network.iter_all();
    Everything {
        servers: state.actor_states.iter().map(|state| state.server).collect(),
        disks: state.actor_storages.iter().map(|disk| disk.unwrap_or_default()).collect(),
        timers: timers.flat_map(|(node, armed)| armed.iter().map(move |timer| (node, *timer))).collect(),
        network: messages.map(|e| Envelope { from: node(e.src), to: node(e.dst), message: *e.msg }).collect(),
        ..Everything::default()
    }
}

type NodeStates = Vec<Cell<Server>>;

fn node_states<H: History<Server>>(
    cluster: &Cluster<Server, H>,
    states: &HashSet<cluster::State>,
) -> HashSet<NodeStates> {
    states.iter().map(|state| cluster.view(state).cells().cloned().collect()).collect()
}

fn renamings(nodes: u8) -> Vec<Renaming> {
    let all = 0..usize::from(nodes).pow(u32::from(nodes));
    let digits = |number: usize| {
        let digit = move |place| number / usize::from(nodes).pow(place) % usize::from(nodes);
        (0..u32::from(nodes)).map(digit)
    };
    let name = |digit| NodeId::new(digit as u8).expect("a node");
    // Of all maps from nodes to nodes, those that are permutations.
    all.filter_map(|number| Renaming::new(digits(number).map(name).collect())).collect()
}

/// A list of what each node has, after the nodes were renamed.
fn permute<T>(of_nodes: impl Iterator<Item = T>, renaming: &Renaming) -> Vec<T> {
    let mut renamed: Vec<_> = of_nodes
        .zip(0..)
        .map(|(value, node)| (renaming.apply(NodeId::new(node).expect("a node")), value))
        .collect();
    renamed.sort_by_key(|(node, _)| *node);
    renamed.into_iter().map(|(_, value)| value).collect()
}

fn rename(state: &Everything, renaming: &Renaming) -> Everything {
    Everything {
        servers: permute(state.servers.iter().map(|server| server.relabel(renaming)), renaming),
        disks: permute(state.disks.iter().map(|disk| disk.relabel(renaming)), renaming),
        timers: state.timers.iter().map(|(node, timer)| (renaming.apply(*node), *timer)).collect(),
        network: state
            .network
            .iter()
            .map(|Envelope { from, to, message }| Envelope {
                from: renaming.apply(*from),
                to: renaming.apply(*to),
                message: *message,
            })
            .collect(),
        history: state.history.relabel(renaming),
        failed: state.failed,
    }
}

#[test]
fn the_kit_finds_exactly_the_states_that_a_naive_model_finds() {
    for bounds in medium() {
        let cluster = ours(bounds);
        let found = reach_unreduced(&cluster);
        assert!(found.iter().all(|state| cluster.violated(state).is_empty()), "{bounds:?}");
        let found_whole: HashSet<_> = found.iter().map(|state| everything(&cluster.view(state))).collect();
        assert_eq!(found_whole.len(), found.len(), "{bounds:?}: equal states, equal numbers");
        let naive = reach(&Plain::new(bounds));
        assert_eq!(found.len(), naive.len(), "{bounds:?}");
        assert!(found_whole == naive, "{bounds:?}");
        assert_eq!(unique(ours(bounds)), naive.len(), "{bounds:?}");
        assert_eq!(unique(Plain::new(bounds)), naive.len(), "{bounds:?}");
    }
}

#[test]
fn the_kit_finds_exactly_the_states_that_an_actor_model_finds() {
    for bounds in medium() {
        let cluster = ours_without_history(bounds);
        let found = reach_unreduced(&cluster);
        assert_eq!(
            reach_unreduced(&ours(bounds)).len(),
            found.len(),
            "{bounds:?}: an observer divides no states"
        );
        let stripped = reach(&Stripped::new(bounds));
        assert_eq!(found.len(), stripped.len(), "{bounds:?}");
        let found_whole: HashSet<_> = found.iter().map(|state| unobserved(&cluster.view(state))).collect();
        assert!(found_whole == stripped.iter().map(of_actors).collect(), "{bounds:?}");
        assert_eq!(unique(Stripped::new(bounds)), stripped.len(), "{bounds:?}");
    }
}

/// As it is, an actor model has more states, for its network also holds the message that was
/// delivered last and was not ignored. There are as many as a naive model has that holds it.
#[test]
fn an_actor_model_has_more_states_only_by_the_message_that_was_delivered_last() {
    for bounds in medium() {
        assert_eq!(unique(actors(bounds)), with_last_message(&Plain::new(bounds)), "{bounds:?}");
    }
}

fn with_last_message(plain: &Plain) -> usize {
    let forget = |state| Everything { history: Elections::default(), ..state };
    let mut open: Vec<_> = plain.init_states().into_iter().map(|state| (forget(state), None)).collect();
    let mut seen: HashSet<_> = open.iter().cloned().collect();
    let mut actions = Vec::new();
    while let Some((state, last)) = open.pop() {
        plain.actions(&state, &mut actions);
        for action in actions.drain(..) {
            let delivered = match &action {
                Action::Deliver(envelope) if is_ignored(&state, envelope) => continue,
                Action::Deliver(envelope) => Some(envelope.clone()),
                Action::Expire(..) => last.clone(),
            };
            let next = plain.next_state(&state, action).map_or_else(|| state.clone(), forget);
            if seen.insert((next.clone(), delivered.clone())) {
                open.push((next, delivered));
            }
        }
    }
    seen.len()
}

fn is_ignored(state: &Everything, Envelope { from, to, message }: &Envelope) -> bool {
    let before = state.servers[to.index()];
    let mut after = before;
    let (ops, _) = twins::step(&mut after, Event::Message { from: *from, message: *message });
    ops.is_empty() && after == before
}

#[test]
fn without_dead_messages_the_kit_finds_exactly_what_a_naive_model_finds_without_them() {
    for bounds in small_without_dead() {
        let cluster = ours_without_dead(bounds);
        let found = reach_unreduced(&cluster);
        assert!(found.iter().all(|state| cluster.violated(state).is_empty()), "{bounds:?}");
        let unobserved = reach_unreduced(&ours_without_history(bounds).dead(is_dead));
        assert_eq!(unobserved.len(), found.len(), "{bounds:?}: an observer divides no states");
        let naive = reach(&Plain::without_dead(bounds));
        assert_eq!(found.len(), naive.len(), "{bounds:?}");
        let found: HashSet<_> = found.iter().map(|state| everything(&cluster.view(state))).collect();
        assert!(found == naive, "{bounds:?}");
    }
}

#[test]
fn without_dead_messages_the_same_node_states_are_reached_with_and_without_crashes() {
    for bounds in medium() {
        for crashes in 0..=u8::from(bounds.servers == 2 && small().contains(&bounds)) {
            let all = ours(bounds).crashes(crashes);
            let reduced = ours_without_dead(bounds).crashes(crashes);
            let all = node_states(&all, &reach_unreduced(&all));
            let reduced = node_states(&reduced, &reach_unreduced(&reduced));
            assert_eq!(reduced.len(), all.len(), "{bounds:?}, {crashes} crashes");
            assert!(reduced == all, "{bounds:?}, {crashes} crashes");
        }
    }
}

#[test]
fn under_symmetry_the_same_node_states_are_reached_up_to_names() {
    for bounds in medium() {
        for (all, reduced) in [
            (ours(bounds), ours(bounds).symmetric()),
            (ours_without_dead(bounds), ours_without_dead(bounds).symmetric()),
        ] {
            let all = node_states(&all, &reach_unreduced(&all));
            let representatives = node_states(&reduced, &reach(&reduced));
            let renamings = renamings(bounds.servers);
            let renamed: HashSet<NodeStates> = representatives
                .iter()
                .flat_map(|cells| {
                    renamings.iter().map(|r| permute(cells.iter().map(|cell| cell.relabel(r)), r))
                })
                .collect();
            assert_eq!(renamed.len(), all.len(), "{bounds:?}");
            assert!(renamed == all, "{bounds:?}");
        }
    }
}

#[test]
fn symmetry_leaves_one_state_of_each_orbit() {
    for bounds in small_without_dead() {
        let renamings = renamings(bounds.servers);
        let least = |state: Everything| {
            renamings.iter().map(|r| rename(&state, r)).min().expect("there is the identity")
        };
        let cluster = ours_without_dead(bounds);
        let found = reach_unreduced(&cluster);
        let orbits: HashSet<_> = found.iter().map(|s| least(everything(&cluster.view(s)))).collect();
        assert_eq!(unique(ours_without_dead(bounds).symmetric()), orbits.len(), "{bounds:?}");
    }
}

/// What is dead is dead for good: whatever happens to the receiver, the message stays dead to
/// it. That it changes nothing while it is dead, the kit checks by itself.
#[test]
fn a_dead_message_never_comes_to_life() {
    for bounds in medium() {
        let plain = Plain::new(bounds);
        let mut actions = Vec::new();
        for state in reach(&plain) {
            plain.actions(&state, &mut actions);
            for next in actions.drain(..).filter_map(|action| plain.next_state(&state, action)) {
                for Envelope { from, to, message } in &state.network {
                    let (before, after) = (&state.servers[to.index()], &next.servers[to.index()]);
                    assert!(
                        !is_dead(message, *from, before) || is_dead(message, *from, after),
                        "{bounds:?}: {message:?} from {from} in\n{before:?}, then\n{after:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn messages_in_flight_lead_to_no_node_states_but_those_of_a_monotone_network() {
    let budgets = [
        Faults::default(),
        Faults { losses: 1, ..Faults::default() },
        Faults { duplicates: 2, ..Faults::default() },
        Faults { cuts: 1, duplicates: 1, ..Faults::default() },
        Faults { crashes: 1, losses: 1, ..Faults::default() },
    ];
    for bounds in small().into_iter().filter(|bounds| *bounds != Bounds::new(3, 1).with_check_quorum()) {
        for faults in budgets {
            let monotone = ours(bounds).crashes(faults.crashes);
            let monotone = node_states(&monotone, &reach_unreduced(&monotone));
            let in_flight = ours(bounds).network(Network::InFlight).faults(faults);
            let in_flight = node_states(&in_flight, &reach_unreduced(&in_flight));
            assert!(in_flight.is_subset(&monotone), "{bounds:?}, {faults:?}");
        }
    }
}
