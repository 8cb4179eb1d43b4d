//! Traces as people and other tools read them: here as a story.

mod itf;
mod mermaid;
#[cfg(test)]
mod sample;
mod shiviz;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use althing::machine::{Event, Machine};
use althing::node::NodeId;
use althing::outbox::Op;

use crate::trace::{Happening, Line, Trace};

impl<M: Machine> Trace<M> {
    /// The trace as a numbered story: what happens to whom in each step, what the node does, and
    /// how that changes it. Ticks of time that follow each other are told as one.
    pub fn story(&self) -> String {
        let mut text = String::new();
        let mut words = self.initial_words();
        let mut ticks = Ticks::default();
        for (index, line) in self.lines.iter().enumerate() {
            if self.cycle == Some(index) {
                text += "-- from here on, for ever --\n";
            }
            if matches!(line.input, Happening::Tick) {
                ticks.pass(line.step);
                let next = self.lines.get(index + 1).map(|line| &line.input);
                if !matches!(next, Some(Happening::Tick)) || self.cycle == Some(index + 1) {
                    text += &ticks.tell();
                }
                continue;
            }
            let happening = line.happening();
            let _ = match line.actor() {
                Some(node) => writeln!(text, "{:>3}. {node}: {happening}", line.step),
                None => writeln!(text, "{:>3}. {happening}", line.step),
            };
            if line.actor().is_some() {
                let _ = writeln!(text, "       does: {}", describe_ops(&line.effects));
            }
            if let Some((before, after)) = line.change(&mut words) {
                if !before.is_empty() {
                    let _ = writeln!(text, "       was:  {before}");
                }
                let _ = writeln!(text, "       now:  {after}");
            }
        }
        if let Some(first) = self.cycle.and_then(|cycle| self.lines.get(cycle)) {
            let _ = writeln!(text, "-- and again from step {} --", first.step);
        }
        text
    }

    /// Each node before the first step, in words.
    fn initial_words(&self) -> BTreeMap<NodeId, &str> {
        self.nodes.iter().zip(self.initial.iter().map(String::as_str)).collect()
    }
}

/// Ticks of time, as they pass.
#[derive(Default)]
struct Ticks {
    /// All so far.
    passed: u64,
    /// Those that are not told yet: how many, and the step of the first.
    untold: Option<(u64, u64)>,
}

impl Ticks {
    fn pass(&mut self, step: u64) {
        self.passed += 1;
        let (first, count) = self.untold.unwrap_or((step, 0));
        self.untold = Some((first, count + 1));
    }

    /// Those that are not told yet, in words.
    fn tell(&mut self) -> String {
        let passed = self.passed;
        match self.untold.take() {
            None => String::new(),
            Some((step, 1)) => format!("{step:>3}. a tick of time passes: {passed} so far\n"),
            Some((first, count)) => {
                let last = first + count - 1;
                format!("{first:>3}. to {last}. {count} ticks of time pass: {passed} so far\n")
            }
        }
    }
}

impl<M: Machine> Line<M> {
    /// The node that did something, unless it was the network.
    fn actor(&self) -> Option<NodeId> {
        match self.input {
            Happening::Event(_) | Happening::Duplicate(_) | Happening::Crash(_) | Happening::Restart => {
                Some(self.node)
            }
            Happening::Lose(_) | Happening::Cut(_) | Happening::Heal | Happening::Tick => None,
        }
    }

    /// What happened, in words, of which the actor is no part.
    fn happening(&self) -> String {
        let words = describe_happening(&self.input);
        if matches!(self.input, Happening::Lose(_)) { format!("{words} to {}", self.node) } else { words }
    }

    /// The message that arrived, or was lost, and its sender.
    fn message(&self) -> Option<(NodeId, &M::Message)> {
        match &self.input {
            Happening::Event(event)
            | Happening::Duplicate(event)
            | Happening::Crash(event)
            | Happening::Lose(event) => match event {
                Event::Message { from, message } => Some((*from, message)),
                Event::Timer(_) | Event::Input(_) => None,
            },
            Happening::Restart | Happening::Cut(_) | Happening::Heal | Happening::Tick => None,
        }
    }

    /// The node in words, before and after, if these differ. Keeps the words of all nodes.
    fn change<'a>(&'a self, words: &mut BTreeMap<NodeId, &'a str>) -> Option<(&'a str, &'a str)> {
        if self.state.is_empty() {
            return None;
        }
        let before = words.insert(self.node, &self.state).unwrap_or_default();
        (before != self.state).then_some((before, &*self.state))
    }
}

/// What happened, in words.
pub(crate) fn describe_happening<M: Machine>(input: &Happening<M>) -> String {
    match input {
        Happening::Event(event) => describe_event(event),
        Happening::Duplicate(event) => format!("{} (a copy stays in flight)", describe_event(event)),
        Happening::Crash(event) => format!("{}, crash", describe_event(event)),
        Happening::Restart => "crash and restart".into(),
        Happening::Lose(event) => format!("lost: {}", describe_event(event)),
        Happening::Cut(side) => format!("the network is cut around {side:?}"),
        Happening::Heal => "the network is whole again".into(),
        Happening::Tick => "a tick of time passes".into(),
    }
}

fn describe_event<M: Machine>(event: &Event<M>) -> String {
    match event {
        Event::Message { from, message } => format!("{message:?} from {from}"),
        Event::Timer(timer) => format!("timer {timer:?} expires"),
        Event::Input(input) => format!("input {input:?}"),
    }
}

/// Operations, in words; equal messages to several nodes as one.
pub(crate) fn describe_ops<M: Machine>(ops: &[Op<M>]) -> String {
    let mut text = String::new();
    let mut said: Option<&M::Message> = None;
    for op in ops {
        let (separator, words) = match op {
            Op::Send { to, message } if said == Some(message) => (", ", format!("{to}")),
            Op::Send { to, message } => ("; ", format!("send {message:?} to {to}")),
            Op::Write(write) => ("; ", format!("write {write:?}")),
            Op::Sync => ("; ", "sync".into()),
            Op::Output(output) => ("; ", format!("say {output:?}")),
            Op::Arm(_) | Op::Disarm(_) => continue,
        };
        said = if let Op::Send { message, .. } = op { Some(message) } else { None };
        if !text.is_empty() {
            text += separator;
        }
        text += &words;
    }
    if text.is_empty() { "nothing".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::sample;

    #[test]
    fn a_story_says_what_changed_in_each_step() {
        let expected = "  1. n0: timer Tick expires
       does: send Ping to n1, n2
       was:  idle
       now:  waiting
  2. n1: Ping from n0
       does: send Pong to n0
  3. lost: Ping from n0 to n2
  4. n0: Pong from n1
       does: nothing
       was:  waiting
       now:  answered
  5. the network is cut around {n0}
  6. n0: crash and restart
       does: nothing
       was:  answered
       now:  idle
  7. n1: Ping from n0 (a copy stays in flight)
       does: send Pong to n0
  8. n0: Pong from n1
       does: nothing
       was:  idle
       now:  answered
  9. n2: Hello from n0
       does: nothing
";
        assert_eq!(sample::trace().story(), expected);
    }

    #[test]
    fn a_story_tells_ticks_that_follow_each_other_as_one() {
        let expected = "  1. a tick of time passes: 1 so far
  2. n0: timer Tick expires
       does: send Ping to n1, n2
       was:  idle
       now:  waiting
  3. to 5. 3 ticks of time pass: 4 so far
-- from here on, for ever --
  6. to 7. 2 ticks of time pass: 6 so far
-- and again from step 6 --
";
        assert_eq!(sample::ticks().story(), expected);
    }

    #[test]
    fn a_story_of_what_goes_on_for_ever_says_where_that_begins() {
        let expected = "  1. n0: timer Tick expires
       does: send Ping to n1, n2
       was:  idle
       now:  waiting
-- from here on, for ever --
  2. n1: Ping from n0
       does: send Pong to n0
-- and again from step 2 --
";
        assert_eq!(sample::lasso().story(), expected);
    }
}
