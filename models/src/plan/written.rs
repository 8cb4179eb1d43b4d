//! A problem as it stands in its file, and whether it can be one.

use std::fmt;
use std::num::NonZeroU64;

use althing::coordination::advisor::{Context, Decision, Pace, Private};
use althing::coordination::dag::json::{Written, WrittenAgent, WrittenTask};
use althing::coordination::sync_cost::{Shape, SyncCost, Table};
use althing::coordination::{Count, Exponent, NonNegative, Positive};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use super::problem::{Instead, MOST_AGENTS, Problem, ProblemError, Team};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a problem: an object with `tasks`")]
pub(super) struct WrittenProblem {
    ticks: Option<NonZeroU64>,
    #[serde(default, deserialize_with = "crew")]
    agents: Option<Crew>,
    tasks: Vec<WrittenTask>,
    sync: Option<WrittenSync>,
    rework: Option<NonNegative>,
    margin: Option<NonNegative>,
    context: Option<Context>,
    decision: Option<Decision>,
    private: Option<Private>,
    mean_time_between_failures: Option<Positive>,
    pace: Option<Pace>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "the cost of a sync: an object with `price` and `shape`")]
struct WrittenSync {
    price: NonNegative,
    #[serde(deserialize_with = "shape")]
    shape: Shape,
}

/// As it is written: see [`Shape`], which reads itself too, but names what is wrong in a table one field deeper.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenShape {
    Constant,
    Linear,
    Tree,
    KLogK,
    Power(Exponent),
    AllToAll,
    Article,
    Measured(Vec<f64>),
}

fn shape<'de, D: Deserializer<'de>>(from: D) -> Result<Shape, D::Error> {
    Ok(match WrittenShape::deserialize(from)? {
        WrittenShape::Constant => Shape::Constant,
        WrittenShape::Linear => Shape::Linear,
        WrittenShape::Tree => Shape::Tree,
        WrittenShape::KLogK => Shape::KLogK,
        WrittenShape::Power(exponent) => Shape::Power(exponent),
        WrittenShape::AllToAll => Shape::AllToAll,
        WrittenShape::Article => Shape::Article,
        WrittenShape::Measured(values) => Shape::Measured(Table::new(values).map_err(de::Error::custom)?),
    })
}

enum Crew {
    Alike(Count),
    Listed(Vec<WrittenAgent>),
}

/// By hand, so that what is wrong is named with its place and its value.
fn crew<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Crew>, D::Error> {
    struct Either;

    impl<'de> Visitor<'de> for Either {
        type Value = Crew;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "how many agents there are, from 1 to {MOST_AGENTS}, or a list of them")
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<Crew, E> {
            let count = u32::try_from(number).ok().filter(|count| *count <= MOST_AGENTS);
            let count = count.and_then(|count| Count::new(count).ok());
            count.map(Crew::Alike).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Crew, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Crew::Listed)
        }
    }

    from.deserialize_any(Either).map(Some)
}

impl WrittenProblem {
    pub(super) fn check(self, instead: Instead) -> Result<Problem, ProblemError> {
        let given = self.agents.is_some();
        let (count, agents) = match self.agents.filter(|_| instead.agents.is_none()) {
            None => (instead.agents, Vec::new()),
            Some(Crew::Alike(count)) => (Some(count), Vec::new()),
            Some(Crew::Listed(agents)) => (None, agents),
        };
        if agents.is_empty() && count.is_none() && given {
            return Err(ProblemError::None { place: "agents" });
        }
        if agents.len() > MOST_AGENTS as usize {
            let (count, most) = (agents.len(), MOST_AGENTS as usize);
            return Err(ProblemError::TooMany { place: "agents", count, most });
        }
        let ticks = self.ticks.unwrap_or(NonZeroU64::MIN.saturating_add(999));
        let (tasks, are_listed) = (self.tasks, !agents.is_empty());
        let checked = Written { ticks, agents, tasks }.check()?;
        let team = if are_listed { Some(Team::Listed(checked.agents)) } else { count.map(Team::Alike) };
        let free = SyncCost { price: NonNegative::ZERO, shape: Shape::Linear };
        let mut sync = self.sync.map_or(free, |it| SyncCost { price: it.price, shape: it.shape });
        sync.price = instead.price.unwrap_or(sync.price);
        let mut problem = Problem::new(checked.graph, checked.task_names, ticks, team, sync)?;
        let advised = &mut problem.advised;
        advised.rework = self.rework.unwrap_or(NonNegative::ZERO);
        advised.margin = self.margin.unwrap_or(NonNegative::ZERO);
        advised.context = self.context;
        advised.decision = self.decision;
        advised.private = self.private;
        advised.mean_time_between_failures = self.mean_time_between_failures;
        advised.pace = self.pace;
        Ok(problem)
    }
}
