//! Transfer of the leadership (thesis 3.10).

use crate::node::NodeId;
use crate::raft::ballot::Term;
use crate::raft::election::{self, Timer};
use crate::raft::entry::Command;
use crate::raft::message::Message;
use crate::raft::refusal::{Refusal, Refused};
use crate::raft::rules::Rules;
use crate::raft::server::{Out, Raft, Within};

impl<T: Command, R: Rules> Raft<T, R> {
    /// Thesis 3.10, 1: the leader takes on nothing new, and brings the target up to date. It goes
    /// back to work if that, or the election, takes longer than an election timeout, for which it
    /// uses [`Timer::Quorum`].
    pub(super) fn transfer(&mut self, to: NodeId, out: &mut Out<T, R>) {
        match self.reason_against_transfer(to) {
            Some(why) => self.refuse(Refused::Transfer(to), why, out),
            None => {
                if let Some(leading) = &mut self.leading {
                    leading.transfer = Some(to);
                }
                out.arm(Timer::Quorum);
                self.hand_over(to, out);
            }
        }
    }

    fn reason_against_transfer(&self, to: NodeId) -> Option<Refusal> {
        let Some(leading) = &self.leading else {
            return Some(Refusal::NotLeader { leader: self.leader() });
        };
        if to == self.config.id || !self.membership().voters().contains(to) {
            return Some(Refusal::NotAVoter(to));
        }
        leading.transfer.map(|to| Refusal::Transferring { to })
    }

    /// Thesis 3.10, 3: once the target has everything, it is told to stand.
    pub(super) fn hand_over(&mut self, to: NodeId, out: &mut Out<T, R>) {
        let (term, last, rules) = (self.term(), self.log.last().index, self.rules());
        let Some(leading) = &mut self.leading else { return };
        let Some(progress) = leading.followers.get(to) else { return };
        if leading.transfer == Some(to) && rules.may_hand_over(progress.matched, last) {
            leading.handed_over = true;
            out.send(to, Message::TimeoutNow { term });
        }
    }

    pub(super) fn give_up_transfer(&mut self, out: &mut Out<T, R>) {
        if self.election.is_leader()
            && let Some(to) = self.leading.as_mut().and_then(|leading| leading.transfer.take())
        {
            self.refuse(Refused::Transfer(to), Refusal::TimedOut, out);
        }
    }

    /// Thesis 3.10, 3: the leader wants this server to lead. It stands at once, without asking
    /// around, and says why, so that those who hear the leader listen (4.2.3).
    pub(super) fn stand_now(&mut self, from: NodeId, term: Term, out: &mut Out<T, R>) {
        let current = !self.rules().is_stale(term, self.term());
        self.election.receive(from, election::Message::Heartbeat { term }, &mut Within(out));
        if current && self.rules().may_stand(self.config.id, self.membership().voters()) {
            self.election.campaign(true, &mut Within(out));
        }
    }
}
