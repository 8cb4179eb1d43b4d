//! A market in one process: a manager and its contractors as they ship, run by a host whose network loses
//! nothing and whose clock is a counter. For `althing auction`.
//!
//! | file | what |
//! |---|---|
//! | [`problem`] | agents and tasks as somebody writes them down |
//! | `written` | the same as it stands in a file, and whether it can be |
//! | [`run`](mod@run) | the host: time, timers, bids and work |
//! | [`clearing`] | tasks cleared together, in place of the host |
//! | [`plot`] | value against cost |
//! | [`outcome`] | what came of it |

pub mod clearing;
pub mod outcome;
pub mod plot;
pub mod problem;
pub mod run;
mod written;

pub use clearing::{Clearing, ClearingError, Payment};
pub use outcome::{AgentOutcome, Fate, MarketOutcome, TaskOutcome};
pub use problem::{Problem, ProblemError};
pub use run::run;
