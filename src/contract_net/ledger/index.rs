//! Who can do what, without looking at everyone: the ledger by capabilities.
//!
//! There may be a million open tasks and ten thousand agents, but there are few different sets of
//! capabilities. So tasks and agents lie in one set for each set of capabilities that occurs, and
//! a question passes over the sets that do not fit, and then takes what it finds: each result costs
//! the same, however many tasks there are.

use alloc::collections::{BTreeMap, BTreeSet};

use crate::contract_net::capabilities::Capabilities;
use crate::contract_net::ids::{AgentId, TaskId};

/// Derived from the tasks and agents of a ledger. No set in it is empty, so equal ledgers have
/// equal indexes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct Index {
    /// The tasks that are open for bids, by what they need.
    open: BTreeMap<Capabilities, BTreeSet<TaskId>>,
    /// The agents that take part, by what they can do.
    members: BTreeMap<Capabilities, BTreeSet<AgentId>>,
    /// The tasks that are to come after a task, whatever became of them.
    dependents: BTreeMap<TaskId, BTreeSet<TaskId>>,
}

impl Index {
    pub(super) fn open(&mut self, needs: Capabilities, task: TaskId) {
        self.open.entry(needs).or_default().insert(task);
    }

    pub(super) fn close(&mut self, needs: Capabilities, task: TaskId) {
        remove(&mut self.open, needs, task);
    }

    pub(super) fn join(&mut self, capabilities: Capabilities, agent: AgentId) {
        self.members.entry(capabilities).or_default().insert(agent);
    }

    pub(super) fn leave(&mut self, capabilities: Capabilities, agent: AgentId) {
        remove(&mut self.members, capabilities, agent);
    }

    pub(super) fn depends(&mut self, task: TaskId, on: TaskId) {
        self.dependents.entry(on).or_default().insert(task);
    }

    pub(super) fn open_to(&self, capabilities: Capabilities) -> impl Iterator<Item = TaskId> {
        self.open
            .iter()
            .filter(move |(needs, _)| capabilities.covers(**needs))
            .flat_map(|(_, tasks)| tasks)
            .copied()
    }

    pub(super) fn able(&self, needs: Capabilities) -> impl Iterator<Item = AgentId> {
        self.members.iter().filter(move |(has, _)| has.covers(needs)).flat_map(|(_, agents)| agents).copied()
    }

    pub(super) fn dependents(&self, task: TaskId) -> impl Iterator<Item = TaskId> {
        self.dependents.get(&task).into_iter().flatten().copied()
    }
}

/// Takes an element away, and its set if that is empty then.
fn remove<T: Ord>(sets: &mut BTreeMap<Capabilities, BTreeSet<T>>, key: Capabilities, element: T) {
    if let Some(set) = sets.get_mut(&key) {
        set.remove(&element);
        if set.is_empty() {
            sets.remove(&key);
        }
    }
}
