//! Whom to try, by chance: each agent with the probability that it is the cheapest, by what is believed
//! (Thompson, "On the Likelihood that One Unknown Probability Exceeds Another", 1933).
//!
//! **Theorem.** Given independent beliefs, an agent is chosen with exactly the probability that its cost
//! is the lowest. If the beliefs started from the agents' prior and rewards lie within 1, the expected
//! regret over `T` choices among `n` is at most of the order of `sqrt(n T ln T)` (Russo and Van Roy,
//! "Learning to Optimize via Posterior Sampling", 2014, section 6).
//!
//! **Conditions.** The generator is uniform and independent of the costs. It is passed in: the same
//! generator and the same beliefs give the same choice.
//!
//! **Not promised.** Truth: an agent that knows that it is tried may bid accordingly.

use rand_core::RngCore;

use crate::auction::cost_model::finite::{Finite, Unusable};
use crate::auction::cost_model::normal::Normal;

/// Whoever has the lowest cost if one is drawn for each from what is believed of it; of equal ones the
/// least. `None` if there is nobody. Two numbers are taken from the generator for each, in order. O(n).
///
/// # Errors
/// [`Unusable::NotFinite`] if a cost that is drawn is beyond what numbers hold.
pub fn draw<A: Ord>(
    beliefs: impl IntoIterator<Item = (A, Normal)>,
    generator: &mut impl RngCore,
) -> Result<Option<A>, Unusable> {
    let mut lowest = None;
    for (arm, belief) in beliefs {
        let drawn = Some((sample(belief, generator)?, arm));
        if lowest.is_none() || drawn < lowest {
            lowest = drawn;
        }
    }
    Ok(lowest.map(|(_, arm)| arm))
}

/// Box and Muller 1958.
fn sample(belief: Normal, generator: &mut impl RngCore) -> Result<Finite, Unusable> {
    const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
    // Above 0, so that it has a logarithm, and at most 1.
    let radius = ((generator.next_u64() >> 11) + 1) as f64 * STEP;
    let turn = (generator.next_u64() >> 11) as f64 * STEP;
    let standard = libm::sqrt(-2.0 * libm::log(radius)) * libm::cos(core::f64::consts::TAU * turn);
    Finite::new(belief.mean().get() + libm::sqrt(belief.variance().get()) * standard)
}
