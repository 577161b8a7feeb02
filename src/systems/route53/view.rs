//! Panel, tile and details as data.

mod detail;
mod names;
mod records;
mod servers;

use std::borrow::Cow;

pub(super) use self::detail::detail;
use self::{
    names::{Line, names},
    records::records,
    servers::servers,
};
use super::{
    state::State,
    weighted::{planned, remarks},
};
use crate::System;
use base::{
    now::{Now, short},
    observed::Observed,
    side::Side,
    view::{Cell, Group, Panel, Tile, Tone, counted, oldest},
};

pub(super) fn panel(state: &State, now: Now) -> Panel {
    let seen: Vec<Observed<()>> = state
        .names
        .iter()
        .flat_map(|n| {
            let records = n.set.at(now).map(|_| ());
            std::iter::once(records).chain(n.servers.iter().map(move |s| s.last.at(now).map(|_| ())))
        })
        .collect();
    Panel {
        id: State::ID,
        title: State::TITLE,
        group: Group::Traffic,
        summary: summary(state, now),
        tables: vec![names(state, now), records(state, now), servers(state, now)],
        oldest: oldest(&seen),
    }
}

/// A share: `9.8 %`.
fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn share_cell(share: f64) -> Cell {
    Cell::number(share, percent(share))
}

fn summary(state: &State, now: Now) -> Vec<Cell> {
    let mut lines = Line::all(state, now);
    lines.sort_by(|a, b| b.distance().partial_cmp(&a.distance()).unwrap_or(std::cmp::Ordering::Equal));
    let mut out = Vec::new();
    if let Some(worst) = lines.first() {
        let (rank, distance) = worst.distance();
        let (text, tone) = match rank {
            0 if distance > 0.02 => (format!("{}: {:.1} pp off", worst.plan.name, distance * 100.0), Tone::Warn),
            0 if lines.iter().any(|line| planned(line.plan).is_some()) => ("as planned".to_owned(), Tone::Good),
            0 => ("as configured".to_owned(), Tone::Good),
            1 => (format!("{}: stale", worst.plan.name), Tone::Stale),
            _ => (format!("{}: unknown", worst.plan.name), Tone::Blind),
        };
        out.push(Cell::text(text).tone(tone));
    }
    let odd: usize =
        state.each().map(|(plan, name)| name.set.at(now).shown().map_or(0, |r| remarks(plan, r).len())).sum();
    if odd > 0 {
        out.push(Cell::text(format!("{} about record sets", counted(odd, "warning"))).tone(Tone::Warn));
    }
    for (id, change) in &state.changes {
        out.push(Cell::seen(change.at(now), |c| {
            let (word, tone) = if c.insync { ("INSYNC", Tone::Good) } else { ("PENDING", Tone::Busy) };
            Cell::text(format!("change {id} {word}")).tone(tone)
        }));
    }
    out.push(Cell::text(counted(state.names.len(), "name")).tone(Tone::Muted));
    out
}

/// `source VIR`: the heading over a side's columns.
fn heading(state: &State, side: Side) -> Cow<'static, str> {
    format!("{side} {}", state.plan.sites.get(side).label).into()
}

/// The overview's tile: the name that differs most from its goal.
pub(super) fn tiles(state: &State, now: Now) -> Vec<Tile> {
    let mut lines = Line::all(state, now);
    lines.sort_by(|a, b| b.distance().partial_cmp(&a.distance()).unwrap_or(std::cmp::Ordering::Equal));
    let Some(worst) = lines.first() else { return Vec::new() };
    let mut note = worst.plan.name.clone();
    if let Some(p) = planned(worst.plan) {
        note.push_str(&format!(" · planned {}", percent(p.target)));
    }
    note.push_str(&format!(" · configured {}", worst.configured_cell(Side::Target).text));
    if let Some(served) = worst.served(Side::Target).and_then(Observed::shown) {
        note.push_str(&format!(" · served {}–{} of {} samples", percent(served.low), percent(served.high), served.n));
    }
    if let Some(left) = worst.ageing(now) {
        note.push_str(&format!(" · caches may be old for {}", short(left)));
    }
    let share = |side| if worst.pooled.is_some() { worst.served_cell(side) } else { worst.configured_cell(side) };
    vec![Tile {
        id: "traffic",
        title: "Traffic in target".into(),
        value: share(Side::Target),
        note: note.into(),
        sides: Side::BOTH.map(|side| (state.plan.sites.get(side).label.clone().into(), share(side))).into(),
        spark: worst.name.curve.last(60),
        age: worst.age(),
        panel: State::ID,
        row: Some(("names", worst.id())),
    }]
}
