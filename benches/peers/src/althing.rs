//! The side of althing.
//!
//! A host that performs the operations of all that has happened since it last did, with one wait
//! for the disk. The log that a server has in its own memory is its disk: what is written is there.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;

use althing::raft::{
    self, Batch, Config, Entries, Index, Input, Limits, Log, LogWrite, Membership, Message, Options, Output,
    Raft, Term, Timer, Write,
};
use althing::{Event, Machine, NodeId, NodeSet, Op, Outbox};
use bytes::Bytes;

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

/// The host keeps handles, by the places of their entries, and sends them beside the messages.
#[derive(Default)]
pub struct Beside {
    /// The entry before the first that is kept.
    before: Index,
    /// A handle for each entry; the machine's own entries have empty ones.
    kept: VecDeque<Handle>,
    /// Commands of a client that have no place yet.
    proposed: raft::Commands<Handle>,
    /// Commands of messages: their term, the entry before them, and all of them.
    arrived: VecDeque<(Term, Index, raft::Commands<Handle>)>,
}

impl Beside {
    fn place(&self, index: Index) -> usize {
        index.beyond(self.before) as usize
    }

    /// The commands of these entries: term and place say which they are.
    fn take(&mut self, term: Term, after: Index, count: usize) -> raft::Commands<Handle> {
        if !self.proposed.is_empty() {
            return mem::take(&mut self.proposed);
        }
        loop {
            let (of, prev, mut commands) = self.arrived.pop_front().expect("commands come with messages");
            if of == term && prev <= after && after.beyond(prev) as usize + count == commands.len() {
                commands.drain(..after.beyond(prev) as usize);
                return commands;
            }
        }
    }
}

impl Keeper for Beside {
    type Command = ();
    type Parcel = raft::Commands<Handle>;

    fn propose(&mut self, commands: &Commands<'_>) -> raft::Commands<()> {
        self.proposed.extend(commands.iter().map(Handle::from));
        raft::Commands::from_elem((), self.proposed.len())
    }

    fn arrive(&mut self, message: &Message<()>, parcel: raft::Commands<Handle>) {
        if let Message::Append { prev, entries: Some(Entries { term, .. }), .. } = message {
            self.arrived.push_back((*term, prev.index, parcel));
        }
    }

    fn attach(&self, message: &Message<()>) -> raft::Commands<Handle> {
        let Message::Append { prev, entries: Some(Entries { batch: Batch::Commands(commands), .. }), .. } =
            message
        else {
            return raft::Commands::new();
        };
        let first = self.place(prev.index);
        self.kept.range(first..first + commands.len()).cloned().collect()
    }

    fn write(&mut self, write: &LogWrite<()>) {
        match write {
            LogWrite::Append { after, term, batch: Batch::Commands(commands) } => {
                self.kept.truncate(self.place(*after));
                let handles = self.take(*term, *after, commands.len());
                assert_eq!(handles.len(), commands.len(), "each entry has a command");
                self.kept.extend(handles);
            }
            LogWrite::Append { after, batch: Batch::Noop | Batch::Change(_), .. } => {
                self.kept.truncate(self.place(*after));
                self.kept.push_back(Handle::default());
            }
            LogWrite::Compact(snapshot) => {
                self.kept.drain(..self.place(snapshot.last.index));
                self.before = snapshot.last.index;
            }
            LogWrite::Install(_) => unreachable!("nobody falls behind so far"),
        }
    }

    fn apply(&self, _: &Log<()>, after: Index, through: Index, app: &mut impl App) {
        let handles = self.kept.range(self.place(after)..self.place(through));
        handles.filter(|handle| !handle.is_empty()).for_each(|command| app.apply(command));
    }

    fn rest(&mut self) {
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
