//! The turns of a run: what of its journal is marked on the time axis of a curve.

use serde::Serialize;

use base::step::{Note, StepState};
use journal::Body;

/// A turn of the run: what is marked on a curve's time axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Milestone {
    /// A step, or its way back, was begun.
    Started,
    /// A step is done, whoever did it.
    Done,
    /// A step failed.
    Failed,
    /// A step is taken back.
    Back,
    /// Everything is held.
    Held,
    /// It goes on.
    Released,
}

impl Milestone {
    /// What a record is to the run, if it is a turn of it.
    pub(super) fn of<C, V>(body: &Body<C, V>) -> Option<Self> {
        match body {
            Body::AttemptStarted(_) => Some(Self::Started),
            Body::Hold { on: true, .. } => Some(Self::Held),
            Body::Hold { on: false, .. } => Some(Self::Released),
            Body::Transition(transition) => match transition.note {
                Note::State(StepState::Done | StepState::Attested) | Note::Adopted(_) => Some(Self::Done),
                Note::State(StepState::Failed) => Some(Self::Failed),
                Note::State(StepState::RolledBack) => Some(Self::Back),
                _ => None,
            },
            _ => None,
        }
    }
}
