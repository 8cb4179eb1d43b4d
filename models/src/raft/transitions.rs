//! The transitions of a server, by name: which of them a step is, and which must occur.
//!
//! What a step does to the election within is told apart by the transitions of the
//! [election](crate::election::transitions); here is what it does to the log.

use althing::machine::Event;
use althing::observe::{Cause, Step};
use althing::outbox::Op;
use althing::raft::election::Role;
use althing::raft::invariants::of_election;
use althing::raft::{Answer, Input, LogWrite, Message, Output, Raft, Rules, Timer, Write};

use crate::bounds::Bounds;
use crate::coverage::{self, Transition, occurs};
use crate::election;

static TRANSITIONS: [Transition; 46] = [
    occurs("restart", 1, 0, &["crashes"]),
    occurs("election timeout: ask around", 2, 1, &["pre_vote"]),
    occurs("election timeout: campaign", 2, 1, &["!pre_vote", "voters>1"]),
    occurs("election timeout: lead alone", 1, 1, &["alone"]),
    occurs("election timeout: not a voter", 2, 1, &["strangers"]),
    occurs("assert leadership", 2, 1, &["heartbeats"]),
    occurs("vote granted", 2, 1, &["voters>1"]),
    occurs("vote refused: less up-to-date", 2, 2, &["voters>1", "!pre_vote"]),
    occurs("election won", 2, 1, &["voters>1"]),
    occurs("propose: append", 2, 1, &["voters>1", "log>1"]),
    occurs("propose: commit alone", 1, 1, &["alone", "log>1", "!write_behind"]),
    occurs("append: first entries", 2, 1, &[]),
    occurs("append: more entries", 2, 1, &["log>1"]),
    occurs("append: conflict replaced", 3, 2, &["nodes=3", "log>1"]),
    occurs("append: nothing new", 2, 1, &["!in_flight"]),
    occurs("append: commit moves", 2, 1, &["tells", "!in_flight"]),
    occurs("committed: commit moves", 2, 1, &["prompt_commit"]),
    occurs("append: lacks the entry before", 2, 2, &["log>1"]),
    occurs("append: within what is committed", 2, 1, &["tells", "!in_flight"]),
    occurs("append: stale term", 2, 2, &[]),
    occurs("reply: matches further", 2, 1, &[]),
    occurs("reply: commits", 2, 1, &["voters>1"]),
    occurs("reply: goes back", 2, 2, &["log>1"]),
    occurs("reply: of a newer term", 2, 2, &[]),
    occurs("reply: without effect", 2, 1, &["!reduce"]),
    occurs("persisted", 2, 1, &["write_behind", "voters>1"]),
    occurs("persisted: commits", 1, 1, &["write_behind", "log>1"]),
    occurs("compact", 1, 1, &["compactions"]),
    occurs("snapshot: installed", 2, 1, &["compactions", "nodes=3"]),
    occurs("snapshot: outdated", 2, 1, &["compactions", "nodes=3"]),
    occurs("snapshot: log goes further", 2, 1, &["compactions", "nodes=3", "log>1"]),
    occurs("snapshot: stale term", 3, 2, &["compactions", "heartbeats"]),
    occurs("read: asked", 2, 1, &["reads"]),
    occurs("read: refused", 2, 1, &["reads"]),
    occurs("read: answered", 2, 1, &["reads"]),
    occurs("read: given up", 3, 2, &["reads"]),
    occurs("transfer: asked", 2, 2, &["transfers"]),
    occurs("transfer: refused", 2, 2, &["transfers"]),
    occurs("transfer: stands", 2, 2, &["transfers"]),
    occurs("change: begun", 1, 1, &["change"]),
    occurs("change: refused", 2, 1, &["change", "voters>1"]),
    occurs("change: joint left", 2, 1, &["joint"]),
    occurs("change: done", 2, 1, &["several"]),
    occurs("change: leader resigns", 2, 1, &["removes"]),
    occurs("membership rolled back", 3, 2, &["nodes=3", "joint"]),
    occurs("stands without a vote", 2, 2, &["demotes"]),
];

/// The transitions that must occur within these bounds.
pub fn expected(bounds: &Bounds) -> Vec<&'static str> {
    let get = |key| bounds.get(key);
    let (nodes, terms, log) = (get("nodes"), get("terms"), get("log"));
    let voters = if get("voters") == 0 { nodes } else { get("voters") };
    let (change, initial) = (get("change"), (1_u64 << voters) - 1);
    coverage::expected(&TRANSITIONS, bounds, (nodes, terms), |condition| {
        Some(match condition {
            "alone" => voters == 1,
            "voters>1" => voters > 1,
            "strangers" => voters < nodes,
            "nodes=3" => nodes == 3 && voters == 3,
            "log>1" => log > 1,
            "tells" => bounds.is_on("heartbeats") || log > 1 && terms > 1,
            "several" => change.count_ones() > 1,
            "joint" => change > 0 && change != initial,
            "removes" => change > 0 && change & initial != initial,
            "demotes" => change > 0 && get("learners") & initial > 0,
            _ => return None,
        })
    })
}

/// Which transition a step is.
pub fn name<R: Rules>(step: &Step<'_, Raft<(), R>>) -> &'static str {
    match &step.cause {
        Cause::Restart => "restart",
        Cause::Event(Event::Timer(timer)) => of_timer(*timer, step),
        Cause::Event(Event::Input(input)) => of_input(input, step),
        Cause::Event(Event::Message { message, .. }) => of_message(message, step),
    }
}

fn of_timer<R: Rules>(timer: Timer, step: &Step<'_, Raft<(), R>>) -> &'static str {
    match timer {
        Timer::Election if step.before.election() == step.after.election() => "election timeout: not a voter",
        Timer::Election if stands(step) && !step.before.membership().voters().contains(step.node) => {
            "stands without a vote"
        }
        _ => of_election(step, |step| election::transitions::name(step)),
    }
}

fn stands<R: Rules>(step: &Step<'_, Raft<(), R>>) -> bool {
    match step.after.election().role() {
        Role::PreCandidate { .. } | Role::Candidate { .. } => true,
        Role::Follower { .. } | Role::Leader { .. } => false,
    }
}

fn of_input<R: Rules>(input: &Input<()>, step: &Step<'_, Raft<(), R>>) -> &'static str {
    let commits = step.after.commit() > step.before.commit();
    match input {
        Input::Propose(_) if commits => "propose: commit alone",
        Input::Propose(_) => "propose: append",
        Input::Change(_) if step.after.membership_index() > step.before.membership_index() => "change: begun",
        Input::Change(_) => "change: refused",
        Input::Transfer(_) if output(step).is_some() => "transfer: refused",
        Input::Transfer(_) => "transfer: asked",
        Input::Read(_) => match output(step) {
            Some(Output::Refused(..)) => "read: refused",
            Some(Output::Read { .. }) => "read: answered",
            _ => "read: asked",
        },
        Input::Compact(_) => "compact",
        Input::Persisted(_) if commits => "persisted: commits",
        Input::Persisted(_) => "persisted",
        Input::Unreachable(_) => "unreachable",
    }
}

fn of_message<R: Rules>(message: &Message<()>, step: &Step<'_, Raft<(), R>>) -> &'static str {
    let (before, after) = (step.before, step.after);
    match message {
        Message::Election(_) => of_election(step, |step| election::transitions::name(step)),
        Message::TimeoutNow { .. } if stands(step) => "transfer: stands",
        Message::TimeoutNow { .. } => "transfer: too late",
        Message::Propose { .. } => "propose: forwarded",
        Message::Append { .. } => of_append(step),
        Message::Committed { .. } if after.commit() > before.commit() => "committed: commit moves",
        Message::Committed { .. } => "committed: nothing new",
        Message::Snapshot { .. } => match (answer(step), output(step)) {
            (Some(Answer::Stale), _) => "snapshot: stale term",
            (_, Some(Output::Restore(_))) => "snapshot: installed",
            _ if after.commit() > before.commit() => "snapshot: log goes further",
            _ => "snapshot: outdated",
        },
        Message::AppendReply { answer, .. } => match answer {
            _ if after.term() > before.term() => "reply: of a newer term",
            _ if before.is_leader() && !after.is_leader() => "change: leader resigns",
            _ if has_output(step, |output| matches!(output, Output::Read { .. })) => "read: answered",
            _ if after.membership_index() > before.membership_index() => "change: joint left",
            _ if after.commit() > before.commit() => {
                let (index, commit) = (after.membership_index(), before.commit());
                if index > commit && index <= after.commit() { "change: done" } else { "reply: commits" }
            }
            _ if before == after => "reply: without effect",
            Answer::Lacks { .. } => "reply: goes back",
            Answer::Matches(_) | Answer::Stale => "reply: matches further",
        },
    }
}

fn of_append<R: Rules>(step: &Step<'_, Raft<(), R>>) -> &'static str {
    let (before, after) = (step.before, step.after);
    let given_up = |output: &Output| matches!(output, Output::Refused(..));
    let write = step.performed.iter().find_map(|op| match op {
        Op::Write(Write::Log(LogWrite::Append { after, .. })) => Some(*after),
        _ => None,
    });
    match (write, answer(step)) {
        _ if has_output(step, given_up) => "read: given up",
        (Some(_), _) if after.membership_index() < before.membership_index() => "membership rolled back",
        (Some(kept), _) if kept < before.log().last().index => "append: conflict replaced",
        (Some(kept), _) if kept.get() == 0 => "append: first entries",
        (Some(_), _) => "append: more entries",
        (None, Some(Answer::Stale)) => "append: stale term",
        (None, Some(Answer::Lacks { .. })) => "append: lacks the entry before",
        (None, _) if after.commit() > before.commit() => "append: commit moves",
        (None, Some(Answer::Matches(index))) if index == before.commit() && index.get() > 0 => {
            "append: within what is committed"
        }
        (None, _) => "append: nothing new",
    }
}

fn answer<R: Rules>(step: &Step<'_, Raft<(), R>>) -> Option<Answer> {
    step.performed.iter().find_map(|op| match op {
        Op::Send { message: Message::AppendReply { answer, .. }, .. } => Some(*answer),
        _ => None,
    })
}

fn output<R: Rules>(step: &Step<'_, Raft<(), R>>) -> Option<Output> {
    let mut outputs = step.performed.iter().filter_map(|op| match op {
        Op::Output(output) => Some(*output),
        _ => None,
    });
    outputs.find(|output| !matches!(output, Output::Leader(_) | Output::Committed(_)))
}

fn has_output<R: Rules>(step: &Step<'_, Raft<(), R>>, is: impl Fn(&Output) -> bool) -> bool {
    step.performed.iter().any(|op| matches!(op, Op::Output(output) if is(output)))
}
