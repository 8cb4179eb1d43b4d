//! Some servers with a network that loses nothing, except where it is cut.

use std::collections::VecDeque;

use althing::raft::{Config, Disk, Input, Message, Output, Timer, Write};
use althing::{Event, Machine, NodeId, NodeSet, Op, Outbox};

use crate::subject::{Server, index, node};

pub(crate) struct Cluster {
    servers: Vec<Server>,
    disks: Vec<Disk<u8>>,
    network: VecDeque<(NodeId, NodeId, Message<u8>)>,
    /// Servers that nothing reaches, and from which nothing comes.
    pub(crate) cut: NodeSet,
    pub(crate) told: Vec<(u8, Output)>,
}

impl Cluster {
    /// Servers `0..size`, each with this configuration but for its name.
    pub(crate) fn new(size: u8, config: impl Fn(NodeId) -> Config) -> Self {
        let mut out = Outbox::new();
        let start = |number| Server::restart(config(node(number)), Disk::default(), &mut out);
        Self {
            servers: (0..size).map(start).collect(),
            disks: vec![Disk::default(); size.into()],
            network: VecDeque::new(),
            cut: NodeSet::EMPTY,
            told: Vec::new(),
        }
    }

    pub(crate) fn server(&self, number: u8) -> &Server {
        &self.servers[usize::from(number)]
    }

    pub(crate) fn expire(&mut self, number: u8, timer: Timer) {
        self.step(node(number), Event::Timer(timer));
        self.run();
    }

    pub(crate) fn ask(&mut self, number: u8, input: Input<u8>) {
        self.step(node(number), Event::Input(input));
        self.run();
    }

    /// The server stands for election.
    pub(crate) fn elect(&mut self, number: u8) {
        self.expire(number, Timer::Election);
    }

    /// The server is elected, and repeats what was lost, until there is nothing to repeat.
    #[track_caller]
    pub(crate) fn lead(&mut self, number: u8) {
        self.elect(number);
        assert!(self.server(number).is_leader(), "n{number} was not elected: {:?}", self.server(number));
        for _ in 0..3 {
            self.expire(number, Timer::Heartbeat);
        }
    }

    pub(crate) fn crash(&mut self, number: u8) {
        let (config, disk) = (*self.server(number).config(), self.disks[usize::from(number)].clone());
        self.servers[usize::from(number)] = Server::restart(config, disk, &mut Outbox::new());
    }

    fn step(&mut self, id: NodeId, event: Event<Server>) {
        let mut out = Outbox::new();
        self.servers[id.index()].step(event, &mut out);
        let mut persisted = None;
        for op in out.drain() {
            match op {
                Op::Write(write) => {
                    self.disks[id.index()].replay(&write).expect("a write that fits the disk");
                    persisted = Write::last(&write).or(persisted);
                }
                Op::Send { to, message } => self.network.push_back((id, to, message)),
                Op::Output(output) => self.told.push((id.get(), output)),
                Op::Sync | Op::Arm(_) | Op::Disarm(_) => {}
            }
        }
        assert_eq!(self.servers[id.index()].durable(), self.disks[id.index()]);
        if let Some(position) = persisted {
            self.step(id, Event::Input(Input::Persisted(position)));
        }
    }

    fn run(&mut self) {
        let mut messages = 0;
        while let Some((from, to, message)) = self.network.pop_front() {
            if !(self.cut.contains(from) || self.cut.contains(to)) {
                self.step(to, Event::Message { from, message });
            }
            messages += 1;
            assert!(messages < 10_000, "the messages do not come to an end");
        }
    }

    /// These servers have the same log, committed up to here.
    #[track_caller]
    pub(crate) fn agree(&self, numbers: &[u8], commit: u64) {
        for number in numbers {
            assert_eq!(self.server(*number).log(), self.server(numbers[0]).log(), "n{number}");
            assert_eq!(self.server(*number).commit(), index(commit), "n{number}");
        }
    }
}
