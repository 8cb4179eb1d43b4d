//! How long the two leases of an award must run (Gray and Cheriton 1989), as a checked boundary.
//!
//! A contractor works under a lease of its own, of duration `L_c`: the timer
//! [`Lease`](crate::contract_net::contractor::Timer::Lease) of a claim. The manager does not award
//! the task anew before its own lease, of duration `L_m`, has run out since it first granted the latest claim:
//! the timer [`Lease`](crate::contract_net::manager::Timer::Lease) of the task.
//!
//! Written with clocks, a claim would carry the time `s` at which it was sent, the grant would repeat
//! it, and the contractor would work while `now < s + L_c`. Without clocks the claim carries its
//! number in place of `s`, and its timer, armed when it is sent, is what remembers `s`: that the
//! timer of claim `n` still runs says that `now < s + L_c`, by the same clock. Nothing else about the
//! time of a claim was ever used, and no two clocks are compared.
//!
//! The contractor's lease is anchored at its own sending of the claim, and the manager grants a claim
//! after that was sent. So it ends, in real time, at most `L_c` by the contractor's clock after a
//! moment that lies before the manager's grant, however long the messages took:
//!
//! ```text
//! contractor   claim sent ------------------ L_c ------------------| stops, at most `slack` later
//! manager            ...... grant ---------------------- L_m -----------------------| awards anew
//! ```
//!
//! There is a shorter way to another award: that the contractor reports that it failed. It does once
//! its host has stopped, which may be `slack` after it was told to, and not before.
//!
//! With clock rates within `1 - rho ..= 1 + rho`, the contractor has stopped before that if
//! `L_m >= (L_c + slack)(1 + rho)/(1 - rho)`. No bound on the delay of messages is needed. This is
//! the only thing in a contract net that depends on durations: with any others, everything holds
//! but that two agents may *execute* a task at one time, and still at most one of them is paid.

/// A bound on how far the rate of any clock is from that of real time: `numerator / denominator`,
/// less than one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Drift {
    numerator: u32,
    denominator: u32,
}

/// Why there is no lease with such numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LeaseError {
    /// A clock that may stand still bounds nothing.
    #[error("a drift of {numerator}/{denominator} is not less than one")]
    DriftTooGreat {
        /// The numerator that was given.
        numerator: u32,
        /// The denominator that was given.
        denominator: u32,
    },
    /// The lease would be longer than can be said.
    #[error("a lease for {contractor} with a slack of {slack} does not fit 64 bits")]
    TooLong {
        /// The contractor's lease.
        contractor: u64,
        /// How much longer a step of the contractor may take.
        slack: u64,
    },
}

impl Drift {
    /// Clocks that are exact.
    pub const NONE: Self = Self { numerator: 0, denominator: 1 };

    /// `numerator / denominator`.
    ///
    /// # Errors
    /// [`LeaseError::DriftTooGreat`] unless that is less than one.
    pub const fn new(numerator: u32, denominator: u32) -> Result<Self, LeaseError> {
        if numerator >= denominator {
            return Err(LeaseError::DriftTooGreat { numerator, denominator });
        }
        Ok(Self { numerator, denominator })
    }
}

/// The least duration of the manager's lease, for a contractor's lease of this duration: `slack` is
/// how long a step of the contractor may go on after it has looked at its timer. All in one unit.
///
/// # Errors
/// [`LeaseError::TooLong`] if it does not fit.
///
/// ```
/// # use althing::contract_net::lease::{Drift, manager_minimum};
/// // Ten seconds in milliseconds, steps of up to 50 ms, clocks good to one in a hundred.
/// assert_eq!(manager_minimum(10_000, 50, Drift::new(1, 100)?)?, 10_254);
/// # Ok::<(), althing::contract_net::lease::LeaseError>(())
/// ```
pub fn manager_minimum(contractor: u64, slack: u64, drift: Drift) -> Result<u64, LeaseError> {
    let (rho, one) = (u128::from(drift.numerator), u128::from(drift.denominator));
    // The sum has at most 65 bits and the factor at most 33, so 128 are enough.
    let longest = (u128::from(contractor) + u128::from(slack)) * (one + rho);
    u64::try_from(longest.div_ceil(one - rho)).map_err(|_| LeaseError::TooLong { contractor, slack })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drift(numerator: u32, denominator: u32) -> Drift {
        Drift::new(numerator, denominator).expect("less than one")
    }

    #[test]
    fn exact_clocks_need_no_margin_but_the_slack() {
        assert_eq!(manager_minimum(7, 0, Drift::NONE), Ok(7));
        assert_eq!(manager_minimum(7, 2, Drift::NONE), Ok(9));
    }

    #[test]
    fn the_least_lease_is_the_bound_rounded_up() {
        for (contractor, slack, (n, d)) in
            [(10, 1, (1, 5)), (2, 0, (1, 5)), (1, 1, (1, 3)), (97, 4, (3, 100))]
        {
            let least = manager_minimum(contractor, slack, drift(n, d)).expect("it fits");
            let enough = |lease: u64| lease * u64::from(d - n) >= (contractor + slack) * u64::from(d + n);
            assert!(enough(least) && !enough(least - 1), "{contractor} {slack} {n}/{d}: {least}");
        }
    }

    #[test]
    fn a_clock_that_may_stand_still_is_refused() {
        let refused = Drift::new(3, 3).expect_err("one is too much");
        assert_eq!(alloc::format!("{refused}"), "a drift of 3/3 is not less than one");
        assert!(Drift::new(0, 0).is_err());
    }

    #[test]
    fn a_lease_that_does_not_fit_is_refused() {
        let refused = manager_minimum(u64::MAX, u64::MAX, drift(u32::MAX - 1, u32::MAX));
        assert_eq!(refused, Err(LeaseError::TooLong { contractor: u64::MAX, slack: u64::MAX }));
        assert_eq!(manager_minimum(u64::MAX, 0, Drift::NONE), Ok(u64::MAX));
    }
}
