//! The election within a server, as its own invariants see it.

use alloc::vec::Vec;

use crate::machine::Event;
use crate::observe::{Cause, Step};
use crate::outbox::Op;
use crate::raft::disk::Write;
use crate::raft::election::{self, Election};
use crate::raft::entry::Command;
use crate::raft::message::Message;
use crate::raft::position::Position;
use crate::raft::rules::Rules;
use crate::raft::server::{Output, Raft};

/// What a step is to the election within the server. An `Append` is a heartbeat to it, and so is
/// whatever else comes from a leader.
pub fn of_election<T: Command, R: Rules, A>(
    step: &Step<'_, Raft<T, R>>,
    look: impl FnOnce(&Step<'_, Election<Position, R>>) -> A,
) -> A {
    let event = match &step.cause {
        Cause::Event(event) => Some(event_of_election(event, step.after.log().last())),
        Cause::Restart => None,
    };
    let performed: Vec<_> = step.performed.iter().filter_map(op_of_election).collect();
    look(&Step {
        node: step.node,
        cause: event.as_ref().map_or(Cause::Restart, Cause::Event),
        before: step.before.election(),
        disk: &step.disk.ballot(),
        performed: &performed,
        after: step.after.election(),
    })
}

fn event_of_election<T: Command, R: Rules>(
    event: &Event<Raft<T, R>>,
    last: Position,
) -> Event<Election<Position, R>> {
    match event {
        Event::Message { from, message } => {
            Event::Message { from: *from, message: message_of_election(message) }
        }
        Event::Timer(timer) => Event::Timer(*timer),
        Event::Input(_) => Event::Input(election::Input::Advance(last)),
    }
}

fn message_of_election<T>(message: &Message<T>) -> election::Message<Position> {
    match message {
        Message::Election(message) => *message,
        Message::Append { term, .. } | Message::Snapshot { term, .. } | Message::TimeoutNow { term } => {
            election::Message::Heartbeat { term: *term }
        }
        Message::AppendReply { term, .. }
        | Message::Committed { term, .. }
        | Message::Propose { term, .. } => election::Message::HeartbeatReply { term: *term },
    }
}

fn op_of_election<T: Command, R: Rules>(op: &Op<Raft<T, R>>) -> Option<Op<Election<Position, R>>> {
    match op {
        Op::Write(Write::Ballot(ballot)) => Some(Op::Write(*ballot)),
        Op::Sync => Some(Op::Sync),
        Op::Send { to, message } => Some(Op::Send { to: *to, message: message_of_election(message) }),
        Op::Arm(timer) => Some(Op::Arm(*timer)),
        Op::Disarm(timer) => Some(Op::Disarm(*timer)),
        Op::Output(Output::Leader(status)) => Some(Op::Output(*status)),
        Op::Output(Output::Committed(_) | Output::Restore(_) | Output::Read { .. } | Output::Refused(..)) => {
            None
        }
        Op::Write(Write::Log(_)) => None,
    }
}
