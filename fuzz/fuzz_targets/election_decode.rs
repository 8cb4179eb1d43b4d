//! Bytes as a server, and as what it is told: its contract in every state, whatever comes.
#![no_main]

use althing_models::fuzz::election_decode;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| election_decode(bytes));
