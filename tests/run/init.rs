//! The runbook that `landfall init` writes is more than sound: it can be carried out, each step by what the step before it left.

use std::path::Path;

use landfall::plan::init::{self, Regions};

use crate::{
    demo::{carry_out, quick},
    stage::Stage,
};

/// Without Kafka: the producers of the simulated estate obey no freeze, and its gates ask for one.
#[test]
fn the_runbook_of_a_first_plan_goes_forward_to_its_end() {
    let regions = Regions { from: "eu-west-1", to: "us-east-1" };
    let text = init::plan(&["mongodb", "fleet", "dns", "health"], regions).expect("two regions");
    let (plan, _) =
        landfall::systems::parse_plan(Path::new("init.toml"), &text).unwrap_or_else(|faulty| panic!("{faulty}"));
    let plan = quick(plan);
    let mut stage = Stage::on(plan.clone(), 7);
    let begun = stage.drive.now();
    // The emergency stands beside the runbook.
    let steps = plan.runbook.phases.iter().filter(|phase| phase.id != "emergency").flat_map(|phase| &phase.steps);
    let mut done = 0;
    for step in steps {
        carry_out(&mut stage, &step.id).unwrap_or_else(|why| panic!("{why}"));
        done += 1;
    }
    // A runbook that came out empty would have gone to its end, too.
    assert_eq!(done, 42, "steps of a first plan without Kafka");
    println!("{done} steps in {} virtual minutes", stage.drive.now().since(begun).as_secs() / 60);
}
