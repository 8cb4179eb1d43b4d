//! Writes that nothing waits for: the host makes them durable in its own time, and says so.
//!
//! The machine is a scribe. It writes pages, which it need not wait for, and tells the others from
//! time to time how many of them they can rely on.

use std::collections::{BTreeSet, HashSet};

use althing::machine::WriteOf;
use althing::node::{Relabel, Renaming};
use althing::{Durable, Event, Machine, NodeId, NodeSet, Op, Outbox, Persistent};
use althing_models::cell::{Cell, Tamper};
use althing_models::check::{Searcher, Status};
use althing_models::cluster::{Action, State};
use althing_models::goal::{Goal, How};
use althing_models::trace::{Header, VERSION, read_header, read_lines};
use althing_models::walk::{Walk, choices};
use althing_models::{Cluster, Faults, Limits, Liveness, Network, Recovery};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Kind {
    /// It tells of what it was told to be durable.
    Sound,
    /// It tells of what it wrote.
    Hasty,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Config {
    id: NodeId,
    nodes: NodeSet,
    kind: Kind,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
struct Book(Vec<Write>);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
enum Write {
    /// Its number, from 1.
    Page(u8),
    /// All pages before it are there for good.
    Seal,
}

impl Durable for Book {
    type Write = Write;

    fn apply(&mut self, write: &Write) {
        self.0.push(*write);
    }
}

impl Book {
    fn pages(&self) -> u8 {
        self.0.iter().filter(|write| matches!(write, Write::Page(_))).count() as u8
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
enum Input {
    Scribble,
    Seal,
    /// Up to this page the book is on the disk.
    Durable(u8),
}

/// So many pages can be relied on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
struct Rely(u8);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
struct Tell;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Scribe {
    config: Config,
    book: Persistent<Book>,
    durable: u8,
    /// The most that the others said.
    heard: u8,
}

impl Scribe {
    fn tell(&self, pages: u8, out: &mut Outbox<Self>) {
        for other in self.config.nodes.without(self.config.id) {
            out.send(other, Rely(pages));
        }
    }
}

impl Machine for Scribe {
    type Config = Config;
    type Durable = Book;
    type Input = Input;
    type Message = Rely;
    type Timer = Tell;
    type Output = ();

    fn restart(config: Config, book: Book, out: &mut Outbox<Self>) -> Self {
        out.arm(Tell);
        Self { config, durable: book.pages(), book: Persistent::restored(book), heard: 0 }
    }

    fn durable(&self) -> Book {
        (*self.book).clone()
    }

    fn step(&mut self, event: Event<Self>, out: &mut Outbox<Self>) {
        match event {
            Event::Input(Input::Scribble) => {
                self.book.record_behind(Write::Page(self.book.pages() + 1), out);
            }
            Event::Input(Input::Seal) => {
                self.tell(self.durable, out);
                self.book.record(Write::Seal, out);
                self.tell(self.book.pages(), out);
            }
            Event::Input(Input::Durable(page)) => self.durable = page,
            Event::Timer(Tell) => {
                let pages = match self.config.kind {
                    Kind::Sound => self.durable,
                    Kind::Hasty => self.book.pages(),
                };
                self.tell(pages, out);
                out.arm(Tell);
            }
            Event::Message { message: Rely(pages), .. } => self.heard = self.heard.max(pages),
        }
    }
}

impl Relabel for Config {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self { id: self.id.relabel(renaming), nodes: self.nodes.relabel(renaming), ..*self }
    }
}

impl Relabel for Scribe {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self { config: self.config.relabel(renaming), ..self.clone() }
    }
}

macro_rules! names_nobody {
    ($($t:ty),*) => { $(impl Relabel for $t {
        fn relabel(&self, _: &Renaming) -> Self {
            self.clone()
        }
    })* };
}
names_nobody!(Book, Write, Input, Rely, Tell);

fn acknowledges(write: &WriteOf<Scribe>) -> Option<Input> {
    match write {
        Write::Page(number) => Some(Input::Durable(*number)),
        Write::Seal => None,
    }
}

/// Scribes of whom each writes this many entries, and whose host makes every write durable at once.
fn hosted_at_once(kind: Kind, nodes: u8, entries: usize) -> Cluster<Scribe> {
    let nodes = NodeSet::first(nodes);
    let recovery =
        Recovery { rounds: 1, schedule: |_, nodes| vec![(Tell, nodes)], answers: |_| None, goal: all_heard };
    let liveness = Liveness {
        expires: |Tell, _| 1,
        may_be_first: |_, _| true,
        within: Box::new(|_| true),
        goals: vec![Goal { name: "AllHeard", how: How::AtLast, reached: all_heard }],
    };
    Cluster::new(nodes.iter().map(|id| Config { id, nodes, kind }))
        .inputs([Input::Scribble, Input::Seal])
        .environment(move |scribe: &Scribe, event| match event {
            Event::Input(Input::Scribble) => scribe.book.0.len() < entries,
            Event::Input(Input::Seal) => {
                scribe.book.0.len() < entries && scribe.book.0.last().is_some_and(|last| *last != Write::Seal)
            }
            Event::Input(Input::Durable(_)) => false, // The host says so, and nobody else.
            Event::Timer(_) | Event::Message { .. } => true,
        })
        .always("HeardIsDurable", |view| {
            let heard = view.machines().map(|scribe| scribe.heard).max();
            heard <= view.cells().map(|cell| cell.disk.pages()).max()
        })
        .each_step("SaidIsDurable", |step| step.sends().all(|(disk, _, Rely(pages))| *pages <= disk.pages()))
        .recoverable("Heard", recovery)
        .live(liveness)
}

fn cluster(kind: Kind, nodes: u8, entries: usize) -> Cluster<Scribe> {
    hosted_at_once(kind, nodes, entries).acknowledges(acknowledges)
}

fn all_heard(scribes: &[&Scribe]) -> bool {
    scribes.iter().all(|scribe| {
        scribes.iter().all(|other| scribe.config.id == other.config.id || scribe.heard >= other.book.pages())
    })
}

fn two_by(searcher: Searcher, cluster: Cluster<Scribe>) -> althing_models::Report<Scribe> {
    cluster.check_by(searcher, &Limits { threads: 2, ..Limits::default() })
}

#[test]
fn what_was_acknowledged_can_be_relied_on() {
    for crashes in 0..=2 {
        for network in [Network::Monotone, Network::InFlight] {
            let sound = || {
                let entries = if network == Network::Monotone { 3 } else { 2 };
                let cluster = cluster(Kind::Sound, 2, entries).crashes(crashes).network(network);
                cluster.sometimes("a write is behind", |view| view.cells().any(|cell| cell.behind.len() == 2))
            };
            let [ours, theirs] = [Searcher::Althing, Searcher::Stateright].map(|by| two_by(by, sound()));
            assert!(ours.is_ok() && theirs.is_ok(), "{crashes} crashes: {ours}{theirs}");
            assert_eq!(ours.progress.unique_states, theirs.progress.unique_states);
            assert_eq!(ours.progress.states, theirs.progress.states);
        }
    }
}

/// Whether a scribe that relies on what it only wrote is caught.
fn status(cluster: Cluster<Scribe>, name: &'static str) -> Status {
    let report = cluster.check(&Limits { until: Some(name), ..Limits::default() });
    report.properties.iter().find(|property| property.name == name).expect("it is a property").status
}

#[test]
fn who_relies_on_a_write_that_is_behind_is_caught_and_only_thanks_to_that() {
    for crashes in 0..=2 {
        for name in ["HeardIsDurable", "SaidIsDurable"] {
            let hasty = cluster(Kind::Hasty, 2, 2).crashes(crashes);
            assert_eq!(status(hasty, name), Status::Violated, "{crashes} crashes");
            let at_once = hosted_at_once(Kind::Hasty, 2, 2).crashes(crashes);
            assert_eq!(status(at_once, name), Status::Holds, "{crashes} crashes");
        }
    }
}

/// All that the host knows: memory, disk, and what is behind and not on the disk.
type Whole = (Scribe, Book, Vec<Write>);

fn whole(cell: &Cell<Scribe>) -> Whole {
    (cell.machine.clone(), cell.disk.clone(), cell.behind[cell.synced..].to_vec())
}

/// One scribe alone, every way in which it can be hosted, one operation at a time: what it knows
/// to be pending is made durable one by one at any moment, also within a step, and it may crash at
/// any moment. Acknowledgements are told at any later time, in order.
fn naive(entries: usize, crashes: u8) -> HashSet<Whole> {
    type Node = (Scribe, Book, Vec<Write>, Vec<u8>, u8);
    let config = Config { id: NodeId::default(), nodes: NodeSet::first(1), kind: Kind::Sound };
    let start = |disk: &Book| Scribe::restart(config, disk.clone(), &mut Outbox::new());
    let first = (start(&Book::default()), Book::default(), Vec::new(), Vec::new(), crashes);
    let (mut seen, mut open) = (HashSet::<Node>::new(), vec![first]);
    while let Some(node) = open.pop() {
        if !seen.insert(node.clone()) {
            continue;
        }
        let (scribe, disk, pending, untold, crashes) = node;
        let mut crash = |disk: &Book, pending: &[Write]| {
            for kept in 0..=pending.len() {
                let mut disk = disk.clone();
                pending[..kept].iter().for_each(|write| disk.apply(write));
                if crashes > 0 {
                    open.push((start(&disk), disk, Vec::new(), Vec::new(), crashes - 1));
                }
            }
        };
        crash(&disk, &pending);
        let mut ways = Vec::new();
        let is_full = scribe.book.0.len() >= entries;
        let is_open = scribe.book.0.last().is_some_and(|last| *last != Write::Seal);
        for input in [Input::Scribble, Input::Seal] {
            if !is_full && (input == Input::Scribble || is_open) {
                ways.push((input, disk.clone(), pending.clone(), untold.clone()));
            }
        }
        if let Some((page, rest)) = untold.split_first() {
            let (mut disk, mut pending) = (disk.clone(), pending.clone());
            if pending.first() == Some(&Write::Page(*page)) {
                disk.apply(&pending.remove(0));
            }
            ways.push((Input::Durable(*page), disk, pending, rest.to_vec()));
        }
        let mut next = Vec::new();
        for (input, mut disk, mut pending, mut untold) in ways {
            let (mut scribe, mut out, mut own) = (scribe.clone(), Outbox::new(), Vec::new());
            scribe.step(Event::Input(input), &mut out);
            for op in out.drain() {
                match op {
                    Op::Write(write) => {
                        pending.push(write);
                        own.push(write);
                    }
                    Op::Sync => {
                        pending.drain(..).for_each(|write| disk.apply(&write));
                        own.clear();
                    }
                    Op::Send { .. } | Op::Arm(_) | Op::Disarm(_) | Op::Output(()) => {}
                }
                crash(&disk, &pending);
            }
            untold.extend(own.iter().filter_map(|write| match write {
                Write::Page(page) => Some(*page),
                Write::Seal => None,
            }));
            next.push((scribe, disk, pending, untold, crashes));
        }
        open.extend(next);
    }
    seen.into_iter().map(|(scribe, disk, pending, ..)| (scribe, disk, pending)).collect()
}

/// Every state that can be reached.
fn reach(cluster: &Cluster<Scribe>) -> HashSet<State> {
    let (mut seen, mut open, mut actions) = (HashSet::new(), vec![cluster.initial()], Vec::new());
    while let Some(state) = open.pop() {
        if seen.insert(state.clone()) {
            cluster.enabled(&state, &mut actions);
            open.extend(actions.drain(..).filter_map(|action| cluster.apply(&state, action)));
        }
    }
    seen
}

#[test]
fn a_naive_host_comes_to_the_same_disks() {
    for crashes in 0..=2 {
        let cluster = cluster(Kind::Sound, 1, 4).crashes(crashes);
        let states = reach(&cluster);
        let found: HashSet<_> = states
            .iter()
            .flat_map(|state| cluster.view(state).cells().map(whole).collect::<Vec<_>>())
            .collect();
        let naive = naive(4, crashes);
        assert_eq!(found.len(), naive.len(), "{crashes} crashes");
        assert!(found == naive, "{crashes} crashes");
    }
}

/// The action that gives n0 this input.
fn input(cluster: &Cluster<Scribe>, state: &State, input: Input) -> Option<Action> {
    let mut possible = Vec::new();
    cluster.enabled(state, &mut possible);
    possible.into_iter().find(|action| {
        matches!(action, Action::Step(_))
            && cluster.stimulus(*action).is_some_and(|s| s.node.get() == 0 && s.event == Event::Input(input))
    })
}

/// After these inputs to n0, one after another.
fn after(cluster: &Cluster<Scribe>, inputs: &[Input]) -> (State, Vec<Action>) {
    inputs.iter().fold((cluster.initial(), Vec::new()), |(state, mut actions), next| {
        let action = input(cluster, &state, *next).expect("it is possible");
        actions.push(action);
        (cluster.apply(&state, action).expect("it is possible"), actions)
    })
}

fn first_disk(cluster: &Cluster<Scribe>, state: &State) -> Vec<Write> {
    cluster.view(state).cells().next().expect("n0").disk.0.clone()
}

#[test]
fn a_crash_keeps_the_first_few_of_the_writes_behind_each_number_of_them() {
    use Write::{Page, Seal};
    let cluster = cluster(Kind::Sound, 2, 4).crashes(1);
    let (state, _) = after(&cluster, &[Input::Scribble, Input::Scribble, Input::Scribble, Input::Durable(1)]);
    let disks = |kind: fn(&Action) -> bool| -> BTreeSet<_> {
        let mut possible = Vec::new();
        cluster.enabled(&state, &mut possible);
        let crashed = possible.into_iter().filter(kind).filter_map(|action| cluster.apply(&state, action));
        crashed.map(|state| first_disk(&cluster, &state)).collect()
    };
    let pages = [Page(1), Page(2), Page(3)];
    assert_eq!(
        disks(|action| matches!(action, Action::Restart(0, _))),
        (1..=3).map(|n| pages[..n].to_vec()).collect()
    );
    // In the step that seals, after it has said something: before the seal is written.
    let in_steps = disks(|action| matches!(action, Action::StepThenCrash(..)));
    assert_eq!(in_steps, (1..=3).map(|n| pages[..n].to_vec()).collect());
    // What is sealed is there, with all before it.
    let (state, _) = after(&cluster, &[Input::Scribble, Input::Scribble, Input::Seal]);
    assert_eq!(first_disk(&cluster, &state), [Page(1), Page(2), Seal]);
}

#[test]
fn after_a_sync_what_is_durable_is_still_acknowledged_in_order() {
    let cluster = cluster(Kind::Sound, 2, 4).crashes(1);
    let (state, _) = after(&cluster, &[Input::Scribble, Input::Scribble, Input::Seal]);
    assert_eq!(input(&cluster, &state, Input::Durable(2)), None);
    let (state, _) = after(
        &cluster,
        &[
            Input::Scribble,
            Input::Scribble,
            Input::Seal,
            Input::Durable(1),
            Input::Scribble,
            Input::Durable(2),
        ],
    );
    let cell = cluster.view(&state).cells().next().expect("n0").clone();
    assert_eq!((cell.behind.len(), cell.synced, cell.machine.durable), (1, 0, 2));
    assert!(input(&cluster, &state, Input::Durable(3)).is_some());
}

#[test]
fn acknowledgements_spend_no_budget() {
    let model = cluster(Kind::Sound, 2, 4).budgets([3], |event| match event {
        Event::Input(_) => Some(0),
        Event::Timer(_) | Event::Message { .. } => None,
    });
    let inputs = [Input::Scribble, Input::Durable(1), Input::Scribble, Input::Scribble, Input::Durable(2)];
    let (state, _) = after(&model, &inputs);
    assert_eq!(input(&model, &state, Input::Scribble), None, "three times is enough");
    assert!(input(&model, &state, Input::Durable(3)).is_some());
}

#[test]
fn a_trace_tells_what_a_crash_kept_and_runs_again() {
    let cluster = cluster(Kind::Sound, 2, 4).crashes(1);
    let (state, before) = after(&cluster, &[Input::Scribble, Input::Scribble, Input::Scribble]);
    let mut possible = Vec::new();
    cluster.enabled(&state, &mut possible);
    let crashes = possible
        .into_iter()
        .filter(|action| matches!(action, Action::StepThenCrash(..) | Action::Restart(..)));
    let mut told = BTreeSet::new();
    for crash in crashes {
        let actions = [&before[..], &[crash]].concat();
        let trace = cluster.trace(&actions, "");
        let header = Header {
            althing_trace: VERSION,
            model: "scribe".into(),
            bounds: String::new(),
            mutant: None,
            property: None,
            steps: None,
            cycle: None,
        };
        let file = trace.to_file(&header);
        let mut bytes = file.as_bytes();
        let header = read_header(&mut bytes).expect("a header");
        let lines = read_lines(&header, bytes).expect("lines");
        assert_eq!(cluster.actions_of(&lines).expect("it conforms"), actions, "{}", trace.story());
        assert_eq!(cluster.replay(&header, &lines).expect("it conforms").violation, None);
        told.insert(trace.story().lines().skip(8).collect::<Vec<_>>().join("\n"));
    }
    assert!(
        told.iter()
            .any(|story| story.contains("crash and restart\n       does: write Page(1); write Page(2)\n")),
        "{told:?}"
    );
}

#[test]
fn names_do_not_matter_to_writes_behind() {
    let model = || cluster(Kind::Sound, 3, 1).crashes(1);
    let [ours, theirs] = [Searcher::Althing, Searcher::Stateright].map(|by| two_by(by, model().symmetric()));
    assert!(ours.is_ok() && theirs.is_ok(), "{ours}{theirs}");
    assert_eq!(ours.progress.unique_states, theirs.progress.unique_states);
    let all = two_by(Searcher::Althing, model()).progress.unique_states;
    let reduced = ours.progress.unique_states;
    assert!(reduced < all && all < 6 * reduced, "{reduced} of {all}");
    assert_eq!(status(cluster(Kind::Hasty, 3, 1).symmetric(), "HeardIsDurable"), Status::Violated);
}

#[test]
fn a_walk_finds_who_is_hasty_and_tells_it_in_few_steps() {
    let endless = Faults { crashes: 255, losses: 255, duplicates: 255, cuts: 255 };
    let model = |kind| cluster(kind, 3, 12).network(Network::InFlight).faults(endless);
    let found = |kind| {
        let cluster = model(kind);
        (0..20).find_map(|seed| {
            let mut walk = Walk::new(&cluster);
            let violation = choices(seed).take(500).find_map(|choice| walk.step(choice).err())?;
            Some(violation.story(&cluster))
        })
    };
    assert_eq!(found(Kind::Sound), None);
    let story = found(Kind::Hasty).expect("it is found");
    assert!(story.contains("SaidIsDurable is violated") && story.lines().count() < 12, "{story}");
}

#[test]
fn once_faults_end_writes_are_acknowledged_or_the_goal_is_missed() {
    let live =
        |tamper| cluster(Kind::Sound, 2, 2).crashes(1).tamper(tamper).check_liveness(&Limits::default());
    let report = live(Tamper::default());
    assert!(report.is_ok(), "{report:?}");
    let untold: fn(&Scribe, &Event<Scribe>) -> bool =
        |_, event| matches!(event, Event::Input(Input::Durable(_)));
    let deaf = || Tamper { ignores: untold, ..Tamper::default() };
    let report = live(deaf());
    let [goal] = &report.goals[..] else { panic!("one goal") };
    assert_eq!(goal.status, Status::Violated);
    let story = goal.trace.as_ref().expect("it is told").story();
    assert!(story.contains("input Durable(1)"), "{story}");
    // And by the one schedule of recoverability.
    assert_eq!(status(cluster(Kind::Sound, 2, 1).tamper(deaf()), "Heard"), Status::Violated);
}
