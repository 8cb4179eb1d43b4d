//! The ordering rule of the outbox, against a naive twin and by what a crash may see.

use althing::raft::election::{Ballot, Config, Election, Message, Term, Timer};
use althing::{Durable, Event, Machine, NodeId, NodeSet, Op, Outbox, Persistent};
use proptest::collection::vec;
use proptest::prelude::*;

/// A machine that does what its input says. Its disk is a list, so that a lost, repeated or
/// reordered write shows.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Puppet {
    disk: Persistent<Pages>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Pages(Vec<u8>);

impl Durable for Pages {
    type Write = u8;

    fn apply(&mut self, page: &u8) {
        self.0.push(*page);
    }
}

impl Machine for Puppet {
    type Config = ();
    type Durable = Pages;
    type Input = Vec<Op<Puppet>>;
    type Message = u8;
    type Timer = u8;
    type Output = u8;

    fn restart((): (), disk: Pages, _: &mut Outbox<Self>) -> Self {
        Self { disk: Persistent::restored(disk) }
    }

    fn durable(&self) -> Pages {
        (*self.disk).clone()
    }

    fn step(&mut self, event: Event<Self>, out: &mut Outbox<Self>) {
        let Event::Input(ops) = event else { return };
        for op in ops {
            match op {
                Op::Write(page) => self.disk.record(page, out),
                Op::Send { to, message } => out.send(to, message),
                Op::Arm(timer) => out.arm(timer),
                Op::Disarm(timer) => out.disarm(timer),
                Op::Output(output) => out.output(output),
                Op::Sync => out.push(Op::Sync),
            }
        }
    }
}

fn any_op() -> impl Strategy<Value = Op<Puppet>> {
    prop_oneof![
        4 => any::<u8>().prop_map(Op::Write),
        1 => Just(Op::Sync),
        2 => any::<u8>().prop_map(|message| Op::Send { to: NodeId::default(), message }),
        1 => any::<u8>().prop_map(Op::Arm),
        1 => any::<u8>().prop_map(Op::Disarm),
        1 => any::<u8>().prop_map(Op::Output),
    ]
}

fn filled(ops: &[Op<Puppet>]) -> Outbox<Puppet> {
    let mut out = Outbox::new();
    ops.iter().cloned().for_each(|op| out.push(op));
    out
}

fn is_write<M: Machine>(op: &Op<M>) -> bool {
    matches!(op, Op::Write(_))
}

/// The rule, done one operation at a time: wait as late as possible, and only if there is
/// something to wait for.
fn naive_drain(ops: &[Op<Puppet>]) -> Vec<Op<Puppet>> {
    let (mut drained, mut unsynced) = (Vec::new(), false);
    for op in ops.iter().filter(|op| **op != Op::Sync) {
        if !is_write(op) && unsynced {
            drained.push(Op::Sync);
        }
        unsynced = is_write(op);
        drained.push(op.clone());
    }
    drained.extend(unsynced.then_some(Op::Sync));
    drained
}

fn naive_drain_grouped(ops: &[Op<Puppet>]) -> Vec<Op<Puppet>> {
    let (writes, others): (Vec<_>, Vec<_>) =
        ops.iter().filter(|op| **op != Op::Sync).cloned().partition(is_write);
    let sync = (!writes.is_empty()).then_some(Op::Sync);
    writes.into_iter().chain(sync).chain(others).collect()
}

/// The disk after a host performed these operations and crashed. Of the writes since the last
/// `Sync` as many survive as the crash leaves.
fn disk_after(ops: &[Op<Puppet>], survivors: usize) -> Vec<u8> {
    let synced = ops.iter().rposition(|op| *op == Op::Sync).map_or(0, |place| place + 1);
    let page = |op: &Op<_>| if let Op::Write(page) = op { Some(*page) } else { None };
    let safe = ops[..synced].iter().filter_map(page);
    safe.chain(ops[synced..].iter().filter_map(page).take(survivors)).collect()
}

/// How many of the pushed writes come before the effect that is the `nth` of all effects.
fn writes_before(ops: &[Op<Puppet>], nth: usize) -> usize {
    let effects = ops.iter().enumerate().filter(|(_, op)| !is_write(op) && **op != Op::Sync);
    let place = effects.map(|(place, _)| place).nth(nth).expect("there are that many effects");
    ops[..place].iter().filter(|op| is_write(op)).count()
}

/// Performs the operations up to each crash and compares what the world saw with the disk.
fn nothing_is_seen_before_it_is_durable(pushed: &[Op<Puppet>], drained: &[Op<Puppet>]) {
    let all_writes = disk_after(drained, usize::MAX);
    for crash in 0..=drained.len() {
        let performed = &drained[..crash];
        let seen = performed.iter().filter(|op| !is_write(op) && **op != Op::Sync).count();
        let owed = if seen == 0 { 0 } else { writes_before(pushed, seen - 1) };
        for survivors in [0, 1, usize::MAX] {
            let disk = disk_after(performed, survivors);
            assert!(disk.len() >= owed, "{seen} effects seen, {owed} writes owed, disk {disk:?}");
            assert_eq!(disk, all_writes[..disk.len()], "writes become durable in order");
        }
    }
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn drain_agrees_with_the_naive_twin(ops in vec(any_op(), 0..24)) {
        let mut out = filled(&ops);
        prop_assert_eq!(out.is_empty(), naive_drain(&ops).is_empty());
        prop_assert_eq!(out.drain().collect::<Vec<_>>(), naive_drain(&ops));
        prop_assert!(out.is_empty());
    }

    #[test]
    fn drain_grouped_agrees_with_the_naive_twin(ops in vec(any_op(), 0..24)) {
        let mut out = filled(&ops);
        prop_assert_eq!(out.drain_grouped().collect::<Vec<_>>(), naive_drain_grouped(&ops));
        prop_assert!(out.is_empty());
    }

    #[test]
    fn nothing_is_seen_of_a_step_before_its_writes_are_durable(ops in vec(any_op(), 0..24)) {
        let drained: Vec<_> = filled(&ops).drain().collect();
        nothing_is_seen_before_it_is_durable(&ops, &drained);
        let grouped: Vec<_> = filled(&ops).drain_grouped().collect();
        nothing_is_seen_before_it_is_durable(&ops, &grouped);
    }

    #[test]
    fn no_wait_is_useless_and_no_write_is_left_without_one(ops in vec(any_op(), 0..24)) {
        for drained in [filled(&ops).drain().collect::<Vec<_>>(), filled(&ops).drain_grouped().collect()] {
            for (place, op) in drained.iter().enumerate() {
                match op {
                    Op::Sync => prop_assert!(is_write(&drained[place - 1])),
                    Op::Write(_) => prop_assert!(
                        drained.get(place + 1).is_some_and(|next| is_write(next) || *next == Op::Sync)
                    ),
                    Op::Send { .. } | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => {}
                }
            }
        }
    }

    #[test]
    fn an_outbox_that_is_used_again_remembers_nothing(
        first in vec(any_op(), 0..12), taken in 0..12_usize, second in vec(any_op(), 0..12)
    ) {
        let mut out = filled(&first);
        out.drain().take(taken).for_each(drop);
        second.iter().cloned().for_each(|op| out.push(op));
        prop_assert_eq!(out.drain().collect::<Vec<_>>(), naive_drain(&second));
    }

    #[test]
    fn the_disk_is_the_fold_of_the_writes(steps in vec(vec(any_op(), 0..8), 0..6), grouped: bool) {
        let mut out = Outbox::new();
        let mut puppet = Puppet::restart((), Pages::default(), &mut out);
        for ops in steps {
            puppet.step(Event::Input(ops), &mut out);
        }
        let drain = if grouped { out.drain_grouped() } else { out.drain() };
        prop_assert_eq!(fold(Pages::default(), drain), puppet.durable());
    }

    #[test]
    fn the_disk_of_an_election_is_the_fold_of_its_writes(
        events in vec(any_event(), 0..40), pre_vote: bool, check_quorum: bool
    ) {
        let config = Config::new(NodeId::default(), NodeSet::first(3)).unwrap();
        let config = config.with_pre_vote(pre_vote).with_check_quorum(check_quorum);
        let mut out = Outbox::new();
        let mut disk = Ballot::default();
        let mut server = Election::restart(config, disk, &mut out);
        for event in events {
            server.step(event, &mut out);
            disk = fold(disk, out.drain());
            prop_assert_eq!(disk, server.durable());
        }
    }
}

fn fold<M: Machine>(mut disk: M::Durable, ops: impl Iterator<Item = Op<M>>) -> M::Durable {
    for op in ops {
        if let Op::Write(write) = op {
            disk.apply(&write);
        }
    }
    disk
}

fn any_event() -> impl Strategy<Value = Event<Election>> {
    let message = (0..6_u8, 0..5_u64, any::<bool>()).prop_map(|(kind, term, granted)| {
        let (term, credential) = (Term::new(term), ());
        match kind {
            0 => Message::PreVote { term, credential },
            1 => Message::PreVoteReply { term, granted },
            2 => Message::RequestVote { term, credential, transfer: false },
            3 => Message::VoteReply { term, granted },
            4 => Message::Heartbeat { term },
            _ => Message::HeartbeatReply { term },
        }
    });
    let timer = prop::sample::select(vec![Timer::Election, Timer::Lease, Timer::Heartbeat, Timer::Quorum]);
    prop_oneof![
        (1..3_u8, message)
            .prop_map(|(from, message)| Event::Message { from: NodeId::new(from).expect("1 or 2"), message }),
        timer.prop_map(Event::Timer),
    ]
}

/// What the rule looks like to a host.
#[test]
fn a_wait_stands_between_a_write_and_the_message_that_depends_on_it() {
    let send = |message| Op::Send { to: NodeId::default(), message };
    let ops = [Op::Arm(1), Op::Write(1), Op::Write(2), send(1), send(2), Op::Write(3)];
    let expected =
        [Op::Arm(1), Op::Write(1), Op::Write(2), Op::Sync, send(1), send(2), Op::Write(3), Op::Sync];
    assert_eq!(filled(&ops).drain().collect::<Vec<_>>(), expected);
    let expected = [Op::Write(1), Op::Write(2), Op::Write(3), Op::Sync, Op::Arm(1), send(1), send(2)];
    assert_eq!(filled(&ops).drain_grouped().collect::<Vec<_>>(), expected);
    assert!(filled(&[Op::Sync]).is_empty());
}
