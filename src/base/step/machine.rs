//! The transitions of a step.

use super::{
    event::{Clearance, Level, Note, StepEffect, StepEvent, Timer},
    recipe::OpState,
    state::{Machine, StepState, Way},
};
use crate::digest::Digest;

/// Takes one event. Nothing else changes a step.
#[must_use]
pub fn step(state: &Machine, event: &StepEvent) -> (Machine, Vec<StepEffect>) {
    let mut next = Next { state: state.clone(), effects: Vec::new() };
    next.take(event);
    (next.state, next.effects)
}

/// The next state while it is computed.
pub(super) struct Next {
    pub state: Machine,
    pub effects: Vec<StepEffect>,
}

impl Next {
    fn take(&mut self, event: &StepEvent) {
        use StepState::{Armed, Baking, Blocked, Previewed, Ready, Running, Settling, Verifying};
        let phase = self.state.state;
        match *event {
            StepEvent::Clearance(clearance) => self.cleared(clearance),
            // While a cleanup is unfinished nothing else may begin.
            StepEvent::Previewed { ref recipe, .. } if self.state.exposed() && !recipe.is_cleanup() => {}
            StepEvent::Previewed { digest, ref recipe } if matches!(phase, Ready | Previewed | Armed) => {
                // The same preview again keeps its approvals.
                if self.state.digest != digest {
                    self.state.approvals = 0;
                }
                self.state.digest = digest;
                self.state.preview = Some(recipe.clone());
                self.to(Previewed);
            }
            StepEvent::Drifted if matches!(phase, Previewed | Armed) => self.disarm(),
            StepEvent::Approved(digest) if matches!(phase, Previewed | Armed) && digest == self.state.digest => {
                self.state.approvals = self.state.approvals.saturating_add(1);
            }
            StepEvent::Arm if phase == Previewed && (self.state.is_approved() || self.state.exposed()) => {
                self.to(Armed);
                self.arm(Timer::Armed);
            }
            StepEvent::Execute(clearance) if phase == Armed => {
                self.cleared(clearance);
                if self.state.state == Armed {
                    self.begin();
                }
            }
            StepEvent::Cancel if matches!(phase, StepState::Pending | Blocked | Ready | Previewed | Armed) => {
                self.call_off()
            }
            // Nothing was rolled back: the step returns to the state before the rollback.
            StepEvent::Cancel if phase == StepState::NotApplied && self.state.way == Way::Back => self.call_off(),
            StepEvent::Hold => {
                self.state.held = true;
                self.cleared(self.state.clearance);
                if phase == Running {
                    self.stop();
                }
            }
            StepEvent::Release => {
                self.state.held = false;
                self.cleared(self.state.clearance);
                if phase == Running {
                    self.go_on();
                }
            }
            StepEvent::Abandon if phase == Running && !self.state.abandoned => {
                self.state.abandoned = true;
                self.effects.push(StepEffect::Record(Note::Abandoned));
                self.stop();
            }
            StepEvent::Fired(Timer::Armed(epoch)) if phase == Armed && epoch == self.state.epoch => self.disarm(),
            StepEvent::Fired(Timer::Settled(epoch)) if phase == Settling && epoch == self.state.epoch => self.verify(),
            StepEvent::Fired(Timer::Verify(epoch)) if phase == Verifying && epoch == self.state.epoch => {
                self.look_again()
            }
            StepEvent::Fired(Timer::Baked(epoch)) if phase == Baking && epoch == self.state.epoch => self.finish(),
            StepEvent::Verdict(level) => self.judged(level),
            StepEvent::RollBack => self.turn_back(),
            StepEvent::Again => self.again(),
            StepEvent::MarkDone if self.state.manual && phase == Ready => self.conclude(StepState::Attested),
            StepEvent::Skip
                if matches!(phase, StepState::Pending | Blocked | Ready)
                    && self.state.way == Way::Forward
                    && !self.state.partly_done() =>
            {
                self.conclude(StepState::Skipped);
            }
            StepEvent::Adopt if self.may_adopt() => {
                self.state.adopted = true;
                self.state.left = self.state.partly_done();
                self.state.went = Way::Forward;
                self.state.attempt = self.state.attempt.saturating_add(1);
                self.state.recipe.attempt = self.state.attempt;
                self.state.recipe.ops.clear();
                self.effects.push(StepEffect::Record(Note::Adopted(self.state.attempt)));
                self.settle();
            }
            // People have finished by hand a cleanup that could not be finished.
            StepEvent::ResolvedManually(t, true) if phase == StepState::Failed && self.state.unsettled() == Some(t) => {
                self.state.recipe.ops[usize::from(t.op)].state = OpState::Attested;
                self.effects.push(StepEffect::Record(Note::Op(t, OpState::Attested)));
                self.effects.push(StepEffect::Record(Note::State(StepState::Failed)));
            }
            StepEvent::Resumed => self.resume(),
            _ if phase == Running => self.run(event),
            _ => {}
        }
    }

    /// Changes the state; timers of the previous state no longer count.
    pub(super) fn to(&mut self, phase: StepState) {
        self.state.state = phase;
        self.state.epoch = self.state.epoch.wrapping_add(1);
    }

    /// Changes the state, with a record.
    pub(super) fn conclude(&mut self, phase: StepState) {
        self.to(phase);
        self.effects.push(StepEffect::Record(Note::State(phase)));
    }

    fn arm(&mut self, timer: fn(u16) -> Timer) {
        self.effects.push(StepEffect::Arm(timer(self.state.epoch)));
    }

    /// Before it begins, the step's state follows its clearance.
    fn cleared(&mut self, clearance: Clearance) {
        use StepState::{Armed, Blocked, Pending, Previewed, Ready};
        self.state.clearance = clearance;
        let phase = self.state.state;
        if !matches!(phase, Pending | Blocked | Ready | Previewed | Armed) {
            return;
        }
        let wanted = match clearance {
            // A rollback depends on no other step.
            Clearance::Needs if self.state.way == Way::Forward => Pending,
            // A hold does not prevent the cleanup.
            _ if self.state.held && !self.state.exposed() => Blocked,
            Clearance::Clear if matches!(phase, Pending | Blocked) => Ready,
            Clearance::Clear => phase,
            _ => Blocked,
        };
        if wanted != phase {
            self.to(wanted);
        }
    }

    /// The preview is no longer valid, nor are its approvals.
    fn forget_preview(&mut self) {
        self.state.approvals = 0;
        self.state.digest = Digest::default();
        self.state.preview = None;
    }

    fn disarm(&mut self) {
        self.forget_preview();
        self.to(StepState::Ready);
    }

    fn begin(&mut self) {
        let Some(recipe) = self.state.preview.take() else { return };
        self.state.attempt = self.state.attempt.saturating_add(1);
        self.state.enter(recipe);
        self.state.abandoned = false;
        self.state.adopted = false;
        self.to(StepState::Running);
        self.effects.push(StepEffect::Begin);
        self.go_on();
    }

    fn call_off(&mut self) {
        if self.state.exposed() {
            // Only a cleanup was under consideration.
            self.forget_preview();
            self.conclude(StepState::Failed);
        } else if self.state.way == Way::Back {
            let (origin, way) = self.state.origin;
            self.state.way = way;
            self.forget_preview();
            if self.state.went != way {
                self.state.stand();
                self.effects.push(StepEffect::Record(Note::Stands));
            }
            match origin {
                // What the request for rollback interrupted starts again.
                StepState::Settling => self.settle(),
                StepState::Verifying | StepState::Baking => self.verify(),
                _ => self.to(origin),
            }
        } else if self.state.partly_done() {
            // Only another attempt was under consideration; the last one left changes.
            self.forget_preview();
            self.conclude(StepState::Failed);
        } else {
            self.conclude(StepState::Cancelled);
        }
    }

    /// All operations are applied.
    pub(super) fn settle(&mut self) {
        self.conclude(StepState::Settling);
        self.arm(Timer::Settled);
    }

    fn verify(&mut self) {
        self.conclude(StepState::Verifying);
        self.arm(Timer::Verify);
    }

    fn judged(&mut self, level: Level) {
        match (self.state.state, level) {
            (StepState::Verifying, Level::Green) => {
                self.conclude(StepState::Baking);
                self.arm(Timer::Baked);
            }
            (StepState::Verifying | StepState::Baking, Level::Red) => self.conclude(StepState::Failed),
            // An unknown value is not baked: the verification starts again.
            (StepState::Baking, Level::Unknown) => self.verify(),
            _ => {}
        }
    }

    fn finish(&mut self) {
        let attested = self.state.recipe.ops.iter().any(|op| op.state == OpState::Attested);
        if self.state.way == Way::Back {
            self.state.is_back();
        }
        self.conclude(match self.state.way {
            Way::Back => StepState::RolledBack,
            Way::Forward if attested => StepState::Attested,
            Way::Forward => StepState::Done,
        });
    }

    fn turn_back(&mut self) {
        use StepState::{
            Armed, Attested, Baking, Blocked, Done, Failed, NotApplied, Pending, Previewed, Ready, Settling, Verifying,
        };
        let phase = self.state.state;
        let started = matches!(phase, Settling | Verifying | Baking | Done | Failed | Attested);
        let thought = matches!(phase, Pending | Blocked | Ready | Previewed | Armed) && self.state.partly_done();
        let forward = (started || thought) && self.state.way == Way::Forward;
        let again = matches!(phase, Failed | NotApplied) && self.state.way == Way::Back;
        // An unfinished cleanup comes first: the values that a recipe pinned must not be taken for the original state.
        if self.state.reversible && (forward || again) && !self.state.exposed() {
            // After a rollback of which nothing was applied, the origin before it remains valid.
            if phase != NotApplied {
                self.state.origin = (if thought { Failed } else { phase }, self.state.way);
            }
            self.state.way = Way::Back;
            self.forget_preview();
            self.to(StepState::Blocked);
            // The clearance of the other direction does not apply to this one.
            self.cleared(Clearance::Blocked);
        }
    }

    fn again(&mut self) {
        use StepState::{Cancelled, Failed, NotApplied, RolledBack, Skipped};
        if self.state.state == Failed && self.state.exposed() {
            // Only the cleanup: computed from the present state, and shown before any of it is sent.
            self.forget_preview();
            self.to(StepState::Blocked);
            return self.cleared(Clearance::Blocked);
        }
        let over = matches!(self.state.state, Cancelled | NotApplied | RolledBack | Skipped | Failed);
        // A step whose rollback failed does not begin forward again before it is rolled back.
        if over && (self.state.way == Way::Forward || self.state.state == RolledBack) {
            self.state.way = Way::Forward;
            self.forget_preview();
            self.conclude(StepState::Pending);
            self.cleared(Clearance::Blocked);
        }
    }

    fn may_adopt(&self) -> bool {
        use StepState::{Attested, Blocked, Cancelled, Failed, NotApplied, Pending, Ready, RolledBack};
        // The result of a manual resolution may be observed later: an observation is stronger.
        let still = matches!(
            self.state.state,
            Pending | Blocked | Ready | Cancelled | Failed | NotApplied | RolledBack | Attested
        );
        still && matches!(self.state.way, Way::Forward) && !self.state.manual && !self.state.exposed()
    }

    /// Timers and previews do not survive a restart; operations in flight are unknown.
    ///
    /// Nothing continues by itself: an attempt that was under way is held, except for its cleanup, until it is released.
    fn resume(&mut self) {
        use StepState::{Armed, Baking, Blocked, Pending, Previewed, Ready, Running, Settling, Verifying};
        self.forget_preview();
        match self.state.state {
            Pending | Blocked | Ready | Previewed | Armed if self.state.exposed() => self.to(StepState::Failed),
            Pending | Blocked | Ready | Previewed | Armed if self.state.way == Way::Forward => {
                self.to(Pending);
            }
            Pending | Blocked | Ready | Previewed | Armed => self.call_off(),
            Running => {
                self.state.held = true;
                self.resume_run();
            }
            Settling => self.settle(),
            Verifying | Baking => self.verify(),
            _ => {}
        }
    }
}
