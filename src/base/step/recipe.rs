//! The operations of an attempt: kind and state of each.

use serde::{Deserialize, Serialize};

use super::event::Ticket;

/// The kind of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Changes a server; the server refuses it if the version that it compares with has changed.
    Compared,
    /// Changes a server to an absolute value, whatever the previous one.
    Absolute,
    /// As [`Kind::Absolute`], and the condition that it ends also ends by itself. After it is sent, nothing else waits for it: a
    /// verification shows when it is over.
    Lapses,
    /// Only waits until something is observed.
    Wait,
}

/// The state of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpState {
    /// Not begun.
    Waiting,
    /// Its intent is being written; nothing has been sent yet.
    Intent,
    /// The request is sent.
    Sent,
    /// The server accepted it; it has not been verified.
    Accepted,
    /// Its outcome is not known; it is being verified.
    Unknown,
    /// It was not found; an earlier copy may still arrive.
    Quarantine,
    /// Verified: it is applied.
    Applied,
    /// It is definitely not applied, and will not be.
    NotApplied,
    /// Another change was made to the same object.
    Conflict,
    /// Two people confirmed that it is applied.
    Attested,
    /// Not needed any more: the operation that it would clean up was never carried out.
    Spared,
}

impl OpState {
    /// Its one word, for an operation that only waits or for another: on screen, in the journal's timeline, in the report.
    #[must_use]
    pub const fn word(self, wait: bool) -> &'static str {
        match self {
            Self::Waiting => "–",
            Self::Unknown if wait => "waiting",
            Self::Intent => "INTENT",
            Self::Sent => "SENT",
            Self::Accepted => "ACCEPTED",
            Self::Unknown => "UNKNOWN",
            Self::Quarantine => "QUARANTINE",
            Self::Applied => "applied",
            Self::NotApplied if wait => "aborted",
            Self::NotApplied => "NOT APPLIED",
            Self::Conflict => "CONFLICT",
            Self::Attested => "resolved manually",
            Self::Spared => "not needed",
        }
    }

    /// Begun and not finished.
    #[must_use]
    pub const fn in_flight(self) -> bool {
        matches!(self, Self::Intent | Self::Sent | Self::Accepted | Self::Unknown | Self::Quarantine)
    }

    /// Its outcome is not known.
    #[must_use]
    pub const fn uncertain(self) -> bool {
        matches!(self, Self::Unknown | Self::Quarantine)
    }

    /// It is applied, as far as known.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::Applied | Self::Attested)
    }

    /// It is not applied.
    #[must_use]
    pub const fn failed(self) -> bool {
        matches!(self, Self::NotApplied | Self::Conflict)
    }
}

/// One operation of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Op {
    /// Its kind.
    pub kind: Kind,
    /// Part of the cleanup: it is finished whatever the outcome of the rest, once any of the rest may be applied.
    #[serde(rename = "tail")]
    pub cleanup: bool,
    /// Its state.
    pub state: OpState,
    /// How often it was begun: replies to an earlier turn are ignored.
    pub turn: u16,
    /// How many verifications were started: results of an earlier one are ignored.
    pub look: u16,
    /// It was not found after the time in which an earlier copy could arrive.
    pub waited: bool,
}

impl Op {
    /// Not begun.
    #[must_use]
    pub const fn new(kind: Kind, cleanup: bool) -> Self {
        Self { kind, cleanup, state: OpState::Waiting, turn: 0, look: 0, waited: false }
    }
}

/// How many at a time, and how many failures are tolerated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Limits {
    /// Operations in flight at once.
    pub width: u16,
    /// With more failed operations than this, no further one begins.
    pub max_failed: u16,
    /// With more unknown operations than this, no further one begins until some are known.
    pub max_unknown: u16,
}

impl Limits {
    /// One after the other, each only when the one before is applied.
    pub const SEQUENCE: Self = Self { width: 1, max_failed: 0, max_unknown: 0 };
}

/// The operations of an attempt, in the form that the machine needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Recipe {
    /// The attempt that they belong to; 0 before it begins.
    #[serde(default)]
    pub attempt: u16,
    /// In order; the cleanup last.
    pub ops: Vec<Op>,
    /// How they are carried out.
    pub limits: Limits,
}

impl Recipe {
    /// One after the other.
    #[must_use]
    pub fn sequence(ops: impl IntoIterator<Item = (Kind, bool)>) -> Self {
        Self {
            attempt: 0,
            ops: ops.into_iter().map(|(kind, cleanup)| Op::new(kind, cleanup)).collect(),
            limits: Limits::SEQUENCE,
        }
    }

    /// The ticket of the operation at this place.
    #[must_use]
    pub fn ticket(&self, op: u16) -> Option<Ticket> {
        let turn = self.ops.get(usize::from(op))?.turn;
        Some(Ticket { attempt: self.attempt, op, turn })
    }

    /// Whether it consists of cleanup only: it finishes the cleanup of an earlier attempt.
    #[must_use]
    pub fn is_cleanup(&self) -> bool {
        !self.ops.is_empty() && self.ops.iter().all(|op| op.cleanup)
    }

    /// The number of operations in such states.
    #[must_use]
    pub fn count(&self, of: impl Fn(OpState) -> bool) -> usize {
        self.ops.iter().filter(|op| of(op.state)).count()
    }
}
