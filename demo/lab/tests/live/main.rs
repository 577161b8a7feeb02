//! landfall on real servers: the lab's replica sets, brokers, AWS endpoints and DNS server.
//!
//! All tests of this program share one lab, which ends with it. `LANDFALL_LAB=off` skips them; `required` makes a
//! missing lab a failure.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod aws;
mod faults;
mod kafka;
mod mongo;

use std::time::Duration;

use landfall_lab::{live::Lab, watch::Watch};

/// How long anything may take before a test fails. No test asserts a speed: machines are busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// Starts to watch the lab's own plan.
fn watch(lab: &Lab) -> Watch {
    Watch::on(lab.plan().unwrap()).unwrap()
}

#[test]
fn the_labs_own_plan_is_without_fault_and_everything_in_it_becomes_live() {
    let Some(lab) = Lab::shared() else { return };
    let _calm = lab.calm();
    let seen = watch(lab).until_live(PATIENCE).unwrap();
    for system in ["mongo/", "kafka/", "ec2/", "route53/", "metrics/"] {
        assert!(seen.collectors.iter().any(|l| l.id.starts_with(system)), "no source of {system}");
    }
}
