//! A group's hand-over, in its detail view: the gates, active producers, and records to be read again.

use std::borrow::Cow;

use super::{detail::Field, label};
use crate::kafka::{
    gates::{Gate, HandOver},
    handover::describe,
    ops::{self, Place},
};
use base::{
    observed::Observed,
    step::Level,
    view::{Cell, Column, Row, Table, Tone, grouped},
};
use plan::Plan;

/// The gates as a table.
pub(super) fn table(plan: &Plan, over: &HandOver<'_>, gates: &[Gate]) -> Table {
    let rows = gates.iter().zip(0..).map(|(gate, number)| {
        Row::new(
            format!("{number}"),
            [
                Cell::text(gate.name),
                state(gate.level),
                Cell::text(gate.value.clone()),
                Cell::text(gate.why.clone()).tone(Tone::Muted),
            ],
        )
    });
    Table {
        id: "handover",
        title: format!("Hand-over to {}", label(plan, over.to)).into(),
        columns: vec![
            Column::text("gate", "gate", 10),
            Column::text("state", "state", 7),
            Column::text("value", "now", 6),
            Column::text("why", "why", 8).grow(1),
        ],
        rows: rows.collect(),
        empty: "",
    }
}

fn state(level: Option<Level>) -> Cell {
    level.map_or_else(|| Cell::text("past").tone(Tone::Muted), |level| Cell::text(level.word()).tone(Tone::of(level)))
}

/// Details that are too long for a table: the first blocking gate, active producers, records to be read again.
pub(super) fn fields(plan: &Plan, over: &HandOver<'_>, gates: &[Gate], out: &mut Vec<Field>) {
    let name = |what: &str, side| Cow::from(format!("{what} {}", label(plan, side)));
    let first = gates.iter().find(|gate| gate.level.is_some_and(|level| level != Level::Green));
    let cell = first.map_or_else(
        || Cell::text("all gates are green").tone(Tone::Good),
        |gate| {
            let level = gate.level.unwrap_or(Level::Unknown);
            Cell::text(format!("{} at gate {}; {}", level.word(), gate.name, gate.why)).tone(Tone::of(level))
        },
    );
    out.push((name("hand-over to", over.to), cell));
    out.push(if over.is_over() {
        // The position from which it continued is no longer known: it has read on.
        (
            "has read again".into(),
            Cell::text("at most the number in the preview; the clusters do not report it").tone(Tone::Muted),
        )
    } else {
        let stands = over.stands().and_then(|stands| stands.map_err(ops::first));
        ("would read again".into(), not_known(stands, |places| Cell::text(at_most(&places))))
    });
    let own = over.own().map(|(sum, each)| match sum {
        0 => "none observed".to_owned(),
        _ => format!("at least {}: {each}; producers, or copied twice", grouped(sum.unsigned_abs())),
    });
    out.push((name("records not from the mirror on", over.to), not_known(own, Cell::text)));
    let written = over.topics().map(|topics| over.straggling(&topics).unwrap_or_default());
    if written.as_ref().shown().is_some_and(|who| !who.is_empty()) {
        out.push((name("still written on", over.from()), Cell::seen(written, Cell::text)));
    }
}

fn at_most(places: &[Place]) -> String {
    let again = ops::read_again(places);
    let sum: i64 = again.iter().map(|(_, n)| n).sum();
    let each = describe(again, grouped);
    let each = if each.is_empty() { each } else { format!(" ({each})") };
    let plural = if sum == 1 { "" } else { "s" };
    format!("at most {} record{plural}{each}", grouped(sum.unsigned_abs()))
}

/// An unknown value is shown as such, with the reason.
fn not_known<T>(seen: Observed<T>, show: impl FnOnce(T) -> Cell) -> Cell {
    match seen {
        Observed::Unknown(fault) => Cell::text(format!("unknown: {fault}")).tone(Tone::Blind),
        Observed::Pending => Cell::text("unknown: waiting for the first answer").tone(Tone::Blind),
        seen => Cell::seen(seen, show),
    }
}
