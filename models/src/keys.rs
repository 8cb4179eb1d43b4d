//! The bounds that the models of clusters share, and what they make of a cluster.

use althing::machine::Machine;
use althing::node::Relabel;
use althing::observe::History;

use crate::bounds::{Bounds, BoundsError, Key};
use crate::cell::Symmetric;
use crate::cluster::{Cluster, Faults, Network};

/// As many faults of a kind, or inputs, as you like.
pub const ENDLESS: u64 = Faults::ENDLESS as u64;
/// More terms, or entries, than any run has.
pub const ENDLESS_TERMS: u64 = 1_000_000_000;

/// Crashes of nodes.
pub const CRASHES: Key =
    Key::new("crashes", "crashes with a restart, at any moment; 255: any number", 0, ENDLESS, 0);
/// Whether nodes are alike.
pub const SYMMETRY: Key = Key::new("symmetry", "1: the names of the servers do not matter", 0, 1, 0);
/// Whether dead messages are forgotten.
pub const REDUCE: Key =
    Key::new("reduce", "1: messages that can change nothing any more are forgotten", 0, 1, 1);
/// Which [`Network`] it is.
pub const IN_FLIGHT: Key =
    Key::new("in_flight", "1: faults of the network are counted; 0: they have no bound", 0, 1, 0);
/// Messages that the network loses.
pub const LOSSES: Key = Key::new("losses", "messages lost, with in_flight=1; 255: any number", 0, ENDLESS, 0);
/// Messages that it repeats.
pub const DUPLICATES: Key =
    Key::new("duplicates", "messages that arrive twice, with in_flight=1; 255: any number", 0, ENDLESS, 0);
/// How often it is cut in two.
pub const CUTS: Key =
    Key::new("cuts", "times the network is cut in two, with in_flight=1; 255: any number", 0, ENDLESS, 0);

/// Faults without end.
pub const ENDLESS_FAULTS: [(&str, u64); 6] = [
    ("crashes", ENDLESS),
    ("in_flight", 1),
    ("losses", ENDLESS),
    ("duplicates", ENDLESS),
    ("cuts", ENDLESS),
    ("reduce", 0),
];

/// Whether these bounds go together.
///
/// # Errors
/// [`BoundsError::Contradiction`] if they do not.
pub fn validate(bounds: &Bounds) -> Result<(), BoundsError> {
    validate_network(bounds)?;
    let contradiction = if bounds.is_on("symmetry") && bounds.is_on("in_flight") {
        "symmetry=1 needs in_flight=0"
    } else if bounds.is_on("symmetry") && bounds.get("nodes") > 6 {
        "symmetry=1 is for at most 6 nodes"
    } else {
        return Ok(());
    };
    Err(BoundsError::Contradiction(contradiction))
}

/// Whether the bounds of the network go together.
///
/// # Errors
/// [`BoundsError::Contradiction`] if they do not.
pub fn validate_network(bounds: &Bounds) -> Result<(), BoundsError> {
    let counted = ["losses", "duplicates", "cuts"].iter().any(|key| bounds.get(key) > 0);
    if counted && !bounds.is_on("in_flight") {
        return Err(BoundsError::Contradiction(
            "losses, duplicates and cuts are counted with in_flight=1; with in_flight=0 they have no bound",
        ));
    }
    Ok(())
}

/// The cluster with the faults, the network and the symmetry of its bounds.
#[must_use]
pub fn bounded<M, H>(cluster: Cluster<M, H>, bounds: &Bounds) -> Cluster<M, H>
where
    M: Symmetric,
    H: History<M> + Relabel,
{
    let cluster = faulty(cluster, bounds, bounds.small("crashes"));
    if bounds.is_on("symmetry") { cluster.symmetric() } else { cluster }
}

/// The cluster with the network of its bounds, and so many crashes.
#[must_use]
pub fn faulty<M: Machine, H: History<M>>(
    cluster: Cluster<M, H>,
    bounds: &Bounds,
    crashes: u8,
) -> Cluster<M, H> {
    let cluster = cluster.faults(Faults {
        crashes,
        losses: bounds.small("losses"),
        duplicates: bounds.small("duplicates"),
        cuts: bounds.small("cuts"),
    });
    if bounds.is_on("in_flight") { cluster.network(Network::InFlight) } else { cluster }
}
