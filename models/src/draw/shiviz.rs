//! A trace as a log for ShiViz, which draws who could know of what.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use althing::machine::Machine;
use althing::node::NodeId;
use althing::outbox::Op;

use crate::trace::{Happening, Line, Trace};

/// What the network does is an event of its own host. No node ever hears of it.
const NETWORK: &str = "network";

/// How many events of each host came before an event, itself included; hosts without any are
/// left out.
type Clock = BTreeMap<String, u64>;

impl<M: Machine> Trace<M> {
    /// The trace as a log for ShiViz, which its default parser reads: for each event a line with
    /// what happened, and one with its host and vector clock. The first event of each node is its
    /// start.
    pub fn shiviz(&self) -> String {
        let mut text = String::new();
        let mut clocks = Clocks { of_hosts: BTreeMap::new(), sent: Vec::new(), started: BTreeMap::new() };
        let mut words = self.initial_words();
        for node in self.nodes {
            let words = words.get(&node).map_or_else(String::new, |words| format!(" -> {words}"));
            log(&mut text, &format!("start{words}"), &node.to_string(), &clocks.start(node));
        }
        for (index, line) in self.lines.iter().enumerate() {
            let host = line.actor().map_or_else(|| NETWORK.to_owned(), |node| node.to_string());
            let clock = clocks.tick(&host, line);
            let for_ever = if self.cycle.is_some_and(|cycle| index >= cycle) { ", for ever" } else { "" };
            let mut event = format!("step {}{for_ever}: {}", line.step, line.happening());
            if let Some((_, after)) = line.change(&mut words) {
                event += &format!(" -> {after}");
            }
            log(&mut text, &event, &host, &clock);
        }
        text
    }
}

/// An event, in two lines.
fn log(text: &mut String, event: &str, host: &str, clock: &Clock) {
    let times: Vec<_> = clock.iter().map(|(host, time)| format!("\"{host}\":{time}")).collect();
    let _ = writeln!(text, "{}\n{host} {{{}}}", event.replace(['\n', '\r'], " "), times.join(","));
}

/// The clocks as they go.
struct Clocks<'a, M: Machine> {
    of_hosts: BTreeMap<String, Clock>,
    /// Each message sent so far: from whom, to whom, what, and the clock of the step that sent it.
    sent: Vec<(NodeId, NodeId, &'a M::Message, Clock)>,
    /// The clock of the latest start of each node.
    started: BTreeMap<NodeId, Clock>,
}

impl<'a, M: Machine> Clocks<'a, M> {
    /// The clock of the first start of a node.
    fn start(&mut self, node: NodeId) -> Clock {
        let clock = Clock::from([(node.to_string(), 1)]);
        self.of_hosts.insert(node.to_string(), clock.clone());
        self.started.insert(node, clock.clone());
        clock
    }

    /// The clock of the next event.
    fn tick(&mut self, host: &str, line: &'a Line<M>) -> Clock {
        let mut clock = self.of_hosts.remove(host).unwrap_or_default();
        for (other, time) in self.heard(line) {
            let known = clock.entry(other).or_default();
            *known = time.max(*known);
        }
        *clock.entry(host.to_owned()).or_default() += 1;
        for op in &line.effects {
            if let Op::Send { to, message } = op {
                self.sent.push((line.node, *to, message, clock.clone()));
            }
        }
        if matches!(line.input, Happening::Crash(_) | Happening::Restart) {
            self.started.insert(line.node, clock.clone());
        }
        self.of_hosts.insert(host.to_owned(), clock.clone());
        clock
    }

    /// The clock that came with the message of this line, if there is one: that of the latest step
    /// that sent an equal message. What no step has sent, a start has.
    fn heard(&self, line: &Line<M>) -> Clock {
        let Some((from, message)) = line.message() else { return Clock::new() };
        let mut latest_first = self.sent.iter().rev();
        let sent = latest_first.find(|(by, to, what, _)| (*by, *to, *what) == (from, line.node, message));
        sent.map(|(.., clock)| clock).or_else(|| self.started.get(&from)).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;

    #[test]
    fn a_log_has_the_vector_clock_of_each_event() {
        let expected = r#"start -> idle
n0 {"n0":1}
start -> idle
n1 {"n1":1}
start -> idle
n2 {"n2":1}
step 1: timer Tick expires -> waiting
n0 {"n0":2}
step 2: Ping from n0
n1 {"n0":2,"n1":2}
step 3: lost: Ping from n0 to n2
network {"n0":2,"network":1}
step 4: Pong from n1 -> answered
n0 {"n0":3,"n1":2}
step 5: the network is cut around {n0}
network {"n0":2,"network":2}
step 6: crash and restart -> idle
n0 {"n0":4,"n1":2}
step 7: Ping from n0 (a copy stays in flight)
n1 {"n0":2,"n1":3}
step 8: Pong from n1 -> answered
n0 {"n0":5,"n1":3}
step 9: Hello from n0
n2 {"n0":4,"n1":2,"n2":2}
"#;
        assert_eq!(sample::trace().shiviz(), expected);
    }

    #[test]
    fn what_goes_on_for_ever_is_marked() {
        let expected = r#"
step 1: timer Tick expires -> waiting
n0 {"n0":2}
step 2, for ever: Ping from n0
n1 {"n0":2,"n1":2}
"#;
        let log = sample::lasso().shiviz();
        assert!(log.ends_with(expected), "{log}");
    }
}
