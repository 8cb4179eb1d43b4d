//! The models `raft` and `raft-membership`: [`althing::raft::Raft`] as it ships.
//!
//! # What they cover
//!
//! Whatever the network may do: messages are lost, repeated, late and out of order without bound,
//! or, with `in_flight=1`, as often as the bounds say. A server crashes at any moment, as often as
//! `crashes` says, and has its disk afterwards. Any timer that is armed expires at any time: a model
//! knows no durations. Commands, reads, compactions, transfers, changes of the membership and
//! messages reported lost come to whoever leads, at any time, as far as the bounds allow them; most
//! of them no more than one or two to a run.
//!
//! # What they leave out
//!
//! - **Commands have no content**: two of one place and term are the same. No rule looks at
//!   them.
//! - **Limits on bytes**, which depend on that. `message` and `flight` bound entries.
//! - **Compaction** is once a server, and at exactly what it knows to be committed. A host may do it
//!   again, and further back.
//! - **Forwarding** never happens: a proposal comes to a leader, or to nobody.
//! - **Heartbeats** come only with `heartbeats=1`. Without them what was lost is repeated by nobody
//!   but the network, and followers learn late what is committed; there are far fewer states.
//! - **Candidates** are all servers unless `candidates` says how many. The others vote, and hold
//!   logs, and stand only when a leader hands over to them.
//! - **Terms** end: in the last of them no election timeout comes. `Recoverability` goes on
//!   from every state into terms beyond.
//! - **A change** is one of two, `change` and `second`, each begun at most once in a log; the second
//!   also after the first.
//! - **Lease reads**, which rest on durations: the simulation has them, and clocks. Here a read always
//!   asks a majority.
//! - **Configurations** are the same for all servers, except that those beyond `voters` know
//!   nothing at the start.

pub mod mutants;
mod subject;
pub mod transitions;

pub use subject::{RAFT, RAFT_MEMBERSHIP, RaftModel};

use althing::machine::Event;
use althing::node::{NodeId, NodeSet};
use althing::raft::election::{self, Role, Timer};
use althing::raft::invariants::{self, Chronicle, Member};
use althing::raft::{
    Answer, Config, Index, Input, Limits, Membership, Message, Options, Published, Raft, Rules, Write,
};

use crate::bounds::{Bounds, BoundsError, Key};
use crate::cell::Tamper;
use crate::cluster::{Cluster, MAX_NODES};
use crate::keys::{self, ENDLESS, ENDLESS_TERMS};
use crate::property::{Scene, View};
use crate::recover::Recovery;

/// The machine under check. Commands have no content: an entry is known by its position.
pub type Server<R = Published> = Raft<(), R>;

/// What bounds the models.
pub static KEYS: [Key; 27] = [
    Key::new("nodes", "servers", 1, MAX_NODES as u64, 3),
    Key::new(
        "voters",
        "the first of them are voters at the start, the others know nothing; 0: all",
        0,
        MAX_NODES as u64,
        0,
    ),
    Key::new("terms", "terms: in the last no election timeout comes", 0, ENDLESS_TERMS, 2),
    Key::new("candidates", "only the first of the servers ever time out; 0: all do", 0, MAX_NODES as u64, 0),
    Key::new("log", "no leader is given a command when its log is this long", 0, ENDLESS_TERMS, 2),
    keys::CRASHES,
    Key::new("pre_vote", "1: pre-vote is on", 0, 1, 0),
    Key::new("check_quorum", "1: check-quorum and leader stickiness are on", 0, 1, 0),
    Key::new("prompt_commit", "1: a leader tells at once what is committed", 0, 1, 0),
    Key::new("write_behind", "1: a leader's disk is slower than its network", 0, 1, 0),
    Key::new("message", "entries a message", 1, 1_000, 1_000),
    Key::new("flight", "entries under way to a follower", 1, 1_000_000, 1_000),
    Key::new("heartbeats", "1: leaders assert themselves", 0, 1, 1),
    Key::new("compactions", "1: a server may compact what is committed, once", 0, 1, 0),
    Key::new("reads", "reads that a leader is asked for", 0, ENDLESS, 0),
    Key::new("transfers", "1: leaders are told to hand over, to anyone", 0, 1, 0),
    Key::new("change", "members to change to, as bits; 0: no change", 0, 511, 0),
    Key::new("learners", "learners to change to, as bits", 0, 511, 0),
    Key::new("second", "members to change to instead, or after `change`, as bits; 0: no others", 0, 511, 0),
    Key::new("again", "1: servers compact, and members change, again and again", 0, 1, 0),
    Key::new("unreachable", "1: hosts say that messages did not get through", 0, 1, 0),
    keys::SYMMETRY,
    keys::REDUCE,
    keys::IN_FLIGHT,
    keys::LOSSES,
    keys::DUPLICATES,
    keys::CUTS,
];

/// Bounds for long walks of this many servers: nothing that happens is the last of its kind, but for
/// the reads that one leader is asked for. The other bounds as given.
///
/// # Panics
/// If a bound is out of its range.
pub fn endless(nodes: u64, others: &[(&str, u64)]) -> Bounds {
    Bounds::new(&KEYS)
        .with(&[("nodes", nodes), ("terms", ENDLESS_TERMS), ("log", ENDLESS_TERMS), ("again", 1)])
        .with(&keys::ENDLESS_FAULTS)
        .with(others)
}

/// The model with these bounds, run by an honest host after the published rules.
///
/// # Errors
/// [`BoundsError`] if the bounds contradict each other.
pub fn model(bounds: &Bounds) -> Result<Cluster<Server, Chronicle>, BoundsError> {
    cluster(bounds, Published, Tamper::default())
}

/// The model with these bounds, rules and host.
///
/// # Errors
/// [`BoundsError`] if the bounds contradict each other.
pub fn cluster<R: Rules>(
    bounds: &Bounds,
    rules: R,
    tamper: Tamper<Server<R>>,
) -> Result<Cluster<Server<R>, Chronicle>, BoundsError> {
    validate(bounds)?;
    let mut cluster = Cluster::new(configs(bounds, rules)?)
        .tamper(tamper)
        .inputs(inputs(bounds)?)
        .environment(environment(bounds))
        .transitions(transitions::expected(bounds), transitions::name)
        .describe(describe);
    if bounds.is_on("write_behind") {
        cluster = cluster.acknowledges(|write: &Write<()>| write.last().map(Input::Persisted));
    }
    cluster = witnesses(invariants(cluster), bounds);
    if bounds.is_on("reduce") {
        // Who is taken out and in again within a term is known nothing of, and then what it
        // answered long ago tells something.
        let returns = bounds.get("second") > 0;
        cluster = cluster.dead(move |message, from, receiver| {
            let counts = returns && receiver.is_leader() && message.term() == receiver.term();
            !(counts && matches!(message, Message::AppendReply { .. })) && is_dead(message, from, receiver)
        });
    }
    Ok(keys::bounded(cluster, bounds))
}

fn validate(bounds: &Bounds) -> Result<(), BoundsError> {
    let unlike = ["change", "voters", "candidates"].iter().any(|key| bounds.get(key) > 0);
    if bounds.is_on("symmetry") && unlike {
        return Err(BoundsError::Contradiction(
            "symmetry=1 is for servers that are all alike: voters=0, candidates=0 and change=0",
        ));
    }
    keys::validate(bounds)
}

fn configs<R: Rules>(bounds: &Bounds, rules: R) -> Result<Vec<Config<R>>, BoundsError> {
    let nodes = bounds.small("nodes");
    let voters = match bounds.small("voters") {
        0 => nodes,
        some if some <= nodes => some,
        _ => return Err(BoundsError::Contradiction("there are fewer nodes than voters")),
    };
    let voters = NodeSet::first(voters);
    let initial = |id: NodeId| match Membership::new(voters, NodeSet::EMPTY) {
        Ok(membership) if voters.contains(id) => membership,
        Ok(_) | Err(_) => Membership::UNKNOWN,
    };
    let limits = Limits {
        message_entries: bounds.get("message"),
        in_flight_entries: bounds.get("flight"),
        ..Limits::default()
    };
    let options = Options {
        pre_vote: bounds.is_on("pre_vote"),
        check_quorum: bounds.is_on("check_quorum"),
        prompt_commit: bounds.is_on("prompt_commit"),
        write_behind: bounds.is_on("write_behind"),
        forward: false,
    };
    let config =
        |id| Config::new(id, initial(id)).with_limits(limits).with_options(options).with_rules(rules);
    Ok(NodeSet::first(nodes).iter().map(config).collect())
}

fn inputs(bounds: &Bounds) -> Result<Vec<Input<()>>, BoundsError> {
    let nodes = NodeSet::first(bounds.small("nodes"));
    let mut inputs = Vec::new();
    if bounds.get("log") > 0 {
        inputs.push(Input::Propose([()].into_iter().collect()));
    }
    for (voters, learners) in [("change", bounds.get("learners")), ("second", 0)] {
        let voters = bounds.get(voters);
        if voters == 0 {
            continue;
        }
        let members = Membership::new(NodeSet::from_bits(voters.into()), NodeSet::from_bits(learners.into()));
        let members = members.ok().filter(|it| it.all().bits() & !nodes.bits() == 0);
        let unsound = BoundsError::Contradiction("the membership to change to must be one of these nodes");
        inputs.push(Input::Change(members.ok_or(unsound)?));
    }
    if bounds.get("reads") > 0 {
        inputs.push(Input::Read(0));
    }
    if bounds.is_on("compactions") {
        let most = if bounds.is_on("again") { 256 } else { 16 };
        let most = bounds.get("log").saturating_add(bounds.get("terms")).min(most);
        inputs.extend((1..=most).map(|index| Input::Compact(Index::new(index))));
    }
    if bounds.is_on("transfers") {
        inputs.extend(nodes.iter().map(Input::Transfer));
    }
    if bounds.is_on("unreachable") {
        inputs.extend(nodes.iter().map(Input::Unreachable));
    }
    Ok(inputs)
}

/// What may happen to a server, by its own state. What it would refuse is not asked of it.
fn environment<R: Rules>(bounds: &Bounds) -> impl Fn(&Server<R>, &Event<Server<R>>) -> bool + use<R> {
    let (terms, log, reads) = (bounds.get("terms"), bounds.get("log"), bounds.get("reads"));
    let [change, second] = ["change", "second"].map(|key| u128::from(bounds.get(key)));
    let (heartbeats, again) = (bounds.is_on("heartbeats"), bounds.is_on("again"));
    let candidates = match bounds.small("candidates") {
        0 => NodeId::LIMIT,
        some => some,
    };
    move |server, event| match event {
        Event::Timer(Timer::Election) => server.term().get() < terms && server.id().get() < candidates,
        Event::Timer(Timer::Heartbeat) => heartbeats,
        Event::Timer(Timer::Lease | Timer::Quorum) | Event::Message { .. } => true,
        Event::Input(Input::Propose(_)) => server.is_leader() && server.log().last().index.get() < log,
        Event::Input(Input::Read(_)) => {
            server.leading().is_some_and(|leading| leading.reads().round() < reads)
        }
        Event::Input(Input::Change(to)) => {
            let voters = |membership: Membership| membership.voters().incoming.bits();
            let first_begun = voters(server.membership()) == change && voters(*to) == second;
            let first = server.membership_index() == Index::default();
            server.is_leader() && (first || first_begun || again && server.membership() != *to)
        }
        Event::Input(Input::Transfer(_)) => server.is_leader() && server.term().get() < terms,
        Event::Input(Input::Compact(index)) => {
            let compacted = server.log().snapshot().last.index;
            let more = compacted == Index::default() || again && *index > compacted;
            more && *index == server.commit()
        }
        Event::Input(Input::Unreachable(_)) => server.is_leader(),
        Event::Input(Input::Persisted(_)) => true,
    }
}

fn members<'a, R: Rules>(view: &View<'a, Server<R>, Chronicle>) -> Vec<Member<'a, (), R>> {
    view.cells().map(|cell| Member { server: &cell.machine, disk: &cell.disk }).collect()
}

fn invariants<R: Rules>(cluster: Cluster<Server<R>, Chronicle>) -> Cluster<Server<R>, Chronicle> {
    cluster
        .always("ElectionSafety", |view| invariants::election_safety(view.history()))
        .each_step("VoteOnce", invariants::vote_once)
        .always("LeaderIsElected", |view| invariants::leader_is_elected(&members(view), view.history()))
        .always("PreVoteEarned", |view| invariants::pre_vote_earned(view.history()))
        .each_step("LeaderAppendOnly", invariants::leader_append_only)
        .always("LogMatching", |view| invariants::log_matching(&members(view)))
        .always("LeaderCompleteness", |view| invariants::leader_completeness(&members(view), view.history()))
        .always("StateMachineSafety", |view| invariants::state_machine_safety(&members(view), view.history()))
        .always("CommittedOnQuorum", |view| invariants::committed_on_quorum(&members(view), view.history()))
        .each_step("CommitsOwnTerm", invariants::commits_own_term)
        .each_step("Monotonic", invariants::monotonic)
        .always("Ordering", |view| view.machines().all(invariants::ordering))
        .each_step("PersistBeforeSend", invariants::persist_before_send)
        .always("Progress", |view| invariants::progress(&members(view)))
        .always("MembershipInLog", |view| view.machines().all(invariants::membership_in_log))
        .always("MembershipPath", |view| invariants::membership_path(&members(view), view.history()))
        .each_step("MembersStand", invariants::members_stand)
        .always("LeaderIsVoter", |view| view.machines().all(invariants::leader_is_voter))
        .each_step("HandsOverAll", invariants::hands_over_all)
        .always("LinearizableRead", |view| invariants::linearizable_read(view.history()))
        .each_step("NoSurprise", invariants::no_surprise)
        .each_step("LeaderStickiness", invariants::leader_stickiness)
        .each_step("CheckQuorum", invariants::check_quorum)
        .recoverable("Recoverability", recovery())
}

/// For each invariant, that what it speaks of happens, where the bounds allow it.
fn witnesses<R: Rules>(
    mut cluster: Cluster<Server<R>, Chronicle>,
    bounds: &Bounds,
) -> Cluster<Server<R>, Chronicle> {
    let count = |key| bounds.get(key);
    let (nodes, terms, log) = (count("nodes"), count("terms"), count("log"));
    if terms == 0 {
        return cluster;
    }
    cluster = cluster
        .sometimes("a leader", |view| view.machines().any(Raft::is_leader))
        .sometimes("an entry is committed", |view| !view.history().committed().is_empty());
    if nodes == 1 {
        return cluster;
    }
    if count("heartbeats") + count("prompt_commit") > 0 || log > 1 {
        cluster = cluster.sometimes("a follower has committed", |view| {
            view.machines().any(|server| !server.is_leader() && server.commit() > Index::default())
        });
    }
    if terms > 1 {
        cluster = cluster.sometimes("leaders commit in two terms", |view| {
            let by = view.history().committed().iter().map(|entry| entry.by);
            by.clone().min() != by.max()
        });
    }
    if terms > 1 && nodes > 2 && count("voters") == 0 && count("candidates") != 1 {
        cluster = cluster.sometimes("logs differ in a place", logs_differ);
    }
    if log > 1 {
        cluster = cluster.sometimes("a command is committed", |view| {
            view.machines().any(|server| server.log().commands(Index::default(), server.commit()).count() > 0)
        });
    }
    if count("compactions") > 0 && nodes > 2 {
        cluster = cluster.sometimes("a snapshot is offered", |view| {
            sent(view).any(|message| matches!(message, Message::Snapshot { .. }))
        });
    }
    if count("reads") > 0 {
        cluster = cluster.sometimes("a read waits", |view| view.history().reads() > 0);
    }
    if count("reads") > 0 && terms > 1 && nodes > 2 {
        cluster = cluster.sometimes("a read waits at a leader that another has outrun", |view| {
            let by = view.history().committed().last().map(|entry| entry.by);
            view.machines().any(|server| has_reads(server) && by > Some(server.term()))
        });
    }
    if count("transfers") > 0 && terms > 1 {
        cluster = cluster.sometimes("a server is told to stand", |view| {
            sent(view).any(|message| matches!(message, Message::TimeoutNow { .. }))
        });
    }
    let voters = if count("voters") == 0 { nodes } else { count("voters") };
    if count("change") > 0 && u128::from(count("change")) != NodeSet::first(voters as u8).bits() {
        cluster = cluster.sometimes("two memberships together", |view| {
            view.machines().any(|server| server.membership().is_joint())
        });
    }
    if count("change") > 0 {
        cluster = cluster.sometimes("a change is done", |view| {
            view.machines().any(|server| {
                server.membership_index() > Index::default()
                    && !server.membership().is_joint()
                    && server.membership_index() <= server.commit()
            })
        });
    }
    cluster
}

fn has_reads<R: Rules>(server: &Server<R>) -> bool {
    server.leading().is_some_and(|leading| leading.reads().tokens().count() > 0)
}

fn logs_differ<R: Rules>(view: &Scene<'_, Server<R>, Chronicle>) -> bool {
    let terms = |index: u64| {
        let logs = view.machines().filter_map(move |server| server.log().term_at(Index::new(index)));
        (logs.clone().min(), logs.max())
    };
    (1..=8).map(terms).any(|(least, most)| least != most)
}

fn sent<'a, R: Rules>(view: &Scene<'a, Server<R>, Chronicle>) -> impl Iterator<Item = &'a Message<()>> {
    view.network().filter_map(|stimulus| match &stimulus.event {
        Event::Message { message, .. } => Some(message),
        Event::Timer(_) | Event::Input(_) => None,
    })
}

/// Once faults end, one server after another times out first, until all members follow one leader
/// and have the same log, all of it committed, with no change of the membership and no transfer under
/// way, and no read without an answer.
pub fn recovery<R: Rules>() -> Recovery<Server<R>> {
    Recovery {
        // Three turns for each, each twice in a row: the first time it may do no more than learn
        // the term, and everyone else's turn would take it further.
        rounds: 6 * MAX_NODES,
        schedule: |round, nodes| {
            let turn = round / 2 % usize::from(nodes.len());
            let first = nodes.iter().nth(turn).map_or(NodeSet::EMPTY, NodeSet::only);
            vec![
                (Timer::Lease, nodes),
                (Timer::Election, first),
                (Timer::Heartbeat, nodes),
                (Timer::Heartbeat, nodes),
                (Timer::Quorum, nodes),
            ]
        },
        answers: |_| None,
        goal: has_recovered,
    }
}

fn has_recovered<R: Rules>(servers: &[&Server<R>]) -> bool {
    let of = |leader: &Server<R>| {
        let members = leader.membership();
        let mut others = servers.iter().filter(|server| members.contains(server.id()));
        !members.is_joint()
            && members.contains(leader.id())
            && leader.commit() == leader.log().last().index
            && others.all(|server| {
                server.leader() == Some(leader.id())
                    && server.term() == leader.term()
                    && server.log().last() == leader.log().last()
                    && server.commit() == leader.commit()
            })
    };
    let idle = |server: &&Server<R>| {
        !has_reads(server) && server.leading().is_none_or(|leading| leading.transfer().is_none())
    };
    servers.iter().all(idle) && servers.iter().filter(|server| server.is_leader()).any(|leader| of(leader))
}

/// Messages that change nothing any more, if no follower is taken out and in again within a term.
pub fn is_dead<R: Rules>(message: &Message<()>, from: NodeId, receiver: &Server<R>) -> bool {
    let (term, current) = (message.term(), receiver.term());
    let check_quorum = receiver.config().options().check_quorum;
    match message {
        Message::Election(message) => is_dead_in_election(message, from, receiver),
        // A request is answered, however stale: that tells its sender the receiver's term.
        Message::Append { .. } | Message::Snapshot { .. } | Message::Propose { .. } => false,
        Message::TimeoutNow { .. } => term < current,
        // What is compacted is committed, also after a crash.
        Message::Committed { last, .. } => {
            term < current || term == current && last.index <= receiver.log().snapshot().last.index
        }
        Message::AppendReply { answer, round, .. } => {
            // The receiver leads but once in a term.
            let may_lead = matches!(receiver.election().role(), Role::Candidate { .. });
            match receiver.leading() {
                _ if term != current => term < current,
                None => !may_lead,
                Some(_) if check_quorum => false,
                Some(leading) => {
                    let progress = leading.followers().find(|(node, _)| *node == from);
                    progress.is_some_and(|(_, progress)| {
                        *round <= progress.round
                            && match answer {
                                Answer::Matches(index) => *index < progress.matched,
                                Answer::Lacks { prev, .. } => *prev <= progress.matched,
                                Answer::Stale => true,
                            }
                    })
                }
            }
        }
    }
}

fn is_dead_in_election<R: Rules>(
    message: &election::Message<althing::raft::Position>,
    from: NodeId,
    receiver: &Server<R>,
) -> bool {
    crate::election::is_dead(message, from, receiver.election())
}

fn describe<R: Rules>(server: &Server<R>) -> String {
    let (election, log) = (server.election(), server.log());
    let vote = election.vote().map_or_else(|| "no vote".into(), |node| format!("vote for {node}"));
    let entries = |at: u64| Some(format!("{}", log.term_at(Index::new(at))?));
    let terms: Vec<_> =
        (log.snapshot().last.index.get() + 1..=log.last().index.get()).filter_map(entries).collect();
    let snapshot = match log.snapshot().last.index.get() {
        0 => String::new(),
        index => format!("(..{index}) "),
    };
    format!(
        "term {}, {vote}, {}, log {snapshot}[{}], commit {}",
        server.term(),
        election.role(),
        terms.join(" "),
        server.commit()
    )
}
