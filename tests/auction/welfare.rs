//! Sums of value, cost and payment, and their ratio to an optimum.

use core::num::NonZeroU32;

use althing::auction::welfare::{Deal, Welfare};
use proptest::prelude::*;

fn deal() -> impl Strategy<Value = Deal> {
    let amount = || prop_oneof![4 => 0..100_u64, 1 => any::<u64>()];
    (amount(), amount(), amount()).prop_map(|(value, cost, payment)| Deal { value, cost, payment })
}

proptest! {
    #[test]
    fn what_everyone_gains_is_what_the_buyer_and_the_agents_gain(deals in prop::collection::vec(deal(), 0..9)) {
        let all: Welfare = deals.iter().copied().collect();
        prop_assert_eq!(all.surplus(), all.buyer_surplus() + all.profit());
        let surplus: i128 = deals.iter().map(|it| i128::from(it.value) - i128::from(it.cost)).sum();
        prop_assert_eq!((all.surplus(), all.deals()), (surplus, deals.len() as u64));
        prop_assert_eq!(all.left_of(7), 7 - all.paid());
        let (mut parts, (some, rest)) = (Welfare::default(), deals.split_at(deals.len() / 2));
        parts.extend(some.iter().copied());
        parts.extend(rest.iter().copied());
        prop_assert_eq!(parts, all);
        let text = serde_json::to_string(&all).expect("sums are numbers");
        prop_assert_eq!(serde_json::from_str::<Welfare>(&text).expect("they are"), all);
    }
}

/// By multiplying, which is exact for numbers as small as these.
#[test]
fn a_ratio_is_compared_exactly() {
    for (value, cost) in (0..8).flat_map(|value| [0, 2].map(|cost| (value, cost))) {
        let all: Welfare = [Deal { value, cost, payment: cost }].into_iter().collect();
        assert_eq!([-1, 0].map(|optimum| all.efficiency(optimum)), [None; 2]);
        for optimum in 1..8 {
            let efficiency = all.efficiency(optimum).expect("above 0");
            assert_eq!(efficiency.ratio(), (all.surplus(), optimum));
            for (part, of) in (0..6_u32).flat_map(|part| (1..6_u32).map(move |of| (part, of))) {
                let expected = all.surplus() * i128::from(of) >= optimum * i128::from(part);
                let found = efficiency.at_least(part, NonZeroU32::new(of).expect("not 0"));
                assert_eq!(found, expected, "{}/{optimum} and {part}/{of}", all.surplus());
            }
        }
    }
}

#[test]
fn ratios_of_the_greatest_amounts_do_not_overflow() {
    let greatest = Deal { value: u64::MAX, cost: 0, payment: u64::MAX };
    let all: Welfare = core::iter::repeat_n(greatest, 1_000).collect();
    assert_eq!(all.value(), 1_000 * i128::from(u64::MAX));
    let whole = all.efficiency(all.surplus()).expect("above 0");
    let one = NonZeroU32::MIN;
    assert!(whole.at_least(1, one) && !whole.at_least(2, one) && !whole.at_least(u32::MAX, one));
    let tiny = all.efficiency(i128::MAX).expect("above 0");
    assert!(tiny.at_least(0, one) && !tiny.at_least(1, NonZeroU32::MAX));
    assert!(!tiny.at_least(2, one) && !tiny.at_least(u32::MAX, one), "the product overflows");
}
