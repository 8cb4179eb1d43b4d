use althing::coordination::laws::{greedy_ratio, harmonic};
use althing::coordination::regimes::Sandwich;
use althing::coordination::simulator::*;
use althing::coordination::sync_cost::{Shape, equal_tasks};
use althing::coordination::{Count, NonNegative};
use proptest::prelude::*;

use crate::support::*;

pub(crate) fn task(time: f64, after: &[usize]) -> Task {
    Task { time: positive(time), after: after.to_vec() }
}

fn syncs(every: u32, pause: f64, rework: f64) -> Syncs {
    Syncs { every: count(every), pause: magnitude(pause), rework: magnitude(rework), running: Running::Held }
}

fn once(n: usize, pause: f64) -> Syncs {
    syncs(n as u32, pause, 0.0)
}

/// Graphs in which a task comes after tasks before it in the list.
pub(crate) fn graph() -> impl Strategy<Value = Vec<Task>> {
    let one = (0.1..10.0_f64, prop::collection::vec(any::<prop::sample::Index>(), 0..3));
    prop::collection::vec(one, 1..40).prop_map(|tasks| {
        let of = |(place, (time, after)): (usize, (f64, Vec<prop::sample::Index>))| {
            let mut after: Vec<_> =
                if place == 0 { Vec::new() } else { after.iter().map(|it| it.index(place)).collect() };
            after.sort_unstable();
            after.dedup();
            task(time, &after)
        };
        tasks.into_iter().enumerate().map(of).collect()
    })
}

pub(crate) fn span(tasks: &[Task]) -> f64 {
    let mut ends: Vec<f64> = Vec::new();
    for task in tasks {
        let ready = task.after.iter().map(|after| ends[*after]).fold(0.0, f64::max);
        ends.push(ready + task.time.get());
    }
    ends.into_iter().fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn a_greedy_run_lies_in_the_sandwich(tasks in graph(), k in 1..12_u32, pause in 0.0..2.0_f64) {
        let work: f64 = tasks.iter().map(|task| task.time.get()).sum();
        let load = load(work, span(&tasks));
        let free = run(&tasks, count(k), once(tasks.len(), 0.0)).expect("there is no cycle");
        let cost = sync(pause, Shape::Linear);
        let sandwich = Sandwich::new(&load, count(k), positive(free.makespan), &cost);
        prop_assert!(sandwich.is_ordered(1e-12), "{sandwich:?}");
        let paid = run(&tasks, count(k), once(tasks.len(), cost.at(count(k))));
        prop_assert!(paid.is_ok_and(|paid| near(paid.makespan, sandwich.simulated, 1e-12)));
        let longest = tasks.iter().map(|task| task.time.get()).fold(0.0, f64::max);
        prop_assert!(free.makespan >= longest);
        // Brent's looser bound, and that of Graham for any list.
        prop_assert!(free.makespan <= greedy_ratio(agents(f64::from(k))) * load.at_least(count(k).into()) * (1.0 + 1e-12));
    }

    #[test]
    fn a_run_keeps_the_order_and_the_number_of_agents(tasks in graph(), k in 1..6_u32) {
        let run = run(&tasks, count(k), once(1, 0.0)).expect("there is no cycle");
        let end = |task: usize| run.begun[task] + tasks[task].time.get();
        for (place, task) in tasks.iter().enumerate() {
            prop_assert!(task.after.iter().all(|after| end(*after) <= run.begun[place]));
            let at = run.begun[place];
            let busy = (0..tasks.len()).filter(|other| run.begun[*other] <= at && at < end(*other)).count();
            prop_assert!(busy <= k as usize);
            // Greedy: it waits for a predecessor, or for an agent.
            let ready = task.after.iter().map(|after| end(*after)).fold(0.0, f64::max);
            prop_assert!(at == ready || (0..tasks.len()).any(|other| end(other) == at));
        }
        prop_assert_eq!(run.makespan, (0..tasks.len()).map(end).fold(0.0, f64::max));
    }

    /// With tasks that are held a run is the one without syncs, and the syncs. With tasks that run on it may
    /// be shorter, but no longer than Graham's bound and the syncs: while nobody syncs it is greedy.
    #[test]
    fn syncs_stop_a_run_or_run_beside_it(
        tasks in graph(), k in 1..6_u32, every in 1..45_u32, pause in 0.0..3.0_f64, rework in 0.0..1.0_f64,
    ) {
        let runs = [Running::Held, Running::RunsOn].map(|running| {
            run(&tasks, count(k), Syncs { running, ..syncs(every, pause, rework) }).expect("there is no cycle")
        });
        let (mut lasted, mut left) = (0.0, tasks.len() as u32);
        while left > 0 {
            let batch = left.min(every);
            lasted += pause + (0..batch).map(|before| f64::from(before) * rework).sum::<f64>();
            left -= batch;
        }
        prop_assert!(runs.iter().all(|run| near(run.paused, lasted, 1e-12)));
        let [held, beside] = runs.map(|run| run.makespan);
        let free = run(&tasks, count(k), once(1, 0.0)).expect("there is no cycle").makespan;
        prop_assert!(near(held, free + lasted, 1e-12), "{held} {free} {lasted}");
        let work: f64 = tasks.iter().map(|task| task.time.get()).sum();
        let load = load(work, span(&tasks));
        prop_assert!(beside >= load.at_least(count(k).into()) * (1.0 - 1e-12));
        prop_assert!(beside >= lasted * (1.0 - 1e-12));
        prop_assert!(beside <= (load.at_most(count(k).into()) + lasted) * (1.0 + 1e-12));
    }

    #[test]
    fn equal_tasks_take_their_rounds(n in 1..100_u32, k in 1..120_u32) {
        let tasks: Vec<_> = (0..n).map(|_| task(2.0, &[])).collect();
        let run = run(&tasks, count(k), once(n as usize, 0.0)).expect("there is no cycle");
        prop_assert_eq!(run.makespan, equal_tasks(count(n), positive(2.0), count(k)));
    }

    #[test]
    fn events_come_in_the_order_of_their_times_then_of_their_setting(times in prop::collection::vec(0..5_u8, 0..40)) {
        let mut queue = Queue::default();
        for (number, time) in times.iter().enumerate() {
            queue.set(magnitude(f64::from(*time)), (*time, number));
        }
        let mut expected: Vec<_> = times.iter().copied().enumerate().map(|(number, time)| (time, number)).collect();
        expected.sort_unstable();
        for event in expected {
            prop_assert_eq!(queue.upcoming(), Some(f64::from(event.0)));
            prop_assert_eq!(queue.pop(), Some(event));
            prop_assert_eq!(queue.now(), f64::from(event.0));
        }
        prop_assert_eq!((queue.pop(), queue.upcoming()), (None, None));
    }
}

#[test]
fn an_event_is_set_from_now() {
    let mut queue = Queue::default();
    assert_eq!(queue.now(), 0.0);
    queue.set(magnitude(2.0), "first");
    assert_eq!(queue.pop(), Some("first"));
    queue.set(magnitude(1.5), "third");
    queue.set(NonNegative::ZERO, "second");
    assert_eq!((queue.pop(), queue.now()), (Some("second"), 2.0));
    assert_eq!((queue.pop(), queue.now()), (Some("third"), 3.5));
}

/// Graham 1969: more agents, shorter tasks and fewer constraints each make this list schedule longer.
#[test]
fn grahams_anomaly() {
    let times = [3.0, 2.0, 2.0, 2.0, 4.0, 4.0, 4.0, 4.0, 9.0];
    let graph = |less: f64, fourth_before: std::ops::RangeInclusive<usize>| -> Vec<Task> {
        let after = |number: usize| match number {
            9 => vec![0],
            number if fourth_before.contains(&number) => vec![3],
            _ => vec![],
        };
        let each = times.iter().enumerate();
        each.map(|(place, time)| Task { time: positive(time - less), after: after(place + 1) }).collect()
    };
    let makespan =
        |tasks: &[Task], k| run(tasks, count(k), once(9, 0.0)).expect("there is no cycle").makespan;
    assert_eq!(makespan(&graph(0.0, 5..=8), 3), 12.0);
    assert_eq!(makespan(&graph(0.0, 5..=8), 4), 15.0);
    assert_eq!(makespan(&graph(1.0, 5..=8), 3), 13.0);
    assert_eq!(makespan(&graph(0.0, 7..=8), 3), 16.0);
}

#[test]
fn a_team_pauses_after_each_batch_and_after_the_last() {
    let tasks: Vec<_> = (0..12).map(|_| task(1.0, &[])).collect();
    let paused = |every, pause, rework| {
        let run = run(&tasks, count(5), syncs(every, pause, rework)).expect("no cycle");
        (run.paused, run.makespan)
    };
    assert_eq!(paused(12, 0.5, 0.0), (0.5, 3.5));
    assert_eq!(paused(5, 0.5, 0.0), (1.5, 4.5));
    assert_eq!(paused(1, 0.25, 1.0), (3.0, 6.0));
    assert_eq!(paused(100, 0.25, 0.0), (0.25, 3.25));
    // Batches of 5, 5 and 2, with 10, 10 and 1 pairs.
    assert_eq!(paused(5, 0.5, 0.25), (1.5 + 5.25, 4.5 + 5.25));
    let nothing = run(&[], Count::ONE, once(1, 0.5)).expect("there is no cycle");
    assert_eq!((nothing.makespan, nothing.paused, nothing.begun), (0.0, 0.0, vec![]));
}

/// Two agents, who sync after each task, for 2. The first ends at 1.
#[test]
fn nobody_begins_a_task_while_the_team_syncs() {
    let begun = |times: &[f64], running| {
        let tasks: Vec<_> = times.iter().map(|time| task(*time, &[])).collect();
        let run = run(&tasks, count(2), Syncs { running, ..syncs(1, 2.0, 0.0) }).expect("there is no cycle");
        (run.begun, run.makespan)
    };
    // Held: the syncs are from 1 to 3, 4 to 6 and 7 to 9; the second task ends at 7.
    assert_eq!(begun(&[1.0, 3.0, 1.0], Running::Held), (vec![0.0, 0.0, 3.0], 9.0));
    // It runs on, and ends at 3; they are from 1 to 3, 3 to 5 and 6 to 8.
    assert_eq!(begun(&[1.0, 3.0, 1.0], Running::RunsOn), (vec![0.0, 0.0, 5.0], 8.0));
    // It ends at 1.5, while they sync: from 1 to 3, 3 to 5, and 6 to 8.
    assert_eq!(begun(&[1.0, 1.5, 1.0], Running::RunsOn), (vec![0.0, 0.0, 5.0], 8.0));
    assert_eq!(begun(&[1.0, 1.5, 1.0], Running::Held), (vec![0.0, 0.0, 3.0], 8.0));
    // The first sync is hidden behind a long task.
    assert_eq!(begun(&[1.0, 9.0], Running::RunsOn), (vec![0.0, 0.0], 11.0));
    assert_eq!(begun(&[1.0, 9.0], Running::Held), (vec![0.0, 0.0], 13.0));
    // Both end at once.
    for running in [Running::Held, Running::RunsOn] {
        assert_eq!(begun(&[1.0, 1.0, 1.0], running), (vec![0.0, 0.0, 5.0], 8.0));
    }
}

#[test]
fn what_is_to_come_is_put_off_in_its_order() {
    let mut queue = Queue::default();
    queue.set(magnitude(2.0), "second");
    queue.set(magnitude(2.0), "third");
    queue.set(magnitude(1.0), "first");
    queue.put_off(magnitude(1.5));
    queue.set(magnitude(3.5), "fourth");
    let all = std::iter::from_fn(|| queue.pop().map(|event| (event, queue.now())));
    let all: Vec<_> = all.collect();
    assert_eq!(all, [("first", 2.5), ("second", 3.5), ("third", 3.5), ("fourth", 3.5)]);
}

#[test]
fn tasks_that_cannot_be_done_are_refused() {
    let stuck = |tasks: &[Task]| run(tasks, count(2), once(1, 0.0)).expect_err("they wait");
    assert_eq!(stuck(&[task(1.0, &[]), task(1.0, &[2])]), Stuck::Unknown { task: 1, after: 2 });
    let cycle = [task(1.0, &[]), task(1.0, &[2]), task(1.0, &[1]), task(1.0, &[0])];
    assert_eq!(stuck(&cycle), Stuck::Cycle(2));
    assert_eq!(stuck(&[task(1.0, &[0])]).to_string(), "1 of the tasks wait for each other");
    // Two of the same are one wait of two.
    let run = run(&[task(1.0, &[]), task(1.0, &[0, 0])], count(2), once(2, 0.0));
    assert_eq!(run.map(|run| run.makespan), Ok(2.0));
}

/// The barrier: each of `k` agents steps for an exponential time, and all wait for the last.
#[test]
fn a_barrier_waits_for_its_straggler() {
    let mut bits = bits(11);
    for k in [1, 2, 5, 20] {
        let rounds = 200_000;
        let mut sum = 0.0;
        for _ in 0..rounds {
            let steps = (0..k).map(|_| exponential(positive(0.5), bits()).get());
            sum += steps.fold(0.0, f64::max);
        }
        assert_near(sum / f64::from(rounds), 2.0 * harmonic(count(k)), 0.01);
    }
}

#[test]
fn random_bits_become_times_and_places() {
    assert_eq!(exponential(positive(2.0), 0), NonNegative::ZERO);
    // The greatest of them is 53 ln 2 of its mean.
    assert_near(exponential(positive(2.0), u64::MAX).get(), 53.0 * 2.0_f64.ln() / 2.0, 1e-15);
    assert_near(exponential(positive(2.0), 1 << 63).get(), 2.0_f64.ln() / 2.0, 1e-15);
    assert_eq!(exponential(positive(1e60), 1 << 11), NonNegative::ZERO);
    assert_eq!(exponential(positive(1e-60), u64::MAX).get(), 1e60);
    let places = [0, u64::MAX / 3, u64::MAX / 3 + 2, u64::MAX].map(|bits| place(count(3), bits));
    assert_eq!(places, [0, 0, 1, 2]);
    assert_eq!(place(count(u32::MAX), u64::MAX), u32::MAX - 1);
}
