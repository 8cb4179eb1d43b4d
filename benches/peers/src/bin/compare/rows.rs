//! A row of the table: a contestant with a codec and an allocator, and what was measured of it.

use std::collections::BTreeMap;

use althing_peers::measure::{Cell, Figures};
use anyhow::Context;

use crate::builds::{Allocator, Build};

pub(crate) struct Row<'a> {
    pub(crate) contestant: String,
    /// With whom it is compared.
    against: String,
    /// Empty if it has none.
    pub(crate) codec: &'static str,
    pub(crate) allocator: &'static str,
    build: &'a Build,
    /// The same with the allocator that counts.
    counting: &'a Build,
    cells: Vec<Cell>,
    figures: BTreeMap<Cell, Vec<Figures>>,
    allocations: BTreeMap<Cell, f64>,
}

/// A row for each contestant of each build. Who does not encode is the same in all codecs.
pub(crate) fn of<'a>(builds: &'a [Build], cells: &[Cell]) -> anyhow::Result<Vec<Row<'a>>> {
    let mut rows: Vec<Row<'a>> = Vec::new();
    for build in builds {
        let allocator = match build.allocator {
            Allocator::System => "system",
            Allocator::Jemalloc => "jemalloc",
            Allocator::Counting => continue,
        };
        let counts = |other: &&Build| other.codec == build.codec && other.allocator == Allocator::Counting;
        let counting = builds.iter().find(counts).context("each codec is built with a counter")?;
        for (contestant, against, encodes, mut its_cells) in build.list()? {
            its_cells.retain(|cell| cells.contains(cell));
            let same = |row: &Row<'_>| row.contestant == contestant && row.allocator == allocator;
            if its_cells.is_empty() || (!encodes && rows.iter().any(same)) {
                continue;
            }
            rows.push(Row {
                contestant,
                against,
                codec: if encodes { build.codec } else { "" },
                allocator,
                build,
                counting,
                cells: its_cells,
                figures: BTreeMap::new(),
                allocations: BTreeMap::new(),
            });
        }
    }
    rows.sort_by_key(|row| !row.codec.is_empty());
    Ok(rows)
}

impl Row<'_> {
    pub(crate) fn takes_part(&self, cell: Cell) -> bool {
        self.cells.contains(&cell)
    }

    /// Whether it is one that others are compared with.
    pub(crate) fn is_reference(&self) -> bool {
        self.contestant == self.against
    }

    /// Whether the other is the one that this one is compared with.
    pub(crate) fn is_against(&self, other: &Row<'_>) -> bool {
        other.contestant == self.against && other.allocator == self.allocator
    }

    /// Takes the figures of one round, and counts allocations in the first.
    pub(crate) fn measure(&mut self, cell: Cell) -> anyhow::Result<Figures> {
        if !self.allocations.contains_key(&cell) {
            let counted = self.counting.measure(&self.contestant, cell)?;
            let count = counted.allocations.context("the allocator counts")?;
            self.allocations.insert(cell, count as f64 / counted.entries as f64);
        }
        let figures = self.build.measure(&self.contestant, cell)?;
        self.figures.entry(cell).or_default().push(figures);
        Ok(figures)
    }

    /// Allocations an entry.
    pub(crate) fn allocations(&self, cell: Cell) -> Option<f64> {
        self.allocations.get(&cell).copied()
    }

    /// Messages an entry.
    pub(crate) fn messages(&self, cell: Cell) -> Option<f64> {
        let figures = self.figures.get(&cell)?.first()?;
        Some(figures.messages as f64 / figures.entries as f64)
    }

    /// Entries a second of the processor, the median of all rounds.
    pub(crate) fn rate(&self, cell: Cell) -> Option<f64> {
        median(self.figures.get(&cell)?.iter().map(|round| round.entries as f64 / round.cpu))
    }

    /// How many times as long as the other it takes, the median of the ratios of the rounds.
    pub(crate) fn times(&self, other: &Row<'_>, cell: Cell) -> Option<f64> {
        let [ours, theirs] = [self, other].map(|row| row.figures.get(&cell));
        median(ours?.iter().zip(theirs?).map(|(ours, theirs)| ours.cpu / theirs.cpu))
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        Some(values[middle])
    } else {
        Some((values.get(middle)? + values[middle - 1]) / 2.0)
    }
}
