//! The way back: whether it is open, how long it takes, how long it stays open.

use std::time::Duration;

use serde::Serialize;

use super::Run;
use crate::systems::Systems;
use base::{
    now::Now,
    observed::Observed,
    step::{StepState, Way},
};

/// The way back of everything that stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WayBack {
    /// Steps that would be taken back.
    pub steps: usize,
    /// The point of no return that was passed: nothing before it can be taken back without loss.
    pub closed: Option<String>,
    /// Steps that stand and have no way back stored: somebody else did them.
    pub without: Vec<String>,
    /// The last step that can be rolled back, where something asks for that, and why its rollback cannot be worked out now.
    pub fault: Option<(String, String)>,
    /// What has to be waited for at the least, one step after the other: caches, settling.
    pub takes: Duration,
    /// How long it stays open if what it needs were cut off now, and what ends it; none where nothing does, or nothing stands.
    pub stays: Option<RollbackWindow>,
}

/// How long a way back stays open.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RollbackWindow {
    /// The step whose way back ends first.
    pub step: String,
    /// What ends it.
    pub what: &'static str,
    /// How long; none: nobody knows, and then it is not to be counted on.
    pub left: Option<Duration>,
    /// Why nobody knows.
    pub why: String,
}

impl<S: Systems> Run<S> {
    /// The way back, as things stand.
    pub(super) fn way_back(&self, estate: &S, now: Now) -> WayBack {
        let mut out =
            WayBack { steps: 0, closed: None, without: Vec::new(), fault: None, takes: Duration::ZERO, stays: None };
        for (at, step) in self.steps.iter().enumerate() {
            let plan = self.plan_of(at);
            use StepState::{Attested, Baking, Done, Running, Settling, Verifying};
            let started = matches!(step.state.state(), Running | Settling | Verifying | Baking | Done | Attested);
            if plan.irreversible && (started || step.state.stands()) {
                out.closed.get_or_insert_with(|| plan.id.clone());
            }
            if step.state.is_adopted() {
                out.without.push(plan.id.clone());
            }
            // What an emergency has replaced is not rolled back.
            if !step.state.stands() || step.back.is_empty() || self.replaced_by(at).is_some() {
                continue;
            }
            out.steps += 1;
            let own = step.attempt.as_ref().filter(|_| step.state.went() == Way::Forward).or(step.stood.as_ref());
            out.takes += plan.settle.max(own.map_or(plan.settle, |it| it.draft.settle));
            let Some((what, left)) = estate.rollback_window(&plan.action, now) else { continue };
            let (left, why) = match left {
                Observed::Fresh(left, _) => (Some(left), String::new()),
                Observed::Stale(..) => (None, "the last reading is too old".to_owned()),
                Observed::Unknown(fault) => (None, fault.to_string()),
                Observed::Pending => (None, "not read yet".to_owned()),
            };
            let stays = RollbackWindow { step: plan.id.clone(), what, left, why };
            // What is not known comes first.
            if out.stays.as_ref().is_none_or(|before| stays.left < before.left) {
                out.stays = Some(stays);
            }
        }
        out
    }

    /// See [`WayBack::fault`]; `at`: that step. What must be read for a rollback may not answer just when it is wanted.
    pub(super) fn rollback_fault(&self, at: usize, estate: &S, now: Now) -> Option<(String, String)> {
        self.asks_back(at).next()?;
        let why = match estate.inverse(&self.steps[at].back, now) {
            Ok(draft) => draft.broken.first()?.clone(),
            Err(faults) => faults.first()?.to_string(),
        };
        Some((self.plan_of(at).id.clone(), why))
    }
}
