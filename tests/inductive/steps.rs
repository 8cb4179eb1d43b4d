//! Every step of one server out of a state, whole and cut short by a crash.

use std::collections::BTreeMap;
use std::fmt;

use althing::observe::{Cause, Step};
use althing::raft::election::invariants;
use althing::raft::election::{Ballot, Election, Input, Message, Role, Rules, Timer};
use althing::{Durable, Event, Machine, Op, Outbox};

use crate::world::{Flight, World};

type Server<R> = Election<u8, R>;

/// How often each kind of state and each kind of step was looked at.
#[derive(Default, Debug)]
pub(crate) struct Coverage(BTreeMap<&'static str, u64>);

impl Coverage {
    fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub(crate) fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }
}

/// A step after which something is wrong.
pub(crate) struct Violation {
    /// What is wrong.
    pub(crate) clause: &'static str,
    /// What led to it.
    pub(crate) step: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.clause, self.step)
    }
}

/// Takes each step that server 0 can take out of the state: each message to it, each
/// timer, each input; performed in either order that a host may choose, and cut short by a
/// crash after any number of operations. Says what is wrong afterwards, if anything.
pub(crate) fn take_every_step<R: Rules>(world: &World<R>, coverage: &mut Coverage) -> Result<(), Violation> {
    assert_eq!(world.violation(), None, "the state itself breaks the invariant: {world:#?}");
    if let Some(clause) = world.implied_violation() {
        return Err(Violation { clause, step: "the invariant does not imply it".into() });
    }
    coverage.count("states");
    world.servers.iter().for_each(|server| coverage.count(name_of_role(server.role())));
    let before = world.servers[0];
    let idle = Taken { world, event: &Event::Timer(Timer::Election), before, ops: &[] };
    idle.cut_short(0, before, coverage).map_err(|clause| idle.describe(0, clause))?;
    for event in events(world, before) {
        coverage.count(name_of_event(&event));
        let mut out = Outbox::new();
        let mut after = before;
        after.step(event.clone(), &mut out);
        let in_order: Vec<_> = out.clone().drain().collect();
        let grouped: Vec<_> = out.drain_grouped().collect();
        let orders = [Some(&in_order), Some(&grouped).filter(|grouped| **grouped != in_order)];
        for ops in orders.into_iter().flatten() {
            let taken = Taken { world, event: &event, before, ops };
            taken.whole(after, coverage).map_err(|clause| taken.describe(ops.len(), clause))?;
            for cut in (1..=ops.len()).filter(|cut| is_seen(&ops[cut - 1])) {
                taken.cut_short(cut, after, coverage).map_err(|clause| taken.describe(cut, clause))?;
            }
        }
    }
    Ok(())
}

/// Whether a crash just after this operation differs from one just before it.
fn is_seen<R: Rules>(op: &Op<Server<R>>) -> bool {
    matches!(op, Op::Write(_) | Op::Send { .. })
}

/// One event, handled by one server.
pub(crate) struct Taken<'a, R: Rules> {
    pub(crate) world: &'a World<R>,
    pub(crate) event: &'a Event<Server<R>>,
    pub(crate) before: Server<R>,
    pub(crate) ops: &'a [Op<Server<R>>],
}

impl<R: Rules> Taken<'_, R> {
    /// The whole step, if there is no crash.
    fn whole(&self, after: Server<R>, coverage: &mut Coverage) -> Result<(), &'static str> {
        let step = Step {
            node: self.before.id(),
            cause: Cause::Event(self.event),
            before: &self.before,
            disk: &self.before.durable(),
            performed: self.ops,
            after: &after,
        };
        if after != self.before || !self.ops.is_empty() {
            self.leads_to(self.ops, after)?;
        }
        holds(&step)?;
        if step.disk_after() != after.durable() {
            return Err("the disk is the fold of the writes");
        }
        if after.is_leader() && !self.before.is_leader() {
            coverage.count("elected");
        }
        if !after.is_leader() && self.before.is_leader() {
            coverage.count("deposed");
        }
        if step.sends().any(|(_, _, message)| matches!(message, Message::VoteReply { granted: true, .. })) {
            coverage.count("voted");
        }
        Ok(())
    }

    /// The server crashes after so many operations and comes back with what was on its disk.
    ///
    /// A write that no `Sync` follows may or may not survive. As nothing but writes stands
    /// between a write and its `Sync`, the crash just before a write is the crash that loses it.
    pub(crate) fn cut_short(
        &self,
        cut: usize,
        after: Server<R>,
        coverage: &mut Coverage,
    ) -> Result<(), &'static str> {
        let performed = &self.ops[..cut];
        let mut disk = self.before.durable();
        performed.iter().for_each(|op| {
            if let Op::Write(write) = op {
                disk.apply(write)
            }
        });
        let mut out = Outbox::new();
        let restarted = Election::restart(*self.before.config(), disk, &mut out);
        let ops: Vec<_> = out.drain().collect();
        let cause = Cause::Restart;
        let node = self.before.id();
        holds(&Step { node, cause, before: &after, disk: &disk, performed: &ops, after: &restarted })?;
        coverage.count("crash");
        if matches!(performed.last(), Some(Op::Write(_))) {
            coverage.count("crash between a write and what depends on it");
        }
        self.leads_to(performed, restarted)
    }

    /// Whether the invariant holds once this was performed and the server is thus.
    fn leads_to(&self, performed: &[Op<Server<R>>], after: Server<R>) -> Result<(), &'static str> {
        let from = after.id();
        let servers = self.world.servers.clone();
        let mut next = World { servers, cast: self.world.cast, in_flight: Vec::new() };
        next.servers[from.index()] = after;
        for op in performed {
            match op {
                Op::Write(Ballot { term, vote: Some(vote) }) => {
                    let term = usize::try_from(term.get()).expect("few terms");
                    next.cast[term][from.index()].get_or_insert(*vote);
                }
                Op::Send { to, message } => next.in_flight.push(Flight { from, to: *to, message: *message }),
                Op::Write(_) | Op::Sync | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => {}
            }
        }
        let earlier = self.world.in_flight.iter().find_map(|flight| next.flight_violation(flight));
        next.violation().or(earlier).map_or(Ok(()), Err)
    }

    fn describe(&self, cut: usize, clause: &'static str) -> Violation {
        let performed = &self.ops[..cut];
        let step = format!("{} handles {:?}, performs {performed:?}", self.before.id(), self.event);
        Violation { clause, step }
    }
}

/// The invariants of a single step. Those hold out of any state, too.
fn holds<R: Rules>(step: &Step<'_, Server<R>>) -> Result<(), &'static str> {
    type Check<R> = fn(&Step<'_, Server<R>>) -> bool;
    let checks: [(&'static str, Check<R>); 6] = [
        ("monotonic", invariants::monotonic),
        ("vote_once", invariants::vote_once),
        ("persist_before_send", invariants::persist_before_send),
        ("no_surprise", invariants::no_surprise),
        ("leader_stickiness", invariants::leader_stickiness),
        ("check_quorum", invariants::check_quorum),
    ];
    checks.iter().find(|(_, check)| !check(step)).map_or(Ok(()), |(name, _)| Err(name))
}

fn events<R: Rules>(world: &World<R>, server: Server<R>) -> Vec<Event<Server<R>>> {
    let to_it = world.in_flight.iter().filter(|flight| flight.to == server.id());
    let messages = to_it.map(|flight| Event::Message { from: flight.from, message: flight.message });
    let timers = [Timer::Election, Timer::Lease, Timer::Heartbeat, Timer::Quorum].map(Event::Timer);
    let grown = Event::Input(Input::Advance(server.credential() + 1));
    messages.chain(timers).chain([grown]).collect()
}

fn name_of_role(role: Role) -> &'static str {
    match role {
        Role::Follower { leader: None } => "follower",
        Role::Follower { leader: Some(_) } => "follower of a leader",
        Role::PreCandidate { .. } => "pre-candidate",
        Role::Candidate { .. } => "candidate",
        Role::Leader { .. } => "leader",
    }
}

fn name_of_event<R: Rules>(event: &Event<Server<R>>) -> &'static str {
    match event {
        Event::Message { message: Message::PreVote { .. }, .. } => "PreVote",
        Event::Message { message: Message::PreVoteReply { granted: true, .. }, .. } => {
            "PreVoteReply, granted"
        }
        Event::Message { message: Message::PreVoteReply { granted: false, .. }, .. } => "PreVoteReply",
        Event::Message { message: Message::RequestVote { .. }, .. } => "RequestVote",
        Event::Message { message: Message::VoteReply { granted: true, .. }, .. } => "VoteReply, granted",
        Event::Message { message: Message::VoteReply { granted: false, .. }, .. } => "VoteReply",
        Event::Message { message: Message::Heartbeat { .. }, .. } => "Heartbeat",
        Event::Message { message: Message::HeartbeatReply { .. }, .. } => "HeartbeatReply",
        Event::Timer(Timer::Election) => "Timer::Election",
        Event::Timer(Timer::Lease) => "Timer::Lease",
        Event::Timer(Timer::Heartbeat) => "Timer::Heartbeat",
        Event::Timer(Timer::Quorum) => "Timer::Quorum",
        Event::Input(Input::Advance(_)) => "Advance",
    }
}

/// The kinds of states and steps, each of which a search must have met.
pub(crate) const KINDS: [&str; 23] = [
    "follower",
    "follower of a leader",
    "pre-candidate",
    "candidate",
    "leader",
    "PreVote",
    "PreVoteReply",
    "PreVoteReply, granted",
    "RequestVote",
    "VoteReply",
    "VoteReply, granted",
    "Heartbeat",
    "HeartbeatReply",
    "Timer::Election",
    "Timer::Lease",
    "Timer::Heartbeat",
    "Timer::Quorum",
    "Advance",
    "elected",
    "deposed",
    "voted",
    "crash",
    "crash between a write and what depends on it",
];
