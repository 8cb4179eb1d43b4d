//! The targets of the models `raft` and `raft-membership`.

use althing::machine::{Durable, Event, Machine};
use althing::node::{NodeId, NodeSet};
use althing::observe::{Cause, Step};
use althing::outbox::{Op, Outbox};
use althing::raft::invariants;
use althing::raft::{Batch, Command, Config, Disk, Index, Input, Membership, Message, Raft, Write};
use arbitrary::{Result, Unstructured};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::near::{self, Act};
use super::walk;
use crate::cell::Cell;
use crate::cluster::MAX_NODES;
use crate::host::Host;
use crate::raft::{RAFT, RAFT_MEMBERSHIP, Server, endless, model};
use crate::subject::Subject;
use crate::trace::{Happening, read_header, read_lines};

/// The bytes as a cluster and a walk of it: one for the servers, two for the options and for what
/// may happen, one for the limits, five for the members and for those to change to, a byte for each
/// weight, and then two bytes a step.
///
/// # Panics
/// If an invariant is violated.
pub fn raft_walk(bytes: &[u8]) {
    let Some(([nodes, first, second, limits, voters, change, learners, other, high], rest)) =
        bytes.split_first_chunk()
    else {
        return;
    };
    let flags = u16::from_be_bytes([*second, *first]);
    let flag = |bit: u8| u64::from(flags >> bit & 1);
    let nodes = u64::from(*nodes) % MAX_NODES as u64 + 1;
    // Nine servers take nine bits.
    let members = |low: u8, bit: u8| (u64::from(low) | u64::from(high >> bit & 1) << 8) & ((1 << nodes) - 1);
    let change = members(*change, 0);
    let bounds = endless(
        nodes,
        &[
            ("pre_vote", flag(0)),
            ("check_quorum", flag(1)),
            ("prompt_commit", flag(2)),
            ("write_behind", flag(3)),
            ("reduce", flag(4)),
            ("compactions", flag(5)),
            ("transfers", flag(6)),
            ("unreachable", flag(7)),
            ("reads", 255 * flag(8)),
            ("again", flag(9)),
            ("log", 1 + 15 * flag(10) + 47 * flag(11)),
            ("message", 1 + u64::from(limits & 0xf)),
            ("flight", 1 + u64::from(limits >> 4)),
            ("voters", u64::from(*voters) % (nodes + 1)),
            ("change", change),
            ("learners", if change == 0 { 0 } else { members(*learners, 1) & !change }),
            ("second", members(*other, 2)),
        ],
    );
    let cluster = model(&bounds).expect("the bounds do not contradict each other");
    walk(&bounds, &cluster, rest);
}

/// The bytes as a trace file, or as a disk and a journal, if they begin like one; or else as the
/// disk of a server, perhaps a damaged one, and any events that the server is given that starts
/// from it.
///
/// # Panics
/// If the server breaks its contract.
pub fn raft_decode(bytes: &[u8]) {
    if bytes.starts_with(b"{") {
        decode_trace(bytes);
        decode_journal(bytes);
    } else {
        // Bytes that end too early are no server.
        let _ = any_server(&mut Unstructured::new(bytes));
    }
}

/// What a host reads from a file or from its peers: whatever it holds, nothing panics.
fn decode_trace(mut file: &[u8]) {
    let Ok(header) = read_header(&mut file) else { return };
    let _ = RAFT.replay(&header, &mut &*file);
    let _ = RAFT_MEMBERSHIP.replay(&header, &mut &*file);
    let Ok(lines) = read_lines::<Server>(&header, file) else { return };
    let members = Membership::new(NodeSet::first(3), NodeSet::EMPTY).expect("there are voters");
    let mut node = Node::start(Config::new(NodeId::default(), members), Disk::default());
    for line in lines {
        match line.input {
            Happening::Event(event) | Happening::Duplicate(event) => node.handle(event),
            Happening::Crash(_) | Happening::Restart => node.restart(0),
            Happening::Lose(_) | Happening::Cut(_) | Happening::Heal | Happening::Tick => {}
        }
    }
}

/// A disk, and on each line after it a write. What no server would have written is refused.
fn decode_journal(file: &[u8]) {
    let mut lines = file.split(|byte| *byte == b'\n');
    let Some(Ok(mut disk)) = lines.next().map(serde_json::from_slice::<Disk<u8>>) else { return };
    check_disk(&disk);
    for line in lines {
        let Ok(write) = serde_json::from_slice::<Write<u8>>(line) else { return };
        replay(&mut disk, &write);
    }
}

fn any_server(u: &mut Unstructured<'_>) -> Result<()> {
    let config = near::config(u)?;
    let mut disk = any_disk(u)?;
    for _ in 0..u.int_in_range(0..=3)? {
        let write = near::write(u, &disk)?;
        replay(&mut disk, &write);
    }
    let mut node = Node::start(config, disk);
    while !u.is_empty() {
        match near::act(u, &node.cell.machine)? {
            Act::Event(event) => node.handle(event),
            Act::Persisted => node.persisted(),
            Act::Restart(kept) => node.restart(kept),
        }
    }
    check_disk(&node.cell.disk_at_last());
    Ok(())
}

/// A disk that is read from a file, which may be damaged. The empty one if it is refused.
fn any_disk(u: &mut Unstructured<'_>) -> Result<Disk<u8>> {
    let mut text = json(&near::image(u)?).into_bytes();
    let place = usize::from(u.arbitrary::<u16>()?);
    match u.int_in_range(0..=9)? {
        0 => text.truncate(place % text.len()),
        1 => {
            let place = place % text.len();
            text[place] = u.arbitrary()?;
        }
        _ => {}
    }
    let disk = serde_json::from_slice(&text).unwrap_or_default();
    check_disk(&disk);
    Ok(disk)
}

/// What was read, and whatever a server made of it, can be written and read again.
fn check_disk<T: Command + Serialize + DeserializeOwned>(disk: &Disk<T>) {
    let text = json(disk);
    let again = serde_json::from_str::<Disk<T>>(&text);
    assert_eq!(again.as_ref().ok(), Some(disk), "{text}: {again:?}");
    let (snapshot, last) = (disk.log().snapshot().last, disk.log().last());
    let ascends = snapshot.term <= last.term && snapshot.index <= last.index;
    assert!(ascends && last.term <= disk.ballot().term && last.index <= Index::LIMIT, "{text}");
}

/// A write of a journal is refused, and the disk is as it was, or it leads to a disk that can be
/// read.
fn replay(disk: &mut Disk<u8>, write: &Write<u8>) {
    let before = disk.clone();
    match disk.replay(write) {
        Err(why) => assert_eq!(*disk, before, "{write:?}: {why}"),
        Ok(()) => {
            let mut folded = before;
            folded.apply(write);
            assert_eq!(*disk, folded, "{write:?}");
            check_disk(disk);
        }
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain data")
}

/// A server with an honest host, and whatever else around them.
struct Node<T: Command> {
    host: Host<Raft<T>>,
    cell: Cell<Raft<T>>,
}

impl<T: Command + Serialize + DeserializeOwned> Node<T> {
    fn start(config: Config, disk: Disk<T>) -> Self {
        // What no sync follows is in the host's memory alone, whether it tells the server or not.
        let told = config.options().write_behind;
        let by = move |write: &Write<T>| write.last().filter(|_| told).map(Input::Persisted);
        let host = Host { acknowledges: Some(Box::new(by)), ..Host::default() };
        let (cell, _) = host.start(config.id(), config, disk);
        let mut node = Self { host, cell };
        node.restart(0);
        node
    }

    /// One step, with all that must be true of it in whatever state the server is.
    fn handle(&mut self, event: Event<Raft<T>>) {
        check_text(&event);
        let before = self.cell.clone();
        let durable = self.host.acknowledge(&mut self.cell, &event);
        let mut twin = self.cell.machine.clone();
        let ops = self.host.step(&mut self.cell, event.clone());
        let mut out = Outbox::new();
        twin.step(event.clone(), &mut out);
        let again: Vec<_> = out.drain().collect();
        assert_eq!(ops, again, "{before:?} has two answers to {event:?}");
        assert_eq!(self.cell.machine, twin, "{before:?} has two futures after {event:?}");

        self.check_writes(&before, &ops);
        let performed = self.host.perform(&mut self.cell, &ops).unwrap_or(ops);
        let performed: Vec<_> = durable.into_iter().map(Op::Write).chain(performed).collect();
        let cell = &self.cell;
        let step = Step {
            node: cell.node,
            cause: Cause::Event(&event),
            before: &before.machine,
            disk: &before.disk,
            performed: &performed,
            after: &cell.machine,
        };
        assert_eq!(step.disk_after(), cell.disk, "the disk is not a fold of the writes: {step:?}");
        let durable = cell.machine.durable();
        assert_eq!(durable, cell.disk_at_last(), "the disk is not what the server believes: {step:?}");
        let behind = cell.machine.config().options().write_behind || cell.unsynced() == 0;
        assert!(behind, "a step is over before its writes are durable: {step:?}");
        check_step(&step, before.unsynced() > 0);
    }

    /// Each write could stand in a journal.
    fn check_writes(&self, before: &Cell<Raft<T>>, ops: &[Op<Raft<T>>]) {
        let mut disk = before.disk_at_last();
        for op in ops {
            if let Op::Write(write) = op {
                disk.replay(write).unwrap_or_else(|why| panic!("{before:?} writes {write:?}: {why}"));
            }
        }
    }

    /// The host says what is durable, if anything is that the server does not know of.
    fn persisted(&mut self) {
        if let Some(input) = self.host.due(&self.cell) {
            self.handle(Event::Input(input));
        }
    }

    /// A crash that keeps so many of the writes behind.
    fn restart(&mut self, kept: u8) {
        let kept = usize::from(kept) % (self.cell.unsynced() + 1);
        self.cell.keep(kept);
        check_disk(&self.cell.disk);
        let Cell { node, config, machine: before, disk, .. } = self.cell.clone();
        let (cell, ops) = self.host.start(node, config, disk.clone());
        assert_eq!(cell.machine.durable(), disk, "a restart changes the disk");
        let acts = |op: &Op<_>| matches!(op, Op::Write(_) | Op::Send { .. } | Op::Output(_));
        assert!(!ops.iter().any(acts), "a restart acts by itself: {ops:?}");
        let (disk, after) = (&self.cell.disk, &cell.machine);
        let step = Step { node, cause: Cause::Restart, before: &before, disk, performed: &ops, after };
        check_step(&step, false);
        self.cell = cell;
    }
}

/// What is sent and kept can be written and read, unless it says of a membership what none can be.
fn check_text<T: Command + Serialize + DeserializeOwned>(event: &Event<Raft<T>>) {
    let text = json(event);
    let again = serde_json::from_str::<Event<Raft<T>>>(&text);
    let sound = membership(event).is_none_or(|it| {
        it == Membership::UNKNOWN || Membership::new(it.voters().incoming, it.learners()).is_ok()
    });
    match again {
        Ok(again) => assert!(sound && again == *event, "{text}: {again:?}"),
        Err(why) => assert!(!sound, "{text}: {why}"),
    }
}

fn membership<T: Command>(event: &Event<Raft<T>>) -> Option<Membership> {
    match event {
        Event::Input(Input::Change(membership)) => Some(*membership),
        Event::Message { message: Message::Snapshot { snapshot, .. }, .. } => Some(snapshot.membership),
        Event::Message { message: Message::Append { entries: Some(entries), .. }, .. } => {
            match &entries.batch {
                Batch::Change(membership) => Some(*membership),
                Batch::Noop | Batch::Commands(_) => None,
            }
        }
        Event::Message { .. } | Event::Timer(_) | Event::Input(_) => None,
    }
}

/// The invariants of a step and of a server that hold whatever the other servers say.
fn check_step<T: Command>(step: &Step<'_, Raft<T>>, behind: bool) {
    let unforged = !has_second_leader(step, behind);
    let invariants: [(&str, fn(&Step<'_, Raft<T>>) -> bool, bool); 12] = [
        ("VoteOnce", invariants::vote_once, true),
        ("LeaderAppendOnly", invariants::leader_append_only, true),
        ("CommitsOwnTerm", invariants::commits_own_term, unforged),
        ("Monotonic", invariants::monotonic, true),
        ("Ordering", |step| invariants::ordering(step.after), true),
        ("PersistBeforeSend", invariants::persist_before_send, unforged),
        ("MembershipInLog", |step| invariants::membership_in_log(step.after), true),
        ("MembersStand", invariants::members_stand, true),
        ("HandsOverAll", invariants::hands_over_all, true),
        ("NoSurprise", invariants::no_surprise, true),
        ("LeaderStickiness", invariants::leader_stickiness, true),
        ("CheckQuorum", invariants::check_quorum, true),
    ];
    for (name, holds, applies) in invariants {
        assert!(!applies || holds(step), "{name}: {step:?}");
    }
}

/// Whether another server says that it leads in the term in which this one leads, or has led and
/// still has writes that are behind. The election sees to it that no server can say so (Election
/// Safety). A leader follows the other then: it commits what it is told, and vouches for what is not
/// on its own disk yet.
fn has_second_leader<T: Command>(step: &Step<'_, Raft<T>>, behind: bool) -> bool {
    match &step.cause {
        Cause::Event(Event::Message { message, .. }) => match message {
            Message::Append { term, .. } | Message::Snapshot { term, .. } => {
                *term == step.before.term() && (step.before.is_leader() || behind)
            }
            Message::Election(_) | Message::AppendReply { .. } | Message::Committed { .. } => false,
            Message::TimeoutNow { .. } | Message::Propose { .. } => false,
        },
        Cause::Event(Event::Timer(_) | Event::Input(_)) | Cause::Restart => false,
    }
}
