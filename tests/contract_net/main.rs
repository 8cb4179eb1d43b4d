//! The contract net: a test a sentence of its state table, and long runs of the whole.

mod declines;
mod mutants;
mod random;
mod runs;
mod world;
