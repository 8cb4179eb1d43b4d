//! Task graphs and their schedules: published examples, naive twins, and checks that can fail.

mod exact;
mod examples;
mod files;
mod gantt;
mod graphs;
mod lists;
mod planted;
mod verify;
mod world;
