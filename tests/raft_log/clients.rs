//! Paper 8, thesis 6.2 and 6.4: what clients ask.

use althing::raft::{Answer, Config, Input, Message, Options, Output, Refusal, Refused, Term, Timer};

use crate::subject::*;

fn read(token: u64, up_to: u64) -> Output {
    Output::Read { token, index: index(up_to) }
}

fn reads(subject: &Subject) -> Vec<Output> {
    subject.told().into_iter().filter(|output| matches!(output, Output::Read { .. })).collect()
}

/// Paper 8, thesis 6.2: who is not the leader turns clients away, and names the leader.
#[test]
fn a_follower_names_the_leader() {
    let mut subject = Subject::new(plain(3));
    for leader in [None, Some(2)] {
        if let Some(leader) = leader {
            subject.hear(leader, append(1, at(0, 0), 1, &[], 0));
        }
        let why = Refusal::NotLeader { leader: leader.map(node) };
        subject.ask(propose(&[7]));
        subject.refused(Refused::Proposal, why);
        subject.ask(Input::Read(5));
        subject.refused(Refused::Read(5), why);
        subject.ask(Input::Transfer(node(1)));
        subject.refused(Refused::Transfer(node(1)), why);
    }
}

/// Thesis 6.2: or it passes on what they ask, if it is to; and the leader takes it for its own.
#[test]
fn a_follower_passes_proposals_on() {
    let options = Options { forward: true, ..PLAIN };
    let mut subject = Subject::new(plain(3).with_options(options));
    subject.ask(propose(&[7]));
    subject.refused(Refused::Proposal, Refusal::NotLeader { leader: None });
    subject.hear(2, append(1, at(0, 0), 1, &[], 0));
    subject.ask(propose(&[7, 8]));
    let passed = Message::Propose { term: Term::new(1), commands: [7, 8].into_iter().collect() };
    assert_eq!(subject.sent(), [(2, passed.clone())]);
    assert_eq!(subject.written(), []);
    let mut leader = Subject::leader(plain(3));
    leader.hear(1, passed.clone());
    assert_eq!(leader.entries(), [(2, 7), (3, 8)]);
    assert_eq!(leader.sent_to(1), [append(1, at(1, 1), 1, &[7, 8], 1)]);
    subject.hear(1, passed);
    subject.refused(Refused::Forwarded(node(1)), Refusal::NotLeader { leader: Some(node(2)) });
}

/// Paper 5.1: what a follower of a newer term passes on is not for this leader.
#[test]
fn a_proposal_of_a_newer_term_deposes() {
    let mut leader = Subject::leader(plain(3));
    leader.hear(1, Message::Propose { term: Term::new(2), commands: [7].into_iter().collect() });
    assert!(!leader.server.is_leader());
    assert_eq!(leader.last(), at(1, 1));
    let refused = Output::Refused(Refused::Forwarded(node(1)), Refusal::NotLeader { leader: None });
    assert!(leader.told().contains(&refused));
}

/// Paper 8, thesis 6.4: a leader does not know what is committed before it has committed an entry
/// of its own term.
#[test]
fn a_read_waits_for_an_entry_of_the_term() {
    let mut leader = Subject::elected(plain(3), disk(3, &[1, 2]));
    leader.ask(Input::Read(5));
    leader.refused(Refused::Read(5), Refusal::NotReady);
    leader.hear(1, reply(4, matches(2)));
    leader.ask(Input::Read(5));
    leader.refused(Refused::Read(5), Refusal::NotReady);
    leader.hear(1, reply(4, matches(3)));
    leader.ask(Input::Read(5));
    leader.hear(1, reply_in(4, matches(3), 1));
    assert_eq!(reads(&leader), [read(5, 3)]);
}

/// Paper 8, thesis 6.4: before it answers a read a leader hears from a majority, itself included,
/// that it leads.
#[test]
fn a_read_needs_a_majority() {
    for size in 2..=6_u8 {
        let mut leader = Subject::leader(plain(size));
        leader.ask(Input::Read(5));
        for follower in 1..size {
            let majority = 2 * (follower + 1) > size && 2 * follower <= size;
            leader.hear(follower, reply_in(1, matches(1), 1));
            assert_eq!(reads(&leader).len(), usize::from(majority), "{follower} of {size}");
        }
    }
    let mut alone = Subject::leader(plain(1));
    alone.ask(Input::Read(5));
    assert_eq!(alone.told(), [read(5, 1)]);
}

/// Thesis 6.4: the leader asks all others at once, with the round in the question.
#[test]
fn a_read_asks_at_once() {
    let mut leader = Subject::leader(plain(3));
    for round in 1..4 {
        leader.ask(Input::Read(5));
        let asked =
            Message::Append { term: Term::new(1), prev: at(1, 1), entries: None, commit: index(1), round };
        assert_eq!(leader.sent(), [(1, asked.clone()), (2, asked)]);
    }
}

/// Thesis 6.4: a follower's answer says which question it answers.
#[test]
fn an_answer_repeats_the_round() {
    let mut subject = Subject::new(plain(3));
    for (prev, answer) in [(at(0, 0), matches(0)), (at(1, 4), lacks(4, at(0, 0)))] {
        let asked = Message::Append { term: Term::new(1), prev, entries: None, commit: index(0), round: 7 };
        subject.hear(1, asked);
        assert_eq!(subject.sent(), [(1, reply_in(1, answer, 7))]);
    }
}

/// Thesis 6.4: an answer to what was sent before the read confirms nothing, though the host's
/// number is the same (as in etcd issue 20418).
#[test]
fn a_late_answer_confirms_no_later_read() {
    let mut leader = Subject::leader(plain(3));
    leader.ask(Input::Read(5));
    leader.hear(1, reply_in(1, matches(1), 1));
    assert_eq!(reads(&leader), [read(5, 1)]);
    leader.ask(Input::Read(5));
    for late in [0, 1] {
        leader.hear(2, reply_in(1, matches(1), late));
        leader.hear(1, reply_in(1, matches(1), late));
        assert_eq!(reads(&leader), []);
    }
    leader.hear(2, reply_in(1, matches(1), 2));
    assert_eq!(reads(&leader), [read(5, 1)]);
}

/// Thesis 6.4: a later answer confirms all reads before it.
#[test]
fn one_answer_confirms_several_reads() {
    let mut leader = Subject::leader(plain(5));
    leader.ask(Input::Read(5));
    leader.ask(propose(&[7]));
    leader.ask(Input::Read(6));
    leader.hear(1, reply_in(1, matches(2), 2));
    assert_eq!(reads(&leader), []);
    leader.hear(2, reply_in(1, matches(2), 1));
    assert_eq!(reads(&leader), [read(5, 1)], "from what was committed when it was asked");
    leader.hear(3, reply_in(1, matches(2), 2));
    assert_eq!(reads(&leader), [read(6, 1)]);
}

/// Thesis 6.4: answers of another term, or of who has no vote, confirm nothing.
#[test]
fn only_voters_of_the_term_confirm() {
    let config = Config::new(node(0), members(&[0, 1, 2], &[3])).with_options(PLAIN);
    let mut leader = Subject::elected(config, disk(3, &[]));
    leader.hear(1, reply(4, matches(1)));
    leader.ask(Input::Read(5));
    for (from, term) in [(3, 4), (9, 4), (1, 3), (2, 0)] {
        leader.hear(from, reply_in(term, matches(1), 1));
        assert_eq!(reads(&leader), []);
    }
    leader.hear(2, reply_in(4, lacks(1, at(0, 0)), 1));
    assert_eq!(reads(&leader), [read(5, 1)], "whoever listens, whatever it lacks");
}

/// Thesis 4.3, 6.4: while the membership changes a read needs both majorities.
#[test]
fn a_read_needs_both_majorities() {
    let mut leader = Subject::leader(plain(3));
    leader.ask(Input::Change(members(&[2, 3, 4], &[])));
    leader.ask(Input::Read(5));
    for from in [1, 3] {
        leader.hear(from, reply_in(1, matches(0), 1));
        assert_eq!(reads(&leader), []);
    }
    leader.hear(4, reply_in(1, matches(0), 1));
    assert_eq!(reads(&leader), [read(5, 1)]);
}

/// Thesis 6.4: a leader that is deposed answers no read; who asked is told.
#[test]
fn a_deposed_leader_answers_no_read() {
    let mut leader = Subject::leader(plain(3));
    leader.ask(Input::Read(5));
    leader.ask(Input::Read(6));
    leader.hear(1, reply_in(2, Answer::Stale, 1));
    let told = leader.told();
    for token in [5, 6] {
        assert!(told.contains(&Output::Refused(Refused::Read(token), Refusal::NotLeader { leader: None })));
    }
    assert_eq!(reads(&leader), []);
}

/// Thesis 6.4: the rounds of a leadership are its own: an answer from before the last election
/// confirms nothing.
#[test]
fn rounds_do_not_outlive_a_term() {
    let mut leader = Subject::leader(plain(3));
    leader.ask(Input::Read(5));
    leader.hear(1, append(2, at(1, 1), 2, &[], 0));
    leader.expire(Timer::Election);
    leader.hear(1, vote_reply(3));
    leader.hear(1, reply(3, matches(2)));
    leader.ask(Input::Read(5));
    leader.hear(1, reply_in(1, matches(1), 1));
    leader.hear(1, reply_in(2, matches(1), 1));
    assert_eq!(reads(&leader), []);
    leader.hear(2, reply_in(3, matches(2), 1));
    assert_eq!(reads(&leader), [read(5, 2)]);
}
