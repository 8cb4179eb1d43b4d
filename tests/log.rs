//! `Log` against a naive twin: a list of entries.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use althing::raft::{
    Ballot, Batch, Command, Commands, Disk, Index, Log, LogError, LogWrite, Membership, Position, Snapshot,
    Term, Write,
};
use althing::{Durable, NodeSet};
use proptest::prelude::*;

/// One entry each.
#[derive(Clone, PartialEq, Debug)]
enum Entry {
    Noop,
    Change(Membership),
    Command(u8),
}

#[derive(Clone, Debug, Default)]
struct Twin {
    snapshot: Snapshot,
    entries: Vec<(u64, u64, Entry)>,
}

impl Twin {
    fn last(&self) -> Position {
        self.entries.last().map_or(self.snapshot.last, |(index, term, _)| position(*term, *index))
    }

    fn apply(&mut self, write: &LogWrite<u8>) {
        match write {
            LogWrite::Append { after, term, batch } => {
                self.entries.retain(|(index, ..)| *index <= after.get());
                let added = match batch {
                    Batch::Noop => vec![Entry::Noop],
                    Batch::Change(membership) => vec![Entry::Change(*membership)],
                    Batch::Commands(commands) => commands.iter().map(|it| Entry::Command(*it)).collect(),
                };
                let places = after.get() + 1..;
                self.entries.extend(places.zip(added).map(|(index, entry)| (index, term.get(), entry)));
            }
            LogWrite::Compact(snapshot) => {
                self.entries.retain(|(index, ..)| *index > snapshot.last.index.get());
                self.snapshot = *snapshot;
            }
            LogWrite::Install(snapshot) => *self = Self { snapshot: *snapshot, entries: Vec::new() },
        }
    }

    fn term_at(&self, index: u64) -> Option<u64> {
        let of_snapshot = (index == self.snapshot.last.index.get()).then(|| self.snapshot.last.term.get());
        of_snapshot.or_else(|| self.entries.iter().find(|(at, ..)| *at == index).map(|(_, term, _)| *term))
    }

    fn membership_at(&self, index: u64) -> (Index, Membership) {
        let changes = self.entries.iter().rev().filter(|(at, ..)| *at <= index);
        let change = changes.filter_map(|(at, _, entry)| match entry {
            Entry::Change(membership) => Some((Index::new(*at), *membership)),
            Entry::Noop | Entry::Command(_) => None,
        });
        change.into_iter().next().unwrap_or((self.snapshot.last.index, self.snapshot.membership))
    }

    fn commands(&self, after: u64, through: u64) -> Vec<(Index, u8)> {
        let between = self.entries.iter().filter(|(at, ..)| after < *at && *at <= through);
        let commands = between.filter_map(|(at, _, entry)| match entry {
            Entry::Command(command) => Some((Index::new(*at), *command)),
            Entry::Noop | Entry::Change(_) => None,
        });
        commands.collect()
    }

    /// The same log, made at one go.
    fn built(&self) -> Log<u8> {
        let mut log = Log::default();
        if self.snapshot != Snapshot::default() {
            log.apply(&LogWrite::Install(self.snapshot));
        }
        for (index, term, entry) in &self.entries {
            let batch = match entry {
                Entry::Noop => Batch::Noop,
                Entry::Change(membership) => Batch::Change(*membership),
                Entry::Command(command) => Batch::Commands(Commands::from_iter([*command])),
            };
            log.apply(&LogWrite::Append { after: Index::new(index - 1), term: Term::new(*term), batch });
        }
        log
    }
}

fn position(term: u64, index: u64) -> Position {
    Position::new(Term::new(term), Index::new(index))
}

fn hash(log: &Log<u8>) -> u64 {
    let mut hasher = DefaultHasher::new();
    log.hash(&mut hasher);
    hasher.finish()
}

fn membership() -> impl Strategy<Value = Membership> {
    (1..16_u64, 0..16_u64).prop_map(|(voters, learners)| {
        let (voters, learners) =
            (NodeSet::from_bits(voters.into()), NodeSet::from_bits((learners & !voters).into()));
        Membership::new(voters, learners).expect("a membership")
    })
}

fn batch() -> impl Strategy<Value = Batch<u8>> {
    prop_oneof![
        1 => Just(Batch::Noop),
        1 => membership().prop_map(Batch::Change),
        4 => prop::collection::vec(any::<u8>(), 1..5).prop_map(|all| Batch::Commands(all.into_iter().collect())),
    ]
}

/// A write, with numbers from which the twin makes one that fits.
#[derive(Clone, Debug)]
enum Plan {
    Append { back: u64, newer: u64, batch: Batch<u8> },
    Compact { of: u64, membership: Membership },
    Install { beyond: u64, newer: u64, membership: Membership },
}

fn plan() -> impl Strategy<Value = Plan> {
    prop_oneof![
        8 => (prop_oneof![3 => Just(0), 1 => 0..8_u64], 0..2_u64, batch())
            .prop_map(|(back, newer, batch)| Plan::Append { back, newer, batch }),
        2 => (any::<u64>(), membership()).prop_map(|(of, membership)| Plan::Compact { of, membership }),
        1 => (1..4_u64, 0..2_u64, membership())
            .prop_map(|(beyond, newer, membership)| Plan::Install { beyond, newer, membership }),
    ]
}

impl Plan {
    fn write(self, twin: &Twin) -> Option<LogWrite<u8>> {
        let (first, last) = (twin.snapshot.last.index.get(), twin.last().index.get());
        match self {
            Self::Append { back, newer, batch } => {
                let after = (last - first.min(last)).min(back);
                let after = last - after;
                // A leader of this term or the next writes; terms never go back.
                let term = twin.term_at(after).expect("an entry").max(twin.last().term.get()) + newer;
                Some(LogWrite::Append { after: Index::new(after), term: Term::new(term), batch })
            }
            Self::Compact { of, membership } => {
                let index = first + of.checked_rem(last - first).map_or(0, |more| more + 1);
                let last = position(twin.term_at(index)?, index);
                (index > first).then_some(LogWrite::Compact(Snapshot { last, membership }))
            }
            Self::Install { beyond, newer, membership } => {
                let last = position(twin.last().term.get().max(1) + newer, last + beyond);
                Some(LogWrite::Install(Snapshot { last, membership }))
            }
        }
    }
}

fn agree(log: &Log<u8>, twin: &Twin) -> Result<(), TestCaseError> {
    prop_assert_eq!(log.last(), twin.last());
    prop_assert_eq!(log.snapshot(), twin.snapshot);
    let (first, last) = (twin.snapshot.last.index.get(), twin.last().index.get());
    prop_assert_eq!(log.membership(), twin.membership_at(last));
    for index in (0..=last + 2).chain([u64::MAX - 1, u64::MAX]) {
        prop_assert_eq!(log.term_at(Index::new(index)), twin.term_at(index).map(Term::new), "{}", index);
        for term in 0..=twin.last().term.get() + 1 {
            let contained = twin.term_at(index) == Some(term);
            prop_assert_eq!(log.contains(position(term, index)), contained);
        }
        if (first..=last).contains(&index) {
            prop_assert_eq!(log.membership_at(Index::new(index)), twin.membership_at(index));
        }
        for after in (0..=last + 2).chain([u64::MAX]) {
            let (after_index, through) = (Index::new(after), Index::new(index));
            let commands = twin.commands(after, index);
            prop_assert_eq!(log.bytes(after_index, through), commands.len() as u64);
            let ours = log.commands(after_index, through).map(|(at, command)| (at, *command));
            prop_assert_eq!(ours.collect::<Vec<_>>(), commands, "{}..={}", after, index);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is written, the log says what the list of entries says; a log with the same entries
    /// is the same log, however it came about; and each write is one that the disk accepts.
    #[test]
    fn a_log_is_a_list_of_entries(plans in prop::collection::vec(plan(), 1..24)) {
        let (mut log, mut twin) = (Log::default(), Twin::default());
        let mut disk = Disk::new(Ballot { term: Term::new(u64::MAX), vote: None }, Log::default()).unwrap();
        for plan in plans {
            let Some(write) = plan.write(&twin) else { continue };
            log.apply(&write);
            twin.apply(&write);
            disk.replay(&Write::Log(write)).unwrap();
            agree(&log, &twin)?;
            let built = twin.built();
            prop_assert_eq!(&log, &built);
            prop_assert_eq!(hash(&log), hash(&built));
            prop_assert_eq!(disk.log(), &log);
        }
    }

    /// A write that does not fit changes nothing, whatever it says.
    #[test]
    fn a_write_that_does_not_fit_changes_nothing(
        plans in prop::collection::vec(plan(), 1..12), after: u64, term in 0..9_u64, batch in batch(),
        membership in membership()
    ) {
        let (mut twin, mut log) = (Twin::default(), Log::default());
        for plan in plans {
            let Some(write) = plan.write(&twin) else { continue };
            log.apply(&write);
            twin.apply(&write);
        }
        let (first, last) = (twin.snapshot.last.index, twin.last().index);
        let before = log.clone();
        for after in [Index::new(after), first.previous(), last.next()] {
            if after < first || after > last {
                log.apply(&LogWrite::Append { after, term: Term::new(term), batch: batch.clone() });
                prop_assert_eq!(&log, &before);
            }
        }
        for index in [first, first.previous(), last.next(), Index::new(u64::MAX)] {
            if index <= first || index > last {
                let last = Position::new(Term::new(term), index);
                log.apply(&LogWrite::Compact(Snapshot { last, membership }));
                prop_assert_eq!(&log, &before);
            }
        }
    }
}

/// A disk in term 5 with entries of these terms, from index 3 on, after a snapshot.
fn disk() -> Disk<u8> {
    let mut log = Log::default();
    log.apply(&LogWrite::Install(Snapshot { last: position(1, 2), membership: voters(3) }));
    for (after, term) in [(2, 2), (3, 2), (4, 4)] {
        log.apply(&append(after, term));
    }
    Disk::new(ballot(5, Some(1)), log).expect("a disk")
}

fn ballot(term: u64, vote: Option<u8>) -> Ballot {
    Ballot { term: Term::new(term), vote: vote.map(|it| it.try_into().expect("a node")) }
}

fn voters(count: u8) -> Membership {
    Membership::new(NodeSet::first(count), NodeSet::EMPTY).expect("a membership")
}

fn append(after: u64, term: u64) -> LogWrite<u8> {
    let batch = Batch::Commands(Commands::from_iter([7]));
    LogWrite::Append { after: Index::new(after), term: Term::new(term), batch }
}

#[track_caller]
fn refused(write: impl Into<Write<u8>>) -> LogError {
    let (before, mut disk) = (disk(), disk());
    let why = disk.replay(&write.into()).expect_err("no server with this disk writes it");
    assert_eq!(disk, before);
    why
}

#[test]
fn a_journal_that_does_not_fit_is_refused() {
    assert_eq!(refused(append(6, 5)), LogError::Gap(Index::new(7)));
    assert_eq!(refused(append(1, 5)), LogError::Gap(Index::new(2)));
    assert_eq!(refused(append(5, 3)), LogError::TermGoesBack(Index::new(6)));
    let (entry, current) = (Term::new(6), Term::new(5));
    assert_eq!(refused(append(5, 6)), LogError::TermAhead { entry, current });
    assert_eq!(refused(ballot(3, None)), LogError::TermAhead { entry: Term::new(4), current: Term::new(3) });
    let (beyond, there) = (position(4, 6), position(2, 4));
    for (last, membership, why) in [
        (beyond, voters(3), LogError::Gap(Index::new(6))),
        (position(4, 4), voters(3), LogError::Gap(Index::new(4))),
        (there, Membership::UNKNOWN, LogError::NoMembership(Index::new(4))),
        (position(6, 4), voters(3), LogError::TermAhead { entry, current }),
    ] {
        assert_eq!(refused(LogWrite::Compact(Snapshot { last, membership })), why);
    }
    let far = Index::LIMIT.next();
    for (last, membership, why) in [
        (beyond, Membership::UNKNOWN, LogError::NoMembership(Index::new(6))),
        (position(6, 9), voters(3), LogError::TermAhead { entry, current }),
        (Position::new(Term::new(5), far), voters(3), LogError::TooLong(far)),
    ] {
        assert_eq!(refused(LogWrite::Install(Snapshot { last, membership })), why);
    }
}

/// The ballot never goes back, and a vote that was cast stays (paper, Figure 2): a journal that
/// says otherwise is not in its order.
#[test]
fn a_journal_whose_ballots_go_back_is_refused() {
    let (from, earlier) = (ballot(5, Some(1)), ballot(4, Some(1)));
    for to in [earlier, ballot(5, Some(2)), ballot(5, None)] {
        assert_eq!(refused(to), LogError::BallotGoesBack { from, to });
    }
    for to in [ballot(5, Some(1)), ballot(6, None), ballot(6, Some(2))] {
        disk().replay(&to.into()).expect("a ballot that follows");
    }
}

/// A snapshot that is older than the log would take away what was acknowledged.
#[test]
fn a_journal_whose_snapshots_go_back_is_refused() {
    for last in [position(1, 1), position(1, 2), position(2, 4)] {
        let snapshot = Snapshot { last, membership: voters(3) };
        assert_eq!(refused(LogWrite::Install(snapshot)), LogError::OldSnapshot(last.index));
    }
    for last in [position(1, 1), position(1, 2)] {
        let snapshot = Snapshot { last, membership: voters(3) };
        let why = refused(LogWrite::Compact(snapshot));
        assert!(matches!(why, LogError::OldSnapshot(_) | LogError::Gap(_)), "{why}");
    }
}

/// An entry that says who takes part says someone, and an addition adds something.
#[test]
fn a_journal_with_empty_entries_is_refused() {
    let (after, term) = (Index::new(5), Term::new(5));
    let batch = Batch::Change(Membership::UNKNOWN);
    assert_eq!(refused(LogWrite::Append { after, term, batch }), LogError::NoMembership(Index::new(6)));
    let batch = Batch::Commands(Commands::new());
    assert_eq!(refused(LogWrite::Append { after, term, batch }), LogError::Gap(Index::new(6)));
}

#[test]
fn commands_say_how_large_they_are() {
    assert_eq!((().bytes(), 7_u8.bytes(), 7_u64.bytes()), (0, 1, 8));
    assert_eq!((String::from("law").bytes(), vec![1_u8, 2].bytes()), (3, 2));
    assert_eq!(std::sync::Arc::<[u8]>::from([1, 2, 3]).bytes(), 3);
}
