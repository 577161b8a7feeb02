//! Tables: cells, columns, rows.

use std::{borrow::Cow, sync::Arc, time::Duration};

use compact_str::CompactString;
use jiff::Timestamp;
use serde::Serialize;

use super::Tone;
use crate::{
    now::{as_shown, short},
    observed::Observed,
};

/// The sort and filter key of a cell.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize)]
#[serde(untagged)]
pub enum Key {
    /// No value: sorts last, in either direction.
    None,
    /// A number, in the signal's unit.
    Number(f64),
    /// By its text.
    Text,
    /// An instant. Its text is RFC 3339 in UTC; the view shows it in the user's time zone.
    Instant(Timestamp),
    /// Recent values, oldest first, drawn as bars: cannot be sorted or filtered.
    Spark(Arc<Vec<f32>>),
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// Its text. Short texts, as those of ten thousand rows are, are kept without an allocation.
    pub text: CompactString,
    /// Its sort key.
    pub key: Key,
    /// Its meaning; a tone with a glyph is drawn with it.
    pub tone: Tone,
}

impl Cell {
    /// Text.
    pub fn text(text: impl Into<CompactString>) -> Self {
        Self { text: text.into(), key: Key::Text, tone: Tone::Plain }
    }

    /// A number, shown as `text`.
    pub fn number(value: f64, text: impl Into<CompactString>) -> Self {
        Self { text: text.into(), key: Key::Number(value), tone: Tone::Plain }
    }

    /// A count.
    #[must_use]
    pub fn count(n: u64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "for sorting")]
        Self::number(n as f64, grouped(n))
    }

    /// A duration, in seconds. Its key is as exact as its text: while the text is the same, the cell is.
    #[must_use]
    pub fn duration(d: Duration) -> Self {
        let d = as_shown(d);
        Self::number(d.as_secs_f64(), short(d))
    }

    /// An instant, to the second.
    #[must_use]
    pub fn instant(at: Timestamp) -> Self {
        let whole = Timestamp::from_second(at.as_second()).unwrap_or(at);
        Self { text: whole.to_string().into(), key: Key::Instant(whole), tone: Tone::Plain }
    }

    /// An instant, to the millisecond.
    #[must_use]
    pub fn instant_ms(at: Timestamp) -> Self {
        let whole = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
        Self { text: whole.to_string().into(), key: Key::Instant(whole), tone: Tone::Plain }
    }

    /// Nothing to show: not queried, not applicable. Never used for "unknown".
    #[must_use]
    pub const fn none() -> Self {
        Self { text: CompactString::const_new("–"), key: Key::None, tone: Tone::Muted }
    }

    /// Recent values, oldest first, which show the direction. They are as fresh as the value beside them: bars have no age of their own, so
    /// they are dimmed where it is stale, and absent where it is unknown.
    #[must_use]
    pub fn spark(value: &Self, values: Vec<f32>) -> Self {
        match (value.tone, &value.key) {
            (Tone::Blind, _) | (_, Key::None) => Self::none(),
            (tone, _) => {
                let tone = if tone == Tone::Stale { tone } else { Tone::Plain };
                Self { text: CompactString::const_new(""), key: Key::Spark(Arc::new(values)), tone }
            }
        }
    }

    /// The same with a tone.
    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    /// A value that may be unknown: drawn by `show` while fresh; dimmed when stale; the fault's word when unknown.
    pub fn seen<T>(value: Observed<T>, show: impl FnOnce(T) -> Self) -> Self {
        match value {
            Observed::Fresh(t, _) => show(t),
            Observed::Stale(t, _) => show(t).tone(Tone::Stale),
            Observed::Unknown(f) => Self { text: f.kind.word().into(), key: Key::None, tone: Tone::Blind },
            Observed::Pending => Self { text: "waiting".into(), key: Key::None, tone: Tone::Blind },
        }
    }

    /// The age column: the age of the row's values, and their state.
    pub fn age<T>(value: &Observed<T>) -> Self {
        match value {
            Observed::Fresh(_, a) => Self::number(a.0.as_secs_f64(), a.to_string()).tone(Tone::Muted),
            Observed::Stale(_, a) => Self::number(a.0.as_secs_f64(), format!("{a} STALE")).tone(Tone::Stale),
            Observed::Unknown(f) => Self { text: f.kind.word().into(), key: Key::None, tone: Tone::Blind },
            Observed::Pending => Self { text: "waiting".into(), key: Key::None, tone: Tone::Blind },
        }
    }
}

/// A number of things with their word: `1 warning`, `3 warnings`.
#[must_use]
pub fn counted(n: usize, thing: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {thing}{plural}")
}

/// Groups of thousands: `1 234 567`.
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

/// Values of a row's sparkline: one character cell each.
pub const SPARK: usize = 12;

/// The alignment of a column.
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
    /// The heading over a run of columns: `source VIR`, `target ORE`, `delta`; empty for none.
    pub group: Cow<'static, str>,
    /// Alignment.
    pub align: Align,
    /// The smallest useful width in character cells.
    pub min: u16,
    /// Share of the remaining width; 0 = stays at its content's width.
    pub grow: u16,
    /// 0 is never dropped; on a narrow screen the highest number goes first.
    pub priority: u8,
    /// Its cells are [`Cell::spark`]s: they cannot be sorted or filtered.
    #[serde(skip)]
    pub spark: bool,
}

impl Column {
    /// A text column.
    #[must_use]
    pub fn text(id: &'static str, title: &'static str, min: u16) -> Self {
        Self { id, title: title.into(), group: "".into(), align: Align::Left, min, grow: 0, priority: 0, spark: false }
    }

    /// A column of numbers.
    #[must_use]
    pub fn number(id: &'static str, title: &'static str, min: u16) -> Self {
        Self { align: Align::Right, ..Self::text(id, title, min) }
    }

    /// A column of [`Cell::spark`]s: dropped first where space is short.
    #[must_use]
    pub fn spark(id: &'static str, title: &'static str) -> Self {
        Self { priority: 9, spark: true, ..Self::text(id, title, 6) }
    }

    /// Under a group's heading.
    #[must_use]
    pub fn of(mut self, group: impl Into<Cow<'static, str>>) -> Self {
        self.group = group.into();
        self
    }

    /// Takes a share of the remaining width.
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
    /// Identity within its table: the selection stays on it while data changes, and it is the key of the detail.
    pub id: CompactString,
    /// One cell a column. Shared: a row that is the same as a second ago is kept once.
    pub cells: Arc<[Cell]>,
}

impl Row {
    /// A row of these cells, one a column.
    pub fn new(id: impl Into<CompactString>, cells: impl Into<Arc<[Cell]>>) -> Self {
        Self { id: id.into(), cells: cells.into() }
    }
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
    /// Rows, in the default order: the worst or first things first, as the system decides. Shared: thousands of rows that have not changed
    /// for a second are not copied.
    pub rows: Arc<[Row]>,
    /// The text where there is no row.
    pub empty: &'static str,
}
