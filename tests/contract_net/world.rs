//! A manager, contractors, their hosts and the network between them, as one run.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use althing::contract_net::award::LowestCost;
use althing::contract_net::bidder::{self, CostModel};
use althing::contract_net::invariants::{self, Chronicle};
use althing::contract_net::ledger::Command;
use althing::contract_net::message::{Ack, Message, Offer};
use althing::contract_net::participant::{Config, Disk, Output, Participant, Timer, Write};
use althing::contract_net::{
    BidId, Capabilities, Digest, Epoch, Money, Published, Round, Rules, TaskId, Terms, contractor, manager,
};
use althing::observe::{Cause as Why, History, Step};
use althing::{Durable, Event, Machine, NodeId, Op, Outbox};

use crate::counts::Counts;
use crate::random::Random;

pub(crate) type Node<R> = Participant<LowestCost, R>;

/// What is wrong with the hosts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Host {
    Honest,
    /// It sends first, and writes then.
    SendsFirst,
    /// It does not write the awards to the disk.
    ForgetsAwards,
    /// After a crash it begins with an empty disk; and it bids alike, and hears most things twice.
    ForgetsPromises,
    /// Once faults have ended, its leases never run out.
    Patient,
}

/// How a run is to go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<R> {
    pub(crate) seed: u64,
    pub(crate) contractors: u8,
    pub(crate) tasks: u64,
    pub(crate) steps: u32,
    pub(crate) rules: R,
    pub(crate) host: Host,
}

impl Plan<Published> {
    pub(crate) fn new(seed: u64, contractors: u8, tasks: u64, steps: u32) -> Self {
        Self { seed, contractors, tasks, steps, rules: Published, host: Host::Honest }
    }
}

impl<R> Plan<R> {
    pub(crate) fn without<S>(self, rules: S) -> Plan<S> {
        let Self { seed, contractors, tasks, steps, rules: _, host } = self;
        Plan { seed, contractors, tasks, steps, rules, host }
    }
}

/// One node, with its disk, its timers, and what its application is doing.
struct Seat<R: Rules> {
    config: Config<LowestCost, R>,
    node: Node<R>,
    disk: Disk,
    timers: BTreeSet<Timer>,
    asked: Vec<(TaskId, Round, Offer)>,
    at_work: BTreeMap<TaskId, Epoch>,
    stopping: Vec<(TaskId, Epoch)>,
    model: CostModel,
}

pub(crate) struct World<R: Rules> {
    random: Random,
    plan: Plan<R>,
    seats: Vec<Seat<R>>,
    network: Vec<(NodeId, NodeId, Message)>,
    chronicle: Chronicle,
    created: u64,
    pub(crate) counts: Counts,
}

fn id(number: u8) -> NodeId {
    NodeId::new(number).expect("a node of the test")
}

impl<R: Rules> World<R> {
    pub(crate) fn new(plan: Plan<R>) -> Self {
        let mut random = Random::new(plan.seed);
        let seats = (0..=plan.contractors).map(|number| Seat::new(number, &plan, &mut random)).collect();
        let (network, chronicle) = (Vec::new(), Chronicle::default());
        Self { random, plan, seats, network, chronicle, created: 0, counts: Counts::default() }
    }

    /// Everything goes wrong that can; then nothing does any more, and every task must end.
    pub(crate) fn run(&mut self) -> Result<(), String> {
        for number in 1..=self.plan.contractors {
            self.join(number)?;
        }
        for _ in 0..self.plan.steps {
            self.any()?;
        }
        self.calm()
    }

    fn any(&mut self) -> Result<(), String> {
        match self.random.below(100) {
            0..=54 => self.deliver_any(),
            55..=69 => self.expire_any(),
            70..=84 => self.work_any(),
            85..=91 => self.create(),
            92..=93 => self.manager_is_asked(),
            94..=96 => self.crash_any(),
            _ => self.deliver_any(),
        }
    }

    fn deliver_any(&mut self) -> Result<(), String> {
        if self.network.is_empty() {
            return Ok(());
        }
        let place = self.random.index(self.network.len());
        let (from, to, message) = self.network[place];
        let forgets = self.plan.host == Host::ForgetsPromises;
        if !self.random.percent(if forgets { 70 } else { 15 }) || self.network.len() > 2_000 {
            self.network.swap_remove(place); // Otherwise it arrives, and will arrive again.
        }
        if self.random.percent(10) {
            return Ok(());
        }
        self.step(to, Event::Message { from, message })
    }

    fn expire_any(&mut self) -> Result<(), String> {
        let seat = self.random.index(self.seats.len());
        let armed: Vec<_> = self.seats[seat].timers.iter().copied().collect();
        let Some(&timer) = armed.get(self.random.index(armed.len())) else { return Ok(()) };
        // Leases are long.
        let lease = matches!(timer, Timer::Manager(manager::Timer::Lease(..)))
            || matches!(timer, Timer::Contractor(contractor::Timer::Lease(..)));
        if lease && self.random.percent(60) {
            return Ok(());
        }
        self.expire(seat, timer)
    }

    fn expire(&mut self, seat: usize, timer: Timer) -> Result<(), String> {
        self.seats[seat].timers.remove(&timer);
        self.step(id(seat as u8), Event::Timer(timer))
    }

    fn work_any(&mut self) -> Result<(), String> {
        let seat = self.random.index(self.seats.len());
        self.work(seat).map(|_| ())
    }

    /// The application of a contractor does something. Whether there was anything to do.
    fn work(&mut self, seat: usize) -> Result<bool, String> {
        let Seat { asked, at_work, stopping, model, .. } = &mut self.seats[seat];
        let alike = self.plan.host == Host::ForgetsPromises;
        if let Some((task, round, offer)) = asked.pop() {
            let work = if alike { 1 } else { 1 + self.random.below(20) };
            let reserve = if self.random.percent(20) { Money::new(u64::MAX) } else { offer.reserve };
            let offer = Offer { reserve, ..offer }; // Some bid although it is in vain.
            let number = BidId::new(if alike { 0 } else { self.random.below(3) });
            let bid = bidder::bid(model, &offer, work, number);
            let answer = match bid {
                Some(bid) if !self.random.percent(5) => contractor::Input::Bid { task, round, bid },
                Some(_) | None => contractor::Input::Pass { task, round },
            };
            self.step(id(seat as u8), Event::Input(answer.into()))?;
            return Ok(true);
        }
        if let Some((task, epoch)) = stopping.pop() {
            self.step(id(seat as u8), Event::Input(contractor::Input::Failed { task, epoch }.into()))?;
            return Ok(true);
        }
        let Some((task, epoch)) = at_work.pop_first() else { return Ok(false) };
        let input = if self.random.percent(15) {
            contractor::Input::Failed { task, epoch }
        } else {
            contractor::Input::Finished { task, epoch, result: Digest::new(task.get() ^ epoch.get()) }
        };
        self.step(id(seat as u8), Event::Input(input.into()))?;
        Ok(true)
    }

    fn create(&mut self) -> Result<(), String> {
        if self.created == self.plan.tasks {
            return Ok(());
        }
        self.created += 1;
        let random = &mut self.random;
        let needs = (0..random.below(3)).map(|_| random.below(6) as u8);
        let needs = Capabilities::of(needs).expect("few capabilities");
        let reserve = Money::new(10 + random.below(60));
        let escalation = (3, 2).try_into().expect("more than one");
        let rounds = NonZeroU32::MIN.saturating_add(1 + random.below(6) as u32);
        let mut after = BTreeSet::new();
        if random.percent(40) {
            after.extend((0..random.below(3)).map(|_| TaskId::new(random.below(self.created))));
        }
        let mut terms = Terms::new(Money::new(100)).needing(needs).offered(reserve, escalation, rounds);
        terms.idempotent = random.percent(30);
        terms.after = after;
        let task = TaskId::new(self.created - 1);
        self.step(id(0), Event::Input(manager::Input::Create { task, terms }.into()))
    }

    fn manager_is_asked(&mut self) -> Result<(), String> {
        let number = 1 + self.random.below(u64::from(self.plan.contractors)) as u8;
        let input = match self.random.below(8) {
            0 | 1 => manager::Input::Cancel(TaskId::new(self.random.below(self.plan.tasks))),
            2 => manager::Input::Leave(id(number)),
            3 | 4 => return self.clear(),
            _ => return self.join(number),
        };
        self.step(id(0), Event::Input(input.into()))
    }

    /// A window is over: of some tasks, or of all.
    fn clear(&mut self) -> Result<(), String> {
        let all = self.random.percent(50);
        let tasks = (0..self.plan.tasks).filter(|_| all || self.random.percent(30)).map(TaskId::new);
        let (input, before) = (manager::Input::Clear(tasks.collect()), self.counts.awarded);
        self.step(id(0), Event::Input(input.into()))?;
        self.counts.windows += u32::from(self.counts.awarded > before + 1);
        Ok(())
    }

    fn join(&mut self, number: u8) -> Result<(), String> {
        let Config::Contractor(config) = self.seats[usize::from(number)].config else { return Ok(()) };
        let (node, capacity) = (config.id(), config.capacity());
        let capabilities = self.seats[usize::from(number)].model.capabilities;
        self.step(id(0), Event::Input(manager::Input::Join { node, capabilities, capacity }.into()))
    }

    fn crash_any(&mut self) -> Result<(), String> {
        let seat = self.random.index(self.seats.len());
        self.crash(id(seat as u8))
    }

    fn crash(&mut self, node: NodeId) -> Result<(), String> {
        self.counts.crashes += 1;
        let seat = &mut self.seats[node.index()];
        if self.plan.host == Host::ForgetsPromises {
            seat.disk.promises = contractor::Promises::default();
        }
        let (before, disk) = (seat.node.clone(), seat.disk.clone());
        let mut out = Outbox::new();
        seat.node = Participant::restart(seat.config, disk, &mut out);
        seat.timers.clear();
        seat.asked.clear();
        seat.at_work.clear();
        seat.stopping.clear();
        let ops: Vec<_> = out.drain().collect();
        self.perform(node, Why::Restart, before, &ops, false)
    }

    /// A node handles an event; it may crash before it has done all that follows.
    fn step(&mut self, node: NodeId, event: Event<Node<R>>) -> Result<(), String> {
        let seat = &mut self.seats[node.index()];
        let (before, mut out) = (seat.node.clone(), Outbox::new());
        seat.node.step(event.clone(), &mut out);
        let mut ops: Vec<_> = out.drain().collect();
        if self.plan.host == Host::SendsFirst {
            ops.sort_by_key(|op| matches!(op, Op::Write(_)));
        }
        let fatal = !self.is_calm() && self.random.percent(1);
        if fatal {
            ops.truncate(self.random.index(ops.len() + 1));
        }
        self.perform(node, Why::Event(&event), before, &ops, fatal)?;
        if fatal { self.crash(node) } else { Ok(()) }
    }

    fn is_calm(&self) -> bool {
        self.plan.steps == 0
    }

    fn perform(
        &mut self,
        node: NodeId,
        cause: Why<'_, Node<R>>,
        before: Node<R>,
        ops: &[Op<Node<R>>],
        fatal: bool,
    ) -> Result<(), String> {
        let told = format!("{node} <- {cause:?}");
        let disk = self.seats[node.index()].disk.clone();
        for op in ops {
            let seat = &mut self.seats[node.index()];
            match op {
                Op::Write(Write::Manager(Command::Award { .. })) if self.plan.host == Host::ForgetsAwards => {
                }
                Op::Write(write) => seat.disk.apply(write),
                Op::Sync => {}
                Op::Send { to, message } => self.network.push((node, *to, *message)),
                Op::Arm(timer) => drop(seat.timers.insert(*timer)),
                Op::Disarm(timer) => drop(seat.timers.remove(timer)),
                Op::Output(output) => self.hear(node, output),
            }
        }
        let after = &self.seats[node.index()].node;
        let step = Step { node, cause, before: &before, disk: &disk, performed: ops, after };
        self.chronicle.observe(&step);
        self.check(&step, fatal).map_err(|broken| format!("{broken} after {told}"))
    }

    /// Of a step that ends in a crash the node's disk may know nothing: it is looked at once it has restarted.
    fn check(&self, step: &Step<'_, Node<R>>, fatal: bool) -> Result<(), &'static str> {
        let chronicle = &self.chronicle;
        let nodes = || {
            let lives = |node: &&Node<R>| !fatal || node.id() != step.node;
            self.seats.iter().map(|seat| &seat.node).filter(lives)
        };
        let holds = [
            ("G1", invariants::single_award(chronicle)),
            ("G2", invariants::epochs_ascend(chronicle)),
            ("G3", invariants::accepted_once(chronicle)),
            ("G4", invariants::accepted_current(chronicle)),
            ("G5", invariants::started_once(chronicle)),
            ("G6", invariants::award_on_bid(chronicle) && invariants::holds_on_standing_bid(step)),
            ("G7", invariants::within_capacity(chronicle) && invariants::within_slots(step.after)),
            ("G8", invariants::durable_before_award(step)),
            ("G9", invariants::release_on_decline(chronicle)),
            ("G10", invariants::release_before_award(chronicle)),
            ("G11", invariants::fenced(chronicle)),
            ("G3, payment", invariants::paid_once(nodes(), chronicle)),
            ("award fits", invariants::award_fits(step)),
            ("reports", invariants::durable_before_report(step)),
            ("sound", invariants::sound(step.after)),
        ];
        holds.into_iter().find(|(_, holds)| !holds).map_or(Ok(()), |(name, _)| Err(name))
    }

    /// No more faults: whatever is sent arrives, every application does its work, and of the timers
    /// the leases run longest.
    fn calm(&mut self) -> Result<(), String> {
        self.plan.steps = 0;
        for _ in 0..2_000 {
            self.settle()?;
            if self.is_over() {
                return Ok(());
            }
            if !self.expire_all(|timer| !is_slow(timer))? {
                self.expire_all(|timer| matches!(timer, Timer::Manager(manager::Timer::Bids(_))))?;
                self.settle()?;
                let patient = self.plan.host == Host::Patient;
                self.expire_all(|timer| {
                    !patient && matches!(timer, Timer::Manager(manager::Timer::Lease(..)))
                })?;
            }
        }
        Err("a task does not end".into())
    }

    fn settle(&mut self) -> Result<(), String> {
        loop {
            let mut busy = false;
            for (from, to, message) in std::mem::take(&mut self.network) {
                busy = true;
                self.step(to, Event::Message { from, message })?;
            }
            for seat in 0..self.seats.len() {
                while self.work(seat)? {
                    busy = true;
                }
            }
            if !busy {
                return Ok(());
            }
        }
    }

    fn expire_all(&mut self, which: impl Fn(&Timer) -> bool) -> Result<bool, String> {
        let mut any = false;
        for seat in 0..self.seats.len() {
            let due: Vec<_> = self.seats[seat].timers.iter().copied().filter(|timer| which(timer)).collect();
            for timer in due {
                any = true;
                if self.seats[seat].timers.contains(&timer) {
                    self.expire(seat, timer)?;
                }
            }
        }
        Ok(any)
    }

    fn is_over(&self) -> bool {
        let manager = self.seats[0].node.manager().expect("node 0 manages");
        manager.ledger().tasks().all(|(_, task)| task.phase.is_terminal())
    }

    fn hear(&mut self, node: NodeId, output: &Output) {
        let (seat, counts) = (&mut self.seats[node.index()], &mut self.counts);
        match *output {
            Output::Manager(manager::Output::Happened(entry)) => counts.add(entry),
            Output::Manager(manager::Output::Refused(_)) => counts.refused += 1,
            Output::Contractor(contractor::Output::Refused(_)) => counts.refused += 1,
            Output::Contractor(contractor::Output::Asked { task, round, offer }) => {
                seat.asked.push((task, round, offer));
            }
            Output::Contractor(contractor::Output::Start { task, epoch }) => {
                seat.at_work.insert(task, epoch);
                counts.executing += 1;
            }
            Output::Contractor(contractor::Output::Stop { task, epoch }) => {
                seat.at_work.remove(&task);
                seat.stopping.push((task, epoch));
                counts.stopped += 1;
            }
            Output::Contractor(contractor::Output::Settled { ack, .. }) => {
                counts.settled_stale += u32::from(ack == Ack::Stale);
            }
        }
    }
}

/// Whether the timer is one that runs for longer than a few round trips.
fn is_slow(timer: &Timer) -> bool {
    match timer {
        Timer::Manager(manager::Timer::Resend(_)) => false,
        Timer::Manager(manager::Timer::Bids(_) | manager::Timer::Lease(..)) => true,
        Timer::Contractor(contractor::Timer::Claim(_) | contractor::Timer::Report(_)) => false,
        Timer::Contractor(contractor::Timer::Bid(_) | contractor::Timer::Lease(..)) => true,
    }
}

impl<R: Rules> Seat<R> {
    fn new(number: u8, plan: &Plan<R>, random: &mut Random) -> Self {
        let capacity = NonZeroU32::MIN.saturating_add(random.below(3) as u32);
        let config = if number == 0 {
            let config = manager::Config::new(id(0)).with_rules(plan.rules);
            Config::Manager(if random.percent(30) { config.with_windows() } else { config })
        } else {
            let config = contractor::Config::new(id(number), id(0), capacity).expect("another");
            Config::Contractor(config.with_rules(plan.rules))
        };
        let model = CostModel {
            capabilities: Capabilities::from_bits(random.below(64)),
            fixed: Money::new(random.below(20)),
            per_unit: Money::new(1 + random.below(3)),
            speed: NonZeroU32::MIN.saturating_add(random.below(4) as u32),
        };
        let node = Participant::restart(config, Disk::default(), &mut Outbox::new());
        let (disk, timers, at_work) = (Disk::default(), BTreeSet::new(), BTreeMap::new());
        Self { config, node, disk, timers, asked: Vec::new(), at_work, stopping: Vec::new(), model }
    }
}
