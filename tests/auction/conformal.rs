//! Bounds of times hold in as many cases as they say, for any distribution and any estimates.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use althing::auction::cost_model::conformal::NotBetween;
use althing::auction::cost_model::{Coverage, Times};
use proptest::prelude::*;

use crate::random::{Mean, Random};

fn times(window: u32) -> Times {
    Times::new(NonZeroU32::new(window).expect("not 0"))
}

fn coverage(holds: u32, of: u32) -> Coverage {
    Coverage::new(holds, of).expect("between 0 and 1")
}

/// `ceil((n + 1) (1 - a))`.
fn rank(n: usize, holds: u32, of: u32) -> usize {
    ((n + 1) * holds as usize).div_ceil(of as usize)
}

fn covered(reports: &[(u64, u64)], of: Coverage) -> usize {
    let holds = |left_out: usize| {
        let mut known = times(100);
        let others = reports.iter().enumerate().filter(|(index, _)| *index != left_out);
        others.for_each(|(_, &(estimate, time))| known.observe(estimate, time));
        let (estimate, time) = reports[left_out];
        known.bound(estimate, of).is_none_or(|bound| time <= bound)
    };
    (0..reports.len()).filter(|report| holds(*report)).count()
}

proptest! {
    /// Exactly: if each of `n + 1` reports is as likely to be the next one, as many are within the bound
    /// that the others give as the theorem says.
    #[test]
    fn of_all_reports_that_may_be_the_next_the_stated_part_is_within_the_bound(
        distinct in prop::collection::btree_set(1..1_000_u64, 1..20), estimate in 1..50_u64,
        (holds, more) in (1..20_u32, 1..20_u32),
    ) {
        let of = holds + more;
        let reports: Vec<_> = distinct.iter().map(|time| (estimate, *time)).collect();
        let n = reports.len() - 1;
        prop_assert_eq!(covered(&reports, coverage(holds, of)), rank(n, holds, of).min(n + 1));
    }

    /// With ratios that may be equal, and estimates that are not: at least as many.
    #[test]
    fn equal_ratios_only_help(
        reports in prop::collection::vec((0..20_u64, 0..20_u64), 1..20), (holds, more) in (1..20_u32, 1..20_u32),
    ) {
        let n = reports.len() - 1;
        let of = holds + more;
        prop_assert!(covered(&reports, coverage(holds, of)) >= rank(n, holds, of).min(n + 1));
    }

    #[test]
    fn any_numbers_will_do(
        reports in prop::collection::vec(any::<(u64, u64)>(), 0..20), estimate: u64, window in 1..9_u32,
    ) {
        let mut known = times(window);
        reports.iter().for_each(|&(estimate, time)| known.observe(estimate, time));
        prop_assert_eq!(known.len(), reports.len().min(window as usize));
        let (likely, surely) = (known.bound(estimate, coverage(1, 2)), known.bound(estimate, coverage(7, 8)));
        prop_assert!(surely.is_none_or(|surely| likely.is_some_and(|likely| likely <= surely)));
    }
}

/// Estimates that are too short by a factor from 1 to 20, most of them by little. 30 reports are known.
#[test]
fn the_next_time_is_within_the_bound_as_often_as_is_said() {
    const KNOWN: usize = 30;
    let mut random = Random::new(8);
    for (holds, of) in [(1, 2), (4, 5), (9, 10)] {
        let mut trial = || {
            let mut report = || {
                let estimate = 1_000_000 + random.below(1_000_000);
                (estimate, (estimate as f64 * (1.5 * random.normal().abs()).exp()) as u64)
            };
            let mut known = times(KNOWN as u32);
            // The first is forgotten.
            (0..=KNOWN).map(|_| report()).for_each(|(estimate, time)| known.observe(estimate, time));
            let (estimate, time) = report();
            f64::from(u8::from(time <= known.bound(estimate, coverage(holds, of)).expect("enough reports")))
        };
        let holds_in = Mean::of((0..40_000).map(|_| trial()));
        let exactly = rank(KNOWN, holds, of) as f64 / (KNOWN as f64 + 1.0);
        assert!(holds_in.is(exactly) && holds_in.error < 0.003, "{holds_in:?} for {exactly}");
        assert!(exactly >= f64::from(holds) / f64::from(of));
    }
}

#[test]
fn too_few_reports_give_no_bound_and_the_window_forgets() {
    let mut known = times(9);
    for count in 0..9 {
        assert_eq!(known.bound(10, coverage(9, 10)), None, "{count} reports");
        known.observe(10, 20 + count);
    }
    assert_eq!(known.bound(10, coverage(9, 10)), Some(28));
    (0..9).for_each(|_| known.observe(1, 1));
    assert_eq!(known.bound(10, coverage(9, 10)), Some(10), "what was before is forgotten");
    assert_eq!(known.bound(0, coverage(9, 10)), Some(1), "an estimate of 0 counts as 1");
    let ranks: BTreeSet<_> = (1..9).map(|holds| known.bound(10, coverage(holds, 10))).collect();
    assert_eq!(ranks.len(), 1, "all ratios are equal");
}

#[test]
fn a_coverage_is_between_0_and_1() {
    for (holds, of) in [(0, 1), (1, 1), (2, 1), (0, 0)] {
        assert_eq!(Coverage::new(holds, of), Err(NotBetween { holds, of }));
    }
}
