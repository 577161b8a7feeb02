//! What can happen to a step, and what it wants done.

use serde::{Deserialize, Serialize};

use super::{
    recipe::{OpState, Recipe},
    state::StepState,
};
use crate::digest::Digest;

/// Whether a step may begin, as the core judges it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clearance {
    /// Steps that it needs are not done.
    Needs,
    /// A gate is red or on hold, an invariant would break, the journal stands still, somebody else has the lease.
    Blocked,
    /// Nothing is in its way.
    Clear,
}

/// A gate's colour, without its reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// True, for as long as it has to be.
    Green,
    /// Not known, or not for long enough.
    #[serde(rename = "hold")]
    Unknown,
    /// Not true.
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

/// Which time of which operation of which attempt: replies and looks that belong to another one do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ticket {
    /// The attempt.
    pub attempt: u16,
    /// Place of the operation in its recipe.
    pub op: u16,
    /// Which time.
    pub turn: u16,
}

/// What a server said to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It took it.
    #[serde(rename = "yes")]
    Accepted,
    /// It refused it before it looked at what is there: no permission, not valid. A definite no.
    Refused,
    /// It refused it because what is there is not what was compared with. A definite no as well: this request will not be carried out.
    Mismatch,
    /// Anything else: a server's fault, a time-out, a connection cut.
    #[serde(rename = "lost")]
    Indeterminate,
}

/// What a look at the server found, of one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// Our own value.
    Applied,
    /// What was there before.
    NotApplied,
    /// Something else.
    Conflict,
    /// Nothing could be seen.
    #[serde(rename = "dark")]
    Unobservable,
}

/// A clock that was set. It counts only as long as what it was set for is still so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// No reply by now: nobody knows.
    Reply(Ticket),
    /// Time for another look.
    Look(Ticket, u16),
    /// No earlier copy can land any more.
    Quarantine(Ticket, u16),
    /// What is armed is too old.
    Armed(u16),
    /// What had to pass has passed.
    Settled(u16),
    /// It should have been verified by now.
    Verify(u16),
    /// Long enough.
    Baked(u16),
}

/// What can happen to a step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StepEvent {
    /// What is in its way has been judged anew.
    Clearance(Clearance),
    /// What it would do has been worked out.
    Previewed {
        /// What is shown, and what approvals are bound to.
        digest: Digest,
        /// The operations.
        recipe: Recipe,
    },
    /// What was previewed is not what is there any more.
    Drifted,
    /// Another person approved what has this digest.
    Approved(Digest),
    /// The operator arms it.
    Arm,
    /// The operator confirmed. Gates were judged again at this moment.
    Execute(Clearance),
    /// The operator calls it off.
    Cancel,
    /// Nothing new is to be begun.
    Hold,
    /// The hold is lifted.
    Release,
    /// What was held or is stuck is given up; the tail is finished.
    Abandon,
    /// The intent is on disk; the request leaves.
    Written(Ticket),
    /// It could not even be made: nothing is on record, nothing has left.
    Unsent(Ticket),
    /// A server replied.
    Reply(Ticket, Reply),
    /// A look was taken.
    Verified(Ticket, u16, Truth),
    /// Two people say what has become of an operation that cannot be observed.
    ResolvedManually(Ticket, bool),
    /// A clock went off.
    Fired(Timer),
    /// Its verification was judged.
    Verdict(Level),
    /// The operator chooses the way back.
    RollBack,
    /// The operator wants another attempt.
    Again,
    /// A person says that a manual step is done.
    MarkDone,
    /// Two people leave it out.
    Skip,
    /// What it is for was found done by somebody else, and the operator takes it over.
    Adopt,
    /// The program was started again: what was in flight is not known.
    Resumed,
}

/// What is to be put on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// An operation came to this.
    Op(Ticket, OpState),
    /// The step came to this.
    #[serde(rename = "phase")]
    State(StepState),
    /// Somebody else had done it; this attempt took it over.
    Adopted(u16),
    /// A way back of which nothing was applied was given up: the step stands where it stood before.
    Stands,
    /// The attempt was given up: nothing but its tail is begun any more.
    Abandoned,
}

/// What a step wants done, in this order. The first that cannot be put on record stops all that follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepEffect {
    /// Put the attempt on record: what was previewed, by whom, against what.
    Begin,
    /// Put the intent on record; then, and only then, send.
    Act(Ticket),
    /// Put something on record.
    Record(Note),
    /// Look at the server.
    Verify(Ticket, u16),
    /// Set a clock.
    Arm(Timer),
}
