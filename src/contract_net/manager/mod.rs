//! A manager: it announces tasks, awards them, and waits for the results (Smith 1980).
//!
//! What it must not forget is its [`Ledger`], which is its disk. Everything else, the bids, it can
//! ask for again.
//!
//! | file | what |
//! |---|---|
//! | `bidding` | rounds, bids, and the award |
//! | `window` | the bids of several tasks, cleared together |
//! | `tenure` | an award until it is released or its result accepted |
//!
//! # What the host does with the timers
//!
//! | timer | duration | armed while |
//! |---|---|---|
//! | [`Timer::Bids`] | as long as bidders may take; longer in later rounds, to back off | a task is open for bids |
//! | [`Timer::Resend`] | some round trips | an award was sent and not claimed yet |
//! | [`Timer::Lease`] | `L_m`, at least [`manager_minimum`](crate::contract_net::lease::manager_minimum) | a task is awarded; anew with each claim that is granted |
//!
//! No choice of durations can break G1 to G11. That at most one agent *executes* a task at any time
//! needs a `Lease` that is long enough: see [`lease`](crate::contract_net::lease).
//!
//! # Payment
//!
//! [`Event::Accepted`] comes once for a task, but the host may crash before it reads it. What is owed
//! in the end is what the ledger says: [`Agent::earned`](crate::contract_net::ledger::Agent::earned).

mod bidding;
mod tenure;
mod window;

use alloc::collections::{BTreeMap, BTreeSet};
use core::num::NonZeroU32;

use crate::contract_net::award::{AwardRule, LowestCost};
use crate::contract_net::capabilities::Capabilities;
use crate::contract_net::effects::Effects;
use crate::contract_net::ids::{AgentId, Claim, Epoch, TaskId, Tenure};
use crate::contract_net::ledger::{self, Command, Event, Ledger, Phase, Why};
use crate::contract_net::message::Message;
use crate::contract_net::refusal::Refusal;
use crate::contract_net::rules::{Published, Rules};
use crate::contract_net::terms::Terms;
use crate::machine::{self, Machine};
use crate::node::{NodeId, Relabel, Renaming};
use crate::outbox::{Outbox, Persistent};

use bidding::Answer;
pub use bidding::Auction;

/// What a manager is told at its start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Config<A = LowestCost, R = Published> {
    id: NodeId,
    award: A,
    rules: R,
    windows: bool,
}

impl Config {
    /// This manager. It awards a task to whoever asks least.
    pub const fn new(id: NodeId) -> Self {
        Self { id, award: LowestCost, rules: Published, windows: false }
    }
}

impl<A: AwardRule, R: Rules> Config<A, R> {
    /// The same with this mechanism.
    pub fn with_award<B: AwardRule>(self, award: B) -> Config<B, R> {
        Config { id: self.id, award, rules: self.rules, windows: self.windows }
    }

    /// The same, but no task is awarded before its time is up for bids, or the host says that a window is
    /// over ([`Input::Clear`]): otherwise it is once everyone has answered.
    pub fn with_windows(self) -> Self {
        Self { windows: true, ..self }
    }

    /// The same with other rules, to show what a rule is good for. What ships is [`Published`].
    pub fn with_rules<S: Rules>(self, rules: S) -> Config<A, S> {
        Config { id: self.id, award: self.award, rules, windows: self.windows }
    }

    /// The manager.
    pub fn id(&self) -> NodeId {
        self.id
    }
}

/// The timers of a manager; see the [module](self) for their durations.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Timer {
    /// Time is up for bids.
    Bids(TaskId),
    /// The award was not claimed: it may be lost.
    Resend(TaskId),
    /// The holder of the award has been silent since this claim, the first of all if none was granted,
    /// for so long that it has stopped. It names award and claim, so one that comes late does no harm.
    Lease(TaskId, Epoch, Claim),
}

/// What the host asks of a manager.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Input {
    /// Have this done.
    Create {
        /// The task: a number that none has had.
        task: TaskId,
        /// What it is.
        terms: Terms,
    },
    /// It is wanted no longer.
    Cancel(TaskId),
    /// A window is over: of these tasks those that are open for bids are awarded together, so that all of
    /// them cost least, and the others are as if time were up for their bids. See
    /// [`window`](crate::contract_net::window).
    Clear(BTreeSet<TaskId>),
    /// A contractor takes part.
    Join {
        /// The contractor.
        node: NodeId,
        /// What it can do.
        capabilities: Capabilities,
        /// How many tasks it can work on at one time.
        capacity: NonZeroU32,
    },
    /// A contractor takes part no longer. What it was awarded it may finish.
    Leave(NodeId),
}

/// What a manager tells its host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Output {
    /// The ledger has changed, and the change is durable.
    Happened(Event),
    /// Something is not done, and why.
    Refused(Refusal),
}

/// A manager of a contract net.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Manager<A = LowestCost, R = Published> {
    config: Config<A, R>,
    ledger: Persistent<Ledger>,
    /// By the published rules one for each task that is open for bids, and for no other.
    auctions: BTreeMap<TaskId, Auction>,
    /// The claim whose lease runs, by the published rules for each task that is awarded, and for no other.
    leases: BTreeMap<TaskId, Claim>,
}

/// Where the effects of a manager go.
pub(crate) trait Out: Effects<Command, Timer, Output> {}

impl<E: Effects<Command, Timer, Output>> Out for E {}

impl<A: AwardRule, R: Rules> Machine for Manager<A, R> {
    type Config = Config<A, R>;
    type Durable = Ledger;
    type Input = Input;
    type Message = Message;
    type Timer = Timer;
    type Output = Output;

    fn restart(config: Config<A, R>, durable: Ledger, out: &mut Outbox<Self>) -> Self {
        Self::start(config, durable, out)
    }

    fn durable(&self) -> Ledger {
        (*self.ledger).clone()
    }

    fn step(&mut self, event: machine::Event<Self>, out: &mut Outbox<Self>) {
        match event {
            machine::Event::Message { from, message } => self.receive(from, message, out),
            machine::Event::Timer(timer) => self.expire(timer, out),
            machine::Event::Input(input) => self.handle(input, out),
        }
    }
}

/// What a manager knows.
impl<A: AwardRule, R: Rules> Manager<A, R> {
    /// The manager's name.
    pub fn id(&self) -> NodeId {
        self.config.id
    }

    /// What the manager was told at its start.
    pub fn config(&self) -> &Config<A, R> {
        &self.config
    }

    /// Every task and agent.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The bids for a task in its present round.
    pub fn auction(&self, task: TaskId) -> Option<&Auction> {
        self.auctions.get(&task)
    }

    /// The claim whose lease runs, if the task is awarded: the first of all if none was granted.
    pub fn lease(&self, task: TaskId) -> Option<Claim> {
        self.leases.get(&task).copied()
    }

    fn rules(&self) -> R {
        self.config.rules
    }
}

/// Who handles which event. The machine that the manager is a part of calls these too.
impl<A: AwardRule, R: Rules> Manager<A, R> {
    /// A restart (state table, restart): the bids are lost, so what is open begins a new round; and
    /// nobody knows when a lease was granted last, so it begins now.
    pub(crate) fn start(config: Config<A, R>, ledger: Ledger, out: &mut impl Out) -> Self {
        let mut manager = Self {
            config,
            ledger: Persistent::restored(ledger),
            auctions: BTreeMap::new(),
            leases: BTreeMap::new(),
        };
        let live = |phase| matches!(phase, Phase::Bidding | Phase::Awarded);
        let tasks = manager.ledger.tasks().filter(|(_, task)| live(task.phase));
        let tasks: alloc::vec::Vec<_> =
            tasks.map(|(id, task)| (id, task.phase, task.round, task.epoch)).collect();
        for (task, phase, round, epoch) in tasks {
            if phase == Phase::Bidding {
                // In the last round it goes on with that: a restart is no reason to give a task up.
                let reannounce = Command::Reannounce { task, round, why: Why::Restart };
                if manager.ledger.decide(config.rules, &reannounce).is_ok() {
                    manager.commit(reannounce, out);
                }
                manager.announce(task, out);
            } else {
                manager.send_award(task, out);
                manager.begin_lease(task, epoch, Claim::default(), out);
            }
        }
        manager
    }

    pub(crate) fn receive(&mut self, from: NodeId, message: Message, out: &mut impl Out) {
        if from == self.config.id {
            return out.output(Output::Refused(Refusal::Own(from))); // Whatever its disk may say.
        }
        let agent = AgentId::from(from);
        let tenure = |epoch| Tenure { epoch, agent };
        match message {
            Message::Bid { task, round, bid } => self.collect(from, task, round, Answer::Bid(bid), out),
            Message::Refuse { task, round, busy } => {
                self.collect(from, task, round, Answer::Refuse { busy }, out);
            }
            Message::Claim { .. } | Message::Decline { .. } | Message::Report { .. }
                if self.ledger.agent(agent).is_none() =>
            {
                out.output(Output::Refused(Refusal::Stranger(from)));
            }
            Message::Claim { task, epoch, claim } => self.grant(from, task, tenure(epoch), claim, out),
            Message::Decline { task, epoch } => self.decline(task, tenure(epoch), out),
            Message::Report { task, epoch, outcome } => self.report(from, task, tenure(epoch), outcome, out),
            Message::Announce { .. } | Message::Award { .. } | Message::Reject { .. } => {
                out.output(Output::Refused(Refusal::Misdirected(from)));
            }
            Message::Go { .. } | Message::Cancel { .. } | Message::ReportAck { .. } => {
                out.output(Output::Refused(Refusal::Misdirected(from)));
            }
        }
    }

    pub(crate) fn expire(&mut self, timer: Timer, out: &mut impl Out) {
        match timer {
            Timer::Bids(task) => self.close(task, out),
            Timer::Resend(task) => self.resend(task, out),
            Timer::Lease(task, epoch, claim) => self.lease_ran_out(task, epoch, claim, out),
        }
    }

    pub(crate) fn handle(&mut self, input: Input, out: &mut impl Out) {
        match input {
            Input::Create { task, terms } => {
                if let Some(Event::Created { waits: 0, .. }) =
                    self.commit(Command::Create { task, terms }, out)
                {
                    self.announce(task, out);
                }
            }
            Input::Cancel(task) => self.cancel(task, out),
            Input::Clear(tasks) => self.clear(&tasks, out),
            Input::Join { node, .. } if node == self.config.id => {
                out.output(Output::Refused(Refusal::Own(node)));
            }
            Input::Join { node, capabilities, capacity } => {
                let agent = AgentId::from(node);
                if self.commit(Command::Join { agent, capabilities, capacity }, out).is_some() {
                    self.invite(node, capabilities, out);
                }
            }
            Input::Leave(node) => self.leave(node, out),
        }
    }

    /// Records a change that the ledger allows, and tells the host; or tells it why not.
    fn commit(&mut self, command: Command, out: &mut impl Out) -> Option<Event> {
        match self.try_commit(command, out) {
            Ok(event) => Some(event),
            Err(refused) => {
                out.output(Output::Refused(Refusal::Ledger(refused)));
                None
            }
        }
    }

    /// Records a change that the ledger allows, and tells the host.
    fn try_commit(&mut self, command: Command, out: &mut impl Out) -> Result<Event, ledger::Refused> {
        let event = self.ledger.decide(self.config.rules, &command)?;
        self.ledger.record(command, out);
        out.output(Output::Happened(event));
        Ok(event)
    }

    /// The task ended without a result: so did those that were to come after it.
    fn fall_out(&mut self, task: TaskId, out: &mut impl Out) {
        let reason = ledger::Reason::Dependency(task);
        let (mut told, mut ended) = (BTreeSet::new(), alloc::vec![task]);
        while let Some(next) = ended.pop() {
            for dependent in self.ledger.dependents(next) {
                let phase = self.ledger.task(dependent).map(|dependent| dependent.phase);
                if phase == Some(Phase::Unallocated(reason)) && told.insert(dependent) {
                    out.output(Output::Happened(Event::Unallocated { task: dependent, reason }));
                    ended.push(dependent);
                }
            }
        }
    }
}

impl<A: Clone, R: Clone> Relabel for Config<A, R> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self { id: self.id.relabel(renaming), ..self.clone() }
    }
}

impl<A: Clone, R: Clone> Relabel for Manager<A, R> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self {
            config: self.config.relabel(renaming),
            ledger: self.ledger.relabel(renaming),
            auctions: self.auctions.iter().map(|(task, it)| (*task, it.relabel(renaming))).collect(),
            leases: self.leases.clone(),
        }
    }
}

impl Relabel for Input {
    fn relabel(&self, renaming: &Renaming) -> Self {
        match self {
            Self::Create { .. } | Self::Cancel(_) | Self::Clear(_) => self.clone(),
            Self::Join { node, capabilities, capacity } => {
                Self::Join { node: node.relabel(renaming), capabilities: *capabilities, capacity: *capacity }
            }
            Self::Leave(node) => Self::Leave(node.relabel(renaming)),
        }
    }
}

impl Relabel for Timer {
    /// Timers name nobody.
    fn relabel(&self, _: &Renaming) -> Self {
        *self
    }
}
