//! What a server keeps on its disk (paper, Figure 2, persistent state): its ballot and its log.

use crate::machine::Durable;
use crate::node::{Relabel, Renaming};
use crate::raft::ballot::Ballot;
use crate::raft::entry::{Batch, Command};
use crate::raft::log::{Log, LogError, LogWrite};

/// The disk of a server. Read from somewhere, it is refused unless a server could have written it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        try_from = "Image<T>",
        bound(
            serialize = "T: Command + serde::Serialize",
            deserialize = "T: Command + serde::Deserialize<'de>"
        )
    )
)]
pub struct Disk<T> {
    ballot: Ballot,
    /// No entry is of a later term than the ballot.
    log: Log<T>,
}

/// A change of the disk. It reaches the disk whole or not at all.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", bound(deserialize = "T: serde::Deserialize<'de>"))
)]
pub enum Write<T> {
    /// The ballot is now this one.
    Ballot(Ballot),
    /// The log changes.
    Log(LogWrite<T>),
}

impl<T> Default for Disk<T> {
    fn default() -> Self {
        Self { ballot: Ballot::default(), log: Log::default() }
    }
}

impl<T: Command> Disk<T> {
    /// A disk with these contents.
    ///
    /// # Errors
    /// [`LogError::TermAhead`] if an entry is of a later term than the ballot.
    pub fn new(ballot: Ballot, log: Log<T>) -> Result<Self, LogError> {
        let (entry, current) = (log.last().term, ballot.term);
        if entry > current { Err(LogError::TermAhead { entry, current }) } else { Ok(Self { ballot, log }) }
    }

    /// Term and vote.
    pub const fn ballot(&self) -> Ballot {
        self.ballot
    }

    /// The log.
    pub const fn log(&self) -> &Log<T> {
        &self.log
    }

    pub(crate) fn into_parts(self) -> (Ballot, Log<T>) {
        (self.ballot, self.log)
    }

    /// From parts that belong to one server.
    pub(crate) const fn from_parts(ballot: Ballot, log: Log<T>) -> Self {
        Self { ballot, log }
    }

    /// Makes a change that was read from a journal.
    ///
    /// # Errors
    /// [`LogError`] if no server with this disk would write it; the disk is as it was.
    pub fn replay(&mut self, write: &Write<T>) -> Result<(), LogError> {
        match write {
            Write::Ballot(ballot) => {
                let (entry, current) = (self.log.last().term, ballot.term);
                if entry > current {
                    return Err(LogError::TermAhead { entry, current });
                }
                let (from, to) = (self.ballot, *ballot);
                if to.term < from.term || to.term == from.term && from.vote.is_some() && to.vote != from.vote
                {
                    return Err(LogError::BallotGoesBack { from, to });
                }
            }
            Write::Log(write) => self.log.accepts(write, self.ballot.term)?,
        }
        self.apply(write);
        Ok(())
    }
}

impl<T: Command> Durable for Disk<T> {
    type Write = Write<T>;

    fn apply(&mut self, write: &Write<T>) {
        match write {
            Write::Ballot(ballot) => self.ballot.apply(ballot),
            Write::Log(write) => self.log.apply(write),
        }
    }
}

impl<T> From<Ballot> for Write<T> {
    fn from(ballot: Ballot) -> Self {
        Self::Ballot(ballot)
    }
}

impl<T> From<LogWrite<T>> for Write<T> {
    fn from(write: LogWrite<T>) -> Self {
        Self::Log(write)
    }
}

impl<T> Write<T> {
    /// The entry up to which the log is durable once this write is, if it adds entries: what a
    /// host that writes behind tells the server then, as
    /// [`Input::Persisted`](crate::raft::Input::Persisted).
    pub fn last(&self) -> Option<crate::raft::Position> {
        match self {
            Self::Log(LogWrite::Append { after, term, batch }) => {
                Some(crate::raft::Position::new(*term, after.plus(Batch::len(batch))))
            }
            Self::Ballot(_) | Self::Log(LogWrite::Compact(_) | LogWrite::Install(_)) => None,
        }
    }
}

impl<T: Clone> Relabel for Disk<T> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self { ballot: self.ballot.relabel(renaming), log: self.log.relabel(renaming) }
    }
}

impl<T: Clone> Relabel for Write<T> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        match self {
            Self::Ballot(ballot) => Self::Ballot(ballot.relabel(renaming)),
            Self::Log(write) => Self::Log(write.relabel(renaming)),
        }
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(bound(deserialize = "T: Command + serde::Deserialize<'de>"))]
struct Image<T> {
    ballot: Ballot,
    log: Log<T>,
}

#[cfg(feature = "serde")]
impl<T: Command> TryFrom<Image<T>> for Disk<T> {
    type Error = LogError;

    fn try_from(Image { ballot, log }: Image<T>) -> Result<Self, LogError> {
        Self::new(ballot, log)
    }
}
