//! `raft-election` on the command line.

use althing::raft::election::invariants::Elections;

use super::mutants::{Broken, MUTANTS};
use super::{KEYS, Server, cluster, liveness, model};
use crate::bounds::{Bounds, BoundsError};
use crate::cell::Tamper;
use crate::cluster::Cluster;
use crate::keys::ENDLESS_TERMS;
use crate::protocol::{Catalogue, Profiles, Protocol};

/// The model `raft-election`.
pub struct RaftElection;

impl Protocol for RaftElection {
    type Machine = Server;
    type Mutated = Server<Broken>;
    type Missing = Broken;
    type History = Elections;

    fn catalogue(&self) -> Catalogue<Broken, Server<Broken>> {
        Catalogue {
            name: "raft-election",
            about: "Raft's leader election, with pre-vote and check-quorum",
            keys: &KEYS,
            quick: QUICK,
            full: FULL,
            liveness: LIVENESS,
            mutants: &MUTANTS,
            // What is dead depends on the rules.
            mutants_with: &[("reduce", 0)],
            liveness_mutants: &liveness::MUTANTS,
        }
    }

    fn model(bounds: &Bounds) -> Result<Cluster<Server, Elections>, BoundsError> {
        model(bounds)
    }

    fn without(
        bounds: &Bounds,
        missing: Broken,
        tamper: Tamper<Server<Broken>>,
    ) -> Result<Cluster<Server<Broken>, Elections>, BoundsError> {
        cluster(bounds, missing, tamper)
    }

    /// A fit of the logarithm of the number of states, by least squares, to some 110 explorations: of 2
    /// to 5 servers, 1 to 4 terms, and every fault. It is off by a factor of 3.3 at most.
    fn states(bounds: &Bounds) -> f64 {
        let count = |key| bounds.get(key) as f64;
        let more = |key| (1.0 + count(key)).ln();
        let on = |key| f64::from(u8::from(bounds.is_on(key)));
        let (nodes, terms) = (count("nodes"), count("terms"));
        if nodes < 2.0 {
            return 2.0 * (terms + 1.0) * (count("crashes") + 1.0);
        }
        let rounds = nodes * terms;
        // Messages of a kind that there can be, and whether none of them is ever forgotten.
        let (messages, in_flight) = (rounds * (nodes - 1.0), on("in_flight"));
        let unreduced = (1.0 - on("reduce")) * (1.0 - in_flight);
        let renamings: f64 = (1..=bounds.get("nodes")).map(|n| (n as f64).ln()).sum();
        let exponent = 0.6
            + rounds * (0.575 + 0.216 * nodes)
            + on("pre_vote") * (rounds * (0.73 * nodes - 1.3) + messages * 0.674 * (unreduced + in_flight))
            + messages * (0.143 * on("check_quorum") + 0.428 * unreduced + 0.247 * in_flight)
            + nodes * (0.68 * more("crashes") + 0.68 * count("credentials").ln())
            + nodes * (0.55 * more("losses") + 0.69 * more("duplicates") + 0.7 * more("cuts"))
            - on("symmetry") * renamings;
        exponent.min(690.0).exp() // About the largest number that there is.
    }

    fn smaller(bounds: &Bounds) -> Vec<Vec<(&'static str, u64)>> {
        let (nodes, terms) = (bounds.get("nodes"), bounds.get("terms"));
        // More terms than this fit nowhere, and a thousand million are too many to try one by one.
        let fewer_terms = (1..=terms.min(64)).rev().map(|terms| (nodes, terms));
        let smaller = fewer_terms.chain((1..nodes).rev().map(|nodes| (nodes, 1)));
        smaller.map(|(nodes, terms)| vec![("nodes", nodes), ("terms", terms)]).collect()
    }

    /// No term is the last.
    fn endless(bounds: &Bounds) -> Bounds {
        bounds.clone().with(&[("terms", ENDLESS_TERMS)])
    }
}

const QUICK: Profiles = &[
    ("one-server", &[("nodes", 1), ("terms", 3), ("crashes", 2)]),
    ("two-servers", &[("nodes", 2), ("terms", 3), ("crashes", 1), ("pre_vote", 1), ("check_quorum", 1)]),
    ("three-terms", &[("nodes", 3), ("terms", 3)]),
    ("three-terms-check-quorum", &[("nodes", 3), ("terms", 3), ("check_quorum", 1), ("symmetry", 1)]),
    ("faults", &[("nodes", 3), ("terms", 2), ("crashes", 1)]),
    ("faults-pre-vote", &[("nodes", 3), ("terms", 2), ("crashes", 1), ("pre_vote", 1), ("symmetry", 1)]),
    (
        "faults-check-quorum",
        &[("nodes", 3), ("terms", 2), ("crashes", 1), ("check_quorum", 1), ("symmetry", 1)],
    ),
    (
        "faults-both",
        &[("nodes", 3), ("terms", 2), ("crashes", 1), ("pre_vote", 1), ("check_quorum", 1), ("symmetry", 1)],
    ),
    (
        "counted-faults",
        &[
            ("nodes", 3),
            ("terms", 1),
            ("crashes", 1),
            ("in_flight", 1),
            ("losses", 1),
            ("duplicates", 1),
            ("cuts", 1),
        ],
    ),
    ("outdated", &[("nodes", 3), ("terms", 2), ("crashes", 1), ("credentials", 2)]),
    ("outdated-pre-vote", &[("nodes", 3), ("terms", 1), ("crashes", 1), ("credentials", 3), ("pre_vote", 1)]),
    ("four-servers", &[("nodes", 4), ("terms", 1)]),
    (
        "four-servers-both",
        &[("nodes", 4), ("terms", 1), ("pre_vote", 1), ("check_quorum", 1), ("symmetry", 1)],
    ),
    ("four-servers-two-terms", &[("nodes", 4), ("terms", 2), ("check_quorum", 1), ("symmetry", 1)]),
    ("five-servers", &[("nodes", 5), ("terms", 2), ("symmetry", 1)]),
    ("five-servers-check-quorum", &[("nodes", 5), ("terms", 1), ("check_quorum", 1), ("symmetry", 1)]),
];

const FULL: Profiles = &[
    ("four-terms", &[("nodes", 3), ("terms", 4), ("crashes", 2), ("symmetry", 1)]),
    (
        "counted-faults-two-terms",
        &[("nodes", 3), ("terms", 2), ("crashes", 1), ("in_flight", 1), ("losses", 1), ("duplicates", 1)],
    ),
    ("five-servers-crash", &[("nodes", 5), ("terms", 2), ("crashes", 1), ("symmetry", 1)]),
    ("five-servers-two-terms", &[("nodes", 5), ("terms", 2), ("check_quorum", 1), ("symmetry", 1)]),
];

const LIVENESS: Profiles = &[
    ("plain", &[("nodes", 3), ("terms", 2), ("crashes", 1), ("symmetry", 1)]),
    ("pre-vote", &[("nodes", 3), ("terms", 2), ("crashes", 1), ("pre_vote", 1), ("symmetry", 1)]),
    ("check-quorum", &[("nodes", 3), ("terms", 2), ("crashes", 1), ("check_quorum", 1), ("symmetry", 1)]),
    (
        "both",
        &[("nodes", 3), ("terms", 2), ("crashes", 1), ("pre_vote", 1), ("check_quorum", 1), ("symmetry", 1)],
    ),
    ("outdated", &[("nodes", 3), ("terms", 2), ("crashes", 1), ("credentials", 2)]),
    ("two-servers", &[("nodes", 2), ("terms", 3), ("pre_vote", 1), ("check_quorum", 1)]),
    ("four-servers", &[("nodes", 4), ("terms", 1), ("crashes", 1), ("symmetry", 1)]),
    ("four-servers-check-quorum", &[("nodes", 4), ("terms", 1), ("check_quorum", 1), ("symmetry", 1)]),
];
