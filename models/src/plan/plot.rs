//! The two charts of the article, section 3: speed-up against the number of agents, and beside it
//! overhead and efficiency; of the surface, and, if the cost of a sync is the article's, of its
//! demonstration as well.

use althing::coordination::Count;
use althing::coordination::article;
use althing::coordination::regimes::{Point, Regime};
use althing::coordination::sync_cost::Shape;
use plotters::style::RGBColor;

use super::problem::Problem;
use super::rows::{Row, Rows, numbers};
use crate::chart::{Axis, BLUE, ChartError, Figure, GREEN, GREY, Mark, ORANGE, Panel, Series};

/// The article's charts go up to so many agents, and so do these at least.
const AGENTS: u32 = 15;
/// Curves have each number up to this, and beyond one in about twenty.
const EACH: u32 = 100;

/// Times and overheads by the number of agents.
struct Curve {
    name: &'static str,
    colour: RGBColor,
    points: Vec<Place>,
}

struct Place {
    agents: f64,
    time: f64,
    overhead: f64,
}

/// The charts, as SVG.
///
/// # Errors
/// [`ChartError`] if one cannot be drawn.
pub fn svg(problem: &Problem, rows: &Rows) -> Result<String, ChartError> {
    let advised = &problem.advised;
    let most = advised.k_max.get().max(AGENTS);
    let numbers: Vec<_> = numbers(most, EACH, 20).filter_map(|number| Count::new(number).ok()).collect();
    let charts = |title, curves, rows| {
        let (work, agents) = (advised.job.load().work(), advised.k_max.real());
        Charts { title, curves, rows, work, most: most.into(), agents }.panels()
    };
    let mut panels = vec![charts("By the surface", of_surface(problem, &numbers), &rows.rows[..])];
    if advised.sync.shape == Shape::Article {
        panels.push(charts("As the article's demonstration has it", of_article(problem, &numbers), &[]));
    }
    let title = format!("The coordination tax: {} tasks, {} agents", advised.job.tasks(), advised.k_max);
    let description = "Speed-up over one agent against the number of agents, in parallel and in batches, \
        beside linear speed-up; and the overhead of coordination, and the efficiency, against the same.";
    Figure { title, description: description.into(), panels }.svg()
}

fn of_surface(problem: &Problem, numbers: &[Count]) -> [Curve; 2] {
    let surface = problem.advised.surface();
    let numbers = || numbers.iter().filter(|agents| **agents <= problem.advised.sync.known());
    let parallel = numbers().map(|agents| surface.at(*agents, Count::ONE));
    let hybrid = numbers().map(|agents| surface.best_batch(*agents));
    let point = |it: Point| Place { agents: it.agents.real(), time: it.time, overhead: it.overhead };
    [
        Curve { name: "parallel", colour: BLUE, points: parallel.map(point).collect() },
        Curve { name: "best batches", colour: ORANGE, points: hybrid.map(point).collect() },
    ]
}

fn of_article(problem: &Problem, numbers: &[Count]) -> [Curve; 2] {
    let curve = |name, colour, place: usize, fewest: Count| {
        let point = |agents: &Count| {
            let row = article::rows(&problem.advised.job, *agents, problem.advised.sync.price)[place];
            Place { agents: agents.real(), time: row.time, overhead: row.overhead }
        };
        let points = numbers.iter().filter(|agents| **agents >= fewest).map(point).collect();
        Curve { name, colour, points }
    };
    // Its hybrid is as fast whoever works, so that one agent would work twice as fast as it can.
    let two = Count::new(2).unwrap_or(Count::ONE);
    [curve("parallel", BLUE, 1, Count::ONE), curve("hybrid", ORANGE, 2, two)]
}

/// The two charts of these curves, and of rows.
struct Charts<'a> {
    title: &'a str,
    curves: [Curve; 2],
    rows: &'a [Row],
    /// One agent's time.
    work: f64,
    /// The last of the numbers of agents.
    most: f64,
    /// How many agents there are.
    agents: f64,
}

fn series(name: &str, colour: RGBColor, mark: Mark, points: Vec<(f64, f64)>) -> Series {
    Series { name: name.to_owned(), colour, mark, points, is_right: false }
}

impl Charts<'_> {
    fn panels(&self) -> Vec<Panel> {
        vec![self.speed_up(), self.overhead()]
    }

    fn across(&self) -> Axis {
        Axis { name: "number of agents".into(), most: self.most * 1.02 }
    }

    fn all(&self) -> impl Iterator<Item = &Place> {
        self.curves.iter().flat_map(|curve| &curve.points)
    }

    fn speed_up(&self) -> Panel {
        // The straight line would leave no room for what is far below it.
        let scheduled = self.rows.iter().filter_map(|row| Some(row.times.as_ref().ok()?.speedup));
        let fastest = self.all().map(|at| self.work / at.time).chain(scheduled).fold(1.0, f64::max);
        let top = (fastest * 1.5).min(fastest.max(self.most) * 1.06);
        let up = Axis { name: "speed-up over one agent".into(), most: top };
        let (end, there) = (self.most.min(up.most), vec![(self.agents, 0.0), (self.agents, up.most)]);
        let mut all = vec![
            series("linear (ideal)", GREY, Mark::Dashes, vec![(1.0, 1.0), (end, end)]),
            series("agents that there are", GREEN, Mark::Dashes, there),
        ];
        for curve in &self.curves {
            let points = curve.points.iter().map(|at| (at.agents, self.work / at.time)).collect();
            all.push(series(curve.name, curve.colour, Mark::Line, points));
        }
        for (regime, name, colour) in
            [(Regime::Parallel, "parallel, scheduled", BLUE), (Regime::Hybrid, "batches, scheduled", ORANGE)]
        {
            let rows = self.rows.iter().filter(|row| row.regime == regime);
            let speed = |row: &Row| Some((row.point.agents.real(), row.times.as_ref().ok()?.speedup));
            let points: Vec<_> = rows.filter_map(speed).collect();
            if !points.is_empty() {
                all.push(series(name, colour, Mark::Points, points));
            }
        }
        let title = format!("{}: speed-up", self.title);
        Panel { title, across: self.across(), up, right: None, series: all }
    }

    fn overhead(&self) -> Panel {
        let most = self.all().map(|at| at.overhead).fold(0.0, f64::max);
        let (up, scale) = Axis::up_to(most, "overhead", "unit of the times");
        let mut all = Vec::new();
        for curve in &self.curves {
            let line = curve.points.iter().map(|at| (at.agents, at.overhead / scale));
            let ends = [curve.points.last(), curve.points.first()].into_iter().flatten();
            let area = line.chain(ends.map(|at| (at.agents, 0.0))).collect();
            all.push(series(&format!("{}: overhead", curve.name), curve.colour, Mark::Area, area));
        }
        for curve in &self.curves {
            let efficiency = |at: &Place| (at.agents, 100.0 * self.work / at.time / at.agents);
            let points = curve.points.iter().map(efficiency).collect();
            let line = series(&format!("{}: efficiency", curve.name), curve.colour, Mark::Line, points);
            all.push(Series { is_right: true, ..line });
        }
        let right = Some(Axis { name: "efficiency (% of each agent's time)".into(), most: 106.0 });
        let title = format!("{}: overhead and efficiency", self.title);
        Panel { title, across: self.across(), up, right, series: all }
    }
}
