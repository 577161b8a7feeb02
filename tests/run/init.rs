//! The runbook that `landfall init` writes is not only valid: it can be executed, each step from the result of the one
//! before.

use std::path::Path;

use landfall::plan::init::{self, Regions};

use crate::{
    demo::{carry_out, quick},
    stage::Stage,
};

/// Without Kafka: the producers of the simulated estate do not stop for a freeze, which its gates require.
#[test]
fn the_runbook_of_a_first_plan_goes_forward_to_its_end() {
    let regions = Regions { from: "eu-west-1", to: "us-east-1" };
    let text = init::plan(&["mongodb", "fleet", "dns", "health"], regions).expect("two regions");
    let (plan, _) =
        landfall::systems::parse_plan(Path::new("init.toml"), &text).unwrap_or_else(|faulty| panic!("{faulty}"));
    let plan = quick(plan);
    let mut stage = Stage::on(plan.clone(), 7);
    let started = stage.drive.now();
    // The emergency phase is not part of the normal sequence.
    let steps = plan.runbook.phases.iter().filter(|phase| phase.id != "emergency").flat_map(|phase| &phase.steps);
    let mut done = 0;
    for step in steps {
        carry_out(&mut stage, &step.id).unwrap_or_else(|why| panic!("{why}"));
        done += 1;
    }
    // An empty runbook would reach its end, too.
    assert_eq!(done, 42, "steps of a first plan without Kafka");
    println!("{done} steps in {} virtual minutes", stage.drive.now().since(started).as_secs() / 60);
}
