//! The model `contract-net`: [`althing::contract_net`] as it ships, without clocks.
//!
//! Node 0 is the manager, and the others are contractors, each of which takes part from the start.
//!
//! # What it covers
//!
//! Whatever the network may do: messages are lost, repeated, late and out of order without bound, or,
//! with `in_flight=1`, as often as the bounds say. The manager and the contractors crash at any moment,
//! as often as `manager_crashes` and `contractor_crashes` say, and have their disks afterwards. Any
//! timer that is armed expires at any time: a model knows no durations. So leases protect nobody here,
//! and what holds, G1 to G11, holds by epochs and fences alone; that at most one contractor works on a
//! task at a time (T1) does not hold, and there is a witness that it does not.
//!
//! A contractor's host answers when it likes what it was asked: with a bid, and with `passes=1` also
//! without one. It finishes what it began when it likes, or fails with `failures=1`.
//!
//! # What is bounded, and how
//!
//! None of the bounds is one of the search. That a task has so many `rounds` is among its terms, so it
//! is the machine that ends it, and each award takes a round: there are no more epochs than rounds.
//! The environment bounds these:
//!
//! - **Claims** have numbers: a contractor that has made `claims` of them since it started with an award
//!   does not begin another. It still repeats the last, until that is granted or its lease has run out.
//! - **Bids** of a contractor have one of `bids` numbers, and their cost depends on that. A host may use
//!   a number again, as one would that forgets them in a crash.
//! - **Timers** of a kind do not expire at all without `lapses` (a bid that stands no longer),
//!   `expiries` (the manager's lease), or `lost_leases` (a contractor's).
//! - **Windows** are cleared, with `windows=1`, at any time, and all open tasks together.
//! - **Cancelled** are only the first `cancels` tasks, and nobody but the last contractor leaves, and
//!   only with `leaves=1`; it does not come back.
//!
//! # What it leaves out
//!
//! - **Symmetry.** Contractors are not alike: of equal bids that of the lower number wins. So states
//!   that differ in their names alone are not the same, and all of them are explored.
//! - **Capabilities.** Every contractor can do every task: what the model is about begins after that
//!   was asked.
//! - **Results** are all equal, as nothing looks at them but whoever is told of them.
//! - **Durations**, and with them T1.
//!
//! # The invariants
//!
//! | guarantee | property |
//! |---|---|
//! | G1 | `SingleAward` |
//! | G2 | `EpochsAscend` |
//! | G3 | `AcceptedOnce`, `PaidOnce` |
//! | G4 | `AcceptedCurrent` |
//! | G5 | `StartedOnce` |
//! | G6 | `AwardOnBid`, `HoldsOnStandingBid` |
//! | G7 | `WithinCapacity` |
//! | G8 | `DurableBeforeAward` |
//! | G9 | `ReleaseOnDecline` |
//! | G10 | `ReleaseBeforeAward` |
//! | G11 | `Fenced` |
//! | | `DurableBeforeReport`, `Sound` |
//! | | `AwardFits`: an award is to a member that has room for it, for no more than the reserve |
//! | liveness | `Recoverability`: once faults end, every task ends, and every contractor is done with what it took on |

pub mod mutants;
mod properties;
mod reduce;
mod subject;
pub mod transitions;

pub use subject::ContractNet;

use std::num::NonZeroU32;

use althing::contract_net::award::{Choice, Pricing};
use althing::contract_net::contractor::{self, Contractor};
use althing::contract_net::invariants::Chronicle;
use althing::contract_net::manager::{self, Manager};
use althing::contract_net::participant::{Config, Input, Output, Participant, Timer};
use althing::contract_net::{
    AgentId, AwardRule, Bid, BidId, Capabilities, Digest, LowestCost, Money, Published, Ratio, Round, Rules,
    SecondPrice, TaskId, Terms,
};
use althing::machine::Event;
use althing::node::NodeId;

use crate::bounds::{Bounds, BoundsError, Key};
use crate::cell::Tamper;
use crate::cluster::Cluster;
use crate::keys::{self, ENDLESS};

/// The machine under check.
pub type Node<R = Published> = Participant<Mechanism, R>;

/// The mechanisms that ship, as one: a model has one type of machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mechanism {
    /// The winner is paid what it bid.
    LowestCost,
    /// The winner is paid what the next one bid.
    SecondPrice,
}

impl AwardRule for Mechanism {
    fn choose<'a>(
        &self,
        bids: impl Iterator<Item = (AgentId, &'a Bid)> + Clone,
        reserve: Money,
    ) -> Option<Choice> {
        match self {
            Self::LowestCost => LowestCost.choose(bids, reserve),
            Self::SecondPrice => SecondPrice.choose(bids, reserve),
        }
    }

    fn pricing(&self) -> Pricing {
        match self {
            Self::LowestCost => LowestCost.pricing(),
            Self::SecondPrice => SecondPrice.pricing(),
        }
    }
}

/// What bounds the model.
pub static KEYS: [Key; 26] = [
    Key::new("contractors", "contractors", 1, 5, 2),
    Key::new("tasks", "tasks", 1, MAX_TASKS, 1),
    Key::new("rounds", "rounds of a task by its terms: it has no more awards", 1, MAX_ROUNDS, 2),
    Key::new("other_rounds", "rounds of the tasks after the first; 0: as many", 0, MAX_ROUNDS, 0),
    Key::new(
        "claims",
        "claims since a contractor started with an award: after the last none begins",
        1,
        99,
        1,
    ),
    Key::new("bids", "bids that a contractor chooses from: the second is above the first reserve", 1, 2, 1),
    Key::new("capacity", "tasks that a contractor can work on at a time", 1, MAX_TASKS, 1),
    Key::new("chain", "1: each task is to come after the one before", 0, 1, 0),
    Key::new("idempotent", "1: it does no harm to begin a task twice", 0, 1, 0),
    Key::new("second_price", "1: the winner is paid the second lowest cost", 0, 1, 0),
    Key::new("created", "0: tasks are created and contractors join while anything can happen", 0, 1, 1),
    Key::new("passes", "1: a contractor may answer without a bid", 0, 1, 0),
    Key::new("lapses", "1: a bid may stand no longer", 0, 1, 1),
    Key::new("failures", "1: work may fail", 0, 1, 0),
    Key::new("expiries", "1: the manager's lease may run out", 0, 1, 1),
    Key::new("lost_leases", "1: a contractor's lease may run out", 0, 1, 1),
    Key::new("cancels", "tasks that may be cancelled, from the first", 0, MAX_TASKS, 0),
    Key::new("windows", "1: the open tasks may be cleared together at any time", 0, 1, 0),
    Key::new("leaves", "1: the last contractor may leave", 0, 1, 0),
    Key::new("manager_crashes", "crashes of the manager, at any moment; 255: any number", 0, ENDLESS, 0),
    Key::new("contractor_crashes", "crashes of contractors, at any moment; 255: any number", 0, ENDLESS, 0),
    keys::REDUCE,
    keys::IN_FLIGHT,
    keys::LOSSES,
    keys::DUPLICATES,
    keys::CUTS,
];

const MAX_TASKS: u64 = 3;
const MAX_ROUNDS: u64 = 9;

/// The manager.
const MANAGER: u8 = 0;

/// The budgets of crashes.
const OF_MANAGER: usize = 0;
const OF_CONTRACTORS: usize = 1;

/// The model with these bounds, run by an honest host after the published rules.
///
/// # Errors
/// [`BoundsError`] if the bounds contradict each other.
pub fn model(bounds: &Bounds) -> Result<Cluster<Node, Chronicle>, BoundsError> {
    cluster(bounds, Published, Tamper::default())
}

/// The model with these bounds, rules and host.
///
/// # Errors
/// [`BoundsError`] if the bounds contradict each other.
pub fn cluster<R: Rules>(
    bounds: &Bounds,
    rules: R,
    tamper: Tamper<Node<R>>,
) -> Result<Cluster<Node<R>, Chronicle>, BoundsError> {
    keys::validate_network(bounds)?;
    if bounds.get("other_rounds") > bounds.get("rounds") {
        return Err(BoundsError::Contradiction("other_rounds is at most as many as rounds"));
    }
    let crashes = [bounds.small("manager_crashes"), bounds.small("contractor_crashes")];
    let begin = begin(bounds).into_iter().map(Input::Manager);
    let mut inputs = inputs(bounds);
    let mut cluster = Cluster::new(configs(bounds, rules)?);
    if bounds.is_on("created") {
        cluster = cluster.first(begin.map(|input| (node(MANAGER), input)));
    } else {
        inputs.extend(begin);
    }
    cluster = cluster
        .tamper(tamper)
        .inputs(inputs)
        .environment(environment(bounds))
        .budgets(crashes, |_| None)
        .crashes_spend(|node| Some(if node.get() == MANAGER { OF_MANAGER } else { OF_CONTRACTORS }))
        .notes(|output| match output {
            Output::Manager(manager::Output::Refused(_)) => true,
            Output::Contractor(contractor::Output::Refused(_)) => true,
            Output::Manager(_) | Output::Contractor(_) => false,
        })
        .transitions(transitions::expected(bounds), transitions::name)
        .describe(describe);
    cluster = properties::witnesses(properties::invariants(cluster), bounds);
    if bounds.is_on("reduce") {
        cluster = cluster.dead(reduce::is_dead);
    }
    // How many there may be, the budgets say.
    let crashes = if crashes == [0, 0] { 0 } else { crate::Faults::ENDLESS };
    Ok(keys::faulty(cluster, bounds, crashes))
}

fn node(number: u8) -> NodeId {
    NodeId::new(number).expect("there are few nodes")
}

fn contractors(bounds: &Bounds) -> impl Iterator<Item = NodeId> + use<> {
    (1..=bounds.small("contractors")).map(node)
}

/// The tasks, from number 1.
fn tasks(bounds: &Bounds) -> impl Iterator<Item = TaskId> + use<> {
    (1..=bounds.get("tasks")).map(TaskId::new)
}

fn capacity(bounds: &Bounds) -> NonZeroU32 {
    NonZeroU32::new(u32::from(bounds.small("capacity"))).unwrap_or(NonZeroU32::MIN)
}

fn configs<R: Rules>(bounds: &Bounds, rules: R) -> Result<Vec<Config<Mechanism, R>>, BoundsError> {
    let mechanism = if bounds.is_on("second_price") { Mechanism::SecondPrice } else { Mechanism::LowestCost };
    let manager = manager::Config::new(node(MANAGER)).with_award(mechanism).with_rules(rules);
    let contractor = |id| {
        let config = contractor::Config::new(id, node(MANAGER), capacity(bounds));
        Config::Contractor(config.expect("a contractor is not the manager").with_rules(rules))
    };
    Ok([Config::Manager(manager)].into_iter().chain(contractors(bounds).map(contractor)).collect())
}

/// The contractors join, and the tasks are created.
fn begin(bounds: &Bounds) -> Vec<manager::Input> {
    let (capabilities, capacity) = (Capabilities::NONE, capacity(bounds));
    let joins = contractors(bounds).map(|node| manager::Input::Join { node, capabilities, capacity });
    let creates = tasks(bounds).map(|task| manager::Input::Create { task, terms: terms(bounds, task) });
    joins.chain(creates).collect()
}

/// The reserve is what the dearest of the first bids costs. If there are second bids it doubles, so that
/// they come to be below it; otherwise it says nothing, and stays.
fn terms(bounds: &Bounds, task: TaskId) -> Terms {
    let reserve = Money::new(bounds.get("contractors"));
    let double = if bounds.get("bids") > 1 { Ratio::new(2, 1).unwrap_or(Ratio::ONE) } else { Ratio::ONE };
    let others = task.get() > 1 && bounds.get("other_rounds") > 0;
    let rounds = bounds.small(if others { "other_rounds" } else { "rounds" });
    let rounds = NonZeroU32::new(u32::from(rounds)).unwrap_or(NonZeroU32::MIN);
    let before = (bounds.is_on("chain") && task.get() > 1).then(|| TaskId::new(task.get() - 1));
    let terms = Terms::new(reserve).offered(reserve, double, rounds).after(before);
    if bounds.is_on("idempotent") { terms.idempotent() } else { terms }
}

/// A contractor asks for its own number, and, with its second bid, for as much more as there are
/// contractors.
fn bid(contractor: NodeId, contractors: u64, number: u64) -> Bid {
    let cost = Money::new(u64::from(contractor.get()) + (number - 1) * contractors);
    Bid { id: BidId::new(number), cost, capability_match: 0, time_estimate: 0 }
}

/// What came of a task.
const RESULT: Digest = Digest::new(1);

/// Whatever a host may ask for at some time.
fn inputs(bounds: &Bounds) -> Vec<Input> {
    let mut inputs = Vec::new();
    for task in tasks(bounds) {
        for round in (1..=u32::from(bounds.small("rounds"))).map(Round::new) {
            for contractor in contractors(bounds) {
                let bid = |number| bid(contractor, bounds.get("contractors"), number);
                let bids = (1..=bounds.get("bids")).map(bid);
                inputs.extend(bids.map(|bid| contractor::Input::Bid { task, round, bid }.into()));
            }
            if bounds.is_on("passes") {
                inputs.push(contractor::Input::Pass { task, round }.into());
            }
        }
        // There are no more epochs than rounds, unless a rule is missing.
        for epoch in (1..=bounds.get("rounds") + 1).map(althing::contract_net::Epoch::new) {
            inputs.push(contractor::Input::Finished { task, epoch, result: RESULT }.into());
            inputs.push(contractor::Input::Failed { task, epoch }.into());
        }
        if task.get() <= bounds.get("cancels") {
            inputs.push(manager::Input::Cancel(task).into());
        }
    }
    if bounds.is_on("windows") {
        inputs.push(manager::Input::Clear(tasks(bounds).collect()).into());
    }
    if bounds.is_on("leaves") {
        inputs.extend(contractors(bounds).last().map(|node| Input::Manager(manager::Input::Leave(node))));
    }
    inputs
}

/// What may happen to a participant, by its own state. What it would refuse is not asked of it.
fn environment<R: Rules>(bounds: &Bounds) -> impl Fn(&Node<R>, &Event<Node<R>>) -> bool + use<R> {
    let (all, claims) = (bounds.get("contractors"), bounds.get("claims"));
    let (lapses, expiries) = (bounds.is_on("lapses"), bounds.is_on("expiries"));
    let (lost_leases, failures) = (bounds.is_on("lost_leases"), bounds.is_on("failures"));
    move |node, event| match (node, event) {
        (_, Event::Message { .. }) => true,
        (Participant::Manager(manager), Event::Input(Input::Manager(input))) => may_ask(manager, input, all),
        (Participant::Contractor(it), Event::Input(Input::Contractor(input))) => {
            may_say(it, input, all, failures)
        }
        (Participant::Manager(_), Event::Input(Input::Contractor(_))) => false,
        (Participant::Contractor(_), Event::Input(Input::Manager(_))) => false,
        (_, Event::Timer(Timer::Manager(timer))) => match timer {
            manager::Timer::Bids(_) | manager::Timer::Resend(_) => true,
            manager::Timer::Lease(..) => expiries,
        },
        (Participant::Contractor(it), Event::Timer(Timer::Contractor(timer))) => match timer {
            contractor::Timer::Bid(_) => lapses,
            contractor::Timer::Claim(task) => it
                .work(*task)
                .is_none_or(|work| work.pending.is_some() || u64::from(work.latest.number) < claims),
            contractor::Timer::Lease(..) => lost_leases,
            contractor::Timer::Report(_) => true,
        },
        (Participant::Manager(_), Event::Timer(Timer::Contractor(_))) => false,
    }
}

/// What the host of the manager asks for: the contractors join, and then the tasks are created, in
/// order.
fn may_ask<R: Rules>(manager: &Manager<Mechanism, R>, input: &manager::Input, contractors: u64) -> bool {
    let ledger = manager.ledger();
    let (members, tasks) = (ledger.agents().count() as u64, ledger.tasks().count() as u64);
    match input {
        manager::Input::Join { node, .. } => u64::from(node.get()) == members + 1,
        manager::Input::Create { task, .. } => members == contractors && task.get() == tasks + 1,
        manager::Input::Cancel(task) => ledger.task(*task).is_some_and(|task| !task.phase.is_terminal()),
        manager::Input::Clear(tasks) => tasks.iter().any(|task| manager.auction(*task).is_some()),
        manager::Input::Leave(node) => ledger.agent(AgentId::from(*node)).is_some_and(|it| it.is_member),
    }
}

/// What the host of a contractor says: its own bids, if they were asked for, and what came of its work.
fn may_say<R: Rules>(
    it: &Contractor<R>,
    input: &contractor::Input,
    contractors: u64,
    failures: bool,
) -> bool {
    let asked = |task, round| it.call(task).is_some_and(|call| call.round == round && call.bid.is_none());
    match *input {
        contractor::Input::Bid { task, round, bid: said } => {
            said == bid(it.id(), contractors, said.id.get()) && asked(task, round)
        }
        contractor::Input::Pass { task, round } => asked(task, round),
        contractor::Input::Finished { task, epoch, .. } => {
            it.work(task).is_some_and(|work| work.epoch == epoch && work.executing)
        }
        // A host that was told to stop says when it has.
        contractor::Input::Failed { task, epoch } => {
            it.work(task).is_some_and(|work| work.epoch == epoch && (failures || work.stopping))
        }
    }
}

fn describe<R: Rules>(node: &Node<R>) -> String {
    match node {
        Participant::Manager(manager) => describe_manager(manager),
        Participant::Contractor(contractor) => describe_contractor(contractor),
    }
}

fn describe_manager<R: Rules>(manager: &Manager<Mechanism, R>) -> String {
    let task = |(id, task): (TaskId, &althing::contract_net::ledger::Task)| {
        let bids = manager.auction(id).map_or(0, |auction| auction.bids().count());
        let holder =
            task.tenure().map_or_else(String::new, |it| format!(", epoch {} to {}", it.epoch, it.agent));
        format!("task {id}: {} in round {}, {bids} bids{holder}", task.phase, task.round)
    };
    manager.ledger().tasks().map(task).collect::<Vec<_>>().join("; ")
}

fn describe_contractor<R: Rules>(contractor: &Contractor<R>) -> String {
    let task = |task: TaskId| {
        let call = contractor.call(task).map(|call| {
            let bid = call.bid.map_or_else(|| "asked".to_owned(), |bid| format!("bid {}", bid.cost));
            format!("{bid} in round {}", call.round)
        });
        let promise = contractor.promises().get(task).map(|promise| {
            let outcome = match (contractor.work(task), promise.outcome) {
                (Some(work), _) if work.executing => "at work".to_owned(),
                (Some(work), _) if work.stopping => "stopping".to_owned(),
                (Some(_), _) => "held".to_owned(),
                (None, Some(outcome)) => format!("{outcome:?}"),
                (None, None) => "over".to_owned(),
            };
            format!("epoch {} {outcome}{}", promise.fence, if promise.settled { ", settled" } else { "" })
        });
        let known: Vec<_> = call.into_iter().chain(promise).collect();
        (!known.is_empty()).then(|| format!("task {task}: {}", known.join(", ")))
    };
    let known: Vec<_> = (1..=MAX_TASKS).map(TaskId::new).filter_map(task).collect();
    if known.is_empty() { "idle".to_owned() } else { known.join("; ") }
}
