//! The step machine alone, where a whole estate would hide which rule applied: limits of a fan-out, hold, and baking.

use landfall::base::{
    digest::Digest,
    step::{
        Clearance, Kind, Level, Limits, Machine, Op, Recipe, Record, Reply, StepEffect, StepEvent, StepState, Ticket,
        Timer, Truth, step,
    },
};

/// A running attempt: what was sent, and the last verification of each operation.
struct Attempt {
    state: Machine,
    sent: Vec<Ticket>,
    looks: Vec<u16>,
}

impl Attempt {
    /// With this many operations that compare nothing.
    fn of(ops: usize, limits: Limits) -> Self {
        let mut attempt = Self::shown(Machine::new(0, true, false), ops, limits);
        attempt.take(&StepEvent::Arm);
        attempt.take(&StepEvent::Execute(Clearance::Clear));
        attempt
    }

    /// Previewed only.
    fn shown(state: Machine, ops: usize, limits: Limits) -> Self {
        let mut attempt = Self { state, sent: Vec::new(), looks: vec![0; ops] };
        attempt.take(&StepEvent::Clearance(Clearance::Clear));
        attempt.take(&preview(1, ops, limits));
        attempt
    }

    fn take(&mut self, event: &StepEvent) {
        let (state, effects) = step(&self.state, event);
        self.state = state;
        for effect in effects {
            match effect {
                StepEffect::Act(ticket) => {
                    self.sent.push(ticket);
                    self.take(&StepEvent::Written(ticket));
                }
                StepEffect::Verify(ticket, look) => self.looks[usize::from(ticket.op)] = look,
                _ => {}
            }
        }
    }

    fn replied(&mut self, op: usize, reply: Reply) {
        self.take(&StepEvent::Reply(self.sent[op], reply));
    }

    fn observed(&mut self, op: usize, truth: Truth) {
        self.take(&StepEvent::Verified(self.sent[op], self.looks[op], truth));
    }

    fn applied(&mut self, op: usize) {
        self.replied(op, Reply::Accepted);
        self.observed(op, Truth::Applied);
    }

    /// Refused as invalid, and observed as not applied.
    fn refused(&mut self, op: usize) {
        self.replied(op, Reply::Refused);
        self.observed(op, Truth::NotApplied);
    }

    fn word(&self) -> (usize, &'static str) {
        (self.sent.len(), self.state.word())
    }
}

fn preview(digest: u8, ops: usize, limits: Limits) -> StepEvent {
    let recipe = Recipe { ops: vec![Op::new(Kind::Absolute, false); ops], limits, attempt: 0 };
    StepEvent::Previewed { digest: Digest([digest; 32]), recipe }
}

#[test]
fn a_definite_no_is_not_waited_for() {
    for no in [Reply::Refused, Reply::Mismatch] {
        let mut one = Attempt::of(1, Limits::SEQUENCE);
        one.replied(0, no);
        assert_eq!(one.word(), (1, "UNKNOWN"), "one look: an earlier copy may have been taken");
        one.observed(0, Truth::NotApplied);
        assert_eq!(one.word(), (1, "NOT_APPLIED"), "{no:?}");
    }
    let mut one = Attempt::of(1, Limits::SEQUENCE);
    one.replied(0, Reply::Indeterminate);
    one.observed(0, Truth::NotApplied);
    assert_eq!(one.word(), (1, "QUARANTINE"), "nobody knows: it may still land");
}

const PAIRS: Limits = Limits { width: 2, max_failed: 1, max_unknown: 0 };

#[test]
fn a_fan_stops_once_more_have_failed_than_may() {
    let mut fan = Attempt::of(6, PAIRS);
    assert_eq!(fan.word(), (2, "SENT"));
    fan.refused(0);
    assert_eq!(fan.word(), (3, "SENT"), "one may fail");
    fan.refused(1);
    assert_eq!(fan.word(), (3, "SENT"), "two may not: the third is finished, and no fourth is begun");
    fan.applied(2);
    assert_eq!(fan.word(), (3, "FAILED"));
}

#[test]
fn a_fan_waits_while_more_are_unknown_than_may() {
    let mut fan = Attempt::of(6, PAIRS);
    fan.take(&StepEvent::Fired(Timer::Reply(fan.sent[0])));
    fan.applied(1);
    assert_eq!(fan.word(), (2, "UNKNOWN"), "there is room for one more, and too much that nobody knows");
    fan.observed(0, Truth::Applied);
    assert_eq!(fan.word(), (4, "SENT"));
}

#[test]
fn held_an_attempt_begins_nothing_until_it_is_released() {
    let mut fan = Attempt::of(6, PAIRS);
    fan.take(&StepEvent::Hold);
    fan.applied(0);
    fan.applied(1);
    assert_eq!(fan.word(), (2, "HELD"));
    fan.take(&StepEvent::Release);
    assert_eq!(fan.word(), (4, "SENT"));
}

#[test]
fn an_intent_that_is_being_written_while_the_attempt_is_held_is_not_sent() {
    let (limits, clear) = (Limits::SEQUENCE, Clearance::Clear);
    let mut state = Machine::new(0, true, false);
    let mut disk = state.clone();
    let mut intended = Vec::new();
    let mut take = |event: &StepEvent| {
        let (next, effects) = step(&state, event);
        state = next;
        for effect in effects {
            match effect {
                StepEffect::Begin => disk.replay(&state.started()),
                StepEffect::Act(ticket) => {
                    disk.replay(&Record::Intent(ticket));
                    intended.push((ticket, state.may_send(ticket)));
                }
                StepEffect::Record(note) => disk.replay(&Record::Note(note)),
                _ => {}
            }
        }
        (state.clone(), disk.clone(), intended.clone())
    };
    for event in [StepEvent::Clearance(clear), preview(1, 2, limits), StepEvent::Arm, StepEvent::Execute(clear)] {
        take(&event);
    }
    let (held, _, intended) = take(&StepEvent::Hold);
    let (first, may) = intended[0];
    assert!(may, "nothing was against it when it was intended");
    assert!(!held.may_send(first));
    let (held, disk, _) = take(&StepEvent::Withdrawn(first));
    assert_eq!(held.word(), "HELD");
    let (resumed, _) = step(&disk, &StepEvent::Resumed);
    assert_eq!(resumed.word(), "HELD", "it is known that nothing was sent");
    let (going, _, intended) = take(&StepEvent::Release);
    assert_eq!((going.word(), intended.len()), ("INTENT", 2), "released, it goes on with another intent");
    assert_ne!(intended[1].0, first);
    assert!(going.may_send(intended[1].0));
}

#[test]
fn taken_up_again_an_attempt_begins_nothing_until_it_is_released() {
    let mut fan = Attempt::of(6, PAIRS);
    fan.take(&StepEvent::Resumed);
    assert_eq!(fan.word(), (2, "UNKNOWN"));
    fan.observed(0, Truth::Applied);
    fan.observed(1, Truth::Applied);
    assert_eq!(fan.word(), (2, "HELD"));
    fan.take(&StepEvent::Release);
    assert_eq!(fan.word(), (4, "SENT"));
}

/// Applied, verified, and baking.
fn baking() -> Attempt {
    let mut one = Attempt::of(1, Limits::SEQUENCE);
    one.applied(0);
    one.take(&StepEvent::Fired(Timer::Settled(one.state.epoch())));
    one.take(&StepEvent::Verdict(Level::Green));
    assert_eq!(one.state.state(), StepState::Baking);
    one
}

#[test]
fn what_turns_red_while_it_bakes_has_failed() {
    let mut one = baking();
    one.take(&StepEvent::Verdict(Level::Red));
    assert_eq!(one.state.state(), StepState::Failed);
}

#[test]
fn what_is_not_known_while_it_bakes_is_verified_anew() {
    let mut one = baking();
    let baked = Timer::Baked(one.state.epoch());
    one.take(&StepEvent::Verdict(Level::Unknown));
    one.take(&StepEvent::Fired(baked));
    assert_eq!(one.state.state(), StepState::Verifying, "the clock of the first time does not count");
}

#[test]
fn an_approval_is_of_one_preview_and_nothing_is_armed_without_it() {
    let mut one = Attempt::shown(Machine::new(1, true, false), 1, Limits::SEQUENCE);
    let arm = |one: &mut Attempt| {
        one.take(&StepEvent::Arm);
        one.state.state()
    };
    assert_eq!(arm(&mut one), StepState::Previewed, "nobody has approved it");
    one.take(&StepEvent::Approved(Digest([2; 32])));
    assert_eq!(arm(&mut one), StepState::Previewed, "that was another preview");
    one.take(&StepEvent::Approved(Digest([1; 32])));
    one.take(&preview(2, 1, Limits::SEQUENCE));
    assert_eq!(arm(&mut one), StepState::Previewed, "and this is another one now");
    one.take(&StepEvent::Approved(Digest([2; 32])));
    assert_eq!(arm(&mut one), StepState::Armed);
}

#[test]
fn what_is_not_clear_at_the_moment_of_sending_is_not_begun() {
    for clearance in [Clearance::Needs, Clearance::Blocked] {
        let mut one = Attempt::shown(Machine::new(0, true, false), 1, Limits::SEQUENCE);
        one.take(&StepEvent::Arm);
        one.take(&StepEvent::Execute(clearance));
        assert_eq!((one.sent.len(), one.state.attempt()), (0, 0), "{clearance:?}");
    }
}

#[test]
fn once_begun_it_cannot_be_called_off() {
    let mut one = Attempt::of(1, Limits::SEQUENCE);
    one.take(&StepEvent::Cancel);
    assert_eq!(one.word(), (1, "SENT"));
}

#[test]
fn beyond_the_point_of_no_return_nothing_is_taken_back() {
    for reversible in [true, false] {
        let mut one = Attempt::shown(Machine::new(0, reversible, false), 1, Limits::SEQUENCE);
        one.take(&StepEvent::Arm);
        one.take(&StepEvent::Execute(Clearance::Clear));
        one.applied(0);
        one.take(&StepEvent::RollBack);
        assert_eq!(one.state.state() == StepState::Settling, !reversible);
    }
}

/// Another attempt at a finished step, with this many operations.
fn again(attempt: Attempt, ops: usize) -> Attempt {
    let mut state = attempt.state;
    (state, _) = step(&state, &StepEvent::Again);
    let mut next = Attempt::shown(state, ops, Limits::SEQUENCE);
    next.take(&StepEvent::Arm);
    next.take(&StepEvent::Execute(Clearance::Clear));
    next
}

#[test]
fn what_an_earlier_attempt_left_is_not_forgotten_by_the_next() {
    let mut two = Attempt::of(2, Limits::SEQUENCE);
    two.applied(0);
    two.refused(1);
    assert_eq!(two.word(), (2, "FAILED"));
    let mut one = again(two, 1);
    one.refused(0);
    assert_eq!(one.state.word(), "FAILED", "the first attempt's first operation is there: not nothing");
    assert!(one.state.stands());
    one.take(&StepEvent::Again);
    one.take(&StepEvent::Skip);
    assert_ne!(one.state.state(), StepState::Skipped, "what is partly there is not left out");
    one.take(&StepEvent::RollBack);
    assert_eq!(one.state.word(), "RB_BLOCKED", "and it can be taken back");
}

#[test]
fn a_way_back_of_which_nothing_came_leaves_it_standing() {
    let mut done = Attempt::of(1, Limits::SEQUENCE);
    done.applied(0);
    done.take(&StepEvent::RollBack);
    let mut back = Attempt::shown(done.state, 1, Limits::SEQUENCE);
    back.take(&StepEvent::Arm);
    back.take(&StepEvent::Execute(Clearance::Clear));
    assert!(back.state.stands(), "under way, nothing sent is nothing taken back");
    back.refused(0);
    assert_eq!(back.word(), (1, "RB_NOT_APPLIED"));
    assert!(back.state.stands());
}

#[test]
fn what_was_there_and_is_overwritten_was_not_nothing() {
    let limits = Limits::SEQUENCE;
    let mut one = Attempt::shown(Machine::new(0, true, false), 1, limits);
    let recipe = Recipe { ops: vec![Op::new(Kind::Compared, false)], limits, attempt: 0 };
    one.take(&StepEvent::Previewed { digest: Digest([2; 32]), recipe });
    one.take(&StepEvent::Arm);
    one.take(&StepEvent::Execute(Clearance::Clear));
    one.applied(0);
    let settled = Timer::Settled(one.state.epoch());
    one.take(&StepEvent::Fired(settled));
    let overdue = Timer::Verify(one.state.epoch());
    one.take(&StepEvent::Fired(overdue));
    one.observed(0, Truth::Conflict);
    assert_eq!(one.state.word(), "FAILED");
}

#[test]
fn a_word_can_become_more_than_a_word() {
    let mut one = Attempt::of(1, Limits::SEQUENCE);
    one.replied(0, Reply::Indeterminate);
    one.take(&StepEvent::ResolvedManually(one.sent[0], true));
    for _ in 0..3 {
        let epoch = one.state.epoch();
        one.take(&StepEvent::Fired(Timer::Settled(epoch)));
        one.take(&StepEvent::Verdict(Level::Green));
        one.take(&StepEvent::Fired(Timer::Baked(one.state.epoch())));
    }
    assert_eq!(one.state.state(), StepState::Attested);
    assert!(!one.state.satisfies());
    one.take(&StepEvent::Adopt);
    assert_eq!(one.state.state(), StepState::Settling);
    assert!(one.state.stands(), "our own part of it stays ours");
}
