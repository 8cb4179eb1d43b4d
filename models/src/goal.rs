//! What must be reached once faults have ended, as a protocol says it: see
//! [`liveness`](crate::liveness).

use althing::machine::Machine;
use althing::node::NodeId;

/// What must happen in the end.
pub struct Liveness<M: Machine> {
    /// After how many ticks a timer expires, at the node that is first and at the others: at least
    /// one, or no time passes for whoever arms it again and again.
    pub expires: fn(timer: M::Timer, is_first: bool) -> u8,
    /// Which of these nodes may be first. Where none may, it is not asked what comes after.
    pub may_be_first: fn(machines: &[&M], node: NodeId) -> bool,
    /// How far runs are followed: nothing is said to be reached if one leads beyond.
    pub within: Box<dyn Fn(&M) -> bool + Send + Sync>,
    /// The goals.
    pub goals: Vec<Goal<M>>,
}

/// Something that must come true.
pub struct Goal<M: Machine> {
    /// Its name.
    pub name: &'static str,
    /// How often.
    pub how: How,
    /// Whether the nodes have reached it.
    pub reached: fn(&[&M]) -> bool,
}

/// How often a goal must be true.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// Again and again: no run for ever goes without it.
    Eventually,
    /// For ever, from some moment on: no run for ever loses it again and again.
    AtLast,
}
