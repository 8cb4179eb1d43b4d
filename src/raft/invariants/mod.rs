//! What must always hold of a replicated log, each under the paper's name for it.
//!
//! The checker, the simulation, the property tests, the fuzzer and the trace validator call these
//! functions. None of them asks the machine's own rules: a rule that is wrong there must not make
//! itself right here. What holds of the election within a server, [`of_election`] asks of the
//! invariants of the [election](crate::raft::election::invariants).
//!
//! | invariant | source | looks at |
//! |---|---|---|
//! | [`election_safety`] | paper, Figure 3 | the past |
//! | [`leader_is_elected`] | paper 5.2 | all servers and the past |
//! | [`pre_vote_earned`] | thesis 9.6 | the past |
//! | [`leader_append_only`] | paper, Figure 3 | one step |
//! | [`log_matching`] | paper, Figure 3 | all servers |
//! | [`leader_completeness`] | paper, Figure 3 | all servers and the past |
//! | [`state_machine_safety`] | paper, Figure 3 | all servers and the past |
//! | [`committed_on_quorum`] | paper 5.3, thesis 4.3 | all disks and the past |
//! | [`commits_own_term`] | paper 5.4.2 | one step |
//! | [`monotonic`] | paper, Figure 2 | one step |
//! | [`ordering`] | paper, Figure 2 | one server |
//! | [`persist_before_send`] | paper, Figure 2 | one step |
//! | [`progress`] | paper, Figure 2 (matchIndex, nextIndex) | all servers and disks |
//! | [`membership_in_log`], [`membership_path`] | paper 6, thesis 4 | one server, all servers and the past |
//! | [`members_stand`] | thesis 4.2.2, 4.3 | one step |
//! | [`leader_is_voter`] | thesis 4.2.2 | one server |
//! | [`hands_over_all`] | thesis 3.10 | one step |
//! | [`linearizable_read`] | paper 8, thesis 6.4 | the past |
//! | [`no_surprise`] | the contract of [`Machine`] | one step |

mod chronicle;
mod within;

pub use chronicle::{Chronicle, Committed};
pub use within::of_election;

use crate::machine::{Event, Machine};
use crate::node::NodeSet;
use crate::observe::{Cause, Step};
use crate::outbox::{Op, Outbox};
use crate::quorum::Voters;
use crate::raft::disk::{Disk, Write};
use crate::raft::election::{self, invariants::are_most};
use crate::raft::entry::{Batch, Command};
use crate::raft::log::Log;
use crate::raft::membership::Membership;
use crate::raft::message::{Answer, Message};
use crate::raft::position::{Index, Position};
use crate::raft::rules::Rules;
use crate::raft::server::{Output, Raft};

/// A server and its disk.
#[derive(Debug)]
pub struct Member<'a, T, R> {
    /// The server.
    pub server: &'a Raft<T, R>,
    /// What is on its disk.
    pub disk: &'a Disk<T>,
}

impl<T, R> Clone for Member<'_, T, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, R> Copy for Member<'_, T, R> {}

/// I1, Election Safety (Figure 3): at most one leader is elected in a term, ever.
pub fn election_safety(chronicle: &Chronicle) -> bool {
    election::invariants::election_safety(chronicle.elections())
}

/// Whoever is followed as leader of a term was elected in that term (5.2).
pub fn leader_is_elected<T: Command, R: Rules>(members: &[Member<'_, T, R>], chronicle: &Chronicle) -> bool {
    let elections = members.iter().map(|member| member.server.election());
    election::invariants::leader_is_elected(elections, chronicle.elections())
}

/// Thesis 9.6: with pre-vote on, no server begins a term without the pre-votes of a majority, unless its
/// leader hands over to it (3.10).
pub fn pre_vote_earned(chronicle: &Chronicle) -> bool {
    election::invariants::pre_vote_earned(chronicle.elections())
}

/// I3, Leader Append-Only (Figure 3): a leader never overwrites or deletes entries in its log; it
/// only appends.
pub fn leader_append_only<T: Command, R: Rules>(step: &Step<'_, Raft<T, R>>) -> bool {
    let (before, after) = (step.before, step.after);
    let leads = before.is_leader() && after.is_leader() && before.term() == after.term();
    match step.cause {
        Cause::Event(_) if leads => {
            after.log().last().index >= before.log().last().index
                && agree(before.log(), after.log(), before.log().last().index)
        }
        Cause::Event(_) | Cause::Restart => true,
    }
}

/// Whether two logs have the same entries up to here, above both snapshots.
fn agree<T: Command>(a: &Log<T>, b: &Log<T>, through: Index) -> bool {
    let mut index = a.snapshot().last.index.max(b.snapshot().last.index);
    if index > through || index > a.last().index || index > b.last().index {
        return true;
    }
    // The last entry of a snapshot has a term and no contents any more.
    let mut same = a.term_at(index) == b.term_at(index);
    while same && index < through {
        index = index.next();
        same = a.batch(index, 1, u64::MAX) == b.batch(index, 1, u64::MAX);
    }
    same
}

/// I4, Log Matching (Figure 3): if two logs have an entry with the same index and term, they are
/// the same up to there.
pub fn log_matching<T: Command, R: Rules>(members: &[Member<'_, T, R>]) -> bool {
    let pairs = members.iter().enumerate().flat_map(|(i, a)| members[..i].iter().map(move |b| (a, b)));
    pairs.into_iter().all(|(a, b)| {
        let (a, b) = (a.server.log(), b.server.log());
        let floor = a.snapshot().last.index.max(b.snapshot().last.index);
        let mut last = a.last().index.min(b.last().index);
        while last > floor && a.term_at(last) != b.term_at(last) {
            last = last.previous();
        }
        last <= floor || agree(a, b, last)
    })
}

/// I5, Leader Completeness (Figure 3): what was committed in a term is in the log of every leader
/// of a later one.
pub fn leader_completeness<T: Command, R: Rules>(
    members: &[Member<'_, T, R>],
    chronicle: &Chronicle,
) -> bool {
    members.iter().map(|member| member.server).filter(|server| server.is_leader()).all(|leader| {
        let earlier = |entry: &Committed| entry.by < leader.term();
        holds(leader.log(), chronicle, chronicle.last_committed(), earlier)
    })
}

/// Whether a log, or its snapshot, has those of the committed entries up to here.
fn holds<T: Command>(
    log: &Log<T>,
    chronicle: &Chronicle,
    through: Index,
    which: impl Fn(&Committed) -> bool,
) -> bool {
    let mut index = log.snapshot().last.index.max(Index::new(1));
    while index <= through {
        match chronicle.get(index) {
            Some(entry) if which(entry) && log.term_at(index) != Some(entry.term) => return false,
            Some(_) => {}
            None => return false,
        }
        index = index.next();
    }
    true
}

/// I6, State Machine Safety (Figure 3): no two servers ever apply different entries in one place, and
/// each has told its application of all that it has committed.
pub fn state_machine_safety<T: Command, R: Rules>(
    members: &[Member<'_, T, R>],
    chronicle: &Chronicle,
) -> bool {
    !chronicle.is_contradicted()
        && members.iter().all(|member| {
            let (log, disk) = (member.server.log(), member.disk.log());
            let replaced = |log: &Log<T>| {
                let last = log.snapshot().last;
                last == Position::default() || chronicle.get(last.index).map(|it| it.term) == Some(last.term)
            };
            let commit = member.server.commit();
            replaced(log)
                && replaced(disk)
                && holds(log, chronicle, commit, |_| true)
                && chronicle.told(member.server.id()) == commit
        })
}

/// I7: whatever was committed is on the disks of a majority; of both, while the membership
/// changed.
pub fn committed_on_quorum<T: Command, R: Rules>(
    members: &[Member<'_, T, R>],
    chronicle: &Chronicle,
) -> bool {
    chronicle.committed().iter().zip(1..).all(|(entry, index)| {
        let index = Index::new(index);
        let has = |disk: &Disk<T>| {
            let log = disk.log();
            log.snapshot().last.index >= index || log.term_at(index) == Some(entry.term)
        };
        let holders = members.iter().filter(|member| has(member.disk)).map(|member| member.server.id());
        let holders: NodeSet = holders.collect();
        is_majority(holders, entry.voters)
    })
}

fn is_majority(nodes: NodeSet, voters: Voters) -> bool {
    are_most(nodes, voters.incoming) && (voters.outgoing.is_empty() || are_most(nodes, voters.outgoing))
}

/// I8 (5.4.2): a leader commits an entry of its own term, and earlier ones only with it.
pub fn commits_own_term<T: Command, R: Rules>(step: &Step<'_, Raft<T, R>>) -> bool {
    let (before, after) = (step.before, step.after);
    let led = before.is_leader() && before.term() == after.term() || after.is_leader();
    match step.cause {
        Cause::Event(_) if led && after.commit() > before.commit() => {
            after.log().term_at(after.commit()) == Some(after.term())
        }
        Cause::Event(_) | Cause::Restart => true,
    }
}

/// I9: terms, what is committed and what is compacted never go back: in memory, on the disk, and
/// over a restart.
pub fn monotonic<T: Command, R: Rules>(step: &Step<'_, Raft<T, R>>) -> bool {
    let (before, after) = (step.before, step.after);
    let compacted = |log: &Log<T>| log.snapshot().last.index;
    let memory = match step.cause {
        Cause::Event(_) => {
            after.commit() >= before.commit() && compacted(after.log()) >= compacted(before.log())
        }
        Cause::Restart => after.commit() >= compacted(step.disk.log()),
    };
    memory
        && compacted(step.disk_after().log()) >= compacted(step.disk.log())
        && of_election(step, |step| election::invariants::monotonic(step))
}

/// I10: what is compacted is committed, what is committed is in the log, and no entry is of a
/// later term than its server.
pub fn ordering<T: Command, R: Rules>(server: &Raft<T, R>) -> bool {
    let log = server.log();
    let durable = server.leading().is_none_or(|leading| leading.durable() <= log.last().index);
    log.snapshot().last.index <= server.commit()
        && server.commit() <= log.last().index
        && log.last().term <= server.term()
        && server.is_leader() == server.election().is_leader()
        && server.election().credential() == log.last()
        && server.election().voters() == server.membership().voters()
        && durable
}

/// I11: what a server says is on its disk: its term, its vote, and every entry that it vouches
/// for.
pub fn persist_before_send<T: Command, R: Rules>(step: &Step<'_, Raft<T, R>>) -> bool {
    let vouched = step.sends().all(|(disk, _, message)| {
        let durable = match message {
            Message::AppendReply { answer: Answer::Matches(index), .. } => {
                disk.log().last().index >= *index && agree(disk.log(), step.after.log(), *index)
            }
            Message::AppendReply { answer: Answer::Lacks { .. } | Answer::Stale, .. } => true,
            Message::Election(election::Message::RequestVote { credential, .. }) => {
                disk.log().last() == *credential
            }
            Message::Election(_) | Message::Append { .. } | Message::Snapshot { .. } => true,
            Message::Committed { .. } => true, // It may be committed without its sender's disk.
            Message::TimeoutNow { .. } | Message::Propose { .. } => true,
        };
        durable && message.term() <= disk.ballot().term
    });
    vouched && of_election(step, |step| election::invariants::persist_before_send(step))
}

/// I2 (5.2): one vote a term, and a durable one.
pub fn vote_once<T: Command, R: Rules>(step: &Step<'_, Raft<T, R>>) -> bool {
    of_election(step, |step| election::invariants::vote_once(step))
}

/// Thesis 4.2.3: who hears a leader helps nobody to depose it.
pub fn leader_stickiness<T: Command, R: Rules>(step: &Step<'_, Raft<T, R>>) -> bool {
    of_election(step, |step| election::invariants::leader_stickiness(step))
}

/// Thesis 6.2: a leader that goes on leading has heard a majority.
pub fn check_quorum<T: Command, R: Rules>(step: &Step<'_, Raft<T, R>>) -> bool {
    of_election(step, |step| election::invariants::check_quorum(step))
}

/// I12: what a leader believes of a disk is true: that a follower's, or its own, has the leader's
/// log so far.
pub fn progress<T: Command, R: Rules>(members: &[Member<'_, T, R>]) -> bool {
    members.iter().all(|Member { server: leader, disk: own }| {
        let last = leader.log().last().index;
        let durable = leader.leading().map_or(Index::default(), |leading| leading.durable());
        if own.log().last().index < durable || !agree(own.log(), leader.log(), durable) {
            return false;
        }
        let mut followers = leader.leading().into_iter().flat_map(|leading| leading.followers());
        followers.all(|(node, progress)| {
            let (matched, next) = (progress.matched, progress.next);
            let follower = members.iter().find(|member| member.server.id() == node);
            matched <= last
                && matched < next
                && next <= last.next()
                && progress.told < next
                && follower.is_none_or(|Member { disk, .. }| {
                    // A later leader may have taken away what was not committed.
                    disk.ballot().term > leader.term()
                        || disk.log().last().index >= matched && agree(disk.log(), leader.log(), matched)
                })
        })
    })
}

/// I13 (thesis 4.1): a server uses the latest membership in its log.
pub fn membership_in_log<T: Command, R: Rules>(server: &Raft<T, R>) -> bool {
    let (index, membership) = match server.log().membership() {
        (_, Membership::UNKNOWN) => (Index::default(), server.config().initial()),
        known => known,
    };
    // The place of a membership that was compacted is that of the snapshot, or was that before.
    let place = index.max(server.log().snapshot().last.index);
    let known = server.membership_index().max(server.log().snapshot().last.index);
    server.membership() == membership && known == place
}

/// I13 (thesis 4.3): memberships follow each other in steps whose majorities overlap: into a joint
/// one, from there to the new voters once it is committed, or to other learners; and at most one
/// of those in a log is not committed.
pub fn membership_path<T: Command, R: Rules>(members: &[Member<'_, T, R>], chronicle: &Chronicle) -> bool {
    let committed = chronicle.last_committed();
    members.iter().map(|member| member.server).all(|server| {
        let log = server.log();
        let (mut index, mut open) = (log.snapshot().last.index, 0);
        let (mut place, mut current) = match log.membership_at(index) {
            (place, Membership::UNKNOWN) => (place, server.config().initial()),
            known => known,
        };
        while index < log.last().index {
            index = index.next();
            if let Some((_, Batch::Change(next))) = log.batch(index, 1, u64::MAX) {
                let (old, new) = (current.voters(), next.voters());
                let enters = !old.is_joint() && new.is_joint() && new.outgoing == old.incoming;
                let leaves = old.is_joint() && new == Voters::of(old.incoming) && place <= committed;
                let keeps = old == new && !old.is_joint();
                // A server that joins does not know which came before.
                let known = current != Membership::UNKNOWN;
                if known && !(enters || leaves || keeps) {
                    return false;
                }
                open += u32::from(index > committed);
                (place, current) = (index, next);
            }
        }
        open <= 1 && current == server.membership()
    })
}

/// I13 (thesis 4.3): only a voter of its own membership stands for election, or (thesis 4.2.2) one
/// that has lost its vote by an entry that it does not know to be committed.
pub fn members_stand<T: Command, R: Rules>(step: &Step<'_, Raft<T, R>>) -> bool {
    let votes_for_itself = |op: &Op<Raft<T, R>>| match op {
        Op::Write(Write::Ballot(ballot)) => ballot.vote == Some(step.node),
        Op::Write(Write::Log(_)) | Op::Sync | Op::Send { .. } => false,
        Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => false,
    };
    let (server, index) = (step.before, step.before.membership_index());
    let earlier = match server.log().membership_at(index.previous()).1 {
        Membership::UNKNOWN => server.config().initial(),
        known => known,
    };
    let votes = |membership: Membership| membership.voters().all().contains(step.node);
    !step.performed.iter().any(votes_for_itself)
        || votes(server.membership())
        || votes(earlier) && index > server.commit()
}

/// Thesis 4.2.2: a leader without a vote leads until it knows that to be committed, and no longer.
pub fn leader_is_voter<T: Command, R: Rules>(server: &Raft<T, R>) -> bool {
    let is_voter = server.membership().voters().contains(server.id());
    !server.is_leader() || is_voter || server.membership_index() > server.commit()
}

/// Thesis 3.10: a leader hands over to a follower that has its whole log.
pub fn hands_over_all<T: Command, R: Rules>(step: &Step<'_, Raft<T, R>>) -> bool {
    let last = step.after.log().last().index;
    // What made it hand over may also have committed that it leads no longer.
    let answers = |to, last| match &step.cause {
        Cause::Event(Event::Message { from, message: Message::AppendReply { answer, .. } }) => {
            *from == to && *answer == Answer::Matches(last)
        }
        Cause::Event(_) | Cause::Restart => false,
    };
    step.sends().all(|(_, to, message)| match message {
        Message::TimeoutNow { .. } => {
            step.after.leading().is_some_and(|leading| {
                leading.followers().any(|(node, progress)| node == to && progress.matched == last)
            }) || answers(to, last)
        }
        Message::Election(_) | Message::Append { .. } | Message::AppendReply { .. } => true,
        Message::Committed { .. } | Message::Snapshot { .. } | Message::Propose { .. } => true,
    })
}

/// I14 (thesis 6.4): a read is answered from a state that has all that was committed when it came.
pub fn linearizable_read(chronicle: &Chronicle) -> bool {
    !chronicle.has_stale_read()
}

/// I15: nobody writes to itself, and a message that arrives twice does what it did once. (That
/// nothing panics, the checking kit sees to. A proposal that is passed on twice is appended twice:
/// that a client's retry is applied once is for its session to see to.)
pub fn no_surprise<T: Command, R: Rules>(step: &Step<'_, Raft<T, R>>) -> bool {
    step.sends().all(|(_, to, _)| to != step.node)
        && match &step.cause {
            Cause::Event(Event::Message { message: Message::Propose { .. }, .. }) => true,
            Cause::Event(event @ Event::Message { .. }) => {
                let mut again = step.after.clone();
                let mut out = Outbox::new();
                again.step((*event).clone(), &mut out);
                let refused = |op: &Op<Raft<T, R>>| matches!(op, Op::Output(Output::Refused(..)));
                again == *step.after
                    && !out.drain().any(|op| matches!(op, Op::Write(_) | Op::Output(_)) && !refused(&op))
            }
            Cause::Event(Event::Timer(_) | Event::Input(_)) | Cause::Restart => true,
        }
}
