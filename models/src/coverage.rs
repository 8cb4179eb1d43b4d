//! The transitions that must occur within some bounds: one never taken is a failure.

use crate::bounds::Bounds;

/// A transition and the least bounds with which it occurs.
pub(crate) struct Transition {
    name: &'static str,
    nodes: u64,
    terms: u64,
    with: &'static [&'static str],
}

/// A transition of at least so many nodes and terms, where all these conditions are given.
pub(crate) const fn occurs(
    name: &'static str,
    nodes: u64,
    terms: u64,
    with: &'static [&'static str],
) -> Transition {
    Transition { name, nodes, terms, with }
}

/// Those that must occur within these bounds, where there are so many nodes and terms. A condition that is not `known` is the name of a bound
/// that must be at least 1, or after a `!` 0.
pub(crate) fn expected(
    transitions: &[Transition],
    bounds: &Bounds,
    (nodes, terms): (u64, u64),
    known: impl Fn(&str) -> Option<bool>,
) -> Vec<&'static str> {
    let given = |condition: &&str| {
        let bound = || match condition.strip_prefix('!') {
            Some(key) => bounds.get(key) == 0,
            None => bounds.get(condition) > 0,
        };
        known(condition).unwrap_or_else(bound)
    };
    let occurs = |t: &&Transition| nodes >= t.nodes && terms >= t.terms && t.with.iter().all(given);
    transitions.iter().filter(occurs).map(|transition| transition.name).collect()
}
