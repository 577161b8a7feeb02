//! Signals: the numbers that gates, health tiles, `--json` and metrics exporters are made of. A public interface: ids are
//! frozen by a golden file.

use std::{collections::HashSet, sync::Arc};

use serde::Serialize;

use super::observed::{Fault, FaultKind, Observed};

/// Unit of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// A share, 0 to 1.
    Ratio,
    /// Things.
    Count,
    /// Things a second.
    PerSecond,
    /// Bytes.
    Bytes,
    /// 0 or 1.
    Bool,
    /// The unit that the plan's query names.
    AsNamed,
}

/// What a signal is. Declared as a constant beside the facts that give it.
#[derive(Debug, PartialEq, Serialize)]
pub struct SignalDef {
    /// `system.thing.quantity`; never changed once released.
    pub id: &'static str,
    /// Unit.
    pub unit: Unit,
    /// Label names, in the order in which [`Sample::labels`] has their values.
    pub labels: &'static [&'static str],
    /// Smallest and largest value that can be true; anything else is a malformed reading.
    pub range: (f64, f64),
    /// Which interval of the plan it follows: the system's id.
    pub cadence: &'static str,
    /// What it is in a reason: two to five words, as they stand before the value.
    pub title: &'static str,
    /// One sentence.
    pub doc: &'static str,
}

/// No upper end.
pub const MAX: f64 = f64::MAX;

/// One value of a signal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// Which signal.
    #[serde(serialize_with = "id_only")]
    pub def: &'static SignalDef,
    /// Values of its labels. Shared by the signals of one thing: of a few hundred groups there are thousands, every second.
    #[serde(serialize_with = "texts")]
    pub labels: Arc<[String]>,
    /// The value, with what it is worth.
    pub value: Observed<f64>,
}

fn texts<S: serde::Serializer>(labels: &[String], s: S) -> Result<S::Ok, S::Error> {
    s.collect_seq(labels)
}

fn id_only<S: serde::Serializer>(def: &&'static SignalDef, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(def.id)
}

/// Which series of a signal there have to be, as its system knows. A gate over several series is not known while one of them is missing,
/// or while nobody knows which they are, whatever the others say: the largest of those that are there is not the largest of all.
#[derive(Debug, Clone, PartialEq)]
pub struct Roster {
    /// Of which signal.
    pub def: &'static SignalDef,
    /// Values of the signal's first labels: it is about the series that begin with these.
    pub scope: Vec<String>,
    /// The labels of each; worth what they were read from.
    pub series: Observed<Vec<Vec<String>>>,
}

/// One look at the estate: what was measured, and what has to be there.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Every series that was given.
    pub samples: Vec<Sample>,
    /// Which there have to be.
    pub rosters: Vec<Roster>,
}

/// Takes the samples of one look at the estate.
#[derive(Debug, Default)]
pub struct Samples {
    list: Vec<Sample>,
    rosters: Vec<Roster>,
    only: Option<Arc<HashSet<&'static str>>>,
}

/// A value, or how to come by it where it is wanted.
pub trait Reading {
    /// The value.
    fn read(self) -> Observed<f64>;
}

impl Reading for Observed<f64> {
    fn read(self) -> Observed<f64> {
        self
    }
}

impl<F: FnOnce() -> Observed<f64>> Reading for F {
    fn read(self) -> Observed<f64> {
        self()
    }
}

impl Samples {
    /// For whoever wants these signals and no others: what judges gates every second has no use for the rest.
    #[must_use]
    pub const fn only(these: Arc<HashSet<&'static str>>) -> Self {
        Self { list: Vec::new(), rosters: Vec::new(), only: Some(these) }
    }

    /// Whether a signal is wanted.
    #[must_use]
    pub fn wants(&self, def: &SignalDef) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(def.id))
    }

    /// Whether any of these is wanted.
    #[must_use]
    pub fn wants_any(&self, defs: &[&SignalDef]) -> bool {
        self.only.is_none() || defs.iter().any(|def| self.wants(def))
    }

    /// Puts one down. A value that is not a number or outside the signal's range is no reading. What costs something to work out is
    /// given as a closure.
    ///
    /// # Panics
    /// In debug builds, if the number of labels is not the definition's.
    pub fn put(&mut self, def: &'static SignalDef, labels: &[&str], value: impl Reading) {
        debug_assert_eq!(labels.len(), def.labels.len(), "labels of {}", def.id);
        if !self.wants(def) {
            return;
        }
        let value = value.read().and_then(|v| {
            if v.is_finite() && v >= def.range.0 && v <= def.range.1 {
                Ok(v)
            } else {
                let title = def.title;
                let text = match def.range {
                    _ if !v.is_finite() => format!("{title}: {v} is not a number"),
                    (least, _) if v < least => format!("{title} is {v}, which cannot be: it is at least {least}"),
                    (_, most) => format!("{title} is {v}, which cannot be: it is {most} at the most"),
                };
                Err(Fault::new(FaultKind::Malformed, text))
            }
        });
        let same = self.list.last().filter(|last| *last.labels == *labels).map(|last| last.labels.clone());
        let labels = same.unwrap_or_else(|| labels.iter().map(|&l| l.to_owned()).collect());
        self.list.push(Sample { def, labels, value });
    }

    /// Says which series there have to be of those that begin with the labels of `scope`: all of them, each by all its labels, where the
    /// number of series is not given by the plan alone. What is due and is not [put](Self::put) is missing.
    pub fn due(
        &mut self,
        def: &'static SignalDef,
        scope: &[&str],
        series: impl FnOnce() -> Observed<Vec<Vec<String>>>,
    ) {
        debug_assert!(scope.len() <= def.labels.len(), "scope of {}", def.id);
        if self.wants(def) {
            let scope = scope.iter().map(|&s| s.to_owned()).collect();
            self.rosters.push(Roster { def, scope, series: series() });
        }
    }

    /// All of them.
    #[must_use]
    pub fn into_vec(self) -> Vec<Sample> {
        self.list
    }

    /// All of them, with those that have to be there.
    #[must_use]
    pub fn measured(self) -> Measured {
        Measured { samples: self.list, rosters: self.rosters }
    }
}
