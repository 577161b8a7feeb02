//! The state of a step.

use serde::{Deserialize, Serialize};

use super::{
    event::{Clearance, Ticket},
    recipe::{Kind, Limits, Op, OpState, Recipe},
};
use crate::digest::Digest;

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

/// The state of a step, in full.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Machine {
    /// Its state.
    #[serde(rename = "phase")]
    pub state: StepState,
    /// The direction of this attempt.
    pub way: Way,
    /// The state before rollback was chosen; a cancelled rollback returns to it.
    pub origin: (StepState, Way),
    /// Attempts begun, in both directions together.
    pub attempt: u16,
    /// The operations of the last attempt that was begun.
    pub recipe: Recipe,
    /// The direction of that attempt: not of one that is only under consideration.
    pub went: Way,
    /// An attempt forward before the last one left changes that have not been rolled back.
    pub left: bool,
    /// The operations of the attempt forward, while a rollback that was begun may still turn out to have changed nothing.
    pub stood: Option<Recipe>,
    /// For an attempt that finishes a cleanup: whether the attempt that left it, in either direction, applied all the rest.
    pub whole: bool,
    /// The recipe that was previewed and not begun.
    pub preview: Option<Recipe>,
    /// The digest of the preview: approvals are bound to exactly this.
    pub digest: Digest,
    /// The number of different people who approved it.
    pub approvals: u8,
    /// Its clearance.
    pub clearance: Clearance,
    /// Nothing new begins, except for the cleanup.
    pub held: bool,
    /// Abandoned: only the cleanup is still finished.
    pub abandoned: bool,
    /// The epoch of the timers that still count.
    pub epoch: u16,
    /// The step can be rolled back.
    pub reversible: bool,
    /// Satisfied by an external change, and adopted.
    pub adopted: bool,
    /// The number of approvals that it needs.
    pub needs_approvals: u8,
    /// Carried out by a person, outside the program.
    pub manual: bool,
}

impl Machine {
    /// Not begun.
    #[must_use]
    pub const fn new(needs_approvals: u8, reversible: bool, manual: bool) -> Self {
        Self {
            state: StepState::Pending,
            way: Way::Forward,
            origin: (StepState::Pending, Way::Forward),
            attempt: 0,
            recipe: Recipe { attempt: 0, ops: Vec::new(), limits: Limits::SEQUENCE },
            went: Way::Forward,
            left: false,
            stood: None,
            whole: false,
            preview: None,
            digest: Digest([0; 32]),
            approvals: 0,
            clearance: Clearance::Needs,
            held: false,
            abandoned: false,
            epoch: 0,
            reversible,
            adopted: false,
            needs_approvals,
            manual,
        }
    }

    /// Replaces the operations of the last attempt by those of another one.
    pub(super) fn enter(&mut self, recipe: Recipe) {
        let left = self.partly_done();
        let mends = recipe.is_cleanup();
        let before = std::mem::replace(&mut self.recipe, recipe);
        let whole =
            if before.is_cleanup() { self.whole } else { before.ops.iter().all(|op| op.cleanup || op.state.holds()) };
        self.whole = mends && whole;
        if self.way == Way::Forward {
            (self.left, self.stood) = (left, None);
        } else if self.went == Way::Forward {
            self.stood = Some(before);
        }
        self.went = self.way;
        self.recipe.attempt = self.attempt;
    }

    /// A rollback of which nothing was applied is cancelled: the step it was to roll back stays applied, with its operations.
    pub(super) fn stand(&mut self) {
        (self.state, self.way) = self.origin;
        self.went = self.way;
        self.abandoned = false;
        self.recipe =
            self.stood.take().unwrap_or(Recipe { attempt: self.attempt, ops: Vec::new(), limits: Limits::SEQUENCE });
    }

    /// Whether its change is applied, or may be, by the program itself.
    #[must_use]
    pub fn stands(&self) -> bool {
        // During a rollback it counts as applied until it is rolled back.
        self.state != StepState::RolledBack && (self.partly_done() || self.stood.is_some())
    }

    /// Whether an attempt forward left changes that are neither completed nor rolled back.
    #[must_use]
    pub fn partly_done(&self) -> bool {
        self.left || (self.went == Way::Forward && self.touched())
    }

    /// It is rolled back: no changes are left.
    pub(super) fn is_back(&mut self) {
        (self.left, self.stood) = (false, None);
    }

    /// Whether enough people approved the preview.
    pub(super) const fn is_approved(&self) -> bool {
        self.approvals >= self.needs_approvals
    }

    /// The first operation that two people may resolve manually: one that cannot be observed, or a cleanup that could not be finished.
    #[must_use]
    pub fn unsettled(&self) -> Option<Ticket> {
        let open = |op: &Op| match self.state {
            StepState::Running => op.state.uncertain() && op.kind != Kind::Wait,
            StepState::Failed => self.exposed() && op.cleanup && op.state.failed(),
            _ => false,
        };
        let at = self.recipe.ops.iter().position(open)?;
        self.recipe.ticket(u16::try_from(at).ok()?)
    }

    /// Whether steps that depend on it may continue. For a manual step, a person's confirmation counts; a skipped step counts because its
    /// waiver took two people.
    #[must_use]
    pub const fn satisfies(&self) -> bool {
        match self.state {
            StepState::Done => matches!(self.way, Way::Forward),
            StepState::Attested => self.manual,
            StepState::Skipped => true,
            _ => false,
        }
    }

    /// Whether anything may still happen at a server for it.
    #[must_use]
    pub fn in_flight(&self) -> bool {
        self.state == StepState::Running && self.recipe.ops.iter().any(|op| op.state.in_flight())
    }

    /// Whether any change of this attempt is applied, or may be.
    #[must_use]
    pub fn touched(&self) -> bool {
        let changed = |op: &Op| {
            // An absolute operation may have been applied for a while before an external change overwrote it.
            let overwritten = matches!(op.kind, Kind::Absolute | Kind::Lapses) && op.state == OpState::Conflict;
            op.kind != Kind::Wait && (op.state.holds() || op.state.in_flight() || overwritten)
        };
        self.recipe.ops.iter().any(changed)
    }

    /// Whether a cleanup is still to be finished, or could not be: until then the estate is exposed, also while the next cleanup is only
    /// under consideration.
    #[must_use]
    pub fn exposed(&self) -> bool {
        use StepState::{Armed, Blocked, Failed, Pending, Previewed, Ready, Running};
        (self.touched() || self.recipe.is_cleanup())
            && matches!(self.state, Running | Failed | Pending | Blocked | Ready | Previewed | Armed)
            && self.recipe.ops.iter().any(|op| op.cleanup && !op.state.holds() && op.state != OpState::Spared)
    }

    /// Whether an operation forward that is not cleanup is still to be sent, by an attempt that cannot pause once it has begun: its gates
    /// count until then.
    #[must_use]
    pub fn commits_later(&self) -> bool {
        let ops = &self.recipe.ops;
        self.state == StepState::Running
            && self.went == Way::Forward
            && ops.iter().any(|op| op.cleanup)
            && ops.iter().any(|op| !op.cleanup && op.kind != Kind::Wait && op.state == OpState::Waiting)
    }

    /// Its word on screen: the state's own, except for an attempt under way, where it is the word of its operations.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.state {
            StepState::Running => self.running_word(),
            phase => phase.word(self.way),
        }
    }

    fn running_word(&self) -> &'static str {
        let any = |s: OpState| self.recipe.ops.iter().any(|op| op.state == s && op.kind != Kind::Wait);
        let forward = self.way == Way::Forward;
        // The least known state comes first.
        let words = [
            (OpState::Unknown, "UNKNOWN", "RB_UNKNOWN"),
            (OpState::Quarantine, "QUARANTINE", "RB_QUARANTINE"),
            (OpState::Intent, "INTENT", "RB_INTENT"),
            (OpState::Sent, "SENT", "RB_SENT"),
            (OpState::Accepted, "ACCEPTED", "RB_ACCEPTED"),
        ];
        let found = words.into_iter().find(|(s, ..)| any(*s)).map(|(_, f, b)| if forward { f } else { b });
        found.unwrap_or(match (self.held, forward) {
            (true, true) => "HELD",
            (true, false) => "RB_HELD",
            (false, true) => "RUNNING",
            (false, false) => "RB_RUNNING",
        })
    }
}
