//! Effects of steps and of external events on users, as the plan's health queries show them.

use std::{sync::Arc, time::Duration};

use landfall::{
    base::{
        side::{Side, Sides},
        step::{Level, StepState},
    },
    systems::{FaultInjection, metrics, mongo},
};

use crate::stage::{Stage, plan_of, set_weights, written};

/// Requests and the share of them that failed.
const QUERIES: &str = r#"
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
"#;

/// A gate over the errors of the target.
fn errors(compared: &str, to: &str) -> String {
    format!(
        r#"gates = [{{ metric = "health.query.value", where = {{ query = "errors", side = "target" }}, op = {compared:?}, value = {to:?}, for = "30s", min_samples = 2 }}]"#
    )
}

/// Moves half of the traffic to a target that should have this many instances, against ten of the source, once all of
/// them are there. The steps after it check the effect on users.
fn half_on(target: u32) -> Stage {
    let steps = [
        written("half", &set_weights(50, 50), ""),
        written("well", r#"manual = "go on""#, &errors("<=", "1%")),
        written("hurt", r#"manual = "go back""#, &format!("needs = [\"half\"]\n{}", errors(">", "5%"))),
    ];
    let mut plan = plan_of(QUERIES, &steps);
    plan.fleet[0].wanted = Sides { source: 10, target };
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
