//! The article's factor table and its four lists: each point is a predicate that some number turns.

use althing::coordination::advisor::*;
use althing::coordination::criteria::*;
use althing::coordination::sync_cost::Shape;
use althing::coordination::{Count, NonNegative};

use crate::support::*;

/// Twelve tasks of one hour; five agents at most; and something of everything.
fn base() -> Problem {
    Problem {
        context: Some(Context { window: count(120), each: count(10) }),
        decision: Some(Decision { faults: 1 }),
        private: Some(Private { spread: fraction(0.3), bid: magnitude(0.001) }),
        rework: magnitude(0.02),
        mean_time_between_failures: Some(positive(20.0)),
        pace: Some(Pace { rate: positive(1.0), resources: count(20), delay: positive(0.5) }),
        ..Problem::new(job(12.0, 1.5, 12), count(5), sync(0.15, Shape::Linear))
    }
}

fn told(problem: &Problem, criterion: Criterion) -> Reason {
    let advice = advise(problem).expect("it can be done");
    advice.reasons.into_iter().find(|reason| reason.criterion == criterion).expect("every criterion is told")
}

type Change = fn(Problem) -> Problem;

/// Of each point of the four lists: the article's heading, what the source calls it, its numbers of the
/// base problem, and a change that turns it.
fn points() -> [(&'static str, &'static str, Criterion, (f64, f64), Change); 16] {
    use Criterion::*;
    let single = "a single agent";
    let (hierarchy, market, consensus) = ("a hierarchy", "a market", "consensus");
    // k* = 4 with b* = 4: 3 + 12 (0.15/4 + 0.02 x 1.5) 3 = 5.43.
    let (found, bids) = (0.3 * 3.0 * 0.6, 0.012);
    [
        (single, "it fits one context window", FitsContext, (12.0, 12.0), |it| Problem {
            context: Some(Context { window: count(119), each: count(10) }),
            ..it
        }),
        (single, "the style must be coherent", Coherent, (5.43, 12.0), |it| Problem {
            sync: sync(9.0, Shape::Linear),
            rework: magnitude(9.0),
            ..it
        }),
        (single, "latency matters, not throughput", LatencyBound, (8.0, 1.0), |it| Problem {
            margin: magnitude(7.5),
            ..it
        }),
        (single, "the domain is narrow", Narrow, (1.0, 1.0), |it| Problem { specialists: count(2), ..it }),
        (hierarchy, "tasks decompose", Decomposes, (12.0, 1.0), |it| Problem {
            job: job(12.0, 12.0, 1),
            ..it
        }),
        (hierarchy, "control flow is explicit", Ordered, (1.5, 1.0), |it| Problem {
            job: job(12.0, 1.0, 12),
            ..it
        }),
        (hierarchy, "reliability matters", Fails, (0.6, 0.0), |it| Problem {
            mean_time_between_failures: None,
            ..it
        }),
        (hierarchy, "capabilities differ", Specialised, (1.0, 1.0), |it| Problem {
            specialists: count(2),
            ..it
        }),
        (market, "costs vary among similar agents", CostsVary, (0.3, 0.0), |it| Problem {
            private: None,
            ..it
        }),
        (market, "tasks are interchangeable", Interchangeable, (8.0, 2.0), |it| Problem {
            job: job(12.0, 6.1, 12),
            ..it
        }),
        (market, "it must scale without a centre", OutgrowsLeader, (4.0, 3.0), |it| Problem {
            k_max: count(3),
            ..it
        }),
        (market, "capabilities are private", AuctionPays, (found, bids), |it| Problem {
            private: Some(Private { spread: fraction(0.3), bid: magnitude(0.1) }),
            ..it
        }),
        (consensus, "agents agree on shared state", Shared, (1.0, 1.0), |it| Problem {
            decision: None,
            ..it
        }),
        // It is a guard as well: what turns it makes the problem infeasible.
        (consensus, "nobody leads by nature", Electable, (5.0, 3.0), |it| it),
        (consensus, "fault tolerance is critical", Faulty, (1.0, 1.0), |it| Problem {
            decision: Some(Decision { faults: 0 }),
            ..it
        }),
        (consensus, "it is infrastructure", Agreement, (1.0, 0.0), |it| Problem { decision: None, ..it }),
    ]
}

#[test]
fn every_point_of_the_four_lists_is_a_predicate_that_some_number_turns() {
    for (_, point, criterion, (left, right), change) in points() {
        let reason = told(&base(), criterion);
        assert_near(reason.left, left, 1e-14);
        assert_near(reason.right, right, 1e-14);
        if criterion != Criterion::Electable {
            assert_ne!(reason.holds(), told(&change(base()), criterion).holds(), "{point}");
        }
    }
    let electable = told(&Problem { k_max: count(3), ..base() }, Criterion::Electable);
    assert!(electable.holds());
    let two = advise(&Problem { k_max: count(2), ..base() });
    assert_eq!(two, Err(Infeasible::Replicas { needed: count(3).get().into(), at_most: count(2) }));
}

/// The documented table has these sixteen rows, in this order, and no other.
#[test]
fn the_documented_table_is_the_one_that_is_tested() {
    let source = include_str!("../../src/coordination/criteria.rs");
    let rows: Vec<_> = source
        .lines()
        .filter(|line| line.starts_with("//! | a ") || line.starts_with("//! | consensus"))
        .collect();
    assert_eq!(rows.len(), 16);
    for (row, (pattern, point, criterion, ..)) in rows.into_iter().zip(points()) {
        assert!(row.starts_with(&format!("//! | {pattern} | {point} |")), "{row}");
        assert!(row.ends_with(&format!("| [`Criterion::{criterion:?}`] |")), "{row}");
    }
    assert_eq!(Criterion::ALL[..16], points().map(|(_, _, criterion, ..)| criterion));
    assert_eq!(Criterion::ALL[16], Criterion::Gain);
}

/// A relation is of its kind at the very number: only two of the four hold of equals.
#[test]
fn a_relation_is_strict_or_not() {
    let holds = |left, relation| Reason { criterion: Criterion::Gain, left, relation, right: 2.0 }.holds();
    let all = [Relation::AtMost, Relation::Below, Relation::AtLeast, Relation::Above];
    assert_eq!(all.map(|it| holds(1.0, it)), [true, true, false, false]);
    assert_eq!(all.map(|it| holds(2.0, it)), [true, false, true, false]);
    assert_eq!(all.map(|it| holds(3.0, it)), [false, false, true, true]);
}

#[test]
fn a_reason_is_told_with_its_numbers() {
    let said = Criterion::ALL.map(|criterion| told(&base(), criterion).to_string());
    assert_eq!(said[0], "tasks, and how many fit one context window: 12.0000 <= 12.0000");
    assert_eq!(said[1], "time of the best team, and of one agent: not 5.4300 >= 12.0000");
    assert_eq!(said[2], "work over span, and the speed-up that is asked for: not 8.0000 < 1.0000");
    assert_eq!(said[10], "agents, and how many of them one can lead: 4.0000 > 3.0000");
    assert_eq!(said[16], "speed-up of the best team, and what is asked for: 2.2099 > 1.0000");
    // Two pairs compare the same.
    let mut different: Vec<_> = said.iter().map(|it| it.split(':').next()).collect();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), 15);
}

/// Without a team, the criteria that speak of one have the numbers of a lone agent.
#[test]
fn a_lone_agent_is_its_own_team() {
    let lone = Problem { k_max: Count::ONE, decision: None, ..base() };
    let numbers = |criterion| {
        let reason = told(&lone, criterion);
        (reason.left, reason.right, reason.holds())
    };
    assert_eq!(numbers(Criterion::Coherent), (12.0, 12.0, true));
    assert_eq!(numbers(Criterion::OutgrowsLeader), (1.0, 3.0, false));
    assert_eq!(numbers(Criterion::AuctionPays), (0.0, 0.0, false));
    assert_eq!(numbers(Criterion::Gain), (0.0, 1.0, false));
    assert_eq!(advise(&lone).map(|advice| advice.decide), Ok(Pattern::Single));
    let unlimited = Problem { context: None, ..lone };
    assert_eq!(told(&unlimited, Criterion::FitsContext).right, 12.0);
}

/// The factors, in the article's order, and what each moves.
#[test]
fn each_factor_moves_its_number() {
    let of = |change: Change| advise(&change(base())).expect("it can be done");
    let before = of(|it| it);
    assert_eq!((before.point.agents, before.point.batch, before.fan_out), (count(4), count(4), Some(3)));
    // Context window: batches, fan-out, and the fewest agents.
    let small = of(|it| Problem { context: Some(Context { window: count(35), each: count(10) }), ..it });
    assert_eq!((small.point.agents, small.point.batch, small.fan_out), (count(4), count(3), Some(3)));
    let tiny = of(|it| Problem {
        context: Some(Context { window: count(29), each: count(10) }),
        k_max: count(9),
        ..it
    });
    assert_eq!((tiny.point.agents, tiny.point.batch, tiny.fan_out), (count(6), count(2), Some(2)));
    // Granularity: many small tasks sync more often.
    let small = of(|it| Problem { job: job(12.0, 1.5, 60), context: None, ..it });
    assert!(small.point.agents < before.point.agents && small.point.overhead > before.point.overhead);
    // Output format: what must be interpreted is dear to sync, until a team does not pay.
    let unstructured = of(|it| Problem { sync: sync(1.0, Shape::Linear), ..it });
    assert!(unstructured.point.agents < before.point.agents && unstructured.work_as != WorkAs::One);
    let hopeless = of(|it| Problem { sync: sync(20.0, Shape::Linear), ..it });
    assert_eq!(hopeless.work_as, WorkAs::One);
    // Error handling: idempotent tasks come in large batches; rollback makes them small. And the rarer
    // the failures, the rarer the checkpoints.
    let idempotent = of(|it| Problem { rework: NonNegative::ZERO, ..it });
    assert_eq!(idempotent.point.batch, count(12));
    let stateful = of(|it| Problem { rework: magnitude(0.5), ..it });
    assert_eq!(stateful.point.batch, Count::ONE);
    let safe = of(|it| Problem { mean_time_between_failures: Some(positive(80.0)), ..it });
    // The exact interval for a checkpoint of 0.15, once in 20 and once in 80 (mpmath).
    assert_near(before.checkpoint_every.expect("they fail"), CHECKPOINTS.0, 1e-14);
    assert_near(safe.checkpoint_every.expect("they fail"), CHECKPOINTS.1, 1e-14);
    assert_eq!(of(|it| Problem { mean_time_between_failures: None, ..it }).checkpoint_every, None);
    assert_eq!(of(|it| Problem { sync: sync(0.0, Shape::Linear), ..it }).checkpoint_every, None);
    // Tight or loose loops: four agents at these rates; the world that changes faster needs a tighter one.
    assert_near(before.sync_every.expect("several act"), TIGHT_AND_LOOSE.0, 1e-14);
    let tight = of(|it| Problem { pace: it.pace.map(|pace| Pace { rate: positive(4.0), ..pace }), ..it });
    assert_near(tight.sync_every.expect("several act"), TIGHT_AND_LOOSE.1, 1e-14);
    assert_eq!(of(|it| Problem { pace: None, ..it }).sync_every, None);
    assert_eq!(hopeless.sync_every, None);
}

const CHECKPOINTS: (f64, f64) = (2.350_527_153_569_243_2, 4.799_493_978_288_610_7);
const TIGHT_AND_LOOSE: (f64, f64) = (2.425_539_526_539_120_9, 1.143_744_759_950_389_8);
