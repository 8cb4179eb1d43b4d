//! What a host does with what a machine asks for: what reaches the disk when, and what the machine
//! hears of it.
//!
//! A write that a sync follows in its drain is durable before any effect after it. One that none
//! follows is *behind*: the host makes it durable in its own time, in order, and then says so with
//! an input, the acknowledgement. A crash may come before, and then the disk has the first few of
//! the writes behind: none, all, or any number between.

use althing::machine::{Durable, Event, Machine, WriteOf};
use althing::node::NodeId;
use althing::outbox::{Op, Outbox};

use crate::cell::{Cell, Tamper};
use crate::time::Windows;

/// The input by which a host says that a write, and every one before it, is durable.
pub(crate) type Acknowledges<M> = dyn Fn(&WriteOf<M>) -> Option<<M as Machine>::Input> + Send + Sync;

/// Who runs the machines of a cluster.
pub(crate) struct Host<M: Machine> {
    /// What is wrong with it, if anything is.
    pub(crate) tamper: Tamper<M>,
    /// `None`: every write is durable at once.
    pub(crate) acknowledges: Option<Box<Acknowledges<M>>>,
    /// When timers expire. `None`: at any moment.
    pub(crate) windows: Option<Box<Windows<M>>>,
}

impl<M: Machine> Default for Host<M> {
    fn default() -> Self {
        Self { tamper: Tamper::default(), acknowledges: None, windows: None }
    }
}

impl<M: Machine> Host<M> {
    /// A node after a start with this disk, and what an observer sees of the start.
    pub(crate) fn start(&self, node: NodeId, config: M::Config, disk: M::Durable) -> (Cell<M>, Vec<Op<M>>) {
        let mut out = Outbox::new();
        let machine = M::restart(config.clone(), (self.tamper.reads)(disk.clone()), &mut out);
        let ops = (self.tamper.performs)(out.drain().collect());
        let (behind, timers, clocks) = (Vec::new(), Vec::new(), Vec::new());
        let mut cell = Cell { node, config, machine, disk, behind, synced: 0, timers, clocks };
        let seen = self.perform(&mut cell, &ops);
        (cell, seen.unwrap_or(ops))
    }

    /// Lets the machine handle an event, without performing what it asks for.
    pub(crate) fn step(&self, cell: &mut Cell<M>, event: Event<M>) -> Vec<Op<M>> {
        if let Event::Timer(timer) = &event {
            cell.disarm(timer);
        }
        if (self.tamper.ignores)(&cell.machine, &event) {
            return Vec::new();
        }
        let mut out = Outbox::new();
        cell.machine.step(event, &mut out);
        (self.tamper.performs)(out.drain().collect())
    }

    /// Performs what concerns the host; messages and outputs go elsewhere.
    ///
    /// An observer sees each write when it reaches the disk: one that is behind not yet, and those
    /// from before a sync right before it. Returns what it sees, unless that is what was asked for.
    pub(crate) fn perform(&self, cell: &mut Cell<M>, ops: &[Op<M>]) -> Option<Vec<Op<M>>> {
        if self.acknowledges.is_none() {
            ops.iter().for_each(|op| self.perform_one(cell, op));
            return None;
        }
        let untold = cell.behind.len();
        let mut seen = Vec::new();
        for op in ops {
            match op {
                Op::Write(write) => cell.behind.push(write.clone()),
                Op::Sync => {
                    seen.extend(cell.keep(cell.unsynced()).into_iter().map(Op::Write));
                    seen.push(Op::Sync);
                    // Whoever asks for a sync needs not be told of what it wrote just before.
                    cell.behind.truncate(untold);
                    cell.synced = untold;
                }
                Op::Send { .. } | Op::Arm(_) | Op::Disarm(_) | Op::Output(_) => {
                    self.perform_one(cell, op);
                    seen.push(op.clone());
                }
            }
        }
        self.forget_untellable(cell);
        (seen != ops).then_some(seen)
    }

    /// Performs an operation, a write at once.
    fn perform_one(&self, cell: &mut Cell<M>, op: &Op<M>) {
        match op {
            Op::Write(write) => cell.disk.apply(write),
            Op::Arm(timer) => cell.arm(*timer, self.clock(cell.node, timer)),
            Op::Disarm(timer) => cell.disarm(timer),
            Op::Sync | Op::Send { .. } | Op::Output(_) => {}
        }
    }

    /// The acknowledgement that comes next: of the first write behind that has one.
    pub(crate) fn due(&self, cell: &Cell<M>) -> Option<M::Input> {
        self.first_due(cell).map(|(_, input)| input)
    }

    /// If the event is the acknowledgement that comes next, what it speaks of is durable from now
    /// on. Returns what was not before.
    pub(crate) fn acknowledge(&self, cell: &mut Cell<M>, event: &Event<M>) -> Vec<WriteOf<M>> {
        let Event::Input(input) = event else { return Vec::new() };
        match self.first_due(cell) {
            Some((last, due)) if due == *input => {
                let durable = cell.keep((last + 1).saturating_sub(cell.synced));
                cell.behind.drain(..=last);
                cell.synced = cell.synced.saturating_sub(last + 1);
                durable
            }
            Some(_) | None => Vec::new(),
        }
    }

    /// How many of the writes behind may be on the disk if the node crashes after it has performed
    /// this much of a step: those that make a difference. If nothing was said since a write, that
    /// it is lost is no different from a crash before it.
    pub(crate) fn survivors(&self, cell: &Cell<M>, performed: &[Op<M>]) -> Vec<usize> {
        if self.acknowledges.is_none() {
            return vec![0];
        }
        let synced = performed.iter().rposition(|op| matches!(op, Op::Sync));
        let earlier = if synced.is_some() { 0 } else { cell.unsynced() };
        let since = synced.map_or(0, |place| place + 1);
        let own = (since..performed.len()).filter(|place| matches!(performed[*place], Op::Write(_)));
        let places: Vec<_> = std::iter::repeat_n(since, earlier).chain(own).collect();
        let says = |op: &Op<M>| matches!(op, Op::Send { .. } | Op::Output(_));
        let differs = |lost: &usize| places.get(*lost).is_none_or(|from| performed[*from..].iter().any(says));
        (0..=places.len()).filter(differs).collect()
    }

    fn first_due(&self, cell: &Cell<M>) -> Option<(usize, M::Input)> {
        let acknowledges = self.acknowledges.as_ref()?;
        cell.behind.iter().enumerate().find_map(|(i, write)| Some((i, acknowledges(write)?)))
    }

    /// What is durable and has no acknowledgement is over and done with.
    fn forget_untellable(&self, cell: &mut Cell<M>) {
        let Some(acknowledges) = &self.acknowledges else { return };
        for i in (0..cell.synced).rev() {
            if acknowledges(&cell.behind[i]).is_none() {
                cell.behind.remove(i);
                cell.synced -= 1;
            }
        }
    }
}

impl<M: Machine> Cell<M> {
    /// How many of the writes behind are not on the disk yet.
    pub(crate) fn unsynced(&self) -> usize {
        self.behind.len() - self.synced
    }

    /// This many more of the writes behind reach the disk. Returns them.
    pub(crate) fn keep(&mut self, count: usize) -> Vec<WriteOf<M>> {
        let kept = self.behind[self.synced..][..count].to_vec();
        kept.iter().for_each(|write| self.disk.apply(write));
        self.synced += count;
        kept
    }

    /// The disk as it will be once every write behind has reached it.
    pub(crate) fn disk_at_last(&self) -> M::Durable {
        let mut disk = self.disk.clone();
        self.behind[self.synced..].iter().for_each(|write| disk.apply(write));
        disk
    }
}
