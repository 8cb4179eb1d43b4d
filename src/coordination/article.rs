//! The article's demonstration as it computes: "Multi-Agent Coordination as Distributed Optimization",
//! section 3. It is kept to be compared with, and differs from [`Surface`](super::regimes::Surface) in
//! three ways: all of its agents sync once, its hybrid works in batches of two at twice the speed of one
//! agent whatever the number of agents, and its parallel time is a lower bound and no schedule's.

use crate::coordination::laws::Load;
use crate::coordination::numbers::{Count, NonNegative};
use crate::coordination::regimes::{Job, Regime};
use crate::coordination::sync_cost::{Shape, SyncCost};

/// A row of the demonstration.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Row {
    /// Which.
    pub regime: Regime,
    /// Its time, in the unit of the work; the overhead is a part of it.
    pub time: f64,
    /// What of it is coordination.
    pub overhead: f64,
}

/// The three rows, of `k` agents at the article's coordination cost `c` (in the unit of the work):
///
/// | regime | time | overhead |
/// |---|---|---|
/// | serial | `W` | 0 |
/// | parallel | `max(L, W/k)` and its overhead | `c k ln(k+1)` |
/// | hybrid | `W/2` and its overhead | `c ceil(n/2)` |
///
/// Its parallel team of one agent pays nothing.
pub fn rows(job: &Job, k: Count, c: NonNegative) -> [Row; 3] {
    let load: &Load = job.load();
    let parallel = SyncCost { price: c, shape: Shape::Article }.at(k);
    let hybrid = c.get() * f64::from(job.tasks().get().div_ceil(2));
    let row = |regime, time, overhead| Row { regime, time: time + overhead, overhead };
    [
        row(Regime::Serial, load.work(), 0.0),
        row(Regime::Parallel, load.at_least(k.into()), parallel),
        row(Regime::Hybrid, load.work() / 2.0, hybrid),
    ]
}

/// The fastest of them: the earlier of equally fast ones.
pub fn best(rows: &[Row; 3]) -> Regime {
    let [serial, others @ ..] = *rows;
    others.into_iter().fold(serial, |best, next| if next.time < best.time { next } else { best }).regime
}
