//! Stories: each file in this folder is one, told in commands and expectations, a line each.
//!
//! `#` begins a comment. Servers are numbers, commands of the log are words, sets are `{1 2 3}`.
//!
//! | line | meaning |
//! |---|---|
//! | `options no-pre-vote no-check-quorum lazy-commit forward write-behind max-entries=1` | before `cluster`: what is not as by default |
//! | `cluster 3`, `cluster 3 learners {4}` | servers 1 to 3 vote, 4 learns |
//! | `start 4` | a server that has yet to learn who takes part |
//! | `disk 1 term 7 log 1:a 1:noop` | server 1 starts anew, from a disk with these entries |
//! | `timeout 1`, `heartbeat 1`, `lease 1`, `quorum 1` | a timer expires; it must be running |
//! | `propose 1 x y`, `read 1 7`, `transfer 1 -> 3`, `compact 1 5`, `unreachable 1 3` | the host asks |
//! | `change 1 voters {1 2 4} learners {5}` | the host asks for other members |
//! | `deliver 1->2`, `deliver first 1->2`, `deliver all` | messages arrive; `all`: until there are none |
//! | `drop 1->2`, `drop first 1->2`, `drop all`, `repeat 1->2` | messages are lost, or will arrive once more |
//! | `hold 1->2`, `release` | messages are late: nothing delivers them before `release` |
//! | `partition {1 2} {3}`, `heal` | what crosses is lost |
//! | `persist 1` | write-behind: the disk has caught up, and the host says so |
//! | `crash 1`, `restart 1` | memory is lost, and with it the writes that the disk did not have yet |
//! | `expect …` | see `expect.rs` |
//!
//! After every line the servers are held against what must always hold (`support/safety.rs`).

mod expect;
#[allow(dead_code, reason = "the simulation needs more of it")]
#[path = "../support/safety.rs"]
mod safety;
mod stage;
mod words;

use std::fs;
use std::path::Path;

use stage::Stage;

/// The first line that does not hold: its number, and what was found.
fn play(story: &str) -> Result<usize, (usize, String)> {
    let mut stage = Stage::new();
    let mut expectations = 0;
    for (at, line) in story.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let told = match line.split_once(' ') {
            _ if line.is_empty() => continue,
            Some(("expect", claim)) => {
                expectations += 1;
                expect::expect(&stage, claim)
            }
            Some((command, rest)) => stage.perform(command, rest),
            None => stage.perform(line, ""),
        };
        told.map_err(|found| (at + 1, format!("`{line}`: {found}")))?;
    }
    Ok(expectations)
}

#[test]
fn every_story_comes_true() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let files = fs::read_dir(folder).expect("the folder can be read");
    let mut paths: Vec<_> = files.map(|file| file.expect("the entry can be read").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    assert!(paths.len() >= 10, "only {} stories were found", paths.len());
    let mut wrong = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match play(&fs::read_to_string(&path).expect("a story is text")) {
            Ok(expectations) => assert!(expectations > 2, "{name} expects next to nothing"),
            Err((line, found)) => wrong.push(format!("tests/scenarios/{name}:{line}: {found}")),
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// An expectation that cannot fail would be none, and a slip of the pen must not be silent.
#[test]
fn what_does_not_come_true_is_told_with_its_line() {
    let elected = "cluster 3\ntimeout 1\ndeliver all\n";
    for (then, found) in [
        ("expect leader 2 term 1", "leads"),
        ("expect leader 1 term 2", "leads"),
        ("expect no leader", "leads"),
        ("expect log 1 = 1:a", "1:noop"),
        ("expect commit 3 = 2", "1"),
        ("expect refused 1 proposal: does not lead", "nothing was refused"),
        ("expect read 1 7 at 1", "no read"),
        ("expect sent 1->2 append", "nothing"),
        ("expect members 1 = {1 2}", "{1 2 3}"),
        ("expect applied 1 = x", "``"),
        ("timeout 1", "not running"),
        ("deliver 1->2", "nothing"),
        ("frobnicate 1", "no such command"),
        ("expect miracles", "no such expectation"),
        ("propose 9 x", "no server 9"),
    ] {
        let (line, told) = play(&format!("{elected}{then}")).expect_err(then);
        assert_eq!(line, 4, "{told}");
        assert!(told.contains(found), "`{then}` should tell of {found:?}: {told}");
    }
}
