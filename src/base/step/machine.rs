//! The state of a step in full. What does not exist in a state has no place in it.

use super::{
    attempt::{Attempt, Attempts, Forward, Origin, Work},
    event::{Clearance, Ticket},
    recipe::{Kind, Op, OpState, Recipe},
    state::{StepState, Way},
};
use crate::digest::Digest;

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Machine {
    pub(super) terms: Terms,
    pub(super) state: State,
    pub(super) attempts: Attempts,
    /// Attempts begun, in both directions together.
    pub(super) attempt: u16,
    /// The state before the last rollback that was begun. Nothing decides by it: each start record carries it, as those of released
    /// journals do.
    pub(super) origin: Origin,
    /// Nothing new begins, except for the cleanup.
    pub(super) held: bool,
    /// The epoch of the timers that still count.
    pub(super) epoch: u16,
}

/// What the plan says of a step. It never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Terms {
    /// The number of approvals that it needs.
    pub approvals: u8,
    /// It can be rolled back.
    pub reversible: bool,
    /// It is carried out by a person, outside the program.
    pub manual: bool,
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum State {
    /// The next attempt has not begun.
    Considered(Considered),
    /// The operations of the last attempt are under way.
    Running,
    /// All of them are applied; the settle time passes.
    Settling,
    /// Whether the step reached its goal is being verified.
    Verifying,
    /// Verified; the condition must hold for the bake time.
    Baking,
    /// Done: applied, read back, verified, baked.
    Done,
    /// It failed, wholly or in part.
    Failed,
    /// Definitely nothing of the last attempt was applied.
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

/// An attempt that has not begun.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Considered {
    /// Its direction.
    pub course: Course,
    /// Whether it may begin, as it was judged last.
    pub clearance: Clearance,
    /// What was previewed last, and by how many different people it was approved. The same preview made again keeps its approvals.
    pub approved: Option<(Digest, u8)>,
    /// How far it is.
    pub stands: Stands,
}

/// The direction of an attempt that has not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Course {
    Forward,
    /// Back; the state before that was chosen.
    Back(Origin),
}

/// How far an attempt is that has not begun.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Stands {
    Pending,
    Blocked,
    Ready,
    /// These operations are shown.
    Previewed(Recipe),
    /// These operations may be executed.
    Armed(Recipe),
}

impl Considered {
    /// Nothing of it is known yet.
    pub const fn new(course: Course, clearance: Clearance, stands: Stands) -> Self {
        Self { course, clearance, approved: None, stands }
    }

    pub const fn state(&self) -> StepState {
        match self.stands {
            Stands::Pending => StepState::Pending,
            Stands::Blocked => StepState::Blocked,
            Stands::Ready => StepState::Ready,
            Stands::Previewed(_) => StepState::Previewed,
            Stands::Armed(_) => StepState::Armed,
        }
    }

    /// The number of people who approved what was previewed last.
    pub fn approvals(&self) -> u8 {
        self.approved.map_or(0, |(_, people)| people)
    }
}

impl State {
    /// The state of this name. Of an attempt that has not begun nothing but the name is known.
    pub fn of(name: StepState) -> Self {
        let considered = |stands| Self::Considered(Considered::new(Course::Forward, Clearance::Needs, stands));
        match name {
            StepState::Pending => considered(Stands::Pending),
            StepState::Blocked => considered(Stands::Blocked),
            StepState::Ready | StepState::Previewed | StepState::Armed => considered(Stands::Ready),
            StepState::Running => Self::Running,
            StepState::Settling => Self::Settling,
            StepState::Verifying => Self::Verifying,
            StepState::Baking => Self::Baking,
            StepState::Done => Self::Done,
            StepState::Failed => Self::Failed,
            StepState::NotApplied => Self::NotApplied,
            StepState::RolledBack => Self::RolledBack,
            StepState::Attested => Self::Attested,
            StepState::Skipped => Self::Skipped,
            StepState::Cancelled => Self::Cancelled,
        }
    }

    pub const fn name(&self) -> StepState {
        match self {
            Self::Considered(considered) => considered.state(),
            Self::Running => StepState::Running,
            Self::Settling => StepState::Settling,
            Self::Verifying => StepState::Verifying,
            Self::Baking => StepState::Baking,
            Self::Done => StepState::Done,
            Self::Failed => StepState::Failed,
            Self::NotApplied => StepState::NotApplied,
            Self::RolledBack => StepState::RolledBack,
            Self::Attested => StepState::Attested,
            Self::Skipped => StepState::Skipped,
            Self::Cancelled => StepState::Cancelled,
        }
    }
}

impl Machine {
    /// Not begun.
    #[must_use]
    pub const fn new(needs_approvals: u8, reversible: bool, manual: bool) -> Self {
        Self {
            terms: Terms { approvals: needs_approvals, reversible, manual },
            state: State::Considered(Considered::new(Course::Forward, Clearance::Needs, Stands::Pending)),
            attempts: Attempts::None,
            attempt: 0,
            origin: (StepState::Pending, Way::Forward),
            held: false,
            epoch: 0,
        }
    }

    /// Its state.
    #[must_use]
    pub const fn state(&self) -> StepState {
        self.state.name()
    }

    /// The direction of the attempt that it is about.
    #[must_use]
    pub const fn way(&self) -> Way {
        match &self.state {
            State::Considered(Considered { course: Course::Back(_), .. }) | State::RolledBack => Way::Back,
            State::Considered(_) | State::Attested | State::Skipped | State::Cancelled => Way::Forward,
            _ => self.attempts.way(),
        }
    }

    /// The direction of the last attempt that was begun: not of one that is only under consideration.
    #[must_use]
    pub const fn went(&self) -> Way {
        self.attempts.way()
    }

    /// Attempts begun, in both directions together.
    #[must_use]
    pub const fn attempt(&self) -> u16 {
        self.attempt
    }

    /// The operations of the last attempt that was begun. Empty if there was none, or the step was adopted.
    #[must_use]
    pub fn recipe(&self) -> &Recipe {
        self.attempts.recipe()
    }

    /// The digest of what was previewed last and has not begun: approvals are bound to exactly this.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        self.considered()?.approved.map(|(digest, _)| digest)
    }

    /// The number of different people who approved that.
    #[must_use]
    pub fn approvals(&self) -> u8 {
        self.considered().map_or(0, Considered::approvals)
    }

    /// Whether it may begin, as it was judged last; none once it has begun.
    #[must_use]
    pub fn clearance(&self) -> Option<Clearance> {
        Some(self.considered()?.clearance)
    }

    /// Whether nothing new begins, except for the cleanup.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        self.held
    }

    /// The epoch of the timers that still count.
    #[must_use]
    pub const fn epoch(&self) -> u16 {
        self.epoch
    }

    /// Whether it is carried out by a person, outside the program.
    #[must_use]
    pub const fn is_manual(&self) -> bool {
        self.terms.manual
    }

    /// Whether it was satisfied by an external change, and adopted.
    #[must_use]
    pub const fn is_adopted(&self) -> bool {
        matches!(self.attempts, Attempts::Forward(Forward { work: Work::Adopted, .. }))
    }

    /// Sets the numbers by which outdated timers and verifications are recognised to zero, so that machines that differ only in these are
    /// equal: for a search through all states.
    pub fn forget_numbers(&mut self) {
        self.epoch = 0;
        self.attempts.all_mut().flat_map(|attempt| &mut attempt.recipe.ops).for_each(|op| op.look = 0);
    }

    /// Whether enough people approved the preview.
    pub(super) fn is_approved(&self) -> bool {
        self.approvals() >= self.terms.approvals
    }

    /// Whether the last attempt was abandoned.
    #[must_use]
    pub const fn is_abandoned(&self) -> bool {
        matches!(self.attempts.attempt(), Some(Attempt { abandoned: true, .. }))
    }

    pub(super) const fn considered(&self) -> Option<&Considered> {
        if let State::Considered(considered) = &self.state { Some(considered) } else { None }
    }

    /// Whether the request of an intent that is now on record may still be sent: not if the attempt was held or abandoned while the intent
    /// was being written. A cleanup is sent all the same.
    #[must_use]
    pub fn may_send(&self, ticket: Ticket) -> bool {
        let recipe = self.recipe();
        let op = recipe.ops.get(usize::from(ticket.op)).filter(|_| recipe.attempt == ticket.attempt);
        matches!(self.state, State::Running)
            && op.is_some_and(|op| {
                let current = op.turn == ticket.turn && op.state == OpState::Intent;
                current && (op.cleanup || !(self.held || self.is_abandoned()))
            })
    }

    /// Whether its change is applied, or may be, by the program itself.
    #[must_use]
    pub fn stands(&self) -> bool {
        // During a rollback it counts as applied until it is rolled back.
        matches!(self.attempts, Attempts::Back(_)) || self.partly_done()
    }

    /// Whether an attempt forward left changes that are neither completed nor rolled back.
    #[must_use]
    pub fn partly_done(&self) -> bool {
        self.attempts.is_partly_done()
    }

    /// The first operation that two people may resolve manually: one that cannot be observed, or a cleanup that could not be finished.
    #[must_use]
    pub fn unsettled(&self) -> Option<Ticket> {
        let open = |op: &Op| match self.state {
            State::Running => op.state.uncertain() && op.kind != Kind::Wait,
            State::Failed => self.exposed() && op.cleanup && op.state.failed(),
            _ => false,
        };
        let at = self.recipe().ops.iter().position(open)?;
        self.recipe().ticket(u16::try_from(at).ok()?)
    }

    /// Whether steps that depend on it may continue. For a manual step, a person's confirmation counts; a skipped step counts because its
    /// waiver took two people.
    #[must_use]
    pub const fn satisfies(&self) -> bool {
        match self.state {
            State::Done => matches!(self.attempts.way(), Way::Forward),
            State::Attested => self.terms.manual,
            State::Skipped => true,
            _ => false,
        }
    }

    /// Whether anything may still happen at a server for it.
    #[must_use]
    pub fn in_flight(&self) -> bool {
        matches!(self.state, State::Running) && self.recipe().ops.iter().any(|op| op.state.in_flight())
    }

    /// Whether any change of the last attempt is applied, or may be.
    #[must_use]
    pub fn touched(&self) -> bool {
        self.attempts.touched()
    }

    /// Whether a cleanup is still to be finished, or could not be: until then the estate is exposed, also while the next cleanup is only
    /// under consideration.
    #[must_use]
    pub fn exposed(&self) -> bool {
        (self.touched() || self.attempts.is_cleanup())
            && matches!(self.state, State::Running | State::Failed | State::Considered(_))
            && self.recipe().ops.iter().any(|op| op.cleanup && !op.state.holds() && op.state != OpState::Spared)
    }

    /// Whether an operation forward that is not cleanup is still to be sent, by an attempt that cannot pause once it has begun: its gates
    /// count until then.
    #[must_use]
    pub fn commits_later(&self) -> bool {
        let ops = &self.recipe().ops;
        matches!(self.state, State::Running)
            && self.went() == Way::Forward
            && ops.iter().any(|op| op.cleanup)
            && ops.iter().any(|op| !op.cleanup && op.kind != Kind::Wait && op.state == OpState::Waiting)
    }

    /// Its word on screen: the state's own, except for an attempt under way, where it is the word of its operations.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.state {
            State::Running => self.running_word(),
            _ => self.state().word(self.way()),
        }
    }

    fn running_word(&self) -> &'static str {
        let any = |s: OpState| self.recipe().ops.iter().any(|op| op.state == s && op.kind != Kind::Wait);
        let forward = self.way() == Way::Forward;
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
