//! What must hold, what must happen, and what is reached once faults end.

use althing::contract_net::contractor;
use althing::contract_net::invariants::{self, Chronicle};
use althing::contract_net::ledger::Phase;
use althing::contract_net::manager;
use althing::contract_net::participant::{Input, Participant, Timer};
use althing::contract_net::{Epoch, Message, Rules, TaskId};
use althing::machine::Event;
use althing::node::NodeSet;

use super::{MANAGER, MAX_ROUNDS, MAX_TASKS, Node, RESULT, bid, tasks};
use crate::bounds::Bounds;
use crate::cluster::Cluster;
use crate::property::Scene;
use crate::recover::Recovery;

type Model<R> = Cluster<Node<R>, Chronicle>;
type Look<'a, R> = Scene<'a, Node<R>, Chronicle>;

pub(super) fn invariants<R: Rules>(cluster: Model<R>) -> Model<R> {
    cluster
        .always("SingleAward", |view| invariants::single_award(view.history()))
        .always("EpochsAscend", |view| invariants::epochs_ascend(view.history()))
        .always("AcceptedOnce", |view| invariants::accepted_once(view.history()))
        .always("PaidOnce", |view| invariants::paid_once(view.machines(), view.history()))
        .always("AcceptedCurrent", |view| invariants::accepted_current(view.history()))
        .always("StartedOnce", |view| invariants::started_once(view.history()))
        .always("AwardOnBid", |view| invariants::award_on_bid(view.history()))
        .each_step("HoldsOnStandingBid", invariants::holds_on_standing_bid)
        .always("WithinCapacity", |view| {
            invariants::within_capacity(view.history()) && view.machines().all(invariants::within_slots)
        })
        .each_step("DurableBeforeAward", invariants::durable_before_award)
        .always("ReleaseOnDecline", |view| invariants::release_on_decline(view.history()))
        .always("ReleaseBeforeAward", |view| invariants::release_before_award(view.history()))
        .always("Fenced", |view| invariants::fenced(view.history()))
        .each_step("DurableBeforeReport", invariants::durable_before_report)
        .always("Sound", |view| view.machines().all(invariants::sound))
        .each_step("AwardFits", invariants::award_fits)
        .recoverable("Recoverability", recovery())
}

/// For each invariant, that what it speaks of happens, where the bounds allow it.
pub(super) fn witnesses<R: Rules>(mut cluster: Model<R>, bounds: &Bounds) -> Model<R> {
    let count = |key| bounds.get(key);
    let all: Vec<_> = tasks(bounds).collect();
    let each = |of: fn(&Look<'_, R>, TaskId) -> bool| {
        let all = all.clone();
        move |view: &Look<'_, R>| all.iter().any(|task| of(view, *task))
    };
    cluster = cluster
        .sometimes("an award is sent", each(|view, task| awarded(view, task, 1)))
        .sometimes("a contractor at work", |view| executing(view).next().is_some())
        .sometimes("a result is accepted", each(|view, task| view.history().accepted(task).is_some()))
        .sometimes("a result is reported", |view| {
            sent(view).any(|message| matches!(message, Message::Report { .. }))
        });
    if count("rounds") > 1 {
        cluster = cluster.sometimes("awards of two epochs", each(|view, task| awarded(view, task, 2)));
    }
    if count("rounds") > 1 && count("contractors") > 1 {
        cluster = cluster.sometimes(
            "awards to two contractors",
            each(|view, task| {
                let to = |epoch| view.history().awarded(task, Epoch::new(epoch));
                to(2).is_some() && to(1) != to(2)
            }),
        );
    }
    if count("rounds") > 1 && count("contractors") > 1 && bounds.is_on("expiries") {
        cluster = cluster.sometimes("two at work on a task: there are no clocks", |view| {
            !invariants::exclusive_execution(view.machines())
        });
    }
    if count("tasks") > count("capacity") && !bounds.is_on("chain") {
        cluster = cluster.sometimes("a contractor works as much as it can, and is asked for more", |view| {
            let contractors = view.machines().filter_map(Participant::contractor);
            let full = |it: &&contractor::Contractor<R>| {
                it.works().filter(|(_, work)| work.executing).count() as u64
                    >= u64::from(it.config().capacity().get())
            };
            contractors.filter(full).any(|it| all_calls(it) > 0)
        });
    }
    if bounds.is_on("lapses") {
        cluster = cluster.sometimes("an award is declined", |view| {
            sent(view).any(|message| matches!(message, Message::Decline { .. }))
        });
    }
    if count("cancels") > 0 {
        cluster = cluster.sometimes("somebody works on what was cancelled", |view| {
            let cancelled = |task| phase(view, task) == Some(Phase::Cancelled);
            executing(view).any(cancelled)
        });
    }
    cluster
}

fn awarded<R: Rules>(view: &Look<'_, R>, task: TaskId, epoch: u64) -> bool {
    view.history().awarded(task, Epoch::new(epoch)).is_some()
}

fn executing<'a, R: Rules>(view: &Look<'a, R>) -> impl Iterator<Item = TaskId> + use<'a, R> {
    let works = view.machines().filter_map(Participant::contractor).flat_map(|it| it.works());
    works.filter(|(_, work)| work.executing).map(|(task, _)| task)
}

fn phase<R: Rules>(view: &Look<'_, R>, task: TaskId) -> Option<Phase> {
    let manager = view.machines().find_map(Participant::manager)?;
    manager.ledger().task(task).map(|task| task.phase)
}

fn all_calls<R: Rules>(contractor: &contractor::Contractor<R>) -> usize {
    (1..=MAX_TASKS).filter(|task| contractor.call(TaskId::new(*task)).is_some()).count()
}

fn sent<'a, R: Rules>(view: &Look<'a, R>) -> impl Iterator<Item = &'a Message> + use<'a, R> {
    view.network().filter_map(|stimulus| match &stimulus.event {
        Event::Message { message, .. } => Some(message),
        Event::Timer(_) | Event::Input(_) => None,
    })
}

/// Once faults end, whoever is asked bids, whoever works finishes, and what was lost is said again. No
/// lease runs out: who would wait for that gets there in any case, since rounds end.
fn recovery<R: Rules>() -> Recovery<Node<R>> {
    Recovery {
        // Each task may have to wait for the one before, and each ends within its rounds.
        rounds: (MAX_TASKS * (MAX_ROUNDS + 2)) as usize,
        schedule: |_, nodes| {
            let tasks = (1..=MAX_TASKS).map(TaskId::new);
            let at = |timer: Timer, manages: bool| {
                (timer, nodes.iter().filter(|node| (node.get() == MANAGER) == manages).collect::<NodeSet>())
            };
            let timers = tasks.flat_map(|task| {
                [
                    at(contractor::Timer::Report(task).into(), false),
                    at(contractor::Timer::Claim(task).into(), false),
                    at(manager::Timer::Resend(task).into(), true),
                    at(manager::Timer::Bids(task).into(), true),
                ]
            });
            timers.collect()
        },
        answers: answer,
        goal: has_ended,
    }
}

/// What the host of a contractor says: its first bid, if it is asked, or that it is done.
fn answer<R: Rules>(node: &Node<R>) -> Option<Input> {
    let contractor = node.contractor()?;
    let bids = (1..=MAX_TASKS).map(TaskId::new).find_map(|task| {
        let call = contractor.call(task).filter(|call| call.bid.is_none())?;
        let bid = bid(contractor.id(), 0, 1);
        Some(contractor::Input::Bid { task, round: call.round, bid })
    });
    let done = contractor.works().find_map(|(task, work)| {
        let epoch = work.epoch;
        let finished = contractor::Input::Finished { task, epoch, result: RESULT };
        let stopped = work.stopping.then_some(contractor::Input::Failed { task, epoch });
        if work.executing { Some(finished) } else { stopped }
    });
    done.or(bids).map(Input::Contractor)
}

/// Every task has ended, and no contractor holds, works on or reports anything.
fn has_ended<R: Rules>(nodes: &[&Node<R>]) -> bool {
    let ended = |node: &&Node<R>| match node {
        Participant::Manager(manager) => manager.ledger().tasks().all(|(_, task)| task.phase.is_terminal()),
        Participant::Contractor(it) => {
            it.works().next().is_none() && it.promises().iter().all(|(_, promise)| promise.settled)
        }
    };
    nodes.iter().all(ended)
}
