//! What goes over the wire and onto the disk, as JSON: readable, and back to what it was.
#![cfg(feature = "serde")]

use std::fmt::Debug;

use althing::raft::election::{Ballot, Election, Input, LeaderChanged, Message, Term, Timer};
use althing::raft::{
    self, Answer, Batch, Disk, Entries, Index, LogWrite, Membership, Position, Refusal, Refused,
};
use althing::{Durable, Event, NodeId, NodeSet, Op};
use proptest::prelude::*;
use serde_json::{Value, from_value, json, to_value};

type Server = Election<u8>;

const TERM: Term = Term::new(7);

fn node(number: u8) -> NodeId {
    NodeId::new(number).expect("a test's node is below 128")
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
    has_form(node(127), json!(127));
    has_form([node(127), node(0)].into_iter().collect::<NodeSet>(), json!([0, 127]));
    has_form(NodeSet::EMPTY, json!([]));
}

#[test]
fn a_node_above_127_is_refused_by_name_wherever_it_stands() {
    let why = "node 128 is out of range: nodes are numbered 0 to 127";
    assert_eq!(refused::<NodeId>(json!(128)), why);
    assert_eq!(refused::<NodeSet>(json!([0, 128])), why);
    assert_eq!(refused::<Ballot>(json!({"term": 7, "vote": 128})), why);
    let message = json!({"message": {"from": 128, "message": {"heartbeat": {"term": 7}}}});
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

fn at(term: u64, index: u64) -> Position {
    Position::new(Term::new(term), Index::new(index))
}

fn members(voters: u8) -> Membership {
    Membership::new(NodeSet::first(voters), NodeSet::EMPTY).expect("a membership")
}

/// `members(voters)` as it is written down.
fn listed(voters: u8) -> Value {
    let nodes: Vec<_> = (0..voters).collect();
    json!({"voters": {"incoming": nodes, "outgoing": []}, "learners": []})
}

fn commands(all: &[u8]) -> Batch<u8> {
    Batch::Commands(all.iter().copied().collect())
}

#[test]
fn messages_of_the_log_are_named_after_what_they_do() {
    let (term, round) = (TERM, 2);
    let prev = json!({"term": 3, "index": 4});
    let append = |entries, written: Value| {
        let message = raft::Message::Append { term, prev: at(3, 4), entries, commit: Index::new(1), round };
        let form = json!({"term": 7, "prev": prev, "entries": written, "commit": 1, "round": 2});
        (message, json!({"append": form}))
    };
    let entries = |batch| Some(Entries { term, batch });
    let (change, snapshot) =
        (Batch::Change(members(2)), raft::Snapshot { last: at(3, 4), membership: members(1) });
    let offered = json!({"last": prev, "membership": listed(1)});
    let reply = |answer, form: Value| {
        let message = raft::Message::AppendReply { term, answer, round };
        (message, json!({"append_reply": {"term": 7, "answer": form, "round": 2}}))
    };
    let lacks = Answer::Lacks { prev: Index::new(4), hint: at(1, 2) };
    let forms = [
        append(None, json!(null)),
        append(entries(commands(&[1, 2])), json!({"term": 7, "batch": {"commands": [1, 2]}})),
        append(entries(Batch::Noop), json!({"term": 7, "batch": "noop"})),
        append(entries(change), json!({"term": 7, "batch": {"change": listed(2)}})),
        reply(Answer::Matches(Index::new(9)), json!({"matches": 9})),
        reply(lacks, json!({"lacks": {"prev": 4, "hint": {"term": 1, "index": 2}}})),
        reply(Answer::Stale, json!("stale")),
        (
            raft::Message::Snapshot { term, snapshot, round },
            json!({"snapshot": {"term": 7, "snapshot": offered, "round": 2}}),
        ),
        (
            raft::Message::Committed { term, last: at(5, 8) },
            json!({"committed": {"term": 7, "last": {"term": 5, "index": 8}}}),
        ),
        (raft::Message::TimeoutNow { term }, json!({"timeout_now": {"term": 7}})),
        (
            raft::Message::Propose { term, commands: [1, 2].into_iter().collect() },
            json!({"propose": {"term": 7, "commands": [1, 2]}}),
        ),
        (
            raft::Message::Election(Message::VoteReply { term, granted: true }),
            json!({"election": {"vote_reply": {"term": 7, "granted": true}}}),
        ),
    ];
    for (message, form) in forms {
        has_form::<raft::Message<u8>>(message, form);
    }
}

#[test]
fn inputs_and_outputs_of_the_log_are_readable() {
    has_form(raft::Input::Propose([1_u8].into_iter().collect()), json!({"propose": [1]}));
    has_form(raft::Input::<u8>::Change(members(2)), json!({"change": listed(2)}));
    has_form(raft::Input::<u8>::Transfer(node(1)), json!({"transfer": 1}));
    has_form(raft::Input::<u8>::Read(5), json!({"read": 5}));
    has_form(raft::Input::<u8>::Compact(Index::new(5)), json!({"compact": 5}));
    has_form(raft::Input::<u8>::Persisted(at(1, 2)), json!({"persisted": {"term": 1, "index": 2}}));
    has_form(raft::Input::<u8>::Unreachable(node(1)), json!({"unreachable": 1}));
    has_form(raft::Output::Committed(Index::new(5)), json!({"committed": 5}));
    has_form(
        raft::Output::Read { token: 5, index: Index::new(2) },
        json!({"read": {"token": 5, "index": 2}}),
    );
    let why = Refusal::NotLeader { leader: Some(node(2)) };
    let refused = json!({"refused": ["proposal", {"not_leader": {"leader": 2}}]});
    has_form(raft::Output::Refused(Refused::Proposal, why), refused);
}

#[test]
fn memberships_are_lists_of_servers() {
    has_form(members(2), listed(2));
    let joint = members(2).towards(members(1));
    has_form(joint, json!({"voters": {"incoming": [0], "outgoing": [0, 1]}, "learners": []}));
    has_form(Membership::UNKNOWN, listed(0));
}

#[test]
fn a_membership_that_cannot_be_is_refused() {
    let form = |incoming: &[u8], learners: &[u8]| json!({"voters": {"incoming": incoming, "outgoing": [1]}, "learners": learners});
    assert_eq!(refused::<Membership>(form(&[], &[2])), "a cluster needs at least one voter");
    assert_eq!(refused::<Membership>(form(&[0, 2], &[2])), "{n2} cannot be voters and learners at once");
    assert_eq!(refused::<Membership>(form(&[0, 2, 0], &[])), "node 0 is listed twice");
    assert_eq!(
        refused::<Membership>(form(&[0, 128], &[])),
        "node 128 is out of range: nodes are numbered 0 to 127"
    );
    assert!(refused::<Membership>(json!({"voters": {"incoming": [0]}})).contains("missing field `outgoing`"));
}

/// Term 5, a vote, and three entries after a snapshot.
fn disk() -> (Disk<u8>, Value) {
    let mut disk = Disk::default();
    let snapshot = raft::Snapshot { last: at(1, 2), membership: members(1) };
    let ballot = Ballot { term: Term::new(5), vote: Some(node(2)) };
    let append =
        |after, term, batch| LogWrite::Append { after: Index::new(after), term: Term::new(term), batch };
    let writes = [
        (raft::Write::Ballot(ballot), json!({"ballot": {"term": 5, "vote": 2}})),
        (
            raft::Write::Log(LogWrite::Install(snapshot)),
            json!({"log": {"install": {"last": {"term": 1, "index": 2}, "membership": listed(1)}}}),
        ),
        (
            raft::Write::Log(append(2, 2, Batch::Noop)),
            json!({"log": {"append": {"after": 2, "term": 2, "batch": "noop"}}}),
        ),
        (
            raft::Write::Log(append(3, 2, commands(&[7, 8]))),
            json!({"log": {"append": {"after": 3, "term": 2, "batch": {"commands": [7, 8]}}}}),
        ),
    ];
    for (write, form) in writes {
        disk.apply(&write);
        has_form(write, form);
    }
    let log = json!({
        "snapshot": {"last": {"term": 1, "index": 2}, "membership": listed(1)},
        "entries": [[3, 2, "noop"], [4, 2, {"commands": [7, 8]}]],
    });
    (disk, json!({"ballot": {"term": 5, "vote": 2}, "log": log}))
}

#[test]
fn a_disk_is_its_ballot_and_its_entries() {
    let (disk, form) = disk();
    has_form(disk, form);
    let nothing =
        json!({"snapshot": {"last": {"term": 0, "index": 0}, "membership": listed(0)}, "entries": []});
    has_form(Disk::<u8>::default(), json!({"ballot": {"term": 0, "vote": null}, "log": nothing}));
}

/// Each damage with what is said of it.
#[test]
fn a_damaged_disk_is_refused() {
    let damaged = |place: &str, value: Value| {
        let mut form = disk().1;
        *form.pointer_mut(place).expect("a place in the form") = value;
        refused::<Disk<u8>>(form)
    };
    for (place, value, why) in [
        ("/ballot/term", json!(1), "an entry is of term 2, but the server's term is 1"),
        ("/log/entries/1/0", json!(5), "the entries before 5 are not all there"),
        ("/log/entries/1/0", json!(3), "the entries before 3 are not all there"),
        ("/log/entries/1/2", json!({"commands": []}), "the entries before 4 are not all there"),
        ("/log/entries/1/1", json!(1), "the term at 4 is earlier than the one before it"),
        ("/log/snapshot/last/term", json!(3), "the term at 3 is earlier than the one before it"),
        ("/log/snapshot/membership", listed(0), "the snapshot or the entry at 2 does not say who takes part"),
        (
            "/log/entries/0/2",
            json!({"change": listed(0)}),
            "the snapshot or the entry at 3 does not say who takes part",
        ),
        ("/log/snapshot/last/index", json!(0), "the entries before 0 are not all there"),
        ("/log/snapshot/last/index", json!(u64::MAX), "the entries before 3 are not all there"),
        ("/log/entries/0/2", json!("nop"), "unknown variant `nop`"),
        ("/log/entries/0", json!([3, 2]), "invalid length 2"),
        ("/ballot", json!({"term": 5}), "missing field `vote`"),
    ] {
        let said = damaged(place, value);
        assert!(said.contains(why), "{place}: {said}");
    }
}

#[test]
fn a_log_beyond_the_greatest_index_is_refused() {
    let log = |index: u64, entries: Value| {
        let snapshot = json!({"last": {"term": 1, "index": index}, "membership": listed(1)});
        json!({"snapshot": snapshot, "entries": entries})
    };
    let limit = Index::LIMIT.get();
    assert!(from_value::<raft::Log<u8>>(log(limit, json!([]))).is_ok());
    for form in
        [log(limit + 1, json!([])), log(u64::MAX, json!([])), log(limit, json!([[limit + 1, 1, "noop"]]))]
    {
        assert!(refused::<raft::Log<u8>>(form).contains("is beyond the greatest index"));
    }
}

/// An image that was cut off anywhere is no image.
#[test]
fn a_torn_disk_is_refused() {
    let text = disk().1.to_string();
    for end in 0..text.len() {
        assert!(serde_json::from_str::<Disk<u8>>(&text[..end]).is_err(), "{}", &text[..end]);
    }
}

#[test]
fn what_a_later_version_might_say_is_refused() {
    assert!(
        refused::<raft::Message<u8>>(json!({"gossip": {"term": 7}})).contains("unknown variant `gossip`")
    );
    assert!(refused::<raft::Message<u8>>(json!({"timeout_now": {}})).contains("missing field `term`"));
    let election = json!({"election": {"coup": {"term": 7}}});
    assert!(refused::<raft::Message<u8>>(election).contains("unknown variant `coup`"));
    assert!(refused::<raft::Input<u8>>(json!({"resign": null})).contains("unknown variant `resign`"));
    assert!(refused::<raft::Write<u8>>(json!({"snapshot": 1})).contains("unknown variant `snapshot`"));
    assert!(refused::<raft::Write<u8>>(json!({"log": {"erase": 1}})).contains("unknown variant `erase`"));
    assert!(refused::<Batch<u8>>(json!("barrier")).contains("unknown variant `barrier`"));
    assert!(refused::<Answer>(json!("maybe")).contains("unknown variant `maybe`"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_is_read_back(
        number: u64, credential: u8, granted: bool, vote in prop::option::of(0..128_u8), bits: u128
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

/// The numbers of `coordination` are read through the check that makes them.
#[cfg(feature = "coordination")]
#[test]
fn a_law_is_read_only_if_its_numbers_are_within_their_domains() {
    use althing::coordination::laws::Usl;
    use althing::coordination::usl::ThroughputLaw;
    use althing::coordination::{Count, Fraction, NonNegative, Positive};
    let number = |value: f64| Positive::new(value).expect("a number above 0");
    let sigma = Fraction::new(0.25).expect("a fraction");
    let law = ThroughputLaw { lambda: number(50.0), speedup: Usl { sigma, kappa: NonNegative::ZERO } };
    has_form(law, json!({"lambda": 50.0, "sigma": 0.25, "kappa": 0.0}));
    has_form(Count::ONE, json!(1));
    let error = refused::<ThroughputLaw>(json!({"lambda": 50.0, "sigma": 1.5, "kappa": 0.0}));
    assert!(error.contains("the fraction is 1.5: it must be 0 or from 1e-60 to 1"), "{error}");
    assert!(refused::<Count>(json!(0)).contains("the count is 0: it must be at least 1"));
}

/// So are a load, a job and a table: a problem that is read has been checked.
#[cfg(feature = "coordination")]
#[test]
fn a_problem_of_coordination_is_read_through_its_checks() {
    use althing::coordination::Count;
    use althing::coordination::advisor::{Problem, WorkAs};
    use althing::coordination::laws::Load;
    use althing::coordination::regimes::Job;
    use althing::coordination::sync_cost::{Shape, SyncCost, Table};
    let count = |value| Count::new(value).expect("at least 1");
    let load = json!({"work": 12.0, "span": 1.5});
    let job = json!({"load": load, "tasks": 12});
    let table = Table::new(vec![0.0, 1.0, 3.0]).expect("a shape");
    let sync = json!({"price": 0.25, "shape": {"measured": [0.0, 1.0, 3.0]}});
    let made: Job = from_value(job.clone()).expect("a job");
    let cost = SyncCost { price: 0.25.try_into().expect("a price"), shape: Shape::Measured(table) };
    has_form(
        Problem::new(made, count(5), cost),
        json!({
            "job": job, "k_max": 5, "sync": sync, "rework": 0.0, "margin": 0.0, "context": null, "specialists": 1,
            "decision": null, "private": null, "mean_time_between_failures": null, "pace": null,
        }),
    );
    has_form(Shape::KLogK, json!("k_log_k"));
    has_form(WorkAs::Hierarchy, json!("hierarchy"));
    let error = refused::<Load>(json!({"work": 1.0, "span": 2.0}));
    assert!(error.contains("the span is 2: it must be at most the work"), "{error}");
    let error = refused::<Job>(json!({"load": {"work": 12.0, "span": 1.5}, "tasks": 7}));
    assert!(error.contains("the span is 1.5: it must be at least the mean time of a task"), "{error}");
    let error = refused::<Table>(json!([0.0, 2.0, 1.5]));
    assert!(error.contains("g(3) is 1.5, less than the 2 of one agent fewer"), "{error}");
}
