//! Changes of the membership by joint consensus (paper, 6; thesis 4.3).

use crate::raft::election::Timer;
use crate::raft::entry::{Batch, Command};
use crate::raft::membership::Membership;
use crate::raft::position::Index;
use crate::raft::progress::Progress;
use crate::raft::refusal::{Refusal, Refused};
use crate::raft::rules::Rules;
use crate::raft::server::{Out, Raft, Within, membership_of};

impl<T: Command, R: Rules> Raft<T, R> {
    /// The host wants other members. The membership that leads there takes effect at once.
    pub(super) fn change(&mut self, target: Membership, out: &mut Out<T, R>) {
        match self.reason_against_change(target) {
            Some(why) => self.refuse(Refused::Change, why, out),
            None => {
                let step = self.rules().step_towards(self.membership(), target);
                self.append_own(Batch::Change(step), out);
            }
        }
    }

    fn reason_against_change(&self, target: Membership) -> Option<Refusal> {
        let Some(leading) = &self.leading else {
            return Some(Refusal::NotLeader { leader: self.leader() });
        };
        let (index, current) = self.membership;
        let (settled, committed) =
            (index <= self.commit && !current.is_joint(), self.has_committed_in_term());
        if !target.is_sound() || target.is_joint() {
            Some(Refusal::Unsound)
        } else if let Some(to) = leading.transfer {
            Some(Refusal::Transferring { to })
        } else if !self.rules().may_change(settled, committed) {
            Some(if settled { Refusal::NotReady } else { Refusal::ChangeUnderWay(index) })
        } else if self.log.last().index >= Index::LIMIT {
            Some(Refusal::LogFull)
        } else {
            (target == current).then_some(Refusal::NoChange)
        }
    }

    /// Thesis 4.3: once both have agreed to be led together, whoever leads then goes on to the new
    /// members alone. It does so without being told, so a change survives its leader.
    pub(super) fn leave_joint(&mut self, out: &mut Out<T, R>) {
        let (index, current) = self.membership;
        if current.is_joint() && self.rules().may_leave_joint(index, self.commit) {
            self.append_own(Batch::Change(current.left()), out);
        }
    }

    /// Thesis 4.2.2: a leader that has no vote any more goes once that is committed.
    pub(super) fn resign_if_removed(&mut self, out: &mut Out<T, R>) {
        let (index, current) = self.membership;
        let is_voter = current.voters().contains(self.config.id);
        if self.leading.is_some() && self.rules().must_resign(is_voter, index <= self.commit) {
            let before = self.election.status();
            self.election.resign(&mut Within(out));
            self.follow_election(before, out);
        }
    }

    /// Thesis 4.2.2: whether the server has lost its vote by an entry that may be in no other log.
    pub(super) fn is_needed_without_vote(&self) -> bool {
        let (index, current) = self.membership;
        let (_, before) = membership_of(&self.log, index.previous(), self.config.initial);
        let lost = !current.voters().contains(self.config.id) && before.voters().contains(self.config.id);
        self.leading.is_none() && self.rules().may_stand_without_vote(lost, index <= self.commit)
    }

    /// The log ends elsewhere. If that may have changed the membership, the one in the log is in
    /// use from now on: appended, or, where the entry that said another was deleted, the one
    /// before (thesis 4.1).
    pub(super) fn log_grew(&mut self, may_have_changed: bool, out: &mut Out<T, R>) {
        if may_have_changed {
            let (index, in_log) = membership_of(&self.log, self.log.last().index, self.config.initial);
            let membership = self.rules().membership(self.membership.1, in_log);
            if self.membership != (index, membership) {
                self.membership = (index, membership);
                self.track_members(out);
                if self.election.is_leader() && self.config.options.check_quorum {
                    out.arm(Timer::Quorum); // The new voters had no time to answer yet.
                }
            }
        }
        self.election.set(self.log.last(), self.membership.1.voters());
    }

    /// A leader follows the progress of all other members, and of no one else.
    pub(super) fn track_members(&mut self, out: &mut Out<T, R>) {
        let (last, current) = (self.log.last().index, self.membership.1);
        let others = current.all().without(self.config.id);
        let Some(leading) = self.leading.as_mut().filter(|_| self.election.is_leader()) else { return };
        let known = leading.followers.keys();
        for node in others.iter().filter(|node| !known.contains(*node)) {
            leading.followers.insert(node, Progress::unknown(last));
        }
        for node in known.iter().filter(|node| !others.contains(*node)) {
            leading.followers.remove(node);
        }
        if known.is_empty() && !others.is_empty() {
            out.arm(Timer::Heartbeat); // Alone, it had nobody to tell that it leads.
        }
    }
}
