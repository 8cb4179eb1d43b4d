//! No message of a contract net allocates once the host's buffers have grown, but for the bids that a
//! manager stores and the tasks that it keeps for ever.

use std::collections::VecDeque;
use std::num::NonZeroU32;

use allocation_counter::measure;
use althing::contract_net::contractor::{self, Contractor};
use althing::contract_net::manager::{self, Manager};
use althing::contract_net::{
    Bid, BidId, Capabilities, Digest, Ledger, Message, Money, Promises, Round, TaskId, Terms,
};
use althing::{Event, Machine, NodeId, Op, Outbox};

/// A manager and its contractors as a host would run them: outboxes and a queue, used again and again.
struct Net {
    manager: Manager,
    contractors: Vec<Contractor>,
    asks: Outbox<Manager>,
    says: Outbox<Contractor>,
    queue: VecDeque<(NodeId, NodeId, Message)>,
    /// What each kind of message that the manager or a contractor received has cost.
    costs: [(u64, u64); KINDS],
}

const KINDS: usize = 11;

fn kind(message: &Message) -> usize {
    match message {
        Message::Announce { .. } => 0,
        Message::Bid { .. } => 1,
        Message::Refuse { .. } => 2,
        Message::Award { .. } => 3,
        Message::Reject { .. } => 4,
        Message::Claim { .. } => 5,
        Message::Go { .. } => 6,
        Message::Decline { .. } => 7,
        Message::Report { .. } => 8,
        Message::ReportAck { .. } => 9,
        Message::Cancel { .. } => 10,
    }
}

fn node(number: u8) -> NodeId {
    NodeId::new(number).expect("below 128")
}

impl Net {
    fn new(contractors: u8) -> Self {
        let (mut asks, mut says) = (Outbox::new(), Outbox::new());
        let mut manager = Manager::restart(manager::Config::new(node(0)), Ledger::default(), &mut asks);
        let capacity = NonZeroU32::MIN.saturating_add(3);
        let start = |number| {
            let config = contractor::Config::new(node(number), node(0), capacity).expect("another");
            Contractor::restart(config, Promises::default(), &mut says)
        };
        let all = (1..=contractors).map(start).collect();
        for number in 1..=contractors {
            let (node, capabilities) = (node(number), Capabilities::NONE);
            let join = manager::Input::Join { node, capabilities, capacity };
            manager.step(Event::Input(join), &mut asks);
        }
        asks.drain().for_each(drop);
        let (queue, costs) = (VecDeque::new(), [(0, 0); KINDS]);
        Self { manager, contractors: all, asks, says, queue, costs }
    }

    fn manager_does(&mut self, event: Event<Manager>) {
        self.manager.step(event, &mut self.asks);
        for op in self.asks.drain() {
            if let Op::Send { to, message } = op {
                self.queue.push_back((node(0), to, message));
            }
        }
    }

    fn contractor_does(&mut self, at: NodeId, event: Event<Contractor>) {
        let mut next = Some(event);
        while let Some(event) = next.take() {
            let contractor = &mut self.contractors[at.index() - 1];
            contractor.step(event, &mut self.says);
            for op in self.says.drain() {
                match op {
                    Op::Send { to, message } => self.queue.push_back((at, to, message)),
                    Op::Output(contractor::Output::Asked { task, round, .. }) => {
                        next = Some(Event::Input(Self::answer(at, task, round)));
                    }
                    Op::Output(contractor::Output::Start { task, epoch }) => {
                        let result = Digest::new(1);
                        next = Some(Event::Input(contractor::Input::Finished { task, epoch, result }));
                    }
                    Op::Write(_) | Op::Sync | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => {}
                }
            }
        }
    }

    fn answer(at: NodeId, task: TaskId, round: Round) -> contractor::Input {
        let cost = Money::new(10 + (task.get() + u64::from(at.get())) % 7);
        let bid = Bid { id: BidId::new(1), cost, capability_match: 1, time_estimate: 1 };
        if at.get() == 1 {
            contractor::Input::Pass { task, round }
        } else {
            contractor::Input::Bid { task, round, bid }
        }
    }

    fn deliver_all(&mut self) {
        while let Some((from, to, message)) = self.queue.pop_front() {
            let cost = measure(|| {
                if to == node(0) {
                    self.manager_does(Event::Message { from, message });
                } else {
                    self.contractor_does(to, Event::Message { from, message });
                }
            });
            let (messages, allocations) = &mut self.costs[kind(&message)];
            *messages += 1;
            *allocations += cost.count_total;
        }
    }

    /// Tasks of these numbers from the announcement to the acknowledgement.
    fn run(&mut self, tasks: std::ops::Range<u64>) {
        for task in tasks {
            let create =
                manager::Input::Create { task: TaskId::new(task), terms: Terms::new(Money::new(99)) };
            self.manager_does(Event::Input(create));
            self.deliver_all();
        }
    }
}

/// A bid allocates once a task: room for all bids of the round. Awards make a node of a tree now and
/// then, as what a contractor has promised is kept for ever. And as no timer expires here, the bids that
/// won stand for ever too: a contractor makes room for them once or twice. Nothing else allocates.
#[test]
fn messages_allocate_nothing_but_bids_and_what_is_kept() {
    for contractors in [5, 20, 100] {
        let mut net = Net::new(contractors);
        net.run(0..200);
        net.costs = [(0, 0); KINDS];
        net.run(200..1_200);
        let of = |message| net.costs[message];
        let [announce, bid, refuse, award, reject, claim, go, _, report, acked, _] =
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(of);
        assert_eq!((bid.0, refuse.0, award.0), (1_000 * (u64::from(contractors) - 1), 1_000, 1_000));
        assert_eq!((reject.1, refuse.1, claim.1, report.1, acked.1), (0, 0, 0, 0, 0));
        assert!(
            announce.1 <= 2 * u64::from(contractors) + 5 && bid.1 <= 1_000 && award.1 <= 250 && go.1 == 0,
            "{:?}",
            net.costs
        );
    }
}
