//! Value against cost of each task, with the diagonal on which they are equal (the article, section 2).

use std::fmt::Write;

use althing::coordination::schedule::gantt::escape;

use super::outcome::{Fate, MarketOutcome, TaskOutcome};
use crate::text::one_line;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 640.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 80.0;
const BOTTOM: f64 = 70.0;
/// More would lie on each other.
const MOST_LABELS: usize = 40;

/// The plot, as SVG: a point for each task that was done, above the diagonal if it was worth more than it
/// cost, and at the left margin a ring for each that was not.
pub fn svg(outcome: &MarketOutcome, title: &str) -> String {
    let (cost, value) = (tasks(outcome).map(|(_, cost)| cost.unwrap_or(0)), tasks(outcome));
    let (across, up) =
        (Axis::up_to(cost.max().unwrap_or(0)), Axis::up_to(value.map(|it| it.0.value).max().unwrap_or(0)));
    let plot = Plot { across, up };
    let mut out = String::new();
    // Nothing fails in writing to a string.
    let _ = plot.draw(&mut out, outcome, title);
    out
}

fn tasks(outcome: &MarketOutcome) -> impl Iterator<Item = (&TaskOutcome, Option<u64>)> {
    outcome.tasks.iter().map(|task| match task.fate {
        Fate::Done { cost, .. } => (task, Some(cost)),
        Fate::Unallocated { .. } => (task, None),
    })
}

/// From 0 to some steps of a round length.
struct Axis {
    step: u64,
    steps: u64,
}

impl Axis {
    fn up_to(most: u64) -> Self {
        let mut step = 1_u64;
        let factors = [2, 5, 10];
        let mut power = 1_u64;
        'found: while most / step > 6 {
            for factor in factors {
                step = power.saturating_mul(factor);
                if most / step <= 6 {
                    break 'found;
                }
            }
            power = step;
        }
        Self { step, steps: most / step + 1 }
    }

    fn most(&self) -> f64 {
        self.step as f64 * self.steps as f64
    }

    fn ticks(&self) -> impl Iterator<Item = u128> {
        (0..=self.steps).map(|tick| u128::from(tick) * u128::from(self.step))
    }
}

struct Plot {
    across: Axis,
    up: Axis,
}

impl Plot {
    fn x(&self, cost: f64) -> f64 {
        LEFT + cost / self.across.most() * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - value / self.up.most() * (HEIGHT - TOP - BOTTOM)
    }

    fn draw(&self, out: &mut String, outcome: &MarketOutcome, title: &str) -> std::fmt::Result {
        let (done, all) = (outcome.done, outcome.tasks.len());
        let title = escaped(title);
        let caption = format!(
            "{done} of {all} tasks done: value {}, cost {}, surplus {}",
            outcome.value, outcome.cost, outcome.surplus
        );
        writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
             height=\"{HEIGHT}\" role=\"img\" aria-labelledby=\"title desc\" font-family=\"sans-serif\" \
             font-size=\"12\" fill=\"#222\">\n<title id=\"title\">{title}</title>\n<desc id=\"desc\">The value \
             of each task against its cost. {caption}. Above the diagonal the value exceeds the cost.</desc>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
             <text x=\"{LEFT}\" y=\"30\" font-size=\"18\">{title}</text>\n\
             <text x=\"{LEFT}\" y=\"52\" fill=\"#555\">{caption}</text>"
        )?;
        self.frame(out)?;
        self.diagonal(out)?;
        self.points(out, outcome)?;
        writeln!(out, "</svg>")
    }

    fn frame(&self, out: &mut String) -> std::fmt::Result {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for tick in self.across.ticks() {
            let x = self.x(tick as f64);
            writeln!(
                out,
                "<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#e5e5e5\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{tick}</text>",
                bottom + 18.0
            )?;
        }
        for tick in self.up.ticks() {
            let y = self.y(tick as f64);
            writeln!(
                out,
                "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#e5e5e5\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{tick}</text>",
                LEFT - 8.0,
                y + 4.0
            )?;
        }
        let (middle, height) = ((LEFT + right) / 2.0, (TOP + bottom) / 2.0);
        writeln!(
            out,
            "<path d=\"M{LEFT} {TOP}V{bottom}H{right}\" fill=\"none\" stroke=\"#222\"/>\n\
             <text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\" font-size=\"14\">cost to the agent</text>\n\
             <text transform=\"translate(22 {height:.1}) rotate(-90)\" text-anchor=\"middle\" \
             font-size=\"14\">value of the task</text>",
            HEIGHT - 22.0
        )
    }

    /// Where value equals cost.
    fn diagonal(&self, out: &mut String) -> std::fmt::Result {
        let end = self.across.most().min(self.up.most());
        let (x, y) = (self.x(end), self.y(end));
        let (from_x, from_y) = (self.x(0.0), self.y(0.0));
        let angle = (y - from_y).atan2(x - from_x).to_degrees();
        writeln!(
            out,
            "<path d=\"M{from_x:.1} {from_y:.1}L{x:.1} {y:.1}\" stroke=\"#b33\" stroke-dasharray=\"6 4\"/>\
             <text transform=\"translate({x:.1} {y:.1}) rotate({angle:.1})\" dx=\"-8\" dy=\"16\" \
             text-anchor=\"end\" fill=\"#b33\">break-even: value = cost</text>"
        )
    }

    fn points(&self, out: &mut String, outcome: &MarketOutcome) -> std::fmt::Result {
        let labelled = outcome.tasks.len() <= MOST_LABELS;
        let mut taken: Vec<(f64, f64)> = Vec::new();
        for (task, cost) in tasks(outcome) {
            let (x, y) = (self.x(cost.unwrap_or(0) as f64), self.y(task.value as f64));
            let (name, value) = (escaped(&task.task), task.value);
            let (colour, said) = match cost {
                Some(cost) if value >= cost => ("#27b", format!("{name}: value {value}, cost {cost}")),
                Some(cost) => ("#b33", format!("{name}: value {value}, cost {cost}")),
                None => ("none", format!("{name}: value {value}, not done")),
            };
            writeln!(
                out,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\" fill=\"{colour}\" stroke=\"#135\">\
                 <title>{said}</title></circle>"
            )?;
            if labelled {
                let line =
                    |to: f64| taken.iter().any(|(a, b)| (a - x).abs() < 150.0 && (b - to).abs() < 12.0);
                // The nearest line that is free, below or above.
                let lines =
                    (0..20).flat_map(|n| [y + 4.0 + 12.0 * f64::from(n), y + 4.0 - 12.0 * f64::from(n)]);
                let at = lines.filter(|at| *at > TOP && *at < HEIGHT - BOTTOM).find(|at| !line(*at));
                let at = at.unwrap_or(y + 4.0);
                taken.push((x, at));
                let right = x > WIDTH - RIGHT - 150.0;
                let (anchor, to) = if right { ("end", x - 8.0) } else { ("start", x + 8.0) };
                let said = escaped(&shortened(&task.task));
                writeln!(
                    out,
                    "<text x=\"{to:.1}\" y=\"{at:.1}\" text-anchor=\"{anchor}\" font-size=\"11\">{said}</text>"
                )?;
            }
        }
        Ok(())
    }
}

fn shortened(name: &str) -> String {
    const MOST: usize = 24;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    name.chars().take(MOST - 3).chain("...".chars()).collect()
}

/// On one line, as it may stand in XML.
fn escaped(text: &str) -> String {
    escape(&one_line(text))
}
