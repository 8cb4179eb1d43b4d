//! The words of a story.

use althing::raft::{Batch, Index, Log, LogWrite, Membership, Position, Snapshot, Term};
use althing::{Durable, NodeId, NodeSet};

use crate::safety::{Ask, entry};

pub(crate) type Told<T> = Result<T, String>;

/// What is left of a line, from which one word after another is taken.
pub(crate) struct Words<'a>(pub(crate) &'a str);

impl<'a> Words<'a> {
    pub(crate) fn word(&mut self) -> Told<&'a str> {
        let rest = self.0.trim_start();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        self.0 = &rest[end..];
        if end == 0 { Err("something is missing at its end".into()) } else { Ok(&rest[..end]) }
    }

    /// Whether this word is next; if so, it is taken.
    pub(crate) fn has(&mut self, word: &str) -> bool {
        let mut ahead = Words(self.0);
        let next = ahead.word() == Ok(word);
        if next {
            self.0 = ahead.0;
        }
        next
    }

    pub(crate) fn needs(&mut self, word: &str) -> Told<()> {
        if self.has(word) { Ok(()) } else { Err(format!("`{word}` should come before `{}`", self.0.trim())) }
    }

    pub(crate) fn number(&mut self) -> Told<u64> {
        let word = self.word()?;
        word.parse().map_err(|_| format!("`{word}` is no number"))
    }

    pub(crate) fn index(&mut self) -> Told<Index> {
        self.number().map(Index::new)
    }

    pub(crate) fn node(&mut self) -> Told<NodeId> {
        node(self.word()?)
    }

    /// `1->2`.
    pub(crate) fn link(&mut self) -> Told<(NodeId, NodeId)> {
        let word = self.word()?;
        let (from, to) = word.split_once("->").ok_or(format!("`{word}` should be like 1->2"))?;
        Ok((node(from)?, node(to)?))
    }

    /// `{1 2 3}`.
    pub(crate) fn set(&mut self) -> Told<NodeSet> {
        let missing = || format!("`{}` should be like {{1 2}}", self.0.trim());
        let (inside, rest) =
            self.0.trim_start().strip_prefix('{').and_then(|it| it.split_once('}')).ok_or_else(missing)?;
        self.0 = rest;
        inside.split_whitespace().map(node).collect()
    }

    /// All that are left.
    pub(crate) fn all(&mut self) -> Vec<&'a str> {
        std::mem::take(&mut self.0).split_whitespace().collect()
    }

    pub(crate) fn end(&self) -> Told<()> {
        if self.0.trim().is_empty() { Ok(()) } else { Err(format!("`{}` is too much", self.0.trim())) }
    }
}

fn node(word: &str) -> Told<NodeId> {
    let number = word.parse().map_err(|_| format!("`{word}` is no server"))?;
    NodeId::new(number).map_err(|error| error.to_string())
}

pub(crate) fn show_set(set: NodeSet) -> String {
    let names: Vec<_> = set.iter().map(|node| node.get().to_string()).collect();
    format!("{{{}}}", names.join(" "))
}

/// `{1 2 3}`, `{2 3 4} from {1 2 3}` while both decide, with ` learners {5}` if there are any.
pub(crate) fn show_members(membership: Membership) -> String {
    let voters = membership.voters();
    let mut shown = show_set(voters.incoming);
    if membership.is_joint() {
        shown += &format!(" from {}", show_set(voters.outgoing));
    }
    if !membership.learners().is_empty() {
        shown += &format!(" learners {}", show_set(membership.learners()));
    }
    shown
}

/// `[2] 1:a 2:noop 2:members{1 2}`: a snapshot up to 2, and three entries.
pub(crate) fn show_log(log: &Log<String>) -> String {
    let snapshot = log.snapshot().last.index;
    let mut shown = Vec::new();
    if snapshot > Index::default() {
        shown.push(format!("[{snapshot}]"));
    }
    let mut index = snapshot.next();
    while let Some((term, ask)) = entry(log, index) {
        shown.push(match ask {
            Ask::Nothing => format!("{term}:noop"),
            Ask::Members(members) => format!("{term}:members{}", show_members(members)),
            Ask::Command(command) => format!("{term}:{command}"),
        });
        index = index.next();
    }
    shown.join(" ")
}

/// The same, read. Entries that change the membership are not known.
pub(crate) fn read_log(words: &[&str], membership: Membership) -> Told<Log<String>> {
    let mut log = Log::default();
    for word in words {
        if let Some(through) = word.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            let (term, index) =
                through.split_once('@').ok_or(format!("`{word}` should be like [term@index]"))?;
            let number = |it: &str| it.parse().map_err(|_| format!("`{it}` is no number"));
            let last = Position::new(Term::new(number(term)?), Index::new(number(index)?));
            log.apply(&LogWrite::Install(Snapshot { last, membership }));
            continue;
        }
        let (term, what) = word.split_once(':').ok_or(format!("`{word}` should be like 1:a"))?;
        let term = Term::new(term.parse().map_err(|_| format!("`{term}` is no term"))?);
        let batch = match what {
            "noop" => Batch::Noop,
            command => Batch::Commands([command.to_string()].into_iter().collect()),
        };
        log.apply(&LogWrite::Append { after: log.last().index, term, batch });
    }
    Ok(log)
}
