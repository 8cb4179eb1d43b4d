//! Compaction, and snapshots for followers that are too far behind (paper, 7).

use crate::node::NodeId;
use crate::raft::entry::Command;
use crate::raft::log::{LogWrite, Snapshot};
use crate::raft::message::Answer;
use crate::raft::position::{Index, Position};
use crate::raft::refusal::{Refusal, Refused};
use crate::raft::rules::Rules;
use crate::raft::server::{Out, Output, Raft, membership_of};

impl<T: Command, R: Rules> Raft<T, R> {
    /// Paper 7: the host has a snapshot of what it has applied, so the entries can go.
    pub(super) fn compact(&mut self, index: Index, out: &mut Out<T, R>) {
        let what = Refused::Compaction(index);
        let compacted = self.log.snapshot().last.index;
        if index > self.commit {
            return self.refuse(what, Refusal::NotCommitted { commit: self.commit }, out);
        }
        let Some(term) = self.log.term_at(index).filter(|_| index > compacted) else {
            return self.refuse(what, Refusal::Compacted(compacted), out);
        };
        let (_, membership) = membership_of(&self.log, index, self.config.initial);
        if !membership.is_sound() {
            return self.refuse(what, Refusal::UnknownMembership, out);
        }
        let snapshot = Snapshot { last: Position::new(term, index), membership };
        self.log.record(LogWrite::Compact(snapshot), out);
    }

    /// Paper 7, Figure 13, InstallSnapshot RPC, receiver implementation 5 to 8. No answer if the
    /// message cannot be true.
    pub(super) fn install(
        &mut self,
        from: NodeId,
        snapshot: Snapshot,
        out: &mut Out<T, R>,
    ) -> Option<Answer> {
        let Position { term, index } = snapshot.last;
        if !snapshot.membership.is_sound() || term > self.term() || index > Index::LIMIT {
            self.refuse(Refused::Message(from), Refusal::Malformed, out);
            return None;
        }
        if self.rules().is_outdated(index, self.commit) {
            return Some(Answer::Matches(self.commit));
        }
        if self.rules().keeps_log(self.log.contains(snapshot.last)) {
            // Then all that it replaces is here, and known to be committed.
            self.commit_to(index, out);
        } else {
            self.log.record(LogWrite::Install(snapshot), out);
            self.commit = index;
            out.output(Output::Restore(snapshot));
            self.log_grew(true, out);
        }
        Some(Answer::Matches(index))
    }
}
