//! The rollback on the Overview and the Runbook: whether it is possible, how long it takes, how long it stays
//! possible.

use std::time::Duration;

use super::pages::{RUNBOOK, STEPS};
use base::{
    now::short,
    view::{Cell, Tile, Tone},
};
use engine::run::{RollbackWindow, WayBack};

/// The rollback in a few words; `None` while there is nothing to roll back.
pub(super) fn cell(way: &WayBack) -> Option<Cell> {
    if let Some(step) = &way.closed {
        return Some(Cell::text(format!("no rollback: {step} is done")).tone(Tone::Warn));
    }
    if way.steps == 0 {
        return None;
    }
    let stays = match &way.stays {
        None => String::new(),
        Some(RollbackWindow { left: Some(left), .. }) => format!(", open for {}", short(*left)),
        Some(RollbackWindow { step, .. }) => format!(", for an unknown time ({step})"),
    };
    Some(Cell::text(format!("rollback: {}, {}{stays}", count(way.steps), takes(way))).tone(tone(way)))
}

/// What the waits of the rollback take; the requests come on top.
fn takes(way: &WayBack) -> String {
    if way.takes < Duration::from_secs(1) { "no waits".to_owned() } else { format!("at least {}", short(way.takes)) }
}

fn count(steps: usize) -> String {
    if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") }
}

/// A rollback that closes before it could be completed counts as closed.
fn tone(way: &WayBack) -> Tone {
    match way.stays.as_ref().map(|stays| stays.left) {
        _ if way.closed.is_some() => Tone::Warn,
        _ if way.fault.is_some() => Tone::Bad,
        None => Tone::Good,
        Some(None) => Tone::Blind,
        Some(Some(left)) if left <= way.takes => Tone::Bad,
        Some(Some(left)) if left <= way.takes.saturating_mul(3) => Tone::Warn,
        Some(Some(_)) => Tone::Good,
    }
}

/// The rollback as a tile.
#[must_use]
pub fn tile(way: &WayBack) -> Tile {
    let steps = format!("{} to roll back, {}", count(way.steps), takes(way));
    let (value, note) = match (&way.closed, &way.stays) {
        (Some(step), _) => {
            (Cell::text("CLOSED"), format!("{step} is done: earlier steps cannot be rolled back without loss"))
        }
        (None, _) if way.steps == 0 => (Cell::text("open"), "nothing to roll back yet".to_owned()),
        (None, None) => (Cell::text("open"), format!("{steps}; no time limit")),
        (None, Some(RollbackWindow { left: Some(left), step, what, .. })) => {
            let word = if tone(way) == Tone::Good { "open" } else { "CLOSING" };
            let note = format!("{word}, limited by the {what} of step {step}; {steps}");
            (Cell::number(left.as_secs_f64(), short(*left)), note)
        }
        (None, Some(RollbackWindow { step, what, why, .. })) => {
            (Cell::text("unknown"), format!("the {what} of step {step} is unknown: {why}; {steps}"))
        }
    };
    let (value, note) = match &way.fault {
        Some((step, why)) => (Cell::text("blocked"), format!("{step} cannot be rolled back now: {why}; {note}")),
        None => (value, note),
    };
    let without = match way.without.as_slice() {
        [] => String::new(),
        ids => format!("; done outside landfall, no rollback: {}", ids.join(", ")),
    };
    let row = way.stays.as_ref().map(|stays| stays.step.clone()).or_else(|| way.closed.clone());
    let is = if way.steps == 0 && way.closed.is_none() { Tone::Plain } else { tone(way) };
    Tile {
        id: "way_back",
        title: "Rollback".into(),
        value: value.tone(is),
        note: format!("{note}{without}").into(),
        sides: Vec::new(),
        spark: Vec::new(),
        age: None,
        panel: RUNBOOK,
        row: row.map(|id| (STEPS, id)),
    }
}
