//! How each state was first reached.

/// A state: its level, and its number there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) level: u32,
    pub(super) number: u32,
}

/// The step that led to a state: 8 bytes for each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reached {
    /// The number, in the level before, of the state that it came from. 0 in the first level.
    pub(super) from: u32,
    /// Which of its actions led here. In the first level, which of the initial states it is.
    pub(super) by: u32,
}

/// The steps that led to the states of each level, in the order of their numbers.
#[derive(Default)]
pub(super) struct Ways {
    /// Each level in as many parts as there were threads.
    levels: Vec<Vec<Vec<Reached>>>,
}

impl Ways {
    /// Adds a level.
    pub(super) fn push(&mut self, mut level: Vec<Vec<Reached>>) {
        level.iter_mut().for_each(Vec::shrink_to_fit);
        self.levels.push(level);
    }

    /// Which initial state, and then which action of each state, leads to this place.
    pub(super) fn to(&self, place: Place) -> (u32, Vec<u32>) {
        let (mut numbers, mut number) = (Vec::new(), place.number);
        for level in self.levels[..=place.level as usize].iter().rev() {
            let Reached { from, by } = *level.iter().flatten().nth(number as usize).expect("it was reached");
            numbers.push(by);
            number = from;
        }
        let first = numbers.pop().unwrap_or_default();
        numbers.reverse();
        (first, numbers)
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        let part = |part: &Vec<Reached>| size_of_val(part) + size_of_val(&part[..]);
        self.levels.iter().flatten().map(part).sum()
    }
}
