//! Who takes part in a cluster, and how that changes (paper, 6; thesis 4.3).

use crate::node::{NodeId, NodeSet, Relabel, Renaming};
use crate::quorum::Voters;

/// The servers of a cluster: an entry of the log says who they are, from the moment that it is
/// appended.
///
/// A server that is to lose its vote and stay as a learner is both an outgoing voter and a
/// learner while the change is under way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Image"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Membership {
    voters: Voters,
    learners: NodeSet,
}

/// Why a membership is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MembershipError {
    /// Nobody could be elected.
    #[error("a cluster needs at least one voter")]
    NoVoters,
    /// A server has a vote or has none.
    #[error("{0:?} cannot be voters and learners at once")]
    VotersAndLearners(NodeSet),
}

impl Membership {
    /// These voters, and these learners, which receive the log and have no vote.
    ///
    /// # Errors
    /// [`MembershipError`] without voters, or if a server is both.
    pub fn new(voters: NodeSet, learners: NodeSet) -> Result<Self, MembershipError> {
        let both = voters.intersection(learners);
        if voters.is_empty() {
            Err(MembershipError::NoVoters)
        } else if !both.is_empty() {
            Err(MembershipError::VotersAndLearners(both))
        } else {
            Ok(Self { voters: Voters::of(voters), learners })
        }
    }

    /// Of a server that has yet to learn who takes part.
    pub const UNKNOWN: Self = Self {
        voters: Voters { incoming: NodeSet::EMPTY, outgoing: NodeSet::EMPTY },
        learners: NodeSet::EMPTY,
    };

    /// Who has a vote.
    pub const fn voters(&self) -> Voters {
        self.voters
    }

    /// Who receives the log without a vote, when no change is under way.
    pub const fn learners(&self) -> NodeSet {
        self.learners
    }

    /// Everyone who receives the log.
    pub const fn all(&self) -> NodeSet {
        self.voters.all().union(self.learners)
    }

    /// Whether the server takes part.
    pub const fn contains(&self, node: NodeId) -> bool {
        self.all().contains(node)
    }

    /// Whether a change is under way.
    pub const fn is_joint(&self) -> bool {
        self.voters.is_joint()
    }

    /// The first step from this membership to another (thesis 4.3): both together if the voters
    /// differ, or else the other at once, since the majorities are the same.
    #[must_use]
    pub fn towards(&self, target: Self) -> Self {
        let (old, new) = (self.voters.incoming, target.voters.incoming);
        let outgoing = if old == new { NodeSet::EMPTY } else { old };
        Self { voters: Voters { incoming: new, outgoing }, learners: target.learners }
    }

    /// The second step: the new voters alone.
    #[must_use]
    pub const fn left(&self) -> Self {
        Self { voters: Voters::of(self.voters.incoming), learners: self.learners }
    }

    /// Whether a cluster could have it.
    pub(crate) const fn is_sound(&self) -> bool {
        !self.voters.incoming.is_empty() && self.voters.incoming.intersection(self.learners).is_empty()
    }
}

impl Relabel for Membership {
    fn relabel(&self, renaming: &Renaming) -> Self {
        Self { voters: self.voters.relabel(renaming), learners: self.learners.relabel(renaming) }
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Image {
    voters: Voters,
    learners: NodeSet,
}

#[cfg(feature = "serde")]
impl TryFrom<Image> for Membership {
    type Error = MembershipError;

    fn try_from(Image { voters, learners }: Image) -> Result<Self, MembershipError> {
        let read = Self { voters, learners };
        if read == Self::UNKNOWN {
            return Ok(read);
        }
        Self::new(voters.incoming, learners).map(|_| read)
    }
}
