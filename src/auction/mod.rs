//! Auctions and assignments, as pure functions of what is bid: who does a task, and for how much.
//!
//! | where | what | file |
//! |---|---|---|
//! | Smith 1980 | one task, paid as bid | [`first_price`](mod@first_price) |
//! | Vickrey 1961 | one task, paid the second price | [`second_price`](mod@second_price) |
//! | Che 1993 | one task, by cost, match and time | [`scoring`] |
//! | Lehmann, Lehmann and Nisan 2006 | many tasks, one at a time | [`sequential`] |
//! | | many tasks at once, each agent one of them | [`problem`] |
//! | Kuhn 1955 | why an assignment cannot cost less | [`certificate`] |
//! | Jonker and Volgenant 1987 | an optimal assignment, by shortest augmenting paths | [`shortest_path`] |
//! | Bertsekas 1988 | the same, by an auction with falling epsilon | [`epsilon`] |
//! | | the same, by whichever is fast | [`solve`](mod@solve) |
//! | | the same again, after one task or agent has changed | [`warm`] |
//! | Vickrey 1961, Clarke 1971, Groves 1973 | what each agent is to be paid for it | [`vcg`] |
//! | Bertsekas and Castañon 1989 | all of this, for agents with room for several tasks | [`capacity`] |
//! | | value, cost, payment, efficiency | [`welfare`] |
//! | | what is learnt from reports | [`cost_model`] |
//!
//! # How the time of `solve` grows
//!
//! Dense problems of n tasks and n agents, and sparse ones with 10 arcs a task; `prod` costs are rate times
//! size, which is what makes shortest paths slow (`cargo bench -p althing --bench assignment_growth`):
//!
#![doc = include_str!("growth.svg")]
//!
//! # Many tasks at once
//!
//! A [`Problem`] has tasks to be bought and agents who do at most one each; a task may have a reserve, for
//! which it stays unplaced, and one without must be placed. Sides need not be equal. Every solver returns
//! an [`Assignment`] with the prices that prove it optimal, which [`Assignment::verify`] checks by itself,
//! or names tasks that cannot all be placed.
//!
//! All of them keep a short list of each long row: its cheapest arcs, and a floor under the others that
//! holds as long as rents rise. So a matrix is hardly looked at more often than it must be.

mod book;
pub mod capacity;
pub mod certificate;
pub mod cost_model;
pub mod epsilon;
pub mod first_price;
mod paths;
pub mod problem;
pub mod scoring;
pub mod second_price;
pub mod sequential;
pub mod shortest_path;
mod shortlist;
pub mod solve;
pub mod vcg;
pub mod warm;
pub mod welfare;

pub use certificate::{Assignment, Certificate, Unproven};
pub use first_price::{Sale, first_price};
pub use problem::{InvalidProblem, Problem};
pub use scoring::{Scale, Tender, second_score};
pub use second_price::second_price;
