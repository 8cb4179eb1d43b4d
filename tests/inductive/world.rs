//! The invariant, and any state that satisfies it.

use althing::raft::election::invariants::{
    Elections, election_safety, leader_completeness, leader_is_elected,
};
use althing::raft::election::{Ballot, Config, Election, Message, Role, Rules, Term};
use althing::{Machine, NodeId, NodeSet};

use crate::choices::Choices;

/// One term more than any state begins with, for those who stand in the last, and term 0.
const TERMS: usize = 5;
const SERVERS: usize = 5;

/// How large the states are.
pub(crate) struct Bounds {
    /// The fewest and the most servers.
    pub(crate) servers: (usize, usize),
    /// Servers are in terms 0 to this.
    pub(crate) terms: usize,
    /// Credentials are below this.
    pub(crate) credentials: usize,
    /// Whether pre-vote and check-quorum are on; each by choice if `None`.
    pub(crate) flags: Option<bool>,
    /// How many of the messages that can be in flight are; all if `None`. To find a random
    /// state in which someone leads, votes are then mostly given to one candidate a term.
    pub(crate) in_flight: Option<usize>,
}

/// A message on the network. It stays there: it may be delivered late, and again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Flight {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) message: Message<u8>,
}

/// A cluster between two steps.
///
/// # The invariant
///
/// Let `cast` be the table of all votes ever written to a disk: whom each voter named in each
/// term, if anyone. Its entries are made once and never change. A server's *supporters* in a
/// term are those who named it; it *won* the term if they are more than half of the servers.
/// Between two steps, a server's disk is what it has in memory.
///
/// - *one vote*: each disk names whom the table has for its server and term, and the table has
///   no vote of a server in a term that its disk has not reached.
/// - *votes are for candidates*: whoever is named in a term named itself in it.
/// - *counted votes*: a candidate counts its own vote, and otherwise votes of its supporters in
///   its term.
/// - *leaders won*: a leader won its term.
/// - *leaders are known*: whoever is followed won the follower's term, and is another server.
/// - *restriction*: the supporters of a candidate or a leader in its term started with no better
///   credential than it has, and nobody has a worse one than it started with.
/// - Of each message in flight:
///   - *no message from the future*: its term is at most the one on its sender's disk;
///   - *requests are honest*: a request for votes is of a term in which its sender named
///     itself; if the sender still stands or leads in it, the request claims no more than the
///     sender has;
///   - *votes are durable*: a granted vote is in the table;
///   - *heartbeats are of winners*: the sender of a heartbeat won its term.
///
/// Two servers cannot both win a term, for their supporters would share one, and the table holds
/// one name a voter and term. As the table only grows, the winner of a term stays its winner:
/// that is Election Safety.
#[derive(Clone, Debug)]
pub(crate) struct World<R: Rules> {
    pub(crate) servers: Vec<Election<u8, R>>,
    /// `cast[term][voter]`.
    pub(crate) cast: [[Option<NodeId>; SERVERS]; TERMS],
    pub(crate) in_flight: Vec<Flight>,
}

/// The invariant.
impl<R: Rules> World<R> {
    /// The clause that the state breaks, if any.
    pub(crate) fn violation(&self) -> Option<&'static str> {
        let broken = self.servers.iter().find_map(|server| self.server_violation(server));
        broken.or_else(|| self.in_flight.iter().find_map(|flight| self.flight_violation(flight)))
    }

    fn server_violation(&self, server: &Election<u8, R>) -> Option<&'static str> {
        let (id, Ballot { term, vote }) = (server.id(), server.durable());
        let reached = row(term);
        if self.cast[reached][id.index()] != vote
            || self.cast[reached + 1..].iter().any(|votes| votes[id.index()].is_some())
        {
            return Some("one vote");
        }
        let to_no_candidate = |votes: &[Option<NodeId>; SERVERS]| {
            votes[id.index()].is_some_and(|candidate| votes[candidate.index()] != Some(candidate))
        };
        if self.cast.iter().any(to_no_candidate) {
            return Some("votes are for candidates");
        }
        if server.credential() < server.config().credential() {
            return Some("restriction");
        }
        let supporters = self.supporters(term, id);
        let restricted = || supporters.iter().all(|voter| self.start(voter) <= server.credential());
        match server.role() {
            Role::Follower { leader: Some(leader) } => {
                (leader == id || !self.won(term, leader)).then_some("leaders are known")
            }
            Role::Follower { leader: None } | Role::PreCandidate { .. } => None,
            Role::Candidate { votes } if !votes.contains(id) || votes.union(supporters) != supporters => {
                Some("counted votes")
            }
            Role::Leader { .. } if !self.won(term, id) => Some("leaders won"),
            Role::Candidate { .. } | Role::Leader { .. } => (!restricted()).then_some("restriction"),
        }
    }

    pub(crate) fn flight_violation(&self, flight: &Flight) -> Option<&'static str> {
        let Flight { from, to, message } = *flight;
        let (sender, term) = (&self.servers[from.index()], message.term());
        if from == to || term > sender.term() {
            return Some("no message from the future");
        }
        let named = self.cast[row(term)][from.index()];
        let stands = matches!(sender.role(), Role::Candidate { .. } | Role::Leader { .. });
        match message {
            Message::RequestVote { credential, .. } => {
                let claims = stands && term == sender.term() && credential > sender.credential();
                (named != Some(from) || claims).then_some("requests are honest")
            }
            Message::VoteReply { granted: true, .. } => (named != Some(to)).then_some("votes are durable"),
            Message::Heartbeat { .. } => (!self.won(term, from)).then_some("heartbeats are of winners"),
            Message::VoteReply { granted: false, .. } | Message::HeartbeatReply { .. } => None,
            Message::PreVote { .. } | Message::PreVoteReply { .. } => None,
        }
    }

    /// The invariant of the library that the state breaks, if any: the clauses must imply them.
    pub(crate) fn implied_violation(&self) -> Option<&'static str> {
        let terms = (0..TERMS as u64).map(Term::new);
        let winners = terms.flat_map(|term| {
            let won = move |server: &&Election<u8, R>| self.won(term, server.id());
            self.servers.iter().filter(won).map(move |server| (term, server.id()))
        });
        let elections = Elections::of_winners(winners);
        if !election_safety(&elections) {
            return Some("election_safety");
        }
        if !leader_is_elected(self.servers.iter(), &elections) {
            return Some("leader_is_elected");
        }
        (!leader_completeness(self.servers.iter())).then_some("leader_completeness")
    }

    fn supporters(&self, term: Term, candidate: NodeId) -> NodeSet {
        let votes = self.servers.iter().map(Election::id);
        votes.filter(|voter| self.cast[row(term)][voter.index()] == Some(candidate)).collect()
    }

    fn won(&self, term: Term, candidate: NodeId) -> bool {
        2 * usize::from(self.supporters(term, candidate).len()) > self.servers.len()
    }

    /// The credential with which a server started.
    fn start(&self, server: NodeId) -> u8 {
        self.servers[server.index()].config().credential()
    }
}

/// States.
impl<R: Rules> World<R> {
    /// Servers with empty disks that were just started.
    pub(crate) fn at_the_start(servers: usize, rules: R) -> Self {
        let mut out = althing::Outbox::new();
        let start = |id| Election::restart(config(id, servers, 0, rules), Ballot::default(), &mut out);
        let servers = ids(servers).map(start).collect();
        Self { servers, cast: [[None; SERVERS]; TERMS], in_flight: Vec::new() }
    }

    /// The state that these choices lead to. Some choices lead to each state within the
    /// bounds that satisfies the invariant, and none to another.
    pub(crate) fn build(choices: &mut Choices, bounds: &Bounds, rules: R) -> Self {
        let (fewest, most) = bounds.servers;
        let mut world = Self::at_the_start(fewest + choices.below(most - fewest + 1), rules);
        let pre_vote = bounds.flags.unwrap_or_else(|| choices.flip());
        let check_quorum = bounds.flags.unwrap_or_else(|| choices.flip());
        let count = world.servers.len();
        let reached: Vec<usize> = ids(count).map(|_| choices.below(bounds.terms + 1)).collect();
        for term in 1..=bounds.terms {
            world.cast_votes(choices, term, &reached, bounds.in_flight.is_some());
        }
        for id in ids(count) {
            let credential = choices.below(bounds.credentials) as u8;
            let config =
                config(id, count, credential, rules).with_pre_vote(pre_vote).with_check_quorum(check_quorum);
            let term = Term::new(reached[id.index()] as u64);
            let ballot = Ballot { term, vote: world.cast[row(term)][id.index()] };
            let role = Role::Follower { leader: None };
            world.servers[id.index()] = Election::from_parts(config, ballot, credential, role);
        }
        for id in ids(count) {
            world.give_role(choices, id, bounds.credentials);
        }
        world.in_flight = world.messages(choices, bounds);
        world
    }

    /// First some name themselves, then the others may name one of those.
    fn cast_votes(&mut self, choices: &mut Choices, term: usize, reached: &[usize], gather: bool) {
        let voters: Vec<_> = ids(reached.len()).filter(|voter| reached[voter.index()] >= term).collect();
        let mut names = vec![None];
        for &voter in &voters {
            let named = choices.flip().then_some(voter);
            self.cast[term][voter.index()] = named;
            names.extend(named.map(Some));
        }
        let last = names[names.len() - 1];
        names.extend([last; 4].iter().filter(|_| gather));
        for &voter in &voters {
            if self.cast[term][voter.index()].is_none() {
                self.cast[term][voter.index()] = choices.pick(&names);
            }
        }
    }

    fn give_role(&mut self, choices: &mut Choices, id: NodeId, credentials: usize) {
        let server = self.servers[id.index()];
        let (config, ballot) = (*server.config(), server.durable());
        let mine = NodeSet::only(id);
        let others = config.voters().without(id);
        let supporters = self.supporters(ballot.term, id);
        let mut roles = vec![Role::Follower { leader: None }, Role::PreCandidate { votes: mine }];
        let leader = others.iter().find(|other| self.won(ballot.term, *other));
        roles.extend(leader.map(|leader| Role::Follower { leader: Some(leader) }));
        roles.extend(supporters.contains(id).then_some(Role::Candidate { votes: mine }));
        roles.extend(self.won(ballot.term, id).then_some(Role::Leader { active: mine }));
        let role = match choices.pick(&roles) {
            Role::Follower { leader } => Role::Follower { leader },
            Role::PreCandidate { .. } => Role::PreCandidate { votes: some_of(choices, others).with(id) },
            Role::Candidate { .. } => {
                Role::Candidate { votes: some_of(choices, supporters.without(id)).with(id) }
            }
            Role::Leader { .. } => Role::Leader { active: some_of(choices, others).with(id) },
        };
        let stands = matches!(role, Role::Candidate { .. } | Role::Leader { .. });
        let least = supporters.iter().filter(|_| stands).map(|voter| self.start(voter));
        let least = least.fold(config.credential(), u8::max);
        let credential = least + choices.below(credentials - usize::from(least)) as u8;
        self.servers[id.index()] = Election::from_parts(config, ballot, credential, role);
    }

    /// What is in flight to and from server 0, which is the one that steps: all that can be, or
    /// as many of those as the bounds say. (What others send each other depends on their states,
    /// and on votes in the table, which a step of server 0 only adds to.)
    fn messages(&self, choices: &mut Choices, bounds: &Bounds) -> Vec<Flight> {
        let stepping = self.servers[0].id();
        let others = self.servers[0].config().voters().without(stepping);
        let ways = others.iter().flat_map(|other| [(other, stepping), (stepping, other)]);
        let flights =
            ways.flat_map(|(from, to)| kinds(bounds).map(move |message| Flight { from, to, message }));
        let possible: Vec<_> = flights.filter(|flight| self.flight_violation(flight).is_none()).collect();
        match bounds.in_flight {
            None => possible,
            Some(_) if possible.is_empty() => possible,
            Some(count) => (0..count).map(|_| choices.pick(&possible)).collect(),
        }
    }
}

fn some_of(choices: &mut Choices, nodes: NodeSet) -> NodeSet {
    nodes.iter().filter(|_| choices.flip()).collect()
}

/// Every message of the terms and credentials within the bounds.
fn kinds(bounds: &Bounds) -> impl Iterator<Item = Message<u8>> {
    let (terms, credentials) = (bounds.terms as u64, bounds.credentials as u8);
    (0..=terms).map(Term::new).flat_map(move |term| {
        let requests = (0..credentials).flat_map(move |credential| {
            [
                Message::PreVote { term, credential },
                Message::RequestVote { term, credential, transfer: false },
            ]
        });
        let answers = [false, true].into_iter().flat_map(move |granted| {
            [Message::PreVoteReply { term, granted }, Message::VoteReply { term, granted }]
        });
        requests.chain(answers).chain([Message::Heartbeat { term }, Message::HeartbeatReply { term }])
    })
}

fn ids(count: usize) -> impl Iterator<Item = NodeId> + Clone {
    NodeSet::first(count as u8).iter()
}

fn row(term: Term) -> usize {
    usize::try_from(term.get()).expect("few terms")
}

fn config<R: Rules>(id: NodeId, servers: usize, credential: u8, rules: R) -> Config<u8, R> {
    let config = Config::new(id, NodeSet::first(servers as u8)).expect("every server votes");
    config.with_credential(credential).with_rules(rules)
}
