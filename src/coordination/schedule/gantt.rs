//! A schedule as a picture: a Gantt chart in SVG, a row for each agent.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::Write;

use crate::coordination::schedule::Schedule;

/// What the picture says besides the schedule. A name that is missing is the number.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    /// What it is called; readers of the picture hear it first.
    pub title: &'a str,
    /// The names of the agents, by their places.
    pub agents: &'a [String],
    /// The names of the tasks, by theirs.
    pub tasks: &'a [String],
    /// What times are divided by before they are shown: at least 1.
    pub ticks: u64,
}

/// All lengths are in the units of the picture.
const WIDTH: f64 = 960.0;
const LEFT: f64 = 120.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 48.0;
const ROW: f64 = 32.0;
const BOTTOM: f64 = 40.0;
/// How wide a letter is, about.
const LETTER: f64 = 7.0;
/// Fills that are told apart by lightness too, each with dark text legible on it.
const FILLS: [&str; 6] = ["#8ecae6", "#ffd166", "#b7e4c7", "#f4a6a6", "#cdb4db", "#e9c9a0"];

/// The picture, of any schedule, also of one that is none. Each task has a tooltip with its times. A
/// name that does not fit in is cut off. O(n).
pub fn gantt(schedule: &Schedule, labels: Labels) -> String {
    let height = TOP + ROW * schedule.agents as f64 + BOTTOM;
    let end = schedule.placements.iter().map(|it| it.finish).fold(schedule.makespan, u64::max);
    let scale = Scale { ticks: labels.ticks.max(1), end: end.max(1) };
    let title = escape(labels.title);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-labelledby=\"title desc\" font-family=\"sans-serif\" \
         font-size=\"12\" fill=\"#1b1b1b\">\n<title id=\"title\">{title}</title>\n\
         <desc id=\"desc\">{} tasks on {} agents, from 0 to {}</desc>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"16\">{title}</text>\n",
        schedule.placements.len(),
        schedule.agents,
        scale.time(schedule.makespan),
    );
    axis(&mut out, schedule, &scale);
    for agent in 0..schedule.agents {
        let name = short(&name(labels.agents, agent, "agent"), (LEFT - 16.0) / LETTER);
        let y = TOP + ROW * agent as f64 + ROW / 2.0 + 4.0;
        line(
            &mut out,
            format_args!("<text x=\"{}\" y=\"{y}\" text-anchor=\"end\">{name}</text>", LEFT - 8.0),
        );
    }
    for (task, placement) in schedule.placements.iter().enumerate() {
        let (x, until) = (scale.x(placement.start), scale.x(placement.finish));
        let (y, width) = (TOP + ROW * placement.agent as f64 + 3.0, until - x);
        let (name, fill) = (name(labels.tasks, task, "task"), FILLS[task % FILLS.len()]);
        let (from, to) = (scale.time(placement.start), scale.time(placement.finish));
        let (tip, shown) = (escape(&name), short(&name, (width - 6.0) / LETTER));
        line(
            &mut out,
            format_args!(
                "<g><title>{tip}: {from} to {to}</title><rect x=\"{x:.2}\" y=\"{y}\" width=\"{width:.2}\" \
                 height=\"{}\" fill=\"{fill}\" stroke=\"#1b1b1b\" stroke-width=\"0.5\"/>\
                 <text x=\"{:.2}\" y=\"{}\">{shown}</text></g>",
                ROW - 6.0,
                x + 3.0,
                y + 17.0,
            ),
        );
    }
    out.push_str("</svg>\n");
    out
}

/// From ticks to the picture.
struct Scale {
    ticks: u64,
    end: u64,
}

impl Scale {
    fn x(&self, time: u64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (time as f64 / self.end as f64)
    }

    /// With no more decimals than there are.
    fn time(&self, time: u64) -> String {
        let text = format!("{:.3}", time as f64 / self.ticks as f64);
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    }
}

/// Lines at round times, their numbers below, and one at the end of all.
fn axis(out: &mut String, schedule: &Schedule, scale: &Scale) {
    let bottom = TOP + ROW * schedule.agents as f64;
    let step = step(scale.end);
    let round = (0..).map(|number| number * step).take_while(|time| *time <= u128::from(scale.end));
    for time in round.filter_map(|time| u64::try_from(time).ok()) {
        let (x, label) = (scale.x(time), scale.time(time));
        line(
            out,
            format_args!(
                "<path d=\"M{x:.2} {TOP}V{bottom}\" stroke=\"#d0d0d0\"/>\
                 <text x=\"{x:.2}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
                bottom + 18.0
            ),
        );
    }
    let x = scale.x(schedule.makespan);
    line(
        out,
        format_args!("<path d=\"M{x:.2} {TOP}V{bottom}\" stroke=\"#b00020\" stroke-dasharray=\"4 3\"/>"),
    );
}

/// 1, 2 or 5 times a power of ten, so that there are at most ten steps.
fn step(end: u64) -> u128 {
    let powers = (0..=20).map(|power| 10_u128.pow(power)).flat_map(|ten| [ten, 2 * ten, 5 * ten]);
    powers.into_iter().find(|step| u128::from(end) <= step * 10).unwrap_or(u128::MAX)
}

fn name(names: &[String], place: usize, what: &str) -> String {
    names.get(place).cloned().unwrap_or_else(|| format!("{what} {place}"))
}

/// As much as there is room for, escaped.
fn short(name: &str, letters: f64) -> String {
    // Below zero there is room for none.
    let room = letters as usize;
    let fits = name.chars().count() <= room;
    let kept: String = name.chars().take(if fits { room } else { room.saturating_sub(1) }).collect();
    if fits || kept.is_empty() { escape(&kept) } else { escape(&kept) + "\u{2026}" }
}

/// The text as it may stand in XML: none of it is markup, or a character that XML has not. O(n).
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn line(out: &mut String, text: core::fmt::Arguments) {
    // To write to a string cannot fail.
    let _ = writeln!(out, "{text}");
}
