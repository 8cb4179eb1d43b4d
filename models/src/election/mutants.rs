//! What would happen if a rule were missing, or a host broke the contract.
//!
//! Each mutant takes away one thing, and must be caught by the invariant named for it. The
//! machine that is checked is the one that ships: the rules are a type of no size there, and
//! the host is not part of it.

use althing::machine::Event;
use althing::node::{NodeId, NodeSet};
use althing::outbox::Op;
use althing::raft::election::{Ballot, Credential, Message, Rules, Term};

use super::Server;
use crate::cell::Tamper;
use crate::protocol::{self, Missing};

/// The published rules, less one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Broken {
    /// None is missing: for mutants of the host.
    Nothing,
    /// 5.1: newer terms are not taken over.
    IsNewer,
    /// 5.1: every term is taken for a newer one.
    IsNewerAlways,
    /// 5.1: stale requests are answered like others.
    IsStale,
    /// 5.2: replies of older terms count.
    IsOfTerm,
    /// Figure 2: a server that changes its role forgets its vote.
    BallotEntering,
    /// 5.2: a second vote in a term.
    MayVoteFor,
    /// 5.2: no second answer to who asks again.
    MayVoteForAgain,
    /// 5.4.1: a vote for whoever asks.
    IsUpToDate,
    /// Thesis 4.2.3, 9.6: a leader that is alive does not matter.
    HasLeader,
    /// Thesis 4.2.3: the term of an answer makes a follower forget its leader.
    HeedsAnswers,
    /// Thesis 9.6: asking around in the next term.
    PreVoteTerm,
    /// 5.2: a vote heard twice counts twice.
    Tally,
    /// 5.2: half of the votes are enough.
    Wins,
    /// 5.2: no number of votes is enough.
    WinsNever,
    /// Thesis 6.2: a leader needs nobody.
    KeepsLeading,
}

impl Rules for Broken {
    fn is_newer(&self, seen: Term, current: Term) -> bool {
        match self {
            Self::IsNewer => false,
            Self::IsNewerAlways => true,
            _ => seen > current,
        }
    }

    fn is_stale(&self, seen: Term, current: Term) -> bool {
        *self != Self::IsStale && seen < current
    }

    fn is_of_term(&self, reply: Term, current: Term) -> bool {
        if *self == Self::IsOfTerm { reply <= current } else { reply == current }
    }

    fn ballot_entering(&self, term: Term, ballot: Ballot) -> Ballot {
        if term > ballot.term || *self == Self::BallotEntering {
            Ballot { term: term.max(ballot.term), vote: None }
        } else {
            ballot
        }
    }

    fn may_vote_for(&self, candidate: NodeId, vote: Option<NodeId>) -> bool {
        match self {
            Self::MayVoteFor => true,
            Self::MayVoteForAgain => vote.is_none(),
            _ => vote.is_none_or(|earlier| earlier == candidate),
        }
    }

    fn is_up_to_date<C: Credential>(&self, candidate: &C, own: &C) -> bool {
        *self == Self::IsUpToDate || candidate >= own
    }

    fn has_leader(&self, leader: Option<NodeId>) -> bool {
        *self != Self::HasLeader && leader.is_some()
    }

    fn heeds_answers(&self, leader: Option<NodeId>) -> bool {
        *self == Self::HeedsAnswers || leader.is_none()
    }

    fn pre_vote_term(&self, current: Term) -> Term {
        match self {
            Self::PreVoteTerm => current.next().unwrap_or(current),
            _ => current,
        }
    }

    fn tally(&self, votes: NodeSet, voter: NodeId) -> NodeSet {
        if *self == Self::Tally && votes.contains(voter) {
            // As a counter would: one more, whosever it is.
            let uncounted = NodeSet::first(NodeId::LIMIT).iter().find(|node| !votes.contains(*node));
            return uncounted.map_or(votes, |node| votes.with(node));
        }
        votes.with(voter)
    }

    fn wins(&self, votes: NodeSet, voters: NodeSet) -> bool {
        let needed = match self {
            Self::Wins => voters.len().div_ceil(2),
            Self::WinsNever => return false,
            _ => voters.len() / 2 + 1,
        };
        votes.intersection(voters).len() >= needed
    }

    fn keeps_leading(&self, active: NodeSet, voters: NodeSet) -> bool {
        *self == Self::KeepsLeading || 2 * active.intersection(voters).len() > voters.len()
    }
}

impl Missing for Broken {
    const NOTHING: Self = Self::Nothing;
}

/// A mutant of the election.
pub type Mutant = protocol::Mutant<Broken, Server<Broken>>;

/// Every mutant. Dead messages stay in the network unless the bounds say otherwise, as what is
/// dead depends on the rules.
pub static MUTANTS: [Mutant; 27] = [
    Mutant::of_host(
        "vote-after-reply",
        "B1: the vote is written after the reply (Figure 2)",
        || Tamper { performs: votes_last, ..Tamper::default() },
        "ElectionSafety",
        &[("nodes", 3), ("terms", 1), ("crashes", 1)],
    ),
    Mutant::of_rules(
        "step-down-forgets-vote",
        "B2: ballot_entering",
        Broken::BallotEntering,
        "ElectionSafety",
        &[("nodes", 3), ("terms", 1)],
    ),
    Mutant::of_rules(
        "outdated-candidate",
        "B4: is_up_to_date",
        Broken::IsUpToDate,
        "LeaderCompleteness",
        &[("nodes", 3), ("terms", 1), ("credentials", 2)],
    ),
    Mutant::of_rules(
        "half-quorum",
        "B6: wins",
        Broken::Wins,
        "ElectionSafety",
        &[("nodes", 2), ("terms", 1)],
    ),
    Mutant::of_rules(
        "duplicate-vote",
        "B7: tally",
        Broken::Tally,
        "ElectionSafety",
        &[("nodes", 4), ("terms", 1)],
    ),
    Mutant::of_rules(
        "vote-heard-twice",
        "tally: B7, as soon as it can be seen",
        Broken::Tally,
        "NoSurprise",
        &[("nodes", 4), ("terms", 1)],
    ),
    Mutant::of_rules(
        "wrong-reduction",
        "tally, with counted votes forgotten by the checker though they still count",
        Broken::Tally,
        "DeadIsDead",
        &[("nodes", 4), ("terms", 1), ("reduce", 1)],
    ),
    Mutant::of_rules(
        "old-vote",
        "B8: is_of_term",
        Broken::IsOfTerm,
        "ElectionSafety",
        &[("nodes", 3), ("terms", 2)],
    ),
    Mutant::of_rules(
        "second-vote",
        "may_vote_for",
        Broken::MayVoteFor,
        "VoteOnce",
        &[("nodes", 3), ("terms", 1)],
    ),
    Mutant::of_rules(
        "repeated-request-refused",
        "may_vote_for",
        Broken::MayVoteForAgain,
        "NoSurprise",
        &[("nodes", 2), ("terms", 1)],
    ),
    Mutant::of_rules(
        "newer-term-ignored",
        "is_newer",
        Broken::IsNewer,
        "VoteOnce",
        &[("nodes", 3), ("terms", 1)],
    ),
    Mutant::of_rules(
        "every-term-newer",
        "is_newer",
        Broken::IsNewerAlways,
        "Recoverability",
        &[("nodes", 3), ("terms", 1)],
    ),
    Mutant::of_rules(
        "stale-request",
        "is_stale",
        Broken::IsStale,
        "LeaderIsElected",
        &[("nodes", 3), ("terms", 2)],
    ),
    Mutant::of_rules(
        "nobody-wins",
        "wins",
        Broken::WinsNever,
        "Recoverability",
        &[("nodes", 3), ("terms", 1)],
    ),
    Mutant::of_rules(
        "pre-vote-bumps-term",
        "pre_vote_term",
        Broken::PreVoteTerm,
        "PreVoteEarned",
        &[("nodes", 3), ("terms", 1), ("pre_vote", 1)],
    ),
    Mutant::of_rules(
        "half-quorum-pre-vote",
        "wins",
        Broken::Wins,
        "PreVoteEarned",
        &[("nodes", 2), ("terms", 1), ("pre_vote", 1)],
    ),
    Mutant::of_rules(
        "pre-vote-against-leader",
        "has_leader",
        Broken::HasLeader,
        "LeaderStickiness",
        &[("nodes", 2), ("terms", 2), ("pre_vote", 1)],
    ),
    Mutant::of_rules(
        "leader-forgotten-by-an-answer",
        "heeds_answers",
        Broken::HeedsAnswers,
        "LeaderStickiness",
        &[("nodes", 3), ("terms", 2), ("check_quorum", 1)],
    ),
    Mutant::of_host(
        "everyone-says-it-was-asked",
        "every candidate says that its leader wants it to stand (3.10)",
        || Tamper { performs: asked_to_stand, ..Tamper::default() },
        "LeaderStickiness",
        &[("nodes", 2), ("terms", 1), ("check_quorum", 1)],
    ),
    Mutant::of_rules(
        "leader-without-quorum",
        "keeps_leading",
        Broken::KeepsLeading,
        "CheckQuorum",
        &[("nodes", 3), ("terms", 1), ("check_quorum", 1)],
    ),
    Mutant::of_host(
        "vote-forgotten-on-restart",
        "the vote is not read from the disk (Figure 2)",
        || Tamper { reads: |disk| Ballot { vote: None, ..disk }, ..Tamper::default() },
        "VoteOnce",
        &[("nodes", 3), ("terms", 1), ("crashes", 1)],
    ),
    Mutant::of_host(
        "term-regresses-on-restart",
        "the term is not read from the disk (Figure 2)",
        || Tamper { reads: |_| Ballot::default(), ..Tamper::default() },
        "Monotonic",
        &[("nodes", 3), ("terms", 1), ("crashes", 1)],
    ),
    Mutant::of_host(
        "write-dropped",
        "votes do not reach the disk (Figure 2)",
        || Tamper { performs: drop_votes, ..Tamper::default() },
        "VoteOnce",
        &[("nodes", 3), ("terms", 1)],
    ),
    Mutant::of_host(
        "disk-behind-memory",
        "the machine believes a vote to be on its disk that is not (the contract)",
        || Tamper { performs: drop_votes, ..Tamper::default() },
        "Contract",
        &[("nodes", 3), ("terms", 1)],
    ),
    Mutant::of_host(
        "send-before-write",
        "messages leave before the writes before them (the contract)",
        || Tamper { performs: writes_last, ..Tamper::default() },
        "PersistBeforeSend",
        &[("nodes", 3), ("terms", 1)],
    ),
    Mutant::of_host(
        "leader-ignores-newer-term",
        "a leader does not step down (5.1)",
        || Tamper { ignores: leader_ignores, ..Tamper::default() },
        "Recoverability",
        &[("nodes", 3), ("terms", 2)],
    ),
    Mutant::of_host(
        "timeout-without-effect",
        "election timeouts are not acted on (5.2)",
        || Tamper { ignores: |_, event| matches!(event, Event::Timer(_)), ..Tamper::default() },
        "Recoverability",
        &[("nodes", 3), ("terms", 1)],
    ),
];

type Ops = Vec<Op<Server<Broken>>>;

/// Who stands says that its leader wants it to.
fn asked_to_stand(ops: Ops) -> Ops {
    let says = |op| match op {
        Op::Send { to, message: Message::RequestVote { term, credential, transfer: _ } } => {
            Op::Send { to, message: Message::RequestVote { term, credential, transfer: true } }
        }
        other => other,
    };
    ops.into_iter().map(says).collect()
}

fn writes_last(mut ops: Ops) -> Ops {
    ops.sort_by_key(|op| matches!(op, Op::Write(_) | Op::Sync));
    ops
}

fn votes_last(mut ops: Ops) -> Ops {
    let reply = |op: &Op<_>| matches!(op, Op::Send { message: Message::VoteReply { granted: true, .. }, .. });
    if ops.iter().any(reply) {
        ops.sort_by_key(|op| matches!(op, Op::Write(Ballot { vote: Some(_), .. })));
    }
    ops
}

fn drop_votes(mut ops: Ops) -> Ops {
    ops.retain(|op| !matches!(op, Op::Write(Ballot { vote: Some(_), .. })));
    ops
}

pub(super) fn leader_ignores(server: &Server<Broken>, event: &Event<Server<Broken>>) -> bool {
    match event {
        Event::Message { message, .. } => server.is_leader() && message.term() > server.term(),
        Event::Timer(_) | Event::Input(_) => false,
    }
}
