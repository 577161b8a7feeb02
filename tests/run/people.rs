//! What requires people: waivers, skipped steps, unobservable operations, points of no return, approvals, and external
//! changes.

use landfall::{
    base::{
        side::Side,
        step::{Level, OpState, StepState},
    },
    drive::sim::{CallTrouble, Trouble},
    engine::{
        run::{Hand, Order, Proposal, StepView},
        snapshot::Verdict,
    },
    systems::Body,
};

use crate::{
    stage::{Stage, approvers, primary, set_weights, step, weights, written},
    stops::stopped_in_batches,
};

/// Two steps behind red gates of one name, a point of no return, and three people, one of them with a key.
fn stage() -> Stage {
    const TABLES: &str = r#"
[gate_defaults]
for = "2s"
min_samples = 1
[[approver]]
name = "cleo"
key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ9mS2cK0Yy5m0sVnq1mJv7s8jzvJ1k1oQm1b2c3d4e5 cleo"
"#;
    let many = |id: &str| {
        format!(
            r#"gates = [{{ id = {id:?}, metric = "mongo.set.target_secondaries", where = {{ set = "orders" }}, op = ">=", value = 9 }}]"#
        )
    };
    let steps = [
        written("first", &set_weights(99, 1), &many("many-first")),
        written("second", &set_weights(50, 50), &format!("{}\napprovals = 1", many("many-second"))),
        written("end", r#"manual = "burn the boats""#, "irreversible = true\napprovals = 2"),
    ];
    Stage::with(&format!("{TABLES}{}", approvers(&["ana", "ben"])), &steps, 3)
}

fn waive(step: &str, gate: &str) -> Order {
    let (step, gate, reason) = (step.to_owned(), gate.to_owned(), "known and harmless".to_owned());
    Order::Propose(Proposal::Waive { step, gate, reason, minutes: 30 })
}

/// The first step is done, the second ready: the gates of both are waived.
fn before_the_second() -> Stage {
    let mut stage = stage();
    for (step, gate) in [("first", "many-first"), ("second", "many-second")] {
        assert_eq!(stage.order(waive(step, gate)), None);
        assert_eq!(stage.agree("ben", None), None);
    }
    stage.carry_out("first");
    stage.until("second", 60, |s| s.state == StepState::Ready);
    stage
}

fn refused(answer: Option<String>, why: &str) {
    let detail = answer.unwrap_or_else(|| panic!("it was performed; it should have been refused: {why}"));
    assert!(detail.contains(why), "{detail:?} does not say {why:?}");
}

#[test]
fn a_waiver_takes_two_people_and_is_of_one_gate_of_one_step_for_one_attempt() {
    let mut stage = stage();
    refused(stage.execute("first"), "BLOCKED");
    refused(stage.order(waive("first", "many-second")), "has no gate many-second: many-first");
    assert_eq!(stage.order(waive("first", "many-first")), None);
    assert_eq!(stage.step("first").level, Level::Red, "a proposal is no waiver");
    refused(stage.agree("ana", None), "has already approved");
    refused(stage.agree("dora", None), "not an approver");
    refused(stage.agree("cleo", None), "has a key");
    assert_eq!(stage.agree("ben", None), None);
    assert_eq!(stage.step("first").level, Level::Green);
    assert_eq!(stage.step("second").level, Level::Red, "it is of one step");

    // A restarted console still has the waiver from the journal.
    stage.restart();
    stage.pass(20_000);
    assert_eq!(stage.step("first").level, Level::Green);
    stage.carry_out("first");

    // It applied to that attempt only: after the rollback it does not count.
    stage.drive.order(Order::RollBack("first".into()));
    assert_eq!(stage.execute("first"), None);
    stage.until("first", 900, |s| s.state == StepState::RolledBack);
    stage.drive.order(Order::Again("first".into()));
    stage.pass(5000);
    assert_eq!(stage.step("first").level, Level::Red);
    assert!(stage.step("first").waivers.is_empty());
}

#[test]
fn a_waiver_ends_by_itself() {
    let mut stage = stage();
    assert_eq!(stage.order(waive("first", "many-first")), None);
    assert_eq!(stage.agree("ben", None), None);
    stage.pass(29 * 60_000);
    assert_eq!(stage.step("first").level, Level::Green);
    stage.pass(2 * 60_000);
    assert_eq!(stage.step("first").level, Level::Red);
    assert_eq!(stage.order(waive("first", "many-first")), None);
    stage.pass(16 * 60_000);
    refused(stage.agree("ben", None), "there is no proposal");
}

#[test]
fn an_approval_is_of_one_preview_of_one_attempt() {
    let mut stage = before_the_second();
    stage.drive.order(Order::Preview("second".into()));
    refused(stage.order(Order::Arm("second".into())), "needs 1 approval ");
    let digest = |stage: &Stage| stage.step("second").preview.and_then(|p| p.digest).expect("a preview");
    let approval = |digest| Order::Approve { step: "second".into(), digest, by: "ben".into(), hand: Hand::Terminal };
    let first = digest(&stage);
    assert_eq!(stage.order(approval(first)), None);
    refused(stage.order(approval(first)), "has already approved second");
    assert_eq!(stage.execute("second"), None);
    stage.until("second", 900, |s| s.state == StepState::Done);

    stage.drive.order(Order::RollBack("second".into()));
    stage.drive.order(Order::Preview("second".into()));
    let back = digest(&stage);
    assert_eq!(stage.order(approval(back)), None);
    assert_eq!(stage.execute("second"), None);
    stage.until("second", 900, |s| s.state == StepState::RolledBack);
    stage.drive.order(Order::Again("second".into()));
    stage.drive.order(Order::Preview("second".into()));
    refused(stage.order(approval(first)), "a different preview");
}

#[test]
fn a_point_of_no_return_takes_two_approvers() {
    let mut stage = stage();
    for id in ["first", "second"] {
        let reason = "not needed tonight".to_owned();
        assert_eq!(stage.order(Order::Propose(Proposal::Skip { step: id.into(), reason })), None);
        assert_ne!(stage.drive.phase(id), Some(StepState::Skipped));
        assert_eq!(stage.agree("ben", None), None);
        assert_eq!(stage.drive.phase(id), Some(StepState::Skipped));
        stage.pass(2000);
    }
    stage.until("end", 60, |s| s.state == StepState::Ready);
    assert_eq!(stage.order(Order::MarkDone { step: "end".into(), looked_at: "the fire".into() }), None);
    assert_eq!(stage.agree("ben", None), None);
    assert_eq!(stage.drive.phase("end"), Some(StepState::Ready), "one approver is not two");
    refused(stage.agree("ben", None), "has already approved");
    refused(stage.agree("cleo", None), "has a key");
    assert_eq!(stage.agree("cleo", Some("SHA256:x")), None);
    assert_eq!(stage.drive.phase("end"), Some(StepState::Attested));
    let by = stage.entries().into_iter().rev().find_map(|e| match e.body {
        Body::Attested { by, .. } => Some(by),
        _ => None,
    });
    assert_eq!(by.expect("on record"), ["ana", "ben", "cleo"]);
}

#[test]
fn what_nobody_can_observe_is_settled_by_two_and_stays_their_word() {
    let mut stage = Stage::new(vec![step("dns-1", &[], weights(99, 1)), step("next", &["dns-1"], weights(50, 50))], 5);
    stage.drive.unobservable(Some("dns-1"));
    stage.drive.call_trouble("dns-1", CallTrouble::ReplyLost, 1);
    stage.until("dns-1", 60, |s| s.state == StepState::Ready);
    assert_eq!(stage.execute("dns-1"), None);
    stage.pass(1_800_000);
    let view = stage.step("dns-1");
    assert_eq!(view.word, "UNKNOWN", "half an hour without a look is no answer");
    let ticket = view.unknown.expect("an operation");
    let looked_at = "the console of the provider: 99 and 1".to_owned();
    let proposal = |ticket| {
        Order::Propose(Proposal::ResolveManually {
            step: "dns-1".into(),
            ticket,
            there: true,
            looked_at: looked_at.clone(),
        })
    };
    assert_eq!(stage.order(proposal(ticket)), None);
    assert_eq!(stage.step("dns-1").word, "UNKNOWN");
    assert_eq!(stage.agree("ben", None), None);
    stage.drive.unobservable(None);
    stage.until("dns-1", 900, |s| s.state == StepState::Attested);
    refused(stage.order(proposal(ticket)), "only an UNKNOWN operation");
}

#[test]
fn what_a_person_did_by_hand_is_taken_over_only_once_it_is_so() {
    let mut stage = Stage::new(vec![step("dns-1", &[], weights(99, 1)), step("orders", &[], primary(Side::Target))], 5);
    stage.until("dns-1", 60, |s| s.state == StepState::Ready);
    refused(stage.order(Order::Adopt("dns-1".into())), "is not done");
    stage.carry_out("dns-1");
    // Another console does not know it.
    let mut other = Stage::new(vec![step("dns-1", &[], weights(100, 0))], 5);
    other.until("dns-1", 60, |s| s.state == StepState::Ready);
    assert_eq!(other.order(Order::Adopt("dns-1".into())), None);
    other.until("dns-1", 900, |s| s.state == StepState::Done);
    assert!(other.step("dns-1").adopted);
    assert!(other.drive.server_log().is_empty(), "taking over sends nothing");
    refused(other.order(Order::RollBack("dns-1".into())), "no rollback is stored");
}

#[test]
fn a_hold_in_the_middle_of_a_recipe_finishes_its_safe_tail() {
    let mut stage = Stage::new(vec![step("orders", &[], primary(Side::Target))], 5);
    stage.until("orders", 60, |s| s.state == StepState::Ready);
    assert_eq!(stage.execute("orders"), None);
    stage.until("orders", 60, |s| s.ops.iter().any(|op| op.state == OpState::Applied));
    assert!(stage.step("orders").exposed.is_some(), "pinned");
    stage.drive.order(Order::Hold { by: None, why: "the phone rings".into() });
    let view = stage.until("orders", 120, |s| s.state != StepState::Running);
    assert_eq!(view.state, StepState::Failed);
    assert!(view.exposed.is_none(), "{:#?}", view.ops);
    let cleanup =
        view.ops.iter().filter(|op| op.cleanup).all(|op| matches!(op.state, OpState::Applied | OpState::Spared));
    assert!(cleanup, "{:#?}", view.ops);
    // Nothing of it failed: nobody is asked to roll it back. After the release, and for another program too, it is to be tried again.
    assert!(view.stopped);
    let verdict = |stage: &mut Stage| {
        stage.pass(90_000);
        stage.drive.snapshot().verdict()
    };
    let stated = verdict(&mut stage);
    assert!(matches!(&stated, Verdict::Hold(why) if why.starts_with("held by ana: the phone rings")), "{stated:?}");
    assert_eq!(stage.order(Order::Release { why: "checked".to_owned() }), None);
    let reason =
        "orders was stopped before it was complete: :again retries it, :roll-back previews its rollback".to_owned();
    for _ in 0..2 {
        assert_eq!(verdict(&mut stage), Verdict::Hold(reason.clone()));
        stage.restart();
    }
}

#[test]
fn what_failed_by_itself_is_not_taken_for_stopped() {
    let mut stage = stopped_in_batches(None);
    // The first batch is carried out, the second is refused.
    for _ in 0..12_000 {
        if stage.drive.server_log().iter().any(|tag| tag.contains("/stop/")) {
            break;
        }
        stage.pass(50);
    }
    stage.drive.call_trouble("stop", CallTrouble::Refused, 1);
    let view = stage.until("stop", 600, |s| s.state == StepState::Failed);
    assert!(view.ops.iter().any(|op| op.state == OpState::Waiting), "{:#?}", view.ops);
    assert!(!view.stopped);
    for _ in 0..2 {
        stage.pass(90_000);
        let stated = stage.drive.snapshot().verdict();
        assert!(matches!(&stated, Verdict::RollBack(why) if why.starts_with("stop failed")), "{stated:?}");
        stage.restart();
    }
}

#[test]
fn a_hold_once_all_is_sent_holds_nothing_back_and_looks_on() {
    let mut stage = Stage::new(vec![step("orders", &[], primary(Side::Target))], 5);
    stage.until("orders", 60, |s| s.state == StepState::Ready);
    assert_eq!(stage.execute("orders"), None);
    let sent = |s: &StepView| s.ops.iter().any(|op| op.what.contains("steps down") && op.state == OpState::Applied);
    stage.until("orders", 60, sent);
    stage.drive.order(Order::Hold { by: None, why: "the phone rings".into() });
    let view = stage.until("orders", 120, |s| s.state == StepState::Done);
    assert!(view.ops.iter().all(|op| op.state == OpState::Applied), "{:#?}", view.ops);
}

#[test]
fn one_person_counts_once_however_often_the_gate_flickers() {
    let mut stage = before_the_second();
    let approve = |stage: &mut Stage| {
        stage.drive.order(Order::Preview("second".into()));
        let digest = stage.step("second").preview.and_then(|p| p.digest).expect("a preview");
        stage.order(Order::Approve { step: "second".into(), digest, by: "ben".into(), hand: Hand::Terminal })
    };
    assert_eq!(approve(&mut stage), None);
    stage.drive.order(Order::Hold { by: None, why: "wait".into() });
    stage.drive.order(Order::Release { why: "checked".to_owned() });
    stage.pass(3000);
    refused(approve(&mut stage), "has already approved second");
    assert_eq!(stage.step("second").preview.map(|p| p.approvals.0), Some(1));
}

#[test]
fn a_release_in_the_middle_of_a_tail_does_not_go_forward_again() {
    let mut stage = Stage::new(vec![step("orders", &[], primary(Side::Target))], 5);
    stage.until("orders", 60, |s| s.state == StepState::Ready);
    assert_eq!(stage.execute("orders"), None);
    stage.until("orders", 60, |s| s.ops.iter().any(|op| op.state == OpState::Applied));
    stage.drive.order(Order::Hold { by: None, why: "the phone rings".into() });
    stage.until("orders", 60, |s| s.ops.iter().any(|op| op.cleanup && op.state.in_flight()));
    let before = stage.step("orders").ops.iter().filter(|op| !op.cleanup && op.state != OpState::Waiting).count();
    stage.drive.order(Order::Release { why: "checked".to_owned() });
    let view = stage.until("orders", 300, |s| s.state != StepState::Running);
    assert_eq!((view.state, view.exposed), (StepState::Failed, None));
    assert_eq!(view.ops.iter().filter(|op| !op.cleanup && op.state != OpState::Waiting).count(), before);
}

#[test]
fn the_way_back_of_a_partial_attempt_survives_the_next_one() {
    const MANY: &str = r#"
[[fleet]]
role = "batch"
wanted = { source = 120, target = 0 }
target_groups = { source = ["batch-vir"] }
"#;
    let stop = r#"stop = { role = "batch", side = "source", width = 1, max_failed = 0 }"#;
    let mut stage = Stage::with(MANY, &[written("stop", stop, "")], 3);
    let tags = |stage: &Stage, attempt: u16| {
        let part = format!("/stop/{attempt}.");
        stage.drive.server_log().iter().filter(|tag| tag.contains(&part)).count()
    };
    stage.until("stop", 60, |s| s.state == StepState::Ready);
    stage.drive.call_trouble(("stop", 3), CallTrouble::Refused, 1);
    assert_eq!(stage.execute("stop"), None);
    stage.until("stop", 300, |s| s.state == StepState::Failed);
    let first = tags(&stage, 1);
    assert_eq!((first, stage.step("stop").ops.len()), (2, 3), "of 50, 50 and 20");
    // Long enough for the stopping instances to stop.
    stage.pass(120_000);
    stage.drive.order(Order::Again("stop".into()));
    stage.restart();
    stage.pass(60_000);
    stage.carry_out("stop");
    stage.pass(60_000);
    let second = tags(&stage, 2);
    assert!(second > 0, "the rest");
    stage.drive.order(Order::RollBack("stop".into()));
    assert_eq!(stage.execute("stop"), None);
    stage.until("stop", 900, |s| s.state == StepState::RolledBack);
    assert_eq!(tags(&stage, 3), first + second, "all that was stopped is started");
}

#[test]
fn a_journal_is_taken_up_with_the_plan_that_it_was_begun_with() {
    let mut stage = Stage::new(vec![step("dns-1", &[], weights(99, 1))], 5);
    stage.carry_out("dns-1");
    for changed in [vec![step("dns-1", &[], weights(50, 50))], vec![]] {
        let missing = changed.is_empty();
        let mut other = Stage::new(changed, 5);
        other.store = stage.store.clone();
        other.restart();
        // A finished step that was removed from the plan is ignored; one whose action changed is not.
        assert_eq!(other.run().halted.is_some(), !missing, "{:?}", other.run().halted);
    }
}

#[test]
fn what_was_changed_is_read_again_before_anything_on_it_is_decided() {
    let mut stage = Stage::new(vec![step("dns-1", &[], weights(99, 1))], 5);
    stage.carry_out("dns-1");
    stage.drive.order(Order::RollBack("dns-1".into()));
    // A rollback is previewed at once.
    stage.until("dns-1", 60, |s| s.state == StepState::Previewed);
    assert_eq!(stage.execute("dns-1"), None);
    // Nothing more is read from the zone: the known data are from before the rollback.
    stage.drive.trouble("route53/", Some(Trouble::Silent));
    stage.until("dns-1", 900, |s| s.state == StepState::RolledBack);
    stage.drive.order(Order::Again("dns-1".into()));
    stage.pass(1000);
    let view = stage.step("dns-1");
    assert_eq!(view.state, StepState::Blocked);
    assert!(view.obstacles.iter().any(|it| it.why.contains("is being verified")), "{:?}", view.obstacles);
    assert!(stage.execute("dns-1").is_some());
    stage.drive.trouble("route53/", None);
    stage.carry_out("dns-1");
    assert!(!stage.step("dns-1").ops.is_empty(), "there was something to do");
}
