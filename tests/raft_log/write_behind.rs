//! Thesis 10.2.1: the leader's disk writes while its followers' do.

use althing::raft::{Batch, Config, Input, LogWrite, Options, Output, Position, Timer, Write};
use althing::{Event, Machine, Op, Outbox};

use crate::cluster::Cluster;
use crate::subject::*;

fn behind(size: u8) -> Config {
    plain(size).with_options(Options { write_behind: true, ..PLAIN })
}

/// Thesis 10.2.1: a leader sends its entries before they are on its disk, however it is hosted.
#[test]
fn entries_are_sent_before_they_are_durable() {
    for config in [plain(3), behind(3)] {
        let mut leader = Subject::leader(config);
        leader.ask(propose(&[7]));
        assert_eq!(leader.written(), [writes(1, 1, commands(&[7]))]);
        let sync = leader.ops.iter().position(|op| *op == Op::Sync).unwrap_or(leader.ops.len());
        let sends = |op: &&Op<Server>| matches!(op, Op::Send { .. });
        assert_eq!(leader.ops[..sync].iter().filter(sends).count(), 2, "nothing waits");
        assert_eq!(leader.ops.contains(&Op::Sync), !config.options().write_behind);
    }
}

/// Thesis 10.2.1: a leader counts itself for an entry once it is on its disk, and not before.
#[test]
fn a_leader_counts_itself_once_its_disk_has_the_entry() {
    let mut leader = Subject::leader(behind(3));
    leader.ask(Input::Persisted(at(1, 1)));
    leader.ask(propose(&[7]));
    leader.hear(1, reply(1, matches(2)));
    assert_eq!(leader.commit(), 1);
    leader.ask(Input::Persisted(at(1, 2)));
    assert_eq!(leader.told(), [Output::Committed(index(2))]);
    assert_eq!(leader.server.leading().expect("it leads").durable(), index(2));
}

/// Thesis 10.2.1: a majority of the others is enough, even before the leader's own disk.
#[test]
fn an_entry_can_be_committed_before_the_leader_has_it_on_its_disk() {
    let mut leader = Subject::leader(behind(3));
    leader.ask(propose(&[7]));
    leader.hear(1, reply(1, matches(2)));
    leader.hear(2, reply(1, matches(2)));
    assert_eq!(leader.commit(), 2);
    assert_eq!(leader.server.leading().expect("it leads").durable(), index(0));
}

/// Thesis 10.2.1: a server alone has committed what is on its disk.
#[test]
fn a_server_alone_waits_for_its_disk() {
    let mut leader = Subject::new(behind(1));
    leader.expire(Timer::Election);
    leader.ask(propose(&[7]));
    assert_eq!(leader.commit(), 0);
    leader.ask(Input::Persisted(at(1, 1)));
    assert_eq!(leader.commit(), 1);
    leader.ask(Input::Persisted(at(1, 2)));
    assert_eq!(leader.commit(), 2);
}

/// Thesis 10.2.1: the host's disk may report several entries at once, late, or twice.
#[test]
fn reports_of_the_disk_may_be_summed_up_or_repeated() {
    let mut leader = Subject::leader(behind(3));
    leader.ask(propose(&[7, 8]));
    leader.ask(propose(&[9]));
    leader.ask(Input::Persisted(at(1, 3)));
    let before = leader.server.clone();
    for late in [at(0, 0), at(1, 1), at(1, 3), at(1, 5), at(2, 4), at(0, 4)] {
        leader.ask(Input::Persisted(late));
        assert_eq!((&leader.server, &leader.ops), (&before, &vec![]), "{late:?}");
    }
    assert_eq!(leader.server.leading().expect("it leads").durable(), index(3));
}

/// Thesis 10.2.1: each write says what its completion is to be reported as.
#[test]
fn a_write_says_what_to_report() {
    assert_eq!(writes(1, 3, commands(&[7, 8])).last(), Some(at(3, 3)));
    assert_eq!(writes(4, 3, Batch::Noop).last(), Some(at(3, 5)));
    assert_eq!(Write::<u8>::Ballot(ballot(3, None)).last(), None);
    let kept = snapshot(at(1, 1), members(&[0], &[]));
    assert_eq!(Write::<u8>::Log(LogWrite::Compact(kept)).last(), None);
}

/// Thesis 10.2.1: a completion for entries that were replaced meanwhile says nothing of those that
/// are there now (as in etcd, `async_storage_writes_append_aba_race`).
#[test]
fn a_completion_for_replaced_entries_does_not_count() {
    let mut subject = Subject::leader(behind(3));
    subject.ask(propose(&[7, 8]));
    let reported = subject.written()[0].last().expect("entries were added");
    assert_eq!(reported, at(1, 3));
    // Deposed before the disk has answered. A newer leader replaces both entries.
    subject.hear(1, append(2, at(1, 1), 2, &[20], 1));
    // It leads again, and adds an entry where the one was that the disk has not answered for.
    subject.expire(Timer::Election);
    subject.hear(1, vote_reply(3));
    assert_eq!(subject.terms(), [1, 2, 3]);
    subject.hear(1, reply(3, matches(3)));
    assert_eq!(subject.commit(), 1);
    subject.ask(Input::Persisted(reported));
    assert_eq!(subject.commit(), 1, "the disk has not answered for the entry of term 3");
    assert_eq!(subject.server.leading().expect("it leads").durable(), index(2));
    subject.ask(Input::Persisted(at(3, 3)));
    assert_eq!(subject.commit(), 3);
}

/// Thesis 10.2.1: entries of which the leader does not know whether they are on its disk are there
/// before anything else is said of them: a vote asked for, an answer given.
#[test]
fn a_deposed_leader_waits_for_its_disk() {
    for message in [append(2, at(1, 2), 2, &[], 2), request_vote(2, at(1, 2), false)] {
        let mut leader = Subject::leader(behind(3));
        let mut out = Outbox::new();
        // The host has not performed the first step when the second comes.
        leader.server.step(Event::Input(propose(&[7])), &mut out);
        leader.server.step(Event::Message { from: node(1), message }, &mut out);
        let ops: Vec<_> = out.drain().collect();
        let is_write = |op: &Op<Server>| matches!(op, Op::Write(Write::Log(_)));
        let answers = |op: &Op<Server>| matches!(op, Op::Send { message, .. } if message.term().get() == 2);
        let written = ops.iter().position(is_write).expect("a write");
        let answered = ops.iter().position(answers).expect("an answer");
        assert!(ops[written..answered].contains(&Op::Sync), "{ops:?}");
    }
}

/// Thesis 10.2.1: what a leader has written before it was elected counts at once.
#[test]
fn a_leader_counts_itself_for_what_it_had_before() {
    let config = behind(3);
    let mut leader = Subject::elected(config, disk(3, &[1, 2]));
    assert_eq!(leader.server.leading().expect("it leads").durable(), index(2));
    leader.hear(1, reply(4, matches(3)));
    assert_eq!(leader.commit(), 0, "but its entry of this term does not yet");
    leader.ask(Input::Persisted(Position::new(leader.server.term(), index(3))));
    assert_eq!(leader.commit(), 3);
}

/// Thesis 10.2.1: a cluster of such hosts works like any other.
#[test]
fn a_cluster_that_writes_behind_commits() {
    let options = Options { write_behind: true, ..PLAIN };
    let mut cluster = Cluster::new(4, |id| Config::new(id, members(&[0, 1, 2], &[])).with_options(options));
    cluster.lead(0);
    cluster.ask(0, propose(&[7, 8]));
    cluster.ask(0, Input::Change(members(&[1, 2, 3], &[])));
    assert!(!cluster.server(0).is_leader());
    cluster.lead(2);
    let last = cluster.server(2).log().last().index.get();
    cluster.agree(&[1, 2, 3], last);
}
