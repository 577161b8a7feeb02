//! Plan files: the example, the messages about bad ones, and that no content crashes the reader.

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

/// The messages about a text, faults or warnings; and the plan, if it was accepted.
fn lines_of(path: &str, text: &str) -> (Option<Plan>, Report) {
    match landfall::systems::parse_plan(Path::new(path), text) {
        Ok((plan, warnings)) => (Some(plan), warnings),
        Err(Faulty::Plan(report)) => (None, report),
        Err(unread @ Faulty::Unread { .. }) => panic!("a text needs no reading: {unread}"),
    }
}
