//! Messages that can change nothing any more.
//!
//! What is answered is never one of them, however stale: a claim and a report are acknowledged. Nor is
//! an announcement: who forgets that it bid, in a crash or as its bid lapses, is asked anew by one that
//! comes late, of whichever round.

use althing::contract_net::contractor::Contractor;
use althing::contract_net::ledger::{Phase, Task};
use althing::contract_net::manager::Manager;
use althing::contract_net::participant::Participant;
use althing::contract_net::{AgentId, Claim, Epoch, Message, Round, Rules, TaskId};
use althing::node::NodeId;

use super::{Mechanism, Node};

/// Whether the message changes nothing of its receiver, and never will.
pub(super) fn is_dead<R: Rules>(message: &Message, from: NodeId, receiver: &Node<R>) -> bool {
    match receiver {
        Participant::Manager(manager) => is_dead_to_manager(message, AgentId::from(from), manager),
        Participant::Contractor(contractor) => is_dead_to_contractor(message, contractor),
    }
}

fn is_dead_to_manager<R: Rules>(message: &Message, from: AgentId, manager: &Manager<Mechanism, R>) -> bool {
    let Some(task) = manager.ledger().task(message.task()) else { return false };
    match message {
        Message::Bid { round, .. } | Message::Refuse { round, .. } => is_over(*round, task),
        // It is declined once in an epoch that it is released.
        Message::Decline { epoch, .. } => {
            let current = task.tenure().is_some_and(|it| it.epoch == *epoch && it.agent == from);
            *epoch < task.epoch || *epoch == task.epoch && !(current && task.phase == Phase::Awarded)
        }
        Message::Claim { .. } | Message::Report { .. } => false,
        Message::Announce { .. } | Message::Award { .. } | Message::Reject { .. } => false,
        Message::Go { .. } | Message::ReportAck { .. } | Message::Cancel { .. } => false,
    }
}

/// Whether no more bids are collected in the round. After an award there is another, if any.
fn is_over(round: Round, task: &Task) -> bool {
    match task.phase {
        Phase::Waiting { .. } => false,
        Phase::Bidding => round < task.round,
        Phase::Awarded => round <= task.round,
        Phase::Done | Phase::Cancelled | Phase::Unallocated(_) => true,
    }
}

fn is_dead_to_contractor<R: Rules>(message: &Message, contractor: &Contractor<R>) -> bool {
    let fence = contractor.promises().fence(message.task());
    match *message {
        // Of the award that was taken or declined last: what came of it is said again.
        Message::Award { epoch, .. } => epoch < fence,
        Message::Go { task, epoch, claim } => {
            epoch < fence || epoch == fence && is_granted_in_vain(contractor, task, epoch, claim)
        }
        Message::ReportAck { task, epoch, .. } | Message::Cancel { task, epoch } => {
            epoch < fence || epoch == fence && contractor.promises().get(task).is_some_and(|it| it.settled)
        }
        Message::Announce { .. } | Message::Reject { .. } => false,
        Message::Bid { .. } | Message::Refuse { .. } | Message::Claim { .. } => false,
        Message::Decline { .. } | Message::Report { .. } => false,
    }
}

/// Whether the claim is not one that waits for its grant, and will not be: the award, which is the
/// latest that was taken, has come to an end, or the claim has, or it is from before a crash.
fn is_granted_in_vain<R: Rules>(
    contractor: &Contractor<R>,
    task: TaskId,
    epoch: Epoch,
    claim: Claim,
) -> bool {
    let is_over = contractor
        .promises()
        .get(task)
        .is_some_and(|it| it.outcome.is_some() || it.settled || claim.start < it.start);
    let work = contractor.work(task).filter(|work| work.epoch == epoch);
    is_over || work.is_some_and(|work| work.pending != Some(claim) && claim <= work.latest)
}
