//! From a state of the cluster to the next.

use std::sync::atomic::Ordering;

use althing::machine::{Event, Machine};
use althing::node::NodeId;
use althing::observe::History;

use crate::cell::{Cell, Stimulus};
use crate::cluster::{Action, Cluster, Faults, MAX_NODES, Network, State};
use crate::messages::{Change, numbers, split};
use crate::property::Condition;
use crate::tables::{Known, Nodes, Offers};

/// What an action does, whatever else is in the network.
pub(crate) struct Effect {
    /// The state afterwards, but for its network.
    after: State,
    network: Change,
}

impl Effect {
    fn but_network(after: State) -> Self {
        Self { after, network: Change::default() }
    }

    fn without(mut self, message: u32) -> Self {
        let (word, bit) = split(message);
        self.network.remove(word, bit);
        self
    }

    /// Whether the state after this one is another.
    #[inline]
    pub(crate) fn changes(&self, state: &State) -> bool {
        !self.after.is_like(state) || self.network.changes(&state.network)
    }

    /// The state after this one.
    #[inline]
    pub(crate) fn on(&self, state: &State) -> State {
        State { network: state.network.after(&self.network), ..self.after.but_network() }
    }
}

impl<M: Machine, H: History<M>> Cluster<M, H> {
    /// The state in which every node has started for the first time.
    ///
    /// # Panics
    /// If the cluster is [symmetric](Self::symmetric) and its network is not.
    pub fn initial(&self) -> State {
        let same_for_all = self.network == Network::Monotone && self.faults.cuts == 0;
        assert!(self.symmetry.is_none() || same_for_all, "symmetry is for Network::Monotone without cuts");
        let (mut cells, mut network) = (Vec::new(), Vec::new());
        for (node, config) in self.nodes().iter().zip(&self.configs) {
            let (cell, ops) = self.host.start(node, config.clone(), M::Durable::default());
            network.extend(self.sent_by(node, &ops));
            cells.push(cell);
        }
        let started = self.state(&cells, network, H::default());
        self.first.iter().fold(started, |state, (node, input)| {
            let event = Event::Input(input.clone());
            let stimulus = self.tables.stimuli.intern(Stimulus { node: *node, event });
            let step = self.step(&state, stimulus);
            let next = self.advance(&state, state.left, step, false).on(&state);
            State { violated: state.violated | next.violated, ..next }
        })
    }

    /// A state put together from its parts; the budgets are those of the cluster.
    pub fn state(&self, cells: &[Cell<M>], network: Vec<Stimulus<M>>, history: H) -> State {
        let mut ids = [0; MAX_NODES];
        for (id, cell) in ids.iter_mut().zip(cells) {
            *id = self.tables.cells.intern(cell.clone());
        }
        let history = self.tables.histories.intern(history);
        State {
            nodes: self.tables.nodes.intern(Nodes { cells: ids, history }),
            network: network.into_iter().map(|message| self.tables.stimuli.intern(message)).collect(),
            violated: 0,
            left: self.faults,
            budgets: self.budgets,
            cut: 0,
        }
    }

    /// Everything that may happen in a state, less what surely changes nothing.
    pub fn enabled(&self, state: &State, actions: &mut Vec<Action>) {
        let start = actions.len();
        if self.is_pressed(state) {
            actions.extend(self.overdue(state).map(Action::Step));
            if state.left.crashes > 0 {
                self.enabled_crashes(state, start, actions);
            }
            return;
        }
        for &cell in &self.cells(state)[..self.configs.len()] {
            let Offers { events, due, overdue: _ } = self.offers(cell);
            let paid = events.iter().filter(|stimulus| self.is_paid_for(state, **stimulus));
            actions.extend(paid.chain(due).map(|stimulus| Action::Step(*stimulus)));
        }
        if self.network == Network::Monotone && state.violated == 0 {
            for (word, bits) in state.network.words() {
                let restless = bits & !self.quiet(state, word, bits);
                actions.extend(numbers(word, restless).map(Action::Step));
            }
        } else {
            let arriving = state.network.iter().filter(|m| self.passes(state, *m));
            actions.extend(arriving.map(Action::Step));
        }
        if state.left.crashes > 0 {
            self.enabled_crashes(state, start, actions);
        }
        if self.network == Network::InFlight {
            self.enabled_network_faults(state, actions);
        }
        if self.is_timed() {
            actions.push(Action::Tick);
        }
    }

    fn enabled_crashes(&self, state: &State, start: usize, actions: &mut Vec<Action>) {
        for i in start..actions.len() {
            if let Action::Step(stimulus) = actions[i] {
                if !self.is_crash_paid_for(state, self.tables.stimuli.get(stimulus).node) {
                    continue;
                }
                let outcome = self.tables.outcome(self.step(state, stimulus));
                let points = (0..=u8::MAX).take(outcome.crashes.len());
                actions.extend(points.map(|k| Action::StepThenCrash(stimulus, k)));
            }
        }
        for (node, &cell) in self.nodes().iter().zip(self.cells(state)) {
            if !self.is_crash_paid_for(state, node) {
                continue;
            }
            actions.extend((0..=self.most_kept(cell)).map(|kept| Action::Restart(node.get(), kept)));
        }
    }

    fn enabled_network_faults(&self, state: &State, actions: &mut Vec<Action>) {
        if state.left.losses > 0 {
            actions.extend(state.network.iter().map(Action::Lose));
        }
        if state.left.duplicates > 0 {
            let arriving = state.network.iter().filter(|m| self.passes(state, *m));
            actions.extend(arriving.map(Action::Duplicate));
        }
        if state.cut != 0 {
            actions.push(Action::Heal);
        } else if state.left.cuts > 0 {
            // The side without the last node names the cut.
            let sides = 1..1_u16 << (self.configs.len() - 1);
            actions.extend(sides.map(Action::Cut));
        }
    }

    /// Whether a message is in the network and can arrive.
    pub(crate) fn arrives(&self, state: &State, message: u32) -> bool {
        state.network.contains(message) && self.passes(state, message) && !self.is_pressed(state)
    }

    /// Whether a message does not have to cross the cut.
    fn passes(&self, state: &State, message: u32) -> bool {
        if state.cut == 0 {
            return true;
        }
        let Stimulus { node, event } = self.tables.stimuli.get(message);
        let side = |node: NodeId| state.cut >> node.get() & 1;
        match event {
            Event::Message { from, .. } => side(*from) == side(*node),
            Event::Timer(_) | Event::Input(_) => true,
        }
    }

    /// The state after an action, before symmetry. `None` if the action is not possible.
    pub fn apply(&self, state: &State, action: Action) -> Option<State> {
        Some(self.effect(state, action)?.on(state))
    }

    /// What an action does to a state, and to every other that differs from it only in lacking
    /// some of its messages. `None` if the action is not possible.
    pub(crate) fn effect(&self, state: &State, action: Action) -> Option<Effect> {
        let Faults { crashes, losses, duplicates, cuts } = state.left;
        let spent = |left| Effect::but_network(State { left, violated: 0, ..state.but_network() });
        let paid = |stimulus, effect| self.paid(state, stimulus, effect);
        match action {
            Action::Step(stimulus) => {
                let used = self.network == Network::InFlight;
                let step = self.step(state, stimulus);
                Some(paid(stimulus, self.advance(state, state.left, step, used)))
            }
            Action::Duplicate(stimulus) => {
                let left = Faults { duplicates: Faults::spend(duplicates)?, ..state.left };
                Some(paid(stimulus, self.advance(state, left, self.step(state, stimulus), false)))
            }
            Action::StepThenCrash(stimulus, point) => {
                let left = Faults { crashes: Faults::spend(crashes)?, ..state.left };
                let outcome = self.tables.outcome(self.step(state, stimulus));
                let crash = *outcome.crashes.get(usize::from(point))?;
                let used = self.network == Network::InFlight;
                let paid = paid(stimulus, self.advance(state, left, crash, used));
                Some(self.crash_paid(outcome.node, paid))
            }
            Action::Restart(node, kept) => {
                let left = Faults { crashes: Faults::spend(crashes)?, ..state.left };
                let restart = self.restart(self.cells(state)[usize::from(node)], kept)?;
                let node = self.tables.outcome(restart).node;
                Some(self.crash_paid(node, self.advance(state, left, restart, false)))
            }
            Action::Lose(message) => {
                let left = Faults { losses: Faults::spend(losses)?, ..state.left };
                Some(spent(left).without(message))
            }
            Action::Cut(cut) => {
                let left = Faults { cuts: Faults::spend(cuts)?, ..state.left };
                let whole = spent(left);
                Some(Effect { after: State { cut, ..whole.after }, ..whole })
            }
            Action::Heal => {
                let whole = spent(state.left);
                Some(Effect { after: State { cut: 0, ..whole.after }, ..whole })
            }
            Action::Tick => {
                let later = spent(state.left);
                Some(Effect { after: State { nodes: self.tick(state)?, ..later.after }, ..later })
            }
        }
    }

    /// Whether what is left of the budgets pays for a timer or an input.
    fn is_paid_for(&self, state: &State, stimulus: u32) -> bool {
        self.spends.is_none() || self.spent_by(stimulus).is_none_or(|budget| state.budgets.left(budget) > 0)
    }

    /// What comes of a stimulus, and that it was paid for.
    fn paid(&self, state: &State, stimulus: u32, mut effect: Effect) -> Effect {
        if self.spends.is_some()
            && let Some(budget) = self.spent_by(stimulus)
            && self.offers(self.cell(state, self.tables.stimuli.get(stimulus).node)).due != Some(stimulus)
        {
            effect.after.budgets = state.budgets.less(budget);
        }
        effect
    }

    /// Whether what is left of the budgets pays for a crash of this node.
    fn is_crash_paid_for(&self, state: &State, node: NodeId) -> bool {
        (self.crash_spends)(node).is_none_or(|budget| state.budgets.left(budget) > 0)
    }

    /// What comes of a crash of this node, and that it was paid for.
    fn crash_paid(&self, node: NodeId, mut effect: Effect) -> Effect {
        if let Some(budget) = (self.crash_spends)(node) {
            effect.after.budgets = effect.after.budgets.less(budget);
        }
        effect
    }

    /// The budget that a stimulus spends.
    fn spent_by(&self, stimulus: u32) -> Option<usize> {
        let budget = self.tables.spends.of(stimulus, || {
            let spends = |event: &Event<M>| self.spends.as_ref()?(event);
            let budget = match &self.tables.stimuli.get(stimulus).event {
                Event::Message { .. } => None,
                event @ (Event::Timer(_) | Event::Input(_)) => spends(event),
            };
            budget.map_or(u32::MAX, |budget| budget as u32)
        });
        (budget != u32::MAX).then_some(budget as usize)
    }

    /// What comes of this outcome.
    fn advance(&self, state: &State, left: Faults, id: u32, used: bool) -> Effect {
        let outcome = self.tables.outcome(id);
        let mut after = State { left, violated: outcome.violated, ..state.but_network() };
        if !used && outcome.is_quiet() {
            return Effect::but_network(after);
        }
        let mut nodes = *self.tables.nodes.get(state.nodes);
        nodes.cells[outcome.node.index()] = outcome.after;
        nodes.history = self.observed(nodes.history, id);
        after.nodes = self.tables.nodes.intern(nodes);
        let mut network = Change::default();
        for (word, sent) in outcome.sends.words() {
            let (dead, undead) = self.deaths(&after, word, sent);
            network.add(word, sent & !dead);
            if undead != 0 {
                after.violated |= self.dead_is_dead();
            }
        }
        if outcome.before != outcome.after {
            let nodes = self.configs.len();
            let own = state.network.words().filter(|(word, _)| word % nodes == outcome.node.index());
            for (word, present) in own {
                network.remove(word, self.deaths(&after, word, present).0);
            }
        }
        let effect = Effect { after, network };
        match outcome.stimulus {
            Some(message) if used => effect.without(message),
            _ => effect,
        }
    }

    /// The history after an outcome. Most outcomes leave most histories alone.
    fn observed(&self, history: u32, id: u32) -> u32 {
        let outcome = self.tables.outcome(id);
        let after = |before: u32| {
            let mut history = self.tables.histories.get(before).clone();
            self.each_step_of(outcome, |step| history.observe(step));
            self.tables.histories.intern(history)
        };
        let (word, bit) = split(id);
        let indifferent = &self.tables.histories.derived(history).at(word);
        if indifferent.yes(word, bit, |_| after(history) == history) == bit {
            return history;
        }
        self.tables.observed.answer((history, id), |_| after(history))
    }

    /// The nodes' cells, by number.
    pub(crate) fn cells(&self, state: &State) -> &[u32; MAX_NODES] {
        &self.tables.nodes.get(state.nodes).cells
    }

    /// A node's cell, by number.
    pub(crate) fn cell(&self, state: &State, node: NodeId) -> u32 {
        self.cells(state)[node.index()]
    }

    /// What the observer remembers, by number.
    pub(crate) fn history(&self, state: &State) -> u32 {
        self.tables.nodes.get(state.nodes).history
    }

    /// What is known of the receiver of the messages of a word.
    fn known(&self, state: &State, word: usize) -> &Known {
        let nodes = self.configs.len();
        self.tables.cells.derived(self.cells(state)[word % nodes]).known.at(word / nodes)
    }

    /// The messages in a word of which nothing comes, as the step is made.
    fn quiet(&self, state: &State, word: usize, messages: u64) -> u64 {
        let quiet = |message| self.tables.outcome(self.step(state, message)).is_quiet();
        self.known(state, word).quiet.yes(word, messages, quiet)
    }

    /// The messages in a word that are dead to their receiver, and those that are said to be and
    /// are not.
    fn deaths(&self, state: &State, word: usize, messages: u64) -> (u64, u64) {
        let Some(dead) = &self.dead else { return (0, 0) };
        let known = self.known(state, word);
        let dead = known.dead.yes(word, messages, |message| {
            let Stimulus { node, event } = self.tables.stimuli.get(message);
            let Event::Message { from, message: text } = event else { return false };
            if !dead(text, *from, &self.tables.cells.get(self.cell(state, *node)).machine) {
                return false;
            }
            let quiet = self.tables.outcome(self.step(state, message)).is_quiet();
            if !quiet {
                known.undead.fetch_or(split(message).1, Ordering::Relaxed);
            }
            quiet
        });
        (dead, messages & known.undead.load(Ordering::Relaxed))
    }

    fn dead_is_dead(&self) -> u64 {
        let at = self.properties.iter().position(|p| matches!(p.condition, Condition::DeadIsDead));
        at.map_or(0, |i| 1 << i)
    }

    /// The timers and inputs of a cell, as far as the environment allows them, and the
    /// acknowledgement that is due.
    pub(crate) fn offers(&self, id: u32) -> &Offers {
        self.tables.cells.derived(id).offers.get_or_init(|| {
            let cell = self.tables.cells.get(id);
            let timers =
                self.host.open(cell).map(|(timer, has_deadline)| (Event::Timer(timer), has_deadline));
            let inputs = self.inputs.iter().map(|input| (Event::Input(input.clone()), false));
            let allowed = timers.chain(inputs).filter_map(|(event, has_deadline)| {
                (has_deadline || (self.environment)(&cell.machine, &event)).then_some(event)
            });
            let stimulus = |event| self.tables.stimuli.intern(Stimulus { node: cell.node, event });
            let due = self.host.due(cell).map(Event::Input).map(stimulus);
            Offers { events: allowed.map(stimulus).collect(), due, overdue: self.compute_overdue(cell) }
        })
    }
}
