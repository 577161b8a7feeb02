//! The timers of steps: how long each is, and when it goes off.
//!
//! The time of a wait stands still while a verification of it waits for the journal, from the moment that the step machine wants it until the
//! executor has asked it ([`RunInput::Asked`](super::RunInput::Asked)). A server cannot answer what it was not asked, so without this a wait could
//! run out only because the journal is slow. The time to reply to a request needs nothing of the kind: it starts once the intent is recorded.

use std::time::Duration;

use super::{ARMED, LOOK, Run};
use crate::systems::Systems;
use base::{
    now::Now,
    step::{Kind, Ticket, Timer},
};

impl<S: Systems> Run<S> {
    /// When the next timer goes off, on the boot clock.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        self.due.first().map(|(at, ..)| *at)
    }

    /// Starts a timer of a step.
    pub(super) fn set_timer(&mut self, at: usize, timer: Timer, now: Now) {
        let due = now.boot.saturating_add(self.length(at, timer, now));
        self.due.insert((due, at, timer));
    }

    /// A verification of this operation is wanted: if it is a wait, its time stands still until that is asked.
    pub(super) fn stop_wait(&mut self, at: usize, ticket: Ticket, now: Now) {
        let op = self.steps[at].attempt.as_ref().and_then(|it| it.op(ticket.op));
        if op.is_none_or(|op| op.kind != Kind::Wait) {
            return;
        }
        let timer = Timer::Reply(ticket);
        let own = self.due.iter().find(|(_, step, of)| (*step, *of) == (at, timer)).copied();
        if let Some(own) = own {
            self.due.remove(&own);
            self.stopped.insert((at, ticket), own.0.saturating_sub(now.boot));
        }
    }

    /// The verification is asked.
    pub(super) fn go_on_waiting(&mut self, at: usize, ticket: Ticket, now: Now) {
        if let Some(left) = self.stopped.remove(&(at, ticket)) {
            self.due.insert((now.boot.saturating_add(left), at, Timer::Reply(ticket)));
        }
    }

    /// How long a timer is.
    fn length(&self, at: usize, timer: Timer, now: Now) -> Duration {
        let plan = self.plan_of(at);
        let attempt = self.steps[at].attempt.as_ref();
        let op = |t: Ticket| attempt.and_then(|it| it.op(t.op));
        match timer {
            Timer::Reply(t) if op(t).is_some_and(|op| op.kind == Kind::Wait) => {
                let own = op(t).and_then(|op| S::waits_within(&op.call));
                own.map_or(plan.verify_within, |own| own.min(plan.verify_within))
            }
            Timer::Reply(_) => plan.timeout,
            Timer::Look(..) => LOOK,
            Timer::Quarantine(t, _) => op(t).map_or(plan.timeout, |op| op.quarantine),
            Timer::Armed(_) => ARMED,
            Timer::Settled(_) => plan.settle.max(attempt.map_or(plan.settle, |it| it.draft.settle)),
            Timer::Verify(_) => plan.verify_within,
            Timer::Baked(_) => {
                let before = self.steps[at].baked_since.map_or(Duration::ZERO, |since| now.since(since));
                plan.bake.saturating_sub(before)
            }
        }
    }
}
