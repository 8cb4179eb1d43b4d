//! The contract net: a test a sentence of its state table, and long runs of the whole.

mod contractor;
mod counts;
mod declines;
mod encoding;
mod foreign;
mod manager;
mod mechanism;
mod mutants;
mod random;
mod runs;
mod subject;
mod timed;
mod window;
mod world;
