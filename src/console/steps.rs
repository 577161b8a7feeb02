//! How far a step is, as commands, dialogs and drawing ask for it. Each question is decided here and nowhere else.

use base::step::{StepState, Way};
use engine::run::StepView;

/// Whether the step can have a preview.
#[must_use]
pub const fn before_it_begins(step: &StepView) -> bool {
    matches!(
        step.state,
        StepState::Pending | StepState::Blocked | StepState::Ready | StepState::Previewed | StepState::Armed
    )
}

/// Whether the step is armed: only then it may be executed.
#[must_use]
pub const fn is_armed(step: &StepView) -> bool {
    matches!(step.state, StepState::Armed)
}

/// Whether a preview or a rollback can be cancelled.
#[must_use]
pub fn is_open(step: &StepView) -> bool {
    let shown = matches!(step.state, StepState::Previewed | StepState::Armed);
    let back = step.way == Way::Back && (before_it_begins(step) || step.state == StepState::NotApplied);
    shown || back
}

/// Whether the step has ended so that it can be retried.
#[must_use]
pub fn is_over(step: &StepView) -> bool {
    use StepState::{Cancelled, Failed, NotApplied, RolledBack, Skipped};
    let over = matches!(step.state, Cancelled | Failed | NotApplied | RolledBack | Skipped);
    // After a rollback that failed, it is rolled back first; a cleanup that is not finished comes before anything else.
    let unfinished = step.state == Failed && step.exposed.is_some();
    over && (step.way == Way::Forward || step.state == RolledBack || unfinished)
}

/// Whether the step is running.
#[must_use]
pub const fn is_under_way(step: &StepView) -> bool {
    matches!(step.state, StepState::Running | StepState::Settling | StepState::Verifying | StepState::Baking)
}
