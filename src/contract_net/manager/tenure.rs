//! An award, until it is released or its result is accepted (state table, Awarded and Done).

use alloc::vec::Vec;

use crate::contract_net::award::AwardRule;
use crate::contract_net::ids::{Claim, Digest, Epoch, TaskId, Tenure};
use crate::contract_net::ledger::{Award, Cause, Command, Event, Phase};
use crate::contract_net::manager::{Manager, Out, Timer};
use crate::contract_net::message::{Ack, Message, Outcome};
use crate::contract_net::rules::Rules;
use crate::node::NodeId;

impl<A: AwardRule, R: Rules> Manager<A, R> {
    /// The award that is in force.
    fn in_force(&self, task: TaskId) -> Option<(Tenure, Award)> {
        let known = self.ledger.task(task).filter(|known| known.phase == Phase::Awarded)?;
        Some((known.tenure()?, known.award?))
    }

    /// Tells the holder of the award, and remembers to ask whether it heard. Returns the holder.
    pub(super) fn send_award(&self, task: TaskId, out: &mut impl Out) -> Option<NodeId> {
        let (Tenure { epoch, agent }, award) = self.in_force(task)?;
        let to = agent.node()?;
        let Award { round, bid, price, .. } = award;
        out.send(to, Message::Award { task, epoch, round, bid, price });
        out.arm(Timer::Resend(task));
        Some(to)
    }

    /// Awarded, resend timer: Award again.
    pub(super) fn resend(&self, task: TaskId, out: &mut impl Out) {
        if self.rules().resends() {
            self.send_award(task, out);
        }
    }

    /// Claim(e,a), if lease unexpired: grant := now; Go. That the lease has not run out is what the
    /// phase says: when it does, the award is released.
    pub(super) fn grant(
        &mut self,
        from: NodeId,
        task: TaskId,
        said: Tenure,
        claim: Claim,
        out: &mut impl Out,
    ) {
        let rules = self.rules();
        if self.in_force(task).is_none_or(|(current, _)| !rules.claim_counts(said, current)) {
            return self.acknowledge(from, task, said, out);
        }
        out.disarm(Timer::Resend(task));
        // The lease of a claim that comes again runs from when it came first: that was after it was sent.
        if self.leases.get(&task).is_none_or(|running| *running < claim) {
            self.begin_lease(task, said.epoch, claim, out);
        }
        out.send(from, Message::Go { task, epoch: said.epoch, claim });
    }

    /// The lease of this claim begins, in place of that of an earlier one.
    pub(super) fn begin_lease(&mut self, task: TaskId, epoch: Epoch, claim: Claim, out: &mut impl Out) {
        if let Some(earlier) = self.leases.insert(task, claim) {
            out.disarm(Timer::Lease(task, epoch, earlier));
        }
        out.arm(Timer::Lease(task, epoch, claim));
    }

    /// The award is over: no lease runs any more, and nothing is to be sent again.
    fn stop_timers(&mut self, task: TaskId, epoch: Epoch, out: &mut impl Out) {
        out.disarm(Timer::Resend(task));
        if let Some(claim) = self.leases.remove(&task) {
            out.disarm(Timer::Lease(task, epoch, claim));
        }
    }

    /// Decline(e,a): Released.
    pub(super) fn decline(&mut self, task: TaskId, said: Tenure, out: &mut impl Out) {
        self.release(task, said, Cause::Declined, out);
    }

    /// now - grant >= L_m: Released. An expiry that comes late is of a lease that is over.
    pub(super) fn lease_ran_out(&mut self, task: TaskId, epoch: Epoch, claim: Claim, out: &mut impl Out) {
        let running = self.leases.get(&task) == Some(&claim);
        let in_force = self.in_force(task).filter(|(current, _)| running && current.epoch == epoch);
        if let Some((current, _)) = in_force {
            self.release(task, current, Cause::Expired, out);
        }
    }

    /// Report Ok(e,a): Accepted, Ack; and again an Ack, without a payment, once it is Done. Report
    /// Fail(e,a): Released. Of any other epoch or agent: Ack Stale.
    pub(super) fn report(
        &mut self,
        from: NodeId,
        task: TaskId,
        said: Tenure,
        outcome: Outcome,
        out: &mut impl Out,
    ) {
        match outcome {
            Outcome::Done(result) => self.accept(task, said, result, out),
            Outcome::Failed => {
                let current = self.in_force(task).map(|(current, _)| current);
                if current.is_some_and(|current| self.rules().report_counts(said, current)) {
                    self.release(task, said, Cause::Failed, out);
                }
            }
        }
        self.acknowledge(from, task, said, out);
    }

    fn accept(&mut self, task: TaskId, tenure: Tenure, result: Digest, out: &mut impl Out) {
        if self.try_commit(Command::Accept { task, tenure, result }, out).is_err() {
            return; // The acknowledgement says that it is over.
        }
        self.stop_timers(task, tenure.epoch, out);
        let is_new = |dependent: &TaskId| {
            let phase = self.ledger.task(*dependent).map(|dependent| dependent.phase);
            phase == Some(Phase::Bidding) && !self.auctions.contains_key(dependent)
        };
        let free: Vec<_> = self.ledger.dependents(task).filter(is_new).collect();
        free.into_iter().for_each(|dependent| self.announce(dependent, out));
    }

    fn release(&mut self, task: TaskId, tenure: Tenure, cause: Cause, out: &mut impl Out) {
        let released = self.commit(Command::Release { task, tenure, cause }, out);
        let Some(Event::Released { next, .. }) = released else { return };
        self.stop_timers(task, tenure.epoch, out);
        match next {
            Some(_) => self.announce(task, out),
            None => self.fall_out(task, out),
        }
    }

    /// Live, cancel: Cancelled.
    pub(super) fn cancel(&mut self, task: TaskId, out: &mut impl Out) {
        let Some(Event::Cancelled { tenure, .. }) = self.commit(Command::Cancel { task }, out) else {
            return;
        };
        self.dismiss(task, None, out);
        if let Some(Tenure { epoch, agent }) = tenure {
            self.stop_timers(task, epoch, out);
            if let Some(to) = agent.node() {
                out.send(to, Message::Cancel { task, epoch });
            }
        }
        self.fall_out(task, out);
    }

    /// Tells a contractor what its award has come to.
    fn acknowledge(&self, to: NodeId, task: TaskId, said: Tenure, out: &mut impl Out) {
        let known = self.ledger.task(task);
        let accepted = known.is_some_and(|it| it.phase == Phase::Done && it.tenure() == Some(said));
        let ack = if accepted { Ack::Accepted } else { Ack::Stale };
        out.send(to, Message::ReportAck { task, epoch: said.epoch, ack });
    }
}
