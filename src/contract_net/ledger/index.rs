//! Who can do what, without looking at everyone: the ledger by capabilities.
//!
//! There may be a million open tasks and ten thousand agents, but there are few different sets of
//! capabilities. So tasks and agents lie in one set for each set of capabilities that occurs, and
//! a question passes over the sets that do not fit, and then takes what it finds: each result costs
//! the same, however many tasks there are.

use alloc::collections::{BTreeMap, BTreeSet};

use crate::contract_net::capabilities::Capabilities;
use crate::contract_net::ids::{AgentId, TaskId};

/// Derived from the tasks and agents of a ledger alone, and not from their history: equal ledgers have
/// equal indexes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct Index {
    /// The tasks that are open for bids, by what they need: one set for each need that a task ever had.
    /// It may be empty: one that is emptied is soon filled again.
    open: BTreeMap<Capabilities, BTreeSet<TaskId>>,
    /// The agents that take part, by what they can do. No set is empty.
    members: BTreeMap<Capabilities, BTreeSet<AgentId>>,
    /// The tasks that are to come after a task, whatever became of them. No set is empty.
    dependents: BTreeMap<TaskId, BTreeSet<TaskId>>,
}

impl Index {
    pub(super) fn create(&mut self, needs: Capabilities, task: TaskId, is_open: bool) {
        let open = self.open.entry(needs).or_default();
        if is_open {
            open.insert(task);
        }
    }

    pub(super) fn open(&mut self, needs: Capabilities, task: TaskId) {
        self.open.entry(needs).or_default().insert(task);
    }

    pub(super) fn close(&mut self, needs: Capabilities, task: TaskId) {
        if let Some(open) = self.open.get_mut(&needs) {
            open.remove(&task);
        }
    }

    pub(super) fn join(&mut self, capabilities: Capabilities, agent: AgentId) {
        self.members.entry(capabilities).or_default().insert(agent);
    }

    pub(super) fn leave(&mut self, capabilities: Capabilities, agent: AgentId) {
        if let Some(members) = self.members.get_mut(&capabilities) {
            members.remove(&agent);
            if members.is_empty() {
                self.members.remove(&capabilities);
            }
        }
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
