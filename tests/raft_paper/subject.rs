//! One server, and what its host was last asked to do.

use althing::raft::election::{Ballot, Config, Election, LeaderChanged, Message, Role, Term, Timer};
use althing::{Event, Machine, NodeId, NodeSet, Op, Outbox};

/// The credential that every server starts with.
pub(crate) const OWN: u8 = 5;

pub(crate) struct Subject {
    pub(crate) server: Election<u8>,
    /// The operations of the last event, in order.
    pub(crate) ops: Vec<Op<Election<u8>>>,
}

pub(crate) fn node(number: u8) -> NodeId {
    NodeId::new(number).expect("a test's node is below 128")
}

pub(crate) fn nodes(numbers: &[u8]) -> NodeSet {
    numbers.iter().map(|&number| node(number)).collect()
}

pub(crate) fn ballot(term: u64, vote: Option<u8>) -> Ballot {
    Ballot { term: Term::new(term), vote: vote.map(node) }
}

pub(crate) fn changed(term: u64, leader: Option<u8>) -> LeaderChanged {
    LeaderChanged { term: Term::new(term), leader: leader.map(node) }
}

/// Node 0 of a cluster of this size as the paper describes it: without the thesis' additions.
pub(crate) fn plain(size: u8) -> Config<u8> {
    careful(size).with_pre_vote(false).with_check_quorum(false)
}

/// The same with pre-vote and check-quorum.
pub(crate) fn careful(size: u8) -> Config<u8> {
    Config::new(node(0), NodeSet::first(size)).expect("node 0 votes").with_credential(OWN)
}

pub(crate) fn pre_vote(term: u64, credential: u8) -> Message<u8> {
    Message::PreVote { term: Term::new(term), credential }
}

pub(crate) fn pre_vote_reply(term: u64, granted: bool) -> Message<u8> {
    Message::PreVoteReply { term: Term::new(term), granted }
}

pub(crate) fn request_vote(term: u64, credential: u8) -> Message<u8> {
    Message::RequestVote { term: Term::new(term), credential, transfer: false }
}

pub(crate) fn vote_reply(term: u64, granted: bool) -> Message<u8> {
    Message::VoteReply { term: Term::new(term), granted }
}

pub(crate) fn heartbeat(term: u64) -> Message<u8> {
    Message::Heartbeat { term: Term::new(term) }
}

pub(crate) fn heartbeat_reply(term: u64) -> Message<u8> {
    Message::HeartbeatReply { term: Term::new(term) }
}

/// A message of each kind in this term, as favourable to its sender as it can be.
pub(crate) fn each_kind(term: u64) -> [Message<u8>; 6] {
    [
        pre_vote(term, OWN),
        pre_vote_reply(term, true),
        request_vote(term, OWN),
        vote_reply(term, true),
        heartbeat(term),
        heartbeat_reply(term),
    ]
}

/// A server in each role in term 3, which it reached on different ways.
pub(crate) fn each_role(config: Config<u8>) -> Vec<Subject> {
    let (size, plain) = (config.voters().len(), config.with_pre_vote(false));
    let mut following = Subject::restart(config, ballot(3, None));
    following.hear(1, heartbeat(3));
    let mut asking = Subject::restart(config.with_pre_vote(true), ballot(3, None));
    asking.expire(Timer::Election);
    let mut standing = Subject::restart(plain, ballot(2, None));
    standing.expire(Timer::Election);
    let mut leading = Subject::restart(plain, ballot(2, None));
    leading.expire(Timer::Election);
    for voter in 1..=size / 2 {
        leading.hear(voter, vote_reply(3, true));
    }
    assert!(leading.server.is_leader());
    vec![Subject::restart(config, ballot(3, Some(2))), following, asking, standing, leading]
}

impl Subject {
    pub(crate) fn restart(config: Config<u8>, disk: Ballot) -> Self {
        let mut out = Outbox::new();
        let server = Election::restart(config, disk, &mut out);
        Self { server, ops: out.drain().collect() }
    }

    /// A follower that has never seen anything.
    pub(crate) fn new(config: Config<u8>) -> Self {
        Self::restart(config, Ballot::default())
    }

    /// Asks for votes in term 1.
    pub(crate) fn candidate(size: u8) -> Self {
        let mut subject = Self::new(plain(size));
        subject.expire(Timer::Election);
        assert_eq!(subject.role(), Role::Candidate { votes: nodes(&[0]) });
        subject
    }

    /// Leads in term 1.
    pub(crate) fn leader(config: Config<u8>) -> Self {
        let size = config.voters().len();
        let mut subject = Self::new(config);
        subject.expire(Timer::Election);
        for voter in 1..=size / 2 {
            subject.hear(voter, pre_vote_reply(0, true));
        }
        for voter in 1..=size / 2 {
            subject.hear(voter, vote_reply(1, true));
        }
        assert!(subject.server.is_leader());
        subject
    }

    /// The server after a crash: nothing but its disk is left.
    pub(crate) fn crash(self) -> Self {
        Self::restart(*self.server.config(), self.server.durable())
    }

    pub(crate) fn step(&mut self, event: Event<Election<u8>>) {
        let mut out = Outbox::new();
        self.server.step(event, &mut out);
        self.ops = out.drain().collect();
    }

    pub(crate) fn hear(&mut self, from: u8, message: Message<u8>) {
        self.step(Event::Message { from: node(from), message });
    }

    pub(crate) fn expire(&mut self, timer: Timer) {
        self.step(Event::Timer(timer));
    }

    pub(crate) fn role(&self) -> Role {
        self.server.role()
    }

    pub(crate) fn term(&self) -> u64 {
        self.server.term().get()
    }

    pub(crate) fn disk(&self) -> Ballot {
        self.server.durable()
    }

    /// What the last event sent, with its receiver.
    pub(crate) fn sent(&self) -> Vec<(u8, Message<u8>)> {
        let sent = |op: &Op<_>| match op {
            Op::Send { to, message } => Some((to.get(), *message)),
            Op::Write(_) | Op::Sync | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => None,
        };
        self.ops.iter().filter_map(sent).collect()
    }

    /// What the last event wrote to the disk.
    pub(crate) fn written(&self) -> Vec<Ballot> {
        let written = |op: &Op<Election<u8>>| match op {
            Op::Write(ballot) => Some(*ballot),
            Op::Sync | Op::Send { .. } | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => None,
        };
        self.ops.iter().filter_map(written).collect()
    }

    /// What the last event told the application.
    pub(crate) fn told(&self) -> Vec<LeaderChanged> {
        let told = |op: &Op<Election<u8>>| match op {
            Op::Output(output) => Some(*output),
            Op::Write(_) | Op::Sync | Op::Send { .. } | Op::Arm(_) | Op::Disarm(_) => None,
        };
        self.ops.iter().filter_map(told).collect()
    }

    pub(crate) fn armed(&self, timer: Timer) -> bool {
        self.ops.contains(&Op::Arm(timer))
    }

    pub(crate) fn disarmed(&self, timer: Timer) -> bool {
        self.ops.contains(&Op::Disarm(timer))
    }
}
