//! Tasks cleared together: in each wave all that may begin, by an optimal assignment, in place of one
//! auction after the other. For `althing auction --rule vcg|epsilon`.
//!
//! A wave is the tasks whose predecessors are done; when all of a wave is done the next begins, with all
//! agents free. What finds no room in a wave waits for the next one. Within a wave the theorems of
//! [`capacity`] hold; from one wave to the next nothing is promised.

use althing::auction::capacity::{self, Placement, Unproven, Unsolved};
use althing::auction::problem;
use althing::auction::sequential::{Offer, sequential};

use super::outcome::{Fate, MarketOutcome, TaskOutcome};
use super::problem::Problem;

/// How many tasks can be cleared together.
pub const MOST_TASKS: usize = 2_000;

/// What the agents are paid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payment {
    /// What the others lose by them (Vickrey, Clarke, Groves).
    Vcg,
    /// The price at which the market clears: what the auction of Bertsekas ends with.
    Clearing,
}

/// What came of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Clearing {
    /// As of a market; the round of a task is its wave.
    pub outcome: MarketOutcome,
    /// Of each task the price at which the market cleared; `None` if it came into no wave.
    pub prices: Vec<Option<u64>>,
    /// How many waves there were.
    pub waves: u32,
    /// What all waves gained: reserves less costs. No other assignments of these waves gain more.
    pub gain: i128,
    /// What the same waves gain if tasks are sold one at a time.
    pub sequential: i128,
    /// The first wave whose certificate does not prove that, and why. There is none.
    pub unproven: Option<(u32, Unproven)>,
}

/// Why tasks are not cleared together.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ClearingError {
    /// There are too many.
    #[error("tasks: {count} are too many to be cleared together: there can be {MOST_TASKS}")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// From the lowest cost to the reserve it is too far.
    #[error(
        "tasks: the reserve of `{name}` is {spread} above the lowest cost: at most {} can be computed with",
        problem::Problem::MAX_COST
    )]
    TooFarApart {
        /// The task.
        name: String,
        /// The reserve less the lowest cost.
        spread: u64,
    },
    /// The solver refuses it.
    #[error("it cannot be cleared together: {0}")]
    Unsolved(#[from] Unsolved),
}

/// Clears the market, wave after wave.
///
/// # Errors
/// [`ClearingError`].
pub fn clear(problem: &Problem, payment: Payment) -> Result<Clearing, ClearingError> {
    let count = problem.tasks.len();
    if count > MOST_TASKS {
        return Err(ClearingError::TooMany { count });
    }
    let mut state = State {
        problem,
        payment,
        capacities: problem.agents.iter().map(|agent| agent.capacity.get()).collect(),
        fates: problem.tasks.iter().map(|_| None).collect(),
        prices: vec![None; count],
        now: 0,
        waves: 0,
        gain: 0,
        sequential: 0,
        unproven: None,
    };
    loop {
        let wave = state.next_wave();
        if wave.is_empty() {
            break;
        }
        state.clear(&wave)?;
    }
    Ok(state.finish())
}

struct State<'a> {
    problem: &'a Problem,
    payment: Payment,
    capacities: Vec<u32>,
    fates: Vec<Option<Fate>>,
    prices: Vec<Option<u64>>,
    now: u64,
    waves: u32,
    gain: i128,
    sequential: i128,
    unproven: Option<(u32, Unproven)>,
}

impl State<'_> {
    /// The tasks that may begin. Those that nobody can do for the reserve end here, and what is to come
    /// after them.
    fn next_wave(&mut self) -> Vec<usize> {
        let mut wave = Vec::new();
        for (number, task) in self.problem.tasks.iter().enumerate() {
            if self.fates[number].is_some() {
                continue;
            }
            let mut before = task.terms.after.iter().map(|after| after.get() as usize);
            let failed = before.clone().find(|it| matches!(self.fates[*it], Some(Fate::Unallocated { .. })));
            let reason = match (failed, self.least(number)) {
                (Some(failed), _) => {
                    format!("`{}` ended without a result", self.problem.tasks[failed].name)
                }
                (None, None) => "no agent can do it".to_owned(),
                (None, Some(least)) if least > task.terms.reserve.get() => {
                    format!("the lowest cost, {least}, is above the reserve, {}", task.terms.reserve)
                }
                (None, Some(_)) => {
                    if before.all(|it| matches!(self.fates[it], Some(Fate::Done { .. }))) {
                        wave.push(number);
                    }
                    continue;
                }
            };
            self.fates[number] = Some(Fate::Unallocated { reason });
        }
        wave
    }

    fn least(&self, task: usize) -> Option<u64> {
        self.problem.agents.iter().filter_map(|agent| agent.costs[task]).map(|cost| cost.get()).min()
    }

    fn clear(&mut self, wave: &[usize]) -> Result<(), ClearingError> {
        self.waves += 1;
        let (assignment, base) = self.assignment(wave)?;
        let (placement, payments) = match self.payment {
            Payment::Clearing => (capacity::solve(&assignment, &self.capacities)?, Vec::new()),
            Payment::Vcg => {
                let outcome = capacity::vcg(&assignment, &self.capacities)?;
                (outcome.placement, outcome.payments)
            }
        };
        if let (Err(unproven), None) = (placement.verify(&assignment, &self.capacities), self.unproven) {
            self.unproven = Some((self.waves, unproven));
        }
        let reserves = (0..wave.len()).filter_map(|task| assignment.reserve(task));
        let most: i128 = reserves.clone().map(i128::from).sum();
        self.gain += most - placement.cost;
        self.sequential += self.one_at_a_time(&assignment, reserves.map(u64::from).collect());
        let prices = self.paid(&assignment, &placement, payments);
        let begins = self.now;
        for (place, &number) in wave.iter().enumerate() {
            let price = |above: i64| base[place].saturating_add(u64::try_from(above).unwrap_or(0));
            self.prices[number] = Some(price(placement.certificate.prices[place]));
            if let Some(agent) = placement.agent_of[place] {
                let bids = assignment.row(place).len();
                self.fates[number] =
                    Some(self.done(number, agent as usize, bids, price(prices[place]), begins));
            }
        }
        if placement.agent_of.iter().all(Option::is_none) {
            for &number in wave {
                let reason = "nobody gains: its reserve is what it costs".to_owned();
                self.fates[number] = Some(Fate::Unallocated { reason });
            }
        }
        Ok(())
    }

    /// The wave as an assignment: who asks more than the reserve does not take part. Costs and reserves
    /// are those above the lowest cost of the task, which is returned beside: so they may be of any size.
    fn assignment(&self, wave: &[usize]) -> Result<(problem::Problem, Vec<u64>), ClearingError> {
        let (mut starts, mut arcs, mut reserves, mut base) = (vec![0], Vec::new(), Vec::new(), Vec::new());
        for &number in wave {
            let task = &self.problem.tasks[number];
            let (reserve, least) = (task.terms.reserve.get(), self.least(number).unwrap_or(0));
            let spread = reserve - least;
            let most = u32::try_from(spread).ok().filter(|most| *most <= problem::Problem::MAX_COST);
            let too_far = || ClearingError::TooFarApart { name: crate::text::one_line(&task.name), spread };
            reserves.push(Some(most.ok_or_else(too_far)?));
            for (it, agent) in self.problem.agents.iter().zip(0..) {
                if let Some(cost) = it.costs[number].filter(|cost| cost.get() <= reserve) {
                    arcs.push((agent, (cost.get() - least) as u32));
                }
            }
            starts.push(arcs.len());
            base.push(least);
        }
        let assignment = problem::Problem::sparse(self.problem.agents.len(), starts, arcs);
        let assignment = assignment.and_then(|it| it.with_reserves(reserves)).map_err(Unsolved::from)?;
        Ok((assignment, base))
    }

    fn one_at_a_time(&self, assignment: &problem::Problem, values: Vec<u64>) -> i128 {
        let offers = (0..assignment.tasks()).flat_map(|task| {
            let arcs = assignment.row(task).arcs();
            arcs.map(move |(agent, cost)| Offer { agent: agent as u32, task: task as u32, cost: cost.into() })
        });
        let sales = sequential(&values, &self.capacities, offers).unwrap_or_default();
        let sold = sales.iter().zip(&values);
        sold.filter_map(|(sale, value)| Some(i128::from(*value) - i128::from(sale.as_ref()?.price))).sum()
    }

    /// What is paid for each task, above its lowest cost. An agent's payment for several is shared out:
    /// each its cost, and then up to the reserves, in order.
    fn paid(
        &self,
        assignment: &problem::Problem,
        placement: &Placement,
        payments: Vec<Option<i128>>,
    ) -> Vec<i64> {
        if self.payment == Payment::Clearing {
            return placement.certificate.prices.clone();
        }
        let tasks = || placement.agent_of.iter().enumerate();
        let cost = |task, agent: u32| assignment.cost(task, agent as usize).map_or(0, i64::from);
        let mut left: Vec<_> =
            payments.into_iter().map(|it| i64::try_from(it.unwrap_or(0)).unwrap_or(i64::MAX)).collect();
        for (task, agent) in tasks() {
            if let Some(agent) = *agent {
                left[agent as usize] -= cost(task, agent);
            }
        }
        let share = |(task, agent): (usize, &Option<u32>)| {
            let Some(agent) = *agent else { return 0 };
            let (cost, left) = (cost(task, agent), &mut left[agent as usize]);
            let share = (*left).min(assignment.reserve(task).map_or(0, i64::from) - cost);
            *left -= share;
            cost + share
        };
        tasks().map(share).collect()
    }

    fn done(&mut self, number: usize, agent: usize, bids: usize, price: u64, start: u64) -> Fate {
        let (task, agent) = (&self.problem.tasks[number], &self.problem.agents[agent]);
        let cost = agent.costs[number].map_or(0, |cost| cost.get());
        let end = start.saturating_add(task.work.div_ceil(u64::from(agent.speed.get())));
        self.now = self.now.max(end);
        Fate::Done {
            agent: agent.name.clone(),
            epoch: 1,
            round: self.waves,
            bids,
            cost,
            price,
            surplus: i128::from(task.terms.value.get()) - i128::from(cost),
            start,
            end,
        }
    }

    fn finish(self) -> Clearing {
        let fate =
            |fate: Option<Fate>| fate.unwrap_or(Fate::Unallocated { reason: "it came too late".into() });
        let tasks = self.problem.tasks.iter().zip(self.fates).map(|(task, it)| TaskOutcome {
            task: task.name.clone(),
            value: task.terms.value.get(),
            fate: fate(it),
        });
        let Self { prices, waves, gain, sequential, unproven, .. } = self;
        let outcome = MarketOutcome::sum(self.problem, tasks.collect());
        Clearing { outcome, prices, waves, gain, sequential, unproven }
    }
}
