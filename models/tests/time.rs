//! Clusters with time: what may happen when, in ticks.

use althing::machine::{Event, Machine};
use althing::node::{Relabel, Renaming};
use althing::{Durable, NodeSet, Outbox};
use althing_models::cell::Tamper;
use althing_models::check::Searcher;
use althing_models::cluster::{Action, State};
use althing_models::time::Window;
use althing_models::trace::{Header, Nonconformance, VERSION};
use althing_models::walk::{Walk, choices};
use althing_models::{Cluster, Limits, Network};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct NoDisk;

impl Durable for NoDisk {
    type Write = ();

    fn apply(&mut self, (): &()) {}
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
enum Timer {
    First,
    Second,
}

/// To begin anew.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
struct Again;

/// A node with two timers, which remembers in which order they expired, and tells the others of the
/// second.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Alarms {
    others: NodeSet,
    rung: [Option<Timer>; 2],
    heard: bool,
}

impl Machine for Alarms {
    type Config = NodeSet;
    type Durable = NoDisk;
    type Input = Again;
    type Message = Timer;
    type Timer = Timer;
    type Output = ();

    fn restart(others: NodeSet, _: NoDisk, out: &mut Outbox<Self>) -> Self {
        out.arm(Timer::First);
        out.arm(Timer::Second);
        Self { others, rung: [None; 2], heard: false }
    }

    fn durable(&self) -> NoDisk {
        NoDisk
    }

    fn step(&mut self, event: Event<Self>, out: &mut Outbox<Self>) {
        match event {
            Event::Timer(timer) => {
                let place = usize::from(self.rung[0].is_some());
                self.rung[place] = Some(timer);
                self.others.iter().for_each(|other| out.send(other, timer));
            }
            Event::Message { .. } => self.heard = true,
            Event::Input(Again) => out.arm(Timer::First),
        }
    }
}

macro_rules! names_nobody {
    ($($t:ty),*) => { $(impl Relabel for $t {
        fn relabel(&self, _: &Renaming) -> Self {
            *self
        }
    })* };
}
names_nobody!(NoDisk, Timer, Again);

impl Relabel for Alarms {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self { others: self.others.relabel(renaming), ..*self }
    }
}

/// One node, or two who tell each other, with these windows.
fn cluster(nodes: u8, first: Window, second: Window) -> Cluster<Alarms> {
    let nodes = NodeSet::first(nodes);
    Cluster::<Alarms>::new(nodes.iter().map(|node| nodes.without(node)))
        .timed(move |_, timer| match timer {
            Timer::First => first,
            Timer::Second => second,
        })
        .always("FirstIsFirst", |view| view.machines().all(|alarms| alarms.rung[0] != Some(Timer::Second)))
        .sometimes("the second rings", |view| {
            view.machines().any(|alarms| alarms.rung.contains(&Some(Timer::Second)))
        })
}

fn first_is_first(first: Window, second: Window) -> bool {
    let report = cluster(1, first, second).check(&Limits::default());
    assert!(report.is_violated() || report.is_ok(), "{report}");
    !report.is_violated()
}

/// The clocks of node 0, by timer.
fn clocks(cluster: &Cluster<Alarms>, state: &State) -> Vec<(Timer, u16)> {
    let cell = cluster.view(state).cells().next().expect("a node").clone();
    cell.timers.into_iter().zip(cell.clocks).collect()
}

/// What may happen now: a timer, or that time goes on.
fn possible(cluster: &Cluster<Alarms>, state: &State) -> Vec<Option<Timer>> {
    let mut actions = Vec::new();
    cluster.enabled(state, &mut actions);
    let timer = |action: &Action| match cluster.stimulus(*action).map(|stimulus| &stimulus.event) {
        Some(Event::Timer(timer)) => Some(Some(*timer)),
        Some(Event::Message { .. } | Event::Input(_)) => None,
        None => (*action == Action::Tick).then_some(None),
    };
    actions.iter().filter_map(timer).collect()
}

#[test]
fn a_timer_expires_within_its_window() {
    let cluster = cluster(1, Window::between(1, 2), Window::from(2));
    let mut state = cluster.initial();
    let expected: [&[Option<Timer>]; 3] = [
        &[None],
        &[Some(Timer::First), None],
        // Both may; but one of them must, and it is the first.
        &[Some(Timer::First)],
    ];
    for (tick, expected) in expected.into_iter().enumerate() {
        assert_eq!(possible(&cluster, &state), expected, "after {tick} ticks");
        if expected.contains(&None) {
            state = cluster.apply(&state, Action::Tick).expect("time goes on");
        }
    }
    assert_eq!(cluster.apply(&state, Action::Tick), None, "time waits for what is due");
}

#[test]
fn of_two_timers_one_is_first_if_its_deadline_is_not_after_the_other_can_expire() {
    assert!(first_is_first(Window::between(1, 3), Window::from(4)));
    assert!(first_is_first(Window::between(1, 4), Window::from(4)), "at one moment, what is due is first");
    assert!(!first_is_first(Window::between(1, 5), Window::from(4)));
    assert!(!first_is_first(Window::from(1), Window::from(4)), "it has no deadline");
    assert!(!first_is_first(Window::between(4, 4), Window::between(4, 4)), "both are due");
    assert!(!first_is_first(Window::ANY, Window::ANY), "any order, as without time");
}

#[test]
fn a_timer_that_is_armed_again_runs_from_then_on() {
    let cluster = cluster(1, Window::between(2, 4), Window::from(3)).inputs([Again]);
    let mut state = cluster.initial();
    assert_eq!(clocks(&cluster, &state), [(Timer::First, 4), (Timer::Second, 3)]);
    for _ in 0..2 {
        state = cluster.apply(&state, Action::Tick).expect("time goes on");
    }
    assert_eq!(clocks(&cluster, &state), [(Timer::First, 2), (Timer::Second, 1)]);
    let mut actions = Vec::new();
    cluster.enabled(&state, &mut actions);
    let again = actions.iter().find(|action| {
        cluster.stimulus(**action).is_some_and(|stimulus| stimulus.event == Event::Input(Again))
    });
    state = cluster.apply(&state, *again.expect("it may be asked for")).expect("it is possible");
    assert_eq!(clocks(&cluster, &state), [(Timer::First, 4), (Timer::Second, 1)]);
}

/// Otherwise time would stand still, and nothing that comes later would be seen.
#[test]
fn a_deadline_cannot_be_forbidden() {
    let forbidden = |first| {
        let cluster = cluster(1, first, Window::from(4))
            .environment(|_: &Alarms, event| *event != Event::Timer(Timer::First))
            .sometimes("the first rings", |view| {
                view.machines().any(|alarms| alarms.rung.contains(&Some(Timer::First)))
            });
        let report = cluster.check(&Limits { until: Some("nothing"), ..Limits::default() });
        report.properties.into_iter().map(|property| property.status.name()).collect::<Vec<_>>()
    };
    assert_eq!(forbidden(Window::between(1, 3)), ["holds", "holds", "witnessed", "witnessed"]);
    assert_eq!(forbidden(Window::from(1)), ["holds", "violated", "witnessed", "unwitnessed"]);
}

#[test]
fn a_host_that_is_late_has_a_later_deadline() {
    let late = |ticks: fn(&Timer) -> u16| {
        let tamper = Tamper { tardy: ticks, ..Tamper::default() };
        let report =
            cluster(1, Window::between(1, 3), Window::from(4)).tamper(tamper).check(&Limits::default());
        report.is_violated()
    };
    assert!(!late(|_| 0) && !late(|_| 1));
    assert!(late(|_| 2));
}

#[test]
fn both_searches_and_all_names_come_to_the_same() {
    let two = || cluster(2, Window::between(1, 2), Window::between(2, 4));
    let figures = |cluster: Cluster<Alarms>, searcher| {
        let report = cluster.check_by(searcher, &Limits::default());
        assert!(report.is_ok(), "{report}");
        (report.progress.unique_states, report.progress.states)
    };
    let by = |cluster: fn(Cluster<Alarms>) -> Cluster<Alarms>| {
        let [ours, theirs] = [Searcher::Althing, Searcher::Stateright].map(|by| figures(cluster(two()), by));
        assert_eq!(ours, theirs);
        ours.0
    };
    let plain = by(|cluster| cluster);
    let in_flight = by(|cluster| cluster.network(Network::InFlight));
    let symmetric = by(Cluster::symmetric);
    by(|cluster| cluster.crashes(1));
    assert!(symmetric < plain && 2 * symmetric >= plain, "{symmetric} of {plain}");
    assert!(in_flight > 0);
}

#[test]
fn a_story_of_time_runs_again_and_none_is_true_without_it() {
    let late = || cluster(1, Window::between(1, 5), Window::from(4));
    let report = late().check(&Limits::default());
    let trace = report.properties.into_iter().find_map(|property| property.trace).expect("a violation");
    assert!(trace.story().contains("  1. to 4. 4 ticks of time pass: 4 so far"), "{}", trace.story());
    let header = Header {
        althing_trace: VERSION,
        model: "alarms".into(),
        bounds: String::new(),
        mutant: None,
        property: Some(trace.property.clone()),
        steps: None,
        cycle: None,
    };
    let replay = late().replay(&header, &trace.lines).expect("it conforms");
    assert_eq!(replay.violation, Some((5, vec!["FirstIsFirst"])));
    let too_early = late().replay(&header, &trace.lines[1..]).expect_err("a tick is missing");
    assert!(matches!(too_early, Nonconformance::Impossible { step: 5, .. }), "{too_early}");
}

#[test]
fn walks_pass_time() {
    let cluster = cluster(2, Window::between(1, 3), Window::from(4));
    let rang = (0..20).filter(|seed| {
        let mut walk = Walk::new(&cluster);
        for choice in choices(*seed).take(60) {
            walk.step(choice).unwrap_or_else(|violation| panic!("{}", violation.story(&cluster)));
        }
        let view = cluster.view(walk.state());
        view.machines().all(|alarms| alarms.rung == [Some(Timer::First), Some(Timer::Second)])
    });
    assert!(rang.count() > 10);
}
