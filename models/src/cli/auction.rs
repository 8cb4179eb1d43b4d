//! `althing auction`.

use std::fs::File;
use std::io::{self, Read, Write, stdout};
use std::path::Path;

use althing::contract_net::{LowestCost, SecondPrice};
use comfy_table::{CellAlignment, Table};
use serde::Serialize;
use serde_json::json;

use super::{AuctionArgs, Refused, RuleArg, Verdict, table};
use crate::market::problem::LONGEST;
use crate::market::text::one_line;
use crate::market::{Fate, MarketOutcome, Problem, run as run_market};

pub(super) const HELP: &str = "\
The manager and the contractors are the machines of althing::contract_net, as they ship. An agent bids
what a task costs it, if it has room; above the reserve a bid is not accepted.

A problem:
  {
    \"agents\": [
      {\"name\": \"Ada\", \"capabilities\": [\"code\", \"test\"], \"cost\": {\"min\": 2, \"max\": 5}, \"speed\": 2},
      {\"name\": \"Bob\", \"capabilities\": [\"code\"], \"cost\": 3, \"fixed\": 1, \"capacity\": 2}
    ],
    \"tasks\": [
      {\"name\": \"parser\", \"needs\": [\"code\"], \"work\": 6, \"value\": 60},
      {\"name\": \"tests\", \"needs\": [\"test\"], \"work\": 4, \"value\": 40, \"reserve\": 10, \"after\": [\"parser\"]}
    ]
  }

cost      for a unit of work; between min and max it is drawn for each agent and task
fixed     for any task (0)                 speed     units of work in a unit of time (1)
capacity  tasks at one time (1)            reserve   the most that is paid at first (the value)
rounds    announcements at most            escalation  [3, 2]: the reserve grows by half each round

The article's market is models/problems/article-market.json.

Exit codes: 0 every task ended, done or unallocated with its reason; 2 wrong usage or input.";

pub(super) fn run(args: &AuctionArgs) -> Result<Verdict, Refused> {
    let path = args.problem.display().to_string();
    let text = read(&args.problem)
        .map_err(|error| Refused::File { path: path.clone(), reason: error.to_string() })?;
    let problem = Problem::read(&text, args.seed).map_err(|reason| Refused::Problem { path, reason })?;
    let outcome = match args.rule {
        RuleArg::First => run_market(&problem, LowestCost),
        RuleArg::Second => run_market(&problem, SecondPrice),
    };
    if args.json {
        print_json(args, &outcome)?
    } else {
        print(&outcome)?
    }
    Ok(Verdict::Good)
}

/// As much as can be a problem, and one byte more if there is more.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let (mut text, most) = (Vec::new(), LONGEST as u64 + 1);
    if path == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut text)?;
    } else {
        File::open(path)?.take(most).read_to_end(&mut text)?;
    }
    Ok(text)
}

fn print_json(args: &AuctionArgs, outcome: &MarketOutcome) -> Result<(), Refused> {
    #[derive(Serialize)]
    struct Line<'a, T> {
        kind: &'a str,
        #[serde(flatten)]
        of: &'a T,
    }
    let mut out = stdout();
    for task in &outcome.tasks {
        writeln!(out, "{}", json!(Line { kind: "task", of: task }))?;
    }
    for agent in &outcome.agents {
        writeln!(out, "{}", json!(Line { kind: "agent", of: agent }))?;
    }
    let rule = match args.rule {
        RuleArg::First => "first",
        RuleArg::Second => "second",
    };
    let MarketOutcome { done, value, cost, paid, surplus, makespan, .. } = outcome;
    let market = json!({
        "kind": "market", "rule": rule, "seed": args.seed, "tasks": outcome.tasks.len(), "done": done, "value": value,
        "cost": cost, "paid": paid, "surplus": surplus, "makespan": makespan,
    });
    writeln!(out, "{market}")?;
    Ok(())
}

fn print(outcome: &MarketOutcome) -> Result<(), Refused> {
    let mut out = stdout();
    let mut tasks =
        table(["task", "agent", "round", "bids", "cost", "price", "value", "surplus", "start", "end"]);
    for task in &outcome.tasks {
        let (name, value) = (one_line(&task.task), task.value.to_string());
        tasks.add_row(match &task.fate {
            Fate::Done { agent, round, bids, cost, price, surplus, start, end, epoch: _ } => vec![
                name,
                one_line(agent),
                round.to_string(),
                bids.to_string(),
                cost.to_string(),
                price.to_string(),
                value,
                surplus.to_string(),
                start.to_string(),
                end.to_string(),
            ],
            Fate::Unallocated { reason } => {
                let dash = || String::from("-");
                let none = [dash(), dash(), dash(), dash(), value, dash(), dash(), dash()];
                [name, one_line(&format!("nobody: {reason}"))].into_iter().chain(none).collect()
            }
        });
    }
    align(&mut tasks, 2..10);
    let mut agents = table(["agent", "tasks", "busy", "utilisation", "cost", "paid", "profit"]);
    for it in &outcome.agents {
        agents.add_row([
            one_line(&it.agent),
            it.tasks.to_string(),
            it.busy.to_string(),
            format!("{:.0}%", 100.0 * it.utilisation),
            it.cost.to_string(),
            it.paid.to_string(),
            it.profit.to_string(),
        ]);
    }
    align(&mut agents, 1..7);
    let MarketOutcome { done, value, cost, paid, surplus, makespan, .. } = outcome;
    writeln!(out, "{tasks}\n\n{agents}\n")?;
    let all = outcome.tasks.len();
    writeln!(
        out,
        "{done} of {all} tasks done at time {makespan}: value {value}, cost {cost}, surplus {surplus}; paid {paid}"
    )?;
    Ok(())
}

/// Numbers stand to the right.
fn align(table: &mut Table, columns: std::ops::Range<usize>) {
    for column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}
