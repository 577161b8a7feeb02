//! Charts: the past of signals, as lines over the same time.

use serde::Serialize;

use crate::{
    now::Now,
    side::Side,
    signal::{SignalDef, Unit},
};

/// One chart of a detail: lines of one unit over the same time.
#[derive(Debug, Clone, Serialize)]
pub struct Curve {
    /// Title.
    pub title: String,
    /// The unit of all its lines.
    pub unit: Unit,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// One line of a chart.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Its label: a site's label.
    pub label: String,
    /// Its side: each side has its own style.
    pub side: Option<Side>,
    /// (seconds before now, as a negative number; value), oldest first.
    pub points: Vec<(f64, f64)>,
    /// The signals that it shows the past of: a gate that judges one of them has its limit in the chart.
    pub signals: Vec<Series>,
}

/// One series of a signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Series {
    /// The signal's id.
    pub signal: &'static str,
    /// Its labels, with their values.
    pub labels: Vec<(&'static str, String)>,
}

impl Series {
    /// The series of a signal with these values of its labels.
    #[must_use]
    pub fn of(def: &SignalDef, values: &[&str]) -> Self {
        let labels = def.labels.iter().zip(values).map(|(&label, &value)| (label, value.to_owned()));
        Self { signal: def.id, labels: labels.collect() }
    }
}

impl Curve {
    /// A chart without lines.
    pub fn new(title: impl Into<String>, unit: Unit) -> Self {
        Self { title: title.into(), unit, lines: Vec::new() }
    }

    /// With another line.
    #[must_use]
    pub fn with(mut self, line: Line) -> Self {
        self.lines.push(line);
        self
    }

    /// Whether there is nothing to draw yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.iter().all(|l| l.points.is_empty())
    }
}

impl Line {
    /// A line of samples with their boot times.
    pub fn new(
        label: impl Into<String>,
        side: Option<Side>,
        points: impl Iterator<Item = (f32, f32)>,
        now: Now,
    ) -> Self {
        let end = now.boot.as_secs_f64();
        let points = points.map(|(t, v)| (f64::from(t) - end, f64::from(v))).collect();
        Self { label: label.into(), side, points, signals: Vec::new() }
    }

    /// Adds a signal whose past it shows.
    #[must_use]
    pub fn of(mut self, series: Series) -> Self {
        self.signals.push(series);
        self
    }
}
