//! Where the choices come from that a state is built of.

/// A sequence of choices. What is built from it can be built again, at random or in turn.
#[derive(Debug)]
pub(crate) struct Choices {
    digits: Vec<u16>,
    /// `bounds[i]` is how many values `digits[i]` could take, of those asked for so far.
    bounds: Vec<u16>,
}

impl Choices {
    /// These choices, each taken modulo its bound, and 0 after them.
    pub(crate) fn given(digits: Vec<u16>) -> Self {
        Self { digits, bounds: Vec::new() }
    }

    /// The first of all sequences.
    pub(crate) fn first() -> Self {
        Self::given(Vec::new())
    }

    /// The next choice among `bound` values.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let place = self.bounds.len();
        let bound = u16::try_from(bound).expect("few values");
        self.bounds.push(bound);
        if place == self.digits.len() {
            self.digits.push(0);
        }
        self.digits[place] %= bound;
        usize::from(self.digits[place])
    }

    /// Yes or no.
    pub(crate) fn flip(&mut self) -> bool {
        self.below(2) == 1
    }

    /// One of these.
    pub(crate) fn pick<T: Copy>(&mut self, options: &[T]) -> T {
        options[self.below(options.len())]
    }

    /// Goes on to the next sequence, like an odometer: the last digit that can be raised is,
    /// and those after it are dropped. Returns whether there was one.
    pub(crate) fn turn(&mut self) -> bool {
        self.digits.truncate(self.bounds.len());
        while let (Some(digit), Some(bound)) = (self.digits.pop(), self.bounds.pop()) {
            if digit + 1 < bound {
                self.digits.push(digit + 1);
                self.bounds.clear();
                return true;
            }
        }
        false
    }
}

/// All sequences of a tree of choices are visited, each once.
#[test]
fn the_odometer_visits_every_leaf_of_a_tree_once() {
    let mut choices = Choices::first();
    let mut leaves = Vec::new();
    loop {
        let first = choices.below(3);
        let second = if first == 1 { choices.below(4) } else { 0 };
        leaves.push((first, second, choices.flip()));
        if !choices.turn() {
            break;
        }
    }
    let mut expected = Vec::new();
    for (first, seconds) in [(0, 1), (1, 4), (2, 1)] {
        for second in 0..seconds {
            expected.extend([(first, second, false), (first, second, true)]);
        }
    }
    assert_eq!(leaves, expected);
}
