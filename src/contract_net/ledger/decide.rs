//! The guards of the ledger: whether a command is about things as they are.

use alloc::collections::BTreeSet;

use crate::contract_net::ids::{AgentId, Epoch, Money, Round, TaskId, Tenure};
use crate::contract_net::ledger::{Cause, Command, Event, Ledger, Phase, Reason, Refused, Task, Why};
use crate::contract_net::rules::Rules;
use crate::contract_net::terms::Terms;

impl Ledger {
    /// What a command would do, or which guard it fails. Changes nothing.
    ///
    /// # Errors
    /// [`Refused`] says which guard failed, with the values.
    pub fn decide<R: Rules>(&self, rules: R, command: &Command) -> Result<Event, Refused> {
        match command {
            Command::Create { task, terms } => self.may_create(*task, terms),
            Command::Join { agent, .. } => self.may_join(*agent),
            Command::Leave { agent } => self.may_leave(*agent),
            Command::Reannounce { task, round, why } => self.may_reannounce(rules, *task, *round, *why),
            Command::Award { task, round, epoch, agent, price, bid: _, bids: _ } => {
                self.may_award(rules, *task, *round, Tenure { epoch: *epoch, agent: *agent }, *price)
            }
            Command::Release { task, tenure, cause } => self.may_release(rules, *task, *tenure, *cause),
            Command::Accept { task, tenure, result } => {
                let paid = self.may_accept(rules, *task, *tenure)?;
                Ok(Event::Accepted { task: *task, tenure: *tenure, result: *result, paid })
            }
            Command::Cancel { task } => self.may_cancel(*task),
            Command::GiveUp { task, round, why, lowest } => {
                self.may_give_up(rules, *task, *round, *why, *lowest)
            }
        }
    }

    fn known(&self, task: TaskId) -> Result<&Task, Refused> {
        self.task(task).ok_or(Refused::UnknownTask(task))
    }

    /// Whatever a task is to come after is there already. So there are no cycles, and none can come
    /// about: the order in which the tasks came is one in which they can be done.
    fn may_create(&self, task: TaskId, terms: &Terms) -> Result<Event, Refused> {
        if self.task(task).is_some() {
            return Err(Refused::TaskExists(task));
        }
        if terms.after.contains(&task) {
            return Err(Refused::Cycle(task));
        }
        let waits = self.open_dependencies(task, &terms.after)?;
        Ok(Event::Created { task, waits })
    }

    fn open_dependencies(&self, task: TaskId, after: &BTreeSet<TaskId>) -> Result<u32, Refused> {
        let mut open = 0;
        for &after in after {
            let dependency = self.task(after).ok_or(Refused::UnknownDependency { task, after })?;
            match dependency.phase {
                Phase::Waiting { .. } | Phase::Bidding | Phase::Awarded => open += 1,
                Phase::Done => {}
                Phase::Cancelled | Phase::Unallocated(_) => {
                    return Err(Refused::DependencyFailed { task, after });
                }
            }
        }
        Ok(open)
    }

    fn may_join(&self, agent: AgentId) -> Result<Event, Refused> {
        match self.agent(agent) {
            Some(known) if known.is_member => Err(Refused::AgentExists(agent)),
            Some(_) | None => Ok(Event::Joined { agent }),
        }
    }

    fn may_leave(&self, agent: AgentId) -> Result<Event, Refused> {
        match self.agent(agent) {
            Some(known) if known.is_member => Ok(Event::Left { agent }),
            Some(_) | None => Err(Refused::NotAMember(agent)),
        }
    }

    /// The task is open for bids, and in this round.
    fn in_round<R: Rules>(&self, rules: R, task: TaskId, said: Round) -> Result<&Task, Refused> {
        let known = self.known(task)?;
        let current = known.round;
        if !rules.is_open(known.phase) {
            return Err(Refused::WrongPhase { task, phase: known.phase });
        }
        if said != current {
            return Err(Refused::WrongRound { task, said, current });
        }
        Ok(known)
    }

    fn may_reannounce<R: Rules>(
        &self,
        rules: R,
        task: TaskId,
        round: Round,
        why: Why,
    ) -> Result<Event, Refused> {
        let known = self.in_round(rules, task, round)?;
        let next = known.next_round().ok_or(Refused::LastRound { task, round })?;
        Ok(Event::Reannounced { task, round: next, reserve: known.next_reserve(why) })
    }

    fn may_give_up<R: Rules>(
        &self,
        rules: R,
        task: TaskId,
        round: Round,
        why: Why,
        lowest: Option<Money>,
    ) -> Result<Event, Refused> {
        let known = self.in_round(rules, task, round)?;
        if known.next_round().is_some() {
            return Err(Refused::NotLastRound { task, round, last: known.last_round() });
        }
        if let Some(cost) = lowest.filter(|lowest| rules.is_affordable(*lowest, known.reserve)) {
            return Err(Refused::WithinReserve { task, cost, reserve: known.reserve });
        }
        Ok(Event::Unallocated { task, reason: self.reason(known, why, lowest) })
    }

    /// Why nobody was found who does the task.
    pub(super) fn reason(&self, task: &Task, why: Why, lowest: Option<Money>) -> Reason {
        match (why, lowest) {
            (Why::NoRoom, _) => Reason::NoRoom,
            (Why::NoBid | Why::Restart, Some(lowest)) => Reason::ReserveTooLow { lowest },
            (Why::NoBid | Why::Restart, None) if self.able(task.terms.needs).next().is_none() => {
                Reason::NobodyCapable
            }
            (Why::NoBid | Why::Restart, None) => Reason::NoBid,
        }
    }

    fn may_award<R: Rules>(
        &self,
        rules: R,
        task: TaskId,
        round: Round,
        tenure: Tenure,
        price: Money,
    ) -> Result<Event, Refused> {
        let known = self.in_round(rules, task, round)?;
        if rules.award_epoch(known.epoch) != Some(tenure.epoch) {
            return Err(Refused::WrongEpoch { task, said: tenure.epoch, latest: known.epoch });
        }
        self.may_serve(rules, task, known, tenure.agent)?;
        if !rules.is_affordable(price, known.reserve) {
            return Err(Refused::AboveReserve { task, price, reserve: known.reserve });
        }
        Ok(Event::Awarded { task, tenure, price })
    }

    /// Whether the agent takes part, can do the task, and has room for it.
    pub(crate) fn may_serve<R: Rules>(
        &self,
        rules: R,
        id: TaskId,
        task: &Task,
        agent: AgentId,
    ) -> Result<(), Refused> {
        let known = self.agent(agent).filter(|known| known.is_member).ok_or(Refused::NotAMember(agent))?;
        let (has, needs) = (known.capabilities, task.terms.needs);
        if !rules.is_capable(has, needs) {
            return Err(Refused::NotCapable { task: id, agent, has, needs });
        }
        let (load, capacity) = (known.load, known.capacity.get());
        if !rules.has_room(load, capacity) {
            return Err(Refused::NoRoom { agent, load, capacity });
        }
        Ok(())
    }

    fn may_release<R: Rules>(
        &self,
        rules: R,
        task: TaskId,
        said: Tenure,
        cause: Cause,
    ) -> Result<Event, Refused> {
        let known = self.known(task)?;
        let current = match (known.phase, known.tenure()) {
            (Phase::Awarded, Some(current)) => current,
            (phase, _) => return Err(Refused::WrongPhase { task, phase }),
        };
        let counts = match cause {
            Cause::Declined => rules.decline_counts(said, current),
            Cause::Failed => rules.report_counts(said, current),
            Cause::Expired => said == current,
        };
        if !counts {
            return Err(Refused::WrongTenure { task, said, current });
        }
        Ok(Event::Released { task, tenure: said, cause, next: known.next_round() })
    }

    /// What is to be paid, if the result is the one that was waited for.
    fn may_accept<R: Rules>(&self, rules: R, task: TaskId, said: Tenure) -> Result<Money, Refused> {
        let known = self.known(task)?;
        let (award, epoch) = match known.award {
            Some(award) if rules.awaits_report(known.phase) => (award, known.epoch),
            Some(_) | None => return Err(Refused::WrongPhase { task, phase: known.phase }),
        };
        let current = Tenure { epoch, agent: award.agent };
        if !rules.report_counts(said, current) {
            return Err(Refused::WrongTenure { task, said, current });
        }
        Ok(award.price)
    }

    fn may_cancel(&self, task: TaskId) -> Result<Event, Refused> {
        let known = self.known(task)?;
        let tenure = match known.phase {
            Phase::Waiting { .. } | Phase::Bidding => None,
            Phase::Awarded => known.tenure(),
            Phase::Done | Phase::Cancelled | Phase::Unallocated(_) => {
                return Err(Refused::WrongPhase { task, phase: known.phase });
            }
        };
        Ok(Event::Cancelled { task, tenure })
    }
}

impl Task {
    /// The round after this one; `None` if it is the last.
    pub(super) fn next_round(&self) -> Option<Round> {
        self.round.next().filter(|next| *next <= self.last_round())
    }

    /// The reserve of the next round.
    pub(super) fn next_reserve(&self, why: Why) -> Money {
        match why {
            Why::NoBid => self.terms.escalation.raise(self.reserve),
            Why::NoRoom | Why::Restart => self.reserve,
        }
    }

    /// The epoch of the next award by these rules.
    pub(crate) fn next_epoch<R: Rules>(&self, rules: R) -> Option<Epoch> {
        rules.award_epoch(self.epoch)
    }
}
