//! Where a step stands.

use serde::{Deserialize, Serialize};

use super::{
    event::{Clearance, Ticket},
    recipe::{Kind, Limits, Op, OpState, Recipe},
};
use crate::digest::Digest;

/// Which way an attempt goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Towards the step's goal.
    #[default]
    Forward,
    /// Back to what was before it.
    Back,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Steps that it needs are not done.
    Pending,
    /// A gate is not green, or the run is held.
    Blocked,
    /// Nothing is in its way.
    Ready,
    /// What it would do is shown.
    Previewed,
    /// Approved and armed; dies on drift, age, or a gate that is not green.
    Armed,
    /// Its operations are under way. What the screen says then is the word of the operation: see [`State::word`].
    Running,
    /// All is applied; what has to pass, passes.
    Settling,
    /// Whether it did what it should is being judged.
    Verifying,
    /// It did, and must go on doing so for a while.
    Baking,
    /// Done: applied, read back, verified, baked.
    Done,
    /// It failed, wholly or in part; the way back is proposed.
    Failed,
    /// Definitely nothing of it was applied.
    NotApplied,
    /// Taken back.
    RolledBack,
    /// Done by a person's word.
    Attested,
    /// Left out, by waiver.
    Skipped,
    /// Called off before anything was sent.
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

    /// The one word for it of a step that goes this way: on screen, in the journal's timeline, in the report.
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

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Machine {
    /// How far it is.
    #[serde(rename = "phase")]
    pub state: StepState,
    /// Which way this attempt goes.
    pub way: Way,
    /// Where it stood before the way back was chosen; a way back that is called off returns there.
    pub origin: (StepState, Way),
    /// Attempts begun, both ways together.
    pub attempt: u16,
    /// The operations of the attempt that was begun last.
    pub recipe: Recipe,
    /// Which way that attempt went: not the way of one that is only being thought of.
    pub went: Way,
    /// An attempt forward before the last one left something that has not been taken back.
    pub left: bool,
    /// The operations of the attempt forward, while a way back that was begun may still turn out to have changed nothing.
    pub stood: Option<Recipe>,
    /// Of an attempt that mends a tail: whether the attempt that left it, in either direction, did all the rest.
    pub whole: bool,
    /// What was previewed and not begun.
    pub preview: Option<Recipe>,
    /// The digest of what was previewed: approvals are of this and of nothing else.
    pub digest: Digest,
    /// Different people who approved it.
    pub approvals: u8,
    /// What is in its way.
    pub clearance: Clearance,
    /// Nothing new is begun, but for the tail.
    pub held: bool,
    /// Given up: only the tail is still finished.
    pub abandoned: bool,
    /// Which timers of the phase still count.
    pub epoch: u16,
    /// The step has a way back.
    pub reversible: bool,
    /// Done by somebody else, and adopted.
    pub adopted: bool,
    /// Approvals it takes.
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

    /// The operations of another attempt take the place of the last one's.
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

    /// A way back of which nothing was applied is given up: what it was to take back stands, and its operations with it.
    pub(super) fn stand(&mut self) {
        (self.state, self.way) = self.origin;
        self.went = self.way;
        self.abandoned = false;
        self.recipe =
            self.stood.take().unwrap_or(Recipe { attempt: self.attempt, ops: Vec::new(), limits: Limits::SEQUENCE });
    }

    /// Whether what it was to do is there, or may be: by the program's own doing.
    #[must_use]
    pub fn stands(&self) -> bool {
        // On its way back it stands until it is back.
        self.state != StepState::RolledBack && (self.partly_done() || self.stood.is_some())
    }

    /// Whether an attempt forward left something that is neither done nor taken back.
    #[must_use]
    pub fn partly_done(&self) -> bool {
        self.left || (self.went == Way::Forward && self.touched())
    }

    /// It is back: nothing is left.
    pub(super) fn is_back(&mut self) {
        (self.left, self.stood) = (false, None);
    }

    /// Whether enough people approved what is previewed.
    pub(super) const fn is_approved(&self) -> bool {
        self.approvals >= self.needs_approvals
    }

    /// The first operation that two people may settle: one that cannot be observed, or a tail that could not be finished.
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

    /// Whether what needs it may go on. A person's word counts for manual steps; a step left out counts because the waiver that
    /// left it out took two people.
    #[must_use]
    pub const fn satisfies(&self) -> bool {
        match self.state {
            StepState::Done => matches!(self.way, Way::Forward),
            StepState::Attested => self.manual,
            StepState::Skipped => true,
            _ => false,
        }
    }

    /// Whether anything may still happen at a server on its behalf.
    #[must_use]
    pub fn in_flight(&self) -> bool {
        self.state == StepState::Running && self.recipe.ops.iter().any(|op| op.state.in_flight())
    }

    /// Whether anything of this attempt is there, or may be.
    #[must_use]
    pub fn touched(&self) -> bool {
        let changed = |op: &Op| {
            // What compares nothing may have been there for a while before somebody else overwrote it.
            let overwritten = matches!(op.kind, Kind::Absolute | Kind::Lapses) && op.state == OpState::Conflict;
            op.kind != Kind::Wait && (op.state.holds() || op.state.in_flight() || overwritten)
        };
        self.recipe.ops.iter().any(changed)
    }

    /// Whether a tail is still to be finished, or could not be: until then the estate is exposed, also while what would mend it is only
    /// thought of.
    #[must_use]
    pub fn exposed(&self) -> bool {
        use StepState::{Armed, Blocked, Failed, Pending, Previewed, Ready, Running};
        (self.touched() || self.recipe.is_cleanup())
            && matches!(self.state, Running | Failed | Pending | Blocked | Ready | Previewed | Armed)
            && self.recipe.ops.iter().any(|op| op.cleanup && !op.state.holds() && op.state != OpState::Spared)
    }

    /// Whether something forward that is not of the tail is still to be sent, by an attempt that cannot stand still once it is begun: its
    /// gates count until then.
    #[must_use]
    pub fn commits_later(&self) -> bool {
        let ops = &self.recipe.ops;
        self.state == StepState::Running
            && self.went == Way::Forward
            && ops.iter().any(|op| op.cleanup)
            && ops.iter().any(|op| !op.cleanup && op.kind != Kind::Wait && op.state == OpState::Waiting)
    }

    /// What the screen calls it: the phase's own word, but for an attempt under way, where it is the word of its operations.
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
        // What is least known comes first.
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
