//! Each clause of each rule, asked directly: the other tests ask them through the machine, in
//! which some arguments cannot occur. Where a rule was off by one, one of these would fail.

use althing::NodeSet;
use althing::raft::election::{Ballot, Published, Rules, Term};

use crate::subject::{ballot, node, nodes};

const OLD: Term = Term::new(3);
const NOW: Term = Term::new(4);
const NEW: Term = Term::new(5);

/// Paper 5.1: newer is later than the current term; stale is earlier; the current term is neither.
#[test]
fn terms_are_newer_current_or_stale() {
    assert_eq!([OLD, NOW, NEW].map(|term| Published.is_newer(term, NOW)), [false, false, true]);
    assert_eq!([OLD, NOW, NEW].map(|term| Published.is_stale(term, NOW)), [true, false, false]);
    assert_eq!([OLD, NOW, NEW].map(|term| Published.is_of_term(term, NOW)), [false, true, false]);
}

/// Paper, Figure 2: only a newer term empties the ballot, and no term takes it back.
#[test]
fn a_ballot_is_emptied_by_a_newer_term_only() {
    let cast = ballot(4, Some(2));
    assert_eq!(Published.ballot_entering(NEW, cast), Ballot { term: NEW, vote: None });
    assert_eq!(Published.ballot_entering(NOW, cast), cast);
    assert_eq!(Published.ballot_entering(OLD, cast), cast);
}

/// Paper 5.2: a vote is there for anyone until it is cast, and then for its receiver only.
#[test]
fn a_vote_is_free_or_the_candidates() {
    assert!(Published.may_vote_for(node(1), None));
    assert!(Published.may_vote_for(node(1), Some(node(1))));
    assert!(!Published.may_vote_for(node(1), Some(node(2))));
}

/// Paper 5.4.1: at least as up-to-date.
#[test]
fn a_credential_is_enough_from_equality_on() {
    assert_eq!([4, 5, 6].map(|candidate| Published.is_up_to_date(&candidate, &5)), [false, true, true]);
}

/// Thesis 4.2.3, 9.6: a leader that was heard from, whoever it is; and a question in the
/// current term.
#[test]
fn a_leader_is_one_that_was_heard_from() {
    assert!(!Published.has_leader(None));
    assert!(Published.has_leader(Some(node(0))) && Published.has_leader(Some(node(127))));
    assert_eq!(Published.pre_vote_term(NOW), NOW);
}

/// Paper 5.2: votes are a set.
#[test]
fn a_tally_adds_a_voter_once() {
    assert_eq!(Published.tally(nodes(&[0]), node(2)), nodes(&[0, 2]));
    assert_eq!(Published.tally(nodes(&[0, 2]), node(2)), nodes(&[0, 2]));
}

/// Paper 5.2, thesis 6.2: more than half of the cluster, and nobody else counts.
#[test]
fn a_majority_is_more_than_half_of_the_voters() {
    for size in 1..=64 {
        let (voters, half) = (NodeSet::first(size), size / 2);
        for decides in [Published::wins, Published::keeps_leading] {
            assert!(decides(&Published, NodeSet::first(half + 1), voters), "{half} + 1 of {size}");
            assert!(!decides(&Published, NodeSet::first(half), voters), "{half} of {size}");
        }
    }
    let voters = nodes(&[0, 1, 2]);
    for decides in [Published::wins, Published::keeps_leading] {
        assert!(!decides(&Published, nodes(&[0, 3, 4, 5]), voters));
        assert!(decides(&Published, nodes(&[0, 2, 9]), voters));
    }
}
