//! Effects and their order: what a machine asks its host to do, and when the host may do it.
//!
//! **The rule.** An effect may be performed only after every write before it is durable, and
//! writes become durable in the order in which they were emitted. [`Outbox::drain`] spells the
//! rule out: it hands over [`Op`]s, with [`Op::Sync`] wherever the host has to wait, so a host
//! that performs the operations one after another cannot break it, and an exhaustive `match`
//! cannot forget it.
//!
//! A write that nothing waits for yet, made with [`Persistent::record_behind`], is the exception:
//! no `Sync` follows it, the host makes it durable in its own time, still in order, and says so
//! with an input of the machine. That is how a leader writes to its disk while its followers
//! write to theirs.

use alloc::vec::{self, Vec};
use core::ops::Deref;

use crate::machine::{Durable, Machine, WriteOf};
use crate::node::{NodeId, Relabel, Renaming};

/// One operation for the host to perform.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        rename_all = "snake_case",
        bound(
            serialize = "WriteOf<M>: serde::Serialize, M::Message: serde::Serialize, M::Timer: serde::Serialize, M::Output: serde::Serialize",
            deserialize = "WriteOf<M>: serde::Deserialize<'de>, M::Message: serde::Deserialize<'de>, M::Timer: serde::Deserialize<'de>, M::Output: serde::Deserialize<'de>"
        )
    )
)]
pub enum Op<M: Machine> {
    /// Write this to the disk. It need not be durable before the next [`Op::Sync`]; if none
    /// follows, the host makes it durable in its own time.
    Write(WriteOf<M>),
    /// Make every write so far durable before going on.
    Sync,
    /// Send a message. It may be lost.
    Send {
        /// To whom. Never the sender itself.
        to: NodeId,
        /// What it says.
        message: M::Message,
    },
    /// Start this timer, or start it afresh with a new duration if it is running.
    Arm(M::Timer),
    /// Stop this timer.
    Disarm(M::Timer),
    /// Tell the application.
    Output(M::Output),
}

/// The effects of one or more steps. A host keeps one and reuses it, so that a step allocates
/// nothing once the buffers have grown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outbox<M: Machine> {
    writes: Vec<WriteOf<M>>,
    /// How many of the writes, from the first, every later effect has to wait for:
    /// `awaited <= writes.len()`.
    awaited: usize,
    /// The other effects, each with the number of writes that must be durable before it.
    effects: Vec<(usize, Effect<M::Timer>)>,
    /// What the effects send and say, in their order: apart from them, because it is large, and most
    /// effects are timers.
    messages: Vec<M::Message>,
    outputs: Vec<M::Output>,
}

/// An effect that is no write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Effect<T> {
    /// To whom the next message goes.
    Send(NodeId),
    Arm(T),
    Disarm(T),
    /// The next output.
    Output,
}

impl<M: Machine> Default for Outbox<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Machine> Outbox<M> {
    /// An outbox without effects. Allocates nothing.
    pub const fn new() -> Self {
        Self {
            writes: Vec::new(),
            awaited: 0,
            effects: Vec::new(),
            messages: Vec::new(),
            outputs: Vec::new(),
        }
    }

    /// Asks for a message to be sent.
    pub fn send(&mut self, to: NodeId, message: M::Message) {
        self.effects.push((self.awaited, Effect::Send(to)));
        self.messages.push(message);
    }

    /// Asks for a timer to be started, or started afresh.
    pub fn arm(&mut self, timer: M::Timer) {
        self.effects.push((self.awaited, Effect::Arm(timer)));
    }

    /// Asks for a timer to be stopped.
    pub fn disarm(&mut self, timer: M::Timer) {
        self.effects.push((self.awaited, Effect::Disarm(timer)));
    }

    /// Tells the application.
    pub fn output(&mut self, output: M::Output) {
        self.effects.push((self.awaited, Effect::Output));
        self.outputs.push(output);
    }

    /// Adds an operation as it is, for code that passes on the effects of another machine.
    /// A machine changes its disk with [`Persistent::record`]; a write pushed here is not
    /// applied to anything. `Sync` is implied by the order, and ignored.
    pub fn push(&mut self, op: Op<M>) {
        match op {
            Op::Write(write) => {
                self.writes.push(write);
                self.awaited = self.writes.len();
            }
            Op::Sync => {}
            Op::Send { to, message } => self.send(to, message),
            Op::Arm(timer) => self.arm(timer),
            Op::Disarm(timer) => self.disarm(timer),
            Op::Output(output) => self.output(output),
        }
    }

    /// Adds a write that the effects after it need not wait for.
    fn write_behind(&mut self, write: WriteOf<M>) {
        self.writes.push(write);
    }

    /// Makes every later effect wait for every write so far, also those that nothing waited for.
    pub fn barrier(&mut self) {
        self.awaited = self.writes.len();
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.effects.is_empty()
    }

    /// Empties the outbox into operations, in the order in which they were emitted, with
    /// [`Op::Sync`] before the first effect after a write, and at the end if writes are left that
    /// must be waited for.
    pub fn drain(&mut self) -> Drain<'_, M> {
        Drain {
            writes: self.writes.drain(..),
            awaited: core::mem::take(&mut self.awaited),
            written: 0,
            synced: 0,
            effects: self.effects.drain(..),
            messages: self.messages.drain(..),
            outputs: self.outputs.drain(..),
        }
    }

    /// Empties the outbox like [`Outbox::drain`], but with every write first and one
    /// [`Op::Sync`] for all of them: group commit. After several steps into one outbox it
    /// saves waits; it only delays the other effects, so it keeps the rule. Writes that nothing
    /// waited for are waited for then.
    pub fn drain_grouped(&mut self) -> Drain<'_, M> {
        self.awaited = self.writes.len();
        for (after, _) in &mut self.effects {
            *after = self.writes.len();
        }
        self.drain()
    }
}

/// The operations of an emptied [`Outbox`]. Whatever is not taken is dropped.
#[derive(Debug)]
pub struct Drain<'a, M: Machine> {
    writes: vec::Drain<'a, WriteOf<M>>,
    /// How many of the writes, from the first, must be waited for.
    awaited: usize,
    /// Writes handed over so far, and how many of those lie before the last `Sync`:
    /// `synced <= written`.
    written: usize,
    synced: usize,
    effects: vec::Drain<'a, (usize, Effect<M::Timer>)>,
    /// As many as effects are left that send, or say something.
    messages: vec::Drain<'a, M::Message>,
    outputs: vec::Drain<'a, M::Output>,
}

impl<M: Machine> Iterator for Drain<'_, M> {
    type Item = Op<M>;

    fn next(&mut self) -> Option<Op<M>> {
        let due = self.effects.as_slice().first().map_or(usize::MAX, |(after, _)| *after);
        if self.written < due
            && let Some(write) = self.writes.next()
        {
            self.written += 1;
            return Some(Op::Write(write));
        }
        // An effect that is due waits for the writes before it; the end, for those that are awaited.
        let owed = if due == usize::MAX { self.awaited } else { due };
        if self.synced < owed.min(self.written) {
            self.synced = self.written;
            return Some(Op::Sync);
        }
        match self.effects.next()?.1 {
            Effect::Send(to) => self.messages.next().map(|message| Op::Send { to, message }),
            Effect::Arm(timer) => Some(Op::Arm(timer)),
            Effect::Disarm(timer) => Some(Op::Disarm(timer)),
            Effect::Output => self.outputs.next().map(Op::Output),
        }
    }
}

/// Durable state in memory. It can be read freely and changed only by [`Persistent::record`],
/// so a change that is not written to the disk does not compile.
///
/// ```compile_fail
/// # use althing::{outbox::Persistent, raft::{Ballot, Term}};
/// let mut ballot = Persistent::restored(Ballot::default());
/// ballot.term = Term::new(7); // error: `Persistent` cannot be borrowed as mutable
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Persistent<D>(D);

impl<D: Durable> Persistent<D> {
    /// What was read from the disk at a restart.
    pub const fn restored(durable: D) -> Self {
        Self(durable)
    }

    /// Makes a change in memory and asks for the same change of the disk. Every effect after it
    /// waits until it is durable.
    pub fn record(&mut self, write: D::Write, out: &mut impl Writes<D::Write>) {
        self.0.apply(&write);
        out.write(write);
    }

    /// The same, but the effects after it do not wait for it. The machine must not rely on it
    /// until the host has said, with an input, that it is durable.
    pub fn record_behind<M: Machine>(&mut self, write: D::Write, out: &mut Outbox<M>)
    where
        D::Write: Into<WriteOf<M>>,
    {
        self.0.apply(&write);
        out.write_behind(write.into());
    }
}

/// What writes of one kind can be emitted to: the outbox of their machine, or of a machine that
/// this one is a part of.
pub trait Writes<W> {
    /// Asks for the change of the disk; every later effect waits for it.
    fn write(&mut self, write: W);
}

impl<M: Machine, W: Into<WriteOf<M>>> Writes<W> for Outbox<M> {
    fn write(&mut self, write: W) {
        self.push(Op::Write(write.into()));
    }
}

impl<D: Relabel> Relabel for Persistent<D> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self(self.0.relabel(renaming))
    }
}

impl<D> Deref for Persistent<D> {
    type Target = D;

    fn deref(&self) -> &D {
        &self.0
    }
}
