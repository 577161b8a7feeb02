//! The transitions of a step.

use super::{
    attempt::{Attempts, Back},
    event::{Clearance, Level, Note, StepEffect, StepEvent, Timer},
    machine::{Considered, Course, Machine, Stands, State},
    recipe::{OpState, Recipe},
    state::{StepState, Way},
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
        let phase = self.state.state();
        match *event {
            StepEvent::Clearance(_)
            | StepEvent::Previewed { .. }
            | StepEvent::Drifted
            | StepEvent::Approved(_)
            | StepEvent::Arm
            | StepEvent::Execute(_)
            | StepEvent::Cancel => self.prepare(event),
            StepEvent::Hold => self.hold(),
            StepEvent::Release => self.release(),
            StepEvent::Abandon if phase == StepState::Running => self.abandon(),
            StepEvent::Fired(Timer::Armed(_) | Timer::Settled(_) | Timer::Verify(_) | Timer::Baked(_)) => {
                self.fired(event);
            }
            StepEvent::Verdict(level) => self.judged(level),
            StepEvent::RollBack => self.turn_back(),
            StepEvent::Again => self.again(),
            StepEvent::MarkDone | StepEvent::Skip | StepEvent::Adopt => self.not_executed(event),
            // People have finished by hand a cleanup that could not be finished.
            StepEvent::ResolvedManually(t, true) if phase == StepState::Failed && self.state.unsettled() == Some(t) => {
                self.set(t, OpState::Attested);
                self.effects.push(StepEffect::Record(Note::Op(t, OpState::Attested)));
                self.effects.push(StepEffect::Record(Note::State(StepState::Failed)));
            }
            StepEvent::Resumed => self.resume(),
            _ if phase == StepState::Running => self.run(event),
            _ => {}
        }
    }

    /// What leads to the beginning of an attempt, or calls it off.
    fn prepare(&mut self, event: &StepEvent) {
        use StepState::{Armed, Blocked, Previewed, Ready};
        let phase = self.state.state();
        match *event {
            StepEvent::Clearance(clearance) => self.cleared(clearance),
            // While a cleanup is unfinished nothing else may begin.
            StepEvent::Previewed { ref recipe, .. } if self.state.exposed() && !recipe.is_cleanup() => {}
            StepEvent::Previewed { digest, ref recipe } if matches!(phase, Ready | Previewed | Armed) => {
                self.preview(digest, recipe);
            }
            StepEvent::Drifted if matches!(phase, Previewed | Armed) => self.disarm(),
            StepEvent::Approved(approved) if matches!(phase, Previewed | Armed) => self.approve(approved),
            StepEvent::Arm if phase == Previewed && (self.state.is_approved() || self.state.exposed()) => self.armed(),
            StepEvent::Execute(clearance) if phase == Armed => {
                self.cleared(clearance);
                self.begin();
            }
            StepEvent::Cancel if matches!(phase, StepState::Pending | Blocked | Ready | Previewed | Armed) => {
                self.call_off()
            }
            // Nothing was rolled back: the step returns to the state before the rollback.
            StepEvent::Cancel if phase == StepState::NotApplied && self.state.way() == Way::Back => self.call_off(),
            _ => {}
        }
    }

    fn hold(&mut self) {
        self.state.held = true;
        self.judge_clearance();
        if self.state.state() == StepState::Running {
            self.stop();
        }
    }

    fn release(&mut self) {
        self.state.held = false;
        self.judge_clearance();
        if self.state.state() == StepState::Running {
            self.go_on();
        }
    }

    /// A timer of the step's state, unless the state has changed since.
    fn fired(&mut self, event: &StepEvent) {
        use StepState::{Armed, Baking, Settling, Verifying};
        let phase = self.state.state();
        match *event {
            StepEvent::Fired(Timer::Armed(epoch)) if phase == Armed && epoch == self.state.epoch => self.disarm(),
            StepEvent::Fired(Timer::Settled(epoch)) if phase == Settling && epoch == self.state.epoch => self.verify(),
            StepEvent::Fired(Timer::Verify(epoch)) if phase == Verifying && epoch == self.state.epoch => {
                self.look_again()
            }
            StepEvent::Fired(Timer::Baked(epoch)) if phase == Baking && epoch == self.state.epoch => self.finish(),
            _ => {}
        }
    }

    /// The step is over, or its goal is satisfied, without an attempt.
    fn not_executed(&mut self, event: &StepEvent) {
        use StepState::{Blocked, Pending, Ready};
        let phase = self.state.state();
        match event {
            StepEvent::MarkDone if self.state.terms.manual && phase == Ready => self.conclude(State::Attested),
            StepEvent::Skip
                if matches!(phase, Pending | Blocked | Ready)
                    && self.state.way() == Way::Forward
                    && !self.state.partly_done() =>
            {
                self.conclude(State::Skipped);
            }
            StepEvent::Adopt if self.may_adopt() => {
                self.state.attempts.adopt();
                self.state.attempt = self.state.attempt.saturating_add(1);
                self.effects.push(StepEffect::Record(Note::Adopted(self.state.attempt)));
                self.settle();
            }
            _ => {}
        }
    }

    /// Changes the state; timers of the previous state no longer count.
    pub(super) fn to(&mut self, state: State) {
        self.state.state = state;
        self.state.epoch = self.state.epoch.wrapping_add(1);
    }

    /// Changes the state, with a record.
    pub(super) fn conclude(&mut self, state: State) {
        self.to(state);
        self.effects.push(StepEffect::Record(Note::State(self.state.state())));
    }

    fn arm(&mut self, timer: fn(u16) -> Timer) {
        self.effects.push(StepEffect::Arm(timer(self.state.epoch)));
    }

    /// How far the attempt is that has not begun.
    fn stand_at(&mut self, stands: Stands) {
        if let State::Considered(considered) = &mut self.state.state {
            considered.stands = stands;
            self.state.epoch = self.state.epoch.wrapping_add(1);
        }
    }

    /// Another attempt is considered; nothing of it has been judged or previewed yet.
    fn consider(&mut self, course: Course) {
        // The clearance of another direction does not apply to this one.
        self.to(State::Considered(Considered::new(course, Clearance::Blocked, Stands::Blocked)));
    }

    fn cleared(&mut self, clearance: Clearance) {
        if let State::Considered(considered) = &mut self.state.state {
            considered.clearance = clearance;
        }
        self.judge_clearance();
    }

    /// Before it begins, the step's state follows its clearance.
    fn judge_clearance(&mut self) {
        let exposed = self.state.exposed();
        let State::Considered(Considered { course, clearance, stands, .. }) = &self.state.state else { return };
        let wanted = match clearance {
            // A rollback depends on no other step.
            Clearance::Needs if *course == Course::Forward => Stands::Pending,
            // A hold does not prevent the cleanup.
            _ if self.state.held && !exposed => Stands::Blocked,
            Clearance::Clear if matches!(stands, Stands::Pending | Stands::Blocked) => Stands::Ready,
            Clearance::Clear => return,
            _ => Stands::Blocked,
        };
        if wanted != *stands {
            self.stand_at(wanted);
        }
    }

    fn preview(&mut self, digest: Digest, recipe: &Recipe) {
        if let State::Considered(considered) = &mut self.state.state {
            // The same preview again keeps its approvals.
            considered.approved = considered.approved.filter(|(of, _)| *of == digest).or(Some((digest, 0)));
            self.stand_at(Stands::Previewed(recipe.clone()));
        }
    }

    fn approve(&mut self, approved: Digest) {
        if let State::Considered(Considered { approved: Some((digest, people)), .. }) = &mut self.state.state
            && *digest == approved
        {
            *people = people.saturating_add(1);
        }
    }

    fn armed(&mut self) {
        if let State::Considered(Considered { stands: Stands::Previewed(recipe), .. }) = &self.state.state {
            self.stand_at(Stands::Armed(recipe.clone()));
            self.arm(Timer::Armed);
        }
    }

    /// The preview is no longer valid, nor are its approvals.
    fn disarm(&mut self) {
        self.forget_preview();
        self.stand_at(Stands::Ready);
    }

    fn forget_preview(&mut self) {
        if let State::Considered(considered) = &mut self.state.state {
            considered.approved = None;
        }
    }

    /// Begins what is armed.
    fn begin(&mut self) {
        let State::Considered(Considered { course, stands: Stands::Armed(recipe), .. }) = &self.state.state else {
            return;
        };
        let (course, recipe) = (*course, recipe.clone());
        self.state.attempt = self.state.attempt.saturating_add(1);
        self.state.enter(recipe, course);
        self.to(State::Running);
        self.effects.push(StepEffect::Begin);
        self.go_on();
    }

    fn abandon(&mut self) {
        if let Some(attempt) = self.state.attempts.attempt_mut()
            && !attempt.abandoned
        {
            attempt.abandoned = true;
            self.effects.push(StepEffect::Record(Note::Abandoned));
            self.stop();
        }
    }

    fn call_off(&mut self) {
        let origin = match &self.state.state {
            State::Considered(Considered { course: Course::Back(origin), .. }) => Some(*origin),
            State::NotApplied => self.state.attempts.origin(),
            _ => None,
        };
        if self.state.exposed() {
            // Only a cleanup was under consideration.
            self.conclude(State::Failed);
        } else if let Some((before, way)) = origin {
            if way == Way::Forward && self.state.attempts.stand().is_some() {
                self.effects.push(StepEffect::Record(Note::Stands));
            }
            match before {
                // What the request for rollback interrupted starts again.
                StepState::Settling => self.settle(),
                StepState::Verifying | StepState::Baking => self.verify(),
                _ => self.to(State::of(before)),
            }
        } else if self.state.partly_done() {
            // Only another attempt was under consideration; the last one left changes.
            self.conclude(State::Failed);
        } else {
            self.conclude(State::Cancelled);
        }
    }

    /// All operations are applied.
    pub(super) fn settle(&mut self) {
        self.conclude(State::Settling);
        self.arm(Timer::Settled);
    }

    fn verify(&mut self) {
        self.conclude(State::Verifying);
        self.arm(Timer::Verify);
    }

    fn judged(&mut self, level: Level) {
        match (&self.state.state, level) {
            (State::Verifying, Level::Green) => {
                self.conclude(State::Baking);
                self.arm(Timer::Baked);
            }
            (State::Verifying | State::Baking, Level::Red) => self.conclude(State::Failed),
            // An unknown value is not baked: the verification starts again.
            (State::Baking, Level::Unknown) => self.verify(),
            _ => {}
        }
    }

    fn finish(&mut self) {
        let attested = self.state.recipe().ops.iter().any(|op| op.state == OpState::Attested);
        match self.state.way() {
            Way::Back => {
                self.state.attempts.finish_back();
                self.conclude(State::RolledBack);
            }
            Way::Forward if attested => self.conclude(State::Attested),
            Way::Forward => self.conclude(State::Done),
        }
    }

    fn turn_back(&mut self) {
        // An unfinished cleanup comes first: the values that a recipe pinned must not be taken for the original state.
        if !self.state.terms.reversible || self.state.exposed() {
            return;
        }
        let way = self.state.way();
        let origin = match (&self.state.state, &self.state.attempts) {
            (State::Settling | State::Verifying | State::Baking | State::Done | State::Failed | State::Attested, _)
                if way == Way::Forward =>
            {
                (self.state.state(), way)
            }
            (State::Considered(Considered { course: Course::Forward, .. }), attempts) if attempts.is_partly_done() => {
                (StepState::Failed, way)
            }
            (State::Failed, Attempts::Back(_)) => (StepState::Failed, way),
            // Nothing of that rollback was applied: the state before it remains valid.
            (State::NotApplied, Attempts::Back(Back { origin, .. })) => *origin,
            _ => return,
        };
        self.consider(Course::Back(origin));
    }

    fn again(&mut self) {
        use State::{Cancelled, Failed, NotApplied, RolledBack, Skipped};
        if matches!(self.state.state, Failed) && self.state.exposed() {
            // Only the cleanup: computed from the present state, and shown before any of it is sent.
            let course = self.state.attempts.origin().map_or(Course::Forward, Course::Back);
            return self.consider(course);
        }
        let over = matches!(self.state.state, Cancelled | NotApplied | RolledBack | Skipped | Failed);
        // A step whose rollback failed does not begin forward again before it is rolled back.
        if over && (self.state.way() == Way::Forward || matches!(self.state.state, RolledBack)) {
            self.conclude(State::of(StepState::Pending));
            self.consider(Course::Forward);
        }
    }

    fn may_adopt(&self) -> bool {
        use StepState::{Attested, Blocked, Cancelled, Failed, NotApplied, Pending, Ready, RolledBack};
        // The result of a manual resolution may be observed later: an observation is stronger.
        let still = matches!(
            self.state.state(),
            Pending | Blocked | Ready | Cancelled | Failed | NotApplied | RolledBack | Attested
        );
        still && self.state.way() == Way::Forward && !self.state.terms.manual && !self.state.exposed()
    }

    /// Timers and previews do not survive a restart; operations in flight are unknown.
    ///
    /// Nothing continues by itself: an attempt that was under way is held, except for its cleanup, until it is released.
    fn resume(&mut self) {
        self.forget_preview();
        match &self.state.state {
            State::Considered(_) if self.state.exposed() => self.to(State::Failed),
            State::Considered(Considered { course: Course::Forward, .. }) => self.stand_at(Stands::Pending),
            State::Considered(_) => self.call_off(),
            State::Running => {
                self.state.held = true;
                self.resume_run();
            }
            State::Settling => self.settle(),
            State::Verifying | State::Baking => self.verify(),
            _ => {}
        }
    }
}
