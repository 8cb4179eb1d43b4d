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

use std::num::NonZeroU32;

use althing::contract_net::{Capabilities, Money, Terms};
use althing::node::NodeId;

use super::written::Written;
use crate::json::{self, JsonError};
use crate::text::{listed, quoted};

/// How many agents a manager can have: it is a node itself.
pub const MOST_AGENTS: usize = NodeId::LIMIT as usize - 1;
/// How many tasks there can be.
pub const MOST_TASKS: usize = 1_000_000;
/// How often agents can be asked again because a reserve has grown, all of them together.
pub const MOST_RAISES: u64 = 10_000_000;

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
    /// It is no JSON, or a field is missing, unknown, or no such value.
    #[error(transparent)]
    Json(JsonError),
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
    #[error("{place}: there is a {} already", quoted(.name))]
    Duplicate {
        /// The field.
        place: String,
        /// The name.
        name: String,
    },
    /// A name that nothing has.
    #[error("{place}: there is no {}; there are: {}", quoted(.name), listed(.known))]
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
    /// A task that waits for itself.
    #[error("{place}: {} comes after itself", quoted(.name))]
    Itself {
        /// The field.
        place: String,
        /// The name.
        name: String,
    },
    /// Tasks that wait for each other.
    #[error("{place}: {} wait for each other", listed(.names))]
    Cycle {
        /// The field.
        place: String,
        /// Their names.
        names: Vec<String>,
    },
}

impl Problem {
    /// Reads a problem. Costs that are not known are drawn from this seed.
    ///
    /// # Errors
    /// [`ProblemError`] names the field and the value.
    pub fn read(text: &[u8], seed: u64) -> Result<Self, ProblemError> {
        let written: Written = json::read(text, "`agents` and `tasks`").map_err(ProblemError::Json)?;
        written.check(seed)
    }
}
