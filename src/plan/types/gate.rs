//! Gates: conditions on signals, as the plan states them. `engine::gate` judges them.

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use base::{
    side::Sides,
    signal::{SignalDef, Unit},
};

/// A condition, or a combination of several.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// One gate.
    Gate(Box<Gate>),
    /// All of them. An empty list is green.
    All(Vec<Condition>),
    /// At least one of them.
    Any(Vec<Condition>),
    /// At least this many of them.
    NOf(u32, Vec<Condition>),
}

impl Condition {
    /// No condition.
    #[must_use]
    pub const fn none() -> Self {
        Self::All(Vec::new())
    }

    /// Every gate in it, in the plan's order.
    #[must_use]
    pub fn gates(&self) -> Vec<&Gate> {
        match self {
            Self::Gate(gate) => vec![gate],
            Self::All(list) | Self::Any(list) | Self::NOf(_, list) => list.iter().flat_map(Self::gates).collect(),
        }
    }
}

/// The id of the plan's window in a waiver: no gate and no abort trigger can have this id.
pub const WINDOW: &str = "window";

/// One condition on one signal.
#[derive(Debug, Clone, Serialize)]
pub struct Gate {
    /// Its id, unique in the plan: waivers refer to it.
    pub id: String,
    /// The signal.
    #[serde(serialize_with = "id_only")]
    pub metric: &'static SignalDef,
    /// The signal's series: label and value; a label that is not named matches anything.
    pub labels: IndexMap<String, String>,
    /// The aggregation of several series into one value.
    pub agg: Agg,
    /// The comparison of the value with the limit.
    pub op: Compare,
    /// The limit, in the signal's unit.
    pub limit: f64,
    /// How long it has to be true without interruption; zero: once is enough.
    pub sustain: Duration,
    /// The number of different readings required in that time; at least 1.
    pub min_samples: u32,
    /// The number of series required; with fewer the gate is unknown.
    pub series: u32,
    /// The maximum age of a reading; none: three intervals of its system, the general rule.
    pub max_age: Option<Duration>,
    /// Below this traffic the value is not meaningful.
    pub min_volume: Option<Volume>,
    /// Unit of the series: the signal's, or that of the thing that a label names.
    #[serde(skip)]
    pub unit: Unit,
    /// What the sites are called, for texts.
    #[serde(skip)]
    pub sites: Sides<String>,
}

/// A signal that decides whether another one is meaningful.
#[derive(Debug, Clone, Serialize)]
pub struct Volume {
    /// The signal.
    #[serde(serialize_with = "id_only")]
    pub metric: &'static SignalDef,
    /// The series: all that match have to reach `least`.
    pub labels: IndexMap<String, String>,
    /// At least this much, in that signal's unit.
    pub least: f64,
    /// Unit of the series.
    #[serde(skip)]
    pub unit: Unit,
}

fn id_only<S: serde::Serializer>(def: &&'static SignalDef, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(def.id)
}

/// The aggregation of several series into one value.
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
    /// The share of them that are not zero.
    Ratio,
    /// The number of them that are not zero.
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

/// The comparison of a value with its limit.
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

    /// Whether the comparison is true.
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
