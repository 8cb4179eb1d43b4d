//! Agents and tasks as somebody writes them down, and why they are refused.
//!
//! ```json
//! {
//!   "agents": [
//!     {"name": "Ada", "capabilities": ["code", "test"], "cost": {"min": 2, "max": 5}, "speed": 2},
//!     {"name": "Bob", "capabilities": ["code"], "cost": 3, "fixed": 1, "capacity": 2}
//!   ],
//!   "tasks": [
//!     {"name": "parser", "needs": ["code"], "work": 6, "value": 60},
//!     {"name": "tests", "needs": ["test"], "work": 4, "value": 40, "reserve": 10, "after": ["parser"]}
//!   ]
//! }
//! ```
//!
//! `cost` is for a unit of work, `fixed` for any task; between `min` and `max` a cost is drawn for each
//! agent and task. `speed` is units of work in a unit of time (1 unless given), `capacity` how many
//! tasks at one time (1). `reserve` is the most that is paid in the first round (the value unless
//! given); with `escalation: [3, 2]` it grows by half with each round without an award, of which there
//! are at most `rounds`. With `capabilities` at the top, no others are known.

use std::collections::{BTreeMap, BTreeSet, VecDeque, btree_map};
use std::num::NonZeroU32;

use althing::contract_net::plan::{self, PlanError};
use althing::contract_net::{Capabilities, Money, Ratio, TaskId, Terms};
use althing::node::NodeId;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::Deserialize;

/// The longest problem that is read, in bytes.
pub const LONGEST: usize = 16 << 20;
/// How many agents a manager can have: it is a node itself.
pub const MOST_AGENTS: usize = NodeId::LIMIT as usize - 1;

/// A market to run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The names of the capabilities, by their numbers.
    pub capabilities: Vec<String>,
    /// The agents: the first is node 1.
    pub agents: Vec<Agent>,
    /// The tasks, each after those that it comes after. The first is task 0.
    pub tasks: Vec<Task>,
}

/// An agent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agent {
    /// How it is called.
    pub name: String,
    /// What it can do.
    pub capabilities: Capabilities,
    /// How many tasks it can work on at one time.
    pub capacity: NonZeroU32,
    /// For each task, what it costs, if the agent can do it.
    pub costs: Vec<Option<Money>>,
    /// Units of work in a unit of time.
    pub speed: NonZeroU32,
}

/// A task.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Task {
    /// How it is called.
    pub name: String,
    /// Units of work.
    pub work: u64,
    /// What the manager is told of it.
    pub terms: Terms,
}

/// Why a problem is refused: one line that names the field and the value.
#[derive(Debug, thiserror::Error)]
pub enum ProblemError {
    /// It is too long.
    #[error("{bytes} bytes are too many: a problem has at most {LONGEST}")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// It is no JSON, or a field is missing, unknown, or no such value.
    #[error("{place}: {reason}")]
    Json {
        /// The field.
        place: String,
        /// What is wrong with it.
        reason: serde_json::Error,
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
    /// There is none of something.
    #[error("{place}: there must be one at least")]
    None {
        /// The field.
        place: &'static str,
    },
    /// Two have one name.
    #[error("{place}: there is a `{name}` already")]
    Duplicate {
        /// The field.
        place: String,
        /// The name.
        name: String,
    },
    /// A name that nothing has.
    #[error("{place}: there is no `{name}`; there are: {}", .known.join(", "))]
    Unknown {
        /// The field.
        place: String,
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// A number that cannot be.
    #[error("{place}: {value} {reason}")]
    Number {
        /// The field.
        place: String,
        /// Its value.
        value: String,
        /// Why not.
        reason: String,
    },
    /// Tasks that wait for each other.
    #[error("tasks: {} wait for each other", .names.join(", "))]
    Cycle {
        /// Their names.
        names: Vec<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    capabilities: Option<Vec<String>>,
    agents: Vec<WrittenAgent>,
    tasks: Vec<WrittenTask>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAgent {
    name: String,
    capabilities: Vec<String>,
    cost: Cost,
    #[serde(default)]
    fixed: u64,
    #[serde(default = "one")]
    speed: u32,
    #[serde(default = "one")]
    capacity: u32,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a cost is a number of 0 or more, or {\"min\": .., \"max\": ..}"
)]
enum Cost {
    Known(u64),
    Between { min: u64, max: u64 },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTask {
    name: String,
    needs: Vec<String>,
    work: u64,
    value: u64,
    reserve: Option<u64>,
    #[serde(default = "no_escalation")]
    escalation: (u32, u32),
    rounds: Option<u32>,
    #[serde(default)]
    after: Vec<String>,
}

const fn one() -> u32 {
    1
}

const fn no_escalation() -> (u32, u32) {
    (1, 1)
}

impl Problem {
    /// Reads a problem. Costs that are not known are drawn from this seed.
    ///
    /// # Errors
    /// [`ProblemError`] names the field and the value.
    pub fn read(text: &[u8], seed: u64) -> Result<Self, ProblemError> {
        if text.len() > LONGEST {
            return Err(ProblemError::TooLong { bytes: text.len() });
        }
        let mut json = serde_json::Deserializer::from_slice(text);
        let written: Written = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let place = error.path().to_string();
            ProblemError::Json { place, reason: error.into_inner() }
        })?;
        json.end().map_err(|reason| ProblemError::Json { place: "after the end".into(), reason })?;
        written.check(seed)
    }
}

impl Written {
    fn check(self, seed: u64) -> Result<Problem, ProblemError> {
        for (place, count, most) in
            [("agents", self.agents.len(), MOST_AGENTS), ("tasks", self.tasks.len(), 1_000_000)]
        {
            if count == 0 {
                return Err(ProblemError::None { place });
            }
            if count > most {
                return Err(ProblemError::TooMany { place, count, most });
            }
        }
        let capabilities = self.capabilities()?;
        let known = index(&capabilities, |place| format!("capabilities[{place}]"))?;
        let names: Vec<_> = self.agents.iter().map(|agent| agent.name.clone()).collect();
        index(&names, |place| format!("agents[{place}].name"))?;
        let tasks = in_order(self.tasks, &known)?;
        // No time in the run is more than this, whoever does the work.
        let total = tasks.iter().try_fold(0_u64, |total, task| total.checked_add(task.work)?.checked_add(1));
        if total.and_then(|total| total.checked_mul(8)).is_none() {
            let (value, reason) = ("of all together".to_owned(), "is more than time can be".to_owned());
            return Err(ProblemError::Number { place: "tasks[].work".into(), value, reason });
        }
        // So that the costs of an agent do not change with the tasks of others, each has its own stream.
        let agent = |(number, agent): (usize, WrittenAgent)| agent.check(number, &known, &tasks, seed);
        let agents = self.agents.into_iter().enumerate().map(agent).collect::<Result<_, _>>()?;
        Ok(Problem { capabilities, agents, tasks })
    }

    /// Those that are listed, or else those that an agent has.
    fn capabilities(&self) -> Result<Vec<String>, ProblemError> {
        let had = || self.agents.iter().flat_map(|agent| &agent.capabilities);
        let (place, names) = match &self.capabilities {
            Some(names) => ("capabilities", names.clone()),
            None => {
                let all: BTreeSet<_> = had().chain(self.tasks.iter().flat_map(|task| &task.needs)).collect();
                ("agents[].capabilities", all.into_iter().cloned().collect())
            }
        };
        let most = usize::from(Capabilities::LIMIT);
        if names.len() > most {
            return Err(ProblemError::TooMany { place, count: names.len(), most });
        }
        Ok(names)
    }
}

/// The places of names, of which none comes twice.
fn index(names: &[String], place: impl Fn(usize) -> String) -> Result<BTreeMap<String, usize>, ProblemError> {
    let mut index = BTreeMap::new();
    for (i, name) in names.iter().enumerate() {
        match index.entry(name.clone()) {
            btree_map::Entry::Vacant(free) => free.insert(i),
            btree_map::Entry::Occupied(_) => {
                return Err(ProblemError::Duplicate { place: place(i), name: name.clone() });
            }
        };
    }
    Ok(index)
}

fn find(known: &BTreeMap<String, usize>, name: &str, place: &str) -> Result<usize, ProblemError> {
    known.get(name).copied().ok_or_else(|| {
        let (place, name) = (place.to_owned(), name.to_owned());
        let mut known: Vec<_> = known.keys().take(20).cloned().collect();
        if known.len() == 20 {
            known.push("...".into());
        }
        ProblemError::Unknown { place, name, known }
    })
}

fn set(known: &BTreeMap<String, usize>, names: &[String], place: &str) -> Result<Capabilities, ProblemError> {
    let mut bits = 0;
    for name in names {
        bits |= 1_u64 << find(known, name, place)?;
    }
    Ok(Capabilities::from_bits(bits))
}

fn positive(value: u32, place: impl Fn() -> String) -> Result<NonZeroU32, ProblemError> {
    let reason = || "must be at least 1".to_owned();
    let refused = || ProblemError::Number { place: place(), value: value.to_string(), reason: reason() };
    NonZeroU32::new(value).ok_or_else(refused)
}

impl WrittenAgent {
    fn check(
        self,
        number: usize,
        known: &BTreeMap<String, usize>,
        tasks: &[Task],
        seed: u64,
    ) -> Result<Agent, ProblemError> {
        let place = |field: &str| format!("agents[{number}].{field}");
        let capabilities = set(known, &self.capabilities, &place("capabilities"))?;
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(number as u64);
        let (min, max) = match self.cost {
            Cost::Known(cost) => (cost, cost),
            Cost::Between { min, max } => (min, max),
        };
        if min > max {
            let (value, reason) = (min.to_string(), format!("is more than the maximum, {max}"));
            return Err(ProblemError::Number { place: place("cost.min"), value, reason });
        }
        let mut cost = |task: &Task| {
            let each = min + below(&mut random, max - min);
            if !capabilities.covers(task.terms.needs) {
                return Ok(None);
            }
            let cost = each.checked_mul(task.work).and_then(|cost| cost.checked_add(self.fixed));
            let cost = cost.ok_or_else(|| {
                let reason =
                    format!("for each of {} units of work of `{}` is too much", task.work, task.name);
                ProblemError::Number { place: place("cost"), value: each.to_string(), reason }
            })?;
            Ok(Some(Money::new(cost)))
        };
        let costs = tasks.iter().map(&mut cost).collect::<Result<_, _>>()?;
        let (capacity, speed) =
            (positive(self.capacity, || place("capacity"))?, positive(self.speed, || place("speed"))?);
        Ok(Agent { name: self.name, capabilities, capacity, costs, speed })
    }
}

/// A number from 0 to this one, each as likely as the others but for less than one in 2^64 parts.
fn below(random: &mut ChaCha8Rng, most: u64) -> u64 {
    let wide = u128::from(random.next_u64()) * (u128::from(most) + 1);
    u64::try_from(wide >> 64).unwrap_or(most)
}

/// The tasks, each after those that it comes after; where there is a choice, as they were written.
fn in_order(written: Vec<WrittenTask>, known: &BTreeMap<String, usize>) -> Result<Vec<Task>, ProblemError> {
    let names: Vec<_> = written.iter().map(|task| task.name.clone()).collect();
    let places = index(&names, |place| format!("tasks[{place}].name"))?;
    let tasks = written.into_iter().enumerate().map(|(number, task)| task.check(number, known, &places));
    let tasks = tasks.collect::<Result<Vec<_>, _>>()?;
    let numbered = tasks.iter().zip(0..).map(|(task, number)| (TaskId::new(number), &task.terms));
    let order = plan::in_order(numbered).map_err(|error| match error {
        PlanError::Cycle(task) => ProblemError::Cycle { names: cycle(&tasks, place(task)) },
        PlanError::UnknownDependency { .. } => unreachable!("each name was found"),
    })?;
    // From here on a task has the number of its place in this order.
    let ids: BTreeMap<_, _> = order.iter().copied().zip((0..).map(TaskId::new)).collect();
    let mut tasks: BTreeMap<_, _> =
        tasks.into_iter().zip(0..).map(|(task, number)| (ids[&TaskId::new(number)], task)).collect();
    for task in tasks.values_mut() {
        task.terms.after = task.terms.after.iter().map(|after| ids[after]).collect();
    }
    Ok(tasks.into_values().collect())
}

fn place(task: TaskId) -> usize {
    task.get() as usize
}

/// The names on a shortest cycle that this task is on: each waits for the next, and the last for it.
fn cycle(tasks: &[Task], on: usize) -> Vec<String> {
    let mut paths = VecDeque::from([vec![on]]);
    let mut seen = BTreeSet::new();
    while let Some(path) = paths.pop_front() {
        for after in
            path.last().into_iter().flat_map(|last| &tasks[*last].terms.after).map(|task| place(*task))
        {
            if after == on {
                return path.iter().map(|task| tasks[*task].name.clone()).collect();
            }
            if seen.insert(after) {
                paths.push_back([&path[..], &[after]].concat());
            }
        }
    }
    Vec::new()
}

impl WrittenTask {
    fn check(
        self,
        number: usize,
        known: &BTreeMap<String, usize>,
        places: &BTreeMap<String, usize>,
    ) -> Result<Task, ProblemError> {
        let place = |field: &str| format!("tasks[{number}].{field}");
        let found = |name: &String| Ok(TaskId::new(find(places, name, &place("after"))? as u64));
        let after = self.after.iter().map(found).collect::<Result<Vec<_>, _>>()?;
        let needs = set(known, &self.needs, &place("needs"))?;
        let (numerator, denominator) = self.escalation;
        let escalation = Ratio::new(numerator, denominator).map_err(|refused| ProblemError::Number {
            place: place("escalation"),
            value: format!("[{numerator}, {denominator}]"),
            reason: format!("cannot be: {refused}"),
        })?;
        let reserve = Money::new(self.reserve.unwrap_or(self.value));
        let terms = Terms::new(Money::new(self.value)).needing(needs).after(after);
        let rounds =
            self.rounds.map_or(Ok(NonZeroU32::MAX), |rounds| positive(rounds, || place("rounds")))?;
        Ok(Task { name: self.name, work: self.work, terms: terms.offered(reserve, escalation, rounds) })
    }
}
