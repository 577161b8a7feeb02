//! The operator's orders. Each is performed, or refused with a reason.

use super::{
    Hand, Order, Proposal, Refusal, Run, RunEffect, SLOW,
    act::{digest_of, recipe_of},
    names,
};
use crate::systems::Systems;
use base::{
    digest::Digest,
    now::Now,
    operation::Operation,
    step::{Clearance, StepEvent, StepState, Way},
    view::counted,
};
use journal::{Body, Unapproved};
use plan::{Condition, Confirm, Means, StepPlan, people};

pub(super) type Performed<S> = Result<Vec<RunEffect<S>>, Refusal>;

impl<S: Systems> Run<S> {
    /// Takes an order. What is refused is remembered, for the screen.
    pub fn order(&mut self, order: Order, estate: &S, now: Now) -> Vec<RunEffect<S>> {
        self.notice = None;
        let approval = match &order {
            Order::Approve { step, digest, by, .. } => {
                Some(Unapproved { step: step.clone(), digest: *digest, by: by.clone() })
            }
            _ => None,
        };
        match self.perform(order, estate, now) {
            Ok(effects) => effects,
            Err(Refusal(why)) => {
                // Who approved from elsewhere does not see this screen; the record is their answer.
                let operator = self.writer.clone().filter(|_| self.halted.is_none());
                let record = approval.zip(operator).map(|(it, by)| RunEffect::Record(it.on_record(by, &why)));
                self.notice = Some((now, why));
                record.into_iter().collect()
            }
        }
    }

    fn perform(&mut self, order: Order, estate: &S, now: Now) -> Performed<S> {
        let Some(operator) = self.writer.clone() else {
            return Err(Refusal::new(
                "this console is read only: another console has the journal, or no journal was opened",
            ));
        };
        if let Some(why) = &self.halted {
            return Err(Refusal::new(why.clone()));
        }
        match order {
            Order::Preview(step) => self.preview(self.find(&step)?, estate, now),
            Order::Arm(step) => self.arm(self.find(&step)?, now),
            Order::Execute { step, digest, typed } => self.execute(self.find(&step)?, digest, &typed, estate, now),
            Order::Cancel(step) => self.simple(&step, &StepEvent::Cancel, "there is nothing to cancel", now),
            Order::RollBack(step) => {
                let at = self.find(&step)?;
                let mut effects = self.roll_back(at, now)?;
                effects.extend(self.judge(at, estate, now));
                // What the way back would do is what is asked next.
                effects.extend(self.preview(at, estate, now)?);
                Ok(effects)
            }
            Order::Again(step) => {
                let at = self.find(&step)?;
                let mut effects =
                    self.simple(&step, &StepEvent::Again, "only a step that has ended can be retried", now)?;
                effects.extend(self.judge(at, estate, now));
                if self.steps[at].state.exposed() {
                    // What would finish its tail is what is asked next.
                    effects.extend(self.preview(at, estate, now)?);
                }
                Ok(effects)
            }
            Order::Abandon(step) => {
                self.simple(&step, &StepEvent::Abandon, "only a running attempt can be aborted", now)
            }
            Order::Hold { by, why } => Ok(self.hold(&by.unwrap_or(operator), why, now)),
            Order::Release { why } => self.release(&operator, why, now),
            Order::MarkDone { step, looked_at } => self.mark_done(&step, looked_at, operator, now),
            Order::Propose(proposal) => self.propose(proposal, operator, now),
            Order::Adopt(step) => self.adopt(self.find(&step)?, estate, now),
            Order::Approve { step, digest, by, hand } => self.approve(&step, digest, by, hand, now),
            Order::Disbelieve { what, why } => {
                self.notice =
                    Some((now, format!("the approval of {} in the name of {} is refused: {why}", what.step, what.by)));
                Ok(vec![RunEffect::Record(what.on_record("inbox".to_owned(), &why))])
            }
            Order::Remark { by, text } => Ok(vec![remark(by.unwrap_or(operator), text)]),
        }
    }

    pub(super) fn find(&self, step: &str) -> Result<usize, Refusal> {
        self.place(step).ok_or_else(|| Refusal::new(format!("the plan has no step {step}")))
    }

    /// An event that either does something or is refused.
    pub(super) fn simple(&mut self, step: &str, event: &StepEvent, why: &str, now: Now) -> Performed<S> {
        let at = self.find(step)?;
        let before = self.steps[at].state.clone();
        let effects = self.take(at, event, now);
        if self.steps[at].state == before {
            return Err(Refusal::new(format!("{step} is {}: {why}", before.word())));
        }
        Ok(effects)
    }

    fn preview(&mut self, at: usize, estate: &S, now: Now) -> Performed<S> {
        let state = &self.steps[at].state;
        let id = self.plan_of(at).id.clone();
        if self.plan_of(at).action.spec().means == Means::Shown {
            // What is missing is shown; there is nothing in it that could be armed or sent.
            self.steps[at].preview = Some(self.work_out(at, estate, now));
            return Ok(Vec::new());
        }
        if state.is_manual() {
            return Err(Refusal::new(format!("{id} is a manual step: mark it done, with what you checked")));
        }
        if !matches!(
            state.state(),
            StepState::Pending | StepState::Blocked | StepState::Ready | StepState::Previewed | StepState::Armed
        ) {
            return Err(Refusal::new(format!("{id} is {}: there is nothing to preview", state.word())));
        }
        // A blocked step can be previewed; arming it is checked later.
        let preview = self.work_out(at, estate, now);
        let known = preview.as_ref().ok().cloned();
        self.steps[at].preview = Some(preview);
        self.steps[at].disarmed.clear();
        let Some(preview) = known else { return Ok(self.take(at, &StepEvent::Drifted, now)) };
        let recipe = recipe_of(&preview.draft);
        let (way, digest, diff) = (preview.way, preview.digest, preview.draft.diff.clone());
        // The way back is kept as it was worked out last: when it is needed there may be nothing left to work it out from.
        let commands = if way == Way::Back { commands(&preview.draft.ops) } else { Vec::new() };
        if way == Way::Back {
            self.steps[at].known_back = Some((now.wall, commands.clone()));
        }
        let record = RunEffect::Record(Body::Previewed { step: id, way, digest, diff, commands });
        if !preview.draft.broken.is_empty() {
            let effects = self.take(at, &StepEvent::Drifted, now);
            return Ok(std::iter::once(record).chain(effects).collect());
        }
        let effects = self.take(at, &StepEvent::Previewed { digest, recipe }, now);
        Ok(std::iter::once(record).chain(effects).collect())
    }

    /// What a step would do, as things stand.
    pub(super) fn work_out(&self, at: usize, estate: &S, now: Now) -> super::Previewed<S> {
        let way = self.steps[at].state.way();
        let unfinished = self.steps[at].attempt.as_ref().filter(|_| self.steps[at].state.exposed());
        let draft = match (unfinished, way) {
            (Some(attempt), _) => estate.finish_cleanup(&attempt.draft.ops, now),
            (None, Way::Forward) => estate.draft(&self.plan_of(at).action, now),
            (None, Way::Back) => estate.inverse(&self.steps[at].back, now),
        }?;
        Ok(super::Preview {
            way,
            digest: digest_of((&self.journal, &self.plan_of(at).id), self.steps[at].state.attempt(), way, &draft),
            draft,
        })
    }

    fn arm(&mut self, at: usize, now: Now) -> Performed<S> {
        let plan = self.plan_of(at);
        let (id, needed) = (plan.id.clone(), plan.approvals);
        let state = &self.steps[at].state;
        match state.state() {
            // What finishes a tail is part of what was approved; to wait for a second person leaves the estate exposed.
            StepState::Previewed if state.approvals() < needed && !state.exposed() => Err(Refusal::new(format!(
                "{id} needs {} of this preview and has {}",
                counted(needed.into(), "approval"),
                state.approvals()
            ))),
            StepState::Previewed => Ok(self.take(at, &StepEvent::Arm, now)),
            StepState::Armed => Ok(Vec::new()),
            _ => Err(Refusal::new(match &self.steps[at].preview {
                Some(Ok(super::Preview { draft, .. })) if !draft.broken.is_empty() => {
                    format!("{id} is forbidden: {}", draft.broken.join("; "))
                }
                Some(Ok(_)) => format!("{id} is {}: {}", state.word(), self.why_blocked(at, now)),
                None if state.state() == StepState::Blocked => {
                    format!("{id} is {}: {}", state.word(), self.why_blocked(at, now))
                }
                _ => format!("{id} is {}: preview it first", state.word()),
            })),
        }
    }

    fn execute(&mut self, at: usize, digest: Digest, typed: &str, estate: &S, now: Now) -> Performed<S> {
        let plan = self.plan_of(at);
        let id = plan.id.clone();
        if plan.confirm > Confirm::Enter && !names(typed, &id) {
            return Err(Refusal::new(format!("type {id} to confirm")));
        }
        if let Some(waits) = self.writing.filter(|waits| *waits >= SLOW) {
            let waits = base::now::short(waits);
            return Err(Refusal::new(format!(
                "{id}: the journal has not answered for {waits}: execute it once it does"
            )));
        }
        let state = &self.steps[at].state;
        if state.state() != StepState::Armed {
            return Err(Refusal::new(format!("{id} is {}, not armed", state.word())));
        }
        // What is sent is what was seen, or nothing is.
        match self.work_out(at, estate, now) {
            Ok(fresh) if !fresh.draft.broken.is_empty() => {
                self.take(at, &StepEvent::Drifted, now);
                let why = fresh.draft.broken.first().cloned().unwrap_or_default();
                self.steps[at].preview = Some(Ok(fresh));
                return Err(Refusal::new(format!("{id} is now forbidden: {why}")));
            }
            // What is begun is what was worked out just now; it is the same.
            Ok(fresh) if fresh.digest == digest && Some(digest) == self.steps[at].state.digest() => {
                self.steps[at].preview = Some(Ok(fresh));
            }
            fresh => return Err(Refusal::new(self.drifted(at, &fresh, now).1)),
        }
        let clearance = self.clearance(at, now);
        if clearance != Clearance::Clear {
            let why = self.why_blocked(at, now);
            self.take(at, &StepEvent::Execute(clearance), now);
            return Err(Refusal::new(format!("{id}: {why}")));
        }
        Ok(self.take(at, &StepEvent::Execute(clearance), now))
    }

    fn roll_back(&mut self, at: usize, now: Now) -> Performed<S> {
        let plan = self.plan_of(at);
        let id = plan.id.clone();
        if plan.irreversible {
            return Err(Refusal::new(format!("{id} is a point of no return: it has no rollback")));
        }
        if self.steps[at].back.is_empty() {
            return Err(Refusal::new(format!("{id}: no rollback is stored, because landfall did not execute it")));
        }
        if self.steps[at].state.exposed() {
            return Err(Refusal::new(format!(
                "{id}: its cleanup is not finished: :again previews how to finish it now, :settle resolves it manually"
            )));
        }
        if let Some(later) = self.standing_on(at) {
            return Err(Refusal::new(format!("{0} depends on {id}: roll back {0} first", self.plan_of(later).id)));
        }
        self.steps[at].preview = None;
        self.simple(&id, &StepEvent::RollBack, "there is nothing to roll back", now)
    }

    fn hold(&mut self, operator: &str, why: String, now: Now) -> Vec<RunEffect<S>> {
        self.held =
            Some(if why.is_empty() { format!("held by {operator}") } else { format!("held by {operator}: {why}") });
        let record = RunEffect::Record(Body::Hold { on: true, by: operator.to_owned(), why });
        self.everybody(record, &StepEvent::Hold, now)
    }

    fn release(&mut self, operator: &str, why: String, now: Now) -> Performed<S> {
        if why.trim().is_empty() {
            return Err(Refusal::new("state why the hold is released"));
        }
        let held: Vec<usize> = (0..self.steps.len()).filter(|at| self.steps[*at].state.is_held()).collect();
        // What had to stand still by itself goes on once the reason is gone, or two people have left it out.
        let (still, free): (Vec<usize>, Vec<usize>) =
            held.into_iter().partition(|at| self.must_stand_still(*at, now).is_some());
        let first = still.first().and_then(|at| Some((*at, self.must_stand_still(*at, now)?)));
        if self.held.take().is_none() && free.is_empty() {
            return Err(match first {
                Some((at, why)) => Refusal::new(format!("{} is held: {why}", self.plan_of(at).id)),
                None => Refusal::new("the run is not held"),
            });
        }
        let mut effects = vec![RunEffect::Record(Body::Hold { on: false, by: operator.to_owned(), why })];
        for at in free {
            self.steps[at].still = false;
            effects.extend(self.take(at, &StepEvent::Release, now));
        }
        Ok(effects)
    }

    fn everybody(&mut self, first: RunEffect<S>, event: &StepEvent, now: Now) -> Vec<RunEffect<S>> {
        let mut effects = vec![first];
        for at in 0..self.steps.len() {
            effects.extend(self.take(at, event, now));
        }
        effects
    }

    fn mark_done(&mut self, step: &str, looked_at: String, operator: String, now: Now) -> Performed<S> {
        if looked_at.trim().is_empty() {
            return Err(Refusal::new("state what you checked"));
        }
        let at = self.find(step)?;
        self.may_be_marked_done(at)?;
        if self.plan_of(at).approvals > 0 {
            return self.propose(Proposal::MarkDone { step: step.to_owned(), looked_at }, operator, now);
        }
        self.marked_done(step, looked_at, vec![operator], now)
    }

    pub(super) fn may_be_marked_done(&self, at: usize) -> Result<(), Refusal> {
        let state = &self.steps[at].state;
        if state.is_manual() && state.state() == StepState::Ready {
            return Ok(());
        }
        let id = &self.plan_of(at).id;
        Err(Refusal::new(format!("{id} is {}: only a manual step that is READY can be marked done", state.word())))
    }

    pub(super) fn marked_done(&mut self, step: &str, looked_at: String, by: Vec<String>, now: Now) -> Performed<S> {
        let effects = self.simple(step, &StepEvent::MarkDone, "it cannot be marked done", now)?;
        let word = Body::Attested { step: step.to_owned(), ticket: None, there: true, looked_at, by };
        Ok(std::iter::once(RunEffect::Record(word)).chain(effects).collect())
    }

    fn adopt(&mut self, at: usize, estate: &S, now: Now) -> Performed<S> {
        let id = self.plan_of(at).id.clone();
        match estate.is_satisfied(&self.plan_of(at).action, now) {
            Some(seen) if seen.clone().fresh() == Some(true) => self.simple(
                &id,
                &StepEvent::Adopt,
                "only a step that was not started, or has ended, can be adopted",
                now,
            ),
            Some(seen) if seen.is_fresh() => {
                Err(Refusal::new(format!("{id} is not done: the estate is not as the step wants it")))
            }
            _ => Err(Refusal::new(format!("{id}: it is unknown whether it is done"))),
        }
    }

    /// Whether somebody is one of the plan's approvers, and has shown it where the plan has their key.
    pub(super) fn may_approve(&self, by: &str, signed: bool) -> Result<(), Refusal> {
        let known = self.plan.runbook.approver(by).map_err(Refusal::new)?;
        if known.key.is_some() && !signed {
            return Err(Refusal::new(format!(
                "{by} has a key in the plan: they must sign with landfall approve from their own terminal"
            )));
        }
        Ok(())
    }

    /// Whether a name that was typed where the run is controlled stands for somebody: for the operator alone. What takes two people would else
    /// take one keyboard.
    pub(super) fn is_own_word(&self, by: &str, hand: &Hand, what: (&str, Digest)) -> Result<(), Refusal> {
        let own = self.writer.as_deref().is_some_and(|operator| operator.eq_ignore_ascii_case(by.trim()));
        if own || *hand != Hand::Keyboard {
            return Ok(());
        }
        let (step, digest) = what;
        Err(Refusal::new(format!(
            "{by} is not the operator of this console: they must approve from another terminal with landfall approve JOURNAL {step} {} --as {by}",
            digest.short()
        )))
    }

    fn approve(&mut self, step: &str, digest: Digest, by: String, hand: Hand, now: Now) -> Performed<S> {
        if let Some(proposed) = self.proposed(now).filter(|it| it.digest == digest && it.proposal.step() == step) {
            return self.agree(proposed.clone(), by, hand, now);
        }
        let at = self.find(step)?;
        self.may_approve(&by, matches!(hand, Hand::Key(_)))?;
        if self.plan_of(at).irreversible {
            self.is_own_word(&by, &hand, (step, digest))?;
        }
        // Once it has begun there is no preview any more, which is refused below.
        if self.steps[at].state.clearance().is_some() && self.steps[at].state.digest() != Some(digest) {
            return Err(Refusal::new(format!("{by} approved a different preview of {step} from the one shown")));
        }
        if self.steps[at].approved.keys().any(|other| people::same(other, &by)) {
            return Err(Refusal::new(format!("{by} has already approved {step}: it needs different people")));
        }
        let effects = self.simple(step, &StepEvent::Approved(digest), "there is no preview to approve", now)?;
        let key = hand.key();
        self.steps[at].approved.insert(by.clone(), key.clone());
        let word = Body::Approved { step: step.to_owned(), digest, by, key };
        Ok(std::iter::once(RunEffect::Record(word)).chain(effects).collect())
    }
}

/// All the conditions of a step.
pub(super) const fn conditions(step: &StepPlan) -> [&Condition; 3] {
    [&step.gates, &step.verify, &step.rollback_gates]
}

/// The same as commands that a person could paste.
pub(super) fn commands<C, V>(ops: &[Operation<C, V>]) -> Vec<String> {
    ops.iter().map(|op| op.command.clone()).filter(|command| !command.is_empty()).collect()
}

fn remark<S: Systems>(by: String, text: String) -> RunEffect<S> {
    RunEffect::Record(Body::Remark { by, text, refused: None })
}
