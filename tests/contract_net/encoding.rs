//! What is written down is read again; what nobody can have written is refused.

use althing::Durable;
use althing::contract_net::ledger::{Command, Why};
use althing::contract_net::participant::{Disk, Input, Timer, Write};
use althing::contract_net::{Claim, Epoch, Message, Money, Ratio, Round, TaskId, Terms, contractor, manager};
use serde::{Serialize, de::DeserializeOwned};

use crate::subject::*;

fn survives<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let json = serde_json::to_string(value).expect("it can be written");
    assert_eq!(&serde_json::from_str::<T>(&json).expect("it can be read"), value, "{json}");
}

#[test]
fn what_is_written_down_is_read_again() {
    for message in [announce(1), bids(1, bid(2, 3)), award(1, 2, bid(3, 4)), reject(1), claim(1, 2), go(1, 2)]
    {
        survives(&message);
    }
    for message in [decline(1), done(2), failed(3), ack(4, althing::contract_net::Ack::Stale), cancel(5)] {
        survives(&message);
    }
    let create = Command::Create { task: TASK, terms: terms().after([TaskId::new(1)]).idempotent() };
    let reannounce = Command::Reannounce { task: TASK, round: Round::new(1), why: Why::Restart };
    let hold = contractor::Write::Hold { task: TASK, epoch: Epoch::new(1), idempotent: true };
    let mut disk = Disk::default();
    for write in [Write::from(Command::Create { task: TASK, terms: terms() }), reannounce.into(), hold.into()]
    {
        survives(&write);
        disk.apply(&write);
        survives(&disk);
    }
    survives(&Write::from(create));
    survives(&Input::from(manager::Input::Leave(node(3))));
    survives(&Input::from(contractor::Input::Failed { task: TASK, epoch: Epoch::new(1) }));
    survives(&Timer::from(manager::Timer::Lease(TASK, Epoch::new(2), Claim { start: 1, number: 2 })));
    survives(&Timer::from(contractor::Timer::Lease(TASK, Claim { start: 1, number: 2 })));
}

#[test]
fn what_nobody_can_have_written_is_refused() {
    assert!(serde_json::from_str::<Money>("-1").is_err(), "a negative cost");
    assert!(serde_json::from_str::<Money>("18446744073709551616").is_err(), "a cost that overflows");
    assert!(serde_json::from_str::<Ratio>("[2, 3]").is_err(), "a reserve that shrinks");
    assert!(serde_json::from_str::<Message>(r#"{"claim": {"task": 1}}"#).is_err(), "half a message");
    let join = r#"{"join": {"node": 1, "capabilities": 1, "capacity": 0}}"#;
    assert!(serde_json::from_str::<manager::Input>(join).is_err(), "no capacity");
    let mut terms = serde_json::to_value(Terms::new(Money::new(1))).expect("it can be written");
    terms["rounds"] = 0.into();
    assert!(serde_json::from_value::<Terms>(terms).is_err(), "no round");
    let promise = r#"{"tasks": {"1": {"fence": 1, "idempotent": false, "start": 0, "settled": true}}}"#;
    assert!(serde_json::from_str::<contractor::Promises>(promise).is_err(), "an outcome that is not there");
}
