//! The models that the command line knows, behind one interface.

use std::io::BufRead;
use std::net::SocketAddr;
use std::time::Duration;

use althing::machine::Machine;
use althing::observe::History;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bounds::{Bounds, BoundsError, Key};
use crate::check::{Report, Searcher, Status};
use crate::cluster::Cluster;
use crate::contract_net::ContractNet;
use crate::contract_net_timed::ContractNetTimed;
use crate::election::RaftElection;
use crate::limits::{Cut, Limits, Progress};
use crate::liveness::LivenessReport;
use crate::raft::{RAFT, RAFT_MEMBERSHIP};
use crate::trace::{Header, Line, Nonconformance, Replay, Trace, TraceError, VERSION, read_lines};

/// Every model that there is.
pub static SUBJECTS: &[&dyn Subject] =
    &[&RaftElection, &RAFT, &RAFT_MEMBERSHIP, &ContractNet, &ContractNetTimed];

/// A protocol with its models, mutants and traces. Every [`Protocol`](crate::protocol::Protocol)
/// is one.
pub trait Subject: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;
    /// What it is, in a line.
    fn about(&self) -> &'static str;
    /// What bounds it.
    fn keys(&self) -> &'static [Key];
    /// The bounds that are explored by default, by name, in seconds.
    fn quick(&self) -> Vec<(&'static str, Bounds)>;
    /// Larger bounds, in minutes.
    fn full(&self) -> Vec<(&'static str, Bounds)>;
    /// About how many states these bounds have, from what others had.
    fn estimate(&self, bounds: &Bounds) -> f64;
    /// What to do about bounds with more states than this.
    fn advice(&self, bounds: &Bounds, most: f64) -> String;
    /// Explores it with one of the searches.
    ///
    /// # Errors
    /// [`BoundsError`] if the bounds contradict each other.
    fn check(&self, bounds: &Bounds, searcher: Searcher, limits: &Limits) -> Result<Summary, BoundsError>;
    /// Its mutants.
    fn mutants(&self) -> Vec<MutantInfo>;
    /// Explores a mutant, until the invariant that must catch it does.
    ///
    /// # Errors
    /// [`BoundsError`] if the bounds contradict each other.
    fn check_mutant(&self, mutant: &MutantInfo, limits: &Limits) -> Result<Summary, BoundsError>;
    /// The bounds in which it is checked that goals are reached, by name.
    fn liveness_profiles(&self) -> Vec<(&'static str, Bounds)>;
    /// The mutants that miss a goal.
    fn liveness_mutants(&self) -> Vec<MutantInfo>;
    /// Checks that it, or a mutant of it, reaches its goals once faults have ended.
    ///
    /// # Errors
    /// [`BoundsError`] if the bounds contradict each other.
    fn check_liveness(
        &self,
        bounds: &Bounds,
        mutant: Option<&MutantInfo>,
        limits: &Limits,
    ) -> Result<LivenessSummary, BoundsError>;
    /// Serves stateright's Explorer of it, for ever.
    ///
    /// # Errors
    /// [`BoundsError`] if the bounds contradict each other.
    fn explore(&self, bounds: &Bounds, address: SocketAddr) -> Result<(), BoundsError>;
    /// Runs a trace again.
    ///
    /// # Errors
    /// [`ReplayError`] if it is not a trace of this protocol, or does not conform to it.
    fn replay(&self, header: &Header, file: &mut dyn BufRead) -> Result<Replay, ReplayError>;

    /// The header of a trace of this model.
    fn header(&self, bounds: &Bounds, mutant: Option<&str>) -> Header {
        Header {
            althing_trace: VERSION,
            model: self.name().into(),
            bounds: bounds.to_string(),
            mutant: mutant.map(str::to_owned),
            property: None,
            steps: None,
            cycle: None,
        }
    }
}

/// A mutant, as the command line knows it.
#[derive(Clone, Debug)]
pub struct MutantInfo {
    /// Its name.
    pub name: &'static str,
    /// What is broken.
    pub rule: &'static str,
    /// The invariant that must catch it.
    pub expected: &'static str,
    /// The bounds within which it must.
    pub bounds: Bounds,
}

/// Why a trace was not run again to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It could not be read.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// Its header names bounds that there are not.
    #[error("in the header: {0}")]
    Bounds(#[from] BoundsError),
    /// Its header names a mutant that there is not.
    #[error("in the header: unknown mutant `{name}`; there are {}", .known.join(", "))]
    Mutant {
        /// The mutant that it names.
        name: String,
        /// Those that there are.
        known: Vec<&'static str>,
    },
    /// The machine does not do what the trace says.
    #[error(transparent)]
    Nonconformance(#[from] Nonconformance),
}

/// What came out for one property, in words.
#[derive(Clone, Debug)]
pub struct PropertySummary {
    /// Its name.
    pub name: &'static str,
    /// Whether it is a witness or an invariant.
    pub is_witness: bool,
    /// Whether it holds.
    pub status: Status,
    /// How to violate it, if it is violated.
    pub trace: Option<Counterexample>,
}

/// A counterexample in every form.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// How many steps it has.
    pub steps: usize,
    /// How many of them come before those that repeat for ever, if some do.
    pub cycle: Option<usize>,
    /// As a numbered story.
    pub story: String,
    /// As a sequence diagram in Mermaid's language.
    pub mermaid: String,
    /// As a log for ShiViz.
    pub shiviz: String,
    /// In Apalache's Informal Trace Format.
    pub itf: String,
    /// As a trace file.
    pub file: String,
}

impl Counterexample {
    fn new<M: Machine>(trace: &Trace<M>, header: &Header) -> Self
    where
        Line<M>: Serialize,
    {
        Self {
            steps: trace.lines.len(),
            cycle: trace.cycle,
            story: trace.story(),
            mermaid: trace.mermaid(),
            shiviz: trace.shiviz(),
            itf: trace.itf(),
            file: trace.to_file(&Header { property: Some(trace.property.clone()), ..header.clone() }),
        }
    }

    /// It in every form, each with the ending of its file.
    pub fn files(&self) -> [(&'static str, &str); 5] {
        [
            ("jsonl", &self.file),
            ("txt", &self.story),
            ("mmd", &self.mermaid),
            ("shiviz.log", &self.shiviz),
            ("itf.json", &self.itf),
        ]
    }
}

/// A [`Report`] without the machine's types.
#[derive(Clone, Debug)]
pub struct Summary {
    /// How far the exploration went.
    pub progress: Progress,
    /// Why it ended before it was complete.
    pub cut: Option<Cut>,
    /// Whether the names of the nodes did not matter.
    pub symmetry: bool,
    /// Bytes of the tables that remember states, where the search says.
    pub table_bytes: Option<u64>,
    /// The properties.
    pub properties: Vec<PropertySummary>,
    /// The transitions that were never taken.
    pub transitions_uncovered: Vec<&'static str>,
    /// The chance that two states were taken for one, at most.
    pub collision_bound: f64,
    /// See [`Report::is_ok`].
    pub ok: bool,
}

impl Summary {
    /// Whether a property was violated.
    pub fn is_violated(&self) -> bool {
        self.properties.iter().any(|property| property.status == Status::Violated)
    }
}

/// A report in words. The header is that of its traces.
pub fn summary<M: Machine>(report: &Report<M>, header: &Header) -> Summary
where
    Line<M>: Serialize,
{
    let properties = report.properties.iter().map(|property| PropertySummary {
        name: property.name,
        is_witness: property.is_witness,
        status: property.status,
        trace: property.trace.as_ref().map(|trace| Counterexample::new(trace, header)),
    });
    Summary {
        progress: report.progress,
        cut: report.cut,
        symmetry: report.symmetry,
        table_bytes: Some(report.table_bytes).filter(|bytes| *bytes > 0),
        properties: properties.collect(),
        transitions_uncovered: report.transitions_uncovered.clone(),
        collision_bound: report.collision_bound(),
        ok: report.is_ok(),
    }
}

/// A [`LivenessReport`] without the machine's types.
#[derive(Clone, Debug)]
pub struct LivenessSummary {
    /// How far the exploration with faults went.
    pub explored: Progress,
    /// Combinations of nodes in which faults ended.
    pub ends: usize,
    /// States after faults have ended.
    pub states: usize,
    /// Steps between them.
    pub steps: usize,
    /// Why it ended before it was complete.
    pub cut: Option<Cut>,
    /// Since the start.
    pub elapsed: Duration,
    /// The goals.
    pub goals: Vec<GoalSummary>,
    /// See [`LivenessReport::is_ok`].
    pub ok: bool,
}

/// What came out for one goal, in words.
#[derive(Clone, Debug)]
pub struct GoalSummary {
    /// Its name.
    pub name: &'static str,
    /// Whether it is reached.
    pub status: Status,
    /// In how many states it is not reached yet.
    pub missing: usize,
    /// How it is missed, if it is.
    pub trace: Option<Counterexample>,
}

/// A report in words. The header is that of its traces.
pub fn liveness_summary<M: Machine>(report: &LivenessReport<M>, header: &Header) -> LivenessSummary
where
    Line<M>: Serialize,
{
    let goals = report.goals.iter().map(|goal| GoalSummary {
        name: goal.name,
        status: goal.status,
        missing: goal.missing,
        trace: goal.trace.as_ref().map(|trace| Counterexample::new(trace, header)),
    });
    LivenessSummary {
        explored: report.explored,
        ends: report.ends,
        states: report.states,
        steps: report.steps,
        cut: report.cut,
        elapsed: report.elapsed,
        goals: goals.collect(),
        ok: report.is_ok(),
    }
}

/// Reads the lines of a trace, and runs them again on this cluster.
///
/// # Errors
/// [`ReplayError`] if it cannot be read or does not conform.
pub fn replay<M: Machine, H: History<M>>(
    cluster: &Cluster<M, H>,
    header: &Header,
    file: &mut dyn BufRead,
) -> Result<Replay, ReplayError>
where
    Line<M>: DeserializeOwned,
{
    Ok(cluster.replay(header, &read_lines(header, file)?)?)
}
