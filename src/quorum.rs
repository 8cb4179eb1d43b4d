//! Majorities: any two of the same voters share a member, which is why one leader a term suffices.

use crate::node::{NodeId, NodeSet, Relabel, Renaming};

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

/// Who decides (paper, 6): the voters, and while the membership changes the voters of before as
/// well, each with a majority of their own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Voters {
    /// The voters; after a change, the new ones.
    pub incoming: NodeSet,
    /// The voters before the change, until it is done; empty at any other time.
    pub outgoing: NodeSet,
}

impl Voters {
    /// These voters, with no change under way.
    pub const fn of(voters: NodeSet) -> Self {
        Self { incoming: voters, outgoing: NodeSet::EMPTY }
    }

    /// Whoever has a vote.
    pub const fn all(self) -> NodeSet {
        self.incoming.union(self.outgoing)
    }

    /// Whether the node has a vote.
    pub const fn contains(self, node: NodeId) -> bool {
        self.all().contains(node)
    }

    /// Whether a change is under way.
    pub const fn is_joint(self) -> bool {
        !self.outgoing.is_empty()
    }

    /// The sets of which each must agree with a majority: the new voters, and the old ones if
    /// there are any.
    pub fn halves(self) -> impl Iterator<Item = NodeSet> {
        [self.incoming, self.outgoing].into_iter().take(1 + usize::from(self.is_joint()))
    }
}

impl Relabel for Voters {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self { incoming: self.incoming.relabel(renaming), outgoing: self.outgoing.relabel(renaming) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_two_majorities_of_up_to_seven_voters_intersect_and_no_smaller_sets_must() {
        for count in 1..=7 {
            let voters = NodeSet::first(count);
            let all = || (0..1_u128 << count).map(NodeSet::from_bits);
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
        assert!(!is_majority(NodeSet::first(128), NodeSet::EMPTY));
        assert!(is_majority(NodeSet::first(65), NodeSet::first(128)));
        assert!(!is_majority(NodeSet::first(64), NodeSet::first(128)));
    }
}
