//! What an allocation was worth: value, cost, payment, and how near the optimum it came.
//!
//! Payments move money from the buyer to the agents: they decide who gains, not how much is gained. So
//! the welfare of an allocation is its value less its cost, whatever was paid.

/// What came of a task.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Deal {
    /// What the result is worth to the buyer.
    pub value: u64,
    /// What it cost the agent.
    pub cost: u64,
    /// What the agent was paid.
    pub payment: u64,
}

/// The sums over all deals, in one unit. They are exact: 2^63 deals of the greatest amounts fit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Welfare {
    deals: u64,
    value: i128,
    cost: i128,
    paid: i128,
}

impl Welfare {
    /// How many deals there were.
    pub const fn deals(&self) -> u64 {
        self.deals
    }

    /// What the results are worth.
    pub const fn value(&self) -> i128 {
        self.value
    }

    /// What they cost the agents.
    pub const fn cost(&self) -> i128 {
        self.cost
    }

    /// What the agents were paid.
    pub const fn paid(&self) -> i128 {
        self.paid
    }

    /// What everyone gained together: value less cost.
    pub const fn surplus(&self) -> i128 {
        self.value.saturating_sub(self.cost)
    }

    /// What the buyer gained: value less payment.
    pub const fn buyer_surplus(&self) -> i128 {
        self.value.saturating_sub(self.paid)
    }

    /// What the agents gained: payment less cost.
    pub const fn profit(&self) -> i128 {
        self.paid.saturating_sub(self.cost)
    }

    /// What is left of a budget; below 0 if more was paid.
    pub fn left_of(&self, budget: u64) -> i128 {
        i128::from(budget) - self.paid
    }

    /// The surplus beside the greatest that was possible; `None` if that is not above 0, for then
    /// there is no ratio.
    pub fn efficiency(&self, optimum: i128) -> Option<Efficiency> {
        (optimum > 0).then_some(Efficiency { surplus: self.surplus(), optimum })
    }
}

impl FromIterator<Deal> for Welfare {
    fn from_iter<I: IntoIterator<Item = Deal>>(deals: I) -> Self {
        let mut sums = Self::default();
        sums.extend(deals);
        sums
    }
}

impl Extend<Deal> for Welfare {
    fn extend<I: IntoIterator<Item = Deal>>(&mut self, deals: I) {
        for Deal { value, cost, payment } in deals {
            self.deals += 1;
            self.value += i128::from(value);
            self.cost += i128::from(cost);
            self.paid += i128::from(payment);
        }
    }
}

/// A surplus beside the greatest that was possible.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Efficiency {
    surplus: i128,
    /// Above 0.
    optimum: i128,
}

impl Efficiency {
    /// The ratio, as numerator and denominator. The denominator is above 0.
    pub const fn ratio(self) -> (i128, i128) {
        (self.surplus, self.optimum)
    }

    /// Whether the ratio is at least `numerator / denominator`, exactly.
    pub fn at_least(self, numerator: u32, denominator: core::num::NonZeroU32) -> bool {
        let (numerator, denominator) = (i128::from(numerator), i128::from(denominator.get()));
        // optimum * numerator / denominator, rounded up, in two parts so that it does not overflow
        // unless it is above every surplus.
        let (whole, rest) = (self.optimum / denominator, self.optimum % denominator);
        let rest = (rest * numerator + denominator - 1) / denominator;
        let needed = whole.checked_mul(numerator).and_then(|whole| whole.checked_add(rest));
        needed.is_some_and(|needed| self.surplus >= needed)
    }
}
