//! Every guarantee can fail: without the rule that is there for it, a random run breaks it. So does
//! a host that does not keep its side of the contract.

use althing::contract_net::ids::{Epoch, Round, Tenure};
use althing::contract_net::rules::Stake;
use althing::contract_net::{Money, Phase, Published, Rules};

use crate::world::{Host, Plan, World};

/// The rules without one, by the number that the mutant has in the module's table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Without(pub(crate) u8);

impl Rules for Without {
    fn has_slot(&self, busy: u32, capacity: u32) -> bool {
        self.0 == 1 || Published.has_slot(busy, capacity)
    }

    fn is_of_round(&self, bid: Round, current: Round) -> bool {
        self.0 == 2 || Published.is_of_round(bid, current)
    }

    fn resends(&self) -> bool {
        self.0 != 3 && Published.resends()
    }

    fn award_epoch(&self, latest: Epoch) -> Option<Epoch> {
        if self.0 == 4 && latest > Epoch::default() { Some(latest) } else { Published.award_epoch(latest) }
    }

    fn report_counts(&self, said: Tenure, current: Tenure) -> bool {
        self.0 == 5 || Published.report_counts(said, current)
    }

    fn awaits_report(&self, phase: Phase) -> bool {
        self.0 == 6 && phase == Phase::Done
            || self.0 == 12 && phase == Phase::Cancelled
            || Published.awaits_report(phase)
    }

    fn may_hold(&self, epoch: Epoch, fence: Epoch) -> bool {
        self.0 == 10 && epoch == fence || Published.may_hold(epoch, fence)
    }

    fn decline_counts(&self, said: Tenure, current: Tenure) -> bool {
        self.0 == 11 || Published.decline_counts(said, current)
    }

    fn is_open(&self, phase: Phase) -> bool {
        self.0 == 13 && phase == Phase::Awarded || Published.is_open(phase)
    }

    fn bid_stands(&self, own: Option<Stake>, award: Stake) -> bool {
        self.0 == 101 || Published.bid_stands(own, award)
    }

    fn is_affordable(&self, price: Money, reserve: Money) -> bool {
        Published.is_affordable(price, reserve)
    }
}

/// What the first run that breaks anything breaks. Other properties may be broken on the way: the
/// one that is looked for must be among the first of some run.
fn breaks(missing: u8, host: Host, property: &str) {
    let mut others = std::collections::BTreeMap::new();
    for seed in 0..4_000 {
        let plan = Plan { host, ..Plan::new(seed, 1 + (seed % 3) as u8, 1 + seed % 3, 300) };
        if let Err(broken) = World::new(plan.without(Without(missing))).run() {
            let name = broken.split(" after ").next().unwrap_or_default();
            if name == property {
                return;
            }
            *others.entry(name.to_owned()).or_insert(0) += 1;
        }
    }
    panic!("mutant {missing}, {host:?}: {property} was never broken, but {others:?}");
}

#[test]
fn an_eager_bidder_works_on_too_much() {
    breaks(1, Host::Honest, "G7");
}

#[test]
fn a_stale_bid_is_no_bid() {
    breaks(2, Host::Honest, "G6");
}

#[test]
fn what_is_lost_and_not_sent_again_stays_lost() {
    breaks(3, Host::Patient, "a task does not end");
}

#[test]
fn an_award_that_is_repeated_in_the_same_epoch_goes_to_two() {
    breaks(4, Host::Honest, "G1");
    breaks(4, Host::Honest, "G2");
}

#[test]
fn a_zombie_is_paid() {
    breaks(5, Host::Honest, "G4");
}

#[test]
fn a_report_that_comes_twice_is_paid_twice() {
    breaks(6, Host::Honest, "G3");
}

#[test]
fn an_award_that_leaves_before_it_is_written_is_given_twice() {
    breaks(0, Host::SendsFirst, "G8");
}

#[test]
fn an_epoch_that_is_forgotten_comes_again() {
    breaks(0, Host::ForgetsAwards, "G1");
}

#[test]
fn a_fence_that_is_forgotten_is_no_fence() {
    breaks(0, Host::ForgetsPromises, "G5");
}

#[test]
fn an_award_that_comes_twice_is_started_twice() {
    breaks(10, Host::Honest, "G5");
}

#[test]
fn a_decline_of_an_earlier_award_releases_this_one() {
    breaks(11, Host::Honest, "G9");
}

#[test]
fn a_late_report_resurrects_a_cancelled_task() {
    breaks(12, Host::Honest, "G4");
}

#[test]
fn a_task_is_awarded_while_another_has_it() {
    breaks(13, Host::Honest, "G10");
}

#[test]
fn a_bid_that_does_not_stand_binds_nobody() {
    breaks(101, Host::Honest, "G6");
}

/// The published rules in the same small worlds break nothing: it is the rule that is missing.
#[test]
fn the_published_rules_hold_in_these_worlds() {
    for seed in 0..1_000 {
        let host = if seed % 2 == 0 { Host::Honest } else { Host::Patient };
        let plan = Plan { host, ..Plan::new(seed, 1 + (seed % 3) as u8, 1 + seed % 3, 300) };
        World::new(plan).run().unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
    }
}
