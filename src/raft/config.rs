//! What a server of a replicated log is told at its start.

use crate::node::{NodeId, Relabel, Renaming};
use crate::raft::election::Published;
use crate::raft::membership::Membership;
use crate::raft::rules::Rules;

/// What a server is told at its start. No limit and no option can make the protocol unsafe; the
/// initial membership can, if the first members of a cluster are not all given the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Config<R = Published> {
    /// The server.
    pub(crate) id: NodeId,
    /// The membership until the log says another.
    pub(crate) initial: Membership,
    pub(crate) limits: Limits,
    pub(crate) options: Options,
    pub(crate) rules: R,
}

/// How much a server sends and takes on at once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Limits {
    /// Entries a message; 0 is 1.
    pub message_entries: u64,
    /// Bytes of commands a message, unless a single one has more.
    pub message_bytes: u64,
    /// Entries under way to a follower that has not answered for them yet; 0 is 1.
    pub in_flight_entries: u64,
    /// Bytes of commands under way to a follower. If it is not `u64::MAX`, they are added up
    /// before each message.
    pub in_flight_bytes: u64,
    /// Bytes of commands that a leader has appended and not committed yet, unless it is a single
    /// proposal. If it is not `u64::MAX`, they are added up for each proposal.
    pub uncommitted_bytes: u64,
}

impl Default for Limits {
    /// 4,096 entries and 1 MiB a message, 65,536 entries under way, and no other limit.
    fn default() -> Self {
        Self {
            message_entries: 4_096,
            message_bytes: 1 << 20,
            in_flight_entries: 65_536,
            in_flight_bytes: u64::MAX,
            uncommitted_bytes: u64::MAX,
        }
    }
}

/// What a server does beyond what it must.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Options {
    /// It asks around before it disturbs the others with a new term (thesis 9.6).
    pub pre_vote: bool,
    /// A leader that hears no majority steps down (thesis 6.2), and who hears a leader elects no
    /// other (4.2.3).
    pub check_quorum: bool,
    /// A leader tells its followers at once what is committed, and not only with the next entries
    /// or heartbeat. Nobody answers that, so who lacks the entries that were lost still waits for the
    /// next heartbeat to say so.
    pub prompt_commit: bool,
    /// A follower passes proposals on to the leader, if it knows one.
    pub forward: bool,
    /// The host makes a leader's entries durable in its own time, and says so with
    /// [`Input::Persisted`](crate::raft::Input::Persisted) (thesis 10.2.1). Otherwise it does so
    /// before the step is over, as [`Op::Sync`](crate::Op::Sync) tells it.
    pub write_behind: bool,
}

impl Default for Options {
    /// Pre-vote, check-quorum and prompt commits; no forwarding, no writes behind.
    fn default() -> Self {
        Self { pre_vote: true, check_quorum: true, prompt_commit: true, forward: false, write_behind: false }
    }
}

impl Config {
    /// Server `id` of a cluster with this membership at its very start. A server that joins later
    /// may be given [`Membership::UNKNOWN`]: it learns the membership from the leader.
    pub fn new(id: NodeId, initial: Membership) -> Self {
        Self { id, initial, limits: Limits::default(), options: Options::default(), rules: Published }
    }
}

impl<R: Rules> Config<R> {
    /// The same with these limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The same with these options.
    #[must_use]
    pub fn with_options(self, options: Options) -> Self {
        Self { options, ..self }
    }

    /// The same with other rules, to show what a rule is good for. What ships is [`Published`].
    pub fn with_rules<S: Rules>(self, rules: S) -> Config<S> {
        let Self { id, initial, limits, options, rules: _ } = self;
        Config { id, initial, limits, options, rules }
    }

    /// The server.
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// The membership until the log says another.
    pub const fn initial(&self) -> Membership {
        self.initial
    }

    /// The limits.
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// The options.
    pub const fn options(&self) -> Options {
        self.options
    }
}

impl<R: Copy> Relabel for Config<R> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self { id: self.id.relabel(renaming), initial: self.initial.relabel(renaming), ..*self }
    }
}
