//! What the fuzzer found worth keeping, run again without the fuzzer.

use std::fs;
use std::path::Path;

use althing_models::fuzz::{election_decode, election_walk};

/// Runs every file of a target's corpus.
fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|file| file.expect("a readable folder").path())
        .collect();
    files.sort();
    assert!(files.len() >= 20, "{} holds just {} files", folder.display(), files.len());
    for file in files {
        // Shown if the test fails: the last is the culprit.
        println!("{}", file.display());
        run(&fs::read(&file).expect("a readable file"));
    }
}

#[test]
fn the_corpus_of_walks_violates_nothing() {
    replay("election_walk", election_walk);
}

#[test]
fn the_corpus_of_events_and_traces_breaks_no_contract() {
    replay("election_decode", election_decode);
}

#[test]
fn bytes_that_end_anywhere_are_walks_and_events_too() {
    let bytes: Vec<u8> = (0..=255_u8).map(|byte| byte.wrapping_mul(151)).collect();
    for end in 0..bytes.len() {
        election_walk(&bytes[..end]);
        election_decode(&bytes[..end]);
    }
}
