//! The watched things: every thing that the plan names, by its name, and whether it is known.
//!
//! A collector can answer correctly and leave a thing out: a group whose description is not permitted, a partition without leader, a record
//! set that does not exist, an impossible ratio. So each system reports for each thing whether it is known, by the readings that it is
//! judged by.

use serde::Serialize;

use super::observed::Observed;

/// A thing that the plan names.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    /// Its name for display: `group checkout of events, source`.
    pub what: String,
    /// The observed state: the worst of all readings that it is judged by.
    pub known: Observed<()>,
}

impl Watched {
    /// A thing with this observed state.
    pub fn new<T>(what: impl Into<String>, known: Observed<T>) -> Self {
        Self { what: what.into(), known: known.map(|_| ()) }
    }

    /// The entry in the list of unknown things; none if it is known.
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

/// The state of an unknown thing, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Worst {
    /// No usable value, with the reason.
    #[serde(rename = "blind")]
    Unknown,
    /// The last value is too old.
    Stale,
    /// Never read, and no fault either.
    #[serde(rename = "never")]
    Pending,
}

/// Something that the plan names and that has no fresh value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// Its name.
    pub what: String,
    /// The page that it is on.
    pub page: &'static str,
    /// The state.
    pub state: Worst,
    /// The reason.
    pub why: String,
}
