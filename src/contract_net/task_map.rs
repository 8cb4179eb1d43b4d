//! A map from tasks to values that keeps its buffer.

use alloc::collections::VecDeque;
use core::fmt;

use crate::contract_net::ids::TaskId;

/// What a participant knows of the tasks that it has to do with at present, in ascending order.
///
/// Most of what is said is about the latest task, so that is looked at first. A task that comes or goes
/// moves those that lie between it and the nearer end: few, as long as tasks come in ascending order
/// and go in about that order or the reverse, and never more than half of them. Where tasks go in any
/// order whatever, this is as fast as a tree for up to about a thousand at one time, and slower beyond.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TaskMap<V> {
    /// Ascending, each task once.
    entries: VecDeque<(TaskId, V)>,
}

impl<V> TaskMap<V> {
    /// The map without entries. Allocates nothing.
    pub(super) const fn new() -> Self {
        Self { entries: VecDeque::new() }
    }

    /// How many tasks there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The entries, by task.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TaskId, &V)> {
        self.entries.iter().map(|(task, value)| (*task, value))
    }

    /// The task's value.
    pub(super) fn get(&self, task: TaskId) -> Option<&V> {
        self.place(task).ok().map(|place| &self.entries[place].1)
    }

    /// The task's value, to change it.
    pub(super) fn get_mut(&mut self, task: TaskId) -> Option<&mut V> {
        self.place(task).ok().map(|place| &mut self.entries[place].1)
    }

    /// Gives the task a value, in place of any that it had.
    pub(super) fn insert(&mut self, task: TaskId, value: V) {
        match self.place(task) {
            Ok(place) => self.entries[place].1 = value,
            Err(place) if place == self.entries.len() => self.entries.push_back((task, value)),
            Err(place) => self.entries.insert(place, (task, value)),
        }
    }

    /// Takes the task's value away and returns it.
    pub(super) fn remove(&mut self, task: TaskId) -> Option<V> {
        let place = self.place(task).ok()?;
        let is_latest = place + 1 == self.entries.len();
        let entry = if is_latest { self.entries.pop_back() } else { self.entries.remove(place) };
        entry.map(|(_, value)| value)
    }

    /// Where the task is, or would be.
    fn place(&self, task: TaskId) -> Result<usize, usize> {
        match self.entries.back() {
            None => Err(0),
            Some((latest, _)) if *latest == task => Ok(self.entries.len() - 1),
            Some((latest, _)) if *latest < task => Err(self.entries.len()),
            Some(_) => self.entries.binary_search_by_key(&task, |(known, _)| *known),
        }
    }
}

impl<V: fmt::Debug> fmt::Debug for TaskMap<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;

    /// Every sequence of so many insertions and removals of few tasks.
    #[test]
    fn a_task_map_does_what_an_ordered_map_does() {
        const TASKS: u64 = 4;
        const STEPS: u32 = 6;
        for sequence in 0..(2 * TASKS).pow(STEPS) {
            let (mut ours, mut naive) = (TaskMap::new(), BTreeMap::new());
            for step in 0..STEPS {
                let choice = sequence / (2 * TASKS).pow(step) % (2 * TASKS);
                let task = TaskId::new(choice / 2);
                if choice.is_multiple_of(2) {
                    ours.insert(task, step);
                    naive.insert(task, step);
                } else {
                    assert_eq!(ours.remove(task), naive.remove(&task));
                }
                assert_eq!((ours.get(task), ours.len()), (naive.get(&task), naive.len()));
                assert_eq!(ours.get_mut(task), naive.get_mut(&task));
            }
            let entries: Vec<_> = naive.iter().map(|(task, value)| (*task, value)).collect();
            assert_eq!(ours.iter().collect::<Vec<_>>(), entries);
        }
    }

    /// However it came about: a ring may begin anywhere in its buffer.
    #[test]
    fn equal_maps_are_equal() {
        let [mut one, mut other] = [TaskMap::new(), TaskMap::new()];
        (0..5).for_each(|task| one.insert(TaskId::new(task), task));
        (0..9).rev().for_each(|task| other.insert(TaskId::new(task), task));
        (5..9).for_each(|task| assert_eq!(other.remove(TaskId::new(task)), Some(task)));
        assert_eq!(one, other);
        assert_eq!(alloc::format!("{one:?}"), "{task0: 0, task1: 1, task2: 2, task3: 3, task4: 4}");
    }
}
