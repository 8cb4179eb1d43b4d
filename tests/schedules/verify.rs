//! What is no schedule is refused, each for its own reason.

use althing::coordination::schedule::{Bounds, Placement, Schedule, Violation, heft, verify};

use crate::world::{agent, edge, ten_tasks};
use althing::contract_net::Capabilities;
use althing::coordination::dag::{Task, TaskGraph};

/// Tasks of 4, 3 and 2 ticks; the last comes after the first, with a delay of 2, and needs bit 0, which
/// agent 1 has not.
fn instance() -> (TaskGraph, [althing::coordination::schedule::Agent; 2], Schedule) {
    let task = |time, needs| Task { time, needs: Capabilities::from_bits(needs) };
    let graph = TaskGraph::new(vec![task(4, 0), task(3, 0), task(2, 1)], &[edge(0, 2, 2)]).expect("a graph");
    let placed = |agent, start, finish| Placement { agent, start, finish };
    let placements = vec![placed(1, 0, 4), placed(0, 0, 3), placed(0, 6, 8)];
    let schedule = Schedule { agents: 2, placements, makespan: 8, bounds: Bounds { lower: 6, upper: 8 } };
    (graph, [agent(1, 1), agent(0, 1)], schedule)
}

fn refused(change: impl Fn(&mut Schedule)) -> Violation {
    let (graph, agents, mut schedule) = instance();
    assert_eq!(verify(&schedule, &graph, &agents[..]), Ok(()));
    change(&mut schedule);
    verify(&schedule, &graph, &agents[..]).expect_err("no schedule")
}

#[test]
fn each_task_is_done_once_by_somebody_who_can() {
    assert_eq!(refused(|it| it.placements.truncate(2)), Violation::Tasks { placements: 2, tasks: 3 });
    let again = |it: &mut Schedule| it.placements.push(it.placements[1]);
    assert_eq!(refused(again), Violation::Tasks { placements: 4, tasks: 3 });
    assert_eq!(refused(|it| it.agents = 3), Violation::Agents { scheduled: 3, agents: 2 });
    assert_eq!(refused(|it| it.placements[2].agent = 1), Violation::Unable { task: 2, agent: 1 });
    assert_eq!(refused(|it| it.placements[0].agent = 2), Violation::Unable { task: 0, agent: 2 });
}

#[test]
fn each_task_takes_its_time() {
    let shorter = refused(|it| it.placements[1].finish = 2);
    assert_eq!(shorter, Violation::Duration { task: 1, duration: 3, start: 0, finish: 2 });
    let longer = refused(|it| it.placements[1].finish = 4);
    assert_eq!(longer, Violation::Duration { task: 1, duration: 3, start: 0, finish: 4 });
    let (start, finish) = (u64::MAX - 1, 1);
    let around = refused(|it| it.placements[1] = Placement { agent: 0, start, finish });
    assert_eq!(around, Violation::Duration { task: 1, duration: 3, start, finish });
}

#[test]
fn each_task_waits_for_what_it_comes_after_and_for_its_delay() {
    let early = refused(|it| it.placements[2] = Placement { agent: 0, start: 5, finish: 7 });
    assert_eq!(early, Violation::Order { from: 0, to: 2, arrival: 6, start: 5 });
    let same_agent = |start| {
        move |it: &mut Schedule| {
            it.placements[0].agent = 0;
            it.placements[1].agent = 1;
            it.placements[2] = Placement { agent: 0, start, finish: start + 2 };
            it.makespan = start + 2;
        }
    };
    assert_eq!(refused(same_agent(3)), Violation::Order { from: 0, to: 2, arrival: 4, start: 3 });
    let (graph, agents, mut schedule) = instance();
    same_agent(4)(&mut schedule);
    assert_eq!(verify(&schedule, &graph, &agents[..]), Ok(()), "no delay to the same agent");
}

#[test]
fn nobody_does_two_tasks_at_once() {
    let both = refused(|it| it.placements[1] = Placement { agent: 1, start: 3, finish: 6 });
    assert_eq!(both, Violation::Overlap { agent: 1, one: 0, other: 1 });
    let (graph, agents, mut schedule) = instance();
    schedule.placements[1] = Placement { agent: 1, start: 4, finish: 7 };
    assert_eq!(verify(&schedule, &graph, &agents[..]), Ok(()), "one after the other");
}

#[test]
fn the_makespan_is_the_last_end_and_within_its_bounds() {
    assert_eq!(refused(|it| it.makespan = 9), Violation::Makespan { makespan: 9, finish: 8 });
    assert_eq!(refused(|it| it.makespan = 7), Violation::Makespan { makespan: 7, finish: 8 });
    assert_eq!(refused(|it| it.bounds.lower = 9), Violation::Bounds { makespan: 8, lower: 9, upper: 8 });
    assert_eq!(refused(|it| it.bounds.upper = 7), Violation::Bounds { makespan: 8, lower: 6, upper: 7 });
}

/// A task of no time may lie at an end of another, not within it.
#[test]
fn a_task_of_no_time_is_nowhere_within_another() {
    let times = [4, 0].map(|time| Task { time, ..Task::default() });
    let graph = TaskGraph::new(times.to_vec(), &[]).expect("a graph");
    let at = |time| {
        let placed = |start, finish| Placement { agent: 0, start, finish };
        let placements = vec![placed(1, 5), placed(time, time)];
        let bounds = Bounds { lower: 0, upper: 9 };
        let schedule = Schedule { agents: 1, placements, makespan: 5.max(time), bounds };
        verify(&schedule, &graph, &[agent(0, 1)][..])
    };
    assert!([0, 1, 5, 6].into_iter().all(|time| at(time).is_ok()));
    assert!((2..5).all(|time| at(time) == Err(Violation::Overlap { agent: 0, one: 0, other: 1 })));
}

/// Whatever is moved in the schedule of HEFT by one tick is no longer one, or another makespan.
#[test]
fn no_task_of_heft_can_be_earlier() {
    let (graph, times) = ten_tasks();
    let schedule = heft(&graph, &times).expect("a schedule");
    for task in 0..10 {
        let mut moved = schedule.clone();
        let it = &mut moved.placements[task];
        if it.start > 0 {
            (it.start, it.finish) = (it.start - 1, it.finish - 1);
            assert!(verify(&moved, &graph, &times).is_err(), "task {task}");
        }
    }
}
