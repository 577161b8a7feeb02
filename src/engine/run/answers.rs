//! The answers to the effects of a step: replies of servers, and what reading them afterwards found.

use super::{Run, RunEffect, attempt::OpRun};
use crate::systems::Systems;
use base::{
    now::Now,
    operation::{SendOutcome, Verified},
    step::{Kind, OpState, Reply, StepEvent, Ticket, Truth},
};

impl<S: Systems> Run<S> {
    /// A server has answered a request, or nobody knows whether it did.
    pub(super) fn replied(
        &mut self,
        step: &str,
        ticket: Ticket,
        sent: SendOutcome<S::Version>,
        now: Now,
    ) -> Vec<RunEffect<S>> {
        let Some(at) = self.place(step) else { return Vec::new() };
        if !self.is_current(at, ticket) {
            return Vec::new();
        }
        if matches!(sent.reply, Reply::Refused | Reply::Mismatch)
            && let Some(op) = self.op_run(at, ticket)
        {
            op.refused = Some(sent.detail.clone());
        }
        if sent.reply == Reply::Accepted {
            self.accepted(at, ticket);
        }
        self.remember(at, ticket, sent.detail, sent.version);
        // Before anything follows from it: a whole batch fits between two looks at the clock.
        let mut effects = self.stand_still(at, now);
        effects.extend(self.take(at, &StepEvent::Reply(ticket, sent.reply), now));
        effects
    }

    /// An operation was verified by reading.
    pub(super) fn verified(
        &mut self,
        step: &str,
        ticket: Ticket,
        look: u16,
        looked: Verified<S::Version>,
        now: Now,
    ) -> Vec<RunEffect<S>> {
        let Some(at) = self.place(step) else { return Vec::new() };
        if !self.is_current(at, ticket) {
            return Vec::new();
        }
        let looked = match self.second_thoughts(at, now) {
            Some(why) if looked.truth == Truth::Applied && self.is_last_wait(at, ticket) => {
                Verified::new(Truth::NotApplied, format!("{}; not possible now: {why}", looked.detail))
            }
            _ => looked,
        };
        // Only what is our own is what a later operation may compare with.
        let mark = looked.version.filter(|_| looked.truth == Truth::Applied);
        let attempt = self.steps[at].attempt.as_ref();
        let refused = attempt.and_then(|it| it.run(ticket.op)?.refused.as_ref());
        let notice = match refused.filter(|_| looked.truth != Truth::Applied) {
            Some(answer) => format!("{answer}; {}", looked.detail),
            None => looked.detail,
        };
        self.remember(at, ticket, notice, mark);
        let mut effects = self.stand_still(at, now);
        effects.extend(self.take(at, &StepEvent::Verified(ticket, look, looked.truth), now));
        effects
    }

    /// Whether it is a wait after which an attempt that cannot stand still any more goes on to change something.
    fn is_last_wait(&self, at: usize, ticket: Ticket) -> bool {
        let state = &self.steps[at].state;
        let of = |place: u16| state.recipe().ops.get(usize::from(place));
        let (this, next) = (of(ticket.op), of(ticket.op.saturating_add(1)));
        state.commits_later()
            && this.is_some_and(|op| op.kind == Kind::Wait)
            && next.is_some_and(|op| op.kind != Kind::Wait && !op.cleanup)
    }

    fn is_current(&self, at: usize, ticket: Ticket) -> bool {
        let state = &self.steps[at].state;
        let op = state.recipe().ops.get(usize::from(ticket.op));
        state.recipe().attempt == ticket.attempt && op.is_some_and(|op| op.turn == ticket.turn)
    }

    /// A server accepted an operation.
    pub(super) fn accepted(&mut self, at: usize, ticket: Ticket) {
        if let Some(op) = self.op_run(at, ticket) {
            op.accepted = true;
        }
    }

    /// An operation reached this state, by the records.
    pub(super) fn reached(&mut self, at: usize, ticket: Ticket, state: OpState) {
        if let Some(op) = self.op_run(at, ticket) {
            op.failed = state.failed();
        }
    }

    /// Keeps what is known of an operation, and what it left on the server.
    pub(super) fn remember(&mut self, at: usize, ticket: Ticket, notice: String, mark: Option<S::Version>) {
        if let Some(op) = self.op_run(at, ticket) {
            op.detail = notice;
            op.version = mark.or(op.version.take());
        }
    }

    fn op_run(&mut self, at: usize, ticket: Ticket) -> Option<&mut OpRun<S::Version>> {
        self.steps[at].attempt.as_mut()?.ops.get_mut(usize::from(ticket.op))
    }
}
