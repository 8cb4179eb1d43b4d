//! Builds all variants, measures all contestants in all cells, one after another and round after
//! round, and prints one table of it. What is compared was measured in the same run.

mod builds;
mod rows;
mod table;

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use althing_peers::measure::{Cell, Figures};
use clap::Parser;

use crate::builds::{Build, VARIANTS};
use crate::rows::Row;

#[derive(Parser)]
#[command(about)]
struct Arguments {
    /// How often each figure is taken: of the rounds, the median is told.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Only contestants with this in their names, and whom they are compared with.
    #[arg(long)]
    only: Vec<String>,
    /// Only batches of this size.
    #[arg(long)]
    batch: Option<usize>,
    /// Only these numbers of servers.
    #[arg(long)]
    servers: Option<usize>,
    /// Only commands of so many bytes.
    #[arg(long)]
    size: Option<usize>,
    /// Writes each figure of each round to this file, as a line of JSON.
    #[arg(long)]
    record: Option<PathBuf>,
}

impl Arguments {
    fn cells(&self) -> Vec<Cell> {
        let is = |wish: Option<usize>, value| wish.is_none_or(|wish| wish == value);
        let wanted = |cell: &Cell| {
            is(self.batch, cell.batch) && is(self.servers, cell.servers) && is(self.size, cell.size)
        };
        Cell::all().filter(wanted).collect()
    }

    fn wants(&self, row: &Row) -> bool {
        self.only.is_empty()
            || row.is_reference()
            || self.only.iter().any(|part| row.contestant.contains(part.as_str()))
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let builds = VARIANTS.iter().map(Build::new).collect::<anyhow::Result<Vec<_>>>()?;
    let mut rows = rows::of(&builds, &arguments.cells())?;
    rows.retain(|row| arguments.wants(row));
    let mut record = arguments.record.as_ref().map(File::create).transpose()?;
    for round in 1..=arguments.rounds {
        eprintln!("round {round} of {}", arguments.rounds);
        for cell in arguments.cells() {
            for row in rows.iter_mut().filter(|row| row.takes_part(cell)) {
                let figures = row.measure(cell)?;
                if let Some(record) = &mut record {
                    writeln!(record, "{}", line(row, cell, round, &figures))?;
                }
            }
        }
    }
    println!("{}", table::draw(&rows, &arguments.cells()));
    Ok(())
}

fn line(row: &Row, cell: Cell, round: u32, figures: &Figures) -> serde_json::Value {
    serde_json::json!({
        "contestant": row.contestant,
        "codec": row.codec,
        "allocator": row.allocator,
        "cell": cell,
        "round": round,
        "figures": figures,
        "allocations_per_entry": row.allocations(cell),
    })
}
