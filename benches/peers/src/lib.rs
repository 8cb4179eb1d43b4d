//! What a committed entry costs, beside other implementations of Raft, under the same rules for
//! all of them. `README.md` says how to run it.
//!
//! | file | what is there |
//! |---|---|
//! | `cluster.rs` | the rules: what a server is asked, who is asked when, what is lost, what is kept |
//! | `measure.rs` | the closed loop, what is measured of it, and what must be true after it |
//! | `contestants.rs` | who takes part, in which configurations |
//! | `althing.rs` | this crate |
//! | `tikv.rs` | tikv's `raft` 0.7.0, the latest that is published (March 2023) |
//!
//! A further side is a file with its [`Server`](cluster::Server), and its lines in
//! `contestants.rs`.

#[cfg(all(feature = "prost-codec", feature = "protobuf-codec"))]
compile_error!("tikv's raft has one codec at a time: with prost-codec use --no-default-features");
#[cfg(all(feature = "jemalloc", feature = "count-allocations"))]
compile_error!("there is one allocator at a time: jemalloc or count-allocations");

pub mod althing;
pub mod cluster;
pub mod contestants;
pub mod measure;
#[cfg(any(feature = "prost-codec", feature = "protobuf-codec"))]
pub mod tikv;

#[cfg(feature = "jemalloc")]
#[global_allocator]
static JEMALLOC: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
