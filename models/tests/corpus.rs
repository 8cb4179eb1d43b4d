//! What the fuzzer found worth keeping, run again without the fuzzer.

use std::fs;
use std::path::{Path, PathBuf};

use althing::node::NodeId;
use althing::outbox::Op;
use althing::raft::Disk;
use althing_models::fuzz::{
    contract_net_decode, contract_net_walk, election_decode, election_walk, raft_decode, raft_walk,
};
use althing_models::raft::{RAFT, endless, model};
use althing_models::subject::Subject;
use althing_models::walk::{Walk, choices};

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target)
}

/// Runs every file of a target's corpus.
fn replay(target: &str, run: fn(&[u8])) {
    let folder = corpus(target);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|file| file.expect("a readable folder").path())
        .collect();
    files.sort();
    assert!(files.len() >= 10, "{} holds just {} files", folder.display(), files.len());
    for file in files {
        // Shown if the test fails: the last is the culprit.
        println!("{}", file.display());
        run(&fs::read(&file).expect("a readable file"));
    }
}

#[test]
fn the_corpus_of_walks_violates_nothing() {
    replay("election_walk", election_walk);
    replay("raft_walk", raft_walk);
    replay("contract_net_walk", contract_net_walk);
}

#[test]
fn the_corpus_of_events_and_traces_breaks_no_contract() {
    replay("election_decode", election_decode);
    replay("raft_decode", raft_decode);
    replay("contract_net_decode", contract_net_decode);
}

#[test]
fn bytes_that_end_anywhere_are_walks_and_events_too() {
    let bytes: Vec<u8> = (0..=255_u8).map(|byte| byte.wrapping_mul(151)).collect();
    for end in 0..bytes.len() {
        election_walk(&bytes[..end]);
        election_decode(&bytes[..end]);
        raft_walk(&bytes[..end]);
        raft_decode(&bytes[..end]);
        contract_net_walk(&bytes[..end]);
        contract_net_decode(&bytes[..end]);
    }
}

/// Walks that are longer than a fuzzer, which never makes anything much longer than its longest
/// seed, would find worth keeping: of three, five and nine servers, with all options. Written like the
/// seeds below.
#[test]
#[ignore = "writes files into the corpus"]
fn long_walks_are_seeds() {
    for nodes in [2_u8, 4, 8] {
        let bounds = [nodes, 0xff, 0x0f, 0x42, 0, 0b11, 0b100, 0b110, 0];
        let mixed = [200, 20, 12, 8, 8, 3, 3, 1, 8];
        let steps =
            choices(nodes.into()).take(800).flat_map(|choice| [(choice >> 24) as u8, (choice >> 16) as u8]);
        let bytes: Vec<u8> = bounds.into_iter().chain(mixed).chain(steps).collect();
        raft_walk(&bytes);
        fs::write(corpus("raft_walk").join(format!("long-{}", nodes + 1)), bytes)
            .expect("the corpus can be written");
    }
}

/// Seeds of a form that a fuzzer hardly finds by itself: traces of walks, and a server's journal
/// of a walk without commands, which begins with the disk of before. Run this after a change of
/// these forms: `cargo test -p althing-models --test corpus -- --ignored`. What the fuzzer found
/// itself is named by its hash: `cargo fuzz cmin` chooses from what it found.
#[test]
#[ignore = "writes files into the corpus"]
fn traces_and_journals_are_seeds() {
    let write = |name: String, text: String| {
        fs::write(corpus("raft_decode").join(name), text).expect("the corpus can be written");
    };
    for nodes in 1..=3 {
        for (log, name) in [(6, "trace"), (0, "journal")] {
            let options = [("log", log), ("compactions", 1), ("change", (1 << nodes) - 1), ("second", 1)];
            let bounds = endless(nodes, &options);
            let cluster = model(&bounds).expect("the bounds agree");
            let mut walk = Walk::new(&cluster);
            for choice in choices(nodes).take(60) {
                walk.step(choice).expect("nothing is violated");
            }
            let trace = cluster.trace(walk.actions(), "");
            if name == "trace" {
                write(format!("trace-{nodes}.jsonl"), trace.to_file(&RAFT.header(&bounds, None)));
                continue;
            }
            let first = trace.lines.iter().filter(|line| line.node == NodeId::default());
            let writes = first.flat_map(|line| &line.effects).filter_map(|op| match op {
                Op::Write(write) => Some(json(write)),
                Op::Sync | Op::Send { .. } | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => None,
            });
            let lines: Vec<_> = [json(&Disk::<()>::default())].into_iter().chain(writes).collect();
            write(format!("journal-{nodes}.jsonl"), lines.join("\n"));
        }
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain data")
}
