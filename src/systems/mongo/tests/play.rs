//! The recipe run against the simulated servers by the step machine: to its end, interrupted at every point, and back.

mod player;

use self::player::Play;
use super::{draft::to, *};
use crate::{
    mongo::FaultInjection,
    mongo::{
        facts::{ConfigMember, Observation},
        ops::{Call, Version},
    },
    planner::{Planner, SimulateWrites},
};
use base::{
    digest::Digest,
    operation::{Draft, Operation},
    step::{
        Clearance, Kind, Machine as Step, Op, OpState, Recipe, Reply, StepEffect, StepEvent, StepState, Timer, step,
    },
};

#[test]
fn played_to_the_end_the_target_leads_and_everything_is_restored() {
    for seed in 1..9 {
        let mut run = Run::movable(seed);
        let (before, ..) = run.members();
        let draft = run.move_to(Side::Target);
        let target = draft.diff[0].to.clone();
        let mut play = Play::begin(&mut run, "go", draft.ops);
        play.go(|_| false);
        assert_eq!(play.step.state(), StepState::Settling, "{:?}", play.states());
        assert!(play.states().iter().all(|s| *s == OpState::Applied));
        assert_eq!(State::log(&run.sim), ["go/0", "go/3", "go/6", "go/8"]);
        let (after, version, leader) = run.members();
        assert_eq!((&leader, version), (&target, 6));
        for (b, a) in before.iter().zip(&after) {
            let wanted = if b.host == target { ConfigMember { priority: 3.0, ..b.clone() } } else { b.clone() };
            assert_eq!(*a, wanted);
        }
        run.pass(5);
        assert_eq!(run.state.is_satisfied(&to(Side::Target), run.now).and_then(Observed::fresh), Some(true));

        // And back, from the record.
        let bytes = serde_json::to_vec(&draft.inverse).expect("written");
        let stored: Vec<Operation<Call, Version>> = serde_json::from_slice(&bytes).expect("read");
        let back = run.state.inverse(&stored, run.now).expect("a way back");
        assert_eq!(back.broken, Vec::<String>::new());
        let mut play = Play::begin(&mut run, "back", back.ops);
        play.go(|_| false);
        assert_eq!(play.step.state(), StepState::Settling, "{:?}", play.states());
        assert_eq!(run.members(), (before, 8, "127.0.0.1:101".into()));
        run.pass(5);
        // What holds already is left out.
        let again = run.state.inverse(&stored, run.now).expect("a way back");
        assert!(again.ops.is_empty() && again.diff.is_empty());
    }
}

#[test]
fn held_after_any_operation_the_cleanup_finishes_it() {
    for at in 0..5 {
        for crashed in [false, true] {
            let mut run = Run::movable(2);
            let (before, ..) = run.members();
            let draft = run.move_to(Side::Target);
            let target = draft.diff[0].to.clone();
            let mut play = Play::begin(&mut run, "go", draft.ops);
            play.go(|s| s.recipe().ops[at].state.holds());
            if crashed {
                play.events.clear();
                play.timers.clear();
            }
            // The run is held; or the program was restarted, which holds it, too.
            play.take(&if crashed { StepEvent::Resumed } else { StepEvent::Hold });
            play.go(|_| false);
            assert!(matches!(play.step.state(), StepState::Failed | StepState::Settling), "{at}: {:?}", play.states());
            assert!(!play.step.exposed(), "{at}: {:?}", play.states());
            let (after, version, leader) = run.members();
            assert_eq!(version, 6);
            // The step down is sent as soon as the preceding wait has ended.
            let moved = at >= 2;
            assert_eq!(leader, if moved { target.clone() } else { "127.0.0.1:101".to_owned() });
            for (b, a) in before.iter().zip(&after) {
                let preferred = moved && b.host == target;
                assert!(a.priority == if preferred { 3.0 } else { b.priority }, "{at}: {a:?}");
            }
            let log = State::log(&run.sim);
            assert!((1..log.len()).all(|i| !log[i..].contains(&log[i - 1])), "{log:?}");
        }
    }
}

#[test]
fn a_reply_that_is_lost_is_found_by_looking() {
    for at in [0, 3, 6, 8] {
        let mut run = Run::movable(3);
        let draft = run.move_to(Side::Target);
        let mut play = Play::begin(&mut run, "go", draft.ops);
        play.lost = Some(at);
        play.go(|_| false);
        assert_eq!(play.step.state(), StepState::Settling, "{at}: {:?}", play.states());
        assert_eq!(State::log(&run.sim).len(), 4);
    }
}

#[test]
fn an_external_change_in_between_is_a_conflict_and_is_not_overwritten() {
    let mut run = Run::movable(4);
    let draft = run.move_to(Side::Target);
    State::external_change(&mut run.sim, &to(Side::Target), run.now);
    let (theirs, version, _) = run.members();
    let mut play = Play::begin(&mut run, "go", draft.ops.clone());
    play.go(|_| false);
    assert_eq!((play.step.state(), play.states()[0]), (StepState::NotApplied, OpState::Conflict));
    assert!(State::log(&run.sim).is_empty());
    assert_eq!(run.members(), (theirs, version, "127.0.0.1:101".into()));
    // While it is pinned: the step down is not sent, and the cleanup keeps the external change. That stays exposed, and is reported.
    let mut run = Run::movable(4);
    let draft = run.move_to(Side::Target);
    let mut play = Play::begin(&mut run, "go", draft.ops.clone());
    play.go(|s| s.recipe().ops[1].state.holds());
    State::external_change(&mut play.run.sim, &to(Side::Target), play.run.now);
    play.go(|_| false);
    assert_eq!((play.step.state(), play.step.exposed()), (StepState::Failed, true), "{:?}", play.states());
    assert_eq!((play.states()[3], play.states()[8]), (OpState::NotApplied, OpState::Conflict));
    let (theirs, ..) = run.members();
    // The inverse is bound to the present configuration: it restores the priorities and leaves the externally changed tags.
    run.pass(5);
    let back = run.state.inverse(&draft.inverse, run.now).expect("a way back");
    assert_eq!(back.ops.iter().filter(|op| op.kind == Kind::Compared).count(), 1);
    let mut play = Play::begin(&mut run, "back", back.ops);
    play.go(|_| false);
    assert_eq!(play.step.state(), StepState::Settling, "{:?}", play.states());
    let (after, ..) = run.members();
    assert_eq!(after.iter().map(|m| m.priority).collect::<Vec<_>>(), [2.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(after[4].tags, theirs[4].tags);
}

/// A member's process hangs, or continues.
fn hang(play: &mut Play<'_>, host: &str, on: bool) {
    let what = FaultInjection::Hang { host: host.into(), on };
    State::inject(&mut play.run.sim, &what, play.run.now).expect("a member");
}

#[test]
fn an_old_primary_that_hangs_keeps_nobody_from_finishing_a_move_that_succeeded() {
    // It stays silent; or it answers again before its step down has expired, and has received nothing that was sent meanwhile.
    for recovers in [false, true] {
        let mut run = Run::movable(2);
        let draft = run.move_to(Side::Target);
        let mut play = Play::begin(&mut run, "go", draft.ops);
        play.go(|s| s.recipe().ops[4].state.holds());
        let led = play.run.now.boot;
        hang(&mut play, "127.0.0.1:101", true);
        play.go(|s| s.recipe().ops[9].state.holds());
        assert_eq!(play.states()[6], OpState::Unknown, "nobody knows yet, and the priorities did not wait for it");
        assert!(play.run.now.boot - led < Duration::from_secs(10));
        assert!(play.step.exposed(), "for the step down's own time the old primary cannot lead");
        if recovers {
            hang(&mut play, "127.0.0.1:101", false);
        }
        play.go(|_| false);
        assert_eq!((play.step.state(), play.step.exposed()), (StepState::Settling, false), "{:?}", play.states());
        let lasted = play.run.now.boot - led;
        assert!((Duration::from_secs(60)..Duration::from_secs(65)).contains(&lasted), "{lasted:?}");
        assert_eq!(State::log(&run.sim), ["go/0", "go/3", "go/8"], "what was never taken is not reported as taken");
    }
}

#[test]
fn a_target_that_is_not_level_in_time_is_not_waited_for_pinned() {
    let mut run = Run::movable(5);
    let (before, ..) = run.members();
    let draft = run.move_to(Side::Target);
    let target = draft.diff[0].to.clone();
    let mut play = Play::begin(&mut run, "go", draft.ops);
    play.go(|s| s.recipe().ops[0].state.holds());
    play.run.sim.stop(&target);
    play.go(|s| s.recipe().ops[1].state.holds());
    let pinned = play.run.now.boot;
    play.go(|s| s.recipe().ops[2].state.failed());
    let waited = play.run.now.boot - pinned;
    assert!((Duration::from_secs(30)..Duration::from_secs(40)).contains(&waited), "{waited:?}");
    // It comes back late: no automatic step down happens any more.
    play.run.sim.start(&target);
    play.go(|_| false);
    assert_eq!((play.step.state(), play.step.exposed()), (StepState::Failed, false), "{:?}", play.states());
    assert_eq!(play.states()[3], OpState::Waiting, "the step down was never begun");
    assert_eq!(run.members(), (before, 6, "127.0.0.1:101".into()));
}

#[test]
fn a_cleanup_that_an_external_change_came_into_is_finished_from_what_is_there() {
    // Before the step down: the old primary is primary, and every priority is to be what it was. After it: the target has the highest.
    for (op, leads) in [(1, false), (4, true)] {
        let mut run = Run::movable(4);
        let (before, ..) = run.members();
        let draft = run.move_to(Side::Target);
        let target = draft.diff[0].to.clone();
        let mut play = Play::begin(&mut run, "go", draft.ops.clone());
        play.go(|s| s.recipe().ops[op].state.holds());
        // An external change of the pinned configuration, whatever is in progress.
        play.run.pass(3);
        State::external_change(&mut play.run.sim, &to(Side::Target), play.run.now);
        play.go(|_| false);
        assert_eq!((play.step.state(), play.step.exposed()), (StepState::Failed, true), "{:?}", play.states());
        let step = play.step;
        run.pass(5);
        let (pinned, ..) = run.members();
        let rest = run.state.finish_cleanup(&draft.ops, run.now).expect("a way to finish it");
        assert!(!rest.ops.is_empty() && rest.ops.iter().all(|op| op.cleanup));
        let (next, effects) = base::step::step(&step, &StepEvent::Again);
        assert!(
            effects.is_empty() && next.exposed() && next.state() == StepState::Blocked,
            "nothing is sent before it was shown"
        );
        let mut play = Play::on(&mut run, "rest", rest.ops, next);
        play.go(|_| false);
        let end = if leads { StepState::Settling } else { StepState::Failed };
        assert_eq!((play.step.state(), play.step.exposed()), (end, false), "{:?}", play.states());
        let (after, _, leader) = run.members();
        assert_eq!(leader == target, leads);
        for (was, is) in before.iter().zip(&after) {
            let wanted = if leads && is.host == target { 3.0 } else { was.priority };
            assert!(is.priority.total_cmp(&wanted).is_eq(), "{is:?}");
        }
        assert_eq!(after[4].tags, pinned[4].tags, "the other's tags stay");
    }
}

#[test]
fn a_target_lost_at_the_worst_moment_leaves_the_old_primary_to_lead_again() {
    let mut run = Run::movable(5);
    let (before, ..) = run.members();
    let draft = run.move_to(Side::Target);
    let target = draft.diff[0].to.clone();
    let mut play = Play::begin(&mut run, "go", draft.ops);
    play.go(|s| s.recipe().ops[3].state != OpState::Waiting);
    play.run.sim.stop(&target);
    play.go(|_| false);
    assert_eq!((play.step.state(), play.step.exposed()), (StepState::Failed, false), "{:?}", play.states());
    let (after, _, leader) = run.members();
    assert_eq!((after, leader), (before, "127.0.0.1:101".into()));
}

#[test]
fn refused_with_262_the_old_primary_leads_on_with_its_priorities() {
    let mut run = Run::movable(6);
    let (before, ..) = run.members();
    let draft = run.move_to(Side::Target);
    let target = draft.diff[0].to.clone();
    let mut play = Play::begin(&mut run, "go", draft.ops);
    play.go(|s| s.recipe().ops[1].state.holds());
    // Between the wait and the step down.
    play.run.sim.stop(&target);
    play.go(|_| false);
    assert_eq!((play.step.state(), play.step.exposed()), (StepState::Failed, false), "{:?}", play.states());
    assert_eq!(play.states()[3], OpState::NotApplied);
    let (after, _, leader) = run.members();
    assert_eq!((after, leader), (before, "127.0.0.1:101".into()));
}
