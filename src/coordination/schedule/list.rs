//! List scheduling (Graham, "Bounds on multiprocessing timing anomalies", 1969): whenever an agent is
//! idle that could do a task that could begin, it does, and the task of the highest priority first.
//!
//! It is at most `2 - 1/k` times as long as the best schedule of `k` agents that are alike. It can
//! become longer with more agents, shorter tasks or fewer edges.

use alloc::collections::BinaryHeap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::contract_net::Capabilities;
use crate::coordination::dag::TaskGraph;
use crate::coordination::schedule::bounds::{Extremes, Range};
use crate::coordination::schedule::marks::Marks;
use crate::coordination::schedule::{Agent, Bounds, Placement, Schedule, ScheduleError};

/// Which task goes first. Of equal ones that of the lower number does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Priority<'a> {
    /// The one with the longest way to the end: the highest bottom level (Hu, "Parallel sequencing and
    /// assembly line problems", 1961).
    #[default]
    BottomLevel,
    /// The one that takes longest: LPT. Of independent tasks and agents that are alike, the schedule is
    /// at most `4/3 - 1/(3k)` times as long as the best (Graham 1969).
    LongestTask,
    /// The one with the highest of these numbers, one for each task.
    Given(&'a [u64]),
}

/// The list schedule. A task goes to the fastest idle agent that can do it; of these to one that can
/// do the least, so that others remain for other tasks; of these to the one of the lowest number.
///
/// With `d` distinct needs of tasks and `c` kinds of agents: O(n log n) to sort by priority, then
/// O(e + n (log k + d c)), as the first of a set of places is found at once; and O(e + d (n + k)) for
/// the bounds.
///
/// # Errors
/// [`ScheduleError`], if nobody can do a task, an edge has a delay, or there is not a priority for each.
pub fn list(graph: &TaskGraph, agents: &[Agent], priority: Priority) -> Result<Schedule, ScheduleError> {
    if u32::try_from(agents.len()).is_err() {
        return Err(ScheduleError::TooManyAgents { agents: agents.len() });
    }
    if graph.delays() > 0 {
        return Err(delay(graph));
    }
    let kinds = Kinds::new(graph, agents);
    let speeds = kinds.speeds(graph, agents)?;
    let extremes = Extremes::new(graph, agents.len(), |task| {
        let (Range { least, most }, _) = speeds[kinds.needs_of[task] as usize];
        let time = graph.tasks()[task].time;
        Range { least: time.div_ceil(most), most: time.div_ceil(least) }
    })?;
    let fewest = speeds.iter().map(|(_, able)| *able).min().unwrap_or(1);
    let lower = extremes.lower().max(load(graph, agents, &kinds.needs));
    let bounds = Bounds { lower, upper: extremes.list_upper(fewest) };
    let mut run = Run::new(graph, agents, &kinds, order(graph, priority)?);
    run.assign();
    while run.advance() {
        run.assign();
    }
    Ok(Schedule { agents: agents.len(), placements: run.placements, makespan: run.now, bounds })
}

/// The first edge that has one.
fn delay(graph: &TaskGraph) -> ScheduleError {
    let edges = |from| graph.successors(from).map(move |(to, delay)| (from, to, delay));
    let first = (0..graph.tasks().len()).flat_map(edges).find(|(.., delay)| *delay > 0);
    let (from, to, _) = first.unwrap_or_default();
    ScheduleError::Delay { from, to }
}

/// The tasks, the highest priority first.
fn order(graph: &TaskGraph, priority: Priority) -> Result<Vec<u32>, ScheduleError> {
    let tasks = graph.tasks();
    let levels: Vec<u64> = match priority {
        Priority::BottomLevel => graph.bottom_levels(),
        Priority::LongestTask => tasks.iter().map(|task| task.time).collect(),
        Priority::Given(given) if given.len() == tasks.len() => given.to_vec(),
        Priority::Given(given) => {
            return Err(ScheduleError::Priorities { priorities: given.len(), tasks: tasks.len() });
        }
    };
    let mut order: Vec<_> = levels.into_iter().map(Reverse).zip(0_u32..).collect();
    order.sort_unstable();
    Ok(order.into_iter().map(|(_, task)| task).collect())
}

/// Whatever work needs at least one set of capabilities, shared by all who have these: the longest.
fn load(graph: &TaskGraph, agents: &[Agent], needs: &[Capabilities]) -> u64 {
    let shared = |needs: Capabilities| {
        let work = graph.tasks().iter().filter(|task| task.needs.covers(needs)).map(|task| task.time);
        let able = agents.iter().filter(|agent| agent.capabilities.covers(needs));
        work.sum::<u64>().div_ceil(able.map(|agent| u64::from(agent.speed.get())).sum::<u64>().max(1))
    };
    needs.iter().copied().chain([Capabilities::NONE]).map(shared).max().unwrap_or_default()
}

/// Tasks that need the same, and agents that are alike.
struct Kinds {
    needs: Vec<Capabilities>,
    needs_of: Vec<u32>,
    /// In the order in which they are preferred.
    agents: Vec<Agent>,
    kind_of: Vec<u32>,
    /// For each of `needs`, those of `agents` that can do it.
    able: Vec<Vec<u32>>,
}

impl Kinds {
    fn new(graph: &TaskGraph, agents: &[Agent]) -> Self {
        let (needs, needs_of) = numbered(graph.tasks().iter().map(|task| task.needs));
        let preference = |agent: &Agent| (Reverse(agent.speed), agent.capabilities.len(), agent.capabilities);
        let (kinds, kind_of) = numbered(agents.iter().map(preference));
        let kinds: Vec<_> = kinds
            .into_iter()
            .map(|(speed, _, capabilities)| Agent { capabilities, speed: speed.0 })
            .collect();
        let able = |needs: &Capabilities| {
            let numbered = (0..).zip(&kinds);
            numbered.filter(|(_, kind)| kind.capabilities.covers(*needs)).map(|(kind, _)| kind).collect()
        };
        Self { able: needs.iter().map(able).collect(), needs, needs_of, agents: kinds, kind_of }
    }

    /// For each of `needs`, the least speed and the most, and how many can do it.
    fn speeds(&self, graph: &TaskGraph, agents: &[Agent]) -> Result<Vec<(Range, u64)>, ScheduleError> {
        let mut count = vec![0; self.agents.len()];
        self.kind_of.iter().for_each(|kind| count[*kind as usize] += 1);
        let range = |(number, able): (usize, &Vec<u32>)| {
            let speeds = || able.iter().map(|kind| u64::from(self.agents[*kind as usize].speed.get()));
            let task = || graph.tasks().iter().position(|task| task.needs == self.needs[number]);
            let nobody = || ScheduleError::NoAgent { task: task().unwrap_or_default(), agents: agents.len() };
            let (least, most) = speeds().min().zip(speeds().max()).ok_or_else(nobody)?;
            Ok((Range { least, most }, able.iter().map(|kind| count[*kind as usize]).sum()))
        };
        self.able.iter().enumerate().map(range).collect()
    }
}

/// The distinct ones in order, and the place of each among them.
fn numbered<T: Ord + Copy>(all: impl Iterator<Item = T> + Clone) -> (Vec<T>, Vec<u32>) {
    let mut distinct: Vec<T> = all.clone().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let place = |it| distinct.binary_search(&it).unwrap_or_else(|place| place) as u32;
    let places = all.map(place).collect();
    (distinct, places)
}

/// A schedule in the making.
struct Run<'a> {
    graph: &'a TaskGraph,
    agents: &'a [Agent],
    kinds: &'a Kinds,
    now: u64,
    placements: Vec<Placement>,
    /// For each task, how many tasks it still comes after.
    waiting: Vec<u32>,
    /// For each of the needs, its tasks in order, and where in that order those are that can begin.
    queues: Vec<Queue>,
    /// For each task, its place in its queue.
    place: Vec<u32>,
    /// For each kind, its agents, and who of them is idle.
    crews: Vec<Crew>,
    /// For each agent, its place in its crew.
    seat: Vec<u32>,
    /// Who ends when.
    busy: BinaryHeap<Reverse<(u64, u32)>>,
    /// For each agent, the task that it does.
    does: Vec<u32>,
}

struct Queue {
    /// The tasks, and their places in the order of all.
    tasks: Vec<(u32, u32)>,
    ready: Marks,
}

struct Crew {
    agents: Vec<u32>,
    idle: Marks,
}

impl<'a> Run<'a> {
    fn new(graph: &'a TaskGraph, agents: &'a [Agent], kinds: &'a Kinds, order: Vec<u32>) -> Self {
        let tasks = graph.tasks().len();
        let mut queues: Vec<Vec<(u32, u32)>> = vec![Vec::new(); kinds.needs.len()];
        let mut place = vec![0; tasks];
        for (rank, task) in (0..).zip(order) {
            let queue = &mut queues[kinds.needs_of[task as usize] as usize];
            place[task as usize] = queue.len() as u32;
            queue.push((task, rank));
        }
        let queue = |tasks: Vec<_>| Queue { ready: Marks::new(tasks.len()), tasks };
        let mut crews: Vec<Vec<u32>> = vec![Vec::new(); kinds.agents.len()];
        let mut seat = Vec::with_capacity(agents.len());
        for (agent, kind) in (0..).zip(&kinds.kind_of) {
            let crew = &mut crews[*kind as usize];
            seat.push(crew.len() as u32);
            crew.push(agent);
        }
        let crew = |agents: Vec<u32>| {
            let mut idle = Marks::new(agents.len());
            (0..agents.len()).for_each(|seat| idle.insert(seat));
            Crew { agents, idle }
        };
        let waiting: Vec<_> = (0..tasks).map(|task| graph.predecessors(task).len() as u32).collect();
        let mut run = Self {
            graph,
            agents,
            kinds,
            now: 0,
            placements: vec![Placement::default(); tasks],
            waiting,
            queues: queues.into_iter().map(queue).collect(),
            place,
            crews: crews.into_iter().map(crew).collect(),
            seat,
            busy: BinaryHeap::new(),
            does: vec![0; agents.len()],
        };
        for task in 0..tasks {
            if run.waiting[task] == 0 {
                run.release(task);
            }
        }
        run
    }

    /// Everybody who is idle and could do something does.
    fn assign(&mut self) {
        while let Some((need, kind)) = self.best() {
            let (queue, crew) = (&mut self.queues[need], &mut self.crews[kind]);
            let (Some(place), Some(seat)) = (queue.ready.first(), crew.idle.first()) else {
                return;
            };
            queue.ready.remove(place);
            crew.idle.remove(seat);
            let (task, number) = (queue.tasks[place].0, crew.agents[seat]);
            let agent = number as usize;
            let time = self.graph.tasks()[task as usize].time;
            let finish = self.now + time.div_ceil(u64::from(self.agents[agent].speed.get()));
            self.placements[task as usize] = Placement { agent, start: self.now, finish };
            self.does[agent] = task;
            self.busy.push(Reverse((finish, number)));
        }
    }

    /// Of the tasks that could begin and for which somebody is idle, the first, by what it needs; and
    /// for whom it is.
    fn best(&self) -> Option<(usize, usize)> {
        let candidate = |need: usize| {
            let queue = &self.queues[need];
            let (_, rank) = queue.tasks[queue.ready.first()?];
            let idle = |kind: &&u32| self.crews[**kind as usize].idle.first().is_some();
            Some((rank, need, *self.kinds.able[need].iter().find(idle)? as usize))
        };
        (0..self.queues.len()).filter_map(candidate).min().map(|(_, need, kind)| (need, kind))
    }

    /// Time goes on until somebody ends. Whether anybody was at work.
    fn advance(&mut self) -> bool {
        let Some(Reverse((finish, _))) = self.busy.peek() else { return false };
        self.now = *finish;
        while let Some(Reverse((finish, number))) = self.busy.peek().copied()
            && finish == self.now
        {
            self.busy.pop();
            let agent = number as usize;
            let crew = &mut self.crews[self.kinds.kind_of[agent] as usize];
            crew.idle.insert(self.seat[agent] as usize);
            for next in self.graph.next(self.does[agent] as usize) {
                let next = *next as usize;
                self.waiting[next] -= 1;
                if self.waiting[next] == 0 {
                    self.release(next);
                }
            }
        }
        true
    }

    fn release(&mut self, task: usize) {
        self.queues[self.kinds.needs_of[task] as usize].ready.insert(self.place[task] as usize);
    }
}
