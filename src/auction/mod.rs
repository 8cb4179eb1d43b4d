//! Auctions, as pure functions of what was bid: who does a task, and for how much.
//!
//! | where | what | file |
//! |---|---|---|
//! | Smith 1980 | one task, paid as bid | [`first_price`](mod@first_price) |
//! | Vickrey 1961 | one task, paid the second price | [`second_price`](mod@second_price) |
//! | Che 1993 | one task, by cost, match and time | [`scoring`] |
//! | Lehmann, Lehmann and Nisan 2006 | many tasks, one at a time | [`sequential`] |
//! | | value, cost, payment, efficiency | [`welfare`] |
//! | | what is learnt from reports | [`cost_model`] |

pub mod cost_model;
pub mod first_price;
pub mod scoring;
pub mod second_price;
pub mod sequential;
pub mod welfare;

pub use first_price::{Sale, first_price};
pub use scoring::{Scale, Tender, second_score};
pub use second_price::second_price;
