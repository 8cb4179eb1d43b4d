//! Bytes as a manager or a contractor under any events, as a journal, or as a trace.
#![no_main]

use althing_models::fuzz::contract_net_decode;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| contract_net_decode(bytes));
