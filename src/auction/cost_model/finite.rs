//! Numbers that are compared by what they are, and what cannot be learnt from.

use alloc::string::{String, ToString};
use core::cmp::Ordering;
use core::fmt;

/// A number that is neither infinite nor NaN, with one zero: so it is equal to itself, has an order
/// and a hash, and two that are equal have the same bits.
///
/// As text it is the shortest decimal that reads back as the same number, so that whatever format it
/// is kept in, none of it is lost: readers of JSON may take a number of JSON for its neighbour.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "String", into = "String")
)]
pub struct Finite {
    /// Those of a finite number that is not `-0`.
    bits: u64,
}

/// What nothing can be learnt from. Whatever was to be learnt it is then as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// A number that was given, or the result, is infinite or not a number.
    #[error("not a finite number")]
    NotFinite,
    /// A variance or a weight that is below zero.
    #[error("{0} is below zero")]
    Negative(Finite),
    /// A noise or a weight that is not above zero.
    #[error("{0} is not above zero")]
    NotPositive(Finite),
    /// A reward that is not from 0 to 1.
    #[error("a reward of {0} is not from 0 to 1")]
    Reward(Finite),
    /// A vector of another length.
    #[error("a vector of {given} numbers, where {expected} are needed")]
    Dimension {
        /// How many there must be.
        expected: usize,
        /// How many there are.
        given: usize,
    },
    /// A text that is not a number.
    #[error("not a number")]
    NotANumber,
}

impl Finite {
    /// 0.
    pub const ZERO: Self = Self { bits: 0 };
    /// 1.
    pub const ONE: Self = Self { bits: 1.0_f64.to_bits() };

    /// The number.
    ///
    /// # Errors
    /// [`Unusable::NotFinite`] if it is infinite or not a number.
    pub fn new(number: f64) -> Result<Self, Unusable> {
        // Adding 0 turns -0 into 0.
        let bits = (number + 0.0).to_bits();
        number.is_finite().then_some(Self { bits }).ok_or(Unusable::NotFinite)
    }

    /// The number.
    pub const fn get(self) -> f64 {
        f64::from_bits(self.bits)
    }

    /// The nearest amount: 0 if it is below, the greatest if it is above.
    pub fn to_amount(self) -> u64 {
        libm::round(self.get()) as u64
    }

    pub(super) fn at_least_zero(self) -> Result<Self, Unusable> {
        if self < Self::ZERO { Err(Unusable::Negative(self)) } else { Ok(self) }
    }

    pub(super) fn above_zero(self) -> Result<Self, Unusable> {
        if self <= Self::ZERO { Err(Unusable::NotPositive(self)) } else { Ok(self) }
    }
}

/// An amount or a count; above 2^53 the nearest number that there is.
impl From<u64> for Finite {
    fn from(amount: u64) -> Self {
        Self { bits: (amount as f64).to_bits() }
    }
}

impl Ord for Finite {
    fn cmp(&self, other: &Self) -> Ordering {
        self.get().total_cmp(&other.get())
    }
}

impl PartialOrd for Finite {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Finite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl fmt::Debug for Finite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.get(), f)
    }
}

impl From<Finite> for String {
    fn from(number: Finite) -> Self {
        number.to_string()
    }
}

impl TryFrom<String> for Finite {
    type Error = Unusable;

    fn try_from(text: String) -> Result<Self, Unusable> {
        Self::new(text.parse().map_err(|_| Unusable::NotANumber)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_is_refused_and_there_is_one_zero() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Finite::new(number), Err(Unusable::NotFinite));
        }
        assert_eq!(Finite::new(-0.0), Ok(Finite::ZERO));
        assert!(Finite::new(-1.0).expect("finite") < Finite::ZERO);
    }

    #[test]
    fn a_text_reads_back_as_the_same_number() {
        for number in [0.1 + 0.2, 1e308, 5e-324, -1.0 / 3.0, 0.0] {
            let number = Finite::new(number).expect("finite");
            assert_eq!(Finite::try_from(String::from(number)), Ok(number));
        }
        assert_eq!(Finite::try_from(String::from("inf")), Err(Unusable::NotFinite));
        assert_eq!(Finite::try_from(String::from("two")), Err(Unusable::NotANumber));
    }

    #[test]
    fn amounts_are_rounded_and_kept_within_what_there_is() {
        let amount = |number| Finite::new(number).map(Finite::to_amount);
        assert_eq!([-3.0, 0.4, 0.5, 1e30].map(amount), [Ok(0), Ok(0), Ok(1), Ok(u64::MAX)]);
    }
}
