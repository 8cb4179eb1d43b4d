//! Symmetry: the names of the nodes do not matter.
//!
//! Of all states that differ only in the names of the nodes, one represents the others. It is
//! the least under any renaming of those that sort the nodes by a name-free key; ties are tried
//! in every order. So the representative is canonical: the number of states does not depend on
//! the order of the search.

use std::sync::OnceLock;

use althing::machine::Machine;
use althing::node::{NodeId, NodeSet, Relabel, Renaming};
use althing::observe::History;

use crate::cell::{Cell, Stimulus, Symmetric};
use crate::cluster::{Action, Cluster, MAX_NODES, State};
use crate::intern::Memo;

/// More nodes have too many permutations to try.
const MOST_NODES: usize = 6;

pub(crate) struct Symmetry<M: Machine, H> {
    /// All of them; the first is the identity.
    renamings: Vec<Renaming>,
    relabel_cell: fn(&Cell<M>, &Renaming) -> Cell<M>,
    relabel_stimulus: fn(&Stimulus<M>, &Renaming) -> Stimulus<M>,
    relabel_history: fn(&H, &Renaming) -> H,
    networks: Memo<(u32, u16)>,
    histories: Memo<(u32, u16)>,
}

impl<M: Symmetric, H: Relabel> Symmetry<M, H> {
    pub(crate) fn new(nodes: usize) -> Self {
        assert!(nodes <= MOST_NODES, "symmetry is for at most {MOST_NODES} nodes");
        Self {
            renamings: permutations(nodes),
            relabel_cell: Cell::relabel,
            relabel_stimulus: Stimulus::relabel,
            relabel_history: H::relabel,
            networks: Memo::new(),
            histories: Memo::new(),
        }
    }
}

/// Every order of the nodes `0..nodes`, ascending.
fn permutations(nodes: usize) -> Vec<Renaming> {
    let mut orders: Vec<Vec<NodeId>> = vec![Vec::new()];
    for _ in 0..nodes {
        orders = orders
            .iter()
            .flat_map(|order| {
                let used: NodeSet = order.iter().copied().collect();
                let free = NodeSet::first(nodes as u8).iter().filter(move |node| !used.contains(*node));
                free.map(|node| order.iter().copied().chain([node]).collect())
            })
            .collect();
    }
    orders.into_iter().filter_map(Renaming::new).collect()
}

impl<M: Machine, H: History<M>> Cluster<M, H> {
    /// The state that represents this one and all that differ from it only in names, and the
    /// renaming that leads there.
    pub(crate) fn representative(&self, state: &State) -> (State, Option<&Renaming>) {
        let Some(symmetry) = &self.symmetry else { return (*state, None) };
        let nodes = self.configs.len();
        let mut keys = [0; MAX_NODES];
        for (key, cell) in keys.iter_mut().zip(&state.cells[..nodes]) {
            *key = self.key(symmetry, *cell);
        }
        let mut least: Option<(State, u16)> = None;
        for (r, renaming) in (0..).zip(&symmetry.renamings) {
            if !sorts(renaming, &keys[..nodes]) {
                continue;
            }
            let mut renamed = State { cells: [0; MAX_NODES], ..*state };
            for (node, cell) in self.nodes().iter().zip(state.cells) {
                renamed.cells[renaming.apply(node).index()] = self.relabelled_cell(symmetry, cell, r);
            }
            if least.as_ref().is_some_and(|(least, _)| renamed.cells > least.cells) {
                continue;
            }
            renamed.network = self.relabelled_network(symmetry, state.network, r);
            renamed.history = self.relabelled_history(symmetry, state.history, r);
            if least.as_ref().is_none_or(|(least, _)| renamed < *least) {
                least = Some((renamed, r));
            }
        }
        let (state, r) = least.expect("some renaming sorts the keys");
        (state, Some(&symmetry.renamings[usize::from(r)]))
    }

    /// The action under other names.
    pub(crate) fn rename_action(&self, action: Action, renaming: &Renaming) -> Action {
        let Some(symmetry) = &self.symmetry else { return action };
        let stimulus = |id: u32| {
            let renamed = (symmetry.relabel_stimulus)(self.tables.stimuli.get(id), renaming);
            self.tables.stimuli.intern(renamed)
        };
        let node = |number: u8| NodeId::new(number).map_or(number, |node| renaming.apply(node).get());
        match action {
            Action::Step(id) => Action::Step(stimulus(id)),
            Action::Duplicate(id) => Action::Duplicate(stimulus(id)),
            Action::StepThenCrash(id, point) => Action::StepThenCrash(stimulus(id), point),
            Action::Restart(number) => Action::Restart(node(number)),
            Action::Lose(id) => Action::Lose(stimulus(id)),
            Action::Cut(_) | Action::Heal => action,
        }
    }

    /// A number that a node keeps whatever the nodes are called: the least of its states over
    /// all renamings that call it node 0.
    fn key(&self, symmetry: &Symmetry<M, H>, cell: u32) -> u32 {
        *self.tables.cells.derived(cell).key.get_or_init(|| {
            let node = self.tables.cells.get(cell).node;
            let first = (0..).zip(&symmetry.renamings).filter(|(_, r)| r.apply(node).get() == 0);
            let names = first.map(|(r, _)| self.relabelled_cell(symmetry, cell, r));
            names.min().expect("some renaming calls the node 0")
        })
    }

    fn relabelled_cell(&self, symmetry: &Symmetry<M, H>, cell: u32, renaming: u16) -> u32 {
        let all = symmetry.renamings.len();
        let renamed = &self.tables.cells.derived(cell).renamed;
        *renamed.get_or_init(|| vec![OnceLock::new(); all])[usize::from(renaming)].get_or_init(|| {
            let renaming = &symmetry.renamings[usize::from(renaming)];
            self.tables.cells.intern((symmetry.relabel_cell)(self.tables.cells.get(cell), renaming))
        })
    }

    fn relabelled_network(&self, symmetry: &Symmetry<M, H>, network: u32, renaming: u16) -> u32 {
        symmetry.networks.answer((network, renaming), |_| {
            let renaming = &symmetry.renamings[usize::from(renaming)];
            let relabel = |m: &u32| (symmetry.relabel_stimulus)(self.tables.stimuli.get(*m), renaming);
            let network = self.tables.networks.get(network).iter();
            let mut network: Vec<_> = network.map(|m| self.tables.stimuli.intern(relabel(m))).collect();
            network.sort_unstable();
            self.tables.networks.intern(network)
        })
    }

    fn relabelled_history(&self, symmetry: &Symmetry<M, H>, history: u32, renaming: u16) -> u32 {
        symmetry.histories.answer((history, renaming), |_| {
            let renaming = &symmetry.renamings[usize::from(renaming)];
            let history = self.tables.histories.get(history);
            self.tables.histories.intern((symmetry.relabel_history)(history, renaming))
        })
    }
}

/// Whether the renaming puts the nodes in ascending order of their keys.
fn sorts(renaming: &Renaming, keys: &[u32]) -> bool {
    let mut sorted = [0; MAX_NODES];
    for (node, key) in NodeSet::first(keys.len() as u8).iter().zip(keys) {
        sorted[renaming.apply(node).index()] = *key;
    }
    sorted[..keys.len()].is_sorted()
}
