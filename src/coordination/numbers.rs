//! The numbers that the formulas take, each checked once, when it is made.
//!
//! A magnitude is 0 or lies in [[`LEAST`], [`GREATEST`]]. That is wider than from the shortest time to
//! the longest that there has been, and so narrow that no formula of this module overflows. So each is
//! total: what it says has no limit is an [`Option`], and neither NaN nor infinity ever comes out.

use core::fmt;

/// The least magnitude that is not 0.
pub const LEAST: f64 = 1e-60;
/// The greatest magnitude.
pub const GREATEST: f64 = 1e60;

/// A number that is not what is asked for.
#[derive(Clone, Copy, PartialEq, Debug, thiserror::Error)]
#[error("{what} is {value}: it must be {domain}")]
pub struct OutOfDomain {
    /// What the number stands for.
    pub what: &'static str,
    /// The number.
    pub value: f64,
    /// What it must be.
    pub domain: &'static str,
}

/// A newtype of f64 that its domain's predicate lets in.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $what:literal, $domain:literal, |$value:ident| $within:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
        #[cfg_attr(
            feature = "serde",
            derive(serde::Serialize, serde::Deserialize),
            serde(into = "f64", try_from = "f64")
        )]
        pub struct $name(f64);

        impl $name {
            #[doc = concat!("Domain: ", $domain, ".\n\n# Errors\n[`OutOfDomain`] if it is not.")]
            pub fn new($value: f64) -> Result<Self, OutOfDomain> {
                // No comparison holds of a NaN.
                if $within {
                    Ok(Self($value))
                } else {
                    Err(OutOfDomain { what: $what, value: $value, domain: $domain })
                }
            }

            /// The number itself.
            pub fn get(self) -> f64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl TryFrom<f64> for $name {
            type Error = OutOfDomain;

            fn try_from(value: f64) -> Result<Self, OutOfDomain> {
                Self::new(value)
            }
        }

        impl From<$name> for f64 {
            fn from(number: $name) -> Self {
                number.0
            }
        }
    };
}

number! {
    /// A part of a whole: a parallel or serial fraction, a contention.
    Fraction, "the fraction", "0 or from 1e-60 to 1", |value| value == 0.0 || (LEAST..=1.0).contains(&value)
}
number! {
    /// A magnitude that may be absent: a price, a coherency. Its unit is that of its use.
    NonNegative, "the magnitude", "0 or from 1e-60 to 1e60",
    |value| value == 0.0 || (LEAST..=GREATEST).contains(&value)
}
number! {
    /// A magnitude that there must be: work, a duration, a rate. Its unit is that of its use.
    Positive, "the magnitude", "from 1e-60 to 1e60", |value| (LEAST..=GREATEST).contains(&value)
}
number! {
    /// How many agents there are, where a law speaks of any real number of them: measured loads of
    /// multithreaded servers, optima between two whole numbers.
    Agents, "the number of agents", "from 1 to 4294967295",
    |value| (1.0..=u32::MAX as f64).contains(&value)
}
number! {
    /// The exponent of a power. More than 16 would say that two agents pay 65,536 times the price.
    Exponent, "the exponent", "from 1e-60 to 16", |value| (LEAST..=16.0).contains(&value)
}

impl NonNegative {
    /// Nothing.
    pub const ZERO: Self = Self(0.0);

    /// The magnitude, or the nearest that there is: 0 for what is less, and for a NaN.
    pub(crate) fn nearest(value: f64) -> Self {
        if value >= LEAST { Self(value.min(GREATEST)) } else { Self::ZERO }
    }
}

/// How many agents, or tasks, there are: at least 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "u32", try_from = "u32")
)]
pub struct Count(u32);

impl Count {
    /// A lone one.
    pub const ONE: Self = Self(1);

    /// Domain: at least 1.
    ///
    /// # Errors
    /// [`OutOfDomain`] if it is 0.
    pub fn new(value: u32) -> Result<Self, OutOfDomain> {
        if value == 0 {
            return Err(OutOfDomain { what: "the count", value: 0.0, domain: "at least 1" });
        }
        Ok(Self(value))
    }

    /// The nearest count at most `value`; 1 for what is less, and for a NaN.
    pub(crate) fn floor(value: f64) -> Self {
        // `as` saturates.
        Self((value as u32).max(1))
    }

    /// The nearest count that is at least `value`; 1 for a NaN.
    pub(crate) fn ceil(value: f64) -> Self {
        Self((libm::ceil(value) as u32).max(1))
    }

    /// The count, or 1 in place of 0.
    pub(crate) fn nearest(value: u32) -> Self {
        Self(value.max(1))
    }

    /// The count itself.
    pub fn get(self) -> u32 {
        self.0
    }

    /// The count as a real number: exact.
    pub fn real(self) -> f64 {
        f64::from(self.0)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<u32> for Count {
    type Error = OutOfDomain;

    fn try_from(value: u32) -> Result<Self, OutOfDomain> {
        Self::new(value)
    }
}

impl From<Count> for u32 {
    fn from(count: Count) -> Self {
        count.0
    }
}

impl From<Count> for Agents {
    fn from(count: Count) -> Self {
        Self(count.real())
    }
}

impl From<Fraction> for NonNegative {
    fn from(fraction: Fraction) -> Self {
        Self(fraction.0)
    }
}

impl From<Positive> for NonNegative {
    fn from(positive: Positive) -> Self {
        Self(positive.0)
    }
}
