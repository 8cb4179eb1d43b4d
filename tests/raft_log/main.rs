//! A test a sentence of the Raft paper (sections 5.3 to 5.5, 6, 7, 8 and Figures 2 and 13, as far
//! as they speak of the log) and of Ongaro's thesis (3.10, 4.1 to 4.3, 6.4, 6.4.1, 10.2). Each test says
//! in its own words which claim it holds the server to.
//!
//! The server under test is server 0. It is brought into its state by events alone, or from a disk
//! that events can leave behind; each write that it makes is one that fits its disk.

mod clients;
mod cluster;
mod commitment;
mod leader;
mod lease;
mod membership;
mod receiver;
mod rules;
mod snapshots;
mod subject;
mod transfer;
mod write_behind;
