//! Replication of the log, and what is committed of it (paper, 5.3 and 5.4).

use crate::node::NodeId;
use crate::outbox::Outbox;
use crate::raft::ballot::Term;
use crate::raft::config::Config;
use crate::raft::election;
use crate::raft::entry::{Batch, Command, Commands};
use crate::raft::log::{Log, LogWrite};
use crate::raft::message::{Answer, Entries, Message};
use crate::raft::position::{Index, Position};
use crate::raft::progress::{Mode, Progress};
use crate::raft::refusal::{Refusal, Refused};
use crate::raft::rules::Rules;
use crate::raft::server::{Out, Output, Raft, Within};

/// Proposals.
impl<T: Command, R: Rules> Raft<T, R> {
    pub(super) fn propose(&mut self, commands: Commands<T>, out: &mut Out<T, R>) {
        if self.leading.is_some() {
            return self.take_on(Refused::Proposal, commands, out);
        }
        let leader = self.leader();
        match leader {
            Some(leader) if self.config.options.forward && !commands.is_empty() => {
                out.send(leader, Message::Propose { term: self.term(), commands });
            }
            Some(_) | None => self.refuse(Refused::Proposal, Refusal::NotLeader { leader }, out),
        }
    }

    /// A follower passed these on.
    pub(super) fn propose_forwarded(
        &mut self,
        from: NodeId,
        term: Term,
        commands: Commands<T>,
        out: &mut Out<T, R>,
    ) {
        self.election.receive(from, election::Message::HeartbeatReply { term }, &mut Within(out));
        let what = Refused::Forwarded(from);
        if self.leading.is_some() && self.election.is_leader() {
            self.take_on(what, commands, out);
        } else {
            self.refuse(what, Refusal::NotLeader { leader: self.leader() }, out);
        }
    }

    fn take_on(&mut self, what: Refused, commands: Commands<T>, out: &mut Out<T, R>) {
        match self.reason_against(&commands) {
            Some(why) => self.refuse(what, why, out),
            None => self.append_own(Batch::Commands(commands), out),
        }
    }

    fn reason_against(&self, commands: &Commands<T>) -> Option<Refusal> {
        if commands.is_empty() {
            return Some(Refusal::NoCommands);
        }
        if let Some(to) = self.leading.as_ref().and_then(|leading| leading.transfer) {
            return Some(Refusal::Transferring { to });
        }
        let (limit, last) = (self.config.limits.uncommitted_bytes, self.log.last().index);
        if last.plus(commands.len() as u64) > Index::LIMIT {
            return Some(Refusal::LogFull);
        }
        if limit == u64::MAX {
            return None;
        }
        let bytes = self.log.bytes(self.commit, last);
        let more = commands.iter().map(Command::bytes).fold(bytes, u64::saturating_add);
        (bytes > 0 && more > limit).then_some(Refusal::TooMuchUncommitted { bytes })
    }

    /// Paper 5.3: a leader appends to its own log, and then to those of the others. It does not
    /// wait for its disk before it sends (thesis 10.2.1): see [`Raft::flush`].
    pub(super) fn append_own(&mut self, batch: Batch<T>, out: &mut Out<T, R>) {
        let (after, term) = (self.log.last().index, self.term());
        if after.plus(batch.len()) > Index::LIMIT {
            return; // The log is full: nothing will be committed any more.
        }
        let changes = matches!(batch, Batch::Change(_));
        self.log.record_behind(LogWrite::Append { after, term, batch }, out);
        self.log_grew(changes, out);
    }
}

/// The leader's side.
impl<T: Command, R: Rules> Raft<T, R> {
    /// Everything that a leader owes to the others after a step: at most one message to a
    /// follower for all that is new, or several if it is more than fits in one.
    pub(super) fn flush(&mut self, out: &mut Out<T, R>) {
        loop {
            self.send_all(false, out);
            let (last, before) = (self.log.last().index, self.commit);
            match &mut self.leading {
                Some(leading) if leading.durable < last && !self.config.options.write_behind => {
                    out.barrier(); // What follows waits for the leader's own disk.
                    leading.durable = last;
                }
                Some(_) | None => break,
            }
            self.try_commit(out);
            if self.commit == before {
                break;
            }
        }
        self.confirm_reads(out);
        self.resign_if_removed(out);
    }

    /// Paper 5.2: heartbeats, which repeat whatever may have been lost.
    pub(super) fn assert_leadership(&mut self, out: &mut Out<T, R>) {
        let Some(leading) = &self.leading else { return };
        if leading.followers.keys().is_empty() {
            return;
        }
        out.arm(election::Timer::Heartbeat);
        self.send_all(true, out);
    }

    /// Sends to each follower what is new for it; something in any case if `due`.
    pub(super) fn send_all(&mut self, due: bool, out: &mut Out<T, R>) {
        let Self { config, election, log, commit, leading: Some(leading), .. } = self else { return };
        let (term, commit, round) = (election.term(), *commit, leading.reads.round());
        let last = log.last().index;
        let sender = Sender { config, log, term, commit, last, round };
        for (node, progress) in leading.followers.iter_mut() {
            sender.send(node, progress, due, out);
        }
    }

    /// An answer from a follower (Figure 2, Leaders).
    pub(super) fn count(
        &mut self,
        from: NodeId,
        term: Term,
        answer: Answer,
        round: u64,
        out: &mut Out<T, R>,
    ) {
        let counts = self.rules().is_of_term(term, self.term());
        self.election.receive(from, election::Message::HeartbeatReply { term }, &mut Within(out));
        let (last, rules) = (self.log.last().index, self.rules());
        let Some(leading) = &mut self.leading else { return };
        let Some(progress) = leading.followers.get_mut(from) else { return };
        // Who does not listen may answer a message of an earlier term, whose rounds were others.
        if !counts || answer == Answer::Stale {
            return;
        }
        if round > leading.reads.round() || matches!(answer, Answer::Matches(index) if index > last) {
            return self.refuse(Refused::Message(from), Refusal::Contradiction, out);
        }
        progress.round = progress.round.max(round);
        match answer {
            Answer::Matches(index) => {
                let (news, latest) = (progress.matches(index), index == progress.matched);
                if news && index > self.commit {
                    self.try_commit(out);
                }
                if latest {
                    self.hand_over(from, out);
                }
            }
            Answer::Lacks { prev, hint } => {
                if progress.may_lack(prev) {
                    // If that is compacted, the follower needs the snapshot, and no entry after it.
                    let hint = self.log.last_up_to(hint.index, hint.term).index.min(hint.index);
                    progress.probe(rules.next_after_refusal(progress.matched, prev, hint));
                }
            }
            Answer::Stale => {}
        }
    }

    /// The host's disk has caught up (thesis 10.2.1). An entry that has been replaced since then
    /// is not meant.
    pub(super) fn persisted(&mut self, position: Position, out: &mut Out<T, R>) {
        let meant = self.rules().is_meant(self.log.contains(position));
        if let Some(leading) = &mut self.leading
            && meant
            && position.index > leading.durable
        {
            leading.durable = position.index;
            self.try_commit(out);
        }
    }

    /// What was under way to a follower is lost, so the leader goes back to what it knows to match,
    /// and waits for the next heartbeat. A probe was one message, and where it was aimed stays.
    pub(super) fn unreachable(&mut self, node: NodeId) {
        if let Some(leading) = &mut self.leading
            && let Some(progress) = leading.followers.get_mut(node)
        {
            match progress.mode {
                Mode::Probe { .. } => {}
                Mode::Replicate | Mode::Snapshot(_) => progress.probe(progress.matched.next()),
            }
            progress.mode = Mode::Probe { sent: true };
        }
    }

    /// Paper 5.3 and 5.4.2: commits the last entry that a majority holds, and with it all before
    /// it, if it is of the leader's own term.
    pub(super) fn try_commit(&mut self, out: &mut Out<T, R>) {
        let Some(leading) = &self.leading else { return };
        let own = self.rules().own_match(leading.durable, self.log.last().index);
        let matched = leading.followers.iter().map(|(_, progress)| progress.matched).chain([own]);
        let replicated = matched.filter(|index| {
            *index > self.commit && {
                let me = if own >= *index { Some(self.config.id) } else { None };
                let holders = leading.members_with(me, |it| it.matched >= *index);
                self.rules().is_replicated(holders, self.membership().voters())
            }
        });
        if let Some(index) = replicated.max()
            && let Some(term) = self.log.term_at(index)
            && self.rules().may_commit(term, self.term())
        {
            self.commit_to(index, out);
            self.leave_joint(out);
        }
    }

    pub(super) fn commit_to(&mut self, index: Index, out: &mut Out<T, R>) {
        self.commit = index;
        out.output(Output::Committed(index));
    }
}

/// The follower's side.
impl<T: Command, R: Rules> Raft<T, R> {
    /// Paper, Figure 2, AppendEntries RPC, receiver implementation 2 to 5. No answer if the
    /// message cannot be true.
    pub(super) fn append(
        &mut self,
        from: NodeId,
        prev: Position,
        entries: Option<Entries<T>>,
        commit: Index,
        out: &mut Out<T, R>,
    ) -> Option<Answer> {
        let count = entries.as_ref().map_or(0, |entries| entries.batch.len());
        if !self.is_well_formed(prev, entries.as_ref(), count) {
            self.refuse(Refused::Message(from), Refusal::Malformed, out);
            return None;
        }
        if prev.index < self.commit {
            return Some(Answer::Matches(self.commit)); // Every leader has what is committed (5.4.3).
        }
        if !self.rules().is_consistent(self.log.term_at(prev.index), prev.term) {
            let hint = self.log.last_up_to(prev.index.previous(), prev.term);
            return Some(Answer::Lacks { prev: prev.index, hint });
        }
        if let Some(Entries { term, batch }) = entries {
            let present = self.log.last_of_term(prev.index.next(), term).beyond(prev.index).min(count);
            if let Some(after) = self.rules().append_after(prev.index, present, count) {
                let batch = batch.without_first(after.beyond(prev.index));
                let changes = matches!(batch, Batch::Change(_)) || after < self.log.last().index;
                self.log.record(LogWrite::Append { after, term, batch }, out);
                self.log_grew(changes, out);
            }
        }
        let (matched, last) = (prev.index.plus(count), self.log.last().index);
        let commit = self.rules().follower_commit(commit, matched, last).min(last);
        if commit > self.commit {
            self.commit_to(commit, out);
        }
        Some(Answer::Matches(self.rules().vouched(matched, last)))
    }

    /// The leader has committed what it has sent before.
    pub(super) fn learn_commit(&mut self, from: NodeId, term: Term, last: Position, out: &mut Out<T, R>) {
        // Like an answer, it tells the term, and no more: it puts no election off.
        self.election.receive(from, election::Message::HeartbeatReply { term }, &mut Within(out));
        let current = self.rules().is_of_term(term, self.term()) && self.leader() == Some(from);
        if current && last.index > self.commit && self.rules().may_learn_commit(self.log.contains(last)) {
            self.commit_to(last.index, out);
        }
    }

    fn is_well_formed(&self, prev: Position, entries: Option<&Entries<T>>, count: u64) -> bool {
        let first =
            prev.term <= self.term() && (prev.index > Index::default() || prev == Position::default());
        first
            && prev.index.plus(count) <= Index::LIMIT
            && entries.is_none_or(|Entries { term, batch }| {
                batch.is_sound() && prev.term <= *term && *term <= self.term()
            })
    }
}

/// What a leader sends, with what it is at present.
struct Sender<'a, T, R> {
    config: &'a Config<R>,
    log: &'a Log<T>,
    term: Term,
    commit: Index,
    last: Index,
    round: u64,
}

impl<T: Command, R: Rules> Sender<'_, T, R> {
    fn send(&self, to: NodeId, progress: &mut Progress, due: bool, out: &mut Outbox<Raft<T, R>>) {
        let mut owed = due;
        while let Some(message) = self.next(progress, owed) {
            out.send(to, message);
            owed = false;
        }
        if due && matches!(progress.mode, Mode::Snapshot(_)) {
            out.send(to, self.heartbeat());
        }
    }

    /// A snapshot may take long to arrive, and its receiver must hear the leader meanwhile, and be
    /// heard. Every log has what is before its first entry.
    fn heartbeat(&self) -> Message<T> {
        let Self { term, commit, round, .. } = *self;
        Message::Append { term, prev: Position::default(), entries: None, commit, round }
    }

    /// The next message to a follower; `None` if there is nothing that it could use now.
    fn next(&self, progress: &mut Progress, due: bool) -> Option<Message<T>> {
        let probes = match progress.mode {
            Mode::Snapshot(_) if due => return Some(self.offer(progress)),
            Mode::Snapshot(_) => return None,
            Mode::Probe { sent: true } if !due => return None,
            Mode::Probe { .. } => true,
            // By far the most frequent: there is nothing new.
            Mode::Replicate if !due && self.is_told(progress) => return None,
            Mode::Replicate => false,
        };
        let prev = progress.next.previous();
        let Some(term) = self.log.term_at(prev) else { return Some(self.offer(progress)) };
        // A probe that is repeated is small: the follower may be gone.
        let most = if progress.mode == (Mode::Probe { sent: true }) { 1 } else { u64::MAX };
        let entries = self.entries(progress, most);
        let end = prev.plus(entries.as_ref().map_or(0, |entries| entries.batch.len()));
        let told = self.commit.min(end);
        if entries.is_none() && !probes && !due {
            return self.notice(progress, told);
        }
        if probes {
            progress.mode = Mode::Probe { sent: true };
        } else {
            progress.next = end.next();
            progress.told = progress.told.max(told);
        }
        let prev = Position::new(term, prev);
        Some(Message::Append { term: self.term, prev, entries, commit: self.commit, round: self.round })
    }

    /// What is committed of what the follower was sent, if it is to be told at once.
    fn notice(&self, progress: &mut Progress, told: Index) -> Option<Message<T>> {
        if !self.config.options.prompt_commit || told <= progress.told {
            return None;
        }
        progress.told = told;
        Some(Message::Committed { term: self.term, last: Position::new(self.log.term_at(told)?, told) })
    }

    /// Whether the follower has been sent all, and told all that is committed of it.
    fn is_told(&self, progress: &Progress) -> bool {
        let sent = progress.next.previous();
        sent >= self.last && (!self.config.options.prompt_commit || self.commit.min(sent) <= progress.told)
    }

    /// What follows, as far as it may be under way at once, and at most so many entries.
    fn entries(&self, progress: &Progress, most: u64) -> Option<Entries<T>> {
        let limits = self.config.limits;
        let sent = progress.next.previous();
        let (mut count, mut bytes) = (limits.message_entries.max(1).min(most), limits.message_bytes);
        if progress.mode == Mode::Replicate {
            count = count.min(limits.in_flight_entries.max(1).saturating_sub(sent.beyond(progress.matched)));
            if limits.in_flight_bytes != u64::MAX {
                let under_way = self.log.bytes(progress.matched, sent);
                bytes = bytes.min(limits.in_flight_bytes.saturating_sub(under_way));
                let fits = self.log.bytes(sent, progress.next) <= bytes;
                count = if under_way == 0 || fits { count } else { 0 };
            }
        }
        if count == 0 {
            return None;
        }
        let (term, batch) = self.log.batch(progress.next, count, bytes)?;
        Some(Entries { term, batch })
    }

    /// Paper 7: what the follower needs is compacted.
    fn offer(&self, progress: &mut Progress) -> Message<T> {
        let snapshot = self.log.snapshot();
        progress.next = snapshot.last.index.next();
        progress.told = progress.told.min(snapshot.last.index);
        progress.mode = Mode::Snapshot(snapshot.last.index);
        Message::Snapshot { term: self.term, snapshot, round: self.round }
    }
}
