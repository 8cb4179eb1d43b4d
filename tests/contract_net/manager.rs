//! The state table of the manager, a sentence a test.

use althing::contract_net::ledger::{Cause, Command, Event as Entry, Reason, Refused};
use althing::contract_net::manager::{self, Input, Timer};
use althing::contract_net::{
    Ack, AgentId, Capabilities, Claim, Epoch, Ledger, Message, Money, Phase, Refusal, Round, TaskId, Tenure,
};
use althing::{NodeId, Op};

use crate::subject::*;

const OTHER: TaskId = TaskId::new(8);

fn tenure(epoch: u64, agent: u32) -> Tenure {
    Tenure { epoch: Epoch::new(epoch), agent: AgentId::new(agent) }
}

fn lease(epoch: u64, claim: u32) -> Timer {
    Timer::Lease(TASK, Epoch::new(epoch), Claim { start: 0, number: claim })
}

/// Smith 1980, 3: a task is announced to those that can do it, and bids are waited for.
#[test]
fn a_task_is_announced_to_the_capable() {
    let boss = Boss::bidding();
    assert_eq!(boss.sent(), [(1, announce(1)), (2, announce(1))]);
    assert!(boss.armed(Timer::Bids(TASK)) && boss.wrote());
}

/// Bidding(r): Bid [round = r, asked]: collect.
#[test]
fn a_bid_is_collected_once_a_bidder() {
    let mut boss = Boss::bidding();
    boss.hear(1, bids(1, bid(2, 40)));
    boss.hear(1, bids(1, bid(1, 10)));
    let auction = boss.machine.auction(TASK).expect("it is open");
    assert_eq!(auction.bids().collect::<Vec<_>>(), [(node(1), &bid(2, 40))], "the later number stands");
    assert!(!boss.wrote() && boss.sent().is_empty());
}

/// Bidding(r): a bid of another round counts for nothing.
#[test]
fn a_bid_of_another_round_is_refused() {
    let mut boss = Boss::bidding();
    boss.expire(Timer::Bids(TASK));
    boss.hear(1, bids(1, bid(1, 40)));
    let refusal = Refusal::Round { task: TASK, said: Round::new(1), current: Round::new(2) };
    assert_eq!(boss.refused(), Some(refusal));
    boss.hear(1, bids(3, bid(1, 40)));
    assert_eq!(boss.machine.auction(TASK).map(|it| it.bids().count()), Some(0));
}

/// Bidding(r): who was not asked has no say.
#[test]
fn a_bid_of_the_incapable_is_refused() {
    let mut boss = Boss::bidding();
    for stranger in [3, 9] {
        boss.hear(stranger, bids(1, bid(1, 1)));
        assert_eq!(boss.refused(), Some(Refusal::NotInvited { task: TASK, agent: node(stranger) }));
    }
}

/// Bidding(r): close [best <= reserve]: Awarded{e = ep + 1} is durable, then Award, Rejects.
#[test]
fn the_best_bid_is_awarded_and_the_award_is_durable_first() {
    let boss = Boss::awarded();
    assert_eq!(boss.sent(), [(1, award(1, 1, bid(1, 40))), (2, reject(1))]);
    assert!(boss.writes_first());
    assert!(boss.armed(lease(1, 0)) && boss.armed(Timer::Resend(TASK)));
    assert!(boss.disarmed(Timer::Bids(TASK)));
    let entry = Entry::Awarded { task: TASK, tenure: tenure(1, 1), price: Money::new(40) };
    assert_eq!(boss.entries(), [entry]);
}

/// Bidding(r): close: when time is up, whoever has not answered is not waited for.
#[test]
fn time_is_up_for_bids() {
    let mut boss = Boss::bidding();
    boss.hear(2, bids(1, bid(1, 45)));
    boss.expire(Timer::Bids(TASK));
    assert_eq!(boss.sent(), [(2, award(1, 1, bid(1, 45)))]);
}

/// Bidding(r): a refusal is an answer (FIPA SC00029, refuse).
#[test]
fn a_refusal_is_not_waited_for() {
    let mut boss = Boss::bidding();
    boss.hear(1, bids(1, bid(1, 45)));
    boss.hear(2, Message::Refuse { task: TASK, round: Round::new(1), busy: false });
    assert_eq!(boss.phase(), Phase::Awarded);
}

/// Bidding(r): close [none]: Round{r + 1}, and the reserve is raised; not before time is up.
#[test]
fn without_a_bid_within_the_reserve_there_is_another_round() {
    let mut boss = Boss::bidding();
    for bidder in [1, 2] {
        boss.hear(bidder, bids(1, bid(1, RESERVE + 1)));
    }
    assert_eq!(boss.phase(), Phase::Bidding, "the time that is left is a pause");
    boss.expire(Timer::Bids(TASK));
    let reserve = Money::new(75);
    assert_eq!(boss.entries(), [Entry::Reannounced { task: TASK, round: Round::new(2), reserve }]);
    let again = Message::Announce { task: TASK, round: Round::new(2), offer: offer(75) };
    assert_eq!(boss.sent(), [(1, again), (2, again)]);
    assert!(boss.armed(Timer::Bids(TASK)));
    boss.expire(Timer::Bids(TASK));
    boss.hear(1, bids(3, bid(1, RESERVE + 1)));
    boss.hear(2, bids(3, bid(1, RESERVE + 2)));
    assert_eq!(boss.phase(), Phase::Awarded, "the reserve has reached the cost");
}

/// Bidding(r): close [none] in the last round: Unallocated, with the reason.
#[test]
fn a_task_that_nobody_takes_is_given_up_and_says_why() {
    let last_round = |boss: &mut Boss| (1..ROUNDS).for_each(|_| boss.expire(Timer::Bids(TASK)));
    let mut silent = Boss::bidding();
    last_round(&mut silent);
    silent.expire(Timer::Bids(TASK));
    assert_eq!(silent.phase(), Phase::Unallocated(Reason::NoBid));
    let mut dear = Boss::bidding();
    last_round(&mut dear);
    dear.hear(1, bids(ROUNDS, bid(1, 1_000)));
    dear.expire(Timer::Bids(TASK));
    assert_eq!(dear.phase(), Phase::Unallocated(Reason::ReserveTooLow { lowest: Money::new(1_000) }));
    assert_eq!(dear.sent(), [(1, reject(ROUNDS))]);
    let mut alone = Boss::new();
    [1, 2].into_iter().for_each(|number| alone.asks(Input::Leave(node(number))));
    alone.create(TASK, terms());
    last_round(&mut alone);
    alone.expire(Timer::Bids(TASK));
    assert_eq!(alone.phase(), Phase::Unallocated(Reason::NobodyCapable));
}

/// Bidding: nobody is awarded more than it has room for; the next best is.
#[test]
fn the_best_bidder_with_room_is_awarded() {
    let mut boss = Boss::awarded();
    boss.create(OTHER, terms());
    for (bidder, cost) in [(1, 10), (2, 20)] {
        boss.hear(bidder, Message::Bid { task: OTHER, round: Round::new(1), bid: bid(1, cost) });
    }
    let holder = boss.machine.ledger().task(OTHER).and_then(|task| task.tenure());
    assert_eq!(holder, Some(tenure(1, 2)));
}

/// Bidding(r): close [none]: the reserve is raised if nobody bid below it, and not because somebody who
/// did, or would have, has no room; nor does the task end for that as if nobody had bid.
#[test]
fn a_lack_of_room_is_not_a_lack_of_bids() {
    let round = Round::new(1);
    for busy in [true, false] {
        let mut boss = Boss::bidding();
        boss.hear(1, Message::Refuse { task: TASK, round, busy });
        boss.expire(Timer::Bids(TASK));
        let reserve = boss.machine.ledger().task(TASK).map(|task| task.reserve);
        assert_eq!(reserve, Some(Money::new(if busy { RESERVE } else { 75 })));
    }
    let mut full = Boss::awarded();
    full.create(OTHER, terms());
    full.expire(Timer::Bids(OTHER));
    for round in 2..=ROUNDS {
        full.hear(1, Message::Bid { task: OTHER, round: Round::new(round), bid: bid(1, 40) });
        full.expire(Timer::Bids(OTHER));
    }
    let other = full.machine.ledger().task(OTHER).expect("it is there");
    assert_eq!(other.phase, Phase::Unallocated(Reason::NoRoom));
    assert_eq!(other.reserve, Money::new(75), "it was raised once, when nobody bid");
}

/// Awarded(e,a): Claim(e,a): grant := now; Go.
#[test]
fn a_claim_is_granted_and_the_lease_begins_anew() {
    let mut boss = Boss::awarded();
    boss.hear(1, claim(1, 4));
    assert_eq!(boss.sent(), [(1, go(1, 4))]);
    assert!(boss.armed(lease(1, 4)) && boss.disarmed(lease(1, 0)));
    assert!(boss.disarmed(Timer::Resend(TASK)) && !boss.wrote());
    for earlier in [4, 3] {
        boss.hear(1, claim(1, earlier));
        assert_eq!(boss.sent(), [(1, go(1, earlier))]);
        assert!(!boss.armed(lease(1, earlier)) && !boss.disarmed(lease(1, 4)), "its lease runs already");
    }
}

/// Any: a claim of another epoch or agent: Ack Stale.
#[test]
fn a_claim_of_another_award_is_stale() {
    let mut boss = Boss::awarded_again();
    for (from, epoch) in [(1, 1), (2, 2), (1, 3), (1, u64::MAX)] {
        boss.hear(from, claim(epoch, 1));
        assert_eq!(boss.sent(), [(from, ack(epoch, Ack::Stale))]);
        assert!(!boss.ops.iter().any(|op| matches!(op, Op::Arm(Timer::Lease(..)))));
    }
}

/// Awarded(e,a): Decline(e,a): Released{e, declined}; Bidding(r + 1).
#[test]
fn a_declined_award_is_released_and_the_task_announced_again() {
    let mut boss = Boss::awarded();
    boss.hear(1, decline(1));
    let (task, cause, next) = (TASK, Cause::Declined, Some(Round::new(2)));
    assert_eq!(boss.entries(), [Entry::Released { task, tenure: tenure(1, 1), cause, next }]);
    assert_eq!((boss.phase(), boss.round(), boss.sent().len()), (Phase::Bidding, 2, 2));
    assert!(boss.disarmed(lease(1, 0)) && boss.disarmed(Timer::Resend(TASK)));
}

/// Awarded(e,a): a decline of another award, or from another agent, is none of this one.
#[test]
fn a_decline_of_an_earlier_award_is_refused() {
    let mut boss = Boss::awarded_again();
    boss.hear(1, decline(1));
    let (said, current) = (tenure(1, 1), tenure(2, 1));
    assert_eq!(boss.refused_by_ledger(), Some(Refused::WrongTenure { task: TASK, said, current }));
    boss.hear(2, decline(2));
    assert_eq!(boss.phase(), Phase::Awarded);
}

/// Awarded(e,a): Report Fail(e,a): Released{e, failed}.
#[test]
fn a_failed_award_is_released() {
    let mut boss = Boss::awarded();
    boss.hear(1, failed(1));
    assert_eq!((boss.phase(), boss.round()), (Phase::Bidding, 2));
    assert!(boss.sent().contains(&(1, ack(1, Ack::Stale))), "nobody is told that it was accepted");
    boss.hear(1, failed(1));
    assert_eq!((boss.sent(), boss.round()), (vec![(1, ack(1, Ack::Stale))], 2), "and it is said once");
}

/// Awarded(e,a): now - grant >= L_m: Released{e, expired}.
#[test]
fn an_award_is_released_when_its_lease_runs_out() {
    let mut boss = Boss::awarded();
    boss.expire(lease(1, 0));
    let cause = Cause::Expired;
    let released = Entry::Released { task: TASK, tenure: tenure(1, 1), cause, next: Some(Round::new(2)) };
    assert_eq!(boss.entries(), [released]);
    boss.expire(lease(1, 0));
    assert!(boss.ops.is_empty(), "a stale expiry");
}

/// An expiry that the host could not recall in time is of a lease that is over: of an earlier award, or
/// of an earlier claim.
#[test]
fn a_late_expiry_of_an_earlier_lease_releases_nothing() {
    let mut boss = Boss::awarded_again();
    boss.expire(lease(1, 0));
    assert!(boss.ops.is_empty() && boss.phase() == Phase::Awarded);
    boss.hear(1, claim(2, 1));
    for stale in [lease(2, 0), lease(1, 1), lease(2, 2)] {
        boss.expire(stale);
        assert!(boss.ops.is_empty() && boss.phase() == Phase::Awarded);
    }
    boss.expire(lease(2, 1));
    assert_eq!(boss.phase(), Phase::Bidding);
}

/// Awarded(e,a): a release in the last round: Unallocated.
#[test]
fn a_task_that_is_released_in_its_last_round_is_given_up() {
    let mut boss = Boss::bidding();
    for round in 1..=ROUNDS {
        boss.hear(1, bids(round, bid(u64::from(round), 40)));
        boss.expire(Timer::Bids(TASK));
        boss.hear(1, decline(u64::from(round)));
    }
    assert_eq!(boss.phase(), Phase::Unallocated(Reason::Released(Cause::Declined)));
    assert!(boss.sent().is_empty() && boss.machine.auction(TASK).is_none());
}

/// Awarded(e,a): Report Ok(e,a): Accepted is durable; Done; Ack; one payment.
#[test]
fn a_result_is_accepted_and_paid_and_acknowledged_once_it_is_durable() {
    let boss = Boss::finished();
    assert!(boss.writes_first());
    assert_eq!(boss.sent(), [(1, ack(1, Ack::Accepted))]);
    assert_eq!((boss.earned(1), boss.earned(2)), (40, 0));
    assert!(boss.disarmed(lease(1, 0)) && boss.disarmed(Timer::Resend(TASK)));
}

/// Done(e,a): Report(e,a): Ack again, no payment.
#[test]
fn a_report_that_comes_twice_is_acknowledged_twice_and_paid_once() {
    let mut boss = Boss::finished();
    boss.hear(1, done(1));
    assert_eq!((boss.sent(), boss.earned(1)), (vec![(1, ack(1, Ack::Accepted))], 40));
    assert!(!boss.wrote());
}

/// Any: a report of another epoch or agent: Ack Stale.
#[test]
fn a_report_of_another_award_is_stale() {
    let mut boss = Boss::awarded_again();
    for (from, report, epoch) in [(1, done(1), 1), (2, done(2), 2), (1, failed(1), 1), (1, done(3), 3)] {
        boss.hear(from, report);
        assert_eq!(boss.sent(), [(from, ack(epoch, Ack::Stale))]);
        assert!(boss.phase() == Phase::Awarded && !boss.wrote());
    }
    let mut over = Boss::finished();
    over.hear(2, done(1));
    assert_eq!(over.sent(), [(2, ack(1, Ack::Stale))], "another is told that it was accepted");
}

/// Awarded, resend timer: Award again, until it is claimed.
#[test]
fn an_award_that_is_not_claimed_is_sent_again() {
    let mut boss = Boss::awarded();
    boss.expire(Timer::Resend(TASK));
    assert_eq!(boss.sent(), [(1, award(1, 1, bid(1, 40)))]);
    assert!(boss.armed(Timer::Resend(TASK)) && !boss.armed(lease(1, 0)));
    let mut over = Boss::finished();
    over.expire(Timer::Resend(TASK));
    assert!(over.ops.is_empty(), "a stale expiry");
}

/// Live, cancel: Cancelled{e}.
#[test]
fn a_task_can_be_cancelled_while_it_lives() {
    let mut boss = Boss::awarded();
    boss.asks(Input::Cancel(TASK));
    assert_eq!((boss.phase(), boss.sent()), (Phase::Cancelled, vec![(1, cancel(1))]));
    boss.hear(1, done(1));
    assert_eq!((boss.phase(), boss.earned(1)), (Phase::Cancelled, 0), "a late report");
    assert_eq!(boss.sent(), [(1, ack(1, Ack::Stale))]);
    let mut open = Boss::bidding();
    open.hear(2, bids(1, bid(1, 3)));
    open.asks(Input::Cancel(TASK));
    assert_eq!((open.phase(), open.sent()), (Phase::Cancelled, vec![(2, reject(1))]));
    assert!(open.disarmed(Timer::Bids(TASK)));
    let mut over = Boss::finished();
    over.asks(Input::Cancel(TASK));
    let refused = Refused::WrongPhase { task: TASK, phase: Phase::Done };
    assert_eq!(over.refused_by_ledger(), Some(refused));
}

/// A task is announced when all that it depends on are Done.
#[test]
fn a_task_waits_for_those_that_it_depends_on() {
    let mut boss = Boss::awarded();
    boss.create(OTHER, terms().after([TASK]));
    assert!(boss.sent().is_empty() && boss.phase_of(OTHER) == Phase::Waiting { on: 1 });
    boss.hear(1, done(1));
    assert_eq!(boss.sent().len(), 3, "two announcements and the acknowledgement");
    assert!(boss.phase_of(OTHER) == Phase::Bidding && boss.armed(Timer::Bids(OTHER)));
}

/// What is to come after a task that ends without a result ends with it, and says why.
#[test]
fn a_task_falls_with_what_it_depends_on() {
    let mut boss = Boss::awarded();
    let third = TaskId::new(9);
    boss.create(OTHER, terms().after([TASK]));
    boss.create(third, terms().after([TASK, OTHER]));
    boss.asks(Input::Cancel(TASK));
    let reason = Reason::Dependency(TASK);
    let fallen = [OTHER, third].map(|task| Entry::Unallocated { task, reason });
    assert_eq!(boss.entries()[1..], fallen);
    assert_eq!([boss.phase_of(OTHER), boss.phase_of(third)], [Phase::Unallocated(reason); 2]);
}

/// Whoever joins is asked about what is open.
#[test]
fn a_newcomer_is_asked_about_open_tasks() {
    let mut boss = Boss::bidding();
    boss.join(4, 0b10);
    assert_eq!(boss.sent(), [(4, announce(1))]);
    boss.join(5, 0b01);
    assert!(boss.sent().is_empty(), "it cannot do it");
    boss.join(4, 0b10);
    assert_eq!(boss.refused_by_ledger(), Some(Refused::AgentExists(AgentId::new(4))));
    boss.join(BOSS, 0b10);
    assert_eq!(boss.refused(), Some(Refusal::Own(node(BOSS))));
}

/// Whoever leaves takes its bids along, and keeps its awards.
#[test]
fn a_bidder_that_left_is_not_awarded() {
    let mut boss = Boss::bidding();
    boss.hear(1, bids(1, bid(1, 1)));
    boss.asks(Input::Leave(node(1)));
    boss.hear(2, bids(1, bid(1, 40)));
    assert_eq!(boss.sent(), [(2, award(1, 1, bid(1, 40)))]);
    boss.asks(Input::Leave(node(2)));
    boss.hear(2, done(1));
    assert_eq!((boss.phase(), boss.earned(2)), (Phase::Done, 40));
}

/// Restart: Bidding goes on to round r + 1, with the same reserve; but not beyond the last.
#[test]
fn after_a_restart_bids_are_asked_for_again() {
    let mut boss = Boss::bidding().crash();
    let again = Message::Announce { task: TASK, round: Round::new(2), offer: offer(RESERVE) };
    assert_eq!(boss.sent(), [(1, again), (2, again)]);
    assert!(boss.writes_first() && boss.armed(Timer::Bids(TASK)));
    for _ in 0..ROUNDS {
        boss = boss.crash();
    }
    assert_eq!((boss.phase(), boss.round(), boss.sent().len()), (Phase::Bidding, ROUNDS, 2));
}

/// Restart: for each live award grant := now, and the award is sent again.
#[test]
fn after_a_restart_awards_stand_and_their_leases_begin_anew() {
    let boss = Boss::awarded().crash();
    assert_eq!(boss.sent(), [(1, award(1, 1, bid(1, 40)))]);
    assert!(boss.armed(lease(1, 0)) && boss.armed(Timer::Resend(TASK)) && !boss.wrote());
    assert!(Boss::finished().crash().ops.is_empty());
}

/// G8: what a crash between the write and the message leaves is an award that is sent later.
#[test]
fn an_award_that_was_written_and_not_sent_is_sent_after_the_restart() {
    let mut boss = Boss::awarded();
    boss.ops.clear();
    assert_eq!(boss.crash().sent(), [(1, award(1, 1, bid(1, 40)))]);
}

/// Messages of strangers, and those that no manager receives, are refused with a reason.
#[test]
fn foreign_messages_are_refused() {
    let mut boss = Boss::awarded();
    for message in [claim(1, 1), decline(1), done(1)] {
        boss.hear(9, message);
        assert_eq!((boss.refused(), boss.sent()), (Some(Refusal::Stranger(node(9))), vec![]));
    }
    for message in [announce(1), award(1, 1, bid(1, 1)), reject(1), go(1, 1), cancel(1), ack(1, Ack::Stale)] {
        boss.hear(1, message);
        assert_eq!(boss.refused(), Some(Refusal::Misdirected(NodeId::new(1).expect("below 128"))));
    }
    boss.hear(1, Message::Bid { task: OTHER, round: Round::new(1), bid: bid(1, 1) });
    assert_eq!(boss.refused_by_ledger(), Some(Refused::UnknownTask(OTHER)));
    boss.hear(1, bids(1, bid(1, 1)));
    let refused = Refused::WrongPhase { task: TASK, phase: Phase::Awarded };
    assert_eq!(boss.refused_by_ledger(), Some(refused));
    boss.hear(1, Message::Claim { task: OTHER, epoch: Epoch::new(1), claim: number(0, 1) });
    let stale = Message::ReportAck { task: OTHER, epoch: Epoch::new(1), ack: Ack::Stale };
    assert_eq!(boss.sent(), [(1, stale)]);
}

/// Nobody writes to itself, not even a manager whose disk says that it works for itself: it is asked
/// for no bid, and what it says to itself is refused.
#[test]
fn a_manager_is_no_contractor_of_its_own_whatever_its_disk_says() {
    let mut ledger = Ledger::default();
    let (capabilities, capacity) = (Capabilities::from_bits(u64::MAX), count(1));
    for agent in [AgentId::new(0), AgentId::new(1)] {
        ledger.apply(Command::Join { agent, capabilities, capacity }).expect("they are new");
    }
    let mut boss = Boss::restart(manager::Config::new(node(0)), ledger);
    boss.create(TASK, terms());
    assert_eq!(boss.sent(), [(1, announce(1))]);
    for said in [bids(1, bid(1, 40)), claim(1, 1), failed(1)] {
        boss.hear(0, said);
        assert_eq!((boss.refused(), boss.ops.len()), (Some(Refusal::Own(node(0))), 1));
    }
}
