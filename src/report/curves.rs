//! Readings as curves with gaps, and the write downtime of each set.

use std::time::Duration;

use super::{Moment, Op, Step};
use base::{
    signal::{Cost, CurvePanel, NEVER, SignalDef, Stroke, Unit},
    step::OpState,
};
use engine::run::QUIET;
use journal::Reading;
use systems::{Body, Entry};
use systems::{planner, signals};

/// How a panel's rows are scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// From none to all, for ratios.
    Whole,
    /// From zero to the largest value of each row.
    Own,
}

/// Readings of one kind.
#[derive(Debug, Clone)]
pub struct Panel {
    /// Its title.
    pub title: &'static str,
    /// How its rows are scaled.
    pub scale: Scale,
    /// One row for each object.
    pub rows: Vec<Row>,
}

/// The curves of one object.
#[derive(Debug, Clone)]
pub struct Row {
    /// The object: a set, a group, a name.
    pub name: String,
    /// The unit of all its curves; `None`: the signal is unknown to this program.
    pub unit: Option<Unit>,
    /// One or two curves.
    pub curves: Vec<Curve>,
}

/// One series over time.
#[derive(Debug, Clone)]
pub struct Curve {
    /// Its name, if a row has more than one curve: `configured`.
    pub name: String,
    pub(super) stroke: Stroke,
    /// The readings, in runs without gaps.
    pub runs: Vec<Vec<(Moment, f64)>>,
    /// Number of records of readings without this series: its value was not known.
    pub missed: usize,
}

impl Curve {
    /// All its readings.
    pub fn all(&self) -> impl Iterator<Item = (Moment, f64)> {
        self.runs.iter().flatten().copied()
    }

    /// The last one.
    #[must_use]
    pub fn last(&self) -> Option<f64> {
        self.all().last().map(|(_, value)| value)
    }

    /// The smallest and the largest.
    #[must_use]
    pub fn range(&self) -> Option<(f64, f64)> {
        self.all().map(|(_, v)| (v, v)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }
}

/// A panel's title, and how its rows are scaled.
const fn panel_of(panel: CurvePanel) -> (&'static str, Scale) {
    match panel {
        CurvePanel::Lag => ("Lag", Scale::Own),
        CurvePanel::Traffic => ("Traffic share of the target", Scale::Whole),
        CurvePanel::Ready => ("Fleet ready at the target", Scale::Whole),
        CurvePanel::Health => ("Errors and latency", Scale::Own),
    }
}

/// Whether a signal's readings are reported on their own.
pub(super) fn is_reported(signal: &str) -> bool {
    signals().iter().any(|def| def.id == signal && (def.curve.is_some() || def.cost.is_some()))
}

/// Records of readings, in order.
fn records<'a>(all: &[(Moment, &'a Entry)]) -> Vec<(Moment, &'a [Reading])> {
    let of = |(at, entry): &(Moment, &'a Entry)| match &entry.body {
        Body::Readings { samples } => Some((*at, samples.as_slice())),
        _ => None,
    };
    all.iter().filter_map(of).collect()
}

/// Whether nothing was observed between two records of readings: the program was stopped or the machine slept.
fn apart(a: Moment, b: Moment) -> bool {
    a.sitting != b.sitting || a.until(b) > QUIET + Duration::from_secs(30) || b.wall <= a.wall
}

/// One series. A record without it, or a new session, is a gap.
fn runs(records: &[(Moment, &[Reading])], signal: &str, labels: &[String]) -> (Vec<Vec<(Moment, f64)>>, usize) {
    let mut runs: Vec<Vec<(Moment, f64)>> = Vec::new();
    let mut before = None::<Moment>;
    for (at, samples) in records {
        let found = samples.iter().find(|s| s.signal == signal && s.labels == labels);
        let Some(sample) = found else {
            before = None;
            continue;
        };
        match runs.last_mut() {
            Some(run) if before.is_some_and(|before| !apart(before, *at)) => run.push((*at, sample.value)),
            _ => runs.push(vec![(*at, sample.value)]),
        }
        before = Some(*at);
    }
    let missed = records.len() - runs.iter().map(Vec::len).sum::<usize>();
    (runs, missed)
}

/// The label values of a signal's series, in order of appearance.
fn series(records: &[(Moment, &[Reading])], signal: &str) -> Vec<Vec<String>> {
    let mut out: Vec<Vec<String>> = Vec::new();
    for sample in records.iter().flat_map(|(_, samples)| *samples).filter(|s| s.signal == signal) {
        if !out.contains(&sample.labels) {
            out.push(sample.labels.clone());
        }
    }
    out
}

/// All panels that have something to show.
pub(super) fn panels(all: &[(Moment, &Entry)]) -> Vec<Panel> {
    let records = records(all);
    let mut shown: Vec<(&SignalDef, base::signal::Curve)> =
        signals().into_iter().filter_map(|def| Some((def, def.curve?))).collect();
    // Within a panel in the order of the systems.
    shown.sort_by_key(|(_, curve)| curve.panel);
    let mut panels: Vec<Panel> = Vec::new();
    for (def, shown) in shown {
        for labels in series(&records, def.id) {
            let of = shown.apart.and_then(|place| labels.get(place)).map_or("", String::as_str);
            let Some((_, name, stroke)) = shown.strokes.iter().find(|(value, ..)| *value == of) else { continue };
            let (runs, missed) = runs(&records, def.id, &labels);
            let curve = Curve { name: (*name).to_owned(), stroke: *stroke, runs, missed };
            let named = labels.iter().enumerate().filter(|(place, _)| Some(*place) != shown.apart);
            let row = named.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ");
            put(&mut panels, shown, row, def.unit, curve);
        }
    }
    panels
}

fn put(panels: &mut Vec<Panel>, shown: base::signal::Curve, name: String, unit: Unit, curve: Curve) {
    let (title, scale) = panel_of(shown.panel);
    if panels.last().is_none_or(|panel| panel.title != title) {
        panels.push(Panel { title, scale, rows: Vec::new() });
    }
    let Some(panel) = panels.last_mut() else { return };
    // A name's configured and served share are in one row.
    match panel.rows.iter_mut().find(|row| row.name == name && shown.apart.is_some()) {
        Some(row) => row.curves.push(curve),
        None => panel.rows.push(Row { name, unit: Some(unit), curves: vec![curve] }),
    }
}

/// Writes lost between two readings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gap {
    /// The previous reading; for the first one the beginning of the session.
    pub from: Moment,
    /// The reading that shows the increase.
    pub to: Moment,
    /// The increase in seconds.
    pub secs: f64,
}

/// Write downtime by one way of measurement.
#[derive(Debug, Clone)]
pub struct Lost {
    /// The way: `as watched`, or the canary's write concern.
    pub by: String,
    /// Seconds, over all sessions.
    pub secs: f64,
    /// When.
    pub gaps: Vec<Gap>,
    /// The longest single outage that the canary reported, in seconds; `None` if nothing measures it.
    pub longest: Option<f64>,
    /// Number of records of readings without it.
    pub missed: usize,
}

impl Lost {
    /// The seconds in words: a watched value is accurate to one poll interval and is an upper bound.
    #[must_use]
    pub fn describe(&self, secs: f64) -> String {
        let text = super::words::seconds(secs);
        if self.by == AS_WATCHED && secs > 0.0 { format!("≤ {text}") } else { text }
    }
}

/// A primary that was ordered to step down, and when a member was observed to accept writes.
#[derive(Debug, Clone)]
pub struct Handover {
    /// The step.
    pub step: String,
    /// The attempt.
    pub attempt: u16,
    /// When the intent was journaled: it refused no write before that.
    pub from: Moment,
    /// When a member was observed to accept writes; `None`: no record says so.
    pub to: Option<Moment>,
}

/// What is known of a set's write downtime.
#[derive(Debug, Clone)]
pub struct Downtime {
    /// The set.
    pub set: String,
    /// The measurements, the coarsest first.
    pub lost: Vec<Lost>,
    /// According to the operations' records.
    pub handovers: Vec<Handover>,
}

/// How the downtime that was only watched is called.
const AS_WATCHED: &str = "as watched";

/// The write downtime of every set with readings or step-downs.
pub(super) fn downtime(all: &[(Moment, &Entry)], steps: &[Step]) -> Vec<Downtime> {
    let records = records(all);
    let mut out: Vec<Downtime> = Vec::new();
    let costs = |cost| signals().into_iter().filter(move |def| def.cost == Some(cost));
    for def in costs(Cost::Lost) {
        let signal = def.id;
        for labels in series(&records, signal) {
            let Some(set) = labels.first() else { continue };
            let (runs, missed) = runs(&records, signal, &labels);
            let readings: Vec<(Moment, f64)> = runs.into_iter().flatten().collect();
            let gaps = gaps(&readings, all);
            let secs = gaps.iter().fold(0.0, |sum, gap| sum + gap.secs);
            // The longest single outage is measured where its labels are the same.
            let longest = costs(Cost::Longest).filter(|longest| longest.labels == def.labels);
            let longest = longest.flat_map(|longest| self::runs(&records, longest.id, &labels).0);
            let longest = longest.flatten().map(|(_, value)| value).reduce(f64::max);
            let by = labels.get(1).map_or_else(|| AS_WATCHED.to_owned(), |w| format!("canary, w:{w}"));
            of_set(&mut out, set).lost.push(Lost { by, secs, gaps, longest, missed });
        }
    }
    for step in steps {
        for attempt in &step.attempts {
            for (place, op) in attempt.ops.iter().enumerate() {
                let Some((set, from)) = step_down(op) else { continue };
                let leads = attempt.ops[place..].iter().filter(|op| is_leading(op));
                let to = leads.filter_map(applied).filter(|at| at.seq > from.seq).min_by_key(|at| at.seq);
                let handover = Handover { step: step.id.clone(), attempt: attempt.n, from, to };
                of_set(&mut out, set).handovers.push(handover);
            }
        }
    }
    out
}

fn of_set<'a>(all: &'a mut Vec<Downtime>, set: &str) -> &'a mut Downtime {
    let place = all.iter().position(|it| it.set == set).unwrap_or(all.len());
    if place == all.len() {
        all.push(Downtime { set: set.to_owned(), lost: Vec::new(), handovers: Vec::new() });
    }
    &mut all[place]
}

/// The increases of a counter between readings. It counts from the start of the program: its first value in a session
/// belongs to that session, and a smaller value means that it was restarted.
fn gaps(readings: &[(Moment, f64)], all: &[(Moment, &Entry)]) -> Vec<Gap> {
    let mut out = Vec::new();
    let mut before: Option<(Moment, f64)> = None;
    for (at, value) in readings.iter().copied() {
        let same = before.filter(|(was, _)| was.sitting == at.sitting);
        let started = || all.iter().map(|(at, _)| *at).find(|first| first.sitting == at.sitting).unwrap_or(at);
        let from = same.map_or_else(started, |(was, _)| was);
        let had = same.map_or(0.0, |(_, had)| had);
        let secs = if value >= had { value - had } else { value };
        if secs > 0.0 && value < NEVER {
            out.push(Gap { from, to: at, secs });
        }
        before = Some((at, value));
    }
    out
}

/// The set whose primary an operation ordered to step down, and when; not if it was definitely not applied.
fn step_down(op: &Op) -> Option<(&str, Moment)> {
    match op.call.handover() {
        Some(planner::Handover::Begins(set)) if op.state() != OpState::NotApplied => Some((set, *op.asked.first()?)),
        _ => None,
    }
}

/// Whether an operation waits for a member that accepts writes.
fn is_leading(op: &Op) -> bool {
    op.call.handover() == Some(planner::Handover::Ends)
}

fn applied(op: &Op) -> Option<Moment> {
    op.transitions.iter().find(|(_, state)| *state == OpState::Applied).map(|(at, _)| *at)
}
