//! What a story expects.
//!
//! | line | what must be |
//! |---|---|
//! | `expect leader 1 term 2` | server 1 leads in term 2, and no other leads in it |
//! | `expect no leader` | no server leads |
//! | `expect follower 2 of 1`, `expect role 2 candidate` | whom it follows, and what it is |
//! | `expect term 2 = 3`, `expect commit 3 = 4` | what the server knows |
//! | `expect log 2 = [3] 1:a 2:noop 2:members{2 3} from {1 2}` | its log; a snapshot up to 3 comes first |
//! | `expect applied 3 = a b` | the commands that its state stands for |
//! | `expect members 1 = {2 3} from {1 2} learners {4}` | the membership that it uses |
//! | `expect mode 1 3 = snapshot` | how leader 1 sends to 3: probe, replicate or snapshot |
//! | `expect sent 1->2 append`, `expect silence 1->2` | a message of this kind is on its way, or none |
//! | `expect refused 1 proposal: does not lead` | it said so, since the last command |
//! | `expect read 1 7 at 3`, `expect no read 1` | it answered the read 7, or none, since then |
//! | `expect restored 3` | it replaced its state, since then |

use althing::raft::election::{self, Role};
use althing::raft::{Message, Mode, Output, Refused};

use crate::safety::line;
use crate::stage::{Letter, Stage};
use crate::words::{Told, Words, show_log, show_members};

pub(crate) fn expect(stage: &Stage, claim: &str) -> Told<()> {
    let mut words = Words(claim);
    let (what, _) = (words.word()?, ());
    match what {
        "leader" => leader(stage, &mut words)?,
        "no" if words.has("leader") => no_leader(stage)?,
        "no" => no_read(stage, &mut words)?,
        "read" => read(stage, &mut words)?,
        "refused" => refused(stage, &mut words)?,
        "restored" => restored(stage, &mut words)?,
        "sent" => sent(stage, &mut words)?,
        "silence" => silence(stage, &mut words)?,
        _ => value(stage, what, &mut words)?,
    }
    words.end()
}

/// What can be looked up and compared.
fn value(stage: &Stage, what: &str, words: &mut Words<'_>) -> Told<()> {
    if !["follower", "role", "term", "commit", "log", "applied", "members", "mode"].contains(&what) {
        return Err("there is no such expectation".into());
    }
    let node = words.node()?;
    let server = stage.server(node)?;
    let (found, sign) = match what {
        "follower" => (server.leader().map_or("nobody".into(), |leader| leader.get().to_string()), "of"),
        "role" => (role(server.election().role()).into(), ""),
        "term" => (server.term().to_string(), "="),
        "commit" => (server.commit().to_string(), "="),
        "log" => (show_log(server.log()), "="),
        "applied" => (stage.places[&node].state.join(" "), "="),
        "members" => (show_members(server.membership()), "="),
        _ => {
            let of = words.node()?;
            let leading = server.leading().ok_or("it does not lead")?;
            let follower = leading.followers().find(|(node, _)| *node == of).ok_or("no such follower")?;
            (mode(follower.1.mode).into(), "=")
        }
    };
    if !sign.is_empty() {
        words.needs(sign)?;
    }
    let expected = words.all().join(" ");
    if found == expected { Ok(()) } else { Err(format!("found `{found}`")) }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Follower { .. } => "follower",
        Role::PreCandidate { .. } => "pre-candidate",
        Role::Candidate { .. } => "candidate",
        Role::Leader { .. } => "leader",
    }
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Probe { .. } => "probe",
        Mode::Replicate => "replicate",
        Mode::Snapshot(_) => "snapshot",
    }
}

fn kind(message: &Message<String>) -> &'static str {
    match message {
        Message::Election(election::Message::PreVote { .. }) => "pre-vote",
        Message::Election(election::Message::RequestVote { .. }) => "vote",
        Message::Election(_) => "election-reply",
        Message::Append { .. } => "append",
        Message::AppendReply { .. } => "reply",
        Message::Committed { .. } => "committed",
        Message::Snapshot { .. } => "snapshot",
        Message::TimeoutNow { .. } => "timeout-now",
        Message::Propose { .. } => "propose",
    }
}

fn leaders(stage: &Stage) -> String {
    let servers = stage.places.values().filter_map(|place| place.server.as_ref());
    let leaders = servers.filter(|server| server.is_leader());
    let names: Vec<_> = leaders.map(|it| format!("{} leads in term {}", it.id().get(), it.term())).collect();
    if names.is_empty() { "nobody leads".into() } else { names.join(", ") }
}

fn leader(stage: &Stage, words: &mut Words<'_>) -> Told<()> {
    let server = stage.server(words.node()?)?;
    words.needs("term")?;
    let term = words.number()?;
    if server.is_leader() && server.term().get() == term { Ok(()) } else { Err(leaders(stage)) }
}

fn no_leader(stage: &Stage) -> Told<()> {
    let found = leaders(stage);
    if found == "nobody leads" { Ok(()) } else { Err(found) }
}

fn read(stage: &Stage, words: &mut Words<'_>) -> Told<()> {
    let (node, token) = (words.node()?, words.number()?);
    words.needs("at")?;
    let index = words.index()?;
    let answer = (node, Output::Read { token, index });
    let said: Vec<_> = stage.said.iter().filter(|(_, it)| matches!(it, Output::Read { .. })).collect();
    if said.contains(&&answer) {
        return Ok(());
    }
    Err(if said.is_empty() { "no read was answered".into() } else { format!("found {}", line(&said)) })
}

fn no_read(stage: &Stage, words: &mut Words<'_>) -> Told<()> {
    words.needs("read")?;
    let node = words.node()?;
    let answered = stage.said.iter().find(|(of, it)| *of == node && matches!(it, Output::Read { .. }));
    answered.map_or(Ok(()), |(_, answer)| Err(format!("found {}", line(answer))))
}

fn refused(stage: &Stage, words: &mut Words<'_>) -> Told<()> {
    let (node, what) = (words.node()?, words.word()?);
    let why = words.all().join(" ");
    let refusals = stage.said.iter().filter_map(|(of, output)| match output {
        Output::Refused(refused, why) if *of == node => Some((name(*refused), why.to_string())),
        Output::Refused(..) | Output::Leader(_) | Output::Committed(_) => None,
        Output::Restore(_) | Output::Read { .. } => None,
    });
    let refusals: Vec<_> = refusals.collect();
    if refusals.iter().any(|(it, reason)| *it == what.trim_end_matches(':') && reason.contains(&why)) {
        return Ok(());
    }
    Err(if refusals.is_empty() { "nothing was refused".into() } else { format!("found {}", line(&refusals)) })
}

fn name(refused: Refused) -> &'static str {
    match refused {
        Refused::Proposal => "proposal",
        Refused::Forwarded(_) => "forwarded",
        Refused::Read(_) => "read",
        Refused::Change => "change",
        Refused::Transfer(_) => "transfer",
        Refused::Compaction(_) => "compaction",
        Refused::Message(_) => "message",
    }
}

fn restored(stage: &Stage, words: &mut Words<'_>) -> Told<()> {
    let node = words.node()?;
    let restored = stage.said.iter().any(|(of, it)| *of == node && matches!(it, Output::Restore(_)));
    if restored { Ok(()) } else { Err("it kept its state".into()) }
}

fn on_the_way(stage: &Stage, words: &mut Words<'_>) -> Told<Vec<&'static str>> {
    let link = words.link()?;
    let meant = |it: &&Letter| !it.held && (it.from, it.to) == link;
    Ok(stage.network.iter().filter(meant).map(|it| kind(&it.message)).collect())
}

fn sent(stage: &Stage, words: &mut Words<'_>) -> Told<()> {
    let found = on_the_way(stage, words)?;
    let expected = words.word()?;
    if found.contains(&expected) {
        return Ok(());
    }
    Err(if found.is_empty() { "nothing is on its way".into() } else { format!("found {}", found.join(", ")) })
}

fn silence(stage: &Stage, words: &mut Words<'_>) -> Told<()> {
    let found = on_the_way(stage, words)?;
    if found.is_empty() { Ok(()) } else { Err(format!("found {}", found.join(", "))) }
}
