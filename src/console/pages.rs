//! The ids of the console's own pages and their tables.

/// Id of the Runbook page.
pub const RUNBOOK: &str = "runbook";
/// Id of its table.
pub const STEPS: &str = "steps";
/// Id of the Journal page.
pub const JOURNAL: &str = "journal";
/// Id of the Sources page.
pub const SOURCES: &str = "sources";

/// Whether a page is the console's own.
#[must_use]
pub fn is_own(panel: &str) -> bool {
    matches!(panel, SOURCES | RUNBOOK | JOURNAL)
}
