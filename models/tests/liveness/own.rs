//! A machine that the kit has never heard of: one node asks, the other answers.

use std::convert::Infallible;

use althing::{Durable, Event, Machine, NodeId, Outbox};
use althing_models::check::Status;
use althing_models::goal::{Goal, How};
use althing_models::limits::Cut;
use althing_models::liveness::LivenessReport;
use althing_models::trace::{Header, VERSION};
use althing_models::{Cluster, Faults, Limits, Liveness, Network};

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Kind {
    /// It asks again and again.
    Sound,
    /// Nobody answers.
    Deaf,
    /// It asks but once.
    AsksOnce,
    /// Whenever it asks again, it forgets that it was answered.
    Forgetful,
    /// It counts how often it asked, without end.
    Counting,
    /// The same, and nobody answers while it has asked but twice.
    CountingAtLast,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Message {
    Question,
    Answer,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Ask;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Nothing;

impl Durable for Nothing {
    type Write = Infallible;

    fn apply(&mut self, never: &Infallible) {
        match *never {}
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Node {
    id: NodeId,
    kind: Kind,
    is_answered: bool,
    asked: u8,
}

impl Machine for Node {
    type Config = (NodeId, Kind);
    type Durable = Nothing;
    type Input = Infallible;
    type Message = Message;
    type Timer = Ask;
    type Output = Infallible;

    fn restart((id, kind): (NodeId, Kind), _: Nothing, out: &mut Outbox<Self>) -> Self {
        if id.get() == 0 {
            out.arm(Ask);
        }
        Self { id, kind, is_answered: false, asked: 0 }
    }

    fn durable(&self) -> Nothing {
        Nothing
    }

    fn step(&mut self, event: Event<Self>, out: &mut Outbox<Self>) {
        match event {
            Event::Timer(Ask) => {
                self.is_answered &= self.kind != Kind::Forgetful;
                let counts = matches!(self.kind, Kind::Counting | Kind::CountingAtLast);
                self.asked += u8::from(counts && self.asked < 100);
                out.send(NodeId::new(1).expect("a node"), Message::Question);
                if self.kind != Kind::AsksOnce {
                    out.arm(Ask);
                }
            }
            Event::Message { from, message: Message::Question } if self.kind != Kind::Deaf => {
                out.send(from, Message::Answer);
            }
            Event::Message { message: Message::Answer, .. } => {
                self.is_answered = self.kind != Kind::CountingAtLast || self.asked > 2;
            }
            Event::Message { message: Message::Question, .. } => {}
            Event::Input(never) => match never {},
        }
    }
}

fn is_answered(nodes: &[&Node]) -> bool {
    nodes[0].is_answered
}

fn cluster(kind: Kind, faults: Faults, network: Network) -> Cluster<Node> {
    let liveness = Liveness {
        expires: |Ask, _| 1,
        may_be_first: |_, node| node.get() == 0,
        within: Box::new(|node: &Node| node.asked <= 4),
        goals: vec![
            Goal { name: "Answered", how: How::Eventually, reached: is_answered },
            Goal { name: "AnsweredAtLast", how: How::AtLast, reached: is_answered },
        ],
    };
    Cluster::new([0, 1].map(|id| (NodeId::new(id).expect("a node"), kind)))
        .faults(faults)
        .network(network)
        .environment(|node: &Node, _| node.asked < 2)
        .live(liveness)
}

fn report(kind: Kind) -> LivenessReport<Node> {
    cluster(kind, Faults::default(), Network::Monotone).check_liveness(&Limits::default())
}

fn statuses(report: &LivenessReport<Node>) -> Vec<(&'static str, Status)> {
    report.goals.iter().map(|goal| (goal.name, goal.status)).collect()
}

const FAULTS: [(Faults, Network); 3] = [
    (Faults { crashes: 0, losses: 0, duplicates: 0, cuts: 0 }, Network::Monotone),
    (Faults { crashes: 2, losses: 0, duplicates: 0, cuts: 0 }, Network::Monotone),
    (Faults { crashes: 1, losses: 2, duplicates: 1, cuts: 1 }, Network::InFlight),
];

#[test]
fn who_asks_again_and_again_is_answered() {
    for (faults, network) in FAULTS {
        let report = cluster(Kind::Sound, faults, network).check_liveness(&Limits::default());
        assert!(report.is_ok(), "{report:?}");
        let expected = [("Answered", Status::Holds), ("AnsweredAtLast", Status::Holds)];
        assert_eq!(statuses(&report), expected);
        assert!(report.goals.iter().all(|goal| goal.trace.is_none()));
    }
}

/// How a goal is missed, run again: how many steps there are, how many come before the cycle.
fn missed(kind: Kind, goal: &str, faults: Faults, network: Network) -> (usize, Option<usize>) {
    let report = cluster(kind, faults, network).check_liveness(&Limits::default());
    assert!(!report.is_ok() && report.cut.is_none(), "{report:?}");
    let goal = report.goals.iter().find(|other| other.name == goal).expect("it is a goal");
    assert_eq!(goal.status, Status::Violated);
    let trace = goal.trace.as_ref().expect("it is told");
    let (model, bounds, property) = (String::new(), String::new(), Some(goal.name.to_owned()));
    let (mutant, steps, cycle) = (None, None, trace.cycle);
    let header = Header { althing_trace: VERSION, model, bounds, mutant, property, steps, cycle };
    let replay = cluster(kind, faults, network).replay(&header, &trace.lines).expect("it conforms");
    assert!(replay.misses_goal, "{}", trace.story());
    assert_eq!((replay.steps, replay.cycle), (trace.lines.len() as u64, trace.cycle));
    (trace.lines.len(), trace.cycle)
}

#[test]
fn who_is_not_answered_asks_for_ever() {
    for (faults, network) in FAULTS {
        for goal in ["Answered", "AnsweredAtLast"] {
            let (steps, cycle) = missed(Kind::Deaf, goal, faults, network);
            assert!(steps <= 3 && cycle.is_some_and(|before| before < steps), "{steps}, {cycle:?}");
        }
    }
}

/// The only question is lost when faults end.
#[test]
fn who_asks_but_once_may_wait_for_ever() {
    for (faults, network) in FAULTS {
        for goal in ["Answered", "AnsweredAtLast"] {
            assert_eq!(missed(Kind::AsksOnce, goal, faults, network), (1, None));
        }
    }
}

#[test]
fn what_is_lost_again_and_again_is_reached_but_not_at_last() {
    let report = report(Kind::Forgetful);
    let expected = [("Answered", Status::Holds), ("AnsweredAtLast", Status::Violated)];
    assert_eq!(statuses(&report), expected);
    for (faults, network) in FAULTS {
        let (steps, cycle) = missed(Kind::Forgetful, "AnsweredAtLast", faults, network);
        assert_eq!(cycle.map(|before| steps - before), Some(3), "asks, and hears the answer");
    }
}

/// Runs are not followed for ever: nothing is known to be reached, and nothing is said to end.
#[test]
fn beyond_the_bounds_nothing_is_known() {
    for kind in [Kind::Counting, Kind::CountingAtLast] {
        let report = report(kind);
        assert_eq!(report.cut, Some(Cut::Bounds));
        let expected = [("Answered", Status::Unknown), ("AnsweredAtLast", Status::Unknown)];
        assert_eq!(statuses(&report), expected);
        assert!(!report.is_ok());
    }
}

#[test]
fn without_goals_nothing_is_reported() {
    let nodes = [0, 1].map(|id| (NodeId::new(id).expect("a node"), Kind::Sound));
    let report = Cluster::<Node>::new(nodes).check_liveness(&Limits::default());
    assert_eq!((report.states, report.goals.len(), report.cut), (0, 0, None));
}

#[test]
fn a_goal_that_is_never_missing_shows_nothing() {
    let liveness = Liveness {
        expires: |Ask, _| 1,
        may_be_first: |_, _| true,
        within: Box::new(|_: &Node| true),
        goals: vec![Goal { name: "Nothing", how: How::Eventually, reached: |_| true }],
    };
    let nodes = [0, 1].map(|id| (NodeId::new(id).expect("a node"), Kind::Sound));
    let report = Cluster::<Node>::new(nodes).live(liveness).check_liveness(&Limits::default());
    assert_eq!((report.goals[0].status, report.goals[0].missing), (Status::Holds, 0));
    assert!(!report.is_ok());
}
