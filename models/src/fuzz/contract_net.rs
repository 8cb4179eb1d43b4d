//! The targets of the model `contract-net`.

use std::num::NonZeroU32;

use althing::contract_net::contractor::{self, Write as Promised};
use althing::contract_net::invariants::{
    durable_before_award, durable_before_report, holds_on_standing_bid, sound, within_slots,
};
use althing::contract_net::ledger::Command;
use althing::contract_net::participant::{Config, Disk, Input, Timer, Write};
use althing::contract_net::{
    Ack, AgentId, Bid, BidId, Capabilities, Claim, Digest, Epoch, Ledger, LowestCost, Message, Money, Offer,
    Outcome, Participant, Round, TaskId, Terms, award, manager,
};
use althing::machine::{Durable, Event, Machine};
use althing::node::NodeId;
use althing::observe::{Cause, Step};
use althing::outbox::{Op, Outbox};
use arbitrary::{Result, Unstructured};

use super::walk;
use crate::bounds::Bounds;
use crate::contract_net::{ContractNet, KEYS, model};
use crate::keys::{ENDLESS, ENDLESS_FAULTS};
use crate::subject::Subject;
use crate::trace::read_header;

/// One that is a contractor or a manager of contractors, after the published rules.
type Node = Participant<LowestCost>;

/// The bytes as a contract net and a walk of it: a byte each for contractors, tasks and rounds, two
/// for what may happen, a byte for each weight, and then two bytes a step.
///
/// # Panics
/// If an invariant is violated.
pub fn contract_net_walk(bytes: &[u8]) {
    let Some(([contractors, tasks, rounds, first, second], rest)) = bytes.split_first_chunk() else { return };
    let flags = u16::from_be_bytes([*second, *first]);
    let flag = |bit: u8| u64::from(flags >> bit & 1);
    let (tasks, windows) = (1 + u64::from(*tasks) % 3, u64::from(*tasks) / 3 % 2);
    let bounds = Bounds::new(&KEYS)
        .with(&ENDLESS_FAULTS[1..])
        .with(&[("manager_crashes", ENDLESS * flag(0)), ("contractor_crashes", ENDLESS * flag(1))])
        .with(&[
            ("contractors", 1 + u64::from(*contractors) % 5),
            ("tasks", tasks),
            ("windows", windows),
            ("claims", 99),
        ])
        .with(&[("rounds", 1 + u64::from(*rounds) % 9), ("bids", 1 + flag(2)), ("capacity", 1 + flag(3))])
        .with(&[("chain", flag(4)), ("idempotent", flag(5)), ("second_price", flag(6)), ("created", flag(7))])
        .with(&[("passes", flag(8)), ("lapses", flag(9)), ("failures", flag(10)), ("expiries", flag(11))])
        .with(&[
            ("lost_leases", flag(12)),
            ("cancels", flag(13)),
            ("leaves", flag(14)),
            ("reduce", flag(15)),
        ]);
    let cluster = model(&bounds).expect("the bounds do not contradict each other");
    walk(&bounds, &cluster, rest);
}

/// The bytes as a trace file, or as a disk and a journal, if they begin like one; or else as a
/// participant with some disk, and any events that it is given.
///
/// # Panics
/// If the participant breaks its contract.
pub fn contract_net_decode(bytes: &[u8]) {
    if bytes.starts_with(b"{") {
        decode_trace(bytes);
        decode_journal(bytes);
    } else {
        // Bytes that end too early are nobody.
        let _ = any_participant(&mut Unstructured::new(bytes));
    }
}

fn decode_trace(mut file: &[u8]) {
    let Ok(header) = read_header(&mut file) else { return };
    let _ = ContractNet.replay(&header, &mut &*file);
}

/// A ledger, and on each line after it a command. One that is refused changes nothing.
fn decode_journal(file: &[u8]) {
    let mut lines = file.split(|byte| *byte == b'\n');
    let Some(Ok(mut ledger)) = lines.next().map(serde_json::from_slice::<Ledger>) else { return };
    for line in lines {
        let Ok(command) = serde_json::from_slice::<Command>(line) else { return };
        apply(&mut ledger, &command);
    }
}

/// What holds of a command in whatever state the ledger is: it is done whole or not at all, and not
/// twice.
fn apply(ledger: &mut Ledger, command: &Command) {
    let before = ledger.clone();
    match ledger.apply(command.clone()) {
        Err(refused) => assert_eq!(*ledger, before, "{refused}"),
        Ok(_) => {
            let mut folded = before;
            Durable::apply(&mut folded, command);
            assert_eq!(*ledger, folded, "{command:?}");
            // A reannouncement is of the next round then, and an agent that joins again has left.
            assert!(ledger.clone().apply(command.clone()).is_err(), "{command:?} is done twice");
            read_again(ledger);
        }
    }
}

fn read_again(ledger: &Ledger) {
    let text = serde_json::to_string(ledger).expect("plain data");
    assert_eq!(serde_json::from_str::<Ledger>(&text).ok().as_ref(), Some(ledger), "{text}");
}

fn any_participant(u: &mut Unstructured<'_>) -> Result<()> {
    let capacity = NonZeroU32::new(1 + u.int_in_range(0..=2)?).unwrap_or(NonZeroU32::MIN);
    let config = match u.arbitrary()? {
        true => {
            let config = manager::Config::new(node(0));
            Config::Manager(if u.arbitrary()? { config.with_windows() } else { config })
        }
        false => {
            let config = contractor::Config::new(node(1), node(0), capacity);
            Config::Contractor(config.expect("it is not its own manager"))
        }
    };
    let mut disk = Disk::default();
    for _ in 0..u.int_in_range(0..=8)? {
        match write(u, &disk)? {
            // What is refused nobody has written.
            Write::Manager(command) => apply(&mut disk.ledger, &command),
            Write::Contractor(write) => disk.promises.apply(&write),
        }
    }
    if disk.ledger.agent(AgentId::from(node(0))).is_some() {
        return Ok(()); // No manager lets itself join.
    }
    let mut it = Node::restart(config, disk, &mut Outbox::new());
    while !u.is_empty() {
        match u.int_in_range(0..=15)? {
            0 => it = Node::restart(config, it.durable(), &mut Outbox::new()),
            1 => handle(&mut it, &u.arbitrary()?),
            _ => {
                let event = event(u, &it)?;
                handle(&mut it, &event);
            }
        }
    }
    read_again(&it.durable().ledger);
    Ok(())
}

/// A change of the disk that somebody could have written, or nearly.
fn write(u: &mut Unstructured<'_>, disk: &Disk) -> Result<Write> {
    let task = task(u)?;
    let fence = disk.promises.fence(task);
    Ok(match u.int_in_range(0..=7)? {
        0 => Promised::Hold { task, epoch: epoch(u, fence)?, idempotent: u.arbitrary()? }.into(),
        1 => Promised::Finish { task, outcome: outcome(u)? }.into(),
        2 => Promised::Settle(task).into(),
        3 => Promised::Resume(task).into(),
        4 => u.arbitrary::<Command>()?.into(),
        5 => Command::Join { agent: agent(u)?, capabilities: Capabilities::NONE, capacity: NonZeroU32::MIN }
            .into(),
        6 => Command::Create { task, terms: Terms::new(money(u)?) }.into(),
        _ => {
            let latest = disk.ledger.task(task).map_or(Epoch::default(), |task| task.epoch);
            let (round, epoch) = (Round::new(1), epoch(u, latest)?);
            let (bid, price, bids) = (BidId::new(1), money(u)?, Digest::new(0));
            Command::Award { task, round, epoch, agent: agent(u)?, bid, price, bids }.into()
        }
    })
}

/// What could nearly happen to it: about the tasks that there are, and of rounds and epochs close by.
fn event(u: &mut Unstructured<'_>, it: &Node) -> Result<Event<Node>> {
    let task = task(u)?;
    let (round, latest) = match it {
        Participant::Manager(manager) => {
            let known = manager.ledger().task(task);
            known.map_or((Round::default(), Epoch::default()), |known| (known.round, known.epoch))
        }
        Participant::Contractor(it) => {
            (it.call(task).map_or(Round::default(), |call| call.round), it.promises().fence(task))
        }
    };
    let round = Round::new(round.get().saturating_add(u.int_in_range(0..=2)?).saturating_sub(1));
    let epoch = epoch(u, latest)?;
    let claim = Claim { start: u.int_in_range(0..=1)?, number: u.int_in_range(0..=3)? };
    Ok(match (u.int_in_range(0..=2)?, it) {
        (0, Participant::Manager(_)) => Event::Input(Input::Manager(of_manager(u, task)?)),
        (0, Participant::Contractor(_)) => {
            Event::Input(Input::Contractor(of_contractor(u, task, round, epoch)?))
        }
        (1, Participant::Manager(_)) => Event::Timer(Timer::Manager(match u.int_in_range(0..=2)? {
            0 => manager::Timer::Bids(task),
            1 => manager::Timer::Resend(task),
            _ => manager::Timer::Lease(task, epoch, claim),
        })),
        (1, Participant::Contractor(_)) => Event::Timer(Timer::Contractor(match u.int_in_range(0..=3)? {
            0 => contractor::Timer::Bid(task),
            1 => contractor::Timer::Claim(task),
            2 => contractor::Timer::Report(task),
            _ => contractor::Timer::Lease(task, claim),
        })),
        _ => Event::Message {
            from: node(u.int_in_range(0..=4)?),
            message: message(u, task, round, epoch, claim)?,
        },
    })
}

fn of_manager(u: &mut Unstructured<'_>, task: TaskId) -> Result<manager::Input> {
    let node = node(u.int_in_range(1..=4)?);
    Ok(match u.int_in_range(0..=5)? {
        0 => manager::Input::Cancel(task),
        5 => manager::Input::Clear((1..=u.int_in_range(0..=3)?).map(TaskId::new).collect()),
        1 => manager::Input::Leave(node),
        2 => manager::Input::Create { task, terms: u.arbitrary()? },
        3 => {
            let terms = Terms::new(money(u)?);
            manager::Input::Create { task, terms }
        }
        _ => {
            let capabilities = Capabilities::from_bits(u.int_in_range(0..=3)?);
            manager::Input::Join { node, capabilities, capacity: NonZeroU32::MIN }
        }
    })
}

fn of_contractor(
    u: &mut Unstructured<'_>,
    task: TaskId,
    round: Round,
    epoch: Epoch,
) -> Result<contractor::Input> {
    Ok(match u.int_in_range(0..=4)? {
        0 => contractor::Input::Pass { task, round },
        1 => contractor::Input::Failed { task, epoch },
        2 => contractor::Input::Finished { task, epoch, result: Digest::new(1) },
        _ => contractor::Input::Bid { task, round, bid: bid(u)? },
    })
}

fn message(
    u: &mut Unstructured<'_>,
    task: TaskId,
    round: Round,
    epoch: Epoch,
    claim: Claim,
) -> Result<Message> {
    Ok(match u.int_in_range(0..=12)? {
        0 | 1 => {
            let (reserve, idempotent) = (money(u)?, u.arbitrary()?);
            let offer =
                Offer { needs: Capabilities::NONE, reserve, pricing: award::Pricing::AsBid, idempotent };
            Message::Announce { task, round, offer }
        }
        2 | 3 => Message::Bid { task, round, bid: bid(u)? },
        4 => Message::Refuse { task, round, busy: u.arbitrary()? },
        5 => Message::Award { task, epoch, round, bid: bid(u)?.id, price: money(u)? },
        6 => Message::Reject { task, round },
        7 => Message::Claim { task, epoch, claim },
        8 => Message::Go { task, epoch, claim },
        9 => Message::Decline { task, epoch },
        10 => Message::Report { task, epoch, outcome: outcome(u)? },
        11 => {
            let ack = if u.arbitrary()? { Ack::Accepted } else { Ack::Stale };
            Message::ReportAck { task, epoch, ack }
        }
        _ => Message::Cancel { task, epoch },
    })
}

fn node(number: u8) -> NodeId {
    NodeId::new(number).unwrap_or_default()
}

fn agent(u: &mut Unstructured<'_>) -> Result<AgentId> {
    Ok(AgentId::new(u.int_in_range(1..=4)?))
}

fn task(u: &mut Unstructured<'_>) -> Result<TaskId> {
    Ok(TaskId::new(u.int_in_range(1..=3)?))
}

/// The latest or one close by; now and then the last that there is.
fn epoch(u: &mut Unstructured<'_>, latest: Epoch) -> Result<Epoch> {
    Ok(match u.int_in_range(0..=31_u8)? {
        0 => Epoch::new(u64::MAX),
        1..=3 => Epoch::new(latest.get().saturating_sub(1)),
        4..=15 => latest,
        _ => Epoch::new(latest.get().saturating_add(1)),
    })
}

fn money(u: &mut Unstructured<'_>) -> Result<Money> {
    Ok(Money::new(if u.ratio(1, 16)? { u64::MAX } else { u.int_in_range(0..=4)? }))
}

fn bid(u: &mut Unstructured<'_>) -> Result<Bid> {
    let id = BidId::new(u.int_in_range(0..=2)?);
    Ok(Bid { id, cost: money(u)?, capability_match: u.int_in_range(0..=1)?, time_estimate: 0 })
}

fn outcome(u: &mut Unstructured<'_>) -> Result<Outcome> {
    Ok(if u.arbitrary()? { Outcome::Done(Digest::new(1)) } else { Outcome::Failed })
}

/// One step, with all that must be true of it whatever others say.
fn handle(it: &mut Node, event: &Event<Node>) {
    let text = serde_json::to_string(event).expect("plain data");
    assert_eq!(serde_json::from_str::<Event<Node>>(&text).ok().as_ref(), Some(event), "{text}");
    let before = it.clone();
    let performed = ops(it, event);
    let mut twin = before.clone();
    assert_eq!(ops(&mut twin, event), performed, "{before:?} has two answers to {event:?}");
    assert_eq!(twin, *it, "{before:?} has two futures after {event:?}");

    let (cause, disk) = (Cause::Event(event), before.durable());
    let step =
        Step { node: before.id(), cause, before: &before, disk: &disk, performed: &performed, after: it };
    assert_eq!(step.disk_after(), it.durable(), "the disk is not a fold of the writes: {step:?}");
    assert!(step.sends().all(|(_, to, _)| to != before.id()), "it writes to itself: {step:?}");
    assert!(durable_before_award(&step), "DurableBeforeAward: {step:?}");
    assert!(durable_before_report(&step), "DurableBeforeReport: {step:?}");
    assert!(holds_on_standing_bid(&step), "HoldsOnStandingBid: {step:?}");
    // A disk may say of more tasks that they are held than there is room for.
    assert!(!within_slots(&before) || within_slots(it), "WithinCapacity: {step:?}");
    assert!(!sound(&before) || sound(it), "Sound: {step:?}");
    let paid = |node: &Node| node.manager().map(|manager| earned(manager.ledger()));
    assert!(paid(&before) <= paid(it), "a payment is taken back: {step:?}");
}

fn earned(ledger: &Ledger) -> u128 {
    let agents: Vec<(AgentId, _)> = ledger.agents().collect();
    agents.into_iter().map(|(_, agent)| agent.earned).sum()
}

fn ops(it: &mut Node, event: &Event<Node>) -> Vec<Op<Node>> {
    let mut out = Outbox::new();
    it.step(event.clone(), &mut out);
    out.drain().collect()
}
