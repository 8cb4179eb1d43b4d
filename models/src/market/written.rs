//! A problem as it stands in its file, and whether it can be one.

use std::collections::{BTreeMap, BTreeSet, VecDeque, btree_map};
use std::fmt;
use std::num::NonZeroU32;

use althing::contract_net::plan::{self, PlanError};
use althing::contract_net::{Capabilities, Money, Ratio, TaskId, Terms};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::problem::{Agent, MOST_AGENTS, MOST_RAISES, MOST_TASKS, Problem, ProblemError, Task};
use crate::text::quoted;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a problem: an object with `agents` and `tasks`")]
pub(super) struct Written {
    capabilities: Option<Vec<String>>,
    agents: Vec<WrittenAgent>,
    tasks: Vec<WrittenTask>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an agent: an object with `name`, `capabilities` and `cost`")]
struct WrittenAgent {
    name: String,
    capabilities: Vec<String>,
    #[serde(deserialize_with = "cost")]
    cost: Cost,
    #[serde(default)]
    fixed: u64,
    #[serde(default = "one")]
    speed: u32,
    #[serde(default = "one")]
    capacity: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cost {
    min: u64,
    max: u64,
}

/// A number, or the two that it is between. By hand, so that what is wrong is named with its value.
fn cost<'de, D: Deserializer<'de>>(from: D) -> Result<Cost, D::Error> {
    struct Either;

    impl<'de> Visitor<'de> for Either {
        type Value = Cost;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a cost: a number of 0 or more, or {\"min\": .., \"max\": ..}")
        }

        fn visit_u64<E>(self, known: u64) -> Result<Cost, E> {
            Ok(Cost { min: known, max: known })
        }

        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Cost, A::Error> {
            let seq = Value::deserialize(SeqAccessDeserializer::new(seq))?;
            Err(de::Error::invalid_type(Unexpected::Other(&seq.to_string()), &self))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Cost, A::Error> {
            Cost::deserialize(MapAccessDeserializer::new(map))
        }
    }

    from.deserialize_any(Either)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a task: an object with `name`, `needs`, `work` and `value`")]
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

impl Written {
    /// The problem, if it can be one. Costs that are not known are drawn from this seed.
    pub(super) fn check(self, seed: u64) -> Result<Problem, ProblemError> {
        for (place, count, most) in
            [("agents", self.agents.len(), MOST_AGENTS), ("tasks", self.tasks.len(), MOST_TASKS)]
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
        no_more_work_than_time(&self.tasks)?;
        let (tasks, places) = in_order(self.tasks, &known)?;
        // So that the costs of an agent do not change with the tasks of others, each has its own stream.
        let agent = |(number, agent): (usize, WrittenAgent)| agent.check(number, &known, &tasks, seed);
        let agents = self.agents.into_iter().enumerate().map(agent).collect::<Result<Vec<_>, _>>()?;
        no_endless_raises(&tasks, &agents, &places)?;
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

/// No time in the run is more than all the work and a unit for each task, whoever does it; and a lease is
/// a few times as long.
fn no_more_work_than_time(tasks: &[WrittenTask]) -> Result<(), ProblemError> {
    const MOST: u64 = u64::MAX / 8;
    let mut total = 0_u64;
    for (number, task) in tasks.iter().enumerate() {
        total = total.saturating_add(task.work).saturating_add(1);
        if total > MOST {
            let (place, value) = (format!("tasks[{number}].work"), task.work.to_string());
            let reason = format!("makes the work of all tasks together more than {MOST}");
            return Err(ProblemError::Number { place, value, reason });
        }
    }
    Ok(())
}

/// In each round in which a reserve only grows, all who can do the task are asked. `places` says where a
/// task was written.
fn no_endless_raises(tasks: &[Task], agents: &[Agent], places: &[usize]) -> Result<(), ProblemError> {
    let mut left = MOST_RAISES;
    for (number, (task, place)) in tasks.iter().zip(places).enumerate() {
        let costs = agents.iter().filter_map(|agent| agent.costs[number]);
        let Some(least) = costs.clone().min() else { continue };
        let able = costs.count() as u64;
        let Terms { mut reserve, escalation, rounds, .. } = task.terms;
        for _ in 1..rounds.get() {
            let raised = escalation.raise(reserve);
            if reserve >= least || raised == reserve {
                break;
            }
            reserve = raised;
            left = left.checked_sub(able).ok_or_else(|| {
                let (numerator, denominator) = escalation.into();
                let (offered, least) = (task.terms.reserve.get(), least.get());
                let reason = format!(
                    "lets the reserve grow from {offered} to the least cost, {least}, in so many rounds that \
                     agents are asked more than {MOST_RAISES} times for all tasks together"
                );
                let value = format!("[{numerator}, {denominator}]");
                ProblemError::Number { place: format!("tasks[{place}].escalation"), value, reason }
            })?;
        }
    }
    Ok(())
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
        ProblemError::Unknown { place, name, known: known.keys().cloned().collect() }
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
        let Cost { min, max } = self.cost;
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
                let (work, name, fixed) = (task.work, quoted(&task.name), self.fixed);
                let reason =
                    format!("for each of {work} units of work of {name}, and {fixed} besides, is too much");
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

/// The tasks, each after those that it comes after; where there is a choice, as they were written. And
/// where each was written.
fn in_order(
    written: Vec<WrittenTask>,
    known: &BTreeMap<String, usize>,
) -> Result<(Vec<Task>, Vec<usize>), ProblemError> {
    let names: Vec<_> = written.iter().map(|task| task.name.clone()).collect();
    let places = index(&names, |place| format!("tasks[{place}].name"))?;
    let tasks = written.into_iter().enumerate().map(|(number, task)| task.check(number, known, &places));
    let tasks = tasks.collect::<Result<Vec<_>, _>>()?;
    let numbered = tasks.iter().zip(0..).map(|(task, number)| (TaskId::new(number), &task.terms));
    let order = plan::in_order(numbered).map_err(|error| match error {
        PlanError::Cycle(task) => cycle(&tasks, place(task)),
        PlanError::UnknownDependency { .. } => unreachable!("each name was found"),
    })?;
    // From here on a task has the number of its place in this order.
    let ids: BTreeMap<_, _> = order.iter().copied().zip((0..).map(TaskId::new)).collect();
    let mut tasks: BTreeMap<_, _> =
        tasks.into_iter().zip(0..).map(|(task, number)| (ids[&TaskId::new(number)], task)).collect();
    for task in tasks.values_mut() {
        task.terms.after = task.terms.after.iter().map(|after| ids[after]).collect();
    }
    Ok((tasks.into_values().collect(), order.into_iter().map(place).collect()))
}

fn place(task: TaskId) -> usize {
    task.get() as usize
}

/// The names on a shortest cycle that this task is on: each waits for the next, and the last for it.
fn cycle(tasks: &[Task], on: usize) -> ProblemError {
    let field = format!("tasks[{on}].after");
    // How each was reached: from which.
    let (mut next, mut from) = (VecDeque::from([on]), BTreeMap::new());
    while let Some(task) = next.pop_front() {
        for after in tasks[task].terms.after.iter().map(|after| place(*after)) {
            if let btree_map::Entry::Vacant(free) = from.entry(after) {
                free.insert(task);
                next.push_back(after);
            }
        }
    }
    let mut path: Vec<_> = std::iter::successors(from.get(&on), |task| from.get(task))
        .take_while(|task| **task != on)
        .map(|task| tasks[*task].name.clone())
        .collect();
    path.push(tasks[on].name.clone());
    path.reverse();
    match path.pop() {
        Some(name) if path.is_empty() => ProblemError::Itself { place: field, name },
        last => ProblemError::Cycle { place: field, names: path.into_iter().chain(last).collect() },
    }
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
