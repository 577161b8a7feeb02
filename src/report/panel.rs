//! Readings over time: one row for each object with its own scale, the name on the left and figures on the right.

use std::fmt::Write as _;

use super::{
    Curve, Moment, Panel, Row, Scale, Story,
    chart::{LEFT, Paper, RIGHT},
    words::{self, NEVER},
};
use base::signal::Stroke;
use base::signal::Unit;

/// Caption of curves.
pub(super) const CURVES: &str = "A gap in a curve is a time in which the value was unknown. A triangle at a \
    row's upper edge is a value beyond the measurable range. Shaded: a step was running, from the dotted line on; darker: the run was held.";
/// Caption of the write downtime bars.
pub(super) const LOST: &str = "A bar covers the time between the two readings in which writes failed; its height is the seconds of downtime; \
    ▼ a primary was ordered to step down. Shaded: a step was running, from the dotted line on; darker: the run was held.";

/// Height of a row, and of its plot.
const ROW: f64 = 56.0;
const PLOT: f64 = 36.0;
/// Maximum length of names and of figures, in characters; the scale is between them.
const NAME: usize = 25;
const FIGURES: usize = 33;

/// Maps values to heights.
#[derive(Clone, Copy)]
struct Axis {
    low: f64,
    high: f64,
    top: f64,
}

impl Axis {
    fn of(row: &Row, scale: Scale, top: f64) -> Self {
        if scale == Scale::Whole {
            return Self { low: 0.0, high: 1.0, top };
        }
        let values = || row.curves.iter().flat_map(Curve::all).map(|(_, v)| v).filter(|v| !is_never(*v, row.unit));
        let (low, high) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
        Self { low, high: if high > low { high } else { low + 1.0 }, top }
    }

    fn y(self, value: f64) -> f64 {
        self.top + PLOT * (1.0 - ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0))
    }
}

fn is_never(value: f64, unit: Option<Unit>) -> bool {
    unit == Some(Unit::Seconds) && value >= NEVER
}

/// A panel of curves.
pub(super) fn curves(story: &Story, panel: &Panel) -> String {
    let mut paper = Paper::new(story, panel.title);
    #[expect(clippy::cast_precision_loss, reason = "rows of a page")]
    let bottom = paper.y + ROW * panel.rows.len() as f64;
    paper.marks(story, bottom);
    for row in &panel.rows {
        let axis = Axis::of(row, panel.scale, paper.y + 8.0);
        let ends = [axis.high, axis.low].map(|v| words::value(v, row.unit));
        frame(&mut paper, (&row.name, ""), &ends, axis.top);
        for curve in &row.curves {
            draw(&mut paper, curve, row.unit, axis);
        }
        for (place, line) in figures(row).iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "two lines")]
            let y = axis.top + 13.0 + 15.0 * place as f64;
            paper.text("", "start", (RIGHT + 10.0, y), line, FIGURES);
        }
        paper.y += ROW;
    }
    paper.done()
}

/// A row's name with a smaller subtitle, its scale and the lines at its ends.
fn frame(paper: &mut Paper, (name, under): (&str, &str), [high, low]: &[String; 2], top: f64) {
    paper.line("grid", (LEFT, top), (RIGHT, top));
    paper.line("grid", (LEFT, top + PLOT), (RIGHT, top + PLOT));
    paper.text("", "start", (0.0, top + if under.is_empty() { 22.0 } else { 15.0 }), name, NAME);
    if !under.is_empty() {
        paper.text("small", "start", (0.0, top + 29.0), under, NAME);
    }
    paper.text("small", "end", (LEFT - 5.0, top + 4.0), high, 9);
    paper.text("small", "end", (LEFT - 5.0, top + PLOT + 3.0), low, 9);
}

/// The figures of a row: of one curve the highest and the last value, of two the last value of each with its stroke.
fn figures(row: &Row) -> Vec<String> {
    let value = |v: Option<f64>| v.map_or_else(|| "unknown".to_owned(), |v| words::value(v, row.unit));
    match row.curves.as_slice() {
        [only] => {
            let high = value(only.range().map(|(_, high)| high));
            vec![
                format!("{}highest {high}", prefix(&only.name)),
                format!("{}last {}", prefix(&only.name), value(only.last())),
            ]
        }
        all => all.iter().map(|c| format!("{} ({}) {}", c.name, drawn_as(c.stroke), value(c.last()))).collect(),
    }
}

fn prefix(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("{name}: ") }
}

const fn drawn_as(stroke: Stroke) -> &'static str {
    match stroke {
        Stroke::Line => "line",
        Stroke::Dashes => "dashes",
        Stroke::Steps => "steps",
        Stroke::Points => "points",
    }
}

fn draw(paper: &mut Paper, curve: &Curve, unit: Option<Unit>, axis: Axis) {
    for run in &curve.runs {
        // A value beyond the representable maximum has no place on the scale: the curve breaks there.
        for part in run.split(|(_, v)| is_never(*v, unit)) {
            stretch(paper, curve.stroke, part, axis);
        }
        for (at, _) in run.iter().filter(|(_, v)| is_never(*v, unit)) {
            let d = format!("M{:.1} {:.1}l3 5h-6z", paper.x(*at), axis.top);
            paper.path("mark", &d, "beyond the measurable range");
        }
    }
}

/// Draws one run without gaps.
fn stretch(paper: &mut Paper, stroke: Stroke, part: &[(Moment, f64)], axis: Axis) {
    let places: Vec<(f64, f64)> = part.iter().map(|(at, v)| (paper.x(*at), axis.y(*v))).collect();
    if stroke == Stroke::Points || places.len() == 1 {
        places.iter().for_each(|place| paper.circle("dot", *place, 2.0));
        return;
    }
    let Some(((x, y), rest)) = places.split_first() else { return };
    let mut d = format!("M{x:.1} {y:.1}");
    for (x, y) in rest {
        let _ = match stroke {
            Stroke::Steps => write!(d, "H{x:.1}V{y:.1}"),
            _ => write!(d, "L{x:.1} {y:.1}"),
        };
    }
    paper.path(if stroke == Stroke::Dashes { "curve dashes" } else { "curve" }, &d, "");
}

/// The write downtime of every set with any; `None` if there is none.
pub(super) fn lost(story: &Story) -> Option<String> {
    let rows = || story.downtime.iter().flat_map(|set| set.lost.iter().map(move |lost| (set, lost)));
    let rows: Vec<_> = rows().filter(|(_, lost)| !lost.gaps.is_empty()).collect();
    let high = rows.iter().flat_map(|(_, lost)| &lost.gaps).map(|gap| gap.secs).fold(0.0, f64::max);
    if rows.is_empty() {
        return None;
    }
    let mut paper = Paper::new(story, "Write downtime");
    #[expect(clippy::cast_precision_loss, reason = "rows of a page")]
    let bottom = paper.y + ROW * rows.len() as f64;
    paper.marks(story, bottom);
    for (set, lost) in rows {
        let axis = Axis { low: 0.0, high, top: paper.y + 8.0 };
        frame(&mut paper, (&set.set, &lost.by), &[words::seconds(high), "0 s".to_owned()], axis.top);
        for gap in &lost.gaps {
            let (from, to, y) = (paper.x(gap.from), paper.x(gap.to), axis.y(gap.secs));
            let described = format!("{} between {} and {} UTC", lost.describe(gap.secs), time(gap.from), time(gap.to));
            paper.rect("lost", (from, y), ((to - from).max(3.0), axis.top + PLOT - y), &described);
        }
        for handover in &set.handovers {
            let d = format!("M{:.1} {:.1}l4 -7h-8z", paper.x(handover.from), axis.top);
            paper.path("mark", &d, &format!("{}, attempt {}: ordered to step down", handover.step, handover.attempt));
        }
        paper.text(
            "",
            "start",
            (RIGHT + 10.0, axis.top + 13.0),
            &format!("in total {}", lost.describe(lost.secs)),
            FIGURES,
        );
        if let Some(longest) = lost.longest {
            let described = format!("longest outage {}", words::seconds(longest));
            paper.text("", "start", (RIGHT + 10.0, axis.top + 28.0), &described, FIGURES);
        }
        paper.y += ROW;
    }
    Some(paper.done())
}

fn time(at: Moment) -> String {
    at.wall.strftime("%H:%M:%S").to_string()
}
