//! The picture of a schedule.

use althing::coordination::schedule::gantt::{Labels, gantt};
use althing::coordination::schedule::{Bounds, Placement, Schedule, heft};

use crate::world::ten_tasks;

fn labels<'a>(title: &'a str, tasks: &'a [String], agents: &'a [String]) -> Labels<'a> {
    Labels { title, agents, tasks, ticks: 1 }
}

/// Whether each element that begins also ends, and nothing is left over.
fn is_balanced(svg: &str) -> bool {
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("it ends");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{svg}"),
            None if tag.ends_with('/') => (),
            None => open.push(tag.split_whitespace().next().expect("a name")),
        }
    }
    open.is_empty()
}

#[test]
fn each_task_is_a_box_at_its_place() {
    let (graph, times) = ten_tasks();
    let svg = gantt(&heft(&graph, &times).expect("a schedule"), labels("Ten tasks", &[], &[]));
    assert!(is_balanced(&svg));
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 184\""));
    assert!(svg.contains("role=\"img\" aria-labelledby=\"title desc\""));
    assert!(svg.contains("<title id=\"title\">Ten tasks</title>"));
    assert!(svg.contains("<desc id=\"desc\">10 tasks on 3 agents, from 0 to 80</desc>"));
    assert_eq!(svg.matches("<g><title>").count(), 10);
    // The last task: 73 to 80 on the second agent. 120 + 816 * 73 / 80 = 864.6, 816 * 7 / 80 = 71.4.
    let last = "<g><title>task 9: 73 to 80</title><rect x=\"864.60\" y=\"83\" width=\"71.40\" height=\"26\" \
                fill=\"#f4a6a6\"";
    assert!(svg.contains(last), "{svg}");
    assert!(svg.contains("<text x=\"867.60\" y=\"100\">task 9</text>"), "{svg}");
    assert!(svg.contains("<text x=\"112\" y=\"68\" text-anchor=\"end\">agent 0</text>"));
    assert!(svg.contains("<text x=\"112\" y=\"100\" text-anchor=\"end\">agent 1</text>"));
    assert!(svg.contains("<text x=\"222.00\" y=\"162\" text-anchor=\"middle\">10</text>"));
    assert!(svg.contains("<path d=\"M936.00 48V144\" stroke=\"#b00020\""));
    assert_eq!(svg.matches("text-anchor=\"middle\"").count(), 9, "0 to 80 by 10");
}

fn one(finish: u64, ticks: u64, name: &str) -> String {
    let placements = vec![Placement { agent: 0, start: 0, finish }];
    let schedule = Schedule { agents: 1, placements, makespan: finish, bounds: Bounds::default() };
    gantt(&schedule, Labels { ticks, ..labels(name, &[name.into()], &[name.into()]) })
}

/// The axis has a line each 1, 2 or 5 times a power of ten, and no more than ten after the first.
#[test]
fn the_axis_has_round_steps() {
    for (finish, lines) in [(7, 8), (10, 11), (15, 8), (45, 10), (100, 11), (150, 8), (400, 9), (1_500, 8)] {
        assert_eq!(one(finish, 1, "").matches("text-anchor=\"middle\"").count(), lines, "{finish}");
    }
}

#[test]
fn names_are_no_markup_and_no_longer_than_their_place() {
    let svg = one(5, 1, "<b a=\"1\" c='2'>&\u{1}\u{ffff}");
    assert!(is_balanced(&svg) && !svg.contains("<b"));
    let whole = "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp; \u{fffd}";
    assert!(svg.contains(&format!("<g><title>{whole}: 0 to 5</title>")));
    assert!(svg.contains(&format!("<text x=\"123.00\" y=\"68\">{whole}</text>")));
    // Agents have room for 14 letters, the only task for 115.
    assert!(svg.contains("text-anchor=\"end\">&lt;b a=&quot;1&quot; c=&#39;2\u{2026}</text>"), "{svg}");
    assert!(one(5, 1, "fourteen chars").contains("text-anchor=\"end\">fourteen chars</text>"));
    assert!(one(5, 1, "fifteen letters").contains("text-anchor=\"end\">fifteen lette\u{2026}</text>"));
    assert!(one(5, 1, &"x".repeat(115)).contains(&format!("y=\"68\">{}</text>", "x".repeat(115))));
    assert!(one(5, 1, &"x".repeat(116)).contains(&format!("y=\"68\">{}\u{2026}</text>", "x".repeat(114))));
    assert!(one(0, 1, "none").contains("y=\"68\"></text>"), "no room");
}

#[test]
fn times_are_shown_in_units() {
    let steps = |end, ticks| {
        let svg = one(end, ticks, "t");
        let labels = svg.split("text-anchor=\"middle\">").skip(1);
        labels.map(|it| it.split_once('<').expect("it ends").0.to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(steps(20, 8), "0 0.25 0.5 0.75 1 1.25 1.5 1.75 2 2.25 2.5");
    assert_eq!(steps(21, 1), "0 5 10 15 20");
    assert_eq!(steps(100_000, 1_000), "0 10 20 30 40 50 60 70 80 90 100");
    assert_eq!(steps(0, 0), "0 1", "also of nothing");
    assert!(is_balanced(&one(u64::MAX, 1, "long")));
}
