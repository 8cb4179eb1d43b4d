//! Measurements, the law that fits them, where it predicts more of them, its peak, and what linear
//! scaling would do.

use althing::coordination::Agents;

use super::{Data, Fitted};
use crate::chart::{Axis, BLUE, ChartError, Figure, GREEN, GREY, Mark, ORANGE, Panel, Series};
use crate::text::figure;

/// Of how many parts a curve is.
const PARTS: u32 = 200;

/// The chart, as SVG.
///
/// # Errors
/// [`ChartError`] if it cannot be drawn.
pub fn svg(data: &Data, fitted: &Fitted) -> Result<String, ChartError> {
    let (fit, most) = (&fitted.fit, data.most());
    // A peak that is far beyond what was measured would leave no room for that.
    let peak = fit.usl.peak().filter(|peak| peak.k <= 2.0 * most);
    let end = peak.map_or(most, |peak| most.max(peak.k));
    let at = |part: u32| 1.0 + (end - 1.0) * f64::from(part) / f64::from(PARTS);
    let band = |k: f64| Some((k, fit.predict(Agents::new(k).ok()?)));
    let bands: Vec<_> = (0..=PARTS).filter_map(|part| band(at(part))).collect();
    let measured = data.points.iter().map(|(_, throughput)| *throughput).fold(0.0, f64::max);
    let highest = bands.iter().map(|(_, band)| band.throughput).fold(measured, f64::max);
    let predicted = bands.iter().map(|(_, band)| band.prediction.high).fold(highest, f64::max);
    // A band that is far wider than what was measured is cut off.
    let top = predicted.min(2.0 * highest);
    let (up, by) = Axis::up_to(top, "throughput", "");
    let (across, by_k) = Axis::up_to(end, "agents k", "");
    let point = |(k, throughput): (f64, f64)| (k / by_k, throughput.min(top) / by);
    let line = |name: &str, colour, mark, points: Vec<(f64, f64)>| Series {
        name: name.into(),
        colour,
        mark,
        points: points.into_iter().map(point).collect(),
        is_right: false,
    };
    let high = bands.iter().map(|(k, band)| (*k, band.prediction.high));
    let low = bands.iter().rev().map(|(k, band)| (*k, band.prediction.low));
    let law = bands.iter().map(|(k, band)| (*k, band.throughput)).collect();
    let lambda = fit.lambda.value;
    let straight = end.min(top / lambda).max(1.0);
    let mut series = vec![
        line("95% of further measurements", BLUE, Mark::Area, high.chain(low).collect()),
        line("linear", GREY, Mark::Dashes, vec![(1.0, lambda), (straight, lambda * straight)]),
        line("law", BLUE, Mark::Line, law),
    ];
    if let Some(peak) = peak {
        let name = format!("peak, k = {:.1}", peak.k);
        series.push(line(&name, GREEN, Mark::Dashes, vec![(peak.k, 0.0), (peak.k, peak.throughput)]));
    }
    series.push(line("measured", ORANGE, Mark::Points, data.points.clone()));
    let title = "The universal scalability law, fitted";
    let description = "Measured throughput by the number of agents, the law that fits best, the band \
        in which 95% of further measurements lie, and linear scaling.";
    let panel = Panel { title: legend(fitted), across, up, right: None, series };
    Figure { title: title.into(), description: description.into(), panels: vec![vec![panel]] }.svg()
}

fn legend(fitted: &Fitted) -> String {
    let fit = &fitted.fit;
    let [lambda, sigma, kappa] = [fit.lambda, fit.sigma, fit.kappa].map(|it| figure(it.value, 4));
    format!("lambda {lambda}, sigma {sigma}, kappa {kappa}")
}
