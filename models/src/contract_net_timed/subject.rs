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

const QUICK: Profiles = &[
    ("exact-clocks", &[("drift", 0), ("claims", 1)]),
];

const FULL: Profiles = &[];
