//! Runs made of one disaster, again and again, of the kind that a leader's lease must outlast: what a
//! storm comes upon too seldom.

use althing::raft::{Input, Timer};
use althing::{Event, NodeId};

use crate::host::Server;
use crate::run::Run;
use crate::world::T;

/// How often it comes.
const ROUNDS: u64 = 12;

/// What happens to a cluster of three that was well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Disaster {
    /// The leader is alone.
    Isolation,
    /// It tells another to stand, and hears nobody any more.
    Transfer,
    /// It is alone, and so was another, which finds the third, that has just restarted.
    Restart,
    /// The same, but the third has not restarted: what it asked long ago arrives at the other.
    LateAnswer,
    /// The same, but its host hands over an expiry of the lease timer that is none any more, since the
    /// timer was armed anew. To a server that is the same as one that comes too early. Of no honest host.
    StaleExpiry,
}

impl Disaster {
    /// Those that can happen to honest hosts.
    pub(crate) const ALL: [Self; 4] = [Self::Isolation, Self::Transfer, Self::Restart, Self::LateAnswer];
}

impl Run {
    pub(crate) fn drill(&mut self, disaster: Disaster) -> Result<(), String> {
        self.world.kept = Some(Vec::new());
        for node in self.world.all() {
            self.world.restart(node)?;
        }
        for _ in 0..ROUNDS {
            self.world.cut.clear();
            self.pass(3 * T, 9 * T)?;
            let leader = self.world.servers().filter(|it| it.is_leader()).max_by_key(|it| it.term());
            let Some(leader) = leader.map(Server::id) else { continue };
            self.strike(disaster, leader)?;
            self.pass(3 * T, 4 * T)?;
        }
        Ok(())
    }

    fn strike(&mut self, disaster: Disaster, leader: NodeId) -> Result<(), String> {
        let near = self.other_than(leader);
        let far = self.world.all().without(leader).without(near);
        let far = far.iter().next().ok_or("there are three")?;
        self.world.tell(|| format!("{disaster:?}: {leader} leads, {near} is near, {far} is far"));
        match disaster {
            Disaster::Isolation => self.part(leader),
            Disaster::Transfer => {
                self.world.step(leader, Event::Input(Input::Transfer(near)))?;
                self.world.cut.extend([(near, leader), (far, leader)]);
            }
            Disaster::Restart | Disaster::LateAnswer | Disaster::StaleExpiry => {
                self.part(far);
                self.pass(T, 4 * T)?;
                self.world.cut.clear();
                self.part(leader);
                self.strike_near(disaster, near, far)?;
            }
        }
        Ok(())
    }

    /// What makes the server forget that it has just heard the leader.
    fn strike_near(&mut self, disaster: Disaster, near: NodeId, far: NodeId) -> Result<(), String> {
        match disaster {
            Disaster::Isolation | Disaster::Transfer => Ok(()),
            Disaster::Restart => {
                self.world.crash(near)?;
                self.world.come_back(near)
            }
            Disaster::LateAnswer => self.world.deliver_late(near, far),
            Disaster::StaleExpiry => self.world.step(near, Event::Timer(Timer::Lease)),
        }
    }

    fn part(&mut self, node: NodeId) {
        let others = self.world.all().without(node);
        self.world.cut.extend(others.iter().flat_map(|other| [(node, other), (other, node)]));
    }

    fn pass(&mut self, least: u64, most: u64) -> Result<(), String> {
        let end = self.world.now + self.world.random.within(least, most);
        self.until(end)
    }
}
