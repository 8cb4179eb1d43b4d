//! `raft` and `raft-membership` on the command line.

use althing::raft::invariants::Chronicle;

use super::mutants::{Broken, MEMBERSHIP_MUTANTS, MUTANTS};
use super::{ENDLESS_TERMS, KEYS, Server, cluster, model};
use crate::bounds::{Bounds, BoundsError};
use crate::cell::Tamper;
use crate::cluster::Cluster;
use crate::protocol::{Catalogue, Profiles, Protocol};

/// The model `raft`.
pub struct RaftLog;

/// The model `raft-membership`.
pub struct RaftMembership;

impl Protocol for RaftLog {
    type Machine = Server;
    type Mutated = Server<Broken>;
    type Missing = Broken;
    type History = Chronicle;

    fn catalogue() -> Catalogue<Broken, Server<Broken>> {
        Catalogue {
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
        }
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

impl Protocol for RaftMembership {
    type Machine = Server;
    type Mutated = Server<Broken>;
    type Missing = Broken;
    type History = Chronicle;

    fn catalogue() -> Catalogue<Broken, Server<Broken>> {
        Catalogue {
            name: "raft-membership",
            about: "Raft's joint consensus: servers come and go, as voters and as learners",
            quick: MEMBERSHIP_QUICK,
            full: MEMBERSHIP_FULL,
            mutants: &MEMBERSHIP_MUTANTS,
            ..RaftLog::catalogue()
        }
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
        RaftLog::endless(bounds)
    }
}

const QUICK: Profiles = &[(
    "one-server",
    &[("nodes", 1), ("terms", 3), ("log", 4), ("crashes", 2), ("compactions", 1), ("reads", 1)],
)];

const FULL: Profiles = &[];

const MEMBERSHIP_QUICK: Profiles =
    &[("grow", &[("nodes", 2), ("voters", 1), ("terms", 2), ("log", 2), ("change", 3)])];

const MEMBERSHIP_FULL: Profiles = &[];
