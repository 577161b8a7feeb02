//! What takes more than one person: one proposes it, others agree, and only then is it carried out.
//!
//! Agreeing goes the way that approving a preview goes, because it is the same thing: a digest of exactly what is meant, and for
//! somebody with a key in the plan a signature of it (`landfall approve`). People without a key say so from another terminal, and the journal
//! says that nobody checked it: a name typed at the operator's keyboard is the operator's word, and no second one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Hand, Refusal, Run, RunEffect,
    act::hashed,
    orders::{Performed, conditions},
    waiver::Waiver,
};
use crate::systems::Systems;
use base::{
    digest::Digest,
    now::Now,
    step::{OpState, StepEvent, StepState, Ticket},
};
use journal::Body;
use plan::{WINDOW, people};

/// A proposal that nobody has agreed to by then is not one any more.
const LASTS: Duration = Duration::from_secs(15 * 60);

/// What takes more than one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proposal {
    /// A gate of a step, a trigger that asks for the way back, or the plan's window (`window`) is left out of what may stop it, for one
    /// attempt.
    Waive {
        /// The step.
        step: String,
        /// Its gate.
        gate: String,
        /// Why.
        reason: String,
        /// For so many minutes at the most.
        minutes: u32,
    },
    /// A manual step that the plan wants approved is done.
    #[serde(rename = "attest")]
    MarkDone {
        /// The step.
        step: String,
        /// What the operator looked at.
        looked_at: String,
    },
    /// A step is left out.
    Skip {
        /// The step.
        step: String,
        /// Why.
        reason: String,
    },
    /// What has become of an operation that cannot be observed is settled by word.
    #[serde(rename = "settle")]
    ResolveManually {
        /// The step.
        step: String,
        /// The operation.
        ticket: Ticket,
        /// Whether it is there.
        there: bool,
        /// What they looked at.
        looked_at: String,
    },
}

impl Proposal {
    /// The step it is about.
    #[must_use]
    pub fn step(&self) -> &str {
        match self {
            Self::Waive { step, .. }
            | Self::MarkDone { step, .. }
            | Self::Skip { step, .. }
            | Self::ResolveManually { step, .. } => step,
        }
    }

    /// What it leads to, for whoever agrees.
    #[must_use]
    pub const fn consequence(&self) -> &'static str {
        match self {
            Self::Waive { .. } => "the step may start and complete although this gate of the plan is not green",
            Self::MarkDone { .. } => {
                "the step counts as done on your statement, without verification on a server; steps that need it can start"
            }
            Self::Skip { .. } => "the step is not executed; steps that need it can start",
            Self::ResolveManually { there: true, .. } => {
                "it counts as applied on your statement, without verification on a server"
            }
            Self::ResolveManually { there: false, .. } => {
                "it counts as not applied on your statement, and the step may be retried"
            }
        }
    }

    /// In words.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Waive { gate, reason, minutes, .. } => {
                format!("waive gate {gate} for one attempt, at most {minutes} min: {reason}")
            }
            Self::MarkDone { looked_at, .. } => format!("mark done: {looked_at}"),
            Self::Skip { reason, .. } => format!("skip the step: {reason}"),
            Self::ResolveManually { ticket, there, looked_at, .. } => {
                let word = if *there { "is applied" } else { "is not applied and will not be" };
                format!("operation {} {word}: {looked_at}", u32::from(ticket.op) + 1)
            }
        }
    }
}

/// What was proposed and not yet agreed to.
#[derive(Debug, Clone)]
pub(super) struct Proposed {
    pub proposal: Proposal,
    pub digest: Digest,
    /// Who proposed it.
    pub by: String,
    /// Who counts so far.
    pub people: Vec<String>,
    /// How many it takes.
    pub needs: u8,
    at: Now,
}

impl<S: Systems> Run<S> {
    /// Puts it before others.
    pub(super) fn propose(&mut self, proposal: Proposal, operator: String, now: Now) -> Performed<S> {
        self.may_be_carried(&proposal)?;
        // With the place in the journal: agreeing once is not agreeing to the same words again.
        let digest = hashed(&(&proposal, &self.journal, self.records.back().map(|entry| entry.seq)));
        let what = proposal.describe();
        let record = Body::Proposed { step: proposal.step().to_owned(), digest, by: operator.clone(), what };
        // Whoever proposes is one of two; a plan that wants approvals wants that many approvers, whoever was at the keyboard.
        let (people, needs) = match &proposal {
            Proposal::MarkDone { step, .. } => (Vec::new(), self.plan_of(self.find(step)?).approvals),
            // Whoever has a key in the plan counts by it alone.
            _ if self.may_count(&operator) => (vec![operator.clone()], 2),
            _ => (Vec::new(), 2),
        };
        self.proposal = Some(Proposed { proposal, digest, by: operator, people, needs, at: now });
        Ok(vec![RunEffect::Record(record)])
    }

    /// Whether somebody counts without having signed.
    fn may_count(&self, name: &str) -> bool {
        self.plan.runbook.approvers.is_empty() || self.may_approve(name, false).is_ok()
    }

    /// What was proposed, while it lasts.
    pub(super) fn proposed(&self, now: Now) -> Option<&Proposed> {
        self.proposal.as_ref().filter(|it| now.since(it.at) < LASTS)
    }

    /// Somebody agrees: once that is enough it is carried out, if it still makes sense.
    pub(super) fn agree(&mut self, mut it: Proposed, by: String, hand: Hand, now: Now) -> Performed<S> {
        if it.people.iter().any(|p| people::same(p, &by)) {
            return Err(Refusal::new(format!("{by} has already approved: it needs {} different people", it.needs)));
        }
        if let Some(why) = people::fault(&by) {
            let needs = it.needs;
            return Err(Refusal::new(format!(
                "the name {by:?} is not valid, {why}: it needs {needs} different people"
            )));
        }
        if !self.plan.runbook.approvers.is_empty() {
            self.may_approve(&by, matches!(hand, Hand::Key(_)))?;
        }
        let attests = matches!(it.proposal, Proposal::MarkDone { .. });
        if !attests || self.plan_of(self.find(it.proposal.step())?).irreversible {
            self.is_own_word(&by, &hand, (it.proposal.step(), it.digest))?;
        }
        self.may_be_carried(&it.proposal)?;
        let step = it.proposal.step().to_owned();
        let word = Body::Approved { step: step.clone(), digest: it.digest, by: by.clone(), key: hand.key() };
        let mut out = vec![RunEffect::Record(word)];
        it.people.push(by);
        if it.people.len() < usize::from(it.needs) {
            self.proposal = Some(it);
            return Ok(out);
        }
        self.proposal = None;
        let both = it.people;
        match it.proposal {
            Proposal::Waive { gate, reason, minutes, .. } => {
                let at = self.find(&step)?;
                let until = now.wall + jiff::SignedDuration::from_mins(minutes.into());
                let attempt = self.attempt_meant(at);
                let waiver = Waiver::new(&gate, attempt, &reason, &both, until, now);
                self.set_waiver(at, waiver, now);
                out.push(RunEffect::Record(Body::Waived { step, gate, attempt, reason, by: both, until }));
            }
            Proposal::MarkDone { looked_at, .. } => {
                let people = std::iter::once(it.by.clone()).chain(both.into_iter().filter(|p| *p != it.by)).collect();
                out.extend(self.marked_done(&step, looked_at, people, now)?);
            }
            Proposal::Skip { reason, .. } => {
                let text = format!("{step} is skipped: {reason}");
                out.push(RunEffect::Record(Body::Remark { by: both.join(" and "), text, refused: None }));
                out.extend(self.simple(
                    &step,
                    &StepEvent::Skip,
                    "only a step that was not started can be skipped",
                    now,
                )?);
            }
            Proposal::ResolveManually { ticket, there, looked_at, .. } => {
                out.push(RunEffect::Record(Body::Attested {
                    step: step.clone(),
                    ticket: Some(ticket),
                    there,
                    looked_at,
                    by: both,
                }));
                let at = self.find(&step)?;
                out.extend(self.take(at, &StepEvent::ResolvedManually(ticket, there), now));
                let op = self.steps[at].state.recipe().ops.get(usize::from(ticket.op));
                if op.is_some_and(|op| op.state == OpState::Quarantine) {
                    let wait = "an earlier request may still take effect: wait until that time is over, then check and resolve it again";
                    self.notice = Some((now, format!("{step}: {wait}")));
                }
            }
        }
        Ok(out)
    }

    /// Whether it makes sense as things stand.
    fn may_be_carried(&self, proposal: &Proposal) -> Result<(), Refusal> {
        let at = self.find(proposal.step())?;
        let notice = |text: &str, what: &str| {
            if text.trim().is_empty() { Err(Refusal::new(format!("state {what}"))) } else { Ok(()) }
        };
        match proposal {
            Proposal::Waive { gate, reason, minutes, .. } => {
                notice(reason, "the reason for the waiver")?;
                if !(1..=240).contains(minutes) {
                    return Err(Refusal::new("a waiver ends after 1 to 240 minutes"));
                }
                let plan = self.plan_of(at);
                let own = conditions(plan).into_iter().flat_map(|c| c.gates()).map(|g| g.id.as_str());
                let triggers = self.aborts.iter().map(|watch| watch.id.as_str());
                let window = self.plan.budgets.window.map(|_| WINDOW);
                let ids: Vec<&str> = own.chain(triggers).chain(window).collect();
                if !ids.contains(&gate.as_str()) {
                    let ids = if ids.is_empty() { "it has no gates".to_owned() } else { ids.join(", ") };
                    return Err(Refusal::new(format!(
                        "{} has no gate {gate}: {ids}; invariants cannot be waived",
                        plan.id
                    )));
                }
                Ok(())
            }
            Proposal::MarkDone { looked_at, .. } => {
                notice(looked_at, "what you checked")?;
                self.may_be_marked_done(at)
            }
            Proposal::Skip { reason, .. } => {
                notice(reason, "the reason for skipping the step")?;
                let state = &self.steps[at].state;
                let open = matches!(state.state(), StepState::Pending | StepState::Blocked | StepState::Ready);
                if open && state.way() == base::step::Way::Forward && !state.partly_done() {
                    return Ok(());
                }
                let id = proposal.step();
                Err(Refusal::new(format!("{id} is {}: only a step that was not started can be skipped", state.word())))
            }
            Proposal::ResolveManually { ticket, there, looked_at, .. } => {
                notice(looked_at, "what you both checked")?;
                let state = &self.steps[at].state;
                // Of a tail that failed nobody needs to say that it is not there.
                if state.unsettled() == Some(*ticket) && (*there || state.state() == StepState::Running) {
                    return Ok(());
                }
                Err(Refusal::new("only an UNKNOWN operation can be resolved manually"))
            }
        }
    }
}
