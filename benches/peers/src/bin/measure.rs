//! Measures one contestant of this build in one cell, and prints the figures as JSON.

use althing_peers::contestants::{self, Contestant};
use althing_peers::measure::{Cell, measure};
use anyhow::Context;
use clap::Parser;

#[derive(Parser)]
#[command(about)]
struct Arguments {
    /// Who: a name that `--list` prints.
    #[arg(default_value = "tikv propose")]
    contestant: String,
    #[command(flatten)]
    cell: Cell,
    /// How many entries are measured, after as many as it takes to warm up.
    #[arg(long)]
    entries: Option<u64>,
    /// Prints who takes part in which cells, as JSON, a line each.
    #[arg(long)]
    list: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let all = contestants::all();
    if arguments.list {
        for contestant in &all {
            let cells: Vec<_> = Cell::all().filter(|cell| contestant.takes_part(*cell)).collect();
            let Contestant { name, against, encodes, .. } = contestant;
            println!("{}", serde_json::to_string(&(name, against, encodes, cells))?);
        }
        return Ok(());
    }
    let contestant = all.iter().find(|contestant| contestant.name == arguments.contestant);
    let contestant = contestant.context("nobody has this name in this build: see --list")?;
    let cell = arguments.cell;
    let mut cluster = contestant.start(cell.servers);
    let figures = measure(cell, &mut *cluster, arguments.entries.unwrap_or(cell.entries()));
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}
