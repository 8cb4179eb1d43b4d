//! The host of a market: it delivers messages at once and in order, lets a counter be the clock of
//! everyone, and does the work by letting time pass.
//!
//! Nothing is lost here and nobody crashes, so leases are as long as all the work and none ever runs
//! out.
//!
//! Bidders answer at once, so time is up for bids when another round can find what this one did not: for
//! a task that somebody would do for the reserve, when one of those has room; for one that nobody would,
//! when all who can do it have room, so that they say what it would cost. So a task is announced once when
//! it comes and once when it is placed, and besides only as often as its reserve has to grow.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU32;

use althing::contract_net::bidder::{self, CostModel};
use althing::contract_net::ledger::{self, Event as Happened};
use althing::contract_net::{
    AwardRule, BidId, Contractor, Digest, Epoch, Ledger, Manager, Message, Money, Offer, Phase, Promises,
    Round, TaskId, contractor, manager,
};
use althing::machine::{Event, Machine};
use althing::node::{NodeId, NodeSet};
use althing::outbox::{Op, Outbox};

use super::outcome::{MarketOutcome, Seen};
use super::problem::{Problem, Task};

/// Runs the market until every task is done or given up, by this rule.
pub fn run<A: AwardRule>(problem: &Problem, award: A) -> MarketOutcome {
    let mut market = Market::new(problem, award);
    market.open();
    while market.open > 0 && market.go_on() {
        market.deliver();
    }
    MarketOutcome::of(problem, market.manager.ledger(), &market.seen)
}

/// What is due, and when: work that ends comes before timers; otherwise what was asked for first.
type Key = (u64, Class, u64);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Work,
    Timer,
}

enum Due {
    Finished(usize, TaskId, Epoch),
    Manager(manager::Timer),
    Contractor(usize, contractor::Timer),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Manager(manager::Timer),
    Contractor(contractor::Timer),
}

/// Who must have room for another round to be of use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Awaited {
    AnyOf(NodeSet),
    AllOf(NodeSet),
}

impl Awaited {
    fn has_come(self, free: NodeSet) -> bool {
        match self {
            Self::AnyOf(who) => !who.intersection(free).is_empty(),
            Self::AllOf(who) => who.intersection(free) == who,
        }
    }
}

struct Market<'a, A: AwardRule> {
    problem: &'a Problem,
    manager: Manager<A>,
    contractors: Vec<Contractor>,
    asks: Outbox<Manager<A>>,
    answers: Outbox<Contractor>,
    /// Messages under way: to the manager from this agent, or to the agent.
    post: VecDeque<(Direction, usize, Message)>,
    now: u64,
    count: u64,
    queue: BTreeMap<Key, Due>,
    timers: BTreeMap<(Option<usize>, Timer), Key>,
    /// How many tasks each agent works on.
    busy: Vec<u32>,
    /// Who has room for another.
    free: NodeSet,
    /// Tasks whose latest round may have found nobody.
    asked: Vec<TaskId>,
    /// Tasks that are open for bids, each by its place in the order in which they came to wait.
    waiting: BTreeMap<Awaited, BTreeMap<u64, TaskId>>,
    next_bid: u64,
    /// How many bids within the reserve there were for each task, in its latest round.
    bids: Vec<(Round, usize)>,
    /// Tasks that are not done and not given up.
    open: usize,
    seen: Vec<Seen>,
    /// Longer than all the work.
    lease: u64,
}

#[derive(Clone, Copy)]
enum Direction {
    ToManager,
    ToAgent,
}

impl<'a, A: AwardRule> Market<'a, A> {
    fn new(problem: &'a Problem, award: A) -> Self {
        let (mut asks, mut answers) = (Outbox::new(), Outbox::new());
        let boss = node(0);
        let config = manager::Config::new(boss).with_award(award);
        let manager = Manager::restart(config, Ledger::default(), &mut asks);
        let start = |(number, agent): (usize, &super::problem::Agent)| {
            let config = contractor::Config::new(node(number + 1), boss, agent.capacity);
            let config = config.expect("an agent is not the manager");
            Contractor::restart(config, Promises::default(), &mut answers)
        };
        let contractors = problem.agents.iter().enumerate().map(start).collect();
        let work: u64 = problem.tasks.iter().map(|task| task.work + 1).sum();
        Self {
            problem,
            manager,
            contractors,
            asks,
            answers,
            post: VecDeque::new(),
            now: 0,
            count: 0,
            queue: BTreeMap::new(),
            timers: BTreeMap::new(),
            busy: vec![0; problem.agents.len()],
            free: (1..=problem.agents.len()).map(node).collect(),
            asked: Vec::new(),
            waiting: BTreeMap::new(),
            next_bid: 0,
            bids: vec![(Round::default(), 0); problem.tasks.len()],
            open: problem.tasks.len(),
            seen: vec![Seen::default(); problem.tasks.len()],
            lease: work.saturating_mul(3),
        }
    }

    /// All agents join, and all tasks are created.
    fn open(&mut self) {
        for (number, agent) in self.problem.agents.iter().enumerate() {
            let (capabilities, capacity) = (agent.capabilities, agent.capacity);
            let join = manager::Input::Join { node: node(number + 1), capabilities, capacity };
            self.tell_manager(Event::Input(join));
        }
        for (number, task) in self.problem.tasks.iter().enumerate() {
            let mut terms = task.terms.clone();
            terms.rounds = terms.rounds.min(self.rounds(number, task));
            self.tell_manager(Event::Input(manager::Input::Create { task: id(number), terms }));
            self.deliver();
        }
    }

    /// What happens next; false if nothing does. Work that ends comes first, so that who asks for bids
    /// then finds the room.
    fn go_on(&mut self) -> bool {
        let work = (self.now, Class::Work, u64::MAX);
        if self.queue.first_key_value().is_some_and(|(next, _)| *next <= work) {
            return self.let_time_pass();
        }
        for task in std::mem::take(&mut self.asked) {
            self.settle(task);
        }
        let tasks = self.next_waiting();
        if tasks.is_empty() {
            return self.let_time_pass();
        }
        for task in tasks {
            self.tell_manager(Event::Timer(manager::Timer::Bids(task)));
        }
        true
    }

    fn let_time_pass(&mut self) -> bool {
        let Some((key, due)) = self.queue.pop_first() else { return false };
        self.now = key.0;
        match due {
            Due::Finished(agent, task, epoch) => self.finish(agent, task, epoch),
            Due::Manager(timer) => {
                self.timers.remove(&(None, Timer::Manager(timer)));
                self.tell_manager(Event::Timer(timer));
            }
            Due::Contractor(agent, timer) => {
                self.timers.remove(&(Some(agent), Timer::Contractor(timer)));
                self.tell(agent, Event::Timer(timer));
            }
        }
        true
    }

    /// If the latest round has found nobody, the task waits for whom another may find.
    fn settle(&mut self, task: TaskId) {
        let is_open = |known: &&ledger::Task| known.phase == Phase::Bidding;
        let Some(known) = self.manager.ledger().task(task).filter(is_open) else { return };
        let costs = self.problem.agents.iter().map(|agent| agent.costs[place(task)]).zip(1..);
        let able = costs.filter_map(|(cost, number)| Some((cost?, node(number))));
        let willing: NodeSet =
            able.clone().filter(|(cost, _)| *cost <= known.reserve).map(|(_, node)| node).collect();
        let awaited = if willing.is_empty() {
            Awaited::AllOf(able.map(|(_, node)| node).collect())
        } else {
            Awaited::AnyOf(willing)
        };
        self.count += 1;
        self.waiting.entry(awaited).or_default().insert(self.count, task);
    }

    /// Of the tasks for which another round is of use now, the one that waited first; and if it waits for
    /// all to have room, others that do too: once one of them is awarded that is over.
    fn next_waiting(&mut self) -> Vec<TaskId> {
        /// More would only make the post longer.
        const AT_ONCE: usize = 1_000;
        let ready = self.waiting.iter().filter(|(awaited, _)| awaited.has_come(self.free));
        let firsts = ready.filter_map(|(awaited, tasks)| Some((*tasks.first_key_value()?.0, *awaited)));
        let Some((_, awaited)) = firsts.min() else { return Vec::new() };
        let Some(tasks) = self.waiting.get_mut(&awaited) else { return Vec::new() };
        let most = if matches!(awaited, Awaited::AllOf(_)) { AT_ONCE } else { 1 };
        let next = std::iter::from_fn(|| tasks.pop_first()).take(most).map(|(_, task)| task).collect();
        if tasks.is_empty() {
            self.waiting.remove(&awaited);
        }
        next
    }

    /// As many rounds as can be of use. If the reserve never reaches what the task costs those who can do
    /// it, that is one in which somebody may have no room, and one in which all say what it costs.
    fn rounds(&self, number: usize, task: &Task) -> NonZeroU32 {
        let least = self.problem.agents.iter().filter_map(|agent| agent.costs[number]).min();
        let reserve = task.terms.reserve;
        let grows = task.terms.escalation.raise(reserve) > reserve;
        match least {
            None => NonZeroU32::MIN,
            Some(least) if least > reserve && !grows => NonZeroU32::MIN.saturating_add(1),
            Some(_) => NonZeroU32::MAX,
        }
    }

    fn deliver(&mut self) {
        while let Some((direction, agent, message)) = self.post.pop_front() {
            match direction {
                Direction::ToManager => self.tell_manager(Event::Message { from: node(agent + 1), message }),
                Direction::ToAgent => self.tell(agent, Event::Message { from: node(0), message }),
            }
        }
    }

    fn tell_manager(&mut self, event: Event<Manager<A>>) {
        let mut out = std::mem::take(&mut self.asks);
        self.manager.step(event, &mut out);
        for op in out.drain() {
            match op {
                Op::Write(_) | Op::Sync => {} // Nothing crashes here.
                Op::Send { to, message } => {
                    self.post.push_back((Direction::ToAgent, to.index() - 1, message))
                }
                Op::Arm(manager::Timer::Bids(task)) => self.asked.push(task),
                Op::Arm(timer) => {
                    let at = self.now.saturating_add(self.lease);
                    self.arm((None, Timer::Manager(timer)), at, Due::Manager(timer));
                }
                Op::Disarm(manager::Timer::Bids(_)) => {} // It was awarded or given up, and waits no longer.
                Op::Disarm(timer) => self.disarm((None, Timer::Manager(timer))),
                Op::Output(manager::Output::Happened(happened)) => self.happened(happened),
                // What comes too late, as bids do when another was taken.
                Op::Output(manager::Output::Refused(_)) => {}
            }
        }
        self.asks = out;
    }

    fn happened(&mut self, happened: Happened) {
        match happened {
            Happened::Awarded { task, .. } => {
                let place = place(task);
                self.seen[place].bids = self.bids[place].1;
            }
            Happened::Accepted { .. } | Happened::Cancelled { .. } | Happened::Unallocated { .. } => {
                self.open -= 1
            }
            Happened::Released { next: None, .. } => self.open -= 1,
            Happened::Created { .. } | Happened::Joined { .. } | Happened::Left { .. } => {}
            Happened::Reannounced { .. } | Happened::Released { next: Some(_), .. } => {}
        }
    }

    fn tell(&mut self, agent: usize, event: Event<Contractor>) {
        let mut out = std::mem::take(&mut self.answers);
        self.contractors[agent].step(event, &mut out);
        let mut asked = Vec::new();
        for op in out.drain() {
            match op {
                Op::Write(_) | Op::Sync => {}
                Op::Send { to: _, message } => self.post.push_back((Direction::ToManager, agent, message)),
                Op::Arm(timer) => {
                    let at = self.now.saturating_add(self.lease);
                    self.arm((Some(agent), Timer::Contractor(timer)), at, Due::Contractor(agent, timer));
                }
                Op::Disarm(timer) => self.disarm((Some(agent), Timer::Contractor(timer))),
                Op::Output(contractor::Output::Asked { task, round, offer }) => {
                    asked.push((task, round, offer))
                }
                Op::Output(contractor::Output::Start { task, epoch }) => self.start(agent, task, epoch),
                Op::Output(contractor::Output::Settled { .. } | contractor::Output::Refused(_)) => {}
                Op::Output(contractor::Output::Stop { .. }) => {} // The run ends before a lease does.
            }
        }
        self.answers = out;
        for (task, round, offer) in asked {
            let answer = self.answer(agent, task, round, &offer);
            self.tell(agent, Event::Input(answer));
        }
    }

    /// Who is asked bids what the task costs it. If that is above the reserve the manager does not accept
    /// it, but knows then why nobody was found.
    fn answer(&mut self, agent: usize, task: TaskId, round: Round, offer: &Offer) -> contractor::Input {
        let (bidder, number) = (&self.problem.agents[agent], place(task));
        let (capabilities, speed) = (bidder.capabilities, bidder.speed);
        let bid = bidder.costs[number].and_then(|fixed| {
            let model = CostModel { capabilities, fixed, per_unit: Money::default(), speed };
            self.next_bid += 1;
            let offer = Offer { reserve: Money::new(u64::MAX), ..*offer };
            bidder::bid(&model, &offer, self.problem.tasks[number].work, BidId::new(self.next_bid))
        });
        let Some(bid) = bid else { return contractor::Input::Pass { task, round } };
        if bid.cost <= offer.reserve {
            let (of, count) = &mut self.bids[number];
            *count = if *of == round { *count + 1 } else { 1 };
            *of = round;
        }
        contractor::Input::Bid { task, round, bid }
    }

    fn start(&mut self, agent: usize, task: TaskId, epoch: Epoch) {
        let (number, speed) = (place(task), self.problem.agents[agent].speed);
        let end = self.now.saturating_add(self.problem.tasks[number].work.div_ceil(u64::from(speed.get())));
        (self.seen[number].start, self.seen[number].end) = (self.now, end);
        self.occupy(agent, self.busy[agent] + 1);
        self.count += 1;
        self.queue.insert((end, Class::Work, self.count), Due::Finished(agent, task, epoch));
    }

    fn finish(&mut self, agent: usize, task: TaskId, epoch: Epoch) {
        self.occupy(agent, self.busy[agent] - 1);
        let result = Digest::new(task.get());
        self.tell(agent, Event::Input(contractor::Input::Finished { task, epoch, result }));
    }

    fn occupy(&mut self, agent: usize, tasks: u32) {
        self.busy[agent] = tasks;
        let (free, agent, capacity) = (self.free, node(agent + 1), self.problem.agents[agent].capacity);
        self.free = if tasks < capacity.get() { free.with(agent) } else { free.without(agent) };
    }

    fn arm(&mut self, timer: (Option<usize>, Timer), at: u64, due: Due) {
        self.disarm(timer);
        self.count += 1;
        let key = (at, Class::Timer, self.count);
        self.timers.insert(timer, key);
        self.queue.insert(key, due);
    }

    fn disarm(&mut self, timer: (Option<usize>, Timer)) {
        if let Some(key) = self.timers.remove(&timer) {
            self.queue.remove(&key);
        }
    }
}

/// Node 0 is the manager, and then come the agents.
fn node(number: usize) -> NodeId {
    let number = u8::try_from(number).ok().and_then(|number| NodeId::new(number).ok());
    number.expect("a problem has no more agents than there are nodes")
}

fn id(number: usize) -> TaskId {
    TaskId::new(number as u64)
}

/// Where a task is among those of the problem.
fn place(task: TaskId) -> usize {
    task.get() as usize
}
