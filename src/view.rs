//! What is shown, as plain data: tiles, tables, details. Feeds the screen, `--plain`, `--json`, filter and sort alike.
//!
//! No terminal here, no colours: a [`Tone`] says what something means, the theme says how that looks.

use std::{borrow::Cow, sync::Arc, time::Duration};

use serde::Serialize;

use crate::core::{
    estate::{
        seen::{Seen, Stamp},
        signal::{SignalDef, Unit},
        source::SourceState,
    },
    now::{Age, Now},
    step::Level,
};

/// What a cell or a tile means. On screen always glyph + word + colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Plain information.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// On its way: syncing, launching, rebalancing.
    Busy,
    /// Look at it.
    Warn,
    /// Wrong.
    Bad,
    /// The last known value, too old to decide on.
    Stale,
    /// Not known.
    Blind,
    /// Less important than what is beside it.
    Muted,
}

impl Tone {
    /// What a gate's colour means.
    #[must_use]
    pub const fn of(level: Level) -> Self {
        match level {
            Level::Green => Self::Good,
            Level::Hold => Self::Warn,
            Level::Red => Self::Bad,
        }
    }

    /// Its word, where there is neither glyph nor colour.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Busy => "busy",
            Self::Warn => "WARN",
            Self::Bad => "BAD",
            Self::Stale => "STALE",
            Self::Blind => "BLIND",
            Self::Muted => "muted",
        }
    }

    /// Its glyph, and the ASCII twin.
    #[must_use]
    pub const fn glyph(self, ascii: bool) -> &'static str {
        match (self, ascii) {
            (Self::Plain | Self::Muted, _) => " ",
            (Self::Good, false) => "●",
            (Self::Good, true) => "+",
            (Self::Busy, false) => "◐",
            (Self::Busy, true) => "~",
            (Self::Warn, false) => "▲",
            (Self::Warn, true) => "!",
            (Self::Bad, false) => "✖",
            (Self::Bad, true) => "X",
            (Self::Stale, false) => "◌",
            (Self::Stale, true) => "o",
            (Self::Blind, _) => "?",
        }
    }
}

/// What a cell sorts and filters by.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize)]
#[serde(untagged)]
pub enum Key {
    /// No value: sorts last, whichever way.
    None,
    /// A number, in the signal's unit.
    Number(f64),
    /// By its text.
    Text,
    /// Recent values, oldest first, drawn as bars: nothing to sort or to filter by.
    Spark(Arc<Vec<f32>>),
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// What it says.
    pub text: Cow<'static, str>,
    /// What it sorts by.
    pub key: Key,
    /// What it means; a tone with a glyph is drawn with it.
    pub tone: Tone,
}

impl Cell {
    /// Text.
    pub fn text(text: impl Into<Cow<'static, str>>) -> Self {
        Self { text: text.into(), key: Key::Text, tone: Tone::Plain }
    }

    /// A number, shown as `text`.
    pub fn number(value: f64, text: impl Into<Cow<'static, str>>) -> Self {
        Self { text: text.into(), key: Key::Number(value), tone: Tone::Plain }
    }

    /// A count.
    #[must_use]
    pub fn count(n: u64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "for sorting")]
        Self::number(n as f64, grouped(n))
    }

    /// Nothing to show: not asked, not applicable. Never used for "unknown".
    #[must_use]
    pub const fn none() -> Self {
        Self { text: Cow::Borrowed("–"), key: Key::None, tone: Tone::Muted }
    }

    /// Recent values, oldest first: which way it goes, at a glance. Where nothing is known yet, nothing is drawn.
    #[must_use]
    pub fn spark(values: Vec<f32>) -> Self {
        Self { text: Cow::Borrowed(""), key: Key::Spark(Arc::new(values)), tone: Tone::Plain }
    }

    /// The same with a tone.
    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    /// A value that may not be known: drawn by `show` while live; dimmed when stale; the fault's word when blind.
    pub fn seen<T>(value: Seen<T>, show: impl FnOnce(T) -> Self) -> Self {
        match value {
            Seen::Live(t, _) => show(t),
            Seen::Stale(t, _) => show(t).tone(Tone::Stale),
            Seen::Blind(f) => Self { text: f.kind.word().into(), key: Key::None, tone: Tone::Blind },
            Seen::Never => Self { text: "waiting".into(), key: Key::None, tone: Tone::Blind },
        }
    }

    /// The age column: how old what is in this row is, and what that means.
    pub fn age<T>(value: &Seen<T>) -> Self {
        match value {
            Seen::Live(_, a) => Self::number(a.0.as_secs_f64(), a.to_string()).tone(Tone::Muted),
            Seen::Stale(_, a) => Self::number(a.0.as_secs_f64(), format!("{a} STALE")).tone(Tone::Stale),
            Seen::Blind(f) => Self { text: f.kind.word().into(), key: Key::None, tone: Tone::Blind },
            Seen::Never => Self { text: "waiting".into(), key: Key::None, tone: Tone::Blind },
        }
    }
}

/// Thousands apart: `1 234 567`.
#[must_use]
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(c);
    }
    out
}

/// Values of a row's sparkline: a cell each.
pub const SPARK: usize = 12;

/// Which way a column is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// One column.
#[derive(Debug, Clone, Serialize)]
pub struct Column {
    /// Name for filters (`col:value`), sorting and `--json`.
    pub id: &'static str,
    /// Its title.
    pub title: Cow<'static, str>,
    /// What stands over a run of columns: `source VIR`, `target ORE`, `delta`; empty for none.
    pub group: Cow<'static, str>,
    /// Alignment.
    pub align: Align,
    /// Fewest cells it is of any use with.
    pub min: u16,
    /// Share of the room that is left; 0 = stays at its content's width.
    pub grow: u16,
    /// 0 is never dropped; on a narrow screen the highest number goes first.
    pub priority: u8,
}

impl Column {
    /// A text column.
    #[must_use]
    pub fn text(id: &'static str, title: &'static str, min: u16) -> Self {
        Self { id, title: title.into(), group: "".into(), align: Align::Left, min, grow: 0, priority: 0 }
    }

    /// A column of numbers.
    #[must_use]
    pub fn number(id: &'static str, title: &'static str, min: u16) -> Self {
        Self { align: Align::Right, ..Self::text(id, title, min) }
    }

    /// A column of [`Cell::spark`]s: the first to go where there is little room.
    #[must_use]
    pub fn spark(id: &'static str, title: &'static str) -> Self {
        Self { priority: 9, ..Self::text(id, title, 6) }
    }

    /// Under a group's heading.
    #[must_use]
    pub fn of(mut self, group: impl Into<Cow<'static, str>>) -> Self {
        self.group = group.into();
        self
    }

    /// Takes a share of the room that is left.
    #[must_use]
    pub const fn grow(mut self, share: u16) -> Self {
        self.grow = share;
        self
    }

    /// May be dropped on a narrow screen; the highest number goes first.
    #[must_use]
    pub const fn drop(mut self, priority: u8) -> Self {
        self.priority = priority;
        self
    }
}

/// One row.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Identity within its table: the selection stays on it while data changes, the detail is asked by it.
    pub id: String,
    /// One cell a column.
    pub cells: Vec<Cell>,
}

/// A table.
#[derive(Debug, Clone, Serialize)]
pub struct Table {
    /// Identity within its panel.
    pub id: &'static str,
    /// Title.
    pub title: Cow<'static, str>,
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows, in the order that needs no sorting: worst or first things first, as the system sees fit.
    pub rows: Vec<Row>,
    /// What to say where there is no row.
    pub empty: &'static str,
}

/// A panel: what one system shows.
#[derive(Debug, Clone, Serialize)]
pub struct Panel {
    /// Its id: the system's, or `overview`, `sources`.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// One line of summary, worst thing first, in the panel's head.
    pub summary: Vec<Cell>,
    /// Its tables, the most important first.
    pub tables: Vec<Table>,
    /// The oldest thing in it.
    pub oldest: Option<Age>,
}

/// One large number of the overview.
#[derive(Debug, Clone, Serialize)]
pub struct Tile {
    /// Which question of the overview it answers.
    pub id: &'static str,
    /// The question.
    pub title: Cow<'static, str>,
    /// The answer.
    pub value: Cell,
    /// The answer in words: whose, since when, which way it goes.
    pub note: Cow<'static, str>,
    /// Each side, where there are sides: (side's label, value).
    pub sides: Vec<(Cow<'static, str>, Cell)>,
    /// Recent values, oldest first.
    pub spark: Vec<f32>,
    /// The panel behind it.
    pub panel: &'static str,
}

/// What opens behind a row.
#[derive(Debug, Clone, Serialize)]
pub struct Detail {
    /// Title.
    pub title: String,
    /// Facts, one a line.
    pub fields: Vec<(Cow<'static, str>, Cell)>,
    /// Curves.
    pub curves: Vec<Curve>,
    /// Tables.
    pub tables: Vec<Table>,
}

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
    /// Whose: a site's label.
    pub label: String,
    /// The side it is of: each has a style of its own.
    pub side: Option<crate::plan::Side>,
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
    /// The series of a signal that has these values of its labels.
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
        side: Option<crate::plan::Side>,
        points: impl Iterator<Item = (f32, f32)>,
        now: Now,
    ) -> Self {
        let end = now.boot.as_secs_f64();
        let points = points.map(|(t, v)| (f64::from(t) - end, f64::from(v))).collect();
        Self { label: label.into(), side, points, signals: Vec::new() }
    }

    /// It shows the past of this.
    #[must_use]
    pub fn of(mut self, series: Series) -> Self {
        self.signals.push(series);
        self
    }
}

/// How old the oldest of several is.
pub fn oldest<'a, T: 'a>(items: impl IntoIterator<Item = &'a Seen<T>>) -> Option<Age> {
    items.into_iter().filter_map(Seen::age).max()
}

/// One source, for the Sources panel and `--json`.
#[derive(Debug, Clone, Serialize)]
pub struct SourceLine {
    /// Its id.
    pub id: String,
    /// Side, if it is of one.
    pub side: Option<crate::plan::Side>,
    /// Server.
    pub endpoint: String,
    /// Calls.
    pub calls: &'static [&'static str],
    /// How it is doing.
    pub state: SourceState,
    /// How often it is asked now.
    pub interval: Duration,
    /// How long the last attempt took.
    pub took: Duration,
    /// Since the last answer.
    pub age: Option<Age>,
    /// Answers so far.
    pub answers: u64,
    /// Failures so far.
    pub failures: u64,
    /// Times throttled.
    pub throttled: u64,
    /// Why the last attempt failed.
    pub fault: Option<crate::core::estate::seen::Fault>,
}

/// A stamp's age at `now`.
#[must_use]
pub fn age_of(stamp: Stamp, now: Now) -> Age {
    Age(now.since(stamp.at))
}
