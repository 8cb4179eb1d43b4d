//! T1: with time, and clocks that differ. One task, which is never done, goes from one contractor to
//! the other; messages take no time or very long, or get lost.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::num::NonZeroU32;

use althing::contract_net::award::{LowestCost, Pricing};
use althing::contract_net::lease::{Drift, LeaseError, manager_minimum};
use althing::contract_net::participant::{Config, Disk, Output, Participant, Timer};
use althing::contract_net::rules::Moment;
use althing::contract_net::{
    Bid, BidId, Capabilities, Message, Money, Published, Rules, TaskId, Terms, contractor, manager,
};
use althing::{Durable, Event, Machine, NodeId, Op, Outbox};

use crate::random::Random;

/// A contractor's lease, and how much longer a step of it may take, by its own clock.
const LEASE: u64 = 20;
const SLACK: u64 = 2;
/// Clocks run at 4/5 to 6/5 of the rate of real time.
const RHO: (u32, u32) = (1, 5);
/// How long a unit of a clock is in real time, if it is slow, right, or fast.
const UNITS: [u64; 3] = [15, 12, 10];

/// The rules without one, by the number of the mutant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Without(u8);

impl Rules for Without {
    fn manager_lease(&self, contractor: u64, slack: u64, drift: Drift) -> Result<u64, LeaseError> {
        if self.0 == 14 { Ok(contractor) } else { Published.manager_lease(contractor, slack, drift) }
    }

    fn lease_begins(&self, at: Moment) -> bool {
        if self.0 == 15 { at == Moment::Go } else { Published.lease_begins(at) }
    }

    fn starts(&self, at: Moment) -> bool {
        if self.0 == 16 { at == Moment::Award } else { Published.starts(at) }
    }

    fn go_counts(&self, running: bool) -> bool {
        self.0 == 17 || Published.go_counts(running)
    }
}

type Node<R> = Participant<LowestCost, R>;

enum Due<R: Rules> {
    Happens(NodeId, Event<Node<R>>),
    /// Unless the contractor's host has restarted since.
    Asks(NodeId, contractor::Input, u32),
    /// Unless the timer was armed anew since.
    Expires(NodeId, Timer, u64),
    Crashes(NodeId),
}

struct World<R: Rules> {
    random: Random,
    now: u64,
    agenda: BinaryHeap<Reverse<(u64, u64)>>,
    due: BTreeMap<u64, Due<R>>,
    scheduled: u64,
    nodes: Vec<(Config<LowestCost, R>, Node<R>, Disk)>,
    armed: BTreeMap<(NodeId, Timer), u64>,
    /// How long a unit of each node's clock is.
    units: Vec<u64>,
    /// The manager's lease, and how long after `Stop` a contractor has stopped.
    lease: u64,
    slack: u64,
    /// Until when each contractor works: `u64::MAX` if it has not been stopped.
    works_until: BTreeMap<NodeId, u64>,
    crashes: [u32; 3],
    starts: u32,
}

fn id(number: u8) -> NodeId {
    NodeId::new(number).expect("a node of the test")
}

impl<R: Rules> World<R> {
    fn new(seed: u64, rules: R, lease: u64, slack: u64) -> Self {
        let mut random = Random::new(seed);
        let units = (0..3).map(|_| UNITS[random.index(3)]).collect();
        let configs = (0..3).map(|number| match number {
            0 => Config::Manager(manager::Config::new(id(0)).with_rules(rules)),
            _ => {
                let capacity = NonZeroU32::MIN.saturating_add(1);
                let config = contractor::Config::new(id(number), id(0), capacity).expect("another");
                Config::Contractor(config.with_rules(rules))
            }
        });
        let start =
            |config| (config, Node::restart(config, Disk::default(), &mut Outbox::new()), Disk::default());
        let (agenda, due, armed, works_until) = Default::default();
        let nodes = configs.map(start).collect();
        Self {
            random,
            now: 0,
            agenda,
            due,
            scheduled: 0,
            nodes,
            armed,
            units,
            lease,
            slack,
            works_until,
            crashes: [0; 3],
            starts: 0,
        }
    }

    /// Whether two ever work on the task at once.
    fn run(&mut self, until: u64) -> bool {
        let (capabilities, capacity) = (Capabilities::NONE, NonZeroU32::MIN.saturating_add(1));
        for number in 1..=2 {
            self.step(
                id(0),
                Event::Input(manager::Input::Join { node: id(number), capabilities, capacity }.into()),
            );
        }
        let terms = Terms { idempotent: self.random.percent(50), ..Terms::new(Money::new(100)) };
        self.step(id(0), Event::Input(manager::Input::Create { task: TaskId::new(0), terms }.into()));
        while let Some(Reverse((at, number))) = self.agenda.pop()
            && at < until
        {
            self.now = at;
            match self.due.remove(&number) {
                Some(Due::Happens(node, event)) => self.step(node, event),
                Some(Due::Asks(node, input, crashes)) if self.crashes[node.index()] == crashes => {
                    self.step(node, Event::Input(input.into()));
                }
                Some(Due::Expires(node, timer, armed)) if self.armed.get(&(node, timer)) == Some(&armed) => {
                    self.armed.remove(&(node, timer));
                    self.step(node, Event::Timer(timer));
                }
                Some(Due::Crashes(node)) => self.crash(node),
                Some(Due::Expires(..) | Due::Asks(..)) | None => {}
            }
            if self.works_until.values().filter(|until| **until > self.now).count() > 1 {
                return true;
            }
        }
        false
    }

    fn after(&mut self, delay: u64, due: Due<R>) {
        self.scheduled += 1;
        self.agenda.push(Reverse((self.now + delay, self.scheduled)));
        self.due.insert(self.scheduled, due);
    }

    fn step(&mut self, node: NodeId, event: Event<Node<R>>) {
        let mut out = Outbox::new();
        self.nodes[node.index()].1.step(event, &mut out);
        self.perform(node, &mut out);
    }

    /// A crash ends all work.
    fn crash(&mut self, node: NodeId) {
        self.armed.retain(|(owner, _), _| *owner != node);
        self.works_until.remove(&node);
        self.crashes[node.index()] += 1;
        let ((config, machine, disk), mut out) = (&mut self.nodes[node.index()], Outbox::new());
        *machine = Node::restart(*config, disk.clone(), &mut out);
        self.perform(node, &mut out);
    }

    fn perform(&mut self, node: NodeId, out: &mut Outbox<Node<R>>) {
        for op in out.drain() {
            match op {
                Op::Write(write) => self.nodes[node.index()].2.apply(&write),
                Op::Sync => {}
                Op::Send { to, message } => self.send(node, to, message),
                Op::Arm(timer) => self.arm(node, timer),
                Op::Disarm(timer) => drop(self.armed.remove(&(node, timer))),
                Op::Output(Output::Contractor(output)) => self.hear(node, output),
                Op::Output(Output::Manager(_)) => {}
            }
        }
        if self.random.below(400) == 0 {
            self.after(0, Due::Crashes(node));
        }
    }

    fn send(&mut self, from: NodeId, to: NodeId, message: Message) {
        let delay = match self.random.below(20) {
            0..=9 => 0,
            10..=13 => self.random.below(200),
            14 => self.random.below(4_000),
            _ => return,
        };
        self.after(delay, Due::Happens(to, Event::Message { from, message }));
    }

    fn arm(&mut self, node: NodeId, timer: Timer) {
        let duration = match timer {
            Timer::Manager(manager::Timer::Bids(_)) => 5,
            Timer::Manager(manager::Timer::Resend(_)) => 10,
            Timer::Manager(manager::Timer::Lease(..)) => self.lease,
            Timer::Contractor(contractor::Timer::Claim(_)) => 7,
            Timer::Contractor(contractor::Timer::Lease(..)) => LEASE,
            Timer::Contractor(contractor::Timer::Report(_)) => 10,
            Timer::Contractor(contractor::Timer::Bid(_)) => 100,
        };
        let number = self.scheduled + 1;
        self.armed.insert((node, timer), number);
        self.after(duration * self.units[node.index()], Due::Expires(node, timer, number));
    }

    fn hear(&mut self, node: NodeId, output: contractor::Output) {
        match output {
            contractor::Output::Asked { task, round, offer } => {
                assert_eq!(offer.pricing, Pricing::AsBid);
                let cost = Money::new(self.random.below(50));
                let bid = Bid { id: BidId::new(0), cost, capability_match: 0, time_estimate: 0 };
                let bid = contractor::Input::Bid { task, round, bid };
                self.after(0, Due::Asks(node, bid, self.crashes[node.index()]));
            }
            contractor::Output::Start { .. } => {
                self.starts += 1;
                self.works_until.insert(node, u64::MAX);
            }
            contractor::Output::Stop { task, epoch } => {
                let slack = self.slack * self.units[node.index()];
                self.works_until.insert(node, self.now + slack);
                let stopped = contractor::Input::Failed { task, epoch };
                self.after(slack, Due::Asks(node, stopped, self.crashes[node.index()]));
            }
            contractor::Output::Settled { .. } | contractor::Output::Refused(_) => {}
        }
    }
}

/// The first of so many runs in which two work at once, and how often work was begun.
fn find(rules: impl Rules, lease: u64, slack: u64, runs: u64) -> (Option<u64>, u32) {
    let mut starts = 0;
    let found = (0..runs).find(|seed| {
        let mut world = World::new(*seed, rules, lease, slack);
        let found = world.run(30_000);
        starts += world.starts;
        found
    });
    (found, starts)
}

fn least() -> u64 {
    let drift = Drift::new(RHO.0, RHO.1).expect("less than one");
    manager_minimum(LEASE, SLACK, drift).expect("it fits")
}

/// T1: at every real instant at most one agent works on a task, whatever the messages take, if the
/// manager's lease is long enough.
#[test]
fn nobody_works_while_another_does() {
    assert_eq!(least(), 33);
    let (found, starts) = find(Published, least(), SLACK, 4_000);
    assert_eq!(found, None);
    assert!(starts > 20_000, "only {starts} starts");
}

/// The bound is sharp: one less, and two work at once.
#[test]
fn with_a_lease_that_is_one_too_short_two_work_at_once() {
    assert!(find(Published, least() - 1, SLACK, 40_000).0.is_some());
}

/// Mutants 14 to 17: without any of these rules two work at once.
#[test]
fn without_a_rule_of_leases_two_work_at_once() {
    for missing in [14, 15, 16, 17] {
        let rules = Without(missing);
        let drift = Drift::new(RHO.0, RHO.1).expect("less than one");
        let lease = rules.manager_lease(LEASE, SLACK, drift).expect("it fits");
        assert!(find(rules, lease, SLACK, 4_000).0.is_some(), "mutant {missing}");
    }
}

/// Mutant 18: so do they if a step takes longer than it may.
#[test]
fn with_a_step_that_outlives_its_check_two_work_at_once() {
    assert!(find(Published, least(), 3 * SLACK, 4_000).0.is_some());
}
