//! What is published of schedules.

use althing::contract_net::Capabilities;
use althing::coordination::dag::{Task, TaskGraph};
use althing::coordination::schedule::heft::upward_ranks;
use althing::coordination::schedule::{
    Agent, Bounds, Durations, Placement, Priority, Schedule, ScheduleError, TimeTable, exact, heft, list,
    verify,
};

use crate::world::{agent, edge, graph, ten_tasks};

/// Graham 1969: task 4 before 5 to 8, task 1 before 9, and the list 1 to 9.
const GRAHAM: [u64; 9] = [3, 2, 2, 2, 4, 4, 4, 4, 9];
const EDGES: [(usize, usize); 5] = [(3, 4), (3, 5), (3, 6), (3, 7), (0, 8)];

fn in_turn(graph: &TaskGraph, agents: usize) -> Schedule {
    let (agents, equal) = (Agent::alike(agents), vec![0; graph.tasks().len()]);
    let schedule = list(graph, &agents, Priority::Given(&equal)).expect("a schedule");
    verify(&schedule, graph, &agents[..]).expect("it is one");
    schedule
}

#[test]
fn more_agents_shorter_tasks_and_fewer_edges_can_take_longer() {
    let as_published = in_turn(&graph(&GRAHAM, &EDGES), 3);
    assert_eq!(as_published.makespan, 12);
    assert_eq!(as_published.bounds, Bounds { lower: 12, upper: 12 + (34 - 12) / 3 });
    assert_eq!(in_turn(&graph(&GRAHAM, &EDGES), 4).makespan, 15);
    assert_eq!(in_turn(&graph(&GRAHAM.map(|time| time - 1), &EDGES), 3).makespan, 13);
    assert_eq!(in_turn(&graph(&GRAHAM, &[EDGES[2], EDGES[3], EDGES[4]]), 3).makespan, 16);
}

#[test]
fn the_schedule_of_graham_s_instance() {
    let schedule = in_turn(&graph(&GRAHAM, &EDGES), 3);
    let placed = |agent, start, finish| Placement { agent, start, finish };
    let expected = [
        placed(0, 0, 3),
        placed(1, 0, 2),
        placed(2, 0, 2),
        placed(1, 2, 4),
        placed(1, 4, 8),
        placed(2, 4, 8),
        placed(1, 8, 12),
        placed(2, 8, 12),
        placed(0, 3, 12),
    ];
    assert_eq!(schedule, Schedule { agents: 3, placements: expected.to_vec(), makespan: 12, ..schedule });
}

/// Graham 1969: 2k + 1 independent tasks on which LPT is as bad as it can be.
#[test]
fn the_longest_first_can_miss_the_best_by_a_third() {
    for k in 2..=5_u64 {
        let times: Vec<_> = (k..2 * k).flat_map(|time| [time, time]).chain([k]).collect();
        let (graph, agents) = (graph(&times, &[]), Agent::alike(k as usize));
        let schedule = list(&graph, &agents, Priority::LongestTask).expect("a schedule");
        assert_eq!(schedule.makespan, 4 * k - 1);
        assert_eq!(schedule.bounds.lower, 3 * k);
        if k < 5 {
            assert_eq!(exact(&graph, &agents[..], 1_000_000).expect("found").makespan, 3 * k);
        }
    }
}

#[test]
fn heft_takes_80_for_its_ten_tasks_and_the_best_takes_73() {
    let (graph, times) = ten_tasks();
    let ranks = upward_ranks(&graph, &times).expect("all can be done");
    let published = [108.0, 77.0, 80.0, 80.0, 69.0, 63.333, 42.667, 35.667, 44.333, 14.667];
    for (rank, published) in ranks.iter().zip(published) {
        assert!((rank - published).abs() < 5e-4, "{rank} is {published}");
    }
    let schedule = heft(&graph, &times).expect("a schedule");
    verify(&schedule, &graph, &times).expect("it is one");
    assert_eq!(schedule.makespan, 80);
    let agents: Vec<_> = schedule.placements.iter().map(|it| it.agent).collect();
    assert_eq!(agents, [2, 0, 2, 1, 2, 1, 2, 0, 1, 1]);
    let best = exact(&graph, &times, 1_000_000).expect("found");
    verify(&best, &graph, &times).expect("it is one");
    assert_eq!((best.makespan, best.bounds), (73, Bounds { lower: 73, upper: 73 }));
}

#[test]
fn what_cannot_be_scheduled_is_refused() {
    let (delayed, times) = ten_tasks();
    let alike = Agent::alike(2);
    let plain = graph(&[1, 2], &[]);
    let refused = |result: Result<Schedule, ScheduleError>| result.expect_err("refused").to_string();
    assert_eq!(
        refused(list(&delayed, &alike, Priority::default())),
        "edge 0 -> 1 has a delay: HEFT takes account of it, a list schedule does not"
    );
    assert_eq!(refused(list(&plain, &alike, Priority::Given(&[1]))), "there are 1 priorities for 2 tasks");
    assert_eq!(refused(list(&plain, &[], Priority::default())), "task 0: none of 0 agents can do it");
    assert_eq!(refused(heft(&plain, &[][..] as &[Agent])), "task 0: none of 0 agents can do it");
    let missing = TimeTable { agents: 3, times: times.times[..9].to_vec() };
    assert_eq!(heft(&delayed, &missing), Err(ScheduleError::NoAgent { task: 9, agents: 3 }));
    assert_eq!(upward_ranks(&delayed, &missing), Err(ScheduleError::NoAgent { task: 9, agents: 3 }));
    let long = TimeTable { agents: 1, times: vec![vec![Some(u64::MAX - 1)], vec![Some(2)]] };
    assert_eq!(heft(&plain, &long), Err(ScheduleError::TooLong));
    let long = TimeTable { agents: 1, times: vec![vec![Some(u64::MAX - 1)], vec![Some(1)]] };
    assert_eq!(heft(&plain, &long).expect("just countable").makespan, u64::MAX);
    let longest = graph(&[u64::MAX / 3; 3], &[(0, 1)]);
    assert_eq!(exact(&longest, &Agent::alike(3)[..], 99).expect("countable").makespan, u64::MAX / 3 * 2);
    assert_eq!(exact(&longest, &Agent::alike(1)[..], 99).expect("countable").makespan, u64::MAX);
    assert_eq!(exact(&graph(&[1; 13], &[]), &alike[..], 9), Err(ScheduleError::TooManyTasks { tasks: 13 }));
    let most = exact(&graph(&[1; 12], &[]), &Agent::alike(12)[..], 9).expect("not too many");
    assert_eq!(most.makespan, 1);
    assert_eq!(exact(&delayed, &times, 9), Err(ScheduleError::TooHard { nodes: 9 }));
}

/// What is refused is the first of its kind: the first edge that has a delay, the first task that nobody can
/// do.
#[test]
fn a_refusal_names_the_one_in_the_way() {
    let agents = [agent(0b01, 1), agent(0b10, 1)];
    let needing = [0b01, 0b11, 0b10, 0b11].map(|needs| {
        let needs = Capabilities::from_bits(needs);
        Task { time: 1, needs }
    });
    let unable = TaskGraph::new(needing.to_vec(), &[]).expect("a graph");
    let nobody = Err(ScheduleError::NoAgent { task: 1, agents: 2 });
    assert_eq!(list(&unable, &agents, Priority::default()), nobody);
    let edges = [edge(0, 1, 0), edge(0, 2, 0), edge(1, 2, 3), edge(2, 3, 1)];
    let delayed = TaskGraph::new(vec![Task::default(); 4], &edges).expect("a graph");
    let delay = Err(ScheduleError::Delay { from: 1, to: 2 });
    assert_eq!(list(&delayed, &Agent::alike(2), Priority::default()), delay);
}

/// A row of a table may say more than there are agents: nobody is there to do it.
#[test]
fn a_table_speaks_of_its_agents_only() {
    let table = TimeTable { agents: 2, times: vec![vec![Some(3), None, Some(1)]] };
    let one = graph(&[1], &[]);
    assert_eq!([0, 1, 2, 3].map(|agent| table.duration(&one, 0, agent)), [Some(3), None, None, None]);
    assert_eq!(table.duration(&one, 1, 0), None);
}

/// No tasks take no time, whoever is there.
#[test]
fn nothing_to_do_is_done_at_once() {
    let nothing = graph(&[], &[]);
    for agents in [0, 3] {
        let agents = Agent::alike(agents);
        for schedule in [
            list(&nothing, &agents, Priority::default()),
            heft(&nothing, &agents[..]),
            exact(&nothing, &agents[..], 9),
        ] {
            let schedule = schedule.expect("a schedule");
            assert_eq!((schedule.makespan, schedule.bounds), (0, Bounds::default()));
            verify(&schedule, &nothing, &agents[..]).expect("it is one");
        }
    }
}
