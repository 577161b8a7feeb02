//! The phases of a step.

use super::{
    event::{Clearance, Effect, Event, Level, Note, Timer},
    recipe::OpState,
    state::{Phase, State, Way},
};
use crate::core::digest::Digest;

/// Takes one event. Nothing else changes a step.
#[must_use]
pub fn step(state: &State, event: &Event) -> (State, Vec<Effect>) {
    let mut next = Next { state: state.clone(), effects: Vec::new() };
    next.take(event);
    (next.state, next.effects)
}

/// A state on its way to the next.
pub(super) struct Next {
    pub state: State,
    pub effects: Vec<Effect>,
}

impl Next {
    fn take(&mut self, event: &Event) {
        use Phase::{Armed, Baking, Blocked, Previewed, Ready, Running, Settling, Verifying};
        let phase = self.state.phase;
        match *event {
            Event::Clearance(clearance) => self.cleared(clearance),
            // While a tail is unfinished nothing else is begun.
            Event::Previewed { ref recipe, .. } if self.state.exposed() && !recipe.is_tail() => {}
            Event::Previewed { digest, ref recipe } if matches!(phase, Ready | Previewed | Armed) => {
                // The same preview again keeps its approvals.
                if self.state.digest != digest {
                    self.state.approvals = 0;
                }
                self.state.digest = digest;
                self.state.preview = Some(recipe.clone());
                self.to(Previewed);
            }
            Event::Drifted if matches!(phase, Previewed | Armed) => self.disarm(),
            Event::Approved(digest) if matches!(phase, Previewed | Armed) && digest == self.state.digest => {
                self.state.approvals = self.state.approvals.saturating_add(1);
            }
            Event::Arm if phase == Previewed && (self.state.is_approved() || self.state.exposed()) => {
                self.to(Armed);
                self.arm(Timer::Armed);
            }
            Event::Execute(clearance) if phase == Armed => {
                self.cleared(clearance);
                if self.state.phase == Armed {
                    self.begin();
                }
            }
            Event::Cancel if matches!(phase, Phase::Pending | Blocked | Ready | Previewed | Armed) => self.call_off(),
            // Nothing was taken back after all: it stands where it stood.
            Event::Cancel if phase == Phase::NotApplied && self.state.way == Way::Back => self.call_off(),
            Event::Hold => {
                self.state.held = true;
                self.cleared(self.state.clearance);
                if phase == Running {
                    self.stop();
                }
            }
            Event::Release => {
                self.state.held = false;
                self.cleared(self.state.clearance);
                if phase == Running {
                    self.go_on();
                }
            }
            Event::Abandon if phase == Running && !self.state.abandoned => {
                self.state.abandoned = true;
                self.effects.push(Effect::Record(Note::Abandoned));
                self.stop();
            }
            Event::Fired(Timer::Armed(epoch)) if phase == Armed && epoch == self.state.epoch => self.disarm(),
            Event::Fired(Timer::Settled(epoch)) if phase == Settling && epoch == self.state.epoch => self.verify(),
            Event::Fired(Timer::Verify(epoch)) if phase == Verifying && epoch == self.state.epoch => self.look_again(),
            Event::Fired(Timer::Baked(epoch)) if phase == Baking && epoch == self.state.epoch => self.finish(),
            Event::Verdict(level) => self.judged(level),
            Event::RollBack => self.turn_back(),
            Event::Again => self.again(),
            Event::Attest if self.state.manual && phase == Ready => self.conclude(Phase::Attested),
            Event::Skip
                if matches!(phase, Phase::Pending | Blocked | Ready)
                    && self.state.way == Way::Forward
                    && !self.state.partly_done() =>
            {
                self.conclude(Phase::Skipped);
            }
            Event::Adopt if self.may_adopt() => {
                self.state.adopted = true;
                self.state.left = self.state.partly_done();
                self.state.went = Way::Forward;
                self.state.attempt = self.state.attempt.saturating_add(1);
                self.state.recipe.attempt = self.state.attempt;
                self.state.recipe.ops.clear();
                self.effects.push(Effect::Record(Note::Adopted(self.state.attempt)));
                self.settle();
            }
            // What could not be finished, people have mended.
            Event::Settled(t, true) if phase == Phase::Failed && self.state.unsettled() == Some(t) => {
                self.state.recipe.ops[usize::from(t.op)].state = OpState::Attested;
                self.effects.push(Effect::Record(Note::Op(t, OpState::Attested)));
                self.effects.push(Effect::Record(Note::Phase(Phase::Failed)));
            }
            Event::Resumed => self.resume(),
            _ if phase == Running => self.run(event),
            _ => {}
        }
    }

    /// Moves on; timers of the phase before do not count any more.
    pub(super) fn to(&mut self, phase: Phase) {
        self.state.phase = phase;
        self.state.epoch = self.state.epoch.wrapping_add(1);
    }

    /// Moves on, on record.
    pub(super) fn conclude(&mut self, phase: Phase) {
        self.to(phase);
        self.effects.push(Effect::Record(Note::Phase(phase)));
    }

    fn arm(&mut self, timer: fn(u16) -> Timer) {
        self.effects.push(Effect::Arm(timer(self.state.epoch)));
    }

    /// Before it is begun, a step is where what is in its way lets it be.
    fn cleared(&mut self, clearance: Clearance) {
        use Phase::{Armed, Blocked, Pending, Previewed, Ready};
        self.state.clearance = clearance;
        let phase = self.state.phase;
        if !matches!(phase, Pending | Blocked | Ready | Previewed | Armed) {
            return;
        }
        let wanted = match clearance {
            // Whoever turns back needs nothing done first.
            Clearance::Needs if self.state.way == Way::Forward => Pending,
            // A hold keeps nobody from finishing a tail.
            _ if self.state.held && !self.state.exposed() => Blocked,
            Clearance::Clear if matches!(phase, Pending | Blocked) => Ready,
            Clearance::Clear => phase,
            _ => Blocked,
        };
        if wanted != phase {
            self.to(wanted);
        }
    }

    /// What was previewed does not hold any more, nor do the approvals of it.
    fn forget_preview(&mut self) {
        self.state.approvals = 0;
        self.state.digest = Digest::default();
        self.state.preview = None;
    }

    fn disarm(&mut self) {
        self.forget_preview();
        self.to(Phase::Ready);
    }

    fn begin(&mut self) {
        let Some(recipe) = self.state.preview.take() else { return };
        self.state.attempt = self.state.attempt.saturating_add(1);
        self.state.enter(recipe);
        self.state.abandoned = false;
        self.state.adopted = false;
        self.to(Phase::Running);
        self.effects.push(Effect::Begin);
        self.go_on();
    }

    fn call_off(&mut self) {
        if self.state.exposed() {
            // What would mend it was thought of.
            self.forget_preview();
            self.conclude(Phase::Failed);
        } else if self.state.way == Way::Back {
            let (origin, way) = self.state.origin;
            self.state.way = way;
            self.forget_preview();
            if self.state.went != way {
                self.state.stand();
                self.effects.push(Effect::Record(Note::Stands));
            }
            match origin {
                // What was interrupted by the thought of turning back begins anew.
                Phase::Settling => self.settle(),
                Phase::Verifying | Phase::Baking => self.verify(),
                _ => self.to(origin),
            }
        } else if self.state.partly_done() {
            // Another attempt was thought of; the last one left something.
            self.forget_preview();
            self.conclude(Phase::Failed);
        } else {
            self.conclude(Phase::Cancelled);
        }
    }

    /// All operations are there.
    pub(super) fn settle(&mut self) {
        self.conclude(Phase::Settling);
        self.arm(Timer::Settled);
    }

    fn verify(&mut self) {
        self.conclude(Phase::Verifying);
        self.arm(Timer::Verify);
    }

    fn judged(&mut self, level: Level) {
        match (self.state.phase, level) {
            (Phase::Verifying, Level::Green) => {
                self.conclude(Phase::Baking);
                self.arm(Timer::Baked);
            }
            (Phase::Verifying | Phase::Baking, Level::Red) => self.conclude(Phase::Failed),
            // What is not known is not baked: it begins anew.
            (Phase::Baking, Level::Hold) => self.verify(),
            _ => {}
        }
    }

    fn finish(&mut self) {
        let attested = self.state.recipe.ops.iter().any(|op| op.state == OpState::Attested);
        if self.state.way == Way::Back {
            self.state.is_back();
        }
        self.conclude(match self.state.way {
            Way::Back => Phase::RolledBack,
            Way::Forward if attested => Phase::Attested,
            Way::Forward => Phase::Done,
        });
    }

    fn turn_back(&mut self) {
        use Phase::{
            Armed, Attested, Baking, Blocked, Done, Failed, NotApplied, Pending, Previewed, Ready, Settling, Verifying,
        };
        let phase = self.state.phase;
        let begun = matches!(phase, Settling | Verifying | Baking | Done | Failed | Attested);
        let thought = matches!(phase, Pending | Blocked | Ready | Previewed | Armed) && self.state.partly_done();
        let forward = (begun || thought) && self.state.way == Way::Forward;
        let again = matches!(phase, Failed | NotApplied) && self.state.way == Way::Back;
        // An unfinished tail first: what a recipe pinned must not be taken for how things were.
        if self.state.reversible && (forward || again) && !self.state.exposed() {
            // After a way back of which nothing was applied, what stood before it still stands.
            if phase != NotApplied {
                self.state.origin = (if thought { Failed } else { phase }, self.state.way);
            }
            self.state.way = Way::Back;
            self.forget_preview();
            self.to(Phase::Blocked);
            // What lay in the way of the other direction says nothing of this one.
            self.cleared(Clearance::Blocked);
        }
    }

    fn again(&mut self) {
        use Phase::{Cancelled, Failed, NotApplied, RolledBack, Skipped};
        if self.state.phase == Failed && self.state.exposed() {
            // The tail, and nothing else: as it is to be from what is there now, which is shown before anything of it is sent.
            self.forget_preview();
            self.to(Phase::Blocked);
            return self.cleared(Clearance::Blocked);
        }
        let over = matches!(self.state.phase, Cancelled | NotApplied | RolledBack | Skipped | Failed);
        // What failed on its way back is not begun forward again before it is back.
        if over && (self.state.way == Way::Forward || self.state.phase == RolledBack) {
            self.state.way = Way::Forward;
            self.forget_preview();
            self.conclude(Phase::Pending);
            self.cleared(Clearance::Blocked);
        }
    }

    fn may_adopt(&self) -> bool {
        use Phase::{Attested, Blocked, Cancelled, Failed, NotApplied, Pending, Ready, RolledBack};
        // What people's word stands for may be seen later: then it is more than a word.
        let still = matches!(
            self.state.phase,
            Pending | Blocked | Ready | Cancelled | Failed | NotApplied | RolledBack | Attested
        );
        still && matches!(self.state.way, Way::Forward) && !self.state.manual && !self.state.exposed()
    }

    /// Timers and previews do not survive the program; what was in flight is not known.
    ///
    /// Nor does anything go forward by itself: an attempt that was under way stands still, but for its tail, until it is released.
    fn resume(&mut self) {
        use Phase::{Armed, Baking, Blocked, Pending, Previewed, Ready, Running, Settling, Verifying};
        self.forget_preview();
        match self.state.phase {
            Pending | Blocked | Ready | Previewed | Armed if self.state.exposed() => self.to(Phase::Failed),
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
