//! The command line: what is asked for, and what a script can trust of the answer.

mod agreement;
mod auction;
mod check;
mod explore;
mod files;
mod fit;
mod list;
mod liveness;
mod mutants;
mod plan;
mod progress;
mod replay;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use althing::coordination::{Count, NonNegative};
use bytesize::ByteSize;
use clap::{Args, Parser, Subcommand, ValueEnum};
use comfy_table::{CellAlignment, LineStyle, Table, presets};

use crate::bounds::{Bounds, BoundsError};
use crate::check::Searcher;
use crate::limits::{Limits, memory_available, memory_held};
use crate::subject::{SUBJECTS, Subject};

/// What a command came to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Verdict {
    /// Everything holds and was explored completely: exit 0.
    Good,
    /// A limit ended the exploration first: exit 3.
    Incomplete,
    /// A property is violated, a mutant survives, or a trace does not conform: exit 1.
    Bad,
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        Self::from(match verdict {
            Verdict::Good => 0,
            Verdict::Bad => 1,
            Verdict::Incomplete => 3,
        })
    }
}

/// Why a command was refused: exit 2, one line on standard error.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("unknown model `{name}`; there are: {}", known_models())]
    Model { name: String },
    #[error("{model}: unknown mutant `{name}`; there are: {}", .known.join(", "))]
    Mutant { model: String, name: String, known: Vec<&'static str> },
    #[error("{model}: {reason}")]
    Bounds { model: &'static str, reason: BoundsError },
    #[error("{model}: unknown profile `{name}`; there are: quick, full, {}; or give bounds: KEY=N,...", .known.join(", "))]
    Profile { model: &'static str, name: String, known: Vec<&'static str> },
    #[error(
        "{model} with {bounds}: about {states:.0e} states, {needed} of memory; the limit is {limit}. {advice}; \
        with --force it begins anyway, and ends at the limit"
    )]
    TooLarge {
        model: &'static str,
        bounds: Bounds,
        states: f64,
        needed: String,
        limit: ByteSize,
        advice: String,
    },
    #[error("cannot listen at {address}: {reason}")]
    Listen { address: SocketAddr, reason: io::Error },
    #[error("{path}: {reason}")]
    File { path: String, reason: String },
    #[error(transparent)]
    Output(#[from] io::Error),
}

impl Refused {
    /// Whether what is wrong for this model may be right for another.
    fn is_of_other_models(&self) -> bool {
        match self {
            Self::Bounds { reason, .. } => matches!(reason, BoundsError::Unknown { .. }),
            Self::Profile { .. } => true,
            Self::Model { .. } | Self::Mutant { .. } | Self::TooLarge { .. } => false,
            Self::Listen { .. } | Self::File { .. } | Self::Output(_) => false,
        }
    }
}

fn known_models() -> String {
    SUBJECTS.iter().map(|subject| subject.name()).collect::<Vec<_>>().join(", ")
}

#[derive(Parser)]
#[command(
    name = "althing",
    version,
    about = "Checks coordination protocols exhaustively, on the code that ships.",
    long_about = "Checks coordination protocols exhaustively, on the code that ships.\n\n\
        Without a command, checks every model at quick bounds.",
    after_help = "Exit codes: 0 everything holds and was explored completely; 1 a property is violated, \
        a mutant survives, or a trace does not conform; 2 wrong usage or input; 3 a limit or Ctrl-C \
        ended the exploration first.\n\n\
        Examples:\n  \
        althing                                               check everything\n  \
        althing check raft-election --bounds nodes=3,terms=3  with bounds of your own\n  \
        althing mutants raft-election                         show that each missing rule is noticed\n  \
        althing check --list                                  models, bounds, profiles, mutants\n  \
        althing auction models/problems/article-market.json   a market of 12 tasks and 5 agents\n  \
        althing plan models/problems/article-tax.json         how many agents are worth their coordination\n  \
        althing fit models/data/specsdm91.csv                 where throughput is highest, by measurements"
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Explore models exhaustively and check every property
    Check(CheckArgs),
    /// Check that every mutant, a protocol with one rule missing, is caught
    Mutants(MutantsArgs),
    /// Check that goals are reached once faults end, and that each mutant misses one
    Liveness(LivenessArgs),
    /// Walk through the states of a model in a browser
    Explore(ExploreArgs),
    /// Run a recorded trace again, and check that the machines do what it says
    Replay(ReplayArgs),
    /// Run a market: agents bid for tasks, and each task is awarded to one of them
    #[command(after_help = auction::HELP)]
    Auction(AuctionArgs),
    /// Tell how many agents are worth their coordination, how they should work together, and why
    #[command(after_help = plan::HELP)]
    Plan(PlanArgs),
    /// Fit the universal scalability law to measurements: contention, coherency, and where the peak is
    #[command(after_help = fit::HELP)]
    Fit(FitArgs),
}

#[derive(Args, Default)]
struct CheckArgs {
    /// Models to check; all of them if none is named
    models: Vec<String>,
    /// `quick`, `full`, the name of a profile, or KEY=N,... (see --list); without a model, for those
    /// that have it
    #[arg(long, default_value = "quick")]
    bounds: String,
    /// Which search explores
    ///
    /// With `both` one does after the other, and they are compared. If both are complete, they
    /// must have come to the same states, distinct and generated, the same transitions and the
    /// same verdicts. If one ended early, the properties that both decided must be the same. If
    /// they differ, that is exit 1.
    ///
    /// With --json there is a line for each search, with `agrees`, which is null if a limit ended
    /// one of them and nothing differs, and `differences`.
    #[arg(long, value_name = "ENGINE", value_enum, default_value_t)]
    engine: EngineArg,
    /// Begin even if the memory is likely not to suffice; at its limit the check ends with what it
    /// found so far, and exit 3
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// List models, bounds, profiles and mutants
    #[arg(long)]
    list: bool,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum EngineArg {
    /// The one of this kit
    #[default]
    Althing,
    /// stateright's, the reference
    Stateright,
    /// Both, compared
    Both,
}

impl EngineArg {
    /// The searches, in the order in which they are made.
    fn searchers(self) -> &'static [Searcher] {
        match self {
            Self::Althing => &[Searcher::Althing],
            Self::Stateright => &[Searcher::Stateright],
            Self::Both => &[Searcher::Althing, Searcher::Stateright],
        }
    }
}

#[derive(Args, Default)]
struct LimitArgs {
    /// Threads to explore with, at most 256 [default: one a core]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = clap::value_parser!(u16).range(..=256))]
    threads: u16,
    /// End after this time, such as `90s` or `10m`
    #[arg(long, value_name = "DUR", value_parser = humantime::parse_duration)]
    time_limit: Option<Duration>,
    /// End when this much memory is held, such as `2GiB` [default: nine tenths of what is free]
    #[arg(long, value_name = "SIZE")]
    memory_limit: Option<ByteSize>,
}

#[derive(Args, Default)]
struct OutputArgs {
    /// Write each counterexample into this folder: as a trace to replay (.jsonl), a story (.txt), a
    /// sequence diagram in Mermaid's language (.mmd), a log for ShiViz (.shiviz.log) and in the
    /// Informal Trace Format (.itf.json)
    #[arg(long, value_name = "DIR")]
    trace_out: Option<PathBuf>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct MutantsArgs {
    /// Models whose mutants to check; all of them if none is named
    models: Vec<String>,
    /// Just this mutant, with the story of how it was caught
    #[arg(long, value_name = "NAME")]
    mutant: Option<String>,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
struct LivenessArgs {
    /// Models to check; all of them if none is named
    models: Vec<String>,
    /// Just this mutant, with the story of how it goes on for ever without reaching its goal
    #[arg(long, value_name = "NAME")]
    mutant: Option<String>,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
struct ExploreArgs {
    /// The model
    model: String,
    /// A profile or KEY=N,... [default: the model's own defaults]
    #[arg(long, default_value = "", hide_default_value = true)]
    bounds: String,
    /// Where to serve the page
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
}

#[derive(Args)]
struct ReplayArgs {
    /// A trace, as `check --trace-out` writes it
    trace: PathBuf,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct AuctionArgs {
    /// Agents and tasks, as JSON; `-` for standard input
    problem: PathBuf,
    /// Who wins, and what is paid
    #[arg(long, value_enum, default_value_t)]
    rule: RuleArg,
    /// Draws the costs of which only a range is known
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Draws value against cost of each task, with the diagonal on which they are equal, as SVG
    #[arg(long, value_name = "OUT.svg")]
    plot: Option<PathBuf>,
    /// One JSON object a line: each task, each agent, and the market
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct PlanArgs {
    /// Tasks and who could do them, as JSON, or a Standard Task Graph (.stg); `-` for JSON on standard
    /// input
    problem: PathBuf,
    /// So many agents that are alike, whatever the problem says
    #[arg(long, value_name = "N", value_parser = plan::agents)]
    agents: Option<Count>,
    /// Another price of a sync, in the unit of the times
    #[arg(long, value_name = "C", value_parser = plan::price, allow_negative_numbers = true)]
    price: Option<NonNegative>,
    /// Draws speed-up, overhead and efficiency against the number of agents, as SVG
    #[arg(long, value_name = "OUT.svg")]
    plot: Option<PathBuf>,
    /// One JSON object a line: the problem, each row, the best, the article's rows, the advice
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct FitArgs {
    /// A number of agents and a throughput in each row; `-` for standard input
    data: PathBuf,
    /// Draws the measurements, the law and where it predicts more of them, as SVG
    #[arg(long, value_name = "OUT.svg")]
    plot: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum RuleArg {
    /// The lowest bid wins, and is paid what it asked for
    #[default]
    First,
    /// The lowest bid wins, and is paid the second lowest, or the reserve (Vickrey)
    Second,
    /// All tasks that may begin are placed together, for the least cost; an agent is paid what the others
    /// lose by it (Vickrey, Clarke, Groves)
    Vcg,
    /// The same; each task is paid the price at which the market clears (the auction of Bertsekas)
    Epsilon,
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let command = cli.command.unwrap_or_else(|| Command::Check(CheckArgs::quick()));
    let explores = match &command {
        Command::Check(args) => !args.list,
        Command::Mutants(_) | Command::Liveness(_) => true,
        Command::Explore(_) | Command::Replay(_) => false,
        Command::Auction(_) | Command::Plan(_) | Command::Fit(_) => false,
    };
    let outcome = match command {
        Command::Check(args) => check::run(&args),
        Command::Mutants(args) => mutants::run(&args),
        Command::Liveness(args) => liveness::run(&args),
        Command::Explore(args) => explore::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Auction(args) => auction::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Fit(args) => fit::run(&args),
    };
    match outcome {
        Ok(verdict) => verdict.into(),
        // Whoever read has read enough. What was still to be explored was not.
        Err(Refused::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            if explores { Verdict::Incomplete } else { Verdict::Good }.into()
        }
        Err(refused) => {
            let _ = writeln!(io::stderr(), "althing: {refused}");
            ExitCode::from(2)
        }
    }
}

impl CheckArgs {
    fn quick() -> Self {
        Self { bounds: "quick".into(), ..Self::default() }
    }
}

/// The models of these names, or all.
fn subjects(names: &[String]) -> Result<Vec<&'static dyn Subject>, Refused> {
    if names.is_empty() {
        return Ok(SUBJECTS.to_vec());
    }
    names.iter().map(|name| subject(name)).collect()
}

fn subject(name: &str) -> Result<&'static dyn Subject, Refused> {
    let found = SUBJECTS.iter().find(|subject| subject.name() == name);
    found.copied().ok_or_else(|| Refused::Model { name: name.to_owned() })
}

/// The bounds that models are to be explored with, with the name of each. A model that is named must
/// have these keys, or a profile of this name; of all models those that do not are passed over, if
/// there is another that does.
fn plan(
    subjects: &[&'static dyn Subject],
    are_named: bool,
    text: &str,
) -> Result<Vec<(&'static dyn Subject, String, Bounds)>, Refused> {
    let (mut plan, mut passed_over) = (Vec::new(), None);
    for subject in subjects {
        match profiles(*subject, text) {
            Ok(profiles) => plan.extend(profiles.into_iter().map(|(name, bounds)| (*subject, name, bounds))),
            Err(unknown) if !are_named && unknown.is_of_other_models() => {
                passed_over.get_or_insert(unknown);
            }
            Err(refused) => return Err(refused),
        }
    }
    match passed_over {
        Some(unknown) if plan.is_empty() => Err(unknown),
        Some(_) | None => Ok(plan),
    }
}

/// The bounds that a model is to be explored with, with the name of each.
fn profiles(subject: &dyn Subject, text: &str) -> Result<Vec<(String, Bounds)>, Refused> {
    let owned = |profiles: Vec<(&'static str, Bounds)>| {
        profiles.into_iter().map(|(name, bounds)| (name.to_owned(), bounds)).collect::<Vec<_>>()
    };
    let (quick, full) = (subject.quick(), subject.full());
    match text {
        "quick" => return Ok(owned(quick)),
        "full" => return Ok(owned(full)),
        _ => {}
    }
    if text.is_empty() || text.contains('=') {
        let bounds = Bounds::new(subject.keys()).parse(text);
        let refused = |reason| Refused::Bounds { model: subject.name(), reason };
        return Ok(vec![("custom".into(), bounds.map_err(refused)?)]);
    }
    let known = quick.iter().chain(&full).map(|(name, _)| *name).collect();
    let named = quick.into_iter().chain(full).find(|(name, _)| *name == text);
    let unknown = || Refused::Profile { model: subject.name(), name: text.to_owned(), known };
    Ok(owned(vec![named.ok_or_else(unknown)?]))
}

/// A flag that Ctrl-C sets.
fn interrupt() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    // Without a handler Ctrl-C ends the process, without the figures; that is no reason to stop.
    let _ = ctrlc::set_handler(move || set.store(true, Ordering::Relaxed));
    flag
}

/// Bytes of memory that an exploration may hold.
fn memory_limit(args: &LimitArgs) -> Option<u64> {
    let held = memory_held().unwrap_or(0);
    args.memory_limit.map(|size| size.0).or_else(|| memory_available().map(|free| held + free / 10 * 9))
}

/// The limits of the next exploration of a command that started then.
fn limits(args: &LimitArgs, start: Instant, interrupt: &Arc<AtomicBool>) -> Limits {
    Limits {
        threads: args.threads.into(),
        time: args.time_limit.map(|limit| limit.saturating_sub(start.elapsed())),
        memory: memory_limit(args),
        interrupt: Some(Arc::clone(interrupt)),
        until: None,
        watch: None,
    }
}

/// A large number with its thousands apart.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A table with a line under its header.
fn table<'a>(header: impl IntoIterator<Item = &'a str>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING.header_separator(LineStyle::none().fill('─').junction('─')));
    table.set_header(header);
    table
}

/// Numbers stand to the right.
fn align(table: &mut Table, columns: std::ops::Range<usize>) {
    for column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounds::Key;
    use crate::cell::Tamper;
    use crate::cluster::Cluster;
    use crate::election::mutants::Broken;
    use crate::election::{self, RaftElection, Server};
    use crate::protocol::{Catalogue, Protocol};
    use althing::raft::election::invariants::Elections;

    /// A second model, to have several: the election of two servers.
    struct Pair;

    static KEYS: [Key; 2] = [
        Key { name: "terms", about: "terms", min: 0, max: 9, default: 1 },
        Key { name: "height", about: "nothing", min: 0, max: 9, default: 1 },
    ];

    impl Pair {
        fn bounds(bounds: &Bounds) -> Bounds {
            Bounds::new(&election::KEYS).with(&[("nodes", 2), ("terms", bounds.get("terms"))])
        }
    }

    impl Protocol for Pair {
        type Machine = Server;
        type Mutated = Server<Broken>;
        type Missing = Broken;
        type History = Elections;

        fn catalogue(&self) -> Catalogue<Broken, Server<Broken>> {
            Catalogue {
                name: "pair",
                about: "two servers",
                keys: &KEYS,
                quick: &[("low", &[("height", 1)])],
                full: &[],
                liveness: &[],
                mutants: &[],
                mutants_with: &[],
                liveness_mutants: &[],
            }
        }

        fn model(bounds: &Bounds) -> Result<Cluster<Server, Elections>, BoundsError> {
            election::model(&Self::bounds(bounds))
        }

        fn without(
            bounds: &Bounds,
            missing: Broken,
            tamper: Tamper<Server<Broken>>,
        ) -> Result<Cluster<Server<Broken>, Elections>, BoundsError> {
            election::cluster(&Self::bounds(bounds), missing, tamper)
        }
    }

    /// For each that is planned the model and the profile; or why none is.
    fn planned(are_named: bool, text: &str) -> Result<Vec<String>, String> {
        let plan = plan(&[&RaftElection, &Pair], are_named, text).map_err(|refused| refused.to_string())?;
        Ok(plan.into_iter().map(|(subject, name, _)| format!("{} {name}", subject.name())).collect())
    }

    #[test]
    fn of_all_models_those_with_such_bounds_are_explored() {
        let quick = planned(false, "quick").expect("all have some");
        assert!(quick.len() > 2 && quick.last() == Some(&"pair low".to_owned()), "{quick:?}");
        assert_eq!(planned(false, "low"), Ok(vec!["pair low".into()]));
        assert_eq!(planned(false, "height=2"), Ok(vec!["pair custom".into()]));
        let both = ["raft-election custom", "pair custom"].map(str::to_owned);
        assert_eq!(planned(false, "terms=2"), Ok(both.to_vec()));
        assert_eq!(planned(true, "terms=2"), Ok(both.to_vec()));
    }

    #[test]
    fn bounds_that_no_model_has_or_not_each_that_is_named_are_refused() {
        for (are_named, text, names) in [
            (false, "slow", "raft-election: unknown profile `slow`"),
            (false, "hight=2", "raft-election: unknown bound `hight`"),
            (false, "terms=x", "needs a number"),
            (false, "height=10", "pair: bound `height=10` is out of range"),
            (true, "low", "raft-election: unknown profile `low`"),
            (true, "height=2", "raft-election: unknown bound `height`"),
        ] {
            let refused = planned(are_named, text).expect_err(text);
            assert!(refused.contains(names), "{refused}");
        }
    }

    #[test]
    fn a_model_in_a_few_lines_is_explored_like_any_other() {
        let (_, _, bounds) = plan(&[&Pair], true, "terms=2").expect("it has terms").remove(0);
        for searcher in [Searcher::Althing, Searcher::Stateright] {
            let summary = Pair.check(&bounds, searcher, &Limits::default()).expect("the bounds agree");
            assert!(summary.ok, "{summary:?}");
        }
        assert_eq!(Pair.advice(&bounds, 1.0), "Nothing of this kind would fit");
    }
}
