//! stateright's Explorer, with states and actions in words.

use std::fmt;
use std::net::SocketAddr;

use althing::machine::Machine;
use althing::observe::History;
use stateright::{Model, Property};

use crate::cluster::{Action, Cluster, State};
use crate::draw::{describe_happening, describe_ops};
use crate::model::{Judge, properties};

/// Serves the Explorer at this address until the process ends.
pub fn serve<M: Machine, H: History<M>>(cluster: Cluster<M, H>, address: SocketAddr) {
    Explored { cluster }.checker().serve(address);
}

/// A cluster whose states and actions print as words.
struct Explored<M: Machine, H: History<M>> {
    cluster: Cluster<M, H>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Shown {
    state: State,
    words: String,
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

#[derive(Clone, PartialEq, Eq)]
struct Named {
    action: Action,
    words: String,
}

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl<M: Machine, H: History<M>> Explored<M, H> {
    fn show(&self, state: State) -> Shown {
        let view = self.cluster.view(&state);
        let mut words = String::new();
        for cell in view.cells() {
            let armed: Vec<_> = cell.timers.iter().map(|timer| format!("{timer:?}")).collect();
            words += &format!(
                "{}: {} [disk {:?}; timers {}]\n",
                cell.node,
                (self.cluster.describe)(&cell.machine),
                cell.disk,
                armed.join(", ")
            );
            if !cell.clocks.is_empty() {
                words += &format!("  their clocks, in ticks: {:?}\n", cell.clocks);
            }
            if !cell.behind.is_empty() {
                words += &format!("  behind: {:?}, {} of them on the disk\n", cell.behind, cell.synced);
            }
        }
        words += "network:\n";
        for stimulus in view.network() {
            words += &format!("  to {}: {:?}\n", stimulus.node, stimulus.event);
        }
        words += &format!("faults left: {:?}\nhistory: {:?}\n", state.left, view.history());
        if self.cluster.spends.is_some() {
            words += &format!("budgets left: {:?}\n", state.budgets);
        }
        Shown { state, words }
    }
}

impl<M: Machine, H: History<M>> Model for Explored<M, H> {
    type State = Shown;
    type Action = Named;

    fn init_states(&self) -> Vec<Shown> {
        self.cluster.init_states().into_iter().map(|state| self.show(state)).collect()
    }

    fn actions(&self, state: &Shown, actions: &mut Vec<Named>) {
        let mut plain = Vec::new();
        self.cluster.actions(&state.state, &mut plain);
        actions.extend(plain.into_iter().map(|action| {
            let line = self.cluster.line(0, &state.state, action);
            let does = describe_ops(&line.effects);
            Named { action, words: format!("{}: {} -> {does}", line.node, describe_happening(&line.input)) }
        }));
    }

    fn next_state(&self, state: &Shown, action: Named) -> Option<Shown> {
        Some(self.show(self.cluster.next_state(&state.state, action.action)?))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties(&self.cluster.properties)
    }
}

impl<M: Machine, H: History<M>> Judge for Explored<M, H> {
    fn passes(&self, index: usize, shown: &Shown) -> bool {
        self.cluster.is_true(index, &shown.state)
    }
}
