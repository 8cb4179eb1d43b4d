//! What is learnt is a fold over the results that a ledger accepts: it replays, and serialises.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use althing::auction::cost_model::{
    Calibration, Coverage, Dynamics, Finite, LinUcb, Normal, Records, Report, Settings, Times, Ucb1,
};
use althing::contract_net::ledger::{Command, Event};
use althing::contract_net::{
    AgentId, BidId, Capabilities, Digest, Epoch, Ledger, Money, Round, TaskId, Tenure, Terms,
};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn finite(number: f64) -> Finite {
    Finite::new(number).expect("finite")
}

fn settings() -> Settings {
    Settings {
        prior: Normal::new(finite(50.0), finite(900.0)).expect("a variance"),
        dynamics: Dynamics::new(finite(0.1), finite(30.0)).expect("variances"),
        calibration: Calibration::new(finite(1.0), finite(100.0)).expect("above 0"),
        window: NonZeroU32::new(5).expect("not 0"),
    }
}

fn report() -> impl Strategy<Value = Report> {
    let amount = || prop_oneof![4 => 0..200_u64, 1 => any::<u64>()];
    (0..3_u32, 0..2_u8, amount(), amount(), amount(), amount()).prop_map(
        |(agent, capability, bid, cost, estimate, time)| Report {
            agent,
            capability,
            bid,
            cost,
            estimate,
            time,
        },
    )
}

fn fold<'a>(reports: impl IntoIterator<Item = &'a Report>) -> Records {
    let mut records = Records::new(settings());
    reports.into_iter().for_each(|report| records.learn(report).expect("amounts are finite"));
    records
}

fn again<T: Serialize + DeserializeOwned>(it: &T) -> T {
    serde_json::from_str(&serde_json::to_string(it).expect("it has a text")).expect("the text reads back")
}

proptest! {
    #[test]
    fn what_was_learnt_is_the_same_after_any_restart(reports in prop::collection::vec(report(), 0..30)) {
        let whole = fold(&reports);
        prop_assert_eq!(&fold(&again(&reports)), &whole, "a replay");
        let (before, after) = reports.split_at(reports.len() / 2);
        let mut restarted = again(&fold(before));
        after.iter().for_each(|report| restarted.learn(report).expect("amounts are finite"));
        prop_assert_eq!(&restarted, &whole, "a snapshot and the rest");
    }

    /// What one agent reports says nothing of another, and nothing of it for another capability.
    #[test]
    fn each_agent_and_capability_is_learnt_of_alone(reports in prop::collection::vec(report(), 0..30)) {
        let whole = fold(&reports);
        for (agent, capability) in (0..3).flat_map(|agent| [0, 1].map(|capability| (agent, capability))) {
            let own = reports.iter().filter(|it| (it.agent, it.capability) == (agent, capability));
            let alone = fold(own);
            prop_assert_eq!(alone.of(agent, capability), whole.of(agent, capability));
            let [low, high] = [10, 20].map(|bid| whole.calibrated(agent, capability, bid).expect("finite"));
            prop_assert!(low <= high);
        }
    }
}

#[test]
fn whoever_has_not_reported_is_taken_at_its_word() {
    let records = fold(&[]);
    assert_eq!(records.cost(1, 0), settings().prior);
    assert_eq!(records.calibrated(1, 0, 17), Ok(17));
    assert_eq!(records.done_within(1, 0, 17, Coverage::new(1, 2).expect("a coverage")), None);
    assert!(records.of(1, 0).is_none());
}

#[test]
fn an_agent_that_bids_half_and_takes_twice_as_long_is_known_for_it() {
    let one = |bid| Report { agent: 1, capability: 0, bid, cost: 2 * bid, estimate: bid, time: 2 * bid };
    let records = fold(&(0..100).map(|n| one(20 + n % 20)).collect::<Vec<_>>());
    let calibrated = records.calibrated(1, 0, 30).expect("finite");
    assert!((59..=61).contains(&calibrated), "{calibrated}");
    assert_eq!(records.done_within(1, 0, 30, Coverage::new(1, 2).expect("a coverage")), Some(60));
    assert!((records.cost(1, 0).mean().get() - 59.0).abs() < 10.0);
}

#[test]
fn what_explores_reads_back_as_it_was() {
    let (mut tried, mut linear) = (Ucb1::default(), LinUcb::new(3, finite(0.1)).expect("a ridge"));
    for n in 0..50_u32 {
        let third = finite(f64::from(n % 7) / 7.0);
        tried.observe(AgentId::new(n % 3), third).expect("from 0 to 1");
        linear.observe(&[third, finite(0.3), finite(1.0 / 3.0)], third).expect("finite");
    }
    assert_eq!(again(&tried), tried);
    assert_eq!(again(&linear), linear);
}

/// What no series of reports leads to is not read, or read as what is nearest to it.
#[test]
fn what_cannot_be_known_is_not_read_back() {
    let text = serde_json::to_string(&settings().calibration).expect("it has a text");
    for field in ["weight", "spread"] {
        let mut value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        value[field] = "0".into();
        let refused = serde_json::from_value::<Calibration>(value).expect_err("refused");
        assert!(refused.to_string().contains("0 is not above zero"), "{field}: {refused}");
    }
    let times: Times =
        serde_json::from_str(r#"{"window":2,"reports":[[9,9],[4,0],[6,3]]}"#).expect("it reads");
    assert_eq!(times.len(), 2);
    // Of the ratios 4/1 and 6/3 the next is below the higher in two cases of three.
    assert_eq!(times.bound(10, Coverage::new(2, 3).expect("a coverage")), Some(40));
}

/// The ledger says which result is accepted, and once; its host knows what was bid and what it cost.
#[test]
fn results_that_a_ledger_accepts_are_learnt_from_once_in_their_order() {
    let known: BTreeMap<_, _> = (0..20)
        .map(|n| {
            (
                TaskId::new(n),
                Report { agent: n as u32 % 2, capability: 0, bid: n, cost: n + 3, estimate: 5, time: 6 },
            )
        })
        .collect();
    let mut history = Vec::new();
    let capacity = NonZeroU32::new(20).expect("not 0");
    let join =
        |agent| Command::Join { agent: AgentId::new(agent), capabilities: Capabilities::NONE, capacity };
    history.extend([0, 1].map(join));
    for (&task, report) in &known {
        let (agent, epoch, price) = (AgentId::new(report.agent), Epoch::new(1), Money::new(report.bid));
        let (bid, bids, result) = (BidId::new(1), Digest::new(0), Digest::new(0));
        let accept = Command::Accept { task, tenure: Tenure { epoch, agent }, result };
        history.extend([
            Command::Create { task, terms: Terms::new(Money::new(100)) },
            Command::Award { task, round: Round::new(1), epoch, agent, bid, price, bids },
            accept.clone(),
            accept, // Reported twice.
        ]);
    }
    let replay = || {
        let (mut ledger, mut records, mut accepted) = (Ledger::default(), Records::new(settings()), 0);
        for command in &history {
            if let Ok(Event::Accepted { task, tenure, .. }) = ledger.apply(command.clone()) {
                let report = known[&task];
                assert_eq!(tenure.agent.get(), report.agent);
                records.learn(&report).expect("amounts are finite");
                accepted += 1;
            }
        }
        (records, accepted)
    };
    assert_eq!(replay(), (fold(known.values()), 20));
}
