//! What is to be done, by whom and at what cost.

use std::num::NonZeroU64;

use althing::contract_net::Capabilities;
use althing::coordination::advisor;
use althing::coordination::dag::json::ProblemError as TasksError;
use althing::coordination::dag::stg::{self, StgError};
use althing::coordination::dag::{Task, TaskGraph};
use althing::coordination::laws::Load;
use althing::coordination::regimes::Job;
use althing::coordination::schedule::Agent;
use althing::coordination::sync_cost::{Shape, SyncCost};
use althing::coordination::{Count, NonNegative, OutOfDomain, Positive};

use super::written::WrittenProblem;
use crate::json::{self, JsonError};
use crate::text::one_line;

/// How many tasks there can be.
pub const MOST_TASKS: usize = 100_000;
/// How many agents.
pub const MOST_AGENTS: u32 = 10_000;
/// How many tasks, if a result has to travel: HEFT takes the square of that.
pub const MOST_WITH_DELAYS: usize = 1_000;

/// Tasks, and who could do them.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The tasks.
    pub graph: TaskGraph,
    /// Their names, by their places.
    pub task_names: Vec<String>,
    /// How many ticks of the graph a unit of time has.
    pub ticks: NonZeroU64,
    /// Who could do them.
    pub team: Team,
    /// The same as the laws see it, in units of time, with what coordination costs. The agents of the
    /// laws are alike: they have the mean speed. Tasks that take no time are none.
    pub advised: advisor::Problem,
}

/// Who works.
#[derive(Clone, Debug)]
pub enum Team {
    /// So many who can do everything, at speed 1.
    Alike(Count),
    /// These; of `k` agents the first `k`.
    Listed(Vec<Agent>),
}

/// What is asked for on the command line, in place of what the problem says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Instead {
    /// So many agents that are alike.
    pub agents: Option<Count>,
    /// The price of a sync, in the unit of the times.
    pub price: Option<NonNegative>,
}

/// Why a problem is refused: one line that names the field and the value.
#[derive(Debug, thiserror::Error)]
pub enum ProblemError {
    /// It is no JSON, or a field is missing, unknown, or no such value.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Tasks and agents are none, or do not fit each other.
    #[error("{}", one_line(&.0.to_string()))]
    Tasks(#[from] TasksError),
    /// It is no Standard Task Graph.
    #[error("{}", one_line(&.0.to_string()))]
    Graph(#[from] StgError),
    /// It is no text.
    #[error("line {line}: it is no text in UTF-8")]
    NoText {
        /// The line, from 1.
        line: usize,
    },
    /// There is none of something.
    #[error("{place}: there must be one at least")]
    None {
        /// The field.
        place: &'static str,
    },
    /// There is too much of something.
    #[error("{place}: {count} are too many: there can be {most}")]
    TooMany {
        /// The field.
        place: &'static str,
        /// How many there are.
        count: usize,
        /// How many there can be.
        most: usize,
    },
    /// There are too many tasks, of which some wait for results of others to travel.
    #[error("tasks: {count} are too many: there can be {MOST_WITH_DELAYS} if results travel")]
    TooManyWithDelays {
        /// How many there are.
        count: usize,
    },
    /// All tasks together take no time.
    #[error("tasks: there must be one at least that takes some time")]
    NoWork,
    /// Nobody can do a task.
    #[error("tasks[{task}].needs: no agent has all that `{}` needs", one_line(.name))]
    Unable {
        /// The task, by its place.
        task: usize,
        /// Its name.
        name: String,
    },
    /// The laws do not hold of such numbers.
    #[error(transparent)]
    Number(#[from] OutOfDomain),
}

impl Problem {
    /// Reads a problem in JSON.
    ///
    /// # Errors
    /// [`ProblemError`] names the field and the value.
    pub fn read(text: &[u8], instead: Instead) -> Result<Self, ProblemError> {
        json::read::<WrittenProblem>(text, "`tasks`")?.check(instead)
    }

    /// Reads a Standard Task Graph: of its times each is one of the unit.
    ///
    /// # Errors
    /// [`ProblemError`] names the line and the field.
    pub fn read_stg(text: &[u8], instead: Instead) -> Result<Self, ProblemError> {
        if text.len() > json::LONGEST {
            return Err(JsonError::TooLong { bytes: text.len() }.into());
        }
        let line = |until: usize| text[..until].iter().filter(|byte| **byte == b'\n').count() + 1;
        let text =
            str::from_utf8(text).map_err(|error| ProblemError::NoText { line: line(error.valid_up_to()) })?;
        let graph = stg::parse(text)?;
        let names = (0..graph.tasks().len()).map(|task| format!("task {task}")).collect();
        let price = instead.price.unwrap_or(NonNegative::ZERO);
        let sync = SyncCost { price, shape: Shape::Linear };
        Self::new(graph, names, NonZeroU64::MIN, instead.agents.map(Team::Alike), sync)
    }

    /// Of a team as large as can be of use, if there is none.
    pub(super) fn new(
        graph: TaskGraph,
        task_names: Vec<String>,
        ticks: NonZeroU64,
        team: Option<Team>,
        sync: SyncCost,
    ) -> Result<Self, ProblemError> {
        let count = graph.tasks().len();
        if count > MOST_TASKS {
            return Err(ProblemError::TooMany { place: "tasks", count, most: MOST_TASKS });
        }
        if count > MOST_WITH_DELAYS && graph.delays() > 0 {
            return Err(ProblemError::TooManyWithDelays { count });
        }
        let timed = graph.tasks().iter().filter(|task| task.time > 0).count();
        let Ok(timed) = Count::new(u32::try_from(timed).unwrap_or(u32::MAX)) else {
            return Err(ProblemError::NoWork);
        };
        let speed = team.as_ref().map_or(1.0, Team::mean_speed);
        let time = |of: u64| Positive::new(of as f64 / ticks.get() as f64 / speed);
        let load = Load::new(time(graph.work())?, time(graph.span())?)?;
        let useful = load.useful().min(Count::new(MOST_AGENTS)?);
        let team = team.unwrap_or(Team::Alike(useful));
        let job = Job::new(load, timed)?;
        let mut advised = advisor::Problem::new(job, team.size(), sync);
        if let Team::Listed(agents) = &team {
            advised.specialists = specialists(graph.tasks(), agents)
                .map_err(|task| ProblemError::Unable { task, name: task_names[task].clone() })?;
        }
        Ok(Self { graph, task_names, ticks, team, advised })
    }

    /// So many ticks, in units of time.
    pub fn time(&self, ticks: u64) -> f64 {
        ticks as f64 / self.ticks.get() as f64
    }
}

impl Team {
    /// How many there are.
    pub fn size(&self) -> Count {
        match self {
            Self::Alike(count) => *count,
            // There are at most as many as can be counted.
            Self::Listed(agents) => Count::new(agents.len() as u32).unwrap_or(Count::ONE),
        }
    }

    /// The first so many.
    pub fn first(&self, count: Count) -> Vec<Agent> {
        match self {
            Self::Alike(_) => Agent::alike(count.get() as usize),
            Self::Listed(agents) => agents.iter().take(count.get() as usize).copied().collect(),
        }
    }

    fn mean_speed(&self) -> f64 {
        match self {
            Self::Alike(_) => 1.0,
            Self::Listed(agents) => {
                agents.iter().map(|agent| f64::from(agent.speed.get())).sum::<f64>() / agents.len() as f64
            }
        }
    }
}

/// How many agents it takes so that each task can be done by one of them: whoever can do most of what is
/// left is the next (Chvatal 1979), so that it may be more than the fewest. Or the task that nobody can do.
fn specialists(tasks: &[Task], agents: &[Agent]) -> Result<Count, usize> {
    let mut left: Vec<Capabilities> = tasks.iter().map(|task| task.needs).collect();
    left.sort_unstable();
    left.dedup();
    let mut count = 0;
    while !left.is_empty() {
        let covered = |agent: &&Agent| left.iter().filter(|needs| agent.capabilities.covers(**needs)).count();
        let best = agents.iter().max_by_key(covered).filter(|best| covered(best) > 0);
        let unable = |needs| tasks.iter().position(|task| task.needs == needs).unwrap_or_default();
        let best = best.ok_or_else(|| unable(left[0]))?.capabilities;
        left.retain(|needs| !best.covers(*needs));
        count += 1;
    }
    Ok(Count::new(count).unwrap_or(Count::ONE))
}
