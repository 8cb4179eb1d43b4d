//! What happened in a run.

use althing::contract_net::ledger::{Cause, Event as Entry, Reason};

/// What happened in a run, to see that it was not idle.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) awarded: u32,
    pub(crate) declined: u32,
    pub(crate) failed: u32,
    pub(crate) expired: u32,
    pub(crate) accepted: u32,
    pub(crate) cancelled: u32,
    pub(crate) nobody_capable: u32,
    pub(crate) no_bid: u32,
    pub(crate) too_low: u32,
    pub(crate) no_room: u32,
    pub(crate) dependency: u32,
    pub(crate) reannounced: u32,
    pub(crate) stopped: u32,
    pub(crate) crashes: u32,
    pub(crate) refused: u32,
    pub(crate) settled_stale: u32,
    pub(crate) executing: u32,
    /// Windows in which several tasks were awarded.
    pub(crate) windows: u32,
}

impl Counts {
    pub(crate) fn add(&mut self, entry: Entry) {
        let count = match entry {
            Entry::Created { .. } | Entry::Joined { .. } | Entry::Left { .. } => return,
            Entry::Awarded { .. } => &mut self.awarded,
            Entry::Released { cause: Cause::Declined, .. } => &mut self.declined,
            Entry::Released { cause: Cause::Failed, .. } => &mut self.failed,
            Entry::Released { cause: Cause::Expired, .. } => &mut self.expired,
            Entry::Accepted { .. } => &mut self.accepted,
            Entry::Cancelled { .. } => &mut self.cancelled,
            Entry::Reannounced { .. } => &mut self.reannounced,
            Entry::Unallocated { reason: Reason::NobodyCapable, .. } => &mut self.nobody_capable,
            Entry::Unallocated { reason: Reason::NoBid, .. } => &mut self.no_bid,
            Entry::Unallocated { reason: Reason::ReserveTooLow { .. }, .. } => &mut self.too_low,
            Entry::Unallocated { reason: Reason::NoRoom, .. } => &mut self.no_room,
            Entry::Unallocated { reason: Reason::Dependency(_), .. } => &mut self.dependency,
            Entry::Unallocated { reason: Reason::Released(_), .. } => return,
        };
        *count += 1;
    }

    pub(crate) fn plus(&mut self, other: Self) {
        let mut other = other;
        self.each_mut().into_iter().zip(other.each_mut()).for_each(|(sum, other)| *sum += *other);
    }

    pub(crate) fn each_mut(&mut self) -> [&mut u32; 18] {
        [
            &mut self.awarded,
            &mut self.declined,
            &mut self.failed,
            &mut self.expired,
            &mut self.accepted,
            &mut self.cancelled,
            &mut self.nobody_capable,
            &mut self.no_bid,
            &mut self.too_low,
            &mut self.no_room,
            &mut self.dependency,
            &mut self.reannounced,
            &mut self.stopped,
            &mut self.crashes,
            &mut self.refused,
            &mut self.settled_stale,
            &mut self.executing,
            &mut self.windows,
        ]
    }
}
