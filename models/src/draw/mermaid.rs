//! A trace as a sequence diagram in Mermaid's language.

use std::fmt::Write as _;

use althing::machine::Machine;

use crate::trace::{Happening, Line, Trace};

impl<M: Machine> Trace<M> {
    /// The trace as a sequence diagram in Mermaid's language: an arrow for each message that
    /// arrives or is lost, and a note for whatever else happens and for how a node changed.
    pub fn mermaid(&self) -> String {
        let mut text = String::from("sequenceDiagram\n");
        for node in self.nodes {
            let _ = writeln!(text, "    participant {node}");
        }
        let all = self.everybody();
        let mut words = self.initial_words();
        let mut indent = "    ";
        for (index, line) in self.lines.iter().enumerate() {
            if self.cycle == Some(index) {
                text += "    loop for ever\n";
                indent = "        ";
            }
            let _ = writeln!(text, "{indent}{}", picture(line, &all));
            if let Some((_, after)) = line.change(&mut words) {
                let _ = writeln!(text, "{indent}Note over {}: {}", line.node, escape(after));
            }
        }
        if self.cycle.is_some() {
            text += "    end\n";
        }
        let _ = writeln!(text, "    Note over {all}: {} is violated", escape(&self.property));
        text
    }

    /// Where to put a note that concerns everybody.
    fn everybody(&self) -> String {
        let mut nodes = self.nodes.iter();
        let first = nodes.next().unwrap_or_default();
        nodes.last().map_or_else(|| first.to_string(), |last| format!("{first},{last}"))
    }
}

/// What happened: an arrow if it was a message, or else a note.
fn picture<M: Machine>(line: &Line<M>, all: &str) -> String {
    let Line { step, node, input, .. } = line;
    if let Some((from, message)) = line.message() {
        let (arrow, remark) = match input {
            Happening::Lose(_) => ("-x", ""),
            Happening::Crash(_) => ("->>", ", crash"),
            Happening::Duplicate(_) => ("->>", " (a copy stays in flight)"),
            Happening::Event(_) | Happening::Restart => ("->>", ""),
            Happening::Cut(_) | Happening::Heal | Happening::Tick => ("->>", ""),
        };
        return format!("{from}{arrow}{node}: {step}. {}{remark}", escape(&format!("{message:?}")));
    }
    let over = line.actor().map_or_else(|| all.to_owned(), |node| node.to_string());
    format!("Note over {over}: {step}. {}", escape(&line.happening()))
}

/// Mermaid ends a text at `;` and at the end of the line, and starts a comment at `#`.
fn escape(text: &str) -> String {
    text.replace(';', ",").replace('#', "").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::escape;

    #[test]
    fn a_diagram_has_an_arrow_for_each_message_and_a_note_for_each_change() {
        let expected = "\
sequenceDiagram
    participant n0
    participant n1
    participant n2
    Note over n0: 1. timer Tick expires
    Note over n0: waiting
    n0->>n1: 2. Ping
    n0-xn2: 3. Ping
    n1->>n0: 4. Pong
    Note over n0: answered
    Note over n0,n2: 5. the network is cut around {n0}
    Note over n0: 6. crash and restart
    Note over n0: idle
    n0->>n1: 7. Ping (a copy stays in flight)
    n1->>n0: 8. Pong
    Note over n0: answered
    n0->>n2: 9. Hello
    Note over n0,n2: Answered is violated
";
        assert_eq!(sample::trace().mermaid(), expected);
    }

    #[test]
    fn what_goes_on_for_ever_is_a_loop() {
        let expected = "\
sequenceDiagram
    participant n0
    participant n1
    participant n2
    Note over n0: 1. timer Tick expires
    Note over n0: waiting
    loop for ever
        n0->>n1: 2. Ping
    end
    Note over n0,n2: Answered is violated
";
        assert_eq!(sample::lasso().mermaid(), expected);
    }

    #[test]
    fn no_text_ends_a_line_or_begins_a_comment() {
        assert_eq!(escape("a; b #1\nend"), "a, b 1 end");
    }
}
