//! By when a task will be done, in all but a stated part of the cases: split conformal prediction (Vovk,
//! Gammerman and Shafer, "Algorithmic Learning in a Random World", 2005; Lei, G'Sell, Rinaldo,
//! Tibshirani and Wasserman, 2018, theorem 2), one-sided, with the ratio of time to estimate as the
//! score.
//!
//! **Theorem.** If the last `n` reports and the next one are exchangeable, the next time is within
//! [`Times::bound`] with a probability of at least `1 - a`, whatever the distribution and however bad
//! the estimates; if no two ratios are equal, of exactly `ceil((n + 1) (1 - a)) / (n + 1)`.
//!
//! **Conditions.** The probability is over all `n + 1` together: it is the part of agents, or of runs, in
//! which the next bound holds, not a promise for one history. An agent that has become slower is not
//! exchangeable with its past; a short window forgets it sooner.
//!
//! **Not promised.** That the bound is near. Nothing of agents that stretch their estimates on purpose.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::num::NonZeroU32;

/// The last reports of one agent. It holds integers only, so it is exact.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(from = "Image"))]
pub struct Times {
    window: NonZeroU32,
    /// Times and their estimates, which are at least 1, the oldest first, at most `window` of them.
    reports: VecDeque<(u64, u64)>,
}

/// In which part of the cases a bound is to hold: `1 - a`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Coverage {
    /// `0 < holds < of`.
    holds: u32,
    of: u32,
}

/// A coverage that is not between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a coverage of {holds}/{of} is not between 0 and 1")]
pub struct NotBetween {
    /// The numerator that was given.
    pub holds: u32,
    /// The denominator that was given.
    pub of: u32,
}

impl Coverage {
    /// In `holds` of `of` cases.
    ///
    /// # Errors
    /// [`NotBetween`] unless `0 < holds < of`.
    pub const fn new(holds: u32, of: u32) -> Result<Self, NotBetween> {
        if holds == 0 || holds >= of { Err(NotBetween { holds, of }) } else { Ok(Self { holds, of }) }
    }

    /// Which of `n` ratios, counted from the lowest, the next one exceeds in all but the stated part of
    /// the cases: `ceil((n + 1) (1 - a))`.
    fn rank(self, n: usize) -> u128 {
        let cases = n as u128 + 1;
        (cases * u128::from(self.holds)).div_ceil(u128::from(self.of))
    }
}

impl Times {
    /// Without reports. It keeps the last `window` of them.
    pub const fn new(window: NonZeroU32) -> Self {
        Self { window, reports: VecDeque::new() }
    }

    /// A task that was estimated at `estimate` took `time`, in one unit. An estimate of 0 counts as 1.
    ///
    /// O(1).
    pub fn observe(&mut self, estimate: u64, time: u64) {
        self.reports.push_back((time, estimate.max(1)));
        while self.reports.len() as u128 > u128::from(self.window.get()) {
            self.reports.pop_front();
        }
    }

    /// How many reports there are.
    pub fn len(&self) -> usize {
        self.reports.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.reports.is_empty()
    }

    /// How long a task that is estimated at `estimate` will take at most. `None` if there are not yet
    /// enough reports to say so, at least `(1 - a) / a` of them, or it is beyond every time.
    ///
    /// O(n) time and memory for n reports.
    pub fn bound(&self, estimate: u64, coverage: Coverage) -> Option<u64> {
        let rank = usize::try_from(coverage.rank(self.reports.len())).ok()?;
        let mut ratios: Vec<_> = self.reports.iter().copied().collect();
        if rank > ratios.len() {
            return None;
        }
        let (_, &mut (time, of), _) = ratios.select_nth_unstable_by(rank - 1, by_ratio);
        let bound = u128::from(estimate.max(1)) * u128::from(time);
        u64::try_from(bound.checked_div(u128::from(of))?).ok()
    }
}

/// `time / estimate`, compared exactly.
fn by_ratio((time, of): &(u64, u64), (other, of_other): &(u64, u64)) -> Ordering {
    (u128::from(*time) * u128::from(*of_other)).cmp(&(u128::from(*other) * u128::from(*of)))
}

/// The reports as they are written down: read back, they are reported once more.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    window: NonZeroU32,
    reports: VecDeque<(u64, u64)>,
}

#[cfg(feature = "serde")]
impl From<Image> for Times {
    fn from(Image { window, reports }: Image) -> Self {
        let mut times = Self::new(window);
        reports.into_iter().for_each(|(time, estimate)| times.observe(estimate, time));
        times
    }
}
