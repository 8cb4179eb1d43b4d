//! What a command changes, once it is decided. The disk of a manager is a fold over these changes.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use crate::contract_net::ids::{AgentId, Digest, Epoch, Money, Round, TaskId, Tenure};
use crate::contract_net::ledger::index::Index;
use crate::contract_net::ledger::{Agent, Award, Cause, Command, Ledger, Phase, Reason, Task, Why};
#[cfg(feature = "serde")]
use crate::contract_net::plan;
use crate::contract_net::terms::Terms;
use crate::machine::Durable;

impl Durable for Ledger {
    type Write = Command;

    /// Makes the change without comparing anything: it was decided when it was recorded.
    fn apply(&mut self, command: &Command) {
        self.make(command);
    }
}

impl Ledger {
    pub(super) fn make(&mut self, command: &Command) {
        match command {
            Command::Create { task, terms } => self.create(*task, terms),
            Command::Join { agent, capabilities, capacity } => {
                self.leave(*agent);
                let known = self.agents.get(agent);
                let (load, done, earned) = known.map_or((0, 0, 0), |it| (it.load, it.done, it.earned));
                let (capabilities, capacity) = (*capabilities, *capacity);
                let joined = Agent { capabilities, capacity, is_member: true, load, done, earned };
                self.agents.insert(*agent, joined);
                self.index.join(capabilities, *agent);
            }
            Command::Leave { agent } => self.leave(*agent),
            Command::Reannounce { task, round: _, why } => self.reannounce(*task, *why),
            Command::Award { task, round, epoch, agent, bid, price, bids } => {
                let award = Award { agent: *agent, round: *round, bid: *bid, price: *price, bids: *bids };
                self.award(*task, *epoch, award);
            }
            Command::Release { task, tenure: _, cause } => self.release(*task, *cause),
            Command::Accept { task, tenure, result } => self.accept(*task, *tenure, *result),
            Command::Cancel { task } => self.end(*task, Phase::Cancelled),
            Command::GiveUp { task, round: _, why, lowest } => {
                if let Some(known) = self.tasks.get(task) {
                    self.end(*task, Phase::Unallocated(self.reason(known, *why, *lowest)));
                }
            }
        }
    }

    fn create(&mut self, id: TaskId, terms: &Terms) {
        let is_done = |task: &TaskId| self.tasks.get(task).is_some_and(|task| task.phase == Phase::Done);
        let open = terms.after.iter().filter(|task| !is_done(task)).count();
        let on = u32::try_from(open).unwrap_or(u32::MAX);
        let phase = if on == 0 { Phase::Bidding } else { Phase::Waiting { on } };
        for after in &terms.after {
            self.index.depends(id, *after);
        }
        self.index.create(terms.needs, id, phase == Phase::Bidding);
        self.tasks.insert(id, Task::new(terms.clone(), phase));
    }

    fn leave(&mut self, agent: AgentId) {
        if let Some(known) = self.agents.get_mut(&agent) {
            known.is_member = false;
            self.index.leave(known.capabilities, agent);
        }
    }

    fn reannounce(&mut self, task: TaskId, why: Why) {
        if let Some(known) = self.tasks.get_mut(&task) {
            known.reserve = known.next_reserve(why);
            known.round = known.next_round().unwrap_or(known.round);
        }
    }

    fn award(&mut self, task: TaskId, epoch: Epoch, award: Award) {
        let Some(known) = self.tasks.get_mut(&task) else { return };
        if known.phase == Phase::Awarded {
            // The published rules leave nobody here.
            pass_on(task, known, Phase::Bidding, &mut self.agents, &mut self.index);
        }
        (known.epoch, known.award) = (epoch, Some(award));
        pass_on(task, known, Phase::Awarded, &mut self.agents, &mut self.index);
    }

    fn release(&mut self, task: TaskId, cause: Cause) {
        let Some(known) = self.tasks.get_mut(&task) else { return };
        match known.next_round() {
            Some(next) => {
                known.round = next;
                pass_on(task, known, Phase::Bidding, &mut self.agents, &mut self.index);
            }
            None => self.end(task, Phase::Unallocated(Reason::Released(cause))),
        }
    }

    fn accept(&mut self, task: TaskId, tenure: Tenure, result: Digest) {
        let Some(known) = self.tasks.get_mut(&task) else { return };
        let (price, was) = (known.award.map_or(Money::default(), |award| award.price), known.phase);
        known.result = Some(result);
        pass_on(task, known, Phase::Done, &mut self.agents, &mut self.index);
        if let Some(agent) = self.agents.get_mut(&tenure.agent) {
            agent.done = agent.done.saturating_add(1);
            agent.earned = agent.earned.saturating_add(u128::from(price.get()));
        }
        if was == Phase::Done {
            return;
        }
        let dependents: Vec<_> = self.index.dependents(task).collect();
        for dependent in dependents {
            self.one_less(dependent);
        }
    }

    /// One of the tasks that this one waits for is done.
    fn one_less(&mut self, task: TaskId) {
        match self.tasks.get(&task).map(|task| task.phase) {
            Some(Phase::Waiting { on: 0 | 1 }) => self.enter(task, Phase::Bidding),
            Some(Phase::Waiting { on }) => self.enter(task, Phase::Waiting { on: on - 1 }),
            Some(Phase::Bidding | Phase::Awarded | Phase::Done) => {}
            Some(Phase::Cancelled | Phase::Unallocated(_)) | None => {}
        }
    }

    /// The task ends without a result, and so does whatever is to come after it.
    fn end(&mut self, task: TaskId, phase: Phase) {
        self.enter(task, phase);
        let mut ended = vec![task];
        while let Some(next) = ended.pop() {
            let waits = |id: &TaskId| matches!(self.tasks.get(id), Some(it) if !it.phase.is_terminal());
            let dependents: Vec<_> = self.index.dependents(next).filter(waits).collect();
            for dependent in dependents {
                self.enter(dependent, Phase::Unallocated(Reason::Dependency(task)));
                ended.push(dependent);
            }
        }
    }

    fn enter(&mut self, id: TaskId, phase: Phase) {
        if let Some(task) = self.tasks.get_mut(&id) {
            pass_on(id, task, phase, &mut self.agents, &mut self.index);
        }
    }

    /// The ledger with these tasks and agents.
    pub(super) fn of(tasks: BTreeMap<TaskId, Task>, agents: BTreeMap<AgentId, Agent>) -> Self {
        let mut index = Index::default();
        for (id, task) in &tasks {
            task.terms.after.iter().for_each(|after| index.depends(*id, *after));
            index.create(task.terms.needs, *id, task.phase == Phase::Bidding);
        }
        for (id, agent) in agents.iter().filter(|(_, agent)| agent.is_member) {
            index.join(agent.capabilities, *id);
        }
        Self { tasks, agents, index }
    }
}

/// The task passes on to another phase, and index and load with it.
fn pass_on(
    id: TaskId,
    task: &mut Task,
    phase: Phase,
    agents: &mut BTreeMap<AgentId, Agent>,
    index: &mut Index,
) {
    let was = core::mem::replace(&mut task.phase, phase);
    match (was, phase) {
        (Phase::Awarded, Phase::Awarded) | (Phase::Bidding, Phase::Bidding) => return,
        (Phase::Awarded, _) => {
            let holder = task.award.and_then(|award| agents.get_mut(&award.agent));
            holder.into_iter().for_each(|it| it.load = it.load.saturating_sub(1));
        }
        (_, Phase::Awarded) => {
            let holder = task.award.and_then(|award| agents.get_mut(&award.agent));
            holder.into_iter().for_each(|it| it.load = it.load.saturating_add(1));
        }
        (Phase::Waiting { .. } | Phase::Bidding, _) => {}
        (Phase::Done | Phase::Cancelled | Phase::Unallocated(_), _) => {}
    }
    if was == Phase::Bidding {
        index.close(task.terms.needs, id);
    }
    if phase == Phase::Bidding {
        index.open(task.terms.needs, id);
    }
}

impl Task {
    fn new(terms: Terms, phase: Phase) -> Self {
        let (round, reserve) = (Round::new(1), terms.reserve);
        Self { terms, phase, round, reserve, epoch: Epoch::default(), award: None, result: None }
    }
}

/// A ledger as it is written down: the index is made anew.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Image {
    tasks: BTreeMap<TaskId, Task>,
    agents: BTreeMap<AgentId, Agent>,
}

/// Why a ledger is refused that was read from somewhere: no history leads to it.
#[cfg(feature = "serde")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ImageError {
    /// The tasks are in no order.
    #[error(transparent)]
    Plan(#[from] plan::PlanError),
    /// A task contradicts itself or the tasks that it is to come after.
    #[error("what is said of task {0} contradicts itself")]
    Task(TaskId),
    /// The awards of an agent, or its earnings, are not those of the tasks.
    #[error("what is said of agent {0} contradicts the tasks")]
    Agent(AgentId),
}

#[cfg(feature = "serde")]
impl TryFrom<Image> for Ledger {
    type Error = ImageError;

    fn try_from(Image { tasks, agents }: Image) -> Result<Self, ImageError> {
        let ledger = Self::of(tasks, agents);
        plan::in_order(ledger.tasks().map(|(id, task)| (id, &task.terms)))?;
        for (id, task) in ledger.tasks() {
            ledger.is_sound(id, task)?;
        }
        let mut sums: BTreeMap<AgentId, (u32, u64, u128)> = BTreeMap::new();
        for (award, task) in ledger.tasks.values().filter_map(|task| Some((task.award?, task))) {
            let (load, done, earned) = sums.entry(award.agent).or_default();
            *load += u32::from(task.phase == Phase::Awarded);
            *done += u64::from(task.phase == Phase::Done);
            *earned += if task.phase == Phase::Done { u128::from(award.price.get()) } else { 0 };
        }
        for (id, agent) in ledger.agents() {
            if (agent.load, agent.done, agent.earned) != sums.remove(&id).unwrap_or_default() {
                return Err(ImageError::Agent(id));
            }
        }
        sums.first_key_value().map_or(Ok(ledger), |(id, _)| Err(ImageError::Agent(*id)))
    }
}

#[cfg(feature = "serde")]
impl Ledger {
    /// Whether a task can be so, beside those that it is to come after.
    fn is_sound(&self, id: TaskId, task: &Task) -> Result<(), ImageError> {
        let (mut open, mut failed) = (0, false);
        for after in &task.terms.after {
            let phase = self.task(*after).map(|it| it.phase);
            open += u32::from(phase != Some(Phase::Done));
            failed |= phase.is_none_or(|phase| phase.is_terminal() && phase != Phase::Done);
        }
        let is_new = task.round == Round::new(1) && task.reserve == task.terms.reserve;
        let phase = match task.phase {
            Phase::Waiting { on } => on == open && on > 0 && !failed && is_new,
            Phase::Bidding | Phase::Awarded | Phase::Done => open == 0,
            Phase::Cancelled | Phase::Unallocated(_) => true,
        };
        let awarded = match task.phase {
            Phase::Awarded | Phase::Done => task.award.is_some(),
            Phase::Waiting { .. } => task.award.is_none(),
            Phase::Bidding | Phase::Cancelled | Phase::Unallocated(_) => true,
        };
        let sound = phase
            && awarded
            && task.award.is_none() == (task.epoch == Epoch::default())
            && task.result.is_some() == (task.phase == Phase::Done)
            && (Round::new(1)..=task.last_round()).contains(&task.round)
            && task.reserve >= task.terms.reserve
            && task.award.is_none_or(|award| {
                let in_round = matches!(task.phase, Phase::Awarded | Phase::Done);
                award.price <= task.reserve
                    && award.round <= task.round
                    && !(in_round && award.round < task.round)
            });
        if sound { Ok(()) } else { Err(ImageError::Task(id)) }
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for Ledger {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let mut ledger = Self::default();
        for command in u.arbitrary_iter()? {
            let _ = ledger.apply(command?); // Those that are refused change nothing.
        }
        Ok(ledger)
    }
}
