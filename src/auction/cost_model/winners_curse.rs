//! Whom to choose by estimates that have noise.
//!
//! Whoever is chosen because its estimate is the lowest has probably been estimated too low: the work
//! costs more than was expected, and more so the more there are to choose from. That is the winner's
//! curse (Capen, Clapp and Campbell, "Competitive Bidding in High-Risk Situations", 1971; as the
//! optimizer's curse Smith and Winkler, 2006).
//!
//! **Theorem** (Smith and Winkler 2006, section 3). Whoever is chosen by any function of the estimates,
//! its posterior mean is on average what it turns out to cost; and no choice costs less on average than
//! the lowest posterior mean. With equal prior and noise the choice is the same as by the raw estimates,
//! only the expectation is not; with unequal noise an estimate that is less certain is trusted less.
//!
//! **Conditions.** The prior is that of the agents, and the noise that of the estimates.
//!
//! **Not promised.** Truth: an estimate that an agent chooses is a bid, and this is no price rule.

use crate::auction::cost_model::normal::Normal;

/// The one with the lowest mean, which is to be the posterior one: [`Normal::given`] of the prior and
/// the estimate. Of equal means the least bidder. O(n).
pub fn cheapest<B: Ord>(beliefs: impl IntoIterator<Item = (B, Normal)>) -> Option<(B, Normal)> {
    let mean = |it: &(B, Normal)| it.1.mean();
    beliefs.into_iter().min_by(|a, b| (mean(a), &a.0).cmp(&(mean(b), &b.0)))
}
