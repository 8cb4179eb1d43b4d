//! Bytes as a walk of a cluster that replicates a log: every invariant after every step.
#![no_main]

use althing_models::fuzz::raft_walk;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| raft_walk(bytes));
