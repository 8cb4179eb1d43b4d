//! The messages between a manager and its contractors (Smith 1980; FIPA SC00029).
//!
//! Each names its task, and its round or its epoch, which its receiver compares for equality. So a
//! message that comes late, or twice, is known for what it is.
//!
//! | here | Smith 1980 | FIPA SC00029 |
//! |---|---|---|
//! | [`Message::Announce`] | task announcement | cfp |
//! | [`Message::Bid`] | bid | propose |
//! | [`Message::Refuse`] | | refuse |
//! | [`Message::Award`] | announced award | accept-proposal |
//! | [`Message::Reject`] | | reject-proposal |
//! | [`Message::Claim`], [`Message::Go`] | acceptance, interim report | |
//! | [`Message::Decline`] | refusal | failure |
//! | [`Message::Report`] | final report | inform, failure |
//! | [`Message::ReportAck`] | | |
//! | [`Message::Cancel`] | termination | cancel |
//!
//! No message says until when. The time for bids is the manager's timer `Bids`, the validity of a bid
//! is its contractor's timer `Bid`, and a [claim](Claim) has a number in place of the time at which it
//! was sent: see [`lease`](crate::contract_net::lease). An award that a contractor holds and cannot
//! keep it reports as failed: that is its decommitment, and it is repeated until it is heard.

use crate::contract_net::award::Pricing;
use crate::contract_net::capabilities::Capabilities;
use crate::contract_net::ids::{BidId, Claim, Digest, Epoch, Money, Round, TaskId};
use crate::node::{Relabel, Renaming};

/// What the participants tell each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Message {
    /// From the manager: who does this?
    Announce {
        /// The task.
        task: TaskId,
        /// The round.
        round: Round,
        /// What is offered.
        offer: Offer,
    },
    /// I do, for this much.
    Bid {
        /// The task.
        task: TaskId,
        /// The round that is answered.
        round: Round,
        /// The bid.
        bid: Bid,
    },
    /// I do not.
    Refuse {
        /// The task.
        task: TaskId,
        /// The round that is answered.
        round: Round,
        /// Whether that is for lack of room: it says nothing of the price.
        busy: bool,
    },
    /// From the manager: the task is yours.
    Award {
        /// The task.
        task: TaskId,
        /// The epoch of the award.
        epoch: Epoch,
        /// The round of the bid.
        round: Round,
        /// The bid.
        bid: BidId,
        /// What will be paid.
        price: Money,
    },
    /// From the manager: the task is another's.
    Reject {
        /// The task.
        task: TaskId,
        /// The round of the bid.
        round: Round,
    },
    /// I hold the award, and have not stopped.
    Claim {
        /// The task.
        task: TaskId,
        /// The epoch of the award.
        epoch: Epoch,
        /// Which claim.
        claim: Claim,
    },
    /// From the manager: work, until the lease of this claim runs out.
    Go {
        /// The task.
        task: TaskId,
        /// The epoch of the award.
        epoch: Epoch,
        /// The claim that is granted.
        claim: Claim,
    },
    /// I do not take the award.
    Decline {
        /// The task.
        task: TaskId,
        /// The epoch of the award.
        epoch: Epoch,
    },
    /// This came of it. Repeated until it is acknowledged.
    Report {
        /// The task.
        task: TaskId,
        /// The epoch of the award.
        epoch: Epoch,
        /// What came of it.
        outcome: Outcome,
    },
    /// From the manager: I know, or it does not matter any more.
    ReportAck {
        /// The task.
        task: TaskId,
        /// The epoch of what is answered.
        epoch: Epoch,
        /// Which.
        ack: Ack,
    },
    /// From the manager: nobody wants the task done any more.
    Cancel {
        /// The task.
        task: TaskId,
        /// The epoch of the award.
        epoch: Epoch,
    },
}

/// What an announcement offers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Offer {
    /// What a contractor must be able to do.
    pub needs: Capabilities,
    /// The most that is paid.
    pub reserve: Money,
    /// How the price follows from the bids.
    pub pricing: Pricing,
    /// Whether the task may be begun twice.
    pub idempotent: bool,
}

/// A bid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Bid {
    /// Which bid of its bidder. Of two in one round the manager takes the later.
    pub id: BidId,
    /// What the bidder asks for.
    pub cost: Money,
    /// How well the task suits the bidder: the more the better.
    pub capability_match: u32,
    /// How long it will take: the less the better. The unit is the hosts'.
    pub time_estimate: u64,
}

/// What came of an award.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Outcome {
    /// The task is done.
    Done(Digest),
    /// It is not, and the contractor has stopped.
    Failed,
}

/// How a report, or a claim, was received.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Ack {
    /// The result is the one that is paid for.
    Accepted,
    /// The award is over: there is nothing to do any more and nothing to be paid.
    Stale,
}

impl Message {
    /// The task that it is about.
    pub const fn task(&self) -> TaskId {
        match self {
            Self::Announce { task, .. }
            | Self::Bid { task, .. }
            | Self::Refuse { task, .. }
            | Self::Award { task, .. }
            | Self::Reject { task, .. }
            | Self::Claim { task, .. }
            | Self::Go { task, .. }
            | Self::Decline { task, .. }
            | Self::Report { task, .. }
            | Self::ReportAck { task, .. }
            | Self::Cancel { task, .. } => *task,
        }
    }
}

impl Relabel for Message {
    /// Messages name nobody: who sent them and to whom is the network's knowledge.
    fn relabel(&self, _: &Renaming) -> Self {
        *self
    }
}
