//! What is learnt from reports: what tasks cost an agent, what its bids and estimates are worth, and
//! whom to try.
//!
//! | where | what | file |
//! |---|---|---|
//! | DeGroot 1970; Kalman 1960 | a cost, from reports with noise, while it drifts | [`normal`] |
//! | Hoerl and Kennard 1970; MarketBench | what a bid is worth | [`calibration`] |
//! | Vovk, Gammerman and Shafer 2005 | how long it will take at most | [`conformal`] |
//! | Capen, Clapp and Campbell 1971 | whom to choose by estimates | [`winners_curse`] |
//! | Auer, Cesa-Bianchi and Fischer 2002 | whom to try | [`ucb1`] |
//! | Li et al. 2010; Abbasi-Yadkori et al. 2011 | the same, by what tasks are like | [`linucb`] |
//! | Thompson 1933 | the same, by chance | [`thompson`] |
//! | | all of an agent, as a fold over its reports | [`records`] |
//! | | numbers that are equal, or not | [`finite`] |
//!
//! All of it is plain state: it is equal to itself, serialises without loss, and the same reports in the
//! same order give the same bits on every platform, for its elementary functions are those of `libm`.

pub mod calibration;
pub mod conformal;
pub mod finite;
pub mod linucb;
pub mod normal;
pub mod records;
pub mod thompson;
pub mod ucb1;
pub mod winners_curse;

pub use calibration::Calibration;
pub use conformal::{Coverage, Times};
pub use finite::{Finite, Unusable};
pub use linucb::LinUcb;
pub use normal::{Dynamics, Normal};
pub use records::{Record, Records, Report, Settings};
pub use ucb1::Ucb1;
