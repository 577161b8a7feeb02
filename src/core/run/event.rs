//! The turns of a run: what of its journal is marked on the time axis of a curve.

use serde::Serialize;

use crate::{
    core::step::{Note, Phase},
    journal::Body,
};

/// A turn of the run: what is marked on a curve's time axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A step, or its way back, was begun.
    Begun,
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

impl Event {
    /// What a record is to the run, if it is a turn of it.
    pub(super) fn of(body: &Body) -> Option<Self> {
        match body {
            Body::Begun(_) => Some(Self::Begun),
            Body::Hold { on: true, .. } => Some(Self::Held),
            Body::Hold { on: false, .. } => Some(Self::Released),
            Body::Came(came) => match came.note {
                Note::Phase(Phase::Done | Phase::Attested) | Note::Adopted(_) => Some(Self::Done),
                Note::Phase(Phase::Failed) => Some(Self::Failed),
                Note::Phase(Phase::RolledBack) => Some(Self::Back),
                _ => None,
            },
            _ => None,
        }
    }
}
