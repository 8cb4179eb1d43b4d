//! Why a participant does not do what a message or its host asks. What is merely stale, and either
//! answered or of no consequence, is not told: a late report or claim, a rejection of another round, a
//! grant that comes twice.

use crate::contract_net::ids::{AgentId, Claim, Epoch, Round, TaskId};
use crate::contract_net::ledger::Refused;
use crate::contract_net::window::Unclear;
use crate::node::NodeId;

/// Why. The participant is as it was.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Refusal {
    /// The ledger refuses it.
    #[error(transparent)]
    Ledger(#[from] Refused),
    /// Whoever sent it has no part in this.
    #[error("a message from {0}, who has no part in this")]
    Stranger(NodeId),
    /// It is for the other side: only a manager, or only a contractor, is told such.
    #[error("a message from {0} that is for another kind of participant")]
    Misdirected(NodeId),
    /// A manager is no contractor of its own.
    #[error("{0} is the manager itself")]
    Own(NodeId),
    /// It answers another announcement.
    #[error("task {task} is in round {current}, not in round {said}")]
    Round {
        /// The task.
        task: TaskId,
        /// The round that is answered.
        said: Round,
        /// The round that the task is in, or the latest that the contractor was told.
        current: Round,
    },
    /// It was not asked.
    #[error("{agent} was not asked to bid for task {task}")]
    NotInvited {
        /// The task.
        task: TaskId,
        /// Whoever bid.
        agent: NodeId,
    },
    /// There are no more epochs.
    #[error("task {0} cannot be awarded any more: there are no epochs left")]
    NoEpochs(TaskId),
    /// There are no more claims.
    #[error("task {0} cannot be claimed any more: there are no numbers left")]
    NoClaims(TaskId),
    /// The contractor was not asked to bid in this round, or has answered.
    #[error("there is no bid to be made for task {task} in round {round}")]
    NotAsked {
        /// The task.
        task: TaskId,
        /// The round.
        round: Round,
    },
    /// It is about another award than the contractor's latest.
    #[error("epoch {said} of task {task} is not the one at hand, {fence}")]
    Epoch {
        /// The task.
        task: TaskId,
        /// The epoch that is spoken of.
        said: Epoch,
        /// The latest that the contractor took; 0 if none.
        fence: Epoch,
    },
    /// The contractor does not work on it.
    #[error("task {task} is not being worked on in epoch {epoch}")]
    NotAtWork {
        /// The task.
        task: TaskId,
        /// The epoch.
        epoch: Epoch,
    },
    /// It is said to be accepted, and was never reported as done.
    #[error("task {task} is said to be accepted in epoch {epoch}, and was never done")]
    NotDone {
        /// The task.
        task: TaskId,
        /// The epoch.
        epoch: Epoch,
    },
    /// The mechanism chose what was not bid, or a price below the bid or above the reserve.
    #[error("task {task} was not awarded: {agent} did not bid that, or not at that price")]
    Mechanism {
        /// The task.
        task: TaskId,
        /// Whom it chose.
        agent: AgentId,
    },
    /// A window cannot be cleared. Each of its tasks may still be awarded alone.
    #[error(transparent)]
    Window(#[from] Unclear),
    /// The lease of the claim has run out.
    #[error("the lease of claim {}.{} of task {task} does not run", .claim.start, .claim.number)]
    Lapsed {
        /// The task.
        task: TaskId,
        /// The claim.
        claim: Claim,
    },
    /// A manager cannot be asked for what a contractor does, nor the other way about.
    #[error("the request is for another kind of participant")]
    WrongRole,
}
