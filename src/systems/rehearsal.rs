//! A plan's simulated estate, initialised from a snapshot of the real one. Each system defines what it takes from the snapshot
//! ([`Simulated::rehearse`](crate::Simulated::rehearse)).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::FaultInjection;

/// The result of the initialisation.
#[derive(Debug, Default)]
pub struct Rehearsed {
    /// What the snapshot does not contain, as texts.
    pub unknown: Vec<String>,
    /// Fault injections at the start, so that the estate is like the snapshot.
    pub events: Vec<FaultInjection>,
}

/// The supported version of the document.
const SCHEMA: u64 = 1;

/// One series of a signal in a snapshot.
#[derive(Debug)]
pub struct Reading<'p> {
    labels: &'p serde_json::Map<String, Value>,
    /// Its value, if it was fresh.
    pub value: Option<f64>,
}

impl Reading<'_> {
    /// Whether a label has this value.
    #[must_use]
    pub fn is(&self, label: &str, value: &str) -> bool {
        self.label(label) == Some(value)
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, label: &str) -> Option<&str> {
        self.labels.get(label)?.as_str()
    }
}

/// Why a document is not a snapshot of a real estate that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotASnapshot {
    /// It is of another version.
    #[error("it is of schema {0}; this program reads {SCHEMA}")]
    Schema(u64),
    /// It names no version.
    #[error("it is not output of `landfall status PLAN --json`: it has no schema")]
    NoSchema,
    /// It has no signals.
    #[error("it has no signals")]
    NoSignals,
}

/// A snapshot of a real estate.
#[derive(Debug)]
pub struct Found<'p>(&'p [Value]);

impl<'p> Found<'p> {
    /// Of this document.
    ///
    /// # Errors
    /// If it is not what `landfall status PLAN --json` prints.
    pub fn of(document: &'p Value) -> Result<Self, NotASnapshot> {
        match document["schema"].as_u64() {
            Some(SCHEMA) => {}
            Some(other) => return Err(NotASnapshot::Schema(other)),
            None => return Err(NotASnapshot::NoSchema),
        }
        document["signals"].as_array().map(|signals| Self(signals)).ok_or(NotASnapshot::NoSignals)
    }

    /// A signal's series. Only fresh ones have a value: a stale value may be long outdated.
    pub fn all(&self, id: &'p str) -> impl Iterator<Item = Reading<'p>> {
        self.0.iter().filter(move |s| s["id"] == id).filter_map(|s| {
            let live = s["state"] == "live";
            Some(Reading { labels: s["labels"].as_object()?, value: s["value"].as_f64().filter(|_| live) })
        })
    }

    /// The values of a label among a signal's series with these labels.
    pub fn names(&self, id: &'p str, of: &[(&str, &str)], label: &str) -> BTreeSet<String> {
        let own = self.all(id).filter(|r| of.iter().all(|(label, value)| r.is(label, value)));
        own.filter_map(|r| r.label(label).map(str::to_owned)).collect()
    }
}
