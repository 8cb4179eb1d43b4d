//! What kind of a run it is, drawn from its seed.

use althing::raft::{Config, Limits, Membership, Options};
use althing::{NodeId, NodeSet};

use crate::lease::{Leases, Missing};
use crate::random::Random;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    pub(crate) hosts: u8,
    /// Who takes part at first; the others know nothing.
    pub(crate) initial: Membership,
    pub(crate) options: Options,
    pub(crate) limits: Limits,
    /// In a thousand messages.
    pub(crate) loss: u64,
    pub(crate) repeat: u64,
    pub(crate) slow: u64,
    /// In a thousand steps.
    pub(crate) crash_within_step: u64,
    /// At most, in microseconds.
    pub(crate) disk_latency: u64,
    /// How long it takes to transfer a snapshot, at most.
    pub(crate) transfer_time: u64,
    /// Between two faults, and between two ideas of the clients, at most.
    pub(crate) fault_every: u64,
    pub(crate) ask_every: u64,
    /// How long the storm lasts.
    pub(crate) storm: u64,
    pub(crate) leases: Option<Leases>,
}

impl Profile {
    pub(crate) fn draw(random: &mut Random, leases: Option<Leases>) -> Self {
        let hosts = random.pick(&[1, 2, 3, 3, 3, 4, 5, 5, 6, 7, 9]);
        let voters = random.within(1, u64::from(hosts) + 1) as u8;
        let voters = NodeSet::first(if random.permille(500) { hosts } else { voters });
        let learners = match NodeId::new(voters.len()) {
            Ok(next) if voters.len() < hosts && random.permille(500) => NodeSet::only(next),
            _ => NodeSet::EMPTY,
        };
        let options = Options {
            pre_vote: random.permille(750),
            check_quorum: random.permille(750) || leases.is_some(),
            prompt_commit: random.permille(750),
            forward: random.permille(400),
            write_behind: random.permille(400),
        };
        // Without both, a server that was removed disturbs the others with one term after another
        // (thesis 4.2.3), and what takes longer than a term is never done.
        let calm = options.pre_vote || options.check_quorum;
        let transfers: &[u64] = if calm { &[1_000, 50_000, 600_000, 2_000_000] } else { &[1_000, 20_000] };
        Self {
            hosts,
            initial: Membership::new(voters, learners).expect("voters that are no learners"),
            options,
            limits: Limits {
                message_entries: random.pick(&[1, 2, 5, 4_096]),
                message_bytes: random.pick(&[8, 40, 1 << 20]),
                in_flight_entries: random.pick(&[1, 3, 65_536]),
                in_flight_bytes: random.pick(&[8, 50, u64::MAX]),
                uncommitted_bytes: random.pick(&[16, 100, u64::MAX]),
            },
            loss: random.pick(&[0, 10, 50, 200]),
            repeat: random.pick(&[0, 10, 100]),
            slow: random.pick(&[0, 20, 100]),
            crash_within_step: random.pick(&[0, 1, 3, 8]),
            disk_latency: random.pick(&[100, 5_000, 60_000]),
            transfer_time: random.pick(transfers),
            fault_every: random.pick(&[100_000, 400_000, 1_500_000]),
            ask_every: random.pick(&[3_000, 20_000, 80_000]),
            storm: random.within(1_000_000, 6_000_000),
            leases,
        }
    }

    /// Three servers, and nothing goes wrong by itself.
    pub(crate) fn drill(random: &mut Random, leases: Leases) -> Self {
        let drawn = Self::draw(random, Some(leases));
        Self {
            hosts: 3,
            initial: Membership::new(NodeSet::first(3), NodeSet::EMPTY).expect("three voters"),
            limits: Limits::default(),
            loss: 0,
            repeat: 0,
            slow: 0,
            crash_within_step: 0,
            ..drawn
        }
    }

    pub(crate) fn configs(self) -> impl Iterator<Item = Config<Missing>> {
        let rules = self.leases.map_or(Missing::Nothing, |leases| leases.missing);
        let config = move |node: NodeId| {
            let initial = if self.initial.contains(node) { self.initial } else { Membership::UNKNOWN };
            Config::new(node, initial).with_options(self.options).with_limits(self.limits).with_rules(rules)
        };
        NodeSet::first(self.hosts).iter().map(config)
    }
}
