//! A server of a replicated log (paper, Figure 2): the election with a log.
//!
//! What a server does about entries is in [`replication`](super::replication), about membership,
//! snapshots, reads and transfers in the files of those names; here is what it is made of, and who
//! handles which event.
//!
//! # What the host does
//!
//! - **Operations and timers.** It performs the operations in order, as the [front page](crate)
//!   says, and runs the timers of the election with the durations stated there.
//! - **Commands.** It applies those that [`Output::Committed`] covers, in order, from
//!   [`Raft::log`], beginning after those that it has applied: a server that restarts knows
//!   nothing of what was committed and says it again.
//! - **Clients.** After a step with [`Input::Propose`] that is not refused, the last entries of
//!   [`Raft::log`] are the commands. The host keeps their [`Position`]s, and answers a client once
//!   that index is committed and [`Log::contains`] that position still. Another term there is
//!   another leader's entry, and the command may be lost: the client asks again, in its
//!   [session](crate::raft::Sessions).
//! - **Snapshots.** When its log has become long, it makes a snapshot of what it has applied, makes
//!   it durable, and then says [`Input::Compact`]; it keeps some entries for followers that are a
//!   little behind. It hands a [`Message::Snapshot`] over once the state that came with it is
//!   durable, and loads it at [`Output::Restore`]. After a restart it loads the state of
//!   [`Log::snapshot`] by itself. A state that it has received it may hand over again, when a
//!   later leader offers the same.
//! - **Members.** The first members of a cluster all start with the same membership, and one that
//!   joins later with [`Membership::UNKNOWN`]. To replace a server, add the new one under another
//!   number. A server that has lost its disk is a new server: the old number may be in votes and
//!   answers that are still under way, and is free again only when none can be. A server that is
//!   removed may never hear of it: whoever asked for the change stops it once that is committed.

use crate::machine::{Event, Machine};
use crate::node::{NodeId, NodeMap, NodeSet, Relabel, Renaming};
use crate::outbox::{Outbox, Persistent, Writes};
use crate::raft::ballot::{Ballot, Term};
use crate::raft::config::Config;
use crate::raft::disk::{Disk, Write};
use crate::raft::election::{self, Effects, Election, LeaderChanged, Published, Timer};
use crate::raft::entry::{Batch, Command, Commands};
use crate::raft::log::{Log, Snapshot};
use crate::raft::membership::Membership;
use crate::raft::message::{Answer, Message};
use crate::raft::position::{Index, Position};
use crate::raft::progress::Progress;
use crate::raft::read::Reads;
use crate::raft::refusal::{Refusal, Refused};
use crate::raft::rules::Rules;

/// What the host asks of a server.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", bound(deserialize = "T: serde::Deserialize<'de>"))
)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Input<T> {
    /// Replicate these commands, in this order. A host with several of them waiting proposes them
    /// together: they travel in one message, as far as the limits allow. After the step they are the last entries of the
    /// leader's log, unless they are refused or the follower has passed them on.
    Propose(Commands<T>),
    /// Change the membership to this one, which has no change under way. It is done once
    /// [`Raft::membership`] says so and that entry is committed.
    Change(Membership),
    /// Hand the leadership over to this voter (thesis 3.10).
    Transfer(NodeId),
    /// Is this server the leader still? Answered by [`Output::Read`] with the same number, which
    /// means nothing to the server and may be used again.
    Read(u64),
    /// The host has a snapshot of the state up to here, which it has applied.
    Compact(Index),
    /// The log is durable up to this entry; with
    /// [`Options::write_behind`](crate::raft::Options::write_behind) only.
    Persisted(Position),
    /// Messages to this server, or a snapshot, did not get through.
    Unreachable(NodeId),
}

/// What a server tells its host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Output {
    /// The term, or who leads in it, is another now.
    Leader(LeaderChanged),
    /// Every entry up to here is committed: apply those that are not applied yet.
    Committed(Index),
    /// The state is to be replaced by that of this snapshot, which came with the message.
    Restore(Snapshot),
    /// A read may be served once the state has been applied up to `index`.
    Read {
        /// The number that the host gave.
        token: u64,
        /// The least state that answers it.
        index: Index,
    },
    /// What was asked is not done, and why. The server is as it was.
    Refused(Refused, Refusal),
}

/// One server of a cluster that replicates commands `T`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Raft<T, R = Published> {
    pub(super) config: Config<R>,
    /// Its credential is `log.last()`, its voters are those of [`Raft::membership`].
    pub(super) election: Election<Position, R>,
    pub(super) log: Persistent<Log<T>>,
    /// The membership in use, and the place of the entry that says it.
    pub(super) membership: (Index, Membership),
    /// `log.snapshot().last.index <= commit <= log.last().index`.
    pub(super) commit: Index,
    /// `Some` if and only if the election says that this server leads.
    pub(super) leading: Option<Leading>,
}

/// What a server remembers while it leads.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Leading {
    /// All other members.
    pub(super) followers: NodeMap<Progress>,
    /// Up to here the log is on this server's own disk: `durable <= log.last().index`.
    pub(super) durable: Index,
    /// To whom the leadership is being handed over.
    pub(super) transfer: Option<NodeId>,
    pub(super) reads: Reads,
}

pub(super) type Out<T, R> = Outbox<Raft<T, R>>;

impl<T: Command, R: Rules> Machine for Raft<T, R> {
    type Config = Config<R>;
    type Durable = Disk<T>;
    type Input = Input<T>;
    type Message = Message<T>;
    type Timer = Timer;
    type Output = Output;

    fn restart(config: Config<R>, disk: Disk<T>, out: &mut Out<T, R>) -> Self {
        let (ballot, log) = disk.into_parts();
        let membership = membership_of(&log, log.last().index, config.initial);
        let options = config.options;
        let election = election::Config::composed(config.id, membership.1.voters())
            .with_credential(log.last())
            .with_rules(config.rules)
            .with_pre_vote(options.pre_vote)
            .with_check_quorum(options.check_quorum);
        let election = Election::start(election, ballot, &mut Within(out));
        let commit = log.snapshot().last.index;
        Self { config, election, log: Persistent::restored(log), membership, commit, leading: None }
    }

    fn durable(&self) -> Disk<T> {
        Disk::from_parts(self.election.durable(), (*self.log).clone())
    }

    fn step(&mut self, event: Event<Self>, out: &mut Out<T, R>) {
        let before = self.election.status();
        match event {
            Event::Message { from, message } => self.receive(from, message, out),
            Event::Timer(timer) => self.expire(timer, out),
            Event::Input(input) => self.handle(input, out),
        }
        self.follow_election(before, out);
        self.flush(out);
    }
}

/// What a server knows.
impl<T: Command, R: Rules> Raft<T, R> {
    /// The server's name.
    pub fn id(&self) -> NodeId {
        self.config.id
    }

    /// What the server was told at its start.
    pub fn config(&self) -> &Config<R> {
        &self.config
    }

    /// Term, vote and role.
    pub fn election(&self) -> &Election<Position, R> {
        &self.election
    }

    /// The latest term that the server has seen.
    pub fn term(&self) -> Term {
        self.election.term()
    }

    /// The leader of the current term, as far as the server knows.
    pub fn leader(&self) -> Option<NodeId> {
        self.election.leader()
    }

    /// Whether the server leads in the current term.
    pub fn is_leader(&self) -> bool {
        self.leading.is_some()
    }

    /// The log.
    pub fn log(&self) -> &Log<T> {
        &self.log
    }

    /// Up to where the server knows the log to be committed.
    pub fn commit(&self) -> Index {
        self.commit
    }

    /// The membership in use: the latest in the log, committed or not.
    pub fn membership(&self) -> Membership {
        self.membership.1
    }

    /// The place of the entry that says the membership in use.
    pub fn membership_index(&self) -> Index {
        self.membership.0
    }

    /// What a leader knows of its followers.
    pub fn leading(&self) -> Option<&Leading> {
        self.leading.as_ref()
    }

    /// Whether an entry of the current term is committed: what the leader knows then to be
    /// committed is all that is (thesis 6.4).
    pub fn has_committed_in_term(&self) -> bool {
        self.log.term_at(self.commit) == Some(self.term())
    }

    pub(super) fn rules(&self) -> R {
        self.config.rules
    }
}

impl Leading {
    /// The followers, with what is known of each.
    pub fn followers(&self) -> impl Iterator<Item = (NodeId, &Progress)> {
        self.followers.iter()
    }

    /// Up to here the log is on the leader's own disk.
    pub fn durable(&self) -> Index {
        self.durable
    }

    /// To whom the leadership is being handed over.
    pub fn transfer(&self) -> Option<NodeId> {
        self.transfer
    }

    /// The reads that are not confirmed yet.
    pub fn reads(&self) -> &Reads {
        &self.reads
    }

    /// The followers of whom this is known, and the leader if it is given.
    pub(super) fn members_with(&self, leader: Option<NodeId>, known: impl Fn(&Progress) -> bool) -> NodeSet {
        let with = self.followers.iter().filter(|(_, progress)| known(progress));
        with.map(|(node, _)| node).chain(leader).collect()
    }
}

/// Who handles which event.
impl<T: Command, R: Rules> Raft<T, R> {
    fn receive(&mut self, from: NodeId, message: Message<T>, out: &mut Out<T, R>) {
        if from == self.config.id {
            return self.refuse(Refused::Message(from), Refusal::OwnMessage, out);
        }
        match message {
            Message::Election(message) => self.elect(from, message, out),
            Message::Append { term, prev, entries, commit, round } => {
                let answer = match self.hear(from, term, out) {
                    true => self.append(from, prev, entries, commit, out),
                    false => Some(Answer::Stale),
                };
                self.answer(from, answer, round, out);
            }
            Message::Committed { term, last } => self.learn_commit(from, term, last, out),
            Message::Snapshot { term, snapshot, round } => {
                let answer = match self.hear(from, term, out) {
                    true => self.install(from, snapshot, out),
                    false => Some(Answer::Stale),
                };
                self.answer(from, answer, round, out);
            }
            Message::AppendReply { term, answer, round } => self.count(from, term, answer, round, out),
            Message::TimeoutNow { term } => self.stand_now(from, term, out),
            Message::Propose { term, commands } => self.propose_forwarded(from, term, commands, out),
        }
    }

    fn elect(&mut self, from: NodeId, message: election::Message<Position>, out: &mut Out<T, R>) {
        match message {
            // Only `Append` is a heartbeat here.
            election::Message::Heartbeat { .. } | election::Message::HeartbeatReply { .. } => {
                self.refuse(Refused::Message(from), Refusal::BareHeartbeat, out);
            }
            election::Message::PreVote { .. }
            | election::Message::PreVoteReply { .. }
            | election::Message::RequestVote { .. }
            | election::Message::VoteReply { .. } => {
                self.election.receive(from, message, &mut Within(out));
            }
        }
    }

    /// The leader of this term was heard from. Whether that is the server's own term (5.1).
    fn hear(&mut self, from: NodeId, term: Term, out: &mut Out<T, R>) -> bool {
        let current = !self.rules().is_stale(term, self.term());
        self.election.receive(from, election::Message::Heartbeat { term }, &mut Within(out));
        current
    }

    fn answer(&self, to: NodeId, answer: Option<Answer>, round: u64, out: &mut Out<T, R>) {
        if let Some(answer) = answer {
            out.send(to, Message::AppendReply { term: self.term(), answer, round });
        }
    }

    fn expire(&mut self, timer: Timer, out: &mut Out<T, R>) {
        if timer == Timer::Election && self.is_needed_without_vote() {
            return self.election.stand(&mut Within(out));
        }
        self.election.expire(timer, &mut Within(out));
        match timer {
            Timer::Heartbeat => self.assert_leadership(out),
            Timer::Quorum => self.give_up_transfer(out),
            Timer::Election | Timer::Lease => {}
        }
    }

    fn handle(&mut self, input: Input<T>, out: &mut Out<T, R>) {
        match input {
            Input::Propose(commands) => self.propose(commands, out),
            Input::Change(membership) => self.change(membership, out),
            Input::Transfer(to) => self.transfer(to, out),
            Input::Read(token) => self.read(token, out),
            Input::Compact(index) => self.compact(index, out),
            Input::Persisted(position) => self.persisted(position, out),
            Input::Unreachable(node) => self.unreachable(node),
        }
    }

    pub(super) fn refuse(&self, what: Refused, why: Refusal, out: &mut Out<T, R>) {
        out.output(Output::Refused(what, why));
    }
}

/// Changes of role.
impl<T: Command, R: Rules> Raft<T, R> {
    /// Begins or ends to lead, as the election says.
    pub(super) fn follow_election(&mut self, before: LeaderChanged, out: &mut Out<T, R>) {
        let status = self.election.status();
        if status != before {
            out.output(Output::Leader(status));
        }
        let leads_on = self.election.is_leader() && status.term == before.term;
        if !leads_on && let Some(led) = self.leading.take() {
            for token in led.reads.tokens() {
                self.refuse(Refused::Read(token), Refusal::NotLeader { leader: status.leader }, out);
            }
        }
        if self.election.is_leader() && self.leading.is_none() {
            self.lead(out);
        }
    }

    /// Paper 5.3 and thesis 6.4: a leader knows nothing of its followers, and begins its term with
    /// an entry that asks for nothing.
    fn lead(&mut self, out: &mut Out<T, R>) {
        let last = self.log.last().index;
        // Its ballot is on the disk, so all that was written before it is, too.
        self.leading = Some(Leading {
            followers: NodeMap::new(),
            durable: last,
            transfer: None,
            reads: Reads::default(),
        });
        self.track_members(out);
        self.append_own(Batch::Noop, out);
    }
}

/// The membership in a log, or the initial one if there is none.
pub(super) fn membership_of<T: Command>(log: &Log<T>, at: Index, initial: Membership) -> (Index, Membership) {
    match log.membership_at(at) {
        (_, Membership::UNKNOWN) => (Index::default(), initial),
        known => known,
    }
}

/// The outbox of a server, as its election sees it. Heartbeats and their timer do not pass: the
/// server sends `Append` in their place, and not just to voters.
pub(super) struct Within<'a, T: Command, R: Rules>(pub(super) &'a mut Out<T, R>);

impl<T: Command, R: Rules> Writes<Ballot> for Within<'_, T, R> {
    fn write(&mut self, ballot: Ballot) {
        Writes::<Write<T>>::write(self.0, Write::Ballot(ballot));
    }
}

impl<T: Command, R: Rules> Effects<Position> for Within<'_, T, R> {
    fn send(&mut self, to: NodeId, message: election::Message<Position>) {
        match message {
            election::Message::Heartbeat { .. } | election::Message::HeartbeatReply { .. } => {}
            election::Message::PreVote { .. }
            | election::Message::PreVoteReply { .. }
            | election::Message::RequestVote { .. }
            | election::Message::VoteReply { .. } => self.0.send(to, Message::Election(message)),
        }
    }

    fn arm(&mut self, timer: Timer) {
        if timer != Timer::Heartbeat {
            self.0.arm(timer);
        }
    }

    fn disarm(&mut self, timer: Timer) {
        self.0.disarm(timer);
    }
}

impl<T: Clone> Relabel for Input<T> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        match self {
            Self::Change(membership) => Self::Change(membership.relabel(renaming)),
            Self::Transfer(to) => Self::Transfer(to.relabel(renaming)),
            Self::Unreachable(node) => Self::Unreachable(node.relabel(renaming)),
            Self::Propose(_) | Self::Read(_) | Self::Compact(_) | Self::Persisted(_) => self.clone(),
        }
    }
}

impl Relabel for Leading {
    fn relabel(&self, renaming: &Renaming) -> Self {
        let followers = self.followers.iter();
        Self {
            followers: followers.map(|(node, progress)| (renaming.apply(node), *progress)).collect(),
            durable: self.durable,
            transfer: self.transfer.relabel(renaming),
            reads: self.reads.clone(),
        }
    }
}

impl<T: Clone, R: Rules> Relabel for Raft<T, R> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self {
            config: self.config.relabel(renaming),
            election: self.election.relabel(renaming),
            log: self.log.relabel(renaming),
            membership: (self.membership.0, self.membership.1.relabel(renaming)),
            commit: self.commit,
            leading: self.leading.relabel(renaming),
        }
    }
}
