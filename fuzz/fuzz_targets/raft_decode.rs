//! Bytes as a disk, perhaps a damaged one, and as what a server is told that starts from it.
#![no_main]

use althing_models::fuzz::raft_decode;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| raft_decode(bytes));
