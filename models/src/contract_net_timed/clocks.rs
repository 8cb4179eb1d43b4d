//! When the leases run out, in ticks of real time.
//!
//! Hosts count in *units* of their own clocks, whose rates are within `1 - rho ..= 1 + rho`. A unit by
//! the slowest clock is then longer than one by the fastest by the factor `(1 + rho)/(1 - rho)`, and
//! that is a ratio of two whole numbers, `slow : fast`. So with a tick that is this much of a unit,
//! every lease is a whole number of ticks by either clock, and nothing is rounded:
//!
//! | lease | in units | in ticks, after it was armed |
//! |---|---|---|
//! | of a contractor | `L_c`, and at most `slack` more | not before `L_c fast`, by `(L_c + slack) slow` |
//! | of the manager | `L_m`, or later | not before `L_m fast` |
//!
//! These are the windows of clocks of any rate, also of one that changes as it goes, and differs from
//! timer to timer: all that a bound on the drift promises. A clock can be said to be always the slowest
//! or always the fastest instead, for the worst and the best case.
//!
//! # The boundary
//!
//! With `s` the moment at which a claim was sent, its contractor works at `t` only if
//! `t < s + (L_c + slack) slow`, and the manager, which granted it at `s` or later, awards the task
//! anew at `t >= s + L_m fast`. So nobody works then if `L_m fast >= (L_c + slack) slow`, which is
//! `L_m >= (L_c + slack)(1 + rho)/(1 - rho)`, in whole units
//! [`manager_minimum`](althing::contract_net::lease::manager_minimum). With one unit less,
//! `s + L_m fast` is at least a tick before the deadline of the contractor, so there is a tick at which
//! the one may still work and the other may already be awarded the task: the checker finds it.
//!
//! That both are whole ticks hides nothing of this: the four moments may be at any real time, but
//! whether there is one at which two work is the same inequality of two whole numbers. What else might
//! only happen between two ticks, happens at a tick once there are more of them: `grain` of what would
//! otherwise be one. That a deadline comes first at its moment, which is what makes `>=` of `>`, is the contractor's
//! `now < s + L_c`; see [`time`](crate::time).

use althing::contract_net::lease::Drift;
use althing::contract_net::participant::Timer;
use althing::contract_net::rules::Rules;
use althing::contract_net::{contractor, manager};

use crate::bounds::{Bounds, BoundsError, Key};
use crate::time::Window;

/// `L_c`.
pub const CONTRACTOR_LEASE: Key = Key::new("contractor_lease", "L_c, in units of a clock", 1, 100, 2);
/// How late a contractor stops.
pub const SLACK: Key =
    Key::new("slack", "units by which a contractor may stop after its lease has run out", 0, 100, 0);
/// How much clocks differ: the numerator of rho.
pub const DRIFT: Key =
    Key::new("drift", "the rates of clocks are within 1 - rho and 1 + rho, rho =", 0, 99, 1);
/// And its denominator.
pub const DRIFT_OF: Key = Key::new("drift_of", "drift / drift_of, less than one", 1, 100, 5);
/// By how much the manager's lease is too short.
pub const SHORT: Key =
    Key::new("short", "units by which L_m is less than (L_c + slack)(1 + rho)/(1 - rho)", 0, 1000, 0);
/// What the manager's clock does.
pub const MANAGER_CLOCK: Key = Key::new(
    "manager_clock",
    "the manager's clock: 0: any rate, at any time; 1: always the slowest; 2: the fastest",
    0,
    2,
    0,
);
/// What the contractors' clocks do.
pub const CONTRACTOR_CLOCK: Key =
    Key::new("contractor_clock", "the clocks of the contractors: 0, 1 or 2 likewise", 0, 2, 0);

/// How fine time is.
pub const GRAIN: Key =
    Key::new("grain", "ticks in place of one: what lies between others happens at one of them", 1, 8, 1);

/// How many ticks a unit takes, by the fastest clock and by the slowest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Unit {
    fast: u64,
    slow: u64,
}

impl Unit {
    /// `fast : slow = (1 - rho) : (1 + rho)`, in lowest terms, with `rho = p / q`; and so many times
    /// that.
    fn new(p: u64, q: u64, grain: u64) -> Self {
        let (fast, slow) = (q - p, q + p);
        let common = (1..=fast).rev().find(|n| fast.is_multiple_of(*n) && slow.is_multiple_of(*n));
        let common = common.unwrap_or(1);
        Self { fast: grain * fast / common, slow: grain * slow / common }
    }

    /// By a clock of which this is known.
    fn of_clock(self, rates: u64) -> Self {
        match rates {
            1 => Self { fast: self.slow, ..self },
            2 => Self { slow: self.fast, ..self },
            _ => self,
        }
    }
}

/// The windows of the leases.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clocks {
    contractor: Window,
    manager: Window,
}

impl Clocks {
    /// Those of these bounds, with a manager's lease of the duration that the rules want.
    ///
    /// # Errors
    /// [`BoundsError::Contradiction`] if clocks may stand still, or there would be no lease left.
    pub fn new<R: Rules>(bounds: &Bounds, rules: R) -> Result<Self, BoundsError> {
        let (p, q) = (bounds.get("drift"), bounds.get("drift_of"));
        let drift = Drift::new(u32::from(bounds.small("drift")), u32::from(bounds.small("drift_of")))
            .map_err(|_| {
                BoundsError::Contradiction("drift must be less than drift_of: clocks do not stand still")
            })?;
        let (lease, slack) = (bounds.get("contractor_lease"), bounds.get("slack"));
        let of_manager = rules
            .manager_lease(lease, slack, drift)
            .ok()
            .and_then(|least| least.checked_sub(bounds.get("short")))
            .ok_or(BoundsError::Contradiction("short is more than the whole of the manager's lease"))?;
        let unit = Unit::new(p, q, bounds.get("grain"));
        let (manager, contractor) =
            (unit.of_clock(bounds.get("manager_clock")), unit.of_clock(bounds.get("contractor_clock")));
        let ticks = |ticks: u64| {
            u16::try_from(ticks).map_err(|_| BoundsError::Contradiction("a lease has more than 65535 ticks"))
        };
        let (earliest, latest) = (ticks(lease * contractor.fast)?, ticks((lease + slack) * contractor.slow)?);
        Ok(Self {
            contractor: Window::between(earliest, latest),
            manager: Window::from(ticks(of_manager * manager.fast)?),
        })
    }

    /// When a timer expires.
    pub fn window(&self, timer: Timer) -> Window {
        match timer {
            Timer::Contractor(contractor::Timer::Lease(..)) => self.contractor,
            Timer::Manager(manager::Timer::Lease(..)) => self.manager,
            Timer::Contractor(
                contractor::Timer::Bid(_) | contractor::Timer::Claim(_) | contractor::Timer::Report(_),
            )
            | Timer::Manager(manager::Timer::Bids(_) | manager::Timer::Resend(_)) => Window::ANY,
        }
    }
}

#[cfg(test)]
mod tests {
    use althing::contract_net::Published;

    use super::*;
    use crate::contract_net_timed::KEYS;

    fn clocks(values: &[(&str, u64)]) -> Result<Clocks, BoundsError> {
        Clocks::new(&Bounds::new(&KEYS).with(values), Published)
    }

    #[test]
    fn a_unit_is_a_whole_number_of_ticks_by_either_clock() {
        assert_eq!(Unit::new(1, 5, 1), Unit { fast: 2, slow: 3 });
        assert_eq!(Unit::new(0, 7, 1), Unit { fast: 1, slow: 1 });
        assert_eq!(Unit::new(1, 10, 1), Unit { fast: 9, slow: 11 });
        assert_eq!(Unit::new(1, 5, 4), Unit { fast: 8, slow: 12 });
        // fast / slow = (q - p) / (q + p), exactly.
        for (p, q) in (1..20).flat_map(|q| (0..q).map(move |p| (p, q))) {
            let Unit { fast, slow } = Unit::new(p, q, 3);
            assert_eq!(fast * (q + p), slow * (q - p), "{p}/{q}");
        }
    }

    /// Of two units and one of slack, by clocks of 3 : 2 ticks a unit: `L_m` is 5 = 3 * 3/2, rounded up.
    #[test]
    fn leases_are_counted_in_ticks_of_the_clock_they_are_measured_by() {
        let of = |manager: u64, contractor: u64| {
            clocks(&[("slack", 1), ("manager_clock", manager), ("contractor_clock", contractor)])
        };
        let expected = |(earliest, latest), manager| {
            let (contractor, manager) = (Window::between(earliest, latest), Window::from(manager));
            Ok(Clocks { contractor, manager })
        };
        assert_eq!(of(0, 0), expected((4, 9), 10));
        assert_eq!(of(1, 1), expected((6, 9), 15));
        assert_eq!(of(2, 2), expected((4, 6), 10));
    }

    #[test]
    fn clocks_that_stand_still_and_leases_that_are_none_are_refused() {
        let refused = |values: &[_]| clocks(values).expect_err("refused").to_string();
        let still = "drift must be less than drift_of: clocks do not stand still";
        assert_eq!(refused(&[("drift", 5), ("drift_of", 5)]), still);
        assert_eq!(refused(&[("short", 9)]), "short is more than the whole of the manager's lease");
        let largest = [("contractor_lease", 100), ("slack", 100), ("drift", 99), ("drift_of", 100)];
        assert!(clocks(&largest).is_ok());
        assert_eq!(refused(&[&largest[..], &[("grain", 2)]].concat()), "a lease has more than 65535 ticks");
    }
}
