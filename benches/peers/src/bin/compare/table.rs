//! The table, as Markdown.

use althing_peers::measure::Cell;
use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};

use crate::rows::Row;

/// How many columns stand before the figures.
const NAMES: usize = 4;

pub(crate) fn draw(rows: &[Row<'_>], cells: &[Cell]) -> Table {
    let columns = Columns::of(cells, rows.iter().any(Row::is_reference));
    let mut batches: Vec<_> = cells.iter().map(|cell| cell.batch).collect();
    batches.dedup();

    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(columns.header());
    for batch in batches {
        let takes_part =
            |row: &&Row<'_>| cells.iter().any(|cell| cell.batch == batch && row.takes_part(*cell));
        for row in rows.iter().filter(takes_part) {
            let reference = rows.iter().find(|other| row.is_against(other));
            table.add_row(columns.line(row, batch, reference));
        }
    }
    for column in table.column_iter_mut().skip(NAMES) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

struct Columns {
    servers: Vec<usize>,
    sizes: Vec<usize>,
    compared: bool,
}

impl Columns {
    fn of(cells: &[Cell], compared: bool) -> Self {
        let mut servers: Vec<_> = cells.iter().map(|cell| cell.servers).collect();
        let mut sizes: Vec<_> = cells.iter().map(|cell| cell.size).collect();
        for numbers in [&mut servers, &mut sizes] {
            numbers.sort_unstable();
            numbers.dedup();
        }
        Self { servers, sizes, compared }
    }

    fn header(&self) -> Vec<String> {
        let mut header = ["batch", "contestant", "codec", "allocator"].map(String::from).to_vec();
        for servers in &self.servers {
            header.push(format!("{servers} servers: messages"));
            header.push("allocations".into());
            for size in &self.sizes {
                let size = if *size < 1024 { format!("{size} B") } else { format!("{} KiB", size / 1024) };
                header.push(format!("{size}: k/s"));
                if self.compared {
                    header.push("times as long".into());
                }
            }
        }
        header
    }

    fn line(&self, row: &Row<'_>, batch: usize, reference: Option<&Row<'_>>) -> Vec<String> {
        let mut line =
            vec![batch.to_string(), row.contestant.clone(), row.codec.into(), row.allocator.into()];
        for &servers in &self.servers {
            let cells = || self.sizes.iter().map(|&size| Cell { servers, size, batch });
            line.push(figure(cells().filter_map(|cell| row.messages(cell)).reduce(f64::max), 2));
            line.push(figure(cells().filter_map(|cell| row.allocations(cell)).reduce(f64::max), 2));
            for cell in cells() {
                line.push(figure(row.rate(cell).map(|rate| rate / 1e3), 0));
                if self.compared {
                    line.push(figure(reference.and_then(|other| row.times(other, cell)), 2));
                }
            }
        }
        line
    }
}

fn figure(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(String::new, |value| format!("{value:.digits$}"))
}
