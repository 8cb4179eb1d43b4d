//! Reads without a message, for as long as the leader's lease lasts (thesis 6.4.1).
//!
//! Servers that hear a leader elect no other for the minimum election timeout `T` (4.2.3). So a
//! leader that a majority has answered knows for how long it will still be the only one that can
//! lead: for less than `T` from the time when it asked, by less than clocks may differ. Until then
//! what it knows to be committed is all that is.
//!
//! Servers have no clock. The host of each has one, and keeps a [`Lease`]: what it asked, and when.
//! Which question a majority has answered is for the server to say, in rounds of its own; the
//! numbers that hosts give to their reads play no part in it, so none can be taken for another.
//!
//! # A host that reads by lease
//!
//! ```
//! use althing::raft::lease::{Drift, Lease, NoLease};
//! use althing::raft::{Config, Disk, Index, Membership, Raft, Timer};
//! use althing::{Event, Machine, NodeId, NodeSet, Outbox};
//!
//! let mut now = 1_000_000; // Microseconds, by the host's monotonic clock.
//! let mut lease = Lease::new(150_000, Drift { parts: 1, of: 1_000 })?;
//! # let alone = Membership::new(NodeSet::first(1), NodeSet::EMPTY).expect("a voter");
//! # let (config, mut out) = (Config::new(NodeId::new(0).expect("a node"), alone), Outbox::new());
//! # let mut server: Raft<u64> = Raft::restart(config, Disk::default(), &mut out);
//! # server.step(Event::Timer(Timer::Election), &mut out);
//! // With each heartbeat or so: a read like any other, whose time is noted.
//! let question = lease.ask(&server, 7, now);
//! server.step(Event::Input(question), &mut out);
//! // ... the operations are performed, the followers answer ...
//! now += 149_000; // The clock is looked at after the client's request has come.
//! assert_eq!(lease.read(&server, now), Ok(Index::new(1))); // Apply up to here, and answer.
//! now += 1_000;
//! assert!(matches!(lease.read(&server, now), Err(NoLease::Expired { .. }))); // Ask a majority.
//! # Ok::<(), althing::raft::lease::Unmeasurable>(())
//! ```
//!
//! # What must be true of every host
//!
//! One that breaks any of these, on any server, lets another server's lease show the past. Nothing
//! else depends on durations, whatever the host does: no entry is ever lost by it.
//!
//! - **Check-quorum is on** at every server, [`Options::check_quorum`](crate::raft::Options).
//! - **No clock gains or loses more than the [`Drift`]**, over any stretch of time, the time included
//!   for which a machine is suspended: a clock that stops then is slow beyond any bound.
//! - **[`Timer::Lease`](crate::raft::Timer) and [`Timer::Election`](crate::raft::Timer) do not
//!   expire before `T`**, the same for all, by the clock of their host; and an expiry that was due is
//!   not handed over any more after a step that asked for the timer to be armed or disarmed, also if
//!   the host has not performed that yet, as one that takes several steps together.
//! - **A host that restarts waits for `T` before it starts its server**, which has forgotten what
//!   leader it heard. If nothing was ever written to the disk it heard none, and need not wait.
//! - **What a lease shows is applied as told**: up to where
//!   [`Output::Committed`](crate::raft::Output::Committed) has been performed. A single server commits
//!   in its step what its disk has only once the operations are performed.
//! - **The clock is read before** [`Lease::ask`], whose input is handed in after it; and, for
//!   [`Lease::read`], after the request of the client has come.
//!
//! # Why it is enough
//!
//! Let some server be elected in a later term than the leader's, the first such. It has the entry
//! of the leader's term that is committed, so its membership is that of the leader or the one before
//! it, and their majorities overlap: one of those who voted for it, in its later term, had answered
//! the leader before, in the leader's. That one heard the leader after it was asked. Then it waited
//! for `T` by its clock, restart or not, since neither requests nor late answers make a server forget a
//! leader that it hears ([`election::rules`](crate::raft::election::rules)). Or else it was asked by
//! a server that was told to stand, and in this term by none but this leader (3.10), which knows
//! ([`Leading::handed_over`](crate::raft::Leading::handed_over)).

use alloc::collections::VecDeque;

use crate::node::NodeId;
use crate::raft::ballot::Term;
use crate::raft::entry::Command;
use crate::raft::position::Index;
use crate::raft::rules::Rules;
use crate::raft::server::{Input, Raft};

/// How much a clock may gain or lose: at most `parts` in `of` of the time that passes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Drift {
    /// So much, by the same measure as `of`.
    pub parts: u64,
    /// In so much: `parts < of`.
    pub of: u64,
}

/// Why no lease can be measured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
pub enum Unmeasurable {
    /// A clock that may stand still, or go back, or be nothing in nothing, measures no time.
    #[error("a clock that is wrong by {} in {} measures nothing", .0.parts, .0.of)]
    Drift(Drift),
    /// So little is left of the timeout that no lease would ever hold.
    #[error("an election timeout of {timeout} leaves no time for a lease")]
    Timeout {
        /// The minimum election timeout.
        timeout: u64,
    },
}

/// Why the leader's state cannot be read without asking a majority.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
pub enum NoLease {
    /// Only a leader has a lease.
    #[error("this server does not lead")]
    NotLeader {
        /// The leader of the term, as far as is known.
        leader: Option<NodeId>,
    },
    /// Servers that do not stick to their leader, as this one, promise nothing (thesis 4.2.3).
    #[error("check-quorum is off")]
    NoStickiness,
    /// The leader has not yet committed an entry of its term.
    #[error("the leader has just been elected and has not committed anything yet")]
    NotReady,
    /// It told a server to stand, at once, and whenever that comes to hear it (thesis 3.10).
    #[error("the leader has told another server to stand in this term")]
    HandedOver,
    /// No question that was noted in this term is answered by a majority.
    #[error("no majority has answered the leader in this term yet")]
    Unanswered,
    /// The latest question that is answered was asked too long ago.
    #[error("the lease ended at {end}")]
    Expired {
        /// When, by the host's clock.
        end: u64,
    },
}

/// What the host of a leader knows of its lease, by its own clock.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Lease {
    /// From a question to the end of the lease that it gives: more than 0.
    length: u64,
    /// What was asked, ascending in `round`. All of one term, and, when the last was noted, none of
    /// them ended and at most one answered.
    asked: VecDeque<Asked>,
}

/// A round of this term, and later ones, began at this time or after it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Asked {
    term: Term,
    round: u64,
    at: u64,
}

impl Lease {
    /// No lease yet. The timeout is the shortest that any host of the cluster gives
    /// [`Timer::Election`](crate::raft::Timer) and [`Timer::Lease`](crate::raft::Timer), in the
    /// units of the clock; the drift is the worst of any clock.
    ///
    /// # Errors
    /// [`Unmeasurable`] if there would never be a lease.
    pub fn new(timeout: u64, drift: Drift) -> Result<Self, Unmeasurable> {
        let length = length(timeout, drift).ok_or(Unmeasurable::Drift(drift))?;
        if length == 0 {
            return Err(Unmeasurable::Timeout { timeout });
        }
        Ok(Self { length, asked: VecDeque::new() })
    }

    /// How long a lease lasts from the time when it was asked for.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The input that asks for a lease from now on: a read, whose answer is as good as that of any
    /// other, and means nothing to the lease. It is to be handed in next. If it is not, or if it is
    /// refused, the next read of anyone takes its place.
    ///
    /// A lease that is asked for with each heartbeat does not end while the leader is heard.
    pub fn ask<T: Command, R: Rules>(&mut self, server: &Raft<T, R>, token: u64, now: u64) -> Input<T> {
        let term = server.term();
        if let Some(leading) = server.leading() {
            // Whatever round begins next begins after this.
            let round = leading.reads().round().saturating_add(1);
            let latest = self.answered(server).map_or(0, |answered| answered.round);
            // One that has ended, or was never handed in, tells nothing any more.
            let (length, begun) = (self.length, latest..round);
            let lasts = |it: &Asked| it.at.saturating_add(length) > now;
            self.asked.retain(|it| it.term == term && begun.contains(&it.round) && lasts(it));
            self.asked.push_back(Asked { term, round, at: now });
        }
        Input::Read(token)
    }

    /// Up to where the state must be applied to be the latest; or why it may not be (6.4.1).
    ///
    /// # Errors
    /// [`NoLease`] if only a majority can tell.
    pub fn read<T: Command, R: Rules>(&self, server: &Raft<T, R>, now: u64) -> Result<Index, NoLease> {
        let Some(leading) = server.leading() else {
            return Err(NoLease::NotLeader { leader: server.leader() });
        };
        let rules = server.rules();
        if !server.config().options().check_quorum {
            return Err(NoLease::NoStickiness);
        }
        if !rules.may_read(server.has_committed_in_term()) {
            return Err(NoLease::NotReady);
        }
        if !rules.may_lease(leading.handed_over()) {
            return Err(NoLease::HandedOver);
        }
        let answered = self.answered(server).ok_or(NoLease::Unanswered)?;
        let end = answered.at.saturating_add(self.length);
        // A clock that says `now` may be as far as just before the next unit.
        if now < end { Ok(server.commit()) } else { Err(NoLease::Expired { end }) }
    }

    /// The latest question of the server's term that a majority has answered.
    fn answered<T: Command, R: Rules>(&self, server: &Raft<T, R>) -> Option<Asked> {
        let of_term = self.asked.iter().rev().filter(|it| it.term == server.term());
        of_term.copied().find(|it| server.is_confirmed(it.round))
    }
}

/// Of a timeout that a clock measures which runs as fast as it may, what passes meanwhile by one that
/// is as slow as it may, rounded down: `timeout * (of - parts) / (of + parts)`.
fn length(timeout: u64, Drift { parts, of }: Drift) -> Option<u64> {
    let slow = of.checked_sub(parts).filter(|slow| *slow > 0)?;
    let fast = u128::from(of) + u128::from(parts);
    u64::try_from(u128::from(timeout) * u128::from(slow) / fast).ok()
}
