//! What blocks all forward steps and is reported first: an outage, a spent budget, a rollback trigger, a closed
//! window; and what one keyboard cannot do alone.

use std::sync::Arc;

use landfall::{
    base::{
        side::Side,
        step::{Level, OpState, StepState},
        view::{Tile, Tone},
    },
    engine::{
        run::{Hand, Order, Proposal},
        snapshot::{Outage, Verdict},
    },
    plan::{Action, Window},
    systems::{Body, FaultInjection as Injected, mongo::FaultInjection},
};

use crate::stage::{MOVE_PRIMARY, Stage, approvers, plan, primary, set_weights, step, weights, written};

/// A trigger that is true while the set's primary is on this side, and a step that nothing else blocks.
fn triggered(side: Side, seed: u64) -> Stage {
    let on_target = u8::from(side == Side::Target);
    let tables = format!(
        r#"
[gate_defaults]
for = "0s"
min_samples = 1
[[abort]]
id = "hurt"
title = "Users are hurt"
when = [{{ metric = "mongo.set.primary_on_target", where = {{ set = "orders" }}, op = "==", value = {on_target} }}]
"#
    );
    Stage::with(&tables, &[written("name", &set_weights(99, 1), "settle = \"0s\"\nbake = \"2s\"")], seed)
}

fn obstacle(stage: &Stage, id: &str, part: &str) -> Option<Level> {
    stage.step(id).obstacles.iter().find(|it| it.why.contains(part)).map(|it| it.level)
}

/// The members in the target are up, or not: what is stated half a minute later.
fn processes(stage: &mut Stage, up: bool) -> Verdict {
    for n in 1..=3 {
        let host = format!("orders-{n}.ore.example.net:27017");
        stage.drive.happen(&Injected::Mongo(FaultInjection::Process { host, up })).expect("a member");
    }
    stage.pass(30_000);
    stage.drive.snapshot().verdict()
}

#[test]
fn nobody_can_write_is_the_headline_and_then_the_budget_that_it_spent() {
    // The plan does not use the set, so no gate judges it.
    let mut stage = Stage::new(vec![step("name", &[], weights(99, 1))], 3);
    stage.until("name", 60, |s| s.state == StepState::Ready);
    assert!(matches!(stage.drive.snapshot().verdict(), Verdict::Go(_)));
    let verdict = processes(&mut stage, false);
    assert!(
        matches!(&verdict, Verdict::Outage(why) if why.starts_with("orders: no member accepts writes for ")),
        "{verdict:?}"
    );
    assert_eq!((verdict.id(), verdict.describe().0, verdict.is_red()), ("outage", "OUTAGE", true));
    let overspent =
        |stage: &mut Stage| stage.drive.snapshot().outages.iter().any(|it| matches!(it, Outage::Overspent(_)));
    assert!(overspent(&mut stage));
    let tile = |stage: &mut Stage| {
        let tiles = stage.drive.snapshot().tiles;
        tiles.into_iter().find(|tile| tile.id == "write_downtime").expect("a tile")
    };
    assert_eq!(tile(&mut stage).value.tone, Tone::Bad);
    // Once writes are accepted again it is a fact: the figure and the word stay, and the alarm ends.
    let verdict = processes(&mut stage, true);
    assert!(matches!(&verdict, Verdict::Go(_)), "{verdict:?}");
    let is_fact = |tile: &Tile| tile.value.tone == Tone::Plain && tile.note.starts_with("OVERSPENT, worst: orders");
    let spent = tile(&mut stage);
    assert!(is_fact(&spent) && spent.value.text.ends_with(" of 5.0s"), "{spent:?}");
    // The budget is for the whole run: after a restart it begins with what was spent.
    stage.restart();
    stage.pass(90_000);
    let after = tile(&mut stage);
    assert!(is_fact(&after) && after.value.text == spent.value.text, "{after:?} {spent:?}");
    assert!(matches!(stage.drive.snapshot().verdict(), Verdict::Go(_)));
    // More of it is an alarm again.
    assert!(!overspent(&mut stage));
    processes(&mut stage, false);
    assert!(overspent(&mut stage));
}

#[test]
fn a_spent_budget_is_an_alarm_until_the_step_that_spent_it_is_over() {
    let mut stage = Stage::with("", &[written("orders", MOVE_PRIMARY, "bake = \"600s\"")], 3);
    stage.until("orders", 60, |s| s.state == StepState::Ready);
    assert_eq!(stage.execute("orders"), None);
    stage.until("orders", 300, |s| s.state == StepState::Baking);
    processes(&mut stage, false);
    let verdict = processes(&mut stage, true);
    let state = stage.step("orders").state;
    assert!(matches!(state, StepState::Verifying | StepState::Baking), "{state:?}");
    assert!(matches!(&verdict, Verdict::Overspent(why) if why.starts_with("orders: no writes for ≤ ")), "{verdict:?}");
    assert_eq!((verdict.id(), verdict.describe().0, verdict.is_red()), ("overspent", "OVERSPENT", true));
    stage.until("orders", 1200, |s| s.state == StepState::Done);
    stage.pass(5_000);
    let verdict = stage.drive.snapshot().verdict();
    assert!(matches!(&verdict, Verdict::Go(_)), "{verdict:?}");
}

#[test]
fn a_true_trigger_stops_what_goes_forward_until_two_people_leave_it_out() {
    let mut stage = triggered(Side::Source, 3);
    stage.until("name", 60, |s| s.state == StepState::Blocked);
    assert_eq!(obstacle(&stage, "name", "ROLL BACK is asked for, Users are hurt: "), Some(Level::Red));
    stage.drive.order(Order::Preview("name".into()));
    let why = stage.order(Order::Arm("name".into())).expect("refused");
    assert!(why.contains("ROLL BACK is asked for"), "{why}");
    assert!(stage.execute("name").is_some());
    assert!(!stage.entries().iter().any(|e| matches!(e.body, Body::AttemptStarted(_))));
    let waive = |gate: &str| {
        let (step, gate, reason) = ("name".to_owned(), gate.to_owned(), "it is the probe that is broken".to_owned());
        Order::Propose(Proposal::Waive { step, gate, reason, minutes: 30 })
    };
    let why = stage.order(waive("window")).expect("there is none");
    assert!(why.contains("has no gate window: hurt"), "{why}");
    assert_eq!(stage.order(waive("hurt")), None);
    assert_eq!(stage.step("name").state, StepState::Blocked, "one is not two");
    assert_eq!(stage.agree("ben", None), None);
    stage.carry_out("name");
    // It applied to that attempt, and never to the rollback.
    stage.drive.order(Order::RollBack("name".into()));
    assert_eq!(stage.execute("name"), None);
    stage.until("name", 900, |s| s.state == StepState::RolledBack);
    stage.drive.order(Order::Again("name".into()));
    stage.pass(5_000);
    assert_eq!(stage.step("name").state, StepState::Blocked);
}

#[test]
fn what_is_armed_dies_of_a_trigger_that_becomes_true() {
    let mut stage = triggered(Side::Target, 3);
    stage.until("name", 60, |s| s.state == StepState::Ready);
    stage.drive.order(Order::Preview("name".into()));
    let digest = stage.step("name").preview.and_then(|p| p.digest).expect("a preview");
    stage.drive.order(Order::Arm("name".into()));
    // The source's members are down: the target elects a primary.
    for n in 1..=2 {
        let host = format!("orders-{n}.vir.example.net:27017");
        stage.drive.happen(&Injected::Mongo(FaultInjection::Process { host, up: false })).expect("a member");
    }
    stage.until("name", 50, |s| s.state == StepState::Blocked);
    let why = stage.order(Order::Execute { step: "name".into(), digest, typed: "name".into() });
    assert!(why.as_ref().is_some_and(|why| why.contains("not armed")), "{why:?}");
    assert_eq!(obstacle(&stage, "name", "ROLL BACK is asked for, Users are hurt: "), Some(Level::Red));
    assert!(stage.drive.server_log().iter().all(|tag| !tag.contains("/name/")), "nothing was sent");
}

/// Instances are stopped in six batches, within a window of the plan if there is one.
pub fn stopped_in_batches(window: Option<Window>) -> Stage {
    let stop = Action::Power { role: "web".into(), side: Side::Source, on: false, width: 1, max_failed: 0 };
    let mut plan = Arc::unwrap_or_clone(plan(vec![step("stop", &[], stop)]));
    plan.fleet[0].wanted.source = 300;
    plan.budgets.window = window;
    let mut stage = Stage::on(Arc::new(plan), 3);
    assert_eq!(stage.execute("stop"), None);
    stage
}

#[test]
fn what_goes_on_request_by_request_stands_still_once_it_may_not_go_forward_any_more() {
    let sent = |stage: &Stage| stage.drive.server_log().iter().filter(|tag| tag.contains("/stop/")).count();
    // The time of the second batch, in the same run without a window.
    let mut stage = stopped_in_batches(None);
    for _ in 0..12_000 {
        if sent(&stage) >= 2 {
            break;
        }
        stage.pass(50);
    }
    assert_eq!(sent(&stage), 2, "ten minutes later");
    let end = stage.drive.now().wall;
    let mut stage = stopped_in_batches(Some(Window { start: jiff::Timestamp::UNIX_EPOCH, end }));
    stage.pass(300_000);
    let held = |stage: &Stage| {
        let words = |e: &landfall::systems::Entry| match &e.body {
            Body::Remark { by, text, .. } if by == "landfall" => Some(text.clone()),
            _ => None,
        };
        stage.entries().iter().filter_map(words).collect::<Vec<_>>()
    };
    let waiting = |stage: &Stage| stage.step("stop").ops.iter().filter(|op| op.state == OpState::Waiting).count();
    let before = (sent(&stage), waiting(&stage));
    assert!((2..6).contains(&before.0) && before.1 > 0, "{before:?}");
    let described = held(&stage);
    assert!(
        described.len() == 1 && described[0].starts_with("stop is held: the plan's window closed at "),
        "{described:?}"
    );
    // It cannot be released in this state; it can be abandoned and rolled back.
    let why = stage.order(Order::Release { why: "checked".to_owned() }).expect("refused");
    assert!(why.starts_with("stop is held: the plan's window closed at "), "{why}");
    stage.pass(30_000);
    assert_eq!((sent(&stage), waiting(&stage), held(&stage).len()), (before.0, before.1, 1));
    stage.drive.order(Order::Abandon("stop".into()));
    stage.until("stop", 900, |s| s.state == StepState::Failed);
    stage.pass(2_000);
    stage.drive.order(Order::RollBack("stop".into()));
    assert_eq!(stage.execute("stop").filter(|why| !why.contains("held")), None);
    stage.until("stop", 900, |s| s.state == StepState::RolledBack);
}

#[test]
fn what_cannot_be_begun_is_not_go_though_no_gate_says_so() {
    let steps = vec![step("there", &[], primary(Side::Target)), step("back", &["there"], primary(Side::Source))];
    let mut stage = Stage::new(steps, 3);
    stage.carry_out("there");
    stage.until("back", 60, |s| s.state == StepState::Ready);
    stage.pass(2_000);
    // The source has two votes of five: not a place for a primary.
    let verdict = stage.drive.snapshot().verdict();
    assert!(matches!(&verdict, Verdict::Hold(why) if why.starts_with("back: it is forbidden: ")), "{verdict:?}");
}

#[test]
fn whether_rolling_back_is_asked_for_has_to_be_known_and_after_a_restart_anew() {
    let mut stage = triggered(Side::Target, 3);
    stage.carry_out("name");
    stage.drive.order(Order::RollBack("name".into()));
    assert_eq!(stage.execute("name"), None);
    stage.until("name", 900, |s| s.state == StepState::RolledBack);
    stage.drive.order(Order::Again("name".into()));
    stage.until("name", 60, |s| s.state == StepState::Ready);
    stage.restart();
    // The resumed console has not read anything yet: the trigger was not true before, and is unknown now.
    assert_eq!(
        obstacle(&stage, "name", "it is unknown whether ROLL BACK is asked for, Users are hurt"),
        Some(Level::Unknown)
    );
    stage.until("name", 60, |s| s.state == StepState::Ready);
}

#[test]
fn a_window_that_is_not_open_stops_what_goes_forward_and_nothing_that_takes_back() {
    let within = |start: &str, end: &str| {
        let mut plan = plan(vec![step("name", &[], weights(99, 1))]);
        let time = |t: &str| format!("2026-11-21T{t}Z").parse().expect("a time");
        Arc::make_mut(&mut plan).budgets.window = Some(Window { start: time(start), end: time(end) });
        Stage::on(plan, 3)
    };
    let mut stage = within("03:04:00", "05:00:00");
    stage.until("name", 60, |s| s.state == StepState::Blocked);
    assert_eq!(obstacle(&stage, "name", "the plan's window opens at 2026-11-21T03:04:00Z"), Some(Level::Unknown));
    assert!(stage.execute("name").is_some());
    stage.until("name", 200, |s| matches!(s.state, StepState::Ready | StepState::Previewed));

    let mut stage = within("01:00:00", "03:20:00");
    stage.carry_out("name");
    while stage.drive.now().wall < "2026-11-21T03:20:01Z".parse().expect("a time") {
        stage.pass(30_000);
    }
    stage.drive.order(Order::RollBack("name".into()));
    assert_eq!(stage.execute("name"), None);
    stage.until("name", 900, |s| s.state == StepState::RolledBack);
    stage.drive.order(Order::Again("name".into()));
    stage.pass(5_000);
    assert_eq!(obstacle(&stage, "name", "the plan's window closed at"), Some(Level::Unknown));
    // Two people continue after its end.
    let (step, gate, reason) = ("name".to_owned(), "window".to_owned(), "nearly done".to_owned());
    assert_eq!(stage.order(Order::Propose(Proposal::Waive { step, gate, reason, minutes: 30 })), None);
    assert_eq!(stage.agree("ben", None), None);
    stage.carry_out("name");
}

/// A name typed at the console in control stands for the operator only.
#[test]
fn one_keyboard_is_one_person() {
    let keys = "irreversible = true\napprovals = 2\nconfirm = \"enter\"";
    let end = written("end", &set_weights(0, 100), keys);
    let mut stage = Stage::with(&approvers(&["ana", "ben"]), &[end], 3);
    let typed = |stage: &Stage, by: &str, hand| {
        let proposed = stage.run().proposal.map(|it| (it.step, it.digest));
        let preview = || ("end".to_owned(), stage.step("end").preview.and_then(|p| p.digest).expect("a preview"));
        let (step, digest) = proposed.unwrap_or_else(preview);
        Order::Approve { step, digest, by: by.into(), hand }
    };
    let keyboard = |stage: &mut Stage, by: &str| {
        let order = typed(stage, by, Hand::Keyboard);
        stage.order(order)
    };
    let proposals = [
        Proposal::Skip { step: "end".into(), reason: "not tonight".into() },
        Proposal::Waive { step: "end".into(), gate: "x".into(), reason: "y".into(), minutes: 5 },
    ];
    assert_eq!(stage.order(Order::Propose(proposals[0].clone())), None);
    let why = keyboard(&mut stage, "ben").expect("refused");
    assert!(
        why.contains("ben is not the operator of this console") && why.contains("landfall approve JOURNAL end "),
        "{why}"
    );
    assert_eq!(stage.drive.phase("end"), Some(StepState::Ready), "it is not left out");
    assert!(stage.order(Order::Propose(proposals[1].clone())).is_some(), "there is no such gate");

    let mut stage = Stage::on(stage.drive.snapshot().plan, 3);
    stage.until("end", 60, |s| s.state == StepState::Ready);
    stage.drive.order(Order::Preview("end".into()));
    assert_eq!(keyboard(&mut stage, "ana"), None, "the operator's own word is one");
    let why = keyboard(&mut stage, "ben").expect("refused");
    assert!(why.contains("ben is not the operator of this console"), "{why}");
    assert!(stage.order(Order::Arm("end".into())).is_some_and(|why| why.contains("needs 2 approvals")));
    let order = typed(&stage, "ben", Hand::Terminal);
    assert_eq!(stage.order(order), None);
    assert_eq!(stage.order(Order::Arm("end".into())), None);
    assert_eq!(stage.step("end").state, StepState::Armed);
}
