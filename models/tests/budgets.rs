//! Budgets of events: how often timers and inputs may happen in the whole run, whichever the node.

use althing::machine::{Event, Machine};
use althing::node::{Relabel, Renaming};
use althing::observe::{Cause, History, Step};
use althing::{Durable, NodeId, NodeSet, Outbox};
use althing_models::budget::Budgets;
use althing_models::check::{Searcher, Status};
use althing_models::goal::{Goal, How};
use althing_models::trace::{Header, Nonconformance, VERSION};
use althing_models::walk::{Walk, choices};
use althing_models::{Cluster, Limits, Liveness, Network, Report};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Nothing;

impl Durable for Nothing {
    type Write = ();

    fn apply(&mut self, (): &()) {}
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
enum Input {
    Add,
    Reset,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
struct Beat;

/// Who it is, and with whom.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Config {
    id: NodeId,
    nodes: NodeSet,
}

/// A node that counts what it is asked to, and says its count now and then.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Counter {
    id: NodeId,
    nodes: NodeSet,
    count: u8,
    heard: u8,
}

impl Machine for Counter {
    type Config = Config;
    type Durable = Nothing;
    type Input = Input;
    type Message = u8;
    type Timer = Beat;
    type Output = ();

    fn restart(Config { id, nodes }: Config, _: Nothing, out: &mut Outbox<Self>) -> Self {
        out.arm(Beat);
        Self { id, nodes, count: 0, heard: 0 }
    }

    fn durable(&self) -> Nothing {
        Nothing
    }

    fn step(&mut self, event: Event<Self>, out: &mut Outbox<Self>) {
        match event {
            Event::Input(Input::Add) => self.count = self.count.saturating_add(1),
            Event::Input(Input::Reset) => self.count = 0,
            Event::Timer(Beat) => {
                self.nodes.without(self.id).iter().for_each(|other| out.send(other, self.count));
                out.arm(Beat);
            }
            Event::Message { message, .. } => self.heard = message,
        }
    }
}

impl Relabel for Config {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self { id: self.id.relabel(renaming), nodes: self.nodes.relabel(renaming) }
    }
}

impl Relabel for Counter {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self { id: self.id.relabel(renaming), nodes: self.nodes.relabel(renaming), ..*self }
    }
}

macro_rules! names_nobody {
    ($($t:ty),*) => { $(impl Relabel for $t {
        fn relabel(&self, _: &Renaming) -> Self {
            *self
        }
    })* };
}
names_nobody!(Nothing, Input, Beat, Happened);

/// How often what happened, a count that no crash forgets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Happened {
    adds: u8,
    resets: u8,
    beats: u8,
}

impl History<Counter> for Happened {
    fn observe(&mut self, step: &Step<'_, Counter>) {
        match step.cause {
            Cause::Event(Event::Input(Input::Add)) => self.adds += 1,
            Cause::Event(Event::Input(Input::Reset)) => self.resets += 1,
            Cause::Event(Event::Timer(Beat)) => self.beats = self.beats.saturating_add(1).min(100),
            Cause::Event(Event::Message { .. }) | Cause::Restart => {}
        }
    }
}

fn spends(event: &Event<Counter>) -> Option<usize> {
    match event {
        Event::Input(Input::Add) => Some(0),
        Event::Input(Input::Reset) => Some(2),
        Event::Timer(Beat) => Some(1),
        Event::Message { .. } => None,
    }
}

/// What has no count is not forbidden, or there would be no end to it.
fn unlimited<H: History<Counter>>(nodes: u8) -> Cluster<Counter, H> {
    let nodes = NodeSet::first(nodes);
    Cluster::new(nodes.iter().map(|id| Config { id, nodes })).inputs([Input::Add, Input::Reset]).environment(
        |counter: &Counter, event| match event {
            Event::Input(Input::Add) => counter.count < 4,
            Event::Input(Input::Reset) => counter.count > 0,
            Event::Timer(_) | Event::Message { .. } => true,
        },
    )
}

fn cluster(nodes: u8, adds: u8, beats: u8, resets: u8) -> Cluster<Counter, Happened> {
    unlimited::<Happened>(nodes).budgets([adds, beats, resets], spends).always("WithinBudgets", move |view| {
        let happened = view.history();
        happened.adds <= adds && happened.beats <= beats && happened.resets <= resets
    })
}

fn by(searcher: Searcher, cluster: Cluster<Counter, Happened>) -> Report<Counter> {
    cluster.check_by(searcher, &Limits { threads: 2, ..Limits::default() })
}

#[test]
fn budgets_hold_for_all_nodes_together_and_over_crashes() {
    for network in [Network::Monotone, Network::InFlight] {
        for symmetric in [false, network == Network::Monotone] {
            let model = || {
                let all_spent =
                    |happened: &Happened| (happened.adds, happened.beats, happened.resets) == (2, 1, 1);
                let cluster = cluster(3, 2, 1, 1)
                    .network(network)
                    .crashes(1)
                    .sometimes("all is spent", move |view| all_spent(view.history()))
                    .sometimes("by two nodes", |view| view.machines().filter(|c| c.count == 1).count() == 2);
                if symmetric { cluster.symmetric() } else { cluster }
            };
            let [ours, theirs] =
                [Searcher::Althing, Searcher::Stateright].map(|searcher| by(searcher, model()));
            assert!(ours.is_ok() && theirs.is_ok(), "{ours}{theirs}");
            let figures = |report: &Report<Counter>| (report.progress.states, report.progress.unique_states);
            assert_eq!(figures(&ours), figures(&theirs));
        }
    }
}

/// One node that is asked to add or to reset, and nothing else: how many states there are can be
/// told without the kit.
#[test]
fn what_is_left_tells_states_apart_unless_it_is_endless() {
    let states = |adds, resets| {
        let cluster: Cluster<Counter> = unlimited(1).budgets([adds, Budgets::ENDLESS, resets], spends);
        let report = cluster.check(&Limits::default());
        assert!(report.is_ok());
        report.progress.unique_states
    };
    let naive = |adds: u8, resets: u8| {
        let (mut seen, mut open) = (std::collections::HashSet::new(), vec![(0, adds, resets)]);
        while let Some(state) = open.pop() {
            let (count, adds, resets) = state;
            if seen.insert(state) {
                if count < 4 && adds > 0 {
                    open.push((count + 1, if adds == 255 { 255 } else { adds - 1 }, resets));
                }
                if count > 0 && resets > 0 {
                    open.push((0, adds, if resets == 255 { 255 } else { resets - 1 }));
                }
            }
        }
        seen.len()
    };
    for (adds, resets) in [(0, 0), (2, 0), (3, 2), (6, 3), (255, 0), (255, 2), (255, 255), (254, 255)] {
        assert_eq!(states(adds, resets), naive(adds, resets), "{adds} {resets}");
    }
    let free: Cluster<Counter> = unlimited(1);
    assert_eq!(states(255, 255), free.check(&Limits::default()).progress.unique_states);
}

#[test]
fn a_trace_that_spends_more_than_there_is_does_not_conform() {
    let header = Header {
        althing_trace: VERSION,
        model: "counter".into(),
        bounds: String::new(),
        mutant: None,
        property: None,
        steps: None,
        cycle: None,
    };
    let rich = cluster(2, 3, 0, 0).always("NoThird", |view| view.history().adds < 3);
    let report = rich.check(&Limits { until: Some("NoThird"), ..Limits::default() });
    let violated = report.properties.iter().find(|property| property.status == Status::Violated);
    let trace = violated.and_then(|property| property.trace.clone()).expect("there are three");
    assert_eq!(trace.lines.len(), 3);
    assert_eq!(cluster(2, 3, 0, 0).replay(&header, &trace.lines).expect("it conforms").steps, 3);
    let refused = cluster(2, 2, 0, 0).replay(&header, &trace.lines).expect_err("there are two");
    assert!(matches!(refused, Nonconformance::Impossible { step: 3, .. }), "{refused}");
}

#[test]
fn a_walk_keeps_within_its_budgets() {
    let cluster = cluster(5, 7, 20, 3).crashes(255);
    for seed in 0..5 {
        let mut walk = Walk::new(&cluster);
        for choice in choices(seed).take(300) {
            walk.step(choice).unwrap_or_else(|violation| panic!("{}", violation.story(&cluster)));
        }
        let happened = *cluster.view(walk.state()).history();
        assert!(happened.beats == 20 && happened.adds > 0, "{happened:?}");
    }
}

/// A timer that has a budget expires without end once faults have ended, and the run that misses
/// the goal closes all the same.
#[test]
fn once_faults_have_ended_timers_need_no_budget() {
    let liveness = Liveness::<Counter> {
        expires: |Beat, _| 1,
        may_be_first: |_, node| node.get() == 0,
        within: Box::new(|_| true),
        goals: vec![
            Goal {
                name: "Heard",
                how: How::AtLast,
                reached: |c: &[&Counter]| c[0].heard == c[1].count && c[1].heard == c[0].count,
            },
            Goal { name: "Never", how: How::Eventually, reached: |c: &[&Counter]| c[0].count == 9 },
        ],
    };
    let report =
        unlimited::<()>(2).budgets([2, 3, 0], spends).live(liveness).check_liveness(&Limits::default());
    let [heard, never] = &report.goals[..] else { panic!("two goals") };
    assert_eq!((heard.status, never.status), (Status::Holds, Status::Violated));
    assert!(never.trace.as_ref().expect("it is told").cycle.is_some());
}

#[test]
#[should_panic(expected = "4 budgets of events at most")]
fn there_are_four_budgets_at_most() {
    let _ = unlimited::<()>(1).budgets([1; 5], spends);
}
