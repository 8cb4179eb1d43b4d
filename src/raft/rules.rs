//! Every decision of replication, one predicate each, with the sentence that it comes from; those
//! of the election are in [`election::rules`].

use crate::node::NodeSet;
use crate::quorum::{self, Voters};
use crate::raft::ballot::Term;
use crate::raft::election;
use crate::raft::election::Published;
use crate::raft::membership::Membership;
use crate::raft::position::Index;

/// The rules of replication.
pub trait Rules: election::Rules {
    /// Paper 5.3: a follower refuses entries unless its log has the one before them.
    fn is_consistent(&self, own: Option<Term>, prev: Term) -> bool {
        own == Some(prev)
    }

    /// Paper 5.3: what conflicts is deleted, with all that follows, and what is new appended; a
    /// log that has the entries already keeps what follows them. Of `count` entries after `prev`
    /// the first `present` are there. Returns after which entry the log changes, if it does.
    fn append_after(&self, prev: Index, present: u64, count: u64) -> Option<Index> {
        (present < count).then(|| prev.plus(present))
    }

    /// Paper, Figure 2, AppendEntries RPC 5: a follower commits as the leader has, up to the last
    /// entry that it knows to be the leader's.
    fn follower_commit(&self, leader: Index, matched: Index, last: Index) -> Index {
        let _ = last; // Beyond the new entries the log may differ from the leader's.
        leader.min(matched)
    }

    /// Paper 5.3, Log Matching: a follower that has the last entry that the leader has committed has
    /// all before it too; one that lacks it, as what is told first may arrive last, does not know.
    fn may_learn_commit(&self, contained: bool) -> bool {
        contained
    }

    /// Paper 5.3: a follower vouches for what the message showed to be the leader's, and no more.
    fn vouched(&self, matched: Index, last: Index) -> Index {
        let _ = last;
        matched
    }

    /// Thesis 10.2.1: a leader counts itself for what is on its disk.
    fn own_match(&self, durable: Index, last: Index) -> Index {
        let _ = last;
        durable
    }

    /// Thesis 10.2.1: a leader's disk has caught up with an entry if that is still in its log; the
    /// report may be of one that has been replaced since.
    fn is_meant(&self, contained: bool) -> bool {
        contained
    }

    /// Paper 5.3: an entry is replicated once a majority has it; thesis 4.3: while the membership
    /// changes, a majority of the old voters and of the new.
    fn is_replicated(&self, holders: NodeSet, voters: Voters) -> bool {
        voters.halves().all(|half| quorum::is_majority(holders, half))
    }

    /// Paper 5.4.2: a leader commits entries of its own term by counting, and earlier ones only
    /// with them.
    fn may_commit(&self, entry: Term, current: Term) -> bool {
        entry == current
    }

    /// Thesis 4.3: the way to other voters leads through both together.
    fn step_towards(&self, from: Membership, target: Membership) -> Membership {
        from.towards(target)
    }

    /// Thesis 4.1: one change at a time, and (Ongaro, 2015) none before the leader has committed
    /// an entry of its own term.
    fn may_change(&self, settled: bool, committed_in_term: bool) -> bool {
        settled && committed_in_term
    }

    /// Thesis 4.3: the old voters are left once the entry that joins both is committed.
    fn may_leave_joint(&self, joint: Index, commit: Index) -> bool {
        joint <= commit
    }

    /// Thesis 4.1: a server uses the latest membership in its log, committed or not, and goes
    /// back to the one before if that entry is deleted.
    fn membership(&self, in_use: Membership, in_log: Membership) -> Membership {
        let _ = in_use;
        in_log
    }

    /// Thesis 4.2.2: a leader that is not in the new membership leads until that is committed.
    fn must_resign(&self, is_voter: bool, committed: bool) -> bool {
        !is_voter && committed
    }

    /// Thesis 4.2.2, and its figure: a server that has lost its vote may be the only one that can be
    /// elected, until the entry that takes it is committed. Its own vote does not count.
    fn may_stand_without_vote(&self, lost: bool, committed: bool) -> bool {
        lost && !committed
    }

    /// Paper 7, Figure 13: a follower whose log has the last entry of the snapshot keeps what
    /// follows it.
    fn keeps_log(&self, has_last: bool) -> bool {
        has_last
    }

    /// Paper 7, Figure 13: a snapshot that ends within what the follower has committed changes
    /// nothing.
    fn is_outdated(&self, snapshot: Index, commit: Index) -> bool {
        snapshot <= commit
    }

    /// Paper 5.3: after a refusal the leader goes back, but not behind what it knows to match.
    fn next_after_refusal(&self, matched: Index, prev: Index, hint: Index) -> Index {
        hint.next().min(prev).max(matched.next())
    }

    /// Thesis 3.10: a leader hands over to a follower that has its whole log.
    fn may_hand_over(&self, matched: Index, last: Index) -> bool {
        matched == last
    }

    /// Thesis 6.4: a leader does not know what is committed before it has committed an entry of
    /// its own term.
    fn may_read(&self, committed_in_term: bool) -> bool {
        committed_in_term
    }

    /// Thesis 6.4: an answer shows that the server led when it sent what is answered, so only
    /// one to a round that began with the read, or later, confirms it.
    fn confirms(&self, answered: u64, read: u64) -> bool {
        answered >= read
    }

    /// Thesis 6.4: a read needs the answers of a majority.
    fn may_answer_read(&self, confirmed_by: NodeSet, voters: Voters) -> bool {
        voters.halves().all(|half| quorum::is_majority(confirmed_by, half))
    }
}

impl Rules for Published {}
