//! `althing liveness` and `althing replay`, as a person and as a script meet them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_althing")).args(args).output().expect("the command starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json_lines(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

/// A folder of a test's own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

#[test]
fn a_goal_that_a_mutant_misses_is_told_in_every_form() {
    let folder = folder("liveness");
    let out = folder.to_str().expect("a path in Unicode");
    let mutant = ["liveness", "raft-election", "--mutant", "pre-vote-never-won"];
    let output = run(&[&mutant[..], &["--json", "--trace-out", out]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let [line] = &json_lines(&output)[..] else { panic!("a line a mutant") };
    assert_eq!((&line["model"], &line["profile"]), (&"raft-election".into(), &Value::Null));
    assert_eq!((&line["mutant"], &line["expected"]), (&"pre-vote-never-won".into(), &"LeaderEmerges".into()));
    assert!(line["bounds"].as_str().expect("a string").starts_with("nodes=3,terms=1,"));
    assert_eq!((&line["complete"], &line["incomplete"]), (&true.into(), &Value::Null));
    assert_eq!(line["ok"], true, "it misses what it must");
    for number in ["explored", "faults_end_in", "unique_states", "steps"] {
        assert!(line[number].as_u64() > Some(0), "{number}: {line}");
    }
    assert!(line["seconds"].is_f64());
    let goals = line["goals"].as_array().expect("a list");
    assert_eq!((&goals[0]["name"], &goals[1]["name"]), (&"LeaderEmerges".into(), &"LeaderStays".into()));
    let goal = &goals[0];
    assert_eq!(goal["status"], "violated");
    assert!(goal["states_without"].as_u64() > Some(0));
    let (steps, cycle) = (goal["steps"].as_u64().expect("steps"), goal["cycle"].as_u64().expect("a cycle"));
    assert!(cycle < steps);
    let trace = goal["trace"].as_array().expect("the lines of the file");
    assert_eq!((trace.len() as u64, &trace[0]["cycle"]), (1 + steps, &goal["cycle"]));

    let path = folder.join("raft-election-pre-vote-never-won-LeaderEmerges.jsonl");
    for ending in ["txt", "mmd", "shiviz.log", "itf.json"] {
        assert!(path.with_extension(ending).is_file(), "{ending}");
    }
    let files = std::fs::read_dir(&folder).expect("a folder").count();
    assert_eq!(files, 2 * 5, "of both goals");
    let replay = run(&["replay", path.to_str().expect("a path in Unicode")]);
    assert_eq!(replay.status.code(), Some(1));
    let expected = format!(
        "{steps} steps conform; after step {steps} the state is that after step {cycle}: the last {} repeat \
         for ever; LeaderEmerges violated\n",
        steps - cycle
    );
    assert!(text(&replay.stdout).ends_with(&expected), "{}", text(&replay.stdout));

    let shown = text(&run(&mutant).stdout);
    for words in ["caught", "LeaderEmerges missed: ", "-- from here on, for ever --"] {
        assert!(shown.contains(words), "{shown}");
    }
}

/// The last step of the trace is what counts, whatever invariant is violated before.
#[test]
fn a_trace_after_which_nothing_can_happen_runs_again_to_its_end() {
    let folder = folder("stuck");
    let out = folder.to_str().expect("a path in Unicode");
    let output = run(&["liveness", "--mutant", "nobody-times-out", "--json", "--trace-out", out]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let goal = &json_lines(&output)[0]["goals"][0];
    assert_eq!((&goal["status"], &goal["cycle"]), (&"violated".into(), &Value::Null));
    let path = folder.join("raft-election-nobody-times-out-LeaderEmerges.jsonl");
    let path = path.to_str().expect("a path in Unicode");
    let replay = run(&["replay", path]);
    assert_eq!(replay.status.code(), Some(1));
    let expected = "3 steps conform; nothing can happen any more; LeaderEmerges violated\n";
    assert!(text(&replay.stdout).ends_with(expected), "{}", text(&replay.stdout));

    // Before that something could; then it is an invariant that is violated.
    let whole = std::fs::read_to_string(path).expect("a trace");
    let without_last = whole.trim_end().rsplit_once('\n').expect("several lines").0;
    std::fs::write(path, without_last.replace("\"steps\":3", "\"steps\":2")).expect("written");
    let replay = run(&["replay", path]);
    assert_eq!(replay.status.code(), Some(1));
    let shown = text(&replay.stdout);
    assert!(shown.ends_with("2 steps conform; Recoverability violated after step 1\n"), "{shown}");
}

#[test]
fn a_time_limit_ends_a_check_of_liveness_with_exit_3() {
    let output = run(&["liveness", "--time-limit", "1ms", "--json"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    let lines = json_lines(&output);
    let incomplete: Vec<_> = lines.iter().filter(|line| line["complete"] == false).collect();
    assert!(!incomplete.is_empty());
    for line in incomplete {
        assert_eq!((&line["incomplete"], &line["ok"]), (&"time limit".into(), &false.into()));
        assert!(line["goals"].as_array().expect("a list").iter().all(|goal| goal["status"] == "unknown"));
    }
}
