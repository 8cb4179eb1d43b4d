//! A test a sentence of the Raft paper (sections 5.1, 5.2, 5.4.1 and Figure 2, as far as they
//! speak of elections) and of Ongaro's thesis (4.2.3, 6.2, 9.6). Each test says in its own words
//! which claim it holds the machine to.
//!
//! The server under test is always node 0. It is brought into its state by events alone, so
//! every test also is a run that can happen.

mod clusters;
mod election;
mod persistence;
mod pre_vote;
mod quorum_check;
mod restriction;
mod rules;
mod stickiness;
mod subject;
mod terms;
mod timers;
