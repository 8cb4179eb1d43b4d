//! One server, its disk, and what its host was last asked to do.

use althing::raft::{
    Answer, Ballot, Batch, Commands, Config, Disk, Entries, Index, Input, Log, LogWrite, Membership, Message,
    Options, Output, Position, Progress, Raft, Refusal, Refused, Snapshot, Term, Timer, Write, election,
};
use althing::{Durable, Event, Machine, NodeId, NodeSet, Op, Outbox};

pub(crate) type Server = Raft<u8>;

pub(crate) struct Subject {
    pub(crate) server: Server,
    /// What is on its disk: each write was one that a server with this disk could make.
    pub(crate) disk: Disk<u8>,
    /// The operations of the last event, in order.
    pub(crate) ops: Vec<Op<Server>>,
}

pub(crate) fn node(number: u8) -> NodeId {
    NodeId::new(number).expect("a test's node is below 128")
}

pub(crate) fn nodes(numbers: &[u8]) -> NodeSet {
    numbers.iter().map(|&number| node(number)).collect()
}

pub(crate) fn at(term: u64, index: u64) -> Position {
    Position::new(Term::new(term), Index::new(index))
}

pub(crate) fn index(number: u64) -> Index {
    Index::new(number)
}

pub(crate) fn ballot(term: u64, vote: Option<u8>) -> Ballot {
    Ballot { term: Term::new(term), vote: vote.map(node) }
}

pub(crate) fn members(voters: &[u8], learners: &[u8]) -> Membership {
    Membership::new(nodes(voters), nodes(learners)).expect("a membership")
}

/// Both together: how one leads to the other.
pub(crate) fn joint(old: &[u8], new: &[u8], learners: &[u8]) -> Membership {
    members(old, &[]).towards(members(new, learners))
}

/// Neither asks around nor checks its quorum: the paper, without the thesis' additions.
pub(crate) const PLAIN: Options = Options {
    pre_vote: false,
    check_quorum: false,
    prompt_commit: true,
    forward: false,
    write_behind: false,
};

/// Server 0 of a cluster of this size.
pub(crate) fn plain(size: u8) -> Config {
    let all = Membership::new(NodeSet::first(size), NodeSet::EMPTY).expect("a membership");
    Config::new(node(0), all).with_options(PLAIN)
}

/// A disk with an entry for each of these terms: the entry at `i` is command `i`.
pub(crate) fn disk(term: u64, entries: &[u64]) -> Disk<u8> {
    let mut log = Log::default();
    for (after, entry) in (0..).zip(entries) {
        log.apply(&adds(after, *entry, &[after as u8 + 1]));
    }
    Disk::new(ballot(term, None), log).expect("a disk")
}

pub(crate) fn commands(commands: &[u8]) -> Batch<u8> {
    Batch::Commands(commands.iter().copied().collect())
}

pub(crate) fn adds(after: u64, term: u64, added: &[u8]) -> LogWrite<u8> {
    LogWrite::Append { after: index(after), term: Term::new(term), batch: commands(added) }
}

pub(crate) fn writes(after: u64, term: u64, batch: Batch<u8>) -> Write<u8> {
    Write::Log(LogWrite::Append { after: index(after), term: Term::new(term), batch })
}

/// An `Append` with entries of one term, or with none if there are no commands.
pub(crate) fn append(term: u64, prev: Position, of: u64, added: &[u8], commit: u64) -> Message<u8> {
    let entries = (!added.is_empty()).then(|| Entries { term: Term::new(of), batch: commands(added) });
    Message::Append { term: Term::new(term), prev, entries, commit: index(commit), round: 0 }
}

pub(crate) fn append_batch(term: u64, prev: Position, batch: Batch<u8>, commit: u64) -> Message<u8> {
    let entries = Some(Entries { term: Term::new(term), batch });
    Message::Append { term: Term::new(term), prev, entries, commit: index(commit), round: 0 }
}

pub(crate) fn committed(term: u64, last: Position) -> Message<u8> {
    Message::Committed { term: Term::new(term), last }
}

pub(crate) fn reply(term: u64, answer: Answer) -> Message<u8> {
    reply_in(term, answer, 0)
}

pub(crate) fn reply_in(term: u64, answer: Answer, round: u64) -> Message<u8> {
    Message::AppendReply { term: Term::new(term), answer, round }
}

pub(crate) fn matches(up_to: u64) -> Answer {
    Answer::Matches(index(up_to))
}

pub(crate) fn lacks(prev: u64, hint: Position) -> Answer {
    Answer::Lacks { prev: index(prev), hint }
}

pub(crate) fn snapshot(last: Position, membership: Membership) -> Snapshot {
    Snapshot { last, membership }
}

pub(crate) fn offer(term: u64, snapshot: Snapshot) -> Message<u8> {
    Message::Snapshot { term: Term::new(term), snapshot, round: 0 }
}

pub(crate) fn vote_reply(term: u64) -> Message<u8> {
    Message::Election(election::Message::VoteReply { term: Term::new(term), granted: true })
}

pub(crate) fn request_vote(term: u64, credential: Position, transfer: bool) -> Message<u8> {
    Message::Election(election::Message::RequestVote { term: Term::new(term), credential, transfer })
}

pub(crate) fn propose(added: &[u8]) -> Input<u8> {
    Input::Propose(added.iter().copied().collect::<Commands<u8>>())
}

impl Subject {
    pub(crate) fn restart(config: Config, disk: Disk<u8>) -> Self {
        let mut out = Outbox::new();
        let server = Server::restart(config, disk.clone(), &mut out);
        Self { server, disk, ops: out.drain().collect() }
    }

    /// A follower that has never seen anything.
    pub(crate) fn new(config: Config) -> Self {
        Self::restart(config, Disk::default())
    }

    /// Elected with this disk, by as few of the lowest voters as will do. Its term is the next,
    /// and begins with an entry of its own.
    pub(crate) fn elected(config: Config, disk: Disk<u8>) -> Self {
        let mut subject = Self::restart(config, disk);
        subject.expire(Timer::Election);
        let term = subject.term();
        for voter in subject.server.membership().voters().all().without(config.id()) {
            if !subject.server.is_leader() {
                subject.hear(voter.get(), vote_reply(term));
            }
        }
        assert!(subject.server.is_leader());
        subject
    }

    /// Leads term 1 of a cluster of this size, all of whom have the entry that began it.
    pub(crate) fn leader(config: Config) -> Self {
        let mut subject = Self::elected(config, Disk::default());
        for follower in subject.server.membership().all().without(config.id()) {
            subject.hear(follower.get(), reply(1, matches(1)));
        }
        subject
    }

    /// The server after a crash: nothing but its disk is left.
    pub(crate) fn crash(self) -> Self {
        Self::restart(*self.server.config(), self.disk)
    }

    pub(crate) fn step(&mut self, event: Event<Server>) {
        let mut out = Outbox::new();
        self.server.step(event, &mut out);
        self.ops = out.drain().collect();
        for write in self.written() {
            self.disk.replay(&write).expect("a write that fits the disk");
        }
        assert_eq!(self.server.durable(), self.disk);
        assert!(self.server.log().snapshot().last.index <= self.server.commit());
        assert!(self.server.commit() <= self.server.log().last().index);
    }

    pub(crate) fn hear(&mut self, from: u8, message: Message<u8>) {
        self.step(Event::Message { from: node(from), message });
    }

    pub(crate) fn ask(&mut self, input: Input<u8>) {
        self.step(Event::Input(input));
    }

    pub(crate) fn expire(&mut self, timer: Timer) {
        self.step(Event::Timer(timer));
    }

    pub(crate) fn term(&self) -> u64 {
        self.server.term().get()
    }

    pub(crate) fn commit(&self) -> u64 {
        self.server.commit().get()
    }

    pub(crate) fn last(&self) -> Position {
        self.server.log().last()
    }

    /// The terms of all entries that are not compacted.
    pub(crate) fn terms(&self) -> Vec<u64> {
        let log = self.server.log();
        let (first, last) = (log.snapshot().last.index.next().get(), log.last().index.get());
        let term = |number| log.term_at(index(number)).expect("an entry").get();
        (first..=last).map(term).collect()
    }

    /// The commands with their places.
    pub(crate) fn entries(&self) -> Vec<(u64, u8)> {
        let all = self.server.log().commands(Index::default(), Index::LIMIT);
        all.map(|(index, command)| (index.get(), *command)).collect()
    }

    pub(crate) fn progress(&self, of: u8) -> Progress {
        let leading = self.server.leading().expect("it leads");
        *leading.followers().find(|(follower, _)| follower.get() == of).expect("a follower").1
    }

    /// What the last event sent, with its receiver.
    pub(crate) fn sent(&self) -> Vec<(u8, Message<u8>)> {
        let sent = |op: &Op<Server>| match op {
            Op::Send { to, message } => Some((to.get(), message.clone())),
            Op::Write(_) | Op::Sync | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => None,
        };
        self.ops.iter().filter_map(sent).collect()
    }

    pub(crate) fn sent_to(&self, to: u8) -> Vec<Message<u8>> {
        self.sent().into_iter().filter(|(receiver, _)| *receiver == to).map(|(_, message)| message).collect()
    }

    /// What the last event wrote to the disk.
    pub(crate) fn written(&self) -> Vec<Write<u8>> {
        let written = |op: &Op<Server>| match op {
            Op::Write(write) => Some(write.clone()),
            Op::Sync | Op::Send { .. } | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => None,
        };
        self.ops.iter().filter_map(written).collect()
    }

    /// What the last event told the application.
    pub(crate) fn told(&self) -> Vec<Output> {
        let told = |op: &Op<Server>| match op {
            Op::Output(output) => Some(*output),
            Op::Write(_) | Op::Sync | Op::Send { .. } | Op::Arm(_) | Op::Disarm(_) => None,
        };
        self.ops.iter().filter_map(told).collect()
    }

    /// The place of the first operation like this among the last.
    #[track_caller]
    pub(crate) fn place(&self, like: impl Fn(&Op<Server>) -> bool) -> usize {
        self.ops.iter().position(like).unwrap_or_else(|| panic!("not in {:?}", self.ops))
    }

    /// The last event was turned down for this reason, and that is all that came of it.
    #[track_caller]
    pub(crate) fn refused(&self, what: Refused, why: Refusal) {
        assert_eq!(self.ops, [Op::Output(Output::Refused(what, why))]);
    }
}

/// The answers among some messages.
pub(crate) fn answers(sent: &[(u8, Message<u8>)]) -> Vec<Answer> {
    let answer = |message: &Message<u8>| match message {
        Message::AppendReply { answer, .. } => Some(*answer),
        Message::Election(_)
        | Message::Append { .. }
        | Message::Committed { .. }
        | Message::Snapshot { .. }
        | Message::TimeoutNow { .. }
        | Message::Propose { .. } => None,
    };
    sent.iter().filter_map(|(_, message)| answer(message)).collect()
}
