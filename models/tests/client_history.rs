//! What clients see: a counter, replicated on three servers, that several clients add to and read,
//! with retries, through crashes, partitions and changes of leader. Whatever they were answered must
//! be explained by some order of their operations that respects time: linearizability, as
//! stateright's tester decides it.
//!
//! Adding twice is not adding once, so it shows if a retry is applied again (thesis 6.3); the answer
//! to an addition is the sum, so it shows if one is lost; and an old read shows (thesis 6.4).

use std::collections::{BTreeMap, BTreeSet};

use althing::raft::{
    Command, Config, Disk, Input, Membership, Message, Options, Output, Raft, Refused, Timer,
};
use althing::raft::{Index, Published, Rules, election};
use althing::{Durable, Event, Machine, NodeId, NodeSet, Op, Outbox};
use althing_models::walk::choices;
use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};

const SERVERS: u8 = 3;
const CLIENTS: u8 = 4;
/// Operations a client: the tester takes exponential time.
const OPERATIONS: u64 = 5;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Operation {
    Add(u64),
    Read,
}

/// What the counter must do: the sum, after the operation, is the answer.
#[derive(Clone, Default, Debug)]
struct Counter(u64);

impl SequentialSpec for Counter {
    type Op = Operation;
    type Ret = u64;

    fn invoke(&mut self, operation: &Operation) -> u64 {
        if let Operation::Add(count) = operation {
            self.0 += count;
        }
        self.0
    }
}

/// What is replicated.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Request {
    client: u8,
    number: u64,
    add: u64,
}

impl Command for Request {}

/// A rule is missing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Broken {
    ReadWithoutMajority,
    ReadBeforeCommit,
    AnyRoundConfirms,
}

impl election::Rules for Broken {}

impl Rules for Broken {
    fn may_answer_read(&self, by: NodeSet, voters: althing::quorum::Voters) -> bool {
        *self == Self::ReadWithoutMajority || Published.may_answer_read(by, voters)
    }

    fn may_read(&self, committed_in_term: bool) -> bool {
        *self == Self::ReadBeforeCommit || committed_in_term
    }

    fn confirms(&self, answered: u64, read: u64) -> bool {
        // As if the host's own number named the read: any answer since the first will do.
        (*self == Self::AnyRoundConfirms && answered > 0) || answered >= read
    }
}

struct Host<R: Rules> {
    server: Raft<Request, R>,
    disk: Disk<Request>,
    timers: BTreeSet<Timer>,
    applied: Index,
    sum: u64,
    /// The last request of each client, and its answer (thesis 6.3).
    sessions: BTreeMap<u8, (u64, u64)>,
    /// Reads that may be served once so much is applied.
    reads: Vec<(u64, Index)>,
}

#[derive(Clone, Copy)]
struct Client {
    /// Of the operation under way; operations done, if there is none.
    number: u64,
    waits_for: Option<Operation>,
}

struct World<R: Rules> {
    config: Vec<Config<R>>,
    hosts: Vec<Host<R>>,
    network: Vec<(NodeId, NodeId, Message<Request>)>,
    alone: Option<NodeId>,
    clients: [Client; CLIENTS as usize],
    history: LinearizabilityTester<u8, Counter>,
    dedupes: bool,
    random: Box<dyn Iterator<Item = u32>>,
    done: u64,
}

impl<R: Rules> World<R> {
    fn new(seed: u64, rules: R, dedupes: bool) -> Self {
        let nodes = NodeSet::first(SERVERS);
        let mut random = Box::new(choices(seed));
        let mut bit = || random.next().unwrap_or_default().is_multiple_of(2);
        let options =
            Options { pre_vote: bit(), check_quorum: bit(), prompt_commit: bit(), ..Options::default() };
        let membership = Membership::new(nodes, NodeSet::EMPTY).expect("voters");
        let of = |node| Config::new(node, membership).with_options(options).with_rules(rules);
        let mut world = Self {
            config: nodes.iter().map(of).collect(),
            hosts: Vec::new(),
            network: Vec::new(),
            alone: None,
            clients: [Client { number: 0, waits_for: None }; CLIENTS as usize],
            history: LinearizabilityTester::new(Counter(0)),
            dedupes,
            random,
            done: 0,
        };
        for node in nodes {
            let (config, mut out) = (world.config[node.index()], Outbox::new());
            let server = Raft::restart(config, Disk::default(), &mut out);
            world.hosts.push(Host {
                server,
                disk: Disk::default(),
                timers: BTreeSet::new(),
                applied: Index::default(),
                sum: 0,
                sessions: BTreeMap::new(),
                reads: Vec::new(),
            });
            world.perform(node, out);
        }
        world
    }

    fn pick(&mut self, among: usize) -> usize {
        self.random.next().unwrap_or_default() as usize % among
    }

    fn node(&mut self) -> NodeId {
        NodeId::new(self.pick(SERVERS.into()) as u8).expect("a server")
    }

    fn step(&mut self) {
        match self.pick(200) {
            0..130 if !self.network.is_empty() => self.deliver(),
            0..150 => self.expire(),
            150..194 => self.ask(),
            194 => self.alone = Some(self.node()),
            195 | 196 => self.alone = None,
            197 => self.restart(),
            _ => self.network.truncate(self.network.len() / 2), // The latest are lost.
        }
    }

    fn deliver(&mut self) {
        // Mostly in order, now and then not; one in twenty will arrive again.
        let at = if self.pick(4) > 0 { 0 } else { self.pick(self.network.len()) };
        let (from, to, message) =
            if self.pick(20) == 0 { self.network[at].clone() } else { self.network.remove(at) };
        if self.alone.is_none_or(|node| node != from && node != to) {
            self.handle(to, Event::Message { from, message });
        }
    }

    fn expire(&mut self) {
        let node = self.node();
        let timers: Vec<_> = self.hosts[node.index()].timers.iter().copied().collect();
        if !timers.is_empty() {
            let timer = timers[self.pick(timers.len())];
            self.hosts[node.index()].timers.remove(&timer);
            self.handle(node, Event::Timer(timer));
        }
    }

    fn restart(&mut self) {
        let node = self.node();
        let (config, mut out) = (self.config[node.index()], Outbox::new());
        let host = &mut self.hosts[node.index()];
        host.server = Raft::restart(config, host.disk.clone(), &mut out);
        (host.applied, host.sum) = (Index::default(), 0);
        host.timers.clear();
        host.sessions.clear();
        host.reads.clear();
        self.perform(node, out);
    }

    /// A client begins an operation, or sends the one that it waits for once more, to any server.
    fn ask(&mut self) {
        let (id, node) = (self.pick(CLIENTS.into()) as u8, self.node());
        let client = self.clients[usize::from(id)];
        let operation = match client.waits_for {
            Some(operation) => operation,
            None if client.number == OPERATIONS => return,
            None => {
                let operation =
                    if self.pick(2) == 0 { Operation::Read } else { Operation::Add(1 + u64::from(id)) };
                let number = client.number + 1;
                self.clients[usize::from(id)] = Client { number, waits_for: Some(operation) };
                self.history.on_invoke(id, operation).expect("a client does one thing at a time");
                operation
            }
        };
        let number = self.clients[usize::from(id)].number;
        let input = match operation {
            Operation::Add(add) => {
                Input::Propose([Request { client: id, number, add }].into_iter().collect())
            }
            Operation::Read => Input::Read(u64::from(id) << 32 | number),
        };
        self.handle(node, Event::Input(input));
    }

    /// The client hears the answer, if it waits for it still, and if the answer is not lost.
    fn answer(&mut self, id: u8, number: u64, sum: u64) {
        let client = &mut self.clients[usize::from(id)];
        if client.number == number
            && client.waits_for.is_some()
            && !self.random.next().unwrap_or_default().is_multiple_of(4)
        {
            client.waits_for = None;
            self.history.on_return(id, sum).expect("it was asked");
            self.done += 1;
        }
    }

    fn handle(&mut self, node: NodeId, event: Event<Raft<Request, R>>) {
        let mut out = Outbox::new();
        self.hosts[node.index()].server.step(event, &mut out);
        self.perform(node, out);
    }

    fn perform(&mut self, node: NodeId, mut out: Outbox<Raft<Request, R>>) {
        for op in out.drain() {
            let host = &mut self.hosts[node.index()];
            match op {
                Op::Write(write) => host.disk.apply(&write),
                Op::Sync => {}
                Op::Send { to, message } => self.network.push((node, to, message)),
                Op::Arm(timer) => drop(host.timers.insert(timer)),
                Op::Disarm(timer) => drop(host.timers.remove(&timer)),
                Op::Output(Output::Committed(index)) => self.apply(node, index),
                Op::Output(Output::Read { token, index }) => host.reads.push((token, index)),
                Op::Output(Output::Refused(Refused::Message(from), why)) => {
                    panic!("{node} refuses an honest message of {from}: {why}")
                }
                Op::Output(Output::Leader(_) | Output::Restore(_) | Output::Refused(..)) => {}
            }
        }
        self.serve(node);
    }

    fn apply(&mut self, node: NodeId, index: Index) {
        let host = &mut self.hosts[node.index()];
        let commands = host.server.log().commands(host.applied, index);
        let requests: Vec<_> = commands.map(|(_, request)| request.clone()).collect();
        host.applied = index;
        for Request { client, number, add } in requests {
            let host = &mut self.hosts[node.index()];
            let known = host.sessions.get(&client).copied().filter(|_| self.dedupes);
            let sum = match known {
                Some((last, sum)) if last == number => sum,
                Some((last, _)) if last > number => continue, // The client has gone on.
                Some(_) | None => {
                    host.sum += add;
                    host.sum
                }
            };
            host.sessions.insert(client, (number, sum));
            self.answer(client, number, sum);
        }
    }

    fn serve(&mut self, node: NodeId) {
        let host = &mut self.hosts[node.index()];
        let (applied, sum) = (host.applied, host.sum);
        let ready: Vec<_> = host.reads.extract_if(.., |(_, index)| *index <= applied).collect();
        ready.into_iter().for_each(|(token, _)| self.answer((token >> 32) as u8, token & 0xFFFF_FFFF, sum));
    }
}

/// How many operations were done; `None` if no order explains the answers.
fn run<R: Rules>(seed: u64, rules: R, dedupes: bool) -> Option<u64> {
    let mut world = World::new(seed, rules, dedupes);
    (0..3_000).for_each(|_| world.step());
    world.history.is_consistent().then_some(world.done)
}

#[test]
fn what_clients_see_is_linearizable() {
    let mut done = 0;
    for seed in 0..200 {
        let of_run = run(seed, Published, true);
        done += of_run.unwrap_or_else(|| panic!("seed {seed}: no order explains what the clients saw"));
    }
    let possible = 200 * u64::from(CLIENTS) * OPERATIONS;
    assert!(2 * done > possible, "only {done} operations of {possible} were done");
}

#[test]
fn a_missing_rule_shows() {
    let caught = |rules| (0..2_000).find(|seed| run(*seed, rules, true).is_none());
    for rules in [Broken::ReadWithoutMajority, Broken::ReadBeforeCommit, Broken::AnyRoundConfirms] {
        let seed = caught(rules);
        println!("{rules:?}: seed {seed:?}");
        assert!(seed.is_some(), "{rules:?} was not caught");
    }
}

#[test]
fn a_retry_that_is_applied_again_shows() {
    assert!((0..200).any(|seed| run(seed, Published, false).is_none()));
}
