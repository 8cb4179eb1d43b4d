//! A manager or a contractor, as one machine: a cluster is made of one kind of machine.

use crate::contract_net::award::{AwardRule, LowestCost};
use crate::contract_net::contractor::{self, Contractor, Promises};
use crate::contract_net::ledger::{Command, Ledger};
use crate::contract_net::manager::{self, Manager};
use crate::contract_net::message::Message;
use crate::contract_net::refusal::Refusal;
use crate::contract_net::rules::{Published, Rules};
use crate::machine::{Durable, Event, Machine};
use crate::node::{NodeId, Relabel, Renaming};
use crate::outbox::Outbox;

/// Either of the two. It does nothing of its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(clippy::large_enum_variant)] // There are few, and each is wherever its host keeps it.
pub enum Participant<A = LowestCost, R = Published> {
    /// A manager.
    Manager(Manager<A, R>),
    /// A contractor.
    Contractor(Contractor<R>),
}

/// What a participant is told at its start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Config<A = LowestCost, R = Published> {
    /// That it is a manager.
    Manager(manager::Config<A, R>),
    /// That it is a contractor.
    Contractor(contractor::Config<R>),
}

/// The disk of a participant. Of the two parts it uses the one for what it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Disk {
    /// That of a manager.
    pub ledger: Ledger,
    /// That of a contractor.
    pub promises: Promises,
}

/// What belongs to a manager, or to a contractor.
macro_rules! either {
    ($(#[$doc:meta])* $name:ident: $manager:ty, $contractor:ty) => {
        $(#[$doc])*
        pub enum $name {
            /// A manager's.
            Manager($manager),
            /// A contractor's.
            Contractor($contractor),
        }

        impl From<$manager> for $name {
            fn from(of: $manager) -> Self {
                Self::Manager(of)
            }
        }

        impl From<$contractor> for $name {
            fn from(of: $contractor) -> Self {
                Self::Contractor(of)
            }
        }
    };
}

either! {
    /// A change of the disk.
    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
    #[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
    Write: Command, contractor::Write
}

either! {
    /// What the host asks.
    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
    #[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
    Input: manager::Input, contractor::Input
}

either! {
    /// A timer.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
    #[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
    Timer: manager::Timer, contractor::Timer
}

either! {
    /// What the host is told.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
    Output: manager::Output, contractor::Output
}

impl Durable for Disk {
    type Write = Write;

    fn apply(&mut self, write: &Write) {
        match write {
            Write::Manager(command) => Durable::apply(&mut self.ledger, command),
            Write::Contractor(write) => self.promises.apply(write),
        }
    }
}

impl<A: AwardRule, R: Rules> Machine for Participant<A, R> {
    type Config = Config<A, R>;
    type Durable = Disk;
    type Input = Input;
    type Message = Message;
    type Timer = Timer;
    type Output = Output;

    fn restart(config: Config<A, R>, disk: Disk, out: &mut Outbox<Self>) -> Self {
        match config {
            Config::Manager(config) => Self::Manager(Manager::start(config, disk.ledger, out)),
            Config::Contractor(config) => Self::Contractor(Contractor::start(config, disk.promises, out)),
        }
    }

    fn durable(&self) -> Disk {
        match self {
            Self::Manager(it) => Disk { ledger: it.durable(), promises: Promises::default() },
            Self::Contractor(it) => Disk { ledger: Ledger::default(), promises: it.durable() },
        }
    }

    fn step(&mut self, event: Event<Self>, out: &mut Outbox<Self>) {
        match (self, event) {
            (Self::Manager(it), Event::Message { from, message }) => it.receive(from, message, out),
            (Self::Manager(it), Event::Timer(Timer::Manager(timer))) => it.expire(timer, out),
            (Self::Manager(it), Event::Input(Input::Manager(input))) => it.handle(input, out),
            (Self::Contractor(it), Event::Message { from, message }) => it.receive(from, message, out),
            (Self::Contractor(it), Event::Timer(Timer::Contractor(timer))) => it.expire(timer, out),
            (Self::Contractor(it), Event::Input(Input::Contractor(input))) => it.handle(input, out),
            // A timer that was never armed, or a request for somebody else.
            (Self::Manager(_), Event::Timer(Timer::Contractor(_))) => {}
            (Self::Contractor(_), Event::Timer(Timer::Manager(_))) => {}
            (Self::Manager(_), Event::Input(Input::Contractor(_))) => {
                out.output(manager::Output::Refused(Refusal::WrongRole).into());
            }
            (Self::Contractor(_), Event::Input(Input::Manager(_))) => {
                out.output(contractor::Output::Refused(Refusal::WrongRole).into());
            }
        }
    }
}

impl<A: AwardRule, R: Rules> Participant<A, R> {
    /// The participant's name.
    pub fn id(&self) -> NodeId {
        match self {
            Self::Manager(it) => it.id(),
            Self::Contractor(it) => it.id(),
        }
    }

    /// The manager, if it is one.
    pub fn manager(&self) -> Option<&Manager<A, R>> {
        match self {
            Self::Manager(it) => Some(it),
            Self::Contractor(_) => None,
        }
    }

    /// The contractor, if it is one.
    pub fn contractor(&self) -> Option<&Contractor<R>> {
        match self {
            Self::Manager(_) => None,
            Self::Contractor(it) => Some(it),
        }
    }
}

impl<A: Clone, R: Clone> Relabel for Participant<A, R> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        match self {
            Self::Manager(it) => Self::Manager(it.relabel(renaming)),
            Self::Contractor(it) => Self::Contractor(it.relabel(renaming)),
        }
    }
}

impl<A: Clone, R: Clone> Relabel for Config<A, R> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        match self {
            Self::Manager(it) => Self::Manager(it.relabel(renaming)),
            Self::Contractor(it) => Self::Contractor(it.relabel(renaming)),
        }
    }
}

impl Relabel for Disk {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self { ledger: self.ledger.relabel(renaming), promises: self.promises.relabel(renaming) }
    }
}

impl Relabel for Write {
    fn relabel(&self, renaming: &Renaming) -> Self {
        match self {
            Self::Manager(command) => Self::Manager(command.relabel(renaming)),
            Self::Contractor(write) => Self::Contractor(write.relabel(renaming)),
        }
    }
}

impl Relabel for Input {
    fn relabel(&self, renaming: &Renaming) -> Self {
        match self {
            Self::Manager(input) => Self::Manager(input.relabel(renaming)),
            Self::Contractor(input) => Self::Contractor(input.relabel(renaming)),
        }
    }
}

impl Relabel for Timer {
    /// Timers name nobody.
    fn relabel(&self, _: &Renaming) -> Self {
        *self
    }
}
