//! The contract net: tasks are announced, agents bid, and each task is awarded to one of them (Smith,
//! "The Contract Net Protocol: High-Level Communication and Control in a Distributed Problem Solver",
//! 1980; FIPA SC00029, "Contract Net Interaction Protocol", 2002).
//!
//! An award is a lease (Gray and Cheriton, "Leases", 1989) with an epoch of its own. So a task is never
//! awarded to two at once, no result is recorded or paid twice, and whoever comes too late is told so,
//! whatever the network loses, repeats and reorders, and whoever crashes.
//!
//! | where | what | file |
//! |---|---|---|
//! | Smith 1980, 3 | a manager: announcements, awards, results | [`manager`] |
//! | Smith 1980, 3 | a contractor: bids, work, reports | [`contractor`] |
//! | | either of the two, as one machine | [`participant`] |
//! | | every task and agent, as one value | [`ledger`] |
//! | FIPA SC00029 | the messages | [`message`] |
//! | Vickrey 1961 | whom a task is awarded, and for how much | [`award`] |
//! | Bertsekas and Castañon 1989 | tasks that are awarded together | [`window`] |
//! | | what to bid | [`bidder`] |
//! | Gray and Cheriton 1989 | how long leases must run | [`lease`] |
//! | Kleppmann 2016 | what a contractor may change from outside | [`fence`] |
//! | all of these | every decision, as a predicate | [`rules`] |
//! | | what must always hold | [`invariants`] |
//! | | numbers, capabilities and tasks; why something is refused | [`ids`], [`capabilities`], [`terms`], [`refusal`] |
//! | | tasks that come in any order | [`plan`] |
//!
#![doc = include_str!("front.md")]
//!
//! # The state table
//!
//! Of the manager, for each task; `e` is an epoch, `a` an agent, `r` a round:
//!
//! | state | event, if the guard holds | durable | next; what is said |
//! |---|---|---|---|
//! | Bidding(r) | Bid, if round = r and it was asked | | collect |
//! | Bidding(r) | close: time is up, or all have answered, if best <= reserve | `Award{e = ep + 1, a}` | Awarded(e, a); then Award, Rejects |
//! | Bidding(r) | close: time is up, if there is no such bid | `Reannounce` or `GiveUp` | Bidding(r + 1), the reserve is raised unless it was for lack of room; or Unallocated |
//! | Bidding(r), several | a window is over | as for close, each, by the optimal assignment | as for close |
//! | Awarded(e, a) | Claim(e, a) | | the lease begins anew, if the claim is a new one; Go |
//! | Awarded(e, a) | Decline(e, a), Report Fail(e, a), or the lease runs out | `Release{e, a}` | Bidding(r + 1); or Unallocated after the last |
//! | Awarded(e, a) | Report Ok(e, a) | `Accept{e, a}` | Done; Ack; tasks that waited are announced |
//! | Awarded(e, a) | resend timer | | Award again |
//! | live | cancel | `Cancel` | Cancelled; tasks that are to come after it are Unallocated |
//! | Done(e, a) | Report(e, a) | | Ack again, no payment |
//! | any | another epoch or agent | | Ack Stale |
//! | Bidding, Awarded | restart | `Reannounce`, unless it is the last round | Bidding(r + 1); Award again, the lease begins anew |
//!
//! Of a contractor, for each task:
//!
//! | state | event, if the guard holds | durable | next; what is said |
//! |---|---|---|---|
//! | Idle | Announce(r), if slot free | | the host is asked |
//! | Idle | Announce(r), if no slot | | Refuse, for lack of room |
//! | Asked(r) | the host bids | | Bid(r), until its timer expires |
//! | Bid(r) | Award(e, r), if e > fence, the bid stands, slot free | `Hold{e}` | Held; the lease of claim 1 begins; Claim(e, 1) |
//! | any | Award(e), if e > fence and one of the others does not hold | `Decline{e}` | Decline(e) |
//! | any | Award(e), if e <= fence | | the stored outcome of e again, or Decline(e) again, if there is one |
//! | Held | Go(e, n), if the lease of claim n runs | | Executing, until it runs out; the host starts |
//! | Held, Executing | claim timer | | Claim(e, n + 1), its lease begins; or, if that of n runs and is not granted, Claim(e, n) again |
//! | Executing | Go(e, n + 1), if its lease runs | | Executing, until that runs out |
//! | Executing | the lease of the granted claim runs out | | Stopping: the host stops |
//! | Held, Executing, Stopping | the host has failed, or stopped | `Finish{Failed}` | Report Fail until Ack |
//! | Executing | the host has a result | `Finish{Done}` | Report Ok until Ack |
//! | Held, Reporting | Ack, Cancel(e), or an Award of a higher epoch | `Settle` | Idle |
//! | Executing | Ack Stale, Cancel(e), or an Award of a higher epoch | `Settle` | Stopping: the host stops |
//! | Stopping | the host has stopped, after that | | Idle: the slot is free |
//! | Held, Executing, Stopping | restart, if idempotent | `Resume` | Held; its claims have numbers of their own |
//! | Held, Executing, Stopping | restart, if not idempotent | `Finish{Failed}` | Report Fail until Ack |
//!
//! There is no clock in either: every time is a timer of whoever it belongs to. What that does to the
//! leases is in [`lease`].
//!
//! # What a rule is good for
//!
//! Each of these mutants breaks the invariant beside it. Most replace one predicate of [`Rules`]; the
//! others are run by a host that does not keep the contract of a [`Machine`](crate::Machine).
//!
//! | | mutant | breaks | what is replaced |
//! |---|---|---|---|
//! | 1 | an eager bidder: no look at its capacity | G7 | [`Rules::has_slot`] |
//! | 2 | a stale bid counts | G6 | [`Rules::is_of_round`] |
//! | 3 | what is lost is never sent again | liveness | [`Rules::resends`] |
//! | 4 | an award after a timeout has the same epoch | G1 | [`Rules::award_epoch`] |
//! | 5 | a zombie contractor: reports are matched by task | G4 | [`Rules::report_counts`] |
//! | 6 | a report that comes twice counts twice | G3 | [`Rules::awaits_report`], also when done |
//! | 7 | Award leaves before its record is durable | G1, G8 | the host sends first, and writes then |
//! | 8 | the epoch is volatile | G1 | the host forgets `Award` writes |
//! | 9 | the fence is forgotten on restart | G5 | the host forgets `Hold` writes |
//! | 10 | e >= fence in place of e > fence | G5 | [`Rules::may_hold`] |
//! | 11 | a decline is matched by task | G9 | [`Rules::decline_counts`] |
//! | 12 | a late report resurrects a cancelled task | G4 | [`Rules::awaits_report`], also when cancelled |
//! | 13 | a task is awarded while another has it | G10 | [`Rules::is_open`] |
//! | 14 | `L_m = L_c`: no margin | T1 | [`Rules::manager_lease`] |
//! | 15 | the lease begins at Go | T1 | [`Rules::lease_begins`] |
//! | 16 | work begins at Award | T1 | [`Rules::starts`] |
//! | 17 | the grant of a claim whose lease has run out counts | T1 | [`Rules::go_counts`] |
//! | 18 | a step outlives its check | T1 | the host stops later than `slack` |
//! | | a resource is changed under an award that is over | G11 | [`Rules::passes_gate`] |

pub mod award;
pub mod bidder;
pub mod capabilities;
pub mod contractor;
mod effects;
pub mod fence;
pub mod ids;
pub mod invariants;
pub mod lease;
pub mod ledger;
pub mod manager;
pub mod message;
pub mod participant;
pub mod plan;
pub mod refusal;
pub mod rules;
mod task_map;
pub mod terms;
pub mod window;

pub use award::{AwardRule, LowestCost, SecondPrice, SecondScore};
pub use capabilities::Capabilities;
pub use contractor::{Contractor, Promises};
pub use ids::{AgentId, BidId, Claim, Digest, Epoch, Money, Round, TaskId, Tenure};
pub use ledger::{Ledger, Phase};
pub use manager::Manager;
pub use message::{Ack, Bid, Message, Offer, Outcome};
pub use participant::Participant;
pub use refusal::Refusal;
pub use rules::{Published, Rules};
pub use terms::{Ratio, Terms};
