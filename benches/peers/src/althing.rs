//! The side of althing.
//!
//! A host that performs the operations of all that has happened since it last did, with one wait
//! for the disk. The log that a server has in its own memory is its disk: what is written is there.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::mem;
use std::ops::Range;
use std::sync::Arc;

use althing::raft::{
    self, Batch, Config, Entries, Index, Input, Limits, Log, LogWrite, Membership, Message, Options, Output,
    Raft, Term, Timer, Write,
};
use althing::{Event, Machine, NodeId, NodeSet, Op, Outbox};
use bytes::Bytes;
use smallvec::{SmallVec, smallvec};

use crate::cluster::{App, Commands, MESSAGE_LIMIT, Post, Server};

/// A command, by whoever needs it.
pub type Handle = Arc<[u8]>;

/// Who keeps the commands.
pub trait Keeper: Default {
    /// What the machine is told of a command.
    type Command: raft::Command;
    /// What travels beside a message of the machine.
    type Parcel;

    /// Commands that a client asks for.
    fn propose(&mut self, commands: &Commands<'_>) -> raft::Commands<Self::Command>;

    /// A message has arrived with this.
    fn arrive(&mut self, message: &Message<Self::Command>, parcel: Self::Parcel);

    /// What a message is to be sent with.
    fn attach(&self, message: &Message<Self::Command>) -> Self::Parcel;

    /// The machine writes to its disk.
    fn write(&mut self, write: &LogWrite<Self::Command>);

    /// Applies the commands after one entry and up to another.
    fn apply(&self, log: &Log<Self::Command>, after: Index, through: Index, app: &mut impl App);

    /// All writes have been made.
    fn rest(&mut self) {}
}

/// A handle that the machine can keep.
pub trait Kept: raft::Command + AsRef<[u8]> {
    /// Handles of all of these.
    fn of(commands: &Commands<'_>) -> raft::Commands<Self>;
}

impl Kept for Handle {
    fn of(commands: &Commands<'_>) -> raft::Commands<Self> {
        commands.iter().map(Self::from).collect()
    }
}

/// A part of a buffer that holds a whole batch.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Slice(Bytes);

impl AsRef<[u8]> for Slice {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl raft::Command for Slice {
    fn bytes(&self) -> u64 {
        self.0.len() as u64
    }
}

impl Kept for Slice {
    fn of(commands: &Commands<'_>) -> raft::Commands<Self> {
        let mut buffer = Bytes::copy_from_slice(commands.bytes());
        commands.iter().map(|command| Self(buffer.split_to(command.len()))).collect()
    }
}

/// The machine keeps handles.
pub struct InLog<H = Handle>(PhantomData<H>);

impl<H> Default for InLog<H> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<H: Kept> Keeper for InLog<H> {
    type Command = H;
    type Parcel = ();

    fn propose(&mut self, commands: &Commands<'_>) -> raft::Commands<H> {
        H::of(commands)
    }

    fn arrive(&mut self, _: &Message<H>, (): ()) {}

    fn attach(&self, _: &Message<H>) {}

    fn write(&mut self, _: &LogWrite<H>) {}

    fn apply(&self, log: &Log<H>, after: Index, through: Index, app: &mut impl App) {
        log.commands(after, through).for_each(|(_, command)| app.apply(command.as_ref()));
    }
}

/// Commands of one size, one after another in a shared buffer.
#[derive(Clone, Default)]
pub struct Block {
    bytes: Bytes,
    /// Of a command; 0 for an entry of the machine's own, which has none.
    size: usize,
    /// How many entries it is.
    count: usize,
}

impl Block {
    /// An entry of the machine's own.
    const OWN: Self = Self { bytes: Bytes::new(), size: 0, count: 1 };

    fn of(commands: &Commands<'_>) -> Self {
        let bytes = Bytes::copy_from_slice(commands.bytes());
        Self { count: bytes.len() / commands.size(), size: commands.size(), bytes }
    }

    /// Some of its entries.
    fn part(&self, entries: Range<usize>) -> Self {
        let bytes = self.bytes.slice(entries.start * self.size..entries.end * self.size);
        Self { bytes, size: self.size, count: entries.len() }
    }

    fn apply(&self, entries: Range<usize>, app: &mut impl App) {
        if self.size > 0 {
            let bytes = &self.bytes[entries.start * self.size..entries.end * self.size];
            bytes.chunks_exact(self.size).for_each(|command| app.apply(command));
        }
    }
}

/// The host keeps the commands, by the places of their entries, as they came together, and sends
/// them beside the messages.
#[derive(Default)]
pub struct Beside {
    /// Each with the entry before it, without gaps.
    kept: VecDeque<(Index, Block)>,
    /// Commands of a client that have no place yet.
    proposed: VecDeque<Block>,
    /// Commands of messages: their term, the entry before them, and all of them.
    arrived: VecDeque<(Term, Index, Blocks)>,
}

/// Mostly one.
type Blocks = SmallVec<[Block; 1]>;

impl Beside {
    /// The blocks that have entries after one and up to another, and which.
    fn blocks(&self, after: Index, through: Index) -> impl Iterator<Item = (&Block, Range<usize>)> {
        // What is asked for is almost always at the end.
        let first = self.kept.iter().rposition(|(before, _)| *before <= after).unwrap_or_default();
        let kept = self.kept.range(first..).take_while(move |(before, _)| *before < through);
        kept.map(move |(before, block)| {
            let end = (through.beyond(*before) as usize).min(block.count);
            (block, (after.beyond(*before) as usize).min(end)..end)
        })
    }

    /// The commands that the machine has put after this entry: term and place say which they are.
    fn take(&mut self, term: Term, after: Index, count: usize) -> Blocks {
        if let Some(block) = self.proposed.pop_front() {
            return smallvec![block];
        }
        loop {
            let (of, prev, blocks) = self.arrived.pop_front().expect("commands come with messages");
            let (all, known) = (blocks.iter().map(|block| block.count).sum(), after.beyond(prev) as usize);
            if of == term && prev <= after && known + count == all {
                return if known == 0 { blocks } else { without_first(&blocks, known) };
            }
        }
    }
}

/// The same without its first entries.
fn without_first(blocks: &Blocks, mut count: usize) -> Blocks {
    let mut rest = Blocks::new();
    for block in blocks {
        let gone = count.min(block.count);
        count -= gone;
        if gone < block.count {
            rest.push(block.part(gone..block.count));
        }
    }
    rest
}

impl Keeper for Beside {
    type Command = ();
    type Parcel = Blocks;

    fn propose(&mut self, commands: &Commands<'_>) -> raft::Commands<()> {
        let block = Block::of(commands);
        let commands = raft::Commands::from_elem((), block.count);
        self.proposed.push_back(block);
        commands
    }

    fn arrive(&mut self, message: &Message<()>, parcel: Blocks) {
        if let Message::Append { prev, entries: Some(Entries { term, batch: Batch::Commands(_) }), .. } =
            message
        {
            self.arrived.push_back((*term, prev.index, parcel));
        }
    }

    fn attach(&self, message: &Message<()>) -> Blocks {
        let Message::Append { prev, entries: Some(Entries { batch: Batch::Commands(commands), .. }), .. } =
            message
        else {
            return Blocks::new();
        };
        let blocks = self.blocks(prev.index, prev.index.plus(commands.len() as u64));
        blocks.map(|(block, entries)| block.part(entries)).collect()
    }

    fn write(&mut self, write: &LogWrite<()>) {
        match write {
            LogWrite::Append { after, term, batch } => {
                while self.kept.back().is_some_and(|(before, _)| before >= after) {
                    self.kept.pop_back();
                }
                if let Some((before, block)) = self.kept.back_mut() {
                    let stay = after.beyond(*before) as usize;
                    if stay < block.count {
                        *block = block.part(0..stay);
                    }
                }
                let mut before = *after;
                let blocks = match batch {
                    Batch::Commands(commands) => self.take(*term, before, commands.len()),
                    Batch::Noop | Batch::Change(_) => smallvec![Block::OWN],
                };
                for block in blocks {
                    let next = before.plus(block.count as u64);
                    self.kept.push_back((before, block));
                    before = next;
                }
                assert_eq!(before, after.plus(batch.len()), "each entry has a command");
            }
            LogWrite::Compact(snapshot) => {
                let last = snapshot.last.index;
                while self.kept.front().is_some_and(|(before, block)| before.plus(block.count as u64) <= last)
                {
                    self.kept.pop_front();
                }
            }
            LogWrite::Install(_) => unreachable!("nobody falls behind so far"),
        }
    }

    fn apply(&self, _: &Log<()>, after: Index, through: Index, app: &mut impl App) {
        self.blocks(after, through).for_each(|(block, entries)| block.apply(entries, app));
    }

    fn rest(&mut self) {
        self.proposed.clear();
        self.arrived.clear();
    }
}

/// One server with its host.
pub struct Althing<K: Keeper> {
    server: Raft<K::Command>,
    out: Outbox<Raft<K::Command>>,
    keeper: K,
    applied: Index,
}

impl<K: Keeper> Althing<K> {
    /// The server of this number, from 0, among so many, with an empty disk. Whether it tells its
    /// followers at once what is committed.
    pub fn new(number: usize, servers: usize, prompt_commit: bool) -> Self {
        let voters = NodeSet::first(servers as u8);
        let membership = Membership::new(voters, NodeSet::EMPTY).expect("there are voters");
        let limits = Limits { message_bytes: MESSAGE_LIMIT, message_entries: 1_024, ..Limits::default() };
        let options = Options { pre_vote: true, check_quorum: true, prompt_commit, ..Options::default() };
        let config = Config::new(node(number), membership).with_limits(limits).with_options(options);
        Self::start(config, raft::Disk::default(), K::default())
    }

    fn start(config: Config, disk: raft::Disk<K::Command>, keeper: K) -> Self {
        let mut out = Outbox::new();
        let server = Raft::restart(config, disk, &mut out);
        let applied = server.commit();
        Self { server, out, keeper, applied }
    }

    fn step(&mut self, event: Event<Raft<K::Command>>) {
        self.server.step(event, &mut self.out);
    }
}

impl<K: Keeper> Server for Althing<K> {
    type Message = (Message<K::Command>, K::Parcel);

    fn is_leader(&self) -> bool {
        self.server.is_leader()
    }

    fn time_out(&mut self) {
        if self.is_leader() {
            self.step(Event::Timer(Timer::Quorum));
        } else {
            self.step(Event::Timer(Timer::Lease));
            self.step(Event::Timer(Timer::Election));
        }
    }

    fn beat(&mut self) {
        if self.is_leader() {
            self.step(Event::Timer(Timer::Heartbeat));
        }
    }

    fn propose(&mut self, commands: &Commands<'_>) {
        let commands = self.keeper.propose(commands);
        self.step(Event::Input(Input::Propose(commands)));
    }

    fn receive(&mut self, from: usize, (message, parcel): Self::Message) {
        self.keeper.arrive(&message, parcel);
        self.step(Event::Message { from: node(from), message });
    }

    fn act(&mut self, post: &mut Post<'_, Self::Message>, app: &mut impl App) {
        let Self { server, out, keeper, applied } = self;
        for op in out.drain_grouped() {
            match op {
                Op::Write(Write::Log(write)) => keeper.write(&write),
                Op::Write(Write::Ballot(_)) | Op::Sync | Op::Arm(_) | Op::Disarm(_) => {}
                Op::Send { to, message } => {
                    let parcel = keeper.attach(&message);
                    post.send(to.index(), (message, parcel));
                }
                Op::Output(Output::Committed(index)) => {
                    keeper.apply(server.log(), mem::replace(applied, index), index, app);
                }
                Op::Output(Output::Leader(_)) => {}
                Op::Output(refused @ (Output::Refused(..) | Output::Restore(_) | Output::Read { .. })) => {
                    unreachable!("{refused:?}")
                }
            }
        }
        keeper.rest();
    }

    fn compact(&mut self, keep: u64) {
        let index = Index::new(self.applied.get() - keep);
        self.step(Event::Input(Input::Compact(index)));
    }

    fn restart(self) -> Self {
        Self::start(*self.server.config(), self.server.durable(), self.keeper)
    }
}

fn node(number: usize) -> NodeId {
    NodeId::new(number as u8).expect("few servers")
}
