//! Which pattern of coordination a problem asks for, and why.
//!
//! Three predicates decide. A: a shared, irreversible decision needs agreement under faults. G: there are
//! several tasks, and the best team is faster than one agent by the margin that is asked for; or one agent
//! cannot do it at all. H: costs are private, and an auction pays for its bids.
//!
//! | A | G | H | decide by | work as |
//! |---|---|---|---|---|
//! | 0 | 0 | * | single | one agent |
//! | 0 | 1 | 0 | hierarchical | `k*` agents, batches of `b*`, fan-out 3 |
//! | 0 | 1 | 1 | market | an auction among `k*` |
//! | 1 | 0 | * | consensus | one proposer, the replicas vote |
//! | 1 | 1 | 0 | consensus | hierarchical |
//! | 1 | 1 | 1 | consensus | market |
//!
//! The article's factors ("What determines coordination cost?"), and its two kinds of loop, each move one
//! number of a problem, and with it the answer:
//!
//! | factor | field | moves |
//! |---|---|---|
//! | context window | [`Problem::context`] | largest batch, fan-out, fewest agents |
//! | task granularity | [`Problem::job`], `n` | how often a team syncs, `n/b` |
//! | output format | [`Problem::sync`], `c` | `k*`, and whether a team pays |
//! | error handling | [`Problem::rework`] and [`Problem::mean_time_between_failures`] | `b*`; the checkpoints |
//! | tight or loose loops | [`Problem::pace`] | the interval between two syncs, `tau*` |
//!
//! The surface is that of [`regimes`](super::regimes), with one shape for syncs and staleness, `q(k) = r g(k)`.
//! Then `b* = sqrt(2c/r)` is the same for each number of agents, and what a team pays is a price of its own
//! times `g(k)`: so raising `c` neither raises `k*` nor turns one agent into many, and raising `W` at a fixed
//! `L` never turns many into one.

use alloc::vec::Vec;

use crate::coordination::criteria::{Criterion, Reason};
use crate::coordination::intervals;
use crate::coordination::numbers::{Count, Fraction, NonNegative, Positive};
use crate::coordination::ooda::Loop;
use crate::coordination::regimes::{Job, Point, Surface};
use crate::coordination::sync_cost::{FAN_OUT, Shape, SyncCost};

/// What is to be done, by whom at most. Every time is in one unit, and the answer does not depend on it.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Problem {
    /// `W`, `L` and `n`.
    pub job: Job,
    /// How many agents there are at most.
    pub k_max: Count,
    /// `c g(k)`, a time: what it takes `k` agents to sync once, to read each other's output included.
    pub sync: SyncCost,
    /// `r`, a time: what it costs a task, for each unit of `g`, that one more of its batch was done since
    /// the last sync. Stateful tasks that must be rolled back have a high one, idempotent tasks a low one.
    pub rework: NonNegative,
    /// `eps`: a team must be faster than one agent by this part.
    pub margin: NonNegative,
    /// What an agent can keep in mind, if that is limited.
    pub context: Option<Context>,
    /// How many agents it takes to have every capability that is needed; 1 if each agent has them all.
    pub specialists: Count,
    /// The decision that is shared and irreversible, if there is one.
    pub decision: Option<Decision>,
    /// What only the agents themselves know of their costs, if that differs.
    pub private: Option<Private>,
    /// `M`, a time: in the mean an agent works so long until it fails.
    pub mean_time_between_failures: Option<Positive>,
    /// How fast they act on what they share, if their world changes by that.
    pub pace: Option<Pace>,
}

/// A context window, in tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields, expecting = "a context: an object with `window` and `each`")
)]
pub struct Context {
    /// What it holds.
    pub window: Count,
    /// What the largest task takes of it.
    pub each: Count,
}

/// A decision that is shared and cannot be taken back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields, expecting = "a decision: an object with `faults`")
)]
pub struct Decision {
    /// `f`: how many agents may crash, and it still must be taken, and be one. If none may, whoever
    /// proposes it decides it.
    pub faults: u32,
}

/// Costs that only the agents know: of each task, independent and uniform around the mean.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields, expecting = "private costs: an object with `spread` and `bid`")
)]
pub struct Private {
    /// How far they go to either side, as a part of the mean.
    pub spread: Fraction,
    /// What a bid for one task costs its bidder, a time.
    pub bid: NonNegative,
}

/// The loop of each agent, see [`Loop`]. The rate is one over the unit of the times.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields, expecting = "a pace: an object with `rate`, `resources` and `delay`")
)]
pub struct Pace {
    /// `mu`, at which each agent acts.
    pub rate: Positive,
    /// `R`, on how many resources.
    pub resources: Count,
    /// `delta`, what a sync takes.
    pub delay: Positive,
}

/// How it is decided who does what, or what all do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Pattern {
    /// One agent decides for itself.
    Single,
    /// An orchestrator decides for others.
    Hierarchical,
    /// Bids decide.
    Market,
    /// A majority decides.
    Consensus,
}

/// How the work is done.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum WorkAs {
    /// By one agent.
    One,
    /// By a tree of agents.
    Hierarchy,
    /// By whoever bids least for it.
    Market,
}

/// What to do.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Advice {
    /// How it is decided.
    pub decide: Pattern,
    /// How the work is done.
    pub work_as: WorkAs,
    /// `k*`, `b*`, and the time that they take by the surface.
    pub point: Point,
    /// How many agents one of them leads at most; `None` of a lone agent. 1, a chain, if a window holds no
    /// more than one report.
    pub fan_out: Option<u32>,
    /// How many vote, `2f + 1`; `None` without consensus.
    pub replicas: Option<Count>,
    /// `tau*`, a time: how long the team acts between two syncs, if there is a pace and a team.
    pub sync_every: Option<f64>,
    /// A time: how long to work between two checkpoints, if there are failures and a sync costs
    /// something (a checkpoint takes `c`).
    pub checkpoint_every: Option<f64>,
    /// What it costs, a time: of a team that of [`Advice::point`] and the margin, of a market with its
    /// bids less what they find, and of consensus with its vote, as in [`Why::Costs`]. As the surface is,
    /// it is a lower bound: whole tasks that do not come out even take longer.
    pub predicted: f64,
    /// The other ways to work, and why not.
    pub rejected: Vec<Rejected>,
    /// Every criterion, with its numbers.
    pub reasons: Vec<Reason>,
}

/// A way to work that is not advised.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rejected {
    /// Which. It would be decided on as the advised one is.
    pub work_as: WorkAs,
    /// Why not.
    pub why: Why,
}

/// Why a way to work is not advised.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Why {
    /// It costs as much or more: this time. A team is charged the margin besides its time, and a market the
    /// bids less what they find. Consensus adds the same to all.
    Costs(f64),
    /// One agent cannot do it: it does not fit its context, or it lacks capabilities.
    NeedsTeam,
    /// There are not two agents.
    NoTeam,
    /// There is nothing for an auction to find: all costs are known.
    NoAuction,
    /// No team gains what is asked for, so the table leaves nothing to be sold. An auction would be charged
    /// this time, which may even be less.
    NoGain(f64),
}

/// Why there is no advice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Infeasible {
    /// A majority must survive the faults.
    #[error("infeasible: {needed} agents must vote, and there are at most {at_most}")]
    Replicas {
        /// `2f + 1`.
        needed: u64,
        /// `k_max`, or as many as the shape of a sync tells of.
        at_most: Count,
    },
    /// A task that no context window holds.
    #[error("infeasible: split the task: it takes {each} tokens, and a window holds {window}")]
    SplitTask {
        /// What it takes.
        each: Count,
        /// What a window holds.
        window: Count,
    },
    /// One context window does not hold the work, and its span leaves too little to others.
    #[error("infeasible: split the task: {needed} agents must hold it, and its span occupies {useful}")]
    SplitSpan {
        /// How many windows hold it.
        needed: Count,
        /// `W/L`, rounded up.
        useful: Count,
    },
    /// It takes more agents than there are.
    #[error("infeasible: it takes {needed} agents, and there are at most {at_most}")]
    Agents {
        /// How many it takes, for their contexts or capabilities.
        needed: Count,
        /// `k_max`, or as many as the shape of a sync tells of.
        at_most: Count,
    },
}

impl Problem {
    /// Of one kind of agent, with a margin of 0, and nothing that is rework, limited, shared, private,
    /// failing or changing. The fields say the rest.
    pub fn new(job: Job, k_max: Count, sync: SyncCost) -> Self {
        Self {
            job,
            k_max,
            sync,
            rework: NonNegative::ZERO,
            margin: NonNegative::ZERO,
            context: None,
            specialists: Count::ONE,
            decision: None,
            private: None,
            mean_time_between_failures: None,
            pace: None,
        }
    }

    /// How many tasks one context window holds. `None` if it is not limited, or does not hold one.
    pub fn batch_limit(&self) -> Option<Count> {
        self.context.and_then(|it| Count::new(it.window.get() / it.each.get()).ok())
    }

    /// The cost of the team for every number of agents and every batch.
    pub fn surface(&self) -> Surface {
        Surface {
            job: self.job,
            sync: self.sync.clone(),
            staleness: SyncCost { price: self.rework, shape: self.sync.shape.clone() },
            batch_limit: self.batch_limit().unwrap_or(self.job.tasks()),
        }
    }

    /// What an auction among `k` finds, and what its bids cost: both are times, of `k` agents at once. The
    /// least of `k` uniform costs lies `(k-1)/(k+1)` of the spread below their mean (David and Nagaraja,
    /// "Order Statistics", 2003: of `k` from 0 to 1 its mean is `1/(k+1)`). Both are 0 if no costs are
    /// private.
    pub fn auction(&self, k: Count) -> (f64, f64) {
        let Some(Private { spread, bid }) = self.private else { return (0.0, 0.0) };
        let share = self.job.load().work() / k.real();
        let found = spread.get() * share * (k.real() - 1.0) / (k.real() + 1.0);
        (found, self.job.tasks().real() * bid.get())
    }

    /// How many agents it takes at least: those whose windows hold all tasks, and all capabilities.
    fn fewest(&self) -> Count {
        let n = self.job.tasks().get();
        let holders = self.batch_limit().map_or(1, |limit| n.div_ceil(limit.get()));
        Count::nearest(holders).max(self.specialists)
    }

    /// `2f + 1`. `None` if nothing is decided, or if that is more than there are numbers.
    fn replicas(&self) -> Option<Count> {
        let faults = self.decision?.faults;
        Count::new(faults.checked_mul(2)?.checked_add(1)?).ok()
    }

    /// The guards: what no pattern can make up for.
    fn check(&self) -> Result<(), Infeasible> {
        // What a vote of more agents than its shape tells of costs is not known.
        let at_most = self.k_max.min(self.sync.known());
        if let Some(Decision { faults }) = self.decision
            && self.replicas().is_none_or(|needed| at_most < needed)
        {
            return Err(Infeasible::Replicas { needed: 2 * u64::from(faults) + 1, at_most });
        }
        if let Some(Context { window, each }) = self.context {
            if window < each {
                return Err(Infeasible::SplitTask { each, window });
            }
            let needed = Count::nearest(self.job.tasks().get().div_ceil(window.get() / each.get()));
            let useful = self.job.load().useful();
            if useful < needed {
                return Err(Infeasible::SplitSpan { needed, useful });
            }
        }
        let needed = self.fewest();
        if at_most < needed {
            return Err(Infeasible::Agents { needed, at_most });
        }
        Ok(())
    }

    /// The best team, if there may be one. As the best batch is the same for all, what a team pays is
    /// one price times the shape: that of a team for which the shape is 1.
    fn team(&self) -> Option<Point> {
        let surface = self.surface();
        let unit = |price| SyncCost { price, shape: Shape::Constant };
        let of_one = Surface { sync: unit(self.sync.price), staleness: unit(self.rework), ..surface.clone() };
        let Point { batch, overhead: price, .. } = of_one.best_batch(Count::nearest(2));
        let whole = SyncCost { price: NonNegative::nearest(price), shape: self.sync.shape.clone() };
        let team = whole.team_optimum(self.job.load(), self.fewest(), self.k_max)?;
        Some(surface.at(team.agents, batch))
    }

    /// What a way to work costs, a time, or why it is none.
    fn cost(&self, work_as: WorkAs, team: Option<&Point>, gains: bool) -> Result<f64, Why> {
        let of_team = |team: &Point| (1.0 + self.margin.get()) * team.time;
        match work_as {
            WorkAs::One if self.fewest() > Count::ONE => Err(Why::NeedsTeam),
            WorkAs::One => Ok(self.job.load().work()),
            WorkAs::Hierarchy => team.map(of_team).ok_or(Why::NoTeam),
            WorkAs::Market => {
                let team = team.ok_or(Why::NoTeam)?;
                self.private.ok_or(Why::NoAuction)?;
                let (found, bids) = self.auction(team.agents);
                let cost = of_team(team) + bids - found;
                if gains { Ok(cost) } else { Err(Why::NoGain(cost)) }
            }
        }
    }

    /// An orchestrator reads what those that it leads report, in its own context.
    fn fan_out(&self, k: Count) -> u32 {
        let limit = self.batch_limit().map_or(FAN_OUT, Count::get);
        FAN_OUT.min(limit).min(k.get())
    }

    fn sync_every(&self, k: Count) -> Option<f64> {
        let Pace { rate, resources, delay } = self.pace?;
        Some(Loop { agents: k, rate, resources, delay }.best_interval()?.interval)
    }

    fn checkpoint_every(&self) -> Option<f64> {
        let checkpoint = Positive::new(self.sync.price.get()).ok()?;
        Some(intervals::exponential_interval(checkpoint, self.mean_time_between_failures?))
    }
}

/// The pattern for a problem. O(1); with a measured shape O(its length).
///
/// # Errors
/// [`Infeasible`] if no pattern can do it.
pub fn advise(problem: &Problem) -> Result<Advice, Infeasible> {
    problem.check()?;
    let team = problem.team();
    let reason = |criterion: Criterion| criterion.of(problem, team.as_ref());
    let pays = reason(Criterion::Gain).holds() && reason(Criterion::Decomposes).holds();
    let gains = pays || problem.fewest() > Count::ONE;
    let agreement = reason(Criterion::Agreement).holds();
    let (work_as, point) = match team {
        Some(team) if gains && reason(Criterion::AuctionPays).holds() => (WorkAs::Market, team),
        Some(team) if gains => (WorkAs::Hierarchy, team),
        Some(_) | None => (WorkAs::One, problem.surface().at(Count::ONE, Count::ONE)),
    };
    let decide = match work_as {
        _ if agreement => Pattern::Consensus,
        WorkAs::One => Pattern::Single,
        WorkAs::Hierarchy => Pattern::Hierarchical,
        WorkAs::Market => Pattern::Market,
    };
    let replicas = problem.replicas().filter(|_| agreement);
    let vote = replicas.map_or(0.0, |replicas| problem.sync.at(replicas));
    let why = |work_as| match problem.cost(work_as, team.as_ref(), gains) {
        Ok(cost) => Why::Costs(cost + vote),
        Err(Why::NoGain(cost)) => Why::NoGain(cost + vote),
        Err(why) => why,
    };
    let others =
        [WorkAs::One, WorkAs::Hierarchy, WorkAs::Market].into_iter().filter(|other| *other != work_as);
    Ok(Advice {
        decide,
        work_as,
        point,
        fan_out: (work_as != WorkAs::One).then(|| problem.fan_out(point.agents)),
        replicas,
        sync_every: problem.sync_every(point.agents),
        checkpoint_every: problem.checkpoint_every(),
        predicted: problem.cost(work_as, team.as_ref(), gains).unwrap_or(point.time) + vote,
        rejected: others.map(|work_as| Rejected { work_as, why: why(work_as) }).collect(),
        reasons: Criterion::ALL.map(reason).to_vec(),
    })
}
