use althing::coordination::advisor::*;
use althing::coordination::criteria::Criterion;
use althing::coordination::sync_cost::{Shape, SyncCost, Table};
use althing::coordination::{Count, NonNegative};
use proptest::prelude::*;

use crate::support::*;

/// Twelve tasks of one hour; five agents at most.
fn base() -> Problem {
    Problem::new(job(12.0, 1.0, 12), count(5), sync(0.15, Shape::Linear))
}

fn private(spread: f64, bid: f64) -> Option<Private> {
    Some(Private { spread: fraction(spread), bid: magnitude(bid) })
}

prop_compose! {
    fn shape()(
        table in any::<bool>(), of in prop::sample::select(shapes()),
        steps in prop::collection::vec(prop_oneof![2 => Just(0.0), 1 => Just(1e-20), 2 => 0.01..5.0_f64], 1..40),
    ) -> Shape {
        let sums = steps.iter().scan(0.0, |sum, step| { *sum += step; Some(*sum) });
        let measured = Table::new(std::iter::once(0.0).chain(sums).collect()).expect("never falling");
        if table { Shape::Measured(measured) } else { of }
    }
}

prop_compose! {
    fn job_and_team()(
        n in 1..80_u32, each in 0.1..10.0_f64, part in prop_oneof![1 => Just(1.0), 1 => Just(0.0), 6 => 0.0..=1.0_f64],
        k_max in 1..60_u32, c in prop_oneof![1 => Just(0.0), 9 => 0.0001..3.0_f64], shape in shape(),
        rework in prop_oneof![1 => Just(0.0), 2 => 0.0001..1.0_f64], margin in prop_oneof![1 => Just(0.0), 1 => 0.0..1.0_f64],
    ) -> Problem {
        let work = f64::from(n) * each;
        let job = job(work, each + part * (work - each), n);
        let problem = Problem::new(job, count(k_max), sync(c, shape));
        Problem { rework: magnitude(rework), margin: magnitude(margin), ..problem }
    }
}

prop_compose! {
    fn problem()(
        base in job_and_team(), context in prop::option::weighted(0.5, (1..50_u32, 1..4_u32)),
        specialists in prop_oneof![3 => Just(1), 1 => 1..8_u32], faults in prop::option::of(0..4_u32),
        costs in prop::option::of((0.0..=1.0_f64, prop_oneof![Just(0.0), 0.0..1.0_f64])),
        mtbf in prop::option::of(0.1..100.0_f64), pace in prop::option::of((0.01..10.0_f64, 1..100_u32, 0.001..1.0_f64)),
    ) -> Problem {
        Problem {
            context: context.map(|(window, each)| Context { window: count(window), each: count(each) }),
            specialists: count(specialists),
            decision: faults.map(|faults| Decision { faults }),
            private: costs.and_then(|(spread, bid)| private(spread, bid)),
            mean_time_between_failures: mtbf.map(positive),
            pace: pace.map(|(rate, resources, delay)| Pace {
                rate: positive(rate), resources: count(resources), delay: positive(delay),
            }),
            ..base
        }
    }
}

fn holds(advice: &Advice, criterion: Criterion) -> bool {
    advice.reasons.iter().any(|reason| reason.criterion == criterion && reason.holds())
}

proptest! {
    #![proptest_config(config(4_000))]

    /// The answer is the table's row; each has its reasons, each once; and nothing that it says is NaN.
    #[test]
    fn every_problem_has_one_answer_or_one_error(problem in problem()) {
        let advice = match advise(&problem) {
            Ok(advice) => advice,
            Err(error) => {
                prop_assert!(error.to_string().starts_with("infeasible: "));
                prop_assert!(is_infeasible(&problem), "{error}");
                return Ok(());
            }
        };
        prop_assert!(!is_infeasible(&problem));
        let forced = fewest(&problem) > 1;
        let rows = (
            holds(&advice, Criterion::Agreement),
            forced || problem.job.tasks() > Count::ONE && holds(&advice, Criterion::Gain),
            holds(&advice, Criterion::AuctionPays),
        );
        let expected = match rows {
            (false, false, _) => (Pattern::Single, WorkAs::One),
            (false, true, false) => (Pattern::Hierarchical, WorkAs::Hierarchy),
            (false, true, true) => (Pattern::Market, WorkAs::Market),
            (true, false, _) => (Pattern::Consensus, WorkAs::One),
            (true, true, false) => (Pattern::Consensus, WorkAs::Hierarchy),
            (true, true, true) => (Pattern::Consensus, WorkAs::Market),
        };
        prop_assert_eq!((advice.decide, advice.work_as), expected);
        let faults = problem.decision.map_or(0, |it| it.faults);
        prop_assert_eq!(rows.0, faults > 0);
        prop_assert_eq!(advice.replicas.map(Count::get), rows.0.then_some(2 * faults + 1));
        let told: Vec<_> = advice.reasons.iter().map(|reason| reason.criterion).collect();
        prop_assert_eq!(told, Criterion::ALL.to_vec());
        prop_assert!(advice.reasons.iter().all(|reason| reason.left.is_finite() && reason.right.is_finite()));
        let k = advice.point.agents.get();
        prop_assert!(k <= problem.k_max.get() && k >= fewest(&problem) && (k > 1) == rows.1);
        prop_assert_eq!(advice.fan_out.is_some(), k > 1);
        prop_assert!(advice.fan_out.is_none_or(|fan_out| (1..=3).contains(&fan_out) && fan_out <= k));
        prop_assert_eq!(advice.sync_every.is_some(), problem.pace.is_some() && k > 1);
        prop_assert!(advice.predicted.is_finite() && advice.point.time.is_finite());
    }

    #[test]
    fn the_advised_costs_no_more_than_any_that_is_rejected(problem in problem()) {
        let Ok(advice) = advise(&problem) else { return Ok(()) };
        for rejected in &advice.rejected {
            prop_assert!(rejected.work_as != advice.work_as);
            if let Why::Costs(cost) = rejected.why {
                prop_assert!(advice.predicted <= cost * (1.0 + 1e-12), "{rejected:?} of {}", advice.predicted);
            }
        }
        prop_assert_eq!(advice.rejected.len(), 2);
    }

    /// The team is the best of its surface, which has no closed form for all shapes at once.
    #[test]
    fn the_team_is_that_of_a_scan(problem in problem()) {
        let Ok(advice) = advise(&problem) else { return Ok(()) };
        let surface = problem.surface();
        let most = problem.k_max.min(problem.sync.known()).get();
        let times = |k| (1..=problem.job.tasks().get()).map(move |b| (count(k), count(b)));
        let teams = (fewest(&problem).max(2)..=most).flat_map(times).map(|(k, b)| surface.at(k, b).time);
        let least = teams.reduce(f64::min);
        if advice.point.agents > Count::ONE {
            prop_assert!(least.is_some_and(|least| near(advice.point.time, least, 1e-12)), "{least:?} {advice:?}");
            let (k, b) = (advice.point.agents, advice.point.batch);
            prop_assert_eq!(surface.at(k, b), advice.point);
            prop_assert!(problem.batch_limit().is_none_or(|limit| b <= limit));
        } else {
            let needed = 1.0 + problem.margin.get();
            prop_assert!(least.is_none_or(|least| least * needed >= problem.job.load().work() * (1.0 - 1e-12)));
        }
    }

    #[test]
    fn scaling_all_times_changes_nothing(problem in problem(), power in -40..40_i32) {
        let unit = 2.0_f64.powi(power);
        let scaled = Problem {
            job: job(problem.job.load().work() * unit, problem.job.load().span() * unit, problem.job.tasks().get()),
            sync: sync(problem.sync.price.get() * unit, problem.sync.shape.clone()),
            rework: magnitude(problem.rework.get() * unit),
            private: problem.private.and_then(|it| private(it.spread.get(), it.bid.get() * unit)),
            mean_time_between_failures: problem.mean_time_between_failures.map(|m| positive(m.get() * unit)),
            pace: problem.pace.map(|pace| Pace {
                rate: positive(pace.rate.get() / unit), delay: positive(pace.delay.get() * unit), ..pace
            }),
            ..problem.clone()
        };
        let (once, twice) = (advise(&problem), advise(&scaled));
        let pattern = |it: &Advice| (it.decide, it.work_as, it.point.agents, it.point.batch, it.fan_out, it.replicas);
        prop_assert_eq!(once.as_ref().map(pattern), twice.as_ref().map(pattern));
        if let (Ok(once), Ok(twice)) = (once, twice) {
            prop_assert!(near(once.predicted * unit, twice.predicted, 1e-12));
            let intervals = [(once.sync_every, twice.sync_every), (once.checkpoint_every, twice.checkpoint_every)];
            for (once, twice) in intervals {
                prop_assert_eq!(once.is_some(), twice.is_some());
                prop_assert!(once.zip(twice).is_none_or(|(once, twice)| near(once * unit, twice, 1e-12)));
            }
        }
    }

    /// The unit of the times, where rounding is not that of a power of two.
    #[test]
    fn the_unit_of_time_does_not_decide(
        (n, span) in (1..13_u32, 1..13_u32), (c, rework, margin) in (0..8_u32, 0..4_u32, 0..5_u32),
        shape in prop::sample::select(shapes()), unit in prop::sample::select(vec![60.0, 3600.0, 0.1, 1.0 / 3.0]),
    ) {
        let decided = |unit: f64| {
            let load = job(f64::from(n) * unit, f64::from(span.min(n)) * unit, n);
            let problem = Problem::new(load, count(6), sync(f64::from(c) / 10.0 * unit, shape.clone()));
            let rework = magnitude(f64::from(rework) / 4.0 * unit);
            let advice = advise(&Problem { rework, margin: magnitude(f64::from(margin) / 4.0), ..problem });
            advice.map(|it| (it.decide, it.work_as, it.point.time / unit)).expect("it can be done")
        };
        let ((decide, work_as, time), scaled) = (decided(1.0), decided(unit));
        prop_assert_eq!((decide, work_as), (scaled.0, scaled.1));
        prop_assert!(near(time, scaled.2, 1e-12));
    }

    #[test]
    fn raising_the_price_neither_makes_many_of_one_nor_adds_agents(problem in problem(), more in 1.001..4.0_f64) {
        let dearer = sync(problem.sync.price.get() * more + 1e-9, problem.sync.shape.clone());
        let (before, after) = (advise(&problem), advise(&Problem { sync: dearer, ..problem }));
        prop_assert_eq!(before.as_ref().err(), after.as_ref().err());
        if let (Ok(before), Ok(after)) = (before, after) {
            prop_assert!(after.point.agents <= before.point.agents);
            prop_assert!(before.work_as != WorkAs::One || after.work_as == WorkAs::One);
        }
    }

    #[test]
    fn raising_the_work_at_a_fixed_span_never_makes_one_of_many(problem in problem(), part in 0.0..1.0_f64) {
        let (load, n) = (problem.job.load(), problem.job.tasks().get());
        let most = load.span() * f64::from(n);
        let more = job(load.work() + part * (most - load.work()).max(0.0), load.span(), n);
        let Ok(before) = advise(&problem) else { return Ok(()) };
        let after = advise(&Problem { job: more, ..problem }).expect("no less can be done than before");
        prop_assert!(before.work_as == WorkAs::One || after.work_as != WorkAs::One);
    }
}

/// What the guards are, said otherwise.
fn is_infeasible(problem: &Problem) -> bool {
    let n = f64::from(problem.job.tasks().get());
    let known = problem.k_max.min(problem.sync.known()).get();
    let votes = problem.decision.is_some_and(|it| 2 * it.faults + 1 > known);
    let memory = problem.context.is_some_and(|Context { window, each }| {
        let limit = f64::from(window.get() / each.get());
        limit < 1.0 || (n / limit).ceil() > (problem.job.load().parallelism() - 1e-9).ceil()
    });
    votes || memory || fewest(problem) > known
}

fn fewest(problem: &Problem) -> u32 {
    let n = f64::from(problem.job.tasks().get());
    let holders = problem.context.map_or(1.0, |it| (n / f64::from(it.window.get() / it.each.get())).ceil());
    problem.specialists.get().max(holders as u32)
}

fn decided(problem: &Problem) -> (Pattern, WorkAs) {
    advise(problem).map(|advice| (advice.decide, advice.work_as)).expect("it can be done")
}

#[test]
fn each_row_of_the_table() {
    let decision = Some(Decision { faults: 1 });
    let dear = Problem { sync: sync(40.0, Shape::Linear), ..base() };
    let market = Problem { private: private(0.5, 0.01), ..base() };
    let idle = Problem { private: private(0.5, 0.01), ..dear.clone() };
    for (problem, alone, agreed) in [
        (dear, Pattern::Single, WorkAs::One),
        (idle, Pattern::Single, WorkAs::One),
        (base(), Pattern::Hierarchical, WorkAs::Hierarchy),
        (market, Pattern::Market, WorkAs::Market),
    ] {
        assert_eq!(decided(&problem), (alone, agreed));
        // The same under agreement.
        assert_eq!(decided(&Problem { decision, ..problem.clone() }), (Pattern::Consensus, agreed));
        // A shared decision without faults needs no vote.
        assert_eq!(decided(&Problem { decision: Some(Decision { faults: 0 }), ..problem }), (alone, agreed));
    }
}

/// With b = 1: 12/k + 12 x 0.15 (k-1) is least for k = sqrt(12/1.8) = 2.58; of 2 and 3 it is 7.8 and 7.6.
#[test]
fn the_numbers_of_an_advice_are_those_of_the_surface() {
    let dear_rework = Problem { rework: magnitude(1.0), ..base() };
    let advice = advise(&dear_rework).expect("it can be done");
    assert_eq!((advice.point.agents, advice.point.batch, advice.fan_out), (count(3), Count::ONE, Some(3)));
    assert_near(advice.point.time, 7.6, 1e-14);
    assert_near(advice.predicted, 7.6, 1e-14);
    assert_eq!(advice.rejected[0], Rejected { work_as: WorkAs::One, why: Why::Costs(12.0) });
    assert_eq!(advice.rejected[1], Rejected { work_as: WorkAs::Market, why: Why::NoAuction });
    // The margin is charged, and decides: 12/7.6 = 1.5789.
    let with = |margin| Problem { margin: magnitude(margin), ..dear_rework.clone() };
    assert_near(advise(&with(0.5)).expect("it can be done").predicted, 11.4, 1e-14);
    assert_eq!(decided(&with(0.578)).0, Pattern::Hierarchical);
    let single = advise(&with(0.579)).expect("it can be done");
    assert_eq!((single.decide, single.predicted, single.fan_out), (Pattern::Single, 12.0, None));
    assert_eq!(single.point.agents, Count::ONE);
    assert!(
        matches!(single.rejected[0], Rejected { work_as: WorkAs::Hierarchy, why: Why::Costs(cost) } if near(cost, 1.579 * 7.6, 1e-14))
    );
    // Consensus adds a vote of three, 0.15 x 2, to whatever is done.
    let voted = advise(&Problem { decision: Some(Decision { faults: 1 }), ..dear_rework.clone() })
        .expect("it can be done");
    assert_near(voted.predicted, 7.9, 1e-14);
    assert_eq!((voted.replicas, voted.rejected[0].why), (Some(count(3)), Why::Costs(12.3)));
    // Batches: b* = sqrt(2 x 0.15/0.02) = 3.87; the price of four is 12 (0.15/4 + 0.02 x 1.5) = 0.81.
    let batched = advise(&Problem { rework: magnitude(0.02), ..base() }).expect("it can be done");
    assert_eq!((batched.point.agents, batched.point.batch), (count(4), count(4)));
    assert_near(batched.point.time, 3.0 + 0.81 * 3.0, 1e-14);
}

/// The market: half of the spread for three agents, `(k-1)/(k+1)`, of the four hours of each.
#[test]
fn an_auction_must_pay_for_its_bids() {
    let at = |bid| Problem { rework: magnitude(1.0), private: private(0.3, bid), ..base() };
    let (found, bids) = at(0.04).auction(count(3));
    assert_near(found, 0.6, 1e-14);
    assert_near(bids, 0.48, 1e-14);
    assert_eq!((decided(&at(0.049)).0, decided(&at(0.051)).0), (Pattern::Market, Pattern::Hierarchical));
    let market = advise(&at(0.04)).expect("it can be done");
    assert_near(market.predicted, 7.6 + 0.48 - 0.6, 1e-14);
    assert!(
        matches!(market.rejected[1], Rejected { work_as: WorkAs::Hierarchy, why: Why::Costs(cost) } if near(cost, 7.6, 1e-14))
    );
    let dear = advise(&at(0.06)).expect("it can be done");
    assert!(
        matches!(dear.rejected[1], Rejected { work_as: WorkAs::Market, why: Why::Costs(cost) } if near(cost, 7.72, 1e-14))
    );
    assert_eq!(base().auction(count(3)), (0.0, 0.0));
    // Where no team gains there is nothing to sell. Two agents in batches of 9 take 6 + 53.33 + 48, of which
    // an auction finds 0.6.
    let idle = advise(&Problem { sync: sync(40.0, Shape::Linear), ..at(0.0) }).expect("it can be done");
    assert!(matches!(idle.rejected[1].why, Why::NoGain(cost) if near(cost, 106.733_333_333_333_3, 1e-14)));
    let lone = advise(&Problem { k_max: Count::ONE, ..base() }).expect("it can be done");
    assert!(lone.rejected.iter().all(|it| it.why == Why::NoTeam), "{:?}", lone.rejected);
    // The table asks for a gain first, even where an auction would make up for the margin.
    let margin = Problem { margin: magnitude(0.58), ..at(0.0) };
    let single = advise(&Problem { private: private(1.0, 0.0), ..margin }).expect("it can be done");
    assert!(
        matches!(single.rejected[1].why, Why::NoGain(cost) if near(cost, 1.58 * 7.6 - 2.0, 1e-14) && cost < single.predicted)
    );
    // A team that is as fast is not faster.
    let chain = Problem::new(job(12.0, 12.0, 12), count(5), sync(0.0, Shape::Linear));
    assert_eq!(decided(&chain), (Pattern::Single, WorkAs::One));
}

/// A sync of few costs nothing, so that of these the batch does not matter; of more it does.
#[test]
fn the_batch_is_that_of_all_teams_whatever_a_small_one_pays() {
    let table = |values: &[f64]| Shape::Measured(Table::new(values.to_vec()).expect("never falling"));
    let level = table(&[0.0, 0.0, 1.0, 2.0, 3.0, 4.0]);
    let problem = Problem::new(job(12.0, 1.0, 12), count(6), sync(1.0, level));
    let advice = advise(&Problem { rework: magnitude(0.001), ..problem }).expect("it can be done");
    assert_eq!((advice.point.agents, advice.point.batch), (count(3), count(12)));
    assert_near(advice.point.time, 4.0 + 1.0 + 12.0 * 0.001 * 5.5, 1e-14);
    let flat = table(&[0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
    let problem = Problem::new(job(12.0, 1.0, 12), count(6), sync(1.0, flat));
    assert_eq!(decided(&Problem { margin: magnitude(2.0), ..problem }).1, WorkAs::Hierarchy);
    // What is paid is less than the last digit of what is done.
    let tiny = Problem::new(job(1e9, 1.0, 1_000_000_000), count(u32::MAX), sync(1e-17, Shape::Linear));
    let advice = advise(&tiny).expect("it can be done");
    assert_eq!((advice.point.agents, advice.point.batch), (count(1_000_000_000), count(1_000_000_000)));
    assert_near(advice.point.time, 1.000_000_01, 1e-14);
}

#[test]
fn the_guards_come_first() {
    let context = |window, each| Some(Context { window: count(window), each: count(each) });
    let error = |problem: Problem| advise(&problem).expect_err("it cannot be done");
    let decision = |faults| Problem { decision: Some(Decision { faults }), ..base() };
    assert_eq!(error(decision(3)), Infeasible::Replicas { needed: 7, at_most: count(5) });
    assert!(advise(&decision(2)).is_ok());
    assert_eq!(error(decision(u32::MAX)), Infeasible::Replicas { needed: 8_589_934_591, at_most: count(5) });
    let memory = |window, each| Problem { context: context(window, each), ..base() };
    assert_eq!(error(memory(9, 10)), Infeasible::SplitTask { each: count(10), window: count(9) });
    let said = error(memory(9, 10)).to_string();
    assert_eq!(said, "infeasible: split the task: it takes 10 tokens, and a window holds 9");
    // Two tasks a window: six agents, of five.
    assert_eq!(error(memory(29, 10)), Infeasible::Agents { needed: count(6), at_most: count(5) });
    let four =
        advise(&Problem { sync: sync(40.0, Shape::Linear), ..memory(30, 10) }).expect("four agents hold it");
    assert_eq!((four.decide, four.point.agents), (Pattern::Hierarchical, count(4)));
    assert_eq!(four.rejected[0], Rejected { work_as: WorkAs::One, why: Why::NeedsTeam });
    // A chain leaves nothing to others, so that its parts must become smaller.
    let chain = Problem { job: job(12.0, 12.0, 12), ..memory(30, 10) };
    assert_eq!(error(chain.clone()), Infeasible::SplitSpan { needed: count(4), useful: Count::ONE });
    assert!(advise(&Problem { context: context(120, 10), ..chain }).is_ok());
    // Specialists are needed whatever the order is.
    let kinds =
        |specialists, span| Problem { specialists: count(specialists), job: job(12.0, span, 12), ..base() };
    assert_eq!(error(kinds(6, 1.0)), Infeasible::Agents { needed: count(6), at_most: count(5) });
    assert_eq!(decided(&kinds(2, 12.0)).0, Pattern::Hierarchical);
    // A table of three agents tells nothing of four.
    let table = Table::new(vec![0.0, 1.0, 2.0]).expect("never falling");
    let cost = SyncCost { price: NonNegative::ZERO, shape: Shape::Measured(table) };
    let unknown = Problem { sync: cost, ..kinds(4, 1.0) };
    assert_eq!(error(unknown.clone()), Infeasible::Agents { needed: count(4), at_most: count(3) });
    let voted = Problem { decision: Some(Decision { faults: 2 }), ..unknown };
    assert_eq!(error(voted), Infeasible::Replicas { needed: 5, at_most: count(3) });
}
