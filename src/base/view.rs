//! What is shown, as plain data: tiles, tables, details. Feeds the screen, `--plain`, `--json`, filter and sort alike.
//!
//! No terminal here, no colours: a [`Tone`] says what something means, the theme says how that looks.

mod curve;
mod memo;
mod table;

use std::{borrow::Cow, time::Duration};

pub use curve::{Curve, Line, Series};
pub use memo::Memo;
use serde::Serialize;
pub use table::{Align, Cell, Column, Key, Row, SPARK, Table, grouped};

use crate::{
    collector::CollectorState,
    now::{Age, Now},
    observed::{Observed, Stamp},
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
            Level::Unknown => Self::Warn,
            Level::Red => Self::Bad,
        }
    }

    /// How bad it is; what is not known is worse than what needs a look, and better than what is known to be wrong.
    #[must_use]
    pub const fn gravity(self) -> u8 {
        match self {
            Self::Muted => 0,
            Self::Plain | Self::Good => 1,
            Self::Busy => 2,
            Self::Warn => 3,
            Self::Stale => 4,
            Self::Blind => 5,
            Self::Bad => 6,
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
            Self::Blind => "UNKNOWN",
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
    /// How old the answer is; none where nothing is known, or it is the console's own.
    pub age: Option<Age>,
    /// The panel behind it.
    pub panel: &'static str,
    /// Where in that panel the answer comes from, the worst of several: table and row.
    pub row: Option<(&'static str, String)>,
}

impl Tile {
    /// Its recent values, where they say something of now: they are worth what the value is, and end where it does.
    #[must_use]
    pub fn curve(&self) -> &[f32] {
        if matches!(self.value.tone, Tone::Stale | Tone::Blind) { &[] } else { &self.spark }
    }
}

/// What opens behind a row.
#[derive(Debug, Clone, Serialize)]
pub struct Detail {
    /// Title.
    pub title: String,
    /// Observation, one a line.
    pub fields: Vec<(Cow<'static, str>, Cell)>,
    /// Curves.
    pub curves: Vec<Curve>,
    /// Tables.
    pub tables: Vec<Table>,
}

/// How old the oldest of several is.
pub fn oldest<'a, T: 'a>(items: impl IntoIterator<Item = &'a Observed<T>>) -> Option<Age> {
    items.into_iter().filter_map(Observed::age).max()
}

/// One source, for the Sources panel and `--json`.
#[derive(Debug, Clone, Serialize)]
pub struct CollectorLine {
    /// Its id.
    pub id: String,
    /// Side, if it is of one.
    pub side: Option<crate::side::Side>,
    /// Server.
    pub endpoint: String,
    /// Calls.
    pub calls: &'static [&'static str],
    /// How it is doing.
    pub state: CollectorState,
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
    pub fault: Option<crate::observed::Fault>,
}

/// A stamp's age at `now`.
#[must_use]
pub fn age_of(stamp: Stamp, now: Now) -> Age {
    Age(now.since(stamp.at))
}
