//! What must always hold of a contract net: the guarantees G1 to G11, and T1.
//!
//! The checker, the property tests and the fuzzer call these functions. None of them asks the
//! machines' own [rules](crate::contract_net::rules), and the past is told by the observer's own
//! books: a rule that is wrong there must not make itself right here.
//!
//! | | invariant | looks at |
//! |---|---|---|
//! | G1 | [`single_award`]: at most one agent was ever sent an award of an epoch | the past |
//! | G2 | [`epochs_ascend`]: the epochs of a task strictly increase | the past |
//! | G3 | [`accepted_once`]: at most one result of a task is accepted, and it stays | the past |
//! | G3 | [`paid_once`]: there is one payment for it, to whom it was accepted from | all nodes and the past |
//! | G4 | [`accepted_current`]: it was accepted from whose award was in force | the past |
//! | G5 | [`started_once`]: an agent starts at most once under an award, and never under an earlier one | the past |
//! | G6 | [`award_on_bid`]: an award rests on a bid of its agent in that round, of no more than the price | the past |
//! | G6 | [`holds_on_standing_bid`]: and is taken while that bid stands | one step |
//! | G7 | [`within_capacity`]: no host is at work on more than its contractor has room for | the past |
//! | G7 | [`within_slots`]: and no contractor believes that its host is | one node |
//! | G8 | [`durable_before_award`]: an award is sent once it is on the disk | one step |
//! | G9 | [`release_on_decline`]: what was released as declined was declined | the past |
//! | G10 | [`release_before_award`]: an award is released before there is another | the past |
//! | G11 | [`fenced`]: a fenced resource is changed once under an award, and never under an earlier one | the past |
//! | T1 | [`exclusive_execution`]: at most one agent works on a task; only with leases that are long enough | all nodes |
//! | | [`award_fits`]: an award is to a member that can do the task and has room, for no more than the reserve | one step |
//! | | [`durable_before_report`]: what a contractor says of an award is on its disk | one step |
//! | | [`sound`]: what a machine's fields promise of each other | one node |

mod chronicle;

pub use chronicle::Chronicle;

use alloc::collections::BTreeSet;

use crate::contract_net::award::AwardRule;
use crate::contract_net::contractor::{self, Contractor};
use crate::contract_net::ids::{AgentId, TaskId};
use crate::contract_net::ledger::{Command, Phase, Task};
use crate::contract_net::manager::Manager;
use crate::contract_net::message::Message;
use crate::contract_net::participant::{Participant, Write};
use crate::contract_net::rules::Rules;
use crate::observe::{Cause, Step};
use crate::outbox::Op;

/// G1: for every task and epoch, at most one agent was ever sent that award.
pub fn single_award(chronicle: &Chronicle) -> bool {
    !chronicle.broken().single_award
}

/// G2: the epochs of a task strictly increase along the durable history.
pub fn epochs_ascend(chronicle: &Chronicle) -> bool {
    !chronicle.broken().epochs_ascend
}

/// G3: at most one result of a task is accepted.
pub fn accepted_once(chronicle: &Chronicle) -> bool {
    !chronicle.broken().accepted_once
}

/// G3: exactly one payment for each result that was accepted: what an agent has earned is the sum of
/// the prices of its awards whose result was, each counted once.
pub fn paid_once<'a, A: AwardRule, R: Rules>(
    participants: impl Iterator<Item = &'a Participant<A, R>>,
    chronicle: &Chronicle,
) -> bool {
    participants
        .filter_map(Participant::manager)
        .all(|manager| manager.ledger().agents().all(|(id, agent)| agent.earned == chronicle.owed(id)))
}

/// G4: a result is accepted from the agent, and in the epoch, of the award that was in force then.
pub fn accepted_current(chronicle: &Chronicle) -> bool {
    !chronicle.broken().accepted_current
}

/// G5: an agent starts a task at most once under an award, unless it restarted and the task is
/// declared idempotent; and the epochs under which it does strictly increase.
pub fn started_once(chronicle: &Chronicle) -> bool {
    !chronicle.broken().started_once
}

/// G6: an award rests on a bid that its agent made in that round, of no more than the price.
pub fn award_on_bid(chronicle: &Chronicle) -> bool {
    !chronicle.broken().award_on_bid
}

/// G6: whoever takes an award has made the bid that it rests on, and that bid still stands.
pub fn holds_on_standing_bid<A: AwardRule, R: Rules>(step: &Step<'_, Participant<A, R>>) -> bool {
    let stands = |task: TaskId, contractor: &Contractor<R>| match &step.cause {
        Cause::Event(crate::Event::Message { message: Message::Award { round, bid, price, .. }, .. }) => {
            contractor.call(task).is_some_and(|call| {
                call.round == *round && call.bid.is_some_and(|it| it.id == *bid && it.cost <= *price)
            })
        }
        Cause::Event(_) | Cause::Restart => false,
    };
    step.performed.iter().all(|op| match op {
        Op::Write(Write::Contractor(contractor::Write::Hold { task, .. })) => {
            step.before.contractor().is_some_and(|contractor| stands(*task, contractor))
        }
        Op::Write(_) | Op::Sync | Op::Send { .. } | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => true,
    })
}

/// G7: no host works on more tasks than its contractor has room for: from when it is told to start until
/// it says that it is done, or has stopped. Nor does it begin a task that it is still at work on, under an
/// earlier award.
pub fn within_capacity(chronicle: &Chronicle) -> bool {
    !chronicle.broken().over_capacity
}

/// G7, as the contractor's fields have it.
pub fn within_slots<A: AwardRule, R: Rules>(participant: &Participant<A, R>) -> bool {
    participant.contractor().is_none_or(|contractor| {
        let busy = contractor.works().filter(|(_, work)| work.executing || work.stopping).count();
        u32::try_from(busy).is_ok_and(|busy| busy <= contractor.config().capacity().get())
    })
}

/// G8: when an award is sent, it is on the manager's disk, and in force there.
pub fn durable_before_award<A: AwardRule, R: Rules>(step: &Step<'_, Participant<A, R>>) -> bool {
    step.sends().all(|(disk, to, message)| match message {
        Message::Award { task, epoch, .. } => disk.ledger.task(*task).is_some_and(|task| {
            let award = task.tenure().is_some_and(|it| it.epoch == *epoch && it.agent == AgentId::from(to));
            task.phase == Phase::Awarded && award
        }),
        Message::Announce { .. } | Message::Bid { .. } | Message::Refuse { .. } => true,
        Message::Reject { .. } | Message::Claim { .. } | Message::Go { .. } => true,
        Message::Decline { .. } | Message::Report { .. } | Message::ReportAck { .. } => true,
        Message::Cancel { .. } => true,
    })
}

/// When a contractor claims or declines an award, or reports what came of it, that is on its disk.
pub fn durable_before_report<A: AwardRule, R: Rules>(step: &Step<'_, Participant<A, R>>) -> bool {
    step.sends().all(|(disk, _, message)| match message {
        Message::Claim { task, epoch, claim } => disk
            .promises
            .get(*task)
            .is_some_and(|it| it.fence == *epoch && it.start == claim.start && it.outcome.is_none()),
        Message::Report { task, epoch, outcome } => {
            disk.promises.get(*task).is_some_and(|it| it.fence == *epoch && it.outcome == Some(*outcome))
        }
        Message::Decline { task, epoch } => disk.promises.fence(*task) >= *epoch,
        Message::Announce { .. } | Message::Bid { .. } | Message::Refuse { .. } => true,
        Message::Award { .. } | Message::Reject { .. } | Message::Go { .. } => true,
        Message::ReportAck { .. } | Message::Cancel { .. } => true,
    })
}

/// G9: what was released as declined was declined, by the agent and in the epoch of that award.
pub fn release_on_decline(chronicle: &Chronicle) -> bool {
    !chronicle.broken().release_on_decline
}

/// G10: between two awards of a task lies the release of the first.
pub fn release_before_award(chronicle: &Chronicle) -> bool {
    !chronicle.broken().release_before_award
}

/// G11: a resource that asks a [`Gate`](crate::contract_net::fence::Gate) is changed once under an
/// award, and not under an earlier one than the latest that it has seen.
pub fn fenced(chronicle: &Chronicle) -> bool {
    !chronicle.broken().fenced
}

/// An award is to an agent that takes part, can do the task, and has room for one more, for no more than
/// the reserve: as the manager's ledger was before, and by counting, not by asking the rules.
pub fn award_fits<A: AwardRule, R: Rules>(step: &Step<'_, Participant<A, R>>) -> bool {
    let Some(ledger) = step.before.manager().map(Manager::ledger) else { return true };
    step.performed.iter().all(|op| match op {
        Op::Write(Write::Manager(Command::Award { task, agent, price, .. })) => {
            let holds =
                |it: &Task| it.phase == Phase::Awarded && it.tenure().is_some_and(|it| it.agent == *agent);
            let load = ledger.tasks().filter(|(id, it)| id != task && holds(it)).count();
            let (Some(known), Some(agent)) = (ledger.task(*task), ledger.agent(*agent)) else { return false };
            let has_room = usize::try_from(agent.capacity.get()).is_ok_and(|capacity| load < capacity);
            let can = known.terms.needs.bits() & agent.capabilities.bits() == known.terms.needs.bits();
            agent.is_member && can && has_room && *price <= known.reserve
        }
        Op::Write(_) | Op::Sync | Op::Send { .. } | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => true,
    })
}

/// T1: at most one agent works on a task. It holds at every instant if the manager's lease is as long
/// as [`manager_minimum`](crate::contract_net::lease::manager_minimum) says, and not without time.
pub fn exclusive_execution<'a, A: AwardRule, R: Rules>(
    participants: impl Iterator<Item = &'a Participant<A, R>>,
) -> bool {
    let works = participants.filter_map(Participant::contractor).flat_map(Contractor::works);
    let (mut executing, mut seen) = (works.filter(|(_, work)| work.executing), BTreeSet::new());
    executing.all(|(task, _)| seen.insert(task))
}

/// What the fields of a participant promise of each other.
pub fn sound<A: AwardRule, R: Rules>(participant: &Participant<A, R>) -> bool {
    match participant {
        Participant::Manager(manager) => is_sound_manager(manager),
        Participant::Contractor(contractor) => is_sound_contractor(contractor),
    }
}

fn is_sound_manager<A: AwardRule, R: Rules>(manager: &Manager<A, R>) -> bool {
    let ledger = manager.ledger();
    let load = |agent| {
        let holds = |it: &crate::contract_net::ledger::Task| it.tenure().is_some_and(|it| it.agent == agent);
        ledger.tasks().filter(|(_, it)| it.phase == Phase::Awarded && holds(it)).count()
    };
    ledger.tasks().all(|(id, task)| match (manager.auction(id), task.phase) {
        (Some(auction), Phase::Bidding) => {
            auction.round() == task.round
                && auction.answered().union(auction.invited()) == auction.invited()
                && auction.bids().all(|(node, _)| auction.answered().contains(node))
        }
        (None, phase) => phase != Phase::Bidding,
        (Some(_), _) => false,
    }) && ledger.tasks().all(|(id, it)| manager.lease(id).is_some() == (it.phase == Phase::Awarded))
        && ledger.agents().all(|(id, agent)| usize::try_from(agent.load) == Ok(load(id)))
}

fn is_sound_contractor<R: Rules>(contractor: &Contractor<R>) -> bool {
    contractor.works().all(|(task, work)| {
        let promise = contractor.promises().get(task);
        let ascends = work.granted < work.pending || work.pending.is_none();
        let held = |it: &contractor::Promise| it.fence == work.epoch && it.outcome.is_none() && !it.settled;
        promise.is_some_and(|it| held(it) || work.stopping && it.fence >= work.epoch)
            && work.executing == work.granted.is_some()
            && !(work.stopping && (work.executing || work.pending.is_some()))
            && ascends
            && work.pending.is_none_or(|pending| pending == work.latest)
            && work.granted.is_none_or(|granted| granted <= work.latest)
    })
}
