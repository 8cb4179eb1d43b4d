//! Paper 5.3 and Figure 2, leaders: how a log gets to the others.

use althing::observe::{Cause, Step};
use althing::raft::invariants::leader_append_only;
use althing::raft::{
    Answer, Batch, Config, Input, Limits, Message, Mode, Options, Output, Refusal, Refused, Timer,
};

use althing::{Event, Machine, Op};

use crate::cluster::Cluster;
use crate::subject::*;

/// Leads term 4 with these entries before its own first one.
fn leader_after(entries: &[u64]) -> Subject {
    Subject::elected(plain(3), disk(3, entries))
}

/// Paper 5.3: a command is appended to the leader's log and sent to all others at once.
#[test]
fn a_command_is_appended_and_sent_to_all() {
    let mut leader = Subject::leader(plain(5));
    leader.ask(propose(&[7, 8]));
    assert_eq!(leader.entries(), [(2, 7), (3, 8)]);
    for follower in 1..5 {
        assert_eq!(leader.sent_to(follower), [append(1, at(1, 1), 1, &[7, 8], 1)]);
    }
}

/// Paper 8, thesis 6.4: a leader begins its term with an entry that asks for nothing.
#[test]
fn a_term_begins_with_a_no_op() {
    let leader = leader_after(&[1, 3]);
    assert_eq!(leader.terms(), [1, 3, 4]);
    assert_eq!(leader.entries(), [(1, 1), (2, 2)]);
    let message = append_batch(4, at(3, 2), Batch::Noop, 0);
    assert_eq!(leader.sent(), [(1, message.clone()), (2, message)]);
}

/// Paper 5.2: whoever is elected says so to all others at once.
#[test]
fn an_elected_leader_asserts_itself_at_once() {
    let leader = leader_after(&[]);
    assert!(leader.sent().iter().all(|(_, message)| matches!(message, Message::Append { .. })));
    assert!(leader.ops.contains(&Op::Arm(Timer::Heartbeat)));
}

/// Paper 5.3, Figure 2: at first a leader takes the others' logs for its own, and knows nothing.
#[test]
fn a_leader_begins_with_its_own_last_entry() {
    let leader = leader_after(&[1, 3]);
    for follower in [1, 2] {
        let progress = leader.progress(follower);
        assert_eq!((progress.next, progress.matched), (index(3), index(0)));
    }
}

/// Paper 5.3: after a refusal the leader tries an earlier entry, until the logs agree.
#[test]
fn a_leader_goes_back_until_the_logs_agree() {
    let mut leader = leader_after(&[1, 1, 3, 3]);
    leader.hear(1, reply(4, lacks(4, at(2, 3))));
    assert_eq!(leader.sent_to(1), [append(4, at(1, 2), 3, &[3, 4], 0)]);
    leader.hear(1, reply(4, lacks(2, at(0, 0))));
    assert_eq!(leader.sent_to(1), [append(4, at(0, 0), 1, &[1, 2], 0)]);
    leader.hear(1, reply(4, matches(2)));
    assert_eq!(leader.sent_to(1)[0], append(4, at(1, 2), 3, &[3, 4], 0), "and goes on from there");
    assert_eq!(leader.sent_to(1)[1], append_batch(4, at(3, 4), Batch::Noop, 0));
}

/// Paper 5.3: each refusal moves the leader back, whatever the hint says.
#[test]
fn a_refusal_always_moves_the_leader_back() {
    for hint in [at(0, 0), at(1, 1), at(3, 4), at(9, 9), at(u64::MAX, u64::MAX)] {
        let mut leader = leader_after(&[1, 1, 3, 3]);
        let mut next = leader.progress(1).next;
        while next > index(1) {
            leader.hear(1, reply(4, lacks(next.previous().get(), hint)));
            assert!(leader.progress(1).next < next, "{hint:?}");
            next = leader.progress(1).next;
        }
    }
}

/// Paper 5.3: a leader does not go behind what it knows to match, though a refusal comes late.
#[test]
fn a_late_refusal_does_not_go_behind_what_matches() {
    let mut leader = Subject::leader(plain(3));
    leader.ask(propose(&[7, 8]));
    leader.hear(1, reply(1, matches(3)));
    leader.hear(1, reply(1, lacks(2, at(0, 0))));
    assert_eq!((leader.progress(1).matched, leader.progress(1).next), (index(3), index(4)));
    assert_eq!(leader.sent(), []);
    leader.ask(propose(&[9]));
    leader.hear(1, reply(1, lacks(4, at(0, 0))));
    assert_eq!((leader.progress(1).matched, leader.progress(1).next), (index(3), index(4)));
    assert_eq!(leader.sent(), [(1, append(1, at(1, 3), 1, &[9], 3))]);
}

/// Paper 5.3: a refusal of what was sent before the leader last went back is no news.
#[test]
fn a_repeated_refusal_is_no_news() {
    let mut leader = leader_after(&[1, 1, 3, 3]);
    leader.hear(1, reply(4, lacks(4, at(1, 2))));
    let before = leader.server.clone();
    leader.hear(1, reply(4, lacks(4, at(1, 2))));
    assert_eq!((leader.server, leader.ops), (before, vec![]));
}

/// Paper 5.3: an answer that comes late does not take back what matches.
#[test]
fn a_late_answer_takes_nothing_back() {
    let mut leader = Subject::leader(plain(3));
    leader.ask(propose(&[7, 8]));
    leader.hear(1, reply(1, matches(3)));
    let before = leader.server.clone();
    leader.hear(1, reply(1, matches(1)));
    assert_eq!((leader.server, leader.ops), (before, vec![]));
}

/// Paper 5.3: the leader repeats without end what may have been lost.
#[test]
fn heartbeats_repeat_what_may_have_been_lost() {
    let mut leader = leader_after(&[1]);
    for _ in 0..3 {
        leader.expire(Timer::Heartbeat);
        assert_eq!(leader.sent_to(1), [append_batch(4, at(1, 1), Batch::Noop, 0)]);
        assert!(leader.ops.contains(&Op::Arm(Timer::Heartbeat)));
    }
    leader.hear(1, reply(4, matches(2)));
    leader.ask(propose(&[7]));
    leader.expire(Timer::Heartbeat);
    assert_eq!(leader.sent_to(1), [append(4, at(4, 3), 4, &[], 2)], "a loss before it will show");
    leader.hear(1, reply(4, lacks(3, at(4, 2))));
    assert_eq!(leader.sent_to(1), [append(4, at(4, 2), 4, &[7], 2)]);
}

/// Paper 5.3: a leader never changes or deletes what is in its log (Figure 3, Append-Only).
#[test]
fn a_leader_only_appends() {
    let mut leader = leader_after(&[1, 3]);
    let events = [
        reply(4, matches(3)),
        reply(4, lacks(1, at(0, 0))),
        append(3, at(0, 0), 3, &[9], 9),
        offer(3, snapshot(at(3, 9), members(&[1], &[]))),
        request_vote(4, at(9, 9), false),
    ];
    for message in events {
        leader.hear(1, message);
        leader.ask(propose(&[7]));
        assert_eq!(leader.terms()[..3], [1, 3, 4]);
        assert_eq!(leader.entries()[..2], [(1, 1), (2, 2)]);
    }
}

/// Paper 5.2: acknowledgements of another term count for nothing.
#[test]
fn answers_of_another_term_count_for_nothing() {
    let mut leader = leader_after(&[1]);
    let before = leader.server.clone();
    for term in 0..4 {
        leader.hear(1, reply(term, matches(2)));
        leader.hear(1, reply(term, lacks(1, at(0, 0))));
        assert_eq!((&leader.server, &leader.ops), (&before, &vec![]));
    }
    leader.hear(1, reply(5, matches(2)));
    assert!(!leader.server.is_leader(), "and a newer one ends the leadership (5.1)");
    assert_eq!(leader.commit(), 0);
}

/// Paper 5.1: an answer that the follower's term is later ends the leadership.
#[test]
fn a_stale_leader_makes_room() {
    let mut leader = leader_after(&[1]);
    leader.hear(1, reply(7, Answer::Stale));
    assert!(!leader.server.is_leader());
    assert_eq!(leader.term(), 7);
}

/// Thesis 10.2.2: once the logs agree the leader does not wait for answers before it sends more,
/// and one message takes all that waits.
#[test]
fn messages_follow_one_another_without_waiting() {
    let mut leader = Subject::leader(plain(3));
    for (command, prev) in [(7, 1), (8, 2), (9, 3)] {
        leader.ask(propose(&[command]));
        assert_eq!(leader.sent_to(1), [append(1, at(1, prev), 1, &[command], 1)]);
    }
    assert_eq!(leader.progress(1).mode, Mode::Replicate);
    leader.hear(1, reply(1, matches(4)));
    assert_eq!(leader.commit(), 4);
}

/// Thesis 10.2.2: while it is not known where the logs part, there is one message at a time.
#[test]
fn a_probe_waits_for_its_answer() {
    let mut leader = leader_after(&[1]);
    leader.ask(propose(&[7]));
    assert_eq!(leader.sent(), []);
    leader.hear(1, reply(4, matches(2)));
    assert_eq!(leader.sent_to(1), [append(4, at(4, 2), 4, &[7], 2)]);
}

/// Thesis 10.2.2: a lost message shows as a gap; then the leader looks again where the logs part.
#[test]
fn a_gap_takes_the_leader_back() {
    let mut leader = Subject::leader(plain(3));
    leader.ask(propose(&[7]));
    leader.ask(propose(&[8]));
    leader.hear(1, reply(1, lacks(2, at(1, 1)))); // The first was lost.
    assert_eq!(leader.sent_to(1), [append(1, at(1, 1), 1, &[7, 8], 1)]);
    assert_eq!(leader.progress(1).mode, Mode::Probe { sent: true });
}

/// Thesis 10.2.2: what the host says is unreachable is asked again with the next heartbeat, from
/// what it is known to have.
#[test]
fn an_unreachable_follower_is_asked_with_the_next_heartbeat() {
    let mut leader = Subject::leader(plain(3));
    leader.ask(propose(&[7]));
    leader.ask(Input::Unreachable(node(1)));
    assert_eq!(leader.ops, []);
    leader.ask(propose(&[8]));
    assert_eq!(leader.sent_to(1), []);
    leader.expire(Timer::Heartbeat);
    assert_eq!(leader.sent_to(1), [append(1, at(1, 1), 1, &[7], 1)], "one entry, as it may be gone");
    leader.hear(1, reply(1, matches(2)));
    assert_eq!(leader.sent_to(1), [append(1, at(1, 2), 1, &[8], 2)]);
}

/// Thesis 10.2.2: a new leader that cannot reach a follower does not forget where it was going to
/// ask: the follower may come back with its whole log.
#[test]
fn an_unreachable_follower_is_asked_where_it_would_have_been() {
    let mut leader = leader_after(&[1]);
    leader.ask(Input::Unreachable(node(1)));
    assert_eq!(leader.ops, []);
    leader.expire(Timer::Heartbeat);
    assert_eq!(leader.sent_to(1), [append_batch(4, at(1, 1), Batch::Noop, 0)]);
}

fn limited(limits: Limits) -> Subject {
    Subject::leader(plain(3).with_limits(limits))
}

/// Thesis 10.2.2: a message has as many entries as the limits allow, but at least one.
#[test]
fn a_message_is_limited() {
    let (entries, bytes) = (Limits { message_entries: 2, ..Limits::default() }, Limits::default());
    for limits in [entries, Limits { message_bytes: 2, ..bytes }] {
        let mut leader = limited(limits);
        leader.ask(propose(&[5, 6, 7]));
        let sent = [append(1, at(1, 1), 1, &[5, 6], 1), append(1, at(1, 3), 1, &[7], 1)];
        assert_eq!(leader.sent_to(1), sent);
    }
    let mut leader = limited(Limits { message_bytes: 0, ..bytes });
    leader.ask(propose(&[5, 6]));
    assert_eq!(leader.sent_to(1).len(), 2);
}

/// Thesis 10.2.2: what is under way without an answer is limited; the answer lets the next go.
#[test]
fn what_is_under_way_is_limited() {
    let (entries, bytes) = (Limits { in_flight_entries: 2, ..Limits::default() }, Limits::default());
    for limits in [entries, Limits { in_flight_bytes: 2, ..bytes }] {
        let mut leader = limited(limits);
        leader.ask(propose(&[5, 6, 7]));
        assert_eq!(leader.sent_to(1), [append(1, at(1, 1), 1, &[5, 6], 1)]);
        leader.ask(propose(&[8]));
        assert_eq!(leader.sent_to(1), []);
        leader.hear(1, reply(1, matches(2)));
        assert_eq!(leader.sent_to(1)[0], append(1, at(1, 3), 1, &[7], 2));
        leader.hear(1, reply(1, matches(4)));
        assert_eq!(leader.sent_to(1)[0], append(1, at(1, 4), 1, &[8], 4));
    }
}

/// Thesis 10.2.2: what is under way counts, though the beginning of it is compacted meanwhile.
#[test]
fn what_is_under_way_counts_after_a_compaction() {
    let mut leader = limited(Limits { in_flight_bytes: 2, ..Limits::default() });
    leader.ask(propose(&[5, 6]));
    leader.hear(1, reply(1, matches(3)));
    leader.ask(Input::Compact(index(2)));
    leader.ask(propose(&[7, 8]));
    assert_eq!(leader.sent_to(2), [append(1, at(1, 3), 1, &[7], 3)]);
}

/// Thesis 10.2.2: a heartbeat goes out however much is under way.
#[test]
fn a_heartbeat_is_never_limited() {
    let mut leader = limited(Limits { in_flight_entries: 1, ..Limits::default() });
    leader.ask(propose(&[5, 6]));
    leader.expire(Timer::Heartbeat);
    assert_eq!(leader.sent_to(1), [append(1, at(1, 2), 1, &[], 1)]);
}

/// Paper 8: a leader takes on no more than the host allowed, and says so; a single proposal is
/// taken on however large it is.
#[test]
fn a_leader_takes_on_a_limited_amount() {
    let mut leader = limited(Limits { uncommitted_bytes: 2, ..Limits::default() });
    leader.ask(propose(&[1, 2, 3]));
    assert_eq!(leader.last(), at(1, 4));
    leader.ask(propose(&[4]));
    leader.refused(Refused::Proposal, Refusal::TooMuchUncommitted { bytes: 3 });
    leader.hear(1, reply(1, matches(4)));
    leader.ask(propose(&[4]));
    leader.ask(propose(&[5]));
    leader.ask(propose(&[6]));
    leader.refused(Refused::Proposal, Refusal::TooMuchUncommitted { bytes: 2 });
    leader.ask(propose(&[]));
    leader.refused(Refused::Proposal, Refusal::NoCommands);
}

/// Paper 5.3: the leader tells with each message what is committed; at once, if it is to be prompt.
#[test]
fn followers_hear_what_is_committed() {
    for prompt_commit in [true, false] {
        let mut leader = Subject::leader(plain(3).with_options(Options { prompt_commit, ..PLAIN }));
        leader.ask(propose(&[7]));
        leader.hear(1, reply(1, matches(2)));
        let notices = [(1, committed(1, at(1, 2))), (2, committed(1, at(1, 2)))];
        assert_eq!(leader.sent(), if prompt_commit { &notices[..] } else { &[] });
        leader.expire(Timer::Heartbeat);
        let news = [(1, append(1, at(1, 2), 1, &[], 2)), (2, append(1, at(1, 2), 1, &[], 2))];
        assert_eq!(leader.sent(), news);
    }
}

/// Paper 5.3 (Figure 7): whatever followers lack or have too much, they end with the leader's log.
#[test]
fn logs_that_parted_come_together() {
    let config = |id| Config::new(id, members(&[0, 1, 2, 3, 4], &[])).with_options(PLAIN);
    let mut cluster = Cluster::new(5, config);
    cluster.lead(0);
    cluster.ask(0, propose(&[1, 2]));
    for (leader, reached) in [(0, [1, 2, 3, 4]), (1, [2, 3, 4, 0]), (2, [3, 4, 0, 1])] {
        // A leader adds what nobody else gets, and then one entry that only one other gets.
        cluster.lead(leader);
        cluster.cut = nodes(&reached);
        cluster.ask(leader, propose(&[10 + leader, 20 + leader]));
        cluster.cut = nodes(&reached[1..]);
        cluster.expire(leader, Timer::Heartbeat);
        cluster.ask(leader, propose(&[30 + leader]));
        cluster.cut = nodes(&[]);
        cluster.crash(leader);
        cluster.elect(4);
        cluster.elect(3);
    }
    cluster.lead(3);
    let last = cluster.server(3).log().last().index;
    cluster.agree(&[0, 1, 2, 3, 4], last.get());
    let of = |number: u8| {
        let told = cluster.told.iter().filter(move |(from, _)| *from == number);
        told.filter(|(_, output)| matches!(output, Output::Committed(_))).map(|(_, output)| *output)
    };
    assert!(of(3).is_sorted(), "what is committed only grows");
}

/// Paper, Figure 3, Leader Append-Only. No mutant of the machine breaks it, since whoever is sent
/// entries follows their sender first; so here is that the invariant could tell: two leaders of one
/// term, of whom one would be the other after it replaced an entry, or lost one.
#[test]
fn a_leader_that_took_back_an_entry_would_be_noticed() {
    let led = |proposals: &[&[u8]]| {
        let mut leader = Subject::leader(plain(3));
        proposals.iter().for_each(|commands| leader.ask(propose(commands)));
        leader.server
    };
    let holds = |before: &Server, after: &Server| {
        let event = Event::Input(propose(&[7]));
        let (cause, disk) = (Cause::Event(&event), &before.durable());
        leader_append_only(&Step { node: node(0), cause, before, disk, performed: &[], after })
    };
    assert!(holds(&led(&[&[1]]), &led(&[&[1]])));
    assert!(holds(&led(&[&[1]]), &led(&[&[1], &[2]])));
    assert!(!holds(&led(&[&[1]]), &led(&[])), "one is lost");
    assert!(!holds(&led(&[&[1]]), &led(&[&[2]])), "one is replaced");
    assert!(!holds(&led(&[&[1]]), &led(&[&[2], &[3]])), "and more follow");
}
