//! Tasks and agents as somebody writes them down.
//!
//! ```json
//! {
//!   "ticks": 1000,
//!   "agents": [
//!     {"name": "Ada", "capabilities": ["code", "test"], "speed": 2},
//!     {"name": "Bob", "capabilities": ["code"]}
//!   ],
//!   "tasks": [
//!     {"name": "parser", "time": 2.5, "needs": ["code"]},
//!     {"name": "tests", "time": 1, "needs": ["test"], "after": ["parser"]},
//!     {"name": "report", "time": 0.5, "by": "Bob", "after": [{"task": "parser", "delay": 0.2}, "tests"]}
//!   ]
//! }
//! ```
//!
//! Times and delays are in a unit of the writer's choice, and are rounded to whole ticks, of which the
//! unit has `ticks` (1,000 unless given). What is above 0 must not be rounded to 0: it would be lost.
//! `speed` is units of work in a unit of time (1 unless given).
//! With `by` nobody but that agent may do a task.
//! Whoever reads a text has the reader that names the place of what is no such value.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::num::{NonZeroU32, NonZeroU64};

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::contract_net::Capabilities;
use crate::coordination::dag::{Edge, GraphError, Task, TaskGraph};
use crate::coordination::schedule::Agent;

/// A problem as it is written.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// How many ticks a unit of time has.
    #[serde(default = "thousand")]
    pub ticks: NonZeroU64,
    /// Who works.
    #[serde(default)]
    pub agents: Vec<WrittenAgent>,
    /// What is to be done.
    pub tasks: Vec<WrittenTask>,
}

/// An agent as it is written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an agent: an object with `name`")]
pub struct WrittenAgent {
    /// How it is called.
    pub name: String,
    /// What it can do.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Units of work in a unit of time.
    #[serde(default = "one")]
    pub speed: NonZeroU32,
}

/// A task as it is written.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a task: an object with `name` and `time`")]
pub struct WrittenTask {
    /// How it is called.
    pub name: String,
    /// How long it takes an agent of speed 1, in units of time: 0 or more.
    pub time: f64,
    /// What an agent must be able to do.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Who alone may do it; whoever can, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Which tasks it comes after.
    #[serde(default)]
    pub after: Vec<After>,
}

/// What a task comes after.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(untagged)]
pub enum After {
    /// This task, without a delay.
    Task(String),
    /// This task, with a delay.
    Delayed {
        /// The name of the task.
        task: String,
        /// How long its result travels to another agent, in units of time: 0 or more.
        delay: f64,
    },
}

/// By hand, so that what is wrong is named with its field and its value.
impl<'de> Deserialize<'de> for After {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Delayed {
            task: String,
            delay: f64,
        }

        impl<'de> Visitor<'de> for Either {
            type Value = After;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("either the name of a task, or {\"task\": name, \"delay\": time}")
            }

            fn visit_str<E: de::Error>(self, task: &str) -> Result<After, E> {
                Ok(After::Task(task.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<After, A::Error> {
                let Delayed { task, delay } = Delayed::deserialize(MapAccessDeserializer::new(map))?;
                Ok(After::Delayed { task, delay })
            }
        }

        from.deserialize_any(Either)
    }
}

/// A problem that was checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// How many ticks a unit of time has.
    pub ticks: NonZeroU64,
    /// The names of the capabilities, by their numbers: in the order of the alphabet. For each agent that
    /// is the only one for some task there is one more, without a name, which only this agent has.
    pub capabilities: Vec<String>,
    /// The names of the agents.
    pub agent_names: Vec<String>,
    /// The agents.
    pub agents: Vec<Agent>,
    /// The names of the tasks.
    pub task_names: Vec<String>,
    /// The tasks.
    pub graph: TaskGraph,
}

/// Why a problem is refused: one line that names the field and the value.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum ProblemError {
    /// There are more capabilities than a set can have.
    #[error("{place}: {count} capabilities are too many: there can be {}", Capabilities::LIMIT)]
    TooManyCapabilities {
        /// The field in which the first that is too many is.
        place: String,
        /// How many there are.
        count: usize,
    },
    /// Two have one name.
    #[error("{place}: there is a `{name}` already")]
    Duplicate {
        /// The field.
        place: String,
        /// The name.
        name: String,
    },
    /// A task comes after one that there is not.
    #[error("{place}: there is no task `{name}`")]
    UnknownTask {
        /// The field.
        place: String,
        /// The name.
        name: String,
    },
    /// Nobody but an agent that there is not may do a task.
    #[error("{place}: there is no agent `{name}`")]
    UnknownAgent {
        /// The field.
        place: String,
        /// The name.
        name: String,
    },
    /// A task needs what no agent can do.
    #[error("{place}: no agent has the capability `{name}`")]
    UnknownCapability {
        /// The field.
        place: String,
        /// The name.
        name: String,
    },
    /// A time is negative, not finite, or too long to be counted in ticks.
    #[error("{place}: {value} is no time: it must be 0 or more, and its ticks countable")]
    Time {
        /// The field.
        place: String,
        /// What is there.
        value: f64,
    },
    /// A time or a delay that there is would be rounded to none.
    #[error(
        "{place}: {value} of task `{task}` is less than half a tick, and would be lost: a unit has {ticks} ticks"
    )]
    TooShort {
        /// The field.
        place: String,
        /// Of which task.
        task: String,
        /// What is there.
        value: f64,
        /// How many ticks a unit of time has.
        ticks: NonZeroU64,
    },
    /// Tasks that wait for each other.
    #[error("tasks: `{}` wait for each other", .names.join("`, `"))]
    Cycle {
        /// Their names: each comes before the next, and the last before the first.
        names: Vec<String>,
    },
    /// The tasks are no graph for another reason.
    #[error("tasks: {0}")]
    Graph(GraphError),
}

fn thousand() -> NonZeroU64 {
    NonZeroU64::MIN.saturating_add(999)
}

const fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}

impl Written {
    /// Checks it, and numbers all that has a name.
    ///
    /// # Errors
    /// [`ProblemError`] names the field and the value.
    pub fn check(&self) -> Result<Problem, ProblemError> {
        let chosen = self.chosen();
        let capabilities = self.capabilities(chosen.len())?;
        let agent_names: Vec<_> = self.agents.iter().map(|agent| agent.name.clone()).collect();
        let task_names: Vec<_> = self.tasks.iter().map(|task| task.name.clone()).collect();
        let known_agents = places(&agent_names, "agents")?;
        let places = places(&task_names, "tasks")?;
        // What only this agent has.
        let only = |name: &String| {
            let place = chosen.binary_search(&name.as_str());
            place.map_or(0, |place| 1 << (capabilities.len() + place))
        };
        let set = |names: &[String], place: &dyn Fn(usize) -> String| {
            names.iter().enumerate().try_fold(Capabilities::NONE, |set, (i, name)| {
                let unknown = || ProblemError::UnknownCapability { place: place(i), name: name.clone() };
                let number = capabilities.binary_search(name).map_err(|_| unknown())?;
                Ok(Capabilities::from_bits(set.bits() | 1 << number))
            })
        };
        let agent = |(i, it): (usize, &WrittenAgent)| {
            let place = |j| format!("agents[{i}].capabilities[{j}]");
            let bits = set(&it.capabilities, &place)?.bits() | only(&it.name);
            Ok(Agent { capabilities: Capabilities::from_bits(bits), speed: it.speed })
        };
        let agents = self.agents.iter().enumerate().map(agent).collect::<Result<_, _>>()?;
        let (mut tasks, mut edges) = (Vec::new(), Vec::new());
        for (to, task) in self.tasks.iter().enumerate() {
            let time = self.in_ticks(task, task.time, || format!("tasks[{to}].time"))?;
            let needs = set(&task.needs, &|i| format!("tasks[{to}].needs[{i}]"))?.bits();
            if let Some(name) = task.by.as_ref().filter(|name| !known_agents.contains_key(name.as_str())) {
                return Err(ProblemError::UnknownAgent {
                    place: format!("tasks[{to}].by"),
                    name: name.clone(),
                });
            }
            let by = task.by.as_ref().map_or(0, only);
            tasks.push(Task { time, needs: Capabilities::from_bits(needs | by) });
            for (i, after) in task.after.iter().enumerate() {
                let place = || format!("tasks[{to}].after[{i}]");
                let (name, delay) = match after {
                    After::Task(task) => (task, 0.0),
                    After::Delayed { task, delay } => (task, *delay),
                };
                let unknown = || ProblemError::UnknownTask { place: place(), name: name.clone() };
                let from = *places.get(name.as_str()).ok_or_else(unknown)?;
                let delay = self.in_ticks(task, delay, || place() + ".delay")?;
                edges.push(Edge { from, to, delay });
            }
        }
        let graph = TaskGraph::new(tasks, &edges).map_err(|error| match error {
            GraphError::Cycle(cycle) => {
                ProblemError::Cycle { names: cycle.0.iter().map(|task| task_names[*task].clone()).collect() }
            }
            error => ProblemError::Graph(error),
        })?;
        Ok(Problem { ticks: self.ticks, capabilities, agent_names, agents, task_names, graph })
    }

    /// The agents who are the only ones for some task, in the order of the alphabet.
    fn chosen(&self) -> Vec<&str> {
        let mut chosen: Vec<_> = self.tasks.iter().filter_map(|task| task.by.as_deref()).collect();
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }

    /// Those that an agent has; if there are no agents, those that a task needs. So many must be left.
    fn capabilities(&self, left: usize) -> Result<Vec<String>, ProblemError> {
        let had = self.agents.iter().flat_map(|agent| &agent.capabilities);
        let needed = self.tasks.iter().flat_map(|task| &task.needs);
        let (place, mut all): (_, Vec<_>) = match self.agents.is_empty() {
            true => ("tasks[].needs", needed.cloned().collect()),
            false => ("agents[].capabilities", had.cloned().collect()),
        };
        all.sort_unstable();
        all.dedup();
        let count = all.len() + left;
        if count > usize::from(Capabilities::LIMIT) {
            let place = if left == 0 { place.to_string() } else { format!("{place} and tasks[].by") };
            return Err(ProblemError::TooManyCapabilities { place, count });
        }
        Ok(all)
    }

    /// A time or delay of the task, rounded to the nearest tick, of two the later.
    fn in_ticks(
        &self,
        of: &WrittenTask,
        value: f64,
        place: impl FnOnce() -> String,
    ) -> Result<u64, ProblemError> {
        // Whole numbers of this size and less are exact in both.
        const MOST: f64 = (1_u64 << 53) as f64;
        let ticks = value * self.ticks.get() as f64 + 0.5;
        if !(value >= 0.0 && ticks < MOST) {
            return Err(ProblemError::Time { place: place(), value });
        }
        if value > 0.0 && ticks < 1.0 {
            let (place, task) = (place(), of.name.clone());
            return Err(ProblemError::TooShort { place, task, value, ticks: self.ticks });
        }
        Ok(ticks as u64)
    }
}

/// The places of names, of which none comes twice.
fn places<'a>(names: &'a [String], what: &str) -> Result<BTreeMap<&'a str, usize>, ProblemError> {
    let mut places = BTreeMap::new();
    for (i, name) in names.iter().enumerate() {
        if places.insert(name.as_str(), i).is_some() {
            return Err(ProblemError::Duplicate { place: format!("{what}[{i}].name"), name: name.clone() });
        }
    }
    Ok(places)
}
