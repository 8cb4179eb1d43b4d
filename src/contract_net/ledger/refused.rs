//! Why a ledger does not make a change: which guard failed, and with which values.

use crate::contract_net::capabilities::Capabilities;
use crate::contract_net::ids::{AgentId, Epoch, Money, Round, TaskId, Tenure};
use crate::contract_net::ledger::Phase;

/// Why a command is refused. The ledger is as it was.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Refused {
    /// The number was used.
    #[error("task {0} exists already")]
    TaskExists(TaskId),
    /// There is no such task.
    #[error("there is no task {0}")]
    UnknownTask(TaskId),
    /// A task is to come after one that there is not.
    #[error("task {task} is to come after task {after}, which there is not")]
    UnknownDependency {
        /// The task.
        task: TaskId,
        /// The one that there is not.
        after: TaskId,
    },
    /// A task is to come after itself.
    #[error("task {0} is to come after itself")]
    Cycle(TaskId),
    /// A task is to come after one that ended without a result.
    #[error("task {task} is to come after task {after}, which ended without a result")]
    DependencyFailed {
        /// The task.
        task: TaskId,
        /// The one that ended.
        after: TaskId,
    },
    /// The agent takes part already.
    #[error("agent {0} takes part already")]
    AgentExists(AgentId),
    /// The agent does not take part.
    #[error("agent {0} does not take part")]
    NotAMember(AgentId),
    /// The task is not in a phase in which this can happen.
    #[error("task {task} is {phase}")]
    WrongPhase {
        /// The task.
        task: TaskId,
        /// The phase it is in.
        phase: Phase,
    },
    /// It is about another round.
    #[error("task {task} is in round {current}, not in round {said}")]
    WrongRound {
        /// The task.
        task: TaskId,
        /// The round in the command.
        said: Round,
        /// The round that the task is in.
        current: Round,
    },
    /// The award is not of the next epoch.
    #[error("the latest epoch of task {task} is {latest}, and {said} does not follow it")]
    WrongEpoch {
        /// The task.
        task: TaskId,
        /// The epoch in the command.
        said: Epoch,
        /// The latest.
        latest: Epoch,
    },
    /// It is about another award.
    #[error("task {task} is with agent {} in epoch {}, not with agent {} in epoch {}", .current.agent, .current.epoch, .said.agent, .said.epoch)]
    WrongTenure {
        /// The task.
        task: TaskId,
        /// The award in the command.
        said: Tenure,
        /// The award of the task.
        current: Tenure,
    },
    /// The agent cannot do the task.
    #[error("agent {agent} has {has:?}, and task {task} needs {needs:?}")]
    NotCapable {
        /// The task.
        task: TaskId,
        /// The agent.
        agent: AgentId,
        /// What it can do.
        has: Capabilities,
        /// What the task needs.
        needs: Capabilities,
    },
    /// The agent has as many tasks as it can work on.
    #[error("agent {agent} has {load} tasks and room for {capacity}")]
    NoRoom {
        /// The agent.
        agent: AgentId,
        /// How many it has.
        load: u32,
        /// How many it can have.
        capacity: u32,
    },
    /// The price is above the reserve.
    #[error("a price of {price} for task {task} is above its reserve of {reserve}")]
    AboveReserve {
        /// The task.
        task: TaskId,
        /// The price.
        price: Money,
        /// The reserve.
        reserve: Money,
    },
    /// The task is given up for its reserve, and the lowest bid was not above it.
    #[error("the lowest bid for task {task}, {cost}, was within its reserve of {reserve}")]
    WithinReserve {
        /// The task.
        task: TaskId,
        /// The lowest bid.
        cost: Money,
        /// The reserve.
        reserve: Money,
    },
    /// There are no more rounds.
    #[error("round {round} of task {task} is its last")]
    LastRound {
        /// The task.
        task: TaskId,
        /// The round.
        round: Round,
    },
    /// There are more rounds.
    #[error("round {round} of task {task} is not its last, which is {last}")]
    NotLastRound {
        /// The task.
        task: TaskId,
        /// The round.
        round: Round,
        /// The last.
        last: Round,
    },
}
