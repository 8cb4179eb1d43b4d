//! What a leader knows of a follower (paper, Figure 2, volatile state on leaders).

use crate::raft::position::Index;

/// How a leader sends to a follower.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mode {
    /// Where the logs part is not known yet: one message at a time.
    Probe {
        /// Whether one is under way.
        sent: bool,
    },
    /// They agree: messages follow one another without waiting for answers (thesis 10.2.2).
    Replicate,
    /// The follower needs the snapshot up to here, which is offered again with each heartbeat, and
    /// may take long to arrive.
    Snapshot(Index),
}

/// What a leader knows of a follower.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Progress {
    /// Up to here the follower's log is known to be the leader's, and durable (`matchIndex`).
    pub matched: Index,
    /// What to send next (`nextIndex`): `matched < next`.
    pub next: Index,
    /// How to send it.
    pub mode: Mode,
    /// The follower's commit index, as far as it was told: `told < next`.
    pub told: Index,
    /// The latest round of reads that it answered.
    pub round: u64,
}

impl Progress {
    /// Of a follower of which nothing is known: the leader assumes that it has the same log.
    pub(crate) const fn unknown(last: Index) -> Self {
        let (matched, mode) = (Index::new(0), Mode::Probe { sent: false });
        Self { matched, next: last.next(), mode, told: Index::new(0), round: 0 }
    }

    /// The follower has the leader's log up to here. Returns whether that is news.
    pub(crate) fn matches(&mut self, index: Index) -> bool {
        let (news, before) = (index > self.matched, self.next.previous());
        self.matched = self.matched.max(index);
        self.next = self.next.max(self.matched.next());
        match self.mode {
            Mode::Probe { .. } if index >= before => self.mode = Mode::Replicate,
            Mode::Snapshot(through) if self.matched >= through => self.mode = Mode::Replicate,
            Mode::Probe { .. } | Mode::Snapshot(_) | Mode::Replicate => {}
        }
        news
    }

    /// Whether an answer that the follower lacks this entry is news: an answer to a message that
    /// was sent long ago is not.
    pub(crate) fn may_lack(&self, prev: Index) -> bool {
        prev > self.matched
            && match self.mode {
                Mode::Probe { .. } => prev == self.next.previous(),
                Mode::Replicate => true,
                Mode::Snapshot(_) => false,
            }
    }

    /// Back to one message at a time, from here on, which is beyond what matches.
    pub(crate) fn probe(&mut self, next: Index) {
        self.next = next;
        self.told = self.told.min(self.next.previous());
        self.mode = Mode::Probe { sent: false };
    }
}
