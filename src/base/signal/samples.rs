//! The values of signals at one moment, and which series there must be.

use std::{collections::HashSet, sync::Arc};

use serde::Serialize;

use super::SignalDef;
use crate::observed::{Fault, FaultKind, Observed};

/// One value of a signal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// The signal.
    #[serde(serialize_with = "id_only")]
    pub def: &'static SignalDef,
    /// Values of its labels. Shared by the signals of one thing: a few hundred groups have thousands of samples every second.
    #[serde(serialize_with = "texts")]
    pub labels: Arc<[String]>,
    /// The value and its freshness.
    pub value: Observed<f64>,
}

fn texts<S: serde::Serializer>(labels: &[String], s: S) -> Result<S::Ok, S::Error> {
    s.collect_seq(labels)
}

fn id_only<S: serde::Serializer>(def: &&'static SignalDef, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(def.id)
}

/// The series of a signal that must exist, according to its system. A gate over several series is unknown while one of them is missing, or
/// while the list of series is not known, whatever the others' values: the largest of the existing ones is not the largest of all.
#[derive(Debug, Clone, PartialEq)]
pub struct Roster {
    /// The signal.
    pub def: &'static SignalDef,
    /// Values of the signal's first labels: the roster covers the series that begin with these.
    pub scope: Vec<String>,
    /// The labels of each series; as fresh as the reading that they come from.
    pub series: Observed<Vec<Vec<String>>>,
}

/// One measurement of the estate: the samples, and the series that must exist.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// All samples.
    pub samples: Vec<Sample>,
    /// The series that must exist.
    pub rosters: Vec<Roster>,
}

/// Collects the samples of one measurement of the estate.
#[derive(Debug, Default)]
pub struct Samples {
    list: Vec<Sample>,
    rosters: Vec<Roster>,
    only: Option<Arc<HashSet<&'static str>>>,
}

/// A value, or a closure that computes it where it is wanted.
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
    /// Collects only these signals: the judgement of gates every second needs no others.
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

    /// Adds a sample. A value that is not a number or is outside the signal's range is no reading. A value that is expensive to compute is
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

    /// Declares the series that must exist among those that begin with the labels of `scope`: all of them, each by all its labels, where
    /// the plan alone does not determine the number of series. A series that is declared here and not [put](Self::put) is missing.
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

    /// All samples.
    #[must_use]
    pub fn into_vec(self) -> Vec<Sample> {
        self.list
    }

    /// All samples, with the series that must exist.
    #[must_use]
    pub fn measured(self) -> Measured {
        Measured { samples: self.list, rosters: self.rosters }
    }
}
