//! How many tasks a second a contract net can hold, in process and with every guard on, beside a loop
//! without any; and what the ledger's questions cost with up to a million open tasks.
//!
//! - **conversation**: a task from its announcement to the acknowledgement of its result: every message
//!   goes through one queue, and is a step of its receiver. With 20 contractors that are 64 messages.
//! - **manager**: the manager's share of it: announcements go out, bids come in, the award goes out; then a
//!   claim, a report. The contractors are not there.
//! - **naive**: the same conversation without epochs, rounds, leases, capacities, disks and a ledger: a
//!   bid is a cost, and the lowest wins.
//!
//! Each measurement starts from a net in which 1,000 tasks are done, and does 1,000 more.

use std::collections::VecDeque;
use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::Duration;

use althing::contract_net::contractor::{self, Contractor};
use althing::contract_net::ledger::{Cause, Command};
use althing::contract_net::manager::{self, Manager};
use althing::contract_net::{
    AgentId, Bid, BidId, Capabilities, Claim, Digest, Epoch, Ledger, Message, Money, Outcome, Promises,
    Round, TaskId, Tenure, Terms,
};
use althing::{Event, Machine, NodeId, Op, Outbox};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const TASKS: u64 = 1_000;
const BOSS: u8 = 0;

fn perform<T>(what: T) {
    black_box(what);
}

fn node(number: u8) -> NodeId {
    NodeId::new(number).expect("a node number")
}

/// What a contractor asks for a task.
fn cost(contractor: u8, task: u64) -> u64 {
    10 + task.wrapping_add(u64::from(contractor)).wrapping_mul(0x9e37_79b9_7f4a_7c15) % 80
}

fn bid(contractor: u8, task: TaskId) -> Bid {
    let cost = Money::new(cost(contractor, task.get()));
    Bid { id: BidId::new(1), cost, capability_match: 1, time_estimate: 1 }
}

fn manager(contractors: u8) -> Manager {
    let mut out = Outbox::new();
    let mut manager = Manager::restart(manager::Config::new(node(BOSS)), Ledger::default(), &mut out);
    for number in 1..=contractors {
        let (node, capabilities, capacity) = (node(number), Capabilities::NONE, NonZeroU32::MIN);
        manager.step(Event::Input(manager::Input::Join { node, capabilities, capacity }), &mut out);
    }
    manager
}

fn create(task: u64) -> Event<Manager> {
    Event::Input(manager::Input::Create { task: TaskId::new(task), terms: Terms::new(Money::new(100)) })
}

/// A manager and its contractors without hosts: what they send arrives at once and in order.
#[derive(Clone)]
struct Net {
    manager: Manager,
    contractors: Vec<Contractor>,
    asks: Outbox<Manager>,
    says: Outbox<Contractor>,
    queue: VecDeque<(NodeId, NodeId, Message)>,
    accepted: u64,
}

impl Net {
    fn new(contractors: u8) -> Self {
        let mut says = Outbox::new();
        let start = |number| {
            let config = contractor::Config::new(node(number), node(BOSS), NonZeroU32::MIN).expect("another");
            Contractor::restart(config, Promises::default(), &mut says)
        };
        let all = (1..=contractors).map(start).collect();
        let (asks, queue) = (Outbox::new(), VecDeque::new());
        let mut net =
            Self { manager: manager(contractors), contractors: all, asks, says, queue, accepted: 0 };
        net.run(0);
        net
    }

    /// So many tasks, one after the other, from this one on.
    fn run(&mut self, from: u64) {
        for task in from..from + TASKS {
            self.manager.step(create(task), &mut self.asks);
            self.post();
            while let Some((from, to, message)) = self.queue.pop_front() {
                let to_manager = to.get() == BOSS;
                if to_manager {
                    self.manager.step(Event::Message { from, message }, &mut self.asks);
                    self.post();
                } else {
                    self.tell(to, Event::Message { from, message });
                }
            }
        }
    }

    fn post(&mut self) {
        for op in self.asks.drain() {
            match op {
                Op::Send { to, message } => self.queue.push_back((node(BOSS), to, message)),
                Op::Write(_) | Op::Sync | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => perform(op),
            }
        }
    }

    fn tell(&mut self, at: NodeId, event: Event<Contractor>) {
        let mut next = Some(event);
        while let Some(event) = next.take() {
            self.contractors[at.index() - 1].step(event, &mut self.says);
            for op in self.says.drain() {
                match op {
                    Op::Send { to, message } => self.queue.push_back((at, to, message)),
                    Op::Output(contractor::Output::Asked { task, round, .. }) => {
                        let bid = bid(at.get(), task);
                        next = Some(Event::Input(contractor::Input::Bid { task, round, bid }));
                    }
                    Op::Output(contractor::Output::Start { task, epoch }) => {
                        let result = Digest::new(task.get());
                        next = Some(Event::Input(contractor::Input::Finished { task, epoch, result }));
                    }
                    Op::Output(contractor::Output::Settled { .. }) => self.accepted += 1,
                    Op::Write(_) | Op::Sync | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => perform(op),
                }
            }
        }
    }
}

/// The manager alone: its contractors are a script.
fn manage(manager: &mut Manager, out: &mut Outbox<Manager>, contractors: u8, from: u64) {
    let (round, epoch, claim) = (Round::new(1), Epoch::new(1), Claim { start: 0, number: 1 });
    for number in from..from + TASKS {
        let task = TaskId::new(number);
        manager.step(create(number), out);
        for bidder in 1..=contractors {
            let message = Message::Bid { task, round, bid: bid(bidder, task) };
            manager.step(Event::Message { from: node(bidder), message }, out);
        }
        let mut winner = None;
        for op in out.drain() {
            match op {
                Op::Send { to, message: Message::Award { .. } } => winner = Some(to),
                Op::Send { .. } | Op::Write(_) | Op::Sync | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => {
                    perform(op);
                }
            }
        }
        let from = winner.expect("it is awarded");
        let outcome = Outcome::Done(Digest::new(number));
        for message in [Message::Claim { task, epoch, claim }, Message::Report { task, epoch, outcome }] {
            manager.step(Event::Message { from, message }, out);
        }
        out.drain().for_each(perform);
    }
}

/// What travels in a net without guards.
#[derive(Clone, Copy)]
enum Said {
    Announce { task: u64 },
    Bid { task: u64, cost: u64 },
    Award { task: u64 },
    Reject { task: u64 },
    Done { task: u64, result: u64 },
    Ack { task: u64 },
}

/// Nothing is compared and nothing is kept, but the best bid and what was earned.
#[derive(Clone, Default)]
struct Naive {
    queue: VecDeque<(u8, u8, Said)>,
    bids: Vec<(u64, u8)>,
    earned: Vec<u64>,
    done: u64,
}

impl Naive {
    fn run(&mut self, contractors: u8) {
        self.earned.resize(usize::from(contractors) + 1, 0);
        for task in 0..TASKS {
            self.bids.clear();
            (1..=contractors).for_each(|to| self.queue.push_back((BOSS, to, Said::Announce { task })));
            while let Some((from, to, said)) = self.queue.pop_front() {
                self.hear(from, to, said, contractors);
            }
        }
    }

    fn hear(&mut self, from: u8, to: u8, said: Said, contractors: u8) {
        match said {
            Said::Announce { task } => {
                self.queue.push_back((to, BOSS, Said::Bid { task, cost: cost(to, task) }));
            }
            Said::Bid { task, cost } => {
                self.bids.push((cost, from));
                if self.bids.len() == usize::from(contractors) {
                    let (_, winner) = *self.bids.iter().min().expect("there are bids");
                    for (_, bidder) in &self.bids {
                        let said =
                            if *bidder == winner { Said::Award { task } } else { Said::Reject { task } };
                        self.queue.push_back((BOSS, *bidder, said));
                    }
                }
            }
            Said::Award { task } => self.queue.push_back((to, BOSS, Said::Done { task, result: task })),
            Said::Reject { task } => perform(task),
            Said::Done { task, result } => {
                self.earned[usize::from(from)] += black_box(result);
                self.queue.push_back((BOSS, from, Said::Ack { task }));
            }
            Said::Ack { task } => self.done += black_box(task) & 1,
        }
    }
}

fn tasks(c: &mut Criterion) {
    let mut group = c.benchmark_group("tasks");
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3));
    group.sample_size(20).throughput(Throughput::Elements(TASKS));
    for contractors in [5, 20, 100] {
        let net = Net::new(contractors);
        assert_eq!(net.accepted, TASKS);
        group.bench_function(BenchmarkId::new("conversation", contractors), |b| {
            b.iter_batched_ref(|| net.clone(), |net| net.run(TASKS), BatchSize::LargeInput);
        });
        let (mut manager, mut out) = (manager(contractors), Outbox::new());
        manage(&mut manager, &mut out, contractors, 0);
        group.bench_function(BenchmarkId::new("manager", contractors), |b| {
            let started = || (manager.clone(), Outbox::new());
            let run =
                |(manager, out): &mut (Manager, Outbox<Manager>)| manage(manager, out, contractors, TASKS);
            b.iter_batched_ref(started, run, BatchSize::LargeInput);
        });
        group.bench_function(BenchmarkId::new("naive", contractors), |b| {
            b.iter_batched_ref(Naive::default, |naive| naive.run(contractors), BatchSize::LargeInput);
        });
    }
    group.finish();
}

/// A ledger with so many open tasks and 10,000 agents, of six capabilities.
fn ledger(tasks: u64) -> Ledger {
    let mut ledger = Ledger::default();
    let of = |number: u64| Capabilities::from_bits(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58);
    for number in 0..10_000_u32 {
        let (agent, capabilities) = (AgentId::new(number), of(u64::from(number)));
        ledger.apply(Command::Join { agent, capabilities, capacity: NonZeroU32::MIN }).expect("new");
    }
    for number in 0..tasks {
        let needs = Capabilities::from_bits(of(number).bits() & of(number + 1).bits());
        let terms = Terms::new(Money::new(100)).needing(needs);
        ledger.apply(Command::Create { task: TaskId::new(number), terms }).expect("new");
    }
    ledger
}

fn questions(c: &mut Criterion) {
    const RESULTS: u64 = 1_000;
    let mut group = c.benchmark_group("ledger");
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2)).sample_size(20);
    for tasks in [10_000, 100_000, 1_000_000] {
        let mut ledger = ledger(tasks);
        let (able_to, needed) = (Capabilities::from_bits(0b011_011), Capabilities::from_bits(0b000_100));
        assert!(ledger.open_to(able_to).count() as u64 >= RESULTS);
        assert!(ledger.able(needed).count() as u64 >= RESULTS);
        group.throughput(Throughput::Elements(RESULTS));
        group.bench_function(BenchmarkId::new("tasks for an agent", tasks), |b| {
            b.iter(|| {
                ledger.open_to(black_box(able_to)).take(RESULTS as usize).map(TaskId::get).sum::<u64>()
            });
        });
        group.bench_function(BenchmarkId::new("agents for a task", tasks), |b| {
            let all = || ledger.able(black_box(needed)).take(RESULTS as usize);
            b.iter(|| all().map(|agent| u64::from(agent.get())).sum::<u64>());
        });
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("award and release", tasks), |b| {
            let mut turn = 0_u64;
            b.iter(|| {
                turn = turn.wrapping_add(0x9e37_79b9_7f4a_7c15);
                award_and_release(&mut ledger, TaskId::new(turn % tasks));
            });
        });
    }
    group.finish();
}

fn award_and_release(ledger: &mut Ledger, task: TaskId) {
    let known = ledger.task(task).expect("it is there");
    let (round, epoch) = (known.round, known.epoch.next().expect("not the last"));
    let agent = ledger.able(known.terms.needs).next().expect("somebody can");
    let (bid, bids, price) = (BidId::new(0), Digest::new(0), Money::new(1));
    ledger.apply(Command::Award { task, round, epoch, agent, bid, price, bids }).expect("in order");
    let tenure = Tenure { epoch, agent };
    ledger.apply(Command::Release { task, tenure, cause: Cause::Failed }).expect("in order");
}

criterion_group!(benches, tasks, questions);
criterion_main!(benches);
