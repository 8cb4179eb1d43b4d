//! How each state was first reached.

/// A state: its level, and its number there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Place {
    pub(crate) level: u32,
    pub(crate) number: u32,
}

/// The step that led to a state: 8 bytes for each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reached {
    /// The number, in the level before, of the state that it came from. 0 in the first level.
    pub(crate) from: u32,
    /// Which of its actions led here. In the first level, which of the initial states it is.
    pub(crate) choice: u32,
}

/// The steps that led to the states of each level, in the order of their numbers.
#[derive(Default)]
pub(crate) struct Ways {
    levels: Vec<Vec<Reached>>,
}

impl Ways {
    /// Adds a level.
    pub(crate) fn push(&mut self, mut level: Vec<Reached>) {
        level.shrink_to_fit();
        self.levels.push(level);
    }

    /// Which initial state, and then which action of each state, leads to this place.
    pub(crate) fn to(&self, place: Place) -> (u32, Vec<u32>) {
        let (mut choices, mut number) = (Vec::new(), place.number);
        for level in self.levels[..=place.level as usize].iter().rev() {
            let Reached { from, choice } = level[number as usize];
            choices.push(choice);
            number = from;
        }
        let first = choices.pop().unwrap_or_default();
        choices.reverse();
        (first, choices)
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.levels.iter().map(|level| level.len() * size_of::<Reached>()).sum()
    }
}
