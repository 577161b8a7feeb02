//! What a record can say. Fields are named one by one: nothing gets into the journal because it happened to be in a struct, and a
//! secret has no type that could.
//!
//! Additive: a field that a later version adds has a default here; a meaning that changes takes another [`super::entry::VERSION`].

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use base::{
    digest::Digest,
    operation::{Change, Draft},
    step::{Note, Record, Ticket, Way},
};

/// What a record says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub enum Body<C, V> {
    /// A journal was begun.
    Opened {
        /// landfall's version.
        program: String,
    },
    /// It was taken up again.
    Resumed {
        /// Bytes of a torn last line that were cut off.
        cut: u64,
        /// The plan's text is not what it was.
        plan_changed: bool,
    },
    /// What a step would do was shown: what approvals are bound to.
    Previewed {
        /// The step.
        step: String,
        /// Which way.
        way: Way,
        /// Of what was shown.
        digest: Digest,
        /// What changes: thing, from, to.
        diff: Vec<Change>,
        /// The commands of a way back, as a person could paste them: of a step forward they are in what is begun.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        commands: Vec<String>,
    },
    /// An attempt at a step was begun.
    #[serde(rename = "begun")]
    AttemptStarted(Box<AttemptStarted<C, V>>),
    /// A request is about to leave.
    Intent(Box<Intent<C, V>>),
    /// Something came to something.
    #[serde(rename = "came")]
    Transition(Transition<V>),
    /// Somebody approved a preview, or agreed to what was proposed.
    Approved {
        /// The step.
        step: String,
        /// Of what was shown.
        digest: Digest,
        /// Who.
        by: String,
        /// The key that signed it, as its SHA-256 fingerprint; none: nobody checked who it was.
        key: Option<String>,
    },
    /// Something that takes two people was put before the second.
    Proposed {
        /// The step.
        step: String,
        /// What the second agrees to.
        digest: Digest,
        /// Who proposed it.
        by: String,
        /// In words.
        what: String,
    },
    /// A gate is left out of the verdict for one attempt of a step.
    Waived {
        /// The step; none in journals of before a waiver was of one step, and then of none.
        #[serde(default)]
        step: String,
        /// The gate.
        gate: String,
        /// The attempt.
        #[serde(default)]
        attempt: u16,
        /// Why.
        reason: String,
        /// The two people.
        by: Vec<String>,
        /// Until when.
        until: jiff::Timestamp,
    },
    /// A person's word for something that the program cannot see.
    Attested {
        /// The step.
        step: String,
        /// The operation, if it is of one.
        ticket: Option<Ticket>,
        /// Whether it is there.
        there: bool,
        /// What they looked at.
        looked_at: String,
        /// Who: one for a manual step, two for an operation that cannot be observed.
        by: Vec<String>,
    },
    /// Everything is held, or goes on.
    Hold {
        /// Held; else released.
        on: bool,
        /// By whom.
        by: String,
        /// Why.
        why: String,
    },
    /// Somebody's words.
    Remark {
        /// Whose.
        by: String,
        /// The words.
        text: String,
        /// They tell why an approval does not count: this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<Unapproved>,
    },
    /// What the estate looked like: for the story of the run. Nothing follows from it.
    Readings {
        /// What was live at that moment. What is not among them was not known.
        samples: Vec<Reading>,
    },
}

/// An approval that does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unapproved {
    /// The step.
    pub step: String,
    /// Of what was to be approved.
    pub digest: Digest,
    /// In whose name.
    pub by: String,
}

impl Unapproved {
    /// It, on record, in the words of whoever refuses it.
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

/// A value that was live. In the journal it is a list of the three, because there are thousands of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Bare", into = "Bare")]
pub struct Reading {
    /// The signal's id.
    pub signal: String,
    /// The values of its labels, in the order in which the signal names them.
    pub labels: Vec<String>,
    /// The value in the signal's unit, to four digits that count, or to whole numbers.
    pub value: f64,
}

/// Signals that count from the start of the program what a run has cost: of them a run is taken up where the journal left it.
pub const COUNTED: [&str; 2] = ["mongo.set.write_downtime", "mongo.canary.write_downtime"];

/// A reading as it is written.
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

/// An attempt at a step: what was previewed, and all that a restarted program needs to take it up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptStarted<C, V> {
    /// The step.
    pub step: String,
    /// The plan's action, hashed: under another one it is not taken up.
    #[serde(default)]
    pub action: Digest,
    /// For the step machine.
    pub record: Record,
    /// What was approved.
    pub digest: Digest,
    /// What it takes, and the way back.
    pub draft: Draft<C, V>,
    /// Who approved it.
    pub approved_by: Vec<String>,
    /// Its gates as they stood, with their values.
    pub gates: Vec<String>,
    /// What those gates are about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<About>,
    /// How long each of its requests may take, and when it has settled and baked: as the plan said at that moment.
    pub timeout: Duration,
}

/// Series that a gate judges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The signal's id.
    pub signal: String,
    /// Label and value; a label that is not named may be anything.
    pub labels: BTreeMap<String, String>,
}

/// What is about to be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent<C, V> {
    /// The step.
    pub step: String,
    /// Which operation of which attempt.
    pub ticket: Ticket,
    /// For people.
    pub what: String,
    /// The request.
    pub call: C,
    /// What it compares with.
    #[serde(rename = "expect")]
    pub precondition: Option<V>,
    /// SHA-256 of the request and what it compares with.
    pub request: Digest,
    /// What the request carries, where it can carry something: unique to this operation.
    pub tag: String,
    /// After this, nobody knows what has become of it.
    pub deadline: Duration,
}

/// Something came to something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "V: Deserialize<'de>"))]
pub struct Transition<V> {
    /// The step.
    pub step: String,
    /// What.
    pub note: Note,
    /// The server's words, or what was seen.
    #[serde(default)]
    #[serde(rename = "said")]
    pub detail: String,
    /// What later operations compare with.
    #[serde(default)]
    #[serde(rename = "mark")]
    pub version: Option<V>,
}

impl<C, V> Body<C, V> {
    /// The step it is about.
    #[must_use]
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::AttemptStarted(begun) => Some(&begun.step),
            Self::Intent(intent) => Some(&intent.step),
            Self::Transition(came) => Some(&came.step),
            Self::Previewed { step, .. }
            | Self::Proposed { step, .. }
            | Self::Waived { step, .. }
            | Self::Approved { step, .. }
            | Self::Attested { step, .. } => Some(step),
            _ => None,
        }
    }

    /// What it means to the step machine.
    #[must_use]
    pub fn record(&self) -> Option<Record> {
        match self {
            Self::AttemptStarted(begun) => Some(begun.record.clone()),
            Self::Intent(intent) => Some(Record::Intent(intent.ticket)),
            Self::Transition(came) => Some(Record::Note(came.note)),
            _ => None,
        }
    }
}
