//! Majorities: any two of the same voters share a member, which is why one leader a term suffices.

use crate::node::NodeSet;

/// How many of `voters` voters are a majority: more than half of them.
pub const fn majority(voters: u8) -> u8 {
    voters / 2 + 1
}

/// Whether those of `nodes` that are voters are a majority of the voters.
///
/// No set is a majority of no voters.
pub const fn is_majority(nodes: NodeSet, voters: NodeSet) -> bool {
    nodes.intersection(voters).len() >= majority(voters.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_two_majorities_of_up_to_seven_voters_intersect_and_no_smaller_sets_must() {
        for count in 1..=7 {
            let voters = NodeSet::first(count);
            let all = || (0..1_u64 << count).map(NodeSet::from_bits);
            for a in all().filter(|a| is_majority(*a, voters)) {
                assert!(all().filter(|b| is_majority(*b, voters)).all(|b| !a.intersection(b).is_empty()));
                // Tight: one member less and the rest would be a majority, or a tie, without it.
                assert!(2 * a.len() > count);
            }
            assert!(2 * (majority(count) - 1) <= count);
        }
    }

    #[test]
    fn strangers_do_not_count_towards_a_majority() {
        let voters = NodeSet::first(3);
        assert!(!is_majority(NodeSet::from_bits(0b111_1001), voters));
        assert!(is_majority(NodeSet::from_bits(0b101), voters));
        assert!(!is_majority(NodeSet::first(64), NodeSet::EMPTY));
        assert!(is_majority(NodeSet::first(33), NodeSet::first(64)));
        assert!(!is_majority(NodeSet::first(32), NodeSet::first(64)));
    }
}
