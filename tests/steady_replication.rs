//! Replication in steady state allocates nothing but the commands' own memory, and for batches a
//! stated number of blocks.

use std::collections::VecDeque;
use std::sync::Arc;

use allocation_counter::measure;
use althing::raft::{
    Command, Commands, Config, Disk, Index, Input, Membership, Message, Options, Output, Raft,
};
use althing::raft::{Position, Timer, Write};
use althing::{Event, Machine, NodeId, NodeSet, Op, Outbox};

/// A cluster as a host would run it: one outbox and one queue, used again and again.
struct Cluster<T: Command> {
    servers: Vec<Raft<T>>,
    out: Outbox<Raft<T>>,
    in_flight: VecDeque<(NodeId, NodeId, Message<T>)>,
    /// What the leader's disk has caught up with.
    persisted: Option<Position>,
    seen: Seen,
}

/// What the cluster did.
#[derive(Default, Debug, Clone, Copy)]
struct Seen {
    appends: u64,
    replies: u64,
    notices: u64,
    committed: u64,
    reads: u64,
    writes: u64,
    timers: u64,
}

impl<T: Command> Cluster<T> {
    /// Server 0 leads.
    fn new(size: u8, options: Options) -> Self {
        let mut out = Outbox::new();
        let members = Membership::new(NodeSet::first(size), NodeSet::EMPTY).expect("a membership");
        let start =
            |id| Raft::restart(Config::new(id, members).with_options(options), Disk::default(), &mut out);
        let servers = NodeSet::first(size).iter().map(start).collect();
        out.drain().for_each(drop);
        let (in_flight, persisted, seen) = (VecDeque::new(), None, Seen::default());
        let mut cluster = Self { servers, out, in_flight, persisted, seen };
        cluster.step(0, Event::Timer(Timer::Election));
        cluster.deliver_all();
        assert!(cluster.servers[0].is_leader());
        cluster
    }

    fn step(&mut self, id: usize, event: Event<Raft<T>>) {
        let server = &mut self.servers[id];
        let from = server.id();
        server.step(event, &mut self.out);
        for op in self.out.drain() {
            match op {
                Op::Send { to, message } => self.in_flight.push_back((from, to, message)),
                Op::Write(write) => {
                    self.seen.writes += 1;
                    self.persisted =
                        if id == 0 { Write::last(&write).or(self.persisted) } else { self.persisted };
                }
                Op::Arm(_) | Op::Disarm(_) => self.seen.timers += 1,
                Op::Output(Output::Committed(_)) => self.seen.committed += 1,
                Op::Output(Output::Read { .. }) => self.seen.reads += 1,
                Op::Output(_) | Op::Sync => {}
            }
        }
    }

    fn deliver_all(&mut self) {
        loop {
            if let Some((from, to, message)) = self.in_flight.pop_front() {
                match message {
                    Message::Append { .. } => self.seen.appends += 1,
                    Message::AppendReply { .. } => self.seen.replies += 1,
                    Message::Committed { .. } => self.seen.notices += 1,
                    Message::Election(_)
                    | Message::Snapshot { .. }
                    | Message::TimeoutNow { .. }
                    | Message::Propose { .. } => {}
                }
                self.step(to.index(), Event::Message { from, message });
            } else if let Some(position) = self.persisted.take() {
                self.step(0, Event::Input(Input::Persisted(position)));
            } else {
                return;
            }
        }
    }

    fn input(&mut self, input: Input<T>) {
        self.step(0, Event::Input(input));
        self.deliver_all();
    }

    /// Some proposals of this many commands each, heartbeats and reads among them, and a
    /// compaction of every server.
    fn work(&mut self, proposals: u64, make: &impl Fn() -> Commands<T>) {
        for turn in 0..proposals {
            self.input(Input::Propose(make()));
            if turn % 16 == 0 {
                self.step(0, Event::Timer(Timer::Heartbeat));
                self.deliver_all();
                self.input(Input::Read(turn));
                self.step(0, Event::Timer(Timer::Quorum));
            }
        }
        for id in 0..self.servers.len() {
            let upto = Index::new(self.servers[id].commit().get() - 4);
            self.step(id, Event::Input(Input::Compact(upto)));
        }
        self.deliver_all();
    }

    /// How many allocations some work costs once the buffers have grown.
    fn cost(&mut self, proposals: u64, make: impl Fn() -> Commands<T>) -> u64 {
        (0..3).for_each(|_| self.work(proposals, &make));
        self.seen = Seen::default();
        let cost = measure(|| (0..4).for_each(|_| self.work(proposals, &make))).count_total;
        let Seen { appends, replies, notices, committed, reads, writes, timers } = self.seen;
        let kinds = [appends, replies, notices, committed, reads, writes, timers];
        assert!(kinds.iter().all(|count| *count > 0), "not everything was done: {:?}", self.seen);
        let last = self.servers[0].log().last();
        for server in &self.servers {
            assert_eq!((server.log().last(), server.commit()), (last, last.index));
        }
        cost
    }
}

fn each_kind() -> impl Iterator<Item = (u8, Options)> {
    let behind = Options { write_behind: true, ..Options::default() };
    [3, 5, 7].into_iter().flat_map(move |size| [(size, Options::default()), (size, behind)])
}

/// Commands that the host keeps itself cost nothing, however many go together.
#[test]
fn indexes_replicate_without_allocating() {
    for (size, options) in each_kind() {
        for batch in [1, 64] {
            let cost = Cluster::<()>::new(size, options).cost(64, || (0..batch).map(|_| ()).collect());
            assert_eq!(cost, 0, "{size} servers, {batch} together");
        }
    }
}

/// A command by itself costs its own memory, and nothing else.
#[test]
fn a_command_costs_its_own_memory() {
    for (size, options) in each_kind() {
        let payload = || Arc::<[u8]>::from(&[7; 16][..]);
        let cost = Cluster::new(size, options).cost(64, || Commands::from_iter([payload()]));
        assert_eq!(cost, 4 * 64, "{size} servers: one allocation a command, made by the host");
        let shared = payload();
        let cost = Cluster::new(size, options).cost(64, || Commands::from_iter([shared.clone()]));
        assert_eq!(cost, 0, "{size} servers: nothing if the host has made it before");
    }
}

/// Commands that go together travel in a list: the host makes one for the proposal, and the leader
/// one for each follower, so a batch costs as many allocations as there are servers, whatever it
/// holds.
#[test]
fn a_batch_costs_one_list_a_server() {
    for (size, options) in each_kind() {
        for batch in [2, 8, 64] {
            let payload = Arc::<[u8]>::from(&[7; 16][..]);
            let mut cluster = Cluster::new(size, options);
            let cost = cluster.cost(64, || (0..batch).map(|_| payload.clone()).collect());
            assert_eq!(cost, 4 * 64 * u64::from(size), "{size} servers, {batch} together");
        }
    }
}
