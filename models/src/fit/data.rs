//! Rows of a number of agents and a throughput, separated by commas, tabs, semicolons or blanks.
//!
//! By hand, line by line: a reader of CSV counts neither comments nor empty lines, so that it could not
//! tell in which line of the file something is wrong.

use althing::coordination::usl::FitError;

use crate::json::LONGEST;
use crate::text::one_line;

/// How many measurements there can be.
pub const MOST_ROWS: usize = 100_000;

/// Measurements.
#[derive(Clone, PartialEq, Debug)]
pub struct Data {
    /// Each a number of agents and a throughput.
    pub points: Vec<(f64, f64)>,
    /// For each the line of the file, from 1.
    pub lines: Vec<usize>,
    /// How the columns are called, if that is said.
    pub header: Option<[String; 2]>,
}

/// Why there are no measurements: one line that names the row, the field and the value.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum DataError {
    /// It is too long.
    #[error("{bytes} bytes are too many: there can be {LONGEST}")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// There is not one row.
    #[error(
        "it is empty: there must be {} rows at least, each of a k and a throughput",
        FitError::LEAST_ROWS
    )]
    Empty,
    /// A row is no text.
    #[error("row {row}: it is no text in UTF-8")]
    NoText {
        /// The line, from 1.
        row: usize,
    },
    /// There is less or more in a row than a number of agents and a throughput.
    #[error("row {row}: {}", fields(*.count, .text))]
    Fields {
        /// The line, from 1.
        row: usize,
        /// How many fields there are.
        count: usize,
        /// The row.
        text: String,
    },
    /// A field is no number.
    #[error("row {row}: {field} is `{}`, which is no number", one_line(.text))]
    NoNumber {
        /// The line, from 1.
        row: usize,
        /// `k` or `throughput`.
        field: &'static str,
        /// What is there.
        text: String,
    },
    /// The columns stand the other way round.
    #[error("row {row}: the first column is called `{}`: it must be k, and the second one throughput", one_line(.first))]
    Swapped {
        /// The line, from 1.
        row: usize,
        /// How the first is called.
        first: String,
    },
    /// There are too many rows.
    #[error("row {row}: more than {MOST_ROWS} measurements are too many")]
    TooMany {
        /// The line of the first that is too many, from 1.
        row: usize,
    },
    /// No law fits them.
    #[error("{0}")]
    Fit(FitError),
}

fn fields(count: usize, text: &str) -> String {
    let text = one_line(text);
    match count {
        1 => format!("there is no throughput, only `{text}`"),
        _ => format!("there are {count} fields, but must be two, a k and a throughput: `{text}`"),
    }
}

impl Data {
    /// Reads rows. Empty lines, and those that begin with `#`, are none. In the first the columns may be
    /// called something.
    ///
    /// # Errors
    /// [`DataError`] names the row, the field and the value.
    pub fn read(text: &[u8]) -> Result<Self, DataError> {
        if text.len() > LONGEST {
            return Err(DataError::TooLong { bytes: text.len() });
        }
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut data = Self { points: Vec::new(), lines: Vec::new(), header: None };
        let mut separator = None;
        for (line, row) in text.split(|byte| *byte == b'\n').zip(1..) {
            let line = str::from_utf8(line).map_err(|_| DataError::NoText { row })?.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let is_first = separator.is_none();
            let separator = *separator.get_or_insert_with(|| Separator::of(line));
            let fields = separator.fields(line);
            let [k, throughput] = fields[..] else {
                return Err(DataError::Fields { row, count: fields.len(), text: line.to_owned() });
            };
            if is_first && number(k).is_none() && number(throughput).is_none() {
                data.header = Some(header(row, k, throughput)?);
                continue;
            }
            if data.points.len() == MOST_ROWS {
                return Err(DataError::TooMany { row });
            }
            let value = |field, text: &str| {
                number(text).ok_or_else(|| DataError::NoNumber { row, field, text: text.to_owned() })
            };
            data.points.push((value("k", k)?, value("throughput", throughput)?));
            data.lines.push(row);
        }
        if data.points.is_empty() { Err(DataError::Empty) } else { Ok(data) }
    }

    /// The largest number of agents.
    pub fn most(&self) -> f64 {
        self.points.iter().map(|(k, _)| *k).fold(1.0, f64::max)
    }
}

/// NaN and infinity are numbers here: the fit says that they must be finite.
fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn header(row: usize, first: &str, second: &str) -> Result<[String; 2], DataError> {
    let says = |name: &str| name.to_lowercase().contains("throughput");
    if says(first) && !says(second) {
        return Err(DataError::Swapped { row, first: first.to_owned() });
    }
    Ok([first.to_owned(), second.to_owned()])
}

/// What is between the fields of a row.
#[derive(Clone, Copy)]
enum Separator {
    Char(char),
    Blanks,
}

impl Separator {
    /// The first of these that is in the line.
    fn of(line: &str) -> Self {
        ['\t', ';', ','].into_iter().find(|char| line.contains(*char)).map_or(Self::Blanks, Self::Char)
    }

    fn fields(self, line: &str) -> Vec<&str> {
        match self {
            Self::Char(char) => line.split(char).map(|field| unquoted(field.trim())).collect(),
            Self::Blanks => line.split_whitespace().map(unquoted).collect(),
        }
    }
}

fn unquoted(field: &str) -> &str {
    let inner = field.strip_prefix('"').and_then(|field| field.strip_suffix('"'));
    inner.map_or(field, str::trim)
}
