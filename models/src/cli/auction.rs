//! `althing auction`.

use std::io::{Write, stdout};

use althing::contract_net::{LowestCost, SecondPrice};
use serde::Serialize;
use serde_json::json;

use super::{AuctionArgs, Refused, RuleArg, Verdict, align, files, table};
use crate::json::LONGEST;
use crate::market::{Clearing, Fate, MarketOutcome, Payment, Problem, clearing, plot, run as run_market};
use crate::text::one_line;

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

With --rule vcg or epsilon there are no auctions one by one: all tasks that may begin are placed together, so
that reserves less costs are most, each agent within its capacity. That is a wave. When all of it is done the
next begins: what comes after it, and what found no room; all agents are free again. So `after` is kept, and
waits for whole waves. Reserves do not grow. Of each wave a certificate proves that it is optimal, and what
the same waves gain if tasks are sold one at a time is shown beside. A task that cannot be placed is named with
its reason, on standard error too. There can be 2000 tasks, and a reserve is at most 1073741823 above the
lowest cost. Nobody gains in a wave by asking for more than its costs with vcg; with epsilon somebody may.

The article's market is models/problems/article-market.json.

Exit codes: 0 every task ended, done or unallocated with its reason; 1 a certificate does not prove its wave;
2 wrong usage or input.";

pub(super) fn run(args: &AuctionArgs) -> Result<Verdict, Refused> {
    let text = files::read(&args.problem, LONGEST)?;
    let problem = Problem::read(&text, args.seed).map_err(|reason| files::refused(&args.problem, reason))?;
    let clear =
        |payment| clearing::clear(&problem, payment).map_err(|reason| files::refused(&args.problem, reason));
    let (outcome, clearing) = match args.rule {
        RuleArg::First => (run_market(&problem, LowestCost), None),
        RuleArg::Second => (run_market(&problem, SecondPrice), None),
        RuleArg::Vcg => beside(clear(Payment::Vcg)?, &problem),
        RuleArg::Epsilon => beside(clear(Payment::Clearing)?, &problem),
    };
    if let Some(file) = &args.plot {
        let svg = plot::svg(&outcome, &format!("Value and cost of each task (rule {})", name(args.rule)));
        files::write_plot(file, &svg)?;
    }
    if args.json {
        print_json(args, &outcome, clearing.as_ref())?
    } else {
        print(&outcome, clearing.as_ref())?
    }
    if clearing.is_some() {
        name_unplaced(&outcome);
    }
    let proved = clearing.is_none_or(|(clearing, _)| clearing.unproven.is_none());
    Ok(if proved { Verdict::Good } else { Verdict::Bad })
}

/// A clearing, and what the contract net comes to with the same problem.
type Beside = (Clearing, MarketOutcome);

fn beside(clearing: Clearing, problem: &Problem) -> (MarketOutcome, Option<Beside>) {
    (clearing.outcome.clone(), Some((clearing, run_market(problem, LowestCost))))
}

fn name(rule: RuleArg) -> &'static str {
    match rule {
        RuleArg::First => "first",
        RuleArg::Second => "second",
        RuleArg::Vcg => "vcg",
        RuleArg::Epsilon => "epsilon",
    }
}

/// The tasks that cannot be placed, each with its reason.
fn name_unplaced(outcome: &MarketOutcome) {
    for task in &outcome.tasks {
        if let Fate::Unallocated { reason } = &task.fate {
            eprintln!("althing: `{}` cannot be placed: {}", one_line(&task.task), one_line(reason));
        }
    }
}

fn print_json(args: &AuctionArgs, outcome: &MarketOutcome, clearing: Option<&Beside>) -> Result<(), Refused> {
    #[derive(Serialize)]
    struct Line<'a, T> {
        kind: &'a str,
        #[serde(flatten)]
        of: &'a T,
    }
    let mut out = stdout();
    for (number, task) in outcome.tasks.iter().enumerate() {
        let mut line = json!(Line { kind: "task", of: task });
        if let Some(price) = clearing.and_then(|(it, _)| it.prices[number]) {
            line["clearing_price"] = json!(price);
        }
        writeln!(out, "{line}")?;
    }
    for agent in &outcome.agents {
        writeln!(out, "{}", json!(Line { kind: "agent", of: agent }))?;
    }
    let MarketOutcome { done, value, cost, paid, surplus, makespan, .. } = outcome;
    let mut market = json!({
        "kind": "market", "rule": name(args.rule), "seed": args.seed, "tasks": outcome.tasks.len(), "done": done, "value": value,
        "cost": cost, "paid": paid, "surplus": surplus, "makespan": makespan,
    });
    if let Some((it, contract_net)) = clearing {
        market["waves"] = json!(it.waves);
        market["proved"] = json!(it.unproven.is_none());
        (market["gain"], market["sequential_gain"]) = (json!(it.gain), json!(it.sequential));
        market["sequential_efficiency"] = json!(efficiency(it));
        market["contract_net_surplus"] = json!(contract_net.surplus);
    }
    writeln!(out, "{market}")?;
    Ok(())
}

/// What tasks that are sold one at a time gain, beside the most that can be gained.
fn efficiency(clearing: &Clearing) -> Option<f64> {
    (clearing.gain > 0).then(|| clearing.sequential as f64 / clearing.gain as f64)
}

fn print(outcome: &MarketOutcome, clearing: Option<&Beside>) -> Result<(), Refused> {
    let mut out = stdout();
    let mut tasks = table([
        "task",
        "agent",
        if clearing.is_some() { "wave" } else { "round" },
        "bids",
        "cost",
        "price",
        "value",
        "surplus",
        "start",
        "end",
    ]);
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
    if let Some((it, contract_net)) = clearing {
        print_clearing(&mut out, it, contract_net)?;
    }
    Ok(())
}

fn print_clearing(out: &mut impl Write, it: &Clearing, contract_net: &MarketOutcome) -> Result<(), Refused> {
    let Clearing { waves, gain, sequential, .. } = it;
    let verdict = match it.unproven {
        None => "each proved optimal by its certificate".to_owned(),
        Some((wave, unproven)) => format!("wave {wave} is NOT proved optimal: {unproven}"),
    };
    let waves = if *waves == 1 { "1 wave".to_owned() } else { format!("{waves} waves") };
    writeln!(out, "{waves}, {verdict}; reserves less costs: {gain}")?;
    let part = efficiency(it).map_or_else(String::new, |part| format!(", {:.1}% of that", 100.0 * part));
    writeln!(out, "the same waves, sold one at a time: {sequential}{part}")?;
    let MarketOutcome { done, surplus, makespan, paid, .. } = contract_net;
    writeln!(
        out,
        "the contract net (--rule first): {done} tasks done at time {makespan}, surplus {surplus}, paid {paid}"
    )?;
    Ok(())
}
