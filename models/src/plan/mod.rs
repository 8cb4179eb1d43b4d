//! How many agents are worth their coordination: for `althing plan`.
//!
//! | file | what |
//! |---|---|
//! | [`problem`] | tasks, agents, and what coordination costs |
//! | `written` | the same as it stands in a file, and whether it can be |
//! | [`rows`](mod@rows) | for each number of agents how long it takes, with its bounds |
//! | [`plot`] | speed-up, overhead and efficiency |

pub mod plot;
pub mod problem;
pub mod rows;
mod written;

pub use problem::{Instead, Problem, ProblemError, Team};
pub use rows::{Row, Rows, rows};
