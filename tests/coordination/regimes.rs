use althing::coordination::article;
use althing::coordination::regimes::*;
use althing::coordination::simulator::{Running, Syncs, Task, run};
use althing::coordination::sync_cost::{Shape, equal_tasks};
use althing::coordination::{Count, NonNegative};
use proptest::prelude::*;

use crate::simulator::{graph, span, task};
use crate::support::*;

prop_compose! {
    fn surface()(
        n in 1..60_u32, each in 0.1..10.0_f64, part in 0.0..=1.0_f64, limit in 1..80_u32,
        c in prop_oneof![1 => Just(0.0), 9 => 0.001..5.0_f64], q in prop_oneof![1 => Just(0.0), 9 => 0.001..2.0_f64],
        shape in prop::sample::select(shapes()), other in prop::sample::select(shapes()),
    ) -> Surface {
        let work = f64::from(n) * each;
        let job = job(work, each + part * (work - each), n);
        Surface { job, sync: sync(c, shape), staleness: sync(q, other), batch_limit: count(limit) }
    }
}

/// The formula itself.
fn cost(surface: &Surface, k: u32, b: f64) -> f64 {
    let (load, n) = (surface.job.load(), f64::from(surface.job.tasks().get()));
    let (g, q) = (surface.sync.at(count(k)), surface.staleness.at(count(k)));
    f64::max(load.span(), load.work() / f64::from(k)) + n / b * g + n * q * (b - 1.0) / 2.0
}

fn batches(surface: &Surface) -> u32 {
    surface.batch_limit.min(surface.job.tasks()).get()
}

/// What a run of `k` agents takes who sync after every `b` tasks, at the prices of the surface.
fn simulated(surface: &Surface, tasks: &[Task], k: u32, b: u32) -> f64 {
    let (pause, rework) = (surface.sync.at(count(k)), surface.staleness.at(count(k)));
    let (pause, rework) = (magnitude(pause), magnitude(rework));
    let syncs = Syncs { every: count(b), pause, rework, running: Running::Held };
    run(tasks, count(k), syncs).expect("there is no cycle").makespan
}

/// What a run pays that is neither work nor span, by the surface: all but `m = n mod b` of the tasks as in
/// batches of `b`, these as in batches of `m`.
fn paid(surface: &Surface, k: u32, b: u32) -> f64 {
    let n = surface.job.tasks().get();
    let of = |tasks: u32, batch: u32| f64::from(tasks) * surface.at(count(k), count(batch)).overhead;
    (of(n - n % b, b) + of(n % b, (n % b).max(1))) / f64::from(n)
}

/// Equal tasks in so many chains of this length, the first of each chain before the second of any.
fn chains(wide: u32, long: u32, each: f64) -> Vec<Task> {
    let after = |place: u32| place.checked_sub(wide).map(|before| before as usize);
    (0..wide * long).map(|place| task(each, after(place).as_slice())).collect()
}

prop_compose! {
    /// Of tasks, with prices and shapes.
    fn priced(tasks: Vec<Task>)(
        c in 0.001..5.0_f64, q in 0.001..2.0_f64,
        shape in prop::sample::select(shapes()), other in prop::sample::select(shapes()),
    ) -> Surface {
        let work = tasks.iter().map(|task| task.time.get()).sum();
        let n = tasks.len() as u32;
        let job = job(work, span(&tasks), n);
        Surface { job, sync: sync(c, shape), staleness: sync(q, other), batch_limit: count(n) }
    }
}

proptest! {
    #![proptest_config(config(2_000))]

    /// Equal tasks in chains, of which each agent has as many as the next, or one or none: there is a
    /// schedule without a gap or as long as the span, and a run takes what the surface says, to the last
    /// digits. With `b` that divides `n` that is the point itself; with another it pays for its last batch.
    #[test]
    fn equal_tasks_that_divide_evenly_take_what_the_surface_says(
        (k, wide, tasks, surface) in (1..7_u32, 1..5_u32, 1..5_u32, 0.1..10.0_f64, 0..3_u32)
            .prop_flat_map(|(k, rounds, long, each, spare)| {
                // With agents to spare, the span is the longer.
                let (k, wide) = if spare == 0 { (k + rounds, k) } else { (k, k * rounds) };
                let tasks = chains(wide, long, each);
                (Just(k), Just(wide), Just(tasks.clone()), priced(tasks))
            }),
    ) {
        let n = tasks.len() as u32;
        prop_assert_eq!((wide % k == 0 || wide < k, n % wide), (true, 0));
        for b in 1..=n {
            let (point, took) = (surface.at(count(k), count(b)), simulated(&surface, &tasks, k, b));
            if n.is_multiple_of(b) {
                prop_assert!(near(took, point.time, 1e-9), "{point:?} {took}");
            }
            prop_assert!(near(took, point.time - point.overhead + paid(&surface, k, b), 1e-9), "{b} {took}");
        }
    }

    /// Any tasks in any order: `T(k, b)` is a lower bound of a run whose batches are all full, and
    /// `(W-L)/k + L` in place of its first term an upper one. No run of any batch beats the best point.
    #[test]
    fn a_run_lies_between_the_surface_and_grahams_bound(
        (tasks, surface) in graph().prop_flat_map(|tasks| (Just(tasks.clone()), priced(tasks))),
        k in 1..12_u32, b in any::<prop::sample::Index>(),
    ) {
        let (n, load) = (tasks.len() as u32, surface.job.load());
        let all: Vec<_> = (1..=n).filter(|b| n % b == 0).collect();
        for b in [all[b.index(all.len())], b.index(n as usize) as u32 + 1] {
            let (point, took) = (surface.at(count(k), count(b)), simulated(&surface, &tasks, k, b));
            if n.is_multiple_of(b) {
                let most = load.at_most(count(k).into()) + point.overhead;
                prop_assert!(point.time <= took * (1.0 + 1e-12) && took <= most * (1.0 + 1e-12));
            }
            let paid = paid(&surface, k, b);
            prop_assert!(load.at_least(count(k).into()) + paid <= took * (1.0 + 1e-12));
            prop_assert!(took <= (load.at_most(count(k).into()) + paid) * (1.0 + 1e-12));
            prop_assert!(surface.optimum(count(k)).time <= took * (1.0 + 1e-12));
        }
        // With one agent for all tasks, and with one for each, the lower bound is what a run takes.
        for (k, b) in [(1, 1), (n, all[b.index(all.len())])] {
            let (point, took) = (surface.at(count(k), count(b)), simulated(&surface, &tasks, k, b));
            prop_assert!(near(took, point.time, 1e-9), "{point:?} {took}");
        }
    }
}

proptest! {
    #![proptest_config(config(200))]

    /// Every run of up to 12 agents with every batch: none beats the best point of the surface, and the
    /// run at that point takes no more than that and `(1 - 1/k) L + (1 - m/b) c g(k)`, of which nothing is
    /// left where all divides evenly.
    #[test]
    fn the_best_point_is_near_the_best_run(
        (tasks, surface) in prop_oneof![
            graph(), (1..40_u32, 0.1..10.0_f64).prop_map(|(n, each)| chains(n, 1, each))
        ].prop_flat_map(|tasks| (Just(tasks.clone()), priced(tasks))),
    ) {
        let (n, best) = (tasks.len() as u32, surface.optimum(count(12)));
        let all = (1..=12).flat_map(|k| (1..=n).map(move |b| (k, b)));
        let least = all.map(|(k, b)| simulated(&surface, &tasks, k, b)).fold(f64::INFINITY, f64::min);
        let (k, b) = (best.agents.get(), best.batch.get());
        let took = simulated(&surface, &tasks, k, b);
        prop_assert!(best.time <= least * (1.0 + 1e-12) && least <= took, "{best:?} {least} {took}");
        let ragged = if n % b == 0 { 0.0 } else { 1.0 - f64::from(n % b) / f64::from(b) };
        let over = (1.0 - 1.0 / f64::from(k)) * surface.job.load().span() + ragged * surface.sync.at(count(k));
        prop_assert!(took <= (best.time + over) * (1.0 + 1e-12), "{best:?} {took} {over}");
        let alike = tasks.iter().all(|task| *task == tasks[0]);
        prop_assert!(!alike || n % k > 0 || n % b > 0 || near(took, best.time, 1e-9));
    }
}

/// 240 equal tasks: the best point is at 8 agents and batches of 12, and so is the best run.
#[test]
fn the_best_run_is_where_the_surface_says() {
    let tasks = chains(240, 1, 1.0);
    let surface = Surface {
        job: job(240.0, 1.0, 240),
        sync: sync(0.1, Shape::Linear),
        staleness: sync(0.0014, Shape::Linear),
        batch_limit: count(240),
    };
    let best = surface.optimum(count(20));
    let all = (1..=20).flat_map(|k| (1..=240).map(move |b| (k, b)));
    let runs = all.map(|(k, b)| (simulated(&surface, &tasks, k, b), k, b));
    let (took, k, b) = runs.reduce(|best, next| if next.0 < best.0 { next } else { best }).expect("some run");
    assert_eq!((k, b, best.agents, best.batch), (8, 12, count(8), count(12)));
    assert_near(took, best.time, 1e-9);
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn the_best_of_each_regime_is_that_of_a_scan(surface in surface(), k_max in 1..70_u32) {
        let regimes = surface.regimes(count(k_max));
        let least = |from: u32, to: u32| {
            let all = (2..=k_max).flat_map(|k| (from..=to).map(move |b| (k, b)));
            all.map(|(k, b)| cost(&surface, k, f64::from(b))).reduce(f64::min)
        };
        prop_assert!(near(regimes.serial.time, surface.job.load().work(), 1e-15));
        for (point, scanned) in [(regimes.parallel, least(1, 1)), (regimes.hybrid, least(2, batches(&surface)))] {
            prop_assert_eq!(point.is_some(), scanned.is_some());
            if let (Some(point), Some(scanned)) = (point, scanned) {
                prop_assert!(near(point.time, scanned, 1e-12), "{point:?} {scanned}");
                let (k, b) = (point.agents.get(), f64::from(point.batch.get()));
                prop_assert!(near(point.time, cost(&surface, k, b), 1e-12));
                prop_assert!((2..=k_max).contains(&k));
                let rest = point.time - point.overhead;
                prop_assert!(near(rest, surface.job.load().at_least(point.agents.into()), 1e-9));
            }
        }
        prop_assert!(regimes.hybrid.is_none_or(|point| point.batch.get() >= 2));
        let (regime, best) = regimes.best();
        prop_assert_eq!(best, surface.optimum(count(k_max)));
        for (other, point) in [
            (Regime::Serial, Some(regimes.serial)), (Regime::Parallel, regimes.parallel), (Regime::Hybrid, regimes.hybrid)
        ] {
            prop_assert!(point.is_none_or(|point| best.time <= point.time));
            prop_assert!(other != regime || point == Some(best));
        }
    }

    #[test]
    fn the_real_batch_is_the_cheapest(surface in surface(), k in 2..50_u32, other in 0.2..5.0_f64) {
        if let Some(b) = surface.real_batch(count(k)) {
            prop_assert!(cost(&surface, k, b) <= cost(&surface, k, (b * other).max(1.0)) * (1.0 + 1e-12));
        } else {
            prop_assert_eq!(surface.staleness.price, NonNegative::ZERO);
        }
        let whole = surface.best_batch(count(k));
        let least = (1..=batches(&surface)).map(|b| cost(&surface, k, f64::from(b))).fold(f64::INFINITY, f64::min);
        prop_assert!(near(whole.time, least, 1e-12));
    }

    /// A step below each crossover price one regime is the best, a step above the other.
    #[test]
    fn regimes_change_at_their_crossover_prices(surface in surface(), k in 2..50_u32) {
        let Some(crossovers) = surface.crossovers(count(k)) else { return Ok(()) };
        let at = |price: f64| {
            let mut other = surface.clone();
            other.sync.price = NonNegative::new(price).expect("a price");
            other
        };
        let (work, limit) = (surface.job.load().work(), batches(&surface));
        let price = crossovers.serial_above;
        if price > 1e-6 {
            prop_assert!(at(price * 0.999).best_batch(count(k)).time < work);
            prop_assert!(at(price * 1.001).best_batch(count(k)).time > work);
        } else {
            prop_assert!(at(1e-5).best_batch(count(k)).time > work);
        }
        let price = crossovers.hybrid_above;
        prop_assert!(at(price * 1.001 + 1e-9).best_batch(count(k)).batch.get() > 1 || limit == 1);
        prop_assert!(at(price * 0.999).best_batch(count(k)).batch.get() == 1);
    }

    #[test]
    fn above_the_last_price_one_agent_is_best(surface in surface(), k_max in 1..60_u32) {
        let price = surface.serial_above(count(k_max)).expect("no shape is free");
        let best = |price: f64| {
            let mut other = surface.clone();
            other.sync.price = NonNegative::new(price).expect("a price");
            other.regimes(count(k_max)).best().0
        };
        prop_assert_eq!(best(price * 1.001 + 1e-6), Regime::Serial);
        prop_assert!(price < 1e-6 || best(price * 0.999) != Regime::Serial);
    }

    /// Equal tasks without order: lower <= simulated <= upper, where the simulation is `ceil(n/k) c/s`.
    #[test]
    fn equal_tasks_lie_in_the_sandwich(n in 1..200_u32, each in 0.01..10.0_f64, k in 1..250_u32, c in 0.0..3.0_f64) {
        let load = load(f64::from(n) * each, each);
        let makespan = positive(equal_tasks(count(n), positive(each), count(k)));
        let cost = sync(c, Shape::Article);
        let sandwich = Sandwich::new(&load, count(k), makespan, &cost);
        prop_assert!(sandwich.is_ordered(1e-12), "{sandwich:?}");
        let more = positive(makespan.get() + each * 1.1);
        prop_assert!(!Sandwich::new(&load, count(k), more, &cost).is_ordered(1e-12));
    }
}

#[test]
fn the_surface_is_its_formula() {
    let surface = Surface {
        job: job(12.0, 1.0, 12),
        sync: sync(0.9, Shape::Linear),
        staleness: sync(0.2, Shape::Tree),
        batch_limit: count(8),
    };
    // k = 3: g = 2, q = 0.2 ln 3.
    let q = 0.219_722_457_733_621_96;
    let point = surface.at(count(3), count(4));
    assert_near(point.overhead, 3.0 * 1.8 + 12.0 * q * 1.5, 1e-15);
    assert_near(point.time, 4.0 + 5.4 + 18.0 * q, 1e-15);
    assert_eq!((point.agents, point.batch), (count(3), count(4)));
    assert_near(surface.real_batch(count(3)).expect("staleness has a price"), (3.6 / q).sqrt(), 1e-15);
    assert_eq!(surface.best_batch(count(3)).batch, count(4));
    // No batch is larger than the limit, nor than all.
    assert_eq!(surface.at(count(3), count(9)), surface.at(count(3), count(8)));
    let few = Surface { job: job(5.0, 1.0, 5), ..surface.clone() };
    assert_eq!(few.at(count(3), count(9)).batch, count(5));
    // A lone agent has neither syncs nor batches.
    let lone = surface.at(Count::ONE, count(4));
    assert_eq!((lone.time, lone.overhead, lone.batch), (12.0, 0.0, Count::ONE));
    let crossovers = surface.crossovers(count(3)).expect("two agents or more");
    assert_near(crossovers.hybrid_above, q / 2.0, 1e-15);
    // The price is (8 - 6 q (b - 1)) b/24: greatest at b = 3 or 4, of these at 4.
    assert_near(crossovers.serial_above, (8.0 - 18.0 * q) * 4.0 / 24.0, 1e-14);
    assert_eq!(surface.crossovers(Count::ONE), None);
    // Without staleness all in one batch.
    let free = Surface { staleness: sync(0.0, Shape::Tree), ..surface.clone() };
    assert_eq!((free.real_batch(count(3)), free.best_batch(count(3)).batch), (None, count(8)));
    assert_near(free.crossovers(count(3)).expect("two agents or more").serial_above, 8.0 * 8.0 / 24.0, 1e-14);
    // Where nothing costs anything, nothing is put off.
    let nothing = Surface { sync: sync(0.0, Shape::Tree), ..free };
    assert_eq!(nothing.best_batch(count(3)).batch, Count::ONE);
}

#[test]
fn a_tie_goes_to_the_fewest_agents_and_the_smaller_batch() {
    // Syncs that cost what they save.
    let surface = Surface {
        job: job(12.0, 3.0, 4),
        sync: sync(1.5, Shape::Linear),
        staleness: sync(3.0, Shape::Linear),
        batch_limit: count(4),
    };
    let regimes = surface.regimes(count(2));
    assert_eq!(regimes.parallel.map(|point| point.time), Some(12.0));
    assert_eq!(regimes.best().0, Regime::Serial);
    // With b = 1 and b = 2 at the same cost: c g = q.
    let surface =
        Surface { sync: sync(0.25, Shape::Linear), staleness: sync(0.25, Shape::Linear), ..surface };
    let regimes = surface.regimes(count(2));
    assert_eq!(regimes.parallel.map(|point| point.time), regimes.hybrid.map(|point| point.time));
    assert_eq!((regimes.best().0, surface.best_batch(count(2)).batch), (Regime::Parallel, Count::ONE));
    // Two take 6 and pay 2, three take 4 and pay 4.
    let surface = Surface { sync: sync(0.5, Shape::Linear), ..surface };
    let parallel = surface.regimes(count(4)).parallel.expect("there are two");
    assert_eq!((parallel.agents, parallel.time), (count(2), 8.0));
}

#[test]
fn a_job_has_a_task_of_the_mean_length() {
    let error = Job::new(load(12.0, 0.9), count(12)).expect_err("some task is longer");
    assert_eq!(error.to_string(), "the span is 0.9: it must be at least the mean time of a task");
    assert!(Job::new(load(12.0, 1.0 - 1e-12), count(12)).is_ok());
    assert!(Job::new(load(12.0, 1.0 - 1e-8), count(12)).is_err());
}

/// Section 1 of the bounds: twelve equal tasks on five agents take three rounds, not 2.4.
#[test]
fn the_article_takes_a_lower_bound_for_a_time() {
    let sandwich = Sandwich::new(&load(12.0, 1.0), count(5), positive(3.0), &sync(0.15, Shape::Article));
    let cost = 0.15 * 5.0 * 6.0_f64.ln();
    assert_near(sandwich.lower, 2.4 + cost, 1e-15);
    assert_near(sandwich.simulated, 3.0 + cost, 1e-15);
    assert_near(sandwich.upper, 3.2 + cost, 1e-15);
    assert!(sandwich.is_ordered(0.0));
    let (low, high) = (Sandwich { simulated: 3.7, ..sandwich }, Sandwich { simulated: 4.6, ..sandwich });
    assert!(!low.is_ordered(1e-3) && !high.is_ordered(1e-3) && low.is_ordered(0.5) && high.is_ordered(0.5));
}

/// The article's page shows, of k = 5, n = 12 and c = 0.15, to one and two places: serial 41.1 / 0.00,
/// parallel 9.6 / 1.34, hybrid 21.4 / 0.90, best parallel. Its work is random: all three times round as
/// shown if it lies from 41.05 to 41.1.
#[test]
fn the_articles_demonstration_is_reproduced() {
    let shown = |value: f64, places: usize| format!("{value:.places$}");
    for work in [41.051, 41.07, 41.099] {
        let rows = article::rows(&job(work, 5.0, 12), count(5), magnitude(0.15));
        let table = rows.map(|row| (row.regime, shown(row.time, 1), shown(row.overhead, 2)));
        let expected = [
            (Regime::Serial, "41.1".into(), "0.00".into()),
            (Regime::Parallel, "9.6".into(), "1.34".into()),
            (Regime::Hybrid, "21.4".into(), "0.90".into()),
        ];
        assert_eq!(table, expected);
        assert_eq!(article::best(&rows), Regime::Parallel);
    }
    let rows = |work: f64, k, c| article::rows(&job(work, 9.0, 13), count(k), magnitude(c));
    // The span; thirteen tasks are seven batches; a lone agent of the parallel row pays nothing.
    assert_near(rows(40.0, 8, 0.1)[1].time, 9.0 + 0.8 * 9.0_f64.ln(), 1e-15);
    assert_near(rows(40.0, 8, 0.1)[2].time, 20.0 + 0.7, 1e-15);
    assert_eq!((rows(40.0, 1, 0.1)[1].time, rows(40.0, 1, 0.1)[1].overhead), (40.0, 0.0));
    assert_eq!(article::best(&rows(40.0, 8, 1.2)), Regime::Hybrid);
    assert_eq!(article::best(&rows(40.0, 8, 9.0)), Regime::Serial);
    assert_eq!(article::best(&rows(40.0, 1, 9.0)), Regime::Serial);
}

#[test]
fn nothing_is_infinite_at_the_ends_of_the_domains() {
    for shape in shapes() {
        for (work, span, n) in [(1e60, 1e60, 1), (1e-60, 1e-60, 1), (1e60, 1e59, 20)] {
            for (c, q) in [(1e60, 1e-60), (1e-60, 1e60), (0.0, 0.0), (1e60, 1e60), (1e60, 0.0)] {
                let (sync, staleness) = (sync(c, shape.clone()), sync(q, shape.clone()));
                let surface =
                    Surface { job: job(work, span, n), sync, staleness, batch_limit: count(u32::MAX) };
                let most = count(u32::MAX);
                assert!(surface.at(most, most).time.is_finite());
                assert!(surface.optimum(most).time <= work);
                assert!(
                    surface
                        .crossovers(most)
                        .is_some_and(|it| (it.serial_above + it.hybrid_above).is_finite())
                );
                assert!(surface.serial_above(most).is_some_and(f64::is_finite));
                assert!(surface.real_batch(most).is_none_or(f64::is_finite));
            }
        }
    }
}
