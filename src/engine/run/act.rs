//! The effects of a step, carried out.

use std::time::Duration;

use serde::Serialize;

use super::{Preview, ReadUpTo, Run, RunEffect, RunInput, Verify};
use crate::systems::{BodyOf, EntryOf, IntentOf, Systems};
use base::{
    digest::Digest,
    now::Now,
    operation::{Data, Draft, Precondition},
    step::{
        Kind, Level, Limits, Machine, Note, Op, OpState, Recipe, StepEffect as Wanted, StepEvent, StepState, Ticket,
        Timer, Way, step,
    },
};
use journal::{About, AttemptStarted, Body, Intent, Transition};

/// The machine's part of a draft.
pub(super) fn recipe_of<C, V>(draft: &Draft<C, V>) -> Recipe {
    let ops = draft.ops.iter().map(|op| Op::new(op.kind, op.cleanup)).collect();
    Recipe { attempt: 0, ops, limits: draft.limits }
}

/// What approvals and confirmations are bound to: what is sent, in which order, against what.
pub(super) fn digest_of<C: Data, V: Data>(
    (journal, step): (&str, &str),
    attempt: u16,
    way: Way,
    draft: &Draft<C, V>,
) -> Digest {
    #[derive(Serialize)]
    struct Bound<'a, C, V> {
        step: &'a str,
        /// An approval in one journal, or of one attempt, is none in another or of the next, even if that would do the same.
        journal: &'a str,
        attempt: u16,
        way: Way,
        limits: Limits,
        ops: Vec<(&'a C, &'a Precondition<V>, Kind, bool)>,
    }
    let ops = draft.ops.iter().map(|op| (&op.call, &op.precondition, op.kind, op.cleanup)).collect();
    hashed(&Bound { step, journal, attempt, way, limits: draft.limits, ops })
}

pub(super) fn hashed(value: &impl Serialize) -> Digest {
    // What cannot be written down has the digest of nothing, which no preview has.
    serde_json::to_vec(value).map(|bytes| Digest::of(&bytes)).unwrap_or_default()
}

/// The operation that a record is the intent of.
fn intended<S: Systems>(entry: &EntryOf<S>) -> Option<(String, Ticket)> {
    match &entry.body {
        Body::Intent(intent) => Some((intent.step.clone(), intent.ticket)),
        _ => None,
    }
}

/// A step of the plan, by its place.
pub(super) fn plan_step(plan: &plan::Plan, (phase, step): (usize, usize)) -> &plan::StepPlan {
    &plan.runbook.phases[phase].steps[step]
}

impl<S: Systems> Run<S> {
    /// Takes one input, with the time up to which each system has been read.
    pub fn handle(&mut self, input: RunInput<S>, estate: &S, read: ReadUpTo, now: Now) -> Vec<RunEffect<S>> {
        self.read = read;
        match input {
            RunInput::Order(order) => self.order(order, estate, now),
            RunInput::Replied { step, ticket, sent } => self.replied(&step, ticket, sent, now),
            RunInput::Verified { step, ticket, look, verified: looked } => {
                self.verified(&step, ticket, look, looked, now)
            }
            RunInput::Recorded(entry) => {
                let intended = intended::<S>(&entry);
                self.keep(*entry);
                intended.map_or_else(Vec::new, |(step, ticket)| self.about(&step, &StepEvent::Written(ticket), now))
            }
            RunInput::Withdrawn(entry) => {
                let intended = intended::<S>(&entry);
                self.keep(*entry);
                let Some((at, ticket)) = intended.and_then(|(step, ticket)| Some((self.place(&step)?, ticket))) else {
                    return Vec::new();
                };
                self.remember(at, ticket, "not sent".to_owned(), None);
                self.take(at, &StepEvent::Withdrawn(ticket), now)
            }
            RunInput::Asked { step, ticket } => {
                if let Some(at) = self.place(&step) {
                    self.go_on_waiting(at, ticket, now);
                }
                Vec::new()
            }
            RunInput::Writing(waits) => {
                self.writing = waits;
                Vec::new()
            }
            RunInput::Halted(why) => {
                self.halted.get_or_insert(why);
                Vec::new()
            }
        }
    }

    /// Whether the request of an intent that is now on record may still be sent: somebody may have held the run while it was being written.
    #[must_use]
    pub fn may_send(&self, intent: &IntentOf<S>) -> bool {
        self.place(&intent.step).is_some_and(|at| self.steps[at].state.may_send(intent.ticket))
    }

    fn about(&mut self, step: &str, event: &StepEvent, now: Now) -> Vec<RunEffect<S>> {
        self.place(step).map_or_else(Vec::new, |at| self.take(at, event, now))
    }

    /// Gives a step's machine an event, and carries out what it wants.
    pub(super) fn take(&mut self, at: usize, event: &StepEvent, now: Now) -> Vec<RunEffect<S>> {
        let (state, wanted) = step(&self.steps[at].state, event);
        let before = std::mem::replace(&mut self.steps[at].state, state);
        self.moved(at, &before, now);
        self.disarmed(at, &before, event, now);
        let mut out = Vec::new();
        for effect in wanted {
            match effect {
                Wanted::Begin => out.extend(self.begin(at, before.partly_done(), now).map(RunEffect::Record)),
                Wanted::Act(ticket) => match self.intent(at, ticket) {
                    Some(intent) => out.push(RunEffect::Send(Box::new(intent))),
                    None => out.extend(self.take(at, &StepEvent::Unsent(ticket), now)),
                },
                Wanted::Record(note) => {
                    match note {
                        Note::Op(ticket, state) => {
                            self.reached(at, ticket, state);
                            out.extend(self.changed(at, ticket, state, now));
                        }
                        Note::Stands => self.steps[at].stand(),
                        Note::Adopted(_) => {
                            self.steps[at].adopt(before.partly_done());
                            self.steps[at].began = None;
                        }
                        _ => {}
                    }
                    out.push(RunEffect::Record(self.transition(at, note)));
                }
                Wanted::Verify(ticket, look) => {
                    if let Some(verify) = self.look(at, ticket, look) {
                        self.stop_wait(at, ticket, now);
                        out.push(RunEffect::Verify(verify));
                    }
                }
                Wanted::Arm(timer) => self.set_timer(at, timer, now),
            }
        }
        out
    }

    /// From now on what was read before may not be so any more.
    fn changed(&mut self, at: usize, ticket: Ticket, state: OpState, now: Now) -> Option<RunEffect<S>> {
        let op = self.steps[at].attempt.as_ref()?.op(ticket.op)?;
        let system = S::called(&op.call);
        // An intent that is withdrawn has changed nothing.
        if op.kind == Kind::Wait || state == OpState::Waiting {
            return None;
        }
        self.steps[at].changed = Some((now.boot, system));
        (!state.in_flight()).then_some(RunEffect::ReadAgain(system))
    }

    /// Keeps why a step is no longer armed, where nobody has cancelled it.
    fn disarmed(&mut self, at: usize, before: &Machine, event: &StepEvent, now: Now) {
        let phase = self.steps[at].state.state();
        if phase == before.state() {
            return;
        }
        let why = match event {
            _ if before.state() != StepState::Armed || phase == StepState::Running => None,
            StepEvent::Fired(Timer::Armed(_)) => Some("it was armed and not executed in time".to_owned()),
            StepEvent::Hold => Some("the run was held".to_owned()),
            StepEvent::Clearance(_) => Some(self.why_blocked(at, now)),
            _ => None,
        };
        let judged = matches!(event, StepEvent::Clearance(_) | StepEvent::Release);
        // Whether it may begin changes by itself; everything else is a new turn.
        if why.is_some() || !judged {
            self.steps[at].disarmed = why.into_iter().collect();
        }
    }

    /// What a step's move means for what hangs on it.
    fn moved(&mut self, at: usize, before: &Machine, now: Now) {
        let plan = self.plan.clone();
        let step = &mut self.steps[at];
        step.exposed = step.state.exposed().then(|| step.exposed.unwrap_or((now, Duration::ZERO)));
        step.at_work_since(now, Duration::ZERO);
        // Approvals are of one preview; the machine counts them for the same one. The record of the attempt takes those of what has begun.
        if step.state.digest() != before.digest() && step.state.state() != StepState::Running {
            step.approved.clear();
        }
        let phase = step.state.state();
        if phase == before.state() {
            return;
        }
        match phase {
            StepState::Failed => step.failed = true,
            StepState::Running | StepState::Done | StepState::RolledBack => step.failed = false,
            _ => {}
        }
        // A rollback that was only considered has changed nothing: the bake goes on.
        let considers_back = |it: &Machine| it.way() == Way::Back && it.state() <= StepState::Armed;
        step.baked_since = match phase {
            StepState::Baking => step.baked_since.or(Some(now)),
            StepState::Verifying if considers_back(before) => step.baked_since,
            _ if considers_back(&step.state) => step.baked_since,
            _ => None,
        };
        if phase == StepState::Verifying && step.baked_since.is_none() {
            // What was true before it was done proves nothing, and nor does what was read before.
            step.verify = super::judge(&plan, &plan_step(&plan, step.at).verify).since(now);
        }
        if phase == StepState::RolledBack {
            step.is_back();
        }
        if phase == StepState::Failed && matches!(before.state(), StepState::Verifying | StepState::Baking) {
            // Nobody judges it any more: what it was is kept now or not at all.
            let verdict = step.verify.verdict(now);
            let red = verdict.blocking().filter(|r| r.level == Level::Red).map(|r| r.what.as_str());
            let found = red.collect::<Vec<_>>().join("; ");
            step.attempt.iter_mut().for_each(|attempt| attempt.found.clone_from(&found));
        }
        self.apply_waivers(at, now);
    }

    fn begin(&mut self, at: usize, left: bool, now: Now) -> Option<BodyOf<S>> {
        let plan = self.plan_of(at);
        let (id, timeout, action) = (plan.id.clone(), plan.timeout, hashed(&plan.action));
        let (gates, about) = (self.gates_on_record(at, now), self.judged_on_record(at));
        let step = &mut self.steps[at];
        let Some(Ok(Preview { way, digest, draft })) = step.preview.take() else { return None };
        step.enter(way, draft.clone(), left);
        if way == Way::Forward {
            step.began = None;
        }
        let approved_by = std::mem::take(&mut step.approved).into_keys().collect();
        let record = step.state.started();
        Some(Body::AttemptStarted(Box::new(AttemptStarted {
            step: id,
            action,
            record,
            digest,
            draft,
            approved_by,
            gates,
            about,
            timeout,
        })))
    }

    /// Its gates as they stand, for the record.
    fn gates_on_record(&self, at: usize, now: Now) -> Vec<String> {
        let step = &self.steps[at];
        let judge = if step.state.way() == Way::Back { &step.rollback } else { &step.gates };
        judge.verdict(now).reasons.into_iter().map(|r| format!("{}: {}", r.gate, r.what)).collect()
    }

    /// What those are about: each series once.
    fn judged_on_record(&self, at: usize) -> Vec<About> {
        let plan = self.plan_of(at);
        let condition = if self.steps[at].state.way() == Way::Back { &plan.rollback_gates } else { &plan.gates };
        let mut all = Vec::new();
        for gate in condition.gates() {
            let labels = gate.labels.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            let about = About { signal: gate.metric.id.to_owned(), labels };
            if !all.contains(&about) {
                all.push(about);
            }
        }
        all
    }

    /// An intent; none if what it compares with is not known, which must not be sent.
    fn intent(&mut self, at: usize, ticket: Ticket) -> Option<IntentOf<S>> {
        let plan = self.plan_of(at);
        let (id, deadline) = (plan.id.clone(), plan.timeout);
        let tag = self.tag(&id, ticket);
        let attempt = self.steps[at].attempt.as_mut()?;
        let op = attempt.op(ticket.op)?.clone();
        let expect = attempt.bound(&op).ok()?;
        attempt.intend(ticket.op, expect.as_ref());
        let request = hashed(&(&op.call, &expect));
        Some(Intent { step: id, ticket, what: op.what, call: op.call, precondition: expect, request, tag, deadline })
    }

    /// What a request carries: unique to one operation of one attempt in one journal.
    fn tag(&self, step: &str, ticket: Ticket) -> String {
        format!("{}/{}/{step}/{}.{}.{}", self.name, self.journal, ticket.attempt, ticket.op, ticket.turn)
    }

    fn transition(&self, at: usize, note: Note) -> BodyOf<S> {
        let (notice, mark) = match (note, &self.steps[at].attempt) {
            (Note::Op(ticket, _), Some(step)) => {
                let op = step.run(ticket.op);
                (op.map_or_else(String::new, |op| op.detail.clone()), op.and_then(|op| op.version.clone()))
            }
            (Note::State(StepState::Failed), Some(step)) => (step.found.clone(), None),
            _ => (String::new(), None),
        };
        Body::Transition(Transition { step: self.plan_of(at).id.clone(), note, detail: notice, version: mark })
    }

    fn look(&self, at: usize, ticket: Ticket, look: u16) -> Option<Box<Verify<S::Call, S::Version>>> {
        let id = self.plan_of(at).id.clone();
        let attempt = self.steps[at].attempt.as_ref()?;
        let op = attempt.op(ticket.op)?;
        // A wait has no intent to remember what it compares with.
        let run = attempt.run(ticket.op);
        let sent = run.and_then(|run| run.expected.clone());
        let expect = sent.or_else(|| attempt.bound(op).ok().flatten());
        let tag = self.tag(&id, ticket);
        let accepted = run.is_some_and(|run| run.accepted);
        Some(Box::new(Verify { step: id, ticket, look, tag, call: op.call.clone(), precondition: expect, accepted }))
    }
}
