//! The record sets in Route 53.

use super::names::Line;
use crate::route53::{
    facts::{Record, Routing},
    state::State,
    weighted::side_of,
};
use base::{
    now::Now,
    view::{Cell, Column, Row, Table, Tone},
};
use plan::DnsName;

pub(super) fn records(state: &State, now: Now) -> Table {
    let mut rows = Vec::new();
    for line in Line::all(state, now) {
        let seen = line.name.set.at(now);
        for record in seen.as_ref().shown().into_iter().flat_map(|r| r.iter()) {
            let cells = record_cells(line.plan, record).into_iter();
            // If the set is stale, each of its cells is stale.
            let cells = cells.map(|c| if seen.is_fresh() { c } else { c.tone(Tone::Stale) });
            let id = format!("{} {}", line.id(), record.set_id.as_deref().unwrap_or(""));
            rows.push(Row::new(id, cells.chain([Cell::age(&seen)]).collect::<Vec<_>>()));
        }
    }
    Table {
        id: "records",
        title: "Records".into(),
        columns: vec![
            Column::text("name", "name", 16).grow(1),
            Column::text("set", "set identifier", 8),
            Column::text("side", "side", 6),
            Column::number("weight", "weight", 6),
            Column::number("ttl", "TTL", 6).drop(2),
            Column::text("value", "value", 16).grow(1).drop(3),
            Column::text("check", "health check", 8).drop(4),
            Column::number("age", "age", 5).drop(1),
        ],
        rows: rows.into(),
        empty: "no record of the plan's names is known",
    }
}

fn record_cells(plan: &DnsName, record: &Record) -> [Cell; 7] {
    let value = match &record.alias {
        Some(alias) => format!("alias {}", alias.target),
        None => record.values.join(" "),
    };
    let check = match (&record.health_check, &record.alias) {
        (Some(id), _) => Cell::text(id.clone()),
        (None, Some(alias)) if alias.evaluate_health => Cell::text("target's"),
        _ => Cell::none(),
    };
    [
        Cell::text(plan.name.clone()),
        record.set_id.clone().map_or_else(Cell::none, Cell::text),
        side_of(plan, record).map_or_else(|| Cell::text("neither").tone(Tone::Warn), |s| Cell::text(s.word())),
        match record.routing {
            Routing::Weighted(w) => Cell::number(w.into(), w.to_string()),
            Routing::Simple => Cell::text("simple").tone(Tone::Warn),
            Routing::Other(policy) => Cell::text(policy).tone(Tone::Warn),
        },
        record.ttl.map_or_else(|| Cell::text("alias").tone(Tone::Muted), |t| Cell::number(t.into(), format!("{t} s"))),
        Cell::text(value),
        check,
    ]
}
