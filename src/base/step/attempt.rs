//! The attempts of a step: the last one, and of the earlier ones what still matters.

use super::{
    event::Ticket,
    recipe::{Kind, Limits, Op, OpState, Recipe},
    state::{StepState, Way},
};

/// The state of a step when a rollback of it was chosen; a rollback that is cancelled returns to it.
pub type Origin = (StepState, Way);

/// No operations: nothing was begun, or somebody else has done it.
static NOTHING: Recipe = Recipe { attempt: 0, ops: Vec::new(), limits: Limits::SEQUENCE };

/// One attempt of the program itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// Its operations.
    pub recipe: Recipe,
    /// What it covers.
    pub scope: Scope,
    /// It was abandoned: only its cleanup may still begin.
    pub abandoned: bool,
}

/// What an attempt covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The whole of the step, or of its rollback.
    Whole,
    /// Only the cleanup that the attempt before it has left unfinished.
    Cleanup {
        /// The attempt that left it has applied all the rest: with the cleanup the step is complete.
        rest_applied: bool,
    },
}

/// The last attempt forward, and what is left of the ones before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Forward {
    /// Who did it.
    pub work: Work,
    /// An earlier attempt forward left changes that have not been rolled back, or a change of this one was overwritten after it was verified.
    pub left: bool,
}

/// Who has done what a step is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Work {
    /// The program.
    Own(Attempt),
    /// Somebody else; the operator has adopted it.
    Adopted,
}

/// A rollback that was begun. Until it is finished the attempt forward counts as applied.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Back {
    /// Its operations.
    pub attempt: Attempt,
    /// What it rolls back, and what stands again if nothing of the rollback was applied.
    pub of: Forward,
    /// The state before it.
    pub origin: Origin,
}

/// The attempts of a step that were begun.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Attempts {
    /// None was begun.
    None,
    /// The last attempt went forward.
    Forward(Forward),
    /// The last attempt is a rollback.
    Back(Back),
    /// It was rolled back, by this attempt: no changes are left.
    Returned(Attempt),
}

impl Attempt {
    /// Whether any change of it is applied, or may be.
    fn touched(&self) -> bool {
        let changed = |op: &Op| {
            // An absolute operation may have been applied for a while before an external change overwrote it.
            let overwritten = matches!(op.kind, Kind::Absolute | Kind::Lapses) && op.state == OpState::Conflict;
            op.kind != Kind::Wait && (op.state.holds() || op.state.in_flight() || overwritten)
        };
        self.recipe.ops.iter().any(changed)
    }

    /// Whether all is applied that is not cleanup, by this attempt or by the one whose cleanup it finishes.
    fn rest_applied(&self) -> bool {
        match self.scope {
            Scope::Whole => self.recipe.ops.iter().all(|op| op.cleanup || op.state.holds()),
            Scope::Cleanup { rest_applied } => rest_applied,
        }
    }
}

impl Forward {
    const fn own_mut(&mut self) -> Option<&mut Attempt> {
        match &mut self.work {
            Work::Own(attempt) => Some(attempt),
            Work::Adopted => None,
        }
    }

    /// Whether it left changes that are not rolled back.
    fn is_partly_done(&self) -> bool {
        let touched = match &self.work {
            Work::Own(attempt) => attempt.touched(),
            Work::Adopted => false,
        };
        self.left || touched
    }
}

impl Attempts {
    /// The direction of the last attempt.
    pub const fn way(&self) -> Way {
        match self {
            Self::None | Self::Forward(_) => Way::Forward,
            Self::Back(_) | Self::Returned(_) => Way::Back,
        }
    }

    /// The last attempt of the program; none if nothing was begun, or somebody else has done it.
    pub const fn attempt(&self) -> Option<&Attempt> {
        match self {
            Self::Forward(Forward { work: Work::Own(attempt), .. })
            | Self::Back(Back { attempt, .. })
            | Self::Returned(attempt) => Some(attempt),
            Self::None | Self::Forward(Forward { work: Work::Adopted, .. }) => None,
        }
    }

    pub const fn attempt_mut(&mut self) -> Option<&mut Attempt> {
        match self {
            Self::Forward(Forward { work: Work::Own(attempt), .. })
            | Self::Back(Back { attempt, .. })
            | Self::Returned(attempt) => Some(attempt),
            Self::None | Self::Forward(Forward { work: Work::Adopted, .. }) => None,
        }
    }

    /// The operations of the last attempt.
    pub fn recipe(&self) -> &Recipe {
        self.attempt().map_or(&NOTHING, |attempt| &attempt.recipe)
    }

    /// The operations of the last attempt.
    pub fn ops_mut(&mut self) -> &mut [Op] {
        self.attempt_mut().map_or(&mut [], |attempt| &mut attempt.recipe.ops)
    }

    /// The state before the rollback that was begun last.
    pub const fn origin(&self) -> Option<Origin> {
        if let Self::Back(back) = self { Some(back.origin) } else { None }
    }

    /// The operation that a ticket names; none if the ticket is of another attempt.
    pub fn op_mut(&mut self, ticket: Ticket) -> Option<&mut Op> {
        let recipe = &mut self.attempt_mut()?.recipe;
        if recipe.attempt == ticket.attempt { recipe.ops.get_mut(usize::from(ticket.op)) } else { None }
    }

    /// Whether any change of the last attempt is applied, or may be.
    pub fn touched(&self) -> bool {
        self.attempt().is_some_and(Attempt::touched)
    }

    /// Whether the last attempt covers a cleanup only.
    pub fn is_cleanup(&self) -> bool {
        matches!(self.attempt(), Some(Attempt { scope: Scope::Cleanup { .. }, .. }))
    }

    /// Whether all is applied that is not cleanup.
    pub fn rest_applied(&self) -> bool {
        self.attempt().is_none_or(Attempt::rest_applied)
    }

    /// Whether attempts forward left changes that are neither completed nor rolled back.
    pub fn is_partly_done(&self) -> bool {
        match self {
            Self::Forward(forward) => forward.is_partly_done(),
            // What it rolls back is judged by the rollback; this is what it does not cover.
            Self::Back(back) => back.of.left,
            Self::None | Self::Returned(_) => false,
        }
    }

    /// A verified change is not certain any more: even if it turns out to be overwritten, the attempt left a change.
    pub const fn note_left(&mut self) {
        if let Self::Forward(forward) = self {
            forward.left = true;
        }
    }

    /// Another attempt forward takes the place of the last one.
    pub fn begin_forward(&mut self, recipe: Recipe) {
        let left = self.is_partly_done();
        let attempt = self.next(recipe);
        *self = Self::Forward(Forward { work: Work::Own(attempt), left });
    }

    /// A rollback takes the place of the last attempt, which is kept: it stands until the rollback is finished.
    pub fn begin_back(&mut self, recipe: Recipe, origin: Origin) {
        let attempt = self.next(recipe);
        *self = match std::mem::replace(self, Self::None) {
            Self::Forward(of) | Self::Back(Back { of, .. }) => Self::Back(Back { attempt, of, origin }),
            // No journal of this program begins a rollback of nothing.
            Self::None => Self::Back(Back { attempt, of: Forward { work: Work::Adopted, left: false }, origin }),
            Self::Returned(_) => Self::Returned(attempt),
        };
    }

    fn next(&self, recipe: Recipe) -> Attempt {
        let scope =
            if recipe.is_cleanup() { Scope::Cleanup { rest_applied: self.rest_applied() } } else { Scope::Whole };
        Attempt { recipe, scope, abandoned: false }
    }

    /// Somebody else has done it. What the program itself has changed before stays its own.
    pub fn adopt(&mut self) {
        *self = Self::Forward(Forward { work: Work::Adopted, left: self.is_partly_done() });
    }

    /// A rollback of which nothing was applied is cancelled: what it was to roll back stands. The state before it, if there was one.
    pub fn stand(&mut self) -> Option<StepState> {
        match std::mem::replace(self, Self::None) {
            Self::Back(Back { of, origin: (state, _), .. }) => {
                *self = Self::Forward(of);
                Some(state)
            }
            other => {
                *self = other;
                None
            }
        }
    }

    /// The rollback is finished.
    pub fn finish_back(&mut self) {
        *self = match std::mem::replace(self, Self::None) {
            Self::Back(Back { attempt, .. })
            | Self::Forward(Forward { work: Work::Own(attempt), .. })
            | Self::Returned(attempt) => Self::Returned(attempt),
            Self::None | Self::Forward(Forward { work: Work::Adopted, .. }) => Self::None,
        };
    }

    /// All attempts that are kept.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut Attempt> {
        let (last, before) = match self {
            Self::None => (None, None),
            Self::Forward(forward) => (forward.own_mut(), None),
            Self::Back(Back { attempt, of, .. }) => (Some(attempt), of.own_mut()),
            Self::Returned(attempt) => (Some(attempt), None),
        };
        last.into_iter().chain(before)
    }
}
