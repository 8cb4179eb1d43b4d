//! Where the effects of a participant go: to its host, or to the machine that it is a part of.

use crate::contract_net::message::Message;
use crate::machine::{Machine, WriteOf};
use crate::node::NodeId;
use crate::outbox::{Outbox, Writes};

/// An outbox for writes `W`, timers `T` and outputs `O`.
pub(crate) trait Effects<W, T, O>: Writes<W> {
    /// Asks for a message to be sent.
    fn send(&mut self, to: NodeId, message: Message);
    /// Asks for a timer to be started, or started afresh.
    fn arm(&mut self, timer: T);
    /// Asks for a timer to be stopped.
    fn disarm(&mut self, timer: T);
    /// Tells the application.
    fn output(&mut self, output: O);
}

impl<M, W, T, O> Effects<W, T, O> for Outbox<M>
where
    M: Machine<Message = Message>,
    W: Into<WriteOf<M>>,
    T: Into<M::Timer>,
    O: Into<M::Output>,
{
    fn send(&mut self, to: NodeId, message: Message) {
        Outbox::send(self, to, message);
    }

    fn arm(&mut self, timer: T) {
        Outbox::arm(self, timer.into());
    }

    fn disarm(&mut self, timer: T) {
        Outbox::disarm(self, timer.into());
    }

    fn output(&mut self, output: O) {
        Outbox::output(self, output.into());
    }
}
