//! List schedules beside a twin that looks at everything each time.

use std::cmp::Reverse;

use althing::coordination::dag::TaskGraph;
use althing::coordination::laws::Load;
use althing::coordination::schedule::{Agent, Bounds, Durations, Placement, Priority, heft, list, verify};
use althing::coordination::simulator::{self, Running, Syncs};
use althing::coordination::{Count, NonNegative, Positive};
use proptest::prelude::*;

use crate::world::{self, agents, edges, graphs, tables};

/// Each time all tasks are looked at in order of priority, and for each all agents.
fn naive(graph: &TaskGraph, agents: &[Agent], priorities: &[u64]) -> Vec<Placement> {
    let tasks = graph.tasks().len();
    let mut placed: Vec<Option<Placement>> = vec![None; tasks];
    let mut order: Vec<_> = (0..tasks).collect();
    order.sort_by_key(|task| Reverse(priorities[*task]));
    // What was seen to have ended: a task of no time ends at the next look.
    let (mut now, mut over) = (0, vec![false; tasks]);
    while over.contains(&false) {
        for &task in &order {
            let could_begin = placed[task].is_none() && graph.predecessors(task).all(|(it, _)| over[it]);
            let busy =
                |agent| (0..tasks).any(|it| !over[it] && placed[it].is_some_and(|it| it.agent == agent));
            let able = (0..agents.len())
                .filter(|agent| could_begin && agents[*agent].capabilities.covers(graph.tasks()[task].needs));
            let preference = |agent: &usize| {
                let Agent { capabilities, speed } = agents[*agent];
                (Reverse(speed), capabilities.len(), capabilities, *agent)
            };
            if let Some(agent) = able.filter(|agent| !busy(*agent)).min_by_key(preference) {
                let finish = now + agents.duration(graph, task, agent).expect("it can");
                placed[task] = Some(Placement { agent, start: now, finish });
            }
        }
        let running = (0..tasks).filter(|task| !over[*task]).filter_map(|task| placed[task]);
        now = running.map(|it| it.finish).min().expect("somebody is at work");
        (0..tasks).for_each(|task| over[task] |= placed[task].is_some_and(|it| it.finish <= now));
    }
    placed.into_iter().flatten().collect()
}

/// The longest way through the graph, by looking at all ways.
fn span(graph: &TaskGraph, time: &dyn Fn(usize) -> u64) -> u64 {
    fn from(graph: &TaskGraph, time: &dyn Fn(usize) -> u64, task: usize) -> u64 {
        time(task) + graph.successors(task).map(|(next, _)| from(graph, time, next)).max().unwrap_or(0)
    }
    (0..graph.tasks().len()).map(|task| from(graph, time, task)).max().unwrap_or(0)
}

fn times(graph: &TaskGraph, durations: &(impl Durations + ?Sized), task: usize) -> Vec<u64> {
    (0..durations.agents()).filter_map(|agent| durations.duration(graph, task, agent)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_list_schedule_is_that_of_its_twin(
        graph in graphs(12, 0),
        agents in agents(5),
        given in prop::collection::vec(0..4_u64, 12),
    ) {
        let (tasks, levels) = (graph.tasks(), graph.bottom_levels());
        let longest: Vec<_> = tasks.iter().map(|task| task.time).collect();
        let given = &given[..tasks.len()];
        for (priority, priorities) in [
            (Priority::BottomLevel, &levels[..]),
            (Priority::LongestTask, &longest),
            (Priority::Given(given), given),
        ] {
            let schedule = list(&graph, &agents, priority).expect("a schedule");
            prop_assert_eq!(verify(&schedule, &graph, &agents[..]), Ok(()));
            prop_assert_eq!(&schedule.placements, &naive(&graph, &agents, priorities));
        }
    }

    /// The simulator of events, told the tasks in order of priority, begins each when the list schedule
    /// does; and what it takes lies within Graham's bounds, with the syncs on top.
    #[test]
    fn a_list_schedule_is_what_the_simulator_runs(
        graph in graphs(30, 0),
        agents in 1..6_usize,
        every in 1..40_u32,
        pause in 0..5_u32,
    ) {
        // The simulator has no tasks of no time.
        let times: Vec<_> = graph.tasks().iter().map(|task| task.time + 1).collect();
        let edges: Vec<_> = edges(&graph).iter().map(|edge| (edge.from, edge.to)).collect();
        let graph = world::graph(&times, &edges);
        let levels = graph.bottom_levels();
        let mut order: Vec<_> = (0..times.len()).collect();
        order.sort_by_key(|task| Reverse(levels[*task]));
        let place = |task| order.iter().position(|it| *it == task).expect("each has its place");
        let tasks: Vec<_> = order.iter().map(|task| simulator::Task {
            time: Positive::new(times[*task] as f64).expect("a tick at least"),
            after: graph.predecessors(*task).map(|(before, _)| place(before)).collect(),
        }).collect();
        let k = Count::new(agents as u32).expect("one at least");
        let every = Count::new(every).expect("one at least");
        let pause = NonNegative::new(f64::from(pause)).expect("not negative");
        let syncs = Syncs { every, pause, rework: NonNegative::ZERO, running: Running::Held };
        let run = simulator::run(&tasks, k, syncs).expect("there is no cycle");
        let free = Syncs { pause: NonNegative::ZERO, ..syncs };
        let free = simulator::run(&tasks, k, free).expect("there is no cycle");
        let schedule = list(&graph, &Agent::alike(agents), Priority::BottomLevel).expect("a schedule");
        for (task, it) in schedule.placements.iter().enumerate() {
            prop_assert_eq!(free.begun[place(task)], it.start as f64);
        }
        prop_assert_eq!(run.makespan - run.paused, schedule.makespan as f64);
        let load = Load::new(
            Positive::new(graph.work() as f64).expect("a tick at least"),
            Positive::new(graph.span() as f64).expect("a tick at least"),
        ).expect("the span is a part of the work");
        let stops = times.len().div_ceil(every.get() as usize) as f64;
        let paid = |time: f64| time + stops * pause.get();
        prop_assert!(run.makespan >= paid(load.at_least(k.into())));
        prop_assert!(run.makespan <= paid(load.at_most(k.into())) + 1e-9);
    }

    /// Each term of each bound, by its definition.
    #[test]
    fn the_bounds_of_a_list_schedule(graph in graphs(8, 0), agents in agents(5)) {
        let tasks = || 0..graph.tasks().len();
        let all = |task| times(&graph, &agents[..], task);
        let least = |task| all(task).into_iter().min().expect("somebody can");
        let most = |task| all(task).into_iter().max().expect("somebody can");
        let shares = tasks().map(|task| graph.tasks()[task].needs).chain([Default::default()]).map(|needs| {
            let work: u64 = graph.tasks().iter().filter(|it| it.needs.covers(needs)).map(|it| it.time).sum();
            let able = agents.iter().filter(|agent| agent.capabilities.covers(needs));
            work.div_ceil(able.map(|agent| u64::from(agent.speed.get())).sum())
        });
        let share = tasks().map(least).sum::<u64>().div_ceil(agents.len() as u64);
        let lower = span(&graph, &least).max(share).max(shares.max().expect("one at least"));
        let fewest = tasks().map(|task| all(task).len()).min().expect("one at least") as u64;
        let longest = span(&graph, &most);
        let upper = (tasks().map(most).sum::<u64>() - longest) / fewest + longest;
        let schedule = list(&graph, &agents, Priority::BottomLevel).expect("a schedule");
        prop_assert_eq!(schedule.bounds, Bounds { lower, upper });
    }

    #[test]
    fn the_bounds_of_heft((graph, table) in (graphs(8, 9), tables(8, 4))) {
        let tasks = || 0..graph.tasks().len();
        let least = |task| times(&graph, &table, task).into_iter().min().expect("somebody can");
        let work = tasks().map(least).sum::<u64>();
        let lower = span(&graph, &least).max(work.div_ceil(table.agents as u64));
        let delay = |task| graph.predecessors(task).map(|(_, delay)| delay).max().unwrap_or(0);
        let upper = work + tasks().map(delay).sum::<u64>();
        let schedule = heft(&graph, &table).expect("a schedule");
        prop_assert_eq!(schedule.bounds, Bounds { lower, upper });
        prop_assert_eq!(verify(&schedule, &graph, &table), Ok(()));
    }

    /// HEFT on unlike agents: no task could have been done earlier in a gap before it, on any agent.
    #[test]
    fn heft_leaves_no_gap_that_is_long_enough((graph, table) in (graphs(10, 9), tables(10, 4))) {
        let schedule = heft(&graph, &table).expect("a schedule");
        let ranks = heft::upward_ranks(&graph, &table).expect("all can be done");
        let mut order: Vec<_> = graph.in_order().collect();
        order.sort_by(|one, other| ranks[*other].total_cmp(&ranks[*one]));
        for (done, &task) in order.iter().enumerate() {
            let placed: Vec<_> = order[..done].iter().map(|it| schedule.placements[*it]).collect();
            let options = (0..table.agents).filter_map(|agent| {
                let time = table.times[task][agent]?;
                let arrival = graph.predecessors(task).map(|(before, delay)| {
                    let it = schedule.placements[before];
                    it.finish + if it.agent == agent { 0 } else { delay }
                });
                let ready = arrival.max().unwrap_or(0);
                // The first tick from which on nobody is in the way.
                let free = |start: &u64| placed.iter().all(|it| {
                    it.agent != agent || it.finish <= *start || *start + time <= it.start
                });
                Some(((ready..).find(free).expect("after all others") + time, agent))
            });
            let (finish, agent) = options.min().expect("somebody can");
            let it = schedule.placements[task];
            prop_assert_eq!((it.finish, it.agent), (finish, agent));
        }
    }
}
