//! Gates: conditions over signals, as the plan states them. How they are judged is in [`engine::gate`].

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use base::signal::SignalDef;

/// A condition, or several together.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// One gate.
    Gate(Box<Gate>),
    /// All of them. None at all is green.
    All(Vec<Condition>),
    /// One of them at the least.
    Any(Vec<Condition>),
    /// So many of them at the least.
    NOf(u32, Vec<Condition>),
}

impl Condition {
    /// No condition.
    #[must_use]
    pub const fn none() -> Self {
        Self::All(Vec::new())
    }

    /// Every gate within, in the plan's order.
    #[must_use]
    pub fn gates(&self) -> Vec<&Gate> {
        match self {
            Self::Gate(gate) => vec![gate],
            Self::All(list) | Self::Any(list) | Self::NOf(_, list) => list.iter().flat_map(Self::gates).collect(),
        }
    }
}

/// What a waiver of the plan's window calls it: no gate and no abort trigger can have this id.
pub const WINDOW: &str = "window";

/// One condition over one signal.
#[derive(Debug, Clone, Serialize)]
pub struct Gate {
    /// Its name, unique in the plan: what a waiver names.
    pub id: String,
    /// The signal.
    #[serde(serialize_with = "id_only")]
    pub metric: &'static SignalDef,
    /// Which of the signal's series: label and value; a label that is not named may be anything.
    pub labels: IndexMap<String, String>,
    /// How several series become one value.
    pub agg: Agg,
    /// How the value is compared with the limit.
    pub op: Compare,
    /// The limit, in the signal's unit.
    pub limit: f64,
    /// For how long it has to be true without a break; zero: one look is enough.
    pub sustain: Duration,
    /// How many different readings there have to be in that time; at least 1.
    pub min_samples: u32,
    /// How many series there have to be; with fewer it is UNKNOWN.
    pub series: u32,
    /// How old a reading may be; none: three intervals of its system, as everywhere.
    pub max_age: Option<Duration>,
    /// Below this much traffic the value means nothing.
    pub min_volume: Option<Volume>,
}

/// A signal that says whether another one means anything.
#[derive(Debug, Clone, Serialize)]
pub struct Volume {
    /// The signal.
    #[serde(serialize_with = "id_only")]
    pub metric: &'static SignalDef,
    /// Which series: all that match have to reach `least`.
    pub labels: IndexMap<String, String>,
    /// At least this much, in that signal's unit.
    pub least: f64,
}

fn id_only<S: serde::Serializer>(def: &&'static SignalDef, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(def.id)
}

/// How several series become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agg {
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// Their sum.
    Sum,
    /// Their mean.
    Avg,
    /// There must be exactly one.
    Only,
    /// The share of them that is not zero.
    Ratio,
    /// The number of them that is not zero.
    Count,
}

impl Agg {
    /// The words in a plan, in the order of the variants.
    pub const WORDS: &'static [&'static str] = &["max", "min", "sum", "avg", "only", "ratio", "count"];
    /// All of them, in the same order.
    pub const ALL: &'static [Self] =
        &[Self::Max, Self::Min, Self::Sum, Self::Avg, Self::Only, Self::Ratio, Self::Count];

    /// As in a plan.
    #[must_use]
    pub const fn word(self) -> &'static str {
        Self::WORDS[self as usize]
    }
}

/// How a value is compared with its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// Less.
    Less,
    /// Less or equal.
    AtMost,
    /// Greater.
    Greater,
    /// Greater or equal.
    AtLeast,
    /// Equal.
    Equal,
    /// Not equal.
    Differs,
}

impl Compare {
    /// The words in a plan, in the order of the variants.
    pub const WORDS: &'static [&'static str] = &["<", "<=", ">", ">=", "==", "!="];
    /// All of them, in the same order.
    pub const ALL: &'static [Self] =
        &[Self::Less, Self::AtMost, Self::Greater, Self::AtLeast, Self::Equal, Self::Differs];

    /// As in a plan.
    #[must_use]
    pub const fn word(self) -> &'static str {
        Self::WORDS[self as usize]
    }

    /// The one with this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|op| op.word() == word)
    }

    /// Whether it is so.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "the plan says equal and means it: counts and booleans")]
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Less => value < limit,
            Self::AtMost => value <= limit,
            Self::Greater => value > limit,
            Self::AtLeast => value >= limit,
            Self::Equal => value == limit,
            Self::Differs => value != limit,
        }
    }
}
