//! What must always hold of an election, each under the paper's name for it.
//!
//! The checker, the property tests, the fuzzer and the trace validator call these functions.
//! None of them asks the machine's own [rules](crate::raft::election::rules): a rule that is wrong there
//! must not make itself right here.
//!
//! | invariant | source | looks at |
//! |---|---|---|
//! | [`election_safety`] | paper, Figure 3 | the past |
//! | [`leader_completeness`] | paper, Figure 3, its share in the election | all servers |
//! | [`leader_is_elected`] | paper 5.2 | all servers and the past |
//! | [`vote_once`] | paper 5.2, durable | one step |
//! | [`monotonic`] | paper 5.1 | one step |
//! | [`persist_before_send`] | paper, Figure 2, "updated on stable storage before responding" | one step |
//! | [`no_surprise`] | the contract of [`Machine`] | one step |
//! | [`pre_vote_earned`] | thesis 9.6 | the past |
//! | [`leader_stickiness`] | thesis 4.2.3 | one step |
//! | [`check_quorum`] | thesis 6.2 | one step |

use alloc::vec::Vec;

use crate::machine::{Event, Machine};
use crate::node::{NodeId, NodeMap, NodeSet, Relabel, Renaming};
use crate::observe::{Cause, History, Step};
use crate::outbox::{Op, Outbox};
use crate::raft::ballot::{Ballot, Term};
use crate::raft::election::message::Message;
use crate::raft::election::rules::Rules;
use crate::raft::election::{Credential, Election, LeaderChanged, Role, Timer};

/// What an observer remembers of an election.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Elections {
    /// Who led in each term, ascending.
    won: Vec<(Term, NodeId)>,
    /// The first term that had a second leader.
    split: Option<Term>,
    /// With pre-vote, the term on each server's disk. This repeats what a model state holds anyway, so it makes
    /// no two of them differ, and tells which pre-votes are worth remembering.
    terms: NodeMap<Term>,
    /// Pre-votes that were sent and can still count: term, voter, pre-candidate; ascending. None
    /// is of an earlier term than its pre-candidate's: two states that differ in nothing but
    /// pre-votes that count no more would be explored twice.
    pre_votes: Vec<(Term, NodeId, NodeId)>,
    /// The latest term that a server began by voting for itself.
    begun: Term,
    /// The first term that began without the pre-votes of a majority, or that a server entered
    /// though nobody had begun it.
    unearned: Option<Term>,
}

impl Elections {
    /// Who led in this term, if anyone did.
    pub fn winner(&self, term: Term) -> Option<NodeId> {
        self.won.iter().find(|(t, _)| *t == term).map(|(_, leader)| *leader)
    }

    /// In how many terms somebody led.
    pub fn terms_led(&self) -> usize {
        self.won.len()
    }

    /// An observer that knows just who led, for claims about states that no run led to.
    pub fn of_winners(won: impl IntoIterator<Item = (Term, NodeId)>) -> Self {
        let mut elections = Self::default();
        for (term, leader) in won {
            elections.led(term, leader);
        }
        elections
    }

    fn led(&mut self, term: Term, leader: NodeId) {
        match self.winner(term) {
            None => {
                self.won.push((term, leader));
                self.won.sort_unstable();
            }
            Some(known) if known == leader => {}
            Some(_) => self.split = self.split.or(Some(term)),
        }
    }

    /// A server begins a term of its own: were the pre-votes of a majority sent to it? It needs none
    /// if the leader has just told it to stand (3.10), of which the election sees that it was heard.
    fn began<C: Credential, R: Rules>(&mut self, step: &Step<'_, Election<C, R>>, term: Term) {
        self.begun = self.begun.max(term);
        let (server, id) = (step.before, step.node);
        let earned: NodeSet = self
            .pre_votes
            .iter()
            .filter(|(t, _, candidate)| t.next() == Some(term) && *candidate == id)
            .map(|(_, voter, _)| *voter)
            .chain([id])
            .collect();
        let mut halves = server.voters().halves();
        let is_earned = halves.all(|half| are_most(earned, half));
        if server.config().pre_vote() && !is_earned && !hears_leader(step) {
            self.unearned = self.unearned.or(Some(term));
        }
    }
}

impl<C: Credential, R: Rules> History<Election<C, R>> for Elections {
    fn observe(&mut self, step: &Step<'_, Election<C, R>>) {
        let id = step.node;
        for op in step.performed {
            match op {
                Op::Write(Ballot { term, vote }) if *vote == Some(id) => self.began(step, *term),
                Op::Write(Ballot { term, .. }) if *term > self.begun => {
                    self.unearned = self.unearned.or(Some(*term));
                }
                Op::Output(LeaderChanged { term, leader }) if *leader == Some(id) => self.led(*term, id),
                Op::Send { message: Message::Heartbeat { term }, .. } => self.led(*term, id),
                Op::Send { to, message: Message::PreVoteReply { term, granted: true } } => {
                    let vote = (*term, id, *to);
                    let counts = self.terms.get(*to).is_none_or(|current| term >= current);
                    if counts && let Err(place) = self.pre_votes.binary_search(&vote) {
                        self.pre_votes.insert(place, vote);
                    }
                }
                Op::Write(_) | Op::Sync | Op::Send { .. } => {}
                Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => {}
            }
        }
        // A server in a later term no longer counts the pre-votes of an earlier one.
        let term = step.disk_after().term;
        if step.before.config().pre_vote() && term > Term::default() {
            self.terms.insert(id, term);
        }
        self.pre_votes.retain(|(t, _, candidate)| *candidate != id || *t >= term);
    }
}

impl Relabel for Elections {
    fn relabel(&self, renaming: &Renaming) -> Self {
        let mut pre_votes: Vec<_> = self
            .pre_votes
            .iter()
            .map(|(term, voter, candidate)| (*term, renaming.apply(*voter), renaming.apply(*candidate)))
            .collect();
        pre_votes.sort_unstable();
        Self {
            won: self.won.iter().map(|(term, leader)| (*term, renaming.apply(*leader))).collect(),
            split: self.split,
            terms: self.terms.iter().map(|(node, term)| (renaming.apply(node), *term)).collect(),
            pre_votes,
            begun: self.begun,
            unearned: self.unearned,
        }
    }
}

/// Election Safety (Figure 3): at most one leader is elected in a term, ever.
pub fn election_safety(elections: &Elections) -> bool {
    elections.split.is_none()
}

/// Leader Completeness (Figure 3), as far as the election ensures it: what a majority held from
/// the start, every leader holds. The log does the rest.
pub fn leader_completeness<'a, C: Credential, R: Rules>(
    servers: impl Iterator<Item = &'a Election<C, R>> + Clone,
) -> bool {
    servers.clone().filter(|server| server.is_leader()).all(|leader| {
        let ahead = servers.clone().filter(|s| s.config().credential() > leader.credential()).count();
        2 * ahead <= servers.clone().count()
    })
}

/// Whoever is followed as leader of a term was elected in that term (5.2).
pub fn leader_is_elected<'a, C: Credential, R: Rules>(
    mut servers: impl Iterator<Item = &'a Election<C, R>>,
    elections: &Elections,
) -> bool {
    servers.all(|server| match server.role() {
        Role::Follower { leader: Some(leader) } => elections.winner(server.term()) == Some(leader),
        Role::Follower { leader: None } | Role::PreCandidate { .. } => true,
        Role::Candidate { .. } | Role::Leader { .. } => true,
    })
}

/// One vote a term, and a durable one (5.2): a vote on the disk never changes within its term;
/// a vote leaves for the candidate that the disk names, and answers a request of the same term.
pub fn vote_once<C: Credential, R: Rules>(step: &Step<'_, Election<C, R>>) -> bool {
    let mut disk = *step.disk;
    step.performed.iter().all(|op| match op {
        Op::Write(write) => {
            let kept = write.term != disk.term || disk.vote.is_none() || write.vote == disk.vote;
            disk = *write;
            kept
        }
        Op::Send { to, message: Message::VoteReply { term, granted: true } } => {
            disk == Ballot { term: *term, vote: Some(*to) } && asked_in(step, *term)
        }
        Op::Send { message: Message::PreVoteReply { term, granted: true }, .. } => asked_in(step, *term),
        Op::Sync | Op::Send { .. } | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => true,
    })
}

/// Whether what the step handled is a request of this term for support.
fn asked_in<C: Credential, R: Rules>(step: &Step<'_, Election<C, R>>, term: Term) -> bool {
    match &step.cause {
        Cause::Event(Event::Message { message, .. }) => match message {
            Message::PreVote { .. } | Message::RequestVote { .. } => message.term() == term,
            Message::PreVoteReply { .. } | Message::VoteReply { .. } => false,
            Message::Heartbeat { .. } | Message::HeartbeatReply { .. } => false,
        },
        Cause::Event(Event::Timer(_) | Event::Input(_)) | Cause::Restart => false,
    }
}

/// Terms only grow (5.1): in memory, on the disk with each write, and over a restart, after
/// which the server is in no earlier term than its disk names.
pub fn monotonic<C: Credential, R: Rules>(step: &Step<'_, Election<C, R>>) -> bool {
    let mut disk = *step.disk;
    let writes_ascend = step.performed.iter().all(|op| match op {
        Op::Write(write) => {
            let ascends = write.term >= disk.term;
            disk = *write;
            ascends
        }
        Op::Sync | Op::Send { .. } | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => true,
    });
    writes_ascend
        && match step.cause {
            Cause::Event(_) => step.after.term() >= step.before.term(),
            Cause::Restart => step.after.term() >= step.disk.term,
        }
}

/// Figure 2: persistent state reaches the disk before anything is said. No message carries a
/// term that its sender's disk has not reached, and no vote leaves that it does not hold.
pub fn persist_before_send<C: Credential, R: Rules>(step: &Step<'_, Election<C, R>>) -> bool {
    step.sends().all(|(disk, to, message)| match message {
        Message::VoteReply { term, granted: true } => disk == Ballot { term: *term, vote: Some(to) },
        Message::RequestVote { term, .. } | Message::Heartbeat { term } => {
            disk == Ballot { term: *term, vote: Some(step.node) }
        }
        Message::PreVote { term, .. }
        | Message::PreVoteReply { term, .. }
        | Message::VoteReply { term, granted: false }
        | Message::HeartbeatReply { term } => *term <= disk.term,
    })
}

/// The contract of a machine: nobody writes to itself or to a stranger, and a message that
/// arrives twice does what it did once; a request gets the answer that it
/// got, since what was lost may have been the answer (5.5). (That nothing panics, the checking
/// kit sees to.)
pub fn no_surprise<C: Credential, R: Rules>(step: &Step<'_, Election<C, R>>) -> bool {
    let peers = step.before.config().voters().without(step.node);
    step.sends().all(|(_, to, _)| peers.contains(to))
        && match &step.cause {
            Cause::Event(event @ Event::Message { message, .. }) => {
                let mut again = *step.after;
                let mut out = Outbox::new();
                again.step((*event).clone(), &mut out);
                let repeated: Vec<_> = out.drain().collect();
                again == *step.after
                    && !repeated.iter().any(|op| matches!(op, Op::Write(_) | Op::Output(_)))
                    && (!is_request(message)
                        || step
                            .sends()
                            .all(|(_, to, answer)| repeated.contains(&Op::Send { to, message: *answer })))
            }
            Cause::Event(Event::Timer(_) | Event::Input(_)) | Cause::Restart => true,
        }
}

fn is_request<C>(message: &Message<C>) -> bool {
    match message {
        Message::PreVote { .. } | Message::RequestVote { .. } | Message::Heartbeat { .. } => true,
        Message::PreVoteReply { .. } | Message::VoteReply { .. } | Message::HeartbeatReply { .. } => false,
    }
}

/// Thesis 9.6: with pre-vote on, no server begins a term unless the pre-votes of a majority for
/// it were sent in the term before; and nobody enters a term that nobody began.
pub fn pre_vote_earned(elections: &Elections) -> bool {
    elections.unearned.is_none()
}

fn hears_leader<C: Credential, R: Rules>(step: &Step<'_, Election<C, R>>) -> bool {
    matches!(step.cause, Cause::Event(Event::Message { message: Message::Heartbeat { .. }, .. }))
}

/// Thesis 4.2.3: who heard from a leader within the minimum election timeout helps nobody to
/// depose it: no pre-vote, and with check-quorum no vote and no move to the candidate's term, nor is
/// it made to forget the leader by a late answer. And nobody says that its leader wants it to stand
/// but who was just told so (3.10).
pub fn leader_stickiness<C: Credential, R: Rules>(step: &Step<'_, Election<C, R>>) -> bool {
    let content = step.before.leader().is_some();
    let claims = |message| matches!(message, &Message::RequestVote { transfer: true, .. });
    if step.sends().any(|(_, _, message)| claims(message)) && !hears_leader(step) {
        return false;
    }
    match &step.cause {
        Cause::Event(Event::Message { message: Message::PreVote { .. }, .. }) if content => {
            *step.before == *step.after && !supports(step)
        }
        // Unless the leader itself asked for it (3.10).
        Cause::Event(Event::Message { message: Message::RequestVote { transfer: false, .. }, .. })
            if content && step.before.config().check_quorum() =>
        {
            *step.before == *step.after && !supports(step)
        }
        // A follower waits for no answer.
        Cause::Event(Event::Message {
            message: Message::PreVoteReply { .. } | Message::VoteReply { .. } | Message::HeartbeatReply { .. },
            ..
        }) if content && step.before.config().check_quorum() && !step.before.is_leader() => {
            *step.before == *step.after
        }
        Cause::Event(_) | Cause::Restart => true,
    }
}

fn supports<C: Credential, R: Rules>(step: &Step<'_, Election<C, R>>) -> bool {
    step.sends().any(|(_, _, message)| {
        matches!(
            message,
            Message::PreVoteReply { granted: true, .. } | Message::VoteReply { granted: true, .. }
        )
    })
}

/// Thesis 6.2: with check-quorum on, a leader that goes on leading when its quorum timer expires
/// has heard from a majority since the timer expired last, itself included.
pub fn check_quorum<C: Credential, R: Rules>(step: &Step<'_, Election<C, R>>) -> bool {
    match (&step.cause, step.before.role()) {
        (Cause::Event(Event::Timer(Timer::Quorum)), Role::Leader { active })
            if step.after.is_leader() && step.before.config().check_quorum() =>
        {
            step.before.voters().halves().all(|half| are_most(active, half))
        }
        (Cause::Event(_) | Cause::Restart, _) => true,
    }
}

/// Whether these are more than half of those, by counting, not by asking [`quorum`](crate::quorum). Twice
/// as many as there can be do not fit the type of their number.
pub(crate) fn are_most(nodes: NodeSet, of: NodeSet) -> bool {
    2 * u16::from(nodes.intersection(of).len()) > u16::from(of.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_of_as_many_as_there_can_be_are_counted() {
        let (all, half) = (NodeSet::first(128), NodeSet::first(64));
        assert!(are_most(all, all) && are_most(NodeSet::first(65), all));
        assert!(!are_most(half, all) && !are_most(all, NodeSet::EMPTY));
    }
}
