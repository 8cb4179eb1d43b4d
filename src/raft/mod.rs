//! Raft, after Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm"
//! (2014, here "the paper") and Ongaro's thesis, "Consensus: Bridging Theory and Practice"
//! (2014, here "the thesis").
//!
//! | where | what | file |
//! |---|---|---|
//! | paper, Figure 2; 5.1, 5.2, 5.4.1; thesis 4.2.3, 6.2, 9.6 | leader election | [`election`] |
//! | paper 5.1, 5.2, 5.4.1; thesis 4.2.3, 6.2, 9.6 | every decision of the election, as a predicate | [`rules`] |
//! | paper, Figure 2 (persistent state) | term and vote on disk | [`ballot`] |
//! | paper, Figure 2 (RPCs) | messages | [`message`] |
//! | paper, Figure 3 | what must always hold | [`invariants`] |

pub mod ballot;
pub mod election;
pub mod invariants;
pub mod message;
pub mod rules;

pub use ballot::{Ballot, Term};
pub use election::{Config, ConfigError, Credential, Election, Input, LeaderChanged, Role, Timer};
pub use message::Message;
pub use rules::{Published, Rules};
