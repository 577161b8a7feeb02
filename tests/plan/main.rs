//! Plan files as the operator meets them: the example, what is said of bad ones, and that nothing makes the reader fall over.

mod bad;
mod check;
mod format;
mod fuzz;
mod init;
mod runbook;

use std::path::Path;

use landfall::plan::{Faulty, Plan, Report};

/// Every key of the format, none with its default.
const ALL_KEYS: &str = include_str!("all_keys.toml");

/// What is said of a text, faults or warnings; and the plan, if it was taken.
fn told(path: &str, text: &str) -> (Option<Plan>, Report) {
    match landfall::systems::parse_plan(Path::new(path), text) {
        Ok((plan, warnings)) => (Some(plan), warnings),
        Err(Faulty::Plan(report)) => (None, report),
        Err(unread @ Faulty::Unread { .. }) => panic!("a text needs no reading: {unread}"),
    }
}
