//! How often events of some kinds may still happen in a whole run.

/// How many budgets there can be.
const MOST: usize = 4;

/// What is left of up to four budgets, in one number, so that a state stays small.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Budgets(u32);

impl Budgets {
    /// A budget that is never used up, and does not count down.
    pub const ENDLESS: u8 = u8::MAX;

    /// These budgets.
    ///
    /// # Panics
    /// With more than four.
    pub(crate) fn new(budgets: impl IntoIterator<Item = u8>) -> Self {
        let mut left = [0; MOST];
        for (i, budget) in budgets.into_iter().enumerate() {
            assert!(i < MOST, "there are {MOST} budgets of events at most");
            left[i] = budget;
        }
        Self(u32::from_le_bytes(left))
    }

    /// What is left of this one. There is nothing of one that does not exist.
    pub fn left(self, budget: usize) -> u8 {
        self.0.to_le_bytes().get(budget).copied().unwrap_or(0)
    }

    /// After one event that this one pays for. One that is used up stays so.
    #[must_use]
    pub(crate) fn less(self, budget: usize) -> Self {
        let mut left = self.0.to_le_bytes();
        if let Some(left) = left.get_mut(budget).filter(|left| **left != Self::ENDLESS) {
            *left = left.saturating_sub(1);
        }
        Self(u32::from_le_bytes(left))
    }

    /// How many events all of them that end pay for.
    pub(crate) fn finite(self) -> usize {
        let finite = self.0.to_le_bytes().into_iter().filter(|left| *left != Self::ENDLESS);
        finite.map(usize::from).sum()
    }

    /// All in one number: different budgets rarely have the same.
    pub(crate) fn mixed(self) -> u32 {
        self.0.wrapping_mul(0x85eb_ca6b)
    }
}

impl std::fmt::Debug for Budgets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.to_le_bytes().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_counts_down_to_nothing_unless_it_is_endless() {
        let all = Budgets::new([2, 255, 1]);
        let left = |budgets: Budgets| [0, 1, 2, 3, 4].map(|i| budgets.left(i));
        assert_eq!(left(all), [2, 255, 1, 0, 0]);
        let spent = [0, 1, 2, 2, 3, 4].into_iter().fold(all, Budgets::less);
        assert_eq!((left(spent), spent.finite()), ([1, 255, 0, 0, 0], 1));
        assert!(std::panic::catch_unwind(|| Budgets::new([0; 5])).is_err());
    }
}
