//! What goes over the wire and onto the disk, as JSON: readable, and back to what it was.
#![cfg(feature = "serde")]

use std::fmt::Debug;

use althing::raft::election::{Ballot, Election, Input, LeaderChanged, Message, Term, Timer};
use althing::{Event, NodeId, NodeSet, Op};
use proptest::prelude::*;
use serde_json::{Value, from_value, json, to_value};

type Server = Election<u8>;

const TERM: Term = Term::new(7);

fn node(number: u8) -> NodeId {
    NodeId::new(number).expect("a test's node is below 64")
}

/// The value has this form, and the form means this value.
#[track_caller]
fn has_form<T>(value: T, form: Value)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + Debug,
{
    assert_eq!(to_value(&value).expect("it can be written"), form);
    assert_eq!(from_value::<T>(form).expect("it can be read"), value);
}

#[track_caller]
fn refused<T: serde::de::DeserializeOwned + Debug>(form: Value) -> String {
    from_value::<T>(form).expect_err("not a value of this type").to_string()
}

#[test]
fn messages_are_named_after_what_they_do() {
    let (term, credential) = (TERM, 3_u8);
    let forms = [
        (Message::PreVote { term, credential }, json!({"pre_vote": {"term": 7, "credential": 3}})),
        (
            Message::PreVoteReply { term, granted: true },
            json!({"pre_vote_reply": {"term": 7, "granted": true}}),
        ),
        (
            Message::RequestVote { term, credential, transfer: false },
            json!({"request_vote": {"term": 7, "credential": 3, "transfer": false}}),
        ),
        (Message::VoteReply { term, granted: false }, json!({"vote_reply": {"term": 7, "granted": false}})),
        (Message::Heartbeat { term }, json!({"heartbeat": {"term": 7}})),
        (Message::HeartbeatReply { term }, json!({"heartbeat_reply": {"term": 7}})),
    ];
    for (message, form) in forms {
        has_form(message, form);
    }
    let bare = Message::RequestVote { term, credential: (), transfer: false };
    has_form(bare, json!({"request_vote": {"term": 7, "credential": null, "transfer": false}}));
}

#[test]
fn a_ballot_is_a_term_and_a_vote() {
    has_form(Ballot { term: TERM, vote: Some(node(2)) }, json!({"term": 7, "vote": 2}));
    has_form(Ballot::default(), json!({"term": 0, "vote": null}));
    has_form(Term::new(u64::MAX), json!(u64::MAX));
}

#[test]
fn timers_inputs_and_outputs_are_readable() {
    let forms = [
        (Timer::Election, "election"),
        (Timer::Lease, "lease"),
        (Timer::Heartbeat, "heartbeat"),
        (Timer::Quorum, "quorum"),
    ];
    for (timer, form) in forms {
        has_form(timer, json!(form));
    }
    has_form(Input::Advance(3_u8), json!({"advance": 3}));
    has_form(LeaderChanged { term: TERM, leader: Some(node(2)) }, json!({"term": 7, "leader": 2}));
    has_form(LeaderChanged { term: TERM, leader: None }, json!({"term": 7, "leader": null}));
}

#[test]
fn events_and_operations_are_readable() {
    let message = Message::Heartbeat { term: TERM };
    let heartbeat = json!({"heartbeat": {"term": 7}});
    let arrived = json!({"message": {"from": 2, "message": heartbeat}});
    has_form(Event::<Server>::Message { from: node(2), message }, arrived);
    has_form(Event::<Server>::Timer(Timer::Lease), json!({"timer": "lease"}));
    has_form(Event::<Server>::Input(Input::Advance(3)), json!({"input": {"advance": 3}}));
    let ballot = Ballot { term: TERM, vote: None };
    has_form(Op::<Server>::Write(ballot), json!({"write": {"term": 7, "vote": null}}));
    has_form(Op::<Server>::Sync, json!("sync"));
    has_form(Op::<Server>::Send { to: node(1), message }, json!({"send": {"to": 1, "message": heartbeat}}));
    has_form(Op::<Server>::Arm(Timer::Quorum), json!({"arm": "quorum"}));
    has_form(Op::<Server>::Disarm(Timer::Quorum), json!({"disarm": "quorum"}));
    let output = LeaderChanged { term: TERM, leader: None };
    has_form(Op::<Server>::Output(output), json!({"output": {"term": 7, "leader": null}}));
}

#[test]
fn nodes_are_numbers_and_sets_are_lists_of_them() {
    has_form(node(63), json!(63));
    has_form([node(63), node(0)].into_iter().collect::<NodeSet>(), json!([0, 63]));
    has_form(NodeSet::EMPTY, json!([]));
}

#[test]
fn a_node_above_63_is_refused_by_name_wherever_it_stands() {
    let why = "node 64 is out of range: nodes are numbered 0 to 63";
    assert_eq!(refused::<NodeId>(json!(64)), why);
    assert_eq!(refused::<NodeSet>(json!([0, 64])), why);
    assert_eq!(refused::<Ballot>(json!({"term": 7, "vote": 64})), why);
    let message = json!({"message": {"from": 64, "message": {"heartbeat": {"term": 7}}}});
    assert_eq!(refused::<Event<Server>>(message), why);
    assert!(refused::<NodeId>(json!(256)).contains("256"));
    assert!(refused::<NodeId>(json!(-1)).contains("-1"));
}

#[test]
fn unknown_variants_and_missing_fields_are_refused() {
    assert!(refused::<Message<u8>>(json!({"coup": {"term": 7}})).contains("unknown variant `coup`"));
    assert!(refused::<Message<u8>>(json!({"Heartbeat": {"term": 7}})).contains("unknown variant"));
    assert!(refused::<Message<u8>>(json!({"vote_reply": {"term": 7}})).contains("missing field `granted`"));
    assert!(refused::<Timer>(json!("tea")).contains("unknown variant `tea`"));
    assert!(refused::<Op<Server>>(json!({"delete": 1})).contains("unknown variant `delete`"));
    assert!(refused::<Event<Server>>(json!("restart")).contains("unknown variant `restart`"));
    assert!(refused::<Ballot>(json!({"vote": 2})).contains("missing field `term`"));
    assert!(refused::<Term>(json!(-1)).contains("-1"));
}

/// Otherwise a damaged disk would give its server a second vote.
#[test]
fn a_ballot_without_its_vote_is_refused() {
    assert!(refused::<Ballot>(json!({"term": 7})).contains("missing field `vote`"));
    let misspelt = json!({"term": 7, "vote": null, "voted_for": 2});
    assert!(refused::<Ballot>(misspelt).contains("unknown field `voted_for`"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_is_read_back(
        number: u64, credential: u8, granted: bool, vote in prop::option::of(0..64_u8), bits: u64
    ) {
        let term = Term::new(number);
        let messages = [
            Message::PreVote { term, credential },
            Message::PreVoteReply { term, granted },
            Message::RequestVote { term, credential, transfer: false },
            Message::VoteReply { term, granted },
            Message::Heartbeat { term },
            Message::HeartbeatReply { term },
        ];
        for message in messages {
            let text = serde_json::to_string(&message).unwrap();
            prop_assert_eq!(serde_json::from_str::<Message<u8>>(&text).unwrap(), message);
        }
        let ballot = Ballot { term, vote: vote.map(node) };
        let text = serde_json::to_string(&ballot).unwrap();
        prop_assert_eq!(serde_json::from_str::<Ballot>(&text).unwrap(), ballot);
        let set = NodeSet::from_bits(bits);
        let text = serde_json::to_string(&set).unwrap();
        prop_assert_eq!(serde_json::from_str::<NodeSet>(&text).unwrap(), set);
    }
}
