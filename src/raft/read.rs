//! Reads that do not go through the log (thesis 6.4).
//!
//! A leader that answered from what it has applied could be wrong: it may have been deposed
//! without knowing. So it first hears from a majority that it leads. Each read begins a round,
//! every message says the round that it was sent in, and an answer repeats it: an answer to an
//! earlier message confirms nothing. Rounds are the server's own. If the host's number named the
//! read, as in other implementations, and were used again, a late answer would confirm the wrong
//! one.

use alloc::collections::VecDeque;

use crate::raft::entry::Command;
use crate::raft::position::Index;
use crate::raft::refusal::{Refusal, Refused};
use crate::raft::rules::Rules;
use crate::raft::server::{Out, Output, Raft};

/// The reads that a leader has not answered yet.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Reads {
    /// The round of the latest read; 0 before the first.
    round: u64,
    /// Ascending in `round` and in `index`.
    pending: VecDeque<Read>,
}

/// A read that waits for its round to be answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Read {
    token: u64,
    round: u64,
    /// What was committed when the leader was asked.
    index: Index,
}

impl Reads {
    /// The present round.
    pub const fn round(&self) -> u64 {
        self.round
    }

    /// The hosts' numbers of the reads.
    pub fn tokens(&self) -> impl Iterator<Item = u64> {
        self.pending.iter().map(|read| read.token)
    }

    fn begin(&mut self, token: u64, index: Index) {
        self.round += 1;
        self.pending.push_back(Read { token, round: self.round, index });
    }
}

impl<T: Command, R: Rules> Raft<T, R> {
    /// Thesis 6.4: the leader notes what is committed, and asks whether it leads. Each read is a
    /// message to every follower: a host with many waiting asks once for all of them.
    pub(super) fn read(&mut self, token: u64, out: &mut Out<T, R>) {
        let committed = self.has_committed_in_term();
        let leader = self.leader();
        let Some(leading) = &mut self.leading else {
            return self.refuse(Refused::Read(token), Refusal::NotLeader { leader }, out);
        };
        if !self.config.rules.may_read(committed) {
            return self.refuse(Refused::Read(token), Refusal::NotReady, out);
        }
        leading.reads.begin(token, self.commit);
        self.send_all(true, out);
    }

    /// Answers the reads whose rounds a majority has answered.
    pub(super) fn confirm_reads(&mut self, out: &mut Out<T, R>) {
        while let Some(read) =
            self.leading.as_ref().and_then(|leading| leading.reads.pending.front().copied())
            && self.is_confirmed(read.round)
        {
            if let Some(leading) = &mut self.leading {
                leading.reads.pending.pop_front();
            }
            out.output(Output::Read { token: read.token, index: read.index });
        }
    }

    /// Whether a majority has answered something that was sent in this round or later.
    pub(super) fn is_confirmed(&self, round: u64) -> bool {
        let (rules, voters) = (self.rules(), self.membership().voters());
        self.leading.as_ref().is_some_and(|leading| {
            let by = leading.members_with(Some(self.config.id), |it| rules.confirms(it.round, round));
            rules.may_answer_read(by, voters)
        })
    }
}
