//! Charts of lines, points and areas side by side, as SVG, by the crate `plotters`.

use althing::coordination::schedule::gantt::escape;
use plotters::chart::DualCoordChartContext;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

/// Charts under one title.
pub(crate) struct Figure {
    pub(crate) title: String,
    /// For those who do not see it.
    pub(crate) description: String,
    /// From the top, and in each from the left.
    pub(crate) panels: Vec<Vec<Panel>>,
}

/// A chart with its axes.
pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) across: Axis,
    pub(crate) up: Axis,
    /// A second one, on the right.
    pub(crate) right: Option<Axis>,
    /// Those that come later lie above.
    pub(crate) series: Vec<Series>,
}

/// From 0 to `most`.
#[derive(Clone)]
pub(crate) struct Axis {
    /// What it shows, with its unit.
    pub(crate) name: String,
    pub(crate) most: f64,
}

/// What is drawn in one colour.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) colour: RGBColor,
    pub(crate) mark: Mark,
    pub(crate) points: Vec<(f64, f64)>,
    /// Whether the axis on the right holds.
    pub(crate) is_right: bool,
}

/// How it is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Line,
    Dashes,
    Points,
    /// All that lies within the points.
    Area,
}

/// Colours that are told apart whatever one sees (Okabe and Ito, "Color universal design", 2008).
pub(crate) const BLUE: RGBColor = RGBColor(0, 114, 178);
pub(crate) const ORANGE: RGBColor = RGBColor(213, 94, 0);
pub(crate) const GREEN: RGBColor = RGBColor(0, 130, 95);
pub(crate) const GREY: RGBColor = RGBColor(110, 110, 110);

const PANEL: (i32, i32) = (560, 440);
/// Of a figure, above its panels.
const HEAD: i32 = 48;
/// Of a panel, above its chart: its title, and then lines of the legend.
const TITLE: i32 = 28;
const LEGEND_LINE: i32 = 20;
/// About how wide a letter is.
const LETTER: i32 = 7;
/// Of how many dots a unit of the picture is: `plotters` draws from dot to dot, which would be seen.
const DOTS: i32 = 8;

/// So many units, in dots.
const fn dots(units: i32) -> i32 {
    units * DOTS
}

/// Letters of this size.
const fn letters(units: i32) -> (&'static str, i32) {
    ("sans-serif", dots(units))
}

fn line(colour: RGBColor) -> ShapeStyle {
    colour.stroke_width(dots(2).unsigned_abs())
}

/// Why there is no figure: a number is no number, or there is no memory.
#[derive(Debug, thiserror::Error)]
#[error("the chart cannot be drawn: {0}")]
pub struct ChartError(String);

type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

impl Figure {
    pub(crate) fn svg(&self) -> Result<String, ChartError> {
        let columns = self.panels.iter().map(Vec::len).max().unwrap_or(0);
        let (width, height) = (PANEL.0 * columns as i32, HEAD + PANEL.1 * self.panels.len() as i32);
        let mut svg = String::new();
        let size = (dots(width).unsigned_abs(), dots(height).unsigned_abs());
        self.draw(&mut svg, size, columns).map_err(|error| ChartError(error.to_string()))?;
        // In units, and with its name for those who do not see it.
        let (_, drawn) = svg.trim_end().split_once(">\n").unwrap_or_default();
        let (title, description) = (escape(&self.title), escape(&self.description));
        Ok(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" width=\"{width}\" height=\"{height}\" \
             role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">{title}</title>\n\
             <desc id=\"desc\">{description}</desc>\n{drawn}\n",
            size.0, size.1,
        ))
    }

    fn draw(&self, svg: &mut String, size: (u32, u32), columns: usize) -> Drawn {
        let root = SVGBackend::with_string(svg, size).into_drawing_area();
        root.fill(&WHITE)?;
        root.draw(&Text::new(self.title.clone(), (dots(16), dots(16)), letters(20)))?;
        let (_, panels) = root.split_vertically(dots(HEAD));
        for (row, area) in self.panels.iter().zip(panels.split_evenly((self.panels.len(), 1))) {
            for (panel, area) in row.iter().zip(area.split_evenly((1, columns))) {
                panel.draw(&area)?;
            }
        }
        root.present()
    }
}

impl Panel {
    fn draw(&self, area: &Area) -> Drawn {
        area.draw(&Text::new(self.title.clone(), (dots(16), dots(4)), letters(17)))?;
        let (_, area) = area.split_vertically(self.legend(area)?);
        let side = if self.right.is_some() { 56 } else { 16 };
        let across = 0.0..self.across.most;
        let right = 0.0..self.right.as_ref().map_or(1.0, |axis| axis.most);
        let mut chart = ChartBuilder::on(&area)
            .margin(dots(8))
            .x_label_area_size(dots(44))
            .y_label_area_size(dots(60))
            .right_y_label_area_size(dots(side))
            .build_cartesian_2d(across.clone(), 0.0..self.up.most)?
            .set_secondary_coord(across, right);
        let label = |value: &f64| tick(*value);
        let axis = BLACK.stroke_width(DOTS.unsigned_abs());
        chart
            .configure_mesh()
            .x_desc(self.across.name.clone())
            .y_desc(self.up.name.clone())
            .x_labels(8)
            .y_labels(8)
            .x_label_formatter(&label)
            .y_label_formatter(&label)
            .label_style(letters(14))
            .axis_desc_style(letters(15))
            .axis_style(axis)
            .set_all_tick_mark_size(dots(5))
            .light_line_style(TRANSPARENT)
            .bold_line_style(RGBColor(228, 228, 228).stroke_width(DOTS.unsigned_abs()))
            .draw()?;
        if let Some(right) = &self.right {
            chart
                .configure_secondary_axes()
                .y_desc(right.name.clone())
                .y_labels(8)
                .y_label_formatter(&label)
                .label_style(letters(14))
                .axis_desc_style(letters(15))
                .axis_style(axis)
                .set_all_tick_mark_size(dots(5))
                .draw()?;
        }
        self.series.iter().try_for_each(|series| series.draw(&mut chart))
    }

    /// What each colour means, in as many lines as it takes. How high title and legend are, in dots.
    fn legend(&self, area: &Area) -> Result<i32, DrawingAreaErrorKind<std::io::Error>> {
        let (mut x, mut y) = (68, TITLE);
        for series in &self.series {
            let width = 38 + LETTER * series.name.chars().count() as i32;
            if x > 68 && x + width > PANEL.0 {
                (x, y) = (68, y + LEGEND_LINE);
            }
            let at = |right: i32, down: i32| (dots(x + right), dots(y + down));
            let dash = |from, to| PathElement::new([at(from, 8), at(to, 8)], line(series.colour));
            match series.mark {
                Mark::Line => area.draw(&dash(0, 22))?,
                Mark::Dashes => [0, 8, 16].iter().try_for_each(|from| area.draw(&dash(*from, from + 5)))?,
                Mark::Points => area.draw(&Circle::new(at(11, 8), dots(4), series.colour.filled()))?,
                Mark::Area => {
                    let faint = series.colour.mix(FAINT).filled();
                    area.draw(&Rectangle::new([at(0, 2), at(22, 14)], faint))?;
                }
            }
            area.draw(&Text::new(series.name.clone(), at(27, 1), letters(14)))?;
            x += width;
        }
        Ok(dots(y + LEGEND_LINE))
    }
}

/// How much of its colour an area has.
const FAINT: f64 = 0.22;

type Chart<'a, 'b> = DualCoordChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<RangedCoordf64, RangedCoordf64>,
    Cartesian2d<RangedCoordf64, RangedCoordf64>,
>;

impl Series {
    fn draw(&self, chart: &mut Chart) -> Drawn {
        let (points, line) = (self.points.iter().copied(), line(self.colour));
        let dashes = || DashedLineSeries::new(points.clone(), dots(7), dots(5), line);
        let circles = || points.clone().map(|point| Circle::new(point, dots(4), self.colour.filled()));
        let area = || [Polygon::new(self.points.clone(), self.colour.mix(FAINT).filled())];
        let solid = || LineSeries::new(points.clone(), line);
        match (self.mark, self.is_right) {
            (Mark::Line, false) => chart.draw_series(solid()).map(|_| ()),
            (Mark::Line, true) => chart.draw_secondary_series(solid()).map(|_| ()),
            (Mark::Dashes, false) => chart.draw_series(dashes()).map(|_| ()),
            (Mark::Dashes, true) => chart.draw_secondary_series(dashes()).map(|_| ()),
            (Mark::Points, false) => chart.draw_series(circles()).map(|_| ()),
            (Mark::Points, true) => chart.draw_secondary_series(circles()).map(|_| ()),
            (Mark::Area, false) => chart.draw_series(area()).map(|_| ()),
            (Mark::Area, true) => chart.draw_secondary_series(area()).map(|_| ()),
        }
    }
}

impl Axis {
    /// Up to somewhat more than `most`; in powers of ten of the unit, if the numbers were long. How much
    /// a point is to be divided by.
    pub(crate) fn up_to(most: f64, name: &str, unit: &str) -> (Self, f64) {
        let most = if most > 0.0 { most } else { 1.0 };
        let exponent = most.log10().floor();
        let power = if (-2.0..5.0).contains(&exponent) { 0.0 } else { exponent };
        // Of what is all but zero the power would be no number.
        let scale = 10_f64.powf(power).max(f64::MIN_POSITIVE);
        let unit = match (power == 0.0, unit) {
            (true, "") => String::new(),
            (true, unit) => format!(" ({unit})"),
            (false, unit) => format!(" (10^{power} {unit})").replace(" )", ")"),
        };
        (Self { name: format!("{name}{unit}"), most: most / scale * 1.06 }, scale)
    }
}

/// A number at an axis, as short as it can be.
fn tick(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
