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
use crate::intern::Numbers;
use crate::messages::Messages;
use crate::tables::Nodes;

/// More nodes have too many permutations to try.
const MOST_NODES: usize = 6;

/// The renaming that changes nothing, by number.
const IDENTITY: u16 = 0;

pub(crate) struct Symmetry<M: Machine, H> {
    /// All of them; the first is the identity.
    renamings: Vec<Renaming>,
    relabel_cell: fn(&Cell<M>, &Renaming) -> Cell<M>,
    relabel_stimulus: fn(&Stimulus<M>, &Renaming) -> Stimulus<M>,
    relabel_history: fn(&H, &Renaming) -> H,
    /// By renaming.
    renamed: Vec<Renamed>,
    /// Cell to name-free key.
    keys: Numbers,
    /// See [`Self::sorting`].
    sorting: Vec<OnceLock<Vec<usize>>>,
}

/// The numbers of everything under one renaming.
#[derive(Default)]
struct Renamed {
    cells: Numbers,
    stimuli: Numbers,
    histories: Numbers,
}

impl<M: Symmetric, H: Relabel> Symmetry<M, H> {
    pub(crate) fn new(nodes: usize) -> Self {
        assert!(nodes <= MOST_NODES, "symmetry is for at most {MOST_NODES} nodes");
        let renamings = permutations(nodes);
        Self {
            renamed: renamings.iter().map(|_| Renamed::default()).collect(),
            renamings,
            keys: Numbers::default(),
            relabel_cell: Cell::relabel,
            relabel_stimulus: Stimulus::relabel,
            relabel_history: H::relabel,
            sorting: vec![OnceLock::new(); nodes.pow(nodes as u32)],
        }
    }
}

impl<M: Machine, H> Symmetry<M, H> {
    /// Forgets the numbers of everything under other names.
    pub(crate) fn forget(&mut self) {
        self.renamed.fill_with(Renamed::default);
        self.keys = Numbers::default();
    }

    /// The renamings that put the nodes in ascending order of their keys. They depend only on
    /// how many keys are less than each.
    fn sorting(&self, keys: &[u32]) -> &[usize] {
        let less = |key| keys.iter().filter(|other| *other < key).count();
        let place = keys.iter().fold(0, |place, key| place * keys.len() + less(key));
        self.sorting[place].get_or_init(|| {
            let sorting = (0..).zip(&self.renamings).filter(|(_, renaming)| sorts(renaming, keys));
            sorting.map(|(r, _)| r).collect()
        })
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
        let Some(symmetry) = &self.symmetry else { return (state.clone(), None) };
        let (nodes, renamings) = self.represented(symmetry, state.nodes);
        let network = |r: &u16| (self.relabelled_network(symmetry, &state.network, usize::from(*r)), *r);
        let (network, r) = renamings.iter().map(network).min().expect("some renaming leads there");
        (State { nodes: *nodes, network, ..*state }, Some(&symmetry.renamings[usize::from(r)]))
    }

    /// Whether a state represents itself, and surely no other renaming does so too.
    pub(crate) fn is_representative(&self, state: &State) -> bool {
        self.symmetry.as_ref().is_none_or(|symmetry| {
            let (nodes, renamings) = self.represented(symmetry, state.nodes);
            *nodes == state.nodes && renamings[..] == [IDENTITY]
        })
    }

    /// The least that these cells can be under other names.
    pub(crate) fn cells_represented(&self, cells: [u32; MAX_NODES]) -> [u32; MAX_NODES] {
        let Some(symmetry) = &self.symmetry else { return cells };
        // With what the observer knows at first, which names nobody.
        let nodes = self.tables.nodes.intern(Nodes { cells, history: 0 });
        self.tables.nodes.get(self.represented(symmetry, nodes).0).cells
    }

    /// The least that these nodes can be under other names, and the renamings that make them so:
    /// several, if some of the nodes do not differ in anything but their names.
    fn represented(&self, symmetry: &Symmetry<M, H>, nodes: u32) -> &(u32, Box<[u16]>) {
        self.tables.nodes.derived(nodes).representative.get_or_init(|| {
            let Nodes { cells, history } = self.tables.nodes.get(nodes);
            let mut keys = [0; MAX_NODES];
            for (key, cell) in keys.iter_mut().zip(&cells[..self.configs.len()]) {
                *key = self.key(symmetry, *cell);
            }
            let renamed = |r: usize| {
                let mut renamed = [0; MAX_NODES];
                for (node, cell) in self.nodes().iter().zip(cells) {
                    let place = symmetry.renamings[r].apply(node).index();
                    renamed[place] = self.relabelled_cell(symmetry, *cell, r);
                }
                Nodes { cells: renamed, history: self.relabelled_history(symmetry, *history, r) }
            };
            let sorting = symmetry.sorting(&keys[..self.configs.len()]);
            let all: Vec<_> = sorting.iter().map(|r| (renamed(*r), *r as u16)).collect();
            let least = all.iter().map(|(nodes, _)| *nodes).min().expect("some renaming sorts the keys");
            let renamings = all.into_iter().filter(|(nodes, _)| *nodes == least).map(|(_, r)| r);
            (self.tables.nodes.intern(least), renamings.collect())
        })
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
            Action::Restart(number, kept) => Action::Restart(node(number), kept),
            Action::Lose(id) => Action::Lose(stimulus(id)),
            Action::Cut(_) | Action::Heal | Action::Tick => action,
        }
    }

    /// A number that a node keeps whatever the nodes are called: the least of its states over
    /// all renamings that call it node 0.
    fn key(&self, symmetry: &Symmetry<M, H>, cell: u32) -> u32 {
        symmetry.keys.of(cell, || {
            let node = self.tables.cells.get(cell).node;
            let first = (0..).zip(&symmetry.renamings).filter(|(_, r)| r.apply(node).get() == 0);
            let names = first.map(|(r, _)| self.relabelled_cell(symmetry, cell, r));
            names.min().expect("some renaming calls the node 0")
        })
    }

    fn relabelled_cell(&self, symmetry: &Symmetry<M, H>, cell: u32, r: usize) -> u32 {
        let cells = &self.tables.cells;
        symmetry.renamed[r]
            .cells
            .of(cell, || cells.intern((symmetry.relabel_cell)(cells.get(cell), &symmetry.renamings[r])))
    }

    fn relabelled_network(&self, symmetry: &Symmetry<M, H>, network: &Messages, r: usize) -> Messages {
        let stimuli = &self.tables.stimuli;
        network.map(|word| {
            let row = symmetry.renamed[r].stimuli.row(word);
            move |message| {
                row.of(message, || {
                    let message = stimuli.get(message);
                    stimuli.intern((symmetry.relabel_stimulus)(message, &symmetry.renamings[r]))
                })
            }
        })
    }

    fn relabelled_history(&self, symmetry: &Symmetry<M, H>, history: u32, r: usize) -> u32 {
        let histories = &self.tables.histories;
        symmetry.renamed[r].histories.of(history, || {
            histories.intern((symmetry.relabel_history)(histories.get(history), &symmetry.renamings[r]))
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
