//! `contract-net` on the command line.

use althing::contract_net::invariants::Chronicle;

use super::mutants::{Broken, MUTANTS};
use super::{KEYS, Node, cluster, model};
use crate::bounds::{Bounds, BoundsError};
use crate::cell::Tamper;
use crate::cluster::Cluster;
use crate::protocol::{Catalogue, Profiles, Protocol};

/// The model `contract-net`.
pub struct ContractNet;

impl Protocol for ContractNet {
    type Machine = Node;
    type Mutated = Node<Broken>;
    type Missing = Broken;
    type History = Chronicle;

    fn catalogue(&self) -> Catalogue<Broken, Node<Broken>> {
        Catalogue {
            name: "contract-net",
            about: "the contract net: announcements, bids, awards with epochs, leases and reports",
            keys: &KEYS,
            quick: QUICK,
            full: FULL,
            liveness: &[],
            mutants: &MUTANTS,
            // What is dead depends on the rules.
            mutants_with: &[("reduce", 0)],
            liveness_mutants: &[],
        }
    }

    fn model(bounds: &Bounds) -> Result<Cluster<Node, Chronicle>, BoundsError> {
        model(bounds)
    }

    fn without(
        bounds: &Bounds,
        missing: Broken,
        tamper: Tamper<Node<Broken>>,
    ) -> Result<Cluster<Node<Broken>, Chronicle>, BoundsError> {
        cluster(bounds, missing, tamper)
    }
}

const QUICK: Profiles = &[
    (
        "one-contractor",
        &[
            ("contractors", 1),
            ("rounds", 3),
            ("claims", 2),
            ("manager_crashes", 1),
            ("contractor_crashes", 1),
        ],
    ),
    ("two-contractors", &[("rounds", 2)]),
    ("three-contractors", &[("contractors", 3), ("rounds", 1)]),
    ("renewals", &[("rounds", 2), ("claims", 2), ("lapses", 0)]),
    (
        "crashes-and-cancel",
        &[("rounds", 2), ("lapses", 0), ("manager_crashes", 1), ("contractor_crashes", 1), ("cancels", 1)],
    ),
    (
        "idempotent",
        &[("contractors", 1), ("rounds", 2), ("claims", 2), ("idempotent", 1), ("contractor_crashes", 2)],
    ),
    (
        "room-for-two",
        &[
            ("contractors", 1),
            ("rounds", 2),
            ("capacity", 2),
            ("bids", 2),
            ("passes", 1),
            ("failures", 1),
            ("cancels", 1),
            ("leaves", 1),
        ],
    ),
    ("second-price", &[("rounds", 2), ("bids", 2), ("second_price", 1), ("lapses", 0)]),
    ("unwilling", &[("rounds", 2), ("passes", 1), ("failures", 1), ("leaves", 1), ("lapses", 0)]),
    (
        "two-tasks-one-contractor",
        &[
            ("contractors", 1),
            ("tasks", 2),
            ("rounds", 1),
            ("cancels", 1),
            ("manager_crashes", 1),
            ("contractor_crashes", 1),
        ],
    ),
    ("two-tasks", &[("tasks", 2), ("rounds", 1), ("cancels", 1), ("lapses", 0), ("lost_leases", 0)]),
    ("windows", &[("tasks", 2), ("rounds", 1), ("windows", 1), ("lapses", 0), ("lost_leases", 0)]),
    (
        "chain",
        &[("contractors", 1), ("tasks", 2), ("rounds", 2), ("chain", 1), ("cancels", 2), ("lapses", 0)],
    ),
    (
        "created-late",
        &[
            ("tasks", 2),
            ("rounds", 1),
            ("created", 0),
            ("manager_crashes", 1),
            ("lapses", 0),
            ("lost_leases", 0),
        ],
    ),
    (
        "counted-faults",
        &[
            ("rounds", 1),
            ("claims", 2),
            ("in_flight", 1),
            ("losses", 1),
            ("duplicates", 1),
            ("contractor_crashes", 1),
        ],
    ),
];

const FULL: Profiles = &[
    (
        "two-contractors-all",
        &[("rounds", 2), ("claims", 2), ("manager_crashes", 1), ("contractor_crashes", 1), ("cancels", 1)],
    ),
    ("three-rounds", &[("rounds", 3), ("lapses", 0)]),
    ("two-tasks-lapses", &[("tasks", 2), ("rounds", 1)]),
    ("windows-all", &[("tasks", 2), ("rounds", 1), ("windows", 1)]),
    (
        "windows-second-price",
        &[("tasks", 2), ("rounds", 1), ("windows", 1), ("second_price", 1), ("lapses", 0)],
    ),
    (
        "two-tasks-expiries",
        &[("tasks", 2), ("rounds", 2), ("other_rounds", 1), ("lapses", 0), ("lost_leases", 0)],
    ),
    (
        "two-tasks-manager-crash",
        &[
            ("tasks", 2),
            ("rounds", 2),
            ("expiries", 0),
            ("lapses", 0),
            ("lost_leases", 0),
            ("manager_crashes", 1),
            ("cancels", 1),
        ],
    ),
    (
        "two-tasks-contractor-crash",
        &[
            ("tasks", 2),
            ("rounds", 2),
            ("other_rounds", 1),
            ("expiries", 0),
            ("lapses", 0),
            ("lost_leases", 0),
            ("contractor_crashes", 1),
        ],
    ),
    ("two-tasks-one-contractor-two-rounds", &[("contractors", 1), ("tasks", 2), ("rounds", 2)]),
    (
        "counted-faults-two-rounds",
        &[
            ("rounds", 2),
            ("in_flight", 1),
            ("losses", 1),
            ("duplicates", 1),
            ("lapses", 0),
            ("lost_leases", 0),
        ],
    ),
];
