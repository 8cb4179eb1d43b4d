//! Election Safety by induction: not over the states that some run reaches, but over *all*
//! states that satisfy an invariant, any step of any server leads to a state that satisfies it.
//! Together with the start, which satisfies it, that covers runs of any length.
//!
//! [`world`] states the invariant and builds states from choices; [`choices`] makes the choices
//! at random or turns through all of them; [`steps`] takes every step out of a state.

mod choices;
mod steps;
mod world;

use std::cell::RefCell;
use std::collections::BTreeSet;

use althing::raft::election::{Ballot, Credential, Election, Message, Published, Rules, Term};
use althing::{Event, Machine, NodeId, NodeSet, Op, Outbox};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config as RunnerConfig, TestRunner};

use crate::choices::Choices;
use crate::steps::{Coverage, KINDS, Taken, take_every_step};
use crate::world::{Bounds, World};

const RANDOM: Bounds = Bounds { servers: (2, 5), terms: 3, credentials: 3, flags: None, in_flight: Some(24) };

const ONE: Term = Term::new(1);

/// What a random state is built from.
fn digits() -> impl Strategy<Value = Vec<u16>> {
    vec(any::<u16>(), 96)
}

/// Election Safety (paper, Figure 3) holds in clusters of up to five servers from any state.
#[test]
fn every_step_out_of_a_random_state_keeps_the_invariant() {
    let coverage = RefCell::new(Coverage::default());
    let config = RunnerConfig { cases: 6_000, failure_persistence: None, ..RunnerConfig::default() };
    let outcome = TestRunner::new(config).run(&digits(), |digits| {
        let world = World::build(&mut Choices::given(digits), &RANDOM, Published);
        let taken = take_every_step(&world, &mut coverage.borrow_mut());
        taken.map_err(|violation| TestCaseError::fail(format!("{violation}\nout of {world:#?}")))
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    assert_kinds_were_met(KINDS, &coverage.into_inner());
}

/// The same of all states within the bounds. It is enough to look at the steps of server 0: those
/// of another server are steps of server 0 out of a state with other names.
fn every_step_out_of_every_state_keeps_the_invariant(bounds: &Bounds) {
    let (mut choices, mut coverage) = (Choices::first(), Coverage::default());
    loop {
        let world = World::build(&mut choices, bounds, Published);
        take_every_step(&world, &mut coverage)
            .unwrap_or_else(|violation| panic!("{violation}\nout of {world:#?}"));
        if !choices.turn() {
            break;
        }
    }
    // In one term and without check-quorum nothing deposes a leader.
    let deposes = bounds.terms > 1 || bounds.flags != Some(false);
    assert_eq!(coverage.of("deposed") > 0, deposes, "{coverage:?}");
    assert_kinds_were_met(KINDS.into_iter().filter(|kind| *kind != "deposed"), &coverage);
}

/// All states of two servers in two terms.
#[test]
fn every_step_out_of_every_state_of_two_servers_keeps_the_invariant() {
    for flags in [false, true] {
        let bounds =
            Bounds { servers: (2, 2), terms: 2, credentials: 2, flags: Some(flags), in_flight: None };
        every_step_out_of_every_state_keeps_the_invariant(&bounds);
    }
}

/// All states of three servers in one term.
#[test]
fn every_step_out_of_every_state_of_three_servers_keeps_the_invariant() {
    for flags in [false, true] {
        let bounds =
            Bounds { servers: (3, 3), terms: 1, credentials: 1, flags: Some(flags), in_flight: None };
        every_step_out_of_every_state_keeps_the_invariant(&bounds);
    }
}

/// The searches are not vacuous.
fn assert_kinds_were_met(kinds: impl IntoIterator<Item = &'static str>, coverage: &Coverage) {
    for kind in kinds {
        assert!(coverage.of(kind) > 0, "no {kind} among {coverage:?}");
    }
}

/// The base of the induction: a cluster that has never run satisfies the invariant.
#[test]
fn the_start_satisfies_the_invariant() {
    for servers in 1..=5 {
        let world = World::at_the_start(servers, Published);
        assert_eq!(world.violation(), None);
        assert!(world.servers.iter().all(|server| server.durable() == Ballot::default()));
    }
}

/// The rules with one of them broken: what the search must find.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Broken {
    VotesForEveryone,
    VotesForShorterLogs,
    ForgetsItsVoteOnSteppingDown,
    CountsVotesOfOtherTerms,
    CountsTheWrongVoter,
    WinsWithHalf,
    AcceptsStaleRequests,
    StaysInItsTerm,
    AsksInTheNextTerm,
    LeadsUnanswered,
    HelpsToDepose,
}

use Broken::*;

impl Rules for Broken {
    fn is_newer(&self, seen: Term, current: Term) -> bool {
        *self != StaysInItsTerm && Published.is_newer(seen, current)
    }

    fn is_stale(&self, seen: Term, current: Term) -> bool {
        *self != AcceptsStaleRequests && Published.is_stale(seen, current)
    }

    fn is_of_term(&self, reply: Term, current: Term) -> bool {
        *self == CountsVotesOfOtherTerms || Published.is_of_term(reply, current)
    }

    fn ballot_entering(&self, term: Term, ballot: Ballot) -> Ballot {
        let kept = Published.ballot_entering(term, ballot);
        if *self == ForgetsItsVoteOnSteppingDown { Ballot { vote: None, ..kept } } else { kept }
    }

    fn may_vote_for(&self, candidate: NodeId, vote: Option<NodeId>) -> bool {
        *self == VotesForEveryone || Published.may_vote_for(candidate, vote)
    }

    fn is_up_to_date<C: Credential>(&self, candidate: &C, own: &C) -> bool {
        *self == VotesForShorterLogs || Published.is_up_to_date(candidate, own)
    }

    fn has_leader(&self, leader: Option<NodeId>) -> bool {
        *self != HelpsToDepose && Published.has_leader(leader)
    }

    fn pre_vote_term(&self, current: Term) -> Term {
        if *self == AsksInTheNextTerm { current.next().unwrap_or(current) } else { current }
    }

    fn tally(&self, votes: NodeSet, voter: NodeId) -> NodeSet {
        let counted = NodeId::new(voter.get() ^ 1).unwrap_or(voter);
        votes.with(if *self == CountsTheWrongVoter { counted } else { voter })
    }

    fn wins(&self, votes: NodeSet, voters: NodeSet) -> bool {
        let half = 2 * votes.intersection(voters).len() >= voters.len();
        Published.wins(votes, voters) || *self == WinsWithHalf && half
    }

    fn keeps_leading(&self, active: NodeSet, voters: NodeSet) -> bool {
        *self == LeadsUnanswered || Published.keeps_leading(active, voters)
    }
}

/// The invariant has teeth: without any one rule some step breaks the clause that needs it.
#[test]
fn without_a_rule_some_step_breaks_its_clause() {
    let expected = [
        (VotesForEveryone, "one vote"),
        (VotesForShorterLogs, "restriction"),
        (ForgetsItsVoteOnSteppingDown, "one vote"),
        (CountsVotesOfOtherTerms, "counted votes"),
        (CountsTheWrongVoter, "counted votes"),
        (WinsWithHalf, "leaders won"),
        (AcceptsStaleRequests, "leaders are known"),
        (StaysInItsTerm, "vote_once"),
        (AsksInTheNextTerm, "no message from the future"),
        (LeadsUnanswered, "check_quorum"),
        (HelpsToDepose, "leader_stickiness"),
    ];
    for (broken, clause) in expected {
        let mut runner = TestRunner::deterministic();
        let mut broken_clauses = BTreeSet::new();
        for _ in 0..1_000 {
            let digits = digits().new_tree(&mut runner).unwrap().current();
            let world = World::build(&mut Choices::given(digits), &RANDOM, broken);
            let taken = take_every_step(&world, &mut Coverage::default());
            broken_clauses.extend(taken.err().map(|violation| violation.clause));
        }
        assert!(broken_clauses.contains(clause), "{broken:?} breaks {broken_clauses:?}");
    }
}

/// Nor is the order of effects idle (paper, Figure 2): a vote that leaves before it is durable
/// is forgotten in a crash, and can be given again.
#[test]
fn a_vote_that_leaves_before_it_is_durable_breaks_the_invariant() {
    let mut world = World::at_the_start(2, Published);
    let candidate = world.servers[1].id();
    for (server, vote) in world.servers.iter_mut().zip([None, Some(candidate)]) {
        *server = Election::from_parts(*server.config(), Ballot { term: ONE, vote }, 0, server.role());
        world.cast[1][server.id().index()] = vote;
    }
    assert_eq!(world.violation(), None);
    let message = Message::RequestVote { term: ONE, credential: 0, transfer: false };
    let event = Event::Message { from: candidate, message };
    let (mut after, mut out) = (world.servers[0], Outbox::new());
    after.step(event.clone(), &mut out);
    let mut ops: Vec<_> = out.drain().collect();
    let crash = |ops: &[_], cut| {
        let taken = Taken { world: &world, event: &event, before: world.servers[0], ops };
        taken.cut_short(cut, after, &mut Coverage::default())
    };
    assert_eq!(crash(&ops, ops.len()), Ok(()));
    ops.sort_by_key(|op| !matches!(op, Op::Send { .. }));
    assert_eq!(crash(&ops, 1), Err("votes are durable"));
}
