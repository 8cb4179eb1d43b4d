//! What an observer of a replicated log remembers.

use alloc::vec::Vec;

use crate::machine::Event;
use crate::node::{NodeId, NodeMap, Relabel, Renaming};
use crate::observe::{Cause, History, Step};
use crate::outbox::Op;
use crate::quorum::Voters;
use crate::raft::ballot::Term;
use crate::raft::disk::Write;
use crate::raft::election::invariants::Elections;
use crate::raft::entry::{Batch, Command};
use crate::raft::invariants::of_election;
use crate::raft::log::LogWrite;
use crate::raft::position::Index;
use crate::raft::refusal::Refused;
use crate::raft::rules::Rules;
use crate::raft::server::{Input, Output, Raft};

/// What an observer remembers of a replicated log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Chronicle {
    elections: Elections,
    /// What was committed, from the first entry on.
    committed: Vec<Committed>,
    /// Whether a server committed another entry in a place than the first that committed there,
    /// or one that was not in its log.
    contradicted: bool,
    /// Up to where each server has told its application to apply. This repeats what a sound server
    /// holds anyway, so it makes no two states differ.
    told: NodeMap<Index>,
    /// Reads that are not answered yet, in the order in which they came: by whom, and how much
    /// was committed then.
    reads: Vec<(NodeId, Index)>,
    /// Whether a read was answered from a state that lacks what was committed when it came.
    stale_read: bool,
}

/// An entry that was committed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Committed {
    /// The term of the entry.
    pub term: Term,
    /// The term of the leader that committed it first.
    pub by: Term,
    /// Those that had to agree.
    pub voters: Voters,
}

impl Chronicle {
    /// What is remembered of the elections.
    pub const fn elections(&self) -> &Elections {
        &self.elections
    }

    /// What was committed, from the first entry on.
    pub fn committed(&self) -> &[Committed] {
        &self.committed
    }

    /// The last entry that was committed.
    pub fn last_committed(&self) -> Index {
        Index::new(self.committed.len() as u64)
    }

    /// Whether a server committed what contradicts this.
    pub(super) const fn is_contradicted(&self) -> bool {
        self.contradicted
    }

    /// Whether a read was answered from a state that was too old.
    pub(super) const fn has_stale_read(&self) -> bool {
        self.stale_read
    }

    /// Up to where a server has told its application to apply.
    pub(super) fn told(&self, node: NodeId) -> Index {
        self.told.get(node).copied().unwrap_or_default()
    }

    /// The reads that are not answered yet.
    pub fn reads(&self) -> usize {
        self.reads.len()
    }

    pub(super) fn get(&self, index: Index) -> Option<&Committed> {
        self.committed.get(usize::try_from(index.get().checked_sub(1)?).ok()?)
    }

    /// The server knows that all up to here is committed; these had to agree, if it is the first.
    fn commits<T: Command, R: Rules>(&mut self, server: &Raft<T, R>, through: Index, voters: Voters) {
        let by = server.term();
        let mut index = server.log().snapshot().last.index.max(Index::new(1));
        while index <= through {
            let term = server.log().term_at(index);
            match (self.get(index), term) {
                (Some(known), Some(term)) => self.contradicted |= known.term != term,
                (None, Some(term)) if index == self.last_committed().next() => {
                    self.committed.push(Committed { term, by, voters });
                }
                (_, None) | (None, _) => self.contradicted = true,
            }
            index = index.next();
        }
    }
}

impl<T: Command, R: Rules> History<Raft<T, R>> for Chronicle {
    fn observe(&mut self, step: &Step<'_, Raft<T, R>>) {
        of_election(step, |step| self.elections.observe(step));
        let id = step.node;
        match &step.cause {
            Cause::Event(Event::Input(Input::Read(_))) => self.reads.push((id, self.last_committed())),
            Cause::Restart => {
                self.reads.retain(|(node, _)| *node != id);
                self.told.insert(id, step.disk.log().snapshot().last.index);
            }
            Cause::Event(_) => {}
        }
        let mut voters = step.before.membership().voters();
        for op in step.performed {
            match op {
                Op::Output(Output::Committed(index)) => {
                    self.contradicted |= *index <= self.told(id);
                    self.told.insert(id, *index);
                    self.commits(step.after, *index, voters);
                }
                Op::Write(Write::Log(LogWrite::Append { batch: Batch::Change(next), .. })) => {
                    voters = next.voters();
                }
                Op::Output(Output::Restore(snapshot)) => {
                    let known = self.get(snapshot.last.index).map(|entry| entry.term);
                    self.contradicted |= known != Some(snapshot.last.term);
                    self.told.insert(id, snapshot.last.index);
                }
                Op::Output(Output::Read { index, .. }) => {
                    let asked = self.reads.iter().position(|(node, _)| *node == id);
                    let asked = asked.map(|at| self.reads.remove(at).1);
                    self.stale_read |= asked.is_none_or(|least| *index < least);
                }
                Op::Output(Output::Refused(Refused::Read(_), _)) => {
                    // The read just asked for, or, when a leader gives up, each in its order.
                    let mut of_node = self.reads.iter().enumerate().filter(|(_, (node, _))| *node == id);
                    let refused = match &step.cause {
                        Cause::Event(Event::Input(Input::Read(_))) => of_node.next_back(),
                        Cause::Event(_) | Cause::Restart => of_node.next(),
                    };
                    if let Some(at) = refused.map(|(at, _)| at) {
                        self.reads.remove(at);
                    }
                }
                Op::Output(Output::Leader(_) | Output::Refused(..)) => {}
                Op::Write(_) | Op::Sync | Op::Send { .. } | Op::Arm(_) | Op::Disarm(_) => {}
            }
        }
    }
}

impl Relabel for Chronicle {
    fn relabel(&self, renaming: &Renaming) -> Self {
        let committed = self.committed.iter();
        Self {
            elections: self.elections.relabel(renaming),
            committed: committed.map(|it| Committed { voters: it.voters.relabel(renaming), ..*it }).collect(),
            contradicted: self.contradicted,
            told: self.told.iter().map(|(node, index)| (renaming.apply(node), *index)).collect(),
            reads: self.reads.iter().map(|(node, index)| (renaming.apply(*node), *index)).collect(),
            stale_read: self.stale_read,
        }
    }
}
