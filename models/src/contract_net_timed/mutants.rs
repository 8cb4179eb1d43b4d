//! What would happen if a rule of the leases were missing, or a host kept another time: each mutant
//! must be caught by T1. The numbers are those of the [contract net](althing::contract_net).

use althing::contract_net::contractor::{self, Write};
use althing::contract_net::lease::{self, Drift, LeaseError};
use althing::contract_net::participant::{self, Timer};
use althing::contract_net::rules::{Moment, Rules};
use althing::outbox::Op;

use super::Agent;
use crate::cell::Tamper;
use crate::protocol::{self, Missing};

/// The published rules, less one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Broken {
    /// None is missing: for mutants of the host.
    Nothing,
    /// The manager's lease has no margin.
    ManagerLease,
    /// The contractor's lease begins when it is granted.
    LeaseBegins,
    /// Work begins with the award.
    Starts,
    /// A grant counts, whenever it comes.
    GoCounts,
}

impl Rules for Broken {
    fn manager_lease(&self, contractor: u64, slack: u64, drift: Drift) -> Result<u64, LeaseError> {
        match self {
            Self::ManagerLease => Ok(contractor),
            Self::Nothing | Self::LeaseBegins | Self::Starts | Self::GoCounts => {
                lease::manager_minimum(contractor, slack, drift)
            }
        }
    }

    fn lease_begins(&self, at: Moment) -> bool {
        at == if *self == Self::LeaseBegins { Moment::Go } else { Moment::Claim }
    }

    fn starts(&self, at: Moment) -> bool {
        at == if *self == Self::Starts { Moment::Award } else { Moment::Go }
    }

    fn go_counts(&self, running: bool) -> bool {
        running || *self == Self::GoCounts
    }
}

impl Missing for Broken {
    const NOTHING: Self = Self::Nothing;
}

/// A mutant of the leases.
pub type Mutant = protocol::Mutant<Broken, Agent<Broken>>;

/// Without drift, and the shortest leases.
const EXACT: [(&str, u64); 3] = [("contractor_lease", 1), ("drift", 0), ("claims", 1)];

/// Every mutant.
pub static MUTANTS: [Mutant; 8] = [
    Mutant::of_rules(
        "no-margin",
        "14: manager_lease",
        Broken::ManagerLease,
        "ExclusiveExecution",
        &[("contractor_lease", 1), ("claims", 1)],
    ),
    Mutant::of_rules(
        "lease-begins-at-go",
        "15: lease_begins",
        Broken::LeaseBegins,
        "ExclusiveExecution",
        &EXACT,
    ),
    Mutant::of_rules("work-begins-at-award", "16: starts", Broken::Starts, "ExclusiveExecution", &EXACT),
    Mutant::of_rules("late-go-counts", "17: go_counts", Broken::GoCounts, "ExclusiveExecution", &EXACT),
    Mutant::of_host(
        "stops-too-late",
        "18: the host stops later than slack after the lease has run out",
        || Tamper { tardy: a_tick_late, ..Tamper::default() },
        "ExclusiveExecution",
        &[("contractor_lease", 1), ("slack", 1), ("drift", 0), ("claims", 1)],
    ),
    Mutant::of_host(
        "claims-named-alike",
        "after each restart the claims have the same numbers again",
        || Tamper { performs: forgets_restarts, ..Tamper::default() },
        "ExclusiveExecution",
        &[("contractor_lease", 1), ("drift", 0), ("claims", 1), ("crashes", 2), ("idempotent", 1)],
    ),
    Mutant::of_host(
        "decline-forgotten",
        "that an award was declined does not reach the disk",
        || Tamper { performs: forgets_declines, ..Tamper::default() },
        "ExclusiveExecution",
        &[("contractor_lease", 1), ("drift", 0), ("claims", 1), ("expiry", 1), ("crashes", 1)],
    ),
    Mutant::of_host(
        "decline-not-written",
        "that an award was declined does not reach the disk: as soon as it can be seen",
        || Tamper { performs: forgets_declines, ..Tamper::default() },
        "DurableBeforeReport",
        &[("contractor_lease", 1), ("drift", 0), ("claims", 1), ("expiry", 1)],
    ),
];

type Ops = Vec<Op<Agent<Broken>>>;

fn a_tick_late(timer: &Timer) -> u16 {
    u16::from(matches!(timer, Timer::Contractor(contractor::Timer::Lease(..))))
}

fn forgets_restarts(mut ops: Ops) -> Ops {
    ops.retain(|op| !matches!(op, Op::Write(participant::Write::Contractor(Write::Resume(_)))));
    ops
}

fn forgets_declines(mut ops: Ops) -> Ops {
    ops.retain(|op| !matches!(op, Op::Write(participant::Write::Contractor(Write::Decline { .. }))));
    ops
}
