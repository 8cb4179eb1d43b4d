//! What an observer remembers of a contract net.

use alloc::collections::{BTreeMap, BTreeSet};

use crate::contract_net::award::AwardRule;
use crate::contract_net::contractor;
use crate::contract_net::fence::{Admitted, Gate};
use crate::contract_net::ids::{AgentId, BidId, Epoch, Money, Round, TaskId, Tenure};
use crate::contract_net::ledger::{Cause, Command};
use crate::contract_net::message::Message;
use crate::contract_net::participant::{Input, Output, Participant, Write};
use crate::contract_net::rules::Rules;
use crate::machine::{Event, Value};
use crate::node::{NodeId, Relabel, Renaming};
use crate::observe::{self, History, Step};
use crate::outbox::Op;

/// What an observer remembers of a contract net.
///
/// It makes its own books from what was written and sent, and asks no ledger. What it needs no more
/// it forgets: two states that differ in nothing else would be explored twice.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Chronicle {
    tasks: BTreeMap<TaskId, Story>,
    /// What each agent should have earned.
    owed: BTreeMap<AgentId, u128>,
    /// What hosts were told to start, and have not said that they are done with, or have stopped.
    at_work: BTreeSet<(AgentId, TaskId, Epoch)>,
    /// A resource that every start of a task changes, under the epoch of its award. It is protected by
    /// the rules of whoever starts.
    gate: Gate,
    broken: Broken,
}

/// What is remembered of a task.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct Story {
    /// The latest round that began, by what was written.
    round: Round,
    /// The latest award that was written.
    latest: Epoch,
    /// The award that is in force, by what was written.
    current: Option<Tenure>,
    /// The price of the latest award, by what was written.
    price: Money,
    /// What was accepted.
    accepted: Option<Tenure>,
    /// To whom an award of each epoch was sent first.
    sent: BTreeMap<Epoch, NodeId>,
    /// The bids that were sent in the round, and the declines of awards that are in force or still to
    /// come.
    bids: BTreeSet<(Round, AgentId, BidId, Money)>,
    declines: BTreeSet<Tenure>,
    /// Under which award each agent started last.
    starts: BTreeMap<AgentId, Epoch>,
}

/// Which guarantees about the past were broken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct Broken {
    pub(super) single_award: bool,
    pub(super) epochs_ascend: bool,
    pub(super) accepted_once: bool,
    pub(super) accepted_current: bool,
    pub(super) started_once: bool,
    pub(super) award_on_bid: bool,
    pub(super) release_on_decline: bool,
    pub(super) release_before_award: bool,
    pub(super) fenced: bool,
    pub(super) over_capacity: bool,
}

impl Chronicle {
    /// To whom the award of this epoch was sent first, if it was.
    pub fn awarded(&self, task: TaskId, epoch: Epoch) -> Option<NodeId> {
        self.tasks.get(&task)?.sent.get(&epoch).copied()
    }

    /// The award under which the task's result was accepted.
    pub fn accepted(&self, task: TaskId) -> Option<Tenure> {
        self.tasks.get(&task)?.accepted
    }

    /// What an agent should have earned.
    pub fn owed(&self, agent: AgentId) -> u128 {
        self.owed.get(&agent).copied().unwrap_or_default()
    }

    pub(super) const fn broken(&self) -> &Broken {
        &self.broken
    }

    fn writes(&mut self, command: &Command) {
        match command {
            Command::Create { task, .. } => self.of(*task).round = Round::new(1),
            Command::Join { .. } | Command::Leave { .. } => {}
            Command::Reannounce { task, .. } => self.of(*task).next_round(),
            Command::Award { task, round, epoch, agent, bid, price, bids: _ } => {
                let tenure = Tenure { epoch: *epoch, agent: *agent };
                self.award(*task, *round, tenure, *bid, *price);
            }
            Command::Release { task, cause, .. } => self.release(*task, *cause),
            Command::Accept { task, tenure, .. } => self.accept(*task, *tenure),
            Command::Cancel { task } | Command::GiveUp { task, .. } => self.of(*task).current = None,
        }
    }

    fn of(&mut self, task: TaskId) -> &mut Story {
        self.tasks.entry(task).or_default()
    }

    fn award(&mut self, task: TaskId, round: Round, tenure: Tenure, bid: BidId, price: Money) {
        let story = self.tasks.entry(task).or_default();
        let rests = |&(r, agent, id, cost): &(Round, AgentId, BidId, Money)| {
            (r, agent, id) == (round, tenure.agent, bid) && cost <= price
        };
        self.broken.award_on_bid |= round != story.round || !story.bids.iter().any(rests);
        self.broken.release_before_award |= story.current.is_some();
        self.broken.epochs_ascend |= tenure.epoch <= story.latest;
        story.latest = story.latest.max(tenure.epoch);
        (story.current, story.price) = (Some(tenure), price);
    }

    fn release(&mut self, task: TaskId, cause: Cause) {
        let story = self.tasks.entry(task).or_default();
        let declined = story.current.is_some_and(|current| story.declines.contains(&current));
        self.broken.release_on_decline |= cause == Cause::Declined && !declined;
        story.current = None;
        story.next_round();
        let latest = story.latest;
        story.declines.retain(|declined| declined.epoch > latest);
    }

    fn accept(&mut self, task: TaskId, tenure: Tenure) {
        let story = self.tasks.entry(task).or_default();
        if story.accepted.is_none() {
            *self.owed.entry(tenure.agent).or_default() += u128::from(story.price.get());
        }
        self.broken.accepted_once |= story.accepted.is_some();
        // A second time is the one thing, under another award the other.
        let current = story.current.or(story.accepted);
        self.broken.accepted_current |= current != Some(tenure);
        story.accepted = Some(tenure);
        story.current = None;
    }

    fn says<A: AwardRule, R: Rules>(
        &mut self,
        step: &Step<'_, Participant<A, R>>,
        to: NodeId,
        said: &Message,
    ) {
        let agent = AgentId::from(step.node);
        match *said {
            Message::Award { task, epoch, .. } => {
                let first = *self.of(task).sent.entry(epoch).or_insert(to);
                self.broken.single_award |= first != to;
            }
            Message::Bid { task, round, bid } => {
                let story = self.of(task);
                if round >= story.round {
                    story.bids.insert((round, agent, bid.id, bid.cost));
                }
            }
            Message::Decline { task, epoch } => {
                let story = self.of(task);
                if story.current.is_some_and(|current| epoch >= current.epoch) {
                    story.declines.insert(Tenure { epoch, agent });
                }
            }
            Message::Announce { .. } | Message::Refuse { .. } | Message::Reject { .. } => {}
            Message::Claim { .. } | Message::Go { .. } | Message::Report { .. } => {}
            Message::ReportAck { .. } | Message::Cancel { .. } => {}
        }
    }

    fn starts<R: Rules>(&mut self, config: &contractor::Config<R>, task: TaskId, epoch: Epoch) {
        let agent = AgentId::from(config.id());
        let before =
            |&(worker, of, under): &(AgentId, TaskId, Epoch)| (worker, of) == (agent, task) && under != epoch;
        self.broken.over_capacity |= self.at_work.iter().any(before);
        self.at_work.insert((agent, task, epoch));
        let busy = self.at_work.iter().filter(|(worker, ..)| *worker == agent).count();
        self.broken.over_capacity |= u32::try_from(busy).is_ok_and(|busy| busy > config.capacity().get());
        let latest = self.of(task).starts.insert(agent, epoch);
        self.broken.started_once |= latest.is_some_and(|latest| latest >= epoch);
        let greatest = self.gate.latest(task);
        let stale = greatest.is_some_and(|greatest| epoch < greatest);
        let again = greatest == Some(epoch);
        self.broken.fenced |= match self.gate.admit_by(config.rules(), task, epoch) {
            Ok(Admitted::First) => stale || again,
            Ok(Admitted::Again) => !again,
            Err(_) => !stale,
        };
    }

    /// A host says that it is done, or has stopped.
    fn ends(&mut self, node: NodeId, input: &contractor::Input) {
        match *input {
            contractor::Input::Finished { task, epoch, .. } | contractor::Input::Failed { task, epoch } => {
                self.at_work.remove(&(AgentId::from(node), task, epoch));
            }
            contractor::Input::Bid { .. } | contractor::Input::Pass { .. } => {}
        }
    }

    /// A contractor restarts: a crash stops all work, and what is idempotent it may start once more under
    /// the same award.
    fn restarts(&mut self, node: NodeId, promises: &contractor::Promises) {
        self.at_work.retain(|(worker, ..)| *worker != AgentId::from(node));
        for (task, story) in &mut self.tasks {
            if promises.get(*task).is_some_and(|promise| promise.idempotent) {
                story.starts.remove(&AgentId::from(node));
            }
        }
    }
}

impl Story {
    fn next_round(&mut self) {
        self.round = self.round.next().unwrap_or(self.round);
        let round = self.round;
        self.bids.retain(|(r, ..)| *r >= round);
    }
}

impl<A: AwardRule, R: Rules> History<Participant<A, R>> for Chronicle
where
    Participant<A, R>: Value,
{
    fn observe(&mut self, step: &Step<'_, Participant<A, R>>) {
        match &step.cause {
            observe::Cause::Restart => self.restarts(step.node, &step.disk.promises),
            observe::Cause::Event(Event::Input(Input::Contractor(input))) => self.ends(step.node, input),
            observe::Cause::Event(_) => {}
        }
        for op in step.performed {
            match op {
                Op::Write(Write::Manager(command)) => self.writes(command),
                Op::Write(Write::Contractor(_)) => {}
                Op::Send { to, message } => self.says(step, *to, message),
                Op::Output(Output::Contractor(contractor::Output::Start { task, epoch })) => {
                    if let Some(contractor) = step.before.contractor() {
                        self.starts(contractor.config(), *task, *epoch);
                    }
                }
                Op::Sync | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => {}
            }
        }
    }
}

impl Relabel for Story {
    fn relabel(&self, renaming: &Renaming) -> Self {
        let bid = |&(round, agent, id, cost): &(Round, AgentId, BidId, Money)| {
            (round, agent.relabel(renaming), id, cost)
        };
        Self {
            current: self.current.relabel(renaming),
            accepted: self.accepted.relabel(renaming),
            sent: self.sent.iter().map(|(epoch, node)| (*epoch, node.relabel(renaming))).collect(),
            bids: self.bids.iter().map(bid).collect(),
            declines: self.declines.iter().map(|tenure| tenure.relabel(renaming)).collect(),
            starts: self.starts.iter().map(|(agent, epoch)| (agent.relabel(renaming), *epoch)).collect(),
            ..self.clone()
        }
    }
}

impl Relabel for Chronicle {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self {
            tasks: self.tasks.iter().map(|(task, story)| (*task, story.relabel(renaming))).collect(),
            owed: self.owed.iter().map(|(agent, sum)| (agent.relabel(renaming), *sum)).collect(),
            at_work: self
                .at_work
                .iter()
                .map(|&(who, task, epoch)| (who.relabel(renaming), task, epoch))
                .collect(),
            ..self.clone()
        }
    }
}
