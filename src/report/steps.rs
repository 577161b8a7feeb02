//! Steps, their attempts and operations, from the records.

use super::Moment;
use base::{
    operation::Change,
    step::{Kind, Note, OpState, Record, StepState, Way},
};
use journal::Transition;
use systems::Call;
use systems::{AttemptStarted, Body, Entry, Intent, Version};

/// Outcome of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// No attempt was started; the step was only previewed or proposed.
    NotStarted,
    /// Not over at the last record; this was its state.
    UnderWay(StepState),
    /// Over, in this state.
    Over(StepState),
    /// Not over, in this state, when the rollback was started.
    Left(StepState),
    /// An external change that was adopted.
    Adopted,
    /// A rollback was abandoned with nothing of it applied: the step is applied as before.
    Stands,
}

/// One operation of an attempt.
#[derive(Debug, Clone)]
pub struct Op {
    /// What it does.
    pub what: String,
    /// What is sent, or waited for.
    pub call: Call,
    /// It only waits.
    pub wait: bool,
    /// Part of the cleanup.
    pub cleanup: bool,
    /// When its intents were journaled: one for each time it was sent.
    pub asked: Vec<Moment>,
    /// Its states, each with its time.
    pub transitions: Vec<(Moment, OpState)>,
    /// The server's last message, or the last observation.
    pub detail: String,
}

impl Op {
    /// Its final state.
    #[must_use]
    pub fn state(&self) -> OpState {
        let asked = if self.asked.is_empty() { OpState::Waiting } else { OpState::Intent };
        self.transitions.last().map_or(asked, |(_, state)| *state)
    }
}

/// One attempt at a step.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Its number, from 1.
    pub n: u16,
    /// Its direction.
    pub way: Way,
    /// When it was started.
    pub started: Moment,
    /// The operator.
    pub by: String,
    /// Who had approved it.
    pub approved_by: Vec<String>,
    /// What changes.
    pub diff: Vec<Change>,
    /// Its gates at the start, with their values.
    pub gates: Vec<String>,
    /// Its operations.
    pub ops: Vec<Op>,
    /// The states it passed through.
    pub phases: Vec<(Moment, StepState)>,
    /// When it ended, and its outcome; `None`: it had not ended at the last record.
    pub ended: Option<(Moment, Outcome)>,
}

impl Attempt {
    /// Its outcome, or its state at the last record.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        // An attempt that was over and continues is running again.
        let phase = self.phases.last().map(|(_, phase)| *phase).filter(|phase| !is_end(*phase));
        let phase = phase.unwrap_or(StepState::Running);
        self.ended.map_or(Outcome::UnderWay(phase), |(_, outcome)| outcome)
    }
}

/// A step with any activity.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its id.
    pub id: String,
    /// When it first appeared.
    pub first: Moment,
    /// Its attempts.
    pub attempts: Vec<Attempt>,
    /// Its outcome.
    pub outcome: Outcome,
    /// When that was reached.
    pub since: Moment,
    /// The outcome before the rollback was started.
    before: Outcome,
    /// It was adopted: what follows belongs to no attempt.
    adopted: bool,
}

/// The steps, in the order of their first activity.
pub(super) fn steps(all: &[(Moment, &Entry)]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (at, entry) in all {
        let Some(id) = entry.body.step() else { continue };
        let place = steps.iter().position(|step| step.id == id).unwrap_or_else(|| {
            let (id, outcome) = (id.to_owned(), Outcome::NotStarted);
            steps.push(Step {
                id,
                first: *at,
                attempts: Vec::new(),
                outcome,
                since: *at,
                before: outcome,
                adopted: false,
            });
            steps.len() - 1
        });
        let step = &mut steps[place];
        match &entry.body {
            Body::AttemptStarted(started) => step.begin(*at, &entry.actor, started),
            Body::Intent(intent) => step.intend(*at, intent),
            Body::Transition(transitions) => step.come(*at, transitions),
            _ => {}
        }
    }
    steps
}

impl Step {
    fn to(&mut self, at: Moment, outcome: Outcome) {
        (self.outcome, self.since) = (outcome, at);
    }

    fn begin(&mut self, at: Moment, by: &str, started: &AttemptStarted) {
        let Record::Started { attempt, way, .. } = started.record else { return };
        let op = |op: &base::operation::Operation<Call, _>| Op {
            what: op.what.clone(),
            call: op.call.clone(),
            wait: op.kind == Kind::Wait,
            cleanup: op.cleanup,
            asked: Vec::new(),
            transitions: Vec::new(),
            detail: String::new(),
        };
        if way == Way::Back {
            self.before = self.outcome;
        }
        self.adopted = false;
        if let Some(last) = self.attempts.last_mut().filter(|it| it.ended.is_none()) {
            let phase = last.phases.last().map_or(StepState::Running, |(_, phase)| *phase);
            last.ended = Some((at, Outcome::Left(phase)));
        }
        self.attempts.push(Attempt {
            n: attempt,
            way,
            started: at,
            by: by.to_owned(),
            approved_by: started.approved_by.clone(),
            diff: started.draft.diff.clone(),
            gates: started.gates.clone(),
            ops: started.draft.ops.iter().map(op).collect(),
            phases: Vec::new(),
            ended: None,
        });
        self.to(at, Outcome::UnderWay(StepState::Running));
    }

    /// An operation of an attempt. An attempt that was over and continues is running again.
    fn op(&mut self, attempt: u16, op: u16, at: Moment) -> Option<&mut Op> {
        let place = self.attempts.iter().rposition(|it| it.n == attempt)?;
        if place + 1 == self.attempts.len() && self.attempts[place].ended.take().is_some() {
            self.to(at, Outcome::UnderWay(StepState::Running));
        }
        self.attempts[place].ops.get_mut(usize::from(op))
    }

    fn intend(&mut self, at: Moment, intent: &Intent) {
        if let Some(op) = self.op(intent.ticket.attempt, intent.ticket.op, at) {
            op.asked.push(at);
        }
    }

    fn come(&mut self, at: Moment, transitions: &Transition<Version>) {
        match transitions.note {
            Note::Op(ticket, state) => {
                if let Some(op) = self.op(ticket.attempt, ticket.op, at) {
                    op.transitions.push((at, state));
                    if !transitions.detail.is_empty() {
                        op.detail.clone_from(&transitions.detail);
                    }
                }
            }
            Note::State(phase) => {
                let outcome = match phase {
                    // Another attempt may follow; none is running.
                    StepState::Pending => Outcome::NotStarted,
                    StepState::Done if self.adopted => Outcome::Adopted,
                    phase if is_end(phase) => Outcome::Over(phase),
                    phase => Outcome::UnderWay(phase),
                };
                if !self.adopted
                    && let Some(it) = self.current()
                {
                    it.phases.push((at, phase));
                }
                self.end(at, outcome);
            }
            Note::Adopted(_) => {
                self.end(at, Outcome::Adopted);
                self.adopted = true;
            }
            Note::Stands => self.stand(at),
            // Its cleanup may continue.
            Note::Abandoned => {}
        }
    }

    fn end(&mut self, at: Moment, outcome: Outcome) {
        self.to(at, outcome);
        let over = !matches!(outcome, Outcome::UnderWay(_) | Outcome::NotStarted);
        // A finished attempt keeps its outcome: the step can be skipped or adopted afterwards.
        if let Some(it) = self.current().filter(|it| over && it.ended.is_none()) {
            it.ended = Some((at, outcome));
        }
    }

    /// A rollback is abandoned: a finished step stays as it was, an unfinished one continues.
    fn stand(&mut self, at: Moment) {
        let goes_on = matches!(self.before, Outcome::UnderWay(_));
        self.end(at, if goes_on { self.before } else { Outcome::Stands });
        if let Some(last) = self.attempts.last_mut() {
            last.ended = Some((at, Outcome::Stands));
        }
        let forward = self.attempts.iter_mut().rev().find(|it| it.way == Way::Forward);
        if let Some(it) = forward.filter(|it| goes_on && matches!(it.ended, Some((_, Outcome::Left(_))))) {
            it.ended = None;
        }
    }

    /// The running attempt, else the last one.
    fn current(&mut self) -> Option<&mut Attempt> {
        let open = self.attempts.iter().rposition(|it| it.ended.is_none());
        let place = open.or(self.attempts.len().checked_sub(1))?;
        self.attempts.get_mut(place)
    }

    /// Its direction: that of the running attempt, else of the last one.
    #[must_use]
    pub fn way(&self) -> Way {
        if self.adopted {
            return Way::Forward;
        }
        let open = self.attempts.iter().rev().find(|it| it.ended.is_none());
        open.or(self.attempts.last()).map_or(Way::Forward, |it| it.way)
    }
}

/// Whether the state is final.
const fn is_end(phase: StepState) -> bool {
    use StepState::{Attested, Cancelled, Done, Failed, NotApplied, RolledBack, Skipped};
    matches!(phase, Attested | Cancelled | Done | Failed | NotApplied | RolledBack | Skipped)
}
