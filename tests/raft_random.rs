//! Random events of every kind, with messages that no server would send: nothing panics, and the
//! disk is what its writes made of it.

use althing::raft::{
    Answer, Ballot, Batch, Config, Disk, Entries, Index, Input, Limits, Membership, Message, Options, Output,
    Position, Raft, Snapshot, Term, Timer, Write, election,
};
use althing::{Durable, Event, Machine, NodeId, NodeSet, Op, Outbox};
use proptest::prelude::*;

type Server = Raft<u8>;

fn node(number: u8) -> NodeId {
    NodeId::new(number).expect("a test's node is below 128")
}

/// Mostly what a short run has; now and then what none has.
fn number() -> impl Strategy<Value = u64> {
    let limit = Index::LIMIT.get();
    prop_oneof![
        24 => 0..6_u64,
        1 => prop_oneof![limit - 2..limit + 2, u64::MAX - 2..=u64::MAX, any::<u64>()],
    ]
}

fn term() -> impl Strategy<Value = Term> {
    prop_oneof![60 => 0..5_u64, 1 => u64::MAX - 1..=u64::MAX].prop_map(Term::new)
}

fn index() -> impl Strategy<Value = Index> {
    number().prop_map(Index::new)
}

fn position() -> impl Strategy<Value = Position> {
    (term(), index()).prop_map(|(term, index)| Position::new(term, index))
}

fn membership() -> impl Strategy<Value = Membership> {
    let sets = (1..16_u128, 1..16_u128, 0..32_u128);
    let members = sets.prop_map(|(old, new, learners)| {
        let of = |voters, learners: u128| {
            let (voters, learners) = (NodeSet::from_bits(voters), NodeSet::from_bits(learners & !voters));
            Membership::new(voters, learners).expect("a membership")
        };
        (of(old, 0), of(new, learners))
    });
    prop_oneof![
        1 => Just(Membership::UNKNOWN),
        6 => members.clone().prop_map(|(_, settled)| settled),
        3 => members.prop_map(|(old, new)| old.towards(new)),
    ]
}

fn batch() -> impl Strategy<Value = Batch<u8>> {
    prop_oneof![
        2 => Just(Batch::Noop),
        2 => membership().prop_map(Batch::Change),
        6 => prop::collection::vec(any::<u8>(), 0..4).prop_map(|all| Batch::Commands(all.into_iter().collect())),
    ]
}

fn round() -> impl Strategy<Value = u64> {
    prop_oneof![20 => 0..3_u64, 1 => any::<u64>()]
}

fn of_election() -> impl Strategy<Value = Message<u8>> {
    use election::Message::{Heartbeat, HeartbeatReply, PreVote, PreVoteReply, RequestVote, VoteReply};
    let message =
        (0..6, term(), position(), any::<bool>()).prop_map(|(kind, term, credential, yes)| match kind {
            0 => PreVote { term, credential },
            1 => PreVoteReply { term, granted: yes },
            2 => RequestVote { term, credential, transfer: yes },
            3 => VoteReply { term, granted: yes },
            4 => Heartbeat { term },
            _ => HeartbeatReply { term },
        });
    message.prop_map(Message::Election)
}

fn message() -> impl Strategy<Value = Message<u8>> {
    let entries = prop::option::of((term(), batch()).prop_map(|(term, batch)| Entries { term, batch }));
    let append =
        (term(), position(), entries, index(), round()).prop_map(|(term, prev, entries, commit, round)| {
            Message::Append { term, prev, entries, commit, round }
        });
    let answer = prop_oneof![
        4 => index().prop_map(Answer::Matches),
        3 => (index(), position()).prop_map(|(prev, hint)| Answer::Lacks { prev, hint }),
        1 => Just(Answer::Stale),
    ];
    let reply = (term(), answer, round()).prop_map(|(term, answer, round)| Message::AppendReply {
        term,
        answer,
        round,
    });
    let snapshot = (term(), position(), membership(), round()).prop_map(|(term, last, membership, round)| {
        Message::Snapshot { term, snapshot: Snapshot { last, membership }, round }
    });
    let propose = (term(), prop::collection::vec(any::<u8>(), 0..3))
        .prop_map(|(term, all)| Message::Propose { term, commands: all.into_iter().collect() });
    prop_oneof![
        6 => of_election(),
        6 => append,
        6 => reply,
        2 => snapshot,
        2 => (term(), position()).prop_map(|(term, last)| Message::Committed { term, last }),
        1 => term().prop_map(|term| Message::TimeoutNow { term }),
        1 => propose,
    ]
}

fn input() -> impl Strategy<Value = Input<u8>> {
    prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..4).prop_map(|all| Input::Propose(all.into_iter().collect())),
        2 => membership().prop_map(Input::Change),
        1 => (0..6_u8).prop_map(|to| Input::Transfer(node(to))),
        2 => any::<u64>().prop_map(Input::Read),
        2 => index().prop_map(Input::Compact),
        2 => position().prop_map(Input::Persisted),
        1 => (0..6_u8).prop_map(|to| Input::Unreachable(node(to))),
    ]
}

/// What happens, some of it relative to what the server is at then.
#[derive(Clone, Debug)]
enum Act {
    Event(Event<Server>),
    /// A message as it is, but of the server's own term.
    Current(NodeId, Message<u8>),
    /// What makes a leader of most servers.
    Elect,
    /// Everyone has everything.
    Acknowledge,
    Crash,
}

fn act() -> impl Strategy<Value = Act> {
    const TIMERS: [Timer; 4] = [Timer::Election, Timer::Lease, Timer::Heartbeat, Timer::Quorum];
    prop_oneof![
        6 => (0..6_u8, message()).prop_map(|(from, message)| Act::Event(Event::Message { from: node(from), message })),
        6 => (0..6_u8, message()).prop_map(|(from, message)| Act::Current(node(from), message)),
        4 => prop::sample::select(&TIMERS[..]).prop_map(|timer| Act::Event(Event::Timer(timer))),
        6 => input().prop_map(|input| Act::Event(Event::Input(input))),
        3 => Just(Act::Elect),
        2 => Just(Act::Acknowledge),
        1 => Just(Act::Crash),
    ]
}

fn in_term(message: Message<u8>, now: Term) -> Message<u8> {
    match message {
        Message::Append { prev, entries, commit, round, .. } => {
            Message::Append { term: now, prev, entries, commit, round }
        }
        Message::AppendReply { answer, round, .. } => Message::AppendReply { term: now, answer, round },
        Message::Snapshot { snapshot, round, .. } => Message::Snapshot { term: now, snapshot, round },
        Message::Committed { last, .. } => Message::Committed { term: now, last },
        Message::TimeoutNow { .. } => Message::TimeoutNow { term: now },
        Message::Propose { commands, .. } => Message::Propose { term: now, commands },
        Message::Election(_) => message,
    }
}

fn config() -> impl Strategy<Value = Config> {
    let limits =
        (0..4_u64, 0..4_u64, 0..4_u64, any::<bool>()).prop_map(|(entries, bytes, under_way, none)| {
            let limited = Limits {
                message_entries: entries,
                message_bytes: bytes,
                in_flight_entries: under_way,
                in_flight_bytes: bytes,
                uncommitted_bytes: under_way,
            };
            if none { Limits::default() } else { limited }
        });
    (membership(), limits, any::<[bool; 5]>()).prop_map(|(initial, limits, options)| {
        let [pre_vote, check_quorum, prompt_commit, forward, write_behind] = options;
        let options = Options { pre_vote, check_quorum, prompt_commit, forward, write_behind };
        Config::new(node(0), initial).with_limits(limits).with_options(options)
    })
}

struct Host {
    server: Server,
    disk: Disk<u8>,
}

impl Host {
    fn step(&mut self, event: Event<Server>) -> Result<(), TestCaseError> {
        let (before, mut out, mut again) = (self.server.clone(), Outbox::new(), Outbox::new());
        self.server.step(event.clone(), &mut out);
        let mut twin = before.clone();
        twin.step(event, &mut again);
        prop_assert!(twin == self.server && again == out, "the same event, the same effects");
        for op in out.drain() {
            match op {
                Op::Write(write) => self.write(&write)?,
                Op::Send { to, message } => self.sends(to, &message)?,
                Op::Output(Output::Committed(index)) => prop_assert!(index > before.commit()),
                Op::Sync | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => {}
            }
        }
        self.holds(&before)
    }

    fn write(&mut self, write: &Write<u8>) -> Result<(), TestCaseError> {
        let mut folded = self.disk.clone();
        folded.apply(write);
        let replayed = self.disk.replay(write);
        prop_assert!(replayed.is_ok(), "{write:?}: {replayed:?}");
        prop_assert_eq!(&folded, &self.disk);
        Ok(())
    }

    fn sends(&self, to: NodeId, message: &Message<u8>) -> Result<(), TestCaseError> {
        prop_assert_ne!(to, self.server.id());
        prop_assert_eq!(message.term(), self.server.term(), "{:?}", message);
        Ok(())
    }

    /// What the fields of a server promise of each other.
    fn holds(&self, before: &Server) -> Result<(), TestCaseError> {
        let (server, log) = (&self.server, self.server.log());
        prop_assert_eq!(&server.durable(), &self.disk);
        prop_assert!(log.snapshot().last.index <= server.commit() && server.commit() <= log.last().index);
        prop_assert!(log.last().term <= server.term() && log.last().index <= Index::LIMIT);
        prop_assert!(before.term() <= server.term() && before.commit() <= server.commit());
        prop_assert_eq!(server.is_leader(), server.election().is_leader());
        let in_log = match log.membership().1 {
            Membership::UNKNOWN => server.config().initial(),
            known => known,
        };
        prop_assert_eq!(server.membership(), in_log);
        let Some(leading) = server.leading() else { return Ok(()) };
        prop_assert!(leading.durable() <= log.last().index);
        let followers: NodeSet = leading.followers().map(|(follower, _)| follower).collect();
        prop_assert_eq!(followers, server.membership().all().without(server.id()));
        for (_, progress) in leading.followers() {
            prop_assert!(progress.matched < progress.next && progress.matched <= log.last().index);
            prop_assert!(progress.told < progress.next && progress.next <= log.last().index.next());
        }
        Ok(())
    }

    fn act(&mut self, act: Act) -> Result<(), TestCaseError> {
        let others = self.server.membership().all().without(self.server.id());
        match act {
            Act::Event(event) => self.step(event),
            Act::Current(from, message) => {
                let message = in_term(message, self.server.term());
                self.step(Event::Message { from, message })
            }
            Act::Elect => {
                self.step(Event::Timer(Timer::Lease))?;
                self.step(Event::Timer(Timer::Election))?;
                for from in others {
                    let term = self.server.term();
                    let message = election::Message::PreVoteReply { term, granted: true };
                    self.step(Event::Message { from, message: Message::Election(message) })?;
                }
                others.iter().try_for_each(|from| {
                    let term = self.server.term();
                    let message = election::Message::VoteReply { term, granted: true };
                    self.step(Event::Message { from, message: Message::Election(message) })
                })
            }
            Act::Acknowledge => others.iter().try_for_each(|from| {
                let (term, round) =
                    (self.server.term(), self.server.leading().map_or(0, |it| it.reads().round()));
                let answer = Answer::Matches(self.server.log().last().index);
                self.step(Event::Message { from, message: Message::AppendReply { term, answer, round } })
            }),
            Act::Crash => {
                let config = *self.server.config();
                self.server = Server::restart(config, self.disk.clone(), &mut Outbox::new());
                let before = self.server.clone();
                self.holds(&before)
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn any_events_leave_a_server_sound(config in config(), acts in prop::collection::vec(act(), 1..60)) {
        let server = Server::restart(config, Disk::default(), &mut Outbox::new());
        let mut host = Host { server, disk: Disk::default() };
        for act in acts {
            host.act(act)?;
        }
        prop_assert!(Disk::new(host.disk.ballot(), host.disk.log().clone()).is_ok());
        prop_assert!(host.disk.ballot() >= Ballot::default());
    }
}
