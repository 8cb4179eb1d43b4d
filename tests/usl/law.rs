//! The law, its inverses, and its peak.

use proptest::prelude::*;

use crate::{agents, close, law, positive};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Little's law, and inverses that are inverses.
    #[test]
    fn what_follows_from_the_law(
        lambda in 0.01..100.0_f64, sigma in 0.0..=1.0_f64, kappa in 0.0..2.0_f64, k in 1.0..200.0_f64,
        flat in any::<(bool, bool)>(),
    ) {
        let (sigma, kappa) = (if flat.0 { 0.0 } else { sigma }, if flat.1 { 0.0 } else { kappa });
        let law = law(lambda, sigma, kappa);
        let (x, r) = (law.throughput(agents(k)), law.latency(agents(k)));
        close(x, lambda * k / (1.0 + sigma * (k - 1.0) + kappa * k * (k - 1.0)), 1e-12);
        close(x * r, k, 1e-12);
        match law.agents_at_latency(positive(r)) {
            Some(found) => {
                close(found, k, 1e-6);
                close(law.throughput_at_latency(positive(r)).expect("also"), x, 1e-6);
            }
            None => prop_assert!(sigma == 0.0 && kappa == 0.0 || k < 1.0 + 1e-9),
        }
        let peak = law.peak();
        let before_peak = peak.is_none_or(|peak| k < peak.k);
        let found = law.agents_at_throughput(positive(x));
        if before_peak && sigma < 0.99 && x > lambda * (1.0 + 1e-9) && peak.is_none_or(|it| x < 0.999 * it.throughput) {
            close(found.expect("before the peak"), k, 1e-6);
        }
        if let Some(peak) = peak {
            prop_assert!(x <= peak.throughput * (1.0 + 1e-12));
            let beyond = law.agents_at_throughput(positive(peak.throughput * 1.001));
            prop_assert_eq!(beyond, None);
            let inside = 1.0 / (sigma - kappa + 2.0 * (kappa * (1.0 - sigma)).sqrt());
            if peak.k > 1.0 {
                close(peak.k, ((1.0 - sigma) / kappa).sqrt(), 1e-12);
                close(peak.throughput, lambda * inside, 1e-9);
                close(law.agents_at_throughput(positive(peak.throughput)).expect("the peak"), peak.k, 1e-3);
            }
            prop_assert_eq!(law.limit(), None);
        } else {
            prop_assert_eq!(law.limit().is_some(), sigma > 0.0);
            law.limit().into_iter().for_each(|limit| close(limit, lambda / sigma, 1e-15));
        }
    }
}

/// Without contention and coherency every thing takes as long as with a lone agent, however many there are.
#[test]
fn agents_that_lose_nothing() {
    let law = law(2.0, 0.0, 0.0);
    assert_eq!((law.throughput(agents(8.0)), law.peak(), law.limit()), (16.0, None, None));
    assert_eq!([0.4, 0.5, 0.6].map(|it| law.agents_at_latency(positive(it))), [None; 3]);
    assert_eq!(law.throughput_at_latency(positive(0.5)), None);
    let few = [1.0, 2.0, 16.0].map(|it| law.agents_at_throughput(positive(it)));
    assert_eq!(few, [None, Some(1.0), Some(8.0)]);
}

/// Nothing takes less than with a lone agent, and nothing is done slower than by one or faster than at the
/// peak.
#[test]
fn the_inverses_begin_with_one_agent_and_end_at_the_peak() {
    let law = law(2.0, 0.25, 0.1875);
    assert_eq!([0.4, 0.5].map(|it| law.agents_at_latency(positive(it))), [None, Some(1.0)]);
    // sqrt(0.75 / 0.1875) = 2 agents, of a speed-up of 2 / 1.625.
    let peak = law.peak().expect("a peak");
    assert_eq!(peak.k, 2.0);
    close(peak.throughput, 4.0 / 1.625, 1e-15);
    let few = [1.9, 2.0, 2.5].map(|it| law.agents_at_throughput(positive(it)));
    assert_eq!(few, [None, Some(1.0), None]);
}

/// With coherency above all a second agent only disturbs; with contention alone it does nothing.
#[test]
fn agents_that_gain_nothing() {
    let alone = law(3.0, 0.5, 2.0).peak().expect("a peak");
    assert_eq!((alone.k, alone.throughput), (1.0, 3.0));
    let serial = law(3.0, 1.0, 0.0);
    assert_eq!((serial.throughput(agents(9.0)), serial.latency(agents(9.0))), (3.0, 3.0));
    assert_eq!((serial.peak(), serial.limit()), (None, Some(3.0)));
    assert_eq!(serial.agents_at_latency(positive(3.0)), Some(9.0));
    assert_eq!(serial.agents_at_throughput(positive(3.1)), None);
}

/// From the least of each number to the greatest, nothing endless is said.
#[test]
fn nothing_is_infinite_at_the_ends_of_the_domains() {
    let ends = [1e-60, 1.0, 1e60];
    for (lambda, [sigma, kappa]) in ends.into_iter().flat_map(|lambda| {
        let all =
            [0.0, 1e-60, 1.0].into_iter().flat_map(|sigma| [0.0, 1e-60, 1e60].map(|kappa| [sigma, kappa]));
        all.map(move |it| (lambda, it))
    }) {
        let law = law(lambda, sigma, kappa);
        let of_k = [1.0, 4_294_967_295.0].map(agents).map(|k| [law.throughput(k), law.latency(k)]);
        let inverses = ends.map(positive).map(|it| {
            [law.agents_at_latency(it), law.throughput_at_latency(it), law.agents_at_throughput(it)]
        });
        let said = inverses.into_iter().flatten().flatten().chain(of_k.into_iter().flatten());
        let said = said.chain(law.limit()).chain(law.peak().into_iter().flat_map(|it| [it.k, it.throughput]));
        assert!(said.into_iter().all(|it| it.is_finite() && it > 0.0), "{law:?}");
    }
}
