//! Each clause of each rule of the log, asked directly: the other tests ask them through the
//! server, in which some arguments cannot occur.

use althing::NodeSet;
use althing::quorum::Voters;
use althing::raft::{Membership, Published, Rules, Term};

use crate::subject::*;

const OLD: Term = Term::new(3);
const NOW: Term = Term::new(4);

/// Paper 5.3: the same term at the same place, or there is no such entry.
#[test]
fn the_entry_before_is_there_with_the_same_term() {
    assert!(Published.is_consistent(Some(NOW), NOW));
    assert!(!Published.is_consistent(Some(OLD), NOW) && !Published.is_consistent(Some(NOW), OLD));
    assert!(!Published.is_consistent(None, NOW) && !Published.is_consistent(None, Term::new(0)));
}

/// Paper 5.3: the log changes after what is there, if anything is not.
#[test]
fn the_log_changes_after_what_is_there() {
    assert_eq!(Published.append_after(index(5), 0, 2), Some(index(5)));
    assert_eq!(Published.append_after(index(5), 1, 2), Some(index(6)));
    assert_eq!(Published.append_after(index(5), 2, 2), None);
    assert_eq!(Published.append_after(index(5), 0, 0), None);
}

/// Paper, Figure 2: the least of the leader's commit index and the last new entry.
#[test]
fn a_follower_commits_what_the_leader_has_and_it_knows() {
    let commit = |leader, matched| Published.follower_commit(index(leader), index(matched), index(9)).get();
    assert_eq!([commit(3, 5), commit(5, 5), commit(7, 5)], [3, 5, 5]);
}

/// Paper 5.3, thesis 10.2.1: both vouch for what they know, not for all that they have.
#[test]
fn servers_vouch_for_what_they_know() {
    assert_eq!(Published.vouched(index(5), index(9)), index(5));
    assert_eq!(Published.own_match(index(5), index(9)), index(5));
}

/// Thesis 10.2.1: a report of the disk is of an entry that is in the log, or of none.
#[test]
fn a_report_of_the_disk_is_of_an_entry_in_the_log() {
    assert!(Published.is_meant(true) && !Published.is_meant(false));
}

/// Paper 5.3, thesis 4.3, 6.4: a majority of each half, and nobody else.
#[test]
fn both_halves_decide() {
    let voters = Voters { incoming: nodes(&[2, 3, 4]), outgoing: nodes(&[0, 1, 2]) };
    for decides in [Published::is_replicated, Published::may_answer_read] {
        assert!(decides(&Published, nodes(&[2, 3, 0]), voters));
        assert!(!decides(&Published, nodes(&[3, 4, 0]), voters));
        assert!(!decides(&Published, nodes(&[0, 1, 3]), voters));
        let settled = Voters::of(nodes(&[0, 1, 2, 3]));
        assert!(decides(&Published, nodes(&[0, 1, 2]), settled));
        assert!(!decides(&Published, nodes(&[0, 1, 8, 9]), settled), "a half is no majority");
        assert!(!decides(&Published, NodeSet::first(64), Voters::default()));
    }
}

/// Paper 5.4.2: of the own term, not of an earlier one, nor of a later one.
#[test]
fn entries_of_the_own_term_are_committed_by_counting() {
    assert!(Published.may_commit(NOW, NOW));
    assert!(!Published.may_commit(OLD, NOW) && !Published.may_commit(NOW, OLD));
}

/// Thesis 4.3: by way of both, if the voters differ; at once, if they do not.
#[test]
fn the_way_to_others_leads_through_both() {
    let from = members(&[0, 1, 2], &[3]);
    let step = |voters: &[u8], learners: &[u8]| Published.step_towards(from, members(voters, learners));
    let both = step(&[0, 1, 3], &[2]);
    assert_eq!(both.voters(), Voters { incoming: nodes(&[0, 1, 3]), outgoing: nodes(&[0, 1, 2]) });
    assert_eq!((both.learners(), both.all()), (nodes(&[2]), nodes(&[0, 1, 2, 3])));
    assert_eq!(both.left(), members(&[0, 1, 3], &[2]));
    assert_eq!(step(&[0, 1, 2], &[4]), members(&[0, 1, 2], &[4]));
    assert!(step(&[0, 1], &[]).is_joint(), "one server less is a change of voters");
    assert!(Membership::UNKNOWN.voters().all().is_empty());
}

/// Thesis 4.1: both must be so.
#[test]
fn a_change_begins_when_all_is_settled() {
    assert!(Published.may_change(true, true));
    assert!(!Published.may_change(true, false) && !Published.may_change(false, true));
    assert!(!Published.may_change(false, false));
}

/// Thesis 4.3: from the moment that the entry is committed.
#[test]
fn both_are_left_once_that_is_committed() {
    assert_eq!(
        [4, 5, 6].map(|commit| Published.may_leave_joint(index(5), index(commit))),
        [false, true, true]
    );
}

/// Thesis 4.1: what the log says, whatever was in use.
#[test]
fn the_log_says_who_takes_part() {
    let (before, after) = (members(&[0, 1], &[]), members(&[0], &[]));
    assert_eq!(Published.membership(before, after), after);
    assert_eq!(Published.membership(after, before), before);
}

/// Thesis 4.2.2: without a vote, once that is certain.
#[test]
fn who_is_removed_resigns_once_it_is_certain() {
    assert!(Published.must_resign(false, true));
    assert!(!Published.must_resign(true, true) && !Published.must_resign(false, false));
    assert!(!Published.must_resign(true, false));
}

/// Thesis 4.2.2: who has lost its vote may be needed until that is committed.
#[test]
fn who_has_lost_its_vote_may_stand_until_that_is_certain() {
    assert!(Published.may_stand_without_vote(true, false));
    assert!(!Published.may_stand_without_vote(true, true));
    assert!(!Published.may_stand_without_vote(false, false));
}

/// Paper 7, Figure 13: the log is kept if it has the end; nothing is done within what is committed.
#[test]
fn a_snapshot_replaces_what_it_must() {
    assert!(Published.keeps_log(true) && !Published.keeps_log(false));
    assert_eq!([4, 5, 6].map(|last| Published.is_outdated(index(last), index(5))), [true, true, false]);
}

/// Paper 5.3: back by one entry at least, to the hint if that is before, never behind what matches.
#[test]
fn the_next_try_is_between_what_matches_and_what_was_refused() {
    let next =
        |matched, prev, hint| Published.next_after_refusal(index(matched), index(prev), index(hint)).get();
    assert_eq!([next(0, 9, 4), next(0, 9, 8), next(0, 9, 9), next(0, 9, 12)], [5, 9, 9, 9]);
    assert_eq!([next(5, 9, 2), next(8, 9, 2), next(0, 1, 0)], [6, 9, 1]);
}

/// Thesis 3.10: all of it, no less.
#[test]
fn who_takes_over_has_all_of_the_log() {
    assert_eq!([4, 5].map(|matched| Published.may_hand_over(index(matched), index(5))), [false, true]);
}

/// Thesis 6.4: after an entry of the term; by an answer to a question that is not older.
#[test]
fn a_read_is_confirmed_by_later_answers() {
    assert!(Published.may_read(true) && !Published.may_read(false));
    assert_eq!([4, 5, 6].map(|answered| Published.confirms(answered, 5)), [false, true, true]);
}
