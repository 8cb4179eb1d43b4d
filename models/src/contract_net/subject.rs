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

const QUICK: Profiles = &[("one-contractor", &[("contractors", 1), ("rounds", 2)])];

const FULL: Profiles = &[];
