//! Whether two searches of the same model came to the same.

use std::fmt;

use crate::check::Status;
use crate::limits::Cut;
use crate::subject::Summary;

/// What came of the comparison.
pub(super) struct Agreement {
    /// `None` if a limit ended one of the searches, and nothing that is known of both differs.
    pub(super) agrees: Option<bool>,
    pub(super) differences: Vec<Difference>,
}

/// Something that should be the same, and is not.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Difference {
    pub(super) figure: String,
    pub(super) althing: String,
    pub(super) stateright: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { figure, althing, stateright } = self;
        write!(f, "{figure}: althing {althing}, stateright {stateright}")
    }
}

/// Compares what can be compared.
///
/// | the searches | what must be the same |
/// |---|---|
/// | both complete | the states, distinct and generated, the transitions never taken, and every property |
/// | at least one ended early | the properties that both decided |
///
/// If a property is violated, each search ends at a moment of its own, so that its figures say
/// nothing about the other's, and it may be another property that it finds violated first. But
/// what one found violated, one that was complete does not find to hold. Depths are not compared:
/// that of stateright's search with several threads is not that of the states.
pub(super) fn compare(althing: &Summary, stateright: &Summary) -> Agreement {
    let mut differences = Vec::new();
    let mut same = |figure: &str, althing: String, stateright: String| {
        if althing != stateright {
            differences.push(Difference { figure: figure.into(), althing, stateright });
        }
    };
    let summaries = [althing, stateright];
    if summaries.iter().all(|summary| summary.cut.is_none()) {
        let [distinct, generated, uncovered] = [
            summaries.map(|summary| summary.progress.unique_states.to_string()),
            summaries.map(|summary| summary.progress.states.to_string()),
            summaries.map(|summary| format!("{:?}", summary.transitions_uncovered)),
        ];
        for (figure, [althing, stateright]) in
            [("unique_states", distinct), ("states", generated), ("transitions_uncovered", uncovered)]
        {
            same(figure, althing, stateright);
        }
    }
    for (ours, theirs) in althing.properties.iter().zip(&stateright.properties) {
        if [ours, theirs].iter().all(|property| property.status != Status::Unknown) {
            same(ours.name, ours.status.name().into(), theirs.status.name().into());
        }
    }
    let is_limited = summaries.iter().any(|summary| !matches!(summary.cut, None | Some(Cut::Found)));
    let agrees = if differences.is_empty() { (!is_limited).then_some(true) } else { Some(false) };
    Agreement { agrees, differences }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limits::Progress;
    use crate::subject::PropertySummary;

    fn summary(unique_states: usize, cut: Option<Cut>, status: Status) -> Summary {
        Summary {
            progress: Progress {
                states: 20,
                unique_states,
                queue: 0,
                depth: 3,
                elapsed: Duration::ZERO,
                memory: None,
            },
            cut,
            symmetry: false,
            table_bytes: None,
            properties: vec![PropertySummary { name: "Safety", is_witness: false, status, trace: None }],
            transitions_uncovered: Vec::new(),
            collision_bound: 0.0,
            ok: cut.is_none(),
        }
    }

    fn outcome(althing: &Summary, stateright: &Summary) -> (Option<bool>, Vec<String>) {
        let Agreement { agrees, differences } = compare(althing, stateright);
        (agrees, differences.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn complete_searches_are_compared_by_every_figure() {
        let nine = summary(9, None, Status::Holds);
        assert_eq!(outcome(&nine, &nine), (Some(true), vec![]));
        let mut other = summary(8, None, Status::Holds);
        other.progress.states = 19;
        other.transitions_uncovered = vec!["vote", "win"];
        let differences = [
            "unique_states: althing 9, stateright 8",
            "states: althing 20, stateright 19",
            r#"transitions_uncovered: althing [], stateright ["vote", "win"]"#,
        ];
        assert_eq!(outcome(&nine, &other), (Some(false), differences.map(Into::into).to_vec()));
    }

    #[test]
    fn violated_searches_are_compared_by_what_both_decided() {
        let [early, late] = [4, 7].map(|states| summary(states, Some(Cut::Found), Status::Violated));
        assert_eq!(outcome(&early, &late), (Some(true), vec![]));
        let other_property = summary(5, Some(Cut::Found), Status::Unknown);
        assert_eq!(outcome(&early, &other_property), (Some(true), vec![]));
        let complete = summary(9, None, Status::Holds);
        let difference = vec!["Safety: althing violated, stateright holds".to_owned()];
        assert_eq!(outcome(&early, &complete), (Some(false), difference));
    }

    #[test]
    fn a_search_that_a_limit_ended_neither_agrees_nor_differs() {
        let complete = summary(9, None, Status::Holds);
        for cut in [Cut::Time, Cut::Memory, Cut::Interrupt] {
            let partial = summary(4, Some(cut), Status::Unknown);
            assert_eq!(outcome(&complete, &partial), (None, vec![]));
            assert_eq!(outcome(&partial, &complete), (None, vec![]));
            // Unless what it found before is known to be otherwise.
            let violated = summary(4, Some(cut), Status::Violated);
            assert_eq!(outcome(&complete, &violated).0, Some(false));
        }
    }
}
