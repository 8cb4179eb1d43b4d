//! What happens to a cluster, and what comes of it.

use althing_peers::cluster::{App, Commands, Server, Turns};
use proptest::prelude::*;

/// One thing that happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// A client asks this server for so many commands. It refuses them if it does not lead.
    Propose(usize, u64),
    /// A client asks whoever believes to lead for so many commands.
    Ask(u64),
    /// This server's election timer expires.
    TimeOut(usize),
    /// One after another, from this one on, the election timers of all expire that do not lead.
    TimeOutAll(usize),
    /// This server crashes and starts again.
    Restart(usize),
    /// From now on all messages between these two are lost.
    Cut(usize, usize),
    /// From now on all messages to this server and from it are lost, and no others.
    Isolate(usize),
    /// No link is cut any more.
    Heal,
}

/// What came of a schedule: commands by their numbers.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Outcome {
    /// Those that were not refused.
    pub(crate) taken: Vec<u64>,
    /// Who led after each step.
    pub(crate) led: Vec<Vec<usize>>,
    /// How many commands were known to be committed after each step. A server that has just
    /// started may or may not know it from its disk, so what each has applied is its own affair.
    pub(crate) known: Vec<usize>,
    /// Those that were committed.
    pub(crate) committed: Vec<u64>,
}

impl Outcome {
    /// How often another server led than before.
    pub(crate) fn terms(&self) -> usize {
        let mut leaders: Vec<_> = self.led.iter().filter_map(|led| led.last()).collect();
        leaders.dedup();
        leaders.len()
    }
}

/// What a server has applied since it started.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
struct Applied(Vec<u64>);

impl App for Applied {
    fn apply(&mut self, command: &[u8]) {
        self.0.push(u64::from_le_bytes(command.try_into().expect("commands of a test have 8 bytes")));
    }
}

/// Enough for whoever follows to catch up.
const HEARTBEATS: usize = 6;

struct Run<S: Server> {
    servers: Turns<S, Applied>,
    size: usize,
    next: u64,
    outcome: Outcome,
}

/// What comes of the steps, and then of a network and servers without faults.
pub(crate) fn run<S: Server>(servers: impl Iterator<Item = S>, steps: &[Step]) -> Outcome {
    let servers = Turns::new(servers);
    let size = servers.apps().len();
    let mut run = Run { servers, size, next: 0, outcome: Outcome::default() };
    run.calm();
    for step in steps {
        run = run.step(*step);
        run.calm();
        run.note();
    }
    run.end()
}

impl<S: Server> Run<S> {
    fn step(mut self, step: Step) -> Self {
        match step {
            Step::Propose(id, count) => self.propose(id, count),
            Step::Ask(count) => {
                let leaders: Vec<_> = self.servers.leaders().collect();
                leaders.into_iter().for_each(|leader| self.propose(leader, count));
            }
            Step::TimeOut(id) => self.servers.happens(id, S::time_out),
            Step::TimeOutAll(first) => {
                for id in (0..self.size).map(|by| (first + by) % self.size) {
                    if !self.servers.server(id).is_leader() {
                        self.servers.happens(id, S::time_out);
                        self.servers.pump();
                    }
                }
            }
            Step::Restart(id) => self.servers = self.servers.restarted(id),
            Step::Cut(a, b) => self.servers.cut(a, b, true),
            Step::Isolate(id) => {
                self.heal();
                (0..self.size)
                    .filter(|other| *other != id)
                    .for_each(|other| self.servers.cut(id, other, true));
            }
            Step::Heal => self.heal(),
        }
        self
    }

    /// Commands that are refused have numbers too, so that all implementations use the same.
    fn propose(&mut self, id: usize, count: u64) {
        let numbers = self.next..self.next + count;
        self.next += count;
        if self.servers.server(id).is_leader() {
            let bytes: Vec<u8> = numbers.clone().flat_map(u64::to_le_bytes).collect();
            self.servers.happens(id, |leader| leader.propose(&Commands::new(&bytes, 8)));
            self.outcome.taken.extend(numbers);
        }
    }

    fn heal(&mut self) {
        for a in 0..self.size {
            for b in 0..a {
                self.servers.cut(a, b, false);
            }
        }
    }

    /// Lets everyone catch up with whoever leads it.
    fn calm(&mut self) {
        self.servers.pump();
        for _ in 0..HEARTBEATS {
            let leaders: Vec<_> = self.servers.leaders().collect();
            for leader in leaders {
                self.servers.happens(leader, S::beat);
            }
            self.servers.pump();
        }
    }

    /// Of two servers, one has applied what the other has, and perhaps more.
    fn note(&mut self) {
        self.outcome.led.push(self.servers.leaders().collect());
        for Applied(applied) in self.servers.apps() {
            let known = applied.len().min(self.outcome.committed.len());
            assert_eq!(applied[..known], self.outcome.committed[..known], "what is committed changed");
            self.outcome.committed.extend(&applied[known..]);
        }
        self.outcome.known.push(self.outcome.committed.len());
    }

    /// Once faults have ended a leader emerges, and everyone applies the same.
    fn end(mut self) -> Outcome {
        self.heal();
        self.calm();
        for id in (0..self.size).cycle().take(4 * self.size) {
            if self.servers.leaders().next().is_some() {
                break;
            }
            self.servers.happens(id, S::time_out);
            self.calm();
        }
        self.note();
        assert!(self.servers.leaders().next().is_some(), "no leader emerges");
        for Applied(applied) in self.servers.apps() {
            assert_eq!(*applied, self.outcome.committed, "a server was left behind");
        }
        self.outcome
    }
}

/// Random schedules.
pub(crate) fn schedules(servers: usize) -> impl Strategy<Value = Vec<Step>> {
    let id = move || 0..servers;
    let link = (id(), 1..servers).prop_map(move |(a, by)| Step::Cut(a, (a + by) % servers));
    let step = prop_oneof![
        1 => (id(), 1..20_u64).prop_map(|(id, count)| Step::Propose(id, count)),
        4 => (1..20_u64).prop_map(Step::Ask),
        2 => id().prop_map(Step::TimeOut),
        2 => id().prop_map(Step::TimeOutAll),
        1 => id().prop_map(Step::Restart),
        1 => link,
        3 => id().prop_map(Step::Isolate),
        1 => Just(Step::Heal),
    ];
    prop::collection::vec(step, 1..60)
}
