//! Whom to try: the index of Auer, Cesa-Bianchi and Fischer, "Finite-time Analysis of the Multiarmed
//! Bandit Problem", 2002 (UCB1).
//!
//! **Theorem** (theorem 1 there). If each agent's rewards are from 0 to 1, independent, and of one mean,
//! then after `T` choices among the same agents the expected regret, the reward that always choosing the
//! best would have brought beyond what was had, is at most
//! `8 sum(ln T / gap) + (1 + pi^2 / 3) sum(gap)`. The sums are over the agents below the best, and
//! `gap` is by how much the mean of each is below it.
//!
//! **Conditions.** Those above. A reward is the host's to define, such as the part of the value that is
//! left after the cost, or whether the result was good. Agents that learn or tire have no one mean.
//!
//! **Not promised.** Truth: an agent that knows that it is tried may bid accordingly.

use alloc::collections::BTreeMap;

use crate::auction::cost_model::finite::{Finite, Unusable};

/// What each agent has brought.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Ucb1<A: Ord> {
    arms: BTreeMap<A, Arm>,
    /// The sum of those of all arms.
    pulls: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
struct Arm {
    /// How often its reward was seen.
    pulls: u64,
    /// The sum of the rewards.
    total: Finite,
}

impl<A: Ord> Default for Ucb1<A> {
    fn default() -> Self {
        Self { arms: BTreeMap::new(), pulls: 0 }
    }
}

impl<A: Ord> Ucb1<A> {
    /// Whom of these to choose: whoever has not been tried, and then whoever may be the best. Of equal
    /// ones the least. `None` if there is nobody.
    ///
    /// O(n log m) for n of m agents.
    pub fn choose(&self, among: impl IntoIterator<Item = A>) -> Option<A> {
        let indexed = among.into_iter().map(|arm| (self.index(&arm), arm));
        let best = indexed.min_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.cmp(y)))?;
        Some(best.1)
    }

    /// This reward was had from the agent. O(log m).
    ///
    /// # Errors
    /// [`Unusable::Reward`] if it is not from 0 to 1.
    pub fn observe(&mut self, arm: A, reward: Finite) -> Result<(), Unusable> {
        if !(Finite::ZERO..=Finite::ONE).contains(&reward) {
            return Err(Unusable::Reward(reward));
        }
        let known = self.arms.entry(arm).or_default();
        known.total = Finite::new(known.total.get() + reward.get())?;
        known.pulls = known.pulls.saturating_add(1);
        self.pulls = self.pulls.saturating_add(1);
        Ok(())
    }

    /// How often the agent's reward was seen.
    pub fn pulls(&self, arm: &A) -> u64 {
        self.arms.get(arm).map_or(0, |arm| arm.pulls)
    }

    /// The mean reward and `sqrt(2 ln t / n)`; infinite for whoever has not been tried.
    fn index(&self, arm: &A) -> f64 {
        let Some(&Arm { pulls: 1.., total }) = self.arms.get(arm) else { return f64::INFINITY };
        let (pulls, all) = (self.pulls(arm) as f64, self.pulls.max(1) as f64);
        total.get() / pulls + libm::sqrt(2.0 * libm::log(all) / pulls)
    }
}
