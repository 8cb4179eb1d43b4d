//! State table, contractor: an award that is not taken is declined, for good.

use std::num::NonZeroU32;

use althing::contract_net::award::Pricing;
use althing::contract_net::contractor::{Config, Contractor, Input, Promises, Timer, Write};
use althing::contract_net::{Bid, BidId, Capabilities, Epoch, Message, Money, Offer, Round, TaskId};
use althing::{Durable, Event, Machine, NodeId, Op, Outbox};

const TASK: TaskId = TaskId::new(1);
const ROUND: Round = Round::new(1);
const EPOCH: Epoch = Epoch::new(1);
const BID: Bid = Bid { id: BidId::new(1), cost: Money::new(5), capability_match: 0, time_estimate: 0 };

/// A contractor and its disk.
struct Node {
    contractor: Contractor,
    disk: Promises,
}

impl Node {
    fn start(disk: Promises) -> Self {
        let (id, manager) = (NodeId::new(1).expect("a node"), NodeId::new(0).expect("a node"));
        let config = Config::new(id, manager, NonZeroU32::MIN).expect("two nodes");
        Self { contractor: Contractor::restart(config, disk.clone(), &mut Outbox::new()), disk }
    }

    /// What it sends.
    fn step(&mut self, event: Event<Contractor>) -> Vec<Message> {
        let mut out = Outbox::new();
        self.contractor.step(event, &mut out);
        let mut sent = Vec::new();
        for op in out.drain() {
            match op {
                Op::Write(write) => self.disk.apply(&write),
                Op::Send { message, .. } => sent.push(message),
                Op::Sync | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => {}
            }
        }
        sent
    }

    fn hear(&mut self, message: Message) -> Vec<Message> {
        self.step(Event::Message { from: NodeId::new(0).expect("a node"), message })
    }

    /// It is asked, and bids, always under the same number.
    fn bids(&mut self) {
        let offer = Offer {
            needs: Capabilities::NONE,
            reserve: Money::new(9),
            pricing: Pricing::AsBid,
            idempotent: false,
        };
        self.hear(Message::Announce { task: TASK, round: ROUND, offer });
        let bid = Event::Input(Input::Bid { task: TASK, round: ROUND, bid: BID });
        assert_eq!(self.step(bid), [Message::Bid { task: TASK, round: ROUND, bid: BID }]);
    }

    fn is_awarded(&mut self) -> Vec<Message> {
        self.hear(Message::Award { task: TASK, epoch: EPOCH, round: ROUND, bid: BID.id, price: BID.cost })
    }
}

/// The bid stands no longer when the award comes; when the award comes again, another of the same
/// number does. By then the manager may have heard the decline, and have awarded the task to another:
/// whoever took it now would not be the only one who works. Found by the model `contract-net-timed`.
#[test]
fn an_award_that_was_declined_is_not_taken_when_it_comes_again() {
    let declined = [Message::Decline { task: TASK, epoch: EPOCH }];
    let mut node = Node::start(Promises::default());
    node.bids();
    node.step(Event::Timer(Timer::Bid(TASK)));
    assert_eq!(node.is_awarded(), declined);
    node.bids();
    assert_eq!(node.is_awarded(), declined, "it may be that the first was lost");
    let mut again = Node::start(node.disk);
    again.bids();
    assert_eq!(again.is_awarded(), declined, "nor after a restart");
    assert!(again.contractor.work(TASK).is_none());
}

#[test]
fn what_is_declined_is_on_the_disk() {
    let mut disk = Promises::default();
    disk.apply(&Write::Decline { task: TASK, epoch: EPOCH });
    assert_eq!(disk.fence(TASK), EPOCH);
    let promise = disk.get(TASK).expect("it is kept");
    assert!(promise.settled && promise.outcome.is_none(), "there is nothing to report");
}
