//! A trace in Apalache's Informal Trace Format, which viewers of traces read.

use std::collections::BTreeSet;

use althing::machine::Machine;
use althing::outbox::Op;
use serde_json::{Value, json};

use crate::trace::{Line, Trace};

/// What the format is, for its readers.
const FORMAT: &str = "https://apalache-mc.org/docs/adr/015adr-trace.html";

impl<M: Machine> Trace<M> {
    /// The trace in the Informal Trace Format, ITF: the initial state, and the state after each
    /// step. Its variables are `action`, what happened last; `node`, to which node, if to one; a
    /// variable for each node with its words; and `sent`, the messages that this step sent (a line
    /// does not say what a start sends).
    pub fn itf(&self) -> String {
        let mut words = self.initial_words();
        let nodes = || self.nodes.iter().map(|node| (node.to_string(), node));
        let mut states = Vec::new();
        for (index, line) in std::iter::once(None).chain(self.lines.iter().map(Some)).enumerate() {
            if let Some(line) = line {
                line.change(&mut words);
            }
            let mut state = json!({
                "#meta": { "index": index },
                "action": line.map_or_else(|| "init".into(), Line::happening),
                "node": line.and_then(Line::actor).map_or_else(String::new, |node| node.to_string()),
                "sent": { "#set": line.map_or_else(BTreeSet::new, sent) },
            });
            for (name, node) in nodes() {
                state[name] = words.get(&node).copied().unwrap_or_default().into();
            }
            states.push(state);
        }
        let mut vars = vec!["action".to_owned(), "node".into(), "sent".into()];
        vars.extend(nodes().map(|(name, _)| name));
        let description = format!("{} is violated", self.property);
        let mut trace = json!({
            "#meta": { "format": "ITF", "format-description": FORMAT, "description": description },
            "vars": vars,
            "states": states,
        });
        if let Some(cycle) = self.cycle {
            // After the last state comes this one. It is the state after the first step of the
            // cycle, and not the one before, which says how the cycle was first reached.
            trace["loop"] = Value::from(cycle + 1);
        }
        format!("{trace:#}\n")
    }
}

/// The messages that a step sent, in words.
fn sent<M: Machine>(line: &Line<M>) -> BTreeSet<String> {
    let words = |op: &Op<M>| match op {
        Op::Send { to, message } => Some(format!("{message:?} from {} to {to}", line.node)),
        Op::Write(_) | Op::Sync | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => None,
    };
    line.effects.iter().filter_map(words).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::sample;

    #[test]
    fn a_trace_has_a_state_for_the_beginning_and_for_each_step() {
        let trace: Value = serde_json::from_str(&sample::lasso().itf()).expect("JSON");
        let expected = json!({
            "#meta": {
                "format": "ITF",
                "format-description": "https://apalache-mc.org/docs/adr/015adr-trace.html",
                "description": "Answered is violated",
            },
            "vars": ["action", "node", "sent", "n0", "n1", "n2"],
            "states": [
                {
                    "#meta": { "index": 0 },
                    "action": "init", "node": "", "sent": { "#set": [] },
                    "n0": "idle", "n1": "idle", "n2": "idle",
                },
                {
                    "#meta": { "index": 1 },
                    "action": "timer Tick expires", "node": "n0",
                    "sent": { "#set": ["Ping from n0 to n1", "Ping from n0 to n2"] },
                    "n0": "waiting", "n1": "idle", "n2": "idle",
                },
                {
                    "#meta": { "index": 2 },
                    "action": "Ping from n0", "node": "n1", "sent": { "#set": ["Pong from n1 to n0"] },
                    "n0": "waiting", "n1": "idle", "n2": "idle",
                },
            ],
            "loop": 2,
        });
        assert_eq!(trace, expected);
    }

    #[test]
    fn every_variable_has_a_value_in_every_state() {
        let trace: Value = serde_json::from_str(&sample::trace().itf()).expect("JSON");
        assert_eq!(trace.get("loop"), None);
        let (vars, states) = (trace["vars"].as_array().expect("a list"), &trace["states"]);
        for (index, state) in states.as_array().expect("a list").iter().enumerate() {
            assert_eq!(state["#meta"]["index"], index);
            let state = state.as_object().expect("an object");
            assert_eq!(state.len(), 1 + vars.len(), "what there is and no more: {state:?}");
            for name in vars {
                assert!(state.contains_key(name.as_str().expect("a name")), "{name}: {state:?}");
            }
        }
        // The network is no node, and what it does leaves the nodes as they were.
        assert_eq!((&states[5]["node"], &states[5]["n0"]), (&"".into(), &"answered".into()));
        assert_eq!((&states[9]["node"], &states[9]["n0"]), (&"n2".into(), &"answered".into()));
    }
}
