//! What the fuzzer runs. The targets in `fuzz/` hold nothing but calls of these functions, so the
//! tests can run the corpus again without the fuzzer and its toolchain.
//!
//! A function panics if something is wrong, and says what.

use althing::machine::Machine;
use althing::observe::History;

use crate::bounds::Bounds;
use crate::cluster::Cluster;
use crate::walk::{Kind, Walk, Weights};

mod contract_net;
mod election;
mod near;
mod raft;

pub use contract_net::{contract_net_decode, contract_net_walk};
pub use election::{election_decode, election_walk};
pub use raft::{raft_decode, raft_walk};

/// A walk of a cluster: a byte for each weight, and then two bytes a step.
fn walk<M: Machine, H: History<M>>(bounds: &Bounds, cluster: &Cluster<M, H>, bytes: &[u8]) {
    let Some((weights, rest)) = bytes.split_first_chunk::<{ Kind::COUNT }>() else { return };
    let mut walk = Walk::new(cluster);
    walk.set_weights(Weights::new(*weights));
    let mut steps = rest.chunks_exact(2).map(|step| u32::from_be_bytes([step[0], step[1], 0, 0]));
    let walked = steps.try_for_each(|choice| walk.step(choice).map(drop));
    if let Err(violation) = walked.and_then(|()| walk.end()) {
        panic!("{bounds}: {}", violation.story(cluster));
    }
}
