//! `althing auction`, as its users call it.

mod command;

use std::process::Output;

use serde_json::{Value, json};

use command::{althing, lines, plot};

const ARTICLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/problems/article-market.json");

fn auction(problem: &str, arguments: &[&str]) -> Output {
    althing(&[&["auction", "-"], arguments].concat(), problem.as_bytes())
}

fn article(arguments: &[&str]) -> Output {
    auction(&std::fs::read_to_string(ARTICLE).expect("it ships"), arguments)
}

fn number(line: &Value, field: &str) -> i64 {
    line[field].as_i64().unwrap_or_else(|| panic!("{field} of {line}"))
}

#[test]
fn the_market_of_the_article_gives_every_task_to_somebody() {
    for arguments in [["--json", "--rule", "first"], ["--json", "--rule", "second"]] {
        let output = article(&arguments);
        let (tasks, agents, market) =
            (lines(&output, "task"), lines(&output, "agent"), lines(&output, "market"));
        assert_eq!((tasks.len(), agents.len(), market.len()), (12, 5, 1));
        let sum = |of: &[Value], field| of.iter().map(|line| number(line, field)).sum::<i64>();
        for (of, field) in [(&tasks, "value"), (&tasks, "cost"), (&tasks, "surplus")] {
            assert_eq!(sum(of, field), number(&market[0], field), "{field}");
        }
        assert_eq!(sum(&tasks, "price"), number(&market[0], "paid"));
        assert_eq!(sum(&agents, "paid"), number(&market[0], "paid"));
        assert_eq!(sum(&agents, "tasks"), 12);
        let end = tasks.iter().map(|task| number(task, "end")).max();
        assert_eq!(end, Some(number(&market[0], "makespan")));
        for task in &tasks {
            assert_eq!(task["fate"], "done");
            let (cost, price) = (number(task, "cost"), number(task, "price"));
            assert!(cost <= price && price <= number(task, "value"), "{task}");
            let alone = number(task, "bids") == 1;
            let expected = match (arguments[2], alone) {
                ("first", _) => cost,
                (_, true) => number(task, "value"), // The reserve is the value there.
                (..) => continue,
            };
            assert_eq!(price, expected, "{task}");
        }
    }
}

/// Nobody works on more at one time than it has room for, and nothing begins before what it comes after.
#[test]
fn capacity_and_order_are_kept() {
    let problem: Value =
        serde_json::from_str(&std::fs::read_to_string(ARTICLE).expect("it ships")).expect("JSON");
    for seed in ["1", "2", "3", "4", "5"] {
        let tasks = lines(&article(&["--json", "--seed", seed]), "task");
        for task in &tasks {
            let overlaps = |other: &&Value| {
                other["agent"] == task["agent"]
                    && number(other, "start") < number(task, "end")
                    && number(task, "start") < number(other, "end")
            };
            assert_eq!(tasks.iter().filter(overlaps).count(), 1, "{task}");
            let written = problem["tasks"].as_array().expect("tasks").iter();
            let written =
                written.clone().find(|it| it["name"] == task["task"]).expect("a task of the problem");
            for earlier in written["after"].as_array().into_iter().flatten() {
                let earlier = tasks.iter().find(|it| it["task"] == *earlier).expect("a task");
                assert!(number(earlier, "end") <= number(task, "start"), "{task}");
            }
        }
    }
}

#[test]
fn a_seed_draws_the_costs_and_always_the_same() {
    let costs = |seed| -> Vec<_> {
        lines(&article(&["--json", "--seed", seed]), "task").iter().map(|task| task["cost"].clone()).collect()
    };
    assert_eq!(costs("7"), costs("7"));
    assert_ne!(costs("7"), costs("8"));
}

#[test]
fn a_table_is_printed_without_json() {
    let output = article(&[]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success());
    assert!(text.contains("utilisation") && text.contains("12 of 12 tasks done"), "{text}");
}

/// A market of one agent and some tasks.
fn market(agent: Value, tasks: &[Value]) -> String {
    json!({"agents": [agent], "tasks": tasks}).to_string()
}

fn ada() -> Value {
    json!({"name": "Ada", "capabilities": ["code"], "cost": 3})
}

fn task(name: &str, more: Value) -> Value {
    let mut task = json!({"name": name, "needs": ["code"], "work": 2, "value": 10});
    let fields = task.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    task
}

#[test]
fn a_task_that_is_not_done_says_why() {
    let tasks = [
        task("parser", json!({"needs": ["code", "magic"]})),
        task("tests", json!({"after": ["parser"]})),
        task("cheap", json!({"reserve": 5})),
        task("raised", json!({"reserve": 1, "escalation": [2, 1]})),
    ];
    let output = auction(&market(ada(), &tasks), &["--json"]);
    let reasons: Vec<_> = lines(&output, "task").iter().map(|task| task["reason"].clone()).collect();
    let expected = [
        json!("no agent can do it"),
        json!("`parser` ended without a result"),
        json!("the lowest bid, 6, was above the reserve"),
        Value::Null,
    ];
    assert_eq!(reasons, expected);
    let raised = &lines(&output, "task")[3];
    assert_eq!((number(raised, "price"), number(raised, "round")), (6, 4), "1, 2, 4, and then 8");
}

/// The lowest is named even if those who could do it were busy when the task came.
#[test]
fn a_reserve_that_is_too_low_for_all_is_the_reason() {
    let agents = json!([
        {"name": "Ada", "capabilities": ["code"], "cost": 20},
        {"name": "Bob", "capabilities": ["code"], "cost": 15},
    ]);
    let busy = [task("one", json!({"value": 90})), task("other", json!({"value": 90}))];
    let low = task("low", json!({"reserve": 5, "value": 90}));
    for tasks in
        [vec![low.clone()], [&busy[..], std::slice::from_ref(&low)].concat(), [&[low], &busy[..]].concat()]
    {
        let output = auction(&json!({"agents": agents, "tasks": tasks}).to_string(), &["--json"]);
        for task in lines(&output, "task") {
            let reason = "the lowest bid, 30, was above the reserve";
            let expected = if task["task"] == "low" { json!(reason) } else { Value::Null };
            assert_eq!(task["reason"], expected);
        }
    }
}

/// Not again each time that somebody is done with something.
#[test]
fn many_tasks_are_announced_about_twice() {
    let tasks: Vec<_> = (0..5_000).map(|number| task(&number.to_string(), json!({}))).collect();
    let tasks = lines(&auction(&market(ada(), &tasks), &["--json"]), "task");
    assert_eq!((tasks.len(), tasks.iter().map(|task| number(task, "round")).max()), (5_000, Some(2)));
    for (place, task) in tasks.iter().enumerate() {
        assert_eq!(number(task, "start"), 2 * place as i64, "who came first is served first");
    }
}

/// Nobody raises the reserve while somebody would do it for that, and is only busy.
#[test]
fn a_reserve_stays_while_somebody_who_would_do_it_is_busy() {
    let agents = json!([
        {"name": "Ada", "capabilities": ["code"], "cost": 3},
        {"name": "Bob", "capabilities": ["code"], "cost": 4},
    ]);
    let more = json!({"reserve": 6, "escalation": [2, 1]});
    let tasks = [task("one", more.clone()), task("other", more)];
    let tasks = lines(&auction(&json!({"agents": agents, "tasks": tasks}).to_string(), &["--json"]), "task");
    let done: Vec<_> = tasks.iter().map(|task| (task["agent"].clone(), number(task, "start"))).collect();
    assert_eq!(done, [(json!("Ada"), 0), (json!("Ada"), 2)]);
}

#[test]
fn a_name_cannot_move_the_cursor_in_the_table() {
    let mut agent = ada();
    agent["name"] = json!("A\u{1b}[2Jda");
    let names = [task("par\nser", json!({})), task("te\tsts", json!({"needs": ["magic"]})), after("te\tsts")];
    let text = String::from_utf8(auction(&market(agent, &names), &[]).stdout).expect("text");
    for expected in ["A\\u{1b}[2Jda", "par\\nser", "te\\tsts", "`te\\tsts` ended without"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!text.contains(['\u{1b}', '\t']), "{text}");
}

fn after(name: &str) -> Value {
    task("last", json!({"after": [name]}))
}

#[test]
fn an_agent_with_room_works_on_several_at_once() {
    let two = [task("one", json!({})), task("other", json!({}))];
    let ends = |capacity: u32| -> Vec<_> {
        let agent = json!({"name": "Ada", "capabilities": ["code"], "cost": 3, "capacity": capacity});
        let output = auction(&market(agent, &two), &["--json"]);
        lines(&output, "task").iter().map(|task| number(task, "end")).collect()
    };
    assert_eq!((ends(1), ends(2)), (vec![2, 4], vec![2, 2]));
}

#[test]
fn what_is_wrong_is_named_with_its_field_and_value() {
    let with = |field: &str, value: Value| {
        let mut agent = ada();
        agent[field] = value;
        market(agent, &[task("parser", json!({}))])
    };
    let of_tasks = |tasks: &[Value]| market(ada(), tasks);
    let listed = json!({"capabilities": ["code"], "agents": [{"name": "Ada", "capabilities": ["cod"], "cost": 3}],
        "tasks": [task("parser", json!({}))]});
    let whole = of_tasks(&[task("parser", json!({}))]);
    let cost = |value| {
        let either = "expected a cost: a number of 0 or more, or {\"min\": .., \"max\": ..}";
        format!("agents[0].cost: invalid type: {value}, {either}")
    };
    let slow =
        json!({"reserve": 1, "work": 10_000_000, "escalation": [4_000_000_001_u32, 4_000_000_000_u32]});
    for (problem, expected) in [
        (listed.to_string(), "agents[0].capabilities: there is no \"cod\"; there are: \"code\""),
        (with("cost", json!(-3)), &cost("integer `-3`")),
        (with("cost", json!(3.5)), &cost("floating point `3.5`")),
        (with("cost", json!(1e23)), &cost("floating point `1e+23`")),
        (with("cost", json!("3")), &cost("string \"3\"")),
        (with("cost", json!([1, 2])), &cost("[1,2]")),
        (with("cost", json!(null)), &cost("null")),
        (with("cost", json!({"min": 1, "max": 2, "mean": 3})), "agents[0].cost.mean: unknown field `mean`"),
        (with("cost", json!({"min": 1, "max": -2})), "agents[0].cost.max: invalid value: integer `-2`"),
        (with("cost", json!({"min": 1})), "agents[0].cost: missing field `max`"),
        (with("cost", json!("9".repeat(1_000_000))), "999...999"),
        (with("fixed", json!(u64::MAX)), "of \"parser\", and 18446744073709551615 besides, is too much"),
        (with("cost", json!({"min": 4, "max": 2})), "agents[0].cost.min: 4 is more than the maximum, 2"),
        (with("cost", json!(u64::MAX)), "agents[0].cost: 18446744073709551615 for each of 2 units of work"),
        (with("capacity", json!(0)), "agents[0].capacity: 0 must be at least 1"),
        (with("speed", json!(0)), "agents[0].speed: 0 must be at least 1"),
        (with("speed", json!(-1)), "agents[0].speed: invalid value: integer `-1`, expected u32"),
        (with("colour", json!("red")), "agents[0].colour: unknown field `colour`"),
        (of_tasks(&[task("a", json!({})), task("a", json!({}))]), "tasks[1].name: there is a \"a\" already"),
        (
            of_tasks(&[task("a", json!({"after": ["b"]}))]),
            "tasks[0].after: there is no \"b\"; there are: \"a\"",
        ),
        (
            of_tasks(&[task("a", json!({"after": ["b"]})), task("b", json!({"after": ["a"]}))]),
            "tasks[0].after: \"a\", \"b\" wait for each other",
        ),
        (of_tasks(&[task("a", json!({"after": ["a"]}))]), "tasks[0].after: \"a\" comes after itself"),
        (of_tasks(&[after("z\nz")]), "tasks[0].after: there is no \"z\\nz\"; there are: \"last\""),
        (with("a\nb", json!(1)), "agents[0].a\\nb: unknown field `a\\nb`"),
        (
            of_tasks(&[task("a", json!({})), task("b", json!({"work": u64::MAX}))]),
            "tasks[1].work: 18446744073709551615 makes the work of all tasks together more than 2305843009213693951",
        ),
        (
            of_tasks(&[task("quick", json!({})), task("slow", slow)]),
            "tasks[1].escalation: [4000000001, 4000000000] lets the reserve grow from 1 to the least cost, 30000000",
        ),
        (of_tasks(&[task("a", json!({"rounds": 0}))]), "tasks[0].rounds: 0 must be at least 1"),
        (of_tasks(&[task("a", json!({"escalation": [1, 2]}))]), "tasks[0].escalation: [1, 2] cannot be"),
        (of_tasks(&[]), "tasks: there must be one at least"),
        (whole[..whole.len() - 9].to_owned(), "it ends too early, at line 1, column"),
        (String::new(), "it is empty: a problem is an object with `agents` and `tasks`"),
        (" \n".to_owned(), "it is empty"),
        ("null".to_owned(), "the problem: invalid type: null, expected a problem: an object with `agents`"),
        (
            json!({"agents": [1], "tasks": []}).to_string(),
            "agents[0]: invalid type: integer `1`, expected an agent",
        ),
        ("{agents}".to_owned(), "the problem: key must be a string at line 1 column 2"),
        (whole.clone() + "x", "after the end: trailing characters"),
        (format!("{whole}{}", " ".repeat(17 << 20)), "16777217 bytes are too many"),
    ] {
        let output = auction(&problem, &["--json"]);
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(said.starts_with("althing: -: ") && said.contains(expected), "{expected}: {said}");
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
        assert!(output.stdout.is_empty(), "nothing half done");
    }
    let many: Vec<_> =
        (0..128).map(|i| json!({"name": i.to_string(), "capabilities": [], "cost": 1})).collect();
    let problem = json!({"agents": many, "tasks": [task("a", json!({"needs": []}))]}).to_string();
    let said = String::from_utf8(auction(&problem, &[]).stderr).expect("text");
    assert!(said.contains("agents: 128 are too many: there can be 127"), "{said}");
}

/// Each wave is proved optimal; one at a time gains no more; nobody is paid less than its cost.
#[test]
fn tasks_cleared_together_are_proved_optimal_and_named_if_they_cannot_be_placed() {
    for rule in ["vcg", "epsilon"] {
        let output = article(&["--json", "--rule", rule]);
        let (tasks, market) = (lines(&output, "task"), &lines(&output, "market")[0]);
        assert_eq!((&market["proved"], number(market, "done")), (&json!(true), 12));
        assert!(number(market, "sequential_gain") <= number(market, "gain"));
        assert_eq!(number(market, "gain"), number(market, "surplus"), "reserves are values there");
        for task in &tasks {
            let (cost, price) = (number(task, "cost"), number(task, "price"));
            assert!(cost <= price && price <= number(task, "value"), "{task}");
            assert!(rule == "vcg" || price == number(task, "clearing_price"), "{task}");
        }
        let problem = market_of_unplaced();
        let output = auction(&problem, &["--json", "--rule", rule]);
        let reasons: Vec<_> = lines(&output, "task").iter().map(|task| task["reason"].clone()).collect();
        let reason = json!("the lowest cost, 6, is above the reserve, 5");
        let after = json!("`parser` ended without a result");
        assert_eq!(reasons, [json!("no agent can do it"), after, reason, Value::Null]);
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(said.contains("`parser` cannot be placed: no agent can do it"), "{said}");
    }
}

fn market_of_unplaced() -> String {
    let tasks = [
        task("parser", json!({"needs": ["code", "magic"]})),
        task("tests", json!({"after": ["parser"]})),
        task("cheap", json!({"reserve": 5})),
        task("plain", json!({})),
    ];
    market(ada(), &tasks)
}

#[test]
fn what_cannot_be_cleared_or_drawn_is_refused_with_one_line() {
    let far = market(ada(), &[task("far", json!({"value": u64::MAX}))]);
    let many: Vec<_> = (0..2_001).map(|number| task(&number.to_string(), json!({}))).collect();
    let plain = market(ada(), &[task("plain", json!({}))]);
    for (problem, arguments, expected) in [
        (far, ["--rule", "vcg"], "the reserve of `far` is 18446744073709551609 above the lowest cost"),
        (market(ada(), &many), ["--rule", "epsilon"], "2001 are too many to be cleared together"),
        (plain, ["--plot", "no/such/folder.svg"], "no/such/folder.svg: cannot be written"),
    ] {
        let output = auction(&problem, &arguments);
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(said.contains(expected), "{expected}: {said}");
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
        assert!(output.stdout.is_empty(), "nothing half done");
    }
}

#[test]
fn the_plot_is_whole_and_names_are_escaped() {
    let tasks = [task("a<b&c", json!({})), task("cheap", json!({"reserve": 5}))];
    let (svg, output) = plot(&["auction", "-"], market(ada(), &tasks).as_bytes(), "market");
    assert!(output.status.success() && svg.ends_with("</svg>\n"));
    for expected in
        ["a&lt;b&amp;c: value 10, cost 6", "break-even", "cheap: value 10, not done", "<title id="]
    {
        assert!(svg.contains(expected), "{expected}: {svg}");
    }
}
