//! `contract-net-timed` on the command line.

use super::mutants::{Broken, MUTANTS};
use super::{Agent, KEYS, cluster, model};
use crate::bounds::{Bounds, BoundsError};
use crate::cell::Tamper;
use crate::cluster::Cluster;
use crate::protocol::{Catalogue, Profiles, Protocol};

/// The model `contract-net-timed`.
pub struct ContractNetTimed;

impl Protocol for ContractNetTimed {
    type Machine = Agent;
    type Mutated = Agent<Broken>;
    type Missing = Broken;
    type History = ();

    fn catalogue(&self) -> Catalogue<Broken, Agent<Broken>> {
        Catalogue {
            name: "contract-net-timed",
            about: "The leases of the contract net, in real time, by clocks that differ",
            keys: &KEYS,
            quick: QUICK,
            full: FULL,
            liveness: &[],
            mutants: &MUTANTS,
            mutants_with: &[],
            liveness_mutants: &[],
        }
    }

    fn model(bounds: &Bounds) -> Result<Cluster<Agent>, BoundsError> {
        model(bounds)
    }

    fn without(
        bounds: &Bounds,
        missing: Broken,
        tamper: Tamper<Agent<Broken>>,
    ) -> Result<Cluster<Agent<Broken>>, BoundsError> {
        cluster(bounds, missing, tamper)
    }
}

/// All with any rates within the drift that change as they go: clocks that are always the slowest, or
/// the fastest, do nothing else.
const QUICK: Profiles = &[
    ("exact-clocks", &[("drift", 0), ("claims", 1)]),
    ("slack", &[("drift", 0), ("slack", 1), ("claims", 1)]),
    ("drift", &[("claims", 1)]),
    ("drift-slack", &[("contractor_lease", 1), ("slack", 1), ("drift_of", 3), ("claims", 1)]),
    ("fine", &[("contractor_lease", 1), ("grain", 2), ("claims", 1)]),
    ("renewals", &[("contractor_lease", 1), ("drift", 0)]),
    ("failures", &[("contractor_lease", 1), ("drift", 0), ("claims", 1), ("failures", 1)]),
    ("declines", &[("contractor_lease", 1), ("drift", 0), ("claims", 1), ("expiry", 1)]),
    ("crash", &[("contractor_lease", 1), ("drift", 0), ("claims", 1), ("crashes", 1)]),
    (
        "crash-resume",
        &[("contractor_lease", 1), ("drift", 0), ("claims", 1), ("crashes", 1), ("idempotent", 1)],
    ),
];

const FULL: Profiles = &[
    ("renewals-drift", &[("contractor_lease", 1)]),
    ("three-claims", &[("contractor_lease", 1), ("drift", 0), ("claims", 3)]),
    ("long-leases", &[("slack", 2), ("drift_of", 4), ("claims", 1)]),
    ("small-drift", &[("contractor_lease", 3), ("drift_of", 10), ("claims", 1)]),
    ("finer", &[("contractor_lease", 1), ("grain", 4), ("claims", 1)]),
    ("three-contractors", &[("contractors", 3), ("contractor_lease", 1), ("drift", 0), ("claims", 1)]),
    ("three-epochs", &[("contractor_lease", 1), ("drift", 0), ("rounds", 3), ("claims", 1)]),
    ("crash-drift", &[("contractor_lease", 1), ("claims", 1), ("crashes", 1)]),
    ("crash-renewals", &[("contractor_lease", 1), ("drift", 0), ("crashes", 1)]),
    ("two-crashes", &[("contractor_lease", 1), ("drift", 0), ("claims", 1), ("crashes", 2)]),
    ("declines-drift", &[("contractor_lease", 1), ("claims", 1), ("expiry", 1)]),
];
