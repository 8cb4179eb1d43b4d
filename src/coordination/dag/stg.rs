//! Files of the Standard Task Graph Set (Tobita and Kasahara, "A standard task graph set for fair
//! evaluation of multiprocessor scheduling algorithms", 2002), those without communication costs.
//!
//! The first line says how many tasks there are, not counting the dummies at the beginning and at the
//! end. Then there is a line for each task: its number, its time, how many predecessors it has, and
//! their numbers. A line that begins with `#` is information for readers.
//!
//! ```text
//! 2
//!  0   0   0
//!  1  20   1   0
//!  2   3   1   1
//!  3   0   1   2
//! # Standard Task Graph Set Project
//! ```

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::coordination::dag::{Edge, GraphError, Task, TaskGraph};

/// Why a text is no such file: each names the line, from 1, and the field.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StgError {
    /// There is not one line.
    #[error("line 1: there is no number of tasks")]
    Empty,
    /// A field is missing.
    #[error("line {line}: there is no {field}")]
    Missing {
        /// Which line.
        line: usize,
        /// What should be there.
        field: &'static str,
    },
    /// A field is no whole number, or one that is too large.
    #[error("line {line}: the {field} is `{text}`, which is no whole number from 0 to {}", u64::MAX)]
    Number {
        /// Which line.
        line: usize,
        /// What should be there.
        field: &'static str,
        /// What is there.
        text: String,
    },
    /// With the dummies there are more tasks than can be numbered.
    #[error("line {line}: {tasks} tasks are too many: there can be {}", u64::MAX - 2)]
    TooMany {
        /// Which line.
        line: usize,
        /// How many there should be, without the dummies.
        tasks: u64,
    },
    /// There is more on a line than there should be.
    #[error("line {line}: `{text}` is too much")]
    Excess {
        /// Which line.
        line: usize,
        /// What is there.
        text: String,
    },
    /// Tasks are not numbered from 0 on.
    #[error("line {line}: task {task} stands where task {expected} should")]
    Numbering {
        /// Which line.
        line: usize,
        /// What is there.
        task: u64,
        /// What should be there.
        expected: u64,
    },
    /// A predecessor is not a task.
    #[error("line {line}: task {task} has predecessor {predecessor}, but the last task is {last}")]
    UnknownTask {
        /// Which line.
        line: usize,
        /// Whose predecessor it is.
        task: u64,
        /// The one that there is not.
        predecessor: u64,
        /// The one that there is last.
        last: u64,
    },
    /// The first line says otherwise.
    #[error("line {line}: after {tasks} tasks the text ends, but there must be {expected} with the dummies")]
    TooFew {
        /// The last line.
        line: usize,
        /// How many tasks there are.
        tasks: u64,
        /// How many there should be.
        expected: u64,
    },
    /// The tasks are no graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// Reads such a file. Task `i` of the graph is task `i` of the file, the dummies among them; no task
/// needs any capability, no edge has a delay.
///
/// # Errors
/// [`StgError`] names the line and the field.
pub fn parse(text: &str) -> Result<TaskGraph, StgError> {
    let mut lines = text.lines().zip(1..).filter(|(text, _)| !text.trim_start().starts_with('#'));
    let mut lines = lines
        .by_ref()
        .filter(|(text, _)| !text.trim().is_empty())
        .map(|(text, line)| Line { line, words: text.split_whitespace() });
    let mut first = lines.next().ok_or(StgError::Empty)?;
    let (mut at, count) = (first.line, first.number("number of tasks")?);
    first.end()?;
    let expected = count.checked_add(2).ok_or(StgError::TooMany { line: at, tasks: count })?;
    let (mut tasks, mut edges) = (Vec::new(), Vec::new());
    for task in 0..expected {
        let Some(mut line) = lines.next() else {
            return Err(StgError::TooFew { line: at, tasks: task, expected });
        };
        at = line.line;
        let number = line.number("number of a task")?;
        if number != task {
            return Err(StgError::Numbering { line: at, task: number, expected: task });
        }
        tasks.push(Task { time: line.number("time")?, ..Task::default() });
        for _ in 0..line.number("number of predecessors")? {
            let (predecessor, last) = (line.number("predecessor")?, expected - 1);
            let known =
                Some(predecessor).filter(|task| *task <= last).and_then(|it| usize::try_from(it).ok());
            let from = known.ok_or(StgError::UnknownTask { line: at, task, predecessor, last })?;
            edges.push(Edge { from, to: tasks.len() - 1, delay: 0 });
        }
        line.end()?;
    }
    match lines.next() {
        Some(mut line) => Err(line.excess()),
        None => Ok(TaskGraph::new(tasks, &edges)?),
    }
}

struct Line<'a> {
    line: usize,
    words: core::str::SplitWhitespace<'a>,
}

impl Line<'_> {
    fn number(&mut self, field: &'static str) -> Result<u64, StgError> {
        let word = self.words.next().ok_or(StgError::Missing { line: self.line, field })?;
        word.parse().map_err(|_| self.wrong(field, word))
    }

    fn wrong(&self, field: &'static str, text: &str) -> StgError {
        StgError::Number { line: self.line, field, text: text.to_string() }
    }

    fn end(&mut self) -> Result<(), StgError> {
        if self.words.clone().next().is_none() { Ok(()) } else { Err(self.excess()) }
    }

    fn excess(&mut self) -> StgError {
        StgError::Excess { line: self.line, text: self.words.next().unwrap_or_default().to_string() }
    }
}
