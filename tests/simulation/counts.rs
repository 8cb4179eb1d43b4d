//! What happened in a run, so that a test can tell that it was not about nothing.

use std::collections::BTreeMap;

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum What {
    Steps,
    Leaders,
    Crashes,
    CrashesWithinAStep,
    WritesLost,
    MessagesLost,
    MessagesRepeated,
    Partitions,
    Committed,
    Truncations,
    Compactions,
    SnapshotsInstalled,
    SnapshotsThatWereKnown,
    ChangesBegun,
    ChangesDone,
    ChangesOfLearnersOnly,
    LeadersThatResigned,
    TransfersDone,
    TransfersGivenUp,
    ReadsAnswered,
    ReadsRefused,
    LeasesRead,
    LeasesEnded,
    LeasesHandedOver,
    /// Which another had outrun.
    StaleLeadersWithoutLease,
    ProposalsPassedOn,
    ProposalsRefused,
    DisksThatCaughtUp,
    EndsWithADeadServer,
}

impl What {
    pub(crate) const ALL: [Self; 29] = [
        Self::Steps,
        Self::Leaders,
        Self::Crashes,
        Self::CrashesWithinAStep,
        Self::WritesLost,
        Self::MessagesLost,
        Self::MessagesRepeated,
        Self::Partitions,
        Self::Committed,
        Self::Truncations,
        Self::Compactions,
        Self::SnapshotsInstalled,
        Self::SnapshotsThatWereKnown,
        Self::ChangesBegun,
        Self::ChangesDone,
        Self::ChangesOfLearnersOnly,
        Self::LeadersThatResigned,
        Self::TransfersDone,
        Self::TransfersGivenUp,
        Self::ReadsAnswered,
        Self::ReadsRefused,
        Self::LeasesRead,
        Self::LeasesEnded,
        Self::LeasesHandedOver,
        Self::StaleLeadersWithoutLease,
        Self::ProposalsPassedOn,
        Self::ProposalsRefused,
        Self::DisksThatCaughtUp,
        Self::EndsWithADeadServer,
    ];
}

#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Counts(BTreeMap<What, u64>);

impl Counts {
    pub(crate) fn add(&mut self, what: What, count: u64) {
        *self.0.entry(what).or_default() += count;
    }

    pub(crate) fn of(&self, what: What) -> u64 {
        self.0.get(&what).copied().unwrap_or_default()
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(what, count)| self.add(*what, *count));
    }
}
