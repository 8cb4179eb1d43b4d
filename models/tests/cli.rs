//! The command line, as a person and as a script meet it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// Bounds that are explored in no time.
const SMALL: &str = "nodes=3,terms=1";
/// Bounds that are not explored before somebody ends it.
const ENDLESS: &str = "nodes=3,terms=4,pre_vote=1,symmetry=1";

fn althing(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_althing"));
    command.args(args);
    command
}

fn run(args: &[&str]) -> Output {
    althing(args).output().expect("the command starts")
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

/// Wrong usage or input: exit 2, nothing on standard output, one line that names these.
fn refused(args: &[&str], names: &[&str]) {
    let output = run(args);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
    assert!(output.stdout.is_empty(), "{args:?}: {}", text(&output.stdout));
    assert_eq!(error.lines().count(), 1, "{args:?}: {error}");
    for name in names {
        assert!(error.contains(name), "{args:?}: {error}");
    }
}

#[test]
fn check_prints_the_fields_that_scripts_rely_on() {
    let output = run(&["check", "raft-election", "--bounds", SMALL, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stderr.is_empty(), "no progress unless on a terminal: {}", text(&output.stderr));
    let [line] = &json_lines(&output)[..] else { panic!("a line a profile") };
    assert_eq!(line["model"], "raft-election");
    assert!(line["bounds"].as_str().expect("a string").starts_with("nodes=3,terms=1,"));
    for number in ["states", "unique_states", "max_depth"] {
        assert!(line[number].as_u64().expect(number) > 0);
    }
    assert!(line["states"].as_u64() >= line["unique_states"].as_u64());
    assert!(line["seconds"].is_f64());
    assert_eq!(line["engine"], "althing");
    // 8 bytes each for a fingerprint, in a table that is not full, and for the way to the state.
    assert!(line["table_bytes"].as_u64() >= line["unique_states"].as_u64().map(|states| 16 * states));
    assert!(line.get("agrees").is_none(), "one engine agrees with nobody: {line}");
    assert_eq!(
        (&line["complete"], &line["symmetry"], &line["ok"]),
        (&true.into(), &false.into(), &true.into())
    );
    assert_eq!(line["transitions_uncovered"], Value::Array(vec![]));
    let properties = line["properties"].as_array().expect("a list");
    for property in properties {
        let expected = if property["kind"] == "always" { "holds" } else { "witnessed" };
        assert_eq!(property["status"], expected, "{property}");
    }
    for name in
        ["ElectionSafety", "VoteOnce", "Monotonic", "PersistBeforeSend", "NoSurprise", "Recoverability"]
    {
        assert!(properties.iter().any(|property| property["name"] == name), "{name}");
    }
}

#[test]
fn check_prints_a_table_with_a_verdict_for_people() {
    let output = run(&["check", "raft-election", "--bounds", SMALL]);
    let table = text(&output.stdout);
    for word in ["model", "profile", "states", "depth", "seconds", "raft-election", "COMPLETE"] {
        assert!(table.contains(word), "{table}");
    }
}

#[test]
fn both_engines_are_compared_on_each_profile() {
    let both = ["check", "raft-election", "--bounds", SMALL, "--engine", "both"];
    let output = run(&[&both[..], &["--json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let [ours, theirs] = &json_lines(&output)[..] else { panic!("a line an engine") };
    assert_eq!((&ours["engine"], &theirs["engine"]), (&"althing".into(), &"stateright".into()));
    for line in [ours, theirs] {
        assert_eq!((&line["agrees"], &line["differences"]), (&true.into(), &json!([])));
    }
    for figure in ["bounds", "states", "unique_states", "properties", "transitions_uncovered", "ok"] {
        assert_eq!(ours[figure], theirs[figure], "{figure}");
    }
    let table = text(&run(&both).stdout);
    for words in ["engine", "althing", "stateright", "1 of 1 explored", "The engines agree on 1 of 1."] {
        assert!(table.contains(words), "{table}");
    }
}

#[test]
fn the_reference_alone_explores_too() {
    let output = run(&["check", "raft-election", "--bounds", SMALL, "--engine", "stateright", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let [line] = &json_lines(&output)[..] else { panic!("a line a profile") };
    assert_eq!((&line["engine"], &line["table_bytes"]), (&"stateright".into(), &Value::Null));
    assert!(line.get("agrees").is_none());
}

/// What was found before the limit is told, but of engines that a limit ended nothing is compared.
#[test]
fn engines_that_a_limit_ends_neither_agree_nor_differ() {
    let args = [
        "check",
        "raft-election",
        "--bounds",
        ENDLESS,
        "--engine",
        "both",
        "--time-limit",
        "500ms",
        "--force",
    ];
    let output = run(&[&args[..], &["--json"]].concat());
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    let lines = json_lines(&output);
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert_eq!((&line["agrees"], &line["differences"]), (&Value::Null, &json!([])));
        assert_eq!((&line["complete"], &line["incomplete"]), (&false.into(), &"time limit".into()));
    }
}

#[test]
fn list_names_models_bounds_profiles_and_mutants() {
    let shown = text(&run(&["check", "--list"]).stdout);
    for word in ["raft-election", "terms", "quick", "full", "half-quorum"] {
        assert!(shown.contains(word), "{shown}");
    }
    let [line] = &json_lines(&run(&["check", "raft-election", "--list", "--json"]))[..] else {
        panic!("a line a model")
    };
    assert!(line["quick"].as_array().expect("a list").len() > 3);
    for word in
        ["profiles, liveness", "four-servers-check-quorum", "stale-leader-not-told", "must miss LeaderStays"]
    {
        assert!(shown.contains(word), "{shown}");
    }
    let names = |list: &str, key: &str| -> Vec<Value> {
        line[list].as_array().expect("a list").iter().map(|item| item[key].clone()).collect()
    };
    assert!(names("liveness", "name").contains(&"pre-vote".into()));
    assert!(names("liveness_mutants", "mutant").contains(&"nobody-times-out".into()));
    assert!(!names("mutants", "mutant").contains(&"nobody-times-out".into()));
}

#[test]
fn a_mutant_is_caught_and_its_trace_runs_again_to_the_same_violation() {
    let folder = folder("mutant");
    let out = folder.to_str().expect("a path in Unicode");
    let output = run(&["mutants", "raft-election", "--mutant", "old-vote", "--json", "--trace-out", out]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let [line] = &json_lines(&output)[..] else { panic!("a line a mutant") };
    assert_eq!((&line["mutant"], &line["caught"]), (&"old-vote".into(), &true.into()));
    assert_eq!((&line["expected"], &line["caught_by"]), (&"ElectionSafety".into(), &"ElectionSafety".into()));
    assert_eq!(line["depth"], 7, "the shortest counterexample");

    let trace = folder.join("raft-election-old-vote.jsonl");
    let replay = run(&["replay", trace.to_str().expect("a path in Unicode")]);
    assert_eq!(replay.status.code(), Some(1));
    assert!(text(&replay.stdout).contains("7 steps conform; ElectionSafety violated after step 7"));
    drawings_are_sound(&folder.join("raft-election-old-vote"), 7);

    // Without its last step the trace is refused; with another effect it does not conform.
    let whole = std::fs::read_to_string(&trace).expect("a trace");
    let without_last = whole.trim_end().rsplit_once('\n').expect("several lines").0;
    let variant = folder.join("variant.jsonl");
    let path = variant.to_str().expect("a path in Unicode");
    std::fs::write(&variant, without_last).expect("written");
    refused(&["replay", path], &["truncated", "6 of 7"]);
    std::fs::write(&variant, &whole[..whole.len() - 20]).expect("written");
    refused(&["replay", path], &["line 8"]);
    std::fs::write(&variant, whole.replacen("\"vote\":0", "\"vote\":1", 1)).expect("written");
    let output = run(&["replay", path, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(json_lines(&output)[0]["conforms"], false);
    // By the published rules nothing is violated, and the trace is soon impossible.
    std::fs::write(&variant, whole.replace("\"mutant\":\"old-vote\",", "")).expect("written");
    assert_eq!(run(&["replay", path]).status.code(), Some(1));
    std::fs::write(&variant, whole.replace("\"althing_trace\":1", "\"althing_trace\":2")).expect("written");
    refused(&["replay", path], &["version 2", "version 1"]);
    std::fs::write(&variant, whole.replace("\"old-vote\"", "\"new-vote\"")).expect("written");
    refused(&["replay", path], &["new-vote", "old-vote"]);
}

/// Every form of a counterexample, at this path without the ending, is there and can be read.
fn drawings_are_sound(path: &Path, steps: usize) {
    let read = |ending| std::fs::read_to_string(path.with_extension(ending)).expect(ending);
    let story = read("txt");
    assert!(story.contains("\n  7. n") && story.contains("       now:  term "), "{story}");
    let diagram = read("mmd");
    assert!(diagram.starts_with("sequenceDiagram\n") && diagram.contains("n0->>n1"), "{diagram}");

    let log = read("shiviz.log");
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.len(), 2 * (3 + steps), "two lines for each start and each step: {log}");
    let mut events: BTreeMap<&str, u64> = BTreeMap::new();
    for clock in lines.chunks(2).map(|event| event[1]) {
        let (host, clock) = clock.split_once(' ').expect("a host and a clock");
        let clock: BTreeMap<String, u64> = serde_json::from_str(clock).expect("JSON");
        *events.entry(host).or_default() += 1;
        // Its own events are counted, and of others it knows what has happened.
        assert_eq!(clock.get(host), events.get(host), "{log}");
        assert!(clock.iter().all(|(host, time)| events.get(&**host) >= Some(time)), "{log}");
    }

    let trace: Value = serde_json::from_str(&read("itf.json")).expect("JSON");
    assert_eq!(trace["#meta"]["format"], "ITF");
    assert_eq!(trace["vars"], json!(["action", "node", "sent", "n0", "n1", "n2"]));
    let states = trace["states"].as_array().expect("a list");
    assert_eq!(states.len(), 1 + steps, "the initial state and one a step");
    assert_eq!(states[0]["n2"], "term 0, no vote, follower");
}

#[test]
fn time_is_part_of_a_trace_and_runs_again() {
    let folder = folder("timed");
    let bounds = "claims=1,drift=0,short=1";
    let out = folder.to_str().expect("a path in UTF-8");
    let check = run(&["check", "contract-net-timed", "--bounds", bounds, "--trace-out", out]);
    assert_eq!(check.status.code(), Some(1), "{}", text(&check.stderr));
    let trace = folder.join("contract-net-timed-custom-ExclusiveExecution.jsonl");
    let lines = std::fs::read_to_string(&trace).expect("a trace");
    assert!(lines.contains(r#""input":"tick""#), "{lines}");
    let replay = run(&["replay", trace.to_str().expect("a path in UTF-8")]);
    assert_eq!(replay.status.code(), Some(1), "{}", text(&replay.stderr));
    assert!(
        text(&replay.stdout).contains("ExclusiveExecution violated after step"),
        "{}",
        text(&replay.stdout)
    );
    // With a tick less the manager's lease has not run out.
    let mut untimely = folder.join("untimely");
    untimely.set_extension("jsonl");
    let ticks = lines.matches(r#""input":"tick""#).count();
    let steps = lines.lines().count() - 1;
    let fewer: Vec<_> = lines.lines().filter(|line| !line.contains(r#""input":"tick""#)).collect();
    let header = format!(r#""steps":{}"#, steps - ticks);
    let fewer = fewer.join("\n").replacen(&format!(r#""steps":{steps}"#), &header, 1);
    std::fs::write(&untimely, fewer + "\n").expect("it can be written");
    let replay = run(&["replay", untimely.to_str().expect("a path in UTF-8")]);
    assert_eq!(replay.status.code(), Some(1), "{}", text(&replay.stderr));
    assert!(text(&replay.stdout).contains("does not conform"), "{}", text(&replay.stdout));
}

#[test]
fn what_does_not_exist_is_named_with_the_choices() {
    refused(&["check", "rafft"], &["rafft", "raft-election"]);
    refused(&["mutants", "rafft"], &["rafft", "raft-election"]);
    refused(&["explore", "rafft"], &["rafft", "raft-election"]);
    refused(&["mutants", "--mutant", "half"], &["half", "half-quorum"]);
    refused(&["liveness", "rafft"], &["rafft", "raft-election"]);
    refused(
        &["liveness", "--mutant", "half-quorum"],
        &["half-quorum", "nobody-times-out", "pre-vote-never-won"],
    );
    refused(&["check", "raft-election", "--bounds", "slow"], &["slow", "quick", "full"]);
    refused(&["check", "raft-election", "--bounds", "nods=3"], &["nods", "nodes"]);
    refused(&["check", "raft-election", "--bounds", "nodes=10"], &["nodes=10", "1 to 9"]);
    refused(&["check", "raft-election", "--bounds", "nodes=x"], &["nodes", "number"]);
    refused(&["check", "raft-election", "--bounds", "losses=1"], &["in_flight=1"]);
    refused(&["replay", "/nowhere/trace.jsonl"], &["/nowhere/trace.jsonl", "No such file"]);
    refused(&["replay", env!("CARGO_MANIFEST_PATH")], &["not a trace"]);
}

#[test]
fn a_trace_of_nodes_that_there_are_not_does_not_conform() {
    let trace = folder("foreign").join("trace.jsonl");
    let path = trace.to_str().expect("a path in Unicode");
    let header = |bounds| format!(r#"{{"althing_trace":1,"model":"raft-election","bounds":"{bounds}"}}"#);
    let faults = "nodes=3,crashes=1,in_flight=1,losses=1,duplicates=1,cuts=1";
    let timer = r#"{"timer":"election"}"#;
    for (node, input) in [
        (3, format!(r#"{{"event":{timer}}}"#)),
        (63, format!(r#"{{"duplicate":{timer}}}"#)),
        (63, format!(r#"{{"crash":{timer}}}"#)),
        (63, format!(r#"{{"lose":{timer}}}"#)),
        (63, r#""restart""#.into()),
        (0, r#"{"cut":[0,20]}"#.into()),
        (0, r#"{"cut":[0,1,2]}"#.into()),
    ] {
        let line = format!(r#"{{"step":1,"node":{node},"input":{input},"effects":[]}}"#);
        std::fs::write(&trace, format!("{}\n{line}\n", header(faults))).expect("written");
        let output = run(&["replay", path]);
        assert_eq!(output.status.code(), Some(1), "{input}: {}", text(&output.stderr));
        assert!(text(&output.stdout).contains("cannot happen"), "{input}: {}", text(&output.stdout));
    }
}

#[test]
fn more_threads_than_any_machine_has_are_refused() {
    assert_eq!(run(&["check", "--bounds", SMALL, "--threads", "100000"]).status.code(), Some(2));
}

#[test]
fn bounds_that_would_not_fit_into_memory_are_refused_at_once() {
    refused(
        &["check", "raft-election", "--bounds", "nodes=7,terms=9,pre_vote=1", "--memory-limit", "2GiB"],
        &["nodes=7", "2.0 GiB"],
    );
    let huge = ["check", "raft-election", "--bounds", "terms=1000000000", "--memory-limit", "2GiB"];
    refused(&huge, &["it would fit", "--force"]);
    // This would suffice for one engine, but not for the other.
    let large = ["check", "raft-election", "--bounds", "four-terms", "--memory-limit", "600MB"];
    refused(&[&large[..], &["--engine", "both"]].concat(), &["--force"]);
}

#[test]
fn a_time_limit_ends_a_check_with_partial_figures_and_exit_3() {
    let output = run(&[
        "check",
        "raft-election",
        "--bounds",
        ENDLESS,
        "--time-limit",
        "500ms",
        "--memory-limit",
        "1000TB",
        "--json",
    ]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    let line = &json_lines(&output)[0];
    assert_eq!((&line["complete"], &line["ok"]), (&false.into(), &false.into()));
    assert_eq!(line["incomplete"], "time limit");
    assert!(line["unique_states"].as_u64().expect("a number") > 100);
    let claimed = line["properties"].as_array().expect("a list").iter().any(|p| p["status"] == "holds");
    assert!(!claimed, "an invariant is not known to hold before everything is explored");
}

/// By force also where it would be refused, and soon after the limit.
#[test]
fn a_memory_limit_ends_a_check_with_exit_3() {
    const LIMIT: u64 = 60_000_000;
    let limit = LIMIT.to_string();
    let args = ["check", "raft-election", "--bounds", "four-terms", "--memory-limit", &limit, "--json"];
    for engine in ["althing", "stateright"] {
        let args = [&args[..], &["--engine", engine]].concat();
        refused(&args, &["terms=4", "--force"]);
        let output = run(&[&args[..], &["--force"]].concat());
        assert_eq!(output.status.code(), Some(3), "{engine}: {}", text(&output.stderr));
        let line = &json_lines(&output)[0];
        assert_eq!((&line["engine"], &line["complete"]), (&engine.into(), &false.into()));
        assert_eq!((&line["incomplete"], &line["ok"]), (&"memory limit".into(), &false.into()));
        assert!(line["unique_states"].as_u64() > Some(10_000), "{line}");
        let memory = line["memory"].as_u64().expect("the system tells");
        assert!(memory < LIMIT / 10 * 13, "{engine}: {memory} bytes");
        assert!(line["properties"].as_array().expect("a list").iter().all(|p| p["status"] != "holds"));
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_check_with_partial_figures_and_exit_3() {
    let args = ["check", "raft-election", "--bounds", ENDLESS, "--memory-limit", "1000TB", "--json"];
    let child = althing(&args).stdout(Stdio::piped()).spawn().expect("the command starts");
    std::thread::sleep(Duration::from_millis(700));
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(killed.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(json_lines(&output)[0]["incomplete"], "interrupted");
}

#[test]
fn a_closed_pipe_is_not_worth_a_word() {
    let args = ["check", "--list"];
    let mut child =
        althing(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(0));
    // But of what was not explored it is not known that it is good.
    let mut child = althing(&["check", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn an_address_in_use_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let address = taken.local_addr().expect("it has an address").to_string();
    refused(&["explore", "raft-election", "--listen", &address], &[&address, "in use"]);
}

#[test]
fn the_explorer_serves_states_in_words() {
    let free = TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let address = free.local_addr().expect("it has an address").to_string();
    drop(free);
    let args = ["explore", "raft-election", "--listen", &address];
    let mut child = Killed(althing(&args).stderr(Stdio::piped()).spawn().expect("the command starts"));
    let mut said = String::new();
    BufReader::new(child.0.stderr.take().expect("piped")).read_line(&mut said).expect("it says where");
    assert!(said.contains(&address), "{said}");
    let page = get(&address, "/");
    assert!(page.contains("<html"), "{page}");
    let states = get(&address, "/.states/");
    assert!(states.contains("term 0, no vote, follower"), "{states}");
}

/// A process that does not outlive its test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The answer to an HTTP request of a server that is about to listen.
fn get(address: &str, path: &str) -> String {
    for _ in 0..100 {
        if let Ok(mut stream) = TcpStream::connect(address) {
            let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
            stream.write_all(request.as_bytes()).expect("sent");
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            return text(&answer);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("nobody listens at {address}");
}
