//! Paper 5.3, 5.4 and 5.5: what is committed, and what crashes do to it.

use althing::Op;
use althing::raft::{Batch, Config, Message, Output, Term, Timer, Write, election};

use crate::cluster::Cluster;
use crate::subject::*;

fn granted(subject: &Subject) -> bool {
    let grants = |sent: &Message<u8>| match sent {
        Message::Election(election::Message::VoteReply { granted, .. }) => Some(*granted),
        Message::Election(_)
        | Message::Append { .. }
        | Message::AppendReply { .. }
        | Message::Committed { .. }
        | Message::Snapshot { .. }
        | Message::TimeoutNow { .. }
        | Message::Propose { .. } => None,
    };
    subject.sent().iter().find_map(|(_, sent)| grants(sent)).expect("an answer")
}

/// Paper 5.3: an entry is committed once a majority has it.
#[test]
fn an_entry_is_committed_once_a_majority_has_it() {
    for size in 1..=7_u8 {
        let mut leader = Subject::leader(plain(size));
        leader.ask(propose(&[9]));
        for follower in 1..size {
            let holders = follower; // The leader, and the followers before this one.
            assert_eq!(leader.commit(), if 2 * holders > size { 2 } else { 1 }, "{holders} of {size}");
            leader.hear(follower, reply(1, matches(2)));
        }
        assert_eq!(leader.commit(), 2, "{size}");
    }
}

/// Paper 5.3: one follower that acknowledges twice is still one.
#[test]
fn an_acknowledgement_counts_once() {
    let mut leader = Subject::leader(plain(5));
    leader.ask(propose(&[9]));
    for _ in 0..3 {
        leader.hear(1, reply(1, matches(2)));
    }
    assert_eq!(leader.commit(), 1);
}

/// Paper 5.3: no one but the members counts.
#[test]
fn strangers_do_not_count() {
    let mut leader = Subject::leader(plain(3));
    leader.ask(propose(&[9]));
    let before = leader.server.clone();
    for stranger in [3, 40, 127] {
        leader.hear(stranger, reply(1, matches(2)));
        assert_eq!((&leader.server, &leader.ops), (&before, &vec![]));
    }
}

/// Paper 5.3: an entry that is committed commits all before it.
#[test]
fn what_is_committed_commits_all_before_it() {
    let mut leader = Subject::elected(plain(3), disk(3, &[1, 2, 2]));
    leader.hear(1, reply(4, matches(4)));
    assert_eq!(leader.told(), [Output::Committed(index(4))]);
}

/// Paper 5.3: what a majority does not have is not committed with the rest.
#[test]
fn only_what_the_majority_has_is_committed() {
    let mut leader = Subject::leader(plain(5));
    leader.ask(propose(&[7, 8, 9]));
    for (follower, up_to, commit) in [(1, 4, 1), (2, 2, 2), (3, 3, 3), (2, 4, 4)] {
        leader.hear(follower, reply(1, matches(up_to)));
        assert_eq!(leader.commit(), commit);
    }
}

/// Paper 5.4.2: an entry of an earlier term is not committed by counting, though all have it.
#[test]
fn an_earlier_entry_is_not_committed_by_counting() {
    let mut leader = Subject::elected(plain(5), disk(3, &[1, 2]));
    for follower in 1..5 {
        leader.hear(follower, reply(4, matches(2)));
        assert_eq!((leader.commit(), leader.told()), (0, vec![]));
    }
    leader.hear(1, reply(4, matches(3)));
    leader.hear(2, reply(4, matches(3)));
    assert_eq!(leader.commit(), 3, "but with one of the leader's own term");
}

/// Paper 5.4.2 (Figure 8): an entry of an earlier term that a majority has can still be overwritten,
/// and so must not have been committed.
#[test]
fn figure_8() {
    let elected = |term, entries: &[u64]| Subject::elected(plain(5), disk(term, entries));
    // (c) Server 1 leads term 4, and its entry of term 2 gets to a majority.
    let mut first = elected(3, &[1, 2]);
    first.hear(1, reply(4, matches(2)));
    first.hear(2, reply(4, matches(2)));
    assert_eq!(first.commit(), 0);
    // (d) Server 5, with term 3 at that place, can be elected by those who have it, and replaces it.
    let mut voter = Subject::restart(plain(5), disk(4, &[1, 2]));
    voter.hear(4, request_vote(5, at(3, 2), false));
    assert!(granted(&voter));
    voter.hear(4, append(5, at(1, 1), 3, &[9], 0));
    assert_eq!(voter.terms(), [1, 3]);
    // (e) If server 1 had an entry of its own term there, server 5 could not be.
    let mut voter = Subject::restart(plain(5), disk(4, &[1, 2, 4]));
    voter.hear(4, request_vote(5, at(3, 2), false));
    assert!(!granted(&voter));
}

/// Paper 5.4.1: whoever has entries votes for no one with a log that is less up-to-date.
#[test]
fn a_voter_compares_the_logs() {
    for (candidate, up_to_date) in [
        (at(2, 3), true),
        (at(2, 4), true),
        (at(3, 1), true),
        (at(2, 2), false),
        (at(1, 9), false),
        (at(0, 0), false),
    ] {
        let mut voter = Subject::restart(plain(3), disk(3, &[1, 2, 2]));
        voter.hear(1, request_vote(4, candidate, false));
        assert_eq!(granted(&voter), up_to_date, "{candidate:?}");
    }
}

/// Paper 5.4.1: what counts is the log at the time of the vote.
#[test]
fn a_voter_compares_with_what_it_has_appended_and_deleted() {
    let mut voter = Subject::restart(plain(3), disk(3, &[1, 2, 2]));
    voter.hear(1, append(3, at(2, 3), 3, &[9], 0));
    voter.hear(2, request_vote(4, at(2, 3), false));
    assert!(!granted(&voter));
    let mut voter = Subject::restart(plain(3), disk(3, &[1, 2, 2]));
    voter.hear(1, append(3, at(1, 1), 1, &[9], 0)); // The leader of term 3 had term 1 there.
    voter.hear(2, request_vote(4, at(1, 2), false));
    assert!(granted(&voter));
}

/// Paper 5.4.1: a candidate shows the position of its last entry.
#[test]
fn a_candidate_shows_its_last_entry() {
    let mut subject = Subject::restart(plain(3), disk(3, &[1, 2]));
    subject.expire(Timer::Election);
    assert_eq!(subject.sent_to(1), [request_vote(4, at(2, 2), false)]);
    subject.hear(1, append(4, at(2, 2), 4, &[9, 9], 0));
    subject.expire(Timer::Election);
    assert_eq!(subject.sent_to(1), [request_vote(5, at(4, 4), false)]);
}

/// Paper 5.4.3: what one leader committed is in the log of every later one.
#[test]
fn later_leaders_have_what_was_committed() {
    let config = |id| Config::new(id, members(&[0, 1, 2, 3, 4], &[])).with_options(PLAIN);
    let mut cluster = Cluster::new(5, config);
    cluster.lead(0);
    cluster.cut = nodes(&[3, 4]);
    cluster.ask(0, propose(&[7]));
    assert_eq!(cluster.server(0).commit(), index(2));
    cluster.cut = nodes(&[0]);
    for behind in [3, 4] {
        cluster.elect(behind);
        assert!(!cluster.server(behind).is_leader());
    }
    cluster.elect(1);
    assert!(cluster.server(1).is_leader());
    cluster.cut = nodes(&[]);
    cluster.lead(1);
    cluster.agree(&[0, 1, 2, 3, 4], cluster.server(1).log().last().index.get());
    assert_eq!(cluster.server(4).log().term_at(index(2)), Some(Term::new(1)));
}

/// Paper 5.3: followers learn with a later message what is committed.
#[test]
fn followers_commit_when_they_are_told() {
    let config = |id| Config::new(id, members(&[0, 1, 2], &[])).with_options(PLAIN);
    let mut cluster = Cluster::new(3, config);
    cluster.lead(0);
    cluster.ask(0, propose(&[7]));
    cluster.agree(&[0, 1, 2], 2);
}

/// Paper 5.5: the same `Append` once more does no harm: it was perhaps only its answer that was
/// lost, or the follower crashed before it could answer.
#[test]
fn an_append_can_be_repeated() {
    let mut subject = Subject::restart(plain(3), disk(3, &[1, 2, 2]));
    let message = append(4, at(1, 1), 4, &[7, 8], 2);
    subject.hear(1, message.clone());
    assert_eq!(subject.sent(), [(1, reply(4, matches(3)))]);
    let before = subject.server.clone();
    subject.hear(1, message.clone());
    assert_eq!((&subject.server, subject.written()), (&before, vec![]));
    assert_eq!(subject.sent(), [(1, reply(4, matches(2)))], "what is committed, at least");
    let mut subject = subject.crash();
    subject.hear(1, message);
    assert_eq!(subject.server.log(), before.log());
    assert_eq!((subject.sent(), subject.written()), (vec![(1, reply(4, matches(3)))], vec![]));
}

/// Paper 5.5: a follower that crashed finds with its disk into its place again.
#[test]
fn a_follower_comes_back_with_its_log() {
    let config = |id| Config::new(id, members(&[0, 1, 2], &[])).with_options(PLAIN);
    let mut cluster = Cluster::new(3, config);
    cluster.lead(0);
    cluster.ask(0, propose(&[7]));
    cluster.crash(2);
    assert_eq!(cluster.server(2).commit(), index(0));
    cluster.ask(0, propose(&[8]));
    cluster.expire(0, Timer::Heartbeat);
    cluster.agree(&[0, 1, 2], 3);
}

/// Paper 5.5: a follower that was away is sent what it missed.
#[test]
fn a_follower_that_was_away_catches_up() {
    let config = |id| Config::new(id, members(&[0, 1, 2], &[])).with_options(PLAIN);
    let mut cluster = Cluster::new(3, config);
    cluster.lead(0);
    cluster.cut = nodes(&[2]);
    for command in 0..5 {
        cluster.ask(0, propose(&[command]));
    }
    cluster.cut = nodes(&[]);
    cluster.expire(0, Timer::Heartbeat);
    cluster.agree(&[0, 1, 2], 6);
}

/// Paper, Figure 2: the log is on stable storage; the commit index is not, and found again.
#[test]
fn a_leader_that_crashed_finds_again_what_was_committed() {
    let mut leader = Subject::leader(plain(3));
    leader.ask(propose(&[7]));
    leader.hear(1, reply(1, matches(2)));
    assert_eq!(leader.commit(), 2);
    let mut leader = leader.crash();
    assert_eq!((leader.commit(), leader.last()), (0, at(1, 2)));
    leader.expire(Timer::Election);
    leader.hear(1, vote_reply(2));
    assert_eq!(leader.written(), [writes(2, 2, Batch::Noop)]);
    leader.hear(1, reply(2, matches(3)));
    assert_eq!(leader.told(), [Output::Committed(index(3))]);
}

/// Paper 5.2: of a server alone everything is committed as soon as it is on its disk.
#[test]
fn a_server_alone_commits_by_itself() {
    let mut subject = Subject::new(plain(1));
    subject.expire(Timer::Election);
    assert!(subject.server.is_leader());
    assert_eq!(subject.commit(), 1);
    subject.ask(propose(&[7]));
    let write = subject.place(|op| *op == Op::Write(Write::Log(adds(1, 1, &[7]))));
    let committed = subject.place(|op| *op == Op::Output(Output::Committed(index(2))));
    assert!(subject.ops[write..committed].contains(&Op::Sync));
    assert_eq!(subject.sent(), []);
}
