//! Models whose numbers of states others published.

use std::collections::{BTreeSet, HashSet};

use althing_models::Limits;
use althing_models::engine::{Engine, Exploration};
use stateright::{Checker, Model, Property};

use crate::{NEVER, follow, levels};

/// Two-phase commit, after J. Gray and L. Lamport, "Consensus on Transaction Commit", section 3:
/// a transaction of so many resource managers and one transaction manager, who asks nobody and
/// may abort at any time. Messages are never lost or taken out of the network.
struct TwoPhaseCommit(usize);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Transaction {
    /// What the transaction manager has decided. It has sent the message that says so, to all.
    decision: Option<Decision>,
    managers: Vec<Manager>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Decision {
    Commit,
    Abort,
}

/// A resource manager, and all that there is of it elsewhere. So the transaction is symmetric in
/// these, and sorted they represent all their permutations.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Manager {
    state: ManagerState,
    /// Whether its message that it is prepared is in the network.
    sent: bool,
    /// Whether the transaction manager has received that.
    heard: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum ManagerState {
    Working,
    Prepared,
    Committed,
    Aborted,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Decide(Decision),
    Hear(usize),
    Prepare(usize),
    ChooseToAbort(usize),
    Obey(usize),
}

impl Model for TwoPhaseCommit {
    type State = Transaction;
    type Action = Step;

    fn init_states(&self) -> Vec<Transaction> {
        let manager = Manager { state: ManagerState::Working, sent: false, heard: false };
        vec![Transaction { decision: None, managers: vec![manager; self.0] }]
    }

    fn actions(&self, transaction: &Transaction, steps: &mut Vec<Step>) {
        let Transaction { decision, managers } = transaction;
        if decision.is_none() {
            steps.push(Step::Decide(Decision::Abort));
            if managers.iter().all(|manager| manager.heard) {
                steps.push(Step::Decide(Decision::Commit));
            }
        }
        for (number, manager) in managers.iter().enumerate() {
            if decision.is_none() && manager.sent {
                steps.push(Step::Hear(number));
            }
            if manager.state == ManagerState::Working {
                steps.extend([Step::Prepare(number), Step::ChooseToAbort(number)]);
            }
            if decision.is_some() {
                steps.push(Step::Obey(number));
            }
        }
    }

    fn next_state(&self, transaction: &Transaction, step: Step) -> Option<Transaction> {
        let mut next = transaction.clone();
        match step {
            Step::Decide(decision) => next.decision = Some(decision),
            Step::Hear(number) => next.managers[number].heard = true,
            Step::Prepare(number) => {
                next.managers[number].state = ManagerState::Prepared;
                next.managers[number].sent = true;
            }
            Step::ChooseToAbort(number) => next.managers[number].state = ManagerState::Aborted,
            Step::Obey(number) => {
                next.managers[number].state = match transaction.decision? {
                    Decision::Commit => ManagerState::Committed,
                    Decision::Abort => ManagerState::Aborted,
                }
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("Consistency", |_, transaction| {
                !(any(transaction, ManagerState::Aborted) && any(transaction, ManagerState::Committed))
            }),
            Property::sometimes("all commit", |_, transaction| all(transaction, ManagerState::Committed)),
            Property::sometimes("all abort", |_, transaction| all(transaction, ManagerState::Aborted)),
        ]
    }
}

fn any(transaction: &Transaction, state: ManagerState) -> bool {
    transaction.managers.iter().any(|manager| manager.state == state)
}

fn all(transaction: &Transaction, state: ManagerState) -> bool {
    transaction.managers.iter().all(|manager| manager.state == state)
}

fn sorted(transaction: &Transaction) -> Transaction {
    let mut sorted = transaction.clone();
    sorted.managers.sort();
    sorted
}

fn explore(managers: usize, threads: usize, symmetric: bool) -> Exploration<Step> {
    let model = TwoPhaseCommit(managers);
    let engine = Engine::new(&model).expect("it has properties of states");
    let engine = if symmetric { engine.symmetry(sorted) } else { engine };
    let exploration = engine.run(&Limits { threads, ..Limits::default() });
    assert_eq!(exploration.cut, None);
    // Nobody is ever inconsistent; each prepares and is heard, then all that was decided is done;
    // or each aborts by itself.
    let lengths: Vec<_> = exploration.found.iter().map(|way| way.as_ref().map(Vec::len)).collect();
    assert_eq!(lengths, [None, Some(3 * managers + 1), Some(managers)]);
    exploration
}

/// While nothing is decided each manager is working, prepared, prepared and heard, or has
/// aborted. Once the transaction is aborted, those that were prepared, heard or not, may have
/// aborted. Once it is committed, all were heard, and each is prepared or has committed.
fn expected(managers: u32) -> usize {
    4_usize.pow(managers) + 6_usize.pow(managers) + 2_usize.pow(managers)
}

/// The same up to the names of the managers: multisets of what they are.
fn expected_orbits(managers: usize) -> usize {
    let multisets = |kinds: usize| (1..kinds).fold(1, |number, k| number * (managers + k) / k);
    multisets(4) + multisets(6) + multisets(2)
}

/// 288 and 8,832 are in the tests of stateright 0.31, `examples/2pc.rs`; all three come from TLC as
/// well.
#[test]
fn two_phase_commit_has_as_many_states_as_was_published() {
    for (managers, states) in [(3, 288), (5, 8_832), (7, 296_448)] {
        assert_eq!(expected(managers), states);
        let Exploration { progress, .. } = explore(managers as usize, 2, false);
        assert_eq!(progress.unique_states, states);
        if managers == 3 {
            assert_eq!((progress.states, progress.depth), (1_146, 10), "as TLC, which counts depth from 1");
        }
    }
}

#[test]
fn stateright_finds_the_same_states_of_two_phase_commit() {
    for managers in 1..=5 {
        let Exploration { progress, .. } = explore(managers, 2, false);
        let checker = TwoPhaseCommit(managers).checker().spawn_bfs().join();
        checker.assert_properties();
        assert_eq!(progress.unique_states, checker.unique_state_count());
        assert_eq!(progress.states, checker.state_count());
    }
}

#[test]
fn two_phase_commit_up_to_names_has_as_many_states_for_any_number_of_threads() {
    for (managers, states) in [(3, 80), (5, 314), (7, 920), (9, 2_232)] {
        assert_eq!(expected_orbits(managers), states);
        for threads in [1, 2, 4] {
            assert_eq!(explore(managers, threads, true).progress.unique_states, states, "{threads} threads");
        }
    }
}

/// One state of each orbit, and so as many as there are orbits of all states.
#[test]
fn two_phase_commit_up_to_names_has_as_many_states_as_there_are_orbits() {
    for managers in 1..=5 {
        let permutations = permutations(managers);
        let least = |transaction: &Transaction| {
            let permuted = |order: &Vec<usize>| Transaction {
                managers: order.iter().map(|number| transaction.managers[*number]).collect(),
                ..*transaction
            };
            permutations.iter().map(permuted).min()
        };
        let orbits: HashSet<_> = levels(&TwoPhaseCommit(managers)).iter().flatten().map(least).collect();
        assert_eq!(explore(managers, 1, true).progress.unique_states, orbits.len());
    }
}

/// The orders of the numbers from 0.
fn permutations(of: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for number in 0..of {
        all = all
            .iter()
            .flat_map(|order: &Vec<usize>| {
                (0..=order.len()).map(move |place| {
                    let mut longer = order.clone();
                    longer.insert(place, number);
                    longer
                })
            })
            .collect();
    }
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), (1..=of).product::<usize>());
    all
}

/// Threads that each add 1 to a number that they share: they read it, and later write what they
/// read and 1. After stateright 0.31, `examples/increment.rs`.
struct Increment(usize);

/// The shared number, and of each thread how far it is and what it read.
type Shared = (u8, Vec<(Counter, u8)>);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Counter {
    Reads,
    Writes,
    Done,
}

impl Model for Increment {
    type State = Shared;
    type Action = usize;

    fn init_states(&self) -> Vec<Shared> {
        vec![(0, vec![(Counter::Reads, 0); self.0])]
    }

    fn actions(&self, (_, threads): &Shared, actions: &mut Vec<usize>) {
        let open = threads.iter().enumerate().filter(|(_, (counter, _))| *counter != Counter::Done);
        actions.extend(open.map(|(thread, _)| thread));
    }

    fn next_state(&self, (shared, threads): &Shared, thread: usize) -> Option<Shared> {
        let (mut shared, mut threads) = (*shared, threads.clone());
        let (counter, own) = &mut threads[thread];
        match counter {
            Counter::Reads => (*counter, *own) = (Counter::Writes, shared),
            Counter::Writes => (*counter, shared) = (Counter::Done, *own + 1),
            Counter::Done => return None,
        }
        Some((shared, threads))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("fin", |_, state| is_sound(state))]
    }
}

fn is_sound((shared, threads): &Shared) -> bool {
    threads.iter().filter(|(counter, _)| *counter == Counter::Done).count() == usize::from(*shared)
}

fn sorted_threads((shared, threads): &Shared) -> Shared {
    let mut threads = threads.clone();
    threads.sort();
    (*shared, threads)
}

/// 13 and 8 are in the documentation of that example, which lists the states.
#[test]
fn two_threads_that_increment_have_as_many_states_as_was_published() {
    let engine = || Engine::new(&Increment(2)).expect("it has a property of states");
    for (engine, states) in [(engine(), 13), (engine().symmetry(sorted_threads), 8)] {
        for threads in [1, 2, 4] {
            let exploration = engine.run(&Limits { threads, until: NEVER, ..Limits::default() });
            assert_eq!((exploration.cut, exploration.progress.unique_states), (None, states));
        }
    }
}

/// Two threads read the same, and both write.
#[test]
fn an_increment_is_lost_after_four_steps_at_the_earliest() {
    for number in 2..=4 {
        let model = Increment(number);
        let distance = levels(&model).iter().position(|level| !level.iter().all(is_sound));
        assert_eq!(distance, Some(4));
        let engine = || Engine::new(&model).expect("it has a property of states");
        for threads in [1, 2, 4] {
            let limits = Limits { threads, ..Limits::default() };
            let way = engine().run(&limits).found.remove(0).expect("it is violated");
            assert_eq!(way.len(), 4);
            assert!(!is_sound(&follow(&model, &way).expect("it is possible")));
            let way = engine().symmetry(sorted_threads).run(&limits).found.remove(0);
            assert_eq!(way.map(|way| way.len()), Some(4));
        }
    }
}
