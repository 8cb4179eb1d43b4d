#![doc = include_str!("front_page.md")]
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "arbitrary")]
extern crate std;

pub mod contract_net;
pub mod coordination;
pub mod machine;
pub mod node;
pub mod observe;
pub mod outbox;
pub mod quorum;
pub mod raft;

pub use machine::{Durable, Event, Machine};
pub use node::{NodeId, NodeMap, NodeSet};
pub use outbox::{Op, Outbox, Persistent};
