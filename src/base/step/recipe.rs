//! The operations of an attempt: what they are, and how far each is.

use serde::{Deserialize, Serialize};

use super::event::Ticket;

/// What an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Changes a server, and is refused by it if what it compares with has moved on.
    Compared,
    /// Changes a server, to an absolute value, whatever was there.
    Absolute,
    /// As [`Kind::Absolute`]; and what it lifts ends by itself. Nothing else waits for it once it was sent: a look tells when it is over.
    Lapses,
    /// Only waits until something is observed.
    Wait,
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpState {
    /// Not begun.
    Waiting,
    /// Its intent is being written; nothing has left yet.
    Intent,
    /// On its way to the server.
    Sent,
    /// The server said yes; it has not been read back.
    Accepted,
    /// Nobody knows; it is being looked for.
    Unknown,
    /// It was not there; an earlier copy may still land.
    Quarantine,
    /// Read back: it is there.
    Applied,
    /// Definitely not there, and not to come any more.
    NotApplied,
    /// Something else was done to what it was to change.
    Conflict,
    /// Two people said that it is there.
    Attested,
    /// Not needed any more: what it was to mend was never done.
    Spared,
}

impl OpState {
    /// The one word for it, of an operation that only waits or of another: on screen, in the journal's timeline, in the report.
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

    /// Neither begun nor over.
    #[must_use]
    pub const fn in_flight(self) -> bool {
        matches!(self, Self::Intent | Self::Sent | Self::Accepted | Self::Unknown | Self::Quarantine)
    }

    /// Nobody can say whether it is there.
    #[must_use]
    pub const fn uncertain(self) -> bool {
        matches!(self, Self::Unknown | Self::Quarantine)
    }

    /// It is there, as far as anybody knows.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::Applied | Self::Attested)
    }

    /// It is not.
    #[must_use]
    pub const fn failed(self) -> bool {
        matches!(self, Self::NotApplied | Self::Conflict)
    }
}

/// One operation of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Op {
    /// What it is.
    pub kind: Kind,
    /// Part of the safe tail: finished whatever becomes of the rest, once any of the rest may be there.
    #[serde(rename = "tail")]
    pub cleanup: bool,
    /// How far it is.
    pub state: OpState,
    /// How many times it was begun: replies to an earlier time do not count.
    pub turn: u16,
    /// How many looks were taken: what was seen by an earlier look does not count.
    pub look: u16,
    /// It was not there when the time in which an earlier copy could land was over.
    pub waited: bool,
}

impl Op {
    /// Not begun.
    #[must_use]
    pub const fn new(kind: Kind, tail: bool) -> Self {
        Self { kind, cleanup: tail, state: OpState::Waiting, turn: 0, look: 0, waited: false }
    }
}

/// How many at a time, and how much may go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Limits {
    /// Operations in flight at once.
    pub width: u16,
    /// More failed ones than this, and no further one is begun.
    pub max_failed: u16,
    /// More unknown ones than this, and no further one is begun until some are known.
    pub max_unknown: u16,
}

impl Limits {
    /// One after the other, each only when the one before is applied.
    pub const SEQUENCE: Self = Self { width: 1, max_failed: 0, max_unknown: 0 };
}

/// The operations of an attempt, as the machine needs to know them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Recipe {
    /// Which attempt they are of; 0 while that is not begun.
    #[serde(default)]
    pub attempt: u16,
    /// In order; the tail last.
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
            ops: ops.into_iter().map(|(kind, tail)| Op::new(kind, tail)).collect(),
            limits: Limits::SEQUENCE,
        }
    }

    /// The ticket of the operation in this place.
    #[must_use]
    pub fn ticket(&self, op: u16) -> Option<Ticket> {
        let turn = self.ops.get(usize::from(op))?.turn;
        Some(Ticket { attempt: self.attempt, op, turn })
    }

    /// Whether it is nothing but a tail: what mends an attempt that left one unfinished.
    #[must_use]
    pub fn is_cleanup(&self) -> bool {
        !self.ops.is_empty() && self.ops.iter().all(|op| op.cleanup)
    }

    /// How many are in states of this sort.
    #[must_use]
    pub fn count(&self, of: impl Fn(OpState) -> bool) -> usize {
        self.ops.iter().filter(|op| of(op.state)).count()
    }
}
