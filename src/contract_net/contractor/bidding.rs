//! Announcements and bids (Smith 1980, 3; state table, contractor, Idle and Bid).

use alloc::collections::btree_map::{Entry, OccupiedEntry};
use core::cmp::Ordering;

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
        let (new, has_slot) = (Call { round, idempotent: offer.idempotent, bid: None }, self.has_slot());
        match self.calls.entry(task) {
            Entry::Vacant(_) if !has_slot => {}
            Entry::Vacant(place) => {
                place.insert(new);
            }
            Entry::Occupied(mut place) => {
                let Call { round: current, bid, .. } = *place.get();
                match (round.cmp(&current), bid) {
                    (Ordering::Less, _) => {
                        return out.output(Output::Refused(Refusal::Round { task, said: round, current }));
                    }
                    (Ordering::Equal, Some(bid)) => {
                        return self.tell_manager(Message::Bid { task, round, bid }, out);
                    }
                    (Ordering::Equal, None) => return,
                    (Ordering::Greater, Some(_)) => out.disarm(Timer::Bid(task)),
                    (Ordering::Greater, None) => {}
                }
                if has_slot {
                    place.insert(new);
                } else {
                    place.remove();
                }
            }
        }
        if has_slot {
            out.output(Output::Asked { task, round, offer });
        } else {
            self.tell_manager(Message::Refuse { task, round }, out);
        }
    }

    /// The host bids. The bid stands until its timer expires: the answer to an award that comes later
    /// is no.
    pub(super) fn bid(&mut self, task: TaskId, round: Round, bid: Bid, out: &mut impl Out) {
        match self.find_call(task) {
            Some(mut call) if call.get().round == round && call.get().bid.is_none() => {
                call.get_mut().bid = Some(bid);
            }
            Some(_) | None => return out.output(Output::Refused(Refusal::NotAsked { task, round })),
        }
        out.arm(Timer::Bid(task));
        self.tell_manager(Message::Bid { task, round, bid }, out);
    }

    /// The host does not.
    pub(super) fn pass(&mut self, task: TaskId, round: Round, out: &mut impl Out) {
        match self.find_call(task) {
            Some(call) if call.get().round == round && call.get().bid.is_none() => {
                call.remove();
                self.tell_manager(Message::Refuse { task, round }, out);
            }
            Some(_) | None => out.output(Output::Refused(Refusal::NotAsked { task, round })),
        }
    }

    /// Reject: the task is another's.
    pub(super) fn lose(&mut self, task: TaskId, round: Round, out: &mut impl Out) {
        self.forget_call_if(task, |call| call.round == round, out);
    }

    /// Past valid_until: the bid stands no longer.
    pub(super) fn bid_expires(&mut self, task: TaskId) {
        if let Some(call) = self.find_call(task)
            && call.get().bid.is_some()
        {
            call.remove();
        }
    }

    /// The call of a task. Most of what is said is about the latest task, so that is looked at first.
    fn find_call(&mut self, task: TaskId) -> Option<OccupiedEntry<'_, TaskId, Call>> {
        if self.calls.last_key_value().is_some_and(|(latest, _)| *latest == task) {
            return self.calls.last_entry();
        }
        match self.calls.entry(task) {
            Entry::Occupied(call) => Some(call),
            Entry::Vacant(_) => None,
        }
    }

    pub(super) fn forget_call(&mut self, task: TaskId, out: &mut impl Out) {
        self.forget_call_if(task, |_| true, out);
    }

    fn forget_call_if(&mut self, task: TaskId, is_over: impl FnOnce(&Call) -> bool, out: &mut impl Out) {
        if let Some(call) = self.find_call(task)
            && is_over(call.get())
            && call.remove().bid.is_some()
        {
            out.disarm(Timer::Bid(task));
        }
    }
}
