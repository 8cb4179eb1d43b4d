//! Sessions of clients (thesis 6.3): a command that a client sends again is applied once.
//!
//! A client that hears nothing sends its command again, perhaps to another leader, and then the
//! log has it twice. So each client numbers its commands, and the state machine remembers the
//! latest number of each, with the reply. This is the table to do that with. It belongs to the
//! state machine: every server applies the same entries to it, and it goes into snapshots with the
//! rest of the state. Whatever it answers depends on nothing but the entries so far, so all
//! servers answer alike, and all forget the same client.

use alloc::collections::BTreeMap;
use core::num::NonZeroUsize;

/// What the state machine remembers of its clients.
///
/// Two tables with the same entries applied are equal and hash alike.
///
/// ```
/// # use althing::raft::{SessionError, Sessions};
/// # use core::num::NonZeroUsize;
/// let mut sessions = Sessions::new(NonZeroUsize::MIN);
/// let mut balance = 100;
/// let mut withdraw = |sessions: &mut Sessions<i32>, sequence| {
///     sessions.apply(7, sequence, || {
///         balance -= 30;
///         balance
///     })
/// };
/// assert_eq!(withdraw(&mut sessions, 1), Ok(70));
/// assert_eq!(withdraw(&mut sessions, 1), Ok(70), "sent again, applied once");
/// assert_eq!(withdraw(&mut sessions, 2), Ok(40));
/// assert_eq!(withdraw(&mut sessions, 1), Err(SessionError::Outdated { sequence: 1, latest: 2 }));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Image<R>", bound(deserialize = "R: serde::Deserialize<'de>"))
)]
pub struct Sessions<R> {
    /// How many clients are remembered at most.
    limit: NonZeroUsize,
    /// How many uses there were: the time of this table.
    uses: u64,
    /// By client; `clients.len() <= limit`.
    clients: BTreeMap<u64, Session<R>>,
    /// The clients by their latest use: the first is the next to be forgotten. `by_use` and
    /// `clients` say the same.
    #[cfg_attr(feature = "serde", serde(skip_serializing))]
    by_use: BTreeMap<u64, u64>,
}

/// What is remembered of one client.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Session<R> {
    /// The number of its latest command that was applied.
    sequence: u64,
    /// The reply to that.
    reply: R,
    /// When it was used last: at most [`Sessions::uses`].
    used: u64,
}

/// Why a command is not applied.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SessionError {
    /// A later command of the client was applied already, so it has had its reply to this one, or
    /// waits for it no longer.
    #[error("command {sequence} is older than the client's latest, {latest}")]
    Outdated {
        /// The number of the command.
        sequence: u64,
        /// The number of the latest that was applied.
        latest: u64,
    },
}

impl<R: Clone> Sessions<R> {
    /// A table that remembers at most so many clients. All servers of a cluster must be given the
    /// same number.
    ///
    /// Of more clients the one is forgotten whose latest command lies furthest back in the log. If
    /// it sends an old command again after that, it will be applied again: the limit should be far
    /// above the number of clients that are active at once.
    pub const fn new(limit: NonZeroUsize) -> Self {
        Self { limit, uses: 0, clients: BTreeMap::new(), by_use: BTreeMap::new() }
    }

    /// Applies command number `sequence` of this client, unless it was applied already; then the
    /// reply is the one that was given. Both count as a use of the session.
    ///
    /// # Errors
    /// [`SessionError::Outdated`] if a later command of the client was applied; nothing changes.
    pub fn apply(
        &mut self,
        client: u64,
        sequence: u64,
        command: impl FnOnce() -> R,
    ) -> Result<R, SessionError> {
        let reply = match self.clients.get(&client) {
            Some(session) if sequence < session.sequence => {
                return Err(SessionError::Outdated { sequence, latest: session.sequence });
            }
            Some(session) if sequence == session.sequence => session.reply.clone(),
            Some(_) | None => command(),
        };
        self.uses += 1;
        let session = Session { sequence, reply: reply.clone(), used: self.uses };
        if let Some(before) = self.clients.insert(client, session) {
            self.by_use.remove(&before.used);
        }
        self.by_use.insert(self.uses, client);
        if self.clients.len() > self.limit.get()
            && let Some((_, forgotten)) = self.by_use.pop_first()
        {
            self.clients.remove(&forgotten);
        }
        Ok(reply)
    }

    /// The number of the latest command of this client, and the reply to it, as far as the table
    /// remembers. Looking is no use of the session: servers may look at different times.
    pub fn latest(&self, client: u64) -> Option<(u64, &R)> {
        self.clients.get(&client).map(|session| (session.sequence, &session.reply))
    }

    /// How many clients are remembered.
    pub fn len(&self) -> usize {
        self.clients.len()
    }

    /// Whether no client is remembered.
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// How many clients are remembered at most.
    pub const fn limit(&self) -> NonZeroUsize {
        self.limit
    }
}

/// Why a table is refused that was read from somewhere.
#[cfg(feature = "serde")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
enum ImageError {
    #[error("{0} clients are more than the table may remember")]
    TooMany(usize),
    #[error("client {0} was used at a time that another was, or that is still to come")]
    Time(u64),
}

/// A table as it is written down.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(bound(deserialize = "R: serde::Deserialize<'de>"))]
struct Image<R> {
    limit: NonZeroUsize,
    uses: u64,
    clients: BTreeMap<u64, Session<R>>,
}

#[cfg(feature = "serde")]
impl<R> TryFrom<Image<R>> for Sessions<R> {
    type Error = ImageError;

    fn try_from(Image { limit, uses, clients }: Image<R>) -> Result<Self, ImageError> {
        if clients.len() > limit.get() {
            return Err(ImageError::TooMany(clients.len()));
        }
        let mut by_use = BTreeMap::new();
        for (client, session) in &clients {
            if session.used > uses || by_use.insert(session.used, *client).is_some() {
                return Err(ImageError::Time(*client));
            }
        }
        Ok(Self { limit, uses, clients, by_use })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions(limit: usize) -> Sessions<&'static str> {
        Sessions::new(NonZeroUsize::new(limit).expect("more than none"))
    }

    /// Applies a command that must not be applied.
    fn again(sessions: &mut Sessions<&'static str>, client: u64, sequence: u64) -> Option<&'static str> {
        sessions.apply(client, sequence, || panic!("applied again")).ok()
    }

    #[test]
    fn a_command_that_is_sent_again_is_applied_once() {
        let mut sessions = sessions(2);
        assert_eq!(sessions.apply(1, 5, || "first"), Ok("first"));
        assert_eq!(again(&mut sessions, 1, 5), Some("first"));
        assert_eq!(sessions.apply(1, 9, || "second"), Ok("second"), "numbers may be left out");
        assert_eq!(sessions.latest(1), Some((9, &"second")));
    }

    #[test]
    fn an_older_command_is_refused_and_changes_nothing() {
        let mut sessions = sessions(2);
        sessions.apply(1, 5, || "first").expect("new");
        let before = sessions.clone();
        let why = SessionError::Outdated { sequence: 4, latest: 5 };
        assert_eq!(sessions.apply(1, 4, || panic!("applied")), Err(why));
        assert_eq!(sessions, before);
        assert_eq!(alloc::format!("{why}"), "command 4 is older than the client's latest, 5");
    }

    #[test]
    fn clients_number_their_commands_each_for_itself() {
        let mut sessions = sessions(2);
        assert_eq!(sessions.apply(1, 5, || "one's"), Ok("one's"));
        assert_eq!(sessions.apply(2, 5, || "another's"), Ok("another's"));
        assert_eq!(
            (again(&mut sessions, 1, 5), again(&mut sessions, 2, 5)),
            (Some("one's"), Some("another's"))
        );
    }

    #[test]
    fn the_client_that_was_silent_longest_is_forgotten() {
        let mut sessions = sessions(2);
        sessions.apply(1, 1, || "a").expect("new");
        sessions.apply(2, 1, || "b").expect("new");
        again(&mut sessions, 1, 1);
        sessions.latest(2);
        sessions.apply(3, 1, || "c").expect("new");
        assert_eq!((sessions.len(), sessions.latest(2)), (2, None), "a retry is a use, a look is none");
        assert_eq!(sessions.apply(2, 1, || "b again"), Ok("b again"));
        assert_eq!(sessions.latest(1), None);
    }

    #[test]
    fn a_table_of_one_remembers_one() {
        let mut sessions = sessions(1);
        for client in 0..5 {
            sessions.apply(client, 1, || "new").expect("new");
            assert_eq!((sessions.len(), sessions.latest(client)), (1, Some((1, &"new"))));
        }
    }
}
