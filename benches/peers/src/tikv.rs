//! The side of tikv's `raft` 0.7.0, the latest that is published (March 2023).
//!
//! A host as its documentation says: everything that has arrived is stepped, then the `Ready`s
//! are handled until there is none. It has no clock: an election timeout is one whole timeout of
//! ticks at once, and always as long.

// With one of the codecs its lists and bytes are vectors, with the other they are not.
#![allow(clippy::useless_conversion)]

mod store;

use raft::eraftpb::{Entry, Message, MessageType};
use raft::{Config, RawNode, StateRole};

pub use self::store::{Moving, Store};
use crate::cluster::{App, Commands, IN_FLIGHT, MESSAGE_LIMIT, Post, Server};

/// As few ticks as it allows: one for a heartbeat, two for an election.
const ELECTION_TICKS: usize = 2;

/// How a batch is proposed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Proposing {
    /// One call of `propose` a command.
    Calls,
    /// One message with an entry a command.
    Message,
    /// The same, with payloads that are slices of one buffer.
    #[cfg(feature = "protobuf-codec")]
    Slices,
}

/// What can be chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// How a batch is proposed.
    pub proposing: Proposing,
    /// Entries are added to an append that has not been sent yet.
    pub batch_append: bool,
    /// Followers are not told at once what is committed, only with the next append or heartbeat.
    pub skip_bcast_commit: bool,
}

/// One server.
pub struct Tikv<S: Store> {
    node: RawNode<S>,
    config: Config,
    options: Options,
}

impl<S: Store> Tikv<S> {
    /// The server of this number, from 0, among so many, with an empty disk.
    pub fn new(number: usize, servers: usize, options: Options) -> Self {
        let config = Config {
            id: number as u64 + 1,
            election_tick: ELECTION_TICKS,
            // A range of one: no chance.
            min_election_tick: ELECTION_TICKS,
            max_election_tick: ELECTION_TICKS + 1,
            heartbeat_tick: 1,
            max_size_per_msg: MESSAGE_LIMIT,
            max_inflight_msgs: IN_FLIGHT,
            check_quorum: true,
            pre_vote: true,
            batch_append: options.batch_append,
            skip_bcast_commit: options.skip_bcast_commit,
            ..Config::default()
        };
        Self::start(config, S::create(servers), options)
    }

    fn start(config: Config, store: S, options: Options) -> Self {
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let node = RawNode::new(&config, store, &logger).expect("a valid configuration");
        Self { node, config, options }
    }

    /// The entries of a batch, as a message has them.
    fn entries(&self, commands: &Commands<'_>) -> Vec<Entry> {
        let entry = |data| Entry { data, ..Entry::default() };
        match self.options.proposing {
            Proposing::Calls | Proposing::Message => {
                commands.iter().map(|command| entry(command.to_vec().into())).collect()
            }
            #[cfg(feature = "protobuf-codec")]
            Proposing::Slices => {
                let mut buffer = bytes::Bytes::copy_from_slice(commands.bytes());
                commands.iter().map(|command| entry(buffer.split_to(command.len()))).collect()
            }
        }
    }
}

impl<S: Store> Server for Tikv<S> {
    type Message = Message;

    fn is_leader(&self) -> bool {
        self.node.raft.state == StateRole::Leader
    }

    fn time_out(&mut self) {
        if self.is_leader() {
            let mut check = Message { from: self.config.id, ..Message::default() };
            check.set_msg_type(MessageType::MsgCheckQuorum);
            self.node.raft.step(check).expect("a leader looks after its majority");
        } else {
            for _ in 0..ELECTION_TICKS {
                self.node.tick();
            }
        }
    }

    fn beat(&mut self) {
        self.node.ping();
    }

    fn propose(&mut self, commands: &Commands<'_>) {
        if self.options.proposing == Proposing::Calls {
            for command in commands.iter() {
                self.node.propose(Vec::new(), command.to_vec()).expect("a leader takes proposals");
            }
            return;
        }
        let mut message = Message { from: self.config.id, ..Message::default() };
        message.set_msg_type(MessageType::MsgPropose);
        message.set_entries(self.entries(commands).into());
        self.node.step(message).expect("a leader takes proposals");
    }

    fn receive(&mut self, _: usize, message: Message) {
        self.node.step(message).expect("messages come from members");
    }

    fn act(&mut self, post: &mut Post<'_, Message>, app: &mut impl App) {
        while self.node.has_ready() {
            let mut ready = self.node.ready();
            assert!(ready.snapshot().is_empty(), "nobody falls behind so far");
            send(ready.take_messages(), post);
            apply(&ready.take_committed_entries(), app);
            let entries = ready.take_entries();
            if !entries.is_empty() {
                self.node.mut_store().append(entries);
            }
            if let Some(state) = ready.hs() {
                self.node.mut_store().set_hard_state(state.clone());
            }
            send(ready.take_persisted_messages(), post);
            let mut light = self.node.advance(ready);
            if let Some(commit) = light.commit_index() {
                self.node.mut_store().set_commit(commit);
            }
            send(light.take_messages(), post);
            apply(&light.take_committed_entries(), app);
            self.node.advance_apply();
        }
    }

    fn compact(&mut self, keep: u64) {
        let applied = self.node.raft.raft_log.applied;
        self.node.mut_store().discard_through(applied - keep);
    }

    fn restart(self) -> Self {
        Self::start(self.config, self.node.store().clone(), self.options)
    }
}

fn send(messages: Vec<Message>, post: &mut Post<'_, Message>) {
    for message in messages {
        post.send(message.to as usize - 1, message);
    }
}

/// A new leader's first entry is none of a client's.
fn apply(entries: &[Entry], app: &mut impl App) {
    for entry in entries.iter().filter(|entry| !entry.data.is_empty()) {
        app.apply(&entry.data);
    }
}
