//! The rules, the same for every implementation: a cluster in one thread, without a clock.
//!
//! - Servers take turns, the first one first, until all are at rest. In its turn a server is told
//!   all messages that have arrived for it, then does whatever it has to do: it writes to its
//!   disk, which is memory and durable at once, sends, and applies what is committed.
//! - Messages are moved to whom they are for, not encoded.
//! - Applied entries stay in the log. Each 65,536 of them a server discards all but the last 4,096.
//! - Each server applies each command, as bytes, to an application of its own.

use std::mem;
use std::slice::ChunksExact;

/// A message has at most so many bytes of payloads.
pub const MESSAGE_LIMIT: u64 = 1 << 20;
/// A follower is sent at most so many messages before it answers.
pub const IN_FLIGHT: usize = 256;
/// After so many applied entries the log is compacted.
pub const COMPACT_EVERY: u64 = 65_536;
/// So many applied entries are kept when it is.
pub const KEEP: u64 = 4_096;

/// Commands of a client as they come, one after another in a buffer, all of one size.
#[derive(Clone, Copy, Debug)]
pub struct Commands<'a> {
    bytes: &'a [u8],
    size: usize,
}

impl<'a> Commands<'a> {
    /// The buffer holds commands of this size, and nothing else.
    pub fn new(bytes: &'a [u8], size: usize) -> Self {
        assert!(size > 0 && bytes.len().is_multiple_of(size), "not whole commands");
        Self { bytes, size }
    }

    /// Each command.
    pub fn iter(&self) -> ChunksExact<'a, u8> {
        self.bytes.chunks_exact(self.size)
    }

    /// All of them.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The size of each.
    pub const fn size(&self) -> usize {
        self.size
    }
}

/// What commands are applied to.
pub trait App {
    /// Applies one. Called for each committed command once, in their order.
    fn apply(&mut self, command: &[u8]);
}

/// One server, of whatever implementation, with its host. Until [`Server::act`] it may put off
/// whatever there is to do.
pub trait Server {
    /// What servers tell each other.
    type Message;

    /// Whether it leads, as far as it knows.
    fn is_leader(&self) -> bool;

    /// Its election timer expires: a leader asks itself whether it still hears a majority, anyone
    /// else begins an election.
    fn time_out(&mut self);

    /// Its heartbeat timer expires. Nothing happens where none is armed.
    fn beat(&mut self);

    /// A client asks it for all of these. It leads.
    fn propose(&mut self, commands: &Commands<'_>);

    /// A message has arrived.
    fn receive(&mut self, from: usize, message: Self::Message);

    /// Does all that there is to do: writes, sends and applies.
    fn act(&mut self, post: &mut Post<'_, Self::Message>, app: &mut impl App);

    /// Discards the log except for the last so many of the entries that it has applied.
    fn compact(&mut self, keep: u64);

    /// The same server after a crash: all that is left is its disk. It applies everything anew.
    #[must_use]
    fn restart(self) -> Self;
}

/// What a benchmark and a test need of a cluster of any implementation.
pub trait Cluster {
    /// Has the first server elected. All others follow.
    fn elect(&mut self);

    /// A client asks the leader for all of these.
    fn propose(&mut self, commands: &Commands<'_>);

    /// Lets the servers take turns until all are at rest.
    fn pump(&mut self);

    /// The leader's heartbeat timer expires, so that all learn what is committed.
    fn beat(&mut self);

    /// How many commands the leader has applied: it applies them as soon as they are committed.
    fn committed(&self) -> u64;

    /// How many commands, and how many bytes of them, each server has applied.
    fn applied(&self) -> Vec<Applied>;

    /// How many messages were sent.
    fn messages(&self) -> u64;
}

/// The application of a benchmark: it sees to it that commands come in order and whole, and
/// counts them. The first eight bytes of a command are its number, from 0.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Applied {
    /// So many commands.
    pub commands: u64,
    /// So many bytes of them.
    pub bytes: u64,
}

impl App for Applied {
    fn apply(&mut self, command: &[u8]) {
        let number = command.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        assert_eq!(number, Some(self.commands), "a command out of order");
        self.commands += 1;
        self.bytes += command.len() as u64;
    }
}

/// Where a server puts what it sends.
#[derive(Debug)]
pub struct Post<'a, M> {
    network: &'a mut Network<M>,
    from: usize,
}

impl<M> Post<'_, M> {
    /// Sends a message.
    pub fn send(&mut self, to: usize, message: M) {
        let network = &mut *self.network;
        network.sent += 1;
        if !network.cut[self.from][to] {
            network.inboxes[to].push((self.from, message));
        }
    }
}

/// What is under way.
#[derive(Debug)]
struct Network<M> {
    inboxes: Vec<Vec<(usize, M)>>,
    /// The links on which everything is lost, by sender and receiver.
    cut: Vec<Vec<bool>>,
    sent: u64,
}

/// A server, what it applies to, and whether it was asked for something.
#[derive(Debug)]
struct Seat<S, A> {
    server: S,
    app: A,
    woken: bool,
    /// Applied since the log was compacted.
    since: u64,
}

/// Servers that take turns.
#[derive(Debug)]
pub struct Turns<S: Server, A = Applied> {
    seats: Vec<Seat<S, A>>,
    network: Network<S::Message>,
    /// Kept for its capacity: empty between turns.
    reading: Vec<(usize, S::Message)>,
}

/// Counts what passes through to an application.
struct Counted<'a, A> {
    app: &'a mut A,
    count: &'a mut u64,
}

impl<A: App> App for Counted<'_, A> {
    fn apply(&mut self, command: &[u8]) {
        *self.count += 1;
        self.app.apply(command);
    }
}

impl<S: Server, A: App + Default> Turns<S, A> {
    /// These servers, with nothing under way.
    pub fn new(servers: impl IntoIterator<Item = S>) -> Self {
        let seat = |server| Seat { server, app: A::default(), woken: true, since: 0 };
        let seats: Vec<_> = servers.into_iter().map(seat).collect();
        let size = seats.len();
        let inboxes = (0..size).map(|_| Vec::new()).collect();
        let network = Network { inboxes, cut: vec![vec![false; size]; size], sent: 0 };
        Self { seats, network, reading: Vec::new() }
    }

    /// Something happens to one of the servers, which acts when the servers take turns next.
    pub fn happens(&mut self, id: usize, what: impl FnOnce(&mut S)) {
        let seat = &mut self.seats[id];
        what(&mut seat.server);
        seat.woken = true;
    }

    /// One of the servers crashes, with all that is in its memory and its inbox, and starts again.
    #[must_use]
    pub fn restarted(mut self, id: usize) -> Self {
        let crashed = self.seats.remove(id);
        let server = crashed.server.restart();
        self.seats.insert(id, Seat { server, app: A::default(), woken: true, since: 0 });
        self.network.inboxes[id].clear();
        self
    }

    /// From now on all messages between these two are lost, or none.
    pub fn cut(&mut self, a: usize, b: usize, cut: bool) {
        self.network.cut[a][b] = cut;
        self.network.cut[b][a] = cut;
    }

    /// One of the servers.
    pub fn server(&self, id: usize) -> &S {
        &self.seats[id].server
    }

    /// What each server has applied.
    pub fn apps(&self) -> impl ExactSizeIterator<Item = &A> {
        self.seats.iter().map(|seat| &seat.app)
    }

    /// Who leads, as far as they know themselves.
    pub fn leaders(&self) -> impl Iterator<Item = usize> {
        let seats = self.seats.iter().enumerate();
        seats.filter(|(_, seat)| seat.server.is_leader()).map(|(id, _)| id)
    }

    /// Lets the servers take turns until all are at rest.
    pub fn pump(&mut self) {
        while (0..self.seats.len()).map(|id| self.turn(id)).filter(|acted| *acted).count() > 0 {}
    }

    /// Whether the server had anything to do.
    fn turn(&mut self, id: usize) -> bool {
        let seat = &mut self.seats[id];
        mem::swap(&mut self.reading, &mut self.network.inboxes[id]);
        if self.reading.is_empty() && !mem::take(&mut seat.woken) {
            return false;
        }
        seat.woken = false;
        for (from, message) in self.reading.drain(..) {
            seat.server.receive(from, message);
        }
        let mut app = Counted { app: &mut seat.app, count: &mut seat.since };
        seat.server.act(&mut Post { network: &mut self.network, from: id }, &mut app);
        if seat.since >= COMPACT_EVERY {
            seat.server.compact(KEEP);
            seat.since = 0;
        }
        true
    }
}

impl<S: Server> Cluster for Turns<S> {
    fn elect(&mut self) {
        self.pump();
        self.happens(0, S::time_out);
        self.pump();
        assert!(self.server(0).is_leader(), "nobody was elected");
    }

    fn propose(&mut self, commands: &Commands<'_>) {
        self.happens(0, |leader| leader.propose(commands));
    }

    fn pump(&mut self) {
        Self::pump(self);
    }

    fn beat(&mut self) {
        self.happens(0, S::beat);
    }

    fn committed(&self) -> u64 {
        self.seats[0].app.commands
    }

    fn applied(&self) -> Vec<Applied> {
        self.apps().copied().collect()
    }

    fn messages(&self) -> u64 {
        self.network.sent
    }
}
