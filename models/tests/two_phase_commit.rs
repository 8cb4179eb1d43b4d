//! A protocol of one's own is checked without any change to the kit: the example does what its
//! documentation says.

#[allow(dead_code, reason = "its `main` is for the command line")]
#[path = "../examples/two_phase_commit.rs"]
mod two_phase_commit;

use two_phase_commit::check;

#[test]
fn two_phase_commit_is_explored_completely_and_everything_holds() {
    let (ok, report) = check::<false>();
    assert!(ok, "{report}");
    assert!(report.lines().next().is_some_and(|line| line.ends_with(": complete")), "{report}");
    let property = |line: &str| {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        (words[0].clone(), words[1..words.len() - 1].join(" "), words[words.len() - 1].clone())
    };
    let always = |name: &str| ("always".to_owned(), name.to_owned(), "holds".to_owned());
    let sometimes = |name: &str| ("sometimes".to_owned(), name.to_owned(), "witnessed".to_owned());
    assert_eq!(
        report.lines().skip(1).map(property).collect::<Vec<_>>(),
        [
            always("Contract"),
            always("Agreement"),
            always("PreparedIsDurable"),
            always("EveryoneDecides"),
            sometimes("all commit"),
            sometimes("all abort"),
        ]
    );
}

#[test]
fn a_coordinator_that_does_not_wait_for_all_managers_is_caught_with_the_shortest_story() {
    let (ok, report) = check::<true>();
    assert!(!ok, "{report}");
    let (_, story) = report.split_once("Agreement is violated after 3 steps:\n\n").expect("a story");
    assert!(story.contains("write Committed; sync; send Commit to n1, n2, n3"), "{story}");
    assert!(story.contains("write Aborted; sync; send Abort to n0"), "{story}");
}
