//! `althing plan`.

use std::collections::BTreeSet;
use std::io::{Write, stdout};

use althing::coordination::advisor::{Advice, Infeasible, Pattern, Rejected, Why, WorkAs, advise};
use althing::coordination::article;
use althing::coordination::criteria::Reason;
use althing::coordination::regimes::Regime;
use althing::coordination::sync_cost::Shape;
use althing::coordination::{Count, NonNegative};
use serde_json::{Value, json};

use super::{PlanArgs, Refused, Verdict, align, files, table};
use crate::json::LONGEST;
use crate::plan::problem::MOST_AGENTS;
use crate::plan::{Instead, Problem, Row, Rows, plot, rows};
use crate::text::{figure, listed, one_line};

pub(super) const HELP: &str = "\
A problem needs tasks only; what is in brackets holds if a field is missing:
  {
    \"agents\": [
      {\"name\": \"Ada\", \"capabilities\": [\"code\", \"test\"], \"speed\": 2},
      {\"name\": \"Bob\", \"capabilities\": [\"code\"]}
    ],
    \"tasks\": [
      {\"name\": \"parser\", \"time\": 2.5, \"needs\": [\"code\"]},
      {\"name\": \"tests\", \"time\": 1, \"needs\": [\"test\"], \"after\": [\"parser\"]},
      {\"name\": \"report\", \"time\": 0.5, \"by\": \"Bob\", \"after\": [{\"task\": \"parser\", \"delay\": 0.2}, \"tests\"]}
    ],
    \"sync\": {\"price\": 0.15, \"shape\": \"tree\"},
    \"rework\": 0.02
  }

agents    a list, or just how many there are, all alike [as many as can be of use: work over critical path].
          Of a list, k agents are its first k; the laws take them for agents of the mean speed
time      of a task, for an agent of speed 1, in a unit of your choice; `delay` is how long a result
          travels to another agent; `by` names the only agent who may do the task
ticks     in how many steps a unit of time is counted: times are rounded to them [1000]
sync      what it costs k agents to sync once, price times g(k) [nothing]. The shape g is constant, linear
          (k - 1), tree (ln k), k_log_k, all_to_all (k (k - 1) / 2), article (k ln(k + 1)), {\"power\": a}
          (k^a - 1), or {\"measured\": [0, g(2), g(3), ..]}
rework    what it costs a task, for each unit of g, that one more of its batch was done since the last sync [0]
margin    by which part a team must be faster than one agent to be worth it [0]
context   {\"window\": w, \"each\": e}: an agent keeps w tokens in mind, a task takes e [no limit]
decision  {\"faults\": f}: a decision is shared, irreversible, and must survive f crashes [none]
private   {\"spread\": s, \"bid\": b}: only agents know their costs, which differ by the part s; a bid costs b [no]
mean_time_between_failures    of an agent [no failures]
pace      {\"rate\": r, \"resources\": R, \"delay\": d}: agents act so often on R things, a sync takes d [no]

With the shape `article` the article's own demonstration stands beside; models/problems/article-tax.json is that.
A file that ends in .stg is read as a Standard Task Graph.

serial: one agent. parallel: a sync after each task. hybrid: a sync after each batch. lower: what no schedule can
beat, and the overhead. simulated: a list schedule (HEFT, if results travel), and the overhead. upper: what such a
schedule never exceeds. optimum: the best schedule, where it is known: of up to 12 tasks and agents it is looked for.
Each schedule is verified.

Exit codes: 0 the schedules are what they should be, whatever the advice; 1 one does not verify, or is not between
its bounds; 2 wrong usage or input.";

pub(super) fn run(args: &PlanArgs) -> Result<Verdict, Refused> {
    let refused = |reason| files::refused(&args.problem, reason);
    let text = files::read(&args.problem, LONGEST)?;
    let is_stg = args.problem.extension().is_some_and(|it| it.eq_ignore_ascii_case("stg"));
    let read = if is_stg { Problem::read_stg } else { Problem::read };
    let problem = read(&text, instead(args)).map_err(refused)?;
    let plan = Plan::new(&problem);
    if let Some(file) = &args.plot {
        let svg = plot::svg(&problem, &plan.rows).map_err(|error| files::refused(file, error))?;
        files::write_plot(file, &svg)?;
    }
    if args.json {
        plan.print_json()?
    } else {
        plan.print()?
    }
    Ok(if plan.rows.violations().next().is_none() { Verdict::Good } else { Verdict::Bad })
}

fn instead(args: &PlanArgs) -> Instead {
    Instead { agents: args.agents, price: args.price }
}

/// A number of agents on the command line.
pub(super) fn agents(text: &str) -> Result<Count, String> {
    let count = text.parse().ok().filter(|count| *count <= MOST_AGENTS);
    let count = count.and_then(|count| Count::new(count).ok());
    count.ok_or_else(|| format!("it must be from 1 to {MOST_AGENTS}"))
}

/// A price on the command line.
pub(super) fn price(text: &str) -> Result<NonNegative, String> {
    let value = text.parse().map_err(|_| "it is no number".to_owned())?;
    NonNegative::new(value).map_err(|it| format!("it must be {}", it.domain))
}

struct Plan<'a> {
    problem: &'a Problem,
    rows: Rows,
    /// If the cost of a sync is the article's.
    article: Option<[article::Row; 3]>,
    advice: Result<Advice, Infeasible>,
}

impl<'a> Plan<'a> {
    fn new(problem: &'a Problem) -> Self {
        let advised = &problem.advised;
        let is_article = advised.sync.shape == Shape::Article;
        let article = is_article.then(|| article::rows(&advised.job, advised.k_max, advised.sync.price));
        Self { problem, rows: rows(problem), article, advice: advise(advised) }
    }

    /// The names of the tasks on a critical path.
    fn critical_path(&self) -> Vec<String> {
        let path = self.problem.graph.critical_path();
        path.into_iter().map(|task| self.problem.task_names[task].clone()).collect()
    }
}

fn name(regime: Regime) -> &'static str {
    match regime {
        Regime::Serial => "serial",
        Regime::Parallel => "parallel",
        Regime::Hybrid => "hybrid",
    }
}

const fn pattern(pattern: Pattern) -> &'static str {
    match pattern {
        Pattern::Single => "single",
        Pattern::Hierarchical => "hierarchical",
        Pattern::Market => "market",
        Pattern::Consensus => "consensus",
    }
}

const fn work_as(work_as: WorkAs) -> &'static str {
    match work_as {
        WorkAs::One => "one",
        WorkAs::Hierarchy => "hierarchy",
        WorkAs::Market => "market",
    }
}

fn of_agents(count: Count) -> String {
    if count == Count::ONE { "1 agent".into() } else { format!("{count} agents") }
}

impl Plan<'_> {
    fn print_json(&self) -> Result<(), Refused> {
        let (mut out, load) = (stdout(), self.problem.advised.job.load());
        let problem = json!({
            "kind": "problem", "tasks": self.problem.advised.job.tasks().get(),
            "agents": self.problem.advised.k_max.get(), "work": self.problem.time(self.problem.graph.work()),
            "span": self.problem.time(self.problem.graph.span()), "parallelism": load.parallelism(),
            "critical_path": self.critical_path(), "price": self.problem.advised.sync.price.get(),
        });
        writeln!(out, "{problem}")?;
        for row in &self.rows.rows {
            writeln!(out, "{}", json_of(row, &self.problem.task_names))?;
        }
        let (regime, point) = self.rows.by_formula;
        let formula = json!({
            "regime": name(regime), "agents": point.agents.get(), "batch": point.batch.get(), "time": point.time,
        });
        let schedule = self.rows.by_schedule().map(|(row, times)| {
            let (agents, batch) = (row.point.agents.get(), row.point.batch.get());
            json!({"regime": name(row.regime), "agents": agents, "batch": batch, "time": times.simulated})
        });
        writeln!(out, "{}", json!({"kind": "best", "by_formula": formula, "by_schedule": schedule}))?;
        for row in self.article.iter().flatten() {
            let best = self.article.as_ref().map(article::best) == Some(row.regime);
            let line = json!({
                "kind": "article", "regime": name(row.regime), "time": row.time, "overhead": row.overhead, "best": best,
            });
            writeln!(out, "{line}")?;
        }
        writeln!(out, "{}", self.json_of_advice())?;
        Ok(())
    }

    fn json_of_advice(&self) -> Value {
        let advice = match &self.advice {
            Ok(advice) => advice,
            Err(infeasible) => return json!({"kind": "advice", "infeasible": infeasible.to_string()}),
        };
        let reason = |it: &Reason| {
            let (criterion, text) = (format!("{:?}", it.criterion), it.to_string());
            json!({"criterion": criterion, "holds": it.holds(), "left": it.left, "right": it.right, "text": text})
        };
        let rejected = |it: &Rejected| {
            let costs = match it.why {
                Why::Costs(costs) | Why::NoGain(costs) => Some(costs),
                Why::NeedsTeam | Why::NoTeam | Why::NoAuction => None,
            };
            json!({"work_as": work_as(it.work_as), "why": why(it), "costs": costs})
        };
        json!({
            "kind": "advice", "decide": pattern(advice.decide), "work_as": work_as(advice.work_as),
            "agents": advice.point.agents.get(), "batch": advice.point.batch.get(), "fan_out": advice.fan_out,
            "replicas": advice.replicas.map(Count::get), "sync_every": advice.sync_every,
            "checkpoint_every": advice.checkpoint_every, "predicted": advice.predicted,
            "rejected": advice.rejected.iter().map(rejected).collect::<Vec<_>>(),
            "reasons": advice.reasons.iter().map(reason).collect::<Vec<_>>(),
        })
    }
}

fn json_of(row: &Row, task_names: &[String]) -> Value {
    let (point, times) = (&row.point, row.times.as_ref().ok());
    json!({
        "kind": "row", "regime": name(row.regime), "agents": point.agents.get(), "batch": point.batch.get(),
        "lower": times.map(|it| it.lower), "optimum": times.and_then(|it| it.optimum),
        "simulated": times.map(|it| it.simulated), "upper": times.map(|it| it.upper),
        "speedup": times.map(|it| it.speedup), "efficiency": times.map(|it| it.efficiency),
        "overhead": point.overhead, "reason": row.reason(task_names),
        "violation": row.violation,
    })
}

impl Plan<'_> {
    fn print(&self) -> Result<(), Refused> {
        let (mut out, problem) = (stdout(), self.problem);
        let (job, graph) = (&problem.advised.job, &problem.graph);
        let (work, span) = (figure(problem.time(graph.work()), 4), figure(problem.time(graph.span()), 4));
        let (tasks, agents) = (job.tasks(), problem.advised.k_max);
        writeln!(
            out,
            "{tasks} tasks, {}; total work {work}, critical path {span}: {}\n",
            of_agents(agents),
            listed(&self.critical_path())
        )?;
        self.print_rows()?;
        let (regime, point) = self.rows.by_formula;
        let of = |regime, agents: Count, batch: Count, time| {
            format!("{}, {}, batches of {batch}: {}", name(regime), of_agents(agents), figure(time, 4))
        };
        writeln!(out, "\nbest by the formula: {}", of(regime, point.agents, point.batch, point.time))?;
        if let Some((row, times)) = self.rows.by_schedule() {
            writeln!(
                out,
                "best as simulated:   {}",
                of(row.regime, row.point.agents, row.point.batch, times.simulated)
            )?;
        }
        let timed = self.rows.rows.iter().filter(|row| row.times.is_ok()).map(|row| row.point.agents);
        let schedules = timed.collect::<BTreeSet<_>>().len();
        if self.rows.violations().next().is_none() {
            writeln!(out, "each of {schedules} schedules is verified, and between its bounds")?;
        }
        for violation in self.rows.violations() {
            writeln!(out, "VIOLATED: {violation}")?;
        }
        self.print_article()?;
        self.print_advice()
    }

    fn print_rows(&self) -> Result<(), Refused> {
        // A column that would be all but empty is left out.
        let team = |row: &&Row| row.regime != Regime::Serial;
        let optima = self
            .rows
            .rows
            .iter()
            .filter(team)
            .any(|row| row.times.as_ref().is_ok_and(|it| it.optimum.is_some()));
        let header = [
            "regime",
            "agents",
            "batch",
            "lower",
            "optimum",
            "simulated",
            "upper",
            "speed-up",
            "efficiency",
            "overhead",
        ];
        let kept = |column: &usize| optima || *column != 4;
        let mut table = table((0..10).filter(kept).map(|column| header[column]));
        for row in &self.rows.rows {
            let dash = || String::from("-");
            let [lower, optimum, simulated, upper, speedup, efficiency] = match &row.times {
                Ok(it) => [
                    figure(it.lower, 4),
                    it.optimum.map_or_else(dash, |optimum| figure(optimum, 4)),
                    figure(it.simulated, 4),
                    figure(it.upper, 4),
                    format!("{:.2}", it.speedup),
                    format!("{:.0}%", 100.0 * it.efficiency),
                ],
                Err(_) => [dash(), dash(), dash(), dash(), dash(), dash()],
            };
            let (agents, batch) = (row.point.agents.to_string(), row.point.batch.to_string());
            let (regime, overhead) = (name(row.regime).to_owned(), figure(row.point.overhead, 4));
            let cells =
                [regime, agents, batch, lower, optimum, simulated, upper, speedup, efficiency, overhead];
            table.add_row((0..).zip(cells).filter(|(column, _)| kept(column)).map(|(_, cell)| cell));
        }
        align(&mut table, 1..10);
        let mut out = stdout();
        writeln!(out, "{table}")?;
        for (agents, reason) in self.rows.missing(&self.problem.task_names) {
            writeln!(out, "{}: {reason}", of_agents(agents))?;
        }
        Ok(())
    }

    fn print_article(&self) -> Result<(), Refused> {
        let Some(rows) = &self.article else { return Ok(()) };
        let mut out = stdout();
        writeln!(
            out,
            "\nThe article's demonstration, with {} agents, as it computes:",
            self.problem.advised.k_max
        )?;
        let mut table = table(["regime", "time", "overhead"]);
        for row in rows {
            table.add_row([
                name(row.regime).to_owned(),
                format!("{:.1}", row.time),
                format!("{:.2}", row.overhead),
            ]);
        }
        align(&mut table, 1..3);
        writeln!(out, "{table}\nbest: {}", name(article::best(rows)))?;
        Ok(())
    }

    fn print_advice(&self) -> Result<(), Refused> {
        let mut out = stdout();
        let advice = match &self.advice {
            Ok(advice) => advice,
            Err(infeasible) => return Ok(writeln!(out, "\nAdvice: {infeasible}")?),
        };
        writeln!(out, "\nAdvice: {}", said(advice))?;
        for it in &advice.rejected {
            writeln!(out, "  not {}: {}", way(it.work_as), why(it))?;
        }
        writeln!(out, "Why (+ holds, - does not):")?;
        let lists = ["one agent", "a hierarchy", "a market", "consensus", "a team"];
        for (list, reasons) in lists.into_iter().zip(advice.reasons.chunks(4)) {
            writeln!(out, "  for {list}")?;
            for reason in reasons {
                let sign = if reason.holds() { '+' } else { '-' };
                writeln!(out, "    {sign} {reason}")?;
            }
        }
        Ok(())
    }
}

const fn way(work_as: WorkAs) -> &'static str {
    match work_as {
        WorkAs::One => "one agent",
        WorkAs::Hierarchy => "a hierarchy",
        WorkAs::Market => "a market",
    }
}

fn why(rejected: &Rejected) -> String {
    match rejected.why {
        Why::Costs(costs) => format!("it costs {}", figure(costs, 4)),
        Why::NeedsTeam => "one agent cannot do it".into(),
        Why::NoTeam => "there are not two agents".into(),
        Why::NoAuction => "there is nothing for an auction to find: all costs are known".into(),
        Why::NoGain(costs) => format!("no team gains what is asked for (it would cost {})", figure(costs, 4)),
    }
}

fn said(advice: &Advice) -> String {
    let decided = match advice.decide {
        Pattern::Single => "one agent decides for itself",
        Pattern::Hierarchical => "an orchestrator decides",
        Pattern::Market => "bids decide",
        Pattern::Consensus => "a majority decides",
    };
    let (way, agents, batch) = (way(advice.work_as), advice.point.agents, advice.point.batch);
    let mut said = format!("{decided}; work as {way}");
    if advice.work_as != WorkAs::One {
        said += &format!(" of {agents} agents in batches of {batch}");
    }
    let more = [
        advice.fan_out.map(|it| format!("each leads {it} at most")),
        advice.replicas.map(|it| format!("{it} vote")),
        advice.sync_every.map(|it| format!("a sync every {}", figure(it, 4))),
        advice.checkpoint_every.map(|it| format!("a checkpoint every {}", figure(it, 4))),
        Some(format!("predicted cost {}", figure(advice.predicted, 4))),
    ];
    more.into_iter().flatten().for_each(|it| said += &format!("; {it}"));
    one_line(&said)
}
