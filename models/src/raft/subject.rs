//! `raft` and `raft-membership` on the command line.

use althing::raft::invariants::Chronicle;

use super::mutants::{Broken, MEMBERSHIP_MUTANTS, MUTANTS};
use super::{KEYS, Server, cluster, model};
use crate::bounds::{Bounds, BoundsError};
use crate::cell::Tamper;
use crate::cluster::Cluster;
use crate::keys::ENDLESS_TERMS;
use crate::protocol::{Catalogue, Profiles, Protocol};

/// One of the models of the log: they are one cluster with the same keys, and differ in what they explore of
/// it and in what is broken.
pub struct RaftModel(fn() -> Catalogue<Broken, Server<Broken>>);

/// The model `raft`.
pub static RAFT: RaftModel = RaftModel(|| Catalogue {
    name: "raft",
    about: "Raft's replicated log: elections, replication, snapshots, reads, transfer, crashes",
    keys: &KEYS,
    quick: QUICK,
    full: FULL,
    liveness: &[],
    mutants: &MUTANTS,
    // What is dead depends on the rules.
    mutants_with: &[("reduce", 0)],
    liveness_mutants: &[],
});

/// The model `raft-membership`.
pub static RAFT_MEMBERSHIP: RaftModel = RaftModel(|| Catalogue {
    name: "raft-membership",
    about: "Raft's joint consensus: servers come and go, as voters and as learners",
    quick: MEMBERSHIP_QUICK,
    full: MEMBERSHIP_FULL,
    mutants: &MEMBERSHIP_MUTANTS,
    ..RAFT.catalogue()
});

impl Protocol for RaftModel {
    type Machine = Server;
    type Mutated = Server<Broken>;
    type Missing = Broken;
    type History = Chronicle;

    fn catalogue(&self) -> Catalogue<Broken, Server<Broken>> {
        (self.0)()
    }

    fn model(bounds: &Bounds) -> Result<Cluster<Server, Chronicle>, BoundsError> {
        model(bounds)
    }

    fn without(
        bounds: &Bounds,
        missing: Broken,
        tamper: Tamper<Server<Broken>>,
    ) -> Result<Cluster<Server<Broken>, Chronicle>, BoundsError> {
        cluster(bounds, missing, tamper)
    }

    fn endless(bounds: &Bounds) -> Bounds {
        bounds.clone().with(&[("terms", ENDLESS_TERMS)])
    }
}

const QUICK: Profiles = &[
    (
        "one-server",
        &[("nodes", 1), ("terms", 3), ("log", 4), ("crashes", 2), ("compactions", 1), ("reads", 1)],
    ),
    (
        "one-server-behind",
        &[
            ("nodes", 1),
            ("terms", 3),
            ("log", 4),
            ("crashes", 2),
            ("compactions", 1),
            ("reads", 1),
            ("write_behind", 1),
        ],
    ),
    ("two-servers", &[("nodes", 2), ("terms", 3), ("log", 3), ("crashes", 1), ("heartbeats", 0)]),
    ("two-servers-compact", &[("nodes", 2), ("terms", 2), ("log", 2), ("crashes", 1), ("compactions", 1)]),
    ("heartbeats", &[("terms", 2), ("log", 1), ("symmetry", 1)]),
    ("three-terms", &[("terms", 3), ("log", 1), ("heartbeats", 0), ("symmetry", 1)]),
    ("crash", &[("terms", 2), ("log", 2), ("crashes", 1), ("heartbeats", 0), ("symmetry", 1)]),
    (
        "one-entry-a-message",
        &[("terms", 2), ("log", 3), ("message", 1), ("flight", 1), ("heartbeats", 0), ("symmetry", 1)],
    ),
    ("prompt-commit", &[("terms", 2), ("log", 2), ("prompt_commit", 1), ("heartbeats", 0), ("symmetry", 1)]),
    ("unreachable", &[("terms", 2), ("log", 2), ("unreachable", 1), ("heartbeats", 0), ("symmetry", 1)]),
    ("write-behind", &[("terms", 2), ("log", 1), ("write_behind", 1), ("symmetry", 1)]),
    (
        "write-behind-crash",
        &[("terms", 2), ("log", 1), ("write_behind", 1), ("crashes", 1), ("heartbeats", 0), ("symmetry", 1)],
    ),
    ("snapshots", &[("terms", 1), ("log", 2), ("compactions", 1), ("symmetry", 1)]),
    (
        "snapshots-two-terms",
        &[
            ("terms", 2),
            ("log", 1),
            ("compactions", 1),
            ("unreachable", 1),
            ("heartbeats", 0),
            ("symmetry", 1),
        ],
    ),
    ("reads", &[("terms", 2), ("log", 0), ("reads", 1), ("heartbeats", 0), ("symmetry", 1)]),
    ("two-reads", &[("terms", 1), ("log", 2), ("reads", 2), ("heartbeats", 0), ("symmetry", 1)]),
    ("transfer", &[("terms", 2), ("log", 2), ("transfers", 1), ("heartbeats", 0), ("symmetry", 1)]),
    ("check-quorum", &[("terms", 2), ("log", 1), ("check_quorum", 1), ("heartbeats", 0), ("symmetry", 1)]),
    ("pre-vote", &[("terms", 1), ("log", 1), ("pre_vote", 1), ("check_quorum", 1), ("symmetry", 1)]),
    (
        "as-it-ships",
        &[
            ("terms", 1),
            ("log", 2),
            ("pre_vote", 1),
            ("check_quorum", 1),
            ("prompt_commit", 1),
            ("symmetry", 1),
        ],
    ),
    (
        "as-it-ships-two-servers",
        &[
            ("nodes", 2),
            ("terms", 2),
            ("log", 2),
            ("crashes", 1),
            ("pre_vote", 1),
            ("check_quorum", 1),
            ("prompt_commit", 1),
        ],
    ),
    (
        "reads-crash",
        &[("terms", 1), ("log", 0), ("reads", 1), ("crashes", 1), ("heartbeats", 0), ("symmetry", 1)],
    ),
    (
        "transfer-check-quorum",
        &[
            ("terms", 2),
            ("candidates", 1),
            ("log", 0),
            ("transfers", 1),
            ("pre_vote", 1),
            ("check_quorum", 1),
            ("heartbeats", 0),
        ],
    ),
    ("counted-faults", &[("terms", 1), ("log", 2), ("in_flight", 1), ("losses", 1), ("heartbeats", 0)]),
    ("four-servers", &[("nodes", 4), ("terms", 2), ("log", 0), ("heartbeats", 0), ("symmetry", 1)]),
    ("five-servers", &[("nodes", 5), ("terms", 1), ("log", 2), ("heartbeats", 0), ("symmetry", 1)]),
];

const FULL: Profiles = &[
    ("longer-log", &[("terms", 2), ("log", 3), ("heartbeats", 0), ("symmetry", 1)]),
    ("figure-8", &[("terms", 4), ("candidates", 2), ("log", 0), ("heartbeats", 0)]),
    ("snapshots-heartbeats", &[("terms", 2), ("log", 1), ("compactions", 1), ("symmetry", 1)]),
    ("figure-8-all-stand", &[("terms", 4), ("log", 0), ("heartbeats", 0), ("symmetry", 1)]),
    (
        "snapshots-two-terms-longer",
        &[
            ("terms", 2),
            ("log", 2),
            ("compactions", 1),
            ("unreachable", 1),
            ("heartbeats", 0),
            ("symmetry", 1),
        ],
    ),
    ("three-terms-longer", &[("terms", 3), ("log", 2), ("heartbeats", 0), ("symmetry", 1)]),
    ("heartbeats-longer", &[("terms", 2), ("log", 2), ("symmetry", 1)]),
    ("reads-heartbeats", &[("terms", 2), ("log", 0), ("reads", 1), ("symmetry", 1)]),
    ("snapshots-crash", &[("terms", 1), ("log", 2), ("compactions", 1), ("crashes", 1), ("symmetry", 1)]),
    (
        "snapshots-longer",
        &[
            ("terms", 1),
            ("log", 3),
            ("compactions", 1),
            ("unreachable", 1),
            ("heartbeats", 0),
            ("symmetry", 1),
        ],
    ),
    (
        "write-behind-longer",
        &[("terms", 2), ("log", 2), ("write_behind", 1), ("crashes", 1), ("heartbeats", 0), ("symmetry", 1)],
    ),
    (
        "counted-faults-heartbeats",
        &[("terms", 1), ("log", 1), ("in_flight", 1), ("losses", 1), ("duplicates", 1), ("crashes", 1)],
    ),
    (
        "pre-vote-two-terms",
        &[("terms", 2), ("log", 1), ("pre_vote", 1), ("check_quorum", 1), ("heartbeats", 0), ("symmetry", 1)],
    ),
];

const MEMBERSHIP_QUICK: Profiles = &[
    ("one-to-two", &[("nodes", 2), ("voters", 1), ("terms", 2), ("log", 2), ("change", 3), ("crashes", 1)]),
    (
        "one-to-two-as-it-ships",
        &[
            ("nodes", 2),
            ("voters", 1),
            ("terms", 2),
            ("log", 1),
            ("change", 3),
            ("pre_vote", 1),
            ("check_quorum", 1),
            ("prompt_commit", 1),
        ],
    ),
    (
        "one-to-two-write-behind",
        &[
            ("nodes", 2),
            ("voters", 1),
            ("terms", 2),
            ("log", 0),
            ("change", 3),
            ("crashes", 1),
            ("write_behind", 1),
        ],
    ),
    ("away-and-back", &[("nodes", 2), ("terms", 1), ("log", 0), ("change", 1), ("second", 3)]),
    ("one-to-three", &[("voters", 1), ("terms", 2), ("log", 0), ("change", 7), ("heartbeats", 0)]),
    ("two-to-three", &[("voters", 2), ("terms", 2), ("log", 0), ("change", 7), ("heartbeats", 0)]),
    (
        "two-to-three-crash",
        &[("voters", 2), ("terms", 1), ("log", 0), ("change", 7), ("crashes", 1), ("heartbeats", 0)],
    ),
    ("three-to-two", &[("terms", 2), ("log", 0), ("change", 3), ("heartbeats", 0)]),
    ("three-to-one", &[("terms", 2), ("log", 0), ("change", 1), ("heartbeats", 0)]),
    (
        "three-to-one-as-it-ships",
        &[
            ("terms", 1),
            ("log", 0),
            ("change", 1),
            ("pre_vote", 1),
            ("check_quorum", 1),
            ("prompt_commit", 1),
            ("heartbeats", 0),
        ],
    ),
    (
        "two-to-three-as-it-ships",
        &[
            ("voters", 2),
            ("terms", 1),
            ("log", 0),
            ("change", 7),
            ("pre_vote", 1),
            ("check_quorum", 1),
            ("prompt_commit", 1),
            ("heartbeats", 0),
        ],
    ),
    ("three-to-two-heartbeats", &[("terms", 1), ("log", 0), ("change", 6)]),
    ("replace-one", &[("voters", 2), ("terms", 2), ("log", 0), ("change", 6), ("heartbeats", 0)]),
    ("replace-all", &[("voters", 1), ("terms", 2), ("log", 0), ("change", 6), ("heartbeats", 0)]),
    (
        "add-learner",
        &[("voters", 2), ("terms", 2), ("log", 0), ("change", 3), ("learners", 4), ("heartbeats", 0)],
    ),
    (
        "add-learner-snapshot",
        &[("voters", 2), ("terms", 1), ("log", 1), ("change", 3), ("learners", 4), ("compactions", 1)],
    ),
    ("voter-to-learner", &[("terms", 2), ("log", 0), ("change", 3), ("learners", 4), ("heartbeats", 0)]),
    (
        "replace-one-of-three",
        &[("nodes", 4), ("voters", 3), ("terms", 1), ("log", 0), ("change", 14), ("heartbeats", 0)],
    ),
];

const MEMBERSHIP_FULL: Profiles = &[
    (
        "replace-one-of-three-two-terms",
        &[("nodes", 4), ("voters", 3), ("terms", 2), ("log", 0), ("change", 14), ("heartbeats", 0)],
    ),
    ("three-to-one-crash", &[("terms", 2), ("log", 0), ("change", 1), ("crashes", 1), ("heartbeats", 0)]),
    (
        "two-to-three-transfer",
        &[("voters", 2), ("terms", 2), ("log", 0), ("change", 7), ("transfers", 1), ("heartbeats", 0)],
    ),
];
