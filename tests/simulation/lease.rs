//! Hosts that read by lease (thesis 6.4.1), each by its own clock, and what can be wrong with them.
//!
//! Whether a leader has a lease is looked at after whatever happens anywhere, and what it would show
//! then must be all that is committed.

use althing::NodeId;
use althing::raft::lease::{Drift, Lease, NoLease};
use althing::raft::{Rules, election};

use crate::counts::What;
use crate::world::{Happening, T, World};

/// How hosts read by lease.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Leases {
    /// How long the milliseconds of the hosts are, each one of these, in thousandths of one.
    pub(crate) clocks: &'static [u64],
    /// A server that restarts takes part only after the minimum election timeout.
    pub(crate) waits: bool,
    pub(crate) missing: Missing,
}

/// What every host must do: clocks as far apart as they may be, and no further.
pub(crate) const HONEST: Leases =
    Leases { clocks: &[800, 1_000, 1_333], waits: true, missing: Missing::Nothing };

/// A clock is as fast as 1,000 / 800, or as slow as 1,000 / 1,333 and a little faster.
const DRIFT: Drift = Drift { parts: 1, of: 4 };

/// The rules that ship, or all of them but one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Missing {
    Nothing,
    /// R4: a lease survives that a server was told to stand.
    MayLease,
    /// A late answer makes a follower forget its leader.
    HeedsAnswers,
}

impl election::Rules for Missing {
    fn heeds_answers(&self, leader: Option<NodeId>) -> bool {
        *self == Self::HeedsAnswers || leader.is_none()
    }
}

impl Rules for Missing {
    fn may_lease(&self, handed_over: bool) -> bool {
        *self == Self::MayLease || !handed_over
    }
}

/// What all of the hosts have, after every start.
pub(crate) fn none() -> Lease {
    Lease::new(T, DRIFT).expect("three fifths of the timeout")
}

impl World {
    fn clock(&self, node: NodeId) -> u64 {
        self.now * 1_000 / self.hosts[node.index()].rate
    }

    /// The server asks for a lease, as with each heartbeat.
    pub(crate) fn renew(&mut self, node: NodeId) -> Result<(), String> {
        let (now, committed) = (self.clock(node), self.safety.committed());
        let host = &mut self.hosts[node.index()];
        let Some(server) = host.server.as_ref().filter(|server| server.is_leader()) else { return Ok(()) };
        self.questions += 1;
        let token = u64::MAX - self.questions; // No client has it.
        let question = host.lease.ask(server, token, now);
        self.reads.insert(token, committed);
        self.step(node, althing::Event::Input(question))
    }

    /// Every lease that there is at this moment.
    pub(crate) fn read_leases(&mut self) -> Result<(), String> {
        let committed = self.safety.committed();
        for node in self.all() {
            let (now, host) = (self.clock(node), &self.hosts[node.index()]);
            let Some(server) = host.server.as_ref().filter(|server| server.is_leader()) else { continue };
            let what = match host.lease.read(server, now) {
                Ok(index) if index < committed => {
                    return Err(format!("{node}: a lease shows what was at {index}, not at {committed}"));
                }
                Ok(_) => What::LeasesRead,
                Err(_) if server.commit() < committed => What::StaleLeadersWithoutLease,
                Err(NoLease::HandedOver) => What::LeasesHandedOver,
                Err(NoLease::Expired { .. }) => What::LeasesEnded,
                Err(NoLease::NotLeader { .. } | NoLease::NoStickiness) => {
                    return Err(format!("{node}: it leads, and its followers stick to it"));
                }
                Err(NoLease::NotReady | NoLease::Unanswered) => continue,
            };
            self.counts.add(what, 1);
        }
        Ok(())
    }

    /// A server that is down starts again. What it promised before it went down, its memory does not
    /// hold, so with leases it waits until nobody counts on it.
    pub(crate) fn come_back(&mut self, node: NodeId) -> Result<(), String> {
        let waits = self.profile.leases.is_some_and(|leases| leases.waits);
        let host = self.host(node);
        if !waits || host.start == 0 || host.server.is_some() {
            return self.restart(node);
        }
        let (start, wait) = (host.start, T * host.rate / 1_000);
        self.after(wait, Happening::Restart(node, start));
        Ok(())
    }
}
