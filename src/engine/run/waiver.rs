//! Gates that two people left out: of one step, for one attempt, until a moment.

use std::time::Duration;

use super::Run;
use crate::systems::Systems;
use base::{
    now::Now,
    step::{Machine, StepState},
};

/// A gate that is left out.
#[derive(Debug, Clone)]
pub(super) struct Waiver {
    pub gate: String,
    /// The one attempt that it is for.
    pub attempt: u16,
    pub reason: String,
    pub by: Vec<String>,
    pub until: jiff::Timestamp,
    /// The same, by the clock that nobody sets.
    until_boot: Duration,
}

impl Waiver {
    pub fn new(gate: &str, attempt: u16, reason: &str, by: &[String], until: jiff::Timestamp, now: Now) -> Self {
        let left = Duration::try_from(until.duration_since(now.wall)).unwrap_or_default();
        let until_boot = now.boot.saturating_add(left);
        Self { gate: gate.to_owned(), attempt, reason: reason.to_owned(), by: by.to_vec(), until, until_boot }
    }
}

impl<S: Systems> Run<S> {
    /// The attempt that a waiver given now is for: the one under way, or the next.
    pub(super) fn attempt_meant(&self, at: usize) -> u16 {
        let state = &self.steps[at].state;
        if under_way(state) { state.attempt() } else { state.attempt().saturating_add(1) }
    }

    /// Leaves a gate of a step out. A second waiver of the same gate replaces the first.
    pub(super) fn set_waiver(&mut self, at: usize, waiver: Waiver, now: Now) {
        let step = &mut self.steps[at];
        step.waivers.retain(|old| old.gate != waiver.gate);
        step.waivers.push(waiver);
        self.apply_waivers(at, now);
    }

    /// Tells a step's judges which of their gates are left out; whenever a step has moved, for a waiver ends with its attempt.
    pub(super) fn apply_waivers(&mut self, at: usize, now: Now) {
        let meant = self.attempt_meant(at);
        let step = &mut self.steps[at];
        let (kept, over): (Vec<Waiver>, Vec<Waiver>) = std::mem::take(&mut step.waivers)
            .into_iter()
            .partition(|w| w.attempt == meant && w.until > now.wall && w.until_boot > now.boot);
        for judge in [&mut step.gates, &mut step.verify, &mut step.rollback] {
            // Most of them do not have that gate.
            for waiver in &over {
                let _ = judge.lift(&waiver.gate);
            }
            for waiver in &kept {
                let _ = judge.waive(&waiver.gate, Now { boot: waiver.until_boot, wall: waiver.until });
            }
        }
        step.waivers = kept;
    }
}

/// Whether an attempt is under way, its verification included.
const fn under_way(state: &Machine) -> bool {
    matches!(state.state(), StepState::Running | StepState::Settling | StepState::Verifying | StepState::Baking)
}
