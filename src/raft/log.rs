//! The log (paper, 5.3): what a server keeps on its disk besides its ballot.
//!
//! Terms are kept run-length: a run is a stretch of entries that one leader created, so a log
//! of millions of commands has few. Commands are the host's handles, one after another. What was
//! compacted is a [`Snapshot`]: the position of its last entry and the membership then; the state
//! itself is the host's.

use alloc::collections::VecDeque;

use crate::machine::Durable;
use crate::node::{Relabel, Renaming};
use crate::raft::ballot::{Ballot, Term};
use crate::raft::entry::{Batch, Command};
use crate::raft::membership::Membership;
use crate::raft::position::{Index, Position};

/// What a snapshot stands for. The state itself is the host's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Snapshot {
    /// The last entry that it replaces (paper, 7: last included index and term).
    pub last: Position,
    /// The membership at that entry.
    pub membership: Membership,
}

/// A change of the log. It reaches the disk whole or not at all.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", bound(deserialize = "T: serde::Deserialize<'de>"))
)]
pub enum LogWrite<T> {
    /// Forget what follows `after`, and put these entries there.
    Append {
        /// The entry that stays the last but for these.
        after: Index,
        /// Their term.
        term: Term,
        /// The entries.
        batch: Batch<T>,
    },
    /// Forget the entries up to the end of the snapshot, which the host has made.
    Compact(Snapshot),
    /// Forget every entry: the snapshot, which the host has received, replaces them.
    Install(Snapshot),
}

/// Why a log is refused that was read from somewhere, or a write that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// A stretch of entries does not begin where the one before it ends, or has none.
    #[error("the entries before {0} are not all there")]
    Gap(Index),
    /// Terms go back.
    #[error("the term at {0} is earlier than the one before it")]
    TermGoesBack(Index),
    /// The end is beyond [`Index::LIMIT`].
    #[error("{0} is beyond the greatest index")]
    TooLong(Index),
    /// A snapshot that replaces entries has no voters, or an entry that changes them.
    #[error("the snapshot or the entry at {0} does not say who takes part")]
    NoMembership(Index),
    /// The log, or its snapshot, has all that the snapshot replaces.
    #[error("the snapshot up to {0} is older than the log")]
    OldSnapshot(Index),
    /// An earlier term, or another vote in the same one.
    #[error("{to:?} cannot follow {from:?}")]
    BallotGoesBack {
        /// The ballot of the disk.
        from: Ballot,
        /// The one that was to replace it.
        to: Ballot,
    },
    /// An entry is of a later term than the server has reached.
    #[error("an entry is of term {entry}, but the server's term is {current}")]
    TermAhead {
        /// The term of the last entry.
        entry: Term,
        /// The term of the ballot.
        current: Term,
    },
}

/// A stretch of entries of one term and kind, up to the next stretch or the end of the log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Run {
    first: Index,
    term: Term,
    kind: Kind,
    /// Where its first command is in [`Log::commands`].
    commands: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Kind {
    Noop,
    Change(Membership),
    Commands,
}

/// The entries from the end of the snapshot to the last one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        into = "image::Image<T>",
        try_from = "image::Image<T>",
        bound(
            serialize = "T: Command + serde::Serialize",
            deserialize = "T: Command + serde::Deserialize<'de>"
        )
    )
)]
pub struct Log<T> {
    snapshot: Snapshot,
    /// Ascending in `first` and in `term`; the first begins right after the snapshot.
    runs: VecDeque<Run>,
    /// The commands of all runs.
    commands: VecDeque<T>,
    /// `last >= snapshot.last.index`.
    last: Index,
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        let (snapshot, last) = (Snapshot::default(), Index::default());
        Self { snapshot, runs: VecDeque::new(), commands: VecDeque::new(), last }
    }
}

impl<T: Command> Log<T> {
    /// The last entry, which may be that of the snapshot.
    pub fn last(&self) -> Position {
        match self.runs.back() {
            Some(run) => Position::new(run.term, self.last),
            None => self.snapshot.last,
        }
    }

    /// What was compacted.
    pub const fn snapshot(&self) -> Snapshot {
        self.snapshot
    }

    /// The term of an entry; of the last one of the snapshot too, but of none before it.
    pub fn term_at(&self, index: Index) -> Option<Term> {
        if index == self.snapshot.last.index {
            return Some(self.snapshot.last.term);
        }
        Some(self.runs[self.run_at(index)?].term)
    }

    /// Whether this entry is in the log, or the last one of the snapshot.
    pub fn contains(&self, position: Position) -> bool {
        self.term_at(position.index) == Some(position.term)
    }

    /// The latest membership that an entry or the snapshot says, and the place of that entry.
    pub fn membership(&self) -> (Index, Membership) {
        self.membership_at(self.last)
    }

    /// The membership that was in force at an entry of the log.
    pub fn membership_at(&self, index: Index) -> (Index, Membership) {
        let before = self.runs.iter().rev().filter(|run| run.first <= index);
        let change = before.filter_map(|run| match run.kind {
            Kind::Change(membership) => Some((run.first, membership)),
            Kind::Noop | Kind::Commands => None,
        });
        change.into_iter().next().unwrap_or((self.snapshot.last.index, self.snapshot.membership))
    }

    /// The commands after one entry and up to another, with their places. Those that are compacted
    /// are not among them.
    pub fn commands(&self, after: Index, through: Index) -> impl Iterator<Item = (Index, &T)> {
        let after = after.max(self.snapshot.last.index);
        let runs = self.run_at(after.next()).unwrap_or(self.runs.len())..self.runs.len();
        let of_run = move |at: usize| {
            let (run, end) = (self.runs[at], self.end_of(at).min(through));
            let start = run.first.max(after.next());
            let (offset, count) = match run.kind {
                Kind::Commands => (start.beyond(run.first) as usize, end.next().beyond(start) as usize),
                Kind::Noop | Kind::Change(_) => (0, 0),
            };
            let from = run.commands + offset;
            let commands = self.commands.range(from..from + count);
            commands.enumerate().map(move |(i, command)| (start.plus(i as u64), command))
        };
        runs.take_while(move |at| self.runs[*at].first <= through).flat_map(of_run)
    }

    /// Entries of one term and kind from `from` on, for a message: at most `entries` of them, and
    /// of commands no more bytes than these, except that there is always one.
    pub(crate) fn batch(&self, from: Index, entries: u64, bytes: u64) -> Option<(Term, Batch<T>)> {
        let at = self.run_at(from)?;
        let run = self.runs[at];
        let batch = match run.kind {
            Kind::Noop => Batch::Noop,
            Kind::Change(membership) => Batch::Change(membership),
            Kind::Commands => {
                let offset = run.commands + from.beyond(run.first) as usize;
                let count = self.end_of(at).next().beyond(from).min(entries.max(1)) as usize;
                let end = self.fitting(offset, count, bytes);
                Batch::Commands(self.commands.range(offset..end).cloned().collect())
            }
        };
        Some((run.term, batch))
    }

    /// Where to stop so that these commands have no more bytes than that.
    fn fitting(&self, offset: usize, count: usize, bytes: u64) -> usize {
        if bytes == u64::MAX {
            return offset + count;
        }
        let sizes = self.commands.range(offset..offset + count).map(Command::bytes);
        let sums = sizes.scan(0_u64, |sum, size| {
            *sum = sum.saturating_add(size);
            Some(*sum)
        });
        offset + sums.take_while(|sum| *sum <= bytes).count().max(1)
    }

    /// How many bytes the commands after one entry and up to another have.
    pub fn bytes(&self, after: Index, through: Index) -> u64 {
        self.commands(after, through).map(|(_, command)| command.bytes()).fold(0, u64::saturating_add)
    }

    /// The last of the entries from `from` on that are all of this term; `from`'s predecessor if
    /// there is none.
    pub(crate) fn last_of_term(&self, from: Index, term: Term) -> Index {
        let Some(at) = self.run_at(from) else { return from.previous() };
        let of_term = (at..self.runs.len()).take_while(|at| self.runs[*at].term == term);
        of_term.last().map_or(from.previous(), |at| self.end_of(at))
    }

    /// The last entry up to `index` that is of this term or an earlier one (5.3, to back off by
    /// terms and not by entries); that of the snapshot if there is no other.
    pub(crate) fn last_up_to(&self, index: Index, term: Term) -> Position {
        let index = index.min(self.last);
        let runs = self.runs.partition_point(|run| run.first <= index && run.term <= term);
        match runs.checked_sub(1) {
            Some(at) => Position::new(self.runs[at].term, self.end_of(at).min(index)),
            None => self.snapshot.last,
        }
    }

    /// Whether a server in this term, with this log, could make the change.
    pub(crate) fn accepts(&self, write: &LogWrite<T>, current: Term) -> Result<(), LogError> {
        match write {
            LogWrite::Append { after, term, batch } => {
                let before = self.term_at(*after).ok_or(LogError::Gap(after.next()))?;
                let (first, end) = (after.next(), after.plus(batch.len()));
                if batch.is_empty() {
                    Err(LogError::Gap(first))
                } else if !batch.is_sound() {
                    Err(LogError::NoMembership(first))
                } else if *term < before {
                    Err(LogError::TermGoesBack(first))
                } else if *term > current {
                    Err(LogError::TermAhead { entry: *term, current })
                } else if end > Index::LIMIT {
                    Err(LogError::TooLong(end))
                } else {
                    Ok(())
                }
            }
            LogWrite::Compact(snapshot) | LogWrite::Install(snapshot) => {
                let Position { term: entry, index } = snapshot.last;
                let (compacts, there) = (matches!(write, LogWrite::Compact(_)), self.contains(snapshot.last));
                if !snapshot.membership.is_sound() {
                    Err(LogError::NoMembership(index))
                } else if entry > current {
                    Err(LogError::TermAhead { entry, current })
                } else if index > Index::LIMIT {
                    Err(LogError::TooLong(index))
                } else if index <= self.snapshot.last.index || there && !compacts {
                    Err(LogError::OldSnapshot(index))
                } else if compacts && !there {
                    Err(LogError::Gap(index))
                } else {
                    Ok(())
                }
            }
        }
    }

    /// The run that an entry is in.
    fn run_at(&self, index: Index) -> Option<usize> {
        if index > self.last {
            return None;
        }
        match self.runs.back() {
            Some(run) if run.first <= index => Some(self.runs.len() - 1), // By far the most frequent.
            Some(_) | None => self.runs.partition_point(|run| run.first <= index).checked_sub(1),
        }
    }

    /// The last entry of a run.
    fn end_of(&self, at: usize) -> Index {
        self.runs.get(at + 1).map_or(self.last, |next| next.first.previous())
    }

    fn truncate(&mut self, after: Index) {
        while let Some(run) = self.runs.back()
            && run.first > after
        {
            self.commands.truncate(run.commands);
            self.runs.pop_back();
        }
        if let Some(run) = self.runs.back()
            && run.kind == Kind::Commands
            && after < self.last
        {
            self.commands.truncate(run.commands + after.next().beyond(run.first) as usize);
        }
        self.last = self.last.min(after);
    }

    fn append(&mut self, term: Term, batch: &Batch<T>) {
        let (first, commands) = (self.last.next(), self.commands.len());
        let kind = match batch {
            Batch::Noop => Kind::Noop,
            Batch::Change(membership) => Kind::Change(*membership),
            Batch::Commands(added) => {
                self.commands.extend(added.iter().cloned());
                Kind::Commands
            }
        };
        let extends = matches!(self.runs.back(), Some(run) if run.term == term && run.kind == kind);
        if !(batch.is_empty() || extends && kind == Kind::Commands) {
            self.runs.push_back(Run { first, term, kind, commands });
        }
        self.last = self.last.plus(batch.len());
    }

    fn compact(&mut self, snapshot: Snapshot) {
        while self.runs.len() > 1 && self.end_of(0) <= snapshot.last.index {
            self.runs.pop_front();
        }
        let Some(run) = self.runs.front_mut() else { return };
        let gone = snapshot.last.index.next().beyond(run.first);
        let mut dropped = run.commands;
        if run.kind == Kind::Commands {
            dropped += gone as usize;
        }
        if self.last <= snapshot.last.index {
            self.runs.clear();
            self.commands.clear();
        } else {
            run.first = run.first.max(snapshot.last.index.next());
            run.commands += if run.kind == Kind::Commands { gone as usize } else { 0 };
            self.commands.drain(..dropped);
            self.runs.iter_mut().for_each(|run| run.commands -= dropped);
        }
        self.snapshot = snapshot;
    }
}

impl<T: Command> Durable for Log<T> {
    type Write = LogWrite<T>;

    /// What does not fit, as no server writes it, leaves the log as it is.
    fn apply(&mut self, write: &LogWrite<T>) {
        match write {
            LogWrite::Append { after, term, batch } => {
                if *after >= self.snapshot.last.index && *after <= self.last {
                    self.truncate(*after);
                    self.append(*term, batch);
                }
            }
            LogWrite::Compact(snapshot) => {
                if snapshot.last.index > self.snapshot.last.index && snapshot.last.index <= self.last {
                    self.compact(*snapshot);
                }
            }
            LogWrite::Install(snapshot) => {
                let last = snapshot.last.index;
                *self = Self { snapshot: *snapshot, last, ..Self::default() };
            }
        }
    }
}

impl Relabel for Snapshot {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self { last: self.last, membership: self.membership.relabel(renaming) }
    }
}

impl<T: Clone> Relabel for LogWrite<T> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        match self {
            Self::Append { after, term, batch } => {
                Self::Append { after: *after, term: *term, batch: batch.relabel(renaming) }
            }
            Self::Compact(snapshot) => Self::Compact(snapshot.relabel(renaming)),
            Self::Install(snapshot) => Self::Install(snapshot.relabel(renaming)),
        }
    }
}

impl<T: Clone> Relabel for Log<T> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        let kind = |kind: Kind| match kind {
            Kind::Change(membership) => Kind::Change(membership.relabel(renaming)),
            Kind::Noop | Kind::Commands => kind,
        };
        Self {
            snapshot: self.snapshot.relabel(renaming),
            runs: self.runs.iter().map(|run| Run { kind: kind(run.kind), ..*run }).collect(),
            commands: self.commands.clone(),
            last: self.last,
        }
    }
}

/// A log as it is written down: refused when it is read if it cannot be one.
#[cfg(feature = "serde")]
mod image {
    use alloc::vec::Vec;

    use super::{Batch, Command, Index, Log, LogError, Snapshot, Term};
    use crate::raft::entry::Commands;

    #[derive(Clone, serde::Serialize, serde::Deserialize)]
    #[serde(bound(deserialize = "T: serde::Deserialize<'de>"))]
    pub(super) struct Image<T> {
        snapshot: Snapshot,
        entries: Vec<(Index, Term, Batch<T>)>,
    }

    impl<T: Command> From<Log<T>> for Image<T> {
        fn from(log: Log<T>) -> Self {
            let batch = |at: usize| {
                let run = log.runs[at];
                let batch = log.batch(run.first, u64::MAX, u64::MAX).map(|(_, batch)| batch);
                (run.first, run.term, batch.unwrap_or(Batch::Commands(Commands::new())))
            };
            Self { snapshot: log.snapshot, entries: (0..log.runs.len()).map(batch).collect() }
        }
    }

    impl<T: Command> TryFrom<Image<T>> for Log<T> {
        type Error = LogError;

        fn try_from(image: Image<T>) -> Result<Self, LogError> {
            let Image { snapshot, entries } = image;
            let start = snapshot.last.index;
            if snapshot != Snapshot::default() && !snapshot.membership.is_sound() {
                return Err(LogError::NoMembership(start));
            }
            if snapshot != Snapshot::default() && start == Index::default() {
                return Err(LogError::Gap(start));
            }
            let mut log = Self { snapshot, last: start, ..Self::default() };
            for (first, term, batch) in entries {
                if first != log.last.next() || batch.is_empty() {
                    return Err(LogError::Gap(first));
                }
                if !batch.is_sound() {
                    return Err(LogError::NoMembership(first));
                }
                if term < log.last().term {
                    return Err(LogError::TermGoesBack(first));
                }
                log.append(term, &batch);
                if log.last > Index::LIMIT {
                    return Err(LogError::TooLong(log.last));
                }
            }
            if log.last > Index::LIMIT { Err(LogError::TooLong(log.last)) } else { Ok(log) }
        }
    }
}
