//! The contract between a protocol and whoever drives it.
//!
//! A [`Machine`] is a value. It does nothing by itself: it has no clock, no randomness, no
//! network and no disk. It is told an [`Event`], changes its state, and says through an
//! [`Outbox`] what shall be done about it. A production host, the model checker, the simulator
//! and the fuzzer all drive the same [`Machine::step`], so the code that ships is the code that
//! was checked.

use core::fmt::Debug;
use core::hash::Hash;

use crate::node::NodeId;
use crate::outbox::Outbox;

/// Plain data: what a checker may copy, compare, hash, print and send between threads.
pub trait Value: Clone + Eq + Hash + Debug + Send + Sync + 'static {}

impl<T: Clone + Eq + Hash + Debug + Send + Sync + 'static> Value for T {}

/// What a participant keeps on its disk: a fold over the writes that it emitted.
///
/// `Default` is the disk that was never written.
pub trait Durable: Value + Default {
    /// One change of the disk. It reaches the disk whole or not at all.
    type Write: Value;

    /// Makes the change.
    fn apply(&mut self, write: &Self::Write);
}

/// The writes of a machine's disk.
pub type WriteOf<M> = <<M as Machine>::Durable as Durable>::Write;

/// A protocol participant, as a pure state machine.
///
/// # Contract
///
/// - `step` is total: no event panics it, however foreign or stale, and it is deterministic.
/// - Two equal machines given the same event end equal and emit the same effects.
/// - What must survive a crash lies in `Durable` and changes only through
///   [`Persistent::record`](crate::outbox::Persistent::record), which also emits the write.
/// - Durations belong to the host. A timer is a name; while it is armed, its expiry may come at
///   any moment, and an expiry that the host could not recall in time does no harm.
pub trait Machine: Value {
    /// What a participant is told once: who it is, and with whom.
    type Config: Value;
    /// What survives a crash.
    type Durable: Durable;
    /// What the application asks of the participant.
    type Input: Value;
    /// What participants tell each other.
    type Message: Value;
    /// The names of the timers.
    type Timer: Value + Copy + Ord;
    /// What the participant tells the application.
    type Output: Value;

    /// The participant after a start with this disk. A crash is exactly this: whatever was in
    /// memory is gone. The first start is a restart with `Durable::default()`.
    ///
    /// Emits what the start itself causes, such as the first timers.
    fn restart(config: Self::Config, durable: Self::Durable, out: &mut Outbox<Self>) -> Self;

    /// The disk as it will be once every write emitted so far has reached it.
    ///
    /// For checks and tests: it may be a copy of everything.
    fn durable(&self) -> Self::Durable;

    /// Handles one event: the whole of the protocol.
    fn step(&mut self, event: Event<Self>, out: &mut Outbox<Self>);
}

/// Whatever can happen to a participant.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        rename_all = "snake_case",
        bound(
            serialize = "M::Message: serde::Serialize, M::Timer: serde::Serialize, M::Input: serde::Serialize",
            deserialize = "M::Message: serde::Deserialize<'de>, M::Timer: serde::Deserialize<'de>, M::Input: serde::Deserialize<'de>"
        )
    )
)]
pub enum Event<M: Machine> {
    /// A message arrived. The network may lose, repeat, delay and reorder messages; it does not
    /// forge them.
    Message {
        /// Who sent it.
        from: NodeId,
        /// What it says.
        message: M::Message,
    },
    /// A timer that was armed has expired, and is armed no longer.
    Timer(M::Timer),
    /// The application asks for something.
    Input(M::Input),
}

#[cfg(feature = "arbitrary")]
impl<'a, M> arbitrary::Arbitrary<'a> for Event<M>
where
    M: Machine,
    M::Message: arbitrary::Arbitrary<'a>,
    M::Timer: arbitrary::Arbitrary<'a>,
    M::Input: arbitrary::Arbitrary<'a>,
{
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(match u.int_in_range(0..=7)? {
            0 => Self::Input(u.arbitrary()?),
            1 | 2 => Self::Timer(u.arbitrary()?),
            _ => Self::Message { from: u.arbitrary()?, message: u.arbitrary()? },
        })
    }
}
