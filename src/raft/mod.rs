//! Raft, after Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm"
//! (2014, here "the paper") and Ongaro's thesis, "Consensus: Bridging Theory and Practice"
//! (2014, here "the thesis").
//!
//! | where | what | file |
//! |---|---|---|
//! | paper, Figure 2; 5.1, 5.2, 5.4.1; thesis 4.2.3, 6.2, 9.6 | leader election | [`election`] |
//! | paper, Figure 2 | a server: election and log | [`server`] |
//! | paper 5.3, 5.4; thesis 10.2 | replication and commitment | [`replication`] |
//! | paper 5.3, Figure 2 (volatile state on leaders) | what a leader knows of a follower | [`progress`] |
//! | paper 5.3, Figure 2 (persistent state) | the log, in memory and on disk | [`entry`], [`log`], [`disk`], [`ballot`], [`position`] |
//! | paper 6; thesis 4 | membership | [`membership`], [`change`] |
//! | paper 7 | compaction and snapshots | [`snapshot`] |
//! | thesis 3.10 | transfer of the leadership | [`transfer`] |
//! | thesis 6.3 | commands that clients send again | [`session`] |
//! | thesis 6.4 | reads | [`read`] |
//! | thesis 6.4.1 | reads without a message, by the host's clock | [`lease`] |
//! | paper, Figure 2 and 13 (RPCs) | messages | [`message`] |
//! | all of these | every decision, as a predicate | [`rules`], [`election::rules`] |
//! | paper, Figure 3 | what must always hold | [`invariants`], [`election::invariants`] |
//! | | what a server is told at its start, and why it refuses | [`config`], [`refusal`] |

pub mod ballot;
pub mod change;
pub mod config;
pub mod disk;
pub mod election;
pub mod entry;
pub mod invariants;
pub mod lease;
pub mod log;
pub mod membership;
pub mod message;
pub mod position;
pub mod progress;
pub mod read;
pub mod refusal;
pub mod replication;
pub mod rules;
pub mod server;
pub mod session;
pub mod snapshot;
pub mod transfer;

pub use ballot::{Ballot, Term};
pub use config::{Config, Limits, Options};
pub use disk::{Disk, Write};
pub use election::{Election, LeaderChanged, Published, Timer};
pub use entry::{Batch, Command, Commands};
pub use lease::Lease;
pub use log::{Log, LogError, LogWrite, Snapshot};
pub use membership::{Membership, MembershipError};
pub use message::{Answer, Entries, Message};
pub use position::{Index, Position};
pub use progress::{Mode, Progress};
pub use read::Reads;
pub use refusal::{Refusal, Refused};
pub use rules::Rules;
pub use server::{Input, Leading, Output, Raft};
pub use session::{SessionError, Sessions};
