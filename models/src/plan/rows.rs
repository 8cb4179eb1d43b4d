//! For each number of agents how long it takes them: what the laws prove, and what a schedule takes.

use althing::coordination::dag::TaskGraph;
use althing::coordination::regimes::{Point, Regime, Sandwich};
use althing::coordination::schedule::{Agent, Priority, Schedule, ScheduleError, exact, heft, list, verify};
use althing::coordination::{Count, Positive};

use super::problem::{Problem, Team};
use crate::text::quoted;

/// Up to so many agents each number has its rows; beyond, one in about three, and the best.
pub const EACH: u32 = 16;
/// After so many beginnings of a schedule the search for the best one is given up.
pub const MOST_NODES: u64 = 100_000;
/// What sums of the same times in another order may differ by, as a part.
const ROUNDING: f64 = 1e-9;

/// All of them, in the order of the agents.
#[derive(Clone, PartialEq, Debug)]
pub struct Rows {
    /// One for a lone agent; for each team one of its parallel regime, and, if there may be batches, of
    /// its hybrid.
    pub rows: Vec<Row>,
    /// The fastest by the formula, which is at most what it takes.
    pub by_formula: (Regime, Point),
}

/// So many agents in one regime. Times are in the unit of the problem.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// Which.
    pub regime: Regime,
    /// Agents and batch, time and overhead as [`Surface`](althing::coordination::regimes::Surface) has it.
    pub point: Point,
    /// What a schedule takes; or why there is none.
    pub times: Result<Times, ScheduleError>,
    /// What is wrong with the schedule: nothing ever should be.
    pub violation: Option<String>,
}

/// What the schedule of a team takes, with the overhead of its regime.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Times {
    /// No schedule takes less.
    pub lower: f64,
    /// The best schedule, if it is known: this one, as it takes no more than it must; or, of up to twelve
    /// tasks and agents, what a search has found.
    pub optimum: Option<f64>,
    /// A list schedule by bottom levels; if results travel, one by HEFT.
    pub simulated: f64,
    /// What such a schedule takes at most.
    pub upper: f64,
    /// One agent by the formula, over that.
    pub speedup: f64,
    /// Speed-up over agents.
    pub efficiency: f64,
}

impl Rows {
    /// What is wrong with schedules, if anything is.
    pub fn violations(&self) -> impl Iterator<Item = String> {
        let said = |row: &Row| Some(format!("{} agents: {}", row.point.agents, row.violation.as_ref()?));
        self.rows.iter().filter_map(said)
    }

    /// For how many agents there is no schedule, and why.
    pub fn missing(&self, task_names: &[String]) -> Vec<(Count, String)> {
        let missing = self.rows.iter().filter_map(|row| Some((row.point.agents, row.reason(task_names)?)));
        let mut missing: Vec<_> = missing.collect();
        missing.dedup();
        missing
    }

    /// The fastest by its schedule; of equal ones the first.
    pub fn by_schedule(&self) -> Option<(&Row, &Times)> {
        let timed = self.rows.iter().filter_map(|row| Some((row, row.times.as_ref().ok()?)));
        timed.reduce(|best, next| if next.1.simulated < best.1.simulated { next } else { best })
    }
}

impl Row {
    /// Why there is no schedule, if there is none.
    pub fn reason(&self, task_names: &[String]) -> Option<String> {
        Some(match *self.times.as_ref().err()? {
            ScheduleError::NoAgent { task, .. } => {
                format!("nobody can do {}", quoted(task_names.get(task).map_or("?", String::as_str)))
            }
            other => other.to_string(),
        })
    }
}

/// The rows of a problem. O(n log n + e) for each number of agents; with delays O(k (n^2 + e)).
pub fn rows(problem: &Problem) -> Rows {
    let surface = problem.advised.surface();
    let most = problem.advised.k_max.min(problem.advised.sync.known());
    let regimes = surface.regimes(most);
    let best = [regimes.parallel, regimes.hybrid].into_iter().flatten().map(|point| point.agents.get());
    let mut numbers: Vec<_> = numbers(most.get(), EACH, 3).chain(best).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut rows = Vec::new();
    for agents in numbers.into_iter().filter_map(|number| Count::new(number).ok()) {
        let scheduled = Scheduled::new(problem, agents);
        let mut add = |regime, point| rows.push(scheduled.row(problem, regime, point));
        if agents == Count::ONE {
            add(Regime::Serial, surface.at(agents, Count::ONE));
            continue;
        }
        add(Regime::Parallel, surface.at(agents, Count::ONE));
        // If none is better than batches of one, the next best are those of two.
        let batches = surface.best_batch(agents);
        let two = Count::new(2).unwrap_or(Count::ONE);
        let hybrid = if batches.batch > Count::ONE { batches } else { surface.at(agents, two) };
        if hybrid.batch > Count::ONE {
            add(Regime::Hybrid, hybrid);
        }
    }
    Rows { rows, by_formula: regimes.best() }
}

/// From 1 to `most`: each up to `each`, and beyond, every one larger by this part than the one before.
pub(super) fn numbers(most: u32, each: u32, part: u32) -> impl Iterator<Item = u32> {
    let more = std::iter::successors(Some(each), move |number| Some(number + number / part)).skip(1);
    (1..=most.min(each))
        .chain(more.take_while(move |number| *number < most))
        .chain((most > each).then_some(most))
}

/// What so many agents do, without any sync.
struct Scheduled {
    schedule: Result<Schedule, ScheduleError>,
    /// In ticks.
    optimum: Option<u64>,
    violation: Option<String>,
}

impl Scheduled {
    fn new(problem: &Problem, count: Count) -> Self {
        let (graph, agents) = (&problem.graph, problem.team.first(count));
        let schedule = match graph.delays() {
            0 => list(graph, &agents, Priority::BottomLevel),
            _ => heft(graph, &agents[..]),
        };
        // One that takes as long as any must is a best one.
        let is_best = |it: &&Schedule| it.makespan == it.bounds.lower;
        let best = match schedule.as_ref().ok().filter(is_best) {
            Some(best) => Some(best.clone()),
            None if graph.tasks().len() <= exact::MOST_TASKS && agents.len() <= exact::MOST_TASKS => {
                exact(graph, &agents[..], MOST_NODES).ok()
            }
            None => None,
        };
        let violation = schedule.as_ref().ok();
        let violation = violation.and_then(|it| violation_of(graph, &agents, it, best.as_ref()));
        Self { schedule, optimum: best.map(|best| best.makespan), violation }
    }

    fn row(&self, problem: &Problem, regime: Regime, point: Point) -> Row {
        let time = |ticks| problem.time(ticks) + point.overhead;
        let times = self.schedule.as_ref().map_err(|error| *error).map(|schedule| {
            let simulated = time(schedule.makespan);
            let speedup = problem.advised.job.load().work() / simulated;
            let (lower, upper) = (time(schedule.bounds.lower), time(schedule.bounds.upper));
            let (optimum, efficiency) = (self.optimum.map(time), speedup / point.agents.real());
            Times { lower, optimum, simulated, upper, speedup, efficiency }
        });
        let unlawful = || outside_the_laws(problem, point.agents, self.schedule.as_ref().ok()?.makespan);
        Row { regime, point, times, violation: self.violation.clone().or_else(unlawful) }
    }
}

/// What is wrong with a schedule, or with the best one beside it.
fn violation_of(
    graph: &TaskGraph,
    agents: &[Agent],
    schedule: &Schedule,
    best: Option<&Schedule>,
) -> Option<String> {
    if let Err(violation) = verify(schedule, graph, agents) {
        return Some(violation.to_string());
    }
    let best = best?;
    if let Err(violation) = verify(best, graph, agents) {
        return Some(format!("the best schedule: {violation}"));
    }
    let within = (schedule.bounds.lower..=schedule.makespan).contains(&best.makespan);
    let (makespan, lower, upper) = (best.makespan, schedule.bounds.lower, schedule.makespan);
    (!within).then(|| format!("the best schedule takes {makespan} ticks, not from {lower} to {upper}"))
}

/// Of agents that are alike, and results that do not travel, the laws of Graham and Brent say the same
/// without the schedule, up to a tick by which a time was rounded.
fn outside_the_laws(problem: &Problem, agents: Count, makespan: u64) -> Option<String> {
    let Team::Alike(_) = problem.team else { return None };
    if problem.graph.delays() > 0 {
        return None;
    }
    let makespan = Positive::new(problem.time(makespan)).ok()?;
    let sandwich = Sandwich::new(problem.advised.job.load(), agents, makespan, &problem.advised.sync);
    let Sandwich { lower, simulated, upper } = sandwich;
    let ordered = sandwich.is_ordered(ROUNDING);
    (!ordered).then(|| format!("{simulated} is not from {lower} to {upper}, as the laws have it"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Instead;

    /// Three tasks of 2, 2 and 1 units for two agents: 3 is the best there is.
    fn problem() -> Problem {
        let text = br#"{"agents": 2, "ticks": 1, "tasks": [
            {"name": "a", "time": 2}, {"name": "b", "time": 2}, {"name": "c", "time": 1}]}"#;
        Problem::read(text, Instead::default()).expect("a problem")
    }

    #[test]
    fn what_is_no_schedule_or_outside_its_bounds_is_noticed() {
        let problem = problem();
        let (graph, agents) = (&problem.graph, problem.team.first(problem.advised.k_max));
        let good = list(graph, &agents, Priority::BottomLevel).expect("a schedule");
        let best = exact(graph, &agents[..], MOST_NODES).expect("a schedule");
        assert_eq!(violation_of(graph, &agents, &good, Some(&best)), None);
        let noticed = |schedule: &Schedule, best: &Schedule, expected: &str| {
            let said = violation_of(graph, &agents, schedule, Some(best)).expect("it is noticed");
            assert!(said.contains(expected), "{said}");
        };
        let changed = |change: fn(&mut Schedule)| {
            let mut schedule = good.clone();
            change(&mut schedule);
            schedule
        };
        noticed(&changed(|it| it.makespan = 2), &best, "the makespan is 2");
        noticed(&changed(|it| it.bounds.upper = 2), &best, "is not within 3 and 2");
        noticed(&changed(|it| it.placements[1] = it.placements[0]), &best, "at once");
        noticed(&good, &changed(|it| it.makespan = 2), "the best schedule: the makespan is 2");
        let low = changed(|it| (it.bounds.lower, it.bounds.upper) = (0, 9));
        let mut slow = low.clone();
        slow.placements.iter_mut().for_each(|it| (it.start, it.finish) = (it.start + 1, it.finish + 1));
        slow.makespan += 1;
        noticed(&low, &slow, "the best schedule takes 4 ticks, not from 0 to 3");
    }

    #[test]
    fn what_the_laws_do_not_allow_is_noticed() {
        let problem = problem();
        let of = |makespan| outside_the_laws(&problem, problem.advised.k_max, makespan);
        assert_eq!((of(3), of(2).is_some(), of(4).is_some()), (None, true, true));
        let mut rows = rows(&problem);
        assert_eq!(rows.violations().count(), 0);
        rows.rows[1].violation = of(4);
        assert_eq!(
            rows.violations().next().as_deref(),
            Some("2 agents: 4 is not from 2.5 to 3.5, as the laws have it")
        );
    }
}
