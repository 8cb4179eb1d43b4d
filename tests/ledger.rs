//! Laws of the ledger, for random histories: replaying one gives the equal ledger, twice is once,
//! commands that touch nothing in common commute, and the index finds what a search of everything
//! finds.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use althing::Durable;
use althing::contract_net::ledger::{Cause, Command, Event, Phase, Reason, Refused, Task, Why};
use althing::contract_net::{
    AgentId, BidId, Capabilities, Digest, Epoch, Ledger, Money, Ratio, Round, TaskId, Tenure, Terms,
};
use proptest::prelude::*;

fn count(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("not 0")
}

fn task() -> impl Strategy<Value = TaskId> {
    (0..6_u64).prop_map(TaskId::new)
}

fn agent() -> impl Strategy<Value = AgentId> {
    (0..4_u32).prop_map(AgentId::new)
}

fn capabilities() -> impl Strategy<Value = Capabilities> {
    (0..8_u64).prop_map(Capabilities::from_bits)
}

/// What happens, some of it relative to what the ledger is then, so that much of it is made.
#[derive(Clone, Copy, Debug)]
enum Act {
    Create { task: TaskId, needs: u64, after: u64, rounds: u32 },
    Join { agent: AgentId, capabilities: Capabilities, capacity: u32 },
    Leave(AgentId),
    Reannounce(TaskId, Why),
    Award(TaskId, AgentId, u64),
    Release(TaskId, Cause),
    Accept(TaskId),
    Cancel(TaskId),
    GiveUp(TaskId, Option<u64>),
}

fn act() -> impl Strategy<Value = Act> {
    let cause = prop::sample::select(&[Cause::Declined, Cause::Failed, Cause::Expired][..]);
    prop_oneof![
        3 => (task(), 0..8_u64, 0..64_u64, 1..4_u32).prop_map(|(task, needs, after, rounds)| Act::Create {
            task, needs: needs & needs >> 1, after: after & after >> 1, rounds
        }),
        3 => (agent(), capabilities(), 1..3_u32)
            .prop_map(|(agent, capabilities, capacity)| Act::Join { agent, capabilities, capacity }),
        1 => agent().prop_map(Act::Leave),
        2 => (task(), any::<bool>())
            .prop_map(|(task, no_bid)| Act::Reannounce(task, if no_bid { Why::NoBid } else { Why::Restart })),
        6 => (task(), agent(), 0..12_u64).prop_map(|(task, agent, price)| Act::Award(task, agent, price)),
        2 => (task(), cause).prop_map(|(task, cause)| Act::Release(task, cause)),
        3 => task().prop_map(Act::Accept),
        1 => task().prop_map(Act::Cancel),
        2 => (task(), prop::option::of(0..30_u64)).prop_map(|(task, lowest)| Act::GiveUp(task, lowest)),
    ]
}

/// The act as a command about this ledger as it is.
fn command(ledger: &Ledger, act: Act) -> Command {
    let known = |task| ledger.task(task);
    let round = |task| known(task).map_or(Round::new(1), |it| it.round);
    let tenure = |task| {
        let none = Tenure { epoch: Epoch::new(1), agent: AgentId::new(0) };
        known(task).and_then(|it| it.tenure()).unwrap_or(none)
    };
    match act {
        Act::Create { task, needs, after, rounds } => {
            let by_half = Ratio::new(3, 2).expect("more than one");
            let after = (0..6).filter(|bit| after >> bit & 1 == 1).map(TaskId::new);
            let terms = Terms::new(Money::new(20)).needing(Capabilities::from_bits(needs)).after(after);
            Command::Create { task, terms: terms.offered(Money::new(8), by_half, count(rounds)) }
        }
        Act::Join { agent, capabilities, capacity } => {
            Command::Join { agent, capabilities, capacity: count(capacity) }
        }
        Act::Leave(agent) => Command::Leave { agent },
        Act::Reannounce(task, why) => Command::Reannounce { task, round: round(task), why },
        Act::Award(task, agent, price) => {
            let epoch = known(task).and_then(|it| it.epoch.next()).unwrap_or(Epoch::new(1));
            let (bid, bids, price) = (BidId::new(price), Digest::new(price), Money::new(price));
            Command::Award { task, round: round(task), epoch, agent, bid, price, bids }
        }
        Act::Release(task, cause) => Command::Release { task, tenure: tenure(task), cause },
        Act::Accept(task) => Command::Accept { task, tenure: tenure(task), result: Digest::new(task.get()) },
        Act::Cancel(task) => Command::Cancel { task },
        Act::GiveUp(task, lowest) => {
            Command::GiveUp { task, round: round(task), why: Why::NoBid, lowest: lowest.map(Money::new) }
        }
    }
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 0..120)
}

/// The ledger after these acts, and what was made of them.
fn after(acts: &[Act]) -> (Ledger, Vec<Command>) {
    let (mut ledger, mut history) = (Ledger::default(), Vec::new());
    for act in acts {
        let command = command(&ledger, *act);
        if ledger.apply(command.clone()).is_ok() {
            history.push(command);
        }
    }
    (ledger, history)
}

proptest! {
    /// Whatever a ledger lets through fits: an award is to a member that can do the task and has room, for
    /// no more than the reserve. By counting, not by asking the rules.
    #[test]
    fn awards_fit(acts in acts()) {
        let mut ledger = Ledger::default();
        for act in acts {
            let (before, command) = (ledger.clone(), command(&ledger, act));
            if let (Ok(_), Command::Award { task, agent, price, .. }) = (ledger.apply(command.clone()), command) {
                let (task, known) = (before.task(task).unwrap(), before.agent(agent).unwrap());
                let holds = |it: &Task| it.phase == Phase::Awarded && it.award.is_some_and(|it| it.agent == agent);
                let load = before.tasks().filter(|(_, it)| holds(it)).count();
                let (has, needs) = (known.capabilities.bits(), task.terms.needs.bits());
                prop_assert!(known.is_member && has & needs == needs && price <= task.reserve);
                prop_assert!(load < known.capacity.get() as usize);
            }
        }
    }
}

/// The tasks and agents that a command reads or changes, with the tasks that come before and after.
fn touches(ledger: &Ledger, command: &Command) -> (BTreeSet<TaskId>, BTreeSet<AgentId>) {
    let mut agents = BTreeSet::new();
    let task = match command {
        Command::Create { task, .. } | Command::Cancel { task } => Some(*task),
        Command::Reannounce { task, .. } => Some(*task),
        Command::GiveUp { task, .. } => {
            agents.extend((0..4).map(AgentId::new)); // Its reason says whether anyone could do it.
            Some(*task)
        }
        Command::Award { task, agent, .. } => {
            agents.insert(*agent);
            Some(*task)
        }
        Command::Release { task, tenure, .. } | Command::Accept { task, tenure, .. } => {
            agents.insert(tenure.agent);
            Some(*task)
        }
        Command::Join { agent, .. } | Command::Leave { agent } => {
            agents.insert(*agent);
            None
        }
    };
    let mut tasks: BTreeSet<_> = task.into_iter().collect();
    if let Command::Create { terms, .. } = command {
        tasks.extend(&terms.after);
    }
    let mut new: Vec<_> = tasks.iter().copied().collect();
    while let Some(task) = new.pop() {
        agents.extend(ledger.task(task).and_then(|it| it.tenure()).map(|tenure| tenure.agent));
        new.extend(ledger.dependents(task).filter(|dependent| tasks.insert(*dependent)));
    }
    (tasks, agents)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, max_global_rejects: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn replaying_the_history_gives_the_equal_ledger(acts in acts()) {
        let (ledger, history) = after(&acts);
        let mut replayed = Ledger::default();
        let mut folded = Ledger::default();
        for command in history {
            Durable::apply(&mut folded, &command);
            prop_assert!(replayed.apply(command).is_ok());
        }
        prop_assert_eq!(&replayed, &ledger);
        prop_assert_eq!(&folded, &ledger);
    }

    #[test]
    fn a_command_that_comes_twice_is_made_once(acts in acts()) {
        let mut ledger = Ledger::default();
        for act in acts {
            let command = command(&ledger, act);
            let before = ledger.clone();
            let first = ledger.apply(command.clone());
            prop_assert!(first.is_ok() || ledger == before, "a refused command changes nothing");
            let once = ledger.clone();
            prop_assert!(ledger.apply(command).is_err());
            prop_assert_eq!(&ledger, &once);
        }
    }

    #[test]
    fn commands_that_touch_nothing_in_common_commute(acts in acts(), one in act(), other in act()) {
        let (ledger, _) = after(&acts);
        let (one, other) = (command(&ledger, one), command(&ledger, other));
        let ((tasks, agents), (others, other_agents)) = (touches(&ledger, &one), touches(&ledger, &other));
        prop_assume!(tasks.is_disjoint(&others) && agents.is_disjoint(&other_agents));
        let (mut there, mut back) = (ledger.clone(), ledger);
        let (first, second) = (there.apply(one.clone()), there.apply(other.clone()));
        prop_assert_eq!((back.apply(other), back.apply(one)), (second, first));
        prop_assert_eq!(there, back);
    }

    #[test]
    fn the_index_finds_what_a_search_finds(acts in acts()) {
        let (ledger, _) = after(&acts);
        for set in (0..8).map(Capabilities::from_bits) {
            let mut open: Vec<_> = ledger.open_to(set).collect();
            open.sort_unstable();
            let is_open = |task: &(TaskId, &althing::contract_net::ledger::Task)| {
                task.1.phase == Phase::Bidding && set.covers(task.1.terms.needs)
            };
            prop_assert_eq!(open, ledger.tasks().filter(is_open).map(|(id, _)| id).collect::<Vec<_>>());
            let mut able: Vec<_> = ledger.able(set).collect();
            able.sort_unstable();
            let is_able = ledger.agents().filter(|(_, agent)| agent.is_member && agent.capabilities.covers(set));
            prop_assert_eq!(able, is_able.map(|(id, _)| id).collect::<Vec<_>>());
        }
        for (id, _) in ledger.tasks() {
            let after = ledger.tasks().filter(|(_, task)| task.terms.after.contains(&id));
            prop_assert!(ledger.dependents(id).eq(after.map(|(dependent, _)| dependent)));
        }
    }

    #[test]
    fn every_payment_is_that_of_an_accepted_result(acts in acts()) {
        let (mut ledger, mut paid, mut accepted) = (Ledger::default(), 0_u128, BTreeSet::new());
        for act in acts {
            let command = command(&ledger, act);
            if let Ok(Event::Accepted { task, paid: price, .. }) = ledger.apply(command) {
                prop_assert!(accepted.insert(task), "accepted twice");
                paid += u128::from(price.get());
            }
        }
        prop_assert_eq!(ledger.agents().map(|(_, agent)| agent.earned).sum::<u128>(), paid);
    }

    #[test]
    fn what_is_written_down_is_read_again(acts in acts()) {
        let (ledger, history) = after(&acts);
        let json = serde_json::to_string(&ledger).expect("it can be written");
        prop_assert_eq!(serde_json::from_str::<Ledger>(&json).expect("it can be read"), ledger);
        let json = serde_json::to_string(&history).expect("it can be written");
        prop_assert_eq!(serde_json::from_str::<Vec<Command>>(&json).expect("it can be read"), history);
    }
}

/// A ledger with task 0 open, task 1 waiting for it, and agent 0 with room for one.
fn small() -> Ledger {
    let mut ledger = Ledger::default();
    let needs = Capabilities::from_bits(0b10);
    let terms = Terms::new(Money::new(9)).needing(needs).offered(Money::new(9), Ratio::ONE, count(2));
    let (agent, capacity) = (AgentId::new(0), count(1));
    for command in [
        Command::Join { agent, capabilities: Capabilities::from_bits(0b11), capacity },
        Command::Join { agent: AgentId::new(1), capabilities: Capabilities::from_bits(0b01), capacity },
        Command::Create { task: TaskId::new(0), terms: terms.clone() },
        Command::Create { task: TaskId::new(1), terms: terms.clone().after([TaskId::new(0)]) },
        Command::Create { task: TaskId::new(2), terms },
    ] {
        ledger.apply(command).expect("it is in order");
    }
    ledger
}

fn award(task: u64, round: u32, epoch: u64, agent: u32, price: u64) -> Command {
    let (task, round, epoch, agent) =
        (TaskId::new(task), Round::new(round), Epoch::new(epoch), AgentId::new(agent));
    Command::Award {
        task,
        round,
        epoch,
        agent,
        bid: BidId::new(0),
        price: Money::new(price),
        bids: Digest::new(0),
    }
}

/// Each guard says what it compared.
#[test]
fn a_refusal_says_which_guard_failed_and_with_which_values() {
    let task = TaskId::new(0);
    let says = |ledger: &Ledger, command: Command| {
        let refused = ledger.clone().apply(command).expect_err("a guard fails");
        refused.to_string()
    };
    let open = small();
    let mut awarded = small();
    awarded.apply(award(0, 1, 1, 0, 5)).expect("it is in order");
    let terms = |after: &[u64]| Terms::new(Money::new(1)).after(after.iter().copied().map(TaskId::new));
    let create = |task, after: &[u64]| Command::Create { task: TaskId::new(task), terms: terms(after) };
    let accept = |epoch, agent| {
        let tenure = Tenure { epoch: Epoch::new(epoch), agent: AgentId::new(agent) };
        Command::Accept { task, tenure, result: Digest::new(0) }
    };
    let reannounce = |round| Command::Reannounce { task, round: Round::new(round), why: Why::NoBid };
    let give_up = |round| Command::GiveUp { task, round: Round::new(round), why: Why::NoBid, lowest: None };
    for (ledger, command, text) in [
        (&open, create(0, &[]), "task 0 exists already"),
        (&open, create(9, &[8]), "task 9 is to come after task 8, which there is not"),
        (&open, create(9, &[9]), "task 9 is to come after itself"),
        (&open, award(7, 1, 1, 0, 5), "there is no task 7"),
        (&open, award(1, 1, 1, 0, 5), "task 1 is waiting for another task"),
        (&open, award(0, 2, 1, 0, 5), "task 0 is in round 1, not in round 2"),
        (&open, award(0, 1, 2, 0, 5), "the latest epoch of task 0 is 0, and 2 does not follow it"),
        (&open, award(0, 1, 1, 7, 5), "agent 7 does not take part"),
        (&open, award(0, 1, 1, 1, 5), "agent 1 has {0}, and task 0 needs {1}"),
        (&open, award(0, 1, 1, 0, 10), "a price of 10 for task 0 is above its reserve of 9"),
        (&awarded, award(2, 1, 1, 0, 5), "agent 0 has 1 tasks and room for 1"),
        (&awarded, award(0, 1, 2, 0, 5), "task 0 is awarded"),
        (&awarded, accept(2, 0), "task 0 is with agent 0 in epoch 1, not with agent 0 in epoch 2"),
        (&awarded, accept(1, 1), "task 0 is with agent 0 in epoch 1, not with agent 1 in epoch 1"),
        (&open, accept(1, 0), "task 0 is open for bids"),
        (&open, reannounce(2), "task 0 is in round 1, not in round 2"),
        (&open, give_up(1), "round 1 of task 0 is not its last, which is 2"),
        (&open, Command::Leave { agent: AgentId::new(5) }, "agent 5 does not take part"),
    ] {
        assert_eq!(says(ledger, command), text);
    }
    let mut last = open.clone();
    last.apply(reannounce(1)).expect("it is in order");
    assert_eq!(says(&last, reannounce(2)), "round 2 of task 0 is its last");
    let lowest = Some(Money::new(9));
    let low = Command::GiveUp { task, round: Round::new(2), why: Why::NoBid, lowest };
    assert_eq!(says(&last, low), "the lowest bid for task 0, 9, was within its reserve of 9");
    last.apply(Command::Cancel { task }).expect("it is in order");
    assert_eq!(says(&last, give_up(2)), "task 0 is cancelled");
    assert_eq!(says(&last, create(9, &[0])), "task 9 is to come after task 0, which ended without a result");
    assert_eq!(
        last.task(TaskId::new(1)).map(|it| it.phase),
        Some(Phase::Unallocated(Reason::Dependency(task)))
    );
}

/// The last epoch is the last: there is no award after it.
#[test]
fn epochs_that_overflow_are_refused() {
    let mut ledger = small();
    Durable::apply(&mut ledger, &award(0, 1, u64::MAX, 0, 5));
    let tenure = Tenure { epoch: Epoch::new(u64::MAX), agent: AgentId::new(0) };
    let release = Command::Release { task: TaskId::new(0), tenure, cause: Cause::Failed };
    ledger.apply(release).expect("it is in force");
    let (task, latest) = (TaskId::new(0), Epoch::new(u64::MAX));
    for epoch in [0, 1, u64::MAX] {
        let refused = Refused::WrongEpoch { task, said: Epoch::new(epoch), latest };
        assert_eq!(ledger.apply(award(0, 2, epoch, 0, 5)), Err(refused));
    }
}

/// A ledger that no history leads to is refused.
#[test]
fn a_damaged_ledger_is_refused() {
    let mut ledger = small();
    ledger.apply(award(0, 1, 1, 0, 5)).expect("it is in order");
    let json = serde_json::to_value(&ledger).expect("it can be written");
    type Damage = fn(&mut serde_json::Value);
    let damages: [(Damage, &str); 10] = [
        (|it| it["agents"]["0"]["load"] = 0.into(), "agent 0 contradicts"),
        (|it| it["agents"]["0"]["earned"] = 3.into(), "agent 0 contradicts"),
        (|it| it["tasks"]["0"]["epoch"] = 0.into(), "task 0 contradicts"),
        (|it| it["tasks"]["0"]["round"] = 3.into(), "task 0 contradicts"),
        (|it| it["tasks"]["1"]["phase"] = "bidding".into(), "task 1 contradicts"),
        (|it| it["tasks"]["0"]["phase"] = "cancelled".into(), "task 1 contradicts"),
        (|it| it["tasks"]["0"]["award"]["price"] = 10.into(), "task 0 contradicts"),
        (|it| it["tasks"]["0"]["round"] = 2.into(), "task 0 contradicts"),
        (|it| it["tasks"]["1"]["round"] = 2.into(), "task 1 contradicts"),
        (|it| it["tasks"]["1"]["terms"]["after"] = vec![1].into(), "task 1 is to come after"),
    ];
    for (damage, text) in damages {
        let mut damaged = json.clone();
        damage(&mut damaged);
        let refused = serde_json::from_value::<Ledger>(damaged).expect_err("it is damaged").to_string();
        assert!(refused.contains(text), "{refused}");
    }
}
