//! A contractor: it bids for tasks, works on those that it is awarded, and reports (Smith 1980).
//!
//! | file | what |
//! |---|---|
//! | `bidding` | announcements and bids |
//! | `work` | an award, from its arrival to its report |
//! | [`promises`] | the disk |
//!
//! # What the host does
//!
//! It answers [`Output::Asked`] with [`Input::Bid`] or [`Input::Pass`], in its own time;
//! [`bidder`](crate::contract_net::bidder) knows what to bid, if it does not. From [`Output::Start`] on it works, and says
//! [`Input::Finished`] or [`Input::Failed`] in the end. At [`Output::Stop`] it stops: within `slack`,
//! which goes into the manager's lease, and in which also counts how late the expiry was handed over; and
//! once it has stopped, it says [`Input::Failed`]. If the work changes something outside, it takes the
//! epoch along, for a [`Gate`](crate::contract_net::fence::Gate). A crash stops all work.
//!
//! | timer | duration | armed while |
//! |---|---|---|
//! | [`Timer::Bid`] | as long as the bid is to stand | a bid was made |
//! | [`Timer::Claim`] | a fraction of `L_c` | an award is held or worked on |
//! | [`Timer::Lease`] | `L_c` | a claim was sent, from then on, until it or the work is of no interest |
//! | [`Timer::Report`] | some round trips | a report is not acknowledged |
//!
//! No choice of durations can break G1 to G11; for T1, see [`lease`](crate::contract_net::lease).

mod bidding;
pub mod promises;
mod work;

use core::num::NonZeroU32;

use crate::contract_net::effects::Effects;
use crate::contract_net::ids::{Claim, Digest, Epoch, Round, TaskId};
use crate::contract_net::message::{Ack, Bid, Message, Offer, Outcome};
use crate::contract_net::refusal::Refusal;
use crate::contract_net::rules::{Published, Rules};
use crate::contract_net::task_map::TaskMap;
use crate::machine::{Event, Machine};
use crate::node::{NodeId, Relabel, Renaming};
use crate::outbox::{Outbox, Persistent};

pub use bidding::Call;
pub use promises::{Promise, Promises, Write};
pub use work::Work;

/// What a contractor is told at its start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Config<R = Published> {
    id: NodeId,
    manager: NodeId,
    capacity: NonZeroU32,
    rules: R,
}

/// Why a configuration is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Nobody works for itself.
    #[error("{0} cannot be its own manager")]
    OwnManager(NodeId),
}

impl Config {
    /// A contractor of this manager, with room for so many tasks at one time.
    ///
    /// # Errors
    /// [`ConfigError::OwnManager`] if the two are one.
    pub fn new(id: NodeId, manager: NodeId, capacity: NonZeroU32) -> Result<Self, ConfigError> {
        if id == manager {
            return Err(ConfigError::OwnManager(id));
        }
        Ok(Self { id, manager, capacity, rules: Published })
    }
}

impl<R: Rules> Config<R> {
    /// The same with other rules, to show what a rule is good for. What ships is [`Published`].
    pub fn with_rules<S: Rules>(self, rules: S) -> Config<S> {
        let Self { id, manager, capacity, rules: _ } = self;
        Config { id, manager, capacity, rules }
    }

    /// The contractor.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Its manager.
    pub fn manager(&self) -> NodeId {
        self.manager
    }

    /// How many tasks it can work on at one time.
    pub fn capacity(&self) -> NonZeroU32 {
        self.capacity
    }

    /// Its rules.
    pub fn rules(&self) -> R {
        self.rules
    }
}

/// The timers of a contractor; see the [module](self) for their durations.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Timer {
    /// The bid for the task does not stand any longer.
    Bid(TaskId),
    /// Time to claim the award of the task, again.
    Claim(TaskId),
    /// What a grant of this claim allows is over.
    Lease(TaskId, Claim),
    /// The report was not acknowledged: it may be lost.
    Report(TaskId),
}

/// What the host asks of a contractor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Input {
    /// This is the bid that was asked for.
    Bid {
        /// The task.
        task: TaskId,
        /// The round.
        round: Round,
        /// The bid.
        bid: Bid,
    },
    /// There will be no bid.
    Pass {
        /// The task.
        task: TaskId,
        /// The round.
        round: Round,
    },
    /// The work is done.
    Finished {
        /// The task.
        task: TaskId,
        /// The epoch.
        epoch: Epoch,
        /// What the result is known by. The result itself must be durable.
        result: Digest,
    },
    /// The work is not done, and will not be: the host has stopped.
    Failed {
        /// The task.
        task: TaskId,
        /// The epoch.
        epoch: Epoch,
    },
}

/// What a contractor tells its host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Output {
    /// What is to be bid for this?
    Asked {
        /// The task.
        task: TaskId,
        /// The round.
        round: Round,
        /// What is offered.
        offer: Offer,
    },
    /// Work.
    Start {
        /// The task.
        task: TaskId,
        /// The epoch.
        epoch: Epoch,
    },
    /// Work no longer, change nothing any more, and say [`Input::Failed`] then: until that the slot is
    /// not free.
    Stop {
        /// The task.
        task: TaskId,
        /// The epoch.
        epoch: Epoch,
    },
    /// The report was heard, or the award is over.
    Settled {
        /// The task.
        task: TaskId,
        /// The epoch.
        epoch: Epoch,
        /// Which: only what is accepted is paid for.
        ack: Ack,
    },
    /// Something is not done, and why.
    Refused(Refusal),
}

/// A contractor of a contract net.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Contractor<R = Published> {
    config: Config<R>,
    promises: Persistent<Promises>,
    /// The announcements that are not over yet, and the bids.
    calls: TaskMap<Call>,
    /// The awards that are held or worked on, each the latest that was taken of its task, without an
    /// outcome; and those at which the host has still to stop. By the published rules
    /// `works.len() <= config.capacity`.
    works: TaskMap<Work>,
}

/// Where the effects of a contractor go.
pub(crate) trait Out: Effects<Write, Timer, Output> {}

impl<E: Effects<Write, Timer, Output>> Out for E {}

impl<R: Rules> Machine for Contractor<R> {
    type Config = Config<R>;
    type Durable = Promises;
    type Input = Input;
    type Message = Message;
    type Timer = Timer;
    type Output = Output;

    fn restart(config: Config<R>, durable: Promises, out: &mut Outbox<Self>) -> Self {
        Self::start(config, durable, out)
    }

    fn durable(&self) -> Promises {
        (*self.promises).clone()
    }

    fn step(&mut self, event: Event<Self>, out: &mut Outbox<Self>) {
        match event {
            Event::Message { from, message } => self.receive(from, message, out),
            Event::Timer(timer) => self.expire(timer, out),
            Event::Input(input) => self.handle(input, out),
        }
    }
}

/// What a contractor knows.
impl<R: Rules> Contractor<R> {
    /// The contractor's name.
    pub fn id(&self) -> NodeId {
        self.config.id
    }

    /// What the contractor was told at its start.
    pub fn config(&self) -> &Config<R> {
        &self.config
    }

    /// What it took on, and what came of it.
    pub fn promises(&self) -> &Promises {
        &self.promises
    }

    /// The announcement of a task that it was told last, with its bid.
    pub fn call(&self, task: TaskId) -> Option<&Call> {
        self.calls.get(task)
    }

    /// The award of a task that it holds or works on, or at which its host has still to stop.
    pub fn work(&self, task: TaskId) -> Option<&Work> {
        self.works.get(task)
    }

    /// All awards that it holds or works on, or at which its host has still to stop.
    pub fn works(&self) -> impl Iterator<Item = (TaskId, &Work)> {
        self.works.iter()
    }

    fn rules(&self) -> R {
        self.config.rules
    }

    fn has_slot(&self) -> bool {
        let busy = u32::try_from(self.works.len()).unwrap_or(u32::MAX);
        self.rules().has_slot(busy, self.config.capacity.get())
    }

    fn tell_manager(&self, message: Message, out: &mut impl Out) {
        out.send(self.config.manager, message);
    }
}

/// Who handles which event. The machine that the contractor is a part of calls these too.
impl<R: Rules> Contractor<R> {
    /// A restart (state table, restart): what has an outcome is reported. What has none was begun, or
    /// may have been: it has failed, unless beginning it again does no harm.
    pub(crate) fn start(config: Config<R>, promises: Promises, out: &mut impl Out) -> Self {
        let promises = Persistent::restored(promises);
        let mut contractor = Self { config, promises, calls: TaskMap::new(), works: TaskMap::new() };
        let open = contractor.promises.iter().filter(|(_, promise)| !promise.settled);
        let open: alloc::vec::Vec<_> = open.map(|(task, promise)| (task, *promise)).collect();
        for (task, promise) in open {
            if promise.outcome.is_some() {
                contractor.report(task, out);
            } else if config.rules.may_resume(promise.idempotent)
                && promise.start < u32::MAX
                && contractor.has_slot()
            {
                contractor.resume(task, out);
            } else {
                contractor.finish(task, Outcome::Failed, out);
            }
        }
        contractor
    }

    pub(crate) fn receive(&mut self, from: NodeId, message: Message, out: &mut impl Out) {
        if from != self.config.manager {
            return out.output(Output::Refused(Refusal::Stranger(from)));
        }
        match message {
            Message::Announce { task, round, offer } => self.hear(task, round, offer, out),
            Message::Reject { task, round } => self.lose(task, round, out),
            Message::Award { task, epoch, round, bid, price } => {
                self.take(task, epoch, work::stake(round, bid, price), out)
            }
            Message::Go { task, epoch, claim } => self.go(task, epoch, claim, out),
            Message::Cancel { task, epoch } => self.settle(task, epoch, Ack::Stale, out),
            Message::ReportAck { task, epoch, ack } => self.settle(task, epoch, ack, out),
            Message::Bid { .. } | Message::Refuse { .. } | Message::Claim { .. } => {
                out.output(Output::Refused(Refusal::Misdirected(from)));
            }
            Message::Decline { .. } | Message::Report { .. } => {
                out.output(Output::Refused(Refusal::Misdirected(from)));
            }
        }
    }

    pub(crate) fn expire(&mut self, timer: Timer, out: &mut impl Out) {
        match timer {
            Timer::Bid(task) => self.bid_expires(task),
            Timer::Claim(task) => self.claim(task, out),
            Timer::Lease(task, claim) => self.lease_runs_out(task, claim, out),
            Timer::Report(task) => {
                if self.rules().resends() {
                    self.report(task, out);
                }
            }
        }
    }

    pub(crate) fn handle(&mut self, input: Input, out: &mut impl Out) {
        match input {
            Input::Bid { task, round, bid } => self.bid(task, round, bid, out),
            Input::Pass { task, round } => self.pass(task, round, out),
            Input::Finished { task, epoch, result } => {
                self.end(task, epoch, Outcome::Done(result), out);
            }
            Input::Failed { task, epoch } => self.end(task, epoch, Outcome::Failed, out),
        }
    }
}

impl<R: Clone> Relabel for Config<R> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        let (id, manager) = (self.id.relabel(renaming), self.manager.relabel(renaming));
        Self { id, manager, ..self.clone() }
    }
}

impl<R: Clone> Relabel for Contractor<R> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self { config: self.config.relabel(renaming), ..self.clone() }
    }
}

impl Relabel for Timer {
    /// Timers name nobody.
    fn relabel(&self, _: &Renaming) -> Self {
        *self
    }
}

impl Relabel for Input {
    /// Nor do inputs.
    fn relabel(&self, _: &Renaming) -> Self {
        *self
    }
}
