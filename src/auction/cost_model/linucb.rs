//! Whom to try, by what tasks and agents are like: linear rewards over a vector of features, such as the
//! capabilities that a task needs (LinUCB: Li, Chu, Langford and Schapire, "A Contextual-Bandit Approach
//! to Personalized News Article Recommendation", 2010; Abbasi-Yadkori, Pál and Szepesvári, "Improved
//! Algorithms for Linear Stochastic Bandits", 2011).
//!
//! With `A` the ridge times the identity plus the sum of `x x'` over all vectors seen, and `|x|` the
//! square root of `x' A^-1 x`:
//!
//! **Theorem** (2011, lemma 11). Over any sequence of vectors, `sum min(1, |x|^2) <= 2 ln det ratio`, the
//! ratio being that of the determinant of `A` to what it was at first. So there are few vectors that
//! much is learnt from. (2011, theorem 2.) If rewards are linear with weights of norm at most `S`, plus
//! noise that is `R`-sub-Gaussian, then with a probability of at least `1 - d` the mean of every vector
//! at every time is within [`LinUcb::radius`]`(R, S, d)` times `|x|` of what is estimated.
//!
//! **Conditions.** Rewards are linear and their weights do not change. Vectors may be chosen by anyone.
//!
//! **Not promised.** Truth: an agent that knows that it is tried may bid accordingly. With ever more
//! reports rounding adds up: after 10,000 the inverse was within 10^-9 of one that is computed anew
//! (`tests/auction/linucb.rs`).

use alloc::vec;
use alloc::vec::Vec;

use crate::auction::cost_model::finite::{Finite, Unusable};

/// What is known of the weights: one for each agent, or one for all with vectors that describe both
/// task and agent. `dimension^2` numbers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct LinUcb {
    ridge: Finite,
    /// `A^-1`, row by row; symmetric.
    inverse: Vec<Finite>,
    /// The sum of the vectors, each times its reward. Its length is the dimension.
    moment: Vec<Finite>,
    /// The logarithm of the ratio of the determinants. At least 0.
    log_det: Finite,
}

impl LinUcb {
    /// Without reports. The greater the ridge, the more are weights believed to be near 0.
    ///
    /// # Errors
    /// [`Unusable::NotPositive`] for a ridge that is not above 0, [`Unusable::NotFinite`] if there is no
    /// inverse of it, [`Unusable::Dimension`] without a dimension.
    pub fn new(dimension: usize, ridge: Finite) -> Result<Self, Unusable> {
        if dimension == 0 {
            return Err(Unusable::Dimension { expected: 1, given: 0 });
        }
        let (mut inverse, moment) =
            (vec![Finite::ZERO; dimension * dimension], vec![Finite::ZERO; dimension]);
        let diagonal = Finite::new(1.0 / ridge.above_zero()?.get())?;
        inverse.iter_mut().step_by(dimension + 1).for_each(|cell| *cell = diagonal);
        Ok(Self { ridge, inverse, moment, log_det: Finite::ZERO })
    }

    /// This reward was had with this vector: Sherman and Morrison 1950. O(d^2).
    ///
    /// # Errors
    /// [`Unusable::Dimension`] for a vector of another length; [`Unusable::NotFinite`] if the result is
    /// beyond what numbers hold.
    pub fn observe(&mut self, x: &[Finite], reward: Finite) -> Result<(), Unusable> {
        let toward = self.inverse_times(x)?;
        let grown = 1.0 + dot(x, &toward).max(0.0);
        let outer = toward.iter().flat_map(|a| toward.iter().map(move |b| a * b));
        let inverse = self.inverse.iter().zip(outer).map(|(cell, product)| cell.get() - product / grown);
        let moment = self.moment.iter().zip(x).map(|(sum, x)| sum.get() + x.get() * reward.get());
        let log_det = Finite::new(self.log_det.get() + libm::log(grown))?;
        let inverse = inverse.map(Finite::new).collect::<Result<_, _>>()?;
        self.moment = moment.map(Finite::new).collect::<Result<_, _>>()?;
        (self.inverse, self.log_det) = (inverse, log_det);
        Ok(())
    }

    /// The reward that is to be expected with this vector. O(d^2).
    ///
    /// # Errors
    /// As with [`LinUcb::observe`].
    pub fn expected(&self, x: &[Finite]) -> Result<Finite, Unusable> {
        Finite::new(dot(&self.moment, &self.inverse_times(x)?))
    }

    /// `|x|`: how little is known in the direction of this vector. O(d^2).
    ///
    /// # Errors
    /// As with [`LinUcb::observe`].
    pub fn width(&self, x: &[Finite]) -> Result<Finite, Unusable> {
        Finite::new(libm::sqrt(dot(x, &self.inverse_times(x)?).max(0.0)))
    }

    /// What is to be expected with this vector at best, within so many widths. Choose the greatest.
    /// O(d^2).
    ///
    /// # Errors
    /// As with [`LinUcb::observe`].
    pub fn index(&self, x: &[Finite], radius: Finite) -> Result<Finite, Unusable> {
        Finite::new(self.expected(x)?.get() + radius.get() * self.width(x)?.get())
    }

    /// The logarithm of the ratio of the determinant of `A` to what it was at first.
    pub const fn log_det_ratio(&self) -> Finite {
        self.log_det
    }

    /// Within how many widths all means are with a probability of at least `1 - miss`:
    /// `noise * sqrt(ln det ratio + 2 ln(1 / miss)) + sqrt(ridge) * norm`.
    ///
    /// # Errors
    /// [`Unusable::NotPositive`] for a `miss` that is not above 0, [`Unusable::NotFinite`] if the result
    /// is not a number, as for a `miss` far above 1.
    pub fn radius(&self, noise: Finite, norm: Finite, miss: Finite) -> Result<Finite, Unusable> {
        let surprise = self.log_det.get() - 2.0 * libm::log(miss.above_zero()?.get());
        Finite::new(noise.get() * libm::sqrt(surprise) + libm::sqrt(self.ridge.get()) * norm.get())
    }

    fn inverse_times(&self, x: &[Finite]) -> Result<Vec<f64>, Unusable> {
        let (expected, given) = (self.moment.len(), x.len());
        if expected != given || given == 0 {
            return Err(Unusable::Dimension { expected, given });
        }
        Ok(self
            .inverse
            .chunks(given)
            .map(|row| row.iter().zip(x).map(|(a, b)| a.get() * b.get()).sum())
            .collect())
    }
}

fn dot(a: &[Finite], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.get() * b).sum()
}
