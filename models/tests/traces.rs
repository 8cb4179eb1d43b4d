//! Traces: what goes on for ever, and counterexamples of which nothing can be left out.

use std::path::Path;
use std::process::Command;

use althing::machine::Event;
use althing::raft::election::invariants::Elections;
use althing::raft::election::{Message, Rules, Timer};
use althing_models::Limits;
use althing_models::bounds::Bounds;
use althing_models::cell::Stimulus;
use althing_models::cluster::{Action, Cluster, State};
use althing_models::election::mutants::{Broken, MUTANTS, Mutant};
use althing_models::election::{self, RaftElection, Server};
use althing_models::subject::Subject;
use althing_models::trace::{Header, Nonconformance, Trace, read_header, read_lines};

/// A goal of the election, which it misses if n2 hears nothing.
const LIVENESS: &str = "LeaderEmerges";

fn bounds() -> Bounds {
    Bounds::new(&election::KEYS).with(&[("nodes", 3), ("terms", 1)])
}

fn cluster() -> Cluster<Server, Elections> {
    election::model(&bounds()).expect("the bounds do not contradict each other")
}

fn header() -> Header {
    Header { property: Some(LIVENESS.into()), ..RaftElection.header(&bounds(), None) }
}

/// The one action that is possible and does this to this node.
fn action(
    cluster: &Cluster<Server, Elections>,
    state: &State,
    node: u8,
    what: impl Fn(&Event<Server>) -> bool,
) -> Action {
    let mut possible = Vec::new();
    cluster.enabled(state, &mut possible);
    let fits = |action: &Action| {
        let Stimulus { node: at, event } = cluster.stimulus(*action).expect("there are no faults");
        at.get() == node && what(event)
    };
    possible.into_iter().find(fits).expect("such an action is possible")
}

/// n0 is elected and n1 follows; then n0's heartbeats reach n1 for ever.
fn lasso() -> Trace<Server> {
    let cluster = cluster();
    let (mut state, mut actions) = (cluster.initial(), Vec::new());
    let timer = |timer: Timer| move |event: &Event<Server>| *event == Event::Timer(timer);
    let message = |kind: fn(&Message<u8>) -> bool| move |event: &Event<Server>| matches!(event, Event::Message { message, .. } if kind(message));
    let heartbeat = || message(|message| matches!(message, Message::Heartbeat { .. }));
    let mut take = |node, what: &dyn Fn(&Event<Server>) -> bool| {
        let next = action(&cluster, &state, node, what);
        state = cluster.apply(&state, next).expect("it is possible");
        actions.push(next);
    };
    take(0, &timer(Timer::Election));
    take(1, &message(|message| matches!(message, Message::RequestVote { .. })));
    take(0, &message(|message| matches!(message, Message::VoteReply { .. })));
    take(1, &heartbeat());
    take(0, &timer(Timer::Heartbeat));
    take(1, &heartbeat());
    let (before, cycle) = actions.split_at(4);
    cluster.lasso(before, cycle, LIVENESS)
}

/// What `althing replay` makes of this file: its exit code, and what it prints.
fn replay(name: &str, file: &str) -> (Option<i32>, String) {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, file).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_althing"));
    let output = command.arg("replay").arg(&path).output().expect("the command starts");
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&printed).into_owned())
}

#[test]
fn a_lasso_runs_again_and_closes() {
    let lasso = lasso();
    assert_eq!((lasso.cycle, lasso.lines.len()), (Some(4), 6));
    let file = lasso.to_file(&header());
    let mut bytes = file.as_bytes();
    let header = read_header(&mut bytes).expect("a header");
    let lines = read_lines(&header, bytes).expect("lines");
    assert_eq!((header.cycle, &lines), (Some(4), &lasso.lines));
    assert!(lasso.story().contains("-- from here on, for ever --\n  5. n0: timer Heartbeat expires\n"));
    let replay = cluster().replay(&header, &lines).expect("it conforms");
    assert_eq!((replay.steps, replay.violation), (6, None));
    assert_eq!((replay.cycle, replay.misses_goal), (Some(4), true));
    // An invariant is violated by a step or not at all; without a property nothing is.
    for property in [Some("ElectionSafety".into()), None] {
        let header = Header { property, ..header.clone() };
        let replay = cluster().replay(&header, &lines).expect("it conforms");
        assert_eq!((replay.cycle, replay.misses_goal), (Some(4), false));
    }
}

#[test]
fn the_command_line_runs_a_lasso_again() {
    let file = lasso().to_file(&header());
    let (code, printed) = replay("lasso.jsonl", &file);
    let expected = "6 steps conform; after step 6 the state is that after step 4: the last 2 repeat for ever; \
                    LeaderEmerges violated\n";
    assert!(printed.ends_with(expected), "{printed}");
    assert_eq!(code, Some(1));

    let (code, printed) = replay("no-property.jsonl", &file.replace("\"property\":\"LeaderEmerges\",", ""));
    assert!(printed.ends_with("repeat for ever; no invariant is violated\n"), "{printed}");
    assert_eq!(code, Some(0));

    // The invariant that it names is not violated.
    let (code, printed) = replay("invariant.jsonl", &file.replace("LeaderEmerges", "ElectionSafety"));
    assert!(printed.contains("it says that ElectionSafety is violated, but it is not"), "{printed}");
    assert_eq!(code, Some(1));
}

#[test]
fn a_lasso_that_does_not_close_is_refused() {
    let file = lasso().to_file(&header());
    // Before step 4, n1 did not know its leader.
    let (code, printed) = replay("open.jsonl", &file.replace("\"cycle\":4", "\"cycle\":3"));
    let expected = "does not conform: nothing repeats for ever: the state after step 6 is not that after \
                    step 3; different: n1\n";
    assert!(printed.ends_with(expected), "{printed}");
    assert_eq!(code, Some(1));
    // From the library, which may be given any header.
    let (header, lines) = (Header { cycle: Some(6), ..header() }, lasso().lines);
    let error = cluster().replay(&header, &lines).expect_err("no step repeats");
    assert!(matches!(error, Nonconformance::DoesNotClose { start: 6, last: 6, .. }), "{error}");
}

#[test]
fn a_cycle_without_steps_is_malformed() {
    let file = lasso().to_file(&header());
    for cycle in [6, 7] {
        let (code, printed) =
            replay("malformed.jsonl", &file.replace("\"cycle\":4", &format!("\"cycle\":{cycle}")));
        let expected = format!("line 1: the cycle is to begin after step {cycle}, but there are 6 steps\n");
        assert!(printed.ends_with(&expected), "{printed}");
        assert_eq!((code, printed.lines().count()), (Some(2), 1));
    }
}

#[test]
fn no_step_of_a_counterexample_can_be_left_out() {
    for mutant in &MUTANTS {
        let (cluster, trace) = caught(mutant);
        let actions = cluster.actions_of(&trace.lines).expect("it conforms");
        let violates = |state: &State| cluster.violates(state, mutant.expected);
        assert!(leads_to(&cluster, &actions, violates), "{}", mutant.name);
        assert_eq!(needless(&cluster, &actions, violates), None, "{}: {}", mutant.name, trace.story());
    }
}

#[test]
fn a_step_that_is_not_needed_is_noticed() {
    let mutant = MUTANTS.iter().find(|mutant| mutant.name == "half-quorum").expect("there is one");
    let (cluster, trace) = caught(mutant);
    let actions = cluster.actions_of(&trace.lines).expect("it conforms");
    let [first, second] = actions[..] else { panic!("each server elects itself: {}", trace.story()) };
    let mut possible = Vec::new();
    let state = cluster.apply(&cluster.initial(), first).expect("it is possible");
    cluster.enabled(&state, &mut possible);
    let heartbeat = possible.into_iter().find(|action| {
        let stimulus = cluster.stimulus(*action);
        stimulus.is_some_and(|stimulus| stimulus.event == Event::Timer(Timer::Heartbeat))
    });
    let longer = [first, heartbeat.expect("a leader has the timer"), second];
    let violates = |state: &State| cluster.violates(state, mutant.expected);
    assert_eq!(needless(&cluster, &longer, violates), Some(1));
}

/// A mutant, and how it is caught.
fn caught(mutant: &Mutant) -> (Cluster<Server<Broken>, Elections>, Trace<Server<Broken>>) {
    let bounds = Bounds::new(&election::KEYS).with(&[("reduce", 0)]).with(mutant.bounds);
    let cluster = || election::cluster(&bounds, mutant.rules, (mutant.tamper)()).expect("sound bounds");
    let report = cluster().check(&Limits { until: Some(mutant.expected), ..Limits::default() });
    let caught = report.properties.into_iter().find(|property| property.name == mutant.expected);
    (cluster(), caught.and_then(|property| property.trace).expect("it is caught"))
}

/// Which of these actions is not needed to get to such a state: without it the others, or for each
/// that is not possible any more its like, lead there too.
fn needless<R: Rules>(
    cluster: &Cluster<Server<R>, Elections>,
    actions: &[Action],
    wanted: impl Fn(&State) -> bool + Copy,
) -> Option<usize> {
    (0..actions.len()).find(|left_out| {
        let rest = [&actions[..*left_out], &actions[left_out + 1..]].concat();
        // What does not lead there comes back as it is.
        leads_to(cluster, &cluster.shrink(rest, wanted), wanted)
    })
}

/// Whether all of these actions are possible, one after another, and lead to such a state.
fn leads_to<R: Rules>(
    cluster: &Cluster<Server<R>, Elections>,
    actions: &[Action],
    wanted: impl Fn(&State) -> bool,
) -> bool {
    let mut state = cluster.initial();
    for action in actions {
        let mut possible = Vec::new();
        cluster.enabled(&state, &mut possible);
        let next = possible.contains(action).then(|| cluster.apply(&state, *action)).flatten();
        let Some(next) = next else { return false };
        state = next;
    }
    wanted(&state)
}
