//! Bids of agents that misjudge themselves, made comparable: `cost = bias + scale * bid`, learnt for
//! each agent from what it bid and what the work cost.
//!
//! Language models misjudge what their work costs (MarketBench: Fradkin and Krishnan 2026, arXiv
//! 2604.23897). So what is compared is the cost to be expected after a bid, and not the bid.
//!
//! **Theorem** (Bayesian linear regression; Hoerl and Kennard, "Ridge Regression", 1970). If costs are a
//! line of the bids plus independent normal noise of one variance, and bias and scale are normal by the
//! prior around 0 and 1, then [`Calibration::expected`] is the posterior mean, as long as its scale is not
//! below 0: no other estimate has a smaller expected square error. If the agent's bids differ, it tends to the line as reports come in,
//! whatever the prior.
//!
//! **Conditions.** The line does not change, and costs are seen whoever wins, or whether they are seen
//! does not depend on their noise. A scale below 0, where a higher bid would promise a lower cost, is
//! taken for 0: then the bid says nothing.
//!
//! **Not promised.** An agent that knows that it is calibrated may bid so as to teach a false line: what
//! is learnt in one round changes the next, so truth is dominant in a single round only, and only if
//! the price is computed on the scale of its own bids.

use crate::auction::cost_model::finite::{Finite, Unusable};

/// What is known of one bidder: sums of least squares around their means, so that nothing is lost in
/// differences of great numbers. The prior is a report among the others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Image"))]
pub struct Calibration {
    /// How many reports, with those that the prior counts for: above 0.
    weight: Finite,
    /// The mean of the bids.
    bid: Finite,
    /// The mean of what the cost was above the bid.
    excess: Finite,
    /// The sum of the squares of the bids, from their mean: above 0.
    spread: Finite,
    /// The sum of the products of both, from their means.
    joint: Finite,
}

impl Calibration {
    /// Of a bidder of whom nothing is known: its bids are taken for what they say.
    ///
    /// `bias` is how many reports the belief in a bias of 0 counts for: the variance of the noise by
    /// that of the bias. `scale` is what the belief in a scale of 1 counts for: the variance of the
    /// noise by that of the scale, in squares of bids; `n` bids that lie `d` from their mean count for
    /// `n * d * d`.
    ///
    /// # Errors
    /// [`Unusable::NotPositive`] if one of them is not above 0.
    pub fn new(bias: Finite, scale: Finite) -> Result<Self, Unusable> {
        let (weight, spread) = (bias.above_zero()?, scale.above_zero()?);
        Ok(Self { weight, bid: Finite::ZERO, excess: Finite::ZERO, spread, joint: Finite::ZERO })
    }

    /// What is known after work that cost this much, for which the agent had bid that. O(1).
    ///
    /// # Errors
    /// [`Unusable::NotFinite`] if the result is beyond what numbers hold.
    pub fn observe(&self, bid: Finite, cost: Finite) -> Result<Self, Unusable> {
        let weight = self.weight.get() + 1.0;
        let excess = cost.get() - bid.get();
        let (bid_off, excess_off) = (bid.get() - self.bid.get(), excess - self.excess.get());
        let share = self.weight.get() / weight;
        Ok(Self {
            weight: Finite::new(weight)?,
            bid: Finite::new(self.bid.get() + bid_off / weight)?,
            excess: Finite::new(self.excess.get() + excess_off / weight)?,
            spread: Finite::new(self.spread.get() + share * bid_off * bid_off)?,
            joint: Finite::new(self.joint.get() + share * bid_off * excess_off)?,
        })
    }

    /// By how much the cost to be expected grows with the bid: at least 0.
    ///
    /// # Errors
    /// [`Unusable::NotFinite`] if that is beyond what numbers hold.
    pub fn scale(&self) -> Result<Finite, Unusable> {
        Finite::new((1.0 + self.joint.get() / self.spread.get()).max(0.0))
    }

    /// The cost to be expected after this bid. It never falls as the bid grows.
    ///
    /// # Errors
    /// [`Unusable::NotFinite`] if that is beyond what numbers hold.
    pub fn expected(&self, bid: Finite) -> Result<Finite, Unusable> {
        let mean = self.bid.get() + self.excess.get();
        Finite::new(mean + self.scale()?.get() * (bid.get() - self.bid.get()))
    }
}

/// What is known, as it is written down.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    weight: Finite,
    bid: Finite,
    excess: Finite,
    spread: Finite,
    joint: Finite,
}

#[cfg(feature = "serde")]
impl TryFrom<Image> for Calibration {
    type Error = Unusable;

    fn try_from(Image { weight, bid, excess, spread, joint }: Image) -> Result<Self, Unusable> {
        Ok(Self { weight: weight.above_zero()?, bid, excess, spread: spread.above_zero()?, joint })
    }
}
