//! Bytes as a walk of a cluster: every invariant after every step.
#![no_main]

use althing_models::fuzz::election_walk;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| election_walk(bytes));
