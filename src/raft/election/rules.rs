//! Every decision of the election, one predicate each, with the sentence that it comes from.
//!
//! [`Published`] is what ships: it has no size, and every rule in it is the paper's. The trait
//! exists so that a test can take away one rule and show that the checker misses it: a rule
//! whose loss nothing notices would be a rule that nothing checks.

use crate::machine::Value;
use crate::node::{NodeId, NodeSet};
use crate::quorum::{self, Voters};
use crate::raft::ballot::{Ballot, Term};
use crate::raft::election::Credential;

/// The rules of leader election.
pub trait Rules: Value + Copy {
    /// Paper 5.1: a server that learns of a newer term moves on to it.
    fn is_newer(&self, seen: Term, current: Term) -> bool {
        seen > current
    }

    /// Paper 5.1: a request from an older term is refused.
    fn is_stale(&self, seen: Term, current: Term) -> bool {
        seen < current
    }

    /// Paper 5.2: votes and acknowledgements belong to one term. In any other they count for
    /// nothing.
    fn is_of_term(&self, reply: Term, current: Term) -> bool {
        reply == current
    }

    /// Paper, Figure 2: `votedFor` is the vote of the current term. So a new term begins
    /// without a vote, and within a term the vote stays, whatever role the server takes.
    fn ballot_entering(&self, term: Term, ballot: Ballot) -> Ballot {
        if term > ballot.term { Ballot { term, vote: None } } else { ballot }
    }

    /// Paper 5.2: one vote a term, given to whoever asks first; asking again does not hurt.
    fn may_vote_for(&self, candidate: NodeId, vote: Option<NodeId>) -> bool {
        vote.is_none_or(|earlier| earlier == candidate)
    }

    /// Paper 5.4.1: no vote for a candidate whose log is less up-to-date than the voter's.
    fn is_up_to_date<C: Credential>(&self, candidate: &C, own: &C) -> bool {
        candidate >= own
    }

    /// Thesis 4.2.3 and 9.6: a server that heard from a leader within the minimum election
    /// timeout neither votes for another nor takes over its term. A leader hears itself.
    fn has_leader(&self, leader: Option<NodeId>) -> bool {
        leader.is_some()
    }

    /// Thesis 4.2.3: nor does it take over the term of an answer, or of whatever else asks for nothing: it
    /// would forget the leader, and vote for who is in that term.
    fn heeds_answers(&self, leader: Option<NodeId>) -> bool {
        leader.is_none()
    }

    /// Thesis 9.6: a server asks around before it increments its term, so the question is
    /// asked in the term that it has, and disturbs nobody.
    fn pre_vote_term(&self, current: Term) -> Term {
        current
    }

    /// Paper 5.2: each server has one vote; hearing it twice does not make it two.
    fn tally(&self, votes: NodeSet, voter: NodeId) -> NodeSet {
        votes.with(voter)
    }

    /// Paper 5.2: a candidate wins with the votes of a majority of the whole cluster. Thesis
    /// 9.6 asks the same of a pre-vote.
    fn wins(&self, votes: NodeSet, voters: NodeSet) -> bool {
        quorum::is_majority(votes, voters)
    }

    /// Paper 6, thesis 4.3: while the membership changes, a majority of the old voters and a majority of the
    /// new ones.
    fn wins_jointly(&self, votes: NodeSet, voters: Voters) -> bool {
        voters.halves().all(|half| self.wins(votes, half))
    }

    /// Thesis 4.2.1 and 4.3: a server that has no vote in its own configuration does not stand.
    fn may_stand(&self, server: NodeId, voters: Voters) -> bool {
        voters.contains(server)
    }

    /// Thesis 6.2: a leader that did not hear from a majority for an election timeout steps
    /// down.
    fn keeps_leading(&self, active: NodeSet, voters: NodeSet) -> bool {
        quorum::is_majority(active, voters)
    }
}

/// The rules as they were published: what ships.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Published;

impl Rules for Published {}
