//! Long random runs in which everything goes wrong: loss, repetition, reordering, crashes between any
//! two effects, timers at any moment, cancellation, agents that come and go.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::counts::Counts;
use crate::world::{Plan, World};

fn plans() -> impl Strategy<Value = (u64, u8, u64, u32)> {
    (any::<u64>(), 1..=20_u8, 1..=50_u64, 0..1_500_u32)
}

/// G1 to G11 at each step, with up to 20 contractors and 50 tasks; and once faults end, every task
/// ends.
#[test]
fn the_guarantees_hold_and_every_task_ends() {
    let sum = Cell::new(Counts::default());
    let config = Config { failure_persistence: None, cases: 768, ..Config::default() };
    let run = |(seed, contractors, tasks, steps)| {
        let mut world = World::new(Plan::new(seed, contractors, tasks, steps));
        world.run().map_err(TestCaseError::fail)?;
        let mut counts = sum.get();
        counts.plus(world.counts);
        sum.set(counts);
        Ok(())
    };
    TestRunner::new(config).run(&plans(), run).unwrap_or_else(|broken| panic!("{broken}"));
    let mut counts = sum.get();
    assert!(counts.each_mut().into_iter().all(|count| *count > 10), "idle runs: {counts:?}");
}

/// A manager that crashed before it wrote that a result was accepted has paid nothing.
#[test]
fn what_is_lost_in_a_crash_was_not_paid() {
    World::new(Plan::new(1_068_128_040_749_103_540, 15, 6, 599)).run().expect("what holds");
}
