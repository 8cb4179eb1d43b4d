//! What somebody wrote as JSON, read so that what is wrong is said on one line, with its place.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::text::one_line;

/// The longest text that is read, in bytes.
pub const LONGEST: usize = 16 << 20;

/// Why a text is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// It is too long.
    #[error("{bytes} bytes are too many: a problem has at most {LONGEST}")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// There is nothing.
    #[error("it is empty: a problem is an object with {fields}")]
    Empty {
        /// What should be in it.
        fields: &'static str,
    },
    /// It is a part of a problem.
    #[error("it ends too early, at line {line}, column {column}")]
    Truncated {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// It is no JSON, or a field is missing, unknown, or no such value.
    #[error("{}: {}", one_line(.place), one_line(&.reason.to_string()))]
    Wrong {
        /// The field.
        place: String,
        /// What is wrong with it.
        reason: serde_json::Error,
    },
}

/// Reads a problem, an object with these `fields`.
///
/// # Errors
/// [`JsonError`] names the field and the value.
pub fn read<T: DeserializeOwned>(text: &[u8], fields: &'static str) -> Result<T, JsonError> {
    if text.len() > LONGEST {
        return Err(JsonError::TooLong { bytes: text.len() });
    }
    if text.trim_ascii().is_empty() {
        return Err(JsonError::Empty { fields });
    }
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place = match error.path().to_string().as_str() {
            "." | "?" => "the problem".to_owned(),
            place => place.to_owned(),
        };
        JsonError::of(place, error.into_inner())
    })?;
    json.end().map_err(|reason| JsonError::Wrong { place: "after the end".into(), reason })?;
    Ok(read)
}

impl JsonError {
    fn of(place: String, reason: serde_json::Error) -> Self {
        match reason.classify() {
            Category::Eof => Self::Truncated { line: reason.line(), column: reason.column() },
            Category::Io | Category::Syntax | Category::Data => Self::Wrong { place, reason },
        }
    }
}
