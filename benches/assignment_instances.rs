//! The problems that assignment is measured with, from seeds.

use althing::auction::Problem;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// What costs look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Uniform below 1,000,000.
    Uni,
    /// The rate of the agent times the size of the task, each up to 1,000, and noise below 1,000.
    Prod,
    /// Distances of points in a square with a side of 1,000,000.
    Geometric,
}

impl Class {
    pub(crate) const ALL: [Self; 3] = [Self::Uni, Self::Prod, Self::Geometric];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Uni => "uni",
            Self::Prod => "prod",
            Self::Geometric => "geometric",
        }
    }
}

/// Costs of pairs, which may be asked for in any order but are drawn in that.
struct Costs {
    class: Class,
    rng: ChaCha8Rng,
    tasks: Vec<[u32; 2]>,
    agents: Vec<[u32; 2]>,
}

impl Costs {
    fn new(class: Class, tasks: usize, agents: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let bound = if class == Class::Prod { 1_000 } else { 1_000_000 };
        let mut draw = |count| (0..count).map(|_| [(); 2].map(|()| 1 + rng.next_u32() % bound)).collect();
        let (tasks, agents) = (draw(tasks), draw(agents));
        Self { class, rng, tasks, agents }
    }

    fn of(&mut self, task: usize, agent: usize) -> u32 {
        let ([x, y], [u, v]) = (self.tasks[task], self.agents[agent]);
        match self.class {
            Class::Uni => self.rng.next_u32() % 1_000_000,
            Class::Prod => x * u + self.rng.next_u32() % 1_000,
            Class::Geometric => f64::from(x.abs_diff(u)).hypot(f64::from(y.abs_diff(v))) as u32,
        }
    }
}

pub(crate) fn dense(class: Class, tasks: usize, agents: usize) -> Vec<u32> {
    let mut costs = Costs::new(class, tasks, agents);
    (0..tasks * agents).map(|place| costs.of(place / agents, place % agents)).collect()
}

/// So many arcs a task, no fewer agents than tasks, and at least one assignment.
pub(crate) fn sparse(
    class: Class,
    tasks: usize,
    agents: usize,
    degree: usize,
) -> (Vec<usize>, Vec<(u32, u32)>) {
    let mut costs = Costs::new(class, tasks, agents);
    let mut order: Vec<_> = (0..agents as u32).collect();
    for place in (1..agents).rev() {
        order.swap(place, costs.rng.next_u32() as usize % (place + 1));
    }
    let (mut starts, mut arcs) = (vec![0], Vec::with_capacity(tasks * degree));
    for (task, &planted) in order.iter().take(tasks).enumerate() {
        let first = arcs.len();
        arcs.push((planted, costs.of(task, planted as usize)));
        while arcs.len() - first < degree {
            let agent = costs.rng.next_u32() % agents as u32;
            if arcs[first..].iter().all(|(other, _)| *other != agent) {
                arcs.push((agent, costs.of(task, agent as usize)));
            }
        }
        starts.push(arcs.len());
    }
    (starts, arcs)
}

pub(crate) fn dense_problem(class: Class, tasks: usize, agents: usize) -> Problem {
    Problem::dense(tasks, agents, dense(class, tasks, agents)).expect("costs are in range")
}

pub(crate) fn sparse_problem(class: Class, side: usize, degree: usize) -> Problem {
    let (starts, arcs) = sparse(class, side, side, degree);
    Problem::sparse(side, starts, arcs).expect("costs are in range")
}
