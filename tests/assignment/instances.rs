//! Problems for the tests, and what is true of them by trying everything.

use althing::auction::Problem;
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A problem in the open: rows of costs, `None` where an agent cannot do the task.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    pub(crate) agents: usize,
    pub(crate) rows: Vec<Vec<Option<u32>>>,
    pub(crate) reserves: Vec<Option<u32>>,
}

impl Plain {
    pub(crate) fn dense(&self) -> Problem {
        let costs = self.rows.iter().flatten().map(|cost| cost.unwrap_or(Problem::FORBIDDEN)).collect();
        let problem = Problem::dense(self.rows.len(), self.agents, costs).expect("costs are in range");
        problem.with_reserves(self.reserves.clone()).expect("one for each")
    }

    pub(crate) fn sparse(&self) -> Problem {
        let (mut starts, mut arcs) = (vec![0], Vec::new());
        for row in &self.rows {
            // In no particular order.
            let row = row.iter().zip(0..).filter_map(|(cost, agent)| Some((agent, (*cost)?)));
            let from = arcs.len();
            arcs.extend(row);
            arcs[from..].reverse();
            starts.push(arcs.len());
        }
        let problem = Problem::sparse(self.agents, starts, arcs).expect("costs are in range");
        problem.with_reserves(self.reserves.clone()).expect("one for each")
    }

    /// What this assignment costs; `None` if it is none, as somebody cannot do what it gives him, or a task
    /// that must be placed is not.
    pub(crate) fn cost(&self, agent_of: &[Option<u32>]) -> Option<i128> {
        let cost = |(task, agent): (usize, &Option<u32>)| match agent {
            Some(agent) => self.rows[task][*agent as usize],
            None => self.reserves[task],
        };
        agent_of.iter().enumerate().map(|it| cost(it).map(i128::from)).sum()
    }

    /// The least cost of all assignments, if there is one.
    pub(crate) fn least(&self) -> Option<i128> {
        self.least_from(0, &mut vec![false; self.agents])
    }

    fn least_from(&self, task: usize, busy: &mut Vec<bool>) -> Option<i128> {
        let Some(row) = self.rows.get(task) else { return Some(0) };
        let idle = self.reserves[task].and_then(|r| Some(i128::from(r) + self.least_from(task + 1, busy)?));
        let mut best = idle;
        for (agent, cost) in row.iter().enumerate() {
            if let (Some(cost), false) = (cost, busy[agent]) {
                busy[agent] = true;
                let with = self.least_from(task + 1, busy).map(|rest| rest + i128::from(*cost));
                busy[agent] = false;
                best = best.into_iter().chain(with).min();
            }
        }
        best
    }

    /// The same without this agent.
    pub(crate) fn without(&self, agent: usize) -> Self {
        let mut plain = self.clone();
        plain.rows.iter_mut().for_each(|row| row[agent] = None);
        plain
    }
}

/// Small problems of any shape: ties, zeros, the greatest costs, gaps, reserves.
pub(crate) fn plain() -> impl Strategy<Value = Plain> {
    (0..6_usize, 0..6_usize, 0..4_u8).prop_flat_map(|(tasks, agents, gaps)| {
        let cost = prop_oneof![
            4 => 0..4_u32,
            4 => 0..40_u32,
            1 => Just(0),
            1 => Just(Problem::MAX_COST),
            1 => 0..=Problem::MAX_COST,
        ];
        let place = cost
            .clone()
            .prop_flat_map(move |cost| prop_oneof![4 => Just(Some(cost)), u32::from(gaps) => Just(None)]);
        let rows = prop::collection::vec(prop::collection::vec(place, agents), tasks);
        let reserve = prop_oneof![1 => Just(None), 1 => cost.prop_map(Some)];
        let reserves = prop_oneof![Just(vec![None; tasks]), prop::collection::vec(reserve, tasks),];
        (rows, reserves).prop_map(move |(rows, reserves)| Plain { agents, rows, reserves })
    })
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Class {
    /// Uniform below a million.
    Uniform,
    /// Rate times size, and some noise.
    Product,
    /// Ten values.
    Ties,
    /// The greatest costs, or nearly.
    Extreme,
}

pub(crate) const CLASSES: [Class; 4] = [Class::Uniform, Class::Product, Class::Ties, Class::Extreme];

/// A greater one, from a seed; of each row about so many in a hundred places are there.
pub(crate) fn seeded(class: Class, tasks: usize, agents: usize, percent: u32, seed: u64) -> Plain {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut below = move |bound: u32| rng.next_u32() % bound;
    let rates: Vec<_> = (0..agents).map(|_| below(1_000)).collect();
    let mut row = |_: usize| {
        let size = below(1_000);
        let cost = |rate: &u32| {
            let there = below(100) < percent;
            let cost = match class {
                Class::Uniform => below(1_000_000),
                Class::Product => rate * size + below(1_000),
                Class::Ties => below(10),
                Class::Extreme => Problem::MAX_COST - below(2),
            };
            there.then_some(cost)
        };
        rates.iter().map(cost).collect()
    };
    Plain { agents, rows: (0..tasks).map(&mut row).collect(), reserves: vec![None; tasks] }
}
