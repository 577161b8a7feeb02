//! Which orders are refused, and what is dropped before it is sent.

use std::{sync::Arc, time::Duration};

use indexmap::IndexMap;
use landfall::{
    base::{
        digest::Digest,
        observed::FaultKind,
        side::{Side, Sides},
        step::{Level, StepState, Ticket},
    },
    drive::sim::{CallTrouble, Trouble},
    engine::{
        run::{Hand, Obstacle, Order, Proposal},
        snapshot::Verdict,
    },
    plan::{Action, Agg, Approver, Compare, Condition, Confirm, Gate, Named, Plan, Runbook, StepPlan},
    systems::Body,
};

use crate::stage::{PLAN, Stage, parsed, plan, primary, step, weights};

/// The primary is on this side.
fn led_by(side: Side) -> Condition {
    let metric =
        landfall::systems::signals().into_iter().find(|s| s.id == "mongo.set.primary_on_target").expect("a signal");
    Condition::Gate(Box::new(Gate {
        id: "led".into(),
        metric,
        labels: IndexMap::from([("set".to_owned(), "orders".to_owned())]),
        agg: Agg::Only,
        op: Compare::Equal,
        limit: if side == Side::Target { 1.0 } else { 0.0 },
        sustain: Duration::ZERO,
        min_samples: 1,
        series: 1,
        max_age: None,
        min_volume: None,
        unit: metric.unit,
        sites: Sides::words(),
    }))
}

fn dns(id: &str, change: impl FnOnce(&mut StepPlan)) -> StepPlan {
    let mut dns = step(id, &[], weights(99, 1));
    change(&mut dns);
    dns
}

fn with(steps: Vec<StepPlan>, change: impl FnOnce(&mut Runbook)) -> Arc<Plan> {
    let mut plan = plan(steps);
    change(&mut Arc::make_mut(&mut plan).runbook);
    plan
}

impl Stage {
    /// Gives an order that must be refused; returns the reason.
    fn refused(&mut self, order: Order) -> String {
        let before = self.entries().len();
        // An invalid approval is journaled as such, because its sender has no other answer. Nothing else is.
        let records = usize::from(matches!(order, Order::Approve { .. }));
        self.drive.order(order);
        let entries = self.entries();
        assert_eq!(entries.len(), before + records, "what is refused does nothing");
        let is_refusal = |body: &Body| matches!(body, Body::Remark { refused: Some(_), .. });
        assert!(entries[before..].iter().all(|entry| is_refusal(&entry.body)));
        self.run().notice.expect("refused")
    }

    fn performed(&mut self, order: Order) {
        self.drive.order(order);
        assert_eq!(self.run().notice, None);
    }

    /// Previews a step once it is ready; returns the digest shown.
    fn preview(&mut self, id: &str) -> Digest {
        self.until(id, 60, |s| s.state == StepState::Ready);
        self.performed(Order::Preview(id.into()));
        self.step(id).preview.and_then(|p| p.digest).expect("a preview")
    }

    /// Previews a step and arms it.
    fn arm(&mut self, id: &str) -> Digest {
        let digest = self.preview(id);
        self.performed(Order::Arm(id.into()));
        assert_eq!(self.step(id).state, StepState::Armed);
        digest
    }

    /// Number of attempts started.
    fn started(&self) -> usize {
        self.entries().iter().filter(|e| matches!(e.body, Body::AttemptStarted(_))).count()
    }
}

fn execute(id: &str, digest: Digest) -> Order {
    Order::Execute { step: id.into(), digest, typed: id.into() }
}

#[test]
fn neither_unknown_nor_a_word_is_done() {
    let mut stage = Stage::new(vec![dns("first", |_| ()), step("second", &["first"], weights(50, 50))], 7);
    let lacks = |stage: &Stage| assert_eq!(stage.step("second").lacks, ["first"], "{}", stage.step("first").word);
    stage.until("first", 60, |s| s.state == StepState::Ready);
    stage.drive.call_trouble("first", CallTrouble::ReplyLost, 1);
    stage.drive.unobservable(Some("first"));
    assert_eq!(stage.execute("first"), None);
    stage.until("first", 60, |s| s.word == "UNKNOWN");
    stage.pass(5_000);
    lacks(&stage);
    let ticket = Ticket { attempt: 1, op: 0, turn: 1 };
    let (step, looked_at) = ("first".into(), "the zone in a browser".into());
    stage.performed(Order::Propose(Proposal::ResolveManually { step, ticket, there: true, looked_at }));
    assert_eq!(stage.agree("bo", None), None);
    stage.drive.unobservable(None);
    stage.until("first", 900, |s| s.state == StepState::Attested);
    lacks(&stage);
}

#[test]
fn leaving_a_step_out_takes_two_people_and_then_it_is_out_of_the_way() {
    let mut stage = Stage::new(vec![dns("first", |_| ()), step("second", &["first"], weights(50, 50))], 7);
    stage.performed(Order::Propose(Proposal::Skip { step: "first".into(), reason: "done last week".into() }));
    for same in ["ana", "ANA ", " "] {
        let why = stage.agree(same, None).expect("ana is at the keyboard");
        assert!(why.ends_with("it needs 2 different people"), "{why}");
    }
    stage.pass(5_000);
    assert_eq!(stage.step("second").lacks, ["first"]);
    assert_eq!(stage.agree("bo", None), None);
    stage.until("second", 10, |s| s.state == StepState::Ready);
}

#[test]
fn approvals_are_of_different_people_and_of_what_is_shown() {
    let runbook = |r: &mut Runbook| {
        r.approvers = ["bo", "cy"].map(|name| Approver { name: name.into(), key: None }).into();
    };
    let mut stage = Stage::on(with(vec![dns("dns", |s| s.approvals = 2)], runbook), 7);
    let digest = stage.preview("dns");
    let approve = |digest, by: &str| Order::Approve { step: "dns".into(), digest, by: by.into(), hand: Hand::Terminal };
    stage.performed(approve(digest, "bo"));
    assert_eq!(stage.refused(approve(digest, "bo")), "bo has already approved dns: it needs different people");
    assert_eq!(stage.refused(approve(digest, "di")), "di is not an approver of this plan: bo, cy");
    assert!(stage.refused(approve(Digest::of(b"another"), "cy")).contains("a different preview"));
    assert_eq!(stage.refused(Order::Arm("dns".into())), "dns needs 2 approvals of this preview and has 1");
    stage.performed(approve(digest, "cy"));
    stage.performed(Order::Arm("dns".into()));
    // The approved preview changes: both must approve again.
    stage.drive.external_change(&weights(99, 1));
    stage.until("dns", 50, |s| s.state == StepState::Ready);
    let fresh = stage.preview("dns");
    assert_ne!(fresh, digest);
    assert!(stage.refused(Order::Arm("dns".into())).ends_with("has 0"));
    stage.performed(approve(fresh, "bo"));
}

#[test]
fn armed_it_dies_of_drift() {
    // One preview cannot be computed for a moment after an external change; the other has a different result.
    for action in [primary(Side::Target), weights(99, 1)] {
        let mut stage = Stage::new(vec![step("moves", &[], action.clone())], 7);
        stage.arm("moves");
        stage.drive.external_change(&action);
        stage.until("moves", 50, |s| s.state == StepState::Ready);
        assert!(
            stage.run().notice.is_some_and(|notice| notice.contains("the current state has changed")),
            "{action:?}"
        );
    }
}

#[test]
fn armed_it_dies_of_age() {
    let mut stage = Stage::new(vec![dns("dns", |_| ())], 7);
    stage.arm("dns");
    stage.pass(59_000);
    assert_eq!(stage.step("dns").state, StepState::Armed);
    stage.pass(2_000);
    assert_eq!(stage.step("dns").state, StepState::Ready);
}

#[test]
fn another_preview_than_the_one_that_is_armed_is_not_sent() {
    let mut stage = Stage::new(vec![dns("dns", |_| ())], 7);
    stage.arm("dns");
    let why = stage.refused(execute("dns", Digest::of(b"what was on the screen before")));
    assert!(why.contains("preview it again"), "{why}");
    assert_eq!(stage.step("dns").state, StepState::Ready, "and what was armed is not any more");
}

#[test]
fn without_the_name_of_what_it_changes_nothing_is_sent() {
    let mut stage = Stage::new(vec![dns("dns", |s| s.confirm = Confirm::Name)], 7);
    let digest = stage.arm("dns");
    let typed = Order::Execute { step: "dns".into(), digest, typed: "dns2".into() };
    assert_eq!(stage.refused(typed), "type dns to confirm");
    stage.performed(execute("dns", digest));
    assert_eq!(stage.started(), 1);
}

#[test]
fn gates_are_judged_again_at_the_moment_of_sending() {
    // A gap: the machine slept for longer than the set's readings are valid, but not those of the name.
    let mut stage = Stage::new(vec![dns("dns", |s| s.gates = led_by(Side::Source))], 7);
    let digest = stage.arm("dns");
    stage.drive.suspend(Duration::from_secs(8));
    let why = stage.refused(execute("dns", digest));
    assert!(why.contains("not evaluated for"), "{why}");
    assert_eq!(stage.step("dns").state, StepState::Blocked);

    // Two steps on one name, both armed: the second would compare with a version that the first changes.
    let mut stage = Stage::new(vec![dns("one", |_| ()), step("two", &[], weights(50, 50))], 7);
    let (one, two) = (stage.arm("one"), stage.arm("two"));
    stage.performed(execute("one", one));
    let why = stage.refused(execute("two", two));
    assert!(why.contains("one is running on www.example.test."), "{why}");
    assert_eq!(stage.started(), 1);
}

#[test]
fn a_step_that_would_break_an_invariant_is_not_armed() {
    // Three votes at the source, two at the target: with its primary there, the set would not survive a cut between
    // the sites.
    let mut plan = parsed(&PLAN.replace("orders-3.ore", "orders-3.vir"));
    plan.runbook = with(vec![step("orders", &[], primary(Side::Target))], |_| ()).runbook.clone();
    let mut stage = Stage::on(Arc::new(plan), 7);
    stage.preview("orders");
    let shown = stage.step("orders").preview.expect("shown all the same");
    assert!(shown.broken.iter().any(|b| b.contains("source 3, target 2")), "{:?}", shown.broken);
    let why = stage.refused(Order::Arm("orders".into()));
    assert!(why.starts_with("orders is forbidden: ") && why.contains("source 3, target 2"), "{why}");
}

#[test]
fn no_step_begins_while_an_invariant_does_not_hold() {
    let led = |side| {
        move |r: &mut Runbook| {
            r.invariants = vec![Named { id: "led".into(), title: "led from there".into(), when: led_by(side) }];
        }
    };
    let mut stage = Stage::on(with(vec![dns("dns", |_| ())], led(Side::Target)), 7);
    stage.pass(10_000);
    let dns = stage.step("dns");
    assert_eq!(dns.state, StepState::Blocked);
    assert!(
        matches!(&dns.obstacles[..], [Obstacle { level: Level::Red, why, .. }] if why.starts_with("led from there")),
        "{:?}",
        dns.obstacles
    );
    Stage::on(with(vec![step("dns", &[], weights(99, 1))], led(Side::Source)), 7).arm("dns");
}

#[test]
fn an_emergency_waits_for_nothing_that_it_is_there_for() {
    let all = Sides { source: 100, target: 0 };
    let emergency = step("emergency", &[], Action::EmergencyWeights { name: "www.example.test.".into(), weights: all });
    let led = |r: &mut Runbook| {
        r.invariants = vec![Named { id: "led".into(), title: "led from there".into(), when: led_by(Side::Source) }];
    };
    let mut stage = Stage::on(with(vec![dns("dns", |_| ()), emergency], led), 7);
    // An unresolved change of the same name, while MongoDB cannot be observed and Route 53 not be read.
    stage.drive.call_trouble("dns", CallTrouble::Pending, 1);
    assert_eq!(stage.execute("dns"), None);
    stage.until("dns", 30, |s| s.word == "UNKNOWN");
    stage.drive.trouble("mongo", Some(Trouble::Hangs));
    stage.drive.trouble("route53/Z0123456789", Some(Trouble::Fails(FaultKind::TimedOut)));
    stage.pass(60_000);
    let run = stage.run();
    assert!(matches!(run.invariants[..], [(_, Level::Unknown, _)]), "{:?}", run.invariants);
    let emergency = stage.step("emergency");
    assert_eq!((emergency.state, &emergency.obstacles[..]), (StepState::Ready, &[][..]));
    assert_eq!(stage.execute("emergency"), None);
    stage.until("emergency", 120, |s| s.state == StepState::Done);
    // The running step is resolved correctly, and never overwrites it.
    let dns = stage.until("dns", 900, |s| !matches!(s.state, StepState::Running));
    assert!(dns.ops[0].detail.contains("external change"), "{} {:?}", dns.word, dns.ops);
    // Its own rollback is an ordinary change again.
    stage.drive.order(Order::RollBack("emergency".into()));
    stage.pass(5_000);
    assert_ne!(stage.step("emergency").obstacles, []);
}

#[test]
fn the_way_back_asks_for_its_own_gates_and_for_no_others() {
    let plan = |back| vec![dns("dns", |s| (s.gates, s.rollback_gates) = (led_by(Side::Source), back))];
    let mut stage = Stage::new(plan(led_by(Side::Target)), 7);
    stage.carry_out("dns");
    stage.drive.order(Order::RollBack("dns".into()));
    stage.pass(10_000);
    assert_eq!(stage.step("dns").word, "RB_BLOCKED");
    assert!(stage.execute("dns").is_some());
    assert_eq!(stage.started(), 1);

    let mut stage = Stage::new(plan(Condition::none()), 7);
    stage.carry_out("dns");
    stage.drive.order(Order::RollBack("dns".into()));
    assert_eq!(stage.execute("dns"), None);
    stage.until("dns", 900, |s| s.state == StepState::RolledBack);
}

#[test]
fn the_head_speaks_of_what_is_under_way_wherever_it_stands_in_the_runbook() {
    let mut stage = Stage::new(vec![step("name", &[], weights(99, 1)), step("orders", &[], primary(Side::Target))], 3);
    stage.until("name", 60, |s| s.state == StepState::Ready);
    let head = |stage: &mut Stage| stage.drive.snapshot().verdict();
    assert!(matches!(head(&mut stage), Verdict::Go(why) if why.contains("next: name")));
    assert_eq!(stage.execute("orders"), None);
    let orders = stage.until("orders", 60, |s| s.exposed.is_some());
    assert_eq!(stage.run().next().map(|s| s.id.clone()), Some(orders.id));
    assert!(matches!(head(&mut stage), Verdict::Running(why) if why.contains("orders for ")));
    stage.until("orders", 120, |s| s.state == StepState::Done);
    assert!(matches!(head(&mut stage), Verdict::Go(why) if why.contains("next: name")));
}
