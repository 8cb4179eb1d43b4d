//! The servers of a story, their disks, and the network between them.

use std::collections::{BTreeMap, BTreeSet};

use althing::raft::{
    Ballot, Config, Disk, Index, Input, Limits, Membership, Message, Options, Output, Raft, Term, Timer,
    Write,
};
use althing::{Durable, Event, Machine, NodeId, NodeSet, Op, Outbox};

use crate::safety::{self, Safety};
use crate::words::{Told, Words, read_log};

pub(crate) type Server = Raft<String>;

/// A server and its host.
pub(crate) struct Place {
    config: Config,
    /// `None` while it is down.
    pub(crate) server: Option<Server>,
    /// What a crash leaves.
    disk: Disk<String>,
    /// Writes that nothing waits for, in order.
    behind: Vec<Write<String>>,
    timers: BTreeSet<Timer>,
    /// Up to where it has applied, and the commands that its state stands for.
    applied: Index,
    pub(crate) state: Vec<String>,
    /// The state that a snapshot of its own stands for.
    saved: Vec<String>,
}

/// A message on its way; a snapshot takes the state along.
#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) message: Message<String>,
    state: Vec<String>,
    pub(crate) held: bool,
}

pub(crate) struct Stage {
    options: Options,
    limits: Limits,
    pub(crate) places: BTreeMap<NodeId, Place>,
    pub(crate) network: Vec<Letter>,
    /// Who can talk to each other; everyone, if there are none.
    islands: Vec<NodeSet>,
    /// What the servers said since the last line that was not an expectation.
    pub(crate) said: Vec<(NodeId, Output)>,
    safety: Safety<String>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self {
            options: Options::default(),
            limits: Limits::default(),
            places: BTreeMap::new(),
            network: Vec::new(),
            islands: Vec::new(),
            said: Vec::new(),
            safety: Safety::new(),
        }
    }

    pub(crate) fn server(&self, node: NodeId) -> Told<&Server> {
        let place = self.places.get(&node).ok_or(format!("there is no server {}", node.get()))?;
        place.server.as_ref().ok_or(format!("server {} is down", node.get()))
    }

    /// Does what the line says, and then looks whether all is well.
    pub(crate) fn perform(&mut self, command: &str, rest: &str) -> Told<()> {
        let mut words = Words(rest);
        self.said.clear();
        match command {
            "options" => self.options(&mut words)?,
            "cluster" => self.cluster(&mut words)?,
            "start" => self.start(words.node()?, Membership::UNKNOWN, Disk::default())?,
            "disk" => self.disk(&mut words)?,
            "timeout" => self.expire(words.node()?, Timer::Election)?,
            "heartbeat" => self.expire(words.node()?, Timer::Heartbeat)?,
            "lease" => self.expire(words.node()?, Timer::Lease)?,
            "quorum" => self.expire(words.node()?, Timer::Quorum)?,
            "deliver" => self.deliver(&mut words)?,
            "drop" | "repeat" | "hold" => self.meddle(command, &mut words)?,
            "release" => self.network.iter_mut().for_each(|letter| letter.held = false),
            "partition" => self.partition(&mut words)?,
            "heal" => self.islands.clear(),
            "persist" => self.persist(words.node()?)?,
            "crash" => self.crash(words.node()?)?,
            "restart" => self.restart(words.node()?)?,
            _ => self.ask(command, &mut words)?,
        }
        words.end()?;
        let servers: Vec<_> = self.places.values().filter_map(|place| place.server.as_ref()).collect();
        self.safety.all(&servers)
    }

    /// What only a host can want.
    fn ask(&mut self, command: &str, words: &mut Words<'_>) -> Told<()> {
        if !["propose", "read", "transfer", "change", "compact", "unreachable"].contains(&command) {
            return Err("there is no such command".into());
        }
        let node = words.node()?;
        let input = match command {
            "propose" => Input::Propose(words.all().into_iter().map(String::from).collect()),
            "read" => Input::Read(words.number()?),
            "transfer" => {
                words.needs("->")?;
                Input::Transfer(words.node()?)
            }
            "change" => {
                words.needs("voters")?;
                let voters = words.set()?;
                let learners = if words.has("learners") { words.set()? } else { NodeSet::EMPTY };
                Input::Change(Membership::new(voters, learners).map_err(|error| error.to_string())?)
            }
            "compact" => {
                let index = words.index()?;
                let kept = self.safety.commands(index).into_iter().cloned().collect();
                self.place(node)?.saved = kept;
                Input::Compact(index)
            }
            _ => Input::Unreachable(words.node()?),
        };
        self.step(node, Event::Input(input))
    }

    fn place(&mut self, node: NodeId) -> Told<&mut Place> {
        self.places.get_mut(&node).ok_or(format!("there is no server {}", node.get()))
    }

    fn options(&mut self, words: &mut Words<'_>) -> Told<()> {
        for word in words.all() {
            match word.split_once('=').unwrap_or((word, "")) {
                ("no-pre-vote", "") => self.options.pre_vote = false,
                ("no-check-quorum", "") => self.options.check_quorum = false,
                ("lazy-commit", "") => self.options.prompt_commit = false,
                ("forward", "") => self.options.forward = true,
                ("write-behind", "") => self.options.write_behind = true,
                ("max-entries", number) => {
                    self.limits.message_entries =
                        number.parse().map_err(|_| format!("`{number}` is no number"))?;
                }
                _ => return Err(format!("there is no option {word}")),
            }
        }
        Ok(())
    }

    fn cluster(&mut self, words: &mut Words<'_>) -> Told<()> {
        let count = words.number()?;
        let voters: NodeSet = (1..=count).filter_map(|node| NodeId::new(node as u8).ok()).collect();
        let learners = if words.has("learners") { words.set()? } else { NodeSet::EMPTY };
        let membership = Membership::new(voters, learners).map_err(|error| error.to_string())?;
        membership.all().iter().try_for_each(|node| self.start(node, membership, Disk::default()))
    }

    fn start(&mut self, node: NodeId, initial: Membership, disk: Disk<String>) -> Told<()> {
        let config = Config::new(node, initial).with_options(self.options).with_limits(self.limits);
        let place = Place {
            config,
            server: None,
            disk,
            behind: Vec::new(),
            timers: BTreeSet::new(),
            applied: Index::default(),
            state: Vec::new(),
            saved: Vec::new(),
        };
        self.places.insert(node, place);
        self.restart(node)
    }

    fn disk(&mut self, words: &mut Words<'_>) -> Told<()> {
        let node = words.node()?;
        let initial = self.place(node)?.config.initial();
        words.needs("term")?;
        let ballot = Ballot { term: Term::new(words.number()?), vote: None };
        words.needs("log")?;
        let log = read_log(&words.all(), initial)?;
        self.safety.forget(node);
        let disk = Disk::new(ballot, log).map_err(|error| error.to_string())?;
        self.start(node, initial, disk)
    }

    fn crash(&mut self, node: NodeId) -> Told<()> {
        self.server(node)?;
        self.safety.forget(node);
        let place = self.place(node)?;
        place.server = None;
        place.behind.clear();
        place.timers.clear();
        Ok(())
    }

    fn restart(&mut self, node: NodeId) -> Told<()> {
        let place = self.place(node)?;
        if place.server.is_some() {
            return Err("it is not down".into());
        }
        let mut out = Outbox::new();
        place.applied = place.disk.log().snapshot().last.index;
        place.state = place.saved.clone();
        place.server = Some(Server::restart(place.config, place.disk.clone(), &mut out));
        self.carry_out(node, out)
    }

    fn expire(&mut self, node: NodeId, timer: Timer) -> Told<()> {
        self.server(node)?;
        if !self.place(node)?.timers.remove(&timer) {
            return Err(format!("this timer is not running; running are {:?}", self.place(node)?.timers));
        }
        self.step(node, Event::Timer(timer))
    }

    fn step(&mut self, node: NodeId, event: Event<Server>) -> Told<()> {
        self.server(node)?;
        let (mut out, mut again) = (Outbox::new(), Outbox::new());
        let Some(server) = self.place(node)?.server.as_mut() else { return Ok(()) };
        let mut twin = server.clone();
        twin.step(event.clone(), &mut again);
        server.step(event, &mut out);
        if (&twin, &again) != (server, &out) {
            return Err("the same step has different effects".into());
        }
        self.carry_out(node, out)
    }

    fn carry_out(&mut self, node: NodeId, mut out: Outbox<Server>) -> Told<()> {
        let islands = self.islands.clone();
        let place = self.places.get_mut(&node).ok_or("there is no such server")?;
        let (mut sent, mut said) = (Vec::new(), Vec::new());
        for op in out.drain() {
            match op {
                Op::Write(write) => place.behind.push(write),
                Op::Sync => place.sync()?,
                Op::Send { to, message } => {
                    let state = place.saved.clone();
                    sent.push(Letter { from: node, to, message, state, held: false });
                }
                Op::Arm(timer) => drop(place.timers.insert(timer)),
                Op::Disarm(timer) => drop(place.timers.remove(&timer)),
                Op::Output(output) => {
                    place.hear(output);
                    said.push((node, output));
                }
            }
        }
        let mut whole = place.disk.clone();
        place.behind.iter().for_each(|write| whole.apply(write));
        if let Some(server) = &place.server {
            safety::disk(server, &whole)?;
            self.safety.step(server)?;
        }
        let reaches = |letter: &Letter| {
            islands.is_empty()
                || islands.iter().any(|island| island.contains(letter.from) && island.contains(letter.to))
        };
        self.network.extend(sent.into_iter().filter(reaches));
        self.said.extend(said);
        Ok(())
    }

    fn persist(&mut self, node: NodeId) -> Told<()> {
        let place = self.place(node)?;
        let last = place.behind.iter().filter_map(Write::last).next_back();
        place.sync()?;
        match last {
            Some(position) => self.step(node, Event::Input(Input::Persisted(position))),
            None => Err("there is nothing to write".into()),
        }
    }

    fn partition(&mut self, words: &mut Words<'_>) -> Told<()> {
        self.islands.clear();
        while words.end().is_err() {
            self.islands.push(words.set()?);
        }
        let islands = self.islands.clone();
        self.network.retain(|it| {
            it.held || islands.iter().any(|island| island.contains(it.from) && island.contains(it.to))
        });
        Ok(())
    }

    /// Messages that are lost, late, or arrive twice.
    fn meddle(&mut self, how: &str, words: &mut Words<'_>) -> Told<()> {
        let count = if words.has("first") { 1 } else { usize::MAX };
        let link = if words.has("all") { None } else { Some(words.link()?) };
        let meant = |it: &Letter| !it.held && link.is_none_or(|link| link == (it.from, it.to));
        let letters = self.network.iter().enumerate().filter(|(_, it)| meant(it));
        let places: Vec<_> = letters.map(|(at, _)| at).take(count).collect();
        if places.is_empty() {
            return Err("there is nothing on its way".into());
        }
        for at in places.into_iter().rev() {
            match how {
                "drop" => drop(self.network.remove(at)),
                "hold" => self.network[at].held = true,
                _ => self.network.push(self.network[at].clone()),
            }
        }
        Ok(())
    }

    fn deliver(&mut self, words: &mut Words<'_>) -> Told<()> {
        if words.has("all") {
            for _ in 0..10_000 {
                let Some(at) = self.network.iter().position(|it| !it.held) else { return Ok(()) };
                self.arrive(at)?;
            }
            return Err("messages never come to rest".into());
        }
        let first_only = words.has("first");
        let link = words.link()?;
        let meant = |it: &Letter| !it.held && (it.from, it.to) == link;
        let count = self.network.iter().filter(|it| meant(it)).count();
        if count == 0 {
            return Err("there is nothing on its way".into());
        }
        for _ in 0..if first_only { 1 } else { count } {
            let Some(at) = self.network.iter().position(meant) else { break };
            self.arrive(at)?;
        }
        Ok(())
    }

    fn arrive(&mut self, at: usize) -> Told<()> {
        let Letter { from, to, message, state, .. } = self.network.remove(at);
        let Ok(_) = self.server(to) else { return Ok(()) }; // It is down: the message is lost.
        if let Message::Snapshot { snapshot, .. } = &message {
            let place = self.place(to)?;
            if snapshot.last.index > place.applied {
                place.saved = state;
            }
        }
        self.step(to, Event::Message { from, message })
    }
}

impl Place {
    fn sync(&mut self) -> Told<()> {
        for write in self.behind.drain(..) {
            self.disk.replay(&write).map_err(|error| format!("the journal refuses {write:?}: {error}"))?;
        }
        Ok(())
    }

    fn hear(&mut self, output: Output) {
        match output {
            Output::Committed(index) => {
                if let Some(server) = &self.server {
                    let commands = server.log().commands(self.applied, index);
                    self.state.extend(commands.map(|(_, command)| command.clone()));
                }
                self.applied = index;
            }
            Output::Restore(snapshot) => {
                self.applied = snapshot.last.index;
                self.state = self.saved.clone();
            }
            Output::Leader(_) | Output::Read { .. } | Output::Refused(..) => {}
        }
    }
}
