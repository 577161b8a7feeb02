//! The operations of an attempt.
//!
//! Each goes `Waiting → Intent → Sent → Accepted → Applied`. Any interruption leads to `Unknown`, and only an observation at the server
//! leads out of `Unknown`: our value, or, after the time in which an earlier copy could arrive, its absence.

use super::{
    event::{Note, Reply, StepEffect, StepEvent, Ticket, Timer, Truth},
    machine::State,
    recipe::{Kind, Op, OpState},
    state::Way,
    transitions::Next,
};

impl Next {
    /// An event of the attempt under way.
    pub(super) fn run(&mut self, event: &StepEvent) {
        match *event {
            StepEvent::Written(t) if self.op(t).is_some_and(|op| op.state == OpState::Intent) => {
                self.set(t, OpState::Sent);
                self.effects.push(StepEffect::Arm(Timer::Reply(t)));
            }
            StepEvent::Unsent(t) if self.op(t).is_some_and(|op| op.state == OpState::Intent) => {
                self.over(t, OpState::NotApplied);
            }
            StepEvent::Withdrawn(t) if self.op(t).is_some_and(|op| op.state == OpState::Intent) => {
                self.over(t, OpState::Waiting);
            }
            StepEvent::Reply(t, reply) => self.replied(t, reply),
            StepEvent::Verified(t, look, truth) if self.is_look(t, look) => self.observed(t, truth),
            StepEvent::ResolvedManually(t, there) if self.op(t).is_some_and(|op| op.state.uncertain()) => {
                self.settled(t, there)
            }
            StepEvent::Fired(Timer::Reply(t)) => self.overdue(t),
            StepEvent::Fired(Timer::Look(t, look)) if self.is_look(t, look) => self.look(t),
            StepEvent::Fired(Timer::Quarantine(t, look)) if self.is_quarantined(t, look) => {
                self.set(t, OpState::Unknown);
                self.set_waited(t, true);
                self.look(t);
            }
            _ => {}
        }
    }

    fn op(&self, t: Ticket) -> Option<Op> {
        let recipe = self.state.recipe();
        let op = *recipe.ops.get(usize::from(t.op))?;
        (t.attempt == recipe.attempt && t.turn == op.turn).then_some(op)
    }

    fn is_look(&self, t: Ticket, look: u16) -> bool {
        self.op(t).is_some_and(|op| op.look == look)
    }

    fn is_quarantined(&self, t: Ticket, look: u16) -> bool {
        self.op(t).is_some_and(|op| op.look == look && op.state == OpState::Quarantine)
    }

    pub(super) fn set(&mut self, t: Ticket, state: OpState) {
        if let Some(op) = self.state.attempts.op_mut(t) {
            op.state = state;
        }
    }

    /// Whether a copy of its request may still arrive that was sent before.
    fn set_waited(&mut self, t: Ticket, waited: bool) {
        if let Some(op) = self.state.attempts.op_mut(t) {
            op.waited = waited;
        }
    }

    /// Results of earlier verifications are ignored from now on; the number of the next.
    fn next_look(&mut self, t: Ticket) -> Option<u16> {
        let op = self.state.attempts.op_mut(t)?;
        op.look = op.look.wrapping_add(1);
        Some(op.look)
    }

    /// Starts a verification.
    fn look(&mut self, t: Ticket) {
        let verify = self.next_look(t).map(|look| StepEffect::Verify(t, look));
        self.effects.extend(verify);
    }

    fn replied(&mut self, t: Ticket, reply: Reply) {
        let Some(op) = self.op(t) else { return };
        match (op.state, reply) {
            // A definite refusal, for the request itself or for its precondition: nothing of it is in flight any more. Where an
            // intermediary repeats requests, an earlier copy may have been accepted: one verification shows it.
            (OpState::Sent | OpState::Unknown | OpState::Quarantine, Reply::Refused | Reply::Mismatch) => {
                self.unknown(t);
                self.set_waited(t, true);
            }
            (OpState::Sent, Reply::Accepted) => {
                self.set(t, OpState::Accepted);
                self.effects.push(StepEffect::Record(Note::Op(t, OpState::Accepted)));
                self.look(t);
            }
            (OpState::Sent, Reply::Indeterminate) => self.unknown(t),
            // It arrived late after all.
            (OpState::Quarantine, Reply::Accepted) => self.unknown(t),
            _ => {}
        }
    }

    /// The outcome is not known: verify.
    fn unknown(&mut self, t: Ticket) {
        if self.op(t).is_some_and(|op| op.state == OpState::Applied) {
            self.state.attempts.note_left();
        }
        self.set(t, OpState::Unknown);
        self.set_waited(t, false);
        self.effects.push(StepEffect::Record(Note::Op(t, OpState::Unknown)));
        self.look(t);
        if self.op(t).is_some_and(|op| op.kind == Kind::Lapses) {
            // The rest of the cleanup does not wait for it.
            self.go_on();
        }
    }

    /// Two people resolve it manually. "Not applied" does not exclude a copy that arrives later: the quarantine passes first, and then they
    /// decide again.
    fn settled(&mut self, t: Ticket, there: bool) {
        let Some(op) = self.op(t) else { return };
        if there {
            self.over(t, OpState::Attested);
        } else if op.waited || op.kind == Kind::Wait {
            self.over(t, OpState::NotApplied);
        } else if op.state == OpState::Unknown {
            self.quarantine(t);
        }
    }

    /// Waits until no earlier copy can arrive any more; results of earlier verifications are ignored.
    fn quarantine(&mut self, t: Ticket) {
        let Some(look) = self.next_look(t) else { return };
        self.set(t, OpState::Quarantine);
        self.effects.push(StepEffect::Record(Note::Op(t, OpState::Quarantine)));
        self.effects.push(StepEffect::Arm(Timer::Quarantine(t, look)));
    }

    fn overdue(&mut self, t: Ticket) {
        let Some(op) = self.op(t) else { return };
        match op.state {
            OpState::Sent | OpState::Accepted => self.unknown(t),
            OpState::Unknown if op.kind == Kind::Wait => self.over(t, OpState::NotApplied),
            _ => {}
        }
    }

    fn observed(&mut self, t: Ticket, truth: Truth) {
        let Some(op) = self.op(t).filter(|op| op.state.in_flight()) else { return };
        let again = StepEffect::Arm(Timer::Look(t, op.look));
        match (truth, op.state) {
            (Truth::Applied, _) => self.over(t, OpState::Applied),
            (Truth::Unobservable, _) => self.effects.push(again),
            // The next verification shows more: reads may lag behind an accepted write.
            (_, OpState::Accepted) => self.effects.push(again),
            (_, OpState::Unknown) if op.kind == Kind::Wait => self.effects.push(again),
            // It cannot arrive any more: the version that it compares with is gone, or too much time has passed.
            (Truth::Conflict, OpState::Unknown) if op.kind == Kind::Compared || op.waited => {
                self.over(t, OpState::Conflict);
            }
            (Truth::NotApplied, OpState::Unknown) if op.waited => self.over(t, OpState::NotApplied),
            (_, OpState::Unknown) => self.quarantine(t),
            _ => {}
        }
    }

    fn over(&mut self, t: Ticket, state: OpState) {
        self.set(t, state);
        self.effects.push(StepEffect::Record(Note::Op(t, state)));
        self.go_on();
    }

    /// Begins nothing new; an operation that only waits is skipped if a cleanup is to be finished.
    pub(super) fn stop(&mut self) {
        if self.is_stopped() {
            for op in self.state.attempts.ops_mut() {
                if op.kind == Kind::Wait && !op.cleanup && op.state == OpState::Unknown {
                    op.state = OpState::NotApplied;
                }
            }
        }
        self.go_on();
    }

    /// Begins the operations that may begin; ends the attempt when none is left.
    pub(super) fn go_on(&mut self) {
        while let Some(at) = self.next_op() {
            self.start(at);
        }
        let recipe = self.state.recipe();
        if recipe.count(OpState::in_flight) > 0 {
            return;
        }
        let waiting = |cleanup: bool| recipe.ops.iter().any(|op| op.cleanup == cleanup && op.state == OpState::Waiting);
        if !self.is_stopped() && waiting(false) {
            // Held before the next one; nothing is exposed.
            return;
        }
        let failed = recipe.ops.iter().filter(|op| !op.cleanup).filter(|op| op.state.failed()).count();
        // Whatever is tolerated, an unfinished cleanup is not: the estate is exposed.
        let cleanup_failed = recipe.ops.iter().any(|op| op.cleanup && op.state.failed());
        let complete = !waiting(false) && !cleanup_failed && failed <= usize::from(recipe.limits.max_failed);
        for op in self.state.attempts.ops_mut() {
            if op.cleanup && op.state == OpState::Waiting {
                op.state = OpState::Spared;
            }
        }
        // The result of a cleanup covers the cleanup only: whether the step is done depends on the attempt before it.
        let only_cleanup = self.state.attempts.is_cleanup();
        if complete && (!only_cleanup || self.state.attempts.rest_applied()) {
            self.settle();
        } else if only_cleanup || self.state.touched() || self.state.way() == Way::Forward && self.state.partly_done() {
            self.conclude(State::Failed);
        } else {
            self.conclude(State::NotApplied);
        }
    }

    /// Only the cleanup may begin any more.
    fn is_stopped(&self) -> bool {
        let recipe = self.state.recipe();
        let failed = recipe.ops.iter().filter(|op| !op.cleanup && op.state.failed()).count();
        let has_cleanup = recipe.ops.iter().any(|op| op.cleanup);
        // Once the cleanup has begun the rest cannot continue: it depends on what the cleanup reverts.
        let ending = recipe.ops.iter().any(|op| op.cleanup && op.state != OpState::Waiting)
            && recipe.ops.iter().any(|op| !op.cleanup && op.state == OpState::Waiting);
        // With a cleanup there is no safe point to pause between the operations: a hold abandons the attempt.
        self.state.is_abandoned()
            || ending
            || failed > usize::from(recipe.limits.max_failed)
            || (self.holds_back() && has_cleanup && self.state.touched())
    }

    /// Held, and an operation is not sent yet. Once all are sent, only observation is left, and a hold does not stop that.
    fn holds_back(&self) -> bool {
        let unsent = |op: &Op| !op.cleanup && op.kind != Kind::Wait && op.state == OpState::Waiting;
        self.state.held && self.state.recipe().ops.iter().any(unsent)
    }

    fn next_op(&self) -> Option<usize> {
        let recipe = self.state.recipe();
        let in_flight = recipe.count(OpState::in_flight);
        let next =
            |cleanup: bool| recipe.ops.iter().position(|op| op.cleanup == cleanup && op.state == OpState::Waiting);
        let stopped = self.is_stopped();
        if let Some(at) = next(false).filter(|_| !stopped) {
            let room = in_flight < usize::from(recipe.limits.width)
                && recipe.count(OpState::uncertain) <= usize::from(recipe.limits.max_unknown);
            return (room && !self.holds_back()).then_some(at);
        }
        // The cleanup, one after the other, once the outcome of all the rest is known; not needed if nothing of the rest is applied.
        // Operations that end by themselves are not waited for.
        let lapsing = recipe.ops.iter().filter(|op| op.kind == Kind::Lapses && op.state.uncertain()).count();
        (in_flight == lapsing && (self.state.touched() || self.state.attempts.is_cleanup()))
            .then(|| next(true))
            .flatten()
    }

    fn start(&mut self, at: usize) {
        let attempt = self.state.recipe().attempt;
        let Some(op) = self.state.attempts.ops_mut().get_mut(at) else { return };
        op.turn = op.turn.saturating_add(1);
        op.waited = false;
        let wait = op.kind == Kind::Wait;
        op.state = if wait { OpState::Unknown } else { OpState::Intent };
        let t = Ticket { attempt, op: u16::try_from(at).unwrap_or(u16::MAX), turn: op.turn };
        if wait {
            self.effects.push(StepEffect::Arm(Timer::Reply(t)));
            self.look(t);
        } else {
            self.effects.push(StepEffect::Act(t));
        }
    }

    /// The tickets of the operations that are so.
    fn tickets(&self, are: impl Fn(&Op) -> bool) -> Vec<Ticket> {
        let recipe = self.state.recipe();
        let all = (0_u16..).zip(&recipe.ops).filter(|(_, op)| are(op));
        all.map(|(at, op)| Ticket { attempt: recipe.attempt, op: at, turn: op.turn }).collect()
    }

    /// The time limit of the verification has passed: verify whether it is still applied.
    pub(super) fn look_again(&mut self) {
        self.to(State::Running);
        let there = self.tickets(|op| op.kind != Kind::Wait && op.state == OpState::Applied && !op.cleanup);
        for t in &there {
            self.unknown(*t);
        }
        if there.is_empty() {
            self.go_on();
        }
    }

    /// The program was restarted during an attempt.
    pub(super) fn resume_run(&mut self) {
        for t in self.tickets(|op| op.state.in_flight()) {
            let wait = self.op(t).is_some_and(|op| op.kind == Kind::Wait);
            if wait {
                self.effects.push(StepEffect::Arm(Timer::Reply(t)));
            }
            self.unknown(t);
        }
        self.go_on();
    }
}
