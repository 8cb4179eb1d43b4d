//! The model `contract-net-timed`: the [contract net](althing::contract_net) as it ships, in real
//! time. What it is about is T1: at every moment at most one agent works on a task, if leases are as
//! long as [`lease`](althing::contract_net::lease) says.
//!
//! Two timers have a duration, the two leases: see [`clocks`]. All others, and all messages, take as
//! long as they like, which is every choice of their durations.
//!
//! # What this leaves out
//!
//! | what | because |
//! |---|---|
//! | tasks that depend on each other, and several of them | a lease is of one task |
//! | `Pass`, and that a contractor joins late or leaves | a bid that never comes does the same to a lease |
//! | cancelling | no award follows it |
//! | loss and repetition in numbers | any message may be lost, and come any number of times |
//! | the past, and with it most of G1 to G11 | the untimed model asks for them, whatever time does |

pub mod clocks;
pub mod mutants;
mod subject;
pub mod transitions;
pub mod witnesses;

pub use subject::ContractNetTimed;

use std::num::NonZeroU32;

use althing::contract_net::ids::{BidId, Digest, Epoch, Money, Round, TaskId};
use althing::contract_net::participant::{Config, Input, Participant, Timer};
use althing::contract_net::rules::{Published, Rules};
use althing::contract_net::terms::{Ratio, Terms};
use althing::contract_net::{
    Bid, Capabilities, Contractor, LowestCost, Manager, Phase, contractor, invariants, manager,
};
use althing::machine::Event;
use althing::node::NodeId;

use self::clocks::Clocks;
use crate::bounds::{Bounds, BoundsError, Key};
use crate::cell::Tamper;
use crate::cluster::{Cluster, MAX_NODES};
use crate::keys;

/// The machine under check: the manager is node 0, and the others are its contractors.
pub type Agent<R = Published> = Participant<LowestCost, R>;

/// What bounds the model.
pub static KEYS: [Key; 15] = [
    Key::new("contractors", "contractors of the one manager", 1, MAX_NODES as u64 - 1, 2),
    Key::new("rounds", "rounds of bids for the one task, and so the most epochs", 1, 200, 2),
    Key::new("claims", "claims of an award, the first included, since a start", 1, 200, 2),
    clocks::CONTRACTOR_LEASE,
    clocks::SLACK,
    clocks::DRIFT,
    clocks::DRIFT_OF,
    clocks::SHORT,
    clocks::MANAGER_CLOCK,
    clocks::CONTRACTOR_CLOCK,
    clocks::GRAIN,
    Key::new("expiry", "1: bids stand for a while, and not until they are answered", 0, 1, 0),
    Key::new("failures", "1: who is awarded the task may fail before its lease runs out", 0, 1, 0),
    Key::new("idempotent", "1: who crashed at work begins it again", 0, 1, 0),
    keys::CRASHES,
];

/// The task.
const TASK: TaskId = TaskId::new(1);

/// What it costs anybody. So the first of those who bid is awarded it, and who bids is open.
const COST: Money = Money::new(1);

/// The model with these bounds, run by an honest host after the published rules.
///
/// # Errors
/// [`BoundsError`] if the bounds contradict each other.
pub fn model(bounds: &Bounds) -> Result<Cluster<Agent>, BoundsError> {
    cluster(bounds, Published, Tamper::default())
}

/// The model with these bounds, rules and host.
///
/// # Errors
/// [`BoundsError`] if the bounds contradict each other.
pub fn cluster<R: Rules>(
    bounds: &Bounds,
    rules: R,
    tamper: Tamper<Agent<R>>,
) -> Result<Cluster<Agent<R>>, BoundsError> {
    let (clocks, contractors) = (Clocks::new(bounds, rules)?, bounds.small("contractors"));
    let limits = Limits {
        claims: u32::from(bounds.small("claims")),
        expiry: bounds.is_on("expiry"),
        failures: bounds.is_on("failures"),
    };
    let cluster = Cluster::new(configs(contractors, rules))
        .tamper(tamper)
        .crashes(bounds.small("crashes"))
        .timed(move |_, timer| clocks.window(*timer))
        .inputs(inputs(bounds))
        .environment(move |agent, event| match agent {
            Participant::Manager(manager) => may_manage(manager, event, contractors),
            Participant::Contractor(contractor) => may_work(contractor, event, limits),
        })
        .transitions(transitions::expected(bounds), transitions::name)
        .describe(describe);
    Ok(witnesses::add(invariants(cluster), bounds))
}

fn node(number: u8) -> NodeId {
    NodeId::new(number).expect("a cluster has few nodes")
}

fn configs<R: Rules>(contractors: u8, rules: R) -> Vec<Config<LowestCost, R>> {
    let of_contractor = |number| {
        contractor::Config::new(node(number), node(0), NonZeroU32::MIN)
            .map(|config| Config::Contractor(config.with_rules(rules)))
            .expect("it is not its own manager")
    };
    let manager = Config::Manager(manager::Config::new(node(0)).with_rules(rules));
    [manager].into_iter().chain((1..=contractors).map(of_contractor)).collect()
}

/// What hosts may ask for. A bid has the number of its round: also the second one in a round, after the
/// first has expired or was lost in a crash.
fn inputs(bounds: &Bounds) -> Vec<Input> {
    let rounds = u32::from(bounds.small("rounds"));
    let terms = Terms {
        idempotent: bounds.is_on("idempotent"),
        ..Terms::new(COST).offered(COST, Ratio::ONE, NonZeroU32::MIN.saturating_add(rounds - 1))
    };
    let (capabilities, capacity) = (Capabilities::NONE, NonZeroU32::MIN);
    let join = |number| manager::Input::Join { node: node(number), capabilities, capacity };
    let joins = (1..=bounds.small("contractors")).map(join);
    let manager = joins.chain([manager::Input::Create { task: TASK, terms }]).map(Input::Manager);
    let of_round = |round: u32| {
        let id = BidId::new(u64::from(round));
        let bid = Bid { id, cost: COST, capability_match: 0, time_estimate: 0 };
        let (epoch, result) = (Epoch::new(u64::from(round)), Digest::new(0));
        [
            contractor::Input::Bid { task: TASK, round: Round::new(round), bid },
            contractor::Input::Finished { task: TASK, epoch, result },
            contractor::Input::Failed { task: TASK, epoch },
        ]
    };
    manager.chain((1..=rounds).flat_map(of_round).map(Input::Contractor)).collect()
}

/// The contractors join one after another, and then the task is created: the order is of no interest.
fn may_manage<R: Rules>(manager: &Manager<LowestCost, R>, event: &Event<Agent<R>>, contractors: u8) -> bool {
    let joined = manager.ledger().agents().count();
    match event {
        Event::Input(Input::Manager(manager::Input::Join { node, .. })) => node.index() == joined + 1,
        Event::Input(Input::Manager(manager::Input::Create { task, .. })) => {
            joined == usize::from(contractors) && manager.ledger().task(*task).is_none()
        }
        Event::Input(Input::Manager(
            manager::Input::Cancel(_) | manager::Input::Leave(_) | manager::Input::Clear(_),
        )) => false,
        Event::Input(Input::Contractor(_)) => false,
        Event::Timer(_) | Event::Message { .. } => true,
    }
}

/// What contractors do.
#[derive(Clone, Copy)]
struct Limits {
    claims: u32,
    expiry: bool,
    failures: bool,
}

/// Whoever is asked may bid, whoever is awarded the task may fail, and whoever works may be done; who was
/// told to stop says when it has. A
/// claim after the last is not made; its lease and those before it run out.
fn may_work<R: Rules>(contractor: &Contractor<R>, event: &Event<Agent<R>>, limits: Limits) -> bool {
    match event {
        Event::Input(Input::Contractor(input)) => match input {
            contractor::Input::Bid { task, round, .. } => {
                contractor.call(*task).is_some_and(|call| call.round == *round && call.bid.is_none())
            }
            contractor::Input::Finished { task, epoch, .. } => {
                contractor.work(*task).is_some_and(|work| work.epoch == *epoch && work.executing)
            }
            contractor::Input::Failed { task, epoch } => {
                let may = |stopping| limits.failures || stopping;
                contractor.work(*task).is_some_and(|work| work.epoch == *epoch && may(work.stopping))
            }
            contractor::Input::Pass { .. } => false,
        },
        Event::Input(Input::Manager(_)) => false,
        Event::Timer(Timer::Contractor(contractor::Timer::Claim(task))) => contractor
            .work(*task)
            .is_some_and(|work| work.pending.is_some() || work.latest.number < limits.claims),
        Event::Timer(Timer::Contractor(contractor::Timer::Bid(_))) => limits.expiry,
        Event::Timer(_) | Event::Message { .. } => true,
    }
}

fn invariants<R: Rules>(cluster: Cluster<Agent<R>>) -> Cluster<Agent<R>> {
    cluster
        .always("ExclusiveExecution", |view| invariants::exclusive_execution(view.machines()))
        .always("WithinCapacity", |view| view.machines().all(invariants::within_slots))
        .always("Sound", |view| view.machines().all(invariants::sound))
        .each_step("HoldsOnStandingBid", invariants::holds_on_standing_bid)
        .each_step("DurableBeforeAward", invariants::durable_before_award)
        .each_step("DurableBeforeReport", invariants::durable_before_report)
}

fn describe<R: Rules>(agent: &Agent<R>) -> String {
    match agent {
        Participant::Manager(manager) => describe_manager(manager),
        Participant::Contractor(contractor) => describe_contractor(contractor),
    }
}

fn describe_manager<R: Rules>(manager: &Manager<LowestCost, R>) -> String {
    let Some(task) = manager.ledger().task(TASK) else {
        return format!("{} contractors, no task", manager.ledger().agents().count());
    };
    let words = format!("round {}: {}", task.round, task.phase);
    match (task.phase, task.tenure()) {
        (Phase::Awarded | Phase::Done, Some(tenure)) => {
            let agent = tenure.agent.node().map_or_else(|| "nobody".into(), |node| node.to_string());
            let verb = if task.phase == Phase::Done { "by" } else { "to" };
            format!("{words} {verb} {agent}, epoch {}", tenure.epoch)
        }
        (Phase::Awarded | Phase::Done, None) => words,
        (Phase::Waiting { .. } | Phase::Bidding | Phase::Cancelled | Phase::Unallocated(_), _) => words,
    }
}

fn describe_contractor<R: Rules>(contractor: &Contractor<R>) -> String {
    let mut words = Vec::new();
    if let Some(call) = contractor.call(TASK) {
        let verb = if call.bid.is_some() { "has bid" } else { "is asked" };
        words.push(format!("{verb} in round {}", call.round));
    }
    if let Some(work) = contractor.work(TASK) {
        let verb = if work.executing { "WORKS" } else { "holds the award" };
        words.push(format!("{verb}, epoch {}", work.epoch));
        if let Some(granted) = work.granted {
            words.push(format!("claim {} granted", granted.number));
        }
        if let Some(pending) = work.pending {
            words.push(format!("claim {} sent", pending.number));
        }
    }
    if let Some((promise, outcome)) =
        contractor.promises().get(TASK).and_then(|promise| Some((promise, promise.outcome?)))
    {
        let told = if promise.settled { ", and told" } else { "" };
        words.push(format!("epoch {}: {outcome:?}{told}", promise.fence));
    }
    if words.is_empty() { "idle".into() } else { words.join(", ") }
}
