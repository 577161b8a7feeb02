//! Carries a recipe out on the simulated servers, as the executor does.

use std::collections::VecDeque;

use super::*;

/// A minimal driver.
pub(super) struct Play<'a> {
    pub(super) run: &'a mut Run,
    pub(super) name: &'static str,
    pub(super) ops: Vec<Operation<Call, Version>>,
    pub(super) marks: Vec<Option<Version>>,
    pub(super) step: Step,
    pub(super) events: VecDeque<StepEvent>,
    pub(super) timers: Vec<(Duration, Timer)>,
    /// The reply to this operation is lost.
    pub(super) lost: Option<usize>,
}

impl<'a> Play<'a> {
    pub(super) fn begin(run: &'a mut Run, name: &'static str, ops: Vec<Operation<Call, Version>>) -> Self {
        Self::on(run, name, ops, Step::new(0, true, false))
    }

    /// Runs a step with earlier state.
    pub(super) fn on(run: &'a mut Run, name: &'static str, ops: Vec<Operation<Call, Version>>, step: Step) -> Self {
        let recipe = Recipe::sequence(ops.iter().map(|op| (op.kind, op.cleanup)));
        let marks = vec![None; ops.len()];
        let mut play = Self { run, name, ops, marks, step, events: VecDeque::new(), timers: Vec::new(), lost: None };
        let clear = Clearance::Clear;
        for event in [
            StepEvent::Clearance(clear),
            StepEvent::Previewed { digest: Digest([1; 32]), recipe },
            StepEvent::Arm,
            StepEvent::Execute(clear),
        ] {
            play.take(&event);
        }
        assert_eq!(play.step.state(), StepState::Running);
        play
    }

    pub(super) fn tag(&self, at: usize) -> String {
        format!("{}/{at}", self.name)
    }

    pub(super) fn mark(&self, at: usize) -> Option<Version> {
        self.ops[at].precondition.bind(|place| self.marks.get(place).cloned().flatten()).expect("it is known by now")
    }

    pub(super) fn take(&mut self, event: &StepEvent) {
        let (next, effects) = step(&self.step, event);
        self.step = next;
        for effect in effects {
            let at = |t: base::step::Ticket| usize::from(t.op);
            match effect {
                StepEffect::Begin | StepEffect::Record(_) => {}
                StepEffect::Act(t) => {
                    self.events.push_back(StepEvent::Written(t));
                    let (op, mark, tag) = (&self.ops[at(t)], self.mark(at(t)), self.tag(at(t)));
                    let sent = State::write(&mut self.run.sim, &tag, &op.call, mark.as_ref(), self.run.now);
                    let reply = if self.lost == Some(at(t)) { Reply::Indeterminate } else { sent.reply };
                    self.events.push_back(StepEvent::Reply(t, reply));
                }
                StepEffect::Verify(t, look) => {
                    let (op, mark, tag) = (&self.ops[at(t)], self.mark(at(t)), self.tag(at(t)));
                    let seen = State::verify(&mut self.run.sim, &tag, &op.call, mark.as_ref(), self.run.now);
                    self.marks[at(t)] = seen.version.or(self.marks[at(t)].take());
                    self.events.push_back(StepEvent::Verified(t, look, seen.truth));
                }
                StepEffect::Arm(timer) => {
                    let wait = match timer {
                        Timer::Reply(t) => {
                            State::waits_within(&self.ops[at(t)].call).unwrap_or(Duration::from_secs(100))
                        }
                        Timer::Quarantine(t, _) => self.ops[at(t)].quarantine,
                        _ => Duration::from_millis(200),
                    };
                    self.timers.push((self.run.now.boot + wait, timer));
                }
            }
        }
    }

    /// Runs until there is nothing left to do, or `until` holds.
    pub(super) fn go(&mut self, until: impl Fn(&Step) -> bool) {
        for _ in 0..10_000 {
            if self.step.state() != StepState::Running || until(&self.step) {
                return;
            }
            if let Some(event) = self.events.pop_front() {
                self.take(&event);
                continue;
            }
            self.timers.sort_by_key(|(at, _)| *at);
            if self.timers.is_empty() {
                return;
            }
            let (at, timer) = self.timers.remove(0);
            let step = at.saturating_sub(self.run.now.boot);
            self.run.now.boot += step;
            self.run.now.wall += step;
            self.take(&StepEvent::Fired(timer));
        }
        panic!("it never ends: {:?}", self.states());
    }

    pub(super) fn states(&self) -> Vec<OpState> {
        self.step.recipe().ops.iter().map(|op: &Op| op.state).collect()
    }
}

impl Run {
    pub(super) fn members(&mut self) -> (Vec<ConfigMember>, i64, String) {
        State::advance(&mut self.sim, self.now);
        match State::answer(&mut self.sim, &Query::Config { set: 0 }, self.now) {
            Ok(Observation::Config(c)) => (c.members, c.version, c.from),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn move_to(&mut self, side: Side) -> Draft<Call, Version> {
        // Some member may be slow at present: then it is waited for.
        self.draft(&to(side)).expect("a draft")
    }
}
