//! What happened, in a form to keep, to read and to run again.
//!
//! A trace file has one JSON object a line: first a [`Header`], then a [`Line`] for each thing
//! that happened: to which node, what, and what the node did about it. A counterexample, a
//! simulation and a production host all write the same.
//!
//! What goes wrong by going on for ever is a trace with a cycle, a lasso: some first steps, and
//! then some that lead back to the state where they began.

use std::io::BufRead;

use althing::machine::{Event, Machine};
use althing::node::{NodeId, NodeSet};
use althing::observe::History;
use althing::outbox::Op;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::cell::Stimulus;
use crate::cluster::{Action, Cluster, State};
use crate::draw::{describe_happening, describe_ops};

/// The version of the format, which the header names.
pub const VERSION: u32 = 1;

/// The first line of a trace file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Header {
    /// The version of the format: [`VERSION`].
    pub althing_trace: u32,
    /// The model.
    pub model: String,
    /// Its bounds, as the command line takes them.
    pub bounds: String,
    /// The mutant, if it is a trace of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutant: Option<String>,
    /// The property that is violated at the end, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// How many lines follow, if that was known when the header was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// How many steps come before those that repeat for ever, if some do: see [`Trace::cycle`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycle: Option<usize>,
}

/// What happened to a node, or to the network.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(
    rename_all = "snake_case",
    bound(serialize = "Event<M>: Serialize", deserialize = "Event<M>: Deserialize<'de>")
)]
pub enum Happening<M: Machine> {
    /// The node handled this.
    Event(Event<M>),
    /// The node handled this message, which stays in flight.
    Duplicate(Event<M>),
    /// The node began to handle this, and crashed when it had performed the effects; of the writes
    /// behind those that reached its disk.
    Crash(Event<M>),
    /// The node crashed between two steps, when the writes behind that are its effects had reached
    /// its disk.
    Restart,
    /// This message to the node was lost.
    Lose(Event<M>),
    /// The network was cut between these nodes and the others.
    Cut(NodeSet),
    /// The network was made whole.
    Heal,
    /// A tick of time passed.
    Tick,
}

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(bound(
    serialize = "Happening<M>: Serialize, Op<M>: Serialize",
    deserialize = "Happening<M>: Deserialize<'de>, Op<M>: Deserialize<'de>"
))]
pub struct Line<M: Machine> {
    /// Its number, from 1.
    pub step: u64,
    /// Whom it happened to; node 0 for what happened to the network, or to all.
    pub node: NodeId,
    /// What happened.
    pub input: Happening<M>,
    /// What the node performed.
    pub effects: Vec<Op<M>>,
    /// The node afterwards, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state: String,
}

/// Everything that happened, up to the violation of a property.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trace<M: Machine> {
    /// The property that is violated: by the last step, or by the cycle if there is one.
    pub property: String,
    /// The nodes.
    pub nodes: NodeSet,
    /// Each node before the first step, in words.
    pub initial: Vec<String>,
    /// What happened, in order.
    pub lines: Vec<Line<M>>,
    /// How many steps come before those that repeat for ever, if some do. The steps after these
    /// are the cycle: never none, and the state after the last of them is the one before the
    /// first of them.
    pub cycle: Option<usize>,
}

/// Why a trace cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file ended early, or holds something else.
    #[error("line {line}: {reason}")]
    Malformed {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Another version wrote it.
    #[error("the trace is of version {0}; this program reads version {VERSION}")]
    Version(u64),
    /// Its end is missing.
    #[error("the trace is truncated: {found} of {expected} steps")]
    Truncated {
        /// How many steps there are.
        found: usize,
        /// How many the header says.
        expected: usize,
    },
    /// It could not be read at all.
    #[error("{0}")]
    Unreadable(#[from] std::io::Error),
}

/// Reads the first line of a trace file.
///
/// # Errors
/// [`TraceError`] if there is none, or it is not a header of this version.
pub fn read_header(file: &mut impl BufRead) -> Result<Header, TraceError> {
    let mut text = String::new();
    file.read_line(&mut text)?;
    let malformed = |reason: String| TraceError::Malformed { line: 1, reason };
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| malformed(format!("not a trace: {error}")))?;
    match value.get("althing_trace").and_then(serde_json::Value::as_u64) {
        None => Err(malformed("not a trace: no field `althing_trace`".into())),
        Some(version) if version != u64::from(VERSION) => Err(TraceError::Version(version)),
        Some(_) => serde_json::from_value(value).map_err(|error| malformed(error.to_string())),
    }
}

/// Reads the lines after the header.
///
/// # Errors
/// [`TraceError::Malformed`] at the first line that is not one of this machine's, or is cut
/// short, and if the header speaks of a cycle without steps; [`TraceError::Truncated`] if there
/// are fewer or more lines than the header says.
pub fn read_lines<M: Machine>(header: &Header, file: impl BufRead) -> Result<Vec<Line<M>>, TraceError>
where
    Line<M>: DeserializeOwned,
{
    let mut lines = Vec::new();
    for (number, text) in (2..).zip(file.lines()) {
        let text = text?;
        let line = serde_json::from_str(&text)
            .map_err(|error| TraceError::Malformed { line: number, reason: error.to_string() })?;
        lines.push(line);
    }
    let found = lines.len();
    if let Some(expected) = header.steps
        && expected != found
    {
        return Err(TraceError::Truncated { found, expected });
    }
    if let Some(cycle) = header.cycle
        && cycle >= found
    {
        let reason = format!("the cycle is to begin after step {cycle}, but there are {found} steps");
        return Err(TraceError::Malformed { line: 1, reason });
    }
    Ok(lines)
}

impl<M: Machine> Trace<M> {
    /// The file: the header and the lines, as JSON.
    pub fn to_file(&self, header: &Header) -> String
    where
        Line<M>: Serialize,
    {
        let (steps, cycle) = (Some(self.lines.len()), self.cycle);
        let mut text = json(&Header { steps, cycle, ..header.clone() });
        for line in &self.lines {
            text += "\n";
            text += &json(line);
        }
        text + "\n"
    }
}

/// Plain data, none of which can fail to be written as JSON.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
}

/// Why a trace does not conform to the machine.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Nonconformance {
    /// What the line says cannot happen there.
    #[error("step {step}: that cannot happen to {node} here: {what}")]
    Impossible {
        /// The line's number.
        step: u64,
        /// Its node.
        node: NodeId,
        /// What it says happened.
        what: String,
    },
    /// The machine does something else.
    #[error("step {step}: {node} performs {performed}, but the trace says {recorded}")]
    Effects {
        /// The line's number.
        step: u64,
        /// Its node.
        node: NodeId,
        /// What the machine performs.
        performed: String,
        /// What the trace says.
        recorded: String,
    },
    /// It says that its last steps repeat for ever, but they do not lead back to where they began.
    #[error(
        "nothing repeats for ever: the state after step {last} is not that after step {start}; different: {differing}"
    )]
    DoesNotClose {
        /// How many steps come before the cycle.
        start: usize,
        /// How many there are with it.
        last: usize,
        /// What of the state differs.
        differing: String,
    },
}

/// What came of running a trace again.
#[derive(Clone, Debug)]
pub struct Replay {
    /// How many steps were made.
    pub steps: u64,
    /// The first violation: the step, and the invariants that are violated after it.
    pub violation: Option<(u64, Vec<&'static str>)>,
    /// If the trace says that its last steps repeat for ever: they do, after so many others.
    pub cycle: Option<usize>,
    /// Whether the property that the header names is a goal, and to go round the cycle for ever
    /// misses it. Without a cycle, whether nothing can happen after the last step.
    pub misses_goal: bool,
}

impl<M: Machine, H: History<M>> Cluster<M, H> {
    /// Runs a trace again from the initial state, and compares what the machines do with what it
    /// says that they did. Stops at the first violation of an invariant, unless the trace is of a
    /// goal that is missed, or says that its last steps repeat for ever: then all of them are made.
    /// If they are to repeat, the state after them must be the one where they began, whatever else
    /// there is in it.
    ///
    /// # Errors
    /// [`Nonconformance`] at the first line that this cluster does not follow, or at the end if
    /// the cycle does not close.
    pub fn replay(&self, header: &Header, lines: &[Line<M>]) -> Result<Replay, Nonconformance> {
        let (mut way, mut violation) = (vec![self.initial()], None);
        let is_of_end = header.cycle.is_some() || header.property.as_deref().is_some_and(|p| self.is_goal(p));
        for line in lines {
            let (_, next) = self.conform(&way[way.len() - 1], line)?;
            if violation.is_none() {
                let violated = self.violated(&next);
                violation = (!violated.is_empty()).then_some((line.step, violated));
            }
            way.push(next);
            if violation.is_some() && !is_of_end {
                break;
            }
        }
        if let Some(start) = header.cycle {
            self.close(start, &way)?;
        }
        let steps = way.len() as u64 - 1;
        let last = header.cycle.map_or(&way[way.len() - 1..], |start| &way[start..]);
        let for_ever = header.cycle.is_some() || self.stands_still(&last[0]);
        let goal = header.property.as_deref().filter(|_| for_ever);
        let misses_goal = goal.is_some_and(|goal| self.misses(goal, last));
        Ok(Replay { steps, violation, cycle: header.cycle, misses_goal })
    }

    /// The actions that the lines of a trace speak of, from the initial state.
    ///
    /// # Errors
    /// [`Nonconformance`] at the first line that this cluster does not follow.
    pub fn actions_of(&self, lines: &[Line<M>]) -> Result<Vec<Action>, Nonconformance> {
        let mut state = self.initial();
        let mut actions = Vec::new();
        for line in lines {
            let (action, next) = self.conform(&state, line)?;
            actions.push(action);
            state = next;
        }
        Ok(actions)
    }

    /// The action that a line speaks of, and the state after it, if the machine does what the line
    /// says.
    fn conform(&self, state: &State, line: &Line<M>) -> Result<(Action, State), Nonconformance> {
        let Line { step, node, input, effects, .. } = line;
        let (step, node) = (*step, *node);
        let Some((action, next)) = self.follow(state, line) else {
            return Err(Nonconformance::Impossible { step, node, what: describe_happening(input) });
        };
        let done = self.line(step, state, action);
        if done.effects != *effects {
            let (performed, recorded) = (describe_ops(&done.effects), describe_ops(effects));
            return Err(Nonconformance::Effects { step, node, performed, recorded });
        }
        Ok((action, next))
    }

    /// Whether the states of this way lead back to the one after so many steps.
    fn close(&self, start: usize, way: &[State]) -> Result<(), Nonconformance> {
        let last = way.len() - 1;
        let does_not_close = |differing| Nonconformance::DoesNotClose { start, last, differing };
        match way.get(start) {
            Some(first) if start < last && *first == way[last] => Ok(()),
            Some(first) if start < last => Err(does_not_close(self.differing(first, &way[last]))),
            Some(_) | None => Err(does_not_close("there is no step between".into())),
        }
    }

    /// What two states differ in, in words.
    fn differing(&self, a: &State, b: &State) -> String {
        let nodes = self.nodes().iter().filter(|node| self.cell(a, *node) != self.cell(b, *node));
        let mut differing: Vec<_> = nodes.map(|node| node.to_string()).collect();
        for (differs, name) in [
            (a.network != b.network, "the messages in the network"),
            (self.history(a) != self.history(b), "the history"),
            (a.left != b.left, "the faults that are left"),
            (a.budgets != b.budgets, "the budgets that are left"),
            (a.cut != b.cut, "the cut of the network"),
            (a.violated != b.violated, "what the last step violated"),
        ] {
            if differs {
                differing.push(name.to_owned());
            }
        }
        differing.join(", ")
    }

    /// The action that a line speaks of, if it is possible here, and the state after it.
    fn follow(&self, state: &State, line: &Line<M>) -> Option<(Action, State)> {
        if !self.nodes().contains(line.node) {
            return None; // There is no such node, whatever is said to have happened to it.
        }
        let stimulus =
            |event: &Event<M>| self.tables.stimuli.intern(Stimulus { node: line.node, event: event.clone() });
        let action = match &line.input {
            Happening::Event(event) => Action::Step(stimulus(event)),
            Happening::Duplicate(event) => Action::Duplicate(stimulus(event)),
            Happening::Crash(event) => {
                // At which point it crashed, the effects say.
                let id = stimulus(event);
                let points = (0..=u8::MAX).map(|point| Action::StepThenCrash(id, point));
                let mut points = points.take_while(|action| self.is_possible(state, *action));
                points.find(|action| self.line(line.step, state, *action).effects == line.effects)?
            }
            Happening::Restart => {
                // Which of the writes behind it kept, the effects say.
                let kept = (0..=u8::MAX).map(|kept| Action::Restart(line.node.get(), kept));
                let mut kept = kept.take_while(|action| self.is_possible(state, *action));
                kept.find(|action| self.line(line.step, state, *action).effects == line.effects)
                    .unwrap_or(Action::Restart(line.node.get(), 0))
            }
            Happening::Lose(event) => Action::Lose(stimulus(event)),
            Happening::Cut(side) => Action::Cut(u16::try_from(side.bits()).ok()?),
            Happening::Heal => Action::Heal,
            Happening::Tick => Action::Tick,
        };
        self.try_apply(state, action).map(|next| (action, next))
    }

    /// The state after an action, if it is possible in this state.
    pub(crate) fn try_apply(&self, state: &State, action: Action) -> Option<State> {
        if self.is_possible(state, action) { self.apply(state, action) } else { None }
    }

    fn is_possible(&self, state: &State, action: Action) -> bool {
        // Of what arrives without effect, `enabled` is silent.
        if let Action::Step(message) = action
            && self.arrives(state, message)
        {
            return true;
        }
        let mut possible = Vec::new();
        self.enabled(state, &mut possible);
        possible.contains(&action)
    }
}
