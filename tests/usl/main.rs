//! The law of scalability: published fits, and how often its intervals hold.

mod bands;
mod chance;
mod fits;
mod law;
mod refused;

use althing::coordination::laws::Usl;
use althing::coordination::usl::ThroughputLaw;
use althing::coordination::{Agents, Positive};

pub(crate) const SPECSDM91: &str = include_str!("../../models/data/specsdm91.csv");
pub(crate) const RAYTRACER: &str = include_str!("../../models/data/raytracer.csv");
pub(crate) const SYNTHETIC: [(f64, f64); 6] =
    [(1.0, 1.0), (2.0, 1.8868), (4.0, 3.0769), (6.0, 3.5294), (8.0, 3.5398), (10.0, 3.3557)];

pub(crate) fn read(csv: &str) -> Vec<(f64, f64)> {
    let row = |line: &str| {
        let (k, throughput) = line.split_once(',').expect("two fields");
        (k.parse().expect("a number"), throughput.parse().expect("a number"))
    };
    csv.lines().skip(1).map(row).collect()
}

pub(crate) fn law(lambda: f64, sigma: f64, kappa: f64) -> ThroughputLaw {
    let speedup =
        Usl { sigma: sigma.try_into().expect("a fraction"), kappa: kappa.try_into().expect("a magnitude") };
    ThroughputLaw { lambda: positive(lambda), speedup }
}

pub(crate) fn coefficients(law: &ThroughputLaw) -> [f64; 3] {
    [law.lambda.get(), law.speedup.sigma.get(), law.speedup.kappa.get()]
}

pub(crate) fn agents(k: f64) -> Agents {
    Agents::new(k).expect("a number of agents")
}

pub(crate) fn positive(value: f64) -> Positive {
    Positive::new(value).expect("more than nothing")
}

#[track_caller]
pub(crate) fn close(value: f64, expected: f64, relative: f64) {
    assert!((value - expected).abs() <= relative * expected.abs(), "{value} is not {expected}");
}

/// The part of a t with `d` degrees of freedom that is more than `t` from zero on either side, by
/// Simpson's rule: with `x = sqrt(d) tan(angle)` its density is a power of a cosine.
pub(crate) fn tails(t: f64, d: usize) -> f64 {
    let integral = |from: f64| {
        const STEPS: usize = 20_000;
        let step = (std::f64::consts::FRAC_PI_2 - from) / STEPS as f64;
        let weight = |i| if i == 0 || i == STEPS { 1.0 } else { 2.0 + 2.0 * (i % 2) as f64 };
        let value = |i| (from + i as f64 * step).cos().max(0.0).powi(d as i32 - 1);
        (0..=STEPS).map(|i| weight(i) * value(i)).sum::<f64>() * step
    };
    integral((t / (d as f64).sqrt()).atan()) / integral(0.0)
}

pub(crate) fn ssr(points: &[(f64, f64)], [lambda, sigma, kappa]: [f64; 3]) -> f64 {
    let law = |k: f64| lambda * k / (1.0 + sigma * (k - 1.0) + kappa * k * (k - 1.0));
    points.iter().map(|(k, x)| (x - law(*k)).powi(2)).sum()
}
