//! Leader election: who leads in which term (paper, Figure 2 and sections 5.1, 5.2, 5.4.1), with
//! pre-vote (thesis 9.6), leader stickiness (4.2.3) and check-quorum (6.2).
//!
//! The election is a machine of its own. Raft composes it with a log, and then a candidate's
//! credential is the position of its last entry; alone, with the credential `()`, it gives a
//! seat to one of several peers, such as the orchestrator of a group of agents.
//!
//! # What the host does with the timers
//!
//! With `T` the minimum election timeout, much longer than a round trip:
//!
//! | timer | duration | armed while |
//! |---|---|---|
//! | [`Timer::Election`] | at random in `T..2T`, drawn anew at each `Arm` | not leading |
//! | [`Timer::Lease`] | `T` | following a leader, with pre-vote or check-quorum |
//! | [`Timer::Heartbeat`] | a fraction of `T`, such as `T / 10` | leading others |
//! | [`Timer::Quorum`] | `T` | leading others, with check-quorum |
//!
//! No choice of durations can break safety: an expiry may come at any moment. Only reads by
//! [lease](crate::raft::lease), if a host makes any, rest on them.
#![doc = include_str!("host.md")]

use core::fmt;

use crate::machine::{Event, Machine, Value};
use crate::node::{NodeId, NodeSet, Relabel, Renaming};
use crate::outbox::{Outbox, Persistent, Writes};
use crate::quorum::Voters;

pub mod invariants;
pub mod message;
pub mod rules;

pub use crate::raft::ballot::{Ballot, Term};
pub use message::Message;
pub use rules::{Published, Rules};

/// What makes one candidate better than another (paper, 5.4.1): the greater the more up-to-date.
pub trait Credential: Value + Copy + Ord {}

impl<T: Value + Copy + Ord> Credential for T {}

/// What a server is told at its start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Config<C = (), R = Published> {
    id: NodeId,
    voters: Voters,
    credential: C,
    pre_vote: bool,
    check_quorum: bool,
    rules: R,
}

/// Why a configuration is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A server that is not a voter can neither vote nor be elected.
    #[error("{id} is not among the voters {voters:?}")]
    NotAVoter {
        /// The server.
        id: NodeId,
        /// The voters that were given.
        voters: NodeSet,
    },
}

impl Config {
    /// Server `id` in a cluster of these voters, itself among them, with pre-vote and
    /// check-quorum on.
    ///
    /// # Errors
    /// [`ConfigError::NotAVoter`] if `id` is not one of `voters`.
    pub fn new(id: NodeId, voters: NodeSet) -> Result<Self, ConfigError> {
        if !voters.contains(id) {
            return Err(ConfigError::NotAVoter { id, voters });
        }
        Ok(Self::composed(id, Voters::of(voters)))
    }

    /// As a part of a machine that knows who votes at present, and whether this server does.
    pub(crate) fn composed(id: NodeId, voters: Voters) -> Self {
        Self { id, voters, credential: (), pre_vote: true, check_quorum: true, rules: Published }
    }
}

impl<C: Credential, R: Rules> Config<C, R> {
    /// The same with this credential to start from.
    pub fn with_credential<D: Credential>(self, credential: D) -> Config<D, R> {
        let Self { id, voters, credential: _, pre_vote, check_quorum, rules } = self;
        Config { id, voters, credential, pre_vote, check_quorum, rules }
    }

    /// The same with other rules, to show what a rule is good for. What ships is [`Published`].
    pub fn with_rules<S: Rules>(self, rules: S) -> Config<C, S> {
        let Self { id, voters, credential, pre_vote, check_quorum, rules: _ } = self;
        Config { id, voters, credential, pre_vote, check_quorum, rules }
    }

    /// Whether a server asks around before it disturbs the others with a new term (thesis 9.6).
    #[must_use]
    pub fn with_pre_vote(self, pre_vote: bool) -> Self {
        Self { pre_vote, ..self }
    }

    /// Whether a leader that hears no majority steps down (thesis 6.2), and servers that hear a
    /// leader refuse to elect another (4.2.3). The two belong together: without the first, the
    /// second would keep a leader that cannot be reached.
    #[must_use]
    pub fn with_check_quorum(self, check_quorum: bool) -> Self {
        Self { check_quorum, ..self }
    }

    /// The server.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// All voters, this server among them.
    pub fn voters(&self) -> NodeSet {
        self.voters.all()
    }

    /// The credential at the start.
    pub fn credential(&self) -> C {
        self.credential
    }

    /// Whether pre-vote is on.
    pub fn pre_vote(&self) -> bool {
        self.pre_vote
    }

    /// Whether check-quorum is on.
    pub fn check_quorum(&self) -> bool {
        self.check_quorum
    }
}

/// What a server is at present (paper, Figure 4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Role {
    /// Answers others.
    Follower {
        /// The leader of the current term, if it was heard from within the minimum election
        /// timeout.
        leader: Option<NodeId>,
    },
    /// Asks whether it would be elected (thesis 9.6).
    PreCandidate {
        /// Who would vote for it, itself included.
        votes: NodeSet,
    },
    /// Asks to be elected.
    Candidate {
        /// Who voted for it in the current term, itself included.
        votes: NodeSet,
    },
    /// Was elected in the current term.
    Leader {
        /// Who answered since [`Timer::Quorum`] last expired, itself included. Without
        /// check-quorum just itself.
        active: NodeSet,
    },
}

/// The timers of an election; see the [module](self) for their durations.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Timer {
    /// No leader was heard from, or none emerged: time to stand for election.
    Election,
    /// The leader was silent for the minimum election timeout: others may stand.
    Lease,
    /// Time for the leader to assert itself.
    Heartbeat,
    /// Time for the leader to ask itself whether a majority still hears it.
    Quorum,
}

/// What the host asks of an election.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Input<C> {
    /// The server's credential has grown: its log has. A smaller one is ignored. After a
    /// restart the host gives the credential that is on its disk in the configuration.
    Advance(C),
}

/// What an election tells its host: the current term, and its leader once that is known.
///
/// Emitted whenever either changes, after what caused the change is durable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LeaderChanged {
    /// The server's current term.
    pub term: Term,
    /// The leader of that term, as far as the server knows. It is the server itself if that
    /// was elected.
    pub leader: Option<NodeId>,
}

/// One server of an election.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Election<C = (), R = Published> {
    config: Config<C, R>,
    ballot: Persistent<Ballot>,
    /// Alone: `credential >= config.credential`.
    credential: C,
    role: Role,
    /// Who votes at present. Alone, as the configuration says.
    voters: Voters,
}

/// Where the effects of an election go: to its host, or to the machine that it is a part of.
pub trait Effects<C>: Writes<Ballot> {
    /// Asks for a message to be sent.
    fn send(&mut self, to: NodeId, message: Message<C>);
    /// Asks for a timer to be started, or started afresh.
    fn arm(&mut self, timer: Timer);
    /// Asks for a timer to be stopped.
    fn disarm(&mut self, timer: Timer);
}

impl<C: Credential, R: Rules> Effects<C> for Outbox<Election<C, R>> {
    fn send(&mut self, to: NodeId, message: Message<C>) {
        Outbox::send(self, to, message);
    }

    fn arm(&mut self, timer: Timer) {
        Outbox::arm(self, timer);
    }

    fn disarm(&mut self, timer: Timer) {
        Outbox::disarm(self, timer);
    }
}

impl<C: Credential, R: Rules> Machine for Election<C, R> {
    type Config = Config<C, R>;
    type Durable = Ballot;
    type Input = Input<C>;
    type Message = Message<C>;
    type Timer = Timer;
    type Output = LeaderChanged;

    fn restart(config: Config<C, R>, durable: Ballot, out: &mut Outbox<Self>) -> Self {
        Self::start(config, durable, out)
    }

    fn durable(&self) -> Ballot {
        *self.ballot
    }

    fn step(&mut self, event: Event<Self>, out: &mut Outbox<Self>) {
        let before = self.status();
        match event {
            Event::Message { from, .. } if !self.others().contains(from) => {} // A stranger has no say.
            Event::Message { from, message } => self.receive(from, message, out),
            Event::Timer(timer) => self.expire(timer, out),
            Event::Input(Input::Advance(credential)) => self.advance(credential),
        }
        if self.status() != before {
            out.output(self.status());
        }
    }
}

/// For the machine that the election is a part of: the same functions that its own `step` calls.
impl<C: Credential, R: Rules> Election<C, R> {
    pub(crate) fn start(config: Config<C, R>, ballot: Ballot, out: &mut impl Effects<C>) -> Self {
        out.arm(Timer::Election);
        Self::from_parts(config, ballot, config.credential, Role::Follower { leader: None })
    }

    pub(crate) fn expire(&mut self, timer: Timer, out: &mut impl Effects<C>) {
        match timer {
            Timer::Election => self.election_timeout(out),
            Timer::Lease => self.lease_timeout(),
            Timer::Heartbeat => self.heartbeat_timeout(out),
            Timer::Quorum => self.quorum_timeout(out),
        }
    }

    /// The leader leads no longer, though nobody deposed it (thesis 4.2.2).
    pub(crate) fn resign(&mut self, out: &mut impl Effects<C>) {
        self.follow(self.term(), None, out);
    }

    /// The log is now this up-to-date, and these are the voters.
    pub(crate) fn set(&mut self, credential: C, voters: Voters) {
        self.credential = credential;
        self.voters = voters;
    }
}

/// What a server knows.
impl<C: Credential, R: Rules> Election<C, R> {
    /// A server in any state, reachable or not, to check claims about all of them. A host
    /// starts a server with [`Machine::restart`].
    pub fn from_parts(config: Config<C, R>, ballot: Ballot, credential: C, role: Role) -> Self {
        Self { config, ballot: Persistent::restored(ballot), credential, role, voters: config.voters }
    }

    /// The server's name.
    pub fn id(&self) -> NodeId {
        self.config.id
    }

    /// What the server was told at its start.
    pub fn config(&self) -> &Config<C, R> {
        &self.config
    }

    /// The latest term that the server has seen.
    pub fn term(&self) -> Term {
        self.ballot.term
    }

    /// Whom the server voted for in the current term.
    pub fn vote(&self) -> Option<NodeId> {
        self.ballot.vote
    }

    /// The server's role in the current term.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The server's credential.
    pub fn credential(&self) -> C {
        self.credential
    }

    /// The leader of the current term, as far as the server knows.
    pub fn leader(&self) -> Option<NodeId> {
        match self.role {
            Role::Follower { leader } => leader,
            Role::PreCandidate { .. } | Role::Candidate { .. } => None,
            Role::Leader { .. } => Some(self.config.id),
        }
    }

    /// Whether the server leads in the current term.
    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader { .. })
    }

    /// Who votes at present.
    pub fn voters(&self) -> Voters {
        self.voters
    }

    pub(crate) fn status(&self) -> LeaderChanged {
        LeaderChanged { term: self.term(), leader: self.leader() }
    }

    fn rules(&self) -> R {
        self.config.rules
    }

    fn others(&self) -> NodeSet {
        self.voters.all().without(self.config.id)
    }

    /// Whether the server has to know for how long it has not heard from its leader.
    fn keeps_lease(&self) -> bool {
        self.config.pre_vote || self.config.check_quorum
    }
}

/// Messages (paper, Figure 2, "Rules for Servers" and "Receiver implementation").
impl<C: Credential, R: Rules> Election<C, R> {
    /// Whoever sent it: only the host of an election alone knows all that may.
    pub(crate) fn receive(&mut self, from: NodeId, message: Message<C>, out: &mut impl Effects<C>) {
        if self.disregards(&message) {
            return self.refuse(from, &message, out);
        }
        if self.rules().is_newer(message.term(), self.term()) {
            self.follow(message.term(), None, out);
        }
        match message {
            Message::PreVote { term, credential } => self.answer_pre_vote(from, term, credential, out),
            Message::PreVoteReply { term, granted } => self.count_pre_vote(from, term, granted, out),
            Message::RequestVote { term, credential, transfer: _ } => {
                self.answer_vote(from, term, credential, out)
            }
            Message::VoteReply { term, granted } => self.count_vote(from, term, granted, out),
            Message::Heartbeat { term } => self.answer_heartbeat(from, term, out),
            Message::HeartbeatReply { term } => self.count_heartbeat(from, term),
        }
    }

    /// Thesis 4.2.3 and 9.6: a request to depose a leader that is alive, or an answer by which a
    /// follower would forget it. Its term is not looked at.
    fn disregards(&self, message: &Message<C>) -> bool {
        let alive = self.rules().has_leader(self.leader());
        match message {
            Message::PreVote { .. } => alive,
            Message::RequestVote { transfer, .. } => alive && self.config.check_quorum && !transfer,
            Message::PreVoteReply { .. } | Message::VoteReply { .. } | Message::HeartbeatReply { .. } => {
                self.config.check_quorum && !self.is_leader() && !self.rules().heeds_answers(self.leader())
            }
            Message::Heartbeat { .. } => false,
        }
    }

    fn refuse(&self, to: NodeId, request: &Message<C>, out: &mut impl Effects<C>) {
        let (term, granted) = (self.term(), false);
        match request {
            Message::PreVote { .. } => out.send(to, Message::PreVoteReply { term, granted }),
            Message::RequestVote { .. } => out.send(to, Message::VoteReply { term, granted }),
            Message::PreVoteReply { .. }
            | Message::VoteReply { .. }
            | Message::Heartbeat { .. }
            | Message::HeartbeatReply { .. } => {}
        }
    }

    /// Thesis 9.6: a pre-vote promises nothing and changes nothing.
    fn answer_pre_vote(&self, from: NodeId, term: Term, credential: C, out: &mut impl Effects<C>) {
        let granted = !self.rules().is_stale(term, self.term())
            && self.rules().is_up_to_date(&credential, &self.credential);
        out.send(from, Message::PreVoteReply { term: self.term(), granted });
    }

    /// Paper, Figure 2, RequestVote RPC, receiver implementation 1 and 2.
    fn answer_vote(&mut self, from: NodeId, term: Term, credential: C, out: &mut impl Effects<C>) {
        let granted = !self.rules().is_stale(term, self.term())
            && self.rules().may_vote_for(from, self.vote())
            && self.rules().is_up_to_date(&credential, &self.credential);
        if granted {
            self.set_ballot(Ballot { vote: Some(from), ..*self.ballot }, out);
            out.arm(Timer::Election);
        }
        out.send(from, Message::VoteReply { term: self.term(), granted });
    }

    /// Paper 5.2: whoever leads in this term was elected, so a candidate gives way.
    fn answer_heartbeat(&mut self, from: NodeId, term: Term, out: &mut impl Effects<C>) {
        if !self.rules().is_stale(term, self.term()) {
            self.follow(term, Some(from), out);
        }
        out.send(from, Message::HeartbeatReply { term: self.term() });
    }

    fn count_pre_vote(&mut self, from: NodeId, term: Term, granted: bool, out: &mut impl Effects<C>) {
        let Role::PreCandidate { votes } = self.role else { return };
        if granted && self.rules().is_of_term(term, self.term()) {
            let votes = self.rules().tally(votes, from);
            self.role = Role::PreCandidate { votes };
            if self.rules().wins_jointly(votes, self.voters) {
                self.campaign(false, out);
            }
        }
    }

    fn count_vote(&mut self, from: NodeId, term: Term, granted: bool, out: &mut impl Effects<C>) {
        let Role::Candidate { votes } = self.role else { return };
        if granted && self.rules().is_of_term(term, self.term()) {
            let votes = self.rules().tally(votes, from);
            self.role = Role::Candidate { votes };
            if self.rules().wins_jointly(votes, self.voters) {
                self.lead(out);
            }
        }
    }

    /// Thesis 6.2: only check-quorum asks who answered.
    fn count_heartbeat(&mut self, from: NodeId, term: Term) {
        let Role::Leader { active } = self.role else { return };
        if self.config.check_quorum && self.rules().is_of_term(term, self.term()) {
            self.role = Role::Leader { active: active.with(from) };
        }
    }
}

/// Timers.
impl<C: Credential, R: Rules> Election<C, R> {
    /// Paper 5.2: no leader was heard from, or the vote was split.
    fn election_timeout(&mut self, out: &mut impl Effects<C>) {
        match self.role {
            Role::Leader { .. } => {}
            Role::Follower { .. } | Role::PreCandidate { .. } | Role::Candidate { .. } => {
                if self.rules().may_stand(self.config.id, self.voters) {
                    self.stand(out);
                } else {
                    out.arm(Timer::Election); // It may yet become a voter.
                }
            }
        }
    }

    /// Whether or not this server is a voter.
    pub(crate) fn stand(&mut self, out: &mut impl Effects<C>) {
        if self.config.pre_vote {
            self.ask_around(out);
        } else {
            self.campaign(false, out);
        }
    }

    /// Thesis 4.2.3: the leader has been silent for the minimum election timeout.
    fn lease_timeout(&mut self) {
        if let Role::Follower { .. } = self.role {
            self.role = Role::Follower { leader: None };
        }
    }

    /// Paper 5.2: a leader keeps its authority with heartbeats.
    fn heartbeat_timeout(&mut self, out: &mut impl Effects<C>) {
        if let Role::Leader { .. } = self.role {
            self.assert_leadership(out);
        }
    }

    /// Thesis 6.2: a leader that no majority answers makes room.
    fn quorum_timeout(&mut self, out: &mut impl Effects<C>) {
        let Role::Leader { active } = self.role else { return };
        if !self.config.check_quorum {
            return; // Armed by no election; a machine that has one may use it.
        }
        if self.voters.halves().all(|half| self.rules().keeps_leading(active, half)) {
            self.role = Role::Leader { active: NodeSet::only(self.config.id) };
            out.arm(Timer::Quorum);
        } else {
            self.follow(self.term(), None, out);
        }
    }

    /// The host's log has grown.
    fn advance(&mut self, credential: C) {
        self.credential = self.credential.max(credential);
    }
}

/// Changes of role (paper, Figure 4).
impl<C: Credential, R: Rules> Election<C, R> {
    /// To follower, of `leader` if it is known, in this term or a newer one (paper 5.1, 5.2).
    ///
    /// A newer term alone does not put the next election off (Figure 2, followers): a candidate
    /// that cannot win would keep those waiting who can.
    fn follow(&mut self, term: Term, leader: Option<NodeId>, out: &mut impl Effects<C>) {
        let led = self.is_leader();
        if led {
            out.disarm(Timer::Heartbeat);
            if self.config.check_quorum {
                out.disarm(Timer::Quorum);
            }
        }
        self.role = Role::Follower { leader };
        if led || leader.is_some() {
            out.arm(Timer::Election);
        }
        if self.keeps_lease() {
            match leader {
                Some(_) => out.arm(Timer::Lease),
                None => out.disarm(Timer::Lease),
            }
        }
        // Last, so that a vote that follows shares the wait for the disk.
        self.set_ballot(self.rules().ballot_entering(term, *self.ballot), out);
    }

    /// To pre-candidate (thesis 9.6).
    fn ask_around(&mut self, out: &mut impl Effects<C>) {
        let votes = NodeSet::only(self.config.id);
        self.role = Role::PreCandidate { votes };
        if self.rules().wins_jointly(votes, self.voters) {
            return self.campaign(false, out);
        }
        let term = self.rules().pre_vote_term(self.term());
        self.ask_for_support(Message::PreVote { term, credential: self.credential }, out);
    }

    /// To candidate (paper 5.2): a new term, a vote for itself, and a request to all others.
    pub(crate) fn campaign(&mut self, transfer: bool, out: &mut impl Effects<C>) {
        let id = self.config.id;
        let Some(term) = self.term().next() else {
            return out.arm(Timer::Election); // There is no term left to be elected in.
        };
        self.set_ballot(Ballot { term, vote: Some(id) }, out);
        let votes = NodeSet::only(id);
        self.role = Role::Candidate { votes };
        if self.rules().wins_jointly(votes, self.voters) {
            return self.lead(out);
        }
        self.ask_for_support(Message::RequestVote { term, credential: self.credential, transfer }, out);
    }

    /// To leader (paper 5.2).
    fn lead(&mut self, out: &mut impl Effects<C>) {
        self.role = Role::Leader { active: NodeSet::only(self.config.id) };
        out.disarm(Timer::Election);
        if self.config.check_quorum && !self.others().is_empty() {
            out.arm(Timer::Quorum);
        }
        self.assert_leadership(out);
    }

    fn assert_leadership(&self, out: &mut impl Effects<C>) {
        if !self.others().is_empty() {
            self.send_all(Message::Heartbeat { term: self.term() }, out);
            out.arm(Timer::Heartbeat);
        }
    }

    fn ask_for_support(&self, request: Message<C>, out: &mut impl Effects<C>) {
        if self.keeps_lease() {
            out.disarm(Timer::Lease);
        }
        self.send_all(request, out);
        out.arm(Timer::Election);
    }

    fn send_all(&self, message: Message<C>, out: &mut impl Effects<C>) {
        for peer in self.others() {
            out.send(peer, message);
        }
    }

    /// The one place that changes what is on the disk. What is there already is not written.
    fn set_ballot(&mut self, ballot: Ballot, out: &mut impl Effects<C>) {
        if ballot != *self.ballot {
            self.ballot.record(ballot, out);
        }
    }
}

impl<C: Relabel, R: Copy> Relabel for Config<C, R> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        let Self { id, voters, credential, pre_vote, check_quorum, rules } = self;
        Self {
            id: id.relabel(renaming),
            voters: voters.relabel(renaming),
            credential: credential.relabel(renaming),
            pre_vote: *pre_vote,
            check_quorum: *check_quorum,
            rules: *rules,
        }
    }
}

impl<C: Relabel> Relabel for Input<C> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        let Self::Advance(credential) = self;
        Self::Advance(credential.relabel(renaming))
    }
}

impl Relabel for Timer {
    fn relabel(&self, _: &Renaming) -> Self {
        *self
    }
}

impl Relabel for Role {
    fn relabel(&self, renaming: &Renaming) -> Self {
        match self {
            Self::Follower { leader } => Self::Follower { leader: leader.relabel(renaming) },
            Self::PreCandidate { votes } => Self::PreCandidate { votes: votes.relabel(renaming) },
            Self::Candidate { votes } => Self::Candidate { votes: votes.relabel(renaming) },
            Self::Leader { active } => Self::Leader { active: active.relabel(renaming) },
        }
    }
}

impl<C: Relabel + Credential, R: Rules> Relabel for Election<C, R> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        let Self { config, ballot, credential, role, voters } = self;
        let renamed = Self::from_parts(
            config.relabel(renaming),
            *ballot.relabel(renaming),
            credential.relabel(renaming),
            role.relabel(renaming),
        );
        Self { voters: voters.relabel(renaming), ..renamed }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Follower { leader: None } => write!(f, "follower"),
            Self::Follower { leader: Some(leader) } => write!(f, "follower of {leader}"),
            Self::PreCandidate { votes } => write!(f, "pre-candidate with {votes:?}"),
            Self::Candidate { votes } => write!(f, "candidate with {votes:?}"),
            Self::Leader { active } => write!(f, "leader, heard {active:?}"),
        }
    }
}
