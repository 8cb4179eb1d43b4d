//! Bytes as a walk of a contract net: every invariant after every step.
#![no_main]

use althing_models::fuzz::contract_net_walk;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| contract_net_walk(bytes));
