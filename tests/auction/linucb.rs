//! Linear rewards: what is estimated, how far off it may be, and how much there is to learn
//! (Abbasi-Yadkori, Pál and Szepesvári 2011).

use althing::auction::cost_model::{Finite, LinUcb, Unusable};
use proptest::prelude::*;

use crate::random::{Mean, Random};

fn finite(number: f64) -> Finite {
    Finite::new(number).expect("finite")
}

fn vector(numbers: &[f64]) -> Vec<Finite> {
    numbers.iter().copied().map(finite).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The ridge and the sum of `x x'`; the sum of rewards.
struct Plain {
    matrix: Vec<Vec<f64>>,
    moment: Vec<f64>,
}

impl Plain {
    fn new(dimension: usize, ridge: f64) -> Self {
        let row = |i| (0..dimension).map(|j| if i == j { ridge } else { 0.0 }).collect();
        Self { matrix: (0..dimension).map(row).collect(), moment: vec![0.0; dimension] }
    }

    fn observe(&mut self, x: &[f64], reward: f64) {
        for (i, row) in self.matrix.iter_mut().enumerate() {
            row.iter_mut().zip(x).for_each(|(cell, other)| *cell += x[i] * other);
            self.moment[i] += reward * x[i];
        }
    }

    /// What the matrix takes to `right`, and the logarithm of its determinant: Gaussian elimination.
    fn solve(&self, right: &[f64]) -> (Vec<f64>, f64) {
        let (mut matrix, mut right, n) = (self.matrix.clone(), right.to_vec(), right.len());
        let mut log_det = 0.0;
        for pivot in 0..n {
            log_det += matrix[pivot][pivot].ln();
            for row in pivot + 1..n {
                let factor = matrix[row][pivot] / matrix[pivot][pivot];
                let (above, below) = matrix.split_at_mut(row);
                below[0].iter_mut().zip(&above[pivot]).for_each(|(cell, known)| *cell -= factor * known);
                right[row] -= factor * right[pivot];
            }
        }
        for row in (0..n).rev() {
            let known: f64 = (row + 1..n).map(|column| matrix[row][column] * right[column]).sum();
            right[row] = (right[row] - known) / matrix[row][row];
        }
        (right, log_det)
    }
}

fn random_vector(random: &mut Random, dimension: usize) -> Vec<f64> {
    (0..dimension).map(|_| random.normal()).collect()
}

/// How far the two are apart, and the greatest is.
fn apart(known: &LinUcb, plain: &Plain, ridge: f64, x: &[f64]) -> f64 {
    let (toward, log_det) = plain.solve(x);
    let first = x.len() as f64 * ridge.ln();
    let expected = dot(&toward, &plain.moment);
    let differences = [
        known.expected(&vector(x)).expect("finite").get() - expected,
        known.width(&vector(x)).expect("finite").get() - dot(x, &toward).sqrt(),
        known.log_det_ratio().get() - (log_det - first),
    ];
    differences.into_iter().map(f64::abs).fold(0.0, f64::max)
}

proptest! {
    /// `sum min(1, |x|^2) <= 2 ln det ratio`, with a determinant that is computed anew.
    #[test]
    fn there_are_few_vectors_that_much_is_learnt_from(
        rows in prop::collection::vec(prop::collection::vec(-30.0..30.0, 3), 0..40), ridge in 0.01..10.0,
    ) {
        let (mut known, mut plain) = (LinUcb::new(3, finite(ridge)).expect("a ridge"), Plain::new(3, ridge));
        let mut learnt = 0.0;
        for x in &rows {
            learnt += known.width(&vector(x)).expect("finite").get().powi(2).min(1.0);
            known.observe(&vector(x), Finite::ONE).expect("finite");
            plain.observe(x, 1.0);
        }
        let ratio = plain.solve(&[0.0; 3]).1 - 3.0 * f64::ln(ridge);
        prop_assert!(learnt <= 2.0 * ratio + 1e-9, "{} above {}", learnt, 2.0 * ratio);
        prop_assert!(apart(&known, &plain, ridge, &[1.0, -2.0, 0.5]) < 1e-6);
    }
}

/// The inverse that was updated is that of the sum.
#[test]
fn after_ten_thousand_reports_the_inverse_is_still_one() {
    let (dimension, ridge) = (8, 0.5);
    let (mut known, mut plain) =
        (LinUcb::new(dimension, finite(ridge)).expect("a ridge"), Plain::new(dimension, ridge));
    let mut random = Random::new(10);
    for _ in 0..10_000 {
        let x = random_vector(&mut random, dimension);
        let reward = random.normal();
        known.observe(&vector(&x), finite(reward)).expect("finite");
        plain.observe(&x, reward);
    }
    let off = (0..100).map(|_| apart(&known, &plain, ridge, &random_vector(&mut random, dimension)));
    let most = off.fold(0.0, f64::max);
    assert!(most < 1e-9, "{most}");
}

/// Features that are large, or all alike, leave no width below 0 and no weight beyond all bounds.
#[test]
fn what_is_seen_again_and_again_is_what_is_expected() {
    for (ridge, x, reports) in [
        (1.0, vec![1e9, 1.0], 3),
        (1.0, vec![1e8, 1e8], 30),
        (0.01, vec![1e7, 2e7], 100),
        (1e-6, vec![1.0, 0.3, 0.7], 100_000),
    ] {
        let mut known = LinUcb::new(x.len(), finite(ridge)).expect("a ridge");
        for _ in 0..reports {
            known.observe(&vector(&x), finite(0.5)).expect("finite");
        }
        let (expected, width) = (known.expected(&vector(&x)).unwrap(), known.width(&vector(&x)).unwrap());
        assert!((expected.get() - 0.5).abs() < 1e-6, "{x:?}: {expected:?}");
        assert!((width.get() - f64::from(reports).sqrt().recip()).abs() < 1e-3, "{x:?}: {width:?}");
    }
}

const TRUTH: [f64; 4] = [0.5, -0.5, 0.1, 0.7];
const NOISE: f64 = 0.5;
const MISS: f64 = 0.1;

/// Whether all means of a run were within the radius; what was lost after a fourth of it, and at the
/// end. Each time the index chooses among ten vectors.
fn run(seed: u64) -> (bool, f64, f64) {
    const STEPS: u32 = 2_000;
    let mut random = Random::new(seed);
    let mut known = LinUcb::new(4, Finite::ONE).expect("a ridge");
    let (mut holds, mut lost, mut early) = (true, 0.0, 0.0);
    for step in 0..STEPS {
        if step == STEPS / 4 {
            early = lost;
        }
        let radius = known.radius(finite(NOISE), Finite::ONE, finite(MISS)).expect("a probability");
        let vectors: Vec<_> = (0..10).map(|_| random_vector(&mut random, 4)).collect();
        for x in &vectors {
            let off = (known.expected(&vector(x)).expect("finite").get() - dot(x, &TRUTH)).abs();
            holds &= off <= radius.get() * known.width(&vector(x)).expect("finite").get();
        }
        let index = |x: &&Vec<f64>| known.index(&vector(x), radius).expect("finite");
        let chosen = vectors.iter().max_by_key(index).expect("there are ten");
        let best = vectors.iter().map(|x| dot(x, &TRUTH)).fold(f64::MIN, f64::max);
        let mean = dot(chosen, &TRUTH);
        lost += best - mean;
        known.observe(&vector(chosen), finite(mean + NOISE * random.normal())).expect("finite");
    }
    (holds, early, lost)
}

#[test]
fn all_means_are_within_the_radius_as_often_as_is_said_and_the_regret_grows_ever_less() {
    assert!(dot(&TRUTH, &TRUTH) <= 1.0, "the norm is at most 1");
    let runs: Vec<_> = (0..60).map(run).collect();
    let missed = Mean::of(runs.iter().map(|(holds, ..)| f64::from(u8::from(!holds))));
    assert!(missed.value <= MISS, "{missed:?}");
    let [early, late] = [Mean::of(runs.iter().map(|run| run.1)), Mean::of(runs.iter().map(|run| run.2))];
    // Four times the choices: a square root grows by two, what is linear by four.
    assert!(late.value < 2.0 * early.value, "{early:?} {late:?}");
}

/// With the ridge 4 and the vector (2, 0): the determinant grows from 16 to 8 * 4, so its ratio is 2.
#[test]
fn the_radius_by_hand() {
    let mut known = LinUcb::new(2, finite(4.0)).expect("a ridge");
    let radius = |known: &LinUcb| known.radius(finite(3.0), finite(5.0), finite(0.1)).expect("finite").get();
    assert!((radius(&known) - (3.0 * (2.0 * 10.0_f64.ln()).sqrt() + 2.0 * 5.0)).abs() < 1e-12);
    known.observe(&vector(&[2.0, 0.0]), finite(3.0)).expect("finite");
    assert!((radius(&known) - (3.0 * (2.0_f64.ln() + 2.0 * 10.0_f64.ln()).sqrt() + 10.0)).abs() < 1e-12);
    // (4 + 4)^-1 * 2 * 3, and the square root of (4 + 4)^-1.
    let x = vector(&[1.0, 0.0]);
    assert!((known.expected(&x).expect("finite").get() - 0.75).abs() < 1e-12);
    let index = known.index(&x, finite(2.0)).expect("finite").get();
    assert!((index - (0.75 + 2.0 * 0.125_f64.sqrt())).abs() < 1e-12);
}

#[test]
fn what_nothing_can_be_learnt_from_is_refused_and_changes_nothing() {
    let new = || LinUcb::new(2, Finite::ONE).expect("a ridge");
    let mut known = new();
    let wrong = Unusable::Dimension { expected: 2, given: 1 };
    assert_eq!(known.observe(&[Finite::ONE], Finite::ONE), Err(wrong));
    assert_eq!(known.width(&[Finite::ONE]), Err(wrong));
    assert_eq!(known.observe(&[finite(1e100), Finite::ONE], finite(1e300)), Err(Unusable::NotFinite));
    assert_eq!(known, new());
    assert_eq!(LinUcb::new(0, Finite::ONE), Err(Unusable::Dimension { expected: 1, given: 0 }));
    assert_eq!(LinUcb::new(2, Finite::ZERO), Err(Unusable::NotPositive(Finite::ZERO)));
    let zero = known.radius(Finite::ONE, Finite::ONE, Finite::ZERO);
    assert_eq!(zero, Err(Unusable::NotPositive(Finite::ZERO)));
}
