//! What a machine can check of the style of the sources: banned names, lengths, references.
//!
//! The checks go line by line and rely on rustfmt's layout.

use std::fs;
use std::path::{Path, PathBuf};

/// Names that have no place in a pure, deterministic, compact library. The reason is shown.
const BANNED: [(&str, &str); 16] = [
    ("HashMap", "its order differs from run to run"),
    ("HashSet", "its order differs from run to run"),
    ("RandomState", "a machine is deterministic"),
    ("Instant", "durations belong to the host"),
    ("SystemTime", "durations belong to the host"),
    ("rand", "randomness belongs to the host"),
    ("std::fs", "a machine does nothing by itself"),
    ("std::net", "a machine does nothing by itself"),
    ("std::thread", "a machine does nothing by itself"),
    ("println!", "a machine speaks through its outbox"),
    ("eprintln!", "a machine speaks through its outbox"),
    ("dbg!", "left over from debugging"),
    ("unsafe", "the library has none"),
    ("unwrap()", "a step is total"),
    ("f32", "floats are neither Eq nor Hash"),
    ("f64", "floats are neither Eq nor Hash"),
];

/// Where floats are what the subject is made of: laws and fits are arithmetic of real numbers, and no
/// state of a machine.
const FLOATS: [&str; 2] = ["src/auction/cost_model", "src/coordination"];

/// Lines of code a file, without comments, blank lines and tests.
const FILE_LIMIT: usize = 400;
/// Files that are somewhat over, with the figure that they have.
const LONGER_FILES: [(&str, usize); 1] = [("src/raft/election/mod.rs", 500)];
/// Lines a function, from its `fn` to its closing brace.
const FUNCTION_LIMIT: usize = 70;

/// The sections that the sources may cite.
const SECTIONS: [(&str, &str); 24] = [
    ("5.1", "paper: Raft basics"),
    ("5.2", "paper: leader election"),
    ("5.3", "paper: log replication"),
    ("5.4", "paper: safety"),
    ("5.4.1", "paper: election restriction"),
    ("5.4.2", "paper: committing entries from previous terms"),
    ("5.4.3", "paper: safety argument"),
    ("5.5", "paper: follower and candidate crashes"),
    ("5.6", "paper: timing and availability"),
    ("3.8", "thesis: persisted state and server restarts"),
    ("3.10", "thesis: leadership transfer"),
    ("4.1", "thesis: safety of membership changes"),
    ("4.2.1", "thesis: catching up new servers"),
    ("4.2.2", "thesis: removing the current leader"),
    ("4.2.3", "thesis: disruptive servers"),
    ("4.3", "thesis: joint consensus"),
    ("6.2", "thesis: routing requests to the leader"),
    ("6.3", "thesis: linearizable semantics"),
    ("6.4", "thesis: read-only queries"),
    ("6.4.1", "thesis: clocks for read-only queries"),
    ("9.6", "thesis: servers that rejoin the cluster"),
    ("10.2", "thesis: performance considerations"),
    ("10.2.1", "thesis: writing to the leader's disk in parallel"),
    ("10.2.2", "thesis: batching and pipelining"),
];

#[derive(Clone)]
struct Source {
    /// With `/`, from the root of the package.
    path: String,
    text: String,
}

impl Source {
    /// The lines before the unit tests, numbered from 1.
    fn shipped(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        numbered.take_while(|(_, line)| line.trim() != "#[cfg(test)]")
    }

    /// Of those, the code without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let code = self.shipped().map(|(number, line)| (number, line.split("//").next().unwrap_or_default()));
        code.filter(|(_, line)| !line.trim().is_empty())
    }

    /// Of those, the comments without code.
    fn comments(&self) -> impl Iterator<Item = (usize, &str)> {
        self.shipped().filter_map(|(number, line)| Some((number, line.split_once("//")?.1)))
    }
}

fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut found): (Vec<PathBuf>, _) = (vec![root.join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source is text");
                let path = path.strip_prefix(root).expect("it lies below the root");
                found.push(Source { path: path.to_string_lossy().replace('\\', "/"), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "no sources in {folder}");
    found
}

/// Whether the name stands there by itself, not as a part of a longer one.
fn mentions(line: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(name).any(|(start, _)| {
        let (before, after) = (&line[..start], &line[start + name.len()..]);
        !(before.ends_with(part) || name.ends_with(part) && after.starts_with(part))
    })
}

/// Numbers with dots, such as `5.4.1`, in a comment. Versions and ranges are none.
fn sections(comment: &str) -> Vec<&str> {
    let words = comment.split(|c: char| !c.is_alphanumeric() && c != '.').map(|word| word.trim_matches('.'));
    let is_section =
        |word: &&str| word.contains('.') && word.split('.').all(|part| part.parse::<u8>().is_ok());
    words.filter(is_section).collect()
}

#[test]
fn no_banned_name_is_used() {
    for source in sources("src") {
        for (number, line) in source.code() {
            for (name, why) in BANNED {
                if name == "f64" && FLOATS.iter().any(|folder| source.path.starts_with(folder)) {
                    continue;
                }
                assert!(!mentions(line, name), "{}:{number}: `{name}`: {why}", source.path);
            }
        }
    }
}

#[test]
fn files_are_short_enough_to_be_read_at_once() {
    for source in sources("src").iter().chain(&sources("tests")) {
        let longer = LONGER_FILES.iter().find(|(path, _)| *path == source.path);
        let (limit, lines) = (longer.map_or(FILE_LIMIT, |(_, limit)| *limit), source.code().count());
        assert!(lines <= limit, "{} has {lines} lines of code", source.path);
        assert!(longer.is_none() || lines > FILE_LIMIT, "{} is no longer an exception", source.path);
    }
}

/// rustfmt puts the closing brace of a function under the beginning of its first line.
#[test]
fn functions_fit_on_a_page() {
    let mut functions = 0;
    for source in sources("src").iter().chain(&sources("tests")) {
        let lines: Vec<_> = source.text.lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if !mentions(code, "fn ") || code.trim_end().ends_with([';', '}']) {
                continue;
            }
            let indent = &line[..line.len() - line.trim_start().len()];
            let close = format!("{indent}}}");
            let body = lines[start..].iter().position(|line| line.starts_with(&close));
            let length = body.map_or(0, |length| length + 1);
            assert!(length <= FUNCTION_LIMIT, "{}:{}: {length} lines", source.path, start + 1);
            functions += usize::from(length > 1);
        }
    }
    assert!(functions > 100, "only {functions} functions were found");
}

#[test]
fn enums_of_a_protocol_are_matched_exhaustively() {
    for source in sources("src/raft").iter().chain(&sources("src/contract_net")) {
        for (number, line) in source.code() {
            let catches_all = line.trim_start().starts_with("_ =>") || line.contains(" _ =>");
            assert!(!catches_all, "{}:{number}: a new variant would slip through `_`", source.path);
        }
    }
}

#[test]
fn every_rule_cites_its_source() {
    let (mut doc, mut cited) = (String::new(), 0);
    for rules in sources("src/raft").iter().filter(|source| source.path.ends_with("/rules.rs")) {
        for (number, line) in rules.shipped() {
            if let Some(comment) = line.trim().strip_prefix("///") {
                doc.push_str(comment);
                continue;
            }
            if line.starts_with("    fn ") {
                let names_source = doc.contains("Paper") || doc.contains("Thesis");
                let names_place = !sections(&doc).is_empty() || doc.contains("Figure");
                assert!(names_source && names_place, "{}:{number}: which sentence is this?", rules.path);
                cited += 1;
            }
            doc.clear();
        }
    }
    assert!(cited >= 13, "only {cited} rules were found");
}

/// Those of the contract net name a paper, or a place in its state table or its guarantees.
#[test]
fn every_rule_of_the_contract_net_cites_its_source() {
    const SOURCES: [&str; 6] = [
        "Smith 1980",
        "FIPA SC00029",
        "Vickrey 1961",
        "Gray and Cheriton 1989",
        "State table",
        "Guarantee G",
    ];
    let (mut doc, mut cited) = (String::new(), 0);
    for rules in sources("src/contract_net").iter().filter(|source| source.path.ends_with("/rules.rs")) {
        for (number, line) in rules.shipped() {
            if let Some(comment) = line.trim().strip_prefix("///") {
                doc.push_str(comment);
                continue;
            }
            if line.starts_with("    fn ") {
                let cites = SOURCES.iter().any(|source| doc.contains(source));
                assert!(cites, "{}:{number}: which rule is this?", rules.path);
                cited += 1;
            }
            doc.clear();
        }
    }
    assert!(cited >= 19, "only {cited} rules were found");
}

#[test]
fn every_section_that_is_cited_exists() {
    let mut cited = 0;
    let tests = [sources("tests/raft_paper"), sources("tests/raft_log")].concat();
    for source in sources("src/raft").iter().chain(&tests) {
        for (number, comment) in source.comments() {
            for section in sections(comment) {
                let known = SECTIONS.iter().any(|(name, _)| *name == section);
                assert!(known, "{}:{number}: there is no section {section}", source.path);
                cited += 1;
            }
        }
    }
    assert!(cited > 100, "only {cited} references were found");
}

#[test]
fn every_test_of_a_sentence_cites_it() {
    let mut tests = 0;
    for source in [sources("tests/raft_paper"), sources("tests/raft_log")].concat() {
        let lines: Vec<_> = source.text.lines().collect();
        for (number, _) in lines.iter().enumerate().filter(|(_, line)| line.trim() == "#[test]") {
            let doc: Vec<_> = lines[..number]
                .iter()
                .rev()
                .map(|line| line.trim())
                .take_while(|line| line.starts_with("///"))
                .collect();
            let first = doc.last().unwrap_or_else(|| panic!("{}:{number}: no citation", source.path));
            let cites = first.starts_with("/// Paper") || first.starts_with("/// Thesis");
            assert!(cites, "{}:{number}: cites neither paper nor thesis", source.path);
            tests += 1;
        }
    }
    assert!(tests > 150, "only {tests} tests were found");
}

/// The helpers of this file see what they are meant to see.
#[test]
fn the_checks_can_fail() {
    assert!(mentions("use std::collections::HashMap;", "HashMap"));
    assert!(mentions("x.unwrap();", "unwrap()") && !mentions("x.unwrap_or(0)", "unwrap()"));
    assert!(mentions("unsafe { }", "unsafe") && !mentions("#![forbid(unsafe_code)]", "unsafe"));
    assert!(mentions("rand::rng()", "rand") && !mentions("operand", "rand") && !mentions("random", "rand"));
    assert_eq!(sections("(paper, 5.4.1; thesis 9.6). And 2014, `T..2T`, v1.x"), ["5.4.1", "9.6"]);
    let text = "// see 5.1\nfn f() {} // HashMap\n\n#[cfg(test)]\nmod tests {}\n".to_string();
    let source = Source { path: String::new(), text };
    assert_eq!(source.code().collect::<Vec<_>>(), [(2, "fn f() {} ")]);
    assert_eq!(source.comments().collect::<Vec<_>>(), [(1, " see 5.1"), (2, " HashMap")]);
}
