//! What a contractor keeps on its disk: what it took on, and what came of it.

use alloc::collections::BTreeMap;

use crate::contract_net::ids::{Epoch, TaskId};
use crate::contract_net::message::Outcome;
use crate::machine::Durable;
use crate::node::{Relabel, Renaming};

/// The disk of a contractor.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Promises {
    /// None is ever removed: an award of the past may arrive at any time.
    tasks: BTreeMap<TaskId, Promise>,
}

/// What is kept of a task.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Promise {
    /// The fence: the latest epoch that the contractor took or declined. It never goes back.
    pub fence: Epoch,
    /// Whether the task may be begun twice.
    pub idempotent: bool,
    /// How often the contractor has restarted and gone on with this award.
    pub start: u32,
    /// What came of it.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "serde::Deserialize::deserialize"))]
    pub outcome: Option<Outcome>,
    /// Whether there is nothing left to do: the outcome was acknowledged, or is wanted no longer, or
    /// the award was declined.
    pub settled: bool,
}

/// A change of the disk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Write {
    /// The award is taken.
    Hold {
        /// The task.
        task: TaskId,
        /// The epoch of the award.
        epoch: Epoch,
        /// Whether the task may be begun twice.
        idempotent: bool,
    },
    /// The award is not taken, and will never be.
    Decline {
        /// The task.
        task: TaskId,
        /// The epoch of the award.
        epoch: Epoch,
    },
    /// After a restart the contractor goes on with the award.
    Resume(TaskId),
    /// This came of it.
    Finish {
        /// The task.
        task: TaskId,
        /// What came of it.
        outcome: Outcome,
    },
    /// There is nothing left to do.
    Settle(TaskId),
}

impl Promises {
    /// What is kept of a task.
    pub fn get(&self, task: TaskId) -> Option<&Promise> {
        self.tasks.get(&task)
    }

    /// The latest epoch of the task that was taken or declined; 0 if none was.
    pub fn fence(&self, task: TaskId) -> Epoch {
        self.get(task).map_or(Epoch::default(), |promise| promise.fence)
    }

    /// All of them, by task.
    pub fn iter(&self) -> impl Iterator<Item = (TaskId, &Promise)> {
        self.tasks.iter().map(|(task, promise)| (*task, promise))
    }
}

impl Durable for Promises {
    type Write = Write;

    fn apply(&mut self, write: &Write) {
        match *write {
            Write::Hold { task, epoch: fence, idempotent } => {
                let held = Promise { fence, idempotent, start: 0, outcome: None, settled: false };
                self.tasks.insert(task, held);
            }
            Write::Decline { task, epoch: fence } => {
                let declined = Promise { fence, idempotent: false, start: 0, outcome: None, settled: true };
                self.tasks.insert(task, declined);
            }
            Write::Resume(task) => self.change(task, |it| it.start = it.start.saturating_add(1)),
            Write::Finish { task, outcome } => self.change(task, |it| it.outcome = Some(outcome)),
            Write::Settle(task) => self.change(task, |it| it.settled = true),
        }
    }
}

impl Promises {
    fn change(&mut self, task: TaskId, change: impl FnOnce(&mut Promise)) {
        if let Some(promise) = self.tasks.get_mut(&task) {
            change(promise);
        }
    }
}

impl Relabel for Promises {
    /// They name nobody.
    fn relabel(&self, _: &Renaming) -> Self {
        self.clone()
    }
}

impl Relabel for Write {
    /// Nor does a change of them.
    fn relabel(&self, _: &Renaming) -> Self {
        *self
    }
}
