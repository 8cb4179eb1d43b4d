//! The transitions of an election, by name: which of them a step is, and which must occur.

use althing::machine::Event;
use althing::observe::{Cause, Step};
use althing::raft::election::{Credential, Election, Message, Role, Rules, Timer};

use crate::bounds::Bounds;
use crate::coverage::{self, Transition, occurs};

static TRANSITIONS: [Transition; 32] = [
    occurs("restart", 1, 0, &["crashes"]),
    occurs("election timeout: ask around", 2, 1, &["pre_vote"]),
    occurs("election timeout: campaign", 2, 1, &["!pre_vote"]),
    occurs("election timeout: lead alone", 1, 1, &["alone"]),
    occurs("lease ends", 2, 1, &["lease"]),
    occurs("assert leadership", 2, 1, &[]),
    occurs("quorum kept", 2, 1, &["check_quorum"]),
    occurs("quorum lost", 2, 1, &["check_quorum"]),
    occurs("credential advances", 1, 0, &["levels"]),
    occurs("pre-vote granted", 2, 1, &["pre_vote"]),
    occurs("pre-vote refused: leader alive", 2, 1, &["pre_vote"]),
    occurs("pre-vote refused: stale term", 2, 1, &["pre_vote"]),
    occurs("pre-vote refused: less up-to-date", 2, 1, &["pre_vote", "levels"]),
    occurs("pre-vote counted", 4, 1, &["pre_vote"]),
    occurs("pre-vote won", 2, 1, &["pre_vote"]),
    occurs("pre-vote reply of a newer term", 3, 1, &["pre_vote"]),
    occurs("pre-vote reply without effect", 2, 1, &["pre_vote"]),
    occurs("vote granted", 2, 1, &[]),
    occurs("vote refused: leader alive", 2, 1, &["check_quorum"]),
    occurs("vote refused: stale term", 2, 2, &[]),
    occurs("vote refused: voted already", 2, 1, &[]),
    occurs("vote refused: less up-to-date", 2, 1, &["levels"]),
    occurs("vote counted", 4, 1, &[]),
    occurs("election won", 2, 1, &[]),
    occurs("vote reply of a newer term", 2, 2, &[]),
    occurs("vote reply without effect", 2, 1, &["!reduce"]),
    occurs("heartbeat followed", 2, 1, &[]),
    occurs("heartbeat: candidate gives way", 3, 1, &[]),
    occurs("heartbeat refused: stale term", 2, 2, &[]),
    occurs("heartbeat reply counted", 2, 1, &["check_quorum"]),
    occurs("heartbeat reply of a newer term", 2, 2, &[]),
    occurs("heartbeat reply without effect", 2, 1, &["!reduce"]),
];

/// The transitions that must occur within these bounds.
pub fn expected(bounds: &Bounds) -> Vec<&'static str> {
    let nodes = bounds.get("nodes");
    coverage::expected(&TRANSITIONS, bounds, (nodes, bounds.get("terms")), |condition| match condition {
        "alone" => Some(nodes == 1),
        "levels" => Some(bounds.get("credentials") > 1 && nodes > 1),
        "lease" => Some(bounds.is_on("pre_vote") || bounds.is_on("check_quorum")),
        _ => None,
    })
}

/// Which transition a step is.
pub fn name<C: Credential, R: Rules>(step: &Step<'_, Election<C, R>>) -> &'static str {
    let (before, after) = (step.before, step.after);
    match &step.cause {
        Cause::Restart => "restart",
        Cause::Event(Event::Input(_)) => "credential advances",
        Cause::Event(Event::Timer(timer)) => of_timer(*timer, after),
        Cause::Event(Event::Message { message, .. }) => {
            let granted = step.sends().any(|(_, _, reply)| is_grant(reply));
            let newer = after.term() > before.term();
            let won = message.term() == before.term();
            match message {
                Message::PreVote { .. } | Message::RequestVote { .. } => of_request(before, message, granted),
                Message::PreVoteReply { .. } => match (before.role(), after.role()) {
                    (Role::PreCandidate { .. }, Role::Candidate { .. } | Role::Leader { .. }) if won => {
                        "pre-vote won"
                    }
                    _ if newer => "pre-vote reply of a newer term",
                    _ if before != after => "pre-vote counted",
                    _ => "pre-vote reply without effect",
                },
                Message::VoteReply { .. } => match after.role() {
                    Role::Leader { .. } if before != after => "election won",
                    _ if newer => "vote reply of a newer term",
                    _ if before != after => "vote counted",
                    _ => "vote reply without effect",
                },
                Message::Heartbeat { .. } if after.term() > message.term() => "heartbeat refused: stale term",
                Message::Heartbeat { .. } => match before.role() {
                    Role::Candidate { .. } | Role::PreCandidate { .. } if !newer => {
                        "heartbeat: candidate gives way"
                    }
                    _ => "heartbeat followed",
                },
                Message::HeartbeatReply { .. } if newer => "heartbeat reply of a newer term",
                Message::HeartbeatReply { .. } if before != after => "heartbeat reply counted",
                Message::HeartbeatReply { .. } => "heartbeat reply without effect",
            }
        }
    }
}

fn of_timer<C: Credential, R: Rules>(timer: Timer, after: &Election<C, R>) -> &'static str {
    match timer {
        Timer::Election => match after.role() {
            Role::PreCandidate { .. } => "election timeout: ask around",
            Role::Candidate { .. } => "election timeout: campaign",
            Role::Leader { .. } => "election timeout: lead alone",
            Role::Follower { .. } => "election timeout: no term left",
        },
        Timer::Lease => "lease ends",
        Timer::Heartbeat => "assert leadership",
        Timer::Quorum if after.is_leader() => "quorum kept",
        Timer::Quorum => "quorum lost",
    }
}

fn of_request<C: Credential, R: Rules>(
    before: &Election<C, R>,
    request: &Message<C>,
    granted: bool,
) -> &'static str {
    let stale = request.term() < before.term();
    match request {
        Message::PreVote { .. } if granted => "pre-vote granted",
        Message::PreVote { .. } if before.leader().is_some() => "pre-vote refused: leader alive",
        Message::PreVote { .. } if stale => "pre-vote refused: stale term",
        Message::PreVote { .. } => "pre-vote refused: less up-to-date",
        _ if granted => "vote granted",
        _ if before.leader().is_some() && before.config().check_quorum() => "vote refused: leader alive",
        _ if stale => "vote refused: stale term",
        Message::RequestVote { credential, .. } if *credential < before.credential() => {
            "vote refused: less up-to-date"
        }
        _ => "vote refused: voted already",
    }
}

fn is_grant<C>(message: &Message<C>) -> bool {
    match message {
        Message::PreVoteReply { granted, .. } | Message::VoteReply { granted, .. } => *granted,
        Message::PreVote { .. } | Message::RequestVote { .. } => false,
        Message::Heartbeat { .. } | Message::HeartbeatReply { .. } => false,
    }
}
