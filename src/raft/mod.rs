//! Raft, after Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm"
//! (2014, here "the paper") and Ongaro's thesis, "Consensus: Bridging Theory and Practice"
//! (2014, here "the thesis").
//!
//! | where | what | file |
//! |---|---|---|
//! | paper, Figure 2; 5.1, 5.2, 5.4.1; thesis 4.2.3, 6.2, 9.6 | leader election | [`election`] |
//! | paper, Figure 2 (persistent state) | term and vote on disk | [`ballot`] |

pub mod ballot;
pub mod election;

pub use ballot::{Ballot, Term};
pub use election::Election;
