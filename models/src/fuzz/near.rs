//! What a fuzzer's bytes say to a server of a log: mostly what it could nearly have heard, and
//! sometimes anything at all. Numbers that are all drawn alike would hardly ever meet its log.

use althing::machine::Event;
use althing::node::{NodeId, NodeSet};
use althing::raft::{
    Answer, Ballot, Batch, Commands, Config, Disk, Entries, Index, Input, Limits, LogWrite, Membership,
    Message, Options, Position, Raft, Snapshot, Term, Write, election,
};
use arbitrary::{Result, Unstructured};
use serde::Serialize;

type Server = Raft<u8>;

/// What happens to a server.
pub(super) enum Act {
    Event(Event<Server>),
    /// The host says what is durable, if it has something to say.
    Persisted,
    /// A crash. Of the writes that are not on the disk so many are then.
    Restart(u8),
}

/// The disk of a server as it is written down, whatever it says.
#[derive(Serialize)]
pub(super) struct Image {
    ballot: Ballot,
    log: LogImage,
}

#[derive(Serialize)]
struct LogImage {
    snapshot: Snapshot,
    entries: Vec<(Index, Term, Batch<u8>)>,
}

pub(super) fn config(u: &mut Unstructured<'_>) -> Result<Config> {
    let [pre_vote, check_quorum, prompt_commit, forward, write_behind] = u.arbitrary()?;
    let limits = match u.arbitrary()? {
        true => Limits::default(),
        false => Limits {
            message_entries: u.int_in_range(0..=3)?,
            message_bytes: u.int_in_range(0..=3)?,
            in_flight_entries: u.int_in_range(0..=3)?,
            in_flight_bytes: u.int_in_range(0..=3)?,
            uncommitted_bytes: u.int_in_range(0..=3)?,
        },
    };
    let initial = match membership(u)? {
        sound if Membership::new(sound.voters().incoming, sound.learners()).is_ok() => sound,
        _ => Membership::UNKNOWN,
    };
    let options = Options { pre_vote, check_quorum, prompt_commit, forward, write_behind };
    Ok(Config::new(node(u)?, initial).with_limits(limits).with_options(options))
}

pub(super) fn image(u: &mut Unstructured<'_>) -> Result<Image> {
    let snapshot = match u.arbitrary()? {
        true => Snapshot { last: position(u, Position::default())?, membership: membership(u)? },
        false => Snapshot::default(),
    };
    let Position { mut term, mut index } = snapshot.last;
    let mut entries = Vec::new();
    for _ in 0..u.int_in_range(0..=5)? {
        let batch = batch(u)?;
        let first = Index::new(near(u, index.next().get())?);
        term = Term::new(near(u, term.get())?);
        index = first.plus(batch.len().saturating_sub(1));
        entries.push((first, term, batch));
    }
    let ballot = Ballot { term: Term::new(near(u, term.get())?), vote: vote(u)? };
    Ok(Image { ballot, log: LogImage { snapshot, entries } })
}

/// A write of a journal.
pub(super) fn write(u: &mut Unstructured<'_>, disk: &Disk<u8>) -> Result<Write<u8>> {
    let (last, term) = (disk.log().last(), disk.ballot().term.get());
    Ok(match u.int_in_range(0..=3)? {
        0 => Write::Ballot(Ballot { term: Term::new(near(u, term)?), vote: vote(u)? }),
        1 => Write::Log(LogWrite::Compact(Snapshot { last: position(u, last)?, membership: membership(u)? })),
        2 => Write::Log(LogWrite::Install(Snapshot { last: position(u, last)?, membership: membership(u)? })),
        _ => {
            let after = Index::new(near(u, last.index.get())?);
            Write::Log(LogWrite::Append { after, term: Term::new(near(u, term)?), batch: batch(u)? })
        }
    })
}

pub(super) fn act(u: &mut Unstructured<'_>, server: &Server) -> Result<Act> {
    Ok(match u.int_in_range(0..=15)? {
        0 => Act::Restart(u.arbitrary()?),
        1 => Act::Persisted,
        2 => Act::Event(u.arbitrary()?),
        3..=5 => Act::Event(Event::Timer(u.arbitrary()?)),
        6 | 7 => Act::Event(Event::Input(input(u, server)?)),
        _ => Act::Event(Event::Message { from: node(u)?, message: message(u, server)? }),
    })
}

/// Mostly this number or one close by; now and then one at an end, or any.
fn near(u: &mut Unstructured<'_>, number: u64) -> Result<u64> {
    let limit = Index::LIMIT.get();
    Ok(match u.arbitrary::<i8>()? {
        by @ -100..=100 => number.saturating_add_signed(i64::from(by / 40)),
        by @ 101..=113 => [0, 1, limit - 1, limit, limit + 1, u64::MAX - 1, u64::MAX][by as usize % 7],
        _ => u.arbitrary()?,
    })
}

fn node(u: &mut Unstructured<'_>) -> Result<NodeId> {
    match u.arbitrary::<u8>()? {
        close @ 0..224 => Ok(NodeId::new(close % 5).unwrap_or_default()),
        _ => u.arbitrary(),
    }
}

fn vote(u: &mut Unstructured<'_>) -> Result<Option<NodeId>> {
    if u.arbitrary()? { node(u).map(Some) } else { Ok(None) }
}

fn position(u: &mut Unstructured<'_>, of: Position) -> Result<Position> {
    let index = Index::new(near(u, of.index.get())?);
    Ok(Position::new(Term::new(near(u, of.term.get())?), index))
}

/// Mostly one of five servers; or of none, or of any.
fn membership(u: &mut Unstructured<'_>) -> Result<Membership> {
    let kind = u.int_in_range(0..=7_u8)?;
    if kind == 0 {
        return u.arbitrary();
    }
    let [old, new, learners] = u.arbitrary::<[u8; 3]>()?.map(|bits| u128::from(bits & 0x1f));
    let of = |voters, learners: u128| {
        let (voters, learners) = (NodeSet::from_bits(voters), NodeSet::from_bits(learners & !voters));
        Membership::new(voters, learners).unwrap_or(Membership::UNKNOWN)
    };
    Ok(if kind < 3 { of(old, 0).towards(of(new, learners)) } else { of(new, learners) })
}

fn commands(u: &mut Unstructured<'_>) -> Result<Commands<u8>> {
    let count = u.int_in_range(0..=3)?;
    (0..count).map(|_| u.arbitrary()).collect()
}

fn batch(u: &mut Unstructured<'_>) -> Result<Batch<u8>> {
    Ok(match u.int_in_range(0..=5)? {
        0 => Batch::Noop,
        1 => Batch::Change(membership(u)?),
        _ => Batch::Commands(commands(u)?),
    })
}

fn input(u: &mut Unstructured<'_>, server: &Server) -> Result<Input<u8>> {
    Ok(match u.int_in_range(0..=7)? {
        0 => Input::Change(membership(u)?),
        1 => Input::Transfer(node(u)?),
        2 => Input::Read(u.arbitrary()?),
        3 => Input::Compact(Index::new(near(u, server.commit().get())?)),
        4 => Input::Persisted(position(u, server.log().last())?),
        5 => Input::Unreachable(node(u)?),
        _ => Input::Propose(commands(u)?),
    })
}

fn message(u: &mut Unstructured<'_>, server: &Server) -> Result<Message<u8>> {
    let (log, now) = (server.log(), server.term().get());
    let term = Term::new(near(u, now)?);
    let round = server.leading().map_or(0, |leading| leading.reads().round());
    Ok(match u.int_in_range(0..=12)? {
        0..=3 => Message::Election(of_election(u, term, log.last())?),
        4..=6 => {
            let index = Index::new(near(u, log.last().index.get())?);
            let there = log.term_at(index).unwrap_or(log.last().term);
            let prev = Position::new(Term::new(near(u, there.get())?), index);
            let entries = match u.arbitrary()? {
                true => Some(Entries { term: Term::new(near(u, term.get())?), batch: batch(u)? }),
                false => None,
            };
            let commit = Index::new(near(u, server.commit().get())?);
            Message::Append { term, prev, entries, commit, round: near(u, round)? }
        }
        7 | 8 => {
            let index = Index::new(near(u, log.last().index.get())?);
            let answer = match u.int_in_range(0..=4)? {
                0 => Answer::Stale,
                1 => Answer::Lacks { prev: index, hint: position(u, log.last())? },
                _ => Answer::Matches(index),
            };
            Message::AppendReply { term, answer, round: near(u, round)? }
        }
        9 => {
            let last = position(u, log.last())?;
            let snapshot = Snapshot { last, membership: membership(u)? };
            Message::Snapshot { term, snapshot, round: near(u, round)? }
        }
        10 => Message::TimeoutNow { term },
        11 => Message::Committed { term, last: position(u, log.last())? },
        _ => Message::Propose { term, commands: commands(u)? },
    })
}

fn of_election(u: &mut Unstructured<'_>, term: Term, last: Position) -> Result<election::Message<Position>> {
    let credential = position(u, last)?;
    let yes = u.arbitrary()?;
    Ok(match u.int_in_range(0..=7)? {
        0 => election::Message::PreVote { term, credential },
        1 => election::Message::RequestVote { term, credential, transfer: yes },
        2 | 3 => election::Message::PreVoteReply { term, granted: yes },
        4 => election::Message::Heartbeat { term },
        5 => election::Message::HeartbeatReply { term },
        _ => election::Message::VoteReply { term, granted: yes },
    })
}
