//! When the article would use which pattern, as predicates over numbers.
//!
//! "Multi-Agent Coordination as Distributed Optimization", Practical recommendations: four lists of
//! four. Each of their points is a comparison of two numbers of a [`Problem`]:
//!
//! | use | when | is | criterion |
//! |---|---|---|---|
//! | a single agent | it fits one context window | `n <= window/each` | [`Criterion::FitsContext`] |
//! | a single agent | the style must be coherent | syncs eat what a team gains: `T(k*,b*) >= W` | [`Criterion::Coherent`] |
//! | a single agent | latency matters, not throughput | the span is nearly all: `W/L < 1 + eps` | [`Criterion::LatencyBound`] |
//! | a single agent | the domain is narrow | one agent has every capability: `specialists <= 1` | [`Criterion::Narrow`] |
//! | a hierarchy | tasks decompose | `n > 1` | [`Criterion::Decomposes`] |
//! | a hierarchy | control flow is explicit | some order holds: `L > W/n` | [`Criterion::Ordered`] |
//! | a hierarchy | reliability matters | failures are to be expected: `W/M > 0` | [`Criterion::Fails`] |
//! | a hierarchy | capabilities differ | `specialists > 1` | [`Criterion::Specialised`] |
//! | a market | costs vary among similar agents | `spread > 0` | [`Criterion::CostsVary`] |
//! | a market | tasks are interchangeable | two can be taken at once: `W/L >= 2` | [`Criterion::Interchangeable`] |
//! | a market | it must scale without a centre | more agents than one can lead: `k* > 3` | [`Criterion::OutgrowsLeader`] |
//! | a market | capabilities are private | H: an auction pays for its bids | [`Criterion::AuctionPays`] |
//! | consensus | agents agree on shared state | a decision is shared and irreversible | [`Criterion::Shared`] |
//! | consensus | nobody leads by nature | a majority can elect: `k_max >= 2f + 1` | [`Criterion::Electable`] |
//! | consensus | fault tolerance is critical | `f >= 1` | [`Criterion::Faulty`] |
//! | consensus | it is infrastructure | A: shared, irreversible, and under faults | [`Criterion::Agreement`] |
//!
//! The patterns are decided by three of them, in [`advisor`](super::advisor): A, H, and
//! [`Criterion::Gain`], G. The others are reasons: they tell which of the article's points hold.

use core::fmt;

use crate::coordination::advisor::Problem;
use crate::coordination::regimes::Point;
use crate::coordination::sync_cost::FAN_OUT;

/// A point of the article, or of the decision table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Criterion {
    /// The tasks fit one context window.
    FitsContext,
    /// What a team gains, its syncs eat.
    Coherent,
    /// The span is nearly all of the work.
    LatencyBound,
    /// One agent has every capability.
    Narrow,
    /// There are several tasks.
    Decomposes,
    /// The span is longer than the mean task.
    Ordered,
    /// Some agents will fail meanwhile.
    Fails,
    /// It takes agents of several kinds.
    Specialised,
    /// Costs differ from agent to agent.
    CostsVary,
    /// Two agents can choose between tasks.
    Interchangeable,
    /// There are more agents than one can lead.
    OutgrowsLeader,
    /// H: what an auction finds pays for its bids.
    AuctionPays,
    /// A decision is shared and irreversible.
    Shared,
    /// There are enough agents to elect one of them.
    Electable,
    /// Faults are to be survived.
    Faulty,
    /// A: a shared, irreversible decision under faults.
    Agreement,
    /// G, of several tasks: the best team is so much faster than one agent.
    Gain,
}

/// How the two numbers of a criterion must compare.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Relation {
    /// `<=`
    AtMost,
    /// `<`
    Below,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
}

/// Whether a criterion holds, with its numbers.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Reason {
    /// Which.
    pub criterion: Criterion,
    /// What is compared.
    pub left: f64,
    /// How.
    pub relation: Relation,
    /// With what.
    pub right: f64,
}

impl Criterion {
    /// All of them: the four lists in their order, then G.
    pub const ALL: [Self; 17] = [
        Self::FitsContext,
        Self::Coherent,
        Self::LatencyBound,
        Self::Narrow,
        Self::Decomposes,
        Self::Ordered,
        Self::Fails,
        Self::Specialised,
        Self::CostsVary,
        Self::Interchangeable,
        Self::OutgrowsLeader,
        Self::AuctionPays,
        Self::Shared,
        Self::Electable,
        Self::Faulty,
        Self::Agreement,
        Self::Gain,
    ];

    /// Its numbers for a problem and the best team for that, if there is one.
    pub fn of(self, problem: &Problem, team: Option<&Point>) -> Reason {
        use Relation::{Above, AtLeast, AtMost, Below};
        let load = problem.job.load();
        let (n, work, parallelism) = (problem.job.tasks().real(), load.work(), load.parallelism());
        let needed = 1.0 + problem.margin.get();
        let faults = problem.decision.map_or(0.0, |decision| f64::from(decision.faults));
        let (left, relation, right) = match self {
            Self::FitsContext => (n, AtMost, problem.batch_limit().map_or(n, |limit| limit.real())),
            Self::Coherent => (team.map_or(work, |team| team.time), AtLeast, work),
            Self::LatencyBound => (parallelism, Below, needed),
            Self::Narrow => (problem.specialists.real(), AtMost, 1.0),
            Self::Decomposes => (n, Above, 1.0),
            Self::Ordered => (load.span(), Above, work / n),
            Self::Fails => (problem.mean_time_between_failures.map_or(0.0, |m| work / m.get()), Above, 0.0),
            Self::Specialised => (problem.specialists.real(), Above, 1.0),
            Self::CostsVary => (problem.private.map_or(0.0, |private| private.spread.get()), Above, 0.0),
            Self::Interchangeable => (parallelism, AtLeast, 2.0),
            Self::OutgrowsLeader => (team.map_or(1.0, |team| team.agents.real()), Above, f64::from(FAN_OUT)),
            Self::AuctionPays => {
                let (found, bids) = team.map_or((0.0, 0.0), |team| problem.auction(team.agents));
                (found, Above, bids)
            }
            Self::Shared => (problem.decision.map_or(0.0, |_| 1.0), AtLeast, 1.0),
            Self::Electable => (problem.k_max.real(), AtLeast, 2.0 * faults + 1.0),
            Self::Faulty => (faults, AtLeast, 1.0),
            Self::Agreement => (faults, Above, 0.0),
            Self::Gain => (team.map_or(0.0, |team| work / team.time), AtLeast, needed),
        };
        Reason { criterion: self, left, relation, right }
    }

    fn what(self) -> &'static str {
        match self {
            Self::FitsContext => "tasks, and how many fit one context window",
            Self::Coherent => "time of the best team, and of one agent",
            Self::LatencyBound => "work over span, and the speed-up that is asked for",
            Self::Narrow | Self::Specialised => "agents that have every capability together",
            Self::Decomposes => "tasks",
            Self::Ordered => "span, and the mean task",
            Self::Fails => "failures to be expected in the work",
            Self::CostsVary => "spread of the costs",
            Self::Interchangeable => "work over span, and the agents that choose",
            Self::OutgrowsLeader => "agents, and how many of them one can lead",
            Self::AuctionPays => "what an auction finds, and what its bids cost",
            Self::Shared => "decisions that are shared and irreversible",
            Self::Electable => "agents, and a majority of which survives the faults",
            Self::Faulty | Self::Agreement => "faults to be survived",
            Self::Gain => "speed-up of the best team, and what is asked for",
        }
    }
}

impl Reason {
    /// Whether it does.
    pub fn holds(&self) -> bool {
        match self.relation {
            Relation::AtMost => self.left <= self.right,
            Relation::Below => self.left < self.right,
            Relation::AtLeast => self.left >= self.right,
            Relation::Above => self.left > self.right,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relation = match self.relation {
            Relation::AtMost => "<=",
            Relation::Below => "<",
            Relation::AtLeast => ">=",
            Relation::Above => ">",
        };
        let not = if self.holds() { "" } else { "not " };
        write!(f, "{}: {not}{:.4} {relation} {:.4}", self.criterion.what(), self.left, self.right)
    }
}
