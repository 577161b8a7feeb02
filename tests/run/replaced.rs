//! What an emergency has replaced is not to be rolled back; what began after it is. And one word has one consequence: where the verdict is
//! ROLL BACK, nothing begins forward but an emergency and the step that it is about.

use std::time::Duration;

use landfall::{
    base::{
        observed::FaultKind,
        step::{OpState, StepState, Way},
    },
    drive::sim::{CallTrouble, Trouble},
    engine::{
        run::{ObstacleKind, Order, StepView},
        snapshot::Verdict,
    },
    systems::{FaultInjection as Injected, mongo::FaultInjection},
};

use crate::stage::{MOVE_PRIMARY, Stage, set_weights, weights, written};

const HOME: &str = r#"emergency_weights = { name = "www.example.test.", source = 100, target = 0 }"#;

/// A name whose verification is of its own weights, a set, and the emergency of the name.
fn stage(bake: &str) -> Stage {
    let verify = r#"verify = [{ metric = "dns.name.configured_share", where = { name = "www.example.test.", type = "A", side = "target" }, op = "==", value = "50%" }]"#;
    let tables = "[gate_defaults]\nfor = \"0s\"\nmin_samples = 1\n";
    let steps = [
        written("www", &set_weights(50, 50), &format!("settle = \"0s\"\nbake = {bake:?}\n{verify}")),
        written("more", &set_weights(10, 90), "settle = \"0s\"\nbake = \"2s\""),
        written("orders", MOVE_PRIMARY, "needs = []"),
        written("home", HOME, "needs = []\nsettle = \"0s\"\nbake = \"2s\""),
    ];
    Stage::with(tables, &steps, 7)
}

fn begin(stage: &mut Stage, id: &str) {
    stage.until(id, 60, |s| s.state == StepState::Ready);
    assert_eq!(stage.execute(id), None, "{id}");
}

fn verdict(stage: &mut Stage) -> Verdict {
    // Whatever was sent is read again before anything is stated of it.
    stage.pass(15_000);
    stage.drive.snapshot().verdict()
}

fn holds(stage: &mut Stage, reason: &str) {
    let verdict = verdict(stage);
    assert!(matches!(&verdict, Verdict::Hold(why) if why == reason), "{verdict:?}");
}

/// The step bakes, and then the emergency overwrites it.
fn overwritten() -> Stage {
    let mut stage = stage("600s");
    begin(&mut stage, "www");
    stage.until("www", 120, |s| s.state == StepState::Baking);
    begin(&mut stage, "home");
    stage.until("home", 300, |s| s.state == StepState::Verifying || s.state == StepState::Baking);
    let stated = stage.drive.snapshot().verdict();
    assert!(matches!(&stated, Verdict::Running(why) if why.starts_with("home is ")), "{stated:?}");
    stage.until("home", 300, |s| s.state == StepState::Done);
    stage.until("www", 300, |s| s.state == StepState::Failed);
    stage
}

const REPLACED: &str = "home is done and has replaced www: :next-step selects www, :again retries it";

#[test]
fn what_an_emergency_has_replaced_is_said_and_not_to_be_rolled_back() {
    let mut stage = overwritten();
    holds(&mut stage, REPLACED);
    let by = |stage: &Stage| stage.step("www").replaced_by;
    assert_eq!(by(&stage).as_deref(), Some("home"));
    assert_eq!(stage.run().due().map(|s| s.id.clone()).as_deref(), Some("www"));
    // By the records: another program says the same.
    stage.restart();
    stage.pass(60_000);
    holds(&mut stage, REPLACED);
    assert_eq!(by(&stage).as_deref(), Some("home"));
    // Once the emergency is rolled back, the step answers for itself again.
    stage.drive.order(Order::RollBack("home".into()));
    stage.until("home", 60, |s| s.state == StepState::Previewed);
    assert_eq!(by(&stage).as_deref(), Some("home"), "nothing is rolled back yet");
    assert_eq!(stage.execute("home"), None);
    stage.until("home", 900, |s| s.state == StepState::RolledBack);
    assert_eq!(by(&stage), None);
    let stated = verdict(&mut stage);
    assert!(matches!(&stated, Verdict::RollBack(why) if why.starts_with("www failed")), "{stated:?}");
}

#[test]
fn what_an_emergency_has_replaced_cannot_be_rolled_back_before_the_emergency() {
    let mut stage = overwritten();
    stage.pass(15_000);
    stage.drive.order(Order::RollBack("www".into()));
    stage.pass(15_000);
    let www = stage.step("www");
    assert_eq!((www.state, www.way), (StepState::Blocked, Way::Back));
    let of_it: Vec<&str> =
        www.obstacles.iter().filter(|it| it.kind == ObstacleKind::Replaced).map(|it| it.why.as_str()).collect();
    assert_eq!(of_it, ["home has replaced it, and this would undo home: roll home back first"]);
    holds(&mut stage, "home is done and has replaced www: :call-off cancels the rollback of www");
    stage.drive.order(Order::RollBack("home".into()));
    stage.until("home", 60, |s| s.state == StepState::Previewed);
    assert_eq!(stage.execute("home"), None);
    stage.until("home", 900, |s| s.state == StepState::RolledBack);
    stage.until("www", 60, |s| s.obstacles.iter().all(|it| it.kind != ObstacleKind::Replaced));
}

#[test]
fn a_failure_of_what_began_after_the_emergency_is_as_loud_as_ever() {
    let mut stage = overwritten();
    stage.drive.order(Order::Again("www".into()));
    begin(&mut stage, "www");
    assert_eq!(stage.step("www").replaced_by, None);
    stage.until("www", 120, |s| s.state == StepState::Baking);
    stage.drive.external_change(&weights(90, 10));
    let failed = |s: &StepView| s.state == StepState::Failed;
    stage.until("www", 300, failed);
    for _ in 0..2 {
        let stated = verdict(&mut stage);
        assert!(matches!(&stated, Verdict::RollBack(why) if why.starts_with("www failed")), "{stated:?}");
        assert_eq!(stage.step("www").replaced_by, None);
        stage.restart();
        stage.pass(60_000);
    }
}

#[test]
fn a_failure_on_another_thing_is_not_explained_by_an_emergency() {
    let mut stage = stage("600s");
    begin(&mut stage, "orders");
    // The priorities are set; the step down is refused.
    stage.until("orders", 60, |s| s.ops.first().is_some_and(|op| op.state == OpState::Applied));
    stage.drive.call_trouble("orders", CallTrouble::Refused, 1);
    stage.until("orders", 300, |s| s.state == StepState::Failed);
    begin(&mut stage, "home");
    stage.until("home", 300, |s| s.state == StepState::Done);
    let stated = verdict(&mut stage);
    assert!(matches!(&stated, Verdict::RollBack(why) if why.starts_with("orders failed")), "{stated:?}");
}

#[test]
fn an_emergency_hides_no_request_of_which_nobody_knows() {
    let mut stage = stage("600s");
    stage.drive.call_trouble("www", CallTrouble::Pending, 1);
    stage.drive.unobservable(Some("www"));
    begin(&mut stage, "www");
    stage.until("www", 60, |s| s.word == "UNKNOWN");
    begin(&mut stage, "home");
    stage.until("home", 300, |s| s.state == StepState::Done);
    assert_eq!(stage.step("www").word, "UNKNOWN");
    holds(&mut stage, "www: its outcome is unknown");
    assert_eq!(stage.run().due().map(|s| s.id.clone()).as_deref(), Some("www"));
}

#[test]
fn after_an_emergency_the_next_step_is_not_go_before_somebody_has_begun_it() {
    let mut stage = stage("2s");
    stage.carry_out("www");
    stage.carry_out("home");
    holds(&mut stage, "home is done and has replaced www: :next-step selects more, the next step");
    stage.carry_out("more");
    let stated = verdict(&mut stage);
    assert!(matches!(&stated, Verdict::Go(why) if why.starts_with("next: orders")), "{stated:?}");
}

#[test]
fn nothing_begins_forward_while_a_failed_step_asks_for_the_way_back() {
    let mut stage = stage("600s");
    begin(&mut stage, "www");
    stage.until("www", 120, |s| s.state == StepState::Baking);
    stage.until("orders", 60, |s| s.state == StepState::Ready);
    stage.drive.order(Order::Preview("orders".into()));
    stage.drive.order(Order::Arm("orders".into()));
    assert_eq!(stage.step("orders").state, StepState::Armed);
    stage.drive.external_change(&weights(90, 10));
    stage.until("www", 300, |s| s.state == StepState::Failed);
    let stated = verdict(&mut stage);
    assert!(matches!(&stated, Verdict::RollBack(why) if why.starts_with("www failed")), "{stated:?}");
    let orders = stage.step("orders");
    assert_eq!(orders.state, StepState::Blocked, "what was armed is not any more");
    let why: Vec<_> = orders.obstacles.iter().map(|it| (it.kind, it.why.as_str())).collect();
    let expected = "ROLL BACK is asked for, www failed: :next-step selects it";
    assert_eq!(why, [(ObstacleKind::FailedStep, expected)]);
    assert_eq!(stage.order(Order::Preview("orders".into())), None, "what it would do can be looked at");
    assert_eq!(stage.order(Order::Arm("orders".into())), Some(format!("orders is BLOCKED: {expected}")));
    // An emergency begins, and so does the step itself.
    assert_eq!(stage.step("home").obstacles, []);
    stage.drive.order(Order::Again("www".into()));
    stage.until("www", 60, |s| s.state == StepState::Ready);
    stage.drive.order(Order::Cancel("www".into()));
    stage.until("orders", 60, |s| s.state == StepState::Blocked);
    stage.drive.order(Order::RollBack("www".into()));
    stage.pass(5_000);
    assert_eq!(stage.step("orders").state, StepState::Blocked, "that its rollback is previewed changes nothing");
    assert_eq!(stage.execute("www"), None);
    stage.until("www", 900, |s| s.state == StepState::RolledBack);
    stage.until("orders", 60, |s| s.state == StepState::Ready);
}

/// A name, its emergency, and a trigger that asks for the way back when this is true.
fn triggered(when: &str) -> Stage {
    let abort = format!("[[abort]]\nid = \"too-many\"\ntitle = \"Too many\"\nwhen = [{{ {when} }}]\n");
    let steps = [
        written("www", &set_weights(50, 50), "settle = \"0s\"\nbake = \"2s\""),
        written("home", HOME, "needs = []\nsettle = \"0s\"\nbake = \"2s\""),
    ];
    Stage::with(&format!("[gate_defaults]\nfor = \"0s\"\nmin_samples = 1\n\n{abort}"), &steps, 7)
}

#[test]
fn a_rollback_that_cannot_be_worked_out_is_not_named_as_the_way_back() {
    let mut stage =
        triggered(r#"metric = "mongo.set.worst_target_lag", where = { set = "orders" }, op = ">", value = "100s""#);
    stage.carry_out("www");
    // What asks for the way back does not depend on the records.
    let host = "orders-1.ore.example.net:27017".to_owned();
    let behind = Injected::Mongo(FaultInjection::FallBehind { host, by: Duration::from_secs(36_000) });
    stage.drive.happen(&behind).expect("a secondary");
    let asks = |stage: &mut Stage| {
        let verdict = stage.drive.snapshot().verdict();
        if let Verdict::RollBack(why) = verdict { Some(why) } else { None }
    };
    let first = (0..300).find_map(|_| {
        stage.pass(1_000);
        asks(&mut stage)
    });
    let first = first.expect("ROLL BACK");
    assert!(first.starts_with("www can be rolled back, :roll-back on its row previews it; home is the"), "{first}");
    stage.drive.trouble("route53/Z", Some(Trouble::Fails(FaultKind::Throttled)));
    let blocked = (0..300).find_map(|_| {
        stage.pass(1_000);
        asks(&mut stage).filter(|why| why.contains("cannot be rolled back now"))
    });
    let blocked = blocked.expect("a rollback that is blocked");
    let begins = "home is the emergency, :preview on its row previews it; www cannot be rolled back now: ";
    assert!(blocked.starts_with(begins) && blocked.contains("www.example.test. A: last read"), "{blocked}");
    assert!(stage.run().way_back.fault.is_some_and(|(step, _)| step == "www"));
    stage.drive.trouble("route53/Z", None);
    let back = (0..300).find_map(|_| {
        stage.pass(1_000);
        asks(&mut stage).filter(|why| why.starts_with("www can be rolled back"))
    });
    assert!(back.is_some());
}

#[test]
fn a_trigger_names_the_way_back_that_is_being_prepared() {
    let mut stage = triggered(
        r#"metric = "dns.name.configured_share", where = { name = "www.example.test.", type = "A", side = "target" }, op = ">=", value = "40%""#,
    );
    begin(&mut stage, "www");
    stage.until("www", 120, |s| s.state == StepState::Verifying);
    let asks = |stage: &mut Stage, begins: &str| {
        stage.pass(3_000);
        let stated = stage.drive.snapshot().verdict();
        assert!(matches!(&stated, Verdict::RollBack(why) if why.starts_with(begins)), "{begins}\n{stated:?}");
    };
    let both = "www can be rolled back, :roll-back on its row previews it; home is the emergency, :preview on its row";
    asks(&mut stage, both);
    stage.drive.order(Order::RollBack("www".into()));
    stage.until("www", 60, |s| s.state == StepState::Previewed);
    asks(&mut stage, "www is RB_PREVIEWED, :arm arms the rollback: Too many");
    stage.drive.order(Order::Preview("home".into()));
    stage.until("home", 60, |s| s.state == StepState::Previewed);
    asks(&mut stage, "home, the emergency, is PREVIEWED, :arm on its row arms it: Too many");
    stage.drive.order(Order::Cancel("www".into()));
    stage.drive.order(Order::Cancel("home".into()));
    asks(&mut stage, "www can be rolled back, :roll-back on its row previews it");
}
