//! How the time of `solve` grows with the size of the problem: draws `src/auction/growth.svg`.
//!
//! `cargo bench -p althing --bench assignment_growth`
//!
//! Each point is the least time of three. Dense: n tasks, n agents. Sparse: n of each, 10 arcs a task.
//! Both axes are logarithmic.

use std::time::Instant;

use althing::auction::{Problem, solve};
use plotters::prelude::*;

#[allow(dead_code, reason = "shared with the other bench")]
#[path = "assignment_instances.rs"]
mod instances;

use instances::Class;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/auction/growth.svg");
const COLOURS: [RGBColor; 5] = [
    RGBColor(31, 119, 180),
    RGBColor(214, 39, 40),
    RGBColor(44, 160, 44),
    RGBColor(148, 103, 189),
    RGBColor(230, 120, 0),
];

struct Line {
    name: String,
    /// Sizes and seconds.
    points: Vec<(f64, f64)>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dense = Class::ALL.map(|class| {
        let points = [250, 500, 1_000, 2_000, 4_000, 8_000];
        let points = points.map(|side| seconds(side, &instances::dense_problem(class, side, side)));
        Line { name: format!("dense {}", class.name()), points: points.to_vec() }
    });
    let sparse = [Class::Uni, Class::Prod].map(|class| {
        let points = [1_000, 10_000, 100_000, 1_000_000];
        let points = points.map(|side| seconds(side, &instances::sparse_problem(class, side, 10)));
        Line { name: format!("sparse {}", class.name()), points: points.to_vec() }
    });
    let lines: Vec<_> = dense.into_iter().chain(sparse).collect();
    for Line { name, points } in &lines {
        let slope = |pair: &[(f64, f64)]| (pair[1].1 / pair[0].1).ln() / (pair[1].0 / pair[0].0).ln();
        println!("{name}: {points:.4?}, slopes {:.2?}", points.windows(2).map(slope).collect::<Vec<_>>());
    }
    draw(&lines)
}

fn seconds(side: usize, problem: &Problem) -> (f64, f64) {
    let run = |_| {
        let start = Instant::now();
        let found = solve::solve(problem).expect("feasible");
        let took = start.elapsed().as_secs_f64();
        assert_eq!(found.verify(problem), Ok(()));
        took
    };
    (side as f64, (0..3).map(run).fold(f64::INFINITY, f64::min))
}

fn draw(lines: &[Line]) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::new(FILE, (720, 480)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .margin(12)
        .x_label_area_size(42)
        .y_label_area_size(64)
        .build_cartesian_2d((200.0..1_200_000.0_f64).log_scale(), (0.0001..100.0_f64).log_scale())?;
    let power = |value: &f64| format!("{value}");
    chart
        .configure_mesh()
        .x_desc("tasks, and agents")
        .y_desc("seconds")
        .x_label_formatter(&power)
        .y_label_formatter(&power)
        .light_line_style(WHITE)
        .draw()?;
    for (line, colour) in lines.iter().zip(COLOURS) {
        chart
            .draw_series(LineSeries::new(line.points.iter().copied(), colour.stroke_width(2)).point_size(3))?
            .label(&line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
    }
    chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).border_style(BLACK).draw()?;
    root.present()?;
    Ok(())
}
