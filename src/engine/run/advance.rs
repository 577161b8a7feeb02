//! What time and the estate do to steps: gates are judged, timers go off, what was previewed drifts.

use super::{
    Preview, ReadUpTo, Run, RunEffect, Stands, drift,
    obstacles::{Obstacle, ObstacleKind, asks, describe},
};
use crate::gate::{Readings, Verdict};
use crate::systems::Systems;
use base::{
    now::Now,
    signal::Measured,
    step::{Clearance, Kind, Level, OpState, StepEvent, StepState, Way},
};
use journal::Body;
use plan::{WINDOW, Window};

/// Whether the gates that let a step begin have done so: nobody judges them any more.
pub(super) const fn has_started(phase: StepState) -> bool {
    use StepState::{Attested, Baking, Done, Running, Settling, Skipped, Verifying};
    matches!(phase, Running | Settling | Verifying | Baking | Done | Attested | Skipped)
}

/// What keeps a condition from being so now. That it has not been so for long enough does not.
fn against(verdict: &Verdict) -> Option<String> {
    if verdict.level == Level::Green {
        return None;
    }
    let decides = verdict.blocking().any(|r| r.decides);
    verdict.blocking().find(|r| (r.decides || !decides) && r.filled.is_none()).map(|r| r.what.clone())
}

impl<S: Systems> Run<S> {
    /// Time has passed: once a second, and whenever a timer is due.
    pub fn tick(&mut self, estate: &S, all: &Measured, read: ReadUpTo, now: Now) -> Vec<RunEffect<S>> {
        self.read = read;
        for at in 0..self.steps.len() {
            if !self.steps[at].waivers.is_empty() {
                self.apply_waivers(at, now);
            }
        }
        let samples = &Readings::of_measured(all);
        for step in &mut self.steps {
            use StepState::{Baking, Verifying};
            let started = step.state.attempt() > 0;
            let judged = [
                (&mut step.gates, !has_started(step.state.state()) || step.state.commits_later()),
                (&mut step.verify, matches!(step.state.state(), Verifying | Baking) || step.baked_since.is_some()),
                (&mut step.rollback, started),
            ];
            judged.into_iter().filter(|(_, needed)| *needed).for_each(|(judge, _)| judge.evaluate(samples, now));
        }
        for watch in self.invariants.iter_mut().chain(&mut self.aborts) {
            watch.judge.evaluate(samples, now);
            watch.stands = match watch.judge.level(now) {
                Level::Green => Stands::Yes,
                Level::Red => Stands::No,
                Level::Unknown if matches!(watch.stands, Stands::Unseen { .. }) => {
                    Stands::Unseen { blind: watch.judge.verdict(now).reasons.iter().any(|r| r.blind.is_some()) }
                }
                Level::Unknown => watch.stands,
            };
        }
        let mut effects = Vec::new();
        if self.halted.is_some() {
            // Nothing follows on a timer any more; one that stays due would be due for ever.
            self.due.clear();
            return effects;
        }
        if self.writer.is_none() {
            // Somebody else's console moves it; this one only shows what is in the way of what is next.
            (0..self.steps.len()).for_each(|at| drop(self.judge(at, estate, now)));
            return effects;
        }
        // What a verification says comes first: a bake that ends in this very moment must have been seen to the end.
        for at in 0..self.steps.len() {
            if matches!(self.steps[at].state.state(), StepState::Verifying | StepState::Baking) {
                effects.extend(self.judge(at, estate, now));
            }
        }
        while let Some((at, step, timer)) = self.due.first().copied().filter(|(at, ..)| *at <= now.boot) {
            self.due.remove(&(at, step, timer));
            effects.extend(self.take(step, &StepEvent::Fired(timer), now));
        }
        for at in 0..self.steps.len() {
            effects.extend(self.judge(at, estate, now));
        }
        self.impossible = self.next_impossible(estate, now);
        effects.extend(self.readings(&all.samples, now));
        effects
    }

    /// Whether the step that could begin next can be worked out at all: its gates say nothing of that.
    fn next_impossible(&self, estate: &S, now: Now) -> Option<(usize, Obstacle)> {
        let over = |step: &super::StepRun<S>| {
            matches!(step.state.state(), StepState::Done | StepState::Attested | StepState::Skipped)
        };
        let at = self.steps.iter().position(|step| !over(step))?;
        let state = &self.steps[at].state;
        if state.state() != StepState::Ready || state.way() == Way::Back || state.is_manual() {
            return None;
        }
        match self.work_out(at, estate, now) {
            Err(faults) => {
                let why = format!("the preview failed: {}", faults.first()?);
                Some((at, Obstacle::new(ObstacleKind::Preview, Level::Unknown, why)))
            }
            Ok(preview) => {
                let broken = preview.draft.broken.first()?;
                let why = format!("it is forbidden: {broken}");
                Some((at, Obstacle::new(ObstacleKind::Preview, Level::Red, why)))
            }
        }
    }

    pub(super) fn judge(&mut self, at: usize, estate: &S, now: Now) -> Vec<RunEffect<S>> {
        let mut effects = Vec::new();
        // Once the attempt is over nothing of it is held back any more: its way back is not. What a restart has held, and what did not come
        // to its end, waits for a person.
        let phase = self.steps[at].state.state();
        let still = self.steps[at].still && phase != StepState::Running;
        let over = matches!(phase, StepState::Done | StepState::Attested | StepState::RolledBack);
        self.steps[at].still &= !still;
        if (still || over) && self.held.is_none() && self.steps[at].state.is_held() {
            effects.extend(self.take(at, &StepEvent::Release, now));
        }
        match phase {
            StepState::Pending | StepState::Blocked | StepState::Ready | StepState::Previewed | StepState::Armed => {
                self.break_bake(at, now);
                let clearance = self.clearance(at, now);
                if self.steps[at].state.clearance() != Some(clearance) || phase == StepState::Pending {
                    effects.extend(self.take(at, &StepEvent::Clearance(clearance), now));
                }
                self.drift(at, estate, now, &mut effects);
            }
            StepState::Verifying | StepState::Baking if self.writer.is_some() => {
                self.break_bake(at, now);
                let level = self.verdict_of(at, now);
                effects.extend(self.take(at, &StepEvent::Verdict(level), now));
            }
            StepState::Running if self.writer.is_some() => effects.extend(self.stand_still(at, now)),
            _ => {}
        }
        effects
    }

    /// A bake that went on while a rollback was considered is broken by whatever would have broken it: it is verified anew.
    fn break_bake(&mut self, at: usize, now: Now) {
        let step = &self.steps[at];
        if step.baked_since.is_none() || step.state.state() == StepState::Baking {
            return;
        }
        if self.verified_forward(at, now) != Level::Green {
            let plan = self.plan.clone();
            let step = &mut self.steps[at];
            step.baked_since = None;
            if step.state.state() == StepState::Verifying {
                step.verify = super::judge(&plan, &super::act::plan_step(&plan, step.at).verify).since(now);
            }
        }
    }

    /// What was previewed has to be what is there.
    fn drift(&mut self, at: usize, estate: &S, now: Now, effects: &mut Vec<RunEffect<S>>) {
        if !matches!(self.steps[at].state.state(), StepState::Previewed | StepState::Armed) {
            return;
        }
        let shown = match &self.steps[at].preview {
            Some(Ok(Preview { digest, .. })) => Some(*digest),
            _ => None,
        };
        let fresh = self.work_out(at, estate, now);
        let same = fresh.as_ref().is_ok_and(|p| Some(p.digest) == shown && p.draft.broken.is_empty());
        if !same {
            let (taken, why) = self.drifted(at, &fresh, now);
            effects.extend(taken);
            self.notice = Some((now, why));
        }
    }

    /// The current state does not match the preview: it is taken back, and what is different stays on the step. Also returned in words.
    pub(super) fn drifted(&mut self, at: usize, fresh: &super::Previewed<S>, now: Now) -> (Vec<RunEffect<S>>, String) {
        let effects = self.take(at, &StepEvent::Drifted, now);
        let shown = self.steps[at].preview.take().and_then(Result::ok);
        let different = drift::different(shown.as_ref().map(|it| &it.draft), fresh.as_ref().map(|it| &it.draft));
        let id = &self.plan_of(at).id;
        let why = format!("{id}: preview it again, the current state has changed: {}", different.join("; "));
        self.steps[at].disarmed = different;
        (effects, why)
    }

    /// How its verification stands. The way back is verified by its own read-backs alone.
    fn verdict_of(&self, at: usize, now: Now) -> Level {
        if self.steps[at].state.way() == Way::Back { Level::Green } else { self.verified_forward(at, now) }
    }

    /// How the verification of what went forward stands. While something asks for the way back, nothing that goes forward is done, and bakes
    /// anew once it is over.
    fn verified_forward(&self, at: usize, now: Now) -> Level {
        let level = self.steps[at].verify.level(now);
        let abort = !self.is_emergency(at) && self.asks_back(at).next().is_some();
        if abort && level == Level::Green { Level::Unknown } else { level }
    }

    /// What asks for the way back, did when it was last known, or cannot be known, and was not left out of this step by two people. What has
    /// no value for want of traffic asks for nothing.
    pub(super) fn asks_back(&self, at: usize) -> impl Iterator<Item = &super::Watch> {
        let asks = |watch: &&super::Watch| matches!(watch.stands, Stands::Yes | Stands::Unseen { blind: true });
        self.aborts.iter().filter(asks).filter(move |watch| !self.is_left_out(at, &watch.id))
    }

    fn is_left_out(&self, at: usize, id: &str) -> bool {
        self.steps[at].waivers.iter().any(|waiver| waiver.gate == id)
    }

    /// The plan's window where it is not open and was not left out of this step by two people. It is a time of the calendar.
    pub(super) fn closed(&self, at: usize, now: Now) -> Option<Window> {
        let window = self.plan.budgets.window.filter(|w| !(w.start..=w.end).contains(&now.wall))?;
        (!self.is_left_out(at, WINDOW)).then_some(window)
    }

    /// What keeps a step that has begun from being done, beside its own gates.
    pub(super) fn keeps(&self, at: usize, now: Now) -> Vec<Obstacle> {
        let state = &self.steps[at].state;
        let judged = matches!(state.state(), StepState::Verifying | StepState::Baking) && state.way() == Way::Forward;
        let described = |watch: &super::Watch| {
            let so =
                if watch.judge.level(now) == Level::Green { "while this is true" } else { "while this is unknown" };
            Obstacle::new(ObstacleKind::Trigger, Level::Unknown, format!("not done {so}: {}", watch.title))
        };
        if judged && !self.is_emergency(at) { self.asks_back(at).map(described).collect() } else { Vec::new() }
    }

    /// Whether a step may begin. What finishes a tail needs nothing done first.
    pub(super) fn clearance(&self, at: usize, now: Now) -> Clearance {
        let state = &self.steps[at].state;
        let back = state.way() == Way::Back || state.exposed();
        if !back && !self.missing(at).is_empty() {
            return Clearance::Needs;
        }
        if self.is_clear(at, now) { Clearance::Clear } else { Clearance::Blocked }
    }

    /// Whether [`Self::obstacles`] has nothing to say, without saying it: this is asked of every step every second.
    fn is_clear(&self, at: usize, now: Now) -> bool {
        let step = &self.steps[at];
        if step.state.exposed() {
            return self.halted.is_none() && self.in_conflict(at).is_none() && !self.unread(at);
        }
        let back = step.state.way() == Way::Back;
        let gates = if back { &step.rollback } else { &step.gates };
        self.halted.is_none()
            && self.held.is_none()
            && !step.state.is_held()
            && (!self.checks_invariants(at)
                || self.invariants.iter().all(|watch| watch.judge.level(now) == Level::Green)
                    && self.asks_back(at).next().is_none()
                    && self.failed_elsewhere(at).is_none()
                    && self.closed(at, now).is_none())
            && gates.level(now) == Level::Green
            && self.would_undo(at).is_none()
            && self.in_conflict(at).is_none()
            && !self.unread(at)
    }

    /// What speaks now against what an attempt under way is about to send. That a gate has not been true for long enough does not: what the
    /// attempt itself has changed may have interrupted it, and it was long enough when the attempt was begun.
    pub(super) fn second_thoughts(&self, at: usize, now: Now) -> Option<String> {
        if self.is_emergency(at) {
            return None;
        }
        let invariant =
            |watch: &super::Watch| Some(format!("{}: {}", watch.title, against(&watch.judge.verdict(now))?));
        against(&self.steps[at].gates.verdict(now))
            .or_else(|| self.invariants.iter().find_map(invariant))
            .or_else(|| self.asks_back(at).next().map(|watch| asks(watch, now).why))
            .or_else(|| self.closed(at, now).map(|window| describe(window, now)))
    }

    /// Why an attempt that goes forward request by request may send no more of them, if it has any left.
    pub(super) fn must_stand_still(&self, at: usize, now: Now) -> Option<String> {
        let state = &self.steps[at].state;
        let unsent = state.recipe().ops.iter().any(|op| op.kind != Kind::Wait && op.state == OpState::Waiting);
        let cleanup = state.recipe().ops.iter().any(|op| op.cleanup);
        if state.state() != StepState::Running
            || state.went() == Way::Back
            || !unsent
            || cleanup
            || self.is_emergency(at)
        {
            return None;
        }
        let broken = self.invariants.iter().find(|watch| watch.judge.level(now) == Level::Red);
        let broken = broken.map(|watch| format!("{}: {}", watch.title, watch.judge.verdict(now).because()));
        let asked = || self.asks_back(at).next().map(|watch| asks(watch, now).why);
        broken.or_else(asked).or_else(|| self.closed(at, now).map(|w| describe(w, now)))
    }

    /// An attempt that goes forward request by request sends no more of them once an invariant is broken, something asks for the way back, or
    /// the plan's window has closed: it stands still, as if it was held. One with a safe tail has no place to stand still at.
    pub(super) fn stand_still(&mut self, at: usize, now: Now) -> Vec<RunEffect<S>> {
        let why = if self.steps[at].state.is_held() { None } else { self.must_stand_still(at, now) };
        let Some(why) = why else { return Vec::new() };
        let text = format!("{} is held: {why}; H releases it after that", self.plan_of(at).id);
        self.notice = Some((now, text.clone()));
        let mut effects = vec![RunEffect::Record(Body::Remark { by: "landfall".to_owned(), text, refused: None })];
        effects.extend(self.take(at, &StepEvent::Hold, now));
        self.steps[at].still = true;
        effects
    }

    /// An emergency, on its way forward, is a way back by another name: what is not known or not as it should be is what it is for, and
    /// does not block it.
    fn is_emergency(&self, at: usize) -> bool {
        self.steps[at].state.way() == Way::Forward && self.plan_of(at).action.spec().emergency
    }

    /// What must be true while the run goes on, what asks for the way back and a window that is not open hold up what goes forward, never
    /// what takes back.
    pub(super) fn checks_invariants(&self, at: usize) -> bool {
        self.steps[at].state.way() == Way::Forward && !self.is_emergency(at)
    }

    /// Another step that is under way on the same thing: each could undo what the other compares with. An emergency compares with nothing,
    /// and what is under way finds that somebody else has changed the thing.
    pub(super) fn in_conflict(&self, at: usize) -> Option<usize> {
        if self.is_emergency(at) {
            return None;
        }
        let target = self.plan_of(at).action.target();
        (0..self.steps.len()).find(|&other| {
            other != at
                && self.steps[other].state.state() == StepState::Running
                && self.plan_of(other).action.target() == target
        })
    }

    /// Whether what a step is about was changed after it was read last. A preview of older readings would say that there is nothing to do,
    /// or take for how things are what is long gone.
    pub(super) fn unread(&self, at: usize) -> bool {
        if self.is_emergency(at) {
            return false;
        }
        let target = self.plan_of(at).action.target();
        let of_it = |i: &usize| self.steps[*i].changed.is_some() && self.plan_of(*i).action.target() == target;
        let last = (0..self.steps.len()).filter(of_it).filter_map(|i| self.steps[i].changed).max();
        last.is_some_and(|(when, system)| self.read.get(system).is_none_or(|read| *read <= when))
    }

    /// Steps that have to be done first.
    pub(super) fn missing(&self, at: usize) -> Vec<&str> {
        let done = |id: &String| self.place(id).is_some_and(|i| self.is_satisfied(i));
        self.plan_of(at).needs.iter().filter(|id| !done(id)).map(String::as_str).collect()
    }

    /// Whether what needs a step may go on. What changed nothing itself, because a person did it or it was left out, stands only as
    /// long as what it needs does.
    fn is_satisfied(&self, at: usize) -> bool {
        let state = &self.steps[at].state;
        let own = state.state() == StepState::Done && !state.is_adopted();
        state.satisfies() && (own || self.missing(at).is_empty())
    }

    /// A later step that stands on this one, be it by way of others.
    pub(super) fn standing_on(&self, at: usize) -> Option<usize> {
        let mut below = vec![self.plan_of(at).id.as_str()];
        // Steps come after what they need, or are found in the next round.
        let mut found = true;
        while std::mem::take(&mut found) {
            for i in 0..self.steps.len() {
                let plan = self.plan_of(i);
                if below.contains(&plan.id.as_str()) || !plan.needs.iter().any(|n| below.contains(&n.as_str())) {
                    continue;
                }
                if self.steps[i].state.stands() {
                    return Some(i);
                }
                below.push(&plan.id);
                found = true;
            }
        }
        None
    }
}
