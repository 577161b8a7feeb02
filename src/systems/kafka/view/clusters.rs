//! The table of clusters.

use super::label;
use crate::kafka::{State, state::bootstrap};
use base::{
    now::Now,
    side::Side,
    view::{Cell, Column, Row, Table, Tone},
};

/// The table.
pub(super) fn table(state: &State, now: Now) -> Table {
    let columns = vec![
        Column::text("pair", "pair", 6),
        Column::text("side", "side", 4),
        Column::text("bootstrap", "bootstrap", 12).grow(1).drop(4),
        Column::number("brokers", "brokers", 3),
        Column::number("controller", "controller", 3).drop(3),
        Column::number("topics", "topics", 5),
        Column::number("partitions", "partitions", 5).drop(1),
        Column::number("groups", "groups", 5),
        Column::number("unknown", "unknown", 3),
        Column::number("age", "age", 4),
    ];
    let rows = state
        .pairs
        .iter()
        .flat_map(|pair| Side::BOTH.map(|side| (pair, side)))
        .map(|(pair, side)| {
            let seen = pair.cluster(side).seen(now);
            let of = |watched: usize, all: u32| Cell::number(count(watched), format!("{watched} of {all}"));
            let cells = vec![
                Cell::text(pair.plan.name.clone()),
                Cell::text(label(&state.plan, side)),
                Cell::text(bootstrap(&pair.plan, side)).tone(Tone::Muted),
                Cell::seen(seen.as_ref(), |l| match l.facts.brokers.len() {
                    0 => Cell::text("none").tone(Tone::Bad),
                    n => Cell::count(n as u64),
                }),
                Cell::seen(seen.as_ref(), |l| {
                    l.facts.controller.map_or_else(Cell::none, |id| Cell::text(id.to_string()))
                }),
                Cell::seen(seen.as_ref(), |l| of(l.facts.topics.len(), l.facts.topics_in_all)),
                Cell::seen(seen.as_ref(), |l| Cell::count(l.facts.ends.len() as u64)),
                Cell::seen(seen.as_ref(), |l| {
                    let (watched, all) = (l.facts.groups.len(), l.facts.groups_in_all);
                    // Where a broker did not report its own there may be more.
                    let more = || Cell::number(count(watched), format!("{watched} of ≥ {all}")).tone(Tone::Bad);
                    if l.facts.partial.is_some() { more() } else { of(watched, all) }
                }),
                Cell::seen(seen.as_ref(), |l| match l.facts.ends.iter().filter(|e| e.known().is_none()).count() {
                    0 => Cell::count(0).tone(Tone::Good),
                    n => Cell::count(n as u64).tone(Tone::Bad),
                }),
                Cell::age(&seen),
            ];
            Row::new(format!("{}/{side}", pair.plan.name), cells)
        })
        .collect();
    Table { id: "clusters", title: "Clusters".into(), columns, rows, empty: "the plan has no Kafka clusters" }
}

#[expect(clippy::cast_precision_loss, reason = "for sorting")]
const fn count(n: usize) -> f64 {
    n as f64
}
