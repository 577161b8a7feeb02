//! How far a step is, as commands, dialogs and drawing ask for it. Each question is decided here and nowhere else.

use base::step::StepState;
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

/// Whether the step is running.
#[must_use]
pub const fn is_under_way(step: &StepView) -> bool {
    matches!(step.state, StepState::Running | StepState::Settling | StepState::Verifying | StepState::Baking)
}
