//! Graphs in files.

use althing::coordination::dag::json::Written;
use althing::coordination::dag::stg;
use althing::coordination::schedule::{Priority, Schedule, heft, list, verify};

use crate::world::{agent, edge, edges};

/// In the layout of the Standard Task Graph Set.
const SAMPLE: &str = "
          4
          0          0          0
          1         20          1          0
          2          3          1          1
          3          4          1          1
          4          2          2          2          3

          5          0          1          4
# Standard Task Graph Set Project
# CP Length           : 26
";

#[test]
fn a_standard_task_graph_is_read() {
    let graph = stg::parse(SAMPLE).expect("a graph");
    let times: Vec<_> = graph.tasks().iter().map(|task| task.time).collect();
    assert_eq!(times, [0, 20, 3, 4, 2, 0]);
    let all = [(0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (4, 5)].map(|(from, to)| edge(from, to, 0));
    assert_eq!(edges(&graph), all);
    assert_eq!(graph.span(), 26);
}

#[test]
fn what_is_no_such_file_is_refused_with_its_line() {
    let refused = |text: &str| stg::parse(text).expect_err("no graph").to_string();
    let number = "which is no whole number from 0 to 18446744073709551615";
    assert_eq!(refused("# nothing\n"), "line 1: there is no number of tasks");
    assert_eq!(refused("\nmany\n"), format!("line 2: the number of tasks is `many`, {number}"));
    assert_eq!(
        refused("18446744073709551616\n"),
        format!("line 1: the number of tasks is `18446744073709551616`, {number}")
    );
    // With the dummies there would be more than can be numbered.
    let most = "tasks are too many: there can be 18446744073709551613";
    assert_eq!(refused("# c\n18446744073709551614\n"), format!("line 2: 18446744073709551614 {most}"));
    let ends = "line 1: after 0 tasks the text ends, but there must be 18446744073709551615 with the dummies";
    assert_eq!(refused("18446744073709551613\n"), ends);
    assert_eq!(refused("1 2\n"), "line 1: `2` is too much");
    assert_eq!(refused("1\n0 0\n"), "line 2: there is no number of predecessors");
    assert_eq!(refused("1\n0 -4 0\n"), format!("line 2: the time is `-4`, {number}"));
    assert_eq!(refused("1\n0 nan 0\n"), format!("line 2: the time is `nan`, {number}"));
    assert_eq!(refused("1\n0 0 0 9\n"), "line 2: `9` is too much");
    assert_eq!(refused("1\n0 0 0\n# c\n2 1 1 0\n"), "line 4: task 2 stands where task 1 should");
    assert_eq!(refused("1\n0 0 0\n1 5 2 0\n"), "line 3: there is no predecessor");
    let unknown = "line 3: task 1 has predecessor 3, but the last task is 2";
    assert_eq!(refused("1\n0 0 0\n1 5 1 3\n"), unknown);
    let ends = "line 3: after 2 tasks the text ends, but there must be 3 with the dummies";
    assert_eq!(refused("1\n0 0 0\n1 5 1 0\n"), ends);
    assert_eq!(refused("0\n0 0 0\n1 0 1 0\n2 0 0\n"), "line 4: `2` is too much");
    assert_eq!(refused("0\n0 0 1 1\n1 0 1 0\n"), "tasks wait for each other: 1 -> 0 -> 1");
}

const PROBLEM: &str = r#"{
  "ticks": 10,
  "agents": [
    {"name": "Ada", "capabilities": ["test", "code"], "speed": 2},
    {"name": "Bob", "capabilities": ["code"]}
  ],
  "tasks": [
    {"name": "parser", "time": 2.5, "needs": ["code"]},
    {"name": "tests", "time": 0.05, "needs": ["test"], "after": ["parser"]},
    {"name": "report", "time": 1.25, "after": [{"task": "parser", "delay": 0.2}, "tests"]}
  ]
}"#;

fn written(text: &str) -> Written {
    serde_json::from_str(text).expect("it is written")
}

#[test]
fn a_problem_is_read() {
    let problem = written(PROBLEM).check().expect("a problem");
    assert_eq!((problem.ticks.get(), &problem.capabilities[..]), (10, &["code".into(), "test".into()][..]));
    assert_eq!(problem.agents, [agent(0b11, 2), agent(0b01, 1)]);
    assert_eq!(
        (problem.agent_names.join(" "), problem.task_names.join(" ")),
        ("Ada Bob".into(), "parser tests report".into())
    );
    let tasks: Vec<_> = problem.graph.tasks().iter().map(|task| (task.time, task.needs.bits())).collect();
    assert_eq!(tasks, [(25, 0b01), (1, 0b10), (13, 0)], "rounded to the nearest tick, of two the later");
    assert_eq!(edges(&problem.graph), [edge(0, 1, 0), edge(0, 2, 2), edge(1, 2, 0)]);
    let schedule = heft(&problem.graph, &problem.agents[..]).expect("a schedule");
    verify(&schedule, &problem.graph, &problem.agents[..]).expect("it is one");
    list(&problem.graph, &problem.agents, Priority::default()).expect_err("it has a delay");
    assert_eq!(schedule.makespan, 13 + 1 + 7);
    let text = serde_json::to_string(&schedule).expect("it is written");
    assert_eq!(serde_json::from_str::<Schedule>(&text).expect("it is read"), schedule);
}

#[test]
fn a_problem_needs_little() {
    let problem =
        written(r#"{"tasks": [{"name": "a", "time": 1, "needs": ["x", "x"]}]}"#).check().expect("a problem");
    assert_eq!(problem.graph.tasks()[0].needs.bits(), 1, "twice the same is once");
    assert_eq!((problem.ticks.get(), problem.graph.work()), (1_000, 1_000));
    assert_eq!((problem.agents.len(), &problem.capabilities[..]), (0, &["x".into()][..]));
}

#[test]
fn what_is_no_problem_is_refused_with_its_field() {
    let refused = |from: &str, to: &str| {
        let text = PROBLEM.replace(from, to);
        assert_ne!(text, PROBLEM);
        written(&text).check().expect_err("no problem").to_string()
    };
    assert_eq!(refused("Bob", "Ada"), "agents[1].name: there is a `Ada` already");
    assert_eq!(refused("\"report\"", "\"tests\""), "tasks[2].name: there is a `tests` already");
    assert_eq!(refused(r#", "tests"]"#, r#", "teste"]"#), "tasks[2].after[1]: there is no task `teste`");
    assert_eq!(
        refused(r#""needs": ["test"]"#, r#""needs": ["code", "tost"]"#),
        "tasks[1].needs[1]: no agent has the capability `tost`"
    );
    let time = "is no time: it must be 0 or more, and its ticks countable";
    assert_eq!(refused("2.5", "-2.5"), format!("tasks[0].time: -2.5 {time}"));
    assert_eq!(refused("2.5", "1e18"), format!("tasks[0].time: 1000000000000000000 {time}"));
    assert_eq!(refused("0.2}", "-1e-9}"), format!("tasks[2].after[0].delay: -0.000000001 {time}"));
    let lost = "is less than half a tick, and would be lost: a unit has 10 ticks";
    assert_eq!(refused("0.05", "0.04999"), format!("tasks[1].time: 0.04999 of task `tests` {lost}"));
    assert_eq!(
        refused("0.2}", "1e-9}"),
        format!("tasks[2].after[0].delay: 0.000000001 of task `report` {lost}")
    );
    assert_eq!(
        refused(r#""needs": ["code"]"#, r#""after": ["report"]"#),
        "tasks: `report`, `parser` wait for each other"
    );
    let mut written = written(PROBLEM);
    written.tasks[1].time = f64::NAN;
    let error = written.check().expect_err("no number").to_string();
    assert_eq!(error, format!("tasks[1].time: NaN {time}"));
    written.tasks[1].time = f64::INFINITY;
    written.check().expect_err("not finite");
    written.tasks[1].time = 0.0;
    written.agents[0].capabilities = (0..64).map(|number| format!("{number:02}")).collect();
    let error = written.check().expect_err("65 with code").to_string();
    assert_eq!(error, "agents[].capabilities: 65 capabilities are too many: there can be 64");
    written.agents[1].capabilities.clear();
    assert_eq!(
        written.check().expect_err("64").to_string(),
        "tasks[0].needs[0]: no agent has the capability `code`"
    );
}

#[test]
fn what_is_longer_than_a_graph_can_be_is_refused() {
    let mut written = written(PROBLEM);
    written.tasks.truncate(1);
    written.ticks = std::num::NonZeroU64::MIN;
    written.tasks[0].time = 9_007_199_254_740_990.0;
    assert_eq!(written.check().expect("just countable").graph.tasks()[0].time, 9_007_199_254_740_990);
    written.tasks[0].time = 9_007_199_254_740_992.0;
    written.check().expect_err("no longer exact");
}

#[test]
fn a_name_that_is_nowhere_is_refused() {
    serde_json::from_str::<Written>(&PROBLEM.replace("speed", "sped")).expect_err("no such field");
    serde_json::from_str::<Written>(&PROBLEM.replace("\"speed\": 2", "\"speed\": 0")).expect_err("no speed");
    let error =
        serde_json::from_str::<Written>(&PROBLEM.replace("[\"parser\"]", "[3]")).expect_err("no name");
    let expected = "invalid type: integer `3`, expected either the name of a task, or {\"task\": name";
    assert!(error.to_string().starts_with(expected), "{error}");
    let error =
        serde_json::from_str::<Written>(&PROBLEM.replace("delay", "dealy")).expect_err("no such field");
    assert!(error.to_string().starts_with("unknown field `dealy`"), "{error}");
}

/// Who alone may do a task has a capability of its own, after those that have names.
#[test]
fn a_task_may_be_for_one_agent_only() {
    let by = |task: &str, name: &str| PROBLEM.replace(task, &format!("{task}, \"by\": \"{name}\""));
    let problem = written(&by("\"name\": \"report\"", "Bob")).check().expect("a problem");
    assert_eq!(problem.agents, [agent(0b011, 2), agent(0b101, 1)]);
    let needs: Vec<_> = problem.graph.tasks().iter().map(|task| task.needs.bits()).collect();
    assert_eq!((needs, problem.capabilities.len()), (vec![0b001, 0b010, 0b100], 2));
    let schedule = heft(&problem.graph, &problem.agents[..]).expect("a schedule");
    assert_eq!(schedule.placements[2].agent, 1, "Ada would have been faster");
    let error =
        written(&by("\"name\": \"parser\"", "Eve")).check().expect_err("nobody is called so").to_string();
    assert_eq!(error, "tasks[0].by: there is no agent `Eve`");
    let mut written = written(&by("\"name\": \"report\"", "Bob"));
    let text = serde_json::to_string(&written).expect("it is written");
    assert_eq!(serde_json::from_str::<Written>(&text).expect("it is read"), written);
    written.agents[0].capabilities = (0..63).map(|number| format!("{number:02}")).collect();
    let error = written.check().expect_err("65 with code and Bob").to_string();
    let expected = "agents[].capabilities and tasks[].by: 65 capabilities are too many: there can be 64";
    assert_eq!(error, expected);
}
