//! A trace made by hand, with everything that can happen in one.

use althing::machine::{Durable, Event, Machine};
use althing::node::{NodeId, NodeSet};
use althing::outbox::{Op, Outbox};

use crate::trace::{Happening, Line, Trace};

/// Nodes that ask each other whether they are there, and say hello when they start.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Pinger;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Message {
    Ping,
    Pong,
    Hello,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Tick;

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct NoDisk;

impl Durable for NoDisk {
    type Write = ();

    fn apply(&mut self, (): &()) {}
}

impl Machine for Pinger {
    type Config = ();
    type Durable = NoDisk;
    type Input = ();
    type Message = Message;
    type Timer = Tick;
    type Output = ();

    fn restart((): (), _: NoDisk, _: &mut Outbox<Self>) -> Self {
        Self
    }

    fn durable(&self) -> NoDisk {
        NoDisk
    }

    fn step(&mut self, _: Event<Self>, _: &mut Outbox<Self>) {}
}

/// n0 asks n1 twice, and is started again in between; a message is lost, and the network is cut.
pub(super) fn trace() -> Trace<Pinger> {
    let node = |number| NodeId::new(number).expect("a node");
    let event = |from, message| Event::Message { from: node(from), message };
    let send = |to, message| Op::Send { to: node(to), message };
    let happenings = [
        (
            0,
            Happening::Event(Event::Timer(Tick)),
            vec![send(1, Message::Ping), send(2, Message::Ping)],
            "waiting",
        ),
        (1, Happening::Event(event(0, Message::Ping)), vec![send(0, Message::Pong)], "idle"),
        (2, Happening::Lose(event(0, Message::Ping)), vec![], ""),
        (0, Happening::Event(event(1, Message::Pong)), vec![], "answered"),
        (0, Happening::Cut(NodeSet::only(node(0))), vec![], ""),
        (0, Happening::Restart, vec![], "idle"),
        (1, Happening::Duplicate(event(0, Message::Ping)), vec![send(0, Message::Pong)], "idle"),
        (0, Happening::Event(event(1, Message::Pong)), vec![], "answered"),
        (2, Happening::Event(event(0, Message::Hello)), vec![], "idle"),
    ];
    let lines = (1..).zip(happenings).map(|(step, (number, input, effects, state))| Line {
        step,
        node: node(number),
        input,
        effects,
        state: state.into(),
    });
    Trace {
        property: "Answered".into(),
        nodes: NodeSet::first(3),
        initial: vec!["idle".into(); 3],
        lines: lines.collect(),
        cycle: None,
    }
}

/// The first step, among ticks of time, of which the last two repeat for ever.
pub(super) fn ticks() -> Trace<Pinger> {
    let trace = trace();
    let node = NodeId::default();
    let tick = || Line { node, input: Happening::Tick, effects: vec![], state: String::new(), step: 0 };
    let lines = [tick(), trace.lines[0].clone()].into_iter().chain(std::iter::repeat_with(tick).take(5));
    let lines = (1..).zip(lines).map(|(step, line)| Line { step, ..line }).collect();
    Trace { lines, cycle: Some(5), ..trace }
}

/// The first two steps, the second for ever.
pub(super) fn lasso() -> Trace<Pinger> {
    let trace = trace();
    Trace { lines: trace.lines[..2].to_vec(), cycle: Some(1), ..trace }
}
