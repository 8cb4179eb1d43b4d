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
//! **Not promised.** Truth: an agent that knows that it is tried may bid accordingly. Vectors
//! whose squares, over the ridge, come near 2^52 leave nothing of the ridge but rounding: scale features to
//! about 1.

use alloc::vec;
use alloc::vec::Vec;

use crate::auction::cost_model::finite::{Finite, Unusable};

/// What is known of the weights: one for each agent, or one for all with vectors that describe both
/// task and agent. `dimension^2` numbers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Image"))]
pub struct LinUcb {
    /// Above 0.
    ridge: Finite,
    /// The lower triangle `L` of `A = L L'`, row by row, with zeros above it; above 0 on its diagonal. So
    /// `|x|^2` is a sum of squares, whatever is rounded.
    factor: Vec<Finite>,
    /// The sum of the vectors, each times its reward. Its length is the dimension.
    moment: Vec<Finite>,
}

impl LinUcb {
    /// Without reports. The greater the ridge, the more are weights believed to be near 0.
    ///
    /// # Errors
    /// [`Unusable::NotPositive`] for a ridge that is not above 0, [`Unusable::Dimension`] without a dimension.
    pub fn new(dimension: usize, ridge: Finite) -> Result<Self, Unusable> {
        if dimension == 0 {
            return Err(Unusable::Dimension { expected: 1, given: 0 });
        }
        let (mut factor, moment) = (vec![Finite::ZERO; dimension * dimension], vec![Finite::ZERO; dimension]);
        let diagonal = Finite::new(libm::sqrt(ridge.above_zero()?.get()))?;
        factor.iter_mut().step_by(dimension + 1).for_each(|cell| *cell = diagonal);
        Ok(Self { ridge, factor, moment })
    }

    /// This reward was had with this vector: the factor of `A + x x'`, by a rotation for each number of it
    /// (Golub and Van Loan, "Matrix Computations", 6.5). O(d^2).
    ///
    /// # Errors
    /// [`Unusable::Dimension`] for a vector of another length; [`Unusable::NotFinite`] if the result is
    /// beyond what numbers hold.
    pub fn observe(&mut self, x: &[Finite], reward: Finite) -> Result<(), Unusable> {
        let dimension = self.of_length(x)?;
        let mut factor: Vec<f64> = self.factor.iter().map(|cell| cell.get()).collect();
        let mut rest: Vec<f64> = x.iter().map(|x| x.get()).collect();
        for k in 0..dimension {
            let (was, turned) = (factor[k * dimension + k], rest[k]);
            let is = libm::hypot(was, turned);
            let (cos, sin) = (was / is, turned / is);
            factor[k * dimension + k] = is;
            for i in k + 1..dimension {
                let (below, left) = (factor[i * dimension + k], rest[i]);
                factor[i * dimension + k] = cos * below + sin * left;
                rest[i] = cos * left - sin * below;
            }
        }
        let moment = self.moment.iter().zip(x).map(|(sum, x)| sum.get() + x.get() * reward.get());
        let moment = moment.map(Finite::new).collect::<Result<_, _>>()?;
        self.factor = factor.into_iter().map(Finite::new).collect::<Result<_, _>>()?;
        self.moment = moment;
        Ok(())
    }

    /// The reward that is to be expected with this vector. O(d^2).
    ///
    /// # Errors
    /// As with [`LinUcb::observe`].
    pub fn expected(&self, x: &[Finite]) -> Result<Finite, Unusable> {
        let (x, moment) = (self.solved(x)?, self.solved(&self.moment)?);
        Finite::new(x.iter().zip(moment).map(|(a, b)| a * b).sum())
    }

    /// `|x|`: how little is known in the direction of this vector. O(d^2).
    ///
    /// # Errors
    /// As with [`LinUcb::observe`].
    pub fn width(&self, x: &[Finite]) -> Result<Finite, Unusable> {
        Finite::new(libm::sqrt(self.solved(x)?.iter().map(|y| y * y).sum()))
    }

    /// What is to be expected with this vector at best, within so many widths. Choose the greatest.
    /// O(d^2).
    ///
    /// # Errors
    /// As with [`LinUcb::observe`].
    pub fn index(&self, x: &[Finite], radius: Finite) -> Result<Finite, Unusable> {
        Finite::new(self.expected(x)?.get() + radius.get() * self.width(x)?.get())
    }

    /// The logarithm of the ratio of the determinant of `A` to what it was at first: at least 0. O(d).
    pub fn log_det_ratio(&self) -> Finite {
        let dimension = self.moment.len();
        let diagonal = self.factor.iter().step_by(dimension + 1);
        let ratio: f64 = diagonal.map(|cell| 2.0 * libm::log(cell.get()) - libm::log(self.ridge.get())).sum();
        Finite::new(ratio.max(0.0)).unwrap_or(Finite::ZERO)
    }

    /// Within how many widths all means are with a probability of at least `1 - miss`:
    /// `noise * sqrt(ln det ratio + 2 ln(1 / miss)) + sqrt(ridge) * norm`.
    ///
    /// # Errors
    /// [`Unusable::NotPositive`] for a `miss` that is not above 0, [`Unusable::NotFinite`] if the result
    /// is not a number, as for a `miss` far above 1.
    pub fn radius(&self, noise: Finite, norm: Finite, miss: Finite) -> Result<Finite, Unusable> {
        let surprise = self.log_det_ratio().get() - 2.0 * libm::log(miss.above_zero()?.get());
        Finite::new(noise.get() * libm::sqrt(surprise) + libm::sqrt(self.ridge.get()) * norm.get())
    }

    /// `L^-1 x`, of which the square is `|x|^2`.
    fn solved(&self, x: &[Finite]) -> Result<Vec<f64>, Unusable> {
        let dimension = self.of_length(x)?;
        let mut y: Vec<f64> = Vec::with_capacity(dimension);
        for (row, x) in self.factor.chunks(dimension).zip(x) {
            let known: f64 = row.iter().zip(&y).map(|(cell, y)| cell.get() * y).sum();
            let diagonal = row.get(y.len()).copied().unwrap_or(Finite::ONE);
            y.push((x.get() - known) / diagonal.get());
        }
        Ok(y)
    }

    fn of_length(&self, x: &[Finite]) -> Result<usize, Unusable> {
        let (expected, given) = (self.moment.len(), x.len());
        if expected == given { Ok(given) } else { Err(Unusable::Dimension { expected, given }) }
    }
}

/// What is known, as it is written down.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    ridge: Finite,
    factor: Vec<Finite>,
    moment: Vec<Finite>,
}

#[cfg(feature = "serde")]
impl TryFrom<Image> for LinUcb {
    type Error = Unusable;

    fn try_from(Image { ridge, factor, moment }: Image) -> Result<Self, Unusable> {
        let (dimension, given) = (moment.len(), factor.len());
        if dimension == 0 || given != dimension * dimension {
            return Err(Unusable::Dimension { expected: dimension * dimension, given });
        }
        ridge.above_zero()?;
        factor.iter().step_by(dimension + 1).try_for_each(|cell| cell.above_zero().map(drop))?;
        Ok(Self { ridge, factor, moment })
    }
}
