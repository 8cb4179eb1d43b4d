//! Announcements and bids (Smith 1980, 3; state table, contractor, Idle and Bid).

use crate::contract_net::contractor::{Contractor, Out, Output, Timer};
use crate::contract_net::ids::{Round, TaskId};
use crate::contract_net::message::{Bid, Message, Offer};
use crate::contract_net::refusal::Refusal;
use crate::contract_net::rules::{Rules, Stake};

/// An announcement, and the bid that answers it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Call {
    /// The round.
    pub round: Round,
    /// Whether the task may be begun twice.
    pub idempotent: bool,
    /// The bid, as long as its timer runs; `None` while the host thinks about it.
    pub bid: Option<Bid>,
}

impl Call {
    /// What an award must match.
    pub(super) fn stake(&self) -> Option<Stake> {
        let Bid { id, cost, .. } = self.bid?;
        Some(Stake { round: self.round, bid: id, amount: cost })
    }
}

impl<R: Rules> Contractor<R> {
    /// Announce: the host is asked what to bid. One that was answered is answered again, since what
    /// was lost may have been the answer.
    pub(super) fn hear(&mut self, task: TaskId, round: Round, offer: Offer, out: &mut impl Out) {
        match self.calls.get(task) {
            Some(call) if round < call.round => {
                let refusal = Refusal::Round { task, said: round, current: call.round };
                return out.output(Output::Refused(refusal));
            }
            Some(&Call { round: known, bid: Some(bid), .. }) if known == round => {
                return self.tell_manager(Message::Bid { task, round, bid }, out);
            }
            Some(call) if call.round == round => return,
            Some(call) if call.bid.is_some() => out.disarm(Timer::Bid(task)),
            Some(_) | None => {}
        }
        if self.has_slot() {
            self.calls.insert(task, Call { round, idempotent: offer.idempotent, bid: None });
            out.output(Output::Asked { task, round, offer });
        } else {
            self.calls.remove(task);
            self.tell_manager(Message::Refuse { task, round, busy: true }, out);
        }
    }

    /// The host bids. The bid stands until its timer expires: the answer to an award that comes later
    /// is no.
    pub(super) fn bid(&mut self, task: TaskId, round: Round, bid: Bid, out: &mut impl Out) {
        match self.calls.get_mut(task) {
            Some(call) if call.round == round && call.bid.is_none() => call.bid = Some(bid),
            Some(_) | None => return out.output(Output::Refused(Refusal::NotAsked { task, round })),
        }
        out.arm(Timer::Bid(task));
        self.tell_manager(Message::Bid { task, round, bid }, out);
    }

    /// The host does not.
    pub(super) fn pass(&mut self, task: TaskId, round: Round, out: &mut impl Out) {
        match self.calls.get(task) {
            Some(call) if call.round == round && call.bid.is_none() => {
                self.calls.remove(task);
                self.tell_manager(Message::Refuse { task, round, busy: false }, out);
            }
            Some(_) | None => out.output(Output::Refused(Refusal::NotAsked { task, round })),
        }
    }

    /// Reject: the task is another's.
    pub(super) fn lose(&mut self, task: TaskId, round: Round, out: &mut impl Out) {
        if self.calls.get(task).is_some_and(|call| call.round == round) {
            self.forget_call(task, out);
        }
    }

    /// Past valid_until: the bid stands no longer.
    pub(super) fn bid_expires(&mut self, task: TaskId) {
        if self.calls.get(task).is_some_and(|call| call.bid.is_some()) {
            self.calls.remove(task);
        }
    }

    pub(super) fn forget_call(&mut self, task: TaskId, out: &mut impl Out) {
        if self.calls.remove(task).is_some_and(|call| call.bid.is_some()) {
            out.disarm(Timer::Bid(task));
        }
    }
}
