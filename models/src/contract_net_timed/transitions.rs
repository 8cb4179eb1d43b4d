//! The transitions of leases, by name: which of them a step is, and which must occur.

use althing::contract_net::contractor::{self, Work};
use althing::contract_net::participant::{Participant, Timer};
use althing::contract_net::rules::Rules;
use althing::contract_net::{Contractor, LowestCost, Manager, Message, Phase, manager};
use althing::machine::Event;
use althing::observe::{Cause, Step};

use super::{Agent, TASK};
use crate::bounds::Bounds;

/// The transitions that must occur within these bounds.
pub fn expected(bounds: &Bounds) -> Vec<&'static str> {
    let mut expected = vec![
        "claim: granted",
        "claim: not in force any more",
        "go: begins the work",
        "go: too late",
        "go: not at work",
        "lease of a claim that was not granted runs out",
        "lease of the work runs out: stop",
        "lease of the award runs out: released",
    ];
    if bounds.get("claims") > 1 {
        expected.extend([
            "claim timer: next claim",
            "go: renews the lease",
            "go: begins under a later claim",
        ]);
    }
    if bounds.get("crashes") > 0 {
        expected.push("restart");
        if bounds.is_on("idempotent") {
            expected.push("go: of a claim from before a restart");
        }
    }
    expected
}

/// Which transition of leases a step is; `""` if none.
pub fn name<R: Rules>(step: &Step<'_, Agent<R>>) -> &'static str {
    let Cause::Event(event) = &step.cause else { return "restart" };
    match (step.before, step.after) {
        (Participant::Manager(before), Participant::Manager(after)) => of_manager(before, after, event),
        (Participant::Contractor(before), Participant::Contractor(after)) => {
            of_contractor(before, after, event)
        }
        (Participant::Manager(_), Participant::Contractor(_)) => "",
        (Participant::Contractor(_), Participant::Manager(_)) => "",
    }
}

fn of_manager<R: Rules>(
    before: &Manager<LowestCost, R>,
    after: &Manager<LowestCost, R>,
    event: &Event<Agent<R>>,
) -> &'static str {
    let awarded = |manager: &Manager<LowestCost, R>| {
        manager.ledger().task(TASK).filter(|task| task.phase == Phase::Awarded).and_then(|task| task.tenure())
    };
    match event {
        Event::Message { from, message: Message::Claim { epoch, .. } } => {
            let in_force = awarded(before)
                .is_some_and(|tenure| tenure.epoch == *epoch && tenure.agent.node() == Some(*from));
            if in_force { "claim: granted" } else { "claim: not in force any more" }
        }
        Event::Timer(Timer::Manager(manager::Timer::Lease(..))) if awarded(after) != awarded(before) => {
            "lease of the award runs out: released"
        }
        Event::Message { .. } | Event::Timer(_) | Event::Input(_) => "",
    }
}

fn of_contractor<R: Rules>(
    before: &Contractor<R>,
    after: &Contractor<R>,
    event: &Event<Agent<R>>,
) -> &'static str {
    let (was, is) = (before.work(TASK), after.work(TASK));
    match event {
        Event::Message { message: Message::Go { epoch, claim, .. }, .. } => {
            let Some(was) = was.filter(|work| work.epoch == *epoch) else { return "go: not at work" };
            let now = is.is_some_and(|is| is.granted != was.granted);
            match was {
                Work { granted: Some(_), .. } if now => "go: renews the lease",
                Work { .. } if now && claim.number > 1 => "go: begins under a later claim",
                Work { .. } if now => "go: begins the work",
                Work { granted: Some(granted), .. } if granted == claim => "go: twice",
                Work { .. } if claim.start < was.latest.start => "go: of a claim from before a restart",
                Work { .. } => "go: too late",
            }
        }
        Event::Timer(Timer::Contractor(contractor::Timer::Lease(_, claim))) => match was {
            Some(work) if work.granted == Some(*claim) => "lease of the work runs out: stop",
            Some(_) | None => "lease of a claim that was not granted runs out",
        },
        Event::Timer(Timer::Contractor(contractor::Timer::Claim(_))) => {
            if was.map(|work| work.latest) == is.map(|work| work.latest) {
                ""
            } else {
                "claim timer: next claim"
            }
        }
        Event::Message { .. } | Event::Timer(_) | Event::Input(_) => "",
    }
}
