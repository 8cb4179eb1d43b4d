//! A run: a storm, in which everything goes wrong, and then a calm, in which all must come right.

use althing::raft::{Index, Input, Membership};
use althing::{Event, NodeId, NodeSet};

use crate::counts::{Counts, What};
use crate::drill::Disaster;
use crate::host::Server;
use crate::lease::Leases;
use crate::profile::Profile;
use crate::random::Random;
use crate::world::{Happening, T, World};

/// After so long a calm there must be a leader whom all members follow in everything.
const PATIENCE: u64 = 80 * T;

/// What a failed run has to say.
pub(crate) struct Failure {
    pub(crate) why: String,
    pub(crate) story: Vec<String>,
}

/// Runs the seed; the same at each call. The last events are kept if they shall be told.
pub(crate) fn run(seed: u64, leases: Option<Leases>, told: bool) -> Result<Counts, Failure> {
    let mut random = Random::new(seed);
    let profile = Profile::draw(&mut random, leases);
    end(World::new(random, profile, told), |run| run.storm().and_then(|()| run.calm()))
}

/// The same, of a run that is one disaster after another.
pub(crate) fn drill(seed: u64, disaster: Disaster, leases: Leases, told: bool) -> Result<Counts, Failure> {
    let mut random = Random::new(seed);
    let profile = Profile::drill(&mut random, leases);
    end(World::new(random, profile, told), |run| run.drill(disaster))
}

fn end(world: World, run_to_the_end: impl FnOnce(&mut Run) -> Result<(), String>) -> Result<Counts, Failure> {
    let mut run = Run { world, commands: 0 };
    let ended = run_to_the_end(&mut run);
    let story = run.world.story.take().unwrap_or_default().into();
    ended.map_err(|why| Failure { why: format!("{why}\n{:?}", run.world.profile), story })?;
    Ok(run.world.counts)
}

pub(crate) struct Run {
    pub(crate) world: World,
    /// How many commands were proposed: the number of the last, since no two are the same.
    commands: u64,
}

impl Run {
    fn storm(&mut self) -> Result<(), String> {
        for node in self.world.all() {
            self.world.restart(node)?;
        }
        self.world.after(1, Happening::Ask);
        self.world.after(self.world.profile.fault_every, Happening::Fault);
        self.until(self.world.profile.storm)
    }

    pub(crate) fn until(&mut self, time: u64) -> Result<(), String> {
        let mut count = 0_u64;
        while let Some(happening) = self.world.next(time) {
            self.happen(happening)?;
            if self.world.profile.leases.is_some() {
                self.world.read_leases()?;
            }
            count += 1;
            if count.is_multiple_of(64) {
                self.world.judge()?;
            }
        }
        self.world.judge()
    }

    fn happen(&mut self, happening: Happening) -> Result<(), String> {
        let world = &mut self.world;
        match happening {
            Happening::Arrive(letter) => world.arrive(letter),
            Happening::Expire(node, timer, number) => world.expire(node, timer, number),
            Happening::Persist(node, start) => world.persist(node, start),
            Happening::ComeBack(node) => world.come_back(node),
            Happening::Restart(node, start) if world.host(node).start == start => world.restart(node),
            Happening::Restart(..) => Ok(()),
            Happening::Ask | Happening::Fault if world.calm => Ok(()),
            Happening::Ask => {
                let wait = world.random.within(1, world.profile.ask_every);
                world.after(wait, Happening::Ask);
                self.ask()
            }
            Happening::Fault => {
                let wait = world.random.within(1, world.profile.fault_every);
                world.after(wait, Happening::Fault);
                self.fault()
            }
        }
    }

    /// Mostly the leader, as far as a client can guess.
    fn addressee(&mut self) -> NodeId {
        let leaders: Vec<_> =
            self.world.servers().filter(|server| server.is_leader()).map(Server::id).collect();
        if leaders.is_empty() || self.world.random.permille(200) {
            let all: Vec<_> = self.world.all().iter().collect();
            return self.world.random.pick(&all);
        }
        self.world.random.pick(&leaders)
    }

    fn ask(&mut self) -> Result<(), String> {
        let node = self.addressee();
        match self.world.random.within(0, 100) {
            0..60 => self.propose(node),
            60..75 => self.read(node),
            75..87 => self.compact(),
            87..93 => self.change(node),
            93..97 => self.transfer(node),
            _ => {
                let other = self.other_than(node);
                self.input(node, Input::Unreachable(other))
            }
        }
    }

    fn input(&mut self, node: NodeId, input: Input<u64>) -> Result<(), String> {
        self.world.step(node, Event::Input(input))
    }

    fn propose(&mut self, node: NodeId) -> Result<(), String> {
        let count = self.world.random.pick(&[1, 1, 1, 2, 7]);
        let commands = (self.commands + 1..=self.commands + count).collect();
        self.commands += count;
        let host = self.world.host(node);
        let passes_on = host.server.as_ref().is_some_and(|it| !it.is_leader() && it.leader().is_some());
        let passed_on = passes_on && host.config.options().forward;
        self.world.counts.add(What::ProposalsPassedOn, u64::from(passed_on));
        self.input(node, Input::Propose(commands))
    }

    fn read(&mut self, node: NodeId) -> Result<(), String> {
        self.commands += 1;
        let committed = self.world.safety.committed();
        if self.world.host(node).server.is_some() {
            self.world.reads.insert(self.commands, committed);
        }
        self.input(node, Input::Read(self.commands))
    }

    /// Any server may make a snapshot of what it has applied.
    fn compact(&mut self) -> Result<(), String> {
        let all: Vec<_> = self.world.all().iter().collect();
        let node = self.world.random.pick(&all);
        let host = self.world.host(node);
        if host.server.is_none() || host.applied == Index::default() {
            return Ok(());
        }
        host.saved.insert(host.applied, host.state);
        let applied = host.applied;
        self.input(node, Input::Compact(applied))
    }

    pub(crate) fn other_than(&mut self, node: NodeId) -> NodeId {
        let others: Vec<_> = self.world.all().without(node).iter().collect();
        if others.is_empty() { node } else { self.world.random.pick(&others) }
    }

    fn transfer(&mut self, node: NodeId) -> Result<(), String> {
        let to = self.other_than(node);
        if let Some(server) = &self.world.host(node).server {
            let term = server.term().get();
            self.world.handing_over = Some((term, to));
        }
        self.input(node, Input::Transfer(to))
    }

    fn change(&mut self, node: NodeId) -> Result<(), String> {
        let all = self.world.all();
        let random = &mut self.world.random;
        let mut draw = || all.intersection(NodeSet::from_bits(random.next().into()));
        let (mut voters, learners) = (draw(), draw());
        if let Some(server) = &self.world.hosts[node.index()].server
            && self.world.random.permille(300)
        {
            voters = server.membership().voters().incoming; // Only learners come and go.
        }
        let learners = learners.iter().filter(|node| !voters.contains(*node)).collect();
        let Ok(target) = Membership::new(voters, learners) else { return Ok(()) };
        let before = self.world.host(node).whole_disk().log().last().index;
        self.input(node, Input::Change(target))?;
        let writes = &self.world.host(node).whole_disk();
        let appended = writes.log().membership();
        let learners_only = appended == (before.next(), target);
        self.world.counts.add(What::ChangesOfLearnersOnly, u64::from(learners_only));
        Ok(())
    }

    fn fault(&mut self) -> Result<(), String> {
        let all: Vec<_> = self.world.all().iter().collect();
        match self.world.random.within(0, 10) {
            0..3 => {
                let node = self.world.random.pick(&all);
                if self.world.host(node).server.is_some() { self.world.crash(node) } else { Ok(()) }
            }
            3..5 => {
                let side = NodeSet::from_bits(self.world.random.next().into());
                let crosses = |a: &NodeId, b: &NodeId| side.contains(*a) != side.contains(*b);
                let pairs = all.iter().flat_map(|a| all.iter().map(move |b| (a, b)));
                self.world.cut = pairs.filter(|(a, b)| crosses(a, b)).map(|(a, b)| (*a, *b)).collect();
                self.world.counts.add(What::Partitions, u64::from(!self.world.cut.is_empty()));
                Ok(())
            }
            5..7 => {
                let link = (self.world.random.pick(&all), self.world.random.pick(&all));
                self.world.cut.insert(link); // In one direction only.
                Ok(())
            }
            _ => {
                self.world.cut.clear();
                Ok(())
            }
        }
    }

    /// Faults end. Servers that are down come back; one may stay down for good if it is not needed.
    fn calm(&mut self) -> Result<(), String> {
        self.world.tell(|| "the storm is over".into());
        self.world.calm = true;
        self.world.cut.clear();
        let dead = self.dispensable();
        if let Some(node) = dead {
            let host = self.world.host(node);
            let random = &mut Random::new(0);
            host.crash(random)?;
            host.gone = true;
            self.world.safety.forget(node);
            self.world.counts.add(What::EndsWithADeadServer, 1);
            self.world.tell(|| format!("{node} is gone for good"));
        }
        for node in self.world.all().iter().filter(|node| Some(*node) != dead) {
            self.world.come_back(node)?;
        }
        let end = self.world.now + PATIENCE;
        let mut wanted = None;
        while self.world.now < end {
            self.until(self.world.now + T / 2)?;
            self.retire()?;
            let leader = self.world.servers().filter(|it| it.is_leader()).max_by_key(|it| it.term());
            let Some(leader) = leader.map(Server::id) else { continue };
            match wanted {
                Some(command) if self.has_converged(leader, command) => return Ok(()),
                Some(command) if self.is_in_log(leader, command) => {}
                Some(_) | None => {
                    self.commands += 1;
                    wanted = Some(self.commands);
                    self.input(leader, Input::Propose([self.commands].into_iter().collect()))?;
                }
            }
        }
        let servers: Vec<_> = self.world.servers().map(|server| format!("\n{server:?}")).collect();
        Err(format!("no agreement after {} ms of calm:{}", PATIENCE / 1_000, servers.concat()))
    }

    /// Without pre-vote and check-quorum nothing keeps a server that was removed, and does not
    /// know it, from disturbing the others (thesis 4.2.3): an operator switches it off.
    fn retire(&mut self) -> Result<(), String> {
        let options = self.world.profile.options;
        let leader = self.world.servers().filter(|it| it.is_leader()).max_by_key(|it| it.term());
        let Some(leader) = leader else { return Ok(()) };
        let settled = leader.membership_index() <= leader.commit() && !leader.membership().is_joint();
        let strangers: Vec<_> =
            self.world.all().iter().filter(|node| !leader.membership().contains(*node)).collect();
        if settled && !options.pre_vote && !options.check_quorum {
            for node in strangers {
                let host = self.world.host(node);
                (host.server, host.gone) = (None, true);
                host.timers.clear();
                self.world.safety.forget(node);
            }
        }
        Ok(())
    }

    fn is_in_log(&self, node: NodeId, command: u64) -> bool {
        let host = &self.world.hosts[node.index()];
        host.server.as_ref().is_some_and(|server| {
            let log = server.log();
            let after = log.snapshot().last.index;
            log.commands(after, log.last().index).any(|(_, it)| *it == command)
        })
    }

    /// One leader; the change of the membership, if there was one, is done; all members that are
    /// up have everything, the command too, and know it to be committed.
    fn has_converged(&self, leader: NodeId, command: u64) -> bool {
        let servers: Vec<_> = self.world.servers().collect();
        let Some(leader) = servers.iter().find(|server| server.id() == leader) else { return false };
        let (members, last) = (leader.membership(), leader.log().last());
        let agrees = |server: &&&Server| {
            server.log().last() == last && server.commit() == last.index && server.membership() == members
        };
        let mut of_cluster = servers.iter().filter(|server| members.contains(server.id()));
        self.is_in_log(leader.id(), command)
            && !members.is_joint()
            && servers.iter().filter(|server| server.is_leader()).count() == 1
            && of_cluster.all(|server| agrees(&server))
    }

    /// A server without which there are majorities in every membership that any log knows of.
    fn dispensable(&mut self) -> Option<NodeId> {
        if self.world.random.permille(500) {
            return None;
        }
        let all: Vec<_> = self.world.all().iter().collect();
        let node = self.world.random.pick(&all);
        let alive = self.world.all().without(node);
        let enough = |membership: Membership| {
            let mut halves = membership.voters().halves();
            membership == Membership::UNKNOWN || halves.all(|half| althing::quorum::is_majority(alive, half))
        };
        let all_well = self.world.hosts.iter().all(|host| {
            let disk = host.whole_disk();
            let (log, mut at) = (disk.log(), disk.log().last().index);
            let mut well = enough(host.config.initial());
            loop {
                let (index, membership) = log.membership_at(at);
                well &= enough(membership);
                if index <= log.snapshot().last.index {
                    return well;
                }
                at = index.previous();
            }
        });
        all_well.then_some(node)
    }
}
