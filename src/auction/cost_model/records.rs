//! What is known of every agent: a fold over the reports of finished work.
//!
//! What was learnt is a function of the reports and their order. So a ledger's history gives it again,
//! and replicas of one log have equal records.

use alloc::collections::BTreeMap;
use core::num::NonZeroU32;

use crate::auction::cost_model::calibration::Calibration;
use crate::auction::cost_model::conformal::{Coverage, Times};
use crate::auction::cost_model::finite::{Finite, Unusable};
use crate::auction::cost_model::normal::{Dynamics, Normal};

/// Work that was accepted: what was bid, and what came of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Report {
    /// The number of the agent.
    pub agent: u32,
    /// What the task needed; of several capabilities the one that the host takes for the main one.
    pub capability: u8,
    /// The cost that was bid.
    pub bid: u64,
    /// The cost that it was, in the same unit.
    pub cost: u64,
    /// The time that was bid.
    pub estimate: u64,
    /// The time that it was, in the same unit.
    pub time: u64,
}

/// What is believed of an agent before it has reported anything.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Settings {
    /// What a task costs.
    pub prior: Normal,
    /// How that moves, and how much tasks differ.
    pub dynamics: Dynamics,
    /// What bids are worth.
    pub calibration: Calibration,
    /// How many times are kept, of each agent and capability.
    pub window: NonZeroU32,
}

/// What is known of each agent, for each capability.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Records {
    settings: Settings,
    agents: BTreeMap<u32, BTreeMap<u8, Record>>,
}

/// What is known of one agent, for one capability.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Record {
    /// What the next task is believed to cost.
    pub cost: Normal,
    /// What its bids are worth.
    pub calibration: Calibration,
    /// How its times compare with its estimates.
    pub times: Times,
}

impl Records {
    /// Without reports.
    pub const fn new(settings: Settings) -> Self {
        Self { settings, agents: BTreeMap::new() }
    }

    /// Learns from a report: all of it or, if it is refused, nothing. O(log n) for n agents.
    ///
    /// # Errors
    /// [`Unusable::NotFinite`] if a result is beyond what numbers hold.
    pub fn learn(&mut self, report: &Report) -> Result<(), Unusable> {
        let Settings { dynamics, .. } = self.settings;
        let known = self.agents.get(&report.agent).and_then(|record| record.get(&report.capability));
        let (cost, calibration) = known.map_or_else(
            || (self.settings.prior, self.settings.calibration),
            |known| (known.cost, known.calibration),
        );
        let (bid, costs) = (Finite::from(report.bid), Finite::from(report.cost));
        let cost = dynamics.observe(cost, costs)?;
        let calibration = calibration.observe(bid, costs)?;
        let window = self.settings.window;
        let new = || Record { cost, calibration, times: Times::new(window) };
        let of_agent = self.agents.entry(report.agent).or_default();
        let record = of_agent.entry(report.capability).or_insert_with(new);
        (record.cost, record.calibration) = (cost, calibration);
        record.times.observe(report.estimate, report.time);
        Ok(())
    }

    /// What is known of this agent and capability; `None` if it has not reported.
    pub fn of(&self, agent: u32, capability: u8) -> Option<&Record> {
        self.agents.get(&agent)?.get(&capability)
    }

    /// What a task costs this agent, as is believed.
    pub fn cost(&self, agent: u32, capability: u8) -> Normal {
        self.of(agent, capability).map_or(self.settings.prior, |record| record.cost)
    }

    /// What a task for which the agent bids this much is expected to cost: what is to be compared in
    /// place of the bid.
    ///
    /// # Errors
    /// [`Unusable::NotFinite`] if that is beyond what numbers hold.
    pub fn calibrated(&self, agent: u32, capability: u8, bid: u64) -> Result<u64, Unusable> {
        let known = self.of(agent, capability).map_or(&self.settings.calibration, |it| &it.calibration);
        known.expected(Finite::from(bid)).map(Finite::to_amount)
    }

    /// By when a task that the agent estimates at this time will be done, in all but a part of the
    /// cases; `None` while there are too few reports.
    pub fn done_within(&self, agent: u32, capability: u8, estimate: u64, coverage: Coverage) -> Option<u64> {
        self.of(agent, capability)?.times.bound(estimate, coverage)
    }
}
