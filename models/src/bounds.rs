//! How large a model is, as named numbers: `nodes=3,terms=2,crashes=1`.

use std::fmt;

/// A number that bounds a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it bounds.
    pub about: &'static str,
    /// The least value.
    pub min: u64,
    /// The greatest value.
    pub max: u64,
    /// The value unless another is given.
    pub default: u64,
}

impl Key {
    /// A key with this name and meaning, in this range.
    pub const fn new(name: &'static str, about: &'static str, min: u64, max: u64, default: u64) -> Self {
        Self { name, about, min, max, default }
    }
}

/// A value for each key of a model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bounds {
    values: Vec<(&'static Key, u64)>,
}

/// Why bounds are refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BoundsError {
    /// There is no such key.
    #[error("unknown bound `{key}`; this model has {}", names(.known))]
    Unknown {
        /// What was given.
        key: String,
        /// The keys that there are.
        known: Vec<&'static str>,
    },
    /// The value is not a number.
    #[error("bound `{key}` needs a number, as in `{key}=2`, not `{value}`")]
    NotANumber {
        /// The key.
        key: String,
        /// What was given.
        value: String,
    },
    /// The value is too small or too large.
    #[error("bound `{}={value}` is out of range: it is {} to {} ({})", .key.name, .key.min, .key.max, .key.about)]
    OutOfRange {
        /// The key.
        key: &'static Key,
        /// What was given.
        value: u64,
    },
    /// The values do not go together.
    #[error("{0}")]
    Contradiction(&'static str),
    /// What is to be explored is too much.
    #[error("{0}")]
    TooLarge(String),
}

fn names(known: &[&str]) -> String {
    known.join(", ")
}

impl Bounds {
    /// Each key at its default.
    pub fn new(keys: &'static [Key]) -> Self {
        Self { values: keys.iter().map(|key| (key, key.default)).collect() }
    }

    /// The same with these values. For models to name their own profiles.
    ///
    /// # Panics
    /// If a key does not exist or a value is out of its range.
    #[must_use]
    pub fn with(mut self, values: &[(&str, u64)]) -> Self {
        for (key, value) in values {
            self.set(key, *value).unwrap_or_else(|error| panic!("{error}"));
        }
        self
    }

    /// The same with the values of `KEY=N,KEY=N`.
    ///
    /// # Errors
    /// [`BoundsError`] that names the key and the choices.
    pub fn parse(mut self, text: &str) -> Result<Self, BoundsError> {
        for pair in text.split(',').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let number = value
                .parse()
                .map_err(|_| BoundsError::NotANumber { key: key.to_owned(), value: value.to_owned() });
            self.find(key)?;
            self.set(key, number?)?;
        }
        Ok(self)
    }

    /// The value of a key.
    ///
    /// # Panics
    /// If the model has no such key.
    pub fn get(&self, key: &str) -> u64 {
        let found = self.values.iter().find(|(known, _)| known.name == key);
        found.map(|(_, value)| *value).unwrap_or_else(|| panic!("the model has no bound `{key}`"))
    }

    /// The value of a key whose range fits.
    pub(crate) fn small(&self, key: &str) -> u8 {
        u8::try_from(self.get(key)).unwrap_or(u8::MAX)
    }

    /// Whether a key that is 0 or 1 is 1.
    pub fn is_on(&self, key: &str) -> bool {
        self.get(key) == 1
    }

    fn find(&mut self, name: &str) -> Result<&mut (&'static Key, u64), BoundsError> {
        let known = self.values.iter().map(|(key, _)| key.name).collect();
        let found = self.values.iter_mut().find(|(key, _)| key.name == name);
        found.ok_or_else(|| BoundsError::Unknown { key: name.to_owned(), known })
    }

    fn set(&mut self, name: &str, value: u64) -> Result<(), BoundsError> {
        let (key, place) = self.find(name)?;
        if !(key.min..=key.max).contains(&value) {
            return Err(BoundsError::OutOfRange { key, value });
        }
        *place = value;
        Ok(())
    }
}

impl fmt::Display for Bounds {
    /// Every value, as the command line takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (key, value)) in self.values.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{}={value}", key.name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static KEYS: [Key; 2] = [Key::new("nodes", "servers", 1, 9, 3), Key::new("terms", "terms", 0, 5, 2)];

    #[test]
    fn what_is_printed_reads_back() {
        let bounds = Bounds::new(&KEYS).parse("terms=4").expect("in range");
        assert_eq!(bounds.to_string(), "nodes=3,terms=4");
        assert_eq!(Bounds::new(&KEYS).parse(&bounds.to_string()), Ok(bounds));
    }

    #[test]
    fn what_is_wrong_is_named_with_the_choices() {
        let refused = |text| Bounds::new(&KEYS).parse(text).expect_err("refused").to_string();
        assert_eq!(refused("node=3"), "unknown bound `node`; this model has nodes, terms");
        assert_eq!(refused("nodes"), "bound `nodes` needs a number, as in `nodes=2`, not ``");
        assert_eq!(refused("nodes=x"), "bound `nodes` needs a number, as in `nodes=2`, not `x`");
        assert_eq!(refused("nodes=10"), "bound `nodes=10` is out of range: it is 1 to 9 (servers)");
    }
}
