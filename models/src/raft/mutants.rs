//! What would happen if a rule were missing, or a host broke the contract: every published bug of
//! the catalogue that the machine can express, and some of our own.
//!
//! # Bugs that it cannot express
//!
//! | bug | why |
//! |---|---|
//! | B3, a term written without its vote | they are one record |
//! | B18, an order of followers that is out of date | nothing is sorted: each candidate for the commit index is counted |
//! | B19, the term of a reply taken for a vote of one's own | a reply has no vote, and a new term begins without one: `ballot_entering`, which has B2 |
//! | B20, two threads in one server | `step` has the server to itself |
//! | C5, standing with a membership that is not applied yet | a membership is in use as soon as it is in the log |
//! | S2, what is compacted taken for an entry of term 0 | nobody asks: an entry before the commit index, and all that is compacted is, is answered with that index |
//! | S5, applied entries skipped, or a commit index on the disk that goes back | the commit index is neither written nor paged: the host reads the log up to it |
//! | R4, a lease that outlasts a transfer | there are no leases |
//! | L1, messages of an earlier term dropped in silence | the election within answers them; `raft-election` has the mutant, and its liveness misses the goal |
//! | L4, an append that does not put the election off | the same: every `Append` is a heartbeat to the election within |
//! | L2, a pre-candidate that keeps its leader | the leader is part of the role of a follower |
//! | L5, leaks in the counts of what is under way | nothing is counted: bytes and entries are added up when needed |
//!
//! No mutant names `LeaderAppendOnly`: whoever is sent entries follows their sender before it looks
//! at them, whichever rule is missing, so no step both begins and ends with a leader and replaces
//! entries.

use std::any::Any;

use althing::machine::Event;
use althing::node::{NodeId, NodeSet};
use althing::outbox::Op;
use althing::quorum::Voters;
use althing::raft::election::{self, Credential};
use althing::raft::{Ballot, Disk, Index, Log, Membership, Message, Position, Rules, Term, Timer, Write};

use super::Server;
use crate::cell::Tamper;
use crate::election::mutants::Broken as Within;
use crate::protocol::{self, Missing};

/// The published rules, less one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Broken {
    /// None is missing: for mutants of the host.
    Nothing,
    /// One of those of the election within.
    Election(Within),
    /// 5.4.1: the longer log wins, whatever its last term.
    IndexFirst,
    /// 4.3: the old voters elect alone.
    OldElect,
    /// 4.3: whoever likes stands.
    MayStand,
    /// 5.3: what is beyond the end of the log matches anything.
    IsConsistent,
    /// 5.3: an entry of another term is as good as the one meant.
    PrevOfAnyTerm,
    /// 5.3: what follows the new entries is deleted in any case.
    AppendAfter,
    /// Figure 2: a follower commits all that it has.
    FollowerCommit,
    /// 5.3: whoever is told what is committed has it.
    MayLearnCommit,
    /// 5.3: a follower vouches for all that it has.
    Vouched,
    /// 10.2.1: a leader counts what is not on its disk yet.
    OwnMatch,
    /// 10.2.1: a late report counts for what has replaced the entry since.
    IsMeant,
    /// 5.3: half of the servers are enough.
    HalfCommit,
    /// 4.3: the new voters commit alone.
    NewCommit,
    /// 4.3: the old voters commit alone.
    OldCommit,
    /// 5.4.2: entries of earlier terms are committed by counting.
    MayCommit,
    /// 4.1 (Ongaro, 2015): one server more or less at once, before anything is committed.
    SingleServer,
    /// 4.3: the new voters take over at once.
    StepTowards,
    /// 4.1: a change while another is under way.
    MayChange,
    /// 4.3: the old voters are left before they have agreed.
    LeaveEarly,
    /// 4.3: the old voters are never left.
    LeaveNever,
    /// 4.1: a membership outlasts the entry that said it.
    Membership,
    /// 4.2.2: a leader that was removed stays.
    MustResign,
    /// 4.2.2: a server that may be the only one that can be elected does not stand.
    StandWithoutVote,
    /// 7: a snapshot replaces what it need not.
    KeepsLog,
    /// 7: an old snapshot takes back what is committed.
    IsOutdated,
    /// 5.3: after a refusal the leader tries the same again.
    NoWayBack,
    /// 5.3: after a refusal the leader goes back too far.
    TooFarBack,
    /// 3.10: the leadership goes to who is not ready for it.
    MayHandOver,
    /// 6.4: a read before the leader has committed in its term.
    MayRead,
    /// 6.4: an answer to an earlier message confirms a read.
    Confirms,
    /// 6.4: a read that nobody confirms.
    MayAnswerRead,
}

impl Missing for Broken {
    const NOTHING: Self = Self::Nothing;
}

impl Broken {
    fn within(self) -> Within {
        match self {
            Self::Election(within) => within,
            _ => Within::Nothing,
        }
    }
}

impl election::Rules for Broken {
    fn is_newer(&self, seen: Term, current: Term) -> bool {
        self.within().is_newer(seen, current)
    }

    fn is_stale(&self, seen: Term, current: Term) -> bool {
        self.within().is_stale(seen, current)
    }

    fn is_of_term(&self, reply: Term, current: Term) -> bool {
        self.within().is_of_term(reply, current)
    }

    fn ballot_entering(&self, term: Term, ballot: Ballot) -> Ballot {
        self.within().ballot_entering(term, ballot)
    }

    fn may_vote_for(&self, candidate: NodeId, vote: Option<NodeId>) -> bool {
        self.within().may_vote_for(candidate, vote)
    }

    fn is_up_to_date<C: Credential>(&self, candidate: &C, own: &C) -> bool {
        let position = |credential: &C| (credential as &dyn Any).downcast_ref::<Position>().copied();
        match (self, position(candidate), position(own)) {
            (Self::IndexFirst, Some(candidate), Some(own)) => {
                (candidate.index, candidate.term) >= (own.index, own.term)
            }
            _ => self.within().is_up_to_date(candidate, own),
        }
    }

    fn has_leader(&self, leader: Option<NodeId>) -> bool {
        self.within().has_leader(leader)
    }

    fn pre_vote_term(&self, current: Term) -> Term {
        self.within().pre_vote_term(current)
    }

    fn tally(&self, votes: NodeSet, voter: NodeId) -> NodeSet {
        self.within().tally(votes, voter)
    }

    fn wins(&self, votes: NodeSet, voters: NodeSet) -> bool {
        self.within().wins(votes, voters)
    }

    fn wins_jointly(&self, votes: NodeSet, voters: Voters) -> bool {
        match self {
            Self::OldElect => voters.halves().last().is_some_and(|old| self.wins(votes, old)),
            _ => voters.halves().all(|half| self.wins(votes, half)),
        }
    }

    fn may_stand(&self, server: NodeId, voters: Voters) -> bool {
        *self == Self::MayStand || voters.contains(server)
    }

    fn keeps_leading(&self, active: NodeSet, voters: NodeSet) -> bool {
        self.within().keeps_leading(active, voters)
    }
}

fn majority(nodes: NodeSet, voters: NodeSet) -> bool {
    2 * nodes.intersection(voters).len() > voters.len()
}

impl Rules for Broken {
    fn is_consistent(&self, own: Option<Term>, prev: Term) -> bool {
        match self {
            Self::IsConsistent => own.is_none_or(|own| own == prev),
            Self::PrevOfAnyTerm => own.is_some(),
            _ => own == Some(prev),
        }
    }

    fn append_after(&self, prev: Index, present: u64, count: u64) -> Option<Index> {
        if *self == Self::AppendAfter {
            return Some(prev);
        }
        (present < count).then(|| prev.plus(present))
    }

    fn follower_commit(&self, leader: Index, matched: Index, last: Index) -> Index {
        leader.min(if *self == Self::FollowerCommit { last } else { matched })
    }

    fn may_learn_commit(&self, contained: bool) -> bool {
        *self == Self::MayLearnCommit || contained
    }

    fn vouched(&self, matched: Index, last: Index) -> Index {
        if *self == Self::Vouched { last } else { matched }
    }

    fn own_match(&self, durable: Index, last: Index) -> Index {
        if *self == Self::OwnMatch { last } else { durable }
    }

    fn is_meant(&self, contained: bool) -> bool {
        *self == Self::IsMeant || contained
    }

    fn is_replicated(&self, holders: NodeSet, voters: Voters) -> bool {
        match self {
            Self::HalfCommit => {
                voters.halves().all(|half| 2 * holders.intersection(half).len() >= half.len())
            }
            Self::NewCommit => majority(holders, voters.incoming),
            Self::OldCommit => voters.halves().last().is_some_and(|old| majority(holders, old)),
            _ => voters.halves().all(|half| majority(holders, half)),
        }
    }

    fn may_commit(&self, entry: Term, current: Term) -> bool {
        *self == Self::MayCommit || entry == current
    }

    fn step_towards(&self, from: Membership, target: Membership) -> Membership {
        match self {
            Self::StepTowards | Self::SingleServer => target,
            _ => from.towards(target),
        }
    }

    fn may_change(&self, settled: bool, committed_in_term: bool) -> bool {
        match self {
            Self::MayChange => committed_in_term,
            Self::SingleServer => true,
            _ => settled && committed_in_term,
        }
    }

    fn may_leave_joint(&self, joint: Index, commit: Index) -> bool {
        match self {
            Self::LeaveEarly => true,
            Self::LeaveNever => false,
            _ => joint <= commit,
        }
    }

    fn membership(&self, in_use: Membership, in_log: Membership) -> Membership {
        let rolled_back = in_use.is_joint() && in_use.voters().outgoing == in_log.voters().incoming;
        if *self == Self::Membership && rolled_back { in_use } else { in_log }
    }

    fn must_resign(&self, is_voter: bool, committed: bool) -> bool {
        *self != Self::MustResign && !is_voter && committed
    }

    fn may_stand_without_vote(&self, lost: bool, committed: bool) -> bool {
        *self != Self::StandWithoutVote && lost && !committed
    }

    fn keeps_log(&self, has_last: bool) -> bool {
        *self != Self::KeepsLog && has_last
    }

    fn is_outdated(&self, snapshot: Index, commit: Index) -> bool {
        *self != Self::IsOutdated && snapshot <= commit
    }

    fn next_after_refusal(&self, matched: Index, prev: Index, hint: Index) -> Index {
        match self {
            Self::NoWayBack => prev.next(),
            Self::TooFarBack => hint.next().min(prev).min(matched),
            _ => hint.next().min(prev).max(matched.next()),
        }
    }

    fn may_hand_over(&self, matched: Index, last: Index) -> bool {
        *self == Self::MayHandOver || matched == last
    }

    fn may_read(&self, committed_in_term: bool) -> bool {
        *self == Self::MayRead || committed_in_term
    }

    fn confirms(&self, answered: u64, read: u64) -> bool {
        match self {
            Self::Confirms => answered + 1 >= read,
            _ => answered >= read,
        }
    }

    fn may_answer_read(&self, confirmed_by: NodeSet, voters: Voters) -> bool {
        *self == Self::MayAnswerRead || voters.halves().all(|half| majority(confirmed_by, half))
    }
}

type Ops = Vec<Op<Server<Broken>>>;

/// Entries reach the disk after everything else.
fn entries_last(mut ops: Ops) -> Ops {
    ops.sort_by_key(|op| matches!(op, Op::Write(Write::Log(_))));
    ops
}

/// Votes reach the disk after the replies.
fn votes_last(mut ops: Ops) -> Ops {
    let is_vote = |op: &Op<_>| match op {
        Op::Send { message: Message::Election(message), .. } => {
            matches!(message, election::Message::VoteReply { granted: true, .. })
        }
        _ => false,
    };
    if ops.iter().any(is_vote) {
        ops.sort_by_key(|op| matches!(op, Op::Write(Write::Ballot(Ballot { vote: Some(_), .. }))));
    }
    ops
}

fn no_snapshots(mut ops: Ops) -> Ops {
    ops.retain(|op| !matches!(op, Op::Send { message: Message::Snapshot { .. }, .. }));
    ops
}

/// Terms and votes never reach the disk.
fn no_ballots(mut ops: Ops) -> Ops {
    ops.retain(|op| !matches!(op, Op::Write(Write::Ballot(_))));
    ops
}

fn empty_log(disk: Disk<()>) -> Disk<()> {
    Disk::new(disk.ballot(), Log::default()).unwrap_or_default()
}

/// Who has no vote as far as it knows does not give one.
fn learner_refuses(server: &Server<Broken>, event: &Event<Server<Broken>>) -> bool {
    let asked = matches!(event, Event::Message { message: Message::Election(_), .. });
    asked && !server.membership().voters().contains(server.id())
}

fn no_heartbeats(_: &Server<Broken>, event: &Event<Server<Broken>>) -> bool {
    matches!(event, Event::Timer(Timer::Heartbeat))
}

/// A mutant of a server.
pub type Mutant = protocol::Mutant<Broken, Server<Broken>>;

/// The mutants of the model `raft`.
pub static MUTANTS: [Mutant; 41] = [
    Mutant::of_host(
        "vote-after-reply",
        "B1: the vote is written after the reply (Figure 2)",
        || Tamper { performs: votes_last, ..Tamper::default() },
        "VoteOnce",
        &[("nodes", 2), ("terms", 1), ("log", 0)],
    ),
    Mutant::of_rules(
        "step-down-forgets-vote",
        "B2: ballot_entering",
        Broken::Election(Within::BallotEntering),
        "VoteOnce",
        &[("nodes", 3), ("terms", 1), ("log", 0), ("symmetry", 1)],
    ),
    Mutant::of_rules(
        "outdated-candidate",
        "B4: is_up_to_date",
        Broken::Election(Within::IsUpToDate),
        "LeaderCompleteness",
        &[("nodes", 3), ("terms", 2), ("log", 1), ("heartbeats", 0), ("symmetry", 1)],
    ),
    Mutant::of_rules(
        "index-before-term",
        "B5: is_up_to_date",
        Broken::IndexFirst,
        "LeaderCompleteness",
        &[("nodes", 3), ("terms", 3), ("log", 2), ("heartbeats", 0), ("symmetry", 1), ("reduce", 1)],
    ),
    Mutant::of_rules(
        "half-quorum",
        "B6: wins",
        Broken::Election(Within::Wins),
        "ElectionSafety",
        &[("nodes", 2), ("terms", 1), ("log", 0)],
    ),
    Mutant::of_rules(
        "duplicate-vote",
        "B7: tally",
        Broken::Election(Within::Tally),
        "ElectionSafety",
        &[("nodes", 4), ("terms", 1), ("log", 0), ("symmetry", 1)],
    ),
    Mutant::of_rules(
        "vote-counted-again",
        "B7: tally, as the contract of a machine has it",
        Broken::Election(Within::Tally),
        "NoSurprise",
        &[("nodes", 4), ("terms", 1), ("log", 0), ("symmetry", 1)],
    ),
    Mutant::of_rules(
        "old-vote",
        "B8: is_of_term",
        Broken::Election(Within::IsOfTerm),
        "ElectionSafety",
        &[("nodes", 3), ("terms", 2), ("log", 0), ("heartbeats", 0), ("symmetry", 1)],
    ),
    Mutant::of_rules(
        "commit-earlier-term",
        "B9: may_commit, Figure 8",
        Broken::MayCommit,
        "LeaderCompleteness",
        &[("nodes", 3), ("terms", 4), ("candidates", 2), ("log", 0), ("heartbeats", 0), ("reduce", 1)],
    ),
    Mutant::of_rules(
        "counts-for-earlier-term",
        "B9: may_commit, before anything is lost by it",
        Broken::MayCommit,
        "CommitsOwnTerm",
        &[("nodes", 3), ("terms", 2), ("log", 0), ("heartbeats", 0), ("symmetry", 1)],
    ),
    Mutant::of_host(
        "ack-before-write",
        "B10: entries are written after the acknowledgement (Figure 2)",
        || Tamper { performs: entries_last, ..Tamper::default() },
        "CommittedOnQuorum",
        &[("nodes", 3), ("terms", 1), ("log", 1), ("crashes", 1), ("symmetry", 1)],
    ),
    Mutant::of_rules(
        "leader-counts-unwritten",
        "B11: own_match",
        Broken::OwnMatch,
        "CommittedOnQuorum",
        &[("nodes", 3), ("terms", 1), ("log", 1), ("write_behind", 1), ("symmetry", 1)],
    ),
    Mutant::of_rules(
        "append-truncates",
        "B12: append_after",
        Broken::AppendAfter,
        "CommittedOnQuorum",
        &[("nodes", 3), ("terms", 1), ("log", 3), ("heartbeats", 0), ("symmetry", 1)],
    ),
    Mutant::of_rules(
        "append-writes-again",
        "B12: append_after, of a message that arrives twice",
        Broken::AppendAfter,
        "NoSurprise",
        &[("nodes", 2), ("terms", 1), ("log", 0), ("heartbeats", 0)],
    ),
    Mutant::of_rules(
        "follower-commits-all",
        "B13: follower_commit",
        Broken::FollowerCommit,
        "StateMachineSafety",
        // Only a heartbeat to one that needs a snapshot says nothing of the end of its log.
        &[("nodes", 3), ("terms", 2), ("log", 0), ("compactions", 1), ("symmetry", 1), ("reduce", 1)],
    ),
    Mutant::of_rules(
        "notice-commits-anything",
        "B14: may_learn_commit",
        Broken::MayLearnCommit,
        "Ordering",
        &[
            ("nodes", 3),
            ("terms", 2),
            ("log", 2),
            ("prompt_commit", 1),
            ("heartbeats", 0),
            ("symmetry", 1),
            ("reduce", 1),
        ],
    ),
    Mutant::of_rules(
        "ack-all",
        "B15: vouched",
        Broken::Vouched,
        "Progress",
        &[("nodes", 3), ("terms", 2), ("log", 0), ("compactions", 1), ("symmetry", 1), ("reduce", 1)],
    ),
    Mutant::of_rules(
        "stale-append",
        "B16: is_stale",
        Broken::Election(Within::IsStale),
        "CommittedOnQuorum",
        &[("nodes", 3), ("terms", 2), ("log", 1), ("heartbeats", 0), ("symmetry", 1), ("reduce", 1)],
    ),
    Mutant::of_rules(
        "stale-leader-followed",
        "B16: is_stale (5.1)",
        Broken::Election(Within::IsStale),
        "LeaderIsElected",
        &[("nodes", 3), ("terms", 2), ("log", 0), ("heartbeats", 0), ("symmetry", 1)],
    ),
    Mutant::of_rules(
        "half-of-the-pre-votes",
        "wins (9.6)",
        Broken::Election(Within::Wins),
        "PreVoteEarned",
        &[("nodes", 2), ("terms", 1), ("log", 0), ("pre_vote", 1), ("heartbeats", 0)],
    ),
    Mutant::of_rules(
        "old-ack",
        "B17: is_of_term",
        Broken::Election(Within::IsOfTerm),
        "Progress",
        &[("nodes", 3), ("terms", 3), ("log", 1), ("heartbeats", 0), ("symmetry", 1)],
    ),
    Mutant::of_rules(
        "half-commit",
        "B18 and others: is_replicated",
        Broken::HalfCommit,
        "CommittedOnQuorum",
        &[("nodes", 2), ("terms", 1), ("log", 1)],
    ),
    Mutant::of_rules(
        "second-vote",
        "may_vote_for",
        Broken::Election(Within::MayVoteFor),
        "VoteOnce",
        &[("nodes", 3), ("terms", 1), ("log", 0), ("symmetry", 1)],
    ),
    Mutant::of_rules(
        "snapshot-drops-suffix",
        "S1: keeps_log",
        Broken::KeepsLog,
        "CommittedOnQuorum",
        &[
            ("nodes", 3),
            ("terms", 1),
            ("log", 3),
            ("compactions", 1),
            ("unreachable", 1),
            ("heartbeats", 0),
            ("symmetry", 1),
            ("reduce", 1),
        ],
    ),
    Mutant::of_rules(
        "snapshot-takes-back",
        "S1: is_outdated",
        Broken::IsOutdated,
        "Monotonic",
        &[("nodes", 3), ("terms", 1), ("log", 3), ("compactions", 1), ("symmetry", 1)],
    ),
    Mutant::of_rules(
        "beyond-the-end-matches",
        "is_consistent",
        Broken::IsConsistent,
        "PersistBeforeSend",
        &[("nodes", 2), ("terms", 2), ("log", 2)],
    ),
    Mutant::of_rules(
        "any-term-matches",
        "is_consistent",
        Broken::PrevOfAnyTerm,
        "LogMatching",
        &[("nodes", 3), ("terms", 3), ("candidates", 2), ("log", 0), ("heartbeats", 0)],
    ),
    Mutant::of_host(
        "snapshot-never-sent",
        "S3: nothing is sent to who needs a snapshot (7)",
        || Tamper { performs: no_snapshots, ..Tamper::default() },
        "Recoverability",
        &[("nodes", 3), ("terms", 1), ("log", 2), ("compactions", 1), ("symmetry", 1)],
    ),
    Mutant::of_rules(
        "late-report-of-disk",
        "S4: is_meant",
        Broken::IsMeant,
        "CommittedOnQuorum",
        &[
            ("nodes", 3),
            ("terms", 3),
            ("log", 2),
            ("write_behind", 1),
            ("heartbeats", 0),
            ("symmetry", 1),
            ("reduce", 1),
        ],
    ),
    Mutant::of_rules(
        "read-before-commit",
        "R1: may_read",
        Broken::MayRead,
        "LinearizableRead",
        &[("nodes", 3), ("terms", 2), ("log", 1), ("reads", 1), ("symmetry", 1)],
    ),
    Mutant::of_rules(
        "read-alone-before-commit",
        "R5: may_read",
        Broken::MayRead,
        "LinearizableRead",
        &[("nodes", 1), ("terms", 2), ("log", 1), ("reads", 1), ("crashes", 1), ("write_behind", 1)],
    ),
    Mutant::of_rules(
        "read-unconfirmed",
        "R2: may_answer_read",
        Broken::MayAnswerRead,
        "LinearizableRead",
        &[("nodes", 3), ("terms", 2), ("log", 1), ("reads", 1), ("symmetry", 1)],
    ),
    Mutant::of_rules(
        "read-confirmed-late",
        "R3: confirms",
        Broken::Confirms,
        "LinearizableRead",
        &[("nodes", 3), ("terms", 2), ("log", 1), ("reads", 1), ("symmetry", 1)],
    ),
    Mutant::of_rules(
        "no-way-back",
        "L3: next_after_refusal",
        Broken::NoWayBack,
        "Recoverability",
        &[("nodes", 3), ("terms", 2), ("log", 1), ("heartbeats", 0)],
    ),
    Mutant::of_rules(
        "too-far-back",
        "L3: next_after_refusal",
        Broken::TooFarBack,
        "Progress",
        &[("nodes", 3), ("terms", 2), ("log", 2), ("symmetry", 1)],
    ),
    Mutant::of_rules(
        "hand-over-early",
        "L6: may_hand_over",
        Broken::MayHandOver,
        "HandsOverAll",
        &[("nodes", 3), ("terms", 2), ("log", 1), ("transfers", 1)],
    ),
    Mutant::of_rules(
        "leader-alive-ignored",
        "has_leader (4.2.3)",
        Broken::Election(Within::HasLeader),
        "LeaderStickiness",
        &[("nodes", 2), ("terms", 2), ("log", 0), ("check_quorum", 1), ("heartbeats", 0)],
    ),
    Mutant::of_rules(
        "leads-unheard",
        "keeps_leading (6.2)",
        Broken::Election(Within::KeepsLeading),
        "CheckQuorum",
        &[("nodes", 2), ("terms", 1), ("log", 0), ("check_quorum", 1), ("heartbeats", 0)],
    ),
    Mutant::of_host(
        "log-forgotten-on-restart",
        "the log is not read from the disk (Figure 2)",
        || Tamper { reads: empty_log, ..Tamper::default() },
        "Contract",
        &[("nodes", 3), ("terms", 1), ("log", 1), ("crashes", 1), ("symmetry", 1)],
    ),
    Mutant::of_host(
        "term-never-written",
        "entries are on the disk without their term (Figure 2)",
        || Tamper { performs: no_ballots, ..Tamper::default() },
        "Ordering",
        &[("nodes", 1), ("terms", 1), ("log", 0), ("crashes", 1)],
    ),
    Mutant::of_host(
        "no-heartbeats",
        "leaders do not repeat what was lost (5.2)",
        || Tamper { ignores: no_heartbeats, ..Tamper::default() },
        "Recoverability",
        &[("nodes", 3), ("terms", 1), ("log", 1), ("symmetry", 1)],
    ),
];

/// The mutants of the model `raft-membership`.
pub static MEMBERSHIP_MUTANTS: [Mutant; 13] = [
    Mutant::of_rules(
        "one-server-at-once",
        "C1: step_towards and may_change (Ongaro, 2015)",
        Broken::SingleServer,
        "MembershipPath",
        // What comes of it needs four servers and three terms, too many states to search. The test
        // `raft_single_server` goes the way to it, step by step.
        &[("nodes", 3), ("voters", 2), ("terms", 1), ("log", 0), ("change", 7), ("heartbeats", 0)],
    ),
    Mutant::of_rules(
        "other-voters-at-once",
        "step_towards",
        Broken::StepTowards,
        "MembershipPath",
        &[("nodes", 3), ("voters", 2), ("terms", 1), ("log", 0), ("change", 4)],
    ),
    Mutant::of_rules(
        "change-upon-change",
        "may_change",
        Broken::MayChange,
        "MembershipPath",
        &[
            ("nodes", 2),
            ("voters", 1),
            ("terms", 1),
            ("log", 0),
            ("change", 3),
            ("second", 2),
            ("heartbeats", 0),
        ],
    ),
    Mutant::of_rules(
        "new-voters-commit",
        "C2: is_replicated",
        Broken::NewCommit,
        "CommittedOnQuorum",
        &[("nodes", 3), ("terms", 1), ("log", 0), ("change", 1)],
    ),
    Mutant::of_rules(
        "old-voters-elect",
        "C3: wins_jointly",
        Broken::OldElect,
        "LeaderCompleteness",
        // The old leader has lost the entry by which it goes, and is not among those who committed it.
        &[
            ("nodes", 2),
            ("voters", 1),
            ("terms", 2),
            ("log", 0),
            ("change", 2),
            ("crashes", 1),
            ("write_behind", 1),
            ("heartbeats", 0),
        ],
    ),
    Mutant::of_rules(
        "leave-early",
        "C4: may_leave_joint",
        Broken::LeaveEarly,
        "MembershipPath",
        &[("nodes", 2), ("terms", 1), ("log", 2), ("change", 1), ("heartbeats", 0)],
    ),
    Mutant::of_rules(
        "old-voters-commit",
        "C6: is_replicated",
        Broken::OldCommit,
        "CommittedOnQuorum",
        &[("nodes", 2), ("voters", 1), ("terms", 1), ("log", 0), ("change", 3), ("heartbeats", 0)],
    ),
    Mutant::of_rules(
        "never-left",
        "C7: may_leave_joint",
        Broken::LeaveNever,
        "Recoverability",
        &[("nodes", 2), ("voters", 1), ("terms", 1), ("log", 0), ("change", 3), ("heartbeats", 0)],
    ),
    Mutant::of_rules(
        "learner-stands",
        "C8: may_stand",
        Broken::MayStand,
        "MembersStand",
        &[
            ("nodes", 2),
            ("voters", 1),
            ("terms", 1),
            ("log", 0),
            ("change", 1),
            ("learners", 2),
            ("heartbeats", 0),
        ],
    ),
    Mutant::of_host(
        "learner-refuses-to-vote",
        "C8: a server that does not know yet that it votes is asked in vain (4.2.1)",
        || Tamper { ignores: learner_refuses, ..Tamper::default() },
        "Recoverability",
        &[
            ("nodes", 2),
            ("voters", 1),
            ("terms", 1),
            ("log", 0),
            ("change", 3),
            ("crashes", 1),
            ("heartbeats", 0),
        ],
    ),
    Mutant::of_rules(
        "membership-outlasts-its-entry",
        "C9: membership",
        Broken::Membership,
        "MembershipInLog",
        &[("nodes", 3), ("terms", 2), ("candidates", 2), ("log", 0), ("change", 3), ("heartbeats", 0)],
    ),
    Mutant::of_rules(
        "needed-without-vote",
        "may_stand_without_vote (Figure 4.6)",
        Broken::StandWithoutVote,
        "Recoverability",
        &[("nodes", 2), ("terms", 1), ("log", 0), ("change", 1), ("crashes", 1), ("heartbeats", 0)],
    ),
    Mutant::of_rules(
        "removed-leader-stays",
        "must_resign",
        Broken::MustResign,
        "LeaderIsVoter",
        &[("nodes", 2), ("terms", 1), ("log", 0), ("change", 2), ("heartbeats", 0)],
    ),
];
