//! What must hold of a cluster at any moment (paper, Figure 3), judged from outside: from what the
//! servers show, and from what was seen of them before.

use std::collections::BTreeMap;
use std::fmt::Debug;

use althing::raft::{Command, Index, Log, Membership, Raft, Rules, Term};
use althing::{Machine, NodeId};

/// What an entry asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Ask<T> {
    Nothing,
    Members(Membership),
    Command(T),
}

/// The entry at this place, if it is not compacted.
pub(crate) fn entry<T: Command>(log: &Log<T>, index: Index) -> Option<(Term, Ask<T>)> {
    if index <= log.snapshot().last.index || index > log.last().index {
        return None;
    }
    let ask = match log.membership_at(index) {
        (at, membership) if at == index => Ask::Members(membership),
        _ => match log.commands(index.previous(), index).next() {
            Some((_, command)) => Ask::Command(command.clone()),
            None => Ask::Nothing,
        },
    };
    Some((log.term_at(index)?, ask))
}

/// What was seen so far.
pub(crate) struct Safety<T> {
    /// Who led in which term, ever.
    leaders: BTreeMap<Term, NodeId>,
    /// What was committed, from the first entry on, each with the term of a server that was the
    /// first to know.
    committed: Vec<(Term, Ask<T>, Term)>,
    /// Up to where each server knew, since its last start.
    known: BTreeMap<NodeId, Index>,
}

impl<T: Command> Safety<T> {
    pub(crate) fn new() -> Self {
        Self { leaders: BTreeMap::new(), committed: Vec::new(), known: BTreeMap::new() }
    }

    /// The server has lost its memory: what it knows of commitment may be less than before.
    pub(crate) fn forget(&mut self, node: NodeId) {
        self.known.remove(&node);
    }

    /// Who led in which term.
    pub(crate) fn leaders(&self) -> &BTreeMap<Term, NodeId> {
        &self.leaders
    }

    /// How many entries are committed, as far as any server ever knew.
    pub(crate) fn committed(&self) -> Index {
        Index::new(self.committed.len() as u64)
    }

    /// What is committed after this entry, in order.
    pub(crate) fn since(&self, after: Index) -> impl Iterator<Item = (&Ask<T>, Index)> {
        let asks = self.committed.iter().enumerate().skip(after.get() as usize);
        asks.map(|(at, (_, ask, _))| (ask, Index::new(at as u64 + 1)))
    }

    /// The commands up to there, in order: what a state machine that has applied them has seen.
    pub(crate) fn commands(&self, through: Index) -> Vec<&T> {
        let up_to = self.committed.iter().take(through.get() as usize);
        let command = |(_, ask, _): &'_ (Term, Ask<T>, Term)| matches!(ask, Ask::Command(_));
        up_to.filter(|it| command(it)).map(|(_, ask, _)| ask.command()).collect()
    }

    /// What one server shows after a step of it: Election Safety, Leader Completeness, and that it
    /// agrees with all others about the last entry that it knows to be committed, and so, by Log
    /// Matching, about all before it.
    pub(crate) fn step<R: Rules>(&mut self, server: &Raft<T, R>) -> Result<(), String> {
        let (node, log, commit) = (server.id(), server.log(), server.commit());
        if log.snapshot().last.index > commit || commit > log.last().index {
            return Err(format!("{node}: commit {commit} is outside of its log"));
        }
        let before = self.known.insert(node, commit).unwrap_or_default();
        if before > commit {
            return Err(format!("{node}: its commit index went back from {before} to {commit}"));
        }
        let mut index = before.max(log.snapshot().last.index);
        while index <= commit {
            self.agrees(server, index)?;
            index = index.next();
        }
        self.agrees(server, commit)?;
        if server.is_leader() {
            self.leads(server)?;
        }
        Ok(())
    }

    fn leads<R: Rules>(&mut self, server: &Raft<T, R>) -> Result<(), String> {
        let (node, term) = (server.id(), server.term());
        match self.leaders.insert(term, node) {
            Some(other) if other != node => {
                return Err(format!("Election Safety: {other} and {node} lead in term {term}"));
            }
            Some(_) => return Ok(()),
            None => {}
        }
        for (at, (_, _, known_in)) in self.committed.iter().enumerate() {
            let index = Index::new(at as u64 + 1);
            if *known_in < term && index > server.log().snapshot().last.index {
                self.same(server, index).map_err(|why| format!("Leader Completeness: {why}"))?;
            }
        }
        Ok(())
    }

    /// The server says that this entry is committed.
    fn agrees<R: Rules>(&mut self, server: &Raft<T, R>, index: Index) -> Result<(), String> {
        let Some((term, ask)) = entry(server.log(), index) else { return Ok(()) };
        match index.get().cmp(&(self.committed.len() as u64 + 1)) {
            std::cmp::Ordering::Less => {
                self.same(server, index).map_err(|why| format!("State Machine Safety: {why}"))
            }
            std::cmp::Ordering::Equal => {
                self.committed.push((term, ask, server.term()));
                Ok(())
            }
            std::cmp::Ordering::Greater => {
                Err(format!("{}: {index} is committed, what is before it is not", server.id()))
            }
        }
    }

    fn same<R: Rules>(&self, server: &Raft<T, R>, index: Index) -> Result<(), String> {
        let own = entry(server.log(), index);
        let (term, ask, _) = &self.committed[index.get() as usize - 1];
        if own.as_ref().map(|(term, ask)| (term, ask)) == Some((term, ask)) {
            return Ok(());
        }
        Err(format!("{} has {own:?} at {index}, where {ask:?} of term {term} is committed", server.id()))
    }

    /// Everything once more, and Log Matching, of all servers: dear.
    pub(crate) fn all<R: Rules>(&mut self, servers: &[&Raft<T, R>]) -> Result<(), String> {
        for server in servers {
            let mut index = server.log().snapshot().last.index;
            while index <= server.commit() {
                self.agrees(server, index)?;
                index = index.next();
            }
            let (in_use, in_log) = (server.membership(), server.log().membership().1);
            let expected = if in_log == Membership::UNKNOWN { server.config().initial() } else { in_log };
            if in_use != expected {
                return Err(format!("{}: uses {in_use:?}, its log says {expected:?}", server.id()));
            }
            progress(server)?;
        }
        for (at, one) in servers.iter().enumerate() {
            servers[at + 1..].iter().try_for_each(|other| matching(*one, *other))?;
        }
        Ok(())
    }
}

impl<T> Ask<T> {
    fn command(&self) -> &T {
        match self {
            Self::Command(command) => command,
            Self::Nothing | Self::Members(_) => unreachable!("it was filtered"),
        }
    }
}

/// Paper, Figure 3, Log Matching: entries with the same place and term are the same, and so are
/// all before them.
fn matching<T: Command, R: Rules>(one: &Raft<T, R>, other: &Raft<T, R>) -> Result<(), String> {
    let start = one.log().snapshot().last.index.max(other.log().snapshot().last.index);
    let mut index = one.log().last().index.min(other.log().last().index);
    let mut match_from_here = false;
    while index > start {
        let (a, b) = (entry(one.log(), index), entry(other.log(), index));
        let same_term = one.log().term_at(index) == other.log().term_at(index);
        if (match_from_here || same_term) && a != b {
            let (one, other) = (one.id(), other.id());
            return Err(format!("Log Matching: at {index}, {one} has {a:?} and {other} has {b:?}"));
        }
        match_from_here |= same_term;
        index = index.previous();
    }
    Ok(())
}

/// What a leader believes of its followers, as far as it can be wrong in itself.
fn progress<T: Command, R: Rules>(server: &Raft<T, R>) -> Result<(), String> {
    let Some(leading) = server.leading() else { return Ok(()) };
    let last = server.log().last().index;
    for (node, progress) in leading.followers() {
        let in_order = progress.matched < progress.next && progress.next <= last.next();
        if !in_order || progress.matched > last || progress.told >= progress.next {
            return Err(format!("{}: impossible progress of {node}: {progress:?}", server.id()));
        }
    }
    if leading.durable() > last {
        return Err(format!("{}: {} entries of {last} are durable", server.id(), leading.durable()));
    }
    Ok(())
}

/// The disk is what the server believes it to be once every write has reached it.
pub(crate) fn disk<T: Command, R: Rules>(
    server: &Raft<T, R>,
    disk: &<Raft<T, R> as Machine>::Durable,
) -> Result<(), String> {
    if server.durable() == *disk {
        return Ok(());
    }
    Err(format!("{}: believes that its disk is {:?}, but it is {disk:?}", server.id(), server.durable()))
}

/// For messages: any value in one line.
pub(crate) fn line(value: &impl Debug) -> String {
    format!("{value:?}")
}
