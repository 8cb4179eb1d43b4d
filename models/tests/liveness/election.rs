//! Liveness of what ships.

use althing_models::Limits;
use althing_models::bounds::Bounds;
use althing_models::check::Status;
use althing_models::subject::{LivenessSummary, MutantInfo, SUBJECTS, Subject};
use althing_models::trace::{Replay, read_header};

/// Without optimisation these take too long.
const LARGE: [&str; 5] =
    ["pre-vote", "both", "four-servers-check-quorum", "stale-leader-not-told", "leader-does-not-step-down"];

fn is_small(name: &str) -> bool {
    !cfg!(debug_assertions) || !LARGE.contains(&name)
}

fn check(
    subject: &dyn Subject,
    bounds: &Bounds,
    mutant: Option<&MutantInfo>,
    threads: usize,
) -> LivenessSummary {
    let limits = Limits { threads, ..Limits::default() };
    subject.check_liveness(bounds, mutant, &limits).expect("the bounds agree")
}

#[test]
fn what_ships_reaches_its_goals() {
    for subject in SUBJECTS.iter().copied() {
        let profiles = subject.liveness_profiles();
        for (name, bounds) in profiles.iter().filter(|(name, _)| is_small(name)) {
            let summary = check(subject, bounds, None, 0);
            assert!(summary.ok && summary.cut.is_none(), "{name}: {:?}", summary.cut);
            assert!(summary.ends > 0 && summary.states > summary.ends, "{name}");
            for goal in summary.goals {
                assert_eq!(goal.status, Status::Holds, "{name}: {}", goal.name);
                assert!(goal.missing > 0 && goal.trace.is_none(), "{name}: {}", goal.name);
            }
        }
    }
}

fn mutants() -> impl Iterator<Item = (&'static dyn Subject, MutantInfo)> {
    let all = SUBJECTS.iter().copied().flat_map(|s| s.liveness_mutants().into_iter().map(move |m| (s, m)));
    all.filter(|(_, mutant)| is_small(mutant.name))
}

fn run_again(subject: &dyn Subject, file: &str) -> Replay {
    let mut bytes = file.as_bytes();
    let header = read_header(&mut bytes).expect("a header");
    subject.replay(&header, &mut bytes).expect("it conforms")
}

#[test]
fn a_mutant_misses_the_goal_named_for_it() {
    for (subject, mutant) in mutants() {
        let name = mutant.name;
        let summary = check(subject, &mutant.bounds, Some(&mutant), 0);
        let goal = summary.goals.iter().find(|goal| goal.name == mutant.expected).expect("a goal");
        assert_eq!(goal.status, Status::Violated, "{name}");
        // Whatever goal is missed, and be it another: its story runs again.
        for goal in summary.goals.iter().filter(|goal| goal.status == Status::Violated) {
            let trace = goal.trace.as_ref().expect("it is told");
            let replay = run_again(subject, &trace.file);
            assert!(replay.misses_goal, "{name}: {}", trace.story);
            assert_eq!((replay.cycle, replay.steps), (trace.cycle, trace.steps as u64), "{name}");
            assert_eq!(trace.cycle.is_none(), name == "nobody-times-out", "{name}: {}", trace.story);
        }
    }
}

#[test]
fn what_ships_reaches_the_goals_that_mutants_miss_within_the_same_bounds() {
    for (subject, mutant) in mutants() {
        let summary = check(subject, &mutant.bounds, None, 0);
        assert_eq!(summary.cut, None, "{}", mutant.name);
        assert!(summary.goals.iter().all(|goal| goal.status == Status::Holds), "{}", mutant.name);
    }
}

/// Under other names, and for some threads: the same figures, and the same stories to the letter.
#[test]
fn it_comes_to_the_same_in_every_run() {
    let figures = |summary: &LivenessSummary| {
        let LivenessSummary { explored, ends, states, steps, .. } = summary;
        let goals = summary.goals.iter().map(|goal| {
            let files = goal.trace.iter().flat_map(|trace| trace.files().map(|(_, text)| text.to_owned()));
            (goal.name, goal.status, goal.missing, files.collect::<Vec<_>>())
        });
        (explored.unique_states, *ends, *states, *steps, goals.collect::<Vec<_>>())
    };
    for (subject, mutant) in mutants() {
        let by = |threads| figures(&check(subject, &mutant.bounds, Some(&mutant), threads));
        let alone = by(1);
        for threads in [1, 2, 2, 3] {
            assert_eq!(by(threads), alone, "{} with {threads} threads", mutant.name);
        }
    }
}
