//! Compact identities: a node, a set of nodes, a map keyed by nodes, and their renaming.
//!
//! A cluster has at most [`NodeId::LIMIT`] members, so that a set of them is a few machine
//! words: a protocol state stays small enough to be cloned and hashed millions of times by a checker.

use alloc::vec::Vec;
use core::fmt;

/// The name of one participant, from 0 to 127.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "u8", into = "u8")
)]
pub struct NodeId(u8);

impl NodeId {
    /// How many distinct nodes there can be.
    pub const LIMIT: u8 = 128;

    /// The node with this number.
    ///
    /// # Errors
    /// [`NodeOutOfRange`] unless `number < 128`.
    pub const fn new(number: u8) -> Result<Self, NodeOutOfRange> {
        if number < Self::LIMIT { Ok(Self(number)) } else { Err(NodeOutOfRange(number)) }
    }

    /// The node's number, from 0 to 127.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The node's number as an index into a table of nodes.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A node number that is not below [`NodeId::LIMIT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("node {0} is out of range: nodes are numbered 0 to 127")]
pub struct NodeOutOfRange(pub u8);

impl TryFrom<u8> for NodeId {
    type Error = NodeOutOfRange;

    fn try_from(number: u8) -> Result<Self, NodeOutOfRange> {
        Self::new(number)
    }
}

impl From<NodeId> for u8 {
    fn from(node: NodeId) -> u8 {
        node.0
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for NodeId {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self(u.int_in_range(0..=Self::LIMIT - 1)?))
    }
}

/// A set of nodes, as 128 bits. Iterates in ascending order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Listed", into = "Vec<NodeId>")
)]
pub struct NodeSet(u128);

/// A node that is listed twice where each is listed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("node {} is listed twice", .0.get())]
pub struct NodeTwice(pub NodeId);

/// A set as it is written down.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Listed(Vec<NodeId>);

#[cfg(feature = "serde")]
impl TryFrom<Listed> for NodeSet {
    type Error = NodeTwice;

    fn try_from(Listed(nodes): Listed) -> Result<Self, NodeTwice> {
        nodes.into_iter().try_fold(Self::EMPTY, |set, node| {
            if set.contains(node) { Err(NodeTwice(node)) } else { Ok(set.with(node)) }
        })
    }
}

impl NodeSet {
    /// The set without members.
    pub const EMPTY: Self = Self(0);

    /// The set of one node.
    pub const fn only(node: NodeId) -> Self {
        Self(1 << node.0)
    }

    /// The nodes numbered `0..count`; all 128 if `count` is larger.
    pub const fn first(count: u8) -> Self {
        if count >= NodeId::LIMIT { Self(u128::MAX) } else { Self((1 << count) - 1) }
    }

    /// The set whose bit `i` says whether node `i` is a member.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// Bit `i` says whether node `i` is a member.
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// Whether the node is a member.
    pub const fn contains(self, node: NodeId) -> bool {
        self.0 & (1 << node.0) != 0
    }

    /// This set and the node.
    #[must_use]
    pub const fn with(self, node: NodeId) -> Self {
        Self(self.0 | 1 << node.0)
    }

    /// This set less the node.
    #[must_use]
    pub const fn without(self, node: NodeId) -> Self {
        Self(self.0 & !(1 << node.0))
    }

    /// The members of both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The members of either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// How many members the set has, at most 128.
    pub const fn len(self) -> u8 {
        self.0.count_ones() as u8
    }

    /// The members, ascending.
    pub fn iter(self) -> Members {
        self.into_iter()
    }

    /// Whether the set has no member.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl IntoIterator for NodeSet {
    type Item = NodeId;
    type IntoIter = Members;

    fn into_iter(self) -> Members {
        Members { rest: self }
    }
}

/// The members of a [`NodeSet`], ascending.
#[derive(Clone, Debug)]
pub struct Members {
    rest: NodeSet,
}

impl Iterator for Members {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        if self.rest.is_empty() {
            return None;
        }
        let lowest = NodeId(self.rest.0.trailing_zeros() as u8);
        self.rest = self.rest.without(lowest);
        Some(lowest)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::from(self.rest.len());
        (left, Some(left))
    }
}

impl ExactSizeIterator for Members {}

impl FromIterator<NodeId> for NodeSet {
    fn from_iter<I: IntoIterator<Item = NodeId>>(nodes: I) -> Self {
        nodes.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl From<Vec<NodeId>> for NodeSet {
    fn from(nodes: Vec<NodeId>) -> Self {
        nodes.into_iter().collect()
    }
}

impl From<NodeSet> for Vec<NodeId> {
    fn from(set: NodeSet) -> Self {
        set.iter().collect()
    }
}

impl fmt::Debug for NodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(*self).finish()
    }
}

/// A map from nodes to values: the keys are one set, the values lie in key order.
///
/// `values.len() == keys.len()`, so equal maps are equal bit for bit and hash alike.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct NodeMap<T> {
    keys: NodeSet,
    values: Vec<T>,
}

impl<T> NodeMap<T> {
    /// The map without entries. Allocates nothing.
    pub const fn new() -> Self {
        Self { keys: NodeSet::EMPTY, values: Vec::new() }
    }

    /// The nodes that have a value.
    pub const fn keys(&self) -> NodeSet {
        self.keys
    }

    /// The node's value.
    pub fn get(&self, node: NodeId) -> Option<&T> {
        self.keys.contains(node).then(|| &self.values[self.rank(node)])
    }

    /// The node's value, to change it.
    pub fn get_mut(&mut self, node: NodeId) -> Option<&mut T> {
        let rank = self.rank(node);
        self.keys.contains(node).then(|| &mut self.values[rank])
    }

    /// Gives the node a value; returns the one that it had.
    pub fn insert(&mut self, node: NodeId, value: T) -> Option<T> {
        let rank = self.rank(node);
        if self.keys.contains(node) {
            return Some(core::mem::replace(&mut self.values[rank], value));
        }
        self.keys = self.keys.with(node);
        self.values.insert(rank, value);
        None
    }

    /// Takes the node's value away and returns it.
    pub fn remove(&mut self, node: NodeId) -> Option<T> {
        let rank = self.rank(node);
        self.keys.contains(node).then(|| {
            self.keys = self.keys.without(node);
            self.values.remove(rank)
        })
    }

    /// The entries in ascending order of their nodes.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &T)> {
        self.keys.iter().zip(&self.values)
    }

    /// The entries in ascending order of their nodes, to change the values.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (NodeId, &mut T)> {
        self.keys.iter().zip(&mut self.values)
    }

    /// How many keys lie below the node: where its value is, or would be.
    fn rank(&self, node: NodeId) -> usize {
        let below = NodeSet::from_bits((1 << node.0) - 1);
        usize::from(self.keys.intersection(below).len())
    }
}

impl<T> FromIterator<(NodeId, T)> for NodeMap<T> {
    fn from_iter<I: IntoIterator<Item = (NodeId, T)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (node, value) in entries {
            map.insert(node, value);
        }
        map
    }
}

/// A permutation of the nodes, for symmetry reduction: two states that differ only in the
/// names of their nodes have the same future up to those names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Renaming {
    to: Vec<NodeId>,
}

impl Renaming {
    /// The renaming that sends node `i` to `to[i]` and leaves every later node as it is.
    ///
    /// Returns `None` unless `to` holds each of the nodes `0..to.len()` once.
    pub fn new(to: Vec<NodeId>) -> Option<Self> {
        let image: NodeSet = to.iter().copied().collect();
        let count = u8::try_from(to.len()).ok()?;
        (count <= NodeId::LIMIT && image == NodeSet::first(count)).then_some(Self { to })
    }

    /// The node's new name.
    pub fn apply(&self, node: NodeId) -> NodeId {
        self.to.get(node.index()).copied().unwrap_or(node)
    }

    /// The renaming that undoes this one.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let mut to = self.to.clone();
        for (from, image) in self.to.iter().enumerate() {
            to[image.index()] = NodeId(from as u8);
        }
        Self { to }
    }
}

/// Data that names nodes, and can be told their new names.
pub trait Relabel {
    /// The same data with each node in it renamed.
    #[must_use]
    fn relabel(&self, renaming: &Renaming) -> Self;
}

impl Relabel for NodeId {
    fn relabel(&self, renaming: &Renaming) -> Self {
        renaming.apply(*self)
    }
}

impl Relabel for NodeSet {
    fn relabel(&self, renaming: &Renaming) -> Self {
        self.iter().map(|node| renaming.apply(node)).collect()
    }
}

impl<T: Relabel> Relabel for NodeMap<T> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        self.iter().map(|(node, value)| (renaming.apply(node), value.relabel(renaming))).collect()
    }
}

impl<T: Relabel> Relabel for Option<T> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        self.as_ref().map(|value| value.relabel(renaming))
    }
}

impl<T: Relabel> Relabel for Vec<T> {
    fn relabel(&self, renaming: &Renaming) -> Self {
        self.iter().map(|value| value.relabel(renaming)).collect()
    }
}

impl Relabel for () {
    fn relabel(&self, _: &Renaming) -> Self {}
}

impl Relabel for u8 {
    fn relabel(&self, _: &Renaming) -> Self {
        *self
    }
}

impl Relabel for u64 {
    fn relabel(&self, _: &Renaming) -> Self {
        *self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(numbers: &[u8]) -> NodeSet {
        numbers.iter().map(|&n| NodeId(n)).collect()
    }

    #[test]
    fn a_set_holds_what_was_put_in_up_to_the_last_node() {
        let set = nodes(&[0, 7, 127]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [NodeId(0), NodeId(7), NodeId(127)]);
        assert_eq!(set.len(), 3);
        assert!(set.contains(NodeId(127)) && !set.contains(NodeId(126)));
        assert_eq!(NodeSet::first(128).len(), 128);
        assert_eq!(NodeSet::first(3), nodes(&[0, 1, 2]));
        assert_eq!(set.without(NodeId(7)), nodes(&[0, 127]));
    }

    #[test]
    fn a_map_agrees_with_an_ordered_map_through_inserts_and_removals() {
        let mut ours = NodeMap::new();
        let mut twin = alloc::collections::BTreeMap::new();
        for turn in 0..2_000_u32 {
            let node = NodeId((turn * 37 % 128) as u8);
            if turn % 3 == 0 {
                assert_eq!(ours.remove(node), twin.remove(&node));
            } else {
                assert_eq!(ours.insert(node, turn), twin.insert(node, turn));
            }
            assert!(ours.iter().eq(twin.iter().map(|(node, value)| (*node, value))));
            assert_eq!(ours.get(node), twin.get(&node));
        }
    }

    #[test]
    fn a_renaming_is_a_permutation_and_its_inverse_undoes_it() {
        let ids = |numbers: &[u8]| numbers.iter().map(|&n| NodeId(n)).collect::<Vec<_>>();
        assert_eq!(Renaming::new(ids(&[0, 0])), None);
        assert_eq!(Renaming::new(ids(&[1, 2])), None);
        let cycle = Renaming::new(ids(&[1, 2, 0])).expect("a permutation");
        let set = nodes(&[0, 2, 9]);
        assert_eq!(set.relabel(&cycle), nodes(&[1, 0, 9]));
        assert_eq!(set.relabel(&cycle).relabel(&cycle.inverse()), set);
    }

    #[test]
    fn a_node_number_of_128_is_refused_by_name() {
        let refused = NodeId::new(128).expect_err("128 is out of range");
        assert_eq!(alloc::format!("{refused}"), "node 128 is out of range: nodes are numbered 0 to 127");
    }
}
