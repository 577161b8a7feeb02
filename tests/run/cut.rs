//! The network between the sites is cut during the run; the console still reaches both.

use landfall::{
    base::{
        side::Side,
        step::{Level, StepState},
    },
    engine::run::Order,
};

use crate::stage::{MOVE_PRIMARY, Stage, primary, step, written};

/// No primary is moved while a set has no writable one.
const GATES: &str = r#"gates = [{ id = "written", metric = "mongo.set.primary_writable", where = { set = "orders" }, op = "==", value = true, for = "10s", min_samples = 2 }]"#;

#[test]
fn the_side_with_the_majority_leads_and_the_other_gives_way() {
    let mut stage = Stage::with("", &[written("orders", MOVE_PRIMARY, GATES)], 5);
    stage.until("orders", 60, |s| s.state == StepState::Ready);
    // The source has two of five members: its primary steps down, and the target elects one.
    stage.drive.cut(true);
    stage.until("orders", 30, |s| s.state == StepState::Blocked);
    stage.until("orders", 120, |s| s.level == Level::Green);
    let target = stage.order(Order::Adopt("orders".into()));
    assert_eq!(target, None, "it is where the step wants it, by no doing of ours");
    assert!(stage.drive.server_log().is_empty());
}

#[test]
fn cut_in_the_middle_of_a_move_it_ends_unexposed_once_the_link_is_back() {
    let mut done = 0;
    for after in [500, 2500, 4000, 6000] {
        let mut stage = Stage::new(vec![step("orders", &[], primary(Side::Target))], 5);
        stage.until("orders", 60, |s| s.state == StepState::Ready);
        assert_eq!(stage.execute("orders"), None);
        stage.pass(after);
        stage.drive.cut(true);
        stage.pass(180_000);
        let during = stage.step("orders");
        assert!(!matches!(during.state, StepState::NotApplied), "{after} ms: {:#?}", during.ops);
        stage.drive.cut(false);
        stage.pass(60_000);
        // Whatever the result, the cleanup completes, if necessary by another key.
        for _ in 0..3 {
            if stage.step("orders").exposed.is_some() && stage.drive.phase("orders") == Some(StepState::Failed) {
                stage.drive.order(Order::Again("orders".into()));
                assert_eq!(stage.execute("orders"), None, "{after} ms");
                stage.pass(120_000);
            }
        }
        let end = stage.step("orders");
        assert!(end.exposed.is_none(), "{after} ms: {} {:#?}", end.word, end.ops);
        assert!(matches!(end.state, StepState::Done | StepState::Failed), "{after} ms: {}", end.word);
        done += usize::from(end.state == StepState::Done);
    }
    assert!(done >= 3, "the moves that are made: {done}");
}
