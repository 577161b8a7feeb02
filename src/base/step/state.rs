//! The names of a step's states, as they are recorded and shown, and its direction.

use serde::{Deserialize, Serialize};

/// The direction of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Towards the step's goal.
    #[default]
    Forward,
    /// Back to the state before it.
    Back,
}

/// The state of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Steps that it depends on are not done.
    Pending,
    /// A gate is not green, or the run is held.
    Blocked,
    /// Nothing blocks it.
    Ready,
    /// Its preview is shown.
    Previewed,
    /// Approved and armed; disarmed on drift, age, or a gate that is not green.
    Armed,
    /// Its operations are under way. The screen then shows the operation's word: see [`Machine::word`].
    Running,
    /// All is applied; the settle time passes.
    Settling,
    /// Whether it reached its goal is being verified.
    Verifying,
    /// Verified; the condition must hold for the bake time.
    Baking,
    /// Done: applied, read back, verified, baked.
    Done,
    /// It failed, wholly or in part; rollback is proposed.
    Failed,
    /// Definitely nothing of it was applied.
    NotApplied,
    /// Rolled back.
    RolledBack,
    /// Marked as done by a person.
    Attested,
    /// Skipped, by waiver.
    Skipped,
    /// Cancelled before anything was sent.
    Cancelled,
}

impl StepState {
    /// All of them, in this order.
    pub const ALL: [Self; 16] = [
        Self::Pending,
        Self::Blocked,
        Self::Ready,
        Self::Previewed,
        Self::Armed,
        Self::Running,
        Self::Settling,
        Self::Verifying,
        Self::Baking,
        Self::Done,
        Self::Failed,
        Self::NotApplied,
        Self::RolledBack,
        Self::Attested,
        Self::Skipped,
        Self::Cancelled,
    ];

    /// The one word for it in this direction: on screen, in the journal's timeline, in the report.
    #[must_use]
    pub const fn word(self, way: Way) -> &'static str {
        let (forward, back) = match self {
            Self::Pending => ("PENDING", "PENDING"),
            Self::Blocked => ("BLOCKED", "RB_BLOCKED"),
            Self::Ready => ("READY", "RB_READY"),
            Self::Previewed => ("PREVIEWED", "RB_PREVIEWED"),
            Self::Armed => ("ARMED", "RB_ARMED"),
            Self::Running => ("RUNNING", "RB_RUNNING"),
            Self::Settling => ("SETTLING", "RB_SETTLING"),
            Self::Verifying => ("VERIFYING", "RB_VERIFYING"),
            Self::Baking => ("BAKING", "RB_BAKING"),
            Self::Done => ("DONE", "DONE"),
            Self::Failed => ("FAILED", "RB_FAILED"),
            Self::NotApplied => ("NOT_APPLIED", "RB_NOT_APPLIED"),
            Self::RolledBack => ("RB_DONE", "RB_DONE"),
            Self::Attested => ("ATTESTED", "ATTESTED"),
            Self::Skipped => ("SKIPPED", "SKIPPED"),
            Self::Cancelled => ("CANCELLED", "CANCELLED"),
        };
        match way {
            Way::Forward => forward,
            Way::Back => back,
        }
    }
}
