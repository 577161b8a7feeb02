//! What an emergency has replaced, and whose failure asks for the way back.
//!
//! An emergency overwrites what earlier steps set. Their verification fails then, and to roll them back would undo the emergency. Which came
//! first is known by the place of each beginning in the journal: a step that began after the emergency answers for itself. A step that people, or the
//! end of the program, have stopped before it was complete has not failed by itself either.

use super::Run;
use crate::systems::{EntryOf, Systems};
use base::step::{Kind, Note, Op, OpState, Record, StepState, Way};
use journal::Body;

/// Whether a step's last attempt failed and its rollback has not begun. `failed`: no other attempt has begun since.
pub(super) fn has_failed(state: StepState, way: Way, failed: bool) -> bool {
    state == StepState::Failed || (failed && way == Way::Back && state <= StepState::Armed)
}

impl<S: Systems> Run<S> {
    /// Keeps where the last attempt forward of a step began.
    pub(super) fn note_beginning(&mut self, entry: &EntryOf<S>) {
        let begins = match &entry.body {
            Body::AttemptStarted(started) => matches!(started.record, Record::Started { way: Way::Forward, .. }),
            Body::Transition(transition) => matches!(transition.note, Note::Adopted(_)),
            _ => false,
        };
        if let Some(at) = entry.body.step().filter(|_| begins).and_then(|id| self.place(id)) {
            self.steps[at].began = Some(entry.seq);
        }
    }

    /// The emergency that has replaced what a step did: it stands, is about the same thing, and began after the step's last attempt. A
    /// cleanup that is not finished is not replaced.
    pub(super) fn replaced_by(&self, at: usize) -> Option<usize> {
        let step = &self.steps[at];
        let left = self.stands(at) || has_failed(step.state.state(), step.state.way(), step.failed);
        if step.began.is_none() || step.state.went() == Way::Back || step.state.exposed() || !left {
            return None;
        }
        let target = self.plan_of(at).action.target();
        let after = |other: &usize| {
            let plan = self.plan_of(*other);
            plan.action.spec().emergency
                && plan.action.target() == target
                && self.steps[*other].began > step.began
                && self.stands(*other)
        };
        (0..self.steps.len()).filter(after).max_by_key(|other| self.steps[*other].began)
    }

    /// The emergency that a step's rollback would undo: it goes back first.
    pub(super) fn would_undo(&self, at: usize) -> Option<usize> {
        if self.steps[at].state.way() == Way::Back { self.replaced_by(at) } else { None }
    }

    /// What an emergency has replaced, until another step has begun on the same thing.
    pub(super) fn replaces(&self, emergency: usize) -> Vec<usize> {
        let plan = self.plan_of(emergency);
        let began = self.steps[emergency].began;
        let of_it = |at: &usize| *at != emergency && self.plan_of(*at).action.target() == plan.action.target();
        let all = || (0..self.steps.len()).filter(of_it);
        if !plan.action.spec().emergency || all().any(|at| self.steps[at].began > began) {
            return Vec::new();
        }
        all().filter(|at| self.replaced_by(*at) == Some(emergency)).collect()
    }

    /// Whether what its last attempt did stands: it is under way or over, and a rollback has not begun.
    fn stands(&self, at: usize) -> bool {
        use StepState::{Attested, Baking, Done, Running, Settling, Verifying};
        let step = &self.steps[at];
        let state = step.state.state();
        let considered_back = step.state.way() == Way::Back && state <= StepState::Armed && !step.failed;
        let forward = matches!(state, Running | Settling | Verifying | Baking | Done | Attested);
        step.state.went() == Way::Forward && (forward || considered_back)
    }

    /// Whether its last attempt was stopped, by people or by the end of the program: nothing of it failed, its cleanup is finished, and the
    /// rest was never sent.
    pub(super) fn is_stopped(&self, at: usize) -> bool {
        let step = &self.steps[at];
        let unsent = |op: &Op| !op.cleanup && op.kind != Kind::Wait && op.state == OpState::Waiting;
        let ended =
            step.state.state() == StepState::Failed && step.state.way() == Way::Forward && !step.state.exposed();
        let nothing_failed =
            step.attempt.as_ref().is_some_and(|it| it.found.is_empty() && it.ops.iter().all(|op| !op.failed));
        ended && nothing_failed && step.state.recipe().ops.iter().any(unsent)
    }

    /// Another step that failed, and because of which the verdict says ROLL BACK.
    pub(super) fn failed_elsewhere(&self, at: usize) -> Option<usize> {
        let failed = |other: &usize| {
            let step = &self.steps[*other];
            has_failed(step.state.state(), step.state.way(), step.failed)
                && self.replaced_by(*other).is_none()
                && !self.is_stopped(*other)
        };
        (0..self.steps.len()).filter(|other| *other != at).find(failed)
    }
}
