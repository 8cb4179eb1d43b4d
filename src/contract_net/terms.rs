//! What a task is: what it needs, what it is worth, and how it is offered.

use alloc::collections::BTreeSet;
use core::num::NonZeroU32;

use crate::contract_net::capabilities::Capabilities;
use crate::contract_net::ids::{Money, TaskId};

/// A task as its host states it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Terms {
    /// What an agent must be able to do.
    pub needs: Capabilities,
    /// What the result is worth to whoever asked for it. The protocol only keeps it.
    pub value: Money,
    /// The most that is paid in the first round.
    pub reserve: Money,
    /// How the reserve grows with each round in which nobody bids below it.
    pub escalation: Ratio,
    /// How often the task is announced at most.
    pub rounds: NonZeroU32,
    /// The tasks that must be done before this one is announced.
    pub after: BTreeSet<TaskId>,
    /// Whether it does no harm to begin the task twice: then a contractor that crashed while it
    /// worked may go on, where it would otherwise report that it failed.
    pub idempotent: bool,
}

impl Terms {
    /// A task that anyone can do, that is worth `value` and is offered for as much, in one round
    /// after the other without end.
    pub const fn new(value: Money) -> Self {
        Self {
            needs: Capabilities::NONE,
            value,
            reserve: value,
            escalation: Ratio::ONE,
            rounds: NonZeroU32::MAX,
            after: BTreeSet::new(),
            idempotent: false,
        }
    }

    /// The same for agents that can do this.
    #[must_use]
    pub fn needing(self, needs: Capabilities) -> Self {
        Self { needs, ..self }
    }

    /// The same with this reserve at first, which grows by this ratio, for at most so many rounds.
    #[must_use]
    pub fn offered(self, reserve: Money, escalation: Ratio, rounds: NonZeroU32) -> Self {
        Self { reserve, escalation, rounds, ..self }
    }

    /// The same, to be announced once these are done.
    #[must_use]
    pub fn after(self, tasks: impl IntoIterator<Item = TaskId>) -> Self {
        Self { after: tasks.into_iter().collect(), ..self }
    }

    /// The same, declared to be idempotent.
    #[must_use]
    pub fn idempotent(self) -> Self {
        Self { idempotent: true, ..self }
    }
}

/// A ratio of integers that is at least one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "(u32, u32)", into = "(u32, u32)")
)]
pub struct Ratio {
    /// `numerator >= denominator > 0`.
    numerator: u32,
    denominator: u32,
}

/// A ratio that would let a reserve shrink, or of nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reserve cannot grow by {numerator}/{denominator}: the ratio must be at least one")]
pub struct RatioTooSmall {
    /// The numerator that was given.
    pub numerator: u32,
    /// The denominator that was given.
    pub denominator: u32,
}

impl Ratio {
    /// The reserve stays as it is.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// `numerator / denominator`.
    ///
    /// # Errors
    /// [`RatioTooSmall`] if that is less than one, or the denominator is 0.
    pub const fn new(numerator: u32, denominator: u32) -> Result<Self, RatioTooSmall> {
        if denominator == 0 || numerator < denominator {
            return Err(RatioTooSmall { numerator, denominator });
        }
        Ok(Self { numerator, denominator })
    }

    /// The amount times the ratio, rounded up, or the greatest amount if that is greater still. With
    /// a ratio above one every amount but 0 grows, so the reserve reaches any cost in the end.
    #[must_use]
    pub fn raise(self, amount: Money) -> Money {
        let product = u128::from(amount.get()) * u128::from(self.numerator);
        let raised = product.div_ceil(u128::from(self.denominator));
        Money::new(u64::try_from(raised).unwrap_or(u64::MAX))
    }
}

impl TryFrom<(u32, u32)> for Ratio {
    type Error = RatioTooSmall;

    fn try_from((numerator, denominator): (u32, u32)) -> Result<Self, RatioTooSmall> {
        Self::new(numerator, denominator)
    }
}

impl From<Ratio> for (u32, u32) {
    fn from(ratio: Ratio) -> Self {
        (ratio.numerator, ratio.denominator)
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for Ratio {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let denominator = u.int_in_range(1..=u32::MAX)?;
        Ok(Self { numerator: u.int_in_range(denominator..=u32::MAX)?, denominator })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_grows_rounded_up_and_never_beyond_the_greatest_amount() {
        let by_half = Ratio::new(3, 2).expect("more than one");
        assert_eq!([0, 1, 2, 5].map(|amount| by_half.raise(Money::new(amount)).get()), [0, 2, 3, 8]);
        assert_eq!(by_half.raise(Money::new(u64::MAX)), Money::new(u64::MAX));
        assert_eq!(Ratio::ONE.raise(Money::new(7)), Money::new(7));
    }

    #[test]
    fn a_ratio_below_one_is_refused_with_its_numbers() {
        let refused = Ratio::new(2, 3).expect_err("less than one");
        let text = "a reserve cannot grow by 2/3: the ratio must be at least one";
        assert_eq!(alloc::format!("{refused}"), text);
        assert!(Ratio::new(1, 0).is_err());
    }
}
