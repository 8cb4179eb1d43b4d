//! What would happen if a rule were missing, or a host broke the contract.
//!
//! The numbers are those of the table in [`althing::contract_net`]. Those from 14 to 18 need clocks, and
//! are not here, but for what 16 does to a contractor's fields.
//!
//! # What it cannot express
//!
//! | rule or invariant | why |
//! |---|---|
//! | `is_affordable` | the mechanism looks at the reserve first, so the ledger is never asked for more |
//! | `is_capable` | every contractor can do every task |
//! | `claim_counts`, `go_counts`, `lease_begins`, `manager_lease` | they are about the time for which two may work on a task: T1 |

use althing::contract_net::ids::{Epoch, Round, Tenure};
use althing::contract_net::ledger::Command;
use althing::contract_net::participant::Write;
use althing::contract_net::rules::{Moment, Stake};
use althing::contract_net::{Message, Phase, Published, Rules, contractor};
use althing::outbox::Op;

use super::Node;
use crate::cell::Tamper;
use crate::protocol::{self, Missing};

/// The published rules, less one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Broken {
    /// None is missing: for mutants of the host.
    Nothing,
    /// Who is full takes an award.
    HasSlot,
    /// A bid counts in any round.
    IsOfRound,
    /// What may be lost is not sent again.
    Resends,
    /// The second award has the epoch of the first.
    AwardEpoch,
    /// A report is of the task, whichever award it names.
    ReportCounts,
    /// A result is waited for also when there is one.
    AwaitsReportWhenDone,
    /// And when the task was cancelled.
    AwaitsReportWhenCancelled,
    /// An award is taken also a second time.
    MayHold,
    /// A decline is of the task.
    DeclineCounts,
    /// A task that was awarded is open for bids.
    IsOpen,
    /// An award binds whoever is awarded it.
    BidStands,
    /// Nobody asks whether there is room for an award.
    HasRoom,
    /// Work begins at the award.
    StartsAtAward,
    /// Whatever was begun is begun again.
    MayResume,
    /// A resource is changed under any award.
    PassesGate,
}

impl Missing for Broken {
    const NOTHING: Self = Self::Nothing;
}

impl Rules for Broken {
    fn is_open(&self, phase: Phase) -> bool {
        *self == Self::IsOpen && phase == Phase::Awarded || Published.is_open(phase)
    }

    fn is_of_round(&self, bid: Round, current: Round) -> bool {
        *self == Self::IsOfRound || Published.is_of_round(bid, current)
    }

    fn has_room(&self, load: u32, capacity: u32) -> bool {
        *self == Self::HasRoom || Published.has_room(load, capacity)
    }

    fn award_epoch(&self, latest: Epoch) -> Option<Epoch> {
        if *self == Self::AwardEpoch && latest > Epoch::default() {
            return Some(latest);
        }
        Published.award_epoch(latest)
    }

    fn resends(&self) -> bool {
        *self != Self::Resends && Published.resends()
    }

    fn decline_counts(&self, said: Tenure, current: Tenure) -> bool {
        *self == Self::DeclineCounts || Published.decline_counts(said, current)
    }

    fn report_counts(&self, said: Tenure, current: Tenure) -> bool {
        *self == Self::ReportCounts || Published.report_counts(said, current)
    }

    fn awaits_report(&self, phase: Phase) -> bool {
        *self == Self::AwaitsReportWhenDone && phase == Phase::Done
            || *self == Self::AwaitsReportWhenCancelled && phase == Phase::Cancelled
            || Published.awaits_report(phase)
    }

    fn may_hold(&self, epoch: Epoch, fence: Epoch) -> bool {
        *self == Self::MayHold && epoch == fence || Published.may_hold(epoch, fence)
    }

    fn bid_stands(&self, own: Option<Stake>, award: Stake) -> bool {
        *self == Self::BidStands || Published.bid_stands(own, award)
    }

    fn has_slot(&self, busy: u32, capacity: u32) -> bool {
        *self == Self::HasSlot || Published.has_slot(busy, capacity)
    }

    fn starts(&self, at: Moment) -> bool {
        if *self == Self::StartsAtAward { at == Moment::Award } else { Published.starts(at) }
    }

    fn may_resume(&self, idempotent: bool) -> bool {
        *self == Self::MayResume || Published.may_resume(idempotent)
    }

    fn passes_gate(&self, epoch: Epoch, latest: Epoch) -> bool {
        *self == Self::PassesGate || Published.passes_gate(epoch, latest)
    }
}

type Ops = Vec<Op<Node<Broken>>>;

/// What is written reaches the disk after everything else.
fn writes_last(mut ops: Ops) -> Ops {
    ops.sort_by_key(|op| matches!(op, Op::Write(_) | Op::Sync));
    ops
}

/// Awards never reach the disk.
fn no_awards(mut ops: Ops) -> Ops {
    ops.retain(|op| !matches!(op, Op::Write(Write::Manager(Command::Award { .. }))));
    ops
}

/// Nor do fences.
fn no_fences(mut ops: Ops) -> Ops {
    ops.retain(|op| !matches!(op, Op::Write(Write::Contractor(contractor::Write::Hold { .. }))));
    ops
}

/// Nobody is told that the task was awarded.
fn no_award_messages(mut ops: Ops) -> Ops {
    ops.retain(|op| !matches!(op, Op::Send { message: Message::Award { .. }, .. }));
    ops
}

/// A mutant of a participant.
pub type Mutant = protocol::Mutant<Broken, Node<Broken>>;

/// The mutants of the model.
pub static MUTANTS: [Mutant; 23] = [
    Mutant::of_rules(
        "eager-bidder",
        "1: has_slot",
        Broken::HasSlot,
        "WithinCapacity",
        &[("tasks", 2), ("contractors", 1), ("rounds", 1)],
    ),
    Mutant::of_rules(
        "stale-bid",
        "2: is_of_round",
        Broken::IsOfRound,
        "AwardOnBid",
        &[("contractors", 1), ("rounds", 2)],
    ),
    Mutant::of_rules(
        "never-sent-again",
        "3: resends",
        Broken::Resends,
        "Recoverability",
        &[("contractors", 1), ("rounds", 1)],
    ),
    Mutant::of_host(
        "award-never-sent",
        "3: the award is lost, each time (Smith 1980)",
        || Tamper { performs: no_award_messages, ..Tamper::default() },
        "Recoverability",
        &[("contractors", 1), ("rounds", 1)],
    ),
    Mutant::of_rules(
        "same-epoch-again",
        "4: award_epoch",
        Broken::AwardEpoch,
        "SingleAward",
        &[("rounds", 2)],
    ),
    Mutant::of_rules(
        "epochs-stand-still",
        "4: award_epoch, with one contractor",
        Broken::AwardEpoch,
        "EpochsAscend",
        &[("contractors", 1), ("rounds", 2)],
    ),
    Mutant::of_rules(
        "zombie",
        "5: report_counts",
        Broken::ReportCounts,
        "AcceptedCurrent",
        &[("contractors", 1), ("rounds", 2)],
    ),
    Mutant::of_rules(
        "accepted-again",
        "6: awaits_report",
        Broken::AwaitsReportWhenDone,
        "AcceptedOnce",
        &[("contractors", 1), ("rounds", 1)],
    ),
    Mutant::of_rules(
        "paid-again",
        "6: awaits_report, as the accounts have it",
        Broken::AwaitsReportWhenDone,
        "PaidOnce",
        &[("contractors", 1), ("rounds", 1)],
    ),
    Mutant::of_host(
        "award-before-write",
        "7: the award is sent first, and written then",
        || Tamper { performs: writes_last, ..Tamper::default() },
        "DurableBeforeAward",
        &[("rounds", 1)],
    ),
    Mutant::of_host(
        "award-lost-in-a-crash",
        "7: the award is sent first, and the manager crashes",
        || Tamper { performs: writes_last, ..Tamper::default() },
        "SingleAward",
        &[("rounds", 2), ("manager_crashes", 1)],
    ),
    Mutant::of_host(
        "epoch-forgotten",
        "8: awards are not on the disk",
        || Tamper { performs: no_awards, ..Tamper::default() },
        "SingleAward",
        &[("rounds", 2), ("manager_crashes", 1)],
    ),
    Mutant::of_host(
        "fence-forgotten",
        "9: fences are not on the disk",
        || Tamper { performs: no_fences, ..Tamper::default() },
        "StartedOnce",
        &[("contractors", 1), ("rounds", 1), ("contractor_crashes", 1)],
    ),
    Mutant::of_rules(
        "award-taken-twice",
        "10: may_hold",
        Broken::MayHold,
        "StartedOnce",
        &[("contractors", 1), ("rounds", 1)],
    ),
    Mutant::of_rules(
        "late-decline",
        "11: decline_counts",
        Broken::DeclineCounts,
        "ReleaseOnDecline",
        &[("contractors", 1), ("rounds", 2)],
    ),
    Mutant::of_rules(
        "resurrected",
        "12: awaits_report",
        Broken::AwaitsReportWhenCancelled,
        "AcceptedCurrent",
        &[("contractors", 1), ("rounds", 1), ("cancels", 1)],
    ),
    Mutant::of_rules("awarded-twice", "13: is_open", Broken::IsOpen, "ReleaseBeforeAward", &[("rounds", 2)]),
    Mutant::of_rules(
        "bid-binds-for-ever",
        "bid_stands",
        Broken::BidStands,
        "HoldsOnStandingBid",
        &[("contractors", 1), ("rounds", 1)],
    ),
    Mutant::of_rules(
        "begun-again",
        "may_resume",
        Broken::MayResume,
        "StartedOnce",
        &[("contractors", 1), ("rounds", 1), ("contractor_crashes", 1)],
    ),
    Mutant::of_rules("late-change", "passes_gate", Broken::PassesGate, "Fenced", &[("rounds", 2)]),
    Mutant::of_host(
        "report-before-write",
        "what a contractor says is sent first, and written then",
        || Tamper { performs: writes_last, ..Tamper::default() },
        "DurableBeforeReport",
        &[("contractors", 1), ("rounds", 1)],
    ),
    Mutant::of_rules(
        "work-without-a-grant",
        "16: starts, as the fields have it",
        Broken::StartsAtAward,
        "Sound",
        &[("contractors", 1), ("rounds", 1)],
    ),
    Mutant::of_rules(
        "no-room",
        "has_room",
        Broken::HasRoom,
        "AwardFits",
        &[("tasks", 2), ("contractors", 1), ("rounds", 1)],
    ),
];
