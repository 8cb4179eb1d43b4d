//! The shortest path by which one more task is placed, or one more agent let go.

use alloc::collections::BinaryHeap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::auction::book::Book;
use crate::auction::problem::{Problem, Row};

/// Where a path begins, or passes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Node {
    /// The agent, and through it the task that it has.
    Agent(u32),
    /// Where idle agents and unplaced tasks are: an agent comes here at rent 0, a task at its reserve,
    /// and each can be taken from here.
    Outside,
    /// What is not listed of this task's row.
    Rest(u32),
    /// An open task; only a path begins there.
    Task(u32),
}

/// A search in the residual network of a [`Book`] whose prices are exact (`scale` 1), by Dijkstra's
/// method over reduced costs, which no arc has below 0.
///
/// One search with [`Paths::augment`] costs `O((tasks + agents + arcs) log arcs)` at most, as its
/// heap keeps what it has outdone. It looks at whole
/// rows only where a list does not suffice.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    /// Of each agent that was reached; [`i64::MAX`] of the others.
    distances: Vec<i64>,
    /// The task through which the agent was reached; `None` if that was from outside.
    parents: Vec<Option<u32>>,
    reached: Vec<u32>,
    /// The tasks that are settled, with their distances.
    settled: Vec<(u32, i64)>,
    outside: i64,
    /// Through which agent or task the outside was reached.
    exit: Option<Node>,
    /// Beyond this distance nothing matters, because a goal is there.
    limit: i64,
    goal: Option<Node>,
    heap: BinaryHeap<Reverse<(i64, Node)>>,
    /// Nodes at the distance that is being settled.
    ready: Vec<Node>,
}

/// No path: these tasks, one more than the agents who can do them, must all be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stuck(pub(super) Vec<u32>);

impl Paths {
    pub(super) fn new(agents: usize) -> Self {
        Self {
            distances: vec![i64::MAX; agents],
            parents: vec![None; agents],
            reached: Vec::new(),
            settled: Vec::new(),
            outside: i64::MAX,
            exit: None,
            limit: i64::MAX,
            goal: None,
            heap: BinaryHeap::new(),
            ready: Vec::new(),
        }
    }

    /// Places the open task, or, from [`Node::Outside`], uses or frees a vacant agent. If some agent is
    /// vacant, the path must end at one (`to_vacant`), else outside.
    ///
    /// Whether rents have fallen: then other agents may be vacant no more.
    pub(super) fn augment(
        &mut self,
        book: &mut Book<'_>,
        from: Node,
        to_vacant: bool,
    ) -> Result<bool, Stuck> {
        self.clear();
        match from {
            Node::Task(task) => {
                book.prices[task as usize] = book.level(task as usize);
                self.settled.push((task, 0));
                self.leave(book, task, 0, to_vacant);
            }
            Node::Outside => self.reach(0, Node::Outside, 0),
            Node::Agent(_) | Node::Rest(_) => {}
        }
        self.search(book, to_vacant);
        let Some(goal) = self.goal else {
            return Err(Stuck(self.settled.iter().map(|(task, _)| *task).collect()));
        };
        let fell = self.reprice(book);
        self.shift(book, from, goal);
        Ok(fell)
    }

    fn clear(&mut self) {
        for agent in self.reached.drain(..) {
            self.distances[agent as usize] = i64::MAX;
        }
        self.settled.clear();
        self.heap.clear();
        self.ready.clear();
        (self.outside, self.exit, self.limit, self.goal) = (i64::MAX, None, i64::MAX, None);
    }

    fn search(&mut self, book: &mut Book<'_>, to_vacant: bool) {
        let mut now = 0;
        loop {
            let node = match self.ready.pop() {
                Some(node) => node,
                None => match self.heap.pop() {
                    Some(Reverse((distance, node))) => {
                        now = distance;
                        node
                    }
                    None => break,
                },
            };
            if now >= self.limit {
                break;
            }
            match node {
                Node::Agent(agent) if self.distances[agent as usize] == now => {
                    if let Some(task) = book.task_of[agent as usize] {
                        self.settled.push((task, now));
                        self.leave(book, task, now, to_vacant);
                    }
                }
                Node::Agent(_) | Node::Task(_) => {}
                Node::Outside => self.enter(book, now, to_vacant),
                Node::Rest(task) => self.leave_rest(book, task, now, to_vacant),
            }
        }
    }

    /// To whom the task can go instead.
    fn leave(&mut self, book: &mut Book<'_>, task: u32, now: i64, to_vacant: bool) {
        let price = book.prices[task as usize];
        let arcs = book.lists.arcs(&book.problem, task as usize);
        for (agent, cost) in arcs {
            if *cost <= Problem::MAX_COST {
                self.relax(book, task, *agent, now + (i64::from(*cost) - price), now, to_vacant);
            }
        }
        let listed = arcs.len() as u64;
        let floor = book.lists.floor(task as usize);
        if let Some(reserve) = book.reserve(task as usize) {
            self.exit_by(Node::Task(task), now + (reserve - price), now, to_vacant);
        }
        if floor < i64::MAX {
            self.reach(now + floor.saturating_sub(price).max(0), Node::Rest(task), now);
        }
        book.lists.scanned += listed;
    }

    /// The same for all of its row.
    fn leave_rest(&mut self, book: &mut Book<'_>, task: u32, now: i64, to_vacant: bool) {
        // A task is settled where its agent is; the one that the path begins with, at 0.
        let start = book.agent_of[task as usize].map_or(0, |agent| self.distances[agent as usize]);
        let start = if book.unplaced[task as usize] { self.outside } else { start };
        let Row::Dense(row) = book.problem.row(task as usize) else { return };
        let price = book.prices[task as usize];
        book.lists.scan(row, task as usize);
        // Levels of interest: those below the limit.
        let limit = if self.limit == i64::MAX { i64::MAX } else { self.limit - start + price };
        let limit = limit.min(i64::from(i32::MAX)) as i32;
        book.lists.collect(row, limit);
        for (_, agent, cost) in book.lists.found() {
            self.relax(book, task, *agent, start + (i64::from(*cost) - price), now, to_vacant);
        }
    }

    /// `before` is the distance of the agent, but for its rent.
    fn relax(&mut self, book: &Book<'_>, task: u32, agent: u32, before: i64, now: i64, to_vacant: bool) {
        let place = agent as usize;
        let distance = before + book.rents[place];
        if distance >= self.limit || distance >= self.distances[place] {
            return;
        }
        self.note(agent, distance, Some(task));
        if book.task_of[place].is_some() {
            self.reach(distance, Node::Agent(agent), now);
        } else if book.rents[place] > 0 {
            (self.limit, self.goal) = (distance, Some(Node::Agent(agent)));
        } else {
            self.exit_by(Node::Agent(agent), distance, now, to_vacant);
        }
    }

    fn note(&mut self, agent: u32, distance: i64, parent: Option<u32>) {
        if self.distances[agent as usize] == i64::MAX {
            self.reached.push(agent);
        }
        (self.distances[agent as usize], self.parents[agent as usize]) = (distance, parent);
    }

    fn exit_by(&mut self, exit: Node, distance: i64, now: i64, to_vacant: bool) {
        if distance >= self.limit || distance >= self.outside {
            return;
        }
        (self.outside, self.exit) = (distance, Some(exit));
        if to_vacant {
            self.reach(distance, Node::Outside, now);
        } else {
            (self.limit, self.goal) = (distance, Some(Node::Outside));
        }
    }

    fn reach(&mut self, distance: i64, node: Node, now: i64) {
        if distance == now {
            self.ready.push(node);
        } else if distance < self.limit {
            self.heap.push(Reverse((distance, node)));
        }
    }

    /// Who can be taken from outside: agents that leave their task and are idle then, and tasks that
    /// were unplaced.
    fn enter(&mut self, book: &mut Book<'_>, now: i64, to_vacant: bool) {
        if self.outside < now {
            return;
        }
        self.outside = now;
        for (agent, rent) in book.rents.iter().enumerate() {
            let distance = now + rent;
            if distance >= self.limit || distance >= self.distances[agent] {
                continue;
            }
            let node = Node::Agent(agent as u32);
            if book.task_of[agent].is_some() {
                self.note(agent as u32, distance, None);
                self.reach(distance, node, now);
            } else if *rent > 0 {
                self.note(agent as u32, distance, None);
                (self.limit, self.goal) = (distance, Some(node));
            }
        }
        book.lists.scanned += book.rents.len() as u64;
        for task in 0..book.unplaced.len() {
            if book.unplaced[task] {
                self.settled.push((task as u32, now));
                self.leave(book, task as u32, now, to_vacant);
            }
        }
    }

    /// Prices at which no arc is below its task's price, and those of the path are equal to it.
    fn reprice(&mut self, book: &mut Book<'_>) -> bool {
        let fall = self.limit - self.outside.min(self.limit);
        if fall > 0 {
            for agent in 0..book.rents.len() {
                let rent = (book.rents[agent] - fall).max(0);
                if self.distances[agent] >= self.limit {
                    book.set_rent(agent, rent);
                }
            }
            book.prices.iter_mut().for_each(|price| *price -= fall);
            self.settled.iter().for_each(|(task, _)| book.prices[*task as usize] += fall);
            book.lists.lower(fall);
        }
        let base = self.limit - fall;
        for agent in &self.reached {
            let agent = *agent as usize;
            if self.distances[agent] < self.limit {
                let rent = (book.rents[agent] + (base - self.distances[agent])).max(0);
                book.set_rent(agent, rent);
            }
        }
        for (task, distance) in &self.settled {
            book.prices[*task as usize] += base - distance;
        }
        fall > 0
    }

    /// Moves each task of the path to the agent by which the path goes on, beginning at its end.
    fn shift(&mut self, book: &mut Book<'_>, from: Node, goal: Node) {
        let mut at = goal;
        loop {
            let task = match at {
                Node::Outside if from == Node::Outside => return,
                Node::Outside => match self.exit {
                    Some(Node::Task(task)) => {
                        book.unplaced[task as usize] = true;
                        Some((task, book.agent_of[task as usize].take()))
                    }
                    Some(exit) => {
                        at = exit;
                        continue;
                    }
                    None => return,
                },
                Node::Agent(agent) => match self.parents[agent as usize] {
                    Some(task) => {
                        book.task_of[agent as usize] = Some(task);
                        Some((task, book.agent_of[task as usize].replace(agent)))
                    }
                    None => {
                        book.task_of[agent as usize] = None;
                        None
                    }
                },
                Node::Rest(_) | Node::Task(_) => return,
            };
            at = match task {
                Some((task, _)) if from == Node::Task(task) => return,
                Some((_, Some(agent))) => Node::Agent(agent),
                Some((task, None)) => {
                    book.unplaced[task as usize] = false;
                    Node::Outside
                }
                None => Node::Outside,
            };
        }
    }
}
