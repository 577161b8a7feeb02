//! The story of a run: every figure in it is computed a second time from the records, independently.

mod figures;
mod page;

use std::{fs, path::PathBuf, sync::LazyLock};

use landfall::{
    base::step::StepState,
    drive::sim::Trouble,
    engine::run::{Hand, Order, Proposal},
    journal::{chain, export},
    report::{self, Story},
    systems::Entry,
};
use serde_json::Value;

use crate::{
    demo::{carry_out, demo, quick},
    stage::{MOVE_PRIMARY, Stage, approvers, set_weights, written},
};

/// Near enough to its primary.
const LAG: &str = r#"metric = "mongo.set.worst_target_lag", where = { set = "orders" }, op = "<=", value = "2s""#;
/// The whole fleet is ready.
const FLEET: &str = r#"{ id = "fleet", metric = "fleet.role.ready_ratio", where = { role = "web", side = "target" }, op = ">=", value = "100%" }"#;

/// Possible content of a remark.
const HOSTILE: &str = "</td><script>alert('1')</script> & \"a|b\" <img src=x> **bold** [x](y)";

/// A run with approvals, a waiver, a hold, a rollback, silent collectors, a restart, and hostile texts.
static PLAYED: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let steps = [
        written("dns-1", &set_weights(99, 1), &format!("gates = [{{ {LAG} }}]\napprovals = 1")),
        written("orders", MOVE_PRIMARY, &format!("gates = [{{ id = \"lag\", {LAG} }}, {FLEET}]")),
        written("dns-50", &set_weights(50, 50), ""),
    ];
    let mut stage = Stage::with(&approvers(&["ben", "cyd"]), &steps, 7);
    let execute = |stage: &mut Stage, id: &str, goal: StepState| {
        stage.until(id, 120, |s| matches!(s.state, StepState::Ready | StepState::Previewed));
        stage.drive.order(Order::Preview(id.into()));
        if let Some(digest) = stage.step(id).preview.filter(|p| p.approvals.1 > 0).and_then(|p| p.digest) {
            stage.order(Order::Approve { step: id.into(), digest, by: "ben".into(), hand: Hand::Terminal });
            stage.order(Order::Arm(id.into()));
            stage.order(Order::Execute { step: id.into(), digest, typed: id.into() });
        } else {
            assert_eq!(stage.execute(id), None, "{id}");
        }
        stage.until(id, 900, |s| s.state == goal);
    };
    execute(&mut stage, "dns-1", StepState::Done);
    stage.drive.order(Order::Remark { by: Some("ben".into()), text: HOSTILE.into() });
    stage.drive.order(Order::Propose(Proposal::Waive {
        step: "orders".into(),
        gate: "fleet".into(),
        reason: "scaled <by> hand".into(),
        minutes: 30,
    }));
    assert_eq!((stage.agree("ben", None), stage.agree("cyd", None)), (None, None));
    execute(&mut stage, "orders", StepState::Done);
    execute(&mut stage, "dns-50", StepState::Done);
    stage.drive.order(Order::Hold { by: None, why: "the phone rings".into() });
    stage.pass(400_000);
    stage.drive.order(Order::Release { why: "checked".to_owned() });
    stage.drive.trouble("mongo/", Some(Trouble::Silent));
    stage.pass(900_000);
    stage.drive.trouble("mongo/", None);
    stage.drive.order(Order::RollBack("dns-50".into()));
    execute(&mut stage, "dns-50", StepState::RolledBack);
    stage.restart();
    stage.pass(700_000);
    stage.entries()
});

/// Six steps of the demo's runbook on a part of its estate: with a canary, health queries, consumer groups, and
/// remarks.
static DEMO: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let mut plan = demo();
    let steps = ["freeze-changes", "freeze-ttl", "login-1", "login-10", "primary-catalog", "primary-orders"];
    plan.replica_sets.retain(|set| ["orders", "catalog"].contains(&set.name.as_str()));
    plan.dns.retain(|name| ["login.example.net.", "api.example.net."].contains(&name.name.as_str()));
    plan.fleet.truncate(1);
    for phase in &mut plan.runbook.phases {
        phase.steps.retain(|step| steps.contains(&step.id.as_str()));
        phase.steps.iter_mut().filter(|step| step.id == "primary-orders").for_each(|s| s.needs = vec![steps[4].into()]);
    }
    plan.runbook.phases.retain(|phase| !phase.steps.is_empty());
    let mut stage = Stage::on(quick(plan), 7);
    for id in steps {
        carry_out(&mut stage, id).unwrap_or_else(|why| panic!("{why}"));
    }
    stage.pass(400_000);
    stage.entries()
});

fn fixture(name: &str) -> Vec<Entry> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/run").join(name);
    chain::read::<landfall::systems::Call, landfall::systems::Version>(&fs::read(path).expect("the fixture"))
        .expect("whole")
        .0
}

fn story(entries: &[Entry]) -> Story {
    report::story(entries, 0, None).expect("it has records")
}

/// All journals that are tested here.
fn journals() -> Vec<(&'static str, Vec<Entry>)> {
    vec![
        ("v1", fixture("v1.journal")),
        ("v2", fixture("v2.journal")),
        ("played", PLAYED.clone()),
        ("demo", DEMO.clone()),
    ]
}

/// The records as untyped JSON.
fn raw(entries: &[Entry]) -> Vec<Value> {
    export::json(entries).as_array().expect("a list").clone()
}
