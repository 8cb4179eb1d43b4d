//! `althing`, as its users call it.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// What it does with these arguments and this on standard input.
pub(crate) fn althing(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_althing"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("althing runs");
    // It may have seen enough before it has read all.
    let _ = child.stdin.take().expect("piped").write_all(input);
    child.wait_with_output().expect("althing ends")
}

/// What it prints, if all is well.
pub(crate) fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// The lines of `--json`, by kind.
pub(crate) fn lines(output: &Output, kind: &str) -> Vec<Value> {
    let text = printed(output);
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("an object a line"));
    lines.filter(|line| line["kind"] == kind).collect()
}

/// The one line that says why it does nothing.
pub(crate) fn refused(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).expect("text");
    assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    assert!(output.stdout.is_empty(), "nothing half done");
    said.trim_end().to_owned()
}

pub(crate) fn number(line: &Value, field: &str) -> f64 {
    line[field].as_f64().unwrap_or_else(|| panic!("{field} of {line}"))
}

/// A picture that `--plot` draws, and what is printed besides.
pub(crate) fn plot(arguments: &[&str], input: &[u8], name: &str) -> (String, Output) {
    let file = std::env::temp_dir().join(format!("althing-{name}-{}.svg", std::process::id()));
    let output = althing(&[arguments, &["--plot", &file.display().to_string()]].concat(), input);
    let svg = std::fs::read_to_string(&file).expect("it was written");
    std::fs::remove_file(&file).expect("it is there");
    (svg, output)
}
