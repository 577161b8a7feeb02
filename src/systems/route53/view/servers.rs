//! The servers that are queried, and the shares in their answers.

use super::{heading, names::Line, percent, share_cell};
use crate::route53::{
    facts::Role,
    state::{Server, State},
    window::Tally,
};
use base::{
    now::Now,
    side::Side,
    view::{Cell, Column, Row, Table, Tone},
};

/// A loss above this is marked: UDP loses some packets over any long distance.
const LOSSY: f64 = 0.01;

pub(super) fn servers(state: &State, now: Now) -> Table {
    let mut rows = Vec::new();
    for line in Line::all(state, now) {
        for server in &line.name.servers {
            let id = format!("{} {} {}", line.id(), server.address, server.role.word());
            let mut cells = vec![Cell::text(line.plan.name.clone())];
            cells.extend(server_cells(&line, server, now));
            rows.push(Row::new(id, cells));
        }
    }
    let mut columns = vec![Column::text("name", "name", 16).grow(1)];
    columns.extend(server_columns(state));
    Table {
        id: "servers",
        title: "Servers".into(),
        columns,
        rows: rows.into(),
        empty: "the plan has no server to query",
    }
}

pub(super) fn server_columns(state: &State) -> Vec<Column> {
    vec![
        Column::text("server", "server", 14),
        Column::text("role", "role", 8).drop(3),
        Column::number("asked", "asked", 6).drop(4),
        Column::number("answered", "answered", 6).drop(4),
        Column::number("loss", "loss", 6).drop(1),
        Column::number("rtt", "rtt", 6).drop(2),
        Column::number("source", "served", 7).of(heading(state, Side::Source)),
        Column::number("target", "served", 7).of(heading(state, Side::Target)),
        Column::number("neither", "neither", 7).drop(2),
        Column::number("samples", "samples", 7).drop(3),
        Column::number("age", "age", 5).drop(1),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub(super) fn server_cells(line: &Line<'_>, server: &Server, now: Now) -> Vec<Cell> {
    let pulse = server.last.at(now);
    let (asked, answered) = server.window.asked();
    let tally = line.name.tally(line.plan, server, now);
    let share = |k: fn(&Tally) -> u64| {
        Cell::seen(tally.as_ref(), |t| {
            if t.n() == 0 { Cell::text("no sample").tone(Tone::Busy) } else { share_cell(k(t) as f64 / t.n() as f64) }
        })
    };
    let mut neither = share(|t| t.neither);
    if tally.as_ref().fresh().is_some_and(|t| t.neither > 0) {
        neither = neither.tone(Tone::Warn);
    }
    vec![
        Cell::text(server.address.to_string()),
        Cell::seen(pulse.as_ref(), |p| {
            // A server that the plan lists as authoritative but that does not claim authority answers from a cache.
            let lame = server.role == Role::Authoritative && !p.authority;
            if lame { Cell::text("no authority").tone(Tone::Warn) } else { Cell::text(server.role.word()) }
        }),
        Cell::seen(pulse.as_ref(), |_| Cell::count(asked)),
        Cell::seen(pulse.as_ref(), |_| Cell::count(answered)),
        Cell::seen(pulse.as_ref(), |p| {
            if asked == 0 {
                return Cell::none();
            }
            let loss = (asked - answered) as f64 / asked as f64;
            let text = p.trouble.as_ref().map_or_else(|| percent(loss), |t| format!("{} {t}", percent(loss)));
            Cell::number(loss, text).tone(if loss > LOSSY { Tone::Warn } else { Tone::Plain })
        }),
        Cell::seen(pulse.as_ref(), |p| {
            Cell::number(p.rtt.as_secs_f64(), format!("{:.1} ms", p.rtt.as_secs_f64() * 1e3))
        }),
        share(|t| t.side.source),
        share(|t| t.side.target),
        neither,
        Cell::seen(tally.as_ref(), |t| Cell::count(t.n())),
        Cell::age(&pulse),
    ]
}
