//! A manager or a contractor, and what its host was last asked to do.

use std::num::NonZeroU32;

use althing::contract_net::award::Pricing;
use althing::contract_net::ledger::{Event as Entry, Refused};
use althing::contract_net::{
    Ack, Bid, BidId, Capabilities, Claim, Contractor, Digest, Epoch, Ledger, Manager, Message, Money, Offer,
    Outcome, Phase, Promises, Ratio, Refusal, Round, TaskId, Terms, contractor, manager,
};
use althing::{Event, Machine, NodeId, Op, Outbox};

/// The manager is node 0, the contractors are those after it.
pub(crate) const BOSS: u8 = 0;
/// The task of most tests.
pub(crate) const TASK: TaskId = TaskId::new(7);
/// What it may cost at first.
pub(crate) const RESERVE: u64 = 50;
/// How often it is announced.
pub(crate) const ROUNDS: u32 = 3;

pub(crate) fn node(number: u8) -> NodeId {
    NodeId::new(number).expect("a test's node is below 128")
}

pub(crate) fn count(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("not 0")
}

pub(crate) fn terms() -> Terms {
    let by_half = Ratio::new(3, 2).expect("more than one");
    let needs = Capabilities::of([1]).expect("below 128");
    Terms::new(Money::new(100)).needing(needs).offered(Money::new(RESERVE), by_half, count(ROUNDS))
}

pub(crate) fn offer(reserve: u64) -> Offer {
    let needs = terms().needs;
    Offer { needs, reserve: Money::new(reserve), pricing: Pricing::AsBid, idempotent: false }
}

pub(crate) fn bid(id: u64, cost: u64) -> Bid {
    Bid { id: BidId::new(id), cost: Money::new(cost), capability_match: 1, time_estimate: 1 }
}

pub(crate) fn announce(round: u32) -> Message {
    Message::Announce { task: TASK, round: Round::new(round), offer: offer(RESERVE) }
}

pub(crate) fn bids(round: u32, bid: Bid) -> Message {
    Message::Bid { task: TASK, round: Round::new(round), bid }
}

pub(crate) fn award(epoch: u64, round: u32, bid: Bid) -> Message {
    Message::Award {
        task: TASK,
        epoch: Epoch::new(epoch),
        round: Round::new(round),
        bid: bid.id,
        price: bid.cost,
    }
}

pub(crate) fn reject(round: u32) -> Message {
    Message::Reject { task: TASK, round: Round::new(round) }
}

pub(crate) fn number(start: u32, number: u32) -> Claim {
    Claim { start, number }
}

pub(crate) fn claim(epoch: u64, claim: u32) -> Message {
    Message::Claim { task: TASK, epoch: Epoch::new(epoch), claim: number(0, claim) }
}

pub(crate) fn go(epoch: u64, claim: u32) -> Message {
    Message::Go { task: TASK, epoch: Epoch::new(epoch), claim: number(0, claim) }
}

pub(crate) fn decline(epoch: u64) -> Message {
    Message::Decline { task: TASK, epoch: Epoch::new(epoch) }
}

pub(crate) fn done(epoch: u64) -> Message {
    Message::Report { task: TASK, epoch: Epoch::new(epoch), outcome: Outcome::Done(Digest::new(9)) }
}

pub(crate) fn failed(epoch: u64) -> Message {
    Message::Report { task: TASK, epoch: Epoch::new(epoch), outcome: Outcome::Failed }
}

pub(crate) fn ack(epoch: u64, ack: Ack) -> Message {
    Message::ReportAck { task: TASK, epoch: Epoch::new(epoch), ack }
}

pub(crate) fn cancel(epoch: u64) -> Message {
    Message::Cancel { task: TASK, epoch: Epoch::new(epoch) }
}

/// A machine of either kind.
pub(crate) struct Subject<M: Machine> {
    pub(crate) machine: M,
    config: M::Config,
    /// The operations of the last event, in order.
    pub(crate) ops: Vec<Op<M>>,
}

pub(crate) type Boss = Subject<Manager>;
pub(crate) type Worker = Subject<Contractor>;

impl<M: Machine<Message = Message>> Subject<M> {
    pub(crate) fn restart(config: M::Config, disk: M::Durable) -> Self {
        let mut out = Outbox::new();
        let machine = M::restart(config.clone(), disk, &mut out);
        Self { machine, config, ops: out.drain().collect() }
    }

    /// The machine after a crash: nothing but its disk is left.
    pub(crate) fn crash(self) -> Self {
        Self::restart(self.config, self.machine.durable())
    }

    pub(crate) fn step(&mut self, event: Event<M>) {
        let mut out = Outbox::new();
        self.machine.step(event, &mut out);
        self.ops = out.drain().collect();
    }

    pub(crate) fn hear(&mut self, from: u8, message: Message) {
        self.step(Event::Message { from: node(from), message });
    }

    pub(crate) fn expire(&mut self, timer: M::Timer) {
        self.step(Event::Timer(timer));
    }

    pub(crate) fn asks(&mut self, input: M::Input) {
        self.step(Event::Input(input));
    }

    /// What the last event sent, with its receiver.
    pub(crate) fn sent(&self) -> Vec<(u8, Message)> {
        let sent = |op: &Op<M>| match op {
            Op::Send { to, message } => Some((to.get(), *message)),
            Op::Write(_) | Op::Sync | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => None,
        };
        self.ops.iter().filter_map(sent).collect()
    }

    /// What the last event told the application.
    pub(crate) fn told(&self) -> Vec<M::Output> {
        let told = |op: &Op<M>| match op {
            Op::Output(output) => Some(output.clone()),
            Op::Write(_) | Op::Sync | Op::Send { .. } | Op::Arm(_) | Op::Disarm(_) => None,
        };
        self.ops.iter().filter_map(told).collect()
    }

    pub(crate) fn armed(&self, timer: M::Timer) -> bool {
        self.ops.contains(&Op::Arm(timer))
    }

    pub(crate) fn disarmed(&self, timer: M::Timer) -> bool {
        self.ops.contains(&Op::Disarm(timer))
    }

    pub(crate) fn wrote(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Write(_)))
    }

    /// Whether nothing is sent before everything is written.
    pub(crate) fn writes_first(&self) -> bool {
        let sync = self.ops.iter().position(|op| matches!(op, Op::Sync));
        let send = self.ops.iter().position(|op| matches!(op, Op::Send { .. }));
        let write = self.ops.iter().rposition(|op| matches!(op, Op::Write(_)));
        write < sync && sync < send && self.wrote()
    }
}

impl Boss {
    /// Contractors 1 and 2 can do the task, 3 cannot.
    pub(crate) fn new() -> Self {
        let mut boss = Self::restart(manager::Config::new(node(BOSS)), Ledger::default());
        for (number, capabilities) in [(1, 0b11), (2, 0b10), (3, 0b01)] {
            boss.join(number, capabilities);
        }
        boss
    }

    pub(crate) fn join(&mut self, number: u8, capabilities: u64) {
        let capabilities = Capabilities::from_bits(capabilities);
        self.asks(manager::Input::Join { node: node(number), capabilities, capacity: count(1) });
    }

    pub(crate) fn create(&mut self, task: TaskId, terms: Terms) {
        self.asks(manager::Input::Create { task, terms });
    }

    /// The task is announced.
    pub(crate) fn bidding() -> Self {
        let mut boss = Self::new();
        boss.create(TASK, terms());
        boss
    }

    /// Contractor 1 was awarded the task in epoch 1, for 40.
    pub(crate) fn awarded() -> Self {
        let mut boss = Self::bidding();
        boss.hear(1, bids(1, bid(1, 40)));
        boss.hear(2, bids(1, bid(1, 45)));
        assert_eq!(boss.phase(), Phase::Awarded);
        boss
    }

    /// The award of epoch 1 was released, and contractor 1 was awarded the task again.
    pub(crate) fn awarded_again() -> Self {
        let mut boss = Self::awarded();
        boss.expire(manager::Timer::Lease(TASK, Epoch::new(1), Claim::default()));
        boss.hear(1, bids(2, bid(2, 41)));
        boss.hear(2, bids(2, bid(2, 45)));
        assert_eq!((boss.phase(), boss.epoch()), (Phase::Awarded, 2));
        boss
    }

    pub(crate) fn finished() -> Self {
        let mut boss = Self::awarded();
        boss.hear(1, done(1));
        assert_eq!(boss.phase(), Phase::Done);
        boss
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase_of(TASK)
    }

    pub(crate) fn phase_of(&self, task: TaskId) -> Phase {
        self.machine.ledger().task(task).expect("it was created").phase
    }

    pub(crate) fn round(&self) -> u32 {
        self.machine.ledger().task(TASK).expect("it was created").round.get()
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.machine.ledger().task(TASK).expect("it was created").epoch.get()
    }

    pub(crate) fn earned(&self, number: u8) -> u128 {
        self.machine.ledger().agent(node(number).into()).expect("it joined").earned
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        let entry = |output: &manager::Output| match output {
            manager::Output::Happened(entry) => Some(*entry),
            manager::Output::Refused(_) => None,
        };
        self.told().iter().filter_map(entry).collect()
    }

    pub(crate) fn refused(&self) -> Option<Refusal> {
        self.told().iter().find_map(|output| match output {
            manager::Output::Happened(_) => None,
            manager::Output::Refused(refusal) => Some(*refusal),
        })
    }

    pub(crate) fn refused_by_ledger(&self) -> Option<Refused> {
        match self.refused() {
            Some(Refusal::Ledger(refused)) => Some(refused),
            Some(_) | None => None,
        }
    }
}

impl Worker {
    /// Contractor 1, with room for this many tasks.
    pub(crate) fn new(capacity: u32) -> Self {
        let config = contractor::Config::new(node(1), node(BOSS), count(capacity)).expect("another");
        Self::restart(config, Promises::default())
    }

    /// It bid 40 in round 1.
    pub(crate) fn bidder(capacity: u32) -> Self {
        let mut worker = Self::new(capacity);
        worker.hear(BOSS, announce(1));
        worker.bid(1, bid(1, 40));
        worker
    }

    pub(crate) fn bid(&mut self, round: u32, bid: Bid) {
        self.asks(contractor::Input::Bid { task: TASK, round: Round::new(round), bid });
    }

    /// It holds the award of epoch 1.
    pub(crate) fn held() -> Self {
        let mut worker = Self::bidder(1);
        worker.hear(BOSS, award(1, 1, bid(1, 40)));
        assert_eq!(worker.works(), 1);
        worker
    }

    /// It works on the award of epoch 1.
    pub(crate) fn executing() -> Self {
        let mut worker = Self::held();
        worker.hear(BOSS, go(1, 1));
        assert!(worker.is_executing());
        worker
    }

    /// It has finished under epoch 1.
    pub(crate) fn reporting() -> Self {
        let mut worker = Self::executing();
        worker.finish(1);
        worker
    }

    pub(crate) fn finish(&mut self, epoch: u64) {
        let (epoch, result) = (Epoch::new(epoch), Digest::new(9));
        self.asks(contractor::Input::Finished { task: TASK, epoch, result });
    }

    pub(crate) fn works(&self) -> usize {
        self.machine.works().count()
    }

    pub(crate) fn is_executing(&self) -> bool {
        self.machine.work(TASK).is_some_and(|work| work.executing)
    }

    pub(crate) fn fence(&self) -> u64 {
        self.machine.promises().fence(TASK).get()
    }

    pub(crate) fn refused(&self) -> Option<Refusal> {
        self.told().iter().find_map(|output| match output {
            contractor::Output::Refused(refusal) => Some(*refusal),
            contractor::Output::Asked { .. } | contractor::Output::Settled { .. } => None,
            contractor::Output::Start { .. } | contractor::Output::Stop { .. } => None,
        })
    }
}

pub(crate) fn start(epoch: u64) -> contractor::Output {
    contractor::Output::Start { task: TASK, epoch: Epoch::new(epoch) }
}

pub(crate) fn stop(epoch: u64) -> contractor::Output {
    contractor::Output::Stop { task: TASK, epoch: Epoch::new(epoch) }
}
