//! Effects of steps and of external events on users, as the plan's health queries show them.

use std::{path::Path, sync::Arc, time::Duration};

use landfall::{
    base::{
        side::Side,
        step::{Level, StepState},
    },
    systems::{FaultInjection, metrics, mongo},
};

use crate::stage::{PLAN, Stage};

/// Half of the traffic is moved; then the verification checks the effect on users.
const RUNBOOK: &str = r#"
[[health]]
name = "requests"
kind = "requests"
unit = "per_second"
source = { prometheus = "http://127.0.0.1:1", expr = "a" }
target = { prometheus = "http://127.0.0.1:2", expr = "a" }
[[health]]
name = "errors"
kind = "errors"
unit = "ratio"
volume = "requests"
source = { prometheus = "http://127.0.0.1:1", expr = "b" }
target = { prometheus = "http://127.0.0.1:2", expr = "b" }
[[phase]]
id = "all"
title = "All"
[[phase.step]]
id = "half"
title = "Half"
action = { set_weights = { name = "www.example.test.", source = 50, target = 50 } }
[[phase.step]]
id = "well"
title = "Users are well"
action = { manual = "go on" }
gates = [{ metric = "health.query.value", where = { query = "errors", side = "target" }, op = "<=", value = "1%", for = "30s", min_samples = 2 }]
[[phase.step]]
id = "hurt"
title = "Users are hurt"
needs = ["half"]
action = { manual = "go back" }
gates = [{ metric = "health.query.value", where = { query = "errors", side = "target" }, op = ">", value = "5%", for = "30s", min_samples = 2 }]
"#;

/// Moves half of the traffic to a target that should have this many instances, against ten of the source, once all of
/// them are there.
fn half_on(target: u32) -> Stage {
    let fleet =
        PLAN.replace("wanted = { source = 6, target = 6 }", &format!("wanted = {{ source = 10, target = {target} }}"));
    let (plan, _) = landfall::systems::parse_plan(Path::new("short.toml"), &format!("{fleet}{RUNBOOK}"))
        .unwrap_or_else(|faulty| panic!("{faulty}"));
    let mut stage = Stage::on(Arc::new(plan), 5);
    stage.drive.run_for(Duration::from_secs(1200));
    stage.carry_out("half");
    stage.drive.run_for(Duration::from_secs(300));
    stage
}

fn gate(stage: &Stage, id: &str) -> Level {
    stage.step(id).gates[0].reason.level
}

#[test]
fn half_of_the_traffic_hurts_where_a_fifth_of_the_fleet_is_and_not_where_all_of_it_is() {
    let stage = half_on(2);
    assert_eq!(stage.step("half").state, StepState::Done);
    assert_eq!((gate(&stage, "well"), gate(&stage, "hurt")), (Level::Red, Level::Green));
    let stage = half_on(10);
    assert_eq!((gate(&stage, "well"), gate(&stage, "hurt")), (Level::Green, Level::Red));
}

#[test]
fn a_scenario_says_what_a_query_gives_and_takes_it_back() {
    let mut stage = half_on(10);
    let reads = |value| {
        FaultInjection::Metrics(metrics::FaultInjection::Reads { query: "errors".into(), side: Side::Target, value })
    };
    stage.drive.happen(&reads(Some(0.2))).expect("a query");
    stage.drive.run_for(Duration::from_secs(90));
    assert_eq!((gate(&stage, "well"), gate(&stage, "hurt")), (Level::Red, Level::Green));
    stage.drive.happen(&reads(None)).expect("a query");
    stage.drive.run_for(Duration::from_secs(90));
    assert_eq!((gate(&stage, "well"), gate(&stage, "hurt")), (Level::Green, Level::Red));
    let nobody = FaultInjection::Mongo(mongo::FaultInjection::StepDown { set: "nobody".into() });
    assert_eq!(stage.drive.happen(&nobody), Err("no replica set nobody in the simulated estate".to_owned()));
}
