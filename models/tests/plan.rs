//! `althing plan`, as its users call it.

mod command;

use std::process::Output;

use serde_json::{Value, json};

use althing_models::plan::{Instead, Problem, plot as charts, rows};
use proptest::prelude::*;

use command::{althing, lines, number, plot, printed, refused};

const ARTICLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/problems/article-tax.json");

fn plan(problem: &str, arguments: &[&str]) -> Output {
    althing(&[&["plan", "-"], arguments].concat(), problem.as_bytes())
}

fn row(rows: &[Value], regime: &str, agents: u64) -> Value {
    let found = rows.iter().find(|row| row["regime"] == regime && row["agents"] == agents);
    found.unwrap_or_else(|| panic!("no {regime} of {agents}: {rows:?}")).clone()
}

/// The article's page shows, of 5 agents and 12 tasks: serial 41.1 / 0.00, parallel 9.6 / 1.34, hybrid
/// 21.4 / 0.90, best parallel.
#[test]
fn the_articles_figures_are_printed_beside_those_of_the_surface() {
    let text = printed(&althing(&["plan", ARTICLE], b""));
    let (_, article) = text.split_once("The article's demonstration").expect("it is there");
    let words: Vec<Vec<&str>> = article.lines().map(|line| line.split_whitespace().collect()).collect();
    for expected in [["serial", "41.1", "0.00"], ["parallel", "9.6", "1.34"], ["hybrid", "21.4", "0.90"]] {
        assert!(words.iter().any(|line| *line == expected), "{expected:?}: {text}");
    }
    assert!(article.contains("best: parallel"), "{text}");
    assert!(text.contains("best by the formula: hybrid, 5 agents, batches of 12: 9.558"), "{text}");
}

#[test]
fn the_lines_of_json_agree_with_each_other_and_with_the_formulas() {
    let output = althing(&["plan", ARTICLE, "--json"], b"");
    let problem = &lines(&output, "problem")[0];
    assert_eq!((number(problem, "tasks"), number(problem, "agents")), (12.0, 5.0));
    assert_eq!((number(problem, "work"), number(problem, "span")), (41.07, 4.86));
    assert_eq!((&problem["critical_path"], number(problem, "price")), (&json!(["task 5"]), 0.15));
    let rows = lines(&output, "row");
    assert_eq!(rows.len(), 9, "one of a lone agent, two of each team");
    for it in &rows {
        let (k, n, b) = (number(it, "agents"), 12.0, number(it, "batch"));
        let sync = if k > 1.0 { 0.15 * k * k.ln_1p() } else { 0.0 };
        assert!((number(it, "overhead") - n / b * sync).abs() < 1e-12, "{it}");
        assert!(
            (number(it, "lower") - number(it, "overhead") - f64::max(4.86, 41.07 / k)).abs() < 1e-3,
            "{it}"
        );
        let upper = (41.07 - 4.86) / k + 4.86;
        assert!((number(it, "upper") - number(it, "overhead") - upper).abs() < 1e-3, "{it}");
        assert!(
            number(it, "lower") <= number(it, "simulated") && number(it, "simulated") <= number(it, "upper")
        );
        assert!((number(it, "speedup") - 41.07 / number(it, "simulated")).abs() < 1e-12, "{it}");
        assert!((number(it, "efficiency") - number(it, "speedup") / k).abs() < 1e-12, "{it}");
        assert_eq!((&it["violation"], &it["reason"]), (&Value::Null, &Value::Null));
    }
    let best = &lines(&output, "best")[0];
    let fastest = rows.iter().map(|it| number(it, "simulated")).fold(f64::INFINITY, f64::min);
    assert_eq!(number(&best["by_schedule"], "time"), fastest);
    assert_eq!(
        (&best["by_formula"]["regime"], number(&best["by_formula"], "batch")),
        (&json!("hybrid"), 12.0)
    );
    let article: Vec<_> =
        lines(&output, "article").iter().map(|it| (it["regime"].clone(), it["best"].clone())).collect();
    assert_eq!(
        article,
        [("serial", false), ("parallel", true), ("hybrid", false)].map(|(it, best)| (json!(it), json!(best)))
    );
    let advice = &lines(&output, "advice")[0];
    assert_eq!(
        (&advice["decide"], &advice["work_as"], number(advice, "agents")),
        (&json!("hierarchical"), &json!("hierarchy"), 5.0)
    );
    let reasons = advice["reasons"].as_array().expect("a list");
    assert_eq!(reasons.len(), 17);
    let gain = reasons.iter().find(|it| it["criterion"] == "Gain").expect("it decides");
    assert_eq!((&gain["holds"], number(gain, "right")), (&json!(true), 1.0));
}

/// The example of the help.
fn team() -> Value {
    json!({
        "agents": [
            {"name": "Ada", "capabilities": ["code", "test"], "speed": 2},
            {"name": "Bob", "capabilities": ["code"]},
        ],
        "tasks": [
            {"name": "parser", "time": 2.5, "needs": ["code"]},
            {"name": "tests", "time": 1, "needs": ["test"], "after": ["parser"]},
            {"name": "report", "time": 0.5, "by": "Bob", "after": [{"task": "parser", "delay": 0.2}, "tests"]},
        ],
        "sync": {"price": 0.15, "shape": "tree"},
        "rework": 0.02,
    })
}

/// Ada ends the parser at 1.25 and the tests at 1.75, and Bob alone may write the report, till 2.25.
#[test]
fn agents_that_differ_have_a_schedule_of_their_own() {
    let output = plan(&team().to_string(), &["--json"]);
    let rows = lines(&output, "row");
    let alone = row(&rows, "serial", 1);
    assert_eq!((&alone["simulated"], &alone["reason"]), (&Value::Null, &json!("nobody can do \"report\"")));
    let parallel = row(&rows, "parallel", 2);
    let sync = 0.15 * 2.0_f64.ln();
    for field in ["optimum", "simulated"] {
        assert!((number(&parallel, field) - 2.25 - 3.0 * sync).abs() < 1e-9, "{parallel}");
    }
    let problem = &lines(&output, "problem")[0];
    assert_eq!(
        (number(problem, "work"), &problem["critical_path"]),
        (4.0, &json!(["parser", "tests", "report"]))
    );
    let advice = &lines(&output, "advice")[0];
    assert_eq!(advice["rejected"][0]["why"], "one agent cannot do it");
    assert!(printed(&plan(&team().to_string(), &[])).contains("1 agent: nobody can do \"report\""));
}

/// Eight equal tasks on three agents take three rounds, not 2.67; and the best schedule does as well.
#[test]
fn a_lower_bound_is_no_time() {
    let tasks: Vec<_> = (0..8).map(|number| json!({"name": number.to_string(), "time": 1})).collect();
    let problem = json!({"agents": 4, "tasks": tasks, "ticks": 3}).to_string();
    let rows = lines(&plan(&problem, &["--json"]), "row");
    let of = |agents| {
        let row = row(&rows, "parallel", agents);
        ["lower", "optimum", "simulated", "overhead"].map(|field| number(&row, field))
    };
    assert_eq!((of(3), of(4)), ([8.0 / 3.0, 3.0, 3.0, 0.0], [2.0, 2.0, 2.0, 0.0]));
}

#[test]
fn what_the_command_line_says_goes_before_the_problem() {
    let run = |arguments: &[&str]| althing(&[&["plan", ARTICLE, "--json"], arguments].concat(), b"");
    let article = |output: &Output| {
        lines(output, "article").iter().map(|it| number(it, "overhead")).collect::<Vec<_>>()
    };
    let output = run(&["--agents", "8", "--price", "1.2"]);
    assert_eq!(number(&lines(&output, "problem")[0], "agents"), 8.0);
    let overheads = article(&output);
    assert!(
        (overheads[1] - 9.6 * 9.0_f64.ln()).abs() < 1e-12 && (overheads[2] - 7.2).abs() < 1e-12,
        "{overheads:?}"
    );
    // As the article's slider shows: at the highest prices nobody should share the work.
    assert_eq!(lines(&run(&["--price", "99"]), "advice")[0]["decide"], "single");
    for (arguments, expected) in [
        (["--agents", "0"], "it must be from 1 to 10000"),
        (["--agents", "x"], "it must be from 1 to 10000"),
        (["--price", "-1"], "it must be 0 or from 1e-60 to 1e60"),
        (["--price", "free"], "it is no number"),
    ] {
        let output = run(&arguments);
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(output.status.code() == Some(2) && said.contains(expected), "{said}");
    }
}

#[test]
fn a_standard_task_graph_is_read() {
    let file = std::env::temp_dir().join(format!("althing-{}.stg", std::process::id()));
    let path = file.display().to_string();
    std::fs::write(&file, "4\n0 0 0\n1 20 1 0\n2 3 1 1\n3 4 1 1\n4 2 2 2 3\n5 0 1 4\n").expect("written");
    let output = althing(&["plan", &path, "--json"], b"");
    let problem = &lines(&output, "problem")[0];
    assert_eq!((number(problem, "tasks"), number(problem, "agents")), (4.0, 2.0), "{problem}");
    assert_eq!((number(problem, "work"), number(problem, "span")), (29.0, 26.0));
    assert_eq!(number(&row(&lines(&output, "row"), "parallel", 2), "optimum"), 26.0);
    for (text, expected) in [
        (&b"1\n0 0 0\n1 5 1 3\n"[..], "line 3: task 1 has predecessor 3, but the last task is 2"),
        (b"0\n0 0 1 1\n1 0 1 0\n", "tasks wait for each other: 1 -> 0 -> 1"),
        (b"0\n0 0 0\n1 0 1 0\n", "tasks: there must be one at least that takes some time"),
        (b"0\n0 0 \xff\n", "line 2: it is no text in UTF-8"),
    ] {
        std::fs::write(&file, text).expect("written");
        let said = refused(&althing(&["plan", &path], b""));
        assert_eq!(said, format!("althing: {path}: {expected}"));
    }
    std::fs::remove_file(&file).expect("it is there");
}

/// The problem with this in place of what is there.
fn with(place: &str, value: Value) -> String {
    let mut problem = team();
    *problem.pointer_mut(place).unwrap_or_else(|| panic!("no {place}")) = value;
    problem.to_string()
}

/// The problem with this field besides.
fn and(place: &str, field: &str, value: Value) -> String {
    let mut problem = team();
    problem.pointer_mut(place).expect("it is there")[field] = value;
    problem.to_string()
}

#[test]
fn what_is_wrong_is_said_in_one_line_with_its_field() {
    let magnitude = "0 or from 1e-60 to 1e60";
    let tasks =
        |count: usize| (0..count).map(|i| json!({"name": i.to_string(), "time": 1})).collect::<Vec<_>>();
    let many_agents: Vec<_> = (0..10_001).map(|i| json!({"name": i.to_string()})).collect();
    let mut delayed = tasks(1_001);
    delayed[1]["after"] = json!([{"task": "0", "delay": 1}]);
    for (problem, expected) in [
        (String::new(), "it is empty: a problem is an object with `tasks`".to_owned()),
        (
            "[]".into(),
            "the problem: invalid length 0, expected a problem: an object with `tasks` at line 1 column 2"
                .into(),
        ),
        ("{}".into(), "the problem: missing field `tasks` at line 1 column 2".into()),
        (team().to_string()[..99].into(), "it ends too early, at line 1, column 99".into()),
        (json!({"tasks": []}).to_string(), "tasks: there must be one at least that takes some time".into()),
        (with("/tasks/1/after", json!(["report"])), "tasks: `report`, `tests` wait for each other".into()),
        (with("/tasks/1/after", json!(["tests"])), "tasks: `tests` wait for each other".into()),
        (with("/tasks/2/by", json!("Eve")), "tasks[2].by: there is no agent `Eve`".into()),
        (with("/tasks/2/after/1", json!("te\nst")), "tasks[2].after[1]: there is no task `te\\nst`".into()),
        (
            with("/tasks/1/needs/0", json!("magic")),
            "tasks[1].needs[0]: no agent has the capability `magic`".into(),
        ),
        (with("/agents/1/name", json!("Ada")), "agents[1].name: there is a `Ada` already".into()),
        (
            with("/tasks/2/by", json!("Bob")).replace("0.5", "0.5,\"needs\":[\"test\"]"),
            "tasks[2].needs: no agent has all that `report` needs".into(),
        ),
        (
            with("/tasks/0/time", json!(-1)),
            "tasks[0].time: -1 is no time: it must be 0 or more, and its ticks countable".into(),
        ),
        (with("/agents", json!([])), "agents: there must be one at least".into()),
        (
            json!({"agents": many_agents, "tasks": tasks(1)}).to_string(),
            "agents: 10001 are too many: there can be 10000".into(),
        ),
        (
            json!({"tasks": tasks(100_001)}).to_string(),
            "tasks: 100001 are too many: there can be 100000".into(),
        ),
        (
            json!({"tasks": delayed}).to_string(),
            "tasks: 1001 are too many: there can be 1000 if results travel".into(),
        ),
    ] {
        assert_eq!(refused(&plan(&problem, &["--json"])), format!("althing: -: {expected}"));
    }
    for (problem, expected) in [
        (with("/agents", json!(0)), "agents: invalid value: integer `0`, expected how many agents there are, from 1 to 10000, or a list".to_owned()),
        (with("/agents", json!(10_001)), "agents: invalid value: integer `10001`".into()),
        (with("/agents", json!(2.5)), "agents: invalid type: floating point `2.5`".into()),
        (with("/agents/0/speed", json!(0)), "agents[0].speed: invalid value: integer `0`".into()),
        (with("/agents/0", json!("Ada")), "agents[0]: invalid type: string \"Ada\", expected an agent".into()),
        (with("/tasks/0", json!(3)), "tasks[0]: invalid type: integer `3`, expected a task".into()),
        (with("/tasks/0/time", json!("2")), "tasks[0].time: invalid type: string \"2\"".into()),
        (with("/tasks/2/after/0", json!(3)), "tasks[2].after[0]: invalid type: integer `3`, expected either the name".into()),
        (and("/tasks/2/after/0", "dealy", json!(3)), "tasks[2].after[0].dealy: unknown field `dealy`".into()),
        (and("/tasks/0", "tiem", json!(3)), "tasks[0].tiem: unknown field `tiem`".into()),
        (and("", "shape", json!(3)), "shape: unknown field `shape`".into()),
        (and("", "ticks", json!(0)), "ticks: invalid value: integer `0`".into()),
        (with("/sync/price", json!(-0.5)), format!("sync.price: the magnitude is -0.5: it must be {magnitude}")),
        (with("/sync/price", json!("free")), "sync.price: invalid type: string \"free\"".into()),
        (with("/sync/shape", json!("square")), "sync.shape: unknown variant `square`, expected one of `constant`, `linear`".into()),
        (with("/sync/shape", json!({"power": 17})), "sync.shape.power: the exponent is 17: it must be from 1e-60 to 16".into()),
        (with("/sync/shape", json!({"measured": [0, 2, 1]})), "sync.shape: g(3) is 1, less than the 2 of one agent fewer".into()),
        (with("/rework", json!(-1)), format!("rework: the magnitude is -1: it must be {magnitude}")),
        (and("", "margin", json!(-1)), format!("margin: the magnitude is -1: it must be {magnitude}")),
        (and("", "context", json!({"window": 0, "each": 1})), "context.window: the count is 0: it must be at least 1".into()),
        (and("", "decision", json!({"faults": -1})), "decision.faults: invalid value: integer `-1`".into()),
        (and("", "private", json!({"spread": 2, "bid": 0})), "private.spread: the fraction is 2: it must be 0 or from 1e-60 to 1".into()),
        (and("", "mean_time_between_failures", json!(0)), "mean_time_between_failures: the magnitude is 0: it must be from 1e-60 to 1e60".into()),
        (and("", "pace", json!({"rate": 1, "resources": 2})), "pace: missing field `delay`".into()),
    ] {
        let said = refused(&plan(&problem, &[]));
        assert!(said.starts_with(&format!("althing: -: {expected}")), "{expected}: {said}");
    }
    let said = refused(&althing(&["plan", "no/such.json"], b""));
    assert!(said.starts_with("althing: no/such.json: No such file"), "{said}");
}

/// All that a problem can say is heard.
#[test]
fn each_field_moves_the_advice() {
    let advice = |problem: &str| lines(&plan(problem, &["--json"]), "advice").remove(0);
    let tasks: Vec<_> = (0..40).map(|i| json!({"name": i.to_string(), "time": 1})).collect();
    let plain = json!({"agents": 9, "tasks": tasks, "sync": {"price": 0.02, "shape": "linear"}});
    let and = |field: &str, value: Value| {
        let mut problem = plain.clone();
        problem[field] = value;
        advice(&problem.to_string())
    };
    let before = advice(&plain.to_string());
    assert_eq!((&before["decide"], number(&before, "batch")), (&json!("hierarchical"), 40.0));
    assert!(number(&and("rework", json!(0.01)), "batch") < 40.0);
    assert_eq!(and("margin", json!(20))["decide"], "single");
    assert_eq!(number(&and("context", json!({"window": 50, "each": 10})), "batch"), 5.0);
    assert_eq!(number(&and("decision", json!({"faults": 2})), "replicas"), 5.0);
    assert_eq!(and("private", json!({"spread": 0.5, "bid": 0.001}))["decide"], "market");
    assert!(number(&and("mean_time_between_failures", json!(100)), "checkpoint_every") > 0.0);
    assert!(number(&and("pace", json!({"rate": 1, "resources": 20, "delay": 0.5})), "sync_every") > 0.0);
    let infeasible = and("decision", json!({"faults": 5}))["infeasible"].to_string();
    assert!(infeasible.contains("11 agents must vote, and there are at most 9"), "{infeasible}");
    let one = json!({"agents": 9, "tasks": [{"name": "a", "time": 1}]});
    assert_eq!(advice(&one.to_string())["work_as"], "one");
}

/// Without a number of agents, there are as many as can be of use; of many not each has its rows.
#[test]
fn many_tasks_and_agents_are_planned_in_a_moment() {
    let tasks: Vec<_> = (0..3_000).map(|i| json!({"name": i.to_string(), "time": 1 + i % 7})).collect();
    let output =
        plan(&json!({"tasks": tasks, "sync": {"price": 1e-3, "shape": "linear"}}).to_string(), &["--json"]);
    let problem = &lines(&output, "problem")[0];
    assert_eq!(number(problem, "agents"), (number(problem, "work") / 7.0).ceil());
    let rows = lines(&output, "row");
    let best = &lines(&output, "best")[0]["by_formula"];
    assert!(rows.len() < 100, "{}", rows.len());
    let of_best =
        row(&rows, best["regime"].as_str().expect("a name"), best["agents"].as_u64().expect("a number"));
    assert!(number(&of_best, "simulated") >= number(best, "time"));
}

#[test]
fn the_plot_is_whole_and_has_the_articles_two_charts() {
    let (svg, output) = plot(&["plan", ARTICLE], b"", "plan");
    assert!(printed(&output).contains("best by the formula") && svg.ends_with("</svg>\n"));
    for expected in [
        "<title id=\"title\">The coordination tax: 12 tasks, 5 agents</title>",
        "role=\"img\"",
        "linear (ideal)",
        "speed-up over one agent",
        "number of agents",
        "overhead (unit of the times)",
        "efficiency (% of each agent&apos;s time)",
        "parallel, scheduled",
        "As the article&apos;s demonstration has it",
    ] {
        assert!(svg.contains(expected), "{expected}: {svg}");
    }
    assert_eq!((svg.matches("<svg").count(), svg.matches("</svg>").count()), (1, 1));
    let (svg, _) = plot(&["plan", "-"], team().to_string().as_bytes(), "team");
    assert!(!svg.contains("As the article") && !svg.contains("NaN"));
}

fn words() -> impl Strategy<Value = Value> {
    let numbers = prop_oneof![
        Just(json!(0)),
        Just(json!(-1)),
        Just(json!(1e60)),
        Just(json!(1e-60)),
        Just(json!(1e300)),
        Just(json!(u64::MAX)),
        (0..9_u32).prop_map(|it| json!(it)),
        (0.0..9.0_f64).prop_map(|it| json!(it)),
    ];
    let names =
        prop::sample::select(vec!["Ada", "Bob", "parser", "tests", "report", "code", "article", "constant"]);
    prop_oneof![4 => numbers, 4 => names.prop_map(|it| json!(it)), 1 => Just(json!({"power": 0.5})), 1 => Just(json!(null))]
}

fn place() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "/agents",
        "/agents/0/name",
        "/agents/0/speed",
        "/agents/1/capabilities/0",
        "/tasks/0/time",
        "/tasks/1/time",
        "/tasks/1/needs/0",
        "/tasks/1/after/0",
        "/tasks/2/by",
        "/tasks/2/after/0/task",
        "/tasks/2/after/0/delay",
        "/sync/price",
        "/sync/shape",
        "/rework",
        "/ticks",
        "/margin",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands in a problem: it is refused with a reason, or has rows that hold and a picture of
    /// numbers.
    #[test]
    fn no_problem_panics(changes in prop::collection::vec((place(), words()), 0..4), cut in prop::option::of(0..900_usize)) {
        let mut problem = team();
        (problem["ticks"], problem["margin"]) = (json!(1000), json!(0));
        for (place, value) in changes {
            if let Some(it) = problem.pointer_mut(place) {
                *it = value;
            }
        }
        let mut text = problem.to_string();
        text.truncate(cut.unwrap_or(text.len()));
        match Problem::read(text.as_bytes(), Instead::default()) {
            Ok(problem) => {
                let rows = rows(&problem);
                prop_assert_eq!(rows.violations().next(), None);
                let svg = charts::svg(&problem, &rows).expect("drawn");
                prop_assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", text);
            }
            Err(refused) => prop_assert_eq!(refused.to_string().lines().count(), 1),
        }
    }
}
