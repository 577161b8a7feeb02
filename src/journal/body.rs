//! The contents of records. Fields are declared one by one: nothing is recorded only because it was in a struct, and a secret has no type
//! that can be recorded.
//!
//! Additive: a field that a later version adds has a default here; a changed meaning requires another [`VERSION`].

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use base::{
    digest::Digest,
    operation::{Change, Draft},
    step::{Note, Record, Ticket, Way},
};

/// The version of the records' contents. A journal with a higher one is not changed. 2: there are readings, which an earlier program cannot
/// read.
pub const VERSION: u32 = 2;

/// The contents of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub enum Body<C, V> {
    /// A journal was begun.
    Opened {
        /// landfall's version.
        program: String,
    },
    /// It was opened again.
    Resumed {
        /// Bytes of a torn last line that were cut off.
        cut: u64,
        /// Whether the plan's text has changed.
        plan_changed: bool,
    },
    /// A step's preview was shown; approvals are bound to it.
    Previewed {
        /// The step.
        step: String,
        /// The direction.
        way: Way,
        /// The digest of what was shown.
        digest: Digest,
        /// What changes: thing, from, to.
        diff: Vec<Change>,
        /// The commands of a rollback, as a person could paste them: those of a step forward are in the record of the attempt.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        commands: Vec<String>,
    },
    /// An attempt at a step was started.
    #[serde(rename = "begun")]
    AttemptStarted(Box<AttemptStarted<C, V>>),
    /// A request is about to be sent.
    Intent(Box<Intent<C, V>>),
    /// An operation or a step reached a state.
    #[serde(rename = "came")]
    Transition(Transition<V>),
    /// A person approved a preview, or a proposal.
    Approved {
        /// The step.
        step: String,
        /// The digest of what was shown.
        digest: Digest,
        /// The person.
        by: String,
        /// The key that signed it, as its SHA-256 fingerprint; none: the identity was not verified.
        key: Option<String>,
    },
    /// An action that requires two people was proposed to the second.
    Proposed {
        /// The step.
        step: String,
        /// The digest that the second person approves.
        digest: Digest,
        /// The person who proposed it.
        by: String,
        /// The proposal as a text.
        what: String,
    },
    /// A gate is ignored for one attempt of a step.
    Waived {
        /// The step; empty in journals from before waivers had a step: then the waiver is for no step.
        #[serde(default)]
        step: String,
        /// The gate.
        gate: String,
        /// The attempt.
        #[serde(default)]
        attempt: u16,
        /// The reason.
        reason: String,
        /// The two people.
        by: Vec<String>,
        /// Its expiry.
        until: jiff::Timestamp,
    },
    /// A person confirms something that the program cannot observe.
    Attested {
        /// The step.
        step: String,
        /// The operation, if it concerns one.
        ticket: Option<Ticket>,
        /// Whether it is applied.
        there: bool,
        /// What they checked.
        looked_at: String,
        /// The people: one for a manual step, two for an operation that cannot be observed.
        by: Vec<String>,
    },
    /// The whole run is held, or released.
    Hold {
        /// Held; else released.
        on: bool,
        /// The person.
        by: String,
        /// The reason.
        why: String,
    },
    /// A remark of a person.
    Remark {
        /// The person.
        by: String,
        /// The text.
        text: String,
        /// The approval that it refuses, if the remark gives the reason for a refusal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<Unapproved>,
    },
    /// The state of the estate, for the report of the run. No decision uses it.
    Readings {
        /// The fresh values at that moment. A value that is missing was not known.
        samples: Vec<Reading>,
    },
}

/// An approval that does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unapproved {
    /// The step.
    pub step: String,
    /// The digest of what was to be approved.
    pub digest: Digest,
    /// The name of the approver.
    pub by: String,
}

impl Unapproved {
    /// The record of the refusal, in the name of whoever refuses it.
    #[must_use]
    pub fn on_record<C, V>(self, by: String, why: &str) -> Body<C, V> {
        let text = format!(
            "the approval {} of {} in the name of {} is refused: {why}",
            self.digest.short(),
            self.step,
            self.by
        );
        Body::Remark { by, text, refused: Some(self) }
    }
}

/// A fresh value. In the journal it is a list of the three fields, because there are thousands of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Bare", into = "Bare")]
pub struct Reading {
    /// The signal's id.
    pub signal: String,
    /// The values of its labels, in the order of the signal's definition.
    pub labels: Vec<String>,
    /// The value in the signal's unit, to four significant digits, or to whole numbers.
    pub value: f64,
}

/// A reading in its stored form.
type Bare = (String, Vec<String>, f64);

impl From<Bare> for Reading {
    fn from((signal, labels, value): Bare) -> Self {
        Self { signal, labels, value }
    }
}

impl From<Reading> for Bare {
    fn from(it: Reading) -> Self {
        (it.signal, it.labels, it.value)
    }
}

/// An attempt at a step: what was previewed, and everything that a restarted program needs to resume it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptStarted<C, V> {
    /// The step.
    pub step: String,
    /// The digest of the plan's action: with another action the attempt is not resumed.
    #[serde(default)]
    pub action: Digest,
    /// The record of the step machine.
    pub record: Record,
    /// The digest that was approved.
    pub digest: Digest,
    /// Its operations and the inverse.
    pub draft: Draft<C, V>,
    /// The people who approved it.
    pub approved_by: Vec<String>,
    /// The state of its gates, with their values.
    pub gates: Vec<String>,
    /// The series of those gates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<About>,
    /// The time limit of each of its requests, and its settle and bake times: from the plan at that moment.
    pub timeout: Duration,
}

/// Series that a gate judges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The signal's id.
    pub signal: String,
    /// Label and value; a label that is not named matches anything.
    pub labels: BTreeMap<String, String>,
}

/// The request that is about to be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent<C, V> {
    /// The step.
    pub step: String,
    /// The operation and its attempt.
    pub ticket: Ticket,
    /// For display.
    pub what: String,
    /// The request.
    pub call: C,
    /// Its precondition.
    #[serde(rename = "expect")]
    pub precondition: Option<V>,
    /// SHA-256 of the request and its precondition.
    pub request: Digest,
    /// The tag of the request, where it can carry one: unique to this operation.
    pub tag: String,
    /// After this time its outcome is indeterminate.
    pub deadline: Duration,
}

/// An operation or a step reached a state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "V: Deserialize<'de>"))]
pub struct Transition<V> {
    /// The step.
    pub step: String,
    /// The state.
    pub note: Note,
    /// The server's message, or what was observed.
    #[serde(default)]
    #[serde(rename = "said")]
    pub detail: String,
    /// The version that later operations compare with.
    #[serde(default)]
    #[serde(rename = "mark")]
    pub version: Option<V>,
}

impl<C, V> Body<C, V> {
    /// The step that it concerns.
    #[must_use]
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::AttemptStarted(started) => Some(&started.step),
            Self::Intent(intent) => Some(&intent.step),
            Self::Transition(transition) => Some(&transition.step),
            Self::Previewed { step, .. }
            | Self::Proposed { step, .. }
            | Self::Waived { step, .. }
            | Self::Approved { step, .. }
            | Self::Attested { step, .. } => Some(step),
            _ => None,
        }
    }

    /// The record for the step machine.
    #[must_use]
    pub fn record(&self) -> Option<Record> {
        match self {
            Self::AttemptStarted(started) => Some(started.record.clone()),
            Self::Intent(intent) => Some(Record::Intent(intent.ticket)),
            Self::Transition(transition) => Some(Record::Note(transition.note)),
            _ => None,
        }
    }
}
