//! An award, from its arrival to its report (state table, contractor, Held and Executing).

use crate::contract_net::contractor::{Contractor, Out, Output, Promise, Timer, Write};
use crate::contract_net::ids::{BidId, Claim, Epoch, Money, Round, TaskId};
use crate::contract_net::message::{Ack, Message, Outcome};
use crate::contract_net::refusal::Refusal;
use crate::contract_net::rules::{Moment, Rules, Stake};

/// An award that is held or worked on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Work {
    /// Its epoch: the contractor's fence for the task, unless it is stopping.
    pub epoch: Epoch,
    /// Whether the host was told to start. By the published rules if and only if `granted` is `Some`.
    pub executing: bool,
    /// The latest claim that was granted; its lease runs. When that ends, the work does.
    pub granted: Option<Claim>,
    /// The claim that is not granted yet; its lease runs. It is later than `granted`.
    pub pending: Option<Claim>,
    /// The latest claim that was sent.
    pub latest: Claim,
    /// Whether the host was told to stop and has not said yet that it has. Then nothing is executing,
    /// granted or pending any more, the slot is not free yet, and the fence may be later than the epoch.
    pub stopping: bool,
}

impl Work {
    const fn held(epoch: Epoch, start: u32) -> Self {
        let latest = Claim { start, number: 0 };
        Self { epoch, executing: false, granted: None, pending: None, latest, stopping: false }
    }
}

/// What an award rests on.
pub(super) fn stake(round: Round, bid: BidId, amount: Money) -> Stake {
    Stake { round, bid, amount }
}

impl<R: Rules> Contractor<R> {
    /// Award(e), if e > fence, slot free, own bid unexpired: fence := e is durable, Held, Claim. If
    /// e <= fence: the stored outcome again, if that is what the award has come to.
    pub(super) fn take(&mut self, task: TaskId, epoch: Epoch, award: Stake, out: &mut impl Out) {
        let (rules, fence) = (self.rules(), self.promises.fence(task));
        if !rules.may_hold(epoch, fence) {
            return self.answer_old_award(task, epoch, fence, out);
        }
        self.give_up_earlier(task, fence, out);
        let call = self.calls.get(task).copied();
        let is_stopping = self.works.get(task).is_some();
        if is_stopping || !rules.bid_stands(call.and_then(|call| call.stake()), award) || !self.has_slot() {
            self.forget_call(task, out);
            return self.decline(task, epoch, out);
        }
        let idempotent = call.is_some_and(|call| call.idempotent);
        self.promises.record(Write::Hold { task, epoch, idempotent }, out);
        self.works.insert(task, Work::held(epoch, 0));
        if rules.starts(Moment::Award) {
            self.begin(task, out);
        }
        self.claim(task, out);
    }

    /// A higher epoch: abandon. The manager has released whatever it was.
    fn give_up_earlier(&mut self, task: TaskId, fence: Epoch, out: &mut impl Out) {
        self.abandon(task, out);
        if self.promises.get(task).is_some_and(|it| it.outcome.is_some() && !it.settled) {
            out.disarm(Timer::Report(task));
            out.output(Output::Settled { task, epoch: fence, ack: Ack::Stale });
        }
    }

    /// Decline(e): fence := e is durable, so that no award of e is taken any more. Otherwise one that
    /// comes twice could be, once a bid of the same number stands again; and the manager, which
    /// releases the award when it hears the decline, would award it to another while this one works.
    fn decline(&mut self, task: TaskId, epoch: Epoch, out: &mut impl Out) {
        self.promises.record(Write::Decline { task, epoch }, out);
        self.tell_manager(Message::Decline { task, epoch }, out);
    }

    fn answer_old_award(&mut self, task: TaskId, epoch: Epoch, fence: Epoch, out: &mut impl Out) {
        let promise = self.promises.get(task).filter(|_| epoch == fence);
        let Some(&Promise { outcome, settled, .. }) = promise else {
            return out.output(Output::Refused(Refusal::Epoch { task, said: epoch, fence }));
        };
        match outcome {
            Some(outcome) => self.tell_manager(Message::Report { task, epoch, outcome }, out),
            None if settled => self.tell_manager(Message::Decline { task, epoch }, out),
            None => {} // It is held, and claimed every now and then.
        }
    }

    /// After a restart. Its claims have numbers of their own: a grant of one from before is not for
    /// the work that begins now.
    pub(super) fn resume(&mut self, task: TaskId, out: &mut impl Out) {
        self.promises.record(Write::Resume(task), out);
        if let Some(promise) = self.promises.get(task) {
            self.works.insert(task, Work::held(promise.fence, promise.start));
            self.claim(task, out);
        }
    }

    /// Sends a claim; its lease begins before that. One whose lease still runs is sent again as it
    /// is: it is the same question, asked when it was asked first.
    pub(super) fn claim(&mut self, task: TaskId, out: &mut impl Out) {
        let rules = self.rules();
        let Some(work) = self.works.get_mut(task).filter(|work| !work.stopping) else { return };
        let claim = match work.pending {
            Some(pending) => pending,
            None => {
                let Some(next) = work.latest.next() else {
                    return out.output(Output::Refused(Refusal::NoClaims(task)));
                };
                (work.latest, work.pending) = (next, Some(next));
                if rules.lease_begins(Moment::Claim) {
                    out.arm(Timer::Lease(task, next));
                }
                next
            }
        };
        let epoch = work.epoch;
        out.arm(Timer::Claim(task));
        self.tell_manager(Message::Claim { task, epoch, claim }, out);
    }

    /// Go(echo s), if now < s + L_c: Executing, until s + L_c.
    pub(super) fn go(&mut self, task: TaskId, epoch: Epoch, claim: Claim, out: &mut impl Out) {
        let rules = self.rules();
        let Some(work) = self.works.get_mut(task).filter(|work| work.epoch == epoch && !work.stopping) else {
            return out.output(Output::Refused(Refusal::NotAtWork { task, epoch }));
        };
        if work.granted == Some(claim) {
            return; // The grant came twice.
        }
        if !rules.go_counts(work.pending == Some(claim)) {
            return out.output(Output::Refused(Refusal::Lapsed { task, claim }));
        }
        if let Some(earlier) = work.granted.replace(claim) {
            out.disarm(Timer::Lease(task, earlier));
        }
        work.pending = work.pending.filter(|pending| *pending != claim);
        if rules.lease_begins(Moment::Go) {
            out.arm(Timer::Lease(task, claim));
        }
        if rules.starts(Moment::Go) && !work.executing {
            self.begin(task, out);
        }
    }

    fn begin(&mut self, task: TaskId, out: &mut impl Out) {
        if let Some(work) = self.works.get_mut(task) {
            work.executing = true;
            out.output(Output::Start { task, epoch: work.epoch });
        }
    }

    /// Past `until`: stop. What was stopped has failed, and is not begun again under this award. That
    /// is reported once the host has stopped, and no sooner: the manager awards the task to another
    /// when it hears of it.
    pub(super) fn lease_runs_out(&mut self, task: TaskId, claim: Claim, out: &mut impl Out) {
        let Some(work) = self.works.get_mut(task) else { return };
        if work.pending == Some(claim) {
            work.pending = None;
        } else if work.granted == Some(claim) {
            self.abandon(task, out);
        }
    }

    /// The host is done with the work, or has stopped. It may fail before it was told to start, but not
    /// succeed. If the award was over before that, there is nothing to report.
    pub(super) fn end(&mut self, task: TaskId, epoch: Epoch, outcome: Outcome, out: &mut impl Out) {
        let can_end = |executing: bool| match outcome {
            Outcome::Done(_) => executing,
            Outcome::Failed => true,
        };
        match self.works.get_mut(task) {
            Some(work) if work.epoch == epoch && can_end(work.executing) => {
                if work.stopping {
                    self.works.remove(task);
                } else {
                    work.executing = false; // The host need not be told to stop.
                    self.abandon(task, out);
                }
                if self.promises.get(task).is_some_and(|it| it.fence == epoch && !it.settled) {
                    self.finish(task, outcome, out);
                }
            }
            Some(_) | None => out.output(Output::Refused(Refusal::NotAtWork { task, epoch })),
        }
    }

    /// The outcome, first on the disk and then in the post.
    pub(super) fn finish(&mut self, task: TaskId, outcome: Outcome, out: &mut impl Out) {
        self.promises.record(Write::Finish { task, outcome }, out);
        self.report(task, out);
    }

    /// Report until Ack.
    pub(super) fn report(&mut self, task: TaskId, out: &mut impl Out) {
        let Some(promise) = self.promises.get(task).filter(|promise| !promise.settled) else { return };
        let Some(outcome) = promise.outcome else { return };
        self.tell_manager(Message::Report { task, epoch: promise.fence, outcome }, out);
        out.arm(Timer::Report(task));
    }

    /// The manager knows the outcome, or the award is over: there is nothing left to do.
    pub(super) fn settle(&mut self, task: TaskId, epoch: Epoch, ack: Ack, out: &mut impl Out) {
        let fence = self.promises.fence(task);
        let open = self.promises.get(task).filter(|it| it.fence == epoch && !it.settled);
        let Some(promise) = open else {
            if epoch != fence {
                out.output(Output::Refused(Refusal::Epoch { task, said: epoch, fence }));
            }
            return; // It was acknowledged already.
        };
        if ack == Ack::Accepted && !matches!(promise.outcome, Some(Outcome::Done(_))) {
            return out.output(Output::Refused(Refusal::NotDone { task, epoch }));
        }
        let reported = promise.outcome.is_some();
        self.promises.record(Write::Settle(task), out);
        self.abandon(task, out);
        if reported {
            out.disarm(Timer::Report(task));
        }
        out.output(Output::Settled { task, epoch, ack });
    }

    /// The award is worked on no longer. If the host is at work, it is told to stop, and the slot is
    /// free once it has (G7).
    fn abandon(&mut self, task: TaskId, out: &mut impl Out) {
        let Some(&work) = self.works.get(task).filter(|work| !work.stopping) else { return };
        out.disarm(Timer::Claim(task));
        for claim in [work.granted, work.pending].into_iter().flatten() {
            out.disarm(Timer::Lease(task, claim));
        }
        if work.executing {
            let stopping = Work { stopping: true, ..Work::held(work.epoch, work.latest.start) };
            self.works.insert(task, stopping);
            out.output(Output::Stop { task, epoch: work.epoch });
        } else {
            self.works.remove(task);
        }
    }
}
