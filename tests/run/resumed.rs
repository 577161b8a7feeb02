//! What a console that was started again says: what it took up, what nobody knows, and the key that is due.

use landfall::{
    base::{
        side::Side,
        step::{OpState, StepState},
    },
    engine::{
        run::{Order, StepView},
        snapshot::Verdict,
    },
};

use crate::{
    stage::{Stage, primary, step, weights},
    stops::stopped_in_batches,
};

/// A name that is first in the runbook, and a set.
fn stage() -> Stage {
    let mut stage = Stage::new(vec![step("name", &[], weights(99, 1)), step("orders", &[], primary(Side::Target))], 3);
    stage.until("orders", 60, |s| s.state == StepState::Ready);
    stage
}

fn release(stage: &mut Stage) {
    assert_eq!(stage.order(Order::Release { why: "checked".to_owned() }), None);
}

/// The last record before the program is started again.
fn last(stage: &Stage) -> u64 {
    stage.entries().last().expect("a record").seq
}

#[test]
fn what_stands_still_after_a_crash_is_a_hold_with_the_key_that_is_due() {
    let mut stage = stopped_in_batches(None);
    for _ in 0..12_000 {
        if stage.drive.server_log().iter().filter(|tag| tag.contains("/stop/")).count() >= 2 {
            break;
        }
        stage.pass(50);
    }
    let waiting = |s: &StepView| s.ops.iter().any(|op| op.state == OpState::Waiting);
    assert!(waiting(&stage.step("stop")), "{:?}", stage.step("stop").ops);
    let before = last(&stage);
    stage.restart();
    let notice = stage.run().notice.expect("it is stated what was taken up");
    assert!(notice.starts_with(&format!("resumed from record {before}: stop was RUNNING, operation ")), "{notice}");
    assert!(notice.contains(" is UNKNOWN") && notice.contains(":release releases the rest"), "{notice}");
    stage.until("stop", 900, |s| !s.ops.iter().any(|op| op.state.in_flight()));
    stage.pass(90_000);
    let reason = "stop is held since the program was started again: :release resumes it, :abandon aborts it";
    let verdict = stage.drive.snapshot().verdict();
    assert!(matches!(&verdict, Verdict::Hold(why) if why == reason), "{verdict:?}");
    release(&mut stage);
    stage.pass(300);
    let verdict = stage.drive.snapshot().verdict();
    assert!(matches!(&verdict, Verdict::Running(why) if why.starts_with("stop")), "{verdict:?}");
}

#[test]
fn what_a_restart_holds_is_due_before_what_comes_first_in_the_runbook() {
    let mut stage = stage();
    assert_eq!(stage.execute("orders"), None);
    stage.until("orders", 60, |s| s.ops.first().is_some_and(|op| op.state == OpState::Applied));
    stage.restart();
    stage.until("orders", 300, |s| s.state == StepState::Failed);
    stage.drive.order(Order::Again("orders".into()));
    stage.pass(90_000);
    let verdict = stage.drive.snapshot().verdict();
    let reason = "orders is held since the program was started again: :release releases it";
    assert!(matches!(&verdict, Verdict::Hold(why) if why == reason), "{verdict:?}");
    assert_eq!(stage.run().due().map(|s| s.id.clone()).as_deref(), Some("orders"));
    release(&mut stage);
    stage.pass(5_000);
    assert!(matches!(stage.drive.snapshot().verdict(), Verdict::Go(_)));
}

#[test]
fn what_came_to_its_end_after_a_restart_is_not_held_any_more() {
    let mut stage = stage();
    assert_eq!(stage.execute("orders"), None);
    // All is sent: only observation is left.
    stage.until("orders", 120, |s| s.ops.iter().any(|op| op.cleanup && op.state == OpState::Applied));
    stage.restart();
    assert!(stage.run().releasable);
    stage.until("orders", 900, |s| s.state == StepState::Done);
    stage.pass(90_000);
    assert!(!stage.run().releasable);
    assert!(matches!(stage.drive.snapshot().verdict(), Verdict::Go(_)));
}

#[test]
fn a_console_says_once_that_it_took_up_a_journal_in_which_nothing_was_under_way() {
    let mut stage = stage();
    assert_eq!(stage.run().notice, None, "a new journal is not taken up");
    stage.carry_out("name");
    let before = last(&stage);
    stage.restart();
    assert_eq!(stage.run().notice, Some(format!("resumed from record {before}: no step was under way")));
    stage.pass(30_000);
    assert_eq!(stage.run().notice, None);
}
