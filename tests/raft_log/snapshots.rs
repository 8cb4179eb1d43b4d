//! Paper 7 and Figure 13: compaction, and snapshots for who is too far behind.

use althing::Op;
use althing::raft::{
    Answer, Batch, Config, Input, LogWrite, Membership, Message, Mode, Output, Refusal, Refused, Snapshot,
    Term, Timer, Write,
};

use crate::cluster::Cluster;
use crate::subject::*;

/// A follower in term 3 with these entries, of which the first `commit` are committed.
fn follower(entries: &[u64], commit: u64) -> Subject {
    let mut subject = Subject::restart(plain(3), disk(3, entries));
    let last = subject.last();
    subject.hear(1, append(3, last, 3, &[], commit));
    assert_eq!(subject.commit(), commit);
    subject
}

fn three() -> Membership {
    members(&[0, 1, 2], &[])
}

/// A snapshot may take long, so a heartbeat goes beside it; here of term 1, with 4 entries committed.
fn offered_with_heartbeat(snapshot: Snapshot) -> [Message<u8>; 2] {
    [offer(1, snapshot), append(1, at(0, 0), 1, &[], 4)]
}

/// Paper 7: a server makes snapshots by itself, of what is committed; the entries go.
#[test]
fn what_is_committed_can_be_compacted() {
    let mut subject = follower(&[1, 1, 2, 3], 3);
    subject.ask(Input::Compact(index(2)));
    let kept = snapshot(at(1, 2), three());
    assert_eq!(subject.written(), [Write::Log(LogWrite::Compact(kept))]);
    assert_eq!(subject.server.log().snapshot(), kept);
    assert_eq!(subject.entries(), [(3, 3), (4, 4)]);
    subject.ask(Input::Compact(index(3)));
    assert_eq!((subject.terms(), subject.last()), (vec![3], at(3, 4)));
}

/// Paper 7: a snapshot has committed entries only, and none twice.
#[test]
fn what_is_not_committed_is_not_compacted() {
    let mut subject = follower(&[1, 1, 2, 3], 3);
    subject.ask(Input::Compact(index(4)));
    subject.refused(Refused::Compaction(index(4)), Refusal::NotCommitted { commit: index(3) });
    subject.ask(Input::Compact(index(0)));
    subject.refused(Refused::Compaction(index(0)), Refusal::Compacted(index(0)));
    subject.ask(Input::Compact(index(2)));
    for gone in [1, 2] {
        subject.ask(Input::Compact(index(gone)));
        subject.refused(Refused::Compaction(index(gone)), Refusal::Compacted(index(2)));
    }
}

/// Paper 7: the snapshot has the last index and term that it replaces, for the check of the first
/// entry after it; and the membership as of then.
#[test]
fn the_last_entry_of_a_snapshot_is_remembered() {
    let mut subject = follower(&[1, 1, 2], 3);
    subject.ask(Input::Compact(index(3)));
    assert_eq!((subject.last(), subject.entries()), (at(2, 3), vec![]));
    subject.hear(1, append(3, at(2, 3), 3, &[9], 3));
    assert_eq!(subject.sent(), [(1, reply(3, matches(4)))]);
    let mut subject = subject.crash();
    assert_eq!((subject.commit(), subject.server.membership()), (3, three()));
    subject.hear(1, append(3, at(1, 3), 3, &[9], 3));
    assert_eq!(answers(&subject.sent()), [lacks(3, at(2, 3))], "no leader has another entry there");
    subject.expire(Timer::Election);
    assert_eq!(subject.sent_to(1), [request_vote(4, at(3, 4), false)]);
}

/// Paper 7: the membership of the snapshot is that at its end, not the latest.
#[test]
fn a_snapshot_has_the_membership_of_its_end() {
    let mut subject = follower(&[1, 1, 3], 3);
    let later = members(&[0, 1, 2], &[5]);
    subject.hear(1, append_batch(3, at(3, 3), Batch::Change(later), 4));
    subject.ask(Input::Compact(index(3)));
    assert_eq!(subject.server.log().snapshot().membership, three());
    assert_eq!(subject.server.membership(), later);
    subject.ask(Input::Compact(index(4)));
    assert_eq!(subject.server.log().snapshot().membership, later);
}

/// Paper 7: a follower whose next entry is gone is offered the snapshot.
#[test]
fn a_follower_that_is_too_far_behind_is_offered_the_snapshot() {
    let mut leader = Subject::leader(plain(3));
    leader.ask(propose(&[7, 8, 9]));
    leader.hear(1, reply(1, matches(4)));
    leader.ask(Input::Compact(index(3)));
    leader.hear(2, reply(1, lacks(4, at(1, 1))));
    let kept = snapshot(at(1, 3), three());
    assert_eq!(leader.sent(), [(2, offer(1, kept))]);
    assert_eq!(leader.progress(2).mode, Mode::Snapshot(index(3)));
    leader.ask(propose(&[10]));
    assert_eq!(leader.sent_to(2), []);
    leader.expire(Timer::Heartbeat);
    assert_eq!(leader.sent_to(2), offered_with_heartbeat(kept), "and again, as it may be lost");
    leader.hear(2, reply(1, matches(3)));
    assert_eq!(leader.sent_to(2), [append(1, at(1, 3), 1, &[9, 10], 4)], "and then what follows");
}

/// Paper 7: a leader that has compacted everything offers the snapshot to who has nothing.
#[test]
fn a_leader_without_entries_offers_its_snapshot() {
    let mut subject = Subject::restart(plain(3), disk(3, &[1, 2]));
    subject.hear(1, append(3, at(2, 2), 3, &[], 2));
    subject.ask(Input::Compact(index(2)));
    let mut leader = Subject::elected(plain(3), subject.disk);
    leader.hear(2, reply(4, lacks(2, at(0, 0))));
    assert_eq!(leader.sent_to(2), [offer(4, snapshot(at(2, 2), three()))]);
    leader.hear(2, reply(4, matches(2)));
    assert_eq!(leader.sent_to(2), [append_batch(4, at(2, 2), Batch::Noop, 2)]);
}

/// Paper 7: a later snapshot is offered in place of one that is compacted itself.
#[test]
fn the_latest_snapshot_is_offered() {
    let mut leader = Subject::leader(plain(3));
    leader.ask(propose(&[7, 8, 9]));
    leader.hear(1, reply(1, matches(4)));
    leader.ask(Input::Compact(index(3)));
    leader.hear(2, reply(1, lacks(4, at(0, 0))));
    leader.ask(Input::Compact(index(4)));
    leader.hear(2, reply(1, matches(3)));
    leader.expire(Timer::Heartbeat);
    assert_eq!(leader.sent_to(2), offered_with_heartbeat(snapshot(at(1, 4), three())));
    leader.hear(2, reply(1, matches(3)));
    assert_eq!(leader.progress(2).mode, Mode::Snapshot(index(4)), "the first offer is not the second");
    leader.hear(2, reply(1, matches(4)));
    assert_eq!(leader.progress(2).mode, Mode::Replicate);
}

/// Paper 7: a snapshot that did not get through is asked for again from the start.
#[test]
fn a_snapshot_that_did_not_get_through_is_offered_again() {
    let mut leader = Subject::leader(plain(3));
    leader.ask(propose(&[7, 8, 9]));
    leader.hear(1, reply(1, matches(4)));
    leader.ask(Input::Compact(index(3)));
    leader.hear(2, reply(1, lacks(4, at(1, 1))));
    leader.ask(Input::Unreachable(node(2)));
    assert_eq!(leader.sent(), []);
    leader.expire(Timer::Heartbeat);
    assert_eq!(leader.sent_to(2), offered_with_heartbeat(snapshot(at(1, 3), three())));
}

/// Paper 7, Figure 13 (receiver 7, 8): without the last entry of the snapshot the whole log goes,
/// and the state is replaced, with the membership.
#[test]
fn a_snapshot_replaces_a_log_that_does_not_have_its_end() {
    for entries in [&[1, 1][..], &[1, 1, 1, 1], &[1, 1, 1, 1, 1, 1]] {
        let mut subject = follower(entries, 1);
        let taken = snapshot(at(3, 4), members(&[0, 1, 2, 4], &[5]));
        subject.hear(1, offer(3, taken));
        assert_eq!((subject.last(), subject.entries(), subject.commit()), (at(3, 4), vec![], 4));
        assert_eq!(subject.server.membership(), taken.membership);
        assert_eq!(subject.told(), [Output::Restore(taken)]);
        assert_eq!(subject.sent(), [(1, reply(3, matches(4)))]);
        let write = subject.place(|op| *op == Op::Write(Write::Log(LogWrite::Install(taken))));
        let restore = subject.place(|op| matches!(op, Op::Output(Output::Restore(_))));
        let answer = subject.place(|op| matches!(op, Op::Send { .. }));
        assert!(subject.ops[write..restore.min(answer)].contains(&Op::Sync), "durable before");
        let subject = subject.crash();
        assert_eq!((subject.last(), subject.commit()), (at(3, 4), 4));
    }
}

/// Paper 7, Figure 13 (receiver 6): a log that has the last entry of the snapshot keeps what
/// follows it, or what it has acknowledged would be lost.
#[test]
fn a_snapshot_keeps_what_follows_its_end() {
    let mut subject = follower(&[1, 1, 3, 3], 1);
    subject.hear(1, offer(3, snapshot(at(1, 2), three())));
    assert_eq!((subject.terms(), subject.written()), (vec![1, 1, 3, 3], vec![]));
    assert_eq!(subject.told(), [Output::Committed(index(2))], "what it replaces is committed");
    assert_eq!(subject.sent(), [(1, reply(3, matches(2)))]);
}

/// Paper 7, Figure 13: a snapshot of what is committed already changes nothing: it was on its way
/// for long.
#[test]
fn an_old_snapshot_changes_nothing() {
    let mut subject = follower(&[1, 1, 3, 3], 3);
    subject.ask(Input::Compact(index(2)));
    let before = subject.server.clone();
    for last in [at(1, 1), at(1, 2), at(3, 3), at(0, 0)] {
        subject.hear(1, offer(3, snapshot(last, three())));
        assert_eq!(subject.server, before);
        assert_eq!(subject.ops.iter().filter(|op| matches!(op, Op::Write(_) | Op::Output(_))).count(), 0);
        assert_eq!(subject.sent(), [(1, reply(3, matches(3)))]);
    }
}

/// Paper 7, Figure 13 (receiver 1): a snapshot of an older term is refused; of a newer one, it is
/// the leader's sign of life like an `Append`.
#[test]
fn a_snapshot_has_a_term_like_an_append() {
    let mut subject = follower(&[1], 1);
    subject.hear(2, offer(2, snapshot(at(2, 9), three())));
    assert_eq!(subject.ops, [Op::Send { to: node(2), message: reply(3, Answer::Stale) }]);
    subject.hear(2, offer(4, snapshot(at(2, 9), three())));
    assert_eq!(subject.server.leader(), Some(node(2)));
    assert!(subject.ops.contains(&Op::Arm(Timer::Election)));
    assert_eq!(subject.server.term(), Term::new(4));
}

/// Paper 5.2, 7: the heartbeat beside a snapshot fits every log, and shows of none what it has.
#[test]
fn the_heartbeat_beside_a_snapshot_fits_every_log() {
    for (entries, commit) in [(&[][..], 0), (&[1, 1], 0), (&[1, 1], 2)] {
        let mut subject = follower(entries, commit);
        subject.hear(1, append(3, at(0, 0), 3, &[], 9));
        assert_eq!(answers(&subject.sent()), [matches(commit)]);
        assert!(subject.ops.contains(&Op::Arm(Timer::Election)));
        assert_eq!(subject.commit(), commit);
    }
}

/// Paper 7: who was away for long comes back by way of a snapshot, with everything after it; and so
/// does a server that is new.
#[test]
fn a_cluster_goes_on_after_a_compaction() {
    let mut cluster = Cluster::new(4, |id| {
        let known = if id == node(3) { Membership::UNKNOWN } else { three() };
        Config::new(id, known).with_options(PLAIN)
    });
    cluster.lead(0);
    cluster.cut = nodes(&[2]);
    cluster.ask(0, propose(&[1, 2, 3, 4]));
    cluster.ask(0, Input::Compact(index(4)));
    cluster.cut = nodes(&[]);
    cluster.expire(0, Timer::Heartbeat);
    cluster.expire(0, Timer::Heartbeat);
    cluster.ask(0, Input::Change(members(&[0, 1, 2, 3], &[])));
    cluster.ask(0, propose(&[5]));
    for number in 0..4 {
        assert_eq!(cluster.server(number).commit(), index(8), "{number}");
        assert_eq!(cluster.server(number).log().last(), at(1, 8));
        assert_eq!(cluster.server(number).membership(), members(&[0, 1, 2, 3], &[]));
    }
    assert!(cluster.told.contains(&(2, Output::Restore(snapshot(at(1, 4), three())))));
    cluster.lead(3);
}
