//! A resource that contractors change from outside the protocol, such as a store, protected by the
//! epochs of their awards (Gray and Cheriton 1989; Kleppmann, "How to do distributed locking", 2016).
//!
//! A contractor may be slow to notice that its lease has run out. Whatever it changes then, the
//! resource must refuse, or a result of an award that was released would overwrite that of the one
//! after it. So every change names its task and epoch, and the resource asks a [`Gate`].

use alloc::collections::BTreeMap;

use crate::contract_net::ids::{Epoch, TaskId};
use crate::contract_net::rules::{Published, Rules};

/// What a resource remembers: the latest epoch of each task that changed it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Gate {
    latest: BTreeMap<TaskId, Epoch>,
}

/// What becomes of a change that is admitted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Admitted {
    /// It is new: make it.
    First,
    /// It was made already: say so, and do nothing.
    Again,
}

/// A change under an award that was released.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("task {task}: epoch {epoch} is over, the latest is {latest}")]
pub struct Fenced {
    /// The task.
    pub task: TaskId,
    /// The epoch of the change.
    pub epoch: Epoch,
    /// The latest that the resource has seen.
    pub latest: Epoch,
}

impl Gate {
    /// Whether a change under this award is to be made.
    ///
    /// # Errors
    /// [`Fenced`] if a later award of the task has changed the resource.
    pub fn admit(&mut self, task: TaskId, epoch: Epoch) -> Result<Admitted, Fenced> {
        self.admit_by(Published, task, epoch)
    }

    /// The same by other rules, to show what a rule is good for.
    ///
    /// # Errors
    /// As [`Gate::admit`], by these rules.
    pub fn admit_by<R: Rules>(&mut self, rules: R, task: TaskId, epoch: Epoch) -> Result<Admitted, Fenced> {
        match self.latest.get(&task) {
            Some(&latest) if !rules.passes_gate(epoch, latest) => Err(Fenced { task, epoch, latest }),
            Some(&latest) if epoch == latest => Ok(Admitted::Again),
            Some(_) | None => {
                self.latest.insert(task, epoch);
                Ok(Admitted::First)
            }
        }
    }

    /// The latest epoch of the task that changed the resource.
    pub fn latest(&self, task: TaskId) -> Option<Epoch> {
        self.latest.get(&task).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_made_once_and_none_after_a_later_one() {
        let (mut gate, task) = (Gate::default(), TaskId::new(1));
        let mut admit = |epoch| gate.admit(task, Epoch::new(epoch));
        assert_eq!(admit(2), Ok(Admitted::First));
        assert_eq!(admit(2), Ok(Admitted::Again));
        assert_eq!(admit(5), Ok(Admitted::First));
        let fenced = admit(2).expect_err("it is over");
        assert_eq!(alloc::format!("{fenced}"), "task 1: epoch 2 is over, the latest is 5");
        assert_eq!(gate.latest(task), Some(Epoch::new(5)));
        assert_eq!(gate.latest(TaskId::new(2)), None);
    }
}
