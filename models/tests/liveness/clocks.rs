//! Clocks once faults have ended: who expires when, and what that does to others.

use std::convert::Infallible;

use althing::{Durable, Event, Machine, NodeId, Outbox};
use althing_models::check::Status;
use althing_models::goal::{Goal, How};
use althing_models::limits::Cut;
use althing_models::{Cluster, Limits, Liveness};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Timer {
    /// n0 says that it is alive.
    Say,
    /// n1 begins to doubt that.
    Doubt,
}

/// n0 says that it is alive, and n1 doubts when it did not hear that for long.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Node {
    id: NodeId,
    doubts: bool,
    is_reassured: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Nothing;

impl Durable for Nothing {
    type Write = Infallible;

    fn apply(&mut self, never: &Infallible) {
        match *never {}
    }
}

impl Machine for Node {
    /// The node, and whether it waits anew whenever it hears something.
    type Config = (NodeId, bool);
    type Durable = Nothing;
    type Input = Infallible;
    type Message = ();
    type Timer = Timer;
    type Output = Infallible;

    fn restart((id, is_reassured): (NodeId, bool), _: Nothing, out: &mut Outbox<Self>) -> Self {
        out.arm(if id.get() == 0 { Timer::Say } else { Timer::Doubt });
        Self { id, doubts: id.get() == 1, is_reassured }
    }

    fn durable(&self) -> Nothing {
        Nothing
    }

    fn step(&mut self, event: Event<Self>, out: &mut Outbox<Self>) {
        match event {
            Event::Timer(Timer::Say) => {
                out.send(NodeId::new(1).expect("a node"), ());
                out.arm(Timer::Say);
            }
            Event::Timer(Timer::Doubt) => {
                self.doubts = true;
                out.arm(Timer::Doubt);
            }
            Event::Message { .. } => {
                self.doubts = false;
                if self.is_reassured {
                    out.arm(Timer::Doubt);
                }
            }
            Event::Input(never) => match never {},
        }
    }
}

type Expires = fn(Timer, bool) -> u8;

/// Whether n1 trusts again and again, and whether it does at last.
fn trusts(expires: Expires, is_reassured: bool, may_be_first: fn(&[&Node], NodeId) -> bool) -> [Status; 2] {
    let (cut, statuses) = cut_and_trusts(expires, is_reassured, may_be_first);
    assert_eq!(cut, None);
    statuses
}

/// The same, and why it was not explored to its end.
fn cut_and_trusts(
    expires: Expires,
    is_reassured: bool,
    may_be_first: fn(&[&Node], NodeId) -> bool,
) -> (Option<Cut>, [Status; 2]) {
    let reached = |nodes: &[&Node]| !nodes[1].doubts;
    let goal = |name, how| Goal { name, how, reached };
    let goals = vec![goal("Trusts", How::Eventually), goal("TrustsAtLast", How::AtLast)];
    let liveness = Liveness { expires, may_be_first, within: Box::new(|_: &Node| true), goals };
    let nodes = [0, 1].map(|id| (NodeId::new(id).expect("a node"), is_reassured));
    let report = Cluster::<Node>::new(nodes).live(liveness).check_liveness(&Limits::default());
    (report.cut, [report.goals[0].status, report.goals[1].status])
}

const BOTH: [Status; 2] = [Status::Holds, Status::Holds];
const NOT_AT_LAST: [Status; 2] = [Status::Holds, Status::Violated];
const NEITHER: [Status; 2] = [Status::Violated, Status::Violated];

fn say_1_doubt_2(timer: Timer, _: bool) -> u8 {
    match timer {
        Timer::Say => 1,
        Timer::Doubt => 2,
    }
}

#[test]
fn a_timer_that_is_armed_again_in_time_does_not_expire() {
    assert_eq!(trusts(say_1_doubt_2, true, |_, _| true), BOTH);
}

#[test]
fn a_timer_that_goes_on_expires() {
    assert_eq!(trusts(say_1_doubt_2, false, |_, _| true), NOT_AT_LAST);
}

#[test]
fn of_timers_that_are_due_at_the_same_time_either_is_first() {
    assert_eq!(trusts(|_, _| 1, true, |_, _| true), NOT_AT_LAST);
    assert_eq!(trusts(|_, _| 3, true, |_, _| true), NOT_AT_LAST);
}

#[test]
fn who_is_slower_to_speak_than_to_be_doubted_is_doubted() {
    let expires = |timer, _| if timer == Timer::Say { 3 } else { 2 };
    assert_eq!(trusts(expires, true, |_, _| true), NOT_AT_LAST);
}

/// Only if n1 is first it doubts as soon as n0 speaks.
#[test]
fn who_is_first_has_the_faster_clock() {
    let expires: Expires = |timer, is_first| if timer == Timer::Doubt && !is_first { 2 } else { 1 };
    assert_eq!(trusts(expires, true, |_, node| node.get() == 0), BOTH);
    assert_eq!(trusts(expires, true, |_, node| node.get() == 1), NOT_AT_LAST);
    assert_eq!(trusts(expires, true, |_, _| true), NOT_AT_LAST);
}

/// No time passes for who waits for nothing; so nobody else's timer ever expires.
#[test]
fn a_timer_that_takes_no_time_stops_the_clocks() {
    let expires: Expires = |timer, _| if timer == Timer::Doubt { 0 } else { 1 };
    assert_eq!(cut_and_trusts(expires, false, |_, _| true), (Some(Cut::Restless), NEITHER));
}
