//! The state table of a contractor, a sentence a test.

use althing::contract_net::contractor::{Input, Output, Timer};
use althing::contract_net::{Ack, Epoch, Message, Refusal, Round, TaskId};

use crate::subject::*;

fn refuse(round: u32) -> Message {
    Message::Refuse { task: TASK, round: Round::new(round), busy: false }
}

fn lease(claim: u32) -> Timer {
    Timer::Lease(TASK, number(0, claim))
}

/// Idle: Announce(r): the host is asked, and bids in its own time.
#[test]
fn an_announcement_is_the_hosts_to_answer() {
    let mut worker = Worker::new(1);
    worker.hear(BOSS, announce(1));
    assert_eq!(worker.told(), [Output::Asked { task: TASK, round: Round::new(1), offer: offer(RESERVE) }]);
    worker.bid(1, bid(1, 40));
    assert_eq!(worker.sent(), [(BOSS, bids(1, bid(1, 40)))]);
    assert!(worker.armed(Timer::Bid(TASK)) && !worker.wrote());
}

/// FIPA SC00029, refuse: the host need not bid.
#[test]
fn a_host_that_passes_refuses() {
    let mut worker = Worker::new(1);
    worker.hear(BOSS, announce(1));
    worker.asks(Input::Pass { task: TASK, round: Round::new(1) });
    assert_eq!(worker.sent(), [(BOSS, refuse(1))]);
    worker.bid(1, bid(1, 40));
    assert_eq!(worker.refused(), Some(Refusal::NotAsked { task: TASK, round: Round::new(1) }));
}

/// Announce(r) again: what was lost may have been the answer. A later round is another question, and
/// an earlier one none.
#[test]
fn an_announcement_that_comes_again_is_answered_again() {
    let mut worker = Worker::bidder(1);
    worker.hear(BOSS, announce(1));
    assert_eq!((worker.sent(), worker.told()), (vec![(BOSS, bids(1, bid(1, 40)))], vec![]));
    worker.hear(BOSS, announce(2));
    assert!(worker.disarmed(Timer::Bid(TASK)) && worker.told().len() == 1);
    worker.hear(BOSS, announce(1));
    let refusal = Refusal::Round { task: TASK, said: Round::new(1), current: Round::new(2) };
    assert_eq!(worker.refused(), Some(refusal));
    worker.bid(1, bid(2, 3));
    assert_eq!(worker.refused(), Some(Refusal::NotAsked { task: TASK, round: Round::new(1) }));
}

/// Idle: Announce(r) [no slot]: Refuse.
#[test]
fn whoever_is_busy_refuses() {
    let mut worker = Worker::held();
    let (task, round) = (TaskId::new(8), Round::new(1));
    worker.hear(BOSS, Message::Announce { task, round, offer: offer(RESERVE) });
    assert_eq!(worker.sent(), [(BOSS, Message::Refuse { task, round, busy: true })]);
}

/// Bid(r): Award(e) [e > fence, slot free, own bid unexpired]: persist fence := e, Held, Claim.
#[test]
fn an_award_is_taken_durably_and_then_claimed() {
    let worker = Worker::held();
    assert!(worker.writes_first() && worker.fence() == 1 && !worker.is_executing());
    assert_eq!(worker.sent(), [(BOSS, claim(1, 1))]);
    assert!(worker.armed(Timer::Claim(TASK)));
    let place = |op| worker.ops.iter().position(|it| *it == op);
    let sent = worker.ops.iter().position(|op| matches!(op, althing::Op::Send { .. }));
    assert!(place(althing::Op::Arm(lease(1))) < sent, "the lease begins before the claim is on its way");
}

/// Award(e) [own bid unexpired]: otherwise Decline.
#[test]
fn an_award_that_rests_on_no_standing_bid_is_declined() {
    let mut expired = Worker::bidder(1);
    expired.expire(Timer::Bid(TASK));
    let mut rejected = Worker::bidder(1);
    rejected.hear(BOSS, reject(1));
    assert!(rejected.disarmed(Timer::Bid(TASK)));
    for worker in [&mut expired, &mut rejected, &mut Worker::new(1), &mut Worker::bidder(1).crash()] {
        worker.hear(BOSS, award(1, 1, bid(1, 40)));
        assert_eq!((worker.sent(), worker.fence()), (vec![(BOSS, decline(1))], 1));
    }
    for other in [award(1, 2, bid(1, 40)), award(1, 1, bid(2, 40)), award(1, 1, bid(1, 39))] {
        let mut worker = Worker::bidder(1);
        worker.hear(BOSS, other);
        assert_eq!(worker.sent(), [(BOSS, decline(1))], "another round, another bid, a lower price");
    }
}

/// Award(e) [slot free]: otherwise Decline.
#[test]
fn an_award_beyond_the_capacity_is_declined() {
    let (other, round) = (TaskId::new(8), Round::new(1));
    let mut worker = Worker::bidder(1);
    worker.hear(BOSS, Message::Announce { task: other, round, offer: offer(RESERVE) });
    worker.asks(Input::Bid { task: other, round, bid: bid(1, 30) });
    worker.hear(BOSS, award(1, 1, bid(1, 40)));
    let (epoch, bid) = (Epoch::new(1), bid(1, 30));
    worker.hear(BOSS, Message::Award { task: other, epoch, round, bid: bid.id, price: bid.cost });
    assert_eq!(worker.sent(), [(BOSS, Message::Decline { task: other, epoch })]);
    assert_eq!(worker.works(), 1);
}

/// Held: Go(echo s) [now < s + L_c]: Executing.
#[test]
fn work_begins_with_the_grant_of_a_claim_whose_lease_runs() {
    let mut worker = Worker::held();
    worker.hear(BOSS, go(1, 1));
    assert_eq!(worker.told(), [start(1)]);
    worker.hear(BOSS, go(1, 1));
    assert!(worker.ops.is_empty(), "it came twice");
}

/// Held: a Go counts while the timer of that claim runs: then a new claim is needed.
#[test]
fn the_grant_of_a_claim_whose_lease_has_run_out_counts_for_nothing() {
    let mut worker = Worker::held();
    worker.expire(lease(1));
    worker.hear(BOSS, go(1, 1));
    assert_eq!(worker.refused(), Some(Refusal::Lapsed { task: TASK, claim: number(0, 1) }));
    assert!(!worker.is_executing());
    worker.expire(Timer::Claim(TASK));
    assert_eq!(worker.sent(), [(BOSS, claim(1, 2))]);
    assert!(worker.armed(lease(2)) && worker.armed(Timer::Claim(TASK)));
    worker.hear(BOSS, go(1, 2));
    assert_eq!(worker.told(), [start(1)]);
}

/// Held: a Go of another epoch, or of a claim that was never made, counts for nothing.
#[test]
fn a_grant_of_another_award_counts_for_nothing() {
    let mut worker = Worker::held();
    for other in [go(2, 1), go(0, 1), go(1, 2), go(1, u32::MAX)] {
        worker.hear(BOSS, other);
        assert!(worker.refused().is_some() && !worker.is_executing());
    }
}

/// Held: while a claim's lease runs it is sent again as it is: the lease stays where it began.
#[test]
fn a_claim_that_is_sent_again_keeps_its_lease() {
    let mut worker = Worker::held();
    worker.expire(Timer::Claim(TASK));
    assert_eq!(worker.sent(), [(BOSS, claim(1, 1))]);
    assert!(!worker.armed(lease(1)));
}

/// Executing: each grant carries the work on until the lease of its claim runs out.
#[test]
fn a_lease_is_renewed_by_the_next_claim() {
    let mut worker = Worker::executing();
    worker.expire(Timer::Claim(TASK));
    assert_eq!(worker.sent(), [(BOSS, claim(1, 2))]);
    worker.hear(BOSS, go(1, 2));
    assert!(worker.disarmed(lease(1)) && worker.told().is_empty());
    worker.expire(lease(1));
    assert!(worker.is_executing(), "a stale expiry");
}

/// Past `until`: stop, whatever claim is still to be granted.
#[test]
fn work_stops_when_the_lease_of_the_granted_claim_runs_out() {
    let mut worker = Worker::executing();
    worker.expire(Timer::Claim(TASK));
    worker.expire(lease(1));
    assert_eq!((worker.told(), worker.sent()), (vec![stop(1)], vec![]));
    assert!(worker.disarmed(lease(2)) && worker.disarmed(Timer::Claim(TASK)));
    worker.hear(BOSS, go(1, 2));
    assert!(worker.refused().is_some() && !worker.is_executing(), "and does not begin again");
    worker.expire(Timer::Claim(TASK));
    assert!(worker.ops.is_empty());
}

/// Stopping: that the work has failed is reported once the host has stopped: it may take as long as
/// `slack`, and the manager awards the task to another as soon as it hears of it.
#[test]
fn a_failure_is_reported_once_the_host_has_stopped() {
    let mut worker = Worker::executing();
    worker.expire(lease(1));
    let (task, round) = (TaskId::new(8), Round::new(1));
    worker.hear(BOSS, Message::Announce { task, round, offer: offer(RESERVE) });
    assert_eq!(
        worker.sent(),
        [(BOSS, Message::Refuse { task, round, busy: true })],
        "the slot is not free yet"
    );
    worker.asks(Input::Failed { task: TASK, epoch: Epoch::new(1) });
    assert_eq!((worker.sent(), worker.works()), (vec![(BOSS, failed(1))], 0));
    assert!(worker.writes_first());
}

/// Result persisted, then Report until Ack.
#[test]
fn a_result_is_durable_and_then_reported_until_it_is_acknowledged() {
    let mut worker = Worker::reporting();
    assert!(worker.writes_first() && worker.works() == 0 && worker.told().is_empty());
    assert_eq!(worker.sent(), [(BOSS, done(1))]);
    worker.expire(Timer::Report(TASK));
    assert_eq!(worker.sent(), [(BOSS, done(1))]);
    assert!(worker.armed(Timer::Report(TASK)));
    worker.hear(BOSS, ack(1, Ack::Accepted));
    let (task, epoch) = (TASK, Epoch::new(1));
    assert_eq!(worker.told(), [Output::Settled { task, epoch, ack: Ack::Accepted }]);
    assert!(worker.disarmed(Timer::Report(TASK)));
    worker.expire(Timer::Report(TASK));
    assert!(worker.ops.is_empty());
    worker.hear(BOSS, ack(1, Ack::Accepted));
    assert!(worker.ops.is_empty(), "it came twice");
}

/// The host may give up, also before it was told to start; but what was not begun has no result.
#[test]
fn the_host_may_fail_at_any_time_and_succeed_only_at_work() {
    let mut worker = Worker::held();
    worker.finish(1);
    assert_eq!(worker.refused(), Some(Refusal::NotAtWork { task: TASK, epoch: Epoch::new(1) }));
    worker.asks(Input::Failed { task: TASK, epoch: Epoch::new(1) });
    assert_eq!(worker.sent(), [(BOSS, failed(1))]);
    let mut stopped = Worker::executing();
    stopped.expire(lease(1));
    stopped.finish(1);
    assert!(stopped.refused().is_some(), "too late");
}

/// A higher epoch: abandon.
#[test]
fn a_later_award_ends_the_work_on_an_earlier_one() {
    let mut worker = Worker::executing();
    worker.hear(BOSS, award(2, 1, bid(1, 40)));
    assert_eq!((worker.told(), worker.sent()), (vec![stop(1)], vec![(BOSS, decline(2))]), "it has to stop");
    assert_eq!((worker.fence(), worker.works()), (2, 1));
    worker.asks(Input::Failed { task: TASK, epoch: Epoch::new(1) });
    assert!(worker.ops.is_empty() && worker.works() == 0, "nobody waits for that any more");
    let mut held = Worker::held();
    held.hear(BOSS, award(2, 1, bid(1, 40)));
    assert_eq!((held.told(), held.sent()), (vec![], vec![(BOSS, claim(2, 1))]), "nothing was begun");
    assert_eq!((held.fence(), held.works()), (2, 1));
    let mut done = Worker::reporting();
    done.hear(BOSS, award(2, 1, bid(1, 40)));
    let (task, epoch) = (TASK, Epoch::new(1));
    assert_eq!(done.told(), [Output::Settled { task, epoch, ack: Ack::Stale }], "the result is not wanted");
    assert!(done.disarmed(Timer::Report(TASK)));
}

/// A higher epoch: abandon. Also with room to spare, the host does not begin the task anew before it has
/// stopped.
#[test]
fn a_task_is_not_begun_anew_before_the_host_has_stopped() {
    let mut worker = Worker::bidder(2);
    worker.hear(BOSS, award(1, 1, bid(1, 40)));
    worker.hear(BOSS, go(1, 1));
    worker.hear(BOSS, award(2, 1, bid(1, 40)));
    assert_eq!((worker.told(), worker.sent()), (vec![stop(1)], vec![(BOSS, decline(2))]));
    worker.hear(BOSS, go(2, 1));
    assert!(worker.told().iter().all(|told| !matches!(told, Output::Start { .. })));
    assert_eq!(worker.works(), 1, "the slot is not free");
}

/// Award e <= fence: the stored result again, or nothing.
#[test]
fn an_award_of_the_past_is_answered_with_the_stored_result() {
    let mut worker = Worker::reporting();
    worker.hear(BOSS, award(1, 1, bid(1, 40)));
    assert_eq!((worker.sent(), worker.works()), (vec![(BOSS, done(1))], 0));
    let mut worker = Worker::executing();
    worker.hear(BOSS, award(1, 1, bid(1, 40)));
    assert!(worker.ops.is_empty(), "it is at work already");
    worker.hear(BOSS, award(0, 1, bid(1, 40)));
    let fence = Epoch::new(1);
    assert_eq!(worker.refused(), Some(Refusal::Epoch { task: TASK, said: Epoch::new(0), fence }));
}

/// Ack Stale, or Cancel: the award is over.
#[test]
fn work_on_an_award_that_is_over_stops() {
    for over in [ack(1, Ack::Stale), cancel(1)] {
        let mut worker = Worker::executing();
        worker.hear(BOSS, over);
        let (task, epoch) = (TASK, Epoch::new(1));
        assert_eq!(worker.told(), [stop(1), Output::Settled { task, epoch, ack: Ack::Stale }]);
        assert!(worker.works() == 1 && worker.wrote() && worker.sent().is_empty());
        worker.asks(Input::Failed { task, epoch });
        assert!(worker.works() == 0 && worker.ops.is_empty(), "there is nothing left to report");
        assert!(worker.crash().ops.is_empty(), "also after a crash");
    }
}

/// Award, slot free: it is once the host has stopped, and not as soon as it is told to.
#[test]
fn a_slot_is_not_free_before_the_host_has_stopped() {
    let mut worker = Worker::executing();
    worker.hear(BOSS, cancel(1));
    assert!(worker.told().contains(&stop(1)));
    let (task, round) = (TaskId::new(8), Round::new(1));
    let announcement = Message::Announce { task, round, offer: offer(RESERVE) };
    worker.hear(BOSS, announcement);
    assert_eq!(worker.sent(), [(BOSS, Message::Refuse { task, round, busy: true })]);
    worker.asks(Input::Failed { task: TASK, epoch: Epoch::new(1) });
    worker.hear(BOSS, announcement);
    assert_eq!(worker.told(), [Output::Asked { task, round, offer: offer(RESERVE) }]);
}

/// Report until Ack: what was not reported as done is not accepted, whatever is said.
#[test]
fn what_was_not_done_is_not_accepted() {
    let refusal = Refusal::NotDone { task: TASK, epoch: Epoch::new(1) };
    let mut failing = Worker::executing();
    failing.asks(Input::Failed { task: TASK, epoch: Epoch::new(1) });
    for mut worker in [Worker::held(), Worker::executing(), failing] {
        worker.hear(BOSS, ack(1, Ack::Accepted));
        assert_eq!((worker.refused(), worker.wrote()), (Some(refusal), false));
    }
}

/// An acknowledgement of another epoch, or of a result that there is not, changes nothing.
#[test]
fn a_stale_acknowledgement_changes_nothing() {
    let mut worker = Worker::executing();
    for stale in [ack(0, Ack::Stale), ack(2, Ack::Stale), cancel(2), ack(u64::MAX, Ack::Accepted)] {
        worker.hear(BOSS, stale);
        assert!(worker.refused().is_some() && worker.is_executing() && !worker.wrote());
    }
    worker.hear(BOSS, ack(1, Ack::Accepted));
    assert!(worker.refused().is_some() && worker.is_executing());
}

/// Restart while Held or Executing: Report Fail.
#[test]
fn after_a_restart_what_was_begun_has_failed() {
    for worker in [Worker::held(), Worker::executing()] {
        let mut worker = worker.crash();
        assert_eq!(worker.sent(), [(BOSS, failed(1))]);
        assert!(worker.writes_first() && worker.works() == 0);
        worker.hear(BOSS, go(1, 1));
        assert!(!worker.is_executing(), "a grant from before");
    }
}

/// Restart with a stored result: Report until Ack, and not after that.
#[test]
fn after_a_restart_a_result_is_reported_again() {
    let mut worker = Worker::reporting().crash();
    assert_eq!(worker.sent(), [(BOSS, done(1))]);
    assert!(worker.armed(Timer::Report(TASK)));
    worker.hear(BOSS, ack(1, Ack::Accepted));
    assert!(worker.crash().ops.is_empty());
}

/// Restart, unless the task is declared idempotent: then it is claimed again, and the grant of a claim
/// from before the crash is not one of a claim from after it.
#[test]
fn after_a_restart_an_idempotent_task_is_claimed_anew() {
    let mut worker = Worker::new(1);
    let mut offer = offer(RESERVE);
    offer.idempotent = true;
    worker.hear(BOSS, Message::Announce { task: TASK, round: Round::new(1), offer });
    worker.bid(1, bid(1, 40));
    worker.hear(BOSS, award(1, 1, bid(1, 40)));
    worker.hear(BOSS, go(1, 1));
    let mut worker = worker.crash();
    let anew = number(1, 1);
    let claim = Message::Claim { task: TASK, epoch: Epoch::new(1), claim: anew };
    assert_eq!(worker.sent(), [(BOSS, claim)]);
    assert!(worker.writes_first() && worker.armed(Timer::Lease(TASK, anew)));
    worker.hear(BOSS, go(1, 1));
    assert!(!worker.is_executing());
    worker.hear(BOSS, Message::Go { task: TASK, epoch: Epoch::new(1), claim: anew });
    assert_eq!(worker.told(), [start(1)]);
}

/// Messages of strangers, and those that no contractor receives, are refused with a reason.
#[test]
fn foreign_messages_are_refused() {
    let mut worker = Worker::executing();
    worker.hear(2, cancel(1));
    assert_eq!(worker.refused(), Some(Refusal::Stranger(node(2))));
    for message in [bids(1, bid(1, 1)), refuse(1), claim(1, 1), decline(1), done(1)] {
        worker.hear(BOSS, message);
        assert_eq!(worker.refused(), Some(Refusal::Misdirected(node(BOSS))));
    }
    assert!(worker.is_executing());
}
