//! The transitions of both state tables, by name: which of them a step is, and which must occur.

use althing::contract_net::contractor::{self, Contractor};
use althing::contract_net::ledger::{self, Phase};
use althing::contract_net::manager::{self, Manager};
use althing::contract_net::participant::{Input, Output, Participant, Timer};
use althing::contract_net::{Epoch, Message, Outcome, Rules, TaskId};
use althing::machine::Event;
use althing::observe::{Cause, Step};
use althing::outbox::Op;

use super::{Mechanism, Node};
use crate::bounds::Bounds;
use crate::coverage::{self, Transition, occurs};

/// Each with the least contractors and rounds.
static TRANSITIONS: [Transition; 60] = [
    occurs("create", 1, 1, &["!created"]),
    occurs("join", 1, 1, &["!created"]),
    occurs("leave", 1, 1, &["leaves"]),
    occurs("bid: collected", 2, 1, &[]),
    occurs("bid: the last, award", 1, 1, &[]),
    occurs("bid: too late", 1, 1, &["lossy"]),
    occurs("refusal: collected", 1, 1, &["refusals"]),
    occurs("refusal: the last, award", 2, 1, &["refusals"]),
    occurs("refusal: too late", 1, 2, &["refusals", "lossy"]),
    occurs("time for bids is up: award", 2, 1, &[]),
    occurs("time for bids is up: next round", 1, 2, &[]),
    occurs("time for bids is up: given up", 1, 1, &[]),
    occurs("window: no award", 1, 1, &["windows"]),
    occurs("window: an award", 2, 1, &["windows"]),
    occurs("window: awards", 2, 1, &["windows", "several"]),
    occurs("claim: granted", 1, 1, &[]),
    occurs("claim: stale", 1, 1, &["expiries"]),
    occurs("decline: next round", 1, 2, &["declines"]),
    occurs("decline: given up", 1, 1, &["declines"]),
    occurs("decline: stale", 1, 1, &["declines", "expiries", "lossy"]),
    occurs("result: accepted", 1, 1, &[]),
    occurs("result: known", 1, 1, &["lossy"]),
    occurs("result: stale", 1, 1, &["expiries"]),
    occurs("failure: next round", 1, 2, &["failing"]),
    occurs("failure: given up", 1, 1, &["failing"]),
    occurs("failure: stale", 1, 1, &["failing", "expiries"]),
    occurs("award again", 1, 1, &[]),
    occurs("lease ran out: next round", 1, 2, &["expiries"]),
    occurs("lease ran out: given up", 1, 1, &["expiries"]),
    occurs("cancel: open for bids", 1, 1, &["cancels"]),
    occurs("cancel: awarded", 1, 1, &["cancels"]),
    occurs("manager restarts: next round", 1, 2, &["manager_crashes"]),
    occurs("manager restarts: the last round", 1, 1, &["manager_crashes"]),
    occurs("manager restarts: awarded", 1, 1, &["manager_crashes"]),
    occurs("manager restarts: nothing to do", 1, 1, &["manager_crashes"]),
    occurs("announcement: asked", 1, 1, &[]),
    occurs("announcement: no slot", 1, 1, &["tasks>capacity"]),
    occurs("announcement: bid again", 1, 1, &["lossy"]),
    occurs("announcement: of an earlier round", 1, 2, &["lossy"]),
    occurs("bids", 1, 1, &[]),
    occurs("passes", 1, 1, &["passes"]),
    occurs("bid lapses", 1, 1, &["lapses"]),
    occurs("rejected", 2, 1, &[]),
    occurs("award: held", 1, 1, &[]),
    occurs("award: declined", 1, 1, &["declines"]),
    occurs("award: of a later epoch", 1, 2, &["expiries", "capacity>1"]),
    occurs("award: outcome again", 1, 1, &[]),
    occurs("award: of an earlier epoch", 1, 2, &["expiries", "lossy"]),
    occurs("go: starts", 1, 1, &[]),
    occurs("go: goes on", 1, 1, &["claims>1"]),
    occurs("go: lapsed", 1, 1, &["lost_leases"]),
    occurs("claims anew", 1, 1, &["claims>1"]),
    occurs("claims again", 1, 1, &[]),
    occurs("claim lapses", 1, 1, &["lost_leases"]),
    occurs("lease ran out: work stops", 1, 1, &["lost_leases"]),
    occurs("work is done", 1, 1, &[]),
    occurs("work fails", 1, 1, &["failures"]),
    occurs("reports again", 1, 1, &[]),
    occurs("settled", 1, 1, &[]),
    occurs("settled: stops", 1, 1, &["expiries"]),
];

/// The transitions of restarts of contractors.
static RESTARTS: [Transition; 4] = [
    occurs("contractor restarts: reports", 1, 1, &["contractor_crashes"]),
    occurs("contractor restarts: goes on", 1, 1, &["contractor_crashes", "idempotent"]),
    occurs("contractor restarts: has failed", 1, 1, &["contractor_crashes", "!idempotent"]),
    occurs("contractor restarts: nothing to do", 1, 1, &["contractor_crashes"]),
];

/// The transitions that must occur within these bounds.
pub fn expected(bounds: &Bounds) -> Vec<&'static str> {
    let get = |key| bounds.get(key);
    let (tasks, capacity) = (get("tasks"), get("capacity"));
    let beside = tasks > capacity && get("chain") == 0;
    let crashes = get("contractor_crashes") > 0;
    let known = |condition: &str| {
        Some(match condition {
            // Two tasks are worked on in the place of one, or would be.
            "tasks>capacity" => beside,
            "refusals" => beside || get("passes") > 0,
            "declines" => get("lapses") > 0 || beside && get("expiries") > 0 || crashes,
            "failing" => get("failures") > 0 || get("lost_leases") > 0 || crashes && get("idempotent") == 0,
            // Something arrives twice, or late although there was no need to send it again.
            "lossy" => get("in_flight") == 0 || get("duplicates") > 0,
            "several" => tasks > 1 && get("chain") == 0,
            "claims>1" => get("claims") > 1,
            "capacity>1" => capacity > 1,
            _ => return None,
        })
    };
    let sizes = (get("contractors"), get("rounds"));
    let mut expected = coverage::expected(&TRANSITIONS, bounds, sizes, known);
    expected.extend(coverage::expected(&RESTARTS, bounds, sizes, known));
    expected
}

/// Which transition a step is.
pub fn name<R: Rules>(step: &Step<'_, Node<R>>) -> &'static str {
    match (step.before, step.after) {
        (Participant::Manager(before), Participant::Manager(after)) => of_manager(step, before, after),
        (Participant::Contractor(before), Participant::Contractor(after)) => {
            of_contractor(step, before, after)
        }
        (Participant::Manager(_), Participant::Contractor(_)) => "becomes a contractor",
        (Participant::Contractor(_), Participant::Manager(_)) => "becomes a manager",
    }
}

fn of_manager<R: Rules>(
    step: &Step<'_, Node<R>>,
    before: &Manager<Mechanism, R>,
    after: &Manager<Mechanism, R>,
) -> &'static str {
    match &step.cause {
        Cause::Restart => of_restart(step, before),
        Cause::Event(Event::Message { message, .. }) => of_answer(message, before, after),
        Cause::Event(Event::Timer(Timer::Manager(timer))) => of_manager_timer(*timer, before, after),
        Cause::Event(Event::Input(Input::Manager(input))) => match input {
            manager::Input::Create { .. } => "create",
            manager::Input::Join { .. } => "join",
            manager::Input::Leave(_) => "leave",
            manager::Input::Clear(_) if before == after => "window: nothing to clear",
            manager::Input::Clear(_) => of_window(before, after),
            manager::Input::Cancel(task) => match phase(before, *task) {
                Some(Phase::Awarded) => "cancel: awarded",
                Some(Phase::Bidding) => "cancel: open for bids",
                Some(Phase::Waiting { .. }) => "cancel: waiting",
                Some(Phase::Done | Phase::Cancelled | Phase::Unallocated(_)) | None => "cancel: too late",
            },
        },
        Cause::Event(Event::Timer(Timer::Contractor(_)) | Event::Input(Input::Contractor(_))) => {
            "misdirected"
        }
    }
}

/// A window in which somebody was awarded something, or nobody anything.
fn of_window<R: Rules>(before: &Manager<Mechanism, R>, after: &Manager<Mechanism, R>) -> &'static str {
    let awarded = |(id, task): (TaskId, &ledger::Task)| {
        task.phase == Phase::Awarded && phase(before, id) != Some(Phase::Awarded)
    };
    match after.ledger().tasks().filter(|task| awarded(*task)).count() {
        0 => "window: no award",
        1 => "window: an award",
        _ => "window: awards",
    }
}

fn phase<R: Rules>(manager: &Manager<Mechanism, R>, task: TaskId) -> Option<Phase> {
    manager.ledger().task(task).map(|task| task.phase)
}

/// What it finds on its disk, and so goes on with. Of several tasks the first that are open count.
fn of_restart<R: Rules>(step: &Step<'_, Node<R>>, before: &Manager<Mechanism, R>) -> &'static str {
    let begins_round = step.performed.iter().any(|op| matches!(op, Op::Write(_)));
    let any = |wanted| before.ledger().tasks().any(|(_, task)| task.phase == wanted);
    let announces =
        step.performed.iter().any(|op| matches!(op, Op::Send { message: Message::Announce { .. }, .. }));
    match (begins_round, announces) {
        (true, _) => "manager restarts: next round",
        (false, true) => "manager restarts: the last round",
        (false, false) if any(Phase::Awarded) => "manager restarts: awarded",
        (false, false) => "manager restarts: nothing to do",
    }
}

fn of_answer<R: Rules>(
    message: &Message,
    before: &Manager<Mechanism, R>,
    after: &Manager<Mechanism, R>,
) -> &'static str {
    let task = message.task();
    let (was, is) = (phase(before, task), phase(after, task));
    let released = |next, given_up, stale| match is {
        Some(Phase::Bidding) if was == Some(Phase::Awarded) => next,
        Some(Phase::Unallocated(_)) if was == Some(Phase::Awarded) => given_up,
        Some(_) | None => stale,
    };
    match message {
        Message::Bid { .. } | Message::Refuse { .. } => {
            let bids = matches!(message, Message::Bid { .. });
            match (before == after, was != is) {
                (true, _) if bids => "bid: too late",
                (true, _) => "refusal: too late",
                (false, true) if bids => "bid: the last, award",
                (false, true) => "refusal: the last, award",
                (false, false) if bids => "bid: collected",
                (false, false) => "refusal: collected",
            }
        }
        Message::Claim { epoch, .. } => match was {
            Some(Phase::Awarded) if epoch_of(before, task) == Some(*epoch) => "claim: granted",
            Some(_) | None => "claim: stale",
        },
        Message::Decline { .. } => released("decline: next round", "decline: given up", "decline: stale"),
        Message::Report { outcome: Outcome::Failed, .. } => {
            released("failure: next round", "failure: given up", "failure: stale")
        }
        Message::Report { epoch, outcome: Outcome::Done(_), .. } => match (was, is) {
            (Some(Phase::Awarded), Some(Phase::Done)) => "result: accepted",
            (Some(Phase::Done), _) if epoch_of(before, task) == Some(*epoch) => "result: known",
            (Some(_), _) | (None, _) => "result: stale",
        },
        Message::Announce { .. } | Message::Award { .. } | Message::Reject { .. } => "misdirected",
        Message::Go { .. } | Message::ReportAck { .. } | Message::Cancel { .. } => "misdirected",
    }
}

fn epoch_of<R: Rules>(manager: &Manager<Mechanism, R>, task: TaskId) -> Option<Epoch> {
    manager.ledger().task(task).map(|task| task.epoch)
}

fn of_manager_timer<R: Rules>(
    timer: manager::Timer,
    before: &Manager<Mechanism, R>,
    after: &Manager<Mechanism, R>,
) -> &'static str {
    let phases = |task| (phase(before, task), phase(after, task));
    match timer {
        manager::Timer::Resend(_) => "award again",
        manager::Timer::Bids(task) => match phases(task) {
            (Some(Phase::Bidding), Some(Phase::Awarded)) => "time for bids is up: award",
            (Some(Phase::Bidding), Some(Phase::Bidding)) => "time for bids is up: next round",
            (Some(Phase::Bidding), Some(Phase::Unallocated(_))) => "time for bids is up: given up",
            (_, _) => "time for bids is up: stale",
        },
        manager::Timer::Lease(task, ..) => match phases(task) {
            (Some(Phase::Awarded), Some(Phase::Bidding)) => "lease ran out: next round",
            (Some(Phase::Awarded), Some(Phase::Unallocated(ledger::Reason::Released(_)))) => {
                "lease ran out: given up"
            }
            (_, _) => "lease ran out: stale",
        },
    }
}

fn of_contractor<R: Rules>(
    step: &Step<'_, Node<R>>,
    before: &Contractor<R>,
    after: &Contractor<R>,
) -> &'static str {
    match &step.cause {
        Cause::Restart => {
            let writes = |wanted: fn(&contractor::Write) -> bool| {
                step.performed.iter().any(|op| {
                    matches!(op, Op::Write(althing::contract_net::participant::Write::Contractor(it)) if wanted(it))
                })
            };
            match () {
                () if writes(|it| matches!(it, contractor::Write::Resume(_))) => {
                    "contractor restarts: goes on"
                }
                () if writes(|it| matches!(it, contractor::Write::Finish { .. })) => {
                    "contractor restarts: has failed"
                }
                () if says(step, |message| matches!(message, Message::Report { .. })) => {
                    "contractor restarts: reports"
                }
                () => "contractor restarts: nothing to do",
            }
        }
        Cause::Event(Event::Message { message, .. }) => of_order(message, step, before, after),
        Cause::Event(Event::Timer(Timer::Contractor(timer))) => of_contractor_timer(*timer, before, after),
        Cause::Event(Event::Input(Input::Contractor(input))) => match input {
            contractor::Input::Bid { .. } => "bids",
            contractor::Input::Pass { .. } => "passes",
            contractor::Input::Finished { .. } => "work is done",
            contractor::Input::Failed { .. } => "work fails",
        },
        Cause::Event(Event::Timer(Timer::Manager(_)) | Event::Input(Input::Manager(_))) => "misdirected",
    }
}

fn says<R: Rules>(step: &Step<'_, Node<R>>, wanted: fn(&Message) -> bool) -> bool {
    step.performed.iter().any(|op| matches!(op, Op::Send { message, .. } if wanted(message)))
}

fn of_order<R: Rules>(
    message: &Message,
    step: &Step<'_, Node<R>>,
    before: &Contractor<R>,
    after: &Contractor<R>,
) -> &'static str {
    match message {
        Message::Announce { .. } => of_announcement(step),
        Message::Reject { .. } if before == after => "rejected: without a bid",
        Message::Reject { .. } => "rejected",
        Message::Award { task, epoch, .. } => {
            let (was, is) = (before.promises().fence(*task), after.promises().fence(*task));
            let declines = says(step, |message| matches!(message, Message::Decline { .. }));
            match () {
                () if declines && was < is => "award: declined",
                () if declines => "award: declined again",
                () if was < is && before.work(*task).is_some() => "award: of a later epoch",
                () if was < is => "award: held",
                () if *epoch < was => "award: of an earlier epoch",
                () if says(step, |message| matches!(message, Message::Report { .. })) => {
                    "award: outcome again"
                }
                () => "award: known",
            }
        }
        Message::Go { task, .. } => match (before.work(*task), after.work(*task)) {
            (Some(was), Some(is)) if !was.executing && is.executing => "go: starts",
            (Some(was), Some(is)) if was.granted != is.granted => "go: goes on",
            (Some(was), Some(_)) if was.granted.is_some() => "go: known",
            (Some(_), _) => "go: lapsed",
            (None, _) => "go: too late",
        },
        Message::Cancel { .. } | Message::ReportAck { .. } => {
            let stops = has(step, |it| matches!(it, contractor::Output::Stop { .. }));
            match (before == after, stops) {
                (true, _) => "settled already",
                (false, true) => "settled: stops",
                (false, false) => "settled",
            }
        }
        Message::Bid { .. } | Message::Refuse { .. } | Message::Claim { .. } => "misdirected",
        Message::Decline { .. } | Message::Report { .. } => "misdirected",
    }
}

fn of_announcement<R: Rules>(step: &Step<'_, Node<R>>) -> &'static str {
    match () {
        () if has(step, |it| matches!(it, contractor::Output::Asked { .. })) => "announcement: asked",
        () if has(step, |it| matches!(it, contractor::Output::Refused(_))) => {
            "announcement: of an earlier round"
        }
        () if says(step, |message| matches!(message, Message::Bid { .. })) => "announcement: bid again",
        () if says(step, |message| matches!(message, Message::Refuse { .. })) => "announcement: no slot",
        () => "announcement: known",
    }
}

fn has<R: Rules>(step: &Step<'_, Node<R>>, wanted: fn(&contractor::Output) -> bool) -> bool {
    step.performed.iter().any(|op| matches!(op, Op::Output(Output::Contractor(output)) if wanted(output)))
}

fn of_contractor_timer<R: Rules>(
    timer: contractor::Timer,
    before: &Contractor<R>,
    after: &Contractor<R>,
) -> &'static str {
    match timer {
        contractor::Timer::Bid(_) => "bid lapses",
        contractor::Timer::Report(_) => "reports again",
        contractor::Timer::Claim(_) if before == after => "claims again",
        contractor::Timer::Claim(_) => "claims anew",
        contractor::Timer::Lease(task, claim) => match before.work(task) {
            Some(work) if work.granted == Some(claim) => "lease ran out: work stops",
            Some(_) => "claim lapses",
            None => "lease ran out: without work",
        },
    }
}
