//! Everything that is shown, as plain data: tiles, tables, details. It feeds the screen, `--plain`, `--json`, filter and sort.
//!
//! No terminal and no colours here: a [`Tone`] gives the meaning, the theme gives the appearance.

mod curve;
mod memo;
mod table;

use std::{borrow::Cow, time::Duration};

pub use curve::{Curve, Line, Series};
pub use memo::Memo;
use serde::Serialize;
pub use table::{Align, Cell, Column, Key, Row, SPARK, Table, counted, grouped};

use crate::{
    collector::CollectorState,
    now::{Age, Now},
    observed::{Observed, Stamp},
    step::Level,
};

/// The meaning of a cell or a tile. On screen always glyph + word + colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Plain information.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// In progress: syncing, launching, rebalancing.
    Busy,
    /// Needs attention.
    Warn,
    /// Wrong.
    Bad,
    /// The last known value, too old for a decision.
    Stale,
    /// Not known.
    Blind,
    /// Less important than what is beside it.
    Muted,
}

impl Tone {
    /// The tone of a gate's level.
    #[must_use]
    pub const fn of(level: Level) -> Self {
        match level {
            Level::Green => Self::Good,
            Level::Unknown => Self::Warn,
            Level::Red => Self::Bad,
        }
    }

    /// The severity. An unknown value is worse than one that needs attention, and better than one that is known to be wrong.
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

    /// Its glyph, and the ASCII replacement.
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

/// What a page is about. Pages of one group are side by side in this order; where there are more pages than keys, a group shares one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Databases and other stores.
    Data,
    /// Topics, queues, and what processes them.
    Streams,
    /// Instances, services, clusters.
    Compute,
    /// How users and sites reach each other, and what users experience.
    Traffic,
    /// What has to be in place before and after: stacks, keys, secrets, backups, locks.
    Guards,
    /// The console's own pages: the run, its journal, the collectors.
    Console,
}

impl Group {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Streams => "streams",
            Self::Compute => "compute",
            Self::Traffic => "traffic",
            Self::Guards => "guards",
            Self::Console => "console",
        }
    }
}

/// A panel: the view of one system.
#[derive(Debug, Clone, Serialize)]
pub struct Panel {
    /// Its id: the system's, or `overview`, `sources`.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it is about.
    #[serde(skip)]
    pub group: Group,
    /// One line of summary in the panel's head, the worst first.
    pub summary: Vec<Cell>,
    /// Its tables, the most important first.
    pub tables: Vec<Table>,
    /// The age of its oldest value.
    pub oldest: Option<Age>,
}

/// One large number of the overview.
#[derive(Debug, Clone, Serialize)]
pub struct Tile {
    /// Id of the question that it answers on the overview.
    pub id: &'static str,
    /// The question.
    pub title: Cow<'static, str>,
    /// The answer.
    pub value: Cell,
    /// The answer as a text: of which thing, since when, in which direction.
    pub note: Cow<'static, str>,
    /// Each side, where there are sides: (side's label, value).
    pub sides: Vec<(Cow<'static, str>, Cell)>,
    /// Recent values, oldest first.
    pub spark: Vec<f32>,
    /// The age of the answer; none where nothing is known, or it is the console's own.
    pub age: Option<Age>,
    /// The panel that it leads to.
    pub panel: &'static str,
    /// The table and row in that panel that the answer comes from; of several the worst.
    pub row: Option<(&'static str, String)>,
}

impl Tile {
    /// Its recent values, where they are valid now: they are as fresh as the value, and end with it.
    #[must_use]
    pub fn curve(&self) -> &[f32] {
        if matches!(self.value.tone, Tone::Stale | Tone::Blind) { &[] } else { &self.spark }
    }
}

/// The detail view of a row.
#[derive(Debug, Clone, Serialize)]
pub struct Detail {
    /// Title.
    pub title: String,
    /// Fields, one per line.
    pub fields: Vec<(Cow<'static, str>, Cell)>,
    /// Curves.
    pub curves: Vec<Curve>,
    /// Tables.
    pub tables: Vec<Table>,
}

/// The age of the oldest of several.
pub fn oldest<'a, T: 'a>(items: impl IntoIterator<Item = &'a Observed<T>>) -> Option<Age> {
    items.into_iter().filter_map(Observed::age).max()
}

/// One collector, for the Sources panel and `--json`.
#[derive(Debug, Clone, Serialize)]
pub struct CollectorLine {
    /// Its id.
    pub id: String,
    /// The id of its system, which is that of the system's page.
    #[serde(skip)]
    pub system: &'static str,
    /// Its side, if it belongs to one.
    pub side: Option<crate::side::Side>,
    /// Server.
    pub endpoint: String,
    /// Calls.
    pub calls: &'static [&'static str],
    /// Its state.
    pub state: CollectorState,
    /// Its present interval.
    pub interval: Duration,
    /// Duration of the last attempt.
    pub took: Duration,
    /// Time since the last answer.
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

/// Word and tone of a collector's state.
#[must_use]
pub const fn state_cell(state: CollectorState) -> (&'static str, Tone) {
    match state {
        CollectorState::Fresh => ("live", Tone::Good),
        CollectorState::Pending => ("starting", Tone::Busy),
        CollectorState::Stale => ("STALE", Tone::Stale),
        CollectorState::Unknown => ("UNKNOWN", Tone::Blind),
    }
}

/// A stamp's age at `now`.
#[must_use]
pub fn age_of(stamp: Stamp, now: Now) -> Age {
    Age(now.since(stamp.at))
}
