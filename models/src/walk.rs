//! Walks: long runs of a cluster far too large to explore, each step drawn from what is possible.
//!
//! A [`Walk`] takes numbers and makes of each the next step. Any numbers will do, so a walk can be
//! drawn from a seed ([`choices`]), from a property test's strategy or from a fuzzer's bytes, and
//! all of them mean the same. Every invariant is checked after every step.
//!
//! ```
//! # use althing_models::{bounds::Bounds, election, walk::{Walk, choices}};
//! let bounds = Bounds::new(&election::KEYS).with(&[("nodes", 5), ("terms", 1000), ("crashes", 255)]);
//! let cluster = election::model(&bounds).unwrap();
//! let mut walk = Walk::new(&cluster);
//! for choice in choices(7).take(500) {
//!     walk.step(choice).unwrap_or_else(|violation| panic!("{}", violation.story(&cluster)));
//! }
//! ```

use althing::machine::{Event, Machine};
use althing::observe::History;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::cell::Stimulus;
use crate::cluster::{Action, Cluster, State};

/// After how many steps recoverability is checked too: it costs as much as many steps.
const RECOVERY_EVERY: usize = 64;

/// What a step of a walk can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A message arrives, or the host says that a write is durable.
    Message,
    /// A timer expires, or time goes on.
    Timer,
    /// The application asks for something.
    Input,
    /// A message arrives and stays in flight.
    Duplicate,
    /// A message is lost.
    Lose,
    /// A node crashes between two effects of a step.
    Crash,
    /// A node crashes between two steps.
    Restart,
    /// The network is cut in two.
    Cut,
    /// The network is made whole.
    Heal,
}

impl Kind {
    /// How many kinds there are.
    pub const COUNT: usize = 9;

    const fn index(self) -> usize {
        self as usize
    }
}

/// How likely each kind of step is, against the others that are possible.
///
/// A kind is drawn before a step of that kind: otherwise the many ways in which something can go
/// wrong would drown the few in which it goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Weights([u8; Kind::COUNT]);

impl Weights {
    /// These weights, in the order of [`Kind`].
    pub const fn new(weights: [u8; Kind::COUNT]) -> Self {
        Self(weights)
    }

    /// A network that works most of the time, under nodes that are up most of the time.
    pub const fn mixed() -> Self {
        Self([200, 20, 4, 8, 8, 3, 3, 1, 8])
    }

    /// No faults; a cut heals.
    pub const fn calm() -> Self {
        Self([200, 8, 4, 0, 0, 0, 0, 0, 100])
    }

    /// More faults than anything else.
    pub const fn stormy() -> Self {
        Self([80, 40, 8, 40, 60, 30, 20, 8, 8])
    }

    fn of(&self, kind: usize) -> u32 {
        u32::from(self.0[kind])
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self::mixed()
    }
}

/// A run of a cluster, step by step.
pub struct Walk<'a, M: Machine, H: History<M>> {
    cluster: &'a Cluster<M, H>,
    state: State,
    weights: Weights,
    actions: Vec<Action>,
    taken: [usize; Kind::COUNT],
    /// What is possible at present, kept to be filled anew.
    possible: Vec<Action>,
}

/// An invariant that a walk found violated.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{property} is violated after {} steps", .actions.len())]
pub struct Violation {
    /// The invariant.
    pub property: &'static str,
    /// Every step up to there.
    pub actions: Vec<Action>,
}

/// The choices of this seed, without end: the same on every machine and in every version.
pub fn choices(seed: u64) -> impl Iterator<Item = u32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    std::iter::repeat_with(move || random.next_u32())
}

impl<'a, M: Machine, H: History<M>> Walk<'a, M, H> {
    /// A walk that has not begun. Which faults it meets, and how many of them, the cluster says.
    pub fn new(cluster: &'a Cluster<M, H>) -> Self {
        let (state, weights) = (cluster.initial(), Weights::default());
        let (actions, taken, possible) = (Vec::new(), [0; Kind::COUNT], Vec::new());
        Self { cluster, state, weights, actions, taken, possible }
    }

    /// What is likely from now on: a storm may follow a calm.
    pub fn set_weights(&mut self, weights: Weights) {
        self.weights = weights;
    }

    /// The present state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The steps made so far.
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// How many steps of this kind were made.
    pub fn taken(&self, kind: Kind) -> usize {
        self.taken[kind.index()]
    }

    /// Makes one step, if one that has a weight is possible, and returns it. The choice says which: it is a
    /// fraction of 2^32, so choices that are close to each other have much in common.
    ///
    /// # Errors
    /// The first invariant that is violated now; the step is made all the same. Recoverability
    /// is checked now and then.
    pub fn step(&mut self, choice: u32) -> Result<Option<Action>, Violation> {
        self.possible.clear();
        self.cluster.enabled(&self.state, &mut self.possible);
        let Some((kind, action)) = self.choose(choice) else { return Ok(None) };
        self.state = self.cluster.apply(&self.state, action).expect("what is enabled is possible");
        self.actions.push(action);
        self.taken[kind] += 1;
        if self.actions.len().is_multiple_of(RECOVERY_EVERY) {
            self.end()?;
        } else {
            self.judge(self.cluster.violated_safety(&self.state))?;
        }
        Ok(Some(action))
    }

    /// Checks every invariant of the present state, recoverability too: what a walk ends with.
    ///
    /// # Errors
    /// The invariant that is violated.
    pub fn end(&self) -> Result<(), Violation> {
        self.judge(self.cluster.violated(&self.state))
    }

    fn judge(&self, violated: Vec<&'static str>) -> Result<(), Violation> {
        match violated.first() {
            Some(property) => Err(Violation { property, actions: self.actions.clone() }),
            None => Ok(()),
        }
    }

    /// First the kind, then, of timers, the name, and then one of those that there are.
    fn choose(&self, choice: u32) -> Option<(usize, Action)> {
        let mut fraction = Fraction(choice);
        let mut counts = [0_u32; Kind::COUNT];
        self.possible.iter().for_each(|action| counts[self.kind(*action).index()] += 1);
        let weight = |kind: usize| if counts[kind] > 0 { self.weights.of(kind) } else { 0 };
        let mut drawn = fraction.pick((0..Kind::COUNT).map(weight).sum())?;
        let kind = (0..Kind::COUNT).find(|kind| {
            let here = drawn < weight(*kind);
            drawn = drawn.saturating_sub(weight(*kind));
            here
        })?;
        let mut of_kind = self.possible.iter().copied().filter(|action| self.kind(*action).index() == kind);
        if kind != Kind::Timer.index() {
            return Some((kind, of_kind.nth(fraction.pick(counts[kind])? as usize)?));
        }
        // A timer that runs on every node shall not drown one that runs on the leader alone.
        let mut timers: Vec<_> = of_kind.map(|action| (self.timer(action), action)).collect();
        timers.sort_by_key(|(timer, _)| *timer);
        let named: Vec<_> = timers.chunk_by(|(a, _), (b, _)| a == b).collect();
        let running = named.get(fraction.pick(named.len() as u32)? as usize)?;
        Some((kind, running.get(fraction.pick(running.len() as u32)? as usize)?.1))
    }

    fn kind(&self, action: Action) -> Kind {
        match action {
            Action::Step(_) => match self.cluster.stimulus(action).map(|stimulus| &stimulus.event) {
                Some(Event::Timer(_)) => Kind::Timer,
                Some(Event::Input(_)) if !self.cluster.acknowledges_in(&self.state, action) => Kind::Input,
                Some(Event::Input(_)) => Kind::Message,
                Some(Event::Message { .. }) | None => Kind::Message,
            },
            Action::Duplicate(_) => Kind::Duplicate,
            Action::StepThenCrash(..) => Kind::Crash,
            Action::Restart(..) => Kind::Restart,
            Action::Lose(_) => Kind::Lose,
            Action::Cut(_) => Kind::Cut,
            Action::Heal => Kind::Heal,
            Action::Tick => Kind::Timer,
        }
    }

    fn timer(&self, action: Action) -> Option<M::Timer> {
        match self.cluster.stimulus(action)?.event {
            Event::Timer(timer) => Some(timer),
            Event::Message { .. } | Event::Input(_) => None,
        }
    }
}

/// A number from 0 to 1, in units of 2^-32, from which one choice after another is drawn.
struct Fraction(u32);

impl Fraction {
    /// One of `0..among`. `None` if there is nothing to choose from.
    fn pick(&mut self, among: u32) -> Option<u32> {
        let product = u64::from(self.0) * u64::from(among);
        self.0 = product as u32;
        (among > 0).then_some((product >> 32) as u32)
    }
}

impl Violation {
    /// As a story to read: just those of the steps that are needed, which takes a while to find
    /// out.
    pub fn story<M: Machine, H: History<M>>(&self, cluster: &Cluster<M, H>) -> String {
        let actions = cluster.shrink(self.actions.clone(), |state| cluster.violates(state, self.property));
        let trace = cluster.trace(&actions, self.property);
        format!("{self}; {} of them are enough:\n{}", actions.len(), trace.story())
    }
}

impl<M: Machine, H: History<M>> Cluster<M, H> {
    /// Whether this action is that the host says, in this state, that a write is durable.
    pub(crate) fn acknowledges_in(&self, state: &State, action: Action) -> bool {
        let Some(Stimulus { node, event: Event::Input(input) }) = self.stimulus(action) else { return false };
        self.host.due(self.tables.cells.get(self.cell(state, *node))).as_ref() == Some(input)
    }

    /// What happens to a node, or would have, in this action: the message, timer or input.
    pub fn stimulus(&self, action: Action) -> Option<&Stimulus<M>> {
        match action {
            Action::Step(id) | Action::Duplicate(id) | Action::StepThenCrash(id, _) | Action::Lose(id) => {
                Some(self.tables.stimuli.get(id))
            }
            Action::Restart(..) | Action::Cut(_) | Action::Heal | Action::Tick => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_reaches_all_there_is_and_nothing_else() {
        let pick = |choice, among| Fraction(choice).pick(among);
        assert_eq!((pick(0, 7), pick(u32::MAX, 7), pick(1 << 31, 7)), (Some(0), Some(6), Some(3)));
        assert_eq!(pick(5, 0), None);
        let mut half_of_the_second = Fraction(0b11 << 30);
        assert_eq!(half_of_the_second.pick(2), Some(1));
        assert_eq!(half_of_the_second.pick(100), Some(50));
    }

    #[test]
    fn the_choices_of_a_seed_are_for_ever() {
        let first: Vec<_> = choices(1).take(3).collect();
        assert_eq!(first, [2_359_561_649, 1_728_662_762, 4_228_812_395]);
        assert_ne!(first, choices(2).take(3).collect::<Vec<_>>());
    }
}
