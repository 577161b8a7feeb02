//! The events of a step, and its effects.

use serde::{Deserialize, Serialize};

use super::{
    recipe::{OpState, Recipe},
    state::StepState,
};
use crate::digest::Digest;

/// Whether a step may begin, as judged by the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clearance {
    /// Steps that it depends on are not done.
    Needs,
    /// A gate is red or unknown, an invariant would break, the journal cannot be written, somebody else has the lease.
    Blocked,
    /// Nothing blocks it.
    Clear,
}

/// A gate's level, without its reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The condition holds, and has held long enough.
    Green,
    /// Not known, or not for long enough.
    #[serde(rename = "hold")]
    Unknown,
    /// The condition does not hold.
    Red,
}

impl Level {
    /// The word on screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Green => "GREEN",
            Self::Unknown => "UNKNOWN",
            Self::Red => "RED",
        }
    }
}

/// Identifies one turn of one operation of one attempt: replies and verifications of another one are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ticket {
    /// The attempt.
    pub attempt: u16,
    /// Place of the operation in its recipe.
    pub op: u16,
    /// The turn.
    pub turn: u16,
}

/// A server's reply to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It accepted the request.
    #[serde(rename = "yes")]
    Accepted,
    /// It refused the request before it checked the precondition: no permission, not valid. A definite refusal.
    Refused,
    /// It refused the request because the precondition does not hold. Also a definite refusal: this request will not be carried out.
    Mismatch,
    /// Anything else: a server error, a time-out, a cut connection.
    #[serde(rename = "lost")]
    Indeterminate,
}

/// The result of a verification of one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// Our own value is there.
    Applied,
    /// The previous value is there.
    NotApplied,
    /// Another value is there.
    Conflict,
    /// Nothing could be observed.
    #[serde(rename = "dark")]
    Unobservable,
}

/// A timer. It counts only as long as the condition for which it was set still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// No reply by now: the outcome is not known.
    Reply(Ticket),
    /// Time for another verification.
    Look(Ticket, u16),
    /// No earlier copy can arrive any more.
    Quarantine(Ticket, u16),
    /// The armed preview is too old.
    Armed(u16),
    /// The settle time has passed.
    Settled(u16),
    /// The time limit of the verification has passed.
    Verify(u16),
    /// The bake time has passed.
    Baked(u16),
}

/// The events of a step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StepEvent {
    /// Its clearance was judged again.
    Clearance(Clearance),
    /// Its preview was made.
    Previewed {
        /// The digest of what is shown; approvals are bound to it.
        digest: Digest,
        /// The operations.
        recipe: Recipe,
    },
    /// The observed state no longer matches the preview.
    Drifted,
    /// Another person approved the preview with this digest.
    Approved(Digest),
    /// The operator arms it.
    Arm,
    /// The operator confirmed. The gates were judged again at this moment.
    Execute(Clearance),
    /// The operator cancels it.
    Cancel,
    /// Nothing new may begin.
    Hold,
    /// The hold is released.
    Release,
    /// A held or stuck attempt is abandoned; the cleanup is finished.
    Abandon,
    /// The intent is on disk; the request is sent.
    Written(Ticket),
    /// The request could not be made: nothing is on record, nothing was sent.
    Unsent(Ticket),
    /// The intent is on disk, and its request was not sent and will not be: another intent is needed.
    Withdrawn(Ticket),
    /// A server replied.
    Reply(Ticket, Reply),
    /// A verification finished.
    Verified(Ticket, u16, Truth),
    /// Two people resolve manually whether an operation that cannot be observed was applied.
    ResolvedManually(Ticket, bool),
    /// A timer fired.
    Fired(Timer),
    /// Its verification was judged.
    Verdict(Level),
    /// The operator chooses rollback.
    RollBack,
    /// The operator starts another attempt.
    Again,
    /// A person marks a manual step as done.
    MarkDone,
    /// Two people skip it.
    Skip,
    /// Its goal is satisfied by an external change, and the operator adopts that.
    Adopt,
    /// The program was restarted: operations in flight are unknown.
    Resumed,
}

/// What is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// An operation reached this state.
    Op(Ticket, OpState),
    /// The step reached this state.
    #[serde(rename = "phase")]
    State(StepState),
    /// The goal was satisfied by an external change; this attempt adopted it.
    Adopted(u16),
    /// A rollback of which nothing was applied was cancelled: the step is in the state before it.
    Stands,
    /// The attempt was abandoned: only its cleanup may still begin.
    Abandoned,
}

/// The effects of a step, in this order. The first that cannot be recorded stops all that follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepEffect {
    /// Record the attempt: what was previewed, by whom, against what.
    Begin,
    /// Record the intent; then, and only then, send.
    Act(Ticket),
    /// Record a note.
    Record(Note),
    /// Verify at the server.
    Verify(Ticket, u16),
    /// Set a timer.
    Arm(Timer),
}
