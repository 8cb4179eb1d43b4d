//! Greedy sales: at least half of the greatest welfare, at any cost.

use althing::auction::sequential::{Offer, Unknown, sequential};
use althing::auction::welfare::{Deal, Welfare};
use althing::auction::{Sale, first_price};
use proptest::prelude::*;

/// What each agent asks for each task; `None` if it cannot do it.
type Costs = Vec<Vec<Option<u64>>>;

fn offers(costs: &Costs) -> Vec<Offer> {
    let rows = costs.iter().zip(0..);
    rows.flat_map(|(row, agent)| {
        let cells = row.iter().zip(0..);
        cells.filter_map(move |(cost, task)| Some(Offer { agent, task, cost: (*cost)? }))
    })
    .collect()
}

fn run(values: &[u64], rooms: &[u32], costs: &Costs) -> Vec<Option<Sale<u32>>> {
    sequential(values, rooms, offers(costs)).expect("all are there")
}

fn welfare(values: &[u64], sales: &[Option<Sale<u32>>]) -> Welfare {
    let deal = |(sale, value): (&Option<Sale<u32>>, &u64)| {
        sale.map(|Sale { price, .. }| Deal { value: *value, cost: price, payment: price })
    };
    sales.iter().zip(values).filter_map(deal).collect()
}

/// By trying everything.
fn optimum(values: &[u64], rooms: &mut [u32], costs: &Costs, task: usize) -> i128 {
    let Some(value) = values.get(task) else { return 0 };
    let mut best = optimum(values, rooms, costs, task + 1);
    for agent in 0..rooms.len() {
        if let (Some(cost), 1..) = (costs[agent][task], rooms[agent]) {
            rooms[agent] -= 1;
            let gain = i128::from(*value) - i128::from(cost);
            best = best.max(gain + optimum(values, rooms, costs, task + 1));
            rooms[agent] += 1;
        }
    }
    best
}

/// Step by step: of all tasks that are left, the one whose best offer gains most.
fn naive(values: &[u64], rooms: &[u32], costs: &Costs) -> Vec<Option<Sale<u32>>> {
    let (mut rooms, mut sales) = (rooms.to_vec(), vec![None; values.len()]);
    loop {
        let open = offers(costs).into_iter().filter(|offer| {
            sales[offer.task as usize].is_none()
                && rooms[offer.agent as usize] > 0
                && offer.cost <= values[offer.task as usize]
        });
        let gain = |offer: &Offer| values[offer.task as usize] - offer.cost;
        let best = open.min_by_key(|offer| (core::cmp::Reverse(gain(offer)), offer.task, offer.agent));
        let Some(Offer { agent, task, cost }) = best else { return sales };
        sales[task as usize] = Some(Sale { seller: agent, price: cost });
        rooms[agent as usize] -= 1;
    }
}

fn market() -> impl Strategy<Value = (Vec<u64>, Vec<u32>, Costs)> {
    (1..5_usize, 1..6_usize).prop_flat_map(|(agents, tasks)| {
        let row = prop::collection::vec(prop::option::weighted(0.8, 0..12_u64), tasks);
        (
            prop::collection::vec(0..12_u64, tasks),
            prop::collection::vec(0..3_u32, agents),
            prop::collection::vec(row, agents),
        )
    })
}

proptest! {
    #[test]
    fn half_of_the_greatest_welfare_is_had((values, rooms, costs) in market()) {
        let sales = run(&values, &rooms, &costs);
        let best = optimum(&values, &mut rooms.clone(), &costs, 0);
        let had = welfare(&values, &sales).surplus();
        prop_assert!(2 * had >= best && had <= best, "{} of {}", had, best);
        for (agent, room) in rooms.iter().enumerate() {
            let load = sales.iter().flatten().filter(|sale| sale.seller as usize == agent).count();
            prop_assert!(load <= *room as usize);
        }
    }

    #[test]
    fn it_does_as_its_naive_twin((values, rooms, costs) in market()) {
        prop_assert_eq!(run(&values, &rooms, &costs), naive(&values, &rooms, &costs));
    }
}

/// Gains of `g + 1` and 0 are taken, where `g` and `g` were to be had.
#[test]
fn no_better_factor_than_half_holds() {
    let gain = 1_000_000;
    let costs = vec![vec![Some(0), Some(1)], vec![Some(1), Some(gain + 1)]];
    let values = [gain + 1, gain + 1];
    let had = welfare(&values, &run(&values, &[1, 1], &costs)).surplus();
    let best = optimum(&values, &mut [1, 1], &costs, 0);
    assert_eq!((had, best), (i128::from(gain) + 1, 2 * i128::from(gain)));
}

/// Costs `[[0, 1], [1, M]]`: M is paid where 2 would do.
#[test]
fn the_cost_has_no_bound() {
    for most in [10, 1_000, u64::MAX] {
        let costs = vec![vec![Some(0), Some(1)], vec![Some(1), Some(most)]];
        let values = [most, most];
        let sales = run(&values, &[1, 1], &costs);
        assert_eq!(welfare(&values, &sales).cost(), i128::from(most));
        assert_eq!(optimum(&values, &mut [1, 1], &costs, 0), 2 * i128::from(most) - 2);
    }
}

/// Why the steps go by gain: in the order in which the tasks came, each to the cheapest, all of the
/// welfare may be lost.
#[test]
fn in_the_order_of_the_tasks_there_is_no_bound() {
    let (values, costs) = ([100, 100], vec![vec![Some(100), Some(0)]]);
    let mut rooms = [1_u32];
    let mut in_order = Vec::new();
    for (task, value) in values.iter().enumerate() {
        let open = (0..rooms.len()).filter(|agent| rooms[*agent] > 0);
        let bids = open.filter_map(|agent| Some((agent as u32, costs[agent][task]?)));
        let sale = first_price(bids, *value);
        if let Some(sale) = sale {
            rooms[sale.seller as usize] -= 1;
        }
        in_order.push(sale);
    }
    assert_eq!(welfare(&values, &in_order).surplus(), 0);
    assert_eq!(welfare(&values, &run(&values, &[1], &costs)).surplus(), 100);
}

#[test]
fn an_offer_of_nobody_or_for_nothing_is_refused() {
    let offer = |agent, task| [Offer { agent, task, cost: 1 }];
    assert_eq!(sequential(&[5], &[1], offer(1, 0)), Err(Unknown::Agent { agent: 1, agents: 1 }));
    assert_eq!(sequential(&[5], &[1], offer(0, 1)), Err(Unknown::Task { task: 1, tasks: 1 }));
    assert_eq!(sequential(&[0], &[1], offer(0, 0)), Ok(vec![None]), "above its value");
    assert_eq!(sequential(&[5], &[0], offer(0, 0)), Ok(vec![None]), "no room");
}
