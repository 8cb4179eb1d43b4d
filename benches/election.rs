//! What one step of an election costs a host, by kind of event, and how many complete elections
//! a second the machines alone can hold.
//!
//! The time of a step includes a copy of the server, since each measurement starts from the same
//! state, and emptying the outbox, which is the least that a host does. The outbox is reused, as
//! a host reuses it, so nothing is allocated.

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Duration;

use althing::raft::election::{Ballot, Config, Election, Message, Role, Term, Timer};
use althing::{Event, Machine, NodeId, NodeSet, Op, Outbox};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

type Server = Election<u64>;
type Happens = Event<Server>;

/// The servers of the single steps: a candidate needs two votes of others to win.
const SERVERS: u8 = 5;

fn node(number: u8) -> NodeId {
    NodeId::new(number).expect("a node number")
}

fn nodes(numbers: &[u8]) -> NodeSet {
    numbers.iter().copied().map(node).collect()
}

fn config(number: u8, servers: u8) -> Config<u64> {
    Config::new(node(number), NodeSet::first(servers)).expect("a voter").with_credential(7)
}

/// Server 0 in this role, in term 5, in which it voted for this one.
fn server(role: Role, vote: Option<u8>) -> Server {
    Server::from_parts(config(0, SERVERS), Ballot { term: Term::new(5), vote: vote.map(node) }, 7, role)
}

/// What server 1 says.
fn says(message: Message<u64>) -> Happens {
    Event::Message { from: node(1), message }
}

/// Each kind of step: its name, the server before, and what happens to it.
fn kinds() -> Vec<(&'static str, Server, Happens)> {
    let term = Term::new(5);
    let (next, earlier) = (Term::new(6), Term::new(4));
    let credential = 7;
    let alone = server(Role::Follower { leader: None }, None);
    let following = server(Role::Follower { leader: Some(node(1)) }, Some(1));
    let pre_candidate = server(Role::PreCandidate { votes: nodes(&[0]) }, None);
    let candidate = server(Role::Candidate { votes: nodes(&[0]) }, Some(0));
    let nearly_leader = server(Role::Candidate { votes: nodes(&[0, 2]) }, Some(0));
    let leader = server(Role::Leader { active: nodes(&[0]) }, Some(0));
    let granted = true;
    vec![
        ("pre-vote granted", alone, says(Message::PreVote { term, credential })),
        ("pre-vote reply counted", pre_candidate, says(Message::PreVoteReply { term, granted })),
        ("vote granted", alone, says(Message::RequestVote { term: next, credential, transfer: false })),
        ("vote denied", alone, says(Message::RequestVote { term, credential: 6, transfer: false })),
        ("vote reply counted", candidate, says(Message::VoteReply { term, granted })),
        ("winning vote", nearly_leader, says(Message::VoteReply { term, granted })),
        ("heartbeat at follower", following, says(Message::Heartbeat { term })),
        ("heartbeat reply at leader", leader, says(Message::HeartbeatReply { term })),
        ("election timeout", alone, Event::Timer(Timer::Election)),
        ("heartbeat timeout", leader, Event::Timer(Timer::Heartbeat)),
        ("stale message", candidate, says(Message::VoteReply { term: earlier, granted })),
    ]
}

fn perform(op: Op<Server>) {
    black_box(op);
}

fn step(c: &mut Criterion) {
    let mut group = c.benchmark_group("step");
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(1));
    group.throughput(Throughput::Elements(1));
    for (name, server, event) in kinds() {
        let mut out = Outbox::new();
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut server = black_box(server);
                server.step(black_box(&event).clone(), &mut out);
                out.drain().for_each(perform);
                server
            });
        });
    }
    group.finish();
}

/// Servers without a host: what they send arrives at once and in order.
struct Cluster {
    started: Vec<Server>,
    servers: Vec<Server>,
    flight: VecDeque<(NodeId, Happens)>,
    out: Outbox<Server>,
}

impl Cluster {
    fn new(servers: u8, pre_vote: bool) -> Self {
        let mut out = Outbox::new();
        let start = |number| {
            let config = config(number, servers).with_pre_vote(pre_vote);
            Server::restart(config, Ballot::default(), &mut out)
        };
        let started: Vec<_> = (0..servers).map(start).collect();
        out.drain().for_each(drop);
        Self { servers: started.clone(), started, flight: VecDeque::new(), out }
    }

    /// From the first start of all, through one election timeout, until nothing is in flight.
    fn elect(&mut self) {
        self.servers.copy_from_slice(&self.started);
        self.flight.push_back((node(0), Event::Timer(Timer::Election)));
        while let Some((to, event)) = self.flight.pop_front() {
            self.servers[to.index()].step(event, &mut self.out);
            for op in self.out.drain() {
                match op {
                    Op::Send { to: receiver, message } => {
                        self.flight.push_back((receiver, Event::Message { from: to, message }));
                    }
                    Op::Write(_) | Op::Sync | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => perform(op),
                }
            }
        }
    }

    fn all_follow_the_first(&self) -> bool {
        self.servers.iter().all(|server| server.leader() == Some(node(0)))
    }
}

fn elections(c: &mut Criterion) {
    let mut group = c.benchmark_group("elections");
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(1));
    group.throughput(Throughput::Elements(1));
    for (name, pre_vote) in [("without pre-vote", false), ("with pre-vote", true)] {
        for servers in [3, 5, 7] {
            let mut cluster = Cluster::new(servers, pre_vote);
            cluster.elect();
            assert!(cluster.all_follow_the_first());
            group.bench_function(BenchmarkId::new(name, servers), |b| b.iter(|| cluster.elect()));
        }
    }
    group.finish();
}

criterion_group!(benches, step, elections);
criterion_main!(benches);
