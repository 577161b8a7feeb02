//! An unfinished cleanup: how it is shown, what completes it, how long it has been so; and what is checked again on
//! the way.

use std::time::Duration;

use landfall::{
    base::{
        side::Side,
        step::{OpState, StepState},
    },
    engine::run::{Order, StepView},
    systems::{Body, FaultInjection as Injected, mongo::FaultInjection},
};

use crate::stage::{MOVE_PRIMARY, Stage, primary, step, written};

/// Pinned, and an external change of the configuration: neither the step-down nor the cleanup is possible.
fn exposed() -> Stage {
    let mut stage = Stage::new(vec![step("orders", &[], primary(Side::Target))], 5);
    stage.until("orders", 60, |s| s.state == StepState::Ready);
    assert_eq!(stage.execute("orders"), None);
    stage.until("orders", 60, |s| s.ops.first().is_some_and(|op| op.state == OpState::Applied));
    stage.drive.external_change(&primary(Side::Target));
    let orders = stage.until("orders", 300, |s| s.state == StepState::Failed);
    assert!(orders.exposed.is_some(), "{:#?}", orders.ops);
    // The external change is read.
    stage.pass(10_000);
    stage
}

fn intents(stage: &Stage) -> usize {
    stage.entries().iter().filter(|e| matches!(e.body, Body::Intent(_))).count()
}

#[test]
fn another_try_at_a_tail_is_shown_before_anything_is_sent_and_works_from_what_is_there() {
    let mut stage = exposed();
    let before = intents(&stage);
    assert_eq!(stage.order(Order::Again("orders".into())), None);
    stage.pass(5_000);
    let shown = stage.step("orders");
    assert_eq!((shown.state, intents(&stage)), (StepState::Previewed, before), "{:?}", shown.obstacles);
    assert!(shown.exposed.is_some(), "thinking of it mends nothing");
    let preview = shown.preview.expect("a preview");
    assert!(preview.ops.iter().all(|op| op.cleanup && !op.command.is_empty()));
    assert!(!preview.diff.is_empty());
    // Neither a hold nor a cancellation prevents it.
    assert_eq!(stage.order(Order::Cancel("orders".into())), None);
    assert_eq!(stage.step("orders").state, StepState::Failed);
    stage.drive.order(Order::Hold { by: None, why: "the phone rings".into() });
    assert_eq!(stage.order(Order::Again("orders".into())), None);
    assert_eq!(stage.execute("orders"), None);
    let end = stage.until("orders", 120, |s| s.exposed.is_none());
    assert_eq!(end.state, StepState::Failed, "the primary was never moved: that it is mended does not make it done");
    assert_eq!(intents(&stage), before + 1);
}

#[test]
fn the_clock_of_an_exposure_does_not_begin_anew_with_the_program() {
    let mut stage = exposed();
    stage.pass(100_000);
    let before = stage.step("orders").exposed.expect("exposed");
    assert!(before > Duration::from_secs(100));
    stage.restart();
    let after = stage.step("orders").exposed.expect("exposed");
    // According to the record of the pinning, which is slightly later than the event itself.
    assert!(
        after + Duration::from_secs(10) > before && after <= before + Duration::from_secs(1),
        "{before:?} {after:?}"
    );
    // It still completes once everything is read.
    stage.pass(30_000);
    assert_eq!(stage.order(Order::Again("orders".into())), None);
    assert_eq!(stage.execute("orders"), None);
    stage.until("orders", 120, |s| s.exposed.is_none());
}

/// A gate that turns red during the move.
const GATES: &str = r#"gates = [{ id = "near", metric = "mongo.set.longest_write", where = { set = "orders" }, op = "<", value = "5s", for = "10s", min_samples = 2 }]"#;

/// A move whose target falls behind once it is pinned and catches up ten seconds later; `meanwhile` is injected in
/// between.
fn delayed(meanwhile: Option<&Injected>) -> StepView {
    let mut stage = Stage::with("", &[written("orders", MOVE_PRIMARY, GATES)], 5);
    stage.until("orders", 120, |s| s.state == StepState::Ready);
    assert_eq!(stage.execute("orders"), None);
    stage.until("orders", 60, |s| s.ops.first().is_some_and(|op| op.state == OpState::Applied));
    let behind = |stage: &mut Stage, secs| {
        for n in 1..=3 {
            let host = format!("orders-{n}.ore.example.net:27017");
            stage
                .drive
                .happen(&Injected::Mongo(FaultInjection::FallBehind { host, by: Duration::from_secs(secs) }))
                .expect("a secondary");
        }
    };
    behind(&mut stage, 5);
    meanwhile.iter().for_each(|what| stage.drive.happen(what).expect("a set"));
    stage.pass(10_000);
    behind(&mut stage, 0);
    stage.until("orders", 300, |s| matches!(s.state, StepState::Failed | StepState::Done))
}

#[test]
fn gates_are_judged_once_more_before_a_primary_steps_down() {
    // The condition that the gate excludes begins after the gate was evaluated.
    let long = Injected::Mongo(FaultInjection::LongWrite { set: "orders".into(), running: Duration::from_secs(600) });
    let end = delayed(Some(&long));
    assert_eq!((end.state, end.exposed), (StepState::Failed, None), "{:#?}", end.ops);
    let wait = end.ops.iter().find(|op| op.state == OpState::NotApplied).expect("the wait");
    assert!(
        wait.detail.contains("not possible now: ") && wait.detail.contains("longest write under way"),
        "{}",
        wait.detail
    );
    let stepped = end.ops.iter().find(|op| op.what.contains("steps down")).expect("a step down");
    assert_eq!(stepped.state, OpState::Waiting);
    // Without the injection the same move succeeds.
    assert_eq!(delayed(None).state, StepState::Done);
}
