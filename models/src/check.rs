//! Exploring a cluster to the end, or to a limit, and saying honestly which it was.

use std::fmt;
use std::time::Instant;

use althing::machine::Machine;
use althing::observe::History;

use crate::cluster::{Action, Cluster};
use crate::engine::{Exploration, search};
use crate::limits::{Cut, Limits, Progress};
use crate::reference;
use crate::trace::Trace;

/// Which breadth-first search explores a cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Searcher {
    /// This kit's [engine](crate::engine).
    Althing,
    /// stateright's, the reference.
    Stateright,
}

impl Searcher {
    /// The name in JSON and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Althing => "althing",
            Self::Stateright => "stateright",
        }
    }
}

/// Whether a property holds, as far as the exploration went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// An invariant of every reachable state.
    Holds,
    /// A witness was found.
    Witnessed,
    /// An invariant that is false in some reachable state.
    Violated,
    /// No witness exists: what the property speaks of cannot happen.
    Unwitnessed,
    /// The exploration ended too early to tell.
    Unknown,
}

impl Status {
    /// The name in JSON and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Witnessed => "witnessed",
            Self::Violated => "violated",
            Self::Unwitnessed => "unwitnessed",
            Self::Unknown => "unknown",
        }
    }
}

/// What came out for one property.
#[derive(Clone, Debug)]
pub struct PropertyReport<M: Machine> {
    /// Its name.
    pub name: &'static str,
    /// Whether it is a witness (`sometimes`) or an invariant (`always`).
    pub is_witness: bool,
    /// Whether it holds.
    pub status: Status,
    /// How to violate it, if it is violated.
    pub trace: Option<Trace<M>>,
}

/// What came out of an exploration.
#[derive(Clone, Debug)]
pub struct Report<M: Machine> {
    /// How far it went.
    pub progress: Progress,
    /// Why it ended before it was complete, if it did.
    pub cut: Option<Cut>,
    /// Whether states that differ in the names of nodes counted as one.
    pub symmetry: bool,
    /// Bytes of the tables that remember states, where the engine says.
    pub table_bytes: u64,
    /// The properties, in the order in which they were given.
    pub properties: Vec<PropertyReport<M>>,
    /// The transitions of the machine that were never taken.
    pub transitions_uncovered: Vec<&'static str>,
}

impl<M: Machine> Report<M> {
    /// Whether every reachable state was explored.
    pub fn is_complete(&self) -> bool {
        self.cut.is_none()
    }

    /// Whether an invariant is violated.
    pub fn is_violated(&self) -> bool {
        self.properties.iter().any(|property| property.status == Status::Violated)
    }

    /// Whether the exploration was complete, every invariant holds, everything that must be
    /// possible is, and every transition was taken.
    pub fn is_ok(&self) -> bool {
        let good = |status| matches!(status, Status::Holds | Status::Witnessed);
        self.is_complete()
            && self.properties.iter().all(|property| good(property.status))
            && self.transitions_uncovered.is_empty()
    }

    /// The chance that two states were taken for one, at most: states are told apart by 64
    /// bits.
    pub fn collision_bound(&self) -> f64 {
        let n = self.progress.unique_states as f64;
        n * n / 2_f64.powi(65)
    }
}

impl<M: Machine> fmt::Display for Report<M> {
    /// How far the exploration went, what came out for each property, and how those that are
    /// violated come about. Without a line break at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Progress { states, unique_states, depth, elapsed, .. } = self.progress;
        write!(
            f,
            "{unique_states} distinct states of {states}, depth {depth}, {:.2} s: ",
            elapsed.as_secs_f64()
        )?;
        match self.cut {
            None => write!(f, "complete")?,
            Some(_) if self.is_violated() => write!(f, "violated")?,
            Some(cut) => write!(f, "incomplete ({cut})")?,
        }
        let width = self.properties.iter().map(|property| property.name.len()).max().unwrap_or(0);
        for PropertyReport { name, is_witness, status, .. } in &self.properties {
            let kind = if *is_witness { "sometimes" } else { "always" };
            write!(f, "\n  {kind:<9}  {name:<width$}  {}", status.name())?;
        }
        if self.is_complete() && !self.transitions_uncovered.is_empty() {
            write!(f, "\nnever taken: {}", self.transitions_uncovered.join("; "))?;
        }
        for property in &self.properties {
            if let Some(trace) = &property.trace {
                let steps = trace.lines.len();
                let plural = if steps == 1 { "" } else { "s" };
                let story = trace.story();
                write!(f, "\n\n{} is violated after {steps} step{plural}:", property.name)?;
                write!(f, "\n\n{}", story.trim_end())?;
            }
        }
        Ok(())
    }
}

impl<M: Machine, H: History<M>> Cluster<M, H> {
    /// Explores every state within the bounds with the [engine](crate::engine) of this kit, and
    /// reports. A counterexample is a shortest one, and the same in every run, unless a limit ends
    /// the search before it is told.
    ///
    /// # Panics
    /// If a property or the environment panics.
    pub fn check(mut self, limits: &Limits) -> Report<M> {
        let start = Instant::now();
        let report = self.report(search(&self, limits), |_, actions| actions);
        if !report.is_violated() || limits.threads() == 1 {
            return report;
        }
        // Which of the shortest ways is found depends on which thread is first, and so do the
        // numbers of what is kept. So what went wrong is told by one thread, from the beginning.
        self.forget();
        let left = limits.time.map(|limit| limit.saturating_sub(report.progress.elapsed));
        let again = search(&self, &Limits { threads: 1, time: left, watch: None, ..limits.clone() });
        let progress = Progress { elapsed: start.elapsed(), ..report.progress };
        match again.cut {
            Some(Cut::Found) => {
                let Report { properties, .. } = self.report(again, |_, actions| actions);
                Report { properties, progress, ..report }
            }
            _ => Report { progress, ..report },
        }
    }

    /// The same with stateright's breadth-first search: slower, with a counterexample that is not
    /// the shortest but from which no step can be left out. Two implementations check each other.
    ///
    /// # Panics
    /// If a property or the environment panics.
    pub fn check_by_stateright(self, limits: &Limits) -> Report<M> {
        reference::explore(self, limits, |cluster, exploration| {
            cluster.report(exploration, |property, actions| {
                cluster.shrink(actions, |state| !cluster.is_true(property, state))
            })
        })
    }

    /// The same with the search that is named.
    ///
    /// # Panics
    /// If a property or the environment panics.
    pub fn check_by(self, searcher: Searcher, limits: &Limits) -> Report<M> {
        match searcher {
            Searcher::Althing => self.check(limits),
            Searcher::Stateright => self.check_by_stateright(limits),
        }
    }

    /// What an exploration came to, with the ways to violated properties, by their numbers, made
    /// short.
    fn report(
        &self,
        exploration: Exploration<Action>,
        shorten: impl Fn(usize, Vec<Action>) -> Vec<Action>,
    ) -> Report<M> {
        let Exploration { progress, cut, found, table_bytes } = exploration;
        let properties = self.properties.iter().zip(found).enumerate().map(|(index, (property, way))| {
            let is_witness = property.is_witness();
            let status = match (way.is_some(), is_witness) {
                (true, true) => Status::Witnessed,
                (true, false) => Status::Violated,
                (false, _) if cut.is_some() => Status::Unknown,
                (false, true) => Status::Unwitnessed,
                (false, false) => Status::Holds,
            };
            let trace = way
                .filter(|_| !is_witness)
                .map(|actions| self.trace(&shorten(index, self.concrete(&actions)), property.name));
            PropertyReport { name: property.name, is_witness, status, trace }
        });
        Report {
            progress,
            cut,
            symmetry: self.symmetry.is_some(),
            table_bytes,
            properties: properties.collect(),
            transitions_uncovered: self.uncovered(),
        }
    }

    /// The transitions that no step took so far.
    fn uncovered(&self) -> Vec<&'static str> {
        let covered = self.tables.covered();
        let names = self.transitions.iter().enumerate();
        names.filter(|(i, _)| covered >> i & 1 == 0).map(|(_, name)| *name).collect()
    }
}
