//! Tasks that come all at once, in any order: the order in which a ledger takes them.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::contract_net::ids::TaskId;
use crate::contract_net::terms::Terms;

/// Why there is no such order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
pub enum PlanError {
    /// A task is to come after one that there is not.
    #[error("task {task} is to come after task {after}, which there is not")]
    UnknownDependency {
        /// The task.
        task: TaskId,
        /// The one that there is not.
        after: TaskId,
    },
    /// A task is to come after itself, if only by way of others.
    #[error("task {0} is to come after itself, directly or by way of others")]
    Cycle(TaskId),
}

/// The tasks in an order in which each comes after those that it is to come after; of those that may
/// come next, the one with the lowest number does.
///
/// # Errors
/// [`PlanError`] names a task because of which there is none.
pub fn in_order<'a>(tasks: impl IntoIterator<Item = (TaskId, &'a Terms)>) -> Result<Vec<TaskId>, PlanError> {
    let tasks: BTreeMap<_, _> = tasks.into_iter().collect();
    let mut dependents: BTreeMap<TaskId, Vec<TaskId>> = BTreeMap::new();
    let mut waiting: BTreeMap<TaskId, usize> = BTreeMap::new();
    for (&task, terms) in &tasks {
        for &after in &terms.after {
            if !tasks.contains_key(&after) {
                return Err(PlanError::UnknownDependency { task, after });
            }
            dependents.entry(after).or_default().push(task);
        }
        waiting.insert(task, terms.after.len());
    }
    let mut next: BTreeSet<_> = waiting.iter().filter(|(_, on)| **on == 0).map(|(task, _)| *task).collect();
    let mut order = Vec::with_capacity(tasks.len());
    while let Some(task) = next.pop_first() {
        waiting.remove(&task);
        order.push(task);
        for dependent in dependents.remove(&task).unwrap_or_default() {
            if let Some(on) = waiting.get_mut(&dependent) {
                *on -= 1;
                if *on == 0 {
                    next.insert(dependent);
                }
            }
        }
    }
    match on_a_cycle(&tasks, waiting.into_keys().collect()) {
        None => Ok(order),
        Some(task) => Err(PlanError::Cycle(task)),
    }
}

/// Of the tasks that are left, one that is on a cycle: from any of them the way back leads to one.
fn on_a_cycle(tasks: &BTreeMap<TaskId, &Terms>, left: BTreeSet<TaskId>) -> Option<TaskId> {
    let (mut at, mut seen) = (left.first().copied()?, BTreeSet::new());
    while seen.insert(at) {
        at = tasks.get(&at)?.after.iter().copied().find(|after| left.contains(after))?;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract_net::ids::Money;
    use alloc::string::ToString;

    fn order(tasks: &[(u64, &[u64])]) -> Result<Vec<u64>, PlanError> {
        let terms = |after: &[u64]| Terms::new(Money::new(1)).after(after.iter().copied().map(TaskId::new));
        let tasks: Vec<_> = tasks.iter().map(|(task, after)| (TaskId::new(*task), terms(after))).collect();
        let order = in_order(tasks.iter().map(|(task, terms)| (*task, terms)))?;
        Ok(order.into_iter().map(TaskId::get).collect())
    }

    #[test]
    fn tasks_come_after_those_that_they_are_to_come_after() {
        let diamond: [(u64, &[u64]); 5] = [(1, &[3, 4]), (3, &[5]), (4, &[5]), (5, &[]), (2, &[])];
        assert_eq!(order(&diamond), Ok(alloc::vec![2, 5, 3, 4, 1]));
        assert_eq!(order(&[]), Ok(Vec::new()));
    }

    #[test]
    fn a_cycle_is_refused_and_a_task_on_it_named() {
        let cycle: [(u64, &[u64]); 4] = [(1, &[2]), (2, &[3]), (3, &[4, 9]), (9, &[])];
        let unknown = order(&cycle).expect_err("there is no 4").to_string();
        assert_eq!(unknown, "task 3 is to come after task 4, which there is not");
        let cycle: [(u64, &[u64]); 4] = [(1, &[2]), (2, &[3]), (3, &[2, 9]), (9, &[])];
        let named = order(&cycle).expect_err("2 and 3").to_string();
        assert_eq!(named, "task 2 is to come after itself, directly or by way of others");
        assert_eq!(order(&[(1, &[1])]), Err(PlanError::Cycle(TaskId::new(1))));
    }
}
