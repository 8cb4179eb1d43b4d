//! What somebody wrote, shown on one line and not too long.

use std::borrow::Cow;

/// Text in which nothing moves the cursor, begins a line, or changes the direction of writing, cut short
/// in the middle if it is longer than a few lines.
pub fn one_line(text: &str) -> String {
    shortened(text, 300).chars().fold(String::new(), |mut line, char| {
        match char {
            _ if char.is_control() => line.extend(char.escape_default()),
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                line.extend(char.escape_default());
            }
            _ => line.push(char),
        }
        line
    })
}

/// A name in quotation marks.
pub(crate) fn quoted(name: &str) -> String {
    format!("{:?}", shortened(name, 60))
}

/// The first of these names, each in quotation marks.
pub(crate) fn listed(names: &[String]) -> String {
    const MOST: usize = 20;
    let more = (names.len() > MOST).then(|| format!("and {} more", names.len() - MOST));
    let names: Vec<_> = names.iter().take(MOST).map(|name| quoted(name)).chain(more).collect();
    names.join(", ")
}

/// A number with so many digits that count, as short as that can be read.
pub fn figure(value: f64, digits: usize) -> String {
    let exponent = value.abs().log10().floor();
    if value == 0.0 {
        "0".into()
    } else if (-3.0..digits as f64).contains(&exponent) {
        format!("{value:.*}", (digits as f64 - 1.0 - exponent) as usize)
    } else {
        format!("{value:.*e}", digits - 1)
    }
}

fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    let length = text.chars().count();
    if length <= most {
        return text.into();
    }
    let half = most / 2;
    let (start, end) = (text.chars().take(half), text.chars().skip(length - half));
    start.chain("...".chars()).chain(end).collect::<String>().into()
}
