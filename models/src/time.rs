//! Time, for clusters in which it matters how long a timer takes.
//!
//! Without it any armed timer may expire at any moment, which is every choice of durations at once,
//! and the right thing for whatever must hold whatever they are. With it, time goes in *ticks*, and a
//! timer expires within its [`Window`]: not before so many ticks, and, if it has a deadline, not after
//! so many. Clocks that run too fast or too slow, and hosts that are late, are wider windows. Messages
//! still take as long as they like.
//!
//! # At one moment
//!
//! Between two ticks anything may happen, in any order, and as much as you like; but what has its
//! deadline then happens first. So a deadline is a moment *by* which something has happened: whoever
//! may go on until then goes on before it and not at it, as in `now < until`. The other way, that
//! something may be done as long as `now <= until`, is a window that is one tick longer.
//!
//! # What this leaves out
//!
//! | it is assumed that | so this is not seen |
//! |---|---|
//! | all that happens happens at whole ticks | what is more than so many ticks after one thing, and less than so many after another, if no order at whole ticks has both |
//! | a tick is the same everywhere | nothing: clocks that differ have other windows |
//! | a timer that is due is handled at once | nothing: a host that is late has a later deadline |
//!
//! The first is of no account where what must hold is a comparison of two sums of windows, such as
//! that of two leases: these are whole ticks. Elsewhere finer ticks tell: every window, so many times.
//!
//! The ticks of [liveness](crate::liveness) are others: there messages are faster than clocks, which
//! time waits for, and no node is late.

use althing::machine::{Event, Machine};
use althing::node::NodeId;
use althing::observe::History;

use crate::cell::{Cell, Stimulus};
use crate::cluster::{Cluster, State};
use crate::host::Host;
use crate::tables::Nodes;

/// When a timer expires, in ticks after it was armed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// Not before.
    earliest: u16,
    /// By then at the latest, if it has a deadline: `earliest <= latest`.
    latest: Option<u16>,
}

impl Window {
    /// At any moment, or never.
    pub const ANY: Self = Self::from(0);

    /// At any moment from then on, or never.
    pub const fn from(earliest: u16) -> Self {
        Self { earliest, latest: None }
    }

    /// At any moment from then on, but by this deadline. If that is before it can be, then as soon
    /// as it can be.
    pub const fn between(earliest: u16, latest: u16) -> Self {
        Self { earliest, latest: Some(if latest < earliest { earliest } else { latest }) }
    }

    fn later(self, ticks: u16) -> Self {
        Self { latest: self.latest.map(|latest| latest.saturating_add(ticks)), ..self }
    }

    /// What a clock counts down from, to 0: the deadline if there is one. So it stands still as soon
    /// as it makes no difference any more how long ago the timer was armed.
    fn clock(self) -> u16 {
        self.latest.unwrap_or(self.earliest)
    }

    /// Whether the timer may expire now.
    fn is_open(self, clock: u16) -> bool {
        clock <= self.clock() - self.earliest
    }

    /// Whether it must.
    fn is_due(self, clock: u16) -> bool {
        self.latest.is_some() && clock == 0
    }
}

/// When the timers of each node expire.
pub(crate) type Windows<M> = dyn Fn(NodeId, &<M as Machine>::Timer) -> Window + Send + Sync;

impl<M: Machine> Host<M> {
    fn window(&self, node: NodeId, timer: &M::Timer) -> Option<Window> {
        let window = self.windows.as_ref()?(node, timer);
        Some(window.later((self.tamper.tardy)(timer)))
    }

    /// The clock of a timer that is armed now. `None` without time.
    pub(crate) fn clock(&self, node: NodeId, timer: &M::Timer) -> Option<u16> {
        self.window(node, timer).map(Window::clock)
    }

    /// The timers of a cell that may expire now, each with whether it has a deadline.
    pub(crate) fn open<'a>(&'a self, cell: &'a Cell<M>) -> impl Iterator<Item = (M::Timer, bool)> + 'a {
        cell.timers.iter().enumerate().filter_map(|(place, timer)| {
            let Some(window) = self.window(cell.node, timer) else { return Some((*timer, false)) };
            window.is_open(cell.clocks[place]).then_some((*timer, window.latest.is_some()))
        })
    }

    /// The timers of a cell that must expire now.
    pub(crate) fn overdue<'a>(&'a self, cell: &'a Cell<M>) -> impl Iterator<Item = M::Timer> + 'a {
        cell.timers.iter().zip(&cell.clocks).filter_map(|(timer, clock)| {
            let window = self.window(cell.node, timer)?;
            window.is_due(*clock).then_some(*timer)
        })
    }
}

impl<M: Machine, H: History<M>> Cluster<M, H> {
    /// Lets time pass, in ticks, and says when in them the timers of each node expire.
    ///
    /// A timer with a deadline expires whatever the [environment](Self::environment) and the
    /// [budgets](Self::budgets) allow: otherwise time would stand still, and what it would have
    /// brought would not be seen.
    ///
    /// Not for [liveness](Self::check_liveness), whose time is another.
    #[must_use]
    pub fn timed(mut self, window: impl Fn(NodeId, &M::Timer) -> Window + Send + Sync + 'static) -> Self {
        self.host.windows = Some(Box::new(window));
        self
    }

    /// Whether time passes.
    pub(crate) fn is_timed(&self) -> bool {
        self.host.windows.is_some()
    }

    /// Whether something must happen before anything else does.
    pub(crate) fn is_pressed(&self, state: &State) -> bool {
        self.is_timed() && self.overdue(state).next().is_some()
    }

    /// The timers that must expire now.
    pub(crate) fn overdue<'a>(&'a self, state: &'a State) -> impl Iterator<Item = u32> + 'a {
        let cells = self.cells(state)[..self.configs.len()].iter();
        cells.flat_map(|cell| &self.offers(*cell).overdue).copied()
    }

    pub(crate) fn compute_overdue(&self, cell: &Cell<M>) -> Vec<u32> {
        let stimulus = |timer| Stimulus { node: cell.node, event: Event::Timer(timer) };
        self.host.overdue(cell).map(|timer| self.tables.stimuli.intern(stimulus(timer))).collect()
    }

    /// The nodes one tick later, unless something must happen before.
    pub(crate) fn tick(&self, state: &State) -> Option<u32> {
        if !self.is_timed() || self.is_pressed(state) {
            return None;
        }
        let mut nodes: Nodes = *self.tables.nodes.get(state.nodes);
        for cell in &mut nodes.cells[..self.configs.len()] {
            *cell = *self.tables.cells.derived(*cell).ticked.get_or_init(|| {
                let mut ticked = self.tables.cells.get(*cell).clone();
                ticked.clocks.iter_mut().for_each(|clock| *clock = clock.saturating_sub(1));
                self.tables.cells.intern(ticked)
            });
        }
        Some(self.tables.nodes.intern(nodes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the ticks after it was armed, in which it may expire and in which it must.
    fn told(window: Window, ticks: u16) -> (Vec<u16>, Vec<u16>) {
        let clock = |tick: u16| window.clock().saturating_sub(tick);
        let open = (0..ticks).filter(|tick| window.is_open(clock(*tick))).collect();
        (open, (0..ticks).filter(|tick| window.is_due(clock(*tick))).collect())
    }

    #[test]
    fn a_timer_may_expire_from_its_earliest_tick_on_and_must_by_its_deadline() {
        assert_eq!(told(Window::between(2, 4), 5), (vec![2, 3, 4], vec![4]));
        assert_eq!(told(Window::between(3, 3), 4), (vec![3], vec![3]));
        assert_eq!(told(Window::from(2), 5), (vec![2, 3, 4], vec![]));
        assert_eq!(told(Window::ANY, 2), (vec![0, 1], vec![]));
    }

    #[test]
    fn a_deadline_is_never_before_a_timer_can_expire() {
        assert_eq!(Window::between(4, 2), Window::between(4, 4));
        assert_eq!(told(Window::between(1, 1).later(2), 4), (vec![1, 2, 3], vec![3]));
    }
}
