//! Whom to try: the regret of UCB1, and the probabilities of Thompson's draw.

use althing::auction::cost_model::thompson::draw;
use althing::auction::cost_model::{Finite, Normal, Ucb1, Unusable};

use crate::random::{Mean, Random};

const MEANS: [f64; 3] = [0.8, 0.6, 0.3];
const BEST: f64 = MEANS[0];
const LONG: u32 = 20_000;
const SHORT: u32 = LONG / 4;

fn finite(number: f64) -> Finite {
    Finite::new(number).expect("finite")
}

fn normal(mean: f64, variance: f64) -> Normal {
    Normal::new(finite(mean), finite(variance)).expect("a variance")
}

/// `min(8 sum(ln T / gap) + (1 + pi^2 / 3) sum(gap), T max gap)`.
fn bound(choices: u32) -> f64 {
    let gaps = || MEANS.iter().map(|mean| BEST - mean).filter(|gap| *gap > 0.0);
    let (log, pi) = (f64::from(choices).ln(), std::f64::consts::PI);
    let proved = 8.0 * gaps().map(|gap| log / gap).sum::<f64>() + (1.0 + pi * pi / 3.0) * gaps().sum::<f64>();
    proved.min(f64::from(choices) * gaps().fold(0.0, f64::max))
}

/// What was lost after a fourth of the choices and after all, if each is what `choose` says.
fn regret(seed: u64, choose: fn(&Ucb1<usize>, &[f64; 3]) -> usize) -> [f64; 2] {
    let mut random = Random::new(seed);
    let (mut known, mut sums, mut lost, mut early) = (Ucb1::default(), [0.0; 3], 0.0, 0.0);
    for choice in 0..LONG {
        if choice == SHORT {
            early = lost;
        }
        let arm = choose(&known, &sums);
        let reward = f64::from(u8::from(random.unit() < MEANS[arm]));
        known.observe(arm, finite(reward)).expect("0 or 1");
        sums[arm] += reward;
        lost += BEST - MEANS[arm];
    }
    [early, lost]
}

fn mean_regrets(choose: fn(&Ucb1<usize>, &[f64; 3]) -> usize) -> [Mean; 2] {
    let runs: Vec<_> = (0..100).map(|seed| regret(seed, choose)).collect();
    [0, 1].map(|when| Mean::of(runs.iter().map(|run| run[when])))
}

fn by_index(known: &Ucb1<usize>, _: &[f64; 3]) -> usize {
    known.choose(0..3).expect("there are three")
}

/// Whoever had the best mean so far; each is tried once.
fn greedy(known: &Ucb1<usize>, sums: &[f64; 3]) -> usize {
    let mean = |arm: &usize| match known.pulls(arm) {
        0 => f64::INFINITY,
        pulls => sums[*arm] / pulls as f64,
    };
    (0..3).max_by(|a, b| mean(a).total_cmp(&mean(b))).expect("there are three")
}

#[test]
fn the_regret_of_ucb1_is_within_its_bound_and_grows_less_than_the_choices() {
    let [early, late] = mean_regrets(by_index);
    for (mean, choices) in [(early, SHORT), (late, LONG)] {
        assert!(mean.value + 4.0 * mean.error <= bound(choices), "{mean:?} for {}", bound(choices));
    }
    // Four times the choices: a logarithm grows by a sixth, what is linear by four.
    assert!(late.value < 1.5 * early.value, "{early:?} {late:?}");
}

/// The same test finds a rule that does not explore.
#[test]
fn the_regret_of_trusting_every_mean_is_not() {
    let [early, late] = mean_regrets(greedy);
    assert!(late.value > bound(LONG), "{late:?} for {}", bound(LONG));
    assert!(late.value > 3.0 * early.value, "{early:?} {late:?}");
}

/// The index, by hand: 1/2 + sqrt(2 ln 4 / 2) = 1.68 against 1 + sqrt(2 ln 4 / 1) = 2.67 and 0 + the same.
#[test]
fn the_index_is_the_mean_and_what_is_not_known() {
    let mut known = Ucb1::default();
    assert_eq!(known.choose([7, 3, 5]), Some(3), "nobody was tried: the least");
    assert_eq!(known.choose(Vec::<i32>::new()), None);
    for (arm, reward) in [(3, 1.0), (3, 0.0), (5, 1.0), (7, 0.0)] {
        known.observe(arm, finite(reward)).expect("from 0 to 1");
    }
    assert_eq!(known.choose([3, 5, 7]), Some(5));
    assert_eq!(known.choose([3, 7]), Some(3), "1.68 and 1.67");
    assert_eq!(known.choose([3, 5, 7, 9]), Some(9), "9 was not tried");
    assert_eq!([3, 5, 9].map(|arm| known.pulls(&arm)), [2, 1, 0]);
}

#[test]
fn a_reward_beyond_0_and_1_is_refused_and_changes_nothing() {
    let mut known = Ucb1::default();
    for reward in [-0.1, 1.1] {
        assert_eq!(known.observe(1, finite(reward)), Err(Unusable::Reward(finite(reward))));
    }
    assert_eq!(known, Ucb1::default());
}

/// The normal distribution up to `x`: by the trapezoidal rule.
fn probability_below(x: f64) -> f64 {
    let density = |t: f64| (-t * t / 2.0).exp() / std::f64::consts::TAU.sqrt();
    let (from, steps) = (-10.0, 100_000);
    let step = (x - from) / f64::from(steps);
    (0..=steps)
        .map(|i| {
            let weight = if i == 0 || i == steps { 0.5 } else { 1.0 };
            weight * step * density(from + step * f64::from(i))
        })
        .sum()
}

#[test]
fn an_agent_is_drawn_with_the_probability_that_it_is_the_cheapest() {
    let mut random = Random::new(9);
    for (one, other) in [((10.0, 4.0), (12.0, 5.0)), ((1.0, 0.0), (1.5, 1.0)), ((3.0, 1.0), (3.0, 9.0))] {
        let beliefs = [(0, normal(one.0, one.1)), (1, normal(other.0, other.1))];
        let mut drawn = || draw(beliefs, &mut random.0).expect("finite").expect("there are two");
        let first = Mean::of((0..100_000).map(|_| f64::from(u8::from(drawn() == 0))));
        let difference: f64 = other.0 - one.0;
        let expected = probability_below(difference / f64::sqrt(one.1 + other.1));
        assert!(first.is(expected), "{first:?} for {expected}");
    }
}

#[test]
fn what_is_drawn_follows_from_the_generator() {
    let all = |seed| {
        let mut random = Random::new(seed);
        let beliefs = [0, 1, 2].map(|arm| (arm, normal(5.0, 1.0)));
        (0..100).map(|_| draw(beliefs, &mut random.0)).collect::<Vec<_>>()
    };
    assert_eq!(all(1), all(1));
    assert_ne!(all(1), all(2));
    let known = normal(2.0, 0.0);
    assert_eq!(draw([(2, known), (1, known)], &mut Random::new(1).0), Ok(Some(1)), "a tie");
    assert_eq!(draw::<u8>([], &mut Random::new(1).0), Ok(None));
}
