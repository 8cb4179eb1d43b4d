//! No step allocates once the host's buffers have grown.

use std::collections::VecDeque;

use allocation_counter::measure;
use althing::raft::election::{Config, Election, Message, Role, Timer};
use althing::{Event, Machine, NodeId, NodeSet, Op, Outbox};

type Server = Election<u64>;

/// A cluster as a host would run it: one outbox and one queue, used again and again.
struct Cluster {
    servers: Vec<Server>,
    out: Outbox<Server>,
    in_flight: VecDeque<(NodeId, NodeId, Message<u64>)>,
    seen: Seen,
}

/// What the cluster did.
#[derive(Default, Debug, PartialEq, Clone, Copy)]
struct Seen {
    elected: u32,
    deposed: u32,
    votes: u32,
    refusals: u32,
    pre_votes: u32,
    heartbeats: u32,
    replies: u32,
    writes: u32,
    timers: u32,
    outputs: u32,
}

impl Cluster {
    fn new(size: u8) -> Self {
        let mut out = Outbox::new();
        let start = |id| {
            let config = Config::new(id, NodeSet::first(size)).expect("it votes").with_credential(0);
            Server::restart(config, Default::default(), &mut out)
        };
        let servers = NodeSet::first(size).iter().map(start).collect();
        out.drain().for_each(drop);
        Self { servers, out, in_flight: VecDeque::new(), seen: Seen::default() }
    }

    /// One server handles one event, and the host performs what it asks for.
    fn step(&mut self, id: usize, event: Event<Server>, grouped: bool) {
        let server = &mut self.servers[id];
        let (led, from) = (server.is_leader(), server.id());
        server.step(event, &mut self.out);
        self.seen.elected += u32::from(!led && server.is_leader());
        self.seen.deposed += u32::from(led && !server.is_leader());
        let ops = if grouped { self.out.drain_grouped() } else { self.out.drain() };
        for op in ops {
            match op {
                Op::Send { to, message } => self.in_flight.push_back((from, to, message)),
                Op::Write(_) => self.seen.writes += 1,
                Op::Arm(_) | Op::Disarm(_) => self.seen.timers += 1,
                Op::Output(_) => self.seen.outputs += 1,
                Op::Sync => {}
            }
        }
    }

    fn deliver_all(&mut self) {
        while let Some((from, to, message)) = self.in_flight.pop_front() {
            match message {
                Message::VoteReply { granted: true, .. } => self.seen.votes += 1,
                Message::VoteReply { granted: false, .. } => self.seen.refusals += 1,
                Message::PreVoteReply { .. } => self.seen.pre_votes += 1,
                Message::Heartbeat { .. } => self.seen.heartbeats += 1,
                Message::HeartbeatReply { .. } => self.seen.replies += 1,
                Message::PreVote { .. } | Message::RequestVote { .. } => {}
            }
            self.step(to.index(), Event::Message { from, message }, false);
        }
    }

    /// Every server leads once, keeps its seat for a while, and loses it: first to nobody,
    /// then all stand at once and split the vote.
    fn whole_life(&mut self) {
        for leader in 0..self.servers.len() {
            self.step(leader, Event::Timer(Timer::Election), false);
            self.deliver_all();
            assert!(matches!(self.servers[leader].role(), Role::Leader { .. }));
            for _ in 0..3 {
                self.step(leader, Event::Timer(Timer::Heartbeat), true);
                self.deliver_all();
                self.step(leader, Event::Timer(Timer::Quorum), false);
            }
            self.step(leader, Event::Timer(Timer::Quorum), false);
            for follower in 0..self.servers.len() {
                self.step(follower, Event::Timer(Timer::Lease), true);
            }
        }
        for candidate in 0..self.servers.len() {
            self.step(candidate, Event::Timer(Timer::Election), false);
        }
        self.deliver_all();
        for server in 0..self.servers.len() {
            self.step(server, Event::Timer(Timer::Quorum), false);
            self.step(server, Event::Timer(Timer::Quorum), false);
            self.step(server, Event::Timer(Timer::Lease), false);
        }
    }
}

/// Elections, votes, heartbeats, answers and timers of whole lives cost no allocation.
#[test]
fn a_warm_cluster_allocates_nothing() {
    for size in [3, 5, 7] {
        let mut cluster = Cluster::new(size);
        cluster.whole_life();
        cluster.seen = Seen::default();
        let cost = measure(|| (0..10).for_each(|_| cluster.whole_life()));
        assert_eq!(cost.count_total, 0, "{size} servers: {cost:?}");
        let Seen { elected, deposed, votes, refusals, pre_votes, .. } = cluster.seen;
        let Seen { heartbeats, replies, writes, timers, outputs, .. } = cluster.seen;
        let kinds =
            [elected, deposed, votes, refusals, pre_votes, heartbeats, replies, writes, timers, outputs];
        assert!(
            kinds.iter().all(|count| *count > 0),
            "{size} servers did not do everything: {:?}",
            cluster.seen
        );
    }
}

/// A start allocates nothing either, but for the host's outbox.
#[test]
fn a_restart_allocates_nothing() {
    let config = Config::new(NodeId::default(), NodeSet::first(3)).unwrap();
    let mut out = Outbox::<Election>::new();
    Election::restart(config, Default::default(), &mut out);
    out.drain().for_each(drop);
    let cost = measure(|| {
        Election::restart(config, Default::default(), &mut out);
    });
    assert_eq!(cost.count_total, 0);
    assert_eq!(measure(|| drop(Outbox::<Election>::new())).count_total, 0, "nor does an empty outbox");
}

/// The measure measures: a cold outbox grows.
#[test]
fn a_cold_cluster_allocates() {
    let mut cluster = Cluster::new(3);
    assert!(measure(|| cluster.whole_life()).count_total > 0);
}
