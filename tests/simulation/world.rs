//! The world of a run: hosts, the network between them, and time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use althing::raft::{Index, Input, LogWrite, Message, Output, Refused, Timer, Write, election};
use althing::{Event, Machine, NodeId, NodeSet, Op, Outbox};

use crate::counts::{Counts, What};
use crate::host::{Host, Server, State};
use crate::profile::Profile;
use crate::random::Random;
use crate::safety::{self, Safety};

/// The minimum election timeout, in microseconds of the world.
pub(crate) const T: u64 = 150_000;

/// A message on its way; a snapshot takes the state along.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    from: NodeId,
    to: NodeId,
    message: Message<u64>,
    state: Option<State>,
}

#[derive(Debug)]
pub(crate) enum Happening {
    Arrive(Letter),
    /// The timer expires, unless it was armed anew since this `Arm`.
    Expire(NodeId, Timer, u64),
    /// The disk of this start of the host has caught up.
    Persist(NodeId, u64),
    /// The host starts.
    ComeBack(NodeId),
    /// Its server does, if it was started so often before.
    Restart(NodeId, u64),
    /// Clients and operators have an idea.
    Ask,
    /// Something goes wrong, or right again.
    Fault,
}

pub(crate) struct World {
    pub(crate) random: Random,
    pub(crate) profile: Profile,
    pub(crate) now: u64,
    /// What will happen, at what time, in the order in which it was scheduled.
    agenda: BinaryHeap<Reverse<(u64, u64)>>,
    happenings: BTreeMap<u64, Happening>,
    scheduled: u64,
    pub(crate) hosts: Vec<Host>,
    /// Who cannot reach whom.
    pub(crate) cut: BTreeSet<(NodeId, NodeId)>,
    /// Requests for votes that the network may deliver once more at any time, if they are kept.
    pub(crate) kept: Option<Vec<Letter>>,
    /// Snapshots that are being transferred.
    transfers: BTreeSet<(NodeId, NodeId, Index)>,
    /// No more faults.
    pub(crate) calm: bool,
    pub(crate) safety: Safety<u64>,
    /// The state after each entry that is committed.
    states: Vec<State>,
    /// What was committed when each read was asked.
    pub(crate) reads: BTreeMap<u64, Index>,
    /// How often a lease was asked for.
    pub(crate) questions: u64,
    /// The transfer that was asked last: who led in which term, and to whom it was to go.
    pub(crate) handing_over: Option<(u64, NodeId)>,
    pub(crate) counts: Counts,
    /// The last things that happened, if they shall be told.
    pub(crate) story: Option<VecDeque<String>>,
}

impl World {
    pub(crate) fn new(mut random: Random, profile: Profile, told: bool) -> Self {
        let mut rate = || match profile.leases {
            Some(leases) => random.pick(leases.clocks),
            None => random.within(800, 1_250),
        };
        let hosts = profile.configs().map(|config| Host::new(config, rate())).collect();
        Self {
            random,
            profile,
            now: 0,
            agenda: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            scheduled: 0,
            hosts,
            cut: BTreeSet::new(),
            kept: None,
            transfers: BTreeSet::new(),
            calm: false,
            safety: Safety::new(),
            states: vec![State::default()],
            reads: BTreeMap::new(),
            questions: 0,
            handing_over: None,
            counts: Counts::default(),
            story: told.then(VecDeque::new),
        }
    }

    pub(crate) fn tell(&mut self, what: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(story) = &mut self.story {
            story.push_back(format!("{:>9.3} ms  {}", now as f64 / 1_000.0, what()));
            if story.len() > 400 {
                story.pop_front();
            }
        }
    }

    pub(crate) fn after(&mut self, delay: u64, happening: Happening) {
        self.scheduled += 1;
        self.agenda.push(Reverse((self.now + delay, self.scheduled)));
        self.happenings.insert(self.scheduled, happening);
    }

    /// The next thing that happens, if it is due before this time.
    pub(crate) fn next(&mut self, until: u64) -> Option<Happening> {
        let Reverse((at, number)) = self.agenda.peek().copied()?;
        if at >= until {
            self.now = until;
            return None;
        }
        self.agenda.pop();
        self.now = at;
        self.happenings.remove(&number)
    }

    pub(crate) fn servers(&self) -> impl Iterator<Item = &Server> {
        self.hosts.iter().filter_map(|host| host.server.as_ref())
    }

    pub(crate) fn host(&mut self, node: NodeId) -> &mut Host {
        &mut self.hosts[node.index()]
    }

    pub(crate) fn restart(&mut self, node: NodeId) -> Result<(), String> {
        let host = self.host(node);
        if host.server.is_some() || host.gone {
            return Ok(());
        }
        let mut out = Outbox::new();
        host.start += 1;
        host.applied = host.disk.log().snapshot().last.index;
        let saved = host.saved.get(&host.applied);
        host.state = *saved.ok_or(format!("{node}: the snapshot up to {} is nowhere", host.applied))?;
        host.server = Some(Server::restart(host.config, host.disk.clone(), &mut out));
        self.tell(|| format!("{node} starts"));
        self.perform(node, out, None)
    }

    pub(crate) fn crash(&mut self, node: NodeId) -> Result<(), String> {
        self.tell(|| format!("{node} crashes"));
        let (host, random) = (&mut self.hosts[node.index()], &mut self.random);
        let lost = host.crash(random)?;
        self.safety.forget(node);
        self.counts.add(What::Crashes, 1);
        self.counts.add(What::WritesLost, lost as u64);
        let back = self.random.within(1, 6 * T);
        self.after(back, Happening::ComeBack(node));
        Ok(())
    }

    /// The host's server handles an event. It may crash before it has done all that follows.
    pub(crate) fn step(&mut self, node: NodeId, event: Event<Server>) -> Result<(), String> {
        let fatal = !self.calm && self.random.permille(self.profile.crash_within_step);
        let twice = self.random.permille(30);
        self.tell(|| format!("{node} <- {event:?}"));
        let Some(server) = self.hosts[node.index()].server.as_mut() else { return Ok(()) };
        let (mut out, led) = (Outbox::new(), server.is_leader());
        if twice {
            let (mut twin, mut again) = (server.clone(), Outbox::new());
            twin.step(event.clone(), &mut again);
            server.step(event, &mut out);
            if (&twin, &again) != (&*server, &out) {
                return Err(format!("{node}: the same step has different effects"));
            }
        } else {
            server.step(event, &mut out);
        }
        if led && !server.is_leader() && !server.membership().voters().contains(node) {
            self.counts.add(What::LeadersThatResigned, 1);
        }
        let ops: Vec<_> = out.drain().collect();
        let performed = if fatal { self.random.within(0, ops.len() as u64 + 1) as usize } else { ops.len() };
        self.counts.add(What::Steps, 1);
        if fatal {
            self.counts.add(What::CrashesWithinAStep, 1);
        }
        self.carry_out(node, ops, fatal.then_some(performed))
    }

    fn perform(&mut self, node: NodeId, mut out: Outbox<Server>, fatal: Option<usize>) -> Result<(), String> {
        let ops = out.drain().collect();
        self.carry_out(node, ops, fatal)
    }

    fn carry_out(&mut self, node: NodeId, ops: Vec<Op<Server>>, fatal: Option<usize>) -> Result<(), String> {
        for op in ops.into_iter().take(fatal.unwrap_or(usize::MAX)) {
            match op {
                Op::Write(write) => self.write(node, write),
                Op::Sync => self.host(node).sync()?,
                Op::Send { to, message } => self.send(node, to, message)?,
                Op::Arm(timer) => self.arm(node, timer),
                Op::Disarm(timer) => drop(self.host(node).timers.remove(&timer)),
                Op::Output(output) => self.hear(node, output)?,
            }
        }
        if fatal.is_some() {
            return self.crash(node);
        }
        let host = &self.hosts[node.index()];
        let Some(server) = &host.server else { return Ok(()) };
        self.safety.step(server)?;
        if self.random.permille(100) {
            safety::disk(server, &host.whole_disk())?;
        }
        if !host.unsynced.is_empty() || host.untold.is_some() {
            if !host.config.options().write_behind && !host.unsynced.is_empty() {
                return Err(format!("{node}: something is written and nothing waits for it"));
            }
            let (start, delay) = (host.start, self.random.within(1, self.profile.disk_latency));
            self.after(delay, Happening::Persist(node, start));
        }
        Ok(())
    }

    fn write(&mut self, node: NodeId, write: Write<u64>) {
        let host = &mut self.hosts[node.index()];
        match &write {
            Write::Log(LogWrite::Append { after, .. }) => {
                let last = host.whole_disk().log().last().index;
                self.counts.add(What::Truncations, u64::from(*after < last));
            }
            Write::Log(LogWrite::Compact(_)) => self.counts.add(What::Compactions, 1),
            Write::Log(LogWrite::Install(_)) | Write::Ballot(_) => {}
        }
        host.unsynced.push(write);
    }

    pub(crate) fn persist(&mut self, node: NodeId, start: u64) -> Result<(), String> {
        let host = self.host(node);
        if host.start != start || host.server.is_none() {
            return Ok(());
        }
        host.sync()?;
        match host.untold.take() {
            Some(position) if host.config.options().write_behind => {
                self.counts.add(What::DisksThatCaughtUp, 1);
                self.step(node, Event::Input(Input::Persisted(position)))
            }
            _ => Ok(()),
        }
    }

    fn arm(&mut self, node: NodeId, timer: Timer) {
        let duration = match timer {
            Timer::Election => self.random.within(T, 2 * T),
            Timer::Lease | Timer::Quorum => T,
            Timer::Heartbeat => T / 10,
        };
        let (number, host) = (self.scheduled + 1, self.host(node));
        host.timers.insert(timer, number);
        let duration = duration * host.rate / 1_000;
        self.after(duration, Happening::Expire(node, timer, number));
    }

    pub(crate) fn expire(&mut self, node: NodeId, timer: Timer, number: u64) -> Result<(), String> {
        if self.host(node).timers.get(&timer) != Some(&number) {
            return Ok(());
        }
        self.host(node).timers.remove(&timer);
        self.step(node, Event::Timer(timer))?;
        if timer == Timer::Heartbeat && self.profile.leases.is_some() {
            self.renew(node)?;
        }
        Ok(())
    }

    fn send(&mut self, from: NodeId, to: NodeId, message: Message<u64>) -> Result<(), String> {
        if to == from {
            return Err(format!("{from} writes to itself: {message:?}"));
        }
        if to.index() >= self.hosts.len() {
            return Err(format!("{from} writes to {to}, who does not exist: {message:?}"));
        }
        let mut state = None;
        let mut latency = self.latency();
        if let Message::Snapshot { snapshot, .. } = &message {
            let (index, saved) = (snapshot.last.index, &self.hosts[from.index()].saved);
            state = Some(*saved.get(&index).ok_or(format!("{from} offers a snapshot that nobody made"))?);
            if self.transfers.contains(&(from, to, index)) {
                return Ok(()); // It is under way already.
            }
            latency += self.random.within(self.profile.transfer_time / 2, self.profile.transfer_time);
        }
        let cut = self.cut.contains(&(from, to)) || self.hosts[from.index()].server.is_none();
        if cut || !self.calm && self.random.permille(self.profile.loss) {
            self.counts.add(What::MessagesLost, 1);
            return Ok(());
        }
        if let Message::Snapshot { snapshot, .. } = &message {
            self.transfers.insert((from, to, snapshot.last.index));
        }
        let letter = Letter { from, to, message, state };
        let asks = matches!(
            letter.message,
            Message::Election(election::Message::RequestVote { transfer: false, .. })
        );
        if let Some(kept) = self.kept.as_mut().filter(|_| asks) {
            kept.push(letter.clone());
        }
        if !self.calm && self.random.permille(self.profile.repeat) {
            self.counts.add(What::MessagesRepeated, 1);
            let late = self.latency() * self.random.within(1, 20);
            self.after(late, Happening::Arrive(letter.clone()));
        }
        self.after(latency, Happening::Arrive(letter));
        Ok(())
    }

    fn latency(&mut self) -> u64 {
        let slow = !self.calm && self.random.permille(self.profile.slow);
        self.random.within(500, 5_000) * if slow { self.random.within(1, 80) } else { 1 }
    }

    pub(crate) fn arrive(&mut self, letter: Letter) -> Result<(), String> {
        let Letter { from, to, message, state } = letter;
        if let Message::Snapshot { snapshot, .. } = &message {
            self.transfers.remove(&(from, to, snapshot.last.index));
        }
        let cut = self.cut.contains(&(from, to));
        let host = self.host(to);
        if cut || host.server.is_none() {
            return Ok(());
        }
        if let (Message::Snapshot { snapshot, .. }, Some(state)) = (&message, state) {
            host.saved.insert(snapshot.last.index, state);
            let known = u64::from(snapshot.last.index <= host.applied);
            self.counts.add(What::SnapshotsThatWereKnown, known);
        }
        self.step(to, Event::Message { from, message })
    }

    /// The last request for a vote of one to the other comes once more.
    pub(crate) fn deliver_late(&mut self, from: NodeId, to: NodeId) -> Result<(), String> {
        let mut kept = self.kept.iter().flatten().rev();
        let letter = kept.find(|letter| letter.from == from && letter.to == to).cloned();
        letter.map_or(Ok(()), |letter| self.arrive(letter))
    }

    fn hear(&mut self, node: NodeId, output: Output) -> Result<(), String> {
        self.tell(|| format!("{node} says {output:?}"));
        match output {
            Output::Leader(changed) => {
                if changed.leader == Some(node) {
                    self.counts.add(What::Leaders, 1);
                    let handed = self.handing_over == Some((changed.term.get() - 1, node));
                    self.counts.add(What::TransfersDone, u64::from(handed));
                }
            }
            Output::Committed(index) => self.apply(node, index)?,
            Output::Restore(snapshot) => {
                let host = self.host(node);
                let saved = host.saved.get(&snapshot.last.index);
                host.state = *saved.ok_or(format!("{node}: restores what it does not have"))?;
                host.applied = snapshot.last.index;
                self.counts.add(What::SnapshotsInstalled, 1);
            }
            Output::Read { token, index } => {
                let asked = self.reads.remove(&token).ok_or(format!("{node}: answers {token} twice"))?;
                if index < asked {
                    return Err(format!(
                        "{node}: a read as of {index}, when {asked} was committed before it"
                    ));
                }
                self.counts.add(What::ReadsAnswered, 1);
            }
            Output::Refused(Refused::Read(_), _) => self.counts.add(What::ReadsRefused, 1),
            Output::Refused(Refused::Transfer(_), why) => {
                let late = why == althing::raft::Refusal::TimedOut;
                self.counts.add(What::TransfersGivenUp, u64::from(late));
            }
            Output::Refused(Refused::Proposal | Refused::Forwarded(_), _) => {
                self.counts.add(What::ProposalsRefused, 1);
            }
            Output::Refused(Refused::Message(from), why) => {
                return Err(format!("{node} refuses an honest message of {from}: {why}"));
            }
            Output::Refused(Refused::Change | Refused::Compaction(_), _) => {}
        }
        Ok(())
    }

    fn apply(&mut self, node: NodeId, index: Index) -> Result<(), String> {
        let host = &mut self.hosts[node.index()];
        let Some(server) = &host.server else { return Ok(()) };
        if index <= host.applied || index > server.commit() {
            return Err(format!("{node}: told that {index} is committed after {}", host.applied));
        }
        server.log().commands(host.applied, index).for_each(|(_, command)| host.state.apply(*command));
        host.applied = index;
        let state = host.state;
        self.safety.step(server)?;
        self.remember();
        if self.states[index.get() as usize] != state {
            return Err(format!("State Machine Safety: {node} has applied other commands up to {index}"));
        }
        Ok(())
    }

    /// Extends the states by what was committed since.
    fn remember(&mut self) {
        for (ask, index) in self.safety.since(Index::new(self.states.len() as u64 - 1)) {
            let mut state = self.states[index.get() as usize - 1];
            match ask {
                safety::Ask::Command(command) => state.apply(*command),
                safety::Ask::Members(members) => {
                    let what = if members.is_joint() { What::ChangesBegun } else { What::ChangesDone };
                    self.counts.add(what, 1);
                }
                safety::Ask::Nothing => {}
            }
            self.counts.add(What::Committed, 1);
            self.states.push(state);
        }
    }

    /// Everything is held against everything.
    pub(crate) fn judge(&mut self) -> Result<(), String> {
        let servers: Vec<_> = self.hosts.iter().filter_map(|host| host.server.as_ref()).collect();
        self.safety.all(&servers)
    }

    pub(crate) fn all(&self) -> NodeSet {
        NodeSet::first(self.hosts.len() as u8)
    }
}
