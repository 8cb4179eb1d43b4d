//! An award, from its arrival to its report (state table, contractor, Held and Executing).

use crate::contract_net::contractor::{Contractor, Out, Output, Timer, Write};
use crate::contract_net::ids::{BidId, Claim, Epoch, Money, Round, TaskId};
use crate::contract_net::message::{Ack, Message, Outcome};
use crate::contract_net::refusal::Refusal;
use crate::contract_net::rules::{Moment, Rules, Stake};

/// An award that is held or worked on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Work {
    /// Its epoch: the contractor's fence for the task.
    pub epoch: Epoch,
    /// Whether the host was told to start. By the published rules if and only if `granted` is `Some`.
    pub executing: bool,
    /// The latest claim that was granted; its lease runs. When that ends, the work does.
    pub granted: Option<Claim>,
    /// The claim that is not granted yet; its lease runs. It is later than `granted`.
    pub pending: Option<Claim>,
    /// The latest claim that was sent.
    pub latest: Claim,
    /// Whether the lease ran out and the host has not said yet that it has stopped. Then nothing is
    /// executing, granted or pending any more, and the slot is not free yet.
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
        self.abandon(task, out); // A higher epoch: the manager has released whatever it was.
        let call = self.calls.get(&task).copied();
        if !rules.bid_stands(call.and_then(|call| call.stake()), award) || !self.has_slot() {
            self.forget_call(task, out);
            return self.tell_manager(Message::Decline { task, epoch }, out);
        }
        let idempotent = call.is_some_and(|call| call.idempotent);
        self.promises.record(Write::Hold { task, epoch, idempotent }, out);
        self.works.insert(task, Work::held(epoch, 0));
        if rules.starts(Moment::Award) {
            self.begin(task, out);
        }
        self.claim(task, out);
    }

    fn answer_old_award(&mut self, task: TaskId, epoch: Epoch, fence: Epoch, out: &mut impl Out) {
        match self.promises.get(task).and_then(|promise| promise.outcome) {
            Some(outcome) if epoch == fence => {
                self.tell_manager(Message::Report { task, epoch, outcome }, out);
            }
            Some(_) | None if epoch == fence => {} // It is held, and claimed every now and then.
            Some(_) | None => out.output(Output::Refused(Refusal::Epoch { task, said: epoch, fence })),
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
        let Some(work) = self.works.get_mut(&task).filter(|work| !work.stopping) else { return };
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
        let Some(work) = self.works.get_mut(&task).filter(|work| work.epoch == epoch && !work.stopping)
        else {
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
        if let Some(work) = self.works.get_mut(&task) {
            work.executing = true;
            out.output(Output::Start { task, epoch: work.epoch });
        }
    }

    /// Past `until`: stop. What was stopped has failed, and is not begun again under this award. That
    /// is reported once the host has stopped, and no sooner: the manager awards the task to another
    /// when it hears of it.
    pub(super) fn lease_runs_out(&mut self, task: TaskId, claim: Claim, out: &mut impl Out) {
        let Some(work) = self.works.get_mut(&task) else { return };
        if work.pending == Some(claim) {
            work.pending = None;
        } else if work.granted == Some(claim) {
            let stopping = Work { stopping: true, ..Work::held(work.epoch, claim.start) };
            self.abandon(task, out);
            self.works.insert(task, stopping);
        }
    }

    /// The host is done with the work, or has stopped. It may fail before it was told to start, but not
    /// succeed.
    pub(super) fn end(&mut self, task: TaskId, epoch: Epoch, outcome: Outcome, out: &mut impl Out) {
        let can_end = |executing: bool| match outcome {
            Outcome::Done(_) => executing,
            Outcome::Failed => true,
        };
        match self.works.get_mut(&task) {
            Some(work) if work.epoch == epoch && can_end(work.executing) => {
                work.executing = false; // The host knows that it is to stop.
                self.abandon(task, out);
                self.finish(task, outcome, out);
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
        if promise.outcome.is_none() && ack == Ack::Accepted {
            return out.output(Output::Refused(Refusal::Epoch { task, said: epoch, fence }));
        }
        let reported = promise.outcome.is_some();
        self.promises.record(Write::Settle(task), out);
        self.abandon(task, out);
        if reported {
            out.disarm(Timer::Report(task));
        }
        out.output(Output::Settled { task, epoch, ack });
    }

    /// The award is worked on no longer.
    fn abandon(&mut self, task: TaskId, out: &mut impl Out) {
        let Some(work) = self.works.remove(&task) else { return };
        out.disarm(Timer::Claim(task));
        for claim in [work.granted, work.pending].into_iter().flatten() {
            out.disarm(Timer::Lease(task, claim));
        }
        if work.executing {
            out.output(Output::Stop { task, epoch: work.epoch });
        }
    }
}
