//! Several tasks awarded together.

use althing::auction::Scale;
use althing::contract_net::award::{AwardRule, Choice, LowestCost, Pricing, SecondPrice, SecondScore};
use althing::contract_net::ledger::Event as Entry;
use althing::contract_net::manager::{self, Input, Timer};
use althing::contract_net::window::{Lot, Unclear, clear};
use althing::contract_net::{
    AgentId, Bid, BidId, Ledger, Manager, Message, Money, Phase, Refusal, Round, TaskId, Terms,
};
use proptest::prelude::*;

use crate::subject::*;

fn task(number: u64) -> TaskId {
    TaskId::new(number)
}

/// A manager with windows, contractors 1 and 2 with this room, and two tasks that are worth 50.
fn window<A: AwardRule>(award: A, room: u32) -> Subject<Manager<A>> {
    let config = manager::Config::new(node(BOSS)).with_award(award).with_windows();
    let mut boss = Subject::restart(config, Ledger::default());
    for number in [1, 2] {
        let capabilities = terms().needs;
        boss.asks(Input::Join { node: node(number), capabilities, capacity: count(room) });
    }
    for number in [1, 2] {
        boss.asks(Input::Create { task: task(number), terms: terms() });
    }
    boss
}

fn says<A: AwardRule>(boss: &mut Subject<Manager<A>>, from: u8, costs: [u64; 2]) {
    for (number, cost) in (1..).zip(costs) {
        boss.hear(from, Message::Bid { task: task(number), round: Round::new(1), bid: bid(number, cost) });
    }
}

fn all() -> Input {
    Input::Clear([1, 2, 3].map(TaskId::new).into())
}

/// Who was awarded each task, and for how much.
fn awarded<A: AwardRule>(boss: &Subject<Manager<A>>) -> Vec<Option<(u32, u64)>> {
    let ledger = boss.machine.ledger();
    let award = |number| ledger.task(task(number)).filter(|it| it.phase == Phase::Awarded)?.award;
    [1, 2].map(|number| award(number).map(|it| (it.agent.get(), it.price.get()))).to_vec()
}

/// Task by task, the first takes the only agent that can do the second for little.
#[test]
fn together_two_tasks_cost_less_than_one_after_the_other() {
    let asks = |boss: &mut Subject<Manager>| {
        says(boss, 1, [10, 11]);
        says(boss, 2, [12, 40]);
    };
    let mut boss = window(LowestCost, 1);
    asks(&mut boss);
    assert_eq!(awarded(&boss), [None, None], "a window waits, though all have answered");
    boss.asks(all());
    assert_eq!(awarded(&boss), [Some((2, 12)), Some((1, 11))]);

    let mut boss = window(LowestCost, 1);
    asks(&mut boss);
    boss.expire(Timer::Bids(task(1)));
    boss.expire(Timer::Bids(task(2)));
    assert_eq!(awarded(&boss), [Some((1, 10)), Some((2, 40))], "a timer still closes one alone");
}

/// Whatever is not awarded goes on as if its time were up.
#[test]
fn what_finds_nobody_in_a_window_is_announced_again() {
    let mut boss = window(LowestCost, 1);
    says(&mut boss, 1, [10, 11]);
    says(&mut boss, 2, [51, 99]);
    boss.asks(all());
    assert_eq!(awarded(&boss), [Some((1, 10)), None]);
    let second = boss.machine.ledger().task(task(2)).expect("it was created");
    assert_eq!((second.phase, second.round), (Phase::Bidding, Round::new(2)));
    assert!(boss.armed(Timer::Bids(task(2))) && boss.disarmed(Timer::Bids(task(1))));
    let rejected = Message::Reject { task: task(1), round: Round::new(1) };
    assert!(boss.sent().contains(&(2, rejected)), "who bid and does not hold it hears of it");
}

#[test]
fn an_agent_takes_no_more_than_it_has_room_for() {
    for (room, expected) in [(1, [Some((1, 10)), Some((2, 30))]), (2, [Some((1, 10)), Some((1, 11))])] {
        let mut boss = window(LowestCost, room);
        says(&mut boss, 1, [10, 11]);
        says(&mut boss, 2, [40, 30]);
        boss.asks(all());
        assert_eq!(awarded(&boss), expected);
    }
}

#[test]
fn a_window_of_nothing_that_is_open_does_nothing() {
    let mut boss = window(LowestCost, 2);
    boss.asks(Input::Clear([].into()));
    assert!(boss.ops.is_empty());
    boss.asks(Input::Clear([task(9)].into()));
    assert!(boss.ops.is_empty());
    says(&mut boss, 1, [10, 11]);
    boss.asks(all());
    boss.asks(all());
    assert!(boss.ops.is_empty(), "both are awarded");
}

/// Of one task the payment in a window is the second price; of two, what the others lose by the winner.
#[test]
fn second_prices_in_a_window_are_those_of_vickrey_clarke_and_groves() {
    let mut boss = window(SecondPrice, 1);
    says(&mut boss, 1, [10, 11]);
    says(&mut boss, 2, [12, 40]);
    boss.asks(all());
    // Without 2: 10 and a reserve of 50, in the place of 11. Without 1: 12 and 50, in the place of 12.
    assert_eq!(awarded(&boss), [Some((2, 49)), Some((1, 50))]);
    let mut boss = window(SecondPrice, 1);
    says(&mut boss, 1, [10, 11]);
    says(&mut boss, 2, [12, 40]);
    boss.asks(Input::Clear([task(1)].into()));
    assert_eq!(awarded(&boss)[0], Some((1, 12)));
}

#[test]
fn a_window_that_cannot_be_cleared_is_refused_and_changes_nothing() {
    let mut boss = window(SecondScore(Scale { per_match: 1, per_time: 1 }), 1);
    says(&mut boss, 1, [10, 11]);
    let before = boss.machine.clone();
    boss.asks(all());
    assert_eq!(boss.told(), [manager::Output::Refused(Refusal::Window(Unclear::Scored))]);
    assert_eq!(boss.machine, before);

    let mut boss = window(LowestCost, 1);
    boss.asks(Input::Create { task: task(3), terms: Terms::new(Money::new(u64::MAX)) });
    boss.hear(1, Message::Bid { task: task(3), round: Round::new(1), bid: bid(1, 5) });
    boss.asks(all());
    let refused = Unclear::TooFarApart { task: task(3), spread: Money::new(u64::MAX - 5) };
    assert_eq!(boss.told(), [manager::Output::Refused(Refusal::Window(refused))]);
    boss.expire(Timer::Bids(task(3)));
    let happened =
        boss.told().iter().any(|told| matches!(told, manager::Output::Happened(Entry::Awarded { .. })));
    assert!(happened, "alone it can be awarded");
}

fn lots() -> impl Strategy<Value = (Vec<Lot>, Vec<u32>)> {
    let shift = prop_oneof![3 => Just(0), 1 => Just(u64::MAX - 100)];
    let costs = prop::collection::vec(prop::option::weighted(0.8, 0..20_u64), 4);
    let lot = (0..20_u64, shift, costs).prop_map(|(reserve, shift, costs)| {
        let bids = (0..).zip(costs).filter_map(|(agent, cost)| {
            let cost = Money::new(shift + cost?);
            let bid = Bid { id: BidId::new(7), cost, capability_match: 0, time_estimate: 0 };
            Some((AgentId::new(agent), bid))
        });
        Lot { task: TASK, reserve: Money::new(shift + reserve), bids: bids.collect() }
    });
    (prop::collection::vec(lot, 0..4), prop::collection::vec(0..3_u32, 4))
}

/// What all lots gain at most, by trying everything.
fn greatest(lots: &[Lot], rooms: &mut [u32]) -> u64 {
    let Some((lot, rest)) = lots.split_first() else { return 0 };
    let mut best = greatest(rest, rooms);
    for (agent, bid) in &lot.bids {
        let agent = agent.get() as usize;
        if let (Some(gain), 1..) = (lot.reserve.get().checked_sub(bid.cost.get()), rooms[agent]) {
            rooms[agent] -= 1;
            best = best.max(gain + greatest(rest, rooms));
            rooms[agent] += 1;
        }
    }
    best
}

fn own(lots: &[Lot], choices: &[Option<Choice>], agent: AgentId) -> Vec<(u64, u64, u64)> {
    let chosen = lots.iter().zip(choices).filter_map(|(lot, choice)| Some((lot, (*choice)?)));
    let own = chosen.filter(|(_, choice)| choice.agent == agent);
    own.map(|(lot, choice)| {
        let (_, bid) = lot.bids.iter().find(|(bidder, _)| *bidder == agent).expect("it bid");
        assert_eq!(bid.id, choice.bid);
        (bid.cost.get(), choice.price.get(), lot.reserve.get())
    })
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Each award rests on a bid, at no less than its cost and no more than the reserve; nobody is
    /// overloaded; nothing gains more; and bids as paid, or as the others lose by them.
    #[test]
    fn awards_keep_to_the_bids_and_gain_most((lots, rooms) in lots()) {
        let room = |agent: AgentId| rooms[agent.get() as usize];
        let best = greatest(&lots, &mut rooms.clone());
        for pricing in [Pricing::AsBid, Pricing::SecondPrice] {
            let choices = clear(&lots, room, pricing).expect("amounts of one task are close");
            prop_assert_eq!(choices.len(), lots.len());
            let mut gain = 0;
            for agent in (0..4).map(AgentId::new) {
                let own = own(&lots, &choices, agent);
                prop_assert!(own.len() <= room(agent) as usize);
                let profit: u64 = own.iter().map(|(cost, price, _)| price - cost).sum();
                for (cost, price, reserve) in own {
                    prop_assert!(cost <= price && price <= reserve);
                    gain += reserve - cost;
                }
                let mut without = rooms.clone();
                without[agent.get() as usize] = 0;
                let due = best - greatest(&lots, &mut without);
                prop_assert_eq!(profit, if pricing == Pricing::AsBid { 0 } else { due });
            }
            prop_assert_eq!(gain, best);
        }
    }
}
