//! Every decision of a contract net, one predicate each, with the rule that it comes from.
//!
//! [`Published`] is what ships: it has no size. The trait exists so that a test can take away one
//! rule and show that an invariant misses it: a rule whose loss nothing notices would be a rule that
//! nothing checks. *State table* is that of the [module](crate::contract_net).

use crate::contract_net::capabilities::Capabilities;
use crate::contract_net::ids::{BidId, Epoch, Money, Round, Tenure};
use crate::contract_net::lease::{self, Drift, LeaseError};
use crate::contract_net::ledger::Phase;
use crate::machine::Value;

/// When something can begin.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Moment {
    /// The contractor takes the award.
    Award,
    /// It sends a claim.
    Claim,
    /// It receives the grant of a claim.
    Go,
}

/// What an award and the bid that it rests on have in common.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Stake {
    /// The round.
    pub round: Round,
    /// The bid.
    pub bid: BidId,
    /// What was asked for, or what will be paid.
    pub amount: Money,
}

/// The rules of a contract net: of the ledger and its manager first, then of a contractor.
pub trait Rules: Value + Copy {
    /// Smith 1980, 3: a task is open for bids until it is awarded. State table, Bidding: while an
    /// award is in force, the task is not awarded to another.
    fn is_open(&self, phase: Phase) -> bool {
        phase == Phase::Bidding
    }

    /// State table, Bidding, Bid, if round = r: a bid answers one announcement, whose terms it
    /// accepts, and no other.
    fn is_of_round(&self, bid: Round, current: Round) -> bool {
        bid == current
    }

    /// Smith 1980, eligibility specification: only who can do a task is awarded it.
    fn is_capable(&self, has: Capabilities, needs: Capabilities) -> bool {
        has.covers(needs)
    }

    /// State table, Bidding, close: nobody is awarded more than it has room for.
    fn has_room(&self, load: u32, capacity: u32) -> bool {
        load < capacity
    }

    /// Vickrey 1961: a reserve is the most that is paid. State table, Bidding, close [best <=
    /// reserve].
    fn is_affordable(&self, price: Money, reserve: Money) -> bool {
        price <= reserve
    }

    /// State table, Awarded{e = ep + 1}: each award has an epoch of its own, a fencing token (Gray
    /// and Cheriton 1989 tell leases apart likewise). `None` after the last.
    fn award_epoch(&self, latest: Epoch) -> Option<Epoch> {
        latest.next()
    }

    /// State table, Awarded, resend timer; and the contractor's Report until Ack: what may be lost is
    /// said again.
    fn resends(&self) -> bool {
        true
    }

    /// State table, Awarded, Claim(e,a): a lease is extended for whoever holds it (Gray and Cheriton
    /// 1989, 2).
    fn claim_counts(&self, said: Tenure, current: Tenure) -> bool {
        said == current
    }

    /// State table, Awarded, Decline(e,a): an award can be declined, and not the one after it.
    fn decline_counts(&self, said: Tenure, current: Tenure) -> bool {
        said == current
    }

    /// State table, Awarded, Report(e,a): a report is of one award (FIPA SC00029, conversation
    /// identifiers); in any other epoch, or from another agent, it is stale.
    fn report_counts(&self, said: Tenure, current: Tenure) -> bool {
        said == current
    }

    /// State table, Awarded, Report Ok: a result is waited for while the award is in force: neither
    /// once it was accepted, nor after the task was cancelled (FIPA SC00029, cancel).
    fn awaits_report(&self, phase: Phase) -> bool {
        phase == Phase::Awarded
    }

    /// Gray and Cheriton 1989, 5: whoever grants a lease waits for longer than its holder, by as much
    /// as their clocks may differ.
    fn manager_lease(&self, contractor: u64, slack: u64, drift: Drift) -> Result<u64, LeaseError> {
        lease::manager_minimum(contractor, slack, drift)
    }

    /// State table, contractor, Award(e), if e > fence: an award is taken once, and none after a later
    /// one.
    fn may_hold(&self, epoch: Epoch, fence: Epoch) -> bool {
        epoch > fence
    }

    /// State table, contractor, Award, if own bid unexpired; FIPA SC00029: a proposal binds who made
    /// it, as long as it stands, to what it said.
    fn bid_stands(&self, own: Option<Stake>, award: Stake) -> bool {
        own.is_some_and(|own| own.round == award.round && own.bid == award.bid && own.amount <= award.amount)
    }

    /// State table, contractor, Award, if slot free: nobody works on more than it has room for.
    fn has_slot(&self, busy: u32, capacity: u32) -> bool {
        busy < capacity
    }

    /// Gray and Cheriton 1989, 5: the term of a lease is counted, by its holder, from when it asked
    /// for it, since it cannot know when it was granted.
    fn lease_begins(&self, at: Moment) -> bool {
        at == Moment::Claim
    }

    /// State table, contractor, Go -> Executing: work begins once a claim is granted.
    fn starts(&self, at: Moment) -> bool {
        at == Moment::Go
    }

    /// State table, contractor, Go(echo s), if now < s + L_c: a grant counts while the lease of its
    /// claim runs (Gray and Cheriton 1989, 2).
    fn go_counts(&self, running: bool) -> bool {
        running
    }

    /// State table, contractor, restart: what was begun may be begun again only if it is declared
    /// idempotent.
    fn may_resume(&self, idempotent: bool) -> bool {
        idempotent
    }

    /// Guarantee G11: a resource that was changed under a later award is not changed under an
    /// earlier one (Gray and Cheriton 1989, 2, on writes that are delayed).
    fn passes_gate(&self, epoch: Epoch, latest: Epoch) -> bool {
        epoch >= latest
    }
}

/// The rules as they are: what ships.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Published;

impl Rules for Published {}
