//! What the README says of models is what there is.

use althing_models::subject::SUBJECTS;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");

fn readme() -> String {
    std::fs::read_to_string(README).expect("the README")
}

/// The code that is shown is the code that is tested.
#[test]
fn the_contract_net_by_hand_is_the_one_of_the_documentation() {
    let front = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../src/contract_net/front.md"));
    let front = front.expect("the front page of the contract net");
    let code = front.split("```").nth(1).expect("its code");
    assert!(code.lines().count() < 42 && readme().contains(&format!("```rust{code}```")));
}

/// What is shown as printed is printed, up to where it is cut off.
#[test]
fn what_plan_and_fit_print_is_what_is_shown() {
    let text = readme();
    let shown: Vec<_> = text.split("```text\n$ althing ").skip(1).collect();
    assert_eq!(shown.len(), 3, "a plan and two fits");
    for block in shown {
        let (command, expected) =
            block.split_once("\n```").and_then(|it| it.0.split_once('\n')).expect("its end");
        let mut althing = std::process::Command::new(env!("CARGO_BIN_EXE_althing"));
        althing.args(command.split(' ')).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let printed = String::from_utf8(althing.output().expect("it runs").stdout).expect("text");
        let mut lines = printed.lines().map(str::trim_end);
        for expected in expected.lines().take_while(|line| *line != "...") {
            assert_eq!(lines.next(), Some(expected), "{command}");
        }
        assert!(expected.ends_with("\n...") || lines.next().is_none(), "{command}: it goes on");
    }
}

/// Whether a line speaks of this by its whole name.
fn names(line: &str, name: &str) -> bool {
    let of_name = |c: char| c.is_alphanumeric() || c == '-';
    line.split(|c| !of_name(c)).any(|word| word == name)
}

#[test]
fn each_mutant_stands_in_the_line_of_the_invariant_that_catches_it() {
    let text = readme();
    for subject in SUBJECTS {
        for mutant in subject.mutants() {
            let in_line = |line: &str| names(line, mutant.name) && names(line, mutant.expected);
            let (model, name, expected) = (subject.name(), mutant.name, mutant.expected);
            assert!(text.lines().any(in_line), "{model}: {name} is not in a line of {expected}");
        }
    }
}

#[test]
fn each_profile_and_each_mutant_of_liveness_is_named() {
    let text = readme();
    for subject in SUBJECTS.iter().filter(|subject| subject.name() != "raft-election") {
        for (name, _) in subject.quick().into_iter().chain(subject.full()) {
            assert!(names(&text, name), "{}: no profile {name}", subject.name());
        }
    }
    for mutant in SUBJECTS.iter().flat_map(|subject| subject.liveness_mutants()) {
        assert!(names(&text, mutant.name), "no mutant {}", mutant.name);
    }
}
