//! What an agent can do, and what a task needs.

use core::fmt;

/// A set of capabilities, as 64 bits. What each stands for is the host's affair.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Capabilities(u64);

/// A capability that is not below [`Capabilities::LIMIT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("capability {0} is out of range: capabilities are numbered 0 to 63")]
pub struct CapabilityOutOfRange(pub u8);

impl Capabilities {
    /// How many distinct capabilities there can be.
    pub const LIMIT: u8 = 64;

    /// No capability: what a task needs that everyone can do.
    pub const NONE: Self = Self(0);

    /// The set whose bit `i` says whether capability `i` is in it.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Bit `i` says whether capability `i` is in the set.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The set with these capabilities.
    ///
    /// # Errors
    /// [`CapabilityOutOfRange`] if one of them is not below 64.
    pub fn of(numbers: impl IntoIterator<Item = u8>) -> Result<Self, CapabilityOutOfRange> {
        numbers.into_iter().try_fold(Self::NONE, |set, number| {
            let bit = 1_u64.checked_shl(u32::from(number)).ok_or(CapabilityOutOfRange(number))?;
            Ok(Self(set.0 | bit))
        })
    }

    /// Whether everything that `needs` is in the set.
    pub const fn covers(self, needs: Self) -> bool {
        needs.0 & !self.0 == 0
    }

    /// How many there are.
    pub const fn len(self) -> u8 {
        self.0.count_ones() as u8
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The numbers of the capabilities, ascending.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..Self::LIMIT).filter(move |number| self.0 & (1 << number) != 0)
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
