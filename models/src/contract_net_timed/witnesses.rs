//! That what the invariants speak of does happen, where the bounds allow it.

use althing::contract_net::contractor::{self, Promise};
use althing::contract_net::participant::{Participant, Timer};
use althing::contract_net::rules::Rules;
use althing::contract_net::{Contractor, Message, Outcome, Phase};
use althing::machine::Event;
use althing::node::NodeId;

use super::{Agent, TASK};
use crate::bounds::Bounds;
use crate::cell::{Cell, Stimulus};
use crate::cluster::Cluster;
use crate::property::Scene;

/// The cluster with all that must be possible within these bounds.
pub(super) fn add<R: Rules>(mut cluster: Cluster<Agent<R>>, bounds: &Bounds) -> Cluster<Agent<R>> {
    let (several, again) = (bounds.get("contractors") > 1, bounds.get("rounds") > 1);
    cluster = cluster
        .sometimes("an agent works", |view| contractors(view).any(|(_, it)| is_at_work(it)))
        .sometimes("the task is done", |view| {
            let tasks = view.machines().filter_map(|it| it.manager()?.ledger().task(TASK));
            tasks.into_iter().any(|task| task.phase == Phase::Done)
        })
        .sometimes("a grant comes too late", |view| view.network().any(|message| is_late(view, message)));
    if several && again {
        cluster = cluster.sometimes("two agents work one after the other", |view| {
            // Only who worked can be done.
            let done = |promise: &Promise| matches!(promise.outcome, Some(Outcome::Done(_)));
            let was_done = |it: &Contractor<R>| it.promises().get(TASK).is_some_and(done);
            contractors(view).any(|(_, it)| is_at_work(it)) && contractors(view).any(|(_, it)| was_done(it))
        });
    }
    if bounds.get("claims") > 1 {
        cluster = cluster.sometimes("an agent works under one lease, and has claimed the next", |view| {
            let works = contractors(view).filter_map(|(_, it)| it.work(TASK));
            works.into_iter().any(|work| work.executing && work.pending.is_some())
        });
    }
    if bounds.get("slack") > 0 || bounds.get("drift") > 0 {
        cluster = cluster.sometimes("an agent still works when its lease may have run out", |view| {
            view.cells().any(is_on_borrowed_time)
        });
    }
    cluster
}

fn contractors<'a, R: Rules>(
    view: &Scene<'a, Agent<R>, ()>,
) -> impl Iterator<Item = (NodeId, &'a Contractor<R>)> {
    view.nodes().filter_map(|(node, agent)| Some((node, agent.contractor()?)))
}

fn is_at_work<R: Rules>(contractor: &Contractor<R>) -> bool {
    contractor.work(TASK).is_some_and(|work| work.executing)
}

/// A grant of a claim of the award that its receiver holds, whose lease has run out.
fn is_late<R: Rules>(view: &Scene<'_, Agent<R>, ()>, stimulus: &Stimulus<Agent<R>>) -> bool {
    let Event::Message { message: Message::Go { task, epoch, claim }, .. } = stimulus.event else {
        return false;
    };
    let receiver = contractors(view).find(|(node, _)| *node == stimulus.node);
    let work = receiver.and_then(|(_, contractor)| contractor.work(task).copied());
    work.is_some_and(|work| {
        let of_interest = [work.granted, work.pending].contains(&Some(claim));
        work.epoch == epoch && work.granted.is_none() && !of_interest
    })
}

/// The timer of the lease under which it works could have expired already.
fn is_on_borrowed_time<R: Rules>(cell: &Cell<Agent<R>>) -> bool {
    let Participant::Contractor(contractor) = &cell.machine else { return false };
    let Some(granted) = contractor.work(TASK).and_then(|work| work.granted) else { return false };
    let lease = Timer::Contractor(contractor::Timer::Lease(TASK, granted));
    cell.timers.iter().zip(&cell.clocks).any(|(timer, clock)| *timer == lease && *clock == 1)
}
