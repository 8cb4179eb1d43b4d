//! What came of a market.

use althing::contract_net::ledger::Reason;
use althing::contract_net::{Ledger, Money, Phase, TaskId};
use serde::Serialize;

use super::problem::Problem;

/// What came of a market.
#[derive(Clone, PartialEq, Debug)]
pub struct MarketOutcome {
    /// Of each task, in the order of the problem's.
    pub tasks: Vec<TaskOutcome>,
    /// Of each agent.
    pub agents: Vec<AgentOutcome>,
    /// How many tasks are done.
    pub done: usize,
    /// What those are worth.
    pub value: u128,
    /// What they cost those who did them.
    pub cost: u128,
    /// What was paid for them.
    pub paid: u128,
    /// `value - cost`.
    pub surplus: i128,
    /// When the last of them was done; 0 if none is.
    pub makespan: u64,
}

/// What came of a task.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TaskOutcome {
    /// How it is called.
    pub task: String,
    /// What it is worth.
    pub value: u64,
    /// How it ended.
    #[serde(flatten)]
    pub fate: Fate,
}

/// How a task ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
pub enum Fate {
    /// An agent did it.
    Done {
        /// The agent.
        agent: String,
        /// The epoch of the award.
        epoch: u64,
        /// In which round it was awarded.
        round: u32,
        /// How many bid in that round.
        bids: usize,
        /// What it cost the agent.
        cost: u64,
        /// What the agent was paid.
        price: u64,
        /// `value - cost`.
        surplus: i128,
        /// When the work began.
        start: u64,
        /// When it was done.
        end: u64,
    },
    /// Nobody did.
    Unallocated {
        /// Why.
        reason: String,
    },
}

/// What came of an agent.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct AgentOutcome {
    /// How it is called.
    pub agent: String,
    /// How many tasks it did.
    pub tasks: usize,
    /// For how long it worked, tasks added up.
    pub busy: u64,
    /// The part of its time that it worked: `busy / (makespan * capacity)`.
    pub utilisation: f64,
    /// What its work cost it.
    pub cost: u128,
    /// What it was paid.
    pub paid: u128,
    /// `paid - cost`.
    pub profit: i128,
}

/// When a task was awarded and worked on, as the host saw it.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Seen {
    pub(super) bids: usize,
    pub(super) start: u64,
    pub(super) end: u64,
}

impl MarketOutcome {
    /// As the ledger says in the end.
    pub(super) fn of(problem: &Problem, ledger: &Ledger, seen: &[Seen]) -> Self {
        let tasks: Vec<_> = (0..problem.tasks.len())
            .map(|number| TaskOutcome::of(problem, ledger, number, seen[number]))
            .collect();
        Self::sum(problem, tasks)
    }

    /// What these come to.
    pub(super) fn sum(problem: &Problem, tasks: Vec<TaskOutcome>) -> Self {
        let mut all =
            Self { agents: Vec::new(), done: 0, value: 0, cost: 0, paid: 0, surplus: 0, makespan: 0, tasks };
        for task in &all.tasks {
            if let Fate::Done { cost, price, surplus, end, .. } = task.fate {
                all.done += 1;
                all.value += u128::from(task.value);
                all.cost += u128::from(cost);
                all.paid += u128::from(price);
                all.surplus += surplus;
                all.makespan = all.makespan.max(end);
            }
        }
        all.agents =
            problem.agents.iter().map(|agent| all.agent(&agent.name, agent.capacity.get())).collect();
        all
    }

    fn agent(&self, name: &str, capacity: u32) -> AgentOutcome {
        let mut it = AgentOutcome {
            agent: name.to_owned(),
            tasks: 0,
            busy: 0,
            utilisation: 0.0,
            cost: 0,
            paid: 0,
            profit: 0,
        };
        for task in &self.tasks {
            if let Fate::Done { agent, cost, price, start, end, .. } = &task.fate
                && agent == name
            {
                it.tasks += 1;
                it.busy += end - start;
                it.cost += u128::from(*cost);
                it.paid += u128::from(*price);
                it.profit += i128::from(*price) - i128::from(*cost);
            }
        }
        if self.makespan > 0 {
            it.utilisation = it.busy as f64 / (self.makespan as f64 * f64::from(capacity));
        }
        it
    }
}

impl TaskOutcome {
    fn of(problem: &Problem, ledger: &Ledger, number: usize, seen: Seen) -> Self {
        let (id, task) = (TaskId::new(number as u64), &problem.tasks[number]);
        let value = task.terms.value.get();
        let known = ledger.task(id);
        let fate = match known.map(|known| (known.phase, known.award)) {
            Some((Phase::Done, Some(award))) => {
                let agent = &problem.agents[award.agent.get() as usize - 1];
                let cost = agent.costs[number].map_or(0, Money::get);
                Fate::Done {
                    agent: agent.name.clone(),
                    epoch: known.map_or(0, |known| known.epoch.get()),
                    round: award.round.get(),
                    bids: seen.bids,
                    cost,
                    price: award.price.get(),
                    surplus: i128::from(value) - i128::from(cost),
                    start: seen.start,
                    end: seen.end,
                }
            }
            Some((Phase::Unallocated(reason), _)) => Fate::Unallocated { reason: why(problem, reason) },
            Some((phase, _)) => Fate::Unallocated { reason: phase.to_string() },
            None => Fate::Unallocated { reason: "it was refused".into() },
        };
        Self { task: task.name.clone(), value, fate }
    }
}

/// The reason, with the name of the task where it speaks of one.
fn why(problem: &Problem, reason: Reason) -> String {
    let name = |task: TaskId| usize::try_from(task.get()).ok().and_then(|task| problem.tasks.get(task));
    match reason {
        Reason::Dependency(task) => {
            let name = name(task).map_or("another task", |task| task.name.as_str());
            format!("`{name}` ended without a result")
        }
        Reason::NobodyCapable | Reason::NoBid | Reason::NoRoom => reason.to_string(),
        Reason::ReserveTooLow { .. } | Reason::Released(_) => reason.to_string(),
    }
}
