//! Random events of every kind, with messages that nobody would send and numbers that nobody has:
//! nothing panics, equal events have equal effects, and the disk is what its writes made of it.

use std::num::NonZeroU32;

use althing::contract_net::award::{LowestCost, Pricing};
use althing::contract_net::invariants::sound;
use althing::contract_net::message::{Bid, Message, Offer, Outcome};
use althing::contract_net::participant::{Config, Disk, Input, Participant, Timer};
use althing::contract_net::{
    Ack, BidId, Capabilities, Claim, Digest, Epoch, Money, Ratio, Round, TaskId, Terms, contractor, manager,
};
use althing::{Durable, Event, Machine, Op, Outbox};

use crate::random::Random;
use crate::subject::node;

type Node = Participant<LowestCost>;

impl Random {
    /// Mostly what a short run has; now and then what none has.
    fn number(&mut self) -> u64 {
        match self.below(24) {
            0 => u64::MAX - self.below(2),
            1 => u64::from(u32::MAX) - self.below(2),
            _ => self.below(4),
        }
    }

    fn short(&mut self) -> u32 {
        u32::try_from(self.number()).unwrap_or(u32::MAX)
    }

    fn task(&mut self) -> TaskId {
        TaskId::new(self.number())
    }

    fn claim(&mut self) -> Claim {
        Claim { start: self.short() & !2, number: self.short() }
    }

    fn bid(&mut self) -> Bid {
        let (id, cost) = (BidId::new(self.number()), Money::new(self.number()));
        Bid { id, cost, capability_match: self.short(), time_estimate: self.number() }
    }

    fn message(&mut self) -> Message {
        let (task, round, epoch) = (self.task(), Round::new(self.short()), Epoch::new(self.number()));
        let outcome =
            if self.percent(30) { Outcome::Failed } else { Outcome::Done(Digest::new(self.number())) };
        match self.below(11) {
            0 => {
                let (needs, reserve) = (Capabilities::from_bits(self.below(4)), Money::new(self.number()));
                let offer = Offer { needs, reserve, pricing: Pricing::AsBid, idempotent: self.percent(50) };
                Message::Announce { task, round, offer }
            }
            1 => Message::Bid { task, round, bid: self.bid() },
            2 => Message::Refuse { task, round, busy: self.below(2) == 0 },
            3 => Message::Award {
                task,
                epoch,
                round,
                bid: BidId::new(self.number()),
                price: Money::new(self.number()),
            },
            4 => Message::Reject { task, round },
            5 => Message::Claim { task, epoch, claim: self.claim() },
            6 => Message::Go { task, epoch, claim: self.claim() },
            7 => Message::Decline { task, epoch },
            8 => Message::Report { task, epoch, outcome },
            9 => Message::ReportAck {
                task,
                epoch,
                ack: if self.percent(50) { Ack::Stale } else { Ack::Accepted },
            },
            _ => Message::Cancel { task, epoch },
        }
    }

    fn timer(&mut self) -> Timer {
        let task = self.task();
        match self.below(7) {
            0 => manager::Timer::Bids(task).into(),
            1 => manager::Timer::Resend(task).into(),
            2 => manager::Timer::Lease(task, Epoch::new(self.below(3)), self.claim()).into(),
            3 => contractor::Timer::Bid(task).into(),
            4 => contractor::Timer::Claim(task).into(),
            5 => contractor::Timer::Lease(task, self.claim()).into(),
            _ => contractor::Timer::Report(task).into(),
        }
    }

    fn input(&mut self) -> Input {
        let (task, round, epoch) = (self.task(), Round::new(self.short()), Epoch::new(self.number()));
        let (node, capabilities) = (node(self.below(4) as u8), Capabilities::from_bits(self.below(4)));
        let capacity = NonZeroU32::MIN.saturating_add(self.below(2) as u32);
        match self.below(8) {
            0 | 1 => {
                let rounds = NonZeroU32::new(self.short()).unwrap_or(NonZeroU32::MAX);
                let (value, reserve) = (Money::new(self.number()), Money::new(self.number()));
                let escalation = Ratio::new(u32::MAX, 1).expect("more than one");
                let terms = Terms::new(value).needing(capabilities).offered(reserve, escalation, rounds);
                let after = if self.percent(30) { vec![self.task()] } else { Vec::new() };
                manager::Input::Create { task, terms: terms.after(after) }.into()
            }
            2 => manager::Input::Cancel(task).into(),
            3 => manager::Input::Join { node, capabilities, capacity }.into(),
            4 => manager::Input::Leave(node).into(),
            5 => contractor::Input::Bid { task, round, bid: self.bid() }.into(),
            6 => contractor::Input::Finished { task, epoch, result: Digest::new(self.number()) }.into(),
            _ if self.percent(50) => contractor::Input::Pass { task, round }.into(),
            _ => contractor::Input::Failed { task, epoch }.into(),
        }
    }

    fn event(&mut self) -> Event<Node> {
        match self.below(10) {
            0..=5 => Event::Message { from: node(self.below(4) as u8), message: self.message() },
            6 | 7 => Event::Timer(self.timer()),
            _ => Event::Input(self.input()),
        }
    }
}

/// What would come next of a task, if the others took part.
fn likely(machine: &Node, random: &mut Random) -> Option<Event<Node>> {
    let task = TaskId::new(random.below(4));
    if let Some(manager) = machine.manager() {
        let known = manager.ledger().task(task)?;
        if let Some(auction) = manager.auction(task) {
            let (from, round) = (auction.invited().iter().next()?, auction.round());
            let bid = Bid { cost: known.reserve, ..random.bid() };
            return Some(Event::Message { from, message: Message::Bid { task, round, bid } });
        }
        let (from, epoch) = (known.award?.agent.node()?, known.epoch);
        let message = match random.below(3) {
            0 => Message::Claim { task, epoch, claim: random.claim() },
            1 => Message::Decline { task, epoch },
            _ => Message::Report { task, epoch, outcome: Outcome::Failed },
        };
        return Some(Event::Message { from, message });
    }
    let contractor = machine.contractor()?;
    let from = contractor.config().manager();
    if let Some(work) = contractor.work(task) {
        let go = Message::Go { task, epoch: work.epoch, claim: work.latest };
        return Some(Event::Message { from, message: go });
    }
    let (call, epoch) = (contractor.call(task)?, contractor.promises().fence(task).next()?);
    let round = call.round;
    Some(match call.bid {
        None => Event::Input(contractor::Input::Bid { task, round, bid: random.bid() }.into()),
        Some(Bid { id, cost, .. }) => {
            Event::Message { from, message: Message::Award { task, epoch, round, bid: id, price: cost } }
        }
    })
}

fn step(machine: &mut Node, disk: &mut Disk, event: Event<Node>) {
    let (mut out, mut again, mut twin) = (Outbox::new(), Outbox::new(), machine.clone());
    machine.step(event.clone(), &mut out);
    twin.step(event.clone(), &mut again);
    assert!(twin == *machine && again == out, "the same event, the same effects");
    for op in out.drain() {
        match op {
            Op::Write(write) => disk.apply(&write),
            Op::Send { to, .. } => assert_ne!(to, machine.id(), "{event:?}"),
            Op::Sync | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => {}
        }
    }
    assert_eq!(*disk, machine.durable(), "{event:?}");
    assert!(sound(machine), "{machine:?} after {event:?}");
}

/// A step is total, whatever happens to whom.
#[test]
fn no_event_surprises_a_participant() {
    let contractor = contractor::Config::new(node(1), node(0), NonZeroU32::MIN).expect("another");
    let configs = [Config::Manager(manager::Config::new(node(0))), Config::Contractor(contractor)];
    let (mut awarded, mut held) = (0, 0);
    for (seed, config) in (0..2_000).flat_map(|seed| configs.map(|config| (seed, config))) {
        let (mut random, mut disk) = (Random::new(seed), Disk::default());
        let mut machine = Participant::restart(config, disk.clone(), &mut Outbox::new());
        for _ in 0..150 {
            let next = if random.percent(30) { likely(&machine, &mut random) } else { None };
            let event = next.unwrap_or_else(|| random.event());
            step(&mut machine, &mut disk, event);
            if random.percent(2) {
                let mut out = Outbox::new();
                machine = Participant::restart(config, disk.clone(), &mut out);
                out.drain().for_each(|op| {
                    if let Op::Write(write) = op {
                        disk.apply(&write)
                    }
                });
                assert_eq!(disk, machine.durable());
            }
        }
        let tasks = machine.manager().into_iter().flat_map(|it| it.ledger().tasks());
        awarded += tasks.filter(|(_, task)| task.award.is_some()).count();
        held += machine.contractor().map_or(0, |it| it.promises().iter().count());
    }
    assert!(awarded > 500 && held > 100, "idle: {awarded} awards, {held} held");
}
