//! Paper 5.3 and Figure 2, AppendEntries RPC, receiver implementation: a follower and its log.

use althing::raft::{Answer, Batch, Output, Refusal, Refused, Term, Timer, Write};
use althing::{Durable, Op};

use crate::subject::*;

/// A follower in term 3 with these entries.
fn follower(entries: &[u64]) -> Subject {
    Subject::restart(plain(3), disk(3, entries))
}

/// Paper 5.1, Figure 2 (receiver 1): an `Append` of an older term is refused, and the refusal says
/// the newer term.
#[test]
fn an_append_of_an_older_term_is_refused() {
    let mut subject = follower(&[1, 1, 2]);
    let before = subject.server.clone();
    subject.hear(1, append(2, at(2, 3), 2, &[9], 3));
    assert_eq!(subject.ops, [Op::Send { to: node(1), message: reply(3, Answer::Stale) }]);
    assert_eq!(subject.server, before);
    subject.hear(1, offer(2, snapshot(at(2, 9), members(&[0, 1, 2], &[]))));
    assert_eq!(subject.ops, [Op::Send { to: node(1), message: reply(3, Answer::Stale) }]);
    assert_eq!(subject.server, before);
}

/// Paper 5.1: an `Append` of a newer term is one's own from then on, and so before it is answered.
#[test]
fn an_append_of_a_newer_term_is_taken_with_its_term() {
    let mut subject = follower(&[1]);
    subject.hear(1, append(5, at(1, 1), 5, &[7], 0));
    let ballot = subject.place(|op| *op == Op::Write(Write::Ballot(ballot(5, None))));
    let answer = subject.place(|op| matches!(op, Op::Send { .. }));
    assert!(ballot < answer && subject.ops[ballot..answer].contains(&Op::Sync));
    assert_eq!(subject.sent(), [(1, reply(5, matches(2)))]);
    assert_eq!(subject.server.leader(), Some(node(1)));
}

/// Paper 5.2: an `Append` is the leader's sign of life, and puts the next election off.
#[test]
fn an_append_puts_the_election_off_even_if_it_does_not_fit() {
    for prev in [at(0, 0), at(1, 1), at(2, 9)] {
        let mut subject = follower(&[1]);
        subject.hear(1, append(3, prev, 3, &[], 0));
        assert!(subject.ops.contains(&Op::Arm(Timer::Election)), "{prev:?}");
    }
}

/// Paper 5.3, Figure 2 (receiver 2): without the entry before the new ones they are refused.
#[test]
fn an_append_after_an_entry_that_is_not_there_is_refused() {
    let mut subject = follower(&[1, 1]);
    let log = subject.server.log().clone();
    for (prev, hint) in
        [(at(1, 3), at(1, 2)), (at(2, 3), at(1, 2)), (at(2, 2), at(1, 1)), (at(3, 1), at(0, 0))]
    {
        subject.hear(1, append(3, prev, 3, &[9], 9));
        assert_eq!(subject.sent(), [(1, reply(3, lacks(prev.index.get(), hint)))], "{prev:?}");
        assert_eq!((subject.server.log(), subject.commit()), (&log, 0));
    }
}

/// Paper 5.3: the check is made of every `Append`, with entries or without.
#[test]
fn a_heartbeat_that_does_not_fit_is_refused_too() {
    let mut subject = follower(&[1, 1]);
    subject.hear(1, append(3, at(2, 2), 2, &[], 2));
    assert_eq!(subject.sent(), [(1, reply(3, lacks(2, at(1, 1))))]);
    assert_eq!(subject.commit(), 0);
}

/// Paper 5.3: the first entries follow the place before the first, which every log has.
#[test]
fn an_empty_log_takes_the_first_entries() {
    let mut subject = Subject::new(plain(3));
    subject.hear(1, append(1, at(0, 0), 1, &[7, 8], 0));
    assert_eq!(subject.entries(), [(1, 7), (2, 8)]);
    assert_eq!(subject.sent(), [(1, reply(1, matches(2)))]);
}

/// Paper 5.3, Figure 2 (receiver 3): an entry with the same index and another term goes, with all
/// that follow.
#[test]
fn a_conflicting_entry_goes_with_all_that_follow() {
    let mut subject = follower(&[1, 1, 1, 2, 2]);
    subject.hear(1, append(3, at(1, 2), 3, &[9], 0));
    assert_eq!(subject.terms(), [1, 1, 3]);
    assert_eq!(subject.entries(), [(1, 1), (2, 2), (3, 9)]);
    assert_eq!(subject.sent(), [(1, reply(3, matches(3)))]);
}

/// Paper 5.3: what is there already and agrees is kept; only what conflicts is replaced.
#[test]
fn entries_that_agree_are_not_written_again() {
    let mut subject = follower(&[1, 2, 2]);
    subject.hear(1, append(3, at(1, 1), 2, &[2, 3, 4, 5], 0));
    assert_eq!(subject.written(), [Write::Log(adds(3, 2, &[4, 5]))]);
    assert_eq!(subject.entries(), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]);
}

/// Paper 5.3, Figure 2 (receiver 3): what follows goes only if there is a conflict. Otherwise an
/// `Append` that was on its way for long would delete what came after it and is acknowledged.
#[test]
fn a_late_append_deletes_nothing() {
    let mut subject = follower(&[1, 3, 3, 3]);
    for (prev, count) in [(at(0, 0), 1), (at(1, 1), 1), (at(1, 1), 2), (at(3, 2), 1)] {
        let (from, of) = (prev.index.get() as u8 + 1, if prev.index.get() == 0 { 1 } else { 3 });
        let added: Vec<_> = (from..from + count).collect();
        subject.hear(1, append(3, prev, of, &added, 0));
        assert_eq!(subject.written(), [], "{prev:?}");
        assert_eq!(subject.terms(), [1, 3, 3, 3]);
    }
    subject.hear(1, append(3, at(3, 2), 3, &[], 0));
    assert_eq!(subject.terms(), [1, 3, 3, 3]);
}

/// Paper 5.3, Figure 2 (receiver 4): what is not in the log yet is appended to it.
#[test]
fn new_entries_are_appended() {
    let mut subject = follower(&[1]);
    subject.hear(1, append(3, at(1, 1), 2, &[7, 8], 0));
    subject.hear(1, append(3, at(2, 3), 3, &[9], 0));
    assert_eq!(subject.terms(), [1, 2, 2, 3]);
    assert_eq!(subject.entries(), [(1, 1), (2, 7), (3, 8), (4, 9)]);
    subject.hear(1, append_batch(3, at(3, 4), Batch::Noop, 0));
    assert_eq!(subject.last(), at(3, 5));
    assert_eq!(subject.entries().len(), 4, "a no-op asks for nothing");
}

/// Paper, Figure 2: entries are on stable storage before they are acknowledged.
#[test]
fn entries_are_durable_before_they_are_acknowledged() {
    let mut subject = follower(&[1]);
    subject.hear(1, append(3, at(1, 1), 3, &[9], 2));
    let write = subject.place(|op| *op == Op::Write(writes(1, 3, commands(&[9]))));
    let answer = subject.place(|op| matches!(op, Op::Send { .. }));
    let committed = subject.place(|op| *op == Op::Output(Output::Committed(index(2))));
    assert!(subject.ops[write..answer].contains(&Op::Sync));
    assert!(subject.ops[write..committed].contains(&Op::Sync), "nor are they applied before");
}

/// Paper 5.3: a follower vouches for what the message showed to be the leader's. What follows in
/// its log may be another's.
#[test]
fn an_answer_vouches_for_no_more_than_was_shown() {
    let mut subject = follower(&[1, 2, 2, 2]);
    subject.hear(1, append(3, at(1, 1), 3, &[], 0));
    assert_eq!(subject.sent(), [(1, reply(3, matches(1)))]);
    subject.hear(1, append(3, at(1, 1), 2, &[2], 0));
    assert_eq!(subject.sent(), [(1, reply(3, matches(2)))]);
}

/// Paper, Figure 2 (receiver 5): a follower commits as far as the leader has, but not beyond the
/// last new entry.
#[test]
fn a_follower_commits_up_to_the_last_new_entry() {
    let mut subject = follower(&[1, 2, 2, 2]);
    subject.hear(1, append(3, at(1, 1), 2, &[2], 4));
    assert_eq!(subject.commit(), 2, "entries 3 and 4 were not shown to be the leader's");
    assert!(subject.told().contains(&Output::Committed(index(2))));
    subject.hear(1, append(3, at(2, 3), 2, &[], 4));
    assert_eq!(subject.commit(), 3, "nor does a heartbeat show more than its place");
    subject.hear(1, append(3, at(2, 3), 2, &[4], 3));
    assert_eq!(subject.commit(), 3, "and the leader has not committed 4");
}

/// Paper 5.3, Log Matching: a follower that is told what is committed commits it if it has that very
/// entry, and then it has all before it. It does not answer, and goes on waiting for its leader.
#[test]
fn a_follower_that_is_told_what_is_committed_commits_what_it_has() {
    let heard = || {
        let mut subject = follower(&[1, 1, 2]);
        subject.hear(1, append(3, at(1, 1), 3, &[], 0));
        subject
    };
    for (term, last, commit) in [
        (3, at(1, 2), 2),
        (3, at(2, 3), 3),
        (3, at(2, 2), 0), // Another entry is there.
        (3, at(3, 4), 0), // None is there.
        (2, at(2, 3), 0), // Its sender leads no longer.
    ] {
        let mut subject = heard();
        subject.hear(1, committed(term, last));
        assert_eq!(subject.commit(), commit, "{last:?}");
        let told = Op::Output(Output::Committed(index(commit)));
        assert_eq!(subject.ops, if commit > 0 { vec![told] } else { vec![] });
    }
    let mut subject = heard();
    subject.hear(2, committed(3, at(2, 3)));
    assert_eq!((subject.commit(), subject.ops.len()), (0, 0), "that is not the leader");
    subject.hear(2, committed(4, at(2, 3)));
    assert_eq!((subject.commit(), subject.term()), (0, 4), "a newer term is one's own from then on (5.1)");
}

/// Paper 5.3: what is committed stays so.
#[test]
fn a_commit_index_does_not_go_back() {
    let mut subject = follower(&[1, 3, 3]);
    subject.hear(1, append(3, at(3, 3), 3, &[], 3));
    assert_eq!(subject.commit(), 3);
    for commit in 0..3 {
        subject.hear(1, append(3, at(3, 3), 3, &[], commit));
        assert_eq!((subject.commit(), subject.told()), (3, vec![]));
    }
}

/// Paper 5.4.3: every leader has what is committed, so what was sent before that is answered with
/// it, and changes nothing.
#[test]
fn an_append_within_what_is_committed_is_answered_with_that() {
    let mut subject = follower(&[1, 3, 3]);
    subject.hear(1, append(3, at(3, 3), 3, &[], 3));
    for late in [append(3, at(0, 0), 1, &[1], 0), append(3, at(1, 1), 3, &[2, 3, 4], 1)] {
        subject.hear(1, late);
        assert_eq!(subject.sent(), [(1, reply(3, matches(3)))]);
        assert_eq!(subject.written(), []);
    }
}

/// Paper 5.3: a refusal helps the leader to go back by terms, where it would go by entries.
#[test]
fn a_refusal_hints_at_the_last_entry_that_may_be_the_leaders() {
    let mut subject = follower(&[1, 1, 2, 2, 3, 3]);
    for (prev, hint) in [
        (at(2, 6), at(2, 4)), // Nothing of term 3 can be in a log whose sixth entry is of term 2.
        (at(1, 6), at(1, 2)),
        (at(3, 9), at(3, 6)),
        (at(1, 4), at(1, 2)),
        (at(0, 6), at(0, 0)),
    ] {
        subject.hear(1, append(3, prev, 3, &[], 0));
        assert_eq!(subject.sent(), [(1, reply(3, lacks(prev.index.get(), hint)))], "{prev:?}");
    }
}

/// Paper 5.3: who proposes to a follower is told whom to ask; a follower adds nothing itself.
#[test]
fn a_follower_adds_no_entries_of_its_own() {
    let mut subject = follower(&[1]);
    subject.ask(propose(&[1]));
    subject.refused(Refused::Proposal, Refusal::NotLeader { leader: None });
    subject.hear(2, append(3, at(1, 1), 3, &[], 0));
    subject.ask(propose(&[1]));
    subject.refused(Refused::Proposal, Refusal::NotLeader { leader: Some(node(2)) });
    assert_eq!(subject.last(), at(1, 1));
}

/// Paper 5.2: a candidate that hears from a leader of its own term follows it, and takes its
/// entries.
#[test]
fn a_candidate_takes_the_entries_of_whoever_won() {
    let mut subject = follower(&[1]);
    subject.expire(Timer::Election);
    subject.hear(2, append(4, at(1, 1), 4, &[9], 0));
    assert_eq!(subject.server.leader(), Some(node(2)));
    assert_eq!(subject.terms(), [1, 4]);
    assert_eq!(subject.server.term(), Term::new(4));
}

/// Paper, Figure 2: the disk is what its writes made of it, whatever the log went through.
#[test]
fn a_restart_finds_the_log_as_it_was() {
    let mut subject = follower(&[1, 2, 2]);
    let mut folded = subject.disk.clone();
    for message in [
        append(3, at(1, 1), 3, &[7, 8], 1),
        append(4, at(3, 2), 4, &[9], 2),
        append_batch(4, at(4, 3), Batch::Noop, 4),
    ] {
        subject.hear(1, message);
        subject.written().iter().for_each(|write| folded.apply(write));
    }
    let before = subject.server.log().clone();
    let after = subject.crash();
    assert_eq!((after.server.log(), after.disk), (&before, folded));
    assert_eq!(after.server.commit().get(), 0, "the commit index is volatile (Figure 2)");
}
