//! Two-phase commit: a protocol that the kit has never heard of, written and checked in one file.
//!
//! After Gray and Lamport, "Consensus on Transaction Commit" (2006), section 3. A coordinator asks
//! the resource managers to prepare a transaction. Once all have, it decides to commit; until then
//! it may decide to abort. A manager may abort by itself until it has said that it is prepared.
//!
//! ```text
//! cargo run --release -p althing-models --example two_phase_commit
//! cargo run --release -p althing-models --example two_phase_commit -- --broken
//! ```

use std::convert::Infallible;
use std::process::ExitCode;

use althing::{Durable, Event, Machine, NodeId, NodeSet, Outbox, Persistent};
use althing_models::{Cluster, Limits, Recovery};

fn main() -> ExitCode {
    let broken = std::env::args().any(|argument| argument == "--broken");
    let (ok, report) = if broken { check::<true>() } else { check::<false>() };
    println!("{report}");
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether everything is as it must be, and the report.
pub(crate) fn check<const HASTY: bool>() -> (bool, String) {
    let report = cluster::<HASTY>().check(&Limits::default());
    (report.is_ok(), report.to_string())
}

/// A coordinator, three managers, two crashes at any moment, and a network that loses, repeats,
/// delays and reorders as it likes.
fn cluster<const HASTY: bool>() -> Cluster<Participant<HASTY>> {
    let coordinator = NodeId::default();
    let nodes = NodeSet::first(4);
    let managers = nodes.without(coordinator);
    let recovery = Recovery::<Participant<HASTY>> {
        rounds: 2,
        schedule: |_, nodes| vec![(Patience, nodes)],
        answers: |_| None,
        goal: |participants| participants.iter().all(|participant| participant.has_decided()),
    };
    Cluster::<Participant<HASTY>>::new(nodes.iter().map(|id| Config { id, coordinator, managers }))
        .crashes(2)
        .describe(|participant| format!("{:?}", *participant.state))
        .always("Agreement", |view| {
            let any = |state| view.machines().any(|participant| *participant.state == state);
            !(any(State::Committed) && any(State::Aborted))
        })
        .each_step("PreparedIsDurable", |step| {
            step.sends().all(|(disk, _, said)| *said != Message::Prepared || disk == State::Prepared)
        })
        .recoverable("EveryoneDecides", recovery)
        .sometimes("all commit", |view| view.machines().all(|p| *p.state == State::Committed))
        .sometimes("all abort", |view| view.machines().all(|p| *p.state == State::Aborted))
}

/// What a participant is told once: it is the coordinator, or one of the managers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Config {
    id: NodeId,
    coordinator: NodeId,
    managers: NodeSet,
}

/// Where a participant is in the transaction: all that it keeps on its disk.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
enum State {
    /// Has promised nothing yet.
    #[default]
    Working,
    /// A manager that will do as the coordinator decides.
    Prepared,
    Committed,
    Aborted,
}

impl Durable for State {
    type Write = Self;

    fn apply(&mut self, write: &Self) {
        *self = *write;
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Message {
    Prepare,
    Prepared,
    Commit,
    Abort,
}

/// The only timer: how long to wait for the others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Patience;

/// The coordinator or a manager. A `HASTY` coordinator does not wait for all managers: a bug.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Participant<const HASTY: bool> {
    config: Config,
    state: Persistent<State>,
    /// Who told the coordinator that it is prepared. A restart forgets it, and asks again.
    prepared: NodeSet,
}

impl<const HASTY: bool> Machine for Participant<HASTY> {
    type Config = Config;
    type Durable = State;
    type Input = Infallible;
    type Message = Message;
    type Timer = Patience;
    type Output = Infallible;

    fn restart(config: Config, disk: State, out: &mut Outbox<Self>) -> Self {
        let participant = Self { config, state: Persistent::restored(disk), prepared: NodeSet::EMPTY };
        participant.speak(out);
        participant
    }

    fn durable(&self) -> State {
        *self.state
    }

    fn step(&mut self, event: Event<Self>, out: &mut Outbox<Self>) {
        match event {
            Event::Message { from, message } => self.receive(from, message, out),
            Event::Timer(Patience) => match *self.state {
                State::Working => self.enter(State::Aborted, out),
                State::Prepared => self.speak(out), // Bound by its promise, it can only ask again.
                State::Committed | State::Aborted => {}
            },
            Event::Input(never) => match never {},
        }
    }
}

impl<const HASTY: bool> Participant<HASTY> {
    fn receive(&mut self, from: NodeId, message: Message, out: &mut Outbox<Self>) {
        match (message, *self.state) {
            (Message::Prepare, State::Working) => self.enter(State::Prepared, out),
            (Message::Prepared, State::Working) => {
                self.prepared = self.prepared.with(from);
                if self.prepared == self.config.managers || HASTY {
                    self.enter(State::Committed, out);
                }
            }
            (Message::Commit, State::Prepared) => self.enter(State::Committed, out),
            (Message::Abort, State::Working | State::Prepared) => self.enter(State::Aborted, out),
            // Whoever asks again missed the answer.
            (Message::Prepare | Message::Prepared, _) => self.speak(out),
            (Message::Commit | Message::Abort, _) => {}
        }
    }

    /// Changes the state on the disk, and says so once it is there.
    fn enter(&mut self, state: State, out: &mut Outbox<Self>) {
        self.state.record(state, out);
        self.speak(out);
    }

    /// Tells the others what they have to know about this state.
    fn speak(&self, out: &mut Outbox<Self>) {
        let Config { id, coordinator, managers } = self.config;
        let coordinates = id == coordinator;
        let message = match *self.state {
            State::Working if coordinates => Some(Message::Prepare),
            State::Prepared => Some(Message::Prepared),
            State::Committed if coordinates => Some(Message::Commit),
            State::Aborted => Some(Message::Abort),
            State::Working | State::Committed => None,
        };
        let others = if coordinates { managers } else { NodeSet::only(coordinator) };
        if let Some(message) = message {
            others.iter().for_each(|to| out.send(to, message));
        }
        if !self.has_decided() {
            out.arm(Patience);
        }
    }

    fn has_decided(&self) -> bool {
        matches!(*self.state, State::Committed | State::Aborted)
    }
}
