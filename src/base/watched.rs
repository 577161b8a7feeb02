//! What is watched: every thing that the plan names, by its name, and whether it is known.
//!
//! A source can answer well and leave a thing out: a group that may not be described, a partition without leader, a record set that is
//! not there, a ratio that cannot be true. So each system says of each thing itself how well it is known, by what it is judged by.

use serde::Serialize;

use super::observed::Observed;

/// A thing that the plan names.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    /// As a person would name it: `group checkout of events, source`.
    pub what: String,
    /// How well it is known: as the worst of all that it is judged by.
    pub known: Observed<()>,
}

impl Watched {
    /// A thing, as well known as this.
    pub fn new<T>(what: impl Into<String>, known: Observed<T>) -> Self {
        Self { what: what.into(), known: known.map(|_| ()) }
    }

    /// What is not known of it; none if it is known.
    #[must_use]
    pub fn unknown(self, page: &'static str) -> Option<Unknown> {
        let (state, why) = match self.known {
            Observed::Fresh(..) => return None,
            Observed::Unknown(fault) => (Worst::Unknown, fault.to_string()),
            Observed::Stale((), age) => (Worst::Stale, format!("stale, {age} old")),
            Observed::Pending => (Worst::Pending, "not read yet".to_owned()),
        };
        Some(Unknown { what: self.what, page, state, why })
    }
}

/// How it is not known, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Worst {
    /// Nothing usable, and why.
    #[serde(rename = "blind")]
    Unknown,
    /// What was known is too old.
    Stale,
    /// Never read, and nothing failed either.
    #[serde(rename = "never")]
    Pending,
}

/// Something that the plan names and of which there is no fresh value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// Its name.
    pub what: String,
    /// The page that it is on.
    pub page: &'static str,
    /// How.
    pub state: Worst,
    /// Why.
    pub why: String,
}
