//! Paper 5.4.1: who may be elected.

use althing::raft::election::{Config, Election, Input, Message, Role, Term, Timer};
use althing::{Event, Machine, NodeSet, Outbox};

use crate::subject::*;

/// Paper 5.4.1: a voter that has more than the candidate denies its vote.
#[test]
fn a_less_up_to_date_candidate_is_denied() {
    let mut subject = Subject::new(plain(3));
    subject.hear(1, request_vote(1, OWN - 1));
    assert_eq!(subject.sent(), [(1, vote_reply(1, false))]);
    assert_eq!(subject.disk(), ballot(1, None));
}

/// Paper 5.4.1: as much as the voter has is enough.
#[test]
fn an_equally_up_to_date_candidate_is_granted() {
    let mut subject = Subject::new(plain(3));
    subject.hear(1, request_vote(1, OWN));
    assert_eq!(subject.sent(), [(1, vote_reply(1, true))]);
    assert_eq!(subject.disk(), ballot(1, Some(1)));
}

/// Paper 5.4.1: more than the voter has is enough, too.
#[test]
fn a_more_up_to_date_candidate_is_granted() {
    let mut subject = Subject::new(plain(3));
    subject.hear(1, request_vote(1, OWN + 1));
    assert_eq!(subject.sent(), [(1, vote_reply(1, true))]);
}

/// Paper 5.2, 5.4.1: a vote that was denied is still there for a better candidate.
#[test]
fn a_denied_vote_is_not_spent() {
    let mut subject = Subject::new(plain(3));
    subject.hear(1, request_vote(1, OWN - 1));
    subject.hear(2, request_vote(1, OWN));
    assert_eq!(subject.sent(), [(2, vote_reply(1, true))]);
}

/// Paper 5.4.1, Figure 2: the vote that a candidate already has does not excuse a credential
/// that is too small.
#[test]
fn a_second_request_is_held_to_the_restriction_as_well() {
    let mut subject = Subject::restart(plain(3), ballot(1, Some(1)));
    subject.hear(1, request_vote(1, OWN - 1));
    assert_eq!(subject.sent(), [(1, vote_reply(1, false))]);
}

/// Paper 5.4.1: what counts is what the voter has when it is asked, and the candidate when it
/// asks. A log does not shrink.
#[test]
fn the_credential_grows_with_the_log() {
    let mut subject = Subject::new(plain(3));
    let advance = |credential| Event::Input(Input::Advance(credential));
    subject.step(advance(OWN + 2));
    subject.step(advance(OWN + 1));
    assert!(subject.ops.is_empty());
    assert_eq!(subject.server.credential(), OWN + 2);
    subject.hear(1, request_vote(1, OWN + 1));
    assert_eq!(subject.sent(), [(1, vote_reply(1, false))]);
    subject.hear(1, request_vote(2, OWN + 2));
    assert_eq!(subject.sent(), [(1, vote_reply(2, true))]);
    subject.expire(Timer::Election);
    assert_eq!(subject.sent()[0], (1, request_vote(3, OWN + 2)));
    let crashed = subject.crash();
    assert_eq!(crashed.server.credential(), OWN, "the host tells it anew after a crash");
}

/// Paper 5.4.1: of two logs the one with the later last term is more up-to-date, whatever their
/// lengths; with equal last terms the longer one is.
#[test]
fn a_later_last_term_beats_a_longer_log() {
    type Position = (Term, u64);
    let at = |term, index| (Term::new(term), index);
    let granted = |candidate: Position| {
        let config = Config::new(node(0), NodeSet::first(3)).unwrap().with_credential(at(2, 7));
        let mut out = Outbox::new();
        let mut voter: Election<Position> =
            Election::restart(config.with_pre_vote(false), ballot(2, None), &mut out);
        let message = Message::RequestVote { term: Term::new(3), credential: candidate, transfer: false };
        voter.step(Event::Message { from: node(1), message }, &mut out);
        voter.vote() == Some(node(1))
    };
    assert!(granted(at(3, 1)), "a later last term, a shorter log");
    assert!(!granted(at(1, 99)), "an earlier last term, a longer log");
    assert!(granted(at(2, 8)) && granted(at(2, 7)), "the same last term, not shorter");
    assert!(!granted(at(2, 6)), "the same last term, shorter");
}

/// Thesis 9.6: a pre-vote is held to the same restriction.
#[test]
fn a_pre_vote_is_held_to_the_restriction() {
    for (credential, granted) in [(OWN - 1, false), (OWN, true), (OWN + 1, true)] {
        let mut subject = Subject::new(careful(3));
        subject.hear(1, pre_vote(0, credential));
        assert_eq!(subject.sent(), [(1, pre_vote_reply(0, granted))]);
    }
}

/// Thesis 9.6, paper 5.4.1: a pre-vote, too, is asked for and judged with what there is by now.
#[test]
fn a_pre_vote_goes_by_the_grown_credential() {
    let mut subject = Subject::new(careful(3));
    subject.step(Event::Input(Input::Advance(OWN + 2)));
    subject.hear(1, pre_vote(0, OWN + 1));
    assert_eq!(subject.sent(), [(1, pre_vote_reply(0, false))]);
    subject.expire(Timer::Election);
    assert_eq!(subject.sent()[0], (1, pre_vote(0, OWN + 2)));
}

/// Paper 5.4.1: the restriction is the voter's to keep. A candidate counts whatever it is given.
#[test]
fn a_candidate_counts_the_vote_of_a_better_server() {
    let mut subject = Subject::candidate(3);
    subject.hear(1, vote_reply(1, true));
    assert!(matches!(subject.role(), Role::Leader { .. }));
}
