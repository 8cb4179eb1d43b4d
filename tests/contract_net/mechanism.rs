//! What a manager makes of a mechanism that is not one.

use althing::contract_net::award::{AwardRule, Choice, Pricing};
use althing::contract_net::ledger::Reason;
use althing::contract_net::manager::{self, Input, Timer};
use althing::contract_net::{AgentId, Bid, BidId, Capabilities, Ledger, Manager, Money, Phase};

use crate::subject::*;

/// A mechanism that does not keep to the bids: it pays as much as it was told to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Pays {
    price: u64,
    agent: u32,
    bid: u64,
}

impl AwardRule for Pays {
    fn choose<'a>(&self, _: impl Iterator<Item = (AgentId, &'a Bid)> + Clone, _: Money) -> Option<Choice> {
        let (agent, bid) = (AgentId::new(self.agent), BidId::new(self.bid));
        Some(Choice { agent, bid, price: Money::new(self.price) })
    }

    fn pricing(&self) -> Pricing {
        Pricing::AsBid
    }
}

/// Bidding(r): close [best <= reserve]: whatever the mechanism says, an award rests on a bid (G6), costs no
/// more than the reserve, and no task hangs for want of one.
#[test]
fn a_mechanism_that_does_not_keep_to_the_bids_awards_nothing() {
    let refused = [(39, 1, 1), (RESERVE + 1, 1, 1), (40, 2, 1), (40, 1, 2)];
    for (price, agent, bid_id) in refused.into_iter().chain([(RESERVE, 1, 1)]) {
        let award = Pays { price, agent, bid: bid_id };
        let mut boss: Subject<Manager<Pays>> =
            Subject::restart(manager::Config::new(node(BOSS)).with_award(award), Ledger::default());
        for number in [1, 2] {
            let (node, capabilities) = (node(number), Capabilities::from_bits(0b10));
            boss.asks(Input::Join { node, capabilities, capacity: count(1) });
        }
        boss.asks(Input::Create { task: TASK, terms: terms() });
        boss.hear(1, bids(1, bid(1, 40)));
        for round in 1..=ROUNDS {
            boss.hear(1, bids(round, bid(1, 40)));
            boss.expire(Timer::Bids(TASK));
        }
        let phase = boss.machine.ledger().task(TASK).map(|task| task.phase);
        let ended = Some(Phase::Unallocated(Reason::NoRoom));
        let expected = if price == RESERVE { Some(Phase::Awarded) } else { ended };
        assert_eq!(phase, expected, "{price} to agent {agent} for bid {bid_id}");
    }
}
